"""The question of the city, answered in the report with its own numbers."""

from dataclasses import replace

import numpy as np
import pytest
from made_up import NAMES, make_study

from geoequity import inequality
from geoequity.locale import LANGUAGES, messages
from geoequity.report import _answer, write_report
from geoequity.report._words import Words

EN = Words("en")
ASKED = ("school_walk_min", "home_internet_share", "wifi_access_share", "unmet_needs_share")


def asking(study, *asked, **more):
    """The study with a question about some indicators."""
    city = {**study.summary["city"], "question_indicators": list(asked)}
    return replace(study, summary={**study.summary, "city": city, **more})


def said(study, words=EN):
    return {one["name"]: " ".join(one["said"]) for one in _answer.answer(study, words)["rows"]}


def test_a_city_without_a_question_is_not_answered(study):
    city = {**study.summary["city"], "question": None}
    assert _answer.answer(replace(study, summary={**study.summary, "city": city}), EN) is None


def test_districts_that_are_behind_on_most_are_named_with_their_residents(study):
    """The worst quarter of people, counted by hand on three of the indicators."""
    chosen, people = ASKED[:3], study.districts["population"]
    times = np.zeros(len(people), dtype=int)
    for one in chosen:
        sign = -1 if study.catalogue.loc[one, "better"] == "lower" else 1
        value = sign * study.indicators[one]
        order = value.sort_values().index
        before = people[order].cumsum().shift(fill_value=0.0)
        behind = order[before < 0.25 * people.sum()]
        times += value.index.isin(behind)
    told = _answer.answer(asking(study, *chosen), EN)["said"]
    named = [place for place, name in enumerate(NAMES) if f"{name} (" in told[0]]
    assert named == list(np.flatnonzero(times >= 2)) != []
    assert told[0].startswith("On 2 or more of the 3 indicators")
    assert f"home to {EN.percent(people.iloc[named].sum() / people.sum())} of residents" in told[0]
    assert all(f"{NAMES[place]} ({times[place]} of 3)" in told[0] for place in named)


def test_where_no_district_is_behind_on_most_it_is_said(study):
    one, other = ASKED[1], "computer_home_share"
    values = study.indicators.assign(**{other: study.indicators[one].max() - study.indicators[one]})
    told = _answer.answer(asking(replace(study, indicators=values), one, other), EN)
    assert told["said"] == [EN.text("report.answer.spread", all=2)]


def test_alike_districts_are_behind_on_nothing(study):
    values = study.indicators.assign(**dict.fromkeys(ASKED[:2], 0.5))
    made = asking(replace(study, indicators=values), *ASKED[:2])
    assert _answer.answer(made, EN)["said"] == [EN.text("report.answer.spread", all=2)]
    assert " to " not in said(made)["Walk to the nearest school"].split(".")[0]


def test_an_indicator_is_told_by_mean_ends_tenths_and_inequality(study):
    values, people = study.indicators["school_walk_min"], study.districts["population"]
    told = said(asking(study, "school_walk_min"))["Walk to the nearest school"]
    told_ratio = study.summary["indicators"]["school_walk_min"]["ratio"]
    mean = study.summary["indicators"]["school_walk_min"]["mean"]
    tenths = inequality.tenths(values, population=people, better="lower")
    assert told.startswith(f"{EN.quantity(mean, 'min')} in the city as a whole; from ")
    for value, unit in ((values.max(), values.idxmax()), (values.min(), values.idxmin())):
        assert f"{EN.quantity(value, 'min')} in {study.districts.loc[unit, 'name']}" in told
    assert f"worst has {EN.quantity(tenths.worst, 'min')} on average" in told
    assert f"best, {EN.quantity(tenths.best, 'min')}: {EN.number(told_ratio)} to 1" in told
    assert "The Gini coefficient is " in told


def test_a_share_is_told_with_the_absolute_gini(study):
    told = said(asking(study, "home_internet_share"))["Households with internet"]
    absolute = study.summary["indicators"]["home_internet_share"]["absolute_gini"]
    assert f"The absolute Gini is {EN.score(100 * absolute)} pp: half of what two" in told


def test_tenths_are_taken_where_the_published_ratio_is(study):
    """Cells outside every district and without residents count for nothing."""
    unit = study.districts.index[0]
    cells = study.districts.iloc[[0] * 12].set_axis([f"c{n:02d}" for n in range(12)])
    cells = cells.assign(district_id=[unit] * 11 + [None], population=[10.0] * 10 + [0.0, 1e6])
    wide = study.indicators.iloc[[0] * 12].set_axis(cells.index)
    wide = wide.assign(school_walk_min=[float(n) for n in range(1, 11)] + [99.0, 99.0])
    told = study.summary["indicators"]
    told = {**told, "school_walk_min": {**told["school_walk_min"], "level": "cell", "ratio": 0.1}}
    made = replace(study, cells=cells, cell_indicators=wide)
    row = said(asking(made, "school_walk_min", indicators=told))["Walk to the nearest school"]
    assert "worst has 10\N{NO-BREAK SPACE}min on average" in row
    assert "best, 1\N{NO-BREAK SPACE}min: 10 to 1" in row


def test_the_tenths_of_the_demo_city_have_the_published_ratio(demo_study):
    told = demo_study.summary["indicators"]
    ratios = {one: each["ratio"] for one, each in told.items() if each["ratio"] is not None}
    again = {one: _answer.served(demo_study, one).ratio for one in ratios}
    assert len(ratios) > 40
    assert again == pytest.approx(ratios)


def test_intervals_stand_beside_the_ends():
    made = asking(make_study(readings=True), "fixed_down_mbps")
    row = said(made)["Fixed broadband speed"]
    assert (
        "80\N{NO-BREAK SPACE}Mbps (between 64\N{NO-BREAK SPACE}Mbps and 96\N{NO-BREAK SPACE}Mbps)"
        in row
    )
    told = made.summary["indicators"]
    gini = {"value": 0.2, "sampling": {"low": 0.15, "high": 0.25}, "method": None}
    told = {**told, "fixed_down_mbps": {**told["fixed_down_mbps"], "gini": gini}}
    row = said(asking(made, "fixed_down_mbps", indicators=told))["Fixed broadband speed"]
    assert "The Gini coefficient is 0.20 (between 0.15 and 0.25)" in row


def test_it_is_told_who_has_more_and_what_the_parts_have(study):
    told = study.summary["indicators"]
    lean = {one: {**told[one], "concentration": 0.2} for one in told}
    parts = {
        key: {"label": {"en": f"the {key}"}, "indicators": {"school_walk_min": value}}
        for key, value in (("south", 20.0), ("north", None))
    }
    made = asking(study, *ASKED, indicators=lean, divide={"parts": parts})
    rows = said(made)
    verdict = "the burden falls on the better off: the concentration index is 0.20."
    assert (
        f"Going by “Households with unmet basic needs”, {verdict}"
        in rows["Walk to the nearest school"]
    )
    assert rows["Walk to the nearest school"].endswith(
        "Compared: the south, 20\N{NO-BREAK SPACE}min; the north, unknown."
    )
    assert "Going by" not in rows["Households with unmet basic needs"]  # against itself


def test_what_is_unknown_is_said_with_the_reason(study):
    lost = next(iter(study.summary["absent"]))
    row = _answer.answer(asking(study, lost, "never_heard_of"), EN)["rows"]
    assert row[0]["unknown"] == "Unknown"
    assert [one["text"] for one in row[0]["reasons"]] == ["no table of this city offers it"]
    assert row[1]["name"] == "never_heard_of"
    assert row[1]["said"] == row[1]["reasons"] == []


def test_without_a_mean_the_districts_still_stand(study):
    told = study.summary["indicators"]
    why = {"id": "low_coverage", "text": {"en": "known for only 74% of the people"}}
    lost = {**told["school_walk_min"], "mean": None, "reasons": [why]}
    made = asking(study, "school_walk_min", indicators={**told, "school_walk_min": lost})
    row = _answer.answer(made, EN)["rows"][0]
    assert row["said"][0].startswith("From ")
    assert not any("tenth" in one or "Gini" in one for one in row["said"])
    assert row["unknown"] == "For the city as a whole it is unknown"
    assert [one["text"] for one in row["reasons"]] == [why["text"]["en"]]


def test_a_question_about_no_indicator_is_answered_by_types_and_gap(study):
    told = _answer.answer(study, EN)
    gap = study.summary["index"]["gap"]["points"]
    assert told["said"][0].startswith(f"The gap is {EN.score(gap)} points")
    kinds = study.summary["types"]
    for row in told["rows"]:
        one = kinds[row["name"].lower()]
        names = [study.districts.loc[unit, "name"] for unit in one["districts"]]
        assert EN.percent(one["population_share"]) in row["said"][0]
        assert all(name in row["said"][0] for name in names)


def test_drivers_of_the_gap_are_named(study):
    index = {
        **study.summary["index"],
        "drivers": [{"id": one, "points": 9.0 - n} for n, one in enumerate(ASKED)],
        "pillar_drivers": [{"id": one, "points": 5.0} for one in ("structures", "technologies")],
    }
    told = _answer.answer(asking(study, index=index), EN)["said"]
    assert told[1] == "Structures make 5.0 points of the gap, technologies 5.0."
    assert "Walk to the nearest school (9.0 points); " in told[2]
    assert told[2].count("points)") == 3


def test_an_even_city_and_one_without_residents_say_so(even_study, bare_study):
    assert _answer.answer(even_study, EN)["said"][0].startswith("There is no material gap")
    assert _answer.answer(even_study, EN)["rows"] == []
    told = _answer.answer(bare_study, EN)
    assert told["said"] == [EN.text("report.answer.nothing")]
    bare = asking(bare_study, *ASKED)
    assert _answer.answer(bare, EN)["said"] == []
    assert all(one["said"][0].startswith("From ") for one in _answer.answer(bare, EN)["rows"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_answers_before_all_else(study, tmp_path, language):
    made = asking(study, *ASKED, next(iter(study.summary["absent"])))
    page = write_report(made, tmp_path / "r.html", language=language).read_text("utf-8")
    title = messages(language)["report.answer.title"]
    assert page.index(f"<h2>{title}</h2>") < page.index('<section id="short">')
    assert page.count("report.answer") == 0
