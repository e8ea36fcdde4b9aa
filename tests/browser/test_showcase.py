"""The map that the repository shows opens from disk, says what it is, and asks for nothing."""

from pathlib import Path

import pytest

from geoequity.locale import LANGUAGES, messages

pytestmark = pytest.mark.browser

MAP = Path(__file__).parents[2] / "maps" / "valle_claro.html"


def test_the_showcase_opens_and_says_that_the_city_is_made_up(open_page):
    page = open_page(MAP)
    page.wait("document.body.classList.contains('ready')")
    assert page.requests() == []
    assert page.errors() == []
    said = page.run("return document.body.textContent")
    assert any(messages(one)["fictitious"] in said for one in LANGUAGES)
