"""
Measure the interactive map in a headless browser: bytes, seconds until drawn, steps of a slider.

``python scripts/benchmarks/map.py [DIR ...]`` measures a made-up town of 48
districts, one of 5,000 units with 50 indicators, and each folder of a study
that is named. Each page is opened thrice and the middle one counts. A step is from
the event of the slider, with a card open, until the page is laid out, and then
painted: the least and the median of 20 steps. Needs the system's Chromium and
the development dependencies.
"""

import statistics
import sys
import tempfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from geoequity.maps import save_map
from geoequity.outputs import load

TESTS = Path(__file__).parents[2] / "tests"
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
  const worked = performance.now() - start;
  return painted(() => {
    spent.push([worked, performance.now() - start]);
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
    print("| map | size | drawn after | slider step: laid out | until painted |")
    print("|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as place, tools.chromium(Path(place)) as driver:
        for name, made in studies.items():
            path = save_map(made(), Path(place) / "map.html")
            drawn = []
            for _ in range(3):
                page = tools.opener(driver)(path, size=(1440, 900))
                page.wait("performance.getEntriesByName('ge-drawn').length", seconds=60)
                drawn.append(
                    page.run("return performance.getEntriesByName('ge-drawn')[0].startTime")
                )
            page.run("geoequity.page.openCard(0, null)")
            weights = page.run(
                "return [...(geoequity.page.weights?.handles.keys() || [])]"
                ".filter((one, at, all) => at % Math.ceil(all.length / 5) === 0)"
            )
            spent = driver.execute_async_script(STEPS, weights, 20) if weights else [[0, 0]]
            worked, painted = (
                f"{min(one):.0f} / {statistics.median(one):.0f} ms"
                for one in zip(*spent, strict=True)
            )
            size = path.stat().st_size / 1e6
            seconds = statistics.median(drawn) / 1000
            print(f"| {name} | {size:.2f} MB | {seconds:.2f} s | {worked} | {painted} |")


if __name__ == "__main__":
    main(sys.argv[1:])
