"""What a user installs: a wheel with the presets and the demo city inside."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it as an installer would, away from the source tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the wheel before everything else on its path."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, *words]
    return subprocess.run(
        command, cwd=site.parent, env=environment, check=False, capture_output=True, text=True
    )


def test_presets_come_with_the_wheel(site: Path) -> None:
    code = (
        "import geoequity, geoequity.city as c;"
        "print(geoequity.__file__);"
        "print(*c.presets());"
        "print(geoequity.City.preset('demo').districts.path)"
    )
    done = run(site, "-c", code)
    assert done.returncode == 0, done.stderr
    where, names, path = done.stdout.splitlines()
    assert where.startswith(str(site))
    assert names.split()[0] == "demo"
    assert path.startswith(str(site / "geoequity" / "_data"))


@pytest.mark.usefixtures("_demo_kept")
def test_the_demo_runs_from_the_wheel(site: Path) -> None:
    out = site.parent / "out"
    done = run(
        site, "-m", "geoequity.cli", "demo", "--out", str(out), "--language", "es", "--no-pdf"
    )
    assert done.returncode == 0, done.stderr
    assert (out / "map.html").is_file()
    assert (out / "report.es.html").is_file()


def test_the_wheel_speaks_all_languages_in_all_their_parts(site: Path) -> None:
    shipped, kept = (
        {one.relative_to(root).as_posix() for one in root.glob("*/*.po")}
        for root in (site / "geoequity" / "locale", ROOT / "geoequity" / "locale")
    )
    assert shipped == kept
    assert {Path(one).parent.name for one in shipped} == {"en", "es", "pt"}


def test_the_wheel_is_typed_and_licensed(site: Path) -> None:
    assert (site / "geoequity" / "py.typed").is_file()
    assert list(site.glob("*.dist-info/licenses/LICENSE"))
