"""Two pillars on one map, and the legend of nine cells that points at districts."""

import math

import pytest
from selenium.webdriver.common.keys import Keys

from geoequity.locale import LANGUAGES, number
from geoequity.maps import save_map
from geoequity.palette import CROSSED

pytestmark = pytest.mark.browser

DESKTOP, PHONE = (1440, 900), (390, 844)
READY = "document.body.classList.contains('ready')"
FILLS = """
const paths = [...document.querySelectorAll("path[data-district]")];
return Object.fromEntries(paths.map((one) => [one.dataset.district, one.getAttribute("fill")]));
"""
FAINT = """
return [...document.querySelectorAll("path[data-district]")]
  .filter((one) => Number(one.getAttribute("fill-opacity")) < 1)
  .map((one) => one.dataset.district);
"""
COUNTS = """
const cells = [...document.querySelectorAll("[data-cell]")];
const count = (said) => said.split("\\u00a0").at(-1); // after the mark of the pillar that is ahead
return cells.map((one) => [one.dataset.cell, count(one.textContent)]);
"""
SMALLEST = """
const cells = [...document.querySelectorAll("[data-cell]")];
return Math.min(...cells.map((one) => one.offsetHeight));
"""
CELLS = """
const cells = [...document.querySelectorAll("[data-cell]")];
return Object.fromEntries(cells.map((one) => [one.dataset.cell, one.getAttribute("aria-label")]));
"""


@pytest.fixture(scope="module")
def study(town):
    return town.make_study()


@pytest.fixture(scope="module")
def path(study, tmp_path_factory):
    return save_map(study, tmp_path_factory.mktemp("crossed") / "map.html")


@pytest.fixture
def page(open_page, path):
    opened = open_page(path, size=DESKTOP)
    opened.wait(READY)
    opened.run("geoequity.page.showLayer('pillars')")
    return opened


def cell_of(row):
    """Place a district among the nine: low, around 50, high; None where a pillar is unknown."""
    pair = row["structures"], row["technologies"]
    if any(math.isnan(one) for one in pair):
        return None
    solid, digital = ((one >= 40) + (one >= 60) for one in pair)
    return 3 * int(solid) + int(digital)


def test_every_district_has_the_colour_of_its_two_pillars(page, study):
    fills = page.run(FILLS)
    colours = [colour for row in CROSSED for colour in row]
    for unit_id, row in study.districts.iterrows():
        cell = cell_of(row)
        expected = "url(#ge-unknown)" if cell is None else colours[cell]
        assert fills[unit_id] == expected


def test_the_cells_count_districts_and_unknown_ones_stand_apart(page, study):
    cells = study.districts.apply(cell_of, axis=1)
    counts = page.run(COUNTS)
    assert {int(cell): int(count) for cell, count in counts} == {
        cell: int((cells == cell).sum()) for cell in range(9)
    }
    unknown = page.run("return document.querySelector('#ge-legend .classes').innerText").split()
    assert unknown[-1] == str(cells.isna().sum()) == "1"


def test_a_cell_says_in_words_what_it_means(page):
    said = page.run(CELLS)
    assert said["2"].startswith("Estructuras: nivel bajo; tecnologías: nivel alto: ")
    assert said["6"].startswith("Estructuras: nivel alto; tecnologías: nivel bajo: ")


def test_a_cell_in_focus_shows_its_districts_and_arrows_move_on(page, study):
    cells = study.districts.apply(cell_of, axis=1)
    page.run("document.querySelector('[data-cell=\"4\"]').focus()")
    inside = set(study.districts.index[cells == 4])
    assert inside
    assert set(page.run(FAINT)) == set(study.districts.index) - inside
    told = page.run("return document.querySelector('.cross-said').textContent")
    assert all(study.districts.loc[one, "name"] in told for one in inside)
    page.press(Keys.ARROW_UP, Keys.ARROW_RIGHT)
    assert page.run("return document.activeElement.dataset.cell") == "8"
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_UP)  # an edge is an edge
    assert page.run("return document.activeElement.dataset.cell") == "8"
    page.run("document.activeElement.blur()")
    assert page.run(FAINT) == []


def test_a_pressed_cell_stays_shown_until_it_is_pressed_again(page):
    cell = "document.querySelector('[data-cell=\"4\"]')"
    page.run(f"{cell}.focus()")
    page.press(Keys.ENTER)
    page.run("document.activeElement.blur()")
    assert page.run(f"return {cell}.getAttribute('aria-pressed')") == "true"
    assert page.run(FAINT)
    page.run(f"{cell}.click()")
    page.run("document.activeElement.blur()")
    assert page.run(FAINT) == []


def test_another_layer_shows_all_districts_again(page):
    page.run("document.querySelector('[data-cell=\"4\"]').click()")
    page.run("geoequity.page.showLayer('index')")
    assert page.run(FAINT) == []


def test_the_list_gives_both_pillars(page, study):
    first = page.run("return document.querySelector('#ge-list button').innerText").split("\n")
    best = study.districts.loc[
        (study.districts["structures"] + study.districts["technologies"]).idxmax()
    ]
    pair = (number(best[one], language="es", decimals=0) for one in ("structures", "technologies"))
    assert first == [best["name"], " · ".join(pair)]


def test_the_cells_follow_the_weights_of_the_reader(page):
    before = page.run(CELLS)
    page.run(
        "const { weights, weigh } = geoequity.page; for (const id of weights.handles.keys())"
        " if (id.includes('walk')) weights.set(id, 0); weigh();"
    )
    assert page.run(CELLS) != before


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_legend_speaks_every_language_and_leaves_room_for_the_map(
    open_page, path, language, size
):
    page = open_page(path, size=size, phone=size == PHONE)
    page.wait(READY)
    page.run("document.querySelector(`#ge-languages [lang=${arguments[0]}]`).click()", language)
    page.run("geoequity.page.showLayer('pillars')")
    assert "map." not in page.run("return document.body.innerText") + str(page.run(CELLS))
    stage = page.run("return document.querySelector('.stage').getBoundingClientRect().toJSON()")
    assert stage["height"] > 0.5 * size[1]
    assert page.run(SMALLEST) >= 24  # a finger finds it
    assert page.errors() == []


def test_a_city_without_one_pillar_is_hatched_throughout(open_page, town, tmp_path):
    bare = town.make_study()
    bare.districts["technologies"] = math.nan
    page = open_page(save_map(bare, tmp_path / "map.html"))
    page.wait(READY)
    page.run("geoequity.page.showLayer('pillars')")
    assert set(page.run(FILLS).values()) == {"url(#ge-unknown)"}
    legend = page.run("return document.getElementById('ge-legend').innerText")
    assert "Este dato no se conoce en ningún distrito." in legend


def test_on_a_phone_a_card_over_the_tallest_legend_leaves_its_district_in_sight(open_page, path):
    page = open_page(path, size=PHONE, phone=True)
    page.wait(READY)
    page.run("geoequity.page.showLayer('pillars'); geoequity.page.openCard(3, null)")
    page.run("return new Promise((done) => setTimeout(done, 400))")
    box = "return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()"
    district, card = page.run(box, "[data-district=d03]"), page.run(box, "#ge-card")
    assert district["bottom"] <= card["top"]
    assert page.errors() == []
