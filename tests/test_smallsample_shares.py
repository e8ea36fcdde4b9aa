"""Learning districts from shares of surveys: limits, closed forms, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from geoequity.errors import DataError
from geoequity.smallsample import district_shares, effective_size

nan = np.nan


def series(*numbers):
    return pd.Series(numbers, index=list("abcdefgh")[: len(numbers)], dtype=float)


def learned(share, asked, *, seed=1, **options):
    return district_shares(
        share, asked=asked, rng=np.random.default_rng(seed), **({"draws": 4000} | options)
    )


def test_the_draws_of_one_district_are_those_of_the_posterior_integrated_by_quadrature():
    found = learned(series(0.3), series(10), draws=40_000)

    # Given m and s the mean of p is in closed form, and so is their weight
    def weight(s, m):
        a, b = m * (1 / s**2 - 1), (1 - m) * (1 / s**2 - 1)
        return np.exp(special.betaln(a + 3, b + 7) - special.betaln(a, b))

    def weighted(s, m):
        n = 1 / s**2 - 1
        return weight(s, m) * (m * n + 3) / (n + 10)

    ends = (0.001, 0.999)
    total, above = (integrate.dblquad(one, *ends, *ends)[0] for one in (weight, weighted))
    assert found.draws["a"].mean() == pytest.approx(above / total, abs=0.005)


def test_with_everybody_asked_the_interval_collapses_onto_the_share():
    share = series(0.0, 0.31, 0.62, 1.0)
    found = learned(share, share * 0 + 1e9).table
    np.testing.assert_allclose(found["value"], share, atol=1e-4)
    assert (found["high"] - found["low"]).max() < 1e-3


def test_districts_of_few_lean_on_the_city_and_those_of_many_do_not():
    share = series(0.30, 0.32, 0.28, 0.31, 0.29, 0.30, 0.9, 0.9)
    asked = series(900, 900, 900, 900, 900, 900, 5, 900)
    found = learned(share, asked).table["value"]
    assert found["g"] < 0.75
    assert found["h"] == pytest.approx(0.9, abs=0.02)


def test_alike_districts_are_drawn_nearer_to_each_other_than_noise_sets_them():
    rng = np.random.default_rng(5)
    share = pd.Series(rng.binomial(40, 0.4, 30) / 40)
    found = learned(share, share * 0 + 40.0)
    assert found.draws.std(axis=1).median() < 0.6 * share.std()
    noise = np.sqrt(share.mean() * (1 - share.mean()) / 40)
    learnt = np.hypot(found.spread["districts"], noise)
    assert learnt == pytest.approx(share.std(), rel=0.15)  # what was seen, told apart
    assert found.spread["typical"] == pytest.approx(0.4, abs=0.05)


def test_a_district_where_nobody_was_asked_is_unknown_and_changes_nothing_else():
    found = learned(series(0.2, 0.5, nan, nan), series(50, 60, nan, 0))
    without = learned(series(0.2, 0.5), series(50, 60))
    assert found.draws[["c", "d"]].isna().all(axis=None)
    assert found.table.loc[["c", "d"]].isna().all(axis=None)
    pd.testing.assert_frame_equal(found.draws[["a", "b"]], without.draws)
    assert learned(series(nan), series(nan)).spread.isna().all()


@settings(deadline=None, max_examples=10)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 300)), min_size=1, max_size=6))
def test_draws_are_shares_and_the_same_from_the_same_state(pairs):
    share = series(*(min(yes, n) / n for yes, n in pairs))
    asked = series(*(n for _, n in pairs))
    one, other = (learned(share, asked, draws=50) for _ in range(2))
    pd.testing.assert_frame_equal(one.draws, other.draws)
    assert one.draws.ge(0).all(axis=None)
    assert one.draws.le(1).all(axis=None)
    assert (one.table["low"] <= one.table["high"]).all()


def test_a_margin_of_error_tells_how_many_a_simple_sample_would_have_asked():
    share, n = series(0.5, 0.1, 0.0, nan), 400
    margin = 1.6448536269514722 * np.sqrt(share * (1 - share) / n).replace(0.0, 0.01)
    found = effective_size(share, margin=margin, level=0.9)
    assert found[["a", "b"]].tolist() == pytest.approx([n, n])
    assert found[["c", "d"]].isna().all()
    doubled = effective_size(share, margin=np.sqrt(2) * margin, level=0.9)
    assert doubled["a"] == pytest.approx(n / 2)  # a design effect of 2


def test_what_cannot_be_a_survey_is_refused_all_at_once():
    with pytest.raises(
        DataError, match=r"share is not within 0-1: a; .*but nobody asked: b"
    ) as one:
        learned(series(1.2, 0.5, 0.5), series(10, nan, 10))
    assert list(one.value.ids) == ["a", "b"]
    with pytest.raises(DataError, match="asked is negative or infinite: b"):
        learned(series(0.2, nan), series(1, -1))
    with pytest.raises(DataError, match="draws must be positive"):
        learned(series(0.2), series(10), draws=0)
    with pytest.raises(DataError, match="margin: must be positive"):
        effective_size(series(0.2), margin=series(0.0), level=0.9)
    with pytest.raises(DataError, match=r"its level within 0-1, not 1\.5"):
        effective_size(series(0.2), margin=series(0.1), level=1.5)
