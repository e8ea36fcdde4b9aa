"""Edges made ready to walk on: merged, joined by lifts, timed on slopes and for walkers."""

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from shapely import LineString
from small_streets import CRS, PACE, all_walks, places, table, walk_min, webs

from geoequity.errors import CRSError, DataError
from geoequity.streets import ADULT, CHILD, OLDER, WHEELCHAIR, StreetNetwork, Walker, slope_factor

MINUTES = ["minutes_there", "minutes_back"]

# A bent street of three pieces between two crossings, a and d; the second is drawn the other way
STREET = table(
    ("w", "a", [(-100, 0), (0, 0)]),
    ("a", "b", [(0, 0), (100, 0)]),
    ("c", "b", [(100, 50), (100, 0)]),
    ("c", "d", [(100, 50), (200, 50)]),
    ("a", "v", [(0, 0), (0, -100)]),
    ("d", "x", [(200, 50), (300, 50)]),
    ("d", "y", [(200, 50), (200, 150)]),
)


def minutes(network):
    """Minutes each way of every edge, by id."""
    return {edge: (there, back) for edge, there, back in network.edges[MINUTES].itertuples()}


# -------------------------------------------------------------------- merge
def test_edges_between_junctions_become_one():
    network = StreetNetwork.from_edges(STREET, merge=True)
    assert network.edges.index.tolist() == ["e0", "e1", "e4", "e5", "e6"]
    assert network.edges.index.name == "edge_id"
    street = network.edges.loc["e1"]
    assert (street["from_node"], street["to_node"]) == ("a", "d")
    assert street["length_m"] == 100 + 50 + 100
    assert list(street["geometry"].coords) == [(0, 0), (100, 0), (100, 50), (200, 50)]
    assert minutes(network)["e1"] == (250 / PACE, 250 / PACE)
    assert sorted(network.nodes.index) == ["a", "d", "v", "w", "x", "y"]
    rest = ["e0", "e4", "e5", "e6"]
    pd.testing.assert_frame_equal(network.edges.loc[rest, STREET.columns], STREET.loc[rest])


def test_the_merged_edge_stands_where_the_first_of_its_edges_stood():
    edges = STREET.loc[["e0", "e3", "e4", "e1", "e5", "e2", "e6"]]
    network = StreetNetwork.from_edges(edges, merge=True)
    assert network.edges.index.tolist() == ["e0", "e3", "e4", "e5", "e6"]
    assert network.edges.loc["e3", "length_m"] == 250


def test_a_whole_street_without_junctions_is_one_edge():
    network = StreetNetwork.from_edges(STREET.loc[["e3", "e1", "e2"]], merge=True)
    assert len(network.edges) == 1
    assert set(network.nodes.index) == {"a", "d"}


def test_nothing_to_merge_changes_nothing():
    edges = STREET.loc[["e0", "e1", "e4"]]
    merged = StreetNetwork.from_edges(edges, merge=True).edges
    pd.testing.assert_frame_equal(merged, StreetNetwork.from_edges(edges).edges)


def test_the_geometry_may_have_another_name():
    edges = STREET.rename_geometry("shape")
    network = StreetNetwork.from_edges(edges, merge=True)
    assert network.edges.geometry.name == "shape"
    assert network.edges.crs == CRS
    assert network.edges.length.tolist() == [100, 250, 100, 100, 100]


def test_tags_on_which_not_all_agree_are_missing():
    edges = STREET.assign(
        name=["n", "Calle 1", "Calle 1", "Calle 1", "n", "n", "n"],
        surface=["n", "paved", "gravel", "paved", "n", "n", "n"],
        lit=["n", "yes", None, "yes", "n", "n", "n"],
        none=["n", None, None, None, "n", "n", "n"],
        width_m=[1.0, 2.0, 2.5, 2.0, 1.0, 1.0, 1.0],
        lanes=[1, 2, 2, 2, 1, 1, 1],
        cycleway=[True, True, False, True, True, True, True],
        osmid=[1, [2, 3], [2, 3], [2, 3], 4, 5, 6],
    )
    network = StreetNetwork.from_edges(edges, merge=True)
    street = network.edges.loc["e1"]
    assert street["name"] == "Calle 1"
    assert street["lanes"] == 2
    assert street["osmid"] == [2, 3]
    assert street[["surface", "lit", "none", "width_m", "cycleway"]].isna().all()
    kept = network.edges.drop(index="e1")[["surface", "width_m", "cycleway"]]
    pd.testing.assert_frame_equal(kept, edges.loc[kept.index, kept.columns], check_dtype=False)
    assert network.edges["width_m"].dtype == float
    assert network.edges["lanes"].dtype == int


@pytest.mark.parametrize(
    "tags",
    [
        {"highway": "steps"},
        {"bridge": "yes"},
        {"tunnel": "yes"},
        {"oneway_foot": "yes"},
        {"highway": "elevator"},
        {"highway": "steps", "conveying": "yes"},
        {"length_m": 60.0},  # a metre of line is not as long as in the rest
        {"length_m": 0.0},
    ],
)
def test_what_is_not_alike_to_walk_on_stays_apart(tags):
    edges = STREET.copy()
    for column, value in tags.items():
        if column not in edges:
            edges[column] = None
        edges.loc["e2", column] = value
    network = StreetNetwork.from_edges(edges, merge=True)
    assert network.edges.index.tolist() == STREET.index.tolist()


def test_steps_are_merged_with_steps_and_keep_who_they_bar():
    edges = STREET.assign(highway=[None, "steps", "steps", "footway", None, None, None])
    network = StreetNetwork.from_edges(edges, merge=True)
    assert network.edges.loc["e1", ["to_node", "highway"]].tolist() == ["c", "steps"]
    assert network.edges.loc["e3", "highway"] == "footway"
    barred = network.for_walker(WHEELCHAIR).edges[MINUTES]
    assert np.isinf(barred.loc["e1"]).all()
    assert np.isfinite(barred.drop(index="e1")).all(axis=None)


def test_edges_with_minutes_of_their_own_stay_apart():
    edges = STREET.assign(minutes_there=1.0, minutes_back=[1.0, 1, 2, 1, 1, 1, np.inf])
    network = StreetNetwork.from_edges(edges, merge=True)
    pd.testing.assert_frame_equal(network.edges[edges.columns], edges)


def test_a_ring_that_nothing_meets_stays_as_it_is():
    ring = table(
        ("a", "b", [(0, 0), (100, 0)]),
        ("b", "c", [(100, 0), (50, 80)]),
        ("c", "a", [(50, 80), (0, 0)]),
    )
    network = StreetNetwork.from_edges(ring, merge=True)
    pd.testing.assert_frame_equal(network.edges[ring.columns], ring)
    twice = table(("a", "b", [(0, 0), (50, 20), (100, 0)]), ("a", "b", [(0, 0), (100, 0)]))
    assert len(StreetNetwork.from_edges(twice, merge=True).edges) == 2
    loop = table(("a", "a", [(0, 0), (100, 0), (50, 80), (0, 0)]))
    assert len(StreetNetwork.from_edges(loop, merge=True).edges) == 1


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 1, 0]])
def test_a_street_back_to_its_junction_becomes_a_loop_that_begins_there(order):
    edges = table(
        ("j", "a", [(0, 0), (100, 0)]),
        ("b", "a", [(100, 100), (100, 0)]),
        ("b", "j", [(100, 100), (0, 0)]),
        ("j", "stick", [(0, 0), (-50, 0)]),
    ).iloc[order]
    network = StreetNetwork.from_edges(edges, merge=True)
    assert len(network.edges) == 2
    loop = network.edges[network.edges["to_node"] == "j"].iloc[0]
    assert loop["from_node"] == "j"
    assert loop["length_m"] == pytest.approx(200 + np.hypot(100, 100))
    assert loop["geometry"].coords[0] == loop["geometry"].coords[-1] == (0, 0)
    assert network.intersections().index.tolist() == ["j"]
    # 10 m on and 20 m back over the junction, or round
    assert walk_min(network, (10, 0), (-20, 0)) == pytest.approx(30 / PACE)
    round_min = (10 + np.hypot(100, 100) + 20) / PACE
    assert walk_min(network, (100, 90), (-20, 0)) == pytest.approx(round_min)


def test_parallel_streets_stay_two():
    rows = [("a", "m", [(0, 0), (50, 0)]), ("m", "b", [(50, 0), (100, 0)])]
    rows += [("a", "n", [(0, 0), (50, 40)]), ("b", "n", [(100, 0), (50, 40)])]
    tails = [("a", "w", [(0, 0), (-90, 0)]), ("b", "x", [(100, 0), (190, 0)])]
    network = StreetNetwork.from_edges(table(*rows, *tails), merge=True)
    pairs = network.edges.loc[["e0", "e2"], ["from_node", "to_node"]].to_numpy().tolist()
    assert pairs == [["a", "b"], ["a", "b"]]
    assert network.edges.loc[["e0", "e2"], "length_m"].tolist() == [100, 2 * np.hypot(50, 40)]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]])
def test_a_ramp_that_ends_above_its_beginning_is_walked_the_right_way(order):
    ramp = table(
        ("low", "b", [(0, 0), (10, 0)]),
        ("b", "c", [(10, 0), (10, 10)]),
        ("high", "c", [(0, 0), (10, 10)]),  # the same spot, another storey
    ).iloc[order]
    network = StreetNetwork.from_edges(ramp, merge=True)
    edge = network.edges.iloc[0]
    assert len(network.edges) == 1
    assert edge["geometry"].project(places((10, 0))["p0"]) == pytest.approx(
        10 if edge["from_node"] == "low" else 10 + np.hypot(10, 10)
    )


def test_edges_that_do_not_quite_meet_are_not_merged():
    edges = table(("a", "b", [(0, 0), (99.5, 0)]), ("b", "c", [(100, 0), (200, 0)]))
    assert len(StreetNetwork.from_edges(edges, merge=True).edges) == 2


@settings(max_examples=20, deadline=None)
@given(webs(tagged=True))
def test_merging_changes_no_walk(web):
    edges, points = web
    for walker in (ADULT, WHEELCHAIR):
        apart = StreetNetwork.from_edges(edges, walker=walker)
        merged = StreetNetwork.from_edges(edges, walker=walker, merge=True)
        assert len(merged.edges) <= len(apart.edges)  # of unlike ones none may be left to merge
        np.testing.assert_allclose(
            all_walks(merged, points), all_walks(apart, points), rtol=1e-9, atol=1e-9
        )


@settings(max_examples=20, deadline=None)
@given(webs())
def test_merging_keeps_lengths_lines_and_junctions(web):
    edges, _ = web
    apart, merged = (StreetNetwork.from_edges(edges, merge=one) for one in (False, True))
    assert len(merged.edges) < len(apart.edges)
    assert merged.edges["length_m"].sum() == pytest.approx(apart.edges["length_m"].sum(), rel=1e-12)
    assert merged.edges.length.sum() == pytest.approx(apart.edges.length.sum(), rel=1e-12)
    spots = [
        set(map(tuple, shapely.get_coordinates(one.edges.geometry))) for one in (apart, merged)
    ]
    assert spots[0] == spots[1]
    for report in ("intersections", "dead_ends"):
        found, expected = getattr(merged, report)(), getattr(apart, report)()
        pd.testing.assert_series_equal(found.sort_index(), expected.sort_index())
    assert merged.islands() == pytest.approx(apart.islands())
    ends = merged.edges.geometry.map(lambda line: (line.coords[0], line.coords[-1]))
    spots = merged.nodes.geometry.map(lambda point: (point.x, point.y))
    assert [one for one, _ in ends] == [spots[node] for node in merged.edges["from_node"]]
    assert [one for _, one in ends] == [spots[node] for node in merged.edges["to_node"]]
    again = StreetNetwork.from_edges(merged.edges[edges.columns], merge=True)
    pd.testing.assert_frame_equal(again.edges, merged.edges)


# ------------------------------------------------------------------- checks
def test_minutes_are_given_both_ways_or_not_at_all():
    with pytest.raises(DataError, match=r"^edges: no column minutes_back; it has from_node"):
        StreetNetwork.from_edges(STREET.assign(minutes_there=1.0))
    bad = [1.0, -1, np.nan, np.inf, 1, 1, 1]
    with pytest.raises(DataError, match=r"^edges: minutes_there is negative or unknown: e1, e2$"):
        StreetNetwork.from_edges(STREET.assign(minutes_there=bad, minutes_back=1.0))


def test_what_is_walkable_is_told_by_true_and_false():
    with pytest.raises(DataError, match=r"^edges: walkable is neither true nor false: e0, e1"):
        StreetNetwork.from_edges(STREET.assign(walkable=["yes", "no", *[True] * 5]))
    network = StreetNetwork.from_edges(STREET.assign(walkable=[1, 1, 1, 1, 1, 1, 0]))
    assert "e6" not in network.edges.index


def test_lines_without_a_place_are_refused():
    lost = STREET.copy()
    with np.errstate(invalid="ignore"):
        lost.loc["e2", "geometry"] = LineString([(100, 50), (np.nan, 0), (100, 0)])
        lost.loc["e3", "geometry"] = LineString([(100, 50), (np.inf, 0), (200, 50)])
        with pytest.raises(DataError, match=r"^edges: the geometry is no line: e2, e3$"):
            StreetNetwork.from_edges(lost)


def test_lengths_may_come_as_text():
    texts = STREET["length_m"].astype(str)
    network = StreetNetwork.from_edges(STREET.assign(length_m=texts), merge=True)
    assert network.edges["length_m"].tolist() == [100, 250, 100, 100, 100]
    assert network.islands()["outside_m"] == 0
    with pytest.raises(DataError, match=r"^edges: length_m is negative or unknown: e0"):
        StreetNetwork.from_edges(STREET.assign(length_m="long"))


# -------------------------------------------------------------------- lifts
# A lift at l, between a street of 80 m in the west, one of 160 m in the east, one of 40 m north
BY_LIFT = table(
    ("a", "l", [(-80, 0), (0, 0)]),
    ("l", "b", [(0, 0), (160, 0)]),
    ("c", "l", [(0, 40), (0, 0)]),
)


@pytest.mark.parametrize("walker", [ADULT, WHEELCHAIR])
@pytest.mark.parametrize("merge", [False, True])
def test_to_cross_a_lift_takes_a_minute_by_any_of_its_doors(walker, merge):
    network = StreetNetwork.from_edges(BY_LIFT, lifts=["l"], walker=walker, merge=merge)
    pace = walker.m_per_min
    assert walk_min(network, (-80, 0), (160, 0)) == pytest.approx(240 / pace + 1)
    assert walk_min(network, (160, 0), (-80, 0)) == pytest.approx(240 / pace + 1)
    assert walk_min(network, (0, 40), (-80, 0)) == pytest.approx(120 / pace + 1)
    assert walk_min(network, (-80, 0), (-5, 3)) == pytest.approx((75 + 3) / pace)


def test_lifts_stay_a_minute_whoever_walks():
    network = StreetNetwork.from_edges(BY_LIFT, lifts=["l"]).for_walker(OLDER)
    assert walk_min(network, (-80, 0), (160, 0)) == pytest.approx(240 / OLDER.m_per_min + 1)


def test_edges_of_a_lift_have_ids_and_tags_of_their_own():
    network = StreetNetwork.from_edges(BY_LIFT.assign(walkable=True), lifts=["l"])
    doors = network.edges.iloc[3:]
    assert doors.index.tolist() == ["lift/l/e1/0", "lift/l/e0/1", "lift/l/e2/1"]
    assert doors["to_node"].tolist() == ["l"] * 3
    assert doors["highway"].tolist() == ["elevator"] * 3
    assert doors["length_m"].tolist() == [0.0] * 3
    assert network.edges["walkable"].tolist() == [True] * 6
    assert network.edges.index.name == "edge_id"
    assert network.nodes.index.size == 7
    assert network.edges["length_m"].sum() == BY_LIFT["length_m"].sum()
    renamed = StreetNetwork.from_edges(BY_LIFT.rename_geometry("shape"), lifts=["l"])
    assert renamed.edges.geometry.notna().all()


def test_nodes_may_be_numbers_and_lifts_that_are_not_there_are_none():
    edges = BY_LIFT.assign(from_node=[1, 2, 4], to_node=[2, 3, 2]).reset_index(drop=True)
    network = StreetNetwork.from_edges(edges, lifts=[2, 99])
    assert walk_min(network, (-80, 0), (160, 0)) == pytest.approx(240 / PACE + 1)
    plain = StreetNetwork.from_edges(edges, lifts=[99])
    pd.testing.assert_frame_equal(plain.edges, StreetNetwork.from_edges(edges).edges)


def test_lifts_between_edges_with_minutes_take_theirs_too():
    edges = BY_LIFT.assign(minutes_there=[3.0, 4.0, 5.0], minutes_back=[3.0, 4.0, np.inf])
    network = StreetNetwork.from_edges(edges, lifts=["l"])
    assert walk_min(network, (-80, 0), (160, 0)) == pytest.approx(3 + 1 + 4)
    assert walk_min(network, (0, 40), (-80, 0)) == pytest.approx(5 + 1 + 3)
    assert walk_min(network, (-80, 0), (0, 40)) == np.inf


def test_a_lift_that_is_drawn_as_a_way_takes_a_minute():
    edges = BY_LIFT.assign(highway=[None, "elevator", None])
    network = StreetNetwork.from_edges(edges)
    assert minutes(network)["e1"] == (1.0, 1.0)
    assert walk_min(network, (-80, 0), (160, 0)) == pytest.approx(80 / PACE + 1)


def test_lifts_have_no_slope():
    network = StreetNetwork.from_edges(BY_LIFT, lifts=["l"], height_at=lambda xy: 0 * xy[:, 0])
    assert walk_min(network, (-80, 0), (160, 0)) == pytest.approx(240 / PACE + 1)


# -------------------------------------------------- escalators and one-way
@pytest.mark.parametrize(
    ("conveying", "expected"),
    [
        ("forward", (2.0, np.inf)),
        ("backward", (np.inf, 2.0)),
        ("yes", (2.0, 2.0)),
        ("reversible", (2.0, 2.0)),
        ("no", (60 / PACE, 60 / PACE)),
        (None, (60 / PACE, 60 / PACE)),
    ],
)
def test_an_escalator_carries_at_half_a_metre_a_second(conveying, expected):
    edges = table(("a", "b", [(0, 0), (60, 0)]), highway="steps", conveying=conveying)
    assert minutes(StreetNetwork.from_edges(edges))["e0"] == pytest.approx(expected)
    tilted = StreetNetwork.from_edges(edges, height_at=lambda xy: xy[:, 0] / 2)
    if expected[0] != 60 / PACE:
        assert minutes(tilted)["e0"] == pytest.approx(expected)


def test_an_escalator_is_barred_against_its_way():
    edges = table(
        ("a", "b", [(0, 0), (60, 0)]),
        ("b", "c", [(60, 0), (160, 0)]),
        highway=["steps", "footway"],
        conveying=["forward", None],
    )
    network = StreetNetwork.from_edges(edges)
    assert walk_min(network, (0, 0), (160, 0)) == pytest.approx(2 + 100 / PACE)
    assert walk_min(network, (160, 0), (0, 0)) == np.inf
    assert walk_min(network, (30, 0), (160, 0)) == pytest.approx(1 + 100 / PACE)
    assert walk_min(network, (160, 0), (60, 0)) == pytest.approx(100 / PACE)


def test_only_steps_are_escalators():
    edges = table(("a", "b", [(0, 0), (60, 0)]), highway="footway", conveying="forward")
    assert minutes(StreetNetwork.from_edges(edges))["e0"] == (60 / PACE, 60 / PACE)


@pytest.mark.parametrize(
    ("oneway", "there", "back"),
    [("yes", 1.0, np.inf), ("-1", np.inf, 1.0), ("no", 1.0, 1.0), (None, 1.0, 1.0)],
)
def test_a_street_may_be_one_way_on_foot(oneway, there, back):
    edges = table(("a", "b", [(0, 0), (80, 0)]), oneway_foot=oneway)
    network = StreetNetwork.from_edges(edges)
    assert minutes(network)["e0"] == (there, back)
    assert walk_min(network, (0, 0), (80, 0)) == there
    assert walk_min(network, (80, 0), (0, 0)) == back


def test_one_way_rules_for_vehicles_do_not_bind():
    edges = table(("a", "b", [(0, 0), (80, 0)]), oneway="yes")
    assert minutes(StreetNetwork.from_edges(edges))["e0"] == (1.0, 1.0)


def test_given_minutes_stand_whatever_the_rest_says():
    edges = table(("a", "b", [(0, 0), (80, 0)]), highway="steps", oneway_foot="yes",
                  minutes_there=7, minutes_back=np.inf)  # fmt: skip
    network = StreetNetwork.from_edges(edges, walker=WHEELCHAIR, height_at=lambda xy: xy[:, 0])
    assert minutes(network)["e0"] == (7.0, np.inf)


# -------------------------------------------------------------------- slope
def tobler_kmh(slope):
    """Write the function as it stands in the report: 6 km/h on a descent of 5 %."""
    return 6 * np.exp(-3.5 * abs(slope + 0.05))


UP, DOWN = tobler_kmh(0) / tobler_kmh(0.1), tobler_kmh(0) / tobler_kmh(-0.1)


def test_tobler_slows_a_climb_and_speeds_a_gentle_descent():
    slopes = np.array([0.0, 0.1, -0.1, -0.05, 0.3])
    expected = [tobler_kmh(0) / tobler_kmh(slope) for slope in slopes]
    assert slope_factor(slopes) == pytest.approx(expected, rel=1e-12)
    assert slope_factor(slopes)[3] < 1


@pytest.mark.parametrize(
    ("line", "there", "back"),
    [
        ([(0, 0), (330, 0)], UP, DOWN),  # up the plane
        ([(330, 0), (0, 0)], DOWN, UP),
        ([(0, 0), (0, 330)], 1, 1),  # along it
        ([(0, 0), (10, 0)], UP, DOWN),  # shorter than heights are taken
    ],
)
def test_on_a_plane_of_10_percent_the_walk_is_as_by_hand(line, there, back):
    edges = table(("a", "b", line))
    network = StreetNetwork.from_edges(edges, height_at=lambda xy: 7 + xy[:, 0] / 10)
    level = edges["length_m"].item() / PACE
    assert minutes(network)["e0"] == pytest.approx((level * there, level * back), rel=1e-9)
    assert walk_min(network, line[1], line[0]) == pytest.approx(level * back, rel=1e-9)


def test_slopes_are_those_of_the_drawn_line_and_minutes_those_of_the_length():
    edges = table(("a", "b", [(0, 0), (100, 0)])).assign(length_m=120.0)
    network = StreetNetwork.from_edges(edges, height_at=lambda xy: xy[:, 0] / 10)
    assert minutes(network)["e0"] == pytest.approx((120 / PACE * UP, 120 / PACE * DOWN))


def test_over_a_hill_each_part_counts_though_the_ends_are_level():
    edges = table(("a", "b", [(0, 0), (400, 0)]))
    network = StreetNetwork.from_edges(edges, height_at=lambda xy: 20 - abs(xy[:, 0] - 200) / 10)
    both = (200 * UP + 200 * DOWN) / PACE
    assert minutes(network)["e0"] == pytest.approx((both, both), rel=1e-9)


@pytest.mark.parametrize("kind", ["bridge", "tunnel"])
def test_bridges_and_tunnels_run_straight_between_their_ends(kind):
    def valley(xy):
        return xy[:, 0] / 10 - 30 * np.sin(np.pi * xy[:, 0] / 400)

    edges = table(("a", "b", [(0, 0), (400, 0)])).assign(**{kind: "yes"})
    there, back = minutes(StreetNetwork.from_edges(edges, height_at=valley))["e0"]
    assert (there, back) == pytest.approx((400 / PACE * UP, 400 / PACE * DOWN), rel=1e-9)
    ground = StreetNetwork.from_edges(edges.assign(**{kind: "no"}), height_at=valley)
    assert minutes(ground)["e0"][0] > there


def test_where_the_height_is_unknown_the_way_is_level():
    edges = table(("a", "b", [(0, 0), (100, 0)]), ("b", "c", [(100, 0), (200, 0)]))
    network = StreetNetwork.from_edges(
        edges, height_at=lambda xy: np.where(xy[:, 0] <= 100, xy[:, 0] / 10, np.nan)
    )
    assert minutes(network)["e0"] == pytest.approx((100 / PACE * UP, 100 / PACE * DOWN))
    assert minutes(network)["e1"] == pytest.approx((100 / PACE, 100 / PACE))


def test_a_step_between_pixels_is_no_wall():
    edges = table(("a", "b", [(29, 0), (31, 0)]))
    network = StreetNetwork.from_edges(edges, height_at=lambda xy: np.where(xy[:, 0] < 30, 0, 15))
    steep = tobler_kmh(0) / tobler_kmh(1)
    assert minutes(network)["e0"][0] == pytest.approx(2 / PACE * steep)


def test_heights_are_asked_for_every_25_m_and_at_both_ends():
    asked = []

    def height_at(xy):
        asked.append(xy)
        return np.zeros(len(xy))

    edges = table(("a", "b", [(0, 0), (60, 0)]), ("b", "c", [(60, 0), (60, 25)]))
    StreetNetwork.from_edges(edges, height_at=height_at)
    np.testing.assert_allclose(
        np.concatenate(asked), [(0, 0), (20, 0), (40, 0), (60, 0), (60, 0), (60, 25)]
    )


# ------------------------------------------------------------------ walkers
TOWN = table(
    ("a", "b", [(0, 0), (100, 0)]),
    ("b", "c", [(100, 0), (200, 0)]),
    ("c", "d", [(200, 0), (300, 0)]),
    ("b", "e", [(100, 0), (100, 500)]),
    ("e", "c", [(100, 500), (200, 0)]),
    ("d", "f", [(300, 0), (500, 0)]),
    highway=["footway", "steps", "footway", "footway", "footway", "steps"],
    conveying=[None, None, None, None, None, "forward"],
)


def test_another_walker_takes_as_many_minutes_as_their_speed_asks_for():
    hill = {"height_at": lambda xy: xy[:, 0] / 10}
    network = StreetNetwork.from_edges(TOWN, **hill)
    slow = Walker(name="slow", speed_kmh=2.4)
    for walker in (slow, CHILD, WHEELCHAIR):
        turned = network.for_walker(walker)
        direct = StreetNetwork.from_edges(TOWN, walker=walker, **hill)
        pd.testing.assert_frame_equal(turned.edges, direct.edges, rtol=1e-12)
        pd.testing.assert_frame_equal(turned.nodes, direct.nodes)
        assert turned.walker == walker
    assert network.walker == ADULT
    there_and_back = network.for_walker(slow).for_walker(ADULT)
    pd.testing.assert_frame_equal(there_and_back.edges, network.edges, rtol=1e-12)


def test_who_takes_no_steps_goes_round_or_not_at_all():
    network = StreetNetwork.from_edges(TOWN)
    wheels = network.for_walker(WHEELCHAIR)
    pace = WHEELCHAIR.m_per_min
    way_round = (100 + 500 + np.hypot(100, 500) + 100) / pace
    assert walk_min(network, (0, 0), (300, 0)) == pytest.approx(300 / PACE)
    assert walk_min(wheels, (0, 0), (300, 0)) == pytest.approx(way_round)
    assert np.isinf(wheels.edges.loc["e5", ["minutes_there", "minutes_back"]].to_numpy(float)).all()


def test_streets_hang_together_whoever_walks():
    steps = TOWN.drop(index=["e3", "e4", "e5"])
    network = StreetNetwork.from_edges(steps)
    for wheels in (
        network.for_walker(WHEELCHAIR),
        StreetNetwork.from_edges(steps, walker=WHEELCHAIR),
    ):
        assert network.islands() == wheels.islands()
        pd.testing.assert_series_equal(network.components, wheels.components)
        found = wheels.nearest_min({"shop": places(TOWN.geometry["e0"].interpolate(0))})["shop"]
        assert found.notna().to_dict() == {"a": True, "b": True, "c": False, "d": False}
        again = wheels.for_walker(ADULT)  # once barred, steps stay so
        assert np.isinf(again.edges["minutes_there"]).equals(
            np.isinf(wheels.edges["minutes_there"])
        )


def test_nobody_gains_by_living_on_steps(tmp_path):
    # Half-way up the steps a road runs by, which only who flies could step on to
    steps = table(
        ("a", "b", [(0, 0), (0, 200)]),
        ("a", "c", [(0, 0), (-5, 0)]),
        ("c", "d", [(-5, 0), (-5, 200)]),
        highway=["steps", "residential", "residential"],
    )
    able = StreetNetwork.from_edges(steps, walker=Walker(name="able", speed_kmh=3.3))
    home, shop = places((0.5, 190)), {"shop": places((-5, 200))}
    assert able.nearest_min(shop, origins=home)["shop"].item() > 1
    barred = able.for_walker(WHEELCHAIR)
    assert np.isnan(barred.nearest_min(shop, origins=home)["shop"].item())
    barred.to_parquet(tmp_path / "barred.parquet")
    again = StreetNetwork.from_parquet(tmp_path / "barred.parquet", walker=WHEELCHAIR)
    assert np.isnan(again.nearest_min(shop, origins=home)["shop"].item())


def test_a_city_of_steps_is_closed_to_who_takes_none():
    with pytest.raises(DataError, match=r"^edges: none is walkable for wheelchair$"):
        StreetNetwork.from_edges(TOWN.loc[["e1"]]).for_walker(WHEELCHAIR)


@settings(max_examples=15, deadline=None)
@given(webs(tagged=True))
def test_who_is_barred_from_steps_never_gains(web):
    edges, _ = web
    able = StreetNetwork.from_edges(edges, walker=Walker(name="able", speed_kmh=3.3))
    barred = able.for_walker(WHEELCHAIR)
    met = barred.nodes.geometry[barred.components >= 0]
    nodes = places(*met.sample(min(12, len(met)), random_state=1))
    free = able.costs(nodes, nodes, within_min=1e6, largest_only=False)
    held = barred.costs(nodes, nodes, within_min=1e6, largest_only=False)
    both = free.merge(held, on=["from_id", "to_id"], how="right", suffixes=("", "_barred"))
    assert (both["minutes"] <= both["minutes_barred"] + 1e-9).all()


def test_a_network_in_degrees_is_refused():
    with pytest.raises(CRSError, match="edges: coordinates are in degrees"):
        StreetNetwork.from_edges(TOWN.set_crs(4326, allow_override=True))


def test_arrays_that_do_not_fit_are_told_at_once():
    xy, ends = np.zeros(3), np.zeros(2, dtype=int)
    with pytest.raises(
        DataError, match=r"^x has 3 nodes and y 2; from_node has 2 edges, to_node 1"
    ):
        StreetNetwork.from_arrays(xy, xy[:2], ends, ends[:1], np.ones(2), crs=CRS)
    with pytest.raises(DataError, match=r"^from_node has 2 edges, to_node 2 and length_m 3$"):
        StreetNetwork.from_arrays(xy, xy, ends, ends, np.ones(3), crs=CRS)
