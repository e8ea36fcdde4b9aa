"""Read the files of GTFS: bytes in, tables of text and numbers out, and a book of what is wrong."""

import codecs
import csv
import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pacsv

from geoequity.errors import DataError, GeoEquityError, SourceError, shown
from geoequity.sources.files import Record

_HEADER_BYTES = 65_536
_BLOCK_BYTES = 4 * 1024**2
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
_BLANKS = ' \t\r\n"'  # a quote after a blank is none to the parser, and stays in the field
_ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
)  # fmt: skip - what zipfile is known to throw at a damaged member

Opener = Callable[[], IO[bytes]]
Tables = Mapping[str, pd.DataFrame | None]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """
    What a file of GTFS holds, as far as anybody here reads it.

    Parameters
    ----------
    filled
        Columns that must be there and never blank.
    text, numbers
        Columns to read, ``filled`` among them.
    there
        Columns that must be there, and may be blank.
    key
        Columns that tell rows apart; all of them where none are named.
    needed
        Whether a feed is none without the file.
    """

    filled: tuple[str, ...]
    text: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    there: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    needed: bool = False


WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LAYOUTS = {
    "agency.txt": Layout(
        filled=("agency_name",),
        text=("agency_id", "agency_name"),
        key=("agency_id",),
        needed=True,
    ),
    "stops.txt": Layout(
        filled=("stop_id",),
        there=("stop_lat", "stop_lon"),
        text=("stop_id", "stop_name", "parent_station", "zone_id"),
        numbers=("stop_lat", "stop_lon", "location_type"),
        key=("stop_id",),
        needed=True,
    ),
    "routes.txt": Layout(
        filled=("route_id", "route_type"),
        text=("route_id", "agency_id", "route_short_name", "route_long_name"),
        numbers=("route_type",),
        key=("route_id",),
        needed=True,
    ),
    "trips.txt": Layout(
        filled=("route_id", "service_id", "trip_id"),
        text=("route_id", "service_id", "trip_id", "shape_id"),
        numbers=("direction_id",),
        key=("trip_id",),
        needed=True,
    ),
    "stop_times.txt": Layout(
        filled=("trip_id", "stop_id", "stop_sequence"),
        text=("trip_id", "stop_id", "arrival_time", "departure_time"),
        numbers=("stop_sequence", "pickup_type", "drop_off_type", "shape_dist_traveled"),
        key=("trip_id", "stop_sequence"),
        needed=True,
    ),
    "calendar.txt": Layout(
        filled=("service_id", *WEEK, "start_date", "end_date"),
        text=("service_id", "start_date", "end_date"),
        numbers=WEEK,
        key=("service_id",),
    ),
    "calendar_dates.txt": Layout(
        filled=("service_id", "date", "exception_type"),
        text=("service_id", "date"),
        numbers=("exception_type",),
        key=("service_id", "date"),
    ),
    "frequencies.txt": Layout(
        filled=("trip_id", "start_time", "end_time", "headway_secs"),
        text=("trip_id", "start_time", "end_time"),
        numbers=("headway_secs", "exact_times"),
        key=("trip_id", "start_time"),
    ),
    "transfers.txt": Layout(
        filled=(),
        there=("from_stop_id", "to_stop_id", "transfer_type"),
        text=(
            "from_stop_id", "to_stop_id", "from_route_id", "to_route_id",
            "from_trip_id", "to_trip_id",
        ),
        numbers=("transfer_type", "min_transfer_time"),
    ),
    "shapes.txt": Layout(
        filled=("shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"),
        text=("shape_id",),
        numbers=("shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"),
        key=("shape_id", "shape_pt_sequence"),
    ),
    "fare_attributes.txt": Layout(
        filled=("fare_id", "price", "currency_type"),
        text=("fare_id", "currency_type", "agency_id"),
        numbers=("price", "transfers"),
        key=("fare_id",),
    ),
    "fare_rules.txt": Layout(
        filled=("fare_id",),
        text=("fare_id", "route_id", "origin_id", "destination_id", "contains_id"),
    ),
}  # fmt: skip
CALENDARS = ("calendar.txt", "calendar_dates.txt")
FARES_V2 = "fare_products.txt"  # only looked for, to say that it is not read


@dataclass
class Book:
    """
    What is wrong with one feed, and what was mended in it.

    Parameters
    ----------
    record
        Keeps what was mended and dropped.
    faults
        What cannot be mended, all of it, to be raised at once.
    unread
        Files that are there and cannot be read, on which nothing can be checked.
    misread
        Rows by file whose numbers are none; they are at fault already.
    """

    record: Record
    faults: list[GeoEquityError] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    misread: dict[str, set[int]] = field(default_factory=dict)

    def fault(self, file: str, message: str, ids: Iterable[object] = ()) -> None:
        """
        Note a fault that cannot be mended.

        Parameters
        ----------
        file
            File of the feed.
        message
            What is wrong, naming the field.
        ids
            Ids or numbers of the rows concerned.
        """
        names = list(dict.fromkeys(map(str, ids)))
        text = f"{self.record.path}: {file}: {message}" + (f": {shown(names)}" if names else "")
        self.faults.append(DataError(text, ids=names))

    def unreadable(self, file: str, message: str) -> None:
        """
        Note that a file cannot be read at all.

        Parameters
        ----------
        file
            File of the feed.
        message
            Why.
        """
        text = f"{self.record.path}: {file}: {message}"
        self.faults.append(SourceError(text, source=self.record.path))

    def drop(self, file: str, reason: str, ids: Iterable[object]) -> None:
        """
        Note rows that are left out, and warn of them.

        Parameters
        ----------
        file
            File of the feed.
        reason
            What rows they are.
        ids
            Their ids; nothing happens where there are none.
        """
        names = list(map(str, ids))
        if names:
            self.record.drop(f"{file}: {reason}", names)
            self.record.warn(f"{file}: {reason}, dropped", list(dict.fromkeys(names)))

    def check_names(
        self, file: str, values: pd.Series, known: pd.Index | None, *, target: str
    ) -> None:
        """
        Refuse ids that name nothing.

        Parameters
        ----------
        file
            File of the feed.
        values
            A column of ids as it was read.
        known
            What there is to name; None where nobody knows, and all pass.
        target
            What they ought to name.
        """
        if known is None:
            return
        there = values.dropna().unique().astype(object)
        named = [one for one in there if one not in known]
        if named:
            self.fault(file, f"{values.name} names no {target}", named)

    def check_kinds(
        self, file: str, values: pd.Series, kinds: tuple[int, ...], *, ids: pd.Series
    ) -> None:
        """
        Refuse numbers that stand for nothing; blanks pass.

        Parameters
        ----------
        file
            File of the feed.
        values
            A column of numbers.
        kinds
            What they may be.
        ids
            What to call the rows.
        """
        wrong = values.notna() & ~values.isin(kinds)
        if wrong.any():
            listed = ", ".join(map(str, kinds))
            self.fault(file, f"{values.name} is none of {listed} for", ids[wrong])


def read_tables(files: Mapping[str, Opener], *, book: Book) -> dict[str, pd.DataFrame | None]:
    """
    Read all tables of a feed.

    Parameters
    ----------
    files
        What opens them.
    book
        Gets the faults, and the repeated rows that are dropped.

    Returns
    -------
    tables
        By file name; None stands for those that are absent or cannot be read.
        Index: the number of the row, 1 the first under the header.
    """
    missing = [name for name, layout in LAYOUTS.items() if layout.needed and name not in files]
    if not any(name in files for name in CALENDARS):
        missing.append(" or ".join(CALENDARS))
    if missing:
        book.fault("feed", "required files are missing", missing)
    tables: dict[str, pd.DataFrame | None] = dict.fromkeys(LAYOUTS)
    for name, layout in LAYOUTS.items():
        if name not in files:
            continue
        table = None
        try:
            if not layout.needed and not any(one.strip() for one in _header(files[name])):
                book.record.warn(f"{name}: is empty, taken as absent", [])
                continue
            table = _read(files[name], name, layout, book=book)
        except (pa.ArrowException, csv.Error) as error:
            book.unreadable(name, f"is no table: {error}")
        except _ZIP_FAULTS as error:
            book.unreadable(name, f"cannot be read: {error}")
        if table is not None and layout.needed and table.empty:
            book.fault(name, "holds no rows")
            table = None
        if table is None:
            book.unread.add(name)
            continue
        book.record.rows_read += len(table)
        book.record.counts.setdefault("rows", {})[name] = len(table)
        tables[name] = _each_once(table, name, layout, book=book)
    return tables


def _read(open_: Opener, name: str, layout: Layout, *, book: Book) -> pd.DataFrame | None:
    """Read the columns of one file that anybody uses; None where that cannot be done."""
    column_of = _columns(open_, name, layout, book=book)
    if column_of is None:
        return None
    table, rows, mended = _parse(open_, name, column_of, layout, book=book)
    if table is None:
        return None
    if mended:
        book.record.warn(
            f"{name}: rows with more or fewer fields than the header, all of them blank", mended
        )
    return _typed(table, rows, name, column_of, layout, book=book).sort_index()


def _typed(
    table: pa.Table,
    rows: np.ndarray,
    name: str,
    column_of: Mapping[str, str],
    layout: Layout,
    *,
    book: Book,
) -> pd.DataFrame:
    """Turn columns into categories and numbers; those that the file lacks are blank."""
    columns: dict[str, object] = {}
    for one in layout.text:
        columns[one] = pd.Categorical.from_codes(np.full(len(rows), -1), categories=[])
        if one in column_of:
            columns[one] = _categories(table.column(column_of[one]))
    for one in layout.numbers:
        columns[one] = np.full(len(rows), np.nan)
        if one in column_of:
            columns[one], wrong = _numbers(table.column(column_of[one]))
            if wrong.any():
                book.fault(name, f"{one} holds text that is no number, in rows", rows[wrong])
                book.misread.setdefault(name, set()).update(rows[wrong].tolist())
    typed = pd.DataFrame(columns, index=pd.Index(rows, name="row"))
    for one in layout.filled:
        blank = typed.index[typed[one].isna()].difference(list(book.misread.get(name, ())))
        if len(blank):
            book.fault(name, f"{one} is blank in rows", blank)
    return typed


def _columns(open_: Opener, name: str, layout: Layout, *, book: Book) -> dict[str, str] | None:
    """Find the columns, whatever blanks and quotes surround their names."""
    raw = _header(open_)
    if not any(one.strip() for one in raw):
        book.fault(name, "is empty")
        return None
    wanted = {*layout.text, *layout.numbers}
    names = [one.strip(_BLANKS) for one in raw]
    twice = [one for one, number in Counter(names).items() if number > 1 and one in wanted]
    missing = [one for one in (*layout.filled, *layout.there) if one not in names]
    if name == "stop_times.txt" and not {"arrival_time", "departure_time"} & {*names}:
        missing.append("arrival_time or departure_time")
    if twice:
        book.fault(name, "has more than one column called", twice)
    if missing:
        book.fault(name, "required columns are missing", missing)
    if twice or missing:
        return None
    return {one: bare for one, bare in zip(names, raw, strict=True) if one in wanted}


def _header(open_: Opener) -> list[str]:
    """Read the names of the columns as they are written."""
    with open_() as stream:
        text = stream.read(_HEADER_BYTES).decode("utf-8-sig", "replace")
    return next((row for row in csv.reader(io.StringIO(text, newline="")) if row), [])


class _Utf8(io.RawIOBase):
    """A stream that ends in an error where its text is not UTF-8."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def readable(self) -> bool:
        """Say that one may read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read on, and look at what was read."""
        data = self._stream.read(size)
        self._decoder.decode(data, final=not data)
        return data


def _parse(
    open_: Opener, name: str, column_of: Mapping[str, str], layout: Layout, *, book: Book
) -> tuple[pa.Table | None, np.ndarray, list[int]]:
    """Parse a file: the table, the numbers of its rows, and the rows mended at its end."""
    coded, plain = pa.dictionary(pa.int32(), pa.string()), pa.string()
    types = {raw: coded if one in layout.text else plain for one, raw in column_of.items()}
    for encoding in ("utf8", "latin-1"):
        odd: list[pacsv.InvalidRow] = []
        try:
            with open_() as stream:
                table = pacsv.read_csv(
                    _Utf8(stream) if encoding == "utf8" else stream,
                    read_options=pacsv.ReadOptions(
                        use_threads=False, block_size=_BLOCK_BYTES, encoding=encoding
                    ),
                    parse_options=pacsv.ParseOptions(
                        newlines_in_values=True,
                        invalid_row_handler=lambda row, odd=odd: odd.append(row) or "skip",
                    ),
                    convert_options=pacsv.ConvertOptions(
                        column_types=types,
                        include_columns=list(types),
                        strings_can_be_null=False,
                        quoted_strings_can_be_null=False,
                    ),
                )
            break
        except UnicodeDecodeError:
            continue
    if encoding != "utf8":
        book.record.warn(f"{name}: is not UTF-8 text; read as latin-1", [])
    total = table.num_rows + len(odd)
    places = [row.number - 1 for row in odd]
    rows = np.delete(np.arange(1, total + 1), [place - 1 for place in places])
    if not odd:
        return table, rows, []
    head = _header(open_)
    extra = [_mended(row, len(head)) for row in odd]
    wrong = [place for place, one in zip(places, extra, strict=True) if one is None]
    if wrong:
        book.fault(name, "more or fewer fields than the header, in rows", wrong)
        return None, rows, []
    position = {raw: head.index(raw) for raw in types}
    columns = {raw: pa.array([one[position[raw]] for one in extra if one]) for raw in types}
    more = {
        raw: one.dictionary_encode() if types[raw] == coded else one for raw, one in columns.items()
    }
    return pa.concat_tables([table, pa.table(more)]), np.append(rows, places), places


def _mended(row: pacsv.InvalidRow, width: int) -> list[str] | None:
    """Cut blank fields off a row, or add them; None where the row is broken otherwise."""
    if "\n" in row.text or "\r" in row.text:  # a quote left open swallows the rows that follow
        return None
    fields = next(csv.reader([row.text], skipinitialspace=True), [])
    if any(one.strip() for one in fields[width:]):
        return None
    return (fields + [""] * width)[:width]


def _categories(column: pa.ChunkedArray) -> pd.Categorical:
    """Turn coded text into categories without outer blanks; blanks become unknown."""
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # of no chunks
        whole = whole.chunk(0)
    words = [one.strip().strip(_BLANKS) or None for one in whole.dictionary.to_pylist()]
    codes, known = pd.factorize(np.array(words, dtype=object))
    lookup = np.append(codes, -1)
    return pd.Categorical.from_codes(lookup[whole.indices.to_numpy()], categories=list(known))


def _numbers(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Parse numbers: their values, unknown where blank or wrong, and which are wrong."""
    plain = pc.utf8_trim(column, characters=_BLANKS)
    good = pc.match_substring_regex(plain, _NUMBER)
    values = pc.if_else(good, plain, pa.scalar(None, pa.string())).cast(pa.float64()).to_numpy()
    return values, ~good.to_numpy() & pc.not_equal(plain, "").to_numpy()


def _each_once(table: pd.DataFrame, name: str, layout: Layout, *, book: Book) -> pd.DataFrame:
    """Drop identical repeated rows with a warning, and refuse rows that differ under one id."""
    key = list(layout.key or table.columns)
    if key[0] in layout.filled:  # blank ids are at fault already, and none can name them
        table = table[table[key[0]].notna()]
    again = table.duplicated(key, keep=False)
    if not again.any():
        return table
    repeated = table[again]
    same = repeated.duplicated()
    ids = repeated[key[0]].astype(object).fillna("(blank)")
    book.drop(name, "identical repeated rows", ids[same])
    left = repeated[~same]
    differ = left.duplicated(key, keep=False)
    if differ.any():
        book.fault(name, f"rows that differ share their {' and '.join(key)}", ids[~same][differ])
    return table.drop(index=repeated.index[repeated.duplicated(key)])


def table_of(columns: Mapping[str, np.ndarray], *, index: pd.Index) -> pd.DataFrame:
    """
    Make a table whose text stays the objects it is, so that rows share them.

    Parameters
    ----------
    columns
        Values by column.
    index
        Index of the table.

    Returns
    -------
    table
        The columns.
    """
    return pd.DataFrame(
        {
            name: pd.Series(values, index=index, dtype=np.asarray(values).dtype)
            for name, values in columns.items()
        },
        index=index,
    )


def text_of(values: pd.Series) -> pd.Series:
    """
    Spell out categories.

    Parameters
    ----------
    values
        A column of text as it was read.

    Returns
    -------
    text
        Text on the same index, None where blank.
    """
    words = np.array([*values.cat.categories, None], dtype=object)
    return pd.Series(words[values.cat.codes.to_numpy()], index=values.index, dtype=object)


def by_id(table: pd.DataFrame, name: str) -> pd.Index:
    """
    Make an index of the ids of a table.

    Parameters
    ----------
    table
        A table as it was read.
    name
        Its column of ids.

    Returns
    -------
    ids
        Text, in the order of the rows.
    """
    return pd.Index(text_of(table[name]).to_numpy(), name=name, dtype=object)
