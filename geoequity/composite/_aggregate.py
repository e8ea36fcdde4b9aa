"""Make one score of several."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

from geoequity.composite._kernels import net_wins
from geoequity.errors import DataError

Array = npt.NDArray[np.float64]
Aggregate = Callable[[Array, Array], Array]
_TOP = 100.0


def arithmetic(values: Array, weights: Array) -> Array:
    """
    Average scores; strength in one makes up for weakness in another.

    Parameters
    ----------
    values
        Units x children; NaN = unknown, left out with its weight.
    weights
        Weight of each child.

    Returns
    -------
    mean
        One value a unit; NaN where no child is known.
    """
    known = ~np.isnan(values)
    # Summed row by row: a matrix product may round units that are alike to different scores
    total = (known * weights).sum(axis=1)
    amount = np.where(known, values * weights, 0.0).sum(axis=1)
    mean = np.divide(amount, total, out=np.full(len(values), np.nan), where=total > 0)
    return among(mean, values.T)


def geometric(values: Array, weights: Array) -> Array:
    """
    Average scores so that a weakness is only partly made up for.

    Parameters
    ----------
    values
        Units x children, not negative; NaN = unknown, left out with its weight.
    weights
        Weight of each child.

    Returns
    -------
    mean
        One value a unit; 0 where a child is 0, NaN where no child is known.

    Raises
    ------
    DataError
        If a value is negative.
    """
    if (values < 0).any():
        msg = "geometric: negative scores have no geometric mean"
        raise DataError(msg)
    with np.errstate(divide="ignore"):
        logs = np.log(np.where(weights > 0, values, 1.0))
    return among(np.exp(arithmetic(logs, weights)), values.T)


def harmonic(values: Array, weights: Array) -> Array:
    """
    Average scores so that a weakness is made up for less than by the geometric mean.

    Parameters
    ----------
    values
        Units x children, not negative; NaN = unknown, left out with its weight.
    weights
        Weight of each child.

    Returns
    -------
    mean
        One value a unit; 0 where a child is 0, NaN where no child is known.

    Raises
    ------
    DataError
        If a value is negative.
    """
    if (values < 0).any():
        msg = "harmonic: negative scores have no harmonic mean"
        raise DataError(msg)
    with np.errstate(divide="ignore"):
        inverse = arithmetic(1 / np.where(weights > 0, values, 1.0), weights)
        return among(1 / inverse, values.T)


@dataclass(frozen=True)
class Floored:
    """An aggregation that takes no score for less than a floor; from :func:`floored`."""

    mean: Aggregate
    at: float

    @property
    def __name__(self) -> str:
        """Name the kind of aggregation."""
        return getattr(self.mean, "__name__", type(self.mean).__name__)

    def __call__(self, values: Array, weights: Array) -> Array:
        """Aggregate scores, units x children."""
        return self.mean(np.maximum(values, self.at), weights)


def floored(mean: Aggregate, *, at: float = 1.0) -> Aggregate:
    """
    Keep one score of nil from making nil of all the others.

    A geometric or harmonic mean is 0 where one child is, however good the rest.
    Scores are often laid from 1 to 100 before such a mean is taken; here those
    under 1 count as 1, and all others stay as they are.

    Parameters
    ----------
    mean
        :func:`geometric`, :func:`harmonic` or another.
    at
        Least score that counts, above 0.

    Returns
    -------
    aggregate
        Function of values and weights.

    Raises
    ------
    DataError
        If the floor is not above 0.

    Examples
    --------
    >>> float(floored(geometric)(np.array([[0.0, 100.0]]), np.ones(2)).round(9)[0])
    10.0
    """
    if not 0 < at < np.inf:
        msg = f"floored: the floor must be above 0, not {at}"
        raise DataError(msg)
    return Floored(mean, at)


def copeland(values: Array, weights: Array) -> Array:
    """
    Compare units two by two, so that nothing makes up for anything.

    A unit beats another if the children in which it is better weigh more than
    those in which it is worse [1]_.

    Parameters
    ----------
    values
        Units x children; where either of two units is unknown, the child does
        not count between them.
    weights
        Weight of each child.

    Returns
    -------
    score
        One value a unit: 100 where it beats all others, 0 where all beat it, 50
        where it beats as many as beat it; NaN where no child is known, or there
        is no other unit.

    References
    ----------
    .. [1] OECD/JRC (2008). Handbook on Constructing Composite Indicators,
       chapter 6.3 (non-compensatory multi-criteria approach).
    """
    known = ~np.isnan(values).all(axis=1)
    balance = np.zeros(len(values))
    # Who is unknown throughout ties with all
    net_wins(np.ascontiguousarray(values.T), np.asarray(weights, dtype=float), balance)
    others = known.sum() - 1
    score = _TOP * (balance / others + 1) / 2 if others > 0 else np.full(len(values), np.nan)
    return np.where(known, score, np.nan)


def among(mean: Array, children: Iterable[Array]) -> Array:
    """
    Keep rounding from carrying a mean beyond its children, such as above 100.

    Parameters
    ----------
    mean
        One value a unit.
    children
        Values of each child.

    Returns
    -------
    mean
        Between the least and the greatest of the children.
    """
    values = list(children)
    return np.clip(mean, reduce(np.fmin, values), reduce(np.fmax, values))


NAMED: dict[object, Aggregate] = {
    "arithmetic": arithmetic,
    "geometric": geometric,
    "harmonic": harmonic,
    "copeland": copeland,
}
