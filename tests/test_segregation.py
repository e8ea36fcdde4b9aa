"""Segregation by the PySAL library: closed forms, textbook formulas, and what is refused."""

from math import log, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geoequity import segregation as sg
from geoequity.errors import DataError

fast = settings(deadline=None, max_examples=30)


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


def column(*numbers, name=None):
    ids = [f"u{at}" for at in range(len(numbers))]
    return pd.Series(numbers, index=ids, dtype=float, name=name)


def table(**groups):
    return pd.DataFrame({name: column(*counts) for name, counts in groups.items()})


@st.composite
def worlds(draw):
    """Two to eight units with people of three groups, the first and the last not empty."""
    count = st.integers(0, 300)
    rows = draw(st.lists(st.tuples(count, count, count), min_size=2, max_size=8))
    world = table(**dict(zip("abc", zip(*rows, strict=True), strict=True)))
    assume(world["a"].any())
    assume(world["c"].any())
    return world


SINGLE = {
    "dissimilarity": sg.dissimilarity,
    "isolation": sg.isolation,
    "interaction": sg.interaction,
}


def everything(world):
    """All four indices of a world, by name."""
    people = world.sum(axis=1, skipna=False)
    found = {name: index(world["a"], population=people) for name, index in SINGLE.items()}
    return {**found, "information_theory": sg.information_theory(world)}


# ---- closed forms and textbook formulas ---------------------------------------------------


def test_groups_that_share_no_unit_are_fully_apart():
    apart = everything(table(a=[30, 0], b=[0, 70]))
    expected = {"dissimilarity": 1, "isolation": 1, "interaction": 0, "information_theory": 1}
    assert apart == {name: close(value) for name, value in expected.items()}


def test_groups_of_the_same_mix_everywhere_are_not_apart():
    expected = {"dissimilarity": 0, "isolation": 0.3, "interaction": 0.7, "information_theory": 0}
    expected = {name: close(value) for name, value in expected.items()}
    assert everything(table(a=[3, 6, 30], b=[7, 14, 70])) == expected
    assert everything(table(a=[3], b=[7])) == expected  # nor are those of a single unit


def test_indices_of_two_units_by_hand():
    group, people = column(30, 10), column(50, 50)
    # of the group 3/4 and 1/4, of the others 1/3 and 2/3
    assert sg.dissimilarity(group, population=people) == close((5 / 12 + 5 / 12) / 2)
    assert sg.isolation(group, population=people) == close(0.75 * 0.6 + 0.25 * 0.2)
    assert sg.interaction(group, population=people) == close(0.75 * 0.4 + 0.25 * 0.8)


def test_information_theory_of_three_groups_by_hand():
    # the city is a third each: log 3; the first unit is of two groups: log 2; the others of one
    found = sg.information_theory(table(a=[4, 0, 0], b=[4, 0, 0], c=[0, 3, 1]))
    assert found == close(1 - 8 / 12 * log(2) / log(3))


@given(world=worlds())
@fast
def test_indices_follow_their_formulas(world):
    group, people = world["a"], world.sum(axis=1)
    others = people - group
    assume(others.any())
    share = (group / people.where(people > 0)).fillna(0)
    found = everything(world)
    apart = (group / group.sum() - others / others.sum()).abs().sum() / 2
    assert found["dissimilarity"] == close(apart)
    assert found["isolation"] == close((group / group.sum() * share).sum())
    assert found["interaction"] == close(1 - found["isolation"])
    assert 0 <= found["information_theory"] <= 1

    def entropy(counts):
        shares = counts / counts.sum()
        return -sum(one * log(one) for one in shares if one > 0)

    inside = sum(row.sum() * entropy(row) for row in world.to_numpy() if row.any())
    whole = entropy(world.to_numpy().sum(axis=0))
    assert found["information_theory"] == close(1 - inside / people.sum() / whole)


@given(world=worlds(), times=st.sampled_from([0.5, 3]), data=st.data())
@fast
def test_neither_order_nor_splits_nor_the_number_of_people_matter(world, times, data):
    assume((world["b"] + world["c"]).any())
    expected = {name: close(value) for name, value in everything(world).items()}
    order = data.draw(st.permutations(range(len(world))))
    assert everything(world.iloc[order]) == expected
    assert everything(world * times) == expected
    split = pd.concat([world.iloc[1:], (world.iloc[[0, 0]] / 2).set_axis(["s", "t"])])
    assert everything(split) == expected


@given(world=worlds())
@fast
def test_dissimilarity_is_the_same_from_either_side(world):
    group, people = world["a"], world.sum(axis=1)
    assume((people - group).any())
    other = sg.dissimilarity(people - group, population=people)
    assert sg.dissimilarity(group, population=people) == close(other)


# ---- gaps and faults ----------------------------------------------------------------------


def test_units_without_people_or_with_unknown_groups_are_left_out():
    world = table(a=[30, 10, 5], b=[20, 40, 9])
    gaps = table(a=[0, nan], b=[0, 60]).set_axis(["empty", "unknown"])
    longer = pd.concat([gaps, world])
    people = longer.sum(axis=1)
    expected = everything(world)
    for name, index in SINGLE.items():
        assert index(longer["a"], population=people) == expected[name]
        assert index(longer["a"].astype("Int64"), population=people) == expected[name]
    assert sg.information_theory(longer) == expected["information_theory"]
    assert sg.information_theory(longer.assign(nobody=0)) == expected["information_theory"]


@pytest.mark.parametrize("index", SINGLE.values(), ids=SINGLE)
@pytest.mark.parametrize(
    ("group", "people", "message", "ids"),
    [
        (column(1, 2, 3), column(5, 5), "group and population are about different units", ("u2",)),
        (column(1, 9), column(5, 5), "group: more than the population in u1", ("u1",)),
        (column(1, -1), column(5, 5), "group: negative or infinite: u1", ("u1",)),
        (column(1, 1), column(5, np.inf), "population: negative or infinite: u1", ("u1",)),
        (column(9, 2), column(5, nan),
         "population: unknown where group is known in u1; group: more than the population in u0",
         ("u0", "u1")),
        (column(1, 2).astype(str), column(5, 5), "group: not numbers but", ()),
        (column(0, 0), column(5, 5), "group: nobody belongs to the group where it is known", ()),
        (column(nan, nan), column(5, 5), "group: nobody belongs to the group", ()),
        (column(0, 0), column(0, 0), "group: nobody belongs to the group", ()),
        (column(name="poor"), column(), "poor: nobody belongs to the group", ()),
    ],
)  # fmt: skip
def test_counts_that_cannot_be_are_refused(index, group, people, message, ids):
    with pytest.raises(DataError, match=message) as no:
        index(group, population=people)
    assert no.value.ids == ids


def test_a_group_of_everybody_is_isolated_but_unlike_nobody():
    people = column(5, 2)
    assert sg.isolation(people, population=people) == 1
    assert sg.interaction(people, population=people) == 0
    with pytest.raises(DataError, match="poor: everybody belongs to the group"):
        sg.dissimilarity(people.rename("poor"), population=people)


def test_information_theory_needs_two_groups_with_people():
    for groups in (table(a=[1, 2]), table(a=[1, 2], b=[0, 0]), table(a=[1], b=[nan]), table(a=[])):
        with pytest.raises(DataError, match="groups: fewer than two of them have people"):
            sg.information_theory(groups)
    with pytest.raises(DataError, match="b: negative or infinite: u1"):
        sg.information_theory(table(a=[1, 2], b=[1, -2]))


def test_the_library_leaves_the_warnings_of_numpy_as_they_were():
    before = np.geterr()
    everything(table(a=[3, 0], b=[0, 7]))
    assert np.geterr() == before
    assert before["divide"] != "ignore"
