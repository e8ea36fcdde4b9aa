#!/usr/bin/env python3
"""
Measure the main job: import, --help, and the demo run, each as a fresh process.

Prints the median and the range of several runs, peak memory, and the ratio of
each to a bare start of Python in the same session, which noise moves alike.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measured(command: list[str], *, runs: int) -> tuple[list[float], float]:
    """Time a command as a whole process; give seconds and peak memory of its children [MB]."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as folder:
        python = [sys.executable]
        cli = [*python, "-m", "geoequity.cli"]
        # Rising memory, since the peak of children is kept over all that ran before
        jobs = {
            "bare Python": [*python, "-c", "pass"],
            "import geoequity": [*python, "-c", "import geoequity"],
            "geoequity --help": [*cli, "--help"],
            "demo run": [*cli, "demo", "--quiet", "--out", str(Path(folder) / "out")],
        }
        bare = 0.0
        print(f"{'job':18} {'median s':>9} {'min':>7} {'max':>7} {'peak MB':>8} {'ratio':>7}")
        for name, command in jobs.items():
            seconds, peak = measured(command, runs=runs)
            middle = statistics.median(seconds)
            bare = bare or middle
            row = f"{middle:9.2f} {min(seconds):7.2f} {max(seconds):7.2f} {peak:8.0f}"
            print(f"{name:18} {row} {middle / bare:7.1f}")


if __name__ == "__main__":
    main()
