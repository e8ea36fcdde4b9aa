"""``geoequity site``: a small town of streets, the demo city, and Buenos Aires."""

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import jsonschema
import numpy as np
import pandas as pd
import pytest
import shapely

import geoequity as ge
from geoequity import assessment, inequality, outputs, placing, report, scenario, siting
from geoequity.cli import main
from geoequity.errors import ConfigError, CRSError, DataError, SourceError
from geoequity.indicators import read_catalogue
from geoequity.locale import LANGUAGES
from geoequity.placing import Ask, Ground, place
from geoequity.placing._findings import findings as told_of
from geoequity.sources.candidates import read_candidates
from geoequity.streets import ADULT, StreetNetwork
from geoequity.transit import Rider
from geoequity.walking import Manner, walk

CRS = 32618
SIDE = 10  # blocks
BLOCK_M = 200.0
BUENOS_AIRES = Path(__file__).parents[2] / "shared" / "cities" / "buenos_aires"
UNITS = [f"{x}{y}" for x in "ab" for y in "ns"]


def streets() -> StreetNetwork:
    """Lay out a grid of streets."""
    rows = []
    for x in range(SIDE + 1):
        for y in range(SIDE + 1):
            for dx, dy in ((1, 0), (0, 1)):
                if x + dx <= SIDE and y + dy <= SIDE:
                    ends = np.array([[x, y], [x + dx, y + dy]]) * BLOCK_M
                    rows.append((x * 100 + y, (x + dx) * 100 + y + dy, shapely.LineString(ends)))
    table = pd.DataFrame(rows, columns=["from_node", "to_node", "geometry"])
    edges = gpd.GeoDataFrame(table, geometry="geometry", crs=CRS).rename_axis("edge_id")
    return StreetNetwork.from_edges(edges.assign(length_m=BLOCK_M))


@pytest.fixture(scope="module")
def town() -> Ground:
    """Four districts of a square town; the clinic and the Wi-Fi are in its south-west."""
    half = SIDE * BLOCK_M / 2
    corner = {"a": 0.0, "b": half}, {"s": 0.0, "n": half}
    boxes = [
        shapely.box(
            corner[0][u[0]], corner[1][u[1]], corner[0][u[0]] + half, corner[1][u[1]] + half
        )
        for u in UNITS
    ]
    districts = gpd.GeoDataFrame(
        {"name": [f"District {u}" for u in UNITS], "population": 0.0, "area_m2": half**2},
        index=pd.Index(UNITS, name="unit_id"), geometry=boxes, crs=CRS,
    )  # fmt: skip
    cells = []
    for x in range(SIDE):
        for y in range(SIDE):
            unit = ("a" if x < SIDE / 2 else "b") + ("s" if y < SIDE / 2 else "n")
            square = shapely.box(*(BLOCK_M * np.array([x, y, x + 1, y + 1])))
            people = 50.0 + 7 * ((3 * x + 5 * y) % 11)
            cells.append((f"{x}-{y}", unit, people, people * x / SIDE, square))
    columns = ["unit_id", "district_id", "population", "low_income", "geometry"]
    cells = pd.DataFrame(cells, columns=columns).set_index("unit_id")
    cells = gpd.GeoDataFrame(cells, geometry="geometry", crs=CRS)
    cells = cells.assign(name=cells.index, area_m2=BLOCK_M**2, cell_id=cells.index, share=1.0)
    districts["population"] = cells.groupby("district_id")["population"].sum()
    services = gpd.GeoDataFrame(
        {"category": ["clinic", "wifi"], "capacity": np.nan, "source": "list", "name": "old"},
        index=pd.Index(["clinic/1", "wifi/1"], name="service_id"),
        geometry=[shapely.Point(250, 200), shapely.Point(200, 400)], crs=CRS,
    )  # fmt: skip
    network = streets()
    stops = gpd.GeoDataFrame({"mode": []}, geometry=[], crs=CRS)
    walks = walk(
        network, cells=cells, services=services, stops=stops, places=["clinic", "wifi"],
        by_distance=["wifi"],
        manner=Manner(detour_factor=1.3, spacing_m=100.0, min_covered_share=0.5),
    )  # fmt: skip
    clinic = next(one for one in read_catalogue() if one.id == "clinic_walk_min")
    return Ground(
        city={
            "id": "town", "name": "Town <b>of</b> squares", "country": "XX", "fictitious": True,
            "languages": ["es", "en"], "licences": [], "crs": f"EPSG:{CRS}",
        },
        districts=districts, cells=cells, services=services, walks=walks, walker=ADULT,
        detour_factor=1.3, groups=("low_income",), category="clinic", indicator=clinic,
        timetable=None, rider=Rider(), window=("07:00", "08:00"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def wifi_town(town: Ground) -> Ground:
    """Ask for Wi-Fi instead."""
    wifi = next(one for one in read_catalogue() if one.id == "wifi_access_share")
    return replace(town, category="wifi", indicator=wifi)


@pytest.fixture(scope="module")
def placed(town: Ground) -> placing.Placing:
    return place(town, Ask(count=3))


def corners() -> gpd.GeoDataFrame:
    """Offer a few corners of streets."""
    points = [(400, 400), (400, 1600), (1600, 400), (1600, 1600), (1000, 1000), (1800, 1800)]
    ids = pd.Index([f"p{n}" for n in range(len(points))], name="site_id")
    return gpd.GeoDataFrame(index=ids, geometry=gpd.points_from_xy(*zip(*points, strict=True)),
                            crs=CRS)  # fmt: skip


def test_sites_go_where_people_are_far_from_what_there_is(placed, town):
    sites = placed.sites
    assert len(sites) == 3
    assert set(sites["district_id"]) <= set(UNITS)
    away = sites.distance(town.services.geometry["clinic/1"])
    assert away.min() > 500
    result = placed.summary["result"]
    assert result["value"] < result["value_before"]
    assert result["bound"] <= result["value"] + 1e-9


def test_what_is_told_is_what_a_new_walk_measures(placed, town):
    """Open the sites as services, let everybody walk again, and compare."""
    new = placed.sites[["category", "geometry"]].assign(capacity=np.nan, source="new")
    services = pd.concat([town.services, new])
    again = walk(
        town.walks.network, cells=town.cells, services=services,
        stops=gpd.GeoDataFrame({"mode": []}, geometry=[], crs=CRS), places=["clinic"],
        manner=Manner(detour_factor=1.3, spacing_m=100.0, min_covered_share=0.5),
    )  # fmt: skip
    homes = again.homes
    people = homes["share"] * town.cells["population"].reindex(homes["cell_id"]).to_numpy()
    kappa = -placed.summary["method"]["kappa"]
    ede = inequality.kolm_pollak_ede(
        again.minutes["clinic"], population=people, epsilon=1, better="lower", kappa=kappa
    )
    assert placed.summary["result"]["value"] == pytest.approx(ede, abs=1e-6)
    told = placed.table.set_index("unit_id")
    district = town.cells["district_id"].reindex(homes["cell_id"]).to_numpy()
    walked = (again.minutes["clinic"] * people).groupby(district).sum()
    mean = walked / people.groupby(district).sum()
    for unit in UNITS:
        assert told.loc[unit, "minutes_after"] == pytest.approx(mean[unit], abs=1e-6)
    study = placed.summary["as_in_study"]["after"]["mean"]
    assert study == pytest.approx(told.loc["city", "minutes_after"], abs=1e-5)


def test_every_objective_is_best_at_its_own(town):
    told = place(town, Ask(count=2), candidates=corners()).summary["objectives"]
    for name, key in {"ede": "ede", "mean": "mean", "gap": "gap", "p-center": "farthest"}.items():
        assert told[name][key] == pytest.approx(min(one[key] for one in told.values()))
    assert told["coverage"]["within"] == max(one["within"] for one in told.values())


def test_wifi_is_sited_by_the_distance_of_its_indicator_and_the_gap_between_districts(wifi_town):
    found = place(wifi_town, Ask(count=3, objective="gap"), candidates=corners())
    asked = found.summary["asked"]
    assert (asked["between"], asked["within_m"]) == ("districts", 300)
    assert asked["within_min"] == pytest.approx(300 / ADULT.m_per_min)
    districts = found.districts
    for when, key in (("before", "before"), ("after", "gap")):
        tenths = inequality.tenths(
            1 - districts[f"within_{when}"], population=districts["population"], better="lower"
        )
        assert found.summary["objectives"][key]["group_gap"] == pytest.approx(tenths.gap, abs=1e-5)
    assert found.summary["result"]["value"] < found.summary["result"]["value_before"]
    assert found.summary["result"]["exact"]
    gain = found.summary["findings"][0]["text"]
    assert "300\N{NO-BREAK SPACE}m" in gain["es"]


def test_a_city_without_streets_walks_in_a_straight_line(town):
    walks = walk(
        None, cells=town.cells, services=town.services,
        stops=gpd.GeoDataFrame({"mode": []}, geometry=[], crs=CRS), places=["clinic"],
        manner=Manner(detour_factor=1.3, spacing_m=100.0, min_covered_share=0.5),
    )  # fmt: skip
    found = place(replace(town, walks=walks), Ask(count=1))
    (site,) = found.sites.geometry
    cell = town.cells.loc[found.summary["sites"][0]["id"].removeprefix("cell/")]
    assert site.equals(cell.geometry.representative_point())
    home = town.cells.loc["9-9"].geometry.representative_point()
    far = min(home.distance(site), home.distance(town.services.geometry["clinic/1"]))
    longest = found.summary["objectives"]["ede"]["farthest"]
    assert longest >= far * 1.3 / ADULT.m_per_min - 1e-6


def test_capacity_and_budget_bind(town):
    offered = corners().assign(price=[5.0, 5, 5, 5, 9, 1], name="Plot")
    found = place(town, Ask(count=None, budget=10.0, capacity=700.0), candidates=offered)
    sites = found.sites
    assert sites["price"].sum() <= 10
    assert (sites["people"] <= 700 + 1e-6).all()
    assert found.summary["result"]["spent"] == sites["price"].sum()
    assert set(found.summary["objectives"]) == {"before", "ede", "coverage", "mean"}


def test_candidates_are_thinned_evenly(town):
    few = placing.street_candidates(town, most=30)
    assert 15 <= len(few) <= 30
    gaps = few.geometry.apply(lambda one: few.distance(one)[lambda far: far > 0].min())
    assert gaps.min() >= BLOCK_M


@pytest.mark.parametrize(
    ("ask", "spoil", "error", "said"),
    [
        (Ask(count=7), None, DataError, "count: must be within 1-6"),
        (Ask(count=1), lambda one: one.iloc[:0], DataError, "candidates: there is none"),
        (Ask(count=1), lambda one: one.to_crs(4326), CRSError, "not in one CRS"),
        (Ask(count=1), lambda one: one.translate(9000).to_frame("geometry"), DataError,
         "outside every district: p0, p1"),
        (Ask(count=1), lambda one: one.buffer(5).to_frame("geometry"), DataError, "no points: p0"),
        (Ask(count=1, by="transit"), None, ConfigError, "no timetable"),
        (Ask(count=1, budget=5.0), None, DataError, "a budget wants a column price"),
        (Ask(count=1, capacity=9.0, objective="gap"), None, DataError, "capacities"),
        (Ask(count=2), lambda one: one.set_axis(["p"] * 6), DataError, "more than once: p"),
    ],
)  # fmt: skip
def test_what_cannot_be_sited_is_refused_by_name(town, ask, spoil, error, said):
    offered = corners()
    with pytest.raises(error, match=said):
        place(town, ask, candidates=offered if spoil is None else spoil(offered))


def test_a_site_off_the_network_is_refused_by_name(town):
    wide = town.districts.assign(geometry=town.districts.buffer(2000))
    off = corners()
    off.loc["p1", "geometry"] = shapely.Point(-1500, 300)
    with pytest.raises(DataError, match=r"off the network, over 200 m from any street: p1"):
        place(replace(town, districts=wide), Ask(count=1), candidates=off)


# ---- files --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "said"),
    [
        (14.35, "14.40\N{NO-BREAK SPACE}min instead of 14.35"),
        (14.3971, "14.400\N{NO-BREAK SPACE}min instead of 14.397"),
        (14.39985, "14.4000\N{NO-BREAK SPACE}min instead of 14.3999"),
        (14.399999, "and the mean trip is the same"),
    ],
)
def test_the_price_of_fairness_is_told_in_numbers_that_differ(placed, mean, said):
    told = {
        "ede": {"ede": 20.0, "mean": 14.4},
        "mean": {"ede": 21.0, "mean": mean},
        "coverage": {"ede": 22.0, "mean": 15.0},
    }
    found = told_of({**placed.summary, "objectives": {**placed.summary["objectives"], **told}})
    assert said in next(one["text"]["en"] for one in found if one["id"] == "trade")


def test_the_files_of_a_siting_say_the_same(placed, tmp_path):
    outputs.write_siting(placed, tmp_path)
    told = json.loads((tmp_path / "siting.json").read_text(encoding="utf-8"))
    jsonschema.validate(told, outputs.summary_schema("siting"))
    jsonschema.Draft202012Validator.check_schema(outputs.summary_schema("siting"))
    sites = gpd.read_file(tmp_path / "sites.geojson")
    assert sites.crs == "EPSG:4326"
    assert [one["id"] for one in told["sites"]] == sites["site_id"].tolist()
    edits = scenario.read_edits(tmp_path / "edits.toml").open
    for edit, row, point in zip(edits, told["sites"], sites.geometry, strict=True):
        assert edit.category == "clinic"
        assert (edit.lon, edit.lat) == (row["lon"], row["lat"])
        assert (point.x, point.y) == pytest.approx((row["lon"], row["lat"]), abs=1e-6)
    table = pd.read_csv(tmp_path / "siting.csv")
    assert table["level"].tolist() == ["city", *["district"] * 4, "group"]
    assert table["population"].iloc[0] == pytest.approx(table["population"].iloc[1:5].sum())
    saved = table["minutes_before"] + table["change_min"] - table["minutes_after"]
    assert saved.abs().max() < 1e-9
    assert gpd.read_file(tmp_path / "siting.gpkg", layer="sites").crs == CRS


@pytest.fixture(scope="module", params=siting.OBJECTIVES)
def sited(request, town, wifi_town):
    ground = wifi_town if request.param == "gap" else town
    return place(ground, Ask(count=2, objective=request.param), candidates=corners())


def test_the_page_is_whole_in_every_language(sited, tmp_path):
    for language in LANGUAGES:
        page = report.write_siting_report(sited, tmp_path / "site.html", language=language)
        text = page.read_text(encoding="utf-8")
        assert "{" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
        assert "<b>of</b>" not in text
        assert 'src="http' not in text
        assert "<script" not in text
        for finding in sited.summary["findings"]:
            assert finding["text"][language] in html.unescape(text)
        assert text.count('class="site-mark"') == len(sited.sites)


# ---- the command --------------------------------------------------------------------------


@pytest.fixture
def asked(town, monkeypatch):
    """Answer for the demo city with the town."""
    monkeypatch.setattr(
        assessment, "ground", lambda _city, *, category, **_: replace(town, category=category)
    )

    def run(*words: object) -> int:
        return main(["site", "demo", "--category", "clinic", *map(str, words)])

    return run


def test_site_writes_files_and_pages_and_says_so(asked, tmp_path, capsys):
    out = tmp_path / "out"
    assert asked("--count", 2, "--out", out, "--language", "es,en") == 0
    names = {one.name for one in out.iterdir()}
    assert names == {
        "siting.json", "siting.csv", "siting.gpkg", "sites.geojson", "edits.toml",
        "site.es.html", "site.en.html",
    }  # fmt: skip
    said = capsys.readouterr().out
    assert "2 puntos nuevos" in said
    assert str(out / "site.en.html") in said
    assert asked("--count", 1, "--out", out, "--json", "--objective", "mean") == 0
    assert json.loads(capsys.readouterr().out)["result"]["sites"] == 1
    assert (out / "site.pt.html").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--count", 100_000), "count: must be within 1-"),
        ((), "count or budget"),
        (("--count", 1, "--candidates", "absent.geojson"), "absent.geojson: no such file"),
        (("--count", 1, "--by", "transit"), "no timetable"),
        (("--count", 1, "--within", -5), "within_min: must be above 0"),
        (("--count", 1, "--capacity", -5), "capacity: unknown or not above 0"),
    ],
)
def test_what_makes_no_sense_is_named_and_nothing_is_written(asked, tmp_path, capsys, words, said):
    assert asked(*words, "--out", tmp_path / "out") == 1
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_category_is_refused_with_those_there_are(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["site", "demo", "--category", "castle", "--count", "1", "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert "nothing is called 'castle'; there are" in said
    assert "clinic" in said
    assert not out.exists()


def test_a_folder_of_something_else_is_left_alone(asked, tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert asked("--count", 1, "--out", tmp_path) == 1
    assert "holds files that are no siting" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["mine.txt"]


# ---- candidates from files ----------------------------------------------------------------


def test_candidates_are_read_from_text_and_layers(tmp_path):
    offered = corners().assign(name="Plot", price=[1.0, 2, 3, 4, 5, 6])
    layer = offered.reset_index().rename(columns={"site_id": "id"}).to_crs(4326)
    layer.to_file(tmp_path / "plots.geojson")
    plain = layer.assign(lon=layer.geometry.x, lat=layer.geometry.y).drop(columns="geometry")
    plain.to_csv(tmp_path / "plots.csv", index=False)
    for name in ("plots.geojson", "plots.csv"):
        found = read_candidates(tmp_path / name, crs=CRS)
        assert found.index.tolist() == offered.index.tolist()
        assert found["price"].tolist() == offered["price"].tolist()
        assert found.distance(offered).max() < 0.01


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("id,lon,lat\n", SourceError, "holds no|no rows|empty"),
        ("id,lon,lat\na,1,2\na,1,2\n", DataError, "id: missing or more than once: a"),
        ("id,lon,lat,price\na,1,2,dear\n", DataError, "price: no number, or below 0: a"),
        ("id,lon,lat,capacity\na,1,2,-4\n", DataError, "capacity: no number, or below 0: a"),
        ("id,lon,lat\na,,2\n", DataError, "geometry: none of a"),
        ("id,lon,lat\na,350000,2\n", CRSError, "degrees"),
        ("id,x,y\na,1,2\n", DataError, "lon"),
    ],
)
def test_candidates_that_are_none_are_refused_by_name(tmp_path, text, error, said):
    path = tmp_path / "plots.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(error, match=said):
        read_candidates(path, crs=CRS)


# ---- whole cities -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")
def test_in_the_demo_city_the_equivalent_is_lower_than_the_classics_reach():
    ground = assessment.ground(ge.City.preset("demo"), category="clinic")
    told = place(ground, Ask(count=8)).summary
    ede = {one: told["objectives"][one]["ede"] for one in ("ede", "mean", "coverage")}
    assert ede["ede"] < ede["mean"] - 0.01
    assert ede["ede"] < ede["coverage"] - 0.5
    assert told["objectives"]["mean"]["mean"] <= told["objectives"]["ede"]["mean"]
    assert told["result"]["off_share"] < 0.01


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")
@pytest.mark.skipif(not BUENOS_AIRES.is_dir(), reason="the files of Buenos Aires are not here")
def test_in_buenos_aires_health_centres_by_the_equivalent_beat_the_classics():
    city = ge.City.preset("buenos_aires", data=BUENOS_AIRES)
    told = place(assessment.ground(city, category="clinic"), Ask(count=5)).summary
    ede = {one: told["objectives"][one]["ede"] for one in ("ede", "mean", "coverage")}
    assert ede["ede"] < ede["mean"] - 0.01
    assert ede["ede"] < ede["coverage"] - 0.1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")
@pytest.mark.skipif(not BUENOS_AIRES.is_dir(), reason="the files of Buenos Aires are not here")
def test_in_buenos_aires_five_wifi_sites_shrink_the_gap_between_barrios():
    city = ge.City.preset("buenos_aires", data=BUENOS_AIRES)
    found = place(assessment.ground(city, category="wifi"), Ask(count=5, objective="gap"))
    told = found.summary
    assert len(found.sites) == 5
    assert told["result"]["value"] < told["result"]["value_before"] - 0.03
    assert told["objectives"]["gap"]["group_gap"] == min(
        one["group_gap"] for one in told["objectives"].values()
    )
