"""How near people live to services, on foot."""

from collections.abc import Sequence

import pandas as pd

from geoequity import schema

_MIN_KNOWN = 0.5  # share of a cell's people for whom others may speak


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


def within(walk: pd.Series, *, limit: float) -> pd.Series:
    """
    Tell who reaches a service within a limit.

    All people of an origin share its walk, so the value is 0 or 1 there and a
    share only over several origins.

    Parameters
    ----------
    walk
        Minutes or metres on foot to the nearest service; NaN = unknown.
    limit
        The limit in the same unit, included.

    Returns
    -------
    share
        1 within the limit, 0 beyond it, NaN where unknown; on the caller's index.

    Examples
    --------
    >>> within(pd.Series([5.0, 5.1, float("nan")]), limit=5).tolist()
    [1.0, 0.0, nan]
    """
    return (walk <= limit).astype(float).where(walk.notna())


def over_homes(values: pd.Series, *, homes: pd.DataFrame, cells: pd.Index) -> pd.Series:
    """
    Average the homes of each cell.

    Homes that are unknown are left out, as if they were like the others.

    Parameters
    ----------
    values
        One for each home; NaN = unknown.
    homes
        On the same index: ``cell_id``, and ``share`` of the cell's people.
    cells
        Cells of the result.

    Returns
    -------
    values
        By cell, under the name of `values`; NaN where those known stand for
        less than half of the cell's people.

    Raises
    ------
    DataError
        If the indexes differ.

    Examples
    --------
    >>> homes = pd.DataFrame({"cell_id": ["a", "a", "b"], "share": [0.5, 0.5, 1.0]})
    >>> over_homes(pd.Series([4.0, 8.0, 3.0]), homes=homes, cells=pd.Index(["a", "b"])).tolist()
    [6.0, 3.0]
    """
    schema.check_same_index(values, homes["share"], names=("values", "homes"))
    known = homes["share"].where(values.notna(), 0.0)
    table = pd.DataFrame(
        {"cell": homes["cell_id"], "known": known, "sum": (values * known).fillna(0.0)}
    )
    sums = table.groupby("cell", sort=False)[["known", "sum"]].sum().reindex(cells)
    mean = sums["sum"] / sums["known"].where(sums["known"] >= _MIN_KNOWN)
    return mean.rename(values.name)
