"""Results on disk: the same to the bit, never half, never of something else, never in the way."""

import dataclasses
import datetime as dt
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import grimp
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS
from tiny_city import write_city

import geoequity as ge
from geoequity import batch, cache, outputs
from geoequity.assessment import _reading
from geoequity.cache import Cache, _codec, _version
from geoequity.cli import main
from geoequity.errors import CacheWarning, ConfigError, DataWarning
from geoequity.keeping import Kept
from geoequity.streets import ADULT

KEY = b"key"
MAKING = {"read", "join", "rasters", "streets", "homes", "minutes", "counts", "indicators"}


def table() -> gpd.GeoDataFrame:
    made = gpd.GeoDataFrame(
        {
            "name": pd.Series(["a", None, float("nan"), pd.NA], dtype=object),
            "text": ["á", "b", None, ""],
            "share": [1.0, np.nan, -0.0, np.inf],
            "count": np.array([1, 2, 3, 2**62]),
            "small": np.array([1, 2, 3, 4], dtype="int8"),
            "kind": pd.Categorical(["x", None, "y", "x"], categories=["y", "x"], ordered=True),
            "known": pd.array([True, None, False, True], dtype="boolean"),
            "whole": pd.array([1, None, 2, 3], dtype="Int16"),
            "day": pd.to_datetime(["2025-01-01", None, "2025-03-01", "2025-04-01"]),
            "instant": pd.to_datetime(["2025-01-01", None, "2025-03-01", "2025-04-01"], utc=True),
            "marks": pd.Series([True, None, 2**70, 0.5], dtype=object),
            "things": pd.Series([{"a": (1, 2.5)}, [None], {"x"}, 3], dtype=object),
        },
        geometry=[shapely.Point(0, 0.1), None, shapely.box(0, 0, 1, 1), shapely.Point()],
        index=pd.Index(["p", "q", "r", "s"], name="unit_id"),
        crs=32718,
    )
    made.attrs = {"limit_min": 30}
    return made


def lines() -> gpd.GeoSeries:
    return gpd.GeoSeries.from_wkt(
        ["LINESTRING (0 0, 1 0.1)", "LINESTRING (1 1, 2 2, 3 1)"], crs=3857
    )


VALUES = {
    "table": table,
    "lines": lines,
    "lines in space": lambda: gpd.GeoSeries.from_wkt(["LINESTRING Z (0 0 5, 1 0 7)"], crs=3857),
    "no geometry": lambda: table().iloc[:0],
    "several levels": lambda: pd.DataFrame(
        {"x": [1.0, 2.0]},
        index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["unit", None]),
    ),
    "numbered columns": lambda: pd.DataFrame(np.arange(6.0).reshape(2, 3)),
    "two columns of one name": lambda: pd.DataFrame([[1, "a"], [2, "b"]], columns=["x", "x"]),
    "a column": lambda: pd.Series([1.5, np.nan], index=[3, 1], name=("a", 1)),
    "texts of objects": lambda: pd.Series(["a", None], dtype=object),
    "an index": lambda: pd.Index(["a", "b"], dtype=object, name="node"),
    "a range": lambda: pd.RangeIndex(2, 10, 3, name="row"),
    "days": lambda: pd.DatetimeIndex(["2025-01-01", "2025-02-01"]),
    "an array": lambda: np.asfortranarray(np.arange(6, dtype="float32").reshape(2, 3)),
    "nothing in an array": lambda: np.zeros((0, 2)),
    "a record": lambda: ADULT,
    "plain": lambda: [
        (1, 2.5, "á", None, True, float("inf"), b"\0x"),
        {"a": {1, 2}, ("b", 1): frozenset({"c"})},
        *(dt.date(2025, 1, 2), dt.time(7, 30), dt.datetime(2025, 1, 2, 3, 4, 5, 6)),  # noqa: DTZ001
        *(Path("a/b"), np.float32(0.1), np.int64(3), np.bool_(True)),
    ],
    "a shape": lambda: shapely.Point(0.1, 0.2),
    "a CRS": lambda: CRS("EPSG:32718"),
}


def back(value: object) -> Any:
    """Take a value to bytes and back."""
    kept = Kept()
    parts: list[bytes] = []
    tree = _codec.pack(value, mark=kept._print, write=lambda one: parts.append(bytes(one)))
    found, marks = _codec.unpack(json.loads(_codec.dumps(tree)), [memoryview(one) for one in parts])
    for one, mark in marks:  # what comes back is known by the fingerprint that it had
        assert Kept()._print(one) == mark
    return found


@pytest.mark.parametrize("name", VALUES)
def test_what_comes_back_is_the_same_in_content_kind_and_fingerprint(name: str) -> None:
    value, found = VALUES[name](), back(VALUES[name]())
    assert type(found) is type(value)
    assert Kept()._print(found) == Kept()._print(value)
    if isinstance(value, pd.DataFrame):
        check = pd.testing.assert_frame_equal
        check(pd.DataFrame(found), pd.DataFrame(value), check_exact=True, check_freq=True)
        assert found.attrs == value.attrs
        assert list(found.dtypes) == list(value.dtypes)
        for at in [n for n, one in enumerate(value.dtypes) if str(one) == "object"]:
            kinds = [[type(one) for one in each.iloc[:, at]] for each in (found, value)]
            assert kinds[0] == kinds[1]
    if isinstance(value, gpd.GeoDataFrame | gpd.GeoSeries):
        assert found.crs == value.crs
        assert found.crs.to_string() == value.crs.to_string()


LAYOUTS = {
    "rows first": lambda: pd.DataFrame(np.random.default_rng(1).random((50, 30))),
    "columns first": lambda: pd.DataFrame(np.asfortranarray(np.ones((50, 30)))),
    "column by column": lambda: pd.DataFrame({str(one): np.arange(50.0) for one in range(30)}),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_numbers_lie_in_memory_as_they_did_so_that_they_add_up_alike(name: str) -> None:
    value, found = LAYOUTS[name](), back(LAYOUTS[name]())
    assert found.to_numpy().flags.c_contiguous == value.to_numpy().flags.c_contiguous
    weights = np.random.default_rng(2).random(30)
    assert (found.to_numpy() @ weights).tobytes() == (value.to_numpy() @ weights).tobytes()
    assert (found.sum(axis=1).to_numpy() == value.sum(axis=1).to_numpy()).all()


def test_what_comes_back_may_be_written_to() -> None:
    found = back(np.arange(3.0))
    found[0] = 5
    table = back(pd.DataFrame({"x": [1.0, 2.0], "y": [1.0, 2.0]}))
    table.loc[0, "x"] = 3.0
    assert table["x"].tolist() == [3.0, 2.0]


def test_what_stands_twice_comes_back_once() -> None:
    one = pd.Series([1.0])
    first, second = back([one, {"again": one}])
    assert second["again"] is first


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=8,
)


@given(PLAIN)
def test_any_plain_value_comes_back(value: object) -> None:
    assert repr(back(value)) == repr(value)


@given(st.lists(st.text() | st.none()), st.lists(st.floats()))
def test_any_column_comes_back(texts: list, numbers: list) -> None:
    assert back(pd.Series(texts, dtype=object)).tolist() == texts
    value = np.array(numbers, dtype=float)
    assert back(pd.Series(value)).to_numpy().tobytes() == value.tobytes()


@pytest.mark.parametrize(
    "value",
    [
        lambda: 1,
        object(),
        shapely.LinearRing([(0, 0), (1, 0), (1, 1)]),
        np.array([object()]),
        pd.Series([1, lambda: 1], dtype=object),
        pd.date_range("2025-01-01", periods=2),  # its step would be lost
        pd.interval_range(0, 2),
    ],
    ids=["function", "object", "ring", "objects", "things", "steps", "intervals"],
)
def test_what_has_no_form_as_bytes_is_not_kept_and_made_again(
    value: object, tmp_path: Path
) -> None:
    made, shelf = [], Cache(tmp_path)
    for _ in range(2):
        kept = Kept(shelf=shelf)
        assert kept.once("stage", lambda: made.append(1) or value, 1) is value
    assert made == [1, 1]
    assert shelf.held().stages == {}


@pytest.mark.parametrize(
    "name", ["os:system", "subprocess:Popen", "geoequity.city:presets", "geoequity.absent:One"]
)
def test_a_file_can_name_no_class_but_records_of_this_package(name: str) -> None:
    with pytest.raises(ValueError, match="no record of this package"):
        _codec.unpack({"is": "record", "class": name, "of": [["args", "id"]]}, [])


# ---- on disk ------------------------------------------------------------------------------------


def told_by(folder: Path, **options: Any) -> tuple[Cache, list[str]]:
    said: list[str] = []
    return Cache(folder, tell=said.append, **options), said


def put(shelf: Cache, value: object, *, name: str = "stage", key: bytes = KEY) -> Path:
    before = set(shelf.folder.rglob("*"))
    shelf.put(name, key, value, mark=Kept()._print)
    (path,) = [one for one in set(shelf.folder.rglob("*")) - before if one.is_file()]
    return path


def test_a_result_is_found_by_another_run(tmp_path: Path) -> None:
    put(Cache(tmp_path), {"x": table()})
    taken = Cache(tmp_path).take("stage", KEY)
    pd.testing.assert_frame_equal(taken.value["x"], table(), check_exact=True)
    assert Cache(tmp_path).take("stage", b"other") is None
    assert Cache(tmp_path).take("other", KEY) is None


def test_a_table_from_the_shelf_is_not_fingerprinted_again(tmp_path: Path, monkeypatch) -> None:
    Kept(shelf=Cache(tmp_path)).once("one", table, 1)
    kept = Kept(shelf=Cache(tmp_path))
    found = kept.once("one", table, 1)
    monkeypatch.setattr("geoequity.keeping._table_print", None)  # none is made
    assert len(kept._print(found)) == 16


DAMAGES = {
    "cut short": lambda data: data[:-1],
    "cut in half": lambda data: data[: len(data) // 2],
    "empty": lambda _: b"",
    "longer": lambda data: data + b"\0",
    "foreign": lambda _: b"PK\x03\x04 a file of somebody else",
    "foreign with our name": lambda data: data[:20] + b"\xff" * 200,
    "nothing but a head": lambda data: data[:60],
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_told_once_and_the_result_made_again(name: str, tmp_path: Path) -> None:
    path = put(Cache(tmp_path), table())
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    shelf, said = told_by(tmp_path)
    assert shelf.take("stage", KEY) is None
    assert said == [f"{path}: is damaged; removed, and made again"]
    assert not path.exists()
    assert shelf.take("stage", KEY) is None  # absent by now, which is nothing to tell
    assert len(said) == 1
    put(shelf, table())
    assert shelf.take("stage", KEY) is not None


def test_a_flipped_bit_is_seen_wherever_it_is(tmp_path: Path) -> None:
    path = put(Cache(tmp_path), {"a": np.arange(9.0), "b": ["x", 1]})
    whole, (shelf, said) = path.read_bytes(), told_by(tmp_path)
    for at in range(len(whole)):
        spoilt = bytearray(whole)
        spoilt[at] ^= 1 << (at % 8)
        path.write_bytes(spoilt)
        assert shelf.take("stage", KEY) is None
    assert len(said) == 1  # once a file, however often


def test_a_whole_file_of_another_result_is_not_taken_for_this_one(tmp_path: Path) -> None:
    shelf, said = told_by(tmp_path)
    path, other = put(shelf, 1), put(shelf, 2, key=b"other")
    path.write_bytes(other.read_bytes())
    assert shelf.take("stage", KEY) is None
    assert "is damaged" in said[0]


def test_another_code_has_other_results(tmp_path: Path, monkeypatch) -> None:
    put(Cache(tmp_path), 1)
    monkeypatch.setattr(cache, "version", lambda: b"another")
    assert Cache(tmp_path).take("stage", KEY) is None


def test_no_result_is_made_of_the_code_that_counts_for_nothing() -> None:
    graph = grimp.build_graph("geoequity")
    made_of = {"geoequity.assessment", *graph.find_upstream_modules("geoequity.assessment")}
    used = {one.split(".")[1] for one in made_of if "." in one}
    idle = {one.removesuffix(".py") for one in _version._SHELLS}
    # The catalogues of messages hold words, and the cache hands results through
    assert used & idle <= {"locale", "cache"}
    named = {one.parts[0] for one in map(_relative, _version.sources())}
    assert {"assessment", "indicators", "sources", "streets"} <= named
    assert "catalogue.toml" in {one.name for one in _version.sources()}


def _relative(path: Path) -> Path:
    return path.relative_to(Path(ge.__file__).parent)


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    shelf, _ = told_by(tmp_path, max_bytes=10_000)
    paths = [put(shelf, np.zeros(300), key=str(one).encode()) for one in range(3)]
    for age, path in enumerate(paths):
        os.utime(path, ns=(age, age))
    assert shelf.take("stage", b"0") is not None  # used now
    shelf.max_bytes = sum(one.stat().st_size for one in paths) - 1
    shelf.trim()
    assert [one.exists() for one in paths] == [True, False, True]
    shelf.max_bytes = 0
    shelf.trim()
    assert shelf.held().stages == {}


def test_the_bound_holds_while_results_are_put(tmp_path: Path) -> None:
    shelf, said = told_by(tmp_path, max_bytes=50_000)
    for one in range(60):
        shelf.put("stage", str(one).encode(), np.zeros(300), mark=Kept()._print)
        assert sum(shelf.held().stages.values()) <= 1.1 * shelf.max_bytes
    assert shelf.take("stage", b"59") is not None
    assert said == []


def test_drafts_of_runs_that_were_killed_are_removed_in_time(tmp_path: Path) -> None:
    shelf = Cache(tmp_path)
    path = put(shelf, 1)
    old, new = (path.with_name(f".draft-{one}") for one in ("old", "new"))
    for one in (old, new):
        one.write_bytes(b"half")
    os.utime(old, (0, 0))
    shelf.trim()
    assert (old.exists(), new.exists(), path.exists()) == (False, True, True)


def test_clear_leaves_downloads(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "one").write_bytes(b"1234")
    shelf = Cache(tmp_path)
    size = put(shelf, table()).stat().st_size
    assert shelf.clear() == size
    assert shelf.held().stages == {}
    assert shelf.held().downloads == 4
    assert shelf.clear() == 0
    assert put(shelf, 1).is_file()  # and goes on


# ---- a cache that cannot be ---------------------------------------------------------------------


def test_a_full_disk_is_told_once_and_leaves_nothing(tmp_path: Path, monkeypatch) -> None:
    shelf, said = told_by(tmp_path)
    real = Path.open

    def full(path: Path, mode: str = "r", *words: Any) -> Any:
        stream = real(path, mode, *words)
        if "x" in mode:
            stream.write(b"half")
            stream.close()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return stream

    monkeypatch.setattr(Path, "open", full)
    kept = Kept(shelf=shelf)
    assert [kept.once("stage", lambda one=one: one, one) for one in range(3)] == [0, 1, 2]
    assert said == [f"{tmp_path}: nothing can be kept there: No space left on device"]
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


def test_a_place_that_is_no_folder_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    shelf, said = told_by(tmp_path / "file")
    for one in range(3):
        shelf.put("stage", str(one).encode(), 1, mark=Kept()._print)
        assert shelf.take("stage", str(one).encode()) is None
    shelf.trim()
    assert any("nothing can be kept there" in one for one in said)
    assert len(said) <= 2
    assert (tmp_path / "file").read_text() == "x"


def test_without_somebody_to_tell_it_warns(tmp_path: Path) -> None:
    path = put(Cache(tmp_path), 1)
    path.write_bytes(b"")
    with pytest.warns(CacheWarning, match="is damaged"):
        assert Cache(tmp_path).take("stage", KEY) is None


def test_a_bound_that_is_no_number_is_refused(monkeypatch) -> None:
    monkeypatch.setenv("GEOEQUITY_CACHE_GB", "much")
    with pytest.raises(ConfigError, match="GEOEQUITY_CACHE_GB: 'much'"):
        Cache()
    monkeypatch.setenv("GEOEQUITY_CACHE_GB", "0.5")
    assert Cache().max_bytes == 500_000_000


# ---- several at once, and one that is killed ----------------------------------------------------

WORK = """
import sys
import numpy as np
from geoequity.cache import Cache
from geoequity.keeping import Kept
shelf = Cache(sys.argv[1], max_bytes=int(sys.argv[2]))
print("on", flush=True)
while True:
    for one in range(8):
        kept = Kept(shelf=shelf)
        found = kept.once("stage", lambda: np.full(20_000, float(one)), one)
        assert (found == one).all() and len(found) == 20_000
        if one == 4:
            shelf.clear()
"""


def works(folder: Path, *, max_bytes: int = 600_000) -> subprocess.Popen:
    """Start a process that puts, finds and clears without an end."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", WORK, str(folder), str(max_bytes)],
        env={**os.environ, "PYTHONPATH": str(Path(ge.__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"on\n"
    return process


def killed(process: subprocess.Popen) -> None:
    """Kill a process, which must have been at work until then."""
    assert process.poll() is None, process.stderr.read().decode()
    process.send_signal(signal.SIGKILL)
    process.communicate()


def assert_whole(folder: Path) -> None:
    """All that lies there is whole, and what it should be."""
    shelf, said = told_by(folder)
    for one in range(8):
        taken = shelf.take("stage", Kept()._key("stage", ("", one)))
        assert taken is None or (taken.value == one).all()
    assert said == []


@pytest.mark.parametrize("times", [3, pytest.param(60, marks=pytest.mark.slow)])
def test_runs_at_once_of_which_one_is_killed_find_whole_results(times: int, tmp_path: Path) -> None:
    """Each puts, finds and clears in one folder under a bound that makes them trim, too."""
    rng = np.random.default_rng(5)
    steady = works(tmp_path)
    for _ in range(times):
        other = works(tmp_path)
        time.sleep(rng.uniform(0, 0.2))
        killed(other)
        assert_whole(tmp_path)
    killed(steady)
    assert_whole(tmp_path)


# ---- a study ------------------------------------------------------------------------------------


class Watched(Cache):
    """A cache that notes which stages were found and which made."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.found: list[str] = []
        self.made: list[str] = []

    def take(self, name: str, key: bytes) -> Any:
        taken = super().take(name, key)
        (self.made if taken is None else self.found).append(name)
        return taken


def written(study: Any, folder: Path) -> dict[str, bytes]:
    """Write a study and read all of it, bar times."""
    outputs.save(study, folder)
    summary = json.loads((folder / "summary.json").read_text("utf-8")) | {"stages": None}
    files = {
        one.relative_to(folder).as_posix(): one.read_bytes()
        for one in sorted(folder.rglob("*"))
        # GeoPackages tell when they were written
        if one.is_file() and one.name not in {"summary.json", "study.gpkg"}
    }
    return files | {"summary.json": json.dumps(summary).encode()}


@dataclasses.dataclass(frozen=True)
class Town:
    """A town that was assessed once, with a cache that was empty."""

    file: Path
    shelf: Path
    first: Watched
    study: Any
    said: list[str]

    def again(self) -> Watched:
        """Assess it with what that left."""
        shelf = Watched(self.shelf)
        ge.assess(ge.City.from_toml(self.file), cache=shelf)
        return shelf

    @contextmanager
    def changed(self, name: str, old: bytes, new: bytes) -> Iterator[None]:
        """Change a file of the same size and time, for a while."""
        path = self.file.parent / name
        text, seen = path.read_bytes(), path.stat()
        assert old in text
        path.write_bytes(text.replace(old, new, 1))
        os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
        yield
        path.write_bytes(text)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Assess a town, in whose data something has to be mended."""
    folder = tmp_path_factory.mktemp("town")
    file, first = write_city(folder), Watched(folder / "shelf")
    table = folder / "internet.csv"
    rows = table.read_bytes().splitlines()
    table.write_bytes(b"\n".join([*rows, rows[-1], b""]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        study = ge.assess(ge.City.from_toml(file), cache=first)
    said = [str(one.message) for one in caught if one.category is DataWarning]
    return Town(file=file, shelf=folder / "shelf", first=first, study=study, said=said)


def test_a_study_is_the_same_without_a_cache_with_a_new_and_with_a_full_one(
    town: Town, tmp_path: Path
) -> None:
    full = Watched(town.shelf)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = ge.assess(ge.City.from_toml(town.file), cache=full)
    assert set(town.first.made) >= MAKING
    assert set(town.first.found) <= {"minutes"}  # on the level, some walks are the same twice
    assert full.made == []  # all that is measured is one result
    assert "measured" in full.found
    assert not MAKING & set(full.found)
    # What was mended is told by every run
    assert [str(one.message) for one in caught if one.category is DataWarning] == town.said != []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        anew = written(ge.assess(ge.City.from_toml(town.file)), tmp_path / "anew")
    assert written(town.study, tmp_path / "new") == anew
    assert written(found, tmp_path / "full") == anew


@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")
def test_where_all_that_is_measured_is_not_one_result_each_stage_is(town: Town) -> None:
    shutil.rmtree(town.shelf / "stages" / "measured")
    shelf = town.again()
    assert set(shelf.made) == {"measured"}  # every other one can be kept
    assert set(shelf.found) >= MAKING
    assert town.again().made == []


OF_TABLES = {"measured", "read", "indicators", "inequality", "sampling"}


@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")
def test_a_changed_weight_makes_no_stage_again(town: Town) -> None:
    text = town.file.read_text(encoding="utf-8")
    choices = '[index]\nweights.mobility = 2.0\n[report.title]\nen = "Another"\n'
    town.file.write_text(f"{text}\n{choices}", encoding="utf-8")
    assert town.again().made == []
    town.file.write_text(text, encoding="utf-8")


@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")
def test_a_changed_table_makes_again_what_is_made_of_it_and_no_more(town: Town) -> None:
    with town.changed("internet.csv", b"91,5", b"91,6"):
        shelf = town.again()
    assert set(shelf.made) == OF_TABLES
    assert shelf.made.count("indicators") < shelf.found.count("indicators") / 5
    with town.changed("places.csv", b"school", b"clinic"):
        shelf = town.again()
    assert {"read", "minutes", "counts"} <= set(shelf.made)
    assert not {"join", "streets", "homes"} & set(shelf.made)
    assert town.again().made == []


@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")
def test_a_city_of_fewer_sources_shares_what_is_made_of_the_same(town: Town) -> None:
    city = ge.City.from_toml(town.file).model_copy(update={"tables": ()})
    shelf = Watched(town.shelf)
    found = ge.assess(city, cache=shelf)
    assert {"join", "streets", "homes", "minutes"} <= set(shelf.found)
    assert found.provenance["sources"] == ge.assess(city).provenance["sources"]


@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")
def test_a_file_that_changes_while_it_is_read_is_not_kept(town: Town, monkeypatch) -> None:
    changes, real = [b"92,1", b"93,1"], _reading.collect

    def changing(*words: Any) -> Any:
        found = real(*words)
        path = town.file.parent / "internet.csv"
        path.write_bytes(path.read_bytes().replace(*changes))
        return found

    with town.changed("internet.csv", b"91,5", changes[0]):
        monkeypatch.setattr(_reading, "collect", changing)
        town.again()
        monkeypatch.undo()
    with town.changed("internet.csv", b"91,5", changes[0]):
        assert "read" in town.again().made


# ---- commands -----------------------------------------------------------------------------------


def test_the_commands_share_a_cache_and_one_can_do_without(
    make_city, tmp_path: Path, capsys, monkeypatch
) -> None:
    file, place = make_city(), tmp_path / "place"
    monkeypatch.setenv("GEOEQUITY_CACHE", str(place))
    words = ["run", str(file), "--out", str(tmp_path / "out"), "--language", "en", "--no-pdf"]
    assert main([*words, "--quiet", "--no-cache"]) == 0
    assert not place.exists()
    assert main([*words, "--quiet"]) == 0
    assert main(["cache", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["folder"] == str(place)
    assert told["results_bytes"] == sum(told["stages"].values()) > 0
    assert main(["cache", "clear"]) == 0
    said = capsys.readouterr().out
    assert "MB of results removed" in said
    assert "which clear leaves" in said
    assert not (place / "stages").exists()
    assert main(["cache", "--json", "--cache", str(tmp_path / "nowhere")]) == 0
    assert json.loads(capsys.readouterr().out)["results_bytes"] == 0


def test_a_cache_that_cannot_be_written_ends_no_run(make_city, tmp_path: Path, capsys) -> None:
    (tmp_path / "file").write_text("x")
    words = ["--out", str(tmp_path / "out"), "--language", "en", "--no-pdf", "--quiet"]
    assert main(["run", str(make_city()), "--cache", str(tmp_path / "file"), *words]) == 0
    said = capsys.readouterr().err.splitlines()
    assert 1 <= len(said) <= 2
    assert "nothing can be kept there" in said[-1]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")
def test_the_demo_city_comes_out_the_same_to_the_byte(tmp_path: Path) -> None:
    """Map, reports and tables: without a cache, with a new one and with a full one."""
    found = []
    for name in ("without", "new", "full"):
        shelf = None if name == "without" else Cache(tmp_path / "shelf")
        folder = tmp_path / name
        city = ge.City.preset("demo")
        batch.assess_and_write(city, folder, languages=["es"], pdf=True, cache=shelf)
        study = outputs.load(folder)
        files = written(study, tmp_path / f"{name}-again")
        pages = ("map.html", "report.es.html", "report.es.pdf")
        found.append(files | {one: (folder / one).read_bytes() for one in pages})
    assert found[0] == found[1] == found[2]
