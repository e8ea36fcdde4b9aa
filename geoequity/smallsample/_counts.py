"""
Districts learned from counts on a map that may lack some of what there is.

    there are in a district ~ Poisson(rate x people),  rate ~ Gamma round the city's
    counted of them         ~ Binomial(there are, completeness)
"""

from functools import partial

import numpy as np
import pandas as pd
from scipy.special import betaincinv, gammaln, logsumexp

from geoequity import schema
from geoequity.smallsample._estimates import (
    Floats,
    Posterior,
    check_options,
    drawn_from_grid,
    posterior_of,
)

PRIOR_SCALE = 1.0  # half-normal, of how rates differ between districts as a share of their mean
_LEAST, _MOST = 1e-2, 5.0  # of that
_BEYOND = 8.0  # logs from the plain rate of the city: further than any data leave it
_FEW = 20  # states of completeness, to look for the mass with
_STATES = 200  # of completeness: close enough for counts of many to fall between none of them
_TAIL = 16  # halvings of the outermost two, which lead far beyond what 200 draws reach
_NONE = 1e-6  # a completeness, and a difference of two, that is none
_BLOCK = 2_000_000  # numbers at a time, which bounds memory


def district_counts(
    counted: pd.Series,
    *,
    population: pd.Series,
    completeness: pd.DataFrame | None = None,
    rng: np.random.Generator,
    draws: int = 1000,
    level: float = 0.9,
) -> Posterior:
    """
    Estimate how many there truly are of something, per person, from an incomplete count.

    Whatever there is in a district is taken to be counted or missed apart from
    the rest, with a chance known as far as ``completeness`` says. Nothing that was
    counted is doubted: with a completeness of 1 the draws are the count itself.

    Parameters
    ----------
    counted
        How many were counted, by district (0, 1, 2 ...); NaN where nobody looked.
    population
        People of the district [persons], on the same index.
    completeness
        States x districts: equally likely shares of what there is that is
        counted (above 0, up to 1), as known before counting; each district is
        taken to be apart from the others. Of 200 states or more the tails are
        taken to go on as those of a Beta with their mean and variance. NaN for a
        district, as no table at all, means complete.
    rng
        Source of the draws.
    draws
        Number of draws.
    level
        Level of the intervals, 0-1.

    Returns
    -------
    posterior
        True numbers per person: what was counted and what was missed; NaN where
        nobody looked or lives. ``spread`` has the ``typical`` rate of the city,
        and the standard deviation of rates between ``districts`` over it; NaN
        where nothing can have been missed.

    Raises
    ------
    DataError
        If the indexes or columns differ, a count is no whole number from 0 up, a
        population is negative or a known count stands on an unknown one, a
        completeness is not above 0 and up to 1 or in part unknown, or ``draws``
        or ``level`` make no sense.

    Notes
    -----
    A gamma-Poisson hierarchy [1]_ with binomial thinning: given the rate, what was
    missed is Poisson with mean rate x people x (1 - completeness), whatever was
    counted. The rate of the city has the prior of Jeffreys, the relative spread
    between districts a half-normal one with scale 1. What was counted also tells of
    completeness: where few were counted it was likelier low. To divide the count by
    completeness as known beforehand would miss that, and set districts further
    apart than they are. Among many districts one is mapped worse than all its states
    say; without tails it would be sure to have less than all others.

    References
    ----------
    .. [1] Clayton, D. and Kaldor, J. (1987). Empirical Bayes estimates of
       age-standardized relative risks for use in disease mapping. Biometrics 43(3),
       671-681.

    Examples
    --------
    >>> counted = pd.Series({"a": 2, "b": 6})
    >>> people = pd.Series({"a": 1000.0, "b": 1000.0})
    >>> known = district_counts(counted, population=people, rng=np.random.default_rng(0))
    >>> known.table.loc["b"].tolist()
    [0.006, 0.006, 0.006]
    """
    schema.check_same_index(counted, population, names=("counted", "population"))
    if completeness is None:
        completeness = pd.DataFrame(1.0, index=[0], columns=counted.index)
    schema.check_same_index(counted, completeness.T, names=("counted", "completeness"))
    unknown = completeness.isna()
    wrong = ~unknown & ~((completeness > 0) & (completeness <= 1))
    faults = {
        "not a whole number from 0 up": counted.notna() & ~((counted >= 0) & (counted % 1 == 0)),
        "population is negative or infinite": (population < 0) | np.isinf(population),
        "a count, but population unknown": counted.notna() & population.isna(),
        "completeness is not above 0 and up to 1": wrong.any(),
        "completeness is known in part": unknown.any() & ~unknown.all(),
    }
    check_options(faults, name="counted", draws=draws, level=level)
    known = counted.notna() & (population > 0)
    observed, people = (one[known].to_numpy(dtype=float) for one in (counted, population))
    shares = completeness.loc[:, known].fillna(1.0).to_numpy(dtype=float)
    missed = np.zeros((draws, len(observed)))
    spread = {"typical": np.nan, "districts": np.nan}
    if (shares < 1).any():
        missed, spread = _missed(observed, people, shares, rng=rng, draws=draws)
    table = pd.DataFrame(np.nan, index=range(draws), columns=counted.index)
    table.loc[:, known] = (observed + missed) / people
    return posterior_of(table, spread, level=level)


def _missed(
    observed: Floats, people: Floats, shares: Floats, *, rng: np.random.Generator, draws: int
) -> tuple[Floats, dict[str, float]]:
    """Draw how many were missed in every district, and the medians of the city."""
    expected = observed.sum() + 0.5  # as Jeffreys' prior has it
    plain = np.log(expected / (shares.mean(axis=0) * people).sum())
    shares, weight = _states(shares)

    def log_density(log_rate: Floats, spread: Floats, *, step: int = 1) -> Floats:
        prior = log_rate[:, None] / 2 - (spread / PRIOR_SCALE) ** 2 / 2
        exposure, states = people * shares[::step], weight[::step, None]
        likely = [
            logsumexp(_log_likelihood(observed, exposure, log_rate[:, None], one), b=states, axis=1)
            for one in spread
        ]
        return prior + np.stack([one.sum(axis=1) for one in likely], axis=1)

    rough = partial(log_density, step=max(1, len(shares) // _FEW))
    limits = ((plain - _BEYOND, plain + _BEYOND), (_LEAST, _MOST))
    log_rate, spread = drawn_from_grid(log_density, limits, rng=rng, draws=draws, rough=rough)
    missed = np.empty((draws, len(observed)))
    for rows in np.array_split(np.arange(draws), -(-draws * shares.size // _BLOCK)):
        state = _log_likelihood(
            observed, people * shares, log_rate[rows, None], spread[rows, None, None]
        )
        likely = np.exp(state - state.max(axis=1, keepdims=True))
        mass = (weight[:, None] * likely).cumsum(axis=1)
        mark = mass[:, -1] * rng.random((len(rows), len(observed)))
        chosen = (mass < mark[:, None]).sum(axis=1)
        share = np.take_along_axis(shares, chosen, axis=0)
        shape = 1 / spread[rows, None] ** 2
        per_rate = shape / np.exp(log_rate[rows, None]) + people * share
        rate = rng.gamma(shape + observed) / per_rate
        missed[rows] = rng.poisson(rate * people * (1 - share))
    medians = {"typical": np.exp(np.median(log_rate)), "districts": np.median(spread)}
    return missed, {key: float(one) for key, one in medians.items()}


def _states(shares: Floats) -> tuple[Floats, Floats]:
    """Lay states of completeness over their quantiles: states x districts, and how likely each."""
    if len(shares) == 1:
        return shares, np.ones(1)
    # Districts are apart: so are their states
    level = (np.arange(_STATES) + 0.5) / _STATES
    inner = np.quantile(shares, level, axis=0)
    if len(shares) < _STATES:
        return inner, np.full(_STATES, 1 / _STATES)
    at = np.append(0.75 * 0.5 ** np.arange(_TAIL), 0.5 ** (_TAIL + 1)) / _STATES
    part = np.append(0.5 ** np.arange(1, _TAIL + 1), 0.5**_TAIL) / _STATES
    mean, variance = shares.mean(axis=0), shares.var(axis=0)
    known = variance < _NONE**2  # they are all the same
    sure = mean * (1 - mean) / np.where(known, 1, variance) - 1
    alpha, other = (np.where(known, 1, one * sure) for one in (mean, 1 - mean))
    low = betaincinv(alpha, other, at[::-1, None])
    high = betaincinv(alpha, other, 1 - at[:, None])
    ends = np.quantile(shares, (1 / _STATES, 1 - 1 / _STATES), axis=0)
    low, high = np.minimum(low, ends[0]), np.maximum(high, ends[1])
    low, high = (np.where(known, mean, one).clip(_NONE, 1) for one in (low, high))
    states = np.concatenate([low, inner[1:-1], high])
    return states, np.concatenate([part[::-1], np.full(_STATES - 2, 1 / _STATES), part])


def _log_likelihood(
    observed: Floats, exposure: Floats, log_rate: Floats, spread: Floats | float
) -> Floats:
    """Give the log likelihood of rates x states x districts, rates of districts integrated out."""
    shape = 1 / spread**2
    log_mean = log_rate[..., None] + np.log(exposure / shape)
    constant = gammaln(shape + observed) - gammaln(shape) - gammaln(observed + 1)
    return constant + observed * log_mean - (shape + observed) * np.log1p(np.exp(log_mean))
