"""
How unequally the people of a city share what it offers.

Every measure takes a value per unit and the people who live there, two Series
on one index, and lets each resident of a unit enjoy that unit's value: people
are compared, not areas.

One rule for gaps holds throughout. A unit whose value is NaN (unknown) is left
out with its people, and `coverage` tells how many are left. A known value on an
unknown population is refused, for it cannot be weighed, and so is a unit with
people whose rank, group or stratum is unknown: set its value to NaN first. A unit
without people contributes nothing. Negative values are refused except by
`kolm_pollak_ede`, `kolm_pollak_index`, `fgt` and the plain statistics `quantile`,
`tenths` and `coverage`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity.errors import DataError, shown
from geoequity.schema import check_same_index

Better = Literal["higher", "lower"]
Method = Literal["standard", "erreygers", "wagstaff"]
_Floats = npt.NDArray[np.float64]

_POOREST, _RICHEST, _TENTH = 0.4, 0.9, 0.1
_EXACT_STEP = 1e-12  # share of people; far below one person, far above rounding


@dataclass(frozen=True, eq=False)
class Theil:
    """
    A Theil index, split by groups of units.

    Parameters
    ----------
    total
        The index over all people.
    between
        The part left if everyone had the mean of their group; 0 without groups.
    within
        The rest: inequality inside the groups.
    by_group
        The index among the people of each group alone, indexed by group; NaN
        where nobody in the group holds a positive value; empty without groups.
    """

    total: float
    between: float
    within: float
    by_group: pd.Series


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


@dataclass(frozen=True)
class Interval:
    """
    A measure and how far chance could have moved it.

    Parameters
    ----------
    value
        The measure on all units.
    low
        Lower end of the interval; NaN where the measure is undefined in a draw.
    high
        Upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class _People:
    """The units that count, those with people and a known value, and their places in the input."""

    value: _Floats
    population: _Floats
    places: npt.NDArray[np.intp]

    @property
    def share(self) -> _Floats:
        return self.population / self.population.sum()

    @property
    def mean(self) -> float:
        return _mean(self.value, self.population)


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
        a population is negative, unknown or zero everywhere, or no people hold a
        positive value.

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
    people = _people(value, population)
    return _slack(*_lined_up(people)) / _positive_mean(people)


def extended_gini(value: pd.Series, *, population: pd.Series, nu: float) -> float:
    """
    Measure inequality with more concern for those who have least.

    The concern `nu` is a value judgement, to be stated beside the number.

    Parameters
    ----------
    value
        Value per unit, 0 or more, on a ratio scale; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    nu
        Concern for the worst-off, above 1; 2 gives the Gini index, and the limit
        is one minus the least value over the mean.

    Returns
    -------
    extended_gini
        Dimensionless, from 0 (all alike) up to, not reaching, 1.

    Raises
    ------
    DataError
        If `nu` is not above 1, or as in `gini`.

    Notes
    -----
    The Lorenz curve weighed by nu (nu - 1) (1 - p)^(nu - 2) [1]_ [2]_, integrated
    exactly along its straight pieces, so that splitting a unit changes nothing.

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
    people = _people(value, population)
    return _slack(*_lined_up(people), nu=nu) / _positive_mean(people)


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
    return _slack(*_lined_up(_people(value, population)))


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
    people = _people(value, population)
    mean = _positive_mean(people)
    return float(people.share @ np.abs(people.value - mean)) / mean / 2


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
    people = _people(value, population)
    mean = _positive_mean(people)
    ordered, edges = _lined_up(people)
    median = _quantile(ordered, edges, 0.5)
    if median == 0:
        msg = f"{_called(value)}: half the people hold 0, so there is no Wolfson index"
        raise DataError(msg)
    # 1 - 2 L(1/2) times the mean is the mean less the mean of the lower half
    return (mean - _mean_between(ordered, edges, 0, 0.5) - _slack(ordered, edges)) / median


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
    people = _people(value, population)
    _positive_mean(people)
    ordered, edges = _lined_up(people)
    held = _edges(ordered * np.diff(edges))
    return pd.DataFrame({"population_share": edges, "value_share": held})


def coverage(value: pd.Series, *, population: pd.Series) -> float:
    """
    Tell the share of people whose value is known.

    Units of which neither value nor population is known cannot be counted.

    Parameters
    ----------
    value
        Value per unit, NaN where unknown.
    population
        Residents per unit [persons], on the same index.

    Returns
    -------
    coverage
        Share of people, 0-1.

    Raises
    ------
    DataError
        If the indexes differ, a column is text, a value is infinite, or a
        population is negative, zero everywhere, or unknown where the value is known.

    Examples
    --------
    >>> value, population = pd.Series([10.0, float("nan")]), pd.Series([30.0, 10.0])
    >>> coverage(value, population=population)
    0.75
    """
    values, residents = _checked(value, population, signed=True)
    total = np.nansum(residents)
    if total == 0:
        msg = "population: zero or unknown everywhere"
        raise DataError(msg)
    return float(residents[~np.isnan(values)].sum() / total)


def theil(value: pd.Series, *, population: pd.Series, groups: pd.Series | None = None) -> Theil:
    """
    Measure inequality and split it into between and within groups (Theil T).

    Most sensitive to differences among those who have most. The split depends on
    how the groups are drawn: finer groups move inequality from within to between.

    Parameters
    ----------
    value
        Value per unit, 0 or more, on a ratio scale; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    groups
        The group of each unit, such as its district, on the same index.

    Returns
    -------
    theil
        Dimensionless, 0 when all are alike; ``between`` and ``within`` add up to
        ``total``.

    Raises
    ------
    DataError
        If a unit that counts has no group, or as in `gini`.

    Notes
    -----
    The mean of y log y over people, y being value over mean and 0 log 0 = 0; groups
    weigh by their share of the total value [1]_.

    References
    ----------
    .. [1] Shorrocks, A. F. (1980). Econometrica 48(3), 613-625. doi:10.2307/1913126

    Examples
    --------
    >>> value, population = pd.Series([5.0, 5.0, 5.0]), pd.Series([50.0, 30.0, 20.0])
    >>> theil(value, population=population).total
    0.0
    """
    people = _people(value, population, groups=groups)
    return _theil(people, groups, _divergence_t, by_value=True)


def theil_l(value: pd.Series, *, population: pd.Series, groups: pd.Series | None = None) -> Theil:
    """
    Measure inequality and split it, minding those who have least (Theil L).

    Also known as the mean log deviation. The split depends on how the groups are
    drawn.

    Parameters
    ----------
    value
        Value per unit, above 0, on a ratio scale; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    groups
        The group of each unit, such as its district, on the same index.

    Returns
    -------
    theil_l
        Dimensionless, 0 when all are alike; ``between`` and ``within`` add up to
        ``total``.

    Raises
    ------
    DataError
        If a unit that counts has the value 0 or no group, or as in `gini`.

    Notes
    -----
    The mean of -log y over people, y being value over mean; groups weigh by their
    share of people [1]_. A single zero would make it infinite, so zeros are refused.

    References
    ----------
    .. [1] Shorrocks, A. F. (1980). Econometrica 48(3), 613-625. doi:10.2307/1913126

    Examples
    --------
    >>> value, population = pd.Series([5.0, 5.0, 5.0]), pd.Series([50.0, 30.0, 20.0])
    >>> theil_l(value, population=population).total
    0.0
    """
    people = _people(value, population, groups=groups)
    zero = value.index[people.places[people.value == 0]]
    if len(zero):
        msg = f"{_called(value)}: 0 in {shown(zero)}; Theil L needs values above 0"
        raise DataError(msg, ids=zero)
    return _theil(people, groups, _divergence_l, by_value=False)


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
    people = _people(value, population, rank=rank)
    _positive_mean(people)
    ordered, edges = _ranked(people, rank)
    rich = _mean_between(ordered, edges, _RICHEST, 1)
    return _ratio(rich, _mean_between(ordered, edges, 0, _POOREST))


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

    Zero does not mean equality: it means no slope along the rank.

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
    people = _people(value, population, rank=rank)
    slope = _slack(*_ranked(people, rank))
    if method == "standard":
        return slope / _positive_mean(people)
    low, high = _bounds(value, people, bounds)
    if method == "erreygers":
        return 4 * slope / (high - low)
    mean = people.mean
    if people.value.min() == high or people.value.max() == low:
        msg = f"{_called(value)}: everyone is at one bound, so there is no Wagstaff index"
        raise DataError(msg)
    return (high - low) * slope / ((high - mean) * (mean - low))


def atkinson(value: pd.Series, *, population: pd.Series, epsilon: float) -> float:
    """
    Tell the share of the total a city would give up to have the rest shared alike.

    The aversion `epsilon` is a value judgement, to be stated beside the number.

    Parameters
    ----------
    value
        Value per unit, 0 or more, on a ratio scale; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    epsilon
        Aversion to inequality, above 0.

    Returns
    -------
    atkinson
        Share, from 0 (all alike) to 1; 1 if `epsilon` is 1 or more and anyone has
        nothing.

    Raises
    ------
    DataError
        If `epsilon` is not a positive number, or as in `gini`.

    Notes
    -----
    One minus the equally-distributed equivalent over the mean, the equivalent being
    the power mean of order 1 - epsilon, the geometric mean for 1 [1]_.

    References
    ----------
    .. [1] Atkinson, A. B. (1970). J. Economic Theory 2(3), 244-263.

    Examples
    --------
    >>> value, population = pd.Series([1.0, 4.0]), pd.Series([50.0, 50.0])
    >>> round(atkinson(value, population=population, epsilon=1), 6)
    0.2
    """
    _check_positive(epsilon, name="epsilon")
    people = _people(value, population)
    mean = _positive_mean(people)
    least = people.value.min()
    if epsilon >= 1 and least == 0:
        return 1.0
    # relative to a value that keeps every power at or near 1; exact as epsilon nears 1
    scale = mean if epsilon <= 1 else least
    above = people.value > 0
    log = np.log(np.where(above, people.value, 1)) - np.log(scale)
    power = 1 - epsilon
    if power == 0:
        log_equivalent = people.share @ log
    else:
        log_equivalent = np.log1p(people.share @ np.where(above, np.expm1(power * log), -1)) / power
    return max(0.0, 1 - float(np.exp(log_equivalent)) * scale / mean)


def kolm_pollak_kappa(
    value: pd.Series, *, population: pd.Series, epsilon: float, better: Better = "higher"
) -> float:
    """
    Give the aversion per unit of value that a Kolm-Pollak measure derives.

    To compare before with after, take it from the baseline and pass it to both.

    Parameters
    ----------
    value
        Value per unit, negative allowed; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    epsilon
        Aversion to inequality, above 0.
    better
        ``higher`` for what people want more of, ``lower`` for burdens.

    Returns
    -------
    kappa
        Aversion per unit of the value, negative for burdens.

    Raises
    ------
    DataError
        If `epsilon` is not a positive number, `better` is neither word, the mean is
        not above 0, or
        as in `coverage`.

    Notes
    -----
    epsilon times the sum of the value over people, over the sum of its square [1]_.

    References
    ----------
    .. [1] Logan, T. M. et al. (2021). Computers, Environment and Urban Systems 86,
       101590. doi:10.1016/j.compenvurbsys.2020.101590

    Examples
    --------
    >>> value, population = pd.Series([1.0, 3.0]), pd.Series([50.0, 50.0])
    >>> kolm_pollak_kappa(value, population=population, epsilon=1)
    0.4
    """
    _check_better(better)
    return _kappa(_people(value, population, signed=True), epsilon, better, None)


def kolm_pollak_ede(
    value: pd.Series,
    *,
    population: pd.Series,
    epsilon: float,
    better: Better = "higher",
    kappa: float | None = None,
) -> float:
    """
    Give the value that, if everyone had it, would be as good as what people have.

    The aversion is a value judgement, to be stated beside the number. Unlike the
    other measures this one also judges burdens, such as minutes to a hospital.

    Parameters
    ----------
    value
        Value per unit, negative allowed; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    epsilon
        Aversion to inequality, above 0; without effect where `kappa` is given.
    better
        ``higher`` for what people want more of, ``lower`` for burdens.
    kappa
        Aversion per unit of the value, from `kolm_pollak_kappa` on the baseline, to
        be reused in every comparison; its sign follows `better`.

    Returns
    -------
    ede
        Equally-distributed equivalent in the unit of the value: at or below the mean
        if `better` is ``higher``, at or above it for burdens.

    Raises
    ------
    DataError
        If `epsilon` is not a positive number, `kappa` is 0, not finite or negative
        where higher is better, `better` is neither word, no kappa is given and the
        mean is not above 0, or as in
        `coverage`.

    Notes
    -----
    -log(mean of exp(-kappa x)) / kappa over people [1]_ [2]_. With kappa fixed, adding
    an amount to everyone adds it to the result.

    References
    ----------
    .. [1] Logan, T. M. et al. (2021). Computers, Environment and Urban Systems 86,
       101590. doi:10.1016/j.compenvurbsys.2020.101590
    .. [2] Sheriff, G. and Maguire, K. B. (2020). Risk Analysis. doi:10.1111/risa.13562

    Examples
    --------
    >>> value, population = pd.Series([1.0, 3.0]), pd.Series([50.0, 50.0])
    >>> round(kolm_pollak_ede(value, population=population, epsilon=1), 4)
    1.8051
    >>> round(kolm_pollak_ede(value, population=population, epsilon=1, better="lower"), 4)
    2.1949
    """
    _check_better(better)
    people = _people(value, population, signed=True)
    return _ede(people, _kappa(people, epsilon, better, kappa))


def kolm_pollak_index(
    value: pd.Series,
    *,
    population: pd.Series,
    epsilon: float,
    better: Better = "higher",
    kappa: float | None = None,
) -> float:
    """
    Tell how much of the value inequality costs the average person.

    The aversion is a value judgement, to be stated beside the number.

    Parameters
    ----------
    value
        Value per unit, negative allowed; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    epsilon
        Aversion to inequality, above 0; without effect where `kappa` is given.
    better
        ``higher`` for what people want more of, ``lower`` for burdens.
    kappa
        Aversion per unit of the value, from `kolm_pollak_kappa` on the baseline, to
        be reused in every comparison; its sign follows `better`.

    Returns
    -------
    index
        Distance from the mean to the equally-distributed equivalent, in the unit of
        the value; 0 when all are alike, never negative.

    Raises
    ------
    DataError
        As in `kolm_pollak_ede`.

    Notes
    -----
    With kappa fixed, adding an amount to everyone changes nothing. See
    `kolm_pollak_ede` for the sources.

    Examples
    --------
    >>> value, population = pd.Series([1.0, 3.0]), pd.Series([50.0, 50.0])
    >>> round(kolm_pollak_index(value, population=population, epsilon=1), 4)
    0.1949
    """
    _check_better(better)
    people = _people(value, population, signed=True)
    fixed = _kappa(people, epsilon, better, kappa)
    return abs(people.mean - _ede(people, fixed))


def fgt(value: pd.Series, *, population: pd.Series, line: float, alpha: float) -> float:
    """
    Measure how many people are below a line, how far, and how unequally so.

    Everything hangs on the line, so it must come from a standard, not from the data.

    Parameters
    ----------
    value
        Value per unit, more being better, negative allowed; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    line
        What everyone should have at least, above 0, in the unit of the value.
    alpha
        0 for the share of people below the line, 1 for their mean shortfall over
        everyone, 2 to mind the deepest shortfalls; any number from 0.

    Returns
    -------
    fgt
        Dimensionless; 0-1 for values that are not negative.

    Raises
    ------
    DataError
        If `line` is not a positive number, `alpha` is negative, or as in
        `coverage`.

    Notes
    -----
    The mean over all people of the shortfall, as a share of the line, to the power
    `alpha` [1]_. Who is at the line is not below it.

    References
    ----------
    .. [1] Foster, J., Greer, J. and Thorbecke, E. (1984). Econometrica 52(3), 761-766.

    Examples
    --------
    >>> value, population = pd.Series([5.0, 10.0]), pd.Series([50.0, 50.0])
    >>> fgt(value, population=population, line=10, alpha=1)
    0.25
    """
    _check_positive(line, name="line")
    if not alpha >= 0:
        msg = f"alpha: must be 0 or more, not {alpha}"
        raise DataError(msg)
    people = _people(value, population, signed=True)
    below = people.value < line
    return float(people.share[below] @ ((line - people.value[below]) / line) ** alpha)


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
    _check_share(q, name="q")
    return _quantile(*_lined_up(_people(value, population, signed=True)), q)


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
    _check_share(low, name="low")
    _check_share(high, name="high")
    if not low < high:
        msg = f"low: must be less than high, not {low} against {high}"
        raise DataError(msg)
    people = _people(value, population)
    _positive_mean(people)
    ordered, edges = _lined_up(people)
    return _ratio(_quantile(ordered, edges, high), _quantile(ordered, edges, low))


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
    _check_better(better)
    ordered, edges = _lined_up(_people(value, population, signed=True))
    bottom = _mean_between(ordered, edges, 0, _TENTH)
    top = _mean_between(ordered, edges, 1 - _TENTH, 1)
    best, worst = (top, bottom) if better == "higher" else (bottom, top)
    return Tenths(best, worst, _ratio(best, worst), abs(best - worst))


def bootstrap(
    measure: Callable[..., float],
    value: pd.Series,
    *,
    population: pd.Series,
    strata: pd.Series | None,
    draws: int,
    rng: np.random.Generator,
    level: float = 0.9,
) -> Interval:
    """
    Tell how far a measure could differ had other units been drawn.

    It answers for units that are a sample; where they are all the units there are,
    no error is drawn, and the interval must not be read as one. Strata of few units
    make it too narrow, and a stratum of one unit adds nothing to it.

    Parameters
    ----------
    measure
        Any function called as ``measure(value, population=population)``, such as
        `gini`, or a lambda that fixes the options of another one. The Series of a draw
        keep their ids, repeated, so ``rank.loc[value.index]`` fetches what goes with
        them.
    value
        Value per unit, as `measure` accepts it; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    strata
        The stratum of each unit, on the same index; units are drawn within it. None
        draws from all alike.
    draws
        How many times to draw, at least 1.
    rng
        Source of randomness; the same state gives the same interval.
    level
        Share of draws within the interval, between 0 and 1.

    Returns
    -------
    interval
        The measure on all units, and the percentiles of the draws around it.

    Raises
    ------
    DataError
        If `draws` or `level` is out of range, the stratum of a unit that counts is
        unknown, or
        as in `coverage` or in `measure`.

    Notes
    -----
    Percentile method, drawing as many units as the stratum has, with replacement. It
    understates the variance by a factor of (n - 1) / n in a stratum of n units [1]_.

    References
    ----------
    .. [1] Rao, J. N. K. and Wu, C. F. J. (1988). J. American Statistical Association
       83(401), 231-241. doi:10.1080/01621459.1988.10478591

    Examples
    --------
    >>> value, population = pd.Series([5.0, 5.0]), pd.Series([50.0, 50.0])
    >>> rng = np.random.default_rng(1)
    >>> bootstrap(gini, value, population=population, strata=None, draws=9, rng=rng)
    Interval(value=0.0, low=0.0, high=0.0)
    """
    if draws < 1 or not 0 < level < 1:
        msg = f"draws: must be 1 or more, and level between 0 and 1, not {draws} and {level}"
        raise DataError(msg)
    people = _people(value, population, signed=True, strata=strata)
    estimate = float(measure(value, population=population))
    frame = pd.DataFrame({"value": value, "population": population}).iloc[people.places]
    stratum, _ = _grouped(people, strata)
    frame = frame.iloc[np.argsort(stratum, kind="stable")]
    size = np.bincount(stratum)
    first, size = np.repeat(np.cumsum(size) - size, size), np.repeat(size, size)

    def draw() -> float:
        sample = frame.iloc[first + rng.integers(size)]
        try:
            return float(measure(sample["value"], population=sample["population"]))
        except DataError:  # such as a draw in which nobody holds a positive value
            return np.nan

    tail = (1 - level) / 2
    low, high = np.quantile([draw() for _ in range(draws)], [tail, 1 - tail])
    return Interval(estimate, float(low), float(high))


def _called(column: pd.Series, otherwise: str = "value") -> str:
    """Name a column in a message."""
    return otherwise if column.name is None else str(column.name)


def _numbers(**columns: pd.Series) -> list[_Floats]:
    """Read columns as floats, or refuse those that are not numbers."""
    text = [
        f"{_called(column, role)}: not numbers but {column.dtype}"
        for role, column in columns.items()
        if not pd.api.types.is_numeric_dtype(column)
    ]
    if text:
        raise DataError("; ".join(text))
    return [column.to_numpy(dtype=float, na_value=np.nan) for column in columns.values()]


def _checked(
    value: pd.Series, population: pd.Series, *, signed: bool = False, **beside: pd.Series | None
) -> tuple[_Floats, _Floats]:
    """Check the columns of a measure at the door, all faults at once."""
    others = {role: column for role, column in beside.items() if column is not None}
    for role, column in {"population": population, **others}.items():
        check_same_index(value, column, names=(_called(value), role))
    values, residents = _numbers(value=value, population=population)
    counts = ~np.isnan(values) & (residents > 0)
    name = _called(value)
    faults = {
        f"{name}: infinite": np.isinf(values),
        f"{name}: negative": (values < 0) & (not signed) & ~np.isinf(values),
        "population: negative or infinite": (residents < 0) | np.isinf(residents),
        f"population: unknown where {name} is known": ~np.isnan(values) & np.isnan(residents),
    }
    for role, column in others.items():
        faults[f"{role}: unknown where {name} is known"] = counts & column.isna().to_numpy()
    faults = {fault: bad for fault, bad in faults.items() if bad.any()}
    if faults:
        lines = [f"{fault} in {shown(value.index[bad])}" for fault, bad in faults.items()]
        bad = np.logical_or.reduce(list(faults.values()))
        raise DataError("; ".join(lines), ids=value.index[bad])
    return values, residents


def _people(
    value: pd.Series, population: pd.Series, *, signed: bool = False, **beside: pd.Series | None
) -> _People:
    """Check the columns of a measure and keep the units that count."""
    values, residents = _checked(value, population, signed=signed, **beside)
    places = np.flatnonzero(~np.isnan(values) & (residents > 0))
    if not len(places):
        msg = f"population: nobody lives where {_called(value)} is known"
        raise DataError(msg)
    return _People(values[places], residents[places], places)


def _positive_mean(people: _People) -> float:
    """Give the mean over people, or refuse to compare people who all have nothing."""
    if not people.value.any():
        msg = "no people hold a positive value"
        raise DataError(msg)
    return people.mean


def _check_positive(number: float, *, name: str) -> None:
    """Refuse an option that is not a positive finite number."""
    if not 0 < number < np.inf:
        msg = f"{name}: must be a number above 0, not {number}"
        raise DataError(msg)


def _check_share(number: float, *, name: str) -> None:
    """Refuse an option that is no share of people."""
    if not 0 <= number <= 1:
        msg = f"{name}: must be within 0 and 1, not {number}"
        raise DataError(msg)


def _check_better(better: str) -> None:
    """Refuse a direction that is neither of the two words."""
    if better not in {"higher", "lower"}:
        msg = f"better: must be higher or lower, not {better!r}"
        raise DataError(msg)


def _bounds(
    value: pd.Series, people: _People, bounds: tuple[float, float] | None
) -> tuple[float, float]:
    """Check that floor and ceiling are in order and hold every value."""
    if bounds is None or not bounds[0] < bounds[1]:
        msg = f"bounds: this method needs a floor below a ceiling, such as (0, 1), not {bounds}"
        raise DataError(msg)
    outside = (people.value < bounds[0]) | (people.value > bounds[1])
    if outside.any():
        ids = value.index[people.places[outside]]
        msg = f"{_called(value)}: outside the bounds {bounds} in {shown(ids)}"
        raise DataError(msg, ids=ids)
    return bounds


def _mean(values: _Floats, weights: _Floats) -> float:
    """Weighted mean, exact where all that weigh are alike."""
    base = values[np.argmax(weights)]
    return float(base + (values - base) @ weights / weights.sum())


def _edges(amount: npt.NDArray[Any]) -> _Floats:
    """Cumulative shares of an amount, from 0 to exactly 1."""
    upto = np.concatenate([[0.0], np.cumsum(amount)])
    return upto / upto[-1]


def _lined_up(people: _People) -> tuple[_Floats, _Floats]:
    """Line people up by value: the values ascending, and the shares of people between them."""
    order = np.argsort(people.value)
    return people.value[order], _edges(people.population[order])


def _ranked(people: _People, rank: pd.Series) -> tuple[_Floats, _Floats]:
    """Line people up by rank, those of equal rank as one with their mean value."""
    (ranks,) = _numbers(rank=rank)
    ranks = ranks[people.places]
    if np.isinf(ranks).any():
        ids = rank.index[people.places[np.isinf(ranks)]]
        msg = f"rank: infinite in {shown(ids)}"
        raise DataError(msg, ids=ids)
    _, tied = np.unique(ranks, return_inverse=True)
    residents = np.bincount(tied, people.population)
    return np.bincount(tied, people.population * people.value) / residents, _edges(residents)


def _slack(ordered: _Floats, edges: _Floats, nu: float = 2) -> float:
    """Area between the line of equality and the (extended) Lorenz curve, times the mean."""
    above = 1 - edges[1:-1]
    # summed over the steps up, not the people: no term cancels another, and 0 is exact
    return float(np.diff(ordered) @ (above - above**nu))


def _mean_between(ordered: _Floats, edges: _Floats, low: float, high: float) -> float:
    """Mean value of the people between two shares, splitting the units that straddle them."""
    return _mean(ordered, np.diff(np.clip(edges, low, high)))


def _quantile(ordered: _Floats, edges: _Floats, q: float) -> float:
    """Invert the distribution of people, averaging where a step is met exactly."""
    upto = edges[1:]
    at = int(np.searchsorted(upto, q - _EXACT_STEP))
    exact = upto[at] <= q + _EXACT_STEP
    return float(ordered[at] + ordered[min(at + exact, len(ordered) - 1)]) / 2


def _ratio(above: float, below: float) -> float:
    """Divide, NaN where nothing or less stands below."""
    return above / below if below > 0 <= above else np.nan


def _divergence_t(relative: _Floats) -> _Floats:
    """Theil T of each person, written so that none is negative."""
    log = np.log(np.where(relative > 0, relative, 1))
    return np.maximum(relative * log - relative + 1, 0)


def _divergence_l(relative: _Floats) -> _Floats:
    """Theil L of each person, written so that none is negative."""
    return np.maximum(relative - 1 - np.log(relative), 0)


def _grouped(people: _People, groups: pd.Series | None) -> tuple[npt.NDArray[np.intp], pd.Index]:
    """Give each unit that counts the number of its group, in order of their labels."""
    if groups is None:
        return np.zeros(len(people.places), dtype=np.intp), pd.Index([])
    return pd.factorize(groups.iloc[people.places], sort=True)


def _theil(
    people: _People,
    groups: pd.Series | None,
    divergence: Callable[[_Floats], _Floats],
    *,
    by_value: bool,
) -> Theil:
    """Sum a divergence from the mean over people, and split it by groups."""
    relative, share = people.value / _positive_mean(people), people.share
    total = float(share @ divergence(relative))
    if groups is None:
        return Theil(total, 0.0, total, pd.Series(dtype=float))
    group, labels = _grouped(people, groups)
    share_of = np.bincount(group, share)
    mean_of = np.bincount(group, share * relative) / share_of
    held = mean_of > 0
    own = divergence(relative / np.where(held, mean_of, 1)[group])
    own_of = np.bincount(group, share * own) / share_of
    weight = np.where(held, share_of * (mean_of if by_value else 1), 0)
    by_group = pd.Series(np.where(held, own_of, np.nan), index=labels, name=groups.name)
    return Theil(total, float(share_of @ divergence(mean_of)), float(weight @ own_of), by_group)


def _kappa(people: _People, epsilon: float, better: Better, kappa: float | None) -> float:
    """Derive or take the aversion per unit of value, signed for goods or burdens."""
    _check_positive(epsilon, name="epsilon")
    if kappa is None:
        total = people.population @ people.value
        if not total > 0:
            msg = "kappa: cannot be derived, for the mean is not above 0; pass kappa="
            raise DataError(msg)
        kappa = epsilon * float(total / (people.population @ people.value**2))
    elif not np.isfinite(kappa) or kappa == 0 or (kappa < 0 and better == "higher"):
        msg = f"kappa: must be a number above 0 (below 0 for burdens), not {kappa}"
        raise DataError(msg)
    return abs(kappa) if better == "higher" else -abs(kappa)


def _ede(people: _People, kappa: float) -> float:
    """Kolm-Pollak equivalent, the largest exponent taken out so that none overflows."""
    exponent = -kappa * people.value
    largest = exponent.max()
    return -float(largest + np.log(people.share @ np.exp(exponent - largest))) / kappa
