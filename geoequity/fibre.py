"""
What broadband would be measured where fibre is laid to all homes.

Every home there is taken to get the speed and the latency of the fibre, or keep
its own where that is better; nobody elsewhere gets anything. What is known of a
unit is carried over draw by draw, so that its error stays its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from geoequity.indicators import TableValues
from geoequity.measures.digital import ADVANCED, BASIC, INTERACTIVE

Shift = Callable[[np.ndarray, pd.Series], np.ndarray]
_HOMES = "home_internet_share"
_UNDER = {"fixed_under_25_3_share": BASIC, "fixed_under_100_20_share": ADVANCED}
_OVER = {"fixed_over_100_ms_share": INTERACTIVE}


def with_fibre(
    tables: Mapping[str, TableValues],
    fibre: pd.DataFrame,
    *,
    reach: pd.DataFrame,
    cells: pd.DataFrame | None,
) -> dict[str, TableValues]:
    """
    Carry broadband over to a city with more fibre.

    Parameters
    ----------
    tables
        Values by indicator id; those that fibre does not touch stay.
    fibre
        Districts by ``down_mbps``, ``up_mbps``, ``latency_ms`` and
        ``home_share``, the share of homes that will have internet at least
        [0-1]; NaN where nothing is said of it.
    reach
        Units of the tables by those districts: share of the people of a unit
        who live in the district [0-1].
    cells
        Cells with ``district_id`` of those districts, and ``households`` where
        they are counted; None without cells.

    Returns
    -------
    tables
        Unknown speeds of units that lie in it whole are those of the fibre.
    """
    made = dict(tables)
    for key, one in tables.items():
        shift = _shift_of(key, fibre)
        if shift is None:
            continue
        if one.level == "cell":
            if cells is not None:
                made[key] = replace(one, value=_at_cells(one, fibre, cells))
            continue
        if key == _HOMES and one.is_count:
            continue  # of homes that nobody counts by district here
        units = reach.reindex(one.value.index).fillna(0.0)
        interval, draws = one.interval, one.draws
        if interval is not None:
            ends = {end: _moved(interval[end], fibre, units, shift) for end in interval}
            interval = pd.DataFrame(ends)
        if draws is not None:
            draws = draws.apply(_moved, axis=1, args=(fibre, units, shift))
        made[key] = replace(
            one, value=_moved(one.value, fibre, units, shift), interval=interval, draws=draws
        )
    return made


def _shift_of(key: str, fibre: pd.DataFrame) -> Shift | None:
    """Tell what fibre does to a value; None where it does nothing to it."""
    if key == "fixed_down_mbps":
        return lambda value, laid: np.fmax(value, laid["down_mbps"])
    if key == "fixed_latency_ms" and fibre["latency_ms"].notna().any():
        return lambda value, laid: np.fmin(value, laid["latency_ms"])
    if key == _HOMES and fibre["home_share"].notna().any():
        return lambda value, laid: np.fmax(value, laid["home_share"])
    if key in _UNDER:
        wanted = _UNDER[key]
        return lambda value, laid: np.where(
            all(laid[one] >= least for one, least in wanted.items()), 0.0, value
        )
    if key in _OVER:
        wanted = _OVER[key]
        return lambda value, laid: np.where(
            all(laid[one] <= most for one, most in wanted.items()), 0.0, value
        )
    return None


def _moved(value: pd.Series, fibre: pd.DataFrame, reach: pd.DataFrame, shift: Shift) -> pd.Series:
    """Average over the people of a unit who get fibre, and those who do not."""
    old = value.to_numpy(dtype=float)
    touched = reach.sum(axis=1).to_numpy()
    new = np.where(touched < 1, (1 - touched) * old, 0.0)
    for district, laid in fibre.iterrows():
        share = reach[district].to_numpy() if district in reach else np.zeros(len(old))
        new = new + np.where(share > 0, share * shift(old, laid), 0.0)
    return pd.Series(np.where(touched > 0, new, old), index=value.index, name=value.name)


def _at_cells(one: TableValues, fibre: pd.DataFrame, cells: pd.DataFrame) -> pd.Series:
    """Raise the share, or the number, of homes with internet in cells."""
    least = cells["district_id"].map(fibre["home_share"]).reindex(one.value.index)
    if one.is_count:
        if "households" not in cells:
            return one.value
        least = least * cells["households"].reindex(one.value.index)
    return one.value.mask(least > one.value.fillna(0.0), least).astype(float)
