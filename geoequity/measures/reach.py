"""What can be reached by public transport, how surely, and with how much changing."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

LIMITS_MIN = (30, 45, 60)
USUAL_MIN = 45  # what ways to work are measured by, unless said otherwise
PERCENTILES = (5, 50, 95)
_LOW, _MIDDLE, _HIGH = range(3)


@dataclass(frozen=True, kw_only=True)
class Goals:
    """
    What there is to reach.

    Parameters
    ----------
    amounts
        Destinations by what they hold, such as ``jobs`` and ``people``; 0 where
        nothing, and where unknown.
    kinds
        Destinations by kind of place: whether each is one.
    weighed_by
        Column of `amounts` by which journeys are averaged.
    """

    amounts: pd.DataFrame
    kinds: pd.DataFrame
    weighed_by: str


def reach_of(
    journeys: Iterable[tuple[np.ndarray, np.ndarray]], goals: Goals, *, origins: pd.Index
) -> pd.DataFrame:
    """
    Add up what each origin reaches.

    Parameters
    ----------
    journeys
        For each origin in its order minutes by percentile (5, 50, 95) and
        destination, infinite where not reached, and minutes of changing by
        destination or nothing, as `transit.Timetable.spread` gives them.
    goals
        What the destinations are.
    origins
        Origins of the result.

    Returns
    -------
    reach
        Origins by:

        ``<amount>_<limit>min_share``
            share of all there is that is reached within 30, 45 and 60 minutes
            at the median departure (0-1; NaN where there is none);
        ``<kind>_<limit>min_count`` and ``<kind>_min``
            places of a kind within a limit, and the minutes to the nearest
            (NaN where none is reached);
        ``spread_min``
            minutes between a good and a bad departure (p95 - p5), averaged over
            what is reached within an hour at the median departure, and within
            the limit of the journeys at the bad one;
        ``change_min``
            minutes that go into changing, averaged over what is reached within
            an hour; NaN where nobody asked.
    """
    amounts = goals.amounts.to_numpy(dtype=float)
    totals = amounts.sum(axis=0)
    kinds = goals.kinds.reindex(goals.amounts.index).to_numpy(dtype=bool)
    weight = goals.amounts[goals.weighed_by].to_numpy(dtype=float)
    rows = []
    for minutes, change_min in journeys:
        median = minutes[_MIDDLE]
        row: list[float] = []
        for limit in LIMITS_MIN:
            within = median <= limit
            with np.errstate(invalid="ignore", divide="ignore"):
                row += list(within @ amounts / totals)
            row += list(within @ kinds.astype(float))
        row += [median[one].min(initial=np.inf) for one in kinds.T]
        hour = np.where(median <= LIMITS_MIN[-1], weight, 0.0)
        both = np.where(np.isfinite(minutes[_HIGH]), hour, 0.0)
        with np.errstate(invalid="ignore"):
            gap = np.where(both > 0, minutes[_HIGH] - minutes[_LOW], 0.0)
        row.append(_mean(gap, both))
        if len(change_min):
            row.append(_mean(np.where(hour > 0, change_min, 0.0), hour))
        else:
            row.append(np.nan)
        rows.append(row)
    table = pd.DataFrame(rows, index=origins, columns=columns_of(goals), dtype=float)
    return table.replace(np.inf, np.nan)


def columns_of(goals: Goals) -> list[str]:
    """
    Name what is added up.

    Parameters
    ----------
    goals
        What the destinations are.

    Returns
    -------
    columns
        Of `reach_of`, in their order.
    """
    named: list[str] = []
    for limit in LIMITS_MIN:
        named += [f"{one}_{limit}min_share" for one in goals.amounts.columns]
        named += [f"{one}_{limit}min_count" for one in goals.kinds.columns]
    return [*named, *(f"{one}_min" for one in goals.kinds.columns), "spread_min", "change_min"]


def _mean(values: np.ndarray, weight: np.ndarray) -> float:
    """Average; NaN where nothing weighs."""
    total = weight.sum()
    return float((values * weight).sum() / total) if total > 0 else float("nan")


def direct_share(
    every: pd.DataFrame, direct: pd.DataFrame, *, amount: str, limit: int = USUAL_MIN
) -> pd.Series:
    """
    Tell how much of what is reached needs no second boarding.

    Parameters
    ----------
    every
        Reach, as `reach_of` gives it.
    direct
        Reach of those who board once at most.
    amount
        What is reached.
    limit
        Within how many minutes.

    Returns
    -------
    share
        By origin, 0-1; NaN where nothing is reached.

    Examples
    --------
    >>> every = pd.DataFrame({"jobs_45min_share": [0.4, 0.0]})
    >>> direct = pd.DataFrame({"jobs_45min_share": [0.1, 0.0]})
    >>> direct_share(every, direct, amount="jobs").tolist()
    [0.25, nan]
    """
    column = f"{amount}_{limit}min_share"
    return direct[column] / every[column].where(every[column] > 0)
