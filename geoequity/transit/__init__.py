"""Public transport: timetables, how often they run, and what can be reached by them."""

from geoequity.transit._feed import Feed
from geoequity.transit._modes import FALLBACK, mode_of

__all__ = ["FALLBACK", "Feed", "mode_of"]
