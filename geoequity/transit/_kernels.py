"""
The compiled core of the router: RAPTOR over a window of departures.

Round by round, one ride after another, lines are ridden from the stops that a
traveller reaches, and what is reached is kept while departures go back from the
last of the window to the first: who leaves earlier can always wait and do as
who leaves later [1]_. No vehicle is ridden twice between two stops in as many
rides, so that the work is bounded by the timetable and not by the window. The
search is exact, in whole seconds.

.. [1] Delling, D., Pajor, T., Werneck, R. F. (2015). Round-Based Public Transit
   Routing. Transportation Science 49(3), 591-604. doi:10.1287/trsc.2014.0534
"""

from typing import NamedTuple

import numpy as np
from numba import njit

NEVER = np.iinfo(np.int32).max

_COMPILED = {"nogil": True, "cache": True, "error_model": "numpy"}


class Lines(NamedTuple):
    """
    Vehicles that call at the same stops and do not overtake each other.

    Parameters
    ----------
    first
        Where the calls of each line begin, and where the last end.
    stop
        Stop of each call.
    boards
        Whether one may board there.
    alights
        Whether one may alight there.
    vehicles
        How many there are on each line, in the order they run.
    begin
        Where the times of each line begin: vehicle by vehicle, call by call.
    arrival
        Times [s].
    departure
        Times [s].
    """

    first: np.ndarray
    stop: np.ndarray
    boards: np.ndarray
    alights: np.ndarray
    vehicles: np.ndarray
    begin: np.ndarray
    arrival: np.ndarray
    departure: np.ndarray


class Calls(NamedTuple):
    """
    Calls at which one may board, by stop.

    Parameters
    ----------
    first
        Where the calls of each stop begin, and where the last end.
    line
        Line of each call.
    call
        Position among all calls.
    """

    first: np.ndarray
    line: np.ndarray
    call: np.ndarray


class Ways(NamedTuple):
    """
    Walks by where they start.

    Parameters
    ----------
    first
        Where the walks of each start begin, and where the last end.
    goal
        Where they end.
    seconds
        What they take.
    """

    first: np.ndarray
    goal: np.ndarray
    seconds: np.ndarray


class Service(NamedTuple):
    """
    Vehicles, and how to get from one to another.

    Parameters
    ----------
    lines
        The vehicles.
    calls
        Where they are boarded.
    changes
        Walks between stops, to the stop itself among them.
    """

    lines: Lines
    calls: Calls
    changes: Ways


class Desk(NamedTuple):
    """
    What a search works on; it needs no cleaning between searches.

    Parameters
    ----------
    arrive
        Rides by stops: earliest arrival on board with as many rides or fewer.
    ready
        Rides by stops: earliest time to board for the next ride.
    spent
        Rides by stops: how much of that went into changing; of no length where
        nobody asks.
    owed
        Rides by stops: what will have gone into changing if one boards there,
        less the time of boarding; `NEVER` where one comes from home; of no
        length where nobody asks.
    done
        Rides by calls: the first vehicle that was ridden on from there.
    is_marked
        Room for every stop, 0.
    marked
        Room for every stop.
    is_improved
        Room for every stop, 0.
    improved
        Room for every stop.
    is_changed
        Room for every stop, 0.
    changed
        Room for every stop.
    from_call
        Room for every line.
    to_call
        Room for every line.
    queue
        Room for every line.
    best
        Room for every destination.
    changing
        Room for every destination.
    walk
        Room for every destination.
    """

    arrive: np.ndarray
    ready: np.ndarray
    spent: np.ndarray
    owed: np.ndarray
    done: np.ndarray
    is_marked: np.ndarray
    marked: np.ndarray
    is_improved: np.ndarray
    improved: np.ndarray
    is_changed: np.ndarray
    changed: np.ndarray
    from_call: np.ndarray
    to_call: np.ndarray
    queue: np.ndarray
    best: np.ndarray
    changing: np.ndarray
    walk: np.ndarray


class Found(NamedTuple):
    """
    What is found for every destination.

    Parameters
    ----------
    seconds
        Departures by destinations: travel time [s], `NEVER` where it is not
        reached within the limit.
    changing
        By destination, 0 before: how much goes into changing, from getting off
        to leaving again, summed over the departures that reach it [s]. Of no
        length where nobody asks.
    number
        By destination, 0 before: how many departures do.
    """

    seconds: np.ndarray
    changing: np.ndarray
    number: np.ndarray


@njit(**_COMPILED)
def ride(
    service: Service,
    access: Ways,
    origin: int,
    egress: Ways,
    on_foot: Ways,
    departures: np.ndarray,
    limit: int,
    desk: Desk,
    found: Found,
) -> None:
    """
    Find the travel time to every destination for each departure.

    Parameters
    ----------
    service
        The vehicles.
    access
        Walks from origins to stops.
    origin
        Who travels.
    egress
        Walks from stops to destinations.
    on_foot
        Walks from origins to destinations.
    departures
        When to leave home [s], rising.
    limit
        Longest journey [s].
    desk
        To work on, with a row for each ride that is allowed.
    found
        Takes what is found.
    """
    lines, calls, changes = service
    desk.arrive[:] = NEVER
    desk.ready[:] = NEVER
    desk.best[:] = NEVER
    desk.walk[:] = NEVER
    for way in range(on_foot.first[origin], on_foot.first[origin + 1]):
        desk.walk[on_foot.goal[way]] = on_foot.seconds[way]
    for line in range(len(lines.vehicles)):
        desk.done[:, lines.first[line] : lines.first[line + 1]] = lines.vehicles[line]
    for at in range(len(departures) - 1, -1, -1):
        latest = departures[at] + limit
        marked = _set_out(access, origin, departures[at], latest, desk)
        changed = 0
        for k in range(len(desk.done)):
            if marked == 0:
                break
            queued = _queue(calls, marked, desk)
            improved = 0
            for one in range(queued):
                improved = _ride_line(lines, desk.queue[one], k, latest, improved, desk)
            for one in range(marked):
                desk.is_marked[desk.marked[one]] = 0
            changed = _note(improved, changed, desk)
            marked = _change(changes, k, latest, improved, desk)
        _arrive(egress, changed, desk)
        _write(at, departures[at], limit, desk, found)


@njit(**_COMPILED)
def _set_out(access: Ways, origin: int, leave: int, latest: int, desk: Desk) -> int:
    """Walk to the first stops, and mark them; how many."""
    ready = desk.ready
    marked = 0
    for way in range(access.first[origin], access.first[origin + 1]):
        stop, time = access.goal[way], leave + access.seconds[way]
        if time < ready[0, stop] and time <= latest:
            for k in range(len(ready)):
                if time < ready[k, stop]:
                    ready[k, stop] = time
                    if len(desk.owed):
                        desk.owed[k, stop] = NEVER
            desk.is_marked[stop] = 1
            desk.marked[marked] = stop
            marked += 1
    return marked


@njit(**_COMPILED)
def _queue(calls: Calls, marked: int, desk: Desk) -> int:
    """List the lines that call at marked stops, and from where to where to board; how many."""
    queued = 0
    for one in range(marked):
        stop = desk.marked[one]
        for at in range(calls.first[stop], calls.first[stop + 1]):
            line, call = calls.line[at], calls.call[at]
            if desk.from_call[line] < 0:
                desk.queue[queued] = line
                queued += 1
                desk.from_call[line] = desk.to_call[line] = call
            else:
                desk.from_call[line] = min(desk.from_call[line], call)
                desk.to_call[line] = max(desk.to_call[line], call)
    return queued


@njit(**_COMPILED)
def _ride_line(lines: Lines, line: int, k: int, latest: int, improved: int, desk: Desk) -> int:
    """Ride a line from its marked stops; how many stops are reached sooner by now."""
    start, end = lines.first[line], lines.first[line + 1]
    vehicle, spent = -1, 0
    for call in range(desk.from_call[line], end):
        if vehicle < 0 and call > desk.to_call[line]:
            break
        stop = lines.stop[call]
        at = lines.begin[line] + call - start
        if vehicle >= 0 and lines.alights[call]:
            time = lines.arrival[at + vehicle * (end - start)]
            if time < desk.arrive[k, stop] and time <= latest:
                improved = _alight(stop, k, time, spent, improved, desk)
        if desk.is_marked[stop] == 1 and lines.boards[call]:
            time = desk.ready[k, stop]
            bound = desk.done[k, call] if vehicle < 0 else min(vehicle, desk.done[k, call])
            sooner = bound
            while sooner > 0 and lines.departure[at + (sooner - 1) * (end - start)] >= time:
                sooner -= 1
            if sooner < bound:
                vehicle, spent = sooner, 0
                if len(desk.owed) and desk.owed[k, stop] != NEVER:
                    spent = desk.owed[k, stop] + lines.departure[at + vehicle * (end - start)]
        if vehicle >= desk.done[k, call]:
            vehicle = -1  # it was ridden on from here before
        elif vehicle >= 0:
            for more in range(k, len(desk.done)):
                desk.done[more, call] = min(desk.done[more, call], vehicle)
    desk.from_call[line] = -1
    return improved


@njit(**_COMPILED)
def _alight(stop: int, k: int, time: int, spent: int, improved: int, desk: Desk) -> int:
    """Get off at a stop that is reached sooner; how many are by now."""
    for more in range(k, len(desk.done)):
        if time < desk.arrive[more, stop]:
            desk.arrive[more, stop] = time
            if len(desk.spent):
                desk.spent[more, stop] = spent
    if desk.is_improved[stop] == 0:
        desk.is_improved[stop] = 1
        desk.improved[improved] = stop
        improved += 1
    return improved


@njit(**_COMPILED)
def _note(improved: int, changed: int, desk: Desk) -> int:
    """List what was reached sooner, for who goes on foot from there; how many by now."""
    for one in range(improved):
        stop = desk.improved[one]
        desk.is_improved[stop] = 0
        if desk.is_changed[stop] == 0:
            desk.is_changed[stop] = 1
            desk.changed[changed] = stop
            changed += 1
    return changed


@njit(**_COMPILED)
def _change(changes: Ways, k: int, latest: int, improved: int, desk: Desk) -> int:
    """Walk to where the next vehicle may be boarded, and mark those stops; how many."""
    ready = desk.ready
    marked = 0
    if k + 1 == len(ready):
        return marked
    for one in range(improved):
        stop = desk.improved[one]
        for way in range(changes.first[stop], changes.first[stop + 1]):
            other, time = changes.goal[way], desk.arrive[k, stop] + changes.seconds[way]
            if time < ready[k + 1, other] and time <= latest:
                for more in range(k + 1, len(ready)):
                    if time < ready[more, other]:
                        ready[more, other] = time
                        if len(desk.owed):
                            desk.owed[more, other] = desk.spent[k, stop] - desk.arrive[k, stop]
                if desk.is_marked[other] == 0:
                    desk.is_marked[other] = 1
                    desk.marked[marked] = other
                    marked += 1
    return marked


@njit(**_COMPILED)
def _arrive(egress: Ways, changed: int, desk: Desk) -> None:
    """Walk from the last stops to the destinations."""
    last = desk.arrive[-1]
    for one in range(changed):
        stop = desk.changed[one]
        desk.is_changed[stop] = 0
        for way in range(egress.first[stop], egress.first[stop + 1]):
            goal, time = egress.goal[way], last[stop] + egress.seconds[way]
            if time < desk.best[goal]:
                desk.best[goal] = time
                if len(desk.spent):
                    desk.changing[goal] = desk.spent[-1, stop]


@njit(**_COMPILED)
def _write(at: int, leave: int, limit: int, desk: Desk, found: Found) -> None:
    """Note the journeys of one departure, on foot where that is as fast."""
    seconds, best, walk = found.seconds[at], desk.best, desk.walk
    for goal in range(len(best)):  # without branches, so that several are done at once
        time = np.int32(min(np.int32(best[goal] - leave), walk[goal]))
        seconds[goal] = time if time <= limit else NEVER
    if len(found.changing) == 0:
        return
    for goal in range(len(best)):
        is_reached = seconds[goal] != NEVER
        found.number[goal] += is_reached
        if is_reached and seconds[goal] < walk[goal]:
            found.changing[goal] += desk.changing[goal]
