"""An indicator of the city's own, from any table and without code, from end to end."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import geoequity as ge
from geoequity.errors import ConfigError
from geoequity.outputs import save, summary_schema

CityMaker = Callable[..., Path]
TREES = {
    "label": {"en": "Street trees", "es": "Árboles", "pt": "Árvores"},
    "pillar": "structures",
    "area": "activities",
    "unit": "trees per resident",
    "better": "higher",
    "goalposts": [0, 2],
    "basis": "two trees for every resident",
}
TABLE = {
    "path": "trees.csv",
    "key": "zone",
    "columns": {"trees": {"column": "count", "unit": "count"}},
}


def with_trees(make_city: CityMaker, *, table: Any = TABLE, **definition: Any) -> Path:
    """Make the town with a table of trees, and an indicator of its own that takes it."""
    block = {key: value for key, value in {**TREES, **definition}.items() if value is not None}
    file = make_city(indicators={"trees": block}, tables=[table])
    rows = ["zone,count", "01,460", "02,1240", "03,0", "04,90"]
    (file.parent / "trees.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


def test_an_indicator_of_the_citys_own_is_counted_scored_and_reported(
    make_city: CityMaker, tmp_path: Path
) -> None:
    study = ge.assess(ge.City.from_toml(with_trees(make_city)))
    people = study.districts["population"]
    each = {"01": 460 / people["01"], "02": 1240 / people["02"], "03": 0, "04": 90 / people["04"]}
    assert study.indicators["trees"].to_dict() == pytest.approx(each)
    scores = {unit: min(50 * one, 100) for unit, one in each.items()}
    assert study.scores["trees"].to_dict() == pytest.approx(scores)
    assert study.catalogue.loc["trees", "label_es"] == "Árboles"
    told = study.summary["indicators"]["trees"]
    assert (told["pillar"], told["area"], told["level"]) == ("structures", "activities", "district")
    save(study, tmp_path / "out")
    written = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    jsonschema.validate(written, summary_schema())
    report = ge.report.write_report(study, tmp_path / "report.html", language="es")
    page = report.read_text(encoding="utf-8")
    assert "Árboles" in page
    assert "trees per resident" in page


def test_one_that_no_table_gives_is_absent_and_says_so(make_city: CityMaker) -> None:
    study = ge.assess(ge.City.from_toml(make_city(indicators={"trees": TREES})))
    assert study.summary["absent"]["trees"]["id"] == "no_table"


def test_one_that_is_read_against_the_index_stays_out_of_it(make_city: CityMaker) -> None:
    file = with_trees(make_city, role="stratifier", pillar=None, area=None, goalposts=None)
    study = ge.assess(ge.City.from_toml(file))
    assert "trees" in study.indicators
    assert "trees" not in study.scores


def test_all_that_is_wrong_with_definitions_is_told_in_one_message(make_city: CityMaker) -> None:
    file = make_city(
        indicators={
            "trees": {**TREES, "goalposts": [2, 0]},
            "birds": {"unit": "birds"},
            "shade": {**TREES, "unit": "share"},
            "school_walk_min": {"better": "higher"},
            "no_such": {"drop": True},
        }
    )
    with pytest.raises(ConfigError, match=r"city\.toml: does not fit the catalogue") as told:
        ge.assess(ge.City.from_toml(file))
    named = [fault.split(":")[0] for fault in told.value.faults]
    assert named == [
        f"indicators.{one}" for one in ("trees", "birds", "shade", "school_walk_min", "no_such")
    ]


def test_what_no_definition_may_hold_is_told_by_the_city_file(make_city: CityMaker) -> None:
    wrong = {"pillar": "people", "better": "more", "goalposts": ["few", 2], "colour": "green"}
    with pytest.raises(ConfigError, match="4 faults") as told:
        ge.City.from_toml(with_trees(make_city, **wrong))
    assert all(f"indicators.trees.{one}" in str(told.value) for one in wrong)
