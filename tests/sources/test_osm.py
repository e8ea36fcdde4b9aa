"""Reading OpenStreetMap extracts: small written worlds, and two real ones."""

import os
import re
from collections import Counter
from pathlib import Path
from xml.sax.saxutils import quoteattr

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from geoequity import schema
from geoequity.errors import CRSError, DataError, SourceError
from geoequity.sources import osm_text, osm_ways
from geoequity.sources.osm import read_osm
from geoequity.sources.osm_tags import (
    STOP_FEATURES,
    capacity,
    has_cycleway,
    interval_min,
    rules,
    sidewalk,
)

DATA = Path(__file__).parents[1] / "data"
MONACO = DATA / "monaco_2023.osm.pbf"
HELSINKI = DATA / "helsinki_centre_2019.osm.pbf"
CRS = "EPSG:32631"  # the worlds lie at 3 degrees east on the equator, its middle
STEP = 1e-3  # degrees between neighbouring places of a world, 111 m


def spot(x, y):
    return (3 + x * STEP, y * STEP)


def world(path, *, nodes=(), ways=(), relations=(), order="nwr", meta=""):
    """Write nodes (id, x, y, tags), ways (id, refs, tags) and relations (id, members, tags)."""
    parts = {"n": "", "w": "", "r": ""}
    for node, x, y, tags in nodes:
        lon, lat = spot(x, y)
        parts["n"] += (
            f'<node id="{node}" {meta} lon="{lon:.7f}" lat="{lat:.7f}">{tagged(tags)}</node>'
        )
    for way, refs, tags in ways:
        inner = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        parts["w"] += f'<way id="{way}" {meta}>{inner}{tagged(tags)}</way>'
    for relation, members, tags in relations:
        inner = "".join(
            f'<member type="{t}" ref="{ref}" role="{role}"/>' for t, ref, role in members
        )
        parts["r"] += f'<relation id="{relation}" {meta}>{inner}{tagged(tags)}</relation>'
    body = "".join(parts[kind] for kind in order)
    path.write_text(f'<?xml version="1.0"?><osm version="0.6">{body}</osm>', encoding="utf-8")
    return path


def tagged(tags):
    return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())


def plain(*places):
    """Untagged nodes, numbered from 1."""
    return [(number, x, y, {}) for number, (x, y) in enumerate(places, start=1)]


# One street far to the west, for worlds that are about something else.
STREET_NODES = [(901, -9, 0, {}), (902, -8, 0, {})]
STREET = (901, [901, 902], {"highway": "residential"})


@pytest.fixture
def read(tmp_path):
    """Read a world that is written on the spot, with a street in it."""

    def read(*, nodes=(), ways=(), relations=(), street=True, crs=CRS, extent=None, **how):
        if street:
            nodes, ways = [*nodes, *STREET_NODES], [*ways, STREET]
        path = world(tmp_path / "world.osm", nodes=nodes, ways=ways, relations=relations, **how)
        return read_osm(path, crs=crs, extent=extent)

    return read


@pytest.fixture(scope="module")
def monaco():
    return read_osm(MONACO)


@pytest.fixture(scope="module")
def helsinki():
    return read_osm(HELSINKI)


# ------------------------------------------------------------------ streets
def test_streets_are_parted_where_they_meet_and_nowhere_else(read):
    # 1 - 2 - 3 - 4 along, and 5 - 3 - 6 across: they meet at 3; 2 is a bend.
    nodes = plain((0, 0), (1, 0.5), (2, 0), (3, 0), (2, 1), (2, -1))
    ways = [(1, [1, 2, 3, 4], {"highway": "primary"}), (2, [5, 3, 6], {"highway": "footway"})]
    streets = read(nodes=nodes, ways=ways, street=False).streets
    ends = {edge: (row.from_node, row.to_node) for edge, row in streets.iterrows()}
    assert ends == {"way/1:0": (1, 3), "way/1:2": (3, 4), "way/2:0": (5, 3), "way/2:1": (3, 6)}
    assert streets.index.name == "edge_id"
    assert [len(line.coords) for line in streets.geometry] == [3, 2, 2, 2]
    assert streets["highway"].tolist() == ["primary", "primary", "footway", "footway"]


def test_length_is_that_of_the_projected_line(read):
    streets = read(nodes=plain((0, 0), (1, 0)), ways=[(1, [1, 2], {"highway": "path"})]).streets
    # 0.001 degrees on the equator of WGS84, by the scale 0.9996 on the middle of the zone
    expected = 6378137 * np.pi / 180 * STEP * 0.9996
    assert streets.loc["way/1:0", "length_m"] == pytest.approx(expected, rel=1e-6)
    assert streets.length.to_numpy() == pytest.approx(streets["length_m"].to_numpy())


def test_a_ring_is_parted_at_its_first_node_and_where_others_meet_it(read):
    nodes = plain((0, 0), (1, 0), (1, 1), (0, 1), (2, 1))
    ring = (1, [1, 2, 3, 4, 1], {"highway": "residential", "junction": "roundabout"})
    alone = read(nodes=nodes, ways=[ring], street=False).streets
    assert alone[["from_node", "to_node"]].to_numpy().tolist() == [[1, 1]]
    met = read(nodes=nodes, ways=[ring, (2, [3, 5], {"highway": "path"})], street=False).streets
    assert met[["from_node", "to_node"]].to_numpy().tolist() == [[1, 3], [3, 1], [3, 5]]


def test_a_street_that_crosses_itself_at_a_node_is_parted_there(read):
    nodes = plain((0, 0), (1, 0), (2, 0), (2, 1), (1, 1), (1, -1))
    ways = [(1, [1, 2, 3, 4, 5, 2, 6], {"highway": "path"})]
    streets = read(nodes=nodes, ways=ways, street=False).streets
    assert streets[["from_node", "to_node"]].to_numpy().tolist() == [[1, 2], [2, 2], [2, 6]]


def test_a_bridge_over_a_street_does_not_meet_it(read):
    nodes = plain((0, 0), (2, 0), (1, -1), (1, 1), (1, 0), (1, 0))  # 5 and 6 in one place
    ways = [
        (1, [1, 5, 2], {"highway": "path"}),
        (2, [3, 6, 4], {"highway": "path", "bridge": "yes"}),
    ]
    streets = read(nodes=nodes, ways=ways, street=False).streets
    assert len(streets) == 2
    assert streets["bridge"].astype(object).fillna("untagged").tolist() == ["untagged", "yes"]


def test_streets_fall_into_parts_where_the_file_lacks_nodes(read):
    nodes = plain((0, 0), (1, 0), (2, 0), (3, 0))
    ways = [
        (1, [1, 2, 77, 3, 4], {"highway": "path"}),
        (2, [78, 79], {"highway": "path"}),
        (3, [1, 78], {"highway": "path"}),
    ]
    layers = read(nodes=nodes, ways=ways, street=False)
    assert layers.streets[["from_node", "to_node"]].to_numpy().tolist() == [[1, 2], [3, 4]]
    assert layers.streets.index.tolist() == ["way/1:0", "way/1:3"]
    gaps = layers.counts["dropped"]["part of a way, its nodes not in the file"]
    assert gaps == ["way/1", "way/2", "way/3"]


def test_a_node_named_twice_running_is_one(read):
    nodes = plain((0, 0), (1, 0))
    streets = read(nodes=nodes, ways=[(1, [1, 1, 2, 2], {"highway": "path"})], street=False).streets
    assert streets[["from_node", "to_node"]].to_numpy().tolist() == [[1, 2]]


def test_streets_of_no_length_make_one_node_of_two(read):
    # 2, 3 and 4 lie in one place, joined by stretches of no length.
    nodes = plain((0, 0), (1, 0), (1, 0), (1, 0), (2, 0))
    pairs = [(1, 2), (2, 3), (3, 4), (4, 5)]
    ways = [(number, list(pair), {"highway": "path"}) for number, pair in enumerate(pairs, 1)]
    streets = read(nodes=nodes, ways=ways, street=False).streets
    assert streets[["from_node", "to_node"]].to_numpy().tolist() == [[1, 2], [2, 5]]
    assert (streets["length_m"] > 0).all()


@pytest.mark.parametrize(
    ("tags", "walkable"),
    [
        # foot comes first, whatever else is said
        ({"highway": "cycleway", "foot": "designated", "access": "no"}, True),
        ({"highway": "service", "access": "private", "foot": "permissive"}, True),
        ({"highway": "motorway_link", "foot": "yes"}, True),
        ({"highway": "secondary", "foot": "optional_sidepath"}, True),
        ({"highway": "cycleway", "foot": "designated;yes"}, True),
        ({"highway": "trunk", "foot": "no"}, False),
        ({"highway": "footway", "foot": "private"}, False),
        ({"highway": "secondary", "foot": "use_sidepath", "sidewalk": "separate"}, False),
        ({"highway": "residential", "foot": "no", "sidewalk": "both"}, False),
        # then access
        ({"highway": "service", "access": "private"}, False),
        ({"highway": "service", "access": "no"}, False),
        ({"highway": "track", "access": "agricultural;forestry"}, False),
        ({"highway": "service", "access": "private", "sidewalk": "left"}, False),
        ({"highway": "service", "access": "customers"}, True),
        ({"highway": "residential", "access": "destination"}, True),
        # then a sidewalk of its own
        ({"highway": "motorway", "sidewalk": "right"}, True),
        ({"highway": "trunk", "motorroad": "yes", "sidewalk:left": "yes"}, True),
        ({"highway": "busway", "sidewalk": "both"}, True),
        ({"highway": "motorway", "sidewalk": "separate"}, False),
        ({"highway": "motorway", "sidewalk": "no"}, False),
        # then the kind of street
        ({"highway": "motorway"}, False),
        ({"highway": "motorway_link"}, False),
        ({"highway": "cycleway"}, False),
        ({"highway": "bridleway"}, False),
        ({"highway": "busway"}, False),
        ({"highway": "bus_guideway"}, False),
        ({"highway": "trunk", "motorroad": "yes"}, False),
        # and anything else is walkable
        ({"highway": "residential"}, True),
        ({"highway": "residential", "sidewalk": "no"}, True),
        ({"highway": "trunk"}, True),
        ({"highway": "service", "service": "driveway"}, True),
        ({"highway": "steps"}, True),
        ({"highway": "steps", "conveying": "forward"}, True),
        ({"highway": "footway", "conveying": "yes"}, True),
        ({"highway": "elevator"}, True),
        ({"highway": "corridor"}, True),
        ({"highway": "platform"}, True),
        ({"highway": "pedestrian", "area": "yes"}, True),
        ({"highway": "a_new_kind"}, True),
    ],
)
def test_who_may_walk_follows_the_table(read, tags, walkable):
    streets = read(nodes=plain((0, 0), (1, 0)), ways=[(1, [1, 2], tags)]).streets
    assert streets.loc["way/1:0", "walkable"] == walkable
    assert streets["walkable"].dtype == bool


@pytest.mark.parametrize(
    "tags",
    [
        {"highway": "construction"},
        {"highway": "proposed"},
        {"highway": "raceway"},
        {"highway": "residential", "abandoned": "yes"},
        {"highway": "via_ferrata"},
        {"railway": "tram"},
        {"waterway": "river"},
    ],
)
def test_what_is_not_there_or_not_a_street_is_left_out(read, tags):
    layers = read(nodes=plain((0, 0), (1, 0)), ways=[(1, [1, 2], tags)])
    assert layers.streets.index.tolist() == ["way/901:0"]
    dropped = layers.counts["dropped"].get("street that is not there or not a street", [])
    assert dropped == (["way/1"] if "highway" in tags else [])


@pytest.mark.parametrize("tags", [{}, {"highway": "service"}, {"highway": "ferry"}])
def test_a_ferry_is_a_route_and_never_a_street(read, tags):
    layers = read(nodes=plain((0, 0), (1, 0)), ways=[(1, [1, 2], tags | {"route": "ferry"})])
    assert layers.streets.index.tolist() == ["way/901:0"]
    assert layers.routes["mode"].to_dict() == {"way/1": "ferry"}


def test_tags_are_kept_and_absent_where_untagged(read):
    tags = {
        "highway": "path", "lit": "yes", "foot": "yes", "access": "yes", "oneway": "yes",
        "surface": "gravel", "width": "2", "incline": "10%", "conveying": "no", "tunnel": "yes",
        "bridge": "no", "layer": "-1", "name": "Calle 1",
    }  # fmt: skip
    nodes = plain((0, 0), (1, 0), (2, 0))
    ways = [(1, [1, 2], tags), (2, [2, 3], {"highway": "path"})]
    streets = read(nodes=nodes, ways=ways, street=False).streets
    assert streets.loc["way/1:0", list(tags)].to_dict() == tags
    bare = [tag for tag in tags if tag != "highway"]
    assert streets.loc["way/2:0", [*bare, "sidewalk", "oneway_foot"]].isna().all()


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, None),
        ({"sidewalk": "both"}, "yes"),
        ({"sidewalk": "left"}, "yes"),
        ({"sidewalk": "separate"}, "yes"),
        ({"sidewalk": "no"}, "no"),
        ({"sidewalk": "none"}, "no"),
        ({"sidewalk:both": "no"}, "no"),
        ({"sidewalk:left": "no", "sidewalk:right": "no"}, "no"),
        ({"sidewalk:left": "no"}, None),
        ({"sidewalk:left": "no", "sidewalk:right": "separate"}, "yes"),
    ],
)
def test_the_ways_of_tagging_sidewalks_are_merged(tags, expected):
    assert sidewalk(tags) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"highway": "cycleway"}, True),
        ({"highway": "path", "bicycle": "designated"}, True),
        ({"highway": "primary", "cycleway": "lane"}, True),
        ({"highway": "primary", "cycleway:right": "track"}, True),
        ({"highway": "primary", "cycleway": "no"}, False),
        ({"highway": "primary", "cycleway": "shared_lane"}, False),
        ({"highway": "primary", "bicycle": "yes"}, False),
    ],
)
def test_cycleways_are_lanes_tracks_and_designated_paths(tags, expected):
    assert has_cycleway(tags) is expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, None),
        ({"oneway": "yes"}, None),
        ({"oneway": "-1"}, None),
        ({"oneway:foot": "yes"}, "yes"),
        ({"oneway:foot": "-1"}, "-1"),
        ({"oneway:foot": "no", "oneway": "yes"}, None),
        ({"foot:backward": "no"}, "yes"),
        ({"foot:forward": "no"}, "-1"),
        ({"foot:backward": "yes"}, None),
        ({"oneway:foot": "no", "foot:backward": "no"}, None),
    ],
)
@pytest.mark.parametrize("highway", ["residential", "footway", "steps"])
def test_only_what_says_so_is_one_way_on_foot(read, highway, tags, expected):
    ways = [(1, [1, 2], {"highway": highway, **tags})]
    streets = read(nodes=plain((0, 0), (1, 0)), ways=ways).streets
    told = streets["oneway_foot"].astype(object)["way/1:0"]
    assert told == expected if expected else pd.isna(told)


def test_streets_are_parted_at_lifts_that_are_in_use(read):
    lift = {"highway": "elevator", "wheelchair": "yes"}
    nodes = [
        *plain((0, 0)), (2, 1, 0, lift), (3, 2, 0, lift | {"disused": "yes"}), (4, 3, 0, {}),
        (5, 0, 5, lift),
    ]  # fmt: skip
    ways = [(1, [1, 2, 3, 4], {"highway": "corridor"})]
    box = gpd.GeoSeries([shapely.box(*spot(-0.5, -0.5), *spot(3.5, 1))], crs="EPSG:4326")
    layers = read(nodes=nodes, ways=ways, extent=box)
    assert layers.elevators.tolist() == [2]
    ends = layers.streets[["from_node", "to_node"]].to_numpy().tolist()
    assert ends == [[1, 2], [2, 4]]
    assert read(nodes=nodes, ways=ways).elevators.tolist() == [2, 5]
    assert read().elevators.tolist() == []
    assert read().elevators.dtype == np.int64


# ----------------------------------------------------------------- services
EXAMPLES = {
    "hospital": [{"amenity": "hospital"}, {"healthcare": "hospital"}],
    "clinic": [{"amenity": "doctors"}, {"healthcare": "centre"}],
    "pharmacy": [{"amenity": "pharmacy"}],
    "police": [{"amenity": "police"}],
    "fire_station": [{"amenity": "fire_station"}],
    "waste_point": [{"amenity": "recycling"}],
    "assembly_point": [{"emergency": "assembly_point"}],
    "defibrillator": [{"emergency": "defibrillator"}],
    "emergency_phone": [{"emergency": "phone"}],
    "cctv": [{"man_made": "surveillance"}],
    "air_station": [{"man_made": "monitoring_station", "monitoring:air_quality": "yes"}],
    "street_lamp": [{"highway": "street_lamp"}],
    "shared_bike": [{"amenity": "bicycle_rental"}],
    "shared_car": [{"amenity": "car_sharing"}],
    "charging": [{"amenity": "charging_station"}],
    "ticket_machine": [
        {"amenity": "vending_machine", "vending": "parking_tickets;public_transport_tickets"}
    ],
    "tactile_crossing": [{"highway": "crossing", "tactile_paving": "yes"}],
    "culture": [{"amenity": "theatre"}, {"tourism": "museum"}],
    "sport": [{"leisure": "pitch"}, {"leisure": "swimming_pool", "access": "yes"}],
    "food_market": [{"amenity": "marketplace"}, {"shop": "supermarket"}],
    "open_space": [{"leisure": "playground"}, {"place": "square"}],
    "green": [{"natural": "wood"}, {"landuse": "forest"}],
    "wifi": [{"internet_access": "wlan"}, {"internet_access": "yes", "internet_access:fee": "no"}],
    "school": [{"amenity": "school"}],
    "childcare": [{"amenity": "kindergarten"}],
    "university": [{"amenity": "college"}],
    "bank": [{"amenity": "atm"}],
    "employment_office": [{"office": "employment_agency"}],
    "coworking": [{"amenity": "coworking_space"}],
    "internet_venue": [{"amenity": "internet_cafe"}, {"internet_access": "terminal"}],
    "public_office": [{"amenity": "townhall"}, {"office": "government"}],
    "community_centre": [{"amenity": "social_centre"}],
    "court": [{"amenity": "courthouse"}],
    "library": [{"amenity": "library"}],
    "post_office": [{"amenity": "post_office"}],
    "kiosk": [{"tourism": "information", "information": "terminal"}],
}  # fmt: skip
AREAS_ONLY = {"open_space", "green"}


def test_every_category_of_the_table_has_an_example():
    assert {rule.name for rule in rules().services.rules} == set(EXAMPLES)


@pytest.mark.parametrize(
    ("category", "tags"), [(name, tags) for name, some in EXAMPLES.items() for tags in some]
)
def test_tags_name_the_category(category, tags):
    shape = "area" if category in AREAS_ONLY else "point"
    assert rules().categories(tags, shape=shape) == [category]


@pytest.mark.parametrize(
    "tags",
    [
        {"amenity": "parking", "name": "School parking"},
        {"amenity_1": "school"},
        {"disused:amenity": "school"},
        {"amenity": "school", "disused": "yes"},
        {"amenity": "school", "building": "construction"},
        {"leisure": "garden", "access": "private", "natural": "rock"},
        {"leisure": "swimming_pool"},
        {"leisure": "pitch", "access": "private"},
        {"man_made": "monitoring_station"},
        {"man_made": "surveillance", "surveillance": "indoor"},
        {"internet_access": "wlan", "internet_access:fee": "yes"},
        {"internet_access": "no"},
        {"highway": "crossing", "tactile_paving": "no"},
        {"tourism": "information", "information": "board"},
        {"amenity": "vending_machine", "vending": "drinks"},
        {"natural": "tree"},
        {},
    ],
)
def test_what_is_no_service_is_left_out(tags):
    assert rules().categories(tags, shape="point") == []


def test_private_gardens_are_green_but_not_open():
    assert rules().categories({"leisure": "garden", "access": "private"}, shape="area") == ["green"]
    assert rules().categories({"leisure": "garden"}, shape="area") == ["open_space", "green"]


def test_one_element_of_several_categories_has_several_rows(read):
    tags = {
        "amenity": "library;theatre",
        "internet_access": "wlan",
        "name": "Casa",
        "capacity": "80",
    }
    services = read(nodes=[(1, 0, 0, tags)]).services
    assert services["category"].to_dict() == {
        "node/1": "culture", "node/1#wifi": "wifi", "node/1#library": "library",
    }  # fmt: skip
    assert (services["name"] == "Casa").all()
    assert (services["capacity"] == 80).all()
    assert (services["internet_access"] == "wlan").all()
    assert (services["source"] == "osm").all()
    assert services["wheelchair"].tolist() == [None] * 3
    schema.check_services(services)


SQUARE = plain((0, 0), (3, 0), (3, 3), (0, 3))
HOLE = [(5, 1, 1, {}), (6, 2, 1, {}), (7, 2, 2, {}), (8, 1, 2, {})]
BESIDE = [(9, 5, 0, {}), (10, 6, 0, {}), (11, 6, 1, {})]


def test_closed_ways_and_relations_become_areas(read):
    ways = [
        (1, [1, 2, 3, 4, 1], {}),
        (2, [5, 6, 7, 8, 5], {"amenity": "school"}),
        (3, [9, 10, 11, 9], {}),
    ]
    relations = [
        (
            1,
            [("way", 1, "outer"), ("way", 2, "inner")],
            {"type": "multipolygon", "leisure": "park"},
        ),
        (
            2,
            [("way", 1, "outer"), ("way", 3, "outer")],
            {"type": "multipolygon", "amenity": "police"},
        ),
    ]
    services = read(nodes=[*SQUARE, *HOLE, *BESIDE], ways=ways, relations=relations).services
    assert services.geom_type.to_dict() == {
        "way/2": "Polygon", "relation/1": "Polygon", "relation/1#green": "Polygon",
        "relation/2": "MultiPolygon",
    }  # fmt: skip
    cell = services.geometry["way/2"].area
    assert services.geometry["relation/1"].area == pytest.approx(8 * cell, rel=1e-6)
    assert services.geometry["relation/2"].area == pytest.approx(9.5 * cell, rel=1e-6)
    schema.check_services(services)


def test_lines_where_areas_are_meant_are_dropped_with_a_note(read):
    ways = [
        (1, [1, 2, 3, 4], {"leisure": "park"}),
        (2, [1, 2, 3, 4, 1], {"amenity": "school", "area": "no"}),
        (3, [1, 3, 2, 4, 1], {"amenity": "hospital"}),  # crosses itself
    ]
    layers = read(nodes=SQUARE, ways=ways)
    assert layers.services.empty
    assert layers.counts["dropped"] == {
        "line where an area is meant": ["way/1", "way/2"],
        "area whose outline is open or crosses itself": ["way/3"],
    }
    assert list(layers.services.columns) == [
        "category", "name", "capacity", "source", "wheelchair", "internet_access", "opening_hours",
        "geometry",
    ]  # fmt: skip


def test_parts_of_an_area_are_not_areas_of_their_own_accord(read):
    # The outer ring is tagged as a building, and the hole as nothing of ours.
    ways = [
        (1, [1, 2, 3, 4, 1], {"building": "yes"}),
        (2, [5, 6, 7, 8, 5], {"natural": "rock"}),
    ]
    members = [("way", 1, "outer"), ("way", 2, "inner")]
    relations = [
        (1, members, {"type": "multipolygon", "amenity": "school", "name": "Sí, 100% = 1"}),
        (2, members, {"type": "multipolygon", "building": "school"}),
        (3, members, {"type": "multipolygon", "building": "no"}),
    ]
    layers = read(nodes=[*SQUARE, *HOLE], ways=ways, relations=relations)
    assert layers.services["name"].to_dict() == {"relation/1": "Sí, 100% = 1"}
    assert layers.counts["dropped"] == {}
    rows = layers.mapping[["kind", "element"]].to_numpy().tolist()
    assert rows == [
        ["street", "way/901"], ["building", "way/1"], ["service", "relation/1"],
        ["building", "relation/2"],
    ]  # fmt: skip


def test_a_relation_with_members_missing_is_dropped_with_a_note(read):
    members = [("way", 1, "outer"), ("way", 99, "outer")]
    relations = [(5, members, {"type": "multipolygon", "leisure": "park"})]
    layers = read(nodes=SQUARE, ways=[(1, [1, 2, 3], {})], relations=relations)
    assert layers.services.empty
    assert layers.counts["dropped"] == {"area whose outline is not all in the file": ["relation/5"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("120", 120),
        ("12.5", 12.5),
        ("0", 0),
        (None, None),
        ("many", None),
        ("-3", None),
        ("inf", None),
    ],
)
def test_capacity_is_a_number_or_unknown(text, expected):
    assert capacity(text) == (pytest.approx(np.nan, nan_ok=True) if expected is None else expected)


# -------------------------------------------------------------------- stops
@pytest.mark.parametrize(
    ("tags", "kind", "modes"),
    [
        ({"highway": "bus_stop"}, "stop", ["bus"]),
        ({"highway": "bus_stop", "tram": "yes"}, "stop", ["tram", "bus"]),
        ({"public_transport": "platform", "highway": "bus_stop"}, "stop", ["bus"]),
        ({"public_transport": "platform", "trolleybus": "yes"}, "platform", ["trolleybus"]),
        ({"highway": "bus_stop", "trolleybus": "yes"}, "stop", ["trolleybus"]),
        (
            {"highway": "bus_stop", "trolleybus": "yes", "bus": "yes"},
            "stop",
            ["bus", "trolleybus"],
        ),
        ({"highway": "bus_stop", "trolleybus": "yes", "brt": "yes"}, "stop", ["brt"]),
        ({"public_transport": "platform"}, "platform", []),
        ({"highway": "platform"}, "platform", ["bus"]),
        ({"public_transport": "stop_position", "train": "yes"}, "stop_position", ["rail"]),
        ({"railway": "station"}, "station", ["rail"]),
        ({"railway": "station", "station": "subway"}, "station", ["metro"]),
        ({"railway": "station", "subway": "yes", "train": "yes"}, "station", ["metro", "rail"]),
        ({"railway": "station", "station": "light_rail"}, "station", ["tram"]),
        ({"railway": "halt"}, "station", ["rail"]),
        ({"railway": "tram_stop"}, "stop_position", ["tram"]),
        ({"railway": "subway_entrance"}, "entrance", ["metro"]),
        ({"public_transport": "station", "bus": "yes", "brt": "yes"}, "station", ["brt"]),
        ({"aerialway": "station"}, "station", ["cable"]),
        ({"railway": "station", "station": "funicular"}, "station", ["funicular"]),
        ({"railway": "stop", "funicular": "yes"}, "stop_position", ["funicular"]),
        ({"amenity": "ferry_terminal"}, "station", ["ferry"]),
        ({"amenity": "bus_station"}, "station", ["bus"]),
        ({"highway": "bus_stop", "disused": "yes"}, None, []),
        ({"railway": "signal"}, None, []),
    ],
)
def test_tags_name_kind_and_modes_of_a_stop(tags, kind, modes):
    assert rules().stop(tags) == (kind, modes)
    assert set(modes) <= set(schema.MODES)


def test_all_modes_of_the_table_are_known():
    table = rules()
    sections = (table.stop_modes, table.stop_modes_by_default, table.route_modes)
    assert {rule.name for section in sections for rule in section.rules} <= set(schema.MODES)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"passenger_information_display": "yes"}, True),
        ({"passenger_information_display": "no"}, False),
        ({"departures_board": "realtime"}, True),
        ({"departures_board": "timetable"}, False),
        ({"departures_board": "delay"}, False),  # a printed notice of the interval
        ({"departures_board": "yes"}, None),
        ({}, None),
    ],
)
def test_realtime_is_told_or_unknown(tags, expected):
    assert rules().stop_features(tags)[0] is expected


@pytest.mark.parametrize(
    ("tags", "shelter", "bench", "tactile"),
    [
        ({"shelter": "yes", "bench": "no", "tactile_paving": "yes"}, True, False, True),
        ({"shelter": "separate", "bench": "separate"}, True, True, None),
        ({"shelter": "no", "tactile_paving": "incorrect"}, False, None, False),
        ({"shelter": "partial", "tactile_paving": "partial"}, None, None, None),
        ({}, None, None, None),
    ],
)
def test_what_a_stop_has_is_told_or_unknown(tags, shelter, bench, tactile):
    assert rules().stop_features(tags) == [None, shelter, bench, tactile]


def test_what_a_stop_has_may_be_told_by_its_double_or_not_at_all(read):
    nodes = [
        (1, 0, 0, {"highway": "bus_stop", "name": "A", "shelter": "no"}),
        (2, 0.1, 0, {"public_transport": "platform", "bus": "yes", "name": "A",
                     "shelter": "yes", "bench": "yes"}),
        (3, 5, 0, {"highway": "bus_stop"}),
    ]  # fmt: skip
    stops = read(nodes=nodes).stops[list(STOP_FEATURES)]
    assert stops.dtypes.astype(str).unique().tolist() == ["boolean"]
    assert stops.astype(object).where(stops.notna(), None).to_numpy().tolist() == [
        [None, False, True, None],  # what the stop says itself comes first
        [None, None, None, None],
    ]


def test_a_platform_and_its_stop_position_are_one_stop(read):
    nodes = [
        (1, 0, 0, {"public_transport": "stop_position", "bus": "yes", "name": "A",
                   "wheelchair": "no"}),
        (2, 0.3, 0, {"highway": "bus_stop", "name": "A"}),  # 33 m away
        (3, 0, 0.9, {"public_transport": "stop_position", "bus": "yes", "name": "A"}),  # 100 m
        (4, 0.1, 0, {"public_transport": "stop_position", "bus": "yes", "name": "B"}),
        (5, 0.1, 0.1, {"public_transport": "stop_position", "tram": "yes", "name": "A"}),
        (6, 0.2, 0, {"public_transport": "platform", "bus": "yes",
                     "passenger_information_display": "yes"}),
    ]  # fmt: skip
    layers = read(nodes=nodes)
    stops = layers.stops
    assert stops.index.tolist() == ["node/2", "node/3", "node/4", "node/5"]
    assert layers.counts["dropped"]["stop that is another's double"] == ["node/1", "node/6"]
    # what only the doubles tell is kept
    assert stops.loc["node/2", ["wheelchair", "name"]].tolist() == ["no", "A"]
    assert stops.loc["node/2", "realtime"]
    assert stops["realtime"].isna().tolist() == [False, True, True, True]


def test_what_the_better_stop_says_itself_comes_first(read):
    nodes = [
        (
            1,
            0,
            0,
            {"public_transport": "stop_position", "bus": "yes", "name": "A", "wheelchair": "no"},
        ),
        (2, 0.1, 0, {"highway": "bus_stop", "name": "A", "wheelchair": "yes"}),
    ]
    assert read(nodes=nodes).stops["wheelchair"].to_dict() == {"node/2": "yes"}


def test_stops_on_either_side_of_a_street_stay_two(read):
    nodes = [(n, 0, 0.1 * n, {"highway": "bus_stop", "name": "A"}) for n in (1, 2)]
    assert len(read(nodes=nodes).stops) == 2


def test_entrances_are_never_merged(read):
    nodes = [
        (1, 0, 0, {"railway": "station", "station": "subway", "name": "A"}),
        (2, 0.1, 0, {"railway": "subway_entrance", "name": "A"}),
        (3, 0.2, 0, {"railway": "subway_entrance"}),
    ]
    stops = read(nodes=nodes).stops
    assert stops["kind"].tolist() == ["station", "entrance", "entrance"]


def test_stops_of_several_modes_have_several_rows_and_any_shape_is_a_point(read):
    nodes = [*SQUARE, (5, 0, 5, {"public_transport": "platform", "bus": "yes", "tram": "yes"})]
    ways = [
        (1, [1, 2, 3, 4, 1], {"amenity": "bus_station", "building": "yes"}),
        (2, [1, 2, 3], {"railway": "platform", "train": "yes"}),
        (3, [2, 3], {"public_transport": "platform"}),
    ]
    layers = read(nodes=nodes, ways=ways)
    stops = layers.stops
    assert stops["mode"].to_dict() == {
        "node/5": "tram", "node/5#bus": "bus", "way/2": "rail", "way/1": "bus",
    }  # fmt: skip
    assert (stops.geom_type == "Point").all()
    assert layers.counts["dropped"]["stop of no known mode"] == ["way/3"]
    middle = gpd.GeoSeries([shapely.Point(spot(1.5, 1.5))], crs=4326).to_crs(CRS)[0]
    assert stops.geometry["way/1"].distance(middle) < 0.1


# ------------------------------------------------------------------- routes
def test_routes_are_drawn_from_the_ways_of_their_relation(read):
    nodes = plain((0, 0), (1, 0), (2, 0), (5, 5), (6, 5))
    ways = [(1, [1, 2], {"highway": "primary"}), (2, [2, 3], {"railway": "tram"}),
            (3, [4, 5], {"railway": "platform", "tram": "yes"})]  # fmt: skip
    members = [("way", 1, ""), ("way", 2, "forward"), ("way", 1, ""), ("way", 3, "platform"),
               ("node", 1, "stop"), ("way", 99, "")]  # fmt: skip
    tags = {"type": "route", "route": "tram", "ref": "7", "name": "Siete", "interval": "00:12"}
    relations = [
        (1, members, tags),
        (2, members, {"type": "route", "route": "hiking"}),
        (3, members, {"type": "route_master", "route_master": "tram"}),
        (4, [("way", 99, "")], {"type": "route", "route": "bus"}),
        (5, members, tags | {"disused": "yes"}),
    ]
    layers = read(nodes=nodes, ways=ways, relations=relations)
    assert layers.routes.drop(columns="geometry").to_dict("index") == {
        "relation/1": {"mode": "tram", "ref": "7", "name": "Siete", "headway_min": 12.0}
    }
    line = layers.routes.geometry["relation/1"]
    assert line.geom_type == "LineString"
    assert line.length == pytest.approx(2 * layers.streets.loc["way/1:0", "length_m"], rel=1e-6)
    dropped = layers.counts["dropped"]["route of which no way is in the file or extent"]
    assert dropped == ["relation/4"]


def test_routes_serve_the_stops_that_they_list(read):
    position = {"public_transport": "stop_position", "bus": "yes", "name": "A"}
    nodes = [
        (1, 0, 0, position),
        (2, 0.1, 0, {"highway": "bus_stop", "name": "A"}),  # stands for 1
        (3, 3, 0, {"public_transport": "platform", "bus": "yes", "tram": "yes"}),
        (4, 6, 0, {"highway": "bus_stop"}),
        (5, 7, 0, {"railway": "signal"}),
        (6, 9, 0, {}),
    ]
    ways = [
        (1, [1, 3, 4], {"highway": "primary"}),
        (2, [5, 6], {"public_transport": "platform", "highway": "platform"}),
    ]
    line = ("way", 1, "")
    bus, tram = ({"type": "route", "route": one} for one in ("bus", "tram"))
    relations = [
        (1, [line, ("node", 1, "stop"), ("node", 2, "platform"), ("node", 3, "stop_entry_only"),
             ("node", 4, "platform_exit_only"), ("node", 5, "stop"), ("node", 77, "stop")], bus),
        (2, [line, ("node", 3, "stop"), ("node", 2, "stop"), ("way", 2, "platform")], tram),
        (3, [line, ("node", 4, ""), ("node", 4, "guide")], bus),
        (4, [("way", 99, ""), ("node", 4, "stop")], bus),  # has no line here
    ]  # fmt: skip
    layers = read(nodes=nodes, ways=ways, relations=relations)
    assert layers.routes.index.tolist() == ["relation/1", "relation/2", "relation/3"]
    assert layers.stop_routes.to_numpy().tolist() == [
        ["node/2", "relation/1"],
        ["node/3#bus", "relation/1"],
        ["node/3", "relation/2"],
        ["node/2", "relation/2"],  # as it lists it, though it is told to be of buses
        ["way/2", "relation/2"],
    ]
    assert set(layers.stop_routes["stop_id"]) <= set(layers.stops.index)


def test_headways_are_intervals_by_either_name(read):
    nodes = plain((0, 0), (1, 0))
    ways = [(1, [1, 2], {"highway": "primary"}), (2, [1, 2], {"aerialway": "gondola",
                                                             "headway": "0:00:30"})]  # fmt: skip
    bus = {"type": "route", "route": "bus"}
    told = [{"interval": "6", "headway": "9"}, {"headway": "9"}, {"frequency": "50"},
            {"interval": "often"}]  # fmt: skip
    relations = [(n, [("way", 1, "")], bus | tags) for n, tags in enumerate(told, 1)]
    headway = read(nodes=nodes, ways=ways, relations=relations).routes["headway_min"]
    assert headway.fillna(-1).tolist() == [6, 9, -1, -1, 0.5]


def test_cable_lines_are_routes_unless_a_relation_has_them(read):
    nodes = plain((0, 0), (1, 0), (0, 2), (1, 2))
    ways = [
        (1, [1, 2], {"aerialway": "gondola", "name": "Línea J"}),
        (2, [3, 4], {"aerialway": "cable_car"}),
        (3, [1, 3], {"aerialway": "zip_line"}),
    ]
    relations = [(9, [("way", 2, "")], {"type": "route", "route": "aerialway"})]
    routes = read(nodes=nodes, ways=ways, relations=relations).routes
    assert routes["mode"].to_dict() == {"relation/9": "cable", "way/1": "cable"}
    assert routes["headway_min"].isna().all()


@pytest.mark.parametrize(
    ("tags", "mode"),
    [
        ({"route": "trolleybus"}, "trolleybus"),
        ({"route": "trolleybus", "brt": "yes"}, "brt"),
        ({"route": "bus"}, "bus"),
        ({"route": "funicular"}, "funicular"),
        ({"route": "train", "funicular": "yes"}, "funicular"),
        ({"railway": "funicular"}, "funicular"),
        ({"route": "train"}, "rail"),
        ({"route": "aerialway"}, "cable"),
        ({"railway": "funicular", "abandoned": "yes"}, None),
        ({"railway": "rail"}, None),
    ],
)
def test_tags_name_the_mode_of_a_route(tags, mode):
    assert rules().route_mode(tags) == mode


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("10", 10), ("7.5", 7.5), ("10 min", 10), ("6 Minutes", 6), ("00:10", 10), ("01:30", 90),
     ("00:07:30", 7.5), ("0", None), ("0:00", None), ("10-15", None), ("12;20", None),
     ("-5", None), ("10 hours", None), ("min", None), ("", None), (None, None),
     ("1:2:3:4", None), ("often", None)],
)  # fmt: skip
def test_intervals_are_read_as_minutes(text, minutes):
    expected = pytest.approx(np.nan, nan_ok=True) if minutes is None else pytest.approx(minutes)
    assert interval_min(text) == expected


# ------------------------------------------------------------------ mapping
def test_mapping_tells_who_edited_what_and_when(read):
    nodes = [*SQUARE, (5, 7, 7, {"amenity": "police", "internet_access": "wlan"})]
    ways = [
        (1, [1, 2, 3], {"highway": "path"}),
        (2, [1, 2, 3, 4, 1], {"building": "yes", "amenity": "school"}),
        (3, [2, 3, 4, 2], {"building": "no"}),
    ]
    meta = 'version="3" timestamp="2020-02-03T04:05:06Z" uid="42" user="a"'
    layers = read(nodes=nodes, ways=ways, street=False, meta=meta)
    mapping = layers.mapping.sort_values(["kind", "element"])
    assert mapping[["kind", "element"]].to_numpy().tolist() == [
        ["building", "way/2"], ["service", "node/5"], ["service", "way/2"], ["street", "way/1"],
    ]  # fmt: skip
    assert (mapping["edited"] == pd.Timestamp("2020-02-03 04:05:06", tz="UTC")).all()
    assert (mapping["uid"] == 42).all()
    assert mapping["length_m"].notna().tolist() == [False, False, False, True]
    assert mapping["length_m"].sum() == pytest.approx(layers.streets["length_m"].sum())
    assert (mapping.geom_type == "Point").all()
    assert layers.date == pd.Timestamp("2020-02-03 04:05:06", tz="UTC")


def test_a_building_is_one_of_its_corners_and_known_whole(read):
    nodes = plain((0, 0), (2, 0), (2, 2), (0, 2), (5, 5), (6, 5), (6, 6))
    ways = [
        (1, [2, 3, 4, 1, 2], {"building": "yes"}),
        (2, [5, 6, 7], {"building": "yes"}),  # open
        (3, [5, 6, 77, 7, 5], {"building": "yes"}),  # a corner is not in the file
        (4, [5, 6, 7, 5], {"building": "construction"}),
    ]
    mapping = read(nodes=nodes, ways=ways).mapping
    buildings = mapping[mapping["kind"] == "building"]
    assert buildings["element"].tolist() == ["way/1"]
    corner = gpd.GeoSeries([shapely.Point(spot(0, 0))], crs=4326).to_crs(CRS)[0]
    assert buildings.geometry.iloc[0].distance(corner) < 1e-3


def test_what_is_mapped_is_told_once(monaco):
    assert monaco.mapping is monaco.mapping
    kinds = monaco.mapping["kind"].value_counts()
    assert kinds["street"] == len(monaco.streets)
    assert kinds.sum() == monaco.counts["made"]["mapping"]


def test_edits_that_the_file_leaves_out_are_unknown(read):
    layers = read()
    assert layers.mapping["edited"].isna().all()
    assert layers.mapping["uid"].isna().all()
    assert layers.mapping["edited"].dt.tz is not None
    assert layers.date is None


# ------------------------------------------------------------------- extent
def test_only_what_touches_the_extent_is_kept(read):
    nodes = [*plain((0, 0), (2, 0), (4, 0), (9, 9)), (5, 1, 0, {"amenity": "school"}),
             (6, 4, 0, {"amenity": "school"}), (7, 1, 0.5, {"highway": "bus_stop"}),
             (8, 4, 0.5, {"highway": "bus_stop"}),
             (9, 1, 1, {}), (10, 4, 1, {}), (11, 4, 3, {})]  # fmt: skip
    ways = [
        (1, [1, 2], {"highway": "path"}),
        (2, [2, 3], {"highway": "path"}),
        (3, [3, 4], {"highway": "path"}),
        (4, [9, 10, 11, 9], {"leisure": "park", "building": "yes"}),
    ]
    relations = [(1, [("way", 3, "")], {"type": "route", "route": "bus"})]
    box = gpd.GeoSeries([shapely.box(*spot(-0.5, -0.5), *spot(2.5, 1.2))], crs="EPSG:4326")
    for extent in (box, box.to_frame("geometry"), box.to_crs("EPSG:3857")):
        layers = read(nodes=nodes, ways=ways, relations=relations, extent=extent)
        assert layers.streets.index.tolist() == ["way/1:0", "way/2:0"]
        assert layers.services.index.tolist() == ["node/5", "way/4", "way/4#green"]
        assert layers.stops.index.tolist() == ["node/7"]
        assert layers.routes.empty
        assert layers.mapping.groupby("kind").size().to_dict() == {
            "building": 1, "service": 2, "street": 2,
        }  # fmt: skip
    assert box.crs == "EPSG:4326"


def test_an_extent_without_streets_is_refused(read):
    box = gpd.GeoSeries([shapely.box(10, 10, 11, 11)], crs="EPSG:4326")
    with pytest.raises(SourceError, match=r"world\.osm: no street, service or stop in the extent"):
        read(extent=box)
    # within the bounds of the extent, but not in it
    ring = gpd.GeoSeries([shapely.box(2, -1, 4, 1).difference(shapely.box(2.5, -0.5, 3.5, 0.5))])
    with pytest.raises(SourceError, match="no street, service or stop in the extent"):
        read(extent=ring.set_crs("EPSG:4326"))


def test_an_extent_needs_a_crs_and_something_in_it(read):
    with pytest.raises(CRSError, match=r"world\.osm: extent: no CRS"):
        read(extent=gpd.GeoSeries([shapely.box(0, 0, 1, 1)]))
    with pytest.raises(DataError, match=r"world\.osm: extent: empty"):
        read(extent=gpd.GeoSeries([], crs="EPSG:4326"))


# ---------------------------------------------------------------------- crs
def test_the_default_crs_is_the_utm_zone_of_the_streets(monaco, helsinki):
    for layers, zone in ((monaco, 32632), (helsinki, 32635)):
        tables = (layers.streets, layers.services, layers.stops, layers.routes, layers.mapping)
        assert {table.crs.to_epsg() for table in tables} == {zone}


def test_a_crs_in_degrees_or_feet_is_refused(read):
    with pytest.raises(CRSError, match=r"world\.osm: crs: coordinates are in degrees"):
        read(crs="EPSG:4326")
    with pytest.raises(CRSError, match="not metres"):
        read(crs="EPSG:2263")


# ------------------------------------------------------------------- faults
@pytest.mark.parametrize(
    "cut", [0, 1, 3, 4, 10, 100, 189, 191, 5_000, 72_782, 300_000, 419_661, 537_902]
)
def test_a_file_cut_short_is_refused_with_its_name(tmp_path, cut):
    path = tmp_path / "city.osm.pbf"
    path.write_bytes(MONACO.read_bytes()[:cut])
    with pytest.raises(
        SourceError, match=r"^city\.osm\.pbf: not a whole OpenStreetMap file: "
    ) as told:
        read_osm(path)
    assert told.value.source == path


@pytest.mark.parametrize(
    ("cut", "told"),
    [
        (190, ", service or stop"),
        (72_781, "; points only: is it cut short?"),
        (246_872, "; points only: is it cut short?"),
    ],
)
def test_a_file_cut_between_blocks_has_no_ways(tmp_path, cut, told):
    path = tmp_path / "city.osm.pbf"
    path.write_bytes(MONACO.read_bytes()[:cut])
    with pytest.raises(SourceError, match=rf"^city\.osm\.pbf: no street{re.escape(told)}$"):
        read_osm(path)


@pytest.mark.parametrize("at", [2, 30, 100, 5_000, 300_000])
def test_a_damaged_file_is_refused_with_its_name(tmp_path, at):
    raw = bytearray(MONACO.read_bytes())
    raw[at : at + 20] = b"\xff" * 20
    path = tmp_path / "city.osm.pbf"
    path.write_bytes(raw)
    with pytest.raises(SourceError, match=r"^city\.osm\.pbf: not a whole OpenStreetMap file: "):
        read_osm(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.osm", ""),
        ("a.osm", "<osm"),
        ("a.osm", "<html><body>504 Gateway Timeout</body></html>"),
        ("a.osm", '<osm version="0.6"><node id="1" lat="1" lon="1"/>'),
        ("a.osm", '<osm version="0.6"><node id="abc" lat="1" lon="1"/></osm>'),
        ("a.osm", '<osm version="0.6"><node id="1" lat="x" lon="1"/></osm>'),
        ("a.osm.pbf", "<html><body>Too many requests</body></html>"),
        ("a.txt", "hello"),
    ],
)
def test_what_is_not_osm_is_refused_with_its_name(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(SourceError, match=rf"^{name}: not a whole OpenStreetMap file: "):
        read_osm(path)


def test_a_missing_file_or_a_folder_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"^none\.osm\.pbf: no such file"):
        read_osm(tmp_path / "none.osm.pbf")
    with pytest.raises(SourceError, match="no such file"):
        read_osm(tmp_path)
    with pytest.raises(SourceError, match=r"^none\.osm\.pbf: no such file"):
        read_osm([MONACO, tmp_path / "none.osm.pbf"])


def test_a_list_of_changes_is_refused(tmp_path):
    path = tmp_path / "a.osc"
    path.write_text('<osmChange version="0.6"></osmChange>')
    with pytest.raises(SourceError, match=r"a\.osc: a history or a list of changes"):
        read_osm(path)


def test_a_file_without_streets_still_has_its_places(tmp_path):
    nodes = [(1, 0, 0, {"amenity": "school"}), (2, 1, 0, {"highway": "bus_stop"})]
    layers = read_osm(world(tmp_path / "a.osm", nodes=nodes))
    assert layers.streets is None
    assert layers.services.index.tolist() == ["node/1"]
    assert layers.stops.index.tolist() == ["node/2"]
    assert layers.mapping["kind"].tolist() == ["service"]
    assert layers.stops.crs == layers.mapping.crs == "EPSG:32631"
    assert layers.counts["made"]["streets"] == 0


def test_a_file_of_nothing_or_of_streets_without_nodes_is_refused(tmp_path):
    path = world(tmp_path / "a.osm", nodes=[(1, 0, 0, {"shop": "shoes"})])
    with pytest.raises(SourceError, match=r"^a\.osm: no street, service or stop$"):
        read_osm(path)
    path = world(tmp_path / "b.osm", ways=[(1, [1, 2], {"highway": "path"})])
    with pytest.raises(
        SourceError, match=r"^b\.osm: no street; the nodes of 1 ways are not in the file"
    ):
        read_osm(path)


def written(path, items):
    """Write nodes, ways and relations as PBF."""
    with osmium.SimpleWriter(path) as writer:
        for item in items:
            writer.add(item)
    return path


@pytest.mark.parametrize(
    ("items", "told"),
    [
        ([], "no street, service or stop$"),
        (
            [
                osmium.osm.mutable.Relation(
                    id=1, tags={"type": "route", "route": "bus"}, members=[("w", 5, "")]
                ),
                osmium.osm.mutable.Relation(
                    id=2, tags={"type": "multipolygon", "leisure": "park"}, members=[("w", 6, "")]
                ),
            ],
            "no street, service or stop$",
        ),
        (
            [
                osmium.osm.mutable.Node(id=9, location=(3, 0)),
                osmium.osm.mutable.Way(id=1, nodes=[1, 2, 3, 1], tags={"highway": "path"}),
                osmium.osm.mutable.Way(id=2, nodes=[3, 4], tags={"highway": "steps"}),
                osmium.osm.mutable.Way(id=3, nodes=[1, 2, 3, 1], tags={"building": "yes"}),
            ],
            "no street; the nodes of 2 ways are not in the file$",
        ),
    ],
    ids=["empty", "relations only", "ways without their nodes"],
)
def test_a_pbf_of_no_use_is_refused_with_one_reason(tmp_path, items, told):
    path = written(tmp_path / "city.osm.pbf", items)
    with pytest.raises(SourceError, match=rf"^city\.osm\.pbf: {told}"):
        read_osm(path)


def test_nothing_is_written_where_one_stands(tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    read_osm([MONACO, world(tmp_path / "a.osm", nodes=STREET_NODES, ways=[STREET], order="wnr")])
    assert list(here.iterdir()) == []


# ------------------------------------------------- order and several files
def test_the_order_of_a_file_does_not_matter(tmp_path):
    nodes = [*SQUARE, (9, 1, 1, {"amenity": "school"})]
    ways = [(1, [1, 2, 3], {"highway": "path"}), (2, [1, 2, 3, 4, 1], {"leisure": "park"})]
    relations = [(1, [("way", 1, "")], {"type": "route", "route": "bus"})]
    parts = {"nodes": nodes, "ways": ways, "relations": relations}
    sorted_ = read_osm(world(tmp_path / "a.osm", **parts), crs=CRS)
    backward = {kind: rows[::-1] for kind, rows in parts.items()}
    unsorted = read_osm(world(tmp_path / "b.osm", order="rwn", **backward), crs=CRS)
    for table in ("streets", "services", "stops", "routes", "mapping"):
        pd.testing.assert_frame_equal(getattr(sorted_, table), getattr(unsorted, table))


def test_several_files_are_one_and_the_newest_version_counts(tmp_path):
    nodes = plain((0, 0), (1, 0), (2, 0))
    old = world(
        tmp_path / "old.osm", nodes=nodes, ways=[(1, [1, 2], {"highway": "path"})],
        meta='version="1" timestamp="2020-01-01T00:00:00Z"',
    )  # fmt: skip
    new = world(
        tmp_path / "new.osm", nodes=nodes,
        ways=[(1, [1, 2, 3], {"highway": "steps"}), (2, [2, 3], {"highway": "path"})],
        meta='version="2" timestamp="2021-01-01T00:00:00Z"',
    )  # fmt: skip
    for paths in ([old, new], [new, old]):
        streets = read_osm(paths, crs=CRS).streets
        assert streets["highway"].to_dict() == {
            "way/1:0": "steps", "way/1:1": "steps", "way/2:0": "path",
        }  # fmt: skip
    twice = read_osm([MONACO, MONACO])
    assert len(twice.streets) == len(read_osm(MONACO).streets)


def test_paths_may_be_text(tmp_path):
    path = world(tmp_path / "a.osm", nodes=STREET_NODES, ways=[STREET])
    assert len(read_osm(str(path)).streets) == len(read_osm([os.fspath(path)]).streets) == 1


# -------------------------------------------------------------- real extracts
def slow_streets(path):
    """Part the streets of a file one node at a time: (from, to) and lengths."""
    lines = {}
    for way in osmium.FileProcessor(path).with_locations():
        if way.is_way() and rules().is_street(dict(way.tags)):
            lines[way.id] = [(n.ref, n.location) for n in way.nodes]
    lifts = {
        node.id
        for node in osmium.FileProcessor(path)
        if node.is_node() and node.tags.get("highway") == "elevator"
    }
    uses = Counter(dict.fromkeys(lifts, 1))
    uses.update(
        ref
        for nodes in lines.values()
        for (ref, place), before, after in zip(
            nodes, [nodes[0], *nodes[:-1]], [*nodes[1:], nodes[-1]], strict=True
        )
        if place.valid() and any(n[1].valid() for n in (before, after) if n[0] != ref)
    )
    pieces = []
    for nodes in lines.values():
        piece = []
        for ref, place in [*nodes, (None, None)]:
            is_end = ref is None or not place.valid()
            if not is_end:
                piece.append((ref, place.lon, place.lat))
            if len(piece) > 1 and (is_end or uses[ref] > 1):
                pieces.append(piece)
            if is_end:
                piece = []
            elif uses[ref] > 1:
                piece = [piece[-1]]
    return pieces


@pytest.mark.parametrize("path", [MONACO, HELSINKI], ids=["monaco", "helsinki"])
def test_streets_are_those_of_a_slow_reader(path):
    streets = read_osm(path).streets
    to_metres = Transformer.from_crs(4326, streets.crs, always_xy=True)
    expected = Counter()
    for piece in slow_streets(path):
        refs, lon, lat = zip(*piece, strict=True)
        x, y = to_metres.transform(lon, lat)
        length = np.hypot(np.diff(x), np.diff(y)).sum()
        expected[refs[0], refs[-1], round(length, 3)] += 1
    rows = zip(streets["from_node"], streets["to_node"], streets["length_m"].round(3), strict=True)
    assert Counter((a, b, round(length, 3)) for a, b, length in rows) == expected


def test_monaco_is_read_whole(monaco):
    assert monaco.counts["made"] == {
        "streets": len(monaco.streets), "services": len(monaco.services),
        "stops": len(monaco.stops), "routes": len(monaco.routes), "mapping": len(monaco.mapping),
    }  # fmt: skip
    assert monaco.date == pd.Timestamp("2023-12-26 21:21:22", tz="UTC")
    assert monaco.streets.crs.to_epsg() == 32632
    plainly = Counter(
        element.tags.get("amenity")
        for element in osmium.FileProcessor(MONACO).with_areas()
        if element.is_node() or element.is_area()
    )
    of_category = monaco.services["category"].value_counts()
    for category, amenities in {
        "school": ["school"], "library": ["library"], "university": ["university", "college"],
        "shared_bike": ["bicycle_rental"], "court": ["courthouse"],
    }.items():  # fmt: skip
        assert of_category[category] == sum(plainly[amenity] for amenity in amenities) > 0
    assert "Monaco" in monaco.stops.loc[monaco.stops["kind"] == "station", "name"].str.cat(sep=" ")
    assert monaco.mapping["uid"].isna().all()  # the extract names no editors
    assert monaco.mapping["edited"].notna().all()


@pytest.mark.parametrize("city", ["monaco", "helsinki"])
def test_tables_keep_their_contracts(city, request):
    layers = request.getfixturevalue(city)
    schema.check_services(layers.services)
    for table in (layers.streets, layers.services, layers.stops, layers.routes, layers.mapping):
        schema.check_metric_crs(table, name="table")
        schema.check_unique(table.index, name="table")
        assert table.geometry.is_valid.all()
        assert not table.geometry.is_empty.any()
    assert set(layers.stops["mode"]) <= set(schema.MODES)
    assert set(layers.routes["mode"]) <= set(schema.MODES)
    assert (layers.streets["length_m"] > 0).all()
    assert layers.streets["from_node"].dtype == layers.streets["to_node"].dtype == np.int64
    assert set(layers.services.geom_type) <= {"Point", "Polygon", "MultiPolygon"}
    streets_m = layers.mapping.loc[layers.mapping["kind"] == "street", "length_m"].sum()
    assert streets_m == pytest.approx(layers.streets["length_m"].sum())


def test_the_same_file_gives_the_same_tables(monaco):
    again = read_osm(MONACO)
    for table in ("streets", "services", "stops", "routes", "mapping"):
        pd.testing.assert_frame_equal(getattr(monaco, table), getattr(again, table))


def test_tables_do_not_depend_on_how_much_is_read_at_a_time(helsinki, monkeypatch):
    monkeypatch.setattr(osm_text, "_BLOCK", 10_007)
    monkeypatch.setattr(osm_ways, "_AT_ONCE", 7)
    again = read_osm(HELSINKI)
    for table in ("streets", "services", "stops", "routes", "mapping"):
        pd.testing.assert_frame_equal(getattr(helsinki, table), getattr(again, table))
    assert again.counts == helsinki.counts


def test_a_part_of_monaco_is_what_lies_in_it(monaco):
    west, south, east, north = monaco.streets.total_bounds
    box = shapely.box(west, south, (west + east) / 2, (south + north) / 2)
    part = read_osm(
        MONACO, crs=monaco.streets.crs, extent=gpd.GeoSeries([box], crs=monaco.streets.crs)
    )
    whole = monaco.services[monaco.services.intersects(box)]
    pd.testing.assert_frame_equal(part.services, whole)
    whole, mine = (table.streets[table.streets.within(box)] for table in (monaco, part))
    tags = whole.select_dtypes("category").columns  # of which the part knows fewer
    pd.testing.assert_frame_equal(
        mine.astype(dict.fromkeys(tags, object)), whole.astype(dict.fromkeys(tags, object))
    )
    assert part.streets.intersects(box).all()
    assert part.mapping.intersects(box.buffer(500)).all()
    assert len(part.mapping) < len(monaco.mapping)


# --------------------------------------------------------------- properties
@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["amenity", "leisure", "highway", "office", "access", "disused", "x"]),
        st.sampled_from(["school", "park;pitch", "garden", "yes", "private", "government", "bank"]),
    )
)
def test_the_indexed_table_agrees_with_a_plain_reading_of_it(tags):
    table = rules()
    for shape in ("point", "area"):
        plainly = [
            rule.name
            for rule in table.services.rules
            if rule.shape in ("any", shape)
            and any(plainly_fits(clause, tags) for clause in rule.match)
            and not any(plainly_fits(clause, tags) for clause in rule.unless)
        ]
        assert table.services.fitting(tags, shape=shape) == plainly


def plainly_fits(clause, tags):
    """The table's own words: every key has one of the values."""
    return all(set(tags.get(key, "").split(";")) & values for key, values in clause.items())
