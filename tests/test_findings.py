"""Findings on worlds small enough to reckon by hand."""

import copy
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoequity.findings import findings
from geoequity.inequality import quantile
from geoequity.locale import LANGUAGES, number, percent
from geoequity.patterns import rank_correlation

IDS = ["a", "b", "c", "d", "e", "f"]
NAMES = ["Alfa", "Bravo", "Charlie", "Delta", "Eco", "Foxtrot"]
PEOPLE = [100.0, 100.0, 200.0, 200.0, 300.0, 100.0]
SCORE = [20.0, 30.0, 45.0, 55.0, 70.0, 90.0]

CATALOGUE = pd.DataFrame(
    {
        "label_en": ["Walk to the nearest hospital", "Households with internet", "Unmet needs"],
        "label_es": ["Caminata al hospital", "Hogares con internet", "Necesidades insatisfechas"],
        "label_pt": ["Caminhada até o hospital", "Domicílios com internet", "Carências"],
        "unit": ["min", "share", "share"],
        "base": ["persons", "households", "households"],
        "better": ["lower", "higher", "lower"],
        "role": ["indicator", "indicator", "stratifier"],
        "worst": [60.0, 0.0, math.nan],
        "best": [15.0, 1.0, math.nan],
    },
    index=pd.Index(["hospital_walk_min", "home_internet_share", "unmet_needs_share"], name="id"),
)


def world(**changes):
    """Tables and summary of six districts, with some of it changed."""
    index = pd.Index(IDS, name="unit_id")
    score = pd.Series(changes.pop("score", SCORE), index=index)
    districts = pd.DataFrame(
        {
            "name": changes.pop("names", NAMES),
            "population": changes.pop("people", PEOPLE),
            "households": [40.0, 40.0, 80.0, 80.0, 120.0, 40.0],
            "index": score,
            "structures": score,
            "technologies": score,
        },
        index=index,
    )
    minutes = pd.Series([60.0, 50.0, 40.0, 30.0, 20.0, 15.0], index=index)
    internet = pd.Series([0.2, 0.4, 0.5, 0.6, 0.8, 0.9], index=index)
    indicators = pd.DataFrame(
        {
            "hospital_walk_min": minutes,
            "home_internet_share": internet,
            "unmet_needs_share": [0.30, 0.25, 0.2, 0.1, 0.05, 0.01],
        }
    )
    scores = pd.DataFrame(
        {"hospital_walk_min": (60 - minutes) / 0.45, "home_internet_share": 100 * internet}
    )
    summary = {
        "index": {"mean": 54.0, "gap": {"points": 60.0, "p90_p10": 3.0}},
        "pillars": {one: {"mean": 54.0, "gap": 60.0} for one in ("structures", "technologies")},
        "population": {"total": 1010.0, "covered_share": 1000 / 1010, "outside": 10.0},
        "indicators": {
            "hospital_walk_min": {"mean": 33.5},
            "home_internet_share": {"mean": 0.61},
        },
        "types": {
            "basis": "absolute",
            "integrated": {"districts": ["d", "e", "f"], "population_share": 0.6},
            "showcase": {"districts": ["c"], "population_share": 0.2},
            "analogue": {"districts": [], "population_share": 0.0},
            "neglected": {"districts": ["a", "b"], "population_share": 0.2},
            "uncertain": {"districts": [], "population_share": 0.0},
        },
        "absent": {
            "library_walk_min": {"id": "no_services", "text": {}},
            "of_their_own": "no table",
        },
        "method": {"min_gap_points": 10.0},
    }
    tables = {
        "summary": summary,
        "districts": districts,
        "indicators": indicators,
        "scores": scores,
        "catalogue": CATALOGUE,
    }
    return {**tables, **changes}


def told(tables):
    """Findings by id."""
    return {one["id"]: one for one in findings(**tables)}


def test_a_full_study_has_four_to_six_findings_and_ends_with_what_is_unseen():
    found = findings(**world())
    assert [one["id"] for one in found] == [
        "gap",
        "neglected",
        "showcase",
        "drivers",
        "stratifier",
        "unseen",
    ]


def test_every_finding_is_said_in_every_language_and_can_be_written_as_json():
    for finding in findings(**world()):
        assert set(finding) == {"id", "text", "numbers"}
        assert set(finding["text"]) == set(LANGUAGES)
        assert len(set(finding["text"].values())) == len(LANGUAGES)
        assert json.loads(json.dumps(finding, allow_nan=False)) == finding


def test_the_gap_lies_between_the_first_and_the_last_tenth_of_people():
    # 1,000 people in line: the first 100 live at 20, so p10 = (20 + 30) / 2; the last 100 at 90.
    gap = told(world())["gap"]
    assert gap["numbers"] == {
        "low": (20 + 30) / 2,
        "high": (70 + 90) / 2,
        "gap_points": (70 + 90) / 2 - (20 + 30) / 2,
        "worst_score": 20.0,
        "best_score": 90.0,
    }
    assert "55.0 points" in gap["text"]["en"]
    assert "55,0 puntos" in gap["text"]["es"]
    assert "Alfa, con 20,0, y Foxtrot, con 90,0" in gap["text"]["es"]


def test_the_gap_of_the_findings_is_the_gap_of_the_summary():
    score, people = pd.Series(SCORE), pd.Series(PEOPLE)
    points = quantile(score, population=people, q=0.9) - quantile(score, population=people, q=0.1)
    assert told(world())["gap"]["numbers"]["gap_points"] == points


def test_the_neglected_are_named_and_counted_in_people():
    neglected = told(world())["neglected"]
    assert neglected["numbers"] == {"districts": 2, "of": 6, "population_share": 0.2}
    assert "2 de los 6 distritos están relegados: Alfa y Bravo." in neglected["text"]["es"]
    assert "20%" in neglected["text"]["en"]


def test_one_neglected_district_is_spoken_of_in_the_singular():
    tables = world()
    tables["summary"]["types"]["neglected"] = {"districts": ["b"], "population_share": 0.1}
    text = told(tables)["neglected"]["text"]
    assert text["es"].startswith("1 de los 6 distritos está relegado: Bravo. Le faltan")
    assert text["pt"].startswith("1 dos 6 distritos está negligenciado: Bravo.")


def test_where_none_is_neglected_nobody_is_named_so_and_the_doubtful_are_told():
    tables = world()
    tables["summary"]["types"]["neglected"] = {"districts": [], "population_share": 0.0}
    tables["summary"]["types"]["uncertain"] = {"districts": ["a", "b"], "population_share": 0.2}
    neglected = told(tables)["neglected"]
    assert neglected["numbers"] == {
        "integrated_districts": 3,
        "integrated_share": 0.6,
        "uncertain_districts": 2,
        "uncertain_share": 0.2,
    }
    assert "3 districts, with 60% of residents, are integrated" in neglected["text"]["en"]
    assert "none is called neglected" in neglected["text"]["en"]
    assert "2 districts, with 20% of residents, stay uncertain" in neglected["text"]["en"]


def test_technology_without_structures_is_called_decoration():
    showcase = told(world())["showcase"]
    assert showcase["numbers"] == {"showcase_districts": 1, "showcase_share": 0.2}
    assert "es decoración: Charlie." in showcase["text"]["es"]


def decorated(gap=40.0, *, ahead=("home_internet_share",), behind=("hospital_walk_min",)):
    """The six districts, technologies running ahead of structures in Charlie."""
    tables = world()
    tables["summary"]["decoration"] = {"most_decorated": "c"}
    tables["summary"]["districts"] = {
        "c": {
            "decoration_gap": gap,
            "structures": 25.0,
            "technologies": 65.0,
            "decoration": {"ahead": list(ahead), "behind": list(behind)},
        }
    }
    return tables


def without_showcase(tables):
    tables["summary"]["types"]["showcase"] = {"districts": [], "population_share": 0.0}
    return tables


def test_the_showcase_says_where_technologies_run_furthest_ahead_and_why():
    showcase = told(decorated())["showcase"]
    assert showcase["numbers"] == {
        "showcase_districts": 1,
        "showcase_share": 0.2,
        "decoration_gap": 40.0,
        "structures": 25.0,
        "technologies": 65.0,
        "home_internet_share": 0.5,
        "home_internet_share_mean": 0.61,
        "hospital_walk_min": 40.0,
        "hospital_walk_min_mean": 33.5,
    }
    said = showcase["text"]["en"]
    assert (
        "In Charlie, technologies run 40.0 points ahead of structures (65.0 against 25.0)" in said
    )
    assert "technologies lead in households with internet (50% against 61%), while" in said
    assert "fall behind in walk to the nearest hospital (40 against 33.5\xa0min)" in said
    assert "decoration" not in told(decorated())


def test_decoration_is_told_without_a_showcase_too():
    found = told(without_showcase(decorated()))
    assert found["decoration"]["numbers"]["decoration_gap"] == 40.0
    assert found["decoration"]["text"]["es"].startswith(
        "En Charlie, las tecnologías van 40,0 puntos"
    )


@pytest.mark.parametrize(
    ("sides", "ends"),
    [
        ({"behind": ()}, "lead in households with internet (50% against 61%). Each figure"),
        ({"ahead": ()}, "structures fall behind in walk to the nearest hospital"),
        ({"ahead": (), "behind": ("no_such",)}, "structures (65.0 against 25.0)."),
    ],
)
def test_decoration_says_what_is_known_of_why(sides, ends):
    assert ends in told(without_showcase(decorated(**sides)))["decoration"]["text"]["en"]


@pytest.mark.parametrize("gap", [4.9, -30.0, None])
def test_a_small_difference_or_none_is_no_decoration(gap):
    assert "decoration" not in told(without_showcase(decorated(gap)))
    assert "decoration_gap" not in told(decorated(gap))["showcase"]["numbers"]


def test_without_a_showcase_the_analogue_districts_are_told():
    tables = world()
    tables["summary"]["types"]["analogue"] = tables["summary"]["types"]["showcase"]
    tables["summary"]["types"]["showcase"] = {"districts": [], "population_share": 0.0}
    found = told(tables)
    assert "showcase" not in found
    assert "faltan tecnologías: Charlie." in found["analogue"]["text"]["es"]


def test_showcase_and_analogue_are_told_together():
    tables = world()
    tables["summary"]["types"]["analogue"] = {"districts": ["d"], "population_share": 0.15}
    showcase = told(tables)["showcase"]
    assert showcase["numbers"]["analogue_share"] == 0.15
    assert showcase["text"]["en"].index("Charlie") < showcase["text"]["en"].index("Delta")


def test_drivers_compare_neglected_with_integrated_districts_by_their_own_base():
    drivers = told(world())["drivers"]
    assert drivers["numbers"] == pytest.approx(
        {
            # people for minutes on foot, households for a share of households
            "hospital_walk_min_worse": (60 * 100 + 50 * 100) / 200,
            "hospital_walk_min_better": (30 * 200 + 20 * 300 + 15 * 100) / 600,
            "home_internet_share_worse": (0.2 * 40 + 0.4 * 40) / 80,
            "home_internet_share_better": (0.6 * 80 + 0.8 * 120 + 0.9 * 40) / 240,
        }
    )
    # On scores the walk parts them by 67 points, the internet by 45: the walk comes first.
    text = drivers["text"]["en"]
    assert text.index("walk to the nearest hospital (55 against 22.5\xa0min)") < text.index(
        "households with internet (30% against 75%)"
    )


def test_without_both_types_drivers_compare_the_tenths_of_people():
    tables = world()
    tables["summary"]["types"]["integrated"] = {"districts": [], "population_share": 0.0}
    drivers = told(tables)["drivers"]
    assert drivers["numbers"]["hospital_walk_min_worse"] == 60.0
    assert drivers["numbers"]["hospital_walk_min_better"] == 15.0
    assert "worst-served tenth" in drivers["text"]["en"]


def test_an_indicator_whose_base_is_not_counted_drives_nothing():
    tables = world()
    tables["districts"] = tables["districts"].drop(columns="households")
    assert set(told(tables)["drivers"]["numbers"]) == {
        "hospital_walk_min_worse",
        "hospital_walk_min_better",
    }


def shared_out(tables):
    """The gap of 60 points, shared out: most of it is internet."""
    tables["summary"]["index"]["drivers"] = [
        {"id": "home_internet_share", "points": 45.0, "share": 0.75, "error": 0.1},
        {"id": "hospital_walk_min", "points": 18.0, "share": 0.3, "error": 0.1},
        {"id": "library_walk_min", "points": -3.0, "share": -0.05, "error": 0.1},
    ]
    tables["summary"]["index"]["pillar_drivers"] = [
        {"id": "technologies", "points": 45.0, "share": 0.75, "error": 0.0},
        {"id": "structures", "points": 15.0, "share": 0.25, "error": 0.0},
    ]
    return tables


def test_where_the_gap_is_shared_out_its_largest_parts_are_told_with_points():
    drivers = told(shared_out(world()))["drivers"]
    assert drivers["numbers"]["gap_points"] == 60.0
    assert drivers["numbers"]["share"] == pytest.approx(1.05)
    assert drivers["numbers"]["structures_points"] == 15.0
    assert not [one for one in drivers["numbers"] if one.startswith("library")]
    assert drivers["text"]["en"] == (
        "Of the gap of 60.0 points, 105% comes from 2 indicators: households with internet (30% "
        "against 75%), 45.0 points; walk to the nearest hospital (55 against 22.5\xa0min), 18.0 "
        "points. In brackets, neglected districts against integrated ones. Structures make 15.0 "
        "points of the gap, technologies 45.0."
    )


def test_what_makes_the_gap_and_has_no_two_sides_is_told_by_its_points():
    tables = shared_out(world())
    tables["districts"] = tables["districts"].drop(columns="households")
    drivers = told(tables)["drivers"]
    assert "households with internet (45.0 points); walk" in drivers["text"]["en"]


def parted(tables):
    """Alfa and Bravo as the south, Foxtrot as the north."""
    sides = {
        "south": {"index": 25.0, "structures": 30.0, "technologies": 20.0},
        "north": {"index": 90.0, "structures": 80.0, "technologies": 100.0},
    }
    values = {
        "south": {"hospital_walk_min": 55.0, "home_internet_share": 0.3, "unmet_needs_share": 0.27},
        "north": {"hospital_walk_min": 15.0, "home_internet_share": 0.9, "unmet_needs_share": 0.01},
    }
    tables["summary"]["divide"] = {
        "parts": {
            key: {**one, "label": {"en": f"the {key}"}, "indicators": values[key]}
            for key, one in sides.items()
        },
        "better": "north",
        "worse": "south",
        "points": 65.0,
        "drivers": [
            {"id": "home_internet_share", "points": 68.0, "share": 1.0, "error": 0.0},
            {"id": "library_walk_min", "points": 0.2, "share": 0.0, "error": 0.0},
            {"id": "hospital_walk_min", "points": -3.2, "share": -0.1, "error": 0.0},
        ],
    }
    return tables


def test_parts_of_the_city_are_set_apart_with_what_works_either_way():
    found = findings(**parted(world()))
    assert [one["id"] for one in found][:2] == ["gap", "divide"]
    divide = found[1]
    assert divide["numbers"]["points"] == 65.0
    assert divide["numbers"]["unmet_needs_share_worse"] == 0.27
    assert divide["text"]["en"] == (
        "Between the south and the north lie 65.0 points of the index: in structures 30.0 against "
        "80.0, in technologies 20.0 against 100.0. What sets them apart most: households with "
        "internet (30% against 90%), 68.0 points. The other way works: walk to the nearest "
        "hospital (55 against 15\xa0min), \N{MINUS SIGN}3.2 points. People differ, too: unmet "
        "needs (27% against 1.0%)."
    )
    assert "Entre the south y the north" in divide["text"]["es"]  # no other language is given


def test_parts_without_an_index_make_no_finding():
    tables = parted(world())
    tables["summary"]["divide"] |= {"better": None, "worse": None, "points": None, "drivers": []}
    assert "divide" not in told(tables)


def leaning(indicator, concentration):
    tables = world()
    tables["summary"]["indicators"][indicator]["concentration"] = concentration
    tables["districts"] = tables["districts"].drop(columns=["index", "structures", "technologies"])
    return told(tables).get("leaning")


def test_what_leans_to_the_better_off_is_told_by_fifths_of_people():
    found = leaning("home_internet_share", 0.2)
    # 400 households from most need to least: the first 80 and the last 80
    assert found["numbers"] == pytest.approx(
        {
            "concentration": 0.2,
            "poorest_fifth": (0.2 * 40 + 0.4 * 40) / 80,
            "richest_fifth": (0.8 * 40 + 0.9 * 40) / 80,
        }
    )
    assert found["text"]["en"].startswith("The better off have more. Going by “Unmet needs”")
    assert (
        "has 85% of “households with internet”, the fifth in the worst-off 30%"
        in (found["text"]["en"])
    )


@pytest.mark.parametrize(
    ("indicator", "concentration", "begins"),
    [
        ("home_internet_share", -0.2, "The worse off have more."),
        ("hospital_walk_min", -0.2, "The burden falls on the worse off."),
        ("hospital_walk_min", 0.2, "The burden falls on the better off."),
    ],
)
def test_goods_and_burdens_lean_in_words(indicator, concentration, begins):
    assert leaning(indicator, concentration)["text"]["en"].startswith(begins)


def test_what_leans_little_is_no_finding():
    assert leaning("home_internet_share", 0.04) is None


def test_more_need_where_the_index_is_lower_is_said_to_coincide():
    stratifier = told(world())["stratifier"]
    assert stratifier["numbers"] == {"rank_correlation": pytest.approx(-1.0)}
    assert "también los peor atendidos" in stratifier["text"]["es"]
    assert "strong" in stratifier["text"]["en"]
    assert f"{number(-1.0, language='es', decimals=2)}" in stratifier["text"]["es"]


def test_more_need_where_the_index_is_higher_is_said_too():
    text = told(world(score=SCORE[::-1]))["stratifier"]["text"]
    assert "the better served" in text["en"]


def test_a_stratifier_that_is_good_to_have_is_read_the_other_way_round():
    catalogue = CATALOGUE.copy()
    catalogue.loc["unmet_needs_share", "better"] = "higher"  # as income is
    assert "the better served" in told(world(catalogue=catalogue))["stratifier"]["text"]["en"]


def test_a_weak_link_is_said_to_be_a_slight_tendency():
    tables = world()
    tables["indicators"]["unmet_needs_share"] = [0.3, 0.1, 0.3, 0.1, 0.2, 0.1]
    stratifier = told(tables)["stratifier"]
    assert -0.4 < stratifier["numbers"]["rank_correlation"] < -0.2
    assert "tend slightly to be worse served" in stratifier["text"]["en"]


def test_no_link_is_not_dressed_up():
    tables = world()
    tables["indicators"]["unmet_needs_share"] = [0.3, 0.1, 0.2, 0.3, 0.1, 0.3]
    stratifier = told(tables)["stratifier"]
    assert abs(stratifier["numbers"]["rank_correlation"]) < 0.2
    assert "do not go together" in stratifier["text"]["en"]


def test_four_districts_are_too_few_for_a_correlation():
    tables = world()
    tables["indicators"].loc[["a", "b"], "unmet_needs_share"] = math.nan
    assert "stratifier" not in told(tables)


def test_ranks_are_those_of_people_and_not_of_districts():
    # Ranks in the line of 10 people (1+1+6+1+1): 0.5 1.5 5 8.5 9.5 against 0.5 8.5 5 1.5 9.5.
    index = list("abcde")
    people = pd.Series([1.0, 1.0, 6.0, 1.0, 1.0], index=index)
    left, right = pd.Series([1, 2, 3, 4, 5], index=index), pd.Series([1, 4, 3, 2, 5], index=index)
    centred = np.array([0.5, 1.5, 5, 8.5, 9.5]) - 5
    other = np.array([0.5, 8.5, 5, 1.5, 9.5]) - 5
    weight = people.to_numpy()
    expected = (weight * centred * other).sum() / (weight * centred**2).sum()
    assert rank_correlation(left, right, population=people) == pytest.approx(expected)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 4)), min_size=5, max_size=9
    )
)
def test_the_rank_correlation_is_that_of_every_resident_one_by_one(rows):
    frame = pd.DataFrame(rows, columns=["left", "right", "people"])
    found = rank_correlation(
        frame["left"], frame["right"], population=frame["people"].astype(float)
    )
    residents = frame.loc[frame.index.repeat(frame["people"])].rank()
    if residents[["left", "right"]].std().min() == 0:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(residents["left"].corr(residents["right"]), abs=1e-9)


def test_what_is_unseen_is_counted_named_and_told_with_those_outside():
    unseen = told(world())["unseen"]
    assert unseen["numbers"] == {"catalogue": 5, "absent": 2, "outside": 10.0}
    assert unseen["text"]["es"] == (
        "2 de los 5 indicadores del catálogo no se pudieron calcular por falta de datos: "
        "caminata a la biblioteca más cercana y of_their_own. "
        "10 habitantes viven fuera de todos los distritos y no entran en estas cifras."
    )


def test_when_all_can_be_seen_that_is_said():
    tables = world()
    tables["summary"]["absent"] = {}
    tables["summary"]["population"]["outside"] = 0.0
    assert (
        told(tables)["unseen"]["text"]["en"]
        == "All 3 indicators of the catalogue could be computed."
    )


def test_walking_is_told_where_there_is_room_and_against_the_city():
    tables = world()
    tables["summary"]["types"]["showcase"] = {"districts": [], "population_share": 0.0}
    walking = told(tables)["walking"]
    assert walking["numbers"] == {"hospital_walk_min": 60.0, "hospital_walk_min_mean": 33.5}
    assert "Alfa" in walking["text"]["pt"]
    assert "(60 frente a 33,5\xa0min)" in walking["text"]["es"]


def test_a_minute_more_is_no_finding():
    tables = world()
    tables["summary"]["types"]["showcase"] = {"districts": [], "population_share": 0.0}
    tables["summary"]["indicators"]["hospital_walk_min"]["mean"] = 59.0
    assert "walking" not in told(tables)


def even():
    """Six districts within a few points of one another."""
    tables = world(score=[50.0, 51.0, 52.0, 52.0, 53.0, 54.0])
    tables["summary"]["types"] = {"basis": "no_material_gap"}
    return tables


def test_a_near_equal_city_has_no_material_gap_and_nobody_neglected():
    found = told(even())
    assert not {"neglected", "showcase", "analogue", "drivers"} & set(found)
    gap = found["gap"]
    assert gap["numbers"] == {"gap_points": pytest.approx(3.0), "threshold": 10.0}
    assert "no material gap" in gap["text"]["en"]
    assert "3,0 puntos" in gap["text"]["es"]
    assert "menos de los 10 a partir" in gap["text"]["es"]


def test_without_a_stated_threshold_none_is_made_up():
    tables = even()
    tables["summary"]["method"] = {}
    gap = told(tables)["gap"]
    assert gap["numbers"] == {"gap_points": pytest.approx(3.0)}
    assert "sin dato" not in gap["text"]["es"]


def nobody():
    """The same six districts, their residents never counted."""
    tables = world(people=[math.nan] * 6, score=[math.nan] * 6)
    summary = tables["summary"]
    summary["index"] = {"mean": None, "gap": {"points": None, "p90_p10": None}}
    summary["pillars"] = {"structures": {"mean": None, "gap": None}, "technologies": None}
    summary["types"] = {"basis": None}
    summary["population"] = {"total": None, "covered_share": None, "outside": None}
    summary["indicators"] = {}
    return tables


def test_without_people_the_facts_of_districts_still_stand():
    found = told(nobody())
    assert list(found) == ["walking", "facts", "unseen"]
    assert found["facts"]["numbers"] == {
        "hospital_walk_min_best": 15.0,
        "hospital_walk_min_worst": 60.0,
        "home_internet_share_best": 0.9,
        "home_internet_share_worst": 0.2,
    }
    assert found["walking"]["numbers"] == {"hospital_walk_min": 60.0}
    assert found["unseen"]["text"]["en"].startswith(
        "Without a count of residents nothing can be said"
    )


def test_beyond_the_goalposts_the_farthest_district_is_named():
    tables = nobody()
    tables["indicators"].loc["b", "hospital_walk_min"] = 115.0  # scores 0, as the 60 of a do
    tables["scores"].loc["b", "hospital_walk_min"] = 0.0
    tables["indicators"].loc["e", "hospital_walk_min"] = 4.0  # and 100, as the 15 of f do
    tables["scores"].loc["e", "hospital_walk_min"] = 100.0
    found = told(tables)["facts"]
    assert found["numbers"]["hospital_walk_min_worst"] == 115.0
    assert found["numbers"]["hospital_walk_min_best"] == 4.0
    said = found["text"]["en"]
    assert tables["districts"].loc["b", "name"] in said
    assert tables["districts"].loc["e", "name"] in said


def test_without_a_population_column_nothing_is_said_of_people():
    tables = nobody()
    tables["districts"] = tables["districts"].drop(columns=["population", "households"])
    assert list(told(tables)) == ["walking", "facts", "unseen"]


def test_a_missing_pillar_leaves_the_other_to_speak():
    tables = world()
    tables["districts"][["index", "technologies"]] = math.nan
    tables["summary"]["index"] = {"mean": None, "gap": {"points": None}}
    tables["summary"]["pillars"]["technologies"] = {"mean": None, "gap": None}
    tables["summary"]["types"] = {"basis": None}
    found = told(tables)
    assert "structures score" in found["gap"]["text"]["en"]
    assert "puntaje de estructuras" in found["stratifier"]["text"]["es"]
    assert found["unseen"]["text"]["en"].startswith("Too little is known of technologies")
    assert "neglected" not in found


def test_nothing_at_all_gives_no_findings():
    empty = pd.DataFrame(index=pd.Index([], name="unit_id"))
    assert (
        findings(
            summary={},
            districts=pd.DataFrame({"name": []}),
            indicators=empty,
            scores=empty,
            catalogue=CATALOGUE.iloc[:0],
        )
        == []
    )


def test_one_district_alone_has_no_gap():
    tables = world()
    for key in ("districts", "indicators", "scores"):
        tables[key] = tables[key].loc[["a"]]
    tables["summary"]["types"] = {
        "basis": "absolute",
        "neglected": {"districts": ["a"], "population_share": 1.0},
    }
    found = told(tables)
    assert not {"gap", "walking", "stratifier"} & set(found)
    assert found["neglected"]["text"]["es"].startswith("El único distrito, Alfa, está relegado")


def test_inputs_are_left_as_they_were():
    tables = world()
    before = copy.deepcopy(tables)
    findings(**tables)
    assert tables["summary"] == before["summary"]
    for key in ("districts", "indicators", "scores", "catalogue"):
        pd.testing.assert_frame_equal(tables[key], before[key])


def test_the_order_of_the_rows_changes_nothing():
    tables, shuffled = world(), world()
    for key in ("districts", "indicators", "scores"):
        shuffled[key] = shuffled[key].iloc[::-1]
    assert findings(**shuffled) == findings(**tables)


@pytest.mark.parametrize("make", [world, decorated, even, nobody])
def test_every_number_beside_a_finding_is_written_in_its_text(make):
    for finding in findings(**make()):
        for key, value in finding["numbers"].items():
            ways = {number(value, language="es", decimals=digits) for digits in (None, 0, 1, 2)} | {
                percent(value, language="es")
            }
            text = finding["text"]["es"]
            assert any(way in text for way in ways), (finding["id"], key, value, text)


@pytest.mark.parametrize("make", [world, decorated, even, nobody])
def test_no_sentence_shows_a_hole_or_an_empty_value(make):
    for finding in findings(**make()):
        for said in finding["text"].values():
            assert not any(bad in said for bad in ("{", "}", "nan", "None", "  "))
            assert said.endswith(".")


def surveyed(*disagree, **changes):
    """The six districts, asked whether they are content with their hospital."""
    tables = world(**changes)
    answers = dict(zip(IDS, [0.9, 0.2, 0.5, 0.5, 0.4, 0.1], strict=True))
    tables["summary"]["perception"] = {
        "content": {
            "label": {"en": "Content", "es": "Satisfechos", "pt": "Satisfeitos"},
            "indicator": "hospital_walk_min",
            "mean": 0.43,
            "districts": {unit: {"value": value} for unit, value in answers.items()},
            "disagree": [
                {"district": unit, "said": said, "measured": measured}
                for unit, said, measured in disagree
            ],
        }
    }
    return tables


def test_the_widest_disagreement_is_told_with_what_is_said_and_measured():
    # Foxtrot walks 15 minutes, the shortest of all, and is the least content.
    tables = surveyed(("a", 0.95, 0.3), ("f", 0.05, 0.95))
    tables["summary"]["types"]["showcase"] = {"districts": [], "population_share": 0.0}
    found = told(tables)["perception"]
    assert found["numbers"] == {
        "said": 0.1,
        "said_mean": 0.43,
        "measured": 15.0,
        "measured_mean": 33.5,
        "disagreements": 2,
    }
    assert "En Foxtrot la gente opina peor" in found["text"]["es"]
    assert "“Content” stands at 10% (43% in the city)" in found["text"]["en"]
    assert "There is 1 more disagreement" in found["text"]["en"]
    assert "15\N{NO-BREAK SPACE}min" in found["text"]["pt"]


def test_an_opinion_better_than_the_measurement_is_told_as_such():
    tables = surveyed(("a", 0.95, 0.05))
    tables["summary"]["types"]["showcase"] = {"districts": [], "population_share": 0.0}
    found = told(tables)["perception"]
    assert "En Alfa la gente opina mejor" in found["text"]["es"]
    assert "more disagreement" not in found["text"]["en"]


def test_where_opinion_and_measurement_agree_nothing_is_told_of_them():
    assert "perception" not in told(surveyed())


def test_a_disagreement_over_an_indicator_that_is_absent_is_left_out():
    tables = surveyed(("f", 0.05, 0.95))
    tables["summary"]["perception"]["content"]["indicator"] = "of_their_own"
    assert "perception" not in told(tables)


def test_there_are_never_more_than_six_and_what_is_unseen_outranks_opinion():
    # Two of the five indicators are absent and ten residents left out: that must be said.
    found = [one["id"] for one in findings(**surveyed(("f", 0.05, 0.95)))]
    assert len(found) == 6
    assert "perception" not in found
    assert found[-1] == "unseen"


def test_where_nearly_all_is_seen_opinion_takes_the_place_of_what_is_unseen():
    tables = surveyed(("f", 0.05, 0.95))
    tables["summary"]["absent"] = {}
    tables["summary"]["population"]["outside"] = 0.0
    found = [one["id"] for one in findings(**tables)]
    assert len(found) == 6
    assert found[-1] == "perception"
    assert "unseen" not in found


def test_a_weak_link_with_deprivation_gives_way_to_a_disagreement():
    tables = surveyed(("f", 0.05, 0.95))
    tables["indicators"]["unmet_needs_share"] = [0.1, 0.3, 0.05, 0.25, 0.1, 0.2]
    found = [one["id"] for one in findings(**tables)]
    assert "stratifier" in told(world(indicators=tables["indicators"]))
    assert "stratifier" not in found
    assert found[-2:] == ["perception", "unseen"]


def transit(**districts):
    """What is reached with a cable and without, by district."""
    return {
        "without": {
            "cable": {
                "amount": "jobs", "with": 0.5, "without": 0.45,
                "districts": {
                    one: {"with": before, "without": after}
                    for one, (before, after) in districts.items()
                },
            }
        }
    }  # fmt: skip


def test_what_a_mode_is_worth_is_told_of_whoever_loses_most():
    tables = world()
    tables["summary"]["transit"] = transit(a=(0.4, 0.1), b=(0.6, 0.5), c=(None, None), d=(0.2, 0.2))
    found = told(tables)["without"]
    assert found["numbers"] == {
        "with": 0.5, "without": 0.45, "worst_with": 0.4, "worst_without": 0.1,
    }  # fmt: skip
    for language, said in {
        "en": "Without the cable, residents of Alfa would reach 10% of the city's jobs",
        "es": "Sin el cable aéreo, los habitantes de Alfa alcanzarían en 45 minutos el 10\xa0%",
        "pt": "Sem o teleférico, os moradores de Alfa alcançariam em 45 minutos 10% dos empregos",
    }.items():
        assert said in found["text"][language]


def test_a_mode_that_nobody_would_miss_is_told_to_be_so():
    tables = world()
    tables["summary"]["transit"] = transit(a=(0.4, 0.398))
    found = told(tables)["without"]
    assert set(found["numbers"]) == {"with", "without"}
    assert "no district loses half a point" in found["text"]["en"]


def test_of_several_modes_the_one_that_is_worth_most_is_told():
    tables = world()
    both = transit(a=(0.4, 0.1))["without"]
    both["metro"] = both["cable"] | {"without": 0.2}
    tables["summary"]["transit"] = {"without": both}
    assert "Without the metro" in told(tables)["without"]["text"]["en"]


def test_where_no_mode_is_taken_out_nothing_is_told_of_it():
    assert "without" not in told(world())


def neighbours(**changes):
    """What was found of neighbours: clusters, a cliff and a way from the centre."""
    rings = [
        {"mean": 12.0, "from_km": 0.0, "to_km": 3.0},
        {"mean": 20.0, "from_km": 6.0, "to_km": 9.0},
    ]
    return {
        "index": {"value": 0.512, "expected": -0.2, "p": 0.003},
        "hot": ["f", "e"],
        "cold": ["a"],
        "cliffs": [{"higher": "f", "lower": "a", "points": 70.0, "apart": True}],
        "gradient": {"hospital_walk_min": {"rank_correlation": 0.6, "rings": rings}},
        **changes,
    }


def outwards(link):
    """A way from the centre that ranks tell otherwise than its rings."""
    return {
        "hospital_walk_min": {
            **neighbours()["gradient"]["hospital_walk_min"],
            "rank_correlation": link,
        }
    }


def together(**changes):
    tables = world()
    tables["summary"]["patterns"] = neighbours(**changes)
    return told(tables).get("neighbours")


def test_neighbours_are_told_with_clusters_cliff_and_the_way_from_the_centre():
    found = together()
    assert found["text"]["en"] == (
        "Districts that are alike on the index lie together: Moran's I is 0.51, where 0 is chance "
        "and 1 perfect likeness of neighbours. 2 districts lie in clusters that are better served "
        "than the mean of districts: Eco and Foxtrot. 1 district is worse served than the mean of "
        "districts, and so are its neighbours: Alfa. The highest cliff lies between Foxtrot and "
        "Alfa: 70.0 points out of 100, and their ranges over choices of method do not meet. From "
        "the centre outwards it gets more: walk to the nearest hospital, 12\xa0min within 3.0 km "
        "of the centre and 20\xa0min beyond 6.0 km."
    )
    assert found["numbers"] == {
        "moran": 0.512, "p": 0.003, "hot_districts": 2, "cold_districts": 1, "cliff_points": 70.0,
        "centre_rank_correlation": 0.6, "near": 12.0, "near_km": 3.0, "far": 20.0, "far_km": 6.0,
    }  # fmt: skip
    assert found["text"]["pt"].startswith("Os distritos parecidos no índice estão juntos")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"index": {"value": 0.1, "expected": -0.2, "p": 0.2}}, "no more alike on the index"),
        ({"index": {"value": -0.6, "expected": -0.2, "p": 0.01}}, "less alike on the index"),
        ({"index": {"value": -0.1, "expected": -0.2, "p": 0.01}}, "lie together"),
        (
            {"cliffs": [{"higher": "f", "lower": "a", "points": 9.0, "apart": False}]},
            "9.0 points out of 100, though their ranges over choices of method overlap",
        ),
    ],
)
def test_chance_and_doubt_are_said(changes, said):
    assert said in together(**changes)["text"]["en"]


@pytest.mark.parametrize("gradient", [None, outwards(0.3), outwards(-0.8), outwards(None)])
def test_a_way_from_the_centre_that_is_weak_or_contradicts_itself_is_not_told(gradient):
    assert "centre" not in together(gradient=gradient)["text"]["en"]


def test_where_no_pattern_was_looked_for_nothing_is_said():
    assert together(index=None, hot=[], cold=[], cliffs=[], gradient=None) is None
    assert "neighbours" not in told(world())


def test_neighbours_crowd_out_no_finding_on_people():
    tables = surveyed(("f", 0.05, 0.95))
    before = [one["id"] for one in findings(**tables)]
    tables["summary"]["patterns"] = neighbours()
    after = [one["id"] for one in findings(**tables)]
    assert sorted(after) == sorted([*before, "neighbours"])
    assert after[-1] == "unseen"
