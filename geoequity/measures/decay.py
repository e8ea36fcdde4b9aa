"""
How the worth of a service falls with the time it takes to reach.

Each function makes a `Decay`: a weight that is called on minutes, 0 or more,
and gives numbers from 0 to 1. The measures of
`geoequity.measures.accessibility` take any callable in its place, as long as
it gives one non-negative weight for each of an array of minutes. Unless said
otherwise a service at 0 minutes has weight 1, and NaN minutes stay NaN.

The forms are those of the R package `accessibility` (Pereira, R. H. M. and
Herszenhut, D. accessibility: Transport Accessibility Measures), its decay functions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, isfinite, log, pi, sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from geoequity.errors import DataError

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Decay:
    """
    A weight that falls with travel time; call it on minutes.

    Parameters
    ----------
    form
        Gives the weights of an array of minutes.
    reach_min
        Minutes beyond which every weight is 0; infinite where none is for certain.
    """

    form: Callable[[_Floats], _Floats]
    reach_min: float = inf

    def __call__(self, minutes: npt.ArrayLike) -> _Floats:
        """
        Weigh travel times.

        Parameters
        ----------
        minutes
            Travel times [min], 0 or more.

        Returns
        -------
        weights
            One weight for each of the minutes, NaN where they are.
        """
        known = np.asarray(minutes, dtype=float)
        return np.where(np.isnan(known), np.nan, self.form(known))


def binary(*, within_min: float) -> Decay:
    """
    Count all services within a limit alike and none beyond it.

    A step on the way more or less is taken to change everything at the limit
    and nothing elsewhere.

    Parameters
    ----------
    within_min
        The limit [min], included.

    Returns
    -------
    decay
        1 up to the limit, 0 beyond it; 1 at 0 minutes.

    Raises
    ------
    DataError
        If the limit is not a number of 0 or more.

    Examples
    --------
    >>> binary(within_min=30)([0, 30, 31]).tolist()
    [1.0, 1.0, 0.0]
    """
    if not (within_min >= 0 and isfinite(within_min)):
        msg = f"within_min: must be a number of 0 or more, not {within_min}"
        raise DataError(msg)
    return Decay(partial(_binary, within_min), within_min)


def linear(*, within_min: float) -> Decay:
    """
    Let the weight fall evenly to nothing at a limit.

    Parameters
    ----------
    within_min
        Minutes at which the weight reaches 0.

    Returns
    -------
    decay
        One less the share of the limit that is used up, 0 from the limit on; 1
        at 0 minutes.

    Raises
    ------
    DataError
        If the limit is not a number above 0.

    Examples
    --------
    >>> linear(within_min=40)([0, 10, 40, 50]).tolist()
    [1.0, 0.75, 0.0, 0.0]
    """
    _check_above_0(within_min, name="within_min")
    return Decay(partial(_linear, within_min), within_min)


def exponential(*, rate: float | None = None, half_min: float | None = None) -> Decay:
    """
    Let every further minute take the same share of the weight away.

    It is never 0, so what is reached depends on how far the costs table goes:
    choose its limit where little weight is left.

    Parameters
    ----------
    rate
        Decay per minute; the weight is ``exp(-rate * minutes)``.
    half_min
        Instead of the rate, the minutes in which the weight halves.

    Returns
    -------
    decay
        Falling weight, never 0; 1 at 0 minutes.

    Raises
    ------
    DataError
        If not exactly one of the two is given, or it is not a number above 0.

    Examples
    --------
    >>> exponential(half_min=10)([0, 10, 20]).round(6).tolist()
    [1.0, 0.5, 0.25]
    """
    given = {"rate": rate, "half_min": half_min}
    name, number = next(((key, one) for key, one in given.items() if one is not None), ("", 0.0))
    if not name or None not in given.values():
        msg = f"exponential: needs one of rate and half_min, not {rate} and {half_min}"
        raise DataError(msg)
    _check_above_0(number, name=name)
    return Decay(partial(_exponential, number if name == "rate" else log(2) / number))


def power(*, exponent: float) -> Decay:
    """
    Let the weight fall as a power of the minutes.

    A power of 0 minutes is infinite, so everything under one minute counts as
    one minute away: no weight is above 1.

    Parameters
    ----------
    exponent
        The weight is ``minutes ** -exponent``.

    Returns
    -------
    decay
        Falling weight, never 0; 1 up to 1 minute.

    Raises
    ------
    DataError
        If the exponent is not a number above 0.

    Examples
    --------
    >>> power(exponent=2)([0, 0.5, 1, 2, 10]).tolist()
    [1.0, 1.0, 1.0, 0.25, 0.01]
    """
    _check_above_0(exponent, name="exponent")
    return Decay(partial(_power, exponent))


def logistic(*, inflection_min: float, sd_min: float) -> Decay:
    """
    Let the weight fall slowly, then fast about a point, then slowly again.

    People are taken to differ in the time they would spend, as a logistic
    distribution does.

    Parameters
    ----------
    inflection_min
        Minutes that half the people would spend, about which the weight falls fastest.
    sd_min
        Standard deviation of what people would spend [min]; near 0 the decay
        is binary, and the larger, the closer to linear.

    Returns
    -------
    decay
        Falling weight, never 0; 1 at 0 minutes, and a little more than half at
        the inflection.

    Raises
    ------
    DataError
        If either is not a number above 0.

    Notes
    -----
    The share of a logistic distribution above the minutes, over its share above
    0, so that the weight starts at 1:
    ``(1 + exp(-m * k)) / (1 + exp((t - m) * k))`` with ``k = pi / (sd * sqrt(3))``.

    Examples
    --------
    >>> logistic(inflection_min=30, sd_min=10)([0, 30, 60]).round(3).tolist()
    [1.0, 0.502, 0.004]
    """
    _check_above_0(inflection_min, name="inflection_min")
    _check_above_0(sd_min, name="sd_min")
    return Decay(partial(_logistic, inflection_min, pi / (sd_min * sqrt(3))))


def stepped(
    *, steps: Sequence[float], weights: Sequence[float], closed: Literal["left", "right"] = "left"
) -> Decay:
    """
    Let the weight change at given steps and stay level between them.

    Parameters
    ----------
    steps
        Minutes at which the weight changes, above 0 and rising.
    weights
        The weight from each step on, 0-1.
    closed
        Where a service exactly at a step belongs: ``"left"`` to what comes
        after it, so that the weight changes at the step; ``"right"`` to what
        comes before, as a limit that is included.

    Returns
    -------
    decay
        1 before the first step, and so at 0 minutes.

    Raises
    ------
    DataError
        If the steps do not rise from above 0, or there is not one weight of
        0-1 for each.

    Examples
    --------
    >>> stepped(steps=[10, 20, 30], weights=[0.68, 0.22, 0])([0, 10, 25, 30]).tolist()
    [1.0, 0.68, 0.22, 0.0]
    >>> zones = stepped(steps=[10, 20, 30], weights=[0.68, 0.22, 0], closed="right")
    >>> zones([0, 10, 25, 30]).tolist()
    [1.0, 1.0, 0.22, 0.22]
    """
    edges, level = np.asarray(steps, dtype=float), np.asarray(weights, dtype=float)
    faults = []
    if edges.ndim != 1 or not len(edges) or not np.isfinite(edges).all() or edges[0] <= 0:
        faults.append(f"steps: must be numbers above 0, not {steps}")
    elif not (np.diff(edges) > 0).all():
        faults.append(f"steps: must rise, not {steps}")
    if level.shape != edges.shape or not ((level >= 0) & (level <= 1)).all():
        faults.append(f"weights: must be one number of 0-1 for each step, not {weights}")
    if closed not in {"left", "right"}:
        faults.append(f"closed: must be left or right, not {closed!r}")
    if faults:
        raise DataError("; ".join(faults))
    above_0 = np.flatnonzero(level)
    last = above_0[-1] + 1 if len(above_0) else 0
    reach_min = float(edges[last]) if last < len(edges) else inf
    side: Literal["left", "right"] = "right" if closed == "left" else "left"
    return Decay(partial(_stepped, edges, np.concatenate([[1.0], level]), side), reach_min)


# ---- the forms: plain functions of the minutes, so that a decay can be sent to other processes


def _binary(within_min: float, minutes: _Floats) -> _Floats:
    """1 up to the limit."""
    return (minutes <= within_min).astype(float)


def _linear(within_min: float, minutes: _Floats) -> _Floats:
    """1 less the used-up share."""
    return np.maximum(1 - minutes / within_min, 0.0)


def _exponential(rate: float, minutes: _Floats) -> _Floats:
    """Constant relative decay."""
    return np.exp(-rate * minutes)


def _power(exponent: float, minutes: _Floats) -> _Floats:
    """Inverse power from 1 minute on."""
    return np.maximum(minutes, 1.0) ** -exponent


def _logistic(inflection_min: float, steepness: float, minutes: _Floats) -> _Floats:
    """Upper tail of a logistic distribution over its tail above 0."""
    above_0 = 1 + np.exp(-inflection_min * steepness)
    return np.asarray(expit((inflection_min - minutes) * steepness) * above_0)


def _stepped(
    edges: _Floats, level: _Floats, side: Literal["left", "right"], minutes: _Floats
) -> _Floats:
    """Level of the step that the minutes are on."""
    return level[np.searchsorted(edges, minutes, side=side)]


def _check_above_0(number: float, *, name: str) -> None:
    """Refuse a parameter that is not above 0 and finite."""
    if not (number > 0 and isfinite(number)):
        msg = f"{name}: must be a number above 0, not {number}"
        raise DataError(msg)
