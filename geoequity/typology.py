"""
What kind of district: integrated, showcase, analogue, neglected, or uncertain.

Two pillars make four types. *Showcase* is the one rankings miss: technologies
high, structures low. The decoration gap says by how much, and which indicators
make it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity import inequality
from geoequity.errors import DataError
from geoequity.schema import (
    PILLARS,
    TYPES,
    check_non_negative,
    check_same_index,
    check_unique,
    floats_of,
)

UNCERTAIN = "uncertain"
NOTABLE_POINTS = 5.0  # what is nearer to where it is measured from neither leads nor lacks
NAMED = 3  # indicators of a pillar that say why
Draws: TypeAlias = npt.NDArray[np.float64]


def probabilities(
    structures: Draws,
    technologies: Draws,
    *,
    threshold: float | tuple[Draws, Draws],
    index: pd.Index,
) -> pd.DataFrame:
    """
    Count in how many draws a district is of each type.

    The draws are choices of method and equally likely data, so this is how far
    a type holds, not a chance that anything happens.

    Parameters
    ----------
    structures
        Draws x districts: scores of the structures pillar, 0-100.
    technologies
        The same of the technologies pillar.
    threshold
        Score from which a pillar is high; or, for relative types, one for each
        draw of structures and of technologies, from :func:`medians`.
    index
        Ids of the districts.

    Returns
    -------
    probabilities
        Districts x types, rows summing to 1; NaN where a pillar is unknown, or
        its threshold.

    Raises
    ------
    DataError
        If the draws are not about the same districts, there is none, or thresholds are
        not as many.

    Examples
    --------
    >>> probabilities(np.array([[60.0]]), np.array([[40.0]]), threshold=50, index=pd.Index(["a"]))
       integrated  showcase  analogue  neglected
    a         0.0       0.0       1.0        0.0
    """
    if (
        structures.shape != technologies.shape
        or structures.shape[1:] != (len(index),)
        or not len(structures)
    ):
        msg = (
            "structures, technologies and index must be about the same districts in the same draws"
        )
        raise DataError(msg)
    least = threshold if isinstance(threshold, tuple) else (threshold, threshold)
    if any(np.size(one) not in {1, len(structures)} for one in least):
        msg = f"threshold: one number, or one for each of the {len(structures)} draws"
        raise DataError(msg)
    above_s, above_t = (
        pillar - np.asarray(one, dtype=float).reshape(-1, 1)
        for pillar, one in zip((structures, technologies), least, strict=True)
    )
    known = ~(np.isnan(above_s) | np.isnan(above_t)).any(axis=0)
    high_s, high_t = above_s >= 0, above_t >= 0
    shares = {
        "integrated": high_s & high_t,
        "showcase": ~high_s & high_t,
        "analogue": high_s & ~high_t,
        "neglected": ~high_s & ~high_t,
    }
    table = {one: np.where(known, shares[one].mean(axis=0), np.nan) for one in TYPES}
    return pd.DataFrame(table, index=index)


def types(probability: pd.DataFrame, *, min_probability: float) -> pd.Series:
    """
    Name the type of each district, or say that it is uncertain.

    Parameters
    ----------
    probability
        Districts x types, from :func:`probabilities`.
    min_probability
        Probability a type must reach to be stated; two that are equally likely
        are not stated.

    Returns
    -------
    type
        One of the four types, ``uncertain``, or None where a pillar is unknown.

    Raises
    ------
    DataError
        If there are no types, or a probability is no number.

    Examples
    --------
    >>> table = pd.DataFrame({"integrated": [0.9, 0.6], "neglected": [0.1, 0.4]})
    >>> types(table, min_probability=0.8).tolist()
    ['integrated', 'uncertain']
    """
    if not len(probability.columns):
        msg = "probability: there are no types to choose from"
        raise DataError(msg)
    probability = floats_of(probability, name="probability")
    known = probability.notna().all(axis=1)
    best = probability.fillna(0.0).idxmax(axis=1)
    most = probability.max(axis=1)
    sure = (most >= min_probability) & (probability.eq(most, axis=0).sum(axis=1) == 1)
    named = best.where(sure, UNCERTAIN).astype(object)
    return named.where(known, None).rename("type")


def medians(scores: Draws, *, population: pd.Series) -> Draws:
    """
    Find the score that the middle resident has, draw by draw.

    The thresholds of relative types: they part a city by its own middle, so in
    every city somebody is below them, and types by them are never compared
    across cities.

    Parameters
    ----------
    scores
        Draws x districts: scores of a pillar, 0-100; NaN = unknown.
    population
        Residents of the districts, in their order; NaN = unknown, left out.

    Returns
    -------
    medians
        One a draw, by the rule of :func:`geoequity.inequality.quantile`; NaN
        where nobody's score is known.

    Raises
    ------
    DataError
        If the scores are not about as many districts, or a population is text, negative
        or infinite.

    Examples
    --------
    >>> medians(np.array([[10.0, 20.0, 60.0]]), population=pd.Series([1.0, 1.0, 3.0])).tolist()
    [60.0]
    """
    if scores.shape[1:] != (len(population),):
        msg = "scores and population must be about the same districts"
        raise DataError(msg)
    check_non_negative(population, name="population")
    people = population.to_numpy(dtype=float)
    counted = people > 0
    return inequality.quantiles(scores[:, counted], population=people[counted], q=[0.5])[0]


def decoration_gap(structures: pd.Series, technologies: pd.Series) -> pd.Series:
    """
    Measure how far technologies run ahead of structures.

    Parameters
    ----------
    structures
        Scores of the structures pillar by district, 0-100; NaN = unknown.
    technologies
        The same of the technologies pillar.

    Returns
    -------
    decoration_gap
        Technologies minus structures [points, -100 to 100]: above 0 technology
        decorates, below 0 it lags; NaN where a pillar is unknown.

    Raises
    ------
    DataError
        If the two are about different districts, or a score is no number or infinite.

    Examples
    --------
    >>> decoration_gap(pd.Series([20.0]), pd.Series([65.0])).tolist()
    [45.0]
    """
    check_same_index(structures, technologies, names=("structures", "technologies"))
    both = floats_of(pd.concat([structures, technologies], axis=1, keys=PILLARS), name="pillars")
    return (both["technologies"] - both["structures"]).rename("decoration_gap")


def decoration_reasons(
    scores: pd.DataFrame,
    gap: pd.Series,
    *,
    pillars: Mapping[str, str],
    means: pd.Series,
    threshold: float,
) -> pd.DataFrame:
    """
    Name the indicators that make the decoration gap of each district.

    In the pillar that is ahead, those furthest ahead of the city; in the one
    behind, those furthest behind it. Where a pillar has none that stands out
    from the city by five points, distances are from the threshold instead: the
    whole city may be decorated alike.

    Parameters
    ----------
    scores
        Districts x indicators, 0-100; NaN = unknown.
    gap
        Decoration gap by district, on the same index; NaN = unknown.
    pillars
        Pillar of each indicator.
    means
        The city's mean score of each indicator; NaN = unknown, then distances
        are from the threshold.
    threshold
        Score from which a pillar is high.

    Returns
    -------
    reasons
        Columns ``ahead`` and ``behind``: lists of up to three indicators, the
        furthest first; empty where the gap is unknown or 0, or none stands out.

    Raises
    ------
    DataError
        If scores and gap are about different districts, a district stands twice, or a
        number is text or infinite.

    Examples
    --------
    >>> table = pd.DataFrame({"wifi": [90.0, 10.0], "school": [20.0, 60.0]})
    >>> of = {"wifi": "technologies", "school": "structures"}
    >>> gap = pd.Series([70.0, -50.0])
    >>> decoration_reasons(table, gap, pillars=of, means=table.mean(), threshold=50)
          ahead    behind
    0    [wifi]  [school]
    1  [school]    [wifi]
    """
    check_unique(gap.index, name="gap")
    check_same_index(scores, gap, names=("scores", "gap"))
    scores, gap = (
        floats_of(scores, name="scores"),
        floats_of(gap.to_frame("gap"), name="gap")["gap"],
    )
    members = {one: [key for key in scores.columns if pillars.get(key) == one] for one in PILLARS}
    places = {one: scores.columns.get_indexer(named) for one, named in members.items()}
    from_city = (scores - means.reindex(scores.columns)).to_numpy()
    from_threshold = (scores - threshold).to_numpy()
    rows: list[dict[str, list[str]]] = []
    for row, points in enumerate(gap):
        if pd.isna(points) or points == 0:
            rows.append({"ahead": [], "behind": []})
            continue
        ahead, behind = PILLARS[::-1] if points > 0 else PILLARS
        distances = from_city[row], from_threshold[row]
        rows.append(
            {
                "ahead": _furthest(members[ahead], [one[places[ahead]] for one in distances]),
                "behind": _furthest(members[behind], [-one[places[behind]] for one in distances]),
            }
        )
    return pd.DataFrame(rows, index=gap.index, columns=["ahead", "behind"])


def _furthest(named: Sequence[str], distances: Iterable[npt.NDArray[np.float64]]) -> list[str]:
    """List the indicators that stand out most, by the first distance by which any does."""
    for distance in distances:
        out = np.flatnonzero(distance >= NOTABLE_POINTS)
        if len(out):
            first = out[np.argsort(-distance[out], kind="stable")][:NAMED]
            return [str(named[one]) for one in first]
    return []
