"""
A first city file: written from a boundary, and what else there is at hand.

Columns are guessed by what they hold and what they are called, every guess is
said, and the file is written only if it can be read back as it stands.
"""

import json
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from geoequity.city import City
from geoequity.collect import collect
from geoequity.errors import ConfigError, DataError, GeoEquityError, shown
from geoequity.indicators import read_catalogue
from geoequity.sources.files import Record, numbers, plain_name, read_table, text_ids
from geoequity.sources.layers import read_layer
from geoequity.sources.spec import RASTER_SUFFIXES, FileSpec, Origin

NOWHERE = "XX"  # the code that ISO 3166 leaves to users: a country still to be named
_IDS = ("id", "cod", "codigo", "code", "cve", "clave", "geoid", "gid", "key", "fid", "objectid")
_NAMES = (
    "name", "nombre", "nome", "nom", "nomgeo", "label", "barrio", "bairro", "comuna", "distrito",
    "district", "localidad", "alcaldia", "colonia", "regiao", "neighbourhood",
)  # fmt: skip
_PEOPLE = (
    "population", "poblacion", "populacao", "pop", "pob", "residents", "habitantes", "moradores",
    "inhabitants", "personas", "persons", "pessoas", "hab",
)  # fmt: skip
_TABLES = (".csv", ".tsv", ".txt", ".xlsx")
_GRID = "h3:9"  # cells of some 0.1 km2, where a raster counts people
_MATCHED = 0.8  # share of districts that a key column must name


@dataclass(frozen=True, kw_only=True)
class Answers:
    """
    What is known of a city that has no city file yet.

    Parameters
    ----------
    boundary
        File of its districts.
    osm
        Extract of OpenStreetMap; None without one.
    population
        Raster of people, table of districts, or polygons with residents; None
        without one.
    name
        Of the city; the boundary file's by default.
    country
        ISO 3166-1 alpha-2; ``XX`` while it is not named.
    languages
        Of its reports.
    columns
        Columns that must not be guessed: ``id`` and ``name`` of the districts,
        ``key`` and ``population`` of the file of residents.
    """

    boundary: Path
    osm: Path | None = None
    population: Path | None = None
    name: str | None = None
    country: str = NOWHERE
    languages: tuple[str, ...] = ("es", "pt", "en")
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """
    A city file that is proposed.

    Parameters
    ----------
    text
        Its TOML, with comments.
    guesses
        What was guessed, and from what, a sentence each.
    open
        What is still to be filled in, a sentence each.
    """

    text: str
    guesses: tuple[str, ...]
    open: tuple[str, ...]


def draft(answers: Answers, *, folder: Path) -> Draft:
    """
    Propose a city file.

    Parameters
    ----------
    answers
        What is known.
    folder
        Where the city file will lie; paths in it start from there.

    Returns
    -------
    draft
        The file, what was guessed, and what is open.

    Raises
    ------
    ConfigError
        If a file is not there or a column cannot be guessed; every fault at once.
    SourceError
        If a file cannot be read.
    DataError
        If a column that is named is not there.
    """
    files = {"boundary": answers.boundary, "osm": answers.osm, "population": answers.population}
    absent = [
        f"{key}: no file {path}"
        for key, path in files.items()
        if path is not None and not path.exists()
    ]
    if absent:
        msg = "a city file cannot be begun"
        raise ConfigError(msg, faults=absent)
    guesses: list[str] = []
    spec = FileSpec(path=answers.boundary)
    layer = read_layer(spec, record=_record(answers.boundary))
    table = pd.DataFrame(layer.drop(columns=layer.geometry.name))
    identity = answers.columns.get("id") or _guess_id(
        table, answers.boundary, guesses, of="districts"
    )
    called = answers.columns.get("name") or _guess_name(table, identity, guesses)
    for one in filter(None, (identity, called)):
        _check_column(table, one, answers.boundary)
    blocks = [_head(answers), _districts(answers, identity, called, folder)]
    if answers.population is not None:
        ids = text_ids(table[identity])
        names = text_ids(table[called]) if called else ids
        blocks.append(_people(answers, ids, names, guesses, folder))
    if answers.osm is not None:
        blocks.append(_map(answers.osm, folder))
    blocks.append(_MORE)
    return Draft(text="\n".join(blocks), guesses=tuple(guesses), open=tuple(_still_open(answers)))


def write_city_file(answers: Answers, path: Path, *, unchecked: bool = False) -> Draft:
    """
    Write a first city file, if it can be read back as it stands.

    Parameters
    ----------
    answers
        What is known.
    path
        The city file to write; never one that is there.
    unchecked
        Write it even if its data are not in order, to be mended by hand.

    Returns
    -------
    draft
        What was written, guessed and left open.

    Raises
    ------
    ConfigError
        If the file is there already, or as in :func:`draft`.
    GeoEquityError
        If the data that it names are not in order, and `unchecked` does not say
        to write it anyway; nothing is written then.
    """
    if path.exists():
        msg = f"{path}: is there already, and is not overwritten; name another file"
        raise ConfigError(msg)
    if not path.parent.is_dir():
        msg = f"{path.parent}: no such folder"
        raise ConfigError(msg)
    made = draft(answers, folder=path.parent)
    beside = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        beside.write_text(made.text, encoding="utf-8")
        if not unchecked:
            city = City.from_toml(beside)
            collect(city, read_catalogue(city.catalogue_changes()))
        beside.rename(path)
    except GeoEquityError as error:
        said = str(error).replace(str(beside), str(path))
        msg = f"{path}: not written, as its data are not in order yet"
        hint = "--unchecked writes it as it stands, to be mended by hand"
        raise ConfigError(msg, faults=[said, hint]) from error
    finally:
        beside.unlink(missing_ok=True)
    return made


def _record(path: Path) -> Record:
    """Take notes that nobody keeps."""
    return Record(name="init", path=path, origin=Origin())


def _check_column(table: pd.DataFrame, column: str, path: Path) -> None:
    """Refuse a column that is not there."""
    if column not in table.columns:
        msg = f"{path}: no column {column!r}; there are {shown(table.columns)}"
        raise DataError(msg)


def _fits(column: str, words: Iterable[str]) -> int | None:
    """Tell the place of the first word that a column is called by; None for none."""
    parts = plain_name(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)).split()
    whole = "".join(parts)
    for place, word in enumerate(words):
        if word in parts or whole == word or (len(word) > 3 and whole.startswith(word)):  # noqa: PLR2004 - no chance
            return place
    return None


def _first(columns: Iterable[str], words: Iterable[str]) -> str | None:
    """Choose the column that is called by the earliest of some words."""
    fits = {one: place for one in columns if (place := _fits(str(one), words)) is not None}
    return min(fits, key=lambda one: fits[one]) if fits else None


def _guess_id(table: pd.DataFrame, path: Path, guesses: list[str], *, of: str) -> str:
    """Choose the column of ids: one that differs in every row."""
    whole = [
        str(one)
        for one in table.columns
        if table[one].notna().all() and text_ids(table[one]).is_unique
    ]
    if not whole:
        repeated = [
            f"{one} ({int(text_ids(table[one]).duplicated().sum())} repeated)"
            for one in table.columns
        ]
        msg = f"{path}: no column tells every row from the others; name one that does"
        raise ConfigError(msg, faults=[f"columns: {', '.join(repeated) or 'none'}"])
    called = _first(whole, _IDS)
    text = [one for one in whole if not pd.api.types.is_float_dtype(table[one])]
    chosen = called or (text or whole)[0]
    why = "is called so and" if called else "is the first that"
    guesses.append(f"{of}.id: {chosen}, which {why} differs in all {len(table)} rows")
    return chosen


def _guess_name(table: pd.DataFrame, identity: str, guesses: list[str]) -> str | None:
    """Choose the column of names: words, hardly ever the same."""
    words = [
        str(one)
        for one in table.columns
        if one != identity and table[one].notna().any() and _is_words(table[one])
    ]
    distinct = [one for one in words if table[one].nunique() > _MATCHED * len(table)]
    # The name of the municipality may stand in each row, and comes first in many files
    called = _first(distinct, _NAMES) or (None if distinct else _first(words, _NAMES))
    chosen = called or (distinct[0] if distinct else None)
    if chosen is None:
        guesses.append("districts.name: none, as no column holds words; the id stands in")
        return None
    why = "is called so" if called else "holds words that hardly repeat"
    guesses.append(
        f"districts.name: {chosen}, which {why}, such as {table[chosen].dropna().iloc[0]}"
    )
    return chosen


def _is_words(values: pd.Series) -> bool:
    """Tell names from numbers and codes."""
    texts = values.dropna().astype(str)
    return bool(texts.str.contains(r"[^\W\d_]{3}", regex=True).mean() > _MATCHED)


def _path(path: Path, folder: Path) -> str:
    """Write a path as seen from the city file, quoted."""
    return _quoted(Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix())


def _quoted(text: str) -> str:
    """Write a text as TOML does."""
    return json.dumps(text, ensure_ascii=False)


def _slug(name: str) -> str:
    """Make an id of a name."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "_", letters.casefold()).strip("_")
    return slug if slug[:1].isalpha() else f"city_{slug}".rstrip("_")


def _head(answers: Answers) -> str:
    """Begin with the city itself."""
    name = answers.name or answers.boundary.stem.replace("_", " ").replace("-", " ").title()
    languages = ", ".join(_quoted(one) for one in answers.languages)
    country = _quoted(answers.country)
    if answers.country == NOWHERE:
        country += '  # still to be named: two letters, such as "CO"'
    return f"""\
# A first city file, to be completed. Paths start from where this file lies.
# geoequity check reads everything it names; geoequity run writes map, report and tables.

[city]
id = {_quoted(_slug(name))}  # also the name of the output folder
name = {_quoted(name)}
country = {country}
languages = [{languages}]
# imd_2025_rank = 118  # where the IMD index ranks the city

# [question]  # what this city asks; the report answers it with these indicators
# text.en = "Who can walk to a clinic?"
# indicators = ["clinic_walk_min"]
"""


_TERMS = """\
# provider = ""        # who publishes it
# licence = ""         # such as "CC-BY-4.0"; outputs name it
# reference_year = 2024  # the year it speaks of
# citation = ""
"""


def _districts(answers: Answers, identity: str, called: str | None, folder: Path) -> str:
    """Describe the districts."""
    name = f"name = {_quoted(called)}\n" if called else ""
    return f"""\
[districts]  # the neighbourhoods in which findings are stated
path = {_path(answers.boundary, folder)}
id = {_quoted(identity)}
{name}{_TERMS}"""


def _people(
    answers: Answers, ids: pd.Series, names: pd.Series, guesses: list[str], folder: Path
) -> str:
    """Describe where residents are counted: on a raster, in polygons or in a table."""
    path = answers.population or Path()
    if path.suffix.lower() in RASTER_SUFFIXES:
        guesses.append(f"cells: hexagons of H3 level 9, with the people of {path.name}")
        return f"""\
[cells]  # where people live: hexagons, with the people of a raster
path = "{_GRID}"
population = {_path(path, folder)}
{_TERMS}"""
    spec = _table_spec(path, guesses)
    table = read_table(spec, record=_record(path))
    column = answers.columns.get("population") or _guess_people(table, path, guesses)
    _check_column(table, column, path)
    if "geometry" in table.columns and path.suffix.lower() not in _TABLES:
        inner = table.drop(columns="geometry")
        identity = answers.columns.get("key") or _guess_id(inner, path, guesses, of="cells")
        _check_column(inner, identity, path)
        return f"""\
[cells]  # where people live
path = {_path(path, folder)}
id = {_quoted(identity)}
population = {_quoted(column)}
{_TERMS}"""
    key, join = _guess_key(table, answers, ids, names, guesses)
    return f"""\
[[tables]]  # residents by district
path = {_path(path, folder)}
{"" if spec.separator is None else f"separator = {_quoted(spec.separator)}" + chr(10)}\
key = {_quoted(key)}
join = "{join}"  # what of the district the key is
columns.population = {{ column = {_quoted(column)}, unit = "count" }}
{_TERMS}"""


def _table_spec(path: Path, guesses: list[str]) -> FileSpec:
    """Tell how a table is separated, by its first line."""
    if path.suffix.lower() in _TABLES[:1]:
        with path.open(encoding="utf-8", errors="replace") as lines:
            first = lines.readline()
        if first.count(";") > first.count(","):
            guesses.append("tables.separator: ; which stands between the columns of the first line")
            return FileSpec(path=path, separator=";")
    return FileSpec(path=path)


def _guess_people(table: pd.DataFrame, path: Path, guesses: list[str]) -> str:
    """Choose the column that counts residents."""
    counts = [
        str(one) for one in table.columns if one != "geometry" and _is_count(table[one], path)
    ]
    chosen = _first(counts, _PEOPLE)
    if chosen is None:
        msg = f"{path}: no column is called as residents are; name it with --population-column"
        raise ConfigError(msg, faults=[f"columns that count something: {shown(counts) or 'none'}"])
    guesses.append(f"population: {chosen}, which is called so and counts")
    return chosen


def _is_count(values: pd.Series, path: Path) -> bool:
    """Tell numbers that are 0 or more."""
    try:
        told = numbers(values, spec=FileSpec(path=path)).dropna()
    except DataError:
        return False
    return bool(len(told) and (told >= 0).all())


def _guess_key(
    table: pd.DataFrame,
    answers: Answers,
    ids: pd.Series,
    names: pd.Series,
    guesses: list[str],
) -> tuple[str, str]:
    """Choose the column that names the districts, by their ids or by their names."""
    wanted = {"id": set(ids.astype(str)), "name": {plain_name(one) for one in names.dropna()}}
    named = answers.columns.get("key")
    columns = [named] if named else [str(one) for one in table.columns if one != "geometry"]
    best, share = ("", "id"), 0.0
    for column in columns:
        _check_column(table, column, answers.population or Path())
        texts = text_ids(table[column]).dropna()
        found = {"id": set(texts), "name": {plain_name(one) for one in texts}}
        for join, mine in found.items():
            here = len(mine & wanted[join]) / max(len(wanted[join]), 1)
            if here > share:
                best, share = (column, join), here
    if share < _MATCHED:
        msg = f"{answers.population}: no column names the districts by id or name; say --key-column"
        told = f"the best, {best[0] or 'none'}, names {share:.0%} of them"
        raise ConfigError(msg, faults=[told])
    guesses.append(f"tables.key: {best[0]}, which gives the {best[1]} of {share:.0%} of districts")
    return best


def _map(path: Path, folder: Path) -> str:
    """Describe the extract of OpenStreetMap."""
    return f"""\
[osm]  # streets, services and stops
path = {_path(path, folder)}
provider = "OpenStreetMap contributors"
licence = "ODbL-1.0"
citation = "OpenStreetMap contributors, openstreetmap.org/copyright"
# reference_year = 2025
"""


def _still_open(answers: Answers) -> list[str]:
    """List what a city file should still say."""
    told = []
    if answers.country == NOWHERE:
        told.append("city.country: XX stands for a country still to be named")
    told.append("provider, licence and reference_year of each file: outputs name them")
    if answers.population is None:
        told.append("residents: without them districts are described, but no people are counted")
    if answers.osm is None:
        told.append("osm: without it there are no streets, services or stops")
    return told


_MORE = """\
# More layers, each with a path and its terms; the cities that come with the package show how:
# [transit]            gtfs = ["feed.zip"]
# [[services]]         path, category, lon, lat: official lists
# [[connectivity]]     kind = "wifi" | "ookla_fixed" | "ookla_mobile" | "towers"
# [[tables]]           path, key, columns: indicators that an office publishes by district
# [[rasters]]          kind = "elevation" | "hazard" | "ndvi" | "night_lights" | "landcover"
"""
