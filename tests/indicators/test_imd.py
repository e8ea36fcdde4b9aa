"""What IMD asks: every item is seen one way, or says why it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoequity.errors import ConfigError
from geoequity.indicators import WAYS, imd_items, read_catalogue, seen
from geoequity.indicators._imd import _items
from geoequity.schema import AREAS, PILLARS

# How many things IMD asks of each area: structures, technologies
ASKED = {
    "health_safety": (6, 6),
    "mobility": (2, 5),
    "activities": (2, 1),
    "opportunities": (5, 4),
    "governance": (4, 4),
}
TEXT = {"en": "a", "es": "b", "pt": "c"}
ITEM = {"pillar": "structures", "area": "mobility", "text": TEXT}


def test_every_part_has_the_items_that_imd_asks() -> None:
    found = seen(imd_items(), present=(), asked=())
    for area, counts in ASKED.items():
        assert tuple(found[pillar][area]["items"] for pillar in PILLARS) == counts


def test_an_item_is_seen_by_indicators_or_a_survey_or_says_why_not() -> None:
    ids = {one.id for one in read_catalogue()}
    for one in imd_items():
        assert bool(one.reason) != bool(one.indicators or one.survey), one.id
        assert set(one.indicators) <= ids
        assert set(one.text) == set(TEXT)
    assert len({one.id for one in imd_items()}) == len(imd_items())


def test_no_survey_item_answers_two_questions() -> None:
    surveys = [one.survey for one in imd_items() if one.survey]
    assert len(set(surveys)) == len(surveys)
    # Those that the demo city asks
    assert {
        "transport_satisfied", "feels_safe", "internet_satisfied", "health_satisfied",
        "public_space_satisfied",
    } <= set(surveys)  # fmt: skip


def test_items_are_counted_by_how_they_are_seen_the_measured_way_first() -> None:
    raw = {
        "a": {**ITEM, "indicators": ["school_walk_min", "bank_walk_min"], "survey": "a_ok"},
        "b": {**ITEM, "survey": "b_ok"},
        "c": {**ITEM, "not_observable": True, "reason": TEXT},
        "d": {**ITEM, "indicators": ["school_walk_min"], "survey": "d_ok"},
    }
    items = _items(raw, known={"school_walk_min", "bank_walk_min"})

    def counts(present: list[str], asked: list[str]) -> list[int]:
        cell = seen(items, present=present, asked=asked)["structures"]["mobility"]
        assert cell["items"] == 4
        return [cell[way] for way in WAYS]

    assert counts([], []) == [0, 0, 1, 3]
    assert counts(["bank_walk_min"], ["a_ok", "b_ok", "c_ok"]) == [1, 1, 1, 1]
    assert counts(["school_walk_min"], ["a_ok", "d_ok"]) == [2, 0, 1, 1]
    assert seen(items, present=[], asked=[])["technologies"]["governance"]["items"] == 0


@given(
    st.sets(st.sampled_from([one.id for one in read_catalogue()])),
    st.sets(st.sampled_from([one.survey for one in imd_items() if one.survey])),
)
def test_the_ways_add_up_to_all_items(present: set[str], asked: set[str]) -> None:
    found = seen(imd_items(), present=present, asked=asked)
    for pillar in PILLARS:
        for area in AREAS:
            cell = found[pillar][area]
            assert sum(cell[way] for way in WAYS) == cell["items"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({}, "items.x: is seen by indicators, by a survey or by both, or not_observable"),
        ({"survey": "s", "not_observable": True, "reason": TEXT}, "items.x: is seen by indicators"),
        ({"indicators": ["no_such"]}, "items.x.indicators: no indicator 'no_such'"),
        ({"not_observable": True}, "items.x.reason: needs en, es, pt"),
        ({"survey": "s", "reason": TEXT}, "items.x.reason: only for what is not observable"),
        ({"survey": "s", "text": {"en": "a"}}, "items.x.text: needs en, es, pt"),
        ({"survey": "s", "area": "sports"}, "items.x: needs a pillar and an area"),
        ({"survey": "s", "surveys": "s"}, "items.x: unknown key surveys"),
    ],
)
def test_items_that_do_not_fit_are_refused(change: dict[str, object], fault: str) -> None:
    with pytest.raises(ConfigError, match="items of IMD cannot be read") as told:
        _items({"x": {**ITEM, **change}}, known={"school_walk_min"})
    assert any(one.startswith(fault) for one in told.value.faults)


def test_all_faults_of_all_items_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as told:
        _items({"x": {}, "y": {**ITEM}}, known=set())
    assert len(told.value.faults) == 4
