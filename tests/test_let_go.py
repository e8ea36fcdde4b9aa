"""What is read of a city is held no longer than it is asked for."""

import weakref
from typing import Any

import pytest

import geoequity as ge
from geoequity import assessment


class EnoughError(Exception):
    """Raised where a test has seen what it wants to see."""


@pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")
def test_a_timetable_is_let_go_of_once_it_was_ridden(monkeypatch: pytest.MonkeyPatch) -> None:
    real, feeds, seen = assessment.read, [], {}

    def watched(*inputs: Any) -> Any:
        found = real(*inputs)
        feeds.append(weakref.ref(found.feed))
        return found

    def tell(stage: str) -> None:
        seen[stage] = bool(feeds) and feeds[0]() is not None
        if stage == "indicators":
            raise EnoughError

    monkeypatch.setattr(assessment, "read", watched)
    with pytest.raises(EnoughError):
        ge.assess(ge.City.preset("demo"), progress=tell)
    held = dict.fromkeys(["join", "grids", "walk", "ride"], True)
    assert seen == {"read": False, **held, "indicators": False}
