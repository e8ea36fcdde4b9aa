"""Walks guessed from the straight line, where there are no streets to walk along."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import KDTree

from geoequity import schema
from geoequity.errors import DataError
from geoequity.streets._snapping import Places, nearest_m, shapes_of, stacked
from geoequity.streets._walkers import WALKING_KMH


def straight_line_min(
    services_by_category: Mapping[str, Places],
    *,
    origins: Places,
    detour_factor: float,
    speed_kmh: float = WALKING_KMH,
    within_min: float | None = None,
) -> pd.DataFrame:
    """
    Guess the walk to the nearest service of each category, without streets.

    For cities whose streets are not mapped; hills, rivers and walls are no
    matter to it.

    Parameters
    ----------
    services_by_category
        Points or areas in the CRS of `origins`.
    origins
        Points in a metric CRS with a unique index.
    detour_factor
        How much longer than the straight line a walk is, at least 1.
    speed_kmh
        Walking speed [km/h].
    within_min
        Longest walk to look for [minutes]. By default any.

    Returns
    -------
    minutes
        Origins by category; NaN where there is no service (within
        ``attrs["limit_min"]``), 0 inside an area.

    Raises
    ------
    DataError
        If an origin's id repeats, a geometry is missing or an origin is no
        point, the detour is below 1, or another number is not above 0.
    CRSError
        If the CRS is not in metres or differs.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> home = gpd.GeoSeries([Point(0, 0)], index=["home"], crs=32618)
    >>> school = gpd.GeoSeries([Point(300, 400)], crs=32618)
    >>> straight_line_min({"school": school}, origins=home, detour_factor=1.28)
          school
    home     8.0
    """
    m_per_min = _pace(speed_kmh, detour_factor)
    if within_min is not None:
        schema.check_above_0(within_min, name="within_min")
    schema.check_metric_crs(origins, name="origins")
    schema.check_unique(origins.index, name="origins")
    points = shapes_of(origins, name="origins", points_only=True)
    shapes, category = stacked(services_by_category, same_crs=origins, name="origins")
    metres = np.full((len(points), len(services_by_category)), np.nan)
    for column in np.unique(category):
        metres[:, column] = nearest_m(points, shapes[category == column])
    minutes = metres / m_per_min
    if within_min is not None:
        minutes = np.where(minutes <= within_min, minutes, np.nan)
    frame = pd.DataFrame(minutes, index=origins.index, columns=list(services_by_category))
    if within_min is not None:
        frame.attrs["limit_min"] = float(within_min)
    return frame


def straight_line_costs(
    origins: Places,
    destinations: Places,
    *,
    within_min: float,
    detour_factor: float,
    speed_kmh: float = WALKING_KMH,
) -> pd.DataFrame:
    """
    Guess the walks between points within a limit, without streets.

    Parameters
    ----------
    origins
        Points in a metric CRS with a unique index.
    destinations
        Points in the same CRS with a unique index.
    within_min
        Longest walk [minutes].
    detour_factor
        How much longer than the straight line a walk is, at least 1.
    speed_kmh
        Walking speed [km/h].

    Returns
    -------
    costs
        ``from_id``, ``to_id``, ``minutes``, ordered as the origins and then the
        destinations; a pair that is absent is farther than
        ``attrs["limit_min"]``.

    Raises
    ------
    DataError
        If an id repeats, a geometry is missing or no point, the detour is below
        1, or another number is not above 0.
    CRSError
        If the CRS is not in metres or differs.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> homes = gpd.GeoSeries([Point(0, 0)], index=["home"], crs=32618)
    >>> stops = gpd.GeoSeries([Point(300, 400), Point(9000, 0)], index=["a", "b"], crs=32618)
    >>> straight_line_costs(homes, stops, within_min=15, detour_factor=1.28)
      from_id to_id  minutes
    0    home     a      8.0
    """
    m_per_min = _pace(speed_kmh, detour_factor)
    schema.check_above_0(within_min, name="within_min")
    schema.check_metric_crs(origins, name="origins")
    schema.check_same_crs(origins, destinations, names=("origins", "destinations"))
    sides = []
    for name, places in (("origins", origins), ("destinations", destinations)):
        schema.check_unique(places.index, name=name)
        shapes = shapes_of(places, name=name, points_only=True)
        sides.append(shapely.get_coordinates(shapes).reshape(-1, 2))
    starts, goals = sides
    # A little farther than asked for, as the tree compares squares; cut to the limit below
    reach_m = within_min * m_per_min * (1 + 1e-9)
    found = KDTree(starts).sparse_distance_matrix(KDTree(goals), reach_m, output_type="ndarray")
    found = found[found["v"] / m_per_min <= within_min]
    found = found[np.lexsort((found["j"], found["i"]))]
    table = pd.DataFrame(
        {
            "from_id": origins.index[found["i"]],
            "to_id": destinations.index[found["j"]],
            "minutes": found["v"] / m_per_min,
        }
    )
    table.attrs["limit_min"] = float(within_min)
    return table


def _pace(speed_kmh: float, detour_factor: float) -> float:
    """Check what walks are guessed by; metres of straight line a minute."""
    schema.check_above_0(speed_kmh, name="speed_kmh")
    if not 1 <= detour_factor < np.inf:
        msg = f"detour_factor: must be at least 1, is {detour_factor}"
        raise DataError(msg)
    return speed_kmh * 1000 / 60 / detour_factor
