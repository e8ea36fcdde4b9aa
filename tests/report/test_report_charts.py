"""Charts that are true to their numbers."""

import math

import pytest

from geoequity.palette import TYPE_COLOURS, UNKNOWN
from geoequity.report import _charts
from geoequity.report._shapes import text_width


def column(score, share, name="Uno", kind="neglected"):
    return {"name": name, "type": kind, "score": score, "share": share, "said": ""}


def dot(structures, technologies, population=1000.0, name="Uno", kind="integrated"):
    pillars = {"structures": structures, "technologies": technologies}
    return {"name": name, "type": kind, "population": population, **pillars}


def test_columns_are_as_wide_as_their_people_and_as_high_as_their_score():
    sky = _charts.skyline([column(25.0, 0.25), column(100.0, 0.75)])
    low, high = sky["bars"]
    wide, tall = sky["right"] - sky["left"], dict(sky["ticks"])[0] - dict(sky["ticks"])[100]
    assert low["width"] == pytest.approx(wide / 4, abs=0.1)
    assert high["x"] == pytest.approx(sky["left"] + wide / 4, abs=0.1)
    assert high["x"] + high["width"] == pytest.approx(sky["right"], abs=0.2)
    assert low["height"] == pytest.approx(tall / 4, abs=0.1)
    assert high["y"] == dict(sky["ticks"])[100]


def test_the_first_and_the_last_tenth_of_people_are_marked():
    sky = _charts.skyline([column(50.0, 1.0)])
    wide = sky["right"] - sky["left"]
    assert sky["tenths"] == pytest.approx([sky["left"] + wide / 10, sky["right"] - wide / 10])


def test_a_name_is_written_only_where_it_fits():
    sky = _charts.skyline(
        [column(90.0, 0.5), column(90.0, 0.005), column(5.0, 0.495, name="Barracas del Río")]
    )
    assert [bar["fits"] for bar in sky["bars"]] == [True, False, False]


def test_columns_are_coloured_by_type_and_unclassified_ones_are_not():
    sky = _charts.skyline([column(50.0, 0.5), column(50.0, 0.5, kind=None)])
    assert [bar["colour"] for bar in sky["bars"]] == [TYPE_COLOURS["neglected"], UNKNOWN]


def test_dots_lie_on_the_side_of_the_threshold_that_their_scores_say():
    cloud = _charts.cloud([dot(70.0, 30.0), dot(30.0, 70.0)], threshold=50.0)
    right, left = cloud["dots"]
    assert left["x"] < cloud["threshold_x"] < right["x"]
    assert left["y"] < cloud["threshold_y"] < right["y"]  # up is less


def test_a_dot_lies_where_the_ticks_say():
    cloud = _charts.cloud([dot(60.0, 40.0), dot(20.0, 80.0)], threshold=50.0)
    across = {tick: x for tick, x, _ in cloud["ticks"]}
    up = {tick: y for tick, _, y in cloud["ticks"]}
    first = cloud["dots"][0]
    assert (first["x"], first["y"]) == (across[60], up[40])


def test_the_area_of_a_dot_goes_with_its_people():
    cloud = _charts.cloud([dot(60.0, 40.0, 4000.0), dot(20.0, 80.0, 1000.0)], threshold=50.0)
    large, small = cloud["dots"]
    assert large["radius"] == pytest.approx(2 * small["radius"], abs=0.1)


def test_without_people_all_dots_are_alike():
    cloud = _charts.cloud([dot(60.0, 40.0, math.nan), dot(20.0, 80.0, math.nan)], threshold=50.0)
    assert {one["radius"] for one in cloud["dots"]} == {4.0}


@pytest.mark.parametrize("scores", [(0.0, 100.0), (100.0, 0.0), (50.0, 50.0)])
def test_every_dot_is_inside_the_frame(scores):
    cloud = _charts.cloud([dot(*scores)], threshold=50.0)
    only = cloud["dots"][0]
    assert cloud["left"] <= only["x"] <= cloud["right"]
    assert cloud["top"] <= only["y"] <= cloud["floor"]


def test_names_never_cover_one_another_or_a_dot():
    crowd = [dot(50 + k % 7, 50 + k % 5, name=f"District {k}") for k in range(35)]
    cloud = _charts.cloud(crowd, threshold=50.0)
    named = [one for one in cloud["dots"] if one["anchor"]]
    assert 0 < len(named) < len(crowd)
    boxes = []
    for one in named:
        width = text_width(one["name"], size=9)
        start = {"start": 0, "end": -width, "middle": -width / 2}[one["anchor"]]
        boxes.append(
            (
                one["name_x"] + start,
                one["name_y"] - 5,
                one["name_x"] + start + width,
                one["name_y"] + 5,
            )
        )
    for place, box in enumerate(boxes):
        for other in boxes[place + 1 :]:
            assert (
                box[2] <= other[0]
                or other[2] <= box[0]
                or box[3] <= other[1] + 1
                or other[3] <= box[1] + 1
            )


def test_the_caller_keeps_the_dots_it_gave():
    given = dot(60.0, 40.0)
    _charts.cloud([given], threshold=50.0)
    assert given == dot(60.0, 40.0)
