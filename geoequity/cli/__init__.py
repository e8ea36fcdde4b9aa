"""
The command line.

Exit 0: done. Exit 1: bad input, every fault named on standard error. Exit 2:
wrong usage. Heavy modules are imported by the command that needs them. Every
command is a function that takes what was typed and gives what ``--json`` prints.
"""

import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from geoequity import _memory
from geoequity.cli._getting import fetch
from geoequity.cli._parser import parser
from geoequity.errors import DataWarning, GeoEquityError

if TYPE_CHECKING:
    import argparse

__all__ = ["main"]

_NO_MEMORY = (  # as GEOS, GDAL, the system and Python say it
    "bad_alloc",
    "Out of memory",
    "Cannot allocate memory",
    "can't start new thread",
    "failed to map segment",  # of a library that is loaded late
)
_GDAL_AT_HOME = {
    "GDAL_SKIP": "WMS WFS OAPIF WMTS WCS HTTP",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",  # nobody answers there
    "GML_DOWNLOAD_SCHEMA": "NO",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Parameters
    ----------
    arguments
        Words after the command's name; those of the process by default.

    Returns
    -------
    status
        0 done, 1 bad input; wrong usage leaves through ``SystemExit`` with 2.
    """
    options = parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], Any] = options.command
    _memory.spare()
    try:
        with warnings.catch_warnings(), _gdal_stays_here():
            # What was mended stands in the summary and is printed from there
            warnings.simplefilter("ignore", DataWarning)
            result = command(options)
        if options.json:
            print(json.dumps(result, ensure_ascii=False, indent=1))
        sys.stdout.flush()
    except GeoEquityError as error:
        if _lacks_memory(error):
            _tell_no_memory(options)
        elif options.json:
            faults = list(getattr(error, "faults", ()))
            print(json.dumps({"error": str(error), "faults": faults}, ensure_ascii=False))
        else:
            print(f"geoequity: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        left = "whole files stay" if command is fetch else "nothing was written"
        print(f"geoequity: stopped; {left}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read the list has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # as the shell says of one that a pipe ended
    except Exception as error:
        if not _lacks_memory(error):
            raise
        _tell_no_memory(options)
        return 1
    return 0


def _lacks_memory(error: BaseException | None) -> bool:
    """Tell whether memory ran out, however the library that wanted it says so."""
    while error is not None:
        if isinstance(error, MemoryError) or any(one in str(error) for one in _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


def _tell_no_memory(options: "argparse.Namespace") -> None:
    """Say that memory ran out, and what it means."""
    said = "memory ran out; nothing was written, and what was there before is as it was"
    if options.json:
        print(json.dumps({"error": said, "faults": []}))
    else:
        print(f"geoequity: {said}", file=sys.stderr)


@contextmanager
def _gdal_stays_here() -> Iterator[None]:
    """Keep GDAL from asking servers that files name: for rasters, schemas, a CRS."""
    mine = {key: value for key, value in _GDAL_AT_HOME.items() if key not in os.environ}
    os.environ.update(mine)
    try:
        yield
    finally:
        for key in mine:
            del os.environ[key]
