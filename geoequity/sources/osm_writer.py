"""Writers of OpenStreetMap files that may fail."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import osmium


@contextmanager
def osm_writer(file: Any, *args: Any, **options: Any) -> Iterator[Any]:
    """
    Open a writer, and close it whatever happens.

    libosmium ends the process when a writer that has failed is taken apart, as
    it tries to write the rest once more. Such a writer is kept for good.

    Parameters
    ----------
    file
        As `osmium.SimpleWriter` takes it.
    *args
        As `osmium.SimpleWriter` takes them.
    **options
        As `osmium.SimpleWriter` takes them.

    Yields
    ------
    writer
        A writer.
    """
    writer = osmium.SimpleWriter(file, *args, **options)
    try:
        yield writer
        writer.close()
    except BaseException:
        with suppress(RuntimeError):
            writer.close()
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(writer))
        raise
