"""Commands on one study: run it, check it, draw it again."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoequity.cli._getting import fetch_absent
from geoequity.cli._opening import cache_of, city_of
from geoequity.cli._terminal import (
    Clock,
    progress,
    say_found,
    say_written,
    silent,
    stage_table,
)
from geoequity.errors import ConfigError

if TYPE_CHECKING:
    from geoequity.city import City


def demo(options: argparse.Namespace) -> dict[str, Any]:
    """Run the demo city."""
    from geoequity.city import City  # noqa: PLC0415 - pydantic takes its time

    return _assess_and_write(City.preset("demo"), options)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run any city, its absent files downloaded first."""
    if not options.offline:
        fetch_absent(options)
        return _assess_and_write(city_of(options), options)
    with _no_probing():
        return _assess_and_write(city_of(options), options)


@contextmanager
def _no_probing() -> Iterator[None]:
    """Keep urllib3, which folium imports, from trying a socket as it is imported."""
    import socket  # noqa: PLC0415 - here only

    had, socket.has_ipv6 = socket.has_ipv6, False
    try:
        yield
    finally:
        socket.has_ipv6 = had


def _assess_and_write(city: "City", options: argparse.Namespace) -> dict[str, Any]:
    """Assess a city and write everything into its folder, in one step at the end."""
    from geoequity.assessment import STAGES  # noqa: PLC0415 - heavy
    from geoequity.batch import assess_and_write  # noqa: PLC0415 - heavy

    folder = options.out or Path("out") / city.city.id
    languages = options.language or city.city.languages
    cache = cache_of(options)
    printed = not options.no_pdf and find_spec("typst") is not None
    with progress(len(STAGES) + 2 + len(languages), quiet=silent(options)) as tell:
        clock = Clock(tell)
        study = assess_and_write(
            city, folder, languages=languages, pdf=printed, tell=clock.tell, cache=cache
        )
    stages = clock.stages()
    if cache is not None:
        cache.trim()
    place = folder.resolve()
    written = {
        "folder": str(place),
        "map": str(place / "map.html"),
        "reports": {one: str(place / f"report.{one}.html") for one in languages},
        "pdfs": {one: str(place / f"report.{one}.pdf") for one in languages if printed},
        "summary": str(place / "summary.json"),
        "warnings": list(study.summary["warnings"]),
    }
    if options.stages:
        written["stages"] = stages
    if not silent(options):
        name, found = study.summary["city"]["name"], study.summary["findings"]
        say_found(name, found, written, language=languages[0])
        if options.stages:
            print(stage_table(stages))
    return written


def check(options: argparse.Namespace) -> dict[str, Any]:
    """Read everything a city file names and say what was found."""
    from geoequity.collect import collect  # noqa: PLC0415 - heavy
    from geoequity.indicators import read_catalogue  # noqa: PLC0415 - heavy

    city = city_of(options)
    found = collect(city, read_catalogue(city.catalogue_changes()))
    result: dict[str, Any] = {
        "city": city.city.id,
        "districts": len(found.districts),
        "cells": 0 if found.cells is None else len(found.cells),
        "sources": [book.as_dict() for book in found.records],
        "warnings": [one for book in found.records for one in book.warnings],
    }
    if not silent(options):
        for one in result["sources"]:
            terms = one["licence"] or "licence not stated"
            kept, read = one["rows_kept"], one["rows_read"]
            # A street of a map becomes a piece between any two crossings
            rows = f"{kept} made of {read} elements" if "made" in one else f"{kept} of {read} rows"
            print(f"{one['name']}: {rows}, {terms}")
        for warning in result["warnings"]:
            print(f"warning: {warning}", file=sys.stderr)
        print(f"{city.file}: in order")
    return result


def draw_map(options: argparse.Namespace) -> dict[str, Any]:
    """Draw the map of a study again."""
    from geoequity import maps, outputs  # noqa: PLC0415 - heavy

    path = options.folder / "map.html"
    basemap = maps.OSM_TILES if options.basemap == "" else options.basemap
    with outputs.alone_in(options.folder):
        study = outputs.load(options.folder)
        language = options.language or study.summary["city"]["languages"][0]
        maps.save_map(study, path, language=language, basemap=basemap)
    return say_written(options, [path])


def write_reports(options: argparse.Namespace) -> dict[str, Any]:
    """Write the reports of a study again."""
    from geoequity import outputs, report  # noqa: PLC0415 - heavy

    if options.pdf and options.template:
        msg = "--pdf sets our own pages; with --template, print the page from a browser"
        raise ConfigError(msg)
    with outputs.alone_in(options.folder):
        study = outputs.load(options.folder)
        paths = report.write_reports(
            study,
            options.folder,
            languages=options.language or study.summary["city"]["languages"],
            pdf=options.pdf,
            template=options.template,
            logo=options.logo,
        )
    return say_written(options, paths)


def write_figures(options: argparse.Namespace) -> dict[str, Any]:
    """Write the figures of the reports of a study."""
    from geoequity import outputs, report  # noqa: PLC0415 - heavy

    paths = []
    with outputs.alone_in(options.folder):
        study = outputs.load(options.folder)
        for language in options.language or study.summary["city"]["languages"][:1]:
            folder = options.folder / "figures" / language
            paths += report.write_figures(study, folder, language=language)
    return say_written(options, paths)
