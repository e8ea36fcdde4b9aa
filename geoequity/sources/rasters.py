"""
Read rasters onto districts and cells: people, heights, light, land cover, hazard.

Polygons are laid over the raster in its own CRS, and every cell of it counts by
the share that a polygon covers, exactly. The raster is never warped and never
held in memory. What it does not know stays unknown: each unit comes with the
share of its area on which there are data.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Transformer

from geoequity import inequality, schema
from geoequity.errors import DataError, shown
from geoequity.sources.files import Record
from geoequity.sources.spec import RasterSpec
from geoequity.units import district_of

if TYPE_CHECKING:
    from geoequity.sources import _grids

Quantity = Literal["count", "density"]
Per = Literal["m2", "ha", "km2"]
Classes = Mapping[str, Sequence[float]]

STATISTICS = ("count", "sum", "mean", "min", "max", "median", "variance", "stdev")
MIN_KNOWN_SHARE = 0.5  # of a unit's area, for a statement about the whole unit
_PER_M2 = {"m2": 1.0, "ha": 1e-4, "km2": 1e-6}
_MEDIAN_CELLS = 4_000_000  # of one unit: a median needs all of them at once, 80 bytes each
_PIECE_CELLS = 250_000  # of work that draws the cells as polygons
_PIECE_PAIRS = 500_000  # of cells and cells of another grid
_TINY_SHARE = 1e-6  # exactextract's coverage is of single precision


@dataclass(frozen=True, kw_only=True)
class Tiles:
    """
    A raster in one file or in several tiles of one grid, and how to read it.

    Parameters
    ----------
    paths
        The files; ``.vrt`` too. Where tiles overlap, the first that knows wins.
    band
        Number of the band, from 1; needed where a file has several.
    crs
        CRS, where the file does not say or says it wrong.
    nodata
        Stored value that means unknown, where the file does not say or says it
        wrong; ``none`` declares that every value is data.
    scale
        What to multiply stored values by, where the file does not say.
    """

    paths: tuple[Path, ...]
    band: int | None = None
    crs: str | None = None
    nodata: float | Literal["none"] | None = None
    scale: float | None = None


Raster = Path | str | Sequence[Path | str] | Tiles


@dataclass(frozen=True, kw_only=True)
class MovedCounts:
    """
    Counts on another grid, and what became of them.

    Parameters
    ----------
    values
        Counts, rows from the top of the grid; NaN where nothing is known.
    kept
        Sum of the values.
    lost
        Counts that lie outside the new grid.
    """

    values: np.ndarray
    kept: float
    lost: float


def zonal(
    raster: Raster,
    units: gpd.GeoDataFrame,
    *,
    stats: Sequence[str] | None = None,
    classes: Classes | None = None,
    min_known_share: float = MIN_KNOWN_SHARE,
    record: Record | None = None,
) -> pd.DataFrame:
    """
    Summarise a raster by unit.

    Cells of a raster in degrees count alike, though those nearer the equator
    are larger: within a city by less than one in a thousand.

    Parameters
    ----------
    raster
        File, tiles, or `Tiles` with how to read them.
    units
        Polygons in a metric CRS.
    stats
        Any of ``count`` (cells with data, by share covered), ``sum``, ``mean``,
        ``min``, ``max``, ``median``, ``variance``, ``stdev``; by default the mean,
        or none where there are classes.
    classes
        Values that make up each class; gives a column ``<class>_share``, the
        share of the unit's area with data. Values of no class are data, too.
    min_known_share
        Units with data on less of their area are unknown.
    record
        Gets the units read and those that are unknown.

    Returns
    -------
    statistics
        A column for each statistic and class, and ``known_share``, the share of
        the unit's area with data [0-1]; on the units' index. NaN where
        unknown, but for ``count`` and ``known_share``.

    Raises
    ------
    DataError
        If a statistic is not one of those, units are at fault, tiles do not fit
        together, values are infinite, or a unit is too large for its median.
    SourceError
        If a file cannot be read, is rotated, or does not touch the units.
    CRSError
        If a CRS is missing, or that of the units is not metric.

    Notes
    -----
    Cover fractions are exactextract's [1]_. Variance and standard deviation are
    those of the cells, not of a sample; the median follows the rule of
    `inequality.quantile`.

    References
    ----------
    .. [1] Baston, D. exactextract, https://github.com/isciences/exactextract
    """
    asked = tuple(stats) if stats is not None else () if classes else ("mean",)
    _check_stats(asked)
    _check_units(units)
    from geoequity.sources import _coverage, _grids  # noqa: PLC0415 - rasterio, where it is used

    with _opened(raster, record=record) as whole:
        shapes = _grids.project(units.geometry, whole.crs, name="units")
        grid = whole.crop(shapely.bounds(shapes), name="units")
        if "median" in asked:
            _check_median(shapes, units.index, grid)
        wanted: list[tuple[str, Any, Any]] = [("known", "count", grid)]
        wanted += [(one, _median if one == "median" else one, grid) for one in asked]
        for name, values in (classes or {}).items():
            members = _grids.Derived(grid, _member(values))
            wanted.append((f"{name}_share", "mean", members))
        found = _coverage.extract(shapes, wanted, grid=grid).set_index(units.index)
        known = _known_share(found.pop("known"), shapes, grid)
    return _unknown_out(found, known, min_known_share, keep="count", record=record)


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
        If a count is negative or infinite, units are at fault, or tiles overlap
        or do not fit together.
    SourceError
        If a file cannot be read, is rotated, or does not touch the units.
    CRSError
        If a CRS is missing, or that of the units is not metric.
    """
    _check_units(units)
    from geoequity.sources import _coverage, _grids  # noqa: PLC0415 - rasterio, where it is used

    with _opened(raster, counts=True, record=record) as whole:
        shapes = _grids.project(units.geometry, whole.crs, name="units")
        grid = whole.crop(shapely.bounds(shapes), name="units")
        people, cells = _people(grid, quantity=quantity, per=per)
        wanted = [("known", "count", grid), ("population", "sum", people)]
        found = _coverage.extract(shapes, wanted, grid=grid, cells=cells).set_index(units.index)
        known = _known_share(found.pop("known"), shapes, grid)
        cover = np.array([shapely.union_all(shapes)])
        under = _coverage.extract(cover, wanted[1:], grid=grid, cells=cells)["population"]
    counts = _unknown_out(found, known, min_known_share, record=record)["population"]
    total, kept = float(under.fillna(0.0).sum()), fsum(counts.dropna())
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
        If a count is negative or infinite, the boundary is at fault, or tiles
        overlap or do not fit together.
    SourceError
        If a file cannot be read, is rotated, or does not touch the boundary.
    CRSError
        If a CRS is missing, or that of the boundary is not metric.
    """
    if boundary is not None:
        schema.check_metric_crs(boundary, name="boundary")
        cover = gpd.GeoDataFrame(geometry=[boundary.union_all()], crs=boundary.crs)
        people = count_people(raster, cover, quantity=quantity, per=per)
        return float(people.fillna(0.0).sum())
    with _opened(raster, counts=True) as grid:
        counts, cells = _people(grid, quantity=quantity, per=per)
        return fsum(float(np.nansum(counts.read_window(*one))) for one in grid.chunks(cells))


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
        If a count is negative or infinite, or tiles overlap or do not fit
        together.
    SourceError
        If a file cannot be read or is rotated.
    CRSError
        If the raster has no CRS.
    """
    rows, columns = to_shape
    values, touched = np.zeros(rows * columns), np.zeros(rows * columns, dtype=bool)
    totals: list[float] = []
    a, b, c, d, e, f = tuple(~to_transform)[:6]
    from geoequity.sources import _coverage, _grids  # noqa: PLC0415 - rasterio, where it is used

    with _opened(raster, counts=True) as grid:
        people, _ = _people(grid, quantity=quantity, per=per)
        to_grid = Transformer.from_crs(grid.crs, to_crs, always_xy=True)
        for piece in grid.chunks(_PIECE_CELLS):
            counts = people.read_window(*piece).ravel()
            known = np.flatnonzero(~np.isnan(counts))
            totals.append(float(counts[known].sum()))
            x, y = to_grid.transform(*grid.corners(*piece))
            # In columns and rows of the new grid, where its cells are unit squares
            cells = _grids.quads(a * x + b * y + c, d * x + e * y + f)[known]
            for source, place, share in _shared(cells, rows=rows, columns=columns):
                np.add.at(values, place, counts[known][source] * share)
                touched[place] = True
    kept = float(values.sum())
    values[~touched] = np.nan
    total = fsum(totals)
    return MovedCounts(values=values.reshape(rows, columns), kept=kept, lost=total - kept)


def values_at(
    raster: Raster, points: gpd.GeoDataFrame | gpd.GeoSeries, *, record: Record | None = None
) -> pd.Series:
    """
    Read the value of the cell that each point lies in.

    Parameters
    ----------
    raster
        File, tiles, or `Tiles` with how to read them.
    points
        Points in a metric CRS.
    record
        Gets what the reading warns of.

    Returns
    -------
    value
        On the points' index; NaN where unknown or outside the raster.

    Raises
    ------
    DataError
        If a geometry is no point, tiles do not fit together, or values are
        infinite.
    SourceError
        If a file cannot be read, is rotated, or does not touch the points.
    CRSError
        If a CRS is missing, or that of the points is not metric.
    """
    schema.check_metric_crs(points, name="points")
    _check_geometry(points, {"Point"}, name="points")
    from geoequity.sources import _coverage, _grids  # noqa: PLC0415 - rasterio, where it is used

    with _opened(raster, record=record) as whole:
        spots = _grids.project(points.geometry, whole.crs, name="points", segment_m=None)
        grid = whole.crop(shapely.bounds(spots), name="points")
        west, _, _, north = grid.extent()
        columns = np.floor((shapely.get_x(spots) - west) / grid.cell[0]).astype(int)
        rows = np.floor((north - shapely.get_y(spots)) / grid.cell[1]).astype(int)
        found = np.full(len(spots), np.nan)
        for x0, y0, nx, ny in grid.chunks():
            x, y = columns - x0, rows - y0
            here = (x >= 0) & (x < nx) & (y >= 0) & (y < ny)
            if here.any():
                found[here] = grid.read_window(x0, y0, nx, ny)[y[here], x[here]]
    return pd.Series(found, index=points.index, name="value")


def exposed_share(
    hazard: Raster,
    units: gpd.GeoDataFrame,
    *,
    above: float | None = None,
    classes: Sequence[float] | None = None,
    people: Raster | gpd.GeoDataFrame | None = None,
    quantity: Quantity = "count",
    per: Per = "km2",
    min_known_share: float = MIN_KNOWN_SHARE,
    record: Record | None = None,
) -> pd.DataFrame:
    """
    Tell which share of the land and of the people lies in a hazard zone.

    Within a cell of the population raster people are taken to be spread evenly,
    so that the exposed share of its area is that of its people.

    Parameters
    ----------
    hazard
        Raster of depth, probability or class.
    units
        Polygons in a metric CRS.
    above
        Cells with a greater value are in the zone.
    classes
        Cells with one of these values are; give this or `above`.
    people
        Population raster, or points with ``population`` in the CRS of the
        units; without it, the land alone is told of.
    quantity
        ``count`` or ``density``, as in `count_people`.
    per
        Area that a density is about.
    min_known_share
        Where the hazard is known on less of the area, or to fewer of the
        people, the share is unknown.
    record
        Gets the units read and those that are unknown.

    Returns
    -------
    exposure
        On the units' index: ``area_share`` of the land with data,
        ``known_share`` of the land; with people ``population``,
        ``exposed`` (people in the zone), ``people_known_share`` and
        ``exposed_share`` of the people for whom the hazard is known. NaN where
        unknown, and for shares of nobody.

    Raises
    ------
    DataError
        If neither or both of `above` and `classes` are given, units or points
        are at fault, a count is negative, or values are infinite.
    SourceError
        If a file cannot be read, is rotated, or does not touch the units.
    CRSError
        If a CRS is missing, not metric, or that of the points is not the units'.
    """
    inside = _in_zone(above, classes)
    _check_units(units)
    from geoequity.sources import _coverage, _grids  # noqa: PLC0415 - rasterio, where it is used

    with _opened(hazard, record=record) as whole:
        shapes = _grids.project(units.geometry, whole.crs, name="units")
        grid = whole.crop(shapely.bounds(shapes), name="units")
        zone = _grids.Derived(grid, inside)
        wanted = [("known", "count", grid), ("area_share", "mean", zone)]
        found = _coverage.extract(shapes, wanted, grid=grid).set_index(units.index)
        known = _known_share(found.pop("known"), shapes, grid)
        land = _unknown_out(found, known, min_known_share, record=record)
        if people is None:
            return land
        if isinstance(people, gpd.GeoDataFrame):
            counted = _points_exposed(people, units, values_at(hazard, people), inside)
        else:
            with _opened(people, counts=True, record=record) as crowd:
                counted = _cells_exposed(crowd, units, whole, inside, quantity=quantity, per=per)
    total, exposed, clear = (counted[one] for one in ("population", "exposed", "hazard_known"))
    share = clear / total.where(total > 0)
    enough = share >= min_known_share - _TINY_SHARE
    return land.assign(
        population=total,
        exposed=exposed.where(enough | (total == 0)),
        people_known_share=share,
        exposed_share=(exposed / clear.where(clear > 0)).where(enough),
    )


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


def read_raster(spec: RasterSpec, units: gpd.GeoDataFrame, *, record: Record) -> pd.DataFrame:
    """
    Read a raster of a city file onto units.

    Parameters
    ----------
    spec
        The files, their kind and how to read them.
    units
        Polygons in a metric CRS.
    record
        Gets the units read and those that are unknown.

    Returns
    -------
    values
        Columns by kind, on the units' index, NaN where unknown: ``population``;
        ``elevation_m``, ``elevation_min_m``, ``elevation_max_m``;
        ``night_lights_mean``, ``night_lights_sum``; ``ndvi``;
        ``<class>_share`` of land cover; ``hazard_share``. All but population
        come with ``known_share``.

    Raises
    ------
    DataError
        If units are at fault, a count is negative, an NDVI is beyond -1 to 1,
        values are infinite, or tiles do not fit together.
    SourceError
        If a file cannot be read, is rotated, or does not touch the units.
    CRSError
        If a CRS is missing, or that of the units is not metric.
    """
    tiles = Tiles(
        paths=spec.path, band=spec.band, crs=spec.crs, nodata=spec.nodata, scale=spec.scale
    )
    least = spec.min_known_share
    if spec.kind == "population":
        counts = count_people(
            tiles,
            units,
            quantity=spec.quantity,
            per=spec.per,
            min_known_share=least or 0.0,
            record=record,
        )
        return counts.to_frame()
    least = MIN_KNOWN_SHARE if least is None else least
    if spec.kind == "hazard":
        listed = [one for values in spec.classes.values() for one in values] or None
        exposure = exposed_share(
            tiles, units, above=spec.above, classes=listed, min_known_share=least, record=record
        )
        return exposure.rename(columns={"area_share": "hazard_share"})
    stats = {
        "elevation": {"mean": "elevation_m", "min": "elevation_min_m", "max": "elevation_max_m"},
        "night_lights": {"mean": "night_lights_mean", "sum": "night_lights_sum"},
        "ndvi": {"mean": "ndvi", "min": "min", "max": "max"},
        "landcover": {},
    }[spec.kind]
    found = zonal(
        tiles,
        units,
        stats=list(stats),
        classes=spec.classes,
        min_known_share=least,
        record=record,
    ).rename(columns=stats)
    if spec.kind == "ndvi":
        low, high = found.pop("min"), found.pop("max")
        beyond = units.index[(low < -1) | (high > 1)]
        if len(beyond):
            msg = f"{spec.path[0]}: NDVI beyond -1 to 1 in {shown(beyond)}; declare scale or nodata"
            raise DataError(msg, ids=beyond)
    return found


def _tiles(raster: Raster) -> Tiles:
    """Take one path or several for tiles; refuse none, and one that stands twice."""
    if not isinstance(raster, Tiles):
        listed = [raster] if isinstance(raster, str | Path) else list(raster)
        raster = Tiles(paths=tuple(Path(one) for one in listed))
    if not raster.paths:
        msg = "rasters: no file is named"
        raise DataError(msg)
    twice = [one for n, one in enumerate(raster.paths) if one in raster.paths[:n]]
    if twice:
        msg = f"rasters: files are named more than once: {shown(twice)}"
        raise DataError(msg, ids=twice)
    return raster


@contextmanager
def _opened(
    raster: Raster, *, counts: bool = False, record: Record | None = None
) -> Iterator["_grids.Grid"]:
    """Open a raster; rasterio is imported where one is read."""
    from geoequity.sources import _coverage, _grids  # noqa: PLC0415 - rasterio, where it is used

    tiles = _tiles(raster)
    with _grids.opened(
        tiles.paths,
        band=tiles.band,
        crs=tiles.crs,
        nodata=tiles.nodata,
        scale=tiles.scale,
        counts=counts,
        record=record,
    ) as grid:
        yield grid


def _check_stats(stats: Sequence[str]) -> None:
    """Refuse statistics that there are not."""
    odd = [one for one in stats if one not in STATISTICS]
    if odd:
        msg = f"stats: there is no {shown(odd)}; there are {', '.join(STATISTICS)}"
        raise DataError(msg, ids=odd)


def _check_units(units: gpd.GeoDataFrame) -> None:
    """Refuse units that cannot be laid over a raster."""
    schema.check_metric_crs(units, name="units")
    schema.check_unique(units.index, name="units")
    _check_geometry(units, {"Polygon", "MultiPolygon"}, name="units")


def _check_geometry(frame: gpd.GeoDataFrame | gpd.GeoSeries, kinds: set[str], *, name: str) -> None:
    """Refuse a table without rows, and geometry that is missing or of another kind."""
    if not len(frame):
        msg = f"{name}: no rows"
        raise DataError(msg)
    geometry = frame.geometry
    bad = geometry.isna() | geometry.is_empty | ~geometry.is_valid | ~geometry.geom_type.isin(kinds)
    if bad.any():
        ids = frame.index[bad]
        msg = f"{name}: geometry missing, empty, invalid or no {min(kinds).lower()}: {shown(ids)}"
        raise DataError(msg, ids=ids)


def _check_median(shapes: np.ndarray, ids: pd.Index, grid: "_grids.Grid") -> None:
    """Refuse units too large for a statistic that needs all their cells at once."""
    large = ids[shapely.area(shapes) / grid.cell_area > _MEDIAN_CELLS]
    if len(large):
        msg = (
            f"{grid.name}: over {_MEDIAN_CELLS:,} cells in units {shown(large)}, too many for"
            " a median; take the mean, or smaller units"
        )
        raise DataError(msg, ids=large)


def _known_share(count: pd.Series, shapes: np.ndarray, grid: "_grids.Grid") -> pd.Series:
    """Compare the cells with data with the area of each unit, in cells."""
    cells = shapely.area(shapes) / grid.cell_area
    return (count.fillna(0.0) / cells).clip(0.0, 1.0)


def _unknown_out(
    found: pd.DataFrame,
    known: pd.Series,
    least: float,
    *,
    keep: str | None = None,
    record: Record | None,
) -> pd.DataFrame:
    """Leave unknown what too little of a unit is known of, and keep the book."""
    enough = (known > 0) & (known >= least - _TINY_SHARE)
    if record is not None:
        record.rows_read, record.rows_kept = len(known), int(enough.sum())
        record.drop(f"data on less than {least:g} of the area, or none", known.index[~enough])
    stays = found.columns == keep
    return found.where(enough.to_numpy()[:, None] | stays).assign(known_share=known)


def _median(values: np.ma.MaskedArray, coverage: np.ndarray) -> float:
    """Give the median cell by the share covered."""
    known = ~np.ma.getmaskarray(values) & (coverage > 0)
    if not known.any():
        return np.nan
    cells, weight = pd.Series(np.ma.getdata(values)[known]), pd.Series(coverage[known])
    return inequality.quantile(cells, population=weight, q=0.5)


def _member(values: Sequence[float]) -> Callable[[np.ndarray, object], np.ndarray]:
    """Mark the cells with one of some values 1, others 0, unknown ones NaN."""
    listed = np.asarray(list(values), dtype=float)
    return lambda cells, _: np.where(np.isnan(cells), np.nan, np.isin(cells, listed))


def _in_zone(
    above: float | None, classes: Sequence[float] | None
) -> Callable[[np.ndarray, object], np.ndarray]:
    """Mark the cells of a hazard zone 1, others 0, unknown ones NaN."""
    if (above is None) == (classes is None):
        msg = "hazard: give above, or classes"
        raise DataError(msg)
    if classes is not None:
        return _member(classes)
    return lambda cells, _: np.where(np.isnan(cells), np.nan, cells > above)


def _people(grid: "_grids.Grid", *, quantity: Quantity, per: Per) -> tuple[Any, int]:
    """Give the raster of people per cell, and how many cells to read of it at a time."""
    from geoequity.sources import _coverage, _grids  # noqa: PLC0415 - rasterio, where it is used

    if quantity not in {"count", "density"} or per not in _PER_M2:
        msg = f"quantity: count or density per {', '.join(_PER_M2)}, not {quantity} per {per}"
        raise DataError(msg)
    if quantity == "count":
        return grid, _grids.CHUNK_CELLS
    factor = _PER_M2[per]
    counts = _grids.Derived(grid, lambda cells, at: cells * grid.cell_areas_m2(*at) * factor)
    return counts, _PIECE_CELLS


def _shared(
    cells: np.ndarray, *, rows: int, columns: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Share cells among the unit squares of a grid: cell, square and share, some at a time."""
    bounds, area = shapely.bounds(cells), shapely.area(cells)
    limit = (columns, rows)
    low = np.clip(np.floor(bounds[:, :2]), 0, limit)
    high = np.clip(np.ceil(bounds[:, 2:]), 0, limit)
    span = np.nan_to_num(high - low).astype(int)
    pairs = np.where(np.isfinite(area), span[:, 0] * span[:, 1], 0)
    whole = (pairs == 1) & (bounds[:, :2] >= 0).all(axis=1) & (bounds[:, 2:] <= limit).all(axis=1)
    cuts = np.flatnonzero(np.diff(np.cumsum(pairs) // _PIECE_PAIRS)) + 1
    for some in np.split(np.arange(len(cells)), cuts):
        source = np.repeat(some, pairs[some])
        nth = np.arange(len(source)) - np.repeat(np.cumsum(pairs[some]) - pairs[some], pairs[some])
        column = low[source, 0].astype(int) + nth % span[source, 0]
        row = low[source, 1].astype(int) + nth // span[source, 0]
        share = np.ones(len(source))
        cut = ~whole[source]
        squares = shapely.box(column[cut], row[cut], column[cut] + 1, row[cut] + 1)
        common = shapely.area(shapely.intersection(cells[source[cut]], squares))
        share[cut] = common / area[source[cut]]
        some_land = share > 0
        place = row * columns + column
        yield source[some_land], place[some_land], share[some_land]


def _points_exposed(
    points: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    hazard: pd.Series,
    inside: Callable[[np.ndarray, object], np.ndarray],
) -> pd.DataFrame:
    """Add up by unit the people of points, those in the zone, those of known hazard."""
    schema.check_same_crs(points, units, names=("people", "units"))
    schema.check_columns(points, ["population"], name="people")
    people = points["population"].astype(float)
    schema.check_non_negative(people, name="people: population")
    zone = inside(hazard.to_numpy(), None)
    table = pd.DataFrame(
        {
            "population": people,
            "exposed": people * np.nan_to_num(zone),
            "hazard_known": people * ~np.isnan(zone),
        }
    )
    by_unit = table.groupby(district_of(points.geometry, units)).sum()
    return by_unit.reindex(units.index, fill_value=0.0)


def _cells_exposed(
    crowd: "_grids.Grid",
    units: gpd.GeoDataFrame,
    hazard: "_grids.Grid",
    inside: Callable[[np.ndarray, object], np.ndarray],
    *,
    quantity: Quantity,
    per: Per,
) -> pd.DataFrame:
    """Add up by unit the people of cells, those in the zone, those of known hazard."""
    from geoequity.sources import _coverage, _grids  # noqa: PLC0415 - rasterio, where it is used

    shapes = _grids.project(units.geometry, crowd.crs, name="units")
    grid = crowd.crop(shapely.bounds(shapes), name="units")
    people, _ = _people(grid, quantity=quantity, per=per)
    to_hazard = Transformer.from_crs(crowd.crs, hazard.crs, always_xy=True)

    @lru_cache(maxsize=1)  # asked for twice, once for each of the two rasters made of it
    def parts(*at: int) -> tuple[np.ndarray, np.ndarray]:
        """People of a piece's cells who live in the zone, and whose hazard is known."""
        counts = people.read_window(*at)
        exposed, clear = counts * 0, counts * 0
        peopled = counts > 0
        cells = _grids.quads(*to_hazard.transform(*grid.corners(*at)))[peopled.ravel()]
        if len(cells) and hazard.touches(shapely.bounds(cells)):
            under = hazard.crop(shapely.bounds(cells), name="population")
            zone = _grids.Derived(under, inside)
            wanted = [("clear", "count", under), ("exposed", "sum", zone)]
            share = _coverage.extract(cells, wanted, grid=under).fillna(0.0)
            share = share.div(shapely.area(cells) / under.cell_area, axis=0)
            exposed[peopled] = counts[peopled] * share["exposed"]
            clear[peopled] = counts[peopled] * share["clear"]
        return exposed, clear

    wanted = [
        ("cells", "count", people),
        ("population", "sum", people),
        ("exposed", "sum", _grids.Derived(grid, lambda _, at: parts(*at)[0])),
        ("hazard_known", "sum", _grids.Derived(grid, lambda _, at: parts(*at)[1])),
    ]
    found = _coverage.extract(shapes, wanted, grid=grid, cells=_PIECE_CELLS).set_index(units.index)
    return found.where(found.pop("cells") > 0)
