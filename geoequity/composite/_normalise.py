"""Bring indicators to 0-100, 100 best."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity import schema
from geoequity.errors import DataError, DataWarning, shown

Array = npt.NDArray[np.float64]
Normalise = Callable[[pd.DataFrame, pd.Series], pd.DataFrame]
_Ups = npt.NDArray[np.bool_]  # rows x 1: whether more of it is better
_TOP = 100.0
_MIDDLE, _DEVIATION = 50.0, 10.0  # of standard scores


@dataclass(frozen=True)
class ByName:
    """A normalisation that knows something of every indicator by its id."""

    known: Mapping[Any, Any]
    score: Callable[[pd.DataFrame, pd.Series, Mapping[Any, Any]], pd.DataFrame]
    rows: Callable[[Array, _Ups, Any], Array]

    @property
    def __name__(self) -> str:
        """Name the kind of normalisation."""
        return self.score.__name__.removeprefix("_")

    def __call__(self, data: pd.DataFrame, better: pd.Series) -> pd.DataFrame:
        """Normalise data, units x indicators."""
        return self.score(data, better, self.known)


def by_row(normalise: Normalise, *, name: str, better: str) -> Callable[[Array], Array] | None:
    """
    Tell how many states of one indicator are normalised at once.

    Parameters
    ----------
    normalise
        A normalisation.
    name
        Indicator id.
    better
        ``higher`` or ``lower``.

    Returns
    -------
    by_row
        Function of states x units, already checked, that scores every row by itself
        as `normalise` scores a column; None if it is not of this package.
    """
    up = np.array([[better == "higher"]])
    if isinstance(normalise, ByName):
        known = np.asarray(normalise.known[name], dtype=float)[..., None, None]
        rows = normalise.rows
        return lambda values: rows(values, up, known)
    for one, rows_of in _ROWS:
        if normalise is one:
            return lambda values: rows_of(values, up)
    return None


def marked(normalise: Normalise, *, name: str) -> tuple[object, ...] | None:
    """
    Say as data what a normalisation does to one indicator.

    Parameters
    ----------
    normalise
        A normalisation.
    name
        Indicator id.

    Returns
    -------
    marked
        Equal where scores are; None if it is not of this package.
    """
    if isinstance(normalise, ByName):
        return (normalise.__name__, normalise.known[name]) if name in normalise.known else None
    return next(((one.__name__,) for one, _ in _ROWS if normalise is one), None)


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
    return ByName(posts, _goalposts, _goalposts_rows)


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
    _warn_of_alike(chosen, name="min-max")
    return _by_rows(_min_max_rows, chosen, better)


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
    return _by_rows(_z_score_rows, chosen, better)


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
    return _by_rows(_rank_rows, _chosen(data, better), better)


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
    return _by_rows(_percentile_rows, _chosen(data, better), better)


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
    return ByName(targets, _to_targets, _to_targets_rows)


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
    posts_of = np.array([worst, best], dtype=float)[:, :, None]
    return _by_rows(partial(_goalposts_rows, known=posts_of), chosen, better)


def _to_targets(
    data: pd.DataFrame, better: pd.Series, targets: Mapping[Any, float]
) -> pd.DataFrame:
    """Score by the way to targets."""
    data = _chosen(data, better)
    absent = [one for one in better.index if one not in targets]
    if absent:
        msg = f"no target for {shown(absent)}"
        raise DataError(msg, ids=absent)
    goals = np.array([targets[one] for one in better.index], dtype=float)[:, None]
    return _by_rows(partial(_to_targets_rows, known=goals), data, better)


def _chosen(data: pd.DataFrame, better: pd.Series) -> pd.DataFrame:
    """Check data and directions at the door, and take the indicators to score as floats."""
    schema.check_unique(better.index, name="better")
    odd = better.index[~better.isin(["higher", "lower"])]
    if len(odd):
        msg = f"better: neither higher nor lower: {shown(odd)}"
        raise DataError(msg, ids=odd)
    schema.check_columns(data, better.index, name="data")
    return schema.floats_of(data[better.index], name="data")


def _warn_of_alike(data: pd.DataFrame, *, name: str) -> None:
    """Warn of indicators in which all units are alike."""
    alike = data.columns[data.min() == data.max()]
    if len(alike):
        msg = f"{name} cannot score where all units are alike: {shown(alike)}"
        warnings.warn(DataWarning(msg, ids=alike), stacklevel=3)


def _by_rows(
    rows: Callable[[Array, _Ups], Array], data: pd.DataFrame, better: pd.Series
) -> pd.DataFrame:
    """Score the columns of a table as rows."""
    if data.empty:
        return data
    up = (better == "higher").to_numpy()[:, None]
    made = rows(np.ascontiguousarray(data.to_numpy().T), up)
    return pd.DataFrame(made.T, index=data.index, columns=data.columns)


def _goalposts_rows(values: Array, up: _Ups, known: Array) -> Array:  # noqa: ARG001 - posts tell
    """Score between posts [worst and best, row, 1]."""
    worst, best = known
    return _scaled(np.clip(values, np.minimum(worst, best), np.maximum(worst, best)), worst, best)


def _to_targets_rows(values: Array, up: _Ups, known: Array) -> Array:
    """Score by the way from the worst unit to targets [row, 1]."""
    sign = _sign(up)
    values, goal = values * sign, known * sign
    worst = np.fmin.reduce(values, axis=1, keepdims=True)
    way = np.where(goal > worst, goal - worst, np.nan)
    return np.minimum(_TOP * ((values - worst) / way), _TOP)


def _min_max_rows(values: Array, up: _Ups) -> Array:
    """Score between the worst and the best unit."""
    low, high = (one.reduce(values, axis=1, keepdims=True) for one in (np.fmin, np.fmax))
    return _scaled(values, np.where(up, low, high), np.where(up, high, low))


def _z_score_rows(values: Array, up: _Ups) -> Array:
    """Score by mean and standard deviation of the known units."""
    known = ~np.isnan(values)
    count = known.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(known, values, 0.0).sum(axis=1, keepdims=True) / count
        apart = np.where(known, values - mean, 0.0)
        spread = np.sqrt((apart**2).sum(axis=1, keepdims=True) / count)
    low, high = (one.reduce(values, axis=1, keepdims=True) for one in (np.fmin, np.fmax))
    score = (values - mean) / np.where(low < high, spread, np.nan)
    return _MIDDLE + _DEVIATION * score * _sign(up)


def _rank_rows(values: Array, up: _Ups) -> Array:
    """Score by place, the worst 0 and the best 100."""
    count = (~np.isnan(values)).sum(axis=1, keepdims=True)
    return _TOP * worse_than(values * _sign(up)) / np.where(count > 1, count - 1.0, np.nan)


def _percentile_rows(values: Array, up: _Ups) -> Array:
    """Score by the share of units left behind."""
    count = (~np.isnan(values)).sum(axis=1, keepdims=True)
    return _TOP * (worse_than(values * _sign(up)) + 0.5) / np.where(count > 0, count, np.nan)


def worse_than(values: Array, people: Array | None = None) -> Array:
    """
    Count, row by row, people in units below each, and half of those in units alike.

    Parameters
    ----------
    values
        Rows x units; NaN = unknown.
    people
        People of each unit; by default units count one each.

    Returns
    -------
    worse_than
        Rows x units, half of its own people left out; NaN where unknown.
    """
    order = np.argsort(values, axis=1)  # the unknown last
    ordered = np.take_along_axis(values, order, axis=1)
    each = np.ones(values.shape[1]) if people is None else people
    there = np.where(np.isnan(ordered), 0.0, each[order])
    run = there.cumsum(axis=1)
    begins = np.ones(values.shape, dtype=bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    ends = np.roll(begins, -1, axis=1)
    ends[:, -1] = True
    left = np.maximum.accumulate(np.where(begins, run - there, 0.0), axis=1)
    right = np.minimum.accumulate(np.where(ends, run, np.inf)[:, ::-1], axis=1)[:, ::-1]
    worse = np.empty_like(values)
    np.put_along_axis(worse, order, (left + right - there) / 2, axis=1)
    return np.where(np.isnan(values), np.nan, worse)


def _sign(up: _Ups) -> Array:
    """Tell which way is up."""
    return np.where(up, 1.0, -1.0)


def _scaled(values: Array, worst: Array, best: Array) -> Array:
    """Score the worst value 0, never -0, and the best exactly 100; NaN where the two are alike."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _TOP * (np.abs(values - worst) / np.abs(best - worst))


_ROWS = (
    (min_max, _min_max_rows),
    (z_score, _z_score_rows),
    (rank, _rank_rows),
    (percentile, _percentile_rows),
)
