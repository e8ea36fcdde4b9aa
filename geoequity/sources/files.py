"""
Read any table a city may offer, and keep book of what became of it.

GIS files go through GDAL, text tables and workbooks through pandas, Parquet
through Arrow. Text is read as text: numbers are parsed where a column is
declared to hold them, so ids keep their zeros and a stray letter is an error
with the row's id, not a silent gap.
"""

import codecs
import glob
import hashlib
import re
import sys
import time
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from numbers import Number
from pathlib import Path, PurePosixPath
from string import Formatter
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import rasterio
import shapely
from pyproj.exceptions import ProjError

from geoequity.errors import (
    SHOWN_COLUMNS,
    DataError,
    DataWarning,
    GeoEquityError,
    SourceError,
    shown,
)
from geoequity.sources._addresses import told
from geoequity.sources._cache import entry_of
from geoequity.sources._zips import MAX_BYTES, check_zip
from geoequity.sources.spec import FileSpec, Origin

TEXT_SUFFIXES = {".csv", ".tsv", ".txt"}
BOOK_SUFFIXES = {".xlsx", ".xlsm"}
PACKED_SUFFIXES = {".zip", *BOOK_SUFFIXES}
GIS_SUFFIXES = {".shp", ".gpkg", ".geojson", ".json", ".kml", ".gml", ".fgb", ".tab"}
UNKNOWN_TEXTS = ("", "NA", "N/A", "#N/A", "nan", "NaN", "null", "NULL", "None")
_NUMBER_FORMATS = tuple("bcdeEfFgGnoxX%")  # of a template's fields; any other takes text
_WIDE = re.compile(r"[0-9]{4}")  # a width or precision that would fill the memory
_GDAL_FAULTS = (
    *(pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError),
    ProjError,  # a CRS that GDAL passes on and PROJ does not take
)
_BESIDE = frozenset(  # files of the same stem that GDAL reads along
    (
        *(".shx", ".dbf", ".prj", ".cpg", ".qpj", ".dat", ".map", ".id", ".ind", ".gfs", ".xsd"),
        *(".csvt", ".tfw", ".tifw", ".wld", ".hdr", ".aux", ".rrd", ".stx", ".clr", ".ige"),
    )
)
_BEHIND = frozenset((".aux.xml", ".ovr", ".msk", "-wal", "-journal", ".aux"))  # after the name
_CHANGES_SHOW = sys.platform != "win32"  # there, a file does not tell when it was changed
_SETTLED_NS = 2_000_000_000  # what was changed a moment ago may be changed unseen
_DIGESTS: dict[Path, tuple[tuple[int, ...], str]] = {}  # of files as they were
_LARGEST_TEXT = 1 << 30  # bytes of a table in a zip
_LARGEST_BOOK = 1 << 30  # bytes of a workbook, unpacked
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
            Ids of the rows concerned; none where nobody knows them.
        """
        names = [str(one) for one in ids]
        text = f"{self.path.name}: {message}" + (f": {shown(names)}" if names else "")
        self.warnings.append(text)
        warnings.warn(DataWarning(text, ids=names), stacklevel=3)

    def blank(self) -> "Record":
        """
        Open a book of the same source in which nothing is noted.

        Returns
        -------
        record
            To be added to this one; where nothing counts its rows, they stand at -1.
        """
        return Record(
            name=self.name, path=self.path, origin=self.origin, rows_read=-1, rows_kept=-1
        )

    def add(self, other: "Record") -> None:
        """
        Add what a blank book has noted since.

        Parameters
        ----------
        other
            The other book.
        """
        self.rows_read = self.rows_read if other.rows_read < 0 else other.rows_read
        self.rows_kept = self.rows_kept if other.rows_kept < 0 else other.rows_kept
        self.dropped += other.dropped
        self.counts |= other.counts
        self.warnings += other.warnings

    def warn_again(self) -> None:
        """Warn of all faults in the book, of a reading that another run did."""
        for text in self.warnings:
            warnings.warn(DataWarning(text), stacklevel=3)

    def as_dict(self) -> dict[str, Any]:
        """
        Give the record as it stands in ``provenance.json``.

        Returns
        -------
        record
            Plain values; ``path`` is the bare file name.
        """
        digest = sha256(self.path)
        fetched = entry_of(self.path, sha256=digest)
        terms = {key: getattr(self.origin, key) for key in Origin.model_fields}
        if terms["url"] is not None:  # without the keys that a city file may give in it
            url = terms["url"]
            terms["url"] = told(url) if isinstance(url, str) else tuple(map(told, url))
        if fetched is not None:  # what a city file says of the day was written before
            terms["retrieved"] = fetched["retrieved"]
        return {
            "name": self.name,
            "path": self.path.name,
            **terms,
            "sha256": digest,
            **({} if fetched is None else {"download": fetched}),
            "rows_read": self.rows_read,
            "rows_kept": self.rows_kept,
            **self.counts,
            "dropped": self.dropped,
            "warnings": self.warnings,
        }


def sha256(path: Path) -> str:
    """
    Fingerprint a file or a folder.

    Parameters
    ----------
    path
        The file, or a folder of files.

    Returns
    -------
    sha256
        Hexadecimal digest of its bytes; of a folder, of the names and digests
        of its files.
    """
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.is_file())
        lines = [f"{sha256(one)}  {one.relative_to(path).as_posix()}\n" for one in files]
        return hashlib.sha256("".join(lines).encode()).hexdigest()
    state = _state(path)
    known = _DIGESTS.get(path)
    if known is not None and known[0] == state:
        return known[1]
    now = time.time_ns()
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if _CHANGES_SHOW and max(state[-2:]) < now - _SETTLED_NS:
        _DIGESTS[path] = state, digest
    return digest


def _state(path: Path) -> tuple[int, ...]:
    """Tell what changes with a file; the last two are when it was changed, which nobody can set."""
    seen = path.stat()
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


def companions(path: Path) -> list[Path] | None:
    """
    List the files that are read with a file.

    Parameters
    ----------
    path
        A file or a folder.

    Returns
    -------
    companions
        The file, those beside it that GDAL reads along, and those that a mosaic
        names; None where it cannot be told.
    """
    found = [path]
    if path.is_file():
        found += [
            one
            for one in sorted(path.parent.glob(f"{glob.escape(path.stem)}*"))
            if one != path and one.is_file() and _goes_with(one, path)
        ]
    if path.suffix.lower() != ".vrt":
        return found
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(path) as mosaic:
                named = [Path(one) for one in mosaic.files]
    except rasterio.errors.RasterioError:
        return None
    for one in named:
        beside = companions(one) if one.exists() and one != path else [one] * (one == path)
        if not beside:  # in an archive, or somewhere else
            return None
        found += beside
    return list(dict.fromkeys(found))


def _goes_with(one: Path, path: Path) -> bool:
    """Tell whether GDAL reads a file along with another."""
    behind = one.name.removeprefix(path.name).lower()
    return behind in _BEHIND or (one.stem == path.stem and one.suffix.lower() in _BESIDE)


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
        the row number, 1 the first under the header.

    Raises
    ------
    SourceError
        If the file cannot be read as what it claims to be, or is empty.
    DataError
        If a column of ``where`` or ``fill`` is absent.
    """
    suffix = spec.path.suffix.lower()
    if suffix in PACKED_SUFFIXES and spec.path.is_file():
        check_zip(spec.path, most=_LARGEST_BOOK if suffix in BOOK_SUFFIXES else MAX_BYTES)
    packed = _packed_text(spec) if suffix == ".zip" else None
    if suffix in TEXT_SUFFIXES:
        table = _read_text(spec, spec.path.name, _bytes_of(spec))
    elif packed is not None:
        table = _read_text(spec, packed.filename, _unpacked(spec, packed))
    elif suffix in BOOK_SUFFIXES:
        table = _read_book(spec)
    elif suffix == ".parquet":
        table = _read_parquet(spec)
    else:
        table = _read_gis(spec, record=record)
    if table.empty:
        msg = f"{spec.path}: the layer or table is empty"
        raise SourceError(msg, source=spec.path)
    table = table.set_axis(pd.RangeIndex(1, len(table) + 1), axis=0)
    record.rows_read = len(table)
    for column in spec.fill:
        blank = text_ids(column_of(table, column, path=spec.path)).isna()
        table = table.assign(**{column: table[column].mask(blank).ffill()})
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
        msg = f"{path}: no column {column!r}; it has {shown(table.columns, most=SHOWN_COLUMNS)}"
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
    if template is not None:
        return _templated(parts, template, spec=spec)
    joined, *more = (text_ids(part) for part in parts)
    return text_ids(joined.str.cat(more, sep="_")) if more else joined


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

    def text(value: Any) -> str | None:
        if isinstance(value, float | np.floating) and float(value).is_integer():
            return str(int(value))
        return str(value).strip() or None

    known = values.notna()
    each = zip(values.tolist(), known.tolist(), strict=True)
    texts = [text(one) if there else None for one, there in each]
    return pd.Series(texts, index=values.index, name=values.name, dtype=object)


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
        known = values.notna().to_numpy()
        parsed = values.to_numpy(dtype=float, na_value=np.nan)
    else:
        unknown = {*UNKNOWN_TEXTS, *spec.missing}
        plain = [one.strip() if isinstance(one, str) else one for one in values.tolist()]
        open_ = [isinstance(one, str) and one in unknown for one in plain]
        known = values.notna().to_numpy() & ~np.array(open_, dtype=bool)
        number = _number_parser(spec)
        parsed = np.array([number(one) for one in plain], dtype=float)
    bad = known & ~np.isfinite(parsed)
    if bad.any():
        rows = values.index[bad] if ids is None else ids[bad]
        msg = (
            f"{spec.path}: column {values.name!r} holds text that is no number"
            f" ({shown(dict.fromkeys(map(str, values[bad])))}) in rows {shown(rows)}"
        )
        raise DataError(msg, ids=rows)
    return pd.Series(np.where(known, parsed, np.nan), index=values.index, name=values.name)


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
    several = ids.duplicated(keep=False).to_numpy()
    if not several.any():
        return table
    used = [table.loc[several, column] for column in columns]
    used = [one.to_wkb() if isinstance(one, gpd.GeoSeries) else text_ids(one) for one in used]
    rows = pd.concat([ids[several], *used], axis=1, keys=range(1 + len(used)))
    same = np.zeros(len(ids), dtype=bool)
    same[several] = rows.duplicated()
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
        Letters of any script without case, digits and single blanks.
    """
    letters = unicodedata.normalize("NFKD", str(text))
    bare = "".join(one for one in letters if not unicodedata.combining(one))
    return " ".join(re.sub(r"[\W_]+", " ", bare.casefold()).split())


class _SeveralFaultsError(DataError):
    """The faults of several tables or columns in one error."""

    def __init__(self, faults: list[GeoEquityError]) -> None:
        self.faults = faults
        lines = [f"{len(faults)} faults in the data", *(f"  - {one}" for one in faults)]
        super().__init__(
            "\n".join(lines), ids=[one for fault in faults for one in getattr(fault, "ids", ())]
        )


def all_of(tasks: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """
    Do several things, and raise the faults of all of them at once.

    Parameters
    ----------
    tasks
        What to do, by name.

    Returns
    -------
    results
        What came of it, by name.

    Raises
    ------
    DataError
        If any of them raised an error of this package; names every fault.
    """
    results: dict[str, Any] = {}
    faults: list[GeoEquityError] = []
    for name, task in tasks.items():
        try:
            results[name] = task()
        except GeoEquityError as fault:
            faults.append(fault)
    gather(faults)
    return results


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
    single = [
        one
        for fault in faults
        for one in (fault.faults if isinstance(fault, _SeveralFaultsError) else [fault])
    ]
    said: dict[str, GeoEquityError] = {}
    for one in single:  # several blocks may read one file
        said.setdefault(str(one), one)
    if said:
        raise single[0] if len(said) == 1 else _SeveralFaultsError(list(said.values()))


def _templated(parts: list[pd.Series], template: str, *, spec: FileSpec) -> pd.Series:
    """Join columns by a template: a field with a number format takes numbers, any other text."""
    try:
        places = _places(template, columns=len(parts))
        values = [
            numbers(part, spec=spec).astype(object) if places[place] else text_ids(part)
            for place, part in enumerate(parts)
        ]
        rows = [
            None
            if any(pd.isna(one) for one in row)
            else template.format(*map(_whole, row)).strip() or None
            for row in zip(*values, strict=True)
        ]
    except DataError:
        raise
    except (ValueError, IndexError, OverflowError, AttributeError, TypeError, KeyError) as error:
        names = shown(part.name for part in parts)
        msg = f"{spec.path}: template {template!r} does not fit columns {names}: {error}"
        raise DataError(msg, ids=[part.name for part in parts]) from error
    return pd.Series(rows, index=parts[0].index, dtype=object)


def _places(template: str, *, columns: int) -> dict[int, bool]:
    """Tell of each column whether its field in a template formats a number."""
    fields = [(name, form) for _, name, form, _ in Formatter().parse(template) if name is not None]
    if any(_WIDE.search(form or "") for _, form in fields):
        msg = "ids of a thousand letters are none"
        raise ValueError(msg)
    places = {
        int(name) if name else place: (form or "").endswith(_NUMBER_FORMATS)
        for place, (name, form) in enumerate(fields)
    }
    if set(places) != set(range(columns)):
        msg = f"it has fields for {len(places)} of {columns} columns"
        raise ValueError(msg)
    return places


def _whole(value: Any) -> Any:
    """Turn 15.0 into 15, which formats as a float and as an integer too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number_parser(spec: FileSpec) -> Callable[[Any], float]:
    """Make the parser of numbers with the declared marks; NaN for what is none."""
    mark, thousands = re.escape(spec.decimal), re.escape(spec.thousands or "")
    whole = rf"[0-9]{{1,3}}(?:{thousands}[0-9]{{3}})+|[0-9]+" if thousands else "[0-9]+"
    # Groups of three only: under thousands = "." a 1.5 must not pass as 15
    written = re.compile(rf"[+-]?(?:(?:{whole})(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?")

    def number(value: Any) -> float:
        if isinstance(value, Number):  # of a workbook or a file with types
            return float(value)  # type: ignore[arg-type]
        if not isinstance(value, str) or not written.fullmatch(value):
            return float("nan")
        plain = value.replace(spec.thousands, "") if spec.thousands else value
        return float(plain.replace(spec.decimal, "."))

    return number


def _bytes_of(spec: FileSpec) -> bytes:
    """Read a file whole."""
    try:
        return spec.path.read_bytes()
    except OSError as error:
        msg = f"{spec.path}: {error.strerror}"
        raise SourceError(msg, source=spec.path) from error


def _packed_text(spec: FileSpec) -> zipfile.ZipInfo | None:
    """Find the one text table that is meant in a zip; None where GDAL is to look."""
    try:
        with zipfile.ZipFile(spec.path) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
    except (OSError, zipfile.BadZipFile):
        return None
    paths = [(PurePosixPath(one.filename), one) for one in members]
    paths = [(path, one) for path, one in paths if not path.name.startswith("._")]  # of macOS
    meant = [(path, one) for path, one in paths if spec.layer in {None, path.stem}]
    suffixes = TEXT_SUFFIXES if spec.layer else TEXT_SUFFIXES - {".txt"}  # a readme.txt is no table
    texts = [one for path, one in meant if path.suffix.lower() in suffixes]
    layers = [one for path, one in meant if path.suffix.lower() in GIS_SUFFIXES]
    return texts[0] if len(texts) == 1 and not layers else None


def _unpacked(spec: FileSpec, member: zipfile.ZipInfo) -> bytes:
    """Read a text table in a zip, but none that would fill the memory."""
    if member.file_size > _LARGEST_TEXT:
        msg = f"{spec.path}: {member.filename} is {member.file_size:,} bytes when unpacked"
        raise SourceError(f"{msg}, over {_LARGEST_TEXT:,}", source=spec.path)
    try:
        with zipfile.ZipFile(spec.path) as archive:
            return archive.read(member)
    except (OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        msg = f"{spec.path}: {member.filename} cannot be unpacked: {error}"
        raise SourceError(msg, source=spec.path) from error


def _read_text(spec: FileSpec, name: str, raw: bytes) -> pd.DataFrame:
    """Read delimited text, every column as text."""
    encoding = spec.encoding or "utf-8"
    try:
        encoding = codecs.lookup(encoding).name
        text = raw.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeError as error:  # not all codecs tell the byte
        place = f" (byte {error.start})" if isinstance(error, UnicodeDecodeError) else ""
        msg = (
            f"{spec.path}: not {encoding} text{place}; declare its encoding"
            ' in the city file, often encoding = "latin-1"'
        )
        raise SourceError(msg, source=spec.path) from error
    except (LookupError, ValueError) as error:
        msg = f"{spec.path}: no encoding is called {spec.encoding!r}"
        raise SourceError(msg, source=spec.path) from error
    if _is_utf8_misread(raw, encoding):
        msg = f"{spec.path}: is UTF-8 text, but the city file declares {spec.encoding}"
        raise SourceError(msg, source=spec.path)
    separator = spec.separator or ("\t" if name.lower().endswith(".tsv") else ",")
    text = _from_header(text, spec)
    odd = _odd_rows(text, separator)
    if odd:
        msg = f"{spec.path}: rows {shown(odd)} have more or fewer fields, separated by"
        raise SourceError(f"{msg} {separator!r}, than the header", source=spec.path)
    try:
        table = pd.read_csv(
            StringIO(text), sep=separator, header=None, dtype=str, keep_default_na=False
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        msg = f"{spec.path}: not a table separated by {separator!r}: {str(error).strip()}"
        raise SourceError(msg, source=spec.path) from error
    return table.iloc[1:].set_axis(_told_apart(table.iloc[0]), axis=1)


def _from_header(text: str, spec: FileSpec) -> str:
    """Cut off the lines above the header."""
    for _ in range(1, spec.header):
        if not text:
            break
        text = re.sub(r"\A[^\r\n]*(\r\n?|\n|\Z)", "", text)
    if spec.header > 1 and not text.strip():
        msg = f"{spec.path}: has no row {spec.header} for its header"
        raise SourceError(msg, source=spec.path)
    return text


def _odd_rows(text: str, separator: str) -> list[int]:
    """List the rows whose fields are not as many as the header's, which pandas would fit in."""
    mark = re.escape(separator)
    bare = re.sub(rf'(^|{mark})"(?:[^"]|"")*"', r"\1", text, flags=re.MULTILINE)
    fields = [line.count(separator) for line in re.split(r"\r\n?|\n", bare) if line.strip()]
    return [row for row, number in enumerate(fields) if number != fields[0]]


def _told_apart(names: pd.Series) -> list[str]:
    """Give columns of one name a number each, so that none is taken for the other."""
    number, repeated = names.groupby(names).cumcount() + 1, names.duplicated(keep=False)
    return [
        f"{name} ({n})" if twice else name
        for name, n, twice in zip(names, number, repeated, strict=True)
    ]


def _is_utf8_misread(raw: bytes, encoding: str) -> bool:
    """Tell whether text declared as a one-byte encoding is in truth UTF-8."""
    if encoding.startswith(("utf", "ascii")) or raw.isascii():
        return False
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _read_book(spec: FileSpec) -> pd.DataFrame:
    """Read one sheet of a workbook, every cell as it is typed there."""
    from openpyxl.utils.exceptions import (  # noqa: PLC0415 - costs 0.2 s
        CellCoordinatesException,
    )

    try:
        table = pd.read_excel(
            spec.path,
            sheet_name=spec.layer or 0,
            header=spec.header - 1,
            engine="openpyxl",
            dtype=object,
            na_values=[""],
            keep_default_na=False,
        )
    except (
        ValueError,
        KeyError,
        IndexError,
        AttributeError,
        TypeError,
        OSError,
        SyntaxError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        ArithmeticError,
        AssertionError,
        NotImplementedError,
        CellCoordinatesException,
    ) as error:  # fmt: skip - what openpyxl is known to throw at a damaged workbook
        msg = f"{spec.path}: cannot be read as a workbook: {error}"
        raise SourceError(msg, source=spec.path) from error
    return table.set_axis(table.columns.map(str), axis=1)  # years stand there as numbers


def _read_parquet(spec: FileSpec) -> pd.DataFrame:
    """Read GeoParquet, or Parquet without geometry."""
    try:
        geographic = b"geo" in (pq.read_schema(spec.path).metadata or {})
        table = gpd.read_parquet(spec.path) if geographic else pd.read_parquet(spec.path)
    except (
        pa.ArrowException,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        OSError,
        ProjError,
        shapely.GEOSException,
    ) as error:
        msg = f"{spec.path}: cannot be read as Parquet: {error}"
        raise SourceError(msg, source=spec.path) from error
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()]
        msg = f"{spec.path}: has more than one column called {shown(twice)}"
        raise SourceError(msg, source=spec.path)
    named = any(name is not None for name in table.index.names)
    return table.reset_index() if named else table  # pandas keeps ids in the index


def _read_gis(spec: FileSpec, *, record: Record) -> pd.DataFrame:
    """Read a layer through GDAL, and pass on what GDAL only murmurs."""
    with warnings.catch_warnings(record=True) as murmurs:
        warnings.simplefilter("always")
        table = _gis_table(spec)
    for one in dict.fromkeys(str(murmur.message) for murmur in murmurs):
        if "parsed incompletely" in one:  # a number with something behind it, cut off
            msg = f"{spec.path}: cannot be read whole: {one}"
            raise SourceError(msg, source=spec.path)
        record.warn(f"read, but {one}", [])
    return table


def _gis_table(spec: FileSpec) -> pd.DataFrame:
    """Read the one layer that is meant."""
    encoding = _gdal_encoding(spec)
    try:
        address, layer = _gis_address(spec)
        layers = pyogrio.list_layers(address)
        if len(layers) == 0:
            msg = f"{spec.path}: holds no layer"
            raise SourceError(msg, source=spec.path)
        if len(layers) > 1 and layer is None:
            msg = f"{spec.path}: holds layers {shown(layers[:, 0])}; name one with layer = ..."
            raise SourceError(msg, source=spec.path)
        driver = pyogrio.read_info(address, layer=layer)["driver"]
        # A ring that cannot be becomes None, and is told by its id further on
        table = pyogrio.read_dataframe(address, layer=layer, encoding=encoding, on_invalid="ignore")
    except UnicodeDecodeError as error:
        msg = (
            f"{spec.path}: not {spec.encoding or 'utf-8'} text; declare its encoding"
            ' in the city file, often encoding = "latin-1"'
        )
        raise SourceError(msg, source=spec.path) from error
    except (*_GDAL_FAULTS, zipfile.BadZipFile) as error:
        msg = f"{spec.path}: cannot be read: {error}"
        raise SourceError(msg, source=spec.path) from error
    if driver == "ESRI Shapefile" and encoding != "utf-8" and _holds_utf8_misread(table):
        msg = f'{spec.path}: is UTF-8 text that does not say so; declare encoding = "utf-8"'
        raise SourceError(msg, source=spec.path)
    return table


def _gdal_encoding(spec: FileSpec) -> str | None:
    """Name the declared encoding as GDAL does."""
    if spec.encoding is None:
        return None
    try:
        name = codecs.lookup(spec.encoding).name
    except (LookupError, ValueError) as error:
        msg = f"{spec.path}: no encoding is called {spec.encoding!r}"
        raise SourceError(msg, source=spec.path) from error
    return name.replace("iso8859", "ISO-8859")


def _gis_address(spec: FileSpec) -> tuple[str | Path, str | None]:
    """Find the layer in a zip, also where it lies deeper than GDAL looks."""
    if spec.path.suffix.lower() != ".zip":
        return spec.path, spec.layer
    try:
        pyogrio.list_layers(spec.path)
    except pyogrio.errors.DataSourceError as error:
        with zipfile.ZipFile(spec.path) as archive:
            names = [PurePosixPath(one) for one in archive.namelist()]
        names = [one for one in names if one.suffix.lower() in GIS_SUFFIXES]
        names = [one for one in names if not one.name.startswith("._")]  # of macOS
        chosen = [one for one in names if spec.layer in {None, one.stem}]
        if not names:
            msg = f"{spec.path}: holds no layer that GDAL can read"
            raise SourceError(msg, source=spec.path) from error
        if len(names) > 1 and len(chosen) != 1:
            listed = shown(one.stem for one in names)
            msg = f"{spec.path}: holds layers {listed}; name one with layer = ..."
            raise SourceError(msg, source=spec.path) from error
        several = len(names) > 1
        inner = chosen[0] if several else names[0]
        return f"/vsizip/{spec.path}/{inner}", None if several else spec.layer
    return spec.path, spec.layer


def _holds_utf8_misread(table: pd.DataFrame) -> bool:
    """Tell whether all accents of a table look like UTF-8 read as latin-1."""
    texts = {
        one
        for name in table.columns
        if not pd.api.types.is_numeric_dtype(table[name])
        for one in table[name]
        if isinstance(one, str) and not one.isascii()
    }
    try:
        return bool(texts) and all(one.encode("latin-1").decode("utf-8") for one in texts)
    except UnicodeError:
        return False
