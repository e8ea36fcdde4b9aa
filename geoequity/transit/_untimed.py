"""How often stops are served where no timetable tells."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoequity import schema
from geoequity.errors import DataError, shown

HOURLY_COLUMNS = ["stop_id", "route_id", "mode", "trips_per_hour", "first_s", "last_s"]


def hourly_of(
    stops: gpd.GeoDataFrame,
    routes: gpd.GeoDataFrame,
    *,
    stop_routes: pd.DataFrame | None = None,
    near_m: float = 30.0,
) -> pd.DataFrame:
    """
    Tell which routes serve each stop and how often, from their headways.

    A route that lists its stops serves those and no others. Any other serves
    the stops of its mode that its line passes; a route without either serves
    none that anyone could walk to.

    Parameters
    ----------
    stops
        Index ``stop_id``: points in a metric CRS with ``mode``.
    routes
        Index ``route_id``: lines in the same CRS, or none; ``mode``,
        ``headway_min`` (minutes between departures in one direction, NaN
        unknown, infinite where none leaves) and, where somebody tells them,
        ``first_s`` and ``last_s``.
    stop_routes
        ``stop_id`` and ``route_id`` of the routes that list their stops. Pairs
        of stops or routes that are not in the tables are passed over, and a
        route all of whose stops are is taken to list none.
    near_m
        How far from a stop a line may pass and still serve it [m].

    Returns
    -------
    hourly
        One row a stop and route, in the order of both: ``stop_id``,
        ``route_id``, ``mode`` of the route, ``trips_per_hour`` (NaN unknown),
        ``first_s`` and ``last_s`` (NaN unknown).

    Raises
    ------
    DataError
        If an id repeats, a column is absent, a headway is not above 0 or
        ``near_m`` is not above 0.
    CRSError
        If the CRS is not metric or the two differ.

    Notes
    -----
    ``trips_per_hour`` is 60 over the headway, which is told for one direction.
    A stop beside the street is served in one direction, so that is what leaves
    there. Where both directions leave from one stop, as at many stations, a
    route of the map has a relation, and so a row, for each of them; a route
    that is one line for both ways is counted in one.

    Examples
    --------
    >>> from shapely import LineString, Point
    >>> at = [Point(0, 20), Point(50, 40)]
    >>> stops = gpd.GeoDataFrame({"mode": "bus"}, index=["a", "b"], geometry=at, crs=32718)
    >>> routes = gpd.GeoDataFrame(
    ...     {"mode": ["bus"], "headway_min": [12.0]},
    ...     index=["7"],
    ...     geometry=[LineString([(0, 0), (50, 0)])],
    ...     crs=32718,
    ... )
    >>> hourly_of(stops, routes)[["stop_id", "route_id", "trips_per_hour"]].to_numpy().tolist()
    [['a', '7', 5.0]]
    """
    schema.check_metric_crs(stops, name="stops")
    schema.check_same_crs(stops, routes, names=("stops", "routes"))
    schema.check_unique(stops.index, name="stops")
    schema.check_unique(routes.index, name="routes")
    schema.check_columns(stops, ["mode"], name="stops")
    schema.check_columns(routes, ["mode", "headway_min"], name="routes")
    bad = routes["headway_min"] <= 0
    if bad.any():
        msg = f"routes: headway_min is not above 0: {shown(routes.index[bad])}"
        raise DataError(msg, ids=routes.index[bad])
    schema.check_above_0(near_m, name="near_m")
    listed = _listed(stops, routes, stop_routes)
    lists = np.isin(np.arange(len(routes)), listed[:, 1])
    passed = _passed(stops, routes, ~lists, near_m=near_m)
    pairs = np.concatenate([listed, passed])
    stop, route = pairs[np.lexsort(pairs.T[::-1])].T
    told = routes.iloc[route]
    hourly = {
        "stop_id": stops.index[stop],
        "route_id": told.index,
        "mode": told["mode"].to_numpy(),
        "trips_per_hour": 60 / told["headway_min"].to_numpy(dtype=float),
    }
    for column in ("first_s", "last_s"):
        there = column in told.columns
        hourly[column] = told[column].to_numpy(dtype=float) if there else np.full(len(told), np.nan)
    return pd.DataFrame(hourly, columns=HOURLY_COLUMNS)


def _listed(
    stops: gpd.GeoDataFrame, routes: gpd.GeoDataFrame, stop_routes: pd.DataFrame | None
) -> np.ndarray:
    """Give positions of stops and routes that are listed together, each pair once."""
    if stop_routes is None:
        return np.empty((0, 2), dtype=int)
    schema.check_columns(stop_routes, ["stop_id", "route_id"], name="stop_routes")
    stop = stops.index.get_indexer(stop_routes["stop_id"])
    route = routes.index.get_indexer(stop_routes["route_id"])
    pairs = np.column_stack([stop, route])[(stop >= 0) & (route >= 0)]
    return np.unique(pairs, axis=0)


def _passed(
    stops: gpd.GeoDataFrame, routes: gpd.GeoDataFrame, which: np.ndarray, *, near_m: float
) -> np.ndarray:
    """Give positions of stops, and of some of the routes, whose line passes them."""
    lines = routes.geometry.to_numpy()
    drawn = np.flatnonzero(which & ~shapely.is_missing(lines) & ~shapely.is_empty(lines))
    tree = shapely.STRtree(lines[drawn])
    stop, at = tree.query(stops.geometry.to_numpy(), predicate="dwithin", distance=near_m)
    route = drawn[at]
    same = stops["mode"].to_numpy()[stop] == routes["mode"].to_numpy()[route]
    return np.column_stack([stop, route])[same]
