"""A study as one workbook: numbers as numbers, the unknown as empty cells, no formula."""

import io
import math
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from geoequity.locale import label, listing, messages, text, unit_name
from geoequity.outputs._tables import FORMULA
from geoequity.study import Study
from geoequity.summary import scenario_banner

_WIDTHS = (8, 48)  # characters
_LOOKED_AT = 60  # rows that a column's width is chosen by
_WHEN = (1980, 1, 1, 0, 0, 0)  # of every file in the archive: the same study, the same bytes
_STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")
_HEADS = ("id", "label", "unit")
_SOURCE = (
    *("name", "path", "provider", "url", "licence", "reference_year", "retrieved", "citation"),
    *("sha256", "rows_read", "rows_kept"),
)
_DICTIONARY = ("pillar", "area", "role", "better", "base", "scale", "worst", "best", "citation")


def language_of(study: Study) -> str:
    """
    Choose the language of files that have one: the first of the city's.

    Parameters
    ----------
    study
        Any study.

    Returns
    -------
    language
        One of ``geoequity.locale.LANGUAGES``.
    """
    return str((study.summary["city"].get("languages") or ["en"])[0])


def column_label(column: str, *, language: str) -> str:
    """
    Name a column of the districts or cells in words.

    Parameters
    ----------
    column
        Its name in the tables.
    language
        One of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    label
        The column's own name where there are no words for it.
    """
    known = messages(language)
    keys = (f"{kind}.{column}" for kind in ("column", "pillar", "area", "base"))
    said = next((known[key] for key in keys if key in known), "")
    return said[:1].upper() + said[1:] or column


def write_workbook(study: Study, path: Path) -> None:
    """
    Write a study as an XLSX workbook.

    Parameters
    ----------
    study
        Any study.
    path
        File to write: sheets ``readme``, ``districts``, ``indicators`` (with rows
        of labels and units under the ids), ``inequality``, ``sources`` and
        ``dictionary``. Texts that a spreadsheet would take for a formula are
        marked as text and keep every character; control characters, which XML
        cannot hold, stand as ``_xHHHH_``. The same study gives the same bytes.
    """
    from openpyxl import Workbook  # noqa: PLC0415  costs 0.2 s

    language = language_of(study)
    book = Workbook()
    book.remove(book.active)
    districts = pd.DataFrame(study.districts.drop(columns="geometry")).reset_index()
    _fill(book.create_sheet("readme"), _readme(study, language), heads=0, fixed=1)
    _fill(book.create_sheet("districts"), _rows(districts), fixed=2)
    _fill(book.create_sheet("indicators"), _indicators(study, language), heads=3, fixed=2)
    inequality = study.inequality.rename_axis("indicator").reset_index()
    _fill(book.create_sheet("inequality"), _rows(inequality))
    _fill(book.create_sheet("sources"), _sources(study.provenance))
    _fill(book.create_sheet("dictionary"), _dictionary(study, districts.columns, language), fixed=2)
    made = io.BytesIO()
    book.save(made)
    _seal(made, path)


def _readme(study: Study, language: str) -> list[list[Any]]:
    """Say what this is, of when, under which licence, and how to read it."""
    city, said = study.summary["city"], messages(language)
    years = sorted(
        {
            str(one["reference_year"])
            for one in _books(study.provenance)
            if one.get("reference_year")
        }
    )
    question = city.get("question") or {}
    version = str((study.summary.get("versions") or {}).get("geoequity") or "")
    facts = {
        "city": city["name"],
        "question": question.get(language) or question.get("en"),
        "country": said.get(f"country.{city['country']}"),
        "years": "\N{EN DASH}".join(dict.fromkeys((*years[:1], *years[-1:]))),
        "licence": listing([str(one) for one in city.get("licences") or ()], language=language),
        "crs": city["crs"],
        "software": f"geoequity {version}".strip(),
    }
    rows: list[list[Any]] = [[None, said["fictitious"]]] if city.get("fictitious") else []
    scenario = scenario_banner(study.summary)
    rows += [] if scenario is None else [[None, scenario[language]]]
    rows += [[said[f"workbook.{key}"], fact] for key, fact in facts.items() if fact]
    rows += [[], [said["workbook.how"]]]
    rows += [[None, said[f"workbook.how_{one}"]] for one in ("unknown", "units", "ranges", "rows")]
    rows += [[], [said["workbook.sheets"]]]
    sheets = ("districts", "indicators", "inequality", "sources", "dictionary")
    return [*rows, *([one, said[f"workbook.sheet_{one}"]] for one in sheets)]


def _indicators(study: Study, language: str) -> list[list[Any]]:
    """Lay districts x indicators out, with labels and units under the ids."""
    entries = [study.catalogue.loc[one] for one in study.indicators.columns]
    labels = [label(one, language=language) for one in entries]
    units = [unit_name(str(one["unit"]), language=language) for one in entries]
    # Files keep shares from 0 to 1; a per cent sign would make 0.5 read as half a per cent
    shares = text("workbook.share", language=language)
    units = [
        shares if one["unit"] == "share" else unit for one, unit in zip(entries, units, strict=True)
    ]
    names = study.districts["name"]
    wide = study.indicators.itertuples(name=None)
    return [
        ["unit_id", "name", *study.indicators.columns],
        [*(column_label(one, language=language) for one in ("unit_id", "name")), *labels],
        [text("workbook.unit", language=language), None, *units],
        *([unit, names[unit], *values] for unit, *values in wide),
    ]


def _sources(provenance: Mapping[str, Any]) -> list[list[Any]]:
    """List where every number came from."""
    rows: list[list[Any]] = [[*_SOURCE, "dropped"]]
    for one in _books(provenance):
        dropped = "; ".join(f"{each['count']}: {each['reason']}" for each in one.get("dropped", ()))
        path = PurePath(str(one.get("path") or "")).name
        rows.append([*(path if key == "path" else one.get(key) for key in _SOURCE), dropped])
    return rows


def _books(provenance: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Take the records of the sources."""
    return provenance.get("sources") or ()


def _dictionary(study: Study, columns: Iterable[str], language: str) -> list[list[Any]]:
    """Explain the columns of the districts and the indicators."""
    rows: list[list[Any]] = [["sheet", *_HEADS, "description", *_DICTIONARY]]
    rows += [["districts", one, column_label(one, language=language)] for one in columns]
    for key, entry in study.catalogue.iterrows():
        said = (label(entry, language=language, field=one) for one in ("label", "description"))
        name, description = said
        told = (entry[one] for one in _DICTIONARY)
        rows.append(["indicators", key, name, entry["unit"], description, *told])
    return rows


def _rows(table: pd.DataFrame) -> list[list[Any]]:
    """Lay a table out with its heads."""
    return [list(table.columns), *(list(row) for row in table.itertuples(index=False, name=None))]


def _fill(sheet: Any, rows: Sequence[Sequence[Any]], *, heads: int = 1, fixed: int = 1) -> None:
    """Write rows to a sheet; heads and the first columns stay in view."""
    from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    bold, ground = Font(bold=True), PatternFill("solid", fgColor="E9EEF7")
    wrapped = Alignment(wrap_text=True, vertical="top")
    for down, row in enumerate(rows, start=1):
        for across, value in enumerate(row, start=1):
            cell = _put(sheet, down, across, value)
            if cell is None:
                continue
            if down <= heads:
                cell.font, cell.fill, cell.alignment = bold, ground, wrapped
            elif heads == 0:
                cell.alignment = wrapped
                cell.font = Font(bold=1 in (across, down))
    for across in range(1, max(map(len, rows)) + 1):
        said = [str(row[across - 1]) for row in rows[:_LOOKED_AT] if len(row) >= across]
        # Heads wrap, so that a long label does not make its column wide
        long = max((len(one) / (2 if heads > 1 else 1) for one in said), default=0)
        width = min(max(long + 2, _WIDTHS[0]), _WIDTHS[1])
        sheet.column_dimensions[get_column_letter(across)].width = width
    if heads:
        sheet.freeze_panes = f"{get_column_letter(fixed + 1)}{heads + 1}"


def _put(sheet: Any, down: int, across: int, value: Any) -> Any:
    """Write one cell in its own type; None where there is nothing to write."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415

    if hasattr(value, "item"):
        value = value.item()
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, bool | int | float):
        return sheet.cell(down, across, value)
    said = ILLEGAL_CHARACTERS_RE.sub(lambda found: f"_x{ord(found[0]):04X}_", str(value))
    cell = sheet.cell(down, across)
    cell.value = said
    cell.data_type = "s"  # also what openpyxl itself took for a formula or an error
    cell.quotePrefix = said.startswith(FORMULA)  # stays text when somebody edits it
    return cell


def _seal(made: io.BytesIO, path: Path) -> None:
    """Pack the workbook anew without the hour that it was written."""
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "docProps/core.xml":
                content = _STAMP.sub(rb"\g<1>1980-01-01T00:00:00Z", content)
            new.writestr(zipfile.ZipInfo(entry.filename, _WHEN), content, zipfile.ZIP_DEFLATED)
