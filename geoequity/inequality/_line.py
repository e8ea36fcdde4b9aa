"""People lined up, by value or by rank, and what is read off the line."""

import numpy as np
import pandas as pd

from geoequity.errors import DataError, shown
from geoequity.inequality._people import Floats, People, cumulated, mean_of, numbers, total

EXACT_STEP = 1e-12  # share of people; far below one person, far above rounding


def ranked(people: People, rank: pd.Series) -> tuple[Floats, Floats]:
    """
    Line people up by rank, those of equal rank as one with their mean value.

    Parameters
    ----------
    people
        In any order.
    rank
        Rank per unit of the input, poorest lowest.

    Returns
    -------
    line
        As of `People.line`, one step a rank.

    Raises
    ------
    DataError
        If ranks are text or infinite.
    """
    (ranks,) = numbers(rank=rank)
    ranks = ranks[people.places]
    if np.isinf(ranks).any():
        ids = people.ids(np.isinf(ranks))
        msg = f"rank: infinite in {shown(ids)}"
        raise DataError(msg, ids=ids)
    _, tied = np.unique(ranks, return_inverse=True)
    residents = np.bincount(tied, people.population)
    base = people.value.min()  # so that people who are alike, or have nothing, stay so exactly
    above = np.bincount(tied, people.population * (people.value - base)) / residents
    return base + above, cumulated(residents)


def mean_between(ordered: Floats, edges: Floats, low: float, high: float) -> float:
    """
    Mean value of the people between two shares, splitting the units that straddle them.

    Parameters
    ----------
    ordered
        Values of people who stand in line.
    edges
        Shares of people between them.
    low
        Share of people below those who count.
    high
        Share of people up to the last who counts, above `low`.

    Returns
    -------
    mean
        In the unit of the values.
    """
    return mean_of(ordered, np.diff(np.clip(edges, low, high)))


def quantile_of(ordered: Floats, edges: Floats, q: float) -> float:
    """
    Invert the distribution of people, averaging where a step is met exactly.

    Parameters
    ----------
    ordered
        Values, ascending.
    edges
        Shares of people between them.
    q
        Share of people, 0-1.

    Returns
    -------
    quantile
        In the unit of the values.
    """
    upto = edges[1:]
    at = int(np.searchsorted(upto, q - EXACT_STEP))
    exact = upto[at] <= q + EXACT_STEP
    return float(ordered[at] + ordered[min(at + exact, len(ordered) - 1)]) / 2


def slack(ordered: Floats, edges: Floats, nu: float = 2) -> float:
    """
    Area between the line of equality and the (extended) Lorenz curve, times the mean.

    Parameters
    ----------
    ordered
        Values of people who stand in line.
    edges
        Shares of people between them.
    nu
        Concern for those first in line, above 1; 2 for the plain curve.

    Returns
    -------
    slack
        In the unit of the values; below 0 where the curve runs above the line.
    """
    above = 1 - edges[1:-1]
    above -= above**nu
    # summed over the steps up, not the people: no term cancels another, and 0 is exact
    above *= np.diff(ordered)
    return total(above)


def ratio_of(above: float, below: float) -> float:
    """
    Divide, NaN where nothing or less stands below.

    Parameters
    ----------
    above
        Numerator.
    below
        Denominator.

    Returns
    -------
    ratio
        NaN also where the numerator is negative.
    """
    return above / below if below > 0 <= above else np.nan
