"""
From trips to lines: vehicles that call at the same stops, none overtaking another.

Trips that call at the same stops under the same rules are a pattern. On a day a
pattern is run by vehicles: its trips as they are timed, those of the night
before and after, and those that frequencies tell. The vehicles of a pattern are
dealt out to as many lines as it takes for none to overtake another of its line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from geoequity.transit._feed import DAY_S, Feed
from geoequity.transit._kernels import Calls, Lines

_DAYS = (-1, 0, 1)  # the night before runs on past midnight, as does the night of the day


@dataclass(frozen=True, eq=False)
class Patterns:
    """
    The trips of a feed by pattern.

    Parameters
    ----------
    feed
        The feed.
    """

    feed: Feed

    @cached_property
    def _times(self) -> pd.DataFrame:
        """Stop times by trip, as positions."""
        times = self.feed.stop_times
        table = pd.DataFrame(
            {
                "trip": self.feed.trips.index.get_indexer(times["trip_id"]),
                "stop": self.feed.stops.index.get_indexer(times["stop_id"]),
                "arrival": times["arrival_s"].to_numpy(dtype="int32"),
                "departure": times["departure_s"].to_numpy(dtype="int32"),
                "pickup": times["pickup"].to_numpy(dtype=bool),
                "drop_off": times["drop_off"].to_numpy(dtype=bool),
            }
        )
        some = table["trip"] >= 0  # the others are of trips that were left out
        return table[some].sort_values("trip", kind="stable").reset_index(drop=True)

    @cached_property
    def first(self) -> np.ndarray:
        """
        Tell where the calls of each trip begin, and where the last end.

        Returns
        -------
        first
            By trip, one more than there are trips.
        """
        number = np.bincount(self._times["trip"], minlength=len(self.feed.trips))
        return np.concatenate([[0], np.cumsum(number)])

    @cached_property
    def calls(self) -> dict[str, np.ndarray]:
        """
        List the calls of all trips, one after the other.

        Returns
        -------
        calls
            ``stop``, ``arrival``, ``departure``, ``pickup``, ``drop_off``.
        """
        return {one: self._times[one].to_numpy() for one in self._times if one != "trip"}

    @cached_property
    def pattern(self) -> np.ndarray:
        """
        Tell the pattern of each trip.

        Returns
        -------
        pattern
            By trip, numbered as they first occur; -1 where it calls nowhere.
        """
        calls = self.calls
        code = calls["stop"].astype("int64") * 4 + calls["pickup"] * 2 + calls["drop_off"]
        known: dict[bytes, int] = {}
        first = self.first
        numbers = [
            known.setdefault(code[first[trip] : first[trip + 1]].tobytes(), len(known))
            if first[trip] < first[trip + 1]
            else -1
            for trip in range(len(first) - 1)
        ]
        return np.array(numbers, dtype=int)


def runs_of(
    feed: Feed, patterns: Patterns, running: dict[int, np.ndarray], phase: np.ndarray
) -> pd.DataFrame:
    """
    List every run of every trip on a day.

    Parameters
    ----------
    feed
        The feed.
    patterns
        Its trips.
    running
        Which trips run on the day before (-1), the day itself (0) and the
        day after (1).
    phase
        By row of ``feed.frequencies``: how long after the start the first trip
        leaves [s].

    Returns
    -------
    runs
        ``trip`` (position) and ``shift_s``, by how much it is later than its
        stop times.
    """
    table = feed.frequencies
    told = feed.trips.index.get_indexer(table["trip_id"])
    is_timed = np.ones(len(feed.trips), dtype=bool)
    is_timed[told[told >= 0]] = False
    is_timed &= patterns.pattern >= 0
    start = table["start_s"].to_numpy(dtype="int64") + phase
    number = -(-(table["end_s"].to_numpy(dtype="int64") - start) // table["headway_s"].to_numpy())
    number = np.where(told >= 0, np.maximum(number, 0), 0)
    row = np.repeat(np.arange(len(table)), number)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(number) - number, number)
    leaving = start[row] + nth * table["headway_s"].to_numpy(dtype="int64")[row]
    trip = told[row]
    shift = leaving - patterns.calls["departure"][patterns.first[:-1][trip]]
    parts = []
    for day in _DAYS:
        runs = running[day]
        timed = np.flatnonzero(runs & is_timed)
        some = runs[trip] if len(trip) else np.zeros(0, dtype=bool)
        parts.append((timed, np.full(len(timed), day * DAY_S), day))
        parts.append((trip[some], shift[some] + day * DAY_S, day))
    return pd.DataFrame(
        {
            "trip": np.concatenate([one for one, _, _ in parts]),
            "shift_s": np.concatenate([one for _, one, _ in parts]),
            "day": np.concatenate([np.full(len(one), day) for one, _, day in parts]),
        }
    )


def lines_of(patterns: Patterns, runs: pd.DataFrame, *, begin: int, end: int) -> Lines:
    """
    Deal vehicles out to lines.

    Parameters
    ----------
    patterns
        The trips.
    runs
        As `runs_of` makes them.
    begin
        Vehicles that end their run before are left out [s].
    end
        Vehicles that start theirs after are left out [s].

    Returns
    -------
    lines
        As the kernels take them.
    """
    calls, first = patterns.calls, patterns.first
    trip, shift = runs["trip"].to_numpy(), runs["shift_s"].to_numpy()
    runs_then = (calls["arrival"][first[trip + 1] - 1] + shift >= begin) & (
        calls["departure"][first[trip]] + shift <= end
    )
    trip, shift = trip[runs_then], shift[runs_then]
    order = np.argsort(patterns.pattern[trip], kind="stable")
    trip, shift = trip[order], shift[order]
    pieces = np.flatnonzero(np.diff(patterns.pattern[trip], prepend=-1))
    sizes, vehicles, arrivals, departures, models = [], [], [], [], []
    for these in np.split(np.arange(len(trip)), pieces)[1:]:
        model = slice(first[trip[these[0]]], first[trip[these[0]] + 1])
        size = model.stop - model.start
        at = first[trip[these]][:, None] + np.arange(size)
        arrive = calls["arrival"][at] + shift[these][:, None]
        depart = calls["departure"][at] + shift[these][:, None]
        for some in _without_overtaking(arrive, depart):
            sizes.append(size)
            vehicles.append(len(some))
            arrivals.append(arrive[some].astype("int32").ravel())
            departures.append(depart[some].astype("int32").ravel())
            models.append(np.arange(model.start, model.stop))
    at = _joined(models, "int64")
    return Lines(
        np.concatenate([[0], np.cumsum(sizes, dtype="int64")]),
        calls["stop"][at].astype("uint32"),
        calls["pickup"][at],
        calls["drop_off"][at],
        np.array(vehicles, dtype="int32"),
        np.concatenate([[0], np.cumsum(np.multiply(sizes, vehicles), dtype="int64")])[:-1],
        _joined(arrivals, "int32"),
        _joined(departures, "int32"),
    )


def mirrored(lines: Lines, *, end: int) -> Lines:
    """
    Let time run backwards, and vehicles with it.

    Parameters
    ----------
    lines
        The lines.
    end
        The second that becomes 0 [s].

    Returns
    -------
    lines
        Where one alighted one boards, and what came last comes first.
    """
    runs = np.multiply(np.diff(lines.first), lines.vehicles)
    return Lines(
        lines.first[-1] - lines.first[::-1],
        lines.stop[::-1].copy(),
        lines.alights[::-1].copy(),
        lines.boards[::-1].copy(),
        lines.vehicles[::-1].copy(),
        len(lines.arrival) - (lines.begin + runs)[::-1],
        np.int32(end) - lines.departure[::-1],
        np.int32(end) - lines.arrival[::-1],
    )


def calls_of(lines: Lines, *, stops: int) -> Calls:
    """
    List where each stop is boarded.

    Parameters
    ----------
    lines
        The lines.
    stops
        How many stops there are.

    Returns
    -------
    calls
        As the kernels take them; the last of a line, where nobody boards, is
        left out.
    """
    line = np.repeat(np.arange(len(lines.vehicles)), np.diff(lines.first))
    boards = lines.boards.copy()
    boards[lines.first[1:] - 1] = False
    call = np.flatnonzero(boards)
    call = call[np.argsort(lines.stop[call], kind="stable")]
    number = np.bincount(lines.stop[call], minlength=stops)
    first = np.concatenate([[0], np.cumsum(number)])
    return Calls(first, line[call].astype("uint32"), call.astype("uint32"))


def _without_overtaking(arrive: np.ndarray, depart: np.ndarray) -> Iterator[np.ndarray]:
    """Deal the vehicles of a pattern, runs by calls, out so that none overtakes another."""
    times = np.hstack([depart[:, :1], arrive, depart])
    order = np.lexsort(times.T[::-1])
    times = times[order]
    if (np.diff(times, axis=0) >= 0).all():
        yield order
        return
    last: list[np.ndarray] = []
    dealt: list[list[int]] = []
    for vehicle, row in zip(order, times, strict=True):
        for number, before in enumerate(last):
            if (row >= before).all():
                last[number] = row
                dealt[number].append(vehicle)
                break
        else:
            last.append(row)
            dealt.append([vehicle])
    yield from map(np.array, dealt)


def _joined(parts: list[np.ndarray], kind: str) -> np.ndarray:
    """Join arrays, of which there may be none."""
    return np.concatenate([np.empty(0, dtype=kind), *parts])
