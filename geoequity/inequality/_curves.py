"""Who holds what share: Lorenz and concentration curves and the indices drawn from them."""

from typing import Literal

import numpy as np
import pandas as pd

from geoequity.errors import DataError, shown
from geoequity.inequality._line import mean_between, quantile_of, ranked, slack
from geoequity.inequality._people import (
    Better,
    Floats,
    People,
    check_better,
    cumulated,
    on_people,
    people_of,
    positive_mean,
)

Method = Literal["standard", "erreygers", "wagstaff"]


def _gini(people: People) -> float:
    """Tell the area between equality and the Lorenz curve, as a share of what it could be."""
    return slack(*people.line) / positive_mean(people)


@on_people(_gini)
def gini(value: pd.Series, *, population: pd.Series) -> float:
    """
    Measure how unequally people share a value.

    Every resident of a unit is taken to enjoy that unit's value, so the
    result compares people, not areas, and inequality inside a unit is unseen.

    Parameters
    ----------
    value
        Non-negative value per unit on a ratio scale, indexed by ``unit_id``.
        NaN means unknown, and its unit is left out with its people.
    population
        Residents per unit [persons], on the same index.

    Returns
    -------
    gini
        Dimensionless, from 0 (all alike) up to, not reaching, 1.

    Raises
    ------
    DataError
        If the indexes differ, a column is text, a value is negative or infinite,
        a population is negative, unknown or zero everywhere, no value is known, or no
        people hold a positive value.

    Notes
    -----
    One minus twice the area under the Lorenz curve, by trapezoids, which is twice
    the covariance of value and mid-rank over the mean [1]_. No small-sample
    correction.

    References
    ----------
    .. [1] Lerman, R. and Yitzhaki, S. (1989). J. Econometrics 42(1), 43-47.

    Examples
    --------
    >>> value, population = pd.Series([0.0, 10.0]), pd.Series([50.0, 50.0])
    >>> gini(value, population=population)
    0.5
    """
    return _gini(people_of(value, population))


def _extended_gini(people: People, *, nu: float, better: Better) -> float:
    """Weigh the Lorenz curve, from below for goods and from above for burdens."""
    ordered, edges = people.line
    if better == "lower":
        ordered, edges = -ordered[::-1], 1 - edges[::-1]
    return slack(ordered, edges, nu=nu) / positive_mean(people)


@on_people(_extended_gini)
def extended_gini(
    value: pd.Series, *, population: pd.Series, nu: float, better: Better = "higher"
) -> float:
    """
    Measure inequality with more concern for those who are worst off.

    The concern `nu` is a value judgement, to be stated beside the number.

    Parameters
    ----------
    value
        Value per unit, 0 or more, on a ratio scale; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    nu
        Concern for the worst-off, above 1; 2 gives the Gini index, and the limit is
        the distance from the mean to the worst value, over the mean.
    better
        ``higher`` for what people want more of; ``lower`` for burdens, of which those
        who bear most are worst off.

    Returns
    -------
    extended_gini
        Dimensionless, from 0 (all alike) up to, not reaching, 1, or `nu` - 1 for
        burdens.

    Raises
    ------
    DataError
        If `nu` is not above 1, `better` is neither word, or as in `gini`.

    Notes
    -----
    The Lorenz curve weighed by nu (nu - 1) (1 - p)^(nu - 2) [1]_ [2]_, integrated
    exactly along its straight pieces, so that splitting a unit changes nothing. For
    whole `nu` it is how far the worst of `nu` people drawn at random is from the mean.

    References
    ----------
    .. [1] Yitzhaki, S. (1983). Int. Economic Review 24(3), 617-628.
       doi:10.2307/2648789
    .. [2] Donaldson, D. and Weymark, J. A. (1980). J. Economic Theory 22(1), 67-86.
       doi:10.1016/0022-0531(80)90065-4

    Examples
    --------
    >>> value, population = pd.Series([0.0, 10.0]), pd.Series([50.0, 50.0])
    >>> extended_gini(value, population=population, nu=3)
    0.75
    """
    if not nu > 1:
        msg = f"nu: must be above 1, not {nu}"
        raise DataError(msg)
    check_better(better)
    return _extended_gini(people_of(value, population), nu=nu, better=better)


def _absolute_gini(people: People) -> float:
    """Give half the mean absolute difference."""
    return slack(*people.line)


@on_people(_absolute_gini)
def absolute_gini(value: pd.Series, *, population: pd.Series) -> float:
    """
    Measure how far apart people are, in the unit of the value.

    For shares and scores, where a ratio to the mean says little: the result is
    the same for a share and for its complement.

    Parameters
    ----------
    value
        Value per unit, 0 or more; NaN where unknown.
    population
        Residents per unit [persons], on the same index.

    Returns
    -------
    absolute_gini
        Half the mean absolute difference between two people, in the unit of the
        value; 0 when all are alike.

    Raises
    ------
    DataError
        If the indexes differ, a column is text, a value is negative or infinite,
        or a population is negative, unknown or zero everywhere.

    Notes
    -----
    The Gini index times the mean, defined also where the mean is 0.

    Examples
    --------
    >>> value, population = pd.Series([0.0, 10.0]), pd.Series([50.0, 50.0])
    >>> absolute_gini(value, population=population)
    2.5
    """
    return _absolute_gini(people_of(value, population))


def _hoover(people: People) -> float:
    """Halve the mean deviation from the mean, over the mean."""
    mean = positive_mean(people)
    return people.over(np.abs(people.value - mean)) / mean / 2


@on_people(_hoover)
def hoover(value: pd.Series, *, population: pd.Series) -> float:
    """
    Tell the share of the total that would have to change hands to make all alike.

    Transfers on one side of the mean leave it unmoved.

    Parameters
    ----------
    value
        Value per unit, 0 or more, on a ratio scale; NaN where unknown.
    population
        Residents per unit [persons], on the same index.

    Returns
    -------
    hoover
        Share, from 0 (all alike) up to, not reaching, 1.

    Raises
    ------
    DataError
        As in `gini`.

    Notes
    -----
    Half the mean absolute deviation from the mean, over the mean [1]_.

    References
    ----------
    .. [1] Hoover, E. M. (1936). Review of Economics and Statistics 18, 162-171.

    Examples
    --------
    >>> value, population = pd.Series([0.0, 10.0]), pd.Series([50.0, 50.0])
    >>> hoover(value, population=population)
    0.5
    """
    return _hoover(people_of(value, population))


def _wolfson(people: People) -> float:
    """Compare the halves of people and take off what is inequality alone."""
    mean = positive_mean(people)
    ordered, edges = people.line
    median = quantile_of(ordered, edges, 0.5)
    if median == 0:
        msg = f"{people.name}: half the people hold 0, so there is no Wolfson index"
        raise DataError(msg)
    # 1 - 2 L(1/2) times the mean is the mean less the mean of the lower half
    return (mean - mean_between(ordered, edges, 0, 0.5) - slack(ordered, edges)) / median


@on_people(_wolfson)
def wolfson(value: pd.Series, *, population: pd.Series) -> float:
    """
    Measure how far a city has fallen apart into two camps.

    Polarisation is not inequality: moving people away from the middle raises it
    even where the Gini index stays.

    Parameters
    ----------
    value
        Value per unit, 0 or more, on a ratio scale; NaN where unknown.
    population
        Residents per unit [persons], on the same index.

    Returns
    -------
    wolfson
        Dimensionless; 0 when all are alike, 0.5 when half the people have nothing
        and the other half all of it in equal parts.

    Raises
    ------
    DataError
        If the median is 0, or as in `gini`.

    Notes
    -----
    (1 - 2 L(1/2) - G) times mean over median, L the Lorenz curve and G the Gini
    index [1]_. Some authors publish twice this number.

    References
    ----------
    .. [1] Wolfson, M. C. (1994). American Economic Review 84(2), 353-358.

    Examples
    --------
    >>> value, population = pd.Series([0.0, 10.0]), pd.Series([50.0, 50.0])
    >>> wolfson(value, population=population)
    0.5
    """
    return _wolfson(people_of(value, population))


def lorenz(value: pd.Series, *, population: pd.Series) -> pd.DataFrame:
    """
    Draw up the Lorenz curve: what share of the total the least-served hold.

    Parameters
    ----------
    value
        Value per unit, 0 or more, on a ratio scale; NaN where unknown.
    population
        Residents per unit [persons], on the same index.

    Returns
    -------
    lorenz
        Cumulative shares ``population_share`` and ``value_share``, 0-1, from (0, 0)
        to (1, 1), one step a unit in ascending order of value, plainly numbered.

    Raises
    ------
    DataError
        As in `gini`.

    Examples
    --------
    >>> value, population = pd.Series([3.0, 1.0]), pd.Series([50.0, 50.0])
    >>> lorenz(value, population=population)
       population_share  value_share
    0               0.0         0.00
    1               0.5         0.25
    2               1.0         1.00
    """
    people = people_of(value, population)
    positive_mean(people)
    return _curve(*people.line)


def concentration_curve(
    value: pd.Series, *, population: pd.Series, rank: pd.Series
) -> pd.DataFrame:
    """
    Draw up the concentration curve: what share of the total the poorest hold.

    It lies above the diagonal where the poor have more than their share, and may
    cross it, which no single index shows.

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
    concentration_curve
        Cumulative shares ``population_share`` and ``value_share``, 0-1, from (0, 0)
        to (1, 1), one step a rank, plainly numbered. Units of equal rank are one step.

    Raises
    ------
    DataError
        If the rank of a unit that counts is unknown or infinite, or as in `gini`.

    Notes
    -----
    One minus twice the area under it is the standard `concentration_index` [1]_; along
    the value itself it is the Lorenz curve.

    References
    ----------
    .. [1] Kakwani, N., Wagstaff, A. and van Doorslaer, E. (1997). J. Econometrics
       77(1), 87-103. doi:10.1016/S0304-4076(96)01807-6

    Examples
    --------
    >>> value, population = pd.Series([3.0, 1.0]), pd.Series([50.0, 50.0])
    >>> income = pd.Series([1.0, 2.0])
    >>> concentration_curve(value, population=population, rank=income)
       population_share  value_share
    0               0.0         0.00
    1               0.5         0.75
    2               1.0         1.00
    """
    people = people_of(value, population, rank=rank)
    positive_mean(people)
    return _curve(*ranked(people, rank))


def _concentration_index(
    people: People, *, rank: pd.Series, method: Method, bounds: tuple[float, float] | None
) -> float:
    """Tell the slope of the value along the rank, corrected as the method asks."""
    slope = slack(*ranked(people, rank))
    if method == "standard":
        return slope / positive_mean(people)
    low, high = _checked_bounds(people, bounds)
    if method == "erreygers":
        return 4 * slope / (high - low)
    mean = people.mean
    if people.value.min() == high or people.value.max() == low:
        msg = f"{people.name}: everyone is at one bound, so there is no Wagstaff index"
        raise DataError(msg)
    return (high - low) * slope / ((high - mean) * (mean - low))


@on_people(_concentration_index)
def concentration_index(
    value: pd.Series,
    *,
    population: pd.Series,
    rank: pd.Series,
    method: Method = "standard",
    bounds: tuple[float, float] | None = None,
) -> float:
    """
    Tell whether a value gathers among the rich (above 0) or the poor (below 0).

    Zero does not mean equality: it means no slope along the rank. Of a burden, an
    index below 0 says that the poor bear more of it.

    Parameters
    ----------
    value
        Value per unit, 0 or more; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    rank
        What people are ranked by, poorest lowest, on the same index: income as it
        is, poverty with its sign turned.
    method
        ``standard`` for ratio scales; ``erreygers`` (absolute) or ``wagstaff`` for
        values with a floor and a ceiling, such as shares.
    bounds
        Floor and ceiling the value could take, which those two need: (0, 1) for a
        share. Not the extremes observed.

    Returns
    -------
    concentration_index
        Dimensionless, between -1 and 1.

    Raises
    ------
    DataError
        If the rank of a unit that counts is unknown or infinite, `method` is none of
        the three, `bounds` are missing or out of order, a value lies outside them,
        everyone is at one bound (``wagstaff``), or as in `gini`.

    Notes
    -----
    Twice the covariance of value and mid-rank, over the mean [1]_; times 4 mean /
    (b - a) for Erreygers [2]_ and (b - a) mean / ((b - mean) (mean - a)) for Wagstaff
    [3]_, with bounds a and b. Units of equal rank share the mid-rank.

    References
    ----------
    .. [1] Kakwani, N., Wagstaff, A. and van Doorslaer, E. (1997). J. Econometrics
       77(1), 87-103. doi:10.1016/S0304-4076(96)01807-6
    .. [2] Erreygers, G. (2009). J. Health Economics 28(2), 504-515.
       doi:10.1016/j.jhealeco.2008.02.003
    .. [3] Wagstaff, A. (2005). Health Economics 14(4), 429-432. doi:10.1002/hec.953

    Examples
    --------
    >>> value, population = pd.Series([0.0, 10.0]), pd.Series([50.0, 50.0])
    >>> income = pd.Series([2.0, 1.0])
    >>> concentration_index(value, population=population, rank=income)
    -0.5
    """
    if method not in {"standard", "erreygers", "wagstaff"}:
        msg = f"method: must be standard, erreygers or wagstaff, not {method!r}"
        raise DataError(msg)
    people = people_of(value, population, rank=rank)
    return _concentration_index(people, rank=rank, method=method, bounds=bounds)


def _curve(ordered: Floats, edges: Floats) -> pd.DataFrame:
    """Sum up what people hold who stand in line."""
    held = cumulated(ordered * np.diff(edges))
    return pd.DataFrame({"population_share": edges, "value_share": held})


def _checked_bounds(people: People, bounds: tuple[float, float] | None) -> tuple[float, float]:
    """Check that floor and ceiling are in order and hold every value."""
    if bounds is None or not bounds[0] < bounds[1]:
        msg = f"bounds: this method needs a floor below a ceiling, such as (0, 1), not {bounds}"
        raise DataError(msg)
    outside = (people.value < bounds[0]) | (people.value > bounds[1])
    if outside.any():
        ids = people.ids(outside)
        msg = f"{people.name}: outside the bounds {bounds} in {shown(ids)}"
        raise DataError(msg, ids=ids)
    return bounds
