"""Commands that get data or a city file."""

import argparse
import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoequity.cli._opening import city_of, folder_of
from geoequity.cli._terminal import bytes_done, silent
from geoequity.errors import ConfigError

if TYPE_CHECKING:
    from geoequity.city import City


def fetch_absent(options: argparse.Namespace) -> None:
    """Download what is absent, once it is sure that what nobody offers is there."""
    city = city_of(options, must_exist=False)
    if all(one.path.exists() for one in city.wanted()):
        return
    if not all(one.exists() for one in city.by_hand()):
        city_of(options)  # says at once which are absent, and which of them fetch downloads
    _download(city, options, wait=_say_waiting)


def _say_waiting(said: str) -> None:
    """Say for whom this run waits."""
    print(f"geoequity: {said}; waiting for it to end", file=sys.stderr)


def fetch(options: argparse.Namespace) -> Any:
    """Download the files of a city, or tell which sources answer."""
    from geoequity import fetching  # noqa: PLC0415 - the network

    if not options.offline:
        _describe_place(options)
    city = city_of(options, must_exist=False)
    if not city.wanted():
        msg = f"{city.file}: gives no url beside a path, so there is nothing to fetch"
        raise ConfigError(msg)
    if not options.check:
        rows = _download(city, options)
        if not silent(options):
            _tell_by_hand(city)
        return rows
    if options.offline:
        msg = "--check asks the network, and --offline forbids it"
        raise ConfigError(msg)
    answers = fetching.check(city)
    if not silent(options):
        for one in answers:
            says = [f"{key} {one[key]}" for key in ("rows", "size", "last_modified") if key in one]
            said = f"answers: {', '.join(says) or one['url']}" if one["answers"] else one["fault"]
            read = f" (address read {one['url_read']})" if one["url_read"] else ""
            print(f"{one['file']}: {said}{read}")
        _tell_by_hand(city)
    return answers


def _tell_by_hand(city: "City") -> None:
    """Say which files that are absent no address is known for."""
    for path in city.by_hand():
        if not path.exists():
            print(f"{path.name}: absent, and nobody is known to offer it; bring it by hand")


def _describe_place(options: argparse.Namespace) -> None:
    """Write a city file where a place is named in place of one."""
    from geoequity.city import presets  # noqa: PLC0415 - pydantic takes its time
    from geoequity.places import describe, id_of  # noqa: PLC0415 - the network

    name = str(options.city)
    if name in presets() or name.endswith(".toml") or Path(name).exists():
        return
    options.data = options.data or Path(id_of(name))
    options.city = describe(name, folder=options.data)
    if not silent(options):
        print(f"city file: {options.city}", file=sys.stderr)


def _download(
    city: "City", options: argparse.Namespace, *, wait: Callable[[str], None] | None = None
) -> list[dict[str, str]]:
    """Download the files of a city and say what became of each."""
    from geoequity import fetching  # noqa: PLC0415 - the network

    with bytes_done(quiet=silent(options)) as tell:
        fetched = fetching.fetch(
            city,
            data=folder_of(options),
            offline=options.offline,
            refresh=getattr(options, "refresh", False),
            tell=tell,
            wait=wait,
        )
    rows = [{**dataclasses.asdict(one), "path": str(one.path)} for one in fetched]
    if not silent(options):
        for one in rows:
            print(f"{one['path']}: {one['status']}, {one['url']}", file=sys.stderr)
    return rows


def init(options: argparse.Namespace) -> dict[str, Any]:
    """Begin a city file, asking for what is not given where somebody can answer."""
    from geoequity.starter import NOWHERE, Answers, write_city_file  # noqa: PLC0415 - heavy

    asked = options.boundary is None
    if asked and (silent(options) or not sys.stdin.isatty()):
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
    if not silent(options):
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
