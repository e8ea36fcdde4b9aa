"""Curves, ranks and profiles: every number drawn is a number of the study."""

import itertools
import re
from dataclasses import replace

import pandas as pd
import pytest
from made_up import make_study

from geoequity import inequality
from geoequity.locale import LANGUAGES
from geoequity.report import _answer, _charts, _content, _lorenz, _profiles, write_report
from geoequity.report._people import measured, served
from geoequity.report._words import Words
from geoequity.schema import AREAS, PILLARS

EN = Words("en")
NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def rows(study):
    return _content._district_rows(study, EN)


def area_under(points):
    """Area by trapezoids."""
    return sum((x - a) * (y + b) / 2 for (a, b), (x, y) in itertools.pairwise(points))


def test_the_curves_drawn_are_those_of_the_most_unequal_indicators(study):
    told = _lorenz.curves(study, EN)
    ginis = {
        key: one["gini"]["value"]
        for key, one in study.summary["indicators"].items()
        if one["gini"]
        and study.catalogue.loc[key, ["role", "scale"]].eq(["indicator", "ratio"]).all()
    }
    most = sorted(ginis, key=lambda one: (-ginis[one], one))[:4]
    assert [row["name"] for row in told["rows"]] == [EN.label(study.catalogue.loc[k]) for k in most]
    assert [row["gini"] for row in told["rows"]] == [EN.number(ginis[key], 2) for key in most]
    assert told["of"] == len(ginis)


def test_a_curve_is_drawn_from_corner_to_corner_and_holds_the_gini(study):
    value, people = measured(study, "school_walk_min")
    curve = inequality.lorenz(value, population=people)
    drawn = _charts.lorenz(curve["population_share"], curve["value_share"])
    assert drawn["line"][0] == (drawn["left"], drawn["floor"])
    assert drawn["line"][-1] == (drawn["right"], drawn["top"])
    side = drawn["right"] - drawn["left"]
    shares = [((x - drawn["left"]) / side, (drawn["floor"] - y) / side) for x, y in drawn["line"]]
    gini = inequality.gini(value, population=people)
    assert 1 - 2 * area_under(shares) == pytest.approx(gini, abs=0.005)
    assert all(y <= x + 1e-3 for x, y in shares)


def test_the_table_tells_what_the_curve_shows(study):
    one = _lorenz.curves(study, EN)["rows"][0]
    key = next(k for k, entry in study.catalogue.iterrows() if EN.label(entry) == one["name"])
    value, people = measured(study, key)
    order = value.sort_values().index
    total = (value * people).sum()
    before = people[order].cumsum() / people.sum()
    held = (value * people)[order].cumsum() / total
    for share, said in ((0.1, one["least"]), (0.5, one["half"])):
        # The unit that straddles the edge is shared out
        inside = before[before <= share]
        last, rest = len(inside), share - (inside.iloc[-1] if len(inside) else 0.0)
        base = held.iloc[last - 1] if last else 0.0
        unit = order[last]
        assert said == EN.percent(base + rest * people.sum() * value[unit] / total)


def test_without_a_ratio_scale_there_are_no_curves(study):
    plain = {key: {**one, "gini": None} for key, one in study.summary["indicators"].items()}
    assert (
        _lorenz.curves(replace(study, summary={**study.summary, "indicators": plain}), EN) is None
    )


def test_bars_are_as_long_as_scores_and_lines_as_wide_as_ranges(study, rows):
    told = _content._ranking(rows, EN)
    wide = told["width"] - told["left"] - _charts.RANK_RIGHT
    assert len(told["bars"]) == len(study.districts)
    for bar, row in zip(told["bars"], rows, strict=True):
        assert bar["x_end"] == pytest.approx(told["left"] + wide * row["value"] / 100, abs=0.06)
        for end in ("low", "high"):
            assert bar[f"x_{end}"] == pytest.approx(told["left"] + wide * row[end] / 100, abs=0.06)
        assert row["name"] in bar["said"]
        assert row["score_range"] in bar["said"]
    tops = [bar["y"] for bar in told["bars"]]
    assert tops == sorted(tops)
    assert told["left_out"] == 0


def test_of_many_districts_both_ends_are_drawn_and_the_middle_is_counted():
    many = [
        {"name": f"D{n}", "type": None, "score": 100 - n / 3, "low": None, "high": None}
        for n in range(300)
    ]
    told = _charts.ranking(many)
    assert told["left_out"] == 200
    assert [bar["name"] for bar in told["bars"]] == [
        f"D{n}" for n in (*range(50), *range(250, 300))
    ]
    assert told["bars"][49]["y"] < told["break_y"] < told["bars"][50]["y"]
    assert told["bars"][0]["x_low"] is None


def test_long_names_are_cut_to_their_room_and_whole_in_the_title(study):
    long = "W" * 300
    named = study.districts.assign(name=[long, *study.districts["name"][1:]])
    summary = {**study.summary, "districts": {**study.summary["districts"]}}
    unit = str(named.index[0])
    summary["districts"][unit] = {**summary["districts"][unit], "name": long}
    changed = replace(study, districts=named, summary=summary)
    told = _content._ranking(_content._district_rows(changed, EN), EN)
    bar = next(one for one in told["bars"] if one["name"] == long)
    assert bar["short"].endswith("…")
    assert len(bar["short"]) < 25
    assert long in bar["said"]


def test_profiles_show_the_ends_with_the_scores_of_the_summary(study, rows):
    worst, best = _profiles.profiles(study, rows, EN)
    assert [one["name"] for one in best["districts"]] == [row["name"] for row in rows[:3]]
    assert [one["name"] for one in worst["districts"]] == [row["name"] for row in rows[:-4:-1]]
    told = study.summary["districts"][rows[0]["id"]]
    first = best["districts"][0]["rows"]
    own = [
        rows[0]["value"],
        *(told[one] for one in PILLARS),
        *(told["areas"][one] for one in AREAS),
    ]
    city = [
        study.summary["index"]["mean"],
        *(study.summary["pillars"][one]["mean"] for one in PILLARS),
        *(study.summary["areas"][one]["mean"] for one in AREAS),
    ]
    assert [row["score"] for row in first] == [EN.score(one) for one in own]
    assert [row["city"] for row in first] == [EN.score(one) for one in city]
    assert [row["bar"]["width"] for row in first] == [round(one, 1) for one in own]
    assert (
        f"Rank {rows[0]['rank']} of {len(rows)} (range: {rows[0]['rank_range']})"
        in (best["districts"][0]["facts"])
    )


def test_profiles_set_what_a_district_has_beside_what_the_city_has(study, rows):
    worst, _ = _profiles.profiles(study, rows, EN)
    unit = rows[-1]["id"]
    gaps = study.summary["districts"][unit]["gaps"]
    told = worst["districts"][0]["gaps"]
    assert len(told) == len(gaps) > 0
    for key, said in zip(gaps, told, strict=True):
        entry = study.catalogue.loc[key]
        assert said.startswith(f"{EN.label(entry)}: ")
        assert EN.quantity(study.indicators.loc[unit, key], entry["unit"]) in said
        assert EN.quantity(study.summary["indicators"][key]["mean"], entry["unit"]) in said


def test_two_districts_have_one_at_each_end_and_one_has_none():
    def ends(names):
        made = make_study(names)
        return _profiles.profiles(made, _content._district_rows(made, EN), EN)

    assert [len(one["districts"]) for one in ends(("A", "B"))] == [1, 1]
    assert ends(("A",)) == []


def test_without_an_index_there_are_neither_ranks_nor_profiles(bare_study):
    rows = _content._district_rows(bare_study, EN)
    assert _profiles.profiles(bare_study, rows, EN) == []
    assert _content._ranking(rows, EN) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_curves_ranks_and_profiles(study, language, tmp_path):
    page = write_report(study, tmp_path / "r.html", language=language).read_text(encoding="utf-8")
    for section in ("lorenz", "ranks", "profiles"):
        assert f'<section id="{section}">' in page
        assert f'href="#{section}"' in page
    assert page.count('class="tick"') == 6 * (1 + len(PILLARS) + len(AREAS))
    assert not re.search(r"report\.(?:lorenz|ranks|profiles)", page)


def test_no_multiple_is_told_of_next_to_nothing(study):
    """Ten per cent with 0.01 % against ten per cent with 20 % is no "2,000 to 1"."""
    key = "unmet_needs_share"
    city = {**study.summary["city"], "question_indicators": [key]}
    values = study.indicators.assign(**{key: study.indicators[key].clip(lower=0.05)})

    def said(lowest):
        values.loc[values[key].sort_values().index[:6], key] = lowest
        tenths = served(replace(study, indicators=values), key)
        block = {**study.summary["indicators"][key], "ratio": tenths.best / tenths.worst}
        block["mean"] = inequality_mean(values[key], study.districts["population"])
        summary = {**study.summary, "city": city}
        summary["indicators"] = {**study.summary["indicators"], key: block}
        made = replace(study, indicators=values, summary=summary)
        return " ".join(_answer.answer(made, EN)["rows"][0]["said"])

    assert " to 1." in said(0.05)
    assert " to 1." not in said(0.0001)
    assert f"fares best, <{NBSP}0.1%" in said(0.0001)


def inequality_mean(value: pd.Series, people: pd.Series) -> float:
    return float((value * people).sum() / people.sum())
