"""Shapley shares of indicators and districts: closed forms, laws, and bad input."""

from itertools import permutations
from math import nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoequity import composite, decomposition, inequality
from geoequity.decomposition import between, by_district, by_indicator, contributions, shapley
from geoequity.errors import DataError

MEASURES = [
    inequality.absolute_gini,
    inequality.gini,
    inequality.percentile_gap,
    lambda value, *, population: inequality.tenths(value, population=population).gap,
]


def rng():
    return np.random.default_rng(7)


def column(*numbers, name="value"):
    return pd.Series(numbers, index=[f"u{at}" for at in range(len(numbers))], name=name).astype(
        float
    )


def gloves(masks):
    """One left glove, and two right ones: a pair is worth 1."""
    return (masks[:, 0] & masks[:, 1:].any(axis=1)).astype(float)


def by_every_order(worth, count):
    """What each player adds, averaged over all orders, one by one."""
    points = np.zeros(count)
    orders = list(permutations(range(count)))
    for order in orders:
        masks = np.zeros((count + 1, count), dtype=bool)
        for step, player in enumerate(order, start=1):
            masks[step:, player] = True
        points[list(order)] += np.diff(worth(masks))
    return points / len(orders)


@st.composite
def worlds(draw, most=6, lowest=0):
    """Parts of scores by unit and indicator, and people."""
    units, indicators = draw(st.integers(1, 8)), draw(st.integers(1, most))
    numbers = st.integers(lowest, 50)
    rows = draw(
        st.lists(
            st.lists(numbers, min_size=indicators, max_size=indicators),
            min_size=units,
            max_size=units,
        )
    )
    people = draw(st.lists(st.integers(1, 100), min_size=units, max_size=units))
    parts = pd.DataFrame(rows, columns=[f"i{at}" for at in range(indicators)], dtype=float)
    parts.index = [f"u{at}" for at in range(units)]
    return parts + 0.5, pd.Series(people, index=parts.index, dtype=float)


# ---- the value itself ------------------------------------------------------------------------


def test_the_glove_game_has_its_known_value():
    made = shapley(gloves, ["left", "right", "other"])
    assert made.table["points"].tolist() == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    assert (made.table["error"] == 0).all()
    assert (made.total, made.rest, made.draws) == (1.0, 0.0, 0)


@given(seed=st.integers(0, 10_000), count=st.integers(1, 6))
def test_exact_is_the_mean_over_all_orders(seed, count):
    values = np.random.default_rng(seed).normal(size=2**count)

    def worth(masks):
        return values[masks @ (1 << np.arange(count))]

    made = shapley(worth, [f"p{at}" for at in range(count)])
    assert made.table["points"].to_numpy() == pytest.approx(by_every_order(worth, count))
    assert made.table["points"].sum() + made.rest == pytest.approx(made.total)


def test_one_player_makes_it_all():
    made = shapley(lambda masks: 5.0 + 2.0 * masks[:, 0], ["one"], exact_up_to=0)
    assert made.table.loc["one"].tolist() == pytest.approx([2.0, 2 / 7, 0.0])
    assert (made.total, made.rest) == (7.0, 5.0)


def test_a_number_of_nothing_has_no_shares():
    made = shapley(lambda masks: np.zeros(len(masks)), ["a", "b"])
    assert (made.table["points"] == 0).all()
    assert made.table["share"].isna().all()


def test_sampled_agrees_with_exact_within_its_stated_error():
    count = 10
    weight = np.arange(1.0, count + 1)

    def worth(masks):
        return (masks @ weight) ** 1.7

    names = [f"p{at}" for at in range(count)]
    exact = shapley(worth, names).table["points"]
    deviations = []
    for seed in range(40):
        made = shapley(worth, names, exact_up_to=5, draws=100, rng=np.random.default_rng(seed))
        assert made.draws == 100
        assert made.table["points"].sum() == pytest.approx(made.total)
        deviations.append((made.table["points"] - exact) / made.table["error"])
    z = np.array(deviations)
    assert abs(z.mean()) < 0.25
    assert 0.8 < z.std() < 1.3  # the error is neither understated nor overstated
    assert (np.abs(z) < 4.5).all()


def test_an_order_and_its_reverse_err_less_than_as_many_orders_drawn_apart():
    def worth(masks):
        return masks.sum(axis=1).astype(float) ** 2

    made = shapley(worth, list("abcdefgh"), exact_up_to=0, draws=4, rng=rng())
    assert made.table["points"].to_numpy() == pytest.approx(8.0)  # reverse orders cancel exactly


def test_an_odd_number_of_draws_is_made_even_and_said():
    made = shapley(gloves, list("abc"), exact_up_to=2, draws=5, rng=rng())
    assert made.draws == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"players": []}, "there are none"),
        ({"players": ["a", "a"]}, "players"),
        ({"exact_up_to": 21}, "exact_up_to: must be 0 to 20, not 21"),
        ({"draws": 3}, "draws: must be 4 or more, not 3"),
        ({"exact_up_to": 1}, "rng: needed"),
        ({"worth": lambda masks: masks.sum(axis=1) * nan}, "worth"),
        ({"worth": lambda masks: masks.sum()}, "worth"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(options, message):
    given_ = {"worth": gloves, "players": list("abc"), **options}
    with pytest.raises(DataError, match=message):
        shapley(given_.pop("worth"), given_.pop("players"), **given_)


# ---- by indicator ----------------------------------------------------------------------------


@pytest.mark.parametrize("measure", MEASURES)
@given(world=worlds())
def test_parts_of_indicators_add_up_to_the_measure(measure, world):
    parts, population = world
    made = by_indicator(parts, population=population, measure=measure)
    assert made.total == pytest.approx(measure(parts.sum(axis=1), population=population), abs=1e-9)
    assert made.table["points"].sum() == pytest.approx(made.total, abs=1e-9)
    assert made.rest == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("measure", MEASURES[:3])
@given(world=worlds(most=4))
def test_the_fast_measures_are_those_of_inequality(measure, world):
    parts, population = world

    def slow(value, *, population):
        return measure(value, population=population)

    fast = by_indicator(parts, population=population, measure=measure).table["points"]
    plain = by_indicator(parts, population=population, measure=slow).table["points"]
    pd.testing.assert_series_equal(fast, plain, atol=1e-9)


@pytest.mark.parametrize("measure", MEASURES[:3])
@given(world=worlds(), random=st.randoms(use_true_random=False))
def test_the_order_of_indicators_and_units_changes_nothing(measure, world, random):
    parts, population = world
    columns, units = list(parts.columns), list(parts.index)
    random.shuffle(columns)
    random.shuffle(units)
    made = by_indicator(parts, population=population, measure=measure).table
    other = by_indicator(
        parts.loc[units, columns], population=population[units], measure=measure
    ).table
    pd.testing.assert_frame_equal(other.loc[made.index], made, atol=1e-9)


@given(world=worlds(most=4), constant=st.integers(0, 50))
def test_who_is_alike_everywhere_has_no_part_and_twins_have_the_same(world, constant):
    parts, population = world
    parts = parts.assign(alike=float(constant), twin=parts["i0"])
    made = by_indicator(parts, population=population, measure=inequality.absolute_gini)
    assert made.table.loc["alike", "points"] == pytest.approx(0, abs=1e-9)
    assert made.table.loc["twin", "points"] == pytest.approx(made.table.loc["i0", "points"])


def test_an_indicator_that_works_against_the_gap_has_a_negative_part():
    parts = pd.DataFrame({"roads": [0.0, 10.0], "care": [0.0, 10.0], "parks": [3.0, 0.0]})
    made = by_indicator(
        parts, population=pd.Series([50.0, 50.0]), measure=inequality.percentile_gap
    )
    assert made.total == 17.0
    # let in first, parks make a gap of 3; after any other, they take 3 off
    assert made.table["points"].tolist() == pytest.approx([9.0, 9.0, -1.0])
    assert made.table["share"].sum() == pytest.approx(1)


def test_a_group_of_indicators_is_let_in_as_one():
    parts = pd.DataFrame({"a": [0.0, 4.0, 8.0], "b": [9.0, 0.0, 0.0], "c": [0.0, 5.0, 2.0]})
    people = pd.Series([10.0, 20.0, 30.0])
    groups = pd.Series({"c": "other", "a": "first", "b": "first"})
    made = by_indicator(parts, population=people, measure=inequality.gini, groups=groups)
    summed = pd.DataFrame({"first": parts["a"] + parts["b"], "other": parts["c"]})
    expected = by_indicator(summed, population=people, measure=inequality.gini)
    pd.testing.assert_frame_equal(made.table, expected.table, check_names=False)
    alone = by_indicator(parts, population=people, measure=inequality.gini).table["points"]
    assert made.table.loc["first", "points"] != pytest.approx(alone["a"] + alone["b"])


@given(world=worlds(most=5))
def test_what_combines_into_a_sum_is_shared_out_as_a_sum(world):
    parts, population = world
    options = {"population": population, "measure": inequality.absolute_gini}
    added = by_indicator(parts, **options)
    combined = by_indicator(parts, **options, combine=lambda table: table.sum(axis=1))
    pd.testing.assert_frame_equal(combined.table, added.table, atol=1e-9)


def test_a_product_is_shared_out_by_hand():
    parts = pd.DataFrame({"a": [1.0, 3.0], "b": [2.0, 2.0], "c": [1.0, 5.0]})
    made = by_indicator(
        parts,
        population=pd.Series([1.0, 1.0]),
        measure=inequality.percentile_gap,
        combine=lambda table: table.prod(axis=1),
    )
    # kept out, a is 2 and c is 3: a alone 3 x 2 x 2, c alone 2 x 2 x 4, both 30 - 2
    assert (made.rest, made.total) == (0.0, 28.0)
    assert made.table["points"].tolist() == pytest.approx([12.0, 0.0, 16.0])


def test_combined_parts_may_be_unknown_and_many_are_combined_some_at_a_time(monkeypatch):
    parts = pd.DataFrame({"a": [1.0, 3.0, nan, 4.0], "b": [2.0, nan, nan, 1.0], "c": [1.0] * 4})

    def mean(table):
        return np.nanmean(table, axis=1)

    options = {"population": pd.Series([1.0, 1.0, 1.0, 2.0]), "measure": inequality.absolute_gini}
    made = by_indicator(parts, **options, combine=mean)
    assert made.total == pytest.approx(
        inequality.absolute_gini(parts.mean(axis=1), population=options["population"])
    )
    assert made.rest > 0  # those of whom less is known differ, whatever is made equal
    assert made.table["points"].sum() + made.rest == pytest.approx(made.total)
    monkeypatch.setattr(decomposition, "_NUMBERS", 5)
    again = by_indicator(parts, **options, combine=mean)
    pd.testing.assert_frame_equal(again.table, made.table)


@pytest.mark.parametrize("exact_up_to", [12, 0])
def test_several_measures_are_shared_out_as_each_alone(exact_up_to):
    random = rng()
    parts = pd.DataFrame(random.uniform(0, 3, (9, 5)), columns=list("abcde"))
    people = pd.Series(random.integers(1, 99, 9), dtype=float)
    measures = {
        "gap": inequality.percentile_gap,
        "points": inequality.absolute_gini,
        "relative": inequality.gini,
        "slow": lambda value, *, population: inequality.hoover(value, population=population),
    }
    draws = {"exact_up_to": exact_up_to, "draws": 8}
    of = {
        by_indicator: (decomposition.measures_by_indicator, parts),
        by_district: (decomposition.measures_by_district, parts["a"]),
    }
    for alone, (together, what) in of.items():
        made = together(what, population=people, measures=measures, **draws, rng=rng())
        assert list(made) == list(measures)
        for name, measure in measures.items():
            one = alone(what, population=people, measure=measure, **draws, rng=rng())
            pd.testing.assert_frame_equal(made[name].table, one.table, check_exact=True)
            assert (made[name].total, made[name].rest) == (one.total, one.rest)
            assert made[name].draws == one.draws == (8 if exact_up_to == 0 else 0)


def test_a_unit_without_people_or_with_a_part_unknown_is_left_out():
    parts = pd.DataFrame({"a": [0.0, 4.0, 90.0, nan], "b": [1.0, 2.0, 0.0, 50.0]})
    people = pd.Series([10.0, 20.0, 0.0, nan])
    made = by_indicator(parts, population=people, measure=inequality.gini)
    expected = by_indicator(parts[:2], population=people[:2], measure=inequality.gini)
    pd.testing.assert_frame_equal(made.table, expected.table)


def test_thirty_five_indicators_of_many_units_are_quick_and_state_their_error():
    random = rng()
    parts = pd.DataFrame(random.uniform(0, 3, (300, 35)), columns=[f"i{at}" for at in range(35)])
    people = pd.Series(random.integers(1, 999, 300), dtype=float)
    options = {"population": people, "measure": inequality.percentile_gap, "draws": 100}
    made = by_indicator(parts, **options, rng=rng())
    assert made.draws == 100
    assert (made.table["error"] > 0).all()
    assert made.table["points"].sum() == pytest.approx(made.total)
    again = by_indicator(parts, **options, rng=rng())
    pd.testing.assert_frame_equal(again.table, made.table)


@pytest.mark.parametrize(
    ("parts", "people", "message"),
    [
        ({"a": [1.0, 2.0]}, [1.0, nan], "population: unknown where parts is known in 1"),
        ({"a": [nan, nan]}, [1.0, 1.0], "nobody lives where"),
        ({"a": [1.0, 2.0]}, [0.0, 0.0], "population: zero or unknown everywhere"),
        ({"a": [1.0, np.inf], "b": ["x", "y"]}, [1.0, 1.0], "not numbers: b; infinite: a"),
        ({"a": [-1.0, 0.0]}, [1.0, 1.0], "no people hold a positive value"),
        ({"a": [1.0, 2.0]}, [1.0, 1.0, 1.0], "population"),
    ],
)
def test_bad_tables_are_refused(parts, people, message):
    with pytest.raises(DataError, match=message):
        by_indicator(pd.DataFrame(parts), population=pd.Series(people), measure=inequality.gini)


def test_an_indicator_without_a_group_is_named():
    parts = pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0]})
    with pytest.raises(DataError, match="groups: none of b"):
        by_indicator(
            parts,
            population=pd.Series([1.0, 1.0]),
            measure=inequality.gini,
            groups=pd.Series({"a": "x"}),
        )


# ---- by district -----------------------------------------------------------------------------


@pytest.mark.parametrize("measure", MEASURES)
@given(world=worlds(most=1))
def test_parts_of_districts_add_up_to_the_measure(measure, world):
    value, population = world[0]["i0"], world[1]
    made = by_district(value, population=population, measure=measure)
    assert made.table["points"].sum() == pytest.approx(made.total, abs=1e-9)
    assert made.total == pytest.approx(measure(value, population=population), abs=1e-9)
    assert made.rest == pytest.approx(0, abs=1e-9)
    assert list(made.table.index) == list(value.index)


def test_a_district_at_the_mean_has_no_part_and_opposite_ones_share():
    made = by_district(
        column(0, 6, 12), population=column(50, 50, 50), measure=inequality.absolute_gini
    )
    assert made.table["share"].tolist() == pytest.approx([0.5, 0.0, 0.5])


def test_a_single_district_and_an_even_city_have_no_gap():
    one = by_district(column(5.0), population=column(9), measure=inequality.gini)
    assert one.table["points"].tolist() == [0.0]
    even = by_district(column(5, 5), population=column(9, 1), measure=inequality.percentile_gap)
    assert even.table["points"].tolist() == [0.0, 0.0]
    assert even.table["share"].isna().all()


def test_an_unknown_district_has_no_part_and_an_empty_one_a_part_of_nothing():
    value, people = column(1, nan, 8, 3), column(5, 7, 5, 0)
    made = by_district(value, population=people, measure=inequality.gini)
    assert made.table["points"].isna().tolist() == [False, True, False, False]
    assert made.table.loc["u3", "points"] == 0
    assert made.table["points"].sum() == pytest.approx(made.total)


@given(world=worlds(most=1))
def test_cells_of_a_district_are_let_in_as_one(world):
    value, population = world[0]["i0"], world[1]
    home = pd.Series(["n", "s"] * 4, index=[f"u{at}" for at in range(8)])[value.index]
    made = by_district(value, population=population, measure=inequality.absolute_gini, groups=home)
    assert set(made.table.index) == set(home)
    assert made.table["points"].sum() == pytest.approx(made.total, abs=1e-9)
    mean = np.average(value, weights=population)
    only = {
        one: inequality.absolute_gini(value.where(home == one, mean), population=population)
        for one in set(home)
    }
    if len(only) == 2:
        first = (only["n"] + made.total - only["s"]) / 2
        assert made.table.loc["n", "points"] == pytest.approx(first, abs=1e-9)


def test_districts_of_unknown_people_are_refused():
    with pytest.raises(DataError, match="population: unknown where value is known in u1"):
        by_district(column(1, 2), population=column(1, nan), measure=inequality.gini)
    with pytest.raises(DataError, match="nobody lives"):
        by_district(column(nan, nan), population=column(1, 2), measure=inequality.gini)


# ---- the index, and what is unknown in it ----------------------------------------------------


def tree():
    rows = [("a", "p", 1.0, "higher"), ("b", "p", 3.0, "higher"), ("c", "q", 1.0, "higher")]
    rows += [("d", "q", 1.0, "higher"), ("p", "r", 1.0, None), ("q", "r", 1.0, None)]
    return pd.DataFrame(
        [*rows, ("r", None, 1.0, None)], columns=["id", "parent", "weight", "better"]
    )


def scored(values, min_known=None):
    table = tree()
    if min_known is not None:
        table["min_known"] = table["id"].map(min_known)
    same = composite.goalposts(dict.fromkeys("abcd", (0.0, 100.0)))
    return composite.build(values, table, normalise=same).scores, table


@st.composite
def gappy(draw):
    numbers = st.one_of(st.none(), st.integers(0, 100))
    rows = draw(st.lists(st.lists(numbers, min_size=4, max_size=4), min_size=1, max_size=7))
    return pd.DataFrame(rows, columns=list("abcd")).astype(float)


def test_scores_of_a_node_stand_once():
    scores, nodes = scored(pd.DataFrame(np.eye(2, 4), columns=list("abcd")), None)
    with pytest.raises(DataError, match=r"^scores: columns: .* more than once: a"):
        composite.unit_weights(pd.concat([scores, scores[["a"]]], axis=1), nodes)


@settings(max_examples=30)
@given(values=gappy(), both=st.booleans())
def test_weights_of_every_unit_give_back_its_score(values, both):
    scores, nodes = scored(values, {"r": 2, "p": 2} if both else None)
    weights = composite.unit_weights(scores, nodes)
    known = scores["r"].notna()
    assert weights[known].sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert weights[~known].isna().all(axis=None)
    assert (weights[known].where(values[known].isna(), 0.0) == 0).all(axis=None)
    made = contributions(values, weights, population=pd.Series(1.0, index=values.index))
    whole = made.parts.sum(axis=1, skipna=False)
    pd.testing.assert_series_equal(whole, scores["r"], check_names=False)


def test_what_unknown_values_do_to_the_weights_is_stated_apart():
    values = pd.DataFrame({"a": [20.0, 20.0], "b": [60.0, nan], "c": [50.0, 50.0], "d": [50.0, 50]})
    scores, nodes = scored(values)
    people = pd.Series([10.0, 10.0])
    made = contributions(values, composite.unit_weights(scores, nodes), population=people)
    # b counts only where it is known, where it is as its mean: no indicator differs
    assert made.levelled.sum(axis=1).tolist() == pytest.approx(scores["r"].tolist())
    shared = by_indicator(
        made.parts, population=people, measure=inequality.absolute_gini, levelled=made.levelled
    )
    assert shared.table["points"].tolist() == pytest.approx([0.0] * 4)
    assert shared.rest == pytest.approx(shared.total) == pytest.approx(15 / 4)


@settings(max_examples=30)
@given(values=gappy())
def test_with_gaps_in_the_data_parts_and_rest_add_up(values):
    scores, nodes = scored(values)
    people = pd.Series(range(1, len(values) + 1), index=values.index, dtype=float)
    made = contributions(values, composite.unit_weights(scores, nodes), population=people)
    if scores["r"].isna().all():
        return
    shared = by_indicator(
        made.parts, population=people, measure=inequality.percentile_gap, levelled=made.levelled
    )
    assert shared.table["points"].sum() + shared.rest == pytest.approx(shared.total, abs=1e-9)


def test_contributions_refuse_what_does_not_fit():
    scores, people = pd.DataFrame({"a": [1.0, nan]}), pd.Series([1.0, 1.0])
    weights = pd.DataFrame({"a": [1.0, 0.0]})
    with pytest.raises(DataError, match="above 0 where the score is unknown, of a"):
        contributions(scores, weights + 0.5, population=people)
    with pytest.raises(DataError, match="weights: not of a, b"):
        contributions(scores, weights.rename(columns={"a": "b"}), population=people)
    with pytest.raises(DataError, match="population"):
        contributions(scores, weights, population=people[:1])


# ---- between two parts of a city -------------------------------------------------------------


def test_the_distance_between_two_parts_is_a_sum():
    parts = pd.DataFrame({"a": [5.0, 4.0, 9.0], "b": [0.0, 9.0, 2.0]}, index=list("xyz"))
    people = pd.Series([10.0, 30.0, 30.0], index=list("xyz"))
    made = between(parts, population=people, better=["y", "z"], worse=["x"])
    assert made.total == pytest.approx(12 - 5)
    assert made.table["points"].tolist() == pytest.approx([1.5, 5.5])
    assert made.rest == pytest.approx(0, abs=1e-12)
    back = between(parts, population=people, better=["x"], worse=["y", "z"])
    assert back.table["points"].tolist() == pytest.approx([-1.5, -5.5])


@settings(max_examples=30)
@given(values=gappy())
def test_parts_between_and_rest_add_up_to_the_difference_of_means(values):
    scores, nodes = scored(values)
    people = pd.Series(range(1, len(values) + 1), index=values.index, dtype=float)
    known = list(scores.index[scores["r"].notna()])
    if len(known) < 2:
        return
    made = contributions(values, composite.unit_weights(scores, nodes), population=people)
    sides = {"better": known[:1], "worse": known[1:]}
    shared = between(made.parts, population=people, levelled=made.levelled, **sides)
    mean = {one: np.average(scores.loc[at, "r"], weights=people[at]) for one, at in sides.items()}
    assert shared.total == pytest.approx(mean["better"] - mean["worse"], abs=1e-9)
    assert shared.table["points"].sum() + shared.rest == pytest.approx(shared.total, abs=1e-9)


def test_parts_of_a_city_that_are_none_are_refused_all_at_once():
    parts, people = pd.DataFrame({"a": [1.0, 2.0, nan]}), pd.Series([1.0, 1.0, 1.0])
    with pytest.raises(DataError, match=r"no such unit: 9; in both parts: 1"):
        between(parts, population=people, better=[0, 1], worse=[1, 9])
    with pytest.raises(DataError, match="worse: nobody lives where the value is known"):
        between(parts, population=people, better=[0, 1], worse=[2])
