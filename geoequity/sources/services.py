"""Read services and stops from lists, and join them with those of OpenStreetMap."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geoequity.errors import DataError, shown
from geoequity.schema import HIGH_CAPACITY_MODES, MODES
from geoequity.sources.files import (
    UNKNOWN_TEXTS,
    Record,
    column_of,
    drop_repeated,
    numbers,
    plain_name,
)
from geoequity.sources.files import text_ids as text_of
from geoequity.sources.layers import keep_near, projected, read_layer, repaired, row_ids
from geoequity.sources.osm_tags import STOP_FEATURES
from geoequity.sources.spec import ConnectivitySpec, ServicesSpec, StopsSpec
from geoequity.transit import Feed
from geoequity.units import district_of

SAME_PLACE_M = 50.0
MAP = "osm"  # source of what comes from OpenStreetMap
TIMETABLE = "timetable"  # source of what comes from GTFS
SERVICE_COLUMNS = ["category", "name", "capacity", "source"]
STOP_COLUMNS = ["mode", "name", "source", *STOP_FEATURES]
_YES = {"yes", "y", "si", "s", "sim", "true", "t", "1", "x"}
_NO = {"no", "n", "nao", "false", "f", "0"}


def read_services(
    spec: ServicesSpec | ConnectivitySpec,
    *,
    crs: CRS,
    districts: gpd.GeoDataFrame | None,
    study_area: shapely.Geometry | None,
    record: Record,
) -> gpd.GeoDataFrame:
    """
    Read a list of services.

    Parameters
    ----------
    spec
        The file and its columns.
    crs
        Metric CRS of the study.
    districts
        To count how many rows lie inside; None where they could not be read.
    study_area
        The districts and the buffer round them; places outside are left out,
        with a warning if all of them are. None keeps all.
    record
        Gets the rows read, inside the districts, kept and dropped.

    Returns
    -------
    services
        Index ``service_id``: geometry, ``category``, ``name``, ``capacity``
        (NaN = unknown), ``source``.

    Raises
    ------
    SourceError
        If the file cannot be read or is empty.
    DataError
        If a column is absent, ids of differing rows repeat, or a capacity is text.
    CRSError
        If no CRS is known.
    """
    category = spec.category if isinstance(spec, ServicesSpec) else spec.kind
    capacity = spec.capacity if isinstance(spec, ServicesSpec) else None
    places = _read_places(
        spec,
        columns=[one for one in (spec.name, capacity) if one],
        policy=spec.duplicates if isinstance(spec, ServicesSpec) else "error",
        crs=crs,
        districts=districts,
        study_area=study_area,
        record=record,
    )
    services = gpd.GeoDataFrame(
        {
            "category": category,
            "name": text_of(places[spec.name]).to_numpy() if spec.name else None,
            "capacity": numbers(
                places[capacity], spec=spec, ids=places.index.to_series()
            ).to_numpy()
            if capacity
            else np.nan,
            "source": record.name,
        },
        geometry=places.geometry.to_numpy(),
        crs=crs,
        index=_prefixed(places.index, record.name, "service_id"),
    )
    if (services["capacity"] < 0).any():
        bad = services.index[services["capacity"] < 0]
        msg = f"{spec.path}: column {capacity!r} is negative: {shown(bad)}"
        raise DataError(msg, ids=bad)
    return services


def read_stops(
    spec: StopsSpec,
    *,
    crs: CRS,
    districts: gpd.GeoDataFrame | None,
    study_area: shapely.Geometry | None,
    record: Record,
) -> gpd.GeoDataFrame:
    """
    Read a list of public transport stops.

    Parameters
    ----------
    spec
        The file, its columns and the mode of its stops.
    crs
        Metric CRS of the study.
    districts
        To count how many rows lie inside; None where they could not be read.
    study_area
        The districts and the buffer round them; stops outside are left out,
        with a warning if all of them are. None keeps all.
    record
        Gets the rows read, inside the districts, kept and dropped.

    Returns
    -------
    stops
        Index ``stop_id``: geometry, ``mode``, ``name``, ``source``, and
        ``realtime``, ``shelter``, ``bench`` and ``tactile`` (NA = unknown).

    Raises
    ------
    SourceError
        If the file cannot be read or is empty.
    DataError
        If a column is absent, ids of differing rows repeat, or what a stop has
        is told in other words than yes and no.
    CRSError
        If no CRS is known.
    """
    given = {one: getattr(spec, one) for one in STOP_FEATURES if getattr(spec, one)}
    places = _read_places(
        spec,
        columns=[*([spec.name] if spec.name else []), *given.values()],
        policy=spec.duplicates,
        crs=crs,
        districts=districts,
        study_area=study_area,
        record=record,
    )
    return gpd.GeoDataFrame(
        {
            "mode": spec.mode,
            "name": text_of(places[spec.name]).to_numpy() if spec.name else None,
            "source": record.name,
            **{
                one: _yes_no(places[given[one]], spec=spec).array
                if one in given
                else pd.array([pd.NA] * len(places), dtype="boolean")
                for one in STOP_FEATURES
            },
        },
        geometry=places.geometry.to_numpy(),
        crs=crs,
        index=_prefixed(places.index, record.name, "stop_id"),
    )


def timed_stops(feed: Feed, *, crs: CRS, study_area: shapely.Geometry | None) -> gpd.GeoDataFrame:
    """
    Take the stops of timetables at which something stops.

    Parameters
    ----------
    feed
        The timetables.
    crs
        Metric CRS of the study.
    study_area
        The districts and the buffer round them; None keeps all.

    Returns
    -------
    stops
        As of `read_stops`, and ``feed_id``, the id in the timetables. A stop of
        several modes has the one of the highest capacity.
    """
    ranked = sorted(MODES, key=lambda one: one not in HIGH_CAPACITY_MODES)
    mode = feed.trips["route_id"].map(feed.routes["mode"])
    trip = feed.trips.index.get_indexer(feed.stop_times["trip_id"])
    stop = feed.stops.index.get_indexer(feed.stop_times["stop_id"])
    rank = np.append(pd.Categorical(mode, categories=ranked).codes, -1)[trip]
    known = (rank >= 0) & (stop >= 0)
    best = np.full(len(feed.stops), len(ranked))
    np.minimum.at(best, stop[known], rank[known])
    is_called = best < len(ranked)
    stops, best = feed.stops[is_called], best[is_called]
    places = gpd.GeoSeries.from_xy(stops["lon"], stops["lat"], crs="EPSG:4326").to_crs(crs)
    table = gpd.GeoDataFrame(
        {
            "mode": [ranked[one] for one in best.tolist()],
            "name": stops["name"].to_numpy(),
            "source": TIMETABLE,
            **{one: pd.array([pd.NA] * len(stops), dtype="boolean") for one in STOP_FEATURES},
            "feed_id": stops.index.to_numpy(),
        },
        geometry=places.to_numpy(),
        crs=crs,
        index=_prefixed(stops.index, TIMETABLE, "stop_id"),
    )
    return table if study_area is None else table[table.intersects(study_area)]


def timed_routes(feed: Feed, *, crs: CRS, study_area: shapely.Geometry | None) -> gpd.GeoDataFrame:
    """
    Draw the routes of timetables.

    Parameters
    ----------
    feed
        The timetables.
    crs
        Metric CRS of the study.
    study_area
        The districts and the buffer round them; None keeps all.

    Returns
    -------
    routes
        Index ``route_id``: the shape of the trip of most stops, or where it has
        none straight lines between them; ``mode``, ``name``, ``source``, and
        ``headway_min``, ``headway_from``, ``first_s`` and ``last_s``, which are
        for routes without a timetable: unknown.
    """
    calls = feed.stop_times.groupby("trip_id", sort=False).size().reindex(feed.trips.index)
    longest = calls.groupby(feed.trips["route_id"]).idxmax().dropna()
    trips = feed.trips.loc[longest]
    ranks = trips.index.get_indexer(feed.stop_times["trip_id"])
    some = np.flatnonzero(ranks >= 0)
    some = some[np.argsort(ranks[some], kind="stable")]
    called = feed.stop_times["stop_id"].iloc[some]
    lines = shapely.linestrings(
        feed.stops.loc[called, ["lon", "lat"]].to_numpy(), indices=ranks[some]
    )
    if len(feed.shapes):
        drawn = feed.shapes.geometry.reindex(trips["shape_id"]).to_numpy()
        lines = np.where(shapely.is_missing(drawn), lines, drawn)
    routes = feed.routes.loc[trips["route_id"]]
    table = gpd.GeoDataFrame(
        {
            "mode": routes["mode"].to_numpy(),
            "name": routes["name"].to_numpy(),
            "source": TIMETABLE,
            "headway_min": np.nan,
            "headway_from": None,
            "first_s": np.nan,
            "last_s": np.nan,
        },
        geometry=_placed(gpd.GeoSeries(lines, crs="EPSG:4326").to_crs(crs).to_numpy()),
        crs=crs,
        index=_prefixed(routes.index, TIMETABLE, "route_id"),
    )
    return table if study_area is None else table[table.intersects(study_area)]


def _placed(lines: np.ndarray) -> np.ndarray:
    """Cut lines where they lead so far round the Earth that the CRS has no coordinates there."""
    places, which = shapely.get_coordinates(lines, return_index=True)
    there = np.isfinite(places).all(axis=1)
    if there.all():
        return lines
    long = there & (np.bincount(which[there], minlength=len(lines)) > 1)[which]
    left, rank = np.unique(which[long], return_inverse=True)
    cut = np.full(len(lines), None, dtype=object)
    cut[left] = shapely.linestrings(places[long], indices=rank)
    return cut


def join_timed_stops(
    stops: gpd.GeoDataFrame, timed: gpd.GeoDataFrame, *, rule: str
) -> gpd.GeoDataFrame:
    """
    Join the stops of timetables with those of the map and of lists.

    What the map tells of a stop, such as its shelter, is said of the stop of the
    timetable that is nearest within 50 m and of the same mode.

    Parameters
    ----------
    stops
        Stops of the map and of lists.
    timed
        From `timed_stops`.
    rule
        ``replace`` drops the other stops of the modes that the timetables run,
        ``dedupe`` those within 50 m of one.

    Returns
    -------
    stops
        All that is left, in one table.
    """
    if timed.empty:
        return stops
    same = stops["mode"].isin(timed["mode"].unique())
    told = {one: timed[one].copy() for one in STOP_FEATURES}
    near = pd.Series(data=False, index=stops.index)
    for mode, group in timed.groupby("mode"):
        mine = stops[stops["mode"] == mode]
        if mine.empty:
            continue
        # Each stop of the map speaks for one of the timetable's, its nearest
        tree = shapely.STRtree(group.geometry.to_numpy())
        (at, other), _ = tree.query_nearest(
            mine.geometry.to_numpy(),
            max_distance=SAME_PLACE_M,
            return_distance=True,
            all_matches=False,
        )
        near[mine.index[at]] = True
        for one in STOP_FEATURES:
            said = mine[one].iloc[at].set_axis(group.index[other]).dropna()
            said = said.groupby(level=0).any().astype("boolean")
            told[one][said.index] = said
    gone = same if rule == "replace" else near
    kept = timed.drop(columns="feed_id").assign(**told)
    return pd.concat([stops[~gone], kept])


def merge_services(
    lists: Sequence[tuple[str, gpd.GeoDataFrame]], *, record_of: dict[str, Record]
) -> gpd.GeoDataFrame:
    """
    Join lists of services so that one place counts once.

    Parameters
    ----------
    lists
        Pairs of merge rule and services, in order of rising trust. ``dedupe``
        drops the earlier places of the same category within 50 m of a new one,
        ``replace`` all earlier places of the category, ``add`` none.
    record_of
        Records by ``source``, which get what is dropped of them.

    Returns
    -------
    services
        All that is left, in one table.

    Raises
    ------
    DataError
        If there is no list.
    """
    merged: gpd.GeoDataFrame | None = None
    for rule, services in lists:
        if merged is None:
            merged = services
            continue
        same = merged["category"].isin(services["category"].unique())
        if rule == "add":
            doubles = pd.Series(data=False, index=merged.index)
        elif rule == "replace":
            doubles = same
        else:
            doubles = same & _near(merged, services)
        for source, rows in merged[doubles].groupby("source"):
            reason = "replaced by" if rule == "replace" else f"within {SAME_PLACE_M:g} m of"
            record_of[str(source)].drop(f"{reason} {services['source'].iloc[0]}", rows.index)
        merged = pd.concat([merged[~doubles], services])
    if merged is None:
        msg = "merge_services needs at least one list"
        raise DataError(msg)
    return merged


def _read_places(
    spec: ServicesSpec | ConnectivitySpec | StopsSpec,
    *,
    columns: list[str],
    policy: str,
    crs: CRS,
    districts: gpd.GeoDataFrame | None,
    study_area: shapely.Geometry | None,
    record: Record,
) -> gpd.GeoDataFrame:
    """Read places, count them against the districts, and keep those in the study area."""
    layer = read_layer(spec, record=record)
    for column in columns:
        column_of(layer, column, path=spec.path)
    ids = row_ids(layer, spec, spec.id)
    layer = repaired(layer, ids, record=record)
    shapeless = layer.geometry.isna() | layer.geometry.is_empty
    if shapeless.any():
        record.drop("no geometry", ids[shapeless])
        record.warn("rows without geometry dropped", ids[shapeless])
        layer, ids = layer[~shapeless], ids[~shapeless]
    layer = projected(layer, crs, spec=spec)
    record.counts["distinct"] = int(ids.nunique())
    compared = [*columns, layer.geometry.name]
    each = drop_repeated(layer, ids, policy=policy, columns=compared, record=record)
    if districts is not None and study_area is not None:
        inside = district_of(layer.geometry.representative_point(), districts).notna()
        record.counts["rows_inside_districts"] = int(inside.sum())
        record.counts["inside_districts"] = int(inside[each.index].sum())
        near = each.geometry.intersects(study_area)
        each = keep_near(each, near, ids=ids, record=record)
    record.rows_kept = len(each)
    return each.set_index(pd.Index(ids[each.index].astype(str)))


def _yes_no(values: pd.Series, *, spec: StopsSpec) -> pd.Series:
    """Read a column of yes and no, in the languages of the region or as numbers."""
    words = text_of(values).map(plain_name, na_action="ignore")
    unknown = words.isna() | text_of(values).isin([*UNKNOWN_TEXTS, *spec.missing])
    bad = ~(unknown | words.isin(_YES | _NO))
    if bad.any():
        said = shown(dict.fromkeys(map(str, values[bad])))
        msg = f"{spec.path}: column {values.name!r} says neither yes nor no ({said})"
        raise DataError(f"{msg} in rows {shown(values.index[bad])}", ids=values.index[bad])
    return words.isin(_YES).astype("boolean").mask(unknown)


def _prefixed(ids: pd.Index, source: str, name: str) -> pd.Index:
    """Make ids unique over all lists by naming their list."""
    return pd.Index([f"{source}/{one}" for one in ids], name=name)


def _near(places: gpd.GeoDataFrame, others: gpd.GeoDataFrame) -> pd.Series:
    """Tell which places have another of the same category within 50 m."""
    near = pd.Series(data=False, index=places.index)
    for category, group in others.groupby("category"):
        mine = places.index[places["category"] == category]
        if len(mine) == 0:
            continue
        tree = shapely.STRtree(group.geometry.to_numpy())
        hit, _ = tree.query(
            places.geometry.loc[mine].to_numpy(), predicate="dwithin", distance=SAME_PLACE_M
        )
        near.loc[mine[np.unique(hit)]] = True
    return near
