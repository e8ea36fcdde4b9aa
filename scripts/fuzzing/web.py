"""What servers answer: portals page by page, and HTTP itself, all from this machine."""

import contextlib
import gzip
import io
import json
import socket
import threading
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fuzzing import grids, mutations, tables, transport
from fuzzing.mutations import Chance
from geoequity.sources import near
from geoequity.sources._remote import Client, Patience

QUICK = Patience(
    connect_s=2, read_s=2, head_s=3, total_s=5, slow_s=2, tries=2, backoff_s=0.001,
    longest_wait_s=0.01,
)  # fmt: skip
BOX = near.Box(-77.01, -12.01, -76.98, -11.98)
_MOST_BYTES = 4 << 20
Answer = Callable[[str, dict[str, str]], bytes]


class Server:
    """A server that sends the bytes it is told to, and hangs up."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.answer: Answer = lambda *_: b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self.socket.accept()
            with connection, contextlib.suppress(OSError):
                connection.settimeout(2)
                head = b""
                while b"\r\n\r\n" not in head and (piece := connection.recv(65_536)):
                    head += piece
                first, *rest = head.decode("latin-1").split("\r\n")
                headers = {k.lower(): v for k, _, v in (one.partition(": ") for one in rest)}
                connection.sendall(self.answer(first.split(" ")[1], headers))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):  # or what was sent is lost
                    pass


@cache
def server() -> Server:
    """Start the server once a process."""
    return Server()


def _head(status: object, headers: dict[str, object]) -> bytes:
    """Write the head of an answer."""
    lines = [f"HTTP/1.1 {status} x", *(f"{key}: {one}" for key, one in headers.items())]
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"


def _told(chance: Chance, body: bytes, asked: dict[str, str], *, calm: bool) -> bytes:
    """Answer with a body as HTTP has it, or nearly so."""
    headers: dict[str, object] = {"Content-Length": len(body), "ETag": '"v1"'}
    status: object = 200
    wanted = asked.get("range", "")
    if wanted.startswith("bytes=") and not chance.one_in(12):
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, len(body) - int(last))
        end = min(int(last) if first and last else len(body) - 1, len(body) - 1)
        headers["Content-Range"] = f"bytes {start}-{end}/{len(body)}"
        body, status = body[start : end + 1], 206
        headers["Content-Length"] = len(body)
    if calm:
        return _head(status, headers) + body
    how = chance.randrange(24)
    if how == 0:
        status = chance.choice(
            (204, 206, 301, 304, 400, 403, 404, 416, 429, 500, 503, 999, "x", -1)
        )
    if how == 1:
        port = server().port
        to = chance.choice(
            (f"http://127.0.0.1:{port}/again", "/loop", "http://10.0.0.1/x", "file:///etc/passwd",
             "//[::1", "http://169.254.169.254/", "ftp://a", "https://127.0.0.1:1/", "", "\x00")
        )  # fmt: skip
        status, headers["Location"] = chance.choice((301, 302, 307, 308)), to
    if how == 2:
        headers["Content-Length"] = chance.choice((0, 5, 10**30, -1, "x", len(body) + 9))
    if how == 3:
        headers["Content-Encoding"] = chance.choice(("gzip", "br", "x-gzip", "identity", "deflate"))
    if how in (4, 5):
        body = gzip.compress(body)
        body = mutations.raw(chance, body) if how == 5 else body
        headers |= {"Content-Encoding": "gzip", "Content-Length": len(body)}
    if how == 6:
        headers.pop("Content-Length")
    if how == 7:
        headers.pop("Content-Length")
        headers["Transfer-Encoding"] = "chunked"
        sizes = chance.choice((f"{len(body):x}", "ffffffffffffffff", "zz", "-1", ""))
        body = sizes.encode() + b"\r\n" + body + b"\r\n0\r\n\r\n"
    if how == 8:
        headers["ETag"] = chance.choice(('W/"a"', "", '"v2"', "é" * 300))
        headers["Last-Modified"] = chance.choice(("Tue, 04 Nov 2025 10:00:00 GMT", "x", "0"))
    if how == 9:
        headers["Retry-After"] = chance.choice(
            ("0", "9" * 30, "x", "Tue, 04 Nov 2025 10:00:00 GMT")
        )
        status = chance.choice((429, 503))
    if how == 10:
        headers["Content-Range"] = chance.choice(
            ("bytes 0-0/1", "bytes 5-1/9", f"bytes 0-{9**30}/{9**30}", "bytes */5", "x")
        )
    if how == 11:
        body = body[: chance.randrange(len(body) + 1)]
    if how == 12:
        return mutations.raw(chance, _head(status, headers)) + body
    if how == 13:
        headers |= {f"X-{n}": "a" * 100 for n in range(chance.choice((5, 120)))}
    if how == 14:
        body = gzip.compress(bytes(_MOST_BYTES * 3))
        headers |= {"Content-Encoding": "gzip", "Content-Length": len(body)}
    if how == 15:
        body = b"<!doctype html><title>Log in</title>"
        headers |= {"Content-Length": len(body), "Content-Type": "text/html; \x00"}
    return _head(status, headers) + body


def _client(folder: Path) -> Client:
    """Open a door to this machine alone."""
    return Client(["127.0.0.1"], cache=folder / "cache", patience=QUICK, max_bytes=_MOST_BYTES)


def _features(chance: Chance, start: int, count: int) -> list[dict[str, Any]]:
    """Write some features."""
    return [
        {
            "type": "Feature",
            "id": n,
            "geometry": {"type": "Point", "coordinates": [-77.0, -12.0]},
            "properties": {"OBJECTID": n, "nombre": f"Peñón {n}"},
        }
        for n in range(start, start + count)
    ]


def _arcgis(chance: Chance, query: dict[str, str]) -> Any:
    """Answer as ArcGIS does."""
    if "returnCountOnly" in query:
        return {"count": 5}
    if "where" in query:
        at = int(query.get("resultOffset", 0))
        return {"type": "FeatureCollection", "features": _features(chance, at, min(3, 5 - at))}
    return {
        "name": "Escuelas",
        "maxRecordCount": 3,
        "fields": [{"name": "OBJECTID", "type": "esriFieldTypeOID"}],
        "advancedQueryCapabilities": {"supportsPagination": True},
    }


def _socrata(chance: Chance, query: dict[str, str]) -> Any:
    """Answer as Socrata does."""
    if "$select" in query:
        return [{"rows": "3"}]
    return {"type": "FeatureCollection", "features": _features(chance, 0, 3)}


def _ckan(chance: Chance, query: dict[str, str]) -> Any:
    """Answer as CKAN does."""
    if "id" in query:
        address = f"http://127.0.0.1:{server().port}/file"
        return {"success": True, "result": {"url": address}}
    rows = [] if query.get("limit") == "0" else [{"_id": n, "a": "b"} for n in range(3)]
    return {"success": True, "result": {"total": 3, "records": rows}}


def _wfs(chance: Chance, query: dict[str, str]) -> Any:
    """Answer as a WFS does."""
    if query.get("resultType") == "hits":
        return b'<?xml version="1.0"?><wfs:FeatureCollection numberMatched="3"/>'
    named = {"crs": {"type": "name", "properties": {"name": "EPSG:4326"}}}
    return {"type": "FeatureCollection", **named, "features": _features(chance, 0, 3)}


def _areas(chance: Chance, query: dict[str, str]) -> Any:
    """Answer as Overpass does to a query of boundaries."""
    ring = [(0, 0), (1, 0), (1, 1), (0, 0)]
    side = {
        "type": "way",
        "ref": 1,
        "role": "outer",
        "geometry": [{"lon": x, "lat": y} for x, y in ring],
    }
    return {"elements": [{"type": "relation", "id": 1, "tags": {"name": "C"}, "members": [side]}]}


_MAP = {
    "elements": [
        {"type": "node", "id": 1, "lat": -12.0, "lon": -77.0, "tags": {"amenity": "school"}},
        {"type": "way", "id": 1, "nodes": [1, 2], "tags": {"highway": "residential"}},
    ],
    "osm3s": {"timestamp_osm_base": "2025-08-13T01:57:00Z"},
}
_PORTALS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "/x/FeatureServer/0": (_arcgis, ("a.geojson",)),
    "/resource/abcd-1234.geojson": (_socrata, ("a.geojson",)),
    "/api/3/action/datastore_search?resource_id=1": (_ckan, ("a.csv",)),
    "/api/3/action/resource_show?id=1": (_ckan, ("a.csv", "a.zip")),
    "/wfs?service=WFS&typeNames=a": (_wfs, ("a.geojson",)),
    "/api/interpreter?data=x": (_areas, ("a.geojson",)),
    "/api/interpreter": (lambda *_: _MAP, ("a.json",)),
    "/resource/abcd-1234.csv": (_socrata, ("a.csv",)),
}


def portal(chance: Chance, folder: Path) -> Callable[[], object]:
    """A portal whose answers are not what its documentation says."""
    path = chance.choice(list(_PORTALS))
    service, names = _PORTALS[path]
    name, number = chance.choice(names), [0]
    spoilt = chance.randrange(5)

    def answer(target: str, asked: dict[str, str]) -> bytes:
        query = {key: one[-1] for key, one in parse_qs(urlsplit(target).query).items()}
        if target.startswith(("/file", "/again")):
            made: Any = b"a,b\n1,2\n"
        elif ".csv" in target:
            made = b"a,b\n1,2\n3,4\n5,6\n"
        else:
            made = service(chance, query)
        number[0] += 1
        here = number[0] == spoilt
        if not isinstance(made, bytes):
            made = mutations.tree(chance, made) if here else made
            try:
                made = json.dumps(made, ensure_ascii=False).encode("utf-8", "replace")
            except RecursionError:
                made = b"[" * 100_000
        if here and chance.one_in(4):
            made = mutations.raw(chance, made)
        return _told(chance, made, asked, calm=not here or chance.one_in(2))

    server().answer = answer
    url, client = f"http://127.0.0.1:{server().port}{path}", _client(folder)
    box = BOX if near.needs_box(url, cut=False) else None
    looks = chance.one_in(6)

    def read() -> object:
        if looks:
            return near.look(client, url, name=name, source="services.0")
        with near.obtain(client, url, name=name, source="services.0", box=box) as (file, entry):
            return file.read_bytes(), entry

    return read


# -- files ------------------------------------------------------------------------


def _good(chance: Chance, folder: Path) -> tuple[str, str, bytes]:
    """Make a good file: its path on the server, the name that is wanted, its bytes."""
    kind = chance.choice(
        (
            "csv",
            "geojson",
            "zip",
            "gpkg",
            "parquet",
            "tif",
            "pbf",
            "packed",
            "gz",
            "feed",
            "xml",
            "fgb",
            "json",
        )
    )
    calm = Chance(1)
    if kind == "csv":
        return "/a.csv", "a.csv", b"a,b\n1,2\n"
    if kind in {"geojson", "json"}:
        root = {"type": "FeatureCollection", "features": _features(chance, 0, 2)}
        link = {"crs": {"type": "link", "properties": {"href": "http://x"}}}
        return (
            f"/a.{kind}",
            f"a.{kind}",
            json.dumps(root | (link if chance.one_in(9) else {})).encode(),
        )
    if kind == "gpkg":
        return "/a.gpkg", "a.gpkg", tables._layers(".gpkg", "districts")
    if kind == "fgb":
        return "/a.fgb", "a.fgb", tables._layers(".fgb", "districts")
    if kind == "parquet":
        rows = [row[:6] for row in grids.TESTS]
        return "/a.parquet", "a.parquet", grids._typed_parquet(calm, rows)
    if kind == "tif":
        grids._tiff(chance, folder / "good.tif")
        return "/a.tif", "a.tif", (folder / "good.tif").read_bytes()
    if kind == "pbf":
        return "/a.osm.pbf", "a.osm.pbf", transport._small_pbf()
    if kind == "feed":
        text = (
            f"mdb_source_id,data_type,urls.latest\n7,gtfs,http://127.0.0.1:{server().port}/f.zip\n"
        )
        return "/feeds.csv#mdb-7", "a.zip", text.encode()
    if kind == "xml":
        return (
            "/a.kml",
            "a.kml",
            chance.choice((b"<kml></kml>", b"<OGRVRTDataSource/>", b"<ServiceException>no")),
        )
    if kind == "gz":
        return "/a.csv.gz", chance.choice(("a.csv", "a.csv.gz")), gzip.compress(b"a,b\n1,2\n")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in/a.csv", b"a,b\n1,2\n")
        if chance.one_in(4):
            archive.writestr("big.csv", bytes(_MOST_BYTES * 2))
    return "/a.zip", "a.csv" if kind == "packed" else "a.zip", stream.getvalue()


def download(chance: Chance, folder: Path) -> Callable[[], object]:
    """A file that comes badly, or is another than it is called; whole, cut or by ranges."""
    path, name, body = _good(chance, folder)
    if chance.one_in(3):
        body = mutations.raw(chance, body)
    if chance.one_in(10):
        name = chance.choice(
            ("a.csv", "a.geojson", "a.zip", "a.parquet", "a.tif", "a.xlsx", "a", "a.vrt")
        )
    calm = chance.one_in(3)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("agency.txt", "agency_name\nMetro\n")

    def answer(target: str, asked: dict[str, str]) -> bytes:
        made = packed.getvalue() if target.startswith("/f.zip") else body
        return _told(chance, made, asked, calm=calm)

    server().answer = answer
    url, client = f"http://127.0.0.1:{server().port}{path}", _client(folder)
    cut = chance.one_in(2) and not path.endswith("mdb-7")
    around = near.Box(grids._west, grids._south, grids._east, grids._north)
    tif = near.Box(-75.001, 9.04, -74.995, 9.05)
    box = (
        None
        if not cut
        else around
        if name.endswith("parquet")
        else tif
        if name.endswith("tif")
        else BOX
    )
    twice = chance.one_in(4)

    def read() -> object:
        for _ in range(2 if twice else 1):
            with near.obtain(client, url, name=name, source="services.0", box=box) as (file, entry):
                size = file.stat().st_size, entry
        return size

    return read
