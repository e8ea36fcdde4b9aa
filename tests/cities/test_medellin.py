"""Medellín on its real files: names that differ, ages to add up, coordinates back to front."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from geoequity.errors import DataError, DataWarning
from geoequity.sources.boundaries import read_districts
from geoequity.sources.files import Record
from geoequity.sources.rasters import read_raster
from geoequity.sources.spec import DistrictsSpec, Origin, RasterSpec

DATA = Path(__file__).parents[3] / "shared" / "cities" / "medellin"
PRESET, LANGUAGE = "medellin", "es"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the open data of Medellín are absent")

REPEATED = ["BEL_05415", "BEL_05886", "BEL_12101", "BEL_17324", "BEL_53492", "BEL_66080"]


def test_comunas_and_corregimientos_are_the_districts(
    summary: Mapping[str, Any], sources: Mapping[str, Any]
) -> None:
    assert list(summary["districts"]) == [
        *(f"{n:02}" for n in range(1, 17)),
        *("50", "60", "70", "80", "90"),
    ]
    assert summary["districts"]["06"]["name"] == "Doce de Octubre"
    assert summary["districts"]["12"]["name"] == "La América"
    (slivers,) = sources["districts"]["dropped"]
    assert slivers["count"] == 2


def test_people_of_all_ages_are_added_up(summary: Mapping[str, Any]) -> None:
    path = DATA / "poblacion_2016_2020_comuna_edad.csv"
    raw = pd.read_csv(path, sep=";", thousands=",", encoding="utf-8-sig")
    ages = raw.groupby("Nombre División Geográfica")["Total 2018"].sum()
    assert summary["population"]["total"] == ages.sum() == 2529403
    assert summary["districts"]["01"]["population"] == ages["Popular"]
    assert summary["districts"]["11"]["population"] == ages["Laureles - Estadio"]
    assert summary["districts"]["50"]["population"] == ages["Palmitas"]  # by an alias
    assert summary["population"]["outside"] is None  # nobody was counted but by comuna


def test_the_living_conditions_of_all_units_join_as_validator(
    folder: Path, summary: Mapping[str, Any], sources: Mapping[str, Any]
) -> None:
    assert sources["tables.1"]["units_joined"] == 21
    assert summary["indicators"]["imcv"]["role"] == "validator"
    assert summary["indicators"]["imcv"]["pillar"] is None
    table = pd.read_csv(folder / "indicators.csv", dtype={"unit_id": str})
    imcv = table[table["indicator"] == "imcv"].set_index("unit_id")["value"]
    assert imcv[["01", "14"]].tolist() == [34.75, 76.6]
    assert [imcv.idxmin(), imcv.idxmax()] == ["01", "14"]


def test_libraries_lie_where_they_are(sources: Mapping[str, Any]) -> None:
    """POINT_X holds the pair, latitude first: read the usual way they would lie in Antarctica."""
    record = sources["services.library"]
    assert record["rows_read"] == record["rows_inside_districts"] == record["rows_kept"] == 32


def test_places_of_the_map_are_those_that_were_asked_for(folder: Path) -> None:
    """Elements as tagged, with the buffer of 1,600 m; parking and malls came along."""
    services = gpd.read_file(folder / "study.gpkg", layer="services")
    found = services[services["source"] == "osm"]["category"].value_counts()
    assert set(found.index) == {"school", "hospital", "clinic", "open_space", "sport"}
    comunas = gpd.read_parquet(DATA / "comunas_corregimientos.parquet").to_crs(services.crs)
    named = comunas[comunas["NOMBRE"].notna()].union_all()
    schools = services[services["category"] == "school"]
    assert schools.representative_point().intersects(named).sum() == 836 - 3
    assert 836 < len(schools) < 1118
    assert 99 <= found["hospital"] <= 118
    assert found["clinic"] <= 123


def test_stations_are_counted_by_mode(sources: Mapping[str, Any]) -> None:
    modes = {"metro": 28, "cable": 20, "tram": 9, "brt": 28}
    records = {mode: sources[f"transit.{mode}"] for mode in modes}
    assert {mode: one["distinct"] for mode, one in records.items()} == modes
    outside = {m: one["distinct"] - one["rows_inside_districts"] for m, one in records.items()}
    assert outside == {"metro": 8, "cable": 0, "tram": 0, "brt": 0}
    assert all(one["rows_read"] == 85 for one in records.values())


def test_bus_routes_are_the_lines_of_the_text_in_the_zip(
    folder: Path, sources: Mapping[str, Any]
) -> None:
    """282 courses of 274 route codes, 17 of them in several pieces, written as KML in a CSV."""
    record = sources["transit.routes.bus"]
    assert record["rows_read"] == record["rows_kept"] == record["distinct"] == 282
    routes = gpd.read_parquet(folder / "tables" / "routes.parquet")
    assert len(routes) == 282
    assert set(routes["mode"]) == {"bus"}
    assert (routes.geom_type == "MultiLineString").sum() == 17
    told = pd.read_csv(zip_member(DATA / "rutas_urbanas_integradas.zip"))["Shape_Leng"]
    assert routes.length.sum() == pytest.approx(told.sum(), rel=1e-3)  # in a grid of Colombia
    assert routes["headway_min"].isna().all()


def zip_member(path: Path) -> io.BytesIO:
    with zipfile.ZipFile(path) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".csv"))
        return io.BytesIO(archive.read(name))


def test_people_are_spread_over_land_that_is_not_vegetation(
    folder: Path, summary: Mapping[str, Any]
) -> None:
    assert summary["units"]["districts"] == 21
    assert summary["method"]["people"] == "spread"
    cells = pd.read_parquet(folder / "cells.parquet", columns=["district_id", "population"])
    people = cells.groupby("district_id")["population"].sum()
    told = {key: one["population"] for key, one in summary["districts"].items()}
    assert people.to_dict() == pytest.approx(told)
    why = [one["id"] for one in summary["indicators"]["clinic_walk_min"]["reasons"]]
    assert {"people_spread", "straight_line"} <= set(why)
    assert summary["walking"]["kind"] == "fragments"  # of streets, along which nobody walks


def test_what_the_cable_does_is_told_by_comuna(folder: Path, summary: Mapping[str, Any]) -> None:
    table = pd.read_csv(folder / "indicators.csv", dtype={"unit_id": str})
    found = table[table["level"] == "district"].pivot_table(
        index="unit_id", columns="indicator", values="value"
    )
    added = found["station_access_share"] - found["station_without_cable_share"]
    assert added.to_numpy() == pytest.approx(found["cable_access_share"].to_numpy(), abs=1e-9)
    assert found["cable_access_share"].idxmax() == "01"  # Popular, where the first cable runs
    hills, valley, rural = (
        summary["divide"]["parts"][one]["indicators"] for one in ("hillsides", "valley", "rural")
    )
    assert hills["cable_access_share"] > 0.2
    assert valley["cable_access_share"] < 0.05
    assert hills["station_slope_share"] > 2 * valley["station_slope_share"]
    assert hills["imcv"] < valley["imcv"]
    assert rural["station_access_share"] < 0.1


def test_living_conditions_of_two_years_are_set_apart(folder: Path) -> None:
    table = pd.read_csv(folder / "indicators.csv", dtype={"unit_id": str})
    gain = table[table["indicator"] == "imcv_gain"].set_index("unit_id")["value"]
    raw = pd.read_csv(DATA / "imcv_2011_2018_comuna.csv", dtype={"comuna": str})
    years = raw.pivot_table(index="comuna", columns="anio", values="imcv")
    assert gain.to_dict() == pytest.approx((years[2018] - years[2011]).to_dict(), abs=0.01)


def test_the_index_of_living_conditions_is_held_against_structures(
    summary: Mapping[str, Any],
) -> None:
    pairs = {(one["truth"], one["measure"]): one for one in summary["validity"]}
    found = pairs["imcv", "structures"]
    assert (found["kind"], found["n"], found["expected"]) == ("pillar", 21, 1)
    assert -1 <= found["rank_correlation"] <= 1  # whatever it is
    assert pairs["imcv_mobility", "station_access_share"]["n"] == 21
    assert summary["index"]["mean"] is None


def read_layer(file: str, **options: Any) -> tuple[Any, Record]:
    path = DATA / file
    record = Record(name="districts", path=path, origin=Origin())
    spec = DistrictsSpec(path=path, **options)
    return read_districts(spec, crs="auto", record=record), record


def test_six_codes_of_barrios_stand_twice_and_are_refused() -> None:
    with (
        pytest.warns(DataWarning, match="invalid rings repaired"),
        pytest.raises(DataError, match="rows that differ share an id") as caught,
    ):
        read_layer("barrios_medellin.geojson", id="codigo")
    assert sorted(caught.value.ids) == REPEATED


def test_parts_of_one_barrio_are_joined_when_declared() -> None:
    with pytest.warns(DataWarning) as warned:
        barrios, record = read_layer(
            "barrios_medellin.geojson",
            id="codigo",
            name="nombre",
            duplicates="dissolve",
            overlaps="largest",
        )
    assert len(barrios) == 401 - 6
    assert {one["reason"]: one["count"] for one in record.dropped} == {
        "dissolved into the first row of the id": 6
    }
    assert any("rows of one id dissolved" in str(one.message) for one in warned)


def test_the_barrios_of_the_city_alone_need_no_mending_of_codes() -> None:
    with pytest.warns(DataWarning, match="invalid rings repaired"):
        barrios, record = read_layer(
            "barrios_medellin.geojson", id="codigo", where={"municipio": "Medellín"}
        )
    assert len(barrios) == record.rows_kept == 401 - 132  # of Bello


def test_mean_elevations_of_the_land_of_comunas() -> None:
    path = DATA / "dem_srtm_1arcsec_medellin.tif"
    comunas, _ = read_layer(
        "comunas_corregimientos.parquet", id="CODIGO", where={"CODIGO": ["01", "11"]}
    )
    record = Record(name="rasters.elevation", path=path, origin=Origin())
    found = read_raster(RasterSpec(kind="elevation", path=(path,)), comunas, record=record)
    assert found["elevation_m"].to_dict() == pytest.approx({"01": 1787, "11": 1496}, abs=2.5)


def test_rasters_are_read_onto_the_comunas(folder: Path) -> None:
    """What clouds hid stays unknown, not bare."""
    table = pd.read_csv(folder / "indicators.csv", dtype={"unit_id": str})
    found = table[table["level"] == "district"].pivot_table(
        index="unit_id", columns="indicator", values="value", dropna=False
    )
    assert found.loc["01", "elevation_m"] < 1787  # of Popular's people: they live below its woods
    assert pd.isna(found.loc["06", "vegetation_share"])  # Doce de Octubre, 80 % under clouds
    assert found["vegetation_share"].notna().sum() == 19
