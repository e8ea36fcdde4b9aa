"""The timetable as an agency publishes it: GTFS, every trip listed with all its calls."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from metropolis import NAME, NOTE, Array, stream
from metropolis.lines import METRO, Line, Transit
from metropolis.plane import Plane, degrees

FILE = "metropole_gtfs.zip"
DATE = "2025-05-14"
DAYS = {"UTEIS": ("1111100", 1.0), "SABADO": ("0000010", 1.7), "DOMINGO": ("0000001", 2.4)}
BANDS = ((4.5, 6.5, 1.5), (6.5, 9.0, 1.0), (9.0, 16.0, 1.7), (16.0, 19.5, 1.0), (19.5, 24.5, 2.6))
SLOW = ((7.0, 9.5, 1.3), (17.0, 19.5, 1.35))  # hours in which buses take longer
ROWS_AT_ONCE = 250_000
TIMES = pa.schema(
    [
        ("trip_id", pa.string()),
        ("arrival_time", pa.string()),
        ("departure_time", pa.string()),
        ("stop_id", pa.string()),
        ("stop_sequence", pa.int32()),
    ]
)


def write_gtfs(folder: Path, plane: Plane, transit: Transit) -> dict[str, int]:
    """Write the archive, and tell what is in it."""
    rng = stream(plane.seed, "timetable")
    spread = rng.uniform(0, 1, (len(transit.lines), 2, len(DAYS)))
    longer = _longer(transit.lines, spread, plane.size.stop_times)
    path = folder / FILE
    path.unlink(missing_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = NOTE.encode()
        for name, text in _small_tables(transit).items():
            archive.writestr(_entry(name), text.encode())
        trips, calls = ["route_id,service_id,trip_id,direction_id"], 0
        with archive.open(_entry("stop_times.txt"), "w") as target:
            for number, table in enumerate(_tables(transit, spread, longer, trips)):
                options = pacsv.WriteOptions(include_header=not number, quoting_style="none")
                text = io.BytesIO()
                pacsv.write_csv(table, text, options)
                target.write(text.getbuffer())
                calls += len(table)
        archive.writestr(_entry("trips.txt"), ("\n".join(trips) + "\n").encode())
    return {
        "stops": len(transit.xy),
        "routes": len(transit.lines),
        "trips": len(trips) - 1,
        "stop_times": calls,
    }


def _entry(name: str) -> zipfile.ZipInfo:
    """Name a table in the archive, without the clock's time."""
    info = zipfile.ZipInfo(name, date_time=(2025, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr = 3, 0o644 << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _starts(line: Line, start: float, times: float) -> Array:
    """Seconds at which trips of one direction leave, `times` the usual time apart."""
    found, at = [], 3600 * BANDS[0][0] + start * 60 * line.peak_min * times
    for _, end, sparse in BANDS:
        step = 60 * line.peak_min * sparse * times
        here = np.arange(at, 3600 * end, step)
        found.append(here)
        at = here[-1] + step if len(here) else max(at, 3600 * end)
    return np.rint(np.concatenate(found)).astype(int)


def _calls(lines: list[Line], spread: Array, longer: float) -> int:
    """How many calls there are in all where buses come so much less often."""
    return sum(
        len(_starts(line, spread[one, side, day], times * (1 if line.kind == METRO else longer)))
        * len(line.stops[side])
        for one, line in enumerate(lines)
        for side in (0, 1)
        for day, (_, times) in enumerate(DAYS.values())
    )


def _longer(lines: list[Line], spread: Array, calls: int) -> float:
    """Find how often buses come if there are to be so many calls."""
    low, high = 0.05, 40.0
    for _ in range(30):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if _calls(lines, spread, middle) > calls else (low, middle)
    return float(high)


def _tables(transit: Transit, spread: Array, longer: float, trips: list[str]) -> Iterator[pa.Table]:
    """Time the trips some lines at a time, and list them."""
    clocks, stop_ids = _clocks(), pa.array([f"P{one:06d}" for one in range(len(transit.xy))])
    parts, rows = [], 0
    for one, line in enumerate(transit.lines):
        for side in (0, 1):
            for day, (service, (_, times)) in enumerate(DAYS.items()):
                rare = times * (1 if line.kind == METRO else longer)
                starts = _starts(line, spread[one, side, day], rare)
                names = [f"{line.name}-{side}-{service[0]}-{at:04d}" for at in range(len(starts))]
                trips += [f"{line.name},{service},{trip},{side}" for trip in names]
                parts.append(_timed(line, side, starts, names, clocks, stop_ids))
                rows += len(parts[-1])
                if rows >= ROWS_AT_ONCE:
                    yield pa.concat_tables(parts)
                    parts, rows = [], 0
    if parts:
        yield pa.concat_tables(parts)


def _timed(
    line: Line, side: int, starts: Array, names: list[str], clocks: pa.Array, stop_ids: pa.Array
) -> pa.Table:
    """Time some trips of one line and direction."""
    slow = np.ones(len(starts))
    for first, last, times in SLOW if line.kind != METRO else ():
        slow[(starts >= 3600 * first) & (starts < 3600 * last)] = times
    arrives = starts[:, None] + np.rint(slow[:, None] * line.seconds[side]).astype(int)
    stops, count = line.stops[side], len(starts)
    clock = clocks.take(pa.array(arrives.ravel()))
    columns = [
        pa.array(names, pa.string()).take(pa.array(np.repeat(np.arange(count), len(stops)))),
        clock,
        clock,
        stop_ids.take(pa.array(np.tile(stops, count))),
        pa.array(np.tile(np.arange(1, len(stops) + 1, dtype="int32"), count)),
    ]
    return pa.Table.from_arrays(columns, schema=TIMES)


def _clocks() -> pa.Array:
    """Every second of two days as it is written."""
    seconds = range(48 * 3600)
    return pa.array([f"{s // 3600:02d}:{s % 3600 // 60:02d}:{s % 60:02d}" for s in seconds])


def _small_tables(transit: Transit) -> dict[str, str]:
    """Write all tables but trips and their times."""
    places = degrees(transit.xy).tolist()
    stops = ["stop_id,stop_name,stop_lon,stop_lat"]
    stops += [
        f"P{at:06d},{'Estação' if kind == METRO else 'Parada'} {place + 1} (fictícia),{lon},{lat}"
        for at, ((lon, lat), kind, place) in enumerate(
            zip(places, transit.kind.tolist(), transit.place.tolist(), strict=True)
        )
    ]
    routes = ["route_id,agency_id,route_short_name,route_long_name,route_type"]
    routes += [
        f"{one.name},MS,{one.name},Linha {one.name} (fictícia),{one.kind}" for one in transit.lines
    ]
    week = "monday,tuesday,wednesday,thursday,friday,saturday,sunday"
    calendar = [f"service_id,{week},start_date,end_date"]
    calendar += [f"{one},{','.join(days)},20250101,20251231" for one, (days, _) in DAYS.items()]
    tables = {
        "agency.txt": [
            "agency_id,agency_name,agency_url,agency_timezone,agency_lang",
            f"MS,{NAME},https://example.org,Atlantic/South_Georgia,pt",
        ],
        "feed_info.txt": [
            "feed_publisher_name,feed_publisher_url,feed_lang,feed_start_date,feed_end_date",
            f"{NAME},https://example.org,pt,20250101,20251231",
        ],
        "calendar.txt": calendar,
        "stops.txt": stops,
        "routes.txt": routes,
    }
    return {name: "\n".join(rows) + "\n" for name, rows in tables.items()}
