"""The steps of a composite: sums by hand, and what must always hold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoequity import composite
from geoequity.errors import DataError, DataWarning

NAN = float("nan")
HIGHER, LOWER = pd.Series({"a": "higher"}), pd.Series({"a": "lower"})


NORMALISED = [
    composite.min_max,
    composite.z_score,
    composite.rank,
    composite.percentile,
    composite.goalposts({"a": (0.0, 2.0), "b": (3.0, 0.0)}),
    composite.to_targets({"a": 2.0, "b": 0.0}),
]


def column(*values):
    return pd.DataFrame({"a": values}, dtype=float)


def scored(normalise, better, *values):
    return normalise(column(*values), better)["a"].tolist()


# ---------------------------------------------------------------- before scores
def test_a_denominator_of_nothing_makes_nothing_known():
    people = pd.Series([2.0, 0.0, NAN])
    found = composite.denominate(column(6, 1, 1), by={"a": people})["a"]
    assert found.fillna(-1).tolist() == [3, -1, -1]


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ({"b": pd.Series([1.0])}, "no column b"),
        ({"a": pd.Series([-1.0])}, "denominator of a: negative"),
        ({"a": pd.Series([1.0], index=[7])}, "different units"),
    ],
)
def test_denominators_must_fit(by, said):
    with pytest.raises(DataError, match=said):
        composite.denominate(column(1), by=by)


def test_gaps_are_filled_by_the_group():
    data, groups = column(1, 3, NAN, 10, NAN, NAN), pd.Series(list("xxxyyz"))
    with pytest.warns(DataWarning, match="filled in by the mean: a"):
        assert composite.impute(data, groups=groups)["a"].fillna(-1).tolist() == [
            1, 3, 2, 10, 10, -1,
        ]  # fmt: skip
    with pytest.warns(DataWarning, match="median"):
        assert composite.impute(column(1, 2, 9, NAN), by="median")["a"].tolist() == [1, 2, 9, 2]
    with pytest.raises(DataError, match="by: mean or median"):
        composite.impute(data, by="mode")
    with pytest.raises(DataError, match="data and groups are about different units"):
        composite.impute(data, groups=groups[:2])


def test_what_is_whole_is_not_touched():
    data = column(1, 2)
    pd.testing.assert_frame_equal(composite.impute(data), data)


def test_extremes_are_set_to_the_next_only_as_far_as_needed():
    usual = list(range(20))
    tamed = composite.tame_outliers(pd.DataFrame({"a": [*usual, 900.0], "b": [*usual, -900.0]}))
    assert tamed["a"].tolist() == [*usual, 19]
    assert tamed["b"].tolist() == [*usual, 0]
    assert tamed.attrs["tamed"] == {"a": "1 high", "b": "1 low"}


@pytest.mark.parametrize("otherwise", ["log", "box-cox"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_long_tail_is_bent_instead_and_keeps_its_order(otherwise, sign):
    tail = sign * np.exp(np.linspace(0, 12, 40))
    tamed = composite.tame_outliers(column(*tail), most=1, otherwise=otherwise)
    assert tamed.attrs["tamed"] == {"a": otherwise}
    assert (tamed["a"].rank() == column(*tail)["a"].rank()).all()
    assert abs(tamed["a"].skew()) < abs(column(*tail)["a"].skew())
    left = composite.tame_outliers(column(*tail), most=1, otherwise=None)
    assert left["a"].tolist() == tail.tolist()
    assert left.attrs["tamed"] == {}


def test_odd_rules_for_outliers_are_refused():
    with pytest.raises(DataError, match="log, box-cox or None"):
        composite.tame_outliers(column(1), otherwise="root")
    with pytest.raises(DataError, match="at least 0"):
        composite.tame_outliers(column(1), most=-1)


# ------------------------------------------------------------------- normalising
def test_normalising_by_hand():
    assert scored(composite.z_score, HIGHER, 2, 4) == [40, 60]
    assert scored(composite.rank, LOWER, 1, 2, 2, 9) == [100, 50, 50, 0]
    assert scored(composite.percentile, HIGHER, 1, 2, 2, NAN)[:3] == pytest.approx(
        [100 / 6, 200 / 3, 200 / 3]
    )
    to_five = composite.to_targets({"a": 5.0})
    assert scored(to_five, LOWER, 25, 15, 5, 1) == [0, 50, 100, 100]


def test_a_target_that_the_worst_has_reached_scores_nobody():
    assert np.isnan(scored(composite.to_targets({"a": 1.0}), HIGHER, 2, 3)).all()
    with pytest.raises(DataError, match="no target for a"):
        composite.to_targets({})(column(1), HIGHER)


def test_where_all_are_alike_standard_scores_say_nothing():
    with pytest.warns(DataWarning, match="z-score cannot score"):
        assert np.isnan(scored(composite.z_score, HIGHER, 3, 3)).all()
    assert np.isnan(scored(composite.rank, HIGHER, 3, NAN)).all()
    assert scored(composite.rank, HIGHER, 3, 3) == [50, 50]


NUMBERS = st.lists(
    st.floats(-1e6, 1e6).map(lambda one: round(one, 3)), min_size=2, max_size=20, unique=True
)


@pytest.mark.parametrize("normalise", [composite.z_score, composite.rank, composite.percentile])
@given(NUMBERS)
def test_order_is_kept_and_turning_the_direction_mirrors_it(normalise, values):
    up, down = (np.array(scored(normalise, better, *values)) for better in (HIGHER, LOWER))
    assert (np.argsort(up, kind="stable") == np.argsort(values, kind="stable")).all()
    np.testing.assert_allclose(up + down, 100, atol=1e-6)


# ------------------------------------------------------------------- aggregating
def test_the_harmonic_mean_by_hand():
    values = np.array([[20.0, 80.0], [0.0, 90.0], [NAN, 30.0], [NAN, NAN]])
    found = composite.harmonic(values, np.array([1.0, 1.0]))
    assert found[:3] == pytest.approx([32, 0, 30])
    assert np.isnan(found[3])
    with pytest.raises(DataError, match="negative"):
        composite.harmonic(np.array([[-1.0]]), np.array([1.0]))


def test_copeland_lets_nothing_make_up_for_anything():
    """The second wins two of three children against each; the first wins by far in one."""
    values = np.array([[100.0, 10, 10], [20, 20, 20], [10, 15, 15], [NAN, NAN, NAN]])
    found = composite.copeland(values, np.ones(3))
    assert found[:3].tolist() == [0, 100, 50]
    assert np.isnan(found[3])
    assert np.isnan(composite.copeland(np.array([[50.0]]), np.ones(1))).all()


SCORES = st.lists(
    st.lists(st.integers(1, 100), min_size=3, max_size=3), min_size=2, max_size=12
).map(lambda rows: np.array(rows, dtype=float))
WEIGHTS = st.lists(st.integers(1, 5), min_size=3, max_size=3).map(
    lambda some: np.array(some, dtype=float)
)


@given(SCORES, WEIGHTS)
def test_means_stand_in_their_order(values, weights):
    low, middle, high = (
        mean(values, weights)
        for mean in (composite.harmonic, composite.geometric, composite.arithmetic)
    )
    assert (low <= middle + 1e-9).all()
    assert (middle <= high + 1e-9).all()


@given(SCORES, WEIGHTS)
def test_copeland_depends_on_order_alone_and_is_balanced(values, weights):
    found = composite.copeland(values, weights)
    np.testing.assert_allclose(found, composite.copeland(values**3, weights))
    assert found.mean() == pytest.approx(50)
    better = np.vstack([values, values.max(axis=0) + 1])
    assert composite.copeland(better, weights)[-1] == 100


@given(SCORES)
def test_units_beyond_one_block_are_compared_as_well(values):
    many = np.tile(values, (300 // len(values) + 1, 1))
    found = composite.copeland(many, np.ones(3))
    np.testing.assert_allclose(found[: len(values)], found[-len(values) :])


# ------------------------------------------------------------------- hardly any data
@pytest.mark.parametrize(
    ("normalise", "single", "alike"),
    [
        (composite.min_max, NAN, NAN),
        (composite.z_score, NAN, NAN),
        (composite.rank, NAN, 50),
        (composite.percentile, 50, 50),
        (composite.to_targets({"a": 5.0}), 0, 0),
        (composite.goalposts({"a": (0.0, 10.0)}), 30, 30),
    ],
)
@pytest.mark.filterwarnings("ignore:.*cannot score")
def test_one_district_or_districts_that_are_alike(normalise, single, alike):
    np.testing.assert_array_equal(scored(normalise, HIGHER, 3), [single])
    np.testing.assert_array_equal(scored(normalise, HIGHER, 3, NAN), [single, NAN])
    np.testing.assert_array_equal(scored(normalise, HIGHER, 3, 3, 3), [alike] * 3)
    np.testing.assert_array_equal(scored(normalise, HIGHER, NAN, NAN), [NAN, NAN])
    assert scored(normalise, HIGHER) == []


@pytest.mark.parametrize("normalise", [composite.min_max, composite.z_score])
def test_a_constant_indicator_is_named_and_the_others_are_scored(normalise):
    data = pd.DataFrame({"a": [1.0, 1.0], "b": [1.0, 2.0]})
    with pytest.warns(DataWarning, match="all units are alike: a$") as caught:
        found = normalise(data, pd.Series({"a": "higher", "b": "higher"}))
    assert caught[0].message.ids == ("a",)
    assert found["a"].isna().all()
    assert found["b"].notna().all()


@pytest.mark.parametrize(
    "aggregate",
    [
        composite.arithmetic,
        composite.geometric,
        composite.harmonic,
        composite.copeland,
        composite.favourable(),
    ],
)
def test_what_is_wholly_unknown_stays_so_in_any_aggregate(aggregate):
    assert np.isnan(aggregate(np.full((3, 2), NAN), np.ones(2))).all()
    assert len(aggregate(np.empty((0, 2)), np.ones(2))) == 0


def test_a_group_of_one_has_nobody_to_be_filled_by_and_says_so():
    groups = pd.Series(["x", "x", "y", "z", None])
    with pytest.warns(DataWarning, match="filled in by the mean: a; still unknown.*: a$"):
        found = composite.impute(column(1, NAN, NAN, 4, NAN), groups=groups)
    np.testing.assert_array_equal(found["a"], [1, 1, NAN, 4, NAN])
    with pytest.warns(DataWarning, match="^still unknown, as nobody of the group is known: a$"):
        assert composite.impute(column(NAN, NAN))["a"].isna().all()


@pytest.mark.parametrize("otherwise", ["log", "box-cox"])
def test_negative_values_and_zeros_are_bent_like_any_other(otherwise):
    """Only distances count, so that moving all changes nothing."""
    tail = np.append(np.exp(np.linspace(0, 12, 40)), NAN)
    bent, moved = (
        composite.tame_outliers(column(*(tail + move)), most=1, otherwise=otherwise)
        for move in (0, -100)
    )
    assert moved.attrs["tamed"] == {"a": otherwise}
    assert (tail - 100 < 0).any()
    np.testing.assert_allclose(moved, bent, atol=1e-6)
    assert np.isnan(moved["a"].iloc[-1])


def test_too_few_to_have_outliers_are_left_alone():
    for values in ([], [3], [3, 3, 3, 3, 3], [NAN, NAN], [1, 2, 900]):
        found = composite.tame_outliers(column(*values))
        np.testing.assert_array_equal(found["a"], values)
        assert found.attrs["tamed"] == {}


@pytest.mark.parametrize("normalise", NORMALISED)
def test_what_cannot_be_normalised_is_refused_by_name(normalise):
    better = pd.Series({"a": "higher", "b": "lower"})
    data = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 1.0]})
    for spoilt, said in [
        (data.assign(a=["1", "2"]), "data: not numbers: a"),
        (data.assign(b=[np.inf, 1.0]), "data: infinite: b"),
        (data[["a"]], "data: no column b"),
    ]:
        with pytest.raises(DataError, match=said):
            normalise(spoilt, better)
    with pytest.raises(DataError, match="better: neither higher nor lower: b"):
        normalise(data, pd.Series({"a": "higher", "b": "up"}))
    with pytest.raises(DataError, match="better: ids stand more than once: a"):
        normalise(data, pd.Series(["higher", "lower"], index=["a", "a"]))


@pytest.mark.parametrize("normalise", NORMALISED)
@pytest.mark.parametrize("kind", ["Float64", "Int64", "double[pyarrow]", "boolean"])
def test_scores_are_the_same_whatever_the_type_of_the_numbers(normalise, kind):
    better = pd.Series({"a": "higher"})
    data = pd.DataFrame({"a": [1.0, 0.0, np.nan, 1.0]})
    typed = data.astype(object).where(data.notna(), None).astype({"a": kind})
    pd.testing.assert_frame_equal(normalise(typed, better), normalise(data, better))


def test_gaps_in_whole_numbers_are_filled_with_the_exact_mean():
    data = pd.DataFrame({"a": pd.array([1, 2, None], dtype="Int64")})
    with pytest.warns(DataWarning, match="filled in by the mean: a"):
        assert composite.impute(data)["a"].tolist() == [1, 2, 1.5]
    for step in (composite.impute, composite.tame_outliers):
        with pytest.raises(DataError, match="data: not numbers: a"):
            step(pd.DataFrame({"a": ["x", "y"]}))
    with pytest.raises(DataError, match="columns: ids stand more than once: a"):
        composite.denominate(pd.concat([data, data], axis=1), by={"a": data["a"]})


def test_where_no_unit_has_a_group_nothing_is_filled():
    data = pd.DataFrame({"a": [1.0, np.nan]})
    with pytest.warns(DataWarning, match="still unknown"):
        filled = composite.impute(data, groups=pd.Series([None, None], dtype=object))
    pd.testing.assert_frame_equal(filled, data)
