"""Standing among people, and where what is said parts from what is measured."""

from math import exp, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoequity.errors import DataError
from geoequity.measures.perception import disagreement, standing

INDEX = pd.Index(["a", "b", "c", "d"], name="unit_id")
HIGH = ("higher", "higher")


def column(*numbers: float) -> pd.Series:
    return pd.Series(numbers, index=INDEX[: len(numbers)], dtype=float)


def said(value: pd.Series, margin: float = 0.0) -> pd.DataFrame:
    return pd.DataFrame({"value": value, "low": value - margin, "high": value + margin})


def test_standing_counts_people_not_districts() -> None:
    found = standing(column(10, 20, 30), population=column(1, 1, 2))
    assert found.tolist() == [0.5 / 4, 1.5 / 4, 3 / 4]
    assert found.index.equals(INDEX[:3])


def test_those_alike_share_the_middle() -> None:
    found = standing(column(5, 5, 5, 9), population=column(1, 2, 3, 4))
    assert found.tolist() == [3 / 10] * 3 + [8 / 10]


def test_all_alike_stand_in_the_middle() -> None:
    assert standing(column(7, 7), population=column(1, 9)).tolist() == [0.5, 0.5]


def test_where_lower_is_better_the_lowest_stands_best() -> None:
    people = column(1, 2, 3, 4)
    higher = standing(column(1, 2, 3, 4), population=people)
    lower = standing(column(1, 2, 3, 4), population=people, better="lower")
    assert (higher + lower).tolist() == pytest.approx([1] * 4)


def test_unknown_values_and_empty_or_unknown_people_are_left_out() -> None:
    found = standing(column(1, nan, 3, 4), population=column(2, 5, 0, 2))
    assert found["a"] == 1 / 4
    assert found["d"] == 3 / 4
    assert found[["b", "c"]].isna().all()
    assert standing(column(1, 2), population=column(1, nan)).fillna(-1).tolist() == [0.5, -1]


def test_standing_refuses_other_units_and_other_words() -> None:
    with pytest.raises(DataError, match="value and population"):
        standing(column(1, 2), population=column(1, 2, 3))
    with pytest.raises(DataError, match="better is higher or lower, not 'up'"):
        standing(column(1, 2), population=column(1, 2), better="up")


def test_who_says_the_reverse_of_what_is_measured_disagrees() -> None:
    measured = column(1, 2, 3, 4)
    found = disagreement(
        said(column(9, 2, 3, 1)), measured, population=column(1, 1, 1, 1), better=HIGH
    )
    assert found["said"].tolist() == [7 / 8, 3 / 8, 5 / 8, 1 / 8]
    assert found["measured"].tolist() == [1 / 8, 3 / 8, 5 / 8, 7 / 8]
    assert found["difference"].tolist() == [6 / 8, 0, 0, -6 / 8]
    assert found["sure"].tolist() == [True, False, False, True]


def test_a_wide_interval_is_not_sure() -> None:
    found = disagreement(
        said(column(9, 2, 3, 1), margin=10),
        column(1, 2, 3, 4),
        population=column(1, 1, 1, 1),
        better=HIGH,
    )
    assert found["difference"].tolist() == [6 / 8, 0, 0, -6 / 8]
    assert not found["sure"].any()


def test_each_side_has_its_own_better() -> None:
    people, minutes = column(1, 2, 3, 4), column(40, 30, 20, 10)
    found = disagreement(
        said(column(1, 2, 3, 4)), minutes, population=people, better=("higher", "lower")
    )
    assert found["difference"].tolist() == [0] * 4
    back = disagreement(said(minutes), minutes, population=people, better=("lower", "lower"))
    assert back["said"].tolist() == found["said"].tolist()
    assert not back["sure"].any()


def test_districts_known_on_one_side_only_are_left_out_on_both() -> None:
    found = disagreement(
        said(column(1, 2, nan, 4)),
        column(4, nan, 3, 1),
        population=column(1, 50, 50, 1),
        better=HIGH,
    )
    assert found["said"].fillna(-1).tolist() == [0.25, -1, -1, 0.75]
    assert found["measured"].fillna(-1).tolist() == [0.75, -1, -1, 0.25]
    assert found["sure"].tolist() == [True, False, False, True]


def test_without_any_interval_nothing_is_sure() -> None:
    table = said(column(9, 2, 3, 1)).assign(low=nan)
    found = disagreement(table, column(1, 2, 3, 4), population=column(1, 1, 1, 1), better=HIGH)
    assert found["difference"].notna().all()
    assert not found["sure"].any()


def test_two_sides_without_a_common_district_are_all_unknown() -> None:
    found = disagreement(said(column(1, nan)), column(nan, 1), population=column(1, 1), better=HIGH)
    assert found[["said", "measured", "difference"]].isna().all(axis=None)
    assert not found["sure"].any()


def test_disagreement_refuses_an_absent_column_and_other_units() -> None:
    table = said(column(1, 2))
    with pytest.raises(DataError, match=r"said: .*low"):
        disagreement(table.drop(columns="low"), column(1, 2), population=column(1, 1), better=HIGH)
    with pytest.raises(DataError, match="measured and said"):
        disagreement(table, column(1, 2, 3), population=column(1, 1), better=HIGH)


# ---------------------------------------------------------------- properties
SMALL = st.integers(-20, 20)
ROWS = st.lists(
    st.tuples(SMALL, st.integers(0, 5), SMALL, st.integers(1, 9)), min_size=1, max_size=8
)


def table_of(rows: list[tuple[int, int, int, int]]) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    frame = pd.DataFrame(rows, columns=["value", "margin", "measured", "people"], dtype=float)
    answers = pd.DataFrame(
        {
            "value": frame["value"],
            "low": frame["value"] - frame["margin"],
            "high": frame["value"] + frame["margin"],
        }
    )
    return answers, frame["measured"], frame["people"]


@given(rows=ROWS)
def test_a_rising_change_of_either_side_changes_nothing(rows) -> None:
    answers, measured, people = table_of(rows)
    plain = disagreement(answers, measured, population=people, better=HIGH)
    moved = disagreement(
        answers.map(lambda one: exp(one / 9)),
        3 * measured**3 - 7,
        population=people,
        better=HIGH,
    )
    pd.testing.assert_frame_equal(plain, moved)


@given(rows=ROWS)
def test_turning_a_side_and_its_better_round_changes_nothing(rows) -> None:
    answers, measured, people = table_of(rows)
    plain = disagreement(answers, measured, population=people, better=HIGH)
    turned = disagreement(-answers, -measured, population=people, better=("lower", "lower"))
    pd.testing.assert_frame_equal(plain, turned)


@given(rows=ROWS)
def test_standing_is_what_counting_person_by_person_gives(rows) -> None:
    _, value, people = table_of(rows)
    each = np.repeat(value.to_numpy(), people.astype(int))
    slow = [np.mean(each < one) + np.mean(each == one) / 2 for one in value]
    assert standing(value, population=people).tolist() == pytest.approx(slow)


@given(rows=ROWS)
def test_people_stand_in_the_middle_on_average(rows) -> None:
    _, value, people = table_of(rows)
    found = standing(value, population=people)
    assert np.average(found, weights=people) == pytest.approx(0.5)
    assert found.between(0, 1).all()


@given(rows=ROWS)
def test_an_interval_of_no_width_stands_where_its_value_does(rows) -> None:
    answers, measured, people = table_of(rows)
    point = answers.assign(low=answers["value"], high=answers["value"])
    found = disagreement(point, measured, population=people, better=HIGH)
    assert (found["sure"] == (found["difference"].abs() > 1e-9)).all()
