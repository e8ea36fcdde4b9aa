"""
What is found in an OpenStreetMap extract, before it is projected.

What tags mean is worked out once for all elements that say the same. Nodes of
ways stay in flat arrays; areas are built only of those ways and relations that
are services or stops, and of relations that are buildings.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain, compress
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geoequity.sources import osm_text
from geoequity.sources.osm_tags import (
    Rules,
    Shape,
    Tags,
    capacity,
    has_cycleway,
    oneway_foot,
    sidewalk,
)
from geoequity.sources.osm_text import Places
from geoequity.sources.osm_ways import NOWHERE, PER_DEGREE, Gathered, Ways

BROKEN = (  # what osmium raises of an extract that is none, or not whole
    RuntimeError, ValueError, IndexError, KeyError, OverflowError, osmium.InvalidLocationError,
)  # fmt: skip
STREET_TAGS = (
    "lit", "foot", "access", "oneway", "surface", "width", "incline", "conveying", "tunnel",
    "bridge", "layer",
)  # fmt: skip
STREET_COLUMNS = ("highway", "walkable", "sidewalk", "cycleway", "oneway_foot", *STREET_TAGS)
SERVICE_TAGS = ("wheelchair", "internet_access", "opening_hours")
SERVICE_COLUMNS = ("capacity", *SERVICE_TAGS)
ROUTE_TAGS = ("ref", "name", "interval", "headway")
GAPS = "part of a way, its nodes not in the file"
TYPES = ("node", "way", "relation")
KINDS = ("street", "building", "service")

_AREA_TYPES = ("boundary", "multipolygon")  # relations that libosmium makes areas of
_TRIANGLE = 4  # nodes, the first again as the last
_MAPPED = {"kind": "int8", "of": "int8", "number": "int64", "edited": "int64", "uid": "int32"}
_KEPT = {
    "area", "bicycle", "building", "capacity", "headway", "interval", "ref", *STREET_TAGS,
    *SERVICE_TAGS,
}  # fmt: skip
_FAMILIES = ("cycleway", "foot:", "oneway:", "sidewalk")  # keys that start so


@dataclass(frozen=True)
class Meaning:
    """
    What the tags of an element mean, its name aside.

    Parameters
    ----------
    tags
        Those that are heeded.
    categories
        Of service.
    kind
        Of stop; None where it is none.
    modes
        That serve it.
    street
        The columns of a street; None where it is none.
    route_mode
        Of a way that is a route by itself; None where it is none.
    service
        The columns of a service.
    stop
        The columns of a stop.
    is_building
        Whether it is a building.
    is_elevator
        Whether it is a lift.
    """

    tags: Tags
    categories: Sequence[str]
    kind: str | None
    modes: Sequence[str]
    street: tuple[Any, ...] | None
    route_mode: str | None
    service: tuple[Any, ...]
    stop: tuple[Any, ...]
    is_building: bool
    is_elevator: bool

    @property
    def is_place(self) -> bool:
        """
        Tell whether it is a service or a stop.

        Returns
        -------
        is_place
            Whether it is.
        """
        return bool(self.categories) or self.kind is not None


@dataclass(frozen=True)
class _Said:
    """What the tags of some elements say: meanings, which of them each has, and names."""

    meanings: Sequence[Meaning]
    of: np.ndarray
    names: np.ndarray

    def at(self, element: int) -> tuple[Meaning, str | None]:
        """Give the meaning and name of an element."""
        return self.meanings[self.of[element]], self.names[element]

    def told(self, what: Callable[[Meaning], object]) -> np.ndarray:
        """Ask something of every element."""
        return np.array([bool(what(one)) for one in self.meanings], dtype=bool)[self.of]

    def taken(self, which: np.ndarray) -> "_Said":
        """Take some of the elements."""
        return _Said(self.meanings, self.of[which], self.names[which])


@dataclass(frozen=True)
class _Outline:
    """A way or relation that an area may be built of."""

    of: str
    number: int
    meaning: Meaning
    name: str | None
    edited: int
    uid: int
    tags: str = ""  # of a way, as text
    nodes: str = ""
    ways: Sequence[int] = ()  # of a relation

    @property
    def is_wanted(self) -> bool:
        """Whether it is more than a part of others, or a building known by its nodes."""
        is_building = self.meaning.is_building and self.of == "relation"
        return self.meaning.is_place or is_building


@dataclass
class Found:
    """
    What has been found in a file so far.

    Parameters
    ----------
    rules
        What tags mean.
    bounds
        West, south, east and north of what to keep [degrees]; None for all.
    """

    rules: Rules
    bounds: tuple[float, ...] | None
    streets: Ways = field(default_factory=lambda: Gathered().whole())
    street_rows: dict[tuple[Any, ...], int] = field(default_factory=dict)  # what streets say
    services: list[pd.DataFrame] = field(default_factory=list)
    stops: list[tuple[Any, ...]] = field(default_factory=list)
    elevators: list[int] = field(default_factory=list)
    routes: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    members: dict[str, list[int]] = field(default_factory=dict)  # ways of a route
    calls: dict[str, list[str]] = field(default_factory=dict)  # elements where it stops
    lines: Ways = field(default_factory=lambda: Gathered().whole())  # ways of any route
    mapped: list[pd.DataFrame] = field(default_factory=list)  # buildings and services
    dropped: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    read: Counter[str] = field(default_factory=Counter)
    _meanings: dict[tuple[Shape, str], Meaning] = field(default_factory=dict)
    _outlines: dict[tuple[str, int], _Outline] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Remember which keys may change what is found."""
        keys = _KEPT | self.rules.keys
        self._heeds = cache(lambda key: key in keys or key.startswith(_FAMILIES))

    def take_relations(self, path: Path) -> None:
        """
        Note the routes, and the areas that relations promise.

        Parameters
        ----------
        path
            Relations that `osm_text.write_text` wrote.
        """
        for _, table in osm_text.read_tables(path):
            self.read["relations"] += len(table)
            head = zip(*(column.tolist() for column in _head(table)), strict=True)
            text = (table[column].to_pylist() for column in ("tags", "members"))
            for (number, edited, uid), tags, members in zip(head, *text, strict=True):
                told = osm_text.read_tags(tags[1:])
                if told["type"] == "route":
                    self._take_route(number, told, members)
                elif told["type"] in _AREA_TYPES:
                    meaning = self._meaning(told, shape="area")
                    ways = [way for way, _ in osm_text.read_members(members)]
                    outline = _Outline(
                        "relation", number, meaning, told.get("name"), edited, uid, ways=ways
                    )
                    if outline.is_wanted:
                        self._outlines["relation", number] = outline

    def _take_route(self, number: int, tags: Tags, members: str) -> None:
        """Note a route and the ways that it follows, which platforms and stops are not."""
        mode = self.rules.route_mode(tags)
        if mode is not None:
            ways = [
                way
                for way, role in osm_text.read_members(members)
                if not role.startswith(("platform", "stop"))
            ]
            self._add_route(f"relation/{number}", mode, tags, ways)
            self.calls[f"relation/{number}"] = list(osm_text.read_calls(members))

    def take_elements(self, path: Path, *, places: Places) -> None:
        """
        Note what nodes and ways hold.

        Parameters
        ----------
        path
            Elements that `osm_text.write_text` wrote; after `take_relations`.
        places
            Where nodes are.
        """
        needed = np.array([way for ways in self.members.values() for way in ways], dtype="int64")
        rings = np.array(
            [way for one in self._outlines.values() for way in one.ways], dtype="int64"
        )
        needed, rings = np.unique(needed), np.unique(rings)
        streets, lines = Gathered(), Gathered()
        for kind, table in osm_text.read_tables(path):
            if kind == "node":
                self._take_nodes(table)
            elif kind == "way":
                taken = self._take_ways(table, needed, rings, places=places)
                streets.add(taken[0])
                lines.add(taken[1])
        self.streets, self.lines = streets.whole(), lines.whole()
        self._take_areas(places)
        self._meanings.clear()

    # ---------------------------------------------------------------- points
    def _take_nodes(self, table: pa.Table) -> None:
        """Note services and stops that are points, and lifts."""
        self.read["nodes"] += len(table)
        said = self._read_tags(table["tags"], shape="point")
        matters = said.told(lambda one: one.is_place or one.is_elevator)
        table, said = table.filter(matters), said.taken(matters)
        number, edited, uid = _head(table)
        lon, lat = osm_text.degrees(table["lon"]), osm_text.degrees(table["lat"])
        lost = np.isnan(lon)
        self._drop("point without a place", "node", number[lost])
        near = ~lost & ~self._is_far(lon, lat, lon, lat)
        is_service = near & said.told(lambda one: one.categories)
        columns = [column[is_service] for column in (number, edited, uid, lon, lat)]
        self._add_mapped("service", "node", *columns)
        elements = [f"node/{node}" for node in columns[0]]
        self._add_services(elements, said.taken(is_service), shapely.points(*columns[3:]))
        for at in np.flatnonzero(near & said.told(lambda one: one.kind)).tolist():
            self._add_stop(f"node/{number[at]}", *said.at(at), (lon[at], lat[at]))
        self.elevators += number[near & said.told(lambda one: one.is_elevator)].tolist()

    # ------------------------------------------------------------------ ways
    def _take_ways(
        self, table: pa.Table, needed: np.ndarray, rings: np.ndarray, *, places: Places
    ) -> tuple[Ways, Ways]:
        """Note platforms and buildings; put areas by; give streets, and lines of routes."""
        self.read["ways"] += len(table)
        said = self._read_tags(table["tags"], shape="area")
        number = osm_text.integers(table["number"])
        is_needed, is_ring = _among(number, needed), _among(number, rings)
        matters = said.told(_matters) | is_needed | is_ring
        matters &= np.asarray(pc.greater(pc.binary_length(table["nodes"]), 1))  # it has some
        if not matters.all():
            table, said = table.filter(matters), said.taken(matters)
            is_needed, is_ring = is_needed[matters], is_ring[matters]
        size, ref = osm_text.nodes(table["nodes"])
        ways = Ways(*_head(table), said.names, said.of, size, ref, *places.find(ref))
        lost = ways.reduced(np.add, ways.lost.astype("int64"))
        last = np.cumsum(size) - 1
        is_area = (ref[ways.first] == ref[last]) & (size >= _TRIANGLE)
        is_area &= said.told(lambda one: one.tags.get("area") != "no")
        self._put_by(table, ways, said, is_ring | (is_area & said.told(lambda one: one.is_place)))
        is_building = said.told(lambda one: one.is_building) & is_area & (lost == 0)
        self._add_buildings(ways.taken(is_building))

        is_street = said.told(lambda one: one.street)
        is_stop = said.told(lambda one: one.kind) & ~is_area
        is_route = said.told(lambda one: one.route_mode) & ~is_needed
        is_line = is_street | is_stop | is_route | is_needed
        no_area = said.told(lambda one: one.categories) & ~is_area
        no_street = said.told(lambda one: "highway" in one.tags) & ~is_line
        self._drop("line where an area is meant", "way", ways.number[no_area])
        self._drop("street that is not there or not a street", "way", ways.number[no_street])
        self._drop(GAPS, "way", ways.number[is_line & (lost > 0)])
        there = (size - lost > 1) & ~self._is_far(*ways.box())
        for at in np.flatnonzero((is_stop | is_route) & there).tolist():
            (meaning, name), way = said.at(at), int(ways.number[at])
            if is_route[at]:
                tags = {**meaning.tags, "name": name}
                self._add_route(f"way/{way}", str(meaning.route_mode), tags, [way])
            if is_stop[at]:
                nodes = np.arange(ways.first[at], last[at] + 1)
                nodes = nodes[~ways.lost[nodes]]
                lon, lat = ways.degrees(nodes[len(nodes) // 2])
                self._add_stop(f"way/{way}", meaning, name, (float(lon), float(lat)))
        rows = np.array([self._street_row(one) for one in said.meanings], dtype="int64")
        streets = replace(ways, said=rows[said.of]).taken(is_street & there)
        return streets, ways.taken((is_route | is_needed) & there)

    def _street_row(self, meaning: Meaning) -> int:
        """Give the number of what is told of streets, each once."""
        if meaning.street is None:
            return -1
        return self.street_rows.setdefault(meaning.street, len(self.street_rows))

    def _add_buildings(self, ways: Ways) -> None:
        """Keep buildings, of each the southernmost of its westernmost corners."""
        west = np.repeat(ways.reduced(np.minimum, ways.x), ways.size)
        south = ways.reduced(np.minimum, np.where(ways.x == west, ways.y, NOWHERE))
        near = ~self._is_far(*ways.box())
        place = (west[ways.first] / PER_DEGREE, south / PER_DEGREE)
        columns = (ways.number, ways.edited, ways.uid, *place)
        self._add_mapped("building", "way", *(column[near] for column in columns))

    # ----------------------------------------------------------------- areas
    def _put_by(self, table: pa.Table, ways: Ways, said: _Said, which: np.ndarray) -> None:
        """Put by ways that areas may be built of."""
        text = (table[column].filter(which).to_pylist() for column in ("tags", "nodes"))
        head = (column[which].tolist() for column in (ways.number, ways.edited, ways.uid))
        told = map(said.at, np.flatnonzero(which).tolist())
        for (meaning, name), number, *rest in zip(told, *head, *text, strict=True):
            self._outlines["way", number] = _Outline("way", number, meaning, name, *rest)

    def _take_areas(self, places: Places) -> None:
        """Build the areas that are wanted."""
        outlines = self._outlines
        text = osm_text.area_text(
            {one.number: (one.tags, one.nodes) for one in outlines.values() if one.of == "way"},
            {one.number: one.ways for one in outlines.values() if one.of == "relation"},
            places=places,
        )
        stream = osmium.FileProcessor(osmium.io.FileBuffer(text, "opl")).with_areas()
        factory, built, open_ones = osmium.geom.WKBFactory(), {}, []
        for area in stream.with_filter(osmium.filter.EntityFilter(osmium.osm.AREA)):
            key = "way" if area.from_way() else "relation", area.orig_id()
            if not outlines[key].is_wanted:
                continue
            if area.num_rings()[0]:
                built[key] = factory.create_multipolygon(area)
            else:
                open_ones.append(key)
        for of, number in open_ones:
            self._drop("area whose outline is open or crosses itself", of, [number])
        unbuilt = [
            one.number
            for key, one in outlines.items()
            if one.of == "relation"
            and one.meaning.categories
            and key not in built
            and key not in open_ones
        ]
        self._drop("area whose outline is not all in the file", "relation", unbuilt)
        if built:
            shapes = shapely.from_wkb(np.array(list(built.values()), dtype=object))
            self._add_areas([outlines[key] for key in built], shapes)
        outlines.clear()

    def _add_areas(self, outlines: Sequence[_Outline], shapes: np.ndarray) -> None:
        """Keep services and stops that are areas, and buildings that are relations."""
        single = shapely.get_num_geometries(shapes) == 1
        shapes[single] = shapely.get_geometry(shapes[single], 0)
        near = ~self._is_far(*shapely.bounds(shapes).T)
        middle = shapely.get_coordinates(shapely.centroid(shapes))
        elements = [f"{one.of}/{one.number}" for one in outlines]
        for at in np.flatnonzero(near).tolist():
            self._add_stop(elements[at], outlines[at].meaning, outlines[at].name, middle[at])
        said = _Said(
            [one.meaning for one in outlines],
            np.arange(len(outlines)),
            np.array([one.name for one in outlines], dtype=object),
        ).taken(near)
        self._add_services(list(compress(elements, near)), said, shapes[near])
        corners, of_shape = shapely.get_coordinates(shapes, return_index=True)
        lon, lat = corners[np.searchsorted(of_shape, np.arange(len(shapes)))].T
        near_corner = ~self._is_far(lon, lat, lon, lat)
        edits = np.array([(one.number, one.edited, one.uid) for one in outlines]).T
        for of in ("way", "relation"):
            mine = np.array([one.of == of for one in outlines])
            is_service = np.array([bool(one.meaning.categories) for one in outlines]) & mine & near
            is_building = np.array([one.meaning.is_building for one in outlines]) & mine
            is_building &= near_corner & (of == "relation")
            for kind, which in {"service": is_service, "building": is_building}.items():
                columns = (column[which] for column in (*edits, lon, lat))
                self._add_mapped(kind, of, *columns)

    # ------------------------------------------------------------------ rows
    def _read_tags(self, column: pa.ChunkedArray, *, shape: Shape) -> _Said:
        """Find out what the tags of some elements say."""
        groups, of, names = osm_text.tags(column, heeded=self._heeds)
        meanings = []
        for text in groups:
            if (shape, text) not in self._meanings:
                meaning = self._meaning(osm_text.read_tags(text), shape=shape)
                self._meanings[shape, text] = meaning
            meanings.append(self._meanings[shape, text])
        return _Said(meanings, of, names)

    def _meaning(self, tags: Tags, *, shape: Shape) -> Meaning:
        """Ask the rules what tags mean."""
        rules, is_gone, street = self.rules, self.rules.is_gone(tags), None
        if rules.is_street(tags):
            street = (
                tags["highway"], rules.is_walkable(tags), sidewalk(tags), has_cycleway(tags),
                oneway_foot(tags), *map(tags.get, STREET_TAGS),
            )  # fmt: skip
        kind, modes = rules.stop(tags)
        return Meaning(
            tags=tags,
            categories=rules.categories(tags, shape=shape),
            kind=kind,
            modes=modes,
            street=street,
            route_mode=rules.route_mode(tags),
            service=(capacity(tags.get("capacity")), *map(tags.get, SERVICE_TAGS)),
            stop=(*rules.stop_features(tags), tags.get("wheelchair")),
            is_building=tags.get("building", "no") != "no" and not is_gone,
            is_elevator=tags.get("highway") == "elevator" and not is_gone,
        )

    def _add_services(self, elements: Sequence[str], said: _Said, shapes: np.ndarray) -> None:
        """Keep services, once for each of their categories."""
        categories = [said.meanings[one].categories for one in said.of]
        ids = [
            f"{element}#{category}" if position else element
            for element, some in zip(elements, categories, strict=True)
            for position, category in enumerate(some)
        ]
        row = np.repeat(np.arange(len(elements)), [len(some) for some in categories])
        told = np.array([one.service for one in said.meanings], dtype=object)
        columns = told.reshape(-1, len(SERVICE_COLUMNS))[said.of[row]].T
        table = {
            "service_id": ids,
            "geometry": shapes[row],
            "category": list(chain.from_iterable(categories)),
            "name": said.names[row],
            **dict(zip(SERVICE_COLUMNS, columns, strict=True)),
        }
        self.services.append(pd.DataFrame(table, dtype=object))

    def _add_stop(
        self, element: str, meaning: Meaning, name: str | None, place: Sequence[float]
    ) -> None:
        """Keep a stop, once for each of its modes."""
        if meaning.kind is not None and not meaning.modes:
            self.dropped["stop of no known mode"].append(element)
        for position, mode in enumerate(meaning.modes):
            stop_id = f"{element}#{mode}" if position else element
            self.stops.append((stop_id, *place, mode, meaning.kind, name, *meaning.stop))

    def _add_route(self, element: str, mode: str, tags: Mapping[str, Any], ways: list[int]) -> None:
        """Keep a route and the ways that it follows."""
        self.routes[element] = (mode, *map(tags.get, ROUTE_TAGS))
        self.members[element] = ways

    def _add_mapped(self, kind: str, of: str, *columns: np.ndarray) -> None:
        """Keep who edited elements and when: id, second, editor, place."""
        names = ("number", "edited", "uid", "lon", "lat")
        table = pd.DataFrame(dict(zip(names, columns, strict=True)))
        marks = {"kind": KINDS.index(kind), "of": TYPES.index(of)}
        self.mapped.append(table.assign(**marks).astype(_MAPPED))

    def _drop(self, reason: str, of: str, numbers: Iterable[int]) -> None:
        """Note elements that are left out."""
        self.dropped[reason] += [f"{of}/{number}" for number in numbers]

    def _is_far(self, west: Any, south: Any, east: Any, north: Any) -> np.ndarray:
        """Tell which boxes miss the bounds of the extent."""
        if self.bounds is None:
            return np.zeros(np.shape(west), dtype=bool)
        least, lowest, most, highest = self.bounds
        return (east < least) | (west > most) | (north < lowest) | (south > highest)


def _head(table: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read id, second of the last edit and editor."""
    edited = osm_text.seconds(table["edited"])
    return osm_text.integers(table["number"]), edited, osm_text.integers(table["uid"])


def _among(numbers: np.ndarray, some: np.ndarray) -> np.ndarray:
    """Tell which numbers are among some, which are in order."""
    at = np.searchsorted(some, numbers)
    return np.append(some, -1)[at] == numbers


def _matters(meaning: Meaning) -> bool:
    """Tell whether a way is kept, or dropped with a note."""
    is_line = "highway" in meaning.tags or meaning.route_mode is not None
    return is_line or meaning.is_place or meaning.is_building
