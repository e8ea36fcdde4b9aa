#!/usr/bin/env python3
"""
Measure zonal sums against exactextract called directly and against rasterstats.

Every contender runs in a process of its own, in turns, so that noise of the
machine hits all alike; seconds are those of the reading alone, memory is the
peak of the process. A raster of 30,000 x 30,000 cells shows that memory is
bounded. Polygons and values are made from a seed.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine

CRS = "EPSG:32618"
CELL_M = 10.0
LIMIT_MB = 800
CONTENDERS = ("geoequity", "exactextract", "rasterstats")


def write_raster(path: Path, cells: int, *, dtype: str, seed: int) -> None:
    """Write a square raster in compressed tiles, 2 % of it nodata, a row of tiles at a time."""
    rng = np.random.default_rng(seed)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=cells,
        height=cells,
        count=1,
        dtype=dtype,
        crs=CRS,
        transform=Affine(CELL_M, 0, 0, 0, -CELL_M, cells * CELL_M),
        nodata=0,
        tiled=True,
        blockxsize=512,
        blockysize=512,
        compress="deflate",
        zlevel=1,
    ) as data:
        for row in range(0, cells, 512):
            rows = min(512, cells - row)
            values = rng.integers(1, 200, (rows, cells)).astype(dtype)
            values[:, rng.random(cells) < 0.02] = 0
            data.write(values, 1, window=((row, row + rows), (0, cells)))


def write_units(path: Path, cells: int, *, count: int, seed: int) -> None:
    """Write polygons that part the raster, of a size as districts are: some large, most small."""
    side = cells * CELL_M
    points = np.random.default_rng(seed).beta(1.5, 1.5, (count, 2)) * side
    whole = shapely.box(0, 0, side, side)
    parts = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=whole)
    polygons = shapely.intersection(shapely.get_parts(parts), whole)
    ids = [f"u{n}" for n in range(len(polygons))]
    gpd.GeoDataFrame({"unit_id": ids}, geometry=polygons, crs=CRS).to_parquet(path)


def work(contender: str, raster: str, units: gpd.GeoDataFrame) -> tuple[float, np.ndarray]:
    """Sum a raster by unit; give the seconds it took, imports aside, and the sums."""
    if contender == "geoequity":
        from geoequity.sources.rasters import zonal  # noqa: PLC0415 - each loads its own

        table = units.set_index("unit_id")
        start = time.perf_counter()
        sums = zonal(raster, table, stats=["sum"])["sum"]
    elif contender == "exactextract":
        from exactextract import exact_extract  # noqa: PLC0415 - each loads its own

        start = time.perf_counter()
        sums = exact_extract(raster, units, ["sum"], output="pandas")["sum"]
    else:
        from rasterstats import zonal_stats  # noqa: PLC0415 - each loads its own

        start = time.perf_counter()
        sums = [one["sum"] for one in zonal_stats(units.geometry, raster, stats=["sum"])]
    return time.perf_counter() - start, np.asarray(sums, dtype=float)


def run(contender: str, raster: Path, units: Path) -> dict[str, object]:
    """Let a contender work in a process of its own; give seconds, peak MB and sums."""
    command = [sys.executable, __file__, "--contender", contender, str(raster), str(units)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def contend(raster: str, units: str, contender: str) -> None:
    """Work as one contender and print the result for the process that asked."""
    seconds, sums = work(contender, raster, gpd.read_parquet(units))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "sums": sums.tolist()}))


def compare(folder: Path, *, runs: int, cells: int, count: int) -> None:
    """Run all contenders in turns, check that they agree, and print a table."""
    raster, units = folder / "raster.tif", folder / "units.parquet"
    write_raster(raster, cells, dtype="float32", seed=1)
    write_units(units, cells, count=count, seed=2)
    results = {one: [] for one in CONTENDERS}
    for _ in range(runs):
        for contender in CONTENDERS:
            results[contender].append(run(contender, raster, units))
    ours, direct, peer = (np.array(results[one][0]["sums"]) for one in CONTENDERS)
    assert np.allclose(ours, direct, rtol=1e-9), "geoequity and exactextract disagree"
    print(f"{count:,} polygons on {cells:,} x {cells:,} cells, {runs} runs in turns")
    print(f"largest difference by unit: exactextract {np.abs(ours / direct - 1).max():.1e},")
    print(f"  rasterstats {np.abs(peer / direct - 1).max():.1e} (it counts whole cells)")
    print(f"{'contender':14} {'median s':>9} {'min':>7} {'max':>7} {'peak MB':>8} {'ratio':>7}")
    base = statistics.median(one["seconds"] for one in results["geoequity"])
    for contender, measured in results.items():
        seconds = [one["seconds"] for one in measured]
        middle, peak = statistics.median(seconds), max(one["peak_mb"] for one in measured)
        row = f"{middle:9.2f} {min(seconds):7.2f} {max(seconds):7.2f} {peak:8.0f}"
        print(f"{contender:14} {row} {middle / base:7.2f}")


def bound(folder: Path, *, cells: int) -> None:
    """Read a large raster by a few units and by one that covers all; print the peak."""
    raster = folder / "large.tif"
    write_raster(raster, cells, dtype="uint8", seed=3)
    for count in (1, 200):
        units = folder / f"units{count}.parquet"
        write_units(units, cells, count=count, seed=4)
        result = run("geoequity", raster, units)
        peak, seconds = result["peak_mb"], result["seconds"]
        print(f"{count:,} polygons on {cells:,} x {cells:,}: {seconds:.1f} s, {peak:.0f} MB")
        assert peak < LIMIT_MB, f"over {LIMIT_MB} MB"


def main() -> None:
    """Measure and print, or work as one contender."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cells", type=int, default=10_000, help="a side of the raster")
    parser.add_argument("--large", type=int, default=30_000, help="a side of the large raster")
    parser.add_argument("--units", type=int, default=5_000)
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("files", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(name, None)
    if options.contender:
        contend(*options.files, options.contender)
        return
    with tempfile.TemporaryDirectory() as name:
        compare(Path(name), runs=options.runs, cells=options.cells, count=options.units)
        bound(Path(name), cells=options.large)


if __name__ == "__main__":
    main()
