#!/usr/bin/env python3
"""
Measure what an edit costs against assessing the city anew, in one run.

The demo city is assessed from its files, as often as is asked. Then one service is
opened, of one category after the other, in the study that kept what was made on the
way, once more before it is timed than timed. Ratios are of the full run, files read, to
the edited study: by the clock, and by the time that the processor worked, which tells
more on a busy machine. Told besides: the same with the comparison of the two studies
added, which a full run does not make.
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


def seconds(make: Callable[[], object]) -> tuple[tuple[float, float], object]:
    """Time a call, by the clock and by what the processor worked."""
    start, worked = time.perf_counter(), time.process_time()
    made = make()
    return (time.perf_counter() - start, time.process_time() - worked), made


def middle(times: list[tuple[float, float]]) -> tuple[float, float]:
    """Take the medians of times by the clock and of the processor."""
    clock, worked = zip(*times, strict=True)
    return statistics.median(clock), statistics.median(worked)


def row(job: str, whole: tuple[float, float], it: tuple[float, float]) -> str:
    """Write seconds and ratios."""
    numbers = (it[0], it[1], whole[0] / it[0], whole[1] / it[1])
    return f"{job:40}" + "".join(f"{one:10.2f}" for one in numbers)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    warnings.simplefilter("ignore", DataWarning)
    city = ge.City.preset("demo")
    ge.assess(city)  # numba compiles once
    whole = middle([seconds(lambda: ge.assess(city))[0] for _ in range(runs)])
    bare_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    keeping, base = seconds(lambda: ge.assess(city, keep=True))
    made = base.made_of

    def edit(category: str, lon: float, lat: float) -> ge.Study:
        """Open a service."""
        edits = Edits.of({"open": [{"category": category, "lon": lon, "lat": lat}]})
        sources = edited(made, edits, name="edits")
        return assess_edited(made, sources, kept=made.kept.above())

    for category in (CATEGORIES[0], CATEGORIES[-1]):  # what no scenario asked for yet is made
        edit(category, *SITES[-1])  # once, and numba compiles what seeks a place travelled to
    print(f"{'job':40}{'clock s':>10}{'work s':>10}{'x clock':>10}{'x work':>10}")
    print(row("full run", whole, whole))
    print(row("full run that keeps its stages", whole, keeping))
    ratios: list[tuple[float, float]] = []
    for category in CATEGORIES:
        times, with_effect = [], []
        for site in SITES[:runs]:
            spent, after = seconds(lambda at=site, kind=category: edit(kind, *at))
            told, _ = seconds(lambda after=after: effect(base, after))
            times.append(spent)
            with_effect.append((spent[0] + told[0], spent[1] + told[1]))
        ratios += [(whole[0] / clock, whole[1] / work) for clock, work in times]
        print(row(f"one {category} more", whole, middle(times)))
        print(row(f"one {category} more, and what it changes", whole, middle(with_effect)))
        if category == CATEGORIES[0]:
            stages = {key: one["seconds"] for key, one in after.summary["stages"].items()}
    for name, one in zip(("clock", "work"), zip(*ratios, strict=True), strict=True):
        print(f"times as fast by {name}: least {min(one):.1f}, median {statistics.median(one):.1f}")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'stage':12} {'full s':>7} {'clinic s':>9}")
    for stage, one in base.summary["stages"].items():
        print(f"{stage:12} {one['seconds']:7.2f} {stages.get(stage, 0.0):9.2f}")
    print(f"peak memory: {bare_mb:.0f} MB after full runs, {peak_mb:.0f} MB with all kept")


if __name__ == "__main__":
    main()
