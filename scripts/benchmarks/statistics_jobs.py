#!/usr/bin/env python3
"""
Measure the statistics: inequality of many cells, its bootstrap, and the composite.

Every job runs in a process of its own, in turns, so that noise of the machine hits all
alike; its inputs are made from a seed and not timed, nor is the first call. Prints the
median and the range of seconds, the peak memory of the process with its inputs, and,
for a peer, how many times as long as ours it takes. A job that does a part of the whole
says which, and its seconds are scaled to the whole.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from geoequity import composite, inequality

SEED = 20250101
CELLS, SAMPLED, DRAWS, PEER_DRAWS = 1_000_000, 100_000, 1_000, 50
UNITS, INDICATORS, PARENTS = 5_000, 50, 10
CHOICES, SHAKEN = 10_000, 400  # draws of the pool, and units


class Job(NamedTuple):
    """What is measured: `make` makes inputs and gives what is timed."""

    make: Callable[[], Callable[[], object]]
    done: float = 1.0  # share of the whole that one call does
    against: str = ""  # the job of ours that does the same


def cells(count: int) -> dict[str, pd.Series]:
    """Draw a skewed value per cell, and the people there."""
    rng = np.random.default_rng(SEED)
    value = pd.Series(rng.lognormal(size=count))
    return {"value": value, "population": pd.Series(rng.integers(1, 500, count), dtype=float)}


def gini() -> Callable[[], object]:
    """Prepare a weighted Gini."""
    world = cells(CELLS)
    return lambda: inequality.gini(**world)


def bootstrap() -> Callable[[], object]:
    """Prepare full resamples of a weighted Gini."""
    world, rng = cells(SAMPLED), np.random.default_rng(SEED)
    return lambda: inequality.bootstrap(inequality.gini, **world, strata=None, draws=DRAWS, rng=rng)


def bootstrap_by_pysal() -> Callable[[], object]:
    """Prepare the loop that users of PySAL write, which knows no weights."""
    from inequality.gini import Gini  # noqa: PLC0415 - the peer's memory is its own

    value, rng = cells(SAMPLED)["value"].to_numpy(), np.random.default_rng(SEED)
    return lambda: [Gini(value[rng.integers(SAMPLED, size=SAMPLED)]).g for _ in range(PEER_DRAWS)]


def world(units: int) -> tuple[pd.DataFrame, pd.DataFrame, composite.Normalise]:
    """Make an index over a tree of two levels, some of its data unknown."""
    rng = np.random.default_rng(SEED)
    table = rng.uniform(0, 100, (units, INDICATORS))
    table[rng.random(table.shape) < 0.05] = np.nan
    names = [f"i{at}" for at in range(INDICATORS)]
    data = pd.DataFrame(table, columns=names)
    rows = [(one, f"p{at % PARENTS}", 1.0, "higher") for at, one in enumerate(names)]
    rows += [(f"p{at}", "index", 1.0, None) for at in range(PARENTS)]
    rows += [("index", None, 1.0, None)]
    tree = pd.DataFrame(rows, columns=["id", "parent", "weight", "better"])
    return data, tree, composite.goalposts(dict.fromkeys(names, (0.0, 100.0)))


def build() -> Callable[[], object]:
    """Prepare an index."""
    data, tree, posts = world(UNITS)
    return lambda: composite.build(data, tree, normalise=posts, aggregate=composite.arithmetic)


def robustness() -> Callable[[], object]:
    """Prepare draws of normalisation, weights, mean and a dropped indicator."""
    data, tree, posts = world(SHAKEN)
    pool = composite.Pool(
        normalise=[posts, composite.min_max, composite.percentile],
        aggregate=[composite.arithmetic, composite.geometric, composite.harmonic],
    )
    return lambda: composite.robustness(
        data, tree, pool=pool, draws=CHOICES, rng=np.random.default_rng(SEED)
    )


JOBS = {
    f"Gini of {CELLS:,} cells": Job(gini),
    f"bootstrap, {DRAWS:,} draws of {SAMPLED:,} cells": Job(bootstrap),
    f"bootstrap by PySAL, {PEER_DRAWS} draws scaled": Job(
        bootstrap_by_pysal,
        done=PEER_DRAWS / DRAWS,
        against=f"bootstrap, {DRAWS:,} draws of {SAMPLED:,} cells",
    ),
    f"composite, {UNITS:,} units x {INDICATORS} indicators": Job(build),
    f"{CHOICES:,} draws, {SHAKEN} units x {INDICATORS} indicators": Job(robustness),
}


def work(name: str) -> None:
    """Do one job, and print seconds and peak memory [MB] for the process that asked."""
    call = JOBS[name].make()
    call()
    start = time.perf_counter()
    call()
    seconds = (time.perf_counter() - start) / JOBS[name].done
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


def main() -> None:
    """Run the jobs in turns and print a table; or be one of the processes measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="part of the name of the jobs to run")
    parser.add_argument("--job", choices=JOBS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(name, None)
    if args.job:
        work(args.job)
        return
    found: dict[str, list[dict[str, float]]] = {one: [] for one in JOBS if args.only in one}
    for _ in range(args.runs):
        for name, runs in found.items():
            command = [sys.executable, __file__, "--job", name]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            runs.append(json.loads(done.stdout))
    print(f"{'job':44} {'median s':>9} {'min':>7} {'max':>7} {'peak MB':>8} {'ratio':>7}")
    middle = {one: statistics.median(r["seconds"] for r in runs) for one, runs in found.items()}
    for name, runs in found.items():
        seconds, peak = [one["seconds"] for one in runs], max(one["peak_mb"] for one in runs)
        row = f"{middle[name]:9.3f} {min(seconds):7.3f} {max(seconds):7.3f} {peak:8.0f}"
        ours = middle.get(JOBS[name].against)
        print(f"{name:44} {row} {f'{middle[name] / ours:7.2f}' if ours else ''}")


if __name__ == "__main__":
    main()
