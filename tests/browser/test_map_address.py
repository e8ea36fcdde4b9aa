"""What a reader sees stands in the address, and a link shows it again."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from geoequity.maps import draw_map, save_map

pytestmark = pytest.mark.browser

DESKTOP, PHONE = (1440, 900), (390, 844)
READY = "document.body.classList.contains('ready')"
STATE = """
const { state, map, weights } = geoequity.page;
const asPublished = (id) => weights.weightOf(id) === weights.publishedOf(id);
const moved = [...weights.handles.keys()].filter((id) => !asPublished(id));
return {
  layer: state.layer,
  language: document.documentElement.lang,
  open: state.open,
  doubt: state.doubt,
  zoom: map.getZoom(),
  lat: Number(map.getCenter().lat.toFixed(3)),
  lon: Number(map.getCenter().lng.toFixed(3)),
  weights: Object.fromEntries(moved.map((id) => [id, weights.weightOf(id)])),
  values: [...document.querySelectorAll("#ge-list .value")].map((one) => one.textContent),
};
"""
CHOOSE = """
const { page } = geoequity;
page.speak("pt");
page.showLayer("technologies");
document.getElementById("ge-doubt-shown").click();
const slider = document.querySelector("[data-weight=mobility]");
slider.value = 2.5;
slider.dispatchEvent(new Event("input", { bubbles: true }));
page.openCard(7, null);
page.map.setView(page.map.getCenter(), page.map.getZoom() + 1.25, { animate: false });
page.map.panBy([40, 25], { animate: false });
"""
NONSENSE = (
    "#",
    "#ge-layer",
    "#%E0%A4%A",
    "#layer=__proto__&lang=constructor&district=__proto__&w.__proto__=2&w.constructor=1",
    "#layer=%3Cimg%20src%3Dx%20onerror%3Dwindow.hacked%3D1%3E&district=%22%3E%3Cscript%3E",
    "#lang=%3C/script%3E%3Cscript%3Ewindow.hacked=1%3C/script%3E&hatching=<b>",
    "#zoom=1e9&lat=NaN&lon=Infinity",
    "#zoom=12&lat=89&lon=0",
    "#zoom=12&lat=10&lon=10",  # another continent
    "#w.mobility=-1&w.technologies=1e3&w.structures=javascript:alert(1)&w.governance=99",
    "#layer=&lang=&district=&w.=&zoom=&lat=&lon=",
    "#javascript:alert(1)",
    f"#layer={'a' * 20_000}&&&===",
)


@pytest.fixture(scope="module")
def study(town):
    return town.make_study()


@pytest.fixture(scope="module")
def path(study, tmp_path_factory):
    return save_map(study, tmp_path_factory.mktemp("address") / "map.html")


@pytest.fixture
def opened(open_page, path):
    """Give a function that opens the map at an address."""

    def at(fragment="", size=DESKTOP):
        page = open_page(path, size=size, phone=size == PHONE)
        page.wait(READY)
        if fragment:
            page.driver.get("about:blank")
            page.driver.get(path.resolve().as_uri() + fragment)
            page.wait(READY)
        return page

    return at


def settled(page):
    """Wait until the address is written, and read it."""
    page.run("return new Promise((done) => setTimeout(done, 400))")
    return page.run("return location.hash")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_link_shows_again_what_was_seen(opened, size):
    page = opened(size=size)
    before = page.run(STATE)
    page.run(CHOOSE)
    fragment = settled(page)
    seen = page.run(STATE)
    assert seen["weights"] == {"mobility": 2.5}
    assert all(seen[one] != before[one] for one in before)
    again = opened(fragment, size)
    assert again.run(STATE) == seen
    assert again.run("return document.getElementById('ge-own').checkVisibility()")
    assert again.run("return document.getElementById('ge-card').checkVisibility()")
    assert settled(again).split("&zoom")[0] == fragment.split("&zoom")[0]
    assert again.errors() == []


def test_a_page_as_it_opens_has_a_plain_address(opened):
    page = opened()
    assert settled(page) == ""
    page.run("geoequity.page.showLayer('type')")
    assert settled(page) == "#layer=type"
    page.run("geoequity.page.showLayer('index')")
    assert settled(page) == ""


@pytest.mark.parametrize("fragment", NONSENSE)
def test_nonsense_is_ignored_and_nothing_of_it_runs(opened, fragment):
    plain = opened().run(STATE)
    page = opened(fragment)
    assert page.run(STATE) == plain
    assert page.run("return window.hacked === undefined")
    assert page.run("return document.querySelectorAll('img').length") == 0
    assert page.errors() == []


def test_what_is_right_beside_nonsense_is_taken(opened):
    page = opened("#layer=nowhere&lang=en&district=d04&w.mobility=2&w.nobody=2&zoom=x")
    found = page.run(STATE)
    assert (found["layer"], found["language"], found["open"]) == ("index", "en", 4)
    assert found["weights"] == {"mobility": 2}


def test_another_link_in_the_same_page_is_followed_and_the_skip_link_changes_nothing(opened):
    page = opened("#layer=type&w.mobility=2")
    page.run("location.hash = '#layer=structures&lang=pt'")
    page.wait("geoequity.page.state.layer === 'structures'")
    found = page.run(STATE)
    assert (found["language"], found["weights"]) == ("pt", {})
    page.run("document.querySelector('.skip').focus()")
    page.press(Keys.ENTER)
    page.wait("location.hash === '#ge-layer'")
    assert page.run(STATE) == found
    assert page.driver.find_element(By.ID, "ge-layer").is_displayed()


def test_a_link_is_followed_though_the_address_of_before_is_written_right_after(opened):
    page = opened("#layer=type")
    page.run("geoequity.page.openCard(3, null)")  # whose address waits to be written
    # A slow page writes it once the link is taken and before the browser tells of the link
    page.run("location.hash = '#lang=pt'; history.replaceState(null, '', '#layer=type')")
    page.wait("geoequity.page.state.language === 'pt'")
    found = page.run(STATE)
    assert (found["layer"], found["open"]) == ("index", None)
    assert settled(page) == "#lang=pt"


def test_a_map_within_a_notebook_keeps_no_address_and_complains_of_nothing(
    open_page, study, tmp_path
):
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html>{draw_map(study)._repr_html_()}", encoding="utf-8")
    page = open_page(path)
    page.driver.switch_to.frame(0)
    try:
        page.wait(READY)
        page.run("geoequity.page.showLayer('type')")
        assert settled(page) == ""
    finally:
        page.driver.switch_to.default_content()
    assert page.errors() == []
