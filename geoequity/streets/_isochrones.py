"""The ground that people cover within some minutes."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.ops import substring

from geoequity import schema
from geoequity.streets._edges import MINUTES
from geoequity.streets._network import StreetNetwork
from geoequity.streets._snapping import Places, shapes_of

_MIN_GAP_M2 = 10_000.0  # courtyards and blocks smaller than this are no holes


def isochrones(
    network: StreetNetwork,
    origins: Places,
    *,
    within_min: float | Sequence[float],
    beside_m: float = 25.0,
) -> gpd.GeoDataFrame:
    """
    Draw what can be reached on foot within some minutes.

    The ground beside a street counts as reached with it, whatever stands there.

    Parameters
    ----------
    network
        The streets.
    origins
        Points with a unique index, in the CRS of the network.
    within_min
        One limit or several [minutes].
    beside_m
        How far from reached streets ground counts [m].

    Returns
    -------
    isochrones
        Columns ``origin``, ``within_min``, ``street_m`` (length of street
        reached, as drawn) and polygons, holes under a hectare filled; longer
        walks first, so that shorter ones are drawn on top. An origin from which
        no street is reached in time has empty ones.

    Raises
    ------
    DataError
        If a limit or `beside_m` is not above 0, no limit is given, an id
        repeats or a geometry is no point.
    CRSError
        If the CRS differs.

    Examples
    --------
    >>> from shapely import LineString, Point
    >>> street = gpd.GeoDataFrame(
    ...     {"from_node": [1], "to_node": [2], "length_m": [1000.0]},
    ...     geometry=[LineString([(0, 0), (1000, 0)])],
    ...     crs=32618,
    ... )
    >>> home = gpd.GeoSeries([Point(500, 0)], index=["home"], crs=32618)
    >>> isochrones(StreetNetwork.from_edges(street), home, within_min=[5])["street_m"].tolist()
    [800.0]
    """
    schema.check_above_0(beside_m, name="beside_m")
    limits = sorted({float(limit) for limit in np.atleast_1d(within_min)}, reverse=True)
    for limit in limits or [0.0]:
        schema.check_above_0(limit, name="within_min")
    schema.check_same_crs(origins, network.edges, names=("origins", "edges"))
    places = shapes_of(origins, name="origins", points_only=True)
    spots = zip(*network.lines_of_largest.nearest(places), strict=True)
    spreads = network.spread(origins, within_min=limits[0])
    ends = [network.edges[column] for column in ("from_node", "to_node")]
    rows = []
    for (origin, minutes), spot in zip(spreads, spots, strict=True):
        at_start, at_end = (minutes.reindex(one).to_numpy() for one in ends)
        for limit in limits:
            pieces, street_m = _reached(network, at_start, at_end, spot=spot, limit=limit)
            shape = shapely.buffer(shapely.geometrycollections(pieces), beside_m)
            rows.append((origin, limit, street_m, _without_gaps(shape)))
    table = pd.DataFrame(rows, columns=["origin", "within_min", "street_m", "geometry"])
    table = table.astype({"within_min": float, "street_m": float})
    return gpd.GeoDataFrame(table, geometry="geometry", crs=network.edges.crs)


def _reached(
    network: StreetNetwork,
    at_start: np.ndarray,
    at_end: np.ndarray,
    *,
    spot: tuple[int, float, float],
    limit: float,
) -> tuple[list[shapely.Geometry], float]:
    """Cut out the stretches of street that are reached within a limit, and add up their length."""
    lines = np.asarray(network.edges.geometry.array, dtype=object)
    drawn = shapely.length(lines)
    there, back = network.edges[MINUTES].to_numpy(dtype=float).T
    mine, at, gap_m = spot
    left = limit - gap_m / network.walker.m_per_min
    with np.errstate(invalid="ignore", divide="ignore"):
        ahead = np.clip(np.nan_to_num((limit - at_start) / there, nan=0.0), 0, 1)
        behind = np.clip(np.nan_to_num((limit - at_end) / back, nan=0.0), 0, 1)
        low, high = max(at - left / back[mine], 0), min(at + left / there[mine], 1)
    stretches: list[tuple[int, float, float]] = []
    if left > 0:  # what is reached along the origin's own edge may go on from one of its ends
        meets_start, meets_end = low <= ahead[mine], high >= 1 - behind[mine]
        if meets_start:
            ahead[mine] = max(ahead[mine], high)
        if meets_end:
            behind[mine] = max(behind[mine], 1 - low)
        if low == high or not (meets_start or meets_end):
            stretches.append((mine, low, high))
    whole = ahead + behind >= 1
    from_start, from_end = (np.flatnonzero((one > 0) & ~whole).tolist() for one in (ahead, behind))
    stretches += [(edge, 0.0, ahead[edge]) for edge in from_start]
    stretches += [(edge, 1 - behind[edge], 1.0) for edge in from_end]
    pieces = [substring(lines[edge], *span, normalized=True) for edge, *span in stretches]
    part_m = sum((end - start) * drawn[edge] for edge, start, end in stretches)
    return [*lines[whole], *pieces], float(drawn[whole].sum() + part_m)


def _without_gaps(shape: shapely.Geometry) -> shapely.Geometry:
    """Fill small holes."""
    if shape.is_empty:
        return shapely.Polygon()
    filled = []
    for part in shapely.get_parts(shape):
        rings = [ring for ring in part.interiors if shapely.Polygon(ring).area >= _MIN_GAP_M2]
        filled.append(shapely.Polygon(part.exterior, rings))
    return shapely.union_all(np.array(filled, dtype=object))
