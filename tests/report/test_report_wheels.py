"""What the report tells of public transport."""

from dataclasses import replace

import pytest
from test_report import written

from geoequity.locale import LANGUAGES, text
from geoequity.report import _on_wheels
from geoequity.report._words import Words


def with_rides(study, **changes):
    """Give a study a timetable, and a cable that its first two districts need."""
    first, second, third = study.districts.index[:3]
    sides = {first: (0.5, 0.2), second: (0.3, 0.29), third: (0.4, 0.4)}
    told = {
        "timetable": {
            "date": "2025-05-14", "services": 2, "trips": 1234, "weighed_by": "jobs", "draws": 4,
            "trips_by_mode": {"bus": 1000, "cable": 234}, "frequency_share": 0.3,
        },
        "mean": {
            "jobs_45min_share": 0.42, "jobs_45min_share_direct": 0.336,
            "change_min": 3.5, "spread_min": 6.0,
        },
        "without": {
            "cable": {
                "amount": "jobs", "with": 0.42, "without": 0.37,
                "districts": {
                    one: dict(zip(("with", "without"), both, strict=True))
                    for one, both in sides.items()
                },
            }
        },
        **changes,
    }  # fmt: skip
    return replace(study, summary={**study.summary, "transit": told})


@pytest.mark.parametrize("language", LANGUAGES)
def test_rides_are_told_in_every_language(study, tmp_path, language):
    page = written(with_rides(study), tmp_path, language)
    assert text("report.wheels.title", language=language) in page.text
    assert page.faults == []
    assert len(page.all("caption")) == len(page.all("table"))
    assert "{" not in page.text


def test_rides_are_put_in_numbers(study):
    told = _on_wheels.rides(with_rides(study), Words("en"))
    names = study.districts["name"]
    timetable, frequency, reach, changing, cable = told["said"]
    assert timetable == "Timetable of 14 May 2025: 1,234 trips (Bus 1,000 and Aerial cable 234)."
    assert frequency.startswith("For 30% of the trips the timetable tells how often")
    assert "a resident reaches 42% of the city's jobs on average; 80% of that without" in reach
    assert "3.5 minutes go into changing" in changing
    assert "costs 6.0 minutes more" in changing
    assert f"residents of {names.iloc[0]} would reach 20% of the city's jobs" in cable
    assert cable.endswith("instead of 50%; in the whole city 37% instead of 42%.")
    (table,) = told["tables"]
    assert [row["name"] for row in table["rows"]] == [str(names.iloc[0]), str(names.iloc[1])]
    assert table["rows"][0]["cells"] == ["50.0%", "20.0%", "\N{MINUS SIGN}30.0"]


def test_departures_that_were_not_drawn_are_not_said_to_be(study):
    told = with_rides(study)
    timetable = told.summary["transit"]["timetable"]
    regular = with_rides(study, timetable={**timetable, "draws": 0})
    assert "at regular intervals" in _on_wheels.rides(regular, Words("en"))["said"][1]
    exact = with_rides(study, timetable={**timetable, "frequency_share": 0.0})
    assert "drawn" not in "".join(_on_wheels.rides(exact, Words("en"))["said"])


def test_without_a_timetable_nothing_is_told(study):
    assert _on_wheels.rides(study, Words("en")) is None
    assert _on_wheels.rides(with_rides(study, timetable=None), Words("en")) is None


def test_of_what_is_unknown_nothing_is_told(study):
    bare = with_rides(study, mean={}, without={})
    told = _on_wheels.rides(bare, Words("es"))
    assert len(told["said"]) == 2
    assert told["tables"] == []


def test_a_mode_that_nobody_would_miss_has_no_table(study):
    same = {"amount": "people", "with": 0.4, "without": 0.4, "districts": {}}
    told = _on_wheels.rides(with_rides(study, without={"tram": same}), Words("pt"))
    assert told["tables"] == []
    assert "nenhum distrito perde meio ponto" in told["said"][-1]
