"""
One city at two dates, and cities side by side.

:func:`change` sets two studies of one city against each other, on the same
goalposts. It names a change only where error does not explain it, and tells
what changed in the city apart from what changed in its data. :func:`cities` sets
several cities side by side, on what they share and at one resolution, and says
what cannot be compared.
"""

from geoequity.compare._change import Change, change
from geoequity.compare._cities import Cities, cities
from geoequity.compare._cities_findings import headline_values
from geoequity.compare._common import city_faults
from geoequity.compare._convergence import Convergence, converge
from geoequity.compare._error import difference

__all__ = [
    "Change",
    "Cities",
    "Convergence",
    "change",
    "cities",
    "city_faults",
    "converge",
    "difference",
    "headline_values",
]
