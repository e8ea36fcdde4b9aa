"""Files that are whole, and those that are begun and lie apart until they are."""

import contextlib
import http.client
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO

RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)$")

_DATE_IS_STRONG_S = 60  # a date so much older than the answer tells versions apart (RFC 9110 8.8.2)


class Part:
    """
    A download under way, in the cache, and which version it is of.

    Parameters
    ----------
    folder
        Where parts lie.
    key
        What files of this download begin with.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self.key = folder, key
        self.note = folder / f"{key}.json"
        self.said: dict[str, Any] = {}

    @property
    def path(self) -> Path:
        """
        Tell the file of the bytes.

        Returns
        -------
        path
            Of what was begun.
        """
        return self.folder / str(self.said["file"])

    @property
    def resumable(self) -> bool:
        """
        Tell whether the server names versions so that the rest can be had later.

        Returns
        -------
        resumable
            False, too, where nothing was begun.
        """
        return bool(self.said.get("validator"))

    def size(self) -> int:
        """
        Tell how many bytes are there.

        Returns
        -------
        size
            0 where nothing was begun.
        """
        try:
            return self.path.stat().st_size
        except (OSError, KeyError):
            return 0

    def resume(self, url: str) -> int:
        """
        Find what an earlier try left.

        Parameters
        ----------
        url
            Address that is asked.

        Returns
        -------
        offset
            Byte from which to go on; 0 to begin anew.
        """
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

    def _begin(self, url: str, response: Any) -> None:
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
        """
        Tell whether an answer is the rest, or begin anew with one that is whole.

        Parameters
        ----------
        response
            The answer, its body unread.
        offset
            Byte from which the rest was asked for; 0 for all of it.
        url
            Address asked.

        Returns
        -------
        accepts
            Whether its body may be written.
        """
        if response.status == http.client.OK:
            self._begin(url, response)
            return True
        if offset and self._continues(response, offset):
            return True
        self.forget()
        return False

    def _continues(self, response: Any, offset: int) -> bool:
        """Tell whether an answer is the rest of just this version."""
        if response.status != http.client.PARTIAL_CONTENT:
            return False
        found = RANGE.match(response.headers.get("Content-Range", "").strip())
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
        """
        Open the file to write on.

        Returns
        -------
        stream
            At its end.
        """
        return self.path.open("ab")

    def forget(self) -> None:
        """Remove all that is left of this download and of those before."""
        self.note.unlink(missing_ok=True)
        for one in self.folder.glob(f"{self.key}-*"):
            one.unlink(missing_ok=True)
        self.said = {}


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
