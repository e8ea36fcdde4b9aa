"""The live door, with osmnx's own graph of a recorded extract in the place of the servers."""

from pathlib import Path
from urllib.parse import urlsplit

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import pandas as pd
import pytest
import shapely
from requests.exceptions import ConnectionError as NoConnection

import geoequity
from geoequity.errors import CRSError, DataError, SourceError
from geoequity.sources.live import fetch_network
from geoequity.streets import WHEELCHAIR, StreetNetwork

osmnx = pytest.importorskip("osmnx")

HELSINKI = Path(__file__).parents[1] / "data" / "helsinki_centre_2019.osm.pbf"
KINDS = {"footway", "pedestrian", "residential", "steps", "living_street", "path"}
WEST, EAST = 24.935, 24.945
AREA = gpd.GeoSeries([shapely.box(24.93, 60.16, 24.95, 60.17)], index=["kamppi"], crs=4326)


@pytest.fixture(scope="module")
def extract(tmp_path_factory):
    """Streets that everybody takes for walkable, as a file of their own."""
    path = tmp_path_factory.mktemp("live") / "streets.osm"
    telling = {"access", "foot", "area", "service", "sidewalk", "sidewalk:both", "indoor"}
    nodes = osmium.FileProcessor(str(HELSINKI), osmium.osm.NODE)
    there = {node.id for node in nodes if WEST < node.location.lon < EAST}
    with osmium.BackReferenceWriter(str(path), ref_src=str(HELSINKI)) as writer:
        for way in osmium.FileProcessor(str(HELSINKI), osmium.osm.WAY):
            tags = {tag.k: tag.v for tag in way.tags}
            is_plain = tags.get("highway") in KINDS and not telling & tags.keys()
            if is_plain and all(node.ref in there for node in way.nodes):
                writer.add(way)
    return path


@pytest.fixture(scope="module")
def graph(extract):
    return osmnx.graph_from_xml(extract, bidirectional=True, simplify=False, retain_all=True)


@pytest.fixture
def asked(monkeypatch, graph):
    """Let osmnx answer with the recorded graph; what it was asked."""
    said = []

    def answer(where, **how):
        said.append((where, how))
        return graph

    monkeypatch.setattr(osmnx, "graph_from_place", answer)
    monkeypatch.setattr(osmnx, "graph_from_polygon", answer)
    return said


def fail_with(monkeypatch, fault):
    def fail(*_, **__):
        raise fault

    monkeypatch.setattr(osmnx, "graph_from_place", fail)
    monkeypatch.setattr(osmnx, "graph_from_polygon", fail)


# -------------------------------------------------------------- the network
def test_a_place_gives_the_network_that_its_extract_gives(asked, extract):
    live = fetch_network("Helsinki")
    read = StreetNetwork.from_osm(extract, crs=live.edges.crs)
    assert live.edges.crs == "EPSG:32635"
    assert live.edges["length_m"].sum() == pytest.approx(read.edges["length_m"].sum(), rel=1e-9)
    assert live.edges["length_m"].to_numpy() == pytest.approx(live.edges.length.to_numpy())
    assert set(live.nodes.index) == set(read.nodes.index)
    assert set(live.intersections().index) == set(read.intersections().index)
    assert live.islands() == pytest.approx(read.islands())
    both = [one.edges[one.edges["highway"] == "steps"] for one in (live, read)]
    steps = [one["length_m"].sum() for one in both]
    assert steps[0] == pytest.approx(steps[1])
    assert steps[0] > 0
    points = read.nodes.geometry[read.components == 0].sample(30, random_state=1)
    walks = [
        one.costs(points, points, within_min=60).set_index(["from_id", "to_id"])["minutes"]
        for one in (live, read)
    ]
    pd.testing.assert_series_equal(*walks, rtol=1e-9, atol=1e-9)
    assert len(walks[0]) > 200
    assert asked == [("Helsinki", {"network_type": "walk", "simplify": False, "retain_all": True,
                                   "truncate_by_edge": True})]  # fmt: skip


def test_an_area_may_be_in_any_crs_and_several_parts(asked):
    half = shapely.box(24.95, 60.16, 24.96, 60.17)
    parts = gpd.GeoDataFrame(geometry=[AREA.iloc[0], half], crs=4326).to_crs(3067)
    network = fetch_network(parts, crs=3067)
    assert network.edges.crs == "EPSG:3067"
    where, _ = asked[0]
    assert where.geom_type == "Polygon"
    assert where.bounds == pytest.approx((24.93, 60.16, 24.96, 60.17), abs=1e-4)
    plain = fetch_network(AREA, crs="EPSG:3067")
    pd.testing.assert_frame_equal(plain.edges, network.edges)


def test_whoever_walks_may_be_told(asked):
    network = fetch_network("Helsinki", walker=WHEELCHAIR)
    assert network.walker == WHEELCHAIR
    steps = network.edges["highway"] == "steps"
    assert np.isinf(network.edges.loc[steps, "minutes_there"]).all()
    assert len(asked) == 1


def test_the_graph_that_osmnx_keeps_is_left_as_it_was(asked, graph):
    kept = graph.copy()
    fetch_network("Helsinki")
    assert nx.utils.graphs_equal(graph, kept)
    assert len(asked) == 1


def test_osmnx_files_and_simplified_graphs_are_the_same_network(graph, tmp_path):
    simple = osmnx.project_graph(osmnx.simplify_graph(graph, edge_attrs_differ=["highway"]))
    osmnx.save_graphml(simple, tmp_path / "osmnx.graphml")
    read = StreetNetwork.from_graphml(tmp_path / "osmnx.graphml")
    held = StreetNetwork.from_networkx(simple)
    pd.testing.assert_frame_equal(read.edges, held.edges, check_dtype=False)
    undirected = osmnx.convert.to_undirected(simple)
    assert len(held.edges) == undirected.number_of_edges()
    once = StreetNetwork.from_networkx(undirected)
    assert once.edges["length_m"].sum() == pytest.approx(held.edges["length_m"].sum())
    assert once.islands()["components"] == held.islands()["components"]


# ------------------------------------------------------------------- faults
@pytest.mark.parametrize(
    "fault",
    [
        osmnx._errors.InsufficientResponseError("Nominatim geocoder returned 0 results"),
        osmnx._errors.ResponseStatusCodeError("responded: 504 Gateway Timeout"),
        TypeError("Nominatim did not geocode query to a geometry of type (Multi)Polygon."),
        ValueError("Found no graph nodes within the requested polygon."),
        NoConnection("Max retries exceeded"),
        TimeoutError("timed out"),
    ],
)
@pytest.mark.parametrize("where", ["Atlantis", AREA])
def test_what_osmnx_raises_is_one_clear_error(monkeypatch, fault, where):
    fail_with(monkeypatch, fault)
    name = "'Atlantis'" if isinstance(where, str) else "the area"
    with pytest.raises(SourceError) as told:
        fetch_network(where)
    assert str(told.value) == f"{name}: no walking network from OpenStreetMap: {fault}"
    assert told.value.source == name
    assert told.value.__cause__ is fault


def test_areas_that_cannot_be_are_refused_before_anybody_is_asked(asked):
    bowtie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    shapes = [AREA.iloc[0], shapely.Point(0, 0), None, shapely.Polygon(), bowtie]
    with pytest.raises(DataError, match=r"^area: no valid polygon: 1, 2, 3, 4$") as told:
        fetch_network(gpd.GeoSeries(shapes, crs=4326))
    assert told.value.ids == (1, 2, 3, 4)
    with pytest.raises(DataError, match=r"^area: empty$"):
        fetch_network(AREA.iloc[:0])
    with pytest.raises(CRSError, match=r"^area: no CRS$"):
        fetch_network(AREA.set_crs(None, allow_override=True))
    with pytest.raises(CRSError, match=r"^crs: coordinates are in degrees"):
        fetch_network("Helsinki", crs=4326)
    assert asked == []


def test_osmnx_is_asked_for_what_it_offers():
    # the recorded answers above would not notice if osmnx changed its mind
    import inspect  # noqa: PLC0415

    for ask in (osmnx.graph_from_place, osmnx.graph_from_polygon):
        known = inspect.signature(ask).parameters
        assert {"network_type", "simplify", "retain_all", "truncate_by_edge"} <= set(known)


def test_osmnx_asks_the_hosts_that_the_docstring_names():
    for url in (osmnx.settings.nominatim_url, osmnx.settings.overpass_url):
        assert urlsplit(url).hostname in fetch_network.__doc__


def test_no_command_comes_by_this_door():
    # --offline is kept by the downloader; osmnx knows nothing of it
    package = Path(geoequity.__file__).parent
    own = package / "sources" / "live.py"
    texts = {one: one.read_text(encoding="utf-8") for one in package.rglob("*.py") if one != own}
    assert texts
    assert not [one for one, text in texts.items() if "fetch_network" in text]
    assert not [one for one, text in texts.items() if "sources.live" in text]


@pytest.mark.network
def test_a_small_place_is_fetched_for_real():
    network = fetch_network("Monaco")
    assert network.edges["length_m"].sum() > 50_000
    assert network.islands()["outside_share"] < 0.2
