"""The summary: valid in every kind of city, and its numbers by hand."""

import json
from collections.abc import Mapping
from dataclasses import replace
from math import inf, nan

import jsonschema
import numpy as np
import pandas as pd
import pytest
from small_city import (
    cells,
    definition,
    evaluation,
    one_of_each,
    rules,
    same_in_pillar,
    stratifier,
    units,
)

from geoequity import judgement, summary
from geoequity.confidence import reason
from geoequity.outputs import summary_schema
from geoequity.schema import AREAS, PILLARS, TYPES

SCHEMA = summary_schema()
VALID = jsonschema.Draft202012Validator(SCHEMA)
CITY = {
    "id": "valle",
    "name": "Valle",
    "country": "CO",
    "crs": "EPSG:32721",
    "imd_2025_rank": None,
    "fictitious": True,
    "languages": ["es", "en"],
    "licences": ["CC BY 4.0"],
    "question": {"en": "For whom?"},
    "question_indicators": [],
    "title": {},
}
METHOD = {"walking_speed_kmh": 4.8, "streets": "network", "min_coverage": 0.8}
FOUR = same_in_pillar([90, 10, 80, 20], [90, 80, 10, 20])
PEOPLE = [100.0, 200.0, 300.0, 400.0]


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


def summarised(
    values,
    *,
    definitions=None,
    population=None,
    inner=None,
    of_cells=None,
    outside=nan,
    change=None,
    **options,
):
    """Judge districts a, b, c ... and summarise; the result is valid or the test fails."""
    definitions = one_of_each() if definitions is None else definitions
    count = len(next(iter(values.values()), "a"))
    columns = {} if population is None else {"population": population}
    districts = units(list("abcdefghi")[:count], **columns)
    found = evaluation(
        values,
        districts.index,
        of_cells=of_cells,
        cell_index=() if inner is None else inner.index,
        absent={"hospital_walk_min": reason("no_cells")},
    )
    found = found if change is None else change(found)
    judged = judgement.judge(
        found,
        definitions,
        population=summary.people_of(districts),
        present=list(values),
        rules=rules(**options),
    )
    measures = judgement.inequality_of(
        found, definitions, cells=inner, districts=districts, min_coverage=0.8
    )
    made = summary.make_summary(
        city=CITY,
        method=METHOD,
        rules=rules(**options),
        districts=districts,
        cells=inner,
        outside=outside,
        evaluation=found,
        definitions=definitions,
        judgement=judged,
        measures=measures.join(
            judgement.sampling_of(
                found,
                definitions,
                measures=measures,
                cells=inner,
                districts=districts,
                sample=False,
                draws=50,
                seed=1,
            )
        ),
    )
    VALID.validate(made)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    return made


def ids(reasons):
    return [one["id"] for one in reasons]


# ---- valid in every kind of city ----------------------------------------------------------


def test_the_schema_is_a_schema_and_forbids_unknown_keys():
    VALID.check_schema(SCHEMA)
    assert SCHEMA["additionalProperties"] is False
    assert set(SCHEMA["required"]) == set(SCHEMA["properties"])


def test_a_whole_city_is_valid():
    inner = cells(list("abcd"), population=PEOPLE)
    definitions = [*one_of_each(), definition("walk", level="cell"), stratifier()]
    made = summarised(
        FOUR | {"walk": [1, 2, 3, 4], "poverty": [0.1, 0.2, 0.3, 0.4]},
        definitions=definitions,
        population=PEOPLE,
        inner=inner,
        of_cells={"walk": [1, 2, 3, 4]},
        outside=10.0,
    )
    assert made["types"]["basis"] == "absolute"
    assert made["units"] == {"districts": 4, "cells": 4}
    assert made["indicators"]["walk"]["level"] == "cell"
    assert made["indicators"]["poverty"]["role"] == "stratifier"
    assert made["indicators"]["poverty"]["pillar"] is None


def test_a_city_without_population_is_valid_and_states_nothing_of_people():
    made = summarised(FOUR)
    assert made["population"] == {"total": None, "covered_share": None, "outside": None}
    assert made["index"]["mean"] is None
    assert made["index"]["gap"] == {"p90_p10": None, "points": None}
    assert made["pillars"]["structures"] == {"mean": None, "gap": None}
    assert made["types"]["basis"] is None
    assert all(made["types"][one]["population_share"] is None for one in TYPES)
    assert all(one["type"] is None for one in made["districts"].values())
    for one in made["indicators"].values():
        assert (one["mean"], one["gini"], one["confidence"]) == (None, None, None)
        assert ids(one["reasons"]) == ["no_population"]


def test_a_city_without_population_still_states_the_facts_of_its_districts():
    made = summarised(FOUR)
    assert made["districts"]["a"]["structures"] == close(90)
    assert made["districts"]["a"]["rank"]["value"] == 1
    assert made["indicators"]["s_mobility"]["max_district"] == "a"
    assert "district_no_population" in ids(made["districts"]["a"]["reasons"])


def test_a_city_without_cells_is_valid():
    assert summarised(FOUR, population=PEOPLE)["units"]["cells"] == 0


def test_a_city_of_one_district_is_valid():
    made = summarised(same_in_pillar([60.0], [70.0]), population=[500.0])
    assert made["index"]["gap"] == {"p90_p10": 1.0, "points": 0.0}
    assert made["types"]["basis"] == "no_material_gap"
    assert ids(made["districts"]["a"]["reasons"]) == ["no_material_gap"]
    assert made["districts"]["a"]["rank"]["value"] == 1


def test_a_city_without_index_is_valid_and_speaks_of_the_pillar_that_stands():
    values = {key: value for key, value in FOUR.items() if key.startswith("s_")}
    made = summarised(values, population=PEOPLE)
    assert made["index"]["mean"] is None
    assert made["pillars"]["technologies"] == {"mean": None, "gap": None}
    assert made["pillars"]["structures"]["mean"] == close(
        (100 * 90 + 200 * 10 + 300 * 80 + 400 * 20) / 1000
    )
    district = made["districts"]["a"]
    assert district["score"] == {"value": None, "sampling": None, "method": None}
    assert district["type_probability"] == dict.fromkeys(TYPES)
    assert ids(district["reasons"]) == ["pillar_unknown"]


def test_a_city_without_any_indicator_is_valid():
    made = summarised({}, population=[500.0])
    assert made["indicators"] == {}
    assert made["districts"]["a"]["confidence"] is None
    assert ids(made["districts"]["a"]["reasons"]) == ["pillar_unknown"]
    assert made["absent"]["hospital_walk_min"]["id"] == "no_cells"


def test_an_interval_scale_with_negatives_is_valid():
    celsius = definition("celsius", scale="interval", role="validator", pillar=None, area=None)
    made = summarised({"celsius": [-5.0, 5.0]}, definitions=[celsius], population=[1.0, 1.0])[
        "indicators"
    ]["celsius"]
    assert (made["mean"], made["ratio"], made["gini"]) == (0, None, None)


def test_every_key_that_users_script_against_is_there():
    made = summarised(FOUR, population=PEOPLE)
    promised = {
        "city": "id name country crs imd_2025_rank",
        "population": "total covered_share outside",
        "units": "districts cells",
        "pillars": "structures technologies",
        "areas": " ".join(AREAS),
        "index": "mean gap mean_abs_difference method",
        "types": "basis integrated showcase analogue neglected uncertain",
        "method": "epsilon quantile_rule draws seed level",
    }
    for block, keys in promised.items():
        assert set(keys.split()) <= set(made[block])
    indicator = (
        "unit base scale mean coverage min_district max_district ratio confidence reasons gini "
        "absolute_gini palma theil atkinson kolm_pollak_ede concentration"
    )
    assert set(indicator.split()) <= set(made["indicators"]["s_mobility"])
    district = (
        "name population score structures technologies rank type type_probability confidence "
        "strengths gaps reasons"
    )
    assert set(district.split()) <= set(made["districts"]["a"])
    assert (made["findings"], made["stages"], made["warnings"]) == ([], {}, [])


@pytest.mark.parametrize("path", ["types.basis", "index.gap", "districts.a.rank", "method.seed"])
def test_a_summary_that_lacks_a_key_is_not_valid(path):
    made = summarised(FOUR, population=PEOPLE)
    *above, last = path.split(".")
    at = made
    for one in above:
        at = at[one]
    del at[last]
    with pytest.raises(jsonschema.ValidationError, match=f"'{last}' is a required property"):
        VALID.validate(made)


def test_scores_at_the_top_stay_at_the_top_for_any_number_of_people():
    rng = np.random.default_rng(4)
    values = same_in_pillar([100.0] * 7, [100.0] * 7)
    for _ in range(6):
        made = summarised(values, population=rng.uniform(1, 5000, 7), draws=3)
        nodes = [made["index"], *made["pillars"].values(), *made["areas"].values()]
        assert {one["mean"] for one in nodes} == {100.0}


# ---- numbers by hand ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1.0),
        (np.float32(0.5), 0.5),
        (0, 0.0),
        (nan, None),
        (inf, None),
        (-inf, None),
        (None, None),
        (pd.NA, None),
        (np.int64(3), 3.0),
    ],
)
def test_plain_numbers_are_floats_or_none(value, expected):
    found = summary.plain(value)
    assert found == expected
    assert found is None or type(found) is float


def test_people_are_counted_inside_with_an_index_and_outside():
    made = summarised(FOUR, population=[100.0, 200.0, 300.0, nan], outside=150.0)
    assert made["population"] == {"total": 600.0, "covered_share": 1.0, "outside": 150.0}
    made = summarised(FOUR, population=PEOPLE)
    assert made["population"] == {"total": 1000.0, "covered_share": 1.0, "outside": None}


def test_cells_that_are_split_count_once():
    inner = cells(list("aab"), population=[5.0, 5.0, 9.0]).assign(cell_id=["x", "x", "y"])
    made = summarised(same_in_pillar([1.0, 2], [1.0, 2]), population=[10.0, 9.0], inner=inner)
    assert made["units"]["cells"] == 2


def test_the_index_over_people_by_hand():
    made = summarised(FOUR, population=PEOPLE)["index"]
    score = [90, 45, 45, 20]
    assert made["mean"] == close(sum(s * p for s, p in zip(score, PEOPLE, strict=True)) / 1000)
    high, low = (45 + 90) / 2, 20  # the best tenth is met exactly, so its edge is averaged
    assert made["gap"] == {"points": close(high - low), "p90_p10": close(high / low)}
    pairs = [
        p * q * abs(s - t)
        for s, p in zip(score, PEOPLE, strict=True)
        for t, q in zip(score, PEOPLE, strict=True)
    ]
    assert made["mean_abs_difference"] == close(sum(pairs) / 1000**2)
    assert made["gini"] == close(sum(pairs) / 1000**2 / made["mean"] / 2)


def test_a_score_of_zero_at_the_bottom_makes_no_ratio():
    made = summarised(same_in_pillar([0.0, 80], [0.0, 80]), population=[50.0, 50.0])["index"]
    assert made["gap"] == {"p90_p10": None, "points": close(80)}


def test_people_whose_district_is_unknown_are_left_out_of_a_pillar():
    made = summarised(same_in_pillar([nan, 40, 60], [10.0, 40, 60]), population=[8.0, 1.0, 3.0])
    assert made["pillars"]["structures"]["mean"] == close((40 + 3 * 60) / 4)
    assert made["pillars"]["technologies"]["mean"] == close((80 + 40 + 3 * 60) / 12)


def test_types_list_their_districts_and_their_share_of_people():
    made = summarised(FOUR, population=PEOPLE)["types"]
    assert made["showcase"] == {"districts": ["b"], "population_share": close(0.2)}
    assert made["neglected"] == {"districts": ["d"], "population_share": close(0.4)}
    assert made["uncertain"] == {"districts": [], "population_share": 0}


def test_relative_types_go_by_the_middle_resident():
    made = summarised(FOUR, population=PEOPLE)["types"]["relative"]
    assert made["basis"] == "relative"
    # Of 1,000 residents 200 have 10 points of structures, and the next 400 have 20
    assert made["threshold"] == {"structures": close(20), "technologies": close(20)}
    assert made["neglected"]["districts"] == []
    assert made["integrated"]["districts"][0] == "a"
    assert made["showcase"] == {"districts": ["b"], "population_share": close(0.2)}


def test_decoration_is_told_of_districts_and_of_the_city():
    made = summarised(FOUR, population=PEOPLE)
    gaps = [one["decoration_gap"] for one in made["districts"].values()]
    assert gaps == close([0, 70, -70, 0])
    assert made["decoration"] == {
        "mean": close((200 * 70 - 300 * 70) / 1000),
        "showcase_population": 200.0,
        "most_decorated": "b",
    }
    why = made["districts"]["b"]["decoration"]
    assert why == {
        "ahead": [f"t_{one}" for one in AREAS[:3]],
        "behind": [f"s_{one}" for one in AREAS[:3]],
    }
    assert made["districts"]["c"]["decoration"]["ahead"] == why["behind"]
    assert made["districts"]["a"]["decoration"] == {"ahead": [], "behind": []}


def test_without_people_the_decoration_of_districts_stands_alone():
    made = summarised(FOUR)
    assert made["districts"]["b"]["decoration_gap"] == close(70)
    assert made["decoration"] == {
        "mean": None,
        "showcase_population": None,
        "most_decorated": "b",
    }
    assert made["districts"]["b"]["type_relative"] is None
    assert made["types"]["relative"]["threshold"] == {"structures": None, "technologies": None}


def test_what_imd_asks_is_counted_by_how_it_is_seen():
    values = FOUR | {"school_walk_min": [5.0, 10.0, 20.0, 30.0]}
    school = definition("school_walk_min", better="lower", goalposts=(30.0, 5.0))
    made = summarised(values, definitions=[*one_of_each(), school], population=PEOPLE)
    cell = made["seen"]["structures"]["opportunities"]
    assert cell == {"items": 5, "indicators": 1, "survey": 0, "not_observable": 0, "no_data": 4}
    assert made["seen"]["technologies"]["governance"]["not_observable"] == 2


def test_without_a_material_gap_no_type_has_people():
    made = summarised(same_in_pillar([20, 22], [20, 22]), population=[5.0, 5.0])["types"]
    assert made["basis"] == "no_material_gap"
    for block in (made, made["relative"]):
        assert block["basis"] == "no_material_gap"
        assert all(block[one] == {"districts": [], "population_share": None} for one in TYPES)


def test_an_indicator_names_its_extremes_and_its_inequality():
    made = summarised(FOUR, population=PEOPLE)["indicators"]["s_mobility"]
    assert (made["min_district"], made["max_district"]) == ("b", "a")
    assert made["mean"] == close((100 * 90 + 200 * 10 + 300 * 80 + 400 * 20) / 1000)
    assert made["gini"]["value"] > 0
    assert (made["gini"]["sampling"], made["gini"]["method"]) == (None, None)
    assert set(made["theil"]) == {"total", "between", "within"}
    assert (made["coverage"], made["confidence"]) == (1, 1)
    assert made["reasons"] == []


def test_an_indicator_says_why_it_is_null():
    made = summarised(FOUR | {"s_mobility": [nan, nan, nan, 1]}, population=PEOPLE)
    found = made["indicators"]["s_mobility"]
    assert (found["coverage"], found["mean"], found["gini"]) == (close(0.4), None, None)
    assert ids(found["reasons"]) == ["low_coverage"]
    made = summarised(FOUR | {"s_mobility": [0, 0, 0, 9]}, population=PEOPLE)
    assert made["indicators"]["s_mobility"]["ratio"] is None
    assert ids(made["indicators"]["s_mobility"]["reasons"]) == ["zero_scale"]


def test_error_in_the_data_gives_inequality_an_interval_apart_from_the_value():
    ids_of = list("abcd")
    noise = np.random.default_rng(1).normal(0, 5, (100, 4))
    table = pd.DataFrame(np.clip(FOUR["s_mobility"] + noise, 0, 100), columns=ids_of)
    doubtful = summarised(
        FOUR, population=PEOPLE, change=lambda made: replace(made, draws={"s_mobility": table})
    )
    certain = summarised(FOUR, population=PEOPLE)
    for made, known in ((doubtful, True), (certain, False)):
        found = made["indicators"]["s_mobility"]
        for block in (found["gini"]["sampling"], *found["sampling"].values()):
            assert (block is not None) == known
        assert all((one is not None) == known for one in made["index"]["sampling"].values())
    one, other = doubtful["index"], certain["index"]
    assert one["gap"] == other["gap"]
    assert one["gini"] == other["gini"]
    ends = one["sampling"]["gap_points"]
    assert ends["low"] < one["gap"]["points"] < ends["high"]
    assert doubtful["indicators"]["t_mobility"]["gini"]["sampling"] is None


def test_a_share_says_why_it_has_no_gini():
    one = stratifier(role="indicator", pillar="structures", area="mobility", goalposts=(1.0, 0.0))
    made = summarised({"poverty": [0.2, 0.4]}, definitions=[one], population=[1.0, 1.0])
    found = made["indicators"]["poverty"]
    assert found["gini"] is None
    assert found["absolute_gini"] == close(0.05)
    assert ids(found["reasons"]) == ["share_scale"]


def test_reasons_of_the_evaluation_come_first_and_are_not_touched():
    known = {key: [reason("straight_line")] for key in FOUR}
    made = summarised(FOUR, change=lambda found: replace(found, reasons=known))
    assert ids(made["indicators"]["s_mobility"]["reasons"]) == ["straight_line", "no_population"]
    assert ids(known["s_mobility"]) == ["straight_line"]


def test_an_indicator_is_trusted_as_its_people_are():
    def unsure(found):
        return replace(found, confidence=found.confidence.assign(s_mobility=[1, 0.5, nan, 0]))

    made = summarised(FOUR, population=PEOPLE, change=unsure)
    assert made["indicators"]["s_mobility"]["confidence"] == close((100 + 200 * 0.5) / 1000)
    assert made["districts"]["b"]["confidence"] == close((9 + 0.5) / 10)
    assert made["districts"]["c"]["confidence"] == close(9 / 10)


def test_what_is_unknown_in_a_district_lowers_its_confidence():
    found = evaluation(FOUR | {"s_mobility": [nan, 1, 1, 1]}, list("abcd"))
    trusted = replace(found, confidence=found.confidence * 0 + 0.8)
    judged = judgement.judge(
        trusted,
        one_of_each(),
        population=pd.Series(PEOPLE, index=list("abcd")),
        present=list(FOUR),
        rules=rules(),
    )
    assert summary.district_confidence(trusted, judged).tolist() == close([0.72, 0.8, 0.8, 0.8])


def test_confidence_counts_only_what_enters_the_index():
    def unsure(found):
        return replace(found, confidence=found.confidence.assign(poverty=0.0))

    made = summarised(
        FOUR | {"poverty": [0.1, 0.2, 0.3, 0.4]},
        definitions=[*one_of_each(), stratifier()],
        population=PEOPLE,
        change=unsure,
    )
    assert made["districts"]["a"]["confidence"] == 1


def test_people_of_districts_without_a_count_are_unknown():
    assert summary.people_of(units(["a", "b"])).isna().all()
    assert summary.people_of(units(["a"], population=[3.0])).tolist() == [3]


# ---- districts ----------------------------------------------------------------------------


def test_a_district_is_described_by_its_scores_and_their_ranges():
    made = summarised(FOUR, population=PEOPLE)["districts"]["b"]
    assert (made["name"], made["population"]) == ("District b", 200.0)
    assert (made["structures"], made["technologies"]) == close((10, 80))
    assert made["areas"] == dict.fromkeys(AREAS, close((10 + 80) / 2))
    assert made["score"]["value"] == close(45)
    low, high = made["score"]["method"]["low"], made["score"]["method"]["high"]
    assert 10 < low < 45 < high < 80
    assert made["score"]["sampling"] is None
    assert made["rank"]["value"] == 2.5
    # by the share of districts left behind it comes to (1/8 + 5/8) / 2, no more than d
    assert made["rank"]["method"] == {"low": 2, "high": 4}
    assert made["rank"]["sampling"] is None
    assert 0 < made["worst_quarter_probability"] < 0.5
    assert made["type"] == "showcase"
    assert made["type_probability"] == {one: float(one == "showcase") for one in TYPES}


def test_strengths_and_gaps_are_what_differs_most_from_the_mean_of_people():
    values = same_in_pillar([50.0, 50.0], [50.0, 50.0])
    values |= {"s_mobility": [58, 48], "s_governance": [80, 40], "t_mobility": [54, 50]}
    values |= {"t_governance": [14, 50]}
    made = summarised(values, population=[100.0, 300.0])["districts"]
    # means of people: 50.5, 50, 51, 41; from five points off it is worth a word
    assert made["a"]["strengths"] == ["s_governance", "s_mobility"]
    assert made["a"]["gaps"] == ["t_governance"]
    assert made["b"]["strengths"] == ["t_governance"]
    assert made["b"]["gaps"] == ["s_governance"]


def test_at_most_three_strengths_and_gaps_are_listed_the_largest_first():
    keys = [f"s_{area}" for area in AREAS]
    values = same_in_pillar([50.0, 50.0], [50.0, 50.0])
    values |= {key: [60.0 + 5 * at, 10.0 - at] for at, key in enumerate(keys)}
    made = summarised(values, population=[1.0, 1.0])["districts"]
    assert made["a"]["strengths"] == made["b"]["gaps"] == keys[:1:-1]


def test_without_people_there_is_no_mean_to_differ_from():
    made = summarised(FOUR)["districts"]
    assert all(one["strengths"] == one["gaps"] == [] for one in made.values())


def test_an_unknown_score_is_neither_strength_nor_gap():
    values = FOUR | {"s_mobility": [nan, 0, 50, 100]}
    made = summarised(values, population=PEOPLE)["districts"]
    assert "s_mobility" not in made["a"]["strengths"] + made["a"]["gaps"]
    assert "s_mobility" in made["b"]["gaps"]


def test_a_district_says_what_is_unknown_of_it():
    inner = cells(list("aabc"), population=[nan, nan, 5.0, 5.0])
    made = summarised(
        FOUR | {"s_mobility": [nan, 1, 1, 1], "t_mobility": [nan, 1, 1, 1]},
        population=[nan, 200.0, 300.0, 400.0],
        inner=inner,
    )["districts"]
    assert ids(made["a"]["reasons"]) == [
        "district_no_population",
        "cells_no_population",
        "missing_here",
    ]
    said = [one["text"]["en"] for one in made["a"]["reasons"]]
    assert "2" in said[1]
    assert "c0 and c1" in said[1]
    assert "s_mobility and t_mobility" in said[2]
    assert made["b"]["reasons"] == []


def test_every_reason_is_said_in_three_languages():
    made = summarised(
        FOUR | {"s_mobility": [nan, nan, nan, 1]}, population=[nan, 200.0, 300.0, 400.0]
    )
    found = [*made["absent"].values()]
    for block in ("indicators", "districts"):
        found += [one for entry in made[block].values() for one in entry["reasons"]]
    assert len(found) > 4
    for one in found:
        assert set(one["text"]) == {"en", "es", "pt"}
        assert all(one["text"].values())


# ---- method -------------------------------------------------------------------------------


def test_the_method_states_every_choice():
    made = summarised(
        FOUR,
        population=PEOPLE,
        seed=7,
        draws=50,
        weights={"mobility": 2.0},
        weights_range=(0.9, 1.1),
        threshold=55.0,
    )["method"]
    assert (made["seed"], made["draws"], made["threshold"]) == (7, 50, 55)
    assert made["weights"] == {"mobility": 2.0}
    assert made["weights_range"] == [0.9, 1.1]
    assert made["level"] == 0.9
    assert made["basis"] == "absolute"
    assert made["walking_speed_kmh"] == 4.8


def test_the_versions_name_the_software():
    made = summarised({}, population=[1.0])["versions"]
    assert made["pandas"] == pd.__version__
    assert {"geoequity", "python", "numpy"} <= set(made)


def test_the_blocks_given_are_copied():
    made = summarised({}, population=[1.0])
    made["city"]["name"] = "elsewhere"
    made["method"]["streets"] = "none"
    assert (CITY["name"], METHOD["streets"]) == ("Valle", "network")


def test_values_are_plain_all_the_way_down():
    def walk(value):
        if isinstance(value, Mapping):
            for key, one in value.items():
                assert type(key) is str
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)
        else:
            assert value is None or type(value) in {str, int, float, bool}

    walk(summarised(FOUR, population=PEOPLE))


def test_pillars_and_areas_are_all_there_even_where_nothing_is_known():
    made = summarised({}, population=[1.0])
    assert made["pillars"] == {key: {"mean": None, "gap": None} for key in PILLARS}
    assert made["areas"] == {key: {"mean": None, "gap": None} for key in AREAS}


# ---- how the index is made and what holds it together ---------------------------------------


def test_the_audit_of_the_index_is_told():
    made = summarised(FOUR, population=PEOPLE)["index"]["audit"]
    pairs = {(one["one"], one["other"]) for one in made["redundant"]}
    assert ("s_mobility", "s_governance") in pairs
    assert not any(one[:2] != other[:2] for one, other in pairs)
    assert made["conflicting"] == []
    assert made["alpha"]["structures"] == close(1)
    assert sum(one["nominal"] for one in made["weights"].values()) == close(1)
    assert sum(one["effective"] for one in made["weights"].values()) == close(1)


def test_what_goes_against_its_siblings_is_told_the_worst_first():
    extra = [definition(one, area="mobility") for one in ("down", "odd")]
    values = FOUR | {"down": [10, 90, 20, 80], "odd": [20, 10, 30, 70]}
    made = summarised(values, definitions=[*one_of_each(), *extra])["index"]["audit"]
    told = made["conflicting"]
    assert [one["correlation"] for one in told] == sorted(one["correlation"] for one in told)
    assert {told[0]["one"], told[0]["other"]} == {"s_mobility", "down"}
    assert told[0]["correlation"] == close(-1)


def test_a_family_is_not_told_that_it_says_the_same():
    twins = [definition(one, area="mobility", family="wifi") for one in ("wifi_a", "wifi_b")]
    values = FOUR | {"wifi_a": [1.0, 2, 3, 40], "wifi_b": [1.0, 2, 3, 41]}
    made = summarised(values, definitions=[*one_of_each(), *twins])["index"]["audit"]
    assert not [one for one in made["redundant"] if one["one"] == "wifi_a"]
    assert {"wifi_a", "wifi_b"} < set(made["weights"])


def test_an_index_of_hardly_any_districts_has_no_audit():
    assert summarised(same_in_pillar([50.0, 20], [20.0, 30]))["index"]["audit"] is None
    assert summarised({})["index"]["audit"] is None


def test_other_normalisations_and_means_say_so():
    usual = summarised(FOUR, population=PEOPLE)
    assert usual["method"]["normalisation"] == "goalposts of the catalogue"
    assert usual["index"]["method"] == "mean of the two pillars"
    made = summarised(FOUR, population=PEOPLE, normalisation="rank", aggregation="harmonic")
    assert made["method"]["normalisation"] == "order of the districts"
    assert made["method"]["aggregation"] == "weighted harmonic mean"
    assert made["index"]["method"] == (
        "harmonic mean of the two pillars, scores by order of the districts"
    )
    assert made["types"]["basis"] == "relative_scores"
    assert made["types"]["neglected"] == {"districts": [], "population_share": None}
    assert made["types"]["relative"]["basis"] == "relative_scores"
    assert set(made["decoration"].values()) == {None}
    assert ids(made["districts"]["a"]["reasons"]) == ["relative_scores"]
    assert set(made["districts"]["a"]["type_probability"].values()) == {None}
    assert made["index"]["mean"] is not None
