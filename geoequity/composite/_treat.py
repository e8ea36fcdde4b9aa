"""What is done to data before they are scored: denominators, gaps, outliers."""

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd

from geoequity import schema
from geoequity.errors import DataError, DataWarning, shown

MEAN, MEDIAN = "mean", "median"
LOG, BOX_COX = "log", "box-cox"
_SHIFT = 0.01  # of the range, so that a logarithm meets no zero


def denominate(data: pd.DataFrame, *, by: Mapping[str, pd.Series]) -> pd.DataFrame:
    """
    Divide indicators by what they have to be seen against.

    Parameters
    ----------
    data
        Units x indicators.
    by
        Indicator id -> denominator by unit, such as residents.

    Returns
    -------
    data
        The same, those indicators divided; NaN where the denominator is 0 or
        unknown.

    Raises
    ------
    DataError
        If there is no such indicator, one is no number or infinite, or a denominator
        is negative or about other units.

    Examples
    --------
    >>> data = pd.DataFrame({"beds": [10.0, 30.0]}, index=["a", "b"])
    >>> people = pd.Series([5.0, 10.0], index=["a", "b"])
    >>> denominate(data, by={"beds": people})["beds"].tolist()
    [2.0, 3.0]
    """
    schema.check_columns(data, by, name="data")
    data = schema.floats_of(data, name="data")
    divided = {}
    for name, amount in by.items():
        schema.check_same_index(data[name], amount, names=(name, "its denominator"))
        schema.check_non_negative(amount, name=f"denominator of {name}")
        divided[name] = data[name] / amount.where(amount > 0)
    return data.assign(**divided)


def impute(data: pd.DataFrame, *, by: str = MEAN, groups: pd.Series | None = None) -> pd.DataFrame:
    """
    Fill unknown values in, which nothing here does unless it is asked to.

    Parameters
    ----------
    data
        Units x indicators; NaN = unknown.
    by
        ``mean`` or ``median`` of the known units.
    groups
        Group of each unit, whose mean or median counts; by default all units.

    Returns
    -------
    data
        The same with the gaps filled; NaN where nobody of the group is known, as
        in a group of one, or a unit has no group.

    Raises
    ------
    DataError
        If `by` is neither, an indicator is no number or infinite, or the groups are
        about other units.

    Warns
    -----
    DataWarning
        Of the indicators that were filled, and of those with gaps that were not.

    Examples
    --------
    >>> data = pd.DataFrame({"a": [1.0, 3.0, float("nan")]})
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     impute(data)["a"].tolist()
    [1.0, 3.0, 2.0]
    """
    if by not in {MEAN, MEDIAN}:
        msg = f"by: mean or median, not {by!r}"
        raise DataError(msg)
    data = schema.floats_of(data, name="data")
    if groups is None:
        filled = data.fillna(data.agg(by))
    else:
        schema.check_same_index(data, groups, names=("data", "groups"))
        usual = data.groupby(groups).transform(by) if groups.notna().any() else data
        filled = data.fillna(usual)
    gaps, left = data.isna(), filled.isna()
    said = {
        f"unknown values filled in by the {by}": data.columns[(gaps & ~left).any()],
        "still unknown, as nobody of the group is known": data.columns[left.any()],
    }
    told = {what: names for what, names in said.items() if len(names)}
    if told:
        msg = "; ".join(f"{what}: {shown(names)}" for what, names in told.items())
        ids = dict.fromkeys(one for names in told.values() for one in names)
        warnings.warn(DataWarning(msg, ids=ids), stacklevel=2)
    return filled


def tame_outliers(
    data: pd.DataFrame,
    *,
    most: int = 5,
    skewness: float = 2.0,
    kurtosis: float = 3.5,
    otherwise: str | None = LOG,
) -> pd.DataFrame:
    """
    Keep a few extreme units from squeezing all others together.

    An indicator is left alone unless both its skewness and its kurtosis are
    large. Otherwise its extreme values are set to the next, one after another,
    until it passes; if that takes more than a few, it is transformed [1]_.

    Parameters
    ----------
    data
        Units x indicators; NaN = unknown.
    most
        How many values may be set to the next.
    skewness
        Absolute skewness from which an indicator is looked at.
    kurtosis
        Excess kurtosis from which it is, both with the usual corrections for
        small samples.
    otherwise
        ``log`` or ``box-cox`` of the distance from the least value, or, where the
        skew is to the left, to the greatest, turned round again, so that negative
        values and zeros have one, too; None leaves such indicators as they are.

    Returns
    -------
    data
        The same, outliers tamed; indicators of fewer than 4 known units, or in which
        all are alike, have none. ``attrs["tamed"]`` tells by indicator what was
        done: how many values were set to the next, or the transformation.

    Raises
    ------
    DataError
        If an option is negative, `otherwise` is unknown, or an indicator is no number
        or infinite.

    References
    ----------
    .. [1] OECD/JRC (2008). Handbook on Constructing Composite Indicators; the
       thresholds and the order of steps are those of the JRC's practice.

    Examples
    --------
    >>> data = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 1000.0]})
    >>> tamed = tame_outliers(data)
    >>> tamed["a"].tolist()[-2:], tamed.attrs["tamed"]
    ([9.0, 9.0], {'a': '1 high'})
    """
    if otherwise not in {LOG, BOX_COX, None}:
        msg = f"otherwise: log, box-cox or None, not {otherwise!r}"
        raise DataError(msg)
    if most < 0 or skewness < 0:
        msg = "tame_outliers: most and skewness must be at least 0"
        raise DataError(msg)
    data = schema.floats_of(data, name="data")

    def passes(column: pd.Series) -> bool:
        return not (abs(column.skew()) > skewness and column.kurt() > kurtosis)

    tamed, done = {}, {}
    for name, column in data.items():
        if passes(column):
            continue
        values, number = column.astype(float), 0
        high = bool(column.skew() > 0)
        while not passes(values) and number < most:
            edge = values.max() if high else values.min()
            at_edge = values == edge
            values = values.mask(
                at_edge, values[~at_edge].max() if high else values[~at_edge].min()
            )
            number += 1
        if passes(values):
            tamed[name], done[str(name)] = values, f"{number} {'high' if high else 'low'}"
        elif otherwise is not None:
            tamed[name], done[str(name)] = _unskewed(column, high=high, by=otherwise), otherwise
    table = data.assign(**tamed)
    table.attrs["tamed"] = done
    return table


def _unskewed(column: pd.Series, *, high: bool, by: str) -> pd.Series:
    """Take the logarithm, or the best power, of the distance from the crowded end."""
    low, top = column.min(), column.max()
    away = (column - low if high else top - column) + _SHIFT * (top - low)
    known = away.notna()
    bent = np.log(away) if by == LOG else away.copy()
    if by == BOX_COX:
        from scipy import stats  # noqa: PLC0415 - takes 30 MB

        bent[known] = stats.boxcox(away[known].to_numpy())[0]
    return bent if high else -bent
