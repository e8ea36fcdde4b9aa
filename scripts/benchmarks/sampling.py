#!/usr/bin/env python3
"""
Count how often sampling intervals hold the truth, in simulated cities.

Three processes, each with its way of measuring less than all:

- ``speed_tests``: tiles of a district scatter round it in logs, and few devices
  measure each (`smallsample.district_values`); 1 to some 60 tiles a district;
- ``survey``: 15 to 400 people of a district are asked, who say yes or no
  (`smallsample.district_shares`);
- ``thin_map``: services are there by chance, 0.2 to 3 per 1,000 people, and a map
  has 40 to 95 % of them (`smallsample.district_counts`).

Each draws a whole city: 8 to 40 districts, whose people differ some tens of
times, true values that differ between districts, and what would be published of
them. How far districts differ and how noisy measurements are is drawn evenly
from ranges stated below, which are no priors of the estimators; true shares are
logit-normal and true rates log-normal, where the estimators have a Beta and a
Gamma.

Every process is drawn in these ways: as said (``plain``); districts apart by
Student's t with 3 degrees of freedom (``heavy_tails``); with an error that
nobody tells the estimator of (``untold``: measured speeds are a quarter further
apart than true ones, people are asked in clusters of like minds, the map is
thinner where services are fewer); all districts within half a percent
(``near_equal``; services are so many, 200 to 3,000 per 1,000 people as lamps or
trees are, that chance hardly sets districts apart); few services spread as evenly
as a plan can (``planned``, of the map alone); without error in the data
(``exact``); and as said, but judged as a study does (``gap``): in how many cities
whose true gap is twice what is material is somebody named as worst served?

A rank is 1 for the best, ties share the middle rank; its interval runs between
the 5th and the 95th percentile of the rank over the draws
(`composite.robustness`). Marginal coverage is over all districts of all
cities. As in a study, a district is in the worst quarter of people only if the
published values have a gap to speak of and so have 99 draws in 100, and in draws in
which there is one: 10 points between the 10th and the 90th percentile of people,
where shares score 0 to 100 and, of speeds and services, nothing scores 0 and the
city's typical value 50.
"""

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import rankdata

from geoequity import composite, inequality, smallsample
from geoequity.judgement import SURE, gap

WAYS = ("plain", "heavy_tails", "untold", "near_equal", "exact", "planned", "gap")
DRAWS = 400
LEVEL = 0.9
HAIR = 0.005  # by which districts of a near-equal city differ, as a share of their value
EXACT = 10**9  # devices or people asked where there is no error in the data
MATERIAL_POINTS = 10.0  # as city files have it by default
TREE = pd.DataFrame(
    {"id": ["value", "index"], "parent": ["index", None], "weight": 1.0, "better": "higher"}
)
PUBLISHED = composite.Pool(
    normalise=(composite.min_max,),
    weights=(1.0, 1.0),
    aggregate=(composite.arithmetic,),
    drop_one=False,
)


@dataclass(frozen=True)
class World:
    """A simulated city: the truth by district, what is published, and equally likely truths."""

    truth: np.ndarray
    published: np.ndarray
    population: np.ndarray
    draws: pd.DataFrame


@dataclass(frozen=True)
class Score:
    """What was found in one city."""

    gini: float
    gini_held: bool
    gini_width: float
    held: np.ndarray  # by district: is the true value within its interval?
    ranks_held: np.ndarray
    rank_widths: np.ndarray
    districts: int
    worst: float  # highest probability of any district to be in the worst quarter
    worst_of_all: float  # the same, though the gap be immaterial
    true_gap: float  # in points; NaN where nobody asked


def _districts(rng: np.random.Generator) -> tuple[int, np.ndarray]:
    """Draw how many districts there are, and their people."""
    count = int(rng.integers(8, 41))
    return count, np.exp(rng.normal(np.log(20_000), 0.8, count))


def _apart(
    rng: np.random.Generator, count: int, *, way: str, between: tuple[float, float]
) -> np.ndarray:
    """Draw how far each district lies from the city's middle."""
    spread = HAIR if way in {"near_equal", "planned"} else rng.uniform(*between)
    heavy = way == "heavy_tails"
    return spread * (rng.standard_t(3, count) if heavy else rng.standard_normal(count))


def speed_tests(rng: np.random.Generator, way: str) -> World:
    """Measure tiles: districts 0.1-0.5 apart in logs, tiles 0.1-0.4, devices 0.6-1.6."""
    count, people = _districts(rng)
    apart = _apart(rng, count, way=way, between=(0.1, 0.5))
    middle = np.log(rng.uniform(20, 200))
    district = np.repeat(np.arange(count), 1 + rng.poisson(rng.gamma(1.5, 10, count)))
    size, mean = len(district), rng.uniform(4, 25)
    devices = 1 + rng.negative_binomial(0.8, 0.8 / (0.8 + mean), size)
    tiles, within = rng.uniform(0.1, 0.4), rng.uniform(0.6, 1.6)
    if way == "exact":
        tiles, devices = 0.0, np.full(size, EXACT)
    seen = apart * 1.25 if way == "untold" else apart
    log = middle + seen[district] + tiles * rng.standard_normal(size)
    log += within / np.sqrt(devices) * rng.standard_normal(size)
    parts = pd.DataFrame(
        {
            "tile_id": np.arange(size),
            "district_id": district,
            "share": 1.0,
            "value": np.exp(log),
            "tests": devices,
            "devices": devices,
        }
    )
    found = smallsample.district_values(
        parts, districts=pd.RangeIndex(count), min_tests=1, rng=rng, draws=DRAWS
    )
    return World(np.exp(middle + apart), found.table["value"].to_numpy(), people, found.draws)


def survey(rng: np.random.Generator, way: str) -> World:
    """Ask people: shares round 10-90 %, 0.15-1 apart in logits."""
    count, people = _districts(rng)
    apart = _apart(rng, count, way=way, between=(0.15, 1.0))
    truth = expit(logit(rng.uniform(0.1, 0.9)) + apart)
    asked = np.exp(rng.uniform(np.log(15), np.log(400), count)).astype(int)
    if way == "exact":
        asked = np.full(count, EXACT)
    answers = rng.beta(truth * 60, (1 - truth) * 60) if way == "untold" else truth
    share = pd.Series(rng.binomial(asked, answers) / asked)
    found = smallsample.district_shares(
        share, asked=pd.Series(asked, dtype=float), rng=rng, draws=DRAWS
    )
    return World(truth, share.to_numpy(), people, found.draws)


def thin_map(rng: np.random.Generator, way: str) -> World:
    """Map services: rates 0.2-0.8 apart in logs, completeness known as if from 8-60 services."""
    count, people = _districts(rng)
    apart = _apart(rng, count, way=way, between=(0.2, 0.8))
    rate = rng.uniform(0.2, 3) / 1000 * np.exp(apart)
    rate = rate * 1000 if way == "near_equal" else rate
    there = rng.poisson(rate * people)
    if way == "planned":
        there = np.maximum(1, np.rint(rate * people)).astype(int)
        people = there / rate
    mean, sure = rng.uniform(0.4, 0.95, count), rng.uniform(8, 60)
    states = rng.beta(mean * sure, (1 - mean) * sure, (DRAWS, count))
    completeness = rng.beta(mean * sure, (1 - mean) * sure)
    if way == "untold":
        completeness = expit(logit(completeness) + 0.5 * apart / apart.std())
    if way == "exact":
        states, completeness = np.ones((1, count)), np.ones(count)
    counted = pd.Series(rng.binomial(there, completeness))
    found = smallsample.district_counts(
        counted,
        population=pd.Series(people),
        completeness=pd.DataFrame(states),
        rng=rng,
        draws=DRAWS,
    )
    return World(there / people, counted.to_numpy() / people, people, found.draws)


PROCESSES: dict[str, Callable[[np.random.Generator, str], World]] = {
    one.__name__: one for one in (speed_tests, survey, thin_map)
}


def judged(seed: int, *, process: str, way: str) -> Score:
    """Judge one city by its draws and compare with its truth."""
    rng = np.random.default_rng([seed, list(PROCESSES).index(process), WAYS.index(way)])
    world = PROCESSES[process](rng, way)
    draws, people = world.draws.to_numpy(), pd.Series(world.population)
    low, middle, high = smallsample.interval(draws, level=LEVEL)
    found = inequality.posterior(inequality.gini, world.draws, population=people, level=LEVEL)
    gini = inequality.gini(pd.Series(world.truth), population=people)
    shaken = partial(
        composite.robustness,
        pd.DataFrame({"value": world.published}),
        TREE,
        pool=PUBLISHED,
        draws=DRAWS,
        population=people,
        level=LEVEL,
        sobol=0,
    )
    every = shaken(rng=rng, posteriors={"value": draws})
    first, last = (every.ranks[end].to_numpy() for end in ("low", "high"))
    ranks = rankdata(-world.truth)
    material, worst, true_gap = np.zeros(DRAWS, dtype=bool), 0.0, np.nan
    if way in {"near_equal", "planned", "gap"}:  # the others are not told of it, and it takes time
        full = 1.0 if process == "survey" else 2 * np.median(middle)
        points = 100 * np.clip(np.vstack([world.truth, world.published, draws]) / full, 0, 1)
        true_gap, *gaps = (gap(pd.Series(row), people) for row in points)
        gaps = np.array(gaps)
        material = (gaps[1:] >= MATERIAL_POINTS) & (gaps[0] >= MATERIAL_POINTS)
    if material.mean() >= SURE:  # else error in the data may have made it
        told = shaken(rng=rng, posteriors={"value": draws[material]})
        worst = float(told.worst_quarter.max() * material.mean())
    return Score(
        gini=gini,
        gini_held=bool(found.low <= gini <= found.high),
        gini_width=found.high - found.low,
        held=(low <= world.truth) & (world.truth <= high),
        ranks_held=(first <= ranks) & (ranks <= last),
        rank_widths=last - first,
        districts=len(ranks),
        worst=worst,
        worst_of_all=float(every.worst_quarter.max()),
        true_gap=true_gap,
    )


def simulated(
    process: str, *, way: str, cities: int, workers: int = 1, first: int = 0
) -> dict[str, float]:
    """Judge many cities of one process, whose seeds begin at ``first``."""
    task = partial(judged, process=process, way=way)
    seeds = range(first, first + cities)
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            scores = _told(pool.map(task, seeds, chunksize=5), cities, f"{process} {way}")
    else:
        scores = [task(seed) for seed in seeds]

    def together(name: str) -> np.ndarray:
        return np.concatenate([np.atleast_1d(getattr(one, name)) for one in scores])

    wide = together("true_gap") >= 2 * MATERIAL_POINTS
    return {
        "cities": cities,
        "districts": float(np.median(together("districts"))),
        "gini_coverage": together("gini_held").mean(),
        "gini": np.median(together("gini")),
        "gini_width": np.median(together("gini_width")),
        "widest_gini": together("gini_width").max(),
        "value_coverage": together("held").mean(),
        "rank_coverage": together("ranks_held").mean(),
        "rank_width": np.median(together("rank_widths")),
        "widest_rank": together("rank_widths").max(),
        "named_worst": (together("worst") > 1 / 2).mean(),
        "named_worst_of_all": (together("worst_of_all") > 1 / 2).mean(),
        "wide": wide.sum(),
        "named_where_wide": (together("worst") > 1 / 2)[wide].mean() if wide.any() else np.nan,
    }


def _told(scores, cities: int, name: str) -> list[Score]:  # noqa: ANN001 - an iterator of scores
    """Tell on the terminal how far it is."""
    done = []
    for score in scores:
        done.append(score)
        print(f"\r{name}: {len(done)} of {cities} cities", end="", file=sys.stderr, flush=True)
    print("\r" + " " * 60 + "\r", end="", file=sys.stderr, flush=True)
    return done


def main() -> None:
    """Print a table of all processes and ways, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--cities", type=int, default=1000, help="cities a process and way")
    parser.add_argument("--first", type=int, default=0, help="seed of the first city")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS[:-2])
    parser.add_argument("--processes", nargs="+", choices=PROCESSES, default=list(PROCESSES))
    options = parser.parse_args()
    heads = ""
    for way in options.ways:
        for process in options.processes:
            start = time.perf_counter()
            found = simulated(
                process,
                way=way,
                cities=options.cities,
                workers=options.workers,
                first=options.first,
            )
            if not heads:
                heads = "| process | way | " + " | ".join(found) + " | seconds |"
                print(heads, "|---" * heads.count("|", 1) + "|", sep="\n")
            row = " | ".join(f"{one:.4g}" for one in found.values())
            seconds = time.perf_counter() - start
            print(f"| {process} | {way} | {row} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
