"""
Whether bytes are what was asked for: a web page is no GeoJSON, half a zip no zip.

The name of the file says what is wanted, its bytes what came; what the server
calls them counts for nothing, for open-data portals call them anything.
"""

import contextlib
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from geoequity.errors import SourceError
from geoequity.sources._addresses import plain

HEAD = 4096
_TAIL = 64
_WHOLE_JSON = 64 << 20  # bytes up to which JSON is read whole to check it
_PAGE = re.compile(rb"(?is)^\s*(<!--.*?-->\s*)*(<!doctype html|<html|<head|<body)")
_TITLE = re.compile(rb"(?is)<title[^>]*>(.*?)</title")
_LINK = re.compile(
    rb'"crs"\s*:\s*\{[^{}]{0,200}("type"\s*:\s*"link"|"properties"\s*:\s*\{[^{}]{0,2000}"href")'
)
_OVERLAP = 4096
_XML_FAULT = re.compile(rb"<([a-z]+:)?(ServiceException|ExceptionReport|ExceptionText|Error>)")
_XML_DOOR = re.compile(rb"(?i)<(OGRWFS|OGRVRT|GDAL_W|VRTDataset|WCS_GDAL)")  # opens others


def check(path: Path, *, name: str, said: str, source: str) -> None:
    """
    Check that a download is what its name says, and whole.

    Parameters
    ----------
    path
        The bytes.
    name
        File name that tells what is wanted, by its suffix.
    said
        Content type that the server gave, for the message.
    source
        What to call it in the message.

    Raises
    ------
    SourceError
        If it is a web page, another format, an error message or cut short.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(HEAD)
        stream.seek(max(0, size - _TAIL))
        tail = stream.read()
    wanted, test = _of(name)
    fault = _page(head) or (test(path, head, tail) if size else "nothing at all")
    if fault:
        kind = f" ({plain(said, limit=60)})" if said else ""
        msg = f"{source}: got {fault}{kind} where {wanted} was asked for"
        raise SourceError(msg, source=source)


def start_fault(start: bytes, *, name: str) -> str | None:
    """
    Tell by its first bytes alone that something is not what was asked for.

    Parameters
    ----------
    start
        The first bytes.
    name
        File name that tells what is wanted.

    Returns
    -------
    fault
        What came in its place; None where nothing speaks against it.
    """
    page = _page(start[:HEAD])
    if page:
        return page
    with contextlib.suppress(ValueError, RecursionError):  # most are cut off here
        if fault := json_fault(json.loads(start)):
            return fault
    marks = {".zip": b"PK", ".parquet": b"PAR1", ".gpkg": b"SQLite format 3", ".gz": b"\x1f\x8b"}
    mark = marks.get(Path(name).suffix.lower(), b"")
    return None if start.startswith(mark) else f"something else, beginning {_shown(start)}"


def _page(head: bytes) -> str | None:
    """Tell a web page."""
    start = head.removeprefix(b"\xef\xbb\xbf")
    if not _PAGE.match(start):
        return None
    title = _TITLE.search(head)
    named = f" titled {plain(title[1].decode('utf-8', 'replace'))!r}" if title else ""
    return f"a web page{named}"


def _json(path: Path, head: bytes, tail: bytes) -> str | None:
    """Check JSON, and that it is no message of a fault."""
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in {b"{", b"["}:
        return f"something else, beginning {_shown(head)}"
    if tail.rstrip()[-1:] not in {b"}", b"]"}:
        return "JSON that is cut short"
    if path.stat().st_size > _WHOLE_JSON:
        return None
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        return f"broken JSON, {plain(str(error))}"
    return json_fault(value)


def json_fault(value: object) -> str | None:
    """
    Find the message of a fault in an answer that came as if all were well.

    Parameters
    ----------
    value
        Parsed JSON.

    Returns
    -------
    fault
        What it says, or None. Known are ArcGIS, CKAN, CARTO, Socrata and Overpass.
    """
    if not isinstance(value, dict):
        return None
    remark, error = value.get("remark"), value.get("error") or value.get("errors")
    if isinstance(remark, str) and "error" in remark.lower():
        return f"a fault, {plain(remark)!r},"
    if value.get("success") is False or (error and "features" not in value):
        message = error.get("message") if isinstance(error, dict) else error
        return f"a fault, {plain(str(message or error))!r},"
    return None


def _geojson(path: Path, head: bytes, tail: bytes) -> str | None:
    """Check GeoJSON: JSON that says its type."""
    fault = _json(path, head, tail)
    if fault:
        return fault
    if _has_link(path):
        return "GeoJSON that names another file for its CRS"
    if path.stat().st_size > _WHOLE_JSON:
        return None
    value = json.loads(path.read_bytes())
    kinds = ("FeatureCollection", "Feature", "GeometryCollection", "Topology")
    if isinstance(value, dict) and (value.get("type") in kinds or "coordinates" in value):
        return None
    keys = ", ".join(list(value)[:5]) if isinstance(value, dict) else "a list"
    return f"other JSON ({plain(keys)})"


def _has_link(path: Path) -> bool:
    """Tell whether GeoJSON sends its reader elsewhere, as GeoJSON 2008 allows for the CRS."""
    with path.open("rb") as stream:
        before = b""
        while piece := stream.read(1 << 20):
            if _LINK.search(before + piece):
                return True
            before = piece[-_OVERLAP:]
    return False


def _zip(path: Path, head: bytes, _: bytes) -> str | None:
    """Check a zip: its directory stands at the end."""
    if not head.startswith((b"PK\3\4", b"PK\5\6")):
        return f"something else, beginning {_shown(head)}"
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        return f"a zip that is cut short or broken, {plain(str(error))},"
    return None if names else "an empty zip"


def _gzip(path: Path, head: bytes, _: bytes) -> str | None:
    """Check gzip to its last byte."""
    if not head.startswith(b"\x1f\x8b"):
        return f"something else, beginning {_shown(head)}"
    try:
        for _one in unpacked(path):
            pass
    except (zlib.error, EOFError) as error:
        return f"gzip that is cut short or broken, {plain(str(error))},"
    return None


def unpacked(path: Path, *, kind: int = 31) -> Iterator[bytes]:
    """
    Unpack gzip or zlib, a piece at a time.

    Parameters
    ----------
    path
        The packed file.
    kind
        As ``wbits`` of zlib: 31 for gzip, 15 for zlib, -15 for bare deflate.

    Yields
    ------
    piece
        Bytes, at most 1 MiB.

    Raises
    ------
    EOFError
        If it is cut short; what is broken raises ``zlib.error``.
    """
    machine, packed = zlib.decompressobj(kind), b""
    with path.open("rb") as stream:
        while packed := packed or stream.read(1 << 16):
            if machine.eof:  # another member follows, or padding
                if not packed.strip(b"\0"):
                    packed = b""
                    continue
                machine = zlib.decompressobj(kind)
            if piece := machine.decompress(packed, 1 << 20):
                yield piece
            packed = machine.unused_data if machine.eof else machine.unconsumed_tail
    while not machine.eof and (piece := machine.decompress(b"", 1 << 20)):
        yield piece
    if not machine.eof:
        msg = "its end is missing"
        raise EOFError(msg)


def _parquet(_: Path, head: bytes, tail: bytes) -> str | None:
    """Check Parquet: the mark stands at both ends."""
    if not head.startswith(b"PAR1"):
        return f"something else, beginning {_shown(head)}"
    return None if tail.endswith(b"PAR1") else "Parquet that is cut short"


def _sqlite(path: Path, head: bytes, _: bytes) -> str | None:
    """Check a GeoPackage: SQLite of as many pages as it says."""
    if not head.startswith(b"SQLite format 3\0"):
        return f"something else, beginning {_shown(head)}"
    page = int.from_bytes(head[16:18], "big")
    told = (65536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
    return "a GeoPackage that is cut short" if path.stat().st_size < told else None


def _starting(*marks: bytes, at: int = 0) -> Callable[[Path, bytes, bytes], str | None]:
    """Check how a file begins."""

    def test(_: Path, head: bytes, __: bytes) -> str | None:
        known = head[at:].startswith(marks)
        return None if known else f"something else, beginning {_shown(head)}"

    return test


def _xml(_: Path, head: bytes, tail: bytes) -> str | None:
    """Check XML, that it is no message of a fault and sends no reader elsewhere."""
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return f"something else, beginning {_shown(head)}"
    if _XML_FAULT.search(head):
        text = re.sub(rb"<[^>]*>", b" ", head).decode("utf-8", "replace")
        return f"a fault, {plain(text)!r},"
    if _XML_DOOR.search(head):
        return "a file that names other files"
    return None if tail.rstrip().endswith(b">") else "XML that is cut short"


def _text(path: Path, head: bytes, tail: bytes) -> str | None:
    """Check a table of text."""
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in head and not wide:
        return f"something that is no text, beginning {_shown(head)}"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<"):
        return _xml(path, head, tail) or "XML"
    if start[:1] == b"{":
        return _json(path, head, tail) or "JSON"
    return None


def _anything(_: Path, head: bytes, __: bytes) -> str | None:
    """Leave the check to the reader, but for what would lead it elsewhere."""
    return "a file that names other files" if _XML_DOOR.search(head) else None


def _shown(head: bytes) -> str:
    """Show how something begins."""
    return repr(plain(head[:40].decode("latin-1"), limit=40))


_TEST = Callable[[Path, bytes, bytes], str | None]
_KINDS: dict[tuple[str, ...], tuple[str, _TEST]] = {
    (".geojson",): ("GeoJSON", _geojson),
    (".json",): ("JSON", _json),
    (".zip",): ("a zip", _zip),
    (".xlsx", ".xlsm"): ("a workbook", _zip),
    (".gz",): ("gzip", _gzip),
    (".parquet",): ("Parquet", _parquet),
    (".gpkg",): ("a GeoPackage", _sqlite),
    (".tif", ".tiff"): ("a GeoTIFF", _starting(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    (".pbf",): ("OpenStreetMap PBF", _starting(b"OSMHeader", at=6)),
    (".fgb",): ("FlatGeobuf", _starting(b"fgb")),
    (".kml", ".gml", ".osm", ".xml"): ("XML", _xml),
    (".csv", ".tsv", ".txt"): ("a table of text", _text),
}


def _of(name: str) -> tuple[str, _TEST]:
    """Find what a file name wants."""
    suffix = Path(name).suffix.lower()
    for suffixes, known in _KINDS.items():
        if suffix in suffixes:
            return known
    return f"{suffix or 'a file'}", _anything
