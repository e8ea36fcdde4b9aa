"""Edges made ready to walk on: checked, merged where nothing meets, timed each way."""

from collections.abc import Callable, Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geoequity import schema
from geoequity.errors import DataError, shown
from geoequity.streets._walkers import ESCALATOR_M_PER_MIN, LIFT_MIN, Walker, slope_factor

MINUTES = ["minutes_there", "minutes_back"]
HeightAt = Callable[[np.ndarray], np.ndarray]

_END_SLACK_M = 1.0  # how far an edge may end from its node
_SLOPE_M = 25.0  # heights are taken this often along an edge, about a pixel of world-wide models
_BRIDGED = ("bridge", "tunnel")  # where the ground is not what one walks on
_ENDS = 2  # edges at a node that is no junction


def check_edges(edges: gpd.GeoDataFrame) -> None:
    """
    Refuse edges that cannot be, all faults at once.

    Parameters
    ----------
    edges
        As `StreetNetwork.from_edges` takes them.

    Raises
    ------
    DataError
        Names every fault and the edges that have it.
    CRSError
        If the CRS is not in metres.
    """
    schema.check_metric_crs(edges, name="edges")
    schema.check_unique(edges.index, name="edges")
    schema.check_columns(edges, ["from_node", "to_node", "length_m"], name="edges")
    lines = np.asarray(edges.geometry.array, dtype=object)
    is_line = shapely.get_type_id(lines) == shapely.GeometryType.LINESTRING
    is_line &= ~shapely.is_empty(lines)
    faults = {
        "a node is missing": (edges["from_node"].isna() | edges["to_node"].isna()).to_numpy(),
        "length_m is negative or unknown": ~_is_length(edges["length_m"]),
        "the geometry is no line": ~is_line,
    }
    for column in edges.columns.intersection(MINUTES):
        minutes = pd.to_numeric(edges[column], errors="coerce").to_numpy(dtype=float)
        faults[f"{column} is negative or unknown"] = ~(minutes >= 0)
    if "walkable" in edges.columns:
        faults["walkable is unknown"] = edges["walkable"].isna().to_numpy()
    if not any(bad.any() for bad in faults.values()):
        faults["the line does not run from from_node to to_node"] = _is_astray(edges, lines)
    said = [f"{what}: {shown(edges.index[bad])}" for what, bad in faults.items() if bad.any()]
    if said:
        ids = edges.index[np.logical_or.reduce(list(faults.values()))]
        msg = "edges: " + "; ".join(said)
        raise DataError(msg, ids=ids)


def _is_length(column: pd.Series) -> np.ndarray:
    """Tell which lengths can be."""
    length = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    return (length >= 0) & (length < np.inf)


def _is_astray(edges: gpd.GeoDataFrame, lines: np.ndarray) -> np.ndarray:
    """Tell which lines do not begin and end at their nodes."""
    ends, _ = pd.factorize(pd.concat([edges["from_node"], edges["to_node"]]))
    spots = end_points(lines)
    _, first = np.unique(ends, return_index=True)
    is_off = np.hypot(*(spots - spots[first][ends]).T) > _END_SLACK_M
    return is_off.reshape(2, -1).any(axis=0)


def end_points(lines: np.ndarray) -> np.ndarray:
    """
    Take the two ends of lines.

    Parameters
    ----------
    lines
        Lines.

    Returns
    -------
    xy
        Coordinates of the first points of all, then of the last points of all.
    """
    xy = shapely.get_coordinates(lines)
    last = np.cumsum(shapely.get_num_coordinates(lines)) - 1
    first = np.concatenate([np.zeros(min(len(last), 1), dtype=int), last[:-1] + 1])
    return xy[np.concatenate([first, last])]


# ------------------------------------------------------------------- timing
def timed(
    edges: gpd.GeoDataFrame, *, walker: Walker, height_at: HeightAt | None
) -> gpd.GeoDataFrame:
    """
    Measure how long each edge takes each way.

    Minutes that are given stand. Otherwise they follow from length, slope and
    what the tags say: who takes no steps is barred from them, an escalator
    carries one way or both at its own speed, a lift takes a minute, and a
    street for people on foot may be one-way for them (``oneway_foot``).

    Parameters
    ----------
    edges
        Checked edges.
    walker
        Who walks.
    height_at
        Height [m] by x and y in the CRS of the edges, NaN where unknown: there
        the ground is taken as level. None takes it as level everywhere.

    Returns
    -------
    timed
        With ``minutes_there`` and ``minutes_back``; infinite where barred.
    """
    if set(MINUTES) <= set(edges.columns):
        return edges.assign(**{one: edges[one].astype(float) for one in MINUTES})
    level = edges["length_m"].to_numpy(dtype=float) / walker.m_per_min
    there, back = level, level
    if height_at is not None:
        up, down = _slope_factors(edges, height_at)
        there, back = level * up, level * down
    is_steps, is_lift = kinds(edges)
    if not walker.takes_steps:
        there, back = (np.where(is_steps, np.inf, one) for one in (there, back))
    conveying = tag(edges, "conveying")
    carried = is_steps & ~np.isin(conveying, ["", "no"]) & walker.takes_steps
    ride = edges["length_m"].to_numpy(dtype=float) / ESCALATOR_M_PER_MIN
    there = np.where(carried, np.where(conveying == "backward", np.inf, ride), there)
    back = np.where(carried, np.where(conveying == "forward", np.inf, ride), back)
    oneway = tag(edges, "oneway_foot")
    there = np.where(oneway == "-1", np.inf, np.where(is_lift, LIFT_MIN, there))
    back = np.where(oneway == "yes", np.inf, np.where(is_lift, LIFT_MIN, back))
    return edges.assign(minutes_there=there, minutes_back=back)


def retimed(edges: gpd.GeoDataFrame, *, old: Walker, new: Walker) -> gpd.GeoDataFrame:
    """
    Let somebody else walk.

    Parameters
    ----------
    edges
        Timed edges.
    old
        For whom they were timed.
    new
        Who walks now.

    Returns
    -------
    timed
        Minutes of what is walked scale with the speed, those of escalators and
        lifts stay; steps close to whoever does not take them.
    """
    is_steps, _ = kinds(edges)
    ratio = np.where(is_carried(edges), 1.0, old.speed_kmh / new.speed_kmh)
    barred = is_steps & (not new.takes_steps)
    columns = {one: np.where(barred, np.inf, edges[one].to_numpy() * ratio) for one in MINUTES}
    return edges.assign(**columns)


def kinds(edges: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray]:
    """
    Tell steps and lifts from the rest.

    Parameters
    ----------
    edges
        Edges; without a column ``highway`` there is neither.

    Returns
    -------
    is_steps
        Of stairs and escalators.
    is_lift
        Of lifts.
    """
    highway = tag(edges, "highway")
    return highway == "steps", highway == "elevator"


def is_carried(edges: gpd.GeoDataFrame) -> np.ndarray:
    """
    Tell where people are carried instead of walking.

    Parameters
    ----------
    edges
        Edges.

    Returns
    -------
    is_carried
        Of lifts and escalators.
    """
    is_steps, is_lift = kinds(edges)
    return is_lift | (is_steps & ~np.isin(tag(edges, "conveying"), ["", "no"]))


def tag(edges: pd.DataFrame, name: str) -> np.ndarray:
    """
    Take a tag of edges.

    Parameters
    ----------
    edges
        Edges.
    name
        Its column, which need not be there.

    Returns
    -------
    values
        Texts, empty where there is none.
    """
    if name not in edges.columns:
        return np.full(len(edges), "", dtype=object)
    return edges[name].astype(object).where(edges[name].notna(), "").to_numpy()


def _slope_factors(edges: gpd.GeoDataFrame, height_at: HeightAt) -> tuple[np.ndarray, np.ndarray]:
    """Tell how much longer each edge takes for its slopes, there and back."""
    lines = np.asarray(edges.geometry.array, dtype=object)
    drawn = shapely.length(lines)
    bridged = np.zeros(len(edges), dtype=bool)
    for name in _BRIDGED:
        bridged |= ~np.isin(tag(edges, name), ["", "no"])
    pieces = np.where(bridged, 1, np.maximum(np.ceil(drawn / _SLOPE_M), 1)).astype(int)
    edge = np.repeat(np.arange(len(edges)), pieces + 1)
    last = np.cumsum(pieces + 1) - 1
    place = np.arange(len(edge)) - np.repeat(last - pieces, pieces + 1)
    spots = shapely.line_interpolate_point(lines[edge], place / pieces[edge], normalized=True)
    height = height_at(shapely.get_coordinates(spots))
    is_piece = np.ones(len(edge), dtype=bool)
    is_piece[last] = False
    of_piece = edge[is_piece]
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.diff(height)[is_piece[:-1]] / (drawn / pieces)[of_piece]
    slope = np.where(np.isfinite(slope), slope, 0.0)  # level where unknown or of no length
    factors = (
        np.bincount(of_piece, weights=slope_factor(sign * slope), minlength=len(edges)) / pieces
        for sign in (1, -1)
    )
    up, down = factors
    return up, down


# ------------------------------------------------------------------- shape
def with_lifts(edges: gpd.GeoDataFrame, lifts: Iterable[object]) -> gpd.GeoDataFrame:
    """
    Part streets that meet in a lift, and join them by the lift.

    Parameters
    ----------
    edges
        Edges with a ``highway``.
    lifts
        Nodes that are lifts.

    Returns
    -------
    edges
        Every street that ends in a lift ends at a door of its own, from which
        an edge of no length leads to the cabin, the node itself.
    """
    known = pd.Index(list(lifts))
    ends = edges[["from_node", "to_node"]].astype(object)
    is_lift = ends.isin(known)
    if not is_lift.to_numpy().any():
        return edges
    lines = np.asarray(edges.geometry.array, dtype=object)
    points = shapely.points(end_points(lines)).reshape(2, -1)
    doors: list[dict[str, object]] = []
    edges = edges.astype({"from_node": object, "to_node": object})
    for side, column in enumerate(ends.columns):
        for row in np.flatnonzero(is_lift[column]):
            cabin, spot = ends[column].iloc[row], points[side, row]
            door = f"{cabin}/{edges.index[row]}/{side}"
            edges.iloc[row, edges.columns.get_loc(column)] = door
            doors.append(
                {"id": f"lift/{door}", "from_node": door, "to_node": cabin, "geometry": spot}
            )
    table = pd.DataFrame(doors).set_index("id")
    xy = shapely.get_coordinates(table["geometry"].to_numpy())
    shapes = shapely.linestrings(np.stack([xy, xy], axis=1))
    half = {"minutes_there": LIFT_MIN / 2, "minutes_back": LIFT_MIN / 2}
    given = {one: half[one] for one in half if one in edges.columns}
    lift_edges = gpd.GeoDataFrame(
        table[["from_node", "to_node"]].assign(length_m=0.0, highway="elevator", **given),
        geometry=shapes,
        crs=edges.crs,
    )
    return gpd.GeoDataFrame(pd.concat([edges, lift_edges]), crs=edges.crs)


def merged(edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Make one edge of those that follow one another without a junction.

    Edges are merged at nodes where just two of them meet, if both are steps,
    bridges or tunnels alike, so that no walk changes. What is conveyed, one-way
    or a lift stays as it is, and so do rings.

    Parameters
    ----------
    edges
        Checked edges without minutes of their own.

    Returns
    -------
    merged
        Lines from end to end with the sum of lengths, under the id of the edge
        that comes first in the table. Tags on which not all agree are missing.
    """
    ends, _ = pd.factorize(pd.concat([edges["from_node"], edges["to_node"]]))
    side = np.argsort(ends, kind="stable")  # sides: the starts of all edges, then their ends
    node = ends[side]
    first = np.flatnonzero(np.diff(node, prepend=-1))
    first = first[np.bincount(ends)[node[first]] == _ENDS]
    kind = _kind(edges)
    one, other = side[first] % len(edges), side[first + 1] % len(edges)
    joins = (one != other) & (kind[one] == kind[other]) & (kind[one] >= 0)
    one, other, passed = one[joins], other[joins], node[first[joins]]
    links = coo_array((np.ones(len(one)), (one, other)), shape=(len(edges), len(edges)))
    _, chain = connected_components(links, directed=False)
    loose = np.flatnonzero(~np.isin(ends, passed))  # sides at which chains end
    in_chain = np.bincount(chain)[chain[loose % len(edges)]] > 1
    loose = loose[in_chain][np.argsort(chain[loose[in_chain] % len(edges)], kind="stable")]
    begins, stops = loose[::2], loose[1::2]  # a chain that is no ring has two
    some = chain[begins % len(edges)]
    member = np.flatnonzero(np.isin(chain, some))
    member = member[np.argsort(chain[member], kind="stable")]
    at = np.searchsorted(some, chain[member])
    lines = np.asarray(edges.geometry.array, dtype=object)
    joined = shapely.line_merge(shapely.multilinestrings(lines[member], indices=at))
    is_line = shapely.get_type_id(joined) == shapely.GeometryType.LINESTRING
    run = np.full((2, len(joined), 2), np.nan)
    run[:, is_line] = end_points(joined[is_line]).reshape(2, -1, 2)
    spots = end_points(lines)[np.stack([begins, stops])]
    ahead, behind = ((run == spots[side]).all(axis=(0, 2)) for side in ([0, 1], [1, 0]))
    good = ahead | behind
    return _replaced(
        edges,
        member=member[good[at]],
        chain=(np.cumsum(good) - 1)[at[good[at]]],
        lines=np.where(ahead, joined, shapely.reverse(joined))[good],
        sides=(begins[good], stops[good]),
    )


def _kind(edges: gpd.GeoDataFrame) -> np.ndarray:
    """Give a number to what must be alike in edges that become one; -1 to what stays alone."""
    alone = tag(edges, "highway") == "elevator"
    for name in ("conveying", "oneway_foot"):
        alone |= ~np.isin(tag(edges, name), ["", "no"])
    alone |= edges["length_m"].to_numpy() == 0
    alike = [tag(edges, "highway") == "steps", *(tag(edges, one) for one in _BRIDGED)]
    code = sum(pd.factorize(one)[0] * 1000**power for power, one in enumerate(alike))
    return np.where(alone, -1, code)


def _replaced(
    edges: gpd.GeoDataFrame,
    *,
    member: np.ndarray,
    chain: np.ndarray,
    lines: np.ndarray,
    sides: tuple[np.ndarray, np.ndarray],
) -> gpd.GeoDataFrame:
    """Put one edge in the place of the members of each chain, which are ordered by chain."""
    if not len(lines):
        return edges
    begin = np.flatnonzero(np.diff(chain, prepend=-1))
    keeper = member[begin]
    kept = edges.iloc[keeper].copy()
    for column in edges.columns.difference(["from_node", "to_node", "length_m", "geometry"]):
        code = pd.factorize(edges[column], use_na_sentinel=True)[0][member]
        agree = np.minimum.reduceat(code, begin) == np.maximum.reduceat(code, begin)
        if not agree.all():
            kept[column] = kept[column].astype(object).where(agree, None)
    nodes = np.concatenate([edges["from_node"].to_numpy(), edges["to_node"].to_numpy()])
    kept["from_node"], kept["to_node"] = nodes[sides[0]], nodes[sides[1]]
    kept["length_m"] = np.add.reduceat(edges["length_m"].to_numpy(dtype=float)[member], begin)
    kept = kept.set_geometry(lines, crs=edges.crs)
    rest = np.setdiff1d(np.arange(len(edges)), member)
    where = np.argsort(np.concatenate([rest, keeper]), kind="stable")
    table = pd.concat([edges.iloc[rest], kept]).iloc[where]
    return gpd.GeoDataFrame(table, geometry="geometry", crs=edges.crs)
