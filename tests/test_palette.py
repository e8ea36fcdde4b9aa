"""Colours that stay apart and carry readable text."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoequity.maps.classes import shades
from geoequity.palette import (
    CROSSED,
    RAMP,
    TYPE_COLOURS,
    TYPE_MARKS,
    contrast,
    ink_on,
    ramp,
)
from geoequity.schema import TYPES

READABLE = 4.5  # WCAG 2.2 AA for text


def colours():
    return st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06X}")


def test_black_on_white_has_the_highest_contrast_there_is():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#777777") == 1.0


def test_a_dark_grey_has_the_contrast_that_its_linear_parts_give():
    linear = ((0x77 / 255 + 0.055) / 1.055) ** 2.4
    assert contrast("#777777", "#FFFFFF") == pytest.approx(1.05 / (linear + 0.05))


@given(colours())
def test_text_is_readable_on_every_colour(colour):
    assert contrast(colour, ink_on(colour)) > READABLE


@given(colours(), colours())
def test_contrast_does_not_mind_which_colour_is_on_top(one, other):
    assert contrast(one, other) == contrast(other, one) >= 1


def test_the_ramp_meets_its_own_colours_at_even_steps():
    steps = len(RAMP) - 1
    assert [ramp(place / steps) for place in range(len(RAMP))] == list(RAMP)


def test_the_ramp_stays_at_its_ends_beyond_them():
    assert ramp(-1) == RAMP[0]
    assert ramp(7) == RAMP[-1]


def test_the_ramp_darkens_all_the_way():
    shades = [contrast(ramp(place / 40), "#FFFFFF") for place in range(41)]
    assert all(after > before for before, after in pairwise(shades))


def test_every_type_has_a_colour_and_a_mark_of_its_own():
    assert set(TYPE_COLOURS) == set(TYPE_MARKS) == {*TYPES, "uncertain"}
    assert len(set(TYPE_COLOURS.values())) == len(set(TYPE_MARKS.values())) == len(TYPE_COLOURS)


# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
BLINDNESS = {
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def lab(colour, matrix):
    """CIELAB of a colour as somebody with the given sight sees it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    seen = [min(max(sum(m * v for m, v in zip(row, linear, strict=True)), 0), 1) for row in matrix]
    to_xyz = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = [sum(m * v for m, v in zip(row, seen, strict=True)) for row in to_xyz]
    f = [
        t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116
        for t in (value / white for value, white in zip(xyz, (0.9505, 1, 1.089), strict=True))
    ]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


@pytest.mark.parametrize("sight", sorted(BLINDNESS))
def test_types_stay_apart_for_the_colour_blind(sight):
    seen = {kind: lab(colour, BLINDNESS[sight]) for kind, colour in TYPE_COLOURS.items()}
    for one, other in combinations(seen, 2):
        apart = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        assert apart > 12, (one, other, apart)


@pytest.mark.parametrize("sight", ["all", *sorted(BLINDNESS)])
def test_crossed_pillars_stay_apart_for_the_colour_blind(sight):
    matrix = BLINDNESS.get(sight, ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    seen = {colour: lab(colour, matrix) for row in CROSSED for colour in row}
    assert len(seen) == 9
    for one, other in combinations(seen, 2):
        apart = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        assert apart > 20, (one, other, apart)


def test_crossed_pillars_darken_as_either_gets_better():
    dark = [[contrast(colour, "#FFFFFF") for colour in row] for row in CROSSED]
    for line in (*dark, *zip(*dark, strict=True)):
        assert all(after > 1.4 * before for before, after in pairwise(line))


SIGHTS = {**BLINDNESS, "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1))}


def apart(one, other, sight):
    seen = (lab(colour, SIGHTS[sight]) for colour in (one, other))
    return sum((a - b) ** 2 for a, b in zip(*seen, strict=True)) ** 0.5


@pytest.mark.parametrize("sight", sorted(SIGHTS))
@pytest.mark.parametrize("count", range(2, 7))
def test_classes_of_a_choropleth_stay_apart_for_every_sight(sight, count):
    for one, other in combinations(shades(count, better="higher"), 2):  # unknown is hatched
        assert apart(one, other, sight) > 10, (one, other)


@pytest.mark.parametrize("count", range(2, 7))
def test_classes_of_a_choropleth_stay_apart_on_grey_paper(count):
    light = [lab(colour, SIGHTS["all"])[0] for colour in shades(count, better="higher")]
    assert all(before - after > 8 for before, after in pairwise(light))


def test_what_looks_alike_on_grey_paper_has_a_mark_of_its_own():
    light = {kind: lab(colour, SIGHTS["all"])[0] for kind, colour in TYPE_COLOURS.items()}
    alike = [pair for pair in combinations(light, 2) if abs(light[pair[0]] - light[pair[1]]) < 8]
    assert alike  # else no mark would be needed
    assert all(TYPE_MARKS[one] != TYPE_MARKS[other] for one, other in alike)
    grey = [[lab(colour, SIGHTS["all"])[0] for colour in row] for row in CROSSED]
    for solid, digital in ((0, 1), (0, 2), (1, 2)):  # what the mark of the leading pillar tells
        assert abs(grey[solid][digital] - grey[digital][solid]) < 20
    for row in range(3):  # the rest is told by how dark it is
        assert all(before - after > 8 for before, after in pairwise(grey[row]))


@pytest.mark.parametrize("sight", sorted(SIGHTS))
def test_doubt_shows_on_every_class_for_every_sight(sight):
    for colour in (*shades(6, better="higher"), *TYPE_COLOURS.values()):
        assert max(apart(colour, line, sight) for line in ("#27303B", "#FFFFFF")) > 25
