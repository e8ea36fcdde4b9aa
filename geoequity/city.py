"""
What a city file says: frozen models, checked all at once.

A city file names the sources of one city and the choices of its study. It is
read by ``assess`` and the command line only; everything below them gets plain
values.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from geoequity.errors import ConfigError
from geoequity.schema import MODES
from geoequity.sources._cache import cache_folder
from geoequity.sources._settings import read_settings
from geoequity.sources.spec import (
    GRID,
    RASTER_SUFFIXES,
    Block,
    BorderSpec,
    CellsSpec,
    Connectivity,
    DistrictsSpec,
    Language,
    Origin,
    OsmSpec,
    RasterSpec,
    RoutesSpec,
    ServicesSpec,
    StopsSpec,
    StreetsSpec,
    SurveySpec,
    TableSpec,
    TripsSpec,
    ZoningSpec,
)
from geoequity.transit import MORNING, window_of

_Key = tuple[str | int, ...]  # where a value stands in a city file
_ID = r"^[a-z][a-z0-9_]*$"
_OF_STUDY = ("districts", "cells")  # zonings of the summary that are no zoning of the file
_OF_TIMETABLES = (  # keys of [transit] that mean nothing without one
    "date",
    "modes",
    "merge",
    "without",
    "max_walk_min",
    "max_afoot_min",
    "max_change_min",
    "max_transfers",
    "draws",
    "fare_budget",
    "sample",
)
_PLAINLY = {  # faults of pydantic that it tells in words of Python
    "extra_forbidden": "unknown key",
    "missing": "missing",
    "model_type": "must be a table",
    "dict_type": "must be a table",
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
}


def _increasing(pair: tuple[float, float]) -> tuple[float, float]:
    """Refuse a range that does not rise from a positive number."""
    if not 0 < pair[0] <= pair[1]:
        msg = "must rise from a positive number"
        raise ValueError(msg)
    return pair


class CityBlock(Block):
    """The city itself."""

    id: str = Field(pattern=_ID, description="short id, also the name of the output folder")
    name: str = Field(description="name as its people write it")
    country: str = Field(description="ISO 3166-1 alpha-2 code", pattern=r"^[A-Z]{2}$")
    languages: tuple[Language, ...] = Field(("es", "pt", "en"), description="of its reports")
    crs: str = Field("auto", description="metric CRS; auto takes the local UTM zone")
    imd_2025_rank: int | None = Field(None, ge=1, description="rank in the IMD index of 2025")
    buffer_m: float = Field(1600.0, ge=0, description="how far outside services still count [m]")
    min_coverage: float = Field(
        0.8, ge=0, le=1, description="share of people who must be covered for a mean or a Gini"
    )
    min_covered_share: float = Field(
        0.5, ge=0, le=1, description="share of residents that must live in districts with an index"
    )
    fictitious: bool = Field(default=False, description="say on every output that it is made up")


class PartBlock(Block):
    """A part of the city: districts that its people speak of as one."""

    label: dict[Language, str] = Field({}, description="its name inside a sentence, by language")
    districts: tuple[str, ...] = Field(min_length=1, description="ids of its districts")


class QuestionBlock(Block):
    """The question this city asks."""

    text: dict[Language, str] = Field(description="the question, by language")
    indicators: tuple[str, ...] = Field((), description="indicators that answer it")
    parts: dict[Annotated[str, Field(pattern=_ID)], PartBlock] = Field(
        {}, description="parts of the city to compare, two or more, such as its south and its north"
    )


class WalkingBlock(Block):
    """How people walk."""

    speed_kmh: float = Field(4.8, gt=0, le=15, description="walking speed [km/h]")
    groups: tuple[Literal["older", "child", "wheelchair"], ...] = Field(
        (), description="who else walks, slower or without steps, told beside the adult"
    )
    slope: bool = Field(
        default=True, description="whether slopes slow walking, where there is an elevation raster"
    )
    homes_m: float = Field(
        50.0, ge=5, le=1000, description="length of street for each point people set out from [m]"
    )
    detour_factor: float = Field(
        1.3, ge=1, le=3, description="streets over straight line, where there are no streets"
    )


def _known_mode(mode: str) -> str:
    """Refuse a mode that is none."""
    if mode not in MODES:
        msg = f"must be one of {', '.join(MODES)}"
        raise ValueError(msg)
    return mode


Mode = Annotated[str, AfterValidator(_known_mode)]


def _day(value: object) -> object:
    """Refuse numbers, which stand for seconds since 1970 to others, and texts that are no day."""
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError as error:
        msg = "must be a day such as 2025-05-14"
        raise ValueError(msg) from error


def _clock(window: tuple[str, str]) -> tuple[str, str]:
    """Refuse a window that is none."""
    window_of(window)
    return window


class TransitBlock(Origin):
    """Public transport."""

    source: str | None = Field(None, description="block of [sources] that its terms come from")
    cut: bool = Field(default=False, description="fetch keeps only what lies near the districts")
    gtfs: tuple[Path, ...] = Field((), description="timetables in GTFS, zips or folders")
    date: Annotated[dt.date | None, BeforeValidator(_day)] = Field(
        None, description="day whose timetable counts; by default the busiest of midweek"
    )
    window: Annotated[tuple[str, str], AfterValidator(_clock)] = Field(
        MORNING, description="departures from home, first minute and the minute after the last"
    )
    modes: dict[str, Mode] = Field(
        {}, description="mode of routes or agencies by id, where the route type does not tell"
    )
    merge: Literal["replace", "dedupe"] = Field(
        "replace",
        description="replace: the timetable's stops stand for all of the map's of their modes;"
        " dedupe: for those within 50 m",
    )
    without: tuple[Mode, ...] = Field((), description="modes to take out, one after the other")
    fare_budget: float | None = Field(
        None, ge=0, description="money for one journey, where the timetable tells fares"
    )
    centre: tuple[float, float] | None = Field(
        None,
        description="longitude and latitude of the centre of the city; distances to it and what"
        " changes outwards need no timetable",
    )
    max_walk_min: float = Field(
        20.0, gt=0, le=60, description="longest walk to a stop and from one [min]"
    )
    max_afoot_min: float = Field(
        60.0, gt=0, le=90, description="longest walk all the way, without riding [min]"
    )
    max_change_min: float = Field(10.0, gt=0, le=60, description="longest walk to change [min]")
    max_transfers: int = Field(3, ge=0, le=7, description="how often people change at most")
    draws: int = Field(
        4,
        ge=0,
        le=100,
        description="how often the departures of vehicles are drawn of which only the frequency"
        " is told; 0 takes them to leave when it begins",
    )
    sample: int | None = Field(
        None,
        ge=100,
        description="from how many cells journeys set out, drawn within each district by residents;"
        " what is reached is then a mean by district with its sampling error. All by default",
    )
    stops: tuple[StopsSpec, ...] = Field((), description="lists of stops")
    routes: tuple[RoutesSpec, ...] = Field((), description="lists of routes")
    trips: tuple[TripsSpec, ...] = Field((), description="tables of trips without their stops")
    headway_min: dict[Mode, Annotated[float, Field(gt=0)]] = Field(
        {}, description="by mode, minutes between departures of routes that nobody tells"
    )


class IndicatorBlock(Block):
    """A change to the catalogue, or an indicator of the city's own."""

    drop: bool = Field(default=False, description="leave this indicator out")
    parameters: dict[str, Any] = Field({}, description="override the catalogue's parameters")
    label: dict[Language, str] | None = Field(None, description="short name, by language")
    description: dict[Language, str] | None = Field(None, description="a sentence, by language")
    pillar: Literal["structures", "technologies"] | None = Field(None, description="its pillar")
    area: (
        Literal["health_safety", "mobility", "activities", "opportunities", "governance"] | None
    ) = Field(None, description="its area")
    role: Literal["indicator", "stratifier", "validator"] | None = Field(
        None, description="stratifiers and validators never enter the index"
    )
    unit: str | None = Field(None, description="unit of the value, such as share or min")
    better: Literal["higher", "lower"] | None = Field(None, description="which value is better")
    base: Literal["persons", "households", "dwellings", "jobs"] | None = Field(
        None, description="whose number it is; means and inequality weigh by it"
    )
    scale: Literal["ratio", "share", "interval"] | None = Field(
        None, description="decides which measures of inequality make sense"
    )
    goalposts: tuple[float, float] | None = Field(None, description="values that score 0 and 100")
    basis: str | None = Field(None, description="where the goalposts come from")
    family: str | None = Field(None, description="concept with which it shares one weight")
    measure: str | None = Field(None, description="what computes it; table takes a column")
    citation: tuple[str, ...] | None = Field(None, description="keys of the references")
    against: str | None = Field(
        None, description="of a validator: the indicator that measures the same, to read against it"
    )


class IndexBlock(Block):
    """How scores become an index and types."""

    weights: dict[str, Annotated[float, Field(ge=0)]] = Field(
        {}, description="weight of an indicator, area or pillar within its parent; 1 by default"
    )
    normalisation: Literal["goalposts", "min_max", "z_score", "rank", "percentile"] = Field(
        "goalposts",
        description="how values become scores; all but goalposts compare districts with each other"
        " only, so that no types are stated",
    )
    aggregation: Literal["arithmetic", "geometric", "harmonic"] = Field(
        "arithmetic",
        description="mean across areas and pillars (within an area it is arithmetic); by the"
        " others, strength makes up less for weakness",
    )
    draws: int = Field(1000, ge=100, le=100_000, description="how often choices and data are drawn")
    weights_range: Annotated[tuple[float, float], AfterValidator(_increasing)] = Field(
        (0.5, 1.5), description="each weight is drawn between these multiples of itself"
    )
    seed: int = Field(2025, ge=0, description="of the draws")
    threshold: float = Field(50.0, gt=0, lt=100, description="pillar score from which it is high")
    min_probability: float = Field(
        0.8, gt=0.25, le=1, description="probability under which a type is uncertain"
    )
    min_gap_points: float = Field(
        10.0, ge=0, description="gap of the index under which there is no material gap"
    )


class ReportBlock(Block):
    """What the report shows."""

    title: dict[Language, str] = Field({}, description="title, by language")


@dataclass(frozen=True)
class Wanted:
    """
    A file of a city that can be downloaded.

    Parameters
    ----------
    key
        Its block in the city file, such as ``tables.0``.
    path
        Where it belongs, absolute.
    url
        Where it is offered.
    cut
        Whether only what lies near the districts is wanted.
    origin
        Provider, licence and so on.
    """

    key: str
    path: Path
    url: str
    cut: bool
    origin: Origin


class City(Block):
    """
    A city file, checked: what to read and how to judge it.

    Build it with :meth:`from_toml` or :meth:`preset`.
    """

    city: CityBlock
    question: QuestionBlock | None = None
    sources: dict[str, Origin] = Field({}, description="terms that several files share")
    districts: DistrictsSpec
    border: BorderSpec | None = None
    cells: CellsSpec | None = None
    osm: OsmSpec | None = None
    streets: StreetsSpec | None = None
    walking: WalkingBlock = WalkingBlock()
    services: tuple[ServicesSpec, ...] = ()
    transit: TransitBlock = TransitBlock()
    connectivity: tuple[Connectivity, ...] = ()
    tables: tuple[TableSpec, ...] = ()
    rasters: tuple[RasterSpec, ...] = ()
    surveys: tuple[SurveySpec, ...] = ()
    zonings: dict[Annotated[str, Field(pattern=_ID)], ZoningSpec] | None = Field(
        None,
        description="other zones to state the study in, by id; by default hexagons of two sizes"
        " where there are cells; an empty table for none",
    )
    indicators: dict[Annotated[str, Field(pattern=_ID)], IndicatorBlock] = Field(
        {}, description="changes to the catalogue"
    )
    index: IndexBlock = IndexBlock()
    report: ReportBlock = ReportBlock()
    file: Path = Field(description="the city file itself; set by the reader")

    @classmethod
    def from_toml(
        cls, path: str | Path, *, data: str | Path | None = None, must_exist: bool = True
    ) -> Self:
        """
        Read a city file and check it, all faults at once.

        Parameters
        ----------
        path
            The city file.
        data
            Folder the paths in it start from; the file's own by default.
        must_exist
            Whether the files it names must be there; not before they are fetched.

        Returns
        -------
        city
            The checked city file, its paths absolute.

        Raises
        ------
        ConfigError
            If the file is missing, no TOML, has unknown keys or wrong values,
            or names files that are not there.
        """
        file = Path(path)
        raw = _read_toml(file)
        folder = Path(data) if data is not None else file.parent
        faults = _absent(raw, folder) if must_exist else []
        if "file" in raw:
            faults.append("file: unknown key")
        city: Self | None = None
        try:
            city = cls.model_validate({**_absolute(raw, folder), "file": file})
        except ValidationError as error:
            faults += sentences(error.errors(), raw)
        else:
            faults += city._cross_faults()  # noqa: SLF001 - its own
        if faults or city is None:
            msg = f"{file}: {len(faults)} fault{'s' if len(faults) > 1 else ''}"
            raise ConfigError(msg, faults=faults)
        return city

    @classmethod
    def preset(cls, name: str, *, data: str | Path | None = None, must_exist: bool = True) -> Self:
        """
        Read a city file that comes with the package.

        Parameters
        ----------
        name
            Id of the preset, as ``presets`` lists them.
        data
            Folder its paths start from; needed by all but the demo city.
        must_exist
            Whether the files it names must be there; not before they are fetched.

        Returns
        -------
        city
            The checked city file.

        Raises
        ------
        ConfigError
            If there is no such preset, or as in :meth:`from_toml`.
        """
        known = presets()
        if name not in known:
            msg = f"no preset {name}; there are {', '.join(known)}"
            raise ConfigError(msg)
        return cls.from_toml(known[name], data=data, must_exist=must_exist)

    def origin(self, block: Origin, *, path: Path | None = None) -> Origin:
        """
        Resolve the terms of a source.

        Parameters
        ----------
        block
            Any block that names a source.
        path
            Which of its files, where it has several; the first by default.

        Returns
        -------
        origin
            Its own terms, completed by those of the ``[sources]`` block it names.
        """
        shared = self.sources.get(getattr(block, "source", None) or "", Origin())
        own = {key: getattr(block, key) for key in Origin.model_fields}
        addresses = _addresses_of(block)
        by_path = dict(zip(_files_of(block), addresses, strict=False))
        first = addresses[0] if addresses else None
        own["url"] = first if path is None else by_path.get(path, first)
        known = {key: value for key, value in own.items() if value is not None}
        if "url" in known:  # the day is that of the address beside it
            known["url_read"] = own["url_read"]
        return shared.model_copy(update=known)

    def wanted(self) -> tuple["Wanted", ...]:
        """
        List the files that can be downloaded.

        Returns
        -------
        wanted
            Those of blocks that give a ``url`` beside the path, in the order
            of the city file, the districts first.
        """
        found = []
        for key, block in self._blocks():
            files, addresses = _files_of(block), _addresses_of(block)
            found += [
                Wanted(key=key, path=path, url=url, cut=block.cut, origin=self.origin(block))
                for path, url in zip(files, addresses, strict=False)
            ]
        cells = self.cells
        if cells is not None and cells.raster is not None and cells.population_url is not None:
            found.append(
                Wanted(
                    key="cells.population",
                    path=cells.raster,
                    url=cells.population_url,
                    cut=cells.cut,
                    origin=self.origin(cells),
                )
            )
        return tuple(found)

    def files(self) -> tuple[Path, ...]:
        """
        List the files that are read.

        Returns
        -------
        files
            Each once, in the order of the blocks, whether or not it is there.
        """
        named = (getattr(self, key) for key in type(self).model_fields if key != "file")
        return tuple(dict.fromkeys(path for one in named for path in _paths_in(one)))

    def by_hand(self) -> dict[Path, str]:
        """
        List the files that nobody offers, as far as the city file knows.

        Returns
        -------
        by_hand
            Path -> the first block that names it, such as ``tables.0``; none of
            them is in :meth:`wanted`.
        """
        offered = {one.path for one in self.wanted()}
        named = [(path, key) for key, block in self._blocks() for path in _files_of(block)]
        raster = self.cells.raster if self.cells else None
        named += [] if raster is None else [(raster, "cells.population")]
        return {path: key for path, key in reversed(named) if path not in offered}

    def _blocks(self) -> list[tuple[str, Any]]:
        """List the blocks that may name files, with their keys."""
        blocks: list[tuple[str, Any]] = [
            (key, getattr(self, key))
            for key in ("districts", "border", "cells", "osm", "streets", "transit")
        ]
        blocks += [(f"zonings.{key}", one) for key, one in (self.zonings or {}).items()]
        areas = self.cells.group_areas if self.cells else {}
        blocks += [(f"cells.group_areas.{key}", one) for key, one in areas.items()]
        for key in ("services", "connectivity", "tables", "rasters", "surveys"):
            blocks += [(f"{key}.{n}", one) for n, one in enumerate(getattr(self, key))]
        for key in ("stops", "routes", "trips"):
            listed = getattr(self.transit, key)
            blocks += [(f"transit.{key}.{n}", one) for n, one in enumerate(listed)]
        blocks += [
            (f"transit.trips.{n}.trips", one.trips) for n, one in enumerate(self.transit.trips)
        ]
        return [(key, block) for key, block in blocks if block is not None]

    def catalogue_changes(self) -> dict[str, dict[str, Any]]:
        """
        List what the city file changes of the catalogue.

        Returns
        -------
        changes
            Indicator id -> the fields it gives.
        """
        blocks = {key: one.model_dump(exclude_none=True) for key, one in self.indicators.items()}
        return {key: {k: v for k, v in one.items() if v} for key, one in blocks.items()}

    def is_census(self, table: TableSpec, column: str) -> bool:
        """
        Tell whether a column of a table is what the people of cells are made to add up to.

        Parameters
        ----------
        table
            A table of the city file.
        column
            What the column gives.

        Returns
        -------
        is_census
            Whether it is; never where nothing is raked or spread.
        """
        rakes = self.cells is not None and (self.cells.rake or self.cells.spread)
        return rakes and column == "population" and table.level == "district"

    def _counting_faults(self) -> list[str]:
        """Find what is missing to rake or spread the people of cells."""
        if self.cells is None:
            return []
        if self.cells.spread:
            return self._spreading_faults()
        return self._raking_faults() if self.cells.rake else []

    def _raking_faults(self) -> list[str]:
        """Find what is missing to rake the people of cells to those of districts."""
        faults = []
        if not any(self.is_census(one, column) for one in self.tables for column in one.columns):
            faults.append("cells.rake: no [[tables]] block of districts gives population")
        of_raster = any(one.kind == "population" for one in self.rasters)
        if not of_raster and (self.cells is None or self.cells.population is None):
            faults.append("cells.rake: nothing counts the people of the cells")
        return faults

    def _spreading_faults(self) -> list[str]:
        """Find what is missing to spread the people of districts over cells."""
        faults = []
        if not any(self.is_census(one, column) for one in self.tables for column in one.columns):
            faults.append("cells.spread: no [[tables]] block of districts gives population")
        covers = {one for raster in self.rasters for one in raster.classes}
        lost = [one for one in (self.cells.empty if self.cells else ()) if one not in covers]
        if lost:
            faults.append(f"cells.empty: no raster has the class {', '.join(lost)}")
        if any(one.kind == "population" for one in self.rasters):
            faults.append("cells.spread: a raster counts the people of the cells")
        return faults

    def _part_faults(self) -> list[str]:
        """Find what keeps the parts of the city from being compared."""
        parts = self.question.parts if self.question else {}
        faults = ["question.parts: one part alone cannot be compared"] if len(parts) == 1 else []
        listed = Counter(unit for one in parts.values() for unit in one.districts)
        faults += [
            f"question.parts: district {unit} stands {count} times"
            for unit, count in listed.items()
            if count > 1
        ]
        return faults

    def _cross_faults(self) -> list[str]:
        """Find the faults that no single block can see."""
        faults = self._part_faults()
        faults += [
            f"zonings.{key}: the study's own {key} are stated beside it, so call it otherwise"
            for key in _OF_STUDY
            if key in (self.zonings or {})
        ]
        for key, block in self._blocks():
            given, files = len(_addresses_of(block)), len(_files_of(block))
            if given not in {0, files}:
                faults.append(f"{key}.url: {given} given for {files} files")
            if block.url_read is not None and not given and not _offered(block):
                faults.append(f"{key}.url_read: there is no url that was read")
            name = getattr(block, "source", None)
            if name is not None and name not in self.sources:
                faults.append(f"{key}.source: no block [sources.{name}]")
        if not self.transit.gtfs:
            unused = [one for one in _OF_TIMETABLES if one in self.transit.model_fields_set]
            faults += [f"transit.{one}: there is no transit.gtfs to use it on" for one in unused]
        counted = set(self.cells.bases) if self.cells else set()
        counted |= {"population"} if self.cells and self.cells.population else set()
        given_by: dict[str, int] = {}
        for n, table in enumerate(self.tables):
            for one in table.columns:
                if one in given_by:
                    faults.append(f"tables.{n}.columns.{one}: tables.{given_by[one]} gives it too")
                given_by.setdefault(one, n)
                if one in counted and not self.is_census(table, one):
                    faults.append(f"tables.{n}.columns.{one}: the cells count it already")
        faults += self._counting_faults()
        if self.cells is None:
            faults += [
                f"zonings.{key}: there are no [cells] to gather" for key in self.zonings or ()
            ]
            faults += [
                f"tables.{n}.level: there are no [cells]"
                for n, table in enumerate(self.tables)
                if table.level == "cell"
            ]
        return faults


def presets() -> dict[str, Path]:
    """
    List the city files that come with the package.

    Returns
    -------
    presets
        Id -> path of the city file, the demo city first and last those whose
        files are all fetched from what providers answer today.
    """
    root = data_folder() / "cities"
    found = [*sorted(root.glob("*.toml")), *sorted((root / "live").glob("*.toml"))]
    cities = {path.stem: path for path in found}
    return {"demo": data_folder() / "demo" / "city.toml", **cities}


def data_folder() -> Path:
    """
    Find the data that come with the package.

    Returns
    -------
    folder
        ``geoequity/_data`` of an installed wheel, ``data/`` of a source tree.
    """
    packaged = Path(str(resources.files("geoequity"))) / "_data"
    return packaged if packaged.is_dir() else packaged.parent.parent / "data"


def default_folder(preset: str) -> Path:
    """
    Tell where the data of a preset are fetched to when nobody says where.

    Parameters
    ----------
    preset
        Its id.

    Returns
    -------
    folder
        In the cache of the user.
    """
    return cache_folder() / "cities" / preset


def _read_toml(file: Path) -> dict[str, Any]:
    """Read TOML or say what is wrong with it."""
    try:
        found: dict[str, Any] = read_settings(file, language="TOML")
    except OSError as error:
        msg = f"{file}: no such city file" if not file.exists() else f"{file}: {error.strerror}"
        raise ConfigError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{file}: not UTF-8 text"
        raise ConfigError(msg) from error
    except ValueError as error:
        msg = f"{file}: not valid TOML: {error}"
        raise ConfigError(msg) from error
    return found


def _paths_in(value: object) -> Iterator[Path]:
    """Find every path in blocks of a city file; a grid is none."""
    if isinstance(value, Path):
        if not GRID.fullmatch(str(value)):
            yield value
    elif isinstance(value, BaseModel):
        for key in type(value).model_fields:
            yield from _paths_in(getattr(value, key))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _paths_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _paths_in(one)


def _absent(raw: dict[str, Any], folder: Path) -> list[str]:
    """Find the files that a raw city file names and that are not there."""
    keys: dict[Path, list[_Key]] = {}
    for key, path in _paths(raw, folder):
        keys.setdefault(path, []).append(key)
    offered = {path for path, named in keys.items() if any(_is_offered(raw, one) for one in named)}
    lost = [] if folder.is_dir() else [f"no folder {folder}; --data says where the files lie"]
    if lost and not offered:
        return lost
    absent = [path for path, named in keys.items() if not _is_there(named[0], path)]
    by_hand = "; nobody is known to offer it, so bring it by hand" if offered else ""
    told = [
        f"{_spoken(keys[path])}: {_absence(path)}"
        + ("; geoequity fetch downloads it" if path in offered else by_hand)
        for path in sorted(absent, key=offered.__contains__)  # first what fetch cannot mend
    ]
    return lost + told


def _spoken(keys: list[_Key]) -> str:
    """Name the first of several blocks that read one file."""
    first = ".".join(map(str, keys[0]))
    return first if len(keys) == 1 else f"{first} and {len(keys) - 1} more"


def _is_offered(raw: Any, key: _Key) -> bool:
    """Tell whether the block of a path gives an address."""
    block = raw
    for part in key[:-1]:
        block = block[part]
    return ("population_url" if key[-1] == "population" else "url") in block


def _files_of(block: Any) -> tuple[Path, ...]:
    """List the files of a block; a grid is none."""
    paths = block.gtfs if isinstance(block, TransitBlock) else getattr(block, "path", ())
    if getattr(block, "grid", None) is not None:
        return ()
    return (paths,) if isinstance(paths, Path) else paths


def _addresses_of(block: Any) -> tuple[str, ...]:
    """List the addresses that a block gives for its files."""
    url = block.url
    return () if url is None else (url,) if isinstance(url, str) else url


def _offered(block: Any) -> str | None:
    """Tell the address of a raster that counts people."""
    return getattr(block, "population_url", None)


def _is_there(key: _Key, path: Path) -> bool:
    """Tell whether a path is a file, or a folder where one will do."""
    return path.is_file() or (key[-1] == "gtfs" and path.is_dir())


def _absence(path: Path) -> str:
    """Say why a path is no file."""
    return f"{path} is a folder; name a file, or zip it" if path.is_dir() else f"no file {path}"


def _paths(raw: object, folder: Path, key: _Key = ()) -> Iterator[tuple[_Key, Path]]:
    """Find every ``path`` of a raw city file, with its key."""
    if isinstance(raw, Mapping):
        for name, value in raw.items():
            where = (*key, name)
            if _is_path(name, value):
                for one in value if isinstance(value, list) else [value]:
                    if isinstance(one, str):
                        yield where, folder / one
            else:
                yield from _paths(value, folder, where)
    elif isinstance(raw, list):
        for number, value in enumerate(raw):
            yield from _paths(value, folder, (*key, number))


def _is_path(name: str, value: object) -> bool:
    """Tell whether a key names a file: a path that is no grid, or a population raster."""
    if name == "population":
        return isinstance(value, str) and value.lower().endswith(RASTER_SUFFIXES)
    if name == "gtfs":
        return True
    return name == "path" and not (isinstance(value, str) and GRID.fullmatch(value))


def _absolute(raw: Any, folder: Path) -> Any:
    """Copy a raw city file with every ``path`` joined to the folder."""
    if isinstance(raw, Mapping):
        return {
            name: _joined(value, folder) if _is_path(name, value) else _absolute(value, folder)
            for name, value in raw.items()
        }
    return [_absolute(value, folder) for value in raw] if isinstance(raw, list) else raw


def _joined(value: Any, folder: Path) -> Any:
    """Join one path, or each of several, to the folder."""
    if isinstance(value, list):
        return [_joined(one, folder) for one in value]
    return folder / value if isinstance(value, str) else value


def sentences(errors: list[Any], raw: object) -> list[str]:
    """
    Put the faults of pydantic in sentences, one a key of the file.

    Parameters
    ----------
    errors
        As pydantic lists them.
    raw
        What was checked.

    Returns
    -------
    sentences
        Key and fault, in words that are no Python's.
    """
    said: dict[str, list[str]] = {}
    for error in errors:
        key = ".".join(str(part) for part in _known_part(error["loc"], raw, error["type"]))
        message = _PLAINLY.get(error["type"], error["msg"].removeprefix("Value error, "))
        if error["type"] == "too_short" and error["ctx"]["min_length"] > 1:
            message = f"needs {error['ctx']['min_length']} at least"
        said.setdefault(key, []).append(f"{message[0].lower()}{message[1:]}")
    return [f"{key}: {' or '.join(dict.fromkeys(messages))}" for key, messages in said.items()]


def _known_part(loc: tuple[str | int, ...], raw: Any, kind: str) -> tuple[str | int, ...]:
    """Cut off what pydantic adds to a key, such as the type that it tried."""
    for depth, part in enumerate(loc):
        if not (
            part in raw
            if isinstance(raw, Mapping)
            else isinstance(raw, list) and part in range(len(raw))
        ):
            return loc[: depth + (kind == "missing")]
        raw = raw[part]
    return loc
