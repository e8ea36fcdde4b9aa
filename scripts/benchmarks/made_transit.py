"""
A made-up city with streets and a timetable, for `transit.py` to race through.

25 x 20 km of bent and gappy streets, some 60,000 junctions, are written as PBF;
200 routes (three metros, radial and tangential buses; each direction is a route of
its own), about 4,000 stops and 130,000 stop times of a working day as GTFS. All
comes from one seed. Stops stand at junctions, no two that matter at the same, every
time is given, and no vehicle passes another of its route, since not every engine
copes with less.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import osmium
import pandas as pd
from pyproj import Transformer
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

CRS = "EPSG:32723"
DAY = "2026-03-11"  # a Wednesday
EAST_M, NORTH_M = 320_000.0, 7_380_000.0  # of the south-western corner
COLUMNS, ROWS = 274, 219
BLOCK_M = 91.3
AVENUE = 4  # every so many lines of the grid
GAPS = 0.08  # share of the lesser streets that are missing
LINES = 97  # of buses
STOP_TIMES = 130_000
NODES_A_STOP = 4  # between two stops of a line
BUS_M_S, METRO_M_S, METRO_DWELL_S = 5.0, 10.0, 20
BUSY = {5: 0.5, 6: 2.2, 9: 0.7, 16: 1.8, 20: 0.4, 24: 0.0}  # departures, from this hour on
METROS = [((0.03, 0.5), (0.97, 0.45)), ((0.45, 0.04), (0.55, 0.96)), ((0.1, 0.1), (0.9, 0.9))]


class Streets(NamedTuple):
    """Junctions by number (row by row) with their metres, and the streets between them."""

    xy: np.ndarray
    start: np.ndarray
    end: np.ndarray
    is_avenue: np.ndarray

    @property
    def length_m(self) -> np.ndarray:
        """Length of each street."""
        return np.hypot(*(self.xy[self.start] - self.xy[self.end]).T)


class Line(NamedTuple):
    """Where one direction of a line stops, how long it takes, and how often it runs a day."""

    name: str
    stops: list[str]
    metres: np.ndarray  # from the first stop
    share: float  # how often it runs, against others
    metro: bool = False


# ------------------------------------------------------------------ streets
def draw_streets(rng: np.random.Generator) -> Streets:
    """Draw a bent grid whose avenues are whole and whose other streets have gaps."""
    row, column = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
    xy = np.column_stack([column, row]) * BLOCK_M
    xy = xy + 120 * np.sin(xy[:, ::-1] / 2_500) + rng.uniform(-14, 14, xy.shape)
    xy += [EAST_M, NORTH_M]

    number = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS)
    start = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    end = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    runs_east = np.arange(len(start)) < ROWS * (COLUMNS - 1)
    line = np.where(runs_east, row[start], column[start])
    is_avenue = line % AVENUE == 0
    kept = is_avenue | (rng.random(len(start)) > GAPS)
    start, end, is_avenue = start[kept], end[kept], is_avenue[kept]
    links = coo(np.ones(len(start)), start, end, len(xy))
    _, part = connected_components(links, directed=False)
    whole = part[start] == np.bincount(part).argmax()
    return Streets(xy, start[whole], end[whole], is_avenue[whole])


def coo(value: np.ndarray, start: np.ndarray, end: np.ndarray, number: int) -> csr_array:
    """Put streets into a matrix."""
    return csr_array((value, (start, end)), shape=(number, number))


def write_streets(path: Path, streets: Streets) -> None:
    """Write streets as PBF, in order: ways are runs of one line of the grid."""
    lon, lat = degrees(streets.xy)
    made = osmium.osm.mutable
    header = osmium.io.Header()
    header.set("sorting", "Type_then_ID")
    note = {"version": 1, "changeset": 1, "uid": 1, "user": "made", "timestamp": f"{DAY}T00:00:00Z"}
    used = np.unique(np.concatenate([streets.start, streets.end]))
    path.unlink(missing_ok=True)
    with osmium.SimpleWriter(path, header=header) as writer:
        for node in used.tolist():
            writer.add_node(made.Node(id=node + 1, location=(lon[node], lat[node]), **note))
        for number, (nodes, kind) in enumerate(runs(streets), 1):
            refs = [node + 1 for node in nodes]
            writer.add_way(made.Way(id=number, nodes=refs, tags={"highway": kind}, **note))


def runs(streets: Streets) -> Iterator[tuple[list[int], str]]:
    """Join streets that follow each other along one line into ways of up to 20."""
    kind = np.where(streets.is_avenue, "secondary", "residential").tolist()
    way: list[int] = []
    before = (0, "")
    steps = streets.end - streets.start
    south_north = np.where(steps == 1, 0, streets.start % COLUMNS + 1)  # 0 for those that run east
    for edge in np.lexsort((streets.start, south_north)).tolist():
        start, end = int(streets.start[edge]), int(streets.end[edge])
        now = (end - start, kind[edge])
        if way and (way[-1] != start or now != before or len(way) > 20):
            yield way, before[1]
            way = []
        way = [*way, end] if way else [start, end]
        before = now
    yield way, before[1]


def degrees(xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of metres, to seven digits."""
    lon, lat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(*xy.T)
    return np.round(lon, 7), np.round(lat, 7)


# -------------------------------------------------------------------- lines
def draw_lines(streets: Streets, rng: np.random.Generator) -> tuple[list[Line], pd.DataFrame]:
    """Draw all lines both ways, and the stops that they share."""
    cost = streets.length_m * np.where(streets.is_avenue, 1.0, 3.0)
    runs_east = streets.end - streets.start == 1
    line_of = np.where(runs_east, streets.start // COLUMNS, ROWS + streets.start % COLUMNS)
    lines: list[Line] = []
    where: dict[str, np.ndarray] = {}
    for number, ends in enumerate(METROS, 1):
        add_metro(lines, where, f"M{number}", streets, ends)
    for number, (start, end) in enumerate(ends_of_buses(streets, rng), 1):
        liked = rng.uniform(0.65, 1.35, ROWS + COLUMNS)[line_of]  # lines differ in their avenues
        roads = coo(cost * liked, streets.start, streets.end, len(streets.xy))
        _, before = dijkstra(roads, directed=False, indices=start, return_predecessors=True)
        path = [end]
        while path[-1] != start:
            path.append(int(before[path[-1]]))
        share = float(rng.choice([1.0, 2.0, 4.0], p=[0.6, 0.3, 0.1]))
        for way, nodes in enumerate((path[::-1], path)):
            add_bus(lines, where, f"{number:03d}-{way}", streets.xy, nodes, share=share)
    xy = np.array(list(where.values()))
    lon, lat = degrees(xy)
    return lines, pd.DataFrame({"stop_id": list(where), "stop_lat": lat, "stop_lon": lon})


def ends_of_buses(streets: Streets, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Choose crossings of avenues to run between: to the centre, past it, or round it."""
    row, column = np.divmod(np.unique(streets.start[streets.is_avenue]), COLUMNS)
    is_hub = (row % AVENUE == 0) & (column % AVENUE == 0)
    hub = (row * COLUMNS + column)[is_hub]
    off = streets.xy[hub] - streets.xy.mean(axis=0)
    radius, angle = np.hypot(*off.T), np.arctan2(off[:, 1], off[:, 0])
    centre = hub[radius < 1_200]
    for number in range(LINES):
        turn = 2 * np.pi * (number / LINES * 7 % 1) - np.pi
        far = rng.uniform(6_000, 12_500)
        if number % 3 < 2:  # radial
            start = hub[np.argmin(np.hypot(*(off - far * unit(turn)).T))]
            end = rng.choice(centre)
        else:  # tangential
            ahead = turn + rng.uniform(0.6, 1.2)
            near = np.abs(radius - far * 0.7) + 4_000 * np.abs(np.sin((angle - turn) / 2))
            start = hub[near.argmin()]
            near = np.abs(radius - far * 0.7) + 4_000 * np.abs(np.sin((angle - ahead) / 2))
            end = hub[near.argmin()]
        if start != end:
            yield int(start), int(end)


def unit(turn: float) -> np.ndarray:
    """Point somewhere."""
    return np.array([np.cos(turn), np.sin(turn)])


def add_bus(
    lines: list[Line],
    where: dict[str, np.ndarray],
    name: str,
    xy: np.ndarray,
    nodes: list[int],
    *,
    share: float,
) -> None:
    """Let a bus stop at every fourth junction of a line of the grid, each heading at its own."""
    metres = np.r_[0, np.cumsum(np.hypot(*np.diff(xy[nodes], axis=0).T))]
    stops: list[str] = []
    at: list[float] = []
    steps = np.diff(nodes).tolist()
    for place, (node, step) in enumerate(zip(nodes, [*steps, steps[-1]], strict=True)):
        heading = {1: 0, COLUMNS: 1, -1: 2, -COLUMNS: 3}[step]
        along = node % COLUMNS if heading % 2 == 0 else node // COLUMNS
        if place in (0, len(nodes) - 1) or along % NODES_A_STOP == heading:
            stop = f"{node:05d}{'ENWS'[heading]}"
            where.setdefault(stop, xy[node] + 4 * unit((heading - 1) * np.pi / 2))
            stops.append(stop)
            at.append(float(metres[place]))
    lines.append(Line(name, stops, np.array(at), share))


def add_metro(
    lines: list[Line],
    where: dict[str, np.ndarray],
    name: str,
    streets: Streets,
    ends: tuple[tuple[float, float], tuple[float, float]],
) -> None:
    """Let a metro run straight, with a station every 1,200 m or so at the nearest junction."""
    low, high = streets.xy.min(axis=0), streets.xy.max(axis=0)
    start, end = (low + np.array(one) * (high - low) for one in ends)
    number = round(np.hypot(*(end - start)) / 1_200)
    used = np.unique(streets.start)
    spots = start + np.linspace(0, 1, number)[:, None] * (end - start)
    nodes = [used[np.argmin(np.hypot(*(streets.xy[used] - spot).T))] for spot in spots]
    metres = np.r_[0, np.cumsum(np.hypot(*np.diff(streets.xy[nodes], axis=0).T))]
    for way in (0, 1):
        stops = []
        for node in nodes[:: 1 - 2 * way]:
            stop = f"{name}-{node:05d}-{way}"
            where[stop] = streets.xy[node] + [6 - 12 * way, 6]
            stops.append(stop)
        at = metres if way == 0 else metres[-1] - metres[::-1]
        lines.append(Line(f"{name}-{way}", stops, at, 14.0, metro=True))


# ---------------------------------------------------------------- timetable
def time_trips(lines: list[Line], rng: np.random.Generator) -> pd.DataFrame:
    """Time every trip of a day, so many that the stop times come to what is asked."""
    weight = sum(line.share * len(line.stops) for line in lines)
    tables = []
    for line in lines:
        number = max(round(STOP_TIMES * line.share / weight), 4)
        for trip, start in enumerate(departures(number, rng)):
            arrival, departure = ride(line, start)
            tables.append(
                pd.DataFrame(
                    {
                        "trip_id": f"{line.name}_{trip:03d}",
                        "arrival_time": arrival,
                        "departure_time": departure,
                        "stop_id": line.stops,
                        "stop_sequence": np.arange(1, len(line.stops) + 1),
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)


def departures(number: int, rng: np.random.Generator) -> list[int]:
    """Spread departures over the day as it is busy, each on the minute and no two alike."""
    hours, rates = np.array(list(BUSY)), np.array(list(BUSY.values()))
    done = np.r_[0, np.cumsum(rates[:-1] * np.diff(hours))]
    share = (np.arange(number) + rng.random()) / number
    minute = np.floor(np.interp(share * done[-1], done, hours) * 60).astype(int)
    return (np.unique(minute) * 60).tolist()


def ride(line: Line, start: int) -> tuple[np.ndarray, np.ndarray]:
    """Seconds after midnight at each stop; buses are slower when the streets are full."""
    if line.metro:
        waits = METRO_DWELL_S * np.r_[0, np.arange(len(line.stops) - 1)]
        arrival = start + np.rint(line.metres / METRO_M_S).astype(int) + waits
        return arrival, np.r_[start, arrival[1:-1] + METRO_DWELL_S, arrival[-1]]
    hour = start / 3_600
    full = 1 + 0.3 * np.exp(-((hour - 8) ** 2) / 2) + 0.3 * np.exp(-((hour - 18) ** 2) / 3)
    arrival = start + np.rint(line.metres / BUS_M_S * full).astype(int)
    return arrival, arrival


def clock(seconds: pd.Series) -> pd.Series:
    """Write seconds as GTFS has them."""
    text = [f"{one // 3600:02d}:{one // 60 % 60:02d}:{one % 60:02d}" for one in seconds.tolist()]
    return pd.Series(text, index=seconds.index)


def write_feed(path: Path, lines: list[Line], stops: pd.DataFrame, times: pd.DataFrame) -> None:
    """Write a feed of one service, Mondays to Fridays, with a holiday."""
    trips = times["trip_id"].drop_duplicates()
    route = trips.str.rsplit("_", n=1).str[0]
    tables = {
        "agency": pd.DataFrame(
            {
                "agency_id": ["made"],
                "agency_name": ["Made"],
                "agency_url": ["https://example.org"],
                "agency_timezone": ["America/Sao_Paulo"],
            }
        ),
        "feed_info": pd.DataFrame(
            {
                "feed_publisher_name": ["Made"],
                "feed_publisher_url": ["https://example.org"],
                "feed_lang": ["pt"],
            }
        ),
        "stops": stops.assign(stop_name=stops["stop_id"]),
        "routes": pd.DataFrame(
            {
                "route_id": [line.name for line in lines],
                "agency_id": "made",
                "route_short_name": [line.name for line in lines],
                "route_long_name": "",
                "route_type": [1 if line.metro else 3 for line in lines],
            }
        ),
        "trips": pd.DataFrame(
            {
                "route_id": route,
                "service_id": "weekday",
                "trip_id": trips,
                "direction_id": route.str[-1],
            }
        ),
        "stop_times": times.assign(
            arrival_time=clock(times["arrival_time"]), departure_time=clock(times["departure_time"])
        ),
        "calendar": pd.DataFrame(
            {
                "service_id": ["weekday"],
                **{day: [1] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")},
                **{day: [0] for day in ("saturday", "sunday")},
                "start_date": ["20260101"],
                "end_date": ["20261231"],
            }
        ),
        "calendar_dates": pd.DataFrame(
            {"service_id": ["weekday"], "date": ["20260501"], "exception_type": [2]}
        ),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, table in tables.items():
            member = zipfile.ZipInfo(f"{name}.txt", date_time=(2026, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, table.to_csv(index=False, lineterminator="\n"))


def choose_points(streets: Streets, number: int, rng: np.random.Generator) -> pd.DataFrame:
    """Choose junctions where people are, more of them near the middle."""
    used = np.unique(streets.start)
    off = np.hypot(*(streets.xy[used] - streets.xy.mean(axis=0)).T)
    likely = np.exp(-off / 5_000)
    node = rng.choice(used, number, replace=False, p=likely / likely.sum())
    lon, lat = degrees(streets.xy[node])
    ids = [f"p{one:04d}" for one in range(number)]
    return pd.DataFrame({"id": ids, "lon": lon, "lat": lat})


def make_city(folder: Path, *, seed: int, points: int) -> dict[str, int]:
    """Write ``city.osm.pbf``, ``feed.zip`` and ``points.csv``; tell how large they came out."""
    rng = np.random.default_rng(seed)
    streets = draw_streets(rng)
    lines, stops = draw_lines(streets, rng)
    times = time_trips(lines, rng)
    write_streets(folder / "city.osm.pbf", streets)
    write_feed(folder / "feed.zip", lines, stops, times)
    choose_points(streets, points, rng).to_csv(folder / "points.csv", index=False)
    return {
        "nodes": len(np.unique(np.r_[streets.start, streets.end])),
        "streets": len(streets.start),
        "stops": len(stops),
        "routes": len(lines),
        "trips": times["trip_id"].nunique(),
        "stop_times": len(times),
    }
