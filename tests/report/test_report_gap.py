"""What makes the gap, as the report tells it: bars, the parts of the city, and who has more."""

from dataclasses import replace

import pytest
from made_up import make_study

from geoequity.locale import LANGUAGES
from geoequity.report import _gap, write_report
from geoequity.report._words import Words

EN = Words("en")


def rows(ids, *points):
    return [
        {"id": one, "points": each, "share": each / 20, "error": 0.004}
        for one, each in zip(ids, points, strict=True)
    ]


@pytest.fixture(scope="module")
def study():
    """A made-up study whose gap of 20 points is shared out, with two parts and a stratifier."""
    made = make_study()
    found = [
        str(one)
        for one in made.catalogue.index
        if made.catalogue.loc[one, "role"] == "indicator" and one in made.scores.columns
    ]
    points = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.2, 0.15, -3.1]
    index = {
        **made.summary["index"],
        "gap": {"points": 20.0, "p90_p10": 2.0},
        "drivers": rows(found[:13], *points),
        "pillar_drivers": rows(["structures", "technologies"], 15.0, 4.9),
        "district_drivers": rows(made.districts.index[:2], 12.0, 8.0),
        "unknown_points": 0.1,
    }
    sides = {
        key: {
            "label": {"en": f"the {key}", "es": f"el {key}"},
            "districts": list(units),
            "population": 1000.0,
            "population_share": 0.4,
            "index": score,
            "structures": score,
            "technologies": score,
            "indicators": dict.fromkeys(found, score),
        }
        for key, units, score in (
            ("south", made.districts.index[:2], 30.0),
            ("north", made.districts.index[2:4], 40.0),
        )
    }
    divide = {
        "parts": sides,
        "better": "north",
        "worse": "south",
        "points": 10.0,
        "drivers": rows(found[:2], 12.0, -2.0),
        "unknown_points": 0.0,
    }
    lean = {
        one: {**told, "concentration": None} for one, told in made.summary["indicators"].items()
    }
    lean[found[0]]["concentration"], lean[found[1]]["concentration"] = -0.2, 0.01
    summary = {**made.summary, "index": index, "divide": divide, "indicators": lean}
    return replace(made, summary=summary)


def test_the_largest_are_shown_and_the_others_together_come_to_the_rest(study):
    by_indicator, by_district = _gap.gap(study, EN)["tables"]
    assert [one["points"] for one in by_indicator["rows"][:3]] == ["6.0", "5.0", "4.0"]
    assert len(by_indicator["rows"]) == 11
    assert by_indicator["rows"][-1]["name"] == "The other 3 together"
    assert by_indicator["rows"][-1]["points"] == "\N{MINUS SIGN}2.8"
    assert by_indicator["rows"][-1]["width"] is None
    assert [one["name"] for one in by_district["rows"]] == ["Alto Verde", "Barracas del Río"]
    assert [one["width"] for one in by_district["rows"]] == [100.0, 66.7]


def test_an_error_is_never_rounded_to_nothing(study):
    table = _gap.gap(study, EN)["tables"][0]
    assert table["sampled"]
    assert table["rows"][0]["error"] == "± 0.01"


def test_pillars_and_what_is_unknown_are_told(study):
    said = " ".join(_gap.gap(study, EN)["said"])
    assert "The gap is 20.0 points" in said
    assert "Structures make 15.0 points of the gap, technologies 4.9." in said
    assert "0.1 points come from what is unknown" in said


def test_bars_of_a_divide_start_from_one_line_and_go_both_ways(study):
    made = _gap.divide(study, EN)
    assert made["heads"] == ["The south", "The north"]
    ahead, against = made["rows"]
    assert (ahead["left"], ahead["width"], ahead["against"]) == (14.3, 85.7, False)
    assert (against["left"], against["width"], against["against"]) == (0.0, 14.3, True)
    assert made["parts"][0]["districts"] == "Alto Verde and Barracas del Río"


def test_what_is_drawn_or_unknown_between_parts_is_said(study):
    told = study.summary["divide"]
    assert told["unknown_points"] == 0
    (drawn,) = _gap.divide(study, EN)["notes"]
    assert "standard error" in drawn
    exact = [{**one, "error": 0.0} for one in told["drivers"]]
    told = {**told, "drivers": exact, "unknown_points": -1.3}
    (unknown,) = _gap.divide(replace(study, summary={**study.summary, "divide": told}), EN)["notes"]
    assert "\N{MINUS SIGN}1.3 points come from what is unknown" in unknown


def test_parts_without_an_index_have_no_bars(study):
    bare = {**study.summary["divide"], "better": None, "worse": None, "drivers": []}
    made = _gap.divide(replace(study, summary={**study.summary, "divide": bare}), EN)
    assert (made["heads"], made["rows"]) == ([], [])
    assert len(made["parts"]) == 2


def test_who_has_more_is_said_in_words_the_strongest_first(study):
    made = _gap.leaning(study, EN)
    assert made["of"] == 2
    assert [one["index"] for one in made["rows"]] == ["\N{MINUS SIGN}0.20", "0.01"]
    assert made["rows"][0]["said"] == "the burden falls on the worse off"
    assert made["rows"][1]["said"] == "about even"


def test_a_study_without_any_of_it_says_nothing():
    bare = make_study(people=False)
    assert _gap.gap(bare, EN) is None
    assert _gap.divide(bare, EN) is None
    assert _gap.leaning(bare, EN) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_section_stands_on_the_page_in_every_language(study, tmp_path, language):
    page = write_report(study, tmp_path / "report.html", language=language).read_text("utf-8")
    words = Words(language)
    for key in ("gap", "divide", "leaning"):
        assert words.text(f"report.{key}.title") in page
    assert '<a href="#gap">' in page
    assert page.count('class="bar against"') == 1  # of the parts; the other is among the rest
