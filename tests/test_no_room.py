"""What happens where memory, disk or the right to write runs out: a clear word, nothing lost."""

import hashlib
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_city import write_city

from geoequity.cli import main

KB, MB = 2**10, 2**20


def prints(folder: Path) -> dict[str, str]:
    """Fingerprint all files of a folder."""
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    return {
        str(one.relative_to(folder)): hashlib.sha256(one.read_bytes()).hexdigest() for one in files
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Give a city and the folder of an earlier run of it."""
    folder = tmp_path_factory.mktemp("room")
    city, out = write_city(folder), folder / "study" / "out"
    assert (
        main(["run", str(city), "--quiet", "--no-pdf", "--language", "es", "--out", str(out)]) == 0
    )
    return city, out


def run_within(limit: int, most: int, city: Path, out: Path, *options: str):
    """Run a city in a process that may not take more than so much."""
    code = (
        f"import resource, sys; resource.setrlimit({limit}, ({most}, {most}));"
        "from geoequity.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "run", city, "--no-pdf", "--language", "es"]
    command += ["--quiet", "--out", out, *options]
    return subprocess.run(
        [str(one) for one in command], capture_output=True, text=True, check=False
    )


def test_a_full_disk_ends_in_a_sentence_and_leaves_what_was_there(place) -> None:
    city, out = place
    before, beside = prints(out), sorted(out.parent.iterdir())
    done = run_within(resource.RLIMIT_FSIZE, 300 * KB, city, out)
    assert done.returncode == 1, done.stderr
    assert "cannot be written, and is left as it was: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert prints(out) == before
    assert sorted(out.parent.iterdir()) == beside


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_too_little_memory_ends_in_a_sentence_and_leaves_what_was_there(place, options) -> None:
    city, out = place
    before = prints(out)
    done = run_within(resource.RLIMIT_AS, 700 * MB, city, out, *options)
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)["error"] if options else done.stderr
    assert "memory ran out; nothing was written" in said
    assert "Traceback" not in done.stderr
    assert prints(out) == before


def test_a_place_that_may_not_be_written_to_is_refused_before_any_work(place, capsys) -> None:
    city, _ = place
    assert main(["run", str(city), "--quiet", "--no-pdf", "--out", "/proc/geoequity/out"]) == 1
    assert "/proc/geoequity/out: cannot be written" in capsys.readouterr().err
