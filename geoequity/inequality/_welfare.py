"""What inequality costs people, and who has not enough: Kolm-Pollak, poverty, sufficiency."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from geoequity.errors import DataError
from geoequity.inequality._people import (
    Better,
    People,
    check_better,
    check_positive,
    on_people,
    people_of,
    total,
)


def _kolm_pollak_kappa(people: People, *, epsilon: float, better: Better) -> float:
    """Derive the aversion, signed for goods or burdens."""
    amount = total(people.population * people.value)
    if not amount > 0:
        msg = "kappa: cannot be derived, for the mean is not above 0; pass kappa="
        raise DataError(msg)
    kappa = epsilon * amount / total(people.population * people.value**2)
    return kappa if better == "higher" else -kappa


@on_people(_kolm_pollak_kappa)
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
    _check_kolm_pollak(epsilon, better, None)
    people = people_of(value, population, signed=True)
    return _kolm_pollak_kappa(people, epsilon=epsilon, better=better)


def _kolm_pollak_ede(
    people: People, *, epsilon: float, better: Better, kappa: float | None
) -> float:
    """Give the equivalent, the largest exponent taken out so that none overflows."""
    if kappa is None:
        kappa = _kolm_pollak_kappa(people, epsilon=epsilon, better=better)
    kappa = abs(kappa) if better == "higher" else -abs(kappa)
    worst = float(people.value.min() if better == "higher" else people.value.max())
    return worst - float(np.log(people.over(np.exp(-kappa * (people.value - worst))))) / kappa


@on_people(_kolm_pollak_ede)
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
    _check_kolm_pollak(epsilon, better, kappa)
    people = people_of(value, population, signed=True)
    return _kolm_pollak_ede(people, epsilon=epsilon, better=better, kappa=kappa)


def _kolm_pollak_index(
    people: People, *, epsilon: float, better: Better, kappa: float | None
) -> float:
    """Tell how far the equivalent is from the mean."""
    ede = _kolm_pollak_ede(people, epsilon=epsilon, better=better, kappa=kappa)
    return abs(people.mean - ede)


@on_people(_kolm_pollak_index)
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
    _check_kolm_pollak(epsilon, better, kappa)
    people = people_of(value, population, signed=True)
    return _kolm_pollak_index(people, epsilon=epsilon, better=better, kappa=kappa)


def _fgt(people: People, *, line: float, alpha: float, better: Better) -> float:
    """Raise the shortfalls of those who have any to a power."""
    lack = (line - people.value if better == "higher" else people.value - line) / line
    return people.over(np.where(lack > 0, np.where(lack > 0, lack, 1) ** alpha, 0))


@on_people(_fgt)
def fgt(
    value: pd.Series,
    *,
    population: pd.Series,
    line: float,
    alpha: float,
    better: Better = "higher",
) -> float:
    """
    Measure how many people miss a line, how far, and how unequally so.

    Everything hangs on the line, so it must come from a standard, not from the data.

    Parameters
    ----------
    value
        Value per unit, negative allowed; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    line
        What everyone should have at least, or bear at most, above 0, in the unit of the
        value.
    alpha
        0 for the share of people who miss the line, 1 for their mean shortfall over
        everyone, 2 to mind the deepest shortfalls; any number from 0.
    better
        ``higher`` for what people want more of, who miss the line below it; ``lower``
        for burdens, such as minutes to a clinic, who miss it above.

    Returns
    -------
    fgt
        Dimensionless; within 0-1 for an `alpha` of 0, and for goods that are not
        negative.

    Raises
    ------
    DataError
        If `line` is not a positive number, `alpha` is negative, `better` is neither
        word, or as in `coverage`.

    Notes
    -----
    The mean over all people of the shortfall, as a share of the line, to the power
    `alpha` [1]_; of a burden, the shortfall is what exceeds the line. Who is at the
    line does not miss it.

    References
    ----------
    .. [1] Foster, J., Greer, J. and Thorbecke, E. (1984). Econometrica 52(3), 761-766.

    Examples
    --------
    >>> value, population = pd.Series([5.0, 10.0]), pd.Series([50.0, 50.0])
    >>> fgt(value, population=population, line=10, alpha=1)
    0.25
    >>> fgt(value, population=population, line=8, alpha=1, better="lower")
    0.125
    """
    check_positive(line, name="line")
    if not alpha >= 0:
        msg = f"alpha: must be 0 or more, not {alpha}"
        raise DataError(msg)
    check_better(better)
    people = people_of(value, population, signed=True)
    return _fgt(people, line=line, alpha=alpha, better=better)


def sufficiency(
    value: pd.Series,
    *,
    population: pd.Series,
    thresholds: Sequence[float],
    better: Better = "higher",
) -> pd.DataFrame:
    """
    Tell how many people have enough, by each of several thresholds, and what the rest lack.

    Where the thresholds come from must be stated: a finding that turns on one of them
    is a finding about that one.

    Parameters
    ----------
    value
        Value per unit, negative allowed; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    thresholds
        What counts as enough, in the unit of the value, in any order.
    better
        ``higher`` for what people want more of, who have enough at or above a
        threshold; ``lower`` for burdens, who have enough at or below it.

    Returns
    -------
    sufficiency
        Indexed by ``threshold`` as given: ``people`` who have enough and their
        ``share`` (0-1) of those whose value is known, ``people_short`` and
        ``share_short`` who have not, and ``shortfall``, what people lack on average over
        everyone, in the unit of the value; 0 where all have enough.

    Raises
    ------
    DataError
        If there are no thresholds or one is not a finite number, `better` is neither
        word, or as in `coverage`.

    Notes
    -----
    Above 0, ``share_short`` and ``shortfall`` over the threshold are `fgt` of alpha 0 and
    1 at that line.

    Examples
    --------
    >>> value, population = pd.Series([5.0, 10.0]), pd.Series([30.0, 90.0])
    >>> enough = sufficiency(value, population=population, thresholds=[5, 8])
    >>> enough.loc[8].to_dict()
    {'people': 90.0, 'share': 0.75, 'people_short': 30.0, 'share_short': 0.25, 'shortfall': 0.75}
    """
    check_better(better)
    if not len(thresholds) or not np.isfinite(thresholds).all():
        msg = f"thresholds: must be one finite number or more, not {list(thresholds)}"
        raise DataError(msg)
    people = people_of(value, population, signed=True)
    everyone = total(people.population)
    rows = []
    for threshold in thresholds:
        lack = threshold - people.value if better == "higher" else people.value - threshold
        short = total(people.population[lack > 0])
        served = total(people.population[lack <= 0])
        shortfall = people.over(np.maximum(lack, 0))
        rows.append((served, served / everyone, short, short / everyone, shortfall))
    columns = ["people", "share", "people_short", "share_short", "shortfall"]
    return pd.DataFrame(rows, index=pd.Index(thresholds, name="threshold"), columns=columns)


def _check_kolm_pollak(epsilon: float, better: str, kappa: float | None) -> None:
    """Check the options of the Kolm-Pollak measures."""
    check_better(better)
    check_positive(epsilon, name="epsilon")
    if kappa is None:
        return
    if not np.isfinite(kappa) or kappa == 0 or (kappa < 0 and better == "higher"):
        msg = f"kappa: must be a number above 0 (below 0 for burdens), not {kappa}"
        raise DataError(msg)
