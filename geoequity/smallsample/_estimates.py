"""What the models of thin measurements give, and how a grid is laid where the mass is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity.errors import DataError, shown

Floats = npt.NDArray[np.float64]
_Ends = tuple[float, float]

_NODES = 17  # of each of two unknowns
_NEGLIGIBLE = 1e-3  # share of the mass, a node
_SETTLED = 0.15  # of a stretch: its ends moved by no more
_MAX_REFINEMENTS = 40


@dataclass(frozen=True, kw_only=True)
class Posterior:
    """
    Districts as the measurements show them, and how sure that is.

    Parameters
    ----------
    table
        Districts x ``value`` (median of the draws), ``low``, ``high``; NaN where
        nothing was measured.
    draws
        Draws x districts: equally likely true values of every district, together.
    spread
        Posterior median of the city: its ``typical`` value, and how ``districts``
        differ round it.
    level
        Level of the intervals, 0-1.
    """

    table: pd.DataFrame
    draws: pd.DataFrame
    spread: pd.Series
    level: float


def interval(draws: npt.NDArray[np.float64], *, level: float) -> npt.NDArray[np.float64]:
    """
    Find the ends and the middle of draws.

    Parameters
    ----------
    draws
        Draws x whatever was drawn.
    level
        Level of the interval, 0-1.

    Returns
    -------
    interval
        Low end, median and high end x whatever was drawn; NaN where a draw is.

    Notes
    -----
    Quantiles at p (n + 1), so that one more draw falls within an interval of
    level 0.9 nine times out of ten, however few draws there are.

    Examples
    --------
    >>> interval(np.arange(1.0, 20.0)[:, None], level=0.9).ravel().tolist()
    [1.0, 10.0, 19.0]
    """
    tail = (1 - level) / 2
    return np.quantile(draws, [tail, 0.5, 1 - tail], axis=0, method="weibull")


def posterior_of(draws: pd.DataFrame, spread: dict[str, float], *, level: float) -> Posterior:
    """
    Sum draws up.

    Parameters
    ----------
    draws
        Draws x districts.
    spread
        What was learned of the city.
    level
        Level of the intervals, 0-1.

    Returns
    -------
    posterior
        Medians and intervals beside the draws.
    """
    low, middle, high = interval(draws.to_numpy(), level=level)
    table = pd.DataFrame({"value": middle, "low": low, "high": high}, index=draws.columns)
    return Posterior(table=table, draws=draws, spread=pd.Series(spread), level=level)


def check_options(faults: dict[str, pd.Series], *, name: str, draws: int, level: float) -> None:
    """
    Refuse rows that are at fault, and options out of their range, in one message.

    Parameters
    ----------
    faults
        What is wrong -> where it is.
    name
        What to call the table.
    draws
        Number of draws.
    level
        Level of the intervals.

    Raises
    ------
    DataError
        If anything is wrong.
    """
    told = [f"{why}: {shown(rows.index[rows])}" for why, rows in faults.items() if rows.any()]
    if draws < 1 or not 0 < level < 1:
        told.append(f"draws must be positive and level within 0-1, not {draws} and {level}")
    if told:
        ids = [one for rows in faults.values() for one in rows.index[rows]]
        msg = f"{name}: {'; '.join(told)}"
        raise DataError(msg, ids=pd.Index(ids).unique())


def drawn_from_grid(
    log_density: Callable[[Floats, Floats], Floats],
    limits: tuple[tuple[float, float], tuple[float, float]],
    *,
    rng: np.random.Generator,
    draws: int,
    rough: Callable[[Floats, Floats], Floats] | None = None,
) -> tuple[Floats, Floats]:
    """
    Draw two unknowns from their density, summed over a grid laid where its mass is.

    Parameters
    ----------
    log_density
        Function of the nodes of either, giving first x second.
    limits
        Smallest and largest value of either.
    rng
        Source of the draws.
    draws
        Number of draws.
    rough
        A quicker density like it, to look for the mass with.

    Returns
    -------
    drawn
        The first and the second, drawn together.
    """
    ends = list(limits)
    if rough is not None:
        ends, _, _ = _laid(rough, ends, limits)
    _, nodes, mass = _laid(log_density, ends, limits)
    first, second = np.divmod(rng.choice(mass.size, size=draws, p=mass.ravel()), _NODES)
    # Anywhere in the stretch that a node stands for: the density is smooth, the grid is not
    picked = zip(nodes, (first, second), limits, strict=True)
    one, other = (
        np.clip(at[rows] + rng.uniform(-0.5, 0.5, draws) * (at[1] - at[0]), *within)
        for at, rows, within in picked
    )
    return one, other


def _laid(
    log_density: Callable[[Floats, Floats], Floats], ends: list[_Ends], limits: tuple[_Ends, _Ends]
) -> tuple[list[_Ends], list[Floats], Floats]:
    """Lay a grid where the mass is, narrower or wider until it fits: ends, nodes, and mass."""
    for _ in range(_MAX_REFINEMENTS):
        nodes = [np.linspace(*one, _NODES) for one in ends]
        mass = log_density(*nodes)
        mass = np.exp(mass - mass.max())
        mass /= mass.sum()
        found = [_occupied(mass.sum(axis=1 - at), nodes[at], limits[at]) for at in range(2)]
        moved = [np.abs(np.subtract(*pair)).max() for pair in zip(found, ends, strict=True)]
        if all(by <= _SETTLED * (e[1] - e[0]) for by, e in zip(moved, ends, strict=True)):
            break
        ends = found
    return ends, nodes, mass


def _occupied(mass: Floats, nodes: Floats, limits: tuple[float, float]) -> tuple[float, float]:
    """Find the stretch that holds the mass, and a node to either side."""
    there = np.flatnonzero(mass > _NEGLIGIBLE)
    step, beyond = nodes[1] - nodes[0], (nodes[-1] - nodes[0]) / 2
    low = nodes[0] - beyond if there[0] == 0 else nodes[there[0]] - step
    high = nodes[-1] + beyond if there[-1] == len(nodes) - 1 else nodes[there[-1]] + step
    return max(low, limits[0]), min(high, limits[1])
