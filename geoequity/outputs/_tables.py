"""The tables of a study in the shape of the files."""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geoequity._cores import in_order
from geoequity.study import Study

_CELLS = 5_000  # written at a time
_SMALL, _LARGE = 1e-4, 1e9  # between them, numbers are written without an exponent by all
_TEXT = 2  # of the buffers of an array of texts
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets take for the start of one
TIDY_COLUMNS = [
    "level",
    "unit_id",
    "indicator",
    "value",
    "unit",
    "score",
    "confidence",
    "population",
    "low",
    "high",
]


def tidy_indicators(study: Study) -> pd.DataFrame:
    """
    Lay all indicator values of a study out in one long table.

    Parameters
    ----------
    study
        Any study.

    Returns
    -------
    indicators
        Columns ``level`` (district or cell), ``unit_id``, ``indicator``,
        ``value``, ``unit``, ``score`` (0-100, districts only), ``confidence``
        (0-1, districts only), ``population``, ``low`` and ``high`` (90 % sampling
        interval, where the source is no complete count); NaN = unknown.
    """
    districts = _long(study.indicators, "district", study.districts, study)
    for name, table in (("score", study.scores), ("confidence", study.confidence)):
        districts = districts.merge(_melted(table, name), on=["unit_id", "indicator"], how="left")
    districts = districts.merge(study.intervals, on=["unit_id", "indicator"], how="left")
    cells = _long(study.cell_indicators, "cell", study.cells, study)
    frames = [one for one in (districts, cells) if len(one)] or [districts]
    return pd.concat(frames, ignore_index=True).reindex(columns=TIDY_COLUMNS)


def write_tidy(study: Study, path: Path) -> None:
    """
    Write what :func:`tidy_indicators` lays out, cells some at a time.

    Of a metropolis there are millions of rows, which would not all fit.

    Parameters
    ----------
    study
        Any study.
    path
        A file that is not there yet.
    """
    whole = study.cell_indicators
    head = replace(study, cell_indicators=whole.iloc[:0], cells=study.cells.iloc[:0])
    with path.open("wb") as target:
        target.write(
            harmless(tidy_indicators(head)).to_csv(index=False, lineterminator="\n").encode()
        )
        if whole.empty:
            return
        population = study.cells.get("population")
        people = [""] * len(whole)
        if population is not None:
            known = population.reindex(whole.index).to_numpy(dtype=float, na_value=np.nan)
            people = _written(known).to_pylist()
        units = _quoted(study.catalogue["unit"].reindex(whole.columns).fillna(""))
        parts = _Parts(
            begin=_texts(f"cell,{one}," for one in _quoted(whole.index.tolist())),
            key=_texts(f"{one}," for one in _quoted(whole.columns)),
            unit=_texts(f",{one},,," for one in units),
            end=_texts(f"{one},,\n" for one in people),
        )
        order = np.argsort(whole.index.to_numpy(dtype=object), kind="stable")
        blocks = (order[at : at + _CELLS] for at in range(0, len(order), _CELLS))
        for block in in_order(partial(_rows, whole, parts, some) for some in blocks):
            target.write(block)


class _Parts(NamedTuple):
    """What stands round a value in its row: by cell, by indicator, by indicator, by cell."""

    begin: pa.Array
    key: pa.Array
    unit: pa.Array
    end: pa.Array


def _rows(whole: pd.DataFrame, parts: _Parts, some: np.ndarray) -> pa.Buffer:
    """Write the rows of some cells, each indicator in turn."""
    values = _written(whole.iloc[some].to_numpy(dtype=float, na_value=np.nan).ravel())
    cell = np.repeat(some, whole.shape[1])
    key = np.tile(np.arange(whole.shape[1]), len(some))
    begin, end = parts.begin.take(pa.array(cell)), parts.end.take(pa.array(cell))
    name, unit = parts.key.take(pa.array(key)), parts.unit.take(pa.array(key))
    rows = pc.binary_join_element_wise(begin, name, values, unit, end, "")
    return rows.buffers()[_TEXT]


def write_csv(table: pd.DataFrame, path: Path, *, index: bool = False) -> None:
    """
    Write a table that a spreadsheet may open: no cell of it is a formula.

    Parameters
    ----------
    table
        Any table.
    path
        Where to.
    index
        Whether to write the index.
    """
    harmless(table).to_csv(path, index=index, lineterminator="\n")


def harmless(table: pd.DataFrame) -> pd.DataFrame:
    """
    Put a quote before every text that a spreadsheet would take for a formula.

    Numbers, texts that are one among them, stay as they are.

    Parameters
    ----------
    table
        Any table.

    Returns
    -------
    harmless
        The same table where there is no such text.
    """
    made = table.copy(deep=False)
    for column in made.columns:
        if not pd.api.types.is_numeric_dtype(made[column]):
            made[column] = made[column].map(_inert, na_action="ignore")
    if not pd.api.types.is_numeric_dtype(made.index):
        made.index = made.index.map(_inert)
    return made


def restored(table: pd.DataFrame) -> pd.DataFrame:
    """
    Take the quotes off again that `harmless` put before texts.

    Parameters
    ----------
    table
        As it was read.

    Returns
    -------
    restored
        Texts as they were.
    """
    made = table.copy(deep=False)
    for column in made.columns:
        texts = made[column]
        if pd.api.types.is_numeric_dtype(texts):
            continue
        quoted = [
            isinstance(one, str) and one[:1] == "'" and _inert(one[1:]) == one for one in texts
        ]
        if any(quoted):
            made[column] = texts.mask(quoted, texts.str[1:])
    return made


def _inert(cell: object) -> object:
    """Quote a text that begins as formulas do."""
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell):
        return cell
    quote = "'" if cell.startswith(FORMULA) else ""
    # A bare carriage return stays unquoted, and what follows it would begin a row
    return quote + cell.replace("\r\n", "\n").replace("\r", "\n")


def _written(values: np.ndarray) -> pa.Array:
    """Write numbers as Python does, to be read back to the bit, and nothing where unknown."""
    text = pa.array(values).cast(pa.string())
    size, whole = np.abs(values), values == np.trunc(values)
    usual = (size >= _SMALL) & (size < _LARGE)  # Arrow writes others with another exponent
    usual |= size == 0
    pointed = pc.binary_join_element_wise(text, ".0", "")
    text = pc.if_else(pa.array(whole), pointed, text)
    text = pc.if_else(pa.array(np.isnan(values)), "", text)
    odd = ~usual & ~np.isnan(values)
    own = pa.array([repr(one) for one in values[odd].tolist()], pa.string())
    return pc.replace_with_mask(text, pa.array(odd), own)


def _texts(texts: Iterable[str]) -> pa.Array:
    """Lay texts out one after the other."""
    return pa.array(texts, pa.string())


def _quoted(texts: Iterable[object]) -> list[str]:
    """Write texts as one cell of a CSV each."""
    found = []
    for one in texts:
        cell = io.StringIO()
        csv.writer(cell, lineterminator="").writerow([_inert(one), ""])
        found.append(cell.getvalue()[:-1])
    return found


def _long(wide: pd.DataFrame, level: str, units: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Turn units x indicators into one row a value, unit by unit."""
    long = _melted(wide, "value")
    long["level"] = level
    long["unit"] = long["indicator"].map(study.catalogue["unit"])
    population = units.get("population")
    long["population"] = float("nan") if population is None else long["unit_id"].map(population)
    return long


def _melted(wide: pd.DataFrame, name: str) -> pd.DataFrame:
    """Turn units x indicators into ``unit_id``, ``indicator`` and a value."""
    table = wide.rename_axis(index="unit_id").reset_index()
    long = table.melt(id_vars="unit_id", var_name="indicator", value_name=name)
    return long.sort_values("unit_id", kind="stable", ignore_index=True)
