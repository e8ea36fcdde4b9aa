"""Buenos Aires on its real files: the published facts come out."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

import geoequity as ge
from geoequity.cli import main

DATA = Path(__file__).parents[3] / "shared" / "cities" / "buenos_aires"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the open data of Buenos Aires are absent"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("buenos_aires") / "out"
    start = time.process_time()  # on a clock it would be how busy the machine is
    assert main(["run", "buenos_aires", "--data", str(DATA), "--out", str(out), "--quiet"]) == 0
    assert time.process_time() - start < 60
    return out


def test_every_barrio_and_every_resident_is_counted(summary: Mapping[str, Any]) -> None:
    assert summary["units"] == {"districts": 48, "cells": 3554}
    assert summary["population"] == {"total": 2890151, "covered_share": 1.0, "outside": 0}


def test_the_gap_is_told_by_comuna_and_by_hexagons_too(summary: Mapping[str, Any]) -> None:
    told = summary["zoning"]["zonings"]
    assert list(told) == ["districts", "comunas", "hexagons_8", "hexagons_7"]
    assert told["districts"]["units"] == 48
    assert told["comunas"]["units"] == 15
    assert {one["population"] for one in told.values()} == {2890151}
    ginis = summary["zoning"]["ginis"]["school_walk_min"]
    assert ginis["cells"]["gini"] > ginis["districts"]["gini"] > ginis["comunas"]["gini"]
    assert ginis["cells"]["gini"] > ginis["hexagons_8"]["gini"] > ginis["hexagons_7"]["gini"]


def test_names_in_capitals_are_shown_as_one_reads_them(summary: Mapping[str, Any]) -> None:
    names = {key: one["name"] for key, one in summary["districts"].items()}
    assert names["VILLA GRAL. MITRE"] == "Villa Gral. Mitre"
    assert names["VILLA DEL PARQUE"] == "Villa del Parque"
    assert names["BOCA"] == "Boca"


@pytest.mark.parametrize(
    ("barrio", "share"),
    [("VILLA SOLDATI", 0.362), ("VILLA LUGANO", 0.451), ("BELGRANO", 0.801), ("PALERMO", 0.802)],
)
def test_computers_are_weighed_by_households(
    indicators: pd.DataFrame, barrio: str, share: float
) -> None:
    assert indicators.loc[barrio, "computer_home_share"] == pytest.approx(share, abs=0.0005)


@pytest.mark.parametrize(
    ("barrio", "share"),
    [("VILLA SOLDATI", 0.168), ("VILLA LUGANO", 0.104), ("BELGRANO", 0.010), ("PALERMO", 0.024)],
)
def test_unmet_needs_are_a_stratifier(
    indicators: pd.DataFrame, summary: Mapping[str, Any], barrio: str, share: float
) -> None:
    assert indicators.loc[barrio, "unmet_needs_share"] == pytest.approx(share, abs=0.0005)
    assert summary["indicators"]["unmet_needs_share"]["role"] == "stratifier"
    assert summary["indicators"]["unmet_needs_share"]["pillar"] is None


@pytest.mark.parametrize(
    ("source", "read", "distinct", "inside"),
    [
        ("connectivity.wifi", 718, 718, 718),
        ("services.school", 2862, 1883, 2862),
        ("transit.metro", 86, 86, 86),
        ("transit.bus", 45283, 45283, 8216),
    ],
)
def test_rows_are_counted_where_they_lie(
    sources: Mapping[str, Any], source: str, read: int, distinct: int, inside: int
) -> None:
    record = sources[source]
    assert record["rows_read"] == read
    assert record["distinct"] == distinct
    assert record["rows_inside_districts"] == inside
    assert inside <= record["rows_read"]
    assert record["rows_kept"] + sum(one["count"] for one in record["dropped"]) == read


def test_the_census_table_joins_all_radios_but_four(sources: Mapping[str, Any]) -> None:
    record = sources["tables.0"]
    assert record["rows_read"] == 3552
    assert record["units_joined"] == 3550
    assert record["units_unmatched"] == ["14_10_2", "1_13_15", "6_12_1", "7_12_5"]
    assert record["dropped"] == [
        {"reason": "identical duplicate", "count": 2, "ids": ["13_1_4", "12_16_7"]}
    ]


def test_radios_that_lie_in_another_barrio_are_reported(summary: Mapping[str, Any]) -> None:
    assert summary["method"]["disputed_cells"] == 59
    assert summary["method"]["disputed_population"] == 44656


def test_shared_bicycle_stations_lie_in_the_city(sources: Mapping[str, Any]) -> None:
    """Their coordinates are in the city's own grid, written as R writes vectors."""
    assert sources["services.shared_bike"]["rows_inside_districts"] == 199


def test_offices_of_the_map_are_reached_on_the_table_of_streets(
    folder: Path, summary: Mapping[str, Any], sources: Mapping[str, Any]
) -> None:
    services = gpd.read_file(folder / "study.gpkg", layer="services")
    found = services[services["source"] == "osm"]["category"].value_counts()
    assert found[["public_office"]].to_dict() == {
        "public_office": 231,
    }  # fmt: skip
    assert summary["indicators"]["public_office_walk_min"]["coverage"] == pytest.approx(1)
    assert summary["method"]["streets"] == "network"
    assert sources["streets"]["rows_kept"] == 31082
    assert summary["absent"]["sidewalk_share"]["id"] == "no_street_tags"


SOUTH = ["BOCA", "BARRACAS", "PARQUE PATRICIOS", "NUEVA POMPEYA", "VILLA SOLDATI"]
SOUTH += ["VILLA RIACHUELO", "VILLA LUGANO", "PARQUE AVELLANEDA", "LINIERS", "MATADEROS"]
NORTH = ["RECOLETA", "BELGRANO", "COLEGIALES", "NUÑEZ", "PALERMO"]


def mean_of(values: pd.Series, summary: Mapping[str, Any], barrios: list[str]) -> float:
    people = pd.Series({key: one["population"] for key, one in summary["districts"].items()})
    return float((values[barrios] * people[barrios]).sum() / people[barrios].sum())


def test_the_divide_between_south_and_north_has_numbers_and_drivers(
    summary: Mapping[str, Any], indicators: pd.DataFrame
) -> None:
    divide = summary["divide"]
    assert (divide["worse"], divide["better"]) == ("south", "north")
    index = pd.Series({key: one["score"]["value"] for key, one in summary["districts"].items()})
    apart = mean_of(index, summary, NORTH) - mean_of(index, summary, SOUTH)
    assert apart > 5
    assert divide["points"] == pytest.approx(apart)
    parts = {one["id"]: one["points"] for one in divide["drivers"]}
    assert sum(parts.values()) + divide["unknown_points"] == pytest.approx(apart)
    # bicycles, computers and the metro are in the north; clinics and childcare in the south
    assert divide["drivers"][0]["id"] == "shared_bike_walk_min"
    assert min(parts["computer_home_share"], parts["rapid_transit_walk_min"]) > 0.5
    assert max(parts["clinic_walk_min"], parts["childcare_walk_min"]) < -0.5
    for key, barrios in (("south", SOUTH), ("north", NORTH)):
        part = divide["parts"][key]
        assert set(part["districts"]) == set(barrios)
        walks = mean_of(indicators["shared_bike_walk_min"], summary, barrios)
        assert part["indicators"]["shared_bike_walk_min"] == pytest.approx(walks)
    needs = [divide["parts"][key]["indicators"]["unmet_needs_share"] for key in ("south", "north")]
    assert needs[0] > 4 * needs[1]


def test_the_divide_is_told_in_three_languages_and_in_the_report(
    folder: Path, summary: Mapping[str, Any]
) -> None:
    (told,) = [one for one in summary["findings"] if one["id"] == "divide"]
    assert "Entre el sur y el norte" in told["text"]["es"]
    assert "Between the south and the north" in told["text"]["en"]
    assert "Entre o sul e o norte" in told["text"]["pt"]
    assert "estación de bicicletas compartidas" in told["text"]["es"]
    page = (folder / "report.es.html").read_text(encoding="utf-8")
    assert told["text"]["es"].split(":")[0] in page
    assert "Las partes de la ciudad" in page


def test_no_source_lacks_its_fingerprint_or_licence(sources: Mapping[str, Any]) -> None:
    assert all(len(one["sha256"]) == 64 and one["licence"] for one in sources.values())


def test_what_cannot_be_computed_says_why(summary: Mapping[str, Any]) -> None:
    assert summary["absent"]["lit_street_share"]["id"] == "no_street_tags"
    assert "lit_street_share" not in summary["indicators"]
    assert all(set(one["text"]) == {"en", "es", "pt"} for one in summary["absent"].values())


def test_the_folder_reads_back(folder: Path) -> None:
    study = ge.outputs.load(folder)
    assert len(study.districts) == 48
    assert study.districts.crs.to_epsg() == 32721


@pytest.fixture(scope="module")
def study(folder: Path) -> ge.Study:
    return ge.outputs.load(folder)


def test_alike_barrios_lie_together(study: ge.Study) -> None:
    """The index against PySAL itself, on borders found with none of our code."""
    import esda  # noqa: PLC0415  takes two seconds
    from libpysal.graph import Graph  # noqa: PLC0415

    told = study.summary["patterns"]["index"]
    touching = Graph.build_fuzzy_contiguity(study.districts.geometry, buffer=12.5)
    index = study.districts["index"].loc[touching.unique_ids]
    theirs = esda.Moran(index, touching, permutations=0)
    assert told["n"] == 48
    assert told["value"] == pytest.approx(theirs.I, abs=1e-9)
    assert told["expected"] == pytest.approx(-1 / 47)
    assert told["value"] > 0.5
    assert told["p"] <= 0.001
    local = esda.Moran_Local(index, touching, permutations=0)
    found = study.patterns.loc[touching.unique_ids]
    assert found["local_moran"].to_numpy() == pytest.approx(local.Is, abs=1e-9)
    spots = esda.G_Local(index, touching, transform="B", star=True, permutations=0)
    assert found["gi_star"].to_numpy() == pytest.approx(spots.Zs, abs=1e-9)
    assert study.summary["patterns"]["neighbours"]["islands"] == []


def test_the_highest_cliffs_are_those_of_all_pairs_that_touch(study: ge.Study) -> None:
    index, shapes = study.districts["index"], study.districts.geometry
    apart = {
        (one, other): index[one] - index[other]
        for one in index.index
        for other in index.index
        if index[one] > index[other] and shapes[one].distance(shapes[other]) <= 25
    }
    highest = sorted(apart, key=lambda pair: -apart[pair])[:10]
    told = study.summary["patterns"]["cliffs"]
    assert [(one["higher"], one["lower"]) for one in told] == highest
    assert [one["points"] for one in told] == pytest.approx([apart[pair] for pair in highest])
    for one in told:
        low = study.districts.loc[one["higher"], "index_low"]
        high = study.districts.loc[one["lower"], "index_high"]
        assert one["apart"] == (low > high)


def test_the_old_centre_is_a_cluster_and_the_far_west_another(study: ge.Study) -> None:
    """Subte, hospitals and libraries stand in the centre; the west beyond the tracks has few."""
    told = study.summary["patterns"]
    plaza = gpd.GeoSeries.from_xy([-58.3725], [-34.6083], crs=4326).to_crs(study.districts.crs)
    away = study.districts.centroid.distance(plaza.iloc[0])
    assert {"BALVANERA", "MONSERRAT"} <= set(told["hot"])
    assert len(told["cold"]) >= 3
    assert away[told["hot"]].max() < away[told["cold"]].min()


def test_poverty_of_the_neighbours_is_set_against_the_index(study: ge.Study) -> None:
    told = study.summary["patterns"]["index_stratifier"]
    assert told["indicator"] == "unmet_needs_share"
    z = {
        one: (column - column.mean()) / column.std()
        for one, column in (
            ("index", study.districts["index"]),
            ("poor", study.indicators["unmet_needs_share"]),
        )
    }
    shapes = study.districts.geometry
    near = {one: shapes.index[shapes.distance(shapes[one]) <= 25] for one in shapes.index}
    lag = {one: z["poor"][others.drop(one)].mean() for one, others in near.items()}
    assert told["value"] == pytest.approx((z["index"] * pd.Series(lag)).sum() / 47, abs=1e-9)


def test_people_of_informal_settlements_are_a_group(study: ge.Study) -> None:
    """By the share of their radio that lies in a settlement; the slow twin for one of them."""
    people = study.districts["informal"]
    assert 90_000 < people.sum() < 300_000
    assert people["RETIRO"] > 15_000  # Villa 31, most of the people of Retiro's settlements
    land = gpd.read_file(DATA / "barrios_populares.geojson").to_crs(study.cells.crs).union_all()
    one = study.cells["informal"].idxmax()
    cell = study.cells.loc[one]
    share = cell.geometry.intersection(land).area / cell.geometry.area
    assert cell["informal"] == pytest.approx(share * cell["population"])
    told = study.summary["indicators"]["computer_home_share"]
    assert told["groups"]["informal"]["mean"] < 0.5 * told["mean"]


def test_unmet_needs_are_held_against_the_index(study: ge.Study) -> None:
    pairs = {(one["truth"], one["measure"]): one for one in study.summary["validity"]}
    found = pairs["unmet_needs_share", "index"]
    assert (found["kind"], found["n"], found["expected"]) == ("index", 48, -1)
    ranks = study.indicators["unmet_needs_share"].rank().corr(study.districts["index"].rank())
    assert found["rank_correlation"] == pytest.approx(ranks)
