"""Heights of the ground along streets, from elevation rasters."""

from typing import Any

import numpy as np

from geoequity.sources._coverage import CHUNK_CELLS
from geoequity.sources._grids import Grid, opened, project_xy
from geoequity.sources.files import Record
from geoequity.sources.rasters import Raster, cells_at
from geoequity.streets import HeightAt

_PLACES = 500_000  # looked up at a time
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
    left, right = (np.floor((one - west) / dx - 0.5) for one in (x.min(), x.max()))
    top, bottom = (np.floor((north - one) / dy - 0.5) for one in (y.max(), y.min()))
    ends = (left + 0.5, bottom + 1.5, right + 1.5, top + 0.5)
    box = [west + one * dx if at % 2 == 0 else north - one * dy for at, one in enumerate(ends)]
    grid, height = whole.crop(box, name="points"), np.empty(len(x))
    # A raster that is read in pieces is read once, for all places
    most = _PLACES if grid.rows * grid.columns <= CHUNK_CELLS else len(x)
    for at in range(0, len(x), most):
        some = slice(at, at + most)
        height[some] = _drawn_between(grid, x[some], y[some], west=west, north=north)
    return height


def _drawn_between(
    grid: Grid, x: np.ndarray, y: np.ndarray, *, west: float, north: float
) -> np.ndarray:
    """Weigh the four cells round each of some places, counted from a corner of the raster."""
    dx, dy = grid.cell
    column, row = (x - west) / dx - 0.5, (north - y) / dy - 0.5
    left, top = np.floor(column), np.floor(row)
    middles = [
        (west + (left + right + 0.5) * dx, north - (top + down + 0.5) * dy)
        for right, down in _CORNERS
    ]
    value = cells_at(grid, *(np.concatenate(one) for one in zip(*middles, strict=True)))
    value = value.reshape(len(_CORNERS), -1)
    height = np.zeros(len(x))
    for (right, down), known in zip(_CORNERS, value, strict=True):
        weight = np.abs(1 - right - column + left) * np.abs(1 - down - row + top)
        # A corner of no weight does not matter, known or not
        height += np.where(weight > 0, weight * known, 0.0)
    return height
