"""The benchmark named like a module of Python: it runs, and stands in nobody's way."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

FOLDER = Path(__file__).parents[1] / "scripts" / "benchmarks"


def run(*command, **options):
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_statistics_of_python_are_found_beside_the_benchmark():
    code = "import sys, statistics; print(statistics.median([1, 5, 9]), '' in sys.path)"
    assert run("-c", code, cwd=FOLDER) == "5 True\n"


def test_the_benchmark_tells_its_options():
    assert "--only" in run(FOLDER / "statistics.py", "--help")


@pytest.mark.slow
def test_the_benchmark_measures_what_it_is_asked_for():
    table = run(FOLDER / "statistics.py", "--runs", 1, "--only", "composite").splitlines()
    assert len(table) == 2
    assert table[1].startswith("composite, 5,000 units x 50 indicators")
    assert 0 < float(table[1].split()[-2]) < 60


def test_the_benchmark_against_peers_sets_answers_side_by_side(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(FOLDER)
    peers = importlib.import_module("peers")
    for name, minutes, stages, hourly in (
        ("geoequity", [4.0, 9.0], "summary", "trips_per_hour"),
        ("a", [5.0, 7.0], "facts", "per_hour"),
    ):
        (tmp_path / name).mkdir()
        rows = pd.DataFrame({"unit_id": ["01", "02"], "value": minutes})
        rows = rows.assign(level="district", indicator="clinic_walk_min")
        rows.to_csv(tmp_path / name / "indicators.csv", index=False)
        stops = pd.DataFrame({"stop_id": ["s"], hourly: [6.0]})
        stops = gpd.GeoDataFrame(stops, geometry=[Point(0, 0)], crs=32618)
        stops.to_file(tmp_path / name / "study.gpkg", layer="stops")
        told = json.dumps({"stages": {"walk": {"seconds": 1.0, "peak_mb": 2.0}}})
        (tmp_path / name / f"{stages}.json").write_text(told)
    both = [peers.districts_of(tmp_path / name) for name in ("geoequity", "a")]
    row = peers.compare(*both).loc["clinic_walk_min"]
    assert row.to_dict() == {"ours": 6.5, "theirs": 6.0, "median apart": 1.5, "most apart": 2.0}

    fast, lean = peers.Run(1.0, 2.0, 300.0), peers.Run(10.0, 15.0, 900.0)
    assert peers.report({"geoequity": [fast], "a": [lean]}, tmp_path)
    told = capsys.readouterr().out
    assert "10.00   7.50   3.00" in told
    assert "departures at stops   6.0     6.0           0.0         0.0" in told
    slower = lean._replace(seconds=9.9)
    assert not peers.report({"geoequity": [fast], "a": [slower]}, tmp_path)
    fatter = lean._replace(peak_mb=899.0)
    assert not peers.report({"geoequity": [fast], "a": [fatter]}, tmp_path)


def test_the_benchmark_against_peers_tells_time_and_memory_of_one_process(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    peers = importlib.import_module("peers")
    code = "some = bytearray(80_000_000); print('done')"
    taken = peers.measured([sys.executable, "-c", code], log=tmp_path / "log")
    assert (tmp_path / "log").read_text() == "done\n"
    assert taken.peak_mb > 80
    assert taken.cpu > 0
    assert taken.seconds > 0
    with pytest.raises(SystemExit, match="broken"):
        peers.measured([sys.executable, "-c", "raise SystemExit('broken')"], log=tmp_path / "log")
