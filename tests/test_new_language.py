"""A language that is nothing but new files: Czech, made by machine for the length of a test."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

import geoequity as ge
from geoequity.study import Study

PACKAGE = Path(ge.__file__).parent
FORMS = ("jeden", "několik", "mnoho")  # one, two to four, the rest
UNSAID, FUZZY = "type.neglected", "type.integrated"


def translated(source: Path) -> Catalog:
    """Say all messages of an English file in what passes for Czech, but for one or two."""
    with source.open("rb") as file:
        english = read_po(file)
    czech = Catalog(locale="cs")
    for message in english:
        if isinstance(message.id, tuple):
            other = message.string[-1]
            czech.add(message.id, [f"{form} {other}" for form in FORMS])
        elif message.id and message.id != UNSAID:
            flags = ["fuzzy"] if message.id == FUZZY else []
            czech.add(message.id, f"cs {message.string}", flags=flags)
    return czech


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the package and lay the files of the language beside the others."""
    folder = tmp_path_factory.mktemp("site")
    package = shutil.copytree(
        PACKAGE, folder / "geoequity", ignore=shutil.ignore_patterns("__pycache__")
    )
    (package / "locale" / "cs").mkdir()
    for part in (PACKAGE / "locale" / "en").glob("*.po"):
        with (package / "locale" / "cs" / part.name).open("wb") as file:
            write_po(file, translated(part), width=0)
    return folder


def run(site: Path, *words: str) -> str:
    """Run Python with the copy in the place of the package; give what it printed."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=site,
        env={**os.environ, "PYTHONPATH": str(site)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_new_language_is_new_files_and_no_code(site: Path) -> None:
    code = """
import json
from geoequity import locale as to
from geoequity.city import CityBlock
say = lambda key, **values: to.text(key, language="cs", **values)
print(json.dumps({
    "languages": to.LANGUAGES,
    "counts": [say("report.facts.districts", count=count) for count in (1, 3, 7, 2.5, None)],
    "unsaid": [say("type.neglected"), say("type.integrated")],
    "number": to.number(-12345.678, language="cs", decimals=1),
    "percent": to.percent(0.362, language="cs"),
    "date": to.date("2025-11-03", language="cs"),
    "list": to.listing(["a", "b", "c"], language="cs"),
    "city": CityBlock(id="x", name="X", country="CZ", languages=["cs"]).languages,
}))
"""
    said = json.loads(run(site, "-c", code))
    assert said["languages"] == ["cs", "en", "es", "pt"]
    assert said["counts"] == [
        "jeden 1 districts",
        "několik 3 districts",
        "mnoho 7 districts",
        "mnoho 2,5 districts",
        "mnoho cs unknown districts",
    ]
    assert said["unsaid"] == ["neglected", "integrated"]  # English stands in, and for fuzzy ones
    assert said["number"] == "\N{MINUS SIGN}12\N{NO-BREAK SPACE}345,7"
    assert said["percent"] == "36\N{NO-BREAK SPACE}%"
    assert said["date"] == "3. listopadu 2025"
    assert said["list"] == "a, b a\N{NO-BREAK SPACE}c"
    assert said["city"] == ["cs"]


def test_map_and_report_are_drawn_in_a_new_language(
    site: Path, demo_study: Study, tmp_path: Path
) -> None:
    folder = ge.outputs.save(demo_study, tmp_path / "out")
    code = f"""
from geoequity.cli import main
assert main(["report", {str(folder)!r}, "--language", "cs", "--quiet"]) == 0
assert main(["map", {str(folder)!r}, "--language", "cs", "--quiet"]) == 0
"""
    run(site, "-c", code)
    report = (folder / "report.cs.html").read_text(encoding="utf-8")
    assert '<html lang="cs"' in report
    assert "cs For whom is this city smart?" in report
    assert not re.search(r">\s*(?:report|finding|reason)\.[a-z_.]+\s*<", report)
    assert '"cs":' in (folder / "map.html").read_text(encoding="utf-8")
