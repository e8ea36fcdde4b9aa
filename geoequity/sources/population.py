"""
Count people from population rasters: totals are conserved, nothing is resampled.

People per cell are moved by the area that cells and polygons, or cells and
cells of another grid, share; a raster of people per area is multiplied by the
area of its cells first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import fsum
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError as ProjError

from geoequity import schema
from geoequity.errors import CRSError, DataError, shown
from geoequity.sources._coverage import (
    CHUNK_CELLS,
    ROUNDING_M,
    Wanted,
    check_geometry,
    check_units,
    extract,
    lay,
    shared,
    without_unknown,
)
from geoequity.sources._grids import Grid, opened, quads
from geoequity.sources._tiles import Piece, Raster
from geoequity.sources.files import Record

Quantity = Literal["count", "density"]
Per = Literal["m2", "ha", "km2"]

CORNER_CELLS = 100_000  # at a time, where the corners of cells are worked with
_CELLS = {"count": CHUNK_CELLS, "density": CORNER_CELLS}
_PER_M2 = {"m2": 1.0, "ha": 1e-4, "km2": 1e-6}


@dataclass(frozen=True, kw_only=True)
class MovedCounts:
    """
    Counts on another grid, and what became of them.

    Parameters
    ----------
    counts
        Rows from the top of the grid; NaN where nothing is known.
    kept
        Their sum.
    lost
        Counts that lie outside the new grid.
    """

    counts: np.ndarray
    kept: float
    lost: float


def count_people(
    raster: Raster,
    units: gpd.GeoDataFrame,
    *,
    quantity: Quantity = "count",
    per: Per = "km2",
    min_known_share: float = 0.0,
    record: Record | None = None,
) -> pd.Series:
    """
    Count the people of a population raster by unit, the total conserved.

    People are taken to be spread evenly within a cell of the raster. Where a
    part of a unit is unknown, as water and empty land are in many population
    rasters, the count is that of the known part.

    Parameters
    ----------
    raster
        People per cell, or per area.
    units
        Polygons in a metric CRS.
    quantity
        ``count``: people per cell; ``density``: people per area, multiplied by
        the area of each cell on the ellipsoid.
    per
        Area that a density is about.
    min_known_share
        Units with data on less of their area are unknown; by default those
        with no data at all.
    record
        Gets the total under the units, what was kept of it and lost.

    Returns
    -------
    population
        People by unit; NaN where unknown. ``attrs`` hold ``total``, the people
        under all units together, ``kept``, the sum over units, and ``lost``,
        the difference: below zero where units overlap.

    Raises
    ------
    DataError
        If a count is negative or beyond any measurement, units are at fault, or tiles overlap
        or do not fit together.
    SourceError
        If a file cannot be read, is rotated, or does not touch the units.
    CRSError
        If a CRS is missing, or that of the units is not metric.
    """
    check_units(units)
    with opened(raster, counts=True, record=record) as whole:
        laid = lay(units, whole)
        people = per_cell(laid.grid, quantity=quantity, per=per)
        wanted = [Wanted("population", "sum", people)]
        found = laid.take(wanted, cells=_CELLS[quantity])
        # Rounded, or the slits between units that nearly touch would be counted by whole cells
        cover = shapely.union_all(units.geometry.to_numpy(), grid_size=ROUNDING_M)
        joined = lay(gpd.GeoDataFrame(geometry=[cover], crs=units.crs), whole)
        under = extract(joined.shapes, wanted, grid=laid.grid, cells=_CELLS[quantity])
    counts = without_unknown(found, min_known_share, record=record)["population"]
    total, kept = float(under["population"].fillna(0.0).sum()), fsum(counts.dropna())
    counts.attrs = {"total": total, "kept": kept, "lost": total - kept}
    if record is not None:
        record.counts |= counts.attrs
    return counts


def raster_total(
    raster: Raster,
    *,
    boundary: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    quantity: Quantity = "count",
    per: Per = "km2",
) -> float:
    """
    Add up the people of a population raster.

    Parameters
    ----------
    raster
        People per cell, or per area.
    boundary
        Polygons in a metric CRS, taken as one; the whole raster by default.
    quantity
        ``count`` or ``density``, as in `count_people`.
    per
        Area that a density is about.

    Returns
    -------
    total
        People on the cells with data.

    Raises
    ------
    DataError
        If a count is negative or beyond any measurement, the boundary is at fault, or tiles
        overlap or do not fit together.
    SourceError
        If a file cannot be read, is rotated, or does not touch the boundary.
    CRSError
        If a CRS is missing, or that of the boundary is not metric.
    """
    if boundary is not None:
        schema.check_metric_crs(boundary, name="boundary")
        check_geometry(boundary, ["Polygon", "MultiPolygon"], name="boundary")
        cover = gpd.GeoDataFrame(geometry=[boundary.union_all()], crs=boundary.crs)
        people = count_people(raster, cover, quantity=quantity, per=per)
        return float(people.fillna(0.0).sum())
    with opened(raster, counts=True) as grid:
        people = per_cell(grid, quantity=quantity, per=per)
        return fsum(float(np.nansum(people(one))) for one in grid.pieces(_CELLS[quantity]))


def move_counts(
    raster: Raster,
    *,
    to_crs: CRS | str,
    to_transform: Any,
    to_shape: tuple[int, int],
    quantity: Quantity = "count",
    per: Per = "km2",
) -> MovedCounts:
    """
    Put counts on another grid, the total conserved.

    Each cell is drawn in the new CRS, and its count shared among the cells of
    the new grid by the area that falls into each: people are taken to be spread
    evenly within a cell. Nothing is resampled.

    Parameters
    ----------
    raster
        People per cell, or per area.
    to_crs
        CRS of the new grid.
    to_transform
        Affine transform of the new grid, from column and row to coordinates.
    to_shape
        Rows and columns of the new grid.
    quantity
        ``count`` or ``density``, as in `count_people`.
    per
        Area that a density is about.

    Returns
    -------
    moved
        The counts, and how many were kept and lost; kept and lost add up to the
        total of the raster.

    Raises
    ------
    DataError
        If a count is negative or beyond any measurement, or tiles overlap or do not fit
        together.
    SourceError
        If a file cannot be read or is rotated.
    CRSError
        If the raster has no CRS, or `to_crs` is none.
    """
    try:
        target = CRS.from_user_input(to_crs)
    except ProjError as error:
        msg = f"to_crs: {to_crs!r} is no CRS"
        raise CRSError(msg) from error
    rows, columns = to_shape
    a, b, c, d, e, f = tuple(~to_transform)[:6]
    moved, touched = np.zeros(rows * columns), np.zeros(rows * columns, dtype=bool)
    totals: list[float] = []
    with opened(raster, counts=True) as grid:
        people = per_cell(grid, quantity=quantity, per=per)
        project = Transformer.from_crs(grid.crs, target, always_xy=True)
        for piece in grid.pieces(CORNER_CELLS):
            counts = people(piece).ravel()
            known = ~np.isnan(counts)
            counts = counts[known]
            totals.append(float(counts.sum()))
            corners = project.transform(*grid.corners(piece))
            x, y = (np.where(np.isfinite(one), one, np.nan) for one in corners)
            # In columns and rows of the new grid, from its south-west
            cells = quads(a * x + b * y + c, rows - (d * x + e * y + f))[known]
            for source, place, share in shared(cells, rows=rows, columns=columns):
                np.add.at(moved, place, counts[source] * share)
                touched[place] = True
    kept, total = fsum(moved), fsum(totals)
    moved[~touched] = np.nan
    return MovedCounts(counts=moved.reshape(rows, columns), kept=kept, lost=total - kept)


def rake(population: pd.Series, *, districts: pd.Series, totals: pd.Series) -> pd.Series:
    """
    Scale the people of cells to the census totals of their districts.

    The pattern inside a district is taken from the cells, its sum from the
    census. People of a cell whose count is unknown are given to the others.

    Parameters
    ----------
    population
        People by cell, 0 or more; NaN where unknown.
    districts
        District of each cell, on the same index; None outside every district.
    totals
        People by district.

    Returns
    -------
    population
        On the same index; each district's cells add up to its total. NaN where
        the cell or its district's total is unknown, and outside every district.

    Raises
    ------
    DataError
        If the indexes differ, a count is negative, a district has no total or
        two, or a district with people has no cell with any.
    """
    schema.check_same_index(population, districts, names=("population", "districts"))
    schema.check_non_negative(population, name="population")
    schema.check_non_negative(totals, name="totals")
    schema.check_unique(totals.index, name="totals")
    named = districts.notna()
    absent = districts[named & ~districts.isin(totals.index)].unique()
    if len(absent):
        msg = f"totals: none for districts {shown(absent)}"
        raise DataError(msg, ids=absent)
    sums = population[named].groupby(districts[named]).sum().reindex(totals.index, fill_value=0.0)
    empty = totals.index[(totals > 0) & ~(sums > 0)]
    if len(empty):
        msg = f"population: no cell with people in districts that have some: {shown(empty)}"
        raise DataError(msg, ids=empty)
    factor = (totals / sums.where(sums > 0)).where(totals != 0, 0.0)
    return (population * districts.map(factor).astype(float)).rename("population")


def per_cell(grid: Grid, *, quantity: Quantity, per: Per) -> Callable[[Piece], np.ndarray]:
    """
    Give a function that reads the people of each cell.

    Parameters
    ----------
    grid
        People per cell, or per area.
    quantity
        ``count`` or ``density``, as in `count_people`.
    per
        Area that a density is about.

    Returns
    -------
    people
        Function of a piece of the grid.

    Raises
    ------
    DataError
        If there is no such quantity or area.
    """
    if quantity not in _CELLS or per not in _PER_M2:
        msg = f"quantity: count, or density per {', '.join(_PER_M2)}; not {quantity} per {per}"
        raise DataError(msg)
    if quantity == "count":
        return grid.read
    return lambda piece: grid.read(piece) * grid.cell_areas_m2(piece) * _PER_M2[per]
