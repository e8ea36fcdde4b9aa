"""Rasters, tiles of speed tests, and cells of the mobile network."""

import gzip
import io
import json
import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import rasterio
import shapely
from pyproj import CRS as Crs
from rasterio import Affine

from fuzzing import mutations
from fuzzing.mutations import Chance
from fuzzing.tables import block, record
from geoequity.sources import broadband, elevation, population, rasters, spec, towers
from geoequity.sources._tiles import Tiles

UTM = Crs("EPSG:32618")
EAST, NORTH = 500_000.0, 1_000_000.0
CELLS = [
    shapely.box(EAST + 250 * n, NORTH - 900, EAST + 250 * n + 250, NORTH - 100) for n in range(4)
]
UNITS = gpd.GeoDataFrame(
    {"name": list("abcd"), "area_m2": shapely.area(CELLS), "population": [100.0, 50, 25, 0]},
    geometry=CELLS,
    crs=UTM,
    index=pd.Index(list("abcd"), name="unit_id"),
)


def _tiff(chance: Chance, file: Path) -> None:
    """Write a small raster, as it should be or in any other way."""
    odd = chance.randrange(20)
    rows, columns = (10, 10) if odd else (chance.choice((1, 2, 300)), chance.choice((1, 3, 7)))
    kind = chance.choice(
        ("float32",) * 4 + ("float64", "uint8", "int16", "uint16", "int32", "complex64")
    )
    bands = 2 if chance.one_in(12) else 1
    noise = np.random.default_rng(chance.randrange(2**32))
    values = noise.integers(0, 5, (bands, rows, columns)).astype(kind)
    if kind.startswith("float") and chance.one_in(4):
        values[0, 0, 0] = chance.choice((math.nan, math.inf, -math.inf, 1e38, -9999, -1))
    cell = chance.choice((100.0,) * 8 + (1e-9, 1e9, -100.0, 0.001))
    west, north, crs = (
        EAST,
        NORTH,
        chance.choice(("EPSG:32618",) * 6 + ("EPSG:3857", "EPSG:4326", None, "EPSG:5773")),
    )
    placed = Affine(cell, 0, west, 0, -abs(cell), north)
    if crs == "EPSG:4326":
        placed = Affine(0.001, 0, -75.001, 0, -0.001, 9.05)
    placed = chance.choice(
        (placed,) * 9
        + (Affine.identity(), Affine(cell, 3, west, 3, -cell, north), Affine(100, 0, west, 0, 100, north - 1000),
           Affine(100, 0, math.nan, 0, -100, north), Affine(100, 0, 1e300, 0, -100, north))
    )  # fmt: skip
    profile: dict[str, Any] = {
        "driver": "GTiff", "dtype": kind, "count": bands, "height": rows, "width": columns,
        "crs": crs, "transform": placed,
        "compress": chance.choice((None, "deflate", "lzw", "packbits")),
    }  # fmt: skip
    if not kind.startswith("complex"):
        profile["nodata"] = chance.choice(
            (None, None, 0, 1, 255 if kind == "uint8" else -1 if kind[0] != "u" else 4)
        )
    if chance.one_in(4):
        profile |= {"tiled": True, "blockxsize": 16, "blockysize": 16}
    with rasterio.open(file, "w", **profile) as data:
        data.write(values)
        if chance.one_in(10):
            data.scales, data.offsets = (
                (chance.choice((0.1, 0.0, -1.0, 1e300)),) * bands,
                (chance.choice((0.0, 5.0, math.nan)),) * bands,
            )
        if chance.one_in(12):
            data.write_mask(noise.integers(0, 2, (rows, columns)).astype(bool))
    if chance.one_in(3):
        data_ = file.read_bytes()
        file.write_bytes(
            _declared(chance, data_) if chance.one_in(2) else mutations.raw(chance, data_)
        )


def _declared(chance: Chance, data: bytes) -> bytes:
    """Let the directory of a TIFF declare what is not there: size, blocks, bands, offsets."""
    body = bytearray(data)
    (at,) = struct.unpack_from("<I", body, 4)
    if at + 2 > len(body):
        return data
    (count,) = struct.unpack_from("<H", body, at)
    for _ in range(chance.few(2)):
        entry = at + 2 + 12 * chance.randrange(count)
        if entry + 12 > len(body):
            continue
        wanted = chance.choice((256, 257, 278, 322, 323, 277, 258, 273, 279, 259, None))
        for number in range(count):
            place = at + 2 + 12 * number
            if struct.unpack_from("<H", body, place)[0] == wanted:
                entry = place
        huge = chance.choice((0, 1, 7, 65_535, 10**6, 2**31 - 1, 2**32 - 1))
        if chance.one_in(4):
            struct.pack_into("<I", body, entry + 4, huge)  # how many
        else:
            struct.pack_into("<H", body, entry + 2, 4)
            struct.pack_into("<I", body, entry + 8, huge)
    return bytes(body)


def raster(chance: Chance, folder: Path) -> Callable[[], object]:
    """One raster or two tiles, of any kind."""
    files = [folder / f"r{n}.tif" for n in range(1 + chance.one_in(6))]
    for one in files:
        _tiff(chance, one)
    if chance.one_in(20):
        files = [folder / "r.vrt"]
        files[0].write_bytes(mutations.encoded(chance, _mosaic(chance, folder)))
    kind = chance.choice(("population", "elevation", "night_lights", "hazard", "ndvi", "landcover"))
    own: dict[str, Any] = {"path": tuple(files), "kind": kind}
    if kind == "hazard":
        own |= chance.choice(({"above": 1}, {"classes": {"flood": [2, 3]}}))
    if kind == "landcover":
        own["classes"] = {"green": [1, 2], "water": [3]}
    if kind == "population" and chance.one_in(2):
        own |= {"quantity": "density", "per": chance.choice(("ha", "km2", "m2"))}
    more = {
        "band": chance.choice((1, 2, 10**9)), "crs": chance.choice(("EPSG:32618", "nonsense", "EPSG:4979")),
        "nodata": chance.choice(("none", 0.0, 2, 1e300)), "scale": chance.choice((0.5, 1e300)),
        "min_known_share": chance.random(),
    }  # fmt: skip
    for key, one in more.items():
        if chance.one_in(8):
            own[key] = one
    block_ = block(spec.RasterSpec, chance, own)
    book, how = record(files[0]), chance.randrange(8)
    tiles = Tiles(paths=tuple(files), band=block_.band, crs=block_.crs, nodata=block_.nodata)
    points = UNITS.set_geometry(UNITS.centroid)[["population", "geometry"]]
    if how == 0:
        stats = chance.sample(rasters.STATISTICS, 3)
        return lambda: rasters.zonal(tiles, UNITS, stats=stats, record=book)
    if how == 1:
        return lambda: rasters.values_at(tiles, points, record=book)
    if how == 2:
        people: Any = points if chance.one_in(2) else files
        return lambda: rasters.exposed_share(tiles, UNITS, above=1, people=people, record=book)
    if how == 3:
        spots = np.column_stack([points.geometry.x, points.geometry.y])
        return lambda: elevation.height_at(tiles, crs=UTM, record=book)(spots)
    if how == 4:
        if chance.one_in(2):
            return lambda: population.raster_total(tiles)
        target = {"to_crs": UTM, "to_transform": Affine(300, 0, EAST, 0, -300, NORTH)}
        return lambda: population.move_counts(tiles, **target, to_shape=(4, 4))
    return lambda: rasters.read_raster(block_, UNITS, record=book)


def _mosaic(chance: Chance, folder: Path) -> str:
    """Write a mosaic that names a file here, elsewhere or on a server."""
    name = chance.choice(
        (str(folder / "r0.tif"), "/etc/passwd", "/vsicurl/http://127.0.0.1:9/a.tif", "r.vrt")
    )
    size = chance.choice((10, 10, 10, 2**31 - 1, 0))
    return (
        f'<VRTDataset rasterXSize="{size}" rasterYSize="{size}"><SRS>EPSG:32618</SRS>'
        f"<GeoTransform>{EAST}, 100, 0, {NORTH}, 0, -100</GeoTransform>"
        f'<VRTRasterBand dataType="Float32" band="1"><SimpleSource><SourceFilename>{name}'
        "</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )


# -- speed tests ------------------------------------------------------------------

HOME = (20722, 29336)


def _quadkey(column: int, row: int) -> str:
    """Name a tile digit by digit."""
    return "".join(str((column >> z & 1) + 2 * (row >> z & 1)) for z in range(15, -1, -1))


def _corner(column: int, row: int) -> tuple[float, float]:
    """Place the north-west corner of a tile."""
    lon = column / 2**16 * 360 - 180
    return lon, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / 2**16))))


SPOTS = [(HOME[0] + n % 4, HOME[1] + n // 4) for n in range(16)]
TESTS = [
    ["quadkey", "avg_d_kbps", "avg_u_kbps", "avg_lat_ms", "tests", "devices", "quarter", "year", "type"],
    *(
        [_quadkey(*spot), str(50_000 + n), str(5000 + n), "20", str(2 * n + 2), str(n + 1), "3", "2023", "fixed"]
        for n, spot in enumerate(SPOTS)
    ),
]  # fmt: skip
(_west, _north), (_east, _south) = _corner(*HOME), _corner(HOME[0] + 3, HOME[1] + 3)
METRES = Crs("EPSG:32161")
TEST_AREA = (
    gpd.GeoSeries([shapely.box(_west, _south, _east, _north)], crs=4326)
    .to_crs(METRES)[0]
    .buffer(-50)
)


def tiles(chance: Chance, folder: Path) -> Callable[[], object]:
    """Files of speed tests, one quarter or two."""
    names = (
        ["tiles_2023Q3", "b"]
        if chance.one_in(5)
        else [chance.choice(("tiles", "2023-07-01_fixed", "mobile"))]
    )
    files = tuple(_tests(chance, folder, one) for one in names)
    own: dict[str, Any] = {
        "kind": chance.choice(("ookla_fixed", "ookla_fixed", "ookla_mobile")),
        "path": files,
    }
    if chance.one_in(4):
        own["period"] = tuple(f"202{n}Q1" for n in range(len(files)))
    if chance.one_in(3):
        own["faulty"] = "drop"
    if chance.one_in(12):
        own["columns"] = {"tests": chance.choice(("devices", "nothing", "tests"))}
    found = block(spec.TilesSpec, chance, own)
    books = [record(one) for one in files]
    return lambda: broadband.read_tiles(found, study_area=TEST_AREA, crs=METRES, records=books)


def _tests(chance: Chance, folder: Path, stem: str) -> Path:
    """Write speed tests in a format."""
    rows = TESTS
    drop = 9 if chance.one_in(5) else chance.choice((6, 6, 8))
    rows = [row[:drop] for row in rows]
    if not chance.one_in(4):
        rows = mutations.table(chance, rows)
    how = chance.choice(("parquet", "parquet", "parquet", "csv", "geojson", "zip", "xlsx", "gpkg"))
    if how == "parquet":
        file = folder / f"{stem}.parquet"
        file.write_bytes(_typed_parquet(chance, rows))
        return file
    if how in {"csv", "xlsx", "gpkg"}:
        file = folder / f"{stem}.{how}"  # the others are text all the same
        file.write_bytes(mutations.encoded(chance, mutations.delimited(chance, rows)))
        return file
    header, body = (rows or [[]])[0], rows[1:]
    features = [
        {
            "type": "Feature", "geometry": None,
            "properties": {str(k): _number(v) if k != "quadkey" else v for k, v in zip(header, row, strict=False)},
        }
        for row in body
    ]  # fmt: skip
    root: Any = {"type": "FeatureCollection", "features": features}
    told = json.dumps(root, default=str)
    if how == "geojson":
        file = folder / f"{stem}.geojson"
        file.write_bytes(mutations.encoded(chance, told))
        return file
    file = folder / f"{stem}.zip"
    parts: dict[str, bytes] = {"a.geojson": told.encode()}
    if body and chance.one_in(2):
        parts = _shapefile(rows)
        name = chance.choice(sorted(parts))
        if chance.one_in(2):
            parts[name] = mutations.raw(chance, parts[name])
    file.write_bytes(mutations.packed(chance, parts))
    return file


def _number(cell: Any) -> Any:
    """Make a number of text that is one."""
    try:
        made = float(cell)
    except (TypeError, ValueError, OverflowError):
        return mutations.written(cell)[:200]
    return (
        int(made)
        if made.is_integer() and abs(made) < 2**63
        else made
        if math.isfinite(made)
        else "x"
    )


def _shapefile(rows: list[list[Any]]) -> dict[str, bytes]:
    """Write a shapefile of the tests."""
    import tempfile

    frame = pd.DataFrame(
        [
            [_number(v) if n else mutations.written(v)[:100] for n, v in enumerate(row[:6])]
            for row in TESTS[1:]
        ],
        columns=TESTS[0][:6],
    )
    boxes = [shapely.box(*_corner(*spot), *_corner(spot[0] + 1, spot[1] + 1)) for spot in SPOTS]
    with tempfile.TemporaryDirectory() as folder:
        gpd.GeoDataFrame(frame, geometry=boxes, crs=4326).to_file(Path(folder) / "a.shp")
        return {one.name: one.read_bytes() for one in Path(folder).iterdir()}


def _typed_parquet(chance: Chance, rows: list[list[Any]]) -> bytes:
    """Write tests in Parquet, numbers as numbers or not."""
    header, body = (rows or [[]])[0], rows[1:]
    columns: dict[str, Any] = {}
    for at, name in enumerate(header):
        cells = [mutations.written(row[at]) if at < len(row) else None for row in body]
        cells = [
            None if one is None else one[:999].encode("utf-8", "replace").decode() for one in cells
        ]
        if at and not chance.one_in(15):
            numbers = [_number(one) for one in cells]
            numbers = [float(one) if isinstance(one, int | float) else None for one in numbers]
            columns[str(name)[:99]] = pa.array(numbers, pa.float64())
        elif chance.one_in(12):
            columns[str(name)[:99]] = chance.choice(
                (
                    lambda n=len(cells): pa.array([1] * n),
                    lambda n=len(cells): pa.array([[1]] * n),
                    lambda c=cells: pa.array(c, pa.string()).dictionary_encode(),
                    lambda c=cells: pa.array(c, pa.string()).cast(pa.large_string()),
                    lambda c=cells: pa.array(c, pa.string()).cast(pa.binary()),
                    lambda n=len(cells): pa.nulls(n),
                    lambda n=len(cells): pa.array([{"a": 1}] * n),
                )
            )()
        else:
            columns[str(name)[:99]] = pa.array(cells, pa.string())
    stream = io.BytesIO()
    table = pa.table({key.encode("utf-8", "replace").decode(): one for key, one in columns.items()})
    pq.write_table(
        table,
        stream,
        row_group_size=max(1, chance.choice((1, 3, 99))),
        write_statistics=not chance.one_in(5),
    )
    data = stream.getvalue()
    return mutations.raw(chance, data) if chance.one_in(3) else data


# -- mobile network ---------------------------------------------------------------

MASTS = [
    ["radio", "mcc", "net", "area", "cell", "unit", "lon", "lat", "range", "samples"],
    *(
        [("LTE", "GSM")[n % 2], "330", "1", "10", str(n), "0", str(_west + 0.001 * n), str(_south + 0.001 * n), "1000", "5"]
        for n in range(12)
    ),
]  # fmt: skip


def masts(chance: Chance, folder: Path) -> Callable[[], object]:
    """A list of cells, plain or packed, with a header or without."""
    rows = [list(row) for row in MASTS]
    if chance.one_in(3):
        rows = rows[1:]
    if not chance.one_in(5):
        rows = mutations.table(chance, rows)
    data = mutations.encoded(chance, mutations.delimited(chance, rows))
    file = folder / chance.choice(("cells.csv", "cells.csv.gz", "cells.csv", "cells.csv.zip"))
    if file.suffix == ".gz":
        data = gzip.compress(data)
        data = mutations.raw(chance, data) if chance.one_in(3) else data
    if file.suffix == ".zip":
        data = mutations.packed(chance, {"cells.csv": data})
    file.write_bytes(data)
    own: dict[str, Any] = {"kind": "towers", "path": file}
    own |= {"where": {"radio": chance.choice(("LTE", ["LTE", "GSM"]))}} if chance.one_in(3) else {}
    own |= {"duplicates": "first"} if chance.one_in(3) else {}
    found = block(spec.TowersSpec, chance, own)
    districts = None
    if chance.one_in(2):
        districts = gpd.GeoDataFrame(
            {"name": ["a"]}, geometry=[TEST_AREA], crs=METRES, index=pd.Index(["a"], name="unit_id")
        )
    near = {"crs": METRES, "districts": districts, "study_area": TEST_AREA}
    return lambda: towers.read_towers(found, **near, record=record(file))
