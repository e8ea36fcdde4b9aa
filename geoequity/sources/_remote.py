"""
The one door to the network: download a file, ask for a page, read by ranges.

What is downloaded lies in a cache by its sha256, written beside and renamed,
so that a file is there whole or not at all, whenever the process is killed. A
download that broke off goes on only where the server proves by a strong ETag
or an old enough date that the rest belongs to the same version.
"""

import contextlib
import datetime as dt
import hashlib
import http.client
import io
import json
import os
import random
import re
import shutil
import ssl
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO, Self, TypeVar
from urllib.parse import urljoin

from geoequity.errors import SourceError
from geoequity.locking import locked
from geoequity.sources import _content
from geoequity.sources._addresses import ForbiddenError, is_loopback, parse, plain, told
from geoequity.sources._cache import cache_folder

_PASSING = {408, 425, 429, 500, 502, 503, 504}
_MOVED = {301, 302, 303, 307, 308}
_MOST_MOVES = 5
_PIECE = 1 << 16
_PAGE_BYTES = 256 << 20
_DATE_IS_STRONG_S = 60  # a date so much older than the answer tells versions apart (RFC 9110 8.8.2)
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)$")
_Result = TypeVar("_Result")


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


@dataclass(frozen=True)
class Download:
    """
    A file of the cache and where it came from.

    Parameters
    ----------
    path
        The file; to be copied, never changed.
    url
        Address asked, without keys.
    final_url
        Address that answered.
    redirects
        Addresses in between.
    retrieved
        Day it was last found to be what the server offers, YYYY-MM-DD.
    sha256
        Of the file.
    size
        In bytes.
    etag, last_modified
        What the server calls this version; empty where it does not.
    whole
        Whether the server told how long the file is, or how it ends.
    """

    path: Path
    url: str
    final_url: str
    redirects: tuple[str, ...]
    retrieved: str
    sha256: str
    size: int
    etag: str = ""
    last_modified: str = ""
    whole: bool = True

    def as_dict(self) -> dict[str, Any]:
        """
        Give what provenance keeps of it.

        Returns
        -------
        record
            Plain values, without the path.
        """
        kept = {key: value for key, value in asdict(self).items() if key != "path"}
        return {**kept, "redirects": list(self.redirects)}


@dataclass(frozen=True)
class Look:
    """
    How a source answers.

    Parameters
    ----------
    status
        Code of the answer.
    kind
        Content type.
    size
        In bytes; None where the server does not tell.
    last_modified
        As the server says it.
    final_url
        Address that answered.
    start
        First bytes.
    """

    status: int
    kind: str
    size: int | None
    last_modified: str
    final_url: str
    start: bytes


class _PassingError(SourceError):
    """A fault that may be gone on the next try."""

    def __init__(self, message: str, *, source: object, wait_s: float | None = None) -> None:
        super().__init__(message, source=source)
        self.wait_s = wait_s


@dataclass
class _Trail:
    """The way from the address asked to the one that answers."""

    url: str
    final: str
    moves: list[str] = field(default_factory=list)


class _Watch:
    """Cuts a connection that is too slow, even one that drips a byte at a time."""

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
        """Note bytes."""
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


class Client:
    """
    The door to the network.

    Parameters
    ----------
    hosts
        Hosts that may be asked; redirects may lead on to any public one.
    cache
        Folder of what was downloaded; that of the user by default.
    offline
        Never open a socket: what the cache holds is all there is.
    patience
        How long to wait.
    max_bytes
        Largest download, packed and unpacked.
    tell
        Called with the source, the bytes that came and how many there will be.
    """

    def __init__(
        self,
        hosts: Iterable[str],
        *,
        cache: Path | None = None,
        offline: bool = False,
        patience: Patience | None = None,
        max_bytes: int = 4 << 30,
        tell: Callable[[str, int, int | None], None] | None = None,
    ) -> None:
        self.hosts = frozenset(one.lower() for one in hosts)
        self.cache = cache if cache is not None else cache_folder()
        self.offline = offline
        self.patience = patience or Patience()
        self.max_bytes = max_bytes
        self._tell = tell or (lambda *_: None)
        self._asked: dict[str, float] = {}

    def download(self, url: str, *, name: str, source: str) -> Download:
        """
        Download a file, or find it in the cache and see that it is still current.

        Parameters
        ----------
        url
            Its address.
        name
            File name whose suffix says what is wanted.
        source
            What to call it in messages.

        Returns
        -------
        download
            The file in the cache.

        Raises
        ------
        SourceError
            If it cannot be had, or is not what was asked for.
        """
        key = hashlib.sha256(url.encode()).hexdigest()[:40]
        kept_as = self.cache / "told" / f"{key}.json"
        if self.offline:
            kept = self._kept(kept_as)
            if kept is None:
                msg = f"{source}: {told(url)}: not in the cache, and --offline asks nobody"
                raise SourceError(msg, source=told(url))
            _content.check(kept.path, name=name, said="", source=f"{source}: {told(url)}")
            return kept
        parse(url, source=source)
        for folder in ("files", "told", "parts", "locks"):
            (self.cache / folder).mkdir(parents=True, exist_ok=True)
        with locked(self.cache / "locks" / key):
            kept = self._kept(kept_as)
            part = _Part(self.cache / "parts", key)

            def once(until: float) -> Download:
                return self._download_once(url, kept, part, name=name, source=source, until=until)

            try:
                download = self._trying(once, source=source, url=url)
            finally:
                if not part.resumable:
                    part.forget()
            write_json(kept_as, {**download.as_dict(), "asked": url})
            part.forget()
            return download

    def ask(self, url: str, *, source: str, accept: str = "*/*") -> bytes:
        """
        Ask for a page of an answer; nothing is kept.

        Parameters
        ----------
        url
            The address.
        source
            What to call it in messages.
        accept
            Content type wanted.

        Returns
        -------
        page
            Its bytes, unpacked.

        Raises
        ------
        SourceError
            If there is no answer, or a web page.
        """

        def use(response: Any, trail: _Trail, watch: _Watch) -> bytes:
            if response.status != http.client.OK:
                raise _unasked(response, trail, source=source)
            with tempfile.TemporaryFile() as stream:
                self._pour(response, stream, watch, source=source, limit=_PAGE_BYTES)
                stream.seek(0)
                return _unpack(stream.read(), response, trail, source=source)

        def once(until: float) -> bytes:
            headers = {"Accept": accept, "Accept-Encoding": "gzip"}
            return self._exchange(url, headers, use, source=source, until=until)

        return self._trying(once, source=source, url=url)

    def open_ranges(self, url: str, *, source: str) -> "RangeFile":
        """
        Open a file that is read where it lies, by ranges of bytes.

        Parameters
        ----------
        url
            Its address.
        source
            What to call it in messages.

        Returns
        -------
        file
            To seek and read.

        Raises
        ------
        SourceError
            If the server does not answer by ranges.
        """
        return RangeFile(self, url, source=source)

    def look(self, url: str, *, source: str) -> Look:
        """
        See whether a source answers, without downloading it.

        Parameters
        ----------
        url
            Its address.
        source
            What to call it in messages.

        Returns
        -------
        look
            What the server says of it, and its first bytes.

        Raises
        ------
        SourceError
            If it does not answer, or with a fault.
        """

        def use(response: Any, trail: _Trail, watch: _Watch) -> Look:
            start = b""
            while len(start) < _content.HEAD and (piece := response.read1(_content.HEAD)):
                watch.count(len(piece))
                start += piece
            size = response.headers.get("Content-Length", "")
            return Look(
                status=response.status,
                kind=plain(response.headers.get("Content-Type", "")),
                size=int(size) if size.isdecimal() else None,
                last_modified=plain(response.headers.get("Last-Modified", "")),
                final_url=told(trail.final),
                start=start,
            )

        def once(until: float) -> Look:
            headers = {"Accept-Encoding": "identity"}
            return self._exchange(url, headers, use, source=source, until=until)

        return self._trying(once, source=source, url=url)

    def ranges(self, url: str, headers: dict[str, str], use: Any, *, source: str) -> Any:
        """
        Ask for a range of bytes; see `RangeFile`.

        Parameters
        ----------
        url
            The address.
        headers
            Of the request.
        use
            Takes the answer's status, headers and bytes.
        source
            What to call it in messages.

        Returns
        -------
        result
            What `use` returns.
        """

        def read(response: Any, _: _Trail, watch: _Watch) -> Any:
            if response.status != http.client.PARTIAL_CONTENT:  # its body may be endless
                return use(response.status, response.headers, b"")
            stream = io.BytesIO()
            self._pour(response, stream, watch, source=source, limit=_PAGE_BYTES)
            return use(response.status, response.headers, stream.getvalue())

        def once(until: float) -> Any:
            asked = {**headers, "Accept-Encoding": "identity"}
            return self._exchange(url, asked, read, source=source, until=until)

        return self._trying(once, source=source, url=url)

    def naming(self, *hosts: str) -> "Client":
        """
        Make a client that may ask more hosts, such as one a catalogue entry names.

        Parameters
        ----------
        *hosts
            The hosts.

        Returns
        -------
        client
            Like this one.
        """
        return Client(
            self.hosts | set(hosts),
            cache=self.cache,
            offline=self.offline,
            patience=self.patience,
            max_bytes=self.max_bytes,
            tell=self._tell,
        )

    def patiently(self, patience: Patience) -> "Client":
        """
        Make a client that waits otherwise.

        Parameters
        ----------
        patience
            How long to wait.

        Returns
        -------
        client
            Like this one.
        """
        client = self.naming()
        client.patience = patience
        return client

    def check_size(self, size: int, where: str) -> None:
        """
        Refuse what unpacks to too much.

        Parameters
        ----------
        size
            Bytes unpacked so far.
        where
            Source and address, for the message.

        Raises
        ------
        SourceError
            If it is over the limit.
        """
        if size > self.max_bytes:
            msg = f"{where}: unpacks to over the limit of {self.max_bytes} bytes"
            raise SourceError(msg, source=where)

    # -- tries ----------------------------------------------------------------

    def _trying(self, once: Callable[[float], _Result], *, source: str, url: str) -> _Result:
        """Try, wait and try again."""
        patience = self.patience
        until = time.monotonic() + patience.total_s
        for count in range(1, patience.tries + 1):
            try:
                return once(until)
            except _PassingError as fault:
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

    def _exchange(
        self,
        url: str,
        headers: dict[str, str],
        use: Callable[[Any, _Trail, _Watch], _Result],
        *,
        source: str,
        until: float,
    ) -> _Result:
        """Ask once, follow redirects, and use the answer."""
        trail = _Trail(url, url)
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
        use: Callable[[Any, _Trail, _Watch], _Result],
        trail: _Trail,
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
        watch = _Watch(lambda: door.handle, patience=self.patience, until=until)
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
            raise _PassingError(msg, source=told(trail.final)) from fault
        finally:
            with contextlib.suppress(OSError):
                if response is not None:
                    response.close()
                door.close()
            if door.handle is not None:
                door.handle.close()

    def _follow(self, trail: _Trail, to: str, *, source: str) -> None:
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

    def _check_status(self, response: Any, where: str, watch: _Watch) -> None:
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
            raise _PassingError(msg, source=where, wait_s=wait)
        raise SourceError(msg, source=where)

    # -- downloads ------------------------------------------------------------

    def _kept(self, kept_as: Path) -> Download | None:
        """Find what the cache holds of an address, if it holds it unspoilt."""
        try:
            told_ = json.loads(kept_as.read_text(encoding="utf-8"))
            known = {key: told_[key] for key in Download.__dataclass_fields__ if key != "path"}
            path = self._file_of(str(known["sha256"]))
            kept = Download(path=path, **{**known, "redirects": tuple(known["redirects"])})
            with path.open("rb") as stream:
                whole = hashlib.file_digest(stream, "sha256").hexdigest() == kept.sha256
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return kept if whole else None

    def _file_of(self, sha256: str) -> Path:
        """Tell where the cache keeps a content."""
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            msg = "no sha256"
            raise ValueError(msg)
        return self.cache / "files" / sha256[:2] / sha256

    def _download_once(
        self,
        url: str,
        kept: Download | None,
        part: "_Part",
        *,
        name: str,
        source: str,
        until: float,
    ) -> Download:
        """Try to download a file, from where the last try broke off."""
        offset = part.resume(url)
        headers = {"Accept-Encoding": "gzip"}
        if offset:
            headers |= {"Range": f"bytes={offset}-", "If-Range": part.said["validator"]}
        elif kept is not None and kept.etag:
            headers["If-None-Match"] = kept.etag
        elif kept is not None and kept.last_modified:
            headers["If-Modified-Since"] = kept.last_modified

        def use(response: Any, trail: _Trail, watch: _Watch) -> Download:
            where = f"{source}: {told(trail.final)}"
            if response.status == http.client.NOT_MODIFIED and kept is not None and not offset:
                _content.check(kept.path, name=name, said="", source=where)
                return replace(kept, retrieved=_today())
            if not part.accepts(response, offset, url=url):
                if not offset:
                    raise _unasked(response, trail, source=source)
                msg = f"{where}: another version than the one begun"
                raise _PassingError(msg, source=where, wait_s=0)
            self._receive(response, part, watch, source=source, where=where)
            try:
                return self._finish(part, response, trail, name=name, where=where)
            except _PassingError:
                raise
            except SourceError as fault:
                resumed = response.status == http.client.PARTIAL_CONTENT
                part.forget()
                if resumed:  # whole downloads are never wrong for having been resumed
                    raise _PassingError(str(fault), source=where, wait_s=0) from fault
                raise

        return self._exchange(url, headers, use, source=source, until=until)

    def _receive(
        self, response: Any, part: "_Part", watch: _Watch, *, source: str, where: str
    ) -> None:
        """Write what comes to the part, and see that it is all."""
        begun = part.size()
        with part.open() as stream:
            try:
                self._pour(
                    response, stream, watch, source=source, limit=self.max_bytes, begun=begun
                )
            except SourceError:
                if part.size() > self.max_bytes or not part.resumable:
                    part.forget()
                raise
            finally:
                stream.flush()
        total = part.said.get("total")
        if total is not None and part.size() != total:
            msg = f"{where}: broke off after {part.size()} of {total} bytes"
            raise _PassingError(msg, source=where)

    def _pour(
        self,
        response: Any,
        stream: BinaryIO,
        watch: _Watch,
        *,
        source: str,
        limit: int,
        begun: int = 0,
    ) -> None:
        """Copy a body, piece by piece, up to a limit."""
        length = response.length_remaining
        total = None if length is None else begun + length
        if total is not None and total > limit:
            msg = f"{source}: {total} bytes, over the limit of {limit}"
            raise SourceError(msg, source=source)
        done = begun
        while piece := response.read1(_PIECE):
            watch.count(len(piece))
            done += len(piece)
            if done > limit:
                msg = f"{source}: over the limit of {limit} bytes"
                raise SourceError(msg, source=source)
            try:
                stream.write(piece)
            except OSError as fault:
                msg = f"{source}: cannot be written: {fault.strerror}"
                raise SourceError(msg, source=source) from fault
            self._tell(source, done, total)
        if watch.reason:
            msg = f"{source}: {watch.reason}"
            raise _PassingError(msg, source=source)
        if total is not None and done != total:
            msg = f"{source}: broke off after {done} of {total} bytes"
            raise _PassingError(msg, source=source)

    def _finish(
        self, part: "_Part", response: Any, trail: _Trail, *, name: str, where: str
    ) -> Download:
        """Unpack, check and move a whole download into the cache."""
        ready = self._unpacked(part, name=name, where=where)
        said = str(response.headers.get("Content-Type", ""))
        _content.check(ready, name=name, said=said, source=where)
        with ready.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            os.fsync(stream.fileno())
        path = self._file_of(sha256)
        path.parent.mkdir(exist_ok=True)
        size = ready.stat().st_size
        ready.replace(path)
        return Download(
            path=path,
            url=told(trail.url),
            final_url=told(trail.final),
            redirects=tuple(told(one) for one in trail.moves),
            retrieved=_today(),
            sha256=sha256,
            size=size,
            etag=str(response.headers.get("ETag", "")),
            last_modified=str(response.headers.get("Last-Modified", "")),
            whole=part.said.get("total") is not None or part.said["chunked"],
        )

    def _unpacked(self, part: "_Part", *, name: str, where: str) -> Path:
        """Undo what the server packed for the way."""
        encoding = part.said["encoding"]
        if encoding in {"", "identity"}:
            return part.path
        if encoding not in {"gzip", "x-gzip", "deflate"}:
            msg = f"{where}: packed as {plain(encoding)!r}, which was not asked for"
            raise SourceError(msg, source=where)
        ready = part.path.with_suffix(".whole")
        with part.path.open("rb") as stream:
            start = stream.read(2)
        kind = 31 if encoding != "deflate" else (15 if start[:1] == b"\x78" else -15)
        size = 0
        try:
            with ready.open("wb") as stream:
                for piece in _content.unpacked(part.path, kind=kind):
                    size += len(piece)
                    self.check_size(size, where)
                    stream.write(piece)
        except (zlib.error, EOFError) as fault:
            ready.unlink(missing_ok=True)
            part.forget()
            msg = f"{where}: packed wrongly: {fault}"
            raise _PassingError(msg, source=where) from fault
        except SourceError:
            ready.unlink(missing_ok=True)
            raise
        if name.lower().endswith(".gz"):  # a packed file, and not packed for the way
            with ready.open("rb") as stream:
                if stream.read(2) != b"\x1f\x8b":
                    ready.unlink()
                    return part.path
        return ready


@dataclass(frozen=True)
class _Moved:
    """Where a redirect leads."""

    to: str


class _Part:
    """A download under way, in the cache, and which version it is of."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self.key = folder, key
        self.note = folder / f"{key}.json"
        self.said: dict[str, Any] = {}

    @property
    def path(self) -> Path:
        """Tell the file of the bytes."""
        return self.folder / str(self.said["file"])

    @property
    def resumable(self) -> bool:
        """Tell whether the server names versions so that the rest can be had later."""
        return bool(self.said.get("validator"))

    def size(self) -> int:
        """Tell how many bytes are there."""
        try:
            return self.path.stat().st_size
        except (OSError, KeyError):
            return 0

    def resume(self, url: str) -> int:
        """Tell from which byte to go on; 0 to begin anew."""
        try:
            said = json.loads(self.note.read_text(encoding="utf-8"))
            right = said["url"] == url and said["validator"] and said["file"].startswith(self.key)
            self.said = said if right else {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.said = {}
        size, total = self.size(), self.said.get("total")
        if not size or (total is not None and size >= total):
            self.forget()
            return 0
        return size

    def begin(self, url: str, response: Any) -> None:
        """Start a new file, and note its version before its first byte."""
        self.forget()
        number, name = tempfile.mkstemp(dir=self.folder, prefix=f"{self.key}-", suffix=".part")
        os.close(number)
        length = response.length_remaining
        self.said = {
            "url": url,
            "file": Path(name).name,
            "validator": _validator(response),
            "total": length,
            "encoding": response.headers.get("Content-Encoding", "").strip().lower(),
            "chunked": bool(response.chunked),
        }
        if self.resumable:
            write_json(self.note, self.said)

    def accepts(self, response: Any, offset: int, *, url: str) -> bool:
        """Tell whether an answer is the rest, or begin anew with one that is whole."""
        if response.status == http.client.OK:
            self.begin(url, response)
            return True
        if offset and self.continues(response, offset):
            return True
        self.forget()
        return False

    def continues(self, response: Any, offset: int) -> bool:
        """Tell whether an answer is the rest of just this version."""
        if response.status != http.client.PARTIAL_CONTENT:
            return False
        found = _RANGE.match(response.headers.get("Content-Range", "").strip())
        if found is None or int(found[1]) != offset:
            return False
        first, last = int(found[1]), int(found[2])
        total, known = found[3], self.said.get("total")
        if total == "*" or int(total) != last + 1 or (known is not None and int(total) != known):
            return False
        if response.length_remaining not in {None, last - first + 1}:
            return False
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        validator = self.said["validator"]
        same = validator in {
            response.headers.get("ETag", ""),
            response.headers.get("Last-Modified", ""),
        }
        self.said["total"] = int(total)
        return same and encoding == self.said["encoding"]

    def open(self) -> BinaryIO:
        """Open the file to write on."""
        return self.path.open("ab")

    def forget(self) -> None:
        """Remove all that is left of this download and of those before."""
        self.note.unlink(missing_ok=True)
        for one in self.folder.glob(f"{self.key}-*"):
            one.unlink(missing_ok=True)
        self.said = {}


class RangeFile(io.RawIOBase):
    """
    A file on a server, read by ranges of bytes, one version all along.

    Parameters
    ----------
    client
        The door to the network.
    url
        Its address.
    source
        What to call it in messages.
    block
        Bytes to ask for at least.
    """

    def __init__(self, client: Client, url: str, *, source: str, block: int = 1 << 16) -> None:
        super().__init__()
        self._client, self._url, self._source, self._block = client, url, source, block
        self._at = 0
        self._version = ""
        self.size = -1
        self._blocks: dict[int, bytes] = {}
        self.read_bytes = 0
        self.fault: BaseException | None = None
        self._first = self
        self._ends = False
        self._tail()

    def again(self) -> "RangeFile":
        """
        Open it once more, the same version, for readers that bear no exception.

        Returns
        -------
        file
            At its start, sharing what was read. Where it fails it ends, and
            ``fault`` of this one tells why.
        """
        other = RangeFile.__new__(RangeFile)
        vars(other).update({**vars(self), "_at": 0, "_ends": True})
        return other

    def readable(self) -> bool:
        """
        Tell that it can be read.

        Returns
        -------
        readable
            True.
        """
        return True

    def seekable(self) -> bool:
        """
        Tell that it can be searched.

        Returns
        -------
        seekable
            True.
        """
        return True

    def tell(self) -> int:
        """
        Tell where it is.

        Returns
        -------
        position
            In bytes.
        """
        return self._at

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """
        Go to a byte.

        Parameters
        ----------
        offset
            How far.
        whence
            From the start, from here or from the end.

        Returns
        -------
        position
            In bytes.
        """
        base = {0: 0, 1: self._at, 2: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """
        Read into a buffer.

        Parameters
        ----------
        buffer
            As long as what to read.

        Returns
        -------
        count
            Bytes read.

        Raises
        ------
        BaseException
            If they cannot be had, mostly a `SourceError`.
        """
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), max(0, self.size - self._at))
        if wanted == 0 or (self._ends and self._first.fault is not None):
            return 0
        try:
            view[:wanted] = self._bytes(self._at, self._at + wanted)
        except BaseException as fault:
            if not self._ends:
                raise
            self._first.fault = fault  # to raise it here would end the process
            return 0
        self._at += wanted
        return wanted

    def _bytes(self, start: int, end: int) -> bytes:
        """Give bytes, asking for the blocks that are missing in one range."""
        first, last = start // self._block, (end - 1) // self._block
        missing = [one for one in range(first, last + 1) if one not in self._blocks]
        if missing:
            low = missing[0] * self._block
            high = min((missing[-1] + 1) * self._block, self.size)
            got = self._range(f"bytes={low}-{high - 1}", low)
            if len(got) != high - low:
                msg = f"{self._source}: {told(self._url)}: a range came short"
                raise SourceError(msg, source=self._source)
            for number in range(missing[0], missing[-1] + 1):
                at = number * self._block - low
                self._blocks[number] = got[at : at + self._block]
        joined = b"".join(self._blocks[one] for one in range(first, last + 1))
        return joined[start - first * self._block : end - first * self._block]

    def _tail(self) -> None:
        """Read the last bytes, and with them the size and the version."""
        got = self._range(f"bytes=-{self._block}", None)
        start = self.size - len(got)
        for number in range(-(-start // self._block), -(-self.size // self._block)):
            at = number * self._block - start
            self._blocks[number] = got[at : at + self._block]

    def _range(self, asked: str, start: int | None) -> bytes:
        """Ask for a range and see that it is of the version begun."""
        where = f"{self._source}: {told(self._url)}"

        def use(status: int, headers: Any, body: bytes) -> bytes:
            found = _RANGE.match(headers.get("Content-Range", "").strip())
            if status != http.client.PARTIAL_CONTENT or not found or found[3] == "*":
                changed = self.size >= 0
                why = "changed while it was read" if changed else "does not answer by ranges"
                raise SourceError(f"{where}: {why}", source=self._url)
            version = headers.get("ETag", "") or headers.get("Last-Modified", "")
            size = int(found[3])
            if self.size < 0:
                self.size, self._version = size, version
            if (size, version) != (self.size, self._version):
                raise SourceError(f"{where}: changed while it was read", source=self._url)
            span = int(found[2]) - int(found[1]) + 1
            if (start is not None and int(found[1]) != start) or span != len(body):
                raise _PassingError(f"{where}: another range than asked", source=self._url)
            self.read_bytes += len(body)
            return body

        return self._client.ranges(self._url, {"Range": asked}, use, source=self._source)


def place(path: Path, target: Path) -> None:
    """
    Copy a file of the cache to where it is wanted, whole or not at all.

    Parameters
    ----------
    path
        The file.
    target
        Where to; one at a time.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with _beside(target) as stream, path.open("rb") as source:
        shutil.copyfileobj(source, stream, 1 << 20)
        stream.flush()
        os.fsync(stream.fileno())


def write_json(path: Path, value: dict[str, Any]) -> None:
    """
    Write JSON whole or not at all.

    Parameters
    ----------
    path
        The file; one at a time.
    value
        Plain values.
    """
    with _beside(path) as stream:
        stream.write(json.dumps(value, ensure_ascii=False, indent=1).encode())


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[BinaryIO]:
    """Write a file beside its place and put it there at the end."""
    draft = target.with_name(f".{target.name}.part")  # always this one: none is left for good
    draft.unlink(missing_ok=True)
    try:
        with draft.open("xb") as stream:
            yield stream
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _joined(base: str, location: str) -> str:
    """Read where a redirect leads, which may be told from here."""
    try:
        return urljoin(base, location)
    except ValueError:
        return location  # told as what it is when it is followed


def _validator(response: Any) -> str:
    """Name a version so that its rest can be asked for; empty where that is not safe."""
    etag = str(response.headers.get("ETag", ""))
    if etag:
        return "" if etag.startswith("W/") else etag
    changed, now = (response.headers.get(one, "") for one in ("Last-Modified", "Date"))
    try:
        age = parsedate_to_datetime(now) - parsedate_to_datetime(changed)
    except (TypeError, ValueError):
        return ""
    return str(changed) if age.total_seconds() >= _DATE_IS_STRONG_S else ""


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


def _excerpt(response: Any, watch: _Watch) -> str:
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


def _unasked(response: Any, trail: _Trail, *, source: str) -> SourceError:
    """Tell of an answer that does not fit the question."""
    msg = f"{source}: {told(trail.final)}: answered {response.status}, which was not asked for"
    return SourceError(msg, source=told(trail.final))


def _unpack(body: bytes, response: Any, trail: _Trail, *, source: str) -> bytes:
    """Undo the packing of a page."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    where = f"{source}: {told(trail.final)}"
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip"}:
        msg = f"{where}: packed as {plain(encoding)!r}, which was not asked for"
        raise SourceError(msg, source=where)
    machine = zlib.decompressobj(31)
    try:
        whole = machine.decompress(body, _PAGE_BYTES)
    except zlib.error as fault:
        raise _PassingError(f"{where}: packed wrongly: {fault}", source=where) from fault
    if machine.unconsumed_tail:
        msg = f"{where}: unpacks to over the limit of {_PAGE_BYTES} bytes"
        raise SourceError(msg, source=where)
    if not machine.eof:
        raise _PassingError(f"{where}: broke off before the end", source=where)
    return whole


def _today() -> str:
    """Tell the day, in UTC."""
    return dt.datetime.now(dt.UTC).date().isoformat()


def _agent() -> str:
    """Say who asks, as the providers' policies want it."""
    from geoequity import __version__  # noqa: PLC0415 - reads the metadata of the package

    return f"geoequity/{__version__} (Python)"
