"""Class edges and colours of choropleths."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoequity.maps.classes import breaks, shades
from geoequity.palette import RAMP, contrast

some = st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 3)), min_size=1, max_size=60)


def test_edges_are_multiples_of_a_round_step():
    assert breaks([12.0, 33.0, 58.0]) == [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]  # 46 / 6 -> 10


def test_the_step_is_never_narrower_than_asked():
    assert breaks([51.0, 52.5], min_step=5.0) == [50.0, 55.0]
    assert breaks([51.0, 52.5]) == [51.0, 51.25, 51.5, 51.75, 52.0, 52.25, 52.5]


def test_the_threshold_of_the_types_is_an_edge_of_scores_around_it():
    for low, high in ((31, 74), (44, 58), (8, 97)):
        assert 50.0 in breaks([low, high], min_step=5.0, through=50.0)


def test_unknown_values_are_left_out():
    assert breaks([math.nan, 1.0, 3.0]) == breaks([1.0, 3.0])
    assert breaks([math.nan]) == []
    assert breaks([]) == []


def test_equal_values_make_one_class_that_is_that_value():
    assert breaks([0.3, 0.3, 0.3]) == [0.3, 0.3]


def test_skewed_counts_are_cut_at_quintiles_of_the_distinct_values():
    # 40 zeros would fill the first class; the fifths of 0, 1, 2, 3, 9 lie at 0.8, 1.6, 2.4, 4.2
    assert breaks([0.0] * 40 + [1.0, 2.0, 3.0, 9.0]) == [0.0, 0.8, 1.6, 2.4, 4.2, 9.0]


def test_few_units_are_never_cut_at_quintiles():
    assert breaks([0.0] * 6 + [10.0]) == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]


def test_quintiles_closer_than_the_step_are_not_used():
    values = [50.0 + i / 100 for i in range(20)] + [80.0]
    edges = breaks(values, min_step=5.0)
    assert np.diff(edges).min() >= 5.0


@given(some)
def test_every_value_falls_into_one_of_few_classes(values):
    edges = breaks(values)
    assert edges[0] <= min(values) + 1e-9
    assert edges[-1] >= max(values) - 1e-9
    assert 2 <= len(edges) <= 7
    assert (np.diff(edges) > 0).all() or len(set(values)) == 1


@given(st.lists(st.floats(0, 100), min_size=2, max_size=7, unique=True))
def test_a_threshold_among_few_values_is_always_an_edge(values):
    edges = breaks(values, min_step=5.0, through=50.0)
    assert 50.0 in edges or not edges[0] < 50.0 < edges[-1]
    assert len(edges) <= 7


@given(some)
def test_the_order_of_values_does_not_matter(values):
    assert breaks(values) == breaks(values[::-1])


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_the_best_class_is_the_darkest(count):
    higher = [contrast(colour, "#FFFFFF") for colour in shades(count, better="higher")]
    assert higher == sorted(higher)  # contrast with white grows with darkness
    assert shades(count, better="lower") == shades(count, better="higher")[::-1]


def test_neighbouring_shades_can_be_told_apart_in_grey():
    for count in (2, 3, 4, 5, 6):
        colours = shades(count, better="higher")
        steps = [contrast(a, b) for a, b in pairwise(colours)]
        assert min(steps) > 1.2


def test_a_single_class_takes_the_middle_of_the_ramp():
    assert shades(1, better="higher") == shades(1, better="lower") == [RAMP[3]]
