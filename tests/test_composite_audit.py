"""The audit of an index: closed forms, a published case, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import technology
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from geoequity import composite
from geoequity.errors import DataError

NAN = float("nan")
fast = settings(deadline=None, max_examples=15)
TREE = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d", "p", "q", "r"],
        "parent": ["p", "p", "q", "q", "r", "r", None],
        "weight": [3.0, 1.0, 1.0, 1.0, 1.0, 4.0, 1.0],
        "better": ["higher"] * 4 + [None] * 3,
    }
)


def built(**leaves):
    data = pd.DataFrame(leaves, dtype=float)
    data.index = [f"u{at}" for at in range(len(data))]
    return composite.build(data, TREE, normalise=lambda frame, _: frame).scores


def draw(units, seed=0):
    return np.random.default_rng(seed).uniform(0, 100, (4, units))


RANDOM = built(**dict(zip("abcd", draw(200), strict=True)))


# ------------------------------------------------------------------ correlations
@pytest.mark.parametrize(
    ("method", "twin"),
    [("pearson", stats.pearsonr), ("spearman", stats.spearmanr), ("kendall", stats.kendalltau)],
)
def test_correlations_are_those_of_the_units_known_in_both(method, twin):
    data = pd.DataFrame({"a": [1.0, 5, 2, 4, NAN, 9], "b": [2.0, 9, 3, 3, 1, NAN]})
    found = composite.correlations(data, method=method)
    known = data.dropna()
    assert found.loc["a", "b"] == pytest.approx(twin(known["a"], known["b"]).statistic)
    assert found.loc["b", "a"] == found.loc["a", "b"]


def test_two_units_or_units_that_are_alike_say_nothing():
    data = pd.DataFrame({"a": [1.0, 2, NAN], "b": [1.0, 2, 3], "c": [5.0, 5, 5]})
    found = composite.correlations(data)
    assert found.loc[["a", "c"], "b"].isna().all()
    with pytest.raises(DataError, match="pearson, spearman, kendall, not 'tau'"):
        composite.correlations(data, method="tau")


def test_pairs_tell_where_they_meet_and_whether_they_should():
    up = [1.0, 2, 3, 4]
    pairs = composite.related_pairs(
        built(a=up, b=up[::-1], c=up, d=[2.0, 1, 4, NAN]), TREE, redundant=0.95
    ).set_index(["one", "other"])
    assert len(pairs) == 6
    assert pairs.loc[("a", "b"), ["shared", "conflicting", "siblings"]].tolist() == [
        "p",
        True,
        True,
    ]
    assert pairs.loc[("a", "c"), ["shared", "redundant", "siblings"]].tolist() == ["r", True, False]
    assert not pairs.loc[("b", "c"), "conflicting"]  # across parents they may
    assert pairs.loc[("c", "d"), "units"] == 3
    assert not pairs.loc[("c", "d"), "redundant"]
    assert pairs.index[0] == ("a", "c")


def test_an_odd_threshold_is_refused():
    with pytest.raises(DataError, match="from 0 to 1, not 2"):
        composite.related_pairs(RANDOM, TREE, redundant=2)


# ------------------------------------------------------------------ reliability
def test_alpha_of_the_technology_index_is_the_published_one():
    """Of standardised indicators, as the Handbook prints it."""
    data = technology.countries()
    found = composite.cronbach_alpha((data - data.mean()) / data.std())
    assert found.alpha == pytest.approx(technology.ALPHA, abs=0.005)


def test_alpha_by_hand():
    """Variances 1 and 1, covariance 1/2: 2 (1 - 2/3)."""
    found = composite.cronbach_alpha(pd.DataFrame({"a": [1.0, 2, 3], "b": [1.0, 3, 2]}))
    assert found.alpha == pytest.approx(2 / 3)
    assert found.without.isna().all()


def test_what_contradicts_the_others_is_better_left_out():
    found = composite.cronbach_alpha(
        pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [1.0, 2, 3, 5], "c": [4.0, 3, 2, 1]})
    )
    assert found.without["c"] > 0.9
    assert found.alpha < 0


def test_alpha_knows_no_indicator_that_never_varies():
    some = pd.DataFrame({"a": [1.0, 2, 3], "b": [1.0, 3, 2]})
    more = some.assign(c=7.0, d=NAN)
    found = composite.cronbach_alpha(more)
    assert found.alpha == pytest.approx(2 / 3)
    assert found.without[["c", "d"]].isna().all()
    assert np.isnan(composite.cronbach_alpha(more[["c", "d"]]).alpha)


@fast
@given(st.integers(2, 8), st.integers(0, 9))
def test_alpha_of_copies_is_one_whatever_their_number(number, seed):
    one = np.random.default_rng(seed).uniform(0, 1, 10)
    found = composite.cronbach_alpha(pd.DataFrame(dict.fromkeys(range(number), one)))
    assert found.alpha == pytest.approx(1)


# ------------------------------------------------------------------ components
def test_components_of_the_technology_index_are_the_published_ones():
    """As far as data of three digits can tell."""
    drawn = [100 * composite.components(one).explained for one in technology.rounded_alike()]
    assert technology.holds(drawn, technology.EXPLAINED, half_digit=0.05)
    found = composite.components(technology.countries())
    assert found.above_one == 2
    assert found.units == 23


def test_two_indicators_have_components_of_one_plus_and_minus_their_correlation():
    data = pd.DataFrame({"a": [1.0, 2, 3, NAN], "b": [1.0, 3, 2, 9]})
    found = composite.components(data)
    np.testing.assert_allclose(found.eigenvalues, [1.5, 0.5])
    np.testing.assert_allclose(found.loadings[1], [np.sqrt(0.75)] * 2)
    assert found.units == 3


@fast
@given(st.integers(0, 99))
def test_loadings_give_the_correlations_back(seed):
    data = pd.DataFrame(draw(9, seed).T, columns=list("abcd"))
    loadings = composite.components(data).loadings
    np.testing.assert_allclose(loadings @ loadings.T, np.corrcoef(data.T), atol=1e-9)


# ------------------------------------------------------------------ weights
def test_weights_multiply_up_the_tree():
    found = composite.global_weights(TREE)
    assert found.tolist() == pytest.approx([0.15, 0.05, 0.4, 0.4, 0.2, 0.8, 1.0])
    alone = composite.global_weights(TREE.iloc[-1:].assign(better="higher"))
    assert alone.tolist() == [1]


def test_importance_of_what_is_independent_is_its_share_of_the_variance():
    """A full factorial: the index is 0.15 a + 0.05 b + 0.4 c + 0.4 d."""
    levels = np.array(np.meshgrid(*[[0.0, 1, 2, 3, 4]] * 4)).reshape(4, -1)
    scores = built(**dict(zip("abcd", levels * [[1], [1], [1], [2]], strict=True)))
    variance = np.array([0.15, 0.05, 0.4, 0.8]) ** 2
    found = composite.effective_weights(scores, TREE)
    assert found["nominal"].tolist() == pytest.approx([0.15, 0.05, 0.4, 0.4])
    np.testing.assert_allclose(found["importance"], variance / variance.sum())
    np.testing.assert_allclose(found["effective"], found["importance"])
    bent = composite.effective_weights(scores, TREE, curved=True)
    np.testing.assert_allclose(bent["importance"], found["importance"], atol=1e-3)


def test_a_curve_sees_what_a_line_does_not():
    a = np.linspace(-10, 10, 101)
    scores = built(a=a, b=a, c=a, d=a).assign(r=a**2)
    line = composite.effective_weights(scores, TREE)["importance"]
    curve = composite.effective_weights(scores, TREE, curved=True)["importance"]
    assert line["a"] == pytest.approx(0, abs=1e-9)
    assert curve["a"] == pytest.approx(1, abs=1e-3)


def test_a_leaf_that_pulls_the_other_way_shows():
    up = np.arange(6.0)
    found = composite.effective_weights(built(a=up, b=up[::-1], c=up, d=up**2), TREE)
    assert found.loc["b", "correlation"] < 0 < found.loc["a", "correlation"]


def test_what_is_alike_or_unknown_has_no_importance():
    scores = built(a=[1.0, 2, 3], b=[5.0] * 3, c=[NAN] * 3, d=[3.0, 1, 2])
    for curved in (False, True):
        found = composite.effective_weights(scores, TREE, curved=curved)
        assert found.loc[["b", "c"], "importance"].isna().all()
    assert found["nominal"].notna().all()
    with pytest.raises(DataError, match="no column: r"):
        composite.effective_weights(scores.drop(columns="r"), TREE)


# ------------------------------------------------------------------ units
def test_contributions_add_up_to_the_distance_of_the_index():
    for unit in ("u0", "u7"):
        found = composite.profile(RANDOM, TREE, unit=unit)
        distance = RANDOM.loc[unit, "r"] - RANDOM["r"].mean()
        assert found["contribution"].sum() == pytest.approx(distance)
        assert found["contribution"].is_monotonic_decreasing


def test_a_profile_may_be_set_against_anything():
    half = pd.Series(50.0, index=list("abcd"))
    found = composite.profile(RANDOM, TREE, unit="u3", reference=half)
    assert found.loc["a", "distance"] == pytest.approx(RANDOM.loc["u3", "a"] - 50)
    with pytest.raises(DataError, match="lacks: d"):
        composite.profile(RANDOM, TREE, unit="u3", reference=half.drop("d"))
    with pytest.raises(DataError, match="no such unit: u999"):
        composite.profile(RANDOM, TREE, unit="u999")


def test_what_is_unknown_of_a_unit_comes_last():
    scores = built(a=[1.0, 2], b=[1.0, 2], c=[NAN, 2], d=[9.0, 2])
    found = composite.profile(scores, TREE, unit="u0")
    assert list(found.index) == ["d", "b", "a", "c"]
    assert np.isnan(found.loc["c", "contribution"])


# ------------------------------------------------------------------ all together
def test_an_audit_holds_them_all():
    found = composite.audit(RANDOM, TREE, method="spearman", redundant=0.5)
    assert list(found.reliability) == ["q", "p", "r"]
    assert found.reliability["p"].alpha == composite.cronbach_alpha(RANDOM[["a", "b"]]).alpha
    assert found.reliability["r"].alpha == composite.cronbach_alpha(RANDOM[list("abcd")]).alpha
    assert found.components.units == 200
    pd.testing.assert_frame_equal(
        found.pairs, composite.related_pairs(RANDOM, TREE, method="spearman", redundant=0.5)
    )
    pd.testing.assert_frame_equal(found.weights, composite.effective_weights(RANDOM, TREE))


def test_an_audit_of_hardly_anything_is_still_one():
    for scores in (
        built(a=[1.0], b=[2.0], c=[3.0], d=[4.0]),
        built(a=[NAN] * 3, b=[NAN] * 3, c=[NAN] * 3, d=[NAN] * 3),
        built(a=[1.0, 2, 3, NAN], b=[1.0, NAN, 3, 4], c=[1.0, 2, NAN, 4], d=[1.0, 2, 3, 4]),
    ):
        found = composite.audit(scores, TREE)
        assert found.components is None
        assert len(found.pairs) == 6
    single = pd.DataFrame({"id": ["a"], "parent": [None], "weight": 1.0, "better": "higher"})
    alone = composite.audit(pd.DataFrame({"a": [1.0, 2, 3]}), single)
    assert alone.pairs.empty
    assert alone.reliability == {}
    assert alone.weights.loc["a", "effective"] == pytest.approx(1)


def test_a_broken_tree_is_refused():
    broken = TREE.assign(parent=["p", "p", "q", "q", "q", "p", None])
    for look in (composite.audit, composite.related_pairs, composite.effective_weights):
        with pytest.raises(DataError, match="in a circle"):
            look(RANDOM, broken)
    with pytest.raises(DataError, match="in a circle"):
        composite.global_weights(broken)
