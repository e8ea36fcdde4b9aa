"""Public transport: where it stops, when it leaves, and what is within reach of it."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from demo_city import Array, place_name
from demo_city.ground import valley
from demo_city.journeys import AFOOT_M, WALK_M, Course, Walks, seconds_on_foot
from demo_city.land import make_toil
from demo_city.streets import WHEELED, Streets, home_points, walks_between

if TYPE_CHECKING:
    from demo_city.plan import Plan

DATE, WINDOW = "2025-05-14", (7 * 3600, 8 * 3600)  # a Wednesday, and seconds of the day
METRO, BUS, CABLE = 1, 3, 6  # route_type
REACH_M = {METRO: 1000.0, BUS: 500.0, CABLE: 1000.0}  # along streets, as SDG 11.2.1 has it
PACE_KMH = {METRO: 35.0, BUS: 17.0, CABLE: 18.0}
HILL_KMH = 15.5  # of a bus that climbs
DWELL_S = {METRO: 20, BUS: 0, CABLE: 0}
LADDER_S = np.array([300, 360, 450, 600, 720, 900, 1200, 1800])  # headways; all divide an hour
PERIODS_H = ((4.5, False), (5.5, True), (9.5, False), (16.5, True), (20.0, False), (23.0, False))
OFF_PEAK = 2  # times the headway of the peak, but for metro and cable
NIGHT_H = (23.5, 24.5, 25.5)
CHANGE_S = 180  # between metro and cable, as transfers.txt has it
CABLE_STATION = 6  # of the metro, where the cable sets out
TIMED_EVERY = 4  # stop, where other times are left blank
ABOUT, EXACT, LISTED = "about", "exact", "listed"  # kinds of timetable
CROW, FAR = "crow", "far"  # listed with blanks: in step with straight lines, with the course

# buses from the hillsides and the ends of the valley to the metro: districts that they call in,
# from the far end, station where they end, and how their times are published
FEEDERS = (
    ("101", (2, 1), 0, EXACT),
    ("102", (0,), 1, EXACT),
    ("103", (5, 4), 2, EXACT),
    ("104", (3,), 3, EXACT),
    ("105", (13, 7), 4, LISTED),
    ("106", (12, 6), 5, CROW),
    ("107", (15, 9), 7, EXACT),
    ("108", (14, 8), 6, FAR),
    ("109", (17, 11), 8, EXACT),
    ("110", (16, 10), 8, EXACT),
    ("111", (20, 19), 9, EXACT),
    ("112", (18,), 9, EXACT),
    ("113", (23, 22), 9, EXACT),
    ("114", (21,), 9, EXACT),
)
TRUNKS = (("201", "Troncal Norte", 0.6), ("202", "Troncal Sur", -0.6))  # and km across the valley
TRUNK_STEP_KM, TRUNK_WIDTH_KM = 0.6, 0.5
EXPRESS_KM = ((10.4, 0.0), (11.5, 0.0), (12.5, 0.0), (13.2, 0.0))


@dataclass(frozen=True)
class Stop:
    """Where vehicles stop."""

    id: str
    name: str
    xy: Array
    node: int
    station: str = ""


@dataclass(frozen=True)
class Line:
    """A route, from one end to the other and back the same way."""

    id: str
    name: str
    kind: int
    stops: tuple[int, ...]
    spots: Array  # [call, xy] of the stops
    path: tuple[Array, ...]  # course of each leg in metres
    pace_kmh: float
    peak_s: int  # headway in the peak
    timetable: str = EXACT
    is_nightly: bool = False

    @cached_property
    def metres(self) -> Array:
        """Way along the course to each stop."""
        legs = [np.hypot(*np.diff(one, axis=0).T).sum() for one in self.path]
        return np.r_[0.0, np.cumsum(legs)].round(1)

    @property
    def timed(self) -> Array:
        """Say of which stops the times are published."""
        order = np.arange(len(self.stops))
        thinned = (order % TIMED_EVERY == 0) | (order == len(order) - 1)
        return thinned if self.timetable in {CROW, FAR} else np.ones(len(order), dtype=bool)

    @property
    def backwards(self) -> "Line":
        """The same line in the other direction."""
        path = tuple(one[::-1] for one in self.path[::-1])
        return replace(self, stops=self.stops[::-1], spots=self.spots[::-1], path=path)

    @property
    def times(self) -> tuple[Array, Array]:
        """Seconds from the departure at the first stop to arrivals and departures at each."""
        dwell = DWELL_S[self.kind]
        legs = np.maximum(np.rint(np.diff(self.metres) / self.pace_kmh * 3.6), 20)
        leaves = np.r_[0, np.cumsum(legs + dwell)]
        leaves[-1] -= dwell
        known = np.flatnonzero(self.timed)
        along = self.metres
        if self.timetable == CROW:
            along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(self.spots, axis=0).T))]
        leaves = np.rint(np.interp(along, along[known], leaves[known])).astype(int)
        arrives = leaves - dwell
        arrives[[0, -1]] = leaves[[0, -1]]
        return arrives, leaves

    @property
    def starts(self) -> Array:
        """Seconds of the day at which vehicles leave the first stop on a working day."""
        if self.is_nightly:
            return np.array([int(3600 * hour) for hour in NIGHT_H])
        return np.concatenate([np.arange(*period) for period in self.periods])

    @property
    def periods(self) -> list[tuple[int, int, int]]:
        """Start, end and headway of the parts of a working day."""
        slow = 1 if self.kind != BUS else OFF_PEAK
        return [
            (int(3600 * start), int(3600 * end), self.peak_s * (1 if is_peak else slow))
            for (start, is_peak), (end, _) in pairwise(PERIODS_H)
        ]

    @property
    def courses(self) -> list[Course]:
        """The line in either direction, for those who ride it."""
        both = (self, self.backwards)
        return [Course(np.array(one.stops), *one.times, one.starts) for one in both]


@dataclass(frozen=True)
class Transit:
    """Stops, lines and the walks between them."""

    stops: list[Stop]
    lines: list[Line]
    metre: Array  # [cell, stop] along streets, as if on the level
    walks: Walks

    def departures(self) -> Array:
        """Departures an hour by cell: of each route and direction those at its best stop nearby."""
        total = np.zeros(len(self.metre))
        for line in self.lines:
            near = self.metre <= REACH_M[line.kind]
            for course in line.courses:
                runs = course.starts + course.leaves[:-1, None]
                often = ((runs >= WINDOW[0]) & (runs < WINDOW[1])).sum(axis=1)
                total += np.where(near[:, course.stops[:-1]], often, 0).max(axis=1)
        return total / ((WINDOW[1] - WINDOW[0]) / 3600)

    def courses(self, *, without: tuple[int, ...] = ()) -> list[Course]:
        """Courses of all lines but those of some kinds."""
        return [one for line in self.lines if line.kind not in without for one in line.courses]


def make_transit(plan: "Plan") -> Transit:
    """Lay out stops and lines."""
    stops = make_stops(plan)
    lines = make_lines(plan, stops)
    xy = np.array([one.xy for one in stops])
    homes, land = home_points(plan.ground), plan.land
    points, size = np.concatenate([homes, shapely.points(xy)]), len(homes)
    toil = make_toil(plan.streets, land.grids["elevation"], land.heights)
    level = walks_between(plan.streets, points, np.ones_like(toil), WALK_M)
    far = walks_between(plan.streets, points, toil, AFOOT_M)
    on_foot = seconds_on_foot(far)
    walks = Walks(
        on_foot[:size, size:],
        on_foot[size:, :size],
        changes(stops, xy, far[size:, size:]),
        seconds_on_foot(far[:size, :size], limit=AFOOT_M),
    )
    return Transit(stops, lines, level[:size, size:], walks)


def changes(stops: list[Stop], xy: Array, between: Array) -> Array:
    """Seconds between stops: along streets, straight through a station, or as they are stated."""
    station = np.array([one.station for one in stops])
    same = (station[:, None] == station) & (station != "")
    straight = 1.3 * np.hypot(*np.moveaxis(xy[:, None] - xy, -1, 0))
    inside = seconds_on_foot(np.minimum(between, straight), limit=np.inf)
    change = np.where(same, inside, seconds_on_foot(between, limit=WALK_M / 2))
    ids = [one.id for one in stops]
    pair = ids.index(f"M{CABLE_STATION + 1:02d}"), ids.index("K1")
    change[pair] = change[pair[::-1]] = CHANGE_S
    return change


def make_stops(plan: "Plan") -> list[Stop]:
    """List platforms of metro and cable, bus stops, and the bays of buses at stations."""
    streets = plan.streets

    def stop(code: str, noun: str, node: int, share: float, station: str = "") -> Stop:
        home = int(streets.home[node])
        number = code.lstrip("MKPBX0")
        name = f"{noun} {place_name(home)} {number}"
        return Stop(code, name, streets.into_block(node, share), node, station)

    metro = [
        stop(f"M{n:02d}", "Metro", node, 0.05, f"E{n:02d}") for n, node in enumerate(plan.metro, 1)
    ]
    base = metro[CABLE_STATION].station
    cable = [
        stop(f"K{n}", "Cable", node, 0.05, base if n == 1 else "")
        for n, node in enumerate(plan.cable, 1)
    ]
    buses = [
        stop(f"P{n:03d}", "Parada", node, 0.09) for n, node in enumerate(plan.nodes["stop"], 1)
    ]
    ends = sorted({one[2] for one in FEEDERS})
    bays = [stop(f"B{n + 1:02d}", "Terminal", plan.metro[n], -0.07, f"E{n + 1:02d}") for n in ends]
    return [*metro, *cable, *buses, *bays]


def make_lines(plan: "Plan", stops: list[Stop]) -> list[Line]:
    """Lay out metro, cable and buses; those that go where much is good run more often."""
    number = {one.id: n for n, one in enumerate(stops)}
    goal = plan.ledgers["structures"].goal
    metro = [n for n, one in enumerate(stops) if one.id.startswith("M")]
    cable = [n for n, one in enumerate(stops) if one.id.startswith("K")]
    buses = np.array([n for n, one in enumerate(stops) if one.id.startswith("P")])
    place = valley(np.array([one.xy for one in stops]))
    home = plan.streets.home[[one.node for one in stops]]
    lines = [
        straight_line("A", "Metro A", METRO, metro, stops, 300),
        straight_line("K", "Cable K", CABLE, cable, stops, 120),
    ]
    roads = Roads(plan.streets, stops)
    for code, districts, end, timetable in FEEDERS:
        bay = number[f"B{end + 1:02d}"]
        groups = [buses[home[buses] == d].tolist() for d in districts]
        course = [*roads.order(groups, bay), bay]
        peak = headway(float(goal[list(districts)].min()))
        name = f"{place_name(districts[0])} - {stops[bay].name}"
        lines.append(roads.line(code, name, course, HILL_KMH, peak, timetable))
    for code, name, across in TRUNKS:
        course = along_the_valley(place, buses, across)
        peak = headway(float(goal[home[course]].mean()) + 10)
        lines.append(roads.line(code, name, course, PACE_KMH[BUS], peak))
    night = replace(lines[-2], id="N1", name="Búho", timetable=LISTED, is_nightly=True)
    near = [place[buses] - np.array(spot) for spot in EXPRESS_KM]
    called = [int(buses[np.hypot(*off.T).argmin()]) for off in near]
    course = [number["B10"], *dict.fromkeys(called)]
    name, peak = "Expreso Aeropuerto", headway(float(goal[home[course]].mean()) + 10)
    return [*lines, roads.line("300", name, course, PACE_KMH[BUS], peak), night]


def headway(goal: float) -> int:
    """Seconds between buses where structures are to score so much."""
    return int(LADDER_S[np.abs(LADDER_S - 60 * (40 - 0.5 * goal)).argmin()])


def straight_line(
    code: str, name: str, kind: int, course: list[int], stops: list[Stop], every_s: int
) -> Line:
    """A line that follows no street."""
    xy = np.array([stops[one].xy for one in course])
    path = tuple(np.stack(pair) for pair in pairwise(xy))
    return Line(code, name, kind, tuple(course), xy, path, PACE_KMH[kind], every_s, ABOUT)


def along_the_valley(place: Array, buses: Array, across: float) -> list[int]:
    """Bus stops from west to east, one for every stretch, not far from a line along the valley."""
    off = np.abs(place[buses, 1] - across)
    near = buses[off < TRUNK_WIDTH_KM]
    order = near[np.abs(place[near, 1] - across).argsort(kind="stable")]
    stretch = np.floor(place[order, 0] / TRUNK_STEP_KM)
    _, first = np.unique(stretch, return_index=True)
    chosen = order[first]
    return chosen[place[chosen, 0].argsort(kind="stable")].tolist()


class Roads:
    """Streets as a bus sees them, from stop to stop."""

    def __init__(self, streets: Streets, stops: list[Stop]) -> None:
        cost = bus_cost(streets)
        graph = csr_array((cost, (streets.start, streets.end)), shape=(len(streets.xy),) * 2)
        nodes = np.array([one.node for one in stops])
        far, self.before = dijkstra(graph, directed=False, indices=nodes, return_predecessors=True)
        self.far, self.nodes, self.xy = far[:, nodes], nodes, streets.xy
        self.spots = np.array([one.xy for one in stops])
        ends = zip(streets.start.tolist(), streets.end.tolist(), strict=True)
        self.bend = dict(zip(map(frozenset, ends), streets.bend.tolist(), strict=True))

    def order(self, groups: list[list[int]], end: int) -> list[int]:
        """Order the stops of each group from the farthest in, always to the nearest next."""
        course: list[int] = []
        for group in groups:
            left = list(group)
            while left:
                if course:
                    step = min(left, key=lambda one: self.far[course[-1], one])
                else:
                    step = max(left, key=lambda one: self.far[one, end])
                left.remove(step)
                course.append(step)
        return course

    def line(
        self,
        code: str,
        name: str,
        course: list[int],
        pace_kmh: float,
        peak_s: int,
        timetable: str = EXACT,
    ) -> Line:
        """A bus line that calls at stops in order."""
        spots, path = self.spots[course], self.path(course)
        return Line(code, name, BUS, tuple(course), spots, path, pace_kmh, peak_s, timetable)

    def path(self, course: list[int]) -> tuple[Array, ...]:
        """Way along the streets from each stop to the next."""
        legs = []
        for one, other in pairwise(course):
            nodes = [int(self.nodes[other])]
            while nodes[-1] != self.nodes[one]:
                nodes.append(int(self.before[one, nodes[-1]]))
            via: list[int] = [nodes[-1]]
            for pair in pairwise(nodes[::-1]):
                bend = self.bend[frozenset(pair)]
                via += [bend, pair[1]] if bend >= 0 else [pair[1]]
            legs.append(self.xy[via])
        return tuple(legs)


def bus_cost(streets: Streets) -> Array:
    """Metres of each edge, twenty times as long where no bus should go."""
    return shapely.length(streets.geometry) * np.where(np.isin(streets.kind, WHEELED), 1, 20)
