"""Read timetables from GTFS feeds, one or several, zips or folders."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geoequity.errors import DataError, GeoEquityError, shown
from geoequity.schema import MODES
from geoequity.sources._gtfs_archive import opened
from geoequity.sources._gtfs_files import FARES_V2, Book, read_tables
from geoequity.sources._gtfs_merge import joined
from geoequity.sources._gtfs_tables import Part, cleaned
from geoequity.sources.files import Record, gather
from geoequity.sources.spec import Origin
from geoequity.transit import Feed

_HOUR_S = 3600
_LISTED_IDS = 10
_NO_MODES: Mapping[str, str] = {}


def read_feed(
    paths: str | Path | Sequence[str | Path],
    *,
    record: Sequence[Record] | None = None,
    modes: Mapping[str, str] | None = None,
) -> Feed:
    """
    Read one timetable from one or several GTFS feeds.

    Nothing is unpacked to the disk. Whatever is wrong with any file of any
    feed is told in one error; what was mended is warned of.

    Parameters
    ----------
    paths
        Zips or folders; the tables lie at the root or in one folder.
    record
        One a path: gets the rows read, kept and dropped, and the warnings.
    modes
        Modes by ``route_id`` or ``agency_id``, as GTFS cannot tell them:
        ``{"MB": "brt"}``. A route goes before its agency; ``2:MB`` speaks of
        the second feed alone.

    Returns
    -------
    feed
        The tables, and in ``report`` plain facts for people: ``feeds``,
        ``agencies``, ``routes`` and ``trips`` in all and by mode,
        ``busiest_day`` and the trips that leave in each of its hours
        (``trips_by_hour``; over 23 after midnight), ``stops``,
        ``stops_without_service``, ``services``, ``first_day``, ``last_day``
        and ``days_without_service`` between them, ``frequency_share`` (of
        trips that run every so many minutes), ``blank_times_filled`` by rule,
        ``merged_stops``, ``dropped`` rows by reason, ``fares``.

    Raises
    ------
    SourceError
        If a feed cannot be opened, or would swell or lead out of its zip.
    DataError
        If files, columns or values are missing or wrong, ids name nothing or
        differing rows, times fall, no service runs on any day, or ``modes``
        names nothing; all faults at once.

    Notes
    -----
    *Blank times*, arrival and departure both, are filled in at an even speed
    from one timed stop to the next, along the first of these that is known at
    all stops between, never runs backwards, and has a length:
    ``shape_dist_traveled``; the shape, on which each stop is projected; the
    straight lines from stop to stop; the number of stops. If only one of
    arrival and departure is blank, the other stands for both.

    *Several feeds.* A stop is one of an earlier feed's if it lies within 20 m
    and has the same id, or the same name but for case, accents and marks. Ids
    that mean something else in an earlier feed get the number of their feed
    as a prefix, such as ``2:``.

    *Route types* that no list knows are taken for buses, with a warning.
    Routes of taxis, aeroplanes and hired cars are dropped with their trips,
    with a warning, unless ``modes`` says otherwise.

    *Fares* are read where they depend on the route alone; of several for one
    route, the cheapest.

    References
    ----------
    .. [1] General Transit Feed Specification, Schedule Reference, gtfs.org.
    """
    several = [Path(paths)] if isinstance(paths, str | Path) else [Path(one) for one in paths]
    asked = _NO_MODES if modes is None else modes
    records = (
        [Record(name="transit.gtfs", path=path, origin=Origin()) for path in several]
        if record is None
        else list(record)
    )
    _check_request(several, records, asked)
    faults: list[GeoEquityError] = []
    parts: list[Part | None] = []
    used: set[str] = set()
    read_all = True
    for number, (path, one) in enumerate(zip(several, records, strict=True), start=1):
        book = Book(record=one)
        part = None
        try:
            with opened(path) as files:
                tables = read_tables(files, book=book)
                second = FARES_V2 in files
            read_all &= tables["routes.txt"] is not None and tables["agency.txt"] is not None
            part = cleaned(tables, modes=asked, number=number, used=used, book=book)
        except GeoEquityError as fault:
            book.faults.append(fault)
            read_all = False
        faults.extend(book.faults)
        if part is not None and second and part.fares == "none":
            part = replace(part, fares=f"left out: {FARES_V2} is not read")
        parts.append(part)
        one.rows_kept = one.rows_read - sum(each["count"] for each in one.dropped)
    unknown = [key for key in asked if key not in used]
    if unknown and read_all:
        msg = f"{shown(several)}: modes: no route and no agency is called {shown(unknown)}"
        faults.append(DataError(msg, ids=unknown))
    gather(faults)
    whole, merged = joined([part for part in parts if part is not None])
    return replace(whole.feed, report=_report(whole, records, merged=merged))


def _check_request(
    paths: Sequence[Path], records: Sequence[Record], modes: Mapping[str, str]
) -> None:
    """Refuse a request that makes no sense."""
    if not paths:
        msg = "read_feed needs the path of at least one feed"
        raise DataError(msg)
    if len(records) != len(paths):
        msg = f"read_feed needs a record for each of {len(paths)} paths, not {len(records)}"
        raise DataError(msg)
    odd = {one for one in modes.values() if one not in MODES}
    if odd:
        msg = f"modes: {shown(sorted(odd))} is none of {', '.join(MODES)}"
        raise DataError(msg, ids=odd)


def _report(part: Part, records: Sequence[Record], *, merged: int) -> dict[str, Any]:
    """Tell people what is in a feed, in plain values."""
    feed = part.feed
    if feed.days.empty:
        msg = f"{', '.join(one.path.name for one in records)}: no service on any day"
        raise DataError(msg)
    busiest = feed.busiest_day()
    served = pd.DatetimeIndex(feed.days["date"].unique()).sort_values()
    span = (served[-1] - served[0]).days + 1
    unused = feed.stops.index[~feed.stops.index.isin(feed.stop_times["stop_id"].unique())]
    modes = feed.trips["route_id"].map(feed.routes["mode"])
    often = feed.trips.index.isin(feed.frequencies["trip_id"])
    dropped: dict[str, int] = {}
    for one in records:
        for each in one.dropped:
            dropped[each["reason"]] = dropped.get(each["reason"], 0) + each["count"]
    return {
        "feeds": [one.path.name for one in records],
        "agencies": part.agencies["name"].tolist(),
        "routes": len(feed.routes),
        "routes_by_mode": _counts(feed.routes["mode"]),
        "trips": len(feed.trips),
        "trips_by_mode": _counts(modes),
        "busiest_day": busiest.isoformat(),
        "trips_by_hour": _by_hour(feed, feed.services_on(busiest)),
        "stops": len(feed.stops),
        "stops_without_service": {"count": len(unused), "ids": unused[:_LISTED_IDS].tolist()},
        "services": int(feed.trips["service_id"].nunique()),
        "first_day": served[0].date().isoformat(),
        "last_day": served[-1].date().isoformat(),
        "days_without_service": span - len(served),
        "frequency_share": float(often.mean()),
        "blank_times_filled": part.filled,
        "merged_stops": merged,
        "dropped": dropped,
        "fares": {"told": part.fares, "routes": len(feed.fares)},
    }


def _counts(values: pd.Series) -> dict[str, int]:
    """Count values, the most frequent first."""
    return {str(key): int(number) for key, number in values.value_counts().items()}


def _by_hour(feed: Feed, services: pd.Index) -> dict[str, int]:
    """Count the trips that leave their first stop in each hour, frequencies spelled out."""
    running = feed.trips.index[feed.trips["service_id"].isin(services)]
    first = feed.stop_times.drop_duplicates("trip_id").set_index("trip_id")["departure_s"]
    table = feed.frequencies
    plain = first.reindex(running.difference(table["trip_id"].unique())).to_numpy()
    table = table[table["trip_id"].isin(running)]
    number = -(-(table["end_s"] - table["start_s"]) // table["headway_s"]).to_numpy(dtype=int)
    each = np.repeat(np.arange(len(table)), number)
    turn = np.arange(len(each)) - np.repeat(np.cumsum(number) - number, number)
    often = table["start_s"].to_numpy()[each] + turn * table["headway_s"].to_numpy()[each]
    hours, trips = np.unique(np.append(plain, often) // _HOUR_S, return_counts=True)
    return {str(int(hour)): int(one) for hour, one in zip(hours, trips, strict=True)}
