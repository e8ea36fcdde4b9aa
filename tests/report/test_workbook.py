"""The study as a workbook: types intact, the unknown empty, and no cell a formula."""

import time
from dataclasses import replace

import numpy as np
import openpyxl
import pandas as pd
import pytest
from made_up import NAMES, make_study

from geoequity.locale import LANGUAGES, messages
from geoequity.outputs import write_tables
from geoequity.outputs._workbook import column_label, write_workbook

HOSTILE = ("=cmd()", "+1", "-1", "@SUM(A1)", "\tx", "#REF!", "x\x07y", "'quoted", "01")
SHEETS = ["readme", "districts", "indicators", "inequality", "sources", "dictionary"]


@pytest.fixture(scope="module")
def study():
    made = make_study((*HOSTILE, *NAMES[len(HOSTILE) :]))
    inequality = pd.DataFrame({"mean": [1.5, np.nan], "gini": [0.0, np.inf]}, index=["a", "b"])
    indicators = made.indicators.copy()
    indicators.iloc[0, 0], indicators.iloc[1, 0] = np.nan, 0.0
    return replace(made, inequality=inequality, indicators=indicators)


@pytest.fixture(scope="module")
def book(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "study.xlsx"
    write_workbook(study, path)
    return openpyxl.load_workbook(path)


def cells(sheet):
    return [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]


def test_sheets_stand_in_order_with_heads_that_stay(book):
    assert book.sheetnames == SHEETS
    frozen = ["C2", "C4", "B2", "B2", "C2"]
    assert [book[one].freeze_panes for one in SHEETS[1:]] == frozen
    widths = [one.width for sheet in book for one in sheet.column_dimensions.values()]
    assert min(widths) >= 8
    assert max(widths) <= 48


def test_no_cell_is_a_formula_and_no_name_is_changed(book):
    assert {cell.data_type for sheet in book for cell in cells(sheet)} <= {"s", "n"}
    for sheet in ("districts", "indicators"):
        column = [
            cell for cell in book[sheet]["B"] if cell.row > (3 if sheet == "indicators" else 1)
        ]
        told = [cell.value for cell in column]
        assert told == [name.replace("\x07", "_x0007_") for name in (*HOSTILE, *NAMES[9:])]
        marked = [cell.value for cell in column if cell.quotePrefix]
        assert marked == ["=cmd()", "+1", "-1", "@SUM(A1)", "\tx"]


def test_numbers_are_numbers_and_the_unknown_is_empty(book, study):
    rows = list(book["indicators"].iter_rows(values_only=True))
    assert rows[0] == ("unit_id", "name", *study.indicators.columns)
    values = np.array([row[2:] for row in rows[3:]], dtype=float)
    # XLSX holds 16 digits
    assert np.allclose(values, study.indicators, rtol=1e-15, atol=0, equal_nan=True)
    assert rows[3][2] is None
    assert rows[4][2] == 0
    assert [row[0] for row in rows[3:]] == list(study.indicators.index)
    inequality = list(book["inequality"].iter_rows(values_only=True))
    assert inequality == [("indicator", "mean", "gini"), ("a", 1.5, 0), ("b", None, None)]


def test_labels_and_units_stand_under_the_ids(book, study):
    _, labels, units = book["indicators"].iter_rows(max_row=3, values_only=True)
    assert list(labels[2:]) == list(study.catalogue.loc[study.indicators.columns, "label_es"])
    unit = dict(zip(study.indicators.columns, units[2:], strict=True))
    assert unit["school_walk_min"] == "minutos"
    assert unit["home_internet_share"] == "proporción, 0 a 1"


def test_districts_and_sources_are_whole(book, study):
    table = pd.DataFrame(
        list(book["districts"].values)[1:], columns=[c.value for c in book["districts"][1]]
    )
    table = table.set_index("unit_id")
    assert list(table.columns) == list(study.districts.columns.drop("geometry"))
    assert table["population"].tolist() == study.districts["population"].tolist()
    assert np.allclose(table["index"].astype(float), study.districts["index"], rtol=1e-15, atol=0)
    sources = list(book["sources"].iter_rows(values_only=True))
    assert len(sources) == 1 + len(study.provenance["sources"])
    for row, told in zip(sources[1:], study.provenance["sources"], strict=True):
        assert row[0] == told["name"]
        assert row[4] == told["licence"]


def test_the_dictionary_explains_every_column(book, study):
    told = {
        (row[0], row[1]): row for row in book["dictionary"].iter_rows(min_row=2, values_only=True)
    }
    heads = {cell.value for cell in book["districts"][1]}
    assert {key for sheet, key in told if sheet == "districts"} == heads
    assert {key for sheet, key in told if sheet == "indicators"} == set(study.catalogue.index)
    assert told["indicators", "school_walk_min"][3] == "min"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_readme_speaks_the_citys_language(study, tmp_path, language):
    city = {**study.summary["city"], "languages": [language]}
    write_workbook(replace(study, summary={**study.summary, "city": city}), tmp_path / "s.xlsx")
    readme = openpyxl.load_workbook(tmp_path / "s.xlsx")["readme"]
    said, known = [cell.value for cell in cells(readme)], messages(language)
    assert said[0] == known["fictitious"]
    assert city["question"][language] in said
    assert {known["workbook.how_unknown"], "Villa Inventada", *SHEETS[1:]} <= set(said)


def test_a_real_city_has_no_banner(study, tmp_path):
    city = {**study.summary["city"], "fictitious": False, "question": None, "licences": []}
    write_workbook(replace(study, summary={**study.summary, "city": city}), tmp_path / "s.xlsx")
    said = [cell.value for cell in cells(openpyxl.load_workbook(tmp_path / "s.xlsx")["readme"])]
    assert messages("es")["fictitious"] not in said
    assert said[:2] == ["Ciudad", "Villa Inventada"]


def test_the_same_study_gives_the_same_bytes(study, tmp_path, monkeypatch):
    write_workbook(study, tmp_path / "one.xlsx")
    monkeypatch.setattr(time, "time", lambda: 4e9)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(4e9))
    write_workbook(study, tmp_path / "other.xlsx")
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "other.xlsx").read_bytes()


def test_it_is_written_with_the_other_tables(study, tmp_path):
    write_tables(study, tmp_path)
    assert openpyxl.load_workbook(tmp_path / "study.xlsx").sheetnames == SHEETS


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_column_without_words_keeps_its_name(language):
    assert column_label("informal", language=language) == "informal"
    assert column_label("unit_id", language=language) != "unit_id"
    assert column_label("structures", language=language)[0].isupper()
