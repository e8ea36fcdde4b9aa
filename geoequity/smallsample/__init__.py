"""
What a district is like, learned from few and noisy measurements.

Three kinds of them: means of tiles that few devices measured
(`district_values`), shares of the people whom a survey asked
(`district_shares`), and counts on a map that may lack some of what there is
(`district_counts`). In each, districts lean on the rest of the city in
proportion to how little is known of them, and the draws are of the true value,
what was learned of the city along the way included; never of the observed
value with more noise on top, which would set districts further apart than they
are. Without error in the data the draws collapse onto the observed value.
"""

from geoequity.smallsample._counts import district_counts
from geoequity.smallsample._estimates import Posterior, interval
from geoequity.smallsample._shares import district_shares, effective_size
from geoequity.smallsample._tiles import PRIOR_SCALES, Estimates, district_values

__all__ = [
    "PRIOR_SCALES",
    "Estimates",
    "Posterior",
    "district_counts",
    "district_shares",
    "district_values",
    "effective_size",
    "interval",
]
