"""From indicators to index, types and inequality, on cities judged by hand."""

from dataclasses import replace
from math import isnan, log, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from small_city import (
    cells,
    definition,
    evaluation,
    one_of_each,
    rules,
    same_in_pillar,
    stratifier,
    units,
)

from geoequity import composite, inequality, judgement
from geoequity.errors import ConfigError, DataError
from geoequity.schema import AREAS, PILLARS, TYPES

fast = settings(deadline=None, max_examples=15)


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


def judged(values, *, definitions=None, population=None, present=None, **changes):
    """Judge districts a, b, c ... by their values; a thousand people each."""
    count = len(next(iter(values.values()), "abc"))
    index = pd.Index(list("abcdefghijkl")[:count], name="unit_id", dtype=object)
    people = [1000.0] * count if population is None else population
    return judgement.judge(
        evaluation(values, index),
        one_of_each() if definitions is None else definitions,
        population=pd.Series(people, index=index, dtype=float),
        present=list(values) if present is None else present,
        rules=rules(**changes),
    )


# Districts that are integrated, showcase, analogue and neglected, all of them clearly.
FOUR = same_in_pillar([90, 10, 80, 20], [90, 80, 10, 20])


# ---- the index ----------------------------------------------------------------------------


def test_the_index_is_the_mean_of_pillars_of_areas_of_indicators():
    values = {f"s_{area}": [10.0 * at] for at, area in enumerate(AREAS)}
    values |= {f"t_{area}": [100.0 - 10 * at] for at, area in enumerate(AREAS)}
    values |= {"more": [80.0]}
    extra = definition("more", pillar="structures", area=AREAS[0])
    scores = judged(values, definitions=[*one_of_each(), extra]).scores.loc["a"]
    structures = ((0 + 80) / 2 + 10 + 20 + 30 + 40) / 5
    technologies = (100 + 90 + 80 + 70 + 60) / 5
    assert scores[f"structures.{AREAS[0]}"] == close((0 + 80) / 2)
    assert scores[list(PILLARS)].tolist() == close([structures, technologies])
    assert scores["index"] == close((structures + technologies) / 2)


def test_the_tree_hangs_indicators_under_areas_under_pillars_under_the_index():
    tree = judged(FOUR).tree.set_index("id")
    assert tree.loc["s_mobility", "parent"] == "structures.mobility"
    assert tree.loc["structures.mobility", "parent"] == "structures"
    assert tree.loc["technologies", "parent"] == "index"
    assert pd.isna(tree.loc["index", "parent"])
    assert tree.loc[list(PILLARS), "min_known"].tolist() == [3, 3]
    assert tree.loc["index", "min_known"] == 2


def test_an_area_is_the_mean_of_its_two_pillars_or_of_the_one_that_is_known():
    values = same_in_pillar([80.0, 80], [20.0, nan])
    areas = judged(values).scores[list(AREAS)]
    assert areas.loc["a"].tolist() == close([(80 + 20) / 2] * 5)
    assert areas.loc["b"].tolist() == close([80] * 5)


def test_an_area_without_indicators_is_unknown():
    values = {key: value for key, value in FOUR.items() if "governance" not in key}
    assert judged(values).scores["governance"].isna().all()


def test_a_family_shares_one_weight():
    twins = [
        definition("wifi_a", area="activities", family="wifi"),
        definition("wifi_b", area="activities", family="wifi"),
        definition("museum", area="activities"),
    ]
    values = {"wifi_a": [10.0, 10.0], "wifi_b": [30.0, np.nan], "museum": [90.0, 90.0]}
    found = judged(values, definitions=twins)
    assert found.scores.loc["a", "structures.activities"] == close(((10 + 30) / 2 + 90) / 2)
    # Where one measure is unknown, the other speaks for the whole family
    assert found.scores.loc["b", "structures.activities"] == close((10 + 90) / 2)


def test_a_family_of_which_one_is_present_keeps_its_whole_weight():
    twins = [definition(one, family="wifi") for one in ("wifi_a", "wifi_b")]
    found = judged({"wifi_a": [10.0], "museum": [90.0]}, definitions=[*twins, definition("museum")])
    assert found.scores.loc["a", "structures.mobility"] == close((10 + 90) / 2)


def test_families_in_different_areas_have_nothing_to_share():
    pair = [definition(one, area=one, family="desk") for one in ("activities", "governance")]
    tree = judged({"activities": [1.0], "governance": [1.0]}, definitions=pair).tree
    assert tree.set_index("id").loc[["activities", "governance"], "weight"].tolist() == [1, 1]


def test_the_city_may_weigh_indicators_areas_and_pillars():
    definitions = [*one_of_each(), definition("more", area="mobility")]
    values = same_in_pillar([50.0], [20.0]) | {"more": [80.0]}
    weights = {"more": 3.0, "structures.mobility": 6.0, "mobility": 9.0, "technologies": 3.0}
    scores = judged(values, definitions=definitions, weights=weights).scores.loc["a"]
    mobility = (50 + 3 * 80) / 4
    structures = (6 * mobility + 4 * 50) / 10  # pillar and area go before the area alone
    assert scores["structures"] == close(structures)
    assert scores["index"] == close((structures + 3 * 20) / 4)


def test_the_weight_of_an_area_counts_in_both_pillars():
    values = {key: [100.0 if "mobility" in key else 0.0] for key in FOUR}
    scores = judged(values, weights={"mobility": 2.0}).scores.loc["a"]
    assert scores[[*PILLARS, "index"]].tolist() == close([200 / 6] * 3)


def test_goalposts_of_the_catalogue_make_the_scores():
    definitions = [*one_of_each(), definition("walk", better="lower", goalposts=(30.0, 5.0))]
    found = judged(FOUR | {"walk": [5, 17.5, 30, 99]}, definitions=definitions)
    assert found.scores["walk"].tolist() == close([100, 50, 0, 0])


def test_stratifiers_and_validators_never_enter_the_index():
    definitions = [*one_of_each(), stratifier(), definition("imcv", role="validator")]
    with_them = judged(
        FOUR | {"poverty": [0, 0.2, 0.5, 1], "imcv": [1, 2, 3, 4]}, definitions=definitions
    )
    assert not {"poverty", "imcv"} & set(with_them.tree["id"])
    assert with_them.scores["index"].tolist() == judged(FOUR).scores["index"].tolist()


def test_only_what_is_present_enters_the_index():
    wanted = [one for one in FOUR if one != "s_mobility"]
    found = judged(FOUR | {"s_mobility": [0, 0, 0, 0]}, present=wanted)
    assert "s_mobility" not in set(found.tree["id"])
    assert found.scores["index"].tolist() == judged(FOUR).scores["index"].tolist()


# ---- what is unknown ----------------------------------------------------------------------


def test_a_pillar_is_unknown_under_three_of_its_areas():
    values = {key: [50.0, 50.0] for key in FOUR}
    for key in ("s_mobility", "s_activities"):
        values[key] = [nan, nan]
    values["s_governance"] = [50.0, nan]
    found = judged(values)
    assert found.scores["structures"].tolist() == close([50, nan])
    assert found.scores["technologies"].tolist() == close([50, 50])
    assert found.scores["index"].tolist() == close([50, nan])
    assert found.probability.loc["b"].isna().all()
    assert found.ranges.loc["b"].isna().all()


def test_a_city_that_measured_only_one_pillar_has_neither_index_nor_types():
    values = {key: value for key, value in FOUR.items() if key.startswith("s_")}
    found = judged(values)
    assert found.scores["structures"].tolist() == close([90, 10, 80, 20])
    assert found.scores[["technologies", "index"]].isna().all(axis=None)
    assert found.basis is None
    assert found.types.tolist() == [None] * 4
    assert found.probability.isna().all(axis=None)


def test_a_city_without_any_indicator_is_judged_unknown():
    found = judged({})
    assert found.tree.empty
    assert found.scores[[*PILLARS, *AREAS, "index"]].isna().all(axis=None)
    assert found.ranges.isna().all(axis=None)
    assert (found.basis, found.types.tolist()) == (None, [None] * 3)
    assert isnan(found.gap_points)


def test_a_city_with_every_value_unknown_is_judged_unknown():
    found = judged({key: [nan, nan] for key in FOUR})
    assert found.scores.isna().all(axis=None)
    assert (found.basis, found.types.tolist()) == (None, [None, None])


def test_without_population_no_type_is_stated_and_scores_still_stand():
    found = judged(FOUR, population=[nan] * 4)
    assert found.scores["index"].notna().all()
    assert found.ranges[["rank", "rank_low", "rank_high", "index_low"]].notna().all(axis=None)
    assert found.ranges["worst_quarter"].isna().all()
    assert (found.basis, found.types.tolist()) == (None, [None] * 4)
    assert isnan(found.gap_points)


def test_a_type_that_is_not_stated_is_none_and_nothing_else():
    for found in (judged(FOUR, population=[nan] * 4), judged(same_in_pillar([50.0], [50.0]))):
        assert all(one is None for one in found.types)
        assert (found.types.name, found.types.dtype) == ("type", object)


# ---- types --------------------------------------------------------------------------------


def test_clear_districts_get_their_types():
    found = judged(FOUR)
    assert found.basis == "absolute"
    assert found.types.tolist() == ["integrated", "showcase", "analogue", "neglected"]
    assert found.probability.loc["b", "showcase"] == 1
    assert list(found.probability) == list(TYPES)


def test_a_district_that_hangs_on_the_weights_is_uncertain():
    values = same_in_pillar([90, 20, 50], [90, 20, 90])
    values |= {"s_mobility": [90, 20, 0], "s_governance": [90, 20, 100]}
    found = judged(values)
    assert found.types.tolist() == ["integrated", "neglected", "uncertain"]
    assert found.probability.loc["c"].max() < 0.8


def test_a_nearly_equal_city_has_no_material_gap_and_no_neglected_district():
    found = judged(same_in_pillar([20, 22, 24, 26], [20, 22, 24, 26]))
    assert found.gap_points == close(26 - 20)
    assert found.basis == "no_material_gap"
    assert found.types.tolist() == [None] * 4


def test_a_gap_as_large_as_stated_is_material():
    values = same_in_pillar([20.0, 30.0], [20.0, 30.0])
    assert judged(values, min_gap_points=10.0).basis == "absolute"
    assert judged(values, min_gap_points=10.1).basis == "no_material_gap"


# ---- other normalisations and means --------------------------------------------------------
BY = ("min_max", "z_score", "rank", "percentile")
UNEVEN = same_in_pillar([90, 10, 80, 20], [90, 85, 10, 30])


@pytest.mark.parametrize("normalisation", BY)
def test_scores_that_set_districts_against_each_other_state_no_types(normalisation):
    found = judged(UNEVEN, normalisation=normalisation)
    table = pd.DataFrame({"x": [90.0, 10, 80, 20]})
    alone = getattr(composite, normalisation)(table, pd.Series({"x": "higher"}))["x"]
    assert found.scores["structures"].tolist() == close(alone.tolist())
    assert found.basis == "relative_scores"
    assert found.types.tolist() == [None] * 4
    assert found.probability.isna().all(axis=None)
    assert found.ranges["rank"].notna().all()


def test_standard_scores_are_kept_within_the_scale():
    """One of forty far above all others is 6.2 standard deviations better."""
    count = 40
    index = pd.Index([f"d{at:02}" for at in range(count)], name="unit_id")
    values = {key: [100.0] + [0.0] * (count - 1) for key in UNEVEN}
    found = judgement.judge(
        evaluation(values, index),
        one_of_each(),
        population=pd.Series(1.0, index=index),
        present=list(values),
        rules=rules(normalisation="z_score"),
    )
    assert found.scores["index"].max() == 100


@pytest.mark.filterwarnings("ignore:.*cannot score where all units are alike")
def test_one_district_cannot_be_set_against_another():
    found = judged(same_in_pillar([50.0], [20.0]), normalisation="min_max")
    assert found.scores["index"].isna().all()
    assert found.basis is None
    assert judged(same_in_pillar([50.0], [20.0])).scores["index"].tolist() == close([35])


@pytest.mark.parametrize(
    ("aggregation", "mean"), [("geometric", stats.gmean), ("harmonic", stats.hmean)]
)
def test_the_index_may_be_another_mean(aggregation, mean):
    found = judged(UNEVEN, aggregation=aggregation)
    pairs = [[90, 90], [10, 85], [80, 10], [20, 30]]
    assert found.scores["index"].tolist() == close([mean(one) for one in pairs])
    assert found.scores["mobility"].tolist() == close(found.scores["index"].tolist())
    assert found.basis == "absolute"


# ---- the audit ----------------------------------------------------------------------------


def test_an_index_of_three_districts_is_audited_and_of_two_is_not():
    assert judged(same_in_pillar([50.0, 20], [20.0, 30])).audit is None
    assert judged({}).audit is None
    found = judged(same_in_pillar([50.0, 20, 10], [20.0, 30, 70])).audit
    assert found.reliability["structures"].alpha == close(1)
    assert found.weights["nominal"].tolist() == close([0.1] * 10)
    assert found.weights.loc["s_mobility", "effective"] == close(
        found.weights.loc["s_governance", "effective"]
    )


# ---- ranges over the weights --------------------------------------------------------------


def test_what_no_weight_can_change_has_a_range_of_one_point():
    ranges = judged(same_in_pillar([90, 10, 40], [90, 10, 40])).ranges
    assert ranges["rank"].tolist() == [1, 3, 2]
    assert (ranges["rank_low"] == ranges["rank_high"]).all()
    assert ranges["index_low"].tolist() == ranges["index_high"].tolist() == close([90, 10, 40])


def test_two_districts_that_mirror_each_other_may_rank_either_way():
    found = judged(same_in_pillar([80, 40], [40, 80]))
    assert found.ranges["rank"].tolist() == [1.5, 1.5]
    assert found.ranges["rank_low"].tolist() == [1, 1]
    assert found.ranges["rank_high"].tolist() == [2, 2]
    assert (found.ranges["index_low"] < 60).all()
    assert (found.ranges["index_high"] > 60).all()
    # weights of pillars are drawn within 0.5 and 1.5, so one is at most three quarters of both
    assert found.ranges["index_high"].max() < 0.75 * 80 + 0.25 * 40


def test_scores_range_over_choices_on_goalposts_and_ranks_over_all():
    values = same_in_pillar([80, 40, 55], [40, 80, 10])
    found = judged(values, draws=400, seed=9)
    posts = composite.goalposts(dict.fromkeys(values, (0.0, 100.0)))
    pool = {
        "normalise": {"goalposts": posts},
        "aggregate": [
            composite.arithmetic,
            composite.floored(composite.geometric),
            composite.floored(composite.harmonic),
        ],
    }
    data = evaluation(values, found.scores.index).districts
    wide = pool | {
        "normalise": [posts, composite.min_max, composite.percentile],
    }
    scores, ranks = (
        composite.robustness(
            data, found.tree, pool=one, draws=400, rng=np.random.default_rng(9), sobol=sobol
        )
        for one, sobol in ((pool, 0), (wide, 400))
    )
    for end in ("low", "high"):
        assert found.ranges[f"index_{end}"].tolist() == scores.scores[end].tolist()
        assert found.ranges[f"rank_{end}"].tolist() == ranks.ranks[end].tolist()
    assert found.sensitivity.equals(ranks.sensitivity)
    assert found.ranges.filter(like="sampling_").isna().all(axis=None)


def shaky(spread, *, districts=("a",), key="s_mobility", values=FOUR, draws=200):
    """What was evaluated, the values of some districts drawn round themselves in draws."""
    index = pd.Index(list("abcd"), name="unit_id", dtype=object)
    made = evaluation(values, index)
    noise = np.random.default_rng(2).normal(0, spread, (draws, len(districts)))
    table = pd.DataFrame(np.nan, index=range(draws), columns=index)
    table[list(districts)] = made.districts.loc[list(districts), key].to_numpy() + noise
    return replace(made, draws={key: table})


def judged_shaky(made, **changes):
    return judgement.judge(
        made,
        one_of_each(),
        population=pd.Series(1000.0, index=made.districts.index),
        present=list(made.districts),
        rules=rules(**changes),
    )


def test_data_and_choices_are_never_mixed():
    made = shaky(8.0)
    found, certain = judged_shaky(made), judged_shaky(replace(made, draws={}))
    method = ["index_low", "index_high", "rank_low", "rank_high"]
    assert found.ranges[method].equals(certain.ranges[method])
    # one of five areas of one of two pillars moves by 8, one tenth of which the index does
    drawn = made.draws["s_mobility"]["a"].clip(upper=100.0)
    ends = found.ranges.loc["a", ["sampling_index_low", "sampling_index_high"]]
    assert ends.tolist() == close((90 + (np.quantile(drawn, [0.05, 0.95]) - 90) / 10).tolist())
    others = found.ranges.loc[list("bcd"), ["sampling_index_low", "sampling_index_high"]]
    assert others.to_numpy() == close(np.repeat([[45.0], [45.0], [20.0]], 2, axis=1))
    assert (found.ranges["sampling_rank_low"] == found.ranges["sampling_rank_high"]).all()


def test_without_data_error_the_interval_collapses():
    ranges = judged_shaky(shaky(0.0)).ranges
    assert ranges["sampling_index_low"].tolist() == close([90, 45, 45, 20])
    assert ranges["sampling_index_high"].tolist() == close([90, 45, 45, 20])


def test_types_and_the_worst_quarter_own_both_doubts():
    values = same_in_pillar([90, 10, 80, 8], [90, 12, 10, 8])
    certain, doubtful = (
        judged_shaky(shaky(spread, districts=("d",), key="t_mobility", values=values))
        for spread in (0.0, 400.0)
    )
    assert certain.types["d"] == "neglected"
    assert certain.ranges.loc["d", "worst_quarter"] > 0.8
    assert doubtful.ranges.loc["d", "worst_quarter"] < certain.ranges.loc["d", "worst_quarter"]
    assert "data" in doubtful.sensitivity.index
    every = shaky(
        90.0, districts=tuple("abcd"), values=same_in_pillar([52.0] * 4, [20, 80, 50, 55])
    )
    mixed = judged_shaky(every)
    still = judged_shaky(replace(every, draws={}))
    assert (mixed.probability.max(axis=1) <= still.probability.max(axis=1)).all()
    assert mixed.probability.max(axis=1).sum() < still.probability.max(axis=1).sum()


def test_a_nearly_equal_city_has_no_worst_quarter():
    found = judged(same_in_pillar([20, 22, 24, 26], [20, 22, 24, 26]))
    assert found.ranges["worst_quarter"].isna().all()
    assert found.ranges["rank_low"].notna().all()


def test_an_indicator_at_nil_does_not_make_nil_of_its_area():
    extra = definition("more", pillar="structures", area=AREAS[0])
    values = {key: [80.0, 20.0] for key in FOUR} | {"more": [0.0, 20.0]}
    found = judged(values, definitions=[*one_of_each(), extra])
    assert found.types.tolist() == ["integrated", "neglected"]
    assert found.ranges.loc["a", "index_low"] > 50


def test_published_ranks_lie_within_their_ranges_mostly():
    rng = np.random.default_rng(3)
    inside = []
    for seed in range(8):
        values = {key: rng.uniform(0, 100, 12) for key in FOUR}
        ranges = judged(values, seed=seed).ranges
        inside += ranges["rank"].between(ranges["rank_low"], ranges["rank_high"]).tolist()
        assert (ranges["index_low"] <= ranges["index_high"]).all()
    assert np.mean(inside) >= 0.95


def test_districts_without_index_do_not_take_a_rank():
    values = same_in_pillar([90, nan, 40], [90, 50, 40])
    assert judged(values).ranges["rank"].tolist() == close([1, nan, 2])
    assert judged(values).ranges["rank_high"].max() == 2


def test_the_same_seed_judges_the_same_and_another_one_nearly():
    rng = np.random.default_rng(5)
    values = {key: rng.uniform(0, 100, 6) for key in FOUR}
    first, again, other = (judged(values, seed=seed).ranges for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert not first.equals(other)
    assert (first["index_low"] - other["index_low"]).abs().max() < 3


@fast
@given(st.lists(st.tuples(*[st.integers(0, 100)] * 10), min_size=2, max_size=6), st.randoms())
def test_the_order_of_districts_changes_nothing(rows, random):
    at = random.sample(range(len(rows)), len(rows))
    plain = judged(dict(zip(FOUR, zip(*rows, strict=True), strict=True)))
    mixed = judged(dict(zip(FOUR, zip(*[rows[one] for one in at], strict=True), strict=True)))
    for name in ("scores", "ranges", "probability"):
        left, right = getattr(mixed, name).to_numpy(), getattr(plain, name).to_numpy()[at]
        assert left == close(right)
    assert mixed.types.tolist() == plain.types.iloc[at].tolist()
    assert mixed.gap_points == close(plain.gap_points)


# ---- weights for things that do not exist -------------------------------------------------


def test_every_weight_for_an_unknown_name_is_refused():
    weights = {"s_mobility": 1.0, "mobilty": 2.0, "structures.wifi": 1.0, "governance": 0.5}
    with pytest.raises(ConfigError, match="cannot be weighed") as refused:
        judgement.check_weights(weights, one_of_each())
    assert refused.value.faults == (
        "index.weights.mobilty: no such indicator, area or pillar",
        "index.weights.structures.wifi: no such indicator, area or pillar",
    )


def test_weights_for_indicators_areas_pillars_and_both_are_fine():
    names = ["t_mobility", "mobility", "structures", "technologies.governance"]
    judgement.check_weights(dict.fromkeys(names, 2.0), one_of_each())


def test_weights_that_leave_nothing_are_refused():
    with pytest.raises(DataError, match="all weights are 0 under: index"):
        judged(FOUR, weights=dict.fromkeys(PILLARS, 0.0))


# ---- the mean and the gap ------------------------------------------------------------------


def gap(value, population, **options):
    value, population = pd.Series(value, dtype=float), pd.Series(population, dtype=float)
    return judgement.gap(value, population, **options)


def test_the_mean_is_of_people_whose_value_is_known():
    value, population = pd.Series([10.0, 40, nan, 9, 9]), pd.Series([2.0, 1, 99, nan, 0])
    assert judgement.mean(value, population) == close((2 * 10 + 40) / 3)
    assert isnan(judgement.mean(value, population * nan))


def test_the_mean_of_people_who_are_alike_is_exactly_their_value():
    rng = np.random.default_rng(6)
    for _ in range(50):
        people = pd.Series(rng.uniform(1, 5000, 7))
        assert judgement.mean(pd.Series([100.0] * 7), people) == 100.0


def test_the_gap_is_between_people_not_districts():
    assert gap([10, 50, 90], [1, 98, 1]) == 0
    assert gap([10, 50, 90], [20, 60, 20]) == 90 - 10


def test_the_gap_averages_where_a_tenth_is_met_exactly():
    assert gap([0, 20, 60], [10, 80, 10]) == (20 + 60) / 2 - (0 + 20) / 2


def test_the_gap_between_other_shares_of_people():
    assert gap([0, 30, 60, 100], [25, 25, 25, 25], low=0.3, high=0.6) == 60 - 30


def test_the_gap_leaves_out_what_is_unknown_and_who_is_not_counted():
    assert gap([nan, 10, 90, 500, 700], [99, 50, 50, nan, 0]) == 90 - 10


def test_the_gap_of_nobody_is_unknown():
    assert isnan(gap([1, 2], [nan, 0]))
    assert isnan(gap([nan], [5]))
    assert isnan(gap([], []))


# ---- inequality ---------------------------------------------------------------------------

ABOUT = ["mean", "coverage", "ratio", "gini", "absolute_gini", "theil_total", "atkinson"]


def measured(one, values, *, of_cells=None, inner=None, min_coverage=0.8, beside=(), **columns):
    """Measures of one indicator over districts a, b, ... or over cells."""
    districts = units(list("abcdefghi")[: len(values[one.id])], **columns)
    found = judgement.inequality_of(
        evaluation(
            values,
            districts.index,
            of_cells=of_cells,
            cell_index=() if inner is None else inner.index,
        ),
        [one, *beside],
        cells=inner,
        districts=districts,
        min_coverage=min_coverage,
    )
    return found.loc[one.id]


def test_a_ratio_scale_gets_the_relative_measures():
    row = measured(definition("x"), {"x": [10, 30]}, population=[50.0, 50.0])
    assert row["mean"] == close(20)
    assert row["coverage"] == 1
    assert row["ratio"] == close(30 / 10)
    assert row["gini"] == close(0.5 * 0.5 * (30 - 10) / 20)
    assert row["absolute_gini"] == close(20 * 0.25)
    assert row["theil_total"] == close(0.5 * (0.5 * log(0.5) + 1.5 * log(1.5)))
    assert row["atkinson"] == close(1 - ((10**0.5 + 30**0.5) / 2) ** 2 / 20)
    assert row[["theil_between", "theil_within", "palma", "concentration"]].isna().all()


def test_a_share_gets_the_absolute_gini_and_no_relative_measure():
    row = measured(definition("x", scale="share"), {"x": [0.2, 0.8]}, population=[50.0, 50.0])
    assert row["absolute_gini"] == close(0.25 * 0.6)
    assert row[["gini", "theil_total", "atkinson", "palma"]].isna().all()
    other_way = measured(definition("x", scale="share"), {"x": [0.8, 0.2]}, population=[50.0, 50.0])
    assert other_way["absolute_gini"] == close(row["absolute_gini"])


def test_an_interval_scale_with_negatives_gets_what_makes_sense():
    one = definition("x", scale="interval")
    row = measured(one, {"x": [-10.0, 30.0]}, population=[50.0, 50.0])
    assert row[["mean", "coverage"]].tolist() == close([10, 1])
    assert row["kolm_pollak_ede"] < 10
    assert row[["ratio", "gini", "absolute_gini", "theil_total", "atkinson"]].isna().all()


def test_an_interval_scale_below_zero_on_average_does_not_raise():
    one = definition("x", scale="interval")
    row = measured(one, {"x": [-10.0, -30.0]}, population=[50.0, 50.0])
    assert row["mean"] == close(-20)
    assert row.drop(["mean", "coverage"]).isna().all()


def test_negative_values_on_a_ratio_scale_are_refused_by_name():
    with pytest.raises(DataError, match="x: negative in a"):
        measured(definition("x"), {"x": [-1.0, 3.0]}, population=[50.0, 50.0])


def test_values_that_are_zero_everywhere_have_no_relative_measure():
    row = measured(definition("x"), {"x": [0.0, 0.0]}, population=[50.0, 50.0])
    assert row[["mean", "coverage", "absolute_gini"]].tolist() == [0, 1, 0]
    assert row[["ratio", "gini", "theil_total", "atkinson", "kolm_pollak_ede"]].isna().all()


def test_burdens_are_compared_the_other_way_round():
    one = definition("x", better="lower", goalposts=(100.0, 0.0))
    row = measured(one, {"x": [5.0, 20.0]}, population=[50.0, 50.0])
    assert row["ratio"] == close(5 / 20)
    assert row["kolm_pollak_ede"] > row["mean"]


def test_people_are_weighed_not_districts():
    row = measured(definition("x"), {"x": [10.0, 30.0]}, population=[10.0, 90.0])
    assert row["mean"] == close(0.1 * 10 + 0.9 * 30)


def test_an_indicator_of_households_weighs_by_households():
    one = definition("x", base="households")
    row = measured(one, {"x": [10.0, 30.0]}, population=[50.0, 50.0], households=[30.0, 10.0])
    assert row["mean"] == close((30 * 10 + 10 * 30) / 40)


def test_an_indicator_of_households_weighs_by_persons_where_those_are_not_counted():
    one = definition("x", base="households")
    for columns in ({}, {"households": [nan, nan]}):
        row = measured(one, {"x": [10.0, 30.0]}, population=[90.0, 10.0], **columns)
        assert row["mean"] == close(0.9 * 10 + 0.1 * 30)


def test_what_is_known_of_too_few_people_is_not_stated():
    row = measured(definition("x"), {"x": [10.0, nan]}, population=[79.0, 21.0])
    assert row["coverage"] == close(0.79)
    assert row.drop("coverage").isna().all()
    row = measured(definition("x"), {"x": [10.0, nan]}, population=[80.0, 20.0])
    assert row[["coverage", "mean"]].tolist() == close([0.8, 10])


def test_what_is_known_of_nobody_is_not_stated_even_without_a_minimum():
    row = measured(definition("x"), {"x": [nan, nan]}, population=[5.0, 5.0], min_coverage=0.0)
    assert row["coverage"] == 0
    assert row.drop("coverage").isna().all()


def test_districts_with_unknown_people_are_left_out():
    row = measured(definition("x"), {"x": [10.0, 30.0, 99.0]}, population=[50.0, 50.0, nan])
    assert row[["mean", "coverage"]].tolist() == close([20, 1])


@pytest.mark.parametrize("columns", [{}, {"population": [nan, nan]}, {"population": [0.0, 0.0]}])
def test_without_people_nothing_of_people_is_stated(columns):
    row = measured(definition("x"), {"x": [10.0, 30.0]}, **columns)
    assert row.isna().all()


def test_negative_people_are_refused():
    with pytest.raises(DataError, match="population: negative or infinite in b"):
        measured(definition("x"), {"x": [10.0, 30.0]}, population=[50.0, -50.0])


def test_coverage_of_everybody_is_exactly_one():
    rng = np.random.default_rng(2)
    people = np.where(rng.random(400) < 0.2, 0.0, rng.uniform(0, 900, 400))
    ids = [f"u{at}" for at in range(400)]
    for size in range(20, 400, 7):
        districts = units(ids[:size], population=people[:size])
        found = judgement.inequality_of(
            evaluation({"x": np.ones(size)}, districts.index),
            [definition("x")],
            cells=None,
            districts=districts,
            min_coverage=0.8,
        )
        assert found.loc["x", "coverage"] == 1.0


def test_at_cells_inequality_between_and_within_districts_adds_up():
    inner = cells(list("aabb"), population=[10.0, 30.0, 20.0, 40.0])
    value = [1.0, 5.0, 2.0, 8.0]
    row = measured(
        definition("x", level="cell"), {"x": [4.0, 6.0]}, of_cells={"x": value}, inner=inner
    )
    people = np.array([10, 30, 20, 40]) / 100
    mean = float(people @ value)
    relative = np.array(value) / mean
    assert row["mean"] == close(mean)
    assert row["theil_total"] == close(float(people @ (relative * np.log(relative))))
    between = [0.4 * (4 / mean) * log(4 / mean), 0.6 * (6 / mean) * log(6 / mean)]
    assert row["theil_between"] == close(sum(between))
    assert row["theil_between"] + row["theil_within"] == close(row["theil_total"])
    assert row["gini"] == inequality.gini(
        pd.Series(value, index=inner.index), population=inner["population"]
    )


@fast
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.floats(0.1, 99), st.floats(0.5, 99)), min_size=2)
)
def test_theil_of_cells_adds_up_in_any_city(rows):
    district, value, people = (list(one) for one in zip(*rows, strict=True))
    row = measured(
        definition("x", level="cell"),
        {"x": [1.0, 1.0]},
        of_cells={"x": value},
        inner=cells(district, population=people),
    )
    assert row["theil_between"] + row["theil_within"] == pytest.approx(row["theil_total"], abs=1e-9)


def test_cells_outside_every_district_do_not_count():
    inner = cells(["a", "b", None], population=[50.0, 50.0, 900.0])
    row = measured(
        definition("x", level="cell"), {"x": [1.0, 3.0]}, of_cells={"x": [1, 3, 77]}, inner=inner
    )
    assert row[["mean", "coverage"]].tolist() == close([2, 1])


def test_cells_weigh_by_the_base_of_the_indicator():
    inner = cells(["a", "b"], population=[50.0, 50.0], households=[30.0, 10.0])
    one = definition("x", level="cell", base="households")
    row = measured(one, {"x": [1.0, 3.0]}, of_cells={"x": [1.0, 3.0]}, inner=inner)
    assert row["mean"] == close((30 * 1 + 10 * 3) / 40)


def test_no_indicators_make_an_empty_table():
    districts = units(["a"], population=[5.0])
    found = judgement.inequality_of(
        evaluation({}, districts.index), [], cells=None, districts=districts, min_coverage=0.8
    )
    assert found.empty
    assert set(ABOUT) < set(found.columns)


# ---- rich and poor ------------------------------------------------------------------------

POVERTY = {"poverty": [0.1, 0.3, 0.5]}
THREE = {"population": [100.0, 100.0, 100.0]}


def test_a_value_that_gathers_where_poverty_is_low_is_concentrated_among_the_rich():
    row = measured(definition("x"), {"x": [6, 3, 0], **POVERTY}, beside=[stratifier()], **THREE)
    # twice the covariance of value and mid-rank 5/6, 3/6, 1/6, over the mean
    assert row["concentration"] == close(2 * (6 * 2 / 6 + 0 * -2 / 6) / 3 / 3)
    reverse = measured(definition("x"), {"x": [0, 3, 6], **POVERTY}, beside=[stratifier()], **THREE)
    assert reverse["concentration"] == close(-row["concentration"])


def test_the_palma_ratio_compares_the_richest_tenth_with_the_poorest_forty_percent():
    row = measured(definition("x"), {"x": [6, 3, 1], **POVERTY}, beside=[stratifier()], **THREE)
    poorest = (100 * 1 + 20 * 3) / 120
    assert row["palma"] == close(6 / poorest)


def test_a_share_is_concentrated_by_its_bounds():
    one = definition("x", scale="share")
    row = measured(one, {"x": [0.9, 0.5, 0.1], **POVERTY}, beside=[stratifier()], **THREE)
    assert row["concentration"] == close(4 * 2 * (0.9 * 2 / 6 + 0.1 * -2 / 6) / 3)
    assert isnan(row["palma"])


def test_income_ranks_the_other_way_round_than_poverty():
    income = stratifier("income", better="higher", scale="ratio")
    row = measured(definition("x"), {"x": [6, 3, 0], "income": [1, 2, 3]}, beside=[income], **THREE)
    assert row["concentration"] < 0


def test_cells_are_ranked_by_the_poverty_of_their_district():
    inner = cells(["a", "a", "b"], population=[50.0, 50.0, 100.0])
    row = measured(
        definition("x", level="cell"),
        {"x": [4.0, 1.0], "poverty": [0.1, 0.4]},
        of_cells={"x": [2.0, 6.0, 1.0]},
        inner=inner,
        beside=[stratifier()],
        population=[100.0, 100.0],
    )
    assert row["concentration"] == close(2 * (0.5 * 4 * 0.25 - 0.5 * 1 * 0.25) / 2.5)


def test_without_a_full_ranking_nothing_is_said_of_rich_and_poor():
    values = {"x": [6.0, 3.0, 1.0], "poverty": [0.1, nan, 0.5]}
    row = measured(definition("x"), values, beside=[stratifier()], **THREE)
    assert row[["palma", "concentration"]].isna().all()
    assert row["gini"] > 0


def test_an_indicator_on_an_interval_scale_is_not_set_against_poverty():
    one = definition("x", scale="interval")
    row = measured(one, {"x": [6, 3, 1], **POVERTY}, beside=[stratifier()], **THREE)
    assert row[["palma", "concentration"]].isna().all()


# ---- how far error in the data could move inequality ------------------------------------------


def test_a_gap_that_error_in_the_data_could_have_made_names_nobody_as_worst_served():
    values = same_in_pillar([40, 52, 48, 50], [40, 52, 48, 50])
    index = pd.Index(list("abcd"), name="unit_id", dtype=object)
    made = evaluation(values, index)
    # Published values lie 12 apart; true ones within 3 of each other as likely as not
    near = pd.DataFrame(np.tile([[48.0, 49, 50, 51]], (100, 1)), columns=index)
    far = pd.DataFrame(np.tile([[40.0, 52, 48, 50]], (100, 1)), columns=index)
    half = pd.concat([near, far], ignore_index=True)
    often = pd.concat([near.iloc[:2], far.iloc[2:]], ignore_index=True)
    most = pd.concat([near.iloc[:1], far.iloc[1:]], ignore_index=True)
    worst = {
        name: judged_shaky(replace(made, draws=dict.fromkeys(values, table))).ranges
        for name, table in {
            "near": near,
            "far": far,
            "half": half,
            "often": often,
            "most": most,
        }.items()
    }
    assert worst["near"]["worst_quarter"].isna().all()
    assert worst["half"]["worst_quarter"].isna().all()
    assert worst["often"]["worst_quarter"].isna().all()
    assert worst["far"].loc["a", "worst_quarter"] > 0.95
    certain = judged_shaky(made).ranges["worst_quarter"]
    assert worst["far"]["worst_quarter"].tolist() == close(certain.tolist())
    assert worst["most"].loc["a", "worst_quarter"] == close(0.99 * certain["a"])


def sampled(made, *, definitions, inner=None, sample=False, people=None):
    districts = units(list("abcd"), population=people or [100.0, 200.0, 300.0, 400.0])
    measures = judgement.inequality_of(
        made, definitions, cells=inner, districts=districts, min_coverage=0.8
    )
    return judgement.sampling_of(
        made,
        definitions,
        measures=measures,
        cells=inner,
        districts=districts,
        sample=sample,
        draws=60,
        seed=3,
    )


def test_inequality_between_districts_has_the_interval_of_their_posterior():
    made = shaky(4.0, districts=tuple("abcd"))
    found = sampled(made, definitions=one_of_each()).loc["s_mobility"]
    people = pd.Series([100.0, 200.0, 300.0, 400.0], index=list("abcd"))
    value = made.districts["s_mobility"]
    for name in ("gini", "absolute_gini"):
        own = inequality.posterior(
            getattr(inequality, name), made.draws["s_mobility"], population=people, value=value
        )
        assert found[[f"{name}_low", f"{name}_high"]].tolist() == close([own.low, own.high])
    means = np.average(made.draws["s_mobility"], axis=1, weights=people)
    ends = np.quantile(means, [0.05, 0.95], method="weibull")
    assert found[["mean_low", "mean_high"]].tolist() == close(ends.tolist())


def test_complete_counts_have_no_interval():
    made = shaky(4.0, districts=tuple("abcd"))
    table = sampled(made, definitions=one_of_each())
    assert table.drop(index="s_mobility").isna().all(axis=None)
    inner = cells(list("aabbccdd"), population=[50.0] * 8)
    walk = definition("walk", level="cell")
    found = evaluation(
        {"walk": [1, 2, 3, 4]},
        pd.Index(list("abcd"), name="unit_id"),
        of_cells={"walk": np.arange(1.0, 9.0)},
        cell_index=inner.index,
    )
    assert sampled(found, definitions=[walk], inner=inner).isna().all(axis=None)
    drawn = sampled(found, definitions=[walk], inner=inner, sample=True).loc["walk"]
    own = inequality.bootstrap(
        inequality.gini,
        found.cells["walk"],
        population=inner["population"],
        strata=inner["district_id"],
        draws=60,
        rng=np.random.default_rng(3),
    )
    assert drawn[["gini_low", "gini_high"]].tolist() == close([own.low, own.high])
    assert drawn["mean_low"] < 4.5 < drawn["mean_high"]
