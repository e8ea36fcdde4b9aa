"""The audit of the index in the report, and a method other than usual."""

from dataclasses import replace

import pytest
from made_up import make_study

from geoequity.locale import LANGUAGES, text
from geoequity.report import write_report
from geoequity.report._together import together
from geoequity.report._words import Words

AUDIT = {
    "alpha": {"structures": 0.71, "technologies": None, "index": -0.2},
    "redundant": [],
    "conflicting": [],
    "weights": {},
}


@pytest.fixture(scope="module")
def study():
    return make_study()


def told(study, summary):
    return replace(study, summary={**study.summary, **summary})


def audited(study, **changes):
    index = {**study.summary["index"], "audit": {**AUDIT, **changes}}
    return told(study, {"index": index})


def page(study, tmp_path, language):
    path = write_report(study, tmp_path / "report.html", language=language)
    return path.read_text(encoding="utf-8")


def two(study):
    return [str(one) for one in study.catalogue.index[:2]]


def test_without_an_audit_nothing_is_told(study, tmp_path):
    assert together(study, Words("en")) is None
    assert text("report.together.title", language="en") not in page(study, tmp_path, "en")


def test_alpha_is_told_and_unknown_where_it_is(study):
    said = together(audited(study), Words("en"))["said"]
    assert "structures 0.71, technologies unknown, the whole index \N{MINUS SIGN}0.20" in said[0]
    assert said[1:] == ["No two indicators say nearly the same (correlation 0.9 or more)."]


def test_pairs_are_named_and_many_are_counted(study):
    one, other = two(study)
    pair = {"one": one, "other": other, "correlation": 0.954}
    names = [Words("en").label(study.catalogue.loc[key]) for key in (one, other)]
    said = together(audited(study, redundant=[pair] * 6), Words("en"))["said"][1]
    assert said.count(f"{names[0]} \N{EN DASH} {names[1]} (0.95)") == 3
    assert said.endswith("; and 3 more pairs.")
    weak, strong = ({**pair, "correlation": one} for one in (-0.1, -0.5))
    against = together(audited(study, conflicting=[strong, weak]), Words("en"))["said"]
    assert len(against) == 3
    assert "(\N{MINUS SIGN}0.50)" in against[2]
    assert "0.10" not in against[2]
    assert "go against each other" in against[2]


def test_the_indicators_furthest_from_their_weight_come_first(study):
    one, other = two(study)
    weights = {
        one: {"nominal": 0.1, "effective": 0.15, "correlation": 0.5},
        other: {"nominal": 0.2, "effective": 0.02, "correlation": -0.1},
        "gone": {"nominal": 0.7, "effective": None, "correlation": None},
    }
    rows = together(audited(study, weights=weights), Words("pt"))["rows"]
    assert [row["name"] for row in rows] == [
        Words("pt").label(study.catalogue.loc[key]) for key in (other, one)
    ]
    assert (rows[0]["effective"], rows[0]["correlation"]) == ("2,0%", "\N{MINUS SIGN}0,10")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_stands_in_the_report(study, tmp_path, language):
    weights = {two(study)[0]: {"nominal": 0.1, "effective": 0.15, "correlation": 0.5}}
    written = page(audited(study, weights=weights), tmp_path, language)
    for key in ("title", "effective", "caption"):
        assert text(f"report.together.{key}", language=language) in written


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_method_is_told_as_it_was(study, tmp_path, language):
    method = {
        **study.summary["method"],
        "normalisation": "order of the districts",
        "aggregation": "weighted harmonic mean",
    }
    types = {**study.summary["types"], "basis": "relative_scores"}
    districts = {key: {**one, "type": None} for key, one in study.summary["districts"].items()}
    other = told(study, {"method": method, "types": types, "districts": districts})
    usual, written = page(study, tmp_path, language), page(other, tmp_path, language)
    harmonic = text("report.method.index.harmonic", language=language)
    how = text("report.setting.order_of_the_districts", language=language)
    relative = text("report.where.relative_scores", language=language)
    for said in (harmonic, how, relative):
        assert said in written
        assert said not in usual
    goalposts = text("report.method.goalposts_caption", language=language)
    assert goalposts in usual
    assert goalposts not in written
