"""What speed tests and satellites see of the city."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import rasterio
from demo_city.broadband import ZOOM, row_of
from rasterio.transform import from_origin

from metropolis import NOTE, Array, stream
from metropolis.people import People
from metropolis.plane import Plane, degrees, metres

TILES = {
    "fixed": "2025-04-01_performance_fixed_tiles.parquet",
    "mobile": "2025-04-01_performance_mobile_tiles.parquet",
}
POPULATION = "populacao_100m.tif"
RASTERS = {
    "elevation": "elevacao_100m.tif",
    "ndvi": "ndvi_100m.tif",
    "hazard": "inundacao_100m.tif",
    "night_lights": "luzes_noturnas_100m.tif",
}
STEP = 3  # arc-seconds, some 100 m
MARGIN_M = 2500.0
ROWS_AT_ONCE = 256


def write_tiles(folder: Path, plane: Plane) -> int:
    """Write a quarter of speed tests as Ookla does, and tell how many tiles there are."""
    west, south, east, north = _bounds(plane)
    left, right = (int((lon + 180) / 360 * 2**ZOOM) for lon in (west, east))
    top, bottom = (int(row_of(lat)) for lat in (north, south))
    row, column = np.mgrid[top : bottom + 1, left : right + 1].reshape(2, -1)
    lon = (column + 0.5) / 2**ZOOM * 360 - 180
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (row + 0.5) / 2**ZOOM))))
    xy = metres(np.stack([lon, lat], axis=-1))
    inside = plane.out(xy) < 1.05
    row, column, xy, lon, lat = (one[inside] for one in (row, column, xy, lon, lat))
    density, wealth = plane.density(xy), plane.wealth(xy)
    quadkeys = _quadkeys(row, column)
    written = 0
    for kind, name in TILES.items():
        rng = stream(plane.seed, f"tests of {kind}")
        devices = rng.poisson(
            (3 + 120 * density * (0.2 + wealth)) * (1 if kind == "fixed" else 0.4)
        )
        tests = devices + rng.poisson(1.6 * devices)
        usual = 18 + 170 * wealth if kind == "fixed" else 12 + 45 * wealth
        noise = rng.normal(0, 0.3 + 0.6 / np.sqrt(np.maximum(devices, 1)))
        down = np.rint(1000 * usual * np.exp(noise)).astype("int64")
        up = np.rint(down * rng.lognormal(-0.8, 0.25, len(down))).astype("int64")
        late = np.rint((34 - 22 * wealth) * np.exp(rng.normal(0, 0.25, len(down)))).clip(1)
        there = devices > 0
        table = pa.table(
            {
                "quadkey": [key for key, one in zip(quadkeys, there.tolist(), strict=True) if one],
                "tile_x": lon[there].round(4),
                "tile_y": lat[there].round(4),
                "avg_d_kbps": down[there],
                "avg_u_kbps": up[there],
                "avg_lat_ms": late[there].astype("int64"),
                "tests": tests[there],
                "devices": devices[there],
            }
        )
        pq.write_table(table.replace_schema_metadata({"note": NOTE}), folder / name)
        written += len(table)
    return written


def _quadkeys(row: Array, column: Array) -> list[str]:
    """Names of tiles."""
    digits = [(column >> shift & 1) + 2 * (row >> shift & 1) for shift in range(ZOOM - 1, -1, -1)]
    letters = (np.stack(digits, axis=-1) + ord("0")).astype("uint8")
    return [one.decode() for one in letters.view(f"S{ZOOM}").ravel().tolist()]


def _bounds(plane: Plane) -> tuple[float, float, float, float]:
    """West, south, east and north of the city and its surroundings [degrees]."""
    wide = 1.35 * plane.radius_m + MARGIN_M
    corners = degrees(np.array([(-wide, -wide), (wide, -wide), (wide, wide), (-wide, wide)]))
    return (*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist())


def write_rasters(folder: Path, plane: Plane, people: People) -> int:
    """Write rasters some rows at a time, and tell how many cells each has."""
    west, south, east, north = (3600 * one // STEP for one in _bounds(plane))
    columns, rows = int(east - west), int(north - south)
    profile = {
        "driver": "GTiff",
        "crs": "EPSG:4326",
        "transform": from_origin(STEP * west / 3600, STEP * north / 3600, STEP / 3600, STEP / 3600),
        "height": rows,
        "width": columns,
        "count": 1,
        "compress": "deflate",
        "tiled": True,
    }
    kinds = {
        "elevation": ("int16", -32768),
        "ndvi": ("int16", -32768),
        "hazard": ("uint8", 255),
        "night_lights": ("float32", -999),
    }
    lon = (west + np.arange(columns) + 0.5) * STEP / 3600
    for kind, (dtype, nodata) in kinds.items():
        path = folder / RASTERS[kind]
        path.unlink(missing_ok=True)
        with rasterio.open(path, "w", **profile, dtype=dtype, nodata=nodata) as target:
            target.update_tags(TIFFTAG_IMAGEDESCRIPTION=NOTE)
            for first in range(0, rows, ROWS_AT_ONCE):
                some = np.arange(first, min(first + ROWS_AT_ONCE, rows))
                lat = (north - some - 0.5) * STEP / 3600
                xy = metres(np.stack(np.meshgrid(lon, lat), axis=-1))
                window = rasterio.windows.Window(0, first, columns, len(some))
                target.write(_pixels(kind, plane, xy, first).astype(dtype), 1, window=window)
            if kind == "ndvi":
                target.scales = (0.0001,)
    _write_population(folder / POPULATION, profile, people, west=west, north=north)
    return rows * columns


def _pixels(kind: str, plane: Plane, xy: Array, first: int) -> Array:
    """Values of some rows."""
    rng = stream(plane.seed, f"{kind} {first}")
    if kind == "elevation":
        return np.rint(plane.height_m(xy))
    if kind == "ndvi":
        green = 0.55 - 0.4 * np.minimum(plane.density(xy), 1) + 0.1 * plane.fields["height"].at(xy)
        return np.rint(10_000 * np.clip(green + rng.normal(0, 0.05, green.shape), -0.2, 0.95))
    if kind == "hazard":
        far = np.abs(plane.rivers(xy)).min(axis=0)
        return 3 - np.searchsorted([180.0, 420.0, 800.0], far)
    light = plane.density(xy) * (0.4 + plane.wealth(xy))
    return 60 * light / (0.4 + light)


def _write_population(
    path: Path, profile: dict, people: People, *, west: float, north: float
) -> None:
    """Count the people of each sector at its middle, in the cell that this lies in."""
    lonlat = degrees(people.xy) * 3600 / STEP
    column, row = (lonlat[:, 0] - west).astype(int), (north - lonlat[:, 1]).astype(int)
    counted = np.zeros((profile["height"], profile["width"]), dtype="float32")
    np.add.at(counted, (row, column), people.counts["POPULACAO"].to_numpy())
    path.unlink(missing_ok=True)
    with rasterio.open(path, "w", **profile, dtype="float32", nodata=-99999) as target:
        target.update_tags(TIFFTAG_IMAGEDESCRIPTION=NOTE)
        target.write(counted, 1)
