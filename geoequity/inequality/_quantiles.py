"""A person here against a person there: quantiles, tenths and ratios of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from geoequity.errors import DataError
from geoequity.inequality._line import (
    EXACT_STEP,
    mean_between,
    quantile_of,
    ranked,
    ratio_of,
)
from geoequity.inequality._people import (
    Better,
    Floats,
    People,
    check_better,
    check_share,
    on_people,
    people_of,
    positive_mean,
)

_POOREST, _RICHEST, _TENTH = 0.4, 0.9, 0.1


@dataclass(frozen=True)
class Tenths:
    """
    What the best- and the worst-served tenth of people get.

    Parameters
    ----------
    best
        Mean value of the best-served tenth, in the unit of the value.
    worst
        Mean value of the worst-served tenth.
    ratio
        Best over worst, below 1 for burdens; NaN if `worst` is 0 or either is negative.
    gap
        Distance between the two, never negative.
    """

    best: float
    worst: float
    ratio: float
    gap: float


def _quantile(people: People, *, q: float) -> float:
    """Find the value at a share of people."""
    return quantile_of(*people.line, q)


@on_people(_quantile)
def quantile(value: pd.Series, *, population: pd.Series, q: float) -> float:
    """
    Give the value that a share of people stay at or below.

    Parameters
    ----------
    value
        Value per unit, negative allowed; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    q
        Share of people, 0-1; 0.5 for the median.

    Returns
    -------
    quantile
        In the unit of the value.

    Raises
    ------
    DataError
        If `q` is not within 0-1, or as in
        `coverage`.

    Notes
    -----
    Inverse of the weighted distribution function, averaging the two values where
    exactly the share `q` of people is reached: definition 2 of [1]_.

    References
    ----------
    .. [1] Hyndman, R. J. and Fan, Y. (1996). American Statistician 50(4), 361-365.
       doi:10.1080/00031305.1996.10473566

    Examples
    --------
    >>> value, population = pd.Series([1.0, 2.0, 9.0]), pd.Series([30.0, 20.0, 50.0])
    >>> quantile(value, population=population, q=0.4)
    2.0
    >>> quantile(value, population=population, q=0.5)
    5.5
    """
    check_share(q, name="q")
    return _quantile(people_of(value, population, signed=True), q=q)


def quantiles(values: Floats, *, population: pd.Series | Floats, q: Sequence[float]) -> Floats:
    """
    Give `quantile` of many draws of the values of the same people.

    Parameters
    ----------
    values
        Draws x units, negative allowed; NaN where unknown, left out with its people.
    population
        Residents per unit [persons], in the order of the columns.
    q
        Shares of people, 0-1.

    Returns
    -------
    quantiles
        Shares x draws, in the unit of the values; NaN where nobody's value is known.

    Raises
    ------
    DataError
        If the values are not about as many units, are infinite, a population is
        negative, infinite or unknown, or a share is not within 0-1.

    Examples
    --------
    >>> draws = np.array([[1.0, 2.0, 9.0], [9.0, 1.0, 2.0]])
    >>> quantiles(draws, population=np.array([30.0, 20.0, 50.0]), q=[0.4, 0.5]).tolist()
    [[2.0, 2.0], [5.5, 2.0]]
    """
    people = np.asarray(population, dtype=float)
    if values.shape[1:] != people.shape or np.isinf(values).any():
        msg = "values: must be finite, and a column for each unit of the population"
        raise DataError(msg)
    if not ((people >= 0) & (people < np.inf)).all():
        msg = "population: negative, infinite or unknown"
        raise DataError(msg)
    for share in q:
        check_share(share, name="q")
    values = values[:, people > 0]
    order = values.argsort(axis=1)  # the unknown last
    gaps = np.isnan(values)
    known = values.shape[1] - gaps.sum(axis=1)
    upto = people[people > 0][order]
    if gaps.any():
        upto[np.arange(values.shape[1]) >= known[:, None]] = 0.0
    upto = upto.cumsum(axis=1)
    found = np.full((len(q), len(values)), np.nan)
    rows = np.flatnonzero(known > 0)
    upto, last = upto[rows], known[rows] - 1
    upto /= upto[:, -1:]
    at_row = np.arange(len(rows))
    for place, share in enumerate(q):
        at = np.minimum((upto < share - EXACT_STEP).sum(axis=1), last)
        following = np.minimum(at + (upto[at_row, at] <= share + EXACT_STEP), last)
        low, high = (values[rows, order[rows, one]] for one in (at, following))
        found[place, rows] = (low + high) / 2
    return found


def _percentile_ratio(people: People, *, high: float, low: float) -> float:
    """Divide one quantile by another."""
    positive_mean(people)
    line = people.line
    return ratio_of(quantile_of(*line, high), quantile_of(*line, low))


@on_people(_percentile_ratio)
def percentile_ratio(
    value: pd.Series, *, population: pd.Series, high: float = 0.9, low: float = 0.1
) -> float:
    """
    Compare a person near the top with a person near the bottom.

    What happens beyond and between the two percentiles does not count.

    Parameters
    ----------
    value
        Value per unit, 0 or more, on a ratio scale; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    high
        Share of people at or below the upper value, 0-1.
    low
        The same for the lower value, less than `high`.

    Returns
    -------
    percentile_ratio
        Dimensionless, 1 or more; NaN when the lower value is 0.

    Raises
    ------
    DataError
        If `high` and `low` are not within 0-1 or not in order, or as in `gini`.

    Examples
    --------
    >>> value, population = pd.Series([2.0, 10.0]), pd.Series([50.0, 50.0])
    >>> percentile_ratio(value, population=population)
    5.0
    """
    _check_ends(low, high)
    return _percentile_ratio(people_of(value, population), high=high, low=low)


def _percentile_gap(people: People, *, high: float, low: float) -> float:
    """Take one quantile off another."""
    line = people.line
    return quantile_of(*line, high) - quantile_of(*line, low)


@on_people(_percentile_gap)
def percentile_gap(
    value: pd.Series, *, population: pd.Series, high: float = 0.9, low: float = 0.1
) -> float:
    """
    Measure how far a person near the top stands above a person near the bottom.

    What happens beyond and between the two percentiles does not count.

    Parameters
    ----------
    value
        Value per unit, negative allowed; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    high
        Share of people at or below the upper value, 0-1.
    low
        The same for the lower value, less than `high`.

    Returns
    -------
    percentile_gap
        In the unit of the value, 0 or more.

    Raises
    ------
    DataError
        If `high` and `low` are not within 0-1 or not in order, or as in
        `coverage`.

    Examples
    --------
    >>> value, population = pd.Series([2.0, 10.0]), pd.Series([50.0, 50.0])
    >>> percentile_gap(value, population=population)
    8.0
    """
    _check_ends(low, high)
    return _percentile_gap(people_of(value, population, signed=True), high=high, low=low)


def _check_ends(low: float, high: float) -> None:
    """Refuse two shares of people that are none, or not in order."""
    check_share(low, name="low")
    check_share(high, name="high")
    if not low < high:
        msg = f"low: must be less than high, not {low} against {high}"
        raise DataError(msg)


def tenths(value: pd.Series, *, population: pd.Series, better: Better = "higher") -> Tenths:
    """
    Compare the best-served with the worst-served tenth of people.

    Parameters
    ----------
    value
        Value per unit, negative allowed; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    better
        ``higher`` for what people want more of, ``lower`` for burdens.

    Returns
    -------
    tenths
        Mean value of each tenth, their ratio and the gap between them. The unit that
        straddles a tenth is split.

    Raises
    ------
    DataError
        If `better` is neither word, or as in
        `coverage`.

    Examples
    --------
    >>> value, population = pd.Series([2.0, 5.0, 8.0]), pd.Series([10.0, 80.0, 10.0])
    >>> served = tenths(value, population=population)
    >>> served.ratio, served.gap
    (4.0, 6.0)
    """
    check_better(better)
    return tenths_of(people_of(value, population, signed=True), better=better)


def tenths_of(people: People, *, better: Better) -> Tenths:
    """
    Do what `tenths` does, on people already checked.

    Parameters
    ----------
    people
        In any order.
    better
        As of `tenths`.

    Returns
    -------
    tenths
        As of `tenths`.
    """
    bottom = mean_between(*people.line, 0, _TENTH)
    top = mean_between(*people.line, 1 - _TENTH, 1)
    best, worst = (top, bottom) if better == "higher" else (bottom, top)
    return Tenths(best, worst, ratio_of(best, worst), abs(best - worst))


def _palma_ratio(people: People, *, rank: pd.Series) -> float:
    """Divide the mean of the richest by that of the poorest."""
    positive_mean(people)
    line = ranked(people, rank)
    return ratio_of(mean_between(*line, _RICHEST, 1), mean_between(*line, 0, _POOREST))


@on_people(_palma_ratio)
def palma_ratio(value: pd.Series, *, population: pd.Series, rank: pd.Series) -> float:
    """
    Compare what the richest tenth of people get with what the poorest 40 % get.

    The middle half of people does not count.

    Parameters
    ----------
    value
        Value per unit, 0 or more, on a ratio scale; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    rank
        What people are ranked by, poorest lowest, on the same index: income as it
        is, poverty with its sign turned.

    Returns
    -------
    palma_ratio
        Mean value of the richest tenth over that of the poorest 40 %; 1 when both
        get the same, NaN when the poorest 40 % get nothing.

    Raises
    ------
    DataError
        If the rank of a unit that counts is unknown or infinite, or as in `gini`.

    Notes
    -----
    Palma's ratio is one of shares of the total [1]_; the ratio of means, customary
    for access, is four times that. The unit that straddles 40 % or 90 % of people is
    split, and units of equal rank are taken together.

    References
    ----------
    .. [1] Palma, J. G. (2011). Development and Change 42(1), 87-153.

    Examples
    --------
    >>> value, population = pd.Series([10.0, 30.0]), pd.Series([50.0, 50.0])
    >>> income = pd.Series([1.0, 2.0])
    >>> palma_ratio(value, population=population, rank=income)
    3.0
    """
    return _palma_ratio(people_of(value, population, rank=rank), rank=rank)
