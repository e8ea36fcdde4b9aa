"""
Where new services would close the gap.

`site` chooses among candidates by an objective that is passed to it: the
Kolm-Pollak equivalent of what people bear (`ede`), the gap between the best- and
the worst-served tenth of people (`gap`), and the classics: the mean (`mean`, the
p-median), the people within a limit (`coverage`) and the longest walk
(`p_center`). Small problems are solved exactly; of large ones the best sites
found come with a proven bound. `frontier` tells what fairness costs the average
person.
"""

from geoequity.siting._objectives import (
    OBJECTIVES,
    Objective,
    blend,
    coverage,
    ede,
    gap,
    mean,
    p_center,
)
from geoequity.siting._site import Siting, frontier, measures, site

__all__ = [
    "OBJECTIVES",
    "Objective",
    "Siting",
    "blend",
    "coverage",
    "ede",
    "frontier",
    "gap",
    "mean",
    "measures",
    "p_center",
    "site",
]
