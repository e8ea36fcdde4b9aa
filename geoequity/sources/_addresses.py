"""
Where a download may go, and the connection that goes nowhere else.

A name is looked up once, what it stands for is checked, and the connection is
made to that very number: whoever answers the look-up has no second chance to
answer otherwise. What redirects name is held to the same rules.
"""

import ipaddress
import re
import socket
import ssl
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from geoequity.errors import SourceError

_SECRET = re.compile(r"token|key|secret|password|passwd|signature|^sig$|credential", re.IGNORECASE)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LONGEST_URL = 8000
_LONGEST_SAID = 200
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parse(url: str, *, source: str) -> Url:
    """
    Take an address apart, or say why nothing will be asked of it.

    Parameters
    ----------
    url
        The address.
    source
        What it is the address of, for the message.

    Returns
    -------
    parts
        Scheme, host and so on, escaped and in lower case where case means nothing.

    Raises
    ------
    SourceError
        If it is no address of the web, carries a password, or is too long.
    """
    fault, parts = None, None
    try:
        parts = parse_url(url)
        if parts.port is not None:
            fault = None if 0 < parts.port < 1 << 16 else "its port is none"
    except LocationParseError:
        fault = "it cannot be read"
    if parts is not None and fault is None:
        if parts.scheme not in {"http", "https"}:
            fault = "only http and https addresses are read"
        elif not parts.host:
            fault = "it names no host"
        elif parts.auth is not None:
            fault = "it carries a user name or a password"
        elif len(url) > _LONGEST_URL:
            fault = f"it is longer than {_LONGEST_URL} characters"
    if fault or parts is None:
        msg = f"{source}: {told(url)}: {fault}"
        raise SourceError(msg, source=told(url))
    return parts._replace(fragment=None)


def told(url: str) -> str:
    """
    Write an address so that it can be shown: without passwords and keys, in one line.

    Parameters
    ----------
    url
        Any address.

    Returns
    -------
    told
        The same, each value that looks secret as ``***``.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return plain(url)
    host = parts.netloc.rpartition("@")
    netloc = f"***@{host[2]}" if host[1] else parts.netloc
    query = parts.query
    if any(_SECRET.search(name) for name, _ in parse_qsl(query, keep_blank_values=True)):
        pairs = parse_qsl(query, keep_blank_values=True)
        hidden = [(name, "***" if _SECRET.search(name) else value) for name, value in pairs]
        query = urlencode(hidden, safe="*$:,/'")
    return plain(parts._replace(netloc=netloc, query=query).geturl(), limit=_LONGEST_URL)


def plain(text: str, *, limit: int = _LONGEST_SAID) -> str:
    """
    Make what a stranger sent fit for a message.

    Parameters
    ----------
    text
        Any text.
    limit
        Characters to keep.

    Returns
    -------
    plain
        One line without control characters, cut.
    """
    clean = "".join(one if one.isprintable() else " " for one in text[: 4 * limit])
    clean = " ".join(clean.split())
    return clean if len(clean) <= limit else f"{clean[: limit - 3]}..."


def is_loopback(host: str | None) -> bool:
    """
    Tell whether a host says outright that it is this machine.

    Parameters
    ----------
    host
        Host of an address.

    Returns
    -------
    is_loopback
        True for ``localhost``, ``127.*`` and ``::1``; never for other names,
        whatever they stand for.
    """
    name = (host or "").strip("[]")
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def may_reach(number: str, *, loopback: bool) -> bool:
    """
    Tell whether a connection to an IP address is allowed.

    Parameters
    ----------
    number
        The address, as looked up.
    loopback
        Whether this machine is meant; then nothing else is allowed.

    Returns
    -------
    may_reach
        True for public addresses only, also inside those that carry another.
    """
    try:
        address: _Address = ipaddress.ip_address(number.partition("%")[0])
    except ValueError:
        return False
    address = _carried(address)
    if loopback:
        return address.is_loopback
    odd = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not odd


def _carried(address: _Address) -> _Address:
    """Find the IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


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


class ForbiddenError(SourceError):
    """An address that nothing may be asked of; asking again is no use."""


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
