"""
How far a number can be trusted, 0-1, with reasons; and what a thin map hides.

Confidence is coverage (the share of people the number speaks of) times what is
known of how it was measured: how much is on record, walks in a straight line,
the width of the sampling interval, and how much of a district's services is on
the map. It says nothing of the choices behind the index; those are the
``method`` range.

OpenStreetMap is thin where mappers are few, and a gap in the map must not read
as a gap in services. :func:`completeness` asks of every district how far its
map falls short of what its people let expect, and gives that share with its
own distribution; the ``*_draws`` turn what is mapped into what there may be.
"""

from geoequity.confidence._completeness import (
    PRIOR_THIN,
    THIN,
    Completeness,
    completeness,
)
from geoequity.confidence._hidden import (
    count_draws,
    length_draws,
    share_draws,
    walk_draws,
)
from geoequity.confidence._mapping import AGREEMENT_COLUMNS, agreement, mapping_of
from geoequity.confidence._reasons import (
    MAX_SPREAD_YEARS,
    STRAIGHT_LINE,
    Reason,
    of_districts,
    precision,
    reason,
    year_spread,
)

__all__ = [
    "AGREEMENT_COLUMNS",
    "MAX_SPREAD_YEARS",
    "PRIOR_THIN",
    "STRAIGHT_LINE",
    "THIN",
    "Completeness",
    "Reason",
    "agreement",
    "completeness",
    "count_draws",
    "length_draws",
    "mapping_of",
    "of_districts",
    "precision",
    "reason",
    "share_draws",
    "walk_draws",
    "year_spread",
]
