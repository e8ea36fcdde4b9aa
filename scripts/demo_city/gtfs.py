"""The timetable as agencies publish it: GTFS, oddities included."""

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from demo_city import Array
from demo_city.ground import degrees
from demo_city.plan import Plan
from demo_city.transit import (
    ABOUT,
    BUS,
    CABLE_STATION,
    CHANGE_S,
    EXACT,
    FAR,
    METRO,
    Line,
    Stop,
)

FILE = "valle_claro_gtfs.zip"
NOTE = b"Valle Claro: ciudad ficticia, horario ficticio / fictitious timetable"
AGENCY, CITY = "Transporte Claro (ficticio)", "Valle Claro (ciudad ficticia)"
ZONE = "Etc/GMT+6"
YEAR = ("20250101", "20251231")
WORKDAYS, SATURDAYS, SUNDAYS, FAIR = "LAB", "SAB", "DOM", "FERIA"
CALENDAR = {WORKDAYS: "1111100", SATURDAYS: "0000010", SUNDAYS: "0000001"}
HOLIDAYS = ("20250501", "20251225")  # both of them Thursdays
FAIR_DAYS = ("20250517", "20250518")  # of a service that no week knows
FAIR_LINE, FAIR_START_S = "300", 10 * 3600
WITH_BOM = "routes.txt"
UNSERVED, TWICE = "X001", 30  # a stop, and the row of the stops that comes twice
WEEKEND_H = (6.0, 22.0)
LONGER = {SATURDAYS: 2, SUNDAYS: 3}  # headways of buses, times those of the peak
COLOURS = {METRO: "0B7A75", BUS: "D97706"}

Row = Sequence[object]


def write_gtfs(path: Path, plan: Plan) -> None:
    """Write the tables into an archive, not compressed, as compressors differ by machine."""
    tables = {
        "agency.txt": agency(),
        "feed_info.txt": feed_info(),
        "calendar.txt": calendar(),
        "calendar_dates.txt": calendar_dates(),
        "stops.txt": stop_rows(plan),
        "transfers.txt": transfer_rows(),
        "routes.txt": route_rows(plan.transit.lines),
        "shapes.txt": shape_rows(plan.transit.lines),
        **trip_tables(plan.transit.lines, plan.transit.stops),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = NOTE
        for name, rows in tables.items():
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(rows)
            info = zipfile.ZipInfo(name, date_time=(2025, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            encoding = "utf-8-sig" if name == WITH_BOM else "utf-8"
            archive.writestr(info, text.getvalue().encode(encoding))


def clock(seconds: int) -> str:
    """A time of the service day, over 24 hours on the next."""
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def agency() -> list[Row]:
    """Tell who runs it all."""
    columns = ("agency_id", "agency_name", "agency_url", "agency_timezone", "agency_lang")
    return [columns, ("TC", AGENCY, "https://example.org", ZONE, "es")]


def feed_info() -> list[Row]:
    """Tell who publishes it, and for when."""
    columns = ("feed_publisher_name", "feed_publisher_url", "feed_lang")
    columns += ("feed_start_date", "feed_end_date", "feed_version")
    return [columns, (CITY, "https://example.org", "es", *YEAR, "ficticio")]


def calendar() -> list[Row]:
    """Tell on which days of the week services run."""
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    rows = [(service, *week, *YEAR) for service, week in CALENDAR.items()]
    return [("service_id", *days, "start_date", "end_date"), *rows]


def calendar_dates() -> list[Row]:
    """Tell of holidays, which are as Sundays, and of the days of a fair."""
    rows = [row for day in HOLIDAYS for row in ((WORKDAYS, day, 2), (SUNDAYS, day, 1))]
    rows += [(FAIR, day, 1) for day in FAIR_DAYS]
    return [("service_id", "date", "exception_type"), *rows]


def stop_rows(plan: Plan) -> list[Row]:
    """List stops and the stations they are in; one comes twice, nothing calls at another."""
    rows: list[Row] = []
    seen: set[str] = set()
    stops = plan.transit.stops
    for one in stops:
        if one.station and one.station not in seen:
            seen.add(one.station)
            home = one.name.removeprefix("Metro ")
            rows.append((one.station, f"Estación {home}", *lonlat(one.xy), 1, ""))
    rows += [(one.id, one.name, *lonlat(one.xy), 0, one.station) for one in stops]
    outside = plan.streets.into_block(int(plan.abroad[len(plan.abroad) // 2]), 0.09)
    rows.append((UNSERVED, "Parada San Jacinto (sin servicio)", *lonlat(outside), 0, ""))
    rows.insert(TWICE + 5, rows[TWICE])
    columns = ("stop_id", "stop_name", "stop_lon", "stop_lat", "location_type", "parent_station")
    return [columns, *rows]


def lonlat(xy: Array) -> tuple[str, str]:
    """Coordinates as they are written."""
    lon, lat = degrees(xy)
    return f"{lon:.7f}", f"{lat:.7f}"


def transfer_rows() -> list[Row]:
    """Tell how long it takes to change between metro and cable."""
    pair = f"M{CABLE_STATION + 1:02d}", "K1"
    rows = [(*one, 2, CHANGE_S) for one in (pair, pair[::-1])]
    return [("from_stop_id", "to_stop_id", "transfer_type", "min_transfer_time"), *rows]


def route_rows(lines: list[Line]) -> list[Row]:
    """List routes."""
    columns = ("route_id", "agency_id", "route_short_name", "route_long_name", "route_type")
    rows = [
        (one.id, "TC", one.id, one.name, one.kind, COLOURS.get(one.kind, "7C3AED")) for one in lines
    ]
    return [(*columns, "route_color"), *rows]


def shape_rows(lines: list[Line]) -> list[Row]:
    """Draw the courses of lines whose stops say how far along they are."""
    rows: list[Row] = [
        ("shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence", "shape_dist_traveled")
    ]
    for line in lines:
        for direction, one in enumerate((line, line.backwards) if line.timetable == FAR else ()):
            legs = [one.path[0][:1], *(leg[1:] for leg in one.path)]
            xy = np.concatenate(legs)
            metres = np.r_[0.0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T))].round(1)
            for number, (point, far) in enumerate(zip(xy, metres.tolist(), strict=True), 1):
                lon, lat = lonlat(point)
                rows.append((f"{line.id}-{direction}", lat, lon, number, far))
    return rows


def trip_tables(lines: list[Line], stops: list[Stop]) -> dict[str, list[Row]]:
    """List trips, their times, and how often those come that are not listed one by one."""
    trips: list[Row] = [("route_id", "service_id", "trip_id", "direction_id", "shape_id")]
    columns = ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence")
    times: list[Row] = [(*columns, "shape_dist_traveled")]
    often: list[Row] = [("trip_id", "start_time", "end_time", "headway_secs", "exact_times")]
    for line in lines:
        shape = line.timetable == FAR
        for direction, one in enumerate((line, line.backwards)):
            for service, trip, start, periods in runs(one, direction):
                shape_id = f"{line.id}-{direction}" if shape else ""
                trips.append((line.id, service, trip, direction, shape_id))
                times += time_rows(one, trip, start, stops)
                often += [
                    (trip, clock(first), clock(last), step, int(line.timetable != ABOUT))
                    for first, last, step in periods
                ]
    return {"trips.txt": trips, "stop_times.txt": times, "frequencies.txt": often}


def runs(line: Line, direction: int) -> list[tuple[str, str, int, list[tuple[int, int, int]]]]:
    """Service, id, start and frequencies of the trips of a line in one direction."""
    name = f"{line.id}-{direction}"
    if line.is_nightly or line.timetable not in {ABOUT, EXACT}:
        starts = enumerate(line.starts.tolist(), 1)
        listed = [(WORKDAYS, f"{name}-{n:02d}", start, []) for n, start in starts]
        if line.is_nightly:
            return listed
    else:
        listed = [(WORKDAYS, f"{name}-L", line.periods[0][0], line.periods)]
    start, end = (int(3600 * hour) for hour in WEEKEND_H)
    for service, times in LONGER.items():
        step = line.peak_s * (times if line.kind == BUS else 1)
        listed.append((service, f"{name}-{service[0]}", start, [(start, end, step)]))
    if line.id == FAIR_LINE:
        listed.append((FAIR, f"{name}-F", FAIR_START_S, []))
    return listed


def time_rows(line: Line, trip: str, start: int, stops: list[Stop]) -> list[Row]:
    """Times of one trip; blank where they are not published."""
    rows: list[Row] = []
    calls = zip(line.stops, *line.times, line.timed, line.metres.tolist(), strict=True)
    for number, (stop, arrives, leaves, is_timed, far) in enumerate(calls, 1):
        clocks = [clock(start + int(one)) if is_timed else "" for one in (arrives, leaves)]
        rows.append((trip, *clocks, stops[stop].id, number, far if line.timetable == FAR else ""))
    return rows
