"""The page of cities side by side in a real browser that is let out to nowhere."""

import pytest
from side_by_side import city
from small_city import same_in_pillar

from browser.test_report_browser import DESKTOP, PHONE, POOR_CONTRAST, check_layout
from geoequity.compare import cities
from geoequity.locale import LANGUAGES
from geoequity.report import write_cities_report

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def found():
    """Five cities: two with an index, and three of which less or nobody is known."""
    tens = [float(one) for one in range(20, 70, 5)]
    whole, few = same_in_pillar(tens, tens[::-1]), {"s_mobility": tens}
    made = [
        city("ciudad_de_nombre_largo", whole, rank=118, error={"s_mobility": 4.0}),
        city("baja", same_in_pillar(tens, tens), rank=120, about={"fictitious": True}),
        city("cima", few),
        city("dura", few, people=float("nan")),
        city("ella", {"t_mobility": tens}),
    ]
    return cities(made, draws=100)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_page_opens_with_nothing_cut_too_wide_or_asked_for(
    open_page, found, tmp_path, language, size
):
    path = write_cities_report(found, tmp_path / "compare.html", language=language)
    check_layout(open_page(path, size=size, phone=size == PHONE), width=size[0])


def test_words_stand_out_from_their_ground(open_page, found, tmp_path):
    path = write_cities_report(found, tmp_path / "compare.html")
    assert open_page(path).run(POOR_CONTRAST) == []


def test_small_maps_stand_side_by_side_in_one_size(open_page, found, tmp_path):
    path = write_cities_report(found, tmp_path / "compare.html")
    widths = open_page(path).run(
        "return [...document.querySelectorAll('.many svg')].map(one => one.clientWidth)"
    )
    assert len(widths) >= 8
    assert max(widths) - min(widths) <= 1


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_nothing_keeps_readers_out_of_the_page(open_page, found, axe, tmp_path, size):
    path = write_cities_report(found, tmp_path / "compare.html", language="pt")
    assert axe(open_page(path, size=size, phone=size == PHONE)) == []
