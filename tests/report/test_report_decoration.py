"""What the report tells of technologies that run ahead of structures."""

from dataclasses import replace

import pytest
from test_report import written

from geoequity.locale import LANGUAGES, text
from geoequity.report import _decoration
from geoequity.report._content import content
from geoequity.report._words import Words


def decorated(study, gaps=(40.0, -20.0, 0.0), *, basis="relative", why=True):
    """Give a study its first districts' differences, with the first indicators to say why."""
    names = list(study.catalogue.index[:2])
    districts = {
        unit: {
            **one,
            "decoration_gap": gap,
            "decoration": {"ahead": names[:1] if why else [], "behind": names[1:] if why else []},
            "type_relative": "showcase" if basis else None,
        }
        for (unit, one), gap in zip(study.summary["districts"].items(), gaps, strict=False)
    }
    types = {
        **study.summary["types"],
        "relative": {"basis": basis, "threshold": {"structures": 41.2, "technologies": 38.0}},
    }
    told = {"mean": -3.5, "showcase_population": 1234.0}
    summary = {**study.summary, "types": types, "decoration": told, "districts": districts}
    return replace(study, summary=summary)


def told(study):
    words = Words("en")
    rows = [{"id": unit, "name": unit} for unit in study.summary["districts"]]
    return _decoration.decoration(study, rows, words)


def test_districts_stand_from_the_most_decorated_to_the_least(study):
    found = told(decorated(study, (-20.0, 40.0, 0.0)))
    assert [row["gap"] for row in found["rows"]] == ["+40.0", "0.0", "\N{MINUS SIGN}20.0"]
    bars = [(row["bar"]["left"], row["bar"]["width"]) for row in found["rows"]]
    assert bars == [(50.0, 50.0), (50.0, 0.0), (25.0, 25.0)]
    assert len({row["bar"]["colour"] for row in found["rows"]}) == 2
    assert found["rows"][0]["relative"] == "showcase"


def test_small_differences_are_not_blown_up(study):
    (bar,) = (row["bar"] for row in told(decorated(study, (1.0,)))["rows"])
    assert bar["width"] == 5.0


def test_it_says_why_and_how_it_stands_with_the_city(study):
    found = told(decorated(study))
    first, last = found["rows"][0]["why"], found["rows"][-1]["why"]
    labels = list(study.catalogue["label_en"].iloc[:2])
    assert first == [f"Technologies ahead: {labels[0]}.", f"Structures behind: {labels[1]}."]
    assert last == [f"Structures ahead: {labels[0]}.", f"Technologies behind: {labels[1]}."]
    assert found["said"] == [
        "Over all residents, structures run 3.5 points ahead of technologies.",
        "1,234 residents live in showcase districts.",
    ]
    assert "(41.2 points of structures, 38.0 of technologies)" in found["caption"]
    assert all(row["why"] == [] for row in told(decorated(study, why=False))["rows"])


def test_relative_types_are_told_only_where_they_are_stated(study):
    found = told(decorated(study, basis=None))
    assert not found["stated"]
    assert "41.2" not in found["caption"]
    assert told(decorated(study, (None, None))) is None
    ranked = decorated(study)
    ranked.summary["types"]["basis"] = "relative_scores"
    assert told(ranked) is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("basis", ["relative", None])
def test_it_is_laid_out_in_every_language(study, tmp_path, language, basis):
    whole = decorated(study, [10.0 * at - 20 for at in range(len(study.districts))], basis=basis)
    page = written(whole, tmp_path, language)
    assert text("report.decoration.title", language=language) in page.text
    assert (text("report.decoration.relative", language=language) in page.text) == bool(basis)
    assert page.faults == []
    assert "{" not in page.text


def test_a_study_without_both_pillars_does_not_speak_of_it(study):
    assert content(study, language="en")["decoration"] is None


def test_of_a_large_city_only_the_ends_are_told(study):
    units = {f"u{at}": {"decoration_gap": float(at)} for at in range(20)}
    many = replace(study, summary={**study.summary, "districts": units})
    found = told(many)
    assert [row["name"] for row in found["rows"][:2]] == ["u19", "u18"]
    assert [row["name"] for row in found["rows"]][-2:] == ["u1", "u0"]
    assert len(found["rows"]) == 14
    assert found["rest"].startswith("6 districts in between")
    assert told(decorated(study))["rest"] == ""
