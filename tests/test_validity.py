"""What was found, ranked beside what others measured: closed form, and what is left out."""

import numpy as np
import pandas as pd
import pytest

from geoequity.validity import validity

UNITS = [f"d{n}" for n in range(6)]
PEOPLE = pd.Series([1.0, 1, 1, 1, 1, 95], index=UNITS)
BETTER = {"poverty": "lower", "walk": "lower", "net": "higher", "office_m": "lower"}


def column(*values: float) -> pd.Series:
    return pd.Series(values, index=UNITS, dtype=float)


def table(**columns: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(columns, index=UNITS)


def scores(**known: pd.Series) -> pd.DataFrame:
    names = ("index", "structures", "technologies", "mobility", "activities")
    return pd.DataFrame({one: known.get(one, column(*[np.nan] * 6)) for one in names})


INDICATORS = table(
    poverty=column(1, 2, 3, 4, 5, 6),
    walk=column(6, 5, 4, 3, 2, 1),
    net=column(5, 6, 3, 4, 1, 2),
    office_m=column(2, 1, 3, 4, 5, np.nan),
)


def held(truths, **options):
    asked = {
        "asked": (),
        "against": {},
        "indicators": INDICATORS,
        "scores": scores(structures=column(9, 8, 7, 6, 5, 4), technologies=column(*range(6))),
        "better": BETTER,
        "population": PEOPLE,
    }
    return validity(truths, **{**asked, **options})


def test_a_truth_is_set_against_the_widest_measures_that_stand() -> None:
    found = held(["poverty"])
    assert [(one["measure"], one["kind"]) for one in found] == [
        ("structures", "pillar"),
        ("technologies", "pillar"),
    ]
    assert [one["rank_correlation"] for one in found] == pytest.approx([-1, 1])
    assert [one["expected"] for one in found] == [-1, -1]  # less poverty where scores are higher
    whole = held(["poverty"], scores=scores(index=column(1, 2, 3, 4, 5, 6)))
    assert [(one["measure"], one["kind"], one["n"]) for one in whole] == [("index", "index", 6)]
    side = held(["poverty"], scores=scores(mobility=column(1, 2, 3, 4, 5, 6)))
    assert [one["kind"] for one in side] == ["area"]


def test_a_truth_the_question_is_about_is_set_against_its_other_indicators() -> None:
    found = held(["poverty"], asked=["poverty", "walk", "net", "gone"])
    assert [one["measure"] for one in found][2:] == ["walk", "net"]
    walk, net = found[2:]
    assert (walk["rank_correlation"], walk["expected"]) == (-1, 1)
    # Spearman by hand: 1 - 6 * sum of squared differences / (n (n^2 - 1)), differences 4 4 0 0 4 4
    assert net["rank_correlation"] == pytest.approx(1 - 6 * 64 / (6 * 35))
    assert net["expected"] == -1
    alone = held(["poverty"], asked=["walk"])
    assert [one["kind"] for one in alone] == ["pillar", "pillar"]


def test_a_measure_of_the_same_is_set_against_that_alone_where_both_are_known() -> None:
    (found,) = held(["office_m"], asked=["office_m", "net"], against={"office_m": "walk"})
    assert (found["measure"], found["n"], found["expected"]) == ("walk", 5, 1)
    assert found["rank_correlation"] == pytest.approx(-0.9)
    assert found["over_people"] == pytest.approx(-0.9)  # the five known have one resident each


def test_residents_weigh_only_where_they_are_counted() -> None:
    (by_people, _) = held(["poverty"])
    assert by_people["over_people"] == pytest.approx(-1)
    (nobody, _) = held(["poverty"], population=PEOPLE * np.nan)
    assert nobody["over_people"] is None
    assert [one["id"] for one in nobody["reasons"]] == ["no_population"]


def test_few_districts_are_told_only_of_what_was_asked_to_be_held_against() -> None:
    few = INDICATORS.assign(office_m=column(1, 2, 3, 4, np.nan, np.nan))
    assert held(["office_m"], indicators=few) == []
    (found,) = held(["office_m"], indicators=few, against={"office_m": "walk"})
    assert (found["n"], found["rank_correlation"]) == (4, None)
    assert found["reasons"][0]["id"] == "few_districts"
    assert "5" in found["reasons"][0]["text"]["es"]


def test_what_is_alike_everywhere_has_no_order() -> None:
    (found,) = held(
        ["office_m"], against={"office_m": "walk"}, indicators=INDICATORS.assign(walk=3.0)
    )
    assert found["rank_correlation"] is None
    assert [one["id"] for one in found["reasons"]] == ["all_alike"]
