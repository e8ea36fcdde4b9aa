"""
Every walk is the shortest: a slow twin in networkx, on random and on real networks.

The twin puts a node where each place meets its edge, parts the edge there, and asks
networkx. It is itself held to a network worked out by hand and to scipy.
"""

import itertools
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra
from shapely import LineString, Point

from geoequity.errors import DataError
from geoequity.streets import ADULT, WHEELCHAIR, StreetNetwork, Walker

CRS = "EPSG:32723"
PACE = ADULT.m_per_min
SAME_MIN = 1e-6
DATA = Path(__file__).parents[1] / "data"
CITIES = Path(__file__).parents[3] / "shared" / "cities"
SAO_PAULO = CITIES / "sao_paulo" / "spo_osm.pbf"
BUENOS_AIRES = CITIES / "buenos_aires" / "calles_caba_osm_drive_edges.parquet"


# ------------------------------------------------------------------ the twin
def twin_graph(network, **sides):
    """
    Put places into the graph of a network.

    Places of each side are nodes (side, id), joined both ways to a node on their edge.
    A share of an edge takes that share of its minutes, and none of it takes none.
    """
    graph, spots = nx.MultiDiGraph(), {}
    for side, places in sides.items():
        snapped = network.snap(places, largest_only=False)
        for key, place in places.items():
            edge = snapped.loc[key, "edge"]
            if edge < 0:
                continue
            line, spot = network.edges.geometry.iloc[edge], ("spot", side, key)
            spots.setdefault(edge, []).append((line.project(place, normalized=True), spot))
            minutes = line.distance(place) / network.walker.m_per_min
            graph.add_edge((side, key), spot, minutes=minutes)
            graph.add_edge(spot, (side, key), minutes=minutes)
    for position, edge in enumerate(network.edges.itertuples()):
        between = sorted(spots.get(position, []), key=lambda spot: spot[0])
        stops = [(0.0, edge.from_node), *between, (1.0, edge.to_node)]
        for (start, one), (end, other) in itertools.pairwise(stops):
            for tail, head, whole in (
                (one, other, edge.minutes_there),
                (other, one, edge.minutes_back),
            ):
                is_part = len(between) and start == end
                minutes = 0.0 if is_part else (end - start) * whole
                if np.isfinite(minutes):
                    graph.add_edge(tail, head, minutes=minutes)
    return graph


def twin_minutes(network, origins, services):
    """Walk between all pairs; infinite where there is no way."""
    graph = twin_graph(network, o=origins, s=services)
    minutes = pd.DataFrame(np.inf, index=origins.index, columns=services.index)
    for key in origins.index:
        if ("o", key) in graph:
            reached = nx.single_source_dijkstra_path_length(graph, ("o", key), weight="minutes")
            minutes.loc[key] = [reached.get(("s", other), np.inf) for other in services.index]
    return minutes


def assert_all_answers_are_the_twins(network, origins, services, *, within_min):
    """Compare nearest, second nearest, counts and costs, with and without a limit."""
    slow = twin_minutes(network, origins, services)
    category = pd.Series(np.arange(len(services)) % 2, index=services.index)
    by = {f"c{one}": services[category == one] for one in (0, 1)}
    parts = {name: slow[some.index].to_numpy() for name, some in by.items()}
    for k in (1, 2):
        kth = {name: kth_smallest(part, k) for name, part in parts.items()}
        expected = pd.DataFrame(kth, index=origins.index)
        fast = network.nearest_min(by, origins=origins, k=k, largest_only=False)
        assert_same(fast, expected.where(np.isfinite(expected)))
        fast = network.nearest_min(
            by, origins=origins, k=k, within_min=within_min, largest_only=False
        )
        assert_same(fast, expected.where(expected <= within_min))

    counts = network.count_within(by, origins=origins, within_min=within_min, largest_only=False)
    met = network.snap(origins, largest_only=False)["edge"] >= 0
    expected = {name: (part <= within_min).sum(axis=1) for name, part in parts.items()}
    expected = pd.DataFrame(expected, index=origins.index, dtype=float)[met]
    pd.testing.assert_frame_equal(counts[met], expected, check_exact=True)
    assert counts[~met].isna().all(axis=None)

    costs = network.costs(origins, services, within_min=within_min, largest_only=False)
    pairs = [(o, s) for o in origins.index for s in services.index if slow.loc[o, s] <= within_min]
    assert list(zip(costs["from_id"], costs["to_id"], strict=True)) == pairs
    expected = [slow.loc[pair] for pair in pairs]
    np.testing.assert_allclose(costs["minutes"], expected, rtol=0, atol=SAME_MIN)


def kth_smallest(table, k):
    """Take the k-th smallest of each row, infinite where there are fewer."""
    padded = np.column_stack([table, np.full((len(table), k), np.inf)])
    return np.sort(padded, axis=1)[:, k - 1]


def assert_same(fast, slow):
    """Compare minutes, and where there are none."""
    np.testing.assert_allclose(fast.to_numpy(), slow.to_numpy(), rtol=0, atol=SAME_MIN)


def points(xy, *, prefix, crs=CRS):
    index = pd.Index([f"{prefix}{number}" for number in range(len(xy))], dtype=object)
    return gpd.GeoSeries(shapely.points(np.reshape(xy, (-1, 2))), index=index, crs=crs)


def test_the_twin_walks_as_one_does_by_hand():
    # A one-way street from a to b of 8 minutes, and a way round of 20 from b to a
    edges = gpd.GeoDataFrame(
        {
            "from_node": ["a", "b"], "to_node": ["b", "a"], "length_m": [640.0, 1600.0],
            "minutes_there": [8.0, 20.0], "minutes_back": [np.inf, 20.0],
        },
        geometry=[LineString([(0, 0), (640, 0)]), LineString([(640, 0), (320, 600), (0, 0)])],
        crs=CRS,
    )  # fmt: skip
    network = StreetNetwork.from_edges(edges)
    # both beside the one-way street, a quarter and a half of the way along it, 40 m (0.5 min) off
    places = points([(160, -40), (320, -40)], prefix="p")
    minutes = twin_minutes(network, places, places)
    onward, round_about = 2 + 0.5 + 0.5, 4 + 20 + 2 + 0.5 + 0.5
    assert minutes.loc["p0", "p1"] == pytest.approx(onward)
    assert minutes.loc["p1", "p0"] == pytest.approx(round_about)


# ------------------------------------------------------------ random networks
MINUTES = st.one_of(st.just(0.0), st.just(np.inf), st.floats(0, 20, allow_subnormal=False))
SPOTS = st.tuples(st.integers(-50, 350), st.integers(-50, 350))


@st.composite
def networks(draw, *, flat=False):
    """
    Draw few nodes, some in one place, on two shores, and edges of every kind between them.

    Edges are straight or bent, parallel, loops, of no length, longer than drawn; if not
    flat, costs differ each way and either way may be barred.
    """
    corners = st.tuples(st.sampled_from([0, 70, 150, 300]), st.sampled_from([0, 90, 200]))
    xy = np.array(draw(st.lists(corners, min_size=2, max_size=8)), dtype=float)
    shore = np.array(draw(st.lists(st.booleans(), min_size=len(xy), max_size=len(xy))))
    xy[shore] += 1000
    nodes = st.integers(0, len(xy) - 1)
    bends = st.one_of(st.none(), st.tuples(st.integers(-60, 60), st.integers(-60, 60)))
    ends = draw(st.lists(st.tuples(nodes, nodes, bends), min_size=1, max_size=14))
    ends = [(one, other, how) for one, other, how in ends if shore[one] == shore[other]]
    assume(ends)
    lines = []
    for one, other, how in ends:
        middle = (xy[one] + xy[other]) / 2
        # aslant, so that no loop runs back over itself: a place there has two shares of it
        aside = np.array([-how[1], how[0]]) / 3 if how else None
        through = [middle + how, middle + how + aside] if how else []
        lines.append(LineString([xy[one], *through, xy[other]]))
    factors = st.lists(st.sampled_from([0.0, 1.0, 1.3]), min_size=len(ends), max_size=len(ends))
    edges = gpd.GeoDataFrame(
        {
            "from_node": [f"n{one}" for one, _, _ in ends],
            "to_node": [f"n{other}" for _, other, _ in ends],
            "length_m": shapely.length(lines) * draw(factors),
        },
        geometry=lines,
        index=pd.Index([f"e{number}" for number in range(len(ends))], name="edge_id"),
        crs=CRS,
    )
    if not flat:
        costs = st.lists(st.tuples(MINUTES, MINUTES), min_size=len(ends), max_size=len(ends))
        edges[["minutes_there", "minutes_back"]] = draw(costs)
        assume(np.isfinite(edges[["minutes_there", "minutes_back"]]).any(axis=None))
    return edges


@st.composite
def places_of(draw, edges, *, prefix, min_size=1):
    """Draw places anywhere, and several on one edge or at its end."""
    anywhere = draw(st.lists(SPOTS, min_size=min_size, max_size=4))
    line = edges.geometry.iloc[draw(st.integers(0, len(edges) - 1))]
    shares = draw(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]), max_size=3))
    on_edge = [line.interpolate(share, normalized=True).coords[0] for share in shares]
    return points([*anywhere, *on_edge], prefix=prefix)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.floats(0.1, 40))
def test_walks_on_random_networks_are_those_of_the_twin(data, within_min):
    edges = data.draw(networks())
    origins = data.draw(places_of(edges, prefix="o"))
    services = data.draw(places_of(edges, prefix="s", min_size=2))
    network = StreetNetwork.from_edges(edges)
    slow = twin_minutes(network, origins, services).to_numpy()
    assume(not (np.abs(slow - within_min) < SAME_MIN).any())
    assert_all_answers_are_the_twins(network, origins, services, within_min=within_min)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_scipy_walks_the_graph_of_the_twin_as_networkx_does(data):
    edges = data.draw(networks())
    origins = data.draw(places_of(edges, prefix="o"))
    network = StreetNetwork.from_edges(edges)
    graph = twin_graph(network, o=origins)
    cheapest = nx.DiGraph()
    for tail, head, minutes in graph.edges(data="minutes"):
        known = cheapest.get_edge_data(tail, head, {"minutes": np.inf})["minutes"]
        cheapest.add_edge(tail, head, minutes=min(known, minutes))
    table = nx.to_scipy_sparse_array(cheapest, weight="minutes", dtype=float)
    by_scipy = pd.DataFrame(dijkstra(table), index=list(cheapest), columns=list(cheapest))
    for one in cheapest:
        by_twin = nx.single_source_dijkstra_path_length(graph, one, weight="minutes")
        expected = [by_twin.get(other, np.inf) for other in cheapest]
        np.testing.assert_allclose(by_scipy.loc[[one]].to_numpy()[0], expected, atol=1e-9)


# ------------------------------------------------------------- real networks
def from_table(path):
    edges = gpd.read_parquet(path).to_crs("EPSG:32721").rename_axis("edge_id")
    edges = edges.rename(columns={"u": "from_node", "v": "to_node"})
    return StreetNetwork.from_edges(edges)


REAL = {
    "helsinki": lambda: StreetNetwork.from_osm(DATA / "helsinki_centre_2019.osm.pbf"),
    "monaco": lambda: StreetNetwork.from_osm(DATA / "monaco_2023.osm.pbf"),
    "sao_paulo": lambda: StreetNetwork.from_osm(SAO_PAULO),
    "buenos_aires": lambda: from_table(BUENOS_AIRES),
}
NEEDS = {"sao_paulo": SAO_PAULO, "buenos_aires": BUENOS_AIRES}


@pytest.fixture(scope="module", params=REAL)
def real(request):
    file = NEEDS.get(request.param)
    if file is not None and not file.is_file():
        pytest.skip(f"the streets of {request.param} are absent")
    return REAL[request.param]()


def places_about(network, number, *, seed, prefix):
    """Draw places beside streets of the network, some far off, islands included."""
    rng = np.random.default_rng(seed)
    lines = network.edges.geometry.sample(number, random_state=rng)
    spots = lines.interpolate(rng.uniform(0, 1, number), normalized=True)
    xy = np.column_stack([spots.x, spots.y]) + rng.normal(0, 25, (number, 2))
    return points(xy, prefix=prefix, crs=network.edges.crs)


def test_walks_in_real_cities_are_those_of_the_twin(real):
    origins = places_about(real, 20, seed=1, prefix="o")
    services = places_about(real, 80, seed=2, prefix="s")
    assert_all_answers_are_the_twins(real, origins, services, within_min=17.3)


def test_walks_from_all_nodes_of_real_cities_are_those_of_the_twin(real):
    services = places_about(real, 15, seed=3, prefix="s")
    turned = twin_graph(real, s=services).reverse(copy=False)
    sources = [("s", key) for key in services.index]
    reached = nx.multi_source_dijkstra_path_length(turned, sources, weight="minutes")
    slow = [reached.get(node, np.nan) for node in real.nodes.index]
    fast = real.nearest_min({"s": services}, largest_only=False)["s"]
    assert_same(fast, pd.Series(slow, index=real.nodes.index))


def test_networkx_gets_the_same_network(real):
    graph, twin = real.to_networkx(), twin_graph(real)
    assert set(graph) == set(twin)
    for node in real.nodes.sample(3, random_state=4).index:
        given, slow = (
            nx.single_source_dijkstra_path_length(one, node, weight="minutes")
            for one in (graph, twin)
        )
        assert given == pytest.approx(slow, abs=1e-9)


# --------------------------------------------------------------- properties
def minutes_of(costs):
    return costs.set_index(["from_id", "to_id"])["minutes"]


def minutes_between(network, origins, destinations, *, within_min=1e6):
    costs = network.costs(origins, destinations, within_min=within_min, largest_only=False)
    return minutes_of(costs)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_walk_on_the_level_takes_as_long_back(data):
    edges = data.draw(networks(flat=True))
    places = data.draw(places_of(edges, prefix="p", min_size=2))
    there = minutes_between(StreetNetwork.from_edges(edges), places, places)
    back = there.swaplevel().loc[there.index]
    np.testing.assert_allclose(there, back, rtol=0, atol=1e-9)


def test_a_walk_through_a_level_city_takes_as_long_back(real):
    level = StreetNetwork.from_edges(real.edges[["from_node", "to_node", "length_m", "geometry"]])
    one, other = (places_about(level, 25, seed=seed, prefix="p") for seed in (5, 6))
    there, back = minutes_between(level, one, other), minutes_between(level, other, one)
    np.testing.assert_allclose(there, back.swaplevel().loc[there.index], rtol=0, atol=1e-9)
    assert len(there) == len(back) > 500


@settings(max_examples=30, deadline=None)
@given(st.data(), st.floats(0.1, 40), st.floats(0.1, 40))
def test_a_wider_limit_loses_no_destination_and_changes_no_walk(data, one_min, other_min):
    edges = data.draw(networks())
    origins = data.draw(places_of(edges, prefix="o"))
    services = data.draw(places_of(edges, prefix="s"))
    network = StreetNetwork.from_edges(edges)
    near, far = (
        minutes_between(network, origins, services, within_min=limit)
        for limit in sorted([one_min, other_min])
    )
    assert near.index.isin(far.index).all()
    np.testing.assert_array_equal(near, far.loc[near.index])


def test_a_wider_limit_changes_no_walk_in_a_city(real):
    places = places_about(real, 40, seed=7, prefix="p")
    walks = [minutes_between(real, places, places, within_min=limit) for limit in (5, 15, 40)]
    for near, far in itertools.pairwise(walks):
        assert len(near) < len(far)
        np.testing.assert_array_equal(near, far.loc[near.index])


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_who_takes_no_steps_never_gains(data):
    edges = data.draw(networks(flat=True))
    kinds = st.lists(
        st.sampled_from(["steps", "footway"]), min_size=len(edges), max_size=len(edges)
    )
    edges["highway"] = data.draw(kinds)
    assume((edges["highway"] == "footway").any())
    places = data.draw(places_of(edges, prefix="p", min_size=2))
    barred = StreetNetwork.from_edges(edges, walker=WHEELCHAIR)
    free = StreetNetwork.from_edges(edges, walker=AS_FAST)
    assert_never_gains(barred, free, places)


AS_FAST = Walker(name="as fast", speed_kmh=WHEELCHAIR.speed_kmh)


def assert_never_gains(barred, free, places):
    slow, fast = (minutes_between(one, places, places) for one in (barred, free))
    assert slow.index.isin(fast.index).all()
    assert (slow >= fast.loc[slow.index] - 1e-9).all()
    return slow, fast


def test_who_takes_no_steps_never_gains_in_a_city(real):
    places = places_about(real, 60, seed=8, prefix="p")
    barred, free = real.for_walker(WHEELCHAIR), real.for_walker(AS_FAST)
    slow, fast = assert_never_gains(barred, free, places)
    has_steps = "highway" in real.edges and (real.edges["highway"] == "steps").any()
    assert (len(slow) < len(fast) or (slow > fast.loc[slow.index] + 0.01).any()) == has_steps


@pytest.mark.parametrize("cores", [1, 5])
def test_any_number_of_threads_gives_the_same(real, cores, monkeypatch):
    origins = places_about(real, 600, seed=9, prefix="o")
    by = {f"c{one}": places_about(real, 30, seed=one, prefix="s") for one in range(10, 16)}
    expected = answers(real, origins, by)
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    for one, other in zip(answers(real, origins, by), expected, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def answers(network, origins, by):
    return (
        network.nearest_min(by, origins=origins),
        network.nearest_min(by, origins=origins, k=2),
        network.count_within(by, origins=origins, within_min=15),
        network.count_within(by, within_min=6),
        network.costs(origins, by["c10"], within_min=20),
    )


def test_neither_the_order_of_rows_nor_the_ends_of_edges_matter(real):
    origins = places_about(real, 100, seed=20, prefix="o")
    by = {f"c{one}": places_about(real, 30, seed=one, prefix="s") for one in range(10, 13)}
    mixed = real.edges.drop(columns="component").sample(frac=1, random_state=21)
    is_turned = np.random.default_rng(22).random(len(mixed)) < 0.5
    for pair in (["from_node", "to_node"], ["minutes_there", "minutes_back"]):
        mixed.loc[is_turned, pair] = mixed.loc[is_turned, pair[::-1]].to_numpy()
    lines = np.where(is_turned, mixed.geometry.reverse(), mixed.geometry)
    again = StreetNetwork.from_edges(mixed.set_geometry(lines, crs=mixed.crs), walker=real.walker)
    for one, other in zip(
        answers(again, origins.iloc[::-1], by), answers(real, origins, by), strict=True
    ):
        if "from_id" in one:  # costs
            assert_same(minutes_of(one).sort_index(), minutes_of(other).sort_index())
        else:
            assert_same(one.loc[other.index], other)


# ---------------------------------------------------------------- bad input
STREET = gpd.GeoDataFrame(
    {"from_node": ["a", "b"], "to_node": ["b", "c"], "length_m": [400.0, 400.0]},
    geometry=[LineString([(0, 0), (400, 0)]), LineString([(400, 0), (800, 0)])],
    index=pd.Index(["e0", "e1"], name="edge_id"),
    crs=CRS,
)
HOME = gpd.GeoSeries([Point(0, 0)], index=["home"], crs=CRS)


def test_a_network_without_edges_is_refused():
    with pytest.raises(DataError, match=r"^edges: none is walkable$"):
        StreetNetwork.from_edges(STREET.iloc[:0])
    none = np.empty(0)
    with pytest.raises(DataError, match=r"^edges: none is walkable$"):
        StreetNetwork.from_arrays(none, none, none, none, none, crs=CRS)
    with pytest.raises(DataError, match=r"^edges: none is walkable for adult$"):
        StreetNetwork.from_edges(STREET.assign(minutes_there=np.inf, minutes_back=np.inf))


@pytest.mark.parametrize("limit", [0, -1, np.nan, np.inf])
def test_a_limit_that_is_none_is_refused(limit):
    network = StreetNetwork.from_edges(STREET)
    message = f"^within_min: must be above 0, is {limit}$"
    for ask in (
        lambda: network.nearest_min({"s": HOME}, within_min=limit),
        lambda: network.count_within({"s": HOME}, within_min=limit),
        lambda: network.costs(HOME, HOME, within_min=limit),
    ):
        with pytest.raises(DataError, match=message):
            ask()


@pytest.mark.parametrize("k", [0, -1])
def test_less_than_the_first_nearest_is_refused(k):
    with pytest.raises(DataError, match=f"^k: must be at least 1, is {k}$"):
        StreetNetwork.from_edges(STREET).nearest_min({"s": HOME}, k=k)


@pytest.mark.parametrize("weight", [-1.0, np.nan])
def test_weights_that_cannot_be_are_refused_by_name(weight):
    with pytest.raises(DataError, match=r"^edges: length_m is negative or unknown: e1$") as told:
        StreetNetwork.from_edges(STREET.assign(length_m=[400.0, weight]))
    assert told.value.ids == ("e1",)
    edges = STREET.assign(minutes_there=[5.0, weight], minutes_back=[weight, 5.0])
    message = "minutes_there is negative or unknown: e1; minutes_back is negative or unknown: e0"
    with pytest.raises(DataError, match=f"^edges: {message}$"):
        StreetNetwork.from_edges(edges)
    nodes = np.array([0.0, 400.0])
    with pytest.raises(DataError, match=r"^edges: length_m is negative or unknown: 0$"):
        StreetNetwork.from_arrays(nodes, nodes, [0], [1], [weight], crs=CRS)


def test_edges_to_nodes_that_are_not_there_are_refused():
    x = np.array([0.0, 400.0])
    with pytest.raises(DataError, match=r"^edges: no such node: 1, 2$") as told:
        StreetNetwork.from_arrays(x, x, [0, 1, -1], [1, 2, 0], np.ones(3), crs=CRS)
    assert told.value.ids == (1, 2)


def test_places_off_the_map_are_told():
    network = StreetNetwork.from_edges(STREET)
    here = gpd.GeoSeries([Point(0, 0)], index=["here"], crs=CRS)
    away = gpd.GeoSeries([Point(90_000, 0), Point(0, 0)], index=["away", "home"], crs=CRS)
    for call in (
        lambda: network.nearest_min({"t": here, "s": away}),
        lambda: network.count_within({"s": away}, within_min=5),
    ):
        with pytest.raises(DataError, match=r"^over 50 km off the map: services: s: away$") as told:
            call()
        assert told.value.ids == ("away",)
    with pytest.raises(DataError, match=r"^over 50 km off the map: origins: away$"):
        network.costs(away, here, within_min=5)
    # Far, but of this city: it is left out if one says how far is too far
    far = gpd.GeoSeries([Point(9_000, 0)], index=["far"], crs=CRS)
    found = network.nearest_min({"s": far}, origins=here, max_snap_m=1_000)["s"]
    assert np.isnan(found.item())
    assert network.nearest_min({"s": far}, origins=here)["s"].notna().item()
