"""Downloads into the cache, pages, and ranges of bytes."""

import datetime as dt
import hashlib
import http.client
import io
import json
import os
import re
import tempfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from geoequity.errors import SourceError
from geoequity.locking import locked
from geoequity.sources import _content
from geoequity.sources._addresses import parse, plain, told
from geoequity.sources._cache import cache_folder
from geoequity.sources._remote._door import Door, Trail
from geoequity.sources._remote._part import Part, write_json
from geoequity.sources._remote._ranges import RangeFile
from geoequity.sources._remote._watch import PassingError, Patience, Watch

_PIECE = 1 << 16
_PAGE_BYTES = 256 << 20


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


class Client(Door):
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
        super().__init__(hosts, offline=offline, patience=patience or Patience())
        self.cache = cache if cache is not None else cache_folder()
        self.max_bytes = max_bytes
        self._tell = tell or (lambda *_: None)

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
            part = Part(self.cache / "parts", key)

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

        def use(response: Any, trail: Trail, watch: Watch) -> bytes:
            if response.status != http.client.OK:
                raise _unasked(response, trail, source=source)
            with tempfile.TemporaryFile() as stream:
                self._pour(response, stream, watch, source=source, limit=_PAGE_BYTES)
                stream.seek(0)
                return _unpack(stream.read(), response, trail, source=source)

        headers = {"Accept": accept, "Accept-Encoding": "gzip"}
        return self._answered(url, headers, use, source=source)

    def open_ranges(self, url: str, *, source: str) -> RangeFile:
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

        def use(response: Any, trail: Trail, watch: Watch) -> Look:
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

        return self._answered(url, {"Accept-Encoding": "identity"}, use, source=source)

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

        def read(response: Any, _: Trail, watch: Watch) -> Any:
            if response.status != http.client.PARTIAL_CONTENT:  # its body may be endless
                return use(response.status, response.headers, b"")
            stream = io.BytesIO()
            self._pour(response, stream, watch, source=source, limit=_PAGE_BYTES)
            return use(response.status, response.headers, stream.getvalue())

        asked = {**headers, "Accept-Encoding": "identity"}
        return self._answered(url, asked, read, source=source)

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
        part: Part,
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

        def use(response: Any, trail: Trail, watch: Watch) -> Download:
            where = f"{source}: {told(trail.final)}"
            if response.status == http.client.NOT_MODIFIED and kept is not None and not offset:
                _content.check(kept.path, name=name, said="", source=where)
                return replace(kept, retrieved=_today())
            if not part.accepts(response, offset, url=url):
                if not offset:
                    raise _unasked(response, trail, source=source)
                msg = f"{where}: another version than the one begun"
                raise PassingError(msg, source=where, wait_s=0)
            self._receive(response, part, watch, source=source, where=where)
            try:
                return self._finish(part, response, trail, name=name, where=where)
            except PassingError:
                raise
            except SourceError as fault:
                resumed = response.status == http.client.PARTIAL_CONTENT
                part.forget()
                if resumed:  # whole downloads are never wrong for having been resumed
                    raise PassingError(str(fault), source=where, wait_s=0) from fault
                raise

        return self._exchange(url, headers, use, source=source, until=until)

    def _receive(self, response: Any, part: Part, watch: Watch, *, source: str, where: str) -> None:
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
            raise PassingError(msg, source=where)

    def _pour(
        self,
        response: Any,
        stream: BinaryIO,
        watch: Watch,
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
            raise PassingError(msg, source=source)
        if total is not None and done != total:
            msg = f"{source}: broke off after {done} of {total} bytes"
            raise PassingError(msg, source=source)

    def _finish(
        self, part: Part, response: Any, trail: Trail, *, name: str, where: str
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

    def _unpacked(self, part: Part, *, name: str, where: str) -> Path:
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
            raise PassingError(msg, source=where) from fault
        except SourceError:
            ready.unlink(missing_ok=True)
            raise
        if name.lower().endswith(".gz"):  # a packed file, and not packed for the way
            with ready.open("rb") as stream:
                if stream.read(2) != b"\x1f\x8b":
                    ready.unlink()
                    return part.path
        return ready


def _unasked(response: Any, trail: Trail, *, source: str) -> SourceError:
    """Tell of an answer that does not fit the question."""
    msg = f"{source}: {told(trail.final)}: answered {response.status}, which was not asked for"
    return SourceError(msg, source=told(trail.final))


def _unpack(body: bytes, response: Any, trail: Trail, *, source: str) -> bytes:
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
        raise PassingError(f"{where}: packed wrongly: {fault}", source=where) from fault
    if machine.unconsumed_tail:
        msg = f"{where}: unpacks to over the limit of {_PAGE_BYTES} bytes"
        raise SourceError(msg, source=where)
    if not machine.eof:
        raise PassingError(f"{where}: broke off before the end", source=where)
    return whole


def _today() -> str:
    """Tell the day, in UTC."""
    return dt.datetime.now(dt.UTC).date().isoformat()
