"""Whether districts come closer to each other: sigma and beta convergence."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from geoequity import inequality, judgement, schema
from geoequity.compare._error import TAILS
from geoequity.errors import DataError

_FEWEST = 4  # districts, for a slope with an interval
_ROUNDING = 1e-9

Ends = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Convergence:
    """
    How far apart districts were and are, and whether those behind catch up.

    Parameters
    ----------
    districts
        How many were compared.
    spread_old
        Standard deviation of the scores over people, in points.
    spread_new
        The same later.
    spread_change
        The later less the earlier; below 0 districts came closer.
    spread_interval
        Its 90 % interval, from measurement error.
    gap_old
        90th less 10th percentile of people, in points.
    gap_new
        The same later.
    gap_change
        The later less the earlier.
    gap_interval
        Its 90 % interval, from measurement error.
    slope_observed
        Change of score for a point more of initial score, weighted by people.
    slope
        The same less regression to the mean; NaN where nothing can be told.
    slope_interval
        Its 90 % interval.
    error_slope
        Slope that measurement error alone would give.
    """

    districts: int
    spread_old: float
    spread_new: float
    spread_change: float
    spread_interval: Ends
    gap_old: float
    gap_new: float
    gap_change: float
    gap_interval: Ends
    slope_observed: float
    slope: float
    slope_interval: Ends
    error_slope: float

    @property
    def spread_says(self) -> str:
        """
        Read the change of the spread off its interval.

        Returns
        -------
        says
            ``closer``, ``apart``, ``unchanged`` or ``unclear``.
        """
        return _verdict(self.spread_change, self.spread_interval)

    @property
    def slope_says(self) -> str:
        """
        Read the slope off its interval.

        Returns
        -------
        says
            ``closer`` where those behind catch up, ``apart``, ``unchanged`` or
            ``unclear``.
        """
        return _verdict(self.slope, self.slope_interval)


def converge(
    old: pd.Series,
    new: pd.Series,
    *,
    population: tuple[pd.Series, pd.Series],
    draws: tuple[np.ndarray, np.ndarray] | None = None,
    error: pd.Series | float = 0.0,
) -> Convergence:
    """
    Measure sigma and beta convergence of a score.

    Parameters
    ----------
    old
        Score by district, 0-100; NaN = unknown, left out.
    new
        The same later, on the same index.
    population
        Residents at the two dates; NaN or 0 leaves a district out.
    draws
        Draws x districts of the scores at the two dates, as measurement error
        spreads them; None where nothing errs.
    error
        Standard error of the old score, of what was measured anew since, in
        points.

    Returns
    -------
    convergence
        Spread, gap and slope at the two dates, and their change.

    Raises
    ------
    DataError
        If the parts are not on one index, draws not about its districts or not as many
        at both dates, or a number is text, infinite, or below 0 where it counts people
        or errs.

    Notes
    -----
    Sigma convergence is a fall of the spread, beta convergence a falling slope
    of growth on the initial level [1]_. Error in the initial score tilts that
    slope downwards (regression to the mean), by the share of the score's
    variance that is error; the slope is corrected by moments [2]_. Its interval
    is of the scatter of districts about the line (HC3), on Student's t.

    References
    ----------
    .. [1] Barro, R. J. and Sala-i-Martin, X. (1992). Convergence. Journal of
       Political Economy 100(2), 223-251. doi:10.1086/261816
    .. [2] Fuller, W. A. (1987). Measurement Error Models. Wiley.
       doi:10.1002/9780470316665

    Examples
    --------
    >>> old, new = pd.Series([40.0, 60.0]), pd.Series([45.0, 55.0])
    >>> people = pd.Series([100.0, 100.0])
    >>> found = converge(old, new, population=(people, people))
    >>> found.spread_old, found.spread_new, found.spread_says
    (10.0, 5.0, 'closer')
    """
    schema.check_same_index(old, new, names=("old", "new"))
    for people, name in zip(population, ("old population", "new population"), strict=True):
        schema.check_same_index(old, people, names=("old", name))
        schema.check_non_negative(people, name=name)
    schema.floats_of(pd.concat([old, new], axis=1, keys=["old", "new"]), name="scores")
    if draws is not None and (
        any(one.shape[1:] != (len(old),) or not len(one) for one in draws)
        or len(draws[0]) != len(draws[1])
    ):
        msg = f"draws must be about the {len(old)} districts of the scores, as many at both dates"
        raise DataError(msg)
    if isinstance(error, pd.Series):
        schema.check_same_index(old, error, names=("old", "error"))
        schema.check_non_negative(error, name="error")
    known = old.notna() & new.notna() & (population[0] > 0) & (population[1] > 0)
    scores, people = [old[known], new[known]], [one[known].astype(float) for one in population]
    spread = [_spread(s.to_numpy(), p.to_numpy()) for s, p in zip(scores, people, strict=True)]
    gap = [judgement.gap(s, p) for s, p in zip(scores, people, strict=True)]
    drawn = None if draws is None else [one[:, known.to_numpy()] for one in draws]
    ends = _ends(drawn, people, spread[1] - spread[0], gap[1] - gap[0])
    errs = pd.Series(error, index=old.index, dtype=float)[known].fillna(0.0)
    observed, by_error, slope, slope_ends = _slope(
        scores[0], scores[1] - scores[0], people[0], errs
    )
    return Convergence(
        districts=int(known.sum()),
        spread_old=spread[0],
        spread_new=spread[1],
        spread_change=spread[1] - spread[0],
        spread_interval=ends[0],
        gap_old=gap[0],
        gap_new=gap[1],
        gap_change=gap[1] - gap[0],
        gap_interval=ends[1],
        slope_observed=observed,
        slope=slope,
        slope_interval=slope_ends,
        error_slope=by_error,
    )


def _verdict(change: float, ends: Ends) -> str:
    """Read a change off its interval."""
    if np.isnan(change) or np.isnan(ends).any():
        return "unclear"
    if change == 0 and ends[0] == ends[1] == 0:
        return "unchanged"
    if ends[0] <= 0 <= ends[1]:
        return "unclear"
    return "closer" if change < 0 else "apart"


def _spread(score: np.ndarray, people: np.ndarray) -> float:
    """Take the standard deviation of a score over people."""
    return float(_spreads(score[None, :], people)[0]) if len(score) else float("nan")


def _spreads(scores: np.ndarray, people: np.ndarray) -> np.ndarray:
    """Take the standard deviation over people of each row of scores."""
    share = people / people.sum()
    off = scores - (scores @ share)[:, None]
    return np.sqrt((off**2) @ share)


def _gaps(scores: np.ndarray, people: np.ndarray) -> np.ndarray:
    """Take the distance between the tenths of people of each row of scores."""
    low, high = inequality.quantiles(scores, population=people, q=(0.1, 0.9))
    return high - low


def _ends(
    drawn: list[np.ndarray] | None, people: list[pd.Series], spread: float, gap: float
) -> tuple[Ends, Ends]:
    """Spread the changes of spread and gap as their draws spread about their own middle."""
    if drawn is None or not people[0].size:
        return (spread, spread), (gap, gap)
    spreads = [_spreads(d, p.to_numpy()) for d, p in zip(drawn, people, strict=True)]
    gaps = [_gaps(d, p.to_numpy()) for d, p in zip(drawn, people, strict=True)]
    # Draws lie about the scores, and so further apart than these; only how they scatter counts
    found = []
    for at, both in ((spread, spreads), (gap, gaps)):
        change = both[1] - both[0]
        low, high = np.quantile(change, TAILS) - np.median(change)
        found.append((float(at + low), float(at + high)))
    return found[0], found[1]


def _slope(
    start: pd.Series, change: pd.Series, people: pd.Series, error: pd.Series
) -> tuple[float, float, float, Ends]:
    """Regress change on start: as observed, by error alone, without error, and its ends."""
    from scipy import stats  # noqa: PLC0415 - takes 30 MB

    unknown = float("nan")
    share = (people / people.sum()).to_numpy()
    x = start.to_numpy() - share @ start.to_numpy()
    y = change.to_numpy() - share @ change.to_numpy()
    varies = float(share @ x**2)
    wrong = float(share @ error.to_numpy() ** 2)
    if not varies > 0:
        return unknown, unknown, unknown, (unknown, unknown)
    observed, by_error = float(share @ (x * y)) / varies, -wrong / varies
    leverage = share + share * x**2 / varies
    alone = bool(leverage.max() >= 1 - _ROUNDING)  # one district makes the line, and fits it
    if len(x) < _FEWEST or not varies > wrong or alone:
        return observed, by_error, unknown, (unknown, unknown)
    left = (y - observed * x) / (1 - leverage)
    true = 1 + by_error
    half = float(stats.t.ppf(TAILS[1], len(x) - 2) * np.sqrt((share**2 * x**2 * left**2).sum()))
    half /= varies * true
    slope = (observed - by_error) / true
    return observed, by_error, slope, (slope - half, slope + half)
