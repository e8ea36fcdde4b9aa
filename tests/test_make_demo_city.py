"""The demo city: its bytes, its faults, and a recount of every exact value from the files."""

import csv
import hashlib
import importlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pytest
import rasterio
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from pyproj import Transformer

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "data" / "demo"
TRUTH = json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))
RASTERS = {
    "amenaza_inundacion.tif",
    "elevacion.tif",
    "luces_nocturnas.tif",
    "ndvi.tif",
    "poblacion_100m.tif",
}
FIXED = ("ookla_fijo_2025T3.csv", "ookla_fijo_2025T4.csv")
OOKLA = {*FIXED, "ookla_movil_2025T4.csv"}
FILES = RASTERS | OOKLA
FILES |= {
    "districts.geojson",
    "encuesta_percepcion.csv",
    "internet_hogares.csv",
    "manzanas.geojson",
    "solicitudes_311.csv",
    "truth.json",
    "valle_claro.osm.pbf",
    "valle_claro_gtfs.zip",
    "wifi.csv",
}
WALKED = {"primary", "secondary", "tertiary", "residential", "living_street"}
WALKED |= {"pedestrian", "footway", "path", "steps", "cycleway"}
DISPLAY = "passenger_information_display"
EXACT = pytest.approx
SIGNS = {"integrated": (1, 1), "showcase": (-1, 1), "analogue": (1, -1), "neglected": (-1, -1)}
TO_METRES = Transformer.from_crs(4326, 32716, always_xy=True)


def metres(xy):
    """Coordinates [point, xy] in the plane."""
    x, y = TO_METRES.transform(xy[:, 0], xy[:, 1])
    return shapely.get_coordinates(shapely.points(x, y))


def make(out, *options):
    """Run the script as a user would."""
    command = [sys.executable, ROOT / "scripts" / "make_demo_city", "--out", out, *options]
    subprocess.run(command, check=True, capture_output=True)
    return out


def features(name):
    """Properties and polygon in metres of each feature."""
    collection = json.loads((DEMO / name).read_text(encoding="utf-8"))
    assert "ficticia" in collection["description"]
    return [
        (one["properties"], shapely.transform(shapely.geometry.shape(one["geometry"]), metres))
        for one in collection["features"]
    ]


def table(name, encoding, separator):
    """Rows of a CSV file by column."""
    text = (DEMO / name).read_text(encoding=encoding)
    return list(csv.DictReader(text.splitlines(), delimiter=separator))


def percent(text):
    """A share from a percentage with a decimal comma."""
    return float(text.replace(",", ".")) / 100


@dataclass
class Element:
    kind: str
    id: int
    tags: dict
    shape: object
    version: int
    year: int
    user: str
    members: list


@pytest.fixture(scope="module")
def districts():
    """Real districts by code, repaired where need be."""
    there = {tags["COD"]: shapely.make_valid(one) for tags, one in features("districts.geojson")}
    return {code: one for code, one in there.items() if code != "99"}


@pytest.fixture(scope="module")
def cells():
    return features("manzanas.geojson")


@pytest.fixture(scope="module")
def internet():
    return table("internet_hogares.csv", "latin-1", ";")


@pytest.fixture(scope="module")
def osm():
    """Every element of the extract, with its geometry in metres."""
    elements = []
    for one in osmium.FileProcessor(str(DEMO / "valle_claro.osm.pbf")).with_locations():
        shape, members = None, []
        if one.is_node():
            shape = shapely.Point(one.lon, one.lat)
        elif one.is_way():
            shape = shapely.LineString([(node.lon, node.lat) for node in one.nodes])
            members = [node.ref for node in one.nodes]
        else:
            members = [(member.type, member.ref, member.role) for member in one.members]
        if shape is not None:
            shape = shapely.transform(shape, metres)
        tags = {tag.k: tag.v for tag in one.tags}
        edit = one.version, one.timestamp.year, one.user
        elements.append(Element(one.type_str(), one.id, tags, shape, *edit, members))
    return elements


def inside(points, districts):
    """Count points in each district."""
    tree = shapely.STRtree(list(districts.values()))
    hits = Counter(tree.query(points, predicate="intersects")[1].tolist())
    return {code: hits[number] for number, code in enumerate(districts)}


def with_tag(osm, key, *values):
    """Elements that carry one of the values."""
    return [one for one in osm if one.tags.get(key) in values]


@pytest.fixture(scope="module")
def outlines():
    """Real districts in degrees, on their codes."""
    collection = json.loads((DEMO / "districts.geojson").read_text(encoding="utf-8"))["features"]
    shapes = {
        one["properties"]["COD"]: shapely.make_valid(shapely.geometry.shape(one["geometry"]))
        for one in collection
    }
    shapes.pop("99")
    return gpd.GeoDataFrame({"code": list(shapes)}, geometry=list(shapes.values()), crs=4326)


@pytest.fixture(scope="module")
def tests():
    """Rows of the speed tests by file: numbers, and the middle of the tile in metres."""
    there = {}
    for name in sorted(OOKLA):
        rows = table(name, "utf-8", ",")
        for row in rows:
            row["middle"] = shapely.transform(shapely.from_wkt(row["tile"]).centroid, metres)
        there[name] = rows
    return there


def raster(name):
    """Values of a raster as they are meant, NaN where unknown, and its box in degrees."""
    with rasterio.open(DEMO / name) as source:
        assert source.crs.to_epsg() == 4326
        values = source.read(1, masked=True).astype(float)
        return values.filled(np.nan) * source.scales[0] + source.offsets[0], source.bounds


def zonal(values, box, outlines, *what):
    """Statistics by district from another implementation."""
    source = NumPyRasterSource(values, *box, srs_wkt=outlines.crs.to_wkt())
    found = exact_extract(source, outlines, what, include_cols=["code"], output="pandas")
    return {name: dict(zip(found["code"], found[name], strict=True)) for name in what}


def planted(part, name):
    """Planted values by district."""
    return {code: one[part][name] for code, one in TRUTH["districts"].items()}


def truth_of(indicator):
    """Exact values by district, as the files give them: less where the map is thinned."""
    return {code: one["published"][indicator] for code, one in TRUTH["districts"].items()}


def residents():
    return {code: one["population"] for code, one in TRUTH["districts"].items()}


# ---------------------------------------------------------------- making it
def test_the_committed_city_is_made_again_byte_for_byte(tmp_path):
    again = make(tmp_path / "demo")
    assert {one.name for one in again.iterdir()} == FILES
    for name in sorted(FILES):
        fresh, kept = (hashlib.sha256((one / name).read_bytes()) for one in (again, DEMO))
        assert fresh.hexdigest() == kept.hexdigest(), name


def test_another_seed_makes_another_city_and_near_equal_one_without_types_or_gap(tmp_path):
    make(tmp_path, "--seed", "7", "--near-equal")
    other = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert (other["seed"], other["effect"], other["near_equal"]) == (7, None, True)
    assert other["indicators"] != TRUTH["indicators"]
    scores = [one["scores_estimated"] for one in other["districts"].values()]
    index = [(one["structures"] + one["technologies"]) / 2 for one in scores]
    assert max(index) - min(index) < 6
    assert {one["type"] for one in other["districts"].values()} == {None}


def test_the_committed_city_is_planted_with_a_medium_effect_six_districts_a_type():
    assert (TRUTH["seed"], TRUTH["effect"], TRUTH["near_equal"]) == (1, "medium", False)
    types = Counter(one["type"] for one in TRUTH["districts"].values())
    assert types == dict.fromkeys(SIGNS, 6)
    for one in TRUTH["districts"].values():
        for pillar, sign in zip(("structures", "technologies"), SIGNS[one["type"]], strict=True):
            assert 12 < sign * (one["scores_estimated"][pillar] - 50) < 17


def test_the_files_are_small_and_say_that_they_are_fictitious():
    sizes = {name: (DEMO / name).stat().st_size for name in FILES}
    assert sum(sizes.values()) < 3e6
    assert max(sizes.values()) < 2e6
    assert max(sizes[name] for name in OOKLA) < 2e5
    for name in FILES - {"valle_claro.osm.pbf"}:
        assert b"ficti" in (DEMO / name).read_bytes(), name
    with osmium.io.Reader(str(DEMO / "valle_claro.osm.pbf")) as reader:
        assert "fictitious" in reader.header().get("generator")
    assert "fictitious" in (DEMO / "README.md").read_text(encoding="utf-8")


def test_the_generator_knows_nothing_of_the_product_nor_the_product_of_the_truth():
    sources = [*ROOT.glob("scripts/demo_city/*.py"), ROOT / "scripts" / "make_demo_city"]
    for path in sources:
        text = path.read_text(encoding="utf-8")
        assert "import geoequity" not in text
        assert "from geoequity" not in text
    for path in (ROOT / "geoequity").rglob("*.py"):
        assert "truth.json" not in path.read_text(encoding="utf-8"), path
    assert "truth" not in (DEMO / "city.toml").read_text(encoding="utf-8")


# ---------------------------------------------------------------- boundaries
def test_there_are_24_districts_and_a_sliver_with_their_names(districts):
    rows = [tags for tags, _ in features("districts.geojson")]
    assert sorted(tags["COD"] for tags in rows) == [*sorted(TRUTH["districts"]), "99"]
    assert len(districts) == 24
    named = {tags["COD"]: tags["NOMBRE"] for tags in rows if tags["COD"] != "99"}
    assert named == {code: one["name"] for code, one in TRUTH["districts"].items()}
    assert {"ñ", "í"} <= set("".join(named.values()))
    assert {tags["TIPO"] for tags in rows} == {"comuna", "corregimiento", "remanente"}


def test_one_ring_crosses_itself_and_its_repair_hardly_changes_the_area():
    invalid = [
        (tags["COD"], one) for tags, one in features("districts.geojson") if not one.is_valid
    ]
    assert [code for code, _ in invalid] == [TRUTH["faults"]["invalid_ring"]]
    _, broken = invalid[0]
    assert abs(shapely.make_valid(broken).area / broken.area - 1) < 1e-4


def test_the_sliver_is_tiny_and_touches_no_district(districts):
    sliver = next(one for tags, one in features("districts.geojson") if tags["COD"] == "99")
    assert TRUTH["faults"]["sliver"] == "99"
    assert 5 < sliver.area < 50
    assert all(sliver.intersection(one).area == 0 for one in districts.values())
    assert min(sliver.distance(one) for one in districts.values()) < 1


def test_districts_share_their_borders_exactly(districts):
    whole = shapely.union_all(list(districts.values()))
    assert whole.geom_type in {"Polygon", "MultiPolygon"}
    assert sum(one.area for one in districts.values()) == EXACT(whole.area, rel=1e-9)
    assert 60e6 < whole.area < 90e6
    largest = max(shapely.get_parts(whole), key=lambda one: one.area)
    assert len(largest.interiors) == 0


def test_cells_tile_the_districts_but_for_the_few_that_straddle(cells, districts):
    assert 1150 < len(cells) < 1250
    assert all(one.is_valid for _, one in cells)
    assert len({tags["MANZANA"] for tags, _ in cells}) == len(cells) == TRUTH["cells"]
    whole = shapely.union_all(list(districts.values()))
    assert sum(one.area for _, one in cells) == EXACT(whole.area, rel=1e-4)
    out = {
        tags["MANZANA"] for tags, one in cells if one.difference(districts[tags["COD"]]).area > 5
    }
    assert out <= set(TRUTH["faults"]["cells_straddling"])
    assert 3 <= len(out) <= 16
    for tags, one in cells:
        assert one.intersection(districts[tags["COD"]]).area > 0.8 * one.area


def test_counts_of_people_are_whole_and_consistent(cells):
    total, empty = defaultdict(int), []
    for tags, _ in cells:
        assert all(isinstance(tags[key], int) for key in ("POBLACION", "HOGARES", "VIVIENDAS"))
        groups = tags["POB_0_5"] + tags["POB_6_17"] + tags["POB_65_MAS"]
        assert 0 <= groups <= tags["POBLACION"]
        assert 0 <= tags["HOGARES_NBI"] <= tags["HOGARES"] <= tags["POBLACION"]
        total[tags["COD"]] += tags["POBLACION"]
        empty += [tags["MANZANA"]] if tags["POBLACION"] == 0 else []
    assert total == residents()
    assert sum(total.values()) == TRUTH["population"] == EXACT(400_000, rel=0.01)
    assert empty == TRUTH["faults"]["cells_without_residents"]
    assert 1 <= len(empty) <= 10


def test_groups_are_parts_of_the_residents_and_incomes_all_of_them(cells):
    total = {code: Counter() for code in TRUTH["districts"]}
    for tags, _ in cells:
        groups = {key: value for key, value in tags.items() if key.startswith("POB_")}
        incomes = [groups[f"POB_INGRESO_{one}"] for one in ("BAJO", "MEDIO", "ALTO")]
        assert sum(incomes) == tags["POBLACION"]
        assert all(0 <= value <= tags["POBLACION"] for value in groups.values())
        total[tags["COD"]].update(groups)
    assert total == {code: one["groups"] for code, one in TRUTH["districts"].items()}
    assert sum(total.values(), Counter()) == TRUTH["groups"]


def test_informal_settlements_and_the_poor_are_on_the_hillsides():
    def share(group, kind):
        mine = [one for one in TRUTH["districts"].values() if one["type"] == kind]
        return sum(one["groups"][group] for one in mine) / sum(one["population"] for one in mine)

    for group in ("POB_INFORMAL", "POB_INGRESO_BAJO"):
        assert share(group, "neglected") > 0.2
        assert share(group, "neglected") > 2.5 * share(group, "integrated")


# ---------------------------------------------------------------- speed tests
def test_tiles_are_squares_of_the_web_map_named_by_their_quadkeys(tests):
    columns = "quadkey tile tile_x tile_y avg_d_kbps avg_u_kbps avg_lat_ms tests devices note"
    for rows in tests.values():
        assert list(rows[0])[:-1] == columns.split()
        keys = [row["quadkey"] for row in rows]
        assert keys == sorted(set(keys))
        for row in rows:
            west, south, east, north = -180.0, -1.0, 180.0, 1.0  # latitude in units of pi
            for digit in map(int, row["quadkey"]):
                x, y = (west + east) / 2, (south + north) / 2
                west, east = (x, east) if digit % 2 else (west, x)
                south, north = (south, y) if digit > 1 else (y, north)
            low, high = (np.degrees(np.arctan(np.sinh(np.pi * one))) for one in (south, north))
            assert len(row["quadkey"]) == 16
            assert shapely.from_wkt(row["tile"]).bounds == EXACT((west, low, east, high), abs=1e-9)
            assert float(row["tile_x"]) == EXACT((west + east) / 2, abs=1e-4)
            assert float(row["tile_y"]) == EXACT((low + high) / 2, abs=1e-4)


def test_speeds_are_possible_and_nobody_tests_without_a_device(tests):
    for rows in tests.values():
        for row in rows:
            down, up, latency, count, devices = (
                int(row[one])
                for one in ("avg_d_kbps", "avg_u_kbps", "avg_lat_ms", "tests", "devices")
            )
            assert 0 < up < 1e6
            assert 0 < down < 1e6
            assert 0 < latency < 2000
            assert 1 <= devices <= count


def test_tests_and_devices_add_up_by_the_middle_of_the_tile(tests, districts):
    for name, rows in tests.items():
        found = {}
        for code, border in districts.items():
            shapely.prepare(border)
            mine = [row for row in rows if border.contains(row["middle"])]
            sums = {one: sum(int(row[one]) for row in mine) for one in ("tests", "devices")}
            found[code] = {"tiles": len(mine), **sums}
        assert found == planted("broadband", name)
        sums = {one: sum(int(row[one]) for row in rows) for one in ("tests", "devices")}
        assert TRUTH["broadband"]["files"][name] == {"rows": len(rows), **sums}
        assert len(rows) > sum(one["tiles"] for one in found.values()) + 50, "tiles outside, too"


def test_one_district_stays_under_the_floor_however_its_tiles_are_shared_out(tests, districts):
    floor = TRUTH["broadband"]["floor_of_tests"]
    thin = TRUTH["broadband"]["below_the_floor_on_fixed_lines"]
    for names in ((FIXED[0],), (FIXED[1],), FIXED, ("ookla_movil_2025T4.csv",)):
        sums = Counter()
        for row in (row for name in names for row in tests[name]):
            tile = shapely.transform(shapely.from_wkt(row["tile"]), metres)
            for code, border in districts.items():
                if border.intersects(tile):
                    part = 1 if code == thin else border.intersection(tile).area / tile.area
                    sums[code] += int(row["tests"]) * part
        under = {code for code in districts if sums[code] < floor}
        assert under == ({thin} if names[0] in FIXED else set())


def test_some_tiles_of_the_city_were_never_tested_and_the_poor_test_least(tests, districts):
    whole = shapely.union_all(list(districts.values()))
    side = shapely.transform(shapely.from_wkt(tests[FIXED[0]][0]["tile"]), metres).area
    for name, rows in tests.items():
        tested = sum(whole.contains(row["middle"]) for row in rows)
        assert 0.6 < tested * side / whole.area < 0.95
        heads = dict.fromkeys(SIGNS, 0)
        for code, one in TRUTH["districts"].items():
            heads[one["type"]] += planted("broadband", name)[code]["tests"]
        assert min(heads, key=heads.get) == "neglected"


@pytest.mark.parametrize(
    ("name", "column", "indicator", "units"),
    [
        ("ookla_fijo_2025T4.csv", "avg_d_kbps", "fixed_down_mbps", 1000),
        ("ookla_fijo_2025T3.csv", "avg_lat_ms", "fixed_latency_ms", 1),
        ("ookla_movil_2025T4.csv", "avg_d_kbps", "mobile_down_mbps", 1000),
    ],
)
def test_tiles_scatter_round_the_true_speed_as_the_truth_says(
    tests, districts, name, column, indicator, units
):
    what = "latency_ms" if column == "avg_lat_ms" else "down_mbps"
    tile, device = (TRUTH["broadband"][f"{one}_spread"][what] for one in ("tile", "device"))
    true = {code: one["broadband"]["true"][indicator] for code, one in TRUTH["districts"].items()}
    scatter = []
    for code, border in districts.items():
        for row in tests[name]:
            if border.contains(row["middle"]):
                off = np.log(int(row[column]) / units / true[code])
                scatter.append(off / np.sqrt(tile**2 + device**2 / int(row["devices"])))
    assert len(scatter) > 120
    assert abs(np.mean(scatter)) < 3 / np.sqrt(len(scatter))
    assert np.std(scatter) == EXACT(1, abs=0.15)
    score = {"fixed_latency_ms": lambda ms: (100 - ms) / 90}.get(indicator, lambda mbps: mbps / 100)
    for code, one in TRUTH["districts"].items():
        assert (score(true[code]) > 0.5) == (SIGNS[one["type"]][1] > 0)


# ---------------------------------------------------------------- rasters
def test_rasters_cover_the_city_and_nest(outlines):
    west, south, east, north = outlines.total_bounds
    steps = {}
    for name in RASTERS:
        _, box = raster(name)
        assert box.left < west
        assert box.right > east
        assert box.bottom < south
        assert box.top > north
        with rasterio.open(DEMO / name) as source:
            steps[name] = source.res[0] * 3600, source.dtypes[0], source.nodata
    assert {name: (round(step, 9), *rest) for name, (step, *rest) in steps.items()} == {
        "amenaza_inundacion.tif": (1, "uint8", 255),
        "elevacion.tif": (1, "int16", -32768),
        "luces_nocturnas.tif": (15, "float32", -999),
        "ndvi.tif": (2, "int16", -32768),
        "poblacion_100m.tif": (3, "float32", -99999),
    }


def test_residents_of_the_raster_add_up_near_the_census_and_never_to_it(outlines):
    values, box = raster("poblacion_100m.tif")
    known = values[~np.isnan(values)]
    assert known.min() > 0
    assert known.sum() == EXACT(TRUTH["rasters"]["population_of_the_file"], rel=1e-9)
    assert np.isnan(values).any()
    found = zonal(values, box, outlines, "sum")["sum"]
    assert found == EXACT(planted("rasters", "population"), rel=1e-6)
    assert sum(found.values()) == EXACT(TRUTH["rasters"]["population"], rel=1e-6)
    for code, count in residents().items():
        assert 0.85 < found[code] / count < 1.15
        assert found[code] != EXACT(count, rel=1e-5)
    assert 1.005 < TRUTH["rasters"]["population"] / TRUTH["population"] < 1.03


def test_flood_zone_takes_its_share_of_land_and_of_people(outlines):
    flood, box = raster("amenaza_inundacion.tif")
    assert set(np.unique(flood[~np.isnan(flood)])) == {0, 1, 2, 3}
    zone = np.where(np.isnan(flood), np.nan, flood >= 2)
    assert zonal(zone, box, outlines, "mean")["mean"] == EXACT(
        planted("rasters", "flood_share"), abs=1e-6
    )
    people, same_box = raster("poblacion_100m.tif")
    assert same_box == EXACT(tuple(box))
    rows, columns = people.shape
    nested = np.nan_to_num(zone).reshape(rows, 3, columns, 3).sum(axis=(1, 3))
    exposed = zonal(people * nested / 9, box, outlines, "sum")["sum"]
    assert exposed == EXACT(planted("rasters", "exposed"), rel=1e-6, abs=1e-4)
    assert sum(exposed.values()) == EXACT(TRUTH["rasters"]["exposed"], rel=1e-6)
    by_river = {code for code, share in planted("rasters", "flood_share").items() if share > 0.2}
    assert {TRUTH["districts"][code]["name"] for code in by_river} >= {"La Alameda", "Las Acacias"}


def test_the_flood_plain_lies_along_the_river(osm):
    flood, box = raster("amenaza_inundacion.tif")
    to_degrees = Transformer.from_crs(32716, 4326, always_xy=True)
    for way in with_tag(osm, "waterway", "river"):
        lon, lat = to_degrees.transform(*shapely.get_coordinates(way.shape).T)
        row, column = (box.top - lat) * 3600, (lon - box.left) * 3600
        inside = (lon > box.left) & (lon < box.right) & (lat > box.bottom) & (lat < box.top)
        there = flood[row[inside].astype(int), column[inside].astype(int)]
        assert set(there[~np.isnan(there)]) <= {3}


def test_heights_rise_from_the_valley_to_the_hillsides_along_the_cable(osm, outlines):
    height, box = raster("elevacion.tif")
    assert not np.isnan(height).any()
    found = zonal(height, box, outlines, "mean")["mean"]
    assert found == EXACT(planted("rasters", "elevation_m"), rel=1e-6)
    floor = max(v for code, v in found.items() if TRUTH["districts"][code]["type"] == "integrated")
    hills = min(v for code, v in found.items() if TRUTH["districts"][code]["type"] == "neglected")
    assert hills > floor + 100

    def at(shape):
        lon, lat = Transformer.from_crs(32716, 4326, always_xy=True).transform(shape.x, shape.y)
        return height[int((box.top - lat) * 3600), int((lon - box.left) * 3600)]

    stations = [at(one.shape) for one in with_tag(osm, "aerialway", "station")]
    assert stations == sorted(stations)
    assert stations[-1] > stations[0] + 200


def test_lights_are_bright_where_streets_are_lit(outlines):
    light, box = raster("luces_nocturnas.tif")
    found = zonal(light, box, outlines, "mean", "sum")
    assert found["mean"] == EXACT(planted("rasters", "night_lights_mean"), rel=1e-6)
    assert found["sum"] == EXACT(planted("rasters", "night_lights_sum"), rel=1e-6)
    lit = truth_of("lit_street_share")
    codes = sorted(lit)
    both = np.corrcoef([lit[one] for one in codes], [found["mean"][one] for one in codes])
    assert both[0, 1] > 0.9


def test_vegetation_is_scaled_and_shifted_and_one_district_lies_under_clouds(outlines):
    with rasterio.open(DEMO / "ndvi.tif") as source:
        assert (source.scales, source.offsets) == ((0.0001,), (-0.2,))
    index, box = raster("ndvi.tif")
    assert -0.2 < np.nanmin(index) < np.nanmax(index) < 0.95
    share = zonal((~np.isnan(index)).astype(float), box, outlines, "mean")["mean"]
    assert share == EXACT(planted("rasters", "ndvi_known_share"), abs=1e-6)
    cells = np.where(np.isnan(index), -9999.0, index)
    source = NumPyRasterSource(cells, *box, nodata=-9999.0, srs_wkt=outlines.crs.to_wkt())
    found = exact_extract(source, outlines, ["mean"], include_cols=["code"], output="pandas")
    means = dict(zip(found["code"], found["mean"], strict=True))
    hidden = TRUTH["faults"]["district_under_clouds"]
    assert [code for code, known in share.items() if known < 0.5] == [hidden]
    assert 0.1 < share[hidden] < 0.3
    assert sum(0.5 < known < 0.999 for known in share.values()) >= 2
    expected = planted("rasters", "ndvi")
    assert expected.pop(hidden) is None
    assert {code: means[code] for code in expected} == EXACT(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [("shelters", "emergency", "assembly_point"), ("hospitals", "amenity", "hospital")],
)
def test_shelters_and_hospitals_stand_in_and_outside_the_flood_zone(
    osm, districts, name, key, value
):
    flood, box = raster("amenaza_inundacion.tif")
    to_degrees = Transformer.from_crs(32716, 4326, always_xy=True)
    ways = {one.id: one.shape for one in osm if one.kind == "w"}
    found = {code: Counter() for code in districts}
    for one in with_tag(osm, key, value):
        lines = [one.shape]
        if one.kind == "r":
            lines = [ways[ref] for _, ref, role in one.members if role == "outer"]
        points = np.concatenate([shapely.get_coordinates(line) for line in lines])
        middle = shapely.Point(points[0])
        if len(points) > 1:
            middle = shapely.Polygon(points).centroid
        home = [code for code, border in districts.items() if border.contains(middle)]
        for code in home:
            lon, lat = to_degrees.transform(middle.x, middle.y)
            wet = flood[int((box.top - lat) * 3600), int((lon - box.left) * 3600)] >= 2
            found[code].update({name: 1, f"{name}_in_zone": int(wet)})
    for count in (name, f"{name}_in_zone"):
        assert {code: found[code][count] for code in found} == planted("safety", count)
        assert TRUTH["safety"][count] == sum(planted("safety", count).values())
    assert 0 < TRUTH["safety"][f"{name}_in_zone"] < TRUTH["safety"][name]


# ---------------------------------------------------------------- the survey
@pytest.fixture(scope="module")
def survey():
    return {row["CODIGO"]: row for row in table("encuesta_percepcion.csv", "latin-1", ";")}


def standing(values):
    """Share of residents who are worse off, plus half of those alike."""
    people = residents()
    everyone = sum(people[code] for code in values)
    return {
        code: sum(
            people[other] * ((values[other] < mine) + 0.5 * (values[other] == mine))
            for other in values
        )
        / everyone
        for code, mine in values.items()
    }


def test_the_survey_is_latin_1_with_a_margin_of_error_for_every_item(survey):
    raw = (DEMO / "encuesta_percepcion.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError, match="invalid"):
        raw.decode("utf-8")
    assert {code: row["COMUNA"] for code, row in survey.items()} == {
        code: one["name"] for code, one in TRUTH["districts"].items()
    }
    for row in survey.values():
        for item in TRUTH["survey"]["items"]:
            share, margin, asked = percent(row[f"{item}_%"]), row[f"{item}_ME"], row[f"{item}_N"]
            assert 80 < int(asked) < 170
            exact = 1.96 * (share * (1 - share) / int(asked)) ** 0.5
            assert percent(margin) == EXACT(exact, abs=0.0006)


def test_perception_and_measurement_part_in_exactly_two_districts(survey):
    true = {
        "TRANSPORTE": None,  # recounted by the product, not here
        "SEGURIDAD": truth_of("lit_street_share"),
        "INTERNET": {
            code: one["broadband"]["true"]["fixed_down_mbps"]
            for code, one in TRUTH["districts"].items()
        },
    }
    planted_there = [(one["item"], one["district"]) for one in TRUTH["survey"]["disagreements"]]
    assert [item for item, _ in planted_there] == ["TRANSPORTE", "INTERNET"]
    assert len({code for _, code in planted_there}) == 2
    for item, measured in true.items():
        said = standing({code: percent(row[f"{item}_%"]) for code, row in survey.items()})
        if measured is not None:
            is_so = standing(measured)
            apart = [code for code in said if abs(said[code] - is_so[code]) > 0.5]
            assert apart == [code for what, code in planted_there if what == item]
    transport, internet = (survey[code] for _, code in planted_there)
    assert percent(transport["TRANSPORTE_%"]) < 0.1
    assert percent(internet["INTERNET_%"]) > 0.9
    thin = TRUTH["broadband"]["below_the_floor_on_fixed_lines"]
    assert thin not in {code for _, code in planted_there}


# ---------------------------------------------------------------- tables
def test_the_internet_table_is_latin_1_with_decimal_commas_and_two_rows_twice(internet, cells):
    raw = (DEMO / "internet_hogares.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError, match="invalid"):
        raw.decode("utf-8")
    times = Counter(tuple(row.values()) for row in internet)
    assert sorted(times.values())[-3:] == [1, 2, 2]
    known = {row["MANZANA"] for row in internet}
    absent = [tags["MANZANA"] for tags, _ in cells if tags["MANZANA"] not in known]
    assert absent == TRUTH["faults"]["cells_not_in_internet_table"]
    assert len(absent) == 3
    households = {tags["MANZANA"]: tags["HOGARES"] for tags, _ in cells}
    assert all(int(row["HOGARES"]) == households[row["MANZANA"]] for row in internet)


@pytest.mark.parametrize(
    ("indicator", "column"),
    [
        ("home_internet_share", "INTERNET_%"),
        ("computer_home_share", "COMPUTADORA_%"),
        ("mobile_phone_home_share", "CELULAR_%"),
    ],
)
def test_shares_of_households_add_up_to_the_truth(internet, indicator, column):
    having, households = defaultdict(float), defaultdict(int)
    for row in {row["MANZANA"]: row for row in internet}.values():
        if row[column]:
            for where in (row["MANZANA"][:2], "city"):
                having[where] += percent(row[column]) * int(row["HOGARES"])
                households[where] += int(row["HOGARES"])
    shares = {where: having[where] / households[where] for where in having}
    assert shares.pop("city") == EXACT(TRUTH["indicators"][indicator], abs=1e-8)
    assert shares == EXACT(truth_of(indicator), abs=1e-8)
    assert all(0 < one < 1 for one in shares.values())


def test_unmet_needs_add_up_to_the_truth(cells):
    need, households = Counter(), Counter()
    for tags, _ in cells:
        need[tags["COD"]] += tags["HOGARES_NBI"]
        households[tags["COD"]] += tags["HOGARES"]
    shares = {code: need[code] / households[code] for code in households}
    assert shares == EXACT(truth_of("unmet_needs_share"), abs=1e-8)
    city = sum(need.values()) / sum(households.values())
    assert city == EXACT(TRUTH["indicators"]["unmet_needs_share"], abs=1e-8)


def test_requests_join_by_plain_names_and_one_alias():
    assert (DEMO / "solicitudes_311.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    rows = table("solicitudes_311.csv", "utf-8-sig", ",")
    plain = str.maketrans("ÁÉÍÓÚÑ", "AEIOUN")
    aliases = TRUTH["faults"]["alias_in_311_table"]
    codes = {}
    for code, one in TRUTH["districts"].items():
        codes[aliases.get(one["name"], one["name"].upper().translate(plain))] = code
    assert sorted(codes) == [row["barrio"] for row in rows]
    people = residents()
    rates = {
        codes[row["barrio"]]: int(row["solicitudes"]) / people[codes[row["barrio"]]] * 1000
        for row in rows
    }
    assert rates == EXACT(truth_of("requests_311_per_1000"), abs=1e-6)
    assert aliases == {"Santa Lucía": "STA. LUCIA"}


def test_working_wifi_sites_are_counted_where_they_lie(districts):
    rows = table("wifi.csv", "utf-8", ",")
    assert Counter(row["estado"] for row in rows)["Fuera de servicio"] == 30
    working = [row for row in rows if row["estado"] == "Disponible"]
    points = [shapely.transform(shapely.from_wkt(row["WKT"]), metres) for row in working]
    sites, people = inside(points, districts), residents()
    assert len(points) - sum(sites.values()) == TRUTH["faults"]["wifi_outside_the_city"] == 2
    rates = {code: sites[code] / people[code] * 10_000 for code in sites}
    assert rates == EXACT(truth_of("wifi_per_10000"), abs=1e-6)
    assert len({row["id"] for row in rows}) == len(rows)


# ---------------------------------------------------------------- the timetable
@pytest.fixture(scope="module")
def gtfs():
    """Rows of every table of the timetable, as they stand."""
    with zipfile.ZipFile(DEMO / "valle_claro_gtfs.zip") as archive:
        texts = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    return {name[:-4]: list(csv.DictReader(text.splitlines())) for name, text in texts.items()}


def seconds(clock):
    hours, minutes, rest = map(int, clock.split(":"))
    return 3600 * hours + 60 * minutes + rest


@pytest.fixture(scope="module")
def calls(gtfs):
    """Rows of stop_times by trip."""
    found = defaultdict(list)
    for row in gtfs["stop_times"]:
        found[row["trip_id"]].append(row)
    return dict(found)


@pytest.fixture(scope="module")
def spots(gtfs):
    """Stops in the plane."""
    lonlat = np.array([(float(row["stop_lon"]), float(row["stop_lat"])) for row in gtfs["stops"]])
    return dict(zip([row["stop_id"] for row in gtfs["stops"]], metres(lonlat), strict=True))


def generator(name):
    """A module of the generator."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        return importlib.import_module(f"demo_city.{name}")
    finally:
        sys.path.remove(str(ROOT / "scripts"))


def test_the_archive_is_the_same_on_every_machine_and_says_that_it_is_fictitious(gtfs):
    with zipfile.ZipFile(DEMO / "valle_claro_gtfs.zip") as archive:
        assert b"ficticio" in archive.comment
        for member in archive.infolist():
            assert member.date_time == (2025, 1, 1, 0, 0, 0)
            assert (member.compress_type, member.create_system) == (zipfile.ZIP_STORED, 3)
        heads = {one: archive.read(one)[:3] for one in archive.namelist()}
    bom = [name for name, head in heads.items() if head == b"\xef\xbb\xbf"]
    assert bom == [TRUTH["faults"]["timetable_file_with_bom"]]
    assert "ficticio" in gtfs["agency"][0]["agency_name"]
    assert gtfs["feed_info"][0]["feed_version"] == "ficticio"


def test_routes_are_a_metro_a_cable_and_buses_both_ways(gtfs):
    kinds = Counter(row["route_type"] for row in gtfs["routes"])
    assert kinds == {"1": 1, "6": 1, "3": 18}
    ways = {(row["route_id"], row["direction_id"]) for row in gtfs["trips"]}
    assert ways == {(row["route_id"], way) for row in gtfs["routes"] for way in "01"}


def test_references_hold_and_times_never_fall(gtfs, calls):
    stops = {row["stop_id"]: row for row in gtfs["stops"]}
    trips = {row["trip_id"]: row for row in gtfs["trips"]}
    services = {row["service_id"] for name in ("calendar", "calendar_dates") for row in gtfs[name]}
    assert set(calls) == set(trips)
    assert len(trips) == len(gtfs["trips"])
    assert {row["service_id"] for row in trips.values()} == services
    assert {row["trip_id"] for row in gtfs["frequencies"]} <= set(trips)
    shapes = {row["shape_id"] for row in gtfs["shapes"]}
    assert {row["shape_id"] for row in trips.values()} - {""} == shapes
    for rows in calls.values():
        assert [int(row["stop_sequence"]) for row in rows] == list(range(1, len(rows) + 1))
        assert all(stops[row["stop_id"]]["location_type"] == "0" for row in rows)
        told = [row[when] for row in rows for when in ("arrival_time", "departure_time")]
        assert all(told[:2] + told[-2:])
        times = [seconds(one) for one in told if one]
        assert times == sorted(times)


def test_oddities_wait_for_a_careless_reader_of_the_timetable(gtfs, calls):
    faults = TRUTH["faults"]
    times = Counter(tuple(row.values()) for row in gtfs["stops"])
    assert [row[0] for row, count in times.items() if count > 1] == [faults["stop_listed_twice"]]
    served = {row["stop_id"] for rows in calls.values() for row in rows}
    idle = {row["stop_id"] for row in gtfs["stops"] if row["location_type"] == "0"} - served
    assert idle == {faults["stop_without_service"]}
    night = [rows for trip, rows in calls.items() if trip.startswith("N1-")]
    assert all(seconds(rows[-1]["arrival_time"]) > 86_400 for rows in night)
    blank = {trip for trip, rows in calls.items() if any(not r["arrival_time"] for r in rows)}
    far = {trip for trip, rows in calls.items() if all(r["shape_dist_traveled"] for r in rows)}
    routes = {row["trip_id"]: row["route_id"] for row in gtfs["trips"]}
    assert {routes[one] for one in blank} == {"106", "108"}
    assert {routes[one] for one in far} == {"108"}
    kinds = {routes[row["trip_id"]]: row["exact_times"] for row in gtfs["frequencies"]}
    assert {route for route, exact in kinds.items() if exact == "0"} == {"A", "K"}
    assert set(routes.values()) - set(kinds) == {"N1"}


def test_a_holiday_runs_as_a_sunday_and_a_fair_has_a_service_of_its_own(gtfs):
    week = {row["service_id"]: row for row in gtfs["calendar"]}
    days = [key for key in next(iter(week.values())) if key.endswith("day")]
    assert {one: "".join(row[day] for day in days) for one, row in week.items()} == {
        "LAB": "1111100",
        "SAB": "0000010",
        "DOM": "0000001",
    }
    changes = defaultdict(dict)
    for row in gtfs["calendar_dates"]:
        changes[row["date"]][row["service_id"]] = row["exception_type"]
    assert changes["20250501"] == changes["20251225"] == {"LAB": "2", "DOM": "1"}
    assert changes["20250517"] == changes["20250518"] == {"FERIA": "1"}
    assert TRUTH["transit"]["date"].replace("-", "") not in changes


def test_cable_and_metro_meet_in_one_station(gtfs, spots):
    stops = {row["stop_id"]: row for row in gtfs["stops"]}
    pairs = {(row["from_stop_id"], row["to_stop_id"]) for row in gtfs["transfers"]}
    assert pairs == {("M07", "K1"), ("K1", "M07")}
    assert {row["transfer_type"] for row in gtfs["transfers"]} == {"2"}
    stations = {stops[one]["parent_station"] for one in ("M07", "K1")}
    assert [stops[one]["location_type"] for one in stations] == ["1"]
    assert np.hypot(*(spots["M07"] - spots["K1"])) < 250


def test_stops_of_the_timetable_are_those_of_the_map(osm, spots):
    mapped = with_tag(osm, "highway", "bus_stop") + with_tag(osm, "public_transport", "station")
    tree = shapely.STRtree([one.shape for one in mapped])
    for stop, xy in spots.items():
        if stop[0] in "MKP":
            assert shapely.Point(xy).distance(mapped[tree.nearest(shapely.Point(xy))].shape) < 0.1


def test_vehicles_keep_a_pace_that_theirs_can_keep(gtfs, calls, spots):
    kind = {row["route_id"]: row["route_type"] for row in gtfs["routes"]}
    pace = defaultdict(list)
    for row in gtfs["trips"]:
        rows = calls[row["trip_id"]]
        xy = np.array([spots[one["stop_id"]] for one in rows])
        crow = np.hypot(*np.diff(xy, axis=0).T).sum()
        took = seconds(rows[-1]["arrival_time"]) - seconds(rows[0]["departure_time"])
        pace[kind[row["route_id"]]].append(3.6 * crow / took)
    assert all(28 < one < 35 for one in pace["1"])
    assert all(17.9 < one < 18.1 for one in pace["6"])
    assert all(6 < one < 17 for one in pace["3"])  # as the crow flies


def test_buses_run_often_in_the_valley_and_seldom_on_the_hillsides(gtfs):
    peak = {}
    for row in gtfs["frequencies"]:
        if seconds(row["start_time"]) <= 7 * 3600 < seconds(row["end_time"]):
            peak.setdefault(row["trip_id"].split("-")[0], int(row["headway_secs"]))
            assert row["trip_id"][-1] != "L" or 3600 % int(row["headway_secs"]) == 0
    assert peak["K"] == 120
    assert peak["A"] == 300
    listed = Counter()
    first = {row["trip_id"]: row for row in reversed(gtfs["stop_times"])}
    for row in gtfs["trips"]:
        if row["service_id"] == "LAB" and row["route_id"] in {"105", "106", "108"}:
            starts = seconds(first[row["trip_id"]]["departure_time"])
            listed[row["route_id"], row["direction_id"]] += 7 * 3600 <= starts < 8 * 3600
    hillsides = {"107", "109", "110"}
    assert {peak[one] for one in hillsides} == {1200}
    assert set(listed.values()) == {3}
    assert max(peak[one] for one in ("101", "102", "103", "104", "201", "202")) <= 600


def test_jobs_are_in_the_valley_and_round_the_airport(cells):
    jobs = Counter()
    for tags, _ in cells:
        jobs[TRUTH["districts"][tags["COD"]]["type"]] += tags["EMPLEOS"]
        assert tags["EMPLEOS"] >= 0
    assert sum(jobs.values()) == TRUTH["transit"]["jobs"] == EXACT(180_000, rel=0.01)
    assert jobs["integrated"] > 10 * jobs["neglected"]
    assert jobs["showcase"] > 5 * jobs["neglected"]


def test_the_cable_brings_jobs_to_a_hillside_and_hardly_any_to_the_valley():
    share = "jobs_transit_45min_share"
    with_it, without = planted("transit", share), planted("transit", f"{share}_without_cable")
    gain = {code: with_it[code] - without[code] for code in with_it}
    assert all(0 <= one <= 1 for one in (*with_it.values(), *gain.values()))
    most = [code for code, points in gain.items() if points > 0.05]
    assert "Ladera Norte" in {TRUTH["districts"][code]["name"] for code in most}
    assert {TRUTH["districts"][code]["type"] for code in most} == {"neglected"}
    valley = [code for code in gain if TRUTH["districts"][code]["type"] != "neglected"]
    assert max(gain[code] for code in valley) < 0.02
    people = residents()
    for name in TRUTH["transit"].keys() & TRUTH["districts"]["01"]["transit"].keys():
        values = planted("transit", name)
        mean = sum(values[code] * people[code] for code in people) / sum(people.values())
        assert TRUTH["transit"][name] == EXACT(mean, abs=1e-8)


def line_of_two(journeys):
    """A line between two stops, ten minutes long."""
    starts = np.arange(5 * 3600, 12 * 3600, 600)
    return journeys.Course(np.array([0, 1]), np.array([0, 600]), np.array([0, 600]), starts)


def walks_of_two(journeys):
    """Two homes, each near one of two stops."""
    never = journeys.NEVER
    near = np.array([[300, never], [never, 300]], dtype=np.int32)
    between = np.array([[0, never], [never, 0]], dtype=np.int32)
    return journeys.Walks(near, near.T, between, between)


@pytest.mark.parametrize(("within_s", "share"), [(1470, 1.0), (1469, 0.25)])
def test_a_ride_of_one_line_takes_its_walks_its_wait_and_itself(within_s, share):
    """Who waits 0 to 540 s in steps of a minute waits 270 s at the median departure."""
    journeys = generator("journeys")
    found = journeys.jobs_reached(
        [line_of_two(journeys)],
        walks_of_two(journeys),
        np.array([1, 3]),
        (7 * 3600, 8 * 3600),
        within_s,
    )
    assert found.tolist() == [share, 0.75]  # there, and nothing goes back


def test_changing_waits_for_the_next_vehicle_and_walks_once():
    """0 -> 1 in 600 s, 60 s on foot to 2, and on to 3 by the next vehicle of every ten minutes."""
    journeys, never = generator("journeys"), 10**6
    on = journeys.Course(
        np.array([2, 3]), np.array([0, 300]), np.array([0, 300]), np.arange(5 * 3600, 40_000, 600)
    )
    to_stop = np.array([[0, never, never, never], [never, never, never, 120]], dtype=np.int32)
    change = np.where(np.eye(4), 0, never).astype(np.int32)
    change[1, 2] = 60
    direct = np.where(np.eye(2), 0, never).astype(np.int32)
    walks = journeys.Walks(to_stop, to_stop.T, change, direct)
    courses = [line_of_two(journeys), on]
    # wait w to board at a full ten minutes, 600 s, then 600 s until the next but one, 300 s, 120 s
    median = 270 + 600 + 600 + 300 + 120
    for within, share in ((median, 1.0), (median - 1, 0.0)):
        found = journeys.jobs_reached(
            courses, walks, np.array([0, 5]), (7 * 3600, 8 * 3600), within
        )
        assert found.tolist() == [share, 1.0]
    change[1, 2] = never
    found = journeys.jobs_reached(courses, walks, np.array([0, 5]), (7 * 3600, 8 * 3600), 5400)
    assert found.tolist() == [0.0, 1.0]


def test_walks_up_take_as_long_as_tobler_says_and_straight_along_one_street():
    streets = generator("streets")
    xy = np.array([(0.0, 0.0), (100.0, 0.0), (200.0, 0.0)])
    none = np.array([-1, -1])
    line = streets.Streets(
        xy,
        None,
        None,
        None,
        np.array([0, 1]),
        np.array([1, 2]),
        none,
        none,
        none,
        np.array(["residential", "residential"]),
    )
    points = shapely.points([(10, 5), (60, 5), (150, 0)])
    toil = np.array([[2.0, 1.0], [1.0, 3.0]])  # twice as long there on the first, thrice back
    found = streets.walks_between(line, points, toil, 5000.0)
    assert found == EXACT(np.array([[0, 110, 235], [60, 0, 135], [245, 195, 0]]))


# ---------------------------------------------------------------- the map
@pytest.mark.parametrize(
    ("indicator", "rules", "heads"),
    [
        (
            "waste_points_per_1000",
            {"amenity": ("recycling", "waste_disposal"), "access": (None,)},
            1000,
        ),
        ("cctv_per_1000", {"man_made": ("surveillance",), "surveillance": ("public",)}, 1000),
        ("air_stations_per_100k", {"monitoring:air_quality": ("yes",)}, 100_000),
        ("charging_per_1000", {"amenity": ("charging_station",), "access": (None,)}, 1000),
        ("internet_venues_per_10000", {"amenity": ("internet_cafe",)}, 10_000),
    ],
)
def test_services_a_head_are_counted_on_the_map(osm, districts, indicator, rules, heads):
    points = [
        one.shape
        for one in osm
        if all(one.tags.get(key) in values for key, values in rules.items())
    ]
    counts, people = inside(points, districts), residents()
    assert sum(counts.values()) == len(points)
    rates = {code: counts[code] / people[code] * heads for code in counts}
    assert rates == EXACT(truth_of(indicator), abs=1e-6)
    city = len(points) / sum(people.values()) * heads
    assert city == EXACT(TRUTH["published"][indicator], abs=1e-6)


def test_public_wifi_of_the_map_is_counted_apart(osm, districts):
    counts = inside([one.shape for one in with_tag(osm, "internet_access", "wlan")], districts)
    assert counts == {code: one["osm_wifi_sites"] for code, one in TRUTH["districts"].items()}


@pytest.mark.parametrize(
    ("indicator", "tag", "yes"),
    [
        ("lit_street_share", "lit", {"yes", "24/7", "limited"}),
        ("sidewalk_share", "sidewalk", {"both", "left", "right", "yes", "separate"}),
    ],
)
def test_tagged_street_lengths_are_measured_inside_districts(osm, districts, indicator, tag, yes):
    tagged = [one for one in osm if "highway" in one.tags and tag in one.tags]
    shares = {}
    for code, border in districts.items():
        shapely.prepare(border)
        near = [one for one in tagged if border.intersects(one.shape)]
        length = [one.shape.intersection(border).length for one in near]
        with_it = [m for one, m in zip(near, length, strict=True) if one.tags[tag] in yes]
        shares[code] = sum(with_it) / sum(length)
        whole = sum(
            one.shape.intersection(border).length
            for one in with_tag(osm, "highway", *WALKED)
            if border.intersects(one.shape)
        )
        assert sum(length) > 0.25 * whole, "enough is known to say something"
    assert shares == EXACT(truth_of(indicator), abs=1e-6)
    people = residents()
    mean = sum(shares[code] * people[code] for code in shares) / sum(people.values())
    assert mean == EXACT(TRUTH["published"][indicator], abs=1e-6)


def test_live_displays_are_counted_at_stops(osm, districts):
    stops = with_tag(osm, "highway", "bus_stop")
    told = {
        answer: inside([one.shape for one in with_tag(stops, DISPLAY, answer)], districts)
        for answer in ("yes", "no")
    }
    for code, share in truth_of("realtime_stop_share").items():
        asked = told["yes"][code] + told["no"][code]
        assert (told["yes"][code] / asked if asked else None) == EXACT(share)
    assert any(DISPLAY not in one.tags for one in stops)


def test_ids_are_sorted_and_every_reference_is_there(osm):
    ids = {kind: [one.id for one in osm if one.kind == kind] for kind in "nwr"}
    assert all(numbers == sorted(set(numbers)) for numbers in ids.values())
    there = {kind: set(numbers) for kind, numbers in ids.items()}
    for one in osm:
        if one.kind == "w":
            assert set(one.members) <= there["n"]
        for member in one.members if one.kind == "r" else []:
            assert member[1] in there[member[0]]


def test_services_come_as_nodes_as_closed_ways_and_as_areas_with_a_hole(osm):
    schools = with_tag(osm, "amenity", "school")
    assert {one.kind for one in schools} == {"n", "w"}
    assert all(one.shape.is_closed for one in schools if one.kind == "w")
    areas = {
        one.tags.get("amenity") or one.tags.get("leisure"): [role for *_, role in one.members]
        for one in with_tag(osm, "type", "multipolygon")
    }
    roles = ["outer", "outer", "inner"]
    assert areas == {"hospital": roles, "university": roles, "park": roles}


def test_every_kind_of_service_and_street_is_mapped(osm):
    there = {f"{key}={value}" for one in osm for key, value in one.tags.items()}
    wanted = """
        amenity=hospital amenity=clinic amenity=pharmacy amenity=police amenity=recycling
        amenity=waste_disposal emergency=defibrillator man_made=surveillance amenity=school
        amenity=kindergarten amenity=university amenity=library amenity=bank amenity=atm
        amenity=townhall office=government amenity=community_centre amenity=post_office
        leisure=sports_centre leisure=pitch amenity=marketplace shop=supermarket leisure=park
        leisure=garden place=square landuse=grass landuse=forest natural=wood
        internet_access=wlan amenity=internet_cafe office=coworking information=terminal
        amenity=bicycle_rental amenity=charging_station vending=public_transport_tickets
        tactile_paving=yes highway=street_lamp highway=motorway highway=service conveying=yes
        foot=designated cycleway=lane cycleway=no surface=asphalt oneway=yes railway=subway
        aerialway=gondola route=bus route=subway route=aerialway boundary=administrative
    """
    assert set(wanted.split()) - there == set()
    assert {f"highway={kind}" for kind in WALKED} <= there


def test_streets_meet_at_junctions_and_hang_together(osm):
    closed = {"private"}
    parent: dict[int, int] = {}

    def root(node):
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    walked = [
        one for one in with_tag(osm, "highway", *WALKED) if one.tags.get("access") not in closed
    ]
    for way in walked:
        for one, other in zip(way.members, way.members[1:], strict=False):
            parent[root(one)] = root(other)
    assert len({root(node) for node in list(parent)}) == 1
    shared = Counter(node for way in walked for node in set(way.members))
    assert sum(times > 1 for times in shared.values()) > 2000
    motorway = with_tag(osm, "highway", "motorway")
    assert not {node for way in motorway for node in way.members} & set(parent)
    assert not any({"lit", "sidewalk"} & set(way.tags) for way in motorway)


def test_stairs_and_escalators_climb_the_neglected_hillsides(osm, districts):
    steps = with_tag(osm, "highway", "steps")
    moving = with_tag(steps, "conveying", "yes")
    assert 1 <= len(moving) < len(steps)
    for way in steps:
        code = next(c for c, one in districts.items() if one.intersects(way.shape.centroid))
        assert TRUTH["districts"][code]["type"] == "neglected"


def test_traps_wait_for_a_careless_reader(osm):
    named = {one.tags.get("name"): one.tags for one in osm}
    assert named["Escuela El Parqueo"]["amenity"] == "parking"
    assert "amenity" not in named["Antigua Clínica"]
    assert any(one.tags.get("access") == "private" for one in with_tag(osm, "leisure", "garden"))
    assert len(with_tag(osm, "surveillance", "indoor")) == 1
    twice = with_tag(osm, "name", "Escuela Doble")
    assert {one.kind for one in twice} == {"n", "w"}
    node, way = sorted(twice, key=lambda one: one.kind)
    assert shapely.Polygon(way.shape).contains(node.shape)


def test_the_neighbour_has_services_within_reach_and_one_hospital_beyond(osm, districts):
    city = shapely.union_all(list(districts.values()))
    away = [one.shape.distance(city) for one in with_tag(osm, "amenity", "hospital") if one.shape]
    assert sum(0 < one < 1600 for one in away) == 1
    assert sum(one > 1600 for one in away) == 1


def test_routes_have_an_interval_and_call_at_stops(osm):
    by_id = {(one.kind, one.id): one for one in osm}
    routes = with_tag(osm, "type", "route")
    assert Counter(one.tags["route"] for one in routes)["subway"] == 1
    assert Counter(one.tags["route"] for one in routes)["aerialway"] == 1
    assert len(with_tag(osm, "route", "bus")) == 24
    called = set()
    for route in routes:
        hours, minutes = map(int, route.tags["interval"].split(":"))
        assert 0 < 60 * hours + minutes <= 30
        stops = [by_id[kind, ref] for kind, ref, role in route.members if role]
        assert stops
        assert any(kind == "w" for kind, *_ in route.members)
        called |= {one.id for one in stops}
    assert {one.id for one in with_tag(osm, "highway", "bus_stop")} <= called
    assert {one.id for one in with_tag(osm, "public_transport", "station")} <= called


def mean(values):
    return sum(values) / len(values)


def ways_of(osm, districts, key, *values):
    """Ways with a tag by the district that they lie in."""
    tree, codes = shapely.STRtree(list(districts.values())), list(districts)
    ways, found = [one for one in with_tag(osm, key, *values) if one.kind == "w"], {}
    for number, where in tree.query([one.shape for one in ways], predicate="within").T.tolist():
        found.setdefault(codes[where], []).append(ways[number])
    return found


def test_streets_are_described_less_where_people_are_poor(osm, districts):
    kinds = {"integrated": [], "neglected": []}
    for code, ways in ways_of(osm, districts, "highway", "residential").items():
        kinds.get(TRUTH["districts"][code]["type"], []).extend(ways)
    for tag in ("name", "surface", "lit"):
        rich, poor = ([tag in one.tags for one in ways] for ways in kinds.values())
        assert mean(rich) > mean(poor) + 0.2


def test_the_map_is_old_and_by_few_hands_where_it_is_thinned(osm, districts):
    ways = ways_of(osm, districts, "highway", *WALKED)
    told = {
        code: (mean([one.version for one in mine]), mean([one.year for one in mine]),
               len({one.user for one in mine}))
        for code, mine in ways.items()
    }  # fmt: skip
    thin = {code for code, one in TRUTH["districts"].items() if one["thinned"]}
    assert thin == {"11", "12", "24"}
    for code in thin:
        for other in set(told) - thin:
            assert told[code][0] < 0.6 * told[other][0]
            assert told[code][1] < told[other][1] - 1.5
            assert told[code][2] < 0.4 * told[other][2]


def test_every_resident_has_a_home_drawn_but_where_the_map_is_thinned(osm, districts, cells):
    drawn = ways_of(osm, districts, "building", "yes")
    homes = Counter()
    for tags, _ in cells:
        homes[tags["COD"]] += -(-tags["POBLACION"] // 120)
    for code, one in TRUTH["districts"].items():
        share = len(drawn[code]) / homes[code]
        if one["thinned"]:
            assert share < one["kept"]["buildings"] + 0.02
        else:
            assert 0.95 < share < 1.05  # services have houses, too, and some stand on the border


def test_what_is_thinned_is_told_with_the_share_that_is_left():
    for one in TRUTH["districts"].values():
        same = one["published"] == one["indicators"]
        assert same is (one["kept"] is None) is not one["thinned"]
        if one["thinned"]:
            kept = one["kept"]
            assert 0.1 < kept["services"] < 0.15
            assert kept["buildings"] < 0.35
            assert 0.45 < kept["minor_streets"] < 0.55
            assert one["type"] in {"integrated", "showcase"}
            for name in ("cctv_per_1000", "charging_per_1000", "waste_points_per_1000"):
                assert one["published"][name] < 0.3 * one["indicators"][name]
            assert one["published"]["wifi_per_10000"] == one["indicators"]["wifi_per_10000"]


# ---------------------------------------------------------------- what the product makes of it
def assessed(folder, *options):
    """Truth and summary of a city that is made, and then assessed without its truth."""
    import geoequity as ge  # noqa: PLC0415 - slow to import, and only these tests need it

    make(folder, *options)
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    (folder / "truth.json").unlink()
    shutil.copy(DEMO / "city.toml", folder)
    return truth, ge.assess(ge.City.from_toml(folder / "city.toml")).summary


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")
@pytest.mark.parametrize("effect", ["small", "medium", "large"])
@pytest.mark.parametrize("seed", range(2, 22))
def test_planted_types_and_exact_values_are_recovered(tmp_path, seed, effect):
    truth, summary = assessed(tmp_path, "--seed", str(seed), "--effect", effect)
    types = {code: one["type"] for code, one in summary["districts"].items()}
    mapped = [code for code, one in truth["districts"].items() if not one["thinned"]]
    assert len(mapped) == 21
    right = [code for code in mapped if types[code] == truth["districts"][code]["type"]]
    assert len(right) >= 0.9 * len(mapped)
    assert [types[code] for code in mapped].count("uncertain") <= len(mapped) / 4
    for name, value in truth["published"].items():
        assert summary["indicators"][name]["mean"] == EXACT(value, rel=1e-6), name


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")
@pytest.mark.parametrize("seed", range(2, 22))
def test_a_near_equal_city_has_no_material_gap(tmp_path, seed):
    _, summary = assessed(tmp_path, "--seed", str(seed), "--near-equal")
    assert summary["types"]["basis"] == "no_material_gap"
    assert summary["types"]["neglected"]["districts"] == []
