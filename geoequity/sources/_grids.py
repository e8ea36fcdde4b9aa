"""
Rasters as one grid of cells, read piece by piece.

The tiles of a mosaic are read as one grid, each with its own nodata, scale and
offset; unknown is NaN from the first read on. Memory is bounded by the piece
that is asked for, whatever the size of the raster.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import combinations
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from pyproj import CRS, Transformer

from geoequity.errors import CRSError, DataError, DataWarning, GeoEquityError, SourceError, shown
from geoequity.sources._tiles import Piece, Raster, Tile, Values, checked, open_file, tiles_of
from geoequity.sources.files import Record, gather, sha256

_CACHE_BYTES = 128 * 2**20  # of GDAL, instead of a share of the machine's memory
_MAX_CELLS = 10**11  # within the units: hours of reading, so a mistake
_SEGMENT_M = 50.0  # a straight line this long bends by under 0.5 mm where it is projected
_EQUAL_AREA = "EPSG:6933"  # cylindrical: meridians and parallels stay straight
_ALIGNED = 0.01  # of a cell


class Placed(NamedTuple):
    """
    A tile and where it lies.

    Parameters
    ----------
    row
        Its first row in the grid.
    column
        Its first column in the grid.
    tile
        The tile.
    """

    row: int
    column: int
    tile: Tile


class Grid:
    """
    A window of the grid that one or several tiles make.

    Parameters
    ----------
    tiles
        First row and first column of every tile, and the tile.
    window
        First row, first column, rows and columns of the window.
    counts
        Whether values are counts, which cannot be negative.
    """

    def __init__(
        self, tiles: Sequence[Placed], *, window: tuple[int, int, int, int], counts: bool
    ) -> None:
        self.row, self.column, self.rows, self.columns = window
        self.crs: CRS = tiles[0].tile.crs
        self.name = shown(one.tile.path for one in tiles)
        self.cell = dx, dy = tiles[0].tile.cell
        self.cell_area = dx * dy  # in the square of the CRS's unit
        self.block: tuple[int, int] = tiles[0].tile.data.block_shapes[0]  # rows, columns
        x, y = min(one.tile.west for one in tiles), max(one.tile.north for one in tiles)
        west, north = x + self.column * dx, y - self.row * dy
        self.extent = (west, north - self.rows * dy, west + self.columns * dx, north)
        self._corner, self._tiles, self._counts = (x, y), tiles, counts
        self._last: tuple[Piece | None, Values] = (None, np.empty((0, 0)))

    def read(self, piece: Piece) -> Values:
        """
        Read a piece of the window.

        Parameters
        ----------
        piece
            Where it lies.

        Returns
        -------
        values
            Scaled values, rows from the north, NaN where unknown; not to be
            changed, since the last piece is kept.

        Raises
        ------
        SourceError
            If a file is broken or cut short.
        DataError
            If a value is beyond any measurement, or a count negative.
        """
        if self._last[0] != piece:
            self._last = (piece, self._read(piece))
        return self._last[1]

    def touches(self, bounds: npt.ArrayLike) -> bool:
        """
        Tell whether the window shares land with some bounds.

        Parameters
        ----------
        bounds
            One or several rows of minx, miny, maxx, maxy.

        Returns
        -------
        touches
            Whether it does.
        """
        west, south, east, north = self.extent
        low, high = _around(bounds)
        return bool(low[0] < east and high[0] > west and low[1] < north and high[1] > south)

    def crop(self, bounds: npt.ArrayLike, *, name: str) -> "Grid":
        """
        Cut the window down to some bounds and a cell around.

        Parameters
        ----------
        bounds
            One or several rows of minx, miny, maxx, maxy.
        name
            What lies within them, for the message.

        Returns
        -------
        grid
            The smaller window.

        Raises
        ------
        SourceError
            If the two share no land, or too many cells lie within the bounds.
        """
        low, high = _around(bounds)
        if not self.touches(bounds):
            spans = "{:.6g}, {:.6g} to {:.6g}, {:.6g}".format(*self.extent)
            wanted = f"{low[0]:.6g}, {low[1]:.6g} to {high[0]:.6g}, {high[1]:.6g}"
            msg = f"{self.name}: spans {spans} and does not touch the {name}, {wanted}"
            raise SourceError(msg, source=self._tiles[0].tile.path)
        (x, y), (dx, dy) = self._corner, self.cell
        top = max(self.row, math.floor((y - high[1]) / dy) - 1)
        left = max(self.column, math.floor((low[0] - x) / dx) - 1)
        bottom = min(self.row + self.rows, math.ceil((y - low[1]) / dy) + 1)
        right = min(self.column + self.columns, math.ceil((high[0] - x) / dx) + 1)
        cells = (bottom - top) * (right - left)
        if cells > _MAX_CELLS:
            msg = f"{self.name}: {cells:.2g} cells within the {name}; is their size right?"
            raise SourceError(msg, source=self._tiles[0].tile.path)
        window = (top, left, bottom - top, right - left)
        return Grid(self._tiles, window=window, counts=self._counts)

    def pieces(self, cells: int) -> Iterator[Piece]:
        """
        Part the window.

        Parameters
        ----------
        cells
            How many cells a piece has at most.

        Yields
        ------
        piece
            Pieces fill the window, each cell once.
        """
        across = min(self.columns, cells)
        down = max(1, cells // across)
        for y in range(0, self.rows, down):
            for x in range(0, self.columns, across):
                yield Piece(x, y, min(across, self.columns - x), min(down, self.rows - y))

    def corners(self, piece: Piece) -> tuple[Values, Values]:
        """
        Give the coordinates of the corners of cells.

        Parameters
        ----------
        piece
            The cells.

        Returns
        -------
        corners
            Coordinates x and y, each with a row and a column more than the piece.
        """
        (x, y), (dx, dy) = self._corner, self.cell
        across = x + (self.column + piece.x + np.arange(piece.columns + 1)) * dx
        down = y - (self.row + piece.y + np.arange(piece.rows + 1)) * dy
        east, north = np.meshgrid(across, down)
        return east, north

    def cell_areas_m2(self, piece: Piece) -> Values:
        """
        Measure cells on the ellipsoid.

        Parameters
        ----------
        piece
            The cells.

        Returns
        -------
        area_m2
            Area of each cell [m2]; a single column where the cells of a row
            are alike, as in degrees.
        """
        alike = self.crs.is_geographic
        east, north = self.corners(piece._replace(columns=1) if alike else piece)
        to_area = Transformer.from_crs(self.crs, _EQUAL_AREA, always_xy=True)
        return shapely.area(quads(*to_area.transform(east, north))).reshape(piece.rows, -1)

    def _read(self, piece: Piece) -> Values:
        """Read a piece from every tile in it; where tiles overlap, the first that knows wins."""
        row, column = self.row + piece.y, self.column + piece.x
        values = np.full((piece.rows, piece.columns), np.nan)
        for first, left, tile in reversed(self._tiles):
            top, bottom = max(row, first), min(row + piece.rows, first + tile.data.height)
            west, east = max(column, left), min(column + piece.columns, left + tile.data.width)
            if top < bottom and west < east:
                part = tile.read(Piece(west - left, top - first, east - west, bottom - top))
                if self._counts and (part < 0).any():
                    msg = (
                        f"{tile.path}: holds negative counts, the lowest {np.nanmin(part):g};"
                        " declare nodata if they mean unknown"
                    )
                    raise DataError(msg, ids=[tile.path.name])
                place = values[top - row : bottom - row, west - column : east - column]
                np.copyto(place, part, where=~np.isnan(part))
        return values


@contextmanager
def opened(raster: Raster, *, counts: bool = False, record: Record | None = None) -> Iterator[Grid]:
    """
    Open one raster, or several tiles of one grid.

    Parameters
    ----------
    raster
        The files and how to read them.
    counts
        Whether values are counts: none is negative, and no cell stands twice.
    record
        Gets the names and fingerprints of several tiles, and what is warned of.

    Yields
    ------
    grid
        The whole grid; its files are closed afterwards.

    Raises
    ------
    SourceError
        If a file cannot be read as a raster, is not georeferenced, is rotated,
        has several bands and none is declared, or cannot be read in parts.
    CRSError
        If a file has no CRS.
    DataError
        If no file is named, tiles are not on one grid or cover the same cells,
        or several faults are found.
    """
    how = tiles_of(raster)
    faults: list[GeoEquityError] = []
    tiles: list[Tile] = []
    with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES), ExitStack() as stack:
        for path in how.paths:
            try:
                tiles.append(checked(path, stack.enter_context(open_file(path)), how))
            except GeoEquityError as fault:
                faults.append(fault)
        gather(faults)
        placed = _placed(tiles, counts=counts)
        unmarked = [one.path.name for one in tiles if not one.marked]
        if unmarked:
            _warn("no nodata declared, every value is taken as data", unmarked, record=record)
        if record is not None and len(tiles) > 1:
            record.counts["tiles"] = {one.path.name: sha256(one.path) for one in tiles}
        frames = np.array([_frame(one) for one in placed])
        rows, columns = frames[:, 2:].max(axis=0).tolist()
        yield Grid(placed, window=(0, 0, rows, columns), counts=counts)


def project(
    geometry: gpd.GeoSeries, crs: CRS, *, name: str, segment_m: float | None = _SEGMENT_M
) -> npt.NDArray[np.object_]:
    """
    Take shapes to the CRS of a raster.

    Parameters
    ----------
    geometry
        Shapes in a metric CRS.
    crs
        CRS of the raster.
    name
        What to call the shapes in a message.
    segment_m
        Edges are parted to at most this length [m], so that they stay where
        they are; None leaves them.

    Returns
    -------
    shapes
        In the CRS of the raster, x before y.

    Raises
    ------
    CRSError
        If that CRS is not defined where a shape lies.
    DataError
        If a shape is invalid in that CRS.
    """
    shapes = geometry.to_numpy()
    if CRS(geometry.crs).equals(crs, ignore_axis_order=True):
        return shapes
    if segment_m is not None:
        shapes = shapely.segmentize(shapes, segment_m)
    projected = gpd.GeoSeries(shapes, index=geometry.index, crs=geometry.crs).to_crs(crs)
    lost = ~np.isfinite(projected.bounds).all(axis=1)
    if lost.any():
        ids = geometry.index[lost]
        msg = f"{name}: not where {crs.name}, the CRS of the raster, is defined: {shown(ids)}"
        raise CRSError(msg, ids=ids)
    invalid = ~projected.is_valid
    if invalid.any():
        ids = geometry.index[invalid]
        msg = f"{name}: invalid once in {crs.name}, the CRS of the raster: {shown(ids)}"
        raise DataError(msg, ids=ids)
    return projected.to_numpy()


def project_xy(xy: Values, old: CRS, new: CRS, *, name: str) -> Values:
    """
    Take points to the CRS of a raster.

    Parameters
    ----------
    xy
        A row for each point.
    old
        CRS that they are in.
    new
        CRS of the raster.
    name
        What to call the points in a message.

    Returns
    -------
    xy
        In the CRS of the raster, x before y.

    Raises
    ------
    CRSError
        If that CRS is not defined where a point lies.
    """
    if CRS(old).equals(new, ignore_axis_order=True):
        return xy
    projected = np.column_stack(
        Transformer.from_crs(old, new, always_xy=True).transform(xy[:, 0], xy[:, 1])
    )
    lost = np.flatnonzero(~np.isfinite(projected).all(axis=1))
    if len(lost):
        msg = f"{name}: not where {new.name}, the CRS of the raster, is defined: {shown(lost)}"
        raise CRSError(msg, ids=lost)
    return projected


def quads(x: Values, y: Values) -> npt.NDArray[np.object_]:
    """
    Draw cells from their corners.

    Parameters
    ----------
    x
        Corners in rows and columns.
    y
        Corners in rows and columns.

    Returns
    -------
    cells
        Polygons of four corners, row by row; None where a corner is not finite.
    """
    around = rings(x, y)
    drawn = np.isfinite(around).all(axis=(1, 2))
    cells = np.full(len(around), None, dtype=object)
    cells[drawn] = shapely.polygons(around[drawn])
    return cells


def rings(x: Values, y: Values) -> Values:
    """
    List the corners of each cell.

    Parameters
    ----------
    x
        Corners in rows and columns.
    y
        Corners in rows and columns.

    Returns
    -------
    rings
        Cells x four corners x (x, y), row by row.
    """
    points = np.stack([x, y], axis=-1)
    corners = [points[:-1, :-1], points[:-1, 1:], points[1:, 1:], points[1:, :-1]]
    return np.stack(corners, axis=2).reshape(-1, 4, 2)


def _around(bounds: npt.ArrayLike) -> tuple[Values, Values]:
    """Give the lowest and the highest corner of some bounds."""
    boxes = np.atleast_2d(bounds)
    return boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)


def _placed(tiles: Sequence[Tile], *, counts: bool) -> list[Placed]:
    """Lay tiles on one grid; refuse those of another CRS or grid, and those that stand twice."""
    first = tiles[0]
    (dx, dy), west = first.cell, min(one.west for one in tiles)
    north = max(one.north for one in tiles)
    placed, odd = [], []
    for one in tiles:
        row, column = (north - one.north) / dy, (one.west - west) / dx
        drift = [
            abs(one.cell[0] / dx - 1) * one.data.width,
            abs(one.cell[1] / dy - 1) * one.data.height,
        ]
        drift += [abs(row - round(row)), abs(column - round(column))]
        if not one.crs.equals(first.crs, ignore_axis_order=True):
            odd.append(f"{one.path.name} ({one.crs.name}, not {first.crs.name})")
        elif max(drift) > _ALIGNED:
            odd.append(f"{one.path.name} (cells of {one.cell[0]:g} x {one.cell[1]:g})")
        placed.append(Placed(round(row), round(column), one))
    if odd:
        msg = f"{first.path}: tiles are not on its grid: {shown(odd)}"
        raise DataError(msg, ids=odd)
    twice = [
        f"{a.tile.path.name} and {b.tile.path.name}"
        for a, b in combinations(placed, 2)
        if _overlap(a, b) and (counts or _frame(a) == _frame(b))
    ]
    if twice:
        msg = f"{first.path}: tiles cover the same cells: {shown(twice)}"
        raise DataError(msg, ids=twice)
    return placed


def _frame(placed: Placed) -> tuple[int, int, int, int]:
    """Give the first and last row and column of a tile."""
    row, column, tile = placed
    return row, column, row + tile.data.height, column + tile.data.width


def _overlap(left: Placed, right: Placed) -> bool:
    """Tell whether two tiles share cells."""
    a, b = _frame(left), _frame(right)
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _warn(message: str, names: list[str], *, record: Record | None) -> None:
    """Warn of a fault, and note it where a book is kept."""
    if record is not None:
        record.warn(message, names)
    else:
        warnings.warn(DataWarning(f"{message}: {shown(names)}", ids=names), stacklevel=2)
