"""Many cities: a ledger of what became of each, and results as if each had been run alone."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path

import batch_work
import pandas as pd
import pytest

import geoequity as ge
from geoequity import batch, outputs
from geoequity.cache import Cache
from geoequity.cli import main
from geoequity.errors import ConfigError, DataWarning, SourceError

NAMES = ("first", "second", "third")
FRAMES = ("districts.parquet", "cells.parquet", "tables/scores.parquet", "tables/types.parquet")


def listed(folder: Path, names=NAMES) -> Path:
    """Write a batch file of cities that lie in folders beside it."""
    file = folder / "batch.toml"
    blocks = [f'[[cities]]\ncity = "{one}/city.toml"\nname = "{one}"\n' for one in names]
    file.write_text('languages = ["en"]\n' + "".join(blocks), encoding="utf-8")
    return file


@pytest.fixture
def towns(make_city, tmp_path: Path) -> Path:
    """Write a batch file of three towns, one of which has a school less."""
    town = make_city().parent
    places = tmp_path / "cities"
    for name in NAMES:
        shutil.copytree(town, places / name, ignore=shutil.ignore_patterns("cities"))
    table = places / "second" / "places.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("school", "library", 1), "utf-8")
    return listed(places)


@pytest.fixture
def cities(tmp_path: Path) -> Path:
    """Write a batch file of three cities for quick work."""
    for name in NAMES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "city.toml").write_text(f"# {name}\n", encoding="utf-8")
        (tmp_path / name / "table.csv").write_text(f"{name}\n", encoding="utf-8")
    return listed(tmp_path)


def ran(file: Path, out: Path, *, cache: Path | None = None, **options) -> batch.Batch:
    jobs, retries = batch.read_batch(file)
    jobs = [replace(one, cache=None if cache is None else str(cache)) for one in jobs]
    return batch.run(jobs, out=out, **({"retries": retries, "write": batch_work.plain} | options))


def ledger(out: Path) -> dict:
    return json.loads((out / "ledger.json").read_text(encoding="utf-8"))["cities"]


def assert_same_study(one: Path, other: Path) -> None:
    """All that is written is the same to the byte, bar times."""
    for name in FRAMES:
        pd.testing.assert_frame_equal(
            pd.read_parquet(one / name), pd.read_parquet(other / name), check_exact=True
        )
    for name in ("indicators.csv", "dictionary.csv", "provenance.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes()
    summaries = [json.loads((at / "summary.json").read_text("utf-8")) for at in (one, other)]
    first, second = ({**made, "stages": None} for made in summaries)
    assert first == second


def assert_no_orphan(out: Path, names=NAMES) -> None:
    assert {one.name for one in out.iterdir()} == {"ledger.json", *names}


def run_alone(file: Path, folder: Path) -> None:
    for name in NAMES:
        city = ge.City.from_toml(file.parent / name / "city.toml")
        batch.assess_and_write(city, folder / name, languages=["en"])


def test_cities_come_out_as_if_each_was_run_alone(towns: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    told = []
    shared = tmp_path / "shared"
    found = ran(towns, out, cache=shared, write=batch.write_city, workers=2, tell=told.append)
    assert sorted(told) == [f"{name}: done" for name in NAMES]
    assert found.failed == found.kept == []
    assert ledger(out) == {name: {"state": "done", "attempts": 1, "error": ""} for name in NAMES}
    assert_no_orphan(out)
    run_alone(towns, tmp_path / "alone")
    for name in NAMES:
        assert_same_study(out / name, tmp_path / "alone" / name)
        assert (out / name / "report.en.html").is_file()
    assert len(list((shared / "stages" / "read").iterdir())) == len(NAMES)
    assert ran(towns, out).kept == list(NAMES)


def test_a_city_whose_process_is_killed_is_begun_again(cities: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = ran(cities, out, write=batch_work.killed_once)
    assert found.failed == []
    assert {name: one["attempts"] for name, one in ledger(out).items()} == {
        "first": 1,
        "second": 2,
        "third": 1,
    }
    assert_no_orphan(out)


def test_what_was_begun_and_done_when_the_batch_was_killed_is_kept_and_counted(
    cities: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ran(cities, out)
    (out / ".second.begun").write_bytes(b".")  # killed between the folder and the ledger
    assert ran(cities, out).kept == list(NAMES)
    assert ledger(out)["second"] == {"state": "done", "attempts": 2, "error": ""}
    assert_no_orphan(out)


def test_a_city_that_kills_its_process_each_time_fails_alone(cities: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = ran(cities, out, write=batch_work.always_killed, workers=2)
    assert found.failed == ["second"]
    assert ledger(out)["second"] == {
        "state": "failed",
        "attempts": 2,
        "error": "the process that worked on it was killed",
    }
    assert_no_orphan(out, {"first", "third"})


def test_a_city_with_wrong_files_is_not_begun_again_and_a_restart_does_the_rest(
    cities: Path, tmp_path: Path
) -> None:
    out, file = tmp_path / "out", tmp_path / "second" / "city.toml"
    file.write_text("wrong")
    assert ran(cities, out).failed == ["second"]
    assert ledger(out)["second"] == {"state": "failed", "attempts": 1, "error": "second: wrong"}
    before = (out / "first" / "summary.json").stat().st_mtime_ns
    file.write_text("right")
    found = ran(cities, out)
    assert found.kept == ["first", "third"]
    assert found.failed == []
    assert ledger(out)["second"] == {"state": "done", "attempts": 2, "error": ""}
    assert (out / "first" / "summary.json").stat().st_mtime_ns == before


def test_a_fault_of_ours_in_one_city_is_told_whole_and_costs_nobody_else(
    cities: Path, tmp_path: Path
) -> None:
    (tmp_path / "second" / "table.csv").unlink()
    out = tmp_path / "out"
    assert ran(cities, out).failed == ["second"]
    assert ledger(out)["second"]["error"].startswith("Traceback")
    assert "table.csv" in ledger(out)["second"]["error"]
    assert_no_orphan(out, {"first", "third"})


@pytest.mark.parametrize("spoil", ["table", "city file", "folder", "version"])
def test_a_city_that_would_come_out_otherwise_is_assessed_anew(
    cities: Path, tmp_path: Path, monkeypatch, spoil: str
) -> None:
    out, names = tmp_path / "out", set(NAMES)
    ran(cities, out)
    if spoil == "table":
        (tmp_path / "first" / "table.csv").write_text("other\n")
    elif spoil == "city file":
        (tmp_path / "first" / "city.toml").write_text("# other\n")
    elif spoil == "folder":
        shutil.rmtree(out / "first")
    else:
        monkeypatch.setattr(batch, "__version__", "another")
        names = {"second", "third"}
    assert set(ran(cities, out).kept) == (set() if spoil == "version" else names - {"first"})


def test_faults_of_a_batch_file_are_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "batch.toml"
    file.write_text(
        'languages = ["la"]\n'
        '[[cities]]\ncity = "nowhere.toml"\n'
        '[[cities]]\ncity = "demo"\ndata = "absent"\n'
        '[[cities]]\ncity = "demo"\nname = "../up"\n'
        '[[cities]]\ncity = "demo"\n'
    )
    with pytest.raises(ConfigError) as raised:
        batch.read_batch(file)
    assert raised.value.faults == (
        "cities.0.city: nowhere.toml: neither a city file nor a preset",
        "cities.1.data: absent: no such folder",
        "cities.2.name: '../up': letters, digits, dot, dash and underscore only",
        "cities: more than one is named demo: give each a name",
        "languages: la: there are en, es, pt",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cities = [", "is no TOML"),
        ("cities = []", "cities: Tuple should have at least 1 item"),
        ('[[cities]]\ncity = "demo"\ncolour = 1', "cities.0.colour: Extra inputs"),
        ('retries = -1\n[[cities]]\ncity = "demo"', "retries: Input should be greater"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_batch_file_is_refused(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "batch.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        batch.read_batch(file)


def test_places_that_no_path_can_name_are_faults_like_others(tmp_path: Path) -> None:
    file = tmp_path / "towns.toml"
    file.write_text('[[cities]]\ncity = "a\\u0000"\ndata = "b\\u0000"\nname = "a"\n')
    with pytest.raises(ConfigError) as caught:
        batch.read_batch(file)
    assert len(caught.value.faults) == 2


def test_a_ledger_that_is_none_is_refused_and_kept(cities: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "ledger.json").write_text("[1]")
    with pytest.raises(SourceError, match="is no ledger of a batch, or damaged"):
        ran(cities, out)
    assert (out / "ledger.json").read_text() == "[1]"


def test_two_batches_into_one_folder_do_not_mix(cities: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with (out / ".ledger.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(
            SourceError, match=r"another process is running a batch into it; wait for it to end"
        ):
            ran(cities, out)


def test_the_command_says_what_failed_and_exits_1(towns: Path, tmp_path: Path, capsys) -> None:
    for name in NAMES[1:]:
        (towns.parent / name / "internet.csv").unlink()
    out = tmp_path / "out"
    assert main(["batch", str(towns), "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert "2 of 3 cities failed" in said
    assert "second: " in said
    assert "internet.csv" in said
    assert (out / "first" / "map.html").is_file()


# ---- a cluster ----------------------------------------------------------------------------------


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def cluster():
    """Start a scheduler and two workers, each a process, on loopback; give how to reach them."""
    address = f"tcp://127.0.0.1:{_free_port()}"
    places = os.pathsep.join([str(Path(__file__).parent), str(Path(ge.__file__).parents[1])])
    started = []

    def start(module: str, *words: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *words],
            env={**os.environ, "PYTHONPATH": places},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        started.append(process)
        return process

    start("dask_scheduler", "--host", address, "--no-dashboard", "--no-jupyter")
    work = partial(start, "dask_worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny")
    yield address, work
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_cluster_loses_a_worker_and_no_city(cluster, towns: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    address, work = cluster
    first, _ = work(), work()
    out = tmp_path / "out"

    written = {}

    def kill_first(said: str) -> None:
        name = said.partition(":")[0]
        written[name] = (out / name / "summary.json").stat().st_mtime_ns
        if first.poll() is None:
            os.killpg(first.pid, signal.SIGKILL)

    shared = tmp_path / "shared"
    found = ran(towns, out, cache=shared, scheduler=address, write=batch_work.slow, tell=kill_first)
    assert found.failed == []
    assert first.wait() == -signal.SIGKILL
    assert {one["state"] for one in ledger(out).values()} == {"done"}
    assert sum(one["attempts"] for one in ledger(out).values()) in {3, 4}
    for name, when in written.items():  # what was done is not done again
        assert (out / name / "summary.json").stat().st_mtime_ns == when
    assert_no_orphan(out)
    run_alone(towns, tmp_path / "alone")
    for name in NAMES:
        assert_same_study(out / name, tmp_path / "alone" / name)


def test_a_scheduler_that_does_not_answer_is_named(
    cities: Path, tmp_path: Path, monkeypatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(batch, "_ANSWERS_S", 0.5)
    with pytest.raises(SourceError, match="no dask scheduler answers there"):
        ran(cities, tmp_path / "out", scheduler=f"tcp://127.0.0.1:{_free_port()}")


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_sixty_four_demo_cities_on_a_cluster_that_loses_a_worker(cluster, tmp_path: Path) -> None:
    """Variants by seed and by weight share one cache; each alone has none, or one of its own."""
    pytest.importorskip("distributed")
    address, work = cluster
    demo = ge.City.preset("demo").file
    text, blocks = demo.read_text(encoding="utf-8"), []
    assert "[index" not in text
    for n in range(64):
        index = f"[index]\nseed = {n // 16}\nweights.mobility = {1 + n % 16 / 8}\n"
        (tmp_path / f"v{n:02}.toml").write_text(f"{text}\n{index}", encoding="utf-8")
        blocks.append(f'[[cities]]\ncity = "v{n:02}.toml"\ndata = "{demo.parent}"\n')
    file = tmp_path / "batch.toml"
    file.write_text('languages = ["es"]\n' + "".join(blocks), encoding="utf-8")
    first, _ = work(), work()
    ended = []

    def kill_half_way(name: str) -> None:
        ended.append(name)
        if len(ended) == 32:
            time.sleep(1)  # so that the next is begun
            os.killpg(first.pid, signal.SIGKILL)

    out = tmp_path / "out"
    jobs, _ = batch.read_batch(file)
    shared, write = tmp_path / "shared", batch.write_city
    found = ran(file, out, cache=shared, scheduler=address, write=write, tell=kill_half_way)
    assert found.failed == []
    assert first.wait() == -signal.SIGKILL
    assert len(ledger(out)) == 64
    assert {one["state"] for one in ledger(out).values()} == {"done"}
    assert sum(one["attempts"] for one in ledger(out).values()) in {64, 65}
    assert_no_orphan(out, [one.name for one in jobs])
    for n, job in enumerate(jobs):
        shelf = None if n % 21 == 0 else Cache(tmp_path / "own")
        city = ge.City.from_toml(job.city, data=job.data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            outputs.save(ge.assess(city, cache=shelf), tmp_path / "alone" / job.name)
        assert_same_study(out / job.name, tmp_path / "alone" / job.name)
    batch.write_city(jobs[33], tmp_path / "whole")
    for page in ("map.html", "report.es.html"):
        assert (tmp_path / "whole" / page).read_bytes() == (out / "v33" / page).read_bytes()
