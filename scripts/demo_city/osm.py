"""An OpenStreetMap extract in the making."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import osmium
import shapely
from osmium.osm import mutable

from demo_city import NOTE, OPEN, PLANTED, THINNED, Array, Tags
from demo_city.ground import degrees

Member = tuple[str, int, str]
FIRST_ID = 900_000_000_000  # far above any id that OpenStreetMap has given out
EDITS = {"integrated": 0.95, "showcase": 0.85, "analogue": 0.8, "neglected": 0.7, "": 0.5}
THIN_EDITS = 0.1  # how much and how lately mappers have been at it, 0-1
LAST_DAY = datetime(2025, 6, 30, tzinfo=UTC)


class Osm:
    """Nodes, ways and relations, numbered as they come; ``home`` is the district they lie in."""

    def __init__(self) -> None:
        self.nodes: list[tuple[Array, Tags, int]] = []
        self.ways: list[tuple[list[int], Tags, int]] = []
        self.relations: list[tuple[list[Member], Tags, int]] = []
        self.corners: dict[int, int] = {}  # nodes drawn with an area, and its way
        self.gone: set[tuple[str, int]] = set()  # nodes and ways that are not written

    def node(self, xy: Array, tags: Tags | None = None, *, home: int = OPEN) -> int:
        """Add a node and return its number."""
        self.nodes.append((xy, tags or {}, home))
        return len(self.nodes) - 1

    def way(self, nodes: list[int], tags: Tags | None = None, *, home: int = OPEN) -> int:
        """Add a way and return its number."""
        self.ways.append((nodes, tags or {}, home))
        return len(self.ways) - 1

    def relation(self, members: list[Member], tags: Tags, *, home: int = OPEN) -> None:
        """Add a relation."""
        self.relations.append((members, tags, home))

    def area(self, ring: Array, tags: Tags | None = None, *, home: int = OPEN) -> int:
        """Add a closed way with nodes of its own and return its number."""
        nodes = [self.node(one, home=home) for one in ring]
        self.corners |= dict.fromkeys(nodes, len(self.ways))
        return self.way([*nodes, nodes[0]], tags, home=home)

    def multipolygon(self, outer: Array, inner: Array, tags: Tags, *, home: int) -> None:
        """Add an area with a hole, its outer ring in two ways."""
        nodes = [self.node(one, home=home) for one in outer]
        half = len(nodes) // 2
        halves = [nodes[: half + 1], [*nodes[half:], nodes[0]]]
        members = [("w", self.way(one, home=home), "outer") for one in halves]
        members.append(("w", self.area(inner, home=home), "inner"))
        self.relation(members, {"type": "multipolygon", **tags}, home=home)

    def members(self) -> set[tuple[str, int]]:
        """Nodes and ways that a relation counts on."""
        return {(what, number) for members, *_ in self.relations for what, number, _ in members}

    def drop_loose_nodes(self) -> None:
        """Let nodes go of which every way is gone."""
        used: dict[bool, set[int]] = {True: set(), False: set()}
        for number, (nodes, *_) in enumerate(self.ways):
            used[("w", number) in self.gone].update(nodes)
        self.gone |= {("n", node) for node in used[True] - used[False]} - self.members()

    def middles(self, key: str, value: str) -> Array:
        """Middles in metres of the elements with a tag: of an area, those of its outer ring."""
        found = [xy for xy, tags, _ in self.nodes if tags.get(key) == value]
        rings = [nodes for nodes, tags, _ in self.ways if tags.get(key) == value]
        for members, tags, _ in self.relations:
            outer = [self.ways[way][0] for _, way, role in members if role == "outer"]
            rings += [[node for way in outer for node in way]] if tags.get(key) == value else []
        shapes = [shapely.Polygon([self.nodes[node][0] for node in ring]) for ring in rings]
        return np.array(found + [shapely.get_coordinates(one.centroid)[0] for one in shapes])

    def write(self, path: Path, rng: np.random.Generator) -> None:
        """Write the file; uncompressed, as compressors differ from machine to machine."""
        header = osmium.io.Header()
        header.set("generator", NOTE)
        places = degrees(np.array([xy for xy, *_ in self.nodes])).tolist()
        of_nodes, of_ways, of_relations = (
            edits(rng, elements) for elements in (self.nodes, self.ways, self.relations)
        )
        of_nodes[list(self.corners)] = of_ways[list(self.corners.values())]  # drawn in one go
        path.unlink(missing_ok=True)
        target = osmium.io.File(str(path), "pbf,pbf_compression=none")
        with osmium.SimpleWriter(target, header=header) as writer:
            for number, (place, common) in enumerate(
                zip(places, commons(of_nodes, self.nodes), strict=True)
            ):
                if ("n", number) not in self.gone:
                    writer.add_node(mutable.Node(location=tuple(place), **common))
            for number, ((nodes, *_), common) in enumerate(
                zip(self.ways, commons(of_ways, self.ways), strict=True)
            ):
                if ("w", number) not in self.gone:
                    refs = [FIRST_ID + node for node in nodes]
                    writer.add_way(mutable.Way(nodes=refs, **common))
            for (members, *_), common in zip(
                self.relations, commons(of_relations, self.relations), strict=True
            ):
                refs = [(kind, FIRST_ID + number, role) for kind, number, role in members]
                writer.add_relation(mutable.Relation(members=refs, **common))


def edits(rng: np.random.Generator, elements: list[tuple[object, Tags, int]]) -> Array:
    """
    Version, age in days and hand of the last edit of elements.

    Hillsides were mapped late and well, by campaigns; what is thin was mapped early, by few hands.
    """
    home = np.array([home for *_, home in elements])
    known = np.where(np.isin(home, THINNED), THIN_EDITS, [EDITS[one] for one in PLANTED[home]])
    version = 1 + rng.poisson(4 * known)
    days = rng.gamma(1.5, 250 + 2200 * (1 - known)).clip(0, 5000).astype(int)
    hand = 1000 + 60 * (home + 2) + rng.integers(0, (3 + 45 * known).astype(int))
    return np.stack([version, days, hand], axis=1)


def commons(last: Array, elements: list[tuple[object, Tags, int]]) -> list[dict]:
    """Id, tags and last edit of elements."""
    return [
        {
            "id": FIRST_ID + number,
            "tags": dict(sorted(tags.items())),
            "version": edit[0],
            "timestamp": LAST_DAY - timedelta(days=edit[1]),
            "changeset": 100_000 * (6000 - edit[1]) + edit[2],
            "uid": edit[2],
            "user": f"vecino_{edit[2]}",
        }
        for number, ((_, tags, _), edit) in enumerate(zip(elements, last.tolist(), strict=True))
    ]
