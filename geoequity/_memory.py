"""How a process of ours asks the system for memory, and gives it back."""

import ctypes
import gc
import os
import sys
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
_LARGE = 1024 * 1024  # bytes
_MADE, _YOUNG, _MIDDLE = 50_000, 20, 50  # before the collector looks for circles again
_SAID_BY_USER = ("GLIBC_TUNABLES", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")


def spare() -> None:
    """
    Keep what a whole process holds close to what it uses.

    For processes of our own, before anything heavy is loaded: a program that
    imports the package keeps the memory it has chosen. The C library otherwise
    takes tables of megabytes out of the heap once one of that size was freed,
    and gives their place back only when all that lies above it is free, too;
    so does the pool of Arrow. Taken from the system piece by piece, tables go
    back as they are let go of. What the environment says of this stands.

    The collector of circles looks less often: of the millions of small things
    that are read or written, hardly any is part of one.
    """
    gc.set_threshold(_MADE, _YOUNG, _MIDDLE)
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # read as Arrow is loaded
    if sys.platform != "linux" or any(one in os.environ for one in _SAID_BY_USER):
        return
    with suppress(OSError, AttributeError):  # not every C library can
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_TRIM_THRESHOLD, _LARGE)


def give_back() -> None:
    """Give freed memory back to the system, where what comes next finds it in larger pieces."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # not every C library can
            ctypes.CDLL(None).malloc_trim(0)
