"""
The light ground that a map of a city is drawn on: its main streets and its water.

Decoration: no figure is computed from it. It is small enough to be written into
a page, so that a map reads without any tile server.
"""

from collections.abc import Iterable, Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

WATER = "water"
STREET = "street"
_STRAIGHT_DEG = 40.0  # a street that turns more at a crossing ends there
_WITHIN_M = 6.0  # farthest that a street may move
_MOST_VERTICES = 45_000
_MOST_EDGES = 150_000  # of one rank
_LEAST_WATER_M2 = 2_500.0
_RANKS = {
    **dict.fromkeys(("motorway", "trunk", "primary"), 1),
    "secondary": 2,
    "tertiary": 3,
    **dict.fromkeys(("residential", "unclassified", "living_street", "pedestrian"), 4),
}
_OF_LENGTH = (
    0.08,
    0.22,
    0.45,
)  # of all streets: the longest are the main ones, where none is named


def make_background(
    streets: gpd.GeoDataFrame | None,
    water: gpd.GeoSeries | None,
    *,
    districts: gpd.GeoDataFrame,
) -> gpd.GeoDataFrame:
    """
    Draw the ground of a map from what a city file reads anyway.

    Parameters
    ----------
    streets
        Edges with ``from_node`` and ``to_node``, and ``highway`` where the class
        of a street is known; None without streets.
    water
        Polygons of water and lines of rivers and canals; None where unknown.
    districts
        Of the study, in the same metric CRS: what lies outside their box and a
        twentieth around it is cut off.

    Returns
    -------
    background
        ``kind`` (``water``, ``street``), ``rank`` (1 for the main streets to 4
        for the least; 0 for water) and geometry, one row a kind and rank; no
        row where nothing is known.

    Notes
    -----
    Edges that run on straight across a junction are one street, as Jiang, Zhao
    and Yin (2008) draw natural streets. Where no class is known the longest of
    them are the main ones. Streets of the least rank are left out, one rank
    after the other, until no more than 45,000 vertices are left.

    References
    ----------
    Jiang, B., Zhao, S., Yin, J. (2008), Self-organized natural roads for
    predicting traffic flow, J. Stat. Mech. P07008.
    """
    xmin, ymin, xmax, ymax = districts.total_bounds
    pad = 0.05 * max(xmax - xmin, ymax - ymin)
    frame = shapely.box(xmin - pad, ymin - pad, xmax + pad, ymax + pad)
    rows = [(WATER, 0, one) for one in _water(water, frame)]
    used = 0
    for rank, shape in _streets(streets, frame):
        used += shapely.get_num_coordinates(shape)
        if used > _MOST_VERTICES:
            break
        rows.append((STREET, rank, shape))
    table = pd.DataFrame(rows, columns=["kind", "rank", "geometry"])
    table["rank"] = table["rank"].astype("int64")
    table.index.name = "background_id"
    return gpd.GeoDataFrame(table, geometry="geometry", crs=districts.crs)


def _water(water: gpd.GeoSeries | None, frame: shapely.Geometry) -> Iterable[shapely.Geometry]:
    """Gather areas of water, and then rivers and canals, thinned."""
    if water is None or water.empty:
        return
    shapes = shapely.make_valid(water.to_numpy())
    shapes = shapely.intersection(shapes[shapely.intersects(shapes, frame)], frame)
    parts = shapely.get_parts(shapes)
    for dimension in (2, 1):
        found = parts[shapely.get_dimensions(parts) == dimension]
        if dimension == 2:  # noqa: PLR2004  areas
            found = found[shapely.area(found) >= _LEAST_WATER_M2]
        if len(found):
            whole = shapely.union_all(found)
            whole = shapely.line_merge(whole) if dimension == 1 else whole
            yield shapely.simplify(whole, _WITHIN_M)


def _streets(
    streets: gpd.GeoDataFrame | None, frame: shapely.Geometry
) -> Iterator[tuple[int, shapely.Geometry]]:
    """Join edges to streets, and give those of each rank, the main ones first."""
    if streets is None or streets.empty:
        return
    used = streets.columns.intersection(["from_node", "to_node", "highway"])
    shapely.prepare(frame)
    is_seen = shapely.intersects(frame, streets.geometry.to_numpy())
    edges = streets[[*used, streets.geometry.name]][is_seen]
    nodes = np.sort(edges[["from_node", "to_node"]].to_numpy(), axis=1)
    once = ~pd.DataFrame(nodes).assign(m=edges.length.round().to_numpy()).duplicated().to_numpy()
    edges = edges[once]  # not once in each direction
    if "highway" not in edges.columns:
        drawn = _joined(edges)
        ranks = _by_length(shapely.length(drawn))
        for rank in sorted(set(ranks.tolist())):
            yield rank, _thin(drawn[ranks == rank])
        return
    ranks = edges["highway"].map(_rank).to_numpy(dtype=float)  # once a class, if categorical
    for rank in sorted(set(_RANKS.values())):
        some = edges[ranks == rank]
        if len(some) > _MOST_EDGES:
            return  # never thin enough, and long to join
        if len(some):
            yield rank, _thin(_joined(some))


def _rank(highway: object) -> float:
    """Rank a class of street; NaN where it is none that is drawn, or several."""
    return _RANKS.get(highway.removesuffix("_link"), np.nan) if isinstance(highway, str) else np.nan


def _thin(lines: np.ndarray) -> shapely.Geometry:
    """Make one shape of lines, with no more corners than are seen."""
    return shapely.multilinestrings(shapely.get_parts(shapely.simplify(lines, _WITHIN_M)))


def _by_length(length_m: np.ndarray) -> np.ndarray:
    """Rank streets so that the longest, a small share of all length, come first."""
    order = np.argsort(-length_m, kind="stable")
    share = np.cumsum(length_m[order]) / length_m.sum()
    ranks = np.empty(len(order), dtype=int)
    ranks[order] = 1 + np.searchsorted(_OF_LENGTH, share)
    return ranks


def _joined(edges: gpd.GeoDataFrame) -> np.ndarray:
    """Draw the streets that edges make by running on straight, one line or more each."""
    lines = edges.geometry.to_numpy()
    ends = edges[["from_node", "to_node"]].to_numpy()
    corners, line = shapely.get_coordinates(lines, return_index=True)
    first = np.searchsorted(line, np.arange(len(lines)))
    last = np.append(first[1:], len(line)) - 1
    out = np.stack([corners[first + 1] - corners[first], corners[last - 1] - corners[last]], axis=1)
    touch = pd.DataFrame({"node": ends.ravel(), "edge": np.repeat(np.arange(len(lines)), 2)})
    touch["bearing"] = np.degrees(np.arctan2(out[..., 1], out[..., 0])).ravel()
    pairs = touch.merge(touch, on="node", suffixes=("", "_on"))
    pairs = pairs[pairs["edge"] < pairs["edge_on"]]
    opening = (pairs["bearing"] - pairs["bearing_on"]).abs()
    pairs = pairs.assign(turn=(180 - opening).abs())  # degrees from straight on
    pairs = pairs[pairs["turn"] <= _STRAIGHT_DEG].sort_values(["turn", "node", "edge", "edge_on"])
    taken: set[tuple[object, int]] = set()
    joins = []
    columns = (pairs[one].tolist() for one in ("node", "edge", "edge_on"))
    for node, one, other in zip(*columns, strict=True):  # the straightest first
        if (node, one) not in taken and (node, other) not in taken:
            taken |= {(node, one), (node, other)}
            joins.append((one, other))
    at = np.array(joins, dtype="int64").reshape(-1, 2)
    links = coo_array((np.ones(len(at)), (at[:, 0], at[:, 1])), shape=(len(lines), len(lines)))
    _, street = connected_components(links, directed=False)
    order = np.argsort(street, kind="stable")
    starts = np.unique(street[order], return_index=True)[1]
    whole = [shapely.multilinestrings(lines[some]) for some in np.split(order, starts[1:])]
    return shapely.line_merge(np.array(whole))
