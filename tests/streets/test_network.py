"""Walking along streets: small networks by hand, a slow twin in networkx, and Monaco."""

import itertools
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box
from small_streets import CRS, PACE, places, table

from geoequity import schema
from geoequity.errors import CRSError, DataError, SourceError
from geoequity.streets import StreetNetwork, Walker, straight_line_min

MONACO = Path(__file__).parents[1] / "data" / "monaco_2023.osm.pbf"


# A square of streets of 800 m, corners a, b, c, d, and a street out of it from c to e.
SQUARE = table(
    ("a", "b", [(0, 0), (800, 0)]),
    ("b", "c", [(800, 0), (800, 800)]),
    ("c", "d", [(800, 800), (0, 800)]),
    ("d", "a", [(0, 800), (0, 0)]),
    ("c", "e", [(800, 800), (1600, 800)]),
)


SQUARE_AT = {"c": (800, 800), "e": (1600, 800)}


@pytest.fixture
def square():
    return StreetNetwork.from_edges(SQUARE)


# -------------------------------------------------------------------- build
def test_a_network_knows_its_nodes_and_edges(square):
    assert square.nodes.index.tolist() == ["a", "b", "c", "d", "e"]
    assert square.nodes.geometry["c"] == Point(800, 800)
    assert square.nodes.crs == square.edges.crs == CRS
    pd.testing.assert_frame_equal(square.edges[SQUARE.columns], SQUARE)
    assert (square.edges["minutes_there"] == SQUARE["length_m"] / PACE).all()
    assert (square.edges["minutes_back"] == SQUARE["length_m"] / PACE).all()
    assert "component" not in SQUARE.columns


def test_what_is_not_walkable_is_left_out():
    edges = SQUARE.assign(walkable=[True, True, True, True, False])
    network = StreetNetwork.from_edges(edges)
    assert len(network.edges) == 4
    assert "e" not in network.nodes.index
    with pytest.raises(DataError, match="edges: none is walkable"):
        StreetNetwork.from_edges(SQUARE.assign(walkable=False))
    with pytest.raises(DataError, match="edges: none is walkable"):
        StreetNetwork.from_edges(SQUARE.iloc[:0])


def test_components_are_numbered_by_length():
    edges = table(
        ("x", "y", [(5000, 0), (5100, 0)]),
        ("a", "b", [(0, 0), (300, 0)]),
        ("v", "w", [(9000, 0), (9200, 0)]),
        ("b", "c", [(300, 0), (700, 0)]),
    )
    network = StreetNetwork.from_edges(edges)
    expected = {"x": 2, "y": 2, "a": 0, "b": 0, "v": 1, "w": 1, "c": 0}
    assert network.components.to_dict() == expected
    assert network.edges["component"].tolist() == [2, 0, 1, 0]
    assert network.islands() == {
        "components": 3, "outside_m": 300.0, "outside_share": 300 / 1000,
    }  # fmt: skip


def test_a_whole_network_has_nothing_outside(square):
    assert square.islands() == {"components": 1, "outside_m": 0.0, "outside_share": 0.0}


def test_intersections_are_where_three_ends_meet():
    edges = table(
        ("a", "b", [(0, 0), (100, 0)]),
        ("a", "b", [(0, 0), (50, 50), (100, 0)]),  # in parallel
        ("b", "c", [(100, 0), (200, 0)]),
        ("c", "c", [(200, 0), (250, 50), (250, -50), (200, 0)]),  # a loop
        ("a", "d", [(0, 0), (-100, 0)]),
        ("d", "e", [(-100, 0), (-200, 0)]),  # d is a bend
    )
    found = StreetNetwork.from_edges(edges).intersections()
    assert found.index.tolist() == ["a", "b", "c"]
    assert found["c"] == Point(200, 0)


def test_streets_without_footing_make_no_intersection(square):
    assert square.intersections().index.tolist() == ["c"]
    edges = SQUARE.assign(walkable=[True, True, True, True, False])
    assert StreetNetwork.from_edges(edges).intersections().empty


def test_networkx_gets_every_edge(square):
    graph = square.to_networkx()
    assert isinstance(graph, nx.MultiDiGraph)
    assert graph.number_of_nodes() == 5
    for start, end in (("c", "e"), ("e", "c")):
        edge = graph.edges[start, end, "e4"]
        assert (edge["length_m"], edge["minutes"]) == (800.0, 800 / PACE)
        assert edge["geometry"].coords[0] == SQUARE_AT[start]
    assert graph.nodes["d"] == {"x": 0.0, "y": 800.0}
    assert nx.shortest_path_length(graph, "a", "e", weight="minutes") == pytest.approx(30)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"length_m": [0.0, 1, -1, np.nan, 5]}, "length_m is negative or unknown: e2, e3"),
        ({"length_m": [1, 1, 1, np.inf, 1]}, "length_m is negative or unknown: e3"),
        ({"from_node": ["a", None, "c", "d", "c"]}, "a node is missing: e1"),
        ({"geometry": [*SQUARE.geometry[:4], Point(0, 0)]}, "the geometry is no line: e4"),
        ({"geometry": [None, *SQUARE.geometry[1:]]}, "the geometry is no line: e0"),
        ({"geometry": [LineString(), *SQUARE.geometry[1:]]}, "the geometry is no line: e0"),
        ({"walkable": [True, None, True, False, True]}, "walkable is neither true nor false: e1"),
        (
            {"geometry": [*SQUARE.geometry[:4], LineString([(1600, 800), (800, 800)])]},
            "the line does not run from from_node to to_node: e4",
        ),
    ],
)
def test_edges_that_cannot_be_are_refused(change, message):
    with pytest.raises(DataError, match=f"^edges: {message}$"):
        StreetNetwork.from_edges(SQUARE.assign(**change).set_crs(CRS))


def test_all_faults_of_edges_are_told_at_once():
    edges = SQUARE.assign(length_m=[-1.0, 1, 1, 1, 1], to_node=["b", "c", "d", "a", None])
    with pytest.raises(
        DataError, match=r"a node is missing: e4; length_m is negative or unknown: e0"
    ) as told:
        StreetNetwork.from_edges(edges)
    assert told.value.ids == ("e0", "e4")


def test_edges_need_their_columns_unique_ids_metres_and_a_speed():
    with pytest.raises(DataError, match="edges: no column length_m"):
        StreetNetwork.from_edges(SQUARE.drop(columns="length_m"))
    with pytest.raises(DataError, match="edges: ids stand more than once: e1"):
        StreetNetwork.from_edges(SQUARE.set_axis(["e0", "e1", "e1", "e3", "e4"]))
    with pytest.raises(CRSError, match="edges: coordinates are in degrees"):
        StreetNetwork.from_edges(SQUARE.set_crs("EPSG:4326", allow_override=True))
    for speed in (0, -1, np.nan, np.inf):
        with pytest.raises(DataError, match="speed_kmh: must be above 0"):
            Walker(name="nobody", speed_kmh=speed)


# --------------------------------------------------------------------- snap
def test_a_point_meets_the_nearest_spot_of_the_nearest_edge(square):
    snapped = square.snap(places((300, -40), (770, 100)))
    expected = pd.DataFrame(
        {
            "edge": [0, 1],
            "offset_m": [300.0, 100.0],
            "rest_m": [500.0, 700.0],
            "snap_m": [40.0, 30.0],
            "component": [0, 0],
            "is_far": [False, False],
            "is_moved": [False, False],
        },
        index=pd.Index(["p0", "p1"], dtype=object),
    )
    pd.testing.assert_frame_equal(snapped, expected)


def test_offsets_are_in_the_length_of_the_edge_not_of_the_line():
    edges = table(("a", "b", [(0, 0), (100, 0)])).assign(length_m=250.0)  # a hill
    network = StreetNetwork.from_edges(edges)
    assert network.snap(places((40, 10)))["offset_m"].item() == pytest.approx(0.4 * 250)


def test_at_a_corner_the_first_edge_is_taken(square):
    snapped = square.snap(places((800, 800), (850, 850)))
    assert snapped["edge"].tolist() == [1, 4]
    backward = StreetNetwork.from_edges(SQUARE.iloc[::-1]).snap(places((800, 800)))
    assert backward["edge"].tolist() == [0]
    assert backward["snap_m"].item() == 0


def test_points_farther_than_the_limit_do_not_meet_the_network(square):
    snapped = square.snap(places((400, -51), (400, -49)), max_m=50)
    assert snapped["edge"].tolist() == [-1, 0]
    assert snapped["component"].tolist() == [-1, 0]
    assert snapped[["offset_m", "snap_m"]].isna().all(axis=1).tolist() == [True, False]


def test_islands_are_passed_over_unless_asked_for():
    edges = table(("a", "b", [(0, 0), (800, 0)]), ("x", "y", [(0, 100), (100, 100)]))
    network = StreetNetwork.from_edges(edges)
    point = places((50, 90))
    assert network.snap(point).loc["p0", ["edge", "component"]].tolist() == [0, 0]
    assert network.snap(point, largest_only=False).loc["p0", ["edge", "component"]].tolist() == [
        1,
        1,
    ]


def test_only_points_in_the_same_crs_are_snapped(square):
    with pytest.raises(DataError, match="points: no point: p1, p2, p3"):
        square.snap(places((0, 0), box(0, 0, 1, 1), None, Point()))
    with pytest.raises(CRSError, match=r"points .* and edges .* are not in one CRS"):
        square.snap(places((0, 0)).to_crs("EPSG:4326"))
    with pytest.raises(DataError, match="must be above 0, is 0"):
        square.snap(places((0, 0)), max_m=0)
    assert square.snap(places()).empty


# ------------------------------------------------------------------ nearest
def test_the_walk_is_to_the_street_along_it_and_from_it(square):
    minutes = square.nearest_min(
        {"school": places((1200, 820)), "library": places((790, 300))}, origins=places((300, -40))
    )
    # 40 m to the street at 300; to b 500, to c 800, along c-e 400; 20 m from the street
    assert minutes.loc["p0", "school"] == pytest.approx((40 + 500 + 800 + 400 + 20) / PACE)
    assert minutes.loc["p0", "library"] == pytest.approx((40 + 500 + 300 + 10) / PACE)
    assert minutes.attrs == {}


def test_the_shorter_way_round_is_taken(square):
    minutes = square.nearest_min({"school": places((800, 700))}, origins=places((0, 700)))
    assert minutes.loc["p0", "school"] == pytest.approx((100 + 800 + 100) / PACE)


def test_places_on_one_edge_are_joined_straight_along_it(square):
    minutes = square.nearest_min({"school": places((500, 5))}, origins=places((300, 0), (650, -10)))
    assert minutes["school"].tolist() == pytest.approx([205 / PACE, 165 / PACE])


def test_the_way_round_may_be_shorter_than_along_the_edge():
    # a long arc and a short straight between the same two nodes
    arc = [(0, 0), (0, 500), (1000, 500), (1000, 0)]
    network = StreetNetwork.from_edges(table(("a", "b", arc), ("a", "b", [(0, 0), (1000, 0)])))
    minutes = network.nearest_min({"school": places((1000, 100))}, origins=places((0, 100)))
    assert minutes.loc["p0", "school"] == pytest.approx((100 + 1000 + 100) / PACE)


def test_of_parallel_edges_the_shortest_is_walked_and_all_are_met():
    rows = [("a", "b", [(0, 0), (50, 400), (100, 0)]), ("b", "a", [(100, 0), (0, 0)])]
    network = StreetNetwork.from_edges(table(*rows, ("b", "c", [(100, 0), (200, 0)])))
    place = Point(50, 400)
    assert network.snap(places(place))["edge"].item() == 0
    minutes = network.nearest_min(
        {"top": places(place), "end": places((200, 0))}, origins=places((0, 0))
    )
    assert minutes.loc["p0", "end"] == pytest.approx(200 / PACE)
    assert minutes.loc["p0", "top"] == pytest.approx(np.hypot(50, 400) / PACE)


def test_a_loop_is_walked_either_way():
    ring = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
    network = StreetNetwork.from_edges(table(("a", "a", ring), ("a", "b", [(0, 0), (-100, 0)])))
    minutes = network.nearest_min({"school": places((0, 90))}, origins=places((-100, 0), (90, 0)))
    # on from a it is 90 m against 310; from 90 m along, back over a: 90 + 90 against 220
    assert minutes["school"].tolist() == pytest.approx([190 / PACE, 180 / PACE])


def test_no_service_and_no_way_are_unknown_not_far(square):
    edges = pd.concat([SQUARE, table(("x", "y", [(9000, 0), (9100, 0)])).set_axis(["e9"])])
    network = StreetNetwork.from_edges(edges)
    minutes = network.nearest_min(
        {"none": places(), "island": places((9050, 0))}, origins=places((0, 0)), largest_only=False
    )
    assert minutes.isna().all(axis=None)
    assert minutes.columns.tolist() == ["none", "island"]
    assert minutes.dtypes.tolist() == [float, float]
    assert square.nearest_min({}, origins=places((0, 0))).shape == (1, 0)
    assert square.nearest_min({"school": places((0, 0))}, origins=places()).shape == (0, 1)


def test_origins_off_the_network_are_unknown(square):
    origins = places((0, 0), (400, -500))
    minutes = square.nearest_min({"school": places((800, 0))}, origins=origins, max_snap_m=100)
    assert minutes["school"].tolist() == pytest.approx([10, np.nan], nan_ok=True)
    counts = square.count_within(
        {"school": places((800, 0))}, origins=origins, within_min=60, max_snap_m=100
    )
    assert counts["school"].tolist() == pytest.approx([1, np.nan], nan_ok=True)
    costs = square.costs(origins, places((800, 0)), within_min=60, max_snap_m=100)
    assert costs["from_id"].tolist() == ["p0"]


def test_services_off_the_network_are_not_reached(square):
    minutes = square.nearest_min(
        {"school": places((0, -500), (800, 0))}, origins=places((0, 0)), max_snap_m=100
    )
    assert minutes["school"].item() == pytest.approx(10)


def test_beyond_the_limit_is_unknown_and_just_the_limit_is_within(square):
    by = {"school": places((800, 800))}
    origins = places((0, 0), (0, 1))
    assert square.nearest_min(by, origins=origins)["school"].tolist() == pytest.approx(
        [20, 1599 / PACE]
    )
    within = square.nearest_min(by, origins=origins, within_min=1599 / PACE)
    assert within["school"].tolist() == pytest.approx([np.nan, 1599 / PACE], nan_ok=True)
    assert within.attrs == {"limit_min": 1599 / PACE}
    assert (within["school"].dropna() <= 1599 / PACE).all()


def test_speed_scales_every_walk(square):
    by, origins = {"school": places((800, 810))}, places((5, -7))
    slow = StreetNetwork.from_edges(SQUARE, walker=Walker(name="w", speed_kmh=2.4)).nearest_min(
        by, origins=origins
    )
    pd.testing.assert_frame_equal(slow, 2 * square.nearest_min(by, origins=origins))


def test_origins_must_be_points_with_ids_of_their_own(square):
    by = {"school": places((0, 0))}
    with pytest.raises(DataError, match="origins: ids stand more than once: a"):
        square.nearest_min(by, origins=places((0, 0), (1, 1), ids=["a", "a"]))
    with pytest.raises(DataError, match="origins: no point: p0"):
        square.nearest_min(by, origins=places(box(0, 0, 1, 1)))
    with pytest.raises(CRSError, match=r"origins .* and edges"):
        square.nearest_min(by, origins=places((0, 0)).to_crs(4326))
    with pytest.raises(CRSError, match=r"services: school .* and edges"):
        square.nearest_min({"school": by["school"].to_crs(4326)}, origins=places((0, 0)))
    with pytest.raises(
        DataError, match="services: school: no geometry: p1; services: bank: no geometry: p0"
    ):
        square.nearest_min(
            {"school": places((0, 0), None), "bank": places(Point())}, origins=places((0, 0))
        )
    for limit in (0, -5, np.nan):
        with pytest.raises(DataError, match="within_min: must be above 0"):
            square.nearest_min(by, origins=places((0, 0)), within_min=limit)


# -------------------------------------------------------------------- areas
def test_a_park_is_reached_where_a_street_comes_close(square):
    park = box(300, 10, 500, 200)  # along a-b, 10 m off it
    minutes = square.nearest_min(
        {"park": places(park)}, origins=places((0, 0), (400, -30), (800, 0))
    )
    # within 20 m of it from 300 - sqrt(20 * 20 - 10 * 10) on; the street is 10 m away
    near = 300 - np.sqrt(20**2 - 10**2)
    expected = [(near + 10) / PACE, (30 + 10) / PACE, (near + 10) / PACE]
    assert minutes["park"].tolist() == pytest.approx(expected, abs=0.2 / PACE)


def test_a_street_through_a_park_is_in_it(square):
    park = box(-100, -100, 900, 100)  # all of a-b and the feet of two more streets
    minutes = square.nearest_min({"park": places(park)}, origins=places((0, 700), (810, 50)))
    assert minutes["park"].tolist() == pytest.approx([(700 - 120) / PACE, 0], abs=0.2 / PACE)


def test_a_park_far_from_streets_is_reached_from_the_nearest(square):
    park = box(300, -200, 500, -100)
    minutes = square.nearest_min({"park": places(park)}, origins=places((0, 0), (400, 0), (0, 800)))
    # the nearest street is 100 m away; near enough is what is within 120 m
    side = 300 - np.sqrt(120**2 - 100**2)
    expected = [(side + 100) / PACE, 100 / PACE, (800 + side + 100) / PACE]
    assert minutes["park"].tolist() == pytest.approx(expected, abs=0.5 / PACE)
    limited = square.nearest_min({"park": places(park)}, origins=places((0, 0)), max_snap_m=50)
    assert limited["park"].isna().all()


def test_who_is_in_the_park_is_there(square):
    park = box(300, 100, 500, 400)
    origins = places((400, 300), (400, 30))
    minutes = square.nearest_min({"park": places(park)}, origins=origins)
    # from 30 m off the street back to it, and from there the 100 m to the park
    assert minutes["park"].tolist() == pytest.approx([0, (30 + 100) / PACE])
    assert square.count_within({"park": places(park)}, origins=origins, within_min=1)[
        "park"
    ].tolist() == [1, 0]
    costs = square.costs(origins, places(park, ids=["park"]), within_min=1)
    assert costs.to_dict("list") == {"from_id": ["p0"], "to_id": ["park"], "minutes": [0.0]}


def test_a_park_over_the_seam_of_a_loop_is_reached_from_both_sides():
    ring = [(0, 0), (400, 0), (400, 400), (0, 400), (0, 0)]
    network = StreetNetwork.from_edges(table(("a", "a", ring), ("a", "b", [(0, 0), (-400, 0)])))
    park = Polygon([(-50, -50), (50, -50), (50, 50), (-50, 50)])
    origins = places((200, 0), (0, 200))
    minutes = network.nearest_min({"park": places(park)}, origins=origins)
    assert minutes["park"].tolist() == pytest.approx([130 / PACE, 130 / PACE], abs=0.2 / PACE)


def test_a_line_may_be_a_service(square):
    promenade = LineString([(100, 15), (200, 15)])
    minutes = square.nearest_min({"promenade": places(promenade)}, origins=places((150, 0)))
    assert minutes["promenade"].item() == pytest.approx(15 / PACE)


# --------------------------------------------------------- counts and costs
def test_counts_are_of_what_is_within_the_walk(square):
    by = {"stop": places((100, 0), (400, 0), (800, 100), (1600, 800)), "none": places()}
    counts = square.count_within(by, origins=places((0, 0), (0, 700)), within_min=10)
    expected = pd.DataFrame(
        {"stop": [2.0, 1.0], "none": [0.0, 0.0]}, index=pd.Index(["p0", "p1"], dtype=object)
    )
    expected.attrs["limit_min"] = 10.0
    pd.testing.assert_frame_equal(counts, expected)
    assert counts.attrs == {"limit_min": 10.0}


def test_costs_are_a_table_of_pairs_in_order(square):
    origins = places((0, 0), (400, 0), ids=["home", "work"])
    goals = places((800, 0), (100, 0), (1600, 800), ids=["x", "y", "z"])
    costs = square.costs(origins, goals, within_min=10)
    assert costs.to_dict("list") == {
        "from_id": ["home", "home", "work", "work"],
        "to_id": ["x", "y", "x", "y"],
        "minutes": pytest.approx([10, 100 / PACE, 5, 300 / PACE]),
    }
    assert costs.attrs == {"limit_min": 10.0}
    schema.check_costs(costs)


def test_costs_keep_the_kind_of_the_ids_and_may_be_none(square):
    goals = places((1600, 800))
    goals.index = [7]
    costs = square.costs(places((0, 0)), goals, within_min=1)
    assert costs.empty
    assert list(costs.columns) == ["from_id", "to_id", "minutes"]
    assert costs["to_id"].dtype == goals.index.dtype
    assert square.costs(places(), goals, within_min=1).empty
    assert square.costs(places((0, 0)), places(), within_min=1).empty
    with pytest.raises(DataError, match="destinations: ids stand more than once"):
        square.costs(places((0, 0)), places((0, 0), (1, 1), ids=["a", "a"]), within_min=1)


def test_pairs_are_the_same_from_either_side(square):
    few, many = places((0, 30), (799, 500)), places(*((x, 810) for x in range(0, 1600, 200)))
    there = square.costs(few, many, within_min=60)
    back = square.costs(many, few, within_min=60)
    merged = there.merge(back, left_on=["from_id", "to_id"], right_on=["to_id", "from_id"])
    assert len(merged) == len(there) == len(back) == 16
    assert merged["minutes_x"].to_numpy() == pytest.approx(merged["minutes_y"].to_numpy())


@pytest.mark.parametrize(("starts", "ends"), [(40, 7), (7, 40)])
def test_pairs_are_in_order_whichever_side_is_searched_from(square, starts, ends):
    spots = [(x, y) for x in range(0, 800, 100) for y in (0, 800)] * 3
    mix = np.random.default_rng(starts).permutation(len(spots))
    origins = places(*(spots[at] for at in mix[:starts]))
    goals = places(*(spots[at] for at in mix[-ends:]))
    found = square.pairs(origins, goals, within_min=1e3)
    every = np.indices((starts, ends)).reshape(2, -1)
    assert (np.array([found.origin, found.goal]) == every).all()
    same = origins.to_numpy()[found.origin] == goals.to_numpy()[found.goal]
    assert same.any()  # a walk of no length is one, too
    assert (found.minutes[same] == 0).all()
    assert (found.minutes[~same] > 0).all()


def test_many_groups_are_walked_in_turn(square, monkeypatch):
    by = {f"c{x}": places((x, 0), box(x, 10, x + 5, 15)) for x in range(0, 800, 50)}
    origins = places(*((x, 790) for x in range(0, 1600, 100)))
    at_once = (
        square.nearest_min(by, origins=origins),
        square.count_within(by, origins=origins, within_min=15),
        square.costs(origins, by["c100"], within_min=15),
    )
    monkeypatch.setattr("geoequity.streets._walks._BATCH", 3)
    monkeypatch.setattr("geoequity.streets._walks._PAIRS", 1)
    in_turn = (
        square.nearest_min(by, origins=origins),
        square.count_within(by, origins=origins, within_min=15),
        square.costs(origins, by["c100"], within_min=15),
    )
    for one, other in zip(at_once, in_turn, strict=True):
        pd.testing.assert_frame_equal(one, other)


# ------------------------------------------------------------ the slow twin
def slow_minutes(edges, origins, services, *, pace=PACE):
    """Walk every pair in networkx, on a graph with a node where each place meets its edge."""
    spots = {}
    keyed = [("o", i, p) for i, p in origins.items()] + [("s", i, p) for i, p in services.items()]
    for side, name, place in keyed:
        key = (side, name)
        gaps = [line.distance(place) for line in edges.geometry]
        edge = int(np.argmin(gaps))
        line = edges.geometry.iloc[edge]
        along = line.project(place) / line.length * edges["length_m"].iloc[edge]
        spots.setdefault(edge, []).append((along, key, gaps[edge]))
    graph = nx.Graph()

    def link(one, other, metres):
        if one != other and metres < graph.get_edge_data(one, other, {"m": np.inf})["m"]:
            graph.add_edge(one, other, m=metres)

    for position, row in enumerate(edges.itertuples()):
        stops = [(0.0, ("n", row.from_node))]
        for along, key, gap in sorted(spots.get(position, []), key=lambda spot: spot[0]):
            link(("on", *key), key, gap)
            stops.append((along, ("on", *key)))
        stops.append((row.length_m, ("n", row.to_node)))
        for (start, one), (end, other) in itertools.pairwise(stops):
            link(one, other, end - start)
    result = pd.DataFrame(np.nan, index=origins.index, columns=services.index)
    for i in origins.index:
        reached = nx.single_source_dijkstra_path_length(graph, ("o", i), weight="m")
        for j in services.index:
            result.loc[i, j] = reached.get(("s", j), np.nan) / pace
    return result


@st.composite
def cities(draw):
    """A grid with streets missing, bent, longer than drawn and doubled; and places about it."""
    size = draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    xy = {(i, j): (100 * i + rng.uniform(-20, 20), 100 * j + rng.uniform(-20, 20))
          for i in range(size) for j in range(size)}  # fmt: skip
    pairs = [((i, j), (i + di, j + dj)) for i, j in xy for di, dj in ((1, 0), (0, 1))
             if (i + di, j + dj) in xy]  # fmt: skip
    rows = []
    for one, other in pairs:
        for _ in range(rng.choice([0, 1, 2], p=[0.2, 0.7, 0.1])):
            bend = (np.array(xy[one]) + xy[other]) / 2 + rng.uniform(-25, 25, 2)
            rows.append((str(one), str(other), [xy[one], tuple(bend), xy[other]]))
    rows.append((str((0, 0)), "tail", [xy[0, 0], (-50, -50)]))
    x, y = xy[0, 0]
    rows.append((str((0, 0)), str((0, 0)), [(x, y), (x - 60, y), (x - 60, y + 30), (x, y)]))
    edges = table(*rows)
    edges["length_m"] *= rng.uniform(1, 1.5, len(edges))
    points = rng.uniform(-60, 100 * size, (draw(st.integers(2, 14)), 2))
    cut = draw(st.integers(1, len(points) - 1))
    return edges, places(*map(tuple, points[:cut])), places(*map(tuple, points[cut:]))


@settings(max_examples=30, deadline=None)
@given(cities(), st.floats(1, 10))
def test_every_walk_is_that_of_the_slow_twin(city, within_min):
    edges, origins, services = city
    network = StreetNetwork.from_edges(edges)
    slow = slow_minutes(edges, origins, services)
    costs = network.costs(origins, services, within_min=1e6, largest_only=False)
    fast = costs.pivot_table(index="from_id", columns="to_id", values="minutes")
    fast = fast.reindex(index=slow.index, columns=slow.columns)
    np.testing.assert_allclose(fast.to_numpy(), slow.to_numpy(), rtol=1e-9, atol=1e-9)

    half = len(services) // 2
    by = {"one": services.iloc[:half], "two": services.iloc[half:]}
    expected = pd.DataFrame({name: slow[some.index].min(axis=1) for name, some in by.items()})
    nearest = network.nearest_min(by, origins=origins, largest_only=False)
    np.testing.assert_allclose(nearest.to_numpy(), expected.to_numpy(float), rtol=1e-9, atol=1e-9)

    near = (slow - within_min).abs().to_numpy()
    if not (near < 1e-6).any():
        limited = network.nearest_min(
            by, origins=origins, largest_only=False, within_min=within_min
        )
        masked = expected.where(expected <= within_min)
        np.testing.assert_allclose(limited.to_numpy(), masked.to_numpy(float), rtol=1e-9, atol=1e-9)
        counts = network.count_within(
            by, origins=origins, largest_only=False, within_min=within_min
        )
        number = pd.DataFrame({n: (slow[s.index] <= within_min).sum(axis=1) for n, s in by.items()})
        np.testing.assert_array_equal(counts.to_numpy(), number.to_numpy(float))


@settings(max_examples=15, deadline=None)
@given(cities(), st.integers(0, 2**32 - 1))
def test_areas_are_reached_as_a_walker_would_find_out(city, seed):
    # The twin stops every metre and looks whether the area is near enough.
    edges, origins, _ = city
    edges["length_m"] = edges.length
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 250, 2)
    area = Polygon([(x, y), (x + rng.uniform(5, 150), y + 10), (x + 20, y + rng.uniform(20, 150))])
    network = StreetNetwork.from_edges(edges)
    fast = network.nearest_min({"area": places(area)}, origins=origins, largest_only=False)["area"]
    gaps = edges.distance(area).to_numpy()
    steps = [(edge, line.interpolate(metre)) for edge, line in enumerate(edges.geometry)
             for metre in np.arange(0, line.length, 1.0)]  # fmt: skip
    reach = 20 if gaps.min() <= 20 else gaps.min() + 20
    close = [(edge, spot) for edge, spot in steps if spot.distance(area) <= reach]
    spots = places(*(spot for _, spot in close))
    at_spot = network.costs(origins, spots, within_min=1e6, largest_only=False)
    extra = pd.Series([gaps[edge] / PACE for edge, _ in close], index=spots.index)
    slow = (at_spot["minutes"] + at_spot["to_id"].map(extra)).groupby(at_spot["from_id"]).min()
    slow = slow.reindex(origins.index)
    slow[origins.intersects(area)] = 0.0
    np.testing.assert_allclose(fast.to_numpy(), slow.to_numpy(), atol=2.5 / PACE)


# --------------------------------------------------------------- properties
@settings(max_examples=15, deadline=None)
@given(cities())
def test_neither_order_nor_direction_nor_names_of_edges_matter(city):
    edges, origins, services = city
    by = {"one": services}
    expected = StreetNetwork.from_edges(edges).nearest_min(by, origins=origins)
    turned = edges.assign(
        from_node=edges["to_node"], to_node=edges["from_node"], geometry=edges.geometry.reverse()
    ).iloc[::-1]
    again = StreetNetwork.from_edges(turned).nearest_min(by, origins=origins.iloc[::-1])
    pd.testing.assert_frame_equal(again.iloc[::-1], expected)


@settings(max_examples=15, deadline=None)
@given(cities())
def test_another_service_never_lengthens_and_a_longer_limit_never_loses(city):
    edges, origins, services = city
    network = StreetNetwork.from_edges(edges)
    fewer = network.nearest_min({"s": services.iloc[:1]}, origins=origins)["s"]
    more = network.nearest_min({"s": services}, origins=origins)["s"]
    assert (more <= fewer + 1e-9).all()
    counts = [
        network.count_within({"s": services}, origins=origins, within_min=m) for m in (1, 3, 9)
    ]
    assert (counts[0] <= counts[1]).all(axis=None)
    assert (counts[1] <= counts[2]).all(axis=None)


def test_inputs_are_not_changed():
    edges, origins = SQUARE.copy(), places((0, 0), (400, 20))
    by = {"school": places((800, 0), box(300, 10, 500, 200))}
    kept = (edges.copy(), origins.copy(), by["school"].copy())
    network = StreetNetwork.from_edges(edges)
    network.nearest_min(by, origins=origins)
    network.count_within(by, origins=origins, within_min=5)
    network.costs(origins, by["school"], within_min=5)
    straight_line_min(by, origins=origins, detour_factor=1.3)
    pd.testing.assert_frame_equal(edges, kept[0])
    pd.testing.assert_series_equal(origins, kept[1])
    pd.testing.assert_series_equal(by["school"], kept[2])


# ------------------------------------------------------------ straight line
def test_the_straight_line_is_lengthened_by_the_detour():
    minutes = straight_line_min(
        {"school": places((300, 400), (9000, 0)), "park": places(box(100, -50, 200, 50)),
         "none": places()},
        origins=places((0, 0), (150, 0)),
        detour_factor=1.2,
    )  # fmt: skip
    assert minutes["school"].tolist() == pytest.approx(
        [1.2 * 500 / PACE, 1.2 * np.hypot(150, 400) / PACE]
    )
    assert minutes["park"].tolist() == pytest.approx([1.2 * 100 / PACE, 0])
    assert minutes["none"].isna().all()
    assert minutes.index.tolist() == ["p0", "p1"]


def test_the_straight_line_has_a_limit_and_a_speed():
    by, origins = {"school": places((500, 0))}, places((0, 0), (100, 0))
    minutes = straight_line_min(by, origins=origins, detour_factor=1, speed_kmh=3, within_min=8)
    assert minutes["school"].tolist() == pytest.approx([np.nan, 8], nan_ok=True)
    assert minutes.attrs == {"limit_min": 8.0}
    assert straight_line_min(by, origins=places(), detour_factor=1).shape == (0, 1)


def test_the_straight_line_refuses_what_cannot_be():
    by, origins = {"school": places((500, 0))}, places((0, 0))
    with pytest.raises(DataError, match=r"detour_factor: must be at least 1, is 0\.9"):
        straight_line_min(by, origins=origins, detour_factor=0.9)
    with pytest.raises(DataError, match="speed_kmh: must be above 0"):
        straight_line_min(by, origins=origins, detour_factor=1, speed_kmh=0)
    with pytest.raises(DataError, match="within_min: must be above 0"):
        straight_line_min(by, origins=origins, detour_factor=1, within_min=0)
    with pytest.raises(CRSError, match="origins: coordinates are in degrees"):
        straight_line_min(by, origins=origins.to_crs(4326), detour_factor=1)
    with pytest.raises(CRSError, match="services: school"):
        straight_line_min({"school": by["school"].to_crs(32619)}, origins=origins, detour_factor=1)
    with pytest.raises(DataError, match="origins: ids stand more than once"):
        straight_line_min(by, origins=places((0, 0), (1, 1), ids=["a", "a"]), detour_factor=1)


@settings(max_examples=15, deadline=None)
@given(cities())
def test_no_walk_beats_the_straight_line(city):
    edges, origins, services = city
    by = {"one": services}
    walk = StreetNetwork.from_edges(edges).nearest_min(by, origins=origins)
    assert (straight_line_min(by, origins=origins, detour_factor=1) <= walk + 1e-9).all(axis=None)


# ------------------------------------------------------------------- Monaco
@pytest.fixture(scope="module")
def monaco():
    return StreetNetwork.from_osm(MONACO)


def test_monaco_hangs_together(monaco):
    report = monaco.islands()
    assert report["outside_share"] < 0.05
    assert monaco.edges["walkable"].all()
    assert len(monaco.intersections()) > 1_000
    graph = monaco.to_networkx()
    assert nx.number_weakly_connected_components(graph) == report["components"]
    ends = pd.concat([monaco.edges["from_node"], monaco.edges["to_node"]]).value_counts()
    assert set(monaco.intersections().index) == set(ends.index[ends >= 3])
    assert set(monaco.dead_ends().index) == set(ends.index[ends == 1])


def test_walks_in_monaco_are_those_of_the_slow_twin(monaco):
    rng = np.random.default_rng(7)
    nodes = monaco.nodes[monaco.components == 0].geometry.sample(24, random_state=rng)
    points = gpd.GeoSeries(
        shapely.points(shapely.get_coordinates(nodes.array) + rng.normal(0, 30, (24, 2))),
        crs=monaco.edges.crs,
    )
    level = StreetNetwork.from_edges(monaco.edges[["from_node", "to_node", "length_m", "geometry"]])
    edges = level.edges[level.edges["component"] == 0]
    origins, services = points.iloc[:12], points.iloc[12:]
    slow = slow_minutes(edges, origins, services)
    costs = level.costs(origins, services, within_min=1e6)
    fast = costs.pivot_table(index="from_id", columns="to_id", values="minutes")
    np.testing.assert_allclose(fast.to_numpy(), slow.to_numpy(), rtol=1e-9)


def test_a_boundary_and_a_crs_may_be_given(monaco):
    west, south, east, north = monaco.edges.total_bounds
    half = gpd.GeoSeries([box(west, south, (west + east) / 2, north)], crs=monaco.edges.crs)
    part = StreetNetwork.from_osm(
        MONACO, boundary=half, crs="EPSG:3035", walker=Walker(name="slow", speed_kmh=3)
    )
    assert part.edges.crs == "EPSG:3035"
    assert part.walker.speed_kmh == 3
    streets = part.edges[part.edges["highway"] != "elevator"]  # lifts may stand at their far ends
    assert streets.to_crs(half.crs).intersects(half[0].buffer(0.01)).all()
    assert len(part.edges) < len(monaco.edges)
    with pytest.raises(SourceError, match="no such file"):
        StreetNetwork.from_osm("none.osm.pbf")
