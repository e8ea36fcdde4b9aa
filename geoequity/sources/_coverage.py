"""
Grids of cells cut by polygons: exactextract, fed by functions that read a piece.

A value is never resampled: a cell counts by the share of it that a polygon
covers, which is exact to the seventh digit.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from exactextract.feature import Feature, FeatureSource
from exactextract.operation import Operation, PythonOperation
from exactextract.processor import FeatureSequentialProcessor, RasterSequentialProcessor
from exactextract.raster import RasterSource
from exactextract.writer import PandasWriter

from geoequity import schema
from geoequity.errors import DataError, shown
from geoequity.sources._grids import Grid, project
from geoequity.sources._tiles import Piece
from geoequity.sources.files import Record

CHUNK_CELLS = 4_000_000  # read at a time: some 100 MB with all that is made of them
_PAIRS = 2_000_000  # of shapes and squares at a time
TINY_SHARE = 1e-6  # of an area: exactextract's cover is of single precision
ROUNDING_M = 1e-5  # of corners: far above the rounding of floats, far below what is measured


class Wanted(NamedTuple):
    """
    A statistic to take of a grid's cells by polygon.

    Parameters
    ----------
    column
        What to call it.
    stat
        Statistic of exactextract, or a function of all the cells of a polygon,
        a masked array, and the share of each that it covers.
    read
        Values of a piece of the grid, NaN where unknown.
    """

    column: str
    stat: str | Callable[..., float]
    read: Callable[[Piece], Any]


def extract(
    shapes: npt.NDArray[np.object_],
    wanted: Sequence[Wanted],
    *,
    grid: Grid,
    cells: int = CHUNK_CELLS,
) -> pd.DataFrame:
    """
    Take statistics of a grid's cells by polygon.

    Parameters
    ----------
    shapes
        Polygons in the CRS of the grid.
    wanted
        What to take.
    grid
        The window to read; what lies beyond it is unknown.
    cells
        How many cells to hold at a time.

    Returns
    -------
    statistics
        A row for each polygon, in their order; NaN where no cell is known.
    """
    functions = any(callable(one.stat) for one in wanted)
    west, south, east, north = grid.extent
    boxes = np.clip(shapely.bounds(shapes), (west, south) * 2, (east, north) * 2)
    boxed = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sum() / grid.cell_area
    # Where polygons fill much of the window it is read through, else polygon by polygon; a
    # function is given all the cells of a polygon, so that only one may be held at a time
    through = boxed > grid.rows * grid.columns / 2 and not functions
    order = np.arange(len(shapes)) if through else _along_blocks(boxes, grid)
    sources = {one.read: _Source(grid.cell, grid.extent, one.read) for one in wanted}
    operations = [
        PythonOperation(stat, column, sources[read], None)
        if callable(stat)
        else Operation(stat, column, sources[read])
        for column, stat, read in wanted
    ]
    held = max(1, cells // len(sources))
    found = _processed(shapes[order], operations, cells=held, through=through)
    return found.set_index(order).sort_index().astype(float)


def shared(
    shapes: npt.NDArray[np.object_], *, rows: int, columns: int
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.float64]]]:
    """
    Share shapes among the squares of a grid.

    Parameters
    ----------
    shapes
        Polygons in the coordinates of the grid: its squares are of size 1, and
        its south-west corner is the origin; None is left out.
    rows
        Rows of the grid.
    columns
        Columns of the grid.

    Yields
    ------
    shape
        Places of the shapes, some at a time.
    square
        Places of the squares they cover, row by row from the north.
    share
        Shares of the shapes in the squares, above 0; those of a shape within
        the grid add up to 1.
    """
    area, (west, south, east, north) = shapely.area(shapes), shapely.bounds(shapes).T
    inside = (west >= 0) & (south >= 0) & (east <= columns) & (north <= rows)
    meets = (west < columns) & (south < rows) & (east > 0) & (north > 0)
    near = np.flatnonzero(meets)
    high = np.minimum(north[near], rows) - np.maximum(south[near], 0) + 1
    wide = np.minimum(east[near], columns) - np.maximum(west[near], 0) + 1
    cuts = np.flatnonzero(np.diff(np.cumsum(high * wide) // _PAIRS)) + 1
    squares = _Source((1.0, 1.0), (0.0, 0.0, float(columns), float(rows)), _nothing)
    operations = [Operation("cell_id", "square", squares), Operation("coverage", "area", squares)]
    for some in np.split(near, cuts):
        if len(some):
            found = _processed(shapes[some], operations, cells=CHUNK_CELLS, through=False)
            shape = np.repeat(some, [len(one) for one in found["square"]])
            square, part = (np.concatenate(list(found[one])) for one in ("square", "area"))
            # Cover is of single precision: without this, people would be lost to rounding
            whole = np.bincount(shape, part, minlength=len(shapes))[shape]
            share = part / np.where(inside[shape], whole, area[shape])
            yield shape[part > 0], square[part > 0], share[part > 0]


def _nothing(piece: Piece) -> npt.NDArray[np.float64]:
    """Give values where none are needed."""
    return np.zeros((piece.rows, piece.columns))


def _processed(
    shapes: npt.NDArray[np.object_], operations: list[Operation], *, cells: int, through: bool
) -> pd.DataFrame:
    """Run operations of exactextract, which keeps none of its arguments alive."""
    features, writer = _Shapes(shapes), PandasWriter()
    processor = RasterSequentialProcessor if through else FeatureSequentialProcessor
    run = processor(features, writer, operations)
    run.set_max_cells_in_memory(cells)
    run.process()
    return writer.features()


@dataclass(frozen=True, kw_only=True, eq=False)
class Laid:
    """
    Units laid over a raster, in its CRS.

    Parameters
    ----------
    ids
        Index of the units.
    shapes
        Their polygons in the CRS of the raster.
    grid
        The raster where they are.
    """

    ids: pd.Index
    shapes: npt.NDArray[np.object_]
    grid: Grid

    def take(self, wanted: Sequence[Wanted], *, cells: int = CHUNK_CELLS) -> pd.DataFrame:
        """
        Take statistics by unit.

        Parameters
        ----------
        wanted
            What to take.
        cells
            How many cells to hold at a time.

        Returns
        -------
        statistics
            A column for each, and ``known_share``, the share of the unit's
            area with data [0-1], on the units' index.
        """
        known = Wanted("known_share", "count", self.grid.read)
        found = extract(self.shapes, [*wanted, known], grid=self.grid, cells=cells)
        share = found["known_share"].fillna(0.0) / (shapely.area(self.shapes) / self.grid.cell_area)
        return found.assign(known_share=share.clip(0.0, 1.0)).set_index(self.ids)


def lay(units: gpd.GeoDataFrame, whole: Grid) -> Laid:
    """
    Lay units over a raster.

    Where a unit is narrower than 0.01 mm, as at spikes and necks that an overlay
    left, its corners are rounded to that: what rounding lets cross itself is
    counted by whole cells too many or too few.

    Parameters
    ----------
    units
        Polygons in a metric CRS.
    whole
        The raster.

    Returns
    -------
    laid
        The units in the CRS of the raster, and the window they need of it.

    Raises
    ------
    CRSError
        If the CRS of the raster is not defined where a unit lies.
    DataError
        If rounding changes the area of a unit, or it is invalid in the CRS of
        the raster.
    SourceError
        If the two share no land.
    """
    shapes = project(_rounded(units.geometry), whole.crs, name="units")
    return Laid(
        ids=units.index, shapes=shapes, grid=whole.crop(shapely.bounds(shapes), name="units")
    )


def _rounded(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    """Round the corners of units that are all but invalid; refuse those of no width."""
    shapes = geometry.to_numpy().copy()
    frail = shapely.minimum_clearance(shapes) < ROUNDING_M
    shapes[frail] = shapely.set_precision(shapes[frail], ROUNDING_M)
    area = geometry.area.to_numpy()
    lost = np.abs(shapely.area(shapes) - area) > TINY_SHARE * area
    if lost.any():
        ids = geometry.index[lost]
        msg = f"units: narrower than {ROUNDING_M * 1000:g} mm, in all or most: {shown(ids)}"
        raise DataError(msg, ids=ids)
    return gpd.GeoSeries(shapes, index=geometry.index, crs=geometry.crs)


def check_units(units: gpd.GeoDataFrame) -> None:
    """
    Refuse units that cannot be laid over a raster.

    Parameters
    ----------
    units
        Polygons in a metric CRS.

    Raises
    ------
    DataError
        If there are none, ids repeat, or geometry is missing, invalid or no polygon.
    CRSError
        If the CRS is not metric.
    """
    schema.check_metric_crs(units, name="units")
    schema.check_unique(units.index, name="units")
    check_geometry(units, ["Polygon", "MultiPolygon"], name="units")


def check_geometry(
    frame: gpd.GeoDataFrame | gpd.GeoSeries, kinds: Sequence[str], *, name: str
) -> None:
    """
    Refuse a table without rows, and geometry of another kind.

    Parameters
    ----------
    frame
        The table.
    kinds
        Kinds of geometry it may have.
    name
        What to call it in a message.

    Raises
    ------
    DataError
        If there is no row, or geometry is missing, invalid or of another kind.
    """
    if not len(frame):
        msg = f"{name}: no rows"
        raise DataError(msg)
    geometry = frame.geometry
    bad = geometry.isna() | geometry.is_empty | ~geometry.is_valid | ~geometry.geom_type.isin(kinds)
    if bad.any():
        ids = frame.index[bad]
        kind = kinds[0].lower()
        msg = f"{name}: geometry missing, empty, invalid or no {kind}: {shown(ids)}"
        raise DataError(msg, ids=ids)


def without_unknown(
    found: pd.DataFrame, least: float, *, facts: str | None = None, record: Record | None = None
) -> pd.DataFrame:
    """
    Leave unknown what is known on too little of a unit.

    Parameters
    ----------
    found
        Statistics by unit with ``known_share``.
    least
        Least share of the area with data [0-1].
    facts
        A column that stands in any case.
    record
        Gets the units read and those that are unknown.

    Returns
    -------
    statistics
        NaN where less is known, or nothing.
    """
    known = found["known_share"]
    enough = (known > 0) & (known >= least - TINY_SHARE)
    if record is not None:
        record.rows_read, record.rows_kept = len(known), int(enough.sum())
        record.drop(f"data on less than {least:g} of the area, or none", known.index[~enough])
    stands = found.columns.isin(["known_share", facts])
    return found.where(enough.to_numpy()[:, None] | stands)


def _along_blocks(boxes: npt.NDArray[np.float64], grid: Grid) -> npt.NDArray[np.intp]:
    """Order boxes along the rows of blocks, so that few blocks are decoded twice."""
    (high, wide), (dx, dy) = grid.block, grid.cell
    return np.lexsort([boxes[:, 0] // (wide * dx), -boxes[:, 3] // (high * dy)])


class _Source(RasterSource):
    """A raster as exactextract takes it."""

    def __init__(
        self,
        cell: tuple[float, float],
        bounds: tuple[float, float, float, float],
        read: Callable[[Piece], Any],
    ) -> None:
        super().__init__()
        self.cell, self.bounds, self.read = cell, bounds, read
        self.set_name(str(id(self)))  # by which exactextract tells rasters apart

    def res(self) -> tuple[float, float]:
        return self.cell

    def extent(self) -> tuple[float, float, float, float]:
        return self.bounds

    def srs_wkt(self) -> None:
        return None

    def nodata_value(self) -> None:
        return None

    def read_window(self, x0: int, y0: int, nx: int, ny: int) -> Any:
        if not nx * ny:  # asked for to learn the type, which must not change
            return np.empty((ny, nx))
        return self.read(Piece(x0, y0, nx, ny))


class _Shape(Feature):
    """A polygon as exactextract takes it, in WKB: three times as fast as in GeoJSON."""

    def __init__(self, wkb: bytes) -> None:
        super().__init__()
        self.wkb = wkb

    def geometry(self) -> bytes:
        return self.wkb

    def set_geometry_format(self) -> str:
        return "wkb"

    def fields(self) -> list[str]:
        return []


class _Shapes(FeatureSource):
    """Polygons as exactextract takes them."""

    def __init__(self, shapes: npt.NDArray[np.object_]) -> None:
        super().__init__()
        self.wkb = shapely.to_wkb(shapes)

    def count(self) -> int:
        return len(self.wkb)

    def __iter__(self) -> Iterator[_Shape]:
        return map(_Shape, self.wkb)

    def srs_wkt(self) -> None:
        return None
