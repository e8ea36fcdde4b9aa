"""Readings beside the index: what people say, and what it takes to be online."""

from math import nan

import pandas as pd
import pytest
from small_city import definition, evaluation

from geoequity.perception import inclusion, perceived

IDS = ["a", "b", "c", "d"]
PEOPLE = pd.Series([1.0, 1.0, 1.0, 3.0], index=IDS)
LABEL = {"en": "Fine"}


def answers(values, *, margin=0.01, n=100.0):
    value = pd.Series(values, index=IDS, dtype=float)
    table = {"value": value, "low": value - margin, "high": value + margin, "n": n}
    return pd.DataFrame(table)


def reading(values, *, measured=(1, 2, 3, 4), indicator="walk", people=PEOPLE, **options):
    what = {"label": LABEL, "better": "higher", "indicator": indicator}
    items = {"fine": (what, answers(values, **options))}
    return perceived(
        items,
        evaluation({"walk": list(measured)}, IDS),
        definitions=[definition("walk")],
        population=people,
    )["fine"]


def test_the_mean_is_over_people_and_n_over_all_asked() -> None:
    found = reading([0.2, 0.4, 0.6, 0.8])
    assert found["mean"] == pytest.approx((0.2 + 0.4 + 0.6 + 3 * 0.8) / 6)
    assert found["n"] == 400
    assert (found["label"], found["indicator"]) == (LABEL, "walk")
    assert found["districts"]["b"] == {
        "value": 0.4,
        "sampling": {"low": pytest.approx(0.39), "high": pytest.approx(0.41)},
        "n": 100.0,
    }


def test_districts_over_half_a_standing_apart_are_named() -> None:
    found = reading([0.9, 0.4, 0.6, 0.1])  # of 6 people: standings 5.5, 3.5, 4.5 and 1.5
    assert found["disagree"] == [
        {"district": "a", "said": pytest.approx(5.5 / 6), "measured": pytest.approx(0.5 / 6)}
    ]  # d is 4.5 less 1.5 of 6 apart: half and no more


def test_a_difference_within_sampling_error_is_not_named() -> None:
    assert reading([0.9, 0.4, 0.6, 0.1], margin=1.0)["disagree"] == []


@pytest.mark.parametrize("indicator", [None, "unheard"])
def test_an_item_that_nothing_measures_still_stands(indicator) -> None:
    found = reading([0.9, 0.4, 0.6, 0.1], indicator=indicator)
    assert found["disagree"] == []
    assert found["mean"] == pytest.approx((0.9 + 0.4 + 0.6 + 0.3) / 6)


def test_who_was_not_asked_is_null_and_left_out_of_the_mean() -> None:
    found = reading([0.2, nan, 0.6, nan])
    assert found["mean"] == pytest.approx(0.4)
    assert found["districts"]["b"]["value"] is None
    assert found["districts"]["b"]["sampling"] is None


def test_without_people_there_is_no_mean_but_answers() -> None:
    found = reading([0.2, 0.4, 0.6, 0.8], people=PEOPLE * nan)
    assert found["mean"] is None
    assert found["disagree"] == []
    assert found["districts"]["a"]["value"] == 0.2


def test_without_a_number_of_people_n_is_null() -> None:
    found = reading([0.2, 0.4, 0.6, 0.8], n=nan)
    assert found["n"] is None
    assert found["districts"]["a"]["n"] is None


def test_inclusion_takes_the_first_indicator_there_is_of_each_part() -> None:
    scores = pd.DataFrame(
        {
            "fixed_down_mbps": [10.0, nan],
            "mobile_down_mbps": [90.0, 90.0],
            "home_internet_share": [30.0, 50.0],
            "wifi_per_10000": [50.0, nan],
            "school_walk_min": [100.0, 100.0],
        },
        index=["a", "b"],
    )
    found = inclusion(scores)
    assert found["score"].fillna(-1).tolist() == [(10 + 30 + 50) / 3, -1]
    assert found["parts"].tolist() == [3, 1]
    assert found["over"].tolist() == [
        "measured_speed household_access public_access",
        "household_access",
    ]


def test_inclusion_of_a_city_without_any_part_is_unknown() -> None:
    found = inclusion(pd.DataFrame({"school_walk_min": [1.0]}, index=["a"]))
    assert found["score"].isna().all()
    assert found["parts"].tolist() == [0]
