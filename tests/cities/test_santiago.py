"""Santiago on its real files: long tables, decimal commas, and comunas where nobody is counted."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyproj import CRS

from geoequity.sources.files import Record
from geoequity.sources.services import read_stops
from geoequity.sources.spec import Origin, RoutesSpec, StopsSpec
from geoequity.sources.transit_tables import read_routes, with_assumed
from geoequity.transit import hourly_of

DATA = Path(__file__).parents[3] / "shared" / "cities" / "santiago"
PRESET, LANGUAGE = "santiago", "es"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the open data of Santiago are absent")

EMPTY = {"13202": "Pirque", "13203": "San José de Maipo", "13604": "Padre Hurtado"}


def test_every_zone_and_resident_is_counted_in_34_comunas(summary: Mapping[str, Any]) -> None:
    assert summary["units"] == {"districts": 37, "cells": 1643}
    assert summary["population"] == {"total": 5949403, "covered_share": 0.0, "outside": 0}
    people = {key: one["population"] for key, one in summary["districts"].items()}
    assert {key for key, count in people.items() if count is None} == set(EMPTY)
    assert sum(count for count in people.values() if count is not None) == 5949403


def test_comunas_without_people_say_so(summary: Mapping[str, Any]) -> None:
    for key, name in EMPTY.items():
        district = summary["districts"][key]
        assert district["name"] == name  # in capitals in the file
        assert "district_no_population" in {one["id"] for one in district["reasons"]}
        assert district["score"]["value"] is None


def test_the_zone_whose_people_are_unknown_is_named(summary: Mapping[str, Any]) -> None:
    with_gaps = {
        key: [one for one in district["reasons"] if one["id"] == "cells_no_population"]
        for key, district in summary["districts"].items()
    }
    ((comuna, (reason,)),) = ((key, found) for key, found in with_gaps.items() if found)
    assert comuna == "13132"
    assert "13132031003" in reason["text"]["es"]


@pytest.mark.parametrize(
    ("comuna", "connections"), [("13203", 4.0), ("13112", 7.2), ("13123", 36.7)]
)
def test_connections_come_out_of_the_long_table(
    indicators: pd.DataFrame, comuna: str, connections: float
) -> None:
    values = indicators["fixed_connections_per_100"]
    assert values[comuna] == pytest.approx(connections, abs=0.05)
    assert len(values.dropna()) == 37
    assert values.sort_values().index[[0, -1]].tolist() == ["13203", "13123"]


def test_every_comuna_finds_its_row_in_every_table(sources: Mapping[str, Any]) -> None:
    tables = [one for name, one in sources.items() if name.startswith("tables.")]
    joined = Counter(one["units_joined"] for one in tables)
    assert joined == {
        37: 11,
        36: 2,
        35: 1,
        32: 1,
    }  # SIEDU has no travel times, lights, dumps of some
    assert all(one["units_joined"] + len(one["units_unmatched"]) == 37 for one in tables)
    for one in tables:  # no row is lost without a word
        assert one["rows_kept"] + sum(part["count"] for part in one["dropped"]) == one["rows_read"]


def test_only_the_chosen_rows_of_the_long_table_are_read(sources: Mapping[str, Any]) -> None:
    dropped = {one["reason"]: one["count"] for one in sources["tables.0"]["dropped"]}
    assert sources["tables.0"]["rows_read"] == 6701
    assert dropped == {"id is not BPU_201": 6701 - 117, "key names no unit": 117 - 37}


def test_decimal_commas_are_numbers(indicators: pd.DataFrame) -> None:
    path = DATA / "pobreza_comunal_2022.csv"
    raw = pd.read_csv(path, sep=";", decimal=",", dtype={"codigo": str}).set_index("codigo")
    expected = raw.loc[indicators.index, "pobreza_p"]
    pd.testing.assert_series_equal(
        indicators["poverty_share"], expected, check_names=False, atol=1e-9
    )


def test_poverty_and_income_stratify_and_siedu_validates(summary: Mapping[str, Any]) -> None:
    roles = {key: one["role"] for key, one in summary["indicators"].items()}
    assert {roles["poverty_share"], roles["income"]} == {"stratifier"}
    measured = ["siedu_clinic_m", "siedu_school_m", "siedu_park_m", "siedu_stop_m"]
    assert {roles[one] for one in measured} == {"validator"}
    assert all(summary["indicators"][one]["pillar"] is None for one in measured)


def test_home_internet_leans_to_the_comunas_with_less_poverty(
    folder: Path, summary: Mapping[str, Any], indicators: pd.DataFrame
) -> None:
    people = pd.Series({key: one["population"] for key, one in summary["districts"].items()})
    table = indicators[["fixed_connections_per_100", "poverty_share"]].assign(people=people)
    known = table.dropna().sort_values("poverty_share", ascending=False)
    assert known["poverty_share"].is_unique
    share = known["people"] / known["people"].sum()
    rank = share.cumsum() - share / 2  # of the middle person of each comuna, the poorest first
    value = known["fixed_connections_per_100"]
    mean = (share * value).sum()
    expected = 2 * (share * (value - mean) * (rank - 0.5)).sum() / mean
    found = summary["indicators"]["fixed_connections_per_100"]["concentration"]
    assert found == pytest.approx(expected, rel=1e-9)
    assert 0.1 < found < 0.15
    (told,) = [one for one in summary["findings"] if one["id"] == "leaning"]
    # Squares within 400 m lean further, and the other way
    assert told["numbers"]["concentration"] < -found
    assert told["numbers"]["richest_fifth"] < told["numbers"]["poorest_fifth"]
    assert told["text"]["es"].startswith("Quienes están peor tienen más.")
    page = (folder / "report.es.html").read_text(encoding="utf-8")
    assert "tienen más quienes están mejor" in page


def test_distances_of_siedu_agree_with_our_walks(indicators: pd.DataFrame) -> None:
    """Another method and another list of centres; the order of comunas is much the same."""
    both = indicators[["clinic_walk_min", "siedu_clinic_m"]].dropna()
    assert len(both) == 34
    assert both.corr(method="spearman").iloc[0, 1] > 0


@pytest.mark.parametrize(
    ("source", "read", "distinct"),
    [
        ("services.clinic", 319, 319),
        ("transit.bus", 11529, 11410),  # the other 119 are stations of Metro
        ("transit.metro", 136, 136),
        ("transit.rail", 10, 10),
    ],
)
def test_rows_of_places_are_counted(
    sources: Mapping[str, Any], source: str, read: int, distinct: int
) -> None:
    record = sources[source]
    assert (record["rows_read"], record["distinct"]) == (read, distinct)
    assert record["rows_kept"] + sum(one["count"] for one in record["dropped"]) == read


def test_routes_of_a_feed_without_times_have_modes_and_no_headway() -> None:
    path = DATA / "gtfs_routes.txt"
    record = Record(name="transit.routes", path=path, origin=Origin())
    columns = {"id": "route_id", "name": "route_long_name", "route_type": "route_type"}
    spec = RoutesSpec(path=path, **columns)
    routes = read_routes(spec, crs=CRS("EPSG:32719"), study_area=None, record=record)
    assert (record.rows_read, record.rows_kept) == (394, 394)
    assert routes["mode"].value_counts().to_dict() == {"bus": 379, "metro": 13, "tram": 2}
    assert routes.loc["transit.routes/101", "name"] == "Recoleta - Cerrillos"
    assert routes["headway_min"].isna().all()
    assert routes.geometry.isna().all()
    assumed = with_assumed(routes, {"bus": 12})
    assert assumed["headway_from"].value_counts().to_dict() == {"assumed": 379}
    path = DATA / "gtfs_stops.txt"
    places = StopsSpec(path=path, mode="bus", id="stop_id", lon="stop_lon", lat="stop_lat")
    record = Record(name="transit.bus", path=path, origin=Origin())
    anywhere: dict[str, Any] = {"districts": None, "study_area": None}
    stops = read_stops(places, crs=CRS(routes.crs), record=record, **anywhere)
    assert len(stops) == 11529
    assert hourly_of(stops, assumed).empty  # no line tells which stops they serve


def test_streets_come_from_four_answers_of_four_years(folder: Path) -> None:
    provenance = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    records = [one for one in provenance["sources"] if one["name"] == "osm"]
    assert [one["date"] for one in records] == [
        "2021-11-11", "2021-11-19", "2021-11-11", "2025-10-13",
    ]  # fmt: skip
    ways: set[int] = set()
    for one in records:
        elements = json.loads((DATA / one["path"]).read_text(encoding="utf-8"))["elements"]
        ways |= {element["id"] for element in elements if element["type"] == "way"}
    assert len(ways) < 1462 + 3226 + 4435 + 2792  # some stand in two files
    assert records[0]["made"]["streets"] > len(ways)  # parted at junctions
    assert (records[0]["made"]["services"], records[0]["made"]["stops"]) == (0, 0)


def test_no_index_is_made_up(summary: Mapping[str, Any]) -> None:
    assert summary["index"]["mean"] is None
    assert summary["pillars"]["technologies"]["mean"] is None
    assert summary["pillars"]["structures"]["mean"] is not None  # four areas of five, two by SIEDU
    assert summary["absent"]["hospital_walk_min"]["id"] == "no_services"


def test_poverty_comes_with_its_published_interval(folder: Path) -> None:
    table = pd.read_csv(folder / "indicators.csv", dtype={"unit_id": str})
    poverty = table[(table["indicator"] == "poverty_share") & (table["level"] == "district")]
    assert (poverty["low"] < poverty["value"]).all()
    assert (poverty["value"] < poverty["high"]).all()


def test_distances_of_siedu_are_held_against_ours_alone(summary: Mapping[str, Any]) -> None:
    pairs = {(one["truth"], one["measure"]): one for one in summary["validity"]}
    clinics = pairs["siedu_clinic_m", "clinic_walk_min"]
    stops = pairs["siedu_stop_m", "stop_walk_min"]
    assert [one["n"] for one in (clinics, stops)] == [34, 34]
    assert stops["rank_correlation"] > clinics["rank_correlation"] > 0.4
    assert ("siedu_clinic_m", "structures") not in pairs
    poverty = pairs["poverty_share", "structures"]
    assert (poverty["kind"], poverty["n"]) == ("pillar", 34)


def test_people_of_campamentos_are_a_group(summary: Mapping[str, Any]) -> None:
    told = summary["indicators"]["rapid_transit_walk_min"]
    assert told["groups"]["informal"]["mean"] > told["mean"]
