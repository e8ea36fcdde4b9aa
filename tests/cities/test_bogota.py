"""Bogotá on its real files: three networks of streets, and nobody counted by localidad."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

DATA = Path(__file__).parents[3] / "shared" / "cities" / "bogota"
PRESET, LANGUAGE = "bogota", "es"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the open data of Bogotá are absent")

DATES = {  # of the answers, as their servers tell them
    "osm_streets_centre_west_2025_overpass.json": "2025-06-05",
    "osm_streets_chapinero_drive_2025_overpass.json": "2025-11-22",
    "osm_streets_chapinero_north_2025_overpass.json": "2025-06-05",
}


@pytest.fixture(scope="module")
def sources(folder: Path) -> list[Mapping[str, Any]]:
    """Every file by itself: the map comes in two."""
    return json.loads((folder / "provenance.json").read_text(encoding="utf-8"))["sources"]


def record_of(sources: list[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return next(one for one in sources if one["name"] == name)


def test_nothing_is_told_of_people_nobody_counted(summary: Mapping[str, Any]) -> None:
    assert summary["units"] == {"districts": 20, "cells": 0}
    assert summary["population"] == {"total": None, "covered_share": None, "outside": None}
    assert summary["index"]["mean"] is None
    assert all(one["mean"] is None for one in summary["indicators"].values())
    for district in summary["districts"].values():
        assert "district_no_population" in {one["id"] for one in district["reasons"]}
        assert (district["score"]["value"], district["type"]) == (None, None)


def test_the_streets_of_three_answers_are_told_with_their_dates(
    summary: Mapping[str, Any], sources: list[Mapping[str, Any]]
) -> None:
    records = [one for one in sources if one["name"] == "osm"]
    assert {one["path"]: one["date"] for one in records} == DATES
    assert all(one["licence"] == "ODbL-1.0" and len(one["sha256"]) == 64 for one in records)
    ways = set()
    for file in DATES:
        elements = json.loads((DATA / file).read_text(encoding="utf-8"))["elements"]
        ways |= {one["id"] for one in elements if one["type"] == "way"}
    dropped = {one["reason"]: one["count"] for one in records[0]["dropped"]}
    no_street = dropped["street that is not there or not a street"]  # bus stops drawn as lines
    assert no_street == 45
    assert records[0]["made"]["streets"] > len(ways) - no_street  # parted at junctions
    assert summary["method"]["streets"] == "network"


def test_stray_places_along_the_streets_are_not_taken_for_all_there_are(
    sources: list[Mapping[str, Any]],
) -> None:
    """The answers hold one market, and the stops of their streets only."""
    record = record_of(sources, "osm")
    assert (record["made"]["services"], record["made"]["stops"]) == (0, 0)
    dropped = {one["reason"]: one["count"] for one in record["dropped"]}
    assert dropped["not among what is asked for"] > 0


@pytest.mark.parametrize(
    ("source", "read", "inside"),
    [("transit.bus", 7618, 7615), ("transit.brt", 140, 136), ("services.sport", 210, 10)],
)
def test_places_are_counted_where_they_lie(
    sources: list[Mapping[str, Any]], source: str, read: int, inside: int
) -> None:
    record = record_of(sources, source)
    assert (record["rows_read"], record["rows_inside_districts"]) == (read, inside)
    assert record["rows_kept"] + sum(one["count"] for one in record["dropped"]) == read


def test_parks_that_lie_in_another_country_are_left_out(sources: list[Mapping[str, Any]]) -> None:
    record = record_of(sources, "services.open_space")
    dropped = {one["reason"]: one["count"] for one in record["dropped"]}
    assert dropped["outside the study area and its buffer"] == 16  # such as in Spain
    assert record["rows_kept"] == 200 - 16


def test_thefts_join_every_localidad(
    sources: list[Mapping[str, Any]], summary: Mapping[str, Any], indicators: pd.DataFrame
) -> None:
    record = record_of(sources, "tables.0")
    assert (record["units_joined"], record["unmatched_keys"]) == (20, [])
    raw = pd.read_csv(DATA / "seguridad_localidad.csv", sep=";", encoding="latin-1")
    thefts = raw[(raw["Indicador"] == "Número de hurtos a personas") & (raw["Ano"] == 2023)]
    assert indicators["thefts"].sum() == thefts["Valor"].sum() == 157604
    assert indicators.loc["17", "thefts"] == 1309  # La Candelaria, by an alias
    assert summary["indicators"]["thefts"]["role"] == "stratifier"


def test_stops_and_crimes_are_set_side_by_side_by_area(
    summary: Mapping[str, Any], sources: list[Mapping[str, Any]], indicators: pd.DataFrame
) -> None:
    inside = sum(
        record_of(sources, one)["rows_inside_districts"] for one in ("transit.bus", "transit.brt")
    )
    land = indicators["thefts"] / indicators["thefts_per_km2"]
    assert (indicators["stops_per_km2"] * land).sum() == pytest.approx(inside)
    pairs = {(one["truth"], one["measure"]): one for one in summary["validity"]}
    found = pairs["thefts_per_km2", "stops_per_km2"]
    assert (found["n"], found["over_people"]) == (20, None)
    ranks = indicators[["thefts_per_km2", "stops_per_km2"]].rank().corr().iloc[0, 1]
    assert found["rank_correlation"] == pytest.approx(ranks)
    assert summary["absent"]["people_transit_45min_share"]["id"] == "no_cells"
