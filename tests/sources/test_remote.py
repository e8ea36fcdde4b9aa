"""Downloading from a server that misbehaves in every way: a clear error or the whole file."""

import gzip
import hashlib
import io
import json
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from web_server import Request, Web, cut_short, etag_of, packed, whole

from geoequity.errors import SourceError
from geoequity.sources import _addresses, _remote
from geoequity.sources._cache import cache_folder
from geoequity.sources._remote import Client, Patience

QUICK = Patience(
    connect_s=2,
    read_s=1,
    head_s=2,
    total_s=20,
    slow_s=0.4,
    slow_bytes=64,
    tries=3,
    backoff_s=0.01,
    longest_wait_s=0.5,
)
CSV = b"id;value\n" + b"".join(b"%d;%d\n" % (n, n * n) for n in range(5000))
JSON = json.dumps({"type": "FeatureCollection", "features": []}).encode()
PAGE = b"<!DOCTYPE html>\n<html><head><title>Portal\x1b[31m en mantenimiento</title></head></html>"


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(["127.0.0.1"], cache=tmp_path / "cache", patience=QUICK)


def get(client: Client, url: str, name: str = "a.csv"):
    return client.download(url, name=name, source="tables.0")


def refused(client: Client, url: str, name: str = "a.csv") -> str:
    """The message of a download that fails; nothing of it stays in the cache."""
    with pytest.raises(SourceError) as caught:
        get(client, url, name)
    told = client.cache / "told"
    assert not told.exists() or not list(told.glob("*.json"))
    files = client.cache / "files"
    assert not files.exists() or not [one for one in files.rglob("*") if one.is_file()]
    message = str(caught.value)
    assert "tables.0" in message
    assert message.isprintable()
    return message


def test_a_download_is_kept_by_its_sha256_with_where_it_came_from(web: Web, client: Client) -> None:
    url = web.serve("/plain.csv", CSV, Last_Modified="Tue, 04 Nov 2025 10:00:00 GMT")
    got = get(client, url)
    assert got.path.read_bytes() == CSV
    assert got.sha256 == got.path.name == hashlib.sha256(CSV).hexdigest()
    assert (got.url, got.final_url, got.redirects) == (url, url, ())
    assert (got.size, got.etag, got.whole) == (len(CSV), etag_of(CSV), True)
    assert got.last_modified == "Tue, 04 Nov 2025 10:00:00 GMT"
    assert list((client.cache / "parts").iterdir()) == []


def test_what_is_current_is_not_downloaded_again(web: Web, client: Client) -> None:
    url = web.serve("/again.csv", CSV)
    first = get(client, url)
    assert get(client, url).path == first.path
    path, headers = web.asked[-1]
    assert (path, headers["If-None-Match"]) == ("/again.csv", etag_of(CSV))


def test_a_new_version_replaces_the_old(web: Web, client: Client) -> None:
    url = web.serve("/new.csv", CSV)
    get(client, url)
    web.serve("/new.csv", CSV + b"x;1\n")
    assert get(client, url).path.read_bytes() == CSV + b"x;1\n"


def test_a_spoilt_cache_is_downloaded_again(web: Web, client: Client) -> None:
    url = web.serve("/spoilt.csv", CSV)
    path = get(client, url).path
    path.write_bytes(CSV[:-10])
    assert get(client, url).path.read_bytes() == CSV
    path.write_bytes(b"")
    offline = Client([], cache=client.cache, offline=True)
    with pytest.raises(SourceError, match="not in the cache, and --offline asks nobody"):
        get(offline, url)


def test_progress_is_told(web: Web, client: Client) -> None:
    seen: list[tuple[str, int, int | None]] = []
    teller = Client(["127.0.0.1"], cache=client.cache, tell=lambda *one: seen.append(one))
    get(teller, web.serve("/progress.csv", CSV))
    assert seen[-1] == ("tables.0", len(CSV), len(CSV))


# -- packing ------------------------------------------------------------------


def test_gzip_on_the_way_is_undone(web: Web, client: Client) -> None:
    url = web.serve("/packed.csv", packed(CSV), Content_Encoding="gzip")
    assert get(client, url).path.read_bytes() == CSV


@pytest.mark.parametrize("encoding", ["gzip", ""])
def test_a_packed_file_stays_packed(web: Web, client: Client, encoding: str) -> None:
    more = {"Content_Encoding": encoding} if encoding else {}
    url = web.serve("/cells.csv.gz", packed(CSV), **more)
    assert gzip.decompress(get(client, url, "cells.csv.gz").path.read_bytes()) == CSV


def test_gzip_of_several_members_is_read_to_the_last(web: Web, client: Client) -> None:
    body = packed(CSV[:100]) + packed(CSV[100:]) + b"\0" * 10
    url = web.serve("/members.csv", body, Content_Encoding="gzip")
    assert get(client, url).path.read_bytes() == CSV


def test_gzip_that_lost_its_end_is_no_file(web: Web, client: Client) -> None:
    url = web.serve("/half.csv", packed(CSV)[:-9], Content_Encoding="gzip")
    assert "packed wrongly: its end is missing; asked 3 times" in refused(client, url)


def test_a_bomb_is_not_unpacked(web: Web, client: Client) -> None:
    bomb = gzip.compress(b"\0" * (8 << 20))
    small = Client(["127.0.0.1"], cache=client.cache, patience=QUICK, max_bytes=1 << 20)
    url = web.serve("/bomb.csv", bomb, Content_Encoding="gzip")
    assert "unpacks to over the limit of 1048576 bytes" in refused(small, url)
    assert list((client.cache / "parts").iterdir()) == []


def test_an_encoding_nobody_asked_for_is_told(web: Web, client: Client) -> None:
    url = web.serve("/br.csv", b"\x8b\x02", Content_Encoding="br")
    assert "packed as 'br', which was not asked for" in refused(client, url)


# -- faults that pass -----------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(web: Web, client: Client, status: int) -> None:
    def busy(request: Request) -> None:
        if request.count < 3:
            request.answer(status, b"later", Retry_After="0")
        else:
            whole(request, CSV)

    assert get(client, web.on(f"/busy{status}.csv", busy)).path.read_bytes() == CSV


def test_a_server_is_given_the_time_it_asks_for(web: Web, client: Client) -> None:
    def busy(request: Request) -> None:
        request.answer(503, Retry_After="1") if request.count < 2 else whole(request, CSV)

    patient = Client(["127.0.0.1"], cache=client.cache, patience=replace(QUICK, longest_wait_s=2))
    begun = time.monotonic()
    get(patient, web.on("/wait.csv", busy))
    assert time.monotonic() - begun >= 1


def test_a_server_that_asks_for_an_hour_is_left(web: Web, client: Client) -> None:
    url = web.on("/hour.csv", lambda request: request.answer(429, Retry_After="3600"))
    message = refused(client, url)
    assert "answered 429 Too Many Requests; it asks to wait 3600 s" in message
    assert url in message


def test_a_server_that_stays_down_is_told_with_its_words(web: Web, client: Client) -> None:
    body = b"<html><style>p {}</style><p>Fuera de servicio</p></html>"
    url = web.on("/down.csv", lambda request: request.answer(503, body))
    message = refused(client, url)
    assert "answered 503 Service Unavailable: 'Fuera de servicio'; asked 3 times" in message


def test_what_is_not_there_is_not_asked_for_twice(web: Web, client: Client) -> None:
    assert "answered 404 Not Found: 'Not here'" in refused(client, web.url("/nowhere.csv"))
    assert [path for path, _ in web.asked].count("/nowhere.csv") == 1


# -- bodies that break off --------------------------------------------------------


def test_a_body_that_breaks_off_goes_on_where_it_broke(web: Web, client: Client) -> None:
    url = web.on("/broken.csv", cut_short(CSV, at=20_000, times=2))
    assert get(client, url).path.read_bytes() == CSV
    ranges = [headers.get("Range") for path, headers in web.asked if path == "/broken.csv"]
    assert ranges == [None, "bytes=20000-", "bytes=40000-"]


def test_a_body_that_always_breaks_off_is_told(web: Web, client: Client) -> None:
    message = refused(client, web.on("/always.csv", cut_short(CSV, at=10, times=99)))
    assert "broke off" in message
    assert "asked 3 times" in message


def test_a_later_run_goes_on_too(web: Web, client: Client) -> None:
    url = web.on("/later.csv", cut_short(CSV, at=10_000, times=3))
    refused(client, url)
    assert get(client, url).path.read_bytes() == CSV
    assert web.asked[-1][1]["Range"] == "bytes=30000-"


def test_no_version_is_mixed_with_another(web: Web, client: Client) -> None:
    other = CSV.replace(b"1", b"7")
    url = web.on("/mixed.csv", cut_short(CSV, at=20_000, times=99))
    refused(client, url)
    web.serve("/mixed.csv", other)
    assert get(client, url).path.read_bytes() == other
    assert web.asked[-1][1]["If-Range"] == etag_of(CSV)


@pytest.mark.parametrize("lie", ["etag", "none", "place", "total", "encoding"])
def test_a_server_that_ignores_if_range_does_not_mix_versions(
    web: Web, client: Client, lie: str
) -> None:
    """It answers with the rest of another version, in ways that give it away."""
    other = CSV.replace(b"1", b"7")

    def answer(request: Request) -> None:
        if "Range" not in request.headers:
            whole(request, other) if request.count > 2 else cut_short(CSV, at=500, times=9)(request)
            return
        start = int(request.headers["Range"].removeprefix("bytes=").partition("-")[0])
        body, span = other[start:], f"bytes {start}-{len(other) - 1}/{len(other)}"
        more = {"ETag": etag_of(CSV)}
        if lie in {"etag", "none"}:
            more = {"ETag": etag_of(other)} if lie == "etag" else {}
        if lie == "place":
            body, span = other, f"bytes 0-{len(other) - 1}/{len(other)}"
        if lie == "total":
            body, span = body + b"1", f"bytes {start}-{len(other)}/{len(other) + 1}"
        if lie == "encoding":
            more["Content_Encoding"] = "gzip"
        request.answer(206, body, Content_Range=span, **more)

    patient = Client(["127.0.0.1"], cache=client.cache, patience=replace(QUICK, tries=4))
    got = get(patient, web.on(f"/lies-{lie}.csv", answer)).path.read_bytes()
    assert got == other


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": 'W/"1"'},
        {},
        {"Last_Modified": "Wed, 26 Nov 2025 10:00:00 GMT", "Date": "Wed, 26 Nov 2025 10:00:30 GMT"},
    ],
    ids=["weak", "none", "young"],
)
def test_without_a_strong_name_for_a_version_nothing_is_resumed(
    web: Web, client: Client, headers: dict[str, str]
) -> None:
    def answer(request: Request) -> None:
        if request.count > 1:
            request.answer(200, CSV, **headers)
            return
        request.send_response_only(200)
        for key, value in {"Content-Length": str(len(CSV)), **headers}.items():
            request.send_header(key.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(CSV[:999])
        request.hang_up()

    path = "/weak-" + "-".join(headers) + ".csv"
    assert get(client, web.on(path, answer)).path.read_bytes() == CSV
    assert all("Range" not in headers for asked, headers in web.asked if asked == path)


def test_an_old_date_will_do_to_resume(web: Web, client: Client) -> None:
    changed = "Tue, 04 Nov 2025 10:00:00 GMT"

    def answer(request: Request) -> None:
        start = 777 if "Range" in request.headers else 0
        more = {"Content_Range": f"bytes 777-{len(CSV) - 1}/{len(CSV)}"} if start else {}
        length = str(len(CSV) - start)
        request.head(206 if start else 200, Last_Modified=changed, Content_Length=length, **more)
        request.wfile.write(CSV[start:] if start else CSV[:777])
        request.hang_up()

    assert get(client, web.on("/dated.csv", answer)).path.read_bytes() == CSV
    assert web.asked[-1][1]["If-Range"] == changed


def test_packed_bodies_are_resumed_as_they_came(web: Web, client: Client) -> None:
    body = packed(CSV)

    def answer(request: Request) -> None:
        if request.count > 1:
            whole(request, body, Content_Encoding="gzip")
            return
        request.head(ETag=etag_of(body), Content_Length=str(len(body)), Content_Encoding="gzip")
        request.wfile.write(body[:1000])
        request.hang_up()

    assert get(client, web.on("/packed-broken.csv", answer)).path.read_bytes() == CSV
    assert web.asked[-1][1]["Range"] == "bytes=1000-"


def test_chunks_that_break_off_are_no_file(web: Web, client: Client) -> None:
    def answer(request: Request) -> None:
        request.head(Transfer_Encoding="chunked")
        request.wfile.write(b"10\r\n" + CSV[:16] + b"\r\n")
        if request.count > 1:
            request.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(CSV) - 16, CSV[16:]))
        else:
            request.hang_up()

    assert get(client, web.on("/chunks.csv", answer)).path.read_bytes() == CSV


def test_a_zip_that_breaks_off_without_a_length_is_no_file(web: Web, client: Client) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("stops.txt", CSV)

    def answer(request: Request) -> None:
        request.head(Connection="close")
        request.wfile.write(stream.getvalue()[:-30])
        request.hang_up()

    message = refused(client, web.on("/endless.zip", answer), "gtfs.zip")
    assert "got a zip that is cut short or broken" in message


def test_a_text_without_a_length_is_marked(web: Web, client: Client) -> None:
    def answer(request: Request) -> None:
        request.head(Connection="close")
        request.wfile.write(CSV)
        request.hang_up()

    assert not get(client, web.on("/lengthless.csv", answer)).whole


# -- slow ones ------------------------------------------------------------------


def test_a_body_that_drips_is_given_up(web: Web, client: Client) -> None:
    def answer(request: Request) -> None:
        request.head(Content_Length=str(len(CSV)))
        request.drip(CSV, pause_s=0.05)

    once = Client(["127.0.0.1"], cache=client.cache, patience=replace(QUICK, tries=1))
    begun = time.monotonic()
    assert "bytes in 0.4 s" in refused(once, web.on("/drip.csv", answer))
    assert time.monotonic() - begun < 4


def test_a_head_that_drips_is_given_up(web: Web, client: Client) -> None:
    def answer(request: Request) -> None:
        request.drip(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200, pause_s=0.05)

    hasty = replace(QUICK, tries=1, head_s=0.5)
    once = Client(["127.0.0.1"], cache=client.cache, patience=hasty)
    begun = time.monotonic()
    assert "sent no whole head within 0.5 s" in refused(once, web.on("/head.csv", answer))
    assert time.monotonic() - begun < 4


def test_a_server_that_says_nothing_is_given_up(web: Web, client: Client) -> None:
    patient = replace(QUICK, tries=1, read_s=0.2)
    once = Client(["127.0.0.1"], cache=client.cache, patience=patient)
    url = web.on("/silent.csv", lambda _: time.sleep(1))
    assert "did not answer within 0.2 s" in refused(once, url)


def test_the_whole_takes_no_longer_than_it_may(web: Web, client: Client) -> None:
    def answer(request: Request) -> None:
        request.head(Content_Length=str(len(CSV)))
        request.drip(CSV, pause_s=0.02)

    limits = replace(QUICK, total_s=0.7, slow_bytes=1)
    once = Client(["127.0.0.1"], cache=client.cache, patience=limits)
    assert "was not done within 0.7 s" in refused(once, web.on("/total.csv", answer))


def test_what_is_too_large_is_not_begun(web: Web, client: Client) -> None:
    small = Client(["127.0.0.1"], cache=client.cache, patience=QUICK, max_bytes=1000)
    assert f"{len(CSV)} bytes, over the limit of 1000" in refused(small, web.serve("/l.csv", CSV))

    def endless(request: Request) -> None:
        request.head(Connection="close")
        while True:
            request.wfile.write(CSV)

    assert "over the limit of 1000 bytes" in refused(small, web.on("/endless.csv", endless))


# -- what comes is not what was asked for ------------------------------------------


@pytest.mark.parametrize("name", ["a.csv", "a.geojson", "a.zip", "a.tif", "a.osm.pbf", "a.gpkg"])
def test_a_web_page_is_no_data_whatever_it_calls_itself(
    web: Web, client: Client, name: str
) -> None:
    url = web.serve(f"/page-{name}", PAGE, Content_Type="application/octet-stream")
    message = refused(client, url, name)
    assert "got a web page titled 'Portal [31m en mantenimiento'" in message
    assert "application/octet-stream" in message


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("a.geojson", b'{"error": {"code": 400, "message": "Invalid URL"}}', "'Invalid URL'"),
        ("a.json", b'{"remark": "runtime error: Query timed out", "elements": []}', "timed out"),
        ("a.geojson", b'{"rows": [1], "total": 1}', "got other JSON (rows, total) (text/plain)"),
        (
            "a.geojson",
            b'{"crs": {"type": "link", "properties": {"href": "http://h/crs"}}, "type": "x"}',
            "got GeoJSON that names another file for its CRS",
        ),
        (
            "a.geojson",
            b'{"crs":{"properties":{"x":1,"href":"http://h/"},"type":"link"},"type":"Feature"}',
            "got GeoJSON that names another file for its CRS",
        ),
        ("a.geojson", JSON[:-5], "got JSON that is cut short"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [}', "got broken JSON"),
        ("a.csv", b'{"success": false, "error": {"message": "Not found"}}', "'Not found'"),
        ("a.csv", b"\x1f\x8b\0\0", "got something that is no text"),
        ("a.csv", b"<ows:ExceptionReport>No layer</ows:ExceptionReport>", "got a fault"),
        ("a.gml", b"<ServiceException>No layer x</ServiceException>", "got a fault, 'No layer x'"),
        ("a.gml", b"<OGRWFSDataSource><URL>http://h/</URL>", "got a file that names other files"),
        ("a.tif", b"<GDAL_WMS><Service name='TMS'>", 'got something else, beginning "<GDAL_W'),
        ("a.parquet", b"PAR1" + b"x" * 50, "got Parquet that is cut short"),
        ("a.parquet", b"PK\3\4", "got something else, beginning 'PK"),
        (
            "a.gpkg",
            b"SQLite format 3\0\x10\0" + b"\0" * 10 + b"\0\0\0\xff",
            "cut",
        ),
        ("a.csv.gz", packed(CSV)[:-20], "got gzip that is cut short"),
        ("a.zip", b"PK\3\4" + b"\0" * 99, "got a zip that is cut short or broken"),
        ("a.csv", b"", "got nothing at all"),
    ],
)
def test_other_content_is_told_and_not_kept(
    web: Web, client: Client, name: str, body: bytes, said: str
) -> None:
    assert said in refused(client, web.serve("/other", body, Content_Type="text/plain"), name)


def test_data_under_a_wrong_content_type_are_taken(web: Web, client: Client) -> None:
    url = web.serve("/typed.geojson", JSON, Content_Type="text/html")
    assert get(client, url, "a.geojson").path.read_bytes() == JSON


def test_a_fault_today_leaves_what_came_yesterday(web: Web, client: Client) -> None:
    url = web.serve("/yesterday.csv", CSV)
    get(client, url)
    web.serve("/yesterday.csv", PAGE)
    with pytest.raises(SourceError, match="got a web page"):
        get(client, url)
    offline = Client([], cache=client.cache, offline=True)
    assert get(offline, url).path.read_bytes() == CSV


# -- where a request may go ---------------------------------------------------------


def test_redirects_are_followed_and_recorded(web: Web, client: Client) -> None:
    last = web.serve("/last.csv", CSV)
    second = web.on("/second.csv", lambda one: one.answer(302, Location="last.csv"))
    first = web.on("/first.csv", lambda one: one.answer(301, Location=second))
    got = get(client, first)
    assert (got.url, got.final_url, got.redirects) == (first, last, (first, second))


def test_redirects_in_a_circle_are_told(web: Web, client: Client) -> None:
    web.on("/one.csv", lambda request: request.answer(302, Location="/two.csv"))
    web.on("/two.csv", lambda request: request.answer(302, Location="/one.csv"))
    assert "in a circle" in refused(client, web.url("/one.csv"))


def test_redirects_without_end_are_told(web: Web, client: Client) -> None:
    for n in range(9):
        web.on(f"/r{n}.csv", lambda one, n=n: one.answer(307, Location=f"/r{n + 1}.csv"))
    assert "redirected more than 5 times" in refused(client, web.url("/r0.csv"))


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("ftp://example.org/a.csv", "only http and https"),
        ("gopher://127.0.0.1:1/", "only http and https"),
        ("http://10.0.0.1/a.csv", "stands for 10.0.0.1, which is not public"),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254, which is not public"),
        ("http://[::ffff:10.0.0.1]/", "which is not public"),
        ("http://0.0.0.0:80/", "which is not public"),
        ("http://2130706433:1/", "which is not public"),  # 127.0.0.1, written as one number
        ("http://0x7f.1:1/", "which is not public"),
        ("http://127.1:1/", "which is not public"),
        ("http://user:secret@127.0.0.1/", "user name or a password"),
        ("http://127.0.0.1:99999/", "cannot be read"),
        ("//[", "cannot be read"),
    ],
)
def test_redirects_lead_to_public_hosts_only(web: Web, client: Client, to: str, why: str) -> None:
    path = f"/away-{hashlib.sha1(to.encode()).hexdigest()[:8]}.csv"
    message = refused(client, web.on(path, lambda one: one.answer(302, Location=to)))
    assert why in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("/etc/passwd", "only http and https"),
        ("http://user:secret@127.0.0.1/", "user name or a password"),
        ("http:///a.csv", "names no host"),
        ("http://127.0.0.1/" + "a" * 9000, "longer than 8000"),
        ("http://example.org/a.csv", "the city file names no host example.org"),
        ("http://127.0.0.1.example.org/", "the city file names no host 127.0.0.1.example.org"),
        ("http://127.0.0.1\\@example.org/", ""),
    ],
)
def test_addresses_that_are_never_asked(client: Client, url: str, why: str) -> None:
    message = refused(client, url)
    assert why in message
    assert "secret" not in message


@pytest.mark.parametrize("host", ["10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "127.1"])
def test_private_addresses_are_never_asked(tmp_path: Path, host: str) -> None:
    client = Client([host], cache=tmp_path, patience=QUICK)
    assert "which is not public" in refused(client, f"http://{host}:1/a.csv")


@pytest.mark.parametrize(
    ("number", "allowed"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("64:ff9b::808:808", True),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("198.18.0.1", False),
        ("240.0.0.1", False),
        ("no number", False),
    ],
)
def test_which_addresses_are_public(number: str, allowed: bool) -> None:
    assert _addresses.may_reach(number, loopback=False) is allowed


def test_a_name_that_stands_for_this_machine_is_refused(
    web: Web, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that says 127.0.0.1, at once or the second time, reaches nothing here."""
    answers = iter(["127.0.0.1"])
    asked = []

    def look_up(host: str, port: int, **_: object) -> list:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    named = client.naming("data.example.org")
    url = f"http://data.example.org:{web.server.server_port}/plain.csv"
    before = len(web.asked)
    assert "data.example.org stands for 127.0.0.1, which is not public" in refused(named, url)
    assert len(web.asked) == before
    assert asked == ["data.example.org"]


def test_a_name_is_looked_up_once_and_just_that_is_connected_to(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebinding: the second answer, 127.0.0.1, is never asked for."""
    answers = iter(["203.0.114.7", "127.0.0.1"])
    reached = []

    def look_up(_: str, port: int, **__: object) -> list:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    class Spy(socket.socket):
        def connect(self, address: tuple) -> None:
            reached.append(address[0])
            raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "socket", Spy)
    once = Client(["d.example.org"], cache=client.cache, patience=replace(QUICK, tries=1))
    refused(once, "http://d.example.org/a.csv")
    assert reached == ["203.0.114.7"]


def test_offline_opens_no_socket(web: Web, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    url = web.serve("/offline.csv", CSV)
    get(client, url)

    def forbidden(*_: object, **__: object) -> None:
        pytest.fail("a socket was opened")

    for name in ("socket", "getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, forbidden)
    offline = Client(["127.0.0.1"], cache=client.cache, offline=True)
    assert get(offline, url).path.read_bytes() == CSV
    for ask in (offline.ask, offline.look, offline.open_ranges):
        with pytest.raises(SourceError, match="--offline asks nobody"):
            ask(url, source="osm")


def test_keys_are_not_told(web: Web, client: Client) -> None:
    web.serve("/key.csv", CSV)
    url = web.url("/key.csv?$$app_token=abc123&format=csv")
    got = get(client, url)
    assert "abc123" not in got.url + got.final_url
    assert "format=csv" in got.url
    message = refused(Client(["127.0.0.1"], cache=client.cache / "b"), web.url("/no?token=abc123"))
    assert "abc123" not in message


def test_an_expired_certificate_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificates")
    expired = certificate(tmp_path, start="200101000000Z", end="210101000000Z")
    valid = certificate(tmp_path, start="200101000000Z", end="490101000000Z")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    for pem, well in ((valid, True), (expired, False)):
        web = Web(certificate=str(pem))
        client = Client(["127.0.0.1"], cache=tmp_path / pem.stem, patience=QUICK)
        url = web.serve("/a.csv", CSV)
        if well:
            assert get(client, url).path.read_bytes() == CSV
            web.on("/b.csv", lambda one: one.answer(302, Location="http://127.0.0.1:1/"))
            with pytest.raises(SourceError, match="which is not encrypted while this is"):
                get(client, web.url("/b.csv"))
        else:
            assert "certificate does not hold: certificate has expired" in refused(client, url)
        web.close()
    monkeypatch.delenv("SSL_CERT_FILE")
    web = Web(certificate=str(valid))
    stranger = Client(["127.0.0.1"], cache=tmp_path / "stranger", patience=QUICK)
    assert "certificate does not hold" in refused(stranger, web.serve("/a.csv", CSV))
    web.close()


def certificate(folder: Path, *, start: str, end: str) -> Path:
    """Make a certificate for 127.0.0.1, valid between two days, of an authority in the folder."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    if not (folder / "ca.pem").exists():
        openssl(
            *[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                "ca.key",
                "-out",
                "ca.pem",
                "-days",
                "9",
            ],
            *("-subj", "/CN=Test authority"),
        )
        (folder / "index.txt").touch()
        (folder / "serial").write_text("01")
        (folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\n"
            "default_md=sha256\npolicy=p\nunique_subject=no\ncopy_extensions=copy\n"
            "[p]\ncommonName=supplied\n"
        )
    name = f"from{start}to{end}"
    openssl(
        *f"req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr".split(),
        *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
    )
    openssl(
        *f"ca -batch -config ca.cnf -cert ca.pem -keyfile ca.key -in {name}.csr".split(),
        *f"-out {name}.crt -startdate {start} -enddate {end}".split(),
    )
    both = folder / f"{name}.pem"
    both.write_bytes((folder / f"{name}.crt").read_bytes() + (folder / f"{name}.key").read_bytes())
    return both


# -- ranges ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiles() -> bytes:
    """Parquet of 20 row groups."""
    numbers = list(range(20_000))
    noise = [random.Random(n).getrandbits(60) for n in numbers]
    stream = io.BytesIO()
    table = pa.table({"x": numbers, "noise": noise, "wide": [f"{one:x}" * 4 for one in noise]})
    pq.write_table(table, stream, row_group_size=1000)
    return stream.getvalue()


def test_parquet_is_read_by_ranges(web: Web, client: Client, tiles: bytes) -> None:
    file = _remote.RangeFile(client, web.serve("/t.parquet", tiles), source="c", block=4096)
    reader = pq.ParquetFile(pa.PythonFile(file, mode="r"))
    assert reader.num_row_groups == 20
    assert reader.read_row_group(3, columns=["x"])["x"].to_pylist() == list(range(3000, 4000))
    assert file.read_bytes < len(tiles) / 4


def test_ranges_read_what_the_file_holds(web: Web, client: Client, tiles: bytes) -> None:
    url = web.serve("/r.parquet", tiles)
    file = _remote.RangeFile(client, url, source="x", block=1000)
    chance = random.Random(1)
    for _ in range(50):
        start = chance.randrange(len(tiles))
        count = chance.randrange(3000)
        file.seek(start)
        assert file.read(count) == tiles[start : start + count]
    file.seek(-4, 2)
    assert file.read() == b"PAR1"


def test_ranges_of_two_versions_are_not_mixed(web: Web, client: Client, tiles: bytes) -> None:
    url = web.serve("/v.parquet", tiles)
    file = client.open_ranges(url, source="connectivity.0")
    web.serve("/v.parquet", tiles[:5000] + b"!" + tiles[5001:])
    file.seek(0)
    with pytest.raises(SourceError, match="changed while it was read"):
        file.read(100)


def test_a_server_without_ranges_is_told(web: Web, client: Client, tiles: bytes) -> None:
    url = web.on("/n.parquet", lambda request: request.answer(200, tiles))
    with pytest.raises(SourceError, match="does not answer by ranges"):
        client.open_ranges(url, source="connectivity.0")


# -- killed ---------------------------------------------------------------------

_DOWNLOADER = """
import sys
from pathlib import Path
from geoequity.sources._remote import Client, place
url, cache, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
print("begun", flush=True)
got = Client(["127.0.0.1"], cache=cache).download(url, name="big.csv", source="x")
place(got.path, target)
"""


def kill_again_and_again(web: Web, folder: Path, times: int) -> None:
    """Kill downloads of a file that changes between two versions; none is ever mixed."""
    chance = random.Random(times)
    versions = [bytes([65 + n]) * 3_000_000 for n in range(2)]
    current, sent = [0], [0]

    def slowly(request: Request) -> None:
        body = versions[current[0]]
        start = 0
        if request.headers.get("If-Range") == etag_of(body):
            start = int(request.headers["Range"].removeprefix("bytes=").partition("-")[0])
        more = {"Content_Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if start else {}
        request.head(
            206 if start else 200, ETag=etag_of(body), Content_Length=str(len(body) - start), **more
        )
        for at in range(start, len(body), 100_000):
            request.wfile.write(body[at : at + 100_000])
            sent[0] += 1
            time.sleep(0.002)

    url, target = web.on("/big.csv", slowly), folder / "data" / "big.csv"
    resumed = 0
    for _ in range(times):
        process = subprocess.Popen(
            [sys.executable, "-c", _DOWNLOADER, url, str(folder / "cache"), str(target)],
            stdout=subprocess.PIPE,
        )
        assert process.stdout.readline() == b"begun\n"
        enough = sent[0] + chance.randrange(36)  # of 30 pieces, and a little for what comes after
        patience = time.monotonic() + 20
        while sent[0] < enough and process.poll() is None and time.monotonic() < patience:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        resumed += "Range" in web.asked[-1][1] if web.asked else 0
        if target.exists():
            assert target.read_bytes() in versions
            target.unlink()
        for kept in (folder / "cache" / "files").rglob("*"):
            assert kept.is_dir() or kept.read_bytes() in versions
        current[0] = chance.randrange(2)
    last = Client(["127.0.0.1"], cache=folder / "cache").download(url, name="b.csv", source="x")
    assert last.path.read_bytes() == versions[current[0]]
    assert resumed or times < 10


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal there")
def test_nothing_half_written_is_used_when_killed(web: Web, tmp_path: Path) -> None:
    kill_again_and_again(web, tmp_path, 3)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal there")
def test_nothing_half_written_is_used_when_killed_fifty_times(web: Web, tmp_path: Path) -> None:
    kill_again_and_again(web, tmp_path, 50)


def test_two_downloads_of_one_file_wait_for_each_other(web: Web, client: Client) -> None:
    def slowly(request: Request) -> None:
        time.sleep(0.2)
        whole(request, CSV)

    url = web.on("/two.csv", slowly)
    got = []
    threads = [threading.Thread(target=lambda: got.append(get(client, url))) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [one.path.read_bytes() for one in got] == [CSV, CSV]
    asked = [headers for path, headers in web.asked if path == "/two.csv"][-2:]
    assert [("If-None-Match" in one) for one in asked] == [False, True]


def test_a_file_is_placed_whole_with_rights_to_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CSV)
    _remote.place(tmp_path / "a", tmp_path / "deep" / "b.csv")
    assert (tmp_path / "deep" / "b.csv").read_bytes() == CSV
    assert [one.name for one in (tmp_path / "deep").iterdir()] == ["b.csv"]
    assert (tmp_path / "deep" / "b.csv").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("platform", "variables", "folder"),
    [
        ("linux", {}, "home/.cache/geoequity"),
        ("linux", {"XDG_CACHE_HOME": "/elsewhere"}, "/elsewhere/geoequity"),
        ("darwin", {}, "home/Library/Caches/geoequity"),
        ("win32", {}, "home/AppData/Local/geoequity"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/geoequity"),
        ("win32", {"GEOEQUITY_CACHE": "/given", "LOCALAPPDATA": "/local"}, "/given"),
    ],
)
def test_downloads_are_kept_where_the_system_keeps_caches(
    monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], folder: str
) -> None:
    for name in ("GEOEQUITY_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("home"))
    assert cache_folder() == Path(folder)
