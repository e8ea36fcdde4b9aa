"""The benchmark named like a module of Python: it runs, and stands in nobody's way."""

import subprocess
import sys
from pathlib import Path

import pytest

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
