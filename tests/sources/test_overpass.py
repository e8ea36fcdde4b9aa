"""Answers of the Overpass API: small ones written here, and those of three cities."""

import json
from collections import Counter
from pathlib import Path

import geopandas as gpd
import osmium
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import geoequity as ge
from geoequity.errors import ConfigError, SourceError
from geoequity.sources.osm import read_osm
from geoequity.sources.overpass import NO_ELEMENT, NO_PLACE, NO_SHAPE
from geoequity.streets import StreetNetwork

CITIES = Path(__file__).parents[3] / "shared" / "cities"
CRS = "EPSG:32631"  # the worlds lie at 3 degrees east on the equator
STEP = 1e-3  # degrees between neighbouring places, 111 m
OLD, DAY, LATER, NEW = (
    "2021-11-11T12:48:43Z", "2025-08-13T01:57:00Z", "2025-08-13T21:00:00Z", "2025-10-13T00:45:44Z",
)  # fmt: skip
META = {"version": 2, "timestamp": "2020-02-03T04:05:06Z", "changeset": 9, "user": "u", "uid": 7}


def lonlat(x, y):
    return {"lat": round(y * STEP, 7), "lon": round(3 + x * STEP, 7)}


def node(number, x, y, tags=None, **more):
    return {"type": "node", "id": number, **lonlat(x, y), **told(tags), **more}


def way(number, nodes=None, tags=None, **more):
    return {
        "type": "way",
        "id": number,
        **({"nodes": nodes} if nodes else {}),
        **told(tags),
        **more,
    }


def relation(number, members, tags=None, **more):
    rows = [{"type": "way", "ref": ref, "role": "outer", **drawn} for ref, drawn in members]
    return {"type": "relation", "id": number, "members": rows, **told(tags), **more}


def told(tags):
    return {"tags": tags} if tags else {}


def corners(*places):
    return [place and lonlat(*place) for place in places]


STREET = [node(901, -9, 0), node(902, -8, 0), way(901, [901, 902], {"highway": "residential"})]
SQUARE = [node(1, 0, 0), node(2, 1, 0), node(3, 1, 1), node(4, 0, 1)]
RING = [1, 2, 3, 4, 1]


@pytest.fixture
def answer(tmp_path):
    """Write an answer, by default of one street and more; give its path."""

    def write(*elements, name="a.json", base=DAY, street=False, **top):
        body = {
            "version": 0.6,
            "generator": "Overpass API 0.7.62",
            "osm3s": {"timestamp_osm_base": base, "copyright": "ODbL"},
            "elements": [*elements, *(STREET if street else [])],
            **top,
        }
        path = tmp_path / name
        path.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
        return path

    return write


def names(layers):
    return layers.services["name"].to_dict()


# --------------------------------------------------------------- same as PBF
def answers_of(extract):
    """Tell all of an extract as an answer with out meta would."""
    elements = []
    for one in osmium.FileProcessor(extract):
        element = {"id": one.id, "version": one.version, "uid": one.uid, "tags": dict(one.tags)}
        element["timestamp"] = one.timestamp.isoformat()
        if one.is_node():
            element |= {"type": "node", "lat": one.location.lat, "lon": one.location.lon}
        elif one.is_way():
            element |= {"type": "way", "nodes": [place.ref for place in one.nodes]}
        else:
            rows = [
                {"type": {"n": "node", "w": "way", "r": "relation"}[m.type], "ref": m.ref}
                | {"role": m.role}
                for m in one.members
            ]
            element |= {"type": "relation", "members": rows}
        elements.append(element)
    return elements


def test_a_whole_city_comes_out_as_from_its_extract(answer):
    extract = Path(__file__).parents[1] / "data" / "monaco_2023.osm.pbf"
    elements = answers_of(extract)
    half = len(elements) // 2  # two answers that share a third, in no order
    first = answer(*reversed(elements[: half + half // 3]), name="a.json")
    second = answer(*elements[half - half // 3 :], name="b.json")
    got, expected = read_osm([second, first]), read_osm(extract)
    for key in ("streets", "services", "stops", "routes", "mapping"):
        pd.testing.assert_frame_equal(getattr(got, key), getattr(expected, key))
    for key in ("read", "made", "dropped"):
        assert got.counts[key] == expected.counts[key]
    assert got.date == pd.Timestamp(DAY)


# ------------------------------------------------------------------- merging
def test_overlapping_answers_are_merged_without_doubling(answer):
    school = way(5, RING, {"amenity": "school", "name": "A"})
    first = answer(*SQUARE, school, *STREET, name="a.json")
    second = answer(
        node(3, 1, 1), *SQUARE, school, way(6, [3, 1], {"highway": "path"}), name="b.json"
    )
    layers = read_osm([first, second], crs=CRS)
    assert layers.services.index.tolist() == ["way/5"]
    assert layers.streets.index.tolist() == ["way/6:0", "way/901:0"]
    assert layers.counts["dropped"] == {}


@pytest.mark.parametrize("swapped", [False, True])
def test_the_answer_of_the_newer_map_wins(answer, swapped):
    old = answer(node(1, 0, 0, {"amenity": "school", "name": "Old"}), name="a.json", base=OLD)
    new = answer(node(1, 5, 0, {"amenity": "clinic", "name": "New"}), name="b.json", base=NEW)
    layers = read_osm([new, old] if swapped else [old, new], crs=CRS)
    assert layers.services["category"].to_dict() == {"node/1": "clinic"}
    assert layers.services.to_crs(4326).geometry.x.iloc[0] == pytest.approx(3 + 5 * STEP)
    assert layers.date == pd.Timestamp(OLD)  # the oldest of several
    assert set(layers.counts["dates"].values()) == {pd.Timestamp(OLD), pd.Timestamp(NEW)}


def test_a_node_that_lost_its_tags_is_no_service_any_more(answer):
    old = answer(node(1, 0, 0, {"amenity": "school"}), name="a.json", base=OLD, street=True)
    new = answer(node(1, 0, 0), name="b.json", base=NEW)
    assert read_osm([old, new], crs=CRS).services.empty


@pytest.mark.parametrize("bare_first", [False, True])
@pytest.mark.parametrize("base", [DAY, LATER])
def test_a_bare_skeleton_of_the_same_day_takes_no_tags_away(answer, bare_first, base):
    whole = answer(node(1, 0, 0, {"amenity": "school"}), name="a.json", base=base)
    bare = answer(node(1, 0, 0), name="b.json", base=DAY)
    layers = read_osm([bare, whole] if bare_first else [whole, bare], crs=CRS)
    assert layers.services.index.tolist() == ["node/1"]


def test_one_answer_may_tell_an_element_twice(answer):
    """As the query ``out body; >; out skel qt;`` does with nodes that are both."""
    tagged = node(2, 1, 0, {"amenity": "pharmacy"})
    path = answer(tagged, way(5, RING, {"amenity": "school"}), *SQUARE)
    assert read_osm(path, crs=CRS).services.index.tolist() == ["node/2", "way/5"]


def test_versions_and_edits_decide_where_they_are_told(answer):
    school = {"amenity": "school"}
    high = answer(
        node(1, 0, 0, {**school, "name": "v3"}, **META | {"version": 3}), name="a.json", base=OLD
    )
    low = answer(node(1, 0, 0, {**school, "name": "v2"}, **META), name="b.json", base=NEW)
    assert names(read_osm([high, low], crs=CRS)) == {"node/1": "v3"}
    # edited after the other answer was made, though nobody told a version there
    meta = META | {"timestamp": "2025-09-01T00:00:00Z"}
    edited = answer(node(1, 0, 0, {**school, "name": "edited"}, **meta), name="c.json", base=NEW)
    plain = answer(node(1, 0, 0, {**school, "name": "plain"}), name="d.json", base=DAY)
    assert names(read_osm([edited, plain], crs=CRS)) == {"node/1": "edited"}
    # an edit of long ago was still true when the newer answer was made
    older = answer(node(1, 0, 0, {**school, "name": "older"}, **META), name="e.json", base=OLD)
    assert names(read_osm([older, plain], crs=CRS)) == {"node/1": "plain"}


def test_edits_and_editors_are_taken_from_meta_and_never_made_up(answer):
    told_of = answer(
        node(1, 0, 0, {"amenity": "school"}, **META), node(2, 1, 0, {"amenity": "bank"})
    )
    mapping = read_osm(told_of, crs=CRS).mapping.set_index("element")
    assert mapping.loc["node/1", "edited"] == pd.Timestamp(META["timestamp"])
    assert mapping.loc["node/1", "uid"] == 7
    assert mapping.loc["node/2", ["edited", "uid"]].isna().all()


places = st.integers(1, 6)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([OLD, DAY, NEW]), st.dictionaries(places, st.integers(0, 99))),
        min_size=1,
        max_size=5,
    ).filter(lambda told: any(every for _, every in told)),
    st.randoms(use_true_random=False),
)
def test_the_order_of_answers_is_of_no_account(tmp_path_factory, told_by, random):
    """The slow twin: for each id, the copy of the newest answer, the last of equals."""
    folder = tmp_path_factory.mktemp("answers")
    expected, paths = {}, []
    for base, every in sorted(dict(told_by).items()):
        path = folder / f"{base[:10]}.json"
        elements = [
            node(one, one, 0, {"amenity": "school", "name": str(value)})
            for one, value in every.items()
        ]
        elements += [node(99, 0, 9, {"amenity": "bank", "name": "always"})]
        body = {"elements": elements, "osm3s": {"timestamp_osm_base": base}}
        path.write_text(json.dumps(body), encoding="utf-8")
        expected |= {f"node/{one}": str(value) for one, value in every.items()}
        paths.append(path)
    random.shuffle(paths)
    assert names(read_osm(paths, crs=CRS)) == {**expected, "node/99": "always"}


# ----------------------------------------------------------- beside extracts
@pytest.fixture
def extract(tmp_path):
    """Write a PBF of a school (node 1, version 2) and a street, cut at a date if one is given."""

    def write(name, *, tags=None, cut=None, edited="2020-02-03T04:05:06Z", version=2):
        header = osmium.io.Header()
        if cut:
            header.set("osmosis_replication_timestamp", cut)
        path = tmp_path / name
        make = osmium.osm.mutable
        meta = {"version": version, "timestamp": edited, "uid": 5} if version else {}
        with osmium.SimpleWriter(str(path), header=header) as writer:
            writer.add_node(make.Node(id=1, location=(3, 0), tags=tags or {}, **meta))
            for one in (901, 902):
                writer.add_node(make.Node(id=one, location=(3 - (910 - one) * STEP, 0), **meta))
            street = {"highway": "residential"}
            writer.add_way(make.Way(id=901, nodes=[901, 902], tags=street, **meta))
        return path

    return write


@pytest.mark.parametrize(
    ("cut", "edited", "expected"),
    [
        (NEW, "2020-01-01T00:00:00Z", "extract"),  # cut after the answer
        (OLD, "2020-01-01T00:00:00Z", "answer"),  # cut before
        (None, "2025-09-01T00:00:00Z", "extract"),  # edited after
        (None, "2020-01-01T00:00:00Z", "answer"),  # nobody knows; the answer was true later
    ],
)
def test_the_newer_of_extract_and_answer_wins(answer, extract, cut, edited, expected):
    school = {"amenity": "school"}
    beside = extract("b.osm.pbf", tags={**school, "name": "extract"}, cut=cut, edited=edited)
    path = answer(node(1, 0, 0, {**school, "name": "answer"}))
    layers = read_osm([path, beside], crs=CRS)
    assert names(layers) == {"node/1": expected}
    assert layers.streets.index.tolist() == ["way/901:0"]  # of the extract alone
    uid = layers.mapping.set_index("element").loc["node/1", "uid"]
    assert uid == 5 if expected == "extract" else pd.isna(uid)


def test_a_higher_version_wins_over_an_extract_whatever_the_dates(answer, extract):
    school = {"amenity": "school"}
    beside = extract("b.osm.pbf", tags={**school, "name": "v2"}, cut=NEW)
    path = answer(node(1, 0, 0, {**school, "name": "v3"}, **META | {"version": 3}), base=OLD)
    assert names(read_osm([beside, path], crs=CRS)) == {"node/1": "v3"}


@pytest.mark.parametrize("cut", [DAY, NEW, None])
def test_a_bare_node_takes_no_tags_of_an_extract_away(answer, extract, cut):
    beside = extract("b.osm.pbf", tags={"amenity": "school"}, cut=cut, version=0)
    path = answer(node(1, 0, 0), node(2, 1, 1, {"amenity": "bank"}), base=LATER)
    layers = read_osm([path, beside], crs=CRS)
    assert layers.services.index.tolist() == ["node/1", "node/2"]


def test_a_damaged_extract_beside_an_answer_is_refused_with_its_name(answer, tmp_path):
    beside = tmp_path / "b.osm"
    beside.write_text('<osm version="0.6"><node id="abc" lat="1" lon="1"/></osm>')
    with pytest.raises(SourceError, match=r"^b\.osm: not a whole OpenStreetMap file: "):
        read_osm([answer(street=True), beside])


def test_an_answer_may_lean_on_the_nodes_of_an_extract(answer, extract):
    """A way with a centre whose nodes are at hand is drawn, not put at its centre."""
    beside = extract("b.osm.pbf")
    centred = way(7, [1, 901, 902, 1], {"amenity": "school"}, center=lonlat(-5, 0))
    lane = way(8, [1, 901], {"highway": "path"})
    layers = read_osm([answer(centred, lane), beside], crs=CRS)
    assert layers.services.geom_type.to_dict() == {}  # of no width: no area, and no point either
    assert layers.streets.index.tolist() == ["way/8:0", "way/901:0"]


# ------------------------------------------------------------ center and geom
def test_what_is_told_by_its_centre_becomes_a_point(answer):
    path = answer(
        way(5, RING, {"amenity": "school", "internet_access": "wlan"}, center=lonlat(2, 2)),
        relation(
            5, [(7, {})], {"type": "multipolygon", "amenity": "hospital"}, center=lonlat(4, 4)
        ),
        relation(6, [(8, {})], {"type": "site", "amenity": "school"}, center=lonlat(6, 6)),
        relation(7, [], {"type": "multipolygon", "amenity": "bank"}, center=lonlat(7, 7)),
        way(9, None, {"railway": "station", "station": "subway"}, center=lonlat(8, 8)),
    )
    layers = read_osm(path, crs=CRS)
    assert layers.services["category"].to_dict() == {
        "way/5": "wifi",
        "way/5#school": "school",
        "relation/5": "hospital",
        "relation/6": "school",
        "relation/7": "bank",
    }
    assert set(layers.services.geom_type) == {"Point"}
    there = layers.services.to_crs(4326).geometry["relation/6"]
    assert (there.x, there.y) == pytest.approx((3 + 6 * STEP, 6 * STEP))
    assert layers.stops["mode"].to_dict() == {"way/9": "metro"}
    assert set(layers.mapping["element"]) == set(layers.services.index) - {"way/5#school"}
    assert layers.streets is None


def test_streets_and_land_are_no_points(answer):
    """A park has square metres and a street has a length: the centre tells neither."""
    path = answer(
        way(5, RING, {"leisure": "park"}, center=lonlat(0, 0)),
        way(6, [1, 2], {"highway": "path"}, center=lonlat(0, 0)),
        way(7, [1, 2], {"barrier": "fence"}, center=lonlat(0, 0)),
        node(1, 3, 3, {"amenity": "school"}),
    )
    layers = read_osm(path, crs=CRS)
    assert layers.services.index.tolist() == ["node/1"]
    assert layers.counts["dropped"] == {NO_SHAPE: ["way/5", "way/6"]}


def test_a_shape_is_better_than_a_centre(answer):
    school = {"amenity": "school"}
    point = answer(way(5, RING, school, center=lonlat(9, 9)), name="a.json", base=LATER)
    shape = answer(*SQUARE, name="b.json")
    layers = read_osm([point, shape], crs=CRS)
    assert layers.services.geom_type.to_dict() == {"way/5": "Polygon"}
    assert layers.services.area.iloc[0] == pytest.approx((111.275) * (110.53), rel=1e-3)


def test_ways_are_drawn_from_their_geometry(answer):
    path = answer(
        way(
            5, RING, {"amenity": "school"}, geometry=corners((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))
        ),
        way(6, [2, 9], {"highway": "path"}, geometry=corners((1, 0), (3, 0))),
        way(7, [9, 8], {"highway": "path"}, geometry=corners((3, 0), (4, 0))),
    )
    layers = read_osm(path, crs=CRS)
    assert layers.services.geom_type.to_dict() == {"way/5": "Polygon"}
    ends = layers.streets[["from_node", "to_node"]].to_numpy().tolist()
    assert ends == [[2, 9], [9, 8]]


def test_geometry_without_ids_meets_where_its_corners_are_equal(answer):
    """As ``out tags geom`` tells it; what is outside the box of the query is null."""
    path = answer(
        node(1, 0, 0, {"highway": "crossing"}),
        way(6, None, {"highway": "path"}, geometry=corners((0, 0), (1, 0), (2, 0))),
        way(7, None, {"highway": "path"}, geometry=corners((1, 1), (1, 0))),
        way(8, None, {"highway": "path"}, geometry=corners((2, 0), (3, 0), None, (5, 0), (6, 0))),
    )
    layers = read_osm(path, crs=CRS)
    assert layers.streets.index.tolist() == ["way/6:0", "way/6:1", "way/7:0", "way/8:0", "way/8:3"]
    network = StreetNetwork.from_edges(layers.streets)
    assert network.islands()["components"] == 2
    assert 1 in network.nodes.index  # its id is known
    assert layers.counts["dropped"] == {"part of a way, its nodes not in the file": ["way/8"]}


def test_relations_are_drawn_from_the_geometry_of_their_members(answer):
    outer = {"geometry": corners((0, 0), (3, 0), (3, 3), (0, 3), (0, 0))}
    inner = {"geometry": corners((1, 1), (2, 1), (2, 2), (1, 2), (1, 1)), "role": "inner"}
    hospital = {"type": "multipolygon", "amenity": "hospital"}
    line = {"geometry": corners((0, 9), (5, 9)), "role": ""}
    path = answer(
        relation(5, [(11, outer), (12, inner)], hospital),
        relation(6, [(13, line)], {"type": "route", "route": "subway", "ref": "1"}),
    )
    layers = read_osm(path, crs=CRS)
    yard = layers.services.geometry["relation/5"]
    assert (len(yard.interiors), yard.area) == (1, pytest.approx(8 * 111.275 * 110.53, rel=1e-3))
    assert layers.routes["mode"].to_dict() == {"relation/6": "metro"}
    assert layers.routes.length.iloc[0] == pytest.approx(5 * 111.275, rel=1e-3)


def test_routes_of_an_answer_serve_stops_that_only_their_centre_tells(answer):
    line = {"geometry": corners((0, 0), (5, 0)), "role": ""}
    route = relation(6, [(13, line)], {"type": "route", "route": "bus"})
    route["members"].append({"type": "way", "ref": 9, "role": "platform"})
    platform = way(9, None, {"public_transport": "platform", "bus": "yes"}, center=lonlat(1, 0))
    layers = read_osm(answer(route, platform), crs=CRS)
    assert layers.stops.index.tolist() == ["way/9"]
    assert layers.stop_routes.to_numpy().tolist() == [["way/9", "relation/6"]]


def test_what_is_missing_is_counted_as_in_an_extract(answer):
    path = answer(
        way(6, [1, 2, 8], {"highway": "path"}),
        *SQUARE,
        relation(5, [(11, {})], {"type": "multipolygon", "amenity": "hospital"}),
        node(7, 0, 0, {"amenity": "school"}) | {"lat": None, "lon": None},
        way(9, None, {"amenity": "school"}),
        {"type": "area", "id": 3600000001, "tags": {"name": "Town"}},
    )
    layers = read_osm(path, crs=CRS)
    assert layers.streets.index.tolist() == ["way/6:0"]
    assert layers.counts["dropped"] == {
        NO_ELEMENT: ["area/3600000001"],
        NO_PLACE: ["way/9", "node/7"],
        "part of a way, its nodes not in the file": ["way/6"],
        "area whose outline is not all in the file": ["relation/5"],
    }


# -------------------------------------------------------------------- faults
BAD = "not a whole answer of the Overpass API: "


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<html><body>504 Gateway Timeout</body></html>", "HTML or XML instead of JSON"),
        ('\ufeff\n<?xml version="1.0"?><osm/>', "HTML or XML instead of JSON"),
        ("", "Invalid JSON: EOF while parsing a value"),
        ('{"elements": [{"type": "node", "id": 1, "la', "Invalid JSON: EOF .* is it cut short"),
        ("type:node", "Invalid JSON"),
        ("[]", "it has no list of elements"),
        ("3", "it has no list of elements"),
        ('{"type": "FeatureCollection", "features": []}', "it has no list of elements"),
        ('{"elements": {"type": "node"}}', "it has no list of elements"),
        ('{"elements": []}', "no elements; the query found nothing"),
        ('{"elements": [{"type": "node", "id": 1}]}', "elements without a place"),
        (
            '{"elements": [{"type": "node", "id": "x"}, {"type": "way"}]}',
            r"elements\.0\.id: .* integer.* and 1 more",
        ),
        (
            '{"elements": [{"type": "node", "id": 1, "lat": 91.5, "lon": 0}]}',
            r"elements\.0\.lat: .* less than or equal to 90",
        ),
        (
            '{"elements": [{"type": "count", "id": 0, "tags": {"nodes": "12", "total": "12"}}]}',
            r"a count \(out count\)",
        ),
    ],
)
def test_what_is_no_answer_is_refused_with_its_name(tmp_path, text, said):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=f"^a\\.json: {BAD}{said}") as caught:
        read_osm(path)
    assert caught.value.source == path


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b'{"elements": [{"type": "node", "id": 1, "tags": {"name": "\xff"}}]}')
    with pytest.raises(SourceError, match=rf"^a\.json: {BAD}Invalid JSON: invalid unicode"):
        read_osm(path)


@pytest.mark.parametrize(
    "remark",
    [
        'runtime error: Query timed out in "query" at line 3 after 181 seconds.',
        "runtime error: Query run out of memory using about 2048 MB of RAM.",
    ],
)
def test_an_answer_that_broke_off_is_refused(answer, remark):
    """The server sends it with status 200, and with the elements that it got to."""
    path = answer(street=True, remark=remark)
    with pytest.raises(SourceError, match=rf"^a\.json: {BAD}the server broke off: runtime error"):
        read_osm(path)


def test_another_remark_is_told_and_no_fault(answer, caplog):
    path = answer(street=True, remark="runtime remark: served from a cache")
    assert len(read_osm(path).streets) == 1
    assert "a.json: the server remarks: runtime remark: served from a cache" in caplog.text


def test_all_bad_answers_are_told_at_once(answer, tmp_path):
    good = answer(street=True)
    empty = answer(name="b.json")
    missing = tmp_path / "c.json"
    with pytest.raises(SourceError, match=r"^b\.json: .*\nc\.json: no such file") as caught:
        read_osm([good, empty, missing])
    assert caught.value.source == [empty, missing]


def test_an_answer_without_its_date_has_none(answer):
    assert read_osm(answer(street=True, osm3s={})).date is None
    odd = answer(street=True, base=r"2025-06-05T22\:31\:05Z")  # as some servers write it
    assert read_osm(odd).date == pd.Timestamp("2025-06-05T22:31:05Z")


def test_a_network_needs_streets(answer):
    path = answer(node(1, 0, 0, {"amenity": "school"}))
    with pytest.raises(SourceError, match=r"a\.json: no street, only places"):
        StreetNetwork.from_osm(path)
    network = StreetNetwork.from_osm(answer(street=True, name="b.json"))
    assert len(network.edges) == 1


def test_all_streets_keep_their_class(answer):
    """A drive network is walked by the same rules; it has motorways and lacks paths."""
    path = answer(
        *SQUARE,
        way(5, [1, 2], {"highway": "motorway"}),
        way(6, [2, 3], {"highway": "residential", "oneway": "yes"}),
    )
    streets = read_osm(path, crs=CRS).streets
    assert streets["highway"].tolist() == ["motorway", "residential"]
    assert streets["walkable"].tolist() == [False, True]


# -------------------------------------------------------------- in a city file
def town(folder, *, tags):
    """Write an answer of places and of one street through the town of two by two districts."""
    spots = gpd.GeoSeries.from_xy(
        [500_250, 501_750, 500_250, 501_250],
        [8_000_250, 8_001_750, 8_001_750, 8_000_250],
        crs=32718,
    ).to_crs(4326)
    elements = [
        {"type": "node", "id": one, "lat": spot.y, "lon": spot.x, "tags": tag}
        for one, (spot, tag) in enumerate(zip(spots, tags, strict=True), start=1)
    ]
    lane = way(9, [1, 2], {"highway": "residential", "lit": "yes"})
    body = {"osm3s": {"timestamp_osm_base": DAY}, "elements": [*elements, lane]}
    (folder / "answer.json").write_text(json.dumps(body), encoding="utf-8")


PLACES = (
    {"amenity": "clinic"},
    {"amenity": "clinic"},
    {"amenity": "bank"},
    {"highway": "bus_stop"},
)


def study_of(make_city, **changes):
    path = make_city(**changes)
    town(path.parent, tags=PLACES)
    study = ge.assess(ge.City.from_toml(path))
    records = {one["name"]: one for one in study.provenance["sources"]}
    return study, records["osm"]


def test_a_table_of_streets_is_walked_to_the_places_of_the_map(make_city):
    study, record = study_of(make_city, osm={"path": "answer.json"}, walking={"homes_m": 5})
    minutes = study.cell_indicators["clinic_walk_min"]
    # The clinic is in the middle of k00, from which streets run east and north, to 20 m beyond
    # the cell; those of k10 run west, east and north of its own middle, 500 m away
    half_m = 5 / 2 / 80
    assert minutes["k00"] == pytest.approx(135 / 80, abs=half_m)
    assert minutes["k10"] == pytest.approx((365 + 635 + 635) / 3 / 80, abs=half_m)
    assert study.summary["method"]["streets"] == "network"
    assert study.summary["absent"]["lit_street_share"]["id"] == "no_street_tags"
    assert (record["date"], record["made"]["services"]) == ("2025-08-13", 3)
    (dropped,) = record["dropped"]
    assert dropped["reason"] == "the table of streets is walked instead"
    assert dropped["ids"] == ["way/9:0"]


def test_strays_are_left_out_where_the_city_file_says_what_was_asked_for(make_city):
    asked = {"path": "answer.json", "only": ["clinic"]}
    study, record = study_of(make_city, osm=asked, streets=None)
    assert study.summary["method"]["streets"] == "straight_line"
    assert "clinic_walk_min" in study.summary["indicators"]
    assert study.summary["absent"]["bank_walk_min"]["id"] == "no_services"
    (dropped,) = record["dropped"]
    assert dropped == {
        "reason": "not among what is asked for",
        "count": 3,
        "ids": ["node/3", "node/4", "way/9:0"],
    }
    assert record["made"]["services"] == 2
    everything, _ = study_of(make_city, osm={"path": "answer.json"}, streets=None)
    assert everything.summary["method"]["streets"] == "network"
    assert "bank_walk_min" in everything.summary["indicators"]


def test_what_the_map_cannot_be_asked_for_is_a_fault(make_city):
    with pytest.raises(
        ConfigError, match=r"osm\.only: nothing is called 'schools'; there are .*school"
    ):
        study_of(make_city, osm={"path": "answer.json", "only": ["schools", "streets", "stops"]})


# --------------------------------------------------------------- real cities
needs_cities = pytest.mark.skipif(not CITIES.is_dir(), reason="the open data of cities are absent")


def raw(path):
    return json.loads(path.read_text(encoding="utf-8"))["elements"]


def tagged(elements, key, value):
    """Count elements as tagged: nodes, ways and relations with a tag."""
    return [one for one in elements if one.get("tags", {}).get(key) == value]


@needs_cities
def test_ways_of_santiago_are_merged_by_id_and_the_newest_wins():
    """Counts of ways as published with the files; two pairs of answers overlap."""
    files = {
        "calles_centro_2021": 1462,
        "calles_las_condes_la_reina_2021": 3226,
        "calles_oriente_2021": 4435,
        "streets_providencia_2025": 2792,
    }
    folder = CITIES / "santiago"
    paths = [folder / f"osm_{name}_overpass.json" for name in files]
    ways = {path: {one["id"]: one for one in raw(path) if one["type"] == "way"} for path in paths}
    assert [len(one) for one in ways.values()] == list(files.values())
    newest = ways[paths[-1]]
    shared = sorted(len(newest.keys() & ways[path].keys()) for path in paths[:-1])
    assert shared == [0, 167, 189]
    layers = read_osm(paths)
    streets = layers.streets.assign(
        way=layers.streets.index.str.extract(r"^way/(\d+):", expand=False)
    )
    every = {}
    for path in (paths[0], paths[2], paths[1], paths[3]):  # in order of their dates
        every |= ways[path]
    assert set(streets["way"]) == {str(one) for one in every}
    assert layers.counts["dropped"] == {}
    classes = streets.groupby("way")[["highway", "name"]].first()
    for number, one in every.items():
        assert classes.loc[str(number), "highway"] == one["tags"]["highway"]
        told_name = classes.loc[str(number), "name"]
        assert (None if pd.isna(told_name) else told_name) == one["tags"].get("name")
    changed = [
        one
        for one in newest
        if any(one in ways[p] and ways[p][one] != newest[one] for p in paths[:3])
    ]
    assert len(changed) > 0  # so that it matters which wins
    assert layers.date == pd.Timestamp("2021-11-11T12:48:43Z")
    assert layers.mapping[["edited", "uid"]].isna().all(axis=None)


@needs_cities
@pytest.mark.parametrize(
    ("file", "tag", "category", "count", "lost"),
    [
        ("medellin/osm_schools_city_2025", ("amenity", "school"), "school", 836, {}),
        ("medellin/osm_schools_metro_2025", ("amenity", "school"), "school", 1118, {}),
        ("medellin/osm_hospitals_city_2025", ("amenity", "hospital"), "hospital", 99, {}),
        ("medellin/osm_hospitals_metro_2025", ("amenity", "hospital"), "hospital", 118, {}),
        ("medellin/osm_clinics_metro_2025", ("amenity", "clinic"), "clinic", 123, {}),
        (
            "medellin/osm_parks_city_2025",
            ("leisure", "park"),
            "open_space",
            829,
            {"a node has no land": 72, "not open to all": 1},
        ),
        (
            "medellin/osm_parks_metro_2025",
            ("leisure", "park"),
            "open_space",
            917,
            {"a node has no land": 78, "not open to all": 2},
        ),
        ("mexico_city/osm_hospitals_2025", ("amenity", "hospital"), "hospital", 254, {}),
        (
            "mexico_city/osm_schools_2025",
            ("amenity", "school"),
            "school",
            1730,
            {"line where an area is meant": 3},
        ),
    ],
)
def test_every_element_as_tagged_is_a_service_or_has_its_reason(file, tag, category, count, lost):
    path = CITIES / f"{file}_overpass.json"
    asked = tagged(raw(path), *tag)
    assert len(asked) == count
    layers = read_osm(path)
    found = layers.services[layers.services["category"] == category].index.str.split("#").str[0]
    assert found.is_unique
    dropped = {one: why for why, ids in layers.counts["dropped"].items() for one in ids}
    reasons = Counter()
    for one in asked:
        name = f"{one['type']}/{one['id']}"
        if name in found:
            continue
        closed = category == "open_space" and one["tags"].get("access") in {
            "private",
            "no",
            "customers",
        }
        no_land = category == "open_space" and one["type"] == "node"
        why = "a node has no land" if no_land else "not open to all" if closed else dropped[name]
        reasons[why] += 1
    assert reasons == lost
    assert len(found) == count - sum(lost.values())  # parking that came along is no service


@needs_cities
def test_the_schools_of_the_municipality_are_those_inside_its_comunas():
    """The answer with a buffer of 3 km holds the same 836 schools, and 282 beyond."""
    folder = CITIES / "medellin"
    comunas = gpd.read_parquet(folder / "comunas_corregimientos.parquet")
    city = read_osm(folder / "osm_schools_city_2025_overpass.json").services
    metro = read_osm(folder / "osm_schools_metro_2025_overpass.json").services
    places = metro.representative_point()
    inside = places.intersects(comunas.to_crs(metro.crs).union_all())
    assert set(metro.index[inside]) == set(city.index)
    assert (len(city), len(metro)) == (836, 1118)
    named = comunas[comunas["NOMBRE"].notna()].to_crs(metro.crs).union_all()
    assert places.intersects(named).sum() == 836 - 3  # the others lie in two slivers without name


@needs_cities
def test_rail_stations_of_mexico_city_are_stops_or_have_their_reason():
    path = CITIES / "mexico_city" / "osm_rail_stations_2025_overpass.json"
    asked = tagged(raw(path), "railway", "station")
    assert len(asked) == 210
    layers = read_osm(path)
    stops = layers.stops.index.str.split("#").str[0]
    missing = [one for one in asked if f"{one['type']}/{one['id']}" not in stops]
    gone = [one for one in missing if {"construction", "building"} & one["tags"].keys()]
    assert len(missing) == len(gone) == 2  # under construction
    assert layers.streets is None
    assert set(layers.stops["mode"]) >= {"metro", "rail", "tram"}


@pytest.mark.parametrize("number", [2**63, 10**40, -5])
@pytest.mark.parametrize("where", ["id", "nodes", "ref"])
def test_ids_that_the_map_cannot_have_are_refused(answer, number, where):
    spoilt = {
        "id": node(number, 0, 0),
        "nodes": way(7, [1, number], {"highway": "path"}),
        "ref": relation(7, [(number, {})], {"type": "route"}),
    }[where]
    with pytest.raises(SourceError, match=rf"a\.json: .*elements\.0.*{where}"):
        read_osm(
            [
                answer(spoilt, street=True),
                Path(__file__).parents[1] / "data" / "monaco_2023.osm.pbf",
            ]
        )
