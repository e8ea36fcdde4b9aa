#!/usr/bin/env python3
"""
Do the work of `geoequity run` by the best peers, as an analyst would script it.

osmium reads the map, scipy, pandana or networkx (`--walk`) walks, pandas reads the
timetable and ferrobus rides it, tobler carries tiles over to districts, exactextract
sums rasters, numpy draws the ranks, PySAL measures inequality and patterns, folium
draws. It reads the same city file, and the same two tables of this package: which
tags make which service, and which indicators there are, with their goalposts. It
knows nothing else of the package, and runs in an environment of its own:

    python -m venv PEERS && PEERS/bin/pip install -r scripts/benchmarks/peers.txt
    PEERS/bin/python scripts/benchmarks/peer_script.py CITY.toml --out FOLDER

Everything is vectorised, and each peer is called in its fastest way. What no peer
does is left out, which favours them: reports as pages and PDF in three languages,
workbook, provenance, checks of the sources, how complete the map is, posteriors of
small samples, types with their probabilities, sensitivities, drivers of the gap,
inequality of groups, several zonings, homes along streets (here everybody of a cell
sets out from the node nearest to its middle).
"""

import argparse
import json
import resource
import tempfile
import time
import tomllib
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import rasterio
import shapely
from esda import G_Local, Moran, Moran_BV, Moran_Local
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from inequality.gini import Gini
from libpysal.weights import fuzzy_contiguity
from pyproj import Transformer
from rasterio.windows import Window, bounds, from_bounds
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree
from tobler.area_weighted import area_interpolate

HERE = Path(__file__).resolve().parents[2] / "geoequity"
PERCENTILES, LIMITS_MIN, RIDE_MIN = (5, 50, 95), (30, 45, 60), 90
COUNT_MIN, FAR_MIN = 15.0, 240.0
LOW_M, HIGH_M, BESIDE_M, NEAR_M = 500.0, 1_000.0, 20.0, 200.0
PERMUTATIONS, LEVEL, SEED = 9_999, 0.9, 2025
AREAS = ("health_safety", "mobility", "activities", "opportunities", "governance")
PILLARS = ("structures", "technologies")
ROUTE_TYPES = {0: "tram", 1: "metro", 2: "rail", 3: "bus", 4: "ferry", 6: "cable", 7: "funicular",
               11: "trolleybus", 12: "metro", 702: "brt"}  # fmt: skip
HIGH_CAPACITY = {"metro", "rail", "brt", "cable", "funicular", "ferry"}
TRAVELLED_TO = ("hospital", "school", "university")
ON_MAP = ("hospital_walk_min", "fixed_down_mbps")
COUNTED = {"services_per", "area_per_person", "intersections_per_km2", "street_km_per_km2",
           "street_length_per_km2"}  # fmt: skip
SLIVER_M2, CROSSING, BLOCK = 100.0, 3, 1_000


# -------------------------------------------------------------------- stages
class Stages:
    """Seconds of each stage, by the clock and of the processor, and peak memory so far."""

    def __init__(self) -> None:
        self.done: dict[str, dict[str, float]] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        start, busy = time.perf_counter(), time.process_time()
        yield
        self.done[name] = {
            "seconds": round(time.perf_counter() - start, 2),
            "cpu": round(time.process_time() - busy, 2),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }
        print(f"{name:12}", *(f"{one:9.2f}" for one in self.done[name].values()), flush=True)


# -------------------------------------------------------------------- OpenStreetMap
def tag_rules() -> tuple[dict[str, dict], dict[tuple[str, str], list]]:
    """Read what tags mean: rules by name, and those of which a pair of tags may be the first."""
    table = tomllib.loads((HERE / "sources" / "osm_tags.toml").read_text())
    rules = {f"service:{name}": rule for name, rule in table["services"].items()}
    rules |= {f"stop:{name}": rule for name, rule in table["stop_kinds"].items()}
    rules |= {f"realtime:{name}": rule for name, rule in table["realtime"].items()}
    first: dict[tuple[str, str], list] = {}
    for name, rule in rules.items():
        for clause in rule["match"]:
            (key, values), *others = clause.items()
            for value in values:
                first.setdefault((key, value), []).append((name, rule, others))
    return table["streets"], first


def read_map(path: Path, crs: Any) -> tuple[pd.DataFrame, Any, Any]:
    """Read streets (as lines with tags), services and stops (as points or areas)."""

    streets, first = tag_rules()
    keys = sorted({key for key, _ in first})
    wkb = osmium.geom.WKBFactory()
    ways: list[tuple] = []
    found: list[tuple] = []
    asked = osmium.filter.KeyFilter("highway", *keys)
    elements = osmium.FileProcessor(path).with_areas(osmium.filter.KeyFilter(*keys))
    for one in elements.with_filter(asked):
        if one.is_relation():
            continue
        tags = dict(one.tags)
        if one.is_way():
            if "highway" in tags and is_walkable(tags, streets):
                try:
                    ways.append((wkb.create_linestring(one), *street_tags(tags)))
                except (RuntimeError, osmium.InvalidLocationError):
                    continue  # of one node, or beyond the extract
            continue
        is_area = one.is_area()
        names = kinds_of(tags, first, shape="area" if is_area else "point")
        if names:
            shape = wkb.create_multipolygon(one) if is_area else wkb.create_point(one)
            found.extend((name, shape) for name in names)
    lines = pd.DataFrame(ways, columns=["line", "highway", "lit", "sidewalk", "cycleway"])
    lines["line"] = shapely.from_wkb(lines["line"].to_numpy())
    places = pd.DataFrame(found, columns=["kind", "shape"])
    shapes = shapely.from_wkb(places.pop("shape").to_numpy())
    places = gpd.GeoDataFrame(places, geometry=shapes, crs="EPSG:4326").to_crs(crs)
    is_service = places["kind"].str.startswith("service:")
    services = places[is_service].assign(category=places["kind"].str.removeprefix("service:"))
    return lines, services.drop(columns="kind").reset_index(drop=True), places[~is_service]


def kinds_of(tags: dict[str, str], first: dict, *, shape: str) -> list[str]:
    """List the rules that tags fit."""
    found = {}
    for key, told in tags.items():
        for value in told.split(";"):
            for name, rule, others in first.get((key, value.strip()), ()):
                fits = rule.get("shape", "any") in ("any", shape)
                fits = fits and all(tags.get(k) in values for k, values in others)
                unless = rule.get("unless", ())
                if fits and not any(all(tags.get(k) in v for k, v in c.items()) for c in unless):
                    found[name] = True
    return list(found)


def is_walkable(tags: dict[str, str], streets: dict[str, list[str]]) -> bool:
    """Tell whether people may walk along a way."""
    if tags["highway"] in streets["left_out"] or tags.get("route") == "ferry":
        return False
    foot, access = tags.get("foot"), tags.get("access")
    if foot in streets["foot_yes"]:
        return True
    if foot in streets["foot_no"] or access in streets["closed"]:
        return False
    if tags.get("sidewalk") in streets["own_sidewalk"]:
        return True
    return tags["highway"] not in streets["only_if_foot"] and tags.get("motorroad") != "yes"


def street_tags(tags: dict[str, str]) -> tuple:
    """Take what is asked of a street: kind, light, sidewalk, and whether it has a cycle lane."""
    sides = [
        tags.get(key) for key in ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right")
    ]
    sidewalk = None
    if any(one in ("both", "left", "right", "yes", "separate") for one in sides):
        sidewalk = "yes"
    elif sides[0] in ("no", "none") or sides[1] == "no" or sides[2] == sides[3] == "no":
        sidewalk = "no"
    lanes = ("lane", "track", "opposite_lane", "opposite_track")
    cycleway = tags["highway"] == "cycleway" or tags.get("bicycle") == "designated"
    cycleway = cycleway or any(k.startswith("cycleway") and v in lanes for k, v in tags.items())
    return tags["highway"], tags.get("lit"), sidewalk, cycleway


# -------------------------------------------------------------------- walks
def make_graph(ways: pd.DataFrame, crs: Any, elevation: Path | None, speed_kmh: float) -> dict:
    """Part ways at junctions; keep what hangs together; time edges by length and slope (Tobler)."""

    degrees, way = shapely.get_coordinates(ways["line"].to_numpy(), return_index=True)
    whole = np.rint(degrees * 1e7).astype(np.int64)
    _, at, node, uses = np.unique(
        whole[:, 0] * 2**32 + whole[:, 1],
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    xy = np.column_stack(
        Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(*degrees.T)
    )
    begins = np.diff(way, prepend=-1) > 0
    step = np.r_[0.0, np.hypot(*np.diff(xy, axis=0).T)]
    along = np.cumsum(np.where(begins, 0.0, step))
    is_junction = (uses[node] > 1) | begins | np.r_[begins[1:], True]
    cut = np.flatnonzero(is_junction)
    same = way[cut[:-1]] == way[cut[1:]]
    start, end = node[cut[:-1]][same], node[cut[1:]][same]
    edges = pd.DataFrame({"start": start, "end": end, "way": way[cut[1:]][same]})
    edges["m"] = (along[cut[1:]] - along[cut[:-1]])[same]
    edges = edges[edges["start"] != edges["end"]]

    # The largest component, its nodes numbered anew
    ones = np.ones(len(edges))
    links = coo_array((ones, (edges["start"], edges["end"])), shape=(len(at), len(at)))
    _, part = connected_components(links, directed=False)
    sizes = np.bincount(part[edges["start"]])
    inside = np.flatnonzero(part == sizes.argmax())
    new = np.full(len(at), -1)
    new[inside] = np.arange(len(inside))
    edges = edges[part[edges["start"]] == sizes.argmax()]
    edges[["start", "end"]] = new[edges[["start", "end"]].to_numpy()]
    at = at[inside]
    xy, degrees = xy[at], degrees[at]

    m_per_min = speed_kmh * 1000 / 60
    forth = back = edges["m"].to_numpy() / m_per_min
    if elevation is not None:
        height = value_at(elevation, degrees)
        slope = np.diff(height[edges[["start", "end"]].to_numpy()])[:, 0] / edges["m"].to_numpy()
        forth = forth * np.exp(3.5 * (np.abs(slope + 0.05) - 0.05))
        back = back * np.exp(3.5 * (np.abs(-slope + 0.05) - 0.05))
    both = pd.DataFrame(
        {
            "start": np.r_[edges["start"], edges["end"]],
            "end": np.r_[edges["end"], edges["start"]],
            "minutes": np.r_[forth, back],
            "m": np.r_[edges["m"], edges["m"]],
        }
    )
    both = both.groupby(["start", "end"], as_index=False).min()  # of parallel edges the quicker
    return {"xy": xy, "edges": edges, "both": both, "tree": cKDTree(xy), "m_per_min": m_per_min}


class Scipy:
    """Walks by scipy: a search from all places of a kind at once, and bounded ones from each."""

    def __init__(self, graph: dict, weight: str) -> None:

        both, size = graph["both"], len(graph["xy"])
        # From the place towards home, along edges turned round
        self.back = csr_array((both[weight], (both["end"], both["start"])), shape=(size, size))

    def nearest(
        self, nodes: dict[str, np.ndarray], homes: np.ndarray, limit: float
    ) -> pd.DataFrame:

        found = {
            kind: dijkstra(self.back, indices=np.unique(some), min_only=True, limit=limit)[homes]
            for kind, some in nodes.items()
        }
        return pd.DataFrame(found).replace(np.inf, np.nan)

    def pairs(self, nodes: np.ndarray, homes: np.ndarray, limit: float) -> pd.DataFrame:
        """List which homes are within the limit of which nodes: positions of both."""

        there = np.unique(homes)
        back_to = np.searchsorted(there, homes)
        found = []
        for first in range(0, len(nodes), 200):
            far = dijkstra(self.back, indices=nodes[first : first + 200], limit=limit)[:, there]
            goal, home = np.nonzero(np.isfinite(far[:, back_to]))
            found.append(np.column_stack([goal + first, home]))
        return pd.DataFrame(np.concatenate(found), columns=["goal", "home"])

    def counts(self, nodes: dict[str, np.ndarray], homes: np.ndarray, limit: float) -> pd.DataFrame:

        every = np.unique(np.concatenate(list(nodes.values())))
        often = np.array([np.bincount(np.searchsorted(every, one), minlength=len(every))
                          for one in nodes.values()], dtype=float)  # fmt: skip
        total = np.zeros((len(nodes), len(homes)))
        for first in range(0, len(every), 200):
            some = slice(first, first + 200)
            near = np.isfinite(dijkstra(self.back, indices=every[some], limit=limit)[:, homes])
            total += often[:, some] @ near
        return pd.DataFrame(total.T, columns=list(nodes))


class Networkx:
    """Walks by networkx."""

    def __init__(self, graph: dict, weight: str) -> None:
        import networkx as nx  # noqa: PLC0415 - each contender loads its own

        self.back = nx.DiGraph()
        self.back.add_nodes_from(range(len(graph["xy"])))
        both = graph["both"]
        self.back.add_weighted_edges_from(
            zip(both["end"].tolist(), both["start"].tolist(), both[weight].tolist(), strict=True)
        )

    def nearest(
        self, nodes: dict[str, np.ndarray], homes: np.ndarray, limit: float
    ) -> pd.DataFrame:
        import networkx as nx  # noqa: PLC0415 - each contender loads its own

        found = {}
        for kind, some in nodes.items():
            far = nx.multi_source_dijkstra_path_length(self.back, set(some.tolist()), cutoff=limit)
            found[kind] = [far.get(home, np.nan) for home in homes.tolist()]
        return pd.DataFrame(found)

    def pairs(self, nodes: np.ndarray, homes: np.ndarray, limit: float) -> pd.DataFrame:
        import networkx as nx  # noqa: PLC0415 - each contender loads its own

        at = pd.Series(np.arange(len(homes))).groupby(homes).indices
        found = []
        for goal, node in enumerate(nodes.tolist()):
            near = nx.single_source_dijkstra_path_length(self.back, node, cutoff=limit)
            found += [(goal, home) for one in near if one in at for home in at[one]]
        return pd.DataFrame(found, columns=["goal", "home"])

    def counts(self, nodes: dict[str, np.ndarray], homes: np.ndarray, limit: float) -> pd.DataFrame:
        import networkx as nx  # noqa: PLC0415 - each contender loads its own

        kinds = {}
        for position, some in enumerate(nodes.values()):
            for node in some.tolist():
                kinds.setdefault(node, np.zeros(len(nodes)))[position] += 1
        there = {home: number for number, home in enumerate(np.unique(homes).tolist())}
        total = np.zeros((len(there), len(nodes)))
        for node, row in kinds.items():
            near = nx.single_source_dijkstra_path_length(self.back, node, cutoff=limit)
            total[[there[one] for one in near if one in there]] += row
        rows = np.searchsorted(np.unique(homes), homes)
        return pd.DataFrame(total[rows], columns=list(nodes))


class Pandana:
    """Walks by pandana, on contraction hierarchies."""

    def __init__(self, graph: dict, weight: str) -> None:
        import pandana  # noqa: PLC0415 - each contender loads its own

        both, xy = graph["both"], graph["xy"]
        number = pd.RangeIndex(len(xy))
        x, y = (pd.Series(one, index=number) for one in xy.T)
        self.net = pandana.Network(x, y, both["start"], both["end"], both[[weight]], twoway=False)
        self.xy, self.weight = xy, weight

    def nearest(
        self, nodes: dict[str, np.ndarray], homes: np.ndarray, limit: float
    ) -> pd.DataFrame:
        found = {}
        for kind, some in nodes.items():
            self.net.set_pois(kind, limit, 1, *(pd.Series(one) for one in self.xy[some].T))
            far = self.net.nearest_pois(limit, kind, num_pois=1)[1].to_numpy()
            found[kind] = np.where(far >= limit, np.nan, far)[homes]
        return pd.DataFrame(found)

    def pairs(self, nodes: np.ndarray, homes: np.ndarray, limit: float) -> pd.DataFrame:
        asked = np.unique(homes)
        near = self.net.nodes_in_range(asked.tolist(), limit)
        goals = pd.DataFrame({"goal": np.arange(len(nodes)), "destination": nodes})
        starts = pd.DataFrame({"home": np.arange(len(homes)), "source": homes})
        return near.merge(goals, on="destination").merge(starts, on="source")[["goal", "home"]]

    def counts(self, nodes: dict[str, np.ndarray], homes: np.ndarray, limit: float) -> pd.DataFrame:
        self.net.precompute(limit)
        found = {}
        for kind, some in nodes.items():
            self.net.set(pd.Series(some), name=kind)
            found[kind] = self.net.aggregate(limit, type="count", name=kind).to_numpy()[homes]
        return pd.DataFrame(found)


ENGINES = {"scipy": Scipy, "pandana": Pandana, "networkx": Networkx}


def nodes_of(places: Any, graph: dict) -> np.ndarray:
    """Put places on nodes: those beside an area, the nearest of a point; none beyond 200 m."""

    is_area = places.geom_type.str.endswith("Polygon").to_numpy()
    areas = places.geometry.to_numpy()[is_area]
    points = places.geometry.representative_point()
    far, node = graph["tree"].query(np.column_stack([points.x, points.y]))
    found = [node[~is_area & (far <= NEAR_M)]]
    if len(areas):
        if "shapes" not in graph:
            graph["shapes"] = shapely.STRtree(shapely.points(graph["xy"]))
        beside = graph["shapes"].query(areas, predicate="dwithin", distance=BESIDE_M)
        alone = ~np.isin(np.arange(len(areas)), beside[0])
        found += [beside[1], node[is_area][alone & (far[is_area] <= NEAR_M)]]
    return np.concatenate(found)


# -------------------------------------------------------------------- public transport
def read_feed(path: Path, day: str) -> dict[str, pd.DataFrame]:
    """Read what runs on a day: every trip with its times, those told by frequency laid out."""
    with zipfile.ZipFile(path) as archive:
        tables = {
            name.removesuffix(".txt"): pd.read_csv(
                archive.open(name), dtype=str, encoding="utf-8-sig"
            )
            for name in archive.namelist()
            if name.endswith(".txt") and not name.startswith(("shapes", "fare"))
        }
    when = pd.Timestamp(day)
    today = when.strftime("%Y%m%d")
    active: set[str] = set()
    if "calendar" in tables:
        calendar = tables["calendar"]
        runs = calendar[when.day_name().lower()].eq("1")
        runs &= calendar["start_date"].le(today) & calendar["end_date"].ge(today)
        active = set(calendar.loc[runs, "service_id"])
    if "calendar_dates" in tables:
        dates = tables["calendar_dates"]
        dates = dates[dates["date"] == today]
        active |= set(dates.loc[dates["exception_type"] == "1", "service_id"])
        active -= set(dates.loc[dates["exception_type"] == "2", "service_id"])
    trips = tables["trips"][tables["trips"]["service_id"].isin(active)].drop_duplicates("trip_id")
    if "direction_id" not in trips:
        trips["direction_id"] = "0"
    times = tables["stop_times"]
    times = times[times["trip_id"].isin(trips["trip_id"])].copy()
    times["stop_sequence"] = times["stop_sequence"].astype(int)
    times = times.sort_values(["trip_id", "stop_sequence"], ignore_index=True)
    for name in ("arrival_time", "departure_time"):
        parts = times[name].str.split(":", expand=True).astype(float)
        times[name] = parts @ [3600.0, 60.0, 1.0]
    if times["departure_time"].isna().any():  # blank between two that are told
        told = times[["arrival_time", "departure_time"]]
        times[["arrival_time", "departure_time"]] = told.interpolate().round()
    if "frequencies" in tables:
        times, trips = lay_out(times, trips, tables["frequencies"])
    routes = tables["routes"].assign(
        mode=tables["routes"]["route_type"].astype(int).map(ROUTE_TYPES)
    )
    trips = trips.merge(routes[["route_id", "mode"]], on="route_id")
    stops = tables["stops"].drop_duplicates("stop_id").set_index("stop_id")
    return {
        "agency": tables["agency"],
        "routes": routes,
        "trips": trips,
        "times": times,
        "stops": stops,
    }


def lay_out(
    times: pd.DataFrame, trips: pd.DataFrame, frequencies: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make a trip of every departure that is told by a frequency."""
    frequencies = frequencies[frequencies["trip_id"].isin(trips["trip_id"])]
    from_s, to_s = (
        frequencies[name].str.split(":", expand=True).astype(float) @ [3600.0, 60.0, 1.0]
        for name in ("start_time", "end_time")
    )
    headway = frequencies["headway_secs"].astype(float)
    number = np.ceil((to_s - from_s) / headway).astype(int).to_numpy()
    row = np.repeat(np.arange(len(frequencies)), number)
    turn = np.arange(len(row)) - np.repeat(np.cumsum(number) - number, number)
    starts = pd.DataFrame({"trip_id": frequencies["trip_id"].to_numpy()[row]})
    starts["leaves"] = from_s.to_numpy()[row] + turn * headway.to_numpy()[row]
    starts["new"] = starts["trip_id"] + "@" + starts["leaves"].astype(int).astype(str)
    first = times.groupby("trip_id")["departure_time"].transform("min")
    moved = times.assign(first=first).merge(starts, on="trip_id")
    for name in ("arrival_time", "departure_time"):
        moved[name] += moved["leaves"] - moved["first"]
    moved["trip_id"] = moved["new"]
    rest = times[~times["trip_id"].isin(starts["trip_id"])]
    again = trips.merge(starts, on="trip_id").assign(trip_id=lambda table: table["new"])
    kept = trips[~trips["trip_id"].isin(starts["trip_id"])]
    return (
        pd.concat([rest, moved[times.columns]], ignore_index=True),
        pd.concat([kept, again[trips.columns]], ignore_index=True),
    )


def write_feed(folder: Path, feed: dict[str, pd.DataFrame], day: str) -> None:
    """Write a feed of that day as ferrobus reads it: a folder, and all times told."""
    folder.mkdir()
    today = day.replace("-", "")
    calendar = {"service_id": ["x"], "start_date": [today], "end_date": [today]}
    calendar |= {one: [1] for one in ("monday", "tuesday", "wednesday", "thursday", "friday")}
    calendar |= {one: [1] for one in ("saturday", "sunday")}
    times = feed["times"].copy()
    for name in ("arrival_time", "departure_time"):
        second = times[name].astype(int)
        unique = {
            one: f"{one // 3600:02d}:{one // 60 % 60:02d}:{one % 60:02d}" for one in second.unique()
        }
        times[name] = second.map(unique)
    keep = ["trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"]
    stops = feed["stops"].reset_index()
    tables = {
        "agency": feed["agency"],
        "stops": stops[["stop_id", "stop_name", "stop_lat", "stop_lon"]],
        "routes": feed["routes"].drop(columns="mode"),
        "trips": feed["trips"][["route_id", "trip_id", "direction_id"]].assign(service_id="x"),
        "stop_times": times[keep],
        "calendar": pd.DataFrame(calendar),
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.txt", index=False)


def supply_of(feed: dict[str, pd.DataFrame], window_s: tuple[int, int]) -> pd.DataFrame:
    """Count departures an hour by stop, route and direction within the window."""
    times = feed["times"]
    last = times.groupby("trip_id")["stop_sequence"].transform("max")
    leaves = times["departure_time"].between(*window_s, inclusive="left")
    some = times[leaves & (times["stop_sequence"] < last)].merge(feed["trips"], on="trip_id")
    keys = ["stop_id", "route_id", "direction_id", "mode"]
    hours = (window_s[1] - window_s[0]) / 3600
    return (some.groupby(keys).size() / hours).rename("per_hour").reset_index()


class Ferrobus:
    """Rides by ferrobus: a matrix for every minute, in blocks of destinations."""

    def __init__(self, pbf: Path, feed: dict[str, pd.DataFrame], plans: dict[str, Any]) -> None:
        import ferrobus  # noqa: PLC0415 - each contender loads its own

        with tempfile.TemporaryDirectory() as folder:
            write_feed(Path(folder) / "feed", feed, plans["day"])
            day, change_s = date.fromisoformat(plans["day"]), int(plans["change_min"] * 60)
            self.model = ferrobus.create_transit_model(str(pbf), [f"{folder}/feed"], day, change_s)
        walk_s = int(plans["walk_min"] * 60)
        self.points: list[Any] = []
        for lat, lon in plans["points"][["lat", "lon"]].to_numpy().tolist():
            try:
                one = ferrobus.create_transit_point(lat, lon, self.model, walk_s, 10)
            except (ValueError, RuntimeError):
                one = None  # off the streets
            self.points.append(one)
        self.plans = plans

    def ride(self, rides: int) -> np.ndarray:
        """
        Tell percentiles x origins x points, in whole minutes, 255 where not reached.

        A row of the square matrix costs by its length alone, and its rows for goals
        are wasted; still it is many times quicker than from one origin to all points,
        which tells of every pair in a dict.
        """
        import ferrobus  # noqa: PLC0415 - each contender loads its own

        known = np.array([one is not None for one in self.points])
        origins = self.plans["origins"]
        start = origins[known[origins]]
        row = np.flatnonzero(known[origins])
        told = np.full((len(PERCENTILES), len(origins), len(self.points)), 255, dtype=np.uint8)
        departures = range(*self.plans["window_s"], 60)
        rest = np.flatnonzero(known & ~np.isin(np.arange(len(known)), start))
        size = max(BLOCK, len(start))  # quickest: half of each row is of use
        blocks = [rest[at : at + size] for at in range(0, len(rest), size)] or [rest]
        for number, block in enumerate(blocks):
            some = np.r_[start, block]
            there = [self.points[one] for one in some.tolist()]
            goals = slice(0 if number == 0 else len(start), None)
            found = np.empty((len(departures), len(start), len(some[goals])), dtype=np.uint8)
            for minute, second in enumerate(departures):
                matrix = ferrobus.travel_time_matrix(self.model, there, second, rides)
                seconds = np.array(matrix[: len(start)], dtype=np.float32)[:, goals]
                reached = seconds <= RIDE_MIN * 60
                found[minute] = np.where(reached, np.ceil(seconds / 60), 255)
            found.sort(axis=0)
            at = [round((len(departures) - 1) * p / 100) for p in PERCENTILES]
            told[np.ix_(range(len(at)), row, some[goals])] = found[at]
        return told


class Cafein:
    """Rides by cafein, over the whole window at once."""

    def __init__(self, pbf: Path, feed: dict[str, pd.DataFrame], plans: dict[str, Any]) -> None:
        import cafein  # noqa: PLC0415 - each contender loads its own

        with tempfile.TemporaryDirectory() as folder:
            write_feed(Path(folder) / "feed", feed, plans["day"])
            self.network = cafein.TransportNetwork.from_gtfs(
                f"{folder}/feed",
                osm_pbf=str(pbf),
                walking_speed_kmph=plans["speed_kmh"],
                max_walking_time=plans["change_min"],
                trip_distances=False,
                leg_geometries=False,
                street_modes=(),
            )
        self.network.compute_tbtr_transfers(plans["day"])  # its quickest engine
        lat, lon = (plans["points"][name] for name in ("lat", "lon"))
        number = {"id": np.arange(len(lat)).astype(str)}
        self.points = gpd.GeoDataFrame(number, geometry=gpd.points_from_xy(lon, lat), crs=4326)
        self.plans = plans

    def ride(self, rides: int) -> np.ndarray:
        """Tell percentiles x origins x points, in whole minutes, 255 where not reached."""
        begin, end = self.plans["window_s"]
        clock = f"{begin // 3600:02d}:{begin // 60 % 60:02d}"
        origins = self.points.iloc[self.plans["origins"]]
        told = np.full((len(PERCENTILES), len(origins), len(self.points)), 255, dtype=np.uint8)
        for first in range(0, len(origins), 200):
            seconds = self.network.travel_time_matrix(
                origins.iloc[first : first + 200],
                f"{self.plans['day']} {clock}",
                rides,
                destinations=self.points,
                departure_time_window=(end - begin) // 60,
                percentiles=list(PERCENTILES),
                router="tbtr",
                walking_speed_kmph=self.plans["speed_kmh"],
                max_walking_time=self.plans["walk_min"],
            )
            minutes = np.where(seconds <= RIDE_MIN * 60, np.ceil(seconds / 60), 255)
            told[:, first : first + 200] = np.moveaxis(minutes, -1, 0).astype(np.uint8)
        return told


RIDERS = {"ferrobus": Ferrobus, "cafein": Cafein}


def reach_of(told: np.ndarray, amounts: pd.DataFrame, kinds: np.ndarray) -> pd.DataFrame:
    """Add up what is reached at the median departure, and tell how departures differ."""
    low, median, high = told
    table = {}
    for limit in LIMITS_MIN:
        within = (median <= limit).astype(np.float32)
        for name, amount in amounts.items():
            table[f"{name}_{limit}min_share"] = within @ amount.to_numpy(np.float32) / amount.sum()
    for kind in TRAVELLED_TO:
        if (kinds == kind).any():
            least = median[:, kinds == kind].min(axis=1)
            table[f"{kind}_min"] = np.where(least == 255, np.nan, least)
    weight = amounts.iloc[:, 0].to_numpy(np.float32)
    both = ((median <= 60) & (high < 255)).astype(np.float32)
    gap = np.where(both > 0, high - low, 0).astype(np.float32)
    table["spread_min"] = gap @ weight / np.maximum(both @ weight, 1e-9)
    return pd.DataFrame(table)


def draw_cells(cells: pd.DataFrame, size: int | None, rng: np.random.Generator) -> np.ndarray:
    """Draw cells to set out from, by district and by people; all if no size is told."""
    if size is None or size >= (cells["population"] > 0).sum():
        return np.arange(len(cells))
    found = []
    for at in cells.groupby("district_id").indices.values():
        people = cells["population"].to_numpy(dtype=float)[at]
        number = max(round(size * people.sum() / cells["population"].sum()), 10)
        points = (rng.random() + np.arange(number)) * people.sum() / number
        found.append(at[np.searchsorted(np.cumsum(people), points).clip(max=len(at) - 1)])
    return np.unique(np.concatenate(found))


# -------------------------------------------------------------------- tables, tiles, rasters
def value_at(path: Path, degrees: np.ndarray) -> np.ndarray:
    """Take the value of a raster at points; NaN beyond it."""

    with rasterio.open(path) as source:
        x, y = Transformer.from_crs("EPSG:4326", source.crs, always_xy=True).transform(*degrees.T)
        window = from_bounds(x.min(), y.min(), x.max(), y.max(), source.transform)
        window = window.round_lengths().round_offsets()
        band = (
            source.read(1, window=window, boundless=True, masked=True).astype(float).filled(np.nan)
        )
        column, row = ~source.window_transform(window) * (x, y)
    row, column = (np.floor(one).astype(int) for one in (row, column))
    inside = (row >= 0) & (row < band.shape[0]) & (column >= 0) & (column < band.shape[1])
    found = np.full(len(row), np.nan)
    found[inside] = band[row[inside], column[inside]]
    return np.where(np.isfinite(found), found, np.nanmean(found))


def zonal(raster: Path, cells: Any, operations: list[str]) -> pd.DataFrame:
    """Sum up by cell the part of a raster that is needed, scaled; what is masked is unknown."""

    with rasterio.open(raster) as source:
        there = cells[["geometry"]].to_crs(source.crs)
        window = from_bounds(*there.total_bounds, source.transform)
        window = Window.from_slices(*[(int(a), int(b) + 1) for a, b in window.toranges()])
        window = window.intersection(Window(0, 0, source.width, source.height))
        band = source.read(1, window=window, masked=True)
        if source.scales[0] != 1 or source.offsets[0] != 0:
            band = band * source.scales[0] + source.offsets[0]
        values = band.filled(np.nan) if band.dtype.kind == "f" else band.filled(band.fill_value)
        nodata = None if band.dtype.kind == "f" else band.fill_value
        west, south, east, north = bounds(window, source.transform)
        crs = source.crs.to_wkt()
        grid = NumPyRasterSource(values, west, south, east, north, nodata=nodata, srs_wkt=crs)
    found = exact_extract(grid, there, operations, output="pandas", strategy="raster-sequential")
    return found.set_index(cells.index)


def read_tiles(paths: list[Path], box: np.ndarray) -> Any:
    """Read the tiles of all quarters within a box, each weighed by its tests."""

    west, south, east, north = box
    parts = []
    for path in paths:
        if path.suffix == ".parquet":
            some = [("tile_x", ">=", west), ("tile_x", "<=", east)]
            some += [("tile_y", ">=", south), ("tile_y", "<=", north)]
            parts.append(pd.read_parquet(path, filters=some))
        else:
            table = pd.read_csv(path)
            inside = table["tile_x"].between(west, east) & table["tile_y"].between(south, north)
            parts.append(table[inside])
    tiles = pd.concat(parts, ignore_index=True)
    for name in ("avg_d_kbps", "avg_u_kbps", "avg_lat_ms"):
        tiles[name] *= tiles["tests"]
    names = ["avg_d_kbps", "avg_u_kbps", "avg_lat_ms", "tests", "devices"]
    sums = tiles.groupby("quadkey")[names].sum()
    return gpd.GeoDataFrame(sums, geometry=squares_of(sums.index), crs="EPSG:4326")


def squares_of(quadkeys: pd.Index) -> np.ndarray:
    """Draw the tiles of quadkeys."""

    digits = np.array([list(one) for one in quadkeys.astype(str).str.zfill(16)], dtype=int)
    place = 2 ** np.arange(digits.shape[1])[::-1]
    x, y, size = digits % 2 @ place, digits // 2 @ place, 2.0 ** digits.shape[1]
    edges = np.stack([x, y + 1, x + 1, y])
    lon = edges[[0, 2]] / size * 360 - 180
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * edges[[1, 3]] / size))))
    return shapely.box(lon[0], lat[0], lon[1], lat[1])


def broadband(tiles: Any, districts: Any, cells: Any, kind: str) -> pd.DataFrame:
    """Carry speeds over to districts, and count who lives in slow tiles."""

    names = ["avg_d_kbps", "avg_u_kbps", "avg_lat_ms", "tests"]
    found = area_interpolate(tiles, districts[["geometry"]], extensive_variables=names)
    table = pd.DataFrame(
        {
            f"{kind}_down_mbps": found["avg_d_kbps"] / found["tests"] / 1000,
            f"{kind}_latency_ms": found["avg_lat_ms"] / found["tests"],
        }
    ).set_axis(districts.index)
    if kind != "fixed":
        return table.drop(columns=f"{kind}_latency_ms")
    people = area_interpolate(cells, tiles[["geometry"]], extensive_variables=["population"])
    down, up = (tiles[name].to_numpy() / tiles["tests"] / 1000 for name in names[:2])
    slow = {
        "fixed_under_25_3_share": (down < 25) | (up < 3),
        "fixed_under_100_20_share": (down < 100) | (up < 20),
        "fixed_over_100_ms_share": tiles["avg_lat_ms"].to_numpy() / tiles["tests"] > 100,
    }
    people = people["population"].to_numpy()
    spread = tiles[["geometry"]].assign(
        people=people, **{name: people * some.to_numpy() for name, some in slow.items()}
    )
    sums = area_interpolate(spread, districts[["geometry"]], extensive_variables=["people", *slow])
    for name in slow:
        table[name] = (sums[name] / sums["people"]).to_numpy()
    tested = sums["people"].to_numpy() / districts["population"]
    table["fixed_untested_share"] = (1 - tested).clip(0, 1)
    return table


def bootstrap_tiles(
    tiles: Any, districts: Any, *, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw the tiles of each district again; mean speed of districts by draw."""
    middle = tiles.representative_point()
    at = districts.sindex.query(middle.to_numpy(), predicate="within")
    tile, district = at
    order = np.argsort(district, kind="stable")
    tile, district = tile[order], district[order]
    speed, tests = tiles["avg_d_kbps"].to_numpy()[tile], tiles["tests"].to_numpy()[tile]
    number = np.bincount(district, minlength=len(districts))
    first = np.cumsum(number) - number
    found = np.empty((draws, len(districts)))
    for draw in range(draws):
        again = first[district] + (rng.random(len(tile)) * number[district]).astype(int)
        top = np.bincount(district, weights=speed[again], minlength=len(districts))
        found[draw] = (
            top / np.bincount(district, weights=tests[again], minlength=len(districts)) / 1000
        )
    return found


def plain_name(name: str) -> str:
    """Write a name without accents, in lower case."""
    text = unicodedata.normalize("NFKD", str(name))
    return "".join(one for one in text if not unicodedata.combining(one)).casefold().strip()


def read_table(block: dict, folder: Path, districts: Any) -> tuple[str, pd.DataFrame]:
    """Read a table of the city file: level, and its columns by unit."""

    path = folder / block["path"]
    if path.suffix in (".geojson", ".gpkg"):
        table = pd.DataFrame(gpd.read_file(path, ignore_geometry=True))
    elif path.suffix == ".parquet":
        table = pd.read_parquet(path)
    else:
        table = pd.read_csv(
            path,
            sep=block.get("separator", ","),
            decimal=block.get("decimal", "."),
            encoding=block.get("encoding", "utf-8-sig"),
            dtype={block["key"]: str},
        )
    key = table[block["key"]].astype(str)
    if block.get("join") == "name":
        aliases = {
            plain_name(old): plain_name(new) for old, new in block.get("aliases", {}).items()
        }
        ids = {plain_name(name): one for one, name in districts["name"].items()}
        key = key.map(plain_name).map(lambda one: ids.get(aliases.get(one, one)))
    table = table.assign(unit=key).dropna(subset="unit").drop_duplicates("unit").set_index("unit")
    found = {}
    for name, said in block["columns"].items():
        if "numerator" in said:
            found[name] = table[said["numerator"]] / table[said["denominator"]]
        else:
            found[name] = table[said["column"]] / (100 if said.get("unit") == "percent" else 1)
    return block.get("level", "district"), pd.DataFrame(found)


# -------------------------------------------------------------------- index
class Tree:
    """Indicators, families, pillar and area, pillar, index: who belongs to whom, as matrices."""

    def __init__(self, catalogue: dict[str, dict], names: list[str]) -> None:
        family = [catalogue[one].get("family") or one for one in names]
        area = [f"{catalogue[one]['pillar']}.{catalogue[one]['area']}" for one in names]
        self.names = names
        self.families = pd.factorize(pd.Series(area) + "/" + pd.Series(family))
        of_family = pd.Series(area).groupby(self.families[0]).first()
        self.areas = pd.factorize(of_family)
        self.pillars = np.array([PILLARS.index(one.split(".")[0]) for one in self.areas[1]])

    def index(self, scores: np.ndarray, weights: list[np.ndarray], mean: str) -> np.ndarray:
        """Average scores (units x indicators) up to pillars and index."""
        families = average(scores, weights[0], self.families[0], "arithmetic")
        areas = average(families, np.ones(families.shape[1]), self.areas[0], "arithmetic")
        pillars = average(areas, weights[1], self.pillars, mean)
        for number in range(len(PILLARS)):
            known = np.isfinite(areas[:, self.pillars == number]).sum(axis=1)
            pillars[known < 3, number] = np.nan
        index = average(pillars, weights[2], np.zeros(len(PILLARS), dtype=int), mean)[:, 0]
        return np.column_stack([pillars, np.where(np.isfinite(pillars).all(axis=1), index, np.nan)])


def average(values: np.ndarray, weight: np.ndarray, to: np.ndarray, mean: str) -> np.ndarray:
    """Average columns into groups, leaving out what is unknown."""
    member = np.zeros((len(to), to.max() + 1))
    member[np.arange(len(to)), to] = weight
    known = np.isfinite(values)
    turn = {"arithmetic": lambda x: x, "geometric": np.log, "harmonic": lambda x: 1 / x}[mean]
    back = {"arithmetic": lambda x: x, "geometric": np.exp, "harmonic": lambda x: 1 / x}[mean]
    if mean != "arithmetic":
        values = np.maximum(values, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return back(np.where(known, turn(values), 0.0) @ member / (known @ member))


def goalpost_scores(values: pd.DataFrame, catalogue: dict[str, dict]) -> pd.DataFrame:
    """Rescale between goalposts."""
    worst, best = np.array([catalogue[one]["goalposts"] for one in values], dtype=float).T
    return (100 * (values - worst) / (best - worst)).clip(0, 100)


def rank_ranges(
    values: pd.DataFrame, catalogue: dict[str, dict], *, draws: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw normalisation, weights, means and a dropped indicator; ranges of score and rank."""
    tree = Tree(catalogue, list(values))
    posts = goalpost_scores(values, catalogue)
    up = np.array([1 if catalogue[one]["better"] == "higher" else -1 for one in values])
    turned = values * up
    spread = turned.max() - turned.min()
    scores = [
        posts.to_numpy(),
        (100 * (turned - turned.min()) / spread.where(spread > 0)).to_numpy(),
        (100 * (turned.rank() - 0.5) / turned.notna().sum()).to_numpy(),
    ]
    ones = [np.ones(len(tree.names)), np.ones(len(tree.pillars)), np.ones(2)]
    published = tree.index(scores[0], ones, "arithmetic")
    ranks = np.empty((draws, len(values)))
    index = np.empty((draws, len(values)))
    means = ("arithmetic", "geometric", "harmonic")
    for draw in range(draws):
        weights = [rng.uniform(0.5, 1.5, len(one)) for one in ones]
        dropped = rng.integers(len(tree.names) + 1)
        if dropped < len(tree.names):
            weights[0][dropped] = 0.0
        found = tree.index(scores[rng.integers(3)], weights, means[rng.integers(3)])[:, -1]
        index[draw] = found
        ranks[draw] = pd.Series(-found).rank().to_numpy()
    table = pd.DataFrame(published, index=values.index, columns=[*PILLARS, "index"])
    table["rank"] = table["index"].rank(ascending=False)
    ends = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    table[["index_low", "index_high"]] = np.nanquantile(index, ends, axis=0).T
    table[["rank_low", "rank_high"]] = np.nanquantile(ranks, ends, axis=0).T
    return table


# -------------------------------------------------------------------- inequality and patterns
def gini(value: np.ndarray, weight: np.ndarray) -> float:
    """Gini of values weighed by people, which PySAL's cannot."""
    order = np.argsort(value)
    value, weight = value[order], weight[order]
    held = np.r_[0.0, np.cumsum(value * weight)]
    return 1 - float((weight * (held[1:] + held[:-1])).sum() / (weight.sum() * held[-1]))


def theil(value: np.ndarray, weight: np.ndarray, group: np.ndarray) -> tuple[float, float]:
    """Theil T weighed by people, and its part between groups; PySAL's knows no weights."""
    share = weight / weight.sum()
    ratio = value / (share @ value)
    total = float((share * ratio * np.log(np.where(ratio > 0, ratio, 1))).sum())
    people = np.bincount(group, weights=share)
    means = np.bincount(group, weights=share * ratio) / np.where(people > 0, people, 1)
    return total, float((people * means * np.log(np.where(means > 0, means, 1))).sum())


def inequality_of(
    cells: pd.DataFrame,
    districts: pd.DataFrame,
    catalogue: dict[str, dict],
    *,
    levels: dict[str, str],
    sampled: dict[str, np.ndarray | None],
    draws: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Measure how unequally people share each indicator, with intervals where data are samples."""

    rows = {}
    group = pd.factorize(cells["district_id"])[0]
    for name, level in levels.items():
        units = cells if level == "cell" else districts
        value, people = units[name].to_numpy(dtype=float), units["population"].to_numpy(dtype=float)
        known = np.isfinite(value) & (people > 0)
        if catalogue[name]["scale"] != "ratio" or not known.any() or value[known].sum() <= 0:
            rows[name] = {"mean": weighted_mean(value, people)}
            continue
        value, people = value[known], people[known]
        row = {"mean": weighted_mean(value, people), "gini": gini(value, people)}
        if level == "cell":
            row["theil"], row["theil_between"] = theil(value, people, group[known])
        else:
            row["theil"] = theil(value, people, np.arange(len(value)))[0]
        if name in sampled:
            drawn = sampled[name]
            found = np.empty(draws)
            likely = people / people.sum()
            for draw in range(draws):  # people are drawn, so that units count by them
                some = rng.choice(len(value), len(value), p=likely)
                now = value if drawn is None else drawn[draw][known]
                found[draw] = Gini(now[some]).g
            row["gini_low"], row["gini_high"] = np.nanquantile(found, [0.05, 0.95])
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index")


def weighted_mean(value: np.ndarray, weight: np.ndarray) -> float:
    """Average over people, what is unknown left out."""
    known = np.isfinite(value) & np.isfinite(weight) & (weight > 0)
    total = weight[known].sum()
    return float(value[known] @ weight[known] / total) if total > 0 else float("nan")


def patterns_of(districts: Any, against: str | None) -> dict[str, Any]:
    """Tell whether alike districts lie together, and where."""

    known = districts[districts["index"].notna()]
    links = fuzzy_contiguity(known, tolerance=0.001)
    links.transform = "r"
    index = known["index"].to_numpy()
    np.random.seed(SEED)  # noqa: NPY002 - esda draws from it
    moran = Moran(index, links, permutations=PERMUTATIONS)
    told: dict[str, Any] = {"moran": float(moran.I), "p": float(moran.p_sim)}
    pairs = {"technologies_structures": ("technologies", "structures")}
    if against is not None:
        pairs["index_stratifier"] = ("index", against)
    for name, (one, other) in pairs.items():
        told[name] = float(Moran_BV(known[one], known[other], links, permutations=PERMUTATIONS).I)
    one = {"permutations": PERMUTATIONS, "seed": SEED, "n_jobs": 1}  # more only start slower
    local, spots = Moran_Local(index, links, **one), G_Local(index, links, star=True, **one)
    told["hot"] = known.index[(local.q == 1) & (local.p_sim < 0.05)].tolist()
    told["cold"] = known.index[(local.q == 3) & (local.p_sim < 0.05)].tolist()
    told["spots"] = int((spots.p_sim < 0.05).sum())
    return told


# -------------------------------------------------------------------- the map
def draw_map(path: Path, districts: Any, cells: Any, layers: list[str]) -> None:
    """Draw districts and their cells, a layer for each score."""

    tolerance_m = 5.0
    middle = districts.to_crs(4326).union_all().centroid
    chart = folium.Map([middle.y, middle.x], zoom_start=12, tiles=None, prefer_canvas=True)
    for name in layers:
        units = districts if name in districts else cells
        some = units[["name", name, "geometry"]] if "name" in units else units[[name, "geometry"]]
        some = some.set_geometry(some.simplify(tolerance_m)).to_crs(4326).reset_index()
        key = some.columns[0]
        folium.Choropleth(
            geo_data=some.to_json(),
            data=some,
            columns=[key, name],
            key_on=f"feature.properties.{key}",
            name=name,
            fill_color="YlGnBu",
            show=name == "index",
        ).add_to(chart)
    folium.LayerControl().add_to(chart)
    chart.save(path)


# -------------------------------------------------------------------- the work
@dataclass
class Data:
    """What the stages have read and made so far."""

    file: Path
    city: dict[str, Any]
    catalogue: dict[str, dict]
    rng: np.random.Generator
    draws: int
    speed_kmh: float
    districts: Any = None
    cells: Any = None
    ways: Any = None
    services: Any = None
    osm_stops: Any = None
    stops: Any = None
    feed: Any = None
    graph: dict = field(default_factory=dict)
    engines: tuple = ()
    home: Any = None  # the node of each cell
    places: dict[str, np.ndarray] = field(default_factory=dict)
    minutes: Any = None
    metres: Any = None
    counts: Any = None
    start: Any = None  # the cells to ride from
    reach: Any = None
    tiles: dict[str, Any] = field(default_factory=dict)
    inside: dict[str, np.ndarray] = field(default_factory=dict)  # in which district things lie
    levels: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self.file.parent

    @property
    def km2(self) -> pd.Series:
        """Area of the districts."""
        return self.districts.area / 1e6

    @property
    def rasters(self) -> dict[str, tuple[Path, dict]]:
        """Rasters by kind."""
        return {
            one["kind"]: (self.folder / one["path"], one) for one in self.city.get("rasters", [])
        }

    def sums(self, at: np.ndarray, weight: Any = None) -> np.ndarray:
        """Count things, or add up their weights, by district."""
        inside = at >= 0
        weight = None if weight is None else np.asarray(weight, dtype=float)[inside]
        return np.bincount(at[inside], weights=weight, minlength=len(self.districts))


def seconds_of(clock: str) -> int:
    """Read a time of the day."""
    hours, minutes = clock.split(":")[:2]
    return int(hours) * 3600 + int(minutes) * 60


def in_district(points: Any, districts: Any) -> np.ndarray:
    """Tell in which district each point lies, by position; -1 for none."""
    at = np.full(len(points), -1)
    point, district = districts.sindex.query(points.to_numpy(), predicate="intersects")
    at[point[::-1]] = district[::-1]
    return at


def read_units(data: Data) -> None:
    """Read districts and cells, and add up people."""
    block = data.city["districts"]
    districts = gpd.read_file(data.folder / block["path"])
    districts = districts.rename(columns={block["id"]: "district_id", block["name"]: "name"})
    districts["district_id"] = districts["district_id"].astype(str)
    districts = districts.set_index("district_id")[["name", "geometry"]]
    districts = districts.to_crs(districts.estimate_utm_crs())
    districts.geometry = districts.make_valid()
    districts = districts[districts.area > SLIVER_M2]
    block = data.city["cells"]
    bases = block.get("bases", {})
    cells = gpd.read_file(data.folder / block["path"]).to_crs(districts.crs)
    names = {block["id"]: "cell_id", block["population"]: "population"}
    cells = cells.rename(columns=names | {old: new for new, old in bases.items()})
    if "district" in block:
        cells["district_id"] = cells[block["district"]].astype(str)
    else:
        at = in_district(cells.representative_point(), districts)
        cells["district_id"] = districts.index.to_numpy()[at]
    cells = cells[["cell_id", "district_id", "population", *bases, "geometry"]].set_index("cell_id")
    cells = cells[cells["district_id"].isin(districts.index)]
    sums = cells.groupby("district_id")[["population", *bases]].sum()
    data.districts, data.cells = districts.join(sums), cells


def read_places(data: Data) -> None:
    """Read the map, and the list of public Wi-Fi that takes the place of the map's."""
    crs = data.districts.crs
    data.ways, services, data.osm_stops = read_map(data.folder / data.city["osm"]["path"], crs)
    for one in data.city.get("connectivity", []):
        if one["kind"] != "wifi":
            continue
        sites = pd.read_csv(data.folder / one["path"])
        for name, value in one.get("where", {}).items():
            sites = sites[sites[name] == value]
        if "geometry" in one:
            shapes = gpd.GeoSeries.from_wkt(sites[one["geometry"]], crs=4326)
        else:
            shapes = gpd.GeoSeries.from_xy(sites[one["lon"]], sites[one["lat"]], crs=4326)
        sites = gpd.GeoDataFrame(
            {"category": "wifi"}, index=sites.index, geometry=shapes.to_crs(crs)
        )
        services = services[services["category"] != "wifi"]
        services = pd.concat([services, sites], ignore_index=True)
    data.services = services


def carry_tiles(data: Data) -> None:
    """Carry broadband over to the districts."""
    box = data.districts.to_crs(4326).total_bounds + np.array([-0.02, -0.02, 0.02, 0.02])
    for one in data.city.get("connectivity", []):
        kind = one["kind"].removeprefix("ookla_")
        if kind not in ("fixed", "mobile"):
            continue
        paths = one["path"] if isinstance(one["path"], list) else [one["path"]]
        tiles = read_tiles([data.folder / path for path in paths], box).to_crs(data.districts.crs)
        found = broadband(tiles, data.districts, data.cells, kind)
        data.tiles[kind] = tiles
        data.districts = data.districts.join(found)
        data.levels |= dict.fromkeys(found, "district")


def sum_rasters(data: Data) -> None:
    """Sum rasters up by cell, and tell which services lie in the hazard zone."""
    cells, rasters = data.cells, data.rasters
    if "hazard" in rasters:
        path, block = rasters["hazard"]
        zone = [value for some in block["classes"].values() for value in some]
        found = zonal(path, cells, ["unique", "frac"])
        row = np.repeat(np.arange(len(found)), found["unique"].map(len))
        value, share = (np.concatenate(found[name].to_numpy()) for name in ("unique", "frac"))
        hit = np.isin(value, zone)
        exposed = np.bincount(row[hit], weights=share[hit], minlength=len(found))
        cells["hazard_exposed_share"] = exposed
        there = data.services.representative_point().to_crs(4326)
        risky = np.isin(value_at(path, np.column_stack([there.x, there.y])), zone)
        data.services["is_safe"] = ~risky
    for kind, name in (("ndvi", "ndvi"), ("elevation", "elevation_m")):
        if kind in rasters:
            cells[name] = zonal(rasters[kind][0], cells, ["mean"])["mean"]
    if "night_lights" in rasters:
        light = zonal(rasters["night_lights"][0], cells, ["sum"])["sum"]
        people = cells["population"].where(cells["population"] > 0)
        cells["night_lights_per_1000"] = 1000 * light / people
    names = ("hazard_exposed_share", "ndvi", "elevation_m", "night_lights_per_1000")
    data.levels |= {name: "cell" for name in names if name in cells}


def build_network(data: Data, walk: str) -> None:
    """Build the walking network, and put cells and services on it."""
    elevation = data.rasters["elevation"][0] if "elevation" in data.rasters else None
    graph = make_graph(data.ways, data.districts.crs, elevation, data.speed_kmh)
    data.graph = graph
    data.engines = ENGINES[walk](graph, "minutes"), ENGINES[walk](graph, "m")
    middle = data.cells.representative_point()
    _, data.home = graph["tree"].query(np.column_stack([middle.x, middle.y]))
    services = data.services
    places = {kind: nodes_of(some, graph) for kind, some in services.groupby("category")}
    if "is_safe" in services:
        for kind, some in services[services["is_safe"]].groupby("category"):
            if kind in ("hospital", "assembly_point"):
                places[f"{kind}~safe"] = nodes_of(some, graph)
    data.places = {kind: some for kind, some in places.items() if len(some)}


def walk_to_services(data: Data) -> None:
    """Walk from every cell to the nearest service of each category."""
    said = [one.get("parameters", {}).get("categories", ()) for one in data.catalogue.values()]
    asked = {kind for some in said for kind in some} - {"green"}
    places = {one: at for one, at in data.places.items() if one.removesuffix("~safe") in asked}
    engine, level = data.engines
    data.minutes = engine.nearest(places, data.home, FAR_MIN).set_index(data.cells.index)
    near = {
        kind: places[kind]
        for one in data.catalogue.values()
        for kind in one.get("parameters", {}).get("categories", ())
        if one["measure"] == "services_share" and kind in places
    }
    data.metres = level.nearest(near, data.home, HIGH_M).set_index(data.cells.index)


def count_services(data: Data) -> None:
    """Count the services of each category within a quarter of an hour of every cell."""
    places = {one: data.places[one] for one in data.minutes if one in data.places}
    found = data.engines[0].counts(places, data.home, COUNT_MIN)
    data.counts = found.set_index(data.cells.index)


def read_stops(data: Data) -> None:
    """Read the timetable, its stops, and what runs there."""
    block = data.city["transit"]
    data.feed = feed = read_feed(data.folder / block["gtfs"][0], block["date"])
    lon, lat = (feed["stops"][name].astype(float) for name in ("stop_lon", "stop_lat"))
    stops = gpd.GeoDataFrame(index=lon.index, geometry=gpd.points_from_xy(lon, lat), crs=4326)
    stops = stops.to_crs(data.districts.crs)
    modes = feed["times"][["trip_id", "stop_id"]].merge(feed["trips"][["trip_id", "mode"]])
    high = modes.loc[modes["mode"].isin(HIGH_CAPACITY), "stop_id"]
    low = modes.loc[~modes["mode"].isin(HIGH_CAPACITY), "stop_id"]
    stops["high"], stops["low"] = stops.index.isin(high), stops.index.isin(low)
    feed["supply"] = supply_of(feed, window_of(block))
    stops["per_hour"] = feed["supply"].groupby("stop_id")["per_hour"].sum()
    data.stops = stops


def window_of(block: dict) -> tuple[int, int]:
    """Tell the window of departures, in seconds of the day."""
    begin, end = (seconds_of(one) for one in block.get("window", ("07:00", "09:00")))
    return begin, end


def walk_to_stops(data: Data) -> None:
    """Tell which stops are near every cell, and what runs there."""
    near = []
    engine, level = data.engines
    for name, limit in (("low", LOW_M), ("high", HIGH_M)):
        some = data.stops[data.stops[name]]
        if some.empty:
            continue
        _, node = data.graph["tree"].query(np.column_stack([some.geometry.x, some.geometry.y]))
        pairs = level.pairs(node, data.home, limit)
        stop = some.index.to_numpy()[pairs["goal"]]
        near.append(pd.DataFrame({"cell": pairs["home"], "stop_id": stop}))
        if name == "high":
            walk = engine.nearest({"high": node}, data.home, FAR_MIN)["high"]
            data.cells["rapid_transit_walk_min"] = walk.to_numpy()
    near = pd.concat(near).drop_duplicates()
    number = pd.RangeIndex(len(data.cells))
    best = near.merge(data.feed["supply"], on="stop_id")
    best = best.groupby(["cell", "route_id", "direction_id"])["per_hour"].max()
    hourly = best.groupby("cell").sum().reindex(number, fill_value=0.0)
    frequent = near["stop_id"].map(data.stops["per_hour"]).ge(4).groupby(near["cell"]).any()
    frequent = frequent.reindex(number, fill_value=False).astype(float)
    data.cells["departures_per_hour"] = hourly.to_numpy()
    data.cells["frequent_transit_access_share"] = frequent.to_numpy()
    data.cells["transit_access_share"] = np.isin(number, near["cell"]).astype(float)
    names = ("departures_per_hour", "frequent_transit_access_share", "transit_access_share")
    data.levels |= dict.fromkeys(names, "cell")
    if "rapid_transit_walk_min" in data.cells:
        data.levels["rapid_transit_walk_min"] = "cell"


def ride_from_cells(data: Data, by: str, origins: int | None) -> None:
    """Ride from cells to all cells and some services, with changes and without, and less a mode."""
    block, cells, feed = data.city["transit"], data.cells, data.feed
    goals = data.services[data.services["category"].isin(TRAVELLED_TO)]
    where = pd.concat([cells.representative_point(), goals.representative_point()]).to_crs(4326)
    kinds = np.r_[np.full(len(cells), "cell", dtype=object), goals["category"].to_numpy()]
    nothing = np.zeros(len(goals))
    amounts = pd.DataFrame(
        {
            name: np.r_[cells[column].to_numpy(dtype=float), nothing]
            for name, column in (("jobs", "jobs"), ("people", "population"))
            if column in cells
        }
    )
    size = block.get("sample") if origins is None else origins
    data.start = draw_cells(cells, size, data.rng)
    plans = {
        "day": block["date"],
        "points": pd.DataFrame({"lat": where.y.to_numpy(), "lon": where.x.to_numpy()}),
        "origins": data.start,
        "window_s": window_of(block),
        "speed_kmh": data.speed_kmh,
        "walk_min": block.get("max_walk_min", 20),
        "change_min": block.get("max_change_min", 10),
    }
    pbf = data.folder / data.city["osm"]["path"]
    rides = block.get("max_transfers", 3) + 1  # what ferrobus calls transfers is rides
    rider = RIDERS[by](pbf, feed, plans)
    reach = reach_of(rider.ride(rides), amounts, kinds)
    direct = reach_of(rider.ride(1), amounts, kinds)
    first = f"{amounts.columns[0]}_45min_share"
    reach["direct_share"] = direct[first] / reach[first].where(reach[first] > 0)
    for mode in block.get("without", ()):
        trips = feed["trips"][feed["trips"]["mode"] != mode]
        times = feed["times"][feed["times"]["trip_id"].isin(trips["trip_id"])]
        less = RIDERS[by](pbf, feed | {"trips": trips, "times": times}, plans)
        reach[f"{first}_without_{mode}"] = reach_of(less.ride(rides), amounts, kinds)[first]
    data.reach = reach.set_index(cells.index[data.start]).reindex(cells.index)


# -------------------------------------------------------------------- indicators
def walk_min(one: dict, data: Data) -> Any:
    """Minutes to the nearest of some categories."""
    kinds = [kind for kind in one["categories"] if kind in data.minutes]
    return data.minutes[kinds].min(axis=1) if kinds else None


def safe_walk_min(one: dict, data: Data) -> Any:
    """Minutes to the nearest outside the hazard zone."""
    kind = f"{one['categories'][0]}~safe"
    return data.minutes.get(kind)


def services_share(one: dict, data: Data) -> Any:
    """Tell whether a service is within a distance."""
    kind = one["categories"][0]
    return (data.metres[kind] <= one["within_m"]).astype(float) if kind in data.metres else None


def services_15min_count(one: dict, data: Data) -> Any:
    """Count services within a quarter of an hour."""
    return data.counts[[kind for kind in one["categories"] if kind in data.counts]].sum(axis=1)


def reached_15min_share(one: dict, data: Data) -> Any:
    """Tell how many categories are within a quarter of an hour."""
    kinds = [kind for kind in one["categories"] if kind in data.counts]
    return (data.counts[kinds] > 0).mean(axis=1)


def transit_reach(one: dict, data: Data) -> Any:
    """Take what is reached by public transport."""
    return None if data.reach is None else data.reach.get(one["column"])


def services_per(one: dict, data: Data) -> Any:
    """Count services by people."""
    there = data.services["category"].isin(one["categories"]).to_numpy()
    number = data.sums(data.inside["service"][there])
    return number * one["per"] / data.districts["population"] if there.any() else None


def area_per_person(one: dict, data: Data) -> Any:
    """Measure the area of services by people."""
    there = data.services["category"].isin(one["categories"]) & (data.services.area > 0)
    districts = data.districts[["geometry"]].reset_index()
    parts = data.services.loc[there, ["geometry"]].overlay(districts, how="intersection")
    area = parts.area.groupby(parts["district_id"]).sum()
    return area.reindex(data.districts.index, fill_value=0.0) / data.districts["population"]


def street_share(one: dict, data: Data) -> Any:
    """Measure how much of the streets whose tag is told has a value."""
    edges = data.graph["edges"]
    told = data.ways[one["tag"]].to_numpy()[edges["way"]]
    yes, no = np.isin(told, one["yes"]), np.isin(told, one["no"])
    known = data.sums(data.inside["edge"], edges["m"] * (yes | no))
    share = data.sums(data.inside["edge"], edges["m"] * yes) / np.where(known > 0, known, np.nan)
    enough = known >= one["min_known_share"] * data.sums(data.inside["edge"], edges["m"])
    return np.where(enough, share, np.nan)


def street_length_per_km2(one: dict, data: Data) -> Any:
    """Measure the streets that have something."""
    edges = data.graph["edges"]
    there = data.ways[one["tag"]].to_numpy(dtype=bool)[edges["way"]]
    return data.sums(data.inside["edge"], edges["m"] * there) / 1000 / data.km2


def street_km_per_km2(_: dict, data: Data) -> Any:
    """Measure streets."""
    return data.sums(data.inside["edge"], data.graph["edges"]["m"]) / 1000 / data.km2


def intersections_per_km2(_: dict, data: Data) -> Any:
    """Count where streets meet."""
    return data.sums(data.inside["node"][data.inside["degree"] >= CROSSING]) / data.km2


def dead_end_share(_: dict, data: Data) -> Any:
    """Count where streets end."""
    dead = data.sums(data.inside["node"][data.inside["degree"] == 1])
    return dead / (dead + data.sums(data.inside["node"][data.inside["degree"] >= CROSSING]))


def stop_share(one: dict, data: Data) -> Any:
    """Tell how many stops show departures as they are, of those of which it is told."""
    if one["column"] != "realtime" or data.osm_stops.empty:
        return None
    kind, at = data.osm_stops["kind"], data.inside["stop"]
    yes, no = (data.sums(at[kind == f"realtime:{said}"]) for said in ("yes", "no"))
    known = yes + no
    enough = known >= one["min_known_share"] * data.sums(at[kind.str.startswith("stop:")])
    return np.where(enough & (known > 0), yes / np.maximum(known, 1), np.nan)


OF_CELLS = {one.__name__: one for one in (
    walk_min, safe_walk_min, services_share, services_15min_count, reached_15min_share,
    transit_reach,
)}  # fmt: skip
OF_DISTRICTS = {one.__name__: one for one in (
    services_per, area_per_person, street_share, street_length_per_km2, street_km_per_km2,
    intersections_per_km2, dead_end_share, stop_share,
)}  # fmt: skip


def evaluate(data: Data) -> None:
    """Evaluate the catalogue, and average what is of cells over the people of districts."""
    for block in data.city.get("tables", []):
        level, found = read_table(block, data.folder, data.districts)
        units = data.cells if level == "cell" else data.districts
        units[list(found)] = found.reindex(units.index)
        data.levels |= dict.fromkeys(found, level)
    edges, xy, districts = data.graph["edges"], data.graph["xy"], data.districts
    half = (xy[edges["start"]] + xy[edges["end"]]) / 2
    data.inside = {
        "degree": np.bincount(edges[["start", "end"]].to_numpy().ravel(), minlength=len(xy)),
        "node": in_district(gpd.GeoSeries.from_xy(*xy.T), districts),
        "edge": in_district(gpd.GeoSeries.from_xy(*half.T), districts),
        "service": in_district(data.services.representative_point(), districts),
        "stop": in_district(data.osm_stops.representative_point(), districts),
    }
    made: dict[str, dict[str, Any]] = {"cell": {}, "district": {}}
    for name, one in data.catalogue.items():
        for level, measures in (("cell", OF_CELLS), ("district", OF_DISTRICTS)):
            if one["measure"] in measures:
                value = measures[one["measure"]](one.get("parameters", {}), data)
                if value is not None:
                    made[level][name] = value
                    data.levels[name] = level
        per = one.get("parameters", {}).get("per")
        if one["measure"] == "table" and per and data.levels.get(name) == "district":
            made["district"][name] = districts[name] * per / districts["population"]
    data.cells = data.cells.assign(**made["cell"])
    data.levels = {name: level for name, level in data.levels.items() if name in data.catalogue}
    at = pd.Categorical(data.cells["district_id"], categories=districts.index).codes
    for name, level in data.levels.items():
        if level == "cell":
            value = data.cells[name].to_numpy(dtype=float)
            weight = np.where(np.isfinite(value), weight_of(name, data), 0.0)
            total = data.sums(at, weight)
            total = np.where(total > 0, total, np.nan)
            made["district"][name] = data.sums(at, np.nan_to_num(value) * weight) / total
    data.districts = districts.assign(**made["district"])


def weight_of(name: str, data: Data) -> np.ndarray:
    """Say by what an indicator is averaged."""
    one, cells = data.catalogue[name], data.cells
    if one["measure"] == "transit_reach" and len(data.start) < len(cells):
        return np.ones(len(cells))  # drawn by people: each stands for as many
    base = one["base"] if one["base"] in cells else "population"
    return cells[base].to_numpy(dtype=float)


def judge(data: Data) -> pd.DataFrame:
    """Score the districts, draw their ranks, and measure inequality."""
    named = [one for one in data.levels if data.catalogue[one].get("role") is None]
    used = [one for one in named if data.districts[one].notna().any()]
    values = pd.DataFrame(data.districts[used])
    found = rank_ranges(values, data.catalogue, draws=data.draws, rng=data.rng)
    data.districts = data.districts.join(found)
    sampled: dict[str, np.ndarray | None] = {
        name: None for name in data.levels if data.catalogue[name]["measure"] in COUNTED
    }
    for kind, tiles in data.tiles.items():
        drawn = bootstrap_tiles(tiles, data.districts, draws=data.draws, rng=data.rng)
        sampled[f"{kind}_down_mbps"] = drawn
    return inequality_of(
        data.cells, data.districts, data.catalogue,
        levels=data.levels, sampled=sampled, draws=data.draws, rng=data.rng,
    )  # fmt: skip


def write(data: Data, out: Path, measures: pd.DataFrame, told: dict[str, Any]) -> None:
    """Write tables, map and report."""
    drawn = ["index", *PILLARS, *(one for one in ON_MAP if one in data.levels)]
    draw_map(out / "map.html", data.districts, data.cells, drawn)
    of_cells = [name for name, level in data.levels.items() if level == "cell"]
    named = (("district", data.districts, list(data.levels)), ("cell", data.cells, of_cells))
    tidy = [
        pd.DataFrame(units[names])
        .melt(ignore_index=False, var_name="indicator")
        .assign(level=level)
        for level, units, names in named
    ]
    pd.concat(tidy).to_csv(out / "indicators.csv", index_label="unit_id")
    measures.to_csv(out / "inequality.csv")
    data.cells.to_parquet(out / "cells.parquet")
    data.districts.to_parquet(out / "districts.parquet")
    for layer in ("districts", "cells", "services", "stops"):
        table = getattr(data, layer)
        if table is not None:
            table.to_file(out / "study.gpkg", layer=layer)
    names = ["name", "population", "index", "rank", "rank_low", "rank_high", *data.levels]
    parts = [
        f"<h1>{data.city['city']['name']}</h1>",
        data.districts[names].to_html(),
        json.dumps(told),
    ]
    (out / "report.html").write_text("".join([*parts, measures.to_html()]), encoding="utf-8")


def main() -> None:
    """Do the work of a city file, and write what was found and how long each stage took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("city", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--walk", choices=ENGINES, default="scipy", help="who walks")
    parser.add_argument("--ride", choices=RIDERS, default="ferrobus", help="who rides")
    parser.add_argument("--origins", type=int, help="cells to ride from [as the city file says]")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    stages = Stages()
    city = tomllib.loads(given.city.read_text())
    data = Data(
        file=given.city,
        city=city,
        catalogue=tomllib.loads((HERE / "indicators" / "catalogue.toml").read_text())["indicators"],
        rng=np.random.default_rng(SEED),
        draws=city.get("index", {}).get("draws", 1000),
        speed_kmh=city.get("walking", {}).get("speed_kmh", 4.8),
    )
    with stages("units"):
        read_units(data)
    with stages("map read"):
        read_places(data)
    with stages("tiles"):
        carry_tiles(data)
    with stages("rasters"):
        sum_rasters(data)
    with stages("network"):
        build_network(data, given.walk)
    with stages("walk"):
        walk_to_services(data)
    with stages("counts"):
        count_services(data)
    if "transit" in city:
        with stages("timetable"):
            read_stops(data)
        with stages("stops near"):
            walk_to_stops(data)
        with stages("reach"):
            ride_from_cells(data, given.ride, given.origins)
    with stages("indicators"):
        evaluate(data)
    with stages("judge"):
        measures = judge(data)
    with stages("patterns"):
        strata = [one for one in data.levels if data.catalogue[one].get("role") == "stratifier"]
        told = patterns_of(data.districts, strata[0] if strata else None)
    with stages("write"):
        write(data, given.out, measures, told)
    sizes = {
        "cells": data.cells, "districts": data.districts, "services": data.services,
        "nodes": data.graph["xy"], "indicators": data.levels, "origins": data.start,
    }  # fmt: skip
    facts = {name: 0 if some is None else len(some) for name, some in sizes.items()}
    facts |= {"walk": given.walk, "ride": given.ride, "patterns": told, "stages": stages.done}
    (given.out / "facts.json").write_text(json.dumps(facts, indent=1))
    print(facts)


if __name__ == "__main__":
    main()
