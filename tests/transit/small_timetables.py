"""Timetables of a few stops, written as agencies publish them."""

import csv
import io
import zipfile

from pyproj import Transformer

CRS = "EPSG:32723"
EAST, NORTH = 333_000.0, 7_395_000.0
DATE = "2024-05-15"  # a Wednesday
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
TO_DEGREES = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform

EVERY_DAY = {
    "service_id": "daily", **dict.fromkeys(DAYS, 1),
    "start_date": 20240101, "end_date": 20241231,
}  # fmt: skip


def clock(at_s):
    """Write seconds as a time of the day."""
    return f"{at_s // 3600:02d}:{at_s // 60 % 60:02d}:{at_s % 60:02d}"


def at(text):
    """Read 7:05 or 7:05:30 as seconds."""
    hours, minutes, *rest = (int(one) for one in text.split(":"))
    return 3600 * hours + 60 * minutes + sum(rest)


def open_calls(text):
    """
    Read the calls of ``A 7:00 | B 7:10 7:11``: stop, arrival, and departure if later.

    All may board and alight.
    """
    calls = []
    for part in text.split("|"):
        stop, arrival, *departure = part.split()
        calls.append((stop, at(arrival), at((departure or [arrival])[0]), True, True))
    return calls


def stop_row(stop, x, y, *, station=None, kind=0):
    """Put a stop (kind 0) or a station (1) on the map, `x` and `y` metres from a corner."""
    lon, lat = TO_DEGREES(EAST + x, NORTH + y)
    return {
        "stop_id": stop, "stop_name": f"Stop {stop}", "stop_lon": repr(lon), "stop_lat": repr(lat),
        "location_type": kind, "parent_station": station or "",
    }  # fmt: skip


def call_rows(trip, calls):
    """Write the calls of a trip: stop, arrival, departure, may board, may alight."""
    return [
        {
            "trip_id": trip, "stop_id": stop, "stop_sequence": 10 * number,
            "arrival_time": clock(arrival), "departure_time": clock(departure),
            "pickup_type": 0 if may_board else 1, "drop_off_type": 0 if may_alight else 1,
        }
        for number, (stop, arrival, departure, may_board, may_alight) in enumerate(calls)
    ]  # fmt: skip


def write_gtfs(path, *, stops, calls, trips, **tables):
    """
    Write a zip: `stops` are rows, `calls` lists by trip, `trips` services by trip.

    Every trip is of the one bus route unless `routes` tells the route of each.
    """
    routes = tables.pop("routes", {})
    every = {
        "agency": [
            {
                "agency_id": "a", "agency_name": "Agency", "agency_url": "https://example.org",
                "agency_timezone": "America/Sao_Paulo",
            }
        ],
        "routes": [
            {"route_id": one, "agency_id": "a", "route_short_name": one, "route_type": 3}
            for one in sorted({"bus"} | set(routes.values()))
        ],
        "trips": [
            {"trip_id": trip, "route_id": routes.get(trip, "bus"), "service_id": service}
            for trip, service in trips.items()
        ],
        "stops": stops,
        "stop_times": [row for trip, listed in calls.items() for row in call_rows(trip, listed)],
        "calendar": [EVERY_DAY],
        **tables,
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for name, rows in every.items():
            if not rows:
                continue
            text = io.StringIO()
            writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            archive.writestr(f"{name}.txt", text.getvalue())
