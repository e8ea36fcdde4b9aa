#!/usr/bin/env python3
"""
Measure broadband: does the small-sample model keep its word, and is reading quick?

``simulate`` draws cities from four processes whose truth is known, and counts
how often the 90 % intervals hold it and how far the estimate is from it, beside
the plain mean weighted by tests. The truth of a district is the log of what its
typical tile would show if many devices measured it: the centre round which its
tiles scatter. The truth of a mean weighted by tests is that mean over what its
tiles would show.

``read`` makes a quarter of 3.5 million tiles of the whole world, in the schema
of the open data of Ookla, and reads the tiles of one city from it, each time in
a fresh process: once sorted by quadkey as published, once shuffled.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from geoequity.smallsample import district_values

TILES = 3_500_000
ROW_GROUP = 1_000_000
CITY = (-66.15, 18.29, -65.98, 18.48)  # San Juan [degrees]
ZOOM = 16
DRAWS = 400


@dataclass(frozen=True)
class World:
    """A simulated city: what providers would publish, and the truth in logs."""

    parts: pd.DataFrame
    districts: np.ndarray
    tiles: np.ndarray


@dataclass(frozen=True)
class Score:
    """What was found in one city."""

    held: np.ndarray  # by district: is the truth within the interval?
    error: np.ndarray  # of the estimate, in logs
    raw_error: np.ndarray  # of the mean weighted by tests
    mean_held: np.ndarray  # the same of the true mean weighted by tests
    width: np.ndarray  # of the interval, in logs


@dataclass(frozen=True)
class _Plan:
    """What is common to all processes."""

    rng: np.random.Generator
    centre: np.ndarray
    tiles_spread: float
    devices_spread: float
    district: np.ndarray
    devices: np.ndarray


def _plan(rng: np.random.Generator) -> _Plan:
    """Draw a city: 8-40 districts, 1 to some 60 tiles each, mostly few devices."""
    count = int(rng.integers(8, 41))
    centre = np.log(rng.uniform(20, 200)) + rng.uniform(0.1, 0.5) * rng.standard_normal(count)
    tiles = 1 + rng.poisson(rng.gamma(1.5, 10, count))
    district = np.repeat(np.arange(count), tiles)
    mean = rng.uniform(4, 25)
    devices = 1 + rng.negative_binomial(0.8, 0.8 / (0.8 + mean), len(district))
    spreads = rng.uniform(0.1, 0.4), rng.uniform(0.6, 1.6)
    return _Plan(rng, centre, *spreads, district, devices)


def _world(
    plan: _Plan,
    true: np.ndarray,
    log: np.ndarray,
    devices: np.ndarray,
    kept: np.ndarray | slice = slice(None),
) -> World:
    """Publish what was measured."""
    devices = devices[kept]
    parts = pd.DataFrame(
        {
            "tile_id": np.arange(len(devices)),
            "district_id": plan.district[kept],
            "share": 1.0,
            "value": np.exp(log[kept]),
            "tests": devices + plan.rng.poisson(1.5 * devices),
            "devices": devices,
        }
    )
    return World(parts, plan.centre, true[kept])


def hierarchical(rng: np.random.Generator) -> World:
    """Draw a city as the model takes it: normal in logs throughout."""
    plan = _plan(rng)
    size = len(plan.district)
    true = plan.centre[plan.district] + plan.tiles_spread * rng.standard_normal(size)
    noise = plan.devices_spread / np.sqrt(plan.devices) * rng.standard_normal(size)
    return _world(plan, true, true + noise, plan.devices)


def heavy_tailed(rng: np.random.Generator) -> World:
    """Draw tiles from Student's t with 3 degrees of freedom round their district."""
    plan = _plan(rng)
    size = len(plan.district)
    true = plan.centre[plan.district] + plan.tiles_spread * rng.standard_t(3, size)
    noise = plan.devices_spread / np.sqrt(plan.devices) * rng.standard_normal(size)
    return _world(plan, true, true + noise, plan.devices)


def uneven(rng: np.random.Generator) -> World:
    """Leave two tiles in five untested, devices log-normal, spreads unlike in every district."""
    plan = _plan(rng)
    size, count = len(plan.district), len(plan.centre)
    devices = np.ceil(np.exp(rng.normal(1.5, 1.3, size))).astype(int)
    tested = rng.random(size) > 0.4
    tiles = plan.tiles_spread * np.exp(0.3 * rng.standard_normal(count))[plan.district]
    within = plan.devices_spread * np.exp(0.4 * rng.standard_normal(count))[plan.district]
    true = plan.centre[plan.district] + tiles * rng.standard_normal(size)
    noise = within / np.sqrt(devices) * rng.standard_normal(size)
    return _world(plan, true, true + noise, devices, tested)


def means_of_devices(rng: np.random.Generator) -> World:
    """Draw the speed of every device, log-normal, and publish their plain mean."""
    plan = _plan(rng)
    true = plan.centre[plan.district]
    true = true + plan.tiles_spread * rng.standard_normal(len(plan.district))
    spread = rng.uniform(0.5, 1.0)
    starts = np.cumsum(plan.devices) - plan.devices
    speeds = np.exp(spread * rng.standard_normal(plan.devices.sum()) - spread**2 / 2)
    means = np.add.reduceat(speeds, starts) / plan.devices
    return _world(plan, true, true + np.log(means), plan.devices)


PROCESSES: dict[str, Callable[[np.random.Generator], World]] = {
    one.__name__: one for one in (hierarchical, heavy_tailed, uneven, means_of_devices)
}


def judged(seed: int, *, process: str) -> Score:
    """Estimate one city and compare with its truth."""
    rng = np.random.default_rng([seed, list(PROCESSES).index(process)])
    world = PROCESSES[process](rng)
    parts, ids = world.parts, pd.RangeIndex(len(world.districts))
    found = district_values(parts, districts=ids, min_tests=30, rng=rng, draws=DRAWS)
    shown = found.table.index[~found.table["suppressed"]]
    low, middle, high = (np.log(found.table.loc[shown, one]) for one in ("low", "value", "high"))
    truth = world.districts[shown]
    weight = np.zeros((len(parts), len(ids)))
    weight[np.arange(len(parts)), parts["district_id"]] = parts["tests"]
    weight = weight[:, shown] / weight[:, shown].sum(axis=0)
    raw = np.log(parts["value"].to_numpy() @ weight)
    seen = found.tile_draws.columns.to_numpy(dtype=int)
    means = found.tile_draws.to_numpy() @ weight[seen]
    ends = np.quantile(means, [0.05, 0.95], axis=0, method="weibull")
    true_means = np.exp(world.tiles) @ weight
    return Score(
        held=((low <= truth) & (truth <= high)).to_numpy(),
        error=(middle - truth).to_numpy(),
        raw_error=raw - truth,
        mean_held=(ends[0] <= true_means) & (true_means <= ends[1]),
        width=(high - low).to_numpy(),
    )


def simulated(process: str, *, cities: int, workers: int = 1) -> dict[str, float]:
    """Judge many cities of one process."""
    task = partial(judged, process=process)
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            scores = list(pool.map(task, range(cities), chunksize=20))
    else:
        scores = [task(seed) for seed in range(cities)]

    def together(name: str) -> np.ndarray:
        return np.concatenate([getattr(one, name) for one in scores])

    return {
        "cities": cities,
        "districts": len(together("held")),
        "coverage": together("held").mean(),
        "mean_coverage": together("mean_held").mean(),
        "rmse": np.sqrt((together("error") ** 2).mean()),
        "raw_rmse": np.sqrt((together("raw_error") ** 2).mean()),
        "bias": together("error").mean(),
        "width": together("width").mean(),
    }


def simulate(*, cities: int, workers: int) -> None:
    """Print a table of all processes."""
    for process in PROCESSES:
        start = time.perf_counter()
        found = simulated(process, cities=cities, workers=workers)
        row = "  ".join(f"{one} {value:.4g}" for one, value in found.items())
        print(f"{process:17} {row}  seconds {time.perf_counter() - start:.0f}", flush=True)


def make_quarter(path: Path, *, tiles: int = TILES, shuffled: bool = False, seed: int = 1) -> None:
    """Write tiles of the whole world as a quarter of Ookla's open data holds them."""
    rng = np.random.default_rng(seed)
    side = 2**ZOOM
    towns = rng.integers(side // 10, side * 9 // 10, (6000, 2))
    towns[:40] = np.array([20723, 29340]) + rng.integers(-15, 16, (40, 2))  # in and round the city
    spots = towns[rng.integers(0, len(towns), int(tiles * 1.6))]
    spots = spots + np.rint(rng.normal(0, 12, spots.shape)).astype(int)
    codes = np.unique(spots[:, 0] * side + spots[:, 1])
    codes = rng.choice(codes, min(tiles, len(codes)), replace=False)
    column, row = codes // side, codes % side
    shifts = np.arange(ZOOM - 1, -1, -1)
    digits = ((column[:, None] >> shifts) & 1) + 2 * ((row[:, None] >> shifts) & 1)
    quadkeys = (digits + ord("0")).astype(np.uint8).view(f"S{ZOOM}").ravel()
    order = rng.permutation(len(codes)) if shuffled else np.argsort(quadkeys)
    writer = None
    for start in range(0, len(order), ROW_GROUP):
        at = order[start : start + ROW_GROUP]
        west, east = (360 * (column[at] + one) / side - 180 for one in (0, 1))
        north, south = (
            np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (row[at] + one) / side))))
            for one in (0, 1)
        )
        devices = 1 + rng.negative_binomial(0.6, 0.04, len(at))
        table = pa.table(
            {
                "quadkey": pa.array(quadkeys[at].astype(str)),
                "tile": pa.array(shapely.to_wkt(shapely.box(west, south, east, north), 13)),
                "tile_x": (west + east) / 2,
                "tile_y": (south + north) / 2,
                "avg_d_kbps": np.rint(np.exp(rng.normal(11, 0.8, len(at)))).astype(np.int64) + 1,
                "avg_u_kbps": np.rint(np.exp(rng.normal(10, 0.9, len(at)))).astype(np.int64) + 1,
                "avg_lat_ms": rng.integers(3, 90, len(at)),
                "avg_lat_down_ms": rng.integers(30, 900, len(at)).astype(np.int32),
                "avg_lat_up_ms": rng.integers(30, 900, len(at)).astype(np.int32),
                "tests": devices + rng.poisson(2 * devices),
                "devices": devices,
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=ROW_GROUP)
    if writer is not None:
        writer.close()


_READER = """
import json, resource, sys, time
import geopandas as gpd, shapely
from pathlib import Path
from geoequity.sources.broadband import read_tiles
from geoequity.sources.files import Record
from geoequity.sources.spec import Origin, TilesSpec
box = gpd.GeoSeries([shapely.box(*json.loads(sys.argv[2]))], crs="EPSG:4326").to_crs("EPSG:32619")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
start = time.perf_counter()
path = Path(sys.argv[1])
spec = TilesSpec(kind="ookla_fixed", path=(path,))
record = Record(name="tiles", path=path, origin=Origin())
tiles = read_tiles(spec, study_area=box.iloc[0], crs=box.crs, records=[record])
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"tiles": len(tiles), "seconds": seconds, "mb": peak, "mb_before": before}))
"""


def read(*, tiles: int, runs: int) -> None:
    """Print the time and peak memory of reading a city, each run a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        for shuffled in (False, True):
            name = f"2023-07-01_performance_fixed_tiles{'_shuffled' * shuffled}.parquet"
            path = Path(folder) / name
            start = time.perf_counter()
            # In a process of its own: children start with the peak memory of their parent
            making = get_context("spawn").Process(
                target=make_quarter, args=(path,), kwargs={"tiles": tiles, "shuffled": shuffled}
            )
            making.start()
            making.join()
            made, size = time.perf_counter() - start, path.stat().st_size / 1e6
            print(f"{name}: {tiles:,} tiles, {size:.0f} MB, made in {made:.0f} s", flush=True)
            for _ in range(runs):
                command = [sys.executable, "-c", _READER, str(path), json.dumps(CITY)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                found = json.loads(done.stdout)
                print(
                    f"  {found['tiles']} tiles of the city in {found['seconds']:.2f} s, peak"
                    f" {found['mb']:.0f} MB of which {found['mb_before']:.0f} MB are imports",
                    flush=True,
                )


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("what", nargs="?", choices=["simulate", "read", "all"], default="all")
    parser.add_argument("--cities", type=int, default=1000, help="cities a process")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tiles", type=int, default=TILES)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if options.what in {"read", "all"}:
        read(tiles=options.tiles, runs=options.runs)
    if options.what in {"simulate", "all"}:
        simulate(cities=options.cities, workers=options.workers)


if __name__ == "__main__":
    main()
