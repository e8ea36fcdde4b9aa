"""How near people live to services, on foot."""

from collections.abc import Sequence

import pandas as pd

from geoequity import schema


def nearest(minutes: pd.DataFrame, *, categories: Sequence[str]) -> pd.Series:
    """
    Measure the walk to the nearest of several kinds of service.

    Everybody is taken to go to the nearest one, whatever its quality.

    Parameters
    ----------
    minutes
        Origins x categories: minutes on foot to the nearest service of each
        category; NaN where none is reached or the origin is not on the network.
    categories
        Categories that serve the purpose.

    Returns
    -------
    minutes
        On the origins' index; NaN where none of the categories is reached.

    Raises
    ------
    DataError
        If a category has no column.

    Examples
    --------
    >>> minutes = pd.DataFrame({"clinic": [5.0, 20.0], "hospital": [9.0, 12.0]}, index=["a", "b"])
    >>> nearest(minutes, categories=["clinic", "hospital"]).tolist()
    [5.0, 12.0]
    """
    schema.check_columns(minutes, categories, name="minutes")
    return minutes[list(categories)].min(axis=1)


def within(minutes: pd.Series, *, within_min: float) -> pd.Series:
    """
    Tell who reaches a service within a limit.

    All people of an origin share its walk, so the value is 0 or 1 there and a
    share only over several origins.

    Parameters
    ----------
    minutes
        Minutes on foot to the nearest service; NaN = unknown.
    within_min
        The limit [min], included.

    Returns
    -------
    share
        1 within the limit, 0 beyond it, NaN where unknown; on the caller's index.

    Examples
    --------
    >>> within(pd.Series([5.0, 5.1, float("nan")]), within_min=5).tolist()
    [1.0, 0.0, nan]
    """
    return (minutes <= within_min).astype(float).where(minutes.notna())
