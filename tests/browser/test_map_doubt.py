"""What is to be taken with care is hatched over any layer, and the card says why."""

import copy
import dataclasses

import pytest
from selenium.webdriver.common.keys import Keys

from geoequity.locale import LANGUAGES
from geoequity.maps import save_map

pytestmark = pytest.mark.browser

DESKTOP, PHONE = (1440, 900), (390, 844)
READY = "document.body.classList.contains('ready')"
HATCHED = """
const middle = (one) => {
  const box = one.getBoundingClientRect();
  return [box.left + box.width / 2, box.top + box.height / 2].map(Math.round).join();
};
const hatched = [...document.querySelectorAll("path[fill='url(#ge-doubt)']")].map(middle);
return [...document.querySelectorAll("path[data-district]")]
  .filter((one) => hatched.includes(middle(one)))
  .map((one) => one.dataset.district);
"""
THIN = ["d02", "d09"]


@pytest.fixture(scope="module")
def study(town):
    """Give the town two thin maps, one low confidence, one uncertain type and one poor value."""
    made = town.make_study()
    districts = made.districts.assign(confidence=0.9)
    districts.loc["d05", "confidence"] = 0.3
    districts.loc[districts["type"] == "uncertain", "type"] = "integrated"
    districts.loc["d07", "type"] = "uncertain"
    trusted = made.indicators.notna() * 0.9
    trusted.loc["d11", "school_walk_min"] = 0.2
    summary = copy.deepcopy(dict(made.summary)) | {"mapping": {"thin": THIN}}
    return dataclasses.replace(made, districts=districts, summary=summary, confidence=trusted)


@pytest.fixture(scope="module")
def path(study, tmp_path_factory):
    return save_map(study, tmp_path_factory.mktemp("doubt") / "map.html")


@pytest.fixture
def page(open_page, path):
    opened = open_page(path, size=DESKTOP)
    opened.wait(READY)
    return opened


def hatched(page, layer):
    page.run("geoequity.page.showLayer(arguments[0])", layer)
    return set(page.run(HATCHED))


def legend(page):
    find = "return document.querySelector('#ge-legend .doubt')?.innerText.split('\\n') ?? null"
    return page.run(find)


@pytest.mark.parametrize("layer", ["index", "structures", "mobility", "confidence"])
def test_low_confidence_and_thin_maps_are_hatched_over_every_score(page, layer):
    assert hatched(page, layer) == {*THIN, "d05"}
    assert legend(page) == ["Tomar con cautela: poco mapeado, confianza baja", "3"]


@pytest.mark.parametrize("layer", ["type", "pillars"])
def test_uncertain_types_are_hatched_where_types_are_shown(page, layer):
    assert hatched(page, layer) == {*THIN, "d05", "d07"}


def test_types_are_not_doubted_on_pillars_that_the_reader_weighs(page):
    page.run("geoequity.page.weights.set('mobility', 2); geoequity.page.weigh()")
    assert hatched(page, "pillars") == {*THIN, "d05"}
    assert hatched(page, "type") == {*THIN, "d05", "d07"}


def test_an_indicator_is_hatched_where_its_own_number_is_poor(page):
    assert hatched(page, "school_walk_min") == {"d11"}
    assert legend(page) == ["Tomar con cautela: confianza baja", "1"]
    assert hatched(page, "home_internet_share") == set()
    assert legend(page) is None


def test_what_is_unknown_says_so_and_is_not_hatched_again(page, open_page, study, tmp_path):
    summary = copy.deepcopy(dict(study.summary)) | {"mapping": {"thin": ["d23"]}}
    changed = dataclasses.replace(study, summary=summary)
    page = open_page(save_map(changed, tmp_path / "map.html"))
    page.wait(READY)
    assert hatched(page, "index") == {"d05"}
    assert hatched(page, "technologies") == {"d05", "d23"}


def test_the_keyboard_lifts_the_hatching_for_all_layers_and_brings_it_back(page):
    page.run("document.getElementById('ge-doubt-shown').focus()")
    page.press(Keys.SPACE)
    assert page.run(HATCHED) == []
    assert hatched(page, "type") == set()
    page.run("document.getElementById('ge-doubt-shown').click()")
    assert "d07" in page.run(HATCHED)


def test_a_hovered_or_open_district_keeps_its_hatching_on_top(page):
    page.run("geoequity.page.openCard(2, null)")
    after = page.run(
        "const [path] = document.querySelectorAll('path[data-district=d02]');"
        "const marks = [...path.parentNode.querySelectorAll(\"path[fill='url(#ge-doubt)']\")];"
        "const later = Node.DOCUMENT_POSITION_FOLLOWING;"
        "return marks.filter((one) => path.compareDocumentPosition(one) & later).length"
    )
    assert after >= 1


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_card_says_why(open_page, path, language, size):
    page = open_page(path, size=size, phone=size == PHONE)
    page.wait(READY)
    page.run("document.querySelector(`#ge-languages [lang=${arguments[0]}]`).click()", language)
    thin = {"en": "thinly mapped", "es": "poco mapeado", "pt": "pouco mapeado"}[language]
    care = {"en": "Take with care", "es": "Tomar con cautela", "pt": "Tomar com cautela"}[language]
    assert legend(page)[0].startswith(care)
    said = "return document.querySelector('#ge-card .certainty').innerText"
    page.run("geoequity.page.openCard(2, null)")
    assert thin in page.run(said)
    page.run("geoequity.page.openCard(0, null)")
    assert thin not in page.run(said)
    stage = page.run("return document.querySelector('.stage').getBoundingClientRect().height")
    assert stage > 0.5 * size[1]
    assert page.errors() == []
