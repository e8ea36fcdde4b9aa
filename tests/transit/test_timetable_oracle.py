"""The brute force is itself right: journeys by hand, and every journey of tiny timetables."""

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_timetables import CRS, DAYS, EAST, EVERY_DAY, NORTH, at, open_calls, stop_row, write_gtfs
from timetable_oracle import (
    NEVER,
    Call,
    Calls,
    Question,
    Stop,
    change_s,
    departures,
    door_to_door,
    earliest_arrivals,
    minutes_taken,
    percentile,
    read_tables,
    rules_of,
    services_on,
    stops_of,
    straight_walks,
    vehicles_on,
    walk_s,
)

WEDNESDAY = dt.date(2024, 5, 15)


def ride(text, **flags):
    """Make a vehicle of ``A 7:00 | B 7:10 7:11``."""
    calls = [Call(*one) for one in open_calls(text)]
    return [one._replace(**flags.get(one.stop, {})) for one in calls]


def arrive(vehicles, *, start="7:00", access=None, changes=None, egress=None, **how):
    """Travel from home, at stop A, to work, at stop Z."""
    stops = {call.stop for vehicle in vehicles for call in vehicle}
    same = {stop: {stop: 0} for stop in stops}
    for (one, other), taken in (changes or {}).items():
        same[one][other] = taken
    how = {"direct": {}, "max_rides": 4, **how}
    arrival = earliest_arrivals(
        vehicles, start_s=at(start), access=access or {"A": 0}, changes=same,
        egress={"work": egress or {"Z": 0}}, **how,
    )  # fmt: skip
    return arrival["work"]


# -------------------------------------------------------------------- journeys
def test_a_ride_begins_and_ends_with_a_walk():
    vehicles = [ride("A 7:05 | Z 7:15"), ride("A 7:06 | Z 7:16"), ride("A 7:20 | Z 7:30")]
    assert arrive(vehicles) == at("7:15")
    assert arrive(vehicles, access={"A": 301}, egress={"Z": 90}) == at("7:17:30")
    assert arrive(vehicles, start="7:21") == NEVER


def test_the_vehicle_that_leaves_at_the_second_of_arrival_is_caught():
    vehicles = [ride("A 7:05 | B 7:10"), ride("B 7:10 | Z 7:12")]
    assert arrive(vehicles, start="7:05") == at("7:12")
    assert arrive(vehicles, access={"A": 300}) == at("7:12")
    assert arrive(vehicles, access={"A": 301}) == NEVER


def test_a_bus_that_overtakes_is_taken():
    # The first to leave is the last to come
    vehicles = [ride("A 7:00 | B 7:30 | Z 7:40"), ride("A 7:05 | B 7:10 | Z 7:50")]
    assert arrive(vehicles) == at("7:40")
    assert arrive(vehicles, egress={"B": 0}) == at("7:10")
    # and whoever is swift changes to the one that is overtaken
    assert arrive(vehicles, start="7:05", max_rides=2) == at("7:40")
    assert arrive(vehicles, start="7:05", max_rides=1) == at("7:50")


def test_a_loop_comes_by_twice():
    loop = ride("A 7:00 | B 7:10 | C 7:20 | A 7:30 | Z 7:40")
    assert arrive([loop], start="7:01") == at("7:40")
    assert arrive([loop], start="7:00", egress={"C": 0}) == at("7:20")
    assert arrive([loop], start="7:01", egress={"C": 0}) == NEVER
    assert arrive([loop], egress={"A": 60}) == at("7:31")  # round and back, without a direct walk


def test_no_time_may_pass_at_a_stop_or_between_stops():
    vehicles = [ride("A 7:00 | B 7:00 | C 7:00"), ride("C 7:00 | D 7:00"), ride("D 7:00 | Z 7:00")]
    assert arrive(vehicles, max_rides=3) == at("7:00")
    assert arrive(vehicles, max_rides=2) == NEVER


def test_nobody_boards_or_alights_where_it_is_barred():
    calls = "A 7:00 | B 7:10 | Z 7:20"
    assert arrive([ride(calls, A={"may_board": False})]) == NEVER
    assert arrive([ride(calls, Z={"may_alight": False})]) == NEVER
    assert arrive([ride(calls, B={"may_board": False, "may_alight": False})]) == at("7:20")
    swift = ride("B 7:10 | Z 7:12")
    assert arrive([ride(calls, B={"may_alight": False}), swift]) == at("7:20")
    assert arrive([ride(calls), swift]) == at("7:12")


def test_a_change_takes_its_time_and_is_one_walk():
    vehicles = [ride("A 7:00 | B 7:10"), ride("C 7:12 | Z 7:20"), ride("C 7:30 | Z 7:40")]
    assert arrive(vehicles) == NEVER
    assert arrive(vehicles, changes={("B", "C"): 120}) == at("7:20")
    assert arrive(vehicles, changes={("B", "C"): 121}) == at("7:40")
    # neither two changes, nor one after the walk from home, nor one before the walk to work
    assert arrive(vehicles, changes={("B", "A"): 0, ("A", "C"): 0}) == NEVER
    assert arrive(vehicles, access={"B": 0}, changes={("B", "C"): 0}) == NEVER
    assert arrive(vehicles, egress={"C": 0}, changes={("B", "C"): 0}) == NEVER


def test_no_more_rides_than_allowed():
    vehicles = [ride("A 7:00 | B 7:10"), ride("B 7:10 | Z 7:20"), ride("A 7:00 | Z 8:00")]
    assert arrive(vehicles, max_rides=1) == at("8:00")
    assert arrive(vehicles, max_rides=2) == at("7:20")


def test_who_walks_may_be_sooner():
    vehicles = [ride("A 7:10 | Z 7:20")]
    assert arrive(vehicles, direct={"work": 1199}) == at("7:19:59")
    assert arrive(vehicles, direct={"work": 1201}) == at("7:20")
    assert arrive([], direct={"work": 60}) == at("7:01")


STOPS = "ABCD"
whole = st.integers(0, 6)
steps = st.lists(
    st.tuples(st.sampled_from(STOPS), whole, whole, st.booleans(), st.booleans()),
    min_size=2, max_size=4,
)  # fmt: skip


def as_vehicle(listed):
    """Let a vehicle call at stops, running and standing so many seconds before and at each."""
    now, vehicle = 0, []
    for stop, running, standing, may_board, may_alight in listed:
        vehicle.append(Call(stop, now + running, now + running + standing, may_board, may_alight))
        now += running + standing
    return vehicle


def every_arrival(ready, vehicles, changes, egress, rides):
    """Go every way there is: whom to board where, where to alight and where to change to."""
    for vehicle in vehicles if rides else []:
        for place, board in enumerate(vehicle):
            if not board.may_board or ready.get(board.stop, NEVER) > board.departure:
                continue
            for alight in vehicle[place + 1 :]:
                if not alight.may_alight:
                    continue
                if alight.stop in egress:
                    yield alight.arrival + egress[alight.stop]
                for other, taken in changes[alight.stop].items():
                    then = {other: alight.arrival + taken}
                    yield from every_arrival(then, vehicles, changes, egress, rides - 1)


@given(
    vehicles=st.lists(steps.map(as_vehicle), max_size=4),
    walks=st.lists(st.none() | st.integers(0, 8), min_size=16, max_size=16),
    access=st.dictionaries(st.sampled_from(STOPS), whole),
    egress=st.dictionaries(st.sampled_from(STOPS), whole),
    direct=st.none() | st.integers(0, 30),
    max_rides=st.integers(1, 3),
)
def test_both_searches_find_the_best_of_all_journeys(
    vehicles, walks, access, egress, direct, max_rides
):
    pairs = [(one, other) for one in STOPS for other in STOPS]
    changes = {one: {} for one in STOPS}
    for (one, other), taken in zip(pairs, walks, strict=True):
        if taken is not None:
            changes[one][other] = taken
    every = list(every_arrival(access, vehicles, changes, egress, max_rides))
    expected = min([*every, NEVER if direct is None else direct])
    how = {
        "start_s": 0, "access": access, "egress": {"work": egress}, "max_rides": max_rides,
        "direct": {} if direct is None else {"work": direct},
    }  # fmt: skip
    assert earliest_arrivals(vehicles, changes=changes, **how)["work"] == expected
    assert Calls(vehicles, STOPS, changes).earliest_arrivals(**how)["work"] == expected


# ------------------------------------------------------------------ timetables
def leaves_of(path, date=WEDNESDAY):
    """List when vehicles leave their first stops."""
    return sorted(vehicle[0].departure for vehicle in vehicles_on(read_tables(path), date))


def write(path, trips, *, stops="AB", **tables):
    """Write a timetable of daily trips between stops 10 km apart."""
    write_gtfs(
        path,
        stops=[stop_row(stop, 10_000 * number, 0) for number, stop in enumerate(stops)],
        calls={trip: open_calls(text) for trip, text in trips.items()},
        trips=dict.fromkeys(trips, "daily"),
        **tables,
    )
    return path


def test_services_run_by_weekday_span_and_exception(tmp_path):
    none = dict.fromkeys(DAYS, 0)
    span = {"start_date": 20240514, "end_date": 20240516}
    rows = [
        {"service_id": "wed", **none, "wednesday": 1, **span},
        {"service_id": "thu", **none, "thursday": 1, **span},
        {**EVERY_DAY, "service_id": "off"},
    ]
    dates = [
        {"service_id": "off", "date": 20240515, "exception_type": 2},
        {"service_id": "once", "date": 20240515, "exception_type": 1},
    ]
    path = write(tmp_path / "g.zip", {}, calendar=rows, calendar_dates=dates)
    tables = read_tables(path)
    on = {day: services_on(tables, dt.date(2024, 5, day)) for day in (15, 16, 22)}
    assert on == {15: {"wed", "once"}, 16: {"thu", "off"}, 22: {"off"}}


def test_vehicles_of_yesterday_and_tomorrow_are_on_the_road(tmp_path):
    path = write(tmp_path / "g.zip", {"t": "A 25:00 | B 25:10"})
    assert leaves_of(path) == [at("1:00"), at("25:00"), at("49:00")]
    assert leaves_of(path, dt.date(2024, 1, 1)) == [at("25:00"), at("49:00")]
    assert leaves_of(path, dt.date(2025, 1, 1)) == [at("1:00")]


def test_a_trip_with_frequencies_runs_only_as_told_there(tmp_path):
    row = {"trip_id": "t", "start_time": "7:00:00", "end_time": "7:30:00", "headway_secs": 600}
    short = {**row, "start_time": "7:30:00", "end_time": "7:30:01"}
    late = {**row, "start_time": "24:50:00", "end_time": "25:11:00"}
    path = write(tmp_path / "g.zip", {"t": "A 5:58 6:00 | B 6:10"}, frequencies=[row, short, late])
    vehicles = vehicles_on(read_tables(path), WEDNESDAY)
    today = [vehicle for vehicle in vehicles if 0 <= vehicle[0].departure < at("24:00")]
    leaves = ("7:00", "7:10", "7:20", "7:30", "0:50", "1:00", "1:10")
    assert sorted(today) == sorted(
        [
            Call("A", at(left) - 120, at(left)),
            Call("B", at(left) + 600, at(left) + 600),
        ]
        for left in leaves
    )
    assert len(vehicles) == 3 * len(leaves)


def test_calls_are_read_in_their_order(tmp_path):
    path = write(tmp_path / "g.zip", {"t": "A 7:00 | B 7:10 7:11"})
    tables = read_tables(path)
    tables["stop_times"].reverse()
    tables["stop_times"][0]["pickup_type"] = "1"
    vehicles = vehicles_on(tables, dt.date(2024, 1, 1))
    assert vehicles[0] == ride("A 7:00 | B 7:10 7:11", B={"may_board": False})


# ----------------------------------------------------------------------- walks
def test_walks_are_whole_seconds():
    walks = {0.0: 0, 0.5: 30, 1.008: 60, 1.009: 61, 0.125: 8, 0.375: 22}  # halves to the even
    assert {one: walk_s(one) for one in walks} == walks


def test_stops_lie_where_they_are(tmp_path):
    rows = [
        stop_row("s", 0, 0, kind=1), stop_row("A", 300, 400, station="s"), stop_row("B", 0, 0),
    ]  # fmt: skip
    write_gtfs(tmp_path / "g.zip", stops=rows, calls={}, trips={})
    stops = stops_of(read_tables(tmp_path / "g.zip"), CRS)
    assert list(stops) == ["A", "B"]
    assert stops["A"] == Stop(pytest.approx(EAST + 300), pytest.approx(NORTH + 400), "s")
    assert stops["B"].station is None
    minutes = straight_walks(stops, 1.3)
    assert minutes["A", "B"] == minutes["B", "A"] == pytest.approx(500 * 1.3 / 80)


# of 1300 m, 21.125 min as the crow flies: within 10 min only if streets are
RULES = {
    (None, 9.0, False): 540, (None, 11.0, False): None, (None, 11.0, True): 660,
    (None, 25.0, True): 1268, (0, 25.0, False): 1268, (1, 11.0, False): 660,
    (2, 9.0, False): 7, (2, 99.0, True): 7, (3, 1.0, True): None,
}  # fmt: skip


@pytest.mark.parametrize(("kind", "streets_min", "of_one_station"), RULES)
def test_changes_are_ruled(kind, streets_min, of_one_station):
    stops = {"A": Stop(0, 0, "s"), "B": Stop(1300, 0, "s" if of_one_station else None)}
    rules = {} if kind is None else {("A", "B"): (kind, 7 if kind == 2 else None)}
    how = {"stops": stops, "rules": rules, "detour_factor": 1.3, "max_change_min": 10.0}
    expected = RULES[kind, streets_min, of_one_station]
    assert change_s(("A", "B"), streets_min, **how) == expected


def test_a_change_at_one_stop_takes_no_time_unless_it_is_ruled():
    how = {"stops": {"A": Stop(0, 0, "s")}, "detour_factor": 1.3, "max_change_min": 10.0}
    rules = {None: {}, 0: (0, None), 1: (1, None), 2: (2, 90), 3: (3, None)}
    taken = {
        kind: change_s(("A", "A"), 0.0, rules={("A", "A"): rule} if rule else {}, **how)
        for kind, rule in rules.items()
    }
    assert taken == {None: 0, 0: 0, 1: 0, 2: 90, 3: None}


def test_rules_of_stations_are_those_of_their_stops():
    stops = {"A": Stop(0, 0, "s"), "B": Stop(0, 0, "s"), "C": Stop(0, 0, None)}
    row = {"from_stop_id": "s", "to_stop_id": "C", "transfer_type": "2", "min_transfer_time": "9"}
    rules = rules_of({"transfers": [row]}, stops)
    assert rules == {("A", "C"): (2, 9), ("B", "C"): (2, 9)}


# ----------------------------------------------------------------- percentiles
def test_percentiles_are_the_inverse_of_the_distribution():
    four = [40, 10, 30, 20]
    of_four = {0: 10, 5: 10, 25: 15, 26: 20, 50: 25, 75: 35, 76: 40, 95: 40, 100: 40}
    assert {p: percentile(four, p) for p in of_four} == of_four
    of_three = {0: 1, 5: 1, 33: 1, 34: 2, 50: 2, 66: 2, 67: 3, 100: 3}
    assert {p: percentile([3, 2, 1], p) for p in of_three} == of_three
    assert [percentile([7], p) for p in (0, 50, 100)] == [7, 7, 7]
    assert percentile([1, 2, NEVER, NEVER], 50) == NEVER
    assert percentile([1, 2, 3, NEVER], 50) == 2.5


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.integers(1, 4), st.integers(0, 100))
def test_percentiles_do_not_mind_repetition(values, times, p):
    assert percentile(values * times, p) == percentile(values, p)


def test_one_leaves_at_every_full_minute_before_the_end():
    assert list(departures(at("7:00"), at("7:03"))) == [at("7:00"), at("7:01"), at("7:02")]
    assert list(departures(at("25:30"), at("25:31"))) == [91_800]


def test_what_takes_too_long_is_not_reached():
    how = {"percentiles": (0, 50, 100)}
    taken = minutes_taken([600, 660, 721], [0, 60, 120], within_min=10, **how)
    assert taken == {0: 10.0, 50: 10.0, 100: math.inf}


# ---------------------------------------------------------------- door to door
def test_door_to_door_by_hand(tmp_path):
    # 400 m (390 s) to A, a bus of 600 s that leaves at 7:07:30 and 7:37:30, 800 m (780 s) from B
    trips = {"t": "A 7:07:30 | B 7:17:30", "u": "A 7:07:29 | B 7:16", "v": "A 7:37:30 | B 7:47:30"}
    path = write(tmp_path / "g.zip", trips)
    tables = read_tables(path)
    stops = stops_of(tables, CRS)
    origins = {"home": (EAST, NORTH + 400)}
    destinations = {"work": (EAST + 10_000, NORTH + 800), "far": (EAST + 10_000, NORTH + 1300)}
    question = Question(
        date=WEDNESDAY, window_s=(at("7:00"), at("7:04")), within_min=60, percentiles=(0, 50, 100)
    )
    walks = straight_walks({**stops, **origins, **destinations}, question.detour_factor)
    found = door_to_door(
        tables, question, stops=stops, origins=origins, destinations=destinations, walks=walks
    )
    # Whoever leaves at 7:01 is at A at 7:07:30, too late for u and just in time for t
    assert found == {
        ("home", "work"): {0: 29.0, 50: (29.5 + 57.5) / 2, 100: 58.5},
    }
