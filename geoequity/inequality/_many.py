"""Measures of many draws of the values of the same people, number for number as of one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from geoequity.inequality._curves import _absolute_gini, _gini
from geoequity.inequality._line import EXACT_STEP
from geoequity.inequality._people import Better, Floats, People, _mean, total
from geoequity.inequality._quantiles import _percentile_gap
from geoequity.inequality._welfare import _kolm_pollak_ede


@dataclass(frozen=True, eq=False)
class Draws:
    """
    Many draws of the values of the same people, who are lined up once for all measures.

    Parameters
    ----------
    values
        Draws x units, all known.
    population
        Residents per unit [persons], above 0.
    """

    values: Floats
    population: Floats

    @cached_property
    def lines(self) -> tuple[Floats, Floats]:
        """
        Line people up in every draw.

        Returns
        -------
        lines
            Values ascending, and shares of people between them: one more than values.
        """
        values = self.values
        order = values.argsort(axis=1)
        straight = ~(values[:, 1:] < values[:, :-1]).any(axis=1)
        order[straight] = np.arange(values.shape[1])
        edges = np.zeros((len(values), values.shape[1] + 1))
        np.cumsum(self.population[order], axis=1, out=edges[:, 1:])
        edges /= edges[:, -1:]
        return np.take_along_axis(values, order, axis=1), edges

    def means(self) -> Floats:
        """
        Average over people.

        Returns
        -------
        means
            By draw.
        """
        base = self.values[:, np.argmax(self.population)]
        above = (self.values - base[:, None]) * self.population
        return base + above.sum(axis=1) / total(self.population)

    def absolute_ginis(self) -> Floats:
        """
        Give half the mean absolute differences.

        Returns
        -------
        absolute_ginis
            By draw.
        """
        ordered, edges = self.lines
        above = 1 - edges[:, 1:-1]
        above -= above**2
        above *= np.diff(ordered, axis=1)
        return np.ascontiguousarray(above).sum(axis=1)

    def ginis(self) -> Floats:
        """
        Divide half the mean absolute differences by the means.

        Returns
        -------
        ginis
            By draw; NaN where nobody holds anything.
        """
        mean = np.where(self.values.any(axis=1), self.means(), np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.absolute_ginis() / mean

    def percentile_gaps(self, *, high: float = 0.9, low: float = 0.1) -> Floats:
        """
        Take one quantile off another.

        Parameters
        ----------
        high
            Share of people at or below the upper value.
        low
            The same for the lower.

        Returns
        -------
        percentile_gaps
            By draw.
        """
        ordered, edges = self.lines
        row, last = np.arange(len(ordered)), ordered.shape[1] - 1

        def quantile(q: float) -> Floats:
            at = (edges[:, 1:] < q - EXACT_STEP).sum(axis=1)
            after = np.minimum(at + (edges[row, at + 1] <= q + EXACT_STEP), last)
            return (ordered[row, at] + ordered[row, after]) / 2

        return quantile(high) - quantile(low)

    def kolm_pollak_edes(
        self,
        *,
        epsilon: float,  # noqa: ARG002 - without effect on a given aversion
        better: Better,
        kappa: float,
    ) -> Floats:
        """
        Give the equivalents at one aversion.

        Parameters
        ----------
        epsilon
            No matter.
        better
            As of `kolm_pollak_ede`.
        kappa
            As there.

        Returns
        -------
        kolm_pollak_edes
            By draw.
        """
        kappa = abs(kappa) if better == "higher" else -abs(kappa)
        worst = self.values.min(axis=1) if better == "higher" else self.values.max(axis=1)
        amount = np.exp(-kappa * (self.values - worst[:, None])) * self.population
        return worst - np.log(amount.sum(axis=1) / float(self.population.sum())) / kappa


MANY: dict[Callable[..., float], Callable[..., Floats]] = {
    _mean: Draws.means,
    _absolute_gini: Draws.absolute_ginis,
    _gini: Draws.ginis,
    _percentile_gap: Draws.percentile_gaps,
    _kolm_pollak_ede: Draws.kolm_pollak_edes,
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
    return np.concatenate([many(Draws(one, people.population), **options) for one in blocks])
