"""
Shortest walks on a graph between places that lie on its edges.

Distances come from Dijkstra's algorithm as scipy has it, from one added node
for each group of places: the nearest place of a category costs one search,
however many places it has.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geoequity._snapping import Stretches, held

ROUNDING_M = 1e-6  # a walk of just the limit is within it

_MATRIX_CELLS = 16_000_000  # distances held at a time: 128 MB


@dataclass(frozen=True, eq=False)
class Graph:
    """
    Edges that are walked both ways.

    Parameters
    ----------
    ends
        Positions of the two nodes of every edge.
    length_m
        Length of every edge, above 0 [m].
    nodes
        How many nodes there are.
    """

    ends: np.ndarray
    length_m: np.ndarray
    nodes: int

    def walks(
        self,
        sources: Stretches,
        group: np.ndarray,
        groups: int,
        *,
        to: Stretches,
        limit_m: float,
    ) -> Iterator[tuple[int, np.ndarray]]:
        """
        Walk from groups of places to single ones, some groups at a time.

        Parameters
        ----------
        sources
            Where the places of the groups meet the edges.
        group
            Group of each of the places.
        groups
            How many groups there are; some may be empty.
        to
            Where the targets meet the edges.
        limit_m
            How far to walk on the graph; farther targets may still be told [m].

        Yields
        ------
        first
            The first of some groups.
        metres
            By group and target, to the nearest place of the group; infinite
            where none is reached, 0 where one lies in the other.
        """
        holder, inside = held(sources, to)
        step = max(1, _MATRIX_CELLS // (self.nodes + len(to.place) + len(to.shapes)))
        for first in range(0, groups, step):
            size = min(step, groups - first)
            row = group - first
            is_mine = (row >= 0) & (row < size)
            some = sources.take(is_mine[sources.place])
            metres = self._arrivals(self._spread(some, row[some.place], size, limit_m), to)
            _shorten(metres, some, row[some.place], to)
            mine = is_mine[holder]
            metres[row[holder[mine]], inside[mine]] = 0.0
            yield first, metres

    def pairs(
        self, starts: Stretches, goals: Stretches, *, limit_m: float
    ) -> Iterator[tuple[int, np.ndarray, bool]]:
        """
        Walk between all places of two sides, searching from the side with fewer.

        Parameters
        ----------
        starts
            Where the places of the one side meet the edges.
        goals
            And those of the other.
        limit_m
            As for `walks` [m].

        Yields
        ------
        first
            The first of some places of the side that was searched from.
        metres
            By place of that side and place of the other.
        is_flipped
            Whether that side is the goals.
        """
        is_flipped = len(goals.shapes) < len(starts.shapes)
        one, other = (goals, starts) if is_flipped else (starts, goals)
        each = np.arange(len(one.shapes))
        for first, metres in self.walks(one, each, len(each), to=other, limit_m=limit_m):
            yield first, metres, is_flipped

    @cached_property
    def _matrix(self) -> csr_array:
        """Metres between neighbouring nodes, by the shortest of parallel edges."""
        start, end = self.ends.T
        table = pd.DataFrame(
            {
                "from": np.concatenate([start, end]),
                "to": np.concatenate([end, start]),
                "metres": np.tile(self.length_m, 2),
            }
        )
        table = table[table["from"] != table["to"]]
        table = table.groupby(["from", "to"], as_index=False)["metres"].min()
        place = (table["from"].to_numpy(), table["to"].to_numpy())
        return csr_array((table["metres"].to_numpy(), place), shape=(self.nodes, self.nodes))

    def _spread(
        self, sources: Stretches, row: np.ndarray, groups: int, limit_m: float
    ) -> np.ndarray:
        """Metres from the nearest place of every group to every node."""
        ahead = np.concatenate([sources.start, self.length_m[sources.line] - sources.end])
        links = pd.DataFrame(
            {
                "row": np.tile(row, 2),
                "node": self.ends[sources.line].T.ravel(),
                "metres": ahead + np.tile(sources.gap, 2),
            }
        )
        links = links.groupby(["row", "node"], as_index=False)["metres"].min()
        graph, size = self._matrix, self.nodes + groups
        until = np.cumsum(np.bincount(links["row"], minlength=groups))
        joined = csr_array(
            (
                np.concatenate([graph.data, links["metres"]]),
                np.concatenate([graph.indices, links["node"]]),
                np.concatenate([graph.indptr, graph.indptr[-1] + until]),
            ),
            shape=(size, size),
        )
        added = np.arange(self.nodes, size)
        return dijkstra(joined, indices=added, limit=limit_m + ROUNDING_M)[:, : self.nodes]

    def _arrivals(self, spread: np.ndarray, targets: Stretches) -> np.ndarray:
        """Metres to every target by way of either end of the edges it is on."""
        start, end = self.ends[targets.line].T
        ahead = self.length_m[targets.line] - targets.end
        metres = np.minimum(spread[:, start] + targets.start, spread[:, end] + ahead) + targets.gap
        result = np.full((len(spread), len(targets.shapes)), np.inf)
        place, first = np.unique(targets.place, return_index=True)
        if len(place):
            result[:, place] = np.minimum.reduceat(metres, first, axis=1)
        return result


def _shorten(metres: np.ndarray, sources: Stretches, row: np.ndarray, targets: Stretches) -> None:
    """Lower the metres between places on one edge to those straight along it."""
    order = np.argsort(targets.line, kind="stable")
    line = targets.line[order]
    first = np.searchsorted(line, sources.line, side="left")
    number = np.searchsorted(line, sources.line, side="right") - first
    one = np.repeat(np.arange(len(number)), number)
    within = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    other = order[first[one] + within]
    between = np.maximum(
        targets.start[other] - sources.end[one], sources.start[one] - targets.end[other]
    )
    walk = np.maximum(between, 0.0) + sources.gap[one] + targets.gap[other]
    np.minimum.at(metres, (row[one], targets.place[other]), walk)
