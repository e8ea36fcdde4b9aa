"""
The command line.

Exit 0: done. Exit 1: bad input, every fault named on standard error. Exit 2:
wrong usage. Heavy modules are imported by the command that needs them.
"""

import argparse
import dataclasses
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoequity.errors import ConfigError, DataWarning, GeoEquityError, SourceError
from geoequity.locale import LANGUAGES

_GDAL_AT_HOME = {
    "GDAL_SKIP": "WMS WFS OAPIF WMTS WCS HTTP",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",  # nobody answers there
    "GML_DOWNLOAD_SCHEMA": "NO",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
}

if TYPE_CHECKING:
    from geoequity.city import City
    from geoequity.study import Study


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Parameters
    ----------
    arguments
        Words after the command's name; those of the process by default.

    Returns
    -------
    status
        0 done, 1 bad input; wrong usage leaves through ``SystemExit`` with 2.
    """
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], Any] = options.command
    try:
        with warnings.catch_warnings(), _gdal_stays_here():
            # What was mended stands in the summary and is printed from there
            warnings.simplefilter("ignore", DataWarning)
            result = command(options)
    except GeoEquityError as error:
        if options.json:
            faults = list(getattr(error, "faults", ()))
            print(json.dumps({"error": str(error), "faults": faults}, ensure_ascii=False))
        else:
            print(f"geoequity: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        left = "whole files stay" if command is _fetch else "nothing was written"
        print(f"geoequity: stopped; {left}", file=sys.stderr)
        return 130
    if options.json:
        print(json.dumps(result, ensure_ascii=False, indent=1))
    return 0


@contextmanager
def _gdal_stays_here() -> Iterator[None]:
    """Keep GDAL from asking servers that files name: for rasters, schemas, a CRS."""
    mine = {key: value for key, value in _GDAL_AT_HOME.items() if key not in os.environ}
    os.environ.update(mine)
    try:
        yield
    finally:
        for key in mine:
            del os.environ[key]


def _parser() -> argparse.ArgumentParser:  # noqa: PLR0915 - a list
    """Describe the commands."""
    parser = argparse.ArgumentParser(
        prog="geoequity", description="For whom is this city smart? Maps and reports of the gap."
    )
    parser.add_argument("--version", action="version", version=_version())
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--quiet", action="store_true", help="print errors only")
    common.add_argument("--json", action="store_true", help="print the result as JSON")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], Any], text: str) -> Any:
        one = commands.add_parser(name, parents=[common], help=text, description=text)
        one.set_defaults(command=command)
        return one

    demo = add("demo", _demo, "run the main job on the fictitious demo city")
    _add_output_options(demo)
    run = add("run", _run, "assess a city and write tables, map and reports")
    run.add_argument("city", metavar="CITY", help="a city file, or the name of a preset")
    run.add_argument("--data", type=Path, metavar="DIR", help="where the files of the city lie")
    run.add_argument("--offline", action="store_true", help="never ask the network")
    _add_output_options(run)
    fetch = add("fetch", _fetch, "download the files that a city file gives a url for")
    fetch.add_argument(
        "city", metavar="CITY", help="a city file, a preset, or a place that OpenStreetMap knows"
    )
    fetch.add_argument("--data", type=Path, metavar="DIR", help="where the files of the city lie")
    fetch.add_argument("--check", action="store_true", help="only tell which sources answer")
    fetch.add_argument(
        "--refresh", action="store_true", help="look for newer versions of what was fetched"
    )
    fetch.add_argument("--offline", action="store_true", help="take what the cache holds")
    check = add("check", _check, "check a city file and its data without writing anything")
    check.add_argument("city", metavar="CITY", help="a city file, or the name of a preset")
    check.add_argument("--data", type=Path, metavar="DIR", help="where the files of the city lie")
    add("cities", _cities, "list the presets")
    listed = add("indicators", _indicators, "list the catalogue of indicators")
    listed.add_argument(
        "--imd", action="store_true", help="list what IMD asks residents, and how it is seen"
    )
    draw = add("map", _map, "draw the map of a study again")
    draw.add_argument("folder", type=Path, metavar="DIR", help="folder of a study")
    draw.add_argument("--language", choices=LANGUAGES, help="language the map opens in")
    draw.add_argument(
        "--basemap",
        nargs="?",
        const="",
        metavar="TILES",
        help="fetch an online basemap when the map is read [OpenStreetMap's]; off by default",
    )
    report = add("report", _report, "write the reports of a study again")
    report.add_argument("folder", type=Path, metavar="DIR", help="folder of a study")
    report.add_argument("--language", type=_languages, metavar="es,pt,en", help="languages")
    report.add_argument("--pdf", action="store_true", help="as PDF too, which wants the extra pdf")
    report.add_argument(
        "--template", type=Path, metavar="FILE", help="a Jinja template of your own"
    )
    report.add_argument("--logo", type=Path, metavar="FILE", help="a picture for its head")
    figures = add("figures", _figures, "write the figures of the report for slides and print")
    figures.add_argument("folder", type=Path, metavar="DIR", help="folder of a study")
    figures.add_argument("--language", type=_languages, metavar="es,pt,en", help="languages")
    change = add("change", _change, "tell what changed between two studies of one city")
    change.add_argument("old", type=Path, metavar="OLD", help="folder of the earlier study")
    change.add_argument("new", type=Path, metavar="NEW", help="folder of the later study")
    change.add_argument("--out", type=Path, metavar="DIR", help="folder [out/<city>-change]")
    change.add_argument("--language", type=_languages, metavar="es,pt,en", help="languages")
    scenario = add("scenario", _scenario, "assess a city with edits and write what they change")
    scenario.add_argument("city", metavar="CITY", help="a city file, or the name of a preset")
    scenario.add_argument("edits", type=Path, metavar="EDITS", help="edits, TOML or GeoJSON")
    scenario.add_argument(
        "--data", type=Path, metavar="DIR", help="where the files of the city lie"
    )
    scenario.add_argument("--out", type=Path, metavar="DIR", help="folder [out/<city>-scenario]")
    scenario.add_argument("--language", type=_languages, metavar="es,pt,en", help="languages")
    compare = add("compare", _compare, "set cities side by side, on what they share")
    compare.add_argument(
        "folders", type=Path, nargs="+", metavar="DIR", help="folders of the studies, two or more"
    )
    compare.add_argument("--out", type=Path, metavar="DIR", help="folder [out/compare]")
    compare.add_argument(
        "--language", type=_languages, metavar="es,pt,en", help="languages [all three]"
    )
    init = add("init", _init, "begin a city file from a boundary and what else is at hand")
    init.add_argument("boundary", type=Path, nargs="?", metavar="BOUNDARY", help="districts")
    init.add_argument("--osm", type=Path, metavar="FILE", help="extract of OpenStreetMap")
    init.add_argument(
        "--population", type=Path, metavar="FILE", help="raster, table or polygons of residents"
    )
    init.add_argument("--out", type=Path, metavar="FILE", help="city file to write [city.toml]")
    init.add_argument("--name", help="name of the city [that of the boundary file]")
    init.add_argument("--country", metavar="CC", help="two letters of its country")
    init.add_argument("--language", type=_languages, metavar="es,pt,en", help="languages")
    for column, text in (
        ("id", "of the districts' ids"),
        ("name", "of the districts' names"),
        ("key", "that names the district, in the table of residents"),
        ("population", "that counts residents"),
    ):
        init.add_argument(f"--{column}-column", metavar="COLUMN", help=f"column {text} [guessed]")
    init.add_argument(
        "--unchecked", action="store_true", help="write it even if its data are not in order"
    )
    batch = add("batch", _batch, "assess the cities of a batch file")
    batch.add_argument("file", type=Path, metavar="FILE", help="TOML with [[cities]]")
    batch.add_argument("--out", type=Path, metavar="DIR", help="folder [out/<file>]")
    batch.add_argument("--workers", type=_count, default=1, metavar="N", help="processes [1]")
    batch.add_argument("--scheduler", metavar="ADDR", help="of a dask scheduler, instead")
    _add_site(add("site", _site, "choose where new services would close the gap"))
    schema = add(
        "schema", _schema, "print the JSON Schema of a summary, change, comparison or siting"
    )
    schema.add_argument(
        "of",
        nargs="?",
        choices=("summary", "change", "compare", "siting"),
        default="summary",
        help="[summary]",
    )
    return parser


def _add_site(site: argparse.ArgumentParser) -> None:
    """Add what is asked of a siting."""
    site.add_argument("city", metavar="CITY", help="a city file, or the name of a preset")
    site.add_argument("--category", required=True, help="what is to open, such as clinic")
    site.add_argument("--count", type=int, metavar="N", help="how many sites at most")
    site.add_argument(
        "--objective",
        choices=("ede", "gap", "coverage", "mean", "p-center"),
        default="ede",
        help="what they are to be good at [ede]",
    )
    site.add_argument(
        "--within", type=float, metavar="MIN", help="minutes within which people are served"
    )
    site.add_argument(
        "--candidates", type=Path, metavar="FILE", help="points with id, name, capacity, price"
    )
    site.add_argument("--capacity", type=float, metavar="PEOPLE", help="places of a site")
    site.add_argument(
        "--budget", type=float, metavar="SUM", help="what the sites may cost together"
    )
    site.add_argument("--by", choices=("walk", "transit"), default="walk", help="[walk]")
    site.add_argument("--data", type=Path, metavar="DIR", help="where the files of the city lie")
    site.add_argument("--out", type=Path, metavar="DIR", help="folder [out/<city>-<category>]")
    site.add_argument("--language", type=_languages, metavar="es,pt,en", help="languages")


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add where and in which languages to write."""
    parser.add_argument("--out", type=Path, metavar="DIR", help="output folder [out/<city>]")
    parser.add_argument(
        "--language", type=_languages, metavar="es,pt,en", help="languages of map and reports"
    )
    parser.add_argument(
        "--no-pdf",
        action="store_true",
        help="leave the PDFs out, which are written where the extra pdf is installed",
    )


def _languages(text: str) -> tuple[str, ...]:
    """Parse a list of languages."""
    chosen = tuple(one.strip() for one in text.split(",") if one.strip())
    unknown = [one for one in chosen if one not in LANGUAGES]
    if unknown or not chosen:
        msg = f"languages are {', '.join(LANGUAGES)}, not {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return chosen


def _count(text: str) -> int:
    """Parse a number of processes."""
    if not text.isdecimal() or int(text) < 1:
        msg = f"a whole number from 1 on, not {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _version() -> str:
    """Name the installed version."""
    from geoequity import __version__  # noqa: PLC0415 - reads the metadata of the package

    return f"geoequity {__version__}"


def _city(options: argparse.Namespace, *, must_exist: bool = True) -> "City":
    """Open a city file or a preset."""
    from geoequity.city import City, presets  # noqa: PLC0415 - pydantic takes its time

    name = str(options.city)
    if name in presets():
        return City.preset(name, data=_folder(options), must_exist=must_exist)
    path = Path(name)
    if path.suffix != ".toml" and not path.exists():
        msg = f"{name}: neither a city file nor a preset; presets are {', '.join(presets())}"
        raise ConfigError(msg)
    return City.from_toml(path, data=_folder(options), must_exist=must_exist)


def _folder(options: argparse.Namespace) -> Path:
    """Tell where the files of a city lie: beside its city file, if nobody says otherwise."""
    from geoequity.city import default_folder, presets  # noqa: PLC0415 - pydantic takes its time

    if options.data is not None:
        return Path(options.data)
    name = str(options.city)
    if name == "demo":
        return presets()[name].parent
    return default_folder(name) if name in presets() else Path(name).parent


def _demo(options: argparse.Namespace) -> dict[str, Any]:
    """Run the demo city."""
    from geoequity.city import City  # noqa: PLC0415 - pydantic takes its time

    return _assess_and_write(City.preset("demo"), options)


def _run(options: argparse.Namespace) -> dict[str, Any]:
    """Run any city, its absent files downloaded first."""
    if not options.offline:
        _fetch_absent(options)
        return _assess_and_write(_city(options), options)
    with _no_probing():
        return _assess_and_write(_city(options), options)


@contextmanager
def _no_probing() -> Iterator[None]:
    """Keep urllib3, which folium imports, from trying a socket as it is imported."""
    import socket  # noqa: PLC0415 - here only

    had, socket.has_ipv6 = socket.has_ipv6, False
    try:
        yield
    finally:
        socket.has_ipv6 = had


def _fetch_absent(options: argparse.Namespace) -> None:
    """Download what is absent, where the city file says from where."""
    city = _city(options, must_exist=False)
    if not all(one.path.exists() for one in city.wanted()):
        _download(city, options)


def _fetch(options: argparse.Namespace) -> Any:
    """Download the files of a city, or tell which sources answer."""
    from geoequity import fetching  # noqa: PLC0415 - the network

    if not options.offline:
        _describe_place(options)
    city = _city(options, must_exist=False)
    if not city.wanted():
        msg = f"{city.file}: gives no url beside a path, so there is nothing to fetch"
        raise ConfigError(msg)
    if not options.check:
        return _download(city, options)
    if options.offline:
        msg = "--check asks the network, and --offline forbids it"
        raise ConfigError(msg)
    answers = fetching.check(city)
    if not _silent(options):
        for one in answers:
            says = [f"{key} {one[key]}" for key in ("rows", "size", "last_modified") if key in one]
            said = f"answers: {', '.join(says) or one['url']}" if one["answers"] else one["fault"]
            print(f"{one['file']}: {said}")
    return answers


def _describe_place(options: argparse.Namespace) -> None:
    """Write a city file where a place is named in place of one."""
    from geoequity.city import presets  # noqa: PLC0415 - pydantic takes its time
    from geoequity.places import describe, id_of  # noqa: PLC0415 - the network

    name = str(options.city)
    if name in presets() or name.endswith(".toml") or Path(name).exists():
        return
    options.data = options.data or Path(id_of(name))
    options.city = describe(name, folder=options.data)
    if not _silent(options):
        print(f"city file: {options.city}", file=sys.stderr)


def _download(city: "City", options: argparse.Namespace) -> list[dict[str, str]]:
    """Download the files of a city and say what became of each."""
    from geoequity import fetching  # noqa: PLC0415 - the network

    folder = _folder(options)
    folder.mkdir(parents=True, exist_ok=True)
    with _bytes(quiet=_silent(options)) as tell:
        fetched = fetching.fetch(
            city,
            data=folder,
            offline=options.offline,
            refresh=getattr(options, "refresh", False),
            tell=tell,
        )
    rows = [{**dataclasses.asdict(one), "path": str(one.path)} for one in fetched]
    if not _silent(options):
        for one in rows:
            print(f"{one['path']}: {one['status']}, {one['url']}", file=sys.stderr)
    return rows


def _assess_and_write(city: "City", options: argparse.Namespace) -> dict[str, Any]:
    """Assess a city and write everything into its folder, in one step at the end."""
    from geoequity.assessment import STAGES  # noqa: PLC0415 - heavy
    from geoequity.batch import assess_and_write  # noqa: PLC0415 - heavy

    folder = options.out or Path("out") / city.city.id
    languages = options.language or city.city.languages
    printed = not options.no_pdf and find_spec("typst") is not None
    with _progress(len(STAGES) + 2 + len(languages), quiet=_silent(options)) as tell:
        study = assess_and_write(city, folder, languages=languages, pdf=printed, tell=tell)
    place = folder.resolve()
    written = {
        "folder": str(place),
        "map": str(place / "map.html"),
        "reports": {one: str(place / f"report.{one}.html") for one in languages},
        "pdfs": {one: str(place / f"report.{one}.pdf") for one in languages if printed},
        "summary": str(place / "summary.json"),
        "warnings": list(study.summary["warnings"]),
    }
    if not _silent(options):
        _tell_result(study, written, language=languages[0])
    return written


def _tell_result(study: "Study", written: dict[str, Any], *, language: str) -> None:
    """Say what was found and where it lies."""
    for warning in written["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{study.summary['city']['name']}")
    for finding in study.summary["findings"]:
        print(f"  - {finding['text'][language]}")
    print(f"map:    {written['map']}")
    for path in written["reports"].values():
        print(f"report: {path}")
    print(f"tables: {written['folder']}")


def _check(options: argparse.Namespace) -> dict[str, Any]:
    """Read everything a city file names and say what was found."""
    from geoequity.collect import collect  # noqa: PLC0415 - heavy
    from geoequity.indicators import read_catalogue  # noqa: PLC0415 - heavy

    city = _city(options)
    found = collect(city, read_catalogue(city.catalogue_changes()))
    result: dict[str, Any] = {
        "city": city.city.id,
        "districts": len(found.districts),
        "cells": 0 if found.cells is None else len(found.cells),
        "sources": [book.as_dict() for book in found.records],
        "warnings": [one for book in found.records for one in book.warnings],
    }
    if not _silent(options):
        for one in result["sources"]:
            terms = one["licence"] or "licence not stated"
            print(f"{one['name']}: {one['rows_kept']} of {one['rows_read']} rows, {terms}")
        for warning in result["warnings"]:
            print(f"warning: {warning}", file=sys.stderr)
        print(f"{city.file}: in order")
    return result


def _cities(options: argparse.Namespace) -> list[dict[str, Any]]:
    """List the presets."""
    import tomllib  # noqa: PLC0415 - here only

    from geoequity.city import presets  # noqa: PLC0415 - pydantic takes its time

    listed = []
    for name, path in presets().items():
        block = tomllib.loads(path.read_text(encoding="utf-8"))["city"]
        listed.append({"preset": name, "name": block["name"], "country": block["country"]})
        if not _silent(options):
            print(f"{name:16} {block['name']} ({block['country']})")
    return listed


def _indicators(options: argparse.Namespace) -> list[dict[str, Any]]:
    """List the catalogue, or what IMD asks."""
    from geoequity.indicators import catalogue_table, read_catalogue  # noqa: PLC0415 - heavy

    if options.imd:
        return _imd_items(options)
    table = catalogue_table(read_catalogue())
    if not _silent(options):
        for key, row in table.iterrows():
            inside = row["role"] == "indicator"  # the others have no score, so no goalposts
            where = f"{row['pillar']}/{row['area']}" if inside else row["role"]
            posts = f"{row['worst']:g} to {row['best']:g}" if inside else "-"
            print(f"{key:30} {where:27} {row['unit']:26} {row['better']:6} {posts:10} ", end="")
            print(f"{row['label_en']} [{row['standards']}]")
    return json.loads(table.reset_index().to_json(orient="records"))


def _imd_items(options: argparse.Namespace) -> list[dict[str, Any]]:
    """List what IMD asks residents, and how it is seen."""
    from geoequity.indicators import imd_items  # noqa: PLC0415 - heavy

    items = imd_items()
    if not _silent(options):
        for one in items:
            where = f"{one.pillar}/{one.area}"
            ways = list(one.indicators)
            ways += [f"survey {one.survey}"] if one.survey else []
            ways += [f"not observable: {one.reason['en']}"] if one.reason else []
            print(f"{one.id:24} {where:27} {', '.join(ways)}")
    return [dataclasses.asdict(one) for one in items]


def _map(options: argparse.Namespace) -> dict[str, Any]:
    """Draw the map of a study again."""
    from geoequity import maps, outputs  # noqa: PLC0415 - heavy

    study = outputs.load(options.folder)
    language = options.language or study.summary["city"]["languages"][0]
    path = options.folder / "map.html"
    basemap = maps.OSM_TILES if options.basemap == "" else options.basemap
    maps.save_map(study, path, language=language, basemap=basemap)
    return _written(options, [path])


def _report(options: argparse.Namespace) -> dict[str, Any]:
    """Write the reports of a study again."""
    from geoequity import outputs, report  # noqa: PLC0415 - heavy

    if options.pdf and options.template:
        msg = "--pdf sets our own pages; with --template, print the page from a browser"
        raise ConfigError(msg)
    study, logo = outputs.load(options.folder), options.logo
    paths = []
    for language in options.language or study.summary["city"]["languages"]:
        paths.append(options.folder / f"report.{language}.html")
        report.write_report(
            study, paths[-1], language=language, template=options.template, logo=logo
        )
        if options.pdf:
            paths.append(options.folder / f"report.{language}.pdf")
            report.write_pdf(study, paths[-1], language=language, logo=logo)
    return _written(options, paths)


def _figures(options: argparse.Namespace) -> dict[str, Any]:
    """Write the figures of the reports of a study."""
    from geoequity import outputs, report  # noqa: PLC0415 - heavy

    study = outputs.load(options.folder)
    paths = []
    for language in options.language or study.summary["city"]["languages"][:1]:
        folder = options.folder / "figures" / language
        paths += report.write_figures(study, folder, language=language)
    return _written(options, paths)


def _change(options: argparse.Namespace) -> dict[str, Any]:
    """Set two studies of one city against each other and write what changed."""
    from geoequity import compare, outputs, report  # noqa: PLC0415 - heavy

    old, new = (outputs.load(one) for one in (options.old, options.new))
    found = compare.change(old, new)
    city = found.summary["city"]
    folder = options.out or Path("out") / f"{city['id']}-change"
    languages = options.language or city["languages"]
    with outputs.swap_in(folder, mark="change.json") as draft:
        outputs.write_change(found, draft)
        for language in languages:
            path = draft / f"change.{language}.html"
            report.write_change_report(found, path, language=language)
    place = folder.resolve()
    written = {
        "folder": str(place),
        "change": str(place / "change.json"),
        "table": str(place / "change.csv"),
        "reports": {one: str(place / f"change.{one}.html") for one in languages},
        "identical": found.summary["identical"],
        "named": len(found.summary["named"]),
        "warnings": list(found.summary["warnings"]),
    }
    if not _silent(options):
        for warning in written["warnings"]:
            print(f"warning: {warning}", file=sys.stderr)
        print(f"{city['name']}")
        for finding in found.summary["findings"]:
            print(f"  - {finding['text'][languages[0]]}")
        for path in written["reports"].values():
            print(f"report: {path}")
        print(f"tables: {written['folder']}")
    return written


def _scenario(options: argparse.Namespace) -> dict[str, Any]:
    """Assess a city with edits, and write the study and what the edits change."""
    from geoequity import compare, maps, outputs, report, scenario  # noqa: PLC0415 - heavy
    from geoequity.assessment import STAGES, assess  # noqa: PLC0415 - heavy

    edits = scenario.read_edits(options.edits)
    city = _city(options)
    folder = options.out or Path("out") / f"{city.city.id}-scenario"
    languages = options.language or city.city.languages
    total = 2 * len(STAGES) - 1 + 2 + 2 * len(languages)
    with (
        _progress(total, quiet=_silent(options)) as tell,
        outputs.swap_in(folder) as draft,
    ):
        before = assess(city, progress=tell, keep=True)
        after = scenario.apply(before, edits, name=str(options.edits), progress=tell)
        found = compare.change(before, after, **scenario.NOTABLE)
        tell("tables")
        outputs.write_tables(after, draft)
        outputs.write_change(found, draft)
        tell("map")
        maps.save_map(after, draft / "map.html", language=languages[0])
        for language in languages:
            tell(f"report {language}")
            report.write_report(after, draft / f"report.{language}.html", language=language)
            tell(f"change {language}")
            report.write_change_report(found, draft / f"change.{language}.html", language=language)
    place = folder.resolve()
    written = {
        "folder": str(place),
        "map": str(place / "map.html"),
        "reports": {one: str(place / f"report.{one}.html") for one in languages},
        "changes": {one: str(place / f"change.{one}.html") for one in languages},
        "change": str(place / "change.json"),
        "scenario": found.summary["scenario"],
        "warnings": list(after.summary["warnings"]),
    }
    if not _silent(options):
        for warning in written["warnings"]:
            print(f"warning: {warning}", file=sys.stderr)
        print(f"{after.summary['city']['name']}")
        for finding in found.summary["findings"]:
            print(f"  - {finding['text'][languages[0]]}")
        print(f"map:    {written['map']}")
        for path in written["changes"].values():
            print(f"report: {path}")
        print(f"tables: {written['folder']}")
    return written


def _compare(options: argparse.Namespace) -> dict[str, Any]:
    """Set cities side by side and write what can be compared."""
    from geoequity import compare, outputs, report  # noqa: PLC0415 - heavy

    found = compare.cities(_studies(options.folders))
    folder = options.out or Path("out") / "compare"
    languages = options.language or LANGUAGES
    with outputs.swap_in(folder, mark="compare.json") as draft:
        outputs.write_cities(found, draft)
        for language in languages:
            report.write_cities_report(found, draft / f"compare.{language}.html", language=language)
    place = folder.resolve()
    written = {
        "folder": str(place),
        "compare": str(place / "compare.json"),
        "table": str(place / "compare.csv"),
        "reports": {one: str(place / f"compare.{one}.html") for one in languages},
        "cities": list(found.summary["cities"]),
        "headline": found.summary["headline"],
        "indicators": len(found.summary["indicators"]),
    }
    if not _silent(options):
        for finding in found.summary["findings"]:
            print(f"  - {finding['text'][languages[0]]}")
        for path in written["reports"].values():
            print(f"report: {path}")
        print(f"tables: {written['folder']}")
    return written


def _studies(folders: Sequence[Path]) -> list["Study"]:
    """Read the folders of several cities, with every fault of any of them at once."""
    from geoequity import compare, outputs  # noqa: PLC0415 - heavy

    read, faults = {}, []
    for folder in dict.fromkeys(folders):
        try:
            read[str(folder)] = outputs.load(folder)
        except SourceError as error:
            faults.append(str(error))
    twice = [str(one) for one in dict.fromkeys(folders) if folders.count(one) > 1]
    faults += [f"{one}: stands twice" for one in twice]
    if len(read) > 1 or not faults:  # else what cannot be read is reason enough
        faults += compare.city_faults(read.values(), names=list(read))
    if faults:
        msg = "these folders cannot be set side by side"
        raise ConfigError(msg, faults=faults)
    return list(read.values())


def _init(options: argparse.Namespace) -> dict[str, Any]:
    """Begin a city file, asking for what is not given where somebody can answer."""
    from geoequity.starter import NOWHERE, Answers, write_city_file  # noqa: PLC0415 - heavy

    asked = options.boundary is None
    if asked and (_silent(options) or not sys.stdin.isatty()):
        print("geoequity init: name the file of the districts (BOUNDARY)", file=sys.stderr)
        raise SystemExit(2)
    boundary, osm, people = options.boundary, options.osm, options.population
    country = options.country
    if asked:
        boundary = _ask("file of the districts (GeoJSON, GeoPackage, shapefile)")
        osm = osm or _ask("extract of OpenStreetMap, or nothing")
        people = people or _ask("raster, table or polygons of residents, or nothing")
        country = country or str(_ask("two letters of the country, or nothing") or "")
    columns = {
        one: getattr(options, f"{one}_column") for one in ("id", "name", "key", "population")
    }
    path = options.out or Path("city.toml")
    made = write_city_file(
        Answers(
            boundary=boundary or Path(),
            osm=osm,
            population=people,
            name=options.name,
            country=(country or NOWHERE).upper(),
            columns={key: value for key, value in columns.items() if value},
            **({"languages": options.language} if options.language else {}),
        ),
        path,
        unchecked=options.unchecked,
    )
    if not _silent(options):
        for guess in made.guesses:
            print(f"guessed {guess}")
        for one in made.open:
            print(f"to fill in: {one}")
        print(f"{path}: written; geoequity run {path} writes map, report and tables")
    return {"file": str(path.resolve()), "guessed": list(made.guesses), "open": list(made.open)}


def _ask(what: str) -> Path | None:
    """Ask for one thing; nothing is an answer too."""
    answer = input(f"{what}: ").strip()
    return Path(answer) if answer else None


def _batch(options: argparse.Namespace) -> dict[str, Any]:
    """Assess many cities."""
    from geoequity import batch  # noqa: PLC0415 - heavy

    jobs, retries = batch.read_batch(options.file)
    with _progress(len(jobs), quiet=_silent(options)) as tell:
        found = batch.run(
            jobs,
            out=options.out or Path("out") / options.file.stem,
            workers=options.workers,
            scheduler=options.scheduler,
            retries=retries,
            tell=tell,
        )
    if found.failed:
        faults = [f"{one}: {found.entries[one].error}" for one in found.failed]
        msg = f"{found.folder / batch.LEDGER}: {len(faults)} of {len(jobs)} cities failed"
        raise ConfigError(msg, faults=faults)
    if not _silent(options):
        print(f"{len(jobs)} cities, {len(found.kept)} of them kept from earlier: {found.folder}")
    return {
        "folder": str(found.folder),
        "ledger": str(found.folder / batch.LEDGER),
        "cities": {name: dataclasses.asdict(one) for name, one in found.entries.items()},
        "kept": found.kept,
    }


def _site(options: argparse.Namespace) -> dict[str, Any]:
    """Choose sites and write what they would change."""
    from geoequity import outputs, report  # noqa: PLC0415 - heavy
    from geoequity.assessment import ground  # noqa: PLC0415 - heavy
    from geoequity.placing import Ask, place  # noqa: PLC0415 - heavy
    from geoequity.sources.candidates import read_candidates  # noqa: PLC0415 - heavy

    city = _city(options)
    asked = {
        one: getattr(options, one) for one in ("count", "objective", "budget", "capacity", "by")
    }
    ask = Ask(**asked, within_min=options.within)
    folder = options.out or Path("out") / f"{city.city.id}-{options.category}"
    languages = options.language or city.city.languages
    with (
        _progress(3, quiet=_silent(options)) as tell,
        outputs.swap_in(folder, mark="siting.json") as draft,
    ):
        tell("read")
        found = ground(city, category=options.category)
        own = options.candidates and read_candidates(options.candidates, crs=found.districts.crs)
        tell("site")
        placing = place(found, ask, candidates=own)
        tell("report")
        outputs.write_siting(placing, draft)
        for language in languages:
            path = draft / f"site.{language}.html"
            report.write_siting_report(placing, path, language=language)
    where = folder.resolve()
    written: dict[str, Any] = {
        "folder": str(where),
        "siting": str(where / "siting.json"),
        "table": str(where / "siting.csv"),
        "sites": str(where / "sites.geojson"),
        "edits": str(where / "edits.toml"),
        "reports": {one: str(where / f"site.{one}.html") for one in languages},
        "result": dict(placing.summary["result"]),
    }
    if not _silent(options):
        print(f"{city.city.name}")
        for finding in placing.summary["findings"]:
            print(f"  - {finding['text'][languages[0]]}")
        for page in written["reports"].values():
            print(f"report: {page}")
        print(f"tables: {written['folder']}")
    return written


def _written(options: argparse.Namespace, paths: list[Path]) -> dict[str, Any]:
    """Say which files were written."""
    listed = [str(one.resolve()) for one in paths]
    if not _silent(options):
        print("\n".join(listed))
    return {"written": listed}


def _schema(options: argparse.Namespace) -> dict[str, Any]:
    """Print the schema of a summary, of a change, or of cities side by side."""
    from geoequity.outputs import summary_schema  # noqa: PLC0415 - heavy

    schema = summary_schema(options.of)
    if not options.json:  # it is JSON either way
        print(json.dumps(schema, ensure_ascii=False, indent=1))
    return schema


def _silent(options: argparse.Namespace) -> bool:
    """Tell whether people-readable output is unwanted."""
    return bool(options.quiet or options.json)


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show how far a run is, on standard error."""
    if quiet:
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - long work only
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.completed}/{task.total} {task.description}"))
    console = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("start", total=total)
        begun = 0

        def tell(stage: str) -> None:
            nonlocal begun
            begun += 1
            bar.update(task, completed=begun, description=stage)
            if not console.is_terminal:  # a log file gets one line a stage instead of a bar
                print(f"{begun}/{total} {stage}", file=sys.stderr)

        yield tell


@contextmanager
def _bytes(*, quiet: bool) -> Iterator[Callable[[str, int, int | None], None]]:
    """Show how far downloads are, on standard error."""
    from rich.console import Console  # noqa: PLC0415 - long work only

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda *_: None
        return
    from rich.progress import DownloadColumn, Progress, TextColumn, TransferSpeedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def tell(source: str, done: int, total: int | None) -> None:
            if source not in tasks:
                tasks[source] = bar.add_task(source, total=total)
            bar.update(tasks[source], completed=done, total=total)

        yield tell


if __name__ == "__main__":
    sys.exit(main())
