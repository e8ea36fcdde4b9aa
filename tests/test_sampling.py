"""Sampling intervals on simulated cities: a few here, a thousand by the benchmark."""

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "benchmarks" / "sampling.py"


def load_benchmark():
    """The processes of the benchmark, whose full figures it prints."""
    spec = importlib.util.spec_from_file_location("benchmark_sampling", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


bench = load_benchmark()
every_process = pytest.mark.parametrize("process", list(bench.PROCESSES))


@every_process
def test_a_few_simulated_cities_are_met(process):
    found = bench.simulated(process, way="plain", cities=20)
    assert found["gini_coverage"] >= 0.7  # of 20 cities; 14 or fewer have a chance of 1 in 90
    assert 0.82 <= found["value_coverage"] <= 0.97
    assert found["rank_coverage"] >= 0.87
    assert 2 <= found["rank_width"] < found["districts"]
    assert found["gini_width"] > 0.01


@every_process
def test_without_data_error_the_intervals_collapse(process):
    found = bench.simulated(process, way="exact", cities=3)
    assert found["widest_gini"] < 1e-3
    assert found["rank_width"] == 0


@every_process
def test_a_near_equal_city_names_nobody_as_worst_served(process):
    found = bench.simulated(process, way="near_equal", cities=4)
    assert found["named_worst"] == 0
    assert found["rank_width"] > found["districts"] / 2


@pytest.mark.slow
@pytest.mark.timeout(7200)
@every_process
def test_in_a_thousand_cities_nine_intervals_of_ten_hold_the_gini(process):
    found = bench.simulated(process, way="plain", cities=1000, workers=2)
    assert 0.87 <= found["gini_coverage"] <= 0.93
    assert found["rank_coverage"] >= 0.87
    exact = bench.simulated(process, way="exact", cities=200, workers=2)
    assert exact["widest_gini"] < 1e-3
    assert exact["widest_rank"] <= 1
