"""Shared land against drawn intersections, and against arithmetic."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from geoequity import _overlap
from geoequity._overlap import SharedLand, shared_land

EAST, NORTH = 500_000.0, 8_000_000.0


def shapes(*polygons: shapely.Geometry) -> np.ndarray:
    return np.array(polygons, dtype=object)


def as_dict(shared: SharedLand) -> dict[tuple[int, int], float]:
    return dict(zip(zip(shared.first, shared.second, strict=True), shared.area_m2, strict=True))


def drawn(first: np.ndarray, second: np.ndarray) -> dict[tuple[int, int], float]:
    """Slow obvious twin: draw what every two polygons share."""
    pairs = ((i, j) for i in range(len(first)) for j in range(len(second)))
    areas = {(i, j): shapely.area(shapely.intersection(first[i], second[j])) for i, j in pairs}
    return {pair: area for pair, area in areas.items() if area > 0}


def assert_same(first: np.ndarray, second: np.ndarray) -> None:
    ours, theirs = as_dict(shared_land(first, second)), drawn(first, second)
    for pair in ours.keys() | theirs.keys():
        smaller = min(shapely.area(first[pair[0]]), shapely.area(second[pair[1]]))
        assert ours.get(pair, 0.0) == pytest.approx(theirs.get(pair, 0.0), abs=1e-11 * smaller)


def star(rng: np.random.Generator, *, corners: int, with_hole: bool) -> Polygon:
    """Draw a jagged polygon round a random middle, none of its sides crossing."""
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    way = np.column_stack([np.cos(turn), np.sin(turn)])
    middle = np.array([EAST, NORTH]) + rng.uniform(0, 1000, 2)
    radius = rng.uniform(300, 600, corners)
    shell = middle + way * radius[:, None]
    hole = middle + way * (radius * rng.uniform(0.2, 0.8))[:, None]
    return Polygon(shell, [hole] if with_hole else None)


def stars(seed: int, *, corners: int, count: int = 4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return shapes(*(star(rng, corners=corners, with_hole=k % 2 == 0) for k in range(count)))


def test_two_squares_share_their_common_rectangle():
    shared = shared_land(shapes(box(0, 0, 10, 10)), shapes(box(7, 4, 20, 30)))
    assert as_dict(shared) == {(0, 0): 3 * 6}


def test_a_triangle_shares_what_lies_under_its_long_side():
    # Under x + y = 10 in the square from 0 to 8: all but a corner of 6 by 6
    triangle = Polygon([(0, 0), (10, 0), (0, 10)])
    shared = shared_land(shapes(triangle), shapes(box(0, 0, 8, 8)))
    assert as_dict(shared) == {(0, 0): 64 - 6 * 6 / 2}


def test_sides_that_cross_meet_in_a_peak():
    # Two triangles on one base, leaning apart: their shared triangle peaks where sides cross
    left, right = Polygon([(0, 0), (8, 0), (0, 8)]), Polygon([(0, 0), (8, 0), (8, 8)])
    assert as_dict(shared_land(shapes(left), shapes(right))) == {(0, 0): 8 * 4 / 2}


def test_a_side_along_the_lowest_line_counts():
    # The tile's slanting side crosses the line of the district's flat foot
    tile = Polygon([(1, -2), (5, 2), (5, 6), (1, 6)])
    shared = shared_land(shapes(tile), shapes(box(0, 0, 9, 9)))
    assert as_dict(shared) == {(0, 0): 4 * 6 - 2 * 2 / 2}


def test_land_in_a_hole_is_not_shared():
    ring = box(0, 0, 10, 10).difference(box(2, 2, 8, 8))
    shared = shared_land(shapes(ring), shapes(box(3, 3, 7, 7), box(0, 0, 5, 5)))
    assert as_dict(shared) == {(0, 1): 25 - 9}


def test_parts_of_a_district_add_up():
    parts = MultiPolygon([box(0, 0, 2, 2), box(8, 0, 10, 2)])
    assert as_dict(shared_land(shapes(parts), shapes(box(1, 1, 9, 5)))) == {(0, 0): 2}


def test_polygons_that_touch_share_nothing():
    one = shapes(box(0, 0, 5, 5))
    others = shapes(box(5, 0, 9, 5), box(5, 5, 9, 9), box(0, 5, 5, 6), box(7, 7, 8, 8))
    assert len(shared_land(one, others).first) == 0


def test_borders_that_touch_at_a_slant_share_nothing_despite_rounding():
    rng = np.random.default_rng(5)
    points = shapely.multipoints(rng.uniform([EAST, NORTH], [EAST + 9e3, NORTH + 9e3], (200, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(points))
    shared = shared_land(cells, cells)
    assert (shared.first == shared.second).all()
    assert (shared.area_m2 == shapely.area(cells)[shared.first]).all()


def test_a_polygon_inside_another_shares_its_very_area():
    tile = shapely.affinity.rotate(box(EAST, NORTH, EAST + 70, NORTH + 30), 31)
    around = shapes(tile.buffer(1000), tile.envelope, tile)
    shared = shared_land(shapes(tile), around)
    assert (shared.area_m2 == tile.area).all()
    assert len(shared.first) == 3


def test_the_way_a_ring_is_drawn_does_not_matter():
    ring = Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(2, 2), (4, 2), (4, 4), (2, 4)]])
    for turned in (ring, ring.reverse(), shapely.normalize(ring)):
        assert as_dict(shared_land(shapes(turned), shapes(box(1, 1, 5, 5)))) == {(0, 0): 16 - 4}


def test_heights_above_the_ground_are_left_out_of_account():
    raised = shapely.force_3d(box(0, 0, 10, 10), z=7.0)
    assert as_dict(shared_land(shapes(raised), shapes(box(5, 5, 20, 20)))) == {(0, 0): 25}


def test_layers_without_polygons_share_nothing():
    none, one = shapes(), shapes(box(0, 0, 1, 1))
    for first, second in ((none, one), (one, none), (none, none)):
        assert len(shared_land(first, second).area_m2) == 0


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), corners=st.integers(3, 40), others=st.integers(3, 40))
def test_jagged_polygons_with_holes_share_what_is_drawn(seed, corners, others):
    assert_same(stars(seed, corners=corners), stars(seed + 1, corners=others))


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_shared_land_is_the_same_both_ways(seed):
    one, other = stars(seed, corners=7), stars(seed + 1, corners=23)
    there, back = as_dict(shared_land(one, other)), as_dict(shared_land(other, one))
    assert {(j, i): area for (i, j), area in back.items()} == there


@pytest.mark.parametrize("corners", [(5, 900), (900, 5), (300, 300), (30, 120)])
def test_long_borders_share_what_is_drawn(corners):
    assert_same(stars(1, corners=corners[0]), stars(2, corners=corners[1]))


@pytest.mark.parametrize(("name", "value"), [("_WORK", 50), ("_MANY_EDGE_PAIRS", 20)])
def test_portions_and_ways_of_measuring_agree(monkeypatch, name, value):
    one, other = stars(3, corners=11, count=12), stars(4, corners=17, count=12)
    usual = as_dict(shared_land(one, other))
    monkeypatch.setattr(_overlap, name, value)
    # Drawn corners are rounded to the coordinates, which are large; sums are not
    assert as_dict(shared_land(one, other)) == pytest.approx(usual, rel=1e-10)
