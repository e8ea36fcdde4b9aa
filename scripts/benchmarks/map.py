"""
Measure the interactive map in a headless browser: bytes, seconds until drawn, steps of a slider.

``python scripts/benchmarks/map.py [DIR ...]`` measures a made-up town of 48
districts, one of 5,000 units with 50 indicators, and each folder of a study
that is named. Each page is opened five times: the least and the median seconds until
it is drawn. A step is from the event of the slider, with a card open, until the
page is laid out and painted: the least and the median of 20 steps, and the time
of the processor that the page's thread takes for one. Needs the system's
Chromium and the development dependencies.
"""

import statistics
import sys
import tempfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from geoequity.maps import save_map
from geoequity.outputs import load

TESTS = Path(__file__).parents[2] / "tests"
DRAWN_S = "return performance.getEntriesByName('ge-drawn')[0].startTime / 1000"
STEPS = """
const [weights, times, done] = arguments;
const spent = [];
const painted = (next) => requestAnimationFrame(() => setTimeout(next));
function step(left) {
  if (!left) return done(spent);
  const slider = document.querySelector(`[data-weight="${weights[left % weights.length]}"]`);
  const start = performance.now();
  slider.value = Number(slider.value) > 2 ? 0.5 : Number(slider.value) + 0.5;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  document.body.getBoundingClientRect(); // laid out, not only written
  return painted(() => {
    spent.push(performance.now() - start);
    step(left - 1);
  });
}
step(times);
"""


def loaded(name: str, path: Path) -> ModuleType:
    """Load a helper of the tests."""
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def processor_s(driver: Any) -> float:
    """Read the time of the processor that the page's thread has taken [s]."""
    driver.execute_cdp_cmd("Performance.enable", {})
    told = driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return next(one["value"] for one in told if one["name"] == "ThreadTime")


def main(folders: list[str]) -> None:
    """Measure each map and print a line of the table of docs/benchmarks.md."""
    town = loaded("town", TESTS / "maps" / "town.py")
    tools = loaded("browser_tools", TESTS / "browser" / "conftest.py")
    studies = {
        "made-up town, 48 districts, no cells": lambda: town.make_study(count=48),
        "made-up town, 5,000 units with 50 indicators": lambda: town.make_study(
            count=5000, indicators=50
        ),
        **{Path(one).name: (lambda one=one: load(one)) for one in folders},
    }
    print("| map | size | drawn after | step of a slider | time of the processor |")
    print("|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as place, tools.chromium(Path(place)) as driver:
        for name, made in studies.items():
            path = save_map(made(), Path(place) / "map.html")
            drawn = []
            for _ in range(5):
                page = tools.opener(driver)(path, size=(1440, 900))
                page.wait("performance.getEntriesByName('ge-drawn').length", seconds=60)
                drawn.append(page.run(DRAWN_S))
            page.run("geoequity.page.openCard(0, null)")
            weights = page.run(
                "return [...(geoequity.page.weights?.handles.keys() || [])]"
                ".filter((one, at, all) => at % Math.ceil(all.length / 5) === 0)"
            )
            if weights:
                driver.execute_async_script(STEPS, weights, 4)  # to be warm
            before = processor_s(driver)
            spent = driver.execute_async_script(STEPS, weights, 20) if weights else [0]
            worked = 1000 * (processor_s(driver) - before) / len(spent)
            size = path.stat().st_size / 1e6
            print(
                f"| {name} | {size:.2f} MB | {min(drawn):.2f} / {statistics.median(drawn):.2f} s"
                f" | {min(spent):.0f} / {statistics.median(spent):.0f} ms | {worked:.0f} ms |"
            )


if __name__ == "__main__":
    main(sys.argv[1:])
