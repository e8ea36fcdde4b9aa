"""Heights of the ground along streets, from elevation rasters."""

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geoequity.sources._grids import opened, project
from geoequity.sources.files import Record
from geoequity.sources.rasters import Raster, sampled
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
        return _between_cells(raster, gpd.GeoSeries(shapely.points(xy), crs=crs), record=record)

    return told


def _between_cells(raster: Raster, points: gpd.GeoSeries, *, record: Record | None) -> np.ndarray:
    """Draw heights between the middles of the four cells round each point."""
    with opened(raster, record=record) as whole:
        spots = project(points, whole.crs, name="streets", segment_m=None)
        (west, _, _, north), (dx, dy) = whole.extent, whole.cell
        column = (shapely.get_x(spots) - west) / dx - 0.5
        row = (north - shapely.get_y(spots)) / dy - 0.5
        left, top = np.floor(column), np.floor(row)
        middles, weights = [], []
        for right, down in _CORNERS:
            x, y = west + (left + right + 0.5) * dx, north - (top + down + 0.5) * dy
            middles.append(shapely.points(x, y))
            weights.append(np.abs(1 - right - column + left) * np.abs(1 - down - row + top))
        value = sampled(whole, gpd.GeoSeries(np.concatenate(middles), crs=whole.crs))
    weight = np.stack(weights)
    # A corner of no weight does not matter, known or not
    return np.where(weight > 0, weight * value.reshape(weight.shape), 0.0).sum(axis=0)
