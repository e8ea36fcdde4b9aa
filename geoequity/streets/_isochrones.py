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
from geoequity.streets._snapping import Places

_MIN_GAP_M2 = 10_000.0  # courtyards and blocks smaller than this are no holes


def isochrones(
    network: StreetNetwork,
    origins: Places,
    *,
    within_min: Sequence[float],
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
        Limits [minutes].
    beside_m
        How far from reached streets ground counts [m].

    Returns
    -------
    isochrones
        Columns ``origin``, ``within_min``, ``street_m`` (length of street
        reached) and polygons; longer walks first, so that shorter ones are
        drawn on top. An origin that does not meet the network has empty ones.

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
    limits = sorted(within_min, reverse=True)
    for limit in limits or [0]:
        schema.check_above_0(limit, name="within_min")
    snapped = network.snap(origins)
    ends = [network.edges[column] for column in ("from_node", "to_node")]
    rows = []
    for origin, minutes in network.spread(origins, within_min=limits[0]):
        at_start, at_end = (minutes.reindex(one).to_numpy() for one in ends)
        own = snapped.loc[origin]
        for limit in limits:
            reached = _reached(network, at_start, at_end, own=own, limit=limit)
            street_m = float(shapely.length(reached))
            shape = _without_gaps(shapely.buffer(reached, beside_m))
            rows.append((origin, float(limit), street_m, shape))
    table = pd.DataFrame(rows, columns=["origin", "within_min", "street_m", "geometry"])
    return gpd.GeoDataFrame(table, geometry="geometry", crs=network.edges.crs)


def _reached(
    network: StreetNetwork,
    at_start: np.ndarray,
    at_end: np.ndarray,
    *,
    own: pd.Series,
    limit: float,
) -> shapely.Geometry:
    """Join the stretches of street that are reached within a limit."""
    lines = np.asarray(network.edges.geometry.array, dtype=object)
    there, back = network.edges[MINUTES].to_numpy(dtype=float).T
    with np.errstate(invalid="ignore", divide="ignore"):
        ahead = np.clip(np.nan_to_num((limit - at_start) / there, nan=0.0), 0, 1)
        behind = np.clip(np.nan_to_num((limit - at_end) / back, nan=0.0), 0, 1)
    whole = ahead + behind >= 1
    pieces = list(lines[whole])
    for share, first in ((ahead, True), (behind, False)):
        for edge in np.flatnonzero((share > 0) & ~whole):
            line, part = lines[edge], share[edge]
            span = (0, part) if first else (1 - part, 1)
            pieces.append(substring(line, *span, normalized=True))
    mine = int(own["edge"])
    if mine >= 0:
        left = limit - own["snap_m"] / network.walker.m_per_min
        length_m = network.edges["length_m"].iloc[mine]
        at = own["offset_m"] / length_m
        with np.errstate(divide="ignore"):
            low, high = (at - max(left, 0) / back[mine], at + max(left, 0) / there[mine])
        if left > 0 and not whole[mine]:
            pieces.append(substring(lines[mine], max(low, 0), min(high, 1), normalized=True))
    return shapely.union_all(np.array(pieces, dtype=object))


def _without_gaps(shape: shapely.Geometry) -> shapely.Geometry:
    """Fill small holes."""
    filled = []
    for part in shapely.get_parts(shape):
        rings = [ring for ring in part.interiors if shapely.Polygon(ring).area >= _MIN_GAP_M2]
        filled.append(shapely.Polygon(part.exterior, rings))
    return shapely.union_all(np.array(filled, dtype=object))
