"""The saved map in a real browser that is let out to nowhere."""

import copy
import dataclasses
import math
import random

import pandas as pd
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from geoequity.locale import LANGUAGES, number, percent, quantity, unit_name
from geoequity.maps import draw_map, save_map
from geoequity.palette import TYPE_COLOURS

pytestmark = pytest.mark.browser

DESKTOP = (1280, 800)
PHONE = (390, 844)
READY = "document.body.classList.contains('ready')"
PAINTED = "return new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30)))"
HOSTILE = "<img src=x onerror=window.hacked=1></script>{{ 7*7 }}\u202e🙂\"'&" + "a" * 300
CONTRAST = """
const channel = (part) =>
  part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
const poor = [];
for (const one of document.querySelectorAll("body *")) {
  const says = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!says || !one.checkVisibility() || one.closest(".unseen, .skip")) continue;
  const paint = (of) => getComputedStyle(of).backgroundColor;
  const clear = (of) => of.parentElement && (parts(paint(of))[3] ?? 1) < 0.7;
  let ground = one;
  while (clear(ground)) ground = ground.parentElement;
  const shades = [light(parts(getComputedStyle(one).color)), light(parts(paint(ground)))];
  const [low, high] = shades.sort((a, b) => a - b);
  const ratio = (high + 0.05) / (low + 0.05);
  if (ratio < 4.5) poor.push([one.textContent.slice(0, 30), one.className, ratio]);
}
return poor;
"""
NAMELESS = """
const controls = document.querySelectorAll("button, input, select, a[href], [tabindex]");
const label = (one) => one.getAttribute("aria-label") || one.labels?.[0]?.textContent;
const name = (one) => label(one) || one.textContent;
return [...controls]
  .filter((one) => one.checkVisibility() && !name(one).trim())
  .map((one) => one.outerHTML.slice(0, 80));
"""
CLIPPED = """
const out = (box) => box.width > 2 && (box.right > innerWidth + 1 || box.left < -1);
return [...document.querySelectorAll("header *, section *, aside *, footer *")]
  .filter((one) => one.checkVisibility() && !one.closest(".unseen, .skip, optgroup"))
  .filter((one) => out(one.getBoundingClientRect()))
  .map((one) => one.outerHTML.slice(0, 80));
"""
SPOT = """
const { map } = geoequity.page;
const district = geoequity.read().districts.find((one) => one.id === arguments[0]);
const box = map.getContainer().getBoundingClientRect();
const point = map.latLngToContainerPoint(district.label.slice(0, 2));
return [box.left + point.x, box.top + point.y];
"""
INKED = """
const canvas = geoequity.page.map.getPane("ge-places").querySelector("canvas");
const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
return pixels.reduce((sum, part) => sum + (part > 0), 0);
"""
FORMATTED = """
const [language, values, shares, units] = arguments;
const words = geoequity.words(geoequity.read().words, language);
return [
  values.map((one) => words.number(one)),
  shares.map((one) => words.percent(one)),
  units.map((unit) => words.quantity(0.25, unit)),
  units.map((unit) => words.unitName(unit, "households")),
];
"""
SECONDS = """
const start = performance.now();
document.querySelectorAll("#ge-services [data-area]").forEach((box) => box.click());
const painted = (done) => requestAnimationFrame(() => requestAnimationFrame(done));
return new Promise(painted).then(() => (performance.now() - start) / 1000);
"""


@pytest.fixture(scope="module")
def study(town):
    return town.make_study()


@pytest.fixture(scope="module")
def path(study, tmp_path_factory):
    return save_map(study, tmp_path_factory.mktemp("map") / "map.html")


@pytest.fixture
def page(open_page, path):
    opened = open_page(path)
    opened.wait(READY)
    return opened


@pytest.fixture
def phone(open_page, path):
    opened = open_page(path, size=PHONE, phone=True)
    opened.wait(READY)
    return opened


def words(page):
    return page.run("return document.body.innerText")


def texts(page, selector):
    """List what the elements that a selector finds say."""
    find = "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)"
    return page.run(find, selector)


def count(page, selector):
    return page.run("return document.querySelectorAll(arguments[0]).length", selector)


def click(page, selector):
    """Click every element that a selector finds."""
    page.run("document.querySelectorAll(arguments[0]).forEach((one) => one.click())", selector)


def focus(page, selector):
    page.run("document.querySelector(arguments[0]).focus()", selector)


def seen(page, selector):
    return page.run("return document.querySelector(arguments[0]).checkVisibility()", selector)


def box(page, selector):
    """Measure where an element stands in the window."""
    find = "return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()"
    return page.run(find, selector)


def fill(page, unit_id):
    """Read the colour that a district has on the map."""
    find = "return document.querySelector(arguments[0]).getAttribute('fill')"
    return page.run(find, f"path[data-district={unit_id}]")


def show(page, layer):
    page.run("geoequity.page.showLayer(arguments[0])", layer)


def open_card(page, place=0):
    page.run("geoequity.page.openCard(arguments[0], null)", place)


def card(page):
    """Read the open card; None where it is closed."""
    return page.run(
        "const one = document.getElementById('ge-card'); return one.hidden ? null : one.innerText"
    )


def focused(page):
    return page.run("return document.activeElement.textContent.trim()")


def unfold(page):
    page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def mouse(page, kind, spot, **more):
    event = {"type": kind, "x": spot[0], "y": spot[1], **more}
    page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)


def click_district(page, unit_id):
    """Click with the mouse where a district's name stands, and say where that is."""
    spot = page.run(SPOT, unit_id)
    mouse(page, "mouseMoved", spot)
    mouse(page, "mousePressed", spot, button="left", clickCount=1)
    mouse(page, "mouseReleased", spot, button="left", clickCount=1)
    return spot


def test_nothing_is_asked_for_and_nothing_complains(page):
    for layer in ("type", "confidence", "school_walk_min", "structures", "index"):
        show(page, layer)
    click(page, "#ge-services input, #ge-transport input")
    open_card(page, 2)
    page.run("geoequity.page.map.setZoom(14, { animate: false })")
    assert seen(page, "#ge-card")
    assert page.requests() == []
    assert page.errors() == []


def test_the_seal_refuses_what_a_script_asks_for(page):
    asked = "return fetch('https://example.org/').then(() => 'let out', () => 'refused')"
    assert page.run(asked) == "refused"
    assert any("Content Security Policy" in one for one in page.errors())


def test_every_district_is_drawn_in_sight(page, study):
    stage = box(page, ".stage")
    assert count(page, "path[data-district]") == len(study.districts)
    for unit_id in study.districts.index:
        drawn = box(page, f"path[data-district={unit_id}]")
        assert min(drawn["width"], drawn["height"]) > 4
        assert stage["left"] <= drawn["left"] < drawn["right"] <= stage["right"]
        assert stage["top"] <= drawn["top"] < drawn["bottom"] <= stage["bottom"]


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_closing_a_card_brings_the_whole_city_back_in_sight(open_page, path, study, size):
    page = open_page(path, size=size, phone=size == PHONE)
    page.wait(READY)
    for place in (8, 17):
        open_card(page, place)
        page.run("return new Promise((done) => setTimeout(done, 400))")
    page.run("geoequity.page.closeCard()")
    page.run("return new Promise((done) => setTimeout(done, 400))")
    stage = box(page, ".stage")
    for unit_id in study.districts.index:
        drawn = box(page, f"path[data-district={unit_id}]")
        assert stage["left"] <= drawn["left"] < drawn["right"] <= stage["right"]
        assert stage["top"] <= drawn["top"] < drawn["bottom"] <= stage["bottom"]


def test_unknown_districts_are_hatched_and_the_legend_says_so(page):
    assert fill(page, "d23") == "url(#ge-unknown)"
    assert count(page, "#ge-unknown rect") == 2
    assert "sin dato" in texts(page, "#ge-legend .class")


def test_a_district_takes_the_colour_of_its_class(page, study):
    value = study.districts["index"].iloc[0]
    index = page.run("return geoequity.read().layers[0]")
    reached = sum(value >= edge for edge in index["breaks"][1:-1])
    assert fill(page, "d00") == index["colours"][reached]


def test_types_are_drawn_in_their_colours(page, study):
    show(page, "type")
    for unit_id, found in study.districts["type"].items():
        assert fill(page, unit_id) == TYPE_COLOURS.get(found, "url(#ge-unknown)")


def test_the_legend_counts_every_district_once(page, study):
    for layer in ("index", "type", "school_walk_min", "cctv_per_1000"):
        show(page, layer)
        counts = texts(page, "#ge-legend li .class ~ .figure:not(.figure + .figure)")
        assert sum(map(int, counts)) == len(study.districts)


def test_the_one_select_switches_every_layer_and_leaks_no_gap_of_the_data(page, study):
    options = page.run(
        "return [...document.getElementById('ge-layer').options].map((one) => one.value)"
    )
    assert len(options) == 11 + len(study.catalogue)
    choose = (
        "const select = document.getElementById('ge-layer'); select.value = arguments[0];"
        "select.dispatchEvent(new Event('change')); return document.body.innerText"
    )
    for layer in options:
        said = page.run(choose, layer)
        for bad in ("undefined", "NaN", "null", "[object", "map.", "{"):
            assert bad not in said, (layer, bad)


def test_a_click_on_a_district_opens_its_card(page, study):
    assert card(page) is None
    click_district(page, "d00")
    page.wait("document.getElementById('ge-card').checkVisibility()")
    said = card(page)
    row = study.districts.loc["d00"]
    assert said.startswith(row["name"])
    assert number(row["population"], language="es", decimals=0) in said
    assert number(row["index"], language="es", decimals=0) in said
    for key in ("Fortalezas", "Carencias", "Probabilidad de cada tipo", "Confianza", "Indicadores"):
        assert key in said
    strength = study.summary["districts"]["d00"]["strengths"][0]
    assert study.catalogue.loc[strength, "label_es"] in said


def test_the_card_tells_ranges_by_their_cause(page, study):
    open_card(page)
    found = study.summary["districts"]["d00"]["score"]["method"]
    low, high = (number(found[end], language="es", decimals=0) for end in ("low", "high"))
    assert f"de {low} a {high} según el método" in card(page)
    assert "por error de los datos" not in card(page)  # the town is a complete count


def test_the_card_tells_which_pillar_runs_ahead(page, study):
    open_card(page)
    gap = study.districts["technologies"].iloc[0] - study.districts["structures"].iloc[0]
    points = number(abs(gap), language="es", decimals=1)
    ahead = "Las tecnologías van" if gap > 0 else "Las estructuras van"
    assert f"{ahead} {points} puntos por delante" in card(page)


def test_the_card_of_a_district_that_is_partly_unknown_says_unknown(page):
    open_card(page, 23)
    said = card(page)
    assert "sin dato" in said
    assert "Sin clasificar" in said
    assert not any(bad in said for bad in ("undefined", "NaN", "null"))


def test_the_card_shows_all_indicators_when_asked(page, study):
    open_card(page)
    assert count(page, "#ge-card tbody tr") == 8
    click(page, ".show-all")
    assert count(page, "#ge-card tbody tr") == len(study.catalogue)


def test_an_indicator_in_the_card_is_shown_on_the_map(page, study):
    open_card(page)
    page.run("document.querySelector('#ge-card .gaps button').click()")
    gap = study.summary["districts"]["d00"]["gaps"][0]
    assert page.run("return document.getElementById('ge-layer').value") == gap


def test_the_keyboard_alone_finds_opens_and_closes_a_card(page, study):
    focus(page, "#ge-layer")
    for _ in range(20):
        page.tab()
        if page.run("return document.activeElement.dataset.place !== undefined"):
            break
    name = texts(page, ":focus .name")[0]
    assert name in set(study.districts["name"])
    page.press(Keys.ARROW_DOWN)
    second = texts(page, ":focus .name")[0]
    assert second != name
    page.press(Keys.ENTER)
    assert card(page).startswith(second)
    assert focused(page) == second  # the heading of the card
    page.press(Keys.ESCAPE)
    assert card(page) is None
    assert second in focused(page)  # back in the list


def test_search_ignores_accents_and_case_and_enter_opens(page):
    focus(page, "#ge-search")
    page.press("alamos")
    assert texts(page, "#ge-list .name") == ["Los Álamos"]
    page.press(Keys.ENTER)
    assert card(page).startswith("Los Álamos")


def test_a_search_without_match_says_so(page):
    focus(page, "#ge-search")
    page.press("zzz")
    assert seen(page, "#ge-none")


def test_the_list_runs_from_best_to_worst_and_unknown_last(page, study):
    show(page, "school_walk_min")
    names = texts(page, "#ge-list .name")
    minutes = study.indicators["school_walk_min"].set_axis(study.districts["name"])
    known = [minutes[name] for name in names if not math.isnan(minutes[name])]
    assert known == sorted(known)
    assert len(names) == len(study.districts)
    show(page, "index")
    assert texts(page, "#ge-list .value")[-1] == "sin dato"


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_language_switch_changes_every_word(page, language):
    open_card(page)
    click(page, f"#ge-languages [lang={language}]")
    assert page.run("return document.documentElement.lang") == language
    expected = {
        "es": "Qué muestra el mapa",
        "pt": "O que o mapa mostra",
        "en": "What the map shows",
    }
    said = words(page)
    assert [key for key, one in expected.items() if one in said] == [language]
    assert {"es": "Fortalezas", "pt": "Pontos fortes", "en": "Strengths"}[language] in card(page)
    assert page.requests() == []


def test_the_language_switch_keeps_what_the_reader_chose(page):
    show(page, "type")
    click(page, '[data-overlay="service:school"]')
    open_card(page, 4)
    click(page, "#ge-languages [lang=pt]")
    assert page.run("return document.getElementById('ge-layer').value") == "type"
    assert page.run("""return document.querySelector('[data-overlay="service:school"]').checked""")
    assert seen(page, "#ge-card")


def test_a_fictitious_city_says_so_and_a_real_one_does_not(page, open_page, town, tmp_path):
    assert "Ciudad ficticia" in words(page)
    real = open_page(save_map(town.make_study(fictitious=False), tmp_path / "real.html"))
    real.wait(READY)
    assert "ficticia" not in words(real)


def test_the_footer_thanks_openstreetmap_and_names_the_licence(page):
    said = texts(page, ".foot")[0]
    assert "© OpenStreetMap contributors" in said
    assert "ODbL" in said
    assert "Instituto de Estadística" in said


def test_only_web_addresses_become_links(page):
    click(page, "#ge-sources-open")
    links = page.run(
        "return [...document.querySelectorAll('#ge-sources a')].map((one) => one.href)"
    )
    assert links == ["https://www.openstreetmap.org/"]  # and not the script of the other source


def test_a_hostile_name_is_only_text(open_page, town, tmp_path):
    study = town.make_study()
    districts = study.districts.copy()
    districts.loc["d00", "name"] = HOSTILE
    services = study.services.assign(name=HOSTILE, category=HOSTILE)
    summary = copy.deepcopy(dict(study.summary))
    summary["city"] |= {"name": HOSTILE, "licence": HOSTILE}
    summary["findings"] = [{"id": "x", "text": dict.fromkeys(LANGUAGES, HOSTILE)}]
    summary["districts"]["d00"]["reasons"] = [HOSTILE]
    summary["city"]["question"] = dict.fromkeys(LANGUAGES, HOSTILE)
    catalogue = study.catalogue.copy()
    spoken = [f"{field}_{one}" for field in ("label", "description") for one in LANGUAGES]
    catalogue.loc[catalogue.index[0], spoken] = HOSTILE
    catalogue.loc[catalogue.index[0], "unit"] = HOSTILE
    sources = [{"name": HOSTILE, "provider": HOSTILE, "licence": HOSTILE, "citation": HOSTILE}]
    changed = dataclasses.replace(
        study,
        districts=districts,
        services=services,
        stops=study.stops.assign(name=HOSTILE),
        catalogue=catalogue,
        summary=summary,
        provenance={"sources": sources},
    )
    page = open_page(save_map(changed, tmp_path / "map.html"))
    page.wait(READY)
    show(page, catalogue.index[0])
    click(page, "#ge-services [data-overlay]")
    click_district(page, "d00")
    page.wait("document.getElementById('ge-card').checkVisibility()")
    unfold(page)
    assert count(page, "img") == 0
    assert page.run("return window.hacked === undefined")
    assert texts(page, "#ge-card h2") == [HOSTILE]
    assert texts(page, "#ge-name") == [HOSTILE]
    assert HOSTILE in texts(page, "#ge-findings li span")
    assert texts(page, "#ge-question") == [HOSTILE]
    assert texts(page, ".legend-title") == [HOSTILE]
    click(page, ".show-all")
    assert HOSTILE in texts(page, "#ge-card tbody th button")
    page.run("geoequity.page.story.turn(0); geoequity.page.putBeside(1)")
    assert texts(page, "#ge-story-said") == [HOSTILE]
    assert HOSTILE in texts(page, ".versus-table thead [dir=auto]")
    click(page, "#ge-sources-open")
    assert HOSTILE in texts(page, "#ge-sources .source strong")
    click(page, "#ge-sources-close")
    page.run("window.dispatchEvent(new Event('beforeprint'))")
    page.run("window.dispatchEvent(new Event('afterprint'))")
    assert count(page, "img") == 0
    assert page.run("return window.hacked === undefined")
    assert page.run(CLIPPED) == []
    assert page.errors() == []


def test_hovering_names_the_district_and_its_value(page, study):
    spot = page.run(SPOT, "d00")
    mouse(page, "mouseMoved", spot)
    mouse(page, "mouseMoved", [spot[0] - 4, spot[1] + 4])
    page.wait("document.querySelector('.ge-tip') !== null")
    value = number(study.districts.loc["d00", "index"], language="es", decimals=0)
    assert texts(page, ".ge-tip strong") == [study.districts.loc["d00", "name"]]
    assert texts(page, ".ge-tip span") == [f"Índice: {value}"]


def test_hovering_over_a_service_names_it(page, study):
    click(page, '[data-overlay="service:school"]')
    school = study.services[
        (study.services["category"] == "school") & study.services["name"].notna()
    ]
    place = school.geometry.to_crs("EPSG:4326").iloc[0]
    find = (
        "const { map } = geoequity.page; const box = map.getContainer().getBoundingClientRect();"
        "const point = map.latLngToContainerPoint([arguments[0], arguments[1]]);"
        "return [box.left + point.x, box.top + point.y]"
    )
    spot = page.run(find, place.y, place.x)
    mouse(page, "mouseMoved", [spot[0] + 30, spot[1]])
    mouse(page, "mouseMoved", spot)
    page.wait(
        f"document.querySelector('.ge-tip strong')?.textContent === {school['name'].iloc[0]!r}"
    )
    assert texts(page, ".ge-tip span") == ["Escuelas"]


def test_services_are_drawn_on_canvas_when_their_box_is_ticked(page):
    before = page.run(INKED)
    click(page, '[data-overlay="service:school"]')
    page.run(PAINTED)
    assert page.run(INKED) > before
    click(page, '[data-overlay="service:school"]')
    page.run(PAINTED)
    assert page.run(INKED) == before
    assert count(page, ".leaflet-marker-icon") == 0


def test_the_box_of_an_area_ticks_all_its_categories(page):
    click(page, "[data-area=health_safety]")
    ticked = page.run("return [...geoequity.page.state.overlays]")
    assert ticked[-2:] == ["service:hospital", "service:clinic"]
    assert count(page, "#ge-services [data-overlay]:checked") == 2
    click(page, '[data-overlay="service:clinic"]')
    assert page.run("return document.querySelector('[data-area=health_safety]').indeterminate")


def test_cable_and_metro_are_shown_from_the_start_and_buses_are_not(page):
    shown = page.run("return [...geoequity.page.state.overlays].sort()")
    assert shown == ["mode:cable", "mode:metro"]


def test_thousands_of_points_appear_at_once(open_page, town, tmp_path):
    page = open_page(save_map(town.make_study(services=20_000), tmp_path / "map.html"))
    page.wait(READY)
    assert page.run(SECONDS) < 2


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_page_writes_numbers_as_the_library_does(page, language):
    draw = random.Random(3)
    values = [0, 1, 12.5, 0.125, 2.5, 3.5, 0.05, 99.95, 1000, 1234567.5, -3.25, 0.0004, 1e-7, None]
    values += [draw.uniform(-2, 2) * 10 ** draw.randint(-3, 6) for _ in range(40)]
    values += [round(one, draw.randint(0, 4)) for one in values[-40:]]
    shares = [0, 1, 0.5, 0.105, 0.0951, 0.99, 0.995, 0.9999, 0.0001, 0.125, None]
    units = ["min", "share", "per 1000 persons", "Mbps", "km per km2", "furlongs"]
    numbers, percents, quantities, names = page.run(FORMATTED, language, values, shares, units)
    assert numbers == [number(one, language=language) for one in values]
    assert percents == [percent(one, language=language) for one in shares]
    assert quantities == [quantity(0.25, unit=unit, language=language) for unit in units]
    assert names == [unit_name(unit, language=language, base="households") for unit in units]


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_text_stands_out_from_its_background(page, language):
    click(page, f"#ge-languages [lang={language}]")
    open_card(page)
    unfold(page)
    assert page.run(CONTRAST) == []


def test_every_control_has_a_name(page):
    open_card(page)
    unfold(page)
    assert page.run(NAMELESS) == []


def test_focus_can_be_seen(page):
    focus(page, "#ge-search")
    page.press("a", Keys.TAB)
    assert page.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_motion_is_still_for_readers_who_ask_for_it(page, path):
    calm = {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", calm)
    page.driver.get(path.as_uri())
    page.wait(READY)
    moving = page.run("return geoequity.page.map.options.zoomAnimation")
    fading = page.run(
        "return getComputedStyle(document.querySelector('.ge-district')).transitionDuration"
    )
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert (moving, fading) == (False, "0s")


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_phone_shows_select_legend_map_and_footer_without_scrolling(phone, language):
    click(phone, f"#ge-languages [lang={language}]")
    for selector in ("#ge-layer", "#ge-legend li", ".stage", "#ge-more-toggle", ".foot"):
        found = box(phone, selector)
        assert 0 <= found["top"] < found["bottom"] <= PHONE[1]
    assert box(phone, ".stage")["height"] > 0.55 * PHONE[1]
    assert phone.run("return document.documentElement.scrollWidth") <= PHONE[0]
    assert phone.run(CLIPPED) == []


@pytest.mark.parametrize("end", ["minx", "miny", "maxx", "maxy"])
def test_on_a_phone_the_card_is_a_sheet_below_its_district(open_page, town, tmp_path, end):
    study = town.make_study()
    flat = study.districts.set_geometry(
        study.districts.affine_transform([1.0, 0.0, 0.0, 0.3, 0, 0])
    )
    path = save_map(dataclasses.replace(study, districts=flat), tmp_path / "map.html")
    phone = open_page(path, size=PHONE, phone=True)
    phone.wait(READY)
    place = int((flat.bounds[end] * (1 if "min" in end else -1)).argmin())
    open_card(phone, place)
    phone.run("return new Promise((done) => setTimeout(done, 500))")
    sheet, stage = box(phone, "#ge-card"), box(phone, ".stage")
    district = box(phone, f"[data-district={flat.index[place]}]")
    assert (sheet["width"], sheet["bottom"]) == PHONE
    assert stage["top"] <= district["top"] < district["bottom"] <= sheet["top"]
    assert phone.run(CLIPPED) == []


def test_on_a_phone_a_tap_opens_the_card_and_the_cross_closes_it(phone):
    phone.driver.find_element(By.CSS_SELECTOR, "[data-district=d13]").click()
    phone.wait("document.getElementById('ge-card').checkVisibility()")
    phone.driver.find_element(By.CSS_SELECTOR, "#ge-card .close").click()
    assert card(phone) is None


def test_on_a_phone_districts_and_layers_open_over_the_map(phone, study):
    phone.driver.find_element(By.ID, "ge-more-toggle").click()
    assert seen(phone, "#ge-list")
    assert count(phone, "#ge-list button") == len(study.districts)
    phone.driver.find_element(By.CSS_SELECTOR, "#ge-list button").click()
    assert card(phone) is not None
    assert not seen(phone, "#ge-list")


def test_a_map_from_the_library_works_without_the_seal_too(open_page, study, tmp_path):
    draw_map(study, language="en").save(tmp_path / "map.html")
    page = open_page(tmp_path / "map.html")
    page.wait(READY)
    assert "What the map shows" in words(page)
    assert page.requests() == []
    assert page.errors() == []


@pytest.fixture(scope="module")
def sampled(study, tmp_path_factory):
    """The town with intervals of one speed, five Mbps either side, withheld in one district."""
    ids = study.districts.index
    indicators = study.indicators.copy()
    indicators.loc["d02", "fixed_down_mbps"] = math.nan
    indicators.loc["d00", "fixed_down_mbps"] = 50.0
    speed = indicators["fixed_down_mbps"]
    rows = {"unit_id": ids, "indicator": "fixed_down_mbps", "low": speed - 5, "high": speed + 5}
    broadband = pd.DataFrame({"fixed_down_mbps_suppressed": ids == "d02"}, index=ids)
    changed = dataclasses.replace(
        study, indicators=indicators, intervals=pd.DataFrame(rows), broadband=broadband
    )
    path = tmp_path_factory.mktemp("sampled") / "map.html"
    save_map(changed, path)
    return path


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_card_puts_the_sampling_interval_beside_the_value(open_page, sampled, study, size):
    page = open_page(sampled, size=size)
    page.wait(READY)
    label = study.catalogue.loc["fixed_down_mbps", "label_es"]
    row = (
        "return [...document.querySelectorAll('#ge-card tbody tr')]"
        ".find((one) => one.textContent.includes(arguments[0])).innerText"
    )
    open_card(page)
    click(page, ".show-all")
    assert "entre 45 y 55" in " ".join(page.run(row, label).split())
    assert "es el error de medición" in card(page)
    assert page.run(CLIPPED) == []
    open_card(page, 2)
    click(page, ".show-all")
    assert "suprimido" in page.run(row, label)
    assert "sin dato" not in page.run(row, label)
    beside = study.catalogue.loc["unmet_needs_share", "label_es"]
    assert "se lee junto al índice" in page.run(row, beside)
    assert page.errors() == []


def test_the_tooltip_says_between_what_a_measured_value_lies(open_page, sampled):
    page = open_page(sampled)
    page.wait(READY)
    page.run("geoequity.page.showLayer('fixed_down_mbps')")
    spot = page.run(SPOT, "d00")
    mouse(page, "mouseMoved", spot)
    mouse(page, "mouseMoved", [spot[0] - 4, spot[1] + 4])
    page.wait("document.querySelector('.ge-tip small') !== null")
    assert texts(page, ".ge-tip small") == ["entre 45 y 55"]


def test_the_select_lists_what_is_read_beside_the_index_as_such(page, study):
    found = page.run(
        "return [...document.querySelectorAll('#ge-layer optgroup')]"
        ".filter((one) => one.label.startsWith('Se lee junto al índice'))"
        ".map((one) => [...one.children].map((option) => option.value))"
    )
    beside = study.catalogue.index[study.catalogue["role"] != "indicator"]
    assert found == [list(beside)]
    page.run("geoequity.page.showLayer('ndvi')")
    assert texts(page, "#ge-about")[0].endswith("nunca forma parte de él.")


def test_a_withheld_value_is_named_in_the_legend(open_page, sampled, study):
    page = open_page(sampled)
    page.wait(READY)
    page.run("geoequity.page.showLayer('fixed_down_mbps')")
    name = study.districts.loc["d02", "name"]
    said = texts(page, "#ge-legend .note")
    assert f"Suprimido por tener demasiado pocas pruebas: {name}." in said


def test_hostile_ids_of_districts_open_by_click_and_by_link(open_page, town, tmp_path):
    study = town.make_study()
    renamed = {"d00": "\"'><script>window.hacked=1</script>\u202e🙂&#", "d01": "__proto__"}
    tables = {
        name: getattr(study, name).rename(index=renamed)
        for name in ("districts", "indicators", "scores", "confidence", "types")
    }
    summary = copy.deepcopy(dict(study.summary))
    summary["districts"] = {
        renamed.get(one, one): told for one, told in summary["districts"].items()
    }
    path = save_map(dataclasses.replace(study, summary=summary, **tables), tmp_path / "map.html")
    page = open_page(path)
    page.wait(READY)
    for place in (0, 1):
        open_card(page, place)
        page.wait("location.hash.includes('district=')")
        fragment = page.run("return location.hash")
        page.run("geoequity.page.closeCard()")
        page.wait("!location.hash.includes('district=')")
        page.run("location.hash = arguments[0]", fragment)
        page.wait(f"geoequity.page.state.open === {place}")
        page.run("geoequity.page.closeCard()")
        page.wait("!location.hash.includes('district=')")
    assert page.run("return window.hacked === undefined")
    assert page.errors() == []
