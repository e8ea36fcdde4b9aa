"""Walking through the findings, two districts side by side, cells from near, the city's streets."""

import base64
import dataclasses
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from selenium.webdriver.common.keys import Keys

from geoequity.locale import LANGUAGES, number, text
from geoequity.maps import save_map
from geoequity.palette import TYPE_COLOURS

pytestmark = pytest.mark.browser

DESKTOP, PHONE = (1440, 900), (390, 844)
READY = "document.body.classList.contains('ready')"
CALM = {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
WAIT = "return new Promise((done) => setTimeout(done, arguments[0]))"
STEP = """
const { story, state } = geoequity.page;
return [story.step(), state.layer, state.marked ? [...state.marked] : []];
"""
IN_SIGHT = """
const stage = document.querySelector(".stage").getBoundingClientRect();
const words = document.getElementById("ge-story").getBoundingClientRect();
return arguments[0].every((id) => {
  const box = document.querySelector(`[data-district=${id}]`).getBoundingClientRect();
  const apart = box.left >= words.right - 1 || box.bottom <= words.top + 1;
  return apart && box.right <= stage.right && box.bottom <= stage.bottom && box.top >= stage.top;
});
"""
INKED = """
const canvas = geoequity.page.map.getPane(arguments[0]).querySelector("canvas");
if (!canvas) return 0;
const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
return pixels.reduce((sum, part) => sum + (part > 0), 0);
"""
CLIPPED = """
const out = (box) => box.width > 2 && (box.right > innerWidth + 1 || box.left < -1);
return [...document.querySelectorAll("header *, section *, aside *, footer *")]
  .filter((one) => one.checkVisibility() && !one.closest(".unseen, .skip, optgroup, .languages"))
  .filter((one) => out(one.getBoundingClientRect()))
  .map((one) => one.outerHTML.slice(0, 80));
"""


def told(identifier, spanish):
    return {"id": identifier, "text": dict.fromkeys(LANGUAGES, spanish), "numbers": {}}


@pytest.fixture(scope="module")
def study(town):
    """The town with cells, streets, a river and four findings."""
    made = town.make_study()
    cells = made.cells
    centre = shapely.get_coordinates(shapely.centroid(made.districts.union_all()))[0]
    far = np.hypot(*(shapely.get_coordinates(cells.centroid) - centre).T)
    walk = pd.DataFrame({"school_walk_min": far / 300}, index=cells.index)
    walk.iloc[0] = np.nan
    xmin, ymin, xmax, ymax = made.districts.total_bounds
    across = [shapely.LineString([(xmin, y), (xmax, y)]) for y in np.linspace(ymin, ymax, 12)]
    river = shapely.LineString([(xmin, ymin), (xmax, ymax)])
    ground = gpd.GeoDataFrame(
        {"kind": ["water", "street", "street"], "rank": [0, 1, 4]},
        geometry=[river, shapely.multilinestrings(across[::3]), shapely.multilinestrings(across)],
        crs=cells.crs,
    )
    summary = dict(made.summary)
    summary["findings"] = [
        told("gap", "La brecha."),
        told("neglected", "Los relegados."),
        {**told("drivers", "Lo que hace la brecha."), "numbers": {"school_walk_min_points": 3.0}},
        told("unseen", "Lo que no se ve."),
    ]
    return dataclasses.replace(made, cell_indicators=walk, background=ground, summary=summary)


@pytest.fixture(scope="module")
def path(study, tmp_path_factory):
    return save_map(study, tmp_path_factory.mktemp("explore") / "map.html")


@pytest.fixture(scope="module")
def shared(keep_page, path):
    opened = keep_page(path, size=DESKTOP)
    opened.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", CALM)  # no wait for what flies
    opened.driver.refresh()
    opened.wait(READY)
    yield opened
    opened.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.fixture
def page(shared):
    """The one page, as it opens."""
    shared.resize(*DESKTOP)
    shared.run("location.hash = 'lang=es&reset=' + Math.random()")
    shared.wait("geoequity.page.state.open === null && geoequity.page.story.step() === null")
    yield shared
    assert shared.errors() == []
    assert shared.requests() == []


@pytest.fixture
def phone(page):
    page.resize(*PHONE, phone=True)
    yield page
    page.resize(*DESKTOP)


def said(page, selector):
    find = "return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText)"
    return page.run(find, selector)


def hash_of(page):
    page.run(WAIT, 350)
    return page.run("return location.hash")


def go_to(page, fragment):
    page.run("location.hash = arguments[0]", fragment)
    page.run(WAIT, 60)


# ------------------------------------------------------------------- the story
def test_the_story_shows_each_finding_where_it_is_to_be_seen(page, study):
    neglected = [at for at, one in enumerate(study.districts["type"]) if one == "neglected"]
    index = study.districts["index"]
    ends = [int(np.nanargmin(index)), int(np.nanargmax(index))]
    expected = [
        ("index", sorted(ends)), ("type", neglected), ("school_walk_min", []), ("confidence", [])
    ]  # fmt: skip
    page.run("document.getElementById('ge-story-start').click()")
    for step, (layer, places) in enumerate(expected):
        assert page.run(STEP) == [step, layer, places]
        assert said(page, "#ge-story-said") == [study.summary["findings"][step]["text"]["es"]]
        assert page.run(IN_SIGHT, [study.districts.index[one] for one in places])
        page.run("document.getElementById('ge-story-on').click()")
    assert page.run("return geoequity.page.story.step()") == len(expected) - 1  # it ends there


def test_the_story_needs_the_keyboard_alone_and_gives_the_focus_back(page):
    page.run("document.getElementById('ge-story-start').focus()")
    page.press(Keys.ENTER)
    assert page.run("return document.activeElement.id") == "ge-story-on"
    page.press(Keys.ENTER)
    assert page.run("return document.activeElement.id") == "ge-story-on"  # and stays there
    page.press(Keys.ARROW_LEFT)
    assert page.run(STEP)[0] == 0
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.run(STEP)[0] == 2
    page.press(Keys.ESCAPE)
    assert page.run(STEP) == [None, "school_walk_min", []]
    assert page.run("return document.activeElement.id") == "ge-story-start"


def test_a_link_opens_the_story_at_its_step(page):
    page.run("document.getElementById('ge-story-start').click()")
    page.run("document.getElementById('ge-story-on').click()")
    seen, fragment = page.run(STEP), hash_of(page)
    assert "step=2" in fragment
    go_to(page, "#lang=es")
    assert page.run(STEP)[0] is None
    go_to(page, fragment)
    assert page.run(STEP) == seen
    for nonsense in ("0", "5", "1.5", "x", "-1"):
        go_to(page, f"#lang=es&step={nonsense}")
        assert page.run(STEP)[0] is None


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_on_a_phone_the_story_is_a_sheet_that_fits(phone, study, language):
    phone.run("geoequity.page.speak(arguments[0])", language)
    phone.run("document.getElementById('ge-story-start').click()")
    phone.run("document.getElementById('ge-story-on').click()")
    expected = text("map.story.step", language=language, place=2, count=4)
    assert said(phone, "#ge-story-step") == [expected]
    ids = study.districts.index[study.districts["type"] == "neglected"]
    assert phone.run(IN_SIGHT, list(ids))
    assert phone.run(CLIPPED) == []


def test_a_finding_in_the_list_leads_to_its_step(page):
    page.run("document.querySelectorAll('#ge-findings-list button')[2].click()")
    assert page.run(STEP)[:2] == [2, "school_walk_min"]


# -------------------------------------------------------------- side by side
def choose(page, beside):
    page.run(
        "const select = document.getElementById('ge-beside'); select.focus();"
        "select.value = arguments[0]; select.dispatchEvent(new Event('change'))",
        str(beside),
    )


def test_two_districts_stand_side_by_side_with_the_city(page, study):
    page.run("geoequity.page.openCard(0, null)")
    choose(page, 5)
    names = list(study.districts["name"].iloc[[0, 5]])
    assert [one.strip() for one in said(page, ".versus-table thead th")[1:3]] == names
    rows = page.run(
        "return [...document.querySelectorAll('.versus-table tbody tr')]"
        ".map((row) => [...row.children].map((cell) => cell.innerText))"
    )
    by_head = {row[0].split("\n")[0]: row[1:] for row in rows if len(row) == 4}
    whole = [number(one, language="es", decimals=0) for one in study.districts["structures"]]
    assert by_head["Estructuras"][:2] == [whole[0], whole[5]]
    people = [number(one, language="es", decimals=0) for one in study.districts["population"]]
    assert by_head["Habitantes"][:2] == [people[0], people[5]]
    assert "según el método" in by_head["Índice"][0]
    apart = (study.scores.iloc[0] - study.scores.iloc[5]).abs().idxmax()
    label = study.catalogue.loc[apart, "label_es"]
    first = [row[0] for row in rows if len(row) == 4][11]  # after the overview
    assert label in first
    drawn = page.run("return geoequity.page.paths.map((one) => one.options.weight)")
    assert [at for at, weight in enumerate(drawn) if weight == 3] == [0, 5]


def test_the_keyboard_alone_compares_and_the_link_keeps_it(page):
    page.run("geoequity.page.openCard(2, null)")
    page.tab(2)  # the cross, then the choice
    assert page.run("return document.activeElement.id") == "ge-beside"
    page.press(Keys.ARROW_DOWN)
    page.wait("geoequity.page.state.beside !== null")
    beside = page.run("return geoequity.page.state.beside")
    assert page.run("return document.activeElement.id") == "ge-beside"
    fragment = hash_of(page)
    go_to(page, "#lang=es")
    go_to(page, fragment)
    assert page.run("return [geoequity.page.state.open, geoequity.page.state.beside]") == [
        2,
        beside,
    ]
    choose(page, "")
    assert said(page, ".versus-table") == []
    go_to(page, "#lang=es&district=d02&beside=d02")  # nobody is compared with itself
    assert page.run("return geoequity.page.state.beside") is None


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_comparison_speaks_every_language_and_fits_a_phone(phone, language):
    phone.run("geoequity.page.speak(arguments[0]); geoequity.page.openCard(1, null)", language)
    choose(phone, 23)  # whose index is unknown
    body = phone.run("return document.getElementById('ge-card').innerText")
    assert not any(bad in body for bad in ("map.", "undefined", "NaN", "null"))
    assert text("unknown", language=language) in body
    assert phone.run(CLIPPED) == []


# ------------------------------------------------------------ cells and ground
def zoom(page, nearer):
    page.run(
        "const { map, paths } = geoequity.page;"
        "map.setView(paths[0].getCenter(), map.getZoom() + arguments[0], { animate: false })",
        nearer,
    )
    page.run(WAIT, 80)


def test_cells_are_drawn_from_near_and_name_their_value(page, study):
    page.run("geoequity.page.showLayer('school_walk_min')")
    assert not page.run("return geoequity.page.state.celled")
    zoom(page, 2)
    assert page.run("return geoequity.page.state.celled")
    assert page.run(INKED, "ge-cells") > 0
    assert page.run("return geoequity.page.paths[3].options.fillOpacity") == 0
    place = study.districts.geometry.iloc[0].representative_point()
    cell = study.cells.index[study.cells.contains(place)][0]
    here = gpd.GeoSeries([place], crs=study.cells.crs).to_crs("EPSG:4326").iloc[0]
    found = page.run(
        "const { map, cells } = geoequity.page;"
        "return cells.at(map.latLngToLayerPoint([arguments[0], arguments[1]]), 0)",
        here.y,
        here.x,
    )
    assert study.cells.index[found] == cell
    page.run("geoequity.page.showLayer('index')")  # of which cells know nothing
    assert not page.run("return geoequity.page.state.celled")
    assert page.run(INKED, "ge-cells") == 0


def test_cells_can_be_put_away_and_a_link_remembers(page):
    page.run("geoequity.page.showLayer('school_walk_min')")
    zoom(page, 2)
    page.run("document.getElementById('ge-cells-shown').click()")
    assert not page.run("return geoequity.page.state.celled")
    fragment = hash_of(page)
    assert "cells=0" in fragment
    go_to(page, fragment.replace("cells=0", "cells=1"))
    assert page.run("return geoequity.page.state.celled")


def test_streets_and_water_are_drawn_from_the_start_and_small_streets_from_near(page):
    page.run(WAIT, 50)
    drawn = (
        "return Object.values(geoequity.page.map._layers)"
        ".filter((one) => one.getLatLngs && one.options.pane === 'ge-ground').length"
    )
    assert page.run(INKED, "ge-ground") > 0
    assert page.run(drawn) == 3  # the river with its banks, and the main streets
    zoom(page, 2.5)
    assert page.run(drawn) == 4
    page.run("""document.querySelector('[data-overlay="ground:streets"]').click()""")
    page.run(WAIT, 50)
    assert page.run(INKED, "ge-ground") == 0


def test_a_link_keeps_what_is_laid_over_the_districts(page):
    click = "document.querySelector(`[data-overlay='${arguments[0]}']`).click()"
    assert "over=" not in hash_of(page)
    page.run(click, "service:school")
    page.run(click, "mode:metro")
    fragment = hash_of(page)
    go_to(page, "#lang=es")
    at_first = page.run("return [...geoequity.page.state.overlays].sort()")
    assert at_first == ["ground:streets", "mode:cable", "mode:metro"]
    go_to(page, fragment)
    shown = page.run("return [...geoequity.page.state.overlays].sort()")
    assert shown == ["ground:streets", "mode:cable", "service:school"]
    box = "return document.querySelector(`[data-overlay='${arguments[0]}']`).checked"
    assert page.run(box, "service:school")
    assert not page.run(box, "mode:metro")
    go_to(page, "#lang=es&over=&over=service:<b>&over=__proto__")
    assert page.run("return [...geoequity.page.state.overlays]") == []


# ----------------------------------------------------------------------- paper
def test_the_map_on_paper_has_legend_date_sources_and_every_district(page, study):
    page.run("geoequity.page.showLayer('type'); window.dispatchEvent(new Event('beforeprint'))")
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", **CALM})
    seen = "return arguments[0].map((one) => document.querySelector(one).checkVisibility())"
    shown = ["#ge-legend", ".stage", "#ge-name", "#ge-credit", "#ge-printed", "#ge-print-sources"]
    hidden = ["#ge-layer", "#ge-languages", "#ge-search", ".zoom", "#ge-story-start", "#ge-print"]
    assert page.run(seen, shown) == [True] * len(shown)
    assert page.run(seen, hidden) == [False] * len(hidden)
    assert page.run("return document.querySelectorAll('#ge-list li').length") == len(
        study.districts
    )
    year = page.run("return String(new Date().getFullYear())")
    assert year in said(page, "#ge-printed")[0]
    assert "Instituto de Estadística" in said(page, "#ge-print-sources")[0]
    box = page.run("return document.querySelector('.stage').getBoundingClientRect().toJSON()")
    sheet = page.run("return geoequity.SHEET")
    assert (round(box["width"]), round(box["height"])) == (sheet["width"], sheet["height"])
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", **CALM})
    page.run("window.dispatchEvent(new Event('afterprint'))")
    assert page.run(seen, ["#ge-layer", "#ge-print"]) == [True, True]
    assert page.run("return document.querySelector('.stage').style.width") == ""


def test_printing_gives_several_pages_and_the_page_goes_on(page):
    page.run("geoequity.page.openCard(1, null)")
    options = {"preferCSSPageSize": True, "printBackground": True}
    made = base64.b64decode(page.driver.execute_cdp_cmd("Page.printToPDF", options)["data"])
    assert made.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", made)) >= 3  # map, districts, the open card
    assert not page.run("return document.body.classList.contains('printing')")


# -------------------------------------------------- neither colour nor ink alone
def test_types_and_crossed_pillars_have_a_mark_beside_their_colour(page, study):
    page.run("geoequity.page.showLayer('type')")
    marks = page.run("return geoequity.read().types.marks")
    assert len(set(marks.values())) == len(marks)
    assert said(page, "#ge-legend .mark") == [marks[one] for one in TYPE_COLOURS]
    drawn = (
        "return Object.values(geoequity.page.map._layers)"
        ".find((one) => one.options.marks)?.options.marks"
    )
    known = [marks.get(one) for one in study.districts["type"]]
    assert page.run(drawn) == known
    page.run("geoequity.page.showLayer('pillars')")
    assert set(page.run(drawn)) <= {None, "▲", "▶"}
    page.run("geoequity.page.showLayer('index')")
    assert set(page.run(drawn)) == {None}


def test_an_online_basemap_is_asked_for_only_where_it_is_wanted_and_the_page_says_so(
    page, study, tmp_path
):
    asked = "https://tiles.example.org/{z}/{x}/{y}.png"
    path = save_map(study, tmp_path / "map.html", basemap=asked)
    try:
        page.driver.get(path.as_uri())
        page.wait(READY)
        assert "tiles.example.org" in said(page, "#ge-basemap")[0]
        page.wait("document.querySelector('.leaflet-tile') !== null")
        asked_for = page.requests()
        assert asked_for
        assert all(one.startswith("https://tiles.example.org/") for one in asked_for)
        refused = "return fetch('https://example.org/').then(() => 'let out', () => 'refused')"
        assert page.run(refused) == "refused"
        assert page.run("return geoequity.page.paths[0].options.fillOpacity") < 1
    finally:
        page.driver.get("about:blank")
        page.requests()
        page._requests.clear()
        page._errors.clear()
