"""Grids in degrees, what polygons cover of them, and their files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import shapely
from rasterio.transform import from_origin

from demo_city import NOTE, Array

SNAP = 30  # arc-seconds; a multiple of every step, so that grids nest
MARGIN = 25  # arc-seconds round the districts


@dataclass(frozen=True)
class Grid:
    """Square cells, whole arc-seconds wide, in rows from the north."""

    west: int  # arc-seconds
    north: int
    step: int
    rows: int
    columns: int

    @property
    def centres(self) -> Array:
        """Longitude and latitude [row, column, xy] of the middles of cells."""
        lon = (self.west + self.step * (np.arange(self.columns) + 0.5)) / 3600
        lat = (self.north - self.step * (np.arange(self.rows) + 0.5)) / 3600
        return np.stack(np.meshgrid(lon, lat), axis=-1)

    def at(self, lonlat: Array) -> tuple[Array, Array]:
        """Row and column of the cell that each place lies in; the places must be on the grid."""
        column = np.floor((lonlat[..., 0] * 3600 - self.west) / self.step).astype(int)
        row = np.floor((self.north - lonlat[..., 1] * 3600) / self.step).astype(int)
        return row, column

    def cover(self, polygons: Sequence[shapely.Geometry]) -> list[tuple[Array, Array, Array]]:
        """Rows and columns of cells under each polygon, and the share of each that it covers."""
        return [self._under(one) for one in polygons]

    def _under(self, polygon: shapely.Geometry) -> tuple[Array, Array, Array]:
        """Cells under one polygon."""
        west, south, east, north = shapely.bounds(polygon)
        (top, bottom), (left, right) = self.at(np.array([(west, north), (east, south)]))
        row, column = np.mgrid[top : bottom + 1, left : right + 1].reshape(2, -1)
        x, y = self.west + self.step * column, self.north - self.step * row
        squares = shapely.box(x / 3600, (y - self.step) / 3600, (x + self.step) / 3600, y / 3600)
        shapely.prepare(polygon)
        share = shapely.contains_properly(polygon, squares).astype(float)
        edge = np.flatnonzero((share == 0) & shapely.intersects(polygon, squares))
        pieces = shapely.area(shapely.intersection(squares[edge], polygon))
        share[edge] = pieces / shapely.area(squares[edge])
        there = share > 0
        return row[there], column[there], share[there]

    def spread(self, polygons: Sequence[shapely.Geometry], amounts: Array) -> Array:
        """Spread the amount of each polygon evenly over its area."""
        spread = np.zeros((self.rows, self.columns))
        for (row, column, share), amount in zip(self.cover(polygons), amounts, strict=True):
            spread[row, column] += amount * share / share.sum()
        return spread


def make_grid(outlines: Sequence[shapely.Geometry], step: int) -> Grid:
    """Lay a grid over the districts and a margin."""
    west, south, east, north = shapely.total_bounds(outlines) * 3600 + MARGIN * np.array(
        [-1, -1, 1, 1]
    )
    left, top = int(west // SNAP * SNAP), int(-(-north // SNAP) * SNAP)
    right, bottom = int(-(-east // SNAP) * SNAP), int(south // SNAP * SNAP)
    return Grid(left, top, step, (top - bottom) // step, (right - left) // step)


def zonal(grid: Grid, values: Array, polygons: Sequence[shapely.Geometry]) -> dict[str, Array]:
    """Sum and mean of what is known under each polygon, and the share of its area that is."""
    found = []
    for row, column, share in grid.cover(polygons):
        value = values[row, column]
        known = share * ~np.isnan(value)
        total = (known * np.nan_to_num(value)).sum()
        mean = total / known.sum() if known.any() else np.nan
        found.append((total, mean, known.sum() / share.sum()))
    return dict(zip(("sum", "mean", "known_share"), np.array(found).T, strict=True))


def write_raster(
    path: Path,
    grid: Grid,
    values: Array,
    *,
    nodata: float,
    scale: float = 1.0,
    offset: float = 0.0,
) -> None:
    """Write values of one type; uncompressed, as compressors differ from machine to machine."""
    path.unlink(missing_ok=True)
    profile = {
        "driver": "GTiff",
        "crs": "EPSG:4326",
        "transform": from_origin(
            grid.west / 3600, grid.north / 3600, grid.step / 3600, grid.step / 3600
        ),
        "height": grid.rows,
        "width": grid.columns,
        "count": 1,
        "dtype": values.dtype.name,
        "nodata": nodata,
        "compress": "none",
        "endianness": "little",
    }
    with rasterio.open(path, "w", **profile) as target:
        target.write(values, 1)
        target.update_tags(TIFFTAG_IMAGEDESCRIPTION=NOTE)
        if (scale, offset) != (1.0, 0.0):
            target.scales, target.offsets = (scale,), (offset,)
