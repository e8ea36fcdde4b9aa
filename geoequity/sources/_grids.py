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
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError as ProjError
from rasterio.enums import MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from geoequity.errors import CRSError, DataError, DataWarning, GeoEquityError, SourceError, shown
from geoequity.sources.files import Record, gather

Values = npt.NDArray[np.float64]
Nodata = float | Literal["none"] | None

_CACHE_BYTES = 128 * 2**20  # of GDAL, instead of a share of the machine's memory
_MAX_BLOCK_BYTES = 256 * 2**20  # a block is decoded whole
_MAX_CELLS = 10**11  # within the units: hours of reading, so a mistake
_SEGMENT_M = 50.0  # a straight line this long bends by under 0.5 mm where it is projected
_EQUAL_AREA = "EPSG:6933"  # cylindrical: meridians and parallels stay straight
_ALIGNED = 0.01  # of a cell


class Piece(NamedTuple):
    """
    A part of a window.

    Parameters
    ----------
    x
        First column.
    y
        First row, from the north.
    columns
        How many columns.
    rows
        How many rows.
    """

    x: int
    y: int
    columns: int
    rows: int


@dataclass(frozen=True, kw_only=True)
class _Tile:
    """One open file, and where it lies in the grid."""

    path: Path
    data: Any
    band: int
    crs: CRS
    marked: bool
    nodata: float | None
    masked: bool
    scale: float
    offset: float

    @property
    def north_up(self) -> bool:
        """Tell whether the first row is the northernmost."""
        return bool(self.data.transform.e < 0)

    @property
    def west(self) -> float:
        """Give the western edge."""
        return float(self.data.transform.c)

    @property
    def north(self) -> float:
        """Give the northern edge."""
        first, step = self.data.transform.f, self.data.transform.e
        return float(first if self.north_up else first + step * self.data.height)

    @property
    def cell(self) -> tuple[float, float]:
        """Give the width and height of a cell."""
        return float(self.data.transform.a), abs(float(self.data.transform.e))

    def read(self, piece: Piece) -> Values:
        """Read a piece, rows from the north; NaN where unknown."""
        first = piece.y if self.north_up else self.data.height - piece.y - piece.rows
        window = Window(piece.x, first, piece.columns, piece.rows)
        try:
            raw = self.data.read(self.band, window=window)
            mask = self.data.read_masks(self.band, window=window) if self.masked else None
        except (RasterioError, MemoryError) as error:
            msg = f"{self.path}: cannot be read in full, broken or cut short: {error}"
            raise SourceError(msg, source=self.path) from error
        values = raw.astype(np.float64)
        if self.nodata is not None:
            values[raw == raw.dtype.type(self.nodata)] = np.nan
        if mask is not None:
            values[mask == 0] = np.nan
        if raw.dtype.kind == "f" and np.isinf(values).any():
            msg = f"{self.path}: holds infinite values; declare nodata if they mean unknown"
            raise DataError(msg, ids=[self.path.name])
        if (self.scale, self.offset) != (1, 0):
            values = values * self.scale + self.offset
        return values if self.north_up else values[::-1]


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
    tile: _Tile


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
        self.cell = tiles[0].tile.cell
        self._tiles, self._counts = tiles, counts
        self._corner = (
            min(one.tile.west for one in tiles),
            max(one.tile.north for one in tiles),
        )
        self._last: tuple[Piece | None, Values] = (None, np.empty((0, 0)))

    @property
    def name(self) -> str:
        """Name the files."""
        return shown(one.tile.path for one in self._tiles)

    @property
    def cell_area(self) -> float:
        """Give the area of a cell in the square of the CRS's unit."""
        return self.cell[0] * self.cell[1]

    @property
    def block(self) -> tuple[int, int]:
        """Give the rows and columns of a block, as the first file is stored."""
        high, wide = self._tiles[0].tile.data.block_shapes[0]
        return high, wide

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Give the bounds of the window: minx, miny, maxx, maxy."""
        (x, y), (dx, dy) = self._corner, self.cell
        west, north = x + self.column * dx, y - self.row * dy
        return west, north - self.rows * dy, west + self.columns * dx, north

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
            If a value is infinite, or a count negative.
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
            Pieces that fill the window, each cell once.
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
            x and y, each with a row and a column more than the piece.
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
def opened(
    paths: Sequence[Path],
    *,
    band: int | None = None,
    crs: str | None = None,
    nodata: Nodata = None,
    scale: float | None = None,
    counts: bool = False,
    record: Record | None = None,
) -> Iterator[Grid]:
    """Open one raster, or several tiles of one grid; every fault at once."""
    faults: list[GeoEquityError] = []
    tiles: list[_Tile] = []
    with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES), ExitStack() as stack:
        for path in paths:
            try:
                data = stack.enter_context(_open(path))
                tiles.append(_checked(path, data, band=band, crs=crs, nodata=nodata, scale=scale))
            except GeoEquityError as fault:
                faults.append(fault)
        gather(faults)
        placed = _placed(tiles, counts=counts)
        unmarked = [one.path.name for one in tiles if not one.marked]
        if unmarked:
            _warn("no nodata declared, so that every value is data", unmarked, record=record)
        if record is not None and len(tiles) > 1:
            record.counts["tiles"] = [one.path.name for one in tiles]
        frames = np.array([_frame(one) for one in placed])
        rows, columns = frames[:, 2:].max(axis=0).tolist()
        yield Grid(placed, window=(0, 0, rows, columns), counts=counts)


def project(
    geometry: gpd.GeoSeries, crs: CRS, *, name: str, segment_m: float | None = _SEGMENT_M
) -> npt.NDArray[np.object_]:
    """Take shapes to the CRS of a raster, long edges parted so that they stay where they are."""
    shapes = geometry.to_numpy()
    if same_crs(CRS(geometry.crs), crs):
        return shapes
    if segment_m is not None:
        shapes = shapely.segmentize(shapes, segment_m)
    projected = gpd.GeoSeries(shapes, index=geometry.index, crs=geometry.crs).to_crs(crs)
    lost = ~np.isfinite(projected.bounds).all(axis=1)
    if lost.any():
        ids = geometry.index[lost]
        msg = (
            f"{name}: outside of where {crs.name}, the CRS of the raster, is defined: {shown(ids)}"
        )
        raise CRSError(msg, ids=ids)
    return projected.to_numpy()


def same_crs(left: CRS, right: CRS) -> bool:
    """Tell whether two CRS give the same coordinates, whatever the order of their axes."""
    if left.equals(right, ignore_axis_order=True):
        return True
    return left.to_epsg() is not None and left.to_epsg() == right.to_epsg()


def quads(x: Values, y: Values) -> npt.NDArray[np.object_]:
    """Draw the cells between corners that lie in rows and columns, row by row."""
    points = np.stack([x, y], axis=-1)
    ring = [points[:-1, :-1], points[:-1, 1:], points[1:, 1:], points[1:, :-1]]
    return shapely.polygons(np.stack(ring, axis=2).reshape(-1, 4, 2))


def _around(bounds: npt.ArrayLike) -> tuple[Values, Values]:
    """Give the lowest and the highest corner of some bounds."""
    boxes = np.atleast_2d(bounds)
    return boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)


def _open(path: Path) -> Any:
    """Open a file that GDAL takes for a raster."""
    if not path.is_file():
        msg = f"{path}: no such file"
        raise SourceError(msg, source=path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # refused below, by name
            return rasterio.open(path)
    except (RasterioError, ValueError) as error:
        hint = "; unpack it first" if path.suffix.lower() in {".zip", ".gz", ".tar"} else ""
        msg = f"{path}: cannot be read as a raster{hint}: {error}"
        raise SourceError(msg, source=path) from error


def _checked(
    path: Path, data: Any, *, band: int | None, crs: str | None, nodata: Nodata, scale: float | None
) -> _Tile:
    """Refuse a file that cannot be laid under polygons, all that is wrong with it at once."""
    number = 1 if band is None else band
    if data.count == 0 or not 1 <= number <= data.count or (band is None and data.count > 1):
        holds = f"holds {data.count} bands" if data.count else "holds no band, or several rasters"
        asked = "declare band" if band is None else f"there is no band {band}"
        msg = f"{path}: {holds}; {asked}"
        raise SourceError(msg, source=path)
    faults: list[GeoEquityError] = []
    known: CRS | None = None
    try:
        known = _crs_of(path, data, declared=crs)
    except CRSError as fault:
        faults.append(fault)
    placed = data.transform
    if placed.is_identity:
        faults.append(
            SourceError(f"{path}: not georeferenced, it has no geotransform", source=path)
        )
    elif placed.b or placed.d or placed.a <= 0 or not placed.e:
        msg = f"{path}: has a rotated geotransform; warp it to a north-up grid first"
        faults.append(SourceError(msg, source=path))
    kind = np.dtype(data.dtypes[number - 1])
    if kind.kind not in "iufb":
        faults.append(SourceError(f"{path}: holds {kind} values, not plain numbers", source=path))
    high, wide = data.block_shapes[number - 1]
    if high * wide * kind.itemsize > _MAX_BLOCK_BYTES:
        msg = (
            f"{path}: stored in blocks of {high} x {wide} cells, too large to be read in parts;"
            " write it anew in tiles"
        )
        faults.append(SourceError(msg, source=path))
    gather(faults)
    flags = data.mask_flag_enums[number - 1]
    stated = data.nodatavals[number - 1] if nodata is None else nodata
    masked = nodata is None and (MaskFlags.per_dataset in flags or MaskFlags.alpha in flags)
    return _Tile(
        path=path,
        data=data,
        band=number,
        crs=known,
        marked=masked or stated is not None,
        nodata=_holdable(stated, kind),
        masked=masked,
        scale=float(data.scales[number - 1] if scale is None else scale),
        offset=float(data.offsets[number - 1]),
    )


def _crs_of(path: Path, data: Any, *, declared: str | None) -> CRS:
    """Give the CRS that is declared, or that the file states, heights left out."""
    try:
        if declared is None and not data.crs:
            msg = f"{path}: the raster has no CRS; declare crs"
            raise CRSError(msg, ids=[path.name])
        stated = CRS.from_user_input(declared or data.crs.to_wkt())
    except (ProjError, RasterioError) as error:
        msg = f"{path}: {declared or data.crs!s} is no CRS"
        raise CRSError(msg, ids=[path.name]) from error
    crs = stated.sub_crs_list[0] if stated.is_compound else stated
    if not (crs.is_geographic or crs.is_projected):
        msg = f"{path}: {crs.name} has no place on the earth; declare crs"
        raise CRSError(msg, ids=[path.name])
    return crs


def _holdable(nodata: Nodata, kind: np.dtype) -> float | None:
    """Keep a nodata value that cells can hold; NaN is unknown in any case."""
    if nodata is None or nodata == "none" or math.isnan(nodata):
        return None
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        fits = float(nodata).is_integer() and limits.min <= nodata <= limits.max
        return float(nodata) if fits else None
    return float(nodata)


def _placed(tiles: Sequence[_Tile], *, counts: bool) -> list[Placed]:
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
        if not same_crs(one.crs, first.crs):
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
