"""Streets on the bent grid: arterials, diagonals, what rivers and works cut, and their tags."""

from dataclasses import dataclass

import numpy as np

from metropolis import Array, stream
from metropolis.plane import Plane, first_of_disc

BETWEEN = 14  # corners from one arterial to the next
KEPT = 0.86  # of local streets between two corners
LONGEST = 12  # corners of a way
JITTER = 0.17  # of the distance between corners
DRAWN = 1.07  # corners for each that stays one where streets meet or end
LOCAL, TERTIARY, SECONDARY, PRIMARY = range(4)
STEPS = np.array([(1, 0), (0, 1), (1, 1), (1, -1)])  # rows, columns, and the two diagonals


@dataclass(frozen=True)
class Streets:
    """Corners and the ways through them."""

    grid: Array  # place of each corner on the grid
    number: Array  # corner at each place on the grid, -1 none; see `at`
    xy: Array
    refs: Array  # corners of ways, one after the other
    first: Array  # place of the first corner of each way, and the end of the last
    rank: Array  # of each way: LOCAL to PRIMARY
    bridge: Array  # whether each way is one
    step: float

    def at(self, grid: Array) -> Array:
        """Corner at places on the grid; -1 where there is none."""
        half = self.number.shape[0] // 2
        inside = (np.abs(grid) <= half).all(axis=-1)
        spot = np.where(inside[..., None], grid, 0) + half
        return np.where(inside, self.number[spot[..., 0], spot[..., 1]], -1)

    @property
    def meetings(self) -> int:
        """How many corners there are where streets meet or end."""
        often = np.bincount(self.refs, minlength=len(self.xy))
        often[self.refs[self.first[:-1]]] += 1
        often[self.refs[self.first[1:] - 1]] += 1
        return int((often > 1).sum())

    @property
    def middle(self) -> Array:
        """A corner halfway along each way."""
        return self.refs[(self.first[:-1] + self.first[1:] - 1) // 2]


def make_streets(plane: Plane) -> Streets:
    """Draw all streets."""
    grid, step = first_of_disc(plane, round(DRAWN * plane.size.nodes), centred=False)
    rng = stream(plane.seed, "streets")
    half = int(np.abs(grid).max()) + 1
    number = np.full((2 * half + 1,) * 2, -1, dtype="int32")
    number[grid[:, 0] + half, grid[:, 1] + half] = np.arange(len(grid))
    is_arterial = (grid % BETWEEN == 0).any(axis=1)
    stray = rng.uniform(-JITTER, JITTER, grid.shape) * np.where(is_arterial, 0.3, 1.0)[:, None]
    xy = plane.xy(step * (grid + stray))
    works = plane.fields["works"].at(xy) > 1.2
    across = plane.rivers(xy) > 0
    chains = [
        _ways(axis, grid, number, works=works, across=across, rng=rng) for axis in range(len(STEPS))
    ]
    refs = np.concatenate([one[0] for one in chains])
    sizes = np.concatenate([one[1] for one in chains])
    rank, bridge = (np.concatenate([one[place] for one in chains]) for place in (2, 3))
    used = np.zeros(len(grid), dtype=bool)
    used[refs] = True
    renumbered = np.where(used, np.cumsum(used) - 1, -1).astype("int32")
    there = number >= 0
    number[there] = renumbered[number[there]]
    return Streets(
        grid=grid[used],
        number=number,
        xy=xy[used],
        refs=renumbered[refs],
        first=np.append(0, np.cumsum(sizes)),
        rank=rank,
        bridge=bridge,
        step=step,
    )


def _ways(
    axis: int, grid: Array, number: Array, *, works: Array, across: Array, rng: np.random.Generator
) -> tuple[Array, Array, Array, Array]:
    """Draw the streets of one direction: corners, how many each way has, rank, and bridges."""
    half, ahead = number.shape[0] // 2, STEPS[axis]
    line, place = _line(axis, grid)
    order = np.lexsort((place, line))
    start = order
    target = grid[start] + ahead + half
    end = np.where(
        (target >= 0).all(axis=1) & (target < len(number)).all(axis=1),
        number[np.minimum(target[:, 0], 2 * half), np.minimum(target[:, 1], 2 * half)],
        -1,
    )
    line, place = line[order], place[order]
    rank = _rank(axis, line)
    built = rng.random(len(start)) < np.where(works[start], 0.25, KEPT)
    wet = (across[:, start] != across[:, end]).any(axis=0)
    is_street = (end >= 0) & np.where(rank == LOCAL, built & ~wet, (rank >= SECONDARY) | ~wet)
    if axis > 1:
        is_street &= rank == PRIMARY
    start, end, line, place, rank, wet = (
        one[is_street] for one in (start, end, line, place, rank, wet)
    )
    breaks = np.ones(len(start), dtype=bool)
    breaks[1:] = (
        (start[1:] != end[:-1])
        | (rank[1:] != rank[:-1])
        | (wet[1:] != wet[:-1])
        | ((place[1:] + 5 * line[1:]) % LONGEST == 0)
    )
    first = np.flatnonzero(breaks)
    sizes = np.diff(np.append(first, len(start))) + 1
    at = np.arange(sizes.sum()) - np.repeat(np.append(0, np.cumsum(sizes)[:-1]), sizes)
    edge = np.repeat(first, sizes) + at
    last = at == np.repeat(sizes - 1, sizes)
    refs = np.where(last, end[edge - last], start[np.minimum(edge, len(start) - 1)])
    return refs, sizes, rank[first], wet[first]


def _line(axis: int, grid: Array) -> tuple[Array, Array]:
    """Tell the line that each corner lies on, and its place along it."""
    along, across = grid.T
    if axis == 0:
        return across, along
    if axis == 1:
        return along, across
    return (along - across, along) if axis == 2 else (along + across, along)


def _rank(axis: int, line: Array) -> Array:
    """Tell how important streets are by the line they lie on."""
    if axis > 1:
        return np.where(line % (10 * BETWEEN) == 0, PRIMARY, LOCAL)
    rank = np.where(line % BETWEEN == BETWEEN // 2, TERTIARY, LOCAL)
    rank = np.where(line % BETWEEN == 0, SECONDARY, rank)
    return np.where(line % (4 * BETWEEN) == 0, PRIMARY, rank)


def tags_of_ways(plane: Plane, streets: Streets) -> list[dict[str, str]]:
    """Say what each way is: the better off people are, the more is lit, paved and told."""
    rng = stream(plane.seed, "tags of streets")
    middle = streets.xy[streets.middle]
    wealth, known = plane.wealth(middle), plane.fields["mappers"].at(middle)
    size, count = np.diff(streets.first), len(streets.rank)
    draw = rng.random((6, count))
    kinds = np.array(["residential", "living_street", "footway", "service", "path", "steps"])
    kind = kinds[np.searchsorted([0.84, 0.88, 0.93, 0.96, 0.98], draw[0])]
    kind = np.where((kind == "steps") & (size > 3), "residential", kind)
    highway = np.choose(streets.rank, [kind, "tertiary", "secondary", "primary"])
    lit = np.where(draw[1] < 0.15 + 0.75 * wealth, "yes", "no")
    is_told = draw[2] < 0.55 + 0.1 * known
    surface = np.where(draw[3] < 0.35 + 0.7 * wealth, "asphalt", "unpaved")
    sidewalk = np.where(draw[4] < 0.3 + 0.6 * wealth, "both", "no")
    cycleway = (streets.rank >= SECONDARY) & (draw[5] < 0.05 + 0.25 * wealth)
    oneway = (streets.rank == PRIMARY) & (draw[5] > 0.6)
    found = []
    for number, (road, told, *rest) in enumerate(
        zip(
            highway.tolist(),
            is_told.tolist(),
            lit.tolist(),
            surface.tolist(),
            sidewalk.tolist(),
            cycleway.tolist(),
            oneway.tolist(),
            streets.bridge.tolist(),
            strict=True,
        )
    ):
        tags = {"highway": road}
        if told:
            tags |= {"lit": rest[0], "surface": rest[1]}
            if road not in {"footway", "path", "steps"}:
                tags["sidewalk"] = rest[2]
        if rest[3]:
            tags["cycleway"] = "lane"
        if rest[4]:
            tags["oneway"] = "yes"
        if rest[5]:
            tags |= {"bridge": "yes", "layer": "1"}
        if road in {"primary", "secondary"}:
            tags["name"] = f"Avenida {number} (fictícia)"
        found.append(tags)
    return found
