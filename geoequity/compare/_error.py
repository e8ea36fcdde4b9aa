"""What error explains of a difference between two measured values."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, ndtri

from geoequity import patterns, schema
from geoequity.errors import DataError
from geoequity.schema import LEVEL

TAILS = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
Z = float(ndtri(0.5 + LEVEL / 2))  # half of their width, in standard errors
_SAME = 1e-9  # of the larger value: what rounding moves
_TO_SPREAD = 1.4826  # a normal's standard deviation in median absolute deviations

_ENDS = ["value", "low", "high"]


def difference(
    old: pd.DataFrame, new: pd.DataFrame, *, more_error: pd.Series | float = 0.0
) -> pd.DataFrame:
    """
    Subtract measured values, with a 90 % interval and a test against no change.

    Parameters
    ----------
    old
        ``value``, ``low``, ``high``: the value and its 90 % interval, in any
        unit. NaN ends are those of a complete count, a NaN value is unknown.
    new
        The same later, on the same index and in the same unit.
    more_error
        Standard error that the difference has besides, in that unit.

    Returns
    -------
    difference
        ``change``, ``low``, ``high`` in the unit of the values; ``p``, two-sided
        (0 or 1 where nothing errs); ``errs``, whether the difference has any
        error. NaN where either value is unknown.

    Raises
    ------
    DataError
        If the two are not on one index, a column is absent, or an interval ends
        before it begins.

    Notes
    -----
    The interval is that of the method of variance estimates recovery [1]_: each
    of its ends is made of the ends of the two intervals on that side, so that
    they may be lopsided. The test is the level at which the interval would end
    at nothing, the sides taken as normal.

    References
    ----------
    .. [1] Zou, G. Y. and Donner, A. (2008). Construction of confidence limits
       about effect measures: a general approach. Statistics in Medicine 27(10),
       1693-1702. doi:10.1002/sim.3095

    Examples
    --------
    >>> old = pd.DataFrame({"value": [50.0], "low": [47.0], "high": [54.0]})
    >>> new = pd.DataFrame({"value": [60.0], "low": [56.0], "high": [66.0]})
    >>> found = difference(old, new)
    >>> found[["change", "low", "high"]].round(2).values.tolist()
    [[10.0, 4.34, 16.71]]
    """
    for name, table in (("old", old), ("new", new)):
        schema.check_columns(table, _ENDS, name=name)
        odd = table.index[table["low"] > table["high"]]
        if len(odd):
            msg = f"{name}: an interval ends before it begins"
            raise DataError(msg, ids=odd)
    schema.check_same_index(old["value"], new["value"], names=("old", "new"))
    # The mean of skewed draws may lie a little outside of their middle; its distance is kept
    below, above = (
        {name: _side(one, end) for name, one in (("old", old), ("new", new))}
        for end in ("low", "high")
    )
    besides = (Z * pd.Series(more_error, index=old.index, dtype=float)) ** 2
    errs = old["low"].notna() | new["low"].notna() | (besides > 0)
    change = _without_rounding(new["value"] - old["value"], old["value"], new["value"])
    down = np.sqrt(below["new"] ** 2 + above["old"] ** 2 + besides)
    up = np.sqrt(above["new"] ** 2 + below["old"] ** 2 + besides)
    known = change.notna()
    table = {
        "change": change,
        "low": change - down,
        "high": change + up,
        "p": p_value(change, down.where(change > 0, up) / Z),
        "errs": known & errs,
    }
    return pd.DataFrame(table)


def p_value(change: pd.Series, error: pd.Series) -> pd.Series:
    """
    Test against no change, two-sided.

    Parameters
    ----------
    change
        What was found; NaN = unknown.
    error
        Its standard error; 0 where nothing errs.

    Returns
    -------
    p
        0 for any change that has no error, 1 for none.
    """
    size = change.abs()
    steps = (size / error.where(error > 0)).where(error > 0, np.where(size > 0, np.inf, 0.0))
    return pd.Series(2 * ndtr(-steps.to_numpy()), index=change.index).where(change.notna())


def adjusted(p: pd.Series, *, errs: pd.Series) -> pd.Series:
    """
    Give the false-discovery rate at which each test would just be named.

    Parameters
    ----------
    p
        By test; NaN = unknown.
    errs
        Whether a test can err at all; one that cannot is no one's discovery,
        and must not make room for those that can.

    Returns
    -------
    q
        After Benjamini and Hochberg over the tests that can err; `p` elsewhere.
    """
    return patterns.adjusted(p.where(errs)).where(errs, p)


def shared_error(changes: pd.DataFrame) -> pd.Series:
    """
    Measure how much an indicator moves all over the city.

    Parameters
    ----------
    changes
        Districts x indicators: new less old value.

    Returns
    -------
    shared_error
        Standard error by indicator, in its unit: 1.4826 times the median of the
        absolute change. 0 where most districts did not move.
    """
    return (_TO_SPREAD * changes.abs().median()).fillna(0.0)


def ends_of(
    values: pd.DataFrame, intervals: pd.DataFrame, *, without: Mapping[str, bool]
) -> dict[str, pd.DataFrame]:
    """
    Put the values of each indicator with the ends of their intervals.

    Parameters
    ----------
    values
        Districts x indicators.
    intervals
        Columns ``unit_id``, ``indicator``, ``low``, ``high``.
    without
        Indicators whose error is the same at both dates, and so none of a
        difference's.

    Returns
    -------
    ends
        By indicator: ``value``, ``low``, ``high`` on the index of ``values``.
    """
    told = {
        key: mine.set_index("unit_id")[["low", "high"]].astype(float).reindex(values.index)
        for key, mine in intervals.groupby("indicator")
        if not without.get(str(key), False)
    }
    none = pd.DataFrame(np.nan, index=values.index, columns=["low", "high"])
    return {
        key: pd.DataFrame({"value": values[key]}).join(told.get(key, none))
        for key in values.columns
    }


def _side(table: pd.DataFrame, end: str) -> pd.Series:
    """Measure one side of an interval; a complete count has none."""
    return (table["value"] - table[end]).abs().fillna(0.0)


def _without_rounding(change: pd.Series, *of: pd.Series) -> pd.Series:
    """Take a change that rounding alone can make as none."""
    size: npt.NDArray[np.float64] = np.maximum.reduce([one.abs().to_numpy(float) for one in of])
    return change.where(~(change.abs() <= _SAME * size), 0.0)
