"""
Read everything a city file names, in one metric CRS, all faults at once.

The bridge between what a city file says and the readers, which get plain
options each.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from scipy.special import ndtri

from geoequity import grids, smallsample, zoning
from geoequity.background import make_background
from geoequity.city import City
from geoequity.confidence import AGREEMENT_COLUMNS, agreement, mapping_of
from geoequity.errors import ConfigError, DataError, GeoEquityError, shown
from geoequity.gridded import SpeedTests, offered
from geoequity.indicators import OF_COLUMNS, Definition, TableValues, check_measures
from geoequity.schema import LEVEL
from geoequity.sources import (
    boundaries,
    broadband,
    gtfs,
    osm,
    osm_tags,
    services,
    surveys,
    tables,
    towers,
    transit_tables,
)
from geoequity.sources import streets as street_tables
from geoequity.sources import water as waters
from geoequity.sources.files import Record, gather
from geoequity.sources.spec import (
    BASES,
    ColumnSpec,
    FileSpec,
    ItemSpec,
    RasterSpec,
    TableSpec,
    TilesSpec,
    TowersSpec,
    TripsSpec,
)
from geoequity.transit import Feed, Timetable, window_of

_FAR_M = 50_000.0  # from the study area, no place is in the city
_ASKED = ".n"  # after the id of an indicator: how many were asked
_ENDS = (".low", ".high")  # likewise: the ends of a published interval
_ANY_CRS = "EPSG:3857"  # for reading on after the districts failed; nothing of it is used


@dataclass(frozen=True, kw_only=True)
class Item:
    """
    One item of a survey.

    Parameters
    ----------
    spec
        What the city file says of it.
    answers
        Districts x ``value``, ``low``, ``high``, ``n``.
    """

    spec: ItemSpec
    answers: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class Collected:
    """
    Everything that was read, in the CRS of the study.

    Parameters
    ----------
    districts
        Districts with ``name`` and ``area_m2``.
    cells
        Cells with ``parent`` and their counts; None without cells.
    group_areas
        Land of groups of people by name.
    services
        All services, each place once.
    stops
        All stops.
    routes
        All routes, with ``headway_min`` (NaN unknown) and ``headway_from``:
        ``tags``, ``table`` or ``assumed``, None where it is unknown.
    feed
        The timetables; None where the city has none.
    timed_stops
        Stop of `stops` that stands for each stop of the timetables near the
        study area.
    stop_routes
        ``stop_id`` and ``route_id``: where routes let people board, for those
        that list their stops.
    streets
        Street edges; None where the city has none.
    lifts
        Nodes of the streets that are lifts.
    background
        Main streets and water, as a map is drawn on them.
    mapping
        What OpenStreetMap has of each district, by whom and when; None without
        a map, or where it was asked for a few things alone.
    agreement
        How many places of official lists the map has, too.
    tables
        Columns of tables by indicator id.
    tiles
        Speed tests by kind, ``fixed`` and ``mobile``.
    surveys
        Items of surveys by id.
    zonings
        Other zones by id, as districts are.
    rasters
        Rasters to read onto units, with their records.
    records
        The book kept of each source.
    licences
        Licences whose terms the outputs inherit.
    area
        The districts and the buffer round them.
    fibre
        Districts where a scenario lays fibre by ``down_mbps``, ``up_mbps``,
        ``latency_ms`` and ``home_share``, NaN where it says nothing of it; no
        rows without a scenario.
    marks
        Fingerprints of the files, where they were asked for.
    """

    districts: gpd.GeoDataFrame
    cells: gpd.GeoDataFrame | None
    group_areas: dict[str, shapely.Geometry]
    services: gpd.GeoDataFrame
    stops: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    feed: Feed | None
    timed_stops: pd.Series
    stop_routes: pd.DataFrame
    streets: gpd.GeoDataFrame | None
    lifts: pd.Index
    background: gpd.GeoDataFrame
    mapping: pd.DataFrame | None
    agreement: pd.DataFrame
    tables: dict[str, TableValues]
    tiles: dict[str, SpeedTests]
    surveys: dict[str, Item]
    zonings: dict[str, gpd.GeoDataFrame]
    rasters: list[tuple[RasterSpec, Record]]
    records: list[Record]
    licences: list[str]
    area: shapely.Geometry
    fibre: pd.DataFrame = field(default_factory=pd.DataFrame)
    marks: dict[str, str] = field(default_factory=dict)


def collect(city: City, definitions: list[Definition]) -> Collected:
    """
    Read every source of a city file; raise the faults of all of them at once.

    Parameters
    ----------
    city
        A checked city file.
    definitions
        The catalogue, with the city's changes.

    Returns
    -------
    collected
        Tables in the one metric CRS of the study, and their provenance.

    Raises
    ------
    SourceError
        If a file cannot be read.
    DataError
        If a table breaks its contract; all faults of all files in one.
    CRSError
        If a layer has no CRS or the study's is not metric.
    """
    reading = _Reading(city, scales={one.id: one.scale for one in definitions})
    districts, cells = reading.units()
    with ThreadPoolExecutor(1) as beside:  # libosmium and numpy let go of the interpreter
        of_map = beside.submit(_map, city, crs=reading.crs, area=reading.area)
        group_areas = reading.group_areas()
        lists, stops = reading.services(), reading.stops()
        feed, timed = reading.timetables()
        listed_routes = reading.routes()
        streets, layers = reading.streets(), reading.map(of_map)
    scales = {one.id: one.scale for one in definitions}
    values, districts, cells = reading.tables(districts, cells, scales=scales)
    tiles = reading.tiles()
    answers = reading.surveys(districts)
    zonings = reading.zonings(cells)
    rasters = reading.rasters()
    gather([*reading.faults, *_catalogue_faults(city, definitions)])
    reading.records += _map_records(city, layers)
    by_name = {record.name: record for record in reversed(reading.records)}  # the first of a name
    crs = reading.crs
    routes, every_stop = _all_routes(layers, listed_routes, city), _all_stops(layers, stops, crs)
    if timed is not None:
        every_stop = services.join_timed_stops(every_stop, timed, rule=city.transit.merge)
    stop_routes = _stop_routes(layers, every_stop, routes)
    if feed is not None:
        drawn = services.timed_routes(feed, crs=crs, study_area=reading.area)
        drawn = drawn[~drawn["mode"].isin(routes["mode"])]
        routes = pd.concat([one for one in (routes, drawn) if len(one)] or [routes])
    all_asked = city.osm is not None and not city.osm.only
    whole = layers if all_asked else None
    edges = layers.streets if layers and streets is None else streets
    return Collected(
        districts=districts,
        cells=cells,
        group_areas=group_areas,
        services=_all_services(layers, lists, crs, by_name),
        stops=every_stop,
        routes=routes,
        feed=feed,
        timed_stops=pd.Series(dtype=object) if timed is None else timed["feed_id"],
        stop_routes=stop_routes,
        streets=edges,
        lifts=layers.elevators if layers and streets is None else pd.Index([]),
        background=make_background(edges, reading.water, districts=districts),
        mapping=None if whole is None else mapping_of(whole.mapping, districts),
        agreement=_agreement(whole, lists, districts),
        tables=values,
        tiles=tiles,
        surveys=answers,
        zonings=zonings,
        rasters=rasters,
        records=reading.records,
        licences=_licences(city, reading.records),
        area=reading.area,
    )


class _Reading:
    """One reading of all files: its place on Earth, its faults and its records so far."""

    def __init__(self, city: City, *, scales: dict[str, str]) -> None:
        self.city = city
        self.scales = scales
        self.faults: list[GeoEquityError] = []
        self.records: list[Record] = []
        self.crs = CRS(_ANY_CRS)  # without districts, go on to find the other files' faults
        self.area: Any = None  # the districts and the buffer round them
        self.districts: gpd.GeoDataFrame | None = None
        self.water: gpd.GeoSeries | None = None

    def attempt(self, reader: Callable[..., Any], spec: FileSpec, name: str, **options: Any) -> Any:
        """Read one file; keep its fault for later."""
        record = Record(name=name, path=spec.path, origin=self.city.origin(spec))
        self.records.append(record)
        try:
            return reader(spec, record=record, **options)
        except GeoEquityError as error:
            self.faults.append(error)
            return None

    def units(self) -> tuple[Any, Any]:
        """Read districts, and with them the place; then cells."""
        spec = self.city.cells
        found = self.attempt(
            boundaries.read_districts, self.city.districts, "districts", crs=self.city.city.crs
        )
        if found is not None:
            self.districts, self.crs = found, CRS(found.crs)
            self.area = found.union_all().buffer(self.city.city.buffer_m)
            if self.city.border is not None:
                land = self.attempt(
                    boundaries.read_border, self.city.border, "border", crs=self.crs
                )
                # The districts themselves stay, however roughly the border is drawn
                self.area = self.area if land is None else _this_side(self.area, land, found)
        if spec is None:
            return found, None
        if spec.grid is not None:
            return found, None if found is None else _grid(spec.grid, found)
        cells = self.attempt(boundaries.read_cells, spec, "cells", crs=self.crs, districts=found)
        return found, cells

    def group_areas(self) -> dict[str, Any]:
        """Read the land of groups of people."""
        areas = self.city.cells.group_areas if self.city.cells else {}
        return {
            key: self.attempt(
                boundaries.read_border, spec, f"cells.group_areas.{key}", crs=self.crs
            )
            for key, spec in areas.items()
        }

    @property
    def place(self) -> dict[str, Any]:
        """Options of the readers of places."""
        return {"crs": self.crs, "districts": self.districts, "study_area": self.area}

    def services(self) -> list[tuple[str, Any]]:
        """Read every list of services, in the order of the city file."""
        blocks: list[tuple[str, Any]] = [
            (f"services.{one.category}", one) for one in self.city.services
        ]
        blocks += [
            (f"connectivity.{one.kind}", one)
            for one in self.city.connectivity
            if not isinstance(one, TilesSpec)
        ]
        lists = []
        for name, spec in _numbered(blocks):
            antennas = isinstance(spec, TowersSpec)
            reader = towers.read_towers if antennas else services.read_services
            lists.append((spec.merge, self.attempt(reader, spec, name, **self.place)))
        return lists

    def stops(self) -> list[Any]:
        """Read every list of stops."""
        blocks = [(f"transit.{one.mode}", one) for one in self.city.transit.stops]
        return [
            self.attempt(services.read_stops, spec, name, **self.place)
            for name, spec in _numbered(blocks)
        ]

    def timetables(self) -> tuple[Feed | None, gpd.GeoDataFrame | None]:
        """Read the timetables, one record a file, and their stops near the study area."""
        block = self.city.transit
        self._check_centre()
        if not block.gtfs:
            return None, None
        books = [
            Record(name=name, path=path, origin=self.city.origin(block, path=path))
            for name, path in _numbered([("transit.gtfs", path) for path in block.gtfs])
        ]
        self.records += books
        try:
            feed = gtfs.read_feed(block.gtfs, record=books, modes=block.modes)
        except GeoEquityError as error:
            self.faults.append(error)
            return None, None
        books[0].counts["feed"] = feed.report
        timed = services.timed_stops(feed, crs=self.crs, study_area=self.area)
        self._check_block(feed, record=books[0])
        if timed.empty:
            served = feed.stops[feed.stops.index.isin(feed.stop_times["stop_id"])]
            low, high = served[["lon", "lat"]].min(), served[["lon", "lat"]].max()
            msg = (
                f"{shown(block.gtfs)}: stops.txt: no stop lies near the districts; stop_lon runs"
                f" from {low['lon']:.4f} to {high['lon']:.4f}, stop_lat from {low['lat']:.4f}"
                f" to {high['lat']:.4f}"
            )
            self.faults.append(DataError(msg, ids=served.index))
        return feed, timed

    def _check_block(self, feed: Feed, *, record: Record) -> None:
        """Refuse a day and a budget that the timetables do not fit, and warn of what is idle."""
        block, key = self.city.transit, "date"
        idle = [one for one in block.without if one not in set(feed.routes["mode"])]
        if idle:
            record.warn("transit.without takes out modes that no route has", idle)
        try:
            timetable = Timetable.of(feed, date=block.date)
            if len(block.gtfs) > 1:  # of a single one the date is checked as a whole
                _warn_of_idle(feed, timetable.date, record=record)
            key = "fare_budget"
            if block.fare_budget is not None:
                timetable.boardings_for(block.fare_budget)
        except DataError as error:
            self.faults.append(DataError(f"{self.city.file}: transit.{key}: {error}"))

    def _check_centre(self) -> None:
        """Refuse a centre so far off that its coordinates must be wrong."""
        place = self.city.transit.centre
        if place is None or self.area is None:
            return
        point = gpd.GeoSeries([shapely.Point(place)], crs="EPSG:4326").to_crs(self.crs).iloc[0]
        if not point.distance(self.area) <= _FAR_M:  # nor where it has no coordinates at all
            msg = (
                f"{self.city.file}: transit.centre: over {_FAR_M / 1000:g} km from the districts;"
                " the longitude goes first"
            )
            self.faults.append(ConfigError(msg))

    def routes(self) -> gpd.GeoDataFrame:
        """Read every list of routes, and then how often they run from tables of trips."""
        blocks = [
            ("transit.routes" + (f".{one.mode}" if one.mode else ""), one)
            for one in self.city.transit.routes
        ]
        place = {"crs": self.crs, "study_area": self.area}
        lists = [
            self.attempt(transit_tables.read_routes, spec, name, **place)
            for name, spec in _numbered(blocks)
        ]
        whole = all(one is not None for one in lists)
        none = _empty(self.crs, transit_tables.ROUTE_COLUMNS)
        none = none.astype(dict.fromkeys(transit_tables.FIGURES, float))
        routes = pd.concat([one for one in lists if one is not None and len(one)] or [none])
        for name, spec in _numbered([("transit.trips", one) for one in self.city.transit.trips]):
            trips, record = self.trips(spec, name)
            if trips is None or not whole:
                continue
            try:
                routes = transit_tables.join_trips(routes, trips, mode=spec.mode, record=record)
            except GeoEquityError as error:
                self.faults.append(error)
        return routes

    def trips(self, spec: TripsSpec, name: str) -> tuple[pd.DataFrame | None, Record]:
        """Read a table of trips, and with it the one that tells their routes."""
        books: dict[str, Any] = {}
        window_s = window_of(self.city.transit.window)
        if spec.trips is not None:
            origin = self.city.origin(spec.trips)
            book = Record(name=f"{name}.trips", path=spec.trips.path, origin=origin)
            books["trips_record"] = book
        trips = self.attempt(transit_tables.read_trips, spec, name, window_s=window_s, **books)
        record = self.records[-1]
        self.records += books.values()
        return trips, record

    def streets(self) -> Any:
        """Read a table of edges."""
        if self.city.streets is None:
            return None
        return self.attempt(
            street_tables.read_streets,
            self.city.streets,
            "streets",
            crs=self.crs,
            study_area=self.area,
        )

    def map(self, of_map: Future[Any]) -> osm.OsmLayers | None:
        """Take what was read of the map; its records are made when its layers are merged."""
        try:
            layers, self.water = of_map.result()
        except GeoEquityError as error:
            self.faults.append(error)
            return None
        return layers

    def tables(
        self, districts: Any, cells: Any, *, scales: Mapping[str, str]
    ) -> tuple[dict[str, TableValues], Any, Any]:
        """Read every table; columns that count people join the units themselves."""
        values: dict[str, TableValues] = {}
        for number, spec in enumerate(self.city.tables):
            units = cells if spec.level == "cell" else districts
            options = {"units": units, "scales": scales}
            read = self.attempt(
                tables.read_values, _with_sampling(spec), f"tables.{number}", **options
            )
            if read is None:
                continue
            frame = read[list(spec.columns)]
            counted = frame.columns.intersection(list(BASES))
            self.records[-1].counts["indicators"] = list(frame.columns.difference(counted))
            values |= _table_values(frame.drop(columns=counted), spec)
            values |= self.published(read, values, spec)
            values |= self.surveyed(read, values, spec, number)
            if units is not None and spec.level == "cell":
                cells = units.join(frame[counted])
            elif units is not None:
                districts = units.join(frame[counted])
        return values, districts, cells

    def published(
        self, read: pd.DataFrame, values: Mapping[str, TableValues], spec: TableSpec
    ) -> dict[str, TableValues]:
        """Give values the interval that their provider publishes, told at the study's level."""
        found = {}
        for key, column in spec.columns.items():
            if column.low is None:
                continue
            value = read[key]
            low, high = (read[f"{key}{end}"] for end in _ENDS)
            odd = (low > value) | (high < value)
            if odd.any():
                ids = odd.index[odd]
                msg = f"{spec.path}: columns {column.low!r} and {column.high!r} do not hold the"
                msg = f"{msg} value of {column.column!r} for {shown(ids)}"
                self.faults.append(DataError(msg, ids=ids))
                continue
            narrower = float(ndtri((1 + LEVEL) / 2) / ndtri((1 + column.interval_level) / 2))
            ends = {
                "low": value - narrower * (value - low),
                "high": value + narrower * (high - value),
            }
            known = pd.DataFrame(ends)
            if column.unit in {"share", "percent"}:
                known = known.clip(0.0, 1.0)
            found[key] = replace(values[key], interval=known)
        return found

    def surveyed(
        self,
        read: pd.DataFrame,
        values: Mapping[str, TableValues],
        spec: TableSpec,
        number: int,
    ) -> dict[str, TableValues]:
        """Give shares of those asked what they tell of the true ones."""
        found = {}
        for at, (key, column) in enumerate(spec.columns.items()):
            if column.n is None:
                continue
            try:
                known = smallsample.district_shares(
                    read[key],
                    asked=read[f"{key}{_ASKED}"] / column.design_effect,
                    rng=np.random.default_rng([self.city.index.seed, number, at]),
                    draws=self.city.index.draws,
                )
            except DataError as error:
                msg = f"{spec.path}: column {column.column or column.numerator!r}: {error}"
                self.faults.append(DataError(msg, ids=error.ids))
                continue
            ends = known.table[["low", "high"]]
            found[key] = replace(values[key], interval=ends, draws=known.draws)
        return found

    def zonings(self, cells: Any) -> dict[str, gpd.GeoDataFrame]:
        """Read other zones; hexagons of two sizes where the city file says nothing."""
        if self.districts is None or cells is None:
            return {}
        named = self.city.zonings
        if named is None:
            sizes = zoning.hexagon_sizes(self.districts, cells=cells)
            cut = {f"h3_{one}": ("h3", one) for one in sizes}
            return {
                key: zoning.make_zones(self.districts, kind=kind, size=size)
                for key, (kind, size) in cut.items()
            }
        found = {}
        for key, spec in named.items():
            if spec.grid is None:
                read = partial(boundaries.read_districts, crs=self.crs.to_string())
                found[key] = self.attempt(read, spec, f"zonings.{key}")
            else:
                try:
                    kind, size = spec.grid
                    found[key] = zoning.make_zones(self.districts, kind=kind, size=size)
                except GeoEquityError as error:
                    self.faults.append(error)
        return found

    def tiles(self) -> dict[str, SpeedTests]:
        """Read the tiles of speed tests of each kind."""
        found: dict[str, SpeedTests] = {}
        for spec in self.city.connectivity:
            if not isinstance(spec, TilesSpec) or self.area is None:
                continue
            kind = spec.kind.removeprefix("ookla_")
            books = [
                Record(
                    name=f"connectivity.{spec.kind}",
                    path=path,
                    origin=self.city.origin(spec, path=path),
                )
                for path in spec.path
            ]
            self.records += books
            try:
                squares = broadband.read_tiles(
                    spec, study_area=self.area, crs=self.crs, records=books
                )
                found[kind] = SpeedTests(squares=squares, min_tests=spec.min_tests)
                for book in books:
                    book.counts["indicators"] = list(offered(spec).values())
            except GeoEquityError as error:
                self.faults.append(error)
        return found

    def surveys(self, districts: Any) -> dict[str, Item]:
        """Read the items of every survey."""
        items: dict[str, Item] = {}
        for number, spec in enumerate(self.city.surveys):
            name = f"surveys.{number}"
            answers = self.attempt(surveys.read_survey, spec, name, units=districts)
            for key, values in (answers or {}).items():
                items[key] = Item(spec=spec.items[key], answers=values)
        return items

    def rasters(self) -> list[tuple[RasterSpec, Record]]:
        """Open the books of the rasters, which are read when the units are final."""
        listed = list(self.city.rasters)
        cells = self.city.cells
        if cells is not None and cells.raster is not None:
            terms = self.city.origin(cells).model_dump()
            terms["url"] = cells.population_url or terms["url"]
            listed.insert(0, RasterSpec(path=(cells.raster,), kind="population", **terms))
        books = [
            Record(name=f"rasters.{one.kind}", path=one.path[0], origin=self.city.origin(one))
            for one in listed
        ]
        self.records += books
        return list(zip(listed, books, strict=True))


def _map(
    city: City, *, crs: CRS, area: shapely.Geometry | None
) -> tuple[osm.OsmLayers | None, gpd.GeoSeries | None]:
    """Read OpenStreetMap, and the water to draw."""
    if city.osm is None:
        return None, None
    extent = None if area is None else gpd.GeoDataFrame(geometry=[area], crs=crs)
    layers = osm.read_osm(list(city.osm.path), crs=crs, extent=extent)
    water = waters.read_water(city.osm.path, crs=crs)
    return _asked_for(layers, city.osm.only), water


def _asked_for(layers: osm.OsmLayers, only: tuple[str, ...]) -> osm.OsmLayers:
    """Keep what the map was asked for: of all else it may hold a few, which are not all."""
    if not only:
        return layers
    streets = layers.streets if "streets" in only else None
    is_asked = {
        "services": layers.services["category"].isin(only),
        "stops": np.full(len(layers.stops), "stops" in only),
        "routes": np.full(len(layers.routes), "routes" in only),
    }
    tables = {key: getattr(layers, key) for key in is_asked}
    strays = [one for key, asked in is_asked.items() for one in tables[key].index[~asked]]
    if streets is None and layers.streets is not None:
        strays += layers.streets.index.tolist()
    kept = {key: tables[key][asked] for key, asked in is_asked.items()}
    made = {key: len(one) for key, one in kept.items()}
    made = {**layers.counts["made"], **made, "streets": 0 if streets is None else len(streets)}
    dropped = {**layers.counts["dropped"], "not among what is asked for": strays}
    counts = {**layers.counts, "made": made, "dropped": dropped}
    return replace(layers, streets=streets, counts=counts, **kept)


def _this_side(
    area: shapely.Geometry, land: shapely.Geometry, districts: gpd.GeoDataFrame
) -> shapely.Geometry:
    """Cut the study area at a closed border, but never through the districts."""
    return shapely.union(shapely.intersection(area, land), districts.union_all())


def _grid(grid: tuple[str, int], districts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Make the cells of a grid over the districts."""
    kind, size = grid
    if kind == "h3":
        return grids.make_h3_grid(districts, resolution=size).assign(parent=None)
    return grids.make_square_grid(districts, cell_m=size).assign(parent=None)


def _numbered(blocks: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Tell apart blocks of one name: from the second on, each gets a number."""
    named: list[tuple[str, Any]] = []
    seen: dict[str, int] = {}
    for name, spec in blocks:
        seen[name] = seen.get(name, 0) + 1
        named.append((name if seen[name] == 1 else f"{name}.{seen[name]}", spec))
    return named


def _catalogue_faults(city: City, definitions: list[Definition]) -> list[GeoEquityError]:
    """Find where the city file and the catalogue do not fit."""
    known = {one.id: one for one in definitions}
    named = [
        (f"tables.{n}.columns.{one}", one)
        for n, spec in enumerate(city.tables)
        for one in spec.columns
        if one not in BASES
    ]
    named += [
        (f"rasters.{n}.classes.{one}", f"{one}_share")
        for n, spec in enumerate(city.rasters)
        if spec.kind == "landcover"
        for one in spec.classes
    ]
    said = [
        f"{key}: {known[one].measure} computes it; to take the column, declare"
        f' indicators.{one}.measure = "table"'
        for key, one in named
        if one in known and known[one].measure not in OF_COLUMNS
    ]
    if city.question is not None:
        named += [("question.indicators", one) for one in city.question.indicators]
    named += [
        (f"surveys.{n}.items.{key}.indicator", item.indicator)
        for n, spec in enumerate(city.surveys)
        for key, item in spec.items.items()
        if item.indicator is not None
    ]
    named += [
        (f"indicators.{one.id}.against", one.against)
        for one in definitions
        if one.against is not None
    ]
    named += [
        (f"indicators.{one.id}.parameters.{side}", str(one.parameters[side]))
        for one in definitions
        if one.measure == "table_change"
        for side in ("of", "since")
        if side in one.parameters
    ]
    said += [f"{key}: no indicator {one!r}" for key, one in named if one not in known]
    said += _given_twice(city)
    categories = {rule.name for rule in osm_tags.rules().services.rules}
    for one in definitions:
        categories |= set(one.parameters.get("categories", ()))
    said += [
        f"services.{n}.category: nothing is called {spec.category!r};"
        f" there are {', '.join(sorted(categories))}"
        for n, spec in enumerate(city.services)
        if spec.category not in categories
    ]
    if city.osm is not None:
        known_to_map = {"streets", "stops", "routes", *categories}
        said += [
            f"osm.only: nothing is called {one!r}; there are {', '.join(sorted(known_to_map))}"
            for one in city.osm.only
            if one not in known_to_map
        ]
    try:
        check_measures(definitions)
    except ConfigError as error:
        said += error.faults
    return [ConfigError(f"{city.file}: {one}") for one in said]


def _given_twice(city: City) -> list[str]:
    """Find what several sources give, so that none is passed over in silence."""
    given: list[tuple[str, str]] = []
    if city.cells is not None:
        given += [("cells", one) for one in city.cells.bases]
        given += [("cells", "population")] if city.cells.population is not None else []
    given += [
        (f"tables.{n}", one)
        for n, spec in enumerate(city.tables)
        for one in spec.columns
        if not city.is_census(spec, one)
    ]
    blocks: list[tuple[str, RasterSpec | TilesSpec]] = [
        (f"rasters.{n}", spec) for n, spec in enumerate(city.rasters)
    ]
    blocks += [
        (f"connectivity.{n}", spec)
        for n, spec in enumerate(city.connectivity)
        if isinstance(spec, TilesSpec)
    ]
    given += [(key, one) for key, spec in blocks for one in offered(spec).values()]
    given += [
        (f"surveys.{n}.items", one) for n, spec in enumerate(city.surveys) for one in spec.items
    ]
    first: dict[str, str] = {}
    return [
        f"{key}: {one}: {first[one]} gives it too"
        for key, one in given
        if first.setdefault(one, key) != key
    ]


def _with_sampling(spec: TableSpec) -> TableSpec:
    """Read how many were asked beside the shares of them, and the ends of published intervals."""
    beside = {
        f"{key}{_ASKED}": ColumnSpec(column=column.n, unit="count")
        for key, column in spec.columns.items()
        if column.n is not None
    }
    beside |= {
        f"{key}{end}": ColumnSpec(column=name, unit=column.unit)
        for key, column in spec.columns.items()
        for end, name in zip(_ENDS, (column.low, column.high), strict=True)
        if name is not None
    }
    return spec.model_copy(update={"columns": {**spec.columns, **beside}})


def _table_values(frame: pd.DataFrame, spec: Any) -> dict[str, TableValues]:
    """Turn the columns of a table into what the evaluation takes."""
    return {
        one: TableValues(
            value=frame[one],
            level=spec.level,
            is_count=spec.columns[one].unit == "count",
            source=str(spec.path),
        )
        for one in frame.columns
    }


def _empty(crs: CRS, columns: list[str]) -> gpd.GeoDataFrame:
    """Make a table without rows."""
    return gpd.GeoDataFrame({one: pd.Series(dtype=object) for one in columns}, geometry=[], crs=crs)


def _all_services(
    layers: Any, lists: list[tuple[str, gpd.GeoDataFrame]], crs: CRS, records: dict[str, Record]
) -> gpd.GeoDataFrame:
    """Join the services of the map with the lists, official lists last."""
    every = [("add", _empty(crs, services.SERVICE_COLUMNS))]
    if layers is not None:
        found = layers.services[[*services.SERVICE_COLUMNS, "geometry"]]
        every = [("add", found)]
    return services.merge_services([*every, *lists], record_of=records)


def _agreement(
    layers: osm.OsmLayers | None,
    lists: list[tuple[str, gpd.GeoDataFrame]],
    districts: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Hold the map against the official lists."""
    official = [one for _, one in lists if len(one)]
    if layers is None or not official:
        return pd.DataFrame(columns=AGREEMENT_COLUMNS)
    return agreement(layers.services, pd.concat(official), districts=districts)


def _all_stops(layers: Any, lists: list[gpd.GeoDataFrame], crs: CRS) -> gpd.GeoDataFrame:
    """Join the stops of the map with the lists; a list replaces the map's stops of its mode."""
    columns = [*services.STOP_COLUMNS, "geometry"]
    found = _empty(crs, services.STOP_COLUMNS)
    if layers is not None:
        found = layers.stops.assign(source=services.MAP)[columns]
    listed = {mode for one in lists for mode in one["mode"].unique()}
    frames = [found[~found["mode"].isin(listed)], *lists]
    frames = [one for one in frames if len(one)] or [found]
    return pd.concat(frames).astype(dict.fromkeys(osm_tags.STOP_FEATURES, "boolean"))


def _warn_of_idle(feed: Feed, day: dt.date, *, record: Record) -> None:
    """Warn of agencies that do not run on the day: timetables may be of different years."""
    agency = feed.routes["agency"]
    runs = feed.trips["service_id"].isin(feed.services_on(day))
    running = agency.reindex(feed.trips.loc[runs, "route_id"].unique())
    idle = sorted({*agency.dropna()} - {*running.dropna()})
    if idle:
        record.warn(f"nothing runs on {day} of agencies", idle)


def _all_routes(layers: Any, listed: gpd.GeoDataFrame, city: City) -> gpd.GeoDataFrame:
    """Join the routes of the map with those of lists, and let headways stand in."""
    every = [listed]
    if layers is not None:
        told = layers.routes["headway_min"].notna()
        origin = pd.Series("tags", index=told.index, dtype=object).where(told, None)
        of_map = {"source": services.MAP, "headway_from": origin, "first_s": np.nan}
        every = [layers.routes.assign(**of_map, last_s=np.nan), listed]
    routes = transit_tables.merge_routes(every)
    return transit_tables.with_assumed(routes, city.transit.headway_min)


def _stop_routes(layers: Any, stops: gpd.GeoDataFrame, routes: gpd.GeoDataFrame) -> pd.DataFrame:
    """Tell where routes let people board, of the stops and routes that are left."""
    if layers is None:
        return pd.DataFrame({"stop_id": [], "route_id": []}, dtype=object)
    listed = layers.stop_routes
    left = listed["stop_id"].isin(stops.index) & listed["route_id"].isin(routes.index)
    return listed[left].reset_index(drop=True)


def _map_records(city: City, layers: osm.OsmLayers | None) -> list[Record]:
    """Keep the book of the map, one record a file; what is dropped stands in the first."""
    if city.osm is None or layers is None:
        return []
    date = city.osm.date or (str(layers.date.date()) if layers.date is not None else None)
    records = [
        Record(name=services.MAP, path=path, origin=city.origin(city.osm, path=path))
        for path in city.osm.path
    ]
    records[0].rows_read = sum(layers.counts["read"].values())
    records[0].rows_kept = sum(layers.counts["made"].values())
    records[0].counts = {one: layers.counts[one] for one in ("read", "made")}
    for record in records:
        cut = layers.counts["dates"].get(str(record.path))
        record.counts["date"] = date if cut is None else str(cut.date())
    for why, ids in layers.counts["dropped"].items():
        records[0].drop(why, ids)
    if city.streets is not None and layers.streets is not None:
        records[0].drop("the table of streets is walked instead", layers.streets.index)
    return records


def _licences(city: City, records: list[Record]) -> list[str]:
    """List the licences whose terms the outputs inherit."""
    origins = [record.origin for record in records]
    if city.osm is not None:
        origins.append(city.origin(city.osm))
    return sorted({one.licence for one in origins if one.licence})
