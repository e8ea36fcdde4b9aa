"""
Districts that mappers left half done: what is there, and not on the map.

They are drawn like the others, and then most of their services, some of their minor streets and
most of their buildings are taken off the map again. What the truth says of them was known before;
what a careful reader of the thinned map must find stands beside it as ``published``.
"""

from collections import Counter

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from demo_city import THINNED, Array, Tags, stream
from demo_city.drawing import SERVICES, rows_of
from demo_city.osm import Osm
from demo_city.plan import Plan

LANDMARKS = {"hospital", "university"}  # somebody always maps these
MINOR = {"residential", "living_street", "pedestrian", "footway", "service", "private"}
OPEN_SPACE = {"park", "garden", "playground", "square", "wood", "grass"}
KEPT = {"services": 0.15, "street_lamps": 0.15, "open_space": 0.2, "buildings": 0.3}
KEPT_STREETS = 0.5  # of the metres of minor streets


def thin(osm: Osm, plan: Plan) -> dict[int, dict[str, dict]]:
    """
    Take things off the map in the districts that are to be thinned.

    Returns for each of them the share that is ``kept`` by kind, the number of services ``lost`` by
    category, and the ways, numbered as in the plan, that are ``gone``.
    """
    told = {}
    for home in THINNED:
        rng = stream(plan.seed, f"thinning {home}")
        gone = thin_streets(osm, plan, rng, home)
        kept, lost = thin_places(osm, rng, home)
        metre = np.array([length_of(plan, number) for number in minor_ways(plan, home)])
        lost_m = sum(length_of(plan, number) for number in gone)
        kept["minor_streets"] = round(1 - lost_m / metre.sum(), 9)
        told[home] = {"kept": kept, "lost": lost, "gone": gone}
    osm.drop_loose_nodes()
    return told


def kind_of(tags: Tags) -> tuple[str, str]:
    """Kind of what may be missing from a map, and category if it is a service."""
    for (category, *_), row in rows_of(SERVICES):
        if row.items() <= tags.items():
            return ("", "") if category in LANDMARKS else ("services", category)
    if tags.get("highway") == "street_lamp":
        return "street_lamps", ""
    looks = {tags.get(key) for key in ("leisure", "place", "natural", "landuse")}
    if looks & OPEN_SPACE and "access" not in tags:
        return "open_space", ""
    return ("buildings", "") if "building" in tags else ("", "")


def thin_places(osm: Osm, rng: np.random.Generator, home: int) -> tuple[dict, Counter]:
    """Take services, lamps, parks and buildings off the map; of every category the same share."""
    members = osm.members()
    pools: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for what, elements in (("n", osm.nodes), ("w", osm.ways)):
        for number, (_, tags, there) in enumerate(elements):
            if there == home and tags and (what, number) not in members:
                pools.setdefault(kind_of(tags), []).append((what, number))
    pools.pop(("", ""), None)
    lost: Counter = Counter()
    total, rest = Counter(), Counter()
    for (kind, category), pool in sorted(pools.items()):
        stay = round(KEPT[kind] * len(pool))
        for one in rng.permutation(len(pool))[stay:].tolist():
            osm.gone.add(pool[one])
        total[kind] += len(pool)
        rest[kind] += stay
        if category:
            lost[category] = len(pool) - stay
    return {kind: round(rest[kind] / total[kind], 9) for kind in total}, lost


def minor_ways(plan: Plan, home: int) -> list[int]:
    """Minor streets that lie in the district from end to end."""
    inside = plan.streets.home == home
    return [
        number
        for number, way in enumerate(plan.ways)
        if way.kind in MINOR and inside[way.nodes].all()
    ]


def length_of(plan: Plan, way: int) -> float:
    """Metres of a way."""
    return float(np.hypot(*np.diff(plan.streets.xy[plan.ways[way].nodes], axis=0).T).sum())


def thin_streets(osm: Osm, plan: Plan, rng: np.random.Generator, home: int) -> list[int]:
    """Take minor streets off the map as long as what is left hangs together."""
    members, pool = osm.members(), minor_ways(plan, home)
    due = (1 - KEPT_STREETS) * sum(length_of(plan, number) for number in pool)
    kept = np.ones(len(plan.streets.start), dtype=bool)
    whole, gone = pieces(plan, kept), []
    for number in rng.permutation(pool).tolist():
        length = length_of(plan, number)
        if length > due or ("w", number) in members:
            continue
        kept[plan.ways[number].edges] = False
        if pieces(plan, kept) > whole:
            kept[plan.ways[number].edges] = True
            continue
        due -= length
        gone.append(number)
    osm.gone |= {("w", number) for number in gone}
    return gone


def pieces(plan: Plan, kept: Array) -> int:
    """Count the pieces that the streets kept hang together in."""
    start, end = plan.streets.start[kept], plan.streets.end[kept]
    count = len(plan.streets.xy)
    graph = coo_array((np.ones(len(start)), (start, end)), shape=(count, count))
    number, _ = connected_components(graph, directed=False)
    return int(number) - (count - len(np.unique(np.r_[start, end])))
