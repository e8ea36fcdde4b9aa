"""
From what is mapped to what there may be, given the share that is mapped.

Each takes draws of that share (draws x districts, 0-1; NaN throughout where
nothing is to be drawn) and gives draws of the true value. A share of 1 changes
nothing.
"""

import numpy as np
import pandas as pd

from geoequity import schema
from geoequity.errors import DataError, shown


def count_draws(
    count: pd.Series, *, completeness: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """
    Draw how many there are where only some are mapped.

    Each is taken to be mapped or not by itself.

    Parameters
    ----------
    count
        How many are mapped, by district; NaN = unknown.
    completeness
        Draws x districts: share of them that is mapped, above 0, at most 1.
    rng
        Source of the draws.

    Returns
    -------
    draws
        Draws x districts, never below what is mapped; NaN where either is.

    Raises
    ------
    DataError
        If a share is not above 0 and at most 1, or the districts differ.

    Notes
    -----
    n mapped of N with probability c each, and all N alike beforehand: N - n is
    negative binomial, the misses before the n + 1st hit.

    Examples
    --------
    >>> whole = pd.DataFrame({"a": [1.0, 1.0]})
    >>> draws = count_draws(pd.Series({"a": 3.0}), completeness=whole,
    ...                     rng=np.random.default_rng(1))
    >>> draws["a"].tolist()
    [3.0, 3.0]
    """
    count, completeness = _checked(count, completeness)
    n, c = np.broadcast_arrays(count.to_numpy(), completeness.to_numpy())
    known = ~(np.isnan(n) | np.isnan(c))
    drawn = np.full(c.shape, np.nan)
    drawn[known] = n[known] + rng.negative_binomial(n[known] + 1, c[known])
    return pd.DataFrame(drawn, index=completeness.index, columns=completeness.columns)


def walk_draws(walk: pd.Series, *, completeness: pd.DataFrame) -> pd.DataFrame:
    """
    Tell how near the nearest service is where only some are mapped.

    Services are taken to lie anywhere, alike likely, and to be mapped or not by
    themselves; the mean over the homes of a district is what is told.

    Parameters
    ----------
    walk
        Minutes or metres to the nearest that is mapped, by district; NaN =
        unknown.
    completeness
        Draws x districts: share of the services that is mapped, above 0, at
        most 1.

    Returns
    -------
    draws
        Draws x districts, above 0 and never longer than the mapped walk; NaN
        where either is.

    Raises
    ------
    DataError
        If a share is not above 0 and at most 1, or the districts differ.

    Notes
    -----
    In a Poisson field of which a share c is mapped, given the nearest mapped one
    at d, the nearest of those that are not lies beyond t d with probability
    1 / (1 + a t^2), a = (1 - c) / c, where d itself is all that tells of the
    density. The mean of the shorter of the two is d arctan(sqrt a) / sqrt a:
    roughly d sqrt(c) where c is small.

    Examples
    --------
    >>> shares = pd.DataFrame({"a": [1.0, 0.5]})
    >>> walk_draws(pd.Series({"a": 10.0}), completeness=shares)["a"].round(2).tolist()
    [10.0, 7.85]
    """
    walk, completeness = _checked(walk, completeness)
    root = np.sqrt((1 - completeness) / completeness)
    shorter = np.arctan(root) / root.where(root > 0)
    return shorter.where(root.isna() | (root > 0), 1.0) * walk


def share_draws(share: pd.Series, *, completeness: pd.DataFrame) -> pd.DataFrame:
    """
    Tell what share of people reaches a service where only some are mapped.

    Parameters
    ----------
    share
        Share of people with a mapped one within reach [0-1], by district; NaN =
        unknown.
    completeness
        Draws x districts: share of the services that is mapped, above 0, at
        most 1.

    Returns
    -------
    draws
        Draws x districts, from the mapped share to 1; NaN where either is.

    Raises
    ------
    DataError
        If a share is not 0-1, or that of the services not above 0, or the
        districts differ.

    Notes
    -----
    Where services lie at random, a share exp(-m) of people has none of m on
    average within reach; with m / c of them it is that to the power 1 / c.

    Examples
    --------
    >>> shares = pd.DataFrame({"a": [1.0, 0.5]})
    >>> share_draws(pd.Series({"a": 0.5}), completeness=shares)["a"].tolist()
    [0.5, 0.75]
    """
    share, completeness = _checked(share, completeness)
    bad = (share < 0) | (share > 1)
    if bad.any():
        msg = f"share: not 0-1: {shown(share.index[bad])}"
        raise DataError(msg, ids=share.index[bad])
    reached = 1 - (1 - share) ** (1 / completeness)
    return reached.where(completeness.notna())  # 1 to the power of what is unknown counts as 1


def length_draws(amount: pd.Series, *, completeness: pd.DataFrame) -> pd.DataFrame:
    """
    Tell how much street, land or crossings there is where only some is mapped.

    Parameters
    ----------
    amount
        What is mapped, in any unit, by district; NaN = unknown.
    completeness
        Draws x districts: share of it that is mapped, above 0, at most 1.

    Returns
    -------
    draws
        Draws x districts; NaN where either is.

    Raises
    ------
    DataError
        If a share is not above 0 and at most 1, or the districts differ.

    Examples
    --------
    >>> shares = pd.DataFrame({"a": [1.0, 0.5]})
    >>> length_draws(pd.Series({"a": 4.0}), completeness=shares)["a"].tolist()
    [4.0, 8.0]
    """
    amount, completeness = _checked(amount, completeness)
    return amount / completeness


def _checked(value: pd.Series, completeness: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
    """Refuse values and shares of other districts, and shares that cannot be; give floats."""
    schema.check_same_index(
        value, pd.Series(0.0, index=completeness.columns), names=("values", "completeness")
    )
    schema.check_non_negative(value, name="values")
    completeness = schema.floats_of(completeness, name="completeness")
    bad = ~((completeness > 0) & (completeness <= 1) | completeness.isna()).all()
    if bad.any():
        ids = completeness.columns[bad]
        msg = f"completeness: not above 0 and at most 1: {shown(ids)}"
        raise DataError(msg, ids=ids)
    known = value.to_numpy(dtype=float, na_value=np.nan)
    return pd.Series(known, index=value.index, name=value.name), completeness
