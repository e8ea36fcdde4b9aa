"""The tables of a study in the shape of the files."""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from geoequity.study import Study

_CELLS = 5_000  # written at a time
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
    with path.open("w", encoding="utf-8", newline="") as target:
        harmless(tidy_indicators(head)).to_csv(target, index=False, lineterminator="\n")
        if whole.empty:
            return
        population = study.cells.get("population")
        people = [""] * len(whole)
        if population is not None:
            people = _written(population.reindex(whole.index).astype(float))
        order = np.argsort(whole.index.to_numpy(dtype=object), kind="stable")
        keys = _quoted(whole.columns)
        units = _quoted(study.catalogue["unit"].reindex(whole.columns).fillna(""))
        ids = _quoted(whole.index)
        for at in range(0, len(order), _CELLS):
            some = order[at : at + _CELLS]
            columns = [
                [f"{key},{value},{unit}" for value in _written(whole[name].iloc[some])]
                for name, key, unit in zip(whole.columns, keys, units, strict=True)
            ]
            for place, row in zip(some.tolist(), zip(*columns, strict=True), strict=True):
                start, end = f"cell,{ids[place]},", f",,,{people[place]},,\n"
                target.write(f"{start}{(end + start).join(row)}{end}")


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


def _written(values: pd.Series) -> list[str]:
    """Write numbers as they are read back, and nothing where unknown."""
    return ["" if one != one else repr(one) for one in values.tolist()]  # noqa: PLR0124 - NaN


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
