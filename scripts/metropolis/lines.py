"""Metro, rapid buses and buses along the arterials: where they stop and how they run."""

from dataclasses import dataclass

import numpy as np

from metropolis import Array, stream
from metropolis.plane import Plane
from metropolis.streets import BETWEEN, Streets

BUS, METRO, BRT = 3, 1, 702  # route types of GTFS
SPEED_KMH = {BUS: 17.0, METRO: 36.0, BRT: 25.0}
DWELL_S = {BUS: 12, METRO: 25, BRT: 18}
METRO_PLACES = 0.012  # of all stops
HALF = BETWEEN // 2
SIDE_M = 7.0  # from the middle of the street
HOPS = (5, 26)  # crossings that a bus passes


@dataclass(frozen=True)
class Line:
    """A line there and back: the stops of each direction, and seconds from the first to each."""

    name: str
    kind: int
    stops: tuple[Array, Array]
    seconds: tuple[Array, Array]
    peak_min: float


@dataclass(frozen=True)
class Transit:
    """Stops and lines."""

    xy: Array
    kind: Array  # METRO for platforms, else BUS
    place: Array  # stops of one place stand opposite each other
    lines: list[Line]


def make_transit(plane: Plane, streets: Streets) -> Transit:
    """Lay stops out along arterials, most where most live, and lines through them."""
    rng = stream(plane.seed, "transit")
    metro_places = max(round(METRO_PLACES * plane.size.stops), 2)
    crossings, places, xy = _bus_places(plane, streets, plane.size.stops // 2 - metro_places)
    net = _Net(rng, crossings, places, xy, plane)
    lines = net.rapid(plane.size.of(20)) + net.buses(plane.size.of(820, least=3))
    stations, metro = _metro(streets, metro_places, plane.size.of(6), first=len(xy))
    xy = np.concatenate([xy, stations])
    kind = np.where(np.arange(len(xy)) < len(xy) - len(stations), BUS, METRO)
    side = np.array([(SIDE_M, -SIDE_M), (-SIDE_M, SIDE_M)])
    return Transit(
        xy=(xy[:, None] + side).reshape(-1, 2),
        kind=np.repeat(kind, 2),
        place=np.repeat(np.arange(len(xy)), 2),
        lines=[_line(*one, xy=xy) for one in (*metro, *lines)],
    )


def _bus_places(
    plane: Plane, streets: Streets, number: int
) -> tuple[dict[tuple[int, int], int], dict[tuple[int, int], int], Array]:
    """Choose crossings of arterials, and the corners halfway between two of them."""
    reach = int(np.abs(streets.grid).max() // BETWEEN)
    line = np.arange(-reach, reach + 1)
    spots = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    spots = spots[streets.at(spots * BETWEEN) >= 0]
    at = streets.xy[streets.at(spots * BETWEEN)]
    pull = plane.density(at) + 0.4 * np.exp(-2.6 * plane.out(at))
    chosen: dict[tuple[int, int], int] = {}
    places: dict[tuple[int, int], int] = {}
    for one in np.argsort(-pull, kind="stable").tolist():
        if len(places) >= number:
            break
        a, b = spots[one].tolist()
        chosen[a, b] = places[a * BETWEEN, b * BETWEEN] = len(places)
        for da, db in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            if (a + da, b + db) in chosen:
                middle = a * BETWEEN + da * HALF, b * BETWEEN + db * HALF
                if len(places) < number and streets.at(np.array(middle)) >= 0:
                    places[middle] = len(places)
    return chosen, places, streets.xy[streets.at(np.array(list(places)))]


class _Net:
    """Crossings that buses go by."""

    def __init__(
        self,
        rng: np.random.Generator,
        crossings: dict[tuple[int, int], int],
        places: dict[tuple[int, int], int],
        xy: Array,
        plane: Plane,
    ) -> None:
        self.rng, self.crossings, self.places, self.xy = rng, crossings, places, xy
        self.spots = np.array(list(crossings))
        here = xy[list(crossings.values())]
        self.weight = plane.density(here) + 0.02
        self.out = plane.out(here)
        self.served = np.zeros(len(xy), dtype=bool)

    def walk(self, start: tuple[int, int], goal: tuple[int, int]) -> list[tuple[int, int]]:
        """Go from crossing to crossing, turning now and then, as far as there are any."""
        path, (a, b), axis = [start], start, int(self.rng.integers(2))
        while (a, b) != goal:
            ahead = (int(np.sign(goal[0] - a)), 0), (0, int(np.sign(goal[1] - b)))
            if self.rng.random() < 0.2 or ahead[axis] == (0, 0):
                axis = 1 - axis
            step = next(
                (
                    one
                    for one in (ahead[axis], ahead[1 - axis])
                    if one != (0, 0) and (a + one[0], b + one[1]) in self.crossings
                ),
                None,
            )
            if step is None:
                break
            a, b = a + step[0], b + step[1]
            path.append((a, b))
        return path

    def stops(self, path: list[tuple[int, int]]) -> tuple[Array, Array]:
        """Places along a path, and on which side of the street a bus stops there."""
        found, heading = [], 1
        for place, (a, b) in enumerate(path):
            if place:
                before = path[place - 1]
                heading = 1 if (a, b) > before else 0
                middle = (a + before[0]) * HALF, (b + before[1]) * HALF
                if middle in self.places:
                    found.append((self.places[middle], heading))
            found.append((self.crossings[a, b], heading))
        places, sides = np.array(found).T
        self.served[places] = True
        return places, sides

    def rapid(self, number: int) -> list[tuple]:
        """Run straight from the edge to the centre and beyond it."""
        far = self.spots[np.argsort(-self.out * self.rng.uniform(0.8, 1, len(self.out)))]
        lines = []
        for one, (a, b) in enumerate(far[:: max(len(far) // (4 * number), 1)][:number].tolist()):
            goal = (0, b) if abs(a) > abs(b) else (a, 0)
            path = self.walk((a, b), goal)
            if len(path) > 1:
                lines.append((f"X{one + 1:02d}", BRT, *self.stops(path), 4.0))
        return lines

    def buses(self, number: int) -> list[tuple]:
        """Run between crossings where people are, then to those that none goes by yet."""
        chance = self.weight / self.weight.sum()
        starts = self.rng.choice(len(self.spots), number, p=chance)
        lines = [self._bus(one, self.spots[start]) for one, start in enumerate(starts.tolist())]
        at = np.array(list(self.crossings.values()))
        while not self.served[at].all():
            left = np.flatnonzero(~self.served[at])
            lines.append(self._bus(len(lines), self.spots[left[self.rng.integers(len(left))]]))
        return [one for one in lines if len(one[2]) > 1]

    def _bus(self, number: int, start: Array) -> tuple:
        """Draw one line."""
        a, b = start.tolist()
        angle, hops = self.rng.uniform(0, 2 * np.pi), self.rng.integers(*HOPS)
        inward = -start / max(np.hypot(a, b), 1.0)
        turn = inward + 0.9 * np.array([np.cos(angle), np.sin(angle)])
        turn = turn / max(np.abs(turn).sum(), 0.1) * hops
        path = self.walk((a, b), (a + round(turn[0]), b + round(turn[1])))
        if len(path) == 1:  # at the edge: to any neighbour
            near = [(a + 1, b), (a - 1, b), (a, b + 1), (a, b - 1)]
            path += [one for one in near if one in self.crossings][:1]
        places, sides = self.stops(path)
        return f"{number + 1:04d}", BUS, places, sides, float(self.rng.lognormal(2.6, 0.5))


def _metro(streets: Streets, places: int, number: int, *, first: int) -> tuple[Array, list[tuple]]:
    """Lay lines through the centre, with a station of its own every second crossing."""
    rays = [(1, 0), (0, 1), (1, 1), (1, -1), (2, 1), (1, -2)][:number]
    each, spots, lines = max(places // len(rays), 2), {}, []
    for one, ray in enumerate(rays):
        half = each // 2
        steps = np.arange(-half, each - half) * (1 if abs(ray[0]) + abs(ray[1]) > 1 else 2)
        along = steps[:, None] * np.array(ray) * BETWEEN
        along = along[streets.at(along) >= 0]
        numbers = [spots.setdefault(tuple(spot), first + len(spots)) for spot in along.tolist()]
        sides = np.ones(len(numbers), dtype=int)
        lines.append((f"M{one + 1}", METRO, np.array(numbers), sides, 2.5))
    return streets.xy[streets.at(np.array(list(spots)))], [one for one in lines if len(one[2]) > 1]


def _line(name: str, kind: int, places: Array, sides: Array, peak_min: float, *, xy: Array) -> Line:
    """Time a line and lead it back on the other side of the street."""
    far = np.hypot(*np.diff(xy[places], axis=0).T)
    ride = far * 1.1 / (SPEED_KMH[kind] / 3.6) + DWELL_S[kind]
    there = np.append(0, np.rint(np.cumsum(ride))).astype(int)
    back = there[-1] - there[::-1]
    stops = 2 * places + sides, (2 * places + 1 - sides)[::-1]
    return Line(name, kind, stops, (there, back), peak_min)
