"""
One city at two dates: what changed, and what only the data say otherwise.

:func:`change` sets two studies of one city against each other, on the same
goalposts. It names a change only where error does not explain it, and tells
what changed in the city apart from what changed in its data.
"""

from geoequity.compare._change import Change, change
from geoequity.compare._convergence import Convergence, converge
from geoequity.compare._error import difference

__all__ = ["Change", "Convergence", "change", "converge", "difference"]
