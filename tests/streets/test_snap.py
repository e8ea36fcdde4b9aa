"""Where places meet the network: how far off, how far along, and what was passed over."""

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from shapely import box
from small_streets import CRS, PACE, places, table, walk_min, webs

from geoequity.errors import DataError
from geoequity.streets import FAR_M, WHEELCHAIR, StreetNetwork

# A street of 1000 m with a bend, a shorter one 300 m north of it, and steps beside that
TOWN = table(
    ("a", "b", [(0, 0), (600, 0), (600, -400)]),
    ("x", "y", [(0, 300), (400, 300)]),
    ("y", "z", [(400, 300), (400, 340)]),
    highway=["footway", "footway", "steps"],
)
NETWORK = StreetNetwork.from_edges(TOWN)


def test_both_offsets_are_along_the_street_round_its_bends():
    snapped = NETWORK.snap(places((150, -20), (610, -100), (-30, -40), (600, -500)))
    assert snapped["edge"].tolist() == [0, 0, 0, 0]
    assert snapped["offset_m"].tolist() == pytest.approx([150, 700, 0, 1000])
    assert snapped["rest_m"].tolist() == pytest.approx([850, 300, 1000, 0])
    assert snapped["snap_m"].tolist() == pytest.approx([20, 10, 50, 100])


def test_offsets_are_in_metres_of_the_edge_not_of_its_drawing():
    longer = StreetNetwork.from_edges(TOWN.assign(length_m=[2000.0, 400, 40]))
    snapped = longer.snap(places((150, -20)))
    assert snapped["offset_m"].item() == pytest.approx(300)
    assert snapped["rest_m"].item() == pytest.approx(1700)


def test_a_place_is_far_beyond_200_m_from_any_street():
    south = places((300, -200), (300, -200.01), (300, -5000))
    assert NETWORK.snap(south, max_m=250)["is_far"].tolist() == [False, True, True]
    snapped = NETWORK.snap(south)
    assert snapped["is_far"].tolist() == [False, True, True]
    assert snapped["edge"].tolist() == [0, 0, 0]
    assert FAR_M == 200


def test_a_nearer_street_on_an_island_is_passed_over_and_told():
    points = places((100, 280), (100, 140), (100, 160), (100, 20))
    snapped = NETWORK.snap(points)
    assert snapped["edge"].tolist() == [0, 0, 0, 0]
    assert snapped["is_moved"].tolist() == [True, False, True, False]
    assert snapped["is_far"].tolist() == [True, False, False, False]
    assert snapped["component"].tolist() == [0, 0, 0, 0]
    own = NETWORK.snap(points, largest_only=False)
    assert own["edge"].tolist() == [1, 0, 1, 0]
    assert own["component"].tolist() == [1, 0, 1, 0]
    assert not own["is_moved"].any()


def test_a_place_near_an_island_alone_does_not_meet_the_network_within_a_limit():
    snapped = NETWORK.snap(places((100, 280)), max_m=50).loc["p0"]
    assert (snapped["edge"], snapped["component"]) == (-1, -1)
    assert snapped[["offset_m", "rest_m", "snap_m"]].isna().all()
    assert snapped["is_far"]
    assert snapped["is_moved"]  # there is a street, but one gets nowhere from it
    nothing = NETWORK.snap(places((100, 5000)), max_m=50).loc["p0"]
    assert nothing["is_far"]
    assert not nothing["is_moved"]


def test_a_network_in_one_piece_moves_nobody():
    whole = StreetNetwork.from_edges(TOWN.iloc[:1])
    assert not whole.snap(places((100, 280), (5000, 0)))["is_moved"].any()


def test_steps_are_met_by_everybody_alike():
    point = places((405, 330))
    for network in (NETWORK, NETWORK.for_walker(WHEELCHAIR)):
        assert network.snap(point, largest_only=False)["edge"].item() == 2


def test_a_lift_has_no_length_to_stand_on():
    network = StreetNetwork.from_edges(
        table(("a", "l", [(0, 0), (100, 0)]), ("l", "b", [(100, 0), (100, 100)])), lifts=["l"]
    )
    snapped = network.snap(places((110, -10)))
    assert snapped["edge"].item() == 0
    assert snapped["offset_m"].item() == 100


def test_a_loop_is_met_where_it_is_and_at_its_seam_where_it_begins():
    ring = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
    network = StreetNetwork.from_edges(table(("a", "a", ring)))
    snapped = network.snap(places((-5, 30), (-5, -5)))
    assert snapped["offset_m"].tolist() == pytest.approx([370, 0])
    assert snapped["rest_m"].tolist() == pytest.approx([30, 400])


def test_the_answer_is_on_the_index_of_the_places_even_if_ids_repeat():
    twice = places((100, 10), (200, 10), ids=["p", "p"])
    assert NETWORK.snap(twice).index.tolist() == ["p", "p"]
    assert NETWORK.snap(twice.iloc[:0]).columns.tolist() == [
        "edge", "offset_m", "rest_m", "snap_m", "component", "is_far", "is_moved",
    ]  # fmt: skip
    for bad in (-1, 0, np.nan, np.inf):
        with pytest.raises(DataError, match=r"must be above 0"):
            NETWORK.snap(twice, max_m=bad)


def test_islands_are_reported_by_length():
    for network in (NETWORK, NETWORK.for_walker(WHEELCHAIR)):
        assert network.islands() == {
            "components": 2, "outside_m": 440.0, "outside_share": 440 / 1440,
        }  # fmt: skip


def test_an_area_about_the_seam_of_a_loop_is_met_on_both_sides_of_it():
    ring = [(0, 0), (400, 0), (400, 400), (0, 400), (0, 0)]
    network = StreetNetwork.from_edges(table(("a", "a", ring)))
    park = places(box(5, 5, 60, 60))
    # on the first side the park begins 80 m off the seam, on the last as well
    for start in ((100, 0), (0, 100)):
        minutes = network.nearest_min({"park": park}, origins=places(start))["park"].item()
        assert minutes == pytest.approx((100 - 80 + 5) / PACE, abs=0.01)
    for inside in ((50, 0), (0, 50), (0, 0)):
        minutes = network.nearest_min({"park": park}, origins=places(inside))["park"].item()
        assert minutes == pytest.approx(5 / PACE)


@settings(max_examples=12, deadline=None)
@given(webs())
def test_no_street_is_nearer_than_the_one_that_is_met(web):
    edges, points = web
    network = StreetNetwork.from_edges(edges)
    snapped = network.snap(points, largest_only=False)
    lines = network.edges.geometry.array
    gaps = np.array([lines.distance(point) for point in points])
    assert snapped["snap_m"].to_numpy() == pytest.approx(gaps.min(axis=1), abs=1e-9)
    met = lines[snapped["edge"]]
    share = (snapped["offset_m"] / (snapped["offset_m"] + snapped["rest_m"])).to_numpy()
    spots = shapely.line_interpolate_point(np.asarray(met), share, normalized=True)
    assert shapely.distance(spots, np.asarray(points)) == pytest.approx(gaps.min(axis=1), abs=1e-6)
    length = network.edges["length_m"].to_numpy()[snapped["edge"]]
    assert (snapped["offset_m"] + snapped["rest_m"]).to_numpy() == pytest.approx(length)
    main = network.snap(points)
    assert (main["is_moved"].to_numpy() == (snapped["snap_m"] < main["snap_m"])).all()
    assert (main["component"] == 0).all()


@settings(max_examples=8, deadline=None)
@given(webs())
def test_a_walk_is_the_way_to_the_street_and_along_it_to_an_end(web):
    edges, points = web
    network = StreetNetwork.from_edges(edges)
    snapped = network.snap(points, largest_only=False)
    for name, row in snapped.iterrows():
        edge = network.edges.iloc[row["edge"]]
        start = network.nodes.geometry[edge["from_node"]]
        along = walk_min(network, points[name], start)
        assert along <= (row["snap_m"] + row["offset_m"]) / PACE + 1e-9
        round_about = (row["snap_m"] + row["rest_m"]) / PACE
        end = network.nodes.geometry[edge["to_node"]]
        assert along <= round_about + walk_min(network, end, start) + 1e-9
    assert pd.api.types.is_integer_dtype(snapped["edge"])
    assert network.edges.crs == CRS
