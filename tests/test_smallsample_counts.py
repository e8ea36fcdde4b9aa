"""Learning districts from incomplete counts: limits, a slow twin, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from geoequity.errors import DataError
from geoequity.smallsample import district_counts
from geoequity.smallsample._counts import _states

nan = np.nan


def series(*numbers):
    return pd.Series(numbers, index=list("abcdefgh")[: len(numbers)], dtype=float)


def states(mean, sure, *, count=500, ids="ab", seed=3):
    rng = np.random.default_rng(seed)
    drawn = rng.beta(mean * sure, (1 - mean) * sure, (count, len(ids)))
    return pd.DataFrame(drawn, columns=list(ids))


def learned(counted, completeness, *, population=None, seed=1, **options):
    people = counted * 0 + 1000.0 if population is None else population
    return district_counts(
        counted,
        population=people,
        completeness=completeness,
        rng=np.random.default_rng(seed),
        **({"draws": 2000} | options),
    )


def test_a_complete_count_is_what_was_counted():
    counted = series(0, 2, 7)
    for complete in (None, pd.DataFrame(1.0, index=[0], columns=list("abc"))):
        found = learned(counted, complete)
        assert (found.draws == counted / 1000).all(axis=None)
        assert found.table["low"].equals(found.table["high"])
        assert found.spread.isna().all()
    half = pd.DataFrame({"a": 1.0, "b": 0.5, "c": nan}, index=range(3))
    found = learned(counted, half)
    assert (found.draws[["a", "c"]] == counted[["a", "c"]] / 1000).all(axis=None)
    assert found.draws["b"].std() > 0


def test_nothing_that_was_counted_is_doubted_and_numbers_are_whole():
    counted = series(0, 3, 40)
    missed = learned(counted, states(0.5, 10, ids="abc")).draws * 1000 - counted
    assert (missed > -1e-9).all(axis=None)
    np.testing.assert_allclose(missed, missed.round(), atol=1e-9)
    assert missed["a"].max() > 0  # what nobody mapped may be there


def test_many_counted_at_a_known_completeness_are_divided_by_it():
    counted = series(40_000, 10_000)
    completeness = pd.DataFrame({"a": [0.8], "b": [0.5]})
    found = learned(counted, completeness).table["value"] * 1000
    assert found.tolist() == pytest.approx([50_000, 20_000], rel=0.01)


def test_draws_agree_with_worlds_drawn_forward_and_kept_where_they_match():
    rng = np.random.default_rng(0)
    worlds = 4_000_000
    completeness = states(0.6, 6, count=4000)
    # the priors of the model: rate**-1/2, cut far beyond what was counted, and a half-normal spread
    rate = rng.uniform(0, np.sqrt(150), worlds) ** 2
    shape = 1 / np.abs(rng.standard_normal(worlds)) ** 2
    matched = np.ones(worlds, dtype=bool)
    there = []
    for one, seen in zip("ab", (2, 6), strict=True):
        truth = rng.poisson(rng.gamma(shape) * rate / shape)
        share = completeness[one].to_numpy()[rng.integers(0, 4000, worlds)]
        matched &= rng.binomial(truth, share) == seen
        there.append(truth)
    assert matched.sum() > 2000
    found = learned(series(2, 6), completeness, draws=20_000).draws * 1000
    for one, truth in zip("ab", there, strict=True):
        assert found[one].mean() == pytest.approx(truth[matched].mean(), rel=0.05)
        ends = np.quantile(truth[matched], [0.1, 0.5, 0.9])
        assert np.abs(np.quantile(found[one], [0.1, 0.5, 0.9]) - ends).max() <= 1


def test_few_counted_tell_of_thin_mapping_as_well_as_of_few_services():
    ids = "abcdefgh"
    counted = series(2, 20, 21, 19, 20, 22, 18, 20)
    found = learned(counted, states(0.5, 4, ids=ids)).table["value"] * 1000
    assert found["a"] > 2 / 0.5 * 1.5  # more than the count over its completeness


def test_alike_districts_are_nearer_than_counts_over_completeness_as_known_beforehand():
    rng = np.random.default_rng(2)
    ids = [f"d{at}" for at in range(20)]
    completeness = states(0.6, 8, ids=ids)
    seen = rng.binomial(rng.poisson(30.0, 20), rng.beta(0.6 * 8, 0.4 * 8, 20))
    counted = pd.Series(seen, index=ids, dtype=float)
    plain = (counted / completeness).std(axis=1).median()
    assert (learned(counted, completeness).draws * 1000).std(axis=1).median() < 0.6 * plain


def test_a_district_mapped_worse_than_all_its_states_is_not_taken_for_poor():
    # All alike, and one mapped as it happens once in some 2,500 times
    rng = np.random.default_rng(4)
    ids = [f"d{at}" for at in range(25)]
    share = rng.beta(0.6 * 16, 0.4 * 16, 25)
    share[0] = stats.beta.ppf(4e-4, 0.6 * 16, 0.4 * 16)
    counted = pd.Series(rng.binomial(20_000, share), index=ids, dtype=float)
    found = learned(counted, states(0.6, 16, ids=ids, count=400), draws=1000).draws * 1000
    least = (found["d0"] < found.drop(columns="d0").min(axis=1) * 0.9).mean()
    assert least < 0.6
    assert found["d0"].quantile(0.95) > 0.9 * 20_000


def test_tails_go_on_as_those_of_a_beta_and_weigh_as_much_as_the_states_that_they_stand_for():
    shares = stats.beta.rvs(6, 4, size=(5000, 3), random_state=1)
    shares[:, 2] = 0.7
    found, weight = _states(shares)
    assert weight.sum() == pytest.approx(1)
    assert (np.diff(found, axis=0) > -1e-9).all()
    assert found[:, 2] == pytest.approx(0.7)
    level = weight.cumsum()
    for at in (1, 4, 10, 100):  # by moments of 5,000 draws
        met = stats.beta.cdf(found[at, 0], 6, 4), stats.beta.sf(found[-1 - at, 0], 6, 4)
        assert np.log(met / (level[at] - weight[at] / 2)) == pytest.approx(0, abs=0.5)
    few, even = _states(shares[:50])
    assert few.min() >= shares[:50].min()
    assert set(even) == {1 / 200}


def test_where_nobody_looked_or_lives_is_unknown():
    found = learned(series(3, nan, 4), states(0.5, 9, ids="abc"), population=series(1000, 1000, 0))
    assert found.table.loc[["b", "c"]].isna().all(axis=None)
    assert found.draws["a"].notna().all()


@settings(deadline=None, max_examples=10)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=4))
def test_the_interval_is_in_order_and_the_same_from_the_same_state(numbers):
    counted = series(*numbers)
    completeness = states(0.7, 20, ids=counted.index)
    one, other = (learned(counted, completeness, draws=60) for _ in range(2))
    pd.testing.assert_frame_equal(one.draws, other.draws)
    assert (one.table["low"] <= one.table["value"]).all()
    assert (one.table["value"] <= one.table["high"]).all()
    assert np.isfinite(one.draws).all(axis=None)


def test_only_the_states_of_completeness_count_not_their_order():
    completeness = states(0.6, 10)
    mixed = completeness.sample(frac=1, random_state=1)
    one, other = (learned(series(3, 9), each).draws for each in (completeness, mixed))
    pd.testing.assert_frame_equal(one, other)
    assert stats.spearmanr(one["a"], one["b"]).statistic < 0.5


def test_what_cannot_be_a_count_is_refused_all_at_once():
    with pytest.raises(DataError, match=r"not a whole number from 0 up: a; .*up to 1: b"):
        learned(series(1.5, 2), pd.DataFrame({"a": [0.5], "b": [0.0]}))
    with pytest.raises(DataError, match="known in part: b"):
        learned(series(1, 2), pd.DataFrame({"a": [0.5, 0.5], "b": [0.5, nan]}))
    with pytest.raises(DataError, match="a count, but population unknown: b"):
        learned(series(1, 2), None, population=series(10, nan))
    with pytest.raises(DataError, match="completeness"):
        learned(series(1, 2), states(0.5, 9, ids="ac"))
    with pytest.raises(DataError, match="level within 0-1"):
        learned(series(1, 2), None, level=0.0)
