"""Which addresses may be asked, and how they are shown."""

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from geoequity.errors import SourceError

if TYPE_CHECKING:
    from urllib3.util import Url

_SECRET = re.compile(r"token|key|secret|password|passwd|signature|^sig$|credential", re.IGNORECASE)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LONGEST_URL = 8000
_LONGEST_SAID = 200
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parse(url: str, *, source: str) -> "Url":
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
    from urllib3.exceptions import LocationParseError  # noqa: PLC0415 - tries a socket at once
    from urllib3.util import parse_url  # noqa: PLC0415 - the same

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


class ForbiddenError(SourceError):
    """An address that nothing may be asked of; asking again is no use."""
