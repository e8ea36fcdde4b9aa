"""Mexico City on its real files: a workbook made for printing, and colonias that overlap."""

import json
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import geoequity as ge
from geoequity.city import presets
from geoequity.cli import main
from geoequity.errors import DataError, DataWarning
from geoequity.units import overlapping_pairs

DATA = Path(__file__).parents[3] / "shared" / "cities" / "mexico_city"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the open data of Mexico City are absent")

CITY = """
[city]
id = "mexico_city"
name = "Ciudad de México"
country = "MX"

[districts]
{districts}

[[connectivity]]
kind = "wifi"
path = "{folder}/wifi.csv"
id = "id"
lon = "longitud"
lat = "latitud"
missing = ["19.56244779963221,"]

[[transit.stops]]
path = "{folder}/stops.txt"
mode = "bus"
id = "stop_id"
lon = "stop_lon"
lat = "stop_lat"
{tables}
"""
ALCALDIAS = """
path = "alcaldias.geojson"
id = "cvegeo"
name = "nomgeo"
"""
COLONIAS = """
path = "colonias.geojson"
id = ["alcaldia", "colonia"]
template = "{} · {}"
name = "colonia"
"""
NAMES = """
[[tables]]
path = "wifi_by_name.csv"
key = "alcaldia"
join = "name"
columns.requests_311_per_1000 = "points"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Study the alcaldías alone: rides between all colonias take a minute and more."""
    made = tmp_path_factory.mktemp("mexico_city")
    text = presets()["mexico_city"].read_text(encoding="utf-8")
    text, cut = re.subn(r"(?ms)^\[(cells|zonings)\].*?(?=^\[)", "", text)
    assert cut == 2
    (made / "alcaldias.toml").write_text(text, encoding="utf-8")
    command = ["run", str(made / "alcaldias.toml"), "--data", str(DATA), "--quiet"]
    assert main([*command, "--out", str(made / "out"), "--language", "es"]) == 0
    return made / "out"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """Study the city as its file does, with the people of alcaldías spread over colonias."""
    out = tmp_path_factory.mktemp("whole") / "out"
    command = ["run", "mexico_city", "--data", str(DATA), "--out", str(out), "--quiet"]
    assert main([*command, "--language", "es"]) == 0
    return json.loads((out / "summary.json").read_text(encoding="utf-8"))


def records(folder: Path) -> list[Mapping[str, Any]]:
    return json.loads((folder / "provenance.json").read_text(encoding="utf-8"))["sources"]


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the Wi-Fi points as text and the stops out of their feed."""
    made = tmp_path_factory.mktemp("points")
    with zipfile.ZipFile(DATA / "gtfs_df_2013.zip") as feed:
        feed.extract("stops.txt", made)
    wifi = pd.read_excel(DATA / "wifi_gratuito.xlsx", dtype=object)
    wifi.to_csv(made / "wifi.csv", index=False)
    named = wifi["alcaldia"].str.title().value_counts().rename("points")  # IZTAPALAPA stands once
    named.to_csv(made / "wifi_by_name.csv")
    return made


def assess(points: Path, *, districts: str, tables: str = "") -> ge.Study:
    """Assess a variant of the city file."""
    text = CITY.format(folder=points, districts=districts, tables=tables)
    text = text.replace("wifi_by_name.csv", f"{points}/wifi_by_name.csv")
    (points / "city.toml").write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # they are in the records
        return ge.assess(ge.City.from_toml(points / "city.toml", data=DATA))


@pytest.fixture(scope="module")
def by_colonia(points: Path) -> ge.Study:
    return assess(points, districts=COLONIAS + 'overlaps = "largest"')


def record_of(study: ge.Study, name: str) -> Mapping[str, Any]:
    return next(one for one in study.provenance["sources"] if one["name"] == name)


def test_wifi_points_lie_in_the_alcaldias(sources: Mapping[str, Any]) -> None:
    record = sources["connectivity.wifi"]
    assert record["rows_read"] == 35350
    assert record["rows_inside_districts"] == 35335
    dropped = {one["reason"]: one["count"] for one in record["dropped"]}
    assert dropped["no geometry"] == 6  # a latitude with a comma behind it, declared unknown
    assert record["rows_kept"] + sum(dropped.values()) == 35350


def test_hospitals_and_schools_come_from_the_map(folder: Path) -> None:
    """254 hospitals and 1,730 schools, three of them open lines."""
    services = gpd.read_file(folder / "study.gpkg", layer="services")
    found = services[services["source"] == "osm"]["category"].value_counts().to_dict()
    assert found == {"hospital": 254, "school": 1727}
    dates = {one["path"]: one["date"] for one in records(folder) if one["name"] == "osm"}
    assert dates == {
        "osm_hospitals_2025_overpass.json": "2025-11-25",
        "osm_schools_2025_overpass.json": "2025-11-25",
        "osm_rail_stations_2025_overpass.json": "2025-11-20",
    }


def test_stops_are_those_of_the_timetable(folder: Path, summary: Mapping[str, Any]) -> None:
    """All 5,215 but those of the suburban trains beyond the buffer; the map's stations give way."""
    stops = gpd.read_file(folder / "study.gpkg", layer="stops")
    assert set(stops["source"]) == {"timetable"}
    assert len(stops) == 5200
    routes = gpd.read_parquet(folder / "tables" / "routes.parquet")
    assert routes["mode"].value_counts().to_dict() == {
        "bus": 103, "metro": 12, "trolleybus": 8, "brt": 4, "rail": 1, "tram": 1,
    }  # fmt: skip
    told = summary["transit"]["timetable"]
    assert told["date"] == "2013-07-03"
    assert told["feed"]["frequency_share"] == 1


def test_poles_with_cameras_are_a_part_of_the_points(
    sources: Mapping[str, Any], indicators: pd.DataFrame
) -> None:
    record = sources["services.cctv"]
    assert record["distinct"] == 13714
    assert indicators["cctv_per_1000"].idxmax() == "09015"  # the centre, Cuauhtémoc


def test_a_workbook_made_for_printing_gives_the_people(
    summary: Mapping[str, Any], sources: Mapping[str, Any]
) -> None:
    """Titles stand above the header, and a name only at the first row of its block."""
    sheet = pd.read_excel(DATA / "conapo_df_municipios.xlsx", header=2)
    sheet[["Municipio", "Sexo"]] = sheet[["Municipio", "Sexo"]].ffill()
    both = sheet[(sheet["Sexo"] == "Ambos") & sheet["Grupos de Edad"].notna()]
    expected = both.groupby(both["Municipio"].str.strip())[2025].sum()
    people = {one["name"]: one["population"] for one in summary["districts"].values()}
    assert people == pytest.approx(expected.to_dict())
    assert summary["population"]["total"] == pytest.approx(expected.sum())
    record = sources["tables.0"]
    assert record["units_joined"] == 16
    assert {one["reason"]: one["count"] for one in record["dropped"]}["no key"] == 5  # the whole


def test_rates_are_of_the_people_of_each_alcaldia(
    indicators: pd.DataFrame, summary: Mapping[str, Any]
) -> None:
    poles = indicators["cctv_per_1000"] * pd.Series(
        {key: one["population"] / 1000 for key, one in summary["districts"].items()}
    )
    assert poles.sum() == pytest.approx(round(poles.sum()))
    assert round(poles.sum()) <= 13714


def test_codes_are_padded_to_match(sources: Mapping[str, Any], indicators: pd.DataFrame) -> None:
    record = sources["tables.1"]
    assert (record["rows_read"], record["units_joined"]) == (76, 16)  # 9002 here, 09002 there
    assert indicators["flood_area_share"].between(0, 1).all()


def test_classes_of_hazard_are_numbers(indicators: pd.DataFrame) -> None:
    classes = gpd.read_file(DATA / "peligro_inundacion_zmvm.geojson").set_index("CVE_MPIO")
    said = classes["PELIGRO_IN"].rename(index=lambda one: f"{one:05}").loc[indicators.index]
    order = ["Muy bajo", "Bajo", "Medio", "Alto", "Muy alto"]
    assert indicators["flood_class"].tolist() == [1 + order.index(one) for one in said]


def test_floods_of_three_years_are_counted_where_they_were(
    sources: Mapping[str, Any], indicators: pd.DataFrame
) -> None:
    names = ["services.flood_point", "services.flood_point.2", "services.flood_point.3"]
    read = {sources[one]["path"]: sources[one]["rows_read"] for one in names}
    assert read == {
        "encharcamientos_2016.geojson": 714,
        "encharcamientos_2017.geojson": 328,
        "encharcamientos_2018.geojson": 121,
    }
    kept = sources["services.flood_point.3"]
    assert kept["rows_kept"] <= 121 - 3  # three are requests, no floods
    land = gpd.read_file(DATA / "alcaldias.geojson").set_index("cvegeo").to_crs(32614).area / 1e6
    inside = (indicators["flood_points_per_km2"] * land).sum()
    assert inside == pytest.approx(
        sum(sources[one]["rows_inside_districts"] for one in names), rel=1e-3
    )


@pytest.mark.slow
def test_the_whole_city_answers_its_question(whole: Mapping[str, Any]) -> None:
    assert whole["units"]["cells"] == 1651
    assert whole["method"]["people"] == "spread"
    asked = whole["city"]["question_indicators"]
    known = [one for one in asked if one in whole["indicators"]]
    assert {"cctv_per_1000", "wifi_access_share", "people_transit_45min_share"} < set(known)
    assert all(whole["indicators"][one]["mean"] is not None for one in known)
    assert {one: whole["absent"][one]["id"] for one in asked if one not in known} == {
        "home_internet_share": "no_table",
        "fixed_down_mbps": "no_table",
    }
    centre = whole["patterns"]["gradient"]
    assert centre["people_transit_45min_share"]["rank_correlation"] < -0.5
    assert whole["pillars"]["structures"]["mean"] is not None
    assert whole["index"]["mean"] is None


def test_names_of_15_alcaldias_join_without_an_alias(points: Path) -> None:
    plain = assess(points, districts=ALCALDIAS, tables=NAMES)
    record = record_of(plain, "tables.0")
    assert record["units_joined"] == 15
    assert record["unmatched_keys"] == ["Magdalena Contreras"]
    assert record["units_unmatched"] == ["09008"]
    stops = record_of(plain, "transit.bus")
    assert (stops["rows_read"], stops["rows_inside_districts"]) == (5215, 5148)
    alias = 'aliases = { "Magdalena Contreras" = "La Magdalena Contreras" }'
    record = record_of(assess(points, districts=ALCALDIAS, tables=NAMES + alias), "tables.0")
    assert (record["units_joined"], record["unmatched_keys"]) == (16, [])


def test_overlapping_colonias_are_refused_unless_declared(points: Path) -> None:
    with pytest.raises(DataError, match=r"districts overlap: .* and \d+ more"):
        assess(points, districts=COLONIAS)


def test_colonias_are_told_apart_by_alcaldia_and_name(by_colonia: ge.Study) -> None:
    assert len(by_colonia.districts) == 1651
    assert by_colonia.districts["name"].nunique() < 1651
    land = by_colonia.districts.area.sum() / 1e6
    assert land == pytest.approx(850.6, abs=0.05)  # km2, common land twice
    assert by_colonia.districts.union_all().area / 1e6 == pytest.approx(732.6, abs=0.05)
    assert overlapping_pairs(by_colonia.districts)["share"].max() > 0.99


def test_points_in_overlapping_colonias_count_once(by_colonia: ge.Study, points: Path) -> None:
    """
    The slow twin: every point against the union of all colonias, 34,526 in degrees.

    A published 34,518, like a published 35,327 by alcaldía in degrees, is 8 under a plain count:
    no predicate, CRS, great circles, rounding, mended comma, id, or invalid colonia gives either.
    """
    wifi = pd.read_csv(points / "wifi.csv")
    place = wifi[["longitud", "latitud"]].apply(pd.to_numeric, errors="coerce").dropna()
    places = gpd.GeoSeries.from_xy(place["longitud"], place["latitud"], crs="EPSG:4326")
    union = by_colonia.districts.union_all()
    inside = places.to_crs(by_colonia.districts.crs).intersects(union).sum()
    record = record_of(by_colonia, "connectivity.wifi")
    assert record["rows_read"] == 35350
    assert record["rows_inside_districts"] == inside == 34527
    plain = gpd.read_file(DATA / "colonias.geojson").make_valid().union_all()
    assert places.intersects(plain).sum() == 34526


def test_wifi_thins_out_from_the_centre_to_the_outer_alcaldias(folder: Path) -> None:
    """The question of the city, and the same numbers by a weighted line of numpy's own."""
    study = ge.outputs.load(folder)
    told = study.summary["patterns"]["gradient"]["wifi_per_10000"]
    zocalo = gpd.GeoSeries.from_xy([-99.1332], [19.4326], crs=4326).to_crs(study.districts.crs)
    km = study.districts.centroid.distance(zocalo.iloc[0]) / 1000
    people = study.districts["population"]
    value = study.indicators["wifi_per_10000"]
    slope, level = np.polyfit(km, value, 1, w=np.sqrt(people))
    assert told["slope_per_km"] == pytest.approx(slope)
    rest = np.average((value - slope * km - level) ** 2, weights=people)
    whole = np.average((value - np.average(value, weights=people)) ** 2, weights=people)
    assert told["explained"] == pytest.approx(1 - rest / whole)
    assert told["slope_per_km"] < 0
    assert told["rank_correlation"] < -0.4
    near, far = told["rings"][0], told["rings"][-2]
    assert near["mean"] > 1.5 * far["mean"]
    assert sum(one["population"] for one in told["rings"]) == pytest.approx(people.sum())
    text = {one["id"]: one["text"]["es"] for one in study.summary["findings"]}
    assert "Del centro hacia afuera hay menos" in text["neighbours"]


def test_colonias_far_from_the_centre_have_fewer_points_a_square_kilometre() -> None:
    """No census by colonia is at hand: every square kilometre counts alike instead of people."""
    zocalo = gpd.GeoSeries.from_xy([-99.1332], [19.4326], crs=4326).to_crs(32614)
    colonias = gpd.read_file(DATA / "colonias.geojson").to_crs(32614)
    whole = colonias.geometry.make_valid().rename("geometry")
    whole = whole[whole.geom_type.isin(["Polygon", "MultiPolygon"])]
    units = gpd.GeoDataFrame(geometry=whole)
    wifi = pd.read_excel(DATA / "wifi_gratuito.xlsx")
    places = wifi[["longitud", "latitud"]].apply(pd.to_numeric, errors="coerce").dropna()
    points = gpd.GeoSeries.from_xy(places["longitud"], places["latitud"], crs=4326).to_crs(32614)
    inside, _ = points.sindex.query(units.geometry, predicate="contains")
    counted = np.bincount(inside, minlength=len(units)) / (units.area / 1e6)
    density = pd.Series(counted, index=units.index, name="wifi_per_km2")
    found = ge.patterns.gradient(
        density, units=units, centre=zocalo.iloc[0], population=units.area / 1e6, rings=6
    )
    assert len(units) > 1600
    assert found.slope_per_km < 0
    assert found.rank_correlation < -0.3
    assert found.rings["mean"].iloc[0] > 2 * found.rings["mean"].iloc[-1]
    graph = ge.patterns.neighbours(units, tolerance_m=25)
    moran = ge.patterns.moran(
        density, neighbours=graph, permutations=999, rng=np.random.default_rng(1)
    )
    assert moran.value > 0.1
    assert moran.p <= 0.01
    assert set(moran.islands) == {str(one) for one in graph.isolates}
