"""Read routes of public transport from lists, and how often they run where no timetable tells."""

import re
from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geoequity.errors import DataError, shown
from geoequity.sources.files import Record, column_of, drop_repeated, keys, numbers, read_table
from geoequity.sources.files import text_ids as text_of
from geoequity.sources.layers import keep_near, projected, read_layer, row_ids
from geoequity.sources.spec import FileSpec, RoutesSpec, TripListSpec, TripsSpec
from geoequity.transit import FALLBACK, mode_of

MORNING_S = (7 * 3600, 9 * 3600)  # the hours of which a route's headway is told
ROUTE_COLUMNS = [
    "mode", "name", "source", "headway_min", "headway_from", "first_s", "last_s",
]  # fmt: skip
FIGURES = ["headway_min", "first_s", "last_s"]
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?")


def read_routes(
    spec: RoutesSpec, *, crs: CRS, study_area: shapely.Geometry | None, record: Record
) -> gpd.GeoDataFrame:
    """
    Read a list of public transport routes.

    Parameters
    ----------
    spec
        The file, its columns and the mode of its routes. Plain tables without
        geometry will do.
    crs
        Metric CRS of the study.
    study_area
        The districts and the buffer round them; lines outside are left out,
        with a warning if all of them are. None keeps all.
    record
        Gets the rows read, kept and dropped.

    Returns
    -------
    routes
        Index ``route_id`` (``source/id``): lines, None where the table has
        none; ``mode``, ``name``, ``source``, ``headway_min`` (minutes between
        departures in one direction, NaN unknown), ``headway_from`` (``table``,
        None where unknown), ``first_s`` and ``last_s`` (NaN, as lists tell none).

    Raises
    ------
    SourceError
        If the file cannot be read or is empty.
    DataError
        If a column is absent, ids of differing rows repeat, a shape is no line,
        a headway is text or not above 0, or a route type is no number.
    CRSError
        If no CRS is known.
    """
    layer = read_layer(spec, record=record, needs_geometry=False)
    used = [one for one in (spec.name, spec.headway, spec.route_type) if one]
    for column in used:
        column_of(layer, column, path=spec.path)
    ids = row_ids(layer, spec, spec.id)
    shapes = layer.geometry
    flat = ~(shapes.isna() | shapes.geom_type.isin(["LineString", "MultiLineString"]))
    if flat.any():
        msg = f"{spec.path}: routes are lines; these are not: {shown(ids[flat])}"
        raise DataError(msg, ids=ids[flat])
    layer = projected(layer, crs, spec=spec)
    record.counts["distinct"] = int(ids.nunique())
    compared = [*used, layer.geometry.name]
    layer = drop_repeated(layer, ids, policy=spec.duplicates, columns=compared, record=record)
    layer = _near(layer, ids, study_area, record=record)
    ids = ids[layer.index]
    headway = _above_0(layer, spec.headway, spec=spec, ids=ids)
    routes = gpd.GeoDataFrame(
        {
            "mode": _modes(layer, spec, ids=ids, record=record).to_numpy(),
            "name": text_of(layer[spec.name]).to_numpy() if spec.name else None,
            "source": record.name,
            "headway_min": headway.to_numpy(),
            "headway_from": None,
            "first_s": np.nan,
            "last_s": np.nan,
        },
        geometry=layer.geometry.to_numpy(),
        crs=crs,
        index=pd.Index([f"{record.name}/{one}" for one in ids], name="route_id", dtype=object),
    )
    told = headway.notna().to_numpy()
    routes["headway_from"] = pd.Series("table", index=routes.index, dtype=object).where(told, None)
    record.rows_kept = len(routes)
    return routes


def read_trips(
    spec: TripsSpec,
    *,
    record: Record,
    trips_record: Record | None = None,
    window_s: tuple[int, int] = MORNING_S,
) -> pd.DataFrame:
    """
    Read how often routes run from a table of trips, or of runs of trips.

    A row with ``end`` and ``headway`` stands for the trips that start every
    ``headway`` from ``start`` on and before ``end``, as in frequencies.txt of
    GTFS; without, for one trip.

    Parameters
    ----------
    spec
        The file and its columns, and where the routes of trips stand in another
        file, that one.
    record
        Gets the rows read, kept and dropped.
    trips_record
        The same of the table of trips.
    window_s
        Hours in which to count [seconds after midnight]: from, until before.

    Returns
    -------
    trips
        Index ``route``, its plain id: ``trips_per_hour`` in the window and
        ``headway_min`` (infinite where none starts in it), both in one
        direction: the mean of the directions that the table has; ``first_s``
        and ``last_s``, when the first and the last trip of the day start
        [seconds after midnight of the service day, over 86,400 on the next].

    Raises
    ------
    SourceError
        If a file cannot be read or is empty.
    DataError
        If a column is absent, a route or trip has no id, a trip stands twice in
        the table of trips, no trip of it has a row here, an hour is none, a run
        ends before it starts, or a headway is text or not above 0.
    """
    table = read_table(spec, record=record)
    start = _seconds(column_of(table, spec.start, path=spec.path), spec=spec)
    if spec.end is None or spec.headway is None:
        end, headway = start + 1, pd.Series(1.0, index=table.index)  # a run of one trip
    else:
        end = _seconds(column_of(table, spec.end, path=spec.path), spec=spec)
        column_of(table, spec.headway, path=spec.path)
        unit_s = 60 if spec.headway_unit == "min" else 1
        headway = _above_0(table, spec.headway, spec=spec) * unit_s
        _check_runs(start, end, headway, spec=spec)
    runs = _with_routes(table, spec, record=record, trips_record=trips_record)
    runs = runs.assign(start=start, end=end, headway=headway)
    if spec.headway is not None or spec.trip is not None:
        runs = _each_once(runs, record=record)
    record.rows_kept = len(runs)
    lower, upper = (runs[["start", "end"]].clip(lower=window_s[0], upper=window_s[1])).to_numpy().T
    began, every = runs["start"].to_numpy(), runs["headway"].to_numpy()
    number = np.ceil((upper - began) / every) - np.ceil((lower - began) / every)
    last = began + (np.ceil((runs["end"].to_numpy() - began) / every) - 1) * every
    runs = runs.assign(number=number, last=last)
    # Of which way a trip runs nobody may have said; then it is all one way
    by_way = runs.groupby(["route", "direction"], dropna=False)["number"].sum()
    hourly = by_way.groupby(level="route").mean() * 3600 / (window_s[1] - window_s[0])
    by_route = runs.groupby("route")
    return pd.DataFrame(
        {
            "trips_per_hour": hourly,
            "headway_min": 60 / hourly,
            "first_s": by_route["start"].min(),
            "last_s": by_route["last"].max(),
        }
    )


def join_trips(
    routes: gpd.GeoDataFrame, trips: pd.DataFrame, *, mode: str | None, record: Record
) -> gpd.GeoDataFrame:
    """
    Tell the routes of lists how often they run, and add those that no list has.

    Parameters
    ----------
    routes
        Routes of lists, as of `read_routes`.
    trips
        As of `read_trips`.
    mode
        Mode of the routes that the trips are of; only lists of this mode are
        looked at. None looks at all lists, and refuses routes that none has.
    record
        The book of the trips, which names routes that no list has, and warns
        of headways that a list tells otherwise, which stand.

    Returns
    -------
    routes
        The same routes, ``headway_min``, ``first_s`` and ``last_s`` filled in
        from the trips; behind them the others, without geometry.

    Raises
    ------
    DataError
        If a route is in no list and ``mode`` is None, or in several.
    """
    plain = _plain_ids(routes)
    asked = plain.isin(trips.index) & ((routes["mode"] == mode) | (mode is None))
    twice = plain[asked][plain[asked].duplicated()].unique()
    lost = trips.index.difference(plain[asked], sort=False)
    faults = []
    if len(twice):
        faults.append(f"routes stand in several lists: {shown(twice)}; name the mode of the trips")
    if len(lost) and mode is None:
        faults.append(f"no [[transit.routes]] lists these routes: {shown(lost)}; name their mode")
    if faults:
        msg = f"{record.path}: {' and '.join(faults)}"
        raise DataError(msg, ids=[*twice, *lost])
    told = trips.reindex(plain[asked])[FIGURES].set_axis(plain[asked].index)
    result = routes.copy()
    known = result.loc[told.index, "headway_min"]
    other = known.index[(known.notna() & ~np.isclose(known, told["headway_min"]))]
    if len(other):
        record.warn("headways of the list of routes stand, though trips tell others", other)
    told["headway_min"] = known.fillna(told["headway_min"])
    result.loc[told.index, FIGURES] = told
    result.loc[told.index, "headway_from"] = "table"
    record.counts["routes_joined"] = len(told)
    if not len(lost):
        return result
    others = gpd.GeoDataFrame(
        {
            "mode": mode,
            "name": lost.to_numpy(),
            "source": record.name,
            "headway_from": "table",
            **{one: trips.loc[lost, one].to_numpy() for one in FIGURES},
        },
        geometry=np.full(len(lost), None, dtype=object),
        crs=routes.crs,
        index=pd.Index([f"{record.name}/{one}" for one in lost], name="route_id", dtype=object),
    )[[*ROUTE_COLUMNS, "geometry"]]
    return pd.concat([result, others]) if len(result) else others


def merge_routes(lists: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """
    Put routes of several sources in one table.

    Lines of a list replace those of earlier ones of their mode; tables without
    lines replace nothing, since nobody could tell what.

    Parameters
    ----------
    lists
        The routes of the map, and after them those of lists, joined; at least one.

    Returns
    -------
    routes
        All that are left.
    """
    merged, *later = lists
    for one in later:
        drawn = one.loc[one.geometry.notna(), "mode"]
        kept = merged[~merged["mode"].isin(drawn.unique())]
        merged = pd.concat([kept, one]) if len(kept) and len(one) else one if len(one) else kept
    return merged


def with_assumed(routes: gpd.GeoDataFrame, headway_min: Mapping[str, float]) -> gpd.GeoDataFrame:
    """
    Let a headway of its mode stand in where a route tells none.

    Parameters
    ----------
    routes
        With ``mode``, ``headway_min`` (NaN unknown) and ``headway_from``.
    headway_min
        Minutes by mode; modes that are absent stay unknown.

    Returns
    -------
    routes
        The same, ``headway_from`` ``assumed`` where one stands in.
    """
    assumed = routes["mode"].map(dict(headway_min)).astype(float)
    open_ = routes["headway_min"].isna() & assumed.notna()
    return routes.assign(
        headway_min=routes["headway_min"].where(~open_, assumed),
        headway_from=routes["headway_from"].astype(object).where(~open_, "assumed"),
    )


def _near(
    layer: gpd.GeoDataFrame, ids: pd.Series, area: shapely.Geometry | None, *, record: Record
) -> gpd.GeoDataFrame:
    """Keep lines that touch the study area, and all of which nobody knows where they run."""
    drawn = ~layer.geometry.isna()
    if area is None or not drawn.any():
        return layer
    near = layer.geometry.intersects(area) | ~drawn
    return keep_near(layer, near, ids=ids, record=record)


def _modes(layer: pd.DataFrame, spec: RoutesSpec, *, ids: pd.Series, record: Record) -> pd.Series:
    """Tell the mode of each route; types that nobody knows are taken for buses, with a warning."""
    if spec.route_type is None:
        return pd.Series(spec.mode, index=layer.index, dtype=object)
    types = numbers(layer[spec.route_type], spec=spec, ids=ids)
    known = [mode_of(int(one)) if float(one).is_integer() else None for one in types]
    modes = pd.Series(known, index=layer.index, dtype=object)
    odd = modes.isna()
    if odd.any():
        record.warn(f"route types that are unknown are taken for {FALLBACK}", ids[odd])
    return modes.where(~odd, FALLBACK)


def _above_0(
    table: pd.DataFrame, column: str | None, *, spec: FileSpec, ids: pd.Series | None = None
) -> pd.Series:
    """Read a column of times above 0; unknown where there is none."""
    if column is None:
        return pd.Series(np.nan, index=table.index)
    values = numbers(table[column], spec=spec, ids=ids)
    bad = values <= 0
    if bad.any():
        rows = table.index[bad] if ids is None else ids[bad]
        msg = f"{spec.path}: column {column!r} is not above 0 in rows {shown(rows)}"
        raise DataError(msg, ids=rows)
    return values


def _seconds(values: pd.Series, *, spec: FileSpec) -> pd.Series:
    """Read hours such as 7:30, 07:30:00 and 25:10:00 as seconds after midnight."""
    found = [_CLOCK.fullmatch(one or "") for one in text_of(values)]
    bad = np.array([one is None for one in found], dtype=bool)
    if bad.any():
        rows = values.index[bad]
        msg = f"{spec.path}: column {values.name!r} holds no hour (H:MM:SS) in rows {shown(rows)}"
        raise DataError(msg, ids=rows)
    parts = [[int(part or 0) for part in one.groups()] for one in found if one is not None]
    return pd.Series([float(h * 3600 + m * 60 + s) for h, m, s in parts], index=values.index)


def _check_runs(start: pd.Series, end: pd.Series, headway: pd.Series, *, spec: TripsSpec) -> None:
    """Refuse runs of trips that cannot be."""
    faults = {
        "a run ends before it starts": ~(end > start),
        f"column {spec.headway!r} is empty": headway.isna(),
    }
    said = [
        f"{what} in rows {shown(start.index[bad])}" for what, bad in faults.items() if bad.any()
    ]
    if said:
        ids = start.index[np.logical_or.reduce(list(faults.values()))]
        msg = f"{spec.path}: {' and '.join(said)}"
        raise DataError(msg, ids=ids)


def _with_routes(
    table: pd.DataFrame, spec: TripsSpec, *, record: Record, trips_record: Record | None
) -> pd.DataFrame:
    """Tell route, direction and trip of each row; rows of no trip that is listed are left out."""
    if spec.trips is None or spec.trip is None:
        runs = pd.DataFrame({"route": keys(table, spec, str(spec.route)), "trip": None})
        runs["direction"] = (
            text_of(column_of(table, spec.direction, path=spec.path)) if spec.direction else None
        )
        _check_named(runs["route"], spec=spec, column=str(spec.route))
        return runs
    trip = keys(table, spec, spec.trip)
    _check_named(trip, spec=spec, column=spec.trip)
    book = trips_record or Record(name=record.name, path=spec.trips.path, origin=spec.trips)
    listed = _trip_list(spec.trips, record=book)
    there = trip.isin(listed.index)
    record.drop(f"trip is none of {spec.trips.path.name}", trip[~there])
    if not there.any():
        msg = f"{spec.path}: no trip of column {spec.trip!r} is in {spec.trips.path.name}"
        raise DataError(msg, ids=trip.unique())
    runs = listed.reindex(trip[there]).set_axis(trip[there].index)
    return runs.assign(trip=trip[there])


def _trip_list(spec: TripListSpec, *, record: Record) -> pd.DataFrame:
    """Read of which route and direction each trip is."""
    table = read_table(spec, record=record)
    trip, route = keys(table, spec, spec.id), keys(table, spec, spec.route)
    way = text_of(column_of(table, spec.direction, path=spec.path)) if spec.direction else None
    _check_named(trip, spec=spec, column=spec.id)
    _check_named(route, spec=spec, column=spec.route)
    listed = pd.DataFrame({"route": route, "direction": way}, index=table.index)
    listed = drop_repeated(listed, trip, policy="error", columns=list(listed), record=record)
    record.rows_kept = len(listed)
    return listed.set_axis(pd.Index(trip[listed.index]), axis=0)


def _check_named(ids: pd.Series, *, spec: FileSpec, column: str) -> None:
    """Refuse rows without an id."""
    if ids.isna().any():
        rows = ids.index[ids.isna()]
        msg = f"{spec.path}: column {column!r} is empty in rows {shown(rows)}"
        raise DataError(msg, ids=rows)


def _each_once(runs: pd.DataFrame, *, record: Record) -> pd.DataFrame:
    """Drop rows that say the same of the same trip, with a warning."""
    same = runs.duplicated()
    if not same.any():
        return runs
    record.drop("identical duplicate", runs.index[same])
    record.warn("identical duplicate rows dropped", runs.index[same])
    return runs[~same]


def _plain_ids(routes: gpd.GeoDataFrame) -> pd.Series:
    """Take the names of their lists off the ids of routes."""
    pairs = zip(routes.index, routes["source"], strict=True)
    plain = [str(one).removeprefix(f"{source}/") for one, source in pairs]
    return pd.Series(plain, index=routes.index, dtype=object)
