"""The inequality measures: closed forms, properties, and what they refuse."""

from functools import partial
from inspect import isfunction, signature
from math import exp, isnan, log, nan, sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import trapezoid

from geoequity import inequality as iq
from geoequity.errors import DataError

fast = settings(deadline=None, max_examples=30)


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


def column(*numbers, name=None):
    ids = [f"u{at}" for at in range(len(numbers))]
    return pd.Series(numbers, index=ids, dtype=float, name=name)


def alike(frame, at):
    """Rows of a world in the order of `at`, under fresh ids."""
    return frame.iloc[list(at)].reset_index(drop=True).rename(index="v{}".format)


def nested(world):
    """Groups and finer groups inside them."""
    finer = world["group"] + world["rank"].astype(str)
    return pd.DataFrame({"zone": world["group"], "district": finer.where(world["group"].notna())})


def area(curve):
    """Area under a curve of shares."""
    return float(trapezoid(curve["value_share"], curve["population_share"]))


# Each measure as a function of a world: value, population, rank, group.
MEASURES = {
    "gini": lambda w: iq.gini(w.value, population=w.population),
    "extended_gini": lambda w: iq.extended_gini(w.value, population=w.population, nu=3.5),
    "extended_gini_burden": lambda w: iq.extended_gini(
        w.value, population=w.population, nu=3.5, better="lower"
    ),
    "absolute_gini": lambda w: iq.absolute_gini(w.value, population=w.population),
    "hoover": lambda w: iq.hoover(w.value, population=w.population),
    "theil": lambda w: iq.theil(w.value, population=w.population).total,
    "theil_between": lambda w: iq.theil(w.value, population=w.population, groups=w.group).between,
    "theil_finer": lambda w: iq.theil(
        w.value, population=w.population, groups=nested(w)
    ).by_level.iloc[1],
    "theil_l": lambda w: iq.theil_l(w.value + 1, population=w.population).total,
    "theil_l_within": lambda w: (
        iq.theil_l(w.value + 1, population=w.population, groups=w.group).within
    ),
    "palma_ratio": lambda w: iq.palma_ratio(w.value + 1, population=w.population, rank=w["rank"]),
    "concentration_index": lambda w: iq.concentration_index(
        w.value, population=w.population, rank=w["rank"]
    ),
    "erreygers": lambda w: iq.concentration_index(
        w.value, population=w.population, rank=w["rank"], method="erreygers", bounds=(0, 2000)
    ),
    "wagstaff": lambda w: iq.concentration_index(
        w.value, population=w.population, rank=w["rank"], method="wagstaff", bounds=(0, 2000)
    ),
    "atkinson_half": lambda w: iq.atkinson(w.value, population=w.population, epsilon=0.5),
    "atkinson_two": lambda w: iq.atkinson(w.value + 1, population=w.population, epsilon=2),
    "kolm_pollak_ede": lambda w: iq.kolm_pollak_ede(w.value, population=w.population, epsilon=1),
    "kolm_pollak_burden": lambda w: iq.kolm_pollak_index(
        w.value, population=w.population, epsilon=1, better="lower"
    ),
    "fgt": lambda w: iq.fgt(w.value, population=w.population, line=400, alpha=1.5),
    "fgt_burden": lambda w: iq.fgt(
        w.value, population=w.population, line=400, alpha=1.5, better="lower"
    ),
    "sufficiency": lambda w: iq.sufficiency(
        w.value, population=w.population, thresholds=[300, 400]
    )["shortfall"].sum(),
    "concentration_curve": lambda w: area(
        iq.concentration_curve(w.value, population=w.population, rank=w["rank"])
    ),
    "lorenz": lambda w: area(iq.lorenz(w.value, population=w.population)),
    "median": lambda w: iq.quantile(w.value, population=w.population, q=0.5),
    "percentile_gap": lambda w: iq.percentile_gap(w.value, population=w.population),
    "percentile_ratio": lambda w: iq.percentile_ratio(w.value + 1, population=w.population),
    "tenths_gap": lambda w: iq.tenths(w.value, population=w.population).gap,
    "tenths_ratio": lambda w: iq.tenths(w.value + 1, population=w.population).ratio,
    "wolfson": lambda w: iq.wolfson(w.value + 1, population=w.population),
}
RELATIVE = ("gini", "extended_gini", "hoover", "theil", "atkinson_half", "concentration_index")


@st.composite
def worlds(draw, *, least=1, positive=False):
    """Up to nine units with people, a value that is not 0 everywhere, rank and group."""
    number = st.floats(0.01, 1000) if positive else st.just(0.0) | st.floats(0.01, 1000)
    row = st.tuples(number, st.integers(1, 500), st.integers(1, 4), st.sampled_from("xyz"))
    rows = draw(st.lists(row, min_size=least, max_size=9))
    world = pd.DataFrame(rows, columns=["value", "population", "rank", "group"])
    assume(world["value"].any())
    return world.rename(index="u{}".format).astype({"population": float, "rank": float})


# ---- all together ----------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["ratio", "share", "interval"])
@given(
    world=worlds(), epsilon=st.floats(0.1, 3), better=st.sampled_from(["higher", "lower"]),
    ranked=st.booleans(), split=st.booleans(),
)  # fmt: skip
def test_measures_give_each_as_its_own_function_does(scale, world, epsilon, better, ranked, split):
    value = world.value / 1000 if scale == "share" else world.value
    people, rank = {"population": world.population}, world["rank"]
    groups = world.group if split else None
    found = iq.measures(
        value,
        **people,
        scale=scale,
        epsilon=epsilon,
        better=better,
        groups=groups,
        rank=rank if ranked else None,
    )
    theil = iq.theil(value, **people, groups=groups)
    bounded = {"method": "erreygers", "bounds": (0, 1)} if scale == "share" else {}
    leans = iq.concentration_index(value, **people, rank=rank, **bounded)
    ratio, on_ranks = scale == "ratio", ranked and scale != "interval"
    assert found == {
        "mean": iq.mean(value, **people),
        "ratio": close(iq.tenths(value, **people, better=better).ratio),
        "gini": iq.gini(value, **people) if ratio else close(nan),
        "absolute_gini": iq.absolute_gini(value, **people),
        "palma": close(iq.palma_ratio(value, **people, rank=rank) if ratio and ranked else nan),
        "theil_total": theil.total if ratio else close(nan),
        "theil_between": theil.between if ratio and split else close(nan),
        "theil_within": theil.within if ratio and split else close(nan),
        "atkinson": iq.atkinson(value, **people, epsilon=epsilon) if ratio else close(nan),
        "kolm_pollak_ede": iq.kolm_pollak_ede(value, **people, epsilon=epsilon, better=better),
        "concentration": leans if on_ranks else close(nan),
    }


def test_measures_leave_out_what_makes_no_sense_of_the_values_and_the_ranks():
    people = {"population": column(1, 1, 1), "epsilon": 0.5}
    below = iq.measures(column(-3, 0, 1), **people, scale="interval", rank=column(1, 2, 3))
    assert {key for key, one in below.items() if not isnan(one)} == {"mean"}
    nothing = iq.measures(column(0, 0, 0), **people, scale="ratio", rank=column(1, 2, 3))
    assert {key for key, one in nothing.items() if not isnan(one)} == {"mean", "absolute_gini"}
    unranked = iq.measures(column(1, 2, 3), **people, scale="ratio", rank=column(1, nan, 3))
    assert isnan(unranked["palma"])
    assert isnan(unranked["concentration"])
    with pytest.raises(DataError, match="scale: must be ratio, share or interval, not 'points'"):
        iq.measures(column(1, 2, 3), **people, scale="points")


# ---- closed forms -------------------------------------------------------------------------


def test_gini_counts_people_not_units():
    # 3 of 4 people have 0 and one has all: 1 - 1/4
    assert iq.gini(column(0, 8), population=column(3, 1)) == close(1 - 1 / 4)
    assert iq.gini(column(0, 8), population=column(1, 3)) == close(1 - 3 / 4)


def test_gini_of_people_who_are_alike_is_exactly_0():
    assert iq.gini(column(0.1, 0.1, 0.1), population=column(0.1, 0.2, 0.7)) == 0
    assert iq.hoover(column(0.1, 0.1, 0.1), population=column(0.1, 0.2, 0.7)) == 0
    assert iq.theil(column(0.1, 0.1, 0.1), population=column(0.1, 0.2, 0.7)).total == 0
    assert iq.gini(column(7), population=column(1)) == 0


def test_extended_gini_is_the_gini_at_two_and_nears_the_least_value():
    value, population = column(1, 2, 5), column(20, 30, 50)
    mean = (20 * 1 + 30 * 2 + 50 * 5) / 100
    assert iq.extended_gini(value, population=population, nu=2) == close(
        iq.gini(value, population=population)
    )
    # welfare: the value of the worst-off of three people drawn at random
    worst = 1 * (1 - 0.8**3) + 2 * (0.8**3 - 0.5**3) + 5 * 0.5**3
    assert iq.extended_gini(value, population=population, nu=3) == close(1 - worst / mean)
    assert iq.extended_gini(value, population=population, nu=500) == close(1 - 1 / mean)


def test_absolute_gini_is_half_the_mean_difference_also_of_all_zeros():
    assert iq.absolute_gini(column(1, 4), population=column(1, 1)) == close(3 * 0.5 / 2)
    assert iq.absolute_gini(column(0, 0), population=column(1, 1)) == 0


def test_hoover_is_what_must_change_hands():
    # mean 4; the one above holds 6 too many of 12
    assert iq.hoover(column(1, 1, 10), population=column(1, 1, 1)) == close(6 / 12)


def test_wolfson_sets_two_camps_apart():
    people = column(1, 1, 1, 1)
    assert iq.wolfson(column(0, 0, 2, 2), population=people) == close(0.5)
    assert iq.wolfson(column(3, 3, 3, 3), population=people) == close(0)
    # mean 2.5, lower half 1.5 on average, half the mean difference 0.625, median 2.5
    assert iq.wolfson(column(1, 2, 3, 4), population=people) == close((2.5 - 1.5 - 0.625) / 2.5)


def test_lorenz_runs_from_nothing_to_all():
    curve = iq.lorenz(column(6, nan, 2, 9), population=column(1, 5, 3, 0))
    assert curve["population_share"].tolist() == [0, 3 / 4, 1]
    assert curve["value_share"].tolist() == [0, 6 / 12, 1]


def test_concentration_curve_rises_above_the_diagonal_where_the_poor_have_more():
    value, population, income = (
        column(6, 2, 4, nan, 9),
        column(1, 2, 1, 5, 0),
        column(1, 2, 2, 3, 4),
    )
    curve = iq.concentration_curve(value, population=population, rank=income)
    # of 14 in all the poorest of four has 6, the other three, of one rank, have the rest
    assert curve["population_share"].tolist() == [0, 1 / 4, 1]
    assert curve["value_share"].tolist() == [0, close(6 / 14), 1]
    with_line = iq.concentration_curve(value, population=population, rank=value.fillna(0))
    pd.testing.assert_frame_equal(with_line, iq.lorenz(value, population=population))


def test_coverage_is_the_share_of_people_whose_value_is_known():
    assert iq.coverage(column(1, nan, -2), population=column(10, 30, 60)) == close(0.7)
    assert iq.coverage(column(nan, nan), population=column(10, 30)) == 0
    assert iq.coverage(column(5, nan), population=column(10, nan)) == 1


def test_theil_splits_between_and_within_districts():
    value, population = column(3, 3, 0, 2), column(1, 1, 1, 1)
    groups = pd.Series(["south", "south", "north", "north"], index=value.index, name="district")
    split = iq.theil(value, population=population, groups=groups)
    # mean 2; north has mean 1, south 3; 0 log 0 = 0
    assert split.between == close((0.5 * log(0.5) + 1.5 * log(1.5)) / 2)
    assert split.by_group.to_dict() == {"north": close(log(2)), "south": close(0)}
    assert split.within == close(0.25 * log(2))
    assert split.total == close((1 * log(1) + 2 * 1.5 * log(1.5)) / 4)
    assert split.by_group.index.tolist() == ["north", "south"]
    assert split.by_group.name == "district"


def test_theil_l_weighs_groups_by_people():
    value, population = column(1, 3, 4), column(1, 1, 2)
    groups = pd.Series(["x", "x", "y"], index=value.index)
    split = iq.theil_l(value, population=population, groups=groups)
    assert split.total == close(log(3) - (log(1) + log(3) + 2 * log(4)) / 4)
    assert split.by_group["x"] == close(log(2) - log(3) / 2)
    assert split.within == close(0.5 * split.by_group["x"])
    assert split.between == close(log(3) - (log(2) + log(4)) / 2)


def test_theil_of_a_group_that_holds_nothing_is_unknown_and_adds_nothing():
    value, population = column(0, 0, 5), column(1, 1, 2)
    groups = pd.Series(["x", "x", "y"], index=value.index)
    split = iq.theil(value, population=population, groups=groups)
    assert isnan(split.by_group["x"])
    assert (split.within, split.total) == (close(0), close(log(2)))


def test_theil_without_groups_has_all_of_it_within():
    split = iq.theil(column(1, 3), population=column(1, 1))
    assert (split.between, split.within) == (0, split.total)
    assert split.by_group.empty


def test_theil_splits_nested_groups_level_by_level():
    value, population = column(1, 3, 4, 8), column(2, 1, 1, 1)
    groups = pd.DataFrame(
        {"zone": list("aabb"), "district": list("wwxy"), "block": [1, 2, 3, 4]}, value.index
    )
    mean = 17 / 5
    split = iq.theil_l(value, population=population, groups=groups)
    zone = log(mean) - (3 * log(5 / 3) + 2 * log(6)) / 5
    district = (2 * log(6) - log(4) - log(8)) / 5
    block = (3 * log(5 / 3) - log(3)) / 5
    assert split.by_level.index.tolist() == ["zone", "district", "block"]
    assert split.by_level.tolist() == [close(zone), close(district), close(block)]
    assert (split.between, split.within) == (close(split.total), close(0))
    assert split.by_group.to_dict() == {1: 0, 2: 0, 3: 0, 4: 0}  # groups of one are alike
    of_zones = iq.theil_l(value, population=population, groups=groups["zone"])
    assert of_zones.by_level.to_dict() == {"zone": of_zones.between}
    assert of_zones.between == close(zone)
    # by Theil T the parts weigh by what groups hold: zone a has 5 of 17
    split = iq.theil(value, population=population, groups=groups[["zone", "district"]])
    own = (2 * 0.6 * log(0.6) + 1.8 * log(1.8)) / 3
    assert split.within == close(5 / 17 * own)
    assert split.by_level["district"] == close(
        12 / 17 * (2 / 3 * log(2 / 3) + 4 / 3 * log(4 / 3)) / 2
    )


def test_palma_splits_the_units_that_straddle():
    value, population, income = column(2, 6, 10), column(30, 65, 5), column(1, 2, 3)
    poor = (30 * 2 + 10 * 6) / 40
    rich = (5 * 6 + 5 * 10) / 10
    assert iq.palma_ratio(value, population=population, rank=income) == close(rich / poor)


def test_palma_takes_units_of_equal_rank_together():
    value, population, income = column(0, 4, 8), column(40, 40, 20), column(1, 1, 2)
    assert iq.palma_ratio(value, population=population, rank=income) == close(8 / 2)


def test_ratios_over_nothing_are_unknown():
    value, population = column(0, 9), column(50, 50)
    assert isnan(iq.palma_ratio(value, population=population, rank=value))
    assert isnan(iq.percentile_ratio(value, population=population))
    assert isnan(iq.tenths(value, population=population).ratio)


def test_concentration_index_points_to_where_the_value_gathers():
    value, population, income = column(0, 10), column(50, 50), column(1, 2)
    assert iq.concentration_index(value, population=population, rank=income) == close(0.5)
    assert iq.concentration_index(value, population=population, rank=-income) == close(-0.5)
    level = iq.concentration_index(value, population=population, rank=column(3, 3))
    assert level == 0  # all of one rank


def test_concentration_index_gives_ties_the_mid_rank():
    value, population, income = column(1, 5, 6), column(1, 1, 2), column(1, 1, 2)
    # mean 4.5; ranks .25, .25, .75
    slope = 2 * ((1 - 4.5) * -0.25 + (5 - 4.5) * -0.25 + 2 * (6 - 4.5) * 0.25) / 4
    assert iq.concentration_index(value, population=population, rank=income) == close(slope / 4.5)


def test_bounded_concentration_indices_correct_for_floor_and_ceiling():
    value, population, income = column(0.2, 0.6), column(1, 1), column(1, 2)
    options = {"population": population, "rank": income, "bounds": (0, 1)}
    standard = 0.1 / 0.4  # twice the covariance, over the mean
    assert iq.concentration_index(value, method="erreygers", **options) == close(4 * 0.4 * standard)
    assert iq.concentration_index(value, method="wagstaff", **options) == close(
        standard / (1 - 0.4)
    )
    # the share of people without mirrors the share of people with
    for method in ("erreygers", "wagstaff"):
        without = iq.concentration_index(1 - value, method=method, **options)
        assert without == close(-iq.concentration_index(value, method=method, **options))


def test_atkinson_uses_the_power_mean():
    value, population = column(1, 4), column(1, 1)
    assert iq.atkinson(value, population=population, epsilon=1) == close(1 - 2 / 2.5)
    assert iq.atkinson(value, population=population, epsilon=2) == close(1 - 1.6 / 2.5)
    assert iq.atkinson(value, population=population, epsilon=0.5) == close(1 - 2.25 / 2.5)
    # the limit is the value of the worst-off, also where powers of it overflow
    far = iq.atkinson(column(1, 4000), population=population, epsilon=400)
    assert far == close(1 - 0.5 ** (1 / (1 - 400)) / 2000.5)


def test_atkinson_is_smooth_where_the_formula_changes():
    value, population = column(1, 4, 100), column(1, 5, 1)
    at_one = iq.atkinson(value, population=population, epsilon=1)
    for epsilon in (1 - 1e-9, 1 + 1e-9, 1 - 1e-15):
        assert iq.atkinson(value, population=population, epsilon=epsilon) == pytest.approx(
            at_one, abs=1e-7
        )


def test_atkinson_with_a_zero_gives_up_everything_from_epsilon_one():
    value, population = column(0, 4), column(1, 3)
    assert iq.atkinson(value, population=population, epsilon=1) == 1
    assert iq.atkinson(value, population=population, epsilon=3) == 1
    assert iq.atkinson(value, population=population, epsilon=0.5) == close(1 - 0.75**2 / 0.75)


def test_kolm_pollak_judges_goods_below_and_burdens_above_the_mean():
    value, population = column(1, 3), column(1, 1)
    kappa = 4 / 10
    assert iq.kolm_pollak_kappa(value, population=population, epsilon=1) == close(kappa)
    good = iq.kolm_pollak_ede(value, population=population, epsilon=1)
    burden = iq.kolm_pollak_ede(value, population=population, epsilon=1, better="lower")
    assert good == close(-log((exp(-kappa) + exp(-3 * kappa)) / 2) / kappa)
    assert burden == close(log((exp(kappa) + exp(3 * kappa)) / 2) / kappa)
    index = iq.kolm_pollak_index(value, population=population, epsilon=1, better="lower")
    assert index == close(burden - 2)
    assert iq.kolm_pollak_index(value, population=population, epsilon=1) == close(2 - good)


def test_kolm_pollak_takes_the_sign_of_kappa_from_better():
    value, population = column(1, 3), column(1, 1)
    kappa = iq.kolm_pollak_kappa(value, population=population, epsilon=1, better="lower")
    assert kappa == close(-0.4)
    signed, unsigned = (
        iq.kolm_pollak_ede(value, population=population, epsilon=1, better="lower", kappa=one)
        for one in (kappa, -kappa)
    )
    assert signed == unsigned


def test_kolm_pollak_survives_huge_values():
    ede = iq.kolm_pollak_ede(column(1, 1e6), population=column(1, 1), epsilon=1, kappa=1)
    assert ede == close(1 + log(2))


def test_fgt_counts_depth_below_the_line():
    value, population = column(0, 5, 10, 20), column(10, 20, 30, 40)
    measured = [iq.fgt(value, population=population, line=10, alpha=one) for one in (0, 1, 2)]
    assert measured == [close(0.3), close(0.1 * 1 + 0.2 * 0.5), close(0.1 * 1 + 0.2 * 0.25)]
    assert iq.fgt(column(-10, 20), population=column(1, 1), line=10, alpha=1) == close(1)


def test_fgt_of_a_burden_counts_what_exceeds_the_line():
    minutes, population = column(5, 10, 15, 40), column(10, 20, 30, 40)
    options = {"population": population, "line": 10, "better": "lower"}
    measured = [iq.fgt(minutes, alpha=one, **options) for one in (0, 1, 2)]
    assert measured == [close(0.7), close(0.3 * 0.5 + 0.4 * 3), close(0.3 * 0.25 + 0.4 * 9)]


def test_extended_gini_of_a_burden_minds_those_who_bear_most():
    minutes, population = column(1, 2, 5), column(20, 30, 50)
    mean = (20 * 1 + 30 * 2 + 50 * 5) / 100
    worst = 1 * 0.2**3 + 2 * (0.5**3 - 0.2**3) + 5 * (1 - 0.5**3)  # of three people at random
    options = {"population": population, "better": "lower"}
    assert iq.extended_gini(minutes, nu=3, **options) == close(worst / mean - 1)
    assert iq.extended_gini(minutes, nu=500, **options) == close(5 / mean - 1)
    assert iq.extended_gini(minutes, nu=2, **options) == close(
        iq.gini(minutes, population=population)
    )


def test_sufficiency_counts_who_has_enough_and_what_the_rest_lack():
    value, population = column(0, 5, 10, nan), column(10, 30, 60, 7)
    good = iq.sufficiency(value, population=population, thresholds=[10, 5, 2.5])
    assert good.index.tolist() == [10, 5, 2.5]
    assert good.index.name == "threshold"
    assert good["people"].tolist() == [60, 90, 90]
    assert good["share"].tolist() == [0.6, 0.9, 0.9]
    assert good["people_short"].tolist() == [40, 10, 10]
    assert good["share_short"].tolist() == [0.4, 0.1, 0.1]
    assert good["shortfall"].tolist() == [close(0.1 * 10 + 0.3 * 5), close(0.5), close(0.25)]
    burden = iq.sufficiency(value, population=population, thresholds=(5,), better="lower")
    assert burden.iloc[0].tolist() == [40, 0.4, 60, 0.6, close(0.6 * 5)]


def test_quantile_averages_at_exact_steps():
    value, population = column(1, 2, 3, 4), column(1, 1, 1, 1)
    asked = {0: 1, 0.1: 1, 0.25: 1.5, 0.3: 2, 0.5: 2.5, 0.75: 3.5, 0.76: 4, 1: 4}
    for q, expected in asked.items():
        assert iq.quantile(value, population=population, q=q) == expected


def test_quantile_meets_a_step_that_floats_miss():
    value, population = column(*range(10)), column(*[0.1] * 10)
    assert iq.quantile(value, population=population, q=0.3) == 2.5
    assert iq.quantile(value, population=population, q=0.7) == 6.5
    assert iq.quantile(value, population=population, q=1 - 1e-13) == 9


def test_percentile_gap_is_the_distance_between_two_people():
    value, population = column(-2, 3, 9), column(20, 60, 20)
    assert iq.percentile_gap(value, population=population) == close(11)
    assert iq.percentile_gap(value, population=population, low=0.2) == close(9 - 0.5)
    assert iq.percentile_gap(value * 0 + 5, population=population) == 0
    with pytest.raises(DataError, match="low: must be less than high"):
        iq.percentile_gap(value, population=population, high=0.1, low=0.9)
    with pytest.raises(DataError, match=r"^high: .*1\.5"):
        iq.percentile_gap(value, population=population, high=1.5)


def test_percentile_ratio_compares_two_people():
    value, population = column(2, 5, 8), column(20, 60, 20)
    assert iq.percentile_ratio(value, population=population) == close(8 / 2)
    assert iq.percentile_ratio(value, population=population, high=0.5) == close(5 / 2)


def test_tenths_split_the_unit_that_straddles():
    value, population = column(2, 5, 8), column(5, 90, 5)
    good = iq.tenths(value, population=population)
    assert (good.best, good.worst) == (close(6.5), close(3.5))
    assert (good.ratio, good.gap) == (close(6.5 / 3.5), close(3))
    burden = iq.tenths(value, population=population, better="lower")
    assert (burden.best, burden.worst) == (good.worst, good.best)
    assert (burden.ratio, burden.gap) == (close(3.5 / 6.5), close(3))


def test_tenths_of_negative_values_have_a_gap_but_no_ratio():
    cold = iq.tenths(column(-2, 4), population=column(1, 1))
    assert cold.gap == close(6)
    assert isnan(cold.ratio)


# ---- properties ---------------------------------------------------------------------------


@given(world=worlds(), data=st.data())
@fast
def test_order_of_units_is_irrelevant(world, data):
    mixed = alike(world, data.draw(st.permutations(range(len(world)))))
    for name, measure in MEASURES.items():
        assert measure(mixed) == close(measure(world)), name


@given(world=worlds(), part=st.sampled_from([0.25, 0.5]), data=st.data())
@fast
def test_splitting_a_unit_changes_nothing(world, part, data):
    at = data.draw(st.integers(0, len(world) - 1))
    split = alike(world, [*range(len(world)), at])
    people = split.columns.get_loc("population")
    split.iloc[at, people] *= 1 - part
    split.iloc[-1, people] *= part
    for name, measure in MEASURES.items():
        assert measure(split) == close(measure(world)), name


@given(world=worlds(), times=st.sampled_from([0.001, 2, 30]))
@fast
def test_only_shares_of_people_matter(world, times):
    grown = world.assign(population=world["population"] * times)
    for name, measure in MEASURES.items():
        assert measure(grown) == close(measure(world)), name


@given(world=worlds())
@fast
def test_units_without_people_or_without_value_are_left_out(world):
    empty = pd.DataFrame(
        {"value": [900.0, 0.0, nan], "population": [0.0, 0.0, 400.0], "rank": [0.5, nan, nan]},
        index=["nobody", "nobody, no rank", "unknown"],
    ).assign(group=["x", None, None])
    longer = pd.concat([empty, world])
    for name, measure in MEASURES.items():
        assert measure(longer) == close(measure(world)), name


@given(world=worlds(), times=st.floats(0.001, 1000))
@fast
def test_relative_measures_ignore_the_scale(world, times):
    larger = world.assign(value=world["value"] * times)
    for name in (*RELATIVE, "extended_gini_burden", "theil_finer", "lorenz", "concentration_curve"):
        assert MEASURES[name](larger) == close(MEASURES[name](world)), name


@given(world=worlds(), times=st.floats(0.01, 100))
@fast
def test_absolute_measures_follow_the_scale(world, times):
    larger = world.assign(value=world["value"] * times)
    for name in ("absolute_gini", "kolm_pollak_ede", "kolm_pollak_burden", "median", "tenths_gap"):
        assert MEASURES[name](larger) == close(MEASURES[name](world) * times)


@given(world=worlds(least=2, positive=True), data=st.data())
@fast
def test_a_transfer_from_rich_to_poor_never_raises_inequality(world, data):
    rich, poor = data.draw(st.permutations(range(len(world))))[:2]
    if world["value"].iloc[rich] < world["value"].iloc[poor]:
        rich, poor = poor, rich
    people = world["population"]
    gap = world["value"].iloc[rich] - world["value"].iloc[poor]
    # as much as leaves the rich at or above the poor
    give = data.draw(st.floats(0, 1)) * gap / (1 / people.iloc[rich] + 1 / people.iloc[poor])
    after = world.copy()
    after.iloc[rich, 0] -= give / people.iloc[rich]
    after.iloc[poor, 0] += give / people.iloc[poor]
    kappa = iq.kolm_pollak_kappa(world["value"], population=people, epsilon=1)
    for better in ("higher", "lower"):
        cost = [
            iq.kolm_pollak_index(
                one["value"], population=people, epsilon=1, better=better, kappa=kappa
            )
            for one in (world, after)
        ]
        assert cost[1] <= cost[0] + 1e-6
    for name in (
        "gini",
        "extended_gini",
        "extended_gini_burden",
        "absolute_gini",
        "hoover",
        "theil",
        "theil_l",
        "atkinson_half",
        "atkinson_two",
    ):
        assert MEASURES[name](after) <= MEASURES[name](world) + 1e-9, name


@given(world=worlds())
@fast
def test_measures_keep_within_their_bounds(world):
    value, population = world["value"], world["population"]
    mean = np.average(value, weights=population)
    gini, hoover = MEASURES["gini"](world), MEASURES["hoover"](world)
    assert 0 <= hoover <= gini + 1e-12 < 1
    assert gini - 1e-12 <= MEASURES["extended_gini"](world) < 1
    assert MEASURES["absolute_gini"](world) == close(gini * mean)
    assert 0 <= MEASURES["theil"](world) <= log(population.sum() / population.min()) + 1e-9
    assert MEASURES["theil_l"](world) >= 0
    assert abs(MEASURES["concentration_index"](world)) <= gini + 1e-12
    assert abs(MEASURES["erreygers"](world)) <= 1
    assert abs(MEASURES["wagstaff"](world)) <= 1
    assert 0 <= MEASURES["atkinson_half"](world) < 1
    ede = MEASURES["kolm_pollak_ede"](world)
    assert value.min() - 1e-9 <= ede <= mean + 1e-9
    assert MEASURES["kolm_pollak_burden"](world) >= 0
    assert 0 <= MEASURES["fgt"](world) <= 1
    assert 0 <= MEASURES["fgt_burden"](world) <= (value.max() / 400) ** 1.5
    assert 0 <= MEASURES["extended_gini_burden"](world) <= 2.5


@given(world=worlds(), nu=st.floats(1.1, 9))
@fast
def test_a_burden_is_as_unequal_as_what_is_left_of_its_most(world, nu):
    value, options = world["value"], {"population": world["population"], "nu": nu}
    left = 1001 - value
    mean = np.average(value, weights=world["population"])
    burden = iq.extended_gini(value, better="lower", **options) * mean
    assert burden == close(iq.extended_gini(left, **options) * (1001 - mean))


@given(world=worlds(), better=st.sampled_from(["higher", "lower"]))
@fast
def test_sufficiency_is_the_poverty_at_each_line(world, better):
    value, population = world["value"], world["population"]
    enough = iq.sufficiency(value, population=population, thresholds=[50, 400], better=better)
    for line, row in enough.iterrows():
        options = {"population": population, "line": line, "better": better}
        assert row["share_short"] == close(iq.fgt(value, alpha=0, **options))
        assert row["shortfall"] == close(iq.fgt(value, alpha=1, **options) * line)
        assert row["people"] + row["people_short"] == close(population.sum())


@given(world=worlds())
@fast
def test_the_concentration_curve_holds_its_index(world):
    options = {"population": world["population"], "rank": world["rank"]}
    curve = iq.concentration_curve(world["value"], **options)
    assert 1 - 2 * area(curve) == close(iq.concentration_index(world["value"], **options))
    assert len(curve) == world["rank"].nunique() + 1


@given(world=worlds())
@fast
def test_concentration_along_the_value_itself_is_the_gini(world):
    value, population = world["value"], world["population"]
    for rank, sign in ((value, 1), (-value, -1)):
        along = iq.concentration_index(value, population=population, rank=rank)
        assert along == close(sign * iq.gini(value, population=population))


@pytest.mark.parametrize("measure", [iq.theil, iq.theil_l])
@given(world=worlds(positive=True))
@fast
def test_theil_parts_add_up(measure, world):
    value, population, groups = world["value"], world["population"], world["group"]
    split = measure(value, population=population, groups=groups)
    assert split.between + split.within == close(split.total)
    assert split.total == close(measure(value, population=population).total)
    for group, own in split.by_group.items():
        inside = groups == group
        assert own == close(measure(value[inside], population=population[inside]).total)
    alone = pd.Series(world.index, index=world.index)
    assert measure(value, population=population, groups=alone).within == close(0)
    together = alone.map(lambda _: "city")
    assert measure(value, population=population, groups=together).between == close(0)


@pytest.mark.parametrize("measure", [iq.theil, iq.theil_l])
@given(world=worlds(positive=True))
@fast
def test_theil_parts_of_nested_groups_add_up(measure, world):
    value, population, groups = world["value"], world["population"], nested(world)
    split = measure(value, population=population, groups=groups)
    assert split.by_level.sum() + split.within == close(split.total)
    assert (split.by_level >= 0).all()
    coarse, fine = (measure(value, population=population, groups=groups[one]) for one in groups)
    assert split.by_level.tolist() == [close(coarse.between), close(fine.between - coarse.between)]
    assert split.within == close(fine.within)
    pd.testing.assert_series_equal(split.by_group, fine.by_group)


@given(world=worlds(), more=st.floats(-500, 500), better=st.sampled_from(["higher", "lower"]))
@fast
def test_kolm_pollak_with_kappa_fixed_moves_with_everyone(world, more, better):
    value = world["value"]
    options = {"population": world["population"], "epsilon": 1, "better": better}
    kappa = iq.kolm_pollak_kappa(value, **options)
    assert iq.kolm_pollak_ede(value, kappa=kappa, **options) == iq.kolm_pollak_ede(value, **options)
    moved = iq.kolm_pollak_ede(value + more, kappa=kappa, **options)
    assert moved == pytest.approx(iq.kolm_pollak_ede(value, **options) + more, abs=1e-6)
    assert iq.kolm_pollak_index(value + more, kappa=kappa, **options) == pytest.approx(
        iq.kolm_pollak_index(value, **options), abs=1e-6
    )


@given(world=worlds())
@fast
def test_a_burden_is_a_good_turned_round(world):
    value, population = world["value"], world["population"]
    kappa = iq.kolm_pollak_kappa(value, population=population, epsilon=2)
    burden = iq.kolm_pollak_ede(
        value, population=population, epsilon=2, better="lower", kappa=kappa
    )
    assert burden == close(
        -iq.kolm_pollak_ede(-value, population=population, epsilon=2, kappa=kappa)
    )


@given(world=worlds())
@fast
def test_deeper_minding_of_shortfalls_never_raises_fgt(world):
    measured = [
        iq.fgt(world["value"], population=world["population"], line=400, alpha=alpha)
        for alpha in (0, 0.5, 1, 2)
    ]
    assert measured == sorted(measured, reverse=True)
    assert measured[0] == close(
        world["population"][world["value"] < 400].sum() / world["population"].sum()
    )


@given(world=worlds(least=2), q=st.floats(0, 1), data=st.data())
@fast
def test_quantiles_of_many_draws_are_those_of_each(world, q, data):
    number = st.none() | st.sampled_from([-1.0, 0.0, 5.0]) | st.floats(-100, 100)
    row = st.lists(number, min_size=len(world), max_size=len(world))
    draws = np.array(data.draw(st.lists(row, min_size=1, max_size=4)), dtype=float)
    people = world["population"].where(world["rank"] != 1, 0.0)
    expected = []
    for one in draws:
        value = pd.Series(one, index=world.index)
        known = bool((value.notna() & (people > 0)).any())
        expected.append(iq.quantile(value, population=people, q=q) if known else nan)
    found = iq.quantiles(draws, population=people, q=[q, 0.5])
    np.testing.assert_array_equal(found[0], expected)


@given(world=worlds(), shares=st.lists(st.floats(0, 1), min_size=2, max_size=5))
@fast
def test_quantiles_rise_with_the_share_of_people(world, shares):
    asked = sorted(shares)
    found = [iq.quantile(world["value"], population=world["population"], q=q) for q in asked]
    assert found == sorted(found)
    assert world["value"].min() <= found[0] <= found[-1] <= world["value"].max()


@given(world=worlds())
@fast
def test_the_lorenz_curve_sags_and_holds_the_gini(world):
    value, population = world["value"], world["population"]
    curve = iq.lorenz(value, population=population)
    assert (curve.iloc[0] == 0).all()
    assert (curve.iloc[-1] == 1).all()
    assert (curve["value_share"] <= curve["population_share"] + 1e-12).all()
    assert 1 - 2 * area(curve) == close(iq.gini(value, population=population))


# ---- bootstrap ----------------------------------------------------------------------------


def mean(value, *, population):
    return float(np.average(value, weights=population))


def test_bootstrap_gives_the_measure_and_the_percentiles_of_its_draws():
    rng = np.random.default_rng(3)
    value, population = column(*rng.normal(50, 10, 400)), column(*[1] * 400)
    found = iq.bootstrap(
        mean, value, population=population, strata=None, draws=500, rng=rng, level=0.95
    )
    error = value.std() / sqrt(400)
    assert found.value == mean(value, population=population)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.15)
    assert found.low < found.value < found.high


@pytest.mark.parametrize("strata", [None, pd.Series([*"aab"])])
def test_bootstrap_draws_as_often_as_asked_however_many_at_a_time(monkeypatch, strata):
    value, asked = pd.Series([1.0, 4.0, 6.0]), {"strata": strata, "draws": 7}
    seen = []

    def noted(value, *, population):
        seen.append(value.tolist())
        return mean(value, population=population)

    rows = {}
    for block in (1, 6, 999):  # one, two and all of the draws at a time
        monkeypatch.setattr(iq._intervals, "_BLOCK", block)
        seen.clear()
        rng = np.random.default_rng(5)
        iq.bootstrap(noted, value, population=pd.Series([1.0] * 3), rng=rng, **asked)
        rows[block] = list(seen)
    assert len(rows[1]) == 1 + 7
    assert rows[1] == rows[6] == rows[999]
    assert all(len(one) == 3 for one in rows[1])


def test_bootstrap_draws_within_strata():
    value, population = column(1, 1, 9, 9, 9), column(1, 1, 1, 1, 1)
    strata = pd.Series(["b", "b", "a", "a", "a"], index=value.index)
    # every draw has two of 1 and three of 9
    found = iq.bootstrap(
        mean, value, population=population, strata=strata, draws=50, rng=np.random.default_rng(1)
    )
    assert (found.low, found.high) == (close(29 / 5), close(29 / 5))
    loose = iq.bootstrap(
        mean, value, population=population, strata=None, draws=50, rng=np.random.default_rng(1)
    )
    assert loose.low < loose.high


def test_bootstrap_is_the_same_from_the_same_state_and_wider_at_a_higher_level():
    value, population = column(1, 4, 6, 9, nan), column(5, 2, 3, 1, 7)

    def spread(level):
        rng = np.random.default_rng(5)
        options = {"population": population, "strata": None, "draws": 200, "rng": rng}
        return iq.bootstrap(iq.gini, value, level=level, **options)

    assert spread(0.9) == spread(0.9)
    assert spread(0.5).high < spread(0.99).high
    assert spread(0.9).value == iq.gini(value, population=population)


def test_bootstrap_keeps_ids_so_that_a_rank_can_be_fetched():
    value, population, income = column(1, 4, 6), column(5, 2, 3), column(1, 2, 3)

    def along_income(value, *, population):
        return iq.concentration_index(value, population=population, rank=income.loc[value.index])

    found = iq.bootstrap(
        along_income,
        value,
        population=population,
        strata=None,
        draws=50,
        rng=np.random.default_rng(2),
    )
    assert found.value == along_income(value, population=population)
    assert 0 <= found.low <= found.high


INCOME = column(4, 1, 3, 2, 2, 5)
QUICK = {
    "gini": iq.gini,
    "absolute_gini": iq.absolute_gini,
    "hoover": iq.hoover,
    "wolfson": iq.wolfson,
    "extended_gini": partial(iq.extended_gini, nu=3),
    "atkinson": partial(iq.atkinson, epsilon=2),
    "kolm_pollak_kappa": partial(iq.kolm_pollak_kappa, epsilon=1, better="lower"),
    "kolm_pollak_ede": partial(iq.kolm_pollak_ede, epsilon=1, better="lower"),
    "kolm_pollak_index": partial(iq.kolm_pollak_index, epsilon=1, kappa=0.3),
    "fgt": partial(iq.fgt, line=4, alpha=1),
    "mean": iq.mean,
    "quantile": partial(iq.quantile, q=0.3),
    "percentile_gap": iq.percentile_gap,
    "percentile_ratio": iq.percentile_ratio,
    "palma_ratio": partial(iq.palma_ratio, rank=INCOME),
    "concentration_index": partial(
        iq.concentration_index, rank=INCOME, method="wagstaff", bounds=(0, 9)
    ),
}


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("strata", [None, pd.Series(list("aababb"), index=INCOME.index)])
def test_bootstrap_by_counts_equals_that_by_tables(name, strata):
    measure = QUICK[name]

    def plain(value, *, population):
        options = dict(getattr(measure, "keywords", {}))
        if "rank" in options:
            options["rank"] = INCOME.loc[value.index]
        return getattr(iq, name)(value, population=population, **options)

    found = [
        iq.bootstrap(
            one,
            column(6, 1, 8, nan, 2, 3),
            population=column(10, 25, 20, 5, 0, 70),
            strata=strata,
            draws=40,
            rng=np.random.default_rng(4),
        )
        for one in (measure, plain)
    ]
    assert found[0].value == found[1].value
    assert (found[0].low, found[0].high) == (close(found[1].low), close(found[1].high))
    assert found[0].low < found[0].high


def test_every_plain_measure_of_people_is_drawn_by_counts():
    plain = {
        name
        for name in iq.__all__
        if isfunction(getattr(iq, name)) and signature(getattr(iq, name)).return_annotation is float
    }
    assert set(QUICK) == plain - {"coverage"}  # which asks about the units that do not count


def test_bootstrap_interval_is_unknown_where_a_draw_has_no_measure():
    found = iq.bootstrap(
        iq.gini,
        column(0, 5),
        population=column(1, 1),
        strata=None,
        draws=50,
        rng=np.random.default_rng(1),
    )
    assert found.value == 0.5
    assert isnan(found.low)
    assert isnan(found.high)


# ---- what is refused ----------------------------------------------------------------------

people = column(10, 20, 30)
REFUSING = {
    "gini": iq.gini,
    "extended_gini": lambda v, *, population: iq.extended_gini(v, population=population, nu=3),
    "absolute_gini": iq.absolute_gini,
    "hoover": iq.hoover,
    "wolfson": iq.wolfson,
    "lorenz": iq.lorenz,
    "theil": iq.theil,
    "theil_l": iq.theil_l,
    "palma_ratio": lambda v, *, population: iq.palma_ratio(
        v, population=population, rank=pd.Series(range(len(v)), index=v.index)
    ),
    "concentration_index": lambda v, *, population: iq.concentration_index(
        v, population=population, rank=pd.Series(range(len(v)), index=v.index)
    ),
    "concentration_curve": lambda v, *, population: iq.concentration_curve(
        v, population=population, rank=pd.Series(range(len(v)), index=v.index)
    ),
    "atkinson": lambda v, *, population: iq.atkinson(v, population=population, epsilon=1),
    "percentile_ratio": iq.percentile_ratio,
    "measures": lambda v, *, population: iq.measures(
        v, population=population, scale="ratio", epsilon=1
    ),
}
TAKING_NEGATIVES = {
    "coverage": iq.coverage,
    "kolm_pollak_kappa": lambda v, *, population: iq.kolm_pollak_kappa(
        v, population=population, epsilon=1
    ),
    "kolm_pollak_ede": lambda v, *, population: iq.kolm_pollak_ede(
        v, population=population, epsilon=1
    ),
    "kolm_pollak_index": lambda v, *, population: iq.kolm_pollak_index(
        v, population=population, epsilon=1
    ),
    "fgt": lambda v, *, population: iq.fgt(v, population=population, line=1, alpha=1),
    "mean": iq.mean,
    "quantile": lambda v, *, population: iq.quantile(v, population=population, q=0.5),
    "percentile_gap": iq.percentile_gap,
    "tenths": iq.tenths,
    "sufficiency": lambda v, *, population: iq.sufficiency(
        v, population=population, thresholds=[1, 2]
    ),
    "bootstrap": lambda v, *, population: iq.bootstrap(
        partial(iq.quantile, q=0.5),
        v,
        population=population,
        strata=None,
        draws=9,
        rng=np.random.default_rng(1),
    ),
}
TAKING = {**REFUSING, **TAKING_NEGATIVES}
every = pytest.mark.parametrize("measure", [*REFUSING.values(), *TAKING_NEGATIVES.values()])


def test_every_measure_is_held_to_the_rules_below():
    measures = {name for name in iq.__all__ if isfunction(getattr(iq, name))}
    of_draws = {
        "quantiles",
        "posterior",
        "posterior_change",
    }  # that take many values a unit, and are held to the others
    assert measures - of_draws == set(TAKING)


@pytest.mark.parametrize("name", sorted(TAKING.keys() - {"coverage"}))
def test_units_of_unknown_value_are_left_out_with_their_people(name):
    value, population = column(3, nan, 1, nan, 2, 8), column(10, 500, 20, nan, 30, 0)
    there = value.notna() & (population != 0)
    dropped = TAKING[name](value[there], population=population[there])
    assert str(TAKING[name](value, population=population)) == str(dropped)


@pytest.mark.parametrize("name", sorted(TAKING.keys() - {"coverage"}))
def test_there_is_nothing_to_measure_where_no_value_is_known(name):
    with pytest.raises(DataError, match="population: nobody lives where jobs is known"):
        TAKING[name](column(nan, nan, nan, name="jobs"), population=people)


@pytest.mark.parametrize("number", [0.1, 7])
@pytest.mark.parametrize("residents", [people, column(0.1, 0.2, 0.7), column(3)])
def test_people_who_are_alike_are_not_unequal(number, residents):
    value = pd.Series(number, index=residents.index)
    population = {"population": residents}
    rank = pd.Series(range(len(residents)), index=residents.index)
    groups = pd.Series(list("aab")[: len(residents)], index=residents.index)
    unequal = [
        iq.gini(value, **population),
        iq.absolute_gini(value, **population),
        iq.hoover(value, **population),
        iq.wolfson(value, **population),
        *(iq.extended_gini(value, nu=3, better=one, **population) for one in ("higher", "lower")),
        *(iq.atkinson(value, epsilon=one, **population) for one in (0.5, 1, 2)),
        *(
            iq.kolm_pollak_index(value, epsilon=1, better=one, **population)
            for one in ("higher", "lower")
        ),
        iq.concentration_index(value, rank=rank, **population),
        iq.concentration_index(value, rank=rank, method="wagstaff", bounds=(0, 9), **population),
        iq.tenths(value, **population).gap,
        iq.theil(value, groups=groups, **population).total,
        iq.theil(value, groups=groups, **population).between,
        iq.theil_l(value, groups=groups, **population).within,
    ]
    assert unequal == [0] * len(unequal)
    assert iq.palma_ratio(value, rank=rank, **population) == 1
    assert iq.percentile_ratio(value, **population) == 1
    for curve in (
        iq.lorenz(value, **population),
        iq.concentration_curve(value, rank=rank, **population),
    ):
        assert curve["value_share"].tolist() == [close(one) for one in curve["population_share"]]


@every
def test_other_units_are_refused(measure):
    with pytest.raises(DataError, match="jobs and population are about different units: u2") as no:
        measure(column(1, 2, name="jobs"), population=people)
    assert no.value.ids == ("u2",)


@every
def test_text_is_refused(measure):
    with pytest.raises(DataError, match="value: not numbers but"):
        measure(people.astype(str), population=people)
    with pytest.raises(DataError, match="population: not numbers but"):
        measure(people, population=people.astype(str))


@every
def test_population_that_cannot_weigh_is_refused(measure):
    with pytest.raises(DataError, match="population: negative or infinite in u1"):
        measure(people, population=column(1, -1, 1))
    with pytest.raises(DataError, match="population: unknown where value is known in u0, u2"):
        measure(column(1, nan, 2), population=column(nan, nan, nan))
    with pytest.raises(DataError, match=r"population: (nobody|zero)"):
        measure(people, population=people * 0)
    with pytest.raises(DataError, match=r"population: (nobody|zero)"):
        measure(column(), population=column())


@every
def test_infinite_values_are_refused(measure):
    with pytest.raises(DataError, match="value: infinite in u2"):
        measure(column(1, 2, np.inf), population=people)


@every
def test_inputs_stay_as_they_were_and_results_come_twice(measure):
    value, population = column(3, 1, 2), people.copy()
    first, second = (measure(value, population=population) for _ in range(2))
    assert str(first) == str(second)
    pd.testing.assert_series_equal(value, column(3, 1, 2))
    pd.testing.assert_series_equal(population, people)


@every
def test_whole_and_nullable_numbers_are_taken_as_they_are(measure):
    plain = measure(column(3, 1, nan), population=people)
    nullable = measure(column(3, 1, nan).astype("Int64"), population=people.astype("int64"))
    assert str(plain) == str(nullable)


@pytest.mark.parametrize("measure", REFUSING.values(), ids=REFUSING)
def test_negative_values_are_refused(measure):
    with pytest.raises(DataError, match="jobs: negative in u0, u2") as no:
        measure(column(-1, 2, -3, name="jobs"), population=people)
    assert no.value.ids == ("u0", "u2")


@pytest.mark.parametrize("measure", TAKING_NEGATIVES.values(), ids=TAKING_NEGATIVES)
def test_negative_values_are_taken(measure):
    measure(column(-1, 2, 3), population=people)


@pytest.mark.parametrize("name", sorted(REFUSING.keys() - {"absolute_gini", "measures"}))
def test_relative_measures_refuse_people_who_all_have_nothing(name):
    with pytest.raises(DataError, match=r"no people hold a positive value|values above 0"):
        REFUSING[name](column(0, 0, 5), population=column(1, 1, 0))


def test_plain_floats_come_back():
    tables = {"lorenz", "concentration_curve", "sufficiency", "measures"}
    for name in TAKING.keys() - {"theil", "theil_l", "tenths", "bootstrap"} - tables:
        assert type(TAKING[name](column(3, 1, 2), population=people)) is float, name


def test_all_faults_are_told_at_once():
    with pytest.raises(DataError) as no:
        iq.gini(column(-1, -np.inf, 3), population=column(1, 1, -1))
    assert str(no.value) == (
        "value: infinite in u1; value: negative in u0; population: negative or infinite in u2"
    )
    assert no.value.ids == ("u0", "u1", "u2")


@pytest.mark.parametrize(
    ("role", "measure"),
    [
        ("rank", iq.palma_ratio),
        ("rank", iq.concentration_index),
        ("rank", iq.concentration_curve),
        ("strata", partial(iq.bootstrap, iq.gini, draws=3, rng=np.random.default_rng(1))),
        ("groups", iq.theil),
        ("groups", iq.theil_l),
    ],
)
def test_units_of_unknown_rank_or_group_are_refused_unless_their_value_is_unknown(role, measure):
    value = column(3, 1, 2, name="jobs")
    beside = {role: column(1, nan, 3)}
    with pytest.raises(DataError, match=f"{role}: unknown where jobs is known in u1"):
        measure(value, population=people, **beside)
    measure(value.where(beside[role].notna()), population=people, **beside)
    measure(value, population=column(10, 0, 30), **beside)


@pytest.mark.parametrize("measure", [iq.theil, iq.theil_l])
def test_groups_that_are_not_nested_are_refused_by_name(measure):
    groups = pd.DataFrame({"zone": list("aabb"), "district": ["x", "y", "y", "z"]})
    groups.index = ["u0", "u1", "u2", "u3"]
    value, population = column(1, 2, 3, 4), column(1, 1, 1, 1)
    with pytest.raises(DataError, match="groups: y of district lie in more than one of zone") as no:
        measure(value, population=population, groups=groups)
    assert no.value.ids == ("u1", "u2")
    # where nobody lives or nothing is known no group is asked for
    assert measure(value, population=column(1, 1, 0, 1), groups=groups).by_level.size == 2
    gap = groups.mask(groups == "x")
    with pytest.raises(DataError, match="groups district: unknown where value is known in u0"):
        measure(value, population=population, groups=gap)
    with pytest.raises(DataError, match="value and groups zone are about different units: u3"):
        measure(value, population=population, groups=groups.iloc[:3])
    with pytest.raises(DataError, match="groups: column zone stands twice"):
        measure(value, population=population, groups=groups[["zone", "zone"]])
    with pytest.raises(DataError, match="groups: a table without columns"):
        measure(value, population=population, groups=groups[[]])


def test_ranks_that_do_not_order_people_are_refused():
    with pytest.raises(DataError, match="rank: not numbers"):
        iq.palma_ratio(people, population=people, rank=people.astype(str))
    with pytest.raises(DataError, match="rank: infinite in u0"):
        iq.palma_ratio(people, population=people, rank=column(-np.inf, 1, 2))


def test_theil_l_refuses_zeros_that_people_have():
    with pytest.raises(DataError, match="jobs: 0 in u1; Theil L needs values above 0") as no:
        iq.theil_l(column(1, 0, 2, name="jobs"), population=people)
    assert no.value.ids == ("u1",)
    assert iq.theil_l(column(2, 0, 2), population=column(1, 0, 1)).total == 0


def test_wolfson_refuses_a_median_of_nothing():
    with pytest.raises(DataError, match="half the people hold 0"):
        iq.wolfson(column(0, 1), population=column(3, 1))


def test_kappa_cannot_be_derived_from_nothing():
    for value in (column(0, 0, 0), column(-3, 0, 1)):
        with pytest.raises(DataError, match="kappa: cannot be derived"):
            iq.kolm_pollak_ede(value, population=people, epsilon=1)
    assert iq.kolm_pollak_ede(column(0, 0, 0), population=people, epsilon=1, kappa=0.1) == 0


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("nu: must be above 1, not 1", lambda: iq.extended_gini(people, population=people, nu=1)),
        ("epsilon: must be a number above 0, not 0",
         lambda: iq.atkinson(people, population=people, epsilon=0)),
        ("epsilon: must be a number above 0, not nan",
         lambda: iq.kolm_pollak_ede(people, population=people, epsilon=nan)),
        ("better: must be higher or lower, not 'more'",
         lambda: iq.kolm_pollak_ede(people, population=people, epsilon=1, better="more")),
        ("better: must be higher or lower, not 'up'",
         lambda: iq.tenths(people, population=people, better="up")),
        ("kappa: must be a number above 0",
         lambda: iq.kolm_pollak_ede(people, population=people, epsilon=1, kappa=-1)),
        ("kappa: must be a number above 0",
         lambda: iq.kolm_pollak_index(people, population=people, epsilon=1, kappa=0)),
        ("line: must be a number above 0, not -1",
         lambda: iq.fgt(people, population=people, line=-1, alpha=0)),
        ("better: must be higher or lower, not 'less'",
         lambda: iq.fgt(people, population=people, line=1, alpha=1, better="less")),
        ("better: must be higher or lower, not 'less'",
         lambda: iq.extended_gini(people, population=people, nu=2, better="less")),
        ("better: must be higher or lower, not 'less'",
         lambda: iq.sufficiency(people, population=people, thresholds=[1], better="less")),
        (r"thresholds: must be one finite number or more, not \[\]",
         lambda: iq.sufficiency(people, population=people, thresholds=[])),
        (r"thresholds: must be one finite number or more, not \[1, nan\]",
         lambda: iq.sufficiency(people, population=people, thresholds=[1, nan])),
        ("alpha: must be 0 or more, not -1",
         lambda: iq.fgt(people, population=people, line=1, alpha=-1)),
        ("q: must be within 0 and 1, not 50",
         lambda: iq.quantile(people, population=people, q=50)),
        ("q: must be within 0 and 1, not 50",
         lambda: iq.quantiles(people.to_numpy()[None], population=people, q=[50])),
        ("values: must be finite, and a column for each unit",
         lambda: iq.quantiles(np.ones((1, 1)), population=people, q=[0.5])),
        ("population: negative, infinite or unknown",
         lambda: iq.quantiles(people.to_numpy()[None], population=people * nan, q=[0.5])),
        ("low: must be less than high, not 0.9 against 0.1",
         lambda: iq.percentile_ratio(people, population=people, high=0.1, low=0.9)),
        ("method: must be standard, erreygers or wagstaff, not 'gini'",
         lambda: iq.concentration_index(people, population=people, rank=people, method="gini")),
        ("draws: must be 1 or more",
         lambda: iq.bootstrap(mean, people, population=people, strata=None, draws=0,
                              rng=np.random.default_rng(1))),
    ],
)  # fmt: skip
def test_options_out_of_range_are_refused(message, call):
    with pytest.raises(DataError, match=message):
        call()


@pytest.mark.parametrize("method", ["erreygers", "wagstaff"])
def test_bounds_must_be_given_and_hold_every_value(method):
    value, options = column(0.2, 1.4, 0.6), {"population": people, "rank": people}
    for bounds in (None, (1, 0)):
        with pytest.raises(DataError, match="bounds: this method needs a floor below a ceiling"):
            iq.concentration_index(value, method=method, bounds=bounds, **options)
    with pytest.raises(DataError, match=r"value: outside the bounds \(0, 1\) in u1"):
        iq.concentration_index(value, method=method, bounds=(0, 1), **options)


def test_wagstaff_is_undefined_where_everyone_is_at_a_bound():
    for value in (column(0, 0, 0), column(1, 1, 1)):
        options = {"population": people, "rank": people, "bounds": (0, 1)}
        with pytest.raises(DataError, match="everyone is at one bound"):
            iq.concentration_index(value, method="wagstaff", **options)
        assert iq.concentration_index(value, method="erreygers", **options) == 0


# ---- the posterior of a measure -------------------------------------------------------------


def drawn(spread=0.5, *, count=99, seed=4):
    rng = np.random.default_rng(seed)
    middle = np.array([2.0, 5.0, 9.0, 4.0])
    return pd.DataFrame(
        middle * np.exp(spread * rng.standard_normal((count, 4))), columns=[*"abcd"]
    )


WEIGHTS = pd.Series([3.0, 1.0, 2.0, 4.0], index=[*"abcd"])


@pytest.mark.parametrize("name", ["gini", "hoover", "absolute_gini", "palma"])
def test_posterior_is_the_percentiles_of_the_measure_over_the_draws(name):
    rank = pd.Series([1.0, 3.0, 4.0, 2.0], index=[*"abcd"])
    measure = {
        "palma": lambda value, *, population: iq.palma_ratio(
            value, population=population, rank=rank[value.index]
        )
    }.get(name) or getattr(iq, name)
    draws = drawn()
    each = [measure(row, population=WEIGHTS) for _, row in draws.iterrows()]
    found = iq.posterior(measure, draws, population=WEIGHTS)
    assert found.value == close(np.median(each))
    ends = np.quantile(each, [0.05, 0.95], method="weibull")
    assert [found.low, found.high] == close(ends.tolist())


def test_posterior_reports_the_published_value_and_lets_it_stand_where_nothing_is_drawn():
    draws, value = drawn(), column(2, 5, 9, 4).set_axis([*"abcd"])
    draws["b"] = nan
    found = iq.posterior(iq.gini, draws, population=WEIGHTS, value=value)
    assert found.value == close(iq.gini(value, population=WEIGHTS))
    same = iq.posterior(iq.gini, draws.assign(b=5.0), population=WEIGHTS)
    assert [found.low, found.high] == close([same.low, same.high])
    without = iq.posterior(iq.gini, draws, population=WEIGHTS)
    three = draws.drop(columns="b")
    assert without == iq.posterior(iq.gini, three, population=WEIGHTS.drop("b"))


@given(spread=st.floats(0.05, 1))
@fast
def test_posterior_collapses_without_error_and_widens_with_it_and_the_level(spread):
    still = iq.posterior(iq.gini, drawn(0.0), population=WEIGHTS)
    assert still.low == still.high == still.value
    narrow, wide = (
        iq.posterior(iq.gini, drawn(spread), population=WEIGHTS, level=level)
        for level in (0.5, 0.9)
    )
    assert wide.low <= narrow.low <= narrow.value <= narrow.high <= wide.high
    assert wide.low < wide.high


def test_posterior_is_unknown_where_a_draw_has_no_measure():
    draws = drawn()
    draws.iloc[:50] = 0.0
    found = iq.posterior(iq.gini, draws, population=WEIGHTS)
    assert isnan(found.low)
    assert isnan(found.high)


def test_posterior_refuses_draws_that_cannot_be():
    with pytest.raises(DataError, match="draws: negative in a"):
        iq.posterior(iq.gini, drawn().assign(a=-1.0), population=WEIGHTS)
    draws = drawn()
    draws.loc[3, "c"] = nan
    with pytest.raises(DataError, match="unknown in part, not throughout, in c"):
        iq.posterior(iq.gini, draws, population=WEIGHTS)
    with pytest.raises(DataError, match="draws: must be there"):
        iq.posterior(iq.gini, drawn().iloc[:0], population=WEIGHTS)
    with pytest.raises(DataError, match="level between 0 and 1"):
        iq.posterior(iq.gini, drawn(), population=WEIGHTS, level=1.0)
    twice = drawn().set_axis([*"aacd"], axis=1)
    with pytest.raises(DataError, match=r"draws: .* more than once: a"):
        iq.posterior(iq.gini, twice, population=WEIGHTS)
    with pytest.raises(DataError, match="draws and value are about different units: a"):
        iq.posterior(iq.gini, drawn(), population=WEIGHTS, value=WEIGHTS.drop("a"))
    with pytest.raises(DataError, match="population"):
        iq.posterior(iq.gini, drawn(), population=WEIGHTS.drop("a"))


@pytest.mark.parametrize("measure", [iq.gini, iq.absolute_gini, iq.mean, iq.atkinson])
def test_errors_that_are_common_cancel_from_a_change_draw_by_draw(measure):
    if measure is iq.atkinson:
        measure = partial(iq.atkinson, epsilon=0.5)
    rng = np.random.default_rng(4)
    before = pd.DataFrame(rng.lognormal(2, 0.4, (200, len(WEIGHTS))), columns=WEIGHTS.index)
    after = before.assign(a=before["a"] * 1.1)
    value, later = before.mean(), after.mean()
    told = {"population": WEIGHTS, "value": value}
    found = iq.posterior_change(measure, before, after=after, value_after=later, **told)
    each = [
        measure(after.loc[row], population=WEIGHTS) - measure(before.loc[row], population=WEIGHTS)
        for row in before.index
    ]
    low, high = np.quantile(each, [0.05, 0.95], method="weibull")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)
    wanted = measure(later, population=WEIGHTS) - measure(value, population=WEIGHTS)
    assert found.value == pytest.approx(wanted)
    apart = [iq.posterior(measure, one, population=WEIGHTS) for one in (before, after)]
    assert found.high - found.low < 0.5 * sum(one.high - one.low for one in apart)
    same = iq.posterior_change(measure, before, after=before, value_after=value, **told)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)


def test_a_change_wants_as_many_draws_before_as_after():
    draws = pd.DataFrame(1.0, index=range(3), columns=WEIGHTS.index)
    value = draws.iloc[0]
    told = {"population": WEIGHTS, "value": value, "value_after": value}
    with pytest.raises(DataError, match="as many before as after, not 3 and 2"):
        iq.posterior_change(iq.gini, draws, after=draws.iloc[:2], **told)


@pytest.mark.parametrize(
    "measure",
    [
        iq.mean,
        iq.gini,
        iq.absolute_gini,
        partial(iq.percentile_gap, low=0.2, high=0.8),
        partial(iq.kolm_pollak_ede, epsilon=0.5, better="lower", kappa=-0.03),
    ],
)
def test_many_draws_are_measured_as_one_by_one_to_the_last_bit(measure) -> None:
    rng = np.random.default_rng(4)
    draws = pd.DataFrame(rng.integers(0, 9, (60, 30)) / 3.0)
    draws.iloc[0] = 0.0
    draws.iloc[1] = np.sort(draws.iloc[1])
    people = pd.Series(rng.integers(1, 90, 30).astype(float))
    after = draws.iloc[::-1].reset_index(drop=True)
    some = slice(2, 58)  # a Gini of nothing is none

    def one_by_one(value: pd.Series, *, population: pd.Series) -> float:
        return measure(value, population=population)

    values = {"value": draws.iloc[2], "value_after": after.iloc[2]}
    both = [
        iq.posterior_change(one, draws[some], after=after[some], population=people, **values)
        for one in (measure, one_by_one)
    ]
    assert both[0] == both[1]
