"""
Door-to-door times are those of a brute force, to the second.

`timetable_oracle` reads the same zips, shares no code with the router and is held to
journeys by hand and to the list of all journeys in `test_timetable_oracle`.
"""

import datetime as dt
import itertools
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from shapely import Point
from small_timetables import (
    CRS,
    DATE,
    DAYS,
    EAST,
    EVERY_DAY,
    NORTH,
    at,
    clock,
    open_calls,
    stop_row,
    write_gtfs,
)
from timetable_oracle import (
    DAY_S,
    NEVER,
    Question,
    door_to_door,
    read_tables,
    services_on,
    stops_of,
    straight_min,
    straight_walks,
    walk_s,
)

from geoequity.streets import StreetNetwork
from geoequity.transit import Rider, Timetable, _router

WEDNESDAY = dt.date.fromisoformat(DATE)
EDGE_S = 1e-4  # Walks this near to half a second or to a limit could be either; degrees are nearer


# --------------------------------------------------------------- the two sides
def points(places):
    return gpd.GeoSeries(
        [Point(x, y) for x, y in places.values()], index=pd.Index(list(places), dtype=object),
        crs=CRS,
    )  # fmt: skip


def from_one_side(ends, timetable, question, longer, *, streets, rider):
    """Search from origins if that is not longer by so much, or from destinations."""
    with mock.patch.object(_router, "_AS_LONG", longer):
        return timetable.travel_times(
            *ends,
            streets=streets,
            window=tuple(clock(one)[:5] for one in question.window_s),
            within_min=question.within_min,
            percentiles=question.percentiles,
            rider=Rider(
                max_transfers=question.max_transfers, max_walk_min=question.max_walk_min,
                max_change_min=question.max_change_min, detour_factor=question.detour_factor,
                **rider,
            ),
        )  # fmt: skip


def routed(path, question, *, origins, destinations, streets=None, **rider):
    """Ask the router; give minutes by pair and percentile."""
    timetable = Timetable.from_gtfs(path, date=question.date)
    ends = points(origins), points(destinations)
    costs, back = (
        from_one_side(ends, timetable, question, longer, streets=streets, rider=rider)
        for longer in (sys.maxsize, 1e-9)
    )
    pd.testing.assert_frame_equal(costs, back, check_exact=True)
    assert costs.attrs["limit_min"] == question.within_min
    if 50 in question.percentiles:
        assert costs["minutes"].equals(costs["minutes_p50"].rename("minutes"))
    assert not costs.duplicated(["from_id", "to_id"]).any()
    columns = {p: costs[f"minutes_p{p:02d}"] for p in question.percentiles}
    pairs = zip(costs["from_id"], costs["to_id"], strict=True)
    return {
        pair: {p: column.iloc[row] for p, column in columns.items()}
        for row, pair in enumerate(pairs)
    }


def assert_same(found, expected):
    """Compare minutes to the second; the same pairs must be there."""
    assert found.keys() == expected.keys()
    for pair, minutes in expected.items():
        taken = np.array([found[pair][p] for p in minutes])
        np.testing.assert_allclose(
            taken * 60, np.array(list(minutes.values())) * 60, rtol=0, atol=1e-6, err_msg=pair
        )


def assert_routed_by_brute_force(
    path, question, *, origins, destinations, streets=None, walks=None
):
    """Compare all pairs; `walks` are along the streets [minutes], by pair of stops and places."""
    tables = read_tables(path)
    stops = stops_of(tables, CRS)
    straight = straight_walks({**stops, **origins, **destinations}, question.detour_factor)
    walks = straight if walks is None else walks
    if any(is_on_edge(one, question) for one in {*straight.values(), *walks.values()}):
        raise OnEdgeError
    places = {"origins": origins, "destinations": destinations}
    expected = door_to_door(tables, question, stops=stops, walks=walks, **places)
    assert_same(routed(path, question, streets=streets, **places), expected)
    return expected


class OnEdgeError(Exception):
    """A walk could be taken for either of two."""


def is_on_edge(minutes, question):
    """Whether the last digits of a walk decide on what it is taken for."""
    half_s = abs(60 * minutes % 1 - 0.5)
    limits = (question.max_walk_min, question.max_change_min)
    return half_s < EDGE_S or min(abs(minutes - one) for one in limits) * 60 < EDGE_S


# -------------------------------------------------------------- random worlds
@dataclass
class World:
    """A timetable and what is asked of it."""

    tables: dict
    question: Question
    origins: dict
    destinations: dict
    streets: StreetNetwork | None = None
    walks: dict | None = field(default=None, repr=False)

    def check(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "gtfs.zip"
            write_gtfs(path, **self.tables)
            try:
                assert_routed_by_brute_force(
                    path, self.question, origins=self.origins, destinations=self.destinations,
                    streets=self.streets, walks=self.walks,
                )  # fmt: skip
            except OnEdgeError:
                reject()


# Services by the day they run on, seen from the day asked for
BY_DAY = {
    -1: ["daily", "eve"], 0: ["daily", "daily", "today", "today", "away"], 1: ["daily", "morrow"],
}  # fmt: skip
NEVER_ON = dict.fromkeys(DAYS, 0)
SPAN = {"start_date": 20240101, "end_date": 20241231}
CALENDAR = [
    EVERY_DAY,
    {**EVERY_DAY, "service_id": "away"},  # but not today
    {"service_id": "today", **NEVER_ON, "wednesday": 1, **SPAN},
    {"service_id": "eve", **NEVER_ON, "start_date": 20240514, "end_date": 20240514, "tuesday": 1},
]
EXCEPTIONS = [
    {"service_id": "away", "date": 20240515, "exception_type": 2},
    {"service_id": "morrow", "date": 20240516, "exception_type": 1},
]
mostly = st.sampled_from([True] * 8 + [False])
runs_s = st.sampled_from([0, 30, 60, 61, 120, 180, 299, 300, 600])
stands_s = st.sampled_from([0, 0, 0, 30, 60, 200])


@st.composite
def some(draw, one, *sizes):
    """List some of a kind; left to itself, hypothesis is fond of short lists."""
    size = draw(st.sampled_from(sizes))
    return draw(st.lists(one, min_size=size, max_size=size))


@st.composite
def questions(draw):
    start_s = at(draw(st.sampled_from(["0:00", "0:10", "7:00", "7:00", "23:40", "24:20", "25:30"])))
    long_min = draw(st.integers(1, 12) | st.just(60))
    percentiles = st.sampled_from([0, 1, 5, 25, 33, 50, 75, 95, 99, 100])
    return Question(
        date=WEDNESDAY,
        window_s=(start_s, start_s + 60 * long_min),
        within_min=draw(st.sampled_from([7.5, 20.0, 45.0, 90.0, 90.0])),
        percentiles=tuple(draw(st.lists(percentiles, min_size=1, max_size=4, unique=True))),
        max_transfers=draw(st.sampled_from([0, 1, 2, 3, 3])),
        max_walk_min=draw(st.sampled_from([2.0, 7.3, 20.0])),
        max_change_min=draw(st.sampled_from([1.0, 4.7, 10.0])),
        detour_factor=draw(st.sampled_from([1.0, 1.3, 1.7])),
    )


@st.composite
def days(draw, at_s):
    """Choose a service, and a time of its day that is `at_s` of the day asked for."""
    day = draw(st.sampled_from([-1, 0, 0, 0, 1]))
    if at_s < day * DAY_S:
        day = at_s // DAY_S
    return at_s - day * DAY_S, draw(st.sampled_from(BY_DAY[day]))


@st.composite
def calls_from(draw, pattern, flags):
    """Let a vehicle run along a pattern, from second 0 on."""
    now, calls = 0, []
    for stop, (may_board, may_alight) in zip(pattern, flags, strict=True):
        arrival = now + (draw(runs_s) if calls else 0)
        now = arrival + draw(stands_s)
        calls.append((stop, arrival, now, may_board, may_alight))
    return calls


def later(calls, by_s):
    return [(stop, one + by_s, other + by_s, *flags) for stop, one, other, *flags in calls]


@st.composite
def frequencies_of(draw, trip, start_s):
    """Run a trip every so often, and maybe at another pace thereafter."""
    rows = []
    for _ in range(draw(st.integers(1, 2))):
        end_s = start_s + draw(st.sampled_from([1, 300, 600, 601, 1800, 5400]))
        rows.append(
            {
                "trip_id": trip, "start_time": clock(start_s), "end_time": clock(end_s),
                "headway_secs": draw(st.sampled_from([60, 90, 300, 421, 600])),
                "exact_times": draw(st.sampled_from(["", 0, 1])),
            }
        )  # fmt: skip
        start_s = end_s
    return rows


def rule(start, end, kind, least_s):
    """Write a row of the transfers."""
    return {
        "from_stop_id": start, "to_stop_id": end, "transfer_type": kind,
        "min_transfer_time": least_s if kind == 2 else "",
    }  # fmt: skip


least = st.sampled_from([0, 30, 180, 900])


@st.composite
def chains(draw, stops, walks, leaves_s):
    """
    Make rides each of which is just for whoever comes by the last, or just not.

    `stops` tells the station of each, `walks` guesses the walk between two [s]. Gives calls
    by trip and rules of changes.
    """
    calls, rules, here = {}, {}, draw(st.sampled_from(list(stops)))
    for number in range(draw(st.sampled_from([1, 2, 3, 4]))):
        there = draw(st.sampled_from(list(stops)))
        ride = later(draw(calls_from([here, there], [(True, True)] * 2)), leaves_s)
        calls[f"chain{number}"] = ride
        of_station = [one for one in stops if stops[one] == stops[there]]
        here = draw(st.just(there) | st.sampled_from(of_station) | st.sampled_from(list(stops)))
        kind = draw(st.sampled_from([None, None, 0, 1, 2, 3]))
        change_s = draw(st.sampled_from([0] if here == there else walks(there, here)))
        if kind is not None and (there, here) not in rules:
            rules[there, here] = rule(there, here, kind, draw(least))
            change_s = rules[there, here]["min_transfer_time"] if kind == 2 else change_s
        leaves_s = ride[-1][1] + max(change_s + draw(st.sampled_from([-1, 0, 0, 1, 60])), 0)
    return calls, rules


@st.composite
def transfers_of(draw, stops, rules):
    """Rule changes between stops and stations, no pair twice; some are ruled already."""
    members = {stop: [stop] for stop in stops}
    for stop, station in stops.items():
        if station:
            members.setdefault(station, []).append(stop)
    ends, ruled, rows = st.sampled_from(list(members)), set(rules), list(rules.values())
    for start, end in draw(st.lists(st.tuples(ends, ends), max_size=5, unique=True)):
        pairs = set(itertools.product(members[start], members[end]))
        if not pairs & ruled:
            ruled |= pairs
            rows.append(rule(start, end, draw(st.integers(0, 3)), draw(least)))
    return rows


@st.composite
def timetables(draw, spots, start_s, walks):
    """
    Make the tables of a feed whose stops lie at `spots`.

    There is a chain of rides, and routes run anyhow.
    """
    of_station = st.sampled_from([None, None, "X", "Y"])
    stops = {stop: draw(of_station) for stop in spots}
    stop_rows = [stop_row(stop, *spots[stop], station=station) for stop, station in stops.items()]
    used = sorted({one for one in stops.values() if one})
    stop_rows += [stop_row(one, *spots["s0"], kind=1) for one in used]

    calls, rules = draw(chains(stops, walks, start_s + 60 * draw(st.integers(0, 5))))
    trips, routes, frequencies = dict.fromkeys(calls, "today"), {}, []
    for route in range(draw(st.sampled_from([0, 1, 5, 8]))):
        pattern = draw(some(st.sampled_from(list(stops)), 2, 3, 4, 6))
        flags = draw(some(st.tuples(mostly, mostly), len(pattern)))
        usual = draw(calls_from(pattern, flags))
        for number in range(draw(st.sampled_from([1, 4, 6]))):
            trip = f"r{route}t{number}"
            listed = draw(st.just(usual) | calls_from(pattern, flags))
            leaves_s, trips[trip] = draw(days(start_s + 30 * draw(st.integers(-10, 60))))
            if draw(st.sampled_from([True, False, False])):
                frequencies += draw(frequencies_of(trip, leaves_s))
                leaves_s = draw(st.sampled_from([leaves_s, 0]))
            calls[trip] = later(listed, leaves_s)
            routes[trip] = f"r{route}"
    return {
        "stops": stop_rows, "calls": calls, "trips": trips, "routes": routes,
        "frequencies": frequencies, "transfers": draw(transfers_of(stops, rules)),
        "calendar": CALENDAR, "calendar_dates": EXCEPTIONS,
    }  # fmt: skip


@st.composite
def open_worlds(draw):
    """Make a world without streets."""
    question = draw(questions())
    wide_m = draw(st.sampled_from([2000, 4000, 10_000, 30_000]))
    spot = st.tuples(st.integers(0, wide_m), st.integers(0, wide_m))
    spots = draw(some(spot, 2, 5, 8))
    by_stop = {f"s{number}": one for number, one in enumerate(spots)}

    def walks(one, other):
        return [walk_s(straight_min(by_stop[one], by_stop[other], question.detour_factor))]

    tables = draw(timetables(by_stop, question.window_s[0], walks))
    ends = st.just(spots) | st.just(spots) | some(st.sampled_from(spots) | spot, 1, 3)
    moved = [[(EAST + x, NORTH + y) for x, y in draw(ends)] for _ in range(2)]
    origins, destinations = (
        {f"{side}{number}": one for number, one in enumerate(places)}
        for side, places in zip("od", moved, strict=True)
    )
    return World(tables, question, origins, destinations)


@st.composite
def street_worlds(draw):
    """Make a world on a small grid of streets; stops and places are at the crossings."""
    columns, rows = draw(st.integers(2, 4)), draw(st.integers(2, 4))
    block_m = draw(st.sampled_from([300, 1000, 2000, 4000]))
    off = st.integers(-block_m // 5, block_m // 5)
    at_node = {
        (c, r): (block_m * c + draw(off), block_m * r + draw(off))
        for c in range(columns)
        for r in range(rows)
    }
    graph = nx.grid_2d_graph(columns, rows)
    for edge in draw(st.lists(st.sampled_from(sorted(graph.edges)), max_size=6, unique=True)):
        graph.remove_edge(*edge)
        if not nx.is_connected(graph):
            graph.add_edge(*edge)
    for one, other in graph.edges:
        straight_m = float(np.hypot(*np.subtract(at_node[one], at_node[other])))
        winding = draw(st.sampled_from([1.0, 1.0, 1.37, 2.6]))
        graph.edges[one, other]["metres"] = straight_m * winding
    number = {node: place for place, node in enumerate(at_node)}
    x, y = np.array(list(at_node.values()), dtype=float).T
    ends = np.array([[number[one], number[other]] for one, other in graph.edges])
    streets = StreetNetwork.from_arrays(
        EAST + x, NORTH + y, *ends.T,
        np.array([metres for *_, metres in graph.edges.data("metres")]), crs=CRS,
    )  # fmt: skip

    question = draw(questions())
    nodes = st.sampled_from(list(at_node))
    of_stops = draw(some(nodes, 2, 5, 8))
    ends = st.just(of_stops) | st.just(of_stops) | some(nodes, 1, 3)
    node_of = {
        f"{kind}{position}": node
        for kind, listed in (("s", of_stops), ("o", draw(ends)), ("d", draw(ends)))
        for position, node in enumerate(listed)
    }
    spots = {one: at_node[node] for one, node in node_of.items()}
    metres = dict(nx.all_pairs_dijkstra_path_length(graph, weight="metres"))
    walks = {
        (one, other): metres[node_of[one]][node_of[other]] / 80
        for one, other in itertools.product(node_of, node_of)
    }

    def walks_s(one, other):
        straight = straight_min(spots[one], spots[other], question.detour_factor)
        return [walk_s(straight), walk_s(walks[one, other])]

    by_stop = {one: spot for one, spot in spots.items() if one.startswith("s")}
    tables = draw(timetables(by_stop, question.window_s[0], walks_s))
    origins, destinations = (
        {one: (EAST + x, NORTH + y) for one, (x, y) in spots.items() if one.startswith(kind)}
        for kind in "od"
    )
    return World(tables, question, origins, destinations, streets, walks)


@settings(max_examples=40, deadline=None)
@given(open_worlds())
def test_random_timetables_without_streets(world):
    world.check()


@settings(max_examples=40, deadline=None)
@given(street_worlds())
def test_random_timetables_along_streets(world):
    world.check()


@pytest.mark.slow
@settings(max_examples=750, deadline=None)
@given(open_worlds())
def test_many_random_timetables_without_streets(world):
    world.check()


@pytest.mark.slow
@settings(max_examples=750, deadline=None)
@given(street_worlds())
def test_many_random_timetables_along_streets(world):
    world.check()


# ----------------------------------------------------------- traps, one by one
FAR = {stop: (10_000 * number, 0) for number, stop in enumerate("ABCDZ")}  # too far to walk
ENDS = {
    "origins": {"o": (EAST + FAR["A"][0], NORTH)},
    "destinations": {"d": (EAST + FAR["Z"][0], NORTH)},
}


def write_line(path, trips, *, services=None, **tables):
    """Write trips between stops that are too far from one another to walk."""
    write_gtfs(
        path,
        stops=[stop_row(one, *spot) for one, spot in FAR.items()],
        calls={trip: open_calls(text) for trip, text in trips.items()},
        trips=services or dict.fromkeys(trips, "daily"),
        **tables,
    )


def travel_s(folder, trips, *, spots=FAR, home="A", work="Z", **how):
    """
    Travel from the stop `home` to the stop `work` [s] by the router; infinite if there is no way.

    Trips are written ``A 7:00 | B 7:10 7:11``; the brute force must agree.
    """
    stations = how.pop("stations", {})
    along = {name: how.pop(name) for name in ("streets", "walks") if name in how}
    barred = how.pop("barred", {})  # by trip and stop: may board, may alight
    tables = {name: how.pop(name) for name in ("frequencies", "transfers") if name in how}
    window = how.pop("window", ("7:00", "7:01"))
    calls = {
        trip: [(*call[:3], *barred.get((trip, call[0]), call[3:])) for call in open_calls(text)]
        for trip, text in trips.items()
    }
    rows = [stop_row(one, *spot, station=stations.get(one)) for one, spot in spots.items()]
    rows += [stop_row(one, 0, 0, kind=1) for one in sorted(set(stations.values()))]
    path = folder / "gtfs.zip"
    write_gtfs(path, stops=rows, calls=calls, trips=dict.fromkeys(trips, "daily"), **tables)
    places = {one: (EAST + spots[one][0], NORTH + spots[one][1]) for one in (home, work)}
    question = Question(
        date=WEDNESDAY, window_s=tuple(at(one) for one in window), **{"within_min": 120.0, **how},
        percentiles=(50,),
    )  # fmt: skip
    ends = {"origins": {"o": places[home]}, "destinations": {"d": places[work]}}
    expected = assert_routed_by_brute_force(path, question, **ends, **along)
    return 60 * expected.get(("o", "d"), {50: NEVER})[50]


def test_the_overtaking_bus_is_taken(tmp_path):
    trips = {"slow": "A 7:00 | B 7:30 | Z 7:40", "swift": "A 7:05 | B 7:10 | Z 7:35"}
    assert travel_s(tmp_path, trips) == 35 * 60
    # the first is overtaken before B, and overtakes in turn after it
    trips = {"one": "A 7:00 | B 7:30 | Z 7:40", "other": "A 7:05 | B 7:10 | Z 7:50"}
    assert travel_s(tmp_path, trips, max_transfers=0) == 40 * 60
    assert travel_s(tmp_path, trips, work="B") == 10 * 60
    assert travel_s(tmp_path, trips, window=("7:05", "7:06"), max_transfers=1) == 35 * 60
    assert travel_s(tmp_path, trips, window=("7:05", "7:06"), max_transfers=0) == 45 * 60


def test_of_two_buses_at_the_same_second_the_swifter_is_taken(tmp_path):
    trips = {"slow": "A 7:05 | B 7:20 | Z 7:40", "swift": "A 7:05 | B 7:20 | Z 7:30"}
    assert travel_s(tmp_path, trips) == 30 * 60


def test_a_loop_calls_twice_at_a_stop(tmp_path):
    loop = {"loop": "A 7:00 | B 7:10 | C 7:20 | A 7:30 | Z 7:40"}
    assert travel_s(tmp_path, loop) == 40 * 60
    assert travel_s(tmp_path, loop, window=("7:01", "7:02")) == 39 * 60
    assert travel_s(tmp_path, loop, window=("7:01", "7:02"), work="B") == NEVER
    # boarded at its second call, and at the first where only that is allowed
    twice = {"t": "B 7:00 | C 7:10 | B 7:20 | Z 7:30", "feeder": "A 7:00 | B 7:15"}
    assert travel_s(tmp_path, twice) == 30 * 60
    assert travel_s(tmp_path, twice, home="B", work="C", window=("7:05", "7:06")) == NEVER


def test_no_time_passes_at_a_stop_or_between_stops(tmp_path):
    trips = {"a": "A 7:00 | B 7:00 | C 7:00", "c": "C 7:00 | D 7:00", "d": "D 7:00 | Z 7:00"}
    assert travel_s(tmp_path, trips, max_transfers=2) == 0
    assert travel_s(tmp_path, trips, max_transfers=1) == NEVER


def test_whoever_comes_at_the_second_of_departure_boards(tmp_path):
    spots = {**FAR, "A": (0, 0), "home": (200, 0)}  # 195 s
    trips = {"a": "A 7:03:15 | B 7:10", "b": "B 7:10 | Z 7:20"}
    assert travel_s(tmp_path, trips, spots=spots, home="home") == 20 * 60
    trips = {"a": "A 7:03:14 | B 7:10", "b": "B 7:10 | Z 7:20"}
    assert travel_s(tmp_path, trips, spots=spots, home="home") == NEVER
    trips = {"a": "A 7:03:15 | B 7:10", "b": "B 7:09:59 | Z 7:20"}
    assert travel_s(tmp_path, trips, spots=spots, home="home") == NEVER


@pytest.mark.parametrize(
    ("trip", "window", "expected_min"),
    [
        ("A 23:55 | Z 24:10", ("23:50", "23:51"), 20),
        ("A 24:05 | Z 24:20", ("0:00", "0:01"), 20),  # of the day before
        ("A 24:05 | Z 24:20", ("24:00", "24:01"), 20),
        ("A 0:05 | Z 0:20", ("23:59", "24:00"), 21),  # of the day after
        ("A 0:05 | Z 0:20", ("24:05", "24:06"), 15),
        ("A 23:50 | Z 24:30", ("0:00", "0:01"), None),
        ("A 25:29 26:00 | Z 26:10", ("25:30", "25:31"), 40),
    ],
)
def test_days_follow_one_another(tmp_path, trip, window, expected_min):
    expected_s = NEVER if expected_min is None else 60 * expected_min
    assert travel_s(tmp_path, {"t": trip}, window=window) == expected_s


@pytest.mark.parametrize("exact", [0, 1])
@pytest.mark.parametrize(
    ("window_start", "expected_min"),
    [("7:00", 10), ("7:01", 19), ("7:20", 10), ("7:21", None)],
)
def test_frequencies_end_before_their_end(tmp_path, exact, window_start, expected_min):
    # 7:00, 7:10 and 7:20, not 7:30; the trip's own 5:00 is none
    row = {
        "trip_id": "t", "start_time": "7:00:00", "end_time": "7:30:00", "headway_secs": 600,
        "exact_times": exact,
    }  # fmt: skip
    expected_s = NEVER if expected_min is None else 60 * expected_min
    window = (window_start, clock(at(window_start) + 60))
    trips = {"t": "A 4:59 5:00 | Z 5:10"}
    assert travel_s(tmp_path, trips, frequencies=[row], window=window) == expected_s
    assert travel_s(tmp_path, trips, frequencies=[row], window=("5:00", "5:01")) == NEVER


def test_no_two_walks_follow_one_another(tmp_path):
    # B, C and D in a row, 600 m (585 s, 9.75 min) from one to the next
    spots = {"A": (0, 0), "B": (10_000, 0), "C": (10_600, 0), "D": (11_200, 0), "Z": (30_000, 0)}
    how = {"spots": spots, "max_walk_min": 10.0, "max_change_min": 10.0}
    from_c = {"a": "A 7:00 | B 7:10", "c": "C 7:30 | Z 7:40"}
    from_d = {"a": "A 7:00 | B 7:10", "d": "D 7:50 | Z 7:55"}
    assert travel_s(tmp_path, from_c, **how) == 40 * 60
    assert travel_s(tmp_path, from_d, **how) == NEVER  # from B to D are two changes
    assert travel_s(tmp_path, from_d, home="B", **how) == NEVER  # a walk to C, a change to D
    assert travel_s(tmp_path, from_d, home="C", **how) == 55 * 60
    assert travel_s(tmp_path, {"a": "A 7:00 | B 7:10"}, work="D", **how) == NEVER
    assert travel_s(tmp_path, {"a": "A 7:00 | B 7:10"}, work="C", **how) == 600 + 585


def test_stops_of_a_station_are_changed_between_however_far(tmp_path):
    # 2000 m: 1950 s, 32.5 min
    spots = {"A": (0, 0), "B": (10_000, 0), "C": (12_000, 0), "Z": (30_000, 0)}
    trips = {"a": "A 7:00 | B 7:10", "c": "C 7:42:30 | Z 7:50", "d": "C 8:00 | Z 8:10"}
    assert travel_s(tmp_path, trips, spots=spots) == NEVER
    station = {"B": "X", "C": "X"}
    assert travel_s(tmp_path, trips, spots=spots, stations=station) == 50 * 60
    trips["c"] = "C 7:42:29 | Z 7:50"
    assert travel_s(tmp_path, trips, spots=spots, stations=station) == 70 * 60


@pytest.mark.parametrize(
    ("street_m", "is_station", "kind", "expected_min", "how"),
    [
        # A straight walk from B to C, 400 m and some more, is one of 390 s
        (1000, False, None, None, {}),  # 750 s, over 10 min
        (1000, True, None, 22, {}),
        (1000, False, 0, 22, {}),
        (1000, True, 1, 22, {}),
        (1000, True, 3, None, {}),
        (600, False, None, 23, {}),  # 450 s
        (600, True, None, 22, {}),
        (400, False, None, 20, {}),  # 300 s
        (400, True, None, 20, {}),
        (400, False, 1, 20, {}),
        # Farther than people change by themselves: where they are told to, streets still help
        (400, False, None, None, {"max_change_min": 2.0}),  # 300 s
        (400, False, 0, 20, {"max_change_min": 2.0}),
        (400, True, None, 20, {"max_change_min": 2.0}),
        (600, False, 0, 22, {"max_change_min": 2.0}),
    ],
)
def test_changes_follow_streets_or_are_straight(
    tmp_path, street_m, is_station, kind, expected_min, how
):
    spots = {"A": (0, 0), "B": (10_000, 0), "C": (10_400, 0), "Z": (30_000, 0)}
    lengths_m = np.array([10_000.0, street_m, 19_600.0])
    streets = StreetNetwork.from_arrays(
        EAST + np.array([x for x, _ in spots.values()], dtype=float), np.full(4, NORTH),
        np.arange(3), np.arange(1, 4), lengths_m, crs=CRS,
    )  # fmt: skip
    along_m = dict(
        zip([*spots, "o", "d"], [0, *lengths_m.cumsum(), 0, lengths_m.sum()], strict=True)
    )
    walks = {
        (one, other): abs(along_m[one] - along_m[other]) / 80
        for one, other in itertools.product(along_m, along_m)
    }
    onward = {f"c{minute}": f"C 7:{minute}:00 | Z 7:{minute + 5}:00" for minute in range(10, 50)}
    ruled = {} if kind is None else {"transfers": [rule("B", "C", kind, 0)]}
    stations = {"B": "X", "C": "X"} if is_station else {}
    found_s = travel_s(
        tmp_path, {"a": "A 7:00 | B 7:10", **onward}, spots=spots, streets=streets, walks=walks,
        stations=stations, **ruled, **how,
    )  # fmt: skip
    assert found_s == (NEVER if expected_min is None else 60 * expected_min)


def test_what_takes_just_as_long_as_allowed_is_reached(tmp_path):
    trips = {"t": "A 7:00 | Z 7:40"}
    assert travel_s(tmp_path, trips, within_min=40.0) == 40 * 60
    assert travel_s(tmp_path, trips, within_min=39.99) == NEVER


@pytest.mark.parametrize("kind", [None, 0, 1, 2, 3])
@pytest.mark.parametrize(
    ("metres", "minutes_by_kind"),
    [
        (0, {None: 15, 0: 15, 1: 15, 2: 26, 3: None}),  # at one stop
        (400, {None: 22, 0: 22, 1: 22, 2: 26, 3: None}),  # 390 s apart
        (2000, {None: None, 0: 48, 1: 48, 2: 26, 3: None}),  # 1950 s
    ],
)
def test_transfers_are_ruled(tmp_path, kind, metres, minutes_by_kind):
    # One is at B at 7:10, and from C there is a bus every minute
    leaves = range(at("7:10"), at("8:00"), 60)
    onward = {f"c{one}": f"C {clock(one)} | Z {clock(one + 300)}" for one in leaves}
    spots = {"A": (0, 0), "B": (10_000, 0), "C": (10_000 + metres, 0), "Z": (30_000, 0)}
    start = "B" if metres else "C"
    trips = {"a": f"A 7:00 | {start} 7:10", **onward}
    ruled = {} if kind is None else {"transfers": [rule(start, "C", kind, 601)]}
    minutes = minutes_by_kind[kind]
    expected_s = NEVER if minutes is None else 60 * minutes
    assert travel_s(tmp_path, trips, spots=spots, **ruled) == expected_s


def test_nobody_boards_or_alights_where_it_is_barred(tmp_path):
    trips = {"t": "A 7:00 | B 7:10 | Z 7:30", "swift": "B 7:10 | Z 7:12"}
    assert travel_s(tmp_path, trips) == 12 * 60
    assert travel_s(tmp_path, trips, barred={("t", "B"): (True, False)}) == 30 * 60
    assert travel_s(tmp_path, trips, barred={("swift", "B"): (False, True)}) == 30 * 60
    assert travel_s(tmp_path, trips, barred={("t", "A"): (False, True)}) == NEVER
    assert travel_s(tmp_path, trips, barred={("swift", "Z"): (True, False)}) == 30 * 60


def test_draws_do_not_touch_trips_that_leave_on_the_second(tmp_path):
    row = {
        "trip_id": "t", "start_time": "6:30:00", "end_time": "8:00:00", "headway_secs": 420,
        "exact_times": 1,
    }  # fmt: skip
    path = tmp_path / "gtfs.zip"
    write_line(path, {"t": "A 6:00 | Z 6:10", "own": "A 7:13 | Z 7:20"}, frequencies=[row])
    question = Question(
        date=WEDNESDAY, window_s=(at("7:00"), at("7:17")), within_min=90.0,
        percentiles=(0, 5, 50, 95, 100),
    )  # fmt: skip
    expected = assert_routed_by_brute_force(path, question, **ENDS)
    assert_same(routed(path, question, **ENDS, draws=3), expected)


def test_draws_spread_departures_evenly_over_the_headway(tmp_path):
    row = {
        "trip_id": "t", "start_time": "6:00:00", "end_time": "8:00:00", "headway_secs": 600,
        "exact_times": 0,
    }  # fmt: skip
    path = tmp_path / "gtfs.zip"
    write_line(path, {"t": "A 6:00 | Z 6:10"}, frequencies=[row])
    question = Question(
        date=WEDNESDAY, window_s=(at("7:03"), at("7:04")), within_min=90.0,
        percentiles=(0, 25, 50, 75, 100),
    )  # fmt: skip
    number = 400
    found = routed(path, question, **ENDS, draws=number)
    # Waits are even on 0, 1 ... 599 s: the p-th of n has a variance of 600 s squared * p (1-p) / n
    waits_s = {p: 60 * minutes - 600 for p, minutes in found["o", "d"].items()}
    assert waits_s[0] >= 0
    assert waits_s[100] <= 599
    for p, wait_s in waits_s.items():
        share = p / 100
        deviation_s = 600 * np.sqrt(share * (1 - share) / number)
        assert wait_s == pytest.approx(600 * share, abs=5 * deviation_s + 12)
    assert_same(routed(path, question, **ENDS, draws=number), found)
    other = routed(path, question, **ENDS, draws=number, seed=1)
    assert other["o", "d"] != found["o", "d"]


def test_services_that_run_are_those_of_the_calendar(tmp_path):
    path = tmp_path / "gtfs.zip"
    services = ["daily", "away", "today", "eve", "morrow"]
    trips = dict.fromkeys(services, "A 7:00 | Z 7:10")
    write_line(
        path, trips, services={one: one for one in services}, calendar=CALENDAR,
        calendar_dates=EXCEPTIONS,
    )  # fmt: skip
    for day in (13, 14, 15, 16):
        date = dt.date(2024, 5, day)
        expected = services_on(read_tables(path), date)
        assert set(Timetable.from_gtfs(path, date=date).active_services) == expected
    assert expected == {"daily", "away", "morrow"}
