"""A city small enough to judge by hand: definitions, units, and what was evaluated of them."""

import geopandas as gpd
import pandas as pd
import shapely

from geoequity.indicators import Definition, Evaluation
from geoequity.judgement import Rules
from geoequity.schema import AREAS, PILLARS


def definition(key, **changes):
    """An indicator whose value is its score: 0 is worst and 100 is best."""
    default = {
        "label": {"en": key},
        "unit": "points",
        "better": "higher",
        "pillar": "structures",
        "area": "mobility",
        "goalposts": (0.0, 100.0),
        "family": key,
        "level": "district",
    }
    return Definition(id=key, **{**default, **changes})


def stratifier(key="poverty", **changes):
    """A share of poor people, which never enters the index."""
    beside = {"role": "stratifier", "pillar": None, "area": None, "goalposts": None}
    return definition(key, **{**beside, "scale": "share", "better": "lower", **changes})


def key_of(pillar, area):
    return f"{pillar[0]}_{area}"


def one_of_each(**changes):
    """Ten indicators: one for each pillar and area."""
    return [
        definition(key_of(pillar, area), pillar=pillar, area=area, **changes)
        for pillar in PILLARS
        for area in AREAS
    ]


def same_in_pillar(structures, technologies):
    """Values of `one_of_each` that are alike all over a pillar."""
    of = {"structures": structures, "technologies": technologies}
    return {key_of(pillar, area): of[pillar] for pillar in PILLARS for area in AREAS}


def units(ids, **columns):
    """Squares in a row, with a name and any columns."""
    squares = [shapely.box(1000 * at, 0, 1000 * at + 1000, 1000) for at in range(len(ids))]
    table = {"name": [f"District {one}" for one in ids], **columns, "area_m2": 1e6}
    index = pd.Index(ids, name="unit_id", dtype=object)
    return gpd.GeoDataFrame(table, index=index, geometry=squares, crs="EPSG:32721")


def cells(district_ids, **columns):
    """Cells c0, c1, ... of the districts named."""
    ids = [f"c{at}" for at in range(len(district_ids))]
    return units(ids, district_id=district_ids, cell_id=ids, **columns)


def evaluation(values, index, *, of_cells=None, cell_index=(), absent=None):
    """What evaluating gives: values of districts, and of cells for those measured there."""
    table = pd.DataFrame(values, index=index, dtype=float)
    inner = pd.DataFrame(of_cells or {}, index=pd.Index(cell_index, name="unit_id"), dtype=float)
    certain = table.notna().astype(float)
    return Evaluation(
        cells=inner,
        districts=table,
        confidence=certain,
        coverage=certain,
        weights=certain,
        levels={one: "cell" if one in inner else "district" for one in table},
        reasons={one: [] for one in table},
        absent=absent or {},
    )


def rules(**changes):
    default = {
        "weights": {},
        "weights_range": (0.5, 1.5),
        "draws": 200,
        "seed": 11,
        "threshold": 50.0,
        "min_probability": 0.8,
        "min_gap_points": 10.0,
    }
    return Rules(**{**default, **changes})
