"""The inequality measures against published numbers and slow, obvious twins."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoequity import inequality as iq

fast = settings(deadline=None, max_examples=30)
STATES = Path(__file__).parents[2] / ".." / "shared" / "oracles" / "mexico_states.csv"


def each(*numbers):
    """A value per unit, with one resident in each."""
    value = pd.Series(numbers, dtype=float)
    return value, pd.Series(1.0, index=value.index)


# ---- published ----------------------------------------------------------------------------


def test_gini_of_the_ten_incomes_of_the_r_package_ineq():
    value, population = each(541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261)
    assert iq.gini(value, population=population) == pytest.approx(0.462091130267624, abs=1e-15)


def test_atkinson_of_five_tens():
    value, population = each(10, 20, 30, 40, 50)
    half = iq.atkinson(value, population=population, epsilon=0.5)
    assert half == pytest.approx(0.06315, abs=1e-5)
    assert (1 - half) * 30 == pytest.approx(28.105398, abs=1e-6)
    one = iq.atkinson(value, population=population, epsilon=1)
    assert one == pytest.approx(0.1316096, abs=1e-7)
    assert (1 - one) * 30 == pytest.approx(26.0517108, abs=1e-7)


def test_wolfson_of_eight_incomes_in_pairs():
    value, population = each(6, 6, 8, 8, 10, 10, 12, 12)
    assert iq.wolfson(value, population=population) == pytest.approx(1 / 12)


THEIL = {
    1940: (0.20894344, 0.0345889),
    1950: (0.15222451, 0.02816853),
    1960: (0.10472941, 0.05260921),
    1970: (0.10194725, 0.05931219),
    1980: (0.09560113, 0.03205257),
    1990: (0.10511256, 0.02963731),
    2000: (0.10660832, 0.03635872),
}


@pytest.mark.skipif(not STATES.exists(), reason=f"{STATES.name} is not at hand")
def test_mexican_states_are_as_unequal_as_published():
    states = pd.read_csv(STATES).set_index("State")
    one_each = pd.Series(1.0, index=states.index)
    gini = iq.gini(states["pcgdp1940"], population=one_each)
    assert gini == pytest.approx(0.35372371173452849, abs=1e-14)
    for year, (total, between) in THEIL.items():
        split = iq.theil(states[f"pcgdp{year}"], population=one_each, groups=states["hanson98"])
        assert split.total == pytest.approx(total, abs=1e-8)
        assert split.between == pytest.approx(between, abs=1e-8)


# ---- slow twins ---------------------------------------------------------------------------


@st.composite
def worlds(draw):
    """Up to seven units of a few people each, with a value and a rank, some of them tied."""
    number = st.integers(0, 6).map(float) | st.floats(0, 100).map(lambda one: round(one, 3))
    row = st.tuples(number, st.integers(1, 6), st.integers(1, 4))
    rows = draw(st.lists(row, min_size=1, max_size=7).filter(lambda rows: any(r[0] for r in rows)))
    return pd.DataFrame(rows, columns=["value", "population", "rank"])


def persons(world, *, copies=1):
    """One row a person, or several for each."""
    return world.loc[world.index.repeat(world["population"] * copies)].reset_index(drop=True)


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


@given(world=worlds())
@fast
def test_gini_is_the_mean_difference_of_all_pairs(world):
    value = persons(world)["value"].to_numpy()
    difference = np.abs(value[:, None] - value[None, :]).mean()
    absolute = iq.absolute_gini(world["value"], population=world["population"])
    assert absolute == close(difference / 2)
    relative = iq.gini(world["value"], population=world["population"])
    assert relative == close(difference / 2 / value.mean())


@given(world=worlds(), nu=st.integers(2, 4))
@fast
def test_extended_gini_is_the_least_of_a_few_people_drawn(world, nu):
    value = persons(world)["value"].to_numpy()
    at_least = [(value >= one).mean() ** nu for one in np.unique(value)]
    worst = np.diff(np.append(0, np.unique(value))) @ at_least
    found = iq.extended_gini(world["value"], population=world["population"], nu=nu)
    assert found == close(1 - worst / value.mean())


@given(world=worlds())
@fast
def test_concentration_index_is_the_covariance_with_the_mid_rank(world):
    people = persons(world)
    middle = (people["rank"].rank(method="average") - 0.5) / len(people)
    twice = 2 * np.cov(people["value"], middle, bias=True)[0, 1] if len(people) > 1 else 0
    found = iq.concentration_index(
        world["value"], population=world["population"], rank=world["rank"]
    )
    assert found == close(twice / people["value"].mean())


@given(world=worlds())
@fast
def test_palma_is_counted_out_person_by_person(world):
    people = persons(world, copies=10).sort_values("rank")
    people["value"] = people.groupby("rank")["value"].transform("mean")
    poor = people["value"].head(len(people) * 4 // 10).mean()
    rich = people["value"].tail(len(people) // 10).mean()
    found = iq.palma_ratio(world["value"], population=world["population"], rank=world["rank"])
    assert found == close(rich / poor if poor else np.nan)


@given(world=worlds())
@fast
def test_tenths_are_counted_out_person_by_person(world):
    value = persons(world, copies=10)["value"].sort_values()
    count = len(value) // 10
    found = iq.tenths(world["value"], population=world["population"])
    assert found.best == close(value.tail(count).mean())
    assert found.worst == close(value.head(count).mean())


@given(world=worlds(), twentieths=st.integers(1, 19))
@fast
def test_quantile_is_the_person_in_that_place_or_the_mean_of_two(world, twentieths):
    value = persons(world)["value"].sort_values().to_numpy()
    place = Fraction(twentieths, 20) * len(value)
    above = int(place) if place.denominator > 1 else int(place) - 1
    after = above + (place.denominator == 1)
    found = iq.quantile(world["value"], population=world["population"], q=twentieths / 20)
    assert found == close((value[above] + value[after]) / 2)


@given(world=worlds())
@fast
def test_theil_and_atkinson_are_sums_over_persons(world):
    value = persons(world)["value"].to_numpy() + 1
    relative = value / value.mean()
    raised, population = world["value"] + 1, world["population"]
    assert iq.theil(raised, population=population).total == close(
        (relative * np.log(relative)).mean()
    )
    assert iq.theil_l(raised, population=population).total == close(-np.log(relative).mean())
    for epsilon in (0.3, 1.5, 4):
        equivalent = (relative ** (1 - epsilon)).mean() ** (1 / (1 - epsilon))
        found = iq.atkinson(raised, population=population, epsilon=epsilon)
        assert found == close(1 - equivalent)
    assert iq.hoover(raised, population=population) == close(np.abs(relative - 1).mean() / 2)


@given(world=worlds())
@fast
def test_kolm_pollak_is_a_sum_over_persons(world):
    value = persons(world)["value"].to_numpy()
    for better, sign in (("higher", 1), ("lower", -1)):
        kappa = sign * 0.5 * value.sum() / (value**2).sum()
        found = iq.kolm_pollak_ede(
            world["value"], population=world["population"], epsilon=0.5, better=better
        )
        assert found == close(-np.log(np.exp(-kappa * value).mean()) / kappa)
