"""
A connection that goes to public addresses only.

A name is looked up once, what it stands for is checked, and the connection is
made to that very number: whoever answers the look-up has no second chance to
answer otherwise. To import urllib3 tries a socket, so this is imported late.
"""

import socket
import ssl
from typing import Any

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Url

from geoequity.sources._addresses import ForbiddenError, may_reach


class _Checked:
    """The part of a connection that looks the host up; beside one of urllib3."""

    is_own: bool
    handle: socket.socket | None = None

    def _new_conn(self: Any) -> socket.socket:
        """Look the host up, check what it stands for and connect to just that."""
        host = self._dns_host
        found = socket.getaddrinfo(host, self.port, type=socket.SOCK_STREAM)
        numbers = [str(one[4][0]) for one in found]
        refused = [one for one in numbers if not may_reach(one, loopback=self.is_own)]
        if refused or not found:
            msg = f"{self.host} stands for {', '.join(refused)}, which is not public"
            raise ForbiddenError(msg, source=self.host)
        fault: OSError = OSError("no address")
        for family, kind, protocol, _, address in found:
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(self.timeout)
                connection.connect(address)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.handle = connection.dup()  # stays valid when TLS takes the other over
            except OSError as error:
                connection.close()
                fault = error
            else:
                return connection
        raise fault


class _Plain(_Checked, HTTPConnection):
    """HTTP to a checked address."""


class _Secure(_Checked, HTTPSConnection):
    """HTTPS to a checked address."""


def connection(parts: Url, *, is_own: bool, timeout: float) -> Any:
    """
    Make a connection that is opened by its first request.

    Parameters
    ----------
    parts
        Where to.
    is_own
        Whether the address is this machine's, said outright.
    timeout
        For connecting [s].

    Returns
    -------
    connection
        One of urllib3; ``handle`` is its socket once there is one.
    """
    host = (parts.host or "").strip("[]")
    made: Any
    if parts.scheme == "https":
        trusted = ssl.create_default_context()
        trusted.load_verify_locations(certifi.where())
        made = _Secure(host, parts.port or 443, timeout=timeout, ssl_context=trusted)
    else:
        made = _Plain(host, parts.port or 80, timeout=timeout)
    made.is_own = is_own
    return made
