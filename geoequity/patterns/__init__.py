"""
Where a city's units are alike together: clusters, cliffs, gradients and regions.

The statistics are those of PySAL (`libpysal` for who neighbours whom, `esda` for
Moran, Getis-Ord and Lee). They compare *units*, each counting once: population
weighting is no part of them, so they tell of places, not of people. `gradient`
and `regions` do weigh by people.

One rule for gaps holds throughout. A unit whose value is NaN (unknown) is left
out with its links, and so is an island, a unit that then has no neighbour: it is
never given a neighbour, nor a weight, of which nobody knows. Both are named.
Nothing can cluster where fewer than four linked units are known or all are alike;
that is refused.

Inference is by permutation: how often would values dealt out at random over the
same map look as clustered? Tails are counted on both sides (the smaller one,
doubled). Where every unit is tested at once, ``p_adjusted`` holds the false
discovery rate after Benjamini and Hochberg.
"""

from geoequity.patterns._clusters import (
    PERMUTATIONS,
    QUADRANTS,
    Pattern,
    adjusted,
    bivariate_moran,
    getis_ord,
    lee,
    local_moran,
    moran,
)
from geoequity.patterns._gradient import Gradient, gradient, rank_correlation
from geoequity.patterns._links import Contiguity, cliffs, neighbours
from geoequity.patterns._regions import regions

__all__ = [
    "PERMUTATIONS",
    "QUADRANTS",
    "Contiguity",
    "Gradient",
    "Pattern",
    "adjusted",
    "bivariate_moran",
    "cliffs",
    "getis_ord",
    "gradient",
    "lee",
    "local_moran",
    "moran",
    "neighbours",
    "rank_correlation",
    "regions",
]
