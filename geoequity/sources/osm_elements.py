"""
What is found in an OpenStreetMap extract, element by element.

Everything here is small: text, whole numbers and points in degrees, kept while
a file is read and made into tables after.
"""

import sys
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import osmium
import shapely

from geoequity.sources.osm_tags import Rules, capacity, has_cycleway, sidewalk

STREET_TAGS = (
    "lit", "foot", "access", "oneway", "surface", "width", "incline", "conveying", "tunnel",
    "bridge", "name",
)  # fmt: skip
STREET_COLUMNS = ("highway", "walkable", "sidewalk", "cycleway", *STREET_TAGS)
SERVICE_TAGS = ("wheelchair", "internet_access", "opening_hours")
ROUTE_TAGS = ("ref", "name", "interval")
GAPS = "part of a way, its nodes not in the file"

_PER_DEGREE = 10_000_000  # OSM keeps coordinates as whole numbers of this
_NOWHERE = 2**31 - 1  # coordinate of a node that is not in the file
_AREA_TYPES = ("boundary", "multipolygon")  # relations that libosmium makes areas of


class Ways:
    """
    Ways with their nodes, end to end in flat arrays.

    Where nodes are not in the file a way falls into parts.
    """

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.way = array("q")  # position of the way that each part belongs to
        self.size = array("q")  # nodes of each part
        self.first = array("q")  # position in the way of the first of them
        self.ref = array("q")
        self.x = array("q")
        self.y = array("q")

    def add(self, way_id: int, nodes: Iterable[tuple[int, int, int]]) -> None:
        """
        Keep a way.

        Parameters
        ----------
        way_id
            Its id.
        nodes
            Id and whole-number coordinates of its nodes.
        """
        self.ids.append(way_id)
        part: list[tuple[int, int, int]] = []
        for position, node in enumerate([*nodes, (0, _NOWHERE, _NOWHERE)]):
            if node[1] != _NOWHERE:
                part.append(node)
                continue
            if len(part) > 1:
                ref, x, y = zip(*part, strict=True)
                self.way.append(len(self.ids) - 1)
                self.size.append(len(part))
                self.first.append(position - len(part))
                self.ref.extend(ref)
                self.x.extend(x)
                self.y.extend(y)
            part = []

    def coordinates(self) -> np.ndarray:
        """
        Give the places of all nodes.

        Returns
        -------
        coordinates
            Longitude and latitude [degrees].
        """
        return np.column_stack([self.x, self.y]) / _PER_DEGREE


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
    streets: Ways = field(default_factory=Ways)
    street_rows: list[tuple[Any, ...]] = field(default_factory=list)
    services: list[tuple[Any, ...]] = field(default_factory=list)
    stops: list[tuple[Any, ...]] = field(default_factory=list)
    routes: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    members: dict[str, list[int]] = field(default_factory=dict)  # ways of a route
    lines: Ways = field(default_factory=Ways)  # ways of any route
    mapped: list[tuple[Any, ...]] = field(default_factory=list)
    unbuilt: dict[int, str] = field(default_factory=dict)  # areas that are yet to come
    dropped: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    read: Counter[str] = field(default_factory=Counter)
    _needed: set[int] = field(default_factory=set)
    _wkb: Any = field(default_factory=osmium.geom.WKBFactory)

    def take_relations(self, relations: Iterable[Any]) -> None:
        """
        Note the routes, and the areas that relations promise.

        Parameters
        ----------
        relations
            Relations with a type.
        """
        for relation in relations:
            self.read["relations"] += 1
            tags = dict(relation.tags)
            element = f"relation/{relation.id}"
            if tags["type"] == "route":
                mode = self.rules.route_mode(tags)
                if mode is not None:
                    self.routes[element] = (mode, *map(tags.get, ROUTE_TAGS))
                    self.members[element] = [
                        member.ref
                        for member in relation.members
                        if member.type == "w" and not member.role.startswith(("platform", "stop"))
                    ]
            elif tags["type"] in _AREA_TYPES and self.rules.categories(tags, shape="area"):
                self.unbuilt[relation.id] = element
        self._needed = {way for ways in self.members.values() for way in ways}

    def take_elements(self, elements: Iterable[Any]) -> None:
        """
        Note what nodes, ways and areas hold.

        Parameters
        ----------
        elements
            After `take_relations`; ways with the places of their nodes.
        """
        for element in elements:
            kind = element.type_str()
            if kind == "n":
                self._take_node(element)
            elif kind == "w":
                self._take_way(element)
            else:
                self._take_area(element)
        self.dropped["area whose outline is not all in the file"] += self.unbuilt.values()

    def _take_node(self, node: Any) -> None:
        """Note a service or stop that is a point."""
        self.read["nodes"] += 1
        tags = dict(node.tags)
        categories = self.rules.categories(tags, shape="point")
        kind, modes = self.rules.stop(tags)
        if not categories and kind is None:
            return
        element = f"node/{node.id}"
        if not node.location.valid():
            self.dropped["point without a place"].append(element)
            return
        lon, lat = node.location.lon, node.location.lat
        if self._is_far((lon, lat, lon, lat)):
            return
        if categories:
            self._add_service(node, element, tags, categories, shapely.Point(lon, lat))
        if kind is not None:
            self._add_stop(element, tags, kind, modes, (lon, lat))

    def _take_way(self, way: Any) -> None:
        """Note a street, a line that a route follows, or a platform."""
        self.read["ways"] += 1
        tags = dict(way.tags)
        element = f"way/{way.id}"
        is_area = way.is_closed() and len(way.nodes) > 3 and tags.get("area") != "no"  # noqa: PLR2004 - a triangle, closed
        if not is_area and self.rules.categories(tags, shape="area"):
            self.dropped["line where an area is meant"].append(element)
        is_street = self.rules.is_street(tags)
        kind, modes = (None, []) if is_area else self.rules.stop(tags)
        own_mode = None if way.id in self._needed else self.rules.route_mode(tags)
        if not (is_street or kind or own_mode or way.id in self._needed):
            if "highway" in tags:
                self.dropped["street that is not there or not a street"].append(element)
            return
        nodes = [(node.ref, node.x, node.y) for node in way.nodes]
        placed = [(x, y) for _, x, y in nodes if x != _NOWHERE]
        if len(placed) < len(nodes):
            self.dropped[GAPS].append(element)
        if len(placed) < 2 or self._is_far(_box(placed)):  # noqa: PLR2004 - two ends
            return
        if is_street:
            self.streets.add(way.id, nodes)
            self.street_rows.append((*_street_row(tags, self.rules), *_edit(way)))
        if way.id in self._needed or own_mode:
            self.lines.add(way.id, nodes)
        if own_mode:
            self.routes[element] = (own_mode, *map(tags.get, ROUTE_TAGS))
            self.members[element] = [way.id]
        if kind is not None:
            x, y = placed[len(placed) // 2]
            self._add_stop(element, tags, kind, modes, (x / _PER_DEGREE, y / _PER_DEGREE))

    def _take_area(self, area: Any) -> None:
        """Note a service, stop or building that is an area."""
        self.read["areas"] += 1
        element = f"{'way' if area.from_way() else 'relation'}/{area.orig_id()}"
        if not area.from_way():
            self.unbuilt.pop(area.orig_id(), None)
        tags = dict(area.tags)
        categories = self.rules.categories(tags, shape="area")
        kind, modes = self.rules.stop(tags)
        is_building = tags.get("building", "no") != "no" and not self.rules.is_gone(tags)
        if not (categories or kind or is_building):
            return
        if area.num_rings()[0] == 0:
            self.dropped["area whose outline is open or crosses itself"].append(element)
            return
        if is_building:
            corner = next(iter(area.outer_rings()))[0]
            place = (corner.lon, corner.lat)
            if not self._is_far((*place, *place)):
                self.mapped.append(("building", element, *place, *_edit(area)))
        if not (categories or kind):
            return
        shape = shapely.from_wkb(self._wkb.create_multipolygon(area))
        if self._is_far(shape.bounds):
            return
        if len(shape.geoms) == 1:
            shape = shape.geoms[0]
        if categories:
            self._add_service(area, element, tags, categories, shape)
        if kind is not None:
            self._add_stop(element, tags, kind, modes, shape.centroid.coords[0])

    def _add_service(
        self,
        source: Any,
        element: str,
        tags: Mapping[str, str],
        categories: Sequence[str],
        shape: Any,
    ) -> None:
        """Keep a service, once for each of its categories."""
        row = (tags.get("name"), capacity(tags.get("capacity")), *map(tags.get, SERVICE_TAGS))
        for position, category in enumerate(categories):
            service_id = f"{element}#{category}" if position else element
            self.services.append((service_id, shape, category, *row))
        place = shapely.get_coordinates(shape)[0]
        self.mapped.append(("service", element, *place, *_edit(source)))

    def _add_stop(
        self,
        element: str,
        tags: Mapping[str, str],
        kind: str,
        modes: Sequence[str],
        place: tuple[float, float],
    ) -> None:
        """Keep a stop, once for each of its modes."""
        if not modes:
            self.dropped["stop of no known mode"].append(element)
        row = (kind, tags.get("name"), self.rules.shows_departures(tags), tags.get("wheelchair"))
        for position, mode in enumerate(modes):
            stop_id = f"{element}#{mode}" if position else element
            self.stops.append((stop_id, *place, mode, *row))

    def _is_far(self, box: Sequence[float]) -> bool:
        """Tell whether a box misses the bounds of the extent."""
        if self.bounds is None:
            return False
        west, south, east, north = self.bounds
        return box[2] < west or box[0] > east or box[3] < south or box[1] > north


def _box(placed: Collection[tuple[int, int]]) -> tuple[float, ...]:
    """West, south, east and north of whole-number coordinates, in degrees."""
    xs, ys = zip(*placed, strict=True)
    return tuple(value / _PER_DEGREE for value in (min(xs), min(ys), max(xs), max(ys)))


def _edit(element: Any) -> tuple[int, int]:
    """Second of the last edit and its editor; 0 where the file leaves them out."""
    return int(element.timestamp.timestamp()), element.uid


def _street_row(tags: Mapping[str, str], rules: Rules) -> tuple[Any, ...]:
    """Columns of a street; the same text is kept once in memory."""
    told = (tags.get(tag) for tag in STREET_TAGS)
    return (
        sys.intern(tags["highway"]),
        rules.is_walkable(tags),
        sidewalk(tags),
        has_cycleway(tags),
        *(text and sys.intern(text) for text in told),
    )
