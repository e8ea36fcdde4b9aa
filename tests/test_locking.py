"""Two processes at one place: one has it, the other says who; a killed one has nothing."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tiny_city import tiny_city, write_city
from web_server import Request, Web, whole

import geoequity as ge
from geoequity import outputs
from geoequity.cli import main
from geoequity.errors import DataWarning, SourceError
from geoequity.locking import alone
from geoequity.outputs import _folder
from geoequity.study import Study

PLACES = os.pathsep.join([str(Path(__file__).parent), str(Path(ge.__file__).parents[1])])
HOLD = """
import sys, time
from pathlib import Path
from geoequity.locking import alone
with alone(Path(sys.argv[1]), place=Path(sys.argv[2]), does=sys.argv[3]):
    print("on", flush=True)
    time.sleep(60)
"""


@contextmanager
def held(
    lock: Path, *, place: Path, does: str = "is writing into it"
) -> Iterator[subprocess.Popen]:
    """Let another process have a place, until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock), str(place), does],
        env={**os.environ, "PYTHONPATH": PLACES},
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"on\n"
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def started(*words: object) -> subprocess.Popen:
    """Start the command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "geoequity.cli", *map(str, words)],
        env={**os.environ, "PYTHONPATH": PLACES},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_second_says_who_is_there_and_a_killed_one_keeps_nobody_out(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with held(lock, place=tmp_path) as process:
        said = (
            rf"process {process.pid} is writing into it, since \d\d:\d\d:\d\d on \d{{4}}-\d\d-\d\d"
        )
        with (
            pytest.raises(SourceError, match=f"{said}; wait for it to end"),
            alone(lock, place=tmp_path, does="is writing into it"),
        ):
            pass
    assert lock.exists()  # of the killed one
    with alone(lock, place=tmp_path, does="is writing into it"):
        assert json.loads(lock.read_text())["process"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


def test_who_waits_is_told_for_whom_and_comes_next(tmp_path: Path) -> None:
    lock, told, done = tmp_path / "lock", [], []

    def wait() -> None:
        with alone(lock, place=tmp_path, does="is at work", wait=told.append):
            done.append(lock.exists())

    with alone(lock, place=tmp_path, does="is at work"):
        second = threading.Thread(target=wait)
        second.start()
        until = time.monotonic() + 10
        while not told and time.monotonic() < until:
            time.sleep(0.01)
        assert done == []
    second.join()
    assert done == [True]
    assert f"process {os.getpid()} is at work, since" in told[0]
    assert list(tmp_path.iterdir()) == []


def test_many_at_once_are_never_two(tmp_path: Path) -> None:
    lock, inside, most = tmp_path / "lock", [], []

    def work() -> None:
        for _ in range(40):
            with alone(lock, place=tmp_path, does="is at work", wait=lambda _: None):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(most) == 160
    assert set(most) == {1}


def test_where_no_file_can_be_made_nobody_is_kept_out(tmp_path: Path) -> None:
    with alone(tmp_path / "nowhere" / "lock", place=tmp_path, does="is at work"):
        assert list(tmp_path.iterdir()) == []


# ---- folders of studies --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_city(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def study(town: Path) -> Study:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return ge.assess(ge.City.from_toml(town))


def everything(folder: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


def test_of_two_runs_into_one_folder_one_wins_and_the_other_names_it(
    town: Path, tmp_path: Path
) -> None:
    out, lock = tmp_path / "out", tmp_path / ".out.lock"
    words = ("run", town, "--out", out, "--quiet", "--language", "es", "--no-pdf")
    first = started(*words)
    while not (lock.exists() and lock.read_bytes()) and first.poll() is None:
        time.sleep(0.01)  # until it has written who it is, too
    first.send_signal(signal.SIGSTOP)  # or on a slow day it ends before the second comes
    second = started(*words)
    said = second.communicate()[1]
    first.send_signal(signal.SIGCONT)
    first.communicate()
    assert second.returncode == 1
    expected = (
        f"geoequity: {out}: process {first.pid} is writing into it, since .*; wait for it to end\n"
    )
    assert re.fullmatch(expected, said)
    assert first.returncode == 0
    assert len(outputs.load(out).districts) == 4
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


WRITING = [
    ("report", "{out}"),
    ("map", "{out}"),
    ("figures", "{out}"),
    ("run", "{city}", "--out", "{out}"),
    ("scenario", "{city}", "{edits}", "--out", "{out}"),
    ("site", "{city}", "--category", "library", "--count", "1", "--out", "{sited}"),
]


@pytest.mark.parametrize("words", WRITING, ids=lambda words: words[0])
def test_every_command_that_writes_into_a_folder_is_kept_out(
    town: Path, study: Study, tmp_path: Path, capsys, words: tuple[str, ...]
) -> None:
    places = {"out": tmp_path / "out", "city": town, "edits": tmp_path / "edits.toml"}
    places["sited"] = tmp_path / "sited"
    places["edits"].write_text('[[close]]\nservice = "s1"\n')
    outputs.save(study, places["out"])
    target = places["sited" if "{sited}" in words else "out"]
    lock = target.with_name(f".{target.name}.lock")
    before = everything(tmp_path)
    with held(lock, place=target) as process:
        before[str(lock)] = lock.read_bytes()
        assert main([one.format(**places) for one in words]) == 1
        assert f"process {process.pid} is writing into it" in capsys.readouterr().err
        assert everything(tmp_path) == before


def test_what_a_killed_run_left_goes_with_the_next(study: Study, tmp_path: Path) -> None:
    out, draft = tmp_path / "out", tmp_path / ".out.draft"
    outputs.save(study, out)
    draft.mkdir()
    (draft / "summary.json").write_text("half")
    for name in (".report.es.html.4711", ".map.html.part"):
        (out / name).write_text("half")
    (out / "notes.txt").write_text("mine")
    outputs.save(study, out)
    assert [one.name for one in tmp_path.iterdir()] == ["out"]
    assert (out / "notes.txt").read_text() == "mine"
    assert [one for one in out.iterdir() if one.name.startswith(".")] == []


def test_without_a_swap_in_one_step_there_are_two_and_a_way_back(
    study: Study, tmp_path: Path, monkeypatch
) -> None:
    out = tmp_path / "out"
    outputs.save(study, out)
    monkeypatch.setattr(_folder, "_exchanged", lambda *_: False)
    (out / "notes.txt").write_text("mine")
    outputs.save(study, out)
    assert (out / "notes.txt").read_text() == "mine"
    assert [one.name for one in tmp_path.iterdir()] == ["out"]
    out.rename(tmp_path / ".out.old")  # as one that is killed between the two leaves it
    shutil.copytree(tmp_path / ".out.old", tmp_path / ".out.draft")
    with outputs.alone_in(out):
        assert (out / "notes.txt").read_text() == "mine"
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other words for it")
def test_linux_swaps_two_folders_in_one_step(tmp_path: Path) -> None:
    for name in ("a", "ñ b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert _folder._exchanged(tmp_path / "a", tmp_path / "ñ b")
    assert (tmp_path / "a" / "ñ b").exists()
    assert (tmp_path / "ñ b" / "a").exists()
    assert not _folder._exchanged(tmp_path / "a", tmp_path / "absent")


# ---- downloads and batches -----------------------------------------------------------------------


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, threading.Event]]:
    """Give a town, one of whose files a server keeps back until it is let go."""
    web, go = Web(), threading.Event()
    monkeypatch.setenv("GEOEQUITY_CACHE", str(tmp_path / "cache"))
    town = tmp_path / "town"
    town.mkdir()

    def slowly(request: Request) -> None:
        go.wait(60)
        whole(request, (town / "internet.csv").read_bytes())

    table = tiny_city()["tables"][0]
    url = web.on("/internet.csv", slowly)
    yield write_city(town, tables=[{**table, "path": "far.csv", "url": url}]), go
    web.close()


def test_of_two_fetches_into_one_folder_one_wins_and_the_other_names_it(far) -> None:
    file, go = far
    town = file.parent
    first = started("fetch", file, "--quiet")
    while not (town / ".fetching.lock").exists() and first.poll() is None:
        time.sleep(0.01)
    second = started("fetch", file, "--quiet")
    said = second.communicate()[1]
    assert second.returncode == 1
    assert f"{town}: process {first.pid} is fetching into it, since" in said
    go.set()
    first.communicate()
    assert first.returncode == 0
    assert (town / "far.csv").read_bytes() == (town / "internet.csv").read_bytes()
    assert [one for one in town.iterdir() if one.name.startswith(".")] == []


@pytest.mark.slow
def test_a_run_waits_for_the_files_that_another_process_fetches(far, tmp_path: Path) -> None:
    file, go = far
    words = ("run", file, "--quiet", "--no-pdf", "--language", "es", "--out")
    both = [started(*words, tmp_path / "one"), started(*words, tmp_path / "other")]
    waiting = threading.Timer(2, go.set)
    waiting.start()
    said = "".join(one.communicate()[1] for one in both)
    assert [one.returncode for one in both] == [0, 0], said
    assert [one for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_of_two_batches_into_one_folder_one_wins_and_the_other_names_it(
    town: Path, tmp_path: Path, capsys
) -> None:
    file, out = tmp_path / "towns.toml", tmp_path / "out"
    file.write_text(f"[[cities]]\ncity = {json.dumps(str(town))}\n")
    out.mkdir()
    with held(out / ".ledger.lock", place=out, does="is running a batch into it") as process:
        assert main(["batch", str(file), "--out", str(out)]) == 1
    said = f"{out}: process {process.pid} is running a batch into it, since"
    assert said in capsys.readouterr().err
    assert [one.name for one in out.iterdir()] == [".ledger.lock"]


@pytest.mark.slow
def test_workers_end_when_their_batch_is_killed_and_the_next_goes_on(
    town: Path, tmp_path: Path
) -> None:
    file, out = tmp_path / "towns.toml", tmp_path / "out"
    names = ("one", "two")
    cities = [f"[[cities]]\ncity = {json.dumps(str(town))}\nname = '{one}'\n" for one in names]
    file.write_text("languages = ['es']\n" + "".join(cities))
    words = ("batch", file, "--out", out, "--quiet", "--no-cache")
    first = started(*words)
    while not (worker := _worker(out / ".one.lock")) and first.poll() is None:
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    until = time.monotonic() + 20
    while Path(f"/proc/{worker}").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert not Path(f"/proc/{worker}").exists()
    second = started(*words)
    assert second.communicate()[1] == ""
    assert second.returncode == 0
    assert {one.name for one in out.iterdir()} == {"ledger.json", *names}


def _worker(lock: Path) -> int:
    """Tell which process has a place; 0 for none yet."""
    try:
        return int(json.loads(lock.read_text())["process"])
    except (OSError, ValueError):
        return 0
