"""The centre of São Paulo on its real files: people in hexagons that touch a few distritos."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import CRS

from geoequity.city import City, data_folder
from geoequity.collect import collect
from geoequity.indicators import read_catalogue
from geoequity.sources.files import Record
from geoequity.sources.spec import Origin, RoutesSpec, TripListSpec, TripsSpec
from geoequity.sources.transit_tables import join_trips, read_routes, read_trips

DATA = Path(__file__).parents[3] / "shared" / "cities" / "sao_paulo"
PRESET, LANGUAGE = "sao_paulo_centre", "pt"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the open data of São Paulo are absent")

TOUCHED = 17  # distritos with the middle of a hexagon, two of them with one
SLIVERS = {"MOE", "PRD"}  # reached by the rims of hexagons only


def test_the_hexagons_hold_their_people_and_jobs(folder: Path, summary: Mapping[str, Any]) -> None:
    assert summary["units"] == {"districts": TOUCHED + len(SLIVERS), "cells": 323}
    assert summary["population"]["total"] == pytest.approx(517570)
    assert summary["population"]["outside"] == 0
    districts = gpd.read_parquet(folder / "districts.parquet")
    assert districts["jobs"].sum() == pytest.approx(625298)


def test_hexagons_have_their_middle_in_17_distritos(folder: Path) -> None:
    distritos = gpd.read_parquet(folder / "districts.parquet")[["geometry"]]
    hexagons = gpd.read_file(DATA / "spo_hexgrid_EPSG32723.gpkg.zip").to_crs(distritos.crs)
    where = gpd.sjoin(hexagons.set_geometry(hexagons.centroid), distritos)["unit_id"]
    hexagons_of = where.value_counts()
    assert (len(hexagons_of), hexagons_of.sum()) == (TOUCHED, 323)
    assert (hexagons_of == 1).sum() == 2


def test_people_live_in_the_distritos_that_hexagons_touch(summary: Mapping[str, Any]) -> None:
    """Shared out by area, two more get the rims of hexagons whose middles lie elsewhere."""
    people = {
        key: one["population"]
        for key, one in summary["districts"].items()
        if one["population"] is not None
    }
    assert people.keys() > SLIVERS
    assert len(people.keys() - SLIVERS) == TOUCHED
    assert all(people[key] < 400 for key in SLIVERS)


def test_only_what_hexagons_cover_is_told(
    folder: Path, summary: Mapping[str, Any], indicators: pd.DataFrame
) -> None:
    share = gpd.read_parquet(folder / "districts.parquet")["cells_share"]
    told = share.index[share >= 0.5]
    assert len(told) == 10
    walks = indicators.reindex(share.index)["school_walk_min"]
    assert walks.index[walks.notna()].tolist() == told.tolist()
    for key, one in summary["districts"].items():
        assert ("cells_cover" in {each["id"] for each in one["reasons"]}) == (key not in told)
        assert one["population"] is not None


@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")  # two features share an id
def test_bus_stops_lie_in_the_96_distritos(tmp_path: Path) -> None:
    preset = (data_folder() / "cities" / "sao_paulo_centre.toml").read_text(encoding="utf-8")
    file = tmp_path / "whole.toml"
    file.write_text(re.sub(r"where = \{ sigla .*\n", "", preset), encoding="utf-8")
    whole = collect(City.from_toml(file, data=DATA), read_catalogue())
    assert len(whole.districts) == 96
    (record,) = [one for one in whole.records if one.name == "transit.bus"]
    found = record.as_dict()
    assert (found["rows_read"], found["rows_inside_districts"]) == (21208, 21036)


def test_schools_of_the_hexagons_are_places_to_walk_to(
    summary: Mapping[str, Any], sources: Mapping[str, Any]
) -> None:
    table = pd.read_csv(DATA / "spo_hexgrid.csv")
    assert sources["services.school"]["rows_kept"] == (table["schools"] > 0).sum()
    assert sources["services.clinic"]["rows_kept"] == (table["healthcare"] > 0).sum()
    assert table["schools"].sum() == 59
    assert summary["indicators"]["school_walk_min"]["coverage"] == pytest.approx(1)


def test_streets_are_walked_and_the_strays_of_the_extract_are_left_out(
    summary: Mapping[str, Any], sources: Mapping[str, Any], indicators: pd.DataFrame
) -> None:
    assert summary["method"]["streets"] == "network"
    record = sources["osm"]
    assert record["date"] == "2020-09-23"
    assert record["made"]["services"] == 0
    asked = {one["reason"]: one["count"] for one in record["dropped"]}
    assert asked["not among what is asked for"] == 5  # crossings, a wifi spot and a park
    walks = indicators.loc[["SEE", "REP"], "rapid_transit_walk_min"]  # the heart of Metro
    assert (walks < summary["indicators"]["rapid_transit_walk_min"]["mean"]).all()


# ------------------------------------------------- a feed without its stop times
def book(name: str, path: Path) -> Record:
    return Record(name=name, path=path, origin=Origin())


def test_loose_tables_of_a_feed_tell_how_often_routes_run() -> None:
    """1,319 routes, 25 without a trip; headways of 7 to 9 as departures written out one by one."""
    files = {one: DATA / f"gtfs_sptrans_{one}.txt" for one in ("routes", "trips", "frequencies")}
    columns = {"id": "route_id", "name": "route_long_name", "route_type": "route_type"}
    record = book("transit.routes", files["routes"])
    spec = RoutesSpec(path=files["routes"], **columns)
    routes = read_routes(spec, crs=CRS("EPSG:32723"), study_area=None, record=record)
    assert routes["mode"].value_counts().to_dict() == {"bus": 1306, "rail": 7, "metro": 6}
    trips = TripListSpec(path=files["trips"], direction="direction_id")
    hours = {"start": "start_time", "end": "end_time", "headway": "headway_secs"}
    runs = TripsSpec(path=files["frequencies"], trip="trip_id", trips=trips, **hours)
    record = book("transit.trips", files["frequencies"])
    told = read_trips(runs, record=record)
    assert (record.rows_read, record.rows_kept, len(told)) == (39944, 39944, 1294)
    pd.testing.assert_series_equal(told["trips_per_hour"], written_out(files), check_names=False)
    assert told.loc["1012-10"].tolist() == [5, 12, 0, 23 * 3600 + 40 * 60]
    joined = join_trips(routes, told, mode=None, record=record)
    assert joined["headway_from"].value_counts(dropna=False).to_dict() == {"table": 1294, None: 25}
    assert joined["headway_min"].isna().sum() == 25
    assert np.isinf(joined["headway_min"]).sum() == 186  # run at other hours only
    assert joined["headway_min"]["transit.routes/METRÔ L3"] == 2


def written_out(files: Mapping[str, Path]) -> pd.Series:
    """Trips an hour from 7 to 9 of each route, the mean of its directions."""
    runs = pd.read_csv(files["frequencies"]).merge(pd.read_csv(files["trips"]), on="trip_id")
    ends = [pd.to_timedelta(runs[f"{one}_time"]).dt.total_seconds() for one in ("start", "end")]
    spans = zip(*ends, runs["headway_secs"], strict=True)
    runs["number"] = [
        sum(7 * 3600 <= one < 9 * 3600 for one in range(int(start), int(end), every))
        for start, end, every in spans
    ]
    by_way = runs.groupby(["route_id", "direction_id"])["number"].sum() / 2
    return by_way.groupby("route_id").mean()
