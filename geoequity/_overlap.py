"""
How much land two layers of polygons share, without drawing what they share.

A polygon is the sum of the strips under its edges, down to any base: those
under upper edges counted plus, those under lower edges minus. Two strips share
what lies under the lower of the two edges, over the stretch where both stand.
So the land two polygons share is a sum over pairs of edges, one short formula
each, with no case for holes, parts, crossings or corners.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import shapely

Layer: TypeAlias = gpd.GeoDataFrame | gpd.GeoSeries

_LONG_RING = 200  # vertices from which asking first whether a polygon holds another pays
_MANY_EDGE_PAIRS = 10_000  # of two polygons, from which drawing what they share is quicker
_WORK = 200_000  # edges and pairs of them at a time, so that all stays in the cache
_ROUNDINGS = 8 * np.finfo(float).eps  # that a strip can gather, against the height of its polygons


@dataclass(frozen=True, eq=False)
class SharedLand:
    """
    Pairs of polygons that share land.

    Parameters
    ----------
    first
        Position in the first layer.
    second
        Position in the second.
    area_m2
        The land both cover, above 0; the very area of one of them where that
        lies in the other [m2].
    """

    first: np.ndarray
    second: np.ndarray
    area_m2: np.ndarray


@dataclass(frozen=True, eq=False)
class _Edges:
    """The edges of polygons from west to east, upright ones left out, polygon by polygon."""

    west: np.ndarray
    east: np.ndarray
    y: np.ndarray  # at the western end
    slope: np.ndarray
    top: np.ndarray
    sign: np.ndarray  # +1 with the polygon below the edge, -1 above
    start: np.ndarray  # of each polygon's edges, and the end of the last


def shared_land(first: np.ndarray, second: np.ndarray) -> SharedLand:
    """
    Measure the land that polygons of two layers share.

    Parameters
    ----------
    first
        Valid polygons or multipolygons, in metres.
    second
        Others, in the same CRS.

    Returns
    -------
    shared
        Every pair that shares land, exact to rounding: what is within rounding
        of none is none, and what is within rounding of all of a polygon is all.

    Notes
    -----
    Areas without the overlay are an idea of [1]_; the sum over pairs of edges
    here follows from ``1_A 1_B = sum of s_e s_f 1(below e and f)``.

    References
    ----------
    .. [1] Franklin, W. R. and Sivaswami, V. (1990). OVERPROP: calculating areas
       of map overlay polygons without calculating the overlay. Second National
       Conference on Geographic Information Systems, Ottawa, 1646-1654.
    """
    corners = [shapely.get_num_coordinates(layer) for layer in (first, second)]
    if corners[0].sum() * len(second) > corners[1].sum() * len(first):  # the simpler ones first
        shared = shared_land(second, first)
        return SharedLand(first=shared.second, second=shared.first, area_m2=shared.area_m2)
    tree = shapely.STRtree(first)
    is_long = corners[1] > _LONG_RING
    short, long = np.flatnonzero(~is_long), np.flatnonzero(is_long)
    near = _pairs(tree, second, short, predicate=None)
    held = _pairs(tree, second, long, predicate="contains_properly")
    met = _pairs(tree, second, long, predicate="intersects")
    met = met[~np.isin(met @ [1, len(first)], held @ [1, len(first)])]
    cut = np.concatenate([near, met])
    area = np.concatenate([shapely.area(first[held[:, 0]]), _measured(first, second, cut)])
    pairs = np.concatenate([held, cut])[area > 0]
    return SharedLand(first=pairs[:, 0], second=pairs[:, 1], area_m2=area[area > 0])


def _pairs(
    tree: shapely.STRtree, polygons: np.ndarray, which: np.ndarray, *, predicate: str | None
) -> np.ndarray:
    """Rows of (position in the tree, position of the polygon), polygon by polygon."""
    second, first = tree.query(polygons[which], predicate=predicate)
    return np.column_stack([first, which[second]])


def _measured(first: np.ndarray, second: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Area that each pair shares, some pairs at a time."""
    if not len(pairs):
        return np.empty(0)
    (used_a, a), (used_b, b) = (np.unique(column, return_inverse=True) for column in pairs.T)
    first, second = first[used_a], second[used_b]
    edges = _edges(first), _edges(second)
    bounds = shapely.bounds(first), shapely.bounds(second)
    area = np.minimum(shapely.area(first)[a], shapely.area(second)[b])
    result = np.empty(len(pairs))
    for some in _portions(np.diff(edges[0].start)[a], np.diff(edges[1].start)[b]):
        i, j = a[some], b[some]
        shared, rounding, is_drawn = _summed(edges, (i, j), (bounds[0][i], bounds[1][j]))
        drawn = shapely.intersection(first[i[is_drawn]], second[j[is_drawn]])
        shared[is_drawn] = shapely.area(drawn)
        whole = area[some]
        shared = np.where(np.abs(shared - whole) <= rounding, whole, shared)
        result[some] = np.where(shared <= rounding, 0.0, np.minimum(shared, whole))
    return result


def _portions(edges_a: np.ndarray, edges_b: np.ndarray) -> Iterator[slice]:
    """Cut a list of pairs so that no portion holds much more than the set work."""
    work = np.cumsum(edges_a + edges_b + np.minimum(edges_a * edges_b, _MANY_EDGE_PAIRS))
    cuts = np.searchsorted(work, np.arange(_WORK, work[-1], _WORK))
    cuts = np.unique([0, *cuts, len(work)])
    return (slice(start, stop) for start, stop in pairwise(cuts))


def _summed(
    edges: tuple[_Edges, _Edges],
    pairs: tuple[np.ndarray, np.ndarray],
    bounds: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Area that each pair shares, the rounding in it, and which pairs are left to be drawn."""
    (one, other), (box, frame) = edges, bounds
    west, base = np.maximum(box[:, :2], frame[:, :2]).T
    east = np.minimum(box[:, 2], frame[:, 2])
    height = np.maximum(box[:, 3], frame[:, 3]) - np.minimum(box[:, 1], frame[:, 1])
    row, e, count_e = _over(one, pairs[0], west, east, base)
    _, f, count_f = _over(other, pairs[1], west, east, base)
    is_drawn = count_e * count_f > _MANY_EDGE_PAIRS
    keep = ~is_drawn[row]
    row, e = row[keep], e[keep]
    # Every edge of the one with every edge of the other
    times = count_f[row]
    place = _ranges((np.cumsum(count_f) - count_f)[row], times)
    row, e, f = np.repeat(row, times), np.repeat(e, times), f[place]
    start, end = np.maximum(one.west[e], other.west[f]), np.minimum(one.east[e], other.east[f])
    keep = np.flatnonzero(end > start)
    row, e, f, start, end = row[keep], e[keep], f[keep], start[keep], end[keep]
    floor, width = base[row], end - start
    e_start, e_end = _heights(one, e, start, end, floor)
    f_start, f_end = _heights(other, f, start, end, floor)
    twice_mean = np.minimum(e_start, f_start) + np.minimum(e_end, f_end)
    gap_start, gap_end = e_start - f_start, e_end - f_end
    product = gap_start * gap_end
    crossing = np.flatnonzero(product < 0)  # the lower edge has a peak where the two cross
    gaps = np.abs(gap_start[crossing]) + np.abs(gap_end[crossing])
    twice_mean[crossing] -= product[crossing] / gaps
    strip = 0.5 * width * twice_mean * one.sign[e] * other.sign[f]
    size = len(pairs[0])
    shared = np.bincount(row, strip, minlength=size)
    rounding = _ROUNDINGS * height * np.bincount(row, width, minlength=size)
    return shared, rounding, is_drawn


def _over(
    edges: _Edges, which: np.ndarray, west: np.ndarray, east: np.ndarray, base: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges in a window open to the top, as (row of the window, edge), and how many a row."""
    count = edges.start[which + 1] - edges.start[which]
    row = np.repeat(np.arange(len(which)), count)
    e = _ranges(edges.start[which], count)
    # An edge along the base must stay, or an edge that dips under the base has no counterpart
    is_over = (
        (edges.east[e] > west[row]) & (edges.west[e] < east[row]) & (edges.top[e] >= base[row])
    )
    row, e = row[is_over], e[is_over]
    return row, e, np.bincount(row, minlength=len(which))


def _ranges(start: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Concatenate the ranges start, start + 1, ... of the given lengths."""
    shift = start - (np.cumsum(count) - count)
    return np.arange(count.sum()) + np.repeat(shift, count)


def _heights(
    edges: _Edges, e: np.ndarray, start: np.ndarray, end: np.ndarray, floor: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Heights of edges above a floor at two places each."""
    west, y, slope = edges.west[e], edges.y[e] - floor, edges.slope[e]
    return y + (start - west) * slope, y + (end - west) * slope


def _edges(polygons: np.ndarray) -> _Edges:
    """List the edges of polygons."""
    parts, owner = shapely.get_parts(polygons, return_index=True)
    _, xy, (ring_start, part_start) = shapely.to_ragged_array(parts, include_z=False)
    rings = len(ring_start) - 1
    ring = np.repeat(np.arange(rings), np.diff(ring_start))
    is_edge = ring[1:] == ring[:-1]
    ring = ring[:-1][is_edge]
    (x0, y0), (x1, y1) = xy[:-1][is_edge].T, xy[1:][is_edge].T
    # A ring's own turn decides which side is in, whichever way it was drawn
    x, y = xy[ring_start[:-1]][ring].T
    doubled = np.bincount(ring, (x0 - x) * (y1 - y) - (x1 - x) * (y0 - y), minlength=rings)
    shell = np.full(rings, -1.0)
    shell[part_start[:-1]] = 1.0
    side = (np.sign(doubled) * shell)[ring]
    polygon = owner[np.repeat(np.arange(len(parts)), np.diff(part_start))][ring]
    keep = np.flatnonzero(x0 != x1)
    x0, y0, x1, y1, side = x0[keep], y0[keep], x1[keep], y1[keep], side[keep]
    is_eastward = x1 > x0
    return _Edges(
        west=np.minimum(x0, x1),
        east=np.maximum(x0, x1),
        y=np.where(is_eastward, y0, y1),
        slope=(y1 - y0) / (x1 - x0),
        top=np.maximum(y0, y1),
        sign=np.where(is_eastward, -side, side),
        start=np.searchsorted(polygon[keep], np.arange(len(polygons) + 1)),
    )
