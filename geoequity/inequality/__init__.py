"""
How unequally the people of a city share what it offers.

Every measure takes a value per unit and the people who live there, two Series
on one index, and lets each resident of a unit enjoy that unit's value: people
are compared, not areas.

One rule for gaps holds throughout. A unit whose value is NaN (unknown) is left
out with its people, and `coverage` tells how many are left. A known value on an
unknown population is refused, for it cannot be weighed, and so is a unit with
people whose rank, group or stratum is unknown: set its value to NaN first. A unit
without people contributes nothing. Where nobody lives or no value is known, there
is nothing to measure, and every function but `coverage` says so. Negative values are
refused except by `kolm_pollak_ede`, `kolm_pollak_index`, `fgt`, `sufficiency` and
the plain statistics `mean`, `quantile`, `quantiles`, `percentile_gap`, `tenths` and
`coverage`. People who are all alike, be they of one unit or of many, are not unequal:
every measure of inequality is 0.
"""

from geoequity.inequality._curves import (
    Method,
    absolute_gini,
    concentration_curve,
    concentration_index,
    extended_gini,
    gini,
    hoover,
    lorenz,
    wolfson,
)
from geoequity.inequality._entropy import Theil, atkinson, theil, theil_l
from geoequity.inequality._intervals import Interval, bootstrap, posterior, posterior_change
from geoequity.inequality._many import Draws
from geoequity.inequality._people import Better, coverage, mean
from geoequity.inequality._quantiles import (
    Tenths,
    palma_ratio,
    percentile_gap,
    percentile_ratio,
    quantile,
    quantiles,
    tenths,
)
from geoequity.inequality._summary import MEASURES, Scale, measures
from geoequity.inequality._welfare import (
    fgt,
    kolm_pollak_ede,
    kolm_pollak_index,
    kolm_pollak_kappa,
    sufficiency,
)

__all__ = [
    "MEASURES",
    "Better",
    "Draws",
    "Interval",
    "Method",
    "Scale",
    "Tenths",
    "Theil",
    "absolute_gini",
    "atkinson",
    "bootstrap",
    "concentration_curve",
    "concentration_index",
    "coverage",
    "extended_gini",
    "fgt",
    "gini",
    "hoover",
    "kolm_pollak_ede",
    "kolm_pollak_index",
    "kolm_pollak_kappa",
    "lorenz",
    "mean",
    "measures",
    "palma_ratio",
    "percentile_gap",
    "percentile_ratio",
    "posterior",
    "posterior_change",
    "quantile",
    "quantiles",
    "sufficiency",
    "tenths",
    "theil",
    "theil_l",
    "wolfson",
]
