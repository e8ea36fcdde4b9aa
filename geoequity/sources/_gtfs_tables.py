"""Clean the tables of one GTFS feed: what refers to what, who runs where and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoequity.sources._gtfs_files import CALENDARS, WEEK, Book, Tables, by_id, table_of, text_of
from geoequity.sources._gtfs_rules import fares, frequencies, transfers
from geoequity.sources._gtfs_times import order_stop_times
from geoequity.transit import FALLBACK, Feed, mode_of
from geoequity.transit._modes import NO_TRANSIT

NULL_ISLAND_DEG = 0.001  # about 100 m round (0, 0), where lost coordinates end up
_LAST_TYPE = 10_000
_EPOCH = pd.Timestamp("1970-01-01")
_LAST_DAY = 100_000  # days of one service are told apart from those of the next by it
_YEARS = (1970, 2199)  # from the first day that has a number, and until before the last


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """
    One feed, cleaned, before it joins others.

    Parameters
    ----------
    feed
        The tables, without a report.
    agencies
        Index ``agency_id`` (blank where the feed has but one): ``name``.
    stations
        Index ``station``: ``name``, ``lon``, ``lat``.
    filled
        How many blank times were filled in by each rule.
    fares
        What there is to say about the fares; empty if nothing.
    """

    feed: Feed
    agencies: pd.DataFrame
    stations: pd.DataFrame
    filled: dict[str, int] = field(default_factory=dict)
    fares: str = ""


def cleaned(
    tables: Tables, *, modes: Mapping[str, str], number: int, used: set[str], book: Book
) -> Part | None:
    """
    Check the tables of a feed against each other, and clean them.

    Parameters
    ----------
    tables
        As they were read; None where one is absent or cannot be read.
    modes
        Modes by route or agency, which override the feed's.
    number
        Which of several feeds this is, from 1 on.
    used
        Gets the keys of ``modes`` that name anything here.
    book
        Gets the faults.

    Returns
    -------
    part
        The feed; None where there are faults.
    """
    agencies = _agencies(tables["agency.txt"])
    stops, stations = _stops(tables["stops.txt"], tables["stop_times.txt"], book=book)
    routes = _routes(
        tables["routes.txt"], agencies, modes=modes, number=number, used=used, book=book
    )
    days, services = _days(tables["calendar.txt"], tables["calendar_dates.txt"], book=book)
    shapes = _shapes(tables["shapes.txt"], book=book)
    trips = _trips(tables, services, shapes, book=book)
    often = frequencies(tables["frequencies.txt"], trips, book=book)
    changes = transfers(tables["transfers.txt"], tables["stops.txt"], stops, book=book)
    prices, told = fares(tables, routes, book=book)
    _check_stop_times(tables, book=book)
    if routes is None or trips is None or stops is None or tables["stop_times.txt"] is None:
        return None
    trips = _running(trips, routes, days, tables["stop_times.txt"], book=book)
    stop_times, filled = order_stop_times(
        tables["stop_times.txt"], trips=trips, stops=stops, shapes=shapes, book=book
    )
    if book.faults:
        return None
    gone = tables["stop_times.txt"].index.size - len(stop_times)
    book.record.counts["stop_times_of_dropped_trips"] = gone
    feed = Feed(
        stops=stops,
        routes=routes[~routes["gone"]].drop(columns="gone"),
        trips=trips,
        stop_times=stop_times,
        days=days,
        frequencies=often[often["trip_id"].isin(trips.index)].reset_index(drop=True),
        transfers=changes,
        fares=prices[prices.index.isin(routes.index[~routes["gone"]])],
        shapes=shapes,
    )
    return Part(feed=feed, agencies=agencies, stations=stations, filled=filled, fares=told)


def _agencies(table: pd.DataFrame | None) -> pd.DataFrame:
    """List the agencies by id."""
    if table is None:
        return pd.DataFrame({"name": []}, index=pd.Index([], name="agency_id"), dtype=object)
    ids = text_of(table["agency_id"]).fillna("")
    return table_of(
        {"name": text_of(table["agency_name"]).to_numpy()},
        index=pd.Index(ids.to_numpy(), name="agency_id", dtype=object),
    )


def _stops(
    table: pd.DataFrame | None, stop_times: pd.DataFrame | None, *, book: Book
) -> tuple[pd.DataFrame | None, pd.DataFrame]:
    """List the stops, and the stations they belong to."""
    file = "stops.txt"
    columns = {"name": "stop_name", "lon": "stop_lon", "lat": "stop_lat"}
    nothing = pd.DataFrame({one: [] for one in columns}, index=pd.Index([], name="station"))
    if table is None:
        return None, nothing
    book.check_kinds(file, table["location_type"], (0, 1, 2, 3, 4), ids=table["stop_id"])
    kind = table["location_type"].fillna(0)
    places = table_of(
        {
            "name": text_of(table["stop_name"]).to_numpy(),
            "lon": table["stop_lon"].to_numpy(),
            "lat": table["stop_lat"].to_numpy(),
            "station": text_of(table["parent_station"]).to_numpy(),
            "zone": text_of(table["zone_id"]).to_numpy(),
        },
        index=by_id(table, "stop_id"),
    )
    stations = places.loc[(kind == 1).to_numpy(), list(columns)].rename_axis("station")
    stops = places[(kind == 0).to_numpy()]
    parents = table.loc[kind == 0, "parent_station"]
    book.check_names(file, parents, stations.index, target="station")
    nowhere = ~(stops["lon"].abs() <= 180) | ~(stops["lat"].abs() <= 90)  # noqa: PLR2004 - degrees
    nowhere |= (stops["lon"].abs() < NULL_ISLAND_DEG) & (stops["lat"].abs() < NULL_ISLAND_DEG)
    if stop_times is not None:
        misread = table.index[kind == 0].isin(list(book.misread.get(file, ())))
        called = ~misread & stops.index.isin(stop_times["stop_id"].dropna().unique())
        lost = stops.index[nowhere & called]
        if len(lost):
            book.fault(file, "stop_lat, stop_lon are at (0, 0), missing or impossible"
                             " for stops with service", lost)  # fmt: skip
        book.drop(
            file,
            "stops without service and without a place",
            stops.index[nowhere & ~called & ~misread],
        )
    return stops[~nowhere], stations


def _routes(
    table: pd.DataFrame | None,
    agencies: pd.DataFrame,
    *,
    modes: Mapping[str, str],
    number: int,
    used: set[str],
    book: Book,
) -> pd.DataFrame | None:
    """List the routes with their modes, and which are no public transport (``gone``)."""
    if table is None:
        return None
    file = "routes.txt"
    agency = text_of(table["agency_id"])
    if agencies.index.any():  # an only agency needs no id
        book.check_names(file, table["agency_id"], agencies.index, target="agency")
    if len(agencies) == 1 and agencies.index[0]:
        agency = agency.fillna(agencies.index[0])
    kind = table["route_type"]
    if (odd := kind.notna() & ~kind.isin(range(_LAST_TYPE))).any():
        book.fault(
            file, "route_type is no whole number of 0 or more for", text_of(table["route_id"])[odd]
        )
        kind = kind.mask(odd)
    routes = table_of(
        {
            "mode": np.array([mode_of(int(one)) for one in kind.fillna(-1)], dtype=object),
            "name": text_of(table["route_short_name"])
            .combine_first(text_of(table["route_long_name"]))
            .to_numpy(),
            "agency": agency.to_numpy(),
            "route_type": kind.fillna(-1).astype(int).to_numpy(),
        },
        index=by_id(table, "route_id"),
    )
    override = []
    for route, of_agency in zip(routes.index, agency, strict=True):
        asked = (f"{number}:{route}", route, f"{number}:{of_agency}", of_agency)
        hits = [key for key in asked if key in modes]
        used.update(hits)
        override.append(modes[hits[0]] if hits else None)
    told = pd.Series(override, index=routes.index, dtype=object)
    routes["mode"] = told.combine_first(routes["mode"])
    routes["gone"] = routes["mode"].isna() & (routes["route_type"] // 100).isin(NO_TRANSIT)
    routes.loc[routes["gone"], "mode"] = FALLBACK
    unknown = routes.index[routes["mode"].isna() & (routes["route_type"] >= 0)]
    if len(unknown):
        kinds = sorted(set(routes.loc[unknown, "route_type"]))
        listed = ", ".join(map(str, kinds))
        book.record.warn(f"{file}: unknown route_type {listed}, taken for {FALLBACK}", unknown)
    routes["mode"] = routes["mode"].fillna(FALLBACK)
    book.drop(file, "taxis, aeroplanes and hired cars", routes.index[routes["gone"]])
    return routes


def _dates(values: pd.Series, *, file: str, ids: pd.Series, book: Book) -> np.ndarray:
    """Parse dates, as days since 1970; -1 where one is wrong, which is a fault."""
    words = pd.Series(list(values.cat.categories), dtype=object).astype(str)
    parsed = pd.to_datetime(words.where(words.str.fullmatch(r"\d{8}")), format="%Y%m%d",
                            errors="coerce")  # fmt: skip
    known = parsed.dt.year.between(*_YEARS).to_numpy()
    codes = values.cat.codes.to_numpy()
    far = (parsed.notna() & ~known).to_numpy()
    first, last = _YEARS
    for bad, said in (
        (~known & ~far, "is no date such as 20250131"),
        (far, f"is before {first} or after {last}"),
    ):
        wrong = (codes >= 0) & np.append(bad, False)[codes]
        if wrong.any():
            listed = ", ".join(map(repr, values.astype(object)[wrong].unique()[:3]))
            named = ids.astype(object)[wrong]
            book.fault(file, f"{values.name} {said} ({listed}) for services", named)
    days = ((parsed - _EPOCH) // pd.Timedelta(days=1)).where(known, -1).astype(int).to_numpy()
    return np.append(days, -1)[codes]


def _days(
    calendar: pd.DataFrame | None, exceptions: pd.DataFrame | None, *, book: Book
) -> tuple[pd.DataFrame, pd.Index | None]:
    """Spell out every day that every service runs; also, which services there are."""
    tables = [one for one in (calendar, exceptions) if one is not None]
    nothing = pd.DataFrame(
        {"service_id": pd.Series(dtype=object), "date": pd.Series(dtype="datetime64[s]")}
    )
    if not tables or any(one in book.unread for one in CALENDARS):
        return nothing, None
    listed = pd.concat([text_of(one["service_id"]) for one in tables]).dropna().unique()
    services = pd.Index(sorted(listed), name="service_id", dtype=object)
    keys = np.array([], dtype=np.int64)
    before = len(book.faults)
    if calendar is not None and len(calendar):
        keys = _weekly(calendar, services, book=book)
    if exceptions is not None and len(exceptions):
        file, ids = "calendar_dates.txt", exceptions["service_id"]
        book.check_kinds(file, exceptions["exception_type"], (1, 2), ids=ids)
        day = _dates(exceptions["date"], file=file, ids=ids, book=book)
        each = services.get_indexer(text_of(ids)) * _LAST_DAY + day
        kind = exceptions["exception_type"].to_numpy()
        keys = np.union1d(np.setdiff1d(keys, each[kind == 2]), each[kind == 1])  # noqa: PLR2004 - removed
    if len(keys) == 0 and len(book.faults) == before:
        book.fault("calendar.txt, calendar_dates.txt", "no service runs on any day")
    service, day = np.divmod(keys, _LAST_DAY)
    days = table_of(
        {
            "service_id": services.to_numpy(dtype=object)[service],
            "date": day.astype("datetime64[D]").astype("datetime64[s]"),
        },
        index=pd.RangeIndex(len(keys)),
    )
    return days, services


def _weekly(calendar: pd.DataFrame, services: pd.Index, *, book: Book) -> np.ndarray:
    """Spell out the days of a weekly calendar, service by service."""
    file, ids = "calendar.txt", calendar["service_id"]
    for day in WEEK:
        book.check_kinds(file, calendar[day], (0, 1), ids=ids)
    start = _dates(calendar["start_date"], file=file, ids=ids, book=book)
    end = _dates(calendar["end_date"], file=file, ids=ids, book=book)
    length = end - start + 1
    if (turned := (length < 1) & (start >= 0) & (end >= 0)).any():
        book.fault(file, "end_date is before start_date for services", text_of(ids)[turned])
    length = np.where((start >= 0) & (end >= 0), np.maximum(length, 0), 0)
    row = np.repeat(np.arange(len(calendar)), length)
    day = start[row] + np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    week = calendar[list(WEEK)].to_numpy() == 1
    runs = week[row, (day + 3) % 7]  # 1970 began on a Thursday
    service = services.get_indexer(text_of(ids))
    return np.sort(service[row[runs]] * _LAST_DAY + day[runs])


def _shapes(table: pd.DataFrame | None, *, book: Book) -> gpd.GeoDataFrame:
    """Draw the lines of the shapes."""
    file = "shapes.txt"
    nothing = gpd.GeoDataFrame(
        geometry=gpd.GeoSeries([], crs="EPSG:4326"), index=pd.Index([], name="shape_id")
    )
    if table is None or table.empty:
        return nothing
    places = table[["shape_pt_lon", "shape_pt_lat"]].to_numpy()
    impossible = (np.abs(places) > [180, 90]).any(axis=1)
    ids = table["shape_id"].astype(object)
    if impossible.any():
        book.fault(file, "shape_pt_lat, shape_pt_lon are impossible for", ids[impossible])
    codes = table["shape_id"].cat.codes.to_numpy()
    order = np.lexsort((table["shape_pt_sequence"].to_numpy(), codes))
    order = order[(codes[order] >= 0) & ~np.isnan(places[order]).any(axis=1)]
    number = np.bincount(codes[order], minlength=codes.max() + 1)
    names = np.array(list(table["shape_id"].cat.categories), dtype=object)
    single = number == 1
    book.drop(file, "shapes of a single point", names[: len(number)][single])
    order = order[~single[codes[order]]]
    if len(order) == 0:
        return nothing
    used, line = np.unique(codes[order], return_inverse=True)
    lines = shapely.linestrings(places[order], indices=line)
    return gpd.GeoDataFrame(
        geometry=lines, crs="EPSG:4326", index=pd.Index(names[used], name="shape_id", dtype=object)
    )


def _trips(
    tables: Tables, services: pd.Index | None, shapes: gpd.GeoDataFrame, *, book: Book
) -> pd.DataFrame | None:
    """List the trips, their references checked."""
    table, routes, file = tables["trips.txt"], tables["routes.txt"], "trips.txt"
    if table is None:
        return None
    known = None if routes is None else by_id(routes, "route_id")
    book.check_names(file, table["route_id"], known, target="route")
    book.check_names(file, table["service_id"], services, target="service")
    direction = table["direction_id"]
    odd = direction.notna() & ~direction.isin([0, 1])
    if odd.any():
        ids = text_of(table["trip_id"])[odd]
        book.record.warn(f"{file}: direction_id is neither 0 nor 1, taken for unknown", ids)
    shape = text_of(table["shape_id"])
    lost = shape.notna() & ~shape.isin(shapes.index)
    if lost.any():
        book.record.warn(
            f"{file}: shape_id names no shape, taken for unknown", shape[lost].unique()
        )
    return table_of(
        {
            "route_id": text_of(table["route_id"]).to_numpy(),
            "service_id": text_of(table["service_id"]).to_numpy(),
            "direction": direction.where(~odd).fillna(-1).astype(int).to_numpy(),
            "shape_id": shape.mask(lost, None).to_numpy(),
        },
        index=by_id(table, "trip_id"),
    )


def _check_stop_times(tables: Tables, *, book: Book) -> None:
    """Refuse stop times at no stop or of no trip."""
    table, stops, trips = (tables[one] for one in ("stop_times.txt", "stops.txt", "trips.txt"))
    if table is None:
        return
    file = "stop_times.txt"
    if trips is not None:
        book.check_names(file, table["trip_id"], by_id(trips, "trip_id"), target="trip")
    if stops is not None:
        ids = by_id(stops, "stop_id")
        book.check_names(file, table["stop_id"], ids, target="stop")
        others = ids[(stops["location_type"].fillna(0) != 0).to_numpy()]
        wrong = [one for one in others if one in set(table["stop_id"].dropna().unique())]
        if wrong:
            book.fault(file, "stop_id names stations or entrances, where nothing stops", wrong)


def _running(
    trips: pd.DataFrame,
    routes: pd.DataFrame,
    days: pd.DataFrame,
    stop_times: pd.DataFrame,
    *,
    book: Book,
) -> pd.DataFrame:
    """Leave out the trips that are no public transport, or lead nowhere."""
    gone = trips["route_id"].isin(routes.index[routes["gone"]])
    book.drop("trips.txt", "trips of taxis, aeroplanes and hired cars", trips.index[gone])
    trips = trips[~gone]
    calls = stop_times["trip_id"].value_counts()
    calls.index = calls.index.astype(object)
    short = calls.reindex(trips.index).fillna(0) < 2  # noqa: PLR2004 - from and to
    book.drop("trips.txt", "trips with fewer than two stop times", trips.index[short])
    trips = trips[~short]
    idle = ~trips["service_id"].isin(days["service_id"].unique())
    if idle.any() and not book.faults:
        book.record.warn("trips.txt: trips of services that run on no day", trips.index[idle])
    if trips.empty and not book.faults:
        book.fault("trips.txt", "no trip is left")
    return trips
