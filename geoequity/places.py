"""
Write a city file for a place that OpenStreetMap knows by its name.

A first look at any city: its districts are those that the map draws inside it,
and streets, services and stops are the map's. What the map does not know, such
as how many people live where, is for the reader to add.
"""

import json
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from geoequity.errors import SourceError
from geoequity.fetching import providers
from geoequity.sources._addresses import parse, plain, told
from geoequity.sources._remote import Client, Patience
from geoequity.sources.portals import as_documented

_POLITE = Patience(read_s=120, head_s=180, gap_s=1.5)
_FEWEST = 3  # districts that a study can compare
_TEXT = """\
# {name}: districts and map of OpenStreetMap, written by geoequity fetch. A first look, to be
# completed: people ([cells], or [[tables]] with population), timetables ([transit] gtfs),
# internet ([[connectivity]]).

[city]
id = {id}
name = {name}
country = {country}

[sources.osm]
provider = "OpenStreetMap contributors"
licence = "ODbL-1.0"
citation = "© OpenStreetMap contributors"

[districts]  # {count} of administrative level {level}
path = "districts.geojson"
url = {districts}
source = "osm"
id = "osm_id"
name = "name"

[osm]
path = "map.json"
url = {map}
source = "osm"
"""


def describe(
    place: str,
    *,
    folder: Path,
    client: Client | None = None,
    nominatim: str | None = None,
    overpass: str | None = None,
) -> Path:
    """
    Write a city file for a place, from which its data can be fetched.

    Parameters
    ----------
    place
        Name that OpenStreetMap knows, such as ``"Valparaíso, Chile"``.
    folder
        Where to write ``city.toml``; one that is there is left alone.
    client
        What asks, in place of one that may ask the two services.
    nominatim, overpass
        Addresses of the services; by default those of the table of providers.

    Returns
    -------
    file
        The city file.

    Raises
    ------
    SourceError
        If no place with borders has this name, or the map draws no districts
        inside it.
    """
    file = folder / "city.toml"
    if file.exists():
        return file
    table = providers()
    search = nominatim or table["nominatim"]["address"]
    server = overpass or table["openstreetmap"]["address"]
    hosts = [parse(one, source=place).host or "" for one in (search, server)]
    door = client or Client(hosts, patience=_POLITE)
    with as_documented(f"{place}: {told(search)}"):
        found = _found(door, search, place)
    with as_documented(f"{place}: {told(server)}"):
        level, count = _level(door, server, int(found["osm_id"]), place)
    text = _text(found, place, server=server, level=level, count=count)
    folder.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
    return file


def id_of(place: str) -> str:
    """
    Make an id of a name.

    Parameters
    ----------
    place
        Any name.

    Returns
    -------
    id
        Small letters, digits and underscores, a letter first.
    """
    bare = unicodedata.normalize("NFKD", place.partition(",")[0]).encode("ascii", "ignore")
    slug = re.sub(r"[^a-z0-9]+", "_", bare.decode().lower()).strip("_")
    return slug if slug[:1].isalpha() else f"place_{slug}".rstrip("_")


def _found(door: Client, search: str, place: str) -> dict[str, Any]:
    """Look a name up: the first place that has borders."""
    query = {"q": place, "format": "jsonv2", "addressdetails": "1", "limit": "10"}
    answer = json.loads(door.ask(f"{search}?{urlencode(query)}", source=place))
    for one in answer:
        if one["osm_type"] == "relation" and one["category"] == "boundary":
            return one
    others = ", ".join(plain(str(one["display_name"]), limit=60) for one in answer[:3])
    msg = (
        f"{place}: no place of this name has borders in OpenStreetMap; there is {others or 'none'}"
    )
    raise SourceError(msg, source=place)


def _level(door: Client, server: str, relation: int, place: str) -> tuple[int, int]:
    """Find the coarsest level of districts inside a place, and how many there are."""
    query = f"[out:json][timeout:60];rel({relation});{_inside('')}out tags;"
    answer = json.loads(door.ask(f"{server}?{urlencode({'data': query})}", source=place))
    levels: Counter[int] = Counter()
    own = 0
    for one in answer["elements"]:
        text = str((one.get("tags") or {}).get("admin_level", ""))
        if text.isdecimal() and one["id"] == relation:
            own = int(text)
        elif text.isdecimal():
            levels[int(text)] += 1
    inside = {level: levels[level] for level in sorted(levels) if level > own}
    for level, count in inside.items():
        if count >= _FEWEST:
            return level, count
    listed = ", ".join(f"{count} of level {level}" for level, count in inside.items()) or "none"
    msg = f"{place}: OpenStreetMap draws no {_FEWEST} districts of a level inside it, but {listed}"
    raise SourceError(msg, source=place)


def _inside(level: str) -> str:
    """Ask for the administrative areas inside the one asked for before."""
    which = f'["admin_level"="{level}"]' if level else '["admin_level"]'
    return f'map_to_area->.a;rel(area.a)["boundary"="administrative"]{which};'


def _text(found: dict[str, Any], place: str, *, server: str, level: int, count: int) -> str:
    """Write the city file."""
    country = str((found.get("address") or {}).get("country_code", "")).upper()
    if not re.fullmatch(r"[A-Z]{2}", country):
        country = "XX"
    name = plain(str(found.get("name") or "") or place.partition(",")[0])
    query = f"[out:json][timeout:180];rel({int(found['osm_id'])});{_inside(str(level))}out geom;"
    return _TEXT.format(
        id=_toml(id_of(place)),
        name=_toml(name),
        country=_toml(country),
        count=count,
        level=level,
        districts=_toml(f"{server}?{urlencode({'data': query})}"),
        map=_toml(server),
    )


def _toml(text: str) -> str:
    """Write a text as TOML does."""
    return json.dumps(text, ensure_ascii=False)
