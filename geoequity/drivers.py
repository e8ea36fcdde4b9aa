"""
What drives the gap of a study, and what lies between the parts of a city.

Here the published index meets the decomposition: the very number that is
published as its gap is shared out among indicators, areas, pillars and districts.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity import composite, decomposition, inequality
from geoequity.judgement import AGGREGATES, ARITHMETIC, ROOT, Judgement, Rules, mean
from geoequity.schema import PILLARS

GAP, DIFFERENCE = "gap_points", "mean_abs_difference"
INDICATOR, AREA, PILLAR, DISTRICT, UNKNOWN = "indicator", "area", "pillar", "district", "unknown"
COLUMNS = ["measure", "by", "id", "points", "share", "error"]
_LEAST_DRAWS = 20
_WORK = 3e7  # numbers that all coalitions take together: some seconds on one core
_SLOWER = 8  # times, where an index is built anew for every coalition
_PAIR = 2  # parts of a city that can be compared


def drivers(judgement: Judgement, population: pd.Series, *, rules: Rules) -> pd.DataFrame:
    """
    Share the gap of the index out among what makes it.

    Parameters
    ----------
    judgement
        Scores and the tree of the index.
    population
        Residents of the districts; NaN = unknown, left out.
    rules
        How the index is aggregated, and the seed of the orders that are drawn.

    Returns
    -------
    drivers
        Long table, the largest first: ``measure`` (``gap_points`` or
        ``mean_abs_difference``, the published numbers), ``by`` (``indicator``,
        ``area`` of a pillar, ``pillar``, ``district``), ``id``, ``points``
        (0-100, negative where it makes the gap smaller), ``share`` of the
        measure, ``error`` (standard error of the points, 0 where exact). Those of
        each ``by`` add up to the measure with the row of ``unknown``: what
        weights do that go from unknown indicators to known ones; districts add
        up alone. An area or a pillar is let in as one: its points are not the
        sum of those of its indicators. No rows where no index is stated.
    """
    score = judgement.scores[ROOT]
    known = score.notna() & (population > 0)
    if judgement.basis is None or not known.any():
        return pd.DataFrame(columns=COLUMNS)
    made = _made(judgement, population, known, rules)
    people = population[known].astype(float)
    groups = _groups(judgement.tree, made["parts"].columns)
    options: dict[str, Any] = {
        "population": people,
        "measures": {GAP: inequality.percentile_gap, DIFFERENCE: inequality.absolute_gini},
    }
    found: dict[str, dict[str, decomposition.Shares]] = {}
    for by, group in groups.items():
        count = len(made["parts"].columns) if group is None else group.nunique()
        found[by] = decomposition.measures_by_indicator(
            **made,
            **options,
            groups=group,
            draws=_draws(count, _work(made)),
            rng=np.random.default_rng(rules.seed),
        )
    found[DISTRICT] = decomposition.measures_by_district(
        score[known],
        **options,
        draws=_draws(len(people), len(people)),
        rng=np.random.default_rng(rules.seed),
    )
    frames = []
    for measure, times in ((GAP, 1.0), (DIFFERENCE, 2.0)):
        frames += [_rows(measure, by, shares[measure], times) for by, shares in found.items()]
        rest, total = found[INDICATOR][measure].rest, found[INDICATOR][measure].total
        share = rest / total if total else float("nan")
        unknown = {"points": rest * times, "share": share, "error": 0.0}
        frames.append(pd.DataFrame([{"measure": measure, "by": UNKNOWN, "id": UNKNOWN, **unknown}]))
    return pd.concat(frames, ignore_index=True)[COLUMNS]


def divide(
    judgement: Judgement,
    population: pd.Series,
    *,
    rules: Rules,
    parts: Mapping[str, Iterable[str]],
    values: pd.DataFrame,
    bases: pd.DataFrame,
) -> dict[str, Any] | None:
    """
    Compare the parts of a city that its file names.

    Parameters
    ----------
    judgement
        Scores and the tree of the index.
    population
        Residents of the districts; NaN = unknown, left out.
    rules
        As for `drivers`.
    parts
        Districts of each part.
    values
        Districts x indicators, in each indicator's own unit.
    bases
        Districts x indicators: the people, households or others that each
        indicator is weighed by.

    Returns
    -------
    divide
        ``parts`` with ``districts``, ``population``, its ``population_share``, the
        means of ``index``, ``structures`` and ``technologies``, and those of
        every indicator under ``indicators``; ``better`` and ``worse``, the parts
        with the highest and the lowest index; ``points`` between them, and the
        ``drivers``: what each indicator has in it, the largest first, exact where
        the index is a weighted mean;
        ``unknown_points``, as in `drivers`. None where fewer than two parts are
        named; unknown numbers are NaN, and no part is better where fewer than
        two have an index.
    """
    if len(parts) < _PAIR:
        return None
    told = {
        key: {
            "districts": list(units),
            "population": population[list(units)].sum(min_count=1),
            "population_share": population[list(units)].sum(min_count=1) / population.sum(),
            **{one: _mean(judgement.scores[one], population, units) for one in (ROOT, *PILLARS)},
            "indicators": {one: _mean(values[one], bases[one], units) for one in values.columns},
        }
        for key, units in parts.items()
    }
    index = {key: one[ROOT] for key, one in told.items() if not np.isnan(one[ROOT])}
    made: dict[str, Any] = {"better": None, "worse": None, "points": float("nan"), "drivers": []}
    made["unknown_points"] = float("nan")
    if len(index) >= _PAIR and judgement.basis is not None:
        better, worse = max(index, key=index.__getitem__), min(index, key=index.__getitem__)
        known = judgement.scores[ROOT].notna() & (population > 0)
        sides = [pd.Index(told[one]["districts"]) for one in (better, worse)]
        shares = _between(
            _made(judgement, population, known, rules), population[known], sides, rules
        )
        made |= {"better": better, "worse": worse, "points": shares.total}
        made["drivers"] = _sorted(shares.table).rename_axis("id").reset_index().to_dict("records")
        made["unknown_points"] = shares.rest
    return {"parts": told, **made}


def _made(
    judgement: Judgement, population: pd.Series, known: pd.Series, rules: Rules
) -> dict[str, Any]:
    """Lay out what the index is made of, as `decomposition.by_indicator` takes it."""
    tree = judgement.tree
    weights = composite.unit_weights(judgement.scores, tree)
    scores = judgement.scores[list(weights.columns)]
    if rules.aggregation == ARITHMETIC:
        split = decomposition.contributions(scores, weights, population=population)
        return {"parts": split.parts[known], "levelled": split.levelled[known]}

    def combine(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Build the index of scores of indicators."""
        built = composite.build(
            pd.DataFrame(table, columns=scores.columns),
            tree,
            normalise=lambda data, _: data,
            aggregate=AGGREGATES[rules.aggregation],
        )
        return built.scores[ROOT].to_numpy(dtype=float)

    return {"parts": scores[known], "combine": combine}


def _between(
    made: Mapping[str, Any], people: pd.Series, sides: list[pd.Index], rules: Rules
) -> decomposition.Shares:
    """Share out the difference between the means of two sets of districts."""
    better, worse = (people.index.intersection(one) for one in sides)
    if "combine" not in made:
        return decomposition.between(**made, population=people, better=better, worse=worse)
    weight = [people.where(people.index.isin(one), 0.0) for one in (better, worse)]
    contrast = (weight[0] / weight[0].sum() - weight[1] / weight[1].sum()).to_numpy()

    def apart(value: pd.Series, *, population: pd.Series) -> float:  # noqa: ARG001 - a measure
        """Take one mean off the other."""
        return float(contrast @ value.to_numpy())

    return decomposition.by_indicator(
        **made,
        population=people,
        measure=apart,
        draws=_draws(len(made["parts"].columns), _work(made)),
        rng=np.random.default_rng(rules.seed),
    )


def _work(made: Mapping[str, Any]) -> int:
    """Count the numbers that a coalition takes: parts add up fast, scores are built anew."""
    return len(made["parts"]) if "combine" not in made else _SLOWER * made["parts"].size


def _groups(tree: pd.DataFrame, leaves: pd.Index) -> dict[str, pd.Series | None]:
    """Tell which area of a pillar and which pillar every indicator belongs to."""
    parent = tree.set_index("id")["parent"]

    def path(leaf: str) -> list[str]:
        """Climb from an indicator to the root, which comes first."""
        return [leaf] if pd.isna(parent[leaf]) else [*path(parent[leaf]), leaf]

    paths = {one: path(one) for one in leaves}
    return {
        INDICATOR: None,
        AREA: pd.Series({one: way[2] for one, way in paths.items()}),
        PILLAR: pd.Series({one: way[1] for one, way in paths.items()}),
    }


def _draws(players: int, numbers: int) -> int:
    """Choose how many orders to draw: fewer where each takes longer."""
    return int(np.clip(_WORK / (players * numbers), _LEAST_DRAWS, decomposition.DRAWS))


def _rows(measure: str, by: str, shares: decomposition.Shares, times: float) -> pd.DataFrame:
    """Lay shares out in the long table."""
    table = _sorted(shares.table).rename_axis("id").reset_index()
    table[["points", "error"]] *= times
    return table.assign(measure=measure, by=by)


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    """Put the largest points first, by name where they are alike."""
    return table.sort_index().sort_values("points", ascending=False, kind="stable")


def _mean(value: pd.Series, weight: pd.Series, units: Iterable[str]) -> float:
    """Average a value over the people of some districts."""
    at = list(units)
    return mean(value[at], weight[at])
