"""Whether two studies are the same."""

import dataclasses

import geopandas as gpd
import pandas as pd

from geoequity.study import Study


def assert_same(one: Study, other: Study) -> None:
    """Every table, every column, every number, to the last bit; but for the seconds."""
    for field in dataclasses.fields(Study):
        if field.name in {"made_of", "summary", "provenance"}:
            continue
        tables = getattr(one, field.name), getattr(other, field.name)
        pd.testing.assert_frame_equal(
            *(pd.DataFrame(table) for table in tables), check_exact=True, obj=field.name
        )
        if isinstance(tables[0], gpd.GeoDataFrame):
            assert tables[0].geometry.equals(tables[1].geometry), field.name
            assert tables[0].crs == tables[1].crs
    left, right = (
        {key: value for key, value in study.summary.items() if key not in {"stages", "scenario"}}
        for study in (one, other)
    )
    assert left.keys() == right.keys()
    for key, value in left.items():
        assert value == right[key], key
    assert one.provenance == other.provenance
