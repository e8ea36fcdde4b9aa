"""Scenarios of the demo city: edits at random, the planted cable, the guide, the command line."""

import json
import re
import shutil
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from random_edits import KINDS, Dice
from same_study import assert_same

import geoequity as ge
from geoequity import cli
from geoequity.assessment import assess_edited
from geoequity.cache import Cache
from geoequity.errors import ConfigError, DataWarning
from geoequity.keeping import FORGETFUL
from geoequity.riding import TRAVELLED_TO
from geoequity.scenario import Edits, read_edits
from geoequity.scenario._amend import edited
from geoequity.study import Study

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "data" / "demo"
GUIDE = (ROOT / "docs" / "guides" / "scenarios.md").read_text(encoding="utf-8")
TRUTH = json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))
SHARE = "jobs_transit_45min_share"
IN_CI = 1
ALL = 50


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the demo city, with few draws."""
    folder = tmp_path_factory.mktemp("few_draws") / "demo"
    shutil.copytree(DEMO, folder)
    place = folder / "city.toml"
    text = place.read_text(encoding="utf-8")
    place.write_text(f"{text}\n[index]\ndraws = 100\n", encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def base(file: Path, kept: Path) -> Iterator[Study]:
    """Assess it, keeping what is made on the way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the demo has planted faults
        yield ge.assess(ge.City.from_toml(file), keep=True, cache=Cache(kept))


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


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_places_that_are_travelled_to_give_what_a_run_from_scratch_gives(
    base: Study, seed: int
) -> None:
    """Opened, closed, moved and enlarged, alone and where other vehicles run or streets lead."""
    made, rng = base.made_of, np.random.default_rng([11, seed])
    besides = ((), ("headway",), (), ("line",), (), ("street",))[seed % 6]
    dice = Dice(base, rng, TRAVELLED_TO)
    edits = dice.edits_of("open", "close", "move", "capacity", *besides)
    after = ge.scenario.apply(base, edits)
    whole = assess_edited(made, edited(made, edits, name="edits"), kept=FORGETFUL)
    assert_same(after, whole)


def test_random_edits_are_of_every_kind_and_lie_beside_borders(base: Study) -> None:
    kinds: set[str] = set()
    near = 0
    borders = base.districts.boundary.union_all()
    for seed in range(ALL):
        edits = Dice(base, np.random.default_rng([10, seed])).edits()
        kinds |= {key.partition(".")[0] for key, _ in edits.each()}
        sites = [(one.lon, one.lat) for one in (*edits.open, *edits.move)]
        points = gpd.GeoSeries.from_xy(*zip(*sites, strict=True), crs=4326) if sites else []
        if len(points):
            near += int((points.to_crs(base.districts.crs).distance(borders) < 75).sum())
    assert kinds == set(KINDS)
    assert near >= 5


def test_a_service_moves_its_own_district_and_the_error_of_no_other(base: Study) -> None:
    """Errors are common to both studies: where nothing changes, nothing may differ."""
    place = {"lon": -87.0150, "lat": -12.0195}
    after = ge.scenario.apply(base, Edits.of({"open": [{"category": "clinic", **place}]}))
    before_draws, after_draws = base.made_of.sampling, after.made_of.sampling
    moved = (after_draws - before_draws).abs().max() > 0
    same = (base.indicators == after.indicators) | (
        base.indicators.isna() & after.indicators.isna()
    )
    untouched = same.all(axis=1)
    assert 0 < untouched.sum() < len(untouched)
    assert not moved[untouched].any()
    told = after.summary["scenario"]["effect"]
    width = {
        unit: one["index"]["high"] - one["index"]["low"]
        for unit, one in told["districts"].items()
        if one["index"]["low"] is not None
    }
    own = after.districts["sampling_index_high"] - after.districts["sampling_index_low"]
    assert all(wide < 0.2 * own[unit] for unit, wide in width.items())


def planted(name: str) -> pd.Series:
    """Planted values of the districts whose streets are all on the map."""
    told = {key: one["transit"][name] for key, one in TRUTH["districts"].items()}
    thinned = {key for key, one in TRUTH["districts"].items() if one["thinned"]}
    return pd.Series({key: value for key, value in told.items() if key not in thinned})


@pytest.mark.parametrize(
    ("by", "within"),
    [("ids", 0.01), pytest.param("places", 0.02, marks=pytest.mark.slow)],
)
def test_the_cable_line_built_anew_brings_the_planted_change(
    base: Study, by: str, within: float
) -> None:
    """
    By its stops, its speed and its headway alone, in a city without it.

    Where a stop is told by its id, the three minutes that the timetable asks for to
    change there hold; of a new place it knows nothing, and the walk alone counts.
    """
    feed = base.made_of.sources.feed
    calls = feed.stop_times[feed.stop_times["trip_id"] == "K-0-L"]
    stops = feed.stops.loc[calls["stop_id"], ["lon", "lat"]]
    flat = gpd.GeoSeries.from_xy(stops["lon"], stops["lat"], crs=4326).to_crs(base.districts.crs)
    metres = sum(a.distance(b) for a, b in pairwise(flat))
    seconds = int(calls["arrival_s"].iloc[-1] - calls["departure_s"].iloc[0])
    line = {
        "mode": "cable",
        "stops": stops.to_numpy().tolist() if by == "places" else list(stops.index),
        "headway_min": 2,
        "speed_kmh": 3.6 * metres / seconds,
        "hours": ["04:30", "23:00"],
    }
    without = ge.scenario.apply(base, Edits.of({"without": [{"mode": "cable"}]}))
    assert not (without.stops["mode"] == "cable").any()
    built = ge.scenario.apply(without, Edits.of({"line": [line]}))
    wanted = planted(SHARE) - planted(f"{SHARE}_without_cable")
    change = (built.indicators[SHARE] - without.indicators[SHARE])[wanted.index]
    assert (change - wanted).abs().max() < within  # departures are drawn, the truth's are not
    assert change.idxmax() == wanted.idxmax()
    told = built.summary["scenario"]["effect"]["indicators"][SHARE][""]["mean"]
    planted_change = TRUTH["transit"][SHARE] - TRUTH["transit"][f"{SHARE}_without_cable"]
    assert told["change"] == pytest.approx(planted_change, abs=0.002)
    assert (built.indicators[SHARE] - base.indicators[SHARE]).abs().max() < within + 0.005


# ------------------------------------------------------------------ the guide
def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def test_the_examples_of_the_guide_do_what_they_say(base: Study, tmp_path, monkeypatch) -> None:
    (toml,), (geojson,), (python,) = blocks("toml"), blocks("json"), blocks("python")
    (tmp_path / "edits.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "edits.geojson").write_text(geojson, encoding="utf-8")
    edits = read_edits(tmp_path / "edits.toml")
    kinds = {key.partition(".")[0] for key, _ in edits.each()}
    assert len(kinds) == 12
    assert read_edits(tmp_path / "edits.geojson").open[0].capacity == edits.open[0].capacity
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ge, "assess", lambda *_, **__: base, raising=False)
    said: dict = {}
    exec(python, said)
    assert said["told"].summary["scenario"]["title"]["en"] == "Clinics and a cable"
    assert said["told"].summary["changed"]


# ----------------------------------------------------------- the command line
@pytest.mark.usefixtures("_demo_kept")
def test_the_command_writes_the_study_and_what_changes(file: Path, tmp_path, capsys) -> None:
    edits = tmp_path / "edits.toml"
    edits.write_text(
        '[[open]]\ncategory = "clinic"\nlon = -87.0150\nlat = -12.0195\n', encoding="utf-8"
    )
    out = tmp_path / "out"
    asked = ["scenario", str(file), str(edits), "--out", str(out), "--language", "es"]
    assert cli.main([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["scenario"]["edits"][0]["edit"] == "open"
    names = {one.name for one in out.iterdir()}
    assert {"summary.json", "map.html", "report.es.html"} <= names
    assert {"change.json", "change.csv", "change.es.html"} <= names
    study = ge.outputs.load(out)
    assert study.summary["scenario"]["edits"] == told["scenario"]["edits"]
    said = "Un escenario, no la ciudad tal como es"
    assert said in (out / "report.es.html").read_text(encoding="utf-8")
    assert said in (out / "map.html").read_text(encoding="utf-8")


def test_edits_that_make_no_sense_leave_nothing_behind(
    base: Study, file: Path, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr("geoequity.assessment.assess", lambda *_, **__: base)
    edits = tmp_path / "edits.toml"
    edits.write_text('[[close]]\nservice = "node/1"\n', encoding="utf-8")
    out = tmp_path / "out"
    assert cli.main(["scenario", str(file), str(edits), "--out", str(out), "--quiet"]) == 1
    assert "close.0.service: no service 'node/1'" in capsys.readouterr().err
    assert not out.exists()
    assert [one.name for one in tmp_path.iterdir()] == ["edits.toml"]
    edits.write_text('[[line]]\nmode = "bus"\nstops = ["A"]\nheadway_min = -1\n', "utf-8")
    assert cli.main(["scenario", str(file), str(edits), "--out", str(out), "--quiet"]) == 1
    said = capsys.readouterr().err
    assert "line.0.stops: needs 2 at least" in said
    assert "line.0.headway_min: input should be greater than 0" in said
    with pytest.raises(ConfigError, match=r"edits\.toml"):
        ge.scenario.apply(base, edits)
