"""
Studies as files: written whole or not at all, and read back.

``save`` writes every table beside its place and swaps it in at the end;
``load`` gives the study of such a folder, so that maps and reports can be
drawn again without the sources.
"""

from geoequity.outputs._folder import (
    alone_in,
    load,
    save,
    summary_schema,
    swap_in,
    write_change,
    write_cities,
    write_tables,
)
from geoequity.outputs._siting import write_siting
from geoequity.outputs._tables import tidy_indicators

__all__ = [
    "alone_in",
    "load",
    "save",
    "summary_schema",
    "swap_in",
    "tidy_indicators",
    "write_change",
    "write_cities",
    "write_siting",
    "write_tables",
]
