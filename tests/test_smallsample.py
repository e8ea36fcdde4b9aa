"""Learning districts from few and noisy measurements: limits, a slow twin, and simulated cities."""

import importlib.util
import itertools
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from geoequity.errors import DataError
from geoequity.smallsample import _tiles, district_values, interval

SCRIPT = Path(__file__).parents[1] / "scripts" / "benchmarks" / "broadband.py"
IDS = pd.Index(["a", "b", "c"])


def load_benchmark():
    """The processes of the benchmark, whose full figures it prints."""
    spec = importlib.util.spec_from_file_location("benchmark_broadband", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


bench = load_benchmark()


def parts_of(rows, **changes):
    """Parts from rows of (tile, district, value, devices); tests are five a device."""
    table = pd.DataFrame(rows, columns=["tile_id", "district_id", "value", "devices"])
    table = table.assign(share=1.0, tests=5 * table["devices"])
    return table.assign(**changes)


def town(seed=0, *, tiles=(30, 12, 4), spread=0.2, noise=1.0, devices=None, gap=0.5):
    """Three districts with known centres."""
    rng = np.random.default_rng(seed)
    rows = []
    for n, (name, count) in enumerate(zip(IDS, tiles, strict=True)):
        for tile in range(count):
            seen = devices or 1 + rng.poisson(8)
            log = np.log(100) + gap * (n - 1) + spread * rng.standard_normal()
            log += noise / np.sqrt(seen) * rng.standard_normal()
            rows.append((f"{name}{tile}", name, np.exp(log), seen))
    return parts_of(rows)


def estimate(parts, *, ids=IDS, seed=1, **options):
    options = {"min_tests": 1, "draws": 1000} | options
    return district_values(parts, districts=ids, rng=np.random.default_rng(seed), **options)


def width(found):
    return np.log(found.table["high"] / found.table["low"])


def dense_posterior(parts, nodes=17):
    """Posterior means and deviations of log values, from the joint normal law of all tiles."""
    logs, devices = np.log(parts["value"].to_numpy()), parts["devices"].to_numpy()
    same = (parts["district_id"].to_numpy()[:, None] == IDS.to_numpy()).astype(float)
    scales = np.geomspace(0.01, 5, nodes)
    weights, means, squares = [], [], []
    for tau, sigma, omega in itertools.product(scales, scales, scales):
        prior = tau * sigma * omega * np.exp(-(tau**2 + (sigma / 2) ** 2 + omega**2) / 2)
        flat = 1e3  # as good as no prior of the city's mean
        between = omega**2 * np.eye(3) + flat
        cover = np.diag(tau**2 + sigma**2 / devices) + same @ between @ same.T
        gain = between @ same.T @ np.linalg.inv(cover)
        spread = np.diag(between - gain @ same @ between)
        for k, chance in ((0, 3), (0.25, 1), (0.5, 1), (0.75, 1)):
            seen = logs + k * sigma**2 / devices / 2 - np.log(100)
            likely = stats.multivariate_normal.logpdf(seen, cov=cover)
            mean = gain @ seen
            weights.append(prior * chance * np.exp(likely))
            means.append(mean + np.log(100))
            squares.append(spread)
    share = np.array(weights) / np.sum(weights)
    middle = share @ np.array(means)
    return middle, np.sqrt(share @ (np.array(squares) + (np.array(means) - middle) ** 2))


def test_draws_agree_with_the_joint_posterior_summed_without_shortcuts():
    parts = town(3, tiles=(6, 4, 2))
    draws = np.log(estimate(parts, draws=20_000).draws)
    mean, deviation = dense_posterior(parts)
    np.testing.assert_allclose(draws.mean(), mean, atol=0.02 * deviation.max() + 0.004)
    np.testing.assert_allclose(draws.std(), deviation, rtol=0.04)


def test_without_draws_of_tiles_all_else_is_the_same_and_so_is_what_is_drawn_next(monkeypatch):
    monkeypatch.setattr(_tiles, "_BLOCK", 5_000)  # several blocks of draws
    parts, sources = town(3), [np.random.default_rng(1) for _ in range(2)]
    options = {"districts": IDS, "min_tests": 1, "draws": 300}
    whole, bare = (
        district_values(parts, rng=rng, tile_draws=wanted, **options)
        for rng, wanted in zip(sources, (True, False), strict=True)
    )
    pd.testing.assert_frame_equal(bare.table, whole.table, check_exact=True)
    pd.testing.assert_frame_equal(bare.draws, whole.draws, check_exact=True)
    pd.testing.assert_series_equal(bare.spread, whole.spread, check_exact=True)
    assert sources[0].random() == sources[1].random()
    assert whole.tile_draws.shape == (300, 46)
    pd.testing.assert_frame_equal(bare.tile_draws, whole.tile_draws.iloc[:0])


def test_without_error_in_the_data_the_interval_collapses_onto_the_value():
    found = estimate(town(spread=0, noise=0, devices=10**9))
    np.testing.assert_allclose(found.table["value"], 100 * np.exp([-0.5, 0, 0.5]), rtol=1e-3)
    assert (width(found) < 1e-3).all()
    assert (width(estimate(town())) > 0.05).all()


def test_with_endless_devices_every_tile_is_known_and_districts_only_to_their_tiles():
    parts = town(noise=0, devices=10**9)
    found = estimate(parts)
    seen = parts.set_index("tile_id")["value"]
    np.testing.assert_allclose(found.tile_draws.quantile(0.95), seen.sort_index(), rtol=1e-3)
    assert (width(found) > 0.05).all()


def test_no_interval_is_a_fixed_percentage():
    relative = width(estimate(town(tiles=(60, 12, 2))))
    assert relative.is_monotonic_increasing
    assert relative["c"] > 2 * relative["a"]
    assert (width(estimate(town(noise=0.1, spread=0.02))) < width(estimate(town())) / 2).all()


def test_a_thin_district_leans_on_the_city_and_a_thick_one_on_itself():
    parts = town(tiles=(60, 60, 1), gap=0.1)
    lone = parts["district_id"] == "c"
    parts = parts.assign(value=parts["value"].where(~lone, 400.0))
    parts = parts.assign(devices=parts["devices"].where(~lone, 1))
    value = estimate(parts).table["value"]
    own = np.exp(np.log(parts["value"]).groupby(parts["district_id"]).mean())
    assert value["a"] == pytest.approx(own["a"], rel=0.05)
    assert value["a"] < value["c"] < 200


def test_a_tile_that_a_border_cuts_weighs_its_share():
    whole = town(tiles=(20, 20, 20))
    cut = whole.assign(share=np.where(whole["district_id"] == "a", 0.1, 1.0))
    assert width(estimate(cut))["a"] > 1.3 * width(estimate(whole))["a"]
    assert estimate(cut).table.loc["a", "tests"] == pytest.approx(
        0.1 * whole["tests"][whole["district_id"] == "a"].sum()
    )


def test_a_tile_cut_in_two_counts_once():
    parts = town(tiles=(80, 80, 80))
    halves = pd.concat(
        [parts.assign(share=0.5), parts.assign(share=0.5, district_id=parts["district_id"] + "2")]
    )
    ids = pd.Index(["a", "b", "c", "a2", "b2", "c2"])
    spread = estimate(halves, ids=ids).spread
    assert spread["devices"] == pytest.approx(estimate(parts).spread["devices"], rel=0.1)


def test_the_spreads_of_the_city_are_found():
    ids = pd.Index(range(60))
    rng = np.random.default_rng(5)
    district = np.repeat(ids, 60)
    devices = 1 + rng.poisson(6, len(district))
    logs = 4 + 0.3 * rng.standard_normal(60)[district] + 0.2 * rng.standard_normal(len(district))
    logs += 0.9 / np.sqrt(devices) * rng.standard_normal(len(district))
    rows = zip(range(len(district)), district, np.exp(logs), devices, strict=True)
    spread = estimate(parts_of(list(rows)), ids=ids, draws=300).spread
    expected = {"districts": 0.3, "tiles": 0.2, "devices": 0.9}
    assert spread[list(expected)].to_dict() == pytest.approx(expected, rel=0.15)
    assert spread["typical"] == pytest.approx(np.exp(4), rel=0.1)
    assert spread["shortfall"] <= 0.25


def test_means_of_few_devices_are_known_to_fall_short():
    worlds = [bench.means_of_devices(np.random.default_rng(seed)) for seed in range(6)]
    found = [estimate(one.parts, ids=pd.RangeIndex(len(one.districts))) for one in worlds]
    assert np.mean([one.spread["shortfall"] for one in found]) > 0.3


def test_a_suppressed_district_is_unknown_throughout():
    parts = town()
    tests = parts.groupby("district_id")["tests"].sum()
    found = estimate(parts, min_tests=tests["c"] + 1)
    assert found.table["suppressed"].tolist() == [False, False, True]
    assert found.table.drop(columns="suppressed").loc["c"].isna().all()
    assert found.draws["c"].isna().all()
    assert not found.tile_draws.columns.str.startswith("c").any()


def test_what_is_suppressed_leaves_no_trace_in_what_is_shown():
    parts = town()
    secret = parts["district_id"] == "c"
    limit = parts.loc[secret, "tests"].sum() + 1
    other = parts.assign(value=parts["value"].where(~secret, 7777.0))
    one, two = (estimate(each, min_tests=limit) for each in (parts, other))
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(one.draws, two.draws)
    pd.testing.assert_frame_equal(one.tile_draws, two.tile_draws)
    pd.testing.assert_series_equal(one.spread, two.spread)
    gone = estimate(parts[~secret], min_tests=limit)  # not even that there was something
    pd.testing.assert_frame_equal(one.table, gone.table)


def test_with_every_district_suppressed_nothing_is_said():
    found = estimate(town(), min_tests=1e9)
    assert found.table["suppressed"].all()
    assert found.draws.isna().all(axis=None)
    assert found.spread.isna().all()
    assert found.tile_draws.shape == (1000, 0)


def test_a_district_without_a_tile_is_suppressed():
    found = estimate(town(), ids=pd.Index(["a", "b", "c", "d"]))
    assert found.table["suppressed"].tolist() == [False, False, False, True]


def test_one_tile_alone_says_little_but_something():
    found = estimate(parts_of([("t", "a", 80.0, 3)]), ids=pd.Index(["a"]))
    row = found.table.loc["a"]
    assert 0 < row["low"] < 80 < row["high"] < np.inf
    assert row["high"] / row["low"] > 3


def test_the_order_of_rows_is_irrelevant_and_inputs_stay_as_they_are():
    parts = town()
    before = parts.copy()
    shuffled = parts.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(estimate(parts).table, estimate(shuffled).table)
    pd.testing.assert_frame_equal(parts, before)


def test_the_same_generator_gives_the_same_draws():
    pd.testing.assert_frame_equal(estimate(town()).draws, estimate(town()).draws)


@settings(max_examples=10, deadline=None)
@given(factor=st.floats(0.01, 1000))
def test_the_unit_of_measurement_is_irrelevant(factor):
    parts = town(tiles=(5, 4, 3))
    scaled = estimate(parts.assign(value=parts["value"] * factor), draws=50).draws
    np.testing.assert_allclose(scaled, factor * estimate(parts, draws=50).draws, rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": 0.0}, "value is not positive and finite: a0"),
        ({"value": np.inf}, "value is not positive and finite"),
        ({"value": np.nan}, "value is not positive and finite"),
        ({"tests": 0}, "tests are not 1 or more"),
        ({"devices": np.nan}, "devices are not 1 or more"),
        ({"share": 1.1}, "share is not within 0-1"),
        ({"share": 0.0}, "share is not within 0-1"),
        ({"district_id": "z"}, "a district that is not asked for"),
        ({"tile_id": "a0"}, "a tile stands twice in a district: a0; parts of a tile disagree: a0"),
    ],
)
def test_parts_out_of_range_are_refused(changes, message):
    with pytest.raises(DataError, match=message) as caught:
        estimate(town().assign(**changes))
    assert "a0" in caught.value.ids


def test_all_faults_are_told_at_once():
    parts = town().assign(tests=0, devices=0)
    with pytest.raises(DataError, match=r"tests are not .*devices are not .*min_tests must"):
        estimate(parts, min_tests=0)
    with pytest.raises(DataError, match="draws must be positive and level within 0-1"):
        estimate(town(), level=1.0)
    with pytest.raises(DataError, match="no column value"):
        estimate(town().drop(columns="value"))
    with pytest.raises(DataError, match="districts: ids stand more than once: a"):
        estimate(town(), ids=pd.Index(["a", "a", "b", "c"]))


def test_an_interval_of_few_draws_holds_the_next_draw_as_often_as_it_says():
    draws = np.random.default_rng(0).standard_normal((39, 20_000))
    low, middle, high = interval(draws[:-1], level=0.9)
    held = (low <= draws[-1]) & (draws[-1] <= high)
    assert held.mean() == pytest.approx(0.9, abs=0.01)
    np.testing.assert_allclose(middle, np.median(draws[:-1], axis=0))


@pytest.mark.parametrize("process", list(bench.PROCESSES))
def test_a_few_simulated_cities_are_met(process):
    found = bench.simulated(process, cities=15)
    assert 0.82 <= found["coverage"] <= 0.96
    assert found["rmse"] < found["raw_rmse"]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("process", list(bench.PROCESSES))
def test_in_a_thousand_cities_nine_intervals_of_ten_hold_the_truth(process):
    found = bench.simulated(process, cities=1000)
    assert 0.87 <= found["coverage"] <= 0.93
    assert found["rmse"] < 0.9 * found["raw_rmse"]
