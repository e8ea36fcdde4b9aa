"""Edits to a town whose numbers can be worked out by hand, and to the demo city."""

import dataclasses
import json
from collections.abc import Callable

import geopandas as gpd
import jsonschema
import numpy as np
import pandas as pd
import pytest
import shapely
from same_study import assert_same
from tiny_city import CRS, middle, write_city

import geoequity as ge
from geoequity import inequality
from geoequity.errors import ConfigError
from geoequity.scenario import NOTABLE, Edits
from geoequity.study import Study

Apply = Callable[..., Study]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Assess the town of 2 x 2 districts, routes and all, with few draws."""
    folder = tmp_path_factory.mktemp("town")
    pd.DataFrame(
        {
            "id": ["R"],
            "every": [20],
            "wkt": [shapely.LineString([middle(0, 1), middle(0, 3)]).wkt],
        }
    ).to_csv(folder / "routes.csv", index=False)
    routes = [
        {
            "path": "routes.csv",
            "id": "id",
            "mode": "bus",
            "geometry": "wkt",
            "crs": CRS,
            "headway": "every",
        }
    ]
    file = write_city(folder, transit={"routes": routes}, index={"draws": 100})
    return ge.assess(ge.City.from_toml(file), keep=True)


def at(point: shapely.Point) -> list[float]:
    """Put a place in degrees."""
    there = gpd.GeoSeries([point], crs=CRS).to_crs("EPSG:4326").iloc[0]
    return [there.x, there.y]


def site(column: int, row: int, **more: object) -> dict:
    lon, lat = at(middle(column, row))
    return {"lon": lon, "lat": lat, **more}


def apply(town: Study, **edits: object) -> Study:
    return ge.scenario.apply(town, Edits.of(edits))


def faults(town: Study, **edits: object) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        apply(town, **edits)
    return list(refused.value.faults)


# ------------------------------------------------------------------- services
def test_a_school_that_opens_is_walked_to_and_nothing_else_changes(town):
    after = apply(town, open=[site(3, 0, category="school", capacity=90, name="Nueva", id="n")])
    opened = after.services.loc["scenario/n"]
    assert opened[["category", "capacity", "name", "source"]].tolist() == [
        *("school", 90, "Nueva", "scenario"),
    ]
    assert after.services.drop("scenario/n").equals(town.services)
    changed = [
        one for one in town.indicators if not town.indicators[one].equals(after.indicators[one])
    ]
    assert set(changed) == {"school_walk_min", "services_15min_count"}
    nearer = town.cell_indicators["school_walk_min"] - after.cell_indicators["school_walk_min"]
    assert nearer.min() >= 0
    assert nearer["k30"] == pytest.approx(nearer.max())
    assert (after.indicators["school_walk_min"] <= town.indicators["school_walk_min"]).all()


def test_what_closes_is_gone_and_what_moves_is_elsewhere(town):
    there = dict(zip(("lon", "lat"), at(middle(3, 0)), strict=True))
    moved = apply(town, move=[{"service": "services.school/s1", **there}])
    place = moved.services.geometry["services.school/s1"]
    assert place.distance(middle(3, 0)) < 0.01
    opened = apply(
        town, close=[{"service": "services.school/s1"}], open=[site(3, 0, category="school")]
    )
    assert "services.school/s1" not in opened.services.index
    key = "school_walk_min"
    pd.testing.assert_series_equal(opened.indicators[key], moved.indicators[key])


def test_an_area_moves_as_a_whole(town):
    made = town.made_of
    area = middle(0, 0).buffer(40)
    services = made.sources.services.copy()
    services.loc[["services.library/l1"], "geometry"] = gpd.GeoSeries(
        [area], index=["services.library/l1"], crs=CRS
    )
    sources = dataclasses.replace(made.sources, services=services)
    study = dataclasses.replace(town, made_of=dataclasses.replace(made, sources=sources))
    there = dict(zip(("lon", "lat"), at(middle(3, 0)), strict=True))
    after = apply(study, move=[{"service": "services.library/l1", **there}])
    moved = after.services.geometry["services.library/l1"]
    assert moved.area == pytest.approx(area.area)
    assert moved.representative_point().distance(middle(3, 0)) < 0.1


def test_capacity_is_the_one_told(town):
    after = apply(town, capacity=[{"service": "services.school/s1", "capacity": 5}])
    assert after.services.loc["services.school/s1", "capacity"] == 5
    assert town.services.loc["services.school/s1", "capacity"] == 300


def test_wifi_stands_at_each_place_but_where_there_is_one(town):
    after = apply(town, wifi=[{"districts": ["01", "04"], "at": ["school", "library"]}])
    new = after.services[after.services["source"] == "scenario"]
    assert new["category"].tolist() == ["wifi", "wifi"]
    assert sorted(new.index) == [
        "scenario/wifi/services.library/l1",
        "scenario/wifi/services.school/s2",
    ]  # the school s1 has Wi-Fi beside it
    people = town.districts.loc["04", "population"]
    assert after.indicators.loc["04", "wifi_per_10000"] == pytest.approx(2 * 10_000 / people)


def test_fibre_brings_homes_online_where_a_table_tells_of_districts(town):
    after = apply(town, fibre=[{"districts": ["03"], "down_mbps": 300, "home_share": 0.9}])
    told = after.indicators["home_internet_share"]
    assert told.tolist() == pytest.approx([0.915, 0.8, 0.9, 0.3])


# -------------------------------------------------------------------- streets
def test_a_street_shortens_the_walk_and_is_joined_where_it_crosses_none(town):
    """From the middle of cell 0,0 straight to that of 1,1 where streets go round the corner."""
    line = [at(middle(0, 0)), at(middle(1, 1))]
    after = apply(town, street=[{"line": line}])
    streets = after.made_of.sources.streets
    new = streets.loc["scenario/street/1"]
    assert new["length_m"] == pytest.approx(500 * 2**0.5, abs=0.01)
    old = town.made_of.sources.streets
    assert {new["from_node"], new["to_node"]} <= {*old["from_node"], *old["to_node"]}
    assert len(streets) == len(old) + 1
    assert after.indicators["street_km_per_km2"]["01"] > town.indicators["street_km_per_km2"]["01"]


def test_a_street_that_ends_between_corners_cuts_the_one_it_meets(town):
    half = shapely.LineString([middle(0, 0), middle(1, 0)]).interpolate(0.5, normalized=True)
    line = [at(half), at(shapely.Point(half.x, half.y + 200))]
    after = apply(town, street=[{"line": line}])
    old, new = town.made_of.sources.streets, after.made_of.sources.streets
    cut = old.index.difference(new.index)
    assert len(cut) == 1
    pieces = new.loc[[f"{cut[0]}/a", f"{cut[0]}/b"]]
    assert pieces["length_m"].sum() == pytest.approx(old.loc[cut[0], "length_m"])
    assert pieces["to_node"].iloc[0] == pieces["from_node"].iloc[1]
    built = new.loc["scenario/street/1"]
    assert built["from_node"] == pieces["to_node"].iloc[0]
    assert built["to_node"] not in {*old["from_node"], *old["to_node"]}


def test_streets_without_tags_have_neither_steps_nor_light(town):
    line = [at(middle(0, 0)), at(middle(1, 1))]
    said = faults(town, street=[{"kind": "stairs", "line": line}], light=[{"districts": ["01"]}])
    assert [one.split(":")[0] for one in said] == ["light.0", "street.0"]
    assert all("no tags" in one for one in said)


# ----------------------------------------------------------- public transport
def test_a_route_that_runs_twice_as_often_serves_its_stops_twice_as_often(town):
    after = apply(town, headway=[{"route": "transit.routes.bus/R", "headway_min": 10}])
    before_per_hour = town.stops["trips_per_hour"].dropna()
    assert before_per_hour.tolist() == [3.0]
    assert after.stops["trips_per_hour"].dropna().tolist() == [6.0]
    assert after.routes.loc["transit.routes.bus/R", "headway_from"] == "scenario"


def test_a_line_stops_where_it_is_told_and_nowhere_else(town):
    stops = [at(middle(2, 0)), at(middle(3, 0)), "transit.bus/b2"]
    line = {"mode": "tram", "stops": stops, "headway_min": 6, "speed_kmh": 15, "id": "T"}
    after = apply(town, line=[line])
    assert after.stops["mode"].value_counts().to_dict() == {"bus": 2, "tram": 2}
    assert after.stops.loc[["scenario/1", "scenario/2"], "trips_per_hour"].tolist() == [10, 10]
    assert after.stops.loc["transit.bus/b2", "trips_per_hour"] == 10
    assert after.routes.loc["T", ["mode", "headway_min"]].tolist() == ["tram", 6]
    assert after.indicators.loc["02", "transit_access_share"] > 0


def test_a_stop_beside_the_line_of_a_route_is_served_and_one_off_it_is_not(town):
    beside = {"mode": "bus", "routes": ["transit.routes.bus/R"]}
    after = apply(town, stop=[site(0, 2, **beside)])
    assert after.stops.loc["scenario/1", "trips_per_hour"] == 3
    assert "stop.0.routes: the line of transit.routes.bus/R passes 500 m away" in faults(
        town, stop=[site(1, 2, **beside)]
    )


def test_a_mode_that_is_taken_out_is_gone(town):
    after = apply(town, without=[{"mode": "bus"}])
    assert after.stops.empty
    assert after.routes.empty
    assert "transit_access_share" not in after.indicators


# --------------------------------------------------------------------- faults
def test_edits_that_make_no_sense_are_refused_all_at_once(town):
    lon, lat = at(middle(0, 0))
    said = faults(
        town,
        open=[
            {"category": "clinc", "lon": lon, "lat": lat},
            {"category": "school", "lon": lat, "lat": lon},
        ],
        close=[{"service": "services.school/s9"}],
        move=[{"service": "x", "lon": 10, "lat": 10}],
        line=[{"mode": "bus", "stops": ["q", [lon, lat]], "headway_min": 5, "speed_kmh": 9}],
        stop=[{"mode": "bus", "lon": lon, "lat": lat}],
        headway=[{"route": "none", "headway_min": 5}],
        without=[{"mode": "metro"}],
        street=[{"line": [[0, 0], [1, 1]]}],
        wifi=[{"districts": ["99"], "at": ["castle"]}],
        fibre=[{"districts": ["98"], "down_mbps": 9}],
    )
    for one in (
        "open.0.category: nothing is called 'clinc'",
        "open.1: -18",
        "close.0.service: no service 'services.school/s9'",
        "move.0.service: no service 'x'",
        "move.0: 10, 10 lies outside the city",
        "line.0.stops.0: no stop 'q'",
        "stop.0.routes: name the routes of bus",
        "headway.0.route: no route 'none'",
        "without.0.mode: nothing runs as metro",
        "street.0.line: leaves the city",
        "wifi.0.districts: no such district: 99",
        "wifi.0.at: the city has no castle",
        "fibre.0.districts: no such district: 98",
    ):
        assert any(fault.startswith(one) for fault in said), (one, said)


def test_a_site_far_from_any_street_is_off_the_network(town):
    away = shapely.Point(middle(0, 0).x - 450, middle(0, 0).y)
    lon, lat = at(away)
    school = {"category": "school", "lon": lon, "lat": lat}
    assert "lies off the network, over 200 m from any street" in faults(town, open=[school])[0]
    line = [at(middle(0, 0)), at(away)]
    assert len(apply(town, open=[school], street=[{"line": line}]).services) == 7


def test_a_study_of_a_folder_does_not_know_its_sources(town, tmp_path):
    ge.outputs.save(town, tmp_path / "study")
    again = ge.outputs.load(tmp_path / "study")
    with pytest.raises(ConfigError, match="read from a folder"):
        apply(again, close=[{"service": "services.school/s1"}])


# ---------------------------------------------------------------------- result
def test_a_scenario_can_start_from_a_scenario_and_from_a_study_that_kept_nothing(town):
    first = apply(town, open=[site(3, 0, category="school")])
    both = apply(first, close=[{"service": "services.school/s2"}])
    at_once = apply(
        town, open=[site(3, 0, category="school")], close=[{"service": "services.school/s2"}]
    )
    assert_same(both, at_once)
    assert [one["edit"] for one in both.summary["scenario"]["edits"]] == ["open", "close"]
    bare = ge.assess(town.made_of.city)
    assert bare.made_of is town.made_of.city  # nothing else is held in memory
    assert_same(apply(bare, open=[site(3, 0, category="school")]), first)


def test_a_scenario_is_a_study_that_is_saved_told_and_set_against_the_city(town, tmp_path):
    after = apply(
        town, scenario={"title": {"en": "A school"}}, open=[site(3, 0, category="school")]
    )
    jsonschema.validate(after.summary, ge.outputs.summary_schema())
    ge.outputs.save(after, tmp_path / "after")
    again = ge.outputs.load(tmp_path / "after")
    assert again.summary["scenario"] == after.summary["scenario"]
    ge.outputs.save(town, tmp_path / "before")
    found = ge.compare.change(town, after, **NOTABLE)
    read = ge.compare.change(ge.outputs.load(tmp_path / "before"), again, **NOTABLE)
    assert read.summary == found.summary
    jsonschema.validate(json.loads(json.dumps(found.summary)), ge.outputs.summary_schema("change"))
    book = pd.read_excel(tmp_path / "after" / "study.xlsx", header=None)
    assert book.astype(str).apply(lambda one: one.str.contains("A school")).any(axis=None)
    causes = set(found.moves["cause"].dropna())
    assert causes == {"scenario"}
    assert not found.summary["identical"]
    for language in ("en", "es", "pt"):
        path = ge.report.write_change_report(found, tmp_path / "c.html", language=language)
        page = path.read_text(encoding="utf-8")
        assert "A school" in page
        assert "{" not in page.split("</style>")[1].split("<script")[0]


def test_the_effect_is_that_of_the_measures(town):
    after = apply(town, open=[site(3, 0, category="school")])
    told = after.summary["scenario"]["effect"]
    people = town.districts["population"]
    for key, measure in (
        ("mean", inequality.mean),
        ("gini", inequality.gini),
        ("absolute_gini", inequality.absolute_gini),
    ):
        for end, study in (("old", town), ("new", after)):
            wanted = measure(study.districts["index"], population=people)
            assert told["index"][key][end] == pytest.approx(wanted)
    kappa = inequality.kolm_pollak_kappa(town.districts["index"], population=people, epsilon=0.5)
    assert told["kappa"] == pytest.approx(kappa)
    ede = inequality.kolm_pollak_ede(
        after.districts["index"], population=people, epsilon=0.5, kappa=kappa
    )
    assert told["index"]["kolm_pollak_ede"]["new"] == pytest.approx(ede)
    assert set(told["indicators"]) == {"school_walk_min", "services_15min_count"}
    walk = told["indicators"]["school_walk_min"][""]["mean"]
    cells, minutes = town.cells["population"], after.cell_indicators["school_walk_min"]
    assert walk["new"] == pytest.approx(np.average(minutes, weights=cells))
    assert walk["change"] < 0
    for unit, one in told["districts"].items():
        assert one["index"]["new"] == after.districts.loc[unit, "index"]
