"""The ground within some minutes: on a straight street by hand, and what holds on any network."""

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box
from small_streets import CRS, PACE, places, table, webs

from geoequity.errors import CRSError, DataError
from geoequity.streets import WHEELCHAIR, StreetNetwork, isochrones

ROUND_M2 = np.pi * 25**2  # two ends of ground 25 m beside a street
STREET = StreetNetwork.from_edges(
    table(("a", "b", [(0, 0), (500, 0)]), ("b", "c", [(500, 0), (1000, 0)]))
)


def one(network, origin, limit, **options):
    """The only isochrone of one origin and one limit."""
    return isochrones(network, places(origin), within_min=[limit], **options).iloc[0]


# -------------------------------------------------------------- closed form
def test_on_a_straight_street_ground_is_a_band_with_round_ends():
    found = one(STREET, (400, 0), 3)
    assert found["street_m"] == pytest.approx(2 * 3 * PACE)
    assert found["geometry"].bounds == pytest.approx((400 - 240 - 25, -25, 400 + 240 + 25, 25))
    assert found["geometry"].area == pytest.approx(480 * 50 + ROUND_M2, rel=0.005)


def test_the_street_ends_where_it_ends():
    found = one(STREET, (100, 0), 5)
    assert found["street_m"] == pytest.approx(100 + 400)
    assert found["geometry"].bounds == pytest.approx((-25, -25, 525, 25))
    assert one(STREET, (100, 0), 60)["street_m"] == pytest.approx(1000)


def test_the_walk_to_the_street_is_part_of_the_minutes():
    found = one(STREET, (400, 80), 3)
    assert found["street_m"] == pytest.approx(2 * 2 * PACE)
    assert one(STREET, (400, 240), 3)["geometry"].is_empty
    assert one(STREET, (400, 0), 1e-6)["street_m"] == pytest.approx(2 * PACE * 1e-6)


def test_an_origin_too_far_off_reaches_nothing():
    found = isochrones(STREET, places((400, 5000)), within_min=[5, 10])
    assert found["street_m"].tolist() == [0, 0]
    assert found.geometry.geom_type.tolist() == ["Polygon", "Polygon"]
    assert found.geometry.is_empty.all()


def test_at_a_crossing_every_street_is_covered_alike():
    arms = [((0, 0), (1000, 0)), ((0, 0), (-1000, 0)), ((0, 0), (0, 1000)), ((0, 0), (0, -1000))]
    cross = StreetNetwork.from_edges(table(*((str(a), str(b), [a, b]) for a, b in arms)))
    found = one(cross, (0, 0), 2)
    assert found["street_m"] == pytest.approx(4 * 160)
    assert found["geometry"].bounds == pytest.approx((-185, -185, 185, 185))
    off_centre = one(cross, (60, 0), 2)
    assert off_centre["street_m"] == pytest.approx(160 + 60 + 3 * 100)


def test_a_loop_is_entered_from_both_ends():
    ring = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
    network = StreetNetwork.from_edges(table(("a", "a", ring), ("a", "b", [(0, 0), (-200, 0)])))
    # 50 m to the crossing leave 30 m each for the loop's other end and the street
    assert one(network, (50, 0), 1)["street_m"] == pytest.approx(80 + 50 + 30 + 30)
    assert one(network, (-80, 0), 2)["street_m"] == pytest.approx(80 + 120 + 2 * 80)


def test_streets_are_drawn_as_far_as_minutes_go_not_metres():
    network = StreetNetwork.from_edges(
        table(("a", "b", [(0, 0), (100, 0)])).assign(minutes_there=4.0, minutes_back=2.0)
    )
    found = one(network, (50, 0), 1)
    assert found["geometry"].bounds == pytest.approx((0 - 25, -25, 75 + 25, 25))
    assert found["street_m"] == pytest.approx(75)
    longer = StreetNetwork.from_edges(table(("a", "b", [(0, 0), (100, 0)])).assign(length_m=200.0))
    assert one(longer, (50, 0), 0.5)["street_m"] == pytest.approx(40)  # as drawn


def test_one_way_streets_are_left_the_way_they_run():
    edges = table(
        ("a", "b", [(0, 0), (400, 0)]), ("b", "c", [(400, 0), (800, 0)]),
        oneway_foot=["yes", None],
    )  # fmt: skip
    network = StreetNetwork.from_edges(edges)
    assert one(network, (300, 0), 2)["geometry"].bounds == pytest.approx((275, -25, 485, 25))
    assert one(network, (480, 0), 2)["geometry"].bounds == pytest.approx((375, -25, 665, 25))
    against = StreetNetwork.from_edges(edges.assign(oneway_foot=["-1", None]))
    assert one(against, (300, 0), 2)["geometry"].bounds == pytest.approx((115, -25, 325, 25))


def test_at_the_end_of_a_one_way_street_there_is_ground_though_no_way_on():
    edges = table(("a", "b", [(0, 0), (400, 0)]), oneway_foot="yes")
    found = one(StreetNetwork.from_edges(edges), (400, 20), 9)
    assert found["street_m"] == 0
    assert found["geometry"].bounds == pytest.approx((375, -25, 425, 25))


def test_an_origin_on_a_street_of_no_minutes_is_at_both_its_ends():
    edges = table(("a", "b", [(0, 0), (100, 0)]), ("b", "c", [(100, 0), (200, 0)]))
    network = StreetNetwork.from_edges(edges.assign(length_m=[0.0, 100.0]))
    assert one(network, (30, 0), 0.5)["street_m"] == pytest.approx(100 + 40)


def test_steps_are_no_ground_for_who_takes_none():
    edges = table(
        ("a", "b", [(0, 0), (100, 0)]), ("b", "c", [(100, 0), (200, 0)]),
        highway=["footway", "steps"],
    )  # fmt: skip
    assert one(StreetNetwork.from_edges(edges), (50, 0), 9)["street_m"] == 200
    barred = StreetNetwork.from_edges(edges, walker=WHEELCHAIR)
    assert one(barred, (50, 0), 9)["street_m"] == 100


def test_small_blocks_are_ground_and_large_ones_stay_open():
    def block(side):
        ring = [(0, 0), (side, 0), (side, side), (0, side), (0, 0)]
        return StreetNetwork.from_edges(table(("a", "a", ring)))

    assert not one(block(140), (0, 0), 60)["geometry"].interiors  # an open middle of 90 m square
    large = one(block(200), (0, 0), 60)["geometry"]
    assert len(large.interiors) == 1
    assert shapely.Polygon(large.interiors[0]).area == pytest.approx(150**2)


def test_ground_reaches_as_far_beside_the_street_as_asked():
    found = one(STREET, (400, 0), 3, beside_m=10)
    assert found["geometry"].bounds == pytest.approx((150, -10, 650, 10))
    assert found["street_m"] == one(STREET, (400, 0), 3)["street_m"]


# -------------------------------------------------------------------- table
def test_rows_are_by_origin_and_from_the_longest_walk_down():
    origins = places((400, 0), (900, 0), ids=["x", "y"])
    found = isochrones(STREET, origins, within_min=[1, 3, 2, 3])
    assert found["origin"].tolist() == ["x"] * 3 + ["y"] * 3
    assert found["within_min"].tolist() == [3, 2, 1] * 2
    assert found["street_m"].tolist() == pytest.approx([480, 320, 160, 340, 260, 160])
    assert found.crs == CRS


def test_one_limit_may_be_a_number():
    origins = places((400, 0))
    pd.testing.assert_frame_equal(
        isochrones(STREET, origins, within_min=3), isochrones(STREET, origins, within_min=[3])
    )


def test_no_origins_give_an_empty_table():
    found = isochrones(STREET, places(), within_min=[5])
    assert found.shape == (0, 4)
    assert found.dtypes[["within_min", "street_m"]].tolist() == [float, float]
    assert found.crs == CRS


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"within_min": []}, "within_min: must be above 0"),
        ({"within_min": 0}, "within_min: must be above 0, is 0"),
        ({"within_min": [5, -1]}, "within_min: must be above 0, is -1"),
        ({"within_min": [np.nan, 5]}, "within_min: must be above 0, is nan"),
        ({"within_min": [np.inf]}, "within_min: must be above 0, is inf"),
        ({"within_min": [5], "beside_m": 0}, "beside_m: must be above 0, is 0"),
    ],
)
def test_limits_that_cannot_be_are_refused(options, message):
    with pytest.raises(DataError, match=f"^{message}"):
        isochrones(STREET, places((0, 0)), **options)


def test_origins_that_cannot_be_are_refused():
    with pytest.raises(DataError, match=r"^origins: no point: p1$"):
        isochrones(STREET, places((0, 0), box(0, 0, 1, 1)), within_min=5)
    with pytest.raises(DataError, match=r"^origins: ids stand more than once: p$"):
        isochrones(STREET, places((0, 0), (1, 1), ids=["p", "p"]), within_min=5)
    with pytest.raises(CRSError, match=r"^origins .* and edges .* are not in one CRS$"):
        isochrones(STREET, places((0, 0)).to_crs(4326), within_min=5)


# --------------------------------------------------------------- properties
@settings(max_examples=15, deadline=None)
@given(webs(tagged=True), st.floats(0.2, 6))
def test_ground_holds_every_node_that_is_reached(web, limit):
    edges, points = web
    network = StreetNetwork.from_edges(edges)
    found = isochrones(network, points, within_min=limit, beside_m=0.5).set_index("origin")
    for origin, minutes in network.spread(points, within_min=limit):
        reached = network.nodes.geometry[minutes.index]
        assert reached.distance(found.geometry[origin]).max() < 1e-6 or reached.empty


@settings(max_examples=15, deadline=None)
@given(webs(tagged=True), st.floats(0.2, 5), st.floats(0.1, 4))
def test_ground_grows_with_the_minutes(web, limit, more):
    edges, points = web
    network = StreetNetwork.from_edges(edges)
    found = isochrones(network, points, within_min=[limit, limit + more])
    large, small = found.iloc[::2], found.iloc[1::2]
    assert (small["street_m"].to_numpy() <= large["street_m"].to_numpy() + 1e-6).all()
    # GEOS may simplify a line by 1 % of the distance before it widens it, and draws arcs of a
    # quarter circle in 16 straight parts
    rim = 0.01 * 25 + 25 * (1 - np.cos(np.pi / 64))
    left = small.geometry.array.difference(large.geometry.buffer(rim).array)
    assert shapely.is_empty(left).all()


@settings(max_examples=15, deadline=None)
@given(webs(), st.floats(0.2, 6))
def test_the_length_reached_is_that_of_places_along_the_streets(web, limit):
    # A twin that parts streets in pieces of two metres at most and walks to the middle of each
    edges, points = web
    edges["length_m"] = edges.length
    network = StreetNetwork.from_edges(edges)
    main = network.edges[network.edges["component"] == 0]
    number = np.ceil(main.length / 2).astype(int)
    parts = [
        (line.interpolate((part + 0.5) / parts, normalized=True), line.length / parts)
        for line, parts in zip(main.geometry, number, strict=True)
        for part in range(parts)
    ]
    middles = places(*(middle for middle, _ in parts))
    length = pd.Series([metres for _, metres in parts], index=middles.index)
    reached = network.costs(points.iloc[:2], middles, within_min=limit)
    slow = reached["to_id"].map(length).groupby(reached["from_id"]).sum()
    found = isochrones(network, points.iloc[:2], within_min=limit).set_index("origin")["street_m"]
    slack = 2 * len(main)  # a piece is reached in part on either side of an edge
    assert (abs(found - slow.reindex(found.index, fill_value=0)) <= slack).all()


def test_a_street_of_no_length_between_two_storeys_is_passed():
    network = StreetNetwork.from_edges(
        table(("a", "l", [(-80, 0), (0, 0)]), ("l", "b", [(0, 0), (160, 0)])), lifts=["l"]
    )
    found = one(network, (-80, 0), 3)
    assert found["street_m"] == pytest.approx(80 + 80)
    assert found["geometry"].covers(Point(80, 0))
    assert isinstance(network.edges.geometry.iloc[-1], LineString)
