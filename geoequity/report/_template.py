"""Pages made of templates: our own, and those that an office brings."""

import base64
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from traceback import walk_tb
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from geoequity.errors import ConfigError, GeoEquityError

_LAYOUT: dict[str, Any] = {
    "undefined": StrictUndefined,
    "trim_blocks": True,
    "lstrip_blocks": True,
}
_PICTURES = {
    ".png": ("image/png", b"\x89PNG"),
    ".jpg": ("image/jpeg", b"\xff\xd8"),
    ".jpeg": ("image/jpeg", b"\xff\xd8"),
    ".gif": ("image/gif", b"GIF8"),
    ".webp": ("image/webp", b"RIFF"),
    ".svg": ("image/svg+xml", b"<svg"),
}
_HEAD_BYTES = 4096  # in which a picture shows what it is
_MOST_BYTES = 2_000_000
_FAULTS = (  # what a template may run into
    *(TemplateError, GeoEquityError, TypeError, ValueError),
    *(ArithmeticError, LookupError, AttributeError, RecursionError),
)


@cache
def ours(name: str) -> Template:
    """
    Read one of our own templates, once.

    Parameters
    ----------
    name
        Its file.

    Returns
    -------
    template
        Escapes all that it is given; a name that it does not know is an error.
    """
    loader = PackageLoader("geoequity", "report")
    return Environment(loader=loader, autoescape=True, **_LAYOUT).get_template(name)


def render(path: Path, told: Mapping[str, Any]) -> str:
    """
    Make a page of somebody's own template.

    Parameters
    ----------
    path
        The template, which may include what lies beside it and extend ours as
        ``geoequity/report.html.j2``.
    told
        What it can show.

    Returns
    -------
    page
        The page. The template ran in a sandbox: it reaches no Python, and
        changes nothing of what it is given.

    Raises
    ------
    ConfigError
        If it cannot be read, or does not work: names the file and the line.
    """
    package: BaseLoader = PackageLoader("geoequity", "report")
    loader = ChoiceLoader(
        [FileSystemLoader(path.parent), PrefixLoader({"geoequity": package}), package]
    )
    sandbox = ImmutableSandboxedEnvironment(loader=loader, autoescape=True, **_LAYOUT)
    try:
        return sandbox.get_template(path.name).render(told)
    except _FAULTS as error:
        raise ConfigError(_said(path, error)) from error
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise ConfigError(msg) from error


def _said(path: Path, error: BaseException) -> str:
    """Say what is wrong with a template, and where."""
    if isinstance(error, TemplateNotFound):
        own = error.name == path.name
        return (
            f"{path}: no such file"
            if own
            else f"{path}: asks for {error.name!r}, which is not there"
        )
    if isinstance(error, UnicodeDecodeError):
        return f"{path}: cannot be read: {error}"
    where, line = path.name, getattr(error, "lineno", None)
    if line is None:  # Jinja writes the lines of templates into the frames
        frames = [(Path(one.f_code.co_filename), at) for one, at in walk_tb(error.__traceback__)]
        inside = [one for one in frames if one[0].name == path.name] or [
            one for one in frames if one[0].suffix == ".j2"
        ]
        if inside:
            where, line = inside[-1][0].name, inside[-1][1]
    else:
        where = getattr(error, "name", None) or path.name
    place = path if where == path.name else f"{path} ({where})"
    return f"{place}:{line}: {error}" if line else f"{place}: {error}"


def inlined(path: Path) -> str:
    """
    Put a picture into a page.

    Parameters
    ----------
    path
        PNG, JPEG, GIF, SVG or WebP.

    Returns
    -------
    address
        A ``data:`` address.

    Raises
    ------
    ConfigError
        If it cannot be read, is no such picture, or is over two megabytes.
    """
    kind, mark = _PICTURES.get(path.suffix.lower(), ("", b""))
    if not kind:
        msg = f"{path}: a logo is one of {', '.join(_PICTURES)}"
        raise ConfigError(msg)
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise ConfigError(msg) from error
    if mark not in content[:_HEAD_BYTES]:
        msg = f"{path}: is no {kind.partition('/')[2].partition('+')[0].upper()} picture"
        raise ConfigError(msg)
    if len(content) > _MOST_BYTES:
        msg = f"{path}: has {len(content):,} bytes; a logo has at most {_MOST_BYTES:,}"
        raise ConfigError(msg)
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
