"""
Read rasters onto districts and cells: people, heights, light, land cover, hazard.

Polygons are laid over the raster in its own CRS, and every cell of it counts by
the share that a polygon covers, exactly. The raster is never warped and never
held in memory. What it does not know stays unknown: each unit comes with the
share of its area on which there are data.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from geoequity import inequality, schema
from geoequity.errors import DataError, shown
from geoequity.sources._coverage import (
    CHUNK_CELLS,
    TINY_SHARE,
    Laid,
    Wanted,
    check_geometry,
    check_units,
    extract,
    lay,
    without_unknown,
)
from geoequity.sources._grids import Grid, opened, project, rings
from geoequity.sources._tiles import Piece, Raster, Tiles
from geoequity.sources.files import Record
from geoequity.sources.population import CORNER_CELLS, Per, Quantity, count_people, per_cell
from geoequity.sources.spec import RasterSpec
from geoequity.units import district_of

__all__ = ["Raster", "Tiles", "exposed_share", "read_raster", "values_at", "zonal"]

STATISTICS = ("count", "sum", "mean", "min", "max", "median", "variance", "stdev")
MIN_KNOWN_SHARE = 0.5  # of a unit's area, for a statement about the whole unit
_MEDIAN_CELLS = 2_500_000  # of one unit: a median needs all of them at once, 150 bytes each
_PLACES = 1_000_000  # looked up at a time

_Mark = Callable[[np.ndarray], np.ndarray]


def zonal(
    raster: Raster,
    units: gpd.GeoDataFrame,
    *,
    stats: Sequence[str] | None = None,
    classes: Mapping[str, Sequence[float]] | None = None,
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
        If a statistic is not one of those, a class is called "known", units are
        at fault, tiles do not fit together, values are beyond any measurement, or a unit is
        too large for its median.
    SourceError
        If a file cannot be read, is rotated, or does not touch the units.
    CRSError
        If a CRS is missing, or that of the units is not metric.

    Notes
    -----
    Cover fractions are exactextract's [1]_. Variance and standard deviation are
    those of the cells, not of a sample; the median follows the rule of
    `inequality.quantile`. A unit that is narrower than 0.01 mm somewhere has its
    corners rounded to that, and is refused if its area is then another.

    References
    ----------
    .. [1] Baston, D. exactextract, https://github.com/isciences/exactextract
    """
    asked = tuple(stats) if stats is not None else () if classes else ("mean",)
    _check_columns(asked, classes or {})
    check_units(units)
    with opened(raster, record=record) as whole:
        laid = lay(units, whole)
        if "median" in asked:
            _check_median(laid)
        read = laid.grid.read
        wanted = [Wanted(one, _median if one == "median" else one, read) for one in asked]
        for name, values in (classes or {}).items():
            wanted.append(Wanted(f"{name}_share", "mean", _marked(laid.grid, _member(values))))
        found = laid.take(wanted)
    return without_unknown(found, min_known_share, facts="count", record=record)


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
        beyond any measurement.
    SourceError
        If a file cannot be read, is rotated, or does not touch the points.
    CRSError
        If a CRS is missing, or that of the points is not metric.
    """
    schema.check_metric_crs(points, name="points")
    check_geometry(points, ["Point"], name="points")
    with opened(raster, record=record) as whole:
        return pd.Series(sampled(whole, points), index=points.index, name="value")


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
        are at fault, a count is negative, or values are beyond any measurement.
    SourceError
        If a file cannot be read, is rotated, or does not touch the units.
    CRSError
        If a CRS is missing, not metric, or that of the points is not the units'.
    """
    inside = _in_zone(above, classes)
    check_units(units)
    with opened(hazard, record=record) as whole:
        laid = lay(units, whole)
        found = laid.take([Wanted("area_share", "mean", _marked(laid.grid, inside))])
        land = without_unknown(found, min_known_share, record=record)
        if people is None:
            return land
        if isinstance(people, gpd.GeoDataFrame):
            counted = _points_exposed(people, units, whole, inside)
        else:
            with opened(people, counts=True, record=record) as crowd:
                counted = _cells_exposed(
                    lay(units, crowd), whole, inside, quantity=quantity, per=per
                )
    total, exposed, clear = (counted[one] for one in ("population", "exposed", "hazard_known"))
    share = clear / total.where(total > 0)
    enough = share >= min_known_share - TINY_SHARE
    return land.assign(
        population=total,
        exposed=exposed.where(enough | (total == 0)),
        people_known_share=share,
        exposed_share=(exposed / clear.where(clear > 0)).where(enough),
    )


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
        values are beyond any measurement, or tiles do not fit together.
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


def _check_columns(stats: Sequence[str], classes: Mapping[str, Sequence[float]]) -> None:
    """Refuse statistics that there are not, and a class whose column is taken."""
    odd = [one for one in stats if one not in STATISTICS]
    if odd:
        msg = f"stats: there is no {shown(odd)}; there are {', '.join(STATISTICS)}"
        raise DataError(msg, ids=odd)
    if "known" in classes:
        msg = "classes: known_share is the share of the area with data; name the class otherwise"
        raise DataError(msg, ids=["known"])


def _check_median(laid: Laid) -> None:
    """Refuse units too large for a statistic that needs all their cells at once."""
    large = laid.ids[shapely.area(laid.shapes) / laid.grid.cell_area > _MEDIAN_CELLS]
    if len(large):
        msg = (
            f"{laid.grid.name}: over {_MEDIAN_CELLS:,} cells in units {shown(large)}, too many"
            " for a median; take the mean, or smaller units"
        )
        raise DataError(msg, ids=large)


def _median(values: np.ma.MaskedArray, coverage: np.ndarray) -> float:
    """Give the median cell by the share covered."""
    known = ~np.ma.getmaskarray(values) & (coverage > 0)
    if not known.any():
        return np.nan
    cells, weight = pd.Series(np.ma.getdata(values)[known]), pd.Series(coverage[known])
    return inequality.quantile(cells, population=weight, q=0.5)


def _member(values: Sequence[float]) -> _Mark:
    """Make the function that marks one of some values 1, others 0, unknown NaN."""
    listed = np.asarray(list(values), dtype=float)
    return lambda cells: np.where(np.isnan(cells), np.nan, np.isin(cells, listed))


def _in_zone(above: float | None, classes: Sequence[float] | None) -> _Mark:
    """Make the function that marks a hazard zone 1, other land 0, unknown NaN."""
    if (above is None) == (classes is None):
        msg = "hazard: give above, or classes"
        raise DataError(msg)
    if classes is not None:
        return _member(classes)
    return lambda cells: np.where(np.isnan(cells), np.nan, cells > above)


def _marked(grid: Grid, mark: _Mark) -> Callable[[Piece], np.ndarray]:
    """Make the function that reads a grid's cells and marks them."""
    return lambda piece: mark(grid.read(piece))


def sampled(whole: Grid, points: gpd.GeoDataFrame | gpd.GeoSeries) -> np.ndarray:
    """
    Read the cell of each point, in pieces.

    Parameters
    ----------
    whole
        An opened raster.
    points
        Points in any projected CRS.

    Returns
    -------
    values
        One for each point; NaN where unknown or outside.
    """
    spots = project(points.geometry, whole.crs, name="points", segment_m=None)
    grid = whole.crop(shapely.bounds(spots), name="points")
    return cells_at(grid, shapely.get_x(spots), shapely.get_y(spots))


def cells_at(grid: Grid, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """
    Read the cells of places in the CRS of a raster, in pieces.

    Parameters
    ----------
    grid
        A window of an opened raster.
    x
        Of each place.
    y
        Of each place.

    Returns
    -------
    values
        One for each place; NaN where unknown or outside the window.
    """
    (west, _, _, north), (dx, dy) = grid.extent, grid.cell
    found = np.full(len(x), np.nan)
    for piece in grid.pieces(CHUNK_CELLS):
        for at in range(0, len(x), _PLACES):
            some = slice(at, at + _PLACES)
            column = np.floor((x[some] - west) / dx).astype(int) - piece.x
            row = np.floor((north - y[some]) / dy).astype(int) - piece.y
            here = (column >= 0) & (column < piece.columns) & (row >= 0) & (row < piece.rows)
            if here.any():
                found[some][here] = grid.read(piece)[row[here], column[here]]
    return found


def _points_exposed(
    points: gpd.GeoDataFrame, units: gpd.GeoDataFrame, hazard: Grid, inside: _Mark
) -> pd.DataFrame:
    """Add up by unit the people of points, those in the zone, those of known hazard."""
    schema.check_same_crs(points, units, names=("people", "units"))
    check_geometry(points, ["Point"], name="people")
    schema.check_columns(points, ["population"], name="people")
    schema.check_non_negative(points["population"], name="people: population")
    zone = inside(sampled(hazard, points))
    people = points["population"].astype(float)
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
    laid: Laid, hazard: Grid, inside: _Mark, *, quantity: Quantity, per: Per
) -> pd.DataFrame:
    """Add up by unit the people of cells, those in the zone, those of known hazard."""
    grid = laid.grid
    people = per_cell(grid, quantity=quantity, per=per)
    to_hazard = Transformer.from_crs(grid.crs, hazard.crs, always_xy=True)

    @lru_cache(maxsize=1)  # each piece is asked for twice, once by either raster made of it
    def parts(piece: Piece) -> tuple[np.ndarray, np.ndarray]:
        """People of each cell who live in the zone, and whose hazard is known."""
        counts = people(piece)
        exposed, clear = counts * 0, counts * 0
        cells = rings(*to_hazard.transform(*grid.corners(piece)))
        peopled = (counts > 0) & np.isfinite(cells).all(axis=(1, 2)).reshape(counts.shape)
        shares = _zone_shares(cells[peopled.ravel()], hazard, inside)
        exposed[peopled] = counts[peopled] * shares[:, 0]
        clear[peopled] = counts[peopled] * shares[:, 1]
        return exposed, clear

    wanted = [
        Wanted("population", "sum", people),
        Wanted("exposed", "sum", lambda piece: parts(piece)[0]),
        Wanted("hazard_known", "sum", lambda piece: parts(piece)[1]),
    ]
    found = laid.take(wanted, cells=CORNER_CELLS * len(wanted))
    return found.where(found["known_share"] > 0)


def _zone_shares(cells: np.ndarray, hazard: Grid, inside: _Mark) -> np.ndarray:
    """Measure the shares of each cell, given by its corners, in the zone and of known hazard."""
    bounds = np.hstack([cells.min(axis=1), cells.max(axis=1)])
    if not len(cells) or not hazard.touches(bounds):
        return np.zeros((len(cells), 2))
    under = hazard.crop(bounds, name="population")
    if under.rows * under.columns <= CHUNK_CELLS:
        return _shares_within(cells, bounds, under, inside)
    if len(cells) == 1:
        return _cut_shares(cells, under, _marked(under, inside))
    half = len(cells) // 2
    return np.concatenate(
        [_zone_shares(one, hazard, inside) for one in (cells[:half], cells[half:])]
    )


def _shares_within(cells: np.ndarray, bounds: np.ndarray, under: Grid, inside: _Mark) -> np.ndarray:
    """Cut only the cells over which the hazard differs: most lie all in a zone, or all out."""
    zone = inside(under.read(Piece(0, 0, under.columns, under.rows)))
    (west, south, east, north), (dx, dy) = under.extent, under.cell
    x0, y0, x1, y1 = bounds.T
    is_beyond = (x0 < west) | (y0 < south) | (x1 > east) | (y1 > north)
    left, right = np.floor((x0 - west) / dx), np.ceil((x1 - west) / dx)
    top, bottom = np.floor((north - y1) / dy), np.ceil((north - y0) / dy)
    left, right = (np.clip(one, 0, under.columns).astype(int) for one in (left, right))
    top, bottom = (np.clip(one, 0, under.rows).astype(int) for one in (top, bottom))

    def counted(marks: np.ndarray) -> np.ndarray:
        """Count marks in the box of each cell."""
        sums = np.pad(marks.cumsum(axis=0, dtype=np.int32).cumsum(axis=1), ((1, 0), (1, 0)))
        return sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]

    def part(piece: Piece) -> np.ndarray:
        """Give a piece of the zone."""
        return zone[piece.y : piece.y + piece.rows, piece.x : piece.x + piece.columns]

    boxed, known, wet = (bottom - top) * (right - left), counted(zone >= 0), counted(zone > 0)
    is_alike = (known == 0) | ((known == boxed) & ((wet == 0) | (wet == boxed)))
    shares = np.column_stack([wet > 0, known > 0]).astype(float)
    cut = is_beyond | ~is_alike
    if cut.any():
        shares[cut] = _cut_shares(cells[cut], under, part)
    return shares


def _cut_shares(cells: np.ndarray, under: Grid, read: Callable[[Piece], np.ndarray]) -> np.ndarray:
    """Measure the shares of each cell in the zone and of known hazard, exactly."""
    polygons = shapely.polygons(cells)
    found = extract(
        polygons, [Wanted("exposed", "sum", read), Wanted("clear", "count", read)], grid=under
    )
    return found.fillna(0.0).to_numpy() / (shapely.area(polygons) / under.cell_area)[:, None]
