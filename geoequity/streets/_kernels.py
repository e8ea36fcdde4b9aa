"""
The compiled core: bounded shortest paths on arrays.

Dijkstra's algorithm with a binary heap and lazy deletion. Everything is exact
and depends on no order of threads: each search has arrays of its own. What
surrounds a search, places on edges, directions, categories, is laid out by
`_walks` as seeds at nodes and slots at nodes, so that a kernel knows nodes only.

Kernels hold loops and numbers only, and get all their memory from the caller:
so they compile in little time.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

_COMPILED = {"nogil": True, "cache": True, "error_model": "numpy"}


class Arcs(NamedTuple):
    """
    Arcs by the node they start from.

    Parameters
    ----------
    first
        Where the arcs of each node begin, and where the last end.
    head
        Node that each arc leads to.
    cost
        Cost of each arc, finite and not below 0.
    """

    first: np.ndarray
    head: np.ndarray
    cost: np.ndarray


class Seeds(NamedTuple):
    """
    Nodes that searches start from, by place.

    Parameters
    ----------
    first
        Where the seeds of each place begin, and where the last end.
    node
        Nodes, repeats allowed.
    cost
        Cost with which each is reached.
    """

    first: np.ndarray
    node: np.ndarray
    cost: np.ndarray


class Slots(NamedTuple):
    """
    Targets by where they are reached from.

    Parameters
    ----------
    first
        Where the targets of each node or place begin, and where the last end.
    target
        Targets.
    cost
        Their cost from there.
    """

    first: np.ndarray
    target: np.ndarray
    cost: np.ndarray


class Desk(NamedTuple):
    """
    What a search works on.

    Parameters
    ----------
    best
        Cost by node, infinite before a search.
    touched
        Room for every node.
    keys
        Room for the heap: as many as there are arcs and seeds.
    items
        Room for as many.
    """

    best: np.ndarray
    touched: np.ndarray
    keys: np.ndarray
    items: np.ndarray


class Finds(NamedTuple):
    """
    What a search from many places finds.

    Parameters
    ----------
    best
        Cost by target, infinite before and after.
    number
        Room for the number of targets reached by every place.
    target
        Room for the targets reached.
    cost
        Room for their costs.
    """

    best: np.ndarray
    number: np.ndarray
    target: np.ndarray
    cost: np.ndarray


@njit(**_COMPILED)
def _push(keys: np.ndarray, items: np.ndarray, size: int, key: float, item: int) -> int:
    """Put an item on the heap; the new size."""
    at = size
    while at > 0:
        parent = (at - 1) >> 1
        if keys[parent] <= key:
            break
        keys[at] = keys[parent]
        items[at] = items[parent]
        at = parent
    keys[at] = key
    items[at] = item
    return size + 1


@njit(**_COMPILED)
def _drop(keys: np.ndarray, items: np.ndarray, size: int) -> int:
    """Take the first item off the heap; the new size."""
    size -= 1
    key, item = keys[size], items[size]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[at] = keys[child]
        items[at] = items[child]
        at = child
    keys[at] = key
    items[at] = item
    return size


@njit(**_COMPILED)
def spread(arcs: Arcs, seeds: Seeds, place: int, limit: float, desk: Desk) -> int:
    """
    Measure from the nearest of the seeds of a place to every node.

    Parameters
    ----------
    arcs
        What can be walked.
    seeds
        Where to start.
    place
        Whose seeds.
    limit
        Greatest cost to look for.
    desk
        Takes the costs, and lists the nodes that are reached.

    Returns
    -------
    reached
        How many nodes are reached.
    """
    best, touched, keys, items = desk
    size = seen = 0
    for one in range(seeds.first[place], seeds.first[place + 1]):
        here, so_far = seeds.node[one], seeds.cost[one]
        if so_far <= limit and so_far < best[here]:
            if best[here] == np.inf:
                touched[seen] = here
                seen += 1
            best[here] = so_far
            size = _push(keys, items, size, so_far, here)
    while size > 0:
        here, so_far = items[0], keys[0]
        size = _drop(keys, items, size)
        if so_far > best[here]:
            continue
        for arc in range(arcs.first[here], arcs.first[here + 1]):
            there, total = arcs.head[arc], so_far + arcs.cost[arc]
            if total < best[there] and total <= limit:
                if best[there] == np.inf:
                    touched[seen] = there
                    seen += 1
                best[there] = total
                size = _push(keys, items, size, total, there)
    return seen


@njit(**_COMPILED)
def spread_several(
    arcs: Arcs,
    seeds: Seeds,
    place_of: np.ndarray,
    limit: float,
    best: np.ndarray,
    place: np.ndarray,
    found: np.ndarray,
    keys: np.ndarray,
    items: np.ndarray,
) -> None:
    """
    Measure from each of the nearest few places to every node.

    Parameters
    ----------
    arcs
        What can be walked.
    seeds
        Where to start.
    place_of
        Place that each seed belongs to.
    limit
        Greatest cost to look for.
    best
        Nodes by rank, infinite before: takes the costs.
    place
        Nodes by rank, -1 before: takes the places.
    found
        By node, 0 before: takes the number of places.
    keys
        Room for the heap: as many as there are seeds, and arcs times ranks.
    items
        Room for as many.
    """
    nodes, several = best.shape
    size = 0
    for one in range(len(seeds.node)):
        if seeds.cost[one] <= limit:
            item = place_of[one] * nodes + seeds.node[one]
            size = _push(keys, items, size, seeds.cost[one], item)
    while size > 0:
        so_far, here, who = keys[0], items[0] % nodes, items[0] // nodes
        size = _drop(keys, items, size)
        if _is_known(place, found, here, who, several):
            continue
        best[here, found[here]] = so_far
        place[here, found[here]] = who
        found[here] += 1
        for arc in range(arcs.first[here], arcs.first[here + 1]):
            there, total = arcs.head[arc], so_far + arcs.cost[arc]
            if total <= limit and not _is_known(place, found, there, who, several):
                size = _push(keys, items, size, total, who * nodes + there)


@njit(**_COMPILED)
def _is_known(place: np.ndarray, found: np.ndarray, node: int, who: int, several: int) -> bool:
    """Tell whether a node needs to hear no more of a place."""
    for one in range(found[node]):
        if place[node, one] == who:
            return True
    return bool(found[node] == several)


@njit(**_COMPILED)
def reach(
    arcs: Arcs,
    seeds: Seeds,
    direct: Slots,
    slots: Slots,
    limit: float,
    begin: int,
    end: int,
    desk: Desk,
    finds: Finds,
) -> int:
    """
    Measure from each of some places to every target within a limit.

    Parameters
    ----------
    arcs
        What can be walked.
    seeds
        Where each place starts.
    direct
        Targets that each place reaches without the graph.
    slots
        Targets that are reached from each node.
    limit
        Greatest cost to look for.
    begin
        The first place.
    end
        The place after the last.
    desk
        To work on.
    finds
        Takes the pairs, place after place, until there is no room for another.

    Returns
    -------
    place
        The place after the last that was done.
    """
    total = 0
    targets, room = len(finds.best), len(finds.target)
    for place in range(begin, end):
        if total + targets > room:
            return place
        start = total
        total = _note(direct, place, 0.0, limit, finds, total)
        seen = spread(arcs, seeds, place, limit, desk)
        for one in range(seen):
            here = desk.touched[one]
            total = _note(slots, here, desk.best[here], limit, finds, total)
            desk.best[here] = np.inf
        for one in range(start, total):
            finds.cost[one] = finds.best[finds.target[one]]
            finds.best[finds.target[one]] = np.inf
        finds.number[place - begin] = total - start
    return end


@njit(**_COMPILED)
def _note(slots: Slots, at: int, so_far: float, limit: float, finds: Finds, total: int) -> int:
    """Lower the costs of the targets in one slot; list those that are new."""
    for one in range(slots.first[at], slots.first[at + 1]):
        target, cost = slots.target[one], so_far + slots.cost[one]
        if cost < finds.best[target] and cost <= limit:
            if finds.best[target] == np.inf:
                finds.target[total] = target
                total += 1
            finds.best[target] = cost
    return total
