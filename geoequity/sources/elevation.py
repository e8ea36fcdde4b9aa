"""Heights of the ground along streets, from elevation rasters."""

from typing import Any

import numpy as np

from geoequity.sources._grids import Grid, opened, project_xy
from geoequity.sources.files import Record
from geoequity.sources.rasters import Raster, cells_at
from geoequity.streets import HeightAt

_CORNERS = ((0, 0), (1, 0), (0, 1), (1, 1))


def height_at(raster: Raster, *, crs: Any, record: Record | None = None) -> HeightAt:
    """
    Make the function that tells heights, as `StreetNetwork.from_edges` takes it.

    Heights are drawn between the middles of cells, so that a street does not
    climb a stair where it crosses from one into the next.

    Parameters
    ----------
    raster
        File, tiles, or `Tiles` with how to read them.
    crs
        CRS of the coordinates, in metres.
    record
        Gets what the reading warns of.

    Returns
    -------
    height_at
        Takes an array of x and y and gives heights in the unit of the raster
        [m]; NaN where a neighbouring cell is unknown, and outside. It raises
        what the reading of rasters raises.
    """

    def told(xy: np.ndarray) -> np.ndarray:
        with opened(raster, record=record) as whole:
            spots = project_xy(xy, crs, whole.crs, name="streets")
            return _between_cells(whole, *spots.T)

    return told


def _between_cells(whole: Grid, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Draw heights between the middles of the four cells round each place."""
    (west, _, _, north), (dx, dy) = whole.extent, whole.cell
    column, row = (x - west) / dx - 0.5, (north - y) / dy - 0.5
    left, top = np.floor(column), np.floor(row)
    corners = [
        (west + (left + right + 0.5) * dx, north - (top + down + 0.5) * dy)
        for right, down in ((0, 0), (1, 1))
    ]
    (low_x, high_y), (high_x, low_y) = corners
    box = (low_x.min(), low_y.min(), high_x.max(), high_y.max())
    grid, height = whole.crop(box, name="points"), np.zeros(len(x))
    for right, down in _CORNERS:
        value = cells_at(grid, high_x if right else low_x, low_y if down else high_y)
        weight = np.abs(1 - right - column + left) * np.abs(1 - down - row + top)
        # A corner of no weight does not matter, known or not
        height += np.where(weight > 0, weight * value, 0.0)
    return height
