"""Cities side by side: on what they share, at one resolution, and never on anything else."""

import itertools
import json
from dataclasses import replace

import geopandas as gpd
import h3
import jsonschema
import numpy as np
import pandas as pd
import pytest
from side_by_side import city, with_cells, with_method
from small_city import definition, one_of_each, same_in_pillar, stratifier
from two_dates import book

import geoequity as ge
from geoequity.compare import cities, city_faults
from geoequity.errors import ConfigError
from geoequity.outputs import summary_schema

EXACT = pytest.approx
VALID = jsonschema.Draft202012Validator(summary_schema("compare"))
FOUR = same_in_pillar([80.0, 20.0, 70.0, 30.0], [80.0, 20.0, 20.0, 30.0])
ONE = {"s_mobility": [80.0, 20.0, 70.0, 30.0]}
FLAT = same_in_pillar([60.0, 62.0, 61.0, 60.0], [60.0, 61.0, 60.0, 62.0])
QUICK = {"draws": 50}


def compared(*studies, **options):
    """Compare, and hold the summary against its schema."""
    found = cities(list(studies), **(QUICK | options))
    plain = json.loads(json.dumps(found.summary, allow_nan=False))
    VALID.validate(plain)
    assert plain == found.summary
    return found


def only(values, *keys):
    return {key: one for key, one in values.items() if key in keys}


def without(values, *keys):
    return {key: one for key, one in values.items() if key not in keys}


def number(found, city_id, what, measure):
    table = found.table.set_index(["city", "what", "measure"])
    return table.loc[(city_id, what, measure), "value"]


def statements(found):
    return {one["id"]: one for one in found.summary["apart"]}


# ---- what cities stand on together --------------------------------------------------------


def test_on_the_same_indicators_a_city_is_what_its_own_study_says():
    studies = city("alta", FOUR, draws=50), city("baja", FLAT, draws=50)
    found = compared(*studies, seed=11)
    for one in studies:
        key, own = one.summary["city"]["id"], one.summary
        told = found.summary["nodes"]["index"]["cities"][key]
        assert told["mean"]["value"] == EXACT(own["index"]["mean"])
        assert told["gap_points"]["value"] == EXACT(own["index"]["gap"]["points"])
        assert told["mean_abs_difference"]["value"] == EXACT(own["index"]["mean_abs_difference"])
        assert told["types"]["basis"] == own["types"]["basis"]
        for kind in ("integrated", "showcase", "analogue", "neglected", "uncertain"):
            assert told["types"][kind]["districts"] == own["types"][kind]["districts"]
            assert told["types"][kind]["share"] == own["types"][kind]["population_share"]


def test_the_index_is_made_anew_of_what_both_have():
    richer = {**FOUR, "s_mobility": [0.0, 0.0, 0.0, 100.0]}
    found = compared(city("alta", richer), city("baja", without(FOUR, "s_mobility")))
    assert "s_mobility" not in found.summary["nodes"]["index"]["indicators"]
    told = found.summary["nodes"]["index"]["cities"]
    # Four areas of structures and five of technologies, all alike within a pillar
    by_hand = [(80 + 80) / 2, (20 + 20) / 2, (70 + 20) / 2, (30 + 30) / 2]
    for one in told.values():
        assert one["mean"]["value"] == EXACT(np.mean(by_hand))
        assert one["gap_points"]["value"] == EXACT(max(by_hand) - min(by_hand))


def test_a_pillar_is_compared_where_the_index_is_not_known():
    bare = {key: one for key, one in FOUR.items() if key.startswith("s_")}
    found = compared(city("alta", FOUR), city("baja", bare), city("cima", FOUR))
    nodes = found.summary["nodes"]
    assert list(nodes["index"]["cities"]) == ["alta", "cima"]
    assert nodes["index"]["left_out"] == {"baja": "unstated"}
    assert list(nodes["structures"]["cities"]) == ["alta", "baja", "cima"]
    assert nodes["structures"]["cities"]["baja"]["mean"]["value"] == EXACT(50.0)
    assert list(nodes["technologies"]["cities"]) == ["alta", "cima"]


def test_the_city_that_shares_least_is_left_out_and_not_the_comparison():
    some = ("s_mobility", "s_activities", "s_opportunities")
    others = ("s_health_safety", "s_governance", "s_mobility")
    found = compared(
        city("alta", only(FOUR, *some)),
        city("baja", only(FOUR, *others)),
        city("cima", only(FOUR, *some, "s_governance")),
    )
    structures = found.summary["nodes"]["structures"]
    assert list(structures["cities"]) == ["alta", "cima"]
    assert structures["indicators"] == [one for one in FOUR if one in some]
    assert structures["left_out"] == {"baja": "too_few_shared"}
    assert found.summary["headline"] == {"kind": "pillar", "what": "structures"}


def test_an_area_or_a_single_indicator_is_what_is_left():
    area = compared(
        city("alta", only(FOUR, "s_mobility", "t_mobility")),
        city("baja", only(FOUR, "s_mobility", "t_mobility")),
    )
    assert area.summary["headline"] == {"kind": "area", "what": "mobility"}
    mean = area.summary["nodes"]["mobility"]["cities"]["alta"]["mean"]["value"]
    assert mean == EXACT(np.mean([80.0, 20.0, 45.0, 30.0]))
    alone = compared(city("alta", only(FOUR, "s_mobility")), city("baja", FOUR))
    assert alone.summary["headline"] == {"kind": "indicator", "what": "s_mobility"}
    assert alone.summary["nodes"]["mobility"]["left_out"] == dict.fromkeys(
        ["alta", "baja"], "one_indicator"
    )
    told = alone.summary["indicators"]["s_mobility"]["cities"]["alta"]
    assert told["gap_points"]["value"] == EXACT(60.0)


def test_cities_that_share_nothing_are_told_apart_all_the_same():
    found = compared(city("alta", only(FOUR, "s_mobility")), city("baja", only(FOUR, "t_mobility")))
    assert found.summary["headline"] is None
    assert found.summary["indicators"] == {}
    assert statements(found)["alone"]["indicators"] == ["s_mobility", "t_mobility"]
    assert "nothing can be compared" in found.summary["findings"][0]["text"]["en"]


def test_what_is_judged_otherwise_is_no_shared_indicator():
    changed = [
        replace(one, goalposts=(10.0, 90.0)) if one.id == "s_mobility" else one
        for one in one_of_each()
    ]
    found = compared(
        city("alta", FOUR), city("baja", FOUR), city("cima", FOUR, definitions=changed)
    )
    assert list(found.summary["indicators"]["s_mobility"]["cities"]) == ["alta", "baja"]
    assert "s_mobility" not in found.summary["nodes"]["index"]["indicators"]
    assert len(found.summary["nodes"]["index"]["cities"]) == 3
    assert statements(found)["meaning"]["cities"] == ["cima"]


def test_the_same_name_with_another_distance_is_another_indicator():
    near, far = (
        definition("reach_share", unit="share", scale="share", goalposts=(0, 1), parameters=one)
        for one in ({"within_m": 400}, {"within_m": 500})
    )
    values = {"reach_share": [0.2, 0.8]}
    found = compared(
        city("alta", values, definitions=[near]), city("baja", values, definitions=[far])
    )
    assert found.summary["indicators"] == {}
    assert statements(found)["meaning"]["cities"] == ["baja"]


def test_the_order_of_the_cities_changes_no_number():
    few = [only(one, "s_mobility", "t_mobility", "s_governance") for one in (FOUR, FLAT)]
    made = [city("alta", few[0], error={"s_mobility": 5.0}), city("baja", few[1])]
    made.append(city("cima", few[0]))
    tables = [
        compared(*order).table.sort_values(["city", "what", "measure"], ignore_index=True)
        for order in (made, made[::-1])
    ]
    exact = ["value", "units", "coverage"]
    pd.testing.assert_frame_equal(tables[0][exact], tables[1][exact])


# ---- people -------------------------------------------------------------------------------


def test_without_residents_there_are_no_statistics_of_people_and_a_reason():
    found = compared(city("alta", FOUR), city("baja", FOUR, people=float("nan")))
    told = found.summary["nodes"]["index"]["cities"]["baja"]
    assert told["mean"]["value"] is None
    assert told["gap_points"] == {"value": None, "sampling": None, "method": None}
    assert told["types"]["neglected_share"]["value"] is None
    assert [one["id"] for one in told["reasons"]] == ["no_population"]
    assert statements(found)["no_people"]["cities"] == ["baja"]
    rows = found.table[(found.table["city"] == "baja") & (found.table["what"] == "index")]
    assert rows["value"].isna().all()
    assert set(rows["reason"]) == {"no_population"}
    assert found.districts["baja"]["index"].tolist() == EXACT([80.0, 20.0, 45.0, 30.0])
    theil = found.summary["indicators"]["s_mobility"]["theil"]
    assert theil is None
    assert "fewer than two" in found.summary["findings"][1]["text"]["en"]


def test_an_indicator_of_too_few_people_is_null_and_says_so():
    found = compared(
        city("alta", ONE), city("baja", {"s_mobility": [80.0, np.nan, np.nan, np.nan]})
    )
    told = found.summary["indicators"]["s_mobility"]["cities"]["baja"]
    assert told["mean"]["value"] is None
    assert told["coverage"] == EXACT(0.25)
    assert [one["id"] for one in told["reasons"]] == ["low_coverage"]


def test_neglected_districts_are_counted_by_their_residents():
    found = compared(city("alta", FOUR, people=[1.0, 2.0, 3.0, 4.0]), city("baja", FLAT))
    told = found.summary["nodes"]["index"]["cities"]
    share = told["alta"]["types"]["neglected_share"]
    assert told["alta"]["types"]["neglected"]["districts"] == ["b", "d"]
    assert share["value"] == EXACT(0.6)
    assert share["method"]["low"] <= 0.6 <= share["method"]["high"]
    assert told["baja"]["types"]["basis"] == "no_material_gap"
    assert told["baja"]["types"]["neglected_share"]["value"] is None
    assert number(found, "alta", "index", "neglected_share") == EXACT(0.6)


# ---- intervals ----------------------------------------------------------------------------


def test_ranges_over_choices_are_drawn_for_all_cities_at_once():
    found = compared(city("alta", FOUR), city("baja", FOUR))
    one, other = found.summary["nodes"]["index"]["cities"].values()
    assert one["gap_points"]["method"] == other["gap_points"]["method"]
    assert one["mean"]["method"]["low"] < one["mean"]["method"]["high"]
    assert one["gap_points"]["sampling"] is None
    assert found.summary["nodes"]["index"]["widest"]["holds"] == 0.0  # never: they are alike


def test_error_is_told_of_the_city_that_has_it_alone():
    found = compared(city("alta", FOUR, error={"s_mobility": 8.0}), city("baja", FOUR), draws=400)
    told = found.summary["nodes"]["index"]["cities"]
    assert told["baja"]["mean"]["sampling"] is None
    ends = told["alta"]["mean"]["sampling"]
    # A tenth of the mean of four districts, each off by 8 points
    half = 1.645 * 8 / 10 / np.sqrt(4)
    assert ends["high"] - ends["low"] == EXACT(2 * half, rel=0.15)
    assert ends["low"] < told["alta"]["mean"]["value"] < ends["high"]


def test_intervals_of_the_study_travel_with_what_it_measured():
    made = city("alta", ONE)
    told = made.summary["indicators"]["s_mobility"]
    told = {
        **told,
        "sampling": {**told["sampling"], "mean": {"low": 48.0, "high": 52.0}},
        "gini": {**told["gini"], "sampling": {"low": 0.1, "high": 0.4}},
    }
    inside = {**made.summary["indicators"], "s_mobility": told}
    made = replace(made, summary={**made.summary, "indicators": inside})
    found = compared(made, city("baja", ONE)).summary["indicators"]["s_mobility"]["cities"]
    assert found["alta"]["mean"]["sampling"] == {"low": 48.0, "high": 52.0}
    assert found["alta"]["gini"]["sampling"] == {"low": 0.1, "high": 0.4}
    assert found["baja"]["gini"]["sampling"] is None


# ---- between cities and inside them -------------------------------------------------------


def theil(*shares):
    """Theil T of people who have shares of the mean, in equal numbers."""
    return float(np.mean([one * np.log(one) if one else 0.0 for one in shares]))


def test_theil_adds_up_between_and_inside_cities():
    found = compared(
        city("alta", {"s_mobility": [10.0, 30.0]}), city("baja", {"s_mobility": [60.0, 60.0]})
    )
    told = found.summary["indicators"]["s_mobility"]["theil"]
    assert told["total"] == EXACT(theil(0.25, 0.75, 1.5, 1.5))
    assert told["between"] == EXACT(theil(0.5, 0.5, 1.5, 1.5))
    assert told["within"] == EXACT(told["total"] - told["between"])
    assert told["by_city"] == EXACT({"alta": theil(0.5, 1.5), "baja": 0.0})
    assert told["between_share"]["value"] == EXACT(told["between"] / told["total"])
    assert number(found, "", "s_mobility", "theil_between") == EXACT(told["between"])


def test_cities_alike_in_their_means_differ_inside_only():
    found = compared(
        city("alta", {"s_mobility": [10.0, 30.0]}), city("baja", {"s_mobility": [5.0, 35.0]})
    )
    assert found.summary["indicators"]["s_mobility"]["theil"]["between_share"]["value"] == 0.0


def test_shares_have_neither_theil_nor_gini():
    share = definition("share", unit="share", scale="share", goalposts=(0.0, 1.0))
    values = {"share": [0.2, 0.8]}
    found = compared(
        city("alta", values, definitions=[share]), city("baja", values, definitions=[share])
    )
    told = found.summary["indicators"]["share"]
    assert told["theil"] is None
    assert told["cities"]["alta"]["gini"]["value"] is None
    assert told["cities"]["alta"]["absolute_gini"]["value"] == EXACT(0.15)
    measures = set(found.table.loc[found.table["what"] == "share", "measure"])
    assert measures == {"mean", "gap_points", "absolute_gini"}


def test_no_gini_of_an_index_is_ever_compared():
    found = compared(city("alta", FOUR), city("baja", FLAT))
    nodes = found.table[found.table["kind"].isin(["index", "pillar", "area"])]
    assert not set(nodes["measure"]) & {"gini", "theil"}
    assert "gini" not in json.dumps(found.summary["nodes"])


def test_error_in_the_data_leaves_a_range_of_the_part_between():
    made = [city(one, {"s_mobility": [20.0, 40.0]}, error={"s_mobility": 5.0}) for one in "ab"]
    told = compared(*made).summary["indicators"]["s_mobility"]["theil"]["between_share"]
    assert told["value"] == 0.0
    assert 0 <= told["sampling"]["low"] < told["sampling"]["high"] < 1


# ---- one resolution -----------------------------------------------------------------------

MINUTES = definition("walk_min", unit="minutes", better="lower", goalposts=(20.0, 0.0))


def walked(identity, cells, *, ids=None, people=None):
    """A city of two districts with cells, two cells each or as many as are given."""
    people = people or {unit: [10.0] * len(mine) for unit, mine in cells.items()}
    means = [float(np.average(cells[unit], weights=people[unit])) for unit in cells]
    totals = [sum(one) for one in people.values()]
    made = city(identity, {"walk_min": means}, definitions=[MINUTES], people=totals)
    return with_cells(made, key="walk_min", values=cells, people=people, ids=ids)


def test_cells_of_one_grid_are_compared_as_they_are():
    hexagons = h3.grid_ring(h3.latlng_to_cell(-33.4, -70.6, 9), 1)[:4]
    one = walked("alta", {"a": [2.0, 6.0], "b": [4.0, 8.0]}, ids=hexagons)
    other = walked("baja", {"a": [5.0, 5.0], "b": [5.0, 5.0]}, ids=hexagons)
    found = compared(one, other)
    told = found.summary["indicators"]["walk_min"]
    assert found.summary["method"]["resolution"] == told["resolution"] == "h3:9"
    assert told["cities"]["alta"]["units"] == 4
    assert told["theil"]["by_city"]["alta"] == EXACT(theil(0.4, 1.2, 0.8, 1.6))
    assert told["theil"]["between"] == EXACT(0.0)


def test_a_cell_cut_by_a_border_is_one_cell_of_its_grid():
    squares = ["250m_0_0", "250m_1_0", "250m_1_0", "250m_2_0"]
    one = walked("alta", {"a": [2.0, 6.0], "b": [2.0, 8.0]}, ids=squares)
    found = compared(one, walked("baja", {"a": [5.0, 5.0], "b": [5.0, 5.0]}, ids=squares))
    told = found.summary["indicators"]["walk_min"]
    assert told["resolution"] == "grid:250"
    assert told["cities"]["alta"]["units"] == 3
    assert told["theil"]["by_city"]["alta"] == EXACT(theil(*np.array([2, 4, 4, 8]) / 4.5))


def test_unlike_cells_are_gathered_into_the_same_hexagons():
    fine = walked("alta", {"a": [2.0] * 8, "b": [8.0] * 8})
    coarse = walked("baja", {"a": [1.0] * 5, "b": [9.0] * 5})
    found = compared(fine, coarse)
    told = found.summary["indicators"]["walk_min"]
    assert told["resolution"] == "h3:7"  # some 5 km2: four cells of 1 km2
    assert 2 <= told["cities"]["alta"]["units"] < 16
    means = [told["cities"][one]["mean"]["value"] for one in ("alta", "baja")]
    assert means == EXACT([5.0, 5.0])


def test_where_a_city_has_no_cells_only_districts_are_compared():
    one = walked("alta", {"a": [2.0, 6.0], "b": [4.0, 8.0]})
    other = city("baja", {"walk_min": [4.0, 6.0]}, definitions=[MINUTES], people=20.0)
    found = compared(one, other)
    told = found.summary["indicators"]["walk_min"]
    assert found.summary["method"]["resolution"] is None
    assert told["resolution"] == "districts"
    assert {key: one["units"] for key, one in told["cities"].items()} == {"alta": 2, "baja": 2}
    assert told["theil"]["by_city"]["alta"] == EXACT(theil(0.8, 1.2))
    assert statements(found)["levels"]["indicators"] == ["walk_min"]


def test_cells_of_which_nothing_is_known_count_for_nobody():
    hexagons = h3.grid_ring(h3.latlng_to_cell(-33.4, -70.6, 9), 1)[:4]
    one = walked("alta", {"a": [2.0, 6.0], "b": [4.0, 8.0]}, ids=hexagons)
    inner = one.cell_indicators.copy()
    inner.iloc[3, 0] = np.nan
    found = compared(
        replace(one, cell_indicators=inner),
        walked("baja", {"a": [5.0, 5.0], "b": [5.0, 5.0]}, ids=hexagons),
        min_coverage=0.7,
    )
    told = found.summary["indicators"]["walk_min"]["cities"]["alta"]
    assert (told["units"], told["coverage"]) == (3, EXACT(0.75))


# ---- what cannot be compared --------------------------------------------------------------


def test_years_far_apart_are_told_by_indicator():
    old = city("alta", ONE, books=[book(reference_year=2010)])
    found = compared(old, city("baja", ONE, books=[book(reference_year=2024)]))
    told = statements(found)["years"]
    assert told["kind"] == "care"
    assert "2010" in told["text"]["es"]
    assert "2024" in told["text"]["es"]
    assert set(told["indicators"]) == set(ONE)
    near = compared(city("alta", ONE), city("baja", ONE, books=[book(reference_year=2019)]))
    assert "years" not in statements(near)


def test_map_and_lists_are_not_one_source():
    on_map = city("alta", ONE, books=[book("osm")])
    found = compared(on_map, city("baja", ONE, books=[book("tables.0")]))
    assert set(statements(found)["sources"]["indicators"]) == set(ONE)
    assert statements(found)["map_unknown"]["cities"] == ["alta"]
    alike = compared(on_map, city("baja", ONE, books=[book("osm")]))
    assert "sources" not in statements(alike)


def test_walks_in_a_straight_line_are_told_from_those_along_streets():
    hospital = definition("hospital_walk_min", unit="minutes", better="lower", goalposts=(30, 5))
    values = {"hospital_walk_min": [10.0, 20.0]}
    made = [city(one, values, definitions=[hospital]) for one in ("alta", "baja")]
    straight = with_method(made[1], streets="straight_line", walking_speed_kmh=4.0)
    told = statements(compared(made[0], straight))
    assert told["walks"]["cities"] == ["baja"]
    assert told["walks"]["indicators"] == ["hospital_walk_min"]
    assert "100%" in told["walks"]["text"]["en"]
    assert "4.8" in told["walking_speed_kmh"]["text"]["en"]
    assert not {"walks", "walking_speed_kmh"} & set(statements(compared(*made)))


def test_unlike_districts_are_told():
    found = compared(city("alta", ONE, people=100.0), city("baja", ONE, people=1000.0))
    assert "1,000 residents each in Baja" in statements(found)["size"]["text"]["en"]
    assert "size" not in statements(compared(city("alta", ONE), city("baja", ONE, people=150.0)))


def test_made_up_cities_beside_real_ones_are_named():
    made = city("baja", ONE, about={"fictitious": True})
    found = compared(city("alta", ONE), made)
    assert statements(found)["made_up"]["cities"] == ["baja"]


def test_poverty_is_never_compared():
    definitions = [*one_of_each(), stratifier()]
    values = {**ONE, "poverty": [0.1, 0.2, 0.3, 0.4]}
    found = compared(
        city("alta", values, definitions=definitions), city("baja", values, definitions=definitions)
    )
    assert "poverty" not in found.summary["indicators"]
    assert statements(found)["strata"]["cities"] == ["alta", "baja"]


def test_a_city_without_an_indicator_says_what_its_study_says():
    made = city("baja", only(FOUR, "t_mobility"))
    why = {"id": "no_stops", "text": {"en": "no stop", "es": "sin paradas", "pt": "sem pontos"}}
    made = replace(made, summary={**made.summary, "absent": {"s_mobility": why}})
    found = compared(city("alta", ONE), made, city("cima", ONE))
    assert found.summary["absent"]["s_mobility"] == {"baja": why}


# ---- the rank of IMD ----------------------------------------------------------------------


def test_rank_and_gap_are_correlated_from_four_cities_on():
    spread = [2.0, 10.0, 20.0, 30.0]
    made = [
        city(f"c{at}", {"s_mobility": [50 - one, 50 + one]}, rank=118 + at)
        for at, one in enumerate(spread)
    ]
    assert compared(*made).summary["imd"] == {"n": 4, "rank_correlation": EXACT(1.0)}
    assert compared(*made[:3]).summary["imd"] == {"n": 3, "rank_correlation": None}


# ---- bad input ----------------------------------------------------------------------------


def test_every_reason_not_to_compare_is_told_at_once():
    other = city("alta", FOUR, threshold=60.0)
    newer = {**other.summary, "versions": {**other.summary["versions"], "geoequity": "9.9.9"}}
    faults = city_faults(
        [city("alta", FOUR), city("baja", FOUR), replace(other, summary=newer)],
        names=["out/1", "out/2", "out/3"],
    )
    assert len(faults) == 3
    assert "city: alta stands in out/1, out/3" in faults
    assert any(one.startswith("versions.geoequity: ") and "9.9.9 in out/3" in one for one in faults)
    assert "method.threshold: 50.0 in out/1, out/2; 60.0 in out/3" in faults


def test_scores_of_no_goalposts_are_refused():
    made = [city(one, FOUR, normalisation="min_max") for one in ("alta", "baja")]
    with pytest.raises(ConfigError, match="cannot be set side by side") as left:
        cities(made)
    assert len(left.value.faults) == 2
    assert "cities need goalposts" in left.value.faults[0]


def test_one_city_is_too_few():
    with pytest.raises(ConfigError, match="takes two cities"):
        cities([city("alta", FOUR)])


@pytest.mark.parametrize(
    "option", [{"draws": 1}, {"min_covered_share": 0.0}, {"min_coverage": 1.5}]
)
def test_options_out_of_range_are_refused(option):
    with pytest.raises(ConfigError, match="draws is 2 or more"):
        cities([city("alta", FOUR), city("baja", FOUR)], **option)


def test_dozens_of_cities_are_compared():
    values = [only(one, "s_mobility", "t_mobility") for one in (FOUR, FLAT)]
    made = [city(f"c{at}", values[at % 2], rank=at + 1) for at in range(24)]
    found = compared(*made, draws=20)
    assert len(found.summary["nodes"]["mobility"]["cities"]) == 24
    assert found.summary["imd"]["n"] == 24
    assert found.summary["indicators"]["s_mobility"]["theil"]["units"] == 24 * 4


# ---- computed again, from the folders alone -----------------------------------------------


def known(values, people):
    """Take the values and the shares of people of the districts that are known."""
    told = values.notna() & (people > 0)
    return values[told].to_numpy(), (people[told] / people[told].sum()).to_numpy()


def tenths(values, share):
    """Stand people in a row, and take who stands at a tenth and at nine tenths."""
    order = np.argsort(values)
    upto = np.cumsum(share[order])
    low, high = (values[order][np.searchsorted(upto, q - 1e-12)] for q in (0.1, 0.9))
    return high - low


def scored_again(folder, keys):
    """Score the districts of a folder anew, from its tables: the mean of means."""
    values = pd.read_parquet(folder / "tables" / "indicators.parquet")
    dictionary = pd.read_csv(folder / "dictionary.csv", index_col="id")
    worst, best = dictionary.loc[keys, "worst"], dictionary.loc[keys, "best"]
    scores = (100 * (values[keys] - worst) / (best - worst)).clip(0, 100)
    nodes = {}
    for pillar, mine in dictionary.loc[keys].groupby("pillar"):
        areas = {}
        for area, ones in mine.groupby("area"):
            families = [scores[list(f.index)].mean(axis=1) for _, f in ones.groupby("family")]
            areas[area] = pd.concat(families, axis=1).mean(axis=1)
        table = pd.DataFrame(areas)
        nodes[pillar] = table.mean(axis=1).where(table.notna().sum(axis=1) >= 3)
    if len(nodes) == 2:
        nodes["index"] = (nodes["structures"] + nodes["technologies"]) / 2
    return nodes


def check_again(found, folders):
    """Hold the table against what the tables of the folders give, by other code."""
    people = {
        name: gpd.read_parquet(one / "districts.parquet").get("population", pd.Series(dtype=float))
        for name, one in folders.items()
    }
    checked = 0
    for node in ("index", "structures", "technologies"):
        told = found.summary["nodes"][node]
        for name, one in told["cities"].items():
            if one["mean"]["value"] is None:
                continue
            values, share = known(
                scored_again(folders[name], told["indicators"])[node], people[name]
            )
            assert number(found, name, node, "mean") == EXACT(values @ share, rel=1e-9)
            assert number(found, name, node, "gap_points") == EXACT(tenths(values, share), abs=1e-9)
            checked += 1
    for key, told in found.summary["indicators"].items():
        if told["resolution"] != "districts" or told["theil"] is None or told["base"] != "persons":
            continue
        parts = []
        for name in told["theil"]["by_city"]:
            table = pd.read_parquet(folders[name] / "tables" / "indicators.parquet")
            values, share = known(table[key], people[name])
            gini = np.abs(np.subtract.outer(values, values)) * np.outer(share, share)
            told_gini = number(found, name, key, "gini")
            assert told_gini == EXACT(gini.sum() / 2 / (values @ share), rel=1e-9)
            counted = people[name][table[key].notna()].sum()
            parts.append((values, share * counted, counted, values @ share))
        values, weight = (np.concatenate([one[at] for one in parts]) for at in (0, 1))
        relative, weight = values / np.average(values, weights=weight), weight / weight.sum()
        total = weight @ (relative * np.log(np.where(relative > 0, relative, 1)))
        means = np.array([one[3] for one in parts]) / np.average(values, weights=weight)
        cities_share = np.array([one[2] for one in parts]) / sum(one[2] for one in parts)
        between = cities_share @ (means * np.log(means))
        assert told["theil"]["total"] == EXACT(total, rel=1e-9, abs=1e-12)
        assert told["theil"]["between"] == EXACT(between, rel=1e-9, abs=1e-12)
        checked += 1
    assert checked


def test_the_table_can_be_computed_again_from_the_folders(tmp_path):
    rng = np.random.default_rng(9)
    made = {
        name: city(name, {one.id: list(rng.uniform(0, 100, 9)) for one in one_of_each()}, people=p)
        for name, p in (("alta", rng.integers(1, 90, 9)), ("baja", rng.integers(1, 9, 9)))
    }
    folders = {name: ge.outputs.save(one, tmp_path / name) for name, one in made.items()}
    check_again(compared(*(ge.outputs.load(one) for one in folders.values())), folders)


def test_every_pair_of_ids_of_the_table_is_one_number():
    found = compared(city("alta", FOUR), city("baja", FLAT))
    assert not found.table.duplicated(["city", "kind", "what", "measure"]).any()
    languages = itertools.product(found.summary["findings"], ("en", "es", "pt"))
    assert all("{" not in one["text"][language] for one, language in languages)
