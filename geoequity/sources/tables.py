"""Read tables about units and join them by id or by name, naming what does not match."""

import numpy as np
import pandas as pd

from geoequity.errors import DataError, shown
from geoequity.sources.files import (
    Record,
    column_of,
    drop_repeated,
    keys,
    numbers,
    plain_name,
    read_table,
)
from geoequity.sources.spec import ColumnSpec, TableSpec

_PERCENT = 100.0


def read_values(spec: TableSpec, *, units: pd.DataFrame, record: Record) -> pd.DataFrame:
    """
    Read the columns of a table that feed indicators, on the units' index.

    Parameters
    ----------
    spec
        The file, its key and its columns.
    units
        Districts or cells, with ``name``.
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
        by several units, no key matches, text stands for a number, or a share
        lies outside 0-1.
    """
    table = read_table(spec, record=record)
    ids = keys(table, spec, spec.key)
    if ids.isna().any():
        record.drop("no key", table.index[ids.isna()])
        record.warn("rows without a key dropped", table.index[ids.isna()])
        table, ids = table[ids.notna()], ids[ids.notna()]
    used = sorted({name for column in spec.columns.values() for name in _names(column)})
    for name in used:
        column_of(table, name, path=spec.path)
    parsed = pd.DataFrame({name: numbers(table[name], spec=spec, ids=ids) for name in used})
    units_of = _unit_of(ids, spec, units)
    matched = units_of.notna()
    if not matched.any():
        msg = (
            f"{spec.path}: no key matches a unit: the table has {shown(ids.unique())},"
            f" the units {shown(units.index if spec.join == 'id' else units['name'])}"
        )
        raise DataError(msg, ids=ids.unique())
    record.counts["unmatched_keys"] = sorted(ids[~matched].unique())
    record.drop("key names no unit", ids[~matched])
    if not matched.all():
        record.warn("keys name no unit", ids[~matched].unique())
    joined = parsed[matched].assign(_unit=units_of[matched])
    if spec.duplicates == "sum":
        rows = joined.groupby("_unit")[used].sum(min_count=1)
    else:
        kept = drop_repeated(
            joined, joined["_unit"], policy=spec.duplicates, columns=used, record=record
        )
        rows = kept.set_index("_unit")[used]
    record.rows_kept = len(rows)
    record.counts["units_joined"] = len(rows)
    record.counts["units_unmatched"] = [str(one) for one in units.index.difference(rows.index)]
    rows = rows.reindex(units.index)
    return pd.DataFrame(
        {one: _value(rows, column, spec) for one, column in spec.columns.items()},
        index=units.index,
    )


def _names(column: ColumnSpec) -> list[str]:
    """List the columns of the file that a column of the city file needs."""
    return [one for one in (column.column, column.numerator, column.denominator) if one]


def _unit_of(ids: pd.Series, spec: TableSpec, units: pd.DataFrame) -> pd.Series:
    """Find the unit each key names."""
    if spec.join == "id":
        own = pd.Series(units.index, index=units.index)
        return ids.replace(spec.aliases).map(own)
    names = units["name"].map(plain_name)
    shared = names[names.duplicated(keep=False)]
    if len(shared):
        doubled = shown(units["name"][shared.index])
        msg = f"{spec.path}: several units share a name, join by id: {doubled}"
        raise DataError(msg, ids=shared.index)
    unit_of = pd.Series(units.index, index=names)
    aliases = {plain_name(key): plain_name(value) for key, value in spec.aliases.items()}
    plain = ids.map(plain_name)
    return plain.map(lambda one: aliases.get(one, one)).map(unit_of)


def _value(rows: pd.DataFrame, column: ColumnSpec, spec: TableSpec) -> pd.Series:
    """Compute one indicator's column; shares are checked to be shares."""
    if column.column is not None:
        label, values = column.column, rows[column.column]
    else:
        label = f"{column.numerator} / {column.denominator}"
        below = rows[column.denominator]
        values = rows[column.numerator] / below.where(below != 0, np.nan)
    if column.unit == "percent":
        values = values / _PERCENT
    if column.unit in {"share", "percent"}:
        bad = (values < 0) | (values > 1)
        if bad.any():
            hint = '; is it unit = "percent"?' if column.unit == "share" else ""
            msg = (
                f"{spec.path}: column {label!r} is declared a {column.unit} but lies outside"
                f" 0-{1 if column.unit == 'share' else 100} for {shown(rows.index[bad])}{hint}"
            )
            raise DataError(msg, ids=rows.index[bad])
    if column.unit == "count" and (values < 0).any():
        bad = values < 0
        msg = f"{spec.path}: column {label!r} is a count but negative for {shown(rows.index[bad])}"
        raise DataError(msg, ids=rows.index[bad])
    return values
