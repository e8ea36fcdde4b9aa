"""How weights fall with travel time."""

import pickle
from math import exp, inf, isinf, log, nan, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoequity.errors import DataError
from geoequity.measures import decay

EVERY = {
    "binary": decay.binary(within_min=30),
    "linear": decay.linear(within_min=30),
    "exponential": decay.exponential(rate=0.1),
    "power": decay.power(exponent=1.5),
    "logistic": decay.logistic(inflection_min=30, sd_min=10),
    "stepped": decay.stepped(steps=[10, 30], weights=[0.5, 0]),
    "stepped right": decay.stepped(steps=[10, 30], weights=[0.5, 0], closed="right"),
}
every = pytest.mark.parametrize("name", EVERY)


def test_binary_includes_its_limit():
    assert decay.binary(within_min=30)([0, 30, 30.0001]).tolist() == [1, 1, 0]
    assert decay.binary(within_min=0)([0, 1]).tolist() == [1, 0]


def test_linear_falls_to_nothing_at_its_limit():
    assert decay.linear(within_min=40)([0, 20, 30, 40, 99]).tolist() == [1, 1 / 2, 1 / 4, 0, 0]


def test_exponential_by_rate_is_exponential_by_half_time():
    minutes = np.array([0.0, 5, 10, 35])
    by_rate, by_half = decay.exponential(rate=0.2), decay.exponential(half_min=log(2) / 0.2)
    assert by_rate(minutes) == pytest.approx([1, exp(-1), exp(-2), exp(-7)])
    assert by_half(minutes) == pytest.approx(by_rate(minutes))
    assert decay.exponential(half_min=7)([7, 14]) == pytest.approx([1 / 2, 1 / 4])


def test_power_counts_less_than_a_minute_as_a_minute():
    assert decay.power(exponent=2)([0, 0.25, 1, 4]).tolist() == [1, 1, 1, 1 / 16]
    # as decay_power(0.1) of the R package accessibility at 20 and 35 minutes
    assert decay.power(exponent=0.1)([20, 35]) == pytest.approx([20**-0.1, 35**-0.1])


def test_logistic_is_the_upper_tail_over_that_above_0():
    steep = pi / (10 * sqrt(3))
    found = decay.logistic(inflection_min=30, sd_min=10)([0, 30, 45])
    above_0 = 1 + exp(-30 * steep)
    assert found == pytest.approx([1, above_0 / 2, above_0 / (1 + exp(15 * steep))])


def test_logistic_halves_at_its_inflection_as_the_r_package_tests():
    assert decay.logistic(inflection_min=20, sd_min=2)([0, 20]) == pytest.approx([1, 0.5])
    assert decay.logistic(inflection_min=30, sd_min=10)([30]) == pytest.approx([0.502], abs=0.001)


def test_stepped_changes_at_the_step_as_the_r_package_tests():
    found = decay.stepped(steps=[10, 20, 30, 40], weights=[0.75, 0.5, 0.25, 0])
    assert found([5, 15, 25, 35, 45]).tolist() == [1, 0.75, 0.5, 0.25, 0]
    assert found([0, 10, 20, 30, 40]).tolist() == [1, 0.75, 0.5, 0.25, 0]


def test_stepped_may_include_its_steps_as_zones_do():
    found = decay.stepped(steps=[20, 40, 60], weights=[0.68, 0.22, 0], closed="right")
    # as step_fn({20: 1, 40: 0.68, 60: 0.22}) of the Python package access, at 0, 10 ... 70
    assert found(range(0, 71, 10)).tolist() == [1, 1, 1, 0.68, 0.68, 0.22, 0.22, 0]


def test_a_step_may_be_without_effect():
    assert decay.stepped(steps=[10, 20], weights=[1, 0])([5, 15, 25]).tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    ("made", "reach_min"),
    [
        (EVERY["binary"], 30),
        (EVERY["linear"], 30),
        (EVERY["stepped"], 30),
        (decay.stepped(steps=[5, 10, 20], weights=[0.5, 0, 0]), 10),
        (decay.stepped(steps=[5], weights=[0]), 5),
        (decay.stepped(steps=[5, 10], weights=[0, 0.5]), inf),
        (EVERY["exponential"], inf),
        (EVERY["power"], inf),
        (EVERY["logistic"], inf),
    ],
)
def test_a_decay_knows_beyond_which_minutes_nothing_counts(made, reach_min):
    assert made.reach_min == reach_min
    if not isinf(reach_min):
        assert made([np.nextafter(reach_min, inf), reach_min + 1e6]).tolist() == [0, 0]


@every
@given(minutes=st.lists(st.floats(0, 1e4), min_size=1, max_size=20))
def test_weights_fall_from_1_and_stay_within_0_and_1(name, minutes):
    found = EVERY[name](np.sort([0.0, *minutes]))
    assert found[0] == pytest.approx(1)
    assert ((found >= 0) & (found <= 1 + 1e-15)).all()
    assert (np.diff(found) <= 0).all()


@every
def test_unknown_minutes_have_unknown_weight_and_the_shape_is_kept(name):
    minutes = np.array([[0.0, nan], [40.0, 5.0]])
    found = EVERY[name](minutes)
    assert found.shape == (2, 2)
    assert np.isnan(found).tolist() == [[False, True], [False, False]]
    assert EVERY[name]([]).tolist() == []


@every
def test_a_decay_can_be_sent_to_another_process(name):
    minutes = np.linspace(0, 60, 25)
    sent = pickle.loads(pickle.dumps(EVERY[name]))
    assert sent(minutes).tolist() == EVERY[name](minutes).tolist()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: decay.binary(within_min=-1), "within_min: must be a number of 0 or more, not -1"),
        (lambda: decay.binary(within_min=inf), "within_min: must be a number of 0 or more"),
        (lambda: decay.linear(within_min=0), "within_min: must be a number above 0, not 0"),
        (decay.exponential, "needs one of rate and half_min, not None and None"),
        (lambda: decay.exponential(rate=1, half_min=2), "needs one of rate and half_min"),
        (lambda: decay.exponential(rate=0), "rate: must be a number above 0, not 0"),
        (lambda: decay.exponential(half_min=nan), "half_min: must be a number above 0, not nan"),
        (lambda: decay.power(exponent=-2), "exponent: must be a number above 0, not -2"),
        (lambda: decay.logistic(inflection_min=0, sd_min=1), "inflection_min: must be"),
        (lambda: decay.logistic(inflection_min=9, sd_min=inf), "sd_min: must be"),
        (lambda: decay.stepped(steps=[], weights=[]), "steps: must be numbers above 0"),
        (lambda: decay.stepped(steps=[0, 5], weights=[1, 0]), "steps: must be numbers above 0"),
        (lambda: decay.stepped(steps=[5, 5], weights=[1, 0]), r"steps: must rise, not \[5, 5\]"),
        (lambda: decay.stepped(steps=[5], weights=[1, 0]), "weights: must be one number of 0-1"),
        (lambda: decay.stepped(steps=[5], weights=[1.5]), "weights: must be one number of 0-1"),
        (lambda: decay.stepped(steps=[5], weights=[0], closed="up"), "closed: must be left or"),
        (
            lambda: decay.stepped(steps=[5, 2], weights=[nan, 0]),
            r"steps: must rise, not \[5, 2\]; weights: must be",
        ),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_by_name(make, message):
    with pytest.raises(DataError, match=message):
        make()
