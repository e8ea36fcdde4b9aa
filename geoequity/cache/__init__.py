"""
Results of earlier runs on disk, by the content of all that they were made of.

A file each, under the name of the stage: its own digest first, by which half a file,
a flipped byte and a file of somebody else are known; they are told of once, removed
and made again. Files are written beside and renamed, so that runs at once and runs
that are killed leave whole files or none. What cannot be written is told of once, and
ends no run. What was used longest ago goes first where there is too much.
"""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geoequity.cache._codec import UnstorableError, dumps, pack, unpack
from geoequity.cache._version import version
from geoequity.errors import CacheWarning, ConfigError
from geoequity.keeping import Mark, Taken
from geoequity.sources._cache import cache_folder

__all__ = ["MAX_BYTES", "Cache", "Held"]

MAX_BYTES = 5_000_000_000
STAGES = "stages"  # beside the downloads

_MAGIC = b"geoequity results 1\n"
_DIGEST = hashlib.sha256().digest_size
_HEAD = len(_MAGIC) + _DIGEST
_SIZE = 8  # bytes of a length
_DRAFT = ".draft-"
_LEFT_S = 3600  # after which a draft was left by one that was killed
_AT_ONCE = 0.05  # of the bound, written before it is looked at again


@dataclass(frozen=True, kw_only=True)
class Held:
    """
    What a cache holds.

    Parameters
    ----------
    folder
        Where.
    stages
        Bytes of results by stage.
    downloads
        Bytes of downloads and of the data of presets.
    max_bytes
        Bound of the results.
    """

    folder: Path
    stages: dict[str, int]
    downloads: int
    max_bytes: int


class Cache:
    """
    Results of earlier runs.

    Parameters
    ----------
    folder
        Where; ``GEOEQUITY_CACHE`` or the user's folder for caches by default. It
        need not be there.
    max_bytes
        How much to keep; ``GEOEQUITY_CACHE_GB`` or 5 GB by default.
    tell
        Called with what is amiss, once each; warns by default.

    Examples
    --------
    >>> Cache("nowhere").held().stages
    {}
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        max_bytes: int | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.folder = Path(folder) if folder is not None else cache_folder()
        self.max_bytes = _bound() if max_bytes is None else max_bytes
        self._tell = tell or _warn
        self._told: set[str] = set()
        self._is_open = True
        self._since = 0  # bytes written since the bound was looked at

    @property
    def _stages(self) -> Path:
        """Tell where results lie: downloads lie beside them."""
        return self.folder / STAGES

    def take(self, name: str, key: bytes) -> Taken | None:
        """
        Find a result.

        Parameters
        ----------
        name
            The stage.
        key
            Fingerprint of all that it is made of.

        Returns
        -------
        taken
            The result, and the fingerprints of the tables in it; None where there
            is none that is whole.
        """
        path = self._path(name, key)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._say("read", f"{path}: cannot be read, so made again: {error.strerror}")
            return None
        with contextlib.suppress(OSError):  # where nothing can be written, nothing is removed
            os.utime(path)  # used now
        try:
            tree, parts = _opened(data, of=_label(name, key))
            return Taken(*unpack(tree, parts))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, OSError):
            self._say(str(path), f"{path}: is damaged; removed, and made again")
            with contextlib.suppress(OSError):
                path.unlink()
            return None

    def put(self, name: str, key: bytes, value: object, *, mark: Mark) -> None:
        """
        Keep a result, if it has a form as bytes.

        Parameters
        ----------
        name
            The stage.
        key
            Fingerprint of all that it is made of.
        value
            The result.
        mark
            Gives the fingerprint of a table or a record.
        """
        if not self._is_open:
            return
        path = self._path(name, key)
        for again in (True, False):  # once more where somebody cleared the cache just then
            draft = path.with_name(f"{_DRAFT}{secrets.token_hex(8)}")
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._since += _write(draft, value, mark=mark, of=_label(name, key))
                draft.replace(path)
            except (OSError, UnstorableError) as error:
                with contextlib.suppress(OSError):
                    draft.unlink()
                if isinstance(error, UnstorableError):
                    return
                if not isinstance(error, FileNotFoundError) or not again:
                    self._is_open = False
                    said = f"{self.folder}: nothing can be kept there: {error.strerror}"
                    self._say("write", said)
                    return
            else:
                break
        if self._since > _AT_ONCE * self.max_bytes:
            self.trim()

    def trim(self) -> None:
        """Remove what was used longest ago until the rest is within the bound."""
        self._since = 0
        files, now = [], time.time()
        for path in self._stages.glob("*/*"):
            with contextlib.suppress(OSError):  # another run removed it
                seen = path.stat()
                if path.name.startswith(_DRAFT) and now - seen.st_mtime > _LEFT_S:
                    path.unlink()
                else:
                    files.append((seen.st_mtime_ns, seen.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files, key=lambda one: one[0]):
            if total <= self.max_bytes:
                return
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size

    def clear(self) -> int:
        """
        Remove all results; downloads stay.

        Returns
        -------
        freed
            Bytes.
        """
        freed = sum(self.held().stages.values())
        shutil.rmtree(self._stages, ignore_errors=True)
        return freed

    def held(self) -> Held:
        """
        Tell what there is.

        Returns
        -------
        held
            Its place and size.
        """
        stages = {}
        if self._stages.is_dir():
            sizes = {one.name: _size(one) for one in sorted(self._stages.iterdir())}
            stages = {name: size for name, size in sizes.items() if size}
        everything = _size(self.folder) if self.folder.is_dir() else 0
        return Held(
            folder=self.folder,
            stages=stages,
            downloads=everything - sum(stages.values()),
            max_bytes=self.max_bytes,
        )

    def _path(self, name: str, key: bytes) -> Path:
        """Name the file of a result, which is another one for another code."""
        digest = hashlib.blake2b(key + version(), digest_size=20).hexdigest()
        return self._stages / name / digest

    def _say(self, what: str, message: str) -> None:
        """Tell what is amiss, once."""
        if what not in self._told:
            self._told.add(what)
            self._tell(message)


def _bound() -> int:
    """Tell how much to keep."""
    said = os.environ.get("GEOEQUITY_CACHE_GB", "")
    try:
        return int(float(said) * 1e9) if said else MAX_BYTES
    except (ValueError, OverflowError) as error:
        msg = f"GEOEQUITY_CACHE_GB: {said!r}: is no number of gigabytes"
        raise ConfigError(msg) from error


def _warn(message: str) -> None:
    """Warn of what is amiss."""
    warnings.warn(CacheWarning(message), stacklevel=2)


def _label(name: str, key: bytes) -> list[str]:
    """Say in a file what it is of."""
    return [name, key.hex(), version().hex()]


def _write(path: Path, value: object, *, mark: Mark, of: list[str]) -> int:
    """Write a file whole, and tell its size."""
    sizes: list[int] = []
    digest = hashlib.sha256()
    with path.open("xb") as stream:
        stream.write(b"\0" * _HEAD)

        def write(one: bytes | memoryview) -> None:
            sizes.append(len(one))
            digest.update(one)
            stream.write(one)

        tree = pack(value, mark=mark, write=write)
        last = dumps({"of": of, "sizes": list(sizes), "tree": tree})
        write(last)
        write(len(last).to_bytes(_SIZE, "little"))
        stream.seek(0)
        stream.write(_MAGIC + digest.digest())
    return _HEAD + sum(sizes)


def _opened(data: bytes, *, of: list[str]) -> tuple[Any, list[memoryview]]:
    """Take a file apart, if it is whole and what it should be."""
    view = memoryview(data)
    body, end = view[_HEAD:], len(data) - _HEAD - _SIZE
    if data[: len(_MAGIC)] != _MAGIC or hashlib.sha256(body).digest() != data[len(_MAGIC) : _HEAD]:
        msg = "is damaged"
        raise ValueError(msg)
    length = int.from_bytes(body[end:], "little")
    told = json.loads(bytes(body[end - length : end]))
    if told["of"] != of:
        msg = "is of something else"
        raise ValueError(msg)
    parts, begin = [], 0
    for size in told["sizes"]:
        parts.append(body[begin : begin + size])
        begin += size
    return told["tree"], parts


def _size(folder: Path) -> int:
    """Add up the files of a folder."""
    total = 0
    for one in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += one.stat().st_size if one.is_file() else 0
    return total
