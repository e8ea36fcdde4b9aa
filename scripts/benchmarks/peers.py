#!/usr/bin/env python3
"""
Run `geoequity run` and the script made of peers on one city, in turns, and compare.

Each is a fresh process; its time is by the clock and of the processor (with that of
processes it started), its memory the greatest of any one process, as the system
tells at its end. Ours is compiled before anything is measured: once, on the same
city. A few answers of both are set beside each other: a script that
is fast since it does something else would show there.

    python -m venv PEERS && PEERS/bin/pip install -r scripts/benchmarks/peers.txt
    scripts/make_metropolis --scale 0.1 --out CITY    # or any city file
    python scripts/benchmarks/peers.py CITY/city.toml --peers-python PEERS/bin/python

The script's `--walk` and `--ride` say by which peers it works, and can be told more than
once here: each pair is a contender. Its own page says what it leaves out.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import pandas as pd

HERE = Path(__file__).resolve().parent
OURS, PLAIN = "geoequity", "geoequity, plain"
TIMES_FASTER, SHARE_OF_MEMORY = 10.0, 1 / 3  # what is asked of ours
STOPS = "departures at stops"
CHECKED = (
    "clinic_walk_min", "hospital_walk_min", "rapid_transit_walk_min", "departures_per_hour",
    "transit_access_share", "jobs_transit_45min_share", "fixed_down_mbps", "hazard_exposed_share",
    "home_internet_share", "intersections_per_km2",
)  # fmt: skip


class Run(NamedTuple):
    """What one process took."""

    seconds: float
    cpu: float
    peak_mb: float


def measured(command: list[str], *, log: Path) -> Run:
    """Run a command as a process of its own."""
    odd = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")
    environment = {name: value for name, value in os.environ.items() if name not in odd}
    start = time.perf_counter()
    with log.open("w") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{log.read_text()[-3000:]}")
    return Run(
        seconds=time.perf_counter() - start,
        cpu=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
    )


def contenders(given: argparse.Namespace, folder: Path) -> dict[str, list[str]]:
    """Say how each is called; the last of the options is where it writes."""
    run = [sys.executable, "-m", "geoequity.cli", "run", str(given.city), "--quiet", "--offline"]
    run += ["--no-cache"]  # or all would be there from the run that compiles
    commands = {OURS: [*run, "--out", str(folder / OURS)]}
    if given.plain:
        less = ["--no-pdf", "--language", "en"]
        commands[PLAIN] = [*run, *less, "--out", str(folder / PLAIN)]
    for walk, ride in itertools.product(given.walk, given.ride):
        name = f"{walk} and {ride}"
        script = [str(given.peers_python), str(HERE / "peer_script.py"), str(given.city)]
        chosen = ["--walk", walk, "--ride", ride, "--out", str(folder / name)]
        commands[name] = [*script, *chosen]
    return commands


def stages_of(folder: Path) -> pd.DataFrame:
    """Read what each stage took."""
    ours = folder / "summary.json"
    found = json.loads((ours if ours.exists() else folder / "facts.json").read_text())
    return pd.DataFrame.from_dict(found["stages"], orient="index")


def districts_of(folder: Path) -> pd.DataFrame:
    """Read indicators by district; of speeds the mean by tests, which is what peers can do."""
    tidy = pd.read_csv(folder / "indicators.csv", dtype={"unit_id": str})
    tidy = tidy[(tidy["level"] == "district") & tidy["indicator"].isin(CHECKED)]
    table = tidy.pivot_table(index="unit_id", columns="indicator", values="value")
    speeds = folder / "tables" / "broadband.parquet"
    if speeds.exists():
        mean = pd.read_parquet(speeds, columns=["fixed_down_mbps_test_mean"])
        table["fixed_down_mbps"] = mean["fixed_down_mbps_test_mean"]
    return table


def departures_of(folder: Path) -> pd.DataFrame:
    """Read departures an hour by stop of the timetable; stops without any have none."""
    stops = gpd.read_file(folder / "study.gpkg", layer="stops", ignore_geometry=True)
    stops["stop_id"] = stops["stop_id"].astype(str).str.removeprefix("timetable/")
    stops = stops.rename(columns={"trips_per_hour": STOPS, "per_hour": STOPS})
    return stops.set_index("stop_id")[[STOPS]].fillna(0.0)


def compare(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Set the answers of both beside each other."""
    names = [one for one in (*CHECKED, STOPS) if one in ours and one in theirs]
    both = [(ours[one], theirs[one].reindex(ours.index)) for one in names]
    rows = {
        name: {
            "ours": mine.mean(),
            "theirs": other.mean(),
            "median apart": (mine - other).abs().median(),
            "most apart": (mine - other).abs().max(),
        }
        for name, (mine, other) in zip(names, both, strict=True)
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def report(runs: dict[str, list[Run]], folder: Path) -> bool:
    """Print what was found; whether ours is as fast and as lean as asked."""
    middle = {
        name: Run(*map(statistics.median, zip(*some, strict=True))) for name, some in runs.items()
    }
    mine = middle[OURS]
    print(f"{'contender':24} {'s':>8} {'CPU s':>8} {'peak MB':>8}   time and memory against ours")
    for name, one in middle.items():
        times = [one.seconds / mine.seconds, one.cpu / mine.cpu, one.peak_mb / mine.peak_mb]
        against = " ".join(f"{ratio:6.2f}" for ratio in times)
        print(f"{name:24} {one.seconds:8.1f} {one.cpu:8.1f} {one.peak_mb:8.0f}   {against}")
    for name in middle:
        print(f"\nstages of {name}, last run\n{stages_of(folder / name).round(2).to_string()}")
    for name in middle:
        if name not in (OURS, PLAIN):
            print(f"\nanswers, ours and those of {name}")
            tables = [
                compare(read(folder / OURS), read(folder / name))
                for read in (districts_of, departures_of)
            ]
            print(pd.concat(tables).round(3).to_string())
    others = [one for name, one in middle.items() if name not in (OURS, PLAIN)]
    faster = min(one.seconds for one in others) / mine.seconds
    leaner = mine.peak_mb / min(one.peak_mb for one in others)
    print(f"\nours is {faster:.2f} times as fast as the fastest (asked: {TIMES_FASTER:.0f}),")
    print(f"and takes {leaner:.2f} times the memory of the leanest (asked: {SHARE_OF_MEMORY:.2f})")
    return faster >= TIMES_FASTER and leaner <= SHARE_OF_MEMORY


def main() -> None:
    """Run all in turns, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("city", type=Path)
    parser.add_argument("--peers-python", type=Path, required=True)
    parser.add_argument("--walk", action="append", help="by whom the script walks [scipy]")
    parser.add_argument("--ride", action="append", help="by whom it rides [ferrobus]")
    parser.add_argument(
        "--plain", action="store_true", help="ours once more, in one language and without PDF"
    )
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for what they write")
    given = parser.parse_args()
    given.walk, given.ride = given.walk or ["scipy"], given.ride or ["ferrobus"]
    with tempfile.TemporaryDirectory() as made:
        folder = given.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        commands = contenders(given, folder)
        measured(commands[OURS], log=folder / "warm.log")  # compiles
        runs: dict[str, list[Run]] = {name: [] for name in commands}
        for _ in range(given.runs):
            for name, command in commands.items():
                runs[name].append(measured(command, log=folder / f"{name}.log"))
        sys.exit(0 if report(runs, folder) else 1)


if __name__ == "__main__":
    main()
