"""One question and its answer: redirects, tries, and waits between them."""

import contextlib
import datetime as dt
import http.client
import random
import re
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urljoin

from geoequity.errors import SourceError
from geoequity.sources import _content
from geoequity.sources._addresses import ForbiddenError, is_loopback, parse, plain, told
from geoequity.sources._remote._watch import PassingError, Patience, Watch

_PASSING = {408, 425, 429, 500, 502, 503, 504}
_MOVED = {301, 302, 303, 307, 308}
_MOST_MOVES = 5
_Result = TypeVar("_Result")


@dataclass
class Trail:
    """The way from the address asked to the one that answers."""

    url: str
    final: str
    moves: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Moved:
    """Where a redirect leads."""

    to: str


class Door:
    """
    What asks hosts, and no others.

    Parameters
    ----------
    hosts
        Hosts that may be asked; redirects may lead on to any public one.
    offline
        Never open a socket.
    patience
        How long to wait.
    """

    def __init__(self, hosts: Iterable[str], *, offline: bool, patience: Patience) -> None:
        self.hosts = frozenset(one.lower() for one in hosts)
        self.offline = offline
        self.patience = patience
        self._asked: dict[str, float] = {}

    def _trying(self, once: Callable[[float], _Result], *, source: str, url: str) -> _Result:
        """Try, wait and try again."""
        patience = self.patience
        until = time.monotonic() + patience.total_s
        for count in range(1, patience.tries + 1):
            try:
                return once(until)
            except PassingError as fault:
                wait = patience.backoff_s * 2 ** (count - 1) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
                if fault.wait_s is not None:
                    wait = fault.wait_s
                if wait > patience.longest_wait_s and fault.wait_s is not None:
                    msg = f"{fault}; it asks to wait {wait:.0f} s, so try again later"
                    raise SourceError(msg, source=told(url)) from fault
                if count == patience.tries or time.monotonic() + wait > until:
                    times = f"; asked {count} times" if count > 1 else ""
                    msg = f"{fault}{times}"
                    raise SourceError(msg, source=told(url)) from fault
            time.sleep(wait)
        msg = f"{source}: {told(url)}: never asked, for tries is {patience.tries}"
        raise SourceError(msg, source=told(url))

    def _answered(
        self,
        url: str,
        headers: dict[str, str],
        use: Callable[[Any, Trail, Watch], _Result],
        *,
        source: str,
    ) -> _Result:
        """Ask the same until it is answered, or patience ends."""

        def once(until: float) -> _Result:
            return self._exchange(url, headers, use, source=source, until=until)

        return self._trying(once, source=source, url=url)

    def _exchange(
        self,
        url: str,
        headers: dict[str, str],
        use: Callable[[Any, Trail, Watch], _Result],
        *,
        source: str,
        until: float,
    ) -> _Result:
        """Ask once, follow redirects, and use the answer."""
        trail = Trail(url, url)
        if self.offline:
            msg = f"{source}: {told(url)}: not asked, for --offline asks nobody"
            raise SourceError(msg, source=told(url))
        from geoequity.sources._connection import connection  # noqa: PLC0415 - tries a socket

        start = parse(url, source=source)
        if (start.host or "") not in self.hosts:
            msg = f"{source}: {told(url)}: the city file names no host {start.host}"
            raise SourceError(msg, source=told(url))
        for _ in range(_MOST_MOVES + 1):
            here = parse(trail.final, source=source)
            own = is_loopback(start.host) and is_loopback(here.host)
            self._be_polite(here.host or "")
            door = connection(here, is_own=own, timeout=self.patience.connect_s)
            moved = self._one_hop(door, here, headers, use, trail, source=source, until=until)
            if not isinstance(moved, _Moved):
                return moved
            self._follow(trail, moved.to, source=source)
        msg = f"{source}: {told(url)}: redirected more than {_MOST_MOVES} times"
        raise SourceError(msg, source=told(url))

    def _one_hop(
        self,
        door: Any,
        here: Any,
        headers: dict[str, str],
        use: Callable[[Any, Trail, Watch], _Result],
        trail: Trail,
        *,
        source: str,
        until: float,
    ) -> "_Result | _Moved":
        """Ask one server, and tell its faults in plain words."""
        from urllib3.exceptions import (  # noqa: PLC0415 - tries a socket at once
            HTTPError,
            ProtocolError,
            ReadTimeoutError,
        )

        where = f"{source}: {told(trail.final)}"
        watch = Watch(lambda: door.handle, patience=self.patience, until=until)
        response = None
        try:
            with watch:
                door.connect()
                door.sock.settimeout(self.patience.read_s)
                door.timeout = self.patience.read_s
                door.request(
                    "GET",
                    here.request_uri,
                    headers={"User-Agent": _agent(), "Accept": "*/*", **headers},
                    preload_content=False,
                    decode_content=False,
                )
                response = door.getresponse()
                watch.head_came()
                location = response.headers.get("Location")
                if response.status in _MOVED and location:
                    return _Moved(_joined(trail.final, location))
                self._check_status(response, where, watch)
                return use(response, trail, watch)
        except SourceError as fault:
            if isinstance(fault, ForbiddenError):
                raise ForbiddenError(f"{where}: {fault}", source=told(trail.final)) from fault
            raise
        except ssl.SSLCertVerificationError as fault:
            msg = f"{where}: its certificate does not hold: {fault.verify_message}"
            raise SourceError(msg, source=told(trail.final)) from fault
        except (OSError, http.client.HTTPException, HTTPError, UnicodeError) as fault:
            if isinstance(fault, TimeoutError | ReadTimeoutError):
                what = f"did not answer within {self.patience.read_s:g} s"
            elif isinstance(fault, ProtocolError | http.client.IncompleteRead):
                what = "broke off before the end"
            else:
                what = f"cannot be reached: {plain(str(fault))}"
            msg = f"{where}: {watch.reason or what}"
            raise PassingError(msg, source=told(trail.final)) from fault
        finally:
            with contextlib.suppress(OSError):
                if response is not None:
                    response.close()
                door.close()
            if door.handle is not None:
                door.handle.close()

    def _follow(self, trail: Trail, to: str, *, source: str) -> None:
        """Move on to where a redirect leads, if it may be gone to."""
        where = f"{source}: {told(trail.url)}: redirected to {told(to)}"
        try:
            there = parse(to, source=source)
        except SourceError as wrong:
            msg = f"{where}: {wrong}"
            raise ForbiddenError(msg, source=told(trail.url)) from wrong
        before = parse(trail.final, source=source)
        fault = ""
        if before.scheme == "https" and there.scheme == "http":
            fault = "which is not encrypted while this is"
        elif there.url == before.url or there.url in trail.moves:
            fault = "in a circle"
        elif is_loopback(there.host) and not is_loopback(parse(trail.url, source=source).host):
            fault = "which is not public"
        if fault:
            raise ForbiddenError(f"{where}, {fault}", source=told(trail.url))
        trail.moves.append(before.url)
        trail.final = there.url

    def _be_polite(self, host: str) -> None:
        """Wait until a host may be asked again."""
        wait = self._asked.get(host, -1e9) + self.patience.gap_s - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        self._asked[host] = time.monotonic()

    def _check_status(self, response: Any, where: str, watch: Watch) -> None:
        """Refuse an answer that is a fault."""
        status = response.status
        if status < 300 or status in {304, 416}:  # noqa: PLR2004 - codes of HTTP
            return
        words = http.client.responses.get(status, plain(str(response.reason)))
        excerpt = _excerpt(response, watch)
        msg = f"{where}: answered {status} {words}{excerpt}"
        if status in _PASSING:
            wait = _retry_after(response)
            wait = None if wait is None else max(wait, self.patience.backoff_s)
            raise PassingError(msg, source=where, wait_s=wait)
        raise SourceError(msg, source=where)


def _joined(base: str, location: str) -> str:
    """Read where a redirect leads, which may be told from here."""
    try:
        return urljoin(base, location)
    except ValueError:
        return location  # told as what it is when it is followed


def _retry_after(response: Any) -> float | None:
    """Read how long a server asks to wait [s]."""
    said = str(response.headers.get("Retry-After", "")).strip()
    if said.isdecimal():
        return float(said)
    try:
        when = parsedate_to_datetime(said)
    except (TypeError, ValueError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=dt.UTC)
    return max(0.0, (when - dt.datetime.now(dt.UTC)).total_seconds())


def _excerpt(response: Any, watch: Watch) -> str:
    """Read what an answer says of its fault."""
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - tries a socket at once

    start = b""
    with contextlib.suppress(OSError, http.client.HTTPException, HTTPError):
        while len(start) < _content.HEAD and (piece := response.read1(_content.HEAD)):
            watch.count(len(piece))
            start += piece
    if response.headers.get("Content-Encoding"):
        return ""
    text = re.sub(rb"(?s)<(script|style).*?</\1>|<[^>]*>", b" ", start).decode("utf-8", "replace")
    return f": {plain(text)!r}" if text.strip() else ""


def _agent() -> str:
    """Say who asks, as the providers' policies want it."""
    from geoequity import __version__  # noqa: PLC0415 - reads the metadata of the package

    return f"geoequity/{__version__} (Python)"
