"""
What goes wrong with a city's files, end to end.

Each fault raises one error of this package that names the file and the fault,
with the ids; what can be mended is mended with a warning that names them too.
"""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import geoequity as ge
from geoequity.city import data_folder
from geoequity.errors import ConfigError, CRSError, DataError, DataWarning, SourceError
from geoequity.study import Study

CityMaker = Callable[..., Path]
Layer = gpd.GeoDataFrame
EXTRACT = Path(__file__).parent / "data" / "monaco_2023.osm.pbf"
UTM = "EPSG:32718"
EAST, NORTH = 500_000.0, 8_000_000.0  # the south-west corner of the town of make_city


def assess(file: Path) -> Study:
    return ge.assess(ge.City.from_toml(file))


def change(file: Path, edit: Callable[[Layer], Layer]) -> None:
    """Change a layer."""
    layer = edit(gpd.read_file(file))
    file.unlink()
    layer.to_file(file)


def retype(file: Path, old: str, new: str, *, encoding: str = "utf-8") -> None:
    """Change a text."""
    text = file.read_bytes().decode(encoding)
    assert old in text
    file.write_bytes(text.replace(old, new, 1).encode(encoding))


# ---------------------------------------------------------------- whole city
# The hospital is in the middle of k00. Streets run between the middles of cells, and homes lie
# along the arms of the cell's own, 0 to 270 m from its middle: to 20 m beyond its border.
WALK_M = {
    "k00": 135,
    "k10": (500 - 135 + 2 * (500 + 135)) / 3,
    "k01": (500 - 135 + 2 * (500 + 135)) / 3,
    "k11": 1000,
}
HALF = 5 / 2 / 80  # minutes of half the way from home to home


def test_the_town_is_assessed_as_worked_out_by_hand(make_city: CityMaker) -> None:
    study = assess(make_city(walking={"homes_m": 5}))
    cells = study.cell_indicators["hospital_walk_min"]
    assert cells[list(WALK_M)].tolist() == pytest.approx(
        [m / 80 for m in WALK_M.values()], abs=HALF
    )
    assert cells["k33"] == pytest.approx((6 * 500 - 135) / 80, abs=HALF)  # six blocks at 4.8 km/h
    people = [100, 110, 140, 150]
    walk = np.average(list(WALK_M.values()), weights=people) / 80
    assert study.indicators.loc["01", "hospital_walk_min"] == pytest.approx(walk, abs=HALF)
    assert study.indicators.loc["03", "home_internet_share"] == pytest.approx(0.4525)
    assert study.indicators.loc["01", "requests_311_per_1000"] == pytest.approx(1200 / 500 * 1000)
    assert study.summary["population"] == {"total": 2800, "covered_share": 1, "outside": 0}
    assert study.summary["warnings"] == []


def test_a_closed_border_cuts_the_buffer_round_the_city(make_city: CityMaker) -> None:
    file = make_city()
    places = file.parent / "places.csv"
    rows = places.read_text(encoding="utf-8").splitlines()
    # Two hospitals 400 m outside the city: in the west, and in the east beyond the border
    rows += [f"w,hospital,Oeste,,{EAST - 400},{NORTH}", f"e,hospital,Este,,{EAST + 2400},{NORTH}"]
    places.write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert (assess(file).services["category"] == "hospital").sum() == 3
    land = gpd.GeoDataFrame(
        {"id": [1]},
        geometry=[shapely.box(EAST - 9000, NORTH - 9000, EAST + 1900, NORTH + 9000)],
        crs=UTM,
    )
    land.to_file(file.parent / "land.geojson")
    file = make_city(border={"path": "land.geojson"})
    places.write_text("\n".join(rows) + "\n", encoding="utf-8")
    study = assess(file)
    found = study.services[study.services["category"] == "hospital"]
    assert found["name"].tolist() == ["Hospital", "Oeste"]
    # The border runs through the city itself, whose districts stay whole
    assert study.districts.area.sum() == pytest.approx(4e6)
    (record,) = [one for one in study.provenance["sources"] if one["name"] == "border"]
    assert record["rows_kept"] == 1


# ------------------------------------------------------- faults of the city file
def test_a_missing_file_is_named(make_city: CityMaker) -> None:
    file = make_city()
    (file.parent / "internet.csv").unlink()
    with pytest.raises(
        ConfigError, match=r"city\.toml: 1 fault\n.*tables\.0\.path: no file .*inter"
    ):
        assess(file)


def test_an_unknown_key_is_named(make_city: CityMaker) -> None:
    with pytest.raises(ConfigError, match=r"city\.toml: 1 fault\n.*districts\.colour: unknown key"):
        assess(make_city(districts={"colour": "red"}))


def test_three_faults_of_the_city_file_are_named_at_once(make_city: CityMaker) -> None:
    file = make_city(
        cells={"path": "gone.geojson"}, city={"country": "peru"}, districts={"colour": 1}
    )
    with pytest.raises(ConfigError, match=r"city\.toml: 3 faults") as told:
        assess(file)
    assert all(one in str(told.value) for one in ("gone.geojson", "city.country", "colour"))


def test_broken_toml_is_named(make_city: CityMaker) -> None:
    file = make_city()
    file.write_text("[city\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"city\.toml: not valid TOML"):
        assess(file)


def test_what_the_catalogue_does_not_have_is_named(make_city: CityMaker) -> None:
    file = make_city(
        question={"text": {"en": "?"}, "indicators": ["nothing"]},
        indicators={"school_walk_min": {"parameters": {"categories": "school"}}},
    )
    retype(file, '"category" = "hospital"', '"category" = "hospitol"')
    retype(file, "requests_311_per_1000", "requests")
    with pytest.raises(DataError, match="4 faults") as told:
        assess(file)
    for one in (
        "'nothing'",
        "'hospitol'",
        "tables.0.columns.requests",
        "categories: must be a list",
    ):
        assert re.search(rf"city\.toml: .*{re.escape(one)}", str(told.value))


def test_a_column_for_a_computed_indicator_is_not_passed_over(make_city: CityMaker) -> None:
    file = make_city()
    retype(file, "requests_311_per_1000", "school_walk_min")
    with pytest.raises(ConfigError, match=r"walk_min computes it; .*school_walk_min\.measure"):
        assess(file)
    file = make_city(indicators={"school_walk_min": {"measure": "table"}})
    retype(file, "requests_311_per_1000", "school_walk_min")
    retype(file, '"column" = "Reclamos", "unit" = "count"', '"column" = "Reclamos"')
    assert assess(file).indicators["school_walk_min"].tolist() == [1200, 300, 40, 20]


# ------------------------------------------------------------ faults of the files
def without_crs(folder: Path) -> None:
    file = folder / "districts.geojson"
    layer = json.loads(file.read_text(encoding="utf-8"))
    del layer["crs"]
    file.write_text(json.dumps(layer), encoding="utf-8")


def edited(name: str, edit: Callable[[Layer], Layer]) -> Callable[[Path], None]:
    return lambda folder: change(folder / name, edit)


def retyped(name: str, old: str, new: str, encoding: str = "utf-8") -> Callable[[Path], None]:
    return lambda folder: retype(folder / name, old, new, encoding=encoding)


def in_utf_8(folder: Path) -> None:
    file = folder / "internet.csv"
    file.write_bytes(file.read_bytes().decode("latin-1").encode())


def cut_short(name: str) -> Callable[[Path], None]:
    def cut(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return cut


ROWS = (
    "ALTO NORTE;91,5;0,8;1.200\nSAO VICENTE;80;0,6;300\nPEÑÓN;45,25;0,25;40\nRio  Bajo;30;0,1;20\n"
)
FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a layer without CRS": (
        without_crs, r"districts\.geojson: the layer has no CRS, .*rows 1, 2, 3, 4; declare crs"
    ),
    "differing duplicate ids": (
        edited("districts.geojson", lambda one: one.assign(code=["01", "01", "03", "04"])),
        r"districts\.geojson: rows that differ share an id: 01; .*duplicates",
    ),
    "an id column that is absent": (
        edited("districts.geojson", lambda one: one.rename(columns={"code": "cod"})),
        r"districts\.geojson: no column 'code'; it has cod, label, geometry",
    ),
    "a name column that is absent": (
        edited("districts.geojson", lambda one: one.drop(columns="label")),
        r"districts\.geojson: no column 'label'; it has code, geometry",
    ),
    "a key column that is absent": (
        retyped("internet.csv", "Distrito;", "Barrio;", "latin-1"),
        r"internet\.csv: no column 'Distrito'; it has Barrio, Internet %, Computadora, Reclamos",
    ),
    "UTF-8 that is declared latin-1": (
        in_utf_8, r"internet\.csv: is UTF-8 text, but the city file declares latin-1"
    ),
    "a negative population": (
        edited("cells.geojson", lambda one: one.assign(pop=[-1, *one["pop"][1:]])),
        r"cells\.geojson: column 'pop': negative or infinite: k00",
    ),
    "a population in words": (
        edited("cells.geojson", lambda one: one.assign(pop=["many", *one["pop"][1:].astype(str)])),
        r"cells\.geojson: column 'pop' holds text that is no number \(many\) in rows k00",
    ),
    "cells that lie elsewhere": (
        edited("cells.geojson", lambda one: one.set_geometry(one.translate(1e5))),
        r"cells\.geojson: cells and districts do not overlap",
    ),
    "districts that overlap": (
        edited("districts.geojson", lambda one: one.set_geometry(one.buffer(1))),
        r"districts\.geojson: districts overlap: 01 and 02 \(0\.2%\).*overlaps =",
    ),
    "districts that are points": (
        edited("districts.geojson", lambda one: one.set_geometry(one.centroid)),
        r"districts\.geojson: no polygons but Point: 01, 02, 03, 04",
    ),
    "a district without geometry": (
        edited("districts.geojson", lambda one: one.set_geometry([None, *one.geometry[1:]])),
        r"districts\.geojson: no geometry, or none that can be, for 01",
    ),
    "an empty layer": (
        edited("cells.geojson", lambda one: one.iloc[:0]),
        r"cells\.geojson: the layer or table is empty",
    ),
    "a layer cut short": (cut_short("cells.geojson"), r"cells\.geojson: cannot be read: "),
    "a share above 1": (
        retyped("internet.csv", "0,8;", "8,0;", "latin-1"),
        r"internet\.csv: column 'Computadora' is declared a share but lies outside 0-1 for 01",
    ),
    "a value that is no number": (
        retyped("internet.csv", "91,5", "s/d", "latin-1"),
        r"internet\.csv: column 'Internet %' .*\(s/d\) in rows ALTO NORTE",
    ),
    "names that match no district": (
        retyped("internet.csv", ROWS, "Bajo Sur;1;1;1\n", "latin-1"),
        r"internet\.csv: no key matches a unit: the table has Bajo Sur, the units Alto Norte, São",
    ),
    "a ragged table": (
        retyped("internet.csv", "SAO VICENTE;80", "SAO VICENTE", "latin-1"),
        r"internet\.csv: rows 2 have more or fewer fields, separated by ';'",
    ),
    "a table without rows": (
        lambda folder: (folder / "places.csv").write_text("id,kind\n", encoding="utf-8"),
        r"places\.csv: the layer or table is empty",
    ),
    "a place that is no number": (
        retyped("places.csv", "500250.0", "here"),
        r"places\.csv: column 'x' holds text that is no number \(here\) in rows 1",
    ),
    "a street between wrong nodes": (
        retyped("streets.csv", "n00,n10", "n00,n33"),
        r"streets\.csv: a node of u, v stands elsewhere too in rows",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_file(fault: str, make_city: CityMaker) -> None:
    spoil, said = FAULTS[fault]
    file = make_city()
    spoil(file.parent)
    with pytest.raises((DataError, SourceError, CRSError), match=said) as told:
        assess(file)
    assert "faults" not in str(told.value)  # the one fault, and nothing that only follows from it


def test_percent_that_is_not_declared_is_no_share(make_city: CityMaker) -> None:
    file = make_city()
    retype(file, '"column" = "Internet %", "unit" = "percent"', '"column" = "Internet %"')
    with pytest.raises(
        DataError, match=r"internet\.csv: column 'Internet %' is for a share .*01, 0"
    ):
        assess(file)


def test_latin_1_that_is_not_declared_is_refused(make_city: CityMaker) -> None:
    file = make_city()
    retype(file, '"encoding" = "latin-1", ', "")
    with pytest.raises(SourceError, match=r'internet\.csv: not utf-8 .*encoding = "latin-1"'):
        assess(file)


@pytest.mark.parametrize("members", [[], ["readme.txt"]])
def test_a_zip_without_layer_is_refused(make_city: CityMaker, members: list[str]) -> None:
    file = make_city(districts={"path": "d.zip"})
    with zipfile.ZipFile(file.parent / "d.zip", "w") as archive:
        for one in members:
            archive.writestr(one, "x")
    with pytest.raises(SourceError, match=r"d\.zip: holds no layer"):
        assess(file)


def test_a_broken_workbook_is_refused(make_city: CityMaker) -> None:
    file = make_city()
    retype(file, "internet.csv", "internet.xlsx")
    (file.parent / "internet.xlsx").write_bytes(b"PK\x03\x04nonsense")
    with pytest.raises(SourceError, match=r"internet\.xlsx: cannot be read as a workbook"):
        assess(file)


@pytest.mark.parametrize("share", [0, 0.2, 0.6, 0.99])
def test_an_extract_cut_short_is_refused(make_city: CityMaker, share: float) -> None:
    file = make_city(streets=None, osm={"path": "x.osm.pbf"})
    content = EXTRACT.read_bytes()
    (file.parent / "x.osm.pbf").write_bytes(content[: int(share * len(content))])
    with pytest.raises(SourceError, match=r"x\.osm\.pbf: "):
        assess(file)


def test_an_extract_with_a_bad_byte_in_a_tag_is_refused(make_city: CityMaker) -> None:
    file = make_city(streets=None, osm={"path": "x.osm.pbf"})
    content = (data_folder() / "demo" / "valle_claro.osm.pbf").read_bytes()
    assert b"residential" in content
    spoilt = content.replace(b"residential", b"resident\xffal")
    (file.parent / "x.osm.pbf").write_bytes(spoilt)
    with pytest.raises(
        SourceError, match=r"x\.osm\.pbf: not a whole OpenStreetMap file: .*Unicode"
    ):
        assess(file)


def test_a_process_outlives_a_damaged_extract(make_city: CityMaker) -> None:
    """Writers of libosmium that failed end the process when they are taken apart."""
    file = make_city()
    content = (data_folder() / "demo" / "valle_claro.osm.pbf").read_bytes()
    damaged = file.parent / "x.osm.pbf"
    damaged.write_bytes(content.replace(b"residential", b"resident\xffal"))
    code = (
        "import gc, sys\n"
        "from geoequity.errors import SourceError\n"
        "from geoequity.sources.osm import read_osm\n"
        "try:\n    read_osm(sys.argv[1])\n"
        "except SourceError:\n    pass\n"
        "gc.collect()\nprint('alive')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(damaged)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "alive\n", "")


@pytest.mark.parametrize(
    ("crs", "said"),
    [
        ("EPSG:4326", "coordinates are in degrees"),
        ("EPSG:3857", r"a metre of .* is 0\.95 and 0\.95 m on the ground here"),
        ("moon", "'moon' is no CRS"),
    ],
)
def test_a_study_without_true_metres_is_refused(make_city: CityMaker, crs: str, said: str) -> None:
    with pytest.raises(CRSError, match=rf"city\.crs: .*{said}"):
        assess(make_city(city={"crs": crs}))


def test_faults_of_several_files_are_named_at_once(make_city: CityMaker) -> None:
    file = make_city(streets=None, osm={"path": "x.osm.pbf"})
    folder = file.parent
    without_crs(folder)
    change(folder / "cells.geojson", lambda one: one.assign(pop=-1))
    retype(folder / "internet.csv", "0,8;", "8,0;", encoding="latin-1")
    retype(folder / "places.csv", "500250.0", "here")
    (folder / "x.osm.pbf").write_bytes(EXTRACT.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"^5 faults in the data") as told:
        assess(file)
    lines = str(told.value).splitlines()[1:]
    # In the order of the city file, whichever was read first
    files = ("districts.geojson", "cells.geojson", "places.csv", "x.osm.pbf", "internet.csv")
    assert len(lines) == len(files)
    for line, name in zip(lines, files, strict=True):
        assert name in line


# ------------------------------------------------------------------- mended
def test_what_is_mended_is_told_with_ids(make_city: CityMaker) -> None:
    file = make_city()
    west, north = 500_000, 8_002_000
    corners = [(west, north), (west + 1000, north + 500), (west + 1000, north), (west, north + 500)]

    def spoil(layer: Layer) -> Layer:
        more = {"code": ["05", "06", "01"], "label": ["Cruce", "Astilla", "Alto Norte"]}
        shapes = [
            shapely.Polygon(corners),  # crosses itself
            shapely.box(west - 1, north, west, north + 50),
            layer.geometry[0],
        ]
        return pd.concat([layer, Layer(more, geometry=shapes, crs=layer.crs)])

    change(file.parent / "districts.geojson", spoil)
    with pytest.warns(DataWarning) as told:
        study = assess(file)
    said = [str(one.message) for one in told]
    assert said == [
        "districts.geojson: invalid rings repaired: 05",
        "districts.geojson: identical duplicate rows dropped: 01",
        "districts.geojson: slivers under 100 m2 dropped: 06",
        "internet.csv: no row for units: 05",
    ]
    assert [one.message.ids for one in told] == [("05",), ("01",), ("06",), ("05",)]
    assert study.summary["warnings"] == said
    assert study.districts.index.tolist() == ["01", "02", "03", "04", "05"]


def test_names_that_do_not_match_are_told_on_both_sides(make_city: CityMaker) -> None:
    file = make_city()
    retype(file.parent / "internet.csv", "Rio  Bajo", "R. Bajo", encoding="latin-1")
    with pytest.warns(DataWarning) as told:
        study = assess(file)
    assert [str(one.message) for one in told] == [
        "internet.csv: keys name no unit: R. Bajo",
        "internet.csv: no row for units: 04",
    ]
    assert np.isnan(study.indicators.loc["04", "home_internet_share"])


def test_a_list_with_swapped_coordinates_is_told(make_city: CityMaker) -> None:
    file = make_city()
    retype(file, '"lon" = "x", "lat" = "y"', '"lon" = "y", "lat" = "x"')
    with pytest.warns(DataWarning, match=r"places\.csv: no row lies near the districts.*: s1, s2"):
        study = assess(file)
    assert study.summary["absent"]["school_walk_min"]["id"] == "no_services"


# ---------------------------------------------------------- no people, few people
def test_without_cells_district_facts_still_stand(make_city: CityMaker) -> None:
    study = assess(make_city(cells=None))
    assert study.indicators.loc["01", "home_internet_share"] == 0.915
    assert study.indicators.loc["01", "intersections_per_km2"] > 0
    assert study.summary["population"]["total"] is None
    assert study.summary["index"]["mean"] is None
    assert study.summary["indicators"]["home_internet_share"]["mean"] is None
    assert study.summary["absent"]["school_walk_min"]["id"] == "no_cells"
    assert study.summary["absent"]["requests_311_per_1000"]["id"] == "no_population"
    assert study.types["type"].isna().all()
    assert study.cells.empty


def test_cells_without_people_give_no_statistics_of_people(make_city: CityMaker) -> None:
    file = make_city()
    retype(
        file, '"population" = "pop", "bases" = {"households" = "homes"}', '"district" = "parent"'
    )
    text = file.read_text(encoding="utf-8").replace(', "district" = "parent"}', "}", 1)
    file.write_text(text, encoding="utf-8")
    study = assess(file)
    assert study.summary["population"] == {"total": None, "covered_share": None, "outside": None}
    assert study.indicators.loc["01", "home_internet_share"] == 0.915
    assert study.summary["absent"]["school_walk_min"]["id"] == "no_population"
    assert study.types["type"].isna().all()


def test_a_cell_without_count_is_left_out_and_named(make_city: CityMaker) -> None:
    file = make_city(walking={"homes_m": 5})
    change(file.parent / "cells.geojson", lambda one: one.assign(pop=[None, *one["pop"][1:]]))
    study = assess(file)
    assert study.summary["population"]["total"] == 2700
    walk = np.average(list(WALK_M.values())[1:], weights=[110, 140, 150]) / 80
    assert study.indicators.loc["01", "hospital_walk_min"] == pytest.approx(walk, abs=HALF)
    reasons = study.summary["districts"]["01"]["reasons"]
    named = [one for one in reasons if one["id"] == "cells_no_population"]
    assert len(named) == 1
    assert "k00" in named[0]["text"]["en"]
    walk = study.cell_indicators.loc["k00", "hospital_walk_min"]
    assert walk == pytest.approx(WALK_M["k00"] / 80, abs=HALF)  # its facts still stand


# --------------------------------------------------------------- other formats
def test_the_same_city_in_other_formats_is_the_same_city(make_city: CityMaker) -> None:
    # The nearest stops are 500 m away: no rounding may decide whether that is within the limit
    file = make_city(indicators={"transit_access_share": {"parameters": {"low_m": 510}}})
    folder = file.parent
    before = assess(file)
    gpd.read_file(folder / "districts.geojson").to_crs("EPSG:4326").to_file(folder / "d.shp")
    with zipfile.ZipFile(folder / "d.zip", "w") as archive:
        for part in folder.glob("d.*"):
            if part.suffix != ".zip":
                archive.write(part, f"inner/{part.name}")
    gpd.read_file(folder / "cells.geojson").to_parquet(folder / "cells.parquet")
    table = pd.read_csv(folder / "internet.csv", sep=";", encoding="latin-1", dtype=str)
    table.to_excel(folder / "internet.xlsx", index=False)
    places = pd.read_csv(folder / "places.csv")
    points = gpd.GeoSeries.from_xy(places["x"], places["y"], crs=UTM).to_crs("EPSG:4326")
    places["x"], places["y"] = points.x, points.y
    places.to_csv(folder / "places.tsv", sep="\t", index=False, encoding="utf-8-sig")
    streets = gpd.read_file(folder / "streets.csv")
    lines = gpd.GeoSeries.from_wkt(streets["wkt"], crs=UTM)
    Layer(streets[["u", "v"]], geometry=lines).to_file(folder / "streets.gpkg")
    text = file.read_text(encoding="utf-8")
    for old, new in [
        ("districts.geojson", "d.zip"), ("cells.geojson", "cells.parquet"),
        ("internet.csv", "internet.xlsx"), ("places.csv", "places.tsv"),
        ('"streets.csv", "geometry" = "wkt", "crs" = "EPSG:32718"', '"streets.gpkg"'),
        ('"lat" = "y", "crs" = "EPSG:32718"', '"lat" = "y"'),
        ('"encoding" = "latin-1", "separator" = ";", ', ""),
    ]:  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    after = assess(file)
    pd.testing.assert_frame_equal(after.indicators, before.indicators, rtol=1e-6)
    assert after.districts["name"].to_dict() == before.districts["name"].to_dict()


def test_cells_are_cut_where_no_parent_is_declared(make_city: CityMaker) -> None:
    file = make_city()
    retype(file, '"district" = "parent", ', "")
    shift = 250.0  # half a cell to the east: the last column of cells is half outside
    change(file.parent / "cells.geojson", lambda one: one.set_geometry(one.translate(shift)))
    study = assess(file)
    pop = {f"k{n % 4}{n // 4}": 100 + 10 * n for n in range(16)}
    outside = sum(pop[f"k3{row}"] for row in range(4)) / 2
    assert study.summary["population"]["outside"] == pytest.approx(outside)
    south_west = sum(pop[f"k0{row}"] + pop[f"k1{row}"] / 2 for row in range(2))
    assert study.districts.loc["01", "population"] == pytest.approx(south_west)
    inside = study.districts["population"].sum()
    assert inside + outside == pytest.approx(sum(pop.values()), rel=1e-12)


def test_ids_of_several_columns_are_joined_by_a_template(make_city: CityMaker) -> None:
    columns: dict[str, Any] = {"id": ["zone", "sector"], "template": "{:02.0f}-{:d}"}
    study = assess(make_city(cells=columns))
    assert study.cells.index.tolist()[:2] == ["00-0", "00-1"]


def test_a_city_without_any_indicator_is_a_study_all_the_same(
    make_city: CityMaker, tmp_path: Path
) -> None:
    nothing = dict.fromkeys(("cells", "streets", "services", "transit", "connectivity", "tables"))
    study = assess(make_city(**nothing))
    assert study.indicators.shape == (4, 0)
    assert ge.outputs.save(study, tmp_path / "out").is_dir()


def test_two_lists_of_stops_of_one_mode_stay_apart(make_city: CityMaker) -> None:
    file = make_city()
    text = file.read_text(encoding="utf-8")
    start = text.index("transit = ")
    stops = text[start : text.index("\n", start)]
    block = stops[stops.index("[") + 1 : stops.rindex("]")]
    file.write_text(text.replace(block, f"{block}, {block}"), encoding="utf-8")
    study = assess(file)
    assert study.stops.index.is_unique
    assert len(study.stops) == 4


def test_a_place_of_the_map_and_of_a_list_counts_once(demo_study: Study) -> None:
    services = demo_study.services
    assert services.index.is_unique
    assert set(services["source"]) >= {"osm"}
