"""Networks to and from networkx, GraphML and GeoParquet: the same walks on the other side."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from shapely import LineString, Point
from small_streets import CRS, PACE, all_walks, places, table, walk_min, webs

from geoequity.errors import CRSError, DataError, SourceError
from geoequity.streets import OLDER, WHEELCHAIR, StreetNetwork

MINUTES = ["minutes_there", "minutes_back"]
RING = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]

# Two crossings joined twice, a loop at one, a street out of it; one-way, steps and an escalator
EDGES = table(
    ("a", "b", [(0, 0), (200, 0)]),
    ("b", "a", [(200, 0), (100, 80), (0, 0)]),
    ("a", "a", [(0, 0), (-50, -50), (50, -50), (0, 0)]),
    ("b", "c", [(200, 0), (300, 0)]),
    ("c", "d", [(300, 0), (360, 0)]),
    ("e", "d", [(400, 90), (360, 0)]),
    highway=["footway", "footway", "footway", "footway", "steps", "steps"],
    oneway_foot=["yes", None, "-1", None, None, None],
    conveying=[None, None, None, None, "backward", None],
)


def by_networkx(network, _):
    return StreetNetwork.from_networkx(network.to_networkx(), walker=network.walker)


def by_graphml(network, folder):
    network.to_graphml(folder / "streets.graphml")
    return StreetNetwork.from_graphml(folder / "streets.graphml", walker=network.walker)


def by_parquet(network, folder):
    network.to_parquet(folder / "streets.parquet")
    return StreetNetwork.from_parquet(folder / "streets.parquet", walker=network.walker)


ways = pytest.mark.parametrize("carried", [by_networkx, by_graphml, by_parquet])


def as_given(edges):
    """Edges in the order of their ids, the one-way ones all there; with the tags of a walk."""
    edges = edges.copy()
    turned = np.isinf(edges["minutes_there"])
    swapped = {"from_node": "to_node", "to_node": "from_node"}
    swapped |= dict(zip(MINUTES, MINUTES[::-1], strict=True))
    edges.loc[turned, [*swapped]] = edges.loc[turned, [*swapped.values()]].to_numpy()
    edges.loc[turned, "geometry"] = edges.loc[turned, "geometry"].reverse()
    edges.loc[turned, "conveying"] = edges.loc[turned, "conveying"].replace("backward", "forward")
    edges.loc[turned, "oneway_foot"] = edges.loc[turned, "oneway_foot"].replace("-1", "yes")
    edges = edges.sort_index().astype({"from_node": str, "to_node": str})
    columns = ["from_node", "to_node", "length_m", "geometry", *MINUTES, "highway", "conveying",
               "oneway_foot", "component"]  # fmt: skip
    edges[["conveying", "oneway_foot"]] = edges[["conveying", "oneway_foot"]].fillna("")
    return pd.DataFrame(edges[columns])


# --------------------------------------------------------------- round trip
@ways
def test_edges_come_back_with_their_ids_minutes_tags_and_lines(carried, tmp_path):
    network = StreetNetwork.from_edges(EDGES)
    again = carried(network, tmp_path)
    pd.testing.assert_frame_equal(
        as_given(again.edges), as_given(network.edges), check_dtype=False, check_exact=True
    )
    assert again.edges.crs == network.edges.crs
    assert again.edges.index.name == "edge_id"
    assert again.nodes.index.name == "node"
    pd.testing.assert_frame_equal(again.nodes.sort_index(), network.nodes.sort_index())
    assert again.islands() == network.islands()


@ways
def test_another_walker_fares_alike_on_the_other_side(carried, tmp_path):
    network = StreetNetwork.from_edges(EDGES)
    again = carried(network, tmp_path).for_walker(OLDER)
    expected = network.for_walker(OLDER)
    pd.testing.assert_frame_equal(
        as_given(again.edges), as_given(expected.edges), check_dtype=False
    )
    barred = carried(network, tmp_path).for_walker(WHEELCHAIR)
    barred_ways = np.isinf(barred.edges[MINUTES]).all(axis=1).sort_index()
    assert barred_ways.tolist() == [False, False, False, False, True, True]


@ways
def test_tags_mean_the_same_when_walks_are_timed_anew(carried, tmp_path):
    network = StreetNetwork.from_edges(EDGES)
    again = carried(network, tmp_path)
    anew = StreetNetwork.from_edges(again.edges.drop(columns=[*MINUTES, "component"]))
    pd.testing.assert_frame_equal(
        as_given(anew.edges), as_given(network.edges), check_dtype=False, check_exact=True
    )


@ways
@pytest.mark.parametrize(
    "ids", [[1, 2, 3, 4, 5], [-1, 0, 10**12, 7, 8], list("abcde"), ["7", "07", "007", "8", "x y"],
            ["1", "2", "3", "4", "05"], ["--5", "+6", "½", "<&>", "'\""]]
)  # fmt: skip
def test_nodes_stay_what_they_are_called(carried, tmp_path, ids):
    named = dict(zip("abcde", ids, strict=True))
    edges = EDGES.assign(
        from_node=EDGES["from_node"].map(named), to_node=EDGES["to_node"].map(named)
    )
    network = StreetNetwork.from_edges(edges)
    again = carried(network, tmp_path)
    assert set(again.nodes.index) == set(ids)
    for node in ids:
        assert again.nodes.geometry[node] == network.nodes.geometry[node]


@ways
def test_numbers_as_edge_ids_stay_numbers(carried, tmp_path):
    again = carried(StreetNetwork.from_edges(EDGES.reset_index(drop=True)), tmp_path)
    assert sorted(again.edges.index) == [0, 1, 2, 3, 4, 5]


@ways
def test_lifts_and_ids_of_several_kinds_come_back(carried, tmp_path):
    edges = table(("a", "b", [(0, 0), (80, 0)]), ("b", "c", [(80, 0), (160, 0)]))
    edges = edges.assign(from_node=[1, 2], to_node=[2, 3]).reset_index(drop=True)
    again = carried(StreetNetwork.from_edges(edges, lifts=[2]), tmp_path)
    assert walk_min(again, (0, 0), (160, 0)) == pytest.approx(3.0)
    assert len(again.edges) == 4


@ways
@settings(max_examples=8, deadline=None)
@given(web=webs(tagged=True))
def test_no_walk_changes_on_the_way(carried, web, tmp_path_factory):
    edges, points = web
    network = StreetNetwork.from_edges(
        edges, height_at=lambda xy: 0.1 * xy[:, 0] + 5 * np.sin(xy[:, 1] / 40)
    )
    again = carried(network, tmp_path_factory.mktemp("walks"))
    np.testing.assert_allclose(
        all_walks(again, points), all_walks(network, points), rtol=1e-9, atol=1e-9
    )


@ways
def test_places_meet_edges_that_are_barred_both_ways_after_a_round_trip(carried, tmp_path):
    edges = table(("a", "b", [(0, 0), (100, 0)]), ("b", "c", [(100, 0), (200, 0)]))
    edges = edges.assign(highway=["footway", "steps"], minutes_there=[1.0, np.inf])
    edges["minutes_back"] = edges["minutes_there"]
    network = StreetNetwork.from_edges(edges)
    again = carried(network, tmp_path)
    assert np.isinf(again.edges[MINUTES].to_numpy()).sum() == 2
    for one in (network, again):
        assert walk_min(one, (0, 0), (200, 0)) == np.inf
        assert walk_min(one, (0, 0), (100, 0)) == 1


def test_networkx_walks_the_same_minutes():
    network = StreetNetwork.from_edges(EDGES, height_at=lambda xy: xy[:, 0] / 10)
    graph = network.to_networkx()
    slow = dict(nx.all_pairs_dijkstra_path_length(graph, weight="minutes"))
    nodes = network.nodes.geometry
    for start in nodes.index:
        for end in nodes.index:
            fast = walk_min(network, nodes[start], nodes[end])
            assert fast == pytest.approx(slow[start].get(end, np.inf), rel=1e-9)


def test_a_loop_that_costs_more_one_way_keeps_both():
    edges = table(("a", "a", RING), ("a", "b", [(0, 0), (-80, 0)]))
    edges = edges.assign(minutes_there=[3.0, 1.0], minutes_back=[7.0, 1.0])
    network = StreetNetwork.from_edges(edges)
    graph = network.to_networkx()
    assert {key: data["minutes"] for *_, key, data in graph.edges("a", keys=True, data=True)
            if key != "e1"} == {"e0": 3.0, "e0 back": 7.0}  # fmt: skip
    again = StreetNetwork.from_networkx(graph)
    assert again.edges.loc["e0", MINUTES].tolist() == [3.0, 7.0]
    assert walk_min(again, (100, 0), (0, 0)) == pytest.approx(min(0.75 * 3, 0.25 * 7))


def test_a_graph_does_not_change_by_being_read():
    graph = StreetNetwork.from_edges(EDGES).to_networkx()
    kept = graph.copy()
    StreetNetwork.from_networkx(graph)
    assert nx.utils.graphs_equal(graph, kept)


# ------------------------------------------------------- graphs of others
def osmnx_like():
    """A projected walking graph as osmnx makes them: each way an edge, tags joined in lists."""
    graph = nx.MultiDiGraph(crs=CRS, created_with="OSMnx", simplified=True)
    spots = {101: (0.0, 0.0), 102: (200.0, 0.0), 103: (300.0, 0.0), 104: (300.0, 150.0)}
    for node, (x, y) in spots.items():
        graph.add_node(node, x=x, y=y, street_count=3)
    bent = LineString([(0, 0), (100, 60), (200, 0)])
    ring = LineString([(300, 150), (340, 190), (260, 190), (300, 150)])
    streets = [
        (101, 102, {"length": 200.0, "osmid": 1, "highway": "footway"}),
        (101, 102, {"length": bent.length, "geometry": bent, "osmid": [2, 3],
                    "highway": ["footway", "steps"], "name": ["x", "y"]}),
        (102, 103, {"length": 100.5, "osmid": 4, "highway": "service",
                    "bridge": ["yes", "viaduct"]}),
        (103, 104, {"length": 150.0, "osmid": 5, "highway": "steps"}),
        (104, 104, {"length": ring.length, "geometry": ring, "osmid": 6, "highway": "path"}),
    ]  # fmt: skip
    for start, end, data in streets:
        back = dict(data)
        if "geometry" in data:
            back["geometry"] = data["geometry"].reverse()
        graph.add_edge(start, end, oneway=False, reversed=False, **data)
        graph.add_edge(end, start, oneway=False, reversed=True, **back)
    return graph


def test_a_walking_graph_of_osmnx_gives_each_street_once():
    network = StreetNetwork.from_networkx(osmnx_like())
    assert network.edges.index.tolist() == [0, 1, 2, 3, 4]
    assert network.edges["length_m"].round(1).tolist() == [200.0, 233.2, 100.5, 150.0, 193.1]
    assert network.edges["highway"].tolist() == ["footway", "steps", "service", "steps", "path"]
    assert (network.edges["minutes_there"] == network.edges["minutes_back"]).all()
    assert network.intersections().index.tolist() == [101 + 1, 104]
    assert network.edges.crs == CRS
    barred = network.for_walker(WHEELCHAIR).edges
    assert np.isinf(barred["minutes_there"]).tolist() == [False, True, False, True, False]


def test_a_drive_graph_may_be_walked_against_its_one_way_streets():
    graph = osmnx_like()
    graph.remove_edges_from([(102, 101, 0), (102, 101, 1), (104, 104, 1)])
    pd.testing.assert_frame_equal(
        StreetNetwork.from_networkx(graph).edges, StreetNetwork.from_networkx(osmnx_like()).edges
    )


def test_the_simpler_kinds_of_graph_give_the_same_network():
    full = osmnx_like()
    expected = StreetNetwork.from_networkx(full).edges.drop(index=1)
    for kind in (nx.DiGraph, nx.Graph):
        graph = kind(full.edge_subgraph([one for one in full.edges if one[2] == 0]))
        found = StreetNetwork.from_networkx(graph).edges
        assert found["length_m"].tolist() == expected["length_m"].tolist()
        assert found["minutes_back"].tolist() == expected["minutes_back"].tolist()


@pytest.mark.parametrize("kind", [nx.Graph, nx.MultiGraph])
def test_an_undirected_graph_is_walked_both_ways_whichever_way_its_lines_run(kind):
    graph = kind(crs=CRS)
    for node, x in {"a": 0.0, "b": 100.0, "c": 200.0}.items():
        graph.add_node(node, x=x, y=0.0)
    bent = LineString([(100, 0), (50, 30), (0, 0)])
    graph.add_edge("b", "a", length=bent.length, minutes=2.0, geometry=bent)
    graph.add_edge("b", "c", length=100.0, minutes=3.0)
    graph.add_edge("c", "c", length=400.0, minutes=5.0,
                   geometry=LineString([(200 + x, y) for x, y in RING]))  # fmt: skip
    network = StreetNetwork.from_networkx(graph)
    assert network.edges[MINUTES].to_numpy().tolist() == [[2, 2], [3, 3], [5, 5]]
    assert network.edges.geometry[0].coords[1] == (50, 30)
    assert walk_min(network, (200, 0), (0, 0)) == walk_min(network, (0, 0), (200, 0)) == 5


def test_in_a_directed_graph_minutes_count_the_way_they_run():
    graph = nx.DiGraph(crs=CRS)
    graph.add_node("a", x=0.0, y=0.0)
    graph.add_node("b", x=100.0, y=0.0)
    graph.add_node("c", x=200.0, y=0.0)
    graph.add_edge("b", "a", length=100.0, minutes=2.0)
    graph.add_edge("a", "b", length=100.0, minutes=4.0)
    graph.add_edge("c", "b", length=100.0, minutes=1.0)
    network = StreetNetwork.from_networkx(graph)
    assert len(network.edges) == 2
    assert walk_min(network, (200, 0), (0, 0)) == 3
    assert walk_min(network, (0, 0), (100, 0)) == 4
    assert walk_min(network, (100, 0), (200, 0)) == np.inf


def test_of_parallel_edges_the_short_goes_with_the_short_way_back():
    graph = nx.MultiDiGraph(crs=CRS)
    graph.add_node(1, x=0.0, y=0.0)
    graph.add_node(2, x=100.0, y=0.0)
    for start, end, length in ((1, 2, 100.0), (1, 2, 200.0), (2, 1, 200.0), (2, 1, 100.0)):
        graph.add_edge(start, end, length=length, minutes=length / 100)
    network = StreetNetwork.from_networkx(graph)
    assert network.edges[["length_m", *MINUTES]].to_numpy().tolist() == [[100, 1, 1], [200, 2, 2]]


@pytest.mark.parametrize("reversed_first", [False, True])
def test_an_escalator_carries_its_way_though_osmnx_tells_its_reverse_first(reversed_first):
    graph = nx.MultiDiGraph(crs=CRS)
    for node, x in ((1, 60.0), (2, 0.0)) if reversed_first else ((1, 0.0), (2, 60.0)):
        graph.add_node(node, x=x, y=0.0)
    tags = {"length": 60.0, "highway": "steps", "conveying": "forward"}
    up, down = ((2, 1), (1, 2)) if reversed_first else ((1, 2), (2, 1))
    graph.add_edge(*up, reversed=False, **tags)
    graph.add_edge(*down, reversed=True, **tags)
    network = StreetNetwork.from_networkx(graph)
    assert walk_min(network, (0, 0), (60, 0)) == 2
    assert walk_min(network, (60, 0), (0, 0)) == np.inf


def test_any_hashable_thing_may_be_a_node():
    graph = nx.grid_2d_graph(3, 3)
    for x, y in graph:
        graph.nodes[x, y].update(x=100.0 * x, y=100.0 * y)
    nx.set_edge_attributes(graph, 100.0, "length")
    network = StreetNetwork.from_networkx(graph, crs=CRS)
    assert walk_min(network, (0, 0), (200, 200)) == pytest.approx(400 / PACE)
    assert set(network.intersections().index) == {(0, 1), (1, 0), (1, 1), (1, 2), (2, 1)}


def test_osmnx_writes_everything_as_text_and_it_is_read(tmp_path):
    graph = osmnx_like()
    for *_, data in [*graph.edges(data=True), *graph.nodes(data=True)]:
        data.update({name: str(value) for name, value in data.items()})
    texts = nx.MultiDiGraph(**{name: str(value) for name, value in graph.graph.items()})
    texts.add_nodes_from(graph.nodes(data=True))
    texts.add_edges_from(graph.edges(keys=True, data=True))
    nx.write_graphml(texts, tmp_path / "osmnx.graphml")
    network = StreetNetwork.from_graphml(tmp_path / "osmnx.graphml")
    expected = StreetNetwork.from_networkx(osmnx_like())
    pd.testing.assert_frame_equal(network.edges, expected.edges, check_dtype=False)
    assert set(network.nodes.index) == {101, 102, 103, 104}


# ---------------------------------------------------------------- bad input
def broken(change):
    graph = osmnx_like()
    change(graph)
    return graph


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g.nodes[101].pop("x"), r"nodes without x and y: 101$"),
        (lambda g: g.nodes[101].update(y=np.nan), r"nodes without x and y: 101$"),
        (lambda g: g.nodes[101].update(y="north"), r"nodes without x and y: 101$"),
        (lambda g: g.edges[102, 103, 0].pop("length"),
         r"edges without length_m or length: \(102, 103\)$"),
        (lambda g: g.edges[102, 103, 0].update(length="far"),
         r"edges without length_m or length: \(102, 103\)$"),
        (lambda g: g.edges[102, 103, 0].update(minutes=2.0),
         r"edges without the minutes that others have: \(101, 102\), .* and 4 more$"),
        (lambda g: g.edges[101, 102, 1].update(geometry="LINESTRANGE (0 0, 1 1)"),
         r"edges with a geometry that cannot be read: \(101, 102\)$"),
        (lambda g: g.remove_edges_from([*g.edges]), r"no edges$"),
    ],
)  # fmt: skip
def test_a_graph_that_cannot_be_walked_is_refused(change, message):
    with pytest.raises(DataError, match=f"^graph: {message}"):
        StreetNetwork.from_networkx(broken(change))


def test_all_faults_of_a_graph_are_told_at_once():
    def change(graph):
        graph.nodes[101].pop("x")
        graph.edges[102, 103, 0].pop("length")

    with pytest.raises(DataError, match=r"x and y: 101; edges without length_m .*: \(102") as told:
        StreetNetwork.from_networkx(broken(change))
    assert told.value.ids == (101, (102, 103))


def test_edges_of_a_graph_are_checked_like_any_others():
    def negative(graph):
        graph.edges[102, 103, 0]["length"] = -1.0

    def no_line(graph):
        graph.edges[101, 102, 0]["geometry"] = Point(0, 0)

    def astray(graph):
        graph.nodes[104]["x"] = 500.0

    messages = {negative: "length_m is negative", no_line: "is no line", astray: "does not run"}
    for change, message in messages.items():
        with pytest.raises(DataError, match=f"^edges: .*{message}"):
            StreetNetwork.from_networkx(broken(change))


def test_the_crs_of_a_graph_is_known_metric_and_not_contradicted():
    graph = osmnx_like()
    assert StreetNetwork.from_networkx(graph, crs=32618).edges.crs == CRS
    with pytest.raises(CRSError, match=r"^graph: is in EPSG:32618, not EPSG:32619; project it"):
        StreetNetwork.from_networkx(graph, crs="EPSG:32619")
    for crs, message in (
        ("epsg:4326", "edges: coordinates are in degrees"),
        ("nonsense", "graph: no CRS can be made of nonsense"),
        (None, "graph: no CRS; give it as crs="),
    ):
        graph.graph["crs"] = crs
        with pytest.raises(CRSError, match=f"^{message}"):
            StreetNetwork.from_networkx(graph)
    assert StreetNetwork.from_networkx(graph, crs=CRS).edges.crs == CRS


@pytest.mark.parametrize("door", ["from_graphml", "from_parquet"])
@pytest.mark.parametrize("content", [b"", b"hello", b"PAR1", b"<a/>", b"\x00\xff\xfe" * 9])
def test_a_file_of_something_else_is_refused(door, content, tmp_path):
    (tmp_path / "streets.file").write_bytes(content)
    with pytest.raises(
        SourceError, match=r"^streets\.file: no Geo|^streets\.file: no Graph"
    ) as told:
        getattr(StreetNetwork, door)(tmp_path / "streets.file")
    assert told.value.source == tmp_path / "streets.file"
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("door", ["from_graphml", "from_parquet"])
def test_a_file_that_is_not_there_is_named(door, tmp_path):
    for path in (tmp_path / "none.file", tmp_path):
        with pytest.raises(SourceError, match=r"no such file"):
            getattr(StreetNetwork, door)(path)


@pytest.mark.parametrize("written", ["to_graphml", "to_parquet"])
def test_a_file_cut_short_is_refused(written, tmp_path):
    path = tmp_path / "cut.file"
    getattr(StreetNetwork.from_edges(EDGES), written)(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SourceError, match=r"^cut\.file: no "):
        getattr(StreetNetwork, written.replace("to", "from"))(path)


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        ("LINESTRING (", "LINESTRANGE (", DataError, "graph: edges with a geometry that cannot"),
        (">200.0<", ">far<", SourceError, r"spoilt\.graphml: no GraphML of a network: "),
        (">EPSG:32618<", ">EPSG:4326<", CRSError, "edges: coordinates are in degrees"),
        (">EPSG:32618<", ">nonsense<", CRSError, "graph: no CRS can be made of nonsense"),
        ('attr.name="x"', 'attr.name="lon"', DataError, "graph: nodes without x and y: a, b"),
        ('attr.name="length_m"', 'attr.name="m"', DataError, "graph: edges without length_m"),
        ('attr.name="minutes"', 'attr.name="m"', None, ""),
    ],
)
def test_a_spoilt_graphml_gives_one_clear_error(old, new, error, message, tmp_path):
    path = tmp_path / "spoilt.graphml"
    StreetNetwork.from_edges(EDGES).to_graphml(path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    if error is None:
        assert np.isfinite(StreetNetwork.from_graphml(path).edges.loc["e1", MINUTES]).all()
        return
    with pytest.raises(error, match=f"^{message}"):
        StreetNetwork.from_graphml(path)


def test_a_parquet_of_other_things_gives_one_clear_error(tmp_path):
    path = tmp_path / "streets.parquet"
    pd.DataFrame({"from_node": [1]}).to_parquet(path)
    with pytest.raises(
        SourceError, match=r"^streets\.parquet: no GeoParquet: Missing geo metadata"
    ):
        StreetNetwork.from_parquet(path)
    EDGES.drop(columns="length_m").to_parquet(path)
    with pytest.raises(DataError, match=r"^edges: no column length_m"):
        StreetNetwork.from_parquet(path)
    EDGES.to_crs(4326).to_parquet(path)
    with pytest.raises(CRSError, match=r"^edges: coordinates are in degrees"):
        StreetNetwork.from_parquet(path)
    EDGES.set_geometry(EDGES.centroid).to_parquet(path)
    with pytest.raises(DataError, match=r"^edges: the geometry is no line: e0, e1"):
        StreetNetwork.from_parquet(path)
    EDGES.to_parquet(path)  # a plain table of edges is as good
    assert len(StreetNetwork.from_parquet(path).edges) == len(EDGES)


# ------------------------------------------------------------------- arrays
def test_a_network_is_made_of_plain_arrays():
    network = StreetNetwork.from_arrays(
        np.array([0, 80, 80, 999]), np.array([0, 0, 160, 999]),
        np.array([0, 1]), np.array([1, 2]), np.array([80, 200]), crs=CRS,
    )  # fmt: skip
    assert network.nodes.index.tolist() == [0, 1, 2]
    assert network.edges["length_m"].tolist() == [80, 200]
    assert walk_min(network, (0, 0), (80, 160)) == pytest.approx(280 / PACE)


def test_arrays_that_make_no_network_are_refused():
    x, y, length = np.array([0.0, 100.0]), np.array([0.0, np.nan]), np.array([100.0])
    with pytest.raises(DataError, match=r"^edges: no such node: 0$"):
        StreetNetwork.from_arrays(x, x, np.array([0]), np.array([2]), length, crs=CRS)
    with pytest.raises(DataError, match=r"^edges: the geometry is no line: 0$"):
        StreetNetwork.from_arrays(x, y, np.array([0]), np.array([1]), length, crs=CRS)
    with pytest.raises(DataError, match=r"^edges: length_m is negative or unknown: 0$"):
        StreetNetwork.from_arrays(x, x, np.array([0]), np.array([1]), -length, crs=CRS)
    with pytest.raises(CRSError, match=r"^edges: no CRS"):
        StreetNetwork.from_arrays(x, x, np.array([0]), np.array([1]), length, crs=None)
    with pytest.raises(DataError, match=r"^edges: none is walkable$"):
        StreetNetwork.from_arrays(x, x, np.array([]), np.array([]), np.array([]), crs=CRS)


def test_places_on_the_other_side_are_met_where_they_were(tmp_path):
    network = StreetNetwork.from_edges(EDGES)
    points = places((120, 5), (310, -20), (0, -60))
    before = network.snap(points)
    for carried in (by_networkx, by_graphml, by_parquet):
        after = carried(network, tmp_path).snap(points)
        assert after["snap_m"].tolist() == pytest.approx(before["snap_m"].tolist())
