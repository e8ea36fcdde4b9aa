"""A few of the kills of ``scripts/kills``, which takes 200 and then tells what it saw."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "kills"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("command", "times"),
    [
        ("fetch", 3),
        ("run", 1),
        *(
            pytest.param(one, times, marks=[pytest.mark.slow, pytest.mark.timeout(7200)])
            for one, times in {"run": 80, "fetch": 50, "scenario": 40, "batch": 30}.items()
        ),
    ],
)
def test_a_killed_command_leaves_the_old_output_or_the_new_one(command: str, times: int) -> None:
    words = [sys.executable, str(SCRIPT), "--only", command, "--times", str(times)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{times} kills survived" in done.stdout
