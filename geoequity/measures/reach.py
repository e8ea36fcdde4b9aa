"""What can be reached by public transport, how surely, and with how much changing."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

LIMITS_MIN = (30, 45, 60)
USUAL_MIN = 45  # what ways to work are measured by, unless said otherwise
PERCENTILES = (5, 50, 95)
_LOW, MIDDLE, _HIGH = range(3)


def reach_of(
    journeys: Iterable[tuple[np.ndarray, np.ndarray]],
    amounts: pd.DataFrame,
    *,
    weighed_by: str,
    origins: pd.Index,
) -> pd.DataFrame:
    """
    Add up what each origin reaches.

    Parameters
    ----------
    journeys
        For each origin in its order minutes by percentile (5, 50, 95) and
        destination, infinite where not reached, and minutes of changing by
        destination or nothing, as `transit.Timetable.spread` gives them.
    amounts
        Destinations by what they hold, such as ``jobs`` and ``people``; 0 where
        nothing, and where unknown.
    weighed_by
        Column of `amounts` by which journeys are averaged.
    origins
        Origins of the result.

    Returns
    -------
    reach
        Origins by:

        ``<amount>_<limit>min_share``
            share of all there is that is reached within 30, 45 and 60 minutes
            at the median departure (0-1; NaN where there is none);
        ``spread_min``
            minutes between a good and a bad departure (p95 - p5), averaged over
            what is reached within an hour at the median departure, and within
            the limit of the journeys at the bad one;
        ``change_min``
            minutes that go into changing, averaged over what is reached within
            an hour; NaN where nobody asked.
    """
    held = amounts.to_numpy(dtype=float)
    totals = held.sum(axis=0)
    weight = amounts[weighed_by].to_numpy(dtype=float)
    rows = []
    for minutes, change_min in journeys:
        median = minutes[MIDDLE]
        row: list[float] = []
        for limit in LIMITS_MIN:
            with np.errstate(invalid="ignore", divide="ignore"):
                row += list((median <= limit) @ held / totals)
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
    columns = columns_of(amounts.columns, kinds=())
    return pd.DataFrame(rows, index=origins, columns=columns, dtype=float)


def count_of(minutes: Iterable[np.ndarray], *, kind: str, origins: pd.Index) -> pd.DataFrame:
    """
    Count the places of a kind that each origin reaches, and tell the nearest.

    Parameters
    ----------
    minutes
        To each place, by origin in its order, at the median departure; infinite
        where it is not reached.
    kind
        What the places are.
    origins
        Origins of the result.

    Returns
    -------
    count
        Origins by ``<kind>_<limit>min_count``, how many are reached within 30, 45 and
        60 minutes, and ``<kind>_min``, minutes to the nearest (NaN where none is reached).

    Examples
    --------
    >>> to_two = [np.array([20.0, np.inf]), np.array([40.0, 50.0])]
    >>> count_of(to_two, kind="school", origins=pd.Index(["a", "b"]))
       school_30min_count  school_45min_count  school_60min_count  school_min
    a                 1.0                 2.0                 2.0        20.0
    b                 0.0                 0.0                 1.0        50.0
    """
    counts = np.zeros((len(LIMITS_MIN), len(origins)))
    nearest = np.full(len(origins), np.inf)
    for one in minutes:
        counts += one <= np.array(LIMITS_MIN)[:, None]
        nearest = np.minimum(nearest, one)
    nearest[np.isinf(nearest)] = np.nan
    columns = [*(f"{kind}_{limit}min_count" for limit in LIMITS_MIN), f"{kind}_min"]
    return pd.DataFrame(dict(zip(columns, [*counts, nearest], strict=True)), index=origins)


def columns_of(amounts: Iterable[str], *, kinds: Iterable[str]) -> list[str]:
    """
    Name what is added up and counted.

    Parameters
    ----------
    amounts
        What places hold.
    kinds
        Kinds of places.

    Returns
    -------
    columns
        Of `reach_of` and of `count_of`, in their order.

    Examples
    --------
    >>> columns_of(["jobs"], kinds=["school"])[:2]
    ['jobs_30min_share', 'school_30min_count']
    """
    named: list[str] = []
    held, listed = list(amounts), list(kinds)
    for limit in LIMITS_MIN:
        named += [f"{one}_{limit}min_share" for one in held]
        named += [f"{one}_{limit}min_count" for one in listed]
    return [*named, *(f"{one}_min" for one in listed), "spread_min", "change_min"]


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
