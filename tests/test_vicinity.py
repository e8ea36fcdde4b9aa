"""What a study tells of neighbours: clusters, cliffs, gradients, and why not."""

import json
from math import nan

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geoequity import patterns
from geoequity.keeping import Kept
from geoequity.outputs import summary_schema
from geoequity.vicinity import COLUMNS, FALSE_DISCOVERY, MIN_DISTRICTS, vicinity

jsonschema = pytest.importorskip("jsonschema")


def town(rows=6, columns=6):
    """Squares of a kilometre, each with 100 residents."""
    shapes = {
        f"{row}{column}": shapely.box(
            1000 * column, 1000 * row, 1000 * column + 1000, 1000 * row + 1000
        )
        for row in range(rows)
        for column in range(columns)
    }
    index = pd.Index(shapes, name="unit_id")
    table = {"name": list(index), "population": 100.0, "area_m2": 1e6}
    return gpd.GeoDataFrame(table, index=index, geometry=list(shapes.values()), crs="EPSG:32721")


def judged(index, *, spread=2.0, **pillars):
    """Scores of the index, and pillars like it unless told otherwise, with ranges."""
    scores = pd.DataFrame({"index": index, "structures": index, "technologies": index, **pillars})
    ranges = pd.DataFrame({"index_low": index - spread, "index_high": index + spread})
    return {"scores": scores, "ranges": ranges}


def slope(districts, seed=1):
    """An index that falls from west to east, with noise."""
    column = districts.index.str[1].astype(int)
    noise = np.random.default_rng(seed).normal(0, 2, len(districts))
    return pd.Series(80 - 8.0 * column + noise, index=districts.index)


def told(districts, index, **changes):
    options = {
        **judged(index),
        "indicators": pd.DataFrame({"poor": 100 - index, "wifi": index / 10}),
        "stratifiers": ["poor"],
        "asked": ["wifi"],
        "centre": shapely.Point(0, 3000),
        "seed": 1,
    }
    found = vicinity(districts, **options | changes)
    schema = summary_schema()
    jsonschema.validate(
        found.report, {**schema["properties"]["patterns"], "$defs": schema["$defs"]}
    )
    json.dumps(found.report, allow_nan=False)
    return found


def test_clusters_are_found_at_both_ends_of_a_slope():
    districts = town()
    found = told(districts, slope(districts))
    report = found.report
    assert report["index"]["value"] > 0.6
    assert report["index"]["n"] == 36
    assert {one[1] for one in report["hot"]} <= {"0", "1"}
    assert {one[1] for one in report["cold"]} <= {"4", "5"}
    assert len(report["hot"]) >= 6
    assert len(report["cold"]) >= 6
    assert report["outliers"] == []
    assert report["reasons"] == {}
    sure = found.table["p_adjusted"] <= FALSE_DISCOVERY
    assert sorted(found.table.index[sure]) == sorted(report["hot"] + report["cold"])
    assert (found.table.loc[report["hot"], "gi_star"] > 0).all()
    assert found.table.columns.tolist() == list(COLUMNS)
    assert (
        found.table["neighbours"].tolist() == patterns.neighbours(districts).cardinalities.tolist()
    )


def test_pillars_and_a_stratifier_are_set_against_what_lies_around():
    districts = town()
    index = slope(districts)
    report = told(districts, index).report
    graph = patterns.neighbours(districts)
    options = {"neighbours": graph, "permutations": 9, "rng": np.random.default_rng(1)}
    around = patterns.bivariate_moran(index, around=100 - index, **options).value
    assert report["index_stratifier"]["indicator"] == "poor"
    assert report["index_stratifier"]["value"] == pytest.approx(around)
    assert report["index_stratifier"]["value"] < -0.6
    same = patterns.bivariate_moran(index, around=index, **options).value
    assert report["technologies_structures"]["value"] == pytest.approx(same)
    reverse = told(districts, index, **judged(index, technologies=100 - index)).report
    assert reverse["technologies_structures"]["value"] == pytest.approx(-same)


def test_cliffs_say_whether_the_weights_could_close_them():
    districts = town(1, 9)
    index = pd.Series([50.0, 90, 88, 87, 86, 85, 84, 83, 82], index=districts.index)
    report = told(districts, index, **judged(index, spread=2.0)).report
    first, second = report["cliffs"][:2]
    assert first == {
        "higher": "01",
        "lower": "00",
        "points": 40.0,
        "border_m": 1000.0,
        "apart": True,
    }
    assert (second["points"], second["apart"]) == (2.0, False)
    assert len(report["cliffs"]) == 8
    unsure = judged(index, spread=nan)
    assert told(districts, index, **unsure).report["cliffs"][0]["apart"] is None


def test_a_gap_of_a_street_does_not_part_neighbours():
    districts = town()
    streets = districts.set_geometry(districts.buffer(-8, join_style="mitre"))
    index = slope(districts)
    assert told(streets, index).report["index"] == told(districts, index).report["index"]
    assert told(streets, index).report["neighbours"]["islands"] == []


def test_the_way_from_the_centre_is_told_of_the_index_and_of_what_is_asked():
    districts = town()
    gradient = told(districts, slope(districts)).report["gradient"]
    assert list(gradient) == ["index", "wifi"]
    assert gradient["index"]["slope_per_km"] == pytest.approx(10 * gradient["wifi"]["slope_per_km"])
    assert gradient["index"]["slope_per_km"] < -5
    assert gradient["wifi"]["rank_correlation"] < -0.8
    means = [ring["mean"] for ring in gradient["index"]["rings"]]
    assert means == sorted(means, reverse=True)
    assert sum(ring["population"] for ring in gradient["index"]["rings"]) == 3600


@pytest.mark.parametrize(
    ("changes", "key", "why"),
    [
        ({"centre": None}, "gradient", "no_centre"),
        ({"stratifiers": []}, "index_stratifier", "all_unknown"),
    ],
)
def test_what_nobody_says_is_null_with_a_reason(changes, key, why):
    districts = town()
    report = told(districts, slope(districts), **changes).report
    assert report[key] is None
    assert report["reasons"][key]["id"] == why
    assert list(report["reasons"]) == [key]


def test_without_residents_places_are_still_compared_but_no_way_from_the_centre():
    districts = town().drop(columns="population")
    report = told(districts, slope(districts)).report
    assert report["index"]["value"] > 0.6
    assert report["gradient"] is None
    assert report["reasons"]["gradient"]["id"] == "no_population"


@pytest.mark.parametrize(
    ("index", "why"),
    [
        (lambda one: one * nan, "all_unknown"),
        (lambda one: one * 0 + 50, "all_alike"),
        (lambda one: one * 1e-14 + 50, "all_alike"),  # but for rounding
        (lambda one: one.where(one.index.str[0] == "0"), "few_neighbours"),  # six in a row
        (lambda one: one.where(one.index.isin(["00", "02", "04"])), "few_neighbours"),  # none touch
    ],
)
def test_where_nothing_can_cluster_the_report_says_so(index, why):
    districts = town()
    report = told(districts, index(slope(districts))).report
    assert report["index"] is None
    assert report["reasons"]["index"]["id"] == why
    assert (report["hot"], report["cold"], report["outliers"]) == ([], [], [])


def test_few_districts_are_not_judged_but_their_cliffs_are_told():
    districts = town(1, MIN_DISTRICTS - 1)
    found = told(districts, slope(districts))
    assert found.report["index"] is None
    assert str(MIN_DISTRICTS) in found.report["reasons"]["index"]["text"]["en"]
    assert len(found.report["cliffs"]) == MIN_DISTRICTS - 2
    assert found.table["cluster"].tolist() == [None] * (MIN_DISTRICTS - 1)
    assert found.table["p"].isna().all()
    assert told(town(1, MIN_DISTRICTS), slope(town(1, MIN_DISTRICTS))).report["index"] is not None


def test_one_district_alone_breaks_nothing():
    districts = town(1, 1)
    found = told(districts, slope(districts))
    assert found.report["cliffs"] == []
    assert found.report["neighbours"]["islands"] == ["00"]
    assert found.report["gradient"] is None


def test_chance_makes_few_clusters_and_the_seed_alone_decides():
    districts = town()
    noise = pd.Series(np.random.default_rng(8).normal(50, 9, 36), index=districts.index)
    first, again = told(districts, noise), told(districts, noise)
    assert first.report == again.report
    pd.testing.assert_frame_equal(first.table, again.table)
    assert first.report["index"]["p"] > 0.05
    assert first.report["hot"] + first.report["cold"] == []
    other = told(districts, noise, seed=2).report
    assert other["index"]["value"] == first.report["index"]["value"]
    assert other["index"]["p"] != first.report["index"]["p"]


def test_what_is_kept_of_another_index_changes_nothing():
    districts = town()
    kept = Kept()
    told(districts, slope(districts), kept=kept)
    for index in (slope(districts, seed=2), slope(districts, seed=3).mask(districts.index == "22")):
        again, alone = told(districts, index, kept=kept), told(districts, index)
        assert again.report == alone.report
        pd.testing.assert_frame_equal(again.table, alone.table, check_exact=True)
