#!/usr/bin/env python3
"""
Measure reading a city's OpenStreetMap extract against pyrosm.

The extract is drawn from a seed, about 38 MB as PBF, with all that makes real
ones slow: untagged nodes in bulk, streets in many short curved ways, sidewalks,
steps, private drives, buildings, parks of several rings, stops, routes, notes of
who edited what. It is kept under ``.cache`` and drawn anew if this script changes.

Every contender reads the same file in a process of its own, in turns, so that
noise of the machine hits all alike. The file lies warm in the page cache, and
what a contender keeps on disk from run to run is not there. Seconds are those of
the reading alone, imports aside; memory is the peak of the process. pyrosm runs
on the Python of ``--peers-python``, whose environment must have it; it reads the
walking network with its nodes, the points of interest and public transport, by
its documented calls: as it comes, with the reader that parses the file once for
all three, and with two threads and no metadata. geoequity reads streets,
services, areas of green, stops, routes, and who edited what; once more, with the
table of that made (``mapping``).
"""

import argparse
import hashlib
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

CACHE = Path(__file__).parents[2] / ".cache" / "benchmarks"
SIDE = 400  # junctions on a side of the city
BLOCK = 0.0009  # degrees between two of them, some 100 m
WEST, SOUTH = -46.75, -23.70
OURS = ("geoequity", "geoequity, mapping")
PEERS: dict[str, dict[str, Any]] = {
    "pyrosm": {},
    "pyrosm, in memory": {"engine": "in_memory"},
    "pyrosm, 2 threads": {"workers": 2, "keep_metadata": False},
}
TRANSIT = {
    "route": ["bus", "tram", "train", "subway", "light_rail", "ferry"],
    "public_transport": True,
    "highway": ["bus_stop", "platform"],
    "railway": ["station", "halt", "tram_stop", "stop", "platform", "subway_entrance"],
    "amenity": ["bus_station", "ferry_terminal"],
}

# Shares of the classes of street, by the rank of the line of the grid that they lie on
LINES = {24: "motorway", 12: "primary", 6: "secondary", 3: "tertiary"}
MINOR = ("residential", "unclassified", "living_street", "pedestrian")
SYLLABLES = (
    "ra", "mi", "to", "sé", "ção", "pe", "lu", "na", "vi", "dro", "al", "bei", "car", "do", "es",
    "fi", "gua", "ho", "i", "jar", "que", "são", "ta",
)  # fmt: skip
POINTS = (
    {"amenity": "school"}, {"amenity": "pharmacy", "opening_hours": "Mo-Sa 08:00-22:00"},
    {"amenity": "bank"}, {"amenity": "restaurant", "cuisine": "regional"}, {"amenity": "cafe"},
    {"amenity": "clinic"}, {"amenity": "place_of_worship", "religion": "christian"},
    {"shop": "supermarket"}, {"shop": "bakery"}, {"shop": "clothes"}, {"shop": "hairdresser"},
    {"amenity": "bench"}, {"natural": "tree"}, {"natural": "tree"}, {"highway": "street_lamp"},
    {"amenity": "waste_basket"}, {"tourism": "hotel", "internet_access": "wlan"},
    {"office": "company"}, {"amenity": "kindergarten"}, {"amenity": "bicycle_rental"},
    {"barrier": "gate", "access": "private"}, {"power": "pole"}, {"leisure": "playground"},
    {"amenity": "library"}, {"emergency": "fire_hydrant"}, {"amenity": "atm"},
)  # fmt: skip
AREAS = (
    {"leisure": "park"}, {"amenity": "school"}, {"leisure": "pitch", "sport": "soccer"},
    {"amenity": "parking"}, {"landuse": "grass"}, {"natural": "wood"}, {"amenity": "hospital"},
    {"landuse": "residential"}, {"leisure": "garden", "access": "private"},
    {"shop": "supermarket", "building": "retail"}, {"leisure": "swimming_pool"},
)  # fmt: skip


# ------------------------------------------------------------- a drawn city
@dataclass
class City:
    """What a city is made of, with the ids in the order of their making."""

    rng: np.random.Generator
    nodes: list[tuple[float, float, dict[str, str]]] = field(default_factory=list)
    ways: list[tuple[list[int], dict[str, str]]] = field(default_factory=list)
    relations: list[tuple[list[tuple[str, int, str]], dict[str, str]]] = field(default_factory=list)

    def node(self, x: float, y: float, tags: dict[str, str] | None = None) -> int:
        """Put a node on the map."""
        self.nodes.append((x, y, tags or {}))
        return len(self.nodes) - 1

    def way(self, nodes: list[int], tags: dict[str, str]) -> int:
        """Put a way on the map."""
        self.ways.append((nodes, tags))
        return len(self.ways) - 1

    def curve(self, start: int, end: int, bends: int, *, aside: float = 0.0) -> list[int]:
        """Draw nodes from one to another along an arc."""
        (x, y, _), (to_x, to_y, _) = self.nodes[start], self.nodes[end]
        across = np.array([y - to_y, to_x - x])
        bow = self.rng.normal(0, 0.06)
        inner = []
        for step in np.arange(1, bends + 1) / (bends + 1):
            off = bow * math.sin(math.pi * step) + aside + self.rng.normal(0, 0.004)
            inner.append(
                self.node(
                    x + step * (to_x - x) + off * across[0], y + step * (to_y - y) + off * across[1]
                )
            )
        return [start, *inner, end]

    def ring(self, x: float, y: float, size: float, corners: int) -> list[int]:
        """Draw a closed ring of corners."""
        turn = self.rng.uniform(0, math.tau)
        angles = turn + np.arange(corners) * math.tau / corners
        radius = size * self.rng.uniform(0.7, 1.0, corners)
        nodes = [
            self.node(x + r * math.cos(angle), y + r * math.sin(angle))
            for r, angle in zip(radius, angles, strict=True)
        ]
        return [*nodes, nodes[0]]


def draw_city(seed: int) -> City:
    """Draw a city: a bent grid of streets, and what lies in it and along it."""
    city = City(np.random.default_rng(seed))
    rng = city.rng
    places = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), axis=-1) + rng.uniform(
        -0.2, 0.2, (SIDE, SIDE, 2)
    )
    places += 3 * np.sin(places[..., ::-1] / 25)
    places = places * BLOCK + [WEST, SOUTH]
    junction = np.array([[city.node(*map(float, place)) for place in row] for row in places])
    lines: dict[tuple[int, int], list[int]] = {}
    for row in range(SIDE):
        for column in range(SIDE):
            for across in (0, 1):
                to_row, to_column = row + across, column + 1 - across
                if max(to_row, to_column) < SIDE and rng.random() > 0.12:
                    line = column if across else row
                    ends = int(junction[row, column]), int(junction[to_row, to_column])
                    way = draw_street(city, *ends, line=line, part=(row + column) // 12)
                    lines.setdefault((across, line), []).append(way)
            draw_block(city, int(junction[row, column]))
    draw_routes(city, lines)
    return city


def word(number: int) -> str:
    """Make a word, another for each number."""
    return "".join(SYLLABLES[(number * 7919 + 31) // 23**place % 23] for place in range(4)).title()


def street_tags(city: City, *, line: int, part: int) -> dict[str, str]:
    """Say of a street what mappers say of streets, some of it missing."""
    rng = city.rng
    kind = next((kind for every, kind in LINES.items() if line % every == 0), None)
    major = kind is not None
    kind = kind or str(rng.choice(MINOR, p=[0.8, 0.12, 0.05, 0.03]))
    tags = {"highway": kind}
    said = {
        "name": (f"{'Avenida' if major else 'Rua'} {word(line)} {word(part)}", 0.8),
        "surface": (str(rng.choice(["asphalt", "paving_stones", "concrete"])), 0.7),
        "lit": ("yes", 0.6),
        "oneway": ("yes", 0.45),
        "lanes": (str(rng.integers(1, 5)), 0.3),
        "maxspeed": (str(rng.choice(["30", "40", "50", "60"])), 0.4),
        "sidewalk": (str(rng.choice(["both", "left", "right", "no", "separate"])), 0.2),
        "foot": (str(rng.choice(["yes", "no", "designated"], p=[0.9, 0.02, 0.08])), 0.1),
        "source": ("survey", 0.1),
        "bridge": ("yes", 0.02),
    }
    for key, (value, share) in said.items():
        if rng.random() < share:
            tags[key] = value
    if "bridge" in tags:
        tags["layer"] = "1"
    if kind == "motorway":
        tags["ref"] = f"SP-{line}"
    return tags


def draw_street(city: City, start: int, end: int, *, line: int, part: int) -> int:
    """Draw a street between two junctions, and a path beside it now and then."""
    rng = city.rng
    tags = street_tags(city, line=line, part=part)
    if rng.random() < 0.02:
        tags = {"highway": "steps", "step_count": str(rng.integers(5, 60)), "incline": "up"}
    nodes = city.curve(start, end, int(min(rng.geometric(0.3) - 1, 10)))
    way = city.way(nodes, tags)
    if rng.random() < 0.4:
        beside = {"highway": "footway", "footway": "sidewalk", "surface": "paving_stones"}
        if rng.random() < 0.1:
            beside = {"highway": "cycleway", "bicycle": "designated", "segregated": "no"}
        bends = int(min(rng.geometric(0.25), 10))
        city.way(city.curve(start, end, bends, aside=0.1), beside)
    return way


def draw_block(city: City, corner: int) -> None:
    """Draw what lies on a block: a drive, buildings, areas, points, a stop."""
    rng = city.rng
    x, y, _ = city.nodes[corner]
    if rng.random() < 0.25:
        end = city.node(x + 0.4 * BLOCK, y + 0.35 * BLOCK)
        tags = {"highway": "service", "service": "driveway"}
        if rng.random() < 0.3:
            tags["access"] = "private"
        city.way(city.curve(corner, end, int(rng.integers(0, 4))), tags)
    for _ in range(rng.poisson(1.6)):
        at = x + rng.uniform(0.2, 0.8) * BLOCK, y + rng.uniform(0.2, 0.8) * BLOCK
        tags = {"building": str(rng.choice(["yes", "house", "apartments"], p=[0.7, 0.2, 0.1]))}
        if rng.random() < 0.3:
            tags["addr:housenumber"] = str(rng.integers(1, 2000))
            tags["addr:street"] = f"Rua {word(corner)}"
        city.way(city.ring(*at, 0.1 * BLOCK, int(rng.choice([4, 6, 8], p=[0.7, 0.2, 0.1]))), tags)
    if rng.random() < 0.06:
        at = x + 0.5 * BLOCK, y + 0.5 * BLOCK
        tags = {**AREAS[rng.integers(len(AREAS))], "name": f"Lugar {word(corner)}"}
        outer = city.ring(*at, 0.45 * BLOCK, int(rng.integers(4, 20)))
        if rng.random() < 0.2:
            half = len(outer) // 2
            parts = [city.way(outer[: half + 1], {}), city.way(outer[half:], {})]
            hole = city.way(city.ring(*at, 0.1 * BLOCK, 5), {})
            members = [*(("w", part, "outer") for part in parts), ("w", hole, "inner")]
            city.relations.append((members, {"type": "multipolygon", **tags}))
        else:
            city.way(outer, tags)
    for _ in range(rng.poisson(0.7)):
        tags = dict(POINTS[rng.integers(len(POINTS))])
        if tags.keys() & {"amenity", "shop", "tourism", "office"} and rng.random() < 0.7:
            tags["name"] = f"Casa {word(corner)} {word(corner + 1)}"
            tags["addr:street"] = f"Rua {word(corner // 20)}"
            tags["addr:housenumber"] = str(rng.integers(1, 2000))
        city.node(x + rng.uniform(0, 1) * BLOCK, y + rng.uniform(0, 1) * BLOCK, tags)
    if rng.random() < 0.25:
        city.nodes[corner] = (x, y, {"highway": "crossing", "crossing": "marked"})
    if rng.random() < 0.06:
        tags = {"highway": "bus_stop", "public_transport": "platform", "bus": "yes"}
        city.node(x + 0.1 * BLOCK, y + 0.1 * BLOCK, {**tags, "name": f"Parada {word(corner)}"})


def draw_routes(city: City, lines: dict[tuple[int, int], list[int]]) -> None:
    """Draw a bus line along each third line of the grid, there and back, and a few by rail."""
    for number, ((across, line), ways) in enumerate(lines.items()):
        if line % 3:
            continue
        mode = "tram" if line % 60 == 0 else "bus"
        tags = {"type": "route", "route": mode, "ref": f"{across}{line}", "name": f"Linha {number}"}
        if number % 5 == 0:
            tags["interval"] = "00:12"
        for ordered in (ways, ways[::-1]):
            city.relations.append(([("w", way, "") for way in ordered], tags))


def edits(rng: np.random.Generator, count: int) -> Iterator[dict[str, Any]]:
    """Say who edited elements and when; neighbours were often edited together."""
    start = datetime(2009, 1, 1, tzinfo=UTC)
    while count > 0:
        editor, run = min(int(rng.zipf(1.3)), 5000), min(int(rng.geometric(0.15)), count)
        edit = {
            "uid": 1000 + editor,
            "user": f"mapper{editor}",
            "timestamp": start + timedelta(seconds=int(rng.integers(15 * 365 * 86400))),
            "changeset": int(rng.integers(1, 150_000_000)),
        }
        for version in np.minimum(rng.geometric(0.5, run), 40):
            yield {**edit, "version": int(version)}
        count -= run


def ids(rng: np.random.Generator, count: int, *, last: float) -> np.ndarray:
    """Number elements in order: runs of neighbours, and gaps between the runs."""
    gaps = np.ones(count, dtype=np.int64)
    leap = rng.random(count) < 0.1
    gaps[leap] = rng.integers(1, int(2 * last / leap.sum()), leap.sum())
    return 100_000 + np.cumsum(gaps)


def write_city(path: Path, city: City) -> None:
    """Write a city as PBF, in order and so marked, as extracts come."""
    import osmium  # noqa: PLC0415 - the peers' Python has none

    rng, made = city.rng, osmium.osm.mutable
    node_id = ids(rng, len(city.nodes), last=1.2e10).tolist()
    way_id = ids(rng, len(city.ways), last=1.3e9).tolist()
    relation_id = ids(rng, len(city.relations), last=1.7e7).tolist()
    header = osmium.io.Header()
    header.set("sorting", "Type_then_ID")
    with osmium.SimpleWriter(path, header=header) as writer:
        notes = edits(rng, len(city.nodes) + len(city.ways) + len(city.relations))
        for number, (x, y, tags) in zip(node_id, city.nodes, strict=True):
            writer.add_node(made.Node(id=number, location=(x, y), tags=tags, **next(notes)))
        for number, (nodes, tags) in zip(way_id, city.ways, strict=True):
            refs = [node_id[node] for node in nodes]
            writer.add_way(made.Way(id=number, nodes=refs, tags=tags, **next(notes)))
        for number, (members, tags) in zip(relation_id, city.relations, strict=True):
            some = [(kind, way_id[way], role) for kind, way, role in members]
            writer.add_relation(made.Relation(id=number, members=some, tags=tags, **next(notes)))


def make_extract(seed: int) -> Path:
    """Write the extract, unless it is there; give its path."""
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    path = CACHE / f"city-{seed}-{version}.osm.pbf"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"making-{path.name}")
        beside.unlink(missing_ok=True)
        # Elsewhere, since the contenders' peak would start from this process's
        command = [sys.executable, __file__, "--seed", str(seed), "--draw", str(beside)]
        subprocess.run(command, check=True)
        beside.rename(path)
    return path


# ------------------------------------------------------------------- contest
def read(contender: str, path: str) -> tuple[float, dict[str, int]]:
    """Read as a contender; give the seconds it took, imports aside, and rows by table."""
    if contender in OURS:
        from geoequity.sources.osm import read_osm  # noqa: PLC0415 - the peers' Python has none

        start = time.perf_counter()
        layers = read_osm(path)
        tables = {
            name: getattr(layers, name) for name in ("streets", "services", "stops", "routes")
        }
        if contender == OURS[1]:
            tables["mapping"] = layers.mapping
    else:
        from pyrosm import OSM  # noqa: PLC0415 - only the peers' Python has it

        start = time.perf_counter()
        osm = OSM(path, progress=False, **PEERS[contender])
        nodes, edges = osm.get_network("walking", nodes=True)
        tables = {"nodes": nodes, "edges": edges, "pois": osm.get_pois()}
        tables["transit"] = osm.get_data_by_custom_criteria(custom_filter=TRANSIT)
    seconds = time.perf_counter() - start
    return seconds, {name: len(table) for name, table in tables.items()}


def run(contender: str, path: Path, *, python: str) -> dict[str, Any]:
    """Let a contender read in a process and a temporary folder of its own."""
    command = [python, __file__, "--contender", contender, str(path)]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "TMPDIR": folder}
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    return json.loads(told.stdout)


def compare(path: Path, *, runs: int, peers_python: str | None) -> None:
    """Run all contenders in turns, and print a table."""
    pythons = dict.fromkeys(OURS, sys.executable)
    pythons |= dict.fromkeys(PEERS, peers_python) if peers_python else {}
    with path.open("rb") as stream:  # into the page cache
        while stream.read(1 << 20):
            pass
    results: dict[str, list[dict[str, Any]]] = {one: [] for one in pythons}
    for _ in range(runs):
        for contender, python in pythons.items():
            results[contender].append(run(contender, path, python=str(python)))
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, {runs} runs in turns")
    head = f"{'median s':>9} {'min':>6} {'max':>6} {'peak MB':>8} {'times':>6} {'memory':>7}"
    print(f"{'contender':18} {head}  rows")
    middle = {one: statistics.median(each["seconds"] for each in results[one]) for one in results}
    peak = {one: max(each["peak_mb"] for each in results[one]) for one in results}
    for contender, measured in results.items():
        seconds = [one["seconds"] for one in measured]
        ratios = middle[contender] / middle[OURS[0]], peak[contender] / peak[OURS[0]]
        row = f"{middle[contender]:9.2f} {min(seconds):6.2f} {max(seconds):6.2f}"
        row += f" {peak[contender]:8.0f} {ratios[0]:6.2f} {ratios[1]:7.2f}"
        print(f"{contender:18} {row}  {measured[0]['rows']}")


def main() -> None:
    """Make the extract, measure and print; or work as one contender."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers-python", help="of an environment that has pyrosm")
    parser.add_argument("--contender", choices=[*OURS, *PEERS], help=argparse.SUPPRESS)
    parser.add_argument("--draw", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("file", nargs="?", help="another extract to read")
    options = parser.parse_args()
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(name, None)
    if options.draw:
        write_city(options.draw, draw_city(options.seed))
        return
    if options.contender:
        seconds, rows = read(options.contender, options.file)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "peak_mb": peak, "rows": rows}))
        return
    path = Path(options.file) if options.file else make_extract(options.seed)
    compare(path, runs=options.runs, peers_python=options.peers_python)


if __name__ == "__main__":
    main()
