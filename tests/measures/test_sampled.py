"""A sample of cells: what it stands for, what it estimates, and how often its interval covers."""

import numpy as np
import pandas as pd
import pytest

from geoequity.errors import DataError
from geoequity.measures.sampled import LEAST, draw_sample, mean_of_sample

DRAWS = 400


def town(cells: int = 300, *, seed: int = 1) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Give people, districts and values of cells, values higher where more live."""
    rng = np.random.default_rng(seed)
    index = pd.Index([f"c{one}" for one in range(cells)])
    people = pd.Series(rng.integers(0, 500, cells).astype(float), index=index)
    district = pd.Series(np.where(np.arange(cells) < cells // 3, "a", "b"), index=index)
    value = pd.Series(rng.normal(0.3, 0.1, cells) + people / 2000, index=index)
    return people, district, value


def estimate(value: pd.Series, sample, *, seed: int = 5, districts: tuple[str, ...] = ("a", "b")):
    """Estimate the means of districts."""
    rng = np.random.default_rng(seed)
    index = pd.Index(districts)
    return mean_of_sample(value, sample=sample, districts=index, draws=DRAWS, rng=rng)


def test_a_sample_stands_for_all_residents_of_each_district():
    people, district, _ = town()
    sample = draw_sample(people, district=district, size=60, rng=np.random.default_rng(3))
    stood_for = sample.stands_for.groupby(sample.district).sum()
    pd.testing.assert_series_equal(stood_for, people.groupby(district).sum(), check_names=False)
    assert sample.times.sum() == pytest.approx(60, abs=1)
    assert (people[sample.stands_for.index] > 0).all()


def test_cells_nobody_lives_in_or_outside_all_districts_are_never_drawn():
    people, district, _ = town()
    district = district.where(district == "a", None)
    sample = draw_sample(people, district=district, size=40, rng=np.random.default_rng(3))
    assert set(sample.district) == {"a"}
    unknown = people.where(people > 100)
    sample = draw_sample(unknown, district=district, size=40, rng=np.random.default_rng(3))
    assert unknown[sample.stands_for.index].notna().all()


def test_a_small_district_is_taken_whole_and_leaves_no_error():
    people = pd.Series([10.0, 30.0, 60.0], index=["x", "y", "z"])
    home = pd.Series("a", index=people.index)
    sample = draw_sample(people, district=home, size=1, rng=np.random.default_rng(1))
    assert sample.stands_for.to_dict() == people.to_dict()
    found = estimate(pd.Series([1.0, 2.0, 3.0], index=people.index), sample, districts=("a",))
    assert found.value["a"] == pytest.approx((10 + 2 * 30 + 3 * 60) / 100)
    assert found.draws["a"].isna().all()
    assert found.interval.loc["a"].isna().all()


def test_districts_without_people_and_small_ones_do_not_keep_others_from_the_draw():
    people = pd.Series([0.0, 5.0, *[100.0] * 40], index=[f"c{one}" for one in range(42)])
    home = pd.Series(["a", "b", *["c"] * 40], index=people.index)
    sample = draw_sample(people, district=home, size=20, rng=np.random.default_rng(1))
    assert set(sample.district) == {"b", "c"}
    assert sample.stands_for[sample.district == "c"].sum() == pytest.approx(4000)


def test_a_cell_of_very_many_people_is_drawn_several_times():
    people = pd.Series([9000.0, *[100.0] * 20], index=[f"c{one}" for one in range(21)])
    home = pd.Series("a", index=people.index)
    sample = draw_sample(people, district=home, size=11, rng=np.random.default_rng(1))
    assert sample.times["c0"] in {8, 9, 10}
    assert sample.stands_for.sum() == pytest.approx(11_000)


def test_the_spread_of_the_draws_is_that_of_the_mean_of_a_sample():
    people, district, value = town(cells=3000)
    sample = draw_sample(people, district=district, size=300, rng=np.random.default_rng(3))
    found = estimate(value, sample)
    for one in ("a", "b"):
        here = sample.times[sample.district == one]
        drawn = np.repeat(value[here.index].to_numpy(), here.to_numpy())
        error = drawn.std(ddof=1) / np.sqrt(len(drawn))  # Hansen and Hurwitz
        assert found.value[one] == pytest.approx(drawn.mean())
        assert found.draws[one].std() == pytest.approx(error, rel=0.15)
        width = found.interval.loc[one, "high"] - found.interval.loc[one, "low"]
        assert width == pytest.approx(2 * 1.645 * error, rel=0.15)


def test_the_interval_covers_the_mean_of_all_as_often_as_it_says():
    people, district, value = town(cells=900)
    truth = (value * people).groupby(district).sum() / people.groupby(district).sum()
    hits = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        sample = draw_sample(people, district=district, size=90, rng=rng)
        ends = estimate(value, sample, seed=seed).interval
        hits += ((ends["low"] <= truth) & (truth <= ends["high"])).tolist()
    assert np.mean(hits) >= 0.82  # 0.9 of 120, less three standard errors


def test_one_state_of_the_world_draws_the_same_cells_for_every_value():
    people, district, value = town()
    sample = draw_sample(people, district=district, size=60, rng=np.random.default_rng(3))
    one, other = estimate(value, sample), estimate(1 - 2 * value, sample)
    pd.testing.assert_frame_equal(other.draws, 1 - 2 * one.draws)


def test_an_unknown_value_is_left_out_with_its_people():
    people, district, value = town()
    sample = draw_sample(people, district=district, size=60, rng=np.random.default_rng(3))
    lost = sample.stands_for.index[:5]
    found = estimate(value.where(~value.index.isin(lost)), sample)
    here = sample.stands_for[sample.district == "a"]
    gone = here[here.index.isin(lost)].sum() / here.sum()
    assert found.known_share["a"] == pytest.approx(1 - gone)
    assert found.known_share["b"] == 1
    assert found.draws.notna().all(axis=None)


def test_a_district_without_a_cell_drawn_is_unknown():
    people, district, value = town()
    sample = draw_sample(people, district=district, size=60, rng=np.random.default_rng(3))
    found = estimate(value, sample, districts=("a", "b", "empty"))
    assert np.isnan(found.value["empty"])
    assert found.draws["empty"].isna().all()


def test_every_district_gets_its_least():
    people = pd.Series(np.r_[np.full(500, 100.0), np.full(50, 1.0)])
    district = pd.Series(np.r_[np.full(500, "big"), np.full(50, "small")])
    sample = draw_sample(people, district=district, size=50, rng=np.random.default_rng(1))
    assert sample.times.groupby(sample.district).sum().to_dict() == {"big": 50, "small": LEAST}


def test_what_cannot_be_drawn_is_refused():
    people, district, value = town()
    rng = np.random.default_rng(1)
    with pytest.raises(DataError, match="size must be above 0"):
        draw_sample(people, district=district, size=0, rng=rng)
    with pytest.raises(DataError, match="nobody lives"):
        draw_sample(people * 0, district=district, size=10, rng=rng)
    sample = draw_sample(people, district=district, size=60, rng=rng)
    with pytest.raises(DataError, match="of its cells have no value"):
        estimate(value.iloc[:10], sample)


def test_without_draws_there_is_the_mean_alone():
    people, district, value = town()
    sample = draw_sample(people, district=district, size=60, rng=np.random.default_rng(3))
    options = {"sample": sample, "districts": pd.Index(["a", "b"])}
    found = mean_of_sample(value, **options, draws=0, rng=np.random.default_rng(5))
    pd.testing.assert_series_equal(found.value, estimate(value, sample).value)
    assert found.interval.isna().all(axis=None)
    assert found.draws.shape == (0, 2)
