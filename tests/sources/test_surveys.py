"""Surveys: what is said, and the interval of it."""

from math import sqrt
from pathlib import Path

import pandas as pd
import pytest

from geoequity.errors import DataError, DataWarning
from geoequity.sources.files import Record
from geoequity.sources.spec import Origin, SurveySpec
from geoequity.sources.surveys import read_survey

UNITS = pd.DataFrame(
    {"name": ["Alto", "Peñón", "São Vicente"]},
    index=pd.Index(["01", "02", "03"], name="unit_id"),
)
Z90, Z95 = 1.6448536269514722, 1.959963984540054  # normal quantiles, from any table
ITEM = {"column": "yes", "n": "asked", "label": {"en": "Yes"}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.csv"


def read(path: Path, text: str, *, units=UNITS, items=None, **options):
    """Write a survey and read it; an item takes the defaults of ``ITEM``."""
    path.write_text(text, encoding="utf-8")
    blocks = {key: {**ITEM, **one} for key, one in (items or {"yes": {}}).items()}
    spec = SurveySpec.model_validate({"path": path, "key": "id", "items": blocks, **options})
    record = Record(name="surveys.0", path=path, origin=Origin())
    return read_survey(spec, units=units, record=record), record


def test_a_share_gets_the_interval_of_wilson(path: Path) -> None:
    items, _ = read(path, "id,yes,asked\n01,0.5,100\n02,0,50\n03,1,10\n")
    found = items["yes"]
    assert found["value"].tolist() == [0.5, 0, 1]
    assert found["n"].tolist() == [100, 50, 10]
    square = Z90**2
    half = sqrt(0.25 / 100 + square / 40_000) * Z90 / (1 + square / 100)  # about a middle of 1/2
    assert found.loc["01", "low"] == pytest.approx(0.5 - half)
    assert found.loc["01", "high"] == pytest.approx(0.5 + half)
    assert found.loc["02", "low"] == pytest.approx(0)  # nobody says yes, though some may well
    assert found.loc["02", "high"] == pytest.approx(square / (50 + square))
    assert found.loc["03", "low"] == pytest.approx(10 / (10 + square))
    assert found.loc["03", "high"] == pytest.approx(1)


@pytest.mark.parametrize(("level", "factor"), [(0.95, Z90 / Z95), (0.9, 1.0)])
def test_a_margin_is_scaled_from_its_level_to_90_percent(
    path: Path, level: float, factor: float
) -> None:
    items, _ = read(
        path,
        "id,yes,asked,moe\n01,0.5,100,0.1\n02,0.02,100,0.1\n03,0.98,100,0.1\n",
        items={"yes": {"margin": "moe", "margin_level": level}},
    )
    found = items["yes"]
    assert found.loc["01", ["low", "high"]].tolist() == pytest.approx(
        [0.5 - 0.1 * factor, 0.5 + 0.1 * factor]
    )
    assert found.loc["02", "low"] == 0  # a share stays one
    assert found.loc["03", "high"] == 1


def test_percent_and_share_say_the_same_of_value_and_margin(path: Path) -> None:
    text = "id,yes,asked,moe,percent,points\n"
    text += "01,0.25,100,0.08,25,8\n02,0.5,90,0.09,50,9\n03,1,80,0.01,100,1\n"
    items, _ = read(
        path,
        text,
        items={
            "share": {"margin": "moe"},
            "percent": {"column": "percent", "margin": "points", "unit": "percent"},
        },
    )
    pd.testing.assert_frame_equal(items["share"], items["percent"])


def test_percent_declared_a_share_is_refused_with_a_hint(path: Path) -> None:
    with pytest.raises(DataError, match=r"s\.csv: column 'yes' is declared a share .* 01, 02; is"):
        read(path, "id,yes,asked\n01,50,10\n02,60,10\n03,1,10\n")


def test_a_mean_of_answers_keeps_its_unit_and_has_no_interval_of_its_own(path: Path) -> None:
    text = "id,yes,asked,moe\n01,7.5,100,0.5\n02,3,100,\n03,9.9,100,0.5\n"
    items, _ = read(
        path, text, items={"mark": {"unit": "value", "margin": "moe", "margin_level": 0.9}}
    )
    found = items["mark"]
    assert found.loc["01", ["low", "high"]].tolist() == pytest.approx([7.0, 8.0])
    assert found.loc["02", ["low", "high"]].isna().all()
    assert found.loc["03", "high"] == pytest.approx(10.4)  # nothing says where a mark ends


def test_a_margin_that_is_missing_leaves_the_number_of_people(path: Path) -> None:
    text = "id,yes,asked,moe\n01,0.5,100,\n02,0.5,100,0.05\n03,0.5,,\n"
    items, _ = read(path, text, items={"yes": {"margin": "moe"}})
    plain, _ = read(path, "id,yes,asked\n01,0.5,100\n02,0.5,100\n03,0.5,\n")
    assert items["yes"].loc["01"].equals(plain["yes"].loc["01"])
    assert items["yes"].loc["02", "high"] == pytest.approx(0.5 + 0.05 * Z90 / Z95)
    assert items["yes"].loc["03", ["low", "high", "n"]].isna().all()


def test_a_district_that_was_not_asked_is_unknown_and_named(path: Path) -> None:
    with pytest.warns(DataWarning, match=r"s\.csv: no row for units: 03"):
        items, _ = read(path, "id,yes,asked\n01,0.5,10\n02,,10\n")
    assert items["yes"].index.equals(UNITS.index)
    assert items["yes"].loc["03"].isna().all()
    assert items["yes"].loc["02", ["value", "low", "high"]].isna().all()


@pytest.mark.parametrize(("column", "value"), [("n", 0), ("n", -3), ("moe", -0.1), ("moe", 0)])
def test_nobody_asked_or_a_margin_of_nothing_is_refused(
    path: Path, column: str, value: float
) -> None:
    asked, moe = (value, 0.1) if column == "n" else (10, value)
    said = r"s\.csv: item 'yes': people asked or margin not positive: 02$"
    with pytest.raises(DataError, match=said) as told:
        read(
            path,
            f"id,yes,asked,moe\n01,0.5,10,0.1\n02,0.5,{asked},{moe}\n03,0.5,10,0.1\n",
            items={"yes": {"margin": "moe"}},
        )
    assert told.value.ids == ("02",)


def test_names_join_by_alias_and_those_of_no_district_are_told(path: Path) -> None:
    text = "id,yes,asked\nALTO,0.1,10\nEl Penon,0.2,10\nSAO VICENTE,0.3,10\nTotal,0.2,30\n"
    with pytest.warns(DataWarning, match=r"s\.csv: keys name no unit: Total"):
        items, record = read(path, text, join="name", aliases={"El Peñón": "Peñón"})
    assert items["yes"]["value"].tolist() == [0.1, 0.2, 0.3]
    assert record.counts["unmatched_keys"] == ["Total"]


def test_names_that_all_miss_are_refused(path: Path) -> None:
    with pytest.raises(DataError, match=r"s\.csv: no key matches a unit: the table has Bajo"):
        read(path, "id,yes,asked\nBajo,0.1,10\n", join="name")


def test_decimal_commas_are_read_in_every_column(path: Path) -> None:
    items, _ = read(
        path,
        "id;yes;asked;moe\n01;62,5;1.200;3,5\n02;50;900;4,0\n03;7,5;800;2,5\n",
        items={"yes": {"unit": "percent", "margin": "moe", "margin_level": 0.9}},
        separator=";",
        decimal=",",
        thousands=".",
    )
    assert items["yes"].loc["01"].tolist() == pytest.approx([0.625, 0.59, 0.66, 1200])


def test_text_among_numbers_is_named_with_its_district(path: Path) -> None:
    with pytest.raises(DataError, match=r"s\.csv: .*'asked'.*02"):
        read(path, "id,yes,asked\n01,0.5,10\n02,0.5,some\n03,0.5,10\n")


def test_an_absent_column_is_named(path: Path) -> None:
    with pytest.raises(DataError, match=r"s\.csv: no column 'moe'"):
        read(path, "id,yes,asked\n01,0.5,10\n", items={"yes": {"margin": "moe"}})


def test_without_districts_each_key_is_a_unit(path: Path) -> None:
    items, _ = read(path, "id,yes,asked\nx,0.5,10\ny,0.25,10\n", units=None)
    assert items["yes"]["value"].to_dict() == {"x": 0.5, "y": 0.25}
