"""What is computed again after an edit is what a run from scratch computes, to the last bit."""

import dataclasses
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from random_edits import Dice

import geoequity as ge
from geoequity.assessment import assess_edited
from geoequity.errors import DataWarning
from geoequity.keeping import FORGETFUL
from geoequity.scenario._amend import edited
from geoequity.study import Study

DEMO = Path(__file__).parents[1] / "data" / "demo"
IN_CI = 3
ALL = 50


def assert_same(one: Study, other: Study) -> None:
    """Every table, every column, every number, to the last bit; but for the seconds."""
    for field in dataclasses.fields(Study):
        if field.name in {"made_of", "summary", "provenance"}:
            continue
        tables = getattr(one, field.name), getattr(other, field.name)
        pd.testing.assert_frame_equal(
            *(pd.DataFrame(table) for table in tables), check_exact=True, obj=field.name
        )
        if isinstance(tables[0], gpd.GeoDataFrame):
            assert tables[0].geometry.equals(tables[1].geometry), field.name
            assert tables[0].crs == tables[1].crs
    left, right = (
        {key: value for key, value in study.summary.items() if key not in {"stages", "scenario"}}
        for study in (one, other)
    )
    assert left.keys() == right.keys()
    for key, value in left.items():
        assert value == right[key], key
    assert one.provenance == other.provenance


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """Assess the demo city with few draws, keeping what is made."""
    folder = tmp_path_factory.mktemp("few_draws") / "demo"
    shutil.copytree(DEMO, folder)
    file = folder / "city.toml"
    file.write_text(file.read_text(encoding="utf-8") + "\n[index]\ndraws = 100\n", encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the demo has planted faults
        yield ge.assess(ge.City.from_toml(file), keep=True)


@pytest.mark.parametrize(
    "seed",
    [pytest.param(seed, marks=[] if seed < IN_CI else [pytest.mark.slow]) for seed in range(ALL)],
)
def test_an_edit_gives_what_a_run_from_scratch_gives(base: Study, seed: int) -> None:
    made = base.made_of
    edits = Dice(base, np.random.default_rng([10, seed])).edits()
    after = ge.scenario.apply(base, edits)
    whole = assess_edited(made, edited(made, edits, name="edits"), kept=FORGETFUL)
    assert_same(after, whole)
    assert after.summary["scenario"]["edits"]
