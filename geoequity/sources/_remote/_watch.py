"""How long a server is waited for, and what is cut when it takes longer."""

import contextlib
import threading
import time
from dataclasses import dataclass
from typing import Any, Self

from geoequity.errors import SourceError


@dataclass(frozen=True)
class Patience:
    """
    How long to wait for a server, and how often to ask again.

    Parameters
    ----------
    connect_s
        For a connection [s].
    read_s
        For the next byte [s].
    head_s
        From the request to the end of the answer's head [s].
    total_s
        For one download, all tries [s].
    slow_s, slow_bytes
        An answer that sends less than so many bytes in so many seconds is given up.
    tries
        How often to ask.
    backoff_s
        First wait between tries, doubled each time and varied [s].
    longest_wait_s
        Longest wait that a server may ask for [s].
    gap_s
        From one request of a host to the next [s].
    """

    connect_s: float = 15.0
    read_s: float = 60.0
    head_s: float = 180.0
    total_s: float = 4 * 3600.0
    slow_s: float = 60.0
    slow_bytes: int = 4096
    tries: int = 5
    backoff_s: float = 1.0
    longest_wait_s: float = 120.0
    gap_s: float = 0.0


class PassingError(SourceError):
    """
    A fault that may be gone on the next try.

    Parameters
    ----------
    message
        What is told if it stays.
    source
        What did not answer as it should.
    wait_s
        How long the server asks to wait [s]; None where it does not.
    """

    def __init__(self, message: str, *, source: object, wait_s: float | None = None) -> None:
        super().__init__(message, source=source)
        self.wait_s = wait_s


class Watch:
    """
    Cuts a connection that is too slow, even one that drips a byte at a time.

    Parameters
    ----------
    handle
        Gives the socket to cut.
    patience
        How slow is too slow.
    until
        When all must be done, by the clock that only goes on [s].
    """

    def __init__(self, handle: Any, *, patience: Patience, until: float) -> None:
        self.reason = ""
        self._handle, self._patience, self._until = handle, patience, until
        self._seen = 0
        self._head_by: float | None = time.monotonic() + patience.head_s
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def head_came(self) -> None:
        """Note that the head is there; from now on bytes are counted."""
        self._head_by = None

    def count(self, size: int) -> None:
        """
        Note bytes.

        Parameters
        ----------
        size
            How many came.
        """
        self._seen += size

    def _run(self) -> None:
        """Look again and again whether it is time to cut."""
        slow = self._patience.slow_s
        seen, next_count = 0, None
        while not self._done.wait(min(1.0, slow / 4, self._patience.head_s / 4)):
            now = time.monotonic()
            if now > self._until:
                self.reason = f"was not done within {self._patience.total_s:g} s"
            elif self._head_by is not None:
                if now > self._head_by:
                    self.reason = f"sent no whole head within {self._patience.head_s:g} s"
            elif next_count is None:
                seen, next_count = self._seen, now + slow
            elif now > next_count:
                if self._seen - seen < self._patience.slow_bytes:
                    self.reason = f"sent only {self._seen - seen} bytes in {slow:g} s"
                seen, next_count = self._seen, now + slow
            if self.reason:
                with contextlib.suppress(OSError, AttributeError):
                    self._handle().shutdown(2)  # both ways: readers wake up
                return
