"""Edges made ready to walk on: checked, merged where nothing meets, timed each way."""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoequity import schema
from geoequity._cores import in_order
from geoequity.errors import DataError, shown
from geoequity.streets._walkers import ESCALATOR_M_PER_MIN, LIFT_MIN, Walker, slope_factor

MINUTES = ["minutes_there", "minutes_back"]
HeightAt = Callable[[np.ndarray], np.ndarray]

_END_SLACK_M = 1.0  # how far an edge may end from its node
_AT_ONCE = 25_000  # edges, to spare memory
_SLOPE_M = 25.0  # heights are taken this often along an edge, about a pixel of world-wide models
_STEEPEST = 1.0  # 45 degrees: what rises more is a step between pixels, not a way
_BRIDGED = ("bridge", "tunnel")  # where the ground is not what one walks on
_ENDS = 2  # edges at a node that is no junction
_ALIKE = 1e-9  # by which the length of a metre of line may differ in edges that become one


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
    is_line &= ~shapely.is_empty(lines) & np.isfinite(shapely.length(lines))
    faults = {
        "a node is missing": (edges["from_node"].isna() | edges["to_node"].isna()).to_numpy(),
        "length_m is negative or unknown": ~_is_length(edges["length_m"]),
        "the geometry is no line": ~is_line,
    }
    given = edges.columns.intersection(MINUTES)
    schema.check_columns(edges, MINUTES if len(given) else [], name="edges")
    for column in given:
        minutes = pd.to_numeric(edges[column], errors="coerce").to_numpy(dtype=float)
        faults[f"{column} is negative or unknown"] = ~(minutes >= 0)
    if "walkable" in edges.columns:
        is_told = edges["walkable"].isin([True, False])
        faults["walkable is neither true nor false"] = ~is_told.to_numpy(dtype=bool)
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
    ends, _ = pd.factorize(pd.concat([edges["from_node"], edges["to_node"]], ignore_index=True))
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
    carries one way or both at its own speed, a lift takes a minute and each of
    its doors half of one, and a street for people on foot may be one-way for
    them (``oneway_foot``).

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
    length_m = edges["length_m"].to_numpy(dtype=float)
    if set(MINUTES) <= set(edges.columns):
        return edges.assign(length_m=length_m, **{one: edges[one].astype(float) for one in MINUTES})
    level = length_m / walker.m_per_min
    there, back = level, level
    if height_at is not None:
        up, down = _slope_factors(edges, height_at)
        there, back = level * up, level * down
    is_steps, is_lift = kinds(edges)
    if not walker.takes_steps:
        there, back = (np.where(is_steps, np.inf, one) for one in (there, back))
    conveying = tag(edges, "conveying")
    carried = is_steps & ~np.isin(conveying, ["", "no"]) & walker.takes_steps
    ride = length_m / ESCALATOR_M_PER_MIN
    there = np.where(carried, np.where(conveying == "backward", np.inf, ride), there)
    back = np.where(carried, np.where(conveying == "forward", np.inf, ride), back)
    lift = np.where(length_m > 0, LIFT_MIN, LIFT_MIN / 2)
    there, back = (np.where(is_lift, lift, one) for one in (there, back))
    oneway = tag(edges, "oneway_foot")
    there = np.where(oneway == "-1", np.inf, there)
    back = np.where(oneway == "yes", np.inf, back)
    return edges.assign(length_m=length_m, minutes_there=there, minutes_back=back)


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
    last = np.cumsum(pieces + 1) - 1
    height = height_at(_spots(lines, pieces))
    is_piece = np.ones(len(height), dtype=bool)
    is_piece[last] = False
    of_piece = np.repeat(np.arange(len(edges)), pieces)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.diff(height)[is_piece[:-1]] / (drawn / pieces)[of_piece]
    slope = np.where(np.isfinite(slope), slope, 0.0)  # level where unknown or of no length
    slope = np.clip(slope, -_STEEPEST, _STEEPEST)
    factors = (
        np.bincount(of_piece, weights=slope_factor(sign * slope), minlength=len(edges)) / pieces
        for sign in (1, -1)
    )
    up, down = factors
    return up, down


def _spots(lines: np.ndarray, pieces: np.ndarray) -> np.ndarray:
    """Give the places that part each line in so many pieces, ends included."""
    ends = np.append(0, np.cumsum(pieces + 1))
    xy = np.empty((ends[-1], 2))

    def place(at: int) -> None:
        some = pieces[at : at + _AT_ONCE]
        line = np.repeat(lines[at : at + _AT_ONCE], some + 1)
        begin, end = ends[at], ends[min(at + _AT_ONCE, len(lines))]
        step = np.arange(begin, end) - np.repeat(ends[at : at + len(some)], some + 1)
        share = step / np.repeat(some, some + 1)
        spots = shapely.line_interpolate_point(line, share, normalized=True)
        xy[begin:end] = shapely.get_coordinates(spots)

    deque(in_order(partial(place, at) for at in range(0, len(lines), _AT_ONCE)), maxlen=0)
    return xy


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
        an edge of no length leads to the cabin, the node itself, in half the
        minutes of a lift.
    """
    number = len(edges)
    nodes = pd.concat([edges["from_node"], edges["to_node"]], ignore_index=True).astype(object)
    at = np.flatnonzero(nodes.isin(list(lifts)).to_numpy())
    if not len(at):
        return edges
    cabins = nodes.iloc[at].array
    doors = [
        f"{cabin}/{edges.index[side % number]}/{side // number}"
        for cabin, side in zip(cabins, at, strict=True)
    ]
    spots = end_points(np.asarray(edges.geometry.array, dtype=object))[at]
    nodes.iloc[at] = doors
    told = {"walkable": True} | dict.fromkeys(MINUTES, LIFT_MIN / 2)
    rows = {
        "from_node": doors,
        "to_node": cabins,
        "length_m": 0.0,
        "highway": "elevator",
        edges.geometry.name: shapely.linestrings(np.stack([spots, spots], axis=1)),
        **{one: value for one, value in told.items() if one in edges.columns},
    }
    index = pd.Index([f"lift/{door}" for door in doors], name=edges.index.name)
    inside = gpd.GeoDataFrame(rows, index=index, geometry=edges.geometry.name, crs=edges.crs)
    parted = edges.assign(from_node=nodes.array[:number], to_node=nodes.array[number:])
    return pd.concat([parted, inside])


def merged(edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Make one edge of those that follow one another without a junction.

    Edges are merged at nodes where just two of them meet, if both are steps,
    bridges or tunnels alike and a metre of line is as long in both, so that no
    walk changes. What is conveyed, one-way, a lift or has minutes of its own
    stays as it is, and so do rings.

    Parameters
    ----------
    edges
        Checked edges.

    Returns
    -------
    merged
        Lines from end to end with the sum of lengths, under the id of the edge
        that comes first in the table. Tags on which not all agree are missing.
    """
    one, other = _joints(edges)
    if not len(one):
        return edges
    number = len(edges)
    # Sides of edges: their starts, then their ends. To come in by a side is to leave by its twin.
    sides = np.arange(2 * number)
    twin = (sides + number) % (2 * number)
    after = sides.copy()  # side by which one comes into the next edge; its own at the last
    after[twin[one]], after[twin[other]] = other, one
    ahead, last = (after != sides).astype(int), after
    done, before = after[last] == last, -1
    while done.sum() > before:  # twice as far each time; in a ring one never arrives
        before = done.sum()
        ahead, last = ahead + ahead[last], last[last]
        done = after[last] == last
    begin, stop = twin[last[twin]], twin[last]
    some = np.flatnonzero(done & (begin < stop) & (ahead[begin] > 0))
    some = some[np.lexsort((-ahead[some], begin[some]))]
    return _replaced(edges, begin=begin[some], stop=stop[some], run=some)


def _joints(edges: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Pair the sides of edges that meet where nothing else does and may become one."""
    if set(MINUTES) <= set(edges.columns):
        return np.empty(0, dtype=int), np.empty(0, dtype=int)
    ends, _ = pd.factorize(pd.concat([edges["from_node"], edges["to_node"]], ignore_index=True))
    side = np.argsort(ends, kind="stable")
    node = ends[side]
    first = np.flatnonzero(np.diff(node, prepend=-1))
    first = first[np.bincount(ends)[node[first]] == _ENDS]
    one, other = side[first], side[first + 1]
    lines = np.asarray(edges.geometry.array, dtype=object)
    spots, kind = end_points(lines), np.tile(_kind(edges), 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.tile(edges["length_m"].to_numpy(dtype=float) / shapely.length(lines), 2)
    joins = (one + len(edges) != other) & (kind[one] == kind[other]) & (kind[one] >= 0)
    joins &= (spots[one] == spots[other]).all(axis=1)
    joins &= np.isclose(scale[one], scale[other], rtol=_ALIKE, atol=0)
    return one[joins], other[joins]


def _kind(edges: gpd.GeoDataFrame) -> np.ndarray:
    """Give a number to what must be alike in edges that become one; -1 to what stays alone."""
    alone = tag(edges, "highway") == "elevator"
    for name in ("conveying", "oneway_foot"):
        alone |= ~np.isin(tag(edges, name), ["", "no"])
    alone |= edges["length_m"].to_numpy(dtype=float) == 0
    alike = {one: tag(edges, one) for one in _BRIDGED}
    alike["steps"] = tag(edges, "highway") == "steps"
    return np.where(alone, -1, pd.DataFrame(alike).groupby([*alike], sort=False).ngroup())


def _replaced(
    edges: gpd.GeoDataFrame, *, begin: np.ndarray, stop: np.ndarray, run: np.ndarray
) -> gpd.GeoDataFrame:
    """Put one edge in the place of every chain; `run` has the sides that are entered, in order."""
    number = len(edges)
    member = run % number
    head = np.flatnonzero(np.diff(begin, prepend=-1))  # where each chain begins
    keeper = np.minimum.reduceat(member, head)
    lines = np.array(edges.geometry.array, dtype=object)
    drawn = np.where(run < number, lines[member], shapely.reverse(lines[member]))
    xy, part = shapely.get_coordinates(drawn, return_index=True)
    is_new = np.diff(part, prepend=-1) == 0  # not the point at which the edge before ends
    is_new[np.searchsorted(part, head)] = True
    chain = np.repeat(np.arange(len(head)), np.diff(head, append=len(run)))
    lines[keeper] = shapely.linestrings(xy[is_new], indices=chain[part[is_new]])
    length = edges["length_m"].to_numpy(dtype=float, copy=True)
    length[keeper] = np.add.reduceat(length[member], head)
    start, end = np.arange(number), np.arange(number) + number
    start[keeper], end[keeper] = begin[head], stop[head]
    keeps = np.ones(number, dtype=bool)
    keeps[member], keeps[keeper] = False, True
    nodes = pd.concat([edges["from_node"], edges["to_node"]], ignore_index=True)
    fresh = {
        "from_node": nodes.iloc[start[keeps]].array,
        "to_node": nodes.iloc[end[keeps]].array,
        "length_m": length[keeps],
    }
    table = edges[keeps].assign(**fresh).set_geometry(lines[keeps], crs=edges.crs)
    for column in edges.columns.difference([*fresh, edges.geometry.name]):
        code = _codes(edges[column])[member]
        agree = np.ones(number, dtype=bool)
        agree[keeper] = np.minimum.reduceat(code, head) == np.maximum.reduceat(code, head)
        if not agree.all():
            table[column] = table[column].where(agree[keeps], None)
    return table


def _codes(column: pd.Series) -> np.ndarray:
    """Give numbers to the values of a column, lists among them."""
    try:
        return pd.factorize(column)[0]
    except TypeError:
        return pd.factorize(column.map(repr))[0]
