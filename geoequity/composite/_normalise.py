"""Bring indicators to 0-100, 100 best."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from geoequity import schema
from geoequity.errors import DataError, DataWarning, shown

Normalise = Callable[[pd.DataFrame, pd.Series], pd.DataFrame]
_TOP = 100.0
_MIDDLE, _DEVIATION = 50.0, 10.0  # of standard scores


@dataclass(frozen=True)
class ByName:
    """A normalisation that knows something of every indicator by its id."""

    known: Mapping[Any, Any]
    score: Callable[[pd.DataFrame, pd.Series, Mapping[Any, Any]], pd.DataFrame]

    @property
    def __name__(self) -> str:
        """Name the kind of normalisation."""
        return self.score.__name__.removeprefix("_")

    def __call__(self, data: pd.DataFrame, better: pd.Series) -> pd.DataFrame:
        """Normalise data, units x indicators."""
        return self.score(data, better, self.known)

    def under(self, names: Mapping[Any, str]) -> Self:
        """
        Normalise columns of other names as the indicators they stand for.

        Parameters
        ----------
        names
            Name of a column -> indicator id.

        Returns
        -------
        normalise
            The same for those columns.
        """
        return replace(self, known={name: self.known[one] for name, one in names.items()})


def goalposts(posts: Mapping[str, tuple[float, float]]) -> Normalise:
    """
    Normalise by fixed values, the same for every city and date.

    What lies beyond a goalpost scores as the goalpost: more than enough is
    taken to be no better than enough.

    Parameters
    ----------
    posts
        Indicator id -> the values that score 0 and 100.

    Returns
    -------
    normalise
        Function of data and directions. It refuses, by a DataError, indicators
        that are no numbers, have no posts, or posts that contradict the direction.

    Examples
    --------
    >>> normalise = goalposts({"walk_min": (30.0, 5.0)})
    >>> data = pd.DataFrame({"walk_min": [5.0, 17.5, 60.0]})
    >>> normalise(data, pd.Series({"walk_min": "lower"}))["walk_min"].tolist()
    [100.0, 50.0, 0.0]
    """
    return ByName(posts, _goalposts)


def min_max(data: pd.DataFrame, better: pd.Series) -> pd.DataFrame:
    """
    Normalise by the worst and the best unit at hand.

    Scores then compare units with each other only, never with another city.

    Parameters
    ----------
    data
        Units x indicators.
    better
        ``higher`` or ``lower`` by indicator.

    Returns
    -------
    scores
        0-100; NaN throughout where all units are alike.

    Raises
    ------
    DataError
        If an indicator is no column, no number or infinite, or has no direction.

    Warns
    -----
    DataWarning
        If all units are alike in an indicator, or there is only one.

    Examples
    --------
    >>> data = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
    >>> min_max(data, pd.Series({"a": "lower"}))["a"].tolist()
    [100.0, 50.0, 0.0]
    """
    chosen = _chosen(data, better)
    low, high = chosen.min(), chosen.max()
    _warn_of_alike(chosen, name="min-max")
    worst, best = low.where(better == "higher", high), high.where(better == "higher", low)
    return _scaled(chosen, worst, best)


def z_score(data: pd.DataFrame, better: pd.Series) -> pd.DataFrame:
    """
    Normalise by mean and standard deviation.

    Parameters
    ----------
    data
        Units x indicators.
    better
        ``higher`` or ``lower`` by indicator.

    Returns
    -------
    scores
        50 at the mean of the units, 10 more for each standard deviation better
        (of the population); they may lie outside 0-100. NaN throughout where
        all units are alike.

    Raises
    ------
    DataError
        If an indicator is no column, no number or infinite, or has no direction.

    Warns
    -----
    DataWarning
        If all units are alike in an indicator, or there is only one.

    Examples
    --------
    >>> data = pd.DataFrame({"a": [1.0, 3.0]})
    >>> z_score(data, pd.Series({"a": "lower"}))["a"].tolist()
    [60.0, 40.0]
    """
    chosen = _chosen(data, better)
    _warn_of_alike(chosen, name="z-score")
    spread = chosen.std(ddof=0)
    score = (chosen - chosen.mean()) / spread.where(chosen.min() < chosen.max())
    return _MIDDLE + _DEVIATION * score * _sign(better)


def rank(data: pd.DataFrame, better: pd.Series) -> pd.DataFrame:
    """
    Normalise by the order of the units.

    Parameters
    ----------
    data
        Units x indicators.
    better
        ``higher`` or ``lower`` by indicator.

    Returns
    -------
    scores
        100 for the best of the known units, 0 for the worst, evenly between;
        ties share the middle, all 50 where all are alike. NaN throughout where
        fewer than two are known.

    Raises
    ------
    DataError
        If an indicator is no column, no number or infinite, or has no direction.

    Examples
    --------
    >>> data = pd.DataFrame({"a": [5.0, 1.0, 3.0]})
    >>> rank(data, pd.Series({"a": "lower"}))["a"].tolist()
    [0.0, 100.0, 50.0]
    """
    chosen = _chosen(data, better)
    place = (chosen * _sign(better)).rank(method="average")
    number = chosen.notna().sum()
    return _TOP * (place - 1) / (number - 1).where(number > 1)


def percentile(data: pd.DataFrame, better: pd.Series) -> pd.DataFrame:
    """
    Normalise by the share of units that a unit leaves behind.

    Parameters
    ----------
    data
        Units x indicators.
    better
        ``higher`` or ``lower`` by indicator.

    Returns
    -------
    scores
        Percentage of the known units that are worse, and half of those that are
        as good, itself among them: never quite 0 or 100; 50 for a single unit, and
        where all are alike.

    Raises
    ------
    DataError
        If an indicator is no column, no number or infinite, or has no direction.

    Examples
    --------
    >>> data = pd.DataFrame({"a": [5.0, 1.0]})
    >>> percentile(data, pd.Series({"a": "higher"}))["a"].tolist()
    [75.0, 25.0]
    """
    chosen = _chosen(data, better)
    place = (chosen * _sign(better)).rank(method="average")
    return _TOP * (place - 0.5) / chosen.notna().sum()


def to_targets(targets: Mapping[str, float]) -> Normalise:
    """
    Normalise by how far units have come to a target.

    Parameters
    ----------
    targets
        Indicator id -> value that scores 100; more than that scores no more.

    Returns
    -------
    normalise
        Function of data and directions: 0 for the worst unit at hand, 100 at
        the target. NaN throughout where the worst unit has reached it. It
        refuses, by a DataError, indicators that are no numbers or have no target.

    Examples
    --------
    >>> normalise = to_targets({"a": 10.0})
    >>> data = pd.DataFrame({"a": [2.0, 6.0, 20.0]})
    >>> normalise(data, pd.Series({"a": "higher"}))["a"].tolist()
    [0.0, 50.0, 100.0]
    """
    return ByName(targets, _to_targets)


def _goalposts(
    data: pd.DataFrame, better: pd.Series, posts: Mapping[Any, tuple[float, float]]
) -> pd.DataFrame:
    """Score between goalposts."""
    chosen = _chosen(data, better)
    absent = [one for one in better.index if one not in posts]
    if absent:
        msg = f"no goalposts for {shown(absent)}"
        raise DataError(msg, ids=absent)
    worst = pd.Series({one: posts[one][0] for one in better.index}, dtype=float)
    best = pd.Series({one: posts[one][1] for one in better.index}, dtype=float)
    rise = (best - worst).where(better == "higher", worst - best)
    odd = better.index[~(rise > 0)]
    if len(odd):
        msg = f"goalposts (worst, best) contradict the direction of {shown(odd)}"
        raise DataError(msg, ids=odd)
    low, high = np.minimum(worst, best), np.maximum(worst, best)
    return _scaled(chosen.clip(low, high, axis=1), worst, best)


def _to_targets(
    data: pd.DataFrame, better: pd.Series, targets: Mapping[Any, float]
) -> pd.DataFrame:
    """Score by the way to targets."""
    data = _chosen(data, better)
    absent = [one for one in better.index if one not in targets]
    if absent:
        msg = f"no target for {shown(absent)}"
        raise DataError(msg, ids=absent)
    target = pd.Series({one: targets[one] for one in better.index}, dtype=float)
    sign = _sign(better)
    chosen, goal = data * sign, target * sign
    worst = chosen.min()
    way = (goal - worst).where(goal > worst)
    return _TOP * ((chosen - worst) / way).clip(upper=1.0)


def _chosen(data: pd.DataFrame, better: pd.Series) -> pd.DataFrame:
    """Check data and directions at the door, and take the indicators to score as floats."""
    schema.check_unique(better.index, name="better")
    odd = better.index[~better.isin(["higher", "lower"])]
    if len(odd):
        msg = f"better: neither higher nor lower: {shown(odd)}"
        raise DataError(msg, ids=odd)
    schema.check_columns(data, better.index, name="data")
    return schema.floats_of(data[better.index], name="data")


def _sign(better: pd.Series) -> pd.Series:
    """Tell which way is up."""
    return pd.Series(np.where(better == "higher", 1.0, -1.0), index=better.index)


def _warn_of_alike(data: pd.DataFrame, *, name: str) -> None:
    """Warn of indicators in which all units are alike."""
    alike = data.columns[data.min() == data.max()]
    if len(alike):
        msg = f"{name} cannot score where all units are alike: {shown(alike)}"
        warnings.warn(DataWarning(msg, ids=alike), stacklevel=3)


def _scaled(data: pd.DataFrame, worst: pd.Series, best: pd.Series) -> pd.DataFrame:
    """Score the worst value 0, never -0, and the best exactly 100; NaN where the two are alike."""
    return _TOP * ((data - worst).abs() / (best - worst).abs())
