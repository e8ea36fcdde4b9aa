"""
OpenStreetMap elements as lines of text, taken apart in columns.

Asked for one tag of one element after another, libosmium takes longer to answer
than for all the rest of the reading. So it writes what is wanted as text in its
OPL format, which pyarrow reads in columns, and the places of nodes as the file
of its index of them, which is an array.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import osmium
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from geoequity.sources.osm_ways import NOWHERE, PER_DEGREE
from geoequity.sources.osm_writer import osm_writer

_FORMAT = "opl,add_metadata=timestamp+uid"
_HEAD = ("number", "visible", "edited", "uid", "tags")
_FIELDS = {
    "node": (*_HEAD, "lon", "lat"),
    "way": (*_HEAD, "nodes"),
    "relation": (*_HEAD, "members"),
}
_KINDS = {kind[0].encode(): kind for kind in _FIELDS}  # by the letter of their lines
_BUFFER = 1 << 18  # bytes of elements to write at a time
_BLOCK = 1 << 22  # bytes of text to read at a time
_SPACED = csv.ParseOptions(delimiter=" ", quote_char=False)
_TO_SPACES = bytes.maketrans(b"Nnwr,", b"     ")
_IN_ORDER = bytes.maketrans(b"nwr", b"nwz")
_NEW_LINE = 10
_PLACE = np.dtype([("ref", "int64"), ("x", "int32"), ("y", "int32")])


@dataclass(frozen=True)
class Places:
    """
    Where nodes are.

    Parameters
    ----------
    ref
        Their ids, in order.
    x, y
        Longitude and latitude as whole numbers.
    """

    ref: np.ndarray
    x: np.ndarray
    y: np.ndarray

    def find(self, ref: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """
        Find nodes.

        Parameters
        ----------
        ref
            Their ids.

        Returns
        -------
        x, y
            Longitude and latitude as whole numbers, `NOWHERE` for those that
            are not in the file.
        """
        if not len(self.ref):
            return np.full(len(ref), NOWHERE), np.full(len(ref), NOWHERE)
        at = np.searchsorted(self.ref, ref)
        lost = (at == len(self.ref)) | (self.ref.take(at, mode="clip") != ref)
        x, y = self.x.take(at, mode="clip"), self.y.take(at, mode="clip")
        x[lost] = y[lost] = NOWHERE
        return x, y


def write_text(
    file: Path, *, elements: Path, relations: Path, places: Path, keys: Collection[str]
) -> None:
    """
    Write the elements of an extract that may matter.

    Parameters
    ----------
    file
        The extract, in order.
    elements
        Where to write all ways, and nodes that carry one of the keys.
    relations
        Where to write relations that have a type.
    places
        Where to write the places of all nodes.
    keys
        Those keys.
    """
    index = osmium.NodeLocationsForWays(osmium.index.create_map(f"sparse_file_array,{places}"))
    index.apply_nodes_to_ways = False
    keyed, typed = osmium.filter.KeyFilter(*keys), osmium.filter.KeyFilter("type")
    keyed.enable_for(osmium.osm.NODE)
    typed.enable_for(osmium.osm.RELATION)
    only = osmium.filter.EntityFilter(osmium.osm.RELATION)
    with (
        osmium.io.Reader(file) as reader,
        osm_writer(osmium.io.File(str(elements), _FORMAT), _BUFFER) as first,
        osm_writer(osmium.io.File(str(relations), _FORMAT), _BUFFER) as second,
    ):
        osmium.apply(reader, index, keyed, typed, first, only, second)


def read_places(path: Path) -> Places:
    """
    Read where nodes are.

    Parameters
    ----------
    path
        What `write_text` wrote.

    Returns
    -------
    places
        Of all nodes.
    """
    table = np.fromfile(path, dtype=_PLACE)
    there = table["x"] != NOWHERE  # the file has room for more
    return Places(*(table[name][there] for name in ("ref", "x", "y")))


def read_tables(path: Path) -> Iterator[tuple[str, pa.Table]]:
    """
    Read text, a block at a time.

    Parameters
    ----------
    path
        What `write_text` wrote.

    Yields
    ------
    kind
        Node, way or relation.
    table
        Their ``number``, ``edited``, ``uid``, ``tags`` and ``lon`` and ``lat``,
        ``nodes`` or ``members``, each still as text that starts with a letter.
    """
    for block in _blocks(path):
        rest = block
        while rest:
            letter, end = rest[:1], len(rest)
            if rest[rest.rfind(b"\n", 0, -1) + 1 :][:1] != letter:  # kinds follow one another
                others = (rest.find(b"\n" + one) + 1 for one in _KINDS if one != letter)
                end = min(filter(None, others))
            yield _KINDS[letter], _table(rest[:end], _KINDS[letter])
            rest = rest[end:]
    pa.default_memory_pool().release_unused()


def is_in_order(file: Path, *, target: Path) -> bool:
    """
    Tell whether nodes come before ways before relations, each by id, each once.

    Parameters
    ----------
    file
        The extract.
    target
        Where to write ids meanwhile.

    Returns
    -------
    is_in_order
        Whether they do.
    """
    sink = osmium.io.File(str(target), "ids")
    with osmium.io.Reader(file) as reader, osm_writer(sink, _BUFFER) as writer:
        osmium.apply(reader, writer)
    kind, number = np.zeros(1, dtype=np.uint8), np.zeros(1, dtype="int64")  # the last before
    for block in _blocks(target):
        letters = np.frombuffer(block.translate(_IN_ORDER), dtype=np.uint8)
        starts = np.append(0, np.flatnonzero(letters[:-1] == _NEW_LINE) + 1)
        kind = np.append(kind[-1], letters[starts])
        number = np.append(number[-1], _numbers(block))
        later = (kind[1:] > kind[:-1]) | ((kind[1:] == kind[:-1]) & (np.diff(number) > 0))
        if not later.all():
            return False
    return True


def integers(column: pa.ChunkedArray) -> np.ndarray:
    """
    Read whole numbers.

    Parameters
    ----------
    column
        Text of a letter and a number.

    Returns
    -------
    integers
        The numbers.
    """
    return np.asarray(pc.cast(pc.utf8_slice_codeunits(column, 1), pa.int64()))


def degrees(column: pa.ChunkedArray) -> np.ndarray:
    """
    Read longitudes or latitudes.

    Parameters
    ----------
    column
        Text of a letter and a number, or of the letter alone.

    Returns
    -------
    degrees
        NaN where there is no number.
    """
    text = pc.utf8_slice_codeunits(column, 1)
    known = pc.if_else(pc.equal(text, ""), None, text)
    return np.asarray(pc.cast(known, pa.float64()), dtype=float)


def seconds(column: pa.ChunkedArray) -> np.ndarray:
    """
    Read moments.

    Parameters
    ----------
    column
        Text of a letter and a moment in UTC, or of the letter alone.

    Returns
    -------
    seconds
        Since 1970; 0 where there is no moment.
    """
    moment = pc.strptime(column, format="t%Y-%m-%dT%H:%M:%SZ", unit="s", error_is_null=True)
    return np.asarray(pc.fill_null(pc.cast(moment, pa.int64()), 0))


def nodes(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """
    Read the nodes of ways.

    Parameters
    ----------
    column
        Text of the nodes of each way, of one at least.

    Returns
    -------
    size
        How many nodes each way has.
    ref
        Id of each node, way after way.
    """
    text = column.combine_chunks()
    _, _, raw = text.buffers()
    size = np.asarray(pc.count_substring(text, ","), dtype="int64") + 1
    return size, _numbers(raw.to_pybytes() if len(text) else b"")


def read_members(text: str) -> Iterator[tuple[int, str]]:
    """
    Read the ways that a relation is made of.

    Parameters
    ----------
    text
        Of its members.

    Yields
    ------
    way
        Id of a way.
    role
        Its role.
    """
    for member in text[1:].split(","):
        if member.startswith("w"):
            way, _, role = member[1:].partition("@")
            yield int(way), role


def read_calls(text: str) -> Iterator[str]:
    """
    Read where a route lets people board.

    Parameters
    ----------
    text
        Of the members of its relation.

    Yields
    ------
    element
        Such as ``node/1``: a stop or platform, in any of its roles but that of
        those where people only alight.
    """
    for member in text[1:].split(","):
        reference, _, role = member.partition("@")
        if role.startswith(("platform", "stop")) and not role.endswith("exit_only"):
            yield f"{_KINDS[reference[:1].encode()]}/{reference[1:]}"


def tags(
    column: pa.ChunkedArray, *, heeded: Callable[[str], bool]
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """
    Group elements by those of their tags that matter.

    Parameters
    ----------
    column
        Text of the tags of each element.
    heeded
        Tells whether a key matters. The name counts apart.

    Returns
    -------
    groups
        Text of the tags of each group, for `read_tags`.
    group
        Position of the group of each element.
    names
        Name of each element, None where it has none.
    """
    pairs = pc.split_pattern(pc.utf8_slice_codeunits(column, 1), ",").combine_chunks()
    ends, flat = np.asarray(pairs.offsets), pairs.values.dictionary_encode()
    texts, code = flat.dictionary.to_pylist(), np.asarray(flat.indices)
    keys = [text.partition("=")[0] for text in texts]
    kept = np.array([heeded(key) for key in keys], dtype=bool)[code]
    at = np.concatenate([[0], np.cumsum(kept)])[ends].astype("int32")
    matter = pa.ListArray.from_arrays(at, pairs.values.filter(kept))
    grouped = pc.binary_join(matter, ",").dictionary_encode()
    called = [key == "name" for key in keys]
    named = np.flatnonzero(np.array(called, dtype=bool)[code])
    told = [_plain(text[5:]) if name else None for text, name in zip(texts, called, strict=True)]
    names = np.full(len(column), None, dtype=object)
    names[np.searchsorted(ends, named, side="right") - 1] = np.array(told, dtype=object)[
        code[named]
    ]
    return grouped.dictionary.to_pylist(), np.asarray(grouped.indices), names


def read_tags(text: str) -> dict[str, str]:
    """
    Read the tags of an element.

    Parameters
    ----------
    text
        Of its tags, without the letter.

    Returns
    -------
    tags
        Values by key.
    """
    pairs = (pair.partition("=") for pair in text.split(",") if pair)
    return {_plain(key): _plain(value) for key, _, value in pairs}


def area_text(
    ways: Mapping[int, tuple[str, str]], relations: Mapping[int, Sequence[int]], *, places: Places
) -> bytes:
    """
    Write an extract of what areas are built of.

    Parameters
    ----------
    ways
        Text of the tags and nodes of ways, by id.
    relations
        Ways of multipolygons, by id.
    places
        Where nodes are.

    Returns
    -------
    text
        In OPL, in order.
    """
    ref = np.unique(_numbers("".join(nodes for _, nodes in ways.values()).encode()))
    rows = zip(ref.tolist(), *(one.tolist() for one in places.find(ref)), strict=True)
    lines = [
        f"n{ref} x{x / PER_DEGREE:.7f} y{y / PER_DEGREE:.7f}" for ref, x, y in rows if x != NOWHERE
    ]
    lines += [f"w{way} {tags} {nodes}" for way, (tags, nodes) in ways.items()]
    for relation, members in relations.items():
        lines.append(f"r{relation} Ttype=multipolygon M{','.join(f'w{way}@' for way in members)}")
    return "\n".join([*lines, ""]).encode()


def _blocks(path: Path) -> Iterator[bytes]:
    """Read whole lines, many at a time."""
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block + stream.readline()


def _numbers(text: bytes) -> np.ndarray:
    """Read ids after letters."""
    return np.fromstring(text.translate(_TO_SPACES), dtype="int64", sep=" ")


def _table(block: bytes, kind: str) -> pa.Table:
    """Take lines apart in columns of text."""
    names = _FIELDS[kind]
    return csv.read_csv(
        pa.py_buffer(block),
        csv.ReadOptions(column_names=names, block_size=len(block) + 1, use_threads=False),
        _SPACED,
        csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), check_utf8=False),
    )


def _plain(text: str) -> str:
    """Put back the characters that OPL writes as numbers between percent signs."""
    plain = text.replace("%20%", " ")
    if "%" not in plain:
        return plain
    parts = text.split("%")
    parts[1::2] = [chr(int(code, 16)) for code in parts[1::2]]
    return "".join(parts)
