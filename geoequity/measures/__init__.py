"""
What residents can reach and use, one measure a function.

Tables in, one Series out on the caller's index.
"""

from geoequity.measures import accessibility, decay, provision, proximity, streetscape

__all__ = ["accessibility", "decay", "provision", "proximity", "streetscape"]
