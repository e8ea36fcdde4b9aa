"""Files that many cities share: each reads its own part, and nobody's part is read twice."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely
from affine import Affine
from pyproj import CRS

from geoequity.sources import files
from geoequity.sources.broadband import make_squares, read_tiles
from geoequity.sources.files import Record, companions, sha256
from geoequity.sources.rasters import read_raster
from geoequity.sources.spec import Origin, RasterSpec, TilesSpec

METRES = CRS("EPSG:32619")
FIRST, SIDE = (20_480, 29_184), 256  # a square of tiles whose quadkeys begin alike
GROUP = 1024  # rows, so that a group is a square of 32 x 32 tiles
CITIES = ((40, 40), (40, 168), (200, 200))  # south-east of the first tile


def quadkey(column: int, row: int) -> str:
    return "".join(str((column >> z & 1) + 2 * (row >> z & 1)) for z in range(15, -1, -1))


def book(path: Path) -> Record:
    return Record(name="national", path=path, origin=Origin())


@pytest.fixture(scope="module")
def national(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Write tiles of a country in order, and people in blocks; give both files."""
    folder = tmp_path_factory.mktemp("national")
    places = [(FIRST[0] + x, FIRST[1] + y) for x in range(SIDE) for y in range(SIDE)]
    names = sorted(quadkey(*one) for one in places)
    speeds = dict.fromkeys(("avg_d_kbps", "avg_u_kbps"), np.full(len(names), 50_000))
    counts = dict.fromkeys(("avg_lat_ms", "tests", "devices"), np.full(len(names), 5))
    tiles, people = folder / "fixed.parquet", folder / "people.tif"
    pq.write_table(pa.table({"quadkey": names, **speeds, **counts}), tiles, row_group_size=GROUP)
    ends = [FIRST, tuple(one + SIDE - 1 for one in FIRST)]
    squares = make_squares(pd.Index([quadkey(*one) for one in ends]), crs=CRS("EPSG:4326"))
    west, south, east, north = squares.total_bounds
    place = Affine((east - west) / 1024, 0, west, 0, -(north - south) / 1024, north)
    shape = {"width": 1024, "height": 1024, "count": 1, "dtype": "float32", "nodata": -1}
    blocks = {"tiled": True, "blockxsize": 64, "blockysize": 64}
    with rasterio.open(
        people, "w", driver="GTiff", crs="EPSG:4326", transform=place, **shape, **blocks
    ) as data:
        data.write(np.ones((1024, 1024), dtype="float32"), 1)
    return tiles, people


def city(at: tuple[int, int]) -> gpd.GeoDataFrame:
    """Lay a city of two cells over four by four tiles."""
    corners = [quadkey(FIRST[0] + at[0] + d, FIRST[1] + at[1] + d) for d in (0, 3)]
    west, south, east, north = make_squares(pd.Index(corners), crs=METRES).total_bounds
    middle = (west + east) / 2
    cells = [shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)]
    return gpd.GeoDataFrame(geometry=cells, index=["a", "b"], crs=METRES)


def test_every_row_group_is_opened_by_the_city_that_lies_in_it(national, monkeypatch) -> None:
    opened: Counter[int] = Counter()

    class Counting(pq.ParquetFile):
        def iter_batches(self, rows: int, groups: Any = None, *words: Any, **more: Any) -> Any:
            opened.update(groups)
            return super().iter_batches(rows, groups, *words, **more)

    monkeypatch.setattr("geoequity.sources.broadband.pq.ParquetFile", Counting)
    tiles, _ = national
    assert pq.read_metadata(tiles).num_row_groups == 64
    spec = TilesSpec(kind="ookla_fixed", path=(tiles,), period=("2025Q3",))
    for at in CITIES:
        area = city(at).union_all().buffer(-50)  # touches no tile beside
        found = read_tiles(spec, study_area=area, crs=METRES, records=[book(tiles)])
        assert len(found) == 16
    assert len(opened) == len(CITIES)  # one each
    assert set(opened.values()) == {1}


def test_of_a_raster_a_city_reads_its_own_window(national, monkeypatch) -> None:
    cells: list[int] = []
    real = rasterio.DatasetReader.read

    class Counting(rasterio.DatasetReader):
        def read(self, *words: Any, window: Any = None, **more: Any) -> Any:
            found = real(self, *words, window=window, **more)
            cells.append(found.size)
            return found

    monkeypatch.setattr("rasterio.io.DatasetReader.read", Counting.read, raising=False)
    _, people = national
    spec = RasterSpec(kind="population", path=(people,))
    for at in CITIES:
        cells.clear()
        found = read_raster(spec, city(at), record=book(people))
        assert found["population"].sum() == pytest.approx(16 * 16, rel=0.02)  # a box in metres
        assert 0 < sum(cells) < 1024**2 / 100


def test_a_file_is_fingerprinted_once_as_long_as_it_stays(national, monkeypatch) -> None:
    tiles, _ = national
    read = []
    real = files.hashlib.file_digest
    monkeypatch.setattr(files.hashlib, "file_digest", lambda *one: read.append(1) or real(*one))
    monkeypatch.setattr(files, "_SETTLED_NS", 0)
    first = [sha256(tiles) for _ in CITIES]
    assert len(set(first)) == len(read) == 1
    seen, data = tiles.stat(), tiles.read_bytes()
    tiles.write_bytes(data[:-100] + b"x" + data[-99:])
    os.utime(tiles, ns=(seen.st_atime_ns, seen.st_mtime_ns))  # same size, same time
    assert sha256(tiles) != first[0]
    tiles.write_bytes(data)
    assert sha256(tiles) == first[0]


def test_what_changed_a_moment_ago_is_fingerprinted_each_time(tmp_path: Path, monkeypatch) -> None:
    path, read = tmp_path / "new", []
    path.write_text("x")
    real = files.hashlib.file_digest
    monkeypatch.setattr(files.hashlib, "file_digest", lambda *one: read.append(1) or real(*one))
    assert sha256(path) == sha256(path)
    assert len(read) == 2


def test_files_that_are_read_along_belong_to_a_file(tmp_path: Path) -> None:
    names = ("a.shp", "a.dbf", "a.prj", "a.toml", "ab.dbf", "a.shp.aux.xml", "b.tif", "b.tif.ovr")
    for one in names:
        (tmp_path / one).write_text("x")
    found = {one.name for one in companions(tmp_path / "a.shp")}
    assert found == {"a.shp", "a.dbf", "a.prj", "a.shp.aux.xml"}
    assert {one.name for one in companions(tmp_path / "b.tif")} == {"b.tif", "b.tif.ovr"}
    assert companions(tmp_path / "absent.csv") == [tmp_path / "absent.csv"]


def test_a_mosaic_is_what_it_names(national, tmp_path: Path) -> None:
    _, people = national
    mosaic = tmp_path / "people.vrt"
    mosaic.write_text(
        '<VRTDataset rasterXSize="1024" rasterYSize="1024"><VRTRasterBand dataType="Float32"'
        f' band="1"><SimpleSource><SourceFilename relativeToVRT="0">{people}</SourceFilename>'
        '<SourceBand>1</SourceBand><SrcRect xOff="0" yOff="0" xSize="1024" ySize="1024"/>'
        '<DstRect xOff="0" yOff="0" xSize="1024" ySize="1024"/></SimpleSource></VRTRasterBand>'
        "</VRTDataset>",
        encoding="utf-8",
    )
    assert set(companions(mosaic)) == {mosaic, people}
    mosaic.write_text("<OGRVRTDataSource/>", encoding="utf-8")  # names files that GDAL alone knows
    assert companions(mosaic) is None
