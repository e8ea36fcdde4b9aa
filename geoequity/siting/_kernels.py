"""
The compiled core: what each candidate would save, over the pairs it is near.

A candidate knows only the cells whose burden it would lower; everybody else
keeps what they have. Kernels hold loops and numbers only.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

_COMPILED = {"nogil": True, "cache": True, "error_model": "numpy"}
NONE = -1


class Pairs(NamedTuple):
    """
    Burdens by candidate.

    Parameters
    ----------
    first
        Where the pairs of each candidate begin, and where the last end.
    cell
        The cell of each pair.
    burden
        What its people would bear if they went to this candidate, below what
        they bear today.
    """

    first: np.ndarray
    cell: np.ndarray
    burden: np.ndarray


class Served(NamedTuple):
    """
    What people bear with the sites that are open.

    Parameters
    ----------
    best
        Burden of each cell.
    second
        Its burden if the site it goes to closed.
    site
        Place of that site among the open ones; -1 for what there is today.
    """

    best: np.ndarray
    second: np.ndarray
    site: np.ndarray


@njit(**_COMPILED)
def serve(pairs: Pairs, base: np.ndarray, chosen: np.ndarray, served: Served) -> None:
    """
    Send everybody to the best of the chosen sites, or to what there is today.

    Parameters
    ----------
    pairs
        Burdens by candidate.
    base
        Burden of each cell today.
    chosen
        Candidates that are open.
    served
        Overwritten with the result.
    """
    served.best[:] = base
    served.second[:] = base
    served.site[:] = NONE
    for place in range(len(chosen)):
        one = chosen[place]
        for pair in range(pairs.first[one], pairs.first[one + 1]):
            cell, burden = pairs.cell[pair], pairs.burden[pair]
            if burden < served.best[cell]:
                served.second[cell] = served.best[cell]
                served.best[cell] = burden
                served.site[cell] = place
            elif burden < served.second[cell]:
                served.second[cell] = burden


@njit(**_COMPILED)
def saving(pairs: Pairs, people: np.ndarray, best: np.ndarray, one: int) -> float:
    """
    Add up what people would be spared if one more site opened.

    Parameters
    ----------
    pairs
        Burdens by candidate.
    people
        People of each cell.
    best
        What they bear.
    one
        The candidate.

    Returns
    -------
    saving
        Burden over people.
    """
    spared = 0.0
    for pair in range(pairs.first[one], pairs.first[one + 1]):
        cell = pairs.cell[pair]
        gain = best[cell] - pairs.burden[pair]
        if gain > 0:
            spared += people[cell] * gain
    return spared


@njit(**_COMPILED)
def savings(pairs: Pairs, people: np.ndarray, best: np.ndarray, out: np.ndarray) -> None:
    """
    Do so for every candidate.

    Parameters
    ----------
    pairs
        Burdens by candidate.
    people
        People of each cell.
    best
        What they bear.
    out
        Overwritten, by candidate.
    """
    for one in range(len(out)):
        out[one] = saving(pairs, people, best, one)


@njit(**_COMPILED)
def best_swap(
    pairs: Pairs,
    people: np.ndarray,
    served: Served,
    may: np.ndarray,
    is_open: np.ndarray,
    out: np.ndarray,
) -> tuple[int, int, float]:
    """
    Find the exchange of an open site for a closed one that spares people most.

    Parameters
    ----------
    pairs
        Burdens by candidate.
    people
        People of each cell.
    served
        What they bear, as `serve` tells it.
    may
        Candidates x open sites: whether the exchange can be paid for.
    is_open
        Whether each candidate is open.
    out
        Room for one number an open site.

    Returns
    -------
    place
        Of the site to close among the open ones, -1 for none.
    one
        The candidate to open.
    spared
        Burden over people, 0 if nothing is gained.

    Notes
    -----
    The interchange of [1]_: what closing each site costs is kept, and put right
    only for the cells that the newcomer is near.

    References
    ----------
    .. [1] Whitaker, R. A. (1983). INFOR 21(2), 95-108.
    """
    places = len(out)
    lost = np.zeros(places)
    for cell in range(len(people)):
        if served.site[cell] >= 0:
            lost[served.site[cell]] += people[cell] * (served.second[cell] - served.best[cell])
    top, top_place, top_one = 0.0, NONE, NONE
    for one in range(len(is_open)):
        if is_open[one]:
            continue
        out[:] = lost
        gain = 0.0
        for pair in range(pairs.first[one], pairs.first[one + 1]):
            cell, burden = pairs.cell[pair], pairs.burden[pair]
            best, second, site = served.best[cell], served.second[cell], served.site[cell]
            if burden < best:
                gain += people[cell] * (best - burden)
                if site >= 0:
                    out[site] -= people[cell] * (second - best)
            elif site >= 0 and burden < second:
                out[site] -= people[cell] * (second - burden)
        for place in range(places):
            if may[one, place] and gain - out[place] > top:
                top, top_place, top_one = gain - out[place], place, one
    return top_place, top_one, top


@njit(**_COMPILED)
def reduced(pairs: Pairs, people: np.ndarray, price: np.ndarray, out: np.ndarray) -> None:
    """
    Add up what each candidate saves beside what its people would pay for being served.

    Parameters
    ----------
    pairs
        Burdens by candidate.
    people
        People of each cell.
    price
        What each person of a cell pays, as burden.
    out
        Overwritten, by candidate; 0 or less.
    """
    for one in range(len(out)):
        total = 0.0
        for pair in range(pairs.first[one], pairs.first[one + 1]):
            cell = pairs.cell[pair]
            total += people[cell] * min(0.0, pairs.burden[pair] - price[cell])
        out[one] = total


@njit(**_COMPILED)
def reduced_within(
    pairs: Pairs, people: np.ndarray, price: np.ndarray, capacity: np.ndarray, out: np.ndarray
) -> None:
    """
    Do so where a site has room for a number of people.

    Parameters
    ----------
    pairs
        Burdens by candidate.
    people
        People of each cell.
    price
        What each person of a cell pays, as burden.
    capacity
        Room of each candidate [people].
    out
        Overwritten, by candidate; 0 or less.
    """
    for one in range(len(out)):
        start, end = pairs.first[one], pairs.first[one + 1]
        gain = np.empty(end - start)
        for pair in range(start, end):
            gain[pair - start] = pairs.burden[pair] - price[pairs.cell[pair]]
        room, total = capacity[one], 0.0
        for place in np.argsort(gain):
            if gain[place] >= 0 or room <= 0:
                break
            some = min(room, people[pairs.cell[start + place]])
            total += some * gain[place]
            room -= some
        out[one] = total


@njit(**_COMPILED)
def fill(
    pairs: Pairs,
    base: np.ndarray,
    left: np.ndarray,
    capacity: np.ndarray,
    out: np.ndarray,
) -> None:
    """
    Add up what each candidate would save of people who have not gone elsewhere.

    Parameters
    ----------
    pairs
        Burdens by candidate.
    base
        Burden of each cell today.
    left
        People of each cell who still bear it.
    capacity
        Room of each candidate [people].
    out
        Overwritten, by candidate.
    """
    for one in range(len(out)):
        start, end = pairs.first[one], pairs.first[one + 1]
        gain = np.empty(end - start)
        for pair in range(start, end):
            gain[pair - start] = pairs.burden[pair] - base[pairs.cell[pair]]
        room, total = capacity[one], 0.0
        for place in np.argsort(gain):
            if room <= 0:
                break
            some = min(room, left[pairs.cell[start + place]])
            total -= some * gain[place]
            room -= some
        out[one] = total


@njit(**_COMPILED)
def served_times(pairs: Pairs, price: np.ndarray, chosen: np.ndarray, out: np.ndarray) -> None:
    """
    Count how many of the chosen sites each cell would pay for.

    Parameters
    ----------
    pairs
        Burdens by candidate.
    price
        What each person of a cell pays, as burden.
    chosen
        Candidates.
    out
        Overwritten, by cell.
    """
    out[:] = 0
    for place in range(len(chosen)):
        one = chosen[place]
        for pair in range(pairs.first[one], pairs.first[one + 1]):
            if pairs.burden[pair] < price[pairs.cell[pair]]:
                out[pairs.cell[pair]] += 1


@njit(**_COMPILED)
def tenths_gap(value: np.ndarray, people: np.ndarray) -> tuple[float, float, float]:
    """
    Measure the distance between the worst- and the best-served tenth of people.

    Parameters
    ----------
    value
        Burden of each group of people.
    people
        How many they are.

    Returns
    -------
    gap
        Mean burden of the tenth that bears most, less that of the tenth that
        bears least.
    worst
        Burden at which the worst-served tenth begins.
    best
        Burden at which the best-served tenth ends.
    """
    order = np.argsort(value)
    tenth = people.sum() / 10
    ends = np.zeros(2)
    edges = np.zeros(2)
    for side in range(2):
        room = tenth
        for step in range(len(order)):
            at = order[step] if side == 0 else order[len(order) - 1 - step]
            if people[at] <= 0:
                continue
            some = min(room, people[at])
            ends[side] += some * value[at]
            edges[side] = value[at]
            room -= some
            if room <= 0:
                break
    return (ends[1] - ends[0]) / tenth, edges[1], edges[0]


@njit(**_COMPILED)
def closer(
    pairs: Pairs,
    people: np.ndarray,
    best: np.ndarray,
    group: np.ndarray,
    size: np.ndarray,
    value: np.ndarray,
    edges: np.ndarray,
    moved: np.ndarray,
    out: np.ndarray,
) -> None:
    """
    Bound from above how each candidate would change the gap between tenths.

    Parameters
    ----------
    pairs
        Burdens by candidate.
    people
        People of each cell.
    best
        What they bear.
    group
        Group of each cell.
    size
        People of each group.
    value
        Mean burden of each group.
    edges
        Burdens at which the worst tenth begins and the best ends.
    moved
        Zeros, one a group; left as zeros.
    out
        Overwritten, by candidate: change of the gap, times a tenth of people.

    Notes
    -----
    The gap is the least, over any two edges, of a sum over groups: with the
    edges held, the sum is exact at today's values and above the gap elsewhere.
    """
    worst, nearest = edges[0], edges[1]
    for one in range(len(out)):
        start, end = pairs.first[one], pairs.first[one + 1]
        for pair in range(start, end):
            cell = pairs.cell[pair]
            gain = best[cell] - pairs.burden[pair]
            if gain > 0:
                moved[group[cell]] += people[cell] * gain
        change = 0.0
        for pair in range(start, end):
            at = group[pairs.cell[pair]]
            if moved[at] > 0:
                old, new = value[at], value[at] - moved[at] / size[at]
                change += size[at] * (max(0.0, new - worst) - max(0.0, old - worst))
                change += size[at] * (max(0.0, nearest - new) - max(0.0, nearest - old))
                moved[at] = 0.0
        out[one] = change


@njit(**_COMPILED)
def pack(
    first: np.ndarray, near: np.ndarray, order: np.ndarray, taken: np.ndarray, out: np.ndarray
) -> int:
    """
    Choose cells no two of which one candidate could serve.

    Parameters
    ----------
    first
        Where the candidates near each cell begin, and where the last end.
    near
        Candidates near each cell.
    order
        Cells in the order in which to try them.
    taken
        Zeros, one a candidate; overwritten.
    out
        Overwritten with the cells chosen.

    Returns
    -------
    number
        How many there are.
    """
    number = 0
    for cell in order:
        free = True
        for pair in range(first[cell], first[cell + 1]):
            if taken[near[pair]]:
                free = False
                break
        if free:
            for pair in range(first[cell], first[cell + 1]):
                taken[near[pair]] = True
            out[number] = cell
            number += 1
    return number
