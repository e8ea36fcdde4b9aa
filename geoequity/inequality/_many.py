"""Measures of many draws of the values of the same people, number for number as of one."""

from collections.abc import Callable

import numpy as np

from geoequity.inequality._curves import _absolute_gini, _gini
from geoequity.inequality._line import EXACT_STEP
from geoequity.inequality._people import Better, Floats, People, _mean, total
from geoequity.inequality._quantiles import _percentile_gap
from geoequity.inequality._welfare import _kolm_pollak_ede


def _lines(draws: Floats, population: Floats) -> tuple[Floats, Floats]:
    """Line people up in every draw: values ascending, and shares of people between them."""
    order = draws.argsort(axis=1)
    straight = ~(draws[:, 1:] < draws[:, :-1]).any(axis=1)
    order[straight] = np.arange(draws.shape[1])
    edges = np.zeros((len(draws), draws.shape[1] + 1))
    np.cumsum(population[order], axis=1, out=edges[:, 1:])
    edges /= edges[:, -1:]
    return np.take_along_axis(draws, order, axis=1), edges


def _means(draws: Floats, population: Floats) -> Floats:
    """Average over people."""
    base = draws[:, np.argmax(population)]
    above = (draws - base[:, None]) * population
    return base + above.sum(axis=1) / total(population)


def _absolute_ginis(draws: Floats, population: Floats) -> Floats:
    """Give half the mean absolute differences."""
    ordered, edges = _lines(draws, population)
    above = 1 - edges[:, 1:-1]
    above -= above**2
    above *= np.diff(ordered, axis=1)
    return np.ascontiguousarray(above).sum(axis=1)


def _ginis(draws: Floats, population: Floats) -> Floats:
    """Divide by the mean; NaN where nobody holds anything."""
    mean = np.where(draws.any(axis=1), _means(draws, population), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _absolute_ginis(draws, population) / mean


def _percentile_gaps(draws: Floats, population: Floats, *, high: float, low: float) -> Floats:
    """Take one quantile off another."""
    ordered, edges = _lines(draws, population)
    row, last = np.arange(len(draws)), draws.shape[1] - 1

    def quantile(q: float) -> Floats:
        at = (edges[:, 1:] < q - EXACT_STEP).sum(axis=1)
        after = np.minimum(at + (edges[row, at + 1] <= q + EXACT_STEP), last)
        return (ordered[row, at] + ordered[row, after]) / 2

    return quantile(high) - quantile(low)


def _kolm_pollak_edes(
    draws: Floats,
    population: Floats,
    *,
    epsilon: float,  # noqa: ARG001 - without effect on a given aversion
    better: Better,
    kappa: float,
) -> Floats:
    """Give the equivalents at one aversion."""
    kappa = abs(kappa) if better == "higher" else -abs(kappa)
    worst = draws.min(axis=1) if better == "higher" else draws.max(axis=1)
    amount = np.exp(-kappa * (draws - worst[:, None])) * population
    return worst - np.log(amount.sum(axis=1) / float(population.sum())) / kappa


MANY: dict[Callable[..., float], Callable[..., Floats]] = {
    _mean: _means,
    _absolute_gini: _absolute_ginis,
    _gini: _ginis,
    _percentile_gap: _percentile_gaps,
    _kolm_pollak_ede: _kolm_pollak_edes,
}
_AT_ONCE = 2**20  # numbers


def of_draws(form: Callable[..., float], draws: Floats, people: People) -> Floats | None:
    """
    Measure every draw of the values of some people.

    Parameters
    ----------
    form
        The measure on people already checked, its options given.
    draws
        Draws x units.
    people
        The people of the units.

    Returns
    -------
    measured
        One number a draw, NaN where there is no measure; None where this measure is
        not known for many.
    """
    options = getattr(form, "keywords", {})
    many = MANY.get(getattr(form, "func", form))
    if many is None or options.get("kappa", 0.0) is None:
        return None
    step = max(1, _AT_ONCE // draws.shape[1])
    blocks = [draws[at : at + step] for at in range(0, len(draws), step)]
    return np.concatenate([many(one, people.population, **options) for one in blocks])
