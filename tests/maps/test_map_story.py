"""The findings of a study as steps over its map."""

import copy
import dataclasses

import numpy as np
import pandas as pd
import pytest

from geoequity.maps.content import content
from geoequity.maps.story import make_steps


@pytest.fixture(scope="module")
def layers(study):
    return [one["id"] for one in content(study, language="es")["layers"]]


def with_findings(study, *ids, **numbers):
    summary = copy.deepcopy(dict(study.summary))
    text = {"en": "a", "es": "b", "pt": "c"}
    summary["findings"] = [{"id": one, "text": text, "numbers": numbers} for one in ids]
    return dataclasses.replace(study, summary=summary)


def test_the_gap_is_between_the_best_and_the_worst_district(study, layers):
    (step,) = make_steps(with_findings(study, "gap"), layers=layers)
    index = study.districts["index"]
    assert step["layer"] == "index"
    assert set(step["places"]) == {int(np.nanargmin(index)), int(np.nanargmax(index))}
    assert step["text"] == {"en": "a", "es": "b", "pt": "c"}


@pytest.mark.parametrize("kind", ["neglected", "showcase", "analogue"])
def test_a_type_is_seen_on_the_map_of_types(study, layers, kind):
    (step,) = make_steps(with_findings(study, kind), layers=layers)
    assert step["layer"] == "type"
    assert [study.districts["type"].iloc[one] for one in step["places"]] == [kind] * len(
        step["places"]
    )
    assert len(step["places"]) == (study.districts["type"] == kind).sum()


def test_what_makes_the_gap_is_shown_by_its_strongest_indicator(study, layers):
    numbers = {
        "technologies_points": 9.0, "school_walk_min_points": 2.0, "fixed_down_mbps_points": -5.0,
        "gap_points": 30.0, "share": 0.7,
    }  # fmt: skip
    (step,) = make_steps(with_findings(study, "drivers", **numbers), layers=layers)
    assert (step["layer"], step["places"]) == ("fixed_down_mbps", [])


def test_clusters_are_those_that_are_no_chance(study, layers):
    kinds = ["hot", "cold", None, "high_low"]
    patterns = pd.DataFrame({"cluster": kinds}, index=study.districts.index[:4])
    around = dataclasses.replace(with_findings(study, "neighbours"), patterns=patterns)
    assert make_steps(around, layers=layers)[0]["places"] == [0, 1]


def test_a_finding_that_names_nobody_shows_the_whole_city(study, layers):
    steps = make_steps(with_findings(study, "unseen", "walking", "of tomorrow"), layers=layers)
    assert [one["layer"] for one in steps] == ["confidence", "index", "index"]
    assert [one["places"] for one in steps] == [[], [], []]


def test_a_layer_that_the_map_lacks_is_never_asked_for(study):
    (step,) = make_steps(with_findings(study, "thin"), layers=["structures"])
    assert step["layer"] == "structures"
