"""
The report: one page that a city councillor can read.

:func:`write_report` writes a study as a single HTML file, words, tables and
pictures in it, that opens from disk, on a phone and on paper with no network;
:func:`write_pdf` the same on paper, :func:`write_reports` both in several languages;
:func:`write_figures` its figures one by one;
:func:`write_change_report` what changed between two; :func:`write_cities_report` cities
side by side; :func:`write_siting_report` where new services would do most.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from geoequity._cores import in_order
from geoequity.compare import Change, Cities
from geoequity.errors import ConfigError
from geoequity.placing import Placing
from geoequity.study import Study

__all__ = [
    "write_change_report",
    "write_cities_report",
    "write_figures",
    "write_pdf",
    "write_report",
    "write_reports",
    "write_siting_report",
]


def write_report(
    study: Study,
    path: str | Path,
    *,
    language: str = "es",
    template: str | Path | None = None,
    logo: str | Path | None = None,
) -> Path:
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
    template
        A Jinja template of your own in the place of ours, which it may extend as
        ``geoequity/report.html.j2`` to change the blocks ``style``, ``header``,
        ``opening``, ``closing`` and ``footer``. It is escaped throughout and run
        in a sandbox; it sees what ours sees, and ``summary``.
    logo
        A picture for the head of the page: PNG, JPEG, GIF, SVG or WebP.

    Returns
    -------
    path
        The file written: HTML in UTF-8, with its style and pictures inside,
        no script, and nothing to fetch.

    Raises
    ------
    MessageError
        If there is no catalogue of that language.
    ConfigError
        If the template or the logo cannot be read or used; names file and line.
    """
    return _write(_page(study, language=language, template=template, logo=logo), path)


def write_pdf(
    study: Study, path: str | Path, *, language: str = "es", logo: str | Path | None = None
) -> Path:
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
    logo
        A picture for the head of the first page, as of :func:`write_report`.

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
    ConfigError
        If the logo cannot be read or used.
    """
    page = _page(study, language=language, logo=logo)
    return _on_paper(page, path, _told(study, language))


def write_reports(
    study: Study,
    folder: str | Path,
    *,
    languages: Iterable[str],
    pdf: bool = False,
    template: str | Path | None = None,
    logo: str | Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """
    Write the report of a study in several languages, and as PDF too.

    The files are those of :func:`write_report` and :func:`write_pdf`, sooner
    written: a page is laid out once for both, and set on paper while the next
    one is laid out.

    Parameters
    ----------
    study
        What was found in a city.
    folder
        Where; made where it is missing.
    languages
        Some of ``geoequity.locale.LANGUAGES``; one that is named twice is written once.
    pdf
        Whether to write PDFs, too.
    template
        As of :func:`write_report`; PDFs are set from our own.
    logo
        As of :func:`write_report`.
    tell
        Called with ``report <language>`` as each begins.

    Returns
    -------
    paths
        ``report.<language>.html`` and ``report.<language>.pdf``, by language.

    Raises
    ------
    MessageError
        If there is no catalogue of a language.
    SourceError
        If a PDF is asked for and Typst is not installed.
    ConfigError
        If the template or the logo cannot be read or used, or PDFs are asked for
        with a template.
    """
    if pdf and template is not None:
        msg = "PDFs set our own pages, not those of a template"
        raise ConfigError(msg)
    from geoequity.locale import messages  # noqa: PLC0415  as all of the report

    asked = list(dict.fromkeys(languages))
    for language in asked:
        messages(language)  # refuses an unknown one before anything is written
    paths = []

    def to_set() -> Iterator[Callable[[], Path]]:
        for language in asked:
            tell(f"report {language}")
            page = _page(study, language=language, template=template, logo=logo)
            paths.append(_write(page, Path(folder) / f"report.{language}.html"))
            if pdf:
                paths.append(paths[-1].with_suffix(".pdf"))
                yield partial(_on_paper, page, paths[-1], _told(study, language))

    deque(in_order(to_set()), maxlen=0)
    return paths


def write_figures(study: Study, folder: str | Path, *, language: str = "es") -> list[Path]:
    """
    Write every figure of the report as a file of its own, for slides and print.

    Parameters
    ----------
    study
        What was found in a city.
    folder
        Where; made where it is missing. Files of the same name are replaced.
    language
        One of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    paths
        The files, two a figure: SVG with letters as outlines, and PNG at 300
        dots an inch, 170 mm wide. Each has its caption, its legend, the city and
        the licences on it, and says so where the city is fictitious.

    Raises
    ------
    MessageError
        If there is no catalogue of that language.
    SourceError
        If Typst is not installed; it comes with the extra ``pdf``.
    """
    from geoequity.report._print import figures  # noqa: PLC0415  an extra

    told = _told(study, language)
    licences = ", ".join(str(one) for one in study.summary["city"].get("licences") or ())
    told["title"] = " · ".join(one for one in (told["title"], licences, "geoequity") if one)
    made = figures(_page(study, language=language), **told)
    return [
        _write(content, Path(folder) / f"{name}.{suffix}")
        for name, files in made.items()
        for suffix, content in files.items()
    ]


def _on_paper(page: str, path: str | Path, told: Mapping[str, str]) -> Path:
    """Set a page on paper."""
    from geoequity.report._print import pdf  # noqa: PLC0415  an extra

    return _write(pdf(page, **told), path)


def _told(study: Study, language: str) -> dict[str, str]:
    """Say what stands on every page of paper."""
    from geoequity.locale import messages, name  # noqa: PLC0415  as all of the report
    from geoequity.summary import scenario_banner  # noqa: PLC0415  the same

    said, city = messages(language), study.summary["city"]
    scenario = scenario_banner(study.summary) or {}
    banners = [said["fictitious"] if city.get("fictitious") else "", scenario.get(language, "")]
    return {
        "title": f"{said['question']} {name(city['name'])}",
        "language": language,
        "banner": " ".join(filter(None, banners)),
    }


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
    from geoequity.report._template import ours  # noqa: PLC0415  costs 60 ms

    page = ours("change.html.j2").render(content(change, language=language))
    return _write(page, path)


def write_cities_report(found: Cities, path: str | Path, *, language: str = "es") -> Path:
    """
    Write the page of cities side by side.

    The same cities give the same bytes. A page already at the path stays as it was
    until the new one is complete.

    Parameters
    ----------
    found
        Cities side by side.
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
    from geoequity.report._compared import content  # noqa: PLC0415  brings shapely
    from geoequity.report._template import ours  # noqa: PLC0415  costs 60 ms

    page = ours("compare.html.j2").render(content(found, language=language))
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
    from geoequity.report._template import ours  # noqa: PLC0415  costs 60 ms

    page = ours("site.html.j2").render(content(placing, language=language))
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


def _page(
    study: Study,
    *,
    language: str,
    template: str | Path | None = None,
    logo: str | Path | None = None,
) -> str:
    """Lay the words of a study out as a page."""
    from geoequity.report._content import content  # noqa: PLC0415  brings shapely
    from geoequity.report._template import inlined, ours, render  # noqa: PLC0415  costs 60 ms

    told = content(study, language=language)
    told["logo"] = "" if logo is None else inlined(Path(logo))
    if template is None:
        return ours("report.html.j2").render(told)
    return render(Path(template), {**told, "summary": study.summary})
