"""
How large and how slow a map may be; `scripts/benchmarks/map.py` prints what it is.

Steps are measured in time of the processor, which other programs do not stretch;
a page is opened until it is drawn in time, some times at most.
"""

from pathlib import Path

import pytest

from geoequity.cli import main
from geoequity.maps import save_map

pytestmark = pytest.mark.browser

CITY = Path(__file__).parents[3] / "shared" / "cities" / "buenos_aires"
DRAWN = "return performance.getEntriesByName('ge-drawn')[0].startTime"
STEPS = """
const [times, done] = arguments;
const weights = ["technologies", "mobility", "structures", "activities"];
function step(left) {
  if (!left) return done();
  const slider = document.querySelector(`[data-weight=${weights[left % 4]}]`);
  slider.value = Number(slider.value) > 2 ? 0.5 : Number(slider.value) + 0.5;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  return requestAnimationFrame(() => setTimeout(() => step(left - 1)));
}
step(times);
"""


@pytest.fixture(scope="module")
def many(town, tmp_path_factory):
    """More districts than are drawn as vectors, and their map."""
    study = town.make_study(count=700, indicators=12)
    return study, save_map(study, tmp_path_factory.mktemp("many") / "map.html")


def opened(open_page, path, *, within_s):
    """Open a map until it is drawn in time, some times at most: other programs make it slower."""
    best = float("inf")
    for _ in range(6):
        page = open_page(path, size=(1440, 900))
        page.wait("performance.getEntriesByName('ge-drawn').length", seconds=60)
        best = min(best, page.run(DRAWN) / 1000)
        if best <= within_s:
            break
    return page, best


def step_ms(page, *, times=12):
    """Tell what the page works for a step of a slider, painted, with a card open [ms]."""

    def worked_s():
        told = page.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return next(one["value"] for one in told if one["name"] == "ThreadTime")

    page.run("geoequity.page.openCard(0, null)")
    page.driver.execute_cdp_cmd("Performance.enable", {})
    page.driver.execute_async_script(STEPS, 4)  # as warm as after the first push of a slider
    before = worked_s()
    page.driver.execute_async_script(STEPS, times)
    return 1000 * (worked_s() - before) / times


def test_forty_eight_districts_are_small_ready_soon_and_follow_the_sliders(
    open_page, town, tmp_path
):
    path = save_map(town.make_study(count=48), tmp_path / "map.html")
    assert path.stat().st_size <= 1_500_000
    page, seconds = opened(open_page, path, within_s=1.5)
    assert seconds <= 1.5
    assert step_ms(page) <= 100


@pytest.mark.parametrize("count", [1000, pytest.param(5000, marks=pytest.mark.slow)])
def test_many_units_are_small_ready_soon_and_follow_the_sliders(open_page, town, tmp_path, count):
    study = town.make_study(count=count, indicators=50)
    assert study.indicators.shape[1] == 50
    path = save_map(study, tmp_path / "map.html")
    assert path.stat().st_size <= 8_000_000 * max(count / 5000, 0.25)
    page, seconds = opened(open_page, path, within_s=3)
    assert seconds <= 3
    assert step_ms(page) <= 100
    assert page.run("return geoequity.page.paths[0].getElement() === undefined")  # on canvas
    assert page.errors() == []


def test_many_districts_are_listed_as_they_are_read(open_page, many):
    study, path = many
    page = open_page(path)
    page.wait("document.body.classList.contains('ready')")
    rows = "return document.querySelectorAll('#ge-list button').length"
    assert page.run(rows) == 100
    before = page.run("return document.querySelector('#ge-list li:last-child').innerText")
    page.run("document.getElementById('ge-more-districts').click()")
    assert page.run(rows) == 200
    focused = page.run("return document.activeElement.parentElement.previousSibling.innerText")
    assert focused == before  # the reader goes on where the list ended
    page.run("document.querySelector('#ge-list li:last-child button').focus()")
    page.press("\ue015")  # arrow down
    assert page.run(rows) == 300
    assert page.run(
        "return document.activeElement === document.querySelectorAll('#ge-list button')[200]"
    )
    name = study.districts["name"].iloc[-1]
    page.run(
        "const search = document.getElementById('ge-search'); search.value = arguments[0];"
        "search.dispatchEvent(new Event('input'))",
        name,
    )
    assert page.run("return document.querySelector('#ge-list .name').textContent") == name


def test_on_a_canvas_a_click_opens_the_district_beneath_it(open_page, many):
    study, path = many
    page = open_page(path)
    page.wait("document.body.classList.contains('ready')")
    spot = page.run(
        "const { map, paths } = geoequity.page; const box = map.getContainer()"
        ".getBoundingClientRect(); const at = geoequity.read().districts[3].label;"
        "const point = map.latLngToContainerPoint(at.slice(0, 2));"
        "return [box.left + point.x, box.top + point.y]"
    )
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        event = {"type": kind, "x": spot[0], "y": spot[1], "button": "left", "clickCount": 1}
        page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)
    page.wait("geoequity.page.state.open === 3")
    colour = page.run("return geoequity.page.paths[3].options.fillColor")
    layer = page.run("return geoequity.read().layers[0]")
    value = study.districts["index"].iloc[3]
    assert colour == layer["colours"][sum(value >= edge for edge in layer["breaks"][1:-1])]
    assert page.errors() == []


@pytest.mark.slow
@pytest.mark.skipif(not CITY.is_dir(), reason="the open data of Buenos Aires are absent")
def test_buenos_aires_with_cells_stops_and_streets_is_small_and_ready_soon(open_page, tmp_path):
    out = tmp_path / "out"
    assert main(["run", "buenos_aires", "--data", str(CITY), "--out", str(out), "--quiet"]) == 0
    assert (out / "map.html").stat().st_size <= 8_000_000
    page, seconds = opened(open_page, out / "map.html", within_s=3)
    assert seconds <= 3
    data = page.run(
        "const { cells, background, stops } = geoequity.read();"
        "return [cells.shapes.length, background.map((one) => one.kind), stops.length]"
    )
    assert data[0] == 3554
    assert "street" in data[1]
    assert data[2] > 0
    assert step_ms(page) <= 100
    assert page.errors() == page.requests() == []
