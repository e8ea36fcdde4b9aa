"""The guide to a city of one's own: every command in it runs, and what it shows is what is said."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from geoequity.cli import main

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "guides" / "your_own_city.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", GUIDE, flags=re.DOTALL)
    for line in block.splitlines()
]
FILES = {
    "districts.geojson": "districts.geojson",
    "map.osm.pbf": "valle_claro.osm.pbf",
    "people.tif": "poblacion_100m.tif",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the guide speaks of."""
    for name, source in FILES.items():
        shutil.copy(ROOT / "data" / "demo" / source, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "geoequity"
    assert main(words) == 0


def test_the_guide_begins_and_checks_a_city(folder: Path, capsys: pytest.CaptureFixture) -> None:
    assert [line.split()[1] for line in COMMANDS] == ["init", "check", "run", "demo", "compare"]
    run(COMMANDS[0])
    (shown,) = re.findall(r"```text\n(.*?)```", GUIDE, flags=re.DOTALL)
    assert capsys.readouterr().out == shown
    run(COMMANDS[1])
    assert "my_city.toml: in order" in capsys.readouterr().out
    assert (folder / "my_city.toml").is_file()


@pytest.mark.slow
def test_every_command_of_the_guide_runs(folder: Path, capsys: pytest.CaptureFixture) -> None:
    for line in COMMANDS:
        run(line)
    for name in ("my_city/map.html", "my_city/report.es.html", "compare/compare.en.html"):
        assert (folder / "out" / name).is_file()
    assert "can be compared on" in capsys.readouterr().out
