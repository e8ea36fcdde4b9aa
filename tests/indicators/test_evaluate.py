"""Indicators from layers: worked out by hand, and absent with a reason where they cannot be."""

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString

from geoequity.errors import ConfigError, DataError
from geoequity.indicators import (
    Evaluation,
    Layers,
    TableValues,
    evaluate,
    narrowed,
    read_catalogue,
)
from geoequity.keeping import Kept
from geoequity.measures import proximity
from geoequity.streets import StreetNetwork

UTM = "EPSG:32718"
M_PER_MIN = 80.0
NAN = float("nan")
A, B = shapely.box(0, 0, 1000, 1000), shapely.box(1000, 0, 2000, 1000)


def make_layers(**changes: Any) -> Layers:
    """Make two districts of a square kilometre with two cells each; the last lies outside."""
    districts = gpd.GeoDataFrame(
        {"name": ["A", "B"], "area_m2": [1e6, 1e6], "population": [400.0, 100.0]},
        geometry=[A, B], crs=UTM, index=pd.Index(["a", "b"], name="unit_id"),
    )  # fmt: skip
    cells = gpd.GeoDataFrame(
        {
            "district_id": ["a", "a", "b", "b", None],
            "population": [300.0, 100.0, 100.0, NAN, 50.0],
        },
        geometry=[shapely.box(500 * n, 0, 500 * n + 500, 1000) for n in range(5)],
        crs=UTM,
        index=pd.Index(["a1", "a2", "b1", "b2", "out"], name="unit_id"),
    )
    empty = gpd.GeoDataFrame({"category": []}, geometry=[], crs=UTM)
    made = Layers(
        districts=districts,
        min_covered_share=0.5,
        cells=cells,
        services=empty,
        stops=empty.rename(columns={"category": "mode"}),
        streets=None,
        tagged=False,
        network=None,
        minutes=pd.DataFrame(index=cells.index),
        metres=pd.DataFrame(index=cells.index),
        counts=pd.DataFrame(index=cells.index),
        homes=pd.DataFrame(
            {"cell_id": cells.index, "share": 1.0, "straight": False}, index=cells.index
        ),
    )
    return replace(made, **changes)


NO_CELLS = make_layers(cells=None, minutes=None, metres=None, homes=None)


def made(layers: Layers, key: str, **change: Any) -> Evaluation:
    """Evaluate one indicator."""
    changes = {key: change} if change else {}
    return evaluate([one for one in read_catalogue(changes) if one.id == key], layers)


def districts_of(result: Evaluation, key: str) -> dict[str, float]:
    return result.districts[key].fillna(-1).to_dict()


def why_absent(result: Evaluation, key: str) -> str:
    assert list(result.districts.columns) == []
    return result.absent[key]["id"]


def minutes_to(layers: Layers, **columns: list[float]) -> Layers:
    assert layers.cells is not None
    names = {name.replace("stop_", "stop:"): values for name, values in columns.items()}
    minutes = pd.DataFrame(names, index=layers.cells.index)
    return replace(layers, minutes=minutes, metres=minutes * M_PER_MIN)


def with_services(*places: tuple[str, Any]) -> Layers:
    frame = pd.DataFrame(places, columns=["category", "place"])
    services = gpd.GeoDataFrame(frame[["category"]], geometry=list(frame["place"]), crs=UTM)
    return make_layers(services=services)


# -------------------------------------------------------------------- walks
def test_a_district_is_the_mean_over_its_people() -> None:
    layers = minutes_to(make_layers(), school=[10.0, 30.0, 20.0, 99.0, 5.0])
    result = made(layers, "school_walk_min")
    expected = {"a": (10 * 300 + 30 * 100) / 400, "b": 20.0}  # b2 has no count of people
    assert districts_of(result, "school_walk_min") == expected
    assert result.coverage["school_walk_min"].tolist() == [1, 1]
    assert result.levels == {"school_walk_min": "cell"}
    assert result.cells["school_walk_min"].tolist() == [10, 30, 20, 99, 5]
    assert result.weights["school_walk_min"].tolist() == [400, 100]
    assert result.reasons["school_walk_min"] == []
    assert result.confidence["school_walk_min"].tolist() == [1, 1]


def test_a_cell_that_reaches_nothing_lowers_coverage_and_confidence() -> None:
    layers = minutes_to(make_layers(), school=[10.0, NAN, NAN, 1.0, 5.0])
    result = made(layers, "school_walk_min")
    assert districts_of(result, "school_walk_min") == {"a": 10, "b": -1}
    assert result.coverage["school_walk_min"].tolist() == [300 / 400, 0]
    assert result.confidence["school_walk_min"].tolist() == [300 / 400, 0]


def test_walks_without_streets_say_so() -> None:
    layers = minutes_to(make_layers(), school=[1.0] * 5)
    assert layers.homes is not None
    layers = replace(layers, homes=layers.homes.assign(straight=True))
    result = made(layers, "school_walk_min")
    assert [one["id"] for one in result.reasons["school_walk_min"]] == ["straight_line"]
    assert (result.confidence["school_walk_min"] < 1).all()


def test_the_nearest_of_several_categories_counts() -> None:
    layers = minutes_to(make_layers(), clinic=[10.0] * 5, hospital=[7.0] * 5)
    change = {"parameters": {"categories": ["clinic", "hospital", "moon"]}}
    assert districts_of(made(layers, "clinic_walk_min", **change), "clinic_walk_min") == {
        "a": 7, "b": 7,
    }  # fmt: skip


def test_a_share_counts_the_people_within_the_distance() -> None:
    layers = minutes_to(make_layers(), open_space=[5.0, 5.1, 5.0, 0.0, 0.0])  # 400 m at 80 m/min
    result = made(layers, "open_space_access_share")
    assert districts_of(result, "open_space_access_share") == {"a": 300 / 400, "b": 1}


def test_high_capacity_stops_count_from_farther() -> None:
    limit_low, limit_high = 500 / M_PER_MIN, 1000 / M_PER_MIN
    layers = minutes_to(
        make_layers(),
        stop_bus=[limit_low, limit_low + 0.1, limit_low + 0.1, 0.0, 0.0],
        stop_metro=[60.0, limit_high, limit_high + 0.1, 0.0, 0.0],
    )
    result = made(layers, "transit_access_share")
    assert districts_of(result, "transit_access_share") == {"a": 1, "b": 0}
    assert layers.metres is not None
    only_bus = replace(layers, metres=layers.metres[["stop:bus"]])
    assert districts_of(made(only_bus, "transit_access_share"), "transit_access_share") == {
        "a": 300 / 400, "b": 0,
    }  # fmt: skip


def test_departures_that_half_the_routes_do_not_tell_are_unknown() -> None:
    cells = make_layers().cells
    assert cells is not None
    near = pd.DataFrame(
        {
            "departures_per_hour": [8.0, 4.0, 0.0, 6.0, 1.0],
            "known_share": [1.0, 0.75, NAN, 1.0, 1.0],  # no stop near b1
            "night_per_hour": [2.0, 1.0, 0.0, 1.0, 1.0],
            "night_known_share": [1.0, 0.25, NAN, 1.0, 1.0],
        },
        index=cells.index,
    )
    layers = make_layers(supply=near)
    day = made(layers, "departures_per_hour")
    assert districts_of(day, "departures_per_hour") == {"a": 7, "b": 0}
    # 300 people at 1, 100 at 3/4, and 100 who have no stop; b2 has no count of people
    (why,) = day.reasons["departures_per_hour"]
    assert why["text"]["en"].startswith("it is known for 95% of the routes within reach")
    night = made(layers, "night_departures_per_hour")
    assert math.isnan(night.cells.loc["a2", "night_departures_per_hour"])
    assert night.coverage.loc["a", "night_departures_per_hour"] == 0.75


def test_rapid_transit_is_of_high_capacity_only() -> None:
    layers = minutes_to(make_layers(), stop_bus=[1.0] * 5, stop_rail=[9.0] * 5)
    key = "rapid_transit_walk_min"
    assert districts_of(made(layers, key), key) == {"a": 9, "b": 9}


@pytest.mark.parametrize(
    ("key", "layers", "reason"),
    [
        ("school_walk_min", make_layers(), "no_services"),
        (
            "school_walk_min",
            NO_CELLS,
            "no_cells",
        ),
        ("transit_access_share", make_layers(), "no_stops"),
        (
            "transit_access_share",
            NO_CELLS,
            "no_cells",
        ),
        ("rapid_transit_walk_min", make_layers(), "no_stops"),
        ("wifi_per_10000", make_layers(), "no_services"),
        ("green_m2_per_person", make_layers(), "no_services"),
        ("intersections_per_km2", make_layers(), "no_streets"),
        ("lit_street_share", make_layers(), "no_streets"),
        ("realtime_stop_share", make_layers(), "no_stops"),
        ("home_internet_share", make_layers(), "no_table"),
    ],
)
def test_what_cannot_be_computed_is_absent_with_a_reason(
    key: str, layers: Layers, reason: str
) -> None:
    result = made(layers, key)
    assert why_absent(result, key) == reason
    assert set(result.absent[key]["text"]) == {"en", "es", "pt"}


def test_an_indicator_that_is_unknown_everywhere_is_absent() -> None:
    layers = minutes_to(make_layers(), school=[NAN] * 5)
    assert why_absent(made(layers, "school_walk_min"), "school_walk_min") == "all_unknown"


def test_without_population_nothing_is_weighed_equally_instead() -> None:
    known = minutes_to(make_layers(), school=[1.0] * 5)
    assert known.cells is not None
    layers = replace(known, cells=known.cells.drop(columns="population"))
    layers = replace(layers, districts=known.districts.drop(columns="population"))
    assert why_absent(made(layers, "school_walk_min"), "school_walk_min") == "no_population"
    unknown = replace(known, cells=known.cells.assign(population=NAN))
    assert why_absent(made(unknown, "school_walk_min"), "school_walk_min") == "no_population"


# ------------------------------------------------------------------ provision
def test_services_are_counted_against_the_people_of_their_district() -> None:
    layers = with_services(*[("wifi", shapely.Point(100, 100))] * 2, ("wifi", A.buffer(-9)))
    result = made(layers, "wifi_per_10000")
    assert districts_of(result, "wifi_per_10000") == {"a": 3 / 400 * 10_000, "b": 0}
    assert result.levels["wifi_per_10000"] == "district"


def test_services_may_be_counted_against_another_base() -> None:
    layers = with_services(("wifi", shapely.Point(100, 100)))
    layers = replace(layers, districts=layers.districts.assign(households=[50.0, NAN]))
    result = made(layers, "wifi_per_10000", base="households")
    assert districts_of(result, "wifi_per_10000") == {"a": 1 / 50 * 10_000, "b": -1}


def test_a_base_that_the_city_does_not_count_is_replaced_and_told() -> None:
    layers = with_services(("wifi", shapely.Point(100, 100)))
    result = made(layers, "wifi_per_10000", base="households")
    assert districts_of(result, "wifi_per_10000") == {"a": 1 / 400 * 10_000, "b": 0}
    assert [one["id"] for one in result.reasons["wifi_per_10000"]] == ["base_persons"]


def test_green_land_is_measured_where_it_has_an_area() -> None:
    park = shapely.box(900, 0, 1100, 100)
    layers = with_services(("green", park), ("green", park), ("green", shapely.Point(5, 5)))
    result = made(layers, "green_m2_per_person")
    assert districts_of(result, "green_m2_per_person") == {"a": 10_000 / 400, "b": 10_000 / 100}


def test_green_land_that_is_only_points_is_unknown_not_zero() -> None:
    layers = with_services(("green", shapely.Point(5, 5)))
    assert why_absent(made(layers, "green_m2_per_person"), "green_m2_per_person") == "none_mapped"


# -------------------------------------------------------------------- streets
def make_streets(**columns: Any) -> gpd.GeoDataFrame:
    lines = [
        shapely.LineString([(0, 500), (1500, 500)]),  # 1000 m in A, 500 m in B
        shapely.LineString([(1500, 500), (2000, 500)]),
    ]
    return gpd.GeoDataFrame(columns, geometry=lines, crs=UTM, index=["e1", "e2"])


def test_the_share_of_lit_streets_is_by_length_on_record() -> None:
    layers = make_layers(streets=make_streets(lit=["yes", "no"]), tagged=True)
    result = made(layers, "lit_street_share")
    assert districts_of(result, "lit_street_share") == {"a": 1, "b": 500 / 1000}
    assert [one["id"] for one in result.reasons["lit_street_share"]] == ["on_record"]
    layers = make_layers(streets=make_streets(lit=["yes", None]), tagged=True)
    result = made(layers, "lit_street_share")
    assert districts_of(result, "lit_street_share") == {"a": 1, "b": 1}
    assert result.confidence["lit_street_share"].tolist() == [1, 500 / 1000]


def test_too_little_on_record_is_unknown() -> None:
    layers = make_layers(streets=make_streets(lit=[None, "yes"]), tagged=True)
    change = {"parameters": {"min_known_share": 0.6}}
    result = made(layers, "lit_street_share", **change)
    assert why_absent(result, "lit_street_share") == "all_unknown"


def test_streets_of_a_table_have_no_tags() -> None:
    layers = make_layers(streets=make_streets(), tagged=False)
    assert why_absent(made(layers, "lit_street_share"), "lit_street_share") == "no_street_tags"


def test_cycleways_are_kilometres_a_square_kilometre() -> None:
    layers = make_layers(streets=make_streets(cycleway=[True, False]), tagged=True)
    key = "cycleway_km_per_km2"
    assert districts_of(made(layers, key), key) == {"a": 1, "b": 0.5}
    none = make_layers(streets=make_streets(cycleway=[False, None]), tagged=True)
    assert why_absent(made(none, key), key) == "none_mapped"


def test_intersections_are_counted_by_district() -> None:
    layers = make_layers(network=comb())
    key = "intersections_per_km2"
    assert districts_of(made(layers, key), key) == {"a": 2, "b": 1}


def comb() -> StreetNetwork:
    """A street of 1,800 m along y = 1, steps at its end, and teeth of 100 m at 200, 500, 1,500."""
    stops = [100.0, 200.0, 500.0, 1500.0, 1900.0]
    rows = [(a, b, LineString([(a, 1), (b, 1)])) for a, b in pairwise(stops)]
    rows += [(x, -x, LineString([(x, 1), (x, 101)])) for x in stops[1:4]]
    start, end, lines = zip(*rows, strict=True)
    edges = gpd.GeoDataFrame(
        {"from_node": start, "to_node": end, "length_m": [line.length for line in lines]},
        geometry=list(lines), crs=UTM,
    )  # fmt: skip
    highway = ["residential", "residential", "residential", "steps", *["footway"] * 3]
    return StreetNetwork.from_edges(edges.assign(highway=highway))


def test_streets_are_measured_by_district() -> None:
    layers = make_layers(network=comb(), tagged=True)
    expected = {
        "dead_end_share": {"a": 3 / 5, "b": 2 / 3},  # ends of the street, and the teeth
        "street_km_per_km2": {"a": 0.9 + 0.2, "b": 0.9 + 0.1},
        "steps_share": {"a": 0.0, "b": 0.4},
    }
    for key, values in expected.items():
        assert districts_of(made(layers, key), key) == pytest.approx(values)
    for key in expected:
        assert why_absent(made(make_layers(), key), key) == "no_streets"
    assert why_absent(made(layers, "slope_penalty_share"), "slope_penalty_share") == "no_elevation"
    untagged = make_layers(network=comb(), tagged=False)
    assert why_absent(made(untagged, "steps_share"), "steps_share") == "no_street_tags"


def test_slopes_add_to_the_streets_of_a_district() -> None:
    edges = comb().edges.drop(columns=["minutes_there", "minutes_back", "component"])
    hill = StreetNetwork.from_edges(edges, height_at=lambda xy: xy[:, 0] / 10)  # 10 % to the east
    up, down = math.exp(3.5 * 0.1), math.exp(3.5 * (0.05 - 0.05))
    along = (up + down) / 2 - 1
    found = made(make_layers(network=hill), "slope_penalty_share")
    expected = {"a": along * 900 / 1100, "b": along * 900 / 1000}
    assert districts_of(found, "slope_penalty_share") == pytest.approx(expected)


# ---------------------------------------------------------------- 15 minutes
def test_a_cell_is_the_mean_of_its_homes() -> None:
    layers = make_layers()
    assert layers.cells is not None
    cell = ["a1", "a1", "a1", "a2", "b1", "b2", "out"]
    homes = pd.DataFrame(
        {"cell_id": cell, "share": [0.5, 0.25, 0.25, 1, 1, 1, 1], "straight": False},
        index=[f"h{n}" for n in range(7)],
    )
    minutes = pd.DataFrame({"school": [4.0, 8.0, NAN, 9.0, NAN, 1.0, 1.0]}, index=homes.index)
    result = made(replace(layers, homes=homes, minutes=minutes), "school_walk_min")
    # Half of a1 walks 4 minutes, a quarter 8; the last quarter counts like the others
    assert result.cells["school_walk_min"][["a1", "a2"]].tolist() == [pytest.approx(16 / 3), 9]
    assert math.isnan(result.cells["school_walk_min"]["b1"])
    straight = homes.assign(straight=[True, False, False, False, True, False, False])
    partly = made(replace(layers, homes=straight, minutes=minutes), "school_walk_min")
    assert [one["id"] for one in partly.reasons["school_walk_min"]] == ["straight_line_partly"]
    full = result.confidence["school_walk_min"]["a"]
    share = 0.5 * 300 / 400
    expected = full * (1 - 0.4 * share)
    assert partly.confidence["school_walk_min"]["a"] == pytest.approx(expected)


def test_kinds_within_15_minutes_are_a_share_of_those_there_are() -> None:
    kinds = {name: [10.0, 20.0, 15.0, 1.0, 1.0] for name in ("school", "clinic", "pharmacy")}
    layers = minutes_to(make_layers(), **kinds, bank=[16.0] * 5, library=[2.0] * 5)
    result = made(layers, "reached_15min_share")
    expected = {"a": (4 / 5 * 300 + 1 / 5 * 100) / 400, "b": 4 / 5}
    assert districts_of(result, "reached_15min_share") == pytest.approx(expected)
    assert [one["id"] for one in result.reasons["reached_15min_share"]] == ["kinds_absent"]
    few = minutes_to(make_layers(), school=[1.0] * 5)
    assert why_absent(made(few, "reached_15min_share"), "reached_15min_share") == "few_kinds"


def test_services_within_15_minutes_are_counted() -> None:
    layers = make_layers()
    assert layers.homes is not None
    counts = pd.DataFrame(
        {"school": [2.0, 0, 1, 1, 1], "bank": [1.0, 0, 0, 1, 1], "zoo": [9.0] * 5},
        index=layers.homes.index,
    )
    result = made(replace(layers, counts=counts), "services_15min_count")
    assert districts_of(result, "services_15min_count") == {"a": 3 * 300 / 400, "b": 1}
    key = "services_15min_count"
    assert why_absent(made(make_layers(), key), key) == "no_services"


def test_stops_with_displays_are_a_share_of_those_on_record() -> None:
    stops = gpd.GeoDataFrame(
        {"mode": "bus", "realtime": pd.array([True, False, None, True], dtype="boolean")},
        geometry=gpd.points_from_xy([1, 2, 3, 1500], [1] * 4), crs=UTM,
    )  # fmt: skip
    key = "realtime_stop_share"
    result = made(make_layers(stops=stops), key)
    assert districts_of(result, key) == {"a": 1 / 2, "b": 1}
    assert result.confidence[key].tolist() == pytest.approx([2 / 3, 1])
    for key, column in (
        ("sheltered_stop_share", "shelter"),
        ("bench_stop_share", "bench"),
        ("tactile_stop_share", "tactile"),
    ):
        result = made(make_layers(stops=stops.rename(columns={"realtime": column})), key)
        assert districts_of(result, key) == {"a": 1 / 2, "b": 1}
        assert why_absent(made(make_layers(stops=stops), key), key) == "none_mapped"
    key = "realtime_stop_share"
    unsaid = stops.assign(realtime=pd.array([None] * 4, dtype="boolean"))
    assert why_absent(made(make_layers(stops=unsaid), key), key) == "none_mapped"


# --------------------------------------------------------------------- tables
def with_table(key: str, values: Mapping[str, float], level: str, *, count: bool) -> Layers:
    layers = make_layers()
    units = layers.cells if level == "cell" else layers.districts
    assert units is not None
    value = pd.Series(values, dtype=float).reindex(units.index)
    return replace(layers, tables={key: TableValues(value=value, level=level, is_count=count)})


def test_draws_travel_with_the_indicator_whose_they_are() -> None:
    layers = with_table("home_internet_share", {"a": 0.9, "b": 0.4}, "district", count=False)
    drawn = pd.DataFrame({"a": [0.8, 1.0], "b": [0.3, 0.5]})
    tables = {key: replace(one, draws=drawn) for key, one in layers.tables.items()}
    result = evaluate(read_catalogue(), replace(layers, tables=tables))
    assert list(result.draws) == ["home_internet_share"]
    assert result.draws["home_internet_share"].equals(drawn)
    assert evaluate(read_catalogue(), layers).draws == {}


def test_a_column_of_districts_stands_as_it_is() -> None:
    layers = with_table("home_internet_share", {"a": 0.9}, "district", count=False)
    result = made(layers, "home_internet_share")
    assert districts_of(result, "home_internet_share") == {"a": 0.9, "b": -1}
    assert result.coverage["home_internet_share"].tolist() == [1, 0]
    assert result.levels == {"home_internet_share": "district"}


def test_a_column_of_districts_needs_no_population() -> None:
    layers = with_table("home_internet_share", {"a": 0.9, "b": 0}, "district", count=False)
    layers = replace(
        layers, cells=None, minutes=None, districts=layers.districts.drop(columns="population")
    )
    result = made(layers, "home_internet_share")
    assert districts_of(result, "home_internet_share") == {"a": 0.9, "b": 0}
    assert result.weights["home_internet_share"].isna().all()


def test_a_column_of_cells_is_averaged_over_its_base() -> None:
    layers = with_table("home_internet_share", {"a1": 0.5, "a2": 1, "b1": 0}, "cell", count=False)
    assert layers.cells is not None
    cells = layers.cells.assign(households=[10.0, 30.0, 5.0, 5.0, 1.0])
    result = made(replace(layers, cells=cells), "home_internet_share")
    assert districts_of(result, "home_internet_share") == {"a": (5 + 30) / 40, "b": 0}
    assert result.coverage["home_internet_share"].tolist() == [1, 5 / 10]


def test_a_count_is_divided_by_its_base() -> None:
    key = "requests_311_per_1000"
    layers = with_table(key, {"a": 20, "b": 0}, "district", count=True)
    assert districts_of(made(layers, key), key) == {"a": 20 / 400 * 1000, "b": 0}


def test_what_was_counted_where_nobody_lives_is_not_lost() -> None:
    key = "requests_311_per_1000"
    layers = with_table(key, {"a1": 3, "a2": 5, "b1": 7, "b2": 9}, "cell", count=True)
    assert layers.cells is not None
    layers = replace(layers, cells=layers.cells.assign(population=[300.0, 0.0, 100.0, NAN, 1.0]))
    result = made(layers, key)
    assert districts_of(result, key) == pytest.approx({"a": 8 / 300 * 1000, "b": 7 / 100 * 1000})
    assert result.cells[key].fillna(-1).tolist() == pytest.approx([10, -1, 70, -1, -1])


def test_a_count_without_base_is_absent() -> None:
    key = "requests_311_per_1000"
    layers = with_table(key, {"a": 20, "b": 0}, "district", count=True)
    layers = replace(layers, districts=layers.districts.drop(columns="population"))
    assert why_absent(made(layers, key), key) == "no_population"


def test_a_count_over_its_base_is_no_share() -> None:
    layers = with_table("poverty_share", {"a": 400, "b": 30}, "district", count=True)
    result = made(layers, "poverty_share")
    assert districts_of(result, "poverty_share") == {"a": 1, "b": 30 / 100}
    layers = with_table("poverty_share", {"a": 401, "b": 30}, "district", count=True)
    with pytest.raises(
        DataError, match="table: the count for poverty_share is over its base for a"
    ):
        made(layers, "poverty_share")


def test_a_table_of_other_units_is_refused() -> None:
    layers = with_table("income", {"a": 1}, "district", count=False)
    other = TableValues(value=pd.Series([1.0], index=["z"]), level="district", is_count=False)
    with pytest.raises(
        DataError, match="table: income: it speaks of other units than the districts"
    ):
        made(replace(layers, tables={"income": other}), "income")
    cell = replace(other, level="cell")
    with pytest.raises(DataError, match="table: income: it speaks of other units than the cells"):
        made(replace(layers, tables={"income": cell}, cells=None), "income")


# ----------------------------------------------------------------- everything
def test_everything_at_once_is_the_same_as_one_by_one() -> None:
    layers = minutes_to(
        with_services(("wifi", shapely.Point(9, 9))), school=[1.0] * 5, wifi=[2.0] * 5
    )
    whole = evaluate(read_catalogue(), layers)
    assert set(whole.districts.columns) == {
        "school_walk_min", "wifi_access_share", "wifi_per_10000",
    }  # fmt: skip
    assert set(whole.absent) | set(whole.districts.columns) == {one.id for one in read_catalogue()}
    for key in whole.districts.columns:
        alone = made(layers, key)
        pd.testing.assert_series_equal(alone.districts[key], whole.districts[key])
    assert whole.districts.index.equals(layers.districts.index)
    assert whole.cells.index.equals(layers.cells.index if layers.cells is not None else None)


def test_layers_are_not_changed() -> None:
    layers = minutes_to(make_layers(), school=[1.0, NAN, 1.0, 1.0, 1.0])
    assert layers.minutes is not None
    before = layers.minutes.copy()
    evaluate(read_catalogue(), layers)
    pd.testing.assert_frame_equal(layers.minutes, before)


def test_a_catalogue_that_cannot_be_evaluated_is_refused() -> None:
    odd = [replace(one, measure="magic") for one in read_catalogue()[:2]]
    with pytest.raises(ConfigError, match="no measure 'magic'") as told:
        evaluate(odd, make_layers())
    assert len(told.value.faults) == 2


def test_a_district_where_nobody_lives_is_unknown() -> None:
    layers = minutes_to(make_layers(), school=[1.0] * 5)
    assert layers.cells is not None
    layers = replace(layers, cells=layers.cells.assign(population=[1.0, 1.0, 0.0, 0.0, 0.0]))
    result = made(layers, "school_walk_min")
    assert districts_of(result, "school_walk_min") == {"a": 1, "b": -1}
    assert np.isnan(result.coverage.loc["b", "school_walk_min"])


# ---------------------------------------------------------------- school places
def with_schools(*capacity: float, children: list[float] | None = None) -> Layers:
    """Make schools in district a, and count the children of both districts."""
    layers = with_services(*[("school", shapely.Point(100 * n + 50, 5)) for n in range(3)])
    services = layers.services.assign(capacity=list(capacity))
    districts = layers.districts
    if children is not None:
        districts = districts.assign(children=children)
    return replace(layers, services=services, districts=districts)


def test_school_places_are_set_against_children() -> None:
    key = "school_places_per_child"
    result = made(with_schools(10.0, 20.0, 30.0, children=[120.0, 50.0]), key)
    assert districts_of(result, key) == {"a": 0.5, "b": 0}
    assert result.reasons[key] == []


def test_unknown_places_lower_confidence_and_are_told() -> None:
    key = "school_places_per_child"
    result = made(with_schools(10.0, 20.0, NAN, children=[45.0, 50.0]), key)
    assert districts_of(result, key) == {"a": 1.0, "b": 0}
    assert result.confidence[key].tolist() == pytest.approx([2 / 3, 1])
    assert [one["id"] for one in result.reasons[key]] == ["capacity_known"]
    assert "83%" in result.reasons[key][0]["text"]["en"]


@pytest.mark.parametrize(
    ("layers", "why"),
    [
        (with_schools(10.0, 20.0, 30.0), "no_group"),
        (with_schools(10.0, 20.0, 30.0, children=[NAN, NAN]), "no_group"),
        (with_schools(NAN, NAN, NAN, children=[9.0, 9.0]), "none_mapped"),
        (make_layers(), "no_services"),
    ],
)
def test_without_children_schools_or_places_there_are_no_places_per_child(
    layers: Layers, why: str
) -> None:
    assert why_absent(made(layers, "school_places_per_child"), "school_places_per_child") == why


def test_in_other_zones_no_home_is_measured_from_again(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = minutes_to(make_layers(), school=[10.0, 30.0, 20.0, 99.0, 5.0])
    assert layers.homes is not None
    assert layers.cells is not None
    layers = replace(layers, homes=layers.homes.assign(straight=[True, False, False, False, True]))
    cells = layers.cells.assign(district_id=["b", "a", "a", "b", "b"])
    there = replace(layers, cells=cells)
    of = [one for one in read_catalogue() if one.id == "school_walk_min"]
    expected = evaluate(of, there)
    measured: list[pd.Series] = []

    def over_homes(values: pd.Series, **over: Any) -> pd.Series:
        measured.append(values)
        return averaged(values, **over)

    averaged = proximity.over_homes
    monkeypatch.setattr(proximity, "over_homes", over_homes)
    parts, kept = narrowed(of, layers), Kept()
    first = evaluate(of, layers, parts=parts, kept=kept)
    found = evaluate(of, there, parts=parts, kept=kept)
    assert len(measured) == 2  # minutes, and which are straight
    for name in ("cells", "districts", "confidence", "coverage", "weights"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(expected, name))
    assert found.reasons == expected.reasons != first.reasons


def test_which_homes_walk_straight_is_told_once_and_anew_of_other_homes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layers = minutes_to(make_layers(), school=[10.0, 30.0, 20.0, 99.0, 5.0], clinic=[1.0] * 5)
    assert layers.homes is not None
    some = replace(layers, homes=layers.homes.assign(straight=[True, False, False, False, True]))
    of = [one for one in read_catalogue() if one.id in {"school_walk_min", "clinic_walk_min"}]
    measured: list[object] = []
    averaged = proximity.over_homes

    def over_homes(values: pd.Series, **over: Any) -> pd.Series:
        measured.append(values.name)
        return averaged(values, **over)

    monkeypatch.setattr(proximity, "over_homes", over_homes)
    partly, wholly = evaluate(of, some), evaluate(of, replace(some, homes=layers.homes))
    assert measured.count("straight") == 1
    assert partly.reasons != wholly.reasons


def test_what_is_reached_by_transit_hangs_on_its_own_column_alone() -> None:
    cells = make_layers().cells
    assert cells is not None
    reach = pd.DataFrame({"jobs_45min_share": 0.5, "school_min": 9.0}, index=cells.index)
    of, kept = [one for one in read_catalogue() if one.measure == "transit_reach"], Kept()
    evaluate(of, make_layers(reach=reach), kept=kept)
    after = evaluate(of, make_layers(reach=reach.assign(school_min=4.0)), kept=kept.above())
    assert districts_of(after, "school_transit_min") == {"a": 4, "b": 4}
    assert districts_of(after, "jobs_transit_45min_share") == {"a": 0.5, "b": 0.5}
    assert after.absent["hospital_transit_min"]["id"] == "no_goals"
    bare = make_layers(reach=pd.DataFrame(index=cells.index))
    assert evaluate(of, bare).absent["school_transit_min"]["id"] == "no_population"
    before, now = (
        narrowed(of, make_layers(reach=one))["jobs_transit_45min_share"].reach
        for one in (reach, reach.assign(school_min=4.0))
    )
    pd.testing.assert_frame_equal(before, now)
