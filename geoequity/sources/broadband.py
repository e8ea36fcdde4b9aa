"""
Read speed tests by tile.

A tile is a square of the web map at zoom 16, named by its quadkey: one digit
0-3 for each zoom, each a quarter of the square before. Squares of the study
share few beginnings of quadkeys, so a file of the whole world is read where
rows begin so, and nowhere else.
"""

import re
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyogrio
import shapely
from pyproj import CRS

from geoequity.errors import SHOWN_COLUMNS, DataError, SourceError, shown
from geoequity.sources._zips import check_zip
from geoequity.sources.files import (
    BOOK_SUFFIXES,
    TEXT_SUFFIXES,
    Record,
    all_of,
    numbers,
    read_table,
    text_ids,
)
from geoequity.sources.spec import FileSpec, TilesSpec

ZOOM = 16
KINDS = ("fixed", "mobile")
TILE_COLUMNS = {  # ours -> Ookla's
    "quadkey": "quadkey",
    "down_kbps": "avg_d_kbps",
    "up_kbps": "avg_u_kbps",
    "latency_ms": "avg_lat_ms",
    "tests": "tests",
    "devices": "devices",
}
_SPEEDS = ("down_kbps", "up_kbps")
_NUMBERS = (*_SPEEDS, "latency_ms", "tests", "devices")
_OPTIONAL = {"period": ("period", "quarter"), "kind": ("kind", "type")}
_KBPS = 1000.0  # in a Mbps
_MAX_KBPS = 100_000 * _KBPS  # far beyond any line sold to homes
_MAX_BEGINNINGS = 16
_BATCH_ROWS, _BUFFER_BYTES = 2**13, 2**16  # small, for row groups may hold a whole quarter
_LONLAT = "EPSG:4326"
_MAX_LAT = 85.05  # where the web map ends
_EDGE_M = 1000.0  # between points at which a border is projected
_QUARTER = re.compile(r"(\d{4})[-_ ]?Q([1-4])")
_YEAR_AND_QUARTER = re.compile(r"year=(\d{4})/quarter=([1-4])(?:/|$)")
_DAY = re.compile(r"(\d{4})-(\d{2})(?:-\d{2})?(?!\d)")
_KIND = re.compile(rf"(?<![a-z])({'|'.join(KINDS)})(?![a-z])")
_GDAL_FAULTS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError)
_QUADKEY = re.compile(rf"[0-3]{{{ZOOM}}}")


def read_tiles(
    spec: TilesSpec, *, study_area: shapely.Geometry, crs: CRS, records: Sequence[Record]
) -> gpd.GeoDataFrame:
    """
    Read the tiles of the study from files of speed tests.

    Geometry in the files is not used: squares are drawn from quadkeys. Rows
    without a test say nothing and are left out, with a warning if they state a
    speed; so are identical repeated rows.

    Parameters
    ----------
    spec
        The files, one or several quarters.
    study_area
        Area whose tiles are wanted, in ``crs``.
    crs
        Metric CRS of the study.
    records
        One for each file, in the order of ``spec.path``; they get the rows
        read in the study, kept and dropped.

    Returns
    -------
    tiles
        Index ``tile_id`` (the quadkey, with the period where it is known):
        geometry in ``crs``, ``quadkey``, ``kind`` (``fixed`` or ``mobile``),
        ``period`` (such as ``2023Q3``; None where nothing tells),
        ``down_mbps``, ``up_mbps``, ``latency_ms``, ``tests``, ``devices``.

    Raises
    ------
    SourceError
        If a file cannot be read.
    DataError
        If a column is absent or holds text for numbers; a quadkey is not of
        zoom 16; a speed is zero, negative or above 100,000 Mbps, or a latency
        zero or negative, of a tile with tests; tests or devices are no whole
        number, or devices none or more than tests; rows of a tile and period
        differ; a file is of the other kind, or one of several without period.
        Names every fault of every file.

    Notes
    -----
    Columns are those of the open data of Ookla [1]_, where speeds are in kbps.

    References
    ----------
    .. [1] https://github.com/teamookla/ookla-open-data
    """
    wanted = study_quadkeys(study_area, crs=crs)
    periods: Sequence[str | None] = spec.period or [None] * len(spec.path)
    files = list(zip(spec.path, periods, records, strict=True))
    tasks: dict[str, Callable[[], pd.DataFrame]] = {
        str(number): partial(_read_file, spec, one, period=period, wanted=wanted, record=record)
        for number, (one, period, record) in enumerate(files)
    }
    tables = list(all_of(tasks).values())
    rows = pd.concat([one.assign(file=number) for number, one in enumerate(tables)])
    rows = _unrepeated(rows.reset_index(drop=True), list(records))
    for number, record in enumerate(records):
        record.rows_kept = int((rows["file"] == number).sum())
    if rows.empty:
        records[0].warn("no tile with a test lies in the study area", spec.path)
    rows = rows.sort_values("tile_id")
    quadkeys = pd.Index(rows["quadkey"])
    return gpd.GeoDataFrame(
        {
            "quadkey": quadkeys,
            "kind": _kind_of(spec),
            "period": rows["period"].to_numpy(dtype=object),
            **{f"{one.split('_')[0]}_mbps": rows[one].to_numpy() / _KBPS for one in _SPEEDS},
            "latency_ms": rows["latency_ms"].to_numpy(dtype=float),
            "tests": rows["tests"].to_numpy(dtype=float),
            "devices": rows["devices"].to_numpy(dtype=float),
        },
        geometry=make_squares(quadkeys, crs=crs).to_numpy(),
        crs=crs,
        index=pd.Index(rows["tile_id"].to_numpy(dtype=object), name="tile_id"),
    )


def study_quadkeys(area: shapely.Geometry, *, crs: CRS) -> pd.Index:
    """
    List the tiles that touch an area.

    Parameters
    ----------
    area
        Any geometry.
    crs
        Its CRS.

    Returns
    -------
    quadkeys
        Of zoom 16, in rising order.
    """
    west, south, east, north = _degrees(area, crs)
    left, right = (int(np.clip(_column(one), 0, 2**ZOOM - 1)) for one in (west, east))
    top, bottom = (int(np.clip(_row(one), 0, 2**ZOOM - 1)) for one in (north, south))
    columns, rows = np.meshgrid(np.arange(left, right + 1), np.arange(top, bottom + 1))
    quadkeys = pd.Index(_quadkeys(columns.ravel(), rows.ravel())).sort_values()
    shapely.prepare(area)
    touches = shapely.intersects(area, make_squares(quadkeys, crs=crs).to_numpy())
    return quadkeys[touches]


def make_squares(quadkeys: pd.Index, *, crs: CRS) -> gpd.GeoSeries:
    """
    Draw the squares of quadkeys.

    Parameters
    ----------
    quadkeys
        Of zoom 16.
    crs
        CRS to draw them in; the corners are exact.

    Returns
    -------
    squares
        On an index of the quadkeys.

    Raises
    ------
    DataError
        If a quadkey is not of zoom 16.

    Notes
    -----
    After the tile system of Bing Maps [1]_.

    References
    ----------
    .. [1] https://learn.microsoft.com/en-us/bingmaps/articles/bing-maps-tile-system

    Examples
    --------
    >>> make_squares(pd.Index(["0" * 16]), crs=CRS("EPSG:4326")).iloc[0].bounds[0]
    -180.0
    """
    texts = quadkeys.astype(str)
    bad = texts[~texts.str.fullmatch(_QUADKEY)]
    if len(bad):
        msg = f"quadkeys are not of zoom {ZOOM}: {shown(bad)}"
        raise DataError(msg, ids=bad)
    digits = np.array(texts, dtype=f"S{ZOOM}").view(np.uint8).reshape(-1, ZOOM) - ord("0")
    bits = 2 ** np.arange(ZOOM - 1, -1, -1)
    column, row = (digits & 1) @ bits, (digits >> 1) @ bits
    west, east = (360 * (column + one) / 2**ZOOM - 180 for one in (0, 1))
    north, south = (_latitude(row + one) for one in (0, 1))
    squares = shapely.box(west, south, east, north)
    return gpd.GeoSeries(squares, index=quadkeys, crs=_LONLAT).to_crs(crs)


def _degrees(area: shapely.Geometry, crs: CRS) -> tuple[float, float, float, float]:
    """Find the box of an area in degrees, however its border bends on the way."""
    edge = _EDGE_M if CRS(crs).is_projected else _EDGE_M / 111_000
    border = gpd.GeoSeries([area], crs=crs).segmentize(edge).to_crs(_LONLAT)
    west, south, east, north = border.total_bounds
    return west, max(south, -_MAX_LAT), east, min(north, _MAX_LAT)


def _column(lon: float) -> float:
    """Place a longitude among the columns of tiles."""
    return (lon + 180) / 360 * 2**ZOOM


def _row(lat: float) -> float:
    """Place a latitude among the rows of tiles, counted from the north."""
    return (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**ZOOM


def _latitude(row: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Find the northern edge of rows of tiles."""
    return np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * row / 2**ZOOM))))


def _quadkeys(column: npt.NDArray[Any], row: npt.NDArray[Any]) -> npt.NDArray[np.str_]:
    """Name tiles by column and row."""
    shifts = np.arange(ZOOM - 1, -1, -1)
    digits = ((column[:, None] >> shifts) & 1) + 2 * ((row[:, None] >> shifts) & 1)
    letters = (digits + ord("0")).astype(np.uint8)
    return letters.view(f"S{ZOOM}").ravel().astype(f"U{ZOOM}")


def _beginnings(quadkeys: pd.Index) -> list[str]:
    """Find the longest few beginnings that quadkeys share: squares that cover them."""
    shared = [quadkeys.str[:length].unique() for length in range(1, ZOOM + 1)]
    return list([one for one in shared if len(one) <= _MAX_BEGINNINGS][-1])


def _after(beginning: str) -> str:
    """Give the first text behind all quadkeys that begin so."""
    return beginning + "4"


def _kind_of(spec: TilesSpec) -> str:
    """Name the kind of tiles a block asks for."""
    return spec.kind.removeprefix("ookla_")


def _read_file(
    spec: TilesSpec, path: Path, *, period: str | None, wanted: pd.Index, record: Record
) -> pd.DataFrame:
    """Read and check the tiles of the study in one file."""
    kind = _kind_of(spec)
    _check_name(path, kind)
    table, names = _rows_of(spec, path, wanted, record)
    table = table.rename(columns={theirs: ours for ours, theirs in names.items()})
    quadkeys = _checked_quadkeys(table["quadkey"], path)
    inside = quadkeys.isin(wanted)
    if not inside.all():
        record.drop("outside the study area", quadkeys[~inside])
    table = table[inside].assign(quadkey=quadkeys[inside])
    if "kind" in table:
        table = table[_of_kind(table["kind"], kind, path, record)]
    parse = partial(numbers, spec=FileSpec(path=path), ids=table["quadkey"])
    theirs = {one: table[one].rename(names[one]) for one in _NUMBERS}
    table = table.assign(**all_of({one: partial(parse, theirs[one]) for one in _NUMBERS}))
    table["period"] = _periods(table, path, period, alone=len(spec.path) == 1)
    return _possible(table, spec, path, record)


def _rows_of(
    spec: TilesSpec, path: Path, wanted: pd.Index, record: Record
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read the rows near the study and the columns that matter; and what these are called."""
    suffix = path.suffix.lower()
    beginnings = _beginnings(wanted)
    if suffix == ".parquet":
        table, names = _read_parquet(spec, path, beginnings, record)
    elif suffix in TEXT_SUFFIXES | BOOK_SUFFIXES:
        each = FileSpec(path=path, encoding=spec.encoding, separator=spec.separator)
        table = read_table(each, record=record)
        names = _names(spec, path, list(table.columns))
        record.counts["rows_in_file"] = len(table)
    else:
        table, names = _read_gis(spec, path, beginnings, record)
    record.rows_read = len(table)
    return table[list(names.values())], names


def _names(spec: TilesSpec, path: Path, columns: list[str]) -> dict[str, str]:
    """Find what the columns of a file are called, optional ones where there are."""
    names = TILE_COLUMNS | {str(ours): theirs for ours, theirs in spec.columns.items()}
    absent = [one for one in names.values() if one not in columns]
    if absent:
        msg = f"{path}: no column {shown(absent)}; it has {shown(columns, most=SHOWN_COLUMNS)}"
        raise DataError(msg, ids=absent)
    meant = list(names.values())
    twice = sorted({one for one in meant if meant.count(one) > 1})
    twice += sorted({one for one in meant if columns.count(one) > 1})
    if twice:
        msg = f"{path}: columns stand twice, or for two things: {shown(twice)}"
        raise DataError(msg, ids=twice)
    for ours, usual in _OPTIONAL.items():
        there = [one for one in usual if one in columns]
        if ours not in names and there:
            names[ours] = there[0]
    if "period" in names and names["period"] == "quarter" and "year" in columns:
        names["year"] = "year"
    return names


def _read_parquet(
    spec: TilesSpec, path: Path, beginnings: list[str], record: Record
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read the rows of a Parquet file that begin so; row groups without any stay closed."""
    try:
        with pq.ParquetFile(path, buffer_size=_BUFFER_BYTES) as file:
            names = _names(spec, path, file.schema_arrow.names)
            quadkey = names["quadkey"]
            stored = file.schema_arrow.field(quadkey).type
            _check_text(path, quadkey, str(stored), is_text=not pa.types.is_primitive(stored))
            columns = list(names.values())
            record.counts["rows_in_file"] = file.metadata.num_rows
            wanted = pa.array(beginnings)
            kept = []
            for group in _row_groups(file, quadkey, beginnings):  # one by one, for the memory
                for batch in file.iter_batches(_BATCH_ROWS, [group], columns, use_threads=False):
                    names_there = batch[quadkey].cast("string")
                    start = pc.utf8_slice_codeunits(names_there, 0, len(beginnings[0]))
                    kept.append(batch.filter(pc.is_in(start, value_set=wanted)))
            if not any(batch.num_rows for batch in kept):  # of another zoom? look at any rows
                kept = [next(file.iter_batches(1, columns=columns))]
    except (pa.ArrowException, OSError, UnicodeError) as error:
        msg = f"{path}: cannot be read as Parquet: {error}"
        raise SourceError(msg, source=path) from error
    except StopIteration:
        msg = f"{path}: the layer or table is empty"
        raise SourceError(msg, source=path) from None
    return pa.Table.from_batches(kept).to_pandas(), names


def row_groups(file: pq.ParquetFile, column: str, quadkeys: pd.Index) -> list[int]:
    """
    Find the row groups that may hold some tiles.

    Parameters
    ----------
    file
        Parquet, of which only the footer is read.
    column
        Column of the quadkeys.
    quadkeys
        The tiles.

    Returns
    -------
    numbers
        Of the row groups; all whose footer tells nothing of the column.
    """
    return _row_groups(file, column, _beginnings(quadkeys))


def _row_groups(file: pq.ParquetFile, column: str, beginnings: list[str]) -> list[int]:
    """Find the row groups that may hold quadkeys that begin so."""
    at = file.schema_arrow.names.index(column)
    groups = []
    for number in range(file.num_row_groups):
        statistics = file.metadata.row_group(number).column(at).statistics
        known = statistics is not None and statistics.has_min_max
        known = known and isinstance(statistics.min, str)
        if not known or any(
            statistics.min < _after(one) and statistics.max >= one for one in beginnings
        ):
            groups.append(number)
    return groups


def _read_gis(
    spec: TilesSpec, path: Path, beginnings: list[str], record: Record
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read the attributes of the features that begin so, through GDAL."""
    try:
        address = _in_zip(path) if path.suffix.lower() == ".zip" else path
        info = pyogrio.read_info(address)
        record.counts["rows_in_file"] = int(info["features"])
        names = _names(spec, path, list(info["fields"]))
        quadkey = names["quadkey"]
        stored = str(info["dtypes"][list(info["fields"]).index(quadkey)])
        _check_text(path, quadkey, stored, is_text=stored == "object")
        rows = " OR ".join(
            f"(\"{quadkey}\" >= '{one}' AND \"{quadkey}\" < '{_after(one)}')" for one in beginnings
        )
        read = partial(
            pyogrio.read_dataframe, address, columns=list(names.values()), read_geometry=False
        )
        table = read(where=rows)
        if table.empty:  # of another zoom, perhaps: look at any row
            table = read(max_features=1)
    except (*_GDAL_FAULTS, zipfile.BadZipFile, OSError, UnicodeError) as error:
        msg = f"{path}: cannot be read: {error}"
        raise SourceError(msg, source=path) from error
    return table, names


def _check_text(path: Path, column: str, stored: str, *, is_text: bool) -> None:
    """Refuse quadkeys that are stored as numbers."""
    if not is_text:
        msg = f"{path}: column {column!r} is stored as {stored}, which loses zeros; store text"
        raise DataError(msg, ids=[column])


def _in_zip(path: Path) -> str:
    """Find the one shapefile in a zip, however deep."""
    check_zip(path)
    with zipfile.ZipFile(path) as archive:
        names = [PurePosixPath(one) for one in archive.namelist()]
    shapes = [one for one in names if one.suffix.lower() == ".shp" and one.name[0] != "."]
    if len(shapes) != 1:
        msg = f"{path}: holds {len(shapes)} shapefiles, not one"
        raise SourceError(msg, source=path)
    return f"/vsizip/{path}/{shapes[0]}"


def _check_name(path: Path, kind: str) -> None:
    """Refuse a file whose name, or folder type=..., says that it is of the other kind."""
    folders = [one for one in path.parts[:-1] if one.startswith("type=")]
    said = set(_KIND.findall("/".join([*folders, path.name]).lower()))
    if said and kind not in said:
        msg = f"{path}: holds {shown(said)} tests by its name, not {kind} ones"
        raise DataError(msg, ids=said)


def _checked_quadkeys(values: pd.Series, path: Path) -> pd.Series:
    """Take quadkeys as text; refuse those of another zoom."""
    texts = text_ids(values)
    bad = pd.Series([not _QUADKEY.fullmatch(one or "") for one in texts], texts.index, dtype=bool)
    if bad.any():
        said = [one or "none" for one in texts[bad].unique()]
        hint = ""
        if all(len(one) == ZOOM - 1 for one in said):
            hint = "; has a table program eaten their leading zeros?"
        msg = f"{path}: quadkeys are not of zoom {ZOOM} (as many digits 0-3): {shown(said)}{hint}"
        raise DataError(msg, ids=said)
    return texts


def _words(values: pd.Series) -> pd.Series:
    """Take values as words, the unknown ones too."""
    return pd.Series([str(one) for one in values], index=values.index, dtype=object)


def _of_kind(values: pd.Series, kind: str, path: Path, record: Record) -> pd.Series:
    """Tell which rows are of the kind that is asked for; refuse words that are no kind."""
    said = _words(values).str.lower()
    known = said.map({one: (_KIND.findall(one) or [None])[0] for one in said.unique()})
    if known.isna().any():
        odd = values[known.isna()].unique()
        msg = f"{path}: column {values.name!r} is neither {' nor '.join(KINDS)}: {shown(odd)}"
        raise DataError(msg, ids=odd)
    if len(values) and not (known == kind).any():
        msg = f"{path}: has no {kind} tests, only {shown(known.unique())}"
        raise DataError(msg, ids=known.unique())
    record.drop(f"not {kind}", values.index[known != kind])
    return known == kind


def _periods(table: pd.DataFrame, path: Path, declared: str | None, *, alone: bool) -> Any:
    """Find the quarter of every row: declared, in a column, or in the name of the file."""
    if declared is not None:
        return declared
    if "period" in table:
        words = _words(table["period"])
        if "year" in table:
            words = _words(table["year"]) + "Q" + words
        quarters = words.map({one: _quarter(one) for one in words.unique()})
        if quarters.isna().any():
            odd = words[quarters.isna()].unique()
            msg = f"{path}: periods are no quarters such as 2023Q3: {shown(odd)}"
            raise DataError(msg, ids=odd)
        return quarters
    found = _YEAR_AND_QUARTER.search(path.parent.as_posix())
    quarter = f"{found[1]}Q{found[2]}" if found else _quarter(path.name)
    if quarter is None and not alone:
        msg = f"{path}: of which quarter? name it with period = ... in the city file"
        raise DataError(msg, ids=[path.name])
    return quarter


def _quarter(text: str) -> str | None:
    """Read a quarter as 2023Q3, or as a day of it."""
    quarter, day = _QUARTER.search(text.upper()), _DAY.search(text)
    if quarter:
        return f"{quarter[1]}Q{quarter[2]}"
    if day and 1 <= int(day[2]) <= 12:  # noqa: PLR2004 - months
        return f"{day[1]}Q{(int(day[2]) + 2) // 3}"
    return None


def _possible(table: pd.DataFrame, spec: TilesSpec, path: Path, record: Record) -> pd.DataFrame:
    """Leave out what was not tested, and refuse or drop numbers that cannot be."""
    tests, devices, speeds = table["tests"], table["devices"], table[list(_SPEEDS)]
    untested = tests == 0
    odd = untested & (speeds > 0).any(axis=1)
    faults = {
        "tests are no whole number of 0 or more": ~((tests >= 0) & (tests % 1 == 0)),
        "devices are no whole number of 1 or more": ~untested
        & ~((devices >= 1) & (devices % 1 == 0)),
        "more devices than tests": ~untested & (devices > tests),
        "speed zero, negative or unknown": ~untested & ~(speeds > 0).all(axis=1),
        "speed above 100,000 Mbps": ~untested & (speeds > _MAX_KBPS).any(axis=1),
        "latency zero, negative or unknown": ~untested & ~(table["latency_ms"] > 0),
    }
    bad = np.logical_or.reduce(list(faults.values()))
    said = [f"{why}: {shown(table['quadkey'][rows])}" for why, rows in faults.items() if rows.any()]
    if said and spec.faulty == "error":
        end = 'correct the file, or declare faulty = "drop"'
        msg = f"{path}: {'; '.join(said)}; {end}"
        raise DataError(msg, ids=table["quadkey"][bad].unique())
    if said:
        record.warn(f"tiles dropped: {'; '.join(said)}", table["quadkey"][bad])
    for why, rows in faults.items():
        record.drop(why, table["quadkey"][rows])
    if odd.any():
        record.warn(
            "tiles without a test dropped, though they state a speed", table["quadkey"][odd]
        )
    record.drop("no test", table["quadkey"][untested])
    return table[~bad & ~untested]


def _unrepeated(rows: pd.DataFrame, records: list[Record]) -> pd.DataFrame:
    """Leave one row for each tile and period; refuse rows that differ."""
    known = rows["period"].notna()
    named = rows["quadkey"] + ("_" + rows["period"].astype(str)).where(known, "")
    rows = rows.assign(tile_id=named)
    same = rows.duplicated(["tile_id", *_NUMBERS])
    for number, record in enumerate(records):
        again = rows["tile_id"][same & (rows["file"] == number)]
        if len(again):
            record.drop("identical duplicate", again)
            record.warn("identical duplicate rows dropped", again)
    rows = rows[~same]
    twice = rows["tile_id"].duplicated(keep=False)
    if twice.any():
        names = shown(sorted({records[one].path.name for one in rows["file"][twice]}))
        ids = rows["tile_id"][twice].unique()
        msg = (
            f"{names}: rows that differ share a tile and a period: {shown(ids)};"
            " are kinds or quarters mixed?"
        )
        raise DataError(msg, ids=ids)
    return rows
