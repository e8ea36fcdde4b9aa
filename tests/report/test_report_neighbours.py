"""What the report tells of neighbours."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_report import written

from geoequity.locale import LANGUAGES, text
from geoequity.report import _content

BLOCK = {"value": 0.5, "expected": -0.04, "z": 4.0, "p": 0.0002, "n": 20}


def with_neighbours(study, **changes):
    """Give a study clusters, two cliffs and a way from the centre."""
    first, second, third, *rest = map(str, study.districts.index)
    rings = [
        {"from_km": 0.0, "to_km": 3.0, "districts": 4, "population": 1e4, "mean": 60.0},
        {"from_km": 3.0, "to_km": 6.0, "districts": 0, "population": 0.0, "mean": None},
    ]
    gradient = {"slope_per_km": -2.5, "explained": 0.41, "rank_correlation": -0.6, "rings": rings}
    told = {
        "neighbours": {"mean": 4.0, "islands": [rest[-1]], "tolerance_m": 25.0},
        "index": BLOCK,
        "technologies_structures": BLOCK | {"value": -0.3, "p": 0.03},
        "index_stratifier": BLOCK | {"value": 0.01, "p": 0.8, "indicator": "unmet_needs_share"},
        "level": 0.05, "permutations": 9999,
        "hot": [first], "cold": [second], "outliers": [third],
        "cliffs": [
            {"higher": first, "lower": second, "points": 21.6, "border_m": 2272.9, "apart": True},
            {"higher": first, "lower": third, "points": 9.0, "border_m": 98.6, "apart": False},
            {"higher": third, "lower": second, "points": 1.0, "border_m": 0.0, "apart": None},
        ],
        "gradient": {"index": gradient},
        "reasons": {},
        **changes,
    }  # fmt: skip
    table = pd.DataFrame({"cluster": None}, index=study.districts.index, dtype=object)
    table.loc[[first, second, third], "cluster"] = ["hot", "cold", "high_low"]
    return replace(study, summary={**study.summary, "patterns": told}, patterns=table)


def told_of(study, language="en"):
    return _content.content(study, language=language)["neighbours"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_neighbours_are_told_in_every_language(study, tmp_path, language):
    page = written(with_neighbours(study), tmp_path, language)
    assert text("report.neighbours.title", language=language) in page.text
    assert page.faults == []
    assert len(page.all("caption")) == len(page.all("table"))
    assert "{" not in page.text


def test_tests_are_put_in_plain_numbers(study):
    told = told_of(with_neighbours(study))
    index, pillars, stratifier = told["said"]
    assert index.startswith("Index: Moran's I 0.50 over 20 districts")
    assert "(p < 0.001)" in index
    assert "\N{MINUS SIGN}0.30 (p = 0.030). Where one is high, the other tends to be low" in pillars
    assert stratifier.endswith("as far as chance lets one tell.")
    (slope,) = told["slopes"]
    assert "distance accounts for 41%" in slope
    assert told["notes"][0].startswith("Chance is 9,999 deals")
    assert told["notes"][1].startswith("Without a neighbour, and left out: ")


def test_cliffs_are_told_with_both_ranges(study):
    told = told_of(with_neighbours(study))["cliffs"]
    rows = {row["id"]: row for row in _content.content(study, language="en")["districts"]}
    first, second = (rows[str(one)] for one in study.districts.index[:2])
    row = told["rows"][0]
    assert row["sides"][0] == {
        "name": first["name"], "score": first["score"], "range": first["score_range"]
    }  # fmt: skip
    assert row["sides"][1]["name"] == second["name"]
    assert [one["ranges"] for one in told["rows"]] == ["do not meet", "overlap", "unknown"]
    assert [one["border"] for one in told["rows"]] == ["2.3\xa0km", "99\xa0m", "a corner"]
    assert row["points"] == "21.6"


def test_the_map_marks_clusters_and_draws_the_cliffs_it_can(study):
    drawn = told_of(with_neighbours(study))["map"]
    first, second, third, fourth = map(str, study.districts.index[:4])
    assert drawn["marks"][first] == "square"
    assert drawn["marks"][second] == "cross"
    assert drawn["marks"][third] == "circle"
    assert drawn["marks"].get(fourth) is None
    assert sum(one["count"] for one in drawn["legend"]) + drawn["unknown"] >= 3
    assert len(drawn["lines"]) == 3
    assert all(line == "" or line.startswith("M") for line in drawn["lines"])


def test_rings_without_people_are_unknown_not_zero(study):
    told = told_of(with_neighbours(study))["rings"]
    assert told["heads"] == ["Index"]
    assert [row["cells"] for row in told["rows"]] == [["60.0"], ["unknown"]]


def test_what_is_not_told_says_why_once(study):
    why = {"id": "all_unknown", "text": {"en": "unknown in every district"}}
    nothing = dict.fromkeys(("index", "technologies_structures", "index_stratifier"))
    told = told_of(
        with_neighbours(study, **nothing, reasons=dict.fromkeys(nothing, why), cliffs=[])
    )
    assert told["map"] is None
    assert told["cliffs"] is None
    assert len([one for one in told["notes"] if one.startswith("Not told here")]) == 1


def test_without_neighbours_there_is_no_section(study, tmp_path):
    assert told_of(study) is None
    nothing = dict.fromkeys(("index", "technologies_structures", "index_stratifier", "gradient"))
    bare = with_neighbours(study, **nothing, cliffs=[])
    assert told_of(bare) is None
    title = text("report.neighbours.title", language="pt")
    assert title not in written(bare, tmp_path, "pt").text


def test_a_district_without_an_index_is_hatched(study):
    unknown = str(study.districts.index[0])
    districts = {**study.summary["districts"]}
    districts[unknown] = {**districts[unknown], "score": {"value": None, "method": None}}
    bare = replace(study, summary={**study.summary, "districts": districts})
    drawn = told_of(with_neighbours(bare))["map"]
    assert drawn["types"]["fills"][unknown] == (None, "unknown")
    assert drawn["unknown"]
    assert np.all(
        [colour for one, (colour, _) in drawn["types"]["fills"].items() if one != unknown]
    )
