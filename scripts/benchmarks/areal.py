#!/usr/bin/env python3
"""
Measure areal transfer against tobler: 50,000 tiles x 10 variables to 5,000 polygons.

Every contender runs the whole transfer, from two layers in memory to a table of
ten totals per polygon, in a process of its own, in turns, so that noise moves
all alike. The first transfer of a process is not counted. Prints the median and
the range of seconds, the peak memory of the process (its workers left out), how
many times faster ours is, and the largest disagreement with tobler over all
polygons and variables (tobler keeps its areas in single precision).
"""

import argparse
import os
import pickle
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

CRS = "EPSG:32718"
TILE_M = 600.0
COLUMNS, ROWS = 250, 200
POLYGONS = 5_000
VARIABLES = 10
OURS, PEER = "geoequity", "tobler"
CONTENDERS = (OURS, PEER, "tobler n_jobs=2")


def make_tiles(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Draw tiles without gaps whose corners are off the grid, with ten counts each."""
    corner = np.stack(np.meshgrid(np.arange(COLUMNS + 1.0), np.arange(ROWS + 1.0)), axis=-1)
    corner = (corner + rng.uniform(-0.15, 0.15, corner.shape)) * TILE_M
    ring = [corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1], corner[:-1, :-1]]
    shapes = shapely.polygons(np.stack(ring, axis=-2).reshape(-1, 5, 2))
    counts = {f"count_{k}": rng.gamma(2.0, 50.0, len(shapes)) for k in range(VARIABLES)}
    return gpd.GeoDataFrame(counts, geometry=shapes, crs=CRS)


def make_polygons(rng: np.random.Generator, *, wavy_m: float) -> gpd.GeoDataFrame:
    """Cut the land of the tiles into what lies nearest to each of random points."""
    frame = shapely.box(TILE_M, TILE_M, (COLUMNS - 1) * TILE_M, (ROWS - 1) * TILE_M)
    points = rng.uniform([0, 0], [COLUMNS * TILE_M, ROWS * TILE_M], (POLYGONS, 2))
    shapes = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=frame)
    shapes = shapely.intersection(shapely.get_parts(shapes), frame)
    shapes = shapes[~shapely.is_empty(shapes)]
    if wavy_m:  # borders in many small pieces, as real ones are

        def wave(xy: np.ndarray) -> np.ndarray:
            return xy + 60 * np.sin(xy[:, ::-1] / [130.0, 170.0])

        shapes = shapely.transform(shapely.segmentize(shapes, wavy_m), wave)
    return gpd.GeoDataFrame(geometry=shapes, crs=CRS)


def contender(name: str) -> Callable[[gpd.GeoDataFrame, gpd.GeoDataFrame], pd.DataFrame]:
    """Give the transfer of one contender."""
    variables = [f"count_{k}" for k in range(VARIABLES)]
    if name == OURS:
        from geoequity.transfer import make_transfer  # noqa: PLC0415 - the peer's memory is its own

        def transferred(tiles: gpd.GeoDataFrame, polygons: gpd.GeoDataFrame) -> pd.DataFrame:
            return make_transfer(tiles, polygons).extensive(tiles[variables])

        return transferred
    from tobler.area_weighted import area_interpolate  # noqa: PLC0415 - as above

    jobs = int(name.partition("n_jobs=")[2] or 1)

    def interpolated(tiles: gpd.GeoDataFrame, polygons: gpd.GeoDataFrame) -> pd.DataFrame:
        return area_interpolate(
            tiles,
            polygons,
            extensive_variables=variables,
            allocate_total=False,  # what lies outside is left out, as ours does
            n_jobs=jobs,
        )[variables]

    return interpolated


def run(name: str, folder: Path) -> None:
    """Transfer twice, and write the second's seconds, the peak memory [MB] and the totals."""
    tiles, polygons = pickle.loads((folder / "layers").read_bytes())
    work = contender(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        work(tiles.copy(), polygons.copy())
        tiles, polygons = tiles.copy(), polygons.copy()
        start = time.perf_counter()
        totals = work(tiles, polygons)
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (folder / "result").write_bytes(pickle.dumps((seconds, peak, totals)))


def compare(folder: Path, *, runs: int) -> None:
    """Run the contenders in turns and print a table."""
    seconds: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    peak = dict.fromkeys(CONTENDERS, 0.0)
    totals = {}
    for _ in range(runs):
        for name in CONTENDERS:
            command = [sys.executable, __file__, "--contender", name, "--folder", str(folder)]
            subprocess.run(command, check=True)
            took, memory, totals[name] = pickle.loads((folder / "result").read_bytes())
            seconds[name].append(took)
            peak[name] = max(peak[name], memory)
    ours = statistics.median(seconds[OURS])
    print(f"{'contender':16} {'median s':>9} {'min':>7} {'max':>7} {'peak MB':>8} {'ratio':>7}")
    for name in CONTENDERS:
        took = seconds[name]
        middle = statistics.median(took)
        row = f"{middle:9.3f} {min(took):7.3f} {max(took):7.3f} {peak[name]:8.0f}"
        print(f"{name:16} {row} {middle / ours:7.2f}")
    gap = np.abs(totals[OURS].to_numpy() - totals[PEER].to_numpy()).max()
    print(f"largest disagreement with {PEER}: {gap:.2e} of {totals[OURS].to_numpy().mean():.0f}")


def main() -> None:
    """Make the layers, measure, and print; or be one of the processes measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--seed", type=int, default=20250101)
    parser.add_argument("--wavy-m", type=float, default=0.0, help="cut borders into pieces so long")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.contender:
        run(args.contender, args.folder)
        return
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(name, None)
    rng = np.random.default_rng(args.seed)
    tiles, polygons = make_tiles(rng), make_polygons(rng, wavy_m=args.wavy_m)
    corners = shapely.get_num_coordinates(polygons.geometry.to_numpy()).mean()
    print(f"{len(tiles)} tiles x {VARIABLES} counts to {len(polygons)} polygons", end=" ")
    print(f"of {corners:.0f} corners on average")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "layers").write_bytes(pickle.dumps((tiles, polygons)))
        compare(folder, runs=args.runs)


if __name__ == "__main__":
    main()
