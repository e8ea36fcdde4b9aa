"""
The report: one page that a city councillor can read.

:func:`write_report` writes a study as a single HTML file, words, tables and
pictures in it, that opens from disk, on a phone and on paper with no network;
:func:`write_pdf` the same on paper; :func:`write_change_report` what changed between two;
:func:`write_siting_report` where new services would do most.
"""

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from geoequity.compare import Change
from geoequity.placing import Placing
from geoequity.study import Study

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["write_change_report", "write_pdf", "write_report", "write_siting_report"]


def write_report(study: Study, path: str | Path, *, language: str = "es") -> Path:
    """
    Write the report of a study.

    The same study gives the same bytes. A report already at the path stays as
    it was until the new one is complete.

    Parameters
    ----------
    study
        What was found in a city.
    path
        File to write; its folder is made where it is missing.
    language
        One of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    path
        The file written: HTML in UTF-8, with its style and pictures inside,
        no script, and nothing to fetch.

    Raises
    ------
    MessageError
        If there is no catalogue of that language.
    """
    return _write(_page(study, language=language), path)


def write_pdf(study: Study, path: str | Path, *, language: str = "es") -> Path:
    """
    Write the report of a study as a PDF.

    The words, tables and pictures are those of :func:`write_report`. The same
    study gives the same bytes. A report already at the path stays as it was
    until the new one is complete.

    Parameters
    ----------
    study
        What was found in a city.
    path
        File to write; its folder is made where it is missing.
    language
        One of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    path
        The file written: A4 with page numbers, bookmarks, embedded fonts and
        maps as vectors.

    Raises
    ------
    MessageError
        If there is no catalogue of that language.
    SourceError
        If Typst is not installed; it comes with the extra ``pdf``.
    """
    from geoequity.locale import messages, name  # noqa: PLC0415  as all of the report
    from geoequity.report._print import pdf  # noqa: PLC0415  an extra

    said, city = messages(language), study.summary["city"]
    made = pdf(
        _page(study, language=language),
        title=f"{said['question']} {name(city['name'])}",
        language=language,
        banner=said["fictitious"] if city.get("fictitious") else "",
    )
    return _write(made, path)


def write_change_report(change: Change, path: str | Path, *, language: str = "es") -> Path:
    """
    Write the report of what changed between two studies.

    The same change gives the same bytes. A report already at the path stays as
    it was until the new one is complete.

    Parameters
    ----------
    change
        What changed in a city.
    path
        File to write; its folder is made where it is missing.
    language
        One of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    path
        The file written, as :func:`write_report` does.

    Raises
    ------
    MessageError
        If there is no catalogue of that language.
    """
    from geoequity.report._changed import content  # noqa: PLC0415  brings shapely

    page = _template("change.html.j2").render(content(change, language=language))
    return _write(page, path)


def write_siting_report(placing: Placing, path: str | Path, *, language: str = "es") -> Path:
    """
    Write the page of where new services would do most.

    The same siting gives the same bytes. A page already at the path stays as it
    was until the new one is complete.

    Parameters
    ----------
    placing
        Sites, and what they would change.
    path
        File to write; its folder is made where it is missing.
    language
        One of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    path
        The file written, as :func:`write_report` does.

    Raises
    ------
    MessageError
        If there is no catalogue of that language.
    """
    from geoequity.report._sited import content  # noqa: PLC0415  brings shapely

    page = _template("site.html.j2").render(content(placing, language=language))
    return _write(page, path)


def _write(page: str | bytes, path: str | Path) -> Path:
    """Write a page, whole or not at all."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_bytes(page.encode("utf-8") if isinstance(page, str) else page)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target


@cache
def _template(name: str) -> "Template":
    """Read a page's template, once."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  costs 60 ms

    environment = Environment(
        loader=PackageLoader("geoequity", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _page(study: Study, *, language: str) -> str:
    """Lay the words of a study out as a page."""
    from geoequity.report._content import content  # noqa: PLC0415  brings shapely

    return _template("report.html.j2").render(content(study, language=language))
