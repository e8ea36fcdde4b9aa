#!/usr/bin/env python3
"""
Measure siting at the size of a city: 20 clinics from 2,000 candidates over 100,000 cells.

The city is made up: people thin out from several centres over 30 x 30 km, and 60
clinics stand near the middle. Each cell knows the candidates within a walk that is
shorter than the one it has today, of 60 minutes at most. Every objective is sited in
a process of its own; prints seconds, the peak memory of the process, what is reached,
and how far from the best it can be at most. With --peer, sites the p-median, maximal
covering and p-center of a small city with spopt too (which hands them to CBC), in
turns with ours, and prints the ratio of seconds and how the two agree.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

CELLS, CANDIDATES, CLINICS, SITES = 100_000, 2_000, 60, 20
SIDE_M, M_PER_MIN, DETOUR, LIMIT_MIN, WITHIN_MIN = 30_000.0, 80.0, 1.28, 60.0, 15.0
OBJECTIVES = ("ede", "mean", "coverage", "gap", "p-center")


def city(cells: int, candidates: int, clinics: int) -> tuple:
    """Make up a city: the costs, the people, and how far each walks today."""
    rng = np.random.default_rng(10)
    centres = rng.uniform(0.2, 0.8, (6, 2)) * SIDE_M
    home = centres[rng.integers(0, 6, cells)] + rng.normal(0, SIDE_M / 9, (cells, 2))
    home = np.clip(home, 0, SIDE_M)
    place = rng.uniform(0, SIDE_M, (candidates, 2))
    clinic = SIDE_M / 2 + rng.normal(0, SIDE_M / 8, (clinics, 2))
    pace = M_PER_MIN / DETOUR
    today = np.full(cells, np.nan)
    if clinics:
        today = KDTree(clinic).query(home)[0] / pace
    near = KDTree(place).query_ball_point(home, np.fmin(today, LIMIT_MIN) * pace)
    cell = np.repeat(np.arange(cells, dtype=np.int32), [len(one) for one in near])
    to = np.concatenate([np.array(one, dtype=np.int32) for one in near])
    minutes = np.hypot(*(home[cell] - place[to]).T) / pace
    costs = pd.DataFrame({"from_id": cell, "to_id": to, "minutes": minutes})
    costs.attrs["limit_min"] = LIMIT_MIN
    people = pd.Series(rng.integers(1, 60, cells).astype(float))
    return costs, people, pd.Series(today) if clinics else None


def objective_of(name: str) -> object:
    """Make an objective."""
    from geoequity import siting  # noqa: PLC0415 - its time is counted apart

    made = {"ede": siting.ede, "mean": siting.mean, "gap": siting.gap, "p-center": siting.p_center}
    return siting.coverage(within_min=WITHIN_MIN) if name == "coverage" else made[name]()


def measure(name: str, cells: int, clinics: int) -> dict:
    """Site one objective and say what it took."""
    from geoequity import siting  # noqa: PLC0415 - its time is counted apart

    small = city(500, 50, 5)
    siting.site(*small[:2], current=small[2], count=3, objective=objective_of(name), method="fast")
    costs, people, today = city(cells, CANDIDATES, clinics)
    start, busy = time.perf_counter(), time.process_time()
    found = siting.site(costs, people, current=today, count=SITES, objective=objective_of(name))
    seconds = time.perf_counter() - start
    return {
        "pairs": len(costs),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(time.process_time() - busy, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "before": round(found.value_before, 4),
        "value": round(found.value, 4),
        "bound": round(found.bound, 4),
        "off": round(abs(found.value - found.bound) / max(abs(found.value), 1e-9), 5),
        "sites": len(found.sites),
    }


def against_spopt() -> None:
    """Site small problems with both, in turns."""
    import warnings  # noqa: PLC0415 - here only

    import pulp  # noqa: PLC0415 - the peer
    from spopt.locate import MCLP, PCenter, PMedian  # noqa: PLC0415 - the peer

    from geoequity import siting  # noqa: PLC0415 - as above

    warnings.simplefilter("ignore")
    rng = np.random.default_rng(3)
    cells, sites, count = 400, 40, 5
    home, place = rng.uniform(0, 10_000, (cells, 2)), rng.uniform(0, 10_000, (sites, 2))
    minutes = np.hypot(*(home[:, None] - place[None]).transpose(2, 0, 1)) / M_PER_MIN
    people = rng.integers(1, 60, cells).astype(float)
    costs = pd.DataFrame(
        {
            "from_id": np.repeat(np.arange(cells), sites),
            "to_id": np.tile(np.arange(sites), cells),
            "minutes": minutes.ravel(),
        }
    )
    costs.attrs["limit_min"] = 1000.0
    quiet = {"msg": False}

    def peer(name: str) -> float:
        solver = pulp.PULP_CBC_CMD(**quiet)
        if name == "mean":
            made = PMedian.from_cost_matrix(minutes, people, p_facilities=count).solve(solver)
            return pulp.value(made.problem.objective) / people.sum()
        if name == "coverage":
            made = MCLP.from_cost_matrix(minutes, people, WITHIN_MIN, p_facilities=count)
            made = made.solve(solver)
            return pulp.value(made.problem.objective) / people.sum()
        made = PCenter.from_cost_matrix(minutes, p_facilities=count).solve(solver)
        return pulp.value(made.problem.objective)

    for name in ("mean", "coverage", "p-center"):
        ours, theirs = [], []
        for turn in range(4):
            start = time.perf_counter()
            found = siting.site(
                costs, pd.Series(people), count=count, objective=objective_of(name), method="exact"
            )
            ours.append(time.perf_counter() - start)
            start = time.perf_counter()
            value = peer(name)
            theirs.append(time.perf_counter() - start)
            if turn == 0:  # the first call of each is not counted
                ours, theirs = [], []
        ratio = np.median(theirs) / np.median(ours)
        print(
            f"{name:9} ours {np.median(ours):6.2f} s  spopt with CBC {np.median(theirs):6.2f} s"
            f"  {ratio:6.1f} times faster  {found.value:.6f} against {value:.6f}"
        )


def main() -> None:
    """Print a line for each objective."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--cells", type=int, default=CELLS)
    parser.add_argument("--clinics", type=int, default=CLINICS, help="that stand today; 0 for none")
    parser.add_argument("--objective", nargs="*", default=OBJECTIVES)
    parser.add_argument("--peer", action="store_true", help="against spopt, on a small city")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.cells, options.clinics)))
        return
    if options.peer:
        against_spopt()
        return
    for name in options.objective:
        words = [sys.executable, __file__, "--one", name, "--cells", str(options.cells)]
        words += ["--clinics", str(options.clinics)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        print(f"{name:9}", json.loads(done.stdout))


if __name__ == "__main__":
    main()
