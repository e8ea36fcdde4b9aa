"""
Tiles, rasters, grids and surveys on a town worked out by hand.

The town is that of ``make_city``: 2 x 2 km from (500000, 8000000), cells of
500 m with 100, 110 ... 250 people, 2800 in all. Rasters have cells of 100 m.
"""

import re
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine

import geoequity as ge
from geoequity.cli import main
from geoequity.errors import ConfigError, CRSError, DataError, DataWarning, SourceError
from geoequity.study import Study

CityMaker = Callable[..., Path]
CRS, EAST, NORTH = "EPSG:32718", 500_000.0, 8_000_000.0
PLACE = Affine(100, 0, EAST, 0, -100, NORTH + 2000)  # 20 x 20 cells cover the town
HAZARD = {"kind": "hazard", "path": "hazard.tif", "above": 0}
PEOPLE = {"kind": "population", "path": "people.tif"}
RISING = np.arange(400.0).reshape(20, 20)  # 79,800 in all
NO_PARENTS = {"district": None}
PLAIN = {"services": None, "transit": None, "connectivity": None, "tables": None}


def assess(file: Path) -> Study:
    return ge.assess(ge.City.from_toml(file))


def write_raster(file: Path, values, *, crs=CRS, place=PLACE, nodata=-1.0) -> None:
    """Write a raster of one band."""
    table = np.asarray(values, dtype="float32")
    high, wide = table.shape
    profile = {"driver": "GTiff", "height": high, "width": wide, "count": 1, "dtype": "float32"}
    with rasterio.open(file, "w", **profile, crs=crs, transform=place, nodata=nodata) as target:
        target.write(table, 1)


def cut_in_two(folder: Path, at_m: float = 1250) -> None:
    """Replace the districts by a western and an eastern one, the border through cells."""
    south, north = NORTH, NORTH + 2000
    west = shapely.box(EAST, south, EAST + at_m, north)
    east = shapely.box(EAST + at_m, south, EAST + 2000, north)
    table = gpd.GeoDataFrame({"code": ["E", "W"], "label": ["East", "West"]}, geometry=[east, west])
    (folder / "districts.geojson").unlink()
    table.set_crs(CRS).to_file(folder / "districts.geojson")


# ---------------------------------------------------------------- rasters
def test_people_in_a_hazard_zone_are_those_of_the_land_in_it(make_city: CityMaker) -> None:
    file = make_city(rasters=[HAZARD])
    flooded = np.zeros((20, 20))
    flooded[:, :3] = 1  # 300 m in the west: 3/5 of the first column of cells
    write_raster(file.parent / "hazard.tif", flooded)
    study = assess(file)
    cells = study.cell_indicators["hazard_exposed_share"]
    assert cells[["k00", "k03"]].tolist() == pytest.approx([0.6, 0.6])
    assert cells["k10"] == 0  # measured, not unknown
    first = 0.6 * (100 + 140) / (100 + 110 + 140 + 150)
    assert study.indicators["hazard_exposed_share"].tolist() == pytest.approx(
        [first, 0, 0.6 * (180 + 220) / (180 + 190 + 220 + 230), 0]
    )


def test_services_stand_in_or_out_of_the_zone_and_the_way_leads_out(make_city: CityMaker) -> None:
    file = make_city(rasters=[HAZARD], walking={"homes_m": 5})
    places = (file.parent / "places.csv").read_text(encoding="utf-8").splitlines()
    east, north = EAST + 1750, NORTH + 1750
    places.append(f"h2,hospital,Lejos,,{east},{north}")
    (file.parent / "places.csv").write_text("\n".join(places) + "\n", encoding="utf-8")
    flooded = np.zeros((20, 20))
    flooded[10:, :5] = 1  # the two cells in the south-west, the first hospital and school with them
    flooded[:3, :3] = -1  # unknown
    write_raster(file.parent / "hazard.tif", flooded)
    study = assess(file)
    marked = study.services["in_hazard"]
    kinds = study.services["category"]
    assert marked[kinds == "hospital"].tolist() == [True, False]
    assert study.indicators.loc[["01", "04"], "services_exposed_share"].tolist() == [1, 0]
    # Homes lie 0 to 270 m from the middle of the cell, along streets that lead to the safe one
    walk = study.cell_indicators.loc["k00", ["hospital_walk_min", "safe_hospital_walk_min"]]
    half_m = 5 / 2 / 80
    assert walk.tolist() == pytest.approx([135 / 80, (6 * 500 - 135) / 80], abs=half_m)


def test_a_service_where_the_raster_is_unknown_is_neither_in_nor_out(make_city: CityMaker) -> None:
    file = make_city(rasters=[HAZARD])
    known = np.zeros((20, 20))
    known[15:, :5] = -1  # the cell of the only hospital
    write_raster(file.parent / "hazard.tif", known)
    study = assess(file)
    hospital = study.services["category"] == "hospital"
    assert study.services["in_hazard"][hospital].isna().all()
    assert "safe_hospital_walk_min" in study.summary["absent"]


def test_a_district_of_which_little_is_known_stays_unknown(make_city: CityMaker) -> None:
    file = make_city(rasters=[{"kind": "ndvi", "path": "ndvi.tif"}])
    green = np.full((20, 20), 0.5)
    green[:10, :6] = -9  # 60 % of district 03: all of k02 and k03, a fifth of k12 and k13
    green[10:, :4] = -9  # 40 % of district 01
    write_raster(file.parent / "ndvi.tif", green, nodata=-9)
    study = assess(file)
    assert study.indicators["ndvi"].fillna(-1).tolist() == [0.5, 0.5, -1, 0.5]
    assert study.cell_indicators.loc[["k02", "k12", "k13"], "ndvi"].isna().all()
    assert study.cell_indicators.loc["k00", "ndvi"] != 0  # a fifth of it is known: not enough
    assert np.isnan(study.cell_indicators.loc["k00", "ndvi"])
    people = study.districts["population"]
    known = 110 + 150 + people["02"] + people["04"]
    assert study.summary["indicators"]["ndvi"]["coverage"] == pytest.approx(known / 2800)


def test_the_least_known_share_is_the_city_s_to_say(make_city: CityMaker) -> None:
    file = make_city(rasters=[{"kind": "ndvi", "path": "ndvi.tif", "min_known_share": 0.1}])
    green = np.full((20, 20), 0.5)
    green[:10, :6] = -9
    write_raster(file.parent / "ndvi.tif", green, nodata=-9)
    assert assess(file).indicators["ndvi"].tolist() == [0.5] * 4


def test_light_is_added_up_and_divided_by_people(make_city: CityMaker) -> None:
    file = make_city(rasters=[{"kind": "night_lights", "path": "light.tif"}])
    write_raster(file.parent / "light.tif", np.full((20, 20), 2.0))
    study = assess(file)
    people = study.districts["population"]
    expected = 100 * 2.0 / people * 1000  # 100 cells a district
    assert study.indicators["night_lights_per_1000"].tolist() == pytest.approx(expected.tolist())


def test_classes_of_land_cover_feed_the_indicator_of_their_name(make_city: CityMaker) -> None:
    cover = {"kind": "landcover", "path": "cover.tif", "classes": {"vegetation": [3]}}
    file = make_city(rasters=[cover])
    land = np.ones((20, 20))
    land[:10] = 3
    write_raster(file.parent / "cover.tif", land)
    assert assess(file).indicators["vegetation_share"].tolist() == [0, 0, 1, 1]


def test_without_cells_rasters_are_read_onto_districts(make_city: CityMaker) -> None:
    file = make_city(cells=None, rasters=[PEOPLE, {"kind": "elevation", "path": "dem.tif"}])
    write_raster(file.parent / "people.tif", RISING)
    write_raster(file.parent / "dem.tif", RISING)
    study = assess(file)
    quarters = [RISING[10:, :10], RISING[10:, 10:], RISING[:10, :10], RISING[:10, 10:]]
    sums = [one.sum() for one in quarters]
    assert study.districts["population"].tolist() == pytest.approx(sums)
    assert study.summary["population"]["total"] == pytest.approx(RISING.sum())
    assert study.indicators["elevation_m"].tolist() == pytest.approx([one / 100 for one in sums])


# ---------------------------------------------------------------- cells cut by borders
def test_people_of_a_raster_are_told_apart_at_the_border(make_city: CityMaker) -> None:
    file = make_city(cells=NO_PARENTS | {"population": "people.tif"}, rasters=None, **PLAIN)
    cut_in_two(file.parent)
    write_raster(file.parent / "people.tif", RISING)
    study = assess(file)
    west = RISING[:, :12].sum() + RISING[:, 12].sum() / 2
    people = study.districts["population"]
    assert people.to_dict() == pytest.approx({"E": RISING.sum() - west, "W": west})
    assert study.summary["population"]["outside"] == 0
    cut = study.cells[study.cells["cell_id"] == "k20"]
    assert cut["share"].tolist() == [0.5, 0.5]
    assert cut["population"].sum() == pytest.approx(RISING[15:, 10:15].sum())


def test_people_of_a_raster_beyond_the_districts_are_outside(make_city: CityMaker) -> None:
    file = make_city(cells=NO_PARENTS | {"population": "people.tif"}, rasters=None, **PLAIN)
    layer = gpd.read_file(file.parent / "districts.geojson")
    (file.parent / "districts.geojson").unlink()
    layer[layer["code"] != "04"].to_file(file.parent / "districts.geojson")
    write_raster(file.parent / "people.tif", RISING)
    study = assess(file)
    beyond = RISING[:10, 10:].sum()
    assert study.summary["population"]["outside"] == pytest.approx(beyond)
    assert study.districts["population"].sum() == pytest.approx(RISING.sum() - beyond)


def test_totals_of_every_kind_survive_the_cutting_of_cells(make_city: CityMaker) -> None:
    values = "code,filings,income\n" + "".join(
        f"k{column}{row},{10 * (column + 1)},{100 * column}\n"
        for row in range(4)
        for column in range(4)
    )
    table = {
        "path": "values.csv",
        "level": "cell",
        "key": "code",
        "columns": {
            "requests_311_per_1000": {"column": "filings", "unit": "count"},
            "income": "income",
        },
    }
    file = make_city(
        cells=NO_PARENTS,
        rasters=[{"kind": "night_lights", "path": "light.tif"}],
        **PLAIN | {"tables": [table]},
    )
    (file.parent / "values.csv").write_text(values, encoding="utf-8")
    cut_in_two(file.parent)
    write_raster(file.parent / "light.tif", RISING)
    study = assess(file)
    people = study.districts["population"]
    assert people.sum() == pytest.approx(2800)
    # Columns 0 and 1 and half of column 2; a column has four cells
    columns = {one: sum(100 + 10 * (one + 4 * row) for row in range(4)) for one in range(4)}
    west = {"people": columns[0] + columns[1] + columns[2] / 2, "filings": 4 * (10 + 20 + 30 / 2)}
    assert people["W"] == pytest.approx(west["people"])
    filings = study.indicators["requests_311_per_1000"] * people / 1000
    assert filings.to_dict() == pytest.approx({"E": 400 - west["filings"], "W": west["filings"]})
    light = study.indicators["night_lights_per_1000"] * people / 1000
    assert light.sum() == pytest.approx(RISING.sum())
    assert light["W"] == pytest.approx(RISING[:, :12].sum() + RISING[:, 12].sum() / 2)
    income = (columns[1] * 100 + columns[2] / 2 * 200) / west["people"]
    assert study.indicators.loc["W", "income"] == pytest.approx(income)
    pieces = study.cell_indicators.loc[["k20|E", "k20|W"]]
    assert pieces["income"].tolist() == [200, 200]


def test_a_count_above_its_base_names_its_file(make_city: CityMaker) -> None:
    table = {
        "path": "values.csv",
        "level": "cell",
        "key": "code",
        "columns": {"poverty_share": {"column": "poor", "unit": "count"}},
    }
    file = make_city(**PLAIN | {"tables": [table]})
    rows = [f"k{column}{row},500\n" for row in range(4) for column in range(4)]
    (file.parent / "values.csv").write_text("code,poor\n" + "".join(rows), encoding="utf-8")
    with pytest.raises(DataError, match=r"values\.csv: the count for poverty_share is over its"):
        assess(file)


# ---------------------------------------------------------------- grids
@pytest.mark.parametrize("grid", ["grid:250", "grid:300", "h3:8"])
def test_a_grid_takes_its_people_from_a_raster(make_city: CityMaker, grid: str) -> None:
    file = make_city(cells=None, **PLAIN)
    text = file.read_text(encoding="utf-8")
    file.write_text(f'{text}cells = {{ path = "{grid}", population = "people.tif" }}\n')
    write_raster(file.parent / "people.tif", RISING)
    study = assess(file)
    quarters = [RISING[10:, :10], RISING[10:, 10:], RISING[:10, :10], RISING[:10, 10:]]
    assert study.districts["population"].tolist() == pytest.approx([one.sum() for one in quarters])
    assert study.summary["population"]["outside"] == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    "key", ['id = "x"', 'district = "x"', 'bases = { households = "x" }', 'groups = { old = "x" }']
)
def test_a_grid_has_no_columns(make_city: CityMaker, key: str) -> None:
    file = make_city(cells=None)
    text = file.read_text(encoding="utf-8")
    file.write_text(f'{text}cells = {{ path = "grid:250", {key} }}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"cells: a grid has no columns: no id, district, bases"):
        assess(file)


# ---------------------------------------------------------------- raking
RAKED = {"population": "people.tif", "rake": True}
QUARTERS = {
    "01": RISING[10:, :10], "02": RISING[10:, 10:], "03": RISING[:10, :10], "04": RISING[:10, 10:]
}  # fmt: skip


def census(folder: Path, people: dict[str, object]) -> list[dict]:
    """Write people by district; give the block that reads them."""
    rows = [f"{code},{'' if one is None else one}\n" for code, one in people.items()]
    (folder / "census.csv").write_text("code,people\n" + "".join(rows), encoding="utf-8")
    column = {"column": "people", "unit": "count"}
    return [{"path": "census.csv", "key": "code", "columns": {"population": column}}]


def book_of(study: Study, name: str) -> dict:
    return next(one for one in study.provenance["sources"] if one["name"] == name)


def test_people_of_a_raster_are_raked_to_the_census(make_city: CityMaker, tmp_path: Path) -> None:
    people = {"01": 1000, "02": 0, "03": 300.5, "04": 90_000}
    file = make_city(cells=RAKED, **PLAIN | {"tables": census(tmp_path, people)})
    write_raster(tmp_path / "people.tif", RISING)
    study = assess(file)
    assert study.districts["population"].to_dict() == people
    factor = {one: people[one] / QUARTERS[one].sum() for one in people}
    south_west = RISING[15:, :5].sum()
    assert study.cells.loc["k00", "population"] == pytest.approx(south_west * factor["01"])
    assert study.cells.loc["k33", "population"] == pytest.approx(
        RISING[:5, 15:].sum() * factor["04"]
    )
    assert study.cells.loc["k20", "population"] == 0
    assert study.cells["population"].sum() == pytest.approx(sum(people.values()))
    assert study.summary["population"]["total"] == pytest.approx(sum(people.values()))
    record = book_of(study, "rasters.population")
    assert record["raked"] == pytest.approx(
        {
            "before": RISING.sum(),
            "after": sum(people.values()),
            "lowest_factor": 0,
            "highest_factor": factor["04"],
        }
    )
    assert record["total"] == pytest.approx(RISING.sum())  # of the raster, as it is


def test_people_of_a_column_are_raked_to_the_census(make_city: CityMaker, tmp_path: Path) -> None:
    people = {"01": 1000, "02": 10, "03": 720, "04": 2000}
    file = make_city(cells={"rake": True}, **PLAIN | {"tables": census(tmp_path, people)})
    study = assess(file)
    assert study.districts["population"].to_dict() == people
    assert study.cells.loc["k00", "population"] == pytest.approx(1000 * 100 / 500)
    assert study.cells.loc["k03", "population"] == pytest.approx(
        720 * 220 / (180 + 190 + 220 + 230)
    )
    assert study.districts["households"].sum() == 1400  # homes are not people
    assert book_of(study, "cells")["raked"]["before"] == 2800
    assert book_of(study, "cells")["raked"]["after"] == pytest.approx(3730)


@pytest.mark.parametrize("grid", ["grid:300", "h3:8"])
def test_cells_cut_by_borders_are_raked_apart(
    make_city: CityMaker, tmp_path: Path, grid: str
) -> None:
    file = make_city(cells=None, **PLAIN | {"tables": census(tmp_path, {"W": 500, "E": 70})})
    cut_in_two(tmp_path)
    text = file.read_text(encoding="utf-8")
    cells = f'cells = {{ path = "{grid}", population = "people.tif", rake = true }}\n'
    file.write_text(text + cells, encoding="utf-8")
    write_raster(tmp_path / "people.tif", RISING)
    study = assess(file)
    assert study.districts["population"].to_dict() == {"E": 70, "W": 500}
    by_district = study.cells.groupby("district_id")["population"].sum()
    assert by_district.to_dict() == pytest.approx({"E": 70, "W": 500})


def test_people_outside_every_district_stay_as_they_are(
    make_city: CityMaker, tmp_path: Path
) -> None:
    people = {"01": 10, "02": 20, "03": 30}
    file = make_city(cells=RAKED | NO_PARENTS, **PLAIN | {"tables": census(tmp_path, people)})
    layer = gpd.read_file(tmp_path / "districts.geojson")
    (tmp_path / "districts.geojson").unlink()
    layer[layer["code"] != "04"].to_file(tmp_path / "districts.geojson")
    write_raster(tmp_path / "people.tif", RISING)
    study = assess(file)
    assert study.districts["population"].to_dict() == people
    assert study.summary["population"]["outside"] == pytest.approx(QUARTERS["04"].sum())
    outside = study.cells["district_id"].isna()
    assert study.cells.loc[outside, "population"].sum() == pytest.approx(QUARTERS["04"].sum())


def test_people_of_a_district_without_a_census_count_are_unknown(
    make_city: CityMaker, tmp_path: Path
) -> None:
    people = {"01": 10, "02": None, "03": 30, "04": 5}
    file = make_city(cells=RAKED, **PLAIN | {"tables": census(tmp_path, people)})
    write_raster(tmp_path / "people.tif", RISING)
    with pytest.warns(DataWarning, match=r"people\.tif: no count to rake to, so .* unknown: 02"):
        study = assess(file)
    assert np.isnan(study.districts.loc["02", "population"])
    assert study.cells.loc[["k20", "k31"], "population"].isna().all()
    assert study.summary["population"]["total"] == 45


def test_a_census_count_without_people_to_scale_is_named(
    make_city: CityMaker, tmp_path: Path
) -> None:
    people = {"01": 10, "02": 20, "03": 30, "04": 5}
    file = make_city(cells=RAKED, **PLAIN | {"tables": census(tmp_path, people)})
    empty = RISING.copy()
    empty[:10, :10] = 0  # district 03: nobody
    empty[10:, 10:] = -1  # district 02: unknown
    write_raster(tmp_path / "people.tif", empty)
    said = r"people\.tif: .*no cell with people in districts that have some: 02, 03"
    with pytest.raises(DataError, match=said):
        assess(file)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tables": None}, r"cells\.rake: no \[\[tables\]\] block of districts gives population"),
        ({"cells": {"population": None}}, r"cells\.rake: nothing counts the people of the cells"),
        ({"cells": {"groups": {"old": "pop"}}}, r"cells: rake scales .*, not groups"),
    ],
)
def test_raking_needs_both_counts_and_no_groups(
    make_city: CityMaker, tmp_path: Path, changes: dict, said: str
) -> None:
    people = {"01": 10, "02": 20, "03": 30, "04": 5}
    cells = {"rake": True, **changes.get("cells", {})}
    given = PLAIN | {"tables": census(tmp_path, people)} | {"cells": cells}
    file = make_city(**given | {key: one for key, one in changes.items() if key != "cells"})
    with pytest.raises(ConfigError, match=said):
        assess(file)


def test_two_counts_of_people_are_refused_unless_raked(
    make_city: CityMaker, tmp_path: Path
) -> None:
    tables = census(tmp_path, {"01": 10, "02": 20, "03": 30, "04": 5})
    file = make_city(**PLAIN | {"tables": tables})
    with pytest.raises(ConfigError, match=r"columns\.population: the cells count it already"):
        assess(file)


# ---------------------------------------------------------------- faults of rasters
def faulty(folder: Path, what: str) -> None:
    """Write a raster with one fault."""
    far, turned = Affine(100, 0, EAST + 90_000, 0, -100, NORTH), PLACE @ Affine.rotation(10)
    options = {"no CRS": {"crs": None}, "far off": {"place": far}, "turned": {"place": turned}}
    write_raster(folder / "hazard.tif", np.zeros((20, 20)), **options[what])


@pytest.mark.parametrize(
    ("what", "error", "said"),
    [
        ("no CRS", CRSError, "has no CRS"),
        ("turned", SourceError, "rotated geotransform"),
        ("far off", SourceError, "does not touch the units"),
    ],
)
def test_a_raster_at_fault_is_named(make_city: CityMaker, what, error, said) -> None:
    file = make_city(rasters=[HAZARD])
    faulty(file.parent, what)
    with pytest.raises(error, match=rf"hazard\.tif.*{said}"):
        assess(file)


def test_faults_of_several_rasters_are_told_at_once(make_city: CityMaker) -> None:
    file = make_city(rasters=[HAZARD, {"kind": "ndvi", "path": "ndvi.tif"}])
    faulty(file.parent, "no CRS")
    write_raster(file.parent / "ndvi.tif", np.full((20, 20), 5000.0))
    with pytest.raises(DataError, match="2 faults in the data") as told:
        assess(file)
    assert "hazard.tif: the raster has no CRS" in str(told.value)
    assert "ndvi.tif: NDVI beyond -1 to 1" in str(told.value)


def test_negative_people_are_refused(make_city: CityMaker) -> None:
    file = make_city(cells={"population": "people.tif"})
    write_raster(file.parent / "people.tif", RISING - 7, nodata=-99)
    with pytest.raises(DataError, match=r"people\.tif: holds negative counts, the lowest -7"):
        assess(file)


@pytest.mark.parametrize("more", [{"above": 0, "classes": {"flood": [1]}}, {"above": None}])
def test_a_hazard_zone_is_told_one_way(make_city: CityMaker, more: dict) -> None:
    hazard = {key: value for key, value in (HAZARD | more).items() if value is not None}
    file = make_city(rasters=[hazard])
    faulty(file.parent, "far off")
    with pytest.raises(ConfigError, match=r"rasters\.0: a hazard needs above, or classes"):
        assess(file)


def test_a_class_of_land_cover_without_an_indicator_is_named(make_city: CityMaker) -> None:
    cover = {"kind": "landcover", "path": "hazard.tif", "classes": {"roofs": [1]}}
    file = make_city(rasters=[cover])
    faulty(file.parent, "far off")
    said = r"city\.toml: rasters\.0\.classes\.roofs: no indicator 'roofs_share'"
    with pytest.raises(ConfigError, match=said):
        assess(file)


def test_what_two_sources_give_is_not_passed_over(make_city: CityMaker) -> None:
    file = make_city(rasters=[HAZARD, HAZARD, PEOPLE])
    faulty(file.parent, "far off")
    (file.parent / "people.tif").write_bytes((file.parent / "hazard.tif").read_bytes())
    with pytest.raises(DataError, match="2 faults") as told:
        assess(file)
    assert "rasters.1: hazard_exposed_share: rasters.0 gives it too" in str(told.value)
    assert "rasters.2: population: cells gives it too" in str(told.value)


# ---------------------------------------------------------------- surveys
SURVEY = {
    "path": "survey.csv",
    "key": "code",
    "items": {"calm": {"column": "calm", "n": "n", "label": {"en": "Calm"}}},
}


def write_survey(folder: Path) -> None:
    rows = "code,calm,n\n01,0.5,100\n02,0.25,100\n03,0.75,100\n04,0.5,100\n"
    (folder / "survey.csv").write_text(rows, encoding="utf-8")


def test_an_item_about_an_unknown_indicator_is_named(make_city: CityMaker) -> None:
    items = {"calm": SURVEY["items"]["calm"] | {"indicator": "silence"}}
    file = make_city(surveys=[SURVEY | {"items": items}])
    write_survey(file.parent)
    said = r"city\.toml: surveys\.0\.items\.calm\.indicator: no indicator 'silence'"
    with pytest.raises(ConfigError, match=said):
        assess(file)


def test_an_item_of_two_surveys_is_named(make_city: CityMaker) -> None:
    file = make_city(surveys=[SURVEY, SURVEY])
    write_survey(file.parent)
    with pytest.raises(ConfigError, match=r"surveys\.1\.items: calm: surveys\.0\.items gives it"):
        assess(file)


def test_what_people_say_is_in_the_summary_beside_the_index(make_city: CityMaker) -> None:
    file = make_city(surveys=[SURVEY])
    write_survey(file.parent)
    study = assess(file)
    people = study.districts["population"].to_numpy()
    found = study.summary["perception"]["calm"]
    assert found["mean"] == pytest.approx(np.dot(people, [0.5, 0.25, 0.75, 0.5]) / 2800)
    assert "calm" not in study.indicators.columns


# ---------------------------------------------------------------- tiles
COLUMNS = "quadkey,avg_d_kbps,avg_u_kbps,avg_lat_ms,tests,devices"
FIXED = {"kind": "ookla_fixed", "path": "tiles.csv", "period": "2025Q1"}


def quadkey(lon: float, lat: float) -> str:
    """Name the tile of zoom 16 that a place lies in, bit by bit."""
    x = (lon + 180) / 360
    y = (1 - np.log(np.tan(np.radians(lat)) + 1 / np.cos(np.radians(lat))) / np.pi) / 2
    digits = ""
    for _ in range(16):
        x, y = x * 2, y * 2
        digits += str(int(x) + 2 * int(y))
        x, y = x % 1, y % 1
    return digits


def quadkeys_of_town() -> list[str]:
    """List the tiles of a fine mesh over the town."""
    steps = 50.0 * np.arange(41)
    x, y = np.meshgrid(EAST + steps, NORTH + steps)
    spots = gpd.GeoSeries.from_xy(x.ravel(), y.ravel(), crs=CRS).to_crs(4326)
    return sorted({quadkey(one.x, one.y) for one in spots})


def write_tiles(folder: Path, change=lambda rows: rows) -> pd.DataFrame:
    """Write a row for every tile of the town: 40 to 60 Mbps, 20 tests each."""
    names = quadkeys_of_town()
    speeds = 40_000 + 20_000 * np.arange(len(names)) / len(names)
    rows = pd.DataFrame(
        {
            "quadkey": names,
            "avg_d_kbps": speeds.round(),
            "avg_u_kbps": 10_000,
            "avg_lat_ms": 20,
            "tests": 20,
            "devices": 10,
        }
    )
    assert list(rows.columns) == COLUMNS.split(",")
    rows = change(rows)
    rows.to_csv(folder / "tiles.csv", index=False)
    return rows


def test_tiles_give_speeds_with_intervals_and_people_short(make_city: CityMaker) -> None:
    file = make_city(connectivity=[FIXED])
    write_tiles(file.parent)
    study = assess(file)
    found = study.broadband
    assert found["fixed_down_mbps_value"].between(40, 60).all()
    assert (found["fixed_down_mbps_value_low"] < found["fixed_down_mbps_value"]).all()
    assert (found["fixed_down_mbps_value"] < found["fixed_down_mbps_value_high"]).all()
    assert study.indicators["fixed_untested_share"].tolist() == pytest.approx([0] * 4, abs=1e-6)
    assert study.indicators["fixed_under_25_3_share"].max() < 0.1
    assert study.indicators["fixed_under_100_20_share"].min() > 0.9  # all upload at 10 Mbps


def test_tests_of_a_tile_are_shared_out_by_land(make_city: CityMaker) -> None:
    file = make_city(connectivity=[FIXED])
    rows = write_tiles(file.parent)
    study = assess(file)
    tests = study.broadband["fixed_down_mbps_tests"]
    edge = gpd.GeoSeries([shapely.box(EAST, NORTH, EAST + 2000, NORTH + 2000)], crs=CRS)
    box = edge.segmentize(10).to_crs(4326).iloc[0]
    n = 2**16
    width = 360 / n
    shares = []
    for name in rows["quadkey"]:
        column = int("".join(str(int(one) % 2) for one in name), 2)
        row = int("".join(str(int(one) // 2) for one in name), 2)
        top, low = (np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * y / n)))) for y in (row, row + 1))
        west = column * width - 180
        tile = shapely.box(west, low, west + width, top)
        shares.append(tile.intersection(box).area / tile.area)
    assert tests.sum() == pytest.approx(20 * sum(shares), rel=1e-3)


def test_districts_with_few_tests_are_suppressed_and_leave_no_number(make_city: CityMaker) -> None:
    file = make_city(connectivity=[FIXED | {"min_tests": 1e6}])
    write_tiles(file.parent)
    study = assess(file)
    figures = study.broadband.drop(columns=study.broadband.filter(like="suppressed").columns)
    assert figures.isna().all(axis=None)
    for one in ("fixed_down_mbps", "fixed_latency_ms", "fixed_under_25_3_share"):
        assert one in study.summary["absent"]
    assert study.intervals.empty
    assert study.indicators["fixed_untested_share"].notna().all()  # counts people, not speeds


def test_tiles_that_nobody_tested_are_left_out_with_a_warning(make_city: CityMaker) -> None:
    file = make_city(connectivity=[FIXED])

    def untested(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[:1, ["tests", "devices"]] = 0
        return rows

    rows = write_tiles(file.parent, untested)
    with pytest.warns(DataWarning, match=r"tiles\.csv: tiles without a test dropped"):
        study = assess(file)
    assert study.indicators["fixed_untested_share"].sum() > 0
    assert study.broadband["fixed_down_mbps_tests"].sum() < 20 * (len(rows) - 2)


def test_a_city_that_nobody_tested_is_unknown_not_slow(make_city: CityMaker) -> None:
    file = make_city(connectivity=[FIXED])
    write_tiles(file.parent, lambda rows: rows.assign(tests=0, devices=0, avg_d_kbps=0,
                                                      avg_u_kbps=0))  # fmt: skip
    with pytest.warns(DataWarning, match="no tile with a test lies in the study"):
        study = assess(file)
    assert "fixed_down_mbps" in study.summary["absent"]
    assert study.indicators["fixed_untested_share"].tolist() == [1] * 4


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("avg_d_kbps", 2e8, "speed above 100,000 Mbps"),
        ("avg_d_kbps", -1, "speed zero, negative or unknown"),
        ("avg_lat_ms", 0, "latency zero, negative or unknown"),
        ("devices", 99, "more devices than tests"),
    ],
)
def test_numbers_that_cannot_be_exit_1_with_one_message(
    make_city: CityMaker, capsys: pytest.CaptureFixture, column: str, value: float, said: str
) -> None:
    file = make_city(connectivity=[FIXED])
    rows = write_tiles(
        file.parent, lambda rows: rows.assign(**{column: [value, *rows[column].iloc[1:]]})
    )
    assert main(["run", str(file), "--out", str(file.parent / "out")]) == 1
    told = capsys.readouterr()
    assert re.search(rf"tiles\.csv: {said}: {rows['quadkey'].iloc[0]};", told.err)
    assert told.err.count("tiles.csv") == 1
    assert "Traceback" not in told.err
    assert not (file.parent / "out").exists()


def test_a_table_and_tiles_for_one_indicator_are_refused(make_city: CityMaker) -> None:
    file = make_city(connectivity=[FIXED])
    write_tiles(file.parent)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("requests_311_per_1000", "fixed_latency_ms"), encoding="utf-8")
    said = r"connectivity\.0: fixed_latency_ms: tables\.0 gives it too"
    with pytest.raises(ConfigError, match=said):
        assess(file)
