"""
What a study found, in a handful of sentences.

Each finding is one or two sentences in every language of the catalogues, with
the numbers they state beside them. Findings read results and judge nothing
anew: where the index, a pillar or the count of residents is missing they say
so, and say what still stands.
"""

from geoequity.findings._facts import Finding, finding
from geoequity.findings._findings import findings
from geoequity.findings._modes import losses, say_without
from geoequity.findings._people import DRIVING_POINTS, LEANING, WEAK
from geoequity.findings._places import SURE

__all__ = [
    "DRIVING_POINTS",
    "LEANING",
    "SURE",
    "WEAK",
    "Finding",
    "finding",
    "findings",
    "losses",
    "say_without",
]
