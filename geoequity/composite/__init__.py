"""
From indicators to scores: treat, normalise, weigh, aggregate, audit, and shake the choices.

Each step is a function of tables, chosen by the caller; `build` walks a tree of
any depth with them. The published number is "the index".
"""

from geoequity.composite._aggregate import (
    Aggregate,
    Array,
    arithmetic,
    copeland,
    floored,
    geometric,
    harmonic,
)
from geoequity.composite._audit import (
    REDUNDANT,
    Audit,
    Reliability,
    audit,
    correlations,
    cronbach_alpha,
    effective_weights,
    global_weights,
    profile,
    related_pairs,
)
from geoequity.composite._build import Scores, Weigh, build, unit_weights
from geoequity.composite._components import Components, components
from geoequity.composite._normalise import (
    Normalise,
    goalposts,
    min_max,
    percentile,
    rank,
    to_targets,
    z_score,
)
from geoequity.composite._robustness import Pool, Robustness, robustness, sobol_indices
from geoequity.composite._treat import denominate, impute, tame_outliers
from geoequity.composite._weigh import (
    BenefitOfTheDoubt,
    Budget,
    Hierarchy,
    analytic_hierarchy,
    benefit_of_the_doubt,
    budget_allocation,
    component_weights,
    entropy_weights,
    equal_weights,
    favourable,
    with_weights,
)

__all__ = [
    "REDUNDANT",
    "Aggregate",
    "Array",
    "Audit",
    "BenefitOfTheDoubt",
    "Budget",
    "Components",
    "Hierarchy",
    "Normalise",
    "Pool",
    "Reliability",
    "Robustness",
    "Scores",
    "Weigh",
    "analytic_hierarchy",
    "arithmetic",
    "audit",
    "benefit_of_the_doubt",
    "budget_allocation",
    "build",
    "component_weights",
    "components",
    "copeland",
    "correlations",
    "cronbach_alpha",
    "denominate",
    "effective_weights",
    "entropy_weights",
    "equal_weights",
    "favourable",
    "floored",
    "geometric",
    "global_weights",
    "goalposts",
    "harmonic",
    "impute",
    "min_max",
    "percentile",
    "profile",
    "rank",
    "related_pairs",
    "robustness",
    "sobol_indices",
    "tame_outliers",
    "to_targets",
    "unit_weights",
    "with_weights",
    "z_score",
]
