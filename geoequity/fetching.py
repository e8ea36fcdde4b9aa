"""
Download what a city file names, and see which of its sources answer.

Files that are there are left alone, whoever put them there. What is downloaded
is put in its place whole, and ``fetched.json`` beside it says where it came from.
"""

import contextlib
import hashlib
import tomllib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd

from geoequity.city import City, Wanted
from geoequity.errors import ConfigError, DataWarning, GeoEquityError, SourceError
from geoequity.locking import alone, locked
from geoequity.sources import _cache, near
from geoequity.sources._addresses import parse, told
from geoequity.sources._remote import (
    Client,
    Patience,
    place,
    write_json,
)
from geoequity.sources.boundaries import read_districts
from geoequity.sources.files import Record, sha256

_CHECKING = Patience(connect_s=10, read_s=20, head_s=30, total_s=60, tries=2)
_OF_ONES_OWN = ("fetched.json",)
_LOCK = ".fetching.lock"


@dataclass(frozen=True)
class Fetched:
    """
    What became of a file that a city file names.

    Parameters
    ----------
    key
        Its block in the city file.
    path
        The file.
    url
        Where it is offered.
    status
        ``there`` where it was there already, ``fetched`` where it was downloaded.
    """

    key: str
    path: Path
    url: str
    status: str


def fetch(
    city: City,
    *,
    data: Path,
    offline: bool = False,
    refresh: bool = False,
    client: Client | None = None,
    tell: Callable[[str, int, int | None], None] | None = None,
    wait: Callable[[str], None] | None = None,
) -> list[Fetched]:
    """
    Download the files of a city that are not there.

    Parameters
    ----------
    city
        A city file that was read with ``must_exist=False``.
    data
        Folder its paths start from; nothing is written outside.
    offline
        Never open a socket: what an earlier download left in the cache will do.
    refresh
        Look for newer versions of what was fetched before; files that were
        changed since, or put there by hand, are left alone.
    client
        What downloads, in place of one that may ask the hosts of the city file.
    tell
        Called with the block, the bytes that came and how many there will be.
    wait
        Called with which process is fetching into the folder, to wait until it ends
        rather than raise.

    Returns
    -------
    fetched
        Each file once.

    Raises
    ------
    ConfigError
        If a path leads out of the folder, or a file has two addresses.
    SourceError
        If some cannot be had; names them all, and keeps the others. If another
        process is fetching into the folder, and nobody waits.
    """
    wanted = _planned(city, data)
    if all(one.path.exists() for one in wanted) and not refresh:
        return [Fetched(one.key, one.path, told(one.url), "there") for one in wanted]
    hosts = () if offline else _hosts(wanted)
    door = client or Client(hosts, offline=offline, tell=tell)
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{data}: cannot be written: {error.strerror}"
        raise SourceError(msg, source=data) from error
    with alone(data / _LOCK, place=data, does="is fetching into it", wait=wait):
        return _fetched(wanted, door, city=city, refresh=refresh)


def _fetched(wanted: list[Wanted], door: Client, *, city: City, refresh: bool) -> list[Fetched]:
    """Download what is not there, and only then say what cannot be had."""
    results, faults = [], []
    for one in wanted:
        try:
            is_there = one.path.exists() and not (refresh and _is_ours(one.path))
            if not is_there:
                _fetch_one(one, door, box=_box(one, city))
            results.append(
                Fetched(one.key, one.path, told(one.url), "there" if is_there else "fetched")
            )
        except GeoEquityError as fault:
            faults.append(str(fault))
    if faults:
        lines = "".join(f"\n  - {one}" for one in faults)
        msg = f"{city.file}: {len(faults)} of {len(wanted)} files cannot be had:{lines}"
        raise SourceError(msg, source=city.file)
    return results


def check(city: City, *, client: Client | None = None) -> list[dict[str, Any]]:
    """
    See which sources of a city answer, without downloading them.

    Parameters
    ----------
    city
        A city file that was read with ``must_exist=False``.
    client
        What asks, in place of one that may ask the hosts of the city file.

    Returns
    -------
    answers
        One a file: ``key``, ``url``, the day the address was last read
        (``url_read``, None where nobody says), whether it ``answers``, and what
        it says: ``size``, ``last_modified``, ``final_url``, or the ``fault``.
    """
    wanted = {one.url: one for one in city.wanted()}
    door = client or Client(_hosts(tuple(wanted.values())), patience=_CHECKING)
    return [_look(one, door) for one in wanted.values()]


def _look(one: Wanted, door: Client) -> dict[str, Any]:
    """See whether one source answers."""
    said: dict[str, Any] = {"key": one.key, "file": one.path.name, "url": told(one.url)}
    said["url_read"] = one.origin.url_read
    try:
        found = near.look(door, one.url, name=one.path.name, source=one.key)
    except SourceError as fault:
        return {**said, "answers": False, "fault": str(fault)}
    return {**said, "answers": True, **found}


def _planned(city: City, data: Path) -> list[Wanted]:
    """List each file once, and refuse those that lie elsewhere."""
    folder = data.resolve()
    found: dict[Path, Wanted] = {}
    faults = []
    for one in city.wanted():
        where = one.path.resolve()
        known = found.setdefault(where, one)
        if known.url != one.url:
            faults.append(f"{one.key}.url: {known.key} downloads {one.path.name} from elsewhere")
        if not where.is_relative_to(folder) or where == folder:
            faults.append(f"{one.key}.path: {one.path} leads out of {data}")
        if where.name in _OF_ONES_OWN or where == city.file.resolve():
            faults.append(f"{one.key}.path: {where.name} is not a file of data")
    if faults:
        msg = f"{city.file}: {len(faults)} fault{'s' if len(faults) > 1 else ''}"
        raise ConfigError(msg, faults=faults)
    return list(found.values())


def _hosts(wanted: tuple[Wanted, ...] | list[Wanted]) -> set[str]:
    """List the hosts that a city file names."""
    hosts = set()
    for one in wanted:
        with contextlib.suppress(SourceError):  # told when it is fetched
            hosts.add(parse(one.url, source=one.key).host or "")
    return hosts


def _is_ours(path: Path) -> bool:
    """Tell whether a file is just what was fetched."""
    return path.is_file() and _cache.entry_of(path, sha256=sha256(path)) is not None


def _box(one: Wanted, city: City) -> near.Box | None:
    """Find the box of the districts and their surroundings, where it is needed."""
    if not near.needs_box(one.url, cut=one.cut):
        return None
    spec = city.districts
    if not spec.path.is_file():
        msg = f"{one.key}: cut to the districts, which are not there: {spec.path}"
        raise SourceError(msg, source=one.url)
    book = Record(name="districts", path=spec.path, origin=spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # told when the study reads them
        found = read_districts(spec, crs=city.city.crs, record=book)
    area = gpd.GeoSeries([found.union_all().buffer(city.city.buffer_m)], crs=found.crs)
    return near.Box(*(float(edge) for edge in area.to_crs("EPSG:4326").total_bounds))


def _fetch_one(one: Wanted, door: Client, *, box: near.Box | None) -> None:
    """Download one file and put it in its place, with its entry written before it."""
    with near.obtain(door, one.url, name=one.path.name, source=one.key, box=box) as (ready, made):
        one.path.parent.mkdir(parents=True, exist_ok=True)
        known = _provider_of(one.url)
        entry = {
            **made,
            "provider": one.origin.provider or known.get("provider"),
            "licence": one.origin.licence or known.get("licence") or None,
            "url_read": one.origin.url_read,
        }
        with _kept(one.path.parent, door):
            listed = _cache.read(one.path.parent)
            write_json(one.path.parent / _cache.NAME, {**listed, one.path.name: entry})
            place(ready, one.path)


def providers() -> dict[str, dict[str, Any]]:
    """
    List whose the hosts are that city files may name.

    Returns
    -------
    providers
        Id -> ``hosts``, ``provider``, ``licence``, an example of an ``address``,
        its ``documentation``, and the day it was last ``read``.
    """
    table = resources.files("geoequity.sources") / "providers.toml"
    return tomllib.loads(table.read_text(encoding="utf-8"))


def _provider_of(url: str) -> dict[str, Any]:
    """Find whose an address is, as far as the table knows."""
    host = urlsplit(url).hostname
    return next((one for one in providers().values() if host in one["hosts"]), {})


@contextlib.contextmanager
def _kept(folder: Path, door: Client) -> Iterator[None]:
    """Keep other processes from writing into the list of a folder."""
    locks = door.cache / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with locked(locks / hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:40]):
        yield
