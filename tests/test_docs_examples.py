"""Every example of the pages of methods runs and gives what it says; every measure has a page."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "docs" / "method").glob("*.md"))
MEASURES = [page for page in PAGES if page.stem != "index"]
PARTS = ("Question", "Formula", "What a critic would attack", "Limits", "Source", "Worked example")
OF_PAGES = (  # modules whose every measure is told on some page
    "inequality",
    "measures.accessibility",
    "siting",
    "patterns",
    "segregation",
    "composite",
    "smallsample",
    "decomposition",
)


@pytest.mark.parametrize("page", MEASURES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_run(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for part in PARTS:
        assert f"**{part}.**" in text
    blocks = re.findall(r"```python\n(>>>.*?)```", text, flags=re.DOTALL)
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page.stem, str(page), 0)
    assert examples.examples
    said: list[str] = []
    doctest.DocTestRunner(verbose=False).run(examples, out=said.append)
    assert not said, "".join(said)


def test_every_measure_is_told_on_a_page() -> None:
    told = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    absent = [
        f"{name}.{one}"
        for name in OF_PAGES
        for one, value in vars(importlib.import_module(f"geoequity.{name}")).items()
        if inspect.isfunction(value) and value.__module__.startswith(f"geoequity.{name}")
        if not one.startswith("_") and not re.search(rf"\b{one}\b", told)
    ]
    assert absent == []
