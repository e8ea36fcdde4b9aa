"""
For whom is this city smart? The answer, from open data.

geoequity joins neighbourhood boundaries, streets, transit, services, broadband
and census connectivity; computes what residents can actually reach and use;
turns it into indicators, an index and inequality measures with honest
uncertainty; and maps and reports the gap between smart and neglected districts.

Modules are loaded when first used, so that importing the package costs little.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geoequity.assessment import assess
    from geoequity.city import City
    from geoequity.study import Study

try:
    __version__ = version("geoequity-toolkit")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"

_MODULES = (
    "batch",
    "cache",
    "compare",
    "composite",
    "confidence",
    "decomposition",
    "errors",
    "indicators",
    "inequality",
    "maps",
    "measures",
    "outputs",
    "patterns",
    "report",
    "scenario",
    "schema",
    "segregation",
    "siting",
    "sources",
    "streets",
    "transit",
    "typology",
    "units",
)
_OBJECTS = {"City": "city", "Study": "study", "assess": "assessment"}

__all__ = ["City", "Study", "__version__", "assess", *_MODULES]  # noqa: PLE0604 - texts all


def __getattr__(name: str) -> Any:
    if name in _OBJECTS:
        return getattr(import_module(f"geoequity.{_OBJECTS[name]}"), name)
    if name in _MODULES:
        return import_module(f"geoequity.{name}")
    msg = f"module 'geoequity' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
