"""
Read any table or layer a city may offer, and keep book of what became of it.

GIS files go through GDAL, text tables and workbooks through pandas, Parquet
through Arrow. Text is read as text: numbers are parsed where a column is
declared to hold them, so ids keep their zeros and a stray letter is an error
with the row's id, not a silent gap.
"""

import hashlib
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError as ProjError

from geoequity.errors import CRSError, DataError, DataWarning, GeoEquityError, SourceError, shown
from geoequity.sources.spec import FileSpec, Origin

TEXT_SUFFIXES = {".csv", ".tsv", ".txt"}
BOOK_SUFFIXES = {".xlsx", ".xlsm"}
UNKNOWN_TEXTS = ("", "NA", "N/A", "nan", "NaN", "null", "NULL", "None")
_PAIR = re.compile(r"^\s*c?\(?\s*(-?\d+(?:\.\d+)?)\s*[, ]\s*(-?\d+(?:\.\d+)?)\s*\)?\s*$")
_RECORD_IDS = 20  # ids kept per reason in the provenance


@dataclass
class Record:
    """
    The book kept of one source: where it came from, what became of its rows.

    Parameters
    ----------
    name
        What the source is in the city file, such as ``services.school``.
    path
        The file.
    origin
        Provider, licence and so on.
    """

    name: str
    path: Path
    origin: Origin
    rows_read: int = 0
    rows_kept: int = 0
    dropped: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def drop(self, reason: str, ids: Iterable[object]) -> None:
        """
        Note rows that were left out for a good reason.

        Parameters
        ----------
        reason
            Why, in words.
        ids
            Ids of the rows; nothing is noted where there are none.
        """
        names = [str(one) for one in ids]
        if names:
            self.dropped.append({"reason": reason, "count": len(names), "ids": names[:_RECORD_IDS]})

    def warn(self, message: str, ids: Iterable[object]) -> None:
        """
        Note a fault that was mended, and warn of it.

        Parameters
        ----------
        message
            What was mended; the file and the first ids are added.
        ids
            Ids of the rows concerned.
        """
        names = [str(one) for one in ids]
        text = f"{self.path.name}: {message}: {shown(names)}"
        self.warnings.append(text)
        warnings.warn(DataWarning(text, ids=names), stacklevel=3)

    def as_dict(self) -> dict[str, Any]:
        """
        Give the record as it stands in ``provenance.json``.

        Returns
        -------
        record
            Plain values; ``path`` is the bare file name.
        """
        return {
            "name": self.name,
            "path": self.path.name,
            **{key: getattr(self.origin, key) for key in Origin.model_fields},
            "sha256": sha256(self.path),
            "rows_read": self.rows_read,
            "rows_kept": self.rows_kept,
            **self.counts,
            "dropped": self.dropped,
            "warnings": self.warnings,
        }


def sha256(path: Path) -> str:
    """
    Fingerprint a file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    sha256
        Hexadecimal digest of its bytes.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_table(spec: FileSpec, *, record: Record) -> pd.DataFrame:
    """
    Read a table: text, workbook, Parquet, or the attributes of a GIS file.

    Parameters
    ----------
    spec
        The file and how to read it.
    record
        Gets the rows read and the rows that ``where`` leaves out.

    Returns
    -------
    table
        Text columns as text, columns typed by the file as they are; index is
        the row number of the file.

    Raises
    ------
    SourceError
        If the file cannot be read as what it claims to be, or is empty.
    """
    suffix = spec.path.suffix.lower()
    if suffix in TEXT_SUFFIXES:
        table = _read_text(spec)
    elif suffix in BOOK_SUFFIXES:
        table = _read_book(spec)
    elif suffix == ".parquet":
        table = _read_parquet(spec)
    else:
        table = _read_gis(spec)
    if table.empty:
        msg = f"{spec.path}: the layer or table is empty"
        raise SourceError(msg, source=spec.path)
    record.rows_read = len(table)
    for column, wanted in spec.where.items():
        values = column_of(table, column, path=spec.path)
        accepted = wanted if isinstance(wanted, list) else [wanted]
        keep = text_ids(values).isin(text_ids(pd.Series(accepted, dtype=object)))
        record.drop(f"{column} is not {shown(accepted)}", table.index[~keep])
        table = table[keep]
    if table.empty:
        msg = f"{spec.path}: no row has {', '.join(f'{k} = {v}' for k, v in spec.where.items())}"
        raise SourceError(msg, source=spec.path)
    return table


def read_layer(spec: FileSpec, *, record: Record) -> gpd.GeoDataFrame:
    """
    Read a table with geometry, in the CRS of its source.

    Parameters
    ----------
    spec
        The file and how to read it; ``lon`` and ``lat`` or ``geometry`` name
        the columns of a plain table.
    record
        Gets the rows read and the rows left out.

    Returns
    -------
    layer
        Geometry in the source's own CRS; rows without geometry keep None.

    Raises
    ------
    SourceError
        If the file cannot be read or has no geometry.
    CRSError
        If no CRS is known, or coordinates do not fit the one that is claimed.
    """
    table = read_table(spec, record=record)
    if spec.lon is not None and spec.lat is not None:
        x = numbers(column_of(table, spec.lon, path=spec.path), spec=spec)
        y = numbers(column_of(table, spec.lat, path=spec.path), spec=spec)
        points = shapely.points(x.to_numpy(float), y.to_numpy(float))
        points[(x.isna() | y.isna()).to_numpy()] = None
        layer = gpd.GeoDataFrame(table, geometry=points, crs=_declared_crs(spec) or "EPSG:4326")
    elif spec.geometry is not None and not isinstance(table, gpd.GeoDataFrame):
        geometry = _parse_geometry(column_of(table, spec.geometry, path=spec.path), spec=spec)
        rest = table.drop(columns=spec.geometry)
        layer = gpd.GeoDataFrame(rest, geometry=geometry, crs=_declared_crs(spec) or "EPSG:4326")
    elif isinstance(table, gpd.GeoDataFrame):
        layer = _with_crs(table, spec)
    else:
        msg = f"{spec.path}: no geometry; name lon and lat, or geometry, in the city file"
        raise SourceError(msg, source=spec.path)
    _check_degrees(layer, spec)
    return layer


def column_of(table: pd.DataFrame, column: str, *, path: Path) -> pd.Series:
    """
    Take a column or say which there are.

    Parameters
    ----------
    table
        Any table.
    column
        Its column.
    path
        File to name in the message.

    Returns
    -------
    column
        The column.

    Raises
    ------
    DataError
        If the table has no such column.
    """
    if column not in table.columns:
        msg = f"{path}: no column {column!r}; it has {', '.join(map(str, table.columns))}"
        raise DataError(msg, ids=[column])
    return table[column]


def keys(table: pd.DataFrame, spec: FileSpec, columns: str | tuple[str, ...]) -> pd.Series:
    """
    Make the ids of a table from one column or several.

    Parameters
    ----------
    table
        Any table.
    spec
        Its file; ``template``, where the block has one, joins several columns.
    columns
        Column or columns of the id.

    Returns
    -------
    keys
        Ids as text; None where a part is missing.

    Raises
    ------
    DataError
        If a column is absent, or the template does not fit the values.
    """
    names = (columns,) if isinstance(columns, str) else columns
    parts = [column_of(table, name, path=spec.path) for name in names]
    template = getattr(spec, "template", None)
    if template is None:
        texts = [text_ids(part) for part in parts]
        joined = texts[0]
        for text in texts[1:]:
            joined = joined.str.cat(text, sep="_")
        return joined
    values = [_numeric_if_all(part) for part in parts]
    known = ~pd.concat([part.isna() for part in values], axis=1).any(axis=1)
    made = pd.Series(None, index=table.index, dtype=object)
    try:
        made[known] = [
            template.format(*row) for row in zip(*(part[known] for part in values), strict=True)
        ]
    except (ValueError, IndexError, KeyError) as error:
        msg = f"{spec.path}: template {template!r} does not fit columns {shown(names)}: {error}"
        raise DataError(msg, ids=names) from error
    return made


def text_ids(values: pd.Series) -> pd.Series:
    """
    Put ids in text: 15.0 and 15 become "15", texts lose outer blanks.

    Parameters
    ----------
    values
        Ids of any type.

    Returns
    -------
    ids
        Text on the same index; None where missing or blank.
    """

    def one(value: Any) -> str | None:
        if value is None or value is pd.NA or value != value:  # noqa: PLR0124 - NaN of any type
            return None
        if isinstance(value, float | np.floating) and float(value).is_integer():
            return str(int(value))
        return str(value).strip() or None

    return pd.Series([one(value) for value in values], index=values.index, dtype=object)


def numbers(values: pd.Series, *, spec: FileSpec, ids: pd.Series | None = None) -> pd.Series:
    """
    Parse a column of numbers as the city file declares them.

    Parameters
    ----------
    values
        Numbers, or text with the declared decimal and thousands marks.
    spec
        The file, for its marks, its words for unknown and its name.
    ids
        What to call the rows in a message; their row numbers by default.

    Returns
    -------
    numbers
        Floats on the same index; NaN where the file leaves the value open.

    Raises
    ------
    DataError
        If a value is text that is no number; names the column and the rows.
    """
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        return values.astype(float)
    text = values.astype(object).map(lambda one: None if one is None else str(one).strip())
    unknown = text.isna() | text.isin(UNKNOWN_TEXTS) | text.isin(spec.missing)
    plain = text.where(~unknown, None)
    if spec.thousands:
        plain = plain.str.replace(spec.thousands, "", regex=False)
    if spec.decimal != ".":
        # A dot left over is not a decimal mark here: 1.234,5 must not pass as 1.2345
        plain = plain.where(~plain.str.contains(".", regex=False, na=False), "?")
        plain = plain.str.replace(spec.decimal, ".", regex=False)
    parsed = pd.to_numeric(plain, errors="coerce").astype(float)
    bad = parsed.isna() & ~unknown | np.isinf(parsed)
    if bad.any():
        rows = (ids if ids is not None else pd.Series(values.index, index=values.index))[bad]
        msg = (
            f"{spec.path}: column {values.name!r} holds text that is no number"
            f" ({shown(text[bad].unique())}) in rows {shown(rows)}"
        )
        raise DataError(msg, ids=rows)
    return parsed


def drop_repeated(
    table: pd.DataFrame, ids: pd.Series, *, policy: str, columns: Iterable[str], record: Record
) -> pd.DataFrame:
    """
    Leave one row for each id, as the city file declares.

    Parameters
    ----------
    table
        Any table, geometry included.
    ids
        Id of each row, on the table's index.
    policy
        ``error`` refuses rows of one id that differ; ``first`` keeps the first.
    columns
        Columns in which rows are compared; the rest is not used by anyone.
    record
        Gets the rows that were dropped.

    Returns
    -------
    table
        One row an id, in file order.

    Raises
    ------
    DataError
        If rows of one id differ and the policy is ``error``.
    """
    used = pd.DataFrame({"_id": ids})
    for column in columns:
        values = table[column]
        geometric = isinstance(values, gpd.GeoSeries) or str(values.dtype) == "geometry"
        used[column] = values.to_wkb() if geometric else values
    same = used.duplicated()
    if same.any():
        record.drop("identical duplicate", ids[same])
        record.warn("identical duplicate rows dropped", ids[same])
    left = table[~same]
    again = ids[~same].duplicated()
    if again.any():
        repeated = ids[~same][again]
        if policy == "error":
            msg = (
                f"{record.path}: rows that differ share an id: {shown(repeated.unique())};"
                ' correct the file, or declare duplicates = "first" in the city file'
            )
            raise DataError(msg, ids=repeated.unique())
        record.drop("later row of the same id", repeated)
        left = left[~again]
    return left


def plain_name(text: object) -> str:
    """
    Reduce a name to what people mean by it: no case, accents, dots or double blanks.

    Parameters
    ----------
    text
        A name.

    Returns
    -------
    name
        Lower-case letters, digits and single blanks.
    """
    letters = unicodedata.normalize("NFKD", str(text))
    bare = "".join(one for one in letters if not unicodedata.combining(one))
    return " ".join(re.sub(r"[^0-9a-z]+", " ", bare.casefold()).split())


def gather(faults: list[GeoEquityError]) -> None:
    """
    Raise the faults of several sources as one error.

    Parameters
    ----------
    faults
        What the readers raised; nothing happens when there is none.

    Raises
    ------
    DataError
        That lists them all; a single fault is raised as it is.
    """
    if len(faults) == 1:
        raise faults[0]
    if faults:
        lines = [f"  - {fault}" for fault in faults]
        msg = "\n".join([f"{len(faults)} sources have faults", *lines])
        raise DataError(msg, ids=[one for fault in faults for one in getattr(fault, "ids", ())])


def _read_text(spec: FileSpec) -> pd.DataFrame:
    """Read delimited text, every column as text."""
    try:
        raw = spec.path.read_bytes()
        text = raw.decode(
            "utf-8-sig" if spec.encoding.lower() in {"utf-8", "utf8"} else spec.encoding
        )
    except OSError as error:
        msg = f"{spec.path}: {error.strerror}"
        raise SourceError(msg, source=spec.path) from error
    except LookupError as error:
        msg = f"{spec.path}: no encoding is called {spec.encoding!r}"
        raise SourceError(msg, source=spec.path) from error
    except UnicodeDecodeError as error:
        msg = (
            f"{spec.path}: not {spec.encoding} text (byte {error.start}); declare its encoding"
            ' in the city file, often encoding = "latin-1"'
        )
        raise SourceError(msg, source=spec.path) from error
    if _is_utf8_misread(raw, spec.encoding):
        msg = f"{spec.path}: is UTF-8 text, but the city file declares {spec.encoding}"
        raise SourceError(msg, source=spec.path)
    separator = spec.separator or ("\t" if spec.path.suffix.lower() == ".tsv" else ",")
    from io import StringIO  # noqa: PLC0415 - only text tables need it

    try:
        return pd.read_csv(StringIO(text), sep=separator, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        msg = f"{spec.path}: not a table separated by {separator!r}: {str(error).strip()}"
        raise SourceError(msg, source=spec.path) from error


def _is_utf8_misread(raw: bytes, encoding: str) -> bool:
    """Tell whether text declared as a one-byte encoding is in truth UTF-8."""
    if encoding.lower().replace("-", "").startswith(("utf", "ascii")) or raw.isascii():
        return False
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _read_book(spec: FileSpec) -> pd.DataFrame:
    """Read one sheet of a workbook."""
    try:
        return pd.read_excel(spec.path, sheet_name=spec.layer or 0, engine="openpyxl")
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        msg = f"{spec.path}: cannot be read as a workbook: {error}"
        raise SourceError(msg, source=spec.path) from error


def _read_parquet(spec: FileSpec) -> pd.DataFrame:
    """Read GeoParquet, or Parquet without geometry."""
    try:
        return gpd.read_parquet(spec.path)
    except (pa.ArrowInvalid, OSError) as error:
        msg = f"{spec.path}: cannot be read as Parquet: {error}"
        raise SourceError(msg, source=spec.path) from error
    except ValueError:  # Parquet, but without the metadata of GeoParquet
        return pd.read_parquet(spec.path)


def _read_gis(spec: FileSpec) -> pd.DataFrame:
    """Read a layer through GDAL."""
    try:
        layers = pyogrio.list_layers(spec.path)
        if len(layers) == 0:
            msg = f"{spec.path}: holds no layer"
            raise SourceError(msg, source=spec.path)
        if len(layers) > 1 and spec.layer is None:
            msg = f"{spec.path}: holds layers {shown(layers[:, 0])}; name one with layer = ..."
            raise SourceError(msg, source=spec.path)
        return pyogrio.read_dataframe(spec.path, layer=spec.layer)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        empty = spec.path.suffix.lower() == ".zip" and "not recognized" in str(error)
        reason = "holds no layer that GDAL can read" if empty else f"cannot be read: {error}"
        msg = f"{spec.path}: {reason}"
        raise SourceError(msg, source=spec.path) from error


def _declared_crs(spec: FileSpec) -> CRS | None:
    """Resolve the CRS that the city file declares."""
    if spec.crs is None:
        return None
    try:
        return CRS.from_user_input(spec.crs)
    except ProjError as error:
        msg = f"{spec.path}: {spec.crs!r} is no CRS"
        raise CRSError(msg) from error


def _with_crs(layer: gpd.GeoDataFrame, spec: FileSpec) -> gpd.GeoDataFrame:
    """Give a layer the CRS its file or the city file states."""
    declared = _declared_crs(spec)
    if declared is not None:
        return layer.set_crs(declared, allow_override=True)
    if layer.crs is None:
        msg = f"{spec.path}: the layer has no CRS; declare crs in the city file"
        raise CRSError(msg)
    return layer


def _check_degrees(layer: gpd.GeoDataFrame, spec: FileSpec) -> None:
    """Refuse coordinates that cannot be degrees under a geographic CRS."""
    if not CRS(layer.crs).is_geographic:
        return
    bounds = layer.geometry.bounds
    bad = (bounds[["minx", "maxx"]].abs() > 180).any(axis=1)  # noqa: PLR2004 - degrees
    bad |= (bounds[["miny", "maxy"]].abs() > 90).any(axis=1)  # noqa: PLR2004 - degrees
    if bad.any():
        msg = (
            f"{spec.path}: coordinates are no degrees in rows {shown(layer.index[bad])};"
            " declare crs in the city file"
        )
        raise CRSError(msg, ids=layer.index[bad])


def _parse_geometry(values: pd.Series, *, spec: FileSpec) -> np.ndarray:
    """Parse WKT, or coordinate pairs such as ``(x, y)`` and R's ``c(x, y)``."""
    text = values.astype(object).map(lambda one: "" if one is None else str(one).strip())
    blank = text.isin([*UNKNOWN_TEXTS, *spec.missing])
    pairs = text.str.extract(_PAIR).astype(float)
    paired = pairs.notna().all(axis=1)
    geometry = np.full(len(text), None, dtype=object)
    points = shapely.points(pairs[paired].to_numpy())
    geometry[paired.to_numpy()] = points
    rest = (~blank & ~paired).to_numpy()
    geometry[rest] = shapely.from_wkt(text[rest].to_numpy(dtype=object), on_invalid="ignore")
    bad = rest & np.array([one is None for one in geometry])
    if bad.any():
        rows = values.index[bad]
        msg = f"{spec.path}: column {values.name!r} is neither WKT nor a pair in rows {shown(rows)}"
        raise DataError(msg, ids=rows)
    return geometry


def _numeric_if_all(values: pd.Series) -> pd.Series:
    """Turn a column into numbers if every known value is one."""
    text = text_ids(values)
    parsed = pd.to_numeric(text, errors="coerce")
    return parsed if parsed.notna().equals(text.notna()) else text
