"""Confidence by hand, and reasons that can be read in every language."""

import re
from math import nan

import pandas as pd
import pytest

from geoequity import confidence
from geoequity.locale import LANGUAGES, MessageError, messages


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


def column(*values):
    return pd.Series(values, index=[f"d{at}" for at in range(len(values))], dtype=float)


# ---- districts ----------------------------------------------------------------------------


def test_confidence_is_coverage_where_nothing_else_is_known():
    assert confidence.of_districts(column(1, 0.25, 0)).tolist() == [1, 0.25, 0]


def test_what_is_not_on_record_lowers_confidence():
    found = confidence.of_districts(column(1, 0.5), on_record=column(0.4, 0.4))
    assert found.tolist() == close([1 * 0.4, 0.5 * 0.4])


def test_straight_lines_are_trusted_less_than_streets():
    found = confidence.of_districts(column(1, 0.5), on_record=column(1, 0.2), straight_line=1.0)
    assert found.tolist() == close([0.6, 0.5 * 0.2 * 0.6])


def test_unknown_coverage_is_unknown_confidence():
    found = confidence.of_districts(column(nan, 1), on_record=column(1, nan))
    assert found.tolist() == close([nan, nan])


def test_what_is_on_record_is_matched_by_district_not_by_place():
    on_record = column(0.1, 0.9).iloc[::-1]
    assert confidence.of_districts(column(1, 1), on_record=on_record).to_dict() == {
        "d0": 0.1,
        "d1": 0.9,
    }


def test_coverage_is_left_as_it_was():
    coverage = pd.Series([1, 0], index=["d0", "d1"])
    confidence.of_districts(coverage, straight_line=1.0)
    assert coverage.tolist() == [1, 0]
    assert coverage.dtype == int


# ---- reasons ------------------------------------------------------------------------------

KEYS = sorted(key for key in messages("en") if key.startswith("reason."))
SAMPLES = {"found": 2, "needed": 5, "share": 0.5, "count": 3, "listed": "a, b", "base": "jobs"}
SAMPLES |= {
    "groups": "children",
    "categories": "clinic",
    "feature": "lit",
    "least": 30,
    "all": 40,
    "low": 0.2,
    "high": 0.9,
}


def test_a_reason_has_its_id_and_a_text_in_every_language():
    found = confidence.reason("no_material_gap")
    assert found["id"] == "no_material_gap"
    assert found["text"] == {
        one: messages(one)["reason.no_material_gap"] for one in ("en", "es", "pt")
    }


def test_a_share_reads_as_percent():
    said = confidence.reason("low_coverage", share=0.123)["text"]
    assert all(re.search(r"\b12\s?%", one) for one in said.values())


def test_a_share_is_written_with_the_decimal_mark_of_the_language():
    said = confidence.reason("low_coverage", share=0.045)["text"]
    assert "4.5" in said["en"]
    assert "4,5" in said["es"]
    assert "4,5" in said["pt"]


def test_a_count_reads_as_a_number():
    said = confidence.reason("cells_no_population", count=1234, listed="c1, c2")["text"]
    assert "1,234" in said["en"]
    assert "1.234" in said["es"]
    assert all("c1, c2" in one for one in said.values())


@pytest.mark.parametrize("key", KEYS)
def test_every_reason_is_said_in_every_language_with_the_same_facts(key):
    holes = {one: set(re.findall(r"\{(\w+)\}", messages(one)[key])) for one in LANGUAGES}
    assert len({frozenset(one) for one in holes.values()}) == 1
    name = key.removeprefix("reason.").removesuffix(".one").removesuffix(".other")
    said = confidence.reason(name, **SAMPLES)["text"]
    assert set(said) == {"en", "es", "pt"} == set(LANGUAGES)
    assert len(set(said.values())) == len(LANGUAGES)
    assert not any("{" in one for one in said.values())


def test_a_reason_that_nobody_wrote_is_refused():
    with pytest.raises(MessageError, match=r"no message 'reason\.because'"):
        confidence.reason("because")


def test_a_reason_that_lacks_a_fact_is_refused():
    with pytest.raises(MessageError, match="wants share"):
        confidence.reason("low_coverage")
