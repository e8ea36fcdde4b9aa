#!/usr/bin/env python3
"""
Measure travel times over a departure window against cafein and ferrobus.

A made-up city (`made_transit.py`): 60,000 junctions, some 4,000 stops and 130,000
stop times. All contenders read the same PBF and GTFS and find the travel times from
300 places to 1,200 on one working day, departing every minute from 7 to 8: 5th, 50th
and 95th percentile. Each works in a process of its own, in turns, so that noise moves
all alike; none is told how many threads to take, and all take every core. Everybody
walks at ferrobus' pace, which is fixed (1.4 m/s), at most 20 minutes at either end and
10 between stops, and changes at most three times.

Every engine is imported as part of its building; ours loads its compiled core there,
too, which it would else do when first asked. cafein answers as an array, its leanest
form, without the distances, lines and street modes it would build by default; by its
range scan and by its trip-based engine, whose transfers belong to its building.
ferrobus knows no window: it makes 60 square matrices, its fastest call, of 1,200 points
(origins are among the destinations), and picking percentiles is not charged to it; once
more with every stop within the walk instead of the ten nearest, its default. All places
are junctions, for ferrobus puts them there.

It prints figures of several rounds and how far the answers lie apart, for the engines
and for ferrobus behind our adapter. Answers are alike, not the same. cafein and
ferrobus let a walk between stops follow the walk to a stop and precede the walk from
one, where ours never walks twice in a row; so they are faster for some pairs. cafein
takes the nearest of 60 values for a percentile, where ours takes the mean of two at an
exact step. ferrobus sets out from few stops next to the origin, and cuts every street's
seconds down to whole ones.

The peers run in an environment of their own, given by `--peers-python` or made by
`--make-peers` in a folder.
"""

import argparse
import datetime as dt
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

DAY = "2026-03-11"  # a Wednesday of the feed
START_H, MINUTES = 7, 60
PERCENTILES = (5, 50, 95)
ORIGINS, DESTINATIONS = 300, 1_200
FEW = (30, 200)  # for a first call, and for the adapter
WALK_KMH, WALK_MIN, CHANGE_MIN, CHANGES = 5.04, 20, 10, 3
WITHIN_MIN = 120.0
OURS = "geoequity"
FOLDER, FEED, STREETS, POINTS = "feed", "feed.zip", "city.osm.pbf", "points.csv"
PEERS = ("cafein==0.29.0", "ferrobus==0.2.1")
TIMES_FASTER = {"cafein": 3.0, "ferrobus": 1.0}  # what is asked of ours
PEAK_MB = 600.0  # the most it may take
BE = "--be"  # what a process that is measured is called with


# ------------------------------------------------------------ the contenders
class Contender:
    """Travel with one engine: `build`, then `route`, whose answer `minutes` gives as an array."""

    def __init__(self, folder: Path, points: pd.DataFrame, *, origins: int = ORIGINS) -> None:
        self.folder, self.points, self.origins = folder, points, origins
        self.answer: Any = None

    def build(self) -> None:
        """Read streets and timetable."""

    def route(self) -> None:
        """Find the travel times."""

    def minutes(self) -> np.ndarray:
        """Give them as origins x destinations x percentiles, NaN where not reached."""
        raise NotImplementedError

    def places(self) -> Any:
        """Give the points as a table with geometry."""
        import geopandas as gpd  # noqa: PLC0415 - each contender loads its own

        lon, lat = self.points["lon"], self.points["lat"]
        return gpd.GeoDataFrame(
            self.points[["id"]], geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326"
        )


class Ours(Contender):
    """geoequity."""

    def build(self) -> None:
        from geoequity.streets import StreetNetwork, Walker  # noqa: PLC0415 - as above
        from geoequity.transit import Rider, Timetable, _router  # noqa: F401, PLC0415 - as above

        walker = Walker(name="walker", speed_kmh=WALK_KMH)
        self.streets = StreetNetwork.from_osm(self.folder / STREETS, walker=walker)
        self.timetable = Timetable.from_gtfs(self.folder / FEED, date=DAY)
        self.rider = Rider(
            walker=walker, max_transfers=CHANGES, max_walk_min=WALK_MIN, max_change_min=CHANGE_MIN
        )
        self.to = self.places().set_index("id").to_crs(self.streets.edges.crs).geometry

    def route(self) -> None:
        self.answer = self.timetable.travel_times(
            self.to.iloc[: self.origins],
            self.to,
            streets=self.streets,
            window=(f"{START_H:02d}:00", f"{START_H + MINUTES // 60:02d}:00"),
            within_min=WITHIN_MIN,
            percentiles=PERCENTILES,
            rider=self.rider,
        )

    def minutes(self) -> np.ndarray:
        return by_pair(self.answer, self.points["id"], origins=self.origins)


class Cafein(Contender):
    """cafein, by its range scan."""

    router = "raptor"

    def build(self) -> None:
        import cafein  # noqa: PLC0415 - as above

        self.network = cafein.TransportNetwork.from_gtfs(
            str(self.folder / FEED),
            osm_pbf=str(self.folder / STREETS),
            walking_speed_kmph=WALK_KMH,
            max_walking_time=CHANGE_MIN,
            trip_distances=False,
            leg_geometries=False,
            street_modes=(),
        )
        if self.router == "tbtr":
            self.network.compute_tbtr_transfers(DAY)
        self.to = self.places()

    def route(self) -> None:
        self.answer = self.network.travel_time_matrix(
            self.to.iloc[: self.origins],
            f"{DAY} {START_H:02d}:00",
            CHANGES + 1,
            destinations=self.to,
            departure_time_window=MINUTES,
            percentiles=list(PERCENTILES),
            router=self.router,
            walking_speed_kmph=WALK_KMH,
            max_walking_time=WALK_MIN,
        )

    def minutes(self) -> np.ndarray:
        never = np.iinfo(np.uint32).max
        return np.where(self.answer == never, np.nan, self.answer / 60)


class CafeinByTrips(Cafein):
    """cafein, by its trip-based engine."""

    router = "tbtr"


class FerrobusByMinutes(Contender):
    """ferrobus: a matrix for each minute, put aside in a file."""

    stops = 10

    def build(self) -> None:
        import ferrobus  # noqa: PLC0415 - as above

        day = dt.date.fromisoformat(DAY)
        self.model = ferrobus.create_transit_model(
            str(self.folder / STREETS), [str(self.folder / FOLDER)], day, CHANGE_MIN * 60
        )
        self.took = 0.0

    def route(self) -> None:
        import ferrobus  # noqa: PLC0415 - as above

        start = time.perf_counter()
        points = [
            ferrobus.create_transit_point(lat, lon, self.model, WALK_MIN * 60, self.stops)
            for lat, lon in zip(self.points["lat"], self.points["lon"], strict=True)
        ]
        self.took += time.perf_counter() - start
        with (self.folder / "matrices").open("wb") as stream:
            for minute in range(MINUTES):
                start = time.perf_counter()
                rows = ferrobus.travel_time_matrix(
                    self.model, points, (START_H * 60 + minute) * 60, CHANGES
                )
                self.took += time.perf_counter() - start
                for row in rows[: self.origins]:
                    stream.write(np.array(row, dtype=np.float32).tobytes())

    def minutes(self) -> np.ndarray:
        seconds = np.fromfile(self.folder / "matrices", dtype=np.float32)
        seconds = np.sort(seconds.reshape(MINUTES, self.origins, -1), axis=0)  # NaN come last
        low = [max(round(MINUTES * p / 100) - 1, 0) for p in PERCENTILES]
        high = [min(one + 1, MINUTES - 1) for one in low]
        return np.moveaxis((seconds[low] + seconds[high]) / 120, 0, -1)


class FerrobusFromAllStops(FerrobusByMinutes):
    """ferrobus, with all stops within the walk."""

    stops = 1_000


CONTENDERS: dict[str, type[Contender]] = {
    OURS: Ours, "cafein": Cafein, "cafein, by trips": CafeinByTrips,
    "ferrobus": FerrobusByMinutes, "ferrobus, all stops": FerrobusFromAllStops,
}  # fmt: skip


def by_pair(costs: pd.DataFrame, ids: pd.Series, *, origins: int) -> np.ndarray:
    """Spread a table of costs over all pairs."""
    place = pd.Index(ids)
    told = np.full((origins, len(place), len(PERCENTILES)), np.nan)
    columns = [f"minutes_p{one:02d}" for one in PERCENTILES]
    rows, to = place.get_indexer(costs["from_id"]), place.get_indexer(costs["to_id"])
    told[rows, to] = costs[columns].replace(np.inf, np.nan)
    return told


# --------------------------------------------- what the processes measured do
def peak_mb() -> float:
    """Tell the greatest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def draw(folder: Path, seed: str) -> dict[str, float]:
    """Draw the city, and lay its feed open, as ferrobus wants it."""
    from made_transit import make_city  # noqa: PLC0415 - only our Python has what it needs

    size = make_city(folder, seed=int(seed), points=DESTINATIONS)
    with zipfile.ZipFile(folder / FEED) as archive:
        archive.extractall(folder / FOLDER)
    return dict(size)


def contend(folder: Path, name: str) -> dict[str, float]:
    """Be one contender; what each stage took. The answers are written."""
    contender = CONTENDERS[name](folder, pd.read_csv(folder / POINTS))
    told = {"import_mb": peak_mb()}
    for stage in ("build", "route"):
        start, busy = time.perf_counter(), time.process_time()
        getattr(contender, stage)()
        told[stage] = time.perf_counter() - start
        told[f"{stage}_cpu"] = time.process_time() - busy
    if isinstance(contender, FerrobusByMinutes):
        told["route"] = contender.took
    told["peak_mb"] = peak_mb()
    np.save(folder / f"{name}.npy", contender.minutes())
    return told


def warm(folder: Path) -> dict[str, float]:
    """Ask ours something small, so that all it compiles is there."""
    origins, destinations = FEW
    points = pd.read_csv(folder / POINTS).head(destinations)
    ours = Ours(folder, points, origins=origins)
    ours.build()
    start = time.perf_counter()
    ours.route()
    return {"seconds": time.perf_counter() - start}


def adapt(folder: Path, packages: str) -> dict[str, float]:
    """Ask ferrobus through our adapter, with its environment's packages after our own."""
    sys.path.append(packages)
    from geoequity.transit import Ferrobus  # noqa: PLC0415 - the peers' Python has none

    origins, destinations = FEW
    points = pd.read_csv(folder / POINTS).head(destinations)
    places = Contender(folder, points).places().set_index("id").to_crs("EPSG:32723").geometry
    engine = Ferrobus(folder / STREETS, folder / FEED, date=DAY)
    start = time.perf_counter()
    costs = engine.travel_times(
        places.head(origins),
        places,
        window=(f"{START_H:02d}:00", f"{START_H + MINUTES // 60:02d}:00"),
        within_min=WITHIN_MIN,
        percentiles=PERCENTILES,
    )
    told = {"seconds": time.perf_counter() - start}
    np.save(folder / "adapter.npy", by_pair(costs, points["id"], origins=origins))
    return told


TASKS: dict[str, Callable[..., dict[str, float]]] = {
    "draw": draw, "contend": contend, "warm": warm, "adapt": adapt,
}  # fmt: skip


# ---------------------------------------------------------------- measuring
class Machine:
    """Where contenders run: a folder with the city, and the Pythons they need."""

    def __init__(self, folder: Path, *, peers_python: Path | None) -> None:
        self.folder, self.peers_python = folder, peers_python
        odd = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")
        self.environment = {name: value for name, value in os.environ.items() if name not in odd}
        here = Path(__file__).parents[2]
        self.environment |= {"NUMBA_CACHE_DIR": str(folder / "kernels"), "PYTHONPATH": str(here)}

    def run(self, task: str, *arguments: str, python: Path | None = None) -> dict[str, float]:
        """Run a task in a process of its own: memory of a parent is charged to its children."""
        command = [str(python or sys.executable), __file__, BE, task, str(self.folder), *arguments]
        # ferrobus tells of files that a feed need not have
        ended = subprocess.run(
            command, check=False, capture_output=True, text=True, env=self.environment
        )
        if ended.returncode:
            sys.exit(f"{task} {' '.join(arguments)} failed:\n{ended.stderr}")
        return json.loads((self.folder / "told.json").read_text())

    def packages_of_peers(self) -> str:
        """Tell where the peers' Python, of the same version as ours, keeps its packages."""
        ask = "import sysconfig; print(sysconfig.get_path('platlib'))"
        told = subprocess.run(
            [str(self.peers_python), "-c", ask], check=True, stdout=subprocess.PIPE, text=True
        )
        return told.stdout.strip()

    def contend(self, name: str) -> dict[str, float]:
        """Let one contender work."""
        return self.run("contend", name, python=None if name == OURS else self.peers_python)


def compare(machine: Machine, *, names: list[str], seed: int, runs: int) -> None:
    """Run the contenders in turns, print tables, and say whether ours is as fast as asked."""
    size = machine.run("draw", str(seed))
    print(", ".join(f"{int(number):,} {what}" for what, number in size.items()))
    if OURS in names:
        machine.run("warm")
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    loads = []
    for _ in range(runs):
        loads.append(os.getloadavg()[0])
        for name in names:
            measured[name].append(machine.contend(name))
    loads.append(os.getloadavg()[0])
    print(f"{ORIGINS} x {DESTINATIONS:,}, {MINUTES} minutes, {runs} runs in turns", end="")
    print(f"; load before each and at the end: {', '.join(f'{one:.1f}' for one in loads)}\n")
    print_times(measured)
    if machine.peers_python:
        machine.run("adapt", machine.packages_of_peers())
    print_answers(machine.folder, names)
    if OURS in names:
        judge(measured)


def of(measured: list[dict[str, float]], what: str) -> float:
    """Take the median over runs."""
    return statistics.median(one[what] for one in measured)


def print_times(measured: dict[str, list[dict[str, float]]]) -> None:
    """Print what building and routing take."""
    base = OURS if OURS in measured else next(iter(measured))
    head = ("build s", "route s", "min", "max", "ratio", "CPU s", "peak MB", "import MB")
    print(f"{'':20}" + "".join(f"{one:>10}" for one in head))
    for name, runs in measured.items():
        route = [one["route"] for one in runs]
        ratio = of(runs, "route") / of(measured[base], "route")
        times = (of(runs, "build"), of(runs, "route"), min(route), max(route), ratio)
        row = "".join(f"{one:10.2f}" for one in (*times, of(runs, "route_cpu")))
        peak = max(one["peak_mb"] for one in runs)
        print(f"{name:20}{row}{peak:10.0f}{of(runs, 'import_mb'):10.0f}")
    print()


def print_answers(folder: Path, names: list[str]) -> None:
    """Print how far the answers of each lie from the first one's, where both reach in time."""
    answers = {name: np.load(folder / f"{name}.npy") for name in names}
    if (folder / "adapter.npy").exists():
        answers["ferrobus, adapted"] = np.load(folder / "adapter.npy")
    # Only ours was told a limit
    answers = {name: np.where(one <= WITHIN_MIN, one, np.nan) for name, one in answers.items()}
    first = answers[names[0]]
    columns = [f"p{one:02d}" for one in PERCENTILES]
    print(f"against {names[0]}, minutes: median and 95th percentile of differences; share of pairs")
    print(
        "whose medians are within a minute, more than a minute faster, reached, not so by the first"
    )
    head = (
        *columns,
        *(f"|{one}| 95%" for one in columns),
        "alike",
        "faster",
        "reached",
        "only here",
    )
    print(f"{'':20}" + "".join(f"{one:>10}" for one in head))
    for name, minutes in answers.items():
        same = first[: minutes.shape[0], : minutes.shape[1]]
        apart = minutes - same
        reached, there = np.isfinite(minutes[..., 1]), np.isfinite(same[..., 1])
        wide = np.nanpercentile(np.abs(apart), 95, axis=(0, 1))
        middle = apart[..., 1][reached & there]
        near, faster = np.mean(np.abs(middle) <= 1), np.mean(middle < -1)
        numbers = (*np.nanmedian(apart, axis=(0, 1)), *wide)
        row = "".join(f"{one:10.2f}" for one in numbers)
        shares = (near, faster, reached.mean(), (reached & ~there).mean())
        print(f"{name:20}{row}" + "".join(f"{one:10.1%}" for one in shares))
    print()


def judge(measured: dict[str, list[dict[str, float]]]) -> None:
    """Say what was asked of ours, and whether it is so."""
    ours = measured[OURS]
    peak = max(one["peak_mb"] for one in ours)
    told = {f"peak {peak:.0f} MB, at most {PEAK_MB:.0f}": peak <= PEAK_MB}
    for peer, factor in TIMES_FASTER.items():
        for name in [one for one in measured if one.startswith(peer)]:
            ratio = of(measured[name], "route") / of(ours, "route")
            told[f"{ratio:.1f} times as fast as {name}, at least {factor:.0f}"] = ratio >= factor
    for sentence, holds in told.items():
        print(f"{'yes' if holds else 'NO':4}{sentence}")


# --------------------------------------------------------------------- main
def make_peers(folder: Path) -> Path:
    """Make an environment that has the peers; its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
    return python


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=list(CONTENDERS), help="by default, all")
    peers = parser.add_mutually_exclusive_group()
    peers.add_argument("--peers-python", type=Path, help="a Python that has cafein and ferrobus")
    peers.add_argument("--make-peers", type=Path, help="folder to make one in")
    options = parser.parse_args()
    python = make_peers(options.make_peers) if options.make_peers else options.peers_python
    names = options.only or (list(CONTENDERS) if python else [OURS])
    with tempfile.TemporaryDirectory() as name:
        machine = Machine(Path(name), peers_python=python)
        compare(machine, names=names, seed=options.seed, runs=options.runs)


if __name__ == "__main__":
    if sys.argv[1:2] == [BE]:
        folder = Path(sys.argv[3])
        told = TASKS[sys.argv[2]](folder, *sys.argv[4:])
        (folder / "told.json").write_text(json.dumps(told))
    else:
        main()
