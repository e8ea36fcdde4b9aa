"""
From indicators to scores: treat, normalise, weigh, aggregate, and shake the weights.

Each step is a function of tables, chosen by the caller; `build` walks a tree of
any depth with them. The published number is "the index".
"""

from geoequity.composite._aggregate import (
    Aggregate,
    Array,
    arithmetic,
    copeland,
    geometric,
    harmonic,
)
from geoequity.composite._build import Scores, build, weight_draws
from geoequity.composite._normalise import (
    Normalise,
    goalposts,
    min_max,
    percentile,
    rank,
    to_targets,
    z_score,
)
from geoequity.composite._treat import denominate, impute, tame_outliers

__all__ = [
    "Aggregate",
    "Array",
    "Normalise",
    "Scores",
    "arithmetic",
    "build",
    "copeland",
    "denominate",
    "geometric",
    "goalposts",
    "harmonic",
    "impute",
    "min_max",
    "percentile",
    "rank",
    "tame_outliers",
    "to_targets",
    "weight_draws",
    "z_score",
]
