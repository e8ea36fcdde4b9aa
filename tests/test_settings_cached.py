"""A setting that is changed counts, whatever a cache holds of the city as it was."""

from pathlib import Path
from typing import Any

import pytest
from same_study import assert_same

import geoequity as ge
from geoequity.cache import Cache

pytestmark = pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")
OTHER = {
    "city.buffer_m": 400.0,
    "city.min_coverage": 0.97,
    "city.min_covered_share": 0.95,
    "walking.speed_kmh": 4.0,
    "walking.groups": ("child",),
    "walking.slope": False,
    "walking.homes_m": 60.0,
    "walking.detour_factor": 1.6,
    "transit.date": "2025-05-17",
    "transit.window": ("12:00", "12:30"),
    "transit.merge": "dedupe",
    "transit.without": ("bus",),
    "transit.max_walk_min": 6.0,
    "transit.max_afoot_min": 9.0,
    "transit.max_change_min": 2.0,
    "transit.max_transfers": 0,
    "transit.draws": 2,
    "transit.sample": 150,
    "index.weights": {"mobility": 2.0},
    "index.normalisation": "rank",
    "index.aggregation": "geometric",
    "index.draws": 130,
    "index.weights_range": (0.9, 1.1),
    "index.seed": 1,
    "index.threshold": 45.0,
    "index.min_probability": 0.9,
    "index.min_gap_points": 30.0,
}


def changed(city: ge.City, **settings: Any) -> ge.City:
    """Change settings of a city, by block and name."""
    for setting, value in settings.items():
        block, name = setting.split(".")
        told = getattr(city, block)
        checked = type(told).model_validate(told.model_dump() | {name: value})
        city = city.model_copy(update={block: checked})
    return city


@pytest.mark.usefixtures("demo_study")  # which fills the cache
def test_another_seed_draws_anew_whatever_the_cache_holds(kept: Path) -> None:
    city = changed(ge.City.preset("demo"), **{"index.seed": 1})
    assert_same(ge.assess(city, cache=Cache(kept)), ge.assess(city))


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> tuple[ge.City, Path]:
    """Fill a cache with the demo city, of which little is drawn."""
    folder = tmp_path_factory.mktemp("cache")
    city = changed(ge.City.preset("demo"), **{"index.draws": 100})
    ge.assess(city, cache=Cache(folder))
    return city, folder


@pytest.mark.slow
@pytest.mark.parametrize("setting", OTHER)
def test_another_setting_counts_whatever_the_cache_holds(
    usual: tuple[ge.City, Path], setting: str
) -> None:
    city = changed(usual[0], **{setting: OTHER[setting]})
    assert city != usual[0]
    assert_same(ge.assess(city, cache=Cache(usual[1])), ge.assess(city))
