"""The plan as OpenStreetMap shows it."""

from itertools import cycle, pairwise

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from demo_city import NOTE, Tags, place_name, stream
from demo_city.ground import plane
from demo_city.land import river
from demo_city.osm import Osm
from demo_city.plan import PARK_SCALE, SHELTER_SHARE, TAG_VALUES, Plan
from demo_city.streets import WHEELED
from demo_city.transit import bus_cost

SERVICES = """
hospital         | Hospital           | amenity=hospital healthcare=hospital
clinic           | Centro de Salud    | amenity=clinic healthcare=clinic
pharmacy         | Farmacia           | amenity=pharmacy
police           | Comisaría          | amenity=police
culture          | Teatro             | amenity=theatre
culture          | Museo              | tourism=museum
culture          | Cine               | amenity=cinema
culture          | Casa de la Cultura | amenity=arts_centre
sport            | Polideportivo      | leisure=sports_centre
sport            | Cancha             | leisure=pitch sport=soccer
food_market      | Mercado            | amenity=marketplace
food_market      | Supermercado       | shop=supermarket
school           | Escuela            | amenity=school
childcare        | Jardín Infantil    | amenity=kindergarten
university       | Universidad        | amenity=university
bank             | Banco              | amenity=bank
bank             | Cajero             | amenity=atm
public_office    | Alcaldía Local     | amenity=townhall
public_office    | Oficina Pública    | office=government
library          | Biblioteca         | amenity=library
community_centre | Centro Comunitario | amenity=community_centre
post_office      | Correo             | amenity=post_office
coworking        | Cowork             | office=coworking
internet_venue   | Cibercafé          | amenity=internet_cafe
ticket_machine   |                    | amenity=vending_machine vending=public_transport_tickets
kiosk            | Quiosco Digital    | tourism=information information=terminal
shared_bike      | Claro en Bici      | amenity=bicycle_rental
defibrillator    |                    | emergency=defibrillator
waste_point      |                    | amenity=recycling recycling_type=container
waste_point      |                    | amenity=waste_disposal
cctv             |                    | man_made=surveillance surveillance=public
air_station      | Estación de Aire   | man_made=monitoring_station monitoring:air_quality=yes
charging         |                    | amenity=charging_station motorcar=yes
wifi_cafe        | Café               | amenity=cafe internet_access=wlan internet_access:fee=no
"""
CAMPUS = {"hospital", "university"}  # one of each is an area with a court
BUILT = {"clinic", "culture", "food_market", "library", "police", "public_office", "school"}
BUILT |= {"childcare", "community_centre", "sport", *CAMPUS}  # some are areas
TRAPS = """
Escuela El Parqueo | amenity=parking
Antigua Clínica    | disused:amenity=clinic
Cámara Interior    | man_made=surveillance surveillance=indoor
Reciclaje Privado  | amenity=recycling access=private
Carga Privada      | amenity=charging_station access=private
"""
PER_BUILDING = 120  # residents
ACROSS_STREET = 1.25  # of a block: beyond the street that runs round it
SQUARE = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
LINES: dict[str, dict[str, Tags]] = {
    "metro": {
        "station": {"railway": "station", "station": "subway", "subway": "yes"},
        "way": {"railway": "subway", "tunnel": "yes", "layer": "-2"},
        "route": {"route": "subway", "ref": "A", "name": "Metro A", "interval": "00:05"},
    },
    "cable": {
        "station": {"aerialway": "station"},
        "way": {"aerialway": "gondola"},
        "route": {"route": "aerialway", "ref": "K", "name": "Cable K", "interval": "00:01"},
    },
}


def rows_of(table: str) -> list[tuple[list[str], Tags]]:
    """Read a table whose last column holds tags."""
    rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return [(row[:-1], dict(one.split("=") for one in row[-1].split())) for row in rows]


def make_map(plan: Plan) -> Osm:
    """Draw the whole map; streets first, as routes count on their numbers."""
    rng, osm = stream(plan.seed, "map"), Osm()
    draw_streets(osm, plan, rng)
    draw_services(osm, plan, rng)
    draw_open_space(osm, plan, rng)
    for name, stations in (("metro", plan.metro), ("cable", plan.cable)):
        draw_line(osm, plan, stations, LINES[name])
    draw_buses(osm, plan)
    draw_traps(osm, plan, rng)
    draw_land(osm, plan)
    draw_shelters(osm, plan)
    draw_buildings(osm, plan)
    return osm


def draw_streets(osm: Osm, plan: Plan, rng: np.random.Generator) -> None:
    """Draw the streets, their crossings and their lamps."""
    streets, modern = plan.streets, plan.ledgers["technologies"].goal > 50
    for xy, home, degree in zip(
        streets.xy, streets.home.tolist(), streets.degree.tolist(), strict=True
    ):
        crossing = home >= 0 and degree >= 4 and rng.random() < 0.2
        tactile = "yes" if crossing and modern[home] else "no"
        tags = {"highway": "crossing", "tactile_paving": tactile} if crossing else {}
        osm.node(xy, tags, home=home)
    for way in plan.ways:
        osm.way(way.nodes, way.tags, home=way.home)
    for way in plan.ways:
        if way.tags.get("lit") in TAG_VALUES["lit"][0] and way.home >= 0:
            for one, other in pairwise(way.nodes):
                if rng.random() < 0.2:
                    xy = (streets.xy[one] + streets.xy[other]) / 2 + rng.uniform(2, 4, 2)
                    osm.node(xy, {"highway": "street_lamp"}, home=way.home)


def draw_services(osm: Osm, plan: Plan, rng: np.random.Generator) -> None:
    """Draw services as nodes, as buildings, and two as a campus."""
    streets, kinds = plan.streets, rows_of(SERVICES)
    taken = {tuple(plan.ground.cells[cell]) for cell in plan.parks}
    to_come = set(CAMPUS)
    for category in dict.fromkeys(head[0] for head, _ in kinds):
        ways = [(head[1], tags) for head, tags in kinds if head[0] == category]
        for number, node in enumerate(plan.nodes[category], 1):
            noun, tags = ways[int(rng.integers(len(ways)))]
            home, cell = int(streets.home[node]), tuple(streets.cell[node])
            if noun:
                tags = tags | {"name": f"{noun} {place_name(home)} {number}"}
            if category in BUILT and home >= 0 and cell not in taken:
                if category in to_come:
                    to_come.remove(category)
                    taken.add(cell)
                    court = streets.block(cell, 0.12) + 14
                    osm.multipolygon(streets.block(cell, 0.6), court, tags, home=home)
                    continue
                if rng.random() < 0.35:
                    ring = streets.into_block(node, 0.42) + SQUARE * rng.uniform(7, 12)
                    osm.area(ring, tags | {"building": "yes"}, home=home)
                    continue
            osm.node(streets.into_block(node, rng.uniform(0.08, 0.2)), tags, home=home)


def draw_open_space(osm: Osm, plan: Plan, rng: np.random.Generator) -> None:
    """Draw parks, the first whole one with a pond, squares and woods."""
    looks: dict[str, list[Tags]] = {
        "park": [{"leisure": "park"}, {"leisure": "park"}, {"leisure": "garden"}],
        "square": [{"place": "square"}, {"leisure": "playground"}],
        "wood": [{"natural": "wood"}, {"landuse": "grass"}],
    }
    squares, pond = cycle(looks["square"]), None
    for cell, (kind, scale) in sorted(plan.parks.items()):
        home = int(plan.ground.district[cell])
        spot = plan.ground.cells[cell]
        ring = plan.streets.block(spot, scale)
        tags = dict(next(squares) if kind == "square" else rng.choice(looks[kind]))
        if kind != "wood":
            tags["name"] = f"{'Plaza' if kind == 'square' else 'Parque'} {place_name(home)} {cell}"
        if kind == "park" and scale == PARK_SCALE and pond is None:
            pond, tags["leisure"] = plan.streets.block(spot, 0.1), "park"
            osm.multipolygon(ring, pond, tags, home=home)
        else:
            osm.area(ring, tags, home=home)


def draw_line(osm: Osm, plan: Plan, stations: list[int], tags: dict[str, Tags]) -> None:
    """Draw stations, the ways between them and the route that serves them."""
    numbers = []
    for number, node in enumerate(stations, 1):
        home = int(plan.streets.home[node])
        name = {"name": f"Estación {place_name(home)} {number}", "public_transport": "station"}
        xy = plan.streets.into_block(node, 0.05)
        numbers.append(osm.node(xy, tags["station"] | name, home=home))
    members = [("n", number, "stop") for number in numbers]
    members += [("w", osm.way([*pair], tags["way"]), "") for pair in pairwise(numbers)]
    osm.relation(members, {"type": "route", **tags["route"]})


def draw_buses(osm: Osm, plan: Plan) -> None:
    """Draw a stop on either side of the street, and a route for each district."""
    homes = plan.streets.home[plan.nodes["stop"]].tolist()
    platforms = {}
    for node, home, shown in zip(plan.nodes["stop"], homes, plan.displays, strict=True):
        tags = {"highway": "bus_stop", "public_transport": "platform", "bus": "yes"}
        tags["name"] = f"Parada {place_name(home)} {len(platforms) + 1}"
        tags |= {"passenger_information_display": shown} if shown else {}
        sides = [plan.streets.into_block(node, share) for share in (0.09, -0.07)]
        platforms[node] = [osm.node(xy, tags, home=home) for xy in sides]
    roads, joins = bus_roads(plan)
    for d in sorted(set(homes)):
        mine = [node for node, home in zip(plan.nodes["stop"], homes, strict=True) if home == d]
        stops, ways = bus_course(roads, joins, mine, plan.metro[4])
        members = [("n", one, "platform") for node in stops for one in platforms[node]]
        members += [("w", way, "") for way in ways]
        minutes = round(24 - 0.24 * float(plan.ledgers["structures"].goal[d]))
        tags = {"type": "route", "route": "bus", "ref": f"{d + 1:02d}"}
        tags |= {"name": f"{d + 1:02d} {place_name(d)}", "interval": f"00:{minutes:02d}"}
        osm.relation(members, tags, home=d)


def bus_roads(plan: Plan) -> tuple[csr_array, dict[frozenset[int], int]]:
    """Streets as a bus sees them, and the way that joins two junctions."""
    streets = plan.streets
    cost = bus_cost(streets)
    roads = csr_array((cost, (streets.start, streets.end)), shape=(len(streets.xy),) * 2)
    joins = {
        frozenset((int(streets.start[edge]), int(streets.end[edge]))): number
        for number, way in enumerate(plan.ways)
        if way.kind in WHEELED
        for edge in way.edges
    }
    return roads, joins


def bus_course(
    roads: csr_array, joins: dict[frozenset[int], int], stops: list[int], terminal: int
) -> tuple[list[int], list[int]]:
    """Order stops from the farthest in; the ways a bus takes along them and on to a terminal."""
    far, before = dijkstra(roads, directed=False, indices=stops, return_predecessors=True)
    left = list(range(len(stops)))
    order = [left.pop(int(far[:, terminal].argmax()))]
    while left:
        order.append(min(left, key=lambda one: far[order[-1], stops[one]]))
        left.remove(order[-1])
    course = [stops[one] for one in order]
    ways: dict[int, None] = {}
    for one, node in zip(order, [*course[1:], terminal], strict=True):
        path = [node]
        while before[one, path[-1]] >= 0:
            path.append(int(before[one, path[-1]]))
        taken = [joins.get(frozenset(pair)) for pair in pairwise(reversed(path))]
        ways |= dict.fromkeys(way for way in taken if way is not None)
    return course, list(ways)


def draw_traps(osm: Osm, plan: Plan, rng: np.random.Generator) -> None:
    """Draw what looks like a service and is none, and one school mapped twice."""
    streets, taken = plan.streets, {tuple(plan.ground.cells[cell]) for cell in plan.parks}
    free = [
        node
        for node in rng.permutation(plan.city_nodes).tolist()
        if tuple(streets.cell[node]) not in taken
    ]
    for (name,), tags in rows_of(TRAPS):
        node = free.pop()
        home = int(streets.home[node])
        osm.node(streets.into_block(node, 0.3), tags | {"name": name}, home=home)
    node = free.pop()
    garden = {"leisure": "garden", "access": "private"}
    osm.area(streets.into_block(node, 0.7) + 9 * SQUARE, garden, home=int(streets.home[node]))
    node = plan.nodes["school"][-1]
    school = {"amenity": "school", "name": "Escuela Doble"}
    xy, home = streets.into_block(node, 0.45), int(streets.home[node])
    osm.area(xy + 9 * SQUARE, school, home=home)
    osm.node(xy, school, home=home)


def draw_land(osm: Osm, plan: Plan) -> None:
    """Draw what frames the city: its limit, the motorway, the river, forests on the crests."""
    limit = osm.area(np.array(shapely.union_all(plan.ground.border).exterior.coords)[:-1])
    tags = {"type": "boundary", "boundary": "administrative", "admin_level": "8", "note": NOTE}
    osm.relation([("w", limit, "outer")], tags | {"name": "Valle Claro (ciudad ficticia)"})
    osm.node(plane(6.6, 0.1), {"place": "city", "name": "Valle Claro (ciudad ficticia)"})
    osm.node(plane(-0.6, 0.1), {"place": "town", "name": "San Jacinto (municipio ficticio)"})
    hospital = {"amenity": "hospital", "name": "Hospital de Valle Lejano"}
    osm.node(plane(-3.2, 0.0), hospital)  # too far for anyone
    u = np.arange(-1.2, 14.0, 0.2)
    motorway = {"highway": "motorway", "ref": "VC-1", "oneway": "yes", "lanes": "3"}
    water = {"waterway": "river", "name": "Río Claro"}
    for across, tags in ((0 * u, motorway), (river(u), water)):
        nodes = [osm.node(xy) for xy in plane(u, across)]
        for first in range(0, len(nodes) - 1, 15):
            osm.way(nodes[first : first + 16], tags)
    along = np.arange(3.0, 10.6, 1.5)
    for side in (-1, 1):
        crest = plane(np.r_[along, along[::-1]], side * np.repeat([3.1, 3.7], len(along)))
        osm.area(crest, {"landuse": "forest", "name": "Bosque de la Cresta"})


def draw_shelters(osm: Osm, plan: Plan) -> None:
    """Draw where people gather when it floods."""
    for number, node in enumerate(plan.shelters, 1):
        home = int(plan.streets.home[node])
        name = {"name": f"Punto de Encuentro {place_name(home)} {number}"}
        spot = plan.streets.into_block(node, SHELTER_SHARE)
        osm.node(spot, {"emergency": "assembly_point"} | name, home=home)


def draw_buildings(osm: Osm, plan: Plan) -> None:
    """Draw homes along the streets round the block of each cell, some for every few residents."""
    rng, streets = stream(plan.seed, "buildings"), plan.streets
    for cell, people in zip(plan.ground.cells, plan.people.persons.tolist(), strict=True):
        ring = streets.block(cell, ACROSS_STREET)
        for number in range(-(-people // PER_BUILDING)):
            one, other = ring[number % 4], ring[(number + 1) % 4]
            along = (other - one) / np.hypot(*(other - one))
            axes = np.stack([along * rng.uniform(8, 14), along[::-1] * [-1, 1] * 6])
            middle = one + (other - one) * rng.uniform(0.2, 0.8)
            home = int(plan.ground.place[tuple(cell)])
            osm.area(middle + SQUARE @ axes, {"building": "yes"}, home=home)
