"""São Paulo on its real files: 96 distritos, and a feed without stop times."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from geoequity.cli import main

DATA = Path(__file__).parents[3] / "shared" / "cities" / "sao_paulo"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the open data of São Paulo are absent")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sao_paulo") / "out"
    command = ["run", "sao_paulo", "--data", str(DATA), "--out", str(out), "--quiet"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ids of features that the file repeats
        assert main([*command, "--language", "pt"]) == 0
    return out


def test_96_distritos_each_with_a_name_of_its_own(summary: Mapping[str, Any]) -> None:
    names = [one["name"] for one in summary["districts"].values()]
    assert len(names) == len(set(names)) == 96
    assert (
        summary["districts"]["JDS"]["name"] == "Jardim São Luís"
    )  # "Jardim São Lucas" in the file
    assert summary["population"]["total"] is None


def test_stops_are_counted_by_distrito(folder: Path, sources: Mapping[str, Any]) -> None:
    record = sources["transit.bus"]
    assert (record["rows_read"], record["rows_inside_districts"]) == (21208, 21036)
    table = pd.read_csv(folder / "indicators.csv", na_filter=False)
    stops = table[table["indicator"] == "stops_per_km2"]
    assert len(stops) == 96
    assert stops["value"].astype(float).min() > 0


def test_headways_are_told_by_route_and_city_wide_alone(
    folder: Path, summary: Mapping[str, Any]
) -> None:
    told = summary["transit"]
    assert told["timetable"] is None
    assert {mode: one["routes"] for mode, one in told["routes"].items()} == {
        "bus": 1306, "metro": 6, "rail": 7,
    }  # fmt: skip
    assert told["routes"]["metro"]["headway_min"] < told["routes"]["bus"]["headway_min"]
    assert summary["absent"]["departures_per_hour"]["id"] in {"no_cells", "no_timetable"}
    page = (folder / "report.pt.html").read_text(encoding="utf-8")
    assert "Sem horários por parada não se sabe o que sai de onde" in page


def test_indicators_of_an_unnamed_source_join_and_say_so(
    summary: Mapping[str, Any], sources: Mapping[str, Any]
) -> None:
    record = sources["tables.0"]
    assert record["units_joined"] == 96
    assert record["provider"].startswith("compiler unknown")
    assert summary["indicators"]["household_income"]["role"] == "stratifier"
    assert summary["indicators"]["household_income"]["mean"] is None
    pairs = {(one["truth"], one["measure"]): one for one in summary["validity"]}
    assert pairs["household_income", "centre_km"]["n"] == 96 - 2  # two have lost a digit


def test_what_the_question_lacks_is_said(summary: Mapping[str, Any]) -> None:
    lacking = {
        one: summary["absent"][one]["id"]
        for one in summary["city"]["question_indicators"]
        if one not in summary["indicators"]
    }
    assert lacking == {
        "jobs_transit_45min_share": "no_cells",
        "bank_walk_min": "no_cells",
        "home_internet_share": "no_table",
    }
