"""What people say against what is measured: where the two disagree."""

import numpy as np
import pandas as pd

from geoequity import schema
from geoequity.errors import DataError


def standing(value: pd.Series, *, population: pd.Series, better: str = "higher") -> pd.Series:
    """
    Place each unit among the people of the city.

    Parameters
    ----------
    value
        By unit; NaN = unknown, left out with its people.
    population
        People of each unit, on the same index.
    better
        ``higher`` or ``lower``.

    Returns
    -------
    standing
        Share of people who are worse off, plus half of those alike [0-1]; 1 is
        best, NaN where the value or the people are unknown.

    Raises
    ------
    DataError
        If the indexes differ, or ``better`` is neither word.

    Examples
    --------
    >>> people = pd.Series([1.0, 1.0, 2.0])
    >>> standing(pd.Series([10.0, 20.0, 30.0]), population=people).tolist()
    [0.125, 0.375, 0.75]
    """
    schema.check_same_index(value, population, names=("value", "population"))
    if better not in {"higher", "lower"}:
        msg = f"better is higher or lower, not {better!r}"
        raise DataError(msg)
    known = value.notna() & (population > 0)
    signed = value[known] if better == "higher" else -value[known]
    people = population[known].groupby(signed).sum().sort_index()
    below = people.cumsum() - people / 2
    return (signed.map(below) / people.sum()).reindex(value.index)


def disagreement(
    said: pd.DataFrame, measured: pd.Series, *, population: pd.Series, better: tuple[str, str]
) -> pd.DataFrame:
    """
    Find the districts where perception and measurement part ways.

    Both are reduced to the standing among the city's people, since an opinion
    and a distance share no unit. A district disagrees only where the whole
    interval of what people say stands on one side of what is measured.

    Parameters
    ----------
    said
        Districts x ``value``, ``low``, ``high``: an item of a survey with its
        sampling interval; NaN = not asked.
    measured
        The measured indicator, on the same index.
    population
        People of each district, on the same index.
    better
        Which way is good: of the item, and of the indicator.

    Returns
    -------
    disagreement
        Columns ``said`` and ``measured`` (standings, 0-1), ``difference``
        (said less measured) and ``sure`` (True where the interval of the
        standing leaves out the measured one); NaN and False where unknown.

    Raises
    ------
    DataError
        If a column is absent or the indexes differ.
    """
    schema.check_columns(said, ["value", "low", "high"], name="said")
    schema.check_same_index(measured, said["value"], names=("measured", "said"))
    both = said["value"].where(measured.notna())
    place = standing(both, population=population, better=better[0])
    ends = pd.concat(
        [_standing_of(said[one], both, population, better[0]) for one in ("low", "high")], axis=1
    )
    truth = standing(measured.where(both.notna()), population=population, better=better[1])
    sure = (ends.max(axis=1) < truth) | (ends.min(axis=1) > truth)
    return pd.DataFrame(
        {
            "said": place,
            "measured": truth,
            "difference": place - truth,
            "sure": sure & place.notna() & ends.notna().all(axis=1),
        }
    )


def _standing_of(end: pd.Series, value: pd.Series, population: pd.Series, better: str) -> pd.Series:
    """Place the end of an interval among what the other districts say."""
    sign = 1.0 if better == "higher" else -1.0
    known = value.notna() & (population > 0)
    order = np.argsort(sign * value[known].to_numpy(), kind="stable")
    sorted_value = (sign * value[known].to_numpy())[order]
    if not known.any():
        return pd.Series(np.nan, index=end.index)
    people = np.concatenate([[0.0], np.cumsum(population[known].to_numpy()[order])])
    left = people[np.searchsorted(sorted_value, sign * end.to_numpy(), side="left")]
    right = people[np.searchsorted(sorted_value, sign * end.to_numpy(), side="right")]
    share = pd.Series((left + right) / 2 / people[-1], index=end.index)
    return share.where(end.notna() & known)
