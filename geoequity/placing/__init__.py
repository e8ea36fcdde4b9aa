"""
The siting of a city: who sets out from where, what candidates there are, what is told.

Between the homes and streets of a study and the functions of `siting`: people
set out from their homes, as all walks of a study do, so that the mean of a
district before any site is the study's own. With public transport they set out
from one point of each cell, as its rides do.
"""

from geoequity.placing._place import (
    BY,
    MOST_CANDIDATES,
    Ask,
    Ground,
    Placing,
    check_candidates,
    known_categories,
    place,
    street_candidates,
)

__all__ = [
    "BY",
    "MOST_CANDIDATES",
    "Ask",
    "Ground",
    "Placing",
    "check_candidates",
    "known_categories",
    "place",
    "street_candidates",
]
