"""Ways of OpenStreetMap and their nodes, in flat arrays, and the lines drawn of them."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

PER_DEGREE = 10_000_000  # OSM keeps coordinates as whole numbers of this
NOWHERE = 2**31 - 1  # coordinate of a node that is not in the file

_LONLAT = "EPSG:4326"
_AT_ONCE = 20_000  # lines to draw, to spare memory
_LINE, _MULTI = shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING
_TYPECODES = {
    "number": "q", "edited": "q", "uid": "i", "said": "i", "size": "i", "ref": "q", "x": "i",
    "y": "i",
}  # fmt: skip


@dataclass(frozen=True)
class Ways:
    """
    Ways and then their nodes, those of one way after those of another.

    Parameters
    ----------
    number
        Id of each way.
    edited
        Second of its last edit; 0 where the file leaves it out.
    uid
        Who made it; 0 where the file leaves it out.
    name
        What it is called, or None.
    said
        Position of what its tags say.
    size
        How many nodes it has.
    ref
        Id of each node.
    x, y
        Longitude and latitude of each node as whole numbers, `NOWHERE` where it
        is not in the file.
    """

    number: np.ndarray
    edited: np.ndarray
    uid: np.ndarray
    name: Any
    said: np.ndarray
    size: np.ndarray
    ref: np.ndarray
    x: np.ndarray
    y: np.ndarray

    @property
    def first(self) -> np.ndarray:
        """
        Find the first node of each way.

        Returns
        -------
        first
            Its position.
        """
        return np.cumsum(self.size) - self.size

    @property
    def lost(self) -> np.ndarray:
        """
        Tell which nodes are not in the file.

        Returns
        -------
        lost
            Whether each is not.
        """
        return self.x == NOWHERE

    def degrees(self, nodes: Any) -> tuple[np.ndarray, np.ndarray]:
        """
        Tell where some nodes are.

        Parameters
        ----------
        nodes
            Which of those that are in the file.

        Returns
        -------
        lon, lat
            Their places [degrees].
        """
        return self.x[nodes] / PER_DEGREE, self.y[nodes] / PER_DEGREE

    def reduced(self, function: np.ufunc, values: np.ndarray) -> np.ndarray:
        """
        Make one value for each way of those of its nodes.

        Parameters
        ----------
        function
            How to join two.
        values
            One for each node.

        Returns
        -------
        reduced
            One for each way.
        """
        return function.reduceat(values, self.first) if len(self.size) else values

    def box(self) -> tuple[np.ndarray, ...]:
        """
        Draw a box round each way.

        Returns
        -------
        west, south, east, north
            Its bounds [degrees]; nonsense where no node is in the file.
        """
        lost = self.lost
        least = (self.reduced(np.minimum, one) for one in (self.x, self.y))
        there = (np.where(lost, -NOWHERE, one) for one in (self.x, self.y))
        most = (self.reduced(np.maximum, one) for one in there)
        return tuple(one / PER_DEGREE for one in (*least, *most))

    def without_nodes(self) -> "Ways":
        """
        Leave the nodes out, which take most of the memory.

        Returns
        -------
        ways
            The same, with nothing known of their nodes.
        """
        return replace(self, ref=self.ref[:0].copy(), x=self.x[:0].copy(), y=self.y[:0].copy())

    def taken(self, which: np.ndarray) -> "Ways":
        """
        Take some of the ways.

        Parameters
        ----------
        which
            Whether to take each.

        Returns
        -------
        ways
            Those taken, in order.
        """
        masks = (which,) * 6 + (np.repeat(which, self.size),) * 3
        columns = (getattr(self, one.name) for one in fields(self))
        return Ways(*(column[mask] for column, mask in zip(columns, masks, strict=True)))


class Gathered:
    """Ways that come some at a time, in arrays that grow in place."""

    def __init__(self) -> None:
        self._numbers = {name: array(code) for name, code in _TYPECODES.items()}
        self._codes = array("i")
        self._names: dict[str, int] = {}

    def add(self, ways: Ways) -> None:
        """
        Put more after those that came.

        Parameters
        ----------
        ways
            Some more.
        """
        for name, numbers in self._numbers.items():
            numbers.frombytes(getattr(ways, name).astype(numbers.typecode).view("uint8").data)
        code, names = pd.factorize(ways.name)
        known = [self._names.setdefault(name, len(self._names)) for name in names]
        self._codes.frombytes(np.array([*known, -1], dtype="i")[code].view("uint8").data)

    def whole(self) -> Ways:
        """
        Give all that came.

        Returns
        -------
        ways
            All of them, their names categorical; no more can be added while
            they are there.
        """
        numbers = {name: np.frombuffer(one, one.typecode) for name, one in self._numbers.items()}
        names = pd.Index(self._names, dtype=object)
        codes = np.frombuffer(self._codes, "i")
        return Ways(name=pd.Categorical.from_codes(codes, names), **numbers)


def parted(ways: Ways, *, lifts: Sequence[int]) -> tuple[pd.DataFrame, np.ndarray]:
    """
    Part ways where they meet.

    Parameters
    ----------
    ways
        The ways.
    lifts
        Nodes at which they are parted too.

    Returns
    -------
    pieces
        In order: ``way`` and ``position``, the places of the way and of the
        piece's first node in it; ``from`` and ``to``, the ids of its ends; and
        ``start`` and ``end``, where they stand among the corners. Ways fall
        apart where nodes are not in the file.
    corners
        Longitudes and latitudes as whole numbers.
    """
    node, run = _runs(ways)
    ref = ways.ref[node]
    breaks = _shared(ref) | np.isin(ref, lifts)
    breaks |= (np.diff(run, prepend=0) != 0) | (np.diff(run, append=0) != 0)
    at = np.flatnonzero(breaks)
    whole = run[at[:-1]] == run[at[1:]]
    start, end = at[:-1][whole], at[1:][whole]
    way = np.searchsorted(ways.first, node[start], side="right") - 1
    pieces = {
        "way": way, "position": node[start] - ways.first[way], "from": ref[start], "to": ref[end],
        "start": start, "end": end,
    }  # fmt: skip
    return pd.DataFrame(pieces, copy=False), np.stack([ways.x[node], ways.y[node]])


def drawn(corners: np.ndarray, start: np.ndarray, end: np.ndarray, *, crs: Any) -> np.ndarray:
    """
    Draw lines through corners.

    Parameters
    ----------
    corners
        As `parted` gives them.
    start, end
        Places of the first and the last of each line.
    crs
        Metric CRS to draw them in.

    Returns
    -------
    lines
        One for each start.
    """
    lines = np.empty(len(start), dtype=object)
    for at in range(0, len(start), _AT_ONCE):
        some = slice(at, at + _AT_ONCE)
        size = end[some] - start[some] + 1
        xy = metres(*corners[:, _ranges(start[some], size)] / PER_DEGREE, crs=crs)
        lines[some] = shapely.from_ragged_array(_LINE, xy, (np.append(0, np.cumsum(size)),))
    return lines


def joined(ways: Ways, groups: Sequence[Sequence[int]], *, crs: Any) -> np.ndarray:
    """
    Draw groups of ways as one line each, as far as they hang together.

    Parameters
    ----------
    ways
        The ways.
    groups
        Ids of those of each group, of which some may not be there.
    crs
        Metric CRS to draw them in.

    Returns
    -------
    lines
        One or several lines for each group; empty where none of its ways is
        there.
    """
    node, run = _runs(ways)
    xy = metres(ways.x[node] / PER_DEGREE, ways.y[node] / PER_DEGREE, crs=crs)
    start = np.flatnonzero(np.diff(run, prepend=0))
    size = np.diff(np.append(start, len(run)))
    number = ways.number[np.searchsorted(ways.first, node[start], side="right") - 1]
    order = np.argsort(number, kind="stable")
    known = number[order]
    lines = np.empty(len(groups), dtype=object)
    for at, group in enumerate(groups):
        wanted = pd.unique(np.array(group, dtype="int64"))
        first, last = np.searchsorted(known, wanted), np.searchsorted(known, wanted, side="right")
        mine = order[_ranges(first, last - first)]
        ends = np.append(0, np.cumsum(size[mine]))
        parts = (ends, np.array([0, len(mine)]))
        corners = xy[_ranges(start[mine], size[mine])]
        lines[at] = shapely.line_merge(shapely.from_ragged_array(_MULTI, corners, parts)[0])
    return lines


def without_points(pieces: pd.DataFrame) -> pd.DataFrame:
    """
    Drop pieces of no length, making one node of their two.

    Parameters
    ----------
    pieces
        As `parted` gives them, with their ``geometry``.

    Returns
    -------
    pieces
        The others, with ``length_m``; of nodes that are one, the lowest id.
    """
    length = shapely.length(pieces["geometry"].to_numpy())
    is_point = length == 0
    pieces = pieces.assign(length_m=length)
    if not is_point.any():
        return pieces
    nodes, ends = np.unique(pieces.loc[is_point, ["from", "to"]], return_inverse=True)
    first, last = ends.reshape(-1, 2).T
    label, before = np.arange(len(nodes)), np.empty(0, dtype=int)
    while not np.array_equal(label, before):
        before = label.copy()
        np.minimum.at(label, first, before[last])
        np.minimum.at(label, last, before[first])
    one = pd.Series(nodes[label], index=nodes)
    pieces = pieces[~is_point].copy()
    for column in ("from", "to"):
        pieces[column] = pieces[column].map(one).fillna(pieces[column]).astype("int64")
    return pieces


def metres(lon: Any, lat: Any, *, crs: Any) -> np.ndarray:
    """
    Bring places from degrees into a metric CRS.

    Parameters
    ----------
    lon, lat
        The places [degrees].
    crs
        The CRS.

    Returns
    -------
    xy
        A row for each place.
    """
    to_metres = Transformer.from_crs(_LONLAT, crs, always_xy=True)
    return np.column_stack(to_metres.transform(lon, lat))


def _runs(ways: Ways) -> tuple[np.ndarray, np.ndarray]:
    """Find the nodes that make lines, and the line of each, numbered from 1."""
    placed = np.flatnonzero(~ways.lost).astype("int32")
    way = np.repeat(np.arange(len(ways.size), dtype="int32"), ways.size)[placed]
    starts = np.ones(len(placed), dtype=bool)
    starts[1:] = (way[1:] != way[:-1]) | (np.diff(placed) > 1)
    again = np.zeros(len(placed), dtype=bool)  # the same node twice running
    again[1:] = ~starts[1:] & (np.diff(ways.ref[placed]) == 0)
    run = np.cumsum(starts, dtype="int32")[~again]
    long = np.bincount(run)[run] > 1
    return placed[~again][long], run[long]


def _shared(ref: np.ndarray) -> np.ndarray:
    """Tell which nodes come more than once."""
    order = np.argsort(ref, kind="stable").astype("int32")
    same = np.flatnonzero(np.diff(ref[order]) == 0)
    shared = np.zeros(len(ref), dtype=bool)
    shared[order[same]] = shared[order[same + 1]] = True
    return shared


def _ranges(start: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Count up from each start, so far each."""
    ends = np.cumsum(size)
    return np.arange(size.sum()) + np.repeat(start - (ends - size), size)
