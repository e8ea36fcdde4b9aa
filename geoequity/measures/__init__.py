"""
What residents can reach and use, one measure a function.

Tables in, one Series out on the caller's index.
"""

from geoequity.measures import provision, proximity, streetscape

__all__ = ["provision", "proximity", "streetscape"]
