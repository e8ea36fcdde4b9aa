"""
The compiled core: bounded shortest paths on arrays.

Dijkstra's algorithm with a binary heap and lazy deletion. Everything is exact
and depends on no order of threads: each search has arrays of its own. What
surrounds a search, places on edges, directions, categories, is laid out by
`_walks` as seeds at nodes and slots at nodes, so that a kernel knows nodes only.
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
def _settle(
    first: np.ndarray,
    head: np.ndarray,
    cost: np.ndarray,
    seed_node: np.ndarray,
    seed_cost: np.ndarray,
    limit: float,
    best: np.ndarray,
    touched: np.ndarray,
    keys: np.ndarray,
    items: np.ndarray,
) -> int:
    """Search from seeds into `best`, infinite before; list the nodes reached, and number them."""
    size = seen = 0
    for one in range(len(seed_node)):
        here, so_far = seed_node[one], seed_cost[one]
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
        for arc in range(first[here], first[here + 1]):
            there, total = head[arc], so_far + cost[arc]
            if total < best[there] and total <= limit:
                if best[there] == np.inf:
                    touched[seen] = there
                    seen += 1
                best[there] = total
                size = _push(keys, items, size, total, there)
    return seen


@njit(**_COMPILED)
def spread(arcs: Arcs, seeds: Seeds, limit: float) -> np.ndarray:
    """
    Measure from the nearest of some seeds to every node.

    Parameters
    ----------
    arcs
        What can be walked.
    seeds
        Where to start.
    limit
        Greatest cost to look for.

    Returns
    -------
    best
        Cost by node; infinite beyond the limit.
    """
    nodes, longest = len(arcs.first) - 1, len(arcs.head) + len(seeds.node)
    best = np.full(nodes, np.inf)
    touched = np.empty(nodes, dtype=np.int32)
    keys, items = np.empty(longest, dtype=np.float64), np.empty(longest, dtype=np.int32)
    _settle(
        arcs.first, arcs.head, arcs.cost, seeds.node, seeds.cost, limit, best, touched, keys, items
    )
    return best


@njit(**_COMPILED)
def spread_several(
    arcs: Arcs, seeds: Seeds, place_of: np.ndarray, several: int, limit: float
) -> tuple[np.ndarray, np.ndarray]:
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
    several
        How many places to look for.
    limit
        Greatest cost to look for.

    Returns
    -------
    best
        Nodes by rank: cost; infinite beyond the limit.
    place
        Nodes by rank: place; -1 where there is none.
    """
    first, head, cost = arcs.first, arcs.head, arcs.cost
    nodes = len(first) - 1
    best = np.full((nodes, several), np.inf)
    place = np.full((nodes, several), np.int32(-1))
    found = np.zeros(nodes, dtype=np.int32)
    keys = np.empty(max(2 * len(seeds.node), 1024), dtype=np.float64)
    items = np.empty(len(keys), dtype=np.int64)
    size = 0
    for one in range(len(seeds.node)):
        if seeds.cost[one] <= limit:
            item = np.int64(place_of[one]) * nodes + seeds.node[one]
            size = _push(keys, items, size, seeds.cost[one], item)
    while size > 0:
        so_far, here, who = keys[0], items[0] % nodes, items[0] // nodes
        size = _drop(keys, items, size)
        if found[here] == several or _has(place[here], who):
            continue
        best[here, found[here]] = so_far
        place[here, found[here]] = who
        found[here] += 1
        while size + first[here + 1] - first[here] > len(keys):
            keys = np.concatenate((keys, np.empty_like(keys)))
            items = np.concatenate((items, np.empty_like(items)))
        for arc in range(first[here], first[here + 1]):
            there, total = head[arc], so_far + cost[arc]
            if total <= limit and found[there] < several and not _has(place[there], who):
                size = _push(keys, items, size, total, who * nodes + there)
    return best, place


@njit(**_COMPILED)
def _has(row: np.ndarray, value: int) -> bool:
    """Tell whether a short row holds a value."""
    for one in row:  # noqa: SIM110 - compiled
        if one == value:
            return True
    return False


@njit(**_COMPILED)
def reach(
    arcs: Arcs,
    seeds: Seeds,
    direct: Slots,
    slots: Slots,
    targets: int,
    limit: float,
    begin: int,
    end: int,
    enough: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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
    targets
        How many targets there are.
    limit
        Greatest cost to look for.
    begin
        The first place.
    end
        The place after the last.
    enough
        Pairs after which to stop at the next place, to bound memory.

    Returns
    -------
    numbers
        Targets reached by each place that was done, in order.
    target
        The targets of all of them, in order.
    best
        And their costs.
    """
    nodes, longest = len(arcs.first) - 1, len(arcs.head) + len(seeds.node)
    dist, best = np.full(nodes, np.inf), np.full(targets, np.inf)
    touched = np.empty(nodes, dtype=np.int32)
    keys, items = np.empty(longest, dtype=np.float64), np.empty(longest, dtype=np.int32)
    numbers = np.zeros(end - begin, dtype=np.int64)
    found, costs = np.empty(1024, dtype=np.int32), np.empty(1024, dtype=np.float64)
    total = place = 0
    for place in range(begin, end):
        start = total
        found, total = _note(direct, place, 0.0, limit, best, found, total)
        mine = slice(seeds.first[place], seeds.first[place + 1])
        node, cost = seeds.node[mine], seeds.cost[mine]
        seen = _settle(
            arcs.first, arcs.head, arcs.cost, node, cost, limit, dist, touched, keys, items
        )
        for one in range(seen):
            here = touched[one]
            found, total = _note(slots, here, dist[here], limit, best, found, total)
            dist[here] = np.inf
        if len(costs) < len(found):
            costs = np.concatenate((costs, np.empty(len(found) - len(costs), dtype=np.float64)))
        for one in range(start, total):
            costs[one] = best[found[one]]
            best[found[one]] = np.inf
        numbers[place - begin] = total - start
        if total >= enough:
            break
    return numbers[: place + 1 - begin], found[:total], costs[:total]


@njit(**_COMPILED)
def _note(
    slots: Slots,
    at: int,
    so_far: float,
    limit: float,
    best: np.ndarray,
    found: np.ndarray,
    total: int,
) -> tuple[np.ndarray, int]:
    """Lower the costs of the targets in one slot; list those that are new."""
    begin, end = slots.first[at], slots.first[at + 1]
    if total + end - begin > len(found):
        longer = np.empty(max(total + end - begin, 2 * len(found)), dtype=np.int32)
        longer[:total] = found[:total]
        found = longer
    for one in range(begin, end):
        target, cost = slots.target[one], so_far + slots.cost[one]
        if cost < best[target] and cost <= limit:
            if best[target] == np.inf:
                found[total] = target
                total += 1
            best[target] = cost
    return found, total
