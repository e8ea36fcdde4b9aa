"""
A study held against truths that others measured.

Poverty, unmet needs, an index of living conditions, distances that a statistics
office measured: none of them is part of the index, and nothing is tuned to them.
What the study found is ranked beside each of them, whatever comes of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from geoequity.confidence import reason
from geoequity.judgement import ROOT
from geoequity.patterns import rank_correlation
from geoequity.schema import AREAS, PILLARS
from geoequity.summary import plain

MIN_DISTRICTS = 5  # under it ranks say nothing


def validity(
    truths: Iterable[str],
    *,
    asked: Sequence[str],
    against: Mapping[str, str],
    indicators: pd.DataFrame,
    scores: pd.DataFrame,
    better: Mapping[str, str],
    population: pd.Series,
) -> list[dict[str, Any]]:
    """
    Rank what a study found beside what others measured.

    A truth that measures the same as an indicator is set against that one alone.
    Any other is set against the index or, where that does not stand, the pillars
    that do or else the areas; and, if the city's question is about it, against the
    other indicators that it is about, each where both are known in districts enough.

    Parameters
    ----------
    truths
        Ids of stratifiers and validators that a table gives.
    asked
        Ids of the indicators that the question is about.
    against
        Truth -> the indicator that measures the same.
    indicators
        Districts x indicator ids, the truths among them; NaN is unknown.
    scores
        Districts x ``index``, pillars and areas, 0-100; NaN is unknown.
    better
        ``higher`` or ``lower`` by indicator id.
    population
        Residents of the districts; NaN where unknown.

    Returns
    -------
    found
        One entry for each pair: ``truth``, ``measure``, ``kind`` (``index``,
        ``pillar``, ``area`` or ``indicator``), ``n`` districts where both are
        known, ``rank_correlation`` (Spearman's, each district once),
        ``over_people`` (likewise, each resident once; None without a count),
        ``expected`` (1 where better goes with better if both rise, else -1) and
        ``reasons`` for which a correlation is None.
    """
    truths = list(truths)
    wide, kind = _widest(scores)
    found = []
    for truth in truths:
        if truth in against:
            pairs = [(against[truth], "indicator")]
        else:
            named = [one for one in asked if truth in asked and one not in truths]
            pairs = [*((one, kind) for one in wide), *((one, "indicator") for one in named)]
        for measure, what in pairs:
            values = scores if what != "indicator" else indicators
            if measure not in values:
                continue
            ranks = _ranks(indicators[truth], values[measure], population)
            if ranks["n"] < MIN_DISTRICTS and truth not in against:
                continue  # nothing to be said, and nothing that anyone asked to be held against
            up = what != "indicator" or better[measure] == "higher"
            found.append(
                {
                    "truth": truth,
                    "measure": measure,
                    "kind": what,
                    **ranks,
                    "expected": 1 if up == (better[truth] == "higher") else -1,
                }
            )
    return found


def _widest(scores: pd.DataFrame) -> tuple[list[str], str]:
    """Choose the widest measures that stand: the index, or pillars, or areas."""
    for names, kind in (((ROOT,), "index"), (PILLARS, "pillar"), (AREAS, "area")):
        known = [one for one in names if one in scores and scores[one].notna().any()]
        if known:
            return known, kind
    return [], "area"


def _ranks(truth: pd.Series, measure: pd.Series, population: pd.Series) -> dict[str, Any]:
    """Correlate ranks over districts and over people, where there are enough of them."""
    known = truth.notna() & measure.notna()
    count = int(known.sum())
    if count < MIN_DISTRICTS:
        why = [reason("few_districts", count=count, needed=MIN_DISTRICTS)]
        return {"n": count, "rank_correlation": None, "over_people": None, "reasons": why}
    alike = pd.Series(1.0, index=truth.index)
    over = {
        "rank_correlation": plain(rank_correlation(truth, measure, population=alike)),
        "over_people": plain(rank_correlation(truth, measure, population=population)),
    }
    why = []
    if over["rank_correlation"] is None:
        why.append(reason("all_alike"))
    elif over["over_people"] is None:
        why.append(reason("no_population"))
    return {"n": count, **over, "reasons": why}
