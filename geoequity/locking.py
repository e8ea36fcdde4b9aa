"""
Keep other processes out of a place.

The system holds the locks, not a file that is there or not: when a process is killed it
lets go, and nobody finds a lock that nobody has.
"""

import contextlib
import errno
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from geoequity.errors import SourceError

_HELD = {errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}  # each system has its own word
_FAR = 1 << 20  # byte that Windows locks, out of the way of what stands in the file


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """
    Keep other processes and threads out, or wait until they are.

    Parameters
    ----------
    path
        File that stands for what is kept; it stays.

    Yields
    ------
    nothing
        While it is kept.
    """
    with path.open("ab") as stream:
        _take(stream, wait=True)
        yield


@contextlib.contextmanager
def alone(
    path: Path, *, place: Path, does: str, wait: Callable[[str], None] | None = None
) -> Iterator[None]:
    """
    Keep other processes and threads out of a place, or say who is there.

    Where no file can be made, or the system of files has no locks, nobody is kept
    out: what cannot be written fails by itself.

    Parameters
    ----------
    path
        File that stands for the place; it goes at the end.
    place
        What is kept, as it is told.
    does
        What is done there: "is writing into it".
    wait
        Called with who is there, to wait until they are gone rather than raise.

    Yields
    ------
    nothing
        While it is kept.

    Raises
    ------
    SourceError
        If another has it and nobody waits: names its process, and since when;
        nothing is touched.
    """
    stream = _opened(path, place=place, does=does, wait=wait)
    if stream is None:
        yield
        return
    with stream:
        try:
            stream.truncate(0)
            stream.write(json.dumps(_oneself()).encode())
            stream.flush()
            yield
        finally:
            with contextlib.suppress(OSError):  # Windows removes no file that is open
                path.unlink()


def _opened(
    path: Path, *, place: Path, does: str, wait: Callable[[str], None] | None
) -> BinaryIO | None:
    """Open a file that nobody else has; None where there can be none."""
    while True:
        try:
            stream = path.open("a+b")
        except OSError:
            if path.exists():
                raise
            return None
        try:
            _take(stream, wait=False)
        except OSError as error:
            if error.errno not in _HELD:
                return stream  # a system of files without locks
            who, since = _holder(stream)
            said = f"{place}: {who} {does}{since}"
            if wait is None:
                stream.close()
                msg = f"{said}; wait for it to end"
                raise SourceError(msg, source=place) from error
            wait(said)
            _take(stream, wait=True)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(stream.fileno()), path.stat()):
                return stream
        stream.close()  # whoever had it removed it as they left


def _take(stream: BinaryIO, *, wait: bool) -> None:
    """Lock a file."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - there only

        stream.seek(_FAR)
        while True:
            try:
                msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError:
                if wait:
                    continue  # it gives up after ten seconds
                raise
            return
    import fcntl  # noqa: PLC0415 - there only

    fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _oneself() -> dict[str, str | int]:
    """Say who has a place."""
    since = datetime.now().astimezone().strftime("%H:%M:%S on %Y-%m-%d")
    return {"process": os.getpid(), "host": socket.gethostname(), "since": since}


def _holder(stream: BinaryIO) -> tuple[str, str]:
    """Read who has a place, and since when."""
    try:
        stream.seek(0)
        said = json.loads(stream.read())
        where = "" if said["host"] == socket.gethostname() else f" on {said['host']}"
        return f"process {said['process']}{where}", f", since {said['since']}"
    except (OSError, ValueError, KeyError, TypeError):  # it has not said yet
        return "another process", ""
