"""The report opened from disk in a real browser that is let out to nowhere."""

import base64
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from geoequity.locale import LANGUAGES
from geoequity.report import write_report

pytestmark = pytest.mark.browser

DESKTOP, PHONE = (1440, 900), (390, 844)
HOSTILE = (
    "</script><script>window.hacked=1</script>",
    '"><img src=x onerror=window.hacked=1>',
    "{{ 7*7 }}\u202e🙂&'",
    "a" * 300,
    "Larguísimo " * 27,
    "O'Higgins",
)
POOR_CONTRAST = """
const channel = (part) =>
  part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4;
const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = (colour) => {
  const [r, g, b] = parts(colour);
  return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
};
const ground = (of) => {
  const colour = getComputedStyle(of).backgroundColor;
  return (parts(colour)[3] ?? 1) > 0.5 || !of.parentElement ? colour : ground(of.parentElement);
};
return [...document.querySelectorAll("body *")]
  .filter((one) => !one.closest("svg, .skip"))
  .filter((one) => [...one.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
  .map((one) => {
    const [low, high] = [light(getComputedStyle(one).color), light(ground(one))].sort();
    return [one.textContent.slice(0, 40), (high + 0.05) / (low + 0.05)];
  })
  .filter(([, ratio]) => ratio < 4.5);
"""
TOO_WIDE = """
return [...document.querySelectorAll("body *")]
  .filter((one) => !one.closest("table, .skip, .wide-picture > svg") && one.checkVisibility())
  .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((one) => one.outerHTML.slice(0, 100));
"""
CUT_TEXTS = """
return [...document.querySelectorAll("figure svg text")].filter((text) => {
  const [own, frame] = [text, text.ownerSVGElement].map((one) => one.getBoundingClientRect());
  if (!own.width) return false;
  return own.left < frame.left - 1 || own.right > frame.right + 1 ||
    own.top < frame.top - 1 || own.bottom > frame.bottom + 1;
}).map((text) => text.textContent);
"""
SEEN_SHAPES = """
return [...document.querySelectorAll("figure.map > svg")].map((map) =>
  [...map.querySelectorAll("use.outline")].filter((one) => one.getBoundingClientRect().width > 2)
    .length);
"""


def check_layout(page, *, width):
    """Fail if a page asks for something, complains, or is cut or wider than its window."""
    assert page.requests() == []
    assert page.errors() == []
    assert page.run(TOO_WIDE) == []
    assert page.run(CUT_TEXTS) == []
    assert page.run("return document.documentElement.scrollWidth") <= width


@pytest.fixture(scope="session")
def made_up():
    """Load the made-up city of the report's tests."""
    path = Path(__file__).parents[1] / "report" / "made_up.py"
    spec = spec_from_file_location("report_made_up", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def report(made_up, tmp_path_factory):
    """Write the report of a city in a language, each once."""
    folder = tmp_path_factory.mktemp("report")
    written = {}

    def make(language="es", **city):
        key = f"{language}{sorted(city.items())}"
        if key not in written:
            path = folder / f"{len(written)}.html"
            written[key] = write_report(made_up.make_study(**city), path, language=language)
        return written[key]

    return make


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_report_opens_with_no_network_and_no_complaint(open_page, report, language, size):
    page = open_page(report(language), size=size, phone=size == PHONE)
    check_layout(page, width=size[0])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_what_stands_beside_the_index_is_neither_cut_nor_too_wide(
    open_page, report, language, size
):
    page = open_page(report(language, readings=True), size=size, phone=size == PHONE)
    assert page.run("return document.querySelectorAll('figure.dots svg').length") == 3
    check_layout(page, width=size[0])


def test_words_beside_the_index_stand_out_from_their_ground(open_page, report):
    assert open_page(report(readings=True)).run(POOR_CONTRAST) == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_hostile_names_do_nothing_beside_the_index_either(open_page, report, size):
    path = report(names=HOSTILE, readings=True)
    page = open_page(path, size=size, phone=size == PHONE)
    assert page.run("return window.hacked === undefined")
    assert page.run(TOO_WIDE) == []
    assert page.run(CUT_TEXTS) == []


def test_every_district_is_drawn_on_every_map(open_page, report, made_up):
    page = open_page(report())
    assert page.run(SEEN_SHAPES) == [len(made_up.NAMES)] * 4


@pytest.mark.parametrize(
    "city", [{"people": False}, {"material": False}, {"technologies": False}, {"names": ("Uno",)}]
)
def test_poor_cities_open_as_well(open_page, report, city):
    page = open_page(report(**city))
    assert page.errors() == []
    assert page.run(TOO_WIDE) == []
    assert all(seen == len(city.get("names", range(12))) for seen in page.run(SEEN_SHAPES))


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_hostile_names_run_nothing_and_push_nothing_off_the_page(open_page, report, size):
    page = open_page(report(names=HOSTILE), size=size, phone=size == PHONE)
    assert page.run("return window.hacked === undefined")
    assert page.requests() == []
    assert page.errors() == []
    assert page.run(TOO_WIDE) == []
    assert page.run(CUT_TEXTS) == []


def test_text_stands_out_from_its_ground(open_page, report):
    assert open_page(report()).run(POOR_CONTRAST) == []


def test_the_keyboard_reaches_the_content_and_the_tables(open_page, report):
    page = open_page(report(), size=PHONE)
    page.tab()
    page.press(Keys.ENTER)
    assert page.run("return location.hash") == "#main"
    scrolled = page.run(
        """
        const box = document.querySelector("#districts .scroll");
        box.focus();
        return document.activeElement === box && box.scrollWidth > box.clientWidth;
        """
    )
    assert scrolled


def test_on_a_phone_tables_scroll_inside_their_box_and_the_page_does_not(open_page, report):
    page = open_page(report(), size=PHONE, phone=True)
    width = page.run("return document.documentElement.scrollWidth")
    assert width == PHONE[0]


def test_on_paper_every_page_is_numbered_and_says_that_the_city_is_fictitious(open_page, report):
    page = open_page(report())
    options = {"preferCSSPageSize": True, "printBackground": True}
    data = base64.b64decode(page.driver.execute_cdp_cmd("Page.printToPDF", options)["data"])
    boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", data)
    shapes = {tuple(round(float(side) / 72 * 25.4) for side in box) for box in boxes}
    assert shapes <= {(210, 297), (297, 210)}  # A4 upright and lying
    assert len(shapes) == 2


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_keeps_readers_out_of_the_report(open_page, report, axe, language, size):
    page = open_page(report(language, readings=True), size=size, phone=size == PHONE)
    assert axe(page) == []


@pytest.mark.parametrize("city", [{"people": False}, {"material": False}, {"names": HOSTILE}])
def test_nothing_keeps_readers_out_of_the_report_of_a_poor_city(open_page, report, axe, city):
    assert axe(open_page(report(**city), size=DESKTOP)) == []
