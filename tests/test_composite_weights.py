"""Schemes of weights: closed forms, published cases, and what is refused."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import technology
from hypothesis import given, settings
from hypothesis import strategies as st

from geoequity import composite
from geoequity.errors import DataError, DataWarning

NAN = float("nan")
fast = settings(deadline=None, max_examples=15)


def table(**columns):
    return pd.DataFrame(columns, dtype=float)


def tree_of(*rows):
    tree = pd.DataFrame(rows, columns=["id", "parent", "weight"])
    return tree.assign(better="higher")


def as_it_is(data, better):
    return data[better.index]


# ------------------------------------------------------------------ plugged into build
TWO = tree_of(("a", "p", 3.0), ("b", "p", 1.0), ("c", "r", 1.0), ("p", "r", 4.0), ("r", None, 1.0))


def test_a_scheme_weighs_the_children_of_each_parent_in_place_of_the_tree():
    data = table(a=[0.0, 100.0], b=[50.0, 50.0], c=[20.0, 30.0])
    usual = composite.build(data, TWO, normalise=as_it_is)
    equal = composite.build(data, TWO, normalise=as_it_is, weigh=composite.equal_weights)
    assert usual.scores["r"].tolist() == pytest.approx([0.8 * 12.5 + 4, 0.8 * 87.5 + 6])
    assert equal.scores["r"].tolist() == pytest.approx([0.5 * 25 + 10, 0.5 * 75 + 15])
    assert equal.weights.to_dict() == {"a": 0.5, "b": 0.5, "c": 0.5, "p": 0.5, "r": 1.0}


def test_a_scheme_sees_the_scores_of_parents_below():
    """Under p all weight goes to a, which differs most; then p and c are weighed."""
    data = table(a=[0.0, 100.0], b=[50.0, 50.0], c=[50.0, 50.0])
    found = composite.build(data, TWO, normalise=as_it_is, weigh=composite.entropy_weights)
    assert found.scores["r"].tolist() == [0, 100]
    assert found.weights[["a", "p"]].tolist() == [1, 1]


def test_an_only_child_needs_no_scheme():
    tree = tree_of(("a", "p", 1.0), ("p", "r", 1.0), ("r", None, 1.0))
    found = composite.build(
        table(a=[7.0, 7.0]), tree, normalise=as_it_is, weigh=composite.component_weights
    )
    assert found.scores["r"].tolist() == [7, 7]


@pytest.mark.parametrize("weights", [[0, 0], [-1, 2], [NAN, 1], [np.inf, 1]])
def test_a_scheme_that_gives_no_weights_is_refused(weights):
    def odd(scores):
        return pd.Series(weights, index=scores.columns, dtype=float)

    with pytest.raises(DataError, match="weigh: no weights, or all 0, under p"):
        composite.build(table(a=[1], b=[2], c=[3]), TWO, normalise=as_it_is, weigh=odd)


def test_weights_are_put_on_a_tree():
    changed = composite.with_weights(TWO, pd.Series({"a": 9.0, "p": 0.0}))
    assert changed["weight"].tolist() == [9, 1, 1, 0, 1]
    assert TWO["weight"].tolist() == [3, 1, 1, 4, 1]
    with pytest.raises(DataError, match="not in the tree: x"):
        composite.with_weights(TWO, pd.Series({"x": 1.0}))
    unknown = composite.with_weights(TWO, pd.Series({"a": NAN}))
    with pytest.raises(DataError, match="infinite or unknown: a"):
        composite.build(table(a=[1], b=[2], c=[3]), unknown, normalise=as_it_is)


# ------------------------------------------------------------------ components
def test_the_weights_of_the_technology_index_are_the_published_ones():
    """By its table 17, as far as data of three digits can tell."""
    squared = pd.Series(technology.LOADINGS) ** 2
    found = [composite.component_weights(one, factors=4) for one in technology.rounded_alike()]
    error = (2 * pd.Series(technology.LOADINGS) * 0.005 / squared.sum()).to_numpy()
    assert technology.holds(found, (squared / squared.sum()).to_numpy(), half_digit=error)


def test_factors_are_kept_until_they_explain_three_fifths():
    """Two explain 63.7 %, both with eigenvalues above 1."""
    data = technology.countries()
    pd.testing.assert_series_equal(
        composite.component_weights(data), composite.component_weights(data, factors=2)
    )


def test_two_indicators_have_equal_weights_however_they_correlate():
    for other in ([1.0, 3.0, 2.0], [3.0, 1.0, 2.0]):
        found = composite.component_weights(table(a=[1.0, 2.0, 3.0], b=other))
        np.testing.assert_allclose(found, [0.5, 0.5], atol=1e-9)


def test_what_does_not_vary_or_is_unknown_weighs_nothing():
    data = table(a=[1.0, 2, 4, 3], b=[2.0, 1, 3, 4], c=[5.0] * 4, d=[NAN] * 4)
    found = composite.component_weights(data)
    np.testing.assert_allclose(found, [0.5, 0.5, 0, 0], atol=1e-9)


def test_components_that_cannot_be_found_are_refused():
    with pytest.raises(DataError, match="component weights: units do not differ in a"):
        composite.component_weights(table(a=[1.0, 1.0]))
    with pytest.raises(DataError, match="need 3 units known in all of a, b, not 2"):
        composite.component_weights(table(a=[1.0, 2.0, NAN], b=[1.0, 2.0, 3.0]))
    with pytest.raises(DataError, match="scores: not numbers: a"):
        composite.component_weights(pd.DataFrame({"a": ["1", "x"], "b": [1.0, 2.0]}))
    with pytest.raises(DataError, match="alike in a"):
        composite.component_weights(table(a=[1, 1, 1, 2.0], b=[1.0, 2.0, 3.0, NAN]))
    with pytest.raises(DataError, match="from 1 to 2 factors, not 3"):
        composite.component_weights(table(a=[1.0, 2, 3], b=[1.0, 3, 2]), factors=3)


COLUMNS = st.lists(
    st.lists(st.integers(0, 100), min_size=3, max_size=3), min_size=5, max_size=12
).map(lambda rows: pd.DataFrame(rows, columns=list("abc"), dtype=float))


@fast
@given(COLUMNS)
def test_schemes_sum_to_one_and_do_not_depend_on_the_order_of_units(data):
    varied = data.assign(a=np.arange(len(data)), b=np.arange(len(data))[::-1] ** 2)
    for scheme in (
        composite.equal_weights,
        composite.component_weights,
        composite.entropy_weights,
    ):
        found = scheme(varied)
        assert found.sum() == pytest.approx(1)
        assert (found >= 0).all()
        np.testing.assert_allclose(found, scheme(varied.iloc[::-1]), atol=1e-6)


# ------------------------------------------------------------------ entropy
def test_entropy_by_hand():
    """Shares 1/4 and 3/4 against all to one: divergences 1 - H(1/4) and 1."""
    divergence = 1 + (0.25 * np.log(0.25) + 0.75 * np.log(0.75)) / np.log(2)
    found = composite.entropy_weights(table(a=[10.0, 30.0], b=[0.0, 5.0]))
    np.testing.assert_allclose(found, np.array([divergence, 1]) / (1 + divergence))


def test_entropy_leaves_the_unknown_out_and_refuses_the_negative():
    some = table(a=[10.0, 30.0, NAN], b=[0.0, 5.0, 0.0])
    divergence = 1 + (0.25 * np.log(0.25) + 0.75 * np.log(0.75)) / np.log(2)
    np.testing.assert_allclose(
        composite.entropy_weights(some), np.array([divergence, 1]) / (1 + divergence)
    )
    with pytest.raises(DataError, match="negative scores: b"):
        composite.entropy_weights(table(a=[1.0, 2.0], b=[-1.0, 2.0]))
    with pytest.raises(DataError, match="entropy weights: units do not differ in a, b"):
        composite.entropy_weights(table(a=[1.0, 1.0], b=[NAN, NAN]))


# ------------------------------------------------------------------ benefit of the doubt
def test_one_indicator_is_set_against_the_best():
    found = composite.benefit_of_the_doubt(table(a=[20.0, 50.0, 0.0]))
    assert found.scores.tolist() == pytest.approx([40, 100, 0])
    assert found.weights["a"].tolist()[0] == pytest.approx(2)


def test_weights_lie_where_peers_allow_them():
    """Both peers bind: w (100, 50) = w (50, 100) = 1, so 2/3 for 50 and 50."""
    data = table(a=[100.0, 50, 50, 60], b=[50.0, 100, 50, 90])
    found = composite.benefit_of_the_doubt(data)
    assert found.scores.tolist() == pytest.approx([100, 100, 200 / 3, 100])
    np.testing.assert_allclose(found.weights.loc[2], [2 / 3, 2 / 3])
    np.testing.assert_allclose(found.shares.loc[2], [0.5, 0.5])


def test_bounds_on_shares_are_kept_and_cost_points():
    """Equal shares leave one free number: w = s/2 (1/y), s as large as the peers allow."""
    data = table(a=[100.0, 10.0, 50.0], b=[10.0, 100.0, 20.0])
    free = composite.benefit_of_the_doubt(data)
    bound = composite.benefit_of_the_doubt(data, low=0.5, high=1.5)
    tied = composite.benefit_of_the_doubt(data, low=1, high=1)
    assert (free.scores >= bound.scores - 1e-9).all()
    assert (bound.scores >= tied.scores - 1e-9).all()
    assert bound.shares.min().min() >= 0.25 - 1e-9
    assert bound.shares.max().max() <= 0.75 + 1e-9
    own = data.to_numpy()
    sums = np.array([[(0.5 * peer / unit).sum() for peer in own] for unit in own])
    np.testing.assert_allclose(tied.scores, 100 / sums.max(axis=1))


def test_shares_follow_the_usual_weights():
    data = table(a=[100.0, 10.0, 50.0], b=[10.0, 100.0, 20.0])
    found = composite.benefit_of_the_doubt(
        data, weights=pd.Series({"a": 3.0, "b": 1.0}), low=1, high=1
    )
    np.testing.assert_allclose(found.shares, [[0.75, 0.25]] * 3)


def test_a_unit_is_compared_over_what_is_known_of_it():
    data = table(a=[50.0, 100.0, NAN, NAN], b=[80.0, NAN, 40.0, NAN])
    found = composite.benefit_of_the_doubt(data).scores
    assert found.tolist()[:3] == pytest.approx([100, 100, 50])
    assert np.isnan(found[3])


def test_nothing_is_nothing_where_a_share_is_demanded():
    data = table(a=[0.0, 100.0], b=[100.0, 100.0])
    assert composite.benefit_of_the_doubt(data).scores.tolist() == pytest.approx([100, 100])
    found = composite.benefit_of_the_doubt(data, low=0.5)
    assert found.scores.tolist() == pytest.approx([0, 100])
    assert found.shares.loc[0].isna().all()


def test_the_benefit_of_the_doubt_is_an_aggregate():
    data = table(a=[100.0, 50.0, 50.0], b=[50.0, 100.0, 50.0])
    tree = tree_of(("a", "r", 1.0), ("b", "r", 1.0), ("r", None, 1.0))
    found = composite.build(data, tree, normalise=as_it_is, aggregate=composite.favourable())
    assert found.scores["r"].tolist() == pytest.approx([100, 100, 200 / 3])
    unknown = composite.favourable()(np.array([[NAN], [1.0]]), np.array([0.0]) + 1)
    assert np.isnan(unknown[0])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"low": -0.1}, "must hold 1 between them"),
        ({"low": 1.1}, "must hold 1 between them"),
        ({"high": 0.9}, "must hold 1 between them"),
        ({"weights": pd.Series({"a": 0.0, "b": 0.0})}, "all are 0"),
        ({"weights": pd.Series({"a": -1.0, "b": 1.0})}, "negative or infinite: a"),
        ({"weights": pd.Series({"a": "1", "b": "1"})}, "weights: not numbers"),
        ({"weights": pd.Series({"a": NAN, "b": 1.0})}, "infinite or unknown: a"),
        ({"weights": pd.Series({"a": 1.0})}, "weights"),
    ],
)
def test_odd_doubts_are_refused(options, said):
    with pytest.raises(DataError, match=said):
        composite.benefit_of_the_doubt(table(a=[1.0, 2.0], b=[3.0, 4.0]), **options)


def test_negative_scores_have_no_benefit():
    with pytest.raises(DataError, match="negative scores: a"):
        composite.benefit_of_the_doubt(table(a=[-1.0, 2.0]))


@fast
@given(COLUMNS)
def test_no_other_weights_would_suit_a_unit_better(data):
    data += 1
    found = composite.benefit_of_the_doubt(data)
    assert (found.scores <= 100 + 1e-9).all()
    assert found.scores.max() == pytest.approx(100)
    for weights in np.eye(3):
        sums = data.to_numpy() @ weights
        assert (found.scores >= 100 * sums / sums.max() - 1e-6).all()


# ------------------------------------------------------------------ analytic hierarchy
def judged(*rows):
    cells = [[float(Fraction(one)) for one in row.split()] for row in rows]
    names = [f"c{at}" for at in range(len(cells))]
    return pd.DataFrame(cells, index=names, columns=names)


# Saaty, T. L. (1990). How to make a decision. Eur. J. Operational Research 48, 9-26: buying a house
HOUSE = judged(
    "1 5 3 7 6 6 1/3 1/4",
    "1/5 1 1/3 5 3 3 1/5 1/7",
    "1/3 3 1 6 3 4 6 1/5",
    "1/7 1/5 1/6 1 1/3 1/4 1/7 1/8",
    "1/6 1/3 1/3 3 1 1/2 1/5 1/6",
    "1/6 1/3 1/4 4 2 1 1/5 1/6",
    "3 5 1/6 7 5 5 1 1/2",
    "4 7 5 8 6 6 2 1",
)


def test_the_house_that_saaty_bought():
    with pytest.warns(DataWarning, match="consistency ratio 0.17, above 0.1"):
        found = composite.analytic_hierarchy(HOUSE)
    printed = [0.173, 0.054, 0.188, 0.018, 0.031, 0.036, 0.167, 0.333]
    np.testing.assert_allclose(found.weights, printed, atol=5e-4)
    assert found.weights.index.equals(HOUSE.index)
    assert found.eigenvalue == pytest.approx(9.669, abs=5e-4)
    assert found.consistency_ratio == pytest.approx(0.169, abs=5e-4)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=15))
def test_judgements_that_agree_give_their_ratios(weights):
    names = [f"c{at}" for at in range(len(weights))]
    ratios = np.divide.outer(weights, weights).astype(float)
    found = composite.analytic_hierarchy(pd.DataFrame(ratios, index=names, columns=names))
    np.testing.assert_allclose(found.weights, np.array(weights) / sum(weights), atol=1e-9)
    assert found.consistency_ratio == pytest.approx(0, abs=1e-9)
    assert found.eigenvalue == pytest.approx(len(weights))


def test_three_things_are_the_geometric_means_of_their_rows():
    """So it is for three, whatever contradicts what."""
    pairs = judged("1 2 8", "1/2 1 2", "1/8 1/2 1")
    means = np.cbrt(pairs.prod(axis=1))
    found = composite.analytic_hierarchy(pairs)
    np.testing.assert_allclose(found.weights, means / means.sum())
    assert 0 < found.consistency_ratio < 0.1


def test_judgements_that_are_none_are_named_by_cell():
    odd = judged("1 2 3", "1/2 1 -1", "1 1 1")
    with pytest.raises(DataError) as caught:
        composite.analytic_hierarchy(odd)
    assert "not above 0: c1 / c2" in str(caught.value)
    assert "not the reciprocal of its opposite: c0 / c2" in str(caught.value)
    with pytest.raises(DataError, match="not above 0: c0 / c1"):
        composite.analytic_hierarchy(judged("1 2", "1/2 1").mask(lambda one: one == 2))
    with pytest.raises(DataError, match="opposite: c0 / c0"):
        composite.analytic_hierarchy(judged("2"))


def test_reciprocals_may_be_written_with_two_digits():
    found = composite.analytic_hierarchy(judged("1 3", "0.33 1"))
    np.testing.assert_allclose(found.weights, [0.75, 0.25], atol=0.002)


def test_a_matrix_that_is_no_square_is_refused():
    with pytest.raises(DataError, match="rows and columns alike"):
        composite.analytic_hierarchy(judged("1 2", "1/2 1").iloc[::-1])
    many = pd.DataFrame(1.0, index=range(16), columns=range(16))
    with pytest.raises(DataError, match="1 to 15 things"):
        composite.analytic_hierarchy(many)


# ------------------------------------------------------------------ budget allocation
def test_every_panellist_counts_alike_however_many_points():
    points = table(a=[60.0, 1.0], b=[40.0, 3.0]).set_axis(["ana", "rui"])
    found = composite.budget_allocation(points)
    assert found.weights.tolist() == pytest.approx([(0.6 + 0.25) / 2, (0.4 + 0.75) / 2])
    assert found.spread.tolist() == pytest.approx([0.35 / np.sqrt(2)] * 2)
    assert (found.least.tolist(), found.most.tolist()) == ([0.25, 0.4], [0.6, 0.75])
    alone = composite.budget_allocation(points.iloc[:1])
    assert alone.spread.isna().all()


def test_points_that_are_none_are_refused_by_panellist():
    points = pd.DataFrame(
        {"a": [1.0, -1.0, NAN, 0.0], "b": [1.0, 2.0, 3.0, 0.0]},
        index=["ana", "bia", "caio", "dora"],
    )
    with pytest.raises(DataError, match="unknown from: bia, caio; none from: dora"):
        composite.budget_allocation(points)
    with pytest.raises(DataError, match="no panellists"):
        composite.budget_allocation(points.iloc[:0])


def test_pairs_of_texts_are_no_judgements():
    pairs = pd.DataFrame({"a": ["1", "x"], "b": ["2", "1"]}, index=["a", "b"])
    with pytest.raises(DataError, match="pairs: not numbers: a, b"):
        composite.analytic_hierarchy(pairs)
