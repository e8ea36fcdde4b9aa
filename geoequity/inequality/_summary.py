"""All measures that make sense of a value, on people checked and lined up once."""

from typing import Literal

import numpy as np
import pandas as pd

from geoequity.errors import DataError
from geoequity.inequality._curves import _absolute_gini, _concentration_index, _gini
from geoequity.inequality._entropy import _atkinson, _columns, _divergence_t, _theil
from geoequity.inequality._people import (
    Better,
    People,
    called,
    check_better,
    check_positive,
    people_of,
)
from geoequity.inequality._quantiles import _palma_ratio, tenths_of
from geoequity.inequality._welfare import _kolm_pollak_ede
from geoequity.schema import check_same_index

Scale = Literal["ratio", "share", "interval"]
MEASURES = (
    "mean",
    "ratio",
    "gini",
    "absolute_gini",
    "palma",
    "theil_total",
    "theil_between",
    "theil_within",
    "atkinson",
    "kolm_pollak_ede",
    "concentration",
)


def measures(
    value: pd.Series,
    *,
    population: pd.Series,
    scale: Scale,
    epsilon: float,
    better: Better = "higher",
    groups: pd.Series | None = None,
    rank: pd.Series | None = None,
) -> dict[str, float]:
    """
    Measure inequality in every way that makes sense of a value.

    Parameters
    ----------
    value
        Value per unit; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    scale
        ``ratio``, which has a true zero; ``share``, from 0 to 1, of which relative
        measures would say something else than of its complement; ``interval``.
    epsilon
        Aversion to inequality of `atkinson` and, in absolute value, of `kolm_pollak_ede`.
    better
        ``higher`` for what people want more of, ``lower`` for burdens.
    groups
        The group of each unit, on the same index, for `theil`.
    rank
        What people are ranked by, poorest lowest, on the same index.

    Returns
    -------
    measures
        ``mean``, ``ratio`` (of `tenths`), ``gini``, ``absolute_gini``, ``palma``
        (`palma_ratio`), ``theil_total``, ``theil_between``, ``theil_within``,
        ``atkinson``, ``kolm_pollak_ede`` and ``concentration``
        (`concentration_index`, by Erreygers for shares): each as the function gives
        it. NaN where it makes no sense on this scale, of values that are negative,
        or all 0, and where it would take groups, or ranks of everybody, that are not
        known.

    Raises
    ------
    DataError
        If a value on a ratio scale is negative, a share is not within 0-1, the scale
        is none of the three, or as in the functions.

    Examples
    --------
    >>> found = measures(
    ...     pd.Series([10.0, 30.0]), population=pd.Series([5.0, 5.0]), scale="ratio", epsilon=0.5
    ... )
    >>> found["mean"], found["ratio"], found["gini"]
    (20.0, 3.0, 0.25)
    """
    if scale not in {"ratio", "share", "interval"}:
        msg = f"scale: must be ratio, share or interval, not {scale!r}"
        raise DataError(msg)
    check_better(better)
    check_positive(epsilon, name="epsilon")
    people = people_of(value, population, signed=scale == "interval", **_columns(groups))
    if rank is not None:
        check_same_index(value, rank, names=(called(value), "rank"))
    row = dict.fromkeys(MEASURES, np.nan)
    row["mean"] = people.mean
    row["ratio"] = tenths_of(people, better=better).ratio
    if people.value.min() >= 0:
        row["absolute_gini"] = _absolute_gini(people)
    if row["mean"] > 0:
        row["kolm_pollak_ede"] = _kolm_pollak_ede(
            people, epsilon=epsilon, better=better, kappa=None
        )
    if not people.value.any():
        return row
    if rank is not None and rank.iloc[people.places].notna().all():
        row |= _leaning(people, rank, scale)
    if scale == "ratio":
        row["gini"] = _gini(people)
        split = _theil(people, groups, _divergence_t, by_value=True)
        row["theil_total"] = split.total
        if groups is not None:
            row |= {"theil_between": split.between, "theil_within": split.within}
        row["atkinson"] = _atkinson(people, epsilon=epsilon)
    return row


def _leaning(people: People, rank: pd.Series, scale: Scale) -> dict[str, float]:
    """Measure how a value leans to rich or poor."""
    if scale == "share":
        bounds = (0.0, 1.0)
        leans = _concentration_index(people, rank=rank, method="erreygers", bounds=bounds)
        return {"concentration": leans}
    if scale == "ratio":
        leans = _concentration_index(people, rank=rank, method="standard", bounds=None)
        return {"concentration": leans, "palma": _palma_ratio(people, rank=rank)}
    return {}
