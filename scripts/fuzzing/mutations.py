"""Changes that make a good input a bad one: of trees, of tables, of text and of bytes."""

import copy
import math
import random
import re
import zlib
from typing import Any

TEXTS = (
    "", " ", "\t", "0", "-0", "-1", "1.5", "1,5", "1.234,5", "1e3", "1e308", "1e999", "-1e999",
    "9" * 40, "9" * 5000, "0x10", "nan", "NaN", "inf", "-Infinity", "None", "null", "NA", "#N/A",
    "true", "yes", "si", "٣", "½", "é", "e\u0301", "\u202egnp", "\u200b", "\ufeff", "\x00", "\x07",
    "\ud7ff", "\U0001f600", "'", '"', '""', "=1+1", "@SUM(A1)", "<script>alert(1)</script>", "{",
    "[]", "{}", "[1, 2]", "../../etc/passwd", "/dev/zero", "C:\\x", "%s%n", "{0}", "{0.__class__}",
    "${HOME}", "\r\n", "\n", ",", ";", "a" * 70_000, "2025-02-30", "0000-00-00", "99991231",
    "20250230", "25:61:61", "7:00", "99999:00:00", "-1:00:00", "24:00:00", "POINT (0 0)",
    "POINT EMPTY", "POINT (nan nan)", "POINT Z (1 2 3)", "LINESTRING (0 0, 1 1)",
    "LINESTRING (0 0)", "POLYGON EMPTY", "POLYGON ((0 0, 1 1, 1 0, 0 0))",
    "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))", "POINT (1e308 1e308)", "GEOMETRYCOLLECTION EMPTY",
    "SRID=4326;POINT (0 0)", "(-12.1, -77.0)", "EPSG:4326", "EPSG:32718", "EPSG:999999",
    "EPSG:3857", "+proj=longlat", "+proj=utm +zone=99", "latin-1", "utf-16", "utf-8", "punycode",
    "undefined", "base64", "rot13", "idna",
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 2, 3, 0.5, 1.5, -0.0, 1e-320, 1e308, -1e308, math.inf, -math.inf, math.nan, 90, 91,
    180, 181, 360, 255, 256, 1000, 65_536, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1,
    2**63, -(2**63) - 1, 2**64, 10**40,
)  # fmt: skip
LETTERS = "aé0 ,;\"'\t\n\r\x00\u202e\ufeff{}[]()<>=&%\\/"


class Chance(random.Random):
    """Chance that is the same for the same target and number, on any machine."""

    def one_in(self, many: int) -> bool:
        """Say yes once in so many times."""
        return self.randrange(many) == 0

    def few(self, most: int = 3) -> int:
        """Count from 1: mostly one."""
        return min(most, 1 + int(self.expovariate(1.2)))


def nested(chance: Chance) -> Any:
    """Nest lists or tables, some deeper than any parser goes."""
    depth = chance.choice((2, 10, 200, 3000))
    value: Any = 1
    for _ in range(depth):
        value = [value] if depth % 3 else {"a": value}
    return value


def value(chance: Chance, like: Any = None) -> Any:
    """Make a value that nobody expects, often of the type that stood there."""
    kind = chance.randrange(10)
    if kind < 4 and isinstance(like, int | float) and not isinstance(like, bool):
        near = (like + 1, -like, like * 1000, like / 7, float(like), like)
        return chance.choice((*near, *NUMBERS))
    if kind < 4 and isinstance(like, str):
        return text(chance, like) if chance.one_in(2) else chance.choice(TEXTS)
    if kind < 6:
        return chance.choice(NUMBERS)
    if kind < 8:
        return chance.choice(TEXTS)
    if kind == 8:
        return chance.choice((None, True, False, [], {}, [[]], [None], {"": None}, [1, "a", {}]))
    return nested(chance) if chance.one_in(4) else chance.choice(([1.0, 2.0], ["a", "b"], [{}]))


def text(chance: Chance, old: str) -> str:
    """Change a text a little."""
    at = chance.randrange(len(old) + 1)
    return chance.choice(
        (
            old[:at] + chance.choice(LETTERS) + old[at:],
            old[:at] + old[at + 1 :],
            old[:at],
            old.upper(),
            old.swapcase(),
            f" {old} ",
            old + old,
            old[::-1],
            re.sub(r"\d+", lambda _: str(chance.choice(NUMBERS)), old, count=1),
        )
    )


def tree(chance: Chance, root: Any, *, times: int | None = None) -> Any:
    """Change a few places of a tree of tables and lists, such as JSON or TOML."""
    root = copy.deepcopy(root)
    for _ in range(chance.few() if times is None else times):
        places = list(_places(root))
        if not places:
            return root
        where, key = chance.choice(places)
        how = chance.randrange(8)
        if how < 4:
            where[key] = value(chance, where[key])
        elif how == 4:
            del where[key]
        elif how == 5:
            _, other = chance.choice(places)
            holder = chance.choice(places)[0]
            taken = holder[other] if _has(holder, other) else where[key]
            where[key] = _copied(taken)
        elif isinstance(where, list):
            where.insert(chance.randrange(len(where) + 1), _copied(where[key]))
        elif how == 6:
            where[text(chance, str(key))] = where.pop(key)
        else:
            where[chance.choice(("x", "file", "", "path", "a.b", str(key) + "s"))] = where[key]
    return root


def _copied(tree: Any) -> Any:
    """Copy a tree, unless it is too deep to be."""
    try:
        return copy.deepcopy(tree)
    except RecursionError:
        return None


def _has(holder: Any, key: Any) -> bool:
    """Tell whether there is something under a key or at a place."""
    if isinstance(holder, dict):
        return key in holder
    return isinstance(key, int) and key < len(holder)


def _places(root: Any, *, most: int = 4000) -> list[tuple[Any, Any]]:
    """List the places of a tree, not too deep."""
    found: list[tuple[Any, Any]] = []
    rest = [root]
    while rest and len(found) < most:
        node = rest.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node))
        found += [(node, key) for key in keys]
        rest += [node[key] for key in keys if isinstance(node[key], dict | list)]
    return found


def table(chance: Chance, rows: list[list[Any]], *, times: int | None = None) -> list[list[Any]]:
    """Change a few cells, rows or columns of a table whose first row is its header."""
    rows = [list(row) for row in rows]
    for _ in range(chance.few(4) if times is None else times):
        how, row = chance.randrange(14), chance.randrange(len(rows)) if rows else 0
        if not rows or not rows[row]:
            return rows
        column = chance.randrange(len(rows[row]))
        body = chance.randrange(1, len(rows)) if len(rows) > 1 else 0
        if how < 5:
            at = min(column, len(rows[body]) - 1)
            if at >= 0:
                rows[body][at] = (
                    value(chance, rows[body][at]) if chance.one_in(3) else _cell(chance, rows, at)
                )
        elif how == 5:  # a whole column
            filler = chance.choice(TEXTS[:60])
            for one in rows[1:]:
                if column < len(one):
                    one[column] = filler
        elif how == 6:
            rows[0][min(column, len(rows[0]) - 1)] = chance.choice((*map(str, rows[0]), *TEXTS))
        elif how == 7:
            del rows[row]
        elif how == 8:
            rows.insert(body, list(rows[row]))
        elif how == 9:
            twin = list(rows[body])
            twin[min(column, len(twin) - 1)] = _cell(chance, rows, column)
            rows.append(twin)
        elif how == 10:
            del rows[row][column]
        elif how == 11:
            for one in rows:
                if column < len(one):
                    del one[column]
        elif how == 12:
            rows[1:] = chance.sample(rows[1:], len(rows) - 1)
        else:
            rows[row].append(chance.choice(TEXTS))
    return rows


def _cell(chance: Chance, rows: list[list[Any]], column: int) -> Any:
    """Take a value of another row, or one nobody expects, mostly short."""
    other = chance.choice(rows)
    if other and chance.one_in(2):
        return other[min(column, len(other) - 1)]
    return chance.choice(TEXTS if chance.one_in(4) else TEXTS[:60])


def written(cell: Any) -> str:
    """Write a value; what is nested may be too deep to be."""
    return "[" * 200 if isinstance(cell, list | dict) else str(cell)


def delimited(chance: Chance, rows: list[list[Any]], *, separator: str = ",") -> str:
    """Write a table as text, quoted well or badly."""
    ending = chance.choice(("\n", "\n", "\n", "\r\n", "\r"))
    quotes = chance.randrange(12)

    def field(cell: Any) -> str:
        told = "" if cell is None else written(cell)
        if quotes == 0:
            return told
        if quotes == 1 or any(one in told for one in (separator, '"', "\n", "\r")):
            return '"' + told.replace('"', '""') + '"'
        return told

    return ending.join(separator.join(map(field, row)) for row in rows) + chance.choice(
        (ending, ending, ending, "", ending * 3, "\x1a")
    )


def encoded(chance: Chance, told: str) -> bytes:
    """Write text in bytes, mostly UTF-8."""
    if chance.one_in(8):
        name = chance.choice(("latin-1", "utf-16", "utf-8-sig", "cp1252", "utf-32", "ascii"))
        return told.encode(name, "replace")
    data = told.encode("utf-8", "replace")
    return raw(chance, data) if chance.one_in(12) else data


def raw(chance: Chance, data: bytes, *, times: int | None = None) -> bytes:
    """Flip, cut, double and fill bytes."""
    body = bytearray(data)
    for _ in range(chance.few(5) if times is None else times):
        if not body:
            return bytes(body)
        at, size = chance.randrange(len(body)), chance.choice((1, 1, 2, 4, 8, 64, 1024))
        how = chance.randrange(8)
        if how < 3:
            body[at] ^= 1 << chance.randrange(8)
        elif how == 3:
            body[at : at + size] = bytes([chance.choice((0, 255, 127, 128))]) * min(size, 8)
        elif how == 4:
            body[at:at] = chance.randbytes(min(size, 16))
        elif how == 5:
            del body[at : at + size]
        elif how == 6:
            other = chance.randrange(len(body))
            body[at : at + size] = body[other : other + size]
        else:
            del body[at if chance.one_in(2) else max(at, len(body) - size) :]
    return bytes(body)


def packed(chance: Chance, members: dict[str, bytes]) -> bytes:
    """Write a zip as hostile as zips come: names that lead out, bombs, locks, lies about sizes."""
    import io
    import zipfile

    stream = io.BytesIO()
    how = chance.randrange(16)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            prefix = {0: "../", 1: "/", 2: "C:\\", 3: "a/", 4: "a/b/", 5: "..\\"}.get(how, "")
            archive.writestr(prefix + name, body)
        if how == 6:
            archive.writestr("bomb" + chance.choice((".txt", ".csv", ".shp")), bytes(8 << 20))
        if how == 7:
            import warnings

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                archive.writestr(chance.choice(list(members) or ["a"]), b"twice")
        if how == 8:
            archive.writestr("__MACOSX/._x.csv", b"\0")
    data = stream.getvalue()
    if how == 9:  # locked, as its directory says
        at = data.rfind(b"PK\x01\x02")
        data = data[: at + 8] + b"\x01" + data[at + 9 :]
    if how == 10:  # another method of packing
        data = data.replace(b"\x08\x00", chance.choice((b"\x63\x00", b"\x0c\x00", b"\x09\x00")))
    if how == 11:  # a size that is none
        at = data.rfind(b"PK\x01\x02")
        data = data[: at + 24] + chance.choice((b"\xff\xff\xff\x7f", b"\1\0\0\0")) + data[at + 28 :]
    return raw(chance, data) if how in (12, 13) else data


def blocks(chance: Chance, data: bytes) -> bytes:
    """Change OpenStreetMap PBF inside its packed blocks, and pack them anew."""
    made, at = b"", 0
    parts = []
    while at + 4 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        header = data[at + 4 : at + 4 + length]
        fields = _fields(header)
        size = fields.get(3, 0)
        kind = fields.get(1, b"OSMData")
        body = data[at + 4 + length : at + 4 + length + int(size)]
        parts.append((kind, body))
        at += 4 + length + int(size)
    spoilt = chance.randrange(len(parts)) if parts else 0
    for number, (kind, body) in enumerate(parts):
        inner = _fields(body)
        plain = inner.get(1) or zlib.decompress(inner.get(3, zlib.compress(b"")))
        if number == spoilt:
            plain = raw(chance, bytes(plain))
        size = len(plain) if not chance.one_in(20) else chance.choice((0, 1, 2**31, 2**40))
        blob = b"\x10" + _varint(size) + _held(3, zlib.compress(plain))
        head = _held(1, bytes(kind)) + b"\x18" + _varint(len(blob))
        made += len(head).to_bytes(4, "big") + head + blob
    return made


def _varint(number: int) -> bytes:
    """Write a number of seven bits a byte."""
    made = b""
    while number > 127:
        made, number = made + bytes([number & 127 | 128]), number >> 7
    return made + bytes([number])


def _held(key: int, data: bytes) -> bytes:
    """Write a field of bytes."""
    return bytes([key << 3 | 2]) + _varint(len(data)) + data


def _fields(data: bytes) -> dict[int, Any]:
    """Read the fields of a small message."""
    found: dict[int, Any] = {}
    at = 0

    def number() -> int:
        nonlocal at
        total = shift = 0
        while at < len(data):
            byte = data[at]
            at += 1
            total |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        return total

    while at < len(data):
        key = number()
        told: Any = number()
        if key & 7 == 2:
            told, at = data[at : at + told], at + told
        found[key >> 3] = told
    return found
