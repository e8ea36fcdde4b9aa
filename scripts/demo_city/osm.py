"""An OpenStreetMap extract in the making."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import osmium
import shapely
from osmium.osm import mutable

from demo_city import NOTE, OPEN, Array, Tags
from demo_city.ground import degrees
from demo_city.plan import care

Member = tuple[str, int, str]
FIRST_ID = 900_000_000_000  # far above any id that OpenStreetMap has given out
LAST_DAY = datetime(2025, 6, 30, tzinfo=UTC)


class Osm:
    """Nodes, ways and relations, numbered as they come; ``home`` is the district they lie in."""

    def __init__(self) -> None:
        self.nodes: list[tuple[Array, Tags, int]] = []
        self.ways: list[tuple[list[int], Tags, int]] = []
        self.relations: list[tuple[list[Member], Tags, int]] = []

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
        return self.way([*nodes, nodes[0]], tags, home=home)

    def multipolygon(self, outer: Array, inner: Array, tags: Tags, *, home: int) -> None:
        """Add an area with a hole, its outer ring in two ways."""
        nodes = [self.node(one, home=home) for one in outer]
        half = len(nodes) // 2
        halves = [nodes[: half + 1], [*nodes[half:], nodes[0]]]
        members = [("w", self.way(one, home=home), "outer") for one in halves]
        members.append(("w", self.area(inner, home=home), "inner"))
        self.relation(members, {"type": "multipolygon", **tags}, home=home)

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
        path.unlink(missing_ok=True)
        target = osmium.io.File(str(path), "pbf,pbf_compression=none")
        with osmium.SimpleWriter(target, header=header) as writer:
            for place, common in zip(places, commons(rng, self.nodes), strict=True):
                writer.add_node(mutable.Node(location=tuple(place), **common))
            for (nodes, *_), common in zip(self.ways, commons(rng, self.ways), strict=True):
                refs = [FIRST_ID + node for node in nodes]
                writer.add_way(mutable.Way(nodes=refs, **common))
            for (members, *_), common in zip(
                self.relations, commons(rng, self.relations), strict=True
            ):
                refs = [(kind, FIRST_ID + number, role) for kind, number, role in members]
                writer.add_relation(mutable.Relation(members=refs, **common))


def commons(rng: np.random.Generator, elements: list[tuple[object, Tags, int]]) -> list[dict]:
    """Id, tags and last edit of elements: early and by few hands where mappers are few."""
    home = np.array([home for *_, home in elements])
    known = care(home)
    version = 1 + rng.poisson(4 * known)
    days = rng.gamma(1.5, 250 + 2200 * (1 - known)).clip(0, 5000).astype(int)
    hand = 1000 + 60 * (home + 2) + rng.integers(0, (3 + 45 * known).astype(int))
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
        for number, ((_, tags, _), edit) in enumerate(
            zip(elements, np.stack([version, days, hand], axis=1).tolist(), strict=True)
        )
    ]
