"""The walk to the nearest service."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoequity.errors import CRSError, DataError
from geoequity.measures.proximity import near_lines, nearest, over_homes, rise, within

NAN = float("nan")
MINUTES = pd.DataFrame(
    {"clinic": [5.0, NAN, NAN, 0.0], "hospital": [9.0, 12.0, NAN, NAN]}, index=list("abcd")
)


def test_the_nearest_is_the_least_of_what_is_reached() -> None:
    found = nearest(MINUTES, categories=["clinic", "hospital"])
    assert found.fillna(-1).to_dict() == {"a": 5, "b": 12, "c": -1, "d": 0}
    assert nearest(MINUTES, categories=["hospital"]).fillna(-1).tolist() == [9, 12, -1, -1]


def test_a_category_without_column_is_refused() -> None:
    with pytest.raises(DataError, match="minutes: no column school; it has clinic, hospital"):
        nearest(MINUTES, categories=["school"])


def test_the_limit_is_included_and_unknown_stays_unknown() -> None:
    found = within(pd.Series([5.0, 5.000001, 0.0, NAN], index=list("abcd")), limit=5)
    assert found.fillna(-1).to_dict() == {"a": 1, "b": 0, "c": 1, "d": -1}


minutes = st.lists(st.floats(0, 100) | st.just(NAN), min_size=1, max_size=9)


@given(minutes, st.floats(0, 50), st.floats(0, 50))
def test_access_never_falls_as_the_limit_rises(
    values: list[float], limit: float, more: float
) -> None:
    series = pd.Series(values)
    near, far = (within(series, limit=one) for one in (limit, limit + more))
    assert (far >= near)[series.notna()].all()
    assert far.isna().equals(series.isna())


@given(minutes, minutes)
def test_another_category_never_makes_the_walk_longer(one: list[float], other: list[float]) -> None:
    table = pd.DataFrame({"x": pd.Series(one), "y": pd.Series(other)})
    both = nearest(table, categories=["x", "y"])
    alone = nearest(table, categories=["x"])
    assert (both <= alone)[alone.notna()].all()
    assert both.index.equals(table.index)
    assert not np.isinf(both).any()


# ----------------------------------------------------------------- over_homes
HOMES = pd.DataFrame(
    {
        "cell_id": ["a", "a", "b", "b", "c", "c", "d"],
        "share": [0.25, 0.75, 0.5, 0.5, 0.4, 0.6, 1.0],
    },
    index=list("pqrstuv"),
)


def test_a_cell_has_the_mean_of_its_homes_by_people() -> None:
    values = pd.Series([4.0, 8.0, 3.0, NAN, 1.0, NAN, 0.0], index=HOMES.index, name="walk_min")
    found = over_homes(values, homes=HOMES, cells=pd.Index(["d", "c", "b", "a", "empty"]))
    # Half of the people speak for b; four in ten do not for c
    expected = pd.Series(
        [0.0, NAN, 3.0, 0.25 * 4 + 0.75 * 8, NAN], index=["d", "c", "b", "a", "empty"]
    )
    pd.testing.assert_series_equal(found, expected.rename("walk_min"), check_names=True)


def test_columns_are_averaged_as_each_of_them_alone() -> None:
    cells = pd.Index(["d", "c", "b", "a", "empty"])
    columns = {"one": [4.0, 8.0, 3.0, NAN, 1.0, NAN, 0.0], "two": [NAN] * 3 + [0.1, 0.2, 0.3, 0.4]}
    table = pd.DataFrame(columns, index=HOMES.index)
    found = over_homes(table, homes=HOMES, cells=cells)
    each = {name: over_homes(table[name], homes=HOMES, cells=cells) for name in columns}
    pd.testing.assert_frame_equal(found, pd.DataFrame(each), check_exact=True)
    assert over_homes(table[[]], homes=HOMES, cells=cells).shape == (5, 0)


def test_homes_and_values_are_matched() -> None:
    with pytest.raises(DataError, match="values and homes are about different units"):
        over_homes(pd.Series([1.0], index=["p"]), homes=HOMES, cells=pd.Index(["a"]))


# ----------------------------------------------------------------------- rise
UTM = "EPSG:32718"


def points(**at: tuple[float, float]) -> gpd.GeoSeries:
    return gpd.GeoSeries({name: shapely.Point(xy) for name, xy in at.items()}, crs=UTM)


HERE = points(up=(0, 0), down=(1000, 0), there=(1010, 0), unknown=(0, 1), to_unknown=(5000, 0))
PLACES = points(low=(30, 40), high=(1010, 0), blank=(5000, 100))
FROM_M = pd.Series([100.0, 90.0, 80.0, NAN, 70.0], index=HERE.index)
TO_M = pd.Series([105.0, 85.0, NAN], index=PLACES.index)


def test_a_rise_is_height_over_distance_to_the_nearest_place_up_or_down() -> None:
    found = rise(HERE, PLACES, from_m=FROM_M, to_m=TO_M)
    assert found.index.equals(HERE.index)
    assert found[["up", "down"]].tolist() == [5 / 50, 5 / 10]
    assert found["there"] == 0  # at the place itself, though the two heights differ
    assert found[["unknown", "to_unknown"]].isna().all()


def test_without_a_place_the_rise_is_unknown() -> None:
    nowhere = rise(HERE, PLACES[:0], from_m=FROM_M, to_m=TO_M[:0])
    assert nowhere.isna().all()
    assert nowhere.index.equals(HERE.index)
    assert rise(HERE[:0], PLACES, from_m=FROM_M[:0], to_m=TO_M).empty


def test_a_rise_wants_one_metric_crs_and_a_height_for_each() -> None:
    degrees = HERE.set_crs("EPSG:4326", allow_override=True)
    with pytest.raises(CRSError, match="homes: coordinates are in degrees"):
        rise(degrees, PLACES, from_m=FROM_M, to_m=TO_M)
    with pytest.raises(CRSError, match=r"homes .* and places .* are not in one CRS"):
        rise(HERE, PLACES.to_crs("EPSG:32719"), from_m=FROM_M, to_m=TO_M)
    with pytest.raises(DataError, match="from_m and homes are about different units"):
        rise(HERE, PLACES, from_m=FROM_M[:2], to_m=TO_M)
    with pytest.raises(DataError, match="to_m and places are about different units"):
        rise(HERE, PLACES, from_m=FROM_M, to_m=TO_M[:2])


# ----------------------------------------------------------------- near_lines
def test_a_home_is_near_a_line_up_to_the_limit() -> None:
    homes = points(on=(10, 0), at_limit=(20, 300), beyond=(20, 300.5), past_the_end=(104, 3))
    lines = gpd.GeoSeries([shapely.LineString([(0, 0), (100, 0)])], crs=UTM)
    found = near_lines(homes, lines, within_m=300)
    assert found.to_dict() == {"on": 1, "at_limit": 1, "beyond": 0, "past_the_end": 1}
    assert near_lines(homes, lines, within_m=4.9).tolist() == [1, 0, 0, 0]
    assert near_lines(homes, lines[:0], within_m=300).tolist() == [0, 0, 0, 0]


def test_near_lines_wants_one_metric_crs_and_a_limit() -> None:
    homes = points(on=(10, 0))
    lines = gpd.GeoSeries([shapely.LineString([(0, 0), (100, 0)])], crs=UTM)
    with pytest.raises(CRSError, match="homes: coordinates are in degrees"):
        near_lines(homes.set_crs("EPSG:4326", allow_override=True), lines, within_m=300)
    with pytest.raises(CRSError, match=r"homes .* and lines .* are not in one CRS"):
        near_lines(homes, lines.to_crs("EPSG:32719"), within_m=300)
    with pytest.raises(DataError, match="within_m"):
        near_lines(homes, lines, within_m=0)
