"""What drives the gap of a study, and what lies between parts of a city, by hand."""

import json
from math import nan

import jsonschema
import pandas as pd
import pytest
from small_city import evaluation, one_of_each, rules, same_in_pillar

from geoequity import inequality, judgement
from geoequity.drivers import COLUMNS, divide, drivers
from geoequity.outputs import summary_schema
from geoequity.schema import AREAS, PILLARS
from geoequity.summary import with_readings

IDS = list("abcd")
APART = same_in_pillar([50.0] * 4, [50.0] * 4) | {
    "s_mobility": [0.0, 40.0, 60.0, 100.0],
    "t_activities": [30.0, 50.0, 50.0, 70.0],
}


def people(*counts):
    return pd.Series(counts or [100.0] * 4, index=IDS, dtype=float)


def judged(values, population=None, **changes):
    return judgement.judge(
        evaluation(values, IDS),
        one_of_each(),
        population=people() if population is None else population,
        present=list(values),
        rules=rules(**changes),
    )


def points(table, measure, by):
    rows = table[(table["measure"] == measure) & (table["by"] == by)]
    return rows.set_index("id")["points"]


@pytest.mark.parametrize("measure", ["gap_points", "mean_abs_difference"])
def test_the_published_number_is_what_is_shared_out(measure):
    made = judged(APART)
    index = made.scores["index"]
    published = {
        "gap_points": made.gap_points,
        "mean_abs_difference": 2 * inequality.absolute_gini(index, population=people()),
    }[measure]
    table = drivers(made, people(), rules=rules())
    assert list(table.columns) == COLUMNS
    for by in ("indicator", "area", "pillar", "district"):
        assert points(table, measure, by).sum() == pytest.approx(published)
    assert points(table, measure, "unknown").item() == pytest.approx(0)
    found = points(table, measure, "indicator")
    assert list(found.index[:2]) == ["s_mobility", "t_activities"]
    assert found.iloc[2:].to_numpy() == pytest.approx(0)


def test_indicators_areas_and_pillars_by_hand():
    table = drivers(judged(APART), people(), rules=rules())
    assert points(table, "gap_points", "indicator")["s_mobility"] == pytest.approx(10)
    assert points(table, "gap_points", "area").to_dict() == pytest.approx(
        {f"{pillar}.{area}": 0.0 for pillar in PILLARS for area in AREAS}
        | {"structures.mobility": 10.0, "technologies.activities": 4.0}
    )
    assert points(table, "gap_points", "pillar").to_dict() == pytest.approx(
        {"structures": 10.0, "technologies": 4.0}
    )
    assert (table["error"] == 0).all()  # ten indicators, four districts: all orders are counted
    same = drivers(judged(APART), people(), rules=rules())
    pd.testing.assert_frame_equal(same, table)


def test_the_best_and_the_worst_district_share_the_gap():
    table = drivers(judged(APART), people(), rules=rules())
    found = points(table, "gap_points", "district")
    assert found["a"] == pytest.approx(found["d"])
    assert found["a"] > found["b"] > 0


def test_what_is_unknown_moves_weights_and_is_told_apart():
    values = same_in_pillar([50.0] * 4, [50.0] * 4)
    values |= {"s_mobility": [100.0, 100.0, 100.0, nan]}
    table = drivers(judged(values), people(), rules=rules())
    assert points(table, "gap_points", "indicator").to_numpy() == pytest.approx(0)
    assert points(table, "gap_points", "unknown").item() == pytest.approx(5)  # a fifth of a half


def test_without_people_or_index_nothing_is_shared_out():
    nobody = people(nan, nan, nan, nan)
    assert drivers(judged(APART, nobody), nobody, rules=rules()).empty
    one_pillar = {key: one for key, one in APART.items() if key.startswith("s_")}
    assert drivers(judged(one_pillar), people(), rules=rules()).empty


def test_a_district_whose_people_are_unknown_is_left_out():
    population = people(100, nan, 100, 100)
    table = drivers(judged(APART, population), population, rules=rules())
    assert set(points(table, "gap_points", "district").index) == {"a", "c", "d"}


@pytest.mark.parametrize("aggregation", ["geometric", "harmonic"])
def test_an_index_that_is_no_sum_is_shared_out_all_the_same(aggregation):
    values = {key: [max(one, 1.0) for one in row] for key, row in APART.items()}
    values["s_governance"] = [nan, 50.0, 50.0, 50.0]
    made = judged(values, aggregation=aggregation)
    table = drivers(made, people(), rules=rules(aggregation=aggregation))
    rest = points(table, "gap_points", "unknown").item()
    for by in ("indicator", "area", "pillar"):
        assert points(table, "gap_points", by).sum() + rest == pytest.approx(made.gap_points)
    assert points(table, "gap_points", "district").sum() == pytest.approx(made.gap_points)
    found = points(table, "gap_points", "indicator")
    assert found["s_mobility"] > 10 > found["t_activities"] > 0  # a low score weighs more
    assert found["t_governance"] == pytest.approx(0)


def test_between_parts_of_a_geometric_index_points_add_up():
    values = {key: [max(one, 1.0) for one in row] for key, row in APART.items()}
    made = parted(values, aggregation="geometric")
    index = [made["parts"][key]["index"] for key in ("north", "south")]
    assert made["points"] == pytest.approx(index[0] - index[1])
    shared = sum(one["points"] for one in made["drivers"])
    assert shared + made["unknown_points"] == pytest.approx(made["points"])


# ---- parts of a city -------------------------------------------------------------------------

PARTS = {"south": ["a", "b"], "north": ["d"]}


def parted(values=APART, parts=None, population=None, **changes):
    population = people(100, 300, 50, 50) if population is None else population
    made = judged(values, population, **changes)
    bases = pd.DataFrame(dict.fromkeys(values, population), index=IDS)
    table = pd.DataFrame(values, index=IDS)
    return divide(
        made, population, rules=rules(**changes), parts=parts or PARTS, values=table, bases=bases
    )


def test_the_distance_between_parts_is_shared_out_exactly():
    made = parted()
    assert (made["better"], made["worse"]) == ("north", "south")
    # mobility 100 against 30 and activities 70 against 45, a tenth of each
    assert made["points"] == pytest.approx(7 + 2.5)
    assert [one["id"] for one in made["drivers"][:2]] == ["s_mobility", "t_activities"]
    assert [one["points"] for one in made["drivers"][:2]] == pytest.approx([7, 2.5])
    assert made["drivers"][0]["share"] == pytest.approx(7 / 9.5)
    assert made["unknown_points"] == pytest.approx(0)
    south = made["parts"]["south"]
    assert (south["population"], south["population_share"]) == (400.0, 0.8)
    assert south["indicators"]["s_mobility"] == pytest.approx(30)
    assert south["structures"] == pytest.approx(46)


def test_of_several_parts_the_best_and_the_worst_are_set_apart():
    made = parted(parts={"middle": ["b", "c"], "first": ["a"], "last": ["d"]})
    assert (made["better"], made["worse"]) == ("last", "first")
    assert set(made["parts"]) == {"middle", "first", "last"}


def test_one_part_is_no_divide_and_parts_without_index_have_none():
    assert parted(parts={"south": ["a"]}) is None
    unknown = parted({key: one for key, one in APART.items() if key.startswith("s_")})
    assert unknown["better"] is None
    assert unknown["drivers"] == []
    assert unknown["parts"]["north"]["indicators"]["s_mobility"] == pytest.approx(100)


def test_the_summary_of_a_divide_fits_its_schema():
    schema = summary_schema()
    part = {"$defs": schema["$defs"], **schema["properties"]["divide"]}
    for made in (parted(), parted(same_in_pillar([1.0] * 4, [nan] * 4)), None):
        if made is not None:
            for one in made["parts"].values():
                one["label"] = {"en": "the south"}
        summary = with_readings(
            {"indicators": {}, "index": {}, "districts": {}},
            groups=pd.DataFrame(columns=["indicator"]),
            perception={},
            online=pd.DataFrame({"score": pd.Series(dtype=float)}),
            walking={},
            transit={},
            population=people(),
            drivers=drivers(judged(APART), people(), rules=rules()),
            divide=made,
            mapping=pd.DataFrame(index=people().index),
        )
        jsonschema.validate(json.loads(json.dumps(summary["divide"])), part)
        assert summary["index"]["drivers"][0]["id"] == "s_mobility"
