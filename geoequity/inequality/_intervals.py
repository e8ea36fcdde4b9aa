"""How far a measure could differ, had other units been drawn or the truth been another."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from inspect import isfunction, signature
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity import schema
from geoequity._cores import in_order
from geoequity.errors import DataError, shown
from geoequity.inequality._many import of_draws
from geoequity.inequality._people import FORMS, People, grouped, people_of

_BLOCK = 2**20  # units drawn at a time


@dataclass(frozen=True)
class Interval:
    """
    A measure and how far chance could have moved it.

    Parameters
    ----------
    value
        The measure on all units as they are published; `posterior` says what
        it is where they are not.
    low
        Lower end of the interval; NaN where the measure is undefined in a draw.
    high
        Upper end.
    """

    value: float
    low: float
    high: float


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
        Any function called as ``measure(value, population=population)``. A measure of
        this module, such as `gini`, or one whose options `functools.partial` fixes, counts
        how often a unit is drawn, which is quick. Any other function, such as a lambda,
        gets the Series of each draw with their ids, repeated, so that
        ``rank.loc[value.index]`` fetches what goes with them.
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
    >>> from geoequity.inequality import gini
    >>> bootstrap(gini, value, population=population, strata=None, draws=9, rng=rng)
    Interval(value=0.0, low=0.0, high=0.0)
    """
    if draws < 1 or not 0 < level < 1:
        msg = f"draws: must be 1 or more, and level between 0 and 1, not {draws} and {level}"
        raise DataError(msg)
    people = people_of(value, population, signed=True, strata=strata)
    estimate = float(measure(value, population=population))
    people = people.taken(np.argsort(people.value, kind="stable"))
    samples = _draw(people, strata, draws=draws, rng=rng)
    form = _form(measure)
    if form is None:
        form = partial(_of_units, measure)
        found = [_defined(form, people.taken(drawn)) for drawn in samples]
    else:
        found = list(in_order(partial(_counted, form, people, drawn) for drawn in samples))
    tail = (1 - level) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return Interval(estimate, float(low), float(high))


def posterior(
    measure: Callable[..., float],
    draws: pd.DataFrame,
    *,
    population: pd.Series,
    value: pd.Series | None = None,
    level: float = 0.9,
) -> Interval:
    """
    Tell how far a measure could differ, the values of units being known with error.

    It answers for error in the data, not for units that are a sample. The draws must be
    of the true values together, as :mod:`geoequity.smallsample` gives them. Observed
    values with noise on top would have units further apart than they are, and estimates
    drawn towards one another have them too close: the measure of published values need
    not lie in the middle of the interval, nor even within.

    Parameters
    ----------
    measure
        Any function called as ``measure(value, population=population)``, as for
        `bootstrap`.
    draws
        Draws x units: equally likely true values, as `measure` accepts them. A unit is NaN
        throughout where nothing is drawn, else nowhere.
    population
        Residents per unit [persons], on the index of units.
    value
        Published value per unit, on the same index. It stands in every draw where nothing
        is drawn, and the measure of it is reported; None reports the median over the draws
        and leaves units of which nothing is drawn out.
    level
        Share of draws within the interval, between 0 and 1.

    Returns
    -------
    interval
        The measure, and its percentiles over the draws.

    Raises
    ------
    DataError
        If there are no draws, a unit is unknown in part of them, `level` is out of range,
        the indexes differ, or as in `coverage` or in `measure`.

    Notes
    -----
    Quantiles at p (n + 1), so that one more draw would fall within an interval of level
    0.9 nine times out of ten.

    Examples
    --------
    >>> draws = pd.DataFrame({"a": [1.0] * 19, "b": np.arange(1.0, 20.0)})
    >>> from geoequity.inequality import gini
    >>> posterior(gini, draws, population=pd.Series({"a": 5.0, "b": 5.0}))
    Interval(value=0.4090909090909091, low=0.0, high=0.45)
    """
    found = _on_draws(measure, draws, population=population, value=value, level=level)
    estimate = np.median(found) if value is None else measure(value, population=population)
    return _between(float(estimate), found, level)


def posterior_change(
    measure: Callable[..., float],
    before: pd.DataFrame,
    *,
    after: pd.DataFrame,
    population: pd.Series,
    value: pd.Series,
    value_after: pd.Series,
    level: float = 0.9,
) -> Interval:
    """
    Tell how far the change of a measure could differ, errors being common to both ends.

    Row by row, both tables must be drawn of one state of the world: then what nobody
    knows of the world cancels as far as it is the same before and after, and what is
    left is the error of the change.

    Parameters
    ----------
    measure
        As for `posterior`.
    before
        Draws x units before; a unit is NaN throughout where nothing is drawn.
    after
        The same after, rows that stand at one place belonging together.
    population
        Residents per unit [persons], on the index of units, the same before and after.
    value
        Published value per unit before, as for `posterior`.
    value_after
        The same after.
    level
        Share of draws within the interval, between 0 and 1.

    Returns
    -------
    interval
        The measure after less the measure before, and percentiles of the difference.

    Raises
    ------
    DataError
        If the two are not as many draws, or as in `posterior`.

    Examples
    --------
    >>> before = pd.DataFrame({"a": np.arange(1.0, 20.0), "b": np.arange(1.0, 20.0)})
    >>> value, people = pd.Series({"a": 10.0, "b": 10.0}), pd.Series({"a": 5.0, "b": 5.0})
    >>> from geoequity.inequality import absolute_gini
    >>> found = posterior_change(
    ...     absolute_gini,
    ...     before,
    ...     after=before.assign(b=before["b"] + 2.0),
    ...     population=people,
    ...     value=value,
    ...     value_after=value + [0.0, 2.0],
    ... )
    >>> round(found.value, 6), round(found.low, 6), round(found.high, 6)
    (0.5, 0.5, 0.5)
    """
    if len(before) != len(after):
        msg = f"draws: as many before as after, not {len(before)} and {len(after)}"
        raise DataError(msg)
    options: dict[str, Any] = {"population": population, "level": level}
    old = _on_draws(measure, before, value=value, **options)
    new = _on_draws(measure, after, value=value_after, **options)
    was, is_ = (measure(one, population=population) for one in (value, value_after))
    return _between(float(is_ - was), new - old, level)


def _between(estimate: float, found: npt.NDArray[np.float64], level: float) -> Interval:
    """Take the percentiles of a measure over draws."""
    tail = (1 - level) / 2
    low, high = np.quantile(found, [tail, 1 - tail], method="weibull")
    return Interval(estimate, float(low), float(high))


def _on_draws(
    measure: Callable[..., float],
    draws: pd.DataFrame,
    *,
    population: pd.Series,
    value: pd.Series | None,
    level: float,
) -> npt.NDArray[np.float64]:
    """Measure draw by draw."""
    if not 0 < level < 1 or draws.empty:
        msg = f"draws: must be there, and level between 0 and 1, not {len(draws)} and {level}"
        raise DataError(msg)
    unknown = draws.isna()
    partly = draws.columns[unknown.any() & ~unknown.all()]
    if len(partly):
        msg = f"draws: unknown in part, not throughout, in {shown(partly)}"
        raise DataError(msg, ids=partly)
    schema.check_unique(draws.columns, name="draws")
    if value is not None:
        schema.check_same_index(draws.iloc[0], value, names=("draws", "value"))
    first = draws.iloc[0] if value is None else draws.iloc[0].fillna(value)
    people = people_of(first.rename("draws"), population, signed=True)
    table = draws if value is None else draws.fillna(value)
    negative = np.flatnonzero((table < 0).any(axis=1))
    if len(negative):  # lest it be taken for a draw of which there is no measure
        measure(table.iloc[negative[0]].rename("draws"), population=population)
    rows = table.to_numpy(dtype=float)[:, people.places]
    form = _form(measure)
    found = None if form is None else of_draws(form, np.ascontiguousarray(rows), people)
    if found is not None:
        return found
    each = form or partial(_of_units, measure)
    return np.array([_defined(each, replace(people, value=row)) for row in rows])


def _draw(
    people: People, strata: pd.Series | None, *, draws: int, rng: np.random.Generator
) -> Iterator[npt.NDArray[np.intp]]:
    """Draw as many units from each stratum as it has, time and again."""
    count = len(people.places)
    stratum, _ = grouped(people, strata)
    units, size = np.argsort(stratum, kind="stable"), np.bincount(stratum)
    first, size = np.repeat(np.cumsum(size) - size, size), np.repeat(size, size)
    # several at a time: memory asked for in large blocks is kept, not given back each time
    for begin in range(0, draws, max(1, _BLOCK // count)):
        times = min(draws - begin, max(1, _BLOCK // count))
        if strata is None:
            yield from rng.integers(count, size=(times, count))
        else:
            yield from units[first + rng.integers(size, size=(times, count))]


def _form(measure: Callable[..., float]) -> Callable[[People], float] | None:
    """Give what a measure of ours is on people already checked; None for other functions."""
    function = measure.func if isinstance(measure, partial) else measure
    form = FORMS.get(function) if isfunction(function) else None
    if form is None:
        return None
    given = signature(measure).parameters.items()
    options = {name: one.default for name, one in given if name not in {"value", "population"}}
    return partial(form, **options)


def _of_units(measure: Callable[..., float], people: People) -> float:
    """Measure people by a function that is not ours, under the ids they have."""
    ids = people.index[people.places]
    value, population = (pd.Series(one, index=ids) for one in (people.value, people.population))
    return measure(value, population=population)


def _counted(form: Callable[[People], float], people: People, drawn: npt.NDArray[np.intp]) -> float:
    """Measure units drawn, one drawn twice being one of twice the people, in the order there is."""
    counts = np.bincount(drawn, minlength=len(people.places))
    there = np.flatnonzero(counts > 0)
    return _defined(form, people.taken(there, counts.take(there)))


def _defined(form: Callable[[People], float], people: People) -> float:
    """Measure people; NaN where there is no measure, as where nobody holds a positive value."""
    try:
        return float(form(people))
    except DataError:
        return np.nan
