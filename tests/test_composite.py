"""The composite: trees by hand, a slow twin, properties, and a published index."""

from math import exp, isnan, log, nan, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from geoequity import composite
from geoequity.errors import DataError, DataWarning

ASEM = Path(__file__).resolve().parents[2] / "shared" / "oracles" / "asem"
fast = settings(deadline=None, max_examples=15)


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


def tree_of(*rows):
    """A tree of (id, parent, weight[, min_known]); what has no child is a leaf, higher better."""
    table = pd.DataFrame(
        [(*row, None)[:4] for row in rows], columns=["id", "parent", "weight", "min_known"]
    )
    leaf = ~table["id"].isin(table["parent"])
    table["better"] = pd.Series("higher", index=table.index).where(leaf, None)
    return table.astype({"min_known": float})


def as_it_is(data, better):
    return data[better.index]


def units(**columns):
    frame = pd.DataFrame(columns, dtype=float)
    return frame.set_axis([f"u{at}" for at in range(len(frame))])


def scored(data, tree, **options):
    return composite.build(data, tree, **{"normalise": as_it_is, **options})


def node(data, tree, name, **options):
    return scored(data, tree, **options).scores[name].tolist()


# Four levels: indicators a-e, areas x-z, pillars p and q, the root.
DEEP = tree_of(
    ("a", "x", 1.0),
    ("b", "x", 3.0),
    ("c", "y", 2.0),
    ("d", "z", 1.0),
    ("e", "z", 1.0),
    ("x", "p", 2.0),
    ("y", "p", 1.0),
    ("z", "q", 5.0),
    ("p", "index", 1.0),
    ("q", "index", 4.0),
    ("index", None, 1.0),
)


# ---- trees by hand ------------------------------------------------------------------------


def test_a_tree_of_one_node_is_its_indicator():
    found = scored(units(a=[10, nan]), tree_of(("a", None, 1.0)))
    assert found.scores["a"].tolist() == close([10, nan])
    assert found.weights.to_dict() == {"a": 1.0}


def test_a_parent_is_the_weighted_mean_of_its_children():
    tree = tree_of(("a", "r", 1.0), ("b", "r", 3.0), ("r", None, 1.0))
    assert node(units(a=[20, 0], b=[60, 100]), tree, "r") == close(
        [(1 * 20 + 3 * 60) / 4, (1 * 0 + 3 * 100) / 4]
    )


def test_three_levels_weigh_within_each_parent():
    tree = tree_of(
        ("a", "p", 1.0), ("b", "p", 1.0), ("c", "q", 9.0), ("p", "r", 1.0), ("q", "r", 2.0)
    )
    tree = pd.concat([tree, tree_of(("r", None, 1.0)).assign(better=None)], ignore_index=True)
    assert node(units(a=[10], b=[30], c=[50]), tree, "r") == close([((10 + 30) / 2 + 2 * 50) / 3])


def test_four_levels_by_hand():
    found = scored(units(a=[40], b=[80], c=[10], d=[30], e=[50]), DEEP).scores.iloc[0]
    x, y, z = (40 + 3 * 80) / 4, 10, (30 + 50) / 2
    p, q = (2 * x + y) / 3, z
    assert found[["x", "y", "z", "p", "q"]].tolist() == close([x, y, z, p, q])
    assert found["index"] == close((p + 4 * q) / 5)


def test_weights_of_siblings_sum_to_one():
    weights = scored(units(a=[1], b=[1], c=[1], d=[1], e=[1]), DEEP).weights
    assert weights[["a", "b", "x", "y", "p", "q", "index"]].tolist() == close(
        [1 / 4, 3 / 4, 2 / 3, 1 / 3, 1 / 5, 4 / 5, 1]
    )
    assert weights.groupby(DEEP.set_index("id")["parent"]).sum().tolist() == close([1] * 6)


def test_an_unknown_child_hands_its_weight_to_its_siblings():
    tree = tree_of(("a", "r", 1.0), ("b", "r", 3.0), ("c", "r", 4.0), ("r", None, 1.0))
    data = units(a=[20, nan, nan], b=[nan, nan, 10], c=[60, nan, 20])
    assert node(data, tree, "r") == close([(20 + 4 * 60) / 5, nan, (3 * 10 + 4 * 20) / 7])


def test_a_wholly_unknown_branch_is_unknown_and_its_parent_goes_by_the_rest():
    found = scored(units(a=[40], b=[80], c=[nan], d=[nan], e=[nan]), DEEP).scores.iloc[0]
    assert isnan(found["y"])
    assert isnan(found["q"])
    assert found["index"] == found["p"] == found["x"] == close((40 + 3 * 80) / 4)


def test_min_known_asks_for_that_many_known_children():
    tree = tree_of(("a", "r", 1.0), ("b", "r", 1.0), ("c", "r", 1.0), ("r", None, 1.0, 2))
    data = units(a=[30, 30, nan], b=[60, nan, nan], c=[nan, nan, 10])
    assert node(data, tree, "r") == close([45, nan, nan])


def test_min_known_counts_children_not_leaves():
    tree = DEEP.assign(min_known=[2.0 if one == "index" else nan for one in DEEP["id"]])
    data = units(a=[10, 10], b=[10, 10], c=[10, 10], d=[20, nan], e=[nan, nan])
    assert node(data, tree, "index") == close([(10 + 4 * 20) / 5, nan])


def test_a_tree_without_min_known_needs_one_known_child():
    tree = tree_of(("a", "r", 1.0), ("b", "r", 1.0), ("r", None, 1.0)).drop(columns="min_known")
    assert node(units(a=[nan, nan], b=[7, nan]), tree, "r") == close([7, nan])


def test_an_indicator_without_weight_does_not_count():
    tree = tree_of(("a", "r", 0.0), ("b", "r", 2.0), ("r", None, 1.0))
    assert node(units(a=[90, 90], b=[10, nan]), tree, "r") == close([10, nan])


def test_zero_is_measured_and_not_unknown():
    tree = tree_of(("a", "r", 1.0), ("b", "r", 1.0), ("r", None, 1.0))
    assert node(units(a=[0, nan], b=[50, 50]), tree, "r") == close([25, 50])


def test_impute_comes_before_treat_and_both_before_normalise():
    tree = tree_of(("a", "r", 1.0), ("r", None, 1.0))
    found = scored(
        units(a=[nan, 4]),
        tree,
        impute=lambda data: data.fillna(9.0),
        treat=lambda data: data**0.5,
        normalise=lambda data, better: 10 * data[better.index],
    )
    assert found.scores["r"].tolist() == close([10 * sqrt(9), 10 * sqrt(4)])


def test_columns_come_in_the_order_of_the_tree():
    found = scored(units(e=[1], d=[1], c=[1], b=[1], a=[1], other=[1]), DEEP)
    assert list(found.scores) == list(found.ranks) == list(found.weights.index) == list(DEEP["id"])


# ---- ranks --------------------------------------------------------------------------------


def test_the_best_ranks_first_and_ties_share_the_middle_rank():
    found = scored(units(a=[10, 30, 30, nan, 20]), tree_of(("a", None, 1.0)))
    assert found.ranks["a"].tolist() == close([4, 1.5, 1.5, nan, 3])


def test_units_that_are_alike_tie_to_the_last_bit():
    rng = np.random.default_rng(7)
    leaves = [f"i{at}" for at in range(9)]
    rows = [(one, "r", float(weight)) for one, weight in zip(leaves, rng.random(9), strict=True)]
    data = pd.DataFrame(np.tile(100 * rng.random((1, 9)), (51, 1)), columns=leaves)
    for aggregate in (composite.arithmetic, composite.geometric):
        found = scored(data, tree_of(*rows, ("r", None, 1.0)), aggregate=aggregate)
        assert len(set(found.scores["r"])) == 1
        assert found.ranks["r"].tolist() == [26.0] * 51


# ---- goalposts ----------------------------------------------------------------------------


def test_goalposts_score_by_distance_between_worst_and_best():
    normalise = composite.goalposts({"up": (10.0, 30.0), "down": (60.0, 20.0)})
    found = normalise(
        units(up=[10, 15, 30], down=[60, 50, 20]), pd.Series({"up": "higher", "down": "lower"})
    )
    assert found["up"].tolist() == close([0, 100 * 5 / 20, 100])
    assert found["down"].tolist() == close([0, 100 * 10 / 40, 100])


def test_beyond_a_goalpost_scores_as_the_goalpost_and_unknown_stays_unknown():
    normalise = composite.goalposts({"up": (0.0, 10.0), "down": (10.0, 0.0)})
    data = units(up=[-5, 99, nan], down=[-5, 99, nan])
    found = normalise(data, pd.Series({"up": "higher", "down": "lower"}))
    assert found["up"].tolist() == close([0, 100, nan])
    assert found["down"].tolist() == close([100, 0, nan])


def test_the_ends_of_the_scale_are_exact_and_zero_has_no_sign():
    worst, best = 0.1 + 0.2, 49.0 / 7.3
    better = pd.Series({"up": "higher", "down": "lower"})
    data = units(up=[worst, best], down=[worst, best])
    for normalise in (
        composite.goalposts({"up": (worst, best), "down": (best, worst)}),
        composite.min_max,
    ):
        assert normalise(data, better).map(str).to_numpy().tolist() == [
            ["0.0", "100.0"],
            ["100.0", "0.0"],
        ]


def test_goalposts_score_the_same_in_any_company():
    normalise = composite.goalposts({"a": (0.0, 50.0)})
    better = pd.Series({"a": "higher"})
    alone = normalise(units(a=[20]), better)["a"].tolist()
    assert normalise(units(a=[20, 1, 900]), better)["a"].tolist()[:1] == alone == close([40])


def test_goalposts_that_lack_an_indicator_are_refused_by_name():
    tree = tree_of(("a", "r", 1.0), ("b", "r", 1.0), ("r", None, 1.0))
    with pytest.raises(DataError, match="no goalposts for b") as refused:
        scored(units(a=[1], b=[1]), tree, normalise=composite.goalposts({"a": (0.0, 1.0)}))
    assert refused.value.ids == ("b",)


@pytest.mark.parametrize(
    ("posts", "better"),
    [((5.0, 5.0), "lower"), ((0.0, 9.0), "lower"), ((9.0, 0.0), "higher"), ((0.0, nan), "higher")],
)
def test_goalposts_that_contradict_the_direction_are_refused(posts, better):
    normalise = composite.goalposts({"a": posts})
    with pytest.raises(DataError, match=r"goalposts .* contradict .* a"):
        normalise(units(a=[1]), pd.Series({"a": better}))


# ---- min-max ------------------------------------------------------------------------------


def test_min_max_scores_the_best_unit_100_in_either_direction():
    found = composite.min_max(
        units(up=[2, 4, 10], down=[2, 4, 10]), pd.Series({"up": "higher", "down": "lower"})
    )
    assert found["up"].tolist() == close([0, 100 * 2 / 8, 100])
    assert found["down"].tolist() == close([100, 100 * 6 / 8, 0])


def test_min_max_on_units_named_like_indicators_is_not_confused():
    data = pd.DataFrame({"up": [1.0, 2.0], "down": [1.0, 2.0]}, index=["up", "down"])
    found = composite.min_max(data, pd.Series({"up": "higher", "down": "lower"}))
    assert found.to_numpy().tolist() == [[0, 100], [100, 0]]


def test_min_max_leaves_unknown_values_out_of_the_range():
    found = composite.min_max(units(a=[nan, 1, 3]), pd.Series({"a": "higher"}))
    assert found["a"].tolist() == close([nan, 0, 100])


def test_min_max_cannot_score_units_that_are_all_alike_and_warns():
    with pytest.warns(DataWarning, match="min-max .* alike: a") as warned:
        found = composite.min_max(
            units(a=[5, 5, 5], b=[1, 2, 3]), pd.Series({"a": "lower", "b": "lower"})
        )
    assert warned[0].message.ids == ("a",)
    assert found["a"].isna().all()
    assert found["b"].tolist() == close([100, 50, 0])


def test_min_max_of_a_single_unit_is_unknown_and_warns():
    with pytest.warns(DataWarning, match="alike"):
        found = composite.min_max(units(a=[5]), pd.Series({"a": "higher"}))
    assert found["a"].isna().all()


def test_min_max_of_wholly_unknown_values_is_unknown_without_a_warning():
    assert composite.min_max(units(a=[nan, nan]), pd.Series({"a": "higher"}))["a"].isna().all()


# ---- aggregation --------------------------------------------------------------------------


def table(*rows):
    return np.array(rows, dtype=float)


def test_geometric_mean_by_hand():
    found = composite.geometric(table([4, 9], [100, 1]), np.array([1.0, 1.0]))
    assert found.tolist() == close([sqrt(4 * 9), sqrt(100 * 1)])
    found = composite.geometric(table([2, 16]), np.array([2.0, 1.0]))
    assert found.tolist() == close([exp((2 * log(2) + log(16)) / 3)])


def test_geometric_mean_of_a_zero_is_zero():
    assert composite.geometric(table([0, 90], [0, nan]), np.array([1.0, 5.0])).tolist() == [0, 0]


def test_a_zero_without_weight_does_not_pull_the_geometric_mean_down():
    assert composite.geometric(table([0, 25]), np.array([0.0, 1.0])).tolist() == close([25])


def test_geometric_mean_leaves_unknown_children_out():
    found = composite.geometric(table([nan, 25], [nan, nan]), np.array([1.0, 1.0]))
    assert found.tolist() == close([25, nan])


def test_geometric_mean_refuses_negative_scores():
    with pytest.raises(DataError, match="negative scores have no geometric mean"):
        composite.geometric(table([-1, 4]), np.array([1.0, 1.0]))


def test_nothing_known_that_weighs_is_unknown():
    for aggregate in (composite.arithmetic, composite.geometric):
        assert isnan(aggregate(table([5, nan]), np.array([0.0, 1.0]))[0])


@fast
@given(
    rows=st.lists(
        st.lists(st.just(nan) | st.floats(0, 100), min_size=3, max_size=3), min_size=1, max_size=6
    ),
    weights=st.lists(st.floats(0.01, 10), min_size=3, max_size=3),
)
def test_a_mean_lies_among_its_children_and_the_geometric_is_no_higher(rows, weights):
    values, weights = table(*rows), np.array(weights)
    mean = composite.arithmetic(values, weights)
    geometric = composite.geometric(values, weights)
    some = ~np.isnan(values).all(axis=1)
    assert np.array_equal(~np.isnan(mean), some)
    assert np.array_equal(~np.isnan(geometric), some)
    low, high = np.nanmin(values[some], axis=1), np.nanmax(values[some], axis=1)
    for one in (mean[some], geometric[some]):
        assert (low <= one).all()  # exactly, or a score could come out above 100
        assert (one <= high).all()
    assert (geometric[some] <= mean[some] + 1e-9).all()


# ---- a slow twin, and properties ----------------------------------------------------------


def slow_score(unit, tree, name):
    """One node of one unit, by the words of the contract."""
    rows = [row for _, row in tree.iterrows() if row["parent"] == name]
    if not rows:
        return unit[name]
    known = [(slow_score(unit, tree, row["id"]), row["weight"]) for row in rows]
    known = [(score, weight) for score, weight in known if not isnan(score)]
    own = tree.loc[tree["id"] == name, "min_known"].iloc[0]
    total = sum(weight for _, weight in known)
    if len(known) < (1 if isnan(own) else own) or total == 0:
        return nan
    return sum(score * weight for score, weight in known) / total


@st.composite
def worlds(draw):
    """A tree of any depth with weights and needs, and up to six units with unknowns."""
    size = draw(st.integers(2, 9))
    rows = [("n0", None, 1.0, None)]
    for at in range(1, size):
        parent = f"n{draw(st.integers(0, at - 1))}"
        weight = draw(st.floats(0.05, 5))
        rows.append((f"n{at}", parent, weight, draw(st.none() | st.integers(1, 2))))
    tree = tree_of(*draw(st.permutations(rows)))
    leaves = tree.loc[tree["better"].notna(), "id"]
    count = draw(st.integers(1, 6))
    value = st.just(nan) | st.floats(0, 100)
    data = {one: draw(st.lists(value, min_size=count, max_size=count)) for one in leaves}
    return units(**data), tree


@fast
@given(worlds())
def test_build_agrees_with_its_slow_twin(world):
    data, tree = world
    found = scored(data, tree).scores
    for name in tree["id"]:
        slow = [slow_score(unit, tree, name) for _, unit in data.iterrows()]
        assert found[name].tolist() == close(slow)


@fast
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_units_changes_nothing(world, random):
    data, tree = world
    at = random.sample(range(len(data)), len(data))
    plain, mixed = scored(data, tree), scored(data.iloc[at], tree)
    pd.testing.assert_frame_equal(mixed.scores, plain.scores.iloc[at], check_exact=True)
    pd.testing.assert_frame_equal(mixed.ranks, plain.ranks.iloc[at], check_exact=True)


@fast
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_the_tree_changes_nothing(world, random):
    data, tree = world
    mixed = tree.iloc[random.sample(range(len(tree)), len(tree))]
    plain = scored(data, tree).scores
    pd.testing.assert_frame_equal(scored(data, mixed).scores[list(plain)], plain, rtol=1e-12)


@fast
@given(worlds())
def test_names_change_nothing(world):
    data, tree = world
    called = {one: f"{100 - int(one[1:])}_{one}" for one in tree["id"]}
    renamed = tree.assign(
        id=tree["id"].map(called), parent=tree["parent"].map(called, na_action="ignore")
    )
    plain = scored(data, tree).scores
    fresh = scored(data.rename(columns=called).rename("v{}".format), renamed).scores
    assert fresh.to_numpy() == close(plain.to_numpy())


@fast
@given(worlds(), st.floats(0.1, 50))
def test_weights_count_only_against_each_other(world, factor):
    data, tree = world
    scaled = tree.assign(weight=tree["weight"] * factor)
    assert scored(data, scaled).scores.to_numpy() == close(scored(data, tree).scores.to_numpy())


@fast
@given(worlds(), st.floats(0.1, 50), st.floats(-50, 50))
def test_min_max_scores_do_not_depend_on_the_unit_of_measure(world, factor, shift):
    data = world[0].round(3)
    spread = data.loc[:, data.max() > data.min()]
    better = pd.Series("higher", index=spread.columns)
    plain = composite.min_max(spread, better)
    moved = composite.min_max(spread * factor + shift, better)
    assert moved.to_numpy() == pytest.approx(plain.to_numpy(), abs=1e-6, nan_ok=True)


@fast
@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=9), st.sampled_from(["up", "down"]))
def test_normalising_keeps_the_order(values, direction):
    data = units(up=values, down=values)[[direction]]
    sign = 1 if direction == "up" else -1
    better = pd.Series({direction: "higher" if sign == 1 else "lower"})
    posts = {direction: (-sign * 1000.0, sign * 1000.0)}
    made = [composite.goalposts(posts)(data, better)]
    if len(set(values)) > 1:
        made.append(composite.min_max(data, better))
    wanted = (sign * data[direction]).rank()
    for scores in made:
        assert scores[direction].rank().tolist() == wanted.tolist()
        assert scores[direction].between(0, 100).all()


@fast
@given(worlds(), st.data())
def test_a_better_indicator_never_lowers_a_score(world, data_of):
    data, tree = world
    name = data_of.draw(st.sampled_from(list(data.columns)))
    raised = data.assign(**{name: data[name] + 10})
    gain = scored(raised, tree).scores - scored(data, tree).scores
    assert (gain.fillna(0.0) >= -1e-9).all(axis=None)


# ---- faults -------------------------------------------------------------------------------


def test_every_fault_of_a_tree_is_named_at_once():
    tree = tree_of(
        ("a", "p", 1.0),
        ("b", "nowhere", 1.0),
        ("c", "p", -9.0),
        ("d", "q", 0.0),
        ("p", None, 1.0),
        ("q", None, 1.0),
        ("k", "l", 1.0),
        ("l", "k", 1.0),
    )
    tree.loc[tree["id"] == "a", "better"] = "bigger"
    with pytest.raises(DataError, match="tree: ") as refused:
        scored(units(a=[1], b=[1], d=[1]), tree)
    for fault in (
        "more than one root: p, q",
        "parent is not in the tree: b",
        "no column: c",
        "better is neither higher nor lower: a",
        "weight negative, infinite or unknown: c",
        "all weights are 0 under: q",
        "in a circle: k, l",
    ):
        assert fault in str(refused.value)
    assert set(refused.value.ids) == set("abcpqkl")


def test_how_many_must_be_known_is_a_number():
    tree = tree_of(("a", "r", 1.0), ("r", None, 1.0)).assign(min_known=["x", None])
    with pytest.raises(DataError, match="tree: min_known is no number: a"):
        scored(units(a=[1]), tree)
    with pytest.raises(DataError, match="tree: columns: ids stand more than once: weight"):
        scored(units(a=[1]), pd.concat([tree, tree[["weight"]]], axis=1))


def test_a_tree_without_a_root_is_a_circle():
    tree = tree_of(("a", "b", 1.0), ("b", "a", 1.0))
    with pytest.raises(DataError, match="tree: in a circle: a, b"):
        scored(units(a=[1], b=[1]), tree)


def test_a_node_that_is_its_own_parent_is_a_circle():
    tree = tree_of(("a", "r", 1.0), ("b", "b", 1.0), ("r", None, 1.0))
    with pytest.raises(DataError, match="circle: b"):
        scored(units(a=[1], b=[1]), tree)


@pytest.mark.parametrize("weight", [nan, np.inf, -1.0, "heavy", None])
def test_a_weight_that_is_no_weight_is_refused(weight):
    tree = tree_of(("a", "r", 1.0), ("b", "r", 1.0), ("r", None, 1.0)).astype({"weight": object})
    tree.loc[tree["id"] == "b", "weight"] = weight
    with pytest.raises(DataError, match="weight negative, infinite or unknown: b"):
        scored(units(a=[1], b=[1]), tree)


def test_an_empty_tree_is_refused():
    with pytest.raises(DataError, match="tree: no nodes"):
        scored(units(a=[1]), tree_of(("a", None, 1.0)).iloc[:0])


def test_a_tree_that_lacks_columns_or_repeats_ids_is_refused():
    tree = tree_of(("a", "r", 1.0), ("r", None, 1.0))
    with pytest.raises(DataError, match="tree: no column weight"):
        scored(units(a=[1]), tree.drop(columns="weight"))
    with pytest.raises(DataError, match="tree: ids stand more than once: a"):
        scored(units(a=[1]), pd.concat([tree, tree.iloc[:1]]))


def test_data_that_are_no_numbers_are_refused_by_column():
    tree = tree_of(("a", "r", 1.0), ("b", "r", 1.0), ("r", None, 1.0))
    data = units(a=[1, np.inf]).assign(b=["x", "y"])
    with pytest.raises(DataError, match="not numbers: b; infinite: a") as refused:
        scored(data, tree)
    assert refused.value.ids == ("b", "a")


def test_units_that_stand_twice_are_refused():
    data = units(a=[1, 2]).set_axis(["u0", "u0"])
    with pytest.raises(DataError, match="data: ids stand more than once: u0"):
        scored(data, tree_of(("a", None, 1.0)))


def test_no_units_make_no_scores():
    found = scored(units(a=[], b=[]), tree_of(("a", "r", 1.0), ("b", "r", 1.0), ("r", None, 1.0)))
    assert found.scores.shape == (0, 3)
    assert found.weights.tolist() == close([0.5, 0.5, 1])


# ---- a published index --------------------------------------------------------------------

asem = pytest.mark.skipif(not ASEM.is_dir(), reason="no ../shared/oracles/asem")
WINSORISED = (
    "Flights Bord Gas Services FDI ForPort CostImpEx Tariff StMob CultServ Forest Poverty NGOs "
    "FemLab PubDebt"
)


def is_even(column):
    """Whether a column has no outliers, by its small-sample skewness and kurtosis."""
    skewness, kurtosis = stats.skew(column, bias=False), stats.kurtosis(column, bias=False)
    return abs(skewness) < 2 or kurtosis < 3.5


def winsorised(column):
    """Bring up to five outliers in, one at a time; take logarithms where that is too few."""
    order = column.sort_values(ascending=stats.skew(column) < 0, kind="stable").index
    for count in range(1, 6):
        brought_in = column.copy()
        brought_in[order[:count]] = column[order[count]]
        if is_even(brought_in):
            return brought_in
    return np.log(column - column.min() + 0.01 * (column.max() - column.min()))


def treated(data):
    return data.apply(lambda column: column if is_even(column) else winsorised(column))


@pytest.fixture(scope="module")
def connectivity():
    """The data of 51 countries per person or dollar, the tree, and their regions."""
    meta = pd.read_csv(ASEM / "ASEM_iMeta.csv")
    countries = pd.read_csv(ASEM / "ASEM_iData.csv").set_index("uCode")
    indicators = meta[meta["Type"] == "Indicator"].set_index("iCode")
    data = countries[list(indicators.index)].copy()
    for name, by in indicators["Denominator"].dropna().items():
        data[name] = data[name] / countries[by]
    nodes = meta[meta["Type"].isin(["Indicator", "Aggregate"])]
    tree = pd.DataFrame(
        {
            "id": nodes["iCode"],
            "parent": nodes["Parent"],
            "weight": nodes["Weight"],
            "better": nodes["Direction"].map({1.0: "higher", -1.0: "lower"}),
        }
    )
    return data, tree, countries["EurAsia_group"]


@asem
def test_outliers_of_the_connectivity_index_are_the_published_ones(connectivity):
    data, _, region = connectivity
    filled = data.fillna(data.groupby(region).transform("mean"))
    kept = (treated(filled) == filled).sum()
    brought_in = list(kept.index[kept.between(51 - 5, 51 - 1)])
    assert brought_in == WINSORISED.split()


@asem
def test_build_reproduces_the_published_connectivity_index(connectivity):
    data, tree, region = connectivity
    found = composite.build(
        data,
        tree,
        normalise=composite.min_max,
        treat=treated,
        impute=lambda frame: frame.fillna(frame.groupby(region).transform("mean")),
    )
    published = pd.read_csv(ASEM / "expected_index_scores.csv").set_index("uCode")
    index = found.scores["Index"].reindex(published.index)
    assert index.to_numpy() == pytest.approx(published["Score"].to_numpy(), abs=1e-9)
    assert found.ranks["Index"].reindex(published.index).tolist() == published["Rank"].tolist()
    assert (index.idxmax(), index.idxmin()) == ("CHE", "RUS")
