"""What a siting is to be good at."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity.errors import DataError

Floats = npt.NDArray[np.float64]
Name = Literal["ede", "gap", "coverage", "mean", "p-center", "blend"]
OBJECTIVES = ("ede", "gap", "coverage", "mean", "p-center")
EPSILON = 0.5  # aversion to inequality, as studies state it
_LEAST_WEIGHT, _MOST_WEIGHT = 0.0, 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Objective:
    """
    What a siting is to be good at; make one with `ede`, `gap`, `coverage`, `mean` or `p_center`.

    Parameters
    ----------
    name
        One of ``OBJECTIVES``; ``blend`` between the mean and the equivalent.
    within_min
        Minutes within which people are served; None where any walk counts.
    kappa
        Aversion per minute; None takes it from what people bear today.
    epsilon
        Aversion from which it is taken.
    groups
        Group of each cell between which the gap is measured; None for people.
    weight
        Of the equivalent in a blend, 0-1.
    """

    name: Name
    within_min: float | None = None
    kappa: float | None = None
    epsilon: float = EPSILON
    groups: pd.Series | None = field(default=None, repr=False)
    weight: float = 1.0

    @property
    def is_sum(self) -> bool:
        """
        Tell whether people's burdens are added up.

        Returns
        -------
        is_sum
            Whether it is a p-median of transformed minutes.
        """
        return self.name in {"ede", "coverage", "mean", "blend"}


def ede(*, kappa: float | None = None, epsilon: float = EPSILON) -> Objective:
    """
    Ask for the lowest equally-distributed equivalent: long walks weigh more than they last.

    Parameters
    ----------
    kappa
        Aversion per minute, from `inequality.kolm_pollak_kappa` of the baseline; its
        sign is no matter. By default that of what people bear today.
    epsilon
        Aversion to inequality from which `kappa` is derived where it is not given.

    Returns
    -------
    objective
        Kolm-Pollak's equivalent of the minutes, for `site`.

    Raises
    ------
    DataError
        If `kappa` is 0 or no number, or `epsilon` is not above 0.

    Notes
    -----
    With kappa fixed the equivalent rises with the sum of exp(kappa x) over
    people, so that its siting is a p-median of transformed minutes [1]_.

    References
    ----------
    .. [1] Horton, D., Logan, T., Murrell, J., Skipper, D. and Speakman, E. (2024). A
       scalable approach to equitable facility location. arXiv:2401.15452

    Examples
    --------
    >>> ede(kappa=0.02).name
    'ede'
    """
    if kappa is not None and not (np.isfinite(kappa) and kappa != 0):
        msg = f"kappa: must be a number other than 0, not {kappa}"
        raise DataError(msg)
    if not 0 < epsilon < np.inf:
        msg = f"epsilon: must be above 0, not {epsilon}"
        raise DataError(msg)
    return Objective(name="ede", kappa=None if kappa is None else abs(kappa), epsilon=epsilon)


def mean() -> Objective:
    """
    Ask for the fewest minutes on average: the p-median.

    Returns
    -------
    objective
        The mean over people, for `site`.

    Examples
    --------
    >>> mean().name
    'mean'
    """
    return Objective(name="mean")


def coverage(*, within_min: float) -> Objective:
    """
    Ask for the most people within a limit: maximal covering.

    Parameters
    ----------
    within_min
        Minutes within which people are served, included.

    Returns
    -------
    objective
        The share of people within the limit, for `site`.

    Raises
    ------
    DataError
        If the limit is not above 0.

    Examples
    --------
    >>> coverage(within_min=15).within_min
    15
    """
    _check_within(within_min)
    return Objective(name="coverage", within_min=within_min)


def gap(*, groups: pd.Series | None = None, within_min: float | None = None) -> Objective:
    """
    Ask for the smallest gap between the best- and the worst-served tenth of people.

    Parameters
    ----------
    groups
        Group (such as the district) of each cell: then every one of its people
        stands for the mean of the group. By default every cell for itself.
    within_min
        Minutes within which people are served: then what differs is the share of
        people who are not. By default the minutes themselves.

    Returns
    -------
    objective
        The gap between tenths, for `site`.

    Raises
    ------
    DataError
        If the limit is not above 0, or a limit is given without groups: by
        themselves people are either within it or not.

    Examples
    --------
    >>> gap().name
    'gap'
    """
    if within_min is not None:
        _check_within(within_min)
        if groups is None:
            msg = "gap: within_min wants groups, as each person by themselves is in or out"
            raise DataError(msg)
    return Objective(name="gap", within_min=within_min, groups=groups)


def p_center() -> Objective:
    """
    Ask for the shortest longest walk: the p-center.

    Returns
    -------
    objective
        The minutes of whoever is farthest, for `site`.

    Examples
    --------
    >>> p_center().name
    'p-center'
    """
    return Objective(name="p-center")


def blend(weight: float, *, kappa: float) -> Objective:
    """
    Ask for something between the mean and the equivalent.

    Parameters
    ----------
    weight
        Of the equivalent, 0-1.
    kappa
        Aversion per minute.

    Returns
    -------
    objective
        A mean of minutes and of their exponentials over people.

    Raises
    ------
    DataError
        If the weight is not within 0-1.
    """
    if not _LEAST_WEIGHT <= weight <= _MOST_WEIGHT:
        msg = f"weight: must be within 0-1, not {weight}"
        raise DataError(msg)
    return Objective(name="blend", kappa=abs(kappa), weight=weight)


def _check_within(within_min: float) -> None:
    """Refuse a limit that is none."""
    if not 0 < within_min < np.inf:
        msg = f"within_min: must be above 0, not {within_min}"
        raise DataError(msg)
