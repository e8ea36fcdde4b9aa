"""Supply without a timetable: which routes serve a stop, and how often by their headway."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point

from geoequity.errors import CRSError, DataError
from geoequity.transit import HOURLY_COLUMNS, hourly_of

UTM = 32718


def stops_at(*places: tuple[str, float, float], mode: str = "bus") -> gpd.GeoDataFrame:
    ids = pd.Index([one for one, _, _ in places], name="stop_id", dtype=object)
    points = [Point(x, y) for _, x, y in places]
    return gpd.GeoDataFrame({"mode": mode}, index=ids, geometry=points, crs=UTM)


def routes_along(
    *lines: tuple[str, float | None, float], mode: str = "bus", **columns: Any
) -> gpd.GeoDataFrame:
    """Lay routes (id, y, headway) from west to east, 1 km long; without y they have no line."""
    ids = pd.Index([one for one, _, _ in lines], name="route_id", dtype=object)
    drawn = [None if y is None else LineString([(0, y), (1000, y)]) for _, y, _ in lines]
    table = {"mode": mode, "headway_min": [float(one) for _, _, one in lines], **columns}
    return gpd.GeoDataFrame(table, index=ids, geometry=drawn, crs=UTM)


def pairs(hourly: pd.DataFrame) -> dict[tuple[str, str], float | None]:
    assert hourly.columns.tolist() == HOURLY_COLUMNS
    rows = hourly[["stop_id", "route_id", "trips_per_hour"]].itertuples(index=False)
    return {(one[0], one[1]): None if np.isnan(one[2]) else one[2] for one in rows}


def listed(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["stop_id", "route_id"])


def test_routes_serve_stops_that_their_line_passes() -> None:
    stops = stops_at(("a", 10, 30), ("b", 20, 30.1), ("c", 30, 0))
    hourly = hourly_of(stops, routes_along(("7", 0, 12), ("8", 60, 30)))
    assert pairs(hourly) == {("a", "7"): 5, ("a", "8"): 2, ("b", "8"): 2, ("c", "7"): 5}
    assert hourly[["first_s", "last_s"]].isna().all(axis=None)
    near = hourly_of(stops, routes_along(("7", 0, 12)), near_m=30.2)
    assert set(pairs(near)) == {("a", "7"), ("b", "7"), ("c", "7")}


def test_routes_that_list_their_stops_serve_those_alone() -> None:
    stops = stops_at(("a", 0, 0), ("b", 10, 0), ("far", 0, 900))
    routes = routes_along(("7", 0, 10), ("8", 0, 20))
    hourly = hourly_of(stops, routes, stop_routes=listed(("far", "7"), ("a", "7"), ("a", "7")))
    assert pairs(hourly) == {("a", "7"): 6, ("a", "8"): 3, ("b", "8"): 3, ("far", "7"): 6}


def test_a_route_whose_listed_stops_are_all_gone_serves_those_it_passes() -> None:
    stops, routes = stops_at(("a", 0, 0)), routes_along(("7", 0, 10))
    assert pairs(hourly_of(stops, routes, stop_routes=listed(("gone", "7"), ("a", "lost")))) == {
        ("a", "7"): 6
    }


def test_lines_serve_stops_of_their_mode_and_lists_those_they_name() -> None:
    stops = stops_at(("a", 0, 0))
    trolleys = routes_along(("t", 0, 10), mode="trolleybus")
    assert hourly_of(stops, trolleys).empty
    hourly = hourly_of(stops, trolleys, stop_routes=listed(("a", "t")))
    assert hourly["mode"].tolist() == ["trolleybus"]


def test_unknown_headways_stay_unknown_and_none_is_none() -> None:
    routes = routes_along(("7", 0, np.nan), ("8", 0, np.inf))
    assert pairs(hourly_of(stops_at(("a", 0, 0)), routes)) == {("a", "7"): None, ("a", "8"): 0}


def test_first_and_last_are_passed_on_where_they_are_told() -> None:
    routes = routes_along(("7", 0, 10), first_s=[18000.0], last_s=[np.nan])
    (row,) = hourly_of(stops_at(("a", 0, 0)), routes).to_dict("records")
    assert row["first_s"] == 18000
    assert np.isnan(row["last_s"])


def test_routes_without_line_or_list_serve_nobody() -> None:
    routes = routes_along(("7", None, 10), ("8", None, 10))
    stops = stops_at(("a", 0, 0))
    assert pairs(hourly_of(stops, routes, stop_routes=listed(("a", "8")))) == {("a", "8"): 6}
    assert hourly_of(stops, routes).empty
    assert hourly_of(stops.iloc[:0], routes).empty
    assert hourly_of(stops, routes.iloc[:0]).columns.tolist() == HOURLY_COLUMNS


@given(
    at=st.lists(st.tuples(st.integers(0, 1000), st.integers(-99, 99)), min_size=1, max_size=6),
    across=st.lists(st.integers(-99, 99), min_size=1, max_size=4),
    near_m=st.integers(1, 80),
)
def test_the_stops_served_are_those_a_ruler_would_find(
    at: list[tuple[int, int]], across: list[int], near_m: int
) -> None:
    stops = stops_at(*((f"s{n}", x, y) for n, (x, y) in enumerate(at)))
    routes = routes_along(*((f"r{n}", y, n + 1) for n, y in enumerate(across)))
    expected = {
        (f"s{n}", f"r{m}"): 60 / (m + 1)
        for n, (_, y) in enumerate(at)
        for m, line in enumerate(across)
        if abs(y - line) <= near_m
    }
    hourly = hourly_of(stops, routes, near_m=near_m)
    assert pairs(hourly) == pytest.approx(expected)
    turned = hourly_of(stops[::-1], routes[::-1], near_m=near_m)
    assert pairs(turned) == pairs(hourly)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"headway_min": [0.0, 5.0]}, "headway_min is not above 0: 7$"),
        ({"headway_min": [-1.0, -2.0]}, "headway_min is not above 0: 7, 8"),
        ({"mode": None}, "routes: no column mode"),
    ],
)
def test_faulty_routes_are_refused(change: dict[str, Any], fault: str) -> None:
    routes = routes_along(("7", 0, 10), ("8", 0, 10)).assign(**change).dropna(axis=1, how="all")
    with pytest.raises(DataError, match=fault):
        hourly_of(stops_at(("a", 0, 0)), routes)


def test_faulty_options_and_places_are_refused() -> None:
    stops, routes = stops_at(("a", 0, 0)), routes_along(("7", 0, 10))
    with pytest.raises(DataError, match="near_m: must be above 0"):
        hourly_of(stops, routes, near_m=0)
    with pytest.raises(DataError, match="stop_routes: no column route_id"):
        hourly_of(stops, routes, stop_routes=listed(("a", "7")).drop(columns="route_id"))
    with pytest.raises(CRSError, match="not in one CRS"):
        hourly_of(stops, routes.to_crs(32719))
    with pytest.raises(DataError, match="stops: ids stand more than once: a"):
        hourly_of(pd.concat([stops, stops]), routes)
