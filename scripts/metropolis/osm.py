"""The city as OpenStreetMap shows it, written element by element."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import osmium
from demo_city.osm import FIRST_ID
from osmium.osm import mutable

from metropolis import NAME, NOTE, Array, stream
from metropolis.places import Places, river_lines
from metropolis.plane import Plane, degrees
from metropolis.streets import PRIMARY, Streets, tags_of_ways

FILE = "metropole.osm.pbf"
LAST_DAY = datetime(2025, 6, 30, tzinfo=UTC)
DAYS = [LAST_DAY - timedelta(days=one) for one in range(4001)]
HANDS = 4000


class _Writer:
    """Numbers elements as they come, and says who edited each and when."""

    def __init__(self, plane: Plane, target: osmium.SimpleWriter) -> None:
        self.plane, self.target = plane, target
        self.rng = stream(plane.seed, "edits")
        self.next = {"node": FIRST_ID, "way": FIRST_ID}

    def edits(self, xy: Array) -> list[tuple[int, int, int]]:
        """Version, age in days and hand of elements at places."""
        known = np.clip(0.6 + 0.2 * self.plane.fields["mappers"].at(xy), 0.05, 0.95)
        version = 1 + self.rng.poisson(3 * known)
        days = self.rng.gamma(1.5, 250 + 1500 * (1 - known)).clip(0, 4000).astype(int)
        hand = 1000 + (self.rng.random(len(known)) ** 2 * HANDS * known).astype(int)
        return list(zip(version.tolist(), days.tolist(), hand.tolist(), strict=True))

    def nodes(self, xy: Array, tags: dict[int, dict[str, str]]) -> int:
        """Write nodes, and give the number of the first."""
        first = self.next["node"]
        places = degrees(xy).tolist()
        for at, (place, edit) in enumerate(zip(places, self.edits(xy), strict=True)):
            node = mutable.Node(location=place, tags=tags.get(at), **_common(first + at, edit))
            self.target.add_node(node)
        self.next["node"] += len(places)
        return first

    def ways(self, refs: list[list[int]], tags: list[dict[str, str]], xy: Array) -> int:
        """Write ways, and give the number of the first."""
        first = self.next["way"]
        for at, (nodes, said, edit) in enumerate(zip(refs, tags, self.edits(xy), strict=True)):
            way = mutable.Way(nodes=nodes, tags=said, **_common(first + at, edit))
            self.target.add_way(way)
        self.next["way"] += len(refs)
        return first


def _common(number: int, edit: tuple[int, int, int]) -> dict:
    """Number and last edit of an element."""
    version, days, hand = edit
    return {
        "id": number,
        "version": version,
        "timestamp": DAYS[days],
        "changeset": 100_000 * (6000 - days) + hand,
        "uid": hand,
        "user": f"vizinho_{hand}",
    }


def write_osm(folder: Path, plane: Plane, streets: Streets, places: Places) -> dict[str, int]:
    """Write the file and tell how many nodes and ways are in it."""
    header = osmium.io.Header()
    header.set("generator", NOTE)
    path = folder / FILE
    path.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(path), header=header) as target:
        writer = _Writer(plane, target)
        areas = [places.parks.reshape(-1, 2), places.buildings.reshape(-1, 2)]
        rivers = list(river_lines(plane))
        limit = _limit(plane)
        corner = writer.nodes(streets.xy, _corner_tags(plane, streets))
        writer.nodes(places.points, dict(enumerate(places.tags)))
        of_parks, of_buildings, of_rivers, of_limit = (
            writer.nodes(one, {}) for one in (*areas, np.concatenate([r for _, r in rivers]), limit)
        )
        refs, ends = (streets.refs.astype("int64") + corner).tolist(), streets.first.tolist()
        listed = [refs[one:other] for one, other in pairwise(ends)]
        writer.ways(listed, tags_of_ways(plane, streets), streets.xy[streets.middle])
        writer.ways(_rings(of_parks, len(places.parks)), places.park_tags, places.parks[:, 0])
        built = [{"building": "yes"}] * len(places.buildings)
        writer.ways(_rings(of_buildings, len(places.buildings)), built, places.buildings[:, 0])
        for name, line in rivers:
            nodes = list(range(of_rivers, of_rivers + len(line)))
            writer.ways([nodes], [{"waterway": "river", "name": name}], line[:1])
            of_rivers += len(line)
        ring = [*range(of_limit, of_limit + len(limit)), of_limit]
        border = writer.ways([ring], [{"note": NOTE}], limit[:1])
        tags = {"type": "boundary", "boundary": "administrative", "admin_level": "8"}
        members = [("w", border, "outer")]
        tags |= {"name": NAME, "note": NOTE}
        common = _common(FIRST_ID, (1, 100, 1000))
        target.add_relation(mutable.Relation(members=members, tags=tags, **common))
    written = {kind: number - FIRST_ID for kind, number in writer.next.items()}
    return {"osm_nodes": written["node"], "osm_ways": written["way"]}


def _corner_tags(plane: Plane, streets: Streets) -> dict[int, dict[str, str]]:
    """Say which corners are crossings, and which of these can be felt."""
    rng = stream(plane.seed, "crossings")
    wide = np.zeros(len(streets.xy), dtype=bool)
    wide[streets.refs[np.repeat(streets.rank >= PRIMARY, np.diff(streets.first))]] = True
    chosen = np.flatnonzero(wide & (rng.random(len(wide)) < 0.35))
    felt = rng.random(len(chosen)) < plane.wealth(streets.xy[chosen])
    return {
        one: {"highway": "crossing", "tactile_paving": "yes" if is_felt else "no"}
        for one, is_felt in zip(chosen.tolist(), felt.tolist(), strict=True)
    }


def _rings(first: int, number: int) -> list[list[int]]:
    """Close rings of four corners."""
    return [[one, one + 1, one + 2, one + 3, one] for one in range(first, first + 4 * number, 4)]


def _limit(plane: Plane) -> Array:
    """Trace the edge of the city."""
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    ray = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return plane.xy(ray / plane.reach(ray)[:, None])
