"""
Shortest walks on a graph between places that lie on its edges.

A place is tied to the nodes at the ends of the edges it is on: what it costs
to leave for them and to arrive from them. Searches run between nodes, from the
side with fewer places and several at a time; two places on one edge, and a
point within an area, are joined directly beside that.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple, Self

import numpy as np
from scipy.sparse import coo_array

from geoequity._cores import in_order
from geoequity.streets import _kernels
from geoequity.streets._snapping import Stretches, held

NO_PLACE = -1
ROUNDING_MIN = 1e-8  # a walk of just the limit is within it

_PAIRS = 4_000_000  # held at a time by one search: 48 MB
_BATCH = 128  # places searched from at a time


class Links(NamedTuple):
    """What ties places to nodes, in the order of the places."""

    place: np.ndarray
    node: np.ndarray
    minutes: np.ndarray

    def take(self, order: np.ndarray) -> Self:
        """
        Put the links in another order.

        Parameters
        ----------
        order
            Positions.

        Returns
        -------
        links
            Those of them.
        """
        return type(self)(*(one[order] for one in self))


class Pairs(NamedTuple):
    """Walks between places of two sides."""

    origin: np.ndarray
    goal: np.ndarray
    minutes: np.ndarray


@dataclass(frozen=True, eq=False)
class Graph:
    """
    Edges with what they cost each way.

    Parameters
    ----------
    ends
        Positions of the two nodes of every edge.
    there
        From the first node to the second [minutes]; infinite where barred.
    back
        From the second node to the first [minutes]; infinite where barred.
    nodes
        How many nodes there are.
    m_per_min
        Speed of the straight way between a place and its edge.
    """

    ends: np.ndarray
    there: np.ndarray
    back: np.ndarray
    nodes: int
    m_per_min: float

    @cached_property
    def turned(self) -> Self:
        """
        Turn every edge round.

        Returns
        -------
        turned
            The same edges, walked the other way.
        """
        turned = type(self)(self.ends, self.back, self.there, self.nodes, self.m_per_min)
        if np.array_equal(self.there, self.back):  # as on the level
            turned.__dict__["arcs"] = self.arcs
        return turned

    @cached_property
    def arcs(self) -> _kernels.Arcs:
        """
        Sort what can be walked by node.

        Returns
        -------
        arcs
            As the kernels take them.
        """
        tail, head = self.ends.T.ravel(), self.ends[:, ::-1].T.ravel()
        cost = np.concatenate([self.there, self.back])
        some = np.flatnonzero(np.isfinite(cost) & (tail != head))
        tail = tail[some]
        some = some[np.argsort(tail, kind="stable")]
        return _kernels.Arcs(_firsts(tail, self.nodes), head[some].astype("int32"), cost[some])

    def nearest(
        self,
        origins: Stretches,
        goals: Stretches,
        *,
        group: np.ndarray,
        groups: int,
        k: int,
        limit_min: float,
    ) -> np.ndarray:
        """
        Walk from every origin to the nearest goal of each group.

        Parameters
        ----------
        origins
            Where the origins meet the edges.
        goals
            Where the goals do.
        group
            Group of each goal.
        groups
            How many groups there are; some may be empty.
        k
            Which goal counts: 1 for the nearest, 2 for the second nearest.
        limit_min
            How far to look [minutes].

        Returns
        -------
        minutes
            Origins by group; infinite where fewer than `k` goals are reached.
        """
        limit_min = limit_min + ROUNDING_MIN
        seeds, leaving = self.turned._leaving(goals), self._leaving(origins)  # noqa: SLF001 - its own
        direct = self._direct(origins, goals)
        tasks = [
            partial(
                self._nearest_of,
                mine=group == one,
                seeds=seeds,
                leaving=leaving,
                direct=direct,
                origins=len(origins.shapes),
                k=k,
                limit_min=limit_min,
            )
            for one in range(groups)
        ]
        minutes = np.full((len(origins.shapes), groups), np.inf)
        for column, one in enumerate(in_order(tasks)):
            minutes[:, column] = one
        minutes[minutes > limit_min] = np.inf
        return minutes

    def pairs(self, origins: Stretches, goals: Stretches, *, limit_min: float) -> Iterator[Pairs]:
        """
        Walk between all origins and goals within a limit, some at a time.

        Parameters
        ----------
        origins
            Where the origins meet the edges.
        goals
            Where the goals do.
        limit_min
            How far to walk [minutes].

        Yields
        ------
        pairs
            Each pair once, in no particular order.
        """
        if len(goals.shapes) < len(origins.shapes):
            for one in self.turned.pairs(goals, origins, limit_min=limit_min):
                yield Pairs(one.goal, one.origin, one.minutes)
            return
        slots = self.turned._leaving(goals)  # noqa: SLF001 - its own
        slots = slots.take(np.argsort(slots.node, kind="stable"))
        search = partial(
            _found,
            self.arcs,
            _seeds(self._leaving(origins), len(origins.shapes)),
            _slots(self._direct(origins, goals), len(origins.shapes)),
            _kernels.Slots(_firsts(slots.node, self.nodes), _narrow(slots.place), slots.minutes),
            limit_min + ROUNDING_MIN,
        )
        yield from _in_batches(search, places=len(origins.shapes), targets=len(goals.shapes))

    def every_pair(self, origins: Stretches, goals: Stretches, *, limit_min: float) -> Pairs:
        """
        Walk between all origins and goals within a limit.

        Parameters
        ----------
        origins
            Where the origins meet the edges.
        goals
            Where the goals do.
        limit_min
            How far to walk [minutes].

        Returns
        -------
        pairs
            Each pair once, ordered as the origins and then the goals.
        """
        parts = list(self.pairs(origins, goals, limit_min=limit_min))
        none = Pairs(np.empty(0, "int32"), np.empty(0, "int32"), np.empty(0))
        columns = [list(one) for one in zip(none, *parts, strict=True)]
        del parts
        # Column by column, each let go of as it is done: of a metropolis these are millions
        origin, goal, minutes = (np.concatenate(columns.pop(0)) for _ in none)
        shape = len(origins.shapes), len(goals.shapes)
        # Laid out by rows they are in order, for less memory than sorting takes
        rows = coo_array((minutes, (origin, goal)), shape=shape).tocsr()
        del origin, goal, minutes
        origin = np.repeat(np.arange(shape[0], dtype="int32"), np.diff(rows.indptr))
        return Pairs(origin, rows.indices, rows.data)

    def spread(self, origins: Stretches, *, limit_min: float) -> Iterator[np.ndarray]:
        """
        Walk from each origin to every node.

        Parameters
        ----------
        origins
            Where the origins meet the edges.
        limit_min
            How far to walk [minutes].

        Yields
        ------
        minutes
            By node, for one origin after the other; infinite where not reached.
        """
        seeds = _seeds(self._leaving(origins), len(origins.shapes))
        for place in range(len(origins.shapes)):
            desk = _desk(self.arcs, seeds)
            _kernels.spread(self.arcs, seeds, place, limit_min + ROUNDING_MIN, desk)
            yield desk.best

    def _leaving(self, places: Stretches) -> Links:
        """Measure from places to the nodes at the ends of their edges."""
        gap = places.gap / self.m_per_min
        to_first = _part(places.start, self.back[places.line]) + gap
        to_second = _part(1 - places.end, self.there[places.line]) + gap
        # A place at one end of its edge needs no second way by the other
        use = np.column_stack([np.isfinite(to_first), np.isfinite(to_second)])
        use[:, 0] &= places.start < 1
        use[:, 1] &= places.end > 0
        node = self.ends[places.line].astype("int32")
        return Links(
            np.repeat(places.place, 2)[use.ravel()],
            node[use],
            np.column_stack([to_first, to_second])[use],
        )

    def _direct(self, origins: Stretches, goals: Stretches) -> Pairs:
        """Join places on one edge, and points with the areas they lie in; ordered by origin."""
        order = np.argsort(goals.line, kind="stable")
        line = goals.line[order]
        first = np.searchsorted(line, origins.line, side="left")
        number = np.searchsorted(line, origins.line, side="right") - first
        one = np.repeat(np.arange(len(number)), number)
        within = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
        other = order[first[one] + within]
        ahead = goals.start[other] - origins.end[one]
        behind = origins.start[one] - goals.end[other]
        pace = np.where(ahead > behind, self.there[origins.line[one]], self.back[origins.line[one]])
        minutes = (
            _part(np.maximum(ahead, behind), pace)
            + (origins.gap[one] + goals.gap[other]) / self.m_per_min
        )
        origin, goal = origins.place[one], goals.place[other]
        inner, outer = held(origins, goals)
        origin, goal = np.concatenate([origin, inner]), np.concatenate([goal, outer])
        minutes = np.concatenate([minutes, np.zeros(len(inner))])
        some = np.flatnonzero(np.isfinite(minutes))
        some = some[np.argsort(origin[some], kind="stable")]
        return Pairs(origin[some], goal[some], minutes[some])

    def _nearest_of(
        self,
        *,
        mine: np.ndarray,
        seeds: Links,
        leaving: Links,
        direct: Pairs,
        origins: int,
        k: int,
        limit_min: float,
    ) -> np.ndarray:
        """Walk to the k-th nearest goal of one group."""
        some, close = mine[seeds.place], mine[direct.goal]
        number = np.array([0, some.sum()])
        begin = _kernels.Seeds(number, seeds.node[some], seeds.minutes[some])
        arcs = self.turned.arcs
        if k == 1:
            desk = _desk(arcs, begin)
            _kernels.spread(arcs, begin, 0, limit_min, desk)
            best = desk.best
            nearest = np.full(origins, np.inf)
            np.minimum.at(nearest, direct.origin[close], direct.minutes[close])
            begins = np.flatnonzero(np.diff(leaving.place, prepend=-1))
            if len(begins):
                by_link = np.minimum.reduceat(best[leaving.node] + leaving.minutes, begins)
                place = leaving.place[begins]
                nearest[place] = np.minimum(nearest[place], by_link)
            return nearest
        best = np.full((self.nodes, k), np.inf)
        goal = np.full((self.nodes, k), NO_PLACE)
        room = k * len(arcs.head) + len(begin.node)
        _kernels.spread_several(
            arcs,
            begin,
            seeds.place[some],
            limit_min,
            best,
            goal,
            np.zeros(self.nodes, dtype=int),
            np.empty(room),
            np.empty(room, dtype=int),
        )
        total = best[leaving.node] + leaving.minutes[:, None]
        found = Pairs(
            np.concatenate([np.repeat(leaving.place, k), direct.origin[close]]),
            np.concatenate([goal[leaving.node].ravel(), direct.goal[close]]),
            np.concatenate([total.ravel(), direct.minutes[close]]),
        )
        return _kth(found, origins=origins, k=k)


def _kth(found: Pairs, *, origins: int, k: int) -> np.ndarray:
    """Take the k-th nearest of the goals found, each counted once at its nearest."""
    order = np.lexsort((found.minutes, found.goal, found.origin))
    origin, goal, minutes = (one[order] for one in found)
    is_first = np.ones(len(origin), dtype=bool)
    is_first[1:] = (origin[1:] != origin[:-1]) | (goal[1:] != goal[:-1])
    is_first &= np.isfinite(minutes)
    origin, minutes = origin[is_first], minutes[is_first]
    order = np.lexsort((minutes, origin))
    first = _firsts(origin, origins)
    kth = np.full(origins, np.inf)
    enough = np.flatnonzero(np.diff(first) >= k)
    kth[enough] = minutes[order][first[enough] + k - 1]
    return kth


def _seeds(links: Links, places: int) -> _kernels.Seeds:
    """Lay links out as the seeds of each place."""
    return _kernels.Seeds(_firsts(links.place, places), links.node, links.minutes)


def _slots(pairs: Pairs, places: int) -> _kernels.Slots:
    """Lay pairs out as the targets of each place."""
    return _kernels.Slots(_firsts(pairs.origin, places), _narrow(pairs.goal), pairs.minutes)


def _desk(arcs: _kernels.Arcs, seeds: _kernels.Seeds) -> _kernels.Desk:
    """Make room for searches; what they do not use of it costs nothing."""
    nodes, room = len(arcs.first) - 1, len(arcs.head) + len(seeds.node)
    return _kernels.Desk(
        np.full(nodes, np.inf),
        np.empty(nodes, dtype="int32"),
        np.empty(room),
        np.empty(room, dtype="int32"),
    )


def _found(
    arcs: _kernels.Arcs,
    seeds: _kernels.Seeds,
    direct: _kernels.Slots,
    slots: _kernels.Slots,
    limit: float,
    begin: int,
    end: int,
    targets: int,
) -> tuple[int, Pairs]:
    """Search from some places until memory is full; where to go on, and the pairs so far."""
    room = max(_PAIRS, targets)
    number = np.zeros(end - begin, dtype=int)
    finds = _kernels.Finds(
        np.full(targets, np.inf), number, np.empty(room, dtype="int32"), np.empty(room)
    )
    desk = _desk(arcs, seeds)
    done = _kernels.reach(arcs, seeds, direct, slots, limit, begin, end, desk, finds)
    place = np.repeat(np.arange(begin, end, dtype="int32"), number)
    # Copies, as a view would hold on to all the room there was
    return done, Pairs(place, finds.target[: len(place)].copy(), finds.cost[: len(place)].copy())


def _in_batches(
    search: Callable[[int, int, int], tuple[int, Pairs]], *, places: int, targets: int
) -> Iterator[Pairs]:
    """Search from all places on all cores; a batch that was full goes on where it stopped."""
    begins = range(0, places, _BATCH)
    ends = [min(begin + _BATCH, places) for begin in begins]
    tasks = [partial(search, begin, end, targets) for begin, end in zip(begins, ends, strict=True)]
    for end, (done, pairs) in zip(ends, in_order(tasks), strict=True):
        yield pairs
        while done < end:
            done, more = search(done, end, targets)  # noqa: PLW2901 - it goes on
            yield more


def _part(share: np.ndarray, minutes: np.ndarray) -> np.ndarray:
    """Cost of a share of an edge; none of it costs nothing, barred or not."""
    with np.errstate(invalid="ignore"):
        return np.where(share > 0, share * minutes, 0.0)


def _firsts(sorted_key: np.ndarray, number: int) -> np.ndarray:
    """Tell where each key begins in a sorted column, and where the last ends."""
    return np.concatenate([[0], np.cumsum(np.bincount(sorted_key, minlength=number))])


def _narrow(position: np.ndarray) -> np.ndarray:
    """Keep positions in four bytes, as the kernels take them."""
    return position.astype("int32")
