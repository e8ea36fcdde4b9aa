"""
Door-to-door times by brute force: what the router of timetables is held against.

Nothing here comes from the toolkit. Timetables are read with the standard library, every
vehicle of the day is written out call by call, and each ride of a journey is one pass over
all of them: slow, and simple enough to be judged by reading. Seconds are whole, counted
from midnight of the day asked for.
"""

import csv
import datetime as dt
import io
import itertools
import math
import zipfile
from collections import defaultdict
from typing import NamedTuple

import numpy as np
from pyproj import Transformer

DAY_S = 86_400
M_PER_MIN = 4800 / 60
NEVER = math.inf
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Call(NamedTuple):
    """A vehicle at a stop."""

    stop: str
    arrival: int
    departure: int
    may_board: bool = True
    may_alight: bool = True


# ------------------------------------------------------------------ timetables
def read_tables(path):
    """Read the tables of a zip as lists of dicts of text."""
    with zipfile.ZipFile(path) as archive:
        return {
            name.removesuffix(".txt"): list(
                csv.DictReader(io.TextIOWrapper(archive.open(name), "utf-8-sig", newline=""))
            )
            for name in archive.namelist()
            if name.endswith(".txt")
        }


def seconds(clock):
    """Read a time of the day, which may be past 24:00:00."""
    hours, minutes, rest = clock.strip().split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(rest)


def services_on(tables, date):
    """List the services that run on a day."""
    text = date.strftime("%Y%m%d")
    running = {
        row["service_id"]
        for row in tables.get("calendar", [])
        if row["start_date"] <= text <= row["end_date"] and row[WEEKDAYS[date.weekday()]] == "1"
    }
    for row in tables.get("calendar_dates", []):
        if row["date"] == text and row["exception_type"] == "1":
            running.add(row["service_id"])
        if row["date"] == text and row["exception_type"] == "2":
            running.discard(row["service_id"])
    return running


def calls_by_trip(tables):
    """List the calls of every trip as they stand in the table, in their order."""
    rows = defaultdict(list)
    for row in tables["stop_times"]:
        call = Call(
            stop=row["stop_id"],
            arrival=seconds(row["arrival_time"]),
            departure=seconds(row["departure_time"]),
            may_board=row.get("pickup_type") != "1",
            may_alight=row.get("drop_off_type") != "1",
        )
        rows[row["trip_id"]].append((int(row["stop_sequence"]), call))
    return {
        trip: [call for _, call in sorted(listed, key=lambda one: one[0])]
        for trip, listed in rows.items()
    }


def moved(calls, by_s):
    """Move a vehicle in time."""
    return [
        one._replace(arrival=one.arrival + by_s, departure=one.departure + by_s) for one in calls
    ]


def vehicles_on(tables, date):
    """Write out every vehicle of the day, of the day before and of the day after."""
    calls = calls_by_trip(tables)
    frequencies = defaultdict(list)
    for row in tables.get("frequencies", []):
        frequencies[row["trip_id"]].append(row)
    vehicles = []
    for days in (-1, 0, 1):
        running = services_on(tables, date + dt.timedelta(days=days))
        for trip in tables["trips"]:
            if trip["service_id"] not in running:
                continue
            listed = calls[trip["trip_id"]]
            if trip["trip_id"] not in frequencies:
                vehicles.append(moved(listed, days * DAY_S))
            for row in frequencies.get(trip["trip_id"], ()):
                leaves = range(
                    seconds(row["start_time"]), seconds(row["end_time"]), int(row["headway_secs"])
                )
                vehicles += [
                    moved(listed, at - listed[0].departure + days * DAY_S) for at in leaves
                ]
    return vehicles


# ----------------------------------------------------------------------- walks
class Stop(NamedTuple):
    """Where vehicles stop [m]."""

    x: float
    y: float
    station: str | None


def stops_of(tables, crs):
    """List the stops where vehicles may call."""
    project = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform
    return {
        row["stop_id"]: Stop(
            *project(float(row["stop_lon"]), float(row["stop_lat"])),
            row.get("parent_station") or None,
        )
        for row in tables["stops"]
        if (row.get("location_type") or "0") == "0"
    }


def straight_min(one, other, detour_factor):
    """Walk as the crow flies, and some more, between two places that start with x and y."""
    return math.hypot(one[0] - other[0], one[1] - other[1]) * detour_factor / M_PER_MIN


def walk_s(minutes):
    """Count a walk in whole seconds."""
    return round(60 * minutes)  # halves to the even number


def within(minutes_by_key, limit_min):
    """Take the walks that are not too long, in seconds."""
    return {key: walk_s(one) for key, one in minutes_by_key.items() if one <= limit_min}


def rules_of(tables, stops):
    """Read kind and seconds of transfers between stops, those of stations for all of theirs."""
    members = {stop: [stop] for stop in stops}
    for stop, place in stops.items():
        if place.station:
            members.setdefault(place.station, []).append(stop)
    rules = {}
    for row in tables.get("transfers", []):
        kind = int(row["transfer_type"] or 0)
        least_s = int(row["min_transfer_time"]) if kind == 2 else None
        pairs = itertools.product(members[row["from_stop_id"]], members[row["to_stop_id"]])
        rules.update(dict.fromkeys(pairs, (kind, least_s)))
    return rules


def change_s(pair, walk_min, *, stops, rules, detour_factor, max_change_min):
    """Tell how long a change takes; None where there is none. `walk_min` is along the streets."""
    start, end = pair
    kind, least_s = rules.get(pair, (None, None))
    if kind == 3:
        return None
    if kind == 2:
        return least_s
    if start == end:
        return 0
    is_station = stops[start].station is not None and stops[start].station == stops[end].station
    if is_station or kind in {0, 1}:
        return walk_s(min(walk_min, straight_min(stops[start], stops[end], detour_factor)))
    return walk_s(walk_min) if walk_min <= max_change_min else None


def changes_between(walks, **how):
    """
    List changes [s] by the stop that one comes from.

    `walks` [minutes] are of all pairs that are near, of one station or in a rule, and of
    each stop with itself; `how` is what `change_s` takes.
    """
    changes = defaultdict(dict)
    for (start, end), walk_min in walks.items():
        taken = change_s((start, end), walk_min, **how)
        if taken is not None:
            changes[start][end] = taken
    return changes


# -------------------------------------------------------------------- journeys
def earliest_arrivals(vehicles, *, start_s, access, changes, egress, direct, max_rides):
    """
    Find when one is at each place at the earliest; infinite where there is no way.

    `access` is the walk to stops [s], `changes` those from stop to stop, `egress` those
    to each place from stops and `direct` those to places without a ride.
    """
    best = {place: start_s + direct.get(place, NEVER) for place in egress}
    ready = {stop: start_s + walk for stop, walk in access.items()}
    for _ in range(max_rides):
        landed = defaultdict(lambda: NEVER)  # by this ride; those of fewer are counted before
        for vehicle in vehicles:
            is_aboard = False
            for call in vehicle:
                if is_aboard and call.may_alight:
                    landed[call.stop] = min(landed[call.stop], call.arrival)
                if call.may_board and ready.get(call.stop, NEVER) <= call.departure:
                    is_aboard = True
        for place, walks in egress.items():
            arrivals = [landed[stop] + walk for stop, walk in walks.items() if stop in landed]
            best[place] = min([best[place], *arrivals])
        ready = {}
        for stop, at in landed.items():
            for other, walk in changes[stop].items():
                ready[other] = min(ready.get(other, NEVER), at + walk)
    return best


class Calls:
    """The same search for whole cities: the calls of all vehicles one after another."""

    def __init__(self, vehicles, stops, changes):
        """Number stops; a call is known by its position, a vehicle by that of its first."""
        self.number = {stop: position for position, stop in enumerate(stops)}
        rows = [
            (self.number[call.stop], *call[1:], position)
            for position, call in (
                (first, call)
                for first, vehicle in zip(_starts(vehicles), vehicles, strict=True)
                for call in vehicle
            )
        ]
        columns = np.array(rows, dtype=float).reshape(-1, 6).T
        self.stop, self.first = columns[0].astype(int), columns[5].astype(int)
        self.arrival, self.departure = columns[1:3]
        self.may_board, self.may_alight = columns[3:5] == 1
        triples = [
            (self.number[start], self.number[end], taken)
            for start, ends in changes.items()
            for end, taken in ends.items()
        ]
        self.change_from, self.change_to, self.change_s = np.array(triples, int).reshape(-1, 3).T

    def earliest_arrivals(self, *, start_s, access, egress, direct, max_rides):
        """Find when one is at each place at the earliest, as the function of this name."""
        best = {place: start_s + direct.get(place, NEVER) for place in egress}
        ready = np.full(len(self.number), NEVER)
        for stop, walk in access.items():
            ready[self.number[stop]] = start_s + walk
        for _ in range(max_rides):
            boards = self.may_board & (ready[self.stop] <= self.departure)
            last = np.maximum.accumulate(np.where(boards, np.arange(len(boards)), -1))
            # aboard: boarded at an earlier call of this very vehicle
            alights = self.may_alight & (np.append(-1, last)[:-1] >= self.first)
            landed = np.full(len(self.number), NEVER)
            np.minimum.at(landed, self.stop[alights], self.arrival[alights])
            for place, walks in egress.items():
                arrivals = [landed[self.number[stop]] + walk for stop, walk in walks.items()]
                best[place] = min([best[place], *arrivals])
            ready = np.full(len(self.number), NEVER)
            np.minimum.at(ready, self.change_to, landed[self.change_from] + self.change_s)
        return best


def _starts(vehicles):
    """Position of the first call of each vehicle."""
    return itertools.accumulate((len(one) for one in vehicles[:-1]), initial=0) if vehicles else []


# ----------------------------------------------------------------- percentiles
def percentile(values, p):
    """Take a percentile: the inverse of the distribution function, the mean at its steps."""
    ordered = sorted(values)
    below, rest = divmod(len(ordered) * p, 100)
    if rest:
        return ordered[below]  # the next whole number, counted from 1
    low, high = ordered[max(below - 1, 0)], ordered[min(below, len(ordered) - 1)]
    return (low + high) / 2


def departures(start_s, end_s):
    """List every full minute of a window, without its end."""
    return range(-(-start_s // 60) * 60, end_s, 60)


def minutes_taken(arrivals, leaves, *, within_min, percentiles):
    """Sum up journeys by percentile [minutes]; `arrivals` by departure, infinite if too late."""
    taken = [
        (at - left) / 60 if at - left <= within_min * 60 else NEVER
        for at, left in zip(arrivals, leaves, strict=True)
    ]
    return {p: percentile(taken, p) for p in percentiles}


# ---------------------------------------------------------------- door to door
class Question(NamedTuple):
    """What is asked of a timetable."""

    date: dt.date
    window_s: tuple[int, int]
    within_min: float
    percentiles: tuple[int, ...]
    max_transfers: int = 3
    max_walk_min: float = 20.0
    max_change_min: float = 10.0
    detour_factor: float = 1.3


def straight_walks(places, detour_factor):
    """Walk in a straight line between all places [minutes], by pair."""
    return {
        (one, other): straight_min(places[one], places[other], detour_factor)
        for one, other in itertools.product(places, places)
    }


def door_to_door(tables, question, *, stops, origins, destinations, walks):
    """
    Measure travel between all pairs: minutes by percentile, of pairs that reach any.

    `walks` are between all stops and places [minutes], by pair of ids; ids of stops and
    places differ.
    """
    vehicles = vehicles_on(tables, question.date)
    changes = changes_between(
        {pair: walks[pair] for pair in itertools.product(stops, stops)},
        stops=stops, rules=rules_of(tables, stops),
        detour_factor=question.detour_factor, max_change_min=question.max_change_min,
    )  # fmt: skip
    longest = question.max_walk_min
    egress = {to: within({one: walks[one, to] for one in stops}, longest) for to in destinations}
    leaves = departures(*question.window_s)
    found = {}
    for start in origins:
        access = within({one: walks[start, one] for one in stops}, longest)
        direct = within({to: walks[start, to] for to in destinations}, longest)
        arrivals = [
            earliest_arrivals(
                vehicles, start_s=left, access=access, changes=changes, egress=egress,
                direct=direct, max_rides=question.max_transfers + 1,
            )
            for left in leaves
        ]  # fmt: skip
        for to in destinations:
            minutes = minutes_taken(
                [one[to] for one in arrivals], leaves,
                within_min=question.within_min, percentiles=question.percentiles,
            )  # fmt: skip
            if min(minutes.values()) < NEVER:
                found[start, to] = minutes
    return found
