"""What would change the gap: edits to a city, and the study of the city they make."""

from geoequity.scenario._edits import Edits, read_edits

__all__ = ["Edits", "read_edits"]
