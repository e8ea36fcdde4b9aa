"""The demo city's thinned districts come out uncertain, those without services neglected."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geoequity import confidence, grids
from geoequity.schema import check_mapping
from geoequity.sources.osm import read_osm
from geoequity.study import Study

ROOT = Path(__file__).parents[1]
TRUTH = json.loads((ROOT / "data" / "demo" / "truth.json").read_text(encoding="utf-8"))["districts"]
THINNED = sorted(code for code, one in TRUTH.items() if one["thinned"])


def test_thinned_districts_are_uncertain_and_nobody_else_is_for_it(demo_study: Study) -> None:
    stated = demo_study.types["type"]
    assert set(stated[THINNED]) == {"uncertain"}
    bare = [code for code, one in TRUTH.items() if one["type"] == "neglected"]
    assert not set(bare) & set(THINNED)
    assert set(stated[bare]) == {"neglected"}
    assert demo_study.summary["mapping"]["thin"] == THINNED
    assert demo_study.mapping["thin"].drop(THINNED).max() < confidence.PRIOR_THIN


def test_by_the_map_alone_they_would_be_neglected(demo_study: Study) -> None:
    for pillar in ("structures", "technologies"):
        assert (demo_study.districts.loc[THINNED, pillar] < 45).all()


def test_the_planted_shares_lie_in_their_intervals_or_near(demo_study: Study) -> None:
    for code in THINNED:
        row, kept = demo_study.mapping.loc[code], TRUTH[code]["kept"]
        assert row["low"] - 0.1 < kept["services"] < row["high"]
        assert row["buildings_ratio"] == pytest.approx(kept["buildings"], abs=0.05)


def test_eight_true_counts_in_ten_lie_in_intervals_of_nine_in_ten(demo_study: Study) -> None:
    """Of the counts of three districts alone, which share one completeness each."""
    ends = demo_study.intervals.set_index(["indicator", "unit_id"])
    held = []
    for key in ("cctv_per_1000", "charging_per_1000", "internet_venues_per_10000",
                "waste_points_per_1000"):  # fmt: skip
        told = ends.loc[key].dropna()
        assert sorted(told.index) == THINNED
        for code, (low, high) in told[["low", "high"]].iterrows():
            assert low == pytest.approx(TRUTH[code]["published"][key])
            held.append(low <= TRUTH[code]["indicators"][key] <= high)
    assert sum(held) >= 0.8 * len(held)


def test_thin_districts_are_trusted_less_and_say_so_with_numbers(demo_study: Study) -> None:
    trust = demo_study.districts["confidence"]
    assert trust[THINNED].max() < trust.drop(THINNED).min()
    for code, one in demo_study.summary["districts"].items():
        reasons = {each["id"]: each["text"] for each in one["reasons"]}
        assert ("thinly_mapped" in reasons) is (code in THINNED)
        if code in THINNED:
            ratio = demo_study.mapping.loc[code, "buildings_ratio"]
            assert all(f"{100 * ratio:.0f}" in text for text in reasons["thinly_mapped"].values())
    told = {one["id"]: one for one in demo_study.summary["findings"]}["thin"]
    assert told["numbers"]["count"] == len(THINNED)
    for text in told["text"].values():
        assert all(TRUTH[code]["name"] in text for code in THINNED)


def test_the_mapping_table_counts_what_is_on_the_map(demo_study: Study) -> None:
    table = demo_study.mapping
    check_mapping(table)
    assert table.index.tolist() == demo_study.districts.index.tolist()
    inside = gpd.sjoin(
        demo_study.services[demo_study.services["source"] == "osm"],
        demo_study.districts[["geometry"]],
    )
    assert table["services"].sum() == pytest.approx(len(inside), rel=0.1)
    assert (
        table.loc[THINNED, "edit_age_years"] > table["edit_age_years"].drop(THINNED).max()
    ).all()
    assert (table.loc[THINNED, "contributors"] < table["contributors"].drop(THINNED).min()).all()


@pytest.mark.parametrize(
    ("name", "size", "newest"),
    [("helsinki_centre_2019", 6949, "2019-04-21"), ("monaco_2023", 6772, "2023-12-25")],
)
def test_public_extracts_tell_dates_and_no_hands(name: str, size: int, newest: str) -> None:
    elements = read_osm(ROOT / "tests" / "data" / f"{name}.osm.pbf").mapping
    assert len(elements) == size
    box = gpd.GeoDataFrame(
        {"name": ["all"]},
        geometry=[shapely.box(*elements.total_bounds).buffer(1)],
        crs=elements.crs,
    )
    cells = grids.make_square_grid(box, cell_m=1000)
    found = confidence.mapping_of(elements, cells)
    assert found["street_m"].sum() == pytest.approx(elements["length_m"].sum())
    assert found["services"].sum() == (elements["kind"] == "service").sum()
    assert 0 < found["buildings"].sum() <= (elements["kind"] == "building").sum()
    assert found["contributors"].isna().all()
    assert (found["edits"] > 0).any()
    assert str(found["last_edit"].max().date()) == newest
    people = pd.Series(1000.0, index=cells.index)
    told = confidence.completeness(
        found, population=people, area_m2=cells["area_m2"], draws=1, rng=np.random.default_rng(1)
    )
    assert told.table["thin"].notna().any() == (len(cells) >= 8)
