"""What axe-core says of the map: nothing that keeps a reader out."""

import pytest

from geoequity.maps import save_map

pytestmark = pytest.mark.browser

PHONE = (390, 844)
READY = "document.body.classList.contains('ready')"
UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


@pytest.fixture(scope="module")
def path(town, tmp_path_factory):
    return save_map(town.make_study(), tmp_path_factory.mktemp("axe") / "map.html")


@pytest.mark.parametrize("size", [(1440, 900), PHONE])
def test_nothing_on_the_map_keeps_a_reader_out(open_page, path, axe, size):
    page = open_page(path, size=size, phone=size == PHONE)
    page.wait(READY)
    assert axe(page) == []
    page.run("geoequity.page.showLayer('pillars'); geoequity.page.openCard(3, null)")
    page.run(UNFOLD)
    assert axe(page) == []
    page.run("geoequity.page.closeCard(); geoequity.page.story.turn(0)")
    if size == PHONE:
        assert axe(page) == []  # its sheet
        page.run("document.getElementById('ge-more-toggle').click()")
    assert axe(page) == []
    page.run("geoequity.page.openCard(2, null); geoequity.page.putBeside(23)")
    page.run("geoequity.page.speak('en')")
    assert axe(page) == []
    assert page.errors() == []


def test_axe_finds_a_fault_that_is_there(open_page, tmp_path, axe):
    path = tmp_path / "poor.html"
    path.write_text("<!doctype html><html><title>x</title><body><img src='data:,'><button>")
    assert any(one.startswith("image-alt") for one in axe(open_page(path)))
