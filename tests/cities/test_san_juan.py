"""San Juan on its real files: census ids, and hexagons of a whole island cut at the barrios."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

import geoequity as ge

DATA = Path(__file__).parents[3] / "shared" / "cities" / "san_juan"
PRESET, LANGUAGE = "san_juan", "en"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the open data of San Juan are absent")

SANTURCE = "0600000US7212779693"
ISLAND = 3_260_315


def test_hexagons_are_shared_out_by_area(summary: Mapping[str, Any]) -> None:
    people = {key: one["population"] for key, one in summary["districts"].items()}
    assert sum(people.values()) == pytest.approx(315_983, abs=0.5)
    assert people[SANTURCE] == pytest.approx(61_730, abs=0.5)


def test_every_resident_of_the_island_is_inside_or_outside(summary: Mapping[str, Any]) -> None:
    people = summary["population"]
    inside = sum(one["population"] for one in summary["districts"].values())
    assert people["total"] == pytest.approx(inside, abs=0.01)
    assert people["outside"] == pytest.approx(ISLAND - inside, abs=0.01)


def test_whole_hexagons_would_say_otherwise() -> None:
    """By centroid, as others count, the same files give 316,882 and 64,096."""
    barrios = gpd.read_file(DATA / "barrios_san_juan.geojson").to_crs("EPSG:32619")
    hexagons = gpd.read_file(DATA / "kontur_population_PR_20231101.gpkg").to_crs("EPSG:32619")
    points = hexagons.set_geometry(hexagons.centroid)
    inside = gpd.sjoin(points, barrios, predicate="within")
    assert inside["population"].sum() == 316_882
    assert inside.loc[inside["NAME"] == "Santurce", "population"].sum() == 64_096


def test_all_barrios_join_the_census_table(
    folder: Path, summary: Mapping[str, Any], sources: Mapping[str, Any]
) -> None:
    record = sources["tables.0"]
    assert (record["rows_read"], record["units_joined"]) == (939, 18)
    assert record["units_unmatched"] == []
    assert len(record["unmatched_keys"]) == 939 - 18  # the rest of the island
    table = pd.read_csv(folder / "indicators.csv")
    poverty = table[table["indicator"] == "poverty_share"].set_index("unit_id")["value"]
    assert poverty[SANTURCE] == pytest.approx(0.479)  # 47.9 %
    assert poverty.idxmax() == "0600000US7212757247"  # Oriente, 53.3 %
    assert summary["indicators"]["poverty_share"]["role"] == "stratifier"


def test_accents_survive(summary: Mapping[str, Any]) -> None:
    assert summary["districts"]["0600000US7212730587"]["name"] == "Gobernador Piñero"


def test_the_study_is_metric_and_local(summary: Mapping[str, Any]) -> None:
    assert summary["city"]["crs"] == "EPSG:32619"  # the hexagons come in the web's Mercator
    assert summary["units"]["districts"] == 18


def test_what_is_not_at_hand_is_absent_with_its_reason(summary: Mapping[str, Any]) -> None:
    assert summary["index"]["mean"] is None
    assert summary["absent"]["hospital_walk_min"]["id"] == "no_services"
    assert summary["absent"]["home_internet_share"]["id"] == "no_table"


def test_every_barrio_has_a_speed_with_its_interval(folder: Path) -> None:
    table = pd.read_csv(folder / "indicators.csv")
    speed = table[(table["level"] == "district") & (table["indicator"] == "fixed_down_mbps")]
    assert len(speed) == 18
    assert (speed["low"] < speed["value"]).all()
    assert (speed["value"] < speed["high"]).all()


def test_broadband_grew_in_every_barrio_from_2019_to_2023(folder: Path) -> None:
    trends = ge.outputs.load(folder).trends
    fixed = trends[trends["indicator"] == "fixed_down_mbps"]
    assert len(fixed) == 18
    assert (fixed["periods"] == 6).all()
    assert (fixed["low"] > 0).all()
    assert (fixed["high"] > fixed["growth"]).all()


def test_the_licence_of_the_speed_tests_is_inherited(summary: Mapping[str, Any]) -> None:
    assert "CC-BY-NC-SA-4.0" in summary["city"]["licences"]
