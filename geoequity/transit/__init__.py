"""Public transport: timetables, how often they run, and what can be reached by them."""

from geoequity.transit._engines import Engine, Ferrobus, R5py
from geoequity.transit._feed import Feed
from geoequity.transit._modes import FALLBACK, mode_of
from geoequity.transit._rider import RIDER, Rider, window_of
from geoequity.transit._timetable import MORNING, Timetable
from geoequity.transit._untimed import HOURLY_COLUMNS, hourly_of

__all__ = [
    "FALLBACK",
    "HOURLY_COLUMNS",
    "MORNING",
    "RIDER",
    "Engine",
    "Feed",
    "Ferrobus",
    "R5py",
    "Rider",
    "Timetable",
    "hourly_of",
    "mode_of",
    "window_of",
]
