"""The contracts of tables: each fault is named with its ids."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geoequity import schema
from geoequity.errors import CRSError, DataError

UTM = "EPSG:32718"
SQUARE = shapely.box(0, 0, 1, 1)
BOWTIE = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])


def make_units(geometry: Any = SQUARE, **columns: Any) -> gpd.GeoDataFrame:
    values = {"name": ["A", "B"], "area_m2": [1.0, 1.0], **columns}
    index = pd.Index(["a", "b"], name="unit_id")
    return gpd.GeoDataFrame(values, geometry=[SQUARE, geometry], crs=UTM, index=index)


def make_services(**columns: Any) -> gpd.GeoDataFrame:
    values = {"category": ["x", "y"], "capacity": [np.nan, 1.0], "source": ["s", "s"], **columns}
    points = [shapely.Point(0, 0), shapely.Point(1, 1)]
    return gpd.GeoDataFrame(values, geometry=points, crs=UTM, index=["p", "q"])


# ----------------------------------------------------------------------- CRS
@pytest.mark.parametrize(
    ("crs", "fault"),
    [
        (None, "layer: no CRS; set it where the table is read"),
        ("EPSG:4326", r"layer: coordinates are in degrees \(EPSG:4326\)"),
        ("EPSG:2263", "layer: coordinates are in US survey foot, not metres"),
        ("EPSG:4978", "layer: WGS 84 has no coordinates in the plane"),
        ("EPSG:5773", "layer: EGM96 height has no coordinates in the plane"),
    ],
)
def test_a_crs_that_is_not_in_metres_is_refused(crs: str | None, fault: str) -> None:
    with pytest.raises(CRSError, match=fault):
        schema.check_metric_crs(gpd.GeoSeries([], crs=crs), name="layer")


@pytest.mark.parametrize("crs", [UTM, "EPSG:5347", "+proj=tmerc +lat_0=-34 +lon_0=-58 +units=m"])
def test_a_crs_in_metres_passes(crs: str) -> None:
    schema.check_metric_crs(gpd.GeoSeries([], crs=crs), name="layer")


def test_two_tables_must_share_one_crs() -> None:
    one, other = gpd.GeoSeries([], crs=UTM), gpd.GeoSeries([], crs="EPSG:32719")
    schema.check_same_crs(one, gpd.GeoSeries([], crs=one.crs.to_wkt()), names=("a", "b"))
    for left, right in ((one, other), (one, gpd.GeoSeries([])), (gpd.GeoSeries([]), one)):
        with pytest.raises(CRSError, match=r"a \(.*\) and b \(.*\) are not in one CRS"):
            schema.check_same_crs(left, right, names=("a", "b"))


# ---------------------------------------------------------------- index, columns
def test_ids_are_there_and_stand_once() -> None:
    schema.check_unique(pd.Index(["a", "b"]), name="units")
    with pytest.raises(DataError, match="units: 1 rows have no id"):
        schema.check_unique(pd.Index(["a", None]), name="units")
    with pytest.raises(DataError, match=r"units: ids stand more than once: a, c$") as told:
        schema.check_unique(pd.Index(list("abaccc")), name="units")
    assert told.value.ids == ("a", "c")


def test_only_the_first_five_ids_are_shown_but_all_are_carried() -> None:
    ids = [f"u{n}" for n in range(9)]
    with pytest.raises(DataError, match=r"u0, u1, u2, u3, u4 and 4 more$") as told:
        schema.check_unique(pd.Index(ids * 2), name="units")
    assert told.value.ids == tuple(ids)


def test_every_absent_column_is_named_with_those_there_are() -> None:
    frame = pd.DataFrame({"a": [], "b": []})
    schema.check_columns(frame, ["b"], name="t")
    with pytest.raises(DataError, match="t: no column c, d; it has a, b") as told:
        schema.check_columns(frame, ["a", "c", "d"], name="t")
    assert told.value.ids == ("c", "d")


def test_two_columns_are_about_the_same_units_in_one_order() -> None:
    one = pd.Series([1, 2], index=["a", "b"])
    schema.check_same_index(one, one * 2, names=("x", "y"))
    with pytest.raises(DataError, match="x and y are about different units: a, c") as told:
        schema.check_same_index(one, one.set_axis(["b", "c"]), names=("x", "y"))
    assert set(told.value.ids) == {"a", "c"}
    for other in (one[::-1], one.iloc[[0, 1, 1]]):
        with pytest.raises(DataError, match="x and y list the same units in another order or"):
            schema.check_same_index(one, other, names=("x", "y"))


@pytest.mark.parametrize("values", [[0, 1], [0.0, np.nan], pd.array([1, None], dtype="Int64")])
def test_counts_are_numbers_from_zero_up_or_unknown(values: Any) -> None:
    schema.check_non_negative(pd.Series(values), name="people")


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ([1.0, -1.0], "people: negative or infinite: b"),
        ([np.inf, 1.0], "people: negative or infinite: a"),
        (["1", "2"], "people: not numbers but "),
    ],
)
def test_other_counts_are_refused(values: list[Any], fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        schema.check_non_negative(pd.Series(values, index=["a", "b"]), name="people")


# -------------------------------------------------------------------- tables
def test_units_that_keep_the_contract_pass() -> None:
    schema.check_units(make_units())
    schema.check_units(make_units(shapely.MultiPolygon([SQUARE]), population=[0.0, np.nan]))


@pytest.mark.parametrize("geometry", [None, shapely.Polygon(), BOWTIE, shapely.Point(0, 0)])
def test_units_need_a_valid_polygon(geometry: Any) -> None:
    with pytest.raises(DataError, match="units: geometry missing, empty, invalid or no polygon: b"):
        schema.check_units(make_units(geometry))


def test_units_need_their_columns_and_no_negative_people() -> None:
    with pytest.raises(DataError, match="cells: no column name, area_m2"):
        schema.check_units(make_units()[["geometry"]], name="cells")
    with pytest.raises(DataError, match="units: population: negative or infinite: b"):
        schema.check_units(make_units(population=[1.0, -1.0]))
    with pytest.raises(DataError, match="units: ids stand more than once: a"):
        schema.check_units(make_units().set_axis(["a", "a"], axis=0))
    with pytest.raises(CRSError, match="units: no CRS"):
        schema.check_units(make_units().set_crs(None, allow_override=True))


def test_services_need_a_category_and_a_place() -> None:
    schema.check_services(make_services())
    with pytest.raises(DataError, match=r"services: .*: q"):
        schema.check_services(make_services(category=["x", None]))
    empty = make_services().set_geometry([None, shapely.Point(1, 1)], crs=UTM)
    with pytest.raises(DataError, match=r"services: .*: p"):
        schema.check_services(empty)
    with pytest.raises(DataError, match="services: no column capacity"):
        schema.check_services(make_services().drop(columns="capacity"))


def test_costs_are_minutes_once_a_pair() -> None:
    costs = pd.DataFrame({"from_id": ["a", "a"], "to_id": ["x", "y"], "minutes": [0.0, 5.0]})
    schema.check_costs(costs)
    for minutes in ([-1.0, 5.0], [np.nan, 5.0]):
        with pytest.raises(DataError, match=r"costs: minutes negative or unknown in rows 0$"):
            schema.check_costs(costs.assign(minutes=minutes))
    with pytest.raises(DataError, match="costs: pairs stand more than once: a to x"):
        schema.check_costs(costs.assign(to_id="x"))
    with pytest.raises(DataError, match="costs: no column minutes"):
        schema.check_costs(costs.drop(columns="minutes"))


def test_columns_of_numbers_are_read_as_floats_and_all_others_named() -> None:
    whole = pd.array([1, None], dtype="Int64")
    table = pd.DataFrame({"a": whole, "b": [True, False]}, index=["x", "y"])
    floats = schema.floats_of(table, name="data")
    assert floats.fillna(-1).to_dict("list") == {"a": [1.0, -1.0], "b": [1.0, 0.0]}
    assert floats.index.equals(table.index)
    spoilt = table.assign(c=["1", "2"], d=[float("inf"), 0])
    with pytest.raises(DataError, match="data: not numbers: c; infinite: d") as refused:
        schema.floats_of(spoilt, name="data")
    assert refused.value.ids == ("c", "d")
    with pytest.raises(DataError, match="data: columns: ids stand more than once: a"):
        schema.floats_of(table[["a", "a"]], name="data")
