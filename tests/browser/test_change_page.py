"""The report of what changed in a real browser that is let out to nowhere."""

import pytest
from small_city import same_in_pillar
from two_dates import book, study

from browser.test_report_browser import DESKTOP, PHONE, POOR_CONTRAST, check_layout
from geoequity.compare import change
from geoequity.locale import LANGUAGES
from geoequity.report import write_change_report

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def found():
    """What changed in a city of ten districts, with error and without."""
    tens = [float(one) for one in range(20, 70, 5)]
    old = same_in_pillar(tens, tens[::-1])
    new = {key: [*one[:2], one[2] + 30, *one[3:8], one[8] - 20, one[9]] for key, one in old.items()}
    error = {"t_opportunities": 4.0}
    return change(study(old, error=error), study(new, error=error, books=[book(sha256="bb")]))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_page_opens_with_nothing_cut_too_wide_or_asked_for(
    open_page, found, tmp_path, language, size
):
    path = write_change_report(found, tmp_path / "change.html", language=language)
    check_layout(open_page(path, size=size, phone=size == PHONE), width=size[0])


def test_words_stand_out_from_their_ground(open_page, found, tmp_path):
    path = write_change_report(found, tmp_path / "change.html")
    assert open_page(path).run(POOR_CONTRAST) == []
