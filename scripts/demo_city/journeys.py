"""Door to door: when people arrive who set out on foot and ride, minute by minute."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from demo_city import Array

PACE = 80.0  # metres a minute on foot
WALK_M = 20 * PACE  # at most, from home to a stop and from a stop to work
AFOOT_M = 60 * PACE  # at most, all the way
RIDES = 4  # at most
GIVE_UP_S = 90 * 60  # later arrivals do not count
NEVER = 10**6  # seconds
BLOCK = 40  # cells at a time


@dataclass(frozen=True)
class Course:
    """A route in one direction: every vehicle takes the same times."""

    stops: Array  # [call] in order
    arrives: Array  # [call] seconds after the departure at the first
    leaves: Array  # [call]
    starts: Array  # seconds of the day at which vehicles leave the first


@dataclass(frozen=True)
class Walks:
    """Seconds on foot, NEVER where that is too far."""

    to_stop: Array  # [cell, stop]
    from_stop: Array  # [stop, cell]
    change: Array  # [stop, stop]
    to_cell: Array  # [cell, cell]


def seconds_on_foot(metres: Array, limit: float = WALK_M) -> Array:
    """Whole seconds of a walk."""
    there = np.isfinite(metres) & (metres <= limit)
    return np.where(there, np.rint(60 * np.where(there, metres, 0) / PACE), NEVER).astype(np.int32)


def jobs_reached(
    courses: list[Course], walks: Walks, jobs: Array, window: tuple[int, int], within_s: int
) -> Array:
    """
    Share of the jobs that each cell reaches in time at the median departure.

    The median over an even number of departures is the mean of the middle two.
    """
    departures = np.arange(*window, 60)
    seats = [Timetable(one, departures) for one in courses]
    size = len(walks.to_stop)
    share = np.zeros(size)
    for first in range(0, size, BLOCK):
        cells = np.arange(first, min(first + BLOCK, size))
        alight = ride(seats, walks, cells, departures)
        share[cells] = jobs @ is_reached(alight, walks, cells, within_s)
    return share / jobs.sum()


class Timetable:
    """When the next vehicle of a course left its first stop, second by second."""

    def __init__(self, course: Course, departures: Array) -> None:
        self.course = course
        self.base = int(departures[0] - course.leaves[-1])
        second = np.arange(self.base, departures[-1] + GIVE_UP_S + 2)
        starts = np.r_[np.sort(course.starts), NEVER]
        self.next = starts[np.searchsorted(starts, second)].astype(np.int32)
        self.next[-1] = NEVER  # for all who are later than anyone waits

    def boarded(self, call: int, ready: Array) -> Array:
        """Start of the vehicle that people board who are ready at a stop."""
        second = ready - np.int32(self.base + self.course.leaves[call])
        return self.next.take(second, mode="clip")


def ride(seats: Iterable[Timetable], walks: Walks, cells: Array, departures: Array) -> Array:
    """Earliest arrival by vehicle [stop, cell x departure], at the stop."""
    start = departures.astype(np.int32)
    ready = walks.to_stop[cells].T[:, :, None] + start
    ready = np.minimum(ready, NEVER).reshape(len(ready), -1)
    best = np.full_like(ready, NEVER)
    last = np.tile(start + GIVE_UP_S, len(cells))
    near = [np.flatnonzero(one < NEVER) for one in walks.change]
    for number in range(RIDES):
        alight = np.full_like(ready, NEVER)
        for one in seats:
            on_board = np.full(ready.shape[1], NEVER, dtype=np.int32)
            for call, stop in enumerate(one.course.stops.tolist()):
                arrival = on_board + np.int32(one.course.arrives[call])
                np.minimum(alight[stop], arrival, out=alight[stop])
                if call < len(one.course.stops) - 1:
                    np.minimum(on_board, one.boarded(call, ready[stop]), out=on_board)
        alight[alight > last] = NEVER
        alight[alight >= best] = NEVER  # nothing new
        np.minimum(best, alight, out=best)
        if number == RIDES - 1 or (alight == NEVER).all():
            break
        ready = alight.copy()
        for stop, others in enumerate(near):
            if (alight[stop] < NEVER).any():
                for other in others[others != stop].tolist():
                    walked = alight[stop] + walks.change[stop, other]
                    np.minimum(ready[other], walked, out=ready[other])
    relative = best.reshape(len(best), len(cells), -1) - start
    return np.where(relative > GIVE_UP_S, NEVER, relative).astype(np.int32)


def is_reached(alight: Array, walks: Walks, cells: Array, within_s: int) -> Array:
    """Say which cells [destination, origin] are reached in time at the median departure."""
    middle = alight.shape[-1] // 2
    reached = np.zeros((len(walks.to_cell), len(cells)), dtype=bool)
    for cell, walk in enumerate(walks.from_stop.T):
        took = np.repeat(walks.to_cell[cells, cell][:, None], alight.shape[-1], axis=1)
        for stop in np.flatnonzero(walk < NEVER).tolist():
            np.minimum(took, alight[stop] + walk[stop], out=took)
        in_time = (took <= within_s).sum(axis=1)
        reached[cell] = in_time > middle
        for tie in np.flatnonzero(in_time == middle).tolist():
            two = np.sort(took[tie])[middle - 1 : middle + 1]
            reached[cell, tie] = two[1] <= GIVE_UP_S and two.mean() <= within_s
    return reached
