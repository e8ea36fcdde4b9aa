"""The metropolis: its bytes, its formats, what is in proportion, and that it says what it is."""

import io
import json
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import rasterio

import geoequity as ge
from geoequity.sources.osm import read_osm

ROOT = Path(__file__).parents[1]
SCALE = 0.002
RASTERS = ("elevacao", "inundacao", "luzes_noturnas", "ndvi", "populacao")


def make(out: Path, *, seed: int = 1, scale: float = SCALE) -> Path:
    command = [sys.executable, ROOT / "scripts" / "make_metropolis", "--out", out]
    command += ["--scale", scale, "--seed", seed]
    subprocess.run([str(one) for one in command], check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("metropolis") / "city")


@pytest.fixture(scope="module")
def counts(city: Path) -> dict:
    return json.loads((city / "counts.json").read_text(encoding="utf-8"))


def test_the_same_seed_gives_the_same_bytes(city: Path, tmp_path: Path) -> None:
    again, other = make(tmp_path / "again"), make(tmp_path / "other", seed=2)
    names = sorted(one.name for one in city.iterdir())
    assert sorted(one.name for one in again.iterdir()) == names
    same = [name for name in names if (city / name).read_bytes() != (again / name).read_bytes()]
    assert not same
    alike = [name for name in names if (city / name).read_bytes() == (other / name).read_bytes()]
    assert alike == ["city.toml", "inundacao_100m.tif"]  # rivers run where they run


def test_there_is_as_much_of_everything_as_the_scale_says(counts: dict) -> None:
    whole = {
        "street_nodes": 1_600_000, "residents": 22_000_000, "cells": 150_000, "services": 100_000,
        "stops": 20_000, "stop_times": 4_000_000,
    }  # fmt: skip
    for name, number in whole.items():
        assert counts[name] == pytest.approx(SCALE * number, rel=0.1), name
    assert counts["districts"] == 4
    assert counts["neighbourhoods"] == 8


def test_the_map_is_read_as_any_extract(city: Path, counts: dict) -> None:
    layers = read_osm(city / "metropole.osm.pbf")
    streets = layers.streets
    nodes = pd.concat([streets["from_node"], streets["to_node"]]).nunique()
    assert nodes == pytest.approx(counts["street_nodes"], rel=0.05)
    assert {"primary", "secondary", "residential"} <= set(streets["highway"])
    assert layers.services["category"].nunique() > 20
    assert (layers.services["category"] == "open_space").any()
    assert layers.services.loc[layers.services["name"].notna(), "name"].str.contains("fict").all()


def test_streets_run_in_many_directions_and_repeat_nowhere(city: Path) -> None:
    lines = read_osm(city / "metropole.osm.pbf").streets.geometry
    ends = np.array([(*line.coords[0], *line.coords[-1]) for line in lines])
    dx, dy = ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]
    bearing = np.degrees(np.arctan2(dy, dx)) % 90
    assert len(np.unique(np.stack([dx, dy], axis=1).round(2), axis=0)) > 0.99 * len(lines)
    assert np.histogram(bearing, bins=9, range=(0, 90))[0].min() > 0


def test_the_timetable_serves_every_stop_there_and_back(city: Path, counts: dict) -> None:
    with zipfile.ZipFile(city / "metropole_gtfs.zip") as archive:
        assert b"synthetic" in archive.comment
        tables = {
            name: pd.read_csv(io.BytesIO(archive.read(name)), dtype=str)
            for name in archive.namelist()
        }
    times, stops = tables["stop_times.txt"], tables["stops.txt"]
    assert len(times) == counts["stop_times"]
    assert set(times["stop_id"]) <= set(stops["stop_id"])
    assert times["stop_id"].nunique() > 0.8 * len(stops)
    assert set(tables["routes.txt"]["route_type"]) == {"1", "3", "702"}
    at = pd.to_timedelta(times["arrival_time"]).groupby(times["trip_id"]).diff()
    assert (at.dropna() > pd.Timedelta(0)).all()
    hours = times.loc[times["stop_sequence"] == "1", "departure_time"].str[:2].value_counts()
    assert hours["07"] > 1.5 * hours["12"]


def test_cells_nest_in_neighbourhoods_and_these_in_districts(city: Path, counts: dict) -> None:
    cells = gpd.read_file(city / "setores.gpkg")
    zones = gpd.read_file(city / "bairros.geojson")
    districts = gpd.read_file(city / "distritos.geojson")
    assert cells["POPULACAO"].sum() == counts["residents"]
    whole = districts.union_all()
    assert zones.union_all().symmetric_difference(whole).area < 1e-9
    assert cells.union_all().symmetric_difference(whole).area < 1e-9
    of = cells.drop_duplicates("CD_BAIRRO").set_index("CD_BAIRRO")["CD_DIST"]
    assert (zones.set_index("CD_BAIRRO")["CD_DIST"] == of).all()
    assert districts.is_valid.all()
    assert (cells["POPULACAO"] >= cells[["POP_6_17", "POP_65_MAIS"]].max(axis=1)).all()


def test_every_file_says_that_it_is_made_up(city: Path) -> None:
    for name in RASTERS:
        with rasterio.open(city / f"{name}_100m.tif") as raster:
            assert "fict" in raster.tags()["TIFFTAG_IMAGEDESCRIPTION"]
            assert (raster.read(1) != raster.nodata).any()
    for kind in ("fixed", "mobile"):
        tiles = pq.read_table(city / f"2025-04-01_performance_{kind}_tiles.parquet")
        assert b"synthetic" in tiles.schema.metadata[b"note"]
        assert tiles["quadkey"][0].as_py().isdigit()
    for name in ("internet_domicilios.csv", "solicitacoes_156.csv", "wifi_livre.csv"):
        assert "ficticio" in (city / name).read_text(encoding="utf-8").splitlines()[1]
    assert set(gpd.read_file(city / "setores.gpkg")["NOTA"]) == {"ficticio"}
    opened = ge.City.from_toml(city / "city.toml")
    assert opened.city.fictitious
    assert "fictícia" in opened.city.name
    assert opened.transit.sample == 2000
    assert "fictitious" in opened.sources["made"].provider


def test_growth_is_a_slope_in_log_log() -> None:
    measured = runpy.run_path(str(ROOT / "scripts" / "benchmarks" / "scale.py"))
    assert measured["slope"](2.0, 40.0, times=20.0) == pytest.approx(1.0)
    assert measured["slope"](2.0, 2.0 * 20**1.5, times=20.0) == pytest.approx(1.5)
    stage = {"seconds": 1.0, "cpu_seconds": 2.0, "peak_mb": 100.0}
    little = {**stage, "seconds": 0.1}
    counted = dict.fromkeys(measured["COUNTED"], 1_000)
    small, large = (
        measured["Run"](
            scale=scale,
            counts={one: int(scale * number) for one, number in counted.items()},
            stages={
                "read": {**stage, "seconds": seconds},
                "join": little,
            },
            seconds=seconds,
            cpu_s=2 * seconds,
            peak_mb=1024.0,
        )
        for scale, seconds in ((0.05, 10.0), (1.0, 200.0))
    )
    assert measured["slopes"](small, large, "seconds") == {"read": pytest.approx(1.0), "join": None}
    page = measured["page"]([small, large], price=0.1)
    assert "| read | 10.0 | 200.0 | 1.00 | 105 |" in page  # of 2^20 bytes there, of a million here
    assert "| time end to end, min | 15 | 3.3 |" in page
    assert "371 cities" in page
    assert "Extrapolated, not measured" in page
    assert "0.1 USD" in page


@pytest.mark.slow
def test_a_twentieth_of_the_metropolis_from_end_to_end(tmp_path: Path) -> None:
    city = make(tmp_path / "city", scale=0.05)
    command = [sys.executable, "-m", "geoequity.cli", "run", city / "city.toml", "--json"]
    command += ["--stages", "--no-pdf", "--language", "pt", "--out", tmp_path / "out"]
    done = subprocess.run([str(one) for one in command], check=True, capture_output=True, text=True)
    stages = json.loads(done.stdout)["stages"]
    assert list(stages)[:3] == ["read", "join", "grids"]
    assert max(one["peak_mb"] for one in stages.values()) < 1500
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    reached = summary["indicators"]["jobs_transit_45min_share"]
    assert any(one["id"] == "cells_sampled" for one in reached["reasons"])
    table = pd.read_csv(tmp_path / "out" / "indicators.csv")
    rows = table[(table["indicator"] == "jobs_transit_45min_share") & table["low"].notna()]
    assert len(rows) == 5
    assert ((rows["low"] < rows["value"]) & (rows["value"] < rows["high"])).all()
    assert (tmp_path / "out" / "map.html").stat().st_size < 12_000_000
