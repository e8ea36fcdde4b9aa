"""
Districts learned from the shares of a survey.

    answers of a district ~ Binomial(asked, p),  p ~ Beta round the city's share m

How districts differ is told by s, the square root of the intraclass
correlation: the standard deviation of p is s sqrt(m (1 - m)).
"""

from statistics import NormalDist

import numpy as np
import pandas as pd
from scipy.special import betaln

from geoequity import schema
from geoequity.errors import DataError, shown
from geoequity.smallsample._estimates import (
    Floats,
    Posterior,
    check_options,
    drawn_from_grid,
    posterior_of,
)

_EDGE = 1e-4  # of m and s: neither is ever quite 0 or 1


def district_shares(
    share: pd.Series,
    *,
    asked: pd.Series,
    rng: np.random.Generator,
    draws: int = 1000,
    level: float = 0.9,
) -> Posterior:
    """
    Estimate the true share of every district from a survey.

    Those asked in a district are taken for a simple random sample of its
    people; where they are not, give the size of the simple sample that would
    have been as sure (:func:`effective_size`).

    Parameters
    ----------
    share
        Share of those asked, by district [0-1]; NaN where nobody was.
    asked
        How many were asked, or the effective number, on the same index; need be
        no whole number. NaN or 0 where nobody was.
    rng
        Source of the draws.
    draws
        Number of draws.
    level
        Level of the intervals, 0-1.

    Returns
    -------
    posterior
        True shares; NaN where nobody was asked. ``spread`` has the ``typical``
        share m and the standard deviation of shares between ``districts``.

    Raises
    ------
    DataError
        If the indexes differ, a share is outside 0-1 or stands on an unknown
        number of people, a number is negative, or ``draws`` or ``level`` make
        no sense.

    Notes
    -----
    A beta-binomial hierarchy. Of m and s any value between 0 and 1 is as likely
    beforehand; a flat s is the flat prior on the inverse root of the concentration
    that [1]_ (section 5.3) comes to. Both are summed over a grid and drawn with the shares, so
    that intervals include not knowing them.

    References
    ----------
    .. [1] Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd edition. CRC Press.

    Examples
    --------
    >>> share = pd.Series({"a": 0.2, "b": 0.6})
    >>> asked = pd.Series({"a": 1e6, "b": 1e6})
    >>> known = district_shares(share, asked=asked, rng=np.random.default_rng(0))
    >>> known.table["value"].round(2).tolist()
    [0.2, 0.6]
    """
    schema.check_same_index(share, asked, names=("share", "asked"))
    faults = {
        "share is not within 0-1": share.notna() & ~share.between(0, 1),
        "asked is negative or infinite": (asked < 0) | np.isinf(asked),
        "a share, but nobody asked": share.notna() & ~(asked > 0),
    }
    check_options(faults, name="share", draws=draws, level=level)
    known = share.notna()
    n = asked[known].to_numpy(dtype=float)
    yes = share[known].to_numpy(dtype=float) * n
    no = n - yes
    table = pd.DataFrame(np.nan, index=range(draws), columns=share.index)
    if not known.any():
        nothing = {"typical": np.nan, "districts": np.nan}
        return posterior_of(table, nothing, level=level)

    def log_density(m: Floats, s: Floats) -> Floats:
        alpha, beta = _shapes(m[:, None, None], s[None, :, None])
        return (betaln(alpha + yes, beta + no) - betaln(alpha, beta)).sum(axis=2)

    ends = (_EDGE, 1 - _EDGE)
    m, s = drawn_from_grid(log_density, (ends, ends), rng=rng, draws=draws)
    alpha, beta = _shapes(m[:, None], s[:, None])
    table.loc[:, known] = rng.beta(alpha + yes, beta + no)
    city = {"typical": m, "districts": s * np.sqrt(m * (1 - m))}
    spread = {key: float(np.median(one)) for key, one in city.items()}
    return posterior_of(table, spread, level=level)


def effective_size(share: pd.Series, *, margin: pd.Series, level: float) -> pd.Series:
    """
    Find the simple random sample that would have had a published margin of error.

    It carries the design of a survey (clusters, weights) over to models that
    know simple samples only. A margin that was published for a share of one
    half, as many are, makes other shares look less sure than they are.

    Parameters
    ----------
    share
        Share by district [0-1]; NaN where unknown.
    margin
        Half the width of the published interval, on the same index [0-1].
    level
        Level of the published interval, 0-1.

    Returns
    -------
    size
        By z^2 share (1 - share) / margin^2; NaN where either is unknown, or the
        share is 0 or 1, of which a margin tells nothing.

    Raises
    ------
    DataError
        If the indexes differ, a margin is not positive, or the level is not
        within 0-1.

    Notes
    -----
    The number asked over it is the design effect [1]_.

    References
    ----------
    .. [1] Kish, L. (1965). Survey Sampling. Wiley.

    Examples
    --------
    >>> effective_size(pd.Series([0.5]), margin=pd.Series([0.098]), level=0.95).round().tolist()
    [100.0]
    """
    schema.check_same_index(share, margin, names=("share", "margin"))
    bad = margin.notna() & ~(margin > 0)
    if bad.any() or not 0 < level < 1:
        wrong = shown(margin.index[bad])
        msg = f"margin: must be positive, its level within 0-1, not {level}: {wrong}"
        raise DataError(msg, ids=margin.index[bad])
    z = NormalDist().inv_cdf((1 + level) / 2)
    size = z**2 * share * (1 - share) / margin**2
    return size.where(size > 0).rename("size")


def _shapes(m: Floats, s: Floats) -> tuple[Floats, Floats]:
    """Give the shapes of the Beta with mean m and intraclass correlation s squared."""
    concentration = 1 / s**2 - 1
    return m * concentration, (1 - m) * concentration
