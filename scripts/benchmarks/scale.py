#!/usr/bin/env python3
"""
Measure how time and memory grow from a twentieth of a metropolis to the whole.

Each city is made by scripts/make_metropolis, if it is not there yet, and run end to end by
``geoequity run`` in a process of its own, with an empty folder for caches. Written are the stages
of each, the slopes of time in log-log from the smallest city to the largest, and what all larger
cities of Latin America would take at that rate. ``--page docs/scale.md`` writes the page.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
WHOLE = 1.0
LIMITS = {"minutes": 15, "gigabytes": 6, "slope": 1.15}
COUNTED = ("street_nodes", "residents", "cells", "districts", "neighbourhoods", "services", "stops")
COUNTED += ("stop_times", "tiles", "raster_cells")
MB = 2**20 / 1e6  # of what the system counts in
NOTHING_S = 0.5  # a stage of the smallest city under it has no slope worth stating
CITIES, MEDIAN = 371, 234_553  # residents
SOURCE = (
    "Quistberg, D. A. et al. (2019). Building a Data Platform for Cross-Country Urban Health"
    " Studies: the SALURBAL Study. Journal of Urban Health 96(2), 311-337."
    " doi:10.1007/s11524-018-00326-0"
)


@dataclass(frozen=True)
class Run:
    """One city, run end to end."""

    scale: float
    counts: Mapping[str, Any]
    stages: Mapping[str, Mapping[str, float]]
    seconds: float
    cpu_s: float
    peak_mb: float


def main() -> None:
    """Make, run, and write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scales", type=float, nargs="+", default=[0.05, 0.1, 0.25, 1.0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the cities lie, or are to lie")
    parser.add_argument("--price", type=float, default=0.05, help="of an hour of one core [USD]")
    parser.add_argument("--results", type=Path, help="JSON to add to, and to start from")
    parser.add_argument("--page", type=Path, help="page to write")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="metropolis-") as scratch:
        folder = args.folder or Path(scratch)
        runs = {} if args.results is None or not args.results.exists() else read(args.results)
        for scale in sorted(args.scales):
            if scale in runs:
                continue
            city = folder / f"metropolis-{scale:g}"
            make(city, scale=scale, seed=args.seed)
            runs[scale] = run(city, scale=scale, scratch=Path(scratch))
            print(table_of(runs[scale]), end="\n\n", flush=True)
            if args.results is not None:
                write(args.results, runs)
    found = [runs[one] for one in sorted(runs)]
    print(slope_table(found))
    if args.page is not None:
        args.page.write_text(page(found, price=args.price), encoding="utf-8")


def make(city: Path, *, scale: float, seed: int) -> None:
    """Make a city, unless it is there."""
    told = city / "counts.json"
    if told.exists():
        counts = json.loads(told.read_text(encoding="utf-8"))
        if (counts["scale"], counts["seed"]) == (scale, seed):
            return
    command = [sys.executable, ROOT / "scripts" / "make_metropolis", "--out", city]
    command += ["--scale", str(scale), "--seed", str(seed)]
    subprocess.run([str(one) for one in command], check=True, stdout=subprocess.DEVNULL)


def run(city: Path, *, scale: float, scratch: Path) -> Run:
    """Run a city in a process of its own; its memory is that of the process at its largest."""
    out = scratch / f"out-{scale:g}"
    cache = Path(tempfile.mkdtemp(dir=scratch, prefix="cache-"))
    command = [sys.executable, "-m", "geoequity.cli", "run", str(city / "city.toml"), "--json"]
    command += ["--stages", "--offline", "--out", str(out)]
    env = {**os.environ, "XDG_CACHE_HOME": str(cache), "GEOEQUITY_CACHE": str(cache)}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with (scratch / "result.json").open("w+", encoding="utf-8") as told:
        process = subprocess.Popen(command, stdout=told, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        told.seek(0)
        result = told.read()
    if status:
        msg = f"{city}: ended with status {os.waitstatus_to_exitcode(status)}: {result[-500:]}"
        raise SystemExit(msg)
    stages = json.loads(result)["stages"]
    return Run(
        scale=scale,
        counts=json.loads((city / "counts.json").read_text(encoding="utf-8")),
        stages=stages,
        seconds=sum(one["seconds"] for one in stages.values()),
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024 * MB,
    )


def read(path: Path) -> dict[float, Run]:
    """Read runs that were measured before."""
    return {one["scale"]: Run(**one) for one in json.loads(path.read_text(encoding="utf-8"))}


def write(path: Path, runs: Mapping[float, Run]) -> None:
    """Keep what was measured."""
    listed = [vars(runs[one]) for one in sorted(runs)]
    path.write_text(json.dumps(listed, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def table_of(one: Run) -> str:
    """Lay out the stages of a run."""
    rows = [
        f"scale {one.scale:g}: {one.counts['street_nodes']:,} street nodes",
        f"{'stage':12} {'s':>8} {'cpu s':>8} {'peak MB':>8}",
    ]
    for name, stage in one.stages.items():
        times = f"{stage['seconds']:8.1f} {stage['cpu_seconds']:8.1f}"
        rows.append(f"{name:12} {times} {stage['peak_mb'] * MB:8.0f}")
    rows.append(f"{'together':12} {one.seconds:8.1f} {one.cpu_s:8.1f} {one.peak_mb:8.0f}")
    return "\n".join(rows)


def slope(small: float, large: float, *, times: float) -> float:
    """Growth in log-log: 1 where twice the city takes twice the time."""
    return log(large / small) / log(times)


def slopes(small: Run, large: Run, key: str) -> dict[str, float | None]:
    """Slope of each stage; none where the smallest city takes hardly any time."""
    times = large.scale / small.scale
    found: dict[str, float | None] = {}
    for name, stage in small.stages.items():
        pair = stage[key], large.stages[name][key]
        found[name] = slope(*pair, times=times) if pair[0] >= NOTHING_S else None
    return found


def slope_table(runs: Sequence[Run]) -> str:
    """Lay the slopes out, of time and of work."""
    small, large = runs[0], runs[-1]
    if small.scale == large.scale:
        return "one size alone has no slope"
    rows = [f"slope in log-log from {small.scale:g} to {large.scale:g}"]
    both = slopes(small, large, "seconds"), slopes(small, large, "cpu_seconds")
    rows.append(f"{'stage':12} {'time':>8} {'cpu':>8}")
    for name in small.stages:
        told = ["   under " if one[name] is None else f"{one[name]:9.2f}" for one in both]
        rows.append(f"{name:12}{''.join(told)}")
    return "\n".join(rows)


def page(runs: Sequence[Run], *, price: float) -> str:
    """Write the page."""
    small, large = runs[0], runs[-1]
    told = [
        "# How far it scales",
        (
            "Written by `scripts/benchmarks/scale.py --page docs/scale.md`. The cities are"
            " synthetic: `scripts/make_metropolis` makes them at one density, none of them a copy"
            " of another, with the size of São Paulo at scale 1. Each was run end to end, from the"
            " providers' files to map and reports in three languages, in a process of its own with"
            f" empty caches on {os.cpu_count()} cores. Public transport is ridden from 2,000 cells"
            " drawn by their residents; where people set out, there is a point for every 200 m of"
            " street."
        ),
        "## What was measured",
        _markdown(
            ["", *(f"scale {one.scale:g}" for one in runs)],
            [
                [name.replace("_", " "), *(f"{one.counts[name]:,}" for one in runs)]
                for name in COUNTED
            ]
            + [
                ["time, min", *(f"{one.seconds / 60:.1f}" for one in runs)],
                ["work of all cores, min", *(f"{one.cpu_s / 60:.1f}" for one in runs)],
                ["peak memory, GB", *(f"{one.peak_mb / 1000:.2f}" for one in runs)],
            ],
        ),
        "## Stage by stage",
        (
            f"Seconds, and the peak of memory by the end of the stage at scale {large.scale:g}."
            " The slope is that of time in log-log from the smallest city to the largest: 1 is"
            " growth in proportion. A dash: the smallest city takes under half a second."
        ),
        _markdown(*_stage_rows(runs)),
        _verdict(small, large),
        "## All cities of Latin America",
        _region(runs, price=price),
        f"[^cities]: {SOURCE}",
    ]
    return "\n\n".join(told) + "\n"


def _stage_rows(runs: Sequence[Run]) -> tuple[list[str], list[list[str]]]:
    """Lay the stages of all runs side by side."""
    small, large = runs[0], runs[-1]
    steep = slopes(small, large, "seconds") if len(runs) > 1 else dict.fromkeys(small.stages)
    heads = ["stage", *(f"scale {one.scale:g}" for one in runs), "slope", "peak MB"]
    rows = [
        [
            name,
            *(f"{one.stages[name]['seconds']:.1f}" for one in runs),
            "-" if steep[name] is None else f"{steep[name]:.2f}",
            f"{large.stages[name]['peak_mb'] * MB:,.0f}",
        ]
        for name in small.stages
    ]
    return heads, rows


def _verdict(small: Run, large: Run) -> str:
    """Set what was measured beside what was promised."""
    steepest = max((one or 0.0 for one in slopes(small, large, "seconds").values()), default=0.0)
    rows = [
        ["time end to end, min", LIMITS["minutes"], f"{large.seconds / 60:.1f}"],
        ["peak memory, GB", LIMITS["gigabytes"], f"{large.peak_mb / 1000:.2f}"],
        ["steepest stage", LIMITS["slope"], f"{steepest:.2f}"],
    ]
    return _markdown(
        [f"at scale {large.scale:g}", "at most", "measured"], [list(map(str, one)) for one in rows]
    )


def _region(runs: Sequence[Run], *, price: float) -> str:
    """Price all cities of the region, from the work of the sizes that were measured."""
    small, large = runs[0], runs[-1]
    residents = small.counts["residents"]
    mean = MEDIAN * 3
    times = large.counts["residents"] / residents
    steep = slope(small.cpu_s, large.cpu_s, times=times) if times > 1 else 1.0
    cpu_s = small.cpu_s * (max(mean, residents) / residents) ** min(steep, 1.0)
    hours = CITIES * cpu_s / 3600
    if mean > residents:
        told = (
            f"work grows with a power of {steep:.2f} of the residents here, so that the mean city"
            f" takes {cpu_s / 60:.1f} minutes"
        )
    else:
        told = "the mean city, which is smaller, is counted as if it took that"
    return (
        f"There were {CITIES} cities of 100,000 residents or more in eleven countries of Latin"
        f" America in 2010, with a median of {MEDIAN:,} residents[^cities]; the Caribbean,"
        " Venezuela, Ecuador, Bolivia, Paraguay, Uruguay, Honduras and Cuba are not among them,"
        " and cities have grown since, so that the whole region has more. Extrapolated, not"
        f" measured: the smallest city here has {residents:,} residents and took"
        f" {small.cpu_s / 60:.1f} minutes of one core. Cities are skewed, and the mean one is"
        f" taken to have three times the residents of the median, {mean:,}: {told}."
        f" All {CITIES} then take"
        f" {hours:,.1f} hours of a core; at an assumed price of {price:g} USD for an hour of it"
        f" (`--price`), this is {hours * price:,.2f} USD, without storage, transfer, or the work of"
        " finding the data, which is what costs."
    )


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(one)} |" for one in lines)


if __name__ == "__main__":
    main()
