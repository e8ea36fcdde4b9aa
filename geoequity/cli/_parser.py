"""What can be typed."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from geoequity.cli import _beside, _getting, _lists, _plans, _studies
from geoequity.locale import LANGUAGES


def parser() -> argparse.ArgumentParser:  # noqa: PLR0915 - a list
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

    cache = add("cache", _lists.cache, "tell what results of earlier runs take, or remove them")
    cache.add_argument("action", nargs="?", choices=("clear",), help="remove them; downloads stay")
    _add_cache(cache, optional=False)
    demo = add("demo", _studies.demo, "run the main job on the fictitious demo city")
    _add_output_options(demo)
    run = add("run", _studies.run, "assess a city and write tables, map and reports")
    run.add_argument("city", metavar="CITY", help="a city file, or the name of a preset")
    run.add_argument("--data", type=Path, metavar="DIR", help="where the files of the city lie")
    run.add_argument("--offline", action="store_true", help="never ask the network")
    _add_output_options(run)
    fetch = add("fetch", _getting.fetch, "download the files that a city file gives a url for")
    fetch.add_argument(
        "city", metavar="CITY", help="a city file, a preset, or a place that OpenStreetMap knows"
    )
    fetch.add_argument("--data", type=Path, metavar="DIR", help="where the files of the city lie")
    fetch.add_argument("--check", action="store_true", help="only tell which sources answer")
    fetch.add_argument(
        "--refresh", action="store_true", help="look for newer versions of what was fetched"
    )
    fetch.add_argument("--offline", action="store_true", help="take what the cache holds")
    check = add("check", _studies.check, "check a city file and its data without writing anything")
    check.add_argument("city", metavar="CITY", help="a city file, or the name of a preset")
    check.add_argument("--data", type=Path, metavar="DIR", help="where the files of the city lie")
    add("cities", _lists.cities, "list the presets")
    listed = add("indicators", _lists.indicators, "list the catalogue of indicators")
    listed.add_argument(
        "--imd", action="store_true", help="list what IMD asks residents, and how it is seen"
    )
    draw = add("map", _studies.draw_map, "draw the map of a study again")
    draw.add_argument("folder", type=Path, metavar="DIR", help="folder of a study")
    draw.add_argument("--language", choices=LANGUAGES, help="language the map opens in")
    draw.add_argument(
        "--basemap",
        nargs="?",
        const="",
        metavar="TILES",
        help="fetch an online basemap when the map is read [OpenStreetMap's]; off by default",
    )
    report = add("report", _studies.write_reports, "write the reports of a study again")
    report.add_argument("folder", type=Path, metavar="DIR", help="folder of a study")
    report.add_argument("--language", type=_languages, metavar="es,pt,en", help="languages")
    report.add_argument("--pdf", action="store_true", help="as PDF too, which wants the extra pdf")
    report.add_argument(
        "--template", type=Path, metavar="FILE", help="a Jinja template of your own"
    )
    report.add_argument("--logo", type=Path, metavar="FILE", help="a picture for its head")
    figures = add(
        "figures", _studies.write_figures, "write the figures of the report for slides and print"
    )
    figures.add_argument("folder", type=Path, metavar="DIR", help="folder of a study")
    figures.add_argument("--language", type=_languages, metavar="es,pt,en", help="languages")
    change = add("change", _beside.change, "tell what changed between two studies of one city")
    change.add_argument("old", type=Path, metavar="OLD", help="folder of the earlier study")
    change.add_argument("new", type=Path, metavar="NEW", help="folder of the later study")
    change.add_argument("--out", type=Path, metavar="DIR", help="folder [out/<city>-change]")
    change.add_argument("--language", type=_languages, metavar="es,pt,en", help="languages")
    scenario = add(
        "scenario", _plans.scenario, "assess a city with edits and write what they change"
    )
    scenario.add_argument("city", metavar="CITY", help="a city file, or the name of a preset")
    scenario.add_argument("edits", type=Path, metavar="EDITS", help="edits, TOML or GeoJSON")
    scenario.add_argument(
        "--data", type=Path, metavar="DIR", help="where the files of the city lie"
    )
    scenario.add_argument("--out", type=Path, metavar="DIR", help="folder [out/<city>-scenario]")
    _add_cache(scenario)
    scenario.add_argument("--language", type=_languages, metavar="es,pt,en", help="languages")
    compare = add("compare", _beside.compare, "set cities side by side, on what they share")
    compare.add_argument(
        "folders", type=Path, nargs="+", metavar="DIR", help="folders of the studies, two or more"
    )
    compare.add_argument("--out", type=Path, metavar="DIR", help="folder [out/compare]")
    compare.add_argument(
        "--language", type=_languages, metavar="es,pt,en", help="languages [all three]"
    )
    init = add("init", _getting.init, "begin a city file from a boundary and what else is at hand")
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
    batch = add("batch", _beside.batch, "assess the cities of a batch file")
    batch.add_argument("file", type=Path, metavar="FILE", help="TOML with [[cities]]")
    batch.add_argument("--out", type=Path, metavar="DIR", help="folder [out/<file>]")
    _add_cache(batch)
    batch.add_argument("--workers", type=_count, default=1, metavar="N", help="processes [1]")
    batch.add_argument("--scheduler", metavar="ADDR", help="of a dask scheduler, instead")
    _add_site(add("site", _plans.site, "choose where new services would close the gap"))
    schema = add(
        "schema", _lists.schema, "print the JSON Schema of a summary, change, comparison or siting"
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
    _add_cache(site)
    site.add_argument("--out", type=Path, metavar="DIR", help="folder [out/<city>-<category>]")
    site.add_argument("--language", type=_languages, metavar="es,pt,en", help="languages")


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add where and in which languages to write, and whether to make everything anew."""
    _add_cache(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="output folder [out/<city>]")
    parser.add_argument(
        "--language", type=_languages, metavar="es,pt,en", help="languages of map and reports"
    )
    parser.add_argument(
        "--no-pdf",
        action="store_true",
        help="leave the PDFs out, which are written where the extra pdf is installed",
    )
    parser.add_argument(
        "--stages", action="store_true", help="tell the time and memory that each stage took"
    )


def _add_cache(parser: argparse.ArgumentParser, *, optional: bool = True) -> None:
    """Add where results of earlier runs are kept."""
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="where results of earlier runs are kept"
    )
    if optional:
        parser.add_argument(
            "--no-cache", action="store_true", help="make everything anew, and keep nothing"
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
