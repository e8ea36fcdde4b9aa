"""What real cities need besides: people spread over land, land of a group, measures by area."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from conftest import CRS, EAST, NORTH, square

import geoequity as ge
from geoequity.city import City, presets
from geoequity.errors import ConfigError, DataError
from geoequity.gridded import growth_of_tiles
from geoequity.outputs import save
from geoequity.report import write_report
from geoequity.riding import routes_report
from geoequity.study import Study

CityMaker = Callable[..., Path]
COUNTED = {
    "path": "people.csv",
    "key": "code",
    "columns": {"population": {"column": "people", "unit": "count"}},
}
SCRIPTS = Path(__file__).parents[1] / "scripts"
OWN = {"label": {"en": "Own"}, "role": "validator", "better": "higher"}


def assessed(file: Path) -> Study:
    return ge.assess(City.from_toml(file))


def write(file: Path, *rows: str) -> None:
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.fixture
def spread_town(make_city: CityMaker) -> Callable[..., Path]:
    """Make the town with 400, 300, 200 and 100 people by district, in cells without a count."""

    def make(*, cells: dict[str, Any] | None = None, **changes: Any) -> Path:
        cells = {"path": "grid:500", **(cells or {"spread": True})}
        bare = dict.fromkeys(("id", "district", "population", "bases"))
        tables = changes.pop("tables", [COUNTED])
        file = make_city(cells={**bare, **cells}, tables=tables, zonings={}, **changes)
        write(file.parent / "people.csv", "code,people", "01,400", "02,300", "03,200", "04,100")
        return file

    return make


# ---- people spread over land ----------------------------------------------------------------


def test_people_of_districts_are_spread_evenly_over_their_land(
    spread_town: Callable[..., Path], tmp_path: Path
) -> None:
    study = assessed(spread_town())
    people = study.cells["population"].groupby(study.cells["district_id"]).agg(["sum", "max"])
    assert people["sum"].to_dict() == {"01": 400, "02": 300, "03": 200, "04": 100}
    assert people["max"].to_dict() == {"01": 100, "02": 75, "03": 50, "04": 25}  # four cells each
    assert study.summary["population"] == {"total": 1000, "covered_share": 0, "outside": None}
    assert study.summary["method"]["people"] == "spread"
    told = study.summary["indicators"]["hospital_walk_min"]
    assert "people_spread" in [one["id"] for one in told["reasons"]]
    assert told["confidence"] == pytest.approx(0.8)
    by_district = study.summary["indicators"]["wifi_per_10000"]
    assert "people_spread" not in [one["id"] for one in by_district["reasons"]]
    page = write_report(study, tmp_path / "report.html", language="es").read_text("utf-8")
    assert "se repartieron por igual en su superficie" in page


def test_nobody_is_put_on_land_that_is_empty(spread_town: Callable[..., Path]) -> None:
    """All but the south-west cell of 01 is wood; 02 is wood throughout; 04 is not known."""
    wood = np.ones((8, 8), dtype=np.uint8)  # 250 m a pixel, the first row in the north
    wood[6:8, 0:2] = 0
    wood[:4, :4] = 0  # 03 is all built
    wood[:4, 4:] = 255
    cover = {"kind": "landcover", "path": "cover.tif", "classes": {"vegetation": [1]}}
    file = spread_town(cells={"spread": True, "empty": ["vegetation"]}, rasters=[cover])
    with rasterio.open(
        file.parent / "cover.tif",
        "w",
        driver="GTiff",
        height=8,
        width=8,
        count=1,
        dtype="uint8",
        crs=CRS,
        nodata=255,
        transform=Affine(250, 0, EAST, 0, -250, NORTH + 2000),
    ) as raster:
        raster.write(wood, 1)
    with pytest.warns(UserWarning, match="all land is empty"):
        study = assessed(file)
    people = study.cells["population"].groupby(study.cells["district_id"]).agg(["sum", "max"])
    assert people["sum"].to_dict() == {"01": 400, "02": 300, "03": 200, "04": 100}
    assert people["max"].to_dict() == {"01": 400, "02": 75, "03": 50, "04": 25}


@pytest.mark.parametrize(
    ("cells", "tables", "said"),
    [
        ({"spread": True}, [], "cells.spread: no [[tables]] block"),
        ({"spread": True, "empty": ["sea"]}, [COUNTED], "cells.empty: no raster has the class sea"),
        ({"empty": ["sea"]}, [COUNTED], "empty needs spread"),
        ({"spread": True, "rake": True}, [COUNTED], "spread is for cells in which nobody"),
    ],
)
def test_spreading_that_cannot_be_is_refused(
    spread_town: Callable[..., Path], cells: Any, tables: Any, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        City.from_toml(spread_town(cells=cells, tables=tables))
    assert said in "; ".join(caught.value.faults)


# ---- land of a group ------------------------------------------------------------------------


def test_people_on_the_land_of_a_group_are_a_group(make_city: CityMaker) -> None:
    """The land is the western half of cell k00, of 100 people, and a strip outside the town."""
    file = make_city(cells={"group_areas": {"informal": {"path": "land.geojson"}}})
    west = shapely.box(EAST - 90, NORTH, EAST + 250, NORTH + 500)
    gpd.GeoDataFrame({"name": ["a"]}, geometry=[west], crs=CRS).to_file(
        file.parent / "land.geojson"
    )
    study = assessed(file)
    assert study.districts["informal"].to_dict() == {"01": 50, "02": 0, "03": 0, "04": 0}
    groups = study.summary["indicators"]["home_internet_share"]["groups"]
    assert groups["informal"]["mean"] == pytest.approx(0.915)  # what Alto Norte has


def test_a_group_and_its_land_cannot_share_a_name(make_city: CityMaker) -> None:
    cells = {"groups": {"informal": "pop"}, "group_areas": {"informal": {"path": "cells.geojson"}}}
    with pytest.raises(ConfigError, match="1 fault") as caught:
        City.from_toml(make_city(cells=cells))
    assert "groups cannot be called informal" in caught.value.faults[0]


# ---- measures that need no residents, and others of real cities ------------------------------


def test_the_centre_needs_no_timetable(make_city: CityMaker) -> None:
    at = gpd.GeoSeries([square(0, 0, 1000).centroid], crs=CRS).to_crs("EPSG:4326").iloc[0]
    centre = {"transit": {"centre": [at.x, at.y]}}
    bare = assessed(make_city(cells=None, zonings=None, **centre))
    km = bare.indicators["centre_km"]  # from the middle of districts, which lie 1 km apart
    assert km.to_dict() == pytest.approx({"01": 0, "02": 1, "03": 1, "04": 2**0.5}, abs=2e-3)
    assert bare.summary["indicators"]["centre_km"]["mean"] is None
    lived = assessed(make_city(**centre))
    cells = lived.cells.query("district_id == '01'")
    each = cells.representative_point().distance(square(0, 0, 1000).centroid) / 1000
    usual = np.average(each, weights=cells["population"])
    assert lived.indicators.loc["01", "centre_km"] == pytest.approx(usual, abs=2e-3)
    assert assessed(make_city()).summary["absent"]["centre_km"]["id"] == "no_centre"


def test_places_are_counted_by_area_where_nobody_counts_people(make_city: CityMaker) -> None:
    own = {
        "trains_per_km2": {**OWN, "unit": "per km2", "measure": "stops_per_km2"},
        "schools_per_km2": {**OWN, "unit": "per km2", "measure": "services_per_km2"},
    }
    own["trains_per_km2"]["parameters"] = {"modes": ["rail"]}
    own["schools_per_km2"]["parameters"] = {"categories": ["school"]}
    study = assessed(make_city(cells=None, zonings=None, indicators=own))
    assert study.indicators["stops_per_km2"].tolist() == pytest.approx([1, 0, 0, 1])
    assert study.indicators["schools_per_km2"].tolist() == pytest.approx([1, 0, 0, 1])
    assert study.summary["absent"]["trains_per_km2"]["id"] == "no_stops"


def test_what_one_mode_adds_to_being_near_a_stop(make_city: CityMaker) -> None:
    """The bus stop is in the middle of k01, the other two in those of k01 and k11, 500 m on."""
    own = {
        key: {**OWN, "unit": "share", "measure": "stops_within_share", "parameters": parameters}
        for key, parameters in {
            "near": {"modes": ["bus", "cable"], "within_m": 300},
            "cable_alone": {"modes": ["cable"], "besides": ["bus"], "within_m": 300},
            "rail_alone": {"modes": ["rail"], "besides": ["bus"], "within_m": 300},
        }.items()
    }
    listed = {"path": "stops.csv", "lon": "x", "lat": "y", "crs": CRS}
    modes = [{**listed, "mode": one, "where": {"mode": one}} for one in ("bus", "cable")]
    file = make_city(transit={"stops": modes}, indicators=own, streets=None, zonings={})
    spots = [("bus", square(0, 1, 500)), ("cable", square(0, 1, 500)), ("cable", square(1, 1, 500))]
    rows = [f"{mode},{at.centroid.x},{at.centroid.y}" for mode, at in spots]
    write(file.parent / "stops.csv", "mode,x,y", *rows)
    study = assessed(file)
    at = study.cell_indicators
    assert set(at.index[at["near"] == 1]) == {"k01", "k11"}
    assert set(at.index[at["cable_alone"] == 1]) == {"k11"}
    assert study.summary["absent"]["rail_alone"]["id"] == "no_stops"


def test_the_line_of_a_route_is_near_whoever_lives_by_it(make_city: CityMaker) -> None:
    near = {**OWN, "unit": "share", "measure": "routes_within_share"}
    near["parameters"] = {"modes": ["bus"], "within_m": 300}
    routes = [{"path": "lines.geojson", "mode": "bus", "id": "id"}]
    file = make_city(transit={"routes": routes}, indicators={"line_share": near}, streets=None)
    south = shapely.LineString([(EAST, NORTH), (EAST + 2000, NORTH)])  # 250 m south of the row
    lines = gpd.GeoDataFrame({"id": ["1"]}, geometry=[south], crs=CRS)
    lines.to_file(file.parent / "lines.geojson")
    study = assessed(file)
    told = study.cell_indicators["line_share"]
    assert told[["k00", "k10", "k20", "k30"]].tolist() == [1, 1, 1, 1]
    assert told[["k02", "k33"]].tolist() == [0, 0]
    why = [one["id"] for one in study.summary["indicators"]["line_share"]["reasons"]]
    assert "lines_passed" in why
    assert study.summary["transit"]["routes"] == {
        "bus": {"routes": 1, "known": 0, "running": 0, "headway_min": None}
    }
    bare = assessed(make_city(indicators={"line_share": near}))
    assert bare.summary["absent"]["line_share"]["id"] == "no_lines"


def test_the_slope_to_a_stop_needs_heights(make_city: CityMaker) -> None:
    """The ground rises 25 m with each cell to the north: 5 % from the middle of one to the next."""
    slope = {**OWN, "unit": "share", "better": "lower", "measure": "stop_slope_share"}
    slope["parameters"] = {"modes": ["bus"]}
    own = {"slope": slope}
    assert assessed(make_city(indicators=own)).summary["absent"]["slope"]["id"] == "no_elevation"
    height = {"kind": "elevation", "path": "height.tif"}
    file = make_city(indicators=own, rasters=[height], streets=None, zonings={})
    ground = np.repeat(np.arange(12, 0, -1, dtype=np.float32)[:, None] * 25, 12, axis=1)
    with rasterio.open(
        file.parent / "height.tif",
        "w",
        driver="GTiff",
        height=12,
        width=12,
        count=1,
        dtype="float32",
        nodata=-1,
        crs=CRS,
        transform=Affine(500, 0, EAST - 2000, 0, -500, NORTH + 4000),
    ) as raster:
        raster.write(ground, 1)
    told = assessed(file).cell_indicators["slope"]
    assert told["k01"] == 0  # where the stop is
    assert told["k00"] == pytest.approx(0.05, rel=1e-3)
    assert told["k11"] == pytest.approx(0.0, abs=1e-6)  # along the slope


# ---- tables ---------------------------------------------------------------------------------


def test_a_published_interval_travels_at_the_level_of_the_study(make_city: CityMaker) -> None:
    column = {"column": "p", "unit": "percent", "low": "from", "high": "to"}
    poverty = {"path": "poverty.csv", "key": "code", "columns": {"poverty_share": column}}
    file = make_city(tables=[poverty])
    rows = ["code,p,from,to", "01,10,5,20", "02,20,15,25", "03,30,20,40", "04,1,0,9"]
    write(file.parent / "poverty.csv", *rows)
    study = assessed(file)
    told = study.intervals.set_index(["indicator", "unit_id"]).loc["poverty_share"]
    narrower = 1.6448536269514722 / 1.959963984540054  # from 95 to 90 per cent
    assert told.loc["01", "low"] == pytest.approx(0.10 - 0.05 * narrower)
    assert told.loc["01", "high"] == pytest.approx(0.10 + 0.10 * narrower)
    write(file.parent / "poverty.csv", *rows[:-1], "04,10,11,20")
    with pytest.raises(DataError, match=r"'from' and 'to' do not hold the value of 'p' for 04"):
        assessed(file)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ({"column": "p", "low": "a"}, "low and high go together"),
        ({"column": "p", "interval_level": 0.9}, "interval_level needs low and high"),
        ({"column": "p", "unit": "share", "classes": {"a": 1}}, "classes go with column and"),
    ],
)
def test_columns_that_cannot_be_are_refused(make_city: CityMaker, column: Any, said: str) -> None:
    table = {"path": "internet.csv", "key": "Distrito", "columns": {"poverty_share": column}}
    with pytest.raises(ConfigError) as caught:
        City.from_toml(make_city(tables=[table]))
    assert said in "; ".join(caught.value.faults)


def test_texts_of_classes_stand_for_numbers(make_city: CityMaker) -> None:
    hazard = {**OWN, "role": "stratifier", "unit": "class", "scale": "interval", "better": "lower"}
    column = {"column": "hazard", "classes": {"low": 1, "high": 3}}
    table = {"path": "hazard.csv", "key": "code", "columns": {"hazard_class": column}}
    file = make_city(tables=[table], indicators={"hazard_class": hazard})
    write(file.parent / "hazard.csv", "code,hazard", "01,low", "02,high", "03,", "04, low")
    told = assessed(file).indicators["hazard_class"]
    assert told[["01", "02", "04"]].tolist() == [1, 3, 1]
    assert pd.isna(told["03"])
    write(file.parent / "hazard.csv", "code,hazard", "01,low", "02,HIGH", "03,", "04,x")
    with pytest.raises(DataError, match=r"column 'hazard': no number for HIGH, x"):
        assessed(file)


def test_counts_by_area_and_changes_of_tables(make_city: CityMaker) -> None:
    own = {
        "thefts_per_km2": {**OWN, "unit": "per km2", "measure": "table_per_km2"},
        "before": {**OWN, "unit": "score", "scale": "interval"},
        "after": {**OWN, "unit": "score", "scale": "interval"},
        "gain": {**OWN, "unit": "score", "scale": "interval", "measure": "table_change"},
    }
    own["gain"]["parameters"] = {"of": "after", "since": "before", "per": 10}
    columns = {"thefts_per_km2": "thefts", "before": "y1", "after": "y2"}
    table = {"path": "facts.csv", "key": "code", "columns": columns}
    file = make_city(tables=[table], indicators=own, cells=None, zonings=None)
    rows = ["01,5,1,3", "02,0,2,2", "03,1,4,1", "04,2,3,"]
    write(file.parent / "facts.csv", "code,thefts,y1,y2", *rows)
    study = assessed(file)
    assert study.indicators["thefts_per_km2"].tolist() == pytest.approx([5, 0, 1, 2])
    assert study.indicators["gain"].tolist()[:3] == [20, 0, -30]
    assert pd.isna(study.indicators.loc["04", "gain"])
    own["gain"]["parameters"] = {"of": "after", "since": "never"}
    with pytest.raises(ConfigError, match="no indicator 'never'"):
        assessed(make_city(tables=[table], indicators=own, cells=None, zonings=None))


def test_a_name_that_the_file_has_wrong_is_put_right(make_city: CityMaker) -> None:
    study = assessed(make_city(districts={"names": {"02": "San Vicente"}}, tables=[]))
    assert study.districts["name"].tolist() == ["Alto Norte", "San Vicente", "Peñón", "Río Bajo"]
    with pytest.raises(DataError, match="names: no district is 09"):
        assessed(make_city(districts={"names": {"09": "Nowhere"}}))


# ---- what the report says of routes ----------------------------------------------------------


def test_routes_are_told_by_mode_wherever_they_run() -> None:
    headway = [10.0, 20.0, np.inf, np.nan, 5.0]
    routes = pd.DataFrame({"mode": ["bus"] * 4 + ["metro"], "headway_min": headway})
    assert routes_report(routes) == {
        "bus": {"routes": 4, "known": 3, "running": 2, "headway_min": 15.0},
        "metro": {"routes": 1, "known": 1, "running": 1, "headway_min": 5.0},
    }
    assert routes_report(routes.iloc[:0]) == {}


def test_renaming_a_city_changes_names_alone(make_city: CityMaker) -> None:
    one = assessed(make_city())
    other = assessed(make_city(city={"id": "medellin", "name": "Medellín"}))
    pd.testing.assert_frame_equal(one.indicators, other.indicators)
    pd.testing.assert_frame_equal(one.scores, other.scores)
    pd.testing.assert_frame_equal(one.districts, other.districts)
    skipped = {"city", "stages"}
    mine, theirs = ({k: v for k, v in s.summary.items() if k not in skipped} for s in (one, other))
    assert mine == theirs


# ---- what the report and the page say --------------------------------------------------------


def test_growth_needs_a_year_of_quarters() -> None:
    table = pd.DataFrame(
        {
            "indicator": ["fixed_down_mbps", "fixed_down_mbps", "fixed_latency_ms"],
            "unit_id": ["a", "b", "a"],
            "growth": [0.1, 0.4, 0.3],
            "low": [0.05, 0.1, 0.2],
            "high": [0.2, 0.9, 0.4],
            "periods": [4, 3, 6],
        }
    )
    found = growth_of_tiles(table, districts=pd.Index(["a", "b"], name="unit_id"))
    assert list(found) == ["fixed_down_growth"]
    told = found["fixed_down_growth"]
    assert told.value["a"] == pytest.approx(10)
    assert pd.isna(told.value["b"])
    assert told.interval is not None
    assert told.interval.loc["a"].tolist() == pytest.approx([5, 20])
    assert growth_of_tiles(table.iloc[1:2], districts=pd.Index(["b"])) == {}


def test_truths_stand_in_the_report_and_on_the_page_of_cities(
    make_city: CityMaker, tmp_path: Path
) -> None:
    own = {
        "poverty": {**OWN, "role": "stratifier", "unit": "share", "better": "lower"},
        "office_min": {**OWN, "unit": "min", "better": "lower", "against": "hospital_walk_min"},
    }
    table = {"path": "facts.csv", "key": "code", "columns": {"poverty": "p", "office_min": "m"}}
    asked = ["hospital_walk_min", "bank_walk_min", "poverty"]
    question = {"text": {"en": "Who?", "es": "¿Quién?"}, "indicators": asked}
    file = make_city(tables=[table], indicators=own, question=question)
    write(file.parent / "facts.csv", "code,p,m", "01,0.1,5", "02,0.2,9", "03,0.3,12", "04,0.4,20")
    study = assessed(file)
    # With four districts ranks say nothing: only what was asked for is told, and why it is unknown
    assert [one["truth"] for one in study.summary["validity"]] == ["office_min"]
    page = write_report(study, tmp_path / "report.html", language="es").read_text("utf-8")
    assert "Frente a lo que otros midieron" in page
    save(study, tmp_path / "out" / "brasilia")
    made = runpy.run_path(str(SCRIPTS / "make_cities_page"))["page"](tmp_path / "out")
    assert "*Who?*" in made
    assert "| Walk to the nearest bank or cash machine | unknown |" in made
    assert "| Own | Walk to the nearest hospital | 4 | - | - | + |" in made
    assert made.count("## ") == 1  # cities that were not studied are left out


def test_every_city_has_a_file_and_no_code_names_one() -> None:
    """Renaming a city can change nothing but names where no module knows of any."""
    eight = runpy.run_path(str(SCRIPTS / "eight_cities"))["EIGHT"]
    assert set(eight) < set(presets())
    code = "\n".join(
        one.read_text(encoding="utf-8")
        for one in (SCRIPTS.parent / "geoequity").rglob("*.py")
        if "_data" not in one.parts
    )
    assert [one for one in eight if f'"{one}"' in code] == []
