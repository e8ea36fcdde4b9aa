"""
Results kept by what they were made of, in memory or beyond, so that nothing is made twice.

A result is known by its name and a fingerprint of the content of all that it was
made of: tables that are equal count as one, wherever they come from. What is
asked for again with other inputs is made again; nothing has to be told what
changed.
"""

import dataclasses
import hashlib
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from pydantic import BaseModel

T = TypeVar("T")
_SIZE = 16  # bytes of a fingerprint
_SHAPES = 50_000  # fingerprinted at a time
_RAGGED = (0, 1, 3)  # points, lines and polygons, whose coordinates tell all
_APART = b"\x1f"
_PLAIN = (str, bytes, int, float, np.generic)
_TABLES = (pd.DataFrame, pd.Series, pd.Index, np.ndarray, pd.api.extensions.ExtensionArray)


Mark = Callable[[object], bytes]


class Taken(NamedTuple):
    """A result from a shelf, and the fingerprints of the tables and records in it."""

    value: Any
    marks: list[tuple[object, bytes]]


class Shelf(Protocol):
    """Where results are kept beyond a run."""

    def take(self, name: str, key: bytes) -> Taken | None:
        """
        Find a result.

        Parameters
        ----------
        name
            What it is.
        key
            Fingerprint of all that it is made of.

        Returns
        -------
        taken
            The same to the bit as when it was put there; None where it is not.
        """

    def put(self, name: str, key: bytes, value: object, *, mark: Mark) -> None:
        """
        Keep a result, if it can be kept.

        Parameters
        ----------
        name
            What it is.
        key
            Fingerprint of all that it is made of.
        value
            The result.
        mark
            Gives the fingerprint of a table or a record.
        """


class Kept:
    """
    Results by name and inputs.

    Parameters
    ----------
    below
        Results that count as known, too; what is made anew is not added to them.
    shelf
        Where results are looked for that are not in memory, and put.
    remembers
        Whether results stay in memory.
    """

    def __init__(
        self, *, below: Self | None = None, shelf: Shelf | None = None, remembers: bool = True
    ) -> None:
        self._below = below
        self._shelf = shelf
        self._remembers = remembers
        self._made: dict[bytes, Any] = {}
        # Tables of the layers below are the same ones, and have the same fingerprints
        self._prints: dict[int, tuple[weakref.ref[Any], bytes]] = (
            {} if below is None else below._prints  # noqa: SLF001 - of its own kind
        )

    def above(self) -> Self:
        """
        Open another layer: it knows all of this one, and this one nothing of it.

        Returns
        -------
        kept
            Still without results of its own.
        """
        return type(self)(below=self, shelf=self._shelf)

    def in_memory(self) -> "Kept":
        """
        Leave out the shelf, for what is quicker made than read.

        Returns
        -------
        kept
            The same results, where they stay in memory; nothing where they do not.
        """
        if not self._remembers:
            return FORGETFUL
        bare = type(self)(below=self._below)
        bare._made, bare._prints = self._made, self._prints  # noqa: SLF001 - of its own kind
        return bare

    @property
    def remembers(self) -> bool:
        """
        Tell whether results stay in memory.

        Returns
        -------
        remembers
            Whether they do.
        """
        return self._remembers

    def known(self, name: str, *of: object) -> Any:
        """
        Look for a result, and make none.

        Parameters
        ----------
        name
            What it is.
        *of
            All that it is made of.

        Returns
        -------
        result
            As `once` would give it; None where it would have to be made.
        """
        key = self._key(name, ("", *of))
        if self._knows(key):
            return self._known(key)
        taken = self._taken(name, key)
        return None if taken is None else taken.value

    def once(
        self,
        name: str,
        make: Callable[[], T],
        *of: object,
        unless: Callable[[], bool] = lambda: False,
    ) -> T:
        """
        Make a result, unless it is known.

        Parameters
        ----------
        name
            What it is.
        make
            Makes it; of nothing but what is named next.
        *of
            All that it is made of.
        unless
            Asked after the making: whether it was made of something else, so that it
            is given and not kept.

        Returns
        -------
        result
            Known or made; not to be changed.
        """
        return self.each(name, {"": of}, lambda _: {"": make()}, unless=unless)[""]

    def each(
        self,
        name: str,
        wanted: Mapping[str, tuple[object, ...]],
        make: Callable[[list[str]], Mapping[str, T]],
        *,
        unless: Callable[[], bool] = lambda: False,
    ) -> dict[str, T]:
        """
        Make those of several results that are not known, in one go.

        Parameters
        ----------
        name
            What they are.
        wanted
            Result -> all that it is made of.
        make
            Makes those that are listed to it.
        unless
            As in `once`.

        Returns
        -------
        results
            In the order of `wanted`; not to be changed.
        """
        keys = {one: self._key(name, (one, *of)) for one, of in wanted.items()}
        found = {one: self._known(key) for one, key in keys.items() if self._knows(key)}
        taken = {one: self._taken(name, keys[one]) for one in keys if one not in found}
        found |= {one: it.value for one, it in taken.items() if it is not None}
        unknown = [one for one, it in taken.items() if it is None]
        if unknown:
            found |= {one: it for one, it in make(unknown).items() if one in unknown}
            if unless():
                return {one: found[one] for one in keys}
            if self._shelf is not None:
                for one in unknown:
                    self._shelf.put(name, keys[one], found[one], mark=self._print)
        if self._remembers:
            self._made |= {keys[one]: found[one] for one in taken}
        return {one: found[one] for one in keys}

    def _taken(self, name: str, key: bytes) -> Taken | None:
        """Look on the shelf, where tables come with their fingerprints."""
        taken = None if self._shelf is None else self._shelf.take(name, key)
        if taken is not None:
            for value, mark in taken.marks:
                self._prints[id(value)] = (weakref.ref(value), mark)
        return taken

    def _knows(self, key: bytes) -> bool:
        """Tell whether a result is known."""
        return key in self._made or (self._below is not None and self._below._knows(key))  # noqa: SLF001 - of its own kind

    def _known(self, key: bytes) -> Any:
        """Give a known result."""
        if key in self._made or self._below is None:
            return self._made[key]
        return self._below._known(key)  # noqa: SLF001 - of its own kind

    def _key(self, name: str, of: tuple[object, ...]) -> bytes:
        """Fingerprint a name and inputs."""
        digest = hashlib.blake2b(name.encode(), digest_size=_SIZE)
        for one in of:
            digest.update(_APART + self._print(one))
        return digest.digest()

    def _print(self, value: object) -> bytes:
        """Fingerprint a value, tables once for as long as they live."""
        if value is None:
            return _NOTHING
        if isinstance(value, _PLAIN):
            return _joined(type(value).__name__.encode(), repr(value).encode())
        body = _body(value)
        there = self._prints.get(id(body))
        if there is not None and there[0]() is body:
            return there[1]
        is_record = _is_record(value)
        if not is_record and not isinstance(value, _TABLES):
            return _plain_print(value, self._print)
        if is_record:
            fields = [one for one in dataclasses.fields(value) if one.compare]  # type: ignore[arg-type]
            parts = [getattr(value, one.name) for one in fields]
            mark = _joined(type(value).__name__.encode(), *map(self._print, parts))
        else:
            mark = _table_print(value, self._print)
        prints, place = self._prints, id(body)
        prints[place] = (weakref.ref(body, lambda _: prints.pop(place, None)), mark)
        return mark


class Forgetful(Kept):
    """Keeps nothing: everything is made whenever it is asked for."""

    def known(self, name: str, *of: object) -> Any:  # noqa: ARG002 - as of its base
        """
        Look for a result.

        Parameters
        ----------
        name
            What it is.
        *of
            No matter.

        Returns
        -------
        none
            Nothing is known.
        """
        return None

    def each(
        self,
        name: str,  # noqa: ARG002 - as of its base
        wanted: Mapping[str, tuple[object, ...]],
        make: Callable[[list[str]], Mapping[str, T]],
        *,
        unless: Callable[[], bool] = lambda: False,  # noqa: ARG002 - as of its base
    ) -> dict[str, T]:
        """
        Make results.

        Parameters
        ----------
        name
            What they are.
        wanted
            Result -> all that it is made of.
        make
            Makes those that are listed to it.
        unless
            No matter.

        Returns
        -------
        results
            In the order of `wanted`.
        """
        made = make(list(wanted)) if wanted else {}
        return {one: made[one] for one in wanted}


FORGETFUL = Forgetful(remembers=False)


def arrow_texts(values: Any) -> pa.Array:
    """
    Take the texts of a column that pandas keeps as Arrow.

    Parameters
    ----------
    values
        A column, an index or an array of texts.

    Returns
    -------
    texts
        As they are, in one piece, however many pandas keeps them in.
    """
    texts = pa.array(getattr(values, "array", values)).cast(pa.large_string())
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def _is_record(value: object) -> bool:
    """Tell a record of several fields."""
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _joined(*parts: bytes) -> bytes:
    """Fingerprint a few short parts in their order, at once: most there is to print is a word."""
    whole = b"".join([piece for one in parts for piece in (len(one).to_bytes(8, "little"), one)])
    return hashlib.blake2b(whole, digest_size=_SIZE).digest()


def _folded(parts: Iterable[bytes | memoryview]) -> bytes:
    """Do what `_joined` does with parts as they come: of a metropolis they would fill memory."""
    digest = hashlib.blake2b(digest_size=_SIZE)
    for one in parts:
        digest.update(len(one).to_bytes(8, "little"))
        digest.update(one)
    return digest.digest()


_NOTHING = _joined(b"NoneType", b"None")


def _plain_print(value: object, inner: Callable[[object], bytes]) -> bytes:
    """Fingerprint what is no table and holds other things."""
    kind = type(value).__name__.encode()
    if isinstance(value, Mapping | AbstractSet | tuple | list):
        return _joined(kind, *_parts(value, inner))
    if isinstance(value, shapely.Geometry):
        return _joined(kind, shapely.to_wkb(value))
    if callable(value):
        msg = f"{value!r}: what it does has no fingerprint"
        raise TypeError(msg)
    text = repr(value) if isinstance(value, BaseModel) else str(value)  # days, paths, CRSs
    return _joined(kind, text.encode())


def _parts(value: Any, inner: Callable[[object], bytes]) -> list[bytes]:
    """Fingerprint the parts of a collection."""
    if isinstance(value, Mapping):
        return [part for key, one in value.items() for part in (inner(key), inner(one))]
    marks = [inner(one) for one in value]
    return sorted(marks) if isinstance(value, AbstractSet) else marks


def _table_print(value: Any, inner: Callable[[object], bytes]) -> bytes:
    """Fingerprint a table, a column, an index or an array by content."""
    if isinstance(value, np.ndarray | pd.api.extensions.ExtensionArray):
        return _array_print(value)
    if isinstance(value, pd.Index):  # tables that are cut from one have its ids, seen anew
        return _joined(b"index", inner(_seen(value.values)), str(value.names).encode())
    index = inner(value.index)
    if isinstance(value, pd.Series):
        return _joined(b"series", index, str(value.name).encode(), _array_print(value))
    columns = [_joined(str(key).encode(), _array_print(one)) for key, one in value.items()]
    return _joined(b"table", index, *columns)


def _seen(values: Any) -> Any:
    """Give the array that a view shows the whole of, which lives on: each look is a new view."""
    base = getattr(values, "base", None)
    if not isinstance(base, np.ndarray) or base.dtype != values.dtype:
        return values
    where = [(one.ctypes.data, one.shape, one.strides) for one in (values, base)]
    return base if where[0] == where[1] else values


def _body(value: Any) -> Any:
    """Give what holds the texts of an array, and lives on: each look at an index is a new array."""
    is_text = isinstance(value, pd.arrays.ArrowStringArray) and str(value.dtype) == "str"
    return value.__arrow_array__() if is_text else value


def _array_print(values: Any) -> bytes:
    """Fingerprint the values of an array or a column, and what kind they are."""
    kind = values.dtype
    if str(kind) == "geometry":
        shapes = np.asarray(values.array, dtype=object)
        crs = str(getattr(values.array, "crs", None)).encode()
        blocks = (shapes[at : at + _SHAPES] for at in range(0, len(shapes), _SHAPES))
        return _folded(chain([b"geometry", crs], *map(_shape_parts, blocks)))
    if isinstance(kind, pd.CategoricalDtype):
        codes = np.ascontiguousarray(values.cat.codes if hasattr(values, "cat") else values.codes)
        words = repr(list(kind.categories)).encode()
        return _folded([b"category", words, codes.tobytes()])
    if isinstance(kind, np.dtype) and not kind.hasobject:
        return _folded([str(kind).encode(), str(values.shape).encode(), _plain_bytes(values)])
    if isinstance(kind, pd.StringDtype) and kind.storage == "pyarrow":
        return _folded([str(kind).encode(), *_text_parts(arrow_texts(values))])
    things = np.asarray(values, dtype=object)
    try:  # texts, and what is missing
        marks = pd.util.hash_array(things, categorize=False).tobytes()
        return _folded([str(kind).encode(), marks])
    except TypeError:
        return _joined(str(kind).encode(), repr(things.tolist()).encode())


def _shape_parts(shapes: np.ndarray) -> Iterator[bytes | memoryview]:
    """Give what tells geometries apart: of one plain kind their coordinates, else their WKB."""
    kinds = shapely.get_type_id(shapes)
    yield _plain_bytes(kinds)
    if kinds[0] in _RAGGED and (kinds == kinds[0]).all() and not shapely.has_z(shapes).any():
        _, places, offsets = shapely.to_ragged_array(shapes)
        yield str(places.shape).encode()
        yield from map(_plain_bytes, (places, *offsets))
    else:
        yield from (one or b"" for one in shapely.to_wkb(shapes))


def _text_parts(texts: pa.Array) -> Iterator[bytes | memoryview]:
    """Give what tells texts apart: how long each is, less than 0 where there is none, and all."""
    yield _plain_bytes(pc.fill_null(pc.binary_length(texts), -1).to_numpy())
    there = texts.drop_null()
    _, offsets, letters = there.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[there.offset :][: len(there) + 1]
    yield b"" if letters is None else memoryview(letters)[ends[0] : ends[-1]]


def _plain_bytes(array: np.ndarray) -> memoryview:
    """Show the bytes of an array of numbers."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
