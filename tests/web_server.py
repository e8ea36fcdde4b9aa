"""
A web server on this machine that answers as told, well or badly.

``web.serve("/a.csv", b"...")`` answers as a good server does: ETag, Range,
If-Range, If-None-Match. ``web.on("/b.csv", answer)`` leaves the whole answer to
a function of the request, which may break any rule.
"""

import contextlib
import gzip
import http.server
import socket
import ssl
import threading
import time
from collections.abc import Callable
from hashlib import sha1
from urllib.parse import parse_qs, urlsplit


class Request(http.server.BaseHTTPRequestHandler):
    """One request; ``answer`` and ``send`` are for answering it."""

    protocol_version = "HTTP/1.1"

    @property
    def query(self) -> dict[str, str]:
        return {key: values[-1] for key, values in parse_qs(urlsplit(self.path).query).items()}

    @property
    def count(self) -> int:
        """How many requests of this path there were, this one too."""
        path = urlsplit(self.path).path
        return sum(urlsplit(one).path == path for one, _ in self.server.log)

    def answer(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        """Send a whole answer; header names with _ for -."""
        self.head(status, **{"Content_Length": str(len(body)), **headers})
        self.wfile.write(body)

    def head(self, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()

    def hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def drip(self, body: bytes, *, pause_s: float) -> None:
        with contextlib.suppress(OSError):
            for at in range(len(body)):
                self.wfile.write(body[at : at + 1])
                self.wfile.flush()
                time.sleep(pause_s)

    def do_GET(self) -> None:
        self.server.log.append((self.path, dict(self.headers)))
        route = self.server.routes.get(urlsplit(self.path).path)
        with contextlib.suppress(ConnectionError):
            if route is None:
                self.answer(404, b"<html><title>Not here</title></html>", Content_Type="text/html")
            else:
                route(self)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are what is tested."""


class Web:
    """The server, and all it was asked."""

    def __init__(self, *, certificate: str | None = None) -> None:
        self.server = _Server(("127.0.0.1", 0), Request)
        self.scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        self.server.routes, self.server.log = {}, []
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def asked(self) -> list[tuple[str, dict[str, str]]]:
        return self.server.log

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server.server_port}{path}"

    def on(self, path: str, answer: Callable[[Request], None]) -> str:
        self.server.routes[path] = answer
        return self.url(path)

    def serve(self, path: str, body: bytes, **headers: str) -> str:
        return self.on(path, lambda request: whole(request, body, **headers))


def etag_of(body: bytes) -> str:
    return f'"{sha1(body).hexdigest()[:16]}"'


def whole(request: Request, body: bytes, **headers: str) -> None:
    """Answer with a body or the range of it that was asked for, as RFC 9110 says."""
    etag = headers.pop("ETag", etag_of(body))
    asked = request.headers
    if asked.get("If-None-Match") == etag:
        request.answer(304, ETag=etag)
        return
    wanted = asked.get("Range", "")
    if not wanted.startswith("bytes=") or asked.get("If-Range", etag) != etag:
        request.answer(200, body, ETag=etag, **headers)
        return
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    start = int(first) if first else max(0, len(body) - int(last))
    end = min(int(last) if first and last else len(body) - 1, len(body) - 1)
    if start >= len(body):
        request.answer(416, Content_Range=f"bytes */{len(body)}")
        return
    span = f"bytes {start}-{end}/{len(body)}"
    request.answer(206, body[start : end + 1], ETag=etag, Content_Range=span, **headers)


def cut_short(body: bytes, *, at: int, times: int) -> Callable[[Request], None]:
    """Break off after some bytes, the first few times; a good server otherwise."""

    def answer(request: Request) -> None:
        if request.count > times:
            whole(request, body)
            return
        start = 0
        if "Range" in request.headers:
            start = int(request.headers["Range"].removeprefix("bytes=").partition("-")[0])
        rest = body[start:]
        more = {"Content_Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if start else {}
        status = 206 if start else 200
        request.head(status, ETag=etag_of(body), Content_Length=str(len(rest)), **more)
        request.wfile.write(rest[:at])
        request.hang_up()

    return answer


def packed(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)
