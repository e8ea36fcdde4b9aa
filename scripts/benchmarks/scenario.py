#!/usr/bin/env python3
"""
Measure what an edit costs against assessing the city anew, in one run.

The demo city is assessed from its files, as often as is asked. Then one service is
opened, of one category after the other, in the study that kept what was made on the
way. The ratio is of the full run, files read, to the edited study. Told besides: what
the comparison of the two costs, which a full run does not make.
"""

import argparse
import resource
import statistics
import time
import warnings
from collections.abc import Callable

import geoequity as ge
from geoequity.assessment import assess_edited
from geoequity.errors import DataWarning
from geoequity.scenario import Edits
from geoequity.scenario._amend import edited
from geoequity.scenario._effect import effect

SITES = [(-87.0150, -12.0195), (-87.0400, -12.0300), (-87.0120, -12.0280)]
CATEGORIES = ("clinic", "pharmacy", "library", "wifi", "school", "hospital")


def seconds(make: Callable[[], object]) -> tuple[float, object]:
    """Time a call."""
    start = time.perf_counter()
    made = make()
    return time.perf_counter() - start, made


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    warnings.simplefilter("ignore", DataWarning)
    city = ge.City.preset("demo")
    ge.assess(city)  # numba compiles once
    whole = statistics.median(seconds(lambda: ge.assess(city))[0] for _ in range(runs))
    bare_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    keeping, base = seconds(lambda: ge.assess(city, keep=True))
    made = base.made_of
    print(f"{'job':32} {'median s':>9} {'full / it':>9} {'effect s':>9}")
    print(f"{'full run':32} {whole:9.2f} {1:9.1f}")
    print(f"{'full run that keeps its stages':32} {keeping:9.2f} {whole / keeping:9.1f}")
    for category in CATEGORIES:
        times, told = [], []
        for lon, lat in SITES[:runs]:
            edits = Edits.of({"open": [{"category": category, "lon": lon, "lat": lat}]})
            spent, after = seconds(
                lambda edits=edits: assess_edited(
                    made, edited(made, edits, name="edits"), kept=made.kept.above()
                )
            )
            times.append(spent)
            told.append(seconds(lambda after=after: effect(base, after))[0])
        middle = statistics.median(times)
        row = f"{middle:9.2f} {whole / middle:9.1f} {statistics.median(told):9.2f}"
        print(f"{'one ' + category + ' more':32} {row}")
        if category == CATEGORIES[0]:
            stages = {key: one["seconds"] for key, one in after.summary["stages"].items()}
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'stage':12} {'full s':>7} {'clinic s':>9}")
    for stage, one in base.summary["stages"].items():
        print(f"{stage:12} {one['seconds']:7.2f} {stages.get(stage, 0.0):9.2f}")
    print(f"peak memory: {bare_mb:.0f} MB after full runs, {peak_mb:.0f} MB with all kept")


if __name__ == "__main__":
    main()
