"""The demo city's tiles, rasters, survey and groups: what was planted is found."""

import json
import re
import shutil
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely

import geoequity as ge
from geoequity.errors import DataWarning
from geoequity.gridded import values_of_rasters
from geoequity.sources.files import Record
from geoequity.sources.spec import Origin, RasterSpec
from geoequity.study import Study

DEMO = Path(__file__).parents[1] / "data" / "demo"
SPEEDS = ("fixed_down_mbps", "fixed_latency_ms", "mobile_down_mbps")
FIXED_FIGURES = ("value", "mean", "median", "estimate", "low", "high", "tests", "devices", "tiles")
HIDDEN = "18"  # below the floor of tests on fixed lines


@pytest.fixture(scope="module")
def truth() -> dict:
    return json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def blocks() -> gpd.GeoDataFrame:
    """The census blocks as they were published, in degrees."""
    return gpd.read_file(DEMO / "manzanas.geojson").set_index("MANZANA")


@pytest.fixture(scope="module")
def saved(demo_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ge.outputs.save(demo_study, tmp_path_factory.mktemp("saved") / "demo")


def planted(truth: dict, block: str, key: str) -> pd.Series:
    """One planted quantity by district; NaN where it is unknown."""
    values = {code: one[block][key] for code, one in truth["districts"].items()}
    return pd.Series(values, dtype=float)


def people_of(study: Study, column: str) -> pd.Series:
    return study.cells[column].where(study.cells["district_id"].notna())


def pixels(file: str, bounds: tuple[float, ...]) -> gpd.GeoDataFrame:
    """The cells of a raster round a place, one polygon each, unknown ones left out."""
    with rasterio.open(DEMO / file) as raster:
        window = rasterio.windows.from_bounds(*bounds, transform=raster.transform)
        window = rasterio.windows.Window(
            int(window.col_off), int(window.row_off), int(window.width) + 3, int(window.height) + 3
        )
        values = raster.read(1, window=window, masked=True)
        move = raster.transform
    rows, columns = np.nonzero(~np.ma.getmaskarray(values))
    west = move.c + (columns + window.col_off) * move.a
    north = move.f + (rows + window.row_off) * move.e
    squares = shapely.box(west, north + move.e, west + move.a, north)
    return gpd.GeoDataFrame({"value": values.data[rows, columns]}, geometry=squares, crs=4326)


# ---------------------------------------------------------------- rasters
@pytest.mark.parametrize("district", ["10", HIDDEN])
def test_exposed_people_are_those_of_the_flooded_land_of_their_block(
    demo_study: Study, blocks: gpd.GeoDataFrame, district: str
) -> None:
    ours = blocks[blocks["COD"] == district]
    cells = pixels("amenaza_inundacion.tif", ours.total_bounds)
    cells = cells[cells["value"] != 255]
    pieces = gpd.overlay(ours.reset_index()[["MANZANA", "geometry"]], cells, keep_geom_type=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # areas in degrees: only their shares matter
        pieces["area"] = pieces.area
    wet = pieces["area"].where(pieces["value"].isin([2, 3]), 0.0).groupby(pieces["MANZANA"]).sum()
    share = wet / pieces.groupby("MANZANA")["area"].sum()
    people = ours["POBLACION"].reindex(share.index)
    expected = (share * people).sum() / people.sum()
    found = demo_study.indicators.loc[district, "hazard_exposed_share"]
    assert found == pytest.approx(expected, abs=1e-5)
    of_cells = demo_study.cell_indicators["hazard_exposed_share"].reindex(share.index)
    np.testing.assert_allclose(of_cells, share, atol=1e-4)


def test_exposure_agrees_with_that_of_the_people_of_the_raster(
    demo_study: Study, truth: dict
) -> None:
    """The planted share counts other people, spread otherwise: near, and nil where it is nil."""
    other = planted(truth, "rasters", "exposed") / planted(truth, "rasters", "population")
    found = demo_study.indicators["hazard_exposed_share"]
    assert (found - other).abs().max() < 0.01
    assert found[["01", "03", "19", "24"]].tolist() == [0, 0, 0, 0]  # measured zero, not unknown


def test_districts_alone_get_the_planted_values_of_rasters(demo_study: Study, truth: dict) -> None:
    files = {
        "hazard": ("amenaza_inundacion.tif", {"classes": {"flood": (2.0, 3.0)}}),
        "elevation": ("elevacion.tif", {}),
        "ndvi": ("ndvi.tif", {}),
        "night_lights": ("luces_nocturnas.tif", {}),
    }
    specs = [
        (
            RasterSpec(path=(DEMO / name,), kind=kind, **more),
            Record(name=f"rasters.{kind}", path=DEMO / name, origin=Origin()),
        )
        for kind, (name, more) in files.items()
    ]
    found = values_of_rasters(specs, districts=demo_study.districts, cells=None)
    wanted = {
        "hazard_exposed_share": ("flood_share", 1e-6),
        "elevation_m": ("elevation_m", 1e-3),
        "ndvi": ("ndvi", 1e-6),
        "night_lights_per_1000": ("night_lights_sum", 1e-4),
    }
    assert set(found) == set(wanted)
    for key, (name, tolerance) in wanted.items():
        np.testing.assert_allclose(
            found[key].value, planted(truth, "rasters", name), rtol=0, atol=tolerance
        )
    assert [key for key, one in found.items() if one.is_count] == ["night_lights_per_1000"]


def test_the_district_under_clouds_is_unknown_not_zero(demo_study: Study, truth: dict) -> None:
    clouded = truth["faults"]["district_under_clouds"]
    greenness = demo_study.indicators["ndvi"]
    assert greenness.index[greenness.isna()].tolist() == [clouded]
    people = demo_study.districts["population"]
    coverage = demo_study.summary["indicators"]["ndvi"]["coverage"]
    assert coverage <= 1 - people[clouded] / people.sum()
    assert coverage > 0.9


def test_night_lights_add_up_to_the_planted_sums(demo_study: Study, truth: dict) -> None:
    people = demo_study.districts["population"]
    sums = demo_study.indicators["night_lights_per_1000"] * people / 1000
    wanted = planted(truth, "rasters", "night_lights_sum")
    assert sums.sum() == pytest.approx(wanted.sum(), rel=1e-6)
    np.testing.assert_allclose(sums, wanted, rtol=0.005)  # a few blocks straddle the border


def test_elevation_and_greenness_of_homes_are_near_those_of_the_land(
    demo_study: Study, truth: dict
) -> None:
    for key, tolerance in (("elevation_m", 15), ("ndvi", 0.01)):
        apart = demo_study.indicators[key] - planted(truth, "rasters", key)
        assert apart.abs().max() < tolerance


# ---------------------------------------------------------------- people by raster
def on_grid(folder: Path, more: str) -> Study:
    """Assess the demo's districts, with other cells and nothing else."""
    for name in ("districts.geojson", "poblacion_100m.tif"):
        shutil.copy(DEMO / name, folder)
    text = (DEMO / "city.toml").read_text(encoding="utf-8")
    kept = [
        one for one in re.split(r"(?m)^(?=\[)", text) if re.match(r"#|\[(city|sourc|distr)", one)
    ]
    (folder / "city.toml").write_text("".join(kept) + more, encoding="utf-8")
    with pytest.warns(DataWarning):
        return ge.assess(ge.City.from_toml(folder / "city.toml"))


@pytest.mark.parametrize("grid", ["h3:9", "grid:250"])
def test_people_by_raster_are_exact_whatever_the_grid(
    truth: dict, tmp_path: Path, grid: str
) -> None:
    cells = f'[cells]\npath = "{grid}"\npopulation = "poblacion_100m.tif"\nsource = "demo"\n'
    study = on_grid(tmp_path, cells)
    people = study.districts["population"]
    assert people.sum() == pytest.approx(truth["rasters"]["population"], rel=1e-6)
    np.testing.assert_allclose(people, planted(truth, "rasters", "population"), rtol=1e-6)
    outside = study.summary["population"]["outside"]
    assert study.cells["population"].sum() == pytest.approx(people.sum() + outside)
    assert 0 < outside < truth["rasters"]["population_of_the_file"] - people.sum()


def test_people_by_raster_are_raked_to_the_count_of_the_blocks(
    blocks: gpd.GeoDataFrame, truth: dict, tmp_path: Path
) -> None:
    census = blocks.groupby("COD")["POBLACION"].sum()
    census.to_csv(tmp_path / "censo.csv")
    cells = '[cells]\npath = "grid:250"\npopulation = "poblacion_100m.tif"\nrake = true\n'
    table = (
        '[[tables]]\npath = "censo.csv"\nkey = "COD"\n'
        'columns.population = { column = "POBLACION", unit = "count" }\n'
    )
    study = on_grid(tmp_path, cells + table)
    assert study.districts["population"].to_dict() == census.to_dict()
    by_district = study.cells.groupby("district_id")["population"].sum()
    assert by_district.to_dict() == pytest.approx(census.to_dict())
    sources = {one["name"]: one for one in study.provenance["sources"]}
    raked = sources["rasters.population"]["raked"]
    assert raked["before"] == pytest.approx(truth["rasters"]["population"], rel=1e-6)
    assert raked["after"] == pytest.approx(census.sum())
    factors = census / planted(truth, "rasters", "population")
    ends = [raked["lowest_factor"], raked["highest_factor"]]
    assert ends == pytest.approx([factors.min(), factors.max()], rel=1e-6)


# ---------------------------------------------------------------- broadband
def test_true_speeds_lie_in_nine_intervals_of_ten(demo_study: Study, truth: dict) -> None:
    """All 70 together: of 24 alone, as few as 19 lie inside about once in ten cities."""
    inside = []
    for quantity in SPEEDS:
        ends = demo_study.broadband[[f"{quantity}_value_low", f"{quantity}_value_high"]].dropna()
        true = [truth["districts"][one]["broadband"]["true"][quantity] for one in ends.index]
        assert len(ends) == (23 if quantity.startswith("fixed") else 24)
        inside += ((ends.iloc[:, 0] <= true) & (true <= ends.iloc[:, 1])).tolist()
    assert 0.85 <= np.mean(inside) <= 0.97


def test_intervals_differ_in_width_with_the_tests(demo_study: Study) -> None:
    table = demo_study.broadband.drop(index=HIDDEN)
    width = np.log(table["fixed_down_mbps_value_high"] / table["fixed_down_mbps_value_low"])
    assert width.max() > 1.3 * width.min()  # no fixed percentage
    assert width.corr(table["fixed_down_mbps_tests"], method="spearman") < 0


def test_tests_by_district_are_those_planted(demo_study: Study, truth: dict) -> None:
    """The planted ones belong where the middle of their tile lies; ours are cut at borders."""
    wanted = sum(
        pd.Series({code: one["broadband"][f"ookla_fijo_2025T{n}.csv"]["tests"]
                   for code, one in truth["districts"].items()})
        for n in (3, 4)
    ).drop(HIDDEN)  # fmt: skip
    found = demo_study.broadband["fixed_down_mbps_tests"].drop(HIDDEN)
    assert found.sum() == pytest.approx(wanted.sum(), rel=0.05)
    assert found.corr(wanted.astype(float)) > 0.8


def test_a_suppressed_district_leaves_no_figure(demo_study: Study) -> None:
    table = demo_study.broadband
    assert table["fixed_down_mbps_suppressed"][lambda one: one].index.tolist() == [HIDDEN]
    assert not table["mobile_down_mbps_suppressed"].any()
    figures = [
        one for one in table.columns if one.startswith("fixed_") and one.endswith(FIXED_FIGURES)
    ]
    assert len(figures) == 3 * 18
    assert table.loc[HIDDEN, figures].isna().all()
    assert table.drop(index=HIDDEN)[figures].notna().all(axis=None)
    derived = ["fixed_under_25_3_share", "fixed_under_100_20_share", "fixed_over_100_ms_share"]
    hidden = [*derived, "fixed_down_mbps", "fixed_latency_ms"]
    assert demo_study.indicators.loc[HIDDEN, hidden].isna().all()
    assert demo_study.indicators.drop(index=HIDDEN)[hidden].notna().all(axis=None)
    assert demo_study.scores.loc[HIDDEN, ["fixed_down_mbps", "fixed_latency_ms"]].isna().all()
    spoken = demo_study.intervals[demo_study.intervals["unit_id"] == HIDDEN]
    known = spoken.dropna(subset=["low", "high"], how="all")
    assert known["indicator"].tolist() == ["mobile_down_mbps"]
    assert not set(hidden) & set(demo_study.cell_indicators.columns)


def numbers_under(value: object, key: str) -> list[object]:
    """Find everything that stands in a district's part of the summary under a name."""
    if isinstance(value, dict):
        found = [one for name, one in value.items() if str(name).startswith(key)]
        return found + [one for each in value.values() for one in numbers_under(each, key)]
    if isinstance(value, list):
        return [one for each in value for one in numbers_under(each, key)]
    return []


def test_files_do_not_tell_what_is_suppressed(saved: Path) -> None:
    summary = json.loads((saved / "summary.json").read_text(encoding="utf-8"))
    district = summary["districts"][HIDDEN]
    assert numbers_under(district, "fixed_") == []
    assert not [one for one in (*district["strengths"], *district["gaps"]) if "fixed_" in one]
    for key, told in summary["indicators"].items():
        if key.startswith("fixed_") and key != "fixed_untested_share":
            assert HIDDEN not in (told["min_district"], told["max_district"])
    said = [one["district"] for one in summary["perception"]["internet_satisfied"]["disagree"]]
    assert HIDDEN not in said  # nothing to set the answers against
    table = pd.read_csv(saved / "indicators.csv", dtype={"unit_id": str})
    here = table[(table["unit_id"] == HIDDEN) & table["indicator"].str.startswith("fixed_")]
    figures = here.set_index("indicator")[["value", "score", "low", "high"]].dropna(how="all")
    assert figures.index.tolist() == ["fixed_untested_share"]  # counts people, tells no speed


def test_untested_people_live_where_no_tile_was_tested(
    demo_study: Study, blocks: gpd.GeoDataFrame
) -> None:
    """The same by points: a fine mesh of every block, looked up in the tiles of the files."""
    files = [DEMO / f"ookla_fijo_2025T{n}.csv" for n in (3, 4)]
    rows = pd.concat([pd.read_csv(one, dtype={"quadkey": str}) for one in files])
    tested = set(rows["quadkey"][rows["tests"] > 0])
    ours = blocks[blocks["COD"] == HIDDEN]
    rng = np.random.default_rng(1)
    west, south, east, north = ours.total_bounds
    spots = gpd.GeoSeries.from_xy(
        rng.uniform(west, east, 40_000), rng.uniform(south, north, 40_000), crs=4326
    )
    at, block = ours.sindex.query(spots, predicate="within")
    x = ((spots.x[at] + 180) / 360 * 2**16).astype(int).to_numpy()
    angle = np.radians(spots.y[at])
    y = ((1 - np.arcsinh(np.tan(angle)) / np.pi) / 2 * 2**16).astype(int).to_numpy()
    digits = [
        "".join(str((column >> bit & 1) + 2 * (row >> bit & 1)) for bit in range(15, -1, -1))
        for column, row in zip(x, y, strict=True)
    ]
    missed = pd.Series([one not in tested for one in digits]).groupby(block).mean()
    people = ours["POBLACION"].to_numpy()[missed.index]
    expected = np.average(missed, weights=people)
    found = demo_study.indicators.loc[HIDDEN, "fixed_untested_share"]
    assert found == pytest.approx(expected, abs=0.02)


# ---------------------------------------------------------------- survey
def test_exactly_the_planted_disagreements_are_found(demo_study: Study, truth: dict) -> None:
    found = demo_study.summary["perception"]
    item_of = {"TRANSPORTE": "transport_satisfied", "INTERNET": "internet_satisfied"}
    wanted = {(item_of[one["item"]], one["district"]) for one in truth["survey"]["disagreements"]}
    assert len(wanted) == 2
    told = {(key, each["district"]) for key, one in found.items() for each in one["disagree"]}
    # Where the map is thinned, people praise what nobody has drawn
    thinned = {code for code, one in truth["districts"].items() if one["thinned"]}
    assert {one for one in told if one[1] not in thinned} == wanted
    assert wanted <= told


def test_answers_are_those_of_the_file(demo_study: Study) -> None:
    rows = pd.read_csv(
        DEMO / "encuesta_percepcion.csv", sep=";", decimal=",", encoding="latin-1",
        dtype={"CODIGO": str},
    ).set_index("CODIGO")  # fmt: skip
    found = demo_study.summary["perception"]["feels_safe"]
    people = demo_study.districts["population"]
    assert found["mean"] == pytest.approx(np.average(rows["SEGURIDAD_%"] / 100, weights=people))
    assert found["n"] == rows["SEGURIDAD_N"].sum()
    factor = 1.6448536269514722 / 1.959963984540054  # from 95 to 90 per cent
    one, row = found["districts"]["07"], rows.loc["07"]
    assert one["value"] == pytest.approx(row["SEGURIDAD_%"] / 100)
    half = row["SEGURIDAD_ME"] / 100 * factor
    assert one["sampling"]["high"] - one["value"] == pytest.approx(half)


# ---------------------------------------------------------------- groups
GROUPS = {
    "children": "POB_6_17",
    "older": "POB_65_MAS",
    "informal": "POB_INFORMAL",
    "low_income": "POB_INGRESO_BAJO",
    "high_income": "POB_INGRESO_ALTO",
}


@pytest.mark.parametrize("group", GROUPS)
def test_groups_are_counted_as_planted(demo_study: Study, truth: dict, group: str) -> None:
    wanted = planted(truth, "groups", GROUPS[group])
    assert demo_study.districts[group].to_dict() == wanted.to_dict()


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("indicator", ["hospital_walk_min", "hazard_exposed_share", "ndvi"])
def test_a_mean_by_group_is_that_of_its_own_people(
    demo_study: Study, blocks: gpd.GeoDataFrame, group: str, indicator: str
) -> None:
    value = demo_study.cell_indicators[indicator]
    people = blocks[GROUPS[group]].reindex(value.index).astype(float)
    known = value.notna() & people.notna()
    expected = (value[known] * people[known]).sum() / people[known].sum()
    table = demo_study.groups.set_index(["indicator", "group"])["mean"]
    assert table[indicator, group] == pytest.approx(expected)
    told = demo_study.summary["indicators"][indicator]["groups"][group]
    assert told["mean"] == pytest.approx(expected)


def test_groups_differ_as_planted(demo_study: Study) -> None:
    exposed = demo_study.groups.set_index(["indicator", "group"])["mean"]["hospital_walk_min"]
    assert exposed["low_income"] > exposed["high_income"]
    assert exposed["informal"] > exposed["high_income"]


# ---------------------------------------------------------------- safety
def test_shelters_and_hospitals_stand_in_or_out_of_the_zone_as_planted(
    demo_study: Study, truth: dict
) -> None:
    places = demo_study.services
    inside = gpd.sjoin(
        places.set_geometry(places.representative_point()), demo_study.districts[["geometry"]]
    )
    wanted = truth["safety"]
    for category, name in (("assembly_point", "shelters"), ("hospital", "hospitals")):
        ours = inside[inside["category"] == category]
        assert len(ours) == wanted[name]
        assert ours["in_hazard"].sum() == wanted[f"{name}_in_zone"]
        by_district = ours[ours["in_hazard"].astype(bool)].groupby("unit_id_right" if
            "unit_id_right" in ours.columns else "unit_id").size()  # fmt: skip
        planted_there = planted(truth, "safety", f"{name}_in_zone")
        assert by_district.to_dict() == planted_there[planted_there > 0].to_dict()


def test_the_way_to_safety_is_never_shorter(demo_study: Study) -> None:
    cells = demo_study.cell_indicators
    assert (cells["safe_hospital_walk_min"] >= cells["hospital_walk_min"] - 1e-9).all()
    assert (cells["safe_hospital_walk_min"] > cells["hospital_walk_min"] + 1).any()
    assert cells["safe_shelter_walk_min"].notna().any()


def test_the_share_of_services_in_the_zone_counts_those_of_the_district(
    demo_study: Study,
) -> None:
    kinds = ["hospital", "clinic", "school", "police", "fire_station"]
    places = demo_study.services[demo_study.services["category"].isin(kinds)]
    district = demo_study.districts.loc["02", "geometry"]
    ours = places[places.representative_point().within(district)]
    expected = ours["in_hazard"].sum() / len(ours)
    assert demo_study.indicators.loc["02", "services_exposed_share"] == pytest.approx(expected)
