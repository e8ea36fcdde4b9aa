"""One city at two dates: what is named, what is not, and what is told apart."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from noisy_demo import measured_anew
from planted_edits import CLINICS, ONLINE, WIFI, plant
from scipy import stats
from small_city import one_of_each, same_in_pillar, stratifier
from two_dates import book, places, study

import geoequity as ge
from geoequity.compare import change, converge, difference
from geoequity.compare._error import adjusted
from geoequity.errors import ConfigError, DataError, DataWarning
from geoequity.locale import LANGUAGES
from geoequity.outputs import summary_schema
from geoequity.study import Study

Z = stats.norm.ppf(0.95)
EXACT = pytest.approx
FOUR = same_in_pillar([80.0, 20.0, 70.0, 30.0], [80.0, 70.0, 20.0, 30.0])
VALID = jsonschema.Draft202012Validator(summary_schema("change"))


def moved(values, **to):
    """Values with those of some indicators changed, by district: ``s_mobility=(0, 55.0)``."""
    changed = {key: list(one) for key, one in values.items()}
    for key, (at, value) in to.items():
        changed[key][at] = value
    return changed


def compared(old, new, **options):
    """Compare, and hold the summary against its schema."""
    found = change(old, new, **options)
    plain = json.loads(json.dumps(found.summary, allow_nan=False))
    VALID.validate(plain)
    assert plain == found.summary
    return found


def named(found, kind="indicator"):
    rows = found.moves[found.moves["named"] & (found.moves["kind"] == kind)]
    return {(row.unit_id, row.what): row.cause for row in rows.itertuples()}


def ends(value, sd):
    return pd.DataFrame({"value": value, "low": value - Z * sd, "high": value + Z * sd})


# ---- a difference and its error -----------------------------------------------------------


def test_normal_errors_add_by_squares():
    found = difference(ends(pd.Series([50.0]), 3.0), ends(pd.Series([60.0]), 4.0))
    assert found.loc[0, ["change", "low", "high"]].tolist() == EXACT([10, 10 - 5 * Z, 10 + 5 * Z])
    assert found.loc[0, "p"] == EXACT(2 * stats.norm.sf(2.0))


def test_lopsided_ends_count_on_their_own_side():
    old = pd.DataFrame({"value": [50.0], "low": [47.0], "high": [54.0]})
    new = pd.DataFrame({"value": [60.0], "low": [57.0], "high": [72.0]})
    found = difference(old, new).loc[0]
    assert (found["low"], found["high"]) == EXACT((10 - 5.0, 10 + np.hypot(12, 3)))


@given(
    st.floats(-50, 50), st.floats(0.1, 9), st.floats(0.1, 9), st.floats(0.1, 9), st.floats(0.1, 9)
)
def test_the_interval_leaves_nothing_out_just_where_the_test_says_so(step, a, b, c, d):
    old = pd.DataFrame({"value": [0.0], "low": [-a], "high": [b]})
    new = pd.DataFrame({"value": [step], "low": [step - c], "high": [step + d]})
    found = difference(old, new).loc[0]
    clear = found["low"] > 1e-9 or found["high"] < -1e-9
    if abs(found["low"]) > 1e-6 and abs(found["high"]) > 1e-6:
        assert clear == (found["p"] < 0.1)


def test_complete_counts_change_exactly_and_rounding_is_no_change():
    count = pd.DataFrame({"value": [7.0, 0.1 + 0.2], "low": np.nan, "high": np.nan})
    later = count.assign(value=[8.0, 0.3])
    found = difference(count, later)
    assert found["change"].tolist() == [1.0, 0.0]
    assert found["p"].tolist() == [0.0, 1.0]
    assert found[["low", "high"]].to_numpy().tolist() == [[1, 1], [0, 0]]
    assert not found["errs"].any()


def test_an_unknown_end_leaves_the_difference_unknown():
    found = difference(ends(pd.Series([np.nan, 1.0]), 1.0), ends(pd.Series([1.0, np.nan]), 1.0))
    assert found[["change", "low", "high", "p"]].isna().all(axis=None)
    assert not found["errs"].any()


def test_more_error_is_added_by_squares():
    count = pd.DataFrame({"value": [0.0], "low": np.nan, "high": np.nan})
    found = difference(count, ends(pd.Series([5.0]), 3.0), more_error=4.0)
    assert found.loc[0, "high"] == EXACT(5 + 5 * Z)


def test_intervals_that_end_before_they_begin_and_other_districts_are_refused():
    count = pd.DataFrame({"value": [1.0], "low": [2.0], "high": [0.0]})
    with pytest.raises(DataError, match="old: an interval ends before it begins"):
        difference(count, count)
    with pytest.raises(DataError, match="old: no column"):
        difference(count[["value"]], count)
    with pytest.raises(DataError, match="about different units: 0, z"):
        difference(ends(pd.Series([1.0]), 1.0), ends(pd.Series([1.0], index=["z"]), 1.0))


# ---- nothing changed, and nothing but error -----------------------------------------------


def test_the_same_study_twice_has_not_changed_and_says_so():
    one = study(FOUR, error={"t_opportunities": 5.0})
    found = compared(one, one)
    assert found.summary["identical"]
    assert not found.summary["changed"]
    assert [one["id"] for one in found.summary["findings"]] == ["identical"]
    assert not found.moves["named"].any()
    assert (found.moves["change"] == 0).all()
    assert not found.moves["errs"].any()
    assert found.convergence["index"].spread_says == "unchanged"
    assert (found.districts["rank_change"] == 0).all()
    steps = found.transitions
    assert (steps["old"] == steps["new"]).all()
    assert (steps["low"] == steps["high"]).all()


def test_files_may_differ_though_no_number_does():
    found = compared(study(FOUR), study(FOUR, books=[book(sha256="bb")]))
    assert not found.summary["identical"]
    assert not found.summary["changed"]
    texts = found.summary["findings"][1]["text"]
    assert "none changed" in texts["en"]
    assert all(texts[one] for one in LANGUAGES)


def test_noise_alone_names_something_in_no_more_cities_than_the_rate():
    """The familywise rate of Benjamini and Hochberg is its rate where nothing changed."""
    rng = np.random.default_rng(3)
    cities, districts, indicators, fdr = 300, 24, 6, 0.1
    size = (cities, districts * indicators)
    wrong = 0
    for old, new in zip(rng.normal(50, 5, size), rng.normal(50, 5, size), strict=True):
        p = difference(ends(pd.Series(old), 5.0), ends(pd.Series(new), 5.0))["p"]
        wrong += adjusted(p, errs=p.notna()).min() <= fdr
    assert stats.binom.cdf(wrong, cities, fdr) < 0.999
    assert wrong > 0  # a test that can fail


def test_a_whole_change_names_noise_at_its_rate_and_planted_changes_with_it():
    rng = np.random.default_rng(5)
    truth = {one.id: rng.uniform(30, 70, 12) for one in one_of_each()}
    error = dict.fromkeys(truth, 4.0)
    noisy = [{key: one + rng.normal(0, 4.0, 12) for key, one in truth.items()} for _ in range(12)]
    studies = [
        study(one, error=error, books=[book(sha256=str(at))]) for at, one in enumerate(noisy)
    ]
    pairs = list(zip(studies[::2], studies[1::2], strict=True))
    wrong = [bool(named(compared(*pair, min_points=0.0))) for pair in pairs]
    assert stats.binom.cdf(sum(wrong), len(pairs), 0.1) < 0.999
    planted = moved(noisy[1], s_mobility=(3, noisy[0]["s_mobility"][3] + 40))
    later = study(planted, error=error, books=[book(sha256="planted")])
    assert named(compared(studies[0], later)) == {("d", "s_mobility"): "city"}


def test_of_what_is_named_among_many_real_changes_a_tenth_at_most_is_noise():
    rng = np.random.default_rng(6)
    false, told = 0, 0
    for _ in range(40):
        true = pd.Series(np.r_[np.full(40, 25.0), np.zeros(104)])
        old, new = rng.normal(50, 5, 144), rng.normal(50, 5, 144)
        p = difference(ends(pd.Series(old), 5.0), ends(pd.Series(new) + true, 5.0))["p"]
        found = adjusted(p, errs=p.notna()) <= 0.1
        material = (np.abs(new + true - old) >= 5).to_numpy()
        false += (found & material & (true == 0)).sum()
        told += (found & material).sum()
    assert told > 40 * 30
    assert false / told <= 0.1


# ---- what is named ------------------------------------------------------------------------


def test_a_complete_count_that_changed_enough_is_named_with_its_score():
    found = compared(
        study(FOUR), study(moved(FOUR, s_mobility=(1, 60.0)), books=[book(sha256="bb")])
    )
    assert named(found) == {("b", "s_mobility"): "city"}
    row = found.moves.set_index(["unit_id", "what"]).loc[("b", "s_mobility")]
    assert (row["old"], row["new"], row["change"], row["points"]) == (20, 60, 40, 40)
    assert row["verdict"] == "better"
    # a fifth of a pillar, half of the index; its own area is the mean of both pillars
    assert named(found, "pillar") == {("b", "structures"): None}
    assert found.districts.loc["b", ["index_change", "structures_change"]].tolist() == EXACT([4, 8])
    assert found.districts.loc["b", ["from_city", "from_data", "unnamed"]].tolist() == EXACT(
        [4, 0, 0], abs=1e-9
    )
    assert found.summary["index"]["change"] == EXACT(1.0)


def test_what_is_too_small_to_matter_is_not_named():
    later = study(moved(FOUR, s_mobility=(1, 24.9)), books=[book(sha256="bb")])
    found = compared(study(FOUR), later)
    assert not named(found)
    assert found.districts.loc["b", "unnamed"] == EXACT(0.49)
    assert named(compared(study(FOUR), later, min_points=4.0)) == {("b", "s_mobility"): "city"}


def test_what_error_explains_is_not_named():
    error = {"s_mobility": 20.0}
    old, books = study(FOUR, error=error), [book(sha256="bb")]
    assert not named(
        compared(old, study(moved(FOUR, s_mobility=(1, 60.0)), error=error, books=books))
    )
    sure = {"s_mobility": 2.0}
    later = study(moved(FOUR, s_mobility=(1, 60.0)), error=sure, books=books)
    assert named(compared(study(FOUR, error=sure), later)) == {("b", "s_mobility"): "city"}


def test_what_has_no_goalposts_counts_in_percentage_points_and_a_burden_that_falls_is_better():
    poor = stratifier(unit="share")
    definitions = [*one_of_each(), poor]
    old = FOUR | {poor.id: [0.30, 0.20, 0.20, 0.20]}
    new = FOUR | {poor.id: [0.20, 0.20, 0.22, 0.20]}
    books = [book(sha256="bb", indicators=[poor.id])]
    found = compared(
        study(old, definitions=definitions), study(new, definitions=definitions, books=books)
    )
    assert named(found) == {("a", poor.id): "city"}
    row = found.moves.set_index(["unit_id", "what"]).loc[("a", poor.id)]
    assert (row["points"], row["verdict"]) == (EXACT(10.0), "better")


def answers(values):
    told = {
        key: {"value": one, "sampling": {"low": one - 0.05, "high": one + 0.05}, "n": 100}
        for key, one in zip("abcd", values, strict=True)
    }
    label = dict.fromkeys(LANGUAGES, "Safe")
    return {"safe": {"label": label, "unit": "share", "districts": told}}


def test_answers_to_a_survey_are_compared_with_their_error():
    books = [book(), book("surveys.0", sha256="s1", indicators=[])]
    later = [book(), book("surveys.0", sha256="s2", indicators=[])]
    old = study(FOUR, books=books, perception=answers([0.5, 0.5, 0.5, 0.5]))
    new = study(FOUR, books=later, perception=answers([0.5, 0.75, 0.54, 0.5]))
    assert named(compared(old, new), "said") == {("b", "safe"): "city"}


# ---- the data told apart from the city ----------------------------------------------------


def test_the_same_bytes_cannot_have_changed():
    found = compared(study(FOUR), study(moved(FOUR, s_mobility=(1, 60.0))))
    assert named(found) == {("b", "s_mobility"): "method"}
    assert found.districts.loc["b", ["from_city", "from_data"]].tolist() == EXACT([0, 4])
    cells = [book(), book("cells", sha256="c1", indicators=[])]
    counted = [book(), book("cells", sha256="c2", indicators=[])]
    found = compared(
        study(FOUR, books=cells), study(moved(FOUR, s_mobility=(1, 60.0)), books=counted)
    )
    assert named(found) == {("b", "s_mobility"): "people"}
    assert found.summary["data"]["people"]


def test_a_source_that_is_new_or_gone_is_no_news_of_the_city():
    registers = [
        book(),
        book("tables.1", path="other.xlsx", sha256="zz", indicators=["s_mobility"]),
    ]
    registers[0]["indicators"] = [one for one in registers[0]["indicators"] if one != "s_mobility"]
    found = compared(study(FOUR), study(moved(FOUR, s_mobility=(1, 60.0)), books=registers))
    assert named(found) == {("b", "s_mobility"): "source"}
    assert found.summary["data"]["sources"] == {"same": 1, "edition": 0, "new": 1, "removed": 0}


def test_sources_are_matched_by_bytes_then_name_then_kind():
    old = [
        book("tables.0", path="homes.csv", sha256="a"),
        book("tables.1", path="calls_2024.csv", sha256="b"),
        book("osm", path="old.pbf", sha256="c"),
    ]
    new = [
        book("tables.0", path="calls_2025.csv", sha256="d"),
        book("tables.1", path="homes.csv", sha256="a"),
        book("osm", path="new.pbf", sha256="e"),
    ]
    found = compared(study(FOUR, books=old), study(FOUR, books=new)).sources
    rows = found.set_index("path_old")
    assert rows["path_new"].to_dict() == {
        "homes.csv": "homes.csv",
        "calls_2024.csv": "calls_2025.csv",
        "old.pbf": "new.pbf",
    }
    assert rows.loc["homes.csv", "status"] == "same"
    assert (rows.loc[["calls_2024.csv", "old.pbf"], "status"] == "edition").all()


def test_confidence_that_moved_explains_a_change():
    books = [book(sha256="bb")]
    later = study(moved(FOUR, s_mobility=(1, 60.0)), books=books, confidence=0.7)
    found = compared(study(FOUR), later)
    assert named(found) == {("b", "s_mobility"): "confidence"}
    told = {one["indicator"] for one in found.summary["data"]["trust"]}
    assert told == set(FOUR)


def on_map(sha256):
    return [book("osm", sha256=sha256, path="map.pbf")]


KINDS = ["bank", "school", "clinic", "shop", "park", "library", "post"]


def test_a_district_that_was_mapped_more_fully_is_told_from_one_where_a_place_opened():
    before = places([dict.fromkeys(KINDS, 2)] * 4)
    mapped = places(
        [dict.fromkeys(KINDS, 2), dict.fromkeys(KINDS, 4), *[dict.fromkeys(KINDS, 2)] * 2]
    )
    opened = places(
        [dict.fromkeys(KINDS, 2), {**dict.fromkeys(KINDS, 2), "clinic": 5}]
        + [dict.fromkeys(KINDS, 2)] * 2
    )
    old = study(FOUR, books=on_map("m1"), services=before)
    better = moved(FOUR, s_mobility=(1, 60.0))
    found = compared(old, study(better, books=on_map("m2"), services=mapped))
    assert named(found) == {("b", "s_mobility"): "mapping"}
    assert found.summary["data"]["mapping"] == {"richer": ["b"], "thinner": []}
    assert "mapped more fully" in found.summary["findings"][-1]["text"]["en"]
    found = compared(old, study(better, books=on_map("m2"), services=opened))
    assert named(found) == {("b", "s_mobility"): "city"}
    thinner = compared(study(better, books=on_map("m2"), services=mapped), old)
    assert thinner.summary["data"]["mapping"] == {"richer": [], "thinner": ["b"]}


def test_what_moves_all_over_the_map_is_no_news_of_one_district():
    values = same_in_pillar([20.0, 30.0, 40.0, 50.0, 60.0], [50.0] * 5)
    everywhere = {**values, "s_mobility": [one + 12 for one in values["s_mobility"]]}
    old = study(values, books=on_map("m1"))
    found = compared(old, study(everywhere, books=on_map("m2")))
    assert not named(found)
    assert found.moves.loc[found.moves["what"] == "s_mobility", "errs"].all()
    # The same from a register is a change of the city
    counted = compared(study(values), study(everywhere, books=[book(sha256="bb")]))
    assert len(named(counted)) == 5


def test_an_indicator_of_one_study_alone_is_no_change_of_the_city():
    fewer = {key: one for key, one in FOUR.items() if key != "s_mobility"}
    low = {**FOUR, "s_mobility": [0.0, 0.0, 0.0, 0.0]}
    found = compared(study(fewer), study(low))
    assert found.summary["compared"]["only_new"] == ["s_mobility"]
    assert found.summary["compared"]["set_changed"]
    assert (found.districts["index_change"].abs() < 1e-9).all()
    # The mean of four areas becomes that of five, one of which is 0
    assert found.districts["set_effect"].tolist() == EXACT([-8.0, -2.0, -7.0, -3.0])
    assert found.summary["index"]["set_effect"] == EXACT(-5.0)
    mean = next(one for one in found.summary["findings"] if one["id"] == "mean")
    assert "another \N{MINUS SIGN}5.0 points" in mean["text"]["en"]


def test_types_are_named_again_on_the_indicators_of_both():
    fewer = {key: one for key, one in FOUR.items() if key != "s_mobility"}
    found = compared(study(fewer), study({**FOUR, "s_mobility": [0.0] * 4}))
    assert found.districts["type_old"].tolist() == found.districts["type_new"].tolist()
    assert found.districts["type_old"].tolist() == [
        "integrated",
        "showcase",
        "analogue",
        "neglected",
    ]


# ---- ranks, types, convergence ------------------------------------------------------------


def test_transitions_count_districts_and_people():
    better = moved(FOUR, **{one: (1, 95.0) for one in FOUR if one.startswith("s_")})
    people = [100.0, 200.0, 300.0, 400.0]
    found = compared(
        study(FOUR, people=people), study(better, people=people, books=[book(sha256="bb")])
    )
    steps = found.transitions.set_index(["old", "new"])
    assert steps["districts"].to_dict() == {
        ("integrated", "integrated"): 1,
        ("showcase", "integrated"): 1,
        ("analogue", "analogue"): 1,
        ("neglected", "neglected"): 1,
    }
    assert steps.loc[("showcase", "integrated"), "people"] == 200
    assert found.districts.loc["b", ["rank_old", "rank_new"]].tolist() == [2.5, 1.0]
    types = next(one for one in found.summary["findings"] if one["id"] == "types")
    assert "District b (from showcase to integrated)" in types["text"]["en"]


def test_error_near_the_threshold_leaves_a_range_of_transitions():
    near = same_in_pillar([52.0, 20.0, 70.0, 30.0], [80.0, 70.0, 20.0, 30.0])
    error = dict.fromkeys((one for one in near if one.startswith("s_")), 5.0)
    found = compared(
        study(near, error=error, min_probability=0.3),
        study(near, error=error, books=[book(sha256="bb")], min_probability=0.3),
    )
    stays = found.transitions.set_index(["old", "new"]).loc[("integrated", "integrated")]
    assert (stays["low"], stays["districts"], stays["high"]) == (0, 1, 1)
    assert found.districts.loc["a", "index_low"] < 0 < found.districts.loc["a", "index_high"]


def people_of(*counts):
    return pd.Series(counts, dtype=float)


def test_halving_every_distance_halves_spread_and_gap():
    old = pd.Series([20.0, 40.0, 60.0, 80.0, 50.0])
    people = people_of(100, 300, 200, 100, 50)
    new = 50 + (old - 50) / 2
    found = converge(old, new, population=(people, people))
    assert found.spread_new == EXACT(found.spread_old / 2)
    assert found.gap_change == EXACT(-found.gap_old / 2)
    assert found.slope == EXACT(-0.5)
    assert found.slope_interval == EXACT((-0.5, -0.5))
    assert (found.spread_says, found.slope_says) == ("closer", "closer")
    apart = converge(new, old, population=(people, people))
    assert (apart.spread_says, apart.slope_says, apart.slope) == ("apart", "apart", EXACT(1.0))


def test_spread_is_that_of_people_and_those_unknown_are_left_out():
    old, new = pd.Series([0.0, 100.0, 50.0]), pd.Series([0.0, 100.0, np.nan])
    people = people_of(300, 100, 999)
    found = converge(old, new, population=(people, people))
    assert (found.districts, found.spread_old) == (2, EXACT(100 * np.sqrt(0.75 * 0.25)))
    assert np.isnan(found.slope)
    assert found.slope_says == "unclear"
    nobody = converge(old, new, population=(people * np.nan, people))
    assert (nobody.districts, nobody.spread_says) == (0, "unclear")


def test_error_alone_tilts_the_slope_and_the_correction_takes_it_out():
    rng = np.random.default_rng(8)
    people = pd.Series(1.0, index=range(60))
    raw, corrected, covered = [], [], 0
    for _ in range(300):
        truth = rng.normal(50, 10, 60)
        old, new = (pd.Series(truth + rng.normal(0, 6, 60)) for _ in range(2))
        found = converge(old, new, population=(people, people), error=6.0)
        raw.append(found.slope_observed)
        corrected.append(found.slope)
        covered += found.slope_interval[0] <= 0 <= found.slope_interval[1]
    assert np.mean(raw) == EXACT(-36 / 136, abs=0.02)
    assert np.mean(corrected) == EXACT(0.0, abs=0.03)
    assert covered / 300 > 0.83


def test_one_district_alone_makes_a_line_that_has_no_interval():
    index = pd.Index(list("abcd"))
    old, new = (pd.Series(one, index=index) for one in ([9.0, 0, 0, 0], [5.0, 1, 0, 2]))
    found = converge(old, new, population=(old * 0 + 1, old * 0 + 1))
    assert found.slope_observed == pytest.approx((-4 - 1) / 9)
    assert np.isnan([found.slope, *found.slope_interval]).all()
    assert found.slope_says == "unclear"


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ({"old": ["a", "b"]}, "scores: not numbers: old"),
        ({"new": [np.inf, 1.0]}, "scores: infinite: new"),
        ({"people": [-1.0, 1.0]}, "old population: negative or infinite: 0"),
        ({"draws": (np.ones((0, 2)), np.ones((0, 2)))}, "draws must be about the 2 districts"),
        ({"draws": (np.ones((3, 2)), np.ones((5, 2)))}, "as many at both dates"),
        ({"error": pd.Series([-1.0, 1.0])}, "error: negative or infinite: 0"),
        ({"error": pd.Series([1.0, 1.0], index=["x", "y"])}, "different units"),
    ],
)
def test_scores_that_cannot_converge_are_refused_by_name(spoilt, said):
    given = {"old": [40.0, 60.0], "new": [45.0, 55.0], "people": [1.0, 1.0], **spoilt}
    old, new, people = (pd.Series(given.pop(one)) for one in ("old", "new", "people"))
    with pytest.raises(DataError, match=said):
        converge(old, new, population=(people, people), **given)


def test_draws_that_are_not_about_the_districts_are_refused():
    old = pd.Series([1.0, 2.0])
    wrong = (np.zeros((3, 1)), np.zeros((3, 1)))
    with pytest.raises(DataError, match="draws must be about the 2 districts"):
        converge(old, old, population=(old, old), draws=wrong)


# ---- what cannot be compared --------------------------------------------------------------


def test_two_cities_are_refused():
    with pytest.raises(ConfigError, match="valle and monte are two cities"):
        change(study(FOUR), study(FOUR, city={"id": "monte"}))


def test_other_rules_and_goalposts_are_refused_all_at_once():
    other = [dataclasses.replace(one, goalposts=(0.0, 50.0)) for one in one_of_each()[:1]]
    later = study(
        FOUR,
        definitions=[*other, *one_of_each()[1:]],
        weights={"mobility": 2.0},
        threshold=60.0,
    )
    with pytest.raises(ConfigError) as raised:
        change(study(FOUR), later)
    assert len(raised.value.faults) == 3
    text = str(raised.value)
    assert "method.weights: {} and {'mobility': 2.0}" in text
    assert "method.threshold: 50.0 and 60.0" in text
    assert "catalogue.best: s_health_safety (100.0 and 50.0)" in text


def test_scores_that_set_districts_against_each_other_are_refused():
    ranked = study(FOUR, normalisation="rank")
    with pytest.raises(ConfigError, match=r"method\.normalisation: .* use goalposts"):
        change(ranked, ranked)


def test_a_geometric_index_is_led_back_to_its_indicators_as_well():
    old = study(FOUR, aggregation="geometric")
    later = moved(FOUR, s_mobility=(1, 22.0), t_mobility=(1, 72.0))
    new = study(later, aggregation="geometric", books=[book(sha256="bb")])
    found = compared(old, new, min_points=1)
    index = np.sqrt(20 * (22 / 20) ** 0.2 * 70 * (72 / 70) ** 0.2) - np.sqrt(20 * 70)
    assert found.districts.loc["b", "index_change"] == EXACT(index)
    # Slopes are those of a point, so that a little of a bent index stays unnamed
    assert found.districts.loc["b", "from_city"] == EXACT(index, rel=0.05)
    parts = found.districts.loc["b", ["from_city", "from_data", "unnamed"]].sum()
    assert parts == EXACT(index)


def test_districts_of_one_study_are_left_out_by_name():
    five = {key: [*one, 50.0] for key, one in FOUR.items()}
    with pytest.warns(DataWarning, match="new districts, left out: District e"):
        found = compared(study(FOUR), study(five))
    assert found.summary["compared"]["new"] == {"e": "District e"}
    assert found.districts.index.tolist() == list("abcd")
    assert not found.summary["changed"]
    with pytest.warns(DataWarning, match="gone, left out: District e"):
        compared(study(five), study(FOUR))
    with pytest.raises(ConfigError, match="none is in both"):
        change(study(FOUR), study(FOUR, ids=list("wxyz")))


def test_a_district_that_was_redrawn_is_told():
    later = study(FOUR)
    wider = later.districts.copy()
    wider.loc["d", "geometry"] = wider.loc["d", "geometry"].buffer(40)
    with pytest.warns(DataWarning, match="outline moved: District d"):
        found = compared(study(FOUR), dataclasses.replace(later, districts=wider))
    assert found.summary["compared"]["redrawn"] == {"d": "District d"}


@pytest.mark.parametrize("option", [{"fdr": 0}, {"fdr": 1}, {"min_points": -1}, {"draws": 0}])
def test_options_out_of_range_are_refused(option):
    with pytest.raises(ConfigError, match="fdr is within 0-1"):
        change(study(FOUR), study(FOUR), **option)


def test_a_city_without_people_has_no_people_statistics():
    nobody = study(FOUR, people=np.nan)
    found = compared(nobody, study(moved(FOUR, s_mobility=(1, 60.0)), people=np.nan))
    assert named(found) == {("b", "s_mobility"): "method"}
    assert found.summary["index"]["change"] is None
    assert found.summary["convergence"]["index"]["spread_old"] is None


def test_the_same_pair_gives_the_same_change_and_inputs_stay_as_they_were():
    error = {"s_mobility": 6.0}
    old, new = study(FOUR, error=error), study(FOUR, error=error, books=[book(sha256="bb")])
    before = old.districts.copy(), new.indicators.copy()
    first, second = compared(old, new), compared(old, new)
    assert first.summary == second.summary
    pd.testing.assert_frame_equal(first.moves, second.moves)
    pd.testing.assert_frame_equal(old.districts, before[0])
    pd.testing.assert_frame_equal(new.indicators, before[1])


# ---- the demo city ------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")
def test_edits_planted_in_the_demo_are_named(demo_study: Study, tmp_path: Path) -> None:
    city = ge.City.from_toml(plant(tmp_path / "edited") / "city.toml")
    found = compared(demo_study, ge.assess(city))
    told = named(found)
    assert set(told.values()) == {"city"}
    planted = {
        (CLINICS, "clinic_walk_min"),
        (WIFI, "wifi_access_share"),
        (WIFI, "wifi_per_10000"),
        (ONLINE, "home_internet_share"),
    }
    assert planted <= set(told)
    # Neighbours share what opened or closed; nothing else is named anywhere
    of_edits = {"clinic_walk_min", "wifi_access_share", "wifi_per_10000", "home_internet_share"}
    assert {what for _, what in told} - of_edits <= {"reached_15min_share", "services_15min_count"}
    assert [unit for unit, what in told if what == "home_internet_share"] == [ONLINE]
    assert found.districts["from_data"].abs().max() == 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")
def test_the_same_truth_measured_anew_names_nothing_beyond_the_rate(tmp_path: Path) -> None:
    places = measured_anew(tmp_path, range(100, 120))
    studies = [ge.assess(ge.City.from_toml(one / "city.toml")) for one in places]
    pairs = list(zip(studies[::2], studies[1::2], strict=True))
    found = [compared(*pair) for pair in pairs]
    errs = [one.moves["errs"].sum() for one in found]
    assert min(errs) > 200  # speeds, shares of slow lines, and answers, of 24 districts
    wrong = sum(bool(one.summary["named"]) for one in found)
    assert stats.binom.cdf(wrong, len(pairs), 0.1) < 0.999


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")
def test_the_whole_demo_measured_anew_has_not_changed(demo_study: Study, tmp_path: Path) -> None:
    script = Path(__file__).parents[1] / "scripts" / "make_demo_city"
    command = [sys.executable, script, "--out", tmp_path, "--noise-seed", "7"]
    subprocess.run(command, check=True, capture_output=True)
    demo = ge.City.preset("demo").file
    assert (tmp_path / "truth.json").read_bytes() == (demo.parent / "truth.json").read_bytes()
    found = compared(demo_study, ge.assess(ge.City.from_toml(demo, data=tmp_path)))
    assert found.summary["data"]["sources"] == {"same": 12, "edition": 4, "new": 0, "removed": 0}
    assert found.summary["changed"]
    assert not found.summary["named"]
    assert found.convergence["index"].spread_says == "unclear"
