"""The documentation builds with every warning an error, links resolve, and nothing is fetched."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import geoequity as ge
from geoequity import measures

ROOT = Path(__file__).resolve().parent.parent
FETCHED = re.compile(
    r"""<(?:script|img|iframe|link\b[^>]*rel="stylesheet")[^>]*(?:src|href)="(?:https?:)?//"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the pages, the notebooks unrun (tests/test_notebooks.py runs them)."""
    folder = tmp_path_factory.mktemp("site")
    strict = ["--quiet", "--fail-on-warning", "--keep-going", "--nitpicky"]
    unrun = ["-D", "nb_execution_mode=off", "-d", str(folder / "doctrees")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *strict, *unrun, str(ROOT / "docs"), str(folder / "html")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_no_page_fetches_anything(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 90
    for page in pages:
        assert not FETCHED.search(page.read_text(encoding="utf-8")), page


def test_formulas_are_drawn_without_a_script(site: Path) -> None:
    page = (site / "method" / "gini.html").read_text(encoding="utf-8")
    assert "<math" in page
    assert "MathJax" not in page


def test_every_public_module_is_in_the_reference(site: Path) -> None:
    told = {
        name
        for page in (site / "reference").glob("*.html")
        for name in re.findall(r'id="((?:module-)?geoequity[\w.]*)"', page.read_text("utf-8"))
    }
    for name in set(ge.__all__) - {"__version__", "City", "Study", "assess"}:
        assert f"module-geoequity.{name}" in told
    for name in measures.__all__:
        assert f"module-geoequity.measures.{name}" in told
    assert {"geoequity.assess", "geoequity.City", "geoequity.Study"} <= told


def test_pages_name_options_and_modules_that_are_there() -> None:
    offered = {
        option
        for path in (ROOT / "geoequity" / "cli").glob("*.py")
        for option in re.findall(r"--[a-z][\w-]*", path.read_text(encoding="utf-8"))
    }
    offered |= {"--help", *(f"--{one}-column" for one in ("id", "name", "key", "population"))}
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    assert len(pages) > 80
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for line in re.findall(r"\bgeoequity [a-z]+ [^\n`]*", text):
            asked = set(re.findall(r"(?<!\S)--[a-z][\w-]*", line))
            assert asked <= offered, (page.name, asked - offered)
        for path in re.findall(r"\bgeoequity/[\w/]+\.(?:py|toml|po|j2|json)\b", text):
            assert (ROOT / path).exists(), (page.name, path)


def test_the_readme_names_files_that_are_there() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert target.startswith("https://") or (ROOT / target).exists(), target
    picture = ROOT / "docs" / "images" / "valle_claro.png"
    assert picture.stat().st_size < 300_000
