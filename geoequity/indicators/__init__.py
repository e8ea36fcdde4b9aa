"""
The indicator catalogue, and the evaluation of it.

``catalogue.toml`` is data: what each indicator is, where it stands in the
index, how it is computed and judged. :func:`read_catalogue` gives it as
definitions, :func:`evaluate` computes those whose layers are there.
"""

from geoequity.indicators._catalogue import Definition, catalogue_table, read_catalogue, references
from geoequity.indicators._evaluate import (
    Evaluation,
    check_measures,
    evaluate,
    narrowed,
    needed_distances,
    needed_places,
)
from geoequity.indicators._imd import WAYS, ImdItem, imd_items, seen
from geoequity.indicators._layers import SAFE_SUFFIX, STOP_PREFIX, Layers, TableValues, Value
from geoequity.indicators._measures import OF_COLUMNS
from geoequity.indicators._unmapped import with_unmapped

__all__ = [
    "OF_COLUMNS",
    "SAFE_SUFFIX",
    "STOP_PREFIX",
    "WAYS",
    "Definition",
    "Evaluation",
    "ImdItem",
    "Layers",
    "TableValues",
    "Value",
    "catalogue_table",
    "check_measures",
    "evaluate",
    "imd_items",
    "narrowed",
    "needed_distances",
    "needed_places",
    "read_catalogue",
    "references",
    "seen",
    "with_unmapped",
]
