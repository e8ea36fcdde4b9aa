"""Public transport: timetables, how often they run, and what can be reached by them."""

from geoequity.transit._feed import Feed
from geoequity.transit._modes import FALLBACK, mode_of
from geoequity.transit._untimed import HOURLY_COLUMNS, hourly_of

__all__ = ["FALLBACK", "HOURLY_COLUMNS", "Feed", "hourly_of", "mode_of"]
