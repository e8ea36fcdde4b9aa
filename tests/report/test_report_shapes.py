"""Maps fitted to a page."""

import math
import re

import geopandas as gpd
import pytest
import shapely
from made_up import hexagon
from shapely.geometry import MultiPolygon, Polygon, box

from geoequity.palette import UNKNOWN
from geoequity.report import _shapes

CRS = "EPSG:32720"


def table(shapes):
    """Districts named by their place."""
    index = [f"d{place}" for place in range(len(shapes))]
    return gpd.GeoDataFrame(index=index, geometry=list(shapes), crs=CRS)


def test_a_square_city_fills_the_page_upright():
    # 10 km wide; 720 - 2 x 8 units wide and 760 - 34 - 2 x 8 high: the width decides.
    drawn = _shapes.frame(table([box(0, 0, 10_000, 10_000)]))
    assert drawn.height == 704 + 2 * 8 + 34
    west, top, east, floor = drawn.shapes["d0"].bounds
    assert (west, top, east, floor) == pytest.approx((8, 8, 712, 712))


def test_north_is_up():
    drawn = _shapes.frame(table([box(0, 0, 100, 100), box(0, 100, 100, 200)]))
    assert drawn.shapes["d1"].centroid.y < drawn.shapes["d0"].centroid.y


def test_a_tall_city_is_bound_by_its_height():
    drawn = _shapes.frame(table([box(0, 0, 1000, 50_000)]))
    assert drawn.height == 760


@pytest.mark.parametrize(("side_m", "km"), [(10_000, 2), (1000, 0.2), (300_000, 50)])
def test_the_scale_bar_is_a_round_length_and_true(side_m, km):
    drawn = _shapes.frame(table([box(0, 0, side_m, side_m)]))
    assert drawn.bar_km == km
    assert drawn.bar == pytest.approx(704 * km * 1000 / side_m, abs=0.1)
    assert drawn.bar <= 704 / 4


def test_neighbours_keep_their_common_border_when_thinned():
    wave = [(100 * math.sin(y / 150), y) for y in range(0, 10_001, 5)]
    left = Polygon([(-5000, 0), *wave, (-5000, 10_000)])
    right = Polygon([(5000, 0), *wave, (5000, 10_000)])
    drawn = _shapes.frame(table([left, right]))
    one, other = drawn.shapes.values()
    assert one.union(other).area == pytest.approx(one.area + other.area, rel=1e-9)
    assert one.union(other).area == pytest.approx(704 * 704, rel=1e-3)
    assert len(drawn.paths["d0"]) < 0.2 * len(" ".join(f"{x:.1f} {y:.1f}" for x, y in wave))


def test_islets_too_small_to_see_are_not_drawn_but_the_largest_part_is():
    city = MultiPolygon([box(0, 0, 10_000, 10_000), box(10_500, 0, 10_505, 5)])
    assert _shapes.frame(table([city])).paths["d0"].count("M") == 1
    specks = MultiPolygon([box(9000, 0, 9001, 1), box(9010, 0, 9012, 2)])
    paths = _shapes.frame(table([box(0, 0, 8000, 8000), specks])).paths
    assert paths["d1"].count("M") == 1


def test_a_hole_is_a_ring_of_its_own():
    ring = box(0, 0, 9000, 9000).difference(box(3000, 3000, 6000, 6000))
    assert _shapes.frame(table([ring])).paths["d0"].count("Z") == 2


def test_paths_hold_numbers_with_one_decimal_at_most():
    path = _shapes.frame(table([hexagon(0, 0), hexagon(1, 0)])).paths["d0"]
    assert re.fullmatch(r"(M(\d+(\.\d)?[ L]?)+Z)+", path)


def test_a_name_that_fits_is_written_whole_and_inside():
    drawn = _shapes.frame(table([box(0, 0, 1000, 500)]))
    label = _shapes.labels(drawn, {"d0": "La Boca"}, {"d0": 1})["d0"]
    assert label.lines == ("La Boca",)
    assert not label.numbered
    assert drawn.shapes["d0"].contains(shapely.Point(label.x, label.y))


def test_a_name_is_broken_where_the_district_is_narrow():
    drawn = _shapes.frame(table([box(0, 0, 100, 1000), box(100, 0, 1000, 1000)]))
    names = {"d0": "Villa General Mitre", "d1": "Retiro"}
    label = _shapes.labels(drawn, names, {"d0": 1, "d1": 2})["d0"]
    assert label.lines == ("Villa", "General", "Mitre")


@pytest.mark.parametrize("name", ["Constitución", "A" * 300, "Larguísimo " * 27])
def test_a_name_that_does_not_fit_gives_way_to_its_number(name):
    drawn = _shapes.frame(table([box(0, 0, 20, 20), box(20, 0, 1000, 1000)]))
    label = _shapes.labels(drawn, {"d0": name, "d1": "B"}, {"d0": 17, "d1": 2})["d0"]
    assert label.lines == ("17",)
    assert label.numbered


def test_an_empty_name_does_no_harm():
    drawn = _shapes.frame(table([box(0, 0, 1000, 500)]))
    assert _shapes.labels(drawn, {"d0": " "}, {"d0": 3})["d0"].lines == ("3",)


def test_classes_of_scores_run_from_worst_to_best_in_steps_of_five_or_more():
    among = _shapes.classes([41.0, 48.5, 63.0, math.nan])
    assert [(one.low, one.high) for one in among] == [
        (40, 45),
        (45, 50),
        (50, 55),
        (55, 60),
        (60, 65),
    ]


def test_nearly_equal_scores_share_one_colour():
    assert len(_shapes.classes([51.0, 52.0, 54.9])) == 1


def test_a_score_takes_the_colour_of_its_class_and_the_best_the_last():
    among = _shapes.classes([40.0, 45.0, 65.0])
    colours = [one.colour for one in among]
    assert _shapes.fill(40.0, among)[0] == colours[0]
    assert _shapes.fill(45.0, among)[0] == colours[1]
    assert _shapes.fill(65.0, among)[0] == colours[-1]


def test_an_unknown_score_has_the_ground_of_the_hatching():
    assert _shapes.fill(math.nan, _shapes.classes([40.0, 60.0]))[0] == UNKNOWN
    assert _shapes.classes([math.nan]) == []
    assert _shapes.fill(50.0, [])[0] == UNKNOWN


def test_capitals_take_more_room():
    assert _shapes.text_width("BOCA", size=10) > _shapes.text_width("Boca", size=10)
    assert _shapes.text_width("Boca", size=20) == 2 * _shapes.text_width("Boca", size=10)
    assert _shapes.text_width("", size=10) == 0
