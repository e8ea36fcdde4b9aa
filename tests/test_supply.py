"""What a city file tells of routes and how often they run, collected for the study."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest

import geoequity as ge
from geoequity.city import City
from geoequity.collect import Collected, collect
from geoequity.errors import DataError
from geoequity.indicators import read_catalogue
from geoequity.maps.content import content
from geoequity.study import Study
from geoequity.transit import hourly_of

CityMaker = Callable[..., Path]
EAST, NORTH = 500_000, 8_000_000


def collected(file: Path) -> Collected:
    return collect(City.from_toml(file), read_catalogue())


@pytest.fixture
def make(make_city: CityMaker, tmp_path: Path) -> Callable[..., Path]:
    """Write the town, with a route along each of its two stops and a table of trips."""

    def write(headway_min: dict[str, float] | None = None, **trips: Any) -> Path:
        lines = [
            f'{code},"LINESTRING ({EAST} {NORTH + y}, {EAST + 2000} {NORTH + y})",{every}'
            for code, y, every in (("A", 750, 6), ("B", 1750, ""))
        ]
        (tmp_path / "lines.csv").write_text("\n".join(["code,g,every", *lines, ""]))
        (tmp_path / "runs.csv").write_text("route,start,end,every\nB,7:00,9:00,15\nC,7:00,9:00,5\n")
        route = {"path": "lines.csv", "mode": "bus", "id": "code", "geometry": "g"}
        route |= {"headway": "every", "crs": "EPSG:32718"}
        columns = {"route": "route", "start": "start", "end": "end", "headway": "every"}
        runs = {"path": "runs.csv", **columns, "headway_unit": "min", "mode": "bus", **trips}
        runs = {key: value for key, value in runs.items() if value is not None}
        block = {"routes": [route], "headway_min": headway_min or {}}
        return make_city(transit=block | ({"trips": [runs]} if "path" in runs else {}))

    return write


def test_lists_and_trips_make_one_table_of_routes(make: Callable[..., Path]) -> None:
    found = collected(make())
    assert found.routes["headway_min"].tolist() == [6, 15, 5]
    assert found.routes["headway_from"].tolist() == ["table"] * 3
    assert found.routes.geometry.isna().tolist() == [False, False, True]
    assert found.stop_routes.empty
    hourly = hourly_of(found.stops, found.routes, stop_routes=found.stop_routes)
    assert hourly[["stop_id", "route_id", "trips_per_hour"]].to_numpy().tolist() == [
        ["transit.bus/b1", "transit.routes.bus/A", 10],
        ["transit.bus/b2", "transit.routes.bus/B", 4],
    ]
    records = {one.name: one for one in found.records}
    assert records["transit.trips"].counts["routes_joined"] == 1
    assert records["transit.routes.bus"].rows_kept == 2


def test_headways_that_nobody_tells_are_assumed_by_mode(make: Callable[..., Path]) -> None:
    found = collected(make(headway_min={"bus": 20}, path=None))
    assert found.routes["headway_min"].tolist() == [6, 20]
    assert found.routes["headway_from"].tolist() == ["table", "assumed"]


def test_faults_of_routes_and_trips_are_told_together(make: Callable[..., Path]) -> None:
    file = make(mode=None)
    with pytest.raises(DataError, match=r"runs\.csv: no \[\[transit\.routes\]\] lists .*: C;"):
        collected(file)
    (file.parent / "lines.csv").write_text("code,g,every\nA,POINT (1 1),6\n")
    (file.parent / "runs.csv").write_text("route,start,end,every\nB,7:00,6:00,15\n")
    with pytest.raises(DataError, match=r"(?s)2 faults.*lines\.csv: .*runs\.csv: a run ends"):
        collected(file)


def test_a_study_with_undrawn_routes_is_written_and_mapped(
    make: Callable[..., Path], tmp_path: Path
) -> None:
    study = ge.assess(City.from_toml(make()))
    ge.outputs.save(study, tmp_path / "out")
    routes = gpd.read_parquet(tmp_path / "out" / "tables" / "routes.parquet")
    assert routes.geometry.isna().sum() == 1
    (bus,) = content(study, language="es")["routes"]
    assert (bus["mode"], bus["count"], len(bus["shapes"])) == ("bus", 2, 2)
    used = json.loads((tmp_path / "out" / "provenance.json").read_text())["sources"]
    assert {"transit.routes.bus", "transit.trips"} <= {one["name"] for one in used}


@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")  # of the demo's faults
def test_routes_of_the_map_keep_their_stops_and_headways(demo_study: Study) -> None:
    timed = City.preset("demo")
    # With a timetable its stops stand for the map's
    untimed = timed.model_copy(update={"transit": timed.transit.model_copy(update={"gtfs": ()})})
    found = collect(untimed, read_catalogue())
    assert found.routes.drop(columns="geometry").equals(demo_study.routes.drop(columns="geometry"))
    assert set(found.routes["headway_from"]) == {"tags"}
    assert set(found.stop_routes["route_id"]) == set(found.routes.index)
    assert found.stop_routes["stop_id"].isin(found.stops.index).all()
    hourly = hourly_of(found.stops, found.routes, stop_routes=found.stop_routes)
    assert len(hourly) == len(found.stop_routes)
    per_hour = hourly.set_index("route_id")["trips_per_hour"]
    expected = 60 / found.routes["headway_min"]
    assert per_hour.groupby(level=0).nunique().eq(1).all()
    assert per_hour.groupby(level=0).first().to_dict() == expected.to_dict()
