"""Everything that is decided about the city before it is written down."""

from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely

from demo_city import NEIGHBOUR, OPEN, PLANTED, SIZE, Array, Tags, stream
from demo_city.aims import (
    BEST_CYCLEWAY_KM,
    BEST_DEPARTURES,
    BEST_GREEN_M2,
    BEST_INTERSECTIONS,
    BEST_JOBS_SHARE,
    BEST_RATE,
    DISTRICT_WALK,
    DRIVER,
    WALKS,
    WORST_EXPOSED,
    Ledger,
    driver_aim,
    make_goals,
)
from demo_city.broadband import (
    BEST_MBPS,
    LATENCY_MS,
    MOBILE_LATENCY_MS,
    THIN,
    Tiles,
    make_tests,
    make_tiles,
)
from demo_city.ground import Ground, People, make_ground, make_people, plane
from demo_city.journeys import jobs_reached
from demo_city.land import IN_ZONE, Land, make_land, make_rasters, river
from demo_city.streets import (
    ROWS,
    WHEELED,
    Streets,
    Way,
    intersections,
    lengths_inside,
    make_streets,
    make_ways,
    walk_metres,
)
from demo_city.survey import Survey, make_survey
from demo_city.transit import CABLE, WINDOW, Transit, make_transit

PACE = 4800 / 60  # metres a minute
DOOR_M = 12  # from the street to a service
PARK_SCALE = 0.8  # of a block
SQUARES = 4  # at least, instead of parks
SHELTER_SHARE = 0.12  # of the way into the block
UNWISE_SHARE = 0.15  # of the junctions in the flood zone, from which on a shelter is there, too
METRO_KM = tuple((u, 0.15) for u in np.linspace(0.9, 9.1, 10))
RIVERSIDE_KM = 5.1  # along the valley
JOBS_MIN = 45
CABLE_KM = ((6.37, 0.3), (6.4, 1.2), (6.6, 1.9), (6.8, 2.4))
IN_COMPANY = {
    "bank",
    "childcare",
    "clinic",
    "culture",
    "food_market",
    "pharmacy",
    "school",
    "sport",
}
NEIGHBOUR_HAS = {"hospital", "clinic", "pharmacy", "police", "school", "food_market"}
TAG_VALUES = {  # of streets that have it, and of those that have not
    "lit": (("yes", "yes", "yes", "24/7", "limited"), ("no",)),
    "sidewalk": (("both", "both", "left", "right", "separate", "yes"), ("no",)),
}
CARE = {"integrated": 0.95, "showcase": 0.8, "analogue": 0.6, "neglected": 0.25, "": 0.5}


def care(home: Array) -> Array:
    """How carefully districts are mapped, 0-1."""
    return np.array([CARE[one] for one in PLANTED])[home]


@dataclass
class Plan:
    """The city; services stand at nodes of its streets, parks on the central blocks of cells."""

    seed: int
    noise_seed: int  # of what is measured with error
    ground: Ground
    people: People
    land: Land
    streets: Streets
    ways: list[Way]
    metre: Array  # [way, district]
    walk: Array  # [cell, node] metres
    ledgers: dict[str, Ledger]
    nodes: dict[str, list[int]] = field(default_factory=dict)  # services by category
    parks: dict[int, tuple[str, float]] = field(default_factory=dict)  # cell: kind, scale
    metro: list[int] = field(default_factory=list)
    cable: list[int] = field(default_factory=list)
    transit: Transit | None = None
    reach: dict[str, Array] = field(default_factory=dict)  # by transit, [cell]
    shelters: list[int] = field(default_factory=list)  # nodes
    displays: list[str] = field(default_factory=list)  # [stop] yes, no, or nothing known
    shares: dict[str, Array] = field(default_factory=dict)  # [cell] of households
    unlisted: list[int] = field(default_factory=list)  # cells without shares
    requests: list[int] = field(default_factory=list)  # [district]
    speeds: dict[tuple[str, str], Array] = field(default_factory=dict)  # true ones, [district]
    rasters: dict[str, Array] = field(default_factory=dict)  # as stored
    tests: dict[str, Array] = field(default_factory=dict)  # by file, [tile, value]
    survey: Survey | None = None

    def __post_init__(self) -> None:
        """Prepare what every placement needs."""
        self.rng = stream(self.seed, "plan")
        self.population = self.ground.total(self.people.persons)
        home = self.streets.home
        usable = np.flatnonzero((self.streets.degree >= 2) & (home != OPEN))
        self.inside = [usable[home[usable] == d] for d in range(SIZE)]
        self.city_nodes = np.concatenate(self.inside)
        self.abroad = usable[home[usable] == NEIGHBOUR]

    @cached_property
    def tiles(self) -> Tiles:
        """Tiles of the speed tests."""
        return make_tiles(self.ground.outline)

    def reached(self, name: str) -> Array:
        """Share of full marks that an indicator reached in each district."""
        if name == "fixed_down":
            return self.speeds["fixed", "down_mbps"] / BEST_MBPS
        return next(one.reached[name] for one in self.ledgers.values() if name in one.reached)

    def ledger(self, name: str) -> Ledger:
        """Ledger that an indicator is still to be booked in."""
        return next(one for one in self.ledgers.values() if name in one.weight)

    def nearest(self, u_km: float, v_km: float) -> int:
        """Junction nearest to a place along and across the valley."""
        off = self.streets.xy[self.city_nodes] - plane(u_km, v_km)
        return int(self.city_nodes[np.hypot(*off.T).argmin()])

    def candidates(self, share: float) -> Array:
        """Junctions in a share of the cells."""
        _, first = np.unique(self.streets.cell[self.city_nodes], axis=0, return_index=True)
        chosen = self.rng.choice(len(first), int(share * len(first)), replace=False)
        return self.city_nodes[first[np.sort(chosen)]]

    def count(self, nodes: Iterable[int]) -> Array:
        """Services in each district."""
        home = self.streets.home[np.fromiter(nodes, dtype=int)]
        return np.bincount(home[home >= 0], minlength=SIZE)


def make_plan(args: Namespace) -> Plan:
    """Decide everything; in each pillar what is coarse first, what can be met exactly last."""
    goals = make_goals(args.seed, args.effect, near_equal=args.near_equal)
    ground = make_ground(args.seed)
    people = make_people(args.seed, ground, goals, near_equal=args.near_equal)
    hills = not args.near_equal  # where all live alike, nobody climbs more than others
    land = make_land(args.seed, ground, people, hills=hills)
    ledgers = {name: Ledger(args.seed, name, goal) for name, goal in goals.items()}
    structures = ledgers["structures"]
    structures.book("hazard", 1 - land.exposed_share(ground.outline) / WORST_EXPOSED)
    full = ground.area_km2 * BEST_INTERSECTIONS
    streets = make_streets(args.seed, ground, structures.aim() * full)
    structures.book("intersections", intersections(streets, streets.kind != "private") / full)
    ways = make_ways(args.seed, streets)
    metre, walk = lengths_inside(ways, streets, ground), walk_metres(streets, ground)
    noise_seed = args.seed if args.noise_seed is None else args.noise_seed
    plan = Plan(args.seed, noise_seed, ground, people, land, streets, ways, metre, walk, ledgers)
    place_transit(plan)
    run_transit(plan)
    place_walks(plan, [name for name in WALKS if name in structures.weight])
    place_open_space(plan)
    place_counts(plan, ["waste_point"])
    tag_streets(plan)
    place_driver(plan, near_equal=args.near_equal)
    set_speeds(plan)
    place_counts(plan, ["air_station", "internet_venue"])
    place_walks(plan, [name for name in WALKS if name not in plan.nodes])
    place_wifi(plan)
    tag_stops(plan)
    place_counts(plan, ["charging", "cctv"])
    fill_tables(plan)
    place_shelters(plan)
    plan.rasters, plan.tests = make_rasters(plan), make_tests(plan)
    plan.survey = make_survey(plan, near_equal=args.near_equal)
    return plan


# ---------------------------------------------------------------- services
def place(
    ground: Ground,
    lack: Array,
    weight: Array,
    aim: Array,
    *,
    start: Array,
    base: float = 0.0,
    gain: Array | None = None,
) -> tuple[list[int], Array]:
    """
    Choose places so that each district lacks as nearly as can be what is the aim.

    A cell lacks the least that any chosen place leaves it (``lack[cell, place]``), and never more
    than at the ``start``; a district lacks ``base`` plus the ``weight``-ed sum over its cells, less
    the ``gain[place, district]`` of every place chosen. Greedy; then each choice is reconsidered.
    Returns the places and the lack of each district.
    """
    lack = np.ascontiguousarray(lack.T, dtype=np.float32)
    start, weight = start.astype(np.float32), weight.astype(np.float32)
    gain = np.zeros((len(lack), SIZE)) if gain is None else gain
    first = ground.first

    def least(chosen: list[int]) -> Array:
        return np.minimum(start, lack[chosen].min(axis=0, initial=np.inf))

    def reached(least: Array, chosen: list[int]) -> Array:
        summed = np.add.reduceat(least * weight, first, axis=-1)
        return base + summed - gain[chosen].sum(axis=0)

    def miss(reached: Array) -> Array:  # rounded, so that ties are broken alike on any machine
        return np.round((((reached - aim) * 100) ** 2).sum(axis=-1), 3)

    def best_addition(chosen: list[int]) -> tuple[list[int], float]:
        trial = miss(reached(np.minimum(least(chosen), lack), chosen) - gain)
        return [*chosen, int(trial.argmin())], float(trial.min())

    chosen: list[int] = []
    error = float(miss(reached(least([]), [])))
    more, better = best_addition(chosen)
    while better < error:
        chosen, error = more, better
        more, better = best_addition(chosen)
    for old in chosen.copy():
        other, better = best_addition([one for one in chosen if one != old])
        if better < error:
            chosen, error = other, better
    return chosen, reached(least(chosen), chosen)


def place_transit(plan: Plan) -> None:
    """Lay metro and cable, then bus stops where they are due."""
    plan.metro += [plan.nearest(u, v) for u, v in METRO_KM]
    plan.cable += [plan.nearest(u, v) for u, v in CABLE_KM]
    ledger, people = plan.ledgers["structures"], plan.ground.share(plan.people.persons)
    rapid = plan.walk[:, plan.metro + plan.cable].min(axis=1)
    worst, best = DISTRICT_WALK
    minutes = plan.ground.total(people * rapid / PACE)
    ledger.book("rapid_transit", (minutes - worst) / (best - worst))
    spots = plan.candidates(0.7)
    lack = plan.walk + DOOR_M > 500
    chosen, _ = place(plan.ground, lack[:, spots], people, 1 - ledger.aim(), start=rapid > 1000)
    stops = spots[chosen].tolist()
    for nodes in plan.inside:  # a few more in each district, where there is transit already
        far = (rapid > 1000) & lack[:, stops].all(axis=1)
        new = plan.people.persons[far] @ ~lack[far][:, nodes]
        stops += plan.rng.permutation(nodes[np.argsort(new, kind="stable")[:12]])[:4].tolist()
    plan.nodes["stop"] = list(dict.fromkeys(stops))
    far = (rapid > 1000) & lack[:, plan.nodes["stop"]].all(axis=1)
    ledger.book("transit", 1 - plan.ground.total(people * far))


def run_transit(plan: Plan) -> None:
    """Let vehicles run, and see how often they come by and how many jobs they lead to."""
    plan.transit = transit = make_transit(plan)
    jobs, minutes = plan.people.jobs, JOBS_MIN
    plan.reach = {"departures_per_hour": transit.departures()}
    for name, without in (("", ()), ("_without_cable", (CABLE,))):
        plan.reach[f"jobs_transit_{minutes}min_share{name}"] = jobs_reached(
            transit.courses(without=without), transit.walks, jobs, WINDOW, 60 * minutes
        )
    ledger, people = plan.ledgers["structures"], plan.ground.share(plan.people.persons)
    often, reached = (plan.ground.total(people * one) for one in list(plan.reach.values())[:2])
    ledger.book("departures", often / BEST_DEPARTURES)
    ledger.book("jobs_reached", reached / BEST_JOBS_SHARE)


def place_walks(plan: Plan, names: Iterable[str]) -> None:
    """Place services whose indicator is the walk to the nearest; some lie across the limit."""
    people = plan.ground.share(plan.people.persons)
    for name in names:
        worst, best = WALKS[name]
        ledger, spots = plan.ledger(name), plan.candidates(0.55)
        lack = ((plan.walk + DOOR_M) / PACE - best) / (worst - best)
        given = [int(plan.rng.choice(plan.abroad))] if name in NEIGHBOUR_HAS else []
        if name == "hospital":  # in the flood zone, as rivers were there first
            given.append(plan.nearest(RIVERSIDE_KM, river(RIVERSIDE_KM)))
        as_good = plan.nodes["internet_venue"] if name == "coworking" else []
        start = lack[:, given + as_good].min(axis=1, initial=2.0)
        chosen, _ = place(plan.ground, lack[:, spots], people, 1 - ledger.aim(), start=start)
        plan.nodes[name] = given + with_company(plan, name, spots[chosen]) + as_good[::8]
        least = lack[:, plan.nodes[name] + as_good].min(axis=1)
        ledger.book(name, 1 - plan.ground.total(people * least))


def with_company(plan: Plan, name: str, nodes: Array) -> list[int]:
    """Services and those of their kind next door, which hardly shorten anyone's walk."""
    xy, all_nodes = plan.streets.xy, plan.city_nodes
    chosen = dict.fromkeys(nodes.tolist())
    for node in nodes if name in IN_COMPANY else []:
        near = all_nodes[np.hypot(*(xy[all_nodes] - xy[node]).T) < 170]
        number = min(len(near), int(plan.rng.poisson(2)))
        chosen |= dict.fromkeys(plan.rng.choice(near, number, replace=False).tolist())
    return list(chosen)


def place_open_space(plan: Plan) -> None:
    """Make parks and squares of some blocks, and plant woods on a few more."""
    ledger, ground, streets = plan.ledgers["structures"], plan.ground, plan.streets
    corners = streets.corner[tuple(ground.cells.T)]  # a park is entered from the streets round it
    lack = plan.walk[:, corners].min(axis=2) + DOOR_M > 400
    share, everyone = ground.share(plan.people.persons), np.ones(len(lack))
    chosen, lacking = place(ground, lack, share, 1 - ledger.aim(), start=everyone)
    ledger.book("open_space", 1 - lacking)
    full = BEST_GREEN_M2 * plan.population
    due, have = ledger.aim() * full, np.zeros(SIZE)
    rest = [cell for cell in plan.rng.permutation(len(lack)).tolist() if cell not in chosen]
    for cell in chosen + rest:
        d = ground.district[cell]
        whole = shapely.Polygon(streets.block(ground.cells[cell], 1.0)).area
        scale = min(PARK_SCALE, np.sqrt(max(due[d] - have[d], 0.0) / whole))
        if scale > 0.35 and cell not in chosen[-SQUARES:]:
            plan.parks[cell] = ("park" if cell in chosen else "wood", scale)
            have[d] += scale**2 * whole
        elif cell in chosen:
            plan.parks[cell] = ("square", 0.5)
    ledger.book("green", have / full)


def place_counts(plan: Plan, names: Iterable[str]) -> None:
    """Strew as many services as the residents of a district are due."""
    for name in names:
        ledger, full = plan.ledger(name), plan.population * BEST_RATE[name] / 1e5
        count = np.rint(ledger.aim() * full).astype(int)
        ledger.book(name, count / full)
        choices = [plan.rng.choice(plan.inside[d], count[d], replace=False) for d in range(SIZE)]
        plan.nodes[name] = np.concatenate(choices).tolist()


def place_driver(plan: Plan, *, near_equal: bool) -> None:
    """Set the requests to the city apart by plan, first, so that all else makes up for it."""
    ledger, full = plan.ledger(DRIVER), plan.population * BEST_RATE[DRIVER] / 1e5
    aim = ledger.aim() if near_equal else driver_aim(plan.seed, ledger.goal)
    plan.requests = np.rint(aim * full).astype(int).tolist()
    ledger.book(DRIVER, plan.requests / full)


def place_wifi(plan: Plan) -> None:
    """Place Wi-Fi: half the score is residents within 300 m, the other half sites a head."""
    ledger, spots = plan.ledgers["technologies"], plan.candidates(0.8)
    lack = plan.walk[:, spots] + DOOR_M > 300
    full = plan.population * BEST_RATE["wifi"] / 1e5
    gain = (plan.streets.home[spots][:, None] == np.arange(SIZE)) / full / 2
    half, everyone = plan.ground.share(plan.people.persons) / 2, np.ones(len(lack))
    chosen, lacking = place(
        plan.ground, lack, half, 1 - ledger.aim(), start=everyone, base=0.5, gain=gain
    )
    ledger.book("wifi", 1 - lacking)
    plan.nodes["wifi"] = spots[chosen].tolist()
    plan.nodes["wifi_broken"] = plan.rng.choice(plan.city_nodes, 30, replace=False).tolist()
    plan.nodes["wifi_abroad"] = plan.rng.choice(plan.abroad, 2, replace=False).tolist()
    elsewhere = plan.rng.choice(plan.city_nodes, 8, replace=False).tolist()
    plan.nodes["wifi_cafe"] = plan.nodes["wifi"][::8] + elsewhere  # some in both sources


def place_shelters(plan: Plan) -> None:
    """Choose where people are to gather in a flood, not always wisely."""
    rng = stream(plan.seed, "shelters")
    for mine in plan.inside:
        spots = np.array([plan.streets.into_block(node, SHELTER_SHARE) for node in mine])
        wet = plan.land.flooded(spots) >= IN_ZONE
        dry = rng.choice(mine[~wet], 2, replace=False)
        unwise = rng.choice(mine[wet]) if wet.mean() > UNWISE_SHARE else dry[1]
        plan.shelters += [int(dry[0]), int(unwise)]


# ---------------------------------------------------------------- tags
def pick(rng: np.random.Generator, amount: Array, home: Array, pool: Array, due: Array) -> Array:
    """Choose of a pool so that the amounts [way, district] add up to what is due in each."""
    chosen = np.zeros(len(home), dtype=bool)
    for d in [*range(SIZE), *range(SIZE)]:  # twice, as ways cross borders
        mine = rng.permutation(np.flatnonzero(pool & (home == d)))
        chosen[mine] = False
        run = amount[chosen, d].sum() + np.r_[0.0, amount[mine, d].cumsum()]
        chosen[mine[: np.abs(run - due[d]).argmin()]] = True
    return chosen


def tag_streets(plan: Plan) -> None:
    """Tag the ways; much less is known where mappers are few."""
    rng, metre, ledger = plan.rng, plan.metre, plan.ledgers["structures"]
    kind = np.array([way.kind for way in plan.ways])
    home = np.array([way.home for way in plan.ways])
    wheeled, cycleway = np.isin(kind, WHEELED), kind == "cycleway"
    full = BEST_CYCLEWAY_KM * 1000 * plan.ground.area_km2
    due = ledger.aim() * full - metre[cycleway].sum(axis=0)
    lane = pick(rng, metre, home, wheeled, due)
    ledger.book("cycleway", metre[cycleway | lane].sum(axis=0) / full)
    for way, cycles in zip(plan.ways, lane, strict=True):
        way.tags |= street_tags(rng, way)
        if cycles:
            way.tags["cycleway"] = str(rng.choice(["lane", "track"]))
        elif way.kind in WHEELED and rng.random() < 0.1:
            way.tags["cycleway"] = "no"
    for name, pool in (("sidewalk", wheeled), ("lit", kind != "private")):
        known = pool & (rng.random(len(kind)) < 0.35 + 0.55 * care(home))
        total = metre[known].sum(axis=0)
        yes = pick(rng, metre, home, known, ledger.aim() * total)
        ledger.book(name, metre[yes].sum(axis=0) / total)
        for i in np.flatnonzero(known):
            plan.ways[i].tags[name] = str(rng.choice(TAG_VALUES[name][0 if yes[i] else 1]))


def street_tags(rng: np.random.Generator, way: Way) -> Tags:
    """Tags of a way that no indicator hangs on."""
    special = {
        "private": {"highway": "service", "access": "private"},
        "escalator": {"highway": "steps", "conveying": "yes", "name": "Escaleras Claras"},
        "cycleway": {"highway": "cycleway", "foot": "designated", "name": "Ciclovía del Río"},
    }
    if way.kind not in WHEELED:
        return special.get(way.kind, {"highway": way.kind})
    tags, known = {"highway": way.kind}, float(care(way.home))
    if rng.random() < 0.4 + 0.6 * known:
        noun = "Carrera" if way.line < ROWS else "Calle"
        tags["name"] = f"{noun} {way.line % ROWS + 1}"
    if rng.random() < 0.3 + 0.6 * known:
        tags["surface"] = "asphalt" if rng.random() < 0.3 + 0.7 * known else "unpaved"
    if way.kind == "residential" and rng.random() < 0.15:
        tags["oneway"] = "yes"
    return tags


def tag_stops(plan: Plan) -> None:
    """Say of some stops whether they have a live display."""
    ledger, home = plan.ledgers["technologies"], plan.streets.home[plan.nodes["stop"]]
    aim, reached = ledger.aim(), ledger.goal / 100  # where there is no stop, nothing is known
    display = np.full(len(home), "", dtype="U3")
    for d in np.unique(home).tolist():
        mine = plan.rng.permutation(np.flatnonzero(home == d))
        known = mine[: int(np.ceil(len(mine) * (0.4 + 0.5 * care(d))))]
        shown = round(aim[d] * len(known))
        display[known] = np.where(np.arange(len(known)) < shown, "yes", "no")
        reached[d] = shown / len(known)
    ledger.book("realtime", reached)
    plan.displays = display.tolist()


# ---------------------------------------------------------------- tables
def set_speeds(plan: Plan) -> None:
    """Set the true speeds; on fixed lines half the score is the latency."""
    ledger, worst_best = plan.ledgers["technologies"], LATENCY_MS
    down, prompt, mobile = (ledger.aim() for _ in range(3))
    fixed = (down + prompt) / 2
    fixed[THIN] = ledger.goal[THIN] / 100  # too few tests: nothing is known
    ledger.book("fixed_line", fixed)
    ledger.book("mobile_line", mobile)
    plan.speeds = {
        ("fixed", "down_mbps"): (down * BEST_MBPS).round(3),
        ("fixed", "latency_ms"): np.interp(prompt, [0, 1], worst_best).round(3),
        ("mobile", "down_mbps"): (mobile * BEST_MBPS).round(3),
        ("mobile", "latency_ms"): np.full(SIZE, MOBILE_LATENCY_MS),
    }


def fill_tables(plan: Plan) -> None:
    """Give every cell its shares of households, to a tenth of a percent."""
    rng, ledger, ground = plan.rng, plan.ledgers["technologies"], plan.ground
    populated = np.flatnonzero(plan.people.households)
    plan.unlisted = sorted(rng.choice(populated, 3, replace=False).tolist())
    part = ground.share(listed_households(plan))

    def spread(aim: Array) -> Array:
        share = aim[ground.district] + rng.normal(0, 0.06, len(part))
        for _ in range(5):
            share = (share + (aim - ground.total(part * share))[ground.district]).clip(0.01, 0.99)
        return share.round(3)

    device = ledger.aim()
    phone = spread((0.4 + 0.55 * device).clip(0, 0.97))
    computer = spread((2 * device - ground.total(part * phone)).clip(0.03, 0.95))
    ledger.book("device", ground.total(part * (phone + computer)) / 2)
    internet = spread(ledger.aim())
    ledger.book("internet", ground.total(part * internet))
    plan.shares = {"INTERNET": internet, "COMPUTADORA": computer, "CELULAR": phone}


def listed_households(plan: Plan) -> Array:
    """Households of the cells whose shares are in the table."""
    households = plan.people.households.copy()
    households[plan.unlisted] = 0
    return households
