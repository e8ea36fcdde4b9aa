"""
Files of a raster: how to read them, and what is refused.

Each file has its own nodata, scale and offset; unknown is NaN from the first
read on.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import rasterio
from pyproj import CRS
from pyproj.exceptions import CRSError as ProjError
from rasterio.enums import MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from geoequity.errors import CRSError, DataError, GeoEquityError, SourceError, shown
from geoequity.sources.files import gather

Values = npt.NDArray[np.float64]
Nodata = float | Literal["none"] | None

_MAX_VALUE = 1e30  # beyond: no measurement, but infinity, or the least number of a float
_MAX_BLOCK_BYTES = 256 * 2**20  # a block is decoded whole


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
    nodata: Nodata = None
    scale: float | None = None


Raster = Path | str | Sequence[Path | str] | Tiles


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
class Tile:
    """
    One open file.

    Parameters
    ----------
    path
        The file.
    data
        Its open data set.
    band
        Number of the band.
    crs
        Its CRS.
    west
        Western edge.
    north
        Northern edge.
    cell
        Width and height of a cell.
    north_up
        Whether the first row is the northernmost.
    nodata
        Stored value that means unknown, besides NaN.
    masked
        Whether a mask says what is unknown.
    marked
        Whether the file says in any way what is unknown.
    scale
        What stored values are multiplied by ...
    offset
        ... and what is added then.
    """

    path: Path
    data: Any
    band: int
    crs: CRS
    west: float
    north: float
    cell: tuple[float, float]
    north_up: bool
    nodata: float | None
    masked: bool
    marked: bool
    scale: float
    offset: float

    def read(self, piece: Piece) -> Values:
        """
        Read a piece.

        Parameters
        ----------
        piece
            Where it lies.

        Returns
        -------
        values
            Scaled values, rows from the north, NaN where unknown.

        Raises
        ------
        SourceError
            If the file is broken or cut short.
        DataError
            If a value is beyond any measurement.
        """
        first = piece.y if self.north_up else self.data.height - piece.y - piece.rows
        window = Window(piece.x, first, piece.columns, piece.rows)
        try:
            raw = self.data.read(self.band, window=window)
            mask = self.data.read_masks(self.band, window=window) if self.masked else None
        except (RasterioError, MemoryError) as error:
            reason = error.__cause__ or error
            msg = f"{self.path}: cannot be read in full, broken or cut short: {reason}"
            raise SourceError(msg, source=self.path) from error
        values = raw.astype(np.float64)
        if self.nodata is not None:
            values[raw == raw.dtype.type(self.nodata)] = np.nan
        if mask is not None:
            values[mask == 0] = np.nan
        if raw.dtype.kind == "f" and ((values > _MAX_VALUE) | (values < -_MAX_VALUE)).any():
            msg = (
                f"{self.path}: holds values from {np.nanmin(values):g} to {np.nanmax(values):g};"
                " declare nodata if some mean unknown"
            )
            raise DataError(msg, ids=[self.path.name])
        if (self.scale, self.offset) != (1, 0):
            values = values * self.scale + self.offset
        return values if self.north_up else values[::-1]


def tiles_of(raster: Raster) -> Tiles:
    """
    Take one path or several for tiles.

    Parameters
    ----------
    raster
        A path, several, or tiles.

    Returns
    -------
    tiles
        The files and how to read them.

    Raises
    ------
    DataError
        If no file is named, or one is named twice.
    """
    if isinstance(raster, str | Path):
        raster = [raster]
    how = raster if isinstance(raster, Tiles) else Tiles(paths=tuple(map(Path, raster)))
    paths = tuple(map(Path, how.paths))
    if not paths:
        msg = "rasters: no file is named"
        raise DataError(msg)
    twice = [one for n, one in enumerate(paths) if one in paths[:n]]
    if twice:
        msg = f"rasters: files are named more than once: {shown(twice)}"
        raise DataError(msg, ids=twice)
    return replace(how, paths=paths)


def open_file(path: Path) -> Any:
    """
    Open a file that GDAL takes for a raster.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    data
        The open data set, to be closed by the caller.

    Raises
    ------
    SourceError
        If there is no such file, or it is no raster.
    """
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


def checked(path: Path, data: Any, how: Tiles) -> Tile:
    """
    Refuse a file that cannot be laid under polygons, all that is wrong with it at once.

    Parameters
    ----------
    path
        The file.
    data
        Its open data set.
    how
        How to read it.

    Returns
    -------
    tile
        The file, ready to be read.

    Raises
    ------
    SourceError
        If it has several bands and none is declared, is not georeferenced, is
        rotated, or cannot be read in parts.
    CRSError
        If it has no CRS.
    DataError
        If several faults are found.
    """
    band, nodata = how.band, how.nodata
    number = 1 if band is None else band
    if data.count == 0 or not 1 <= number <= data.count or (band is None and data.count > 1):
        holds = f"holds {data.count} bands" if data.count else "holds no band, or several rasters"
        asked = "declare band" if band is None else f"there is no band {band}"
        msg = f"{path}: {holds}; {asked}"
        raise SourceError(msg, source=path)
    faults: list[GeoEquityError] = []
    known: CRS | None = None
    try:
        known = _crs_of(path, data, declared=how.crs)
    except CRSError as fault:
        faults.append(fault)
    placed = data.transform
    if placed.is_identity:
        faults.append(
            SourceError(f"{path}: not georeferenced, it has no geotransform", source=path)
        )
    elif not all(map(math.isfinite, placed)):
        msg = f"{path}: has a geotransform that is no place: {tuple(placed)[:6]}"
        faults.append(SourceError(msg, source=path))
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
    return Tile(
        path=path,
        data=data,
        band=number,
        crs=known,
        west=float(placed.c),
        north=float(placed.f if placed.e < 0 else placed.f + placed.e * data.height),
        cell=(float(placed.a), abs(float(placed.e))),
        north_up=placed.e < 0,
        nodata=_holdable(stated, kind),
        masked=masked,
        marked=masked or stated is not None,
        scale=float(data.scales[number - 1] if how.scale is None else how.scale),
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
