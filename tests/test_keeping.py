"""Results are made once for every content of what they are made of."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoequity.keeping import FORGETFUL, Kept
from geoequity.streets import ADULT, Walker


def table() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "name": ["a", None],
            "count": [1.0, np.nan],
            "kind": pd.Categorical(["x", "y"]),
            "known": pd.array([True, None], dtype="boolean"),
        },
        geometry=[shapely.Point(0, 0), shapely.Point(1, 1)],
        index=["p", "q"],
        crs=32718,
    )


def made(kept: Kept, *of: object, name: str = "result") -> bool:
    """Tell whether a result had to be made."""
    calls = []
    kept.once(name, lambda: calls.append(1), *of)
    return bool(calls)


def test_a_result_is_made_once_and_given_back_as_it_is():
    kept, first = Kept(), object()
    assert kept.once("one", lambda: first, table()) is first
    assert kept.once("one", object, table()) is first
    assert kept.once("other", object, table()) is not first


CHANGES = {
    "a value": lambda t: t.assign(count=[1.0, 0.0]),
    "a text": lambda t: t.assign(name=["a", "b"]),
    "a kind": lambda t: t.assign(kind=pd.Categorical(["x", "x"], categories=["x", "y"])),
    "a yes or no": lambda t: t.assign(known=pd.array([True, False], dtype="boolean")),
    "a place": lambda t: t.set_geometry(t.geometry.translate(1e-9)),
    "the order": lambda t: t.iloc[::-1],
    "an id": lambda t: t.set_axis(["p", "r"], axis=0),
    "a name of a column": lambda t: t.rename(columns={"count": "number"}),
    "a column more": lambda t: t.assign(more=1),
    "the CRS": lambda t: t.set_crs(32719, allow_override=True),
    "the type of a number": lambda t: t.assign(count=t["count"].astype("float32")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_in_a_table_makes_the_result_anew(change):
    kept = Kept()
    assert made(kept, table())
    assert not made(kept, table())
    assert made(kept, CHANGES[change](table()))
    assert not made(kept, table())


SHAPES = [
    *("POINT (0 0)", "POINT (0 1)", "POINT EMPTY", "MULTIPOINT ((0 0))", "POINT Z (0 0 0)"),
    *("LINESTRING (0 0, 1 1, 2 2)", "LINESTRING (0 0, 1 1)", "LINESTRING (2 2, 1 1, 0 0)"),
    *("LINESTRING Z (0 0 0, 1 1 0)", "LINESTRING EMPTY", "MULTILINESTRING ((0 0, 1 1, 2 2))"),
    "POLYGON ((0 0, 9 0, 9 9, 0 0))",
    "POLYGON ((0 0, 9 0, 9 9, 0 0), (3 1, 4 1, 4 2, 3 1))",
    "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)))",
    *("POLYGON EMPTY", "GEOMETRYCOLLECTION EMPTY", None),
]


@given(*[st.lists(st.sampled_from(SHAPES), max_size=4)] * 2)
def test_shapes_are_told_apart_wherever_one_ends_and_another_begins(one, other):
    first, second = (gpd.GeoSeries(shapely.from_wkt(some)) for some in (one, other))
    kept = Kept()
    assert made(kept, first)
    assert not made(kept, first.copy())
    assert made(kept, second) == (one != other)


TEXTS = st.lists(st.none() | st.text("añ🚲", max_size=2), max_size=4)


@pytest.mark.parametrize("storage", ["pyarrow", "python"])
@given(one=TEXTS, other=TEXTS)
def test_texts_are_told_apart_wherever_one_ends_and_another_begins(storage, one, other):
    kind = pd.StringDtype(storage, na_value=np.nan)
    first, second = (pd.Series(some, dtype=kind) for some in (one, other))
    kept = Kept()
    assert made(kept, first)
    # Cut from a longer column, or put together, it is another layout of the same
    longer = pd.Series(["x", *one, "y"], dtype=kind)
    assert not made(kept, longer.iloc[1:-1].reset_index(drop=True))
    halves = [first.iloc[:2], first.iloc[2:]]
    assert not made(kept, pd.concat(halves))
    assert made(kept, second) == (one != other)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=8,
)


@given(PLAIN, PLAIN)
def test_plain_values_are_told_apart_by_content_and_kind(one, other):
    kept = Kept()
    assert made(kept, one)
    assert not made(kept, one)
    assert made(kept, other) == (repr(one) != repr(other))


def test_records_count_by_their_fields():
    kept = Kept()
    assert made(kept, ADULT)
    assert not made(kept, Walker(name=ADULT.name, speed_kmh=ADULT.speed_kmh))
    assert made(kept, Walker(name=ADULT.name, speed_kmh=5.1))


def test_where_inputs_end_is_no_matter_of_chance():
    kept = Kept()
    assert made(kept, "a", "bc")
    assert made(kept, "ab", "c")
    assert made(kept, ("a", "bc"))
    assert made(kept, ["a", ["bc"]])


def test_what_a_function_does_is_not_guessed():
    with pytest.raises(TypeError, match="no fingerprint"):
        Kept().once("result", object, lambda: 1)


def test_of_several_only_the_unknown_are_made_in_one_go():
    kept, asked = Kept(), []

    def make(which: list[str]) -> dict[str, int]:
        asked.append(which)
        return {one: len(one) for one in which}

    assert kept.each("length", {"a": (1,), "bb": (1,)}, make) == {"a": 1, "bb": 2}
    assert kept.each("length", {"bb": (1,), "ccc": (1,), "a": (2,)}, make) == {
        "bb": 2,
        "ccc": 3,
        "a": 1,
    }
    assert asked == [["a", "bb"], ["ccc", "a"]]


def test_a_layer_knows_what_is_below_and_tells_nothing_down():
    below = Kept()
    assert made(below, 1)
    above = below.above()
    assert not made(above, 1)
    assert made(above, 2)
    assert made(below, 2)
    assert not made(above.above(), 2)


def test_what_is_known_can_be_asked_without_making_it():
    kept = Kept()
    assert kept.known("one", table()) is None
    first = kept.once("one", object, table())
    assert kept.known("one", table()) is first
    assert kept.above().known("one", table()) is first
    assert kept.known("one", table().assign(count=2.0)) is None
    assert FORGETFUL.known("one", table()) is None


def test_the_forgetful_keeps_nothing():
    assert made(FORGETFUL, 1)
    assert made(FORGETFUL, 1)
    assert FORGETFUL.each("none", {}, lambda _: {}) == {}


def test_ids_are_known_again_through_every_look_at_them_and_not_through_a_part():
    kept = Kept()
    many = pd.DataFrame({"x": range(4), "y": 1}, index=pd.Index(list("abcd"), dtype=object))
    assert made(kept, many)
    assert not made(kept, many.copy())
    assert made(kept, many.index)
    assert not made(kept, many[["x"]].index)
    assert made(kept, many.index[::-1])
    assert made(kept, many.index[:2])
    assert made(kept, many.index[1:3])
    assert made(kept, many.index[2:4])
    assert not made(kept, pd.Index(list("ab"), dtype=object))
    assert not made(kept, pd.Index(list("dcba"), dtype=object))


def test_in_memory_is_the_same_store_without_the_shelf():
    shelf = Drawer()
    kept = Kept(shelf=shelf)
    assert kept.in_memory().once("one", lambda: 1, 2) == 1
    assert not shelf.put_there
    assert kept.once("one", lambda: 3, 2) == 1
    assert kept.above().in_memory().once("one", lambda: 4, 2) == 1
    assert Kept(shelf=shelf, remembers=False).in_memory() is FORGETFUL


class Drawer:
    """A shelf that counts what is put there."""

    def __init__(self):
        self.put_there = []

    def take(self, name, key):  # noqa: ARG002
        return None

    def put(self, name, key, value, *, mark):  # noqa: ARG002
        self.put_there.append(name)
