"""Walks guessed from the straight line, where there are no streets to walk along."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

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
    schema.check_above_0(speed_kmh, name="speed_kmh")
    if not 1 <= detour_factor < np.inf:
        msg = f"detour_factor: must be at least 1, is {detour_factor}"
        raise DataError(msg)
    if within_min is not None:
        schema.check_above_0(within_min, name="within_min")
    schema.check_metric_crs(origins, name="origins")
    schema.check_unique(origins.index, name="origins")
    points = shapes_of(origins, name="origins", points_only=True)
    shapes, category = stacked(services_by_category, same_crs=origins, name="origins")
    metres = np.full((len(points), len(services_by_category)), np.nan)
    for column in np.unique(category):
        metres[:, column] = nearest_m(points, shapes[category == column])
    minutes = metres * detour_factor / (speed_kmh * 1000 / 60)
    if within_min is not None:
        minutes = np.where(minutes <= within_min, minutes, np.nan)
    frame = pd.DataFrame(minutes, index=origins.index, columns=list(services_by_category))
    if within_min is not None:
        frame.attrs["limit_min"] = float(within_min)
    return frame
