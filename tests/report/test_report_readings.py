"""What the report tells beside the index: opinions, connection, groups, hazard."""

import re
from dataclasses import replace
from functools import partial

import pandas as pd
import pytest
from made_up import NAMES, make_study
from test_report import Page, written

from geoequity.locale import LANGUAGES, number, percent, text
from geoequity.report import _charts, _readings, write_report
from geoequity.report._words import Words

SECTIONS = {"said", "online", "whom", "hazard"}
QUIET = NAMES[2]  # has too few tests
ROWS = [{"id": f"d{place:02d}", "name": name} for place, name in enumerate(NAMES)]


@pytest.fixture(scope="module")
def full():
    """The made-up city with a survey, speed tests, groups and a hazard."""
    return make_study(readings=True)


@pytest.fixture(scope="module")
def pages(full, tmp_path_factory):
    """Its report in every language."""
    return {one: written(full, tmp_path_factory.mktemp(one), one) for one in LANGUAGES}


@pytest.fixture
def es():
    """Words in Spanish."""
    return Words("es")


def sections(page):
    return {attributes["id"] for tag, attributes in page.tags if tag == "section"}


def changed(study, **summary):
    return replace(study, summary={**study.summary, **summary})


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_four_sections_are_told_and_listed_in_every_language(pages, language):
    page = pages[language]
    assert sections(page) >= SECTIONS
    links = {a["href"] for a in page.all("a")}
    assert {f"#{one}" for one in SECTIONS} <= links
    for one in SECTIONS:
        assert text(f"report.{one}.title", language=language) in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_unknown_or_unnamed_is_shown_in_them(pages, language):
    page = pages[language]
    assert page.faults == []
    assert not re.search(r"\b(nan|None|undefined|null|NaT|inf)\b", page.text)
    assert not re.search(r"\b(report|group|part|unit)\.[a-z_]+\b", page.text)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert len(page.all("caption")) == len(page.all("table"))


def test_a_city_without_these_data_has_none_of_the_sections(study, tmp_path):
    bare = [one for one in study.indicators.columns if one in _readings.ONLINE]
    study = replace(
        study,
        indicators=study.indicators.drop(columns=bare),
        catalogue=study.catalogue.drop(index=bare),
    )
    assert not sections(written(study, tmp_path)) & SECTIONS


def test_an_answer_stands_with_its_sampling_interval_and_not_with_a_dash(pages):
    # The first of twelve even steps from 10 % is 10 %, five points either side.
    assert "10 % entre 5,0 % y 15 %" in pages["es"].text
    assert "10% between 5.0% and 15%" in pages["en"].text
    assert "10% entre 5,0% e 15%" in pages["pt"].text


def test_the_district_where_opinion_and_measurement_part_is_said_in_a_sentence(pages):
    # Standing in opinion 0.05 against 0.9 in measurement: worst third against best third.
    said = "Alto Verde: la opinión es de las peores de la ciudad (10 %), pero «"
    assert said in pages["es"].text
    assert "Alto Verde: opinion is among the worst of the city (10%)" in pages["en"].text


@pytest.mark.parametrize(
    ("said", "measured", "word"),
    [
        (0.05, 0.9, "among the worst"),
        (0.9, 0.05, "among the best of the city"),
        (0.4, 0.95, "is worse than"),
        (0.95, 0.4, "is better than"),
    ],
)
def test_the_sentence_says_no_more_than_the_standings(full, said, measured, word):
    item = full.summary["perception"]["satisfied"]
    apart = [{"district": "d00", "said": said, "measured": measured}]
    study = changed(full, perception={"satisfied": {**item, "disagree": apart}})
    (told,) = _readings.opinions(study, ROWS, Words("en"))["asked"]
    assert len(told["apart"]) == 1
    assert word in told["apart"][0]


def test_a_mean_of_marks_is_no_percentage_and_has_no_interval(full, es):
    told = _readings.opinions(full, ROWS, es)
    cells = [row["cells"][told["heads"].index("Confianza en la ciudad")] for row in told["rows"]]
    assert cells[0] == {"value": "sin dato", "range": ""}
    assert cells[1] == {"value": "4", "range": ""}
    assert not told["asked"][1]["compared"]


def test_the_unit_of_an_item_is_believed_where_it_is_given(full, es):
    item = full.summary["perception"]["satisfied"]
    study = changed(full, perception={"satisfied": {**item, "unit": "value"}})
    first = _readings.opinions(study, ROWS, es)["rows"][0]["cells"][0]
    assert first == {"value": "0,10", "range": "entre 0,050 y 0,15"}


def test_a_survey_that_nobody_answered_is_left_out(full, es):
    silent = {unit: {"value": None, "sampling": None, "n": None} for unit in full.districts.index}
    item = {**full.summary["perception"]["satisfied"], "districts": silent, "disagree": []}
    assert _readings.opinions(changed(full, perception={"one": item}), ROWS, es) is None


def test_a_suppressed_district_is_named_so_and_shows_no_value(full, es):
    told = _readings.online(full, ROWS, es)
    speeds, shares = told["tables"]
    row = next(one for one in speeds["rows"] if one["name"] == QUIET)
    said = {head: one["value"] for head, one in zip(speeds["heads"], row["cells"], strict=True)}
    assert said.pop("Inclusión digital, puntos") == "42,0"
    assert said.pop("Bajada móvil, Mbps") not in {"suprimido", "sin dato"}
    assert set(said.values()) == {"suprimido"}
    row = next(one for one in shares["rows"] if one["name"] == QUIET)
    assert [one["value"] for one in row["cells"][:2]] == ["suprimido"] * 2
    assert row["cells"][2]["value"] != "suprimido"  # where nobody tested is known all the same
    assert any(QUIET in one and "se suprime" in one for one in told["said"])
    assert QUIET not in {dot["name"] for dot in told["picture"]["dots"]}


def test_a_suppressed_value_cannot_leak_even_where_the_tables_hold_one(full, es):
    secret = 7123.4
    indicators = full.indicators.copy()
    indicators.loc["d02", "fixed_down_mbps"] = secret
    broadband = full.broadband.copy()
    broadband.loc["d02", "fixed_down_mbps_test_mean"] = secret
    told = _readings.online(replace(full, indicators=indicators, broadband=broadband), ROWS, es)
    assert "7.123" not in repr(told)
    assert "7123" not in repr(told)


def test_a_speed_stands_with_the_interval_of_the_study(full, es):
    # Twelve even steps from 20 to 80 Mbps; the interval is a fifth either side.
    told = _readings.online(full, ROWS, es)["tables"][0]
    row = next(one for one in told["rows"] if one["name"] == NAMES[0])
    assert row["cells"][1] == {"value": "20,0", "range": "entre 16,0 y 24,0"}
    assert row["cells"][2] == {"value": "22,0", "range": ""}  # published: tests' mean, 1.1 x 20


def test_districts_stand_from_the_best_connected_to_the_worst(full, es):
    told = _readings.online(full, ROWS, es)["tables"][0]
    assert [row["name"] for row in told["rows"]] == list(NAMES)[::-1]  # 40 points and up


def test_the_parts_of_digital_inclusion_are_named_the_missing_too(full, es):
    said = " ".join(_readings.online(full, ROWS, es)["said"])
    assert "en 11 de 12 distritos con velocidad medida, internet en el hogar y computadora" in said
    assert f"En {QUIET}, con internet en el hogar y computadora o celular." in said
    assert "Faltan, en la ciudad entera: wifi público." in said


def test_without_speed_tests_only_the_score_is_told(full, es):
    bare = [one for one in full.indicators.columns if one.startswith(("fixed_", "mobile_down"))]
    study = replace(
        full,
        indicators=full.indicators.drop(columns=bare),
        catalogue=full.catalogue.drop(index=bare),
        broadband=pd.DataFrame(),
        intervals=full.intervals.iloc[:0],
    )
    told = _readings.online(study, ROWS, es)
    assert told["picture"] is None
    (table,) = told["tables"]
    assert table["caption"] == "plain"
    assert len(table["heads"]) == 1


def test_groups_are_named_in_words_and_unknown_ones_as_they_are(full, es):
    told = _readings.groups(full, es)
    assert told["heads"] == ["niñas, niños y adolescentes", "personas mayores", "skaters"]
    assert told["said"][0].startswith("Niñas, niños y adolescentes: peor que el conjunto en 0 de")


def test_worse_and_better_follow_the_indicator_and_not_the_number(full, es):
    # "skaters" have twice the mean: twice the walk is worse, twice the access is better.
    catalogue = full.catalogue
    for name, better in (("hospital_walk_min", "worse"), ("home_internet_share", "better")):
        points = _readings._points_ahead(
            full.summary["indicators"][name] | {"mean": 0.3, "groups": {"skaters": {"mean": 0.9}}}
            if name.endswith("share")
            else {"mean": 20.0, "groups": {"skaters": {"mean": 40.0}}},
            catalogue.loc[name],
        )
        assert _readings._verdict(points["skaters"]) == better
    told = _readings.groups(full, es)
    assert len(told["rows"]) <= _readings.SHOWN
    assert all(row["cells"][0]["range"] == "" for row in told["rows"])  # children are everybody


def test_a_group_whose_mean_is_unknown_is_unknown(full, es):
    indicators = {
        one: {**figures, "groups": {**figures["groups"], "older": {"mean": None}}}
        for one, figures in full.summary["indicators"].items()
    }
    told = _readings.groups(changed(full, indicators=indicators), es)
    assert {row["cells"][1]["value"] for row in told["rows"]} == {"sin dato"}
    assert {row["cells"][1]["verdict"] for row in told["rows"]} == {""}


def test_the_exposed_are_counted_and_the_most_exposed_district_comes_first(full, es):
    told = _readings.exposed(full, es)
    people = full.districts["population"]
    share = full.indicators["hazard_exposed_share"]
    assert number((people * share).sum(), language="es", decimals=0) in told["said"][0]
    assert told["rows"][0]["name"] == NAMES[-1]
    assert told["rows"][0]["cells"][0] == percent(0.44, language="es")
    assert told["rows"][-1]["cells"][2] == "sin dato"  # no service stands there
    assert told["said"][1] == "En 1 de 12 distritos nadie vive en ella."


def test_without_people_the_hazard_is_told_by_district_alone(tmp_path):
    page = written(make_study(people=False, readings=True), tmp_path)
    assert "hazard" in sections(page)
    assert not re.search(r"habitantes \([^)]*\) viven en la zona", page.text)
    assert not re.search(r"\b(nan|None)\b", page.text)


def test_where_nobody_is_exposed_that_is_said(full, es):
    indicators = full.indicators.assign(hazard_exposed_share=0.0)
    told = _readings.exposed(replace(full, indicators=indicators), es)
    assert told["said"] == ["Ningún distrito tiene habitantes en la zona de amenaza."]


def test_indicator_tables_put_the_sampling_interval_beside_the_value(pages):
    # The best district has 80 Mbps, a fifth either side.
    assert "La Merced: 80,0 (entre 64,0 y 96,0)" in pages["es"].text
    assert text("report.indicators.sampled", language="es") in pages["es"].text


@pytest.mark.parametrize("language", LANGUAGES)
def test_indicator_tables_put_the_sampling_interval_under_the_inequality(full, tmp_path, language):
    told = full.summary["indicators"]
    speed = told["fixed_down_mbps"] | {
        "gini": {"value": 0.21, "sampling": {"low": 0.18, "high": 0.27}, "method": None},
        "sampling": {"mean": None, "absolute_gini": {"low": 7.0, "high": 9.0}},
    }
    share = told["home_internet_share"] | {
        "sampling": {"mean": None, "absolute_gini": {"low": 0.061, "high": 0.093}}
    }
    more = {"fixed_down_mbps": speed, "home_internet_share": share}
    page = written(changed(full, indicators=told | more), tmp_path, language)
    write = partial(number, language=language)

    def between(low, high):
        return text("report.between", language=language, low=low, high=high)

    assert between(write(0.18, decimals=2), write(0.27, decimals=2)) in page.text
    points = [
        text(
            "report.indicators.percentage_points", language=language, number=write(one, decimals=1)
        )
        for one in (6.1, 9.3)
    ]
    assert between(*points) in page.text
    assert (
        between(write(0.18, decimals=2), write(0.27, decimals=2))
        not in written(full, tmp_path, language).text
    )


def test_without_intervals_nothing_is_said_of_them(study, tmp_path):
    page = written(study, tmp_path)
    assert text("report.indicators.sampled", language="es") not in page.text


def test_names_of_items_and_groups_do_nothing(full, tmp_path):
    evil = "</title><script>alert(1)</script>"
    item = {**full.summary["perception"]["satisfied"], "label": {"es": evil}}
    figures = full.summary["indicators"]
    groups = {one: {**told, "groups": {evil: {"mean": 1.0}}} for one, told in figures.items()}
    page = written(changed(full, perception={evil: item}, indicators=groups), tmp_path)
    assert page.faults == []
    assert not page.all("script")
    assert page.text.count(evil) >= 3


def test_the_report_of_readings_is_the_same_twice(full, tmp_path):
    once = write_report(full, tmp_path / "once.html").read_bytes()
    assert write_report(full, tmp_path / "again.html").read_bytes() == once
    assert Page(once.decode("utf-8")).faults == []


def test_dots_run_from_the_lowest_to_the_highest_with_room_for_every_interval():
    rows = [
        {"value": 30.0, "low": 20.0, "high": 47.0},
        {"value": 10.0, "low": None, "high": None},
    ]
    drawn = _charts.dots(rows, mean=20.0)
    low, high = drawn["dots"]
    assert (low["value"], high["value"]) == (10.0, 30.0)
    assert low["x"] < high["x"]
    assert low["y_low"] is low["y_high"] is None
    assert high["y_high"] < high["y"] < high["y_low"]  # up is less
    assert drawn["ticks"][0][0] == 0
    assert drawn["ticks"][-1][0] >= 47
    assert high["y"] < drawn["mean_y"] < low["y"]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 0.0, [0, 0.25]),
        (0.0, 1.0, [0, 0.25, 0.5, 0.75, 1.0]),
        (0.0, 89.0, [0, 25, 50, 75, 100]),
        (-3.0, 5.0, [-4, -2, 0, 2, 4, 6]),
    ],
)
def test_ticks_are_round_and_hold_all_values(low, high, ticks):
    found = _charts._ticks(low, high)
    assert found[0] <= low <= high <= found[-1]
    assert len(found) <= _charts.MOST_TICKS + 1
    assert found == pytest.approx(ticks)
