#!/usr/bin/env python3
"""
Measure what cities read of national files that they share: speed tests and a raster of people.

Two million tiles of zoom 16, ordered by quadkey as Ookla's are, and 12,000 x 12,000
cells of people are made from a seed. Eight cities of about 20 x 20 km lie apart in
them. Told are the bytes that a city's reading takes of each file (of the operating
system, ``rchar`` of ``/proc/self/io``, so on Linux alone), how many row groups are
opened by how many cities, and what reading the whole file would take; and the bytes
of the fingerprints for the provenance, which read a file whole once a process.
"""

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import rasterio
import shapely
from affine import Affine
from pyproj import CRS

from geoequity.sources import broadband
from geoequity.sources.files import Record, sha256
from geoequity.sources.rasters import read_raster
from geoequity.sources.spec import Origin, RasterSpec, TilesSpec

METRES = CRS("EPSG:31983")
FIRST = 24_000, 37_000  # column and row of the north-western tile, in the inland of Brazil
ROW_GROUP = 50_000
CITIES, SIDE_M = 8, 20_000


def bytes_read() -> int:
    """Count the bytes that this process has read."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(lines[0].removeprefix("rchar: "))


def quadkeys(column: Any, row: Any) -> np.ndarray:
    """Name tiles by column and row."""
    return broadband._quadkeys(np.asarray(column), np.asarray(row))  # noqa: SLF001 - of ours


def write_tiles(path: Path, *, side: int, seed: int = 1) -> None:
    """Write a square of tiles in the order of their quadkeys."""
    rng = np.random.default_rng(seed)
    column, row = (one.ravel() for one in np.meshgrid(*(np.arange(side) + one for one in FIRST)))
    names = np.sort(quadkeys(column, row))
    tests = rng.integers(1, 200, len(names))
    table = pa.table(
        {
            "quadkey": pa.array(names),
            "tile": pa.array(["POLYGON((" + "0 " * 40 + "))"] * len(names)),  # of no use here
            "avg_d_kbps": rng.integers(1000, 500_000, len(names)),
            "avg_u_kbps": rng.integers(1000, 100_000, len(names)),
            "avg_lat_ms": rng.integers(1, 90, len(names)),
            "tests": tests,
            "devices": np.maximum(tests // 2, 1),
        }
    )
    pq.write_table(table, path, row_group_size=ROW_GROUP)


def write_people(path: Path, *, cells: int, bounds: tuple[float, ...], seed: int = 2) -> None:
    """Write people in compressed tiles."""
    rng, west, north = np.random.default_rng(seed), bounds[0], bounds[3]
    size = max(bounds[2] - west, north - bounds[1]) / cells
    shape = {"width": cells, "height": cells, "count": 1, "dtype": "float32", "nodata": -1}
    blocks = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "deflate"}
    place = Affine(size, 0, west, 0, -size, north)
    with rasterio.open(
        path, "w", driver="GTiff", crs="EPSG:4326", transform=place, **shape, **blocks
    ) as data:
        for top in range(0, cells, 512):
            rows = min(512, cells - top)
            people = rng.poisson(3, (rows, cells)).astype("float32")
            data.write(people, 1, window=((top, top + rows), (0, cells)))


def cities(side: int) -> list[gpd.GeoDataFrame]:
    """Lay cities of four cells along the diagonal."""
    found = []
    for number in range(CITIES):
        at = int(side * (number + 0.5) / CITIES)
        square = broadband.make_squares(
            pd.Index(quadkeys(*([one + at] for one in FIRST))), crs=METRES
        ).iloc[0]
        x, y = square.centroid.x, square.centroid.y
        half = SIDE_M / 2
        cells = [
            shapely.box(x + a * half, y + b * half, x + (a + 1) * half, y + (b + 1) * half)
            for a in (-1, 0)
            for b in (-1, 0)
        ]
        found.append(gpd.GeoDataFrame(geometry=cells, index=list("abcd"), crs=METRES))
    return found


OPENED: Counter[int] = Counter()


class Counting(pq.ParquetFile):
    """Parquet that counts the row groups that are opened."""

    def iter_batches(self, rows: int = 65536, groups: Any = None, *words: Any, **more: Any) -> Any:
        OPENED.update(groups or [])
        return super().iter_batches(rows, groups, *words, **more)


def measured(path: Path, work: Any, each: list[Any]) -> None:
    """Tell what every city reads of a file."""
    size, taken, begin = path.stat().st_size, [], time.perf_counter()
    for one in each:
        before = bytes_read()
        work(one)
        taken.append(bytes_read() - before)
    seconds = (time.perf_counter() - begin) / len(each)
    most, total = max(taken) / size, sum(taken) / size
    print(
        f"{path.name}: {size / 1e6:.0f} MB; a city reads {100 * most:.1f} % of it at most,"
        f" {len(each)} cities {100 * total:.1f} % together, {seconds:.2f} s each"
    )


def main() -> None:
    """Make the files and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=1415, help="tiles along a side [1415]")
    parser.add_argument("--cells", type=int, default=12_000, help="of the raster, a side [12000]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tiles, people = Path(folder, "tiles_fixed.parquet"), Path(folder, "people.tif")
        write_tiles(tiles, side=options.side)
        ends = [FIRST, tuple(one + options.side for one in FIRST)]
        corners = broadband.make_squares(
            pd.Index(quadkeys(*np.array(ends).T)), crs=CRS("EPSG:4326")
        )
        write_people(people, cells=options.cells, bounds=tuple(corners.total_bounds))
        each = cities(options.side)
        spec = TilesSpec(kind="ookla_fixed", path=(tiles,), period=("2025Q3",))
        raster = RasterSpec(kind="population", path=(people,))

        def read_tiles(city: gpd.GeoDataFrame) -> None:
            book = Record(name="tiles", path=tiles, origin=Origin())
            area = city.union_all()
            broadband.read_tiles(spec, study_area=area, crs=METRES, records=[book])

        def read_people(city: gpd.GeoDataFrame) -> None:
            read_raster(raster, city, record=Record(name="people", path=people, origin=Origin()))

        pq.ParquetFile = Counting
        measured(tiles, read_tiles, each)
        opened, there = OPENED, pq.read_metadata(tiles).num_row_groups
        print(
            f"  {len(opened)} of {there} row groups opened, {max(opened.values())} times at most:"
            f" {sum(opened.values()) / len(each):.1f} a city"
        )
        measured(people, read_people, each)
        time.sleep(2.5)  # what was changed a moment ago is fingerprinted again
        for path in (tiles, people):
            measured(path, lambda _, path=path: sha256(path), each)
            print("  for its fingerprint, once for all of them")


if __name__ == "__main__":
    main()
