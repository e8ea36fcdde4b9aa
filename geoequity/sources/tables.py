"""Read tables about units and join them by id or by name, naming what does not match."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd

from geoequity.errors import DataError, shown
from geoequity.sources.files import (
    Record,
    all_of,
    column_of,
    drop_repeated,
    keys,
    numbers,
    plain_name,
    read_table,
)
from geoequity.sources.spec import ColumnSpec, TableSpec

_PERCENT = 100.0


def read_values(
    spec: TableSpec,
    *,
    units: pd.DataFrame | None,
    scales: Mapping[str, str],
    record: Record,
) -> pd.DataFrame:
    """
    Read the columns of a table that feed indicators, on the units' index.

    Parameters
    ----------
    spec
        The file, its key and its columns.
    units
        Districts or cells, with ``name``; None where they could not be read,
        and each key is then taken for a unit.
    scales
        Scale of each indicator: a share lies within 0-1 whatever its column is
        declared to be, and a ratio is not negative.
    record
        Gets the rows read, joined and dropped, and the keys unmatched on both sides.

    Returns
    -------
    values
        Units x indicator ids: shares 0-1, counts and values as they are; NaN
        where the table says nothing about a unit.

    Raises
    ------
    SourceError
        If the file cannot be read or is empty.
    DataError
        If a column is absent, keys of differing rows repeat, a name is shared
        by several units, no key matches, text stands for a number, a share
        lies outside 0-1, or a count or ratio is negative.
    """
    table = read_table(spec, record=record)
    ids = keys(table, spec, spec.key)
    if ids.isna().any():
        record.drop("no key", table.index[ids.isna()])
        record.warn("rows without a key dropped", table.index[ids.isna()])
        table, ids = table[ids.notna()], ids[ids.notna()]
    used = sorted({name for column in spec.columns.values() for name in _names(column)})
    table = _classed(table, spec)
    parsed = _parsed(table, used, spec=spec, ids=ids)
    unit_of = ids if units is None else _unit_of(ids, spec, units, record=record)
    matched = unit_of.notna()
    parsed, unit_of = parsed[matched], unit_of[matched]
    if spec.duplicates == "sum":
        grouped = parsed.groupby(unit_of)
        rows = grouped.sum().where(grouped.count().eq(grouped.size(), axis=0))  # NaN stays NaN
    else:
        kept = drop_repeated(parsed, unit_of, policy=spec.duplicates, columns=used, record=record)
        rows = kept.set_axis(unit_of[kept.index], axis=0)
    record.rows_kept = record.counts["units_joined"] = len(rows)
    if units is not None:
        without = units.index.difference(rows.index)
        record.counts["units_unmatched"] = [str(one) for one in without]
        if len(without):
            record.warn("no row for units", without)
        rows = rows.reindex(units.index)
    tasks = {
        one: partial(_value, rows, column, spec, scale=scales.get(one))
        for one, column in spec.columns.items()
    }
    return pd.DataFrame(all_of(tasks), index=rows.index)


def _parsed(
    table: pd.DataFrame, used: list[str], *, spec: TableSpec, ids: pd.Series
) -> pd.DataFrame:
    """Parse the columns that are used, the faults of all of them at once."""

    def parse(name: str) -> pd.Series:
        return numbers(column_of(table, name, path=spec.path), spec=spec, ids=ids)

    return pd.DataFrame(all_of({name: partial(parse, name) for name in used}), index=table.index)


def _classed(table: pd.DataFrame, spec: TableSpec) -> pd.DataFrame:
    """Put numbers for the texts of columns of classes; refuse a text that nobody declared."""
    faults, odd = [], []
    for column in spec.columns.values():
        if not column.classes or column.column is None:
            continue
        said = column_of(table, column.column, path=spec.path)
        texts = said.dropna().astype(str).str.strip()
        texts = texts[(texts != "") & ~texts.isin(spec.missing)]
        unknown = sorted(set(texts) - set(column.classes))
        if unknown:
            named = shown(unknown)
            faults.append(f"{spec.path}: column {column.column!r}: no number for {named}")
            odd += unknown
        table = table.assign(**{column.column: texts.map(column.classes).reindex(table.index)})
    if faults:
        raise DataError("; ".join(faults), ids=odd)
    return table


def _names(column: ColumnSpec) -> list[str]:
    """List the columns of the file that a column of the city file needs."""
    return [one for one in (column.column, column.numerator, column.denominator) if one]


def _unit_of(ids: pd.Series, spec: TableSpec, units: pd.DataFrame, *, record: Record) -> pd.Series:
    """Find the unit each key names; keys that name none are told, and all of them refused."""
    if spec.join == "id":
        known = pd.Series(units.index, index=units.index)
        unit_of = ids.map(lambda one: spec.aliases.get(one, one)).map(known)
    else:
        names = units["name"].map(plain_name)
        shared = names[names.duplicated(keep=False)]
        if len(shared):
            doubled = shown(units["name"][shared.index])
            msg = f"{spec.path}: several units share a name, join by id: {doubled}"
            raise DataError(msg, ids=shared.index)
        aliases = {plain_name(key): plain_name(value) for key, value in spec.aliases.items()}
        plain = ids.map(plain_name)
        unit_of = plain.map(lambda one: aliases.get(one, one)).map(
            pd.Series(units.index, index=names)
        )
    nameless = ids[unit_of.isna()].unique()
    if unit_of.isna().all():
        msg = (
            f"{spec.path}: no key matches a unit: the table has {shown(nameless)},"
            f" the units {shown(units.index if spec.join == 'id' else units['name'])}"
        )
        raise DataError(msg, ids=nameless)
    record.counts["unmatched_keys"] = sorted(nameless)
    if len(nameless):
        record.drop("key names no unit", ids[unit_of.isna()])
        record.warn("keys name no unit", nameless)
    return unit_of


def _value(
    rows: pd.DataFrame, column: ColumnSpec, spec: TableSpec, *, scale: str | None
) -> pd.Series:
    """Compute one indicator's column, and refuse values that its scale does not have."""
    if column.column is not None:
        label, values = column.column, rows[column.column]
    else:
        label = f"{column.numerator} / {column.denominator}"
        below = rows[column.denominator]
        values = rows[column.numerator] / below.where(below != 0, np.nan)
    if column.unit == "percent":
        values = values / _PERCENT
    declared = column.unit in {"share", "percent"}
    if declared or (scale == "share" and column.unit == "value"):
        bad = (values < 0) | (values > 1)
        what = f"{'declared' if declared else 'for'} a {column.unit if declared else 'share'}"
        fault = f"is {what} but lies outside 0-{100 if column.unit == 'percent' else 1}"
        hint = "" if column.unit == "percent" else '; is it unit = "percent"?'
    else:
        bad = (values < 0) & (column.unit == "count" or scale in {"ratio", "share"})
        fault = f"is a {'count' if column.unit == 'count' else 'ratio'} but negative"
        hint = ""
    if bad.any():
        ids = rows.index[bad]
        msg = f"{spec.path}: column {label!r} {fault} for {shown(ids)}{hint}"
        raise DataError(msg, ids=ids)
    return values
