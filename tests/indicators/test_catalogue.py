"""The catalogue is data: complete, consistent, and open to a city's changes."""

import re
from typing import Any

import pytest

from geoequity.errors import ConfigError
from geoequity.indicators import catalogue_table, check_measures, read_catalogue, references
from geoequity.indicators._evaluate import needed_places
from geoequity.schema import AREAS, HIGH_CAPACITY_MODES, MODES, PILLARS
from geoequity.sources.osm_tags import rules

LANGUAGES = ("en", "es", "pt")
FIXED = [
    "hospital_walk_min", "clinic_walk_min", "pharmacy_walk_min", "lit_street_share",
    "waste_points_per_1000", "hazard_exposed_share", "transit_access_share",
    "departures_per_hour", "jobs_transit_45min_share", "intersections_per_km2",
    "school_places_per_child", "cycleway_km_per_km2", "open_space_access_share",
    "green_m2_per_person", "culture_walk_min",
    "food_market_walk_min", "school_walk_min", "bank_walk_min", "public_office_walk_min",
    "library_walk_min", "community_centre_walk_min", "cctv_per_1000", "air_stations_per_100k",
    "shared_bike_walk_min", "charging_per_1000", "realtime_stop_share", "wifi_access_share",
    "wifi_per_10000", "fixed_down_mbps", "mobile_down_mbps", "fixed_latency_ms",
    "home_internet_share", "computer_home_share", "mobile_phone_home_share",
    "fixed_connections_per_100", "requests_311_per_1000", "unmet_needs_share", "poverty_share",
    "imcv", "income",
]  # fmt: skip
NEW = {
    "label": {"es": "Árboles"},
    "unit": "per km2",
    "better": "higher",
    "pillar": "structures",
    "area": "health_safety",
    "goalposts": (0, 9),
}


def changed(**changes: dict[str, Any]) -> dict[str, Any]:
    return {one.id: one for one in read_catalogue(changes)}


# ----------------------------------------------------------------- as it is
def test_rapid_transit_is_all_that_has_a_high_capacity() -> None:
    (one,) = (one for one in read_catalogue() if one.id == "rapid_transit_walk_min")
    assert tuple(one.parameters["modes"]) == HIGH_CAPACITY_MODES
    assert set(MODES) - set(HIGH_CAPACITY_MODES) == {"tram", "bus", "trolleybus"}


def test_every_entry_is_whole_and_consistent() -> None:
    known = set(references())
    for one in read_catalogue():
        for texts in (one.label, one.description):
            assert set(texts) == set(LANGUAGES), one.id
            assert all(texts.values()), one.id
        assert one.basis or one.role != "indicator", one.id
        assert one.citation, one.id
        assert set(one.citation) <= known, one.id
        assert one.unit
        assert one.better in {"higher", "lower"}
        assert one.level in {"cell", "district"}
        assert one.scale in {"ratio", "share", "interval"}
        assert (one.scale == "share") == (one.unit == "share"), one.id
        if one.role == "indicator":
            assert one.pillar in PILLARS
            assert one.area in AREAS
        else:
            assert (one.pillar, one.area, one.goalposts) == (None, None, None), one.id
    check_measures(read_catalogue())


def test_no_reference_is_cited_by_nobody() -> None:
    cited = {key for one in read_catalogue() for key in one.citation}
    uncited = set(references()) - cited
    assert uncited <= {"iso37120", "u4ssc"}  # they stand among the standards


def test_every_entry_answers_to_a_standard_or_says_that_to_none() -> None:
    form = re.compile(
        r"SDG \d{1,2}\.(\d{1,2}|[a-d])(\.\d)?"
        r"|ISO 3712[02] section \d{1,2} \([a-z ]+\)"
        r"|U4SSC ([A-Z: ]+\d[CA] )?[A-Z][A-Za-z ]+"
    )
    sections: dict[str, str] = {}
    for one in read_catalogue():
        assert one.standards, one.id
        assert one.standards == ("none",) or all(map(form.fullmatch, one.standards)), one.id
        for name in one.standards:
            if name.startswith("ISO"):  # both standards share their sections
                number, title = name.split(" section ")[1].split(" ", 1)
                assert sections.setdefault(number, title) == title, one.id


def test_both_pillars_have_indicators_in_all_areas() -> None:
    cells = {(one.pillar, one.area) for one in read_catalogue() if one.role == "indicator"}
    assert cells == {(pillar, area) for pillar in PILLARS for area in AREAS}
    assert sum(one.role == "indicator" for one in read_catalogue()) >= 40


def test_fixed_ids_are_there() -> None:
    assert set(FIXED) - {one.id for one in read_catalogue()} == set()


def test_some_source_can_offer_every_category() -> None:
    offered = {rule.name for rule in rules().services.rules} | {"tower"}  # of connectivity
    for one in read_catalogue():
        assert set(one.parameters.get("categories", ())) <= offered, one.id


def test_a_share_has_goalposts_within_0_and_1() -> None:
    for one in read_catalogue():
        if one.unit == "share" and one.goalposts is not None:
            assert all(0 <= post <= 1 for post in one.goalposts), one.id


# ------------------------------------------------------------------- changes
def test_a_change_leaves_the_rest_as_it_is() -> None:
    before = changed()["school_walk_min"]
    after = changed(school_walk_min={"goalposts": (40.0, 4.0), "label": {"es": "Escuela"}})
    one = after["school_walk_min"]
    assert one.goalposts == (40, 4)
    assert one.label == {**before.label, "es": "Escuela"}
    assert one.parameters == before.parameters
    assert list(after) == list(changed())


def test_parameters_are_overridden_one_by_one() -> None:
    one = changed(transit_access_share={"parameters": {"low_m": 400}})["transit_access_share"]
    assert one.parameters == {"low_m": 400, "high_m": 1000}


def test_another_measure_has_its_own_parameters() -> None:
    one = changed(school_walk_min={"measure": "table"})["school_walk_min"]
    assert one.parameters == {}
    check_measures([one])


def test_an_indicator_may_be_left_out() -> None:
    assert "school_walk_min" not in changed(school_walk_min={"drop": True})
    assert "school_walk_min" in changed(school_walk_min={"drop": False})


def test_a_new_indicator_comes_last_as_a_column_of_a_table() -> None:
    *_, last = read_catalogue({"trees_per_km2": NEW})
    assert (last.id, last.measure, last.family) == ("trees_per_km2", "table", "trees_per_km2")
    assert catalogue_table([last]).loc["trees_per_km2", "label_en"] == "Árboles"


@pytest.mark.parametrize(
    ("key", "change", "fault"),
    [
        ("trees", {"drop": True}, "indicators.trees: cannot drop what the catalogue does not"),
        ("trees", {"unit": "m"}, "indicators.trees: new here, and lacks label, better"),
        ("trees", {**NEW, "pillar": None}, "indicators.trees: an indicator needs a pillar and an"),
        ("trees", {**NEW, "goalposts": None}, "indicators.trees: an indicator needs goalposts"),
        ("trees", {**NEW, "goalposts": (9, 0)}, "goalposts .* contradict better = higher"),
        ("trees", {**NEW, "goalposts": (9, 9)}, "goalposts .* contradict better = higher"),
        ("school_walk_min", {"better": "higher"}, "goalposts .* contradict better = higher"),
        ("trees", {**NEW, "unit": "share", "scale": "ratio"}, "unit = share and scale = share go"),
        ("trees", {**NEW, "scale": "share"}, "indicators.trees: unit = share and scale = share"),
        (
            "trees",
            {**NEW, "unit": "share"},
            "indicators.trees: goalposts of a share lie between 0 and 1",
        ),
        ("trees", {**NEW, "base": "cats"}, "indicators.trees: base is one of persons, households"),
    ],
)
def test_changes_that_do_not_fit_are_refused(key: str, change: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        read_catalogue({key: change})


def test_all_faults_of_the_changes_are_told_at_once() -> None:
    changes = {"a": {"drop": True}, "b": {"unit": "m"}, "school_walk_min": {"better": "higher"}}
    with pytest.raises(ConfigError, match="the catalogue cannot be changed") as told:
        read_catalogue(changes)
    assert len(told.value.faults) == 3


def test_a_stratifier_needs_no_pillar() -> None:
    change = {"label": {"en": "x"}, "unit": "share", "better": "lower", "role": "stratifier"}
    assert changed(x=change)["x"].goalposts is None


# ------------------------------------------------------------------ measures
@pytest.mark.parametrize(
    ("key", "change", "fault"),
    [
        ("school_walk_min", {"measure": "magic"}, "no measure 'magic'; there are walk_min, "),
        ("imcv", {"measure": "walk_min"}, "parameters: lacks categories"),
        ("school_walk_min", {"parameters": {"categoris": ["x"]}}, "knows no 'categoris', but cat"),
        ("school_walk_min", {"parameters": {"categories": "school"}}, "must be a list of texts"),
        ("school_walk_min", {"parameters": {"categories": [1]}}, "must be a list of texts"),
        ("school_walk_min", {"parameters": {"categories": 3}}, "must be a list of texts"),
        ("rapid_transit_walk_min", {"parameters": {"modes": ["boat"]}}, "modes are metro, rail"),
        ("transit_access_share", {"parameters": {"low_m": "far"}}, "low_m: must be a number abo"),
        ("transit_access_share", {"parameters": {"low_m": 0}}, "low_m: must be a number above 0"),
        ("transit_access_share", {"parameters": {"low_m": True}}, "low_m: must be a number abov"),
        ("lit_street_share", {"parameters": {"tag": 3}}, "tag: must be a text"),
        ("imcv", {"parameters": {"anything": 1}}, "table knows no 'anything', but per"),
    ],
)
def test_a_measure_takes_its_own_parameters_only(
    key: str, change: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ConfigError, match=rf"indicators\.{key}.*{fault}"):
        check_measures(read_catalogue({key: change}))


def test_places_to_walk_to_are_those_of_the_catalogue() -> None:
    places = needed_places(read_catalogue())
    assert {"hospital", "school", "open_space", "stop:bus", "stop:metro"} <= places
    assert "cctv" not in places  # counted, not walked to


# --------------------------------------------------------------------- table
def test_the_table_of_the_catalogue_falls_back_to_a_language_that_is_there() -> None:
    table = catalogue_table(read_catalogue({"x": {**NEW, "label": {"en": "Trees"}}}))
    assert table.loc["x", [f"label_{one}" for one in LANGUAGES]].tolist() == ["Trees"] * 3
    assert table.index.name == "id"
    assert table.loc["hospital_walk_min", ["worst", "best"]].tolist() == [60, 15]
    assert table.loc["income", ["worst", "best"]].isna().all()
    assert catalogue_table([]).empty
    assert catalogue_table([]).columns.equals(table.columns)


@pytest.mark.parametrize(
    ("key", "goals"),
    [
        ("hospital", {"en": "hospital", "es": "hospital", "pt": "hospital"}),
        ("university", {"en": "university", "es": "universidad", "pt": "universidade"}),
        ("school", {"en": "school", "es": "escuela", "pt": "escola"}),
        ("centre", {"en": "centre", "es": "centro", "pt": "centro"}),
    ],
)
def test_journeys_are_described_by_where_they_lead(key: str, goals: dict[str, str]) -> None:
    (one,) = (one for one in read_catalogue() if one.id == f"{key}_transit_min")
    for language, goal in goals.items():
        assert goal in one.label[language].split()
        assert goal in one.description[language].split()
