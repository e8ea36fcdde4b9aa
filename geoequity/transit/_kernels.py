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
    What a search works on; but for `is_goal` it needs no cleaning between searches.

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
    walked
        By stop: the arrival from which destinations were walked to last.
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
    goals
        Room for every destination: those that are come by, whoever can be walked to
        all the way first. Of a metropolis they are a tenth, and the others cost nothing.
    is_goal
        Room for every destination: whether it is come by; whoever asks `ride` wipes it
        and notes those on foot before each origin, and all draws share both.
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
    walked: np.ndarray
    from_call: np.ndarray
    to_call: np.ndarray
    queue: np.ndarray
    best: np.ndarray
    changing: np.ndarray
    walk: np.ndarray
    goals: np.ndarray
    is_goal: np.ndarray


class Found(NamedTuple):
    """
    What is found for the destinations that are come by, in their order.

    Parameters
    ----------
    seconds
        Departures by destinations: travel time [s], `NEVER` where it is not
        reached within the limit; written up to those that were known.
    known
        By departure: how many destinations that is.
    changing
        By destination, 0 before: how much goes into changing, from getting off
        to leaving again, summed over the departures that reach it [s]. Of no
        length where nobody asks.
    number
        By destination, 0 before: how many departures do.
    """

    seconds: np.ndarray
    known: np.ndarray
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
    known: int,
    found: Found,
) -> int:
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
    known
        How many destinations are come by, those on foot among them.
    found
        Takes what is found, but for destinations that are come by later: see `fill`.

    Returns
    -------
    known
        How many are by now.
    """
    _clear(service.lines, on_foot, origin, desk)
    afoot = on_foot.first[origin + 1] - on_foot.first[origin]
    for at in range(len(departures) - 1, -1, -1):
        leave = departures[at]
        known = _search(service, access, origin, egress, leave, leave + limit, desk, known)
        _write(at, leave, limit, afoot, known, desk, found)
    return known


@njit(**_COMPILED)
def fill(found: Found, known: int) -> None:
    """
    Note which destinations departures do not reach that were written before they were known.

    Parameters
    ----------
    found
        What was found.
    known
        How many destinations are come by in the end.
    """
    for at in range(len(found.known)):
        found.seconds[at, found.known[at] : known] = NEVER


@njit(**_COMPILED)
def ride_back(
    service: Service,
    egress: Ways,
    goal: int,
    access: Ways,
    on_foot: Ways,
    departures: np.ndarray,
    limit: int,
    desk: Desk,
    seconds: np.ndarray,
) -> None:
    """
    Find the travel time from every origin to one destination, as `ride` does.

    The same search in a world that runs backwards, from the destination at every
    second at which people may come from a vehicle that lets them off close by.

    Parameters
    ----------
    service
        The vehicles as `_lines.mirrored` has them, with walks between stops the other
        way round; time runs back from the last second at which anybody may arrive.
    egress
        Walks from destinations back to stops.
    goal
        Where all travel to.
    access
        Walks from stops back to origins.
    on_foot
        Walks from destinations back to origins.
    departures
        When to leave home [s], rising.
    limit
        Longest journey [s].
    desk
        To work on, as that of `ride`, with the origins as destinations.
    seconds
        Takes what is found: departures by origins [s], `NEVER` where it is not reached
        within the limit.
    """
    _clear(service.lines, on_foot, goal, desk)
    best, walk = desk.best, desk.walk
    end, served = departures[-1] + limit, np.zeros(len(best), dtype=np.int64)
    arrivals = just_in_time(service, egress, goal, end - departures[0])
    for at in range(len(arrivals) - 1, -1, -1):
        back = arrivals[at]
        _search(service, egress, goal, access, back, back + limit, desk, 0)
        for origin in range(len(best)):
            # Who may leave as late as this arrives now; nobody has to leave earlier
            while served[origin] < len(departures) and (
                departures[served[origin]] <= end - best[origin]
            ):
                seconds[served[origin], origin] = end - back - departures[served[origin]]
                served[origin] += 1
    for origin in range(len(best)):
        seconds[served[origin] :, origin] = NEVER
        for at in range(len(departures)):
            time = min(seconds[at, origin], walk[origin])
            seconds[at, origin] = time if time <= limit else NEVER


@njit(**_COMPILED)
def just_in_time(service: Service, access: Ways, origin: int, latest: int) -> np.ndarray:
    """
    List when somebody can set out and not wait for the first vehicle.

    Parameters
    ----------
    service
        The vehicles.
    access
        Walks from origins to stops.
    origin
        Who travels.
    latest
        From 0 up to then [s].

    Returns
    -------
    seconds
        Rising.
    """
    first, line_of, call_of = service.calls
    lines = service.lines
    leaves = np.zeros(latest + 1, dtype=np.uint8)
    for way in range(access.first[origin], access.first[origin + 1]):
        stop, walk = access.goal[way], access.seconds[way]
        for one in range(first[stop], first[stop + 1]):
            line, call = line_of[one], call_of[one]
            size = lines.first[line + 1] - lines.first[line]
            at = lines.begin[line] + call - lines.first[line]
            for vehicle in range(lines.vehicles[line]):
                time = lines.departure[at + vehicle * size] - walk
                if 0 <= time <= latest:
                    leaves[time] = 1
    return np.flatnonzero(leaves)


# Arrays are taken out of their tuples before the loops, since counting references to them within
# takes longer than all the rest.


@njit(**_COMPILED)
def _search(
    service: Service,
    access: Ways,
    origin: int,
    egress: Ways,
    leave: int,
    latest: int,
    desk: Desk,
    known: int,
) -> int:
    """Travel on from one departure, after all later ones; how many destinations are come by."""
    rides = len(desk.done)
    marked = _set_out(access, origin, leave, latest, desk)
    changed = 0
    for k in range(rides):
        if marked == 0:
            break
        queued = _queue(service.calls, marked, desk)
        improved = _ride_lines(service.lines, k, latest, queued, desk)
        changed = _note(marked, improved, changed, desk)
        marked = 0
        if k + 1 < rides:
            marked = _change(service.changes, k, latest, improved, desk)
    return _arrive(egress, changed, desk, known)


@njit(**_COMPILED)
def _clear(lines: Lines, on_foot: Ways, origin: int, desk: Desk) -> None:
    """Forget the last origin, and note where this one can walk all the way."""
    done, walk, vehicles = desk.done, desk.walk, lines.vehicles
    desk.arrive[:] = NEVER
    desk.ready[:] = NEVER
    desk.walked[:] = NEVER
    desk.best[:] = NEVER
    walk[:] = NEVER
    for way in range(on_foot.first[origin], on_foot.first[origin + 1]):
        walk[on_foot.goal[way]] = on_foot.seconds[way]
    for line in range(len(vehicles)):
        done[:, lines.first[line] : lines.first[line + 1]] = vehicles[line]


@njit(**_COMPILED)
def _set_out(access: Ways, origin: int, leave: int, latest: int, desk: Desk) -> int:
    """Walk to the first stops, and mark them; how many."""
    goals, seconds = access.goal, access.seconds
    ready, owed, is_marked, stops = desk.ready, desk.owed, desk.is_marked, desk.marked
    marked = 0
    for way in range(access.first[origin], access.first[origin + 1]):
        stop, time = goals[way], leave + seconds[way]
        if time < ready[0, stop] and time <= latest:
            for k in range(len(ready)):
                if time < ready[k, stop]:
                    ready[k, stop] = time
                    if len(owed):
                        owed[k, stop] = NEVER
            is_marked[stop] = 1
            stops[marked] = stop
            marked += 1
    return marked


@njit(**_COMPILED)
def _queue(calls: Calls, marked: int, desk: Desk) -> int:
    """List the lines that call at marked stops, and from where to where to board; how many."""
    first, line_of, call_of = calls
    stops, queue, from_call, to_call = desk.marked, desk.queue, desk.from_call, desk.to_call
    queued = 0
    for one in range(marked):
        for at in range(first[stops[one]], first[stops[one] + 1]):
            line, call = line_of[at], call_of[at]
            if from_call[line] < 0:
                queue[queued] = line
                queued += 1
                from_call[line] = to_call[line] = call
            else:
                from_call[line] = min(from_call[line], call)
                to_call[line] = max(to_call[line], call)
    return queued


@njit(**_COMPILED)
def _ride_lines(  # noqa: C901, PLR0912 - see above: it must be one loop
    lines: Lines, k: int, latest: int, queued: int, desk: Desk
) -> int:
    """Ride every line of the queue from its marked stops; how many stops are reached sooner."""
    first, stop_of, boards, alights, _, begin, arrival, departure = lines
    arrive, ready, done, spent, owed = desk.arrive, desk.ready, desk.done, desk.spent, desk.owed
    is_marked, is_improved, reached = desk.is_marked, desk.is_improved, desk.improved
    queue, from_call, to_call = desk.queue, desk.from_call, desk.to_call
    rides, tells = len(done), len(owed) > 0
    improved = 0
    for one in range(queued):
        line = queue[one]
        size = first[line + 1] - first[line]
        vehicle, changing = -1, 0
        for call in range(from_call[line], first[line + 1]):
            if vehicle < 0 and call > to_call[line]:
                break
            stop = stop_of[call]
            at = begin[line] + call - first[line]
            if vehicle >= 0 and alights[call]:
                time = arrival[at + vehicle * size]
                if time < arrive[k, stop] and time <= latest:
                    for more in range(k, rides):
                        if time < arrive[more, stop]:
                            arrive[more, stop] = time
                            if tells:
                                spent[more, stop] = changing
                    if is_improved[stop] == 0:
                        is_improved[stop] = 1
                        reached[improved] = stop
                        improved += 1
            before = done[k, call]
            if is_marked[stop] == 1 and boards[call]:
                time = ready[k, stop]
                bound = before if vehicle < 0 else min(vehicle, before)
                sooner = bound
                while sooner > 0 and departure[at + (sooner - 1) * size] >= time:
                    sooner -= 1
                if sooner < bound:
                    vehicle, changing = sooner, 0
                    if tells and owed[k, stop] != NEVER:
                        changing = owed[k, stop] + departure[at + vehicle * size]
            if vehicle >= before:
                vehicle = -1  # it was ridden on from here before
            elif vehicle >= 0:
                for more in range(k, rides):
                    done[more, call] = min(done[more, call], vehicle)
        from_call[line] = -1
    return improved


@njit(**_COMPILED)
def _note(marked: int, improved: int, changed: int, desk: Desk) -> int:
    """Wipe marks, and list what was reached sooner, for who walks from there; how many by now."""
    is_marked, stops = desk.is_marked, desk.marked
    is_improved, reached = desk.is_improved, desk.improved
    is_changed, listed = desk.is_changed, desk.changed
    for one in range(marked):
        is_marked[stops[one]] = 0
    for one in range(improved):
        stop = reached[one]
        is_improved[stop] = 0
        if is_changed[stop] == 0:
            is_changed[stop] = 1
            listed[changed] = stop
            changed += 1
    return changed


@njit(**_COMPILED)
def _change(changes: Ways, k: int, latest: int, improved: int, desk: Desk) -> int:
    """Walk to where the next vehicle may be boarded, and mark those stops; how many."""
    first, goals, seconds = changes
    arrive, ready, spent, owed = desk.arrive, desk.ready, desk.spent, desk.owed
    is_marked, stops, reached = desk.is_marked, desk.marked, desk.improved
    marked = 0
    for one in range(improved):
        stop = reached[one]
        came = arrive[k, stop]
        for way in range(first[stop], first[stop + 1]):
            other, time = goals[way], came + seconds[way]
            if time < ready[k + 1, other] and time <= latest:
                for more in range(k + 1, len(ready)):
                    if time < ready[more, other]:
                        ready[more, other] = time
                        if len(owed):
                            owed[more, other] = spent[k, stop] - came
                if is_marked[other] == 0:
                    is_marked[other] = 1
                    stops[marked] = other
                    marked += 1
    return marked


@njit(**_COMPILED)
def _arrive(egress: Ways, changed: int, desk: Desk, known: int) -> int:
    """Walk from the last stops to the destinations; how many are come by."""
    first, ends, seconds = egress
    is_changed, listed, best, changing = desk.is_changed, desk.changed, desk.best, desk.changing
    arrive, spent, goals, is_goal = desk.arrive, desk.spent, desk.goals, desk.is_goal
    last, walked = len(arrive) - 1, desk.walked
    for one in range(changed):
        stop = listed[one]
        is_changed[stop] = 0
        came = arrive[last, stop]
        if came == walked[stop]:  # with fewer rides it is reached sooner, and with more as before
            continue
        walked[stop] = came
        for way in range(first[stop], first[stop + 1]):
            goal, time = ends[way], came + seconds[way]
            if time < best[goal]:
                if is_goal[goal] == 0:
                    is_goal[goal] = 1
                    goals[known] = goal
                    known += 1
                best[goal] = time
                if len(spent):
                    changing[goal] = spent[last, stop]
    return known


@njit(**_COMPILED)
def _write(
    at: int, leave: int, limit: int, afoot: int, known: int, desk: Desk, found: Found
) -> None:
    """Note the journeys of one departure, on foot where that is as fast."""
    seconds, best, walk, goals = found.seconds[at], desk.best, desk.walk, desk.goals
    for one in range(afoot):
        time = np.int32(min(np.int32(best[goals[one]] - leave), walk[goals[one]]))
        seconds[one] = time if time <= limit else NEVER
    for one in range(afoot, known):
        time = np.int32(best[goals[one]] - leave)
        seconds[one] = time if time <= limit else NEVER
    found.known[at] = known
    sums, number, changing = found.changing, found.number, desk.changing
    if len(sums) == 0:
        return
    for one in range(known):
        is_reached = seconds[one] != NEVER
        number[one] += is_reached
        if is_reached and (one >= afoot or seconds[one] < walk[goals[one]]):
            sums[one] += changing[goals[one]]
