"""
What would change the gap: edits to a city, and the study of the city they make.

:func:`read_edits` reads a file of edits, :func:`apply` assesses the edited city;
its result is a study as any, so that maps, reports and
:func:`geoequity.compare.change` work with it.
"""

from geoequity.scenario._apply import NOTABLE, apply
from geoequity.scenario._edits import Edits, read_edits

__all__ = ["NOTABLE", "Edits", "apply", "read_edits"]
