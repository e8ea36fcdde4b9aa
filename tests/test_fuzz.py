"""Some inputs of every target of ``scripts/fuzz``; the whole run stands in docs/reliability.md."""

import sys
import time
from pathlib import Path

import pytest

from geoequity.errors import DataError

sys.path.append(str(Path(__file__).parents[1] / "scripts"))

from fuzzing import mutations, running
from fuzzing.mutations import Chance
from fuzzing.running import Target, judge
from fuzzing.targets import TARGETS

SAMPLE = 6
# Inputs that were faults once, by target
ONCE = {
    "city": (0, 100, 1365),
    "edits": (24, 100),
    "batch": (23, 1070),
    "table": (994,),
    "lines": (347, 1240),
    "gtfs": (19, 35, 62, 637, 1374),
    "osm": (19, 49, 1235),
    "overpass": (31, 63, 280, 560, 681),
    "portal": (482,),
    "download": (359, 571),
    "raster": (41,),
    "tiles": (1, 5, 225, 660, 1220, 1350),
    "towers": (18, 24, 35, 38, 74),
}


@pytest.mark.parametrize("name", TARGETS)
def test_hostile_inputs_are_accepted_or_refused_in_words(name: str, tmp_path: Path) -> None:
    seeds = sorted({*range(SAMPLE), *ONCE.get(name, ())})
    faults = {}
    for seed in seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        verdict, said = judge(TARGETS[name], name, seed, folder)
        if verdict == "fault":
            faults[seed] = said
    assert faults == {}


def broken(chance: Chance, folder: Path) -> running.Read:
    """A reader with every fault that is looked for."""
    kind = chance.choice(("key", "mute", "long", "fine"))

    def read() -> object:
        if kind == "key":
            return {}["nothing"]
        if kind == "mute":
            msg = "something is wrong"
            raise DataError(msg)
        if kind == "long":
            raise DataError(f"{folder.name}: {'x' * 99_999}")
        return None

    return read


def test_what_is_looked_for_is_found(tmp_path: Path) -> None:
    target = Target(broken, ())
    said = {judge(target, "broken", seed, tmp_path) for seed in range(40)}
    text = "\n".join(one for _, one in said)
    assert {verdict for verdict, _ in said} == {"fault", "accepted"}
    for fault in ("KeyError at", "names no file", "a message of"):
        assert fault in text


def test_a_reader_that_hangs_is_interrupted(tmp_path: Path, monkeypatch) -> None:
    def spin() -> object:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            pass
        return None

    monkeypatch.setattr(running, "SLOW_S", 0.2)
    verdict, said = judge(Target(lambda *_: spin, ()), "spin", 0, tmp_path)
    assert (verdict, said) == ("fault", "took over 0.2 s")


def test_a_number_makes_the_same_input_again() -> None:
    root, rows = {"a": [1, {"b": "c"}]}, [["x", "y"], ["1", "2"], ["3", "4"]]
    for seed in range(30):
        one, other = Chance(f"x:{seed}"), Chance(f"x:{seed}")
        assert repr(mutations.tree(one, root)) == repr(mutations.tree(other, root))
        assert repr(mutations.table(one, rows)) == repr(mutations.table(other, rows))
        assert mutations.raw(one, b"abcdef") == mutations.raw(other, b"abcdef")
    assert root == {"a": [1, {"b": "c"}]}
