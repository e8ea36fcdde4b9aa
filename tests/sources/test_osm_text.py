"""Taking elements that are lines of text apart in columns."""

import string

import numpy as np
import osmium
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoequity.sources import osm_text
from geoequity.sources.osm_text import Places
from geoequity.sources.osm_ways import NOWHERE

made = osmium.osm.mutable
ANYTHING = string.printable + "éñ漢🚲\u2028\u00a0\U000fffff"
NASTY = "Rua 1, 2=3; 100% de São José\t\"a\" 'b' @c\n漢字 🚲 %20% %"


def column(*texts):
    return pa.chunked_array([list(texts)], type=pa.string())


@pytest.fixture
def write(tmp_path):
    """Write elements as PBF and then as text; give the paths."""

    def write(*elements, keys=("amenity",)):
        file = tmp_path / "a.osm.pbf"
        with osmium.SimpleWriter(file, overwrite=True) as writer:
            for element in elements:
                writer.add(element)
        paths = {name: tmp_path / name for name in ("elements", "relations", "places")}
        for path in paths.values():
            path.unlink(missing_ok=True)
        osm_text.write_text(file, **paths, keys=keys)
        return file, paths

    return write


def test_what_matters_is_written_and_read_again(write):
    _, paths = write(
        made.Node(id=1, location=(-46.5, -23.25), tags={"amenity": "bar"}, uid=7,
                  timestamp="2020-02-03T04:05:06Z"),
        made.Node(id=2, location=(-46.6, -23.35), tags={"shop": "bakery"}),
        made.Node(id=12_000_000_000, location=(0.0000001, 0)),
        made.Way(id=5, nodes=[1, 2, 12_000_000_000, 3]),
        made.Way(id=6, nodes=[2], tags={"amenity": "bar"}),
        made.Relation(id=8, members=[("w", 5, "outer"), ("n", 1, "stop"), ("w", 6, "a@b,c")],
                      tags={"type": "route"}),
        made.Relation(id=9, members=[("w", 5, "")], tags={"amenity": "bar"}),
    )  # fmt: skip
    tables = dict(osm_text.read_tables(paths["elements"]))
    assert list(tables) == ["node", "way", "relation"]
    nodes, ways = tables["node"], tables["way"]
    assert osm_text.integers(nodes["number"]).tolist() == [1]
    assert osm_text.integers(nodes["uid"]).tolist() == [7]
    moment = pd.Timestamp("2020-02-03 04:05:06").timestamp()
    assert osm_text.seconds(nodes["edited"]).tolist() == [moment]
    assert osm_text.degrees(nodes["lon"]).tolist() == [-46.5]
    assert osm_text.degrees(nodes["lat"]).tolist() == [-23.25]
    assert osm_text.seconds(ways["edited"]).tolist() == [0, 0]
    size, ref = osm_text.nodes(ways["nodes"])
    assert size.tolist() == [4, 1]
    assert ref.tolist() == [1, 2, 12_000_000_000, 3, 2]
    x, y = osm_text.read_places(paths["places"]).find(ref)
    assert x.tolist() == [-465_000_000, -466_000_000, 1, NOWHERE, -466_000_000]
    assert y.tolist() == [-232_500_000, -233_500_000, 0, NOWHERE, -233_500_000]
    ((_, relations),) = osm_text.read_tables(paths["relations"])
    assert relations["number"].to_pylist() == ["r8"]
    members = relations["members"].to_pylist()[0]
    assert [way for way, _ in osm_text.read_members(members)] == [5, 6]
    assert next(osm_text.read_members(members)) == (5, "outer")


def test_files_without_nodes_ways_or_relations_are_read(write):
    _, paths = write(made.Way(id=5, nodes=[1, 2]))
    assert [kind for kind, _ in osm_text.read_tables(paths["elements"])] == ["way"]
    assert list(osm_text.read_tables(paths["relations"])) == []
    x, y = osm_text.read_places(paths["places"]).find(np.array([1, 2]))
    assert x.tolist() == y.tolist() == [NOWHERE, NOWHERE]
    _, paths = write(made.Relation(id=5, tags={"type": "route"}))
    ((_, table),) = osm_text.read_tables(paths["relations"])
    assert list(osm_text.read_members(table["members"].to_pylist()[0])) == []


def test_places_that_are_not_there_are_nowhere():
    places = Places(ref=np.array([2, 5]), x=np.array([1, 2]), y=np.array([3, 4]))
    x, y = places.find(np.array([5, 1, 2, 3, 6, -1]))
    assert x.tolist() == [2, NOWHERE, 1, NOWHERE, NOWHERE, NOWHERE]
    assert y.tolist() == [4, NOWHERE, 3, NOWHERE, NOWHERE, NOWHERE]


def test_elements_that_say_the_same_are_one_group():
    texts = column("Thighway=path,lit=yes,name=A", "T", "Tnote=x,name=B", "Tlit=yes,highway=path",
                   "Thighway=path,source=x,lit=yes")  # fmt: skip
    groups, group, names = osm_text.tags(texts, heeded={"highway", "lit"}.__contains__)
    told = [osm_text.read_tags(groups[one]) for one in group]
    path = {"highway": "path", "lit": "yes"}
    assert told == [path, {}, {}, path, path]
    assert group[0] == group[4]
    assert group[1] == group[2]
    assert names.tolist() == ["A", None, "B", None, None]


def test_no_elements_have_no_groups():
    groups, group, names = osm_text.tags(column(), heeded=bool)
    assert (groups, len(group), len(names)) == ([], 0, 0)
    assert [len(one) for one in osm_text.nodes(column())] == [0, 0]


def test_text_comes_back_as_it_was(write):
    tags = {"amenity": NASTY, "a=b,c%": NASTY, "name": NASTY}
    _, paths = write(made.Node(id=1, location=(0, 0), tags=tags))
    ((_, table),) = osm_text.read_tables(paths["elements"])
    groups, _, names = osm_text.tags(table["tags"], heeded=lambda key: key != "name")
    assert osm_text.read_tags(groups[0]) == {"amenity": NASTY, "a=b,c%": NASTY}
    assert names.tolist() == [NASTY]


@settings(max_examples=20, deadline=None)
@given(
    st.dictionaries(
        st.text(st.sampled_from(ANYTHING), min_size=1, max_size=5),
        st.text(st.sampled_from(ANYTHING), max_size=8),
        min_size=1,
        max_size=4,
    )
)
def test_any_text_comes_back_as_it_was(tmp_path_factory, tags):
    folder = tmp_path_factory.mktemp("any")
    with osmium.SimpleWriter(folder / "a.osm.pbf") as writer:
        writer.add_way(made.Way(id=1, nodes=[1, 2], tags=tags))
    paths = {name: folder / name for name in ("elements", "relations", "places")}
    osm_text.write_text(folder / "a.osm.pbf", **paths, keys=["x"])
    ((_, table),) = osm_text.read_tables(paths["elements"])
    assert osm_text.read_tags(table["tags"].to_pylist()[0][1:]) == tags


N, W, R = made.Node, made.Way, made.Relation


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ([], True),
        ([N(id=1), N(id=2), W(id=1), W(id=9), R(id=3)], True),
        ([W(id=1), R(id=1)], True),
        ([N(id=2), N(id=1)], False),
        ([N(id=1), N(id=1)], False),
        ([W(id=1), N(id=2)], False),
        ([R(id=1), W(id=2)], False),
        ([N(id=-1), N(id=-2)], False),
    ],
)
@pytest.mark.parametrize("block", [4, 1 << 20])
def test_order_is_of_kinds_then_ids(write, tmp_path, monkeypatch, block, elements, expected):
    monkeypatch.setattr(osm_text, "_BLOCK", block)
    file, _ = write(*elements)
    (tmp_path / "ids").unlink(missing_ok=True)
    assert osm_text.is_in_order(file, target=tmp_path / "ids") is expected


def test_areas_are_written_with_the_nodes_that_are_there():
    places = Places(ref=np.array([1, 2]), x=np.array([10_000_000, 5]), y=np.array([0, -5]))
    ways = {7: ("Tleisure=park", "Nn2,n1,n3,n2"), 8: ("T", "Nn1,n2")}
    text = osm_text.area_text(ways, {9: [7, 8]}, places=places)
    assert text.decode().splitlines() == [
        "n1 x1.0000000 y0.0000000",
        "n2 x0.0000005 y-0.0000005",
        "w7 Tleisure=park Nn2,n1,n3,n2",
        "w8 T Nn1,n2",
        "r9 Ttype=multipolygon Mw7@,w8@",
    ]
