"""
Walking along streets: the network, and the minutes between places on it.

A place meets the network on stretches of edges. All walks are then of one
kind: from a stretch to an end of its edge, along the network, and from an end
of another edge to a stretch of that; or straight along the edge, where both are
on one. Costs may differ each way: slopes, escalators, one-way paths.
"""

from geoequity.streets._edges import HeightAt
from geoequity.streets._homes import make_homes
from geoequity.streets._isochrones import isochrones
from geoequity.streets._network import FAR_M, StreetNetwork
from geoequity.streets._straight import straight_line_costs, straight_line_min
from geoequity.streets._walkers import (
    ADULT,
    CHILD,
    OLDER,
    WALKERS,
    WALKING_KMH,
    WHEELCHAIR,
    Walker,
    slope_factor,
)

__all__ = [
    "ADULT",
    "CHILD",
    "FAR_M",
    "OLDER",
    "WALKERS",
    "WALKING_KMH",
    "WHEELCHAIR",
    "HeightAt",
    "StreetNetwork",
    "Walker",
    "isochrones",
    "make_homes",
    "slope_factor",
    "straight_line_costs",
    "straight_line_min",
]
