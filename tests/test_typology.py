"""The four types: their shares of the draws, and when none is named."""

from math import nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoequity import typology
from geoequity.errors import DataError
from geoequity.schema import TYPES

fast = settings(deadline=None, max_examples=25)


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


def probabilities(structures, technologies, threshold=50.0):
    """Probabilities of districts a, b, ... by draws x districts."""
    structures, technologies = (np.array(one, dtype=float) for one in (structures, technologies))
    index = pd.Index(list("abcdefghi")[: structures.shape[1]], name="unit_id")
    return typology.probabilities(structures, technologies, threshold=threshold, index=index)


def named(*rows, min_probability=0.8):
    """Types of districts by their probabilities in the order of TYPES."""
    table = pd.DataFrame(list(rows), columns=list(TYPES), dtype=float)
    return typology.types(table, min_probability=min_probability).tolist()


@st.composite
def draws(draw):
    """Two pillars: up to five draws of up to four districts, some of them unknown."""
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 4)))
    score = st.sampled_from([0.0, 49.9, 50.0, 50.1, 100.0, nan])
    flat = st.lists(score, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])
    return tuple(np.array(draw(flat)).reshape(shape) for _ in range(2))


# ---- probabilities ------------------------------------------------------------------------


def test_two_pillars_make_four_types():
    found = probabilities([[60, 40, 60, 40]], [[60, 60, 40, 40]])
    assert found.loc["a"].to_dict() == dict(zip(TYPES, [1, 0, 0, 0], strict=True))
    assert found.idxmax(axis=1).tolist() == ["integrated", "showcase", "analogue", "neglected"]


def test_showcase_is_technologies_without_structures():
    assert probabilities([[10]], [[90]]).loc["a", "showcase"] == 1
    assert probabilities([[90]], [[10]]).loc["a", "analogue"] == 1


def test_a_probability_is_the_share_of_draws():
    found = probabilities([[60], [60], [40], [60]], [[40], [60], [40], [70]])
    assert found.loc["a", list(TYPES)].tolist() == close([2 / 4, 0, 1 / 4, 1 / 4])


def test_pillars_are_judged_draw_by_draw_not_each_alone():
    found = probabilities([[60], [40]], [[40], [60]])
    assert found.loc["a", ["analogue", "showcase"]].tolist() == [0.5, 0.5]
    assert found.loc["a", "integrated"] == 0


def test_a_pillar_at_the_threshold_is_high():
    assert probabilities([[50]], [[50]]).loc["a", "integrated"] == 1
    assert probabilities([[50]], [[50]], threshold=50.1).loc["a", "neglected"] == 1


def test_an_unknown_pillar_leaves_the_types_unknown():
    found = probabilities([[60, nan, 60], [60, nan, 60]], [[60, 60, nan], [60, 60, 60]])
    assert found.loc["a"].notna().all()
    assert found.loc[["b", "c"]].isna().all(axis=None)


def test_the_table_is_on_the_ids_given():
    found = probabilities([[60, 40]], [[60, 40]])
    assert found.index.tolist() == ["a", "b"]
    assert found.index.name == "unit_id"
    assert list(found) == list(TYPES)


@fast
@given(draws())
def test_probabilities_sum_to_one_where_known(pillars):
    found = probabilities(*pillars)
    known = ~np.isnan(np.vstack(pillars)).any(axis=0)
    assert found.sum(axis=1, skipna=False).tolist() == close(np.where(known, 1.0, nan))
    assert ((found >= 0) & (found <= 1)).loc[known].all(axis=None)


@fast
@given(draws())
def test_swapping_the_pillars_swaps_showcase_and_analogue(pillars):
    plain, swapped = probabilities(*pillars), probabilities(*pillars[::-1])
    other_way = {"showcase": "analogue", "analogue": "showcase"}
    pd.testing.assert_frame_equal(swapped.rename(columns=other_way)[list(TYPES)], plain)


@fast
@given(draws(), st.randoms(use_true_random=False))
def test_the_order_of_draws_and_districts_changes_nothing(pillars, random):
    count, districts = pillars[0].shape
    rows, columns = (random.sample(range(n), n) for n in (count, districts))
    mixed = probabilities(*(one[rows][:, columns] for one in pillars))
    assert mixed.to_numpy() == close(probabilities(*pillars).to_numpy()[columns])


@fast
@given(draws(), st.floats(0, 20))
def test_better_structures_never_make_a_district_less_integrated(pillars, gain):
    structures, technologies = pillars
    before = probabilities(structures, technologies)
    after = probabilities(structures + gain, technologies)
    assert not (after["integrated"] < before["integrated"]).any()
    assert not (after["neglected"] > before["neglected"]).any()


@pytest.mark.parametrize(
    ("structures", "technologies"),
    [
        (np.ones((2, 2)), np.ones((3, 2))),
        (np.ones((2, 3)), np.ones((2, 3))),
        (np.ones(2), np.ones(2)),
        (np.ones((0, 2)), np.ones((0, 2))),
    ],
)
def test_draws_about_other_districts_are_refused(structures, technologies):
    with pytest.raises(DataError, match="same districts in the same draws"):
        typology.probabilities(structures, technologies, threshold=50.0, index=pd.Index(["a", "b"]))


# ---- types --------------------------------------------------------------------------------


def test_a_type_is_named_from_its_threshold_on():
    assert named([0.8, 0.2, 0, 0], [0.799, 0.201, 0, 0]) == ["integrated", "uncertain"]


def test_each_type_can_be_named():
    assert named(*np.eye(4)) == list(TYPES)


def test_an_unknown_district_has_no_type_rather_than_an_uncertain_one():
    found = named([nan] * 4, [0.3, 0.3, 0.2, 0.2])
    assert found == [None, "uncertain"]
    assert found[0] is None


def test_two_types_that_are_equally_likely_leave_it_uncertain():
    assert named([0.5, 0.5, 0, 0], [0, 0.5, 0, 0.5], min_probability=0.5) == ["uncertain"] * 2
    assert named([0.6, 0.4, 0, 0], min_probability=0.3) == ["integrated"]


def test_no_districts_have_no_types():
    assert named() == []


def test_types_are_on_the_index_given_and_named_type():
    table = probabilities([[60, 40]], [[60, 40]])
    found = typology.types(table, min_probability=0.8)
    assert (found.name, found.index.tolist()) == ("type", ["a", "b"])
    assert found.dtype == object


@fast
@given(draws(), st.floats(0.3, 1.0))
def test_a_named_type_reaches_its_probability(pillars, least):
    table = probabilities(*pillars)
    for key, kind in typology.types(table, min_probability=least).items():
        if kind is None:
            assert table.loc[key].isna().all()
        elif kind == "uncertain":
            row = table.loc[key].sort_values()
            assert row.iloc[-1] < least or row.iloc[-1] == row.iloc[-2]
        else:
            assert table.loc[key, kind] == table.loc[key].max() >= least


# ---- relative types -----------------------------------------------------------------------


def people(*counts):
    """Residents of districts a, b, ..."""
    return pd.Series(counts, index=list("abcdefghi")[: len(counts)], dtype=float)


def test_a_threshold_for_each_draw_is_used_in_that_draw():
    structures, technologies = np.array([[10.0, 30.0], [40.0, 60.0]]), np.array([[5.0, 5.0]] * 2)
    least = (np.array([20.0, 50.0]), np.array([0.0, 10.0]))
    found = typology.probabilities(
        structures, technologies, threshold=least, index=pd.Index(["a", "b"])
    )
    assert found.loc["a", ["showcase", "neglected"]].tolist() == [0.5, 0.5]
    assert found.loc["b", ["integrated", "analogue"]].tolist() == [0.5, 0.5]


def test_an_unknown_threshold_leaves_the_types_unknown():
    one = np.array([[50.0]])
    found = typology.probabilities(
        one, one, threshold=(np.array([nan]), np.array([50.0])), index=pd.Index(["a"])
    )
    assert found.isna().all(axis=None)


def test_the_median_is_that_of_people_and_not_of_districts():
    scores = np.array([[10.0, 20.0, 60.0], [1.0, 2.0, nan]])
    assert typology.medians(scores, population=people(1, 1, 5)).tolist() == [60.0, 1.5]
    assert typology.medians(scores, population=people(9, nan, 0)).tolist() == [10.0, 1.0]


def test_nobody_has_no_median():
    scores = np.array([[10.0, nan]])
    assert np.isnan(typology.medians(scores, population=people(nan, 5))).all()
    with pytest.raises(DataError, match="same districts"):
        typology.medians(scores, population=people(1, 1, 1))


@fast
@given(draws())
def test_by_the_median_at_least_half_of_the_people_are_high(pillars):
    structures, technologies = pillars
    count = people(*range(1, structures.shape[1] + 1))
    least = tuple(typology.medians(one, population=count) for one in pillars)
    found = typology.probabilities(
        structures[:1], technologies[:1], threshold=(least[0][:1], least[1][:1]), index=count.index
    )
    high = found["integrated"] + found["analogue"]
    if high.notna().all():
        assert (high * count).sum() * 2 >= count.sum()


# ---- decoration ---------------------------------------------------------------------------

OF = {
    "school": "structures",
    "clinic": "structures",
    "wifi": "technologies",
    "mbps": "technologies",
}


def reasons(rows, gap, means=(50, 50, 50, 50), threshold=50.0):
    """Say why of districts a, b, ... by their scores of OF, in that order."""
    table = pd.DataFrame(rows, index=list("abcd")[: len(rows)], columns=list(OF), dtype=float)
    return typology.decoration_reasons(
        table,
        pd.Series(gap, index=table.index, dtype=float),
        pillars=OF,
        means=pd.Series(means, index=list(OF), dtype=float),
        threshold=threshold,
    )


def test_the_decoration_gap_is_technologies_minus_structures():
    found = typology.decoration_gap(people(20, 70, nan), people(65, 40, 10))
    assert found.tolist() == close([45, -30, nan])
    assert found.name == "decoration_gap"
    with pytest.raises(DataError, match="different units: b"):
        typology.decoration_gap(people(1), people(1, 2))


def test_technologies_that_lead_and_structures_that_lack_say_why():
    found = reasons([[20, 30, 70, 90]], [60])
    assert found.loc["a"].tolist() == [["mbps", "wifi"], ["school", "clinic"]]


def test_where_structures_lead_it_is_the_other_way_round():
    found = reasons([[90, 52, 10, 50]], [-40])
    assert found.loc["a"].tolist() == [["school"], ["wifi"]]


def test_distances_are_from_the_city_first_and_else_from_the_threshold():
    assert reasons([[20, 40, 90, 60]], [45], means=(40, 40, 89, 50)).loc["a"].tolist() == [
        ["mbps"],
        ["school"],
    ]
    alike = reasons([[20, 40, 90, 60]], [45], means=(20, 40, 90, 60))
    assert alike.loc["a"].tolist() == [["wifi", "mbps"], ["school", "clinic"]]
    unknown = reasons([[20, 40, 90, 60]], [45], means=(nan, nan, nan, nan))
    assert unknown.equals(alike)


def test_what_is_near_is_not_named_and_neither_is_anything_without_a_gap():
    assert reasons([[46, 50, 54, 50]], [4]).loc["a"].tolist() == [[], []]
    found = reasons([[20, 20, 90, 90], [20, 20, 90, 90], [nan, 20, nan, 90]], [0, nan, 70])
    assert found.loc["a"].tolist() == found.loc["b"].tolist() == [[], []]
    assert found.loc["c"].tolist() == [["mbps"], ["clinic"]]


def test_three_are_named_at_most_and_no_others_than_the_pillars():
    table = pd.DataFrame([[90.0] * 5 + [0.0]], columns=[*"vwxyz", "poor"], index=["a"])
    found = typology.decoration_reasons(
        table,
        pd.Series([9.0], index=["a"]),
        pillars=dict.fromkeys("vwxyz", "technologies"),
        means=table.iloc[0] - 10,
        threshold=50.0,
    )
    assert found.loc["a"].tolist() == [["v", "w", "x"], []]


def test_thresholds_are_one_or_one_a_draw_and_people_are_counted():
    draws, index = np.full((3, 2), 60.0), pd.Index(["a", "b"])
    with pytest.raises(DataError, match="one for each of the 3 draws"):
        typology.probabilities(draws, draws, threshold=(np.ones(2), np.ones(2)), index=index)
    for people, fault in ((["1", "2"], "not numbers"), ([-1.0, 2.0], "negative or infinite: 0")):
        with pytest.raises(DataError, match=f"population: {fault}"):
            typology.medians(draws, population=pd.Series(people))


def test_a_district_that_stands_twice_has_no_gap_to_explain():
    scores = pd.DataFrame({"wifi": [90.0, 10.0]}, index=["a", "a"])
    with pytest.raises(DataError, match="gap: ids stand more than once: a"):
        typology.decoration_reasons(
            scores,
            scores["wifi"],
            pillars={"wifi": "technologies"},
            means=scores.mean(),
            threshold=50.0,
        )
