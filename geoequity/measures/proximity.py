"""How near people live to services, on foot."""

from collections.abc import Sequence
from typing import TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoequity import schema
from geoequity._sums import sums_by

Values = TypeVar("Values", pd.Series, pd.DataFrame)
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


def over_homes(values: Values, *, homes: pd.DataFrame, cells: pd.Index) -> Values:
    """
    Average the homes of each cell.

    Homes that are unknown are left out, as if they were like the others.

    Parameters
    ----------
    values
        One for each home, or columns of them; NaN = unknown.
    homes
        On the same index: ``cell_id``, and ``share`` of the cell's people.
    cells
        Cells of the result.

    Returns
    -------
    values
        By cell, under the name or names of `values`; NaN where those known stand
        for less than half of the cell's people.

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
    share = homes["share"].to_numpy(dtype=float, na_value=np.nan)
    number, there = pd.factorize(homes["cell_id"])  # few to look up by name
    cell = np.append(cells.get_indexer(there), -1)[number]

    def mean(column: pd.Series) -> np.ndarray:
        value = column.to_numpy(dtype=float, na_value=np.nan)
        known = np.where(np.isnan(value), 0.0, share)
        held = value * known
        known, held = sums_by(cell, [known, np.where(np.isnan(held), 0.0, held)], count=len(cells))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(known >= _MIN_KNOWN, held / known, np.nan)

    if isinstance(values, pd.Series):
        return pd.Series(mean(values), index=cells, name=values.name)
    return pd.DataFrame({name: mean(one) for name, one in values.items()}, index=cells)


def rise(
    homes: gpd.GeoSeries,
    places: gpd.GeoSeries,
    *,
    from_m: pd.Series,
    to_m: pd.Series,
) -> pd.Series:
    """
    Measure how steep the way between home and the nearest place is.

    The way is taken as a straight line, so that a street that winds up a hill
    is less steep, and a way that dips between is steeper.

    Parameters
    ----------
    homes
        Where people set out, in a metric CRS.
    places
        Where they go, in the same CRS; areas stand for a point inside.
    from_m
        Height of the ground at the homes [m], on their index; NaN where unknown.
    to_m
        Likewise at the places.

    Returns
    -------
    rise
        Difference in height over distance [share: 0.1 is ten per cent], up or
        down, on the homes' index; NaN where a height is unknown, or there is no
        place. 0 for a home at the place itself.

    Raises
    ------
    CRSError
        If a CRS is not metric or the two differ.
    DataError
        If an index differs.

    Examples
    --------
    >>> home = gpd.GeoSeries.from_xy([0], [0], crs=32718)
    >>> place = gpd.GeoSeries.from_xy([300], [400], crs=32718)
    >>> rise(home, place, from_m=pd.Series([1500.0]), to_m=pd.Series([1550.0])).tolist()
    [0.1]
    """
    schema.check_metric_crs(homes, name="homes")
    schema.check_same_crs(homes, places, names=("homes", "places"))
    schema.check_same_index(from_m, homes, names=("from_m", "homes"))
    schema.check_same_index(to_m, places, names=("to_m", "places"))
    if places.empty or homes.empty:
        return pd.Series(np.nan, index=homes.index)
    ends = np.asarray(places.representative_point())
    tree = shapely.STRtree(ends)
    starts = np.asarray(homes.geometry)
    nearest_to = tree.nearest(starts)
    metres = shapely.distance(starts, ends[nearest_to])
    climb = np.abs(to_m.to_numpy(dtype=float)[nearest_to] - from_m.to_numpy(dtype=float))
    share = np.divide(climb, metres, out=np.zeros_like(climb), where=metres > 0)
    return pd.Series(np.where(np.isnan(climb), np.nan, share), index=homes.index)


def near_lines(homes: gpd.GeoSeries, lines: gpd.GeoSeries, *, within_m: float) -> pd.Series:
    """
    Tell which homes lie near a line, such as that of a bus whose stops nobody lists.

    Parameters
    ----------
    homes
        Where people set out, in a metric CRS.
    lines
        In the same CRS.
    within_m
        The limit in a straight line [m], included.

    Returns
    -------
    near
        1 within the limit, 0 beyond it, on the homes' index.

    Raises
    ------
    CRSError
        If a CRS is not metric or the two differ.
    DataError
        If the limit is not above 0.

    Examples
    --------
    >>> homes = gpd.GeoSeries.from_xy([0, 50], [400, 600]).set_crs(32718)
    >>> lines = gpd.GeoSeries([shapely.LineString([(0, 0), (100, 0)])], crs=32718)
    >>> near_lines(homes, lines, within_m=500).tolist()
    [1.0, 0.0]
    """
    schema.check_metric_crs(homes, name="homes")
    schema.check_same_crs(homes, lines, names=("homes", "lines"))
    schema.check_above_0(within_m, name="within_m")
    tree = shapely.STRtree(np.asarray(lines))
    found, _ = tree.query(np.asarray(homes.geometry), predicate="dwithin", distance=within_m)
    near = np.zeros(len(homes))
    near[found] = 1.0
    return pd.Series(near, index=homes.index)
