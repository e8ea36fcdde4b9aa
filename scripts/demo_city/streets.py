"""Streets along the grid of cells, drawn as ways, and the walk along them."""

import bisect
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree

from demo_city import OPEN, PLANTED, SIZE, Array, Tags, stream
from demo_city.ground import HILL_ROWS, ROWS_KM, Ground, degrees, metres, rings

WHEELED = ("primary", "secondary", "tertiary", "residential", "living_street")
ROWS = 2 * len(ROWS_KM)  # two streets to a row of cells; columns are numbered after them
ESCALATOR_LINE, ESCALATOR_DISTRICT = ROWS + 87, 16  # up Mirador del Sur
LIMIT_M = 9000.0  # the walk stops there


@dataclass(frozen=True)
class Streets:
    """Edges between nodes; edges of one line of the grid make a named street."""

    xy: Array  # [node, xy]: junctions, then bends, then dead ends
    cell: Array  # [node] column and row of the cell it lies in
    home: Array  # [node] district, OPEN or NEIGHBOUR
    corner: Array  # [column, row, 4] the junctions round the central block of a cell
    start: Array  # [edge] node
    end: Array  # [edge] node
    bend: Array  # [edge] node between them, or -1
    line: Array  # [edge] grid line it lies on
    step: Array  # [edge] its place on that line
    kind: Array  # [edge]

    @property
    def degree(self) -> Array:
        """Edges that meet at each node, bends apart."""
        return np.bincount(np.r_[self.start, self.end], minlength=len(self.xy))

    @property
    def geometry(self) -> Array:
        """Edges as lines."""
        via = np.where(self.bend < 0, self.start, self.bend)
        return shapely.linestrings(self.xy[np.stack([self.start, via, self.end], axis=1)])

    def block(self, cell: Array, scale: float) -> Array:
        """Ring of the block in the middle of a cell, shrunk about its centre."""
        ring = self.xy[self.corner[tuple(cell)]]
        return ring.mean(axis=0) + scale * (ring - ring.mean(axis=0))

    def into_block(self, node: int, share: float) -> Array:
        """A place off a junction, part of the way to the middle of the block."""
        return self.xy[node] + share * (self.block(self.cell[node], 0)[0] - self.xy[node])


def intersections(streets: Streets, kept: Array) -> Array:
    """Count junctions of three and more of the edges kept in each district."""
    degree = replace(streets, start=streets.start[kept], end=streets.end[kept]).degree
    return np.bincount(streets.home[(degree >= 3) & (streets.home >= 0)], minlength=SIZE)


def make_streets(seed: int, ground: Ground, due: Array) -> Streets:
    """Lay streets with as many intersections as are due in each district."""
    rng = stream(seed, "streets")
    grid = lay_grid(rng, ground)
    stairs = (grid.line == ESCALATOR_LINE) & (grid.home[grid.start] == ESCALATOR_DISTRICT)
    stairs &= grid.home[grid.end] == ESCALATOR_DISTRICT
    kept = thin(rng, grid, (grid.kind != "residential") | stairs, due)
    kind = np.where(stairs, "escalator", specialise(rng, grid))
    edges = {"start", "end", "bend", "line", "step"}
    streets = replace(grid, **{one: getattr(grid, one)[kept] for one in edges}, kind=kind[kept])
    return add_stubs(rng, add_bends(rng, streets))


def lay_grid(rng: np.random.Generator, ground: Ground) -> Streets:
    """Lay two streets through every row and column of cells."""
    there = (ground.place != OPEN).repeat(2, axis=0).repeat(2, axis=1)
    number = np.where(there, there.ravel().cumsum().reshape(there.shape) - 1, -1)
    p, q = np.nonzero(there)
    cell = np.stack([p // 2, q // 2], axis=1)
    across, up = (0.25 + 0.5 * (p % 2))[:, None], (0.25 + 0.5 * (q % 2))[:, None]
    a, b, c, d = rings(ground.corner, cell).swapaxes(0, 1)
    xy = (a * (1 - across) + b * across) * (1 - up) + (d * (1 - across) + c * across) * up
    xy = metres(degrees(xy + rng.normal(0, 6, xy.shape)))
    even, odd = number[::2], number[1::2]
    corner = np.stack([even[:, ::2], odd[:, ::2], odd[:, 1::2], even[:, 1::2]], axis=-1)
    i, j = np.nonzero(there[:-1] & there[1:])
    k, m = np.nonzero(there[:, :-1] & there[:, 1:])
    start, end = np.r_[number[i, j], number[k, m]], np.r_[number[i + 1, j], number[k, m + 1]]
    line, step = np.r_[j, ROWS + k], np.r_[i, m]
    home = ground.place[tuple(cell.T)]
    kind = line_kinds(len(there))[line]
    return Streets(xy, cell, home, corner, start, end, np.full(len(line), -1), line, step, kind)


def line_kinds(columns: int) -> Array:
    """Rank of every grid line: rows first, then columns."""
    row, column = np.arange(ROWS), np.arange(columns)
    of_rows = [row == ROWS // 2, np.isin(row, (15, 33)), row % 4 == 2]
    of_columns = [column % 24 == 12, column % 12 == 6, column % 4 == 1]
    ranks = [np.select(one, WHEELED[:3], WHEELED[3]) for one in (of_rows, of_columns)]
    return np.concatenate(ranks).astype("U13")


def thin(rng: np.random.Generator, grid: Streets, firm: Array, due: Array) -> Array:
    """Say which edges stay so that intersections are as due; none is cut off from the rest."""
    cost = rng.random(len(firm)) + 1.0 + ~firm
    shape = (len(grid.xy),) * 2
    tree = minimum_spanning_tree(coo_array((cost, (grid.start, grid.end)), shape=shape).tocsr())
    firm = firm | np.isin(cost, tree.data)
    kept = np.ones(len(firm), dtype=bool)
    for d in range(SIZE):
        inside = (grid.home[grid.start] == d) & (grid.home[grid.end] == d)
        loose = rng.permutation(np.flatnonzero(~firm & inside))

        def missing(cut: int, d: int = d, loose: Array = loose) -> float:
            kept[loose] = np.arange(len(loose)) >= cut
            return due[d] - intersections(grid, kept)[d]

        missing(bisect.bisect_left(range(len(loose)), 0, key=missing))
    return kept


def specialise(rng: np.random.Generator, grid: Streets) -> Array:
    """Turn some residential streets into steps, paths, lanes for walking and a cycleway."""
    luck = rng.random((grid.line.max() + 1, grid.step.max() // 3 + 1))[grid.line, grid.step // 3]
    planted = PLANTED[grid.home[grid.start]]
    poor, old, rich = (planted == one for one in ("neglected", "analogue", "integrated"))
    uphill = (grid.line >= ROWS) & (grid.home[grid.start] == grid.home[grid.end])
    rules = {
        "cycleway": rich & (grid.line == ROWS // 2 + 3),
        "steps": poor & uphill & (luck < 0.35),
        "path": poor & (grid.line < ROWS) & (luck < 0.2),
        "living_street": old & (luck < 0.3),
        "pedestrian": old & (luck < 0.36),
        "footway": rich & (luck < 0.06),
    }
    plain = grid.kind == "residential"
    return np.select([plain & rule for rule in rules.values()], list(rules), grid.kind)


def add_nodes(streets: Streets, near: Array, xy: Array, **changes: Array) -> Streets:
    """Add nodes beside others, and change what comes with them."""
    xy = np.concatenate([streets.xy, metres(degrees(xy))])
    cell = np.concatenate([streets.cell, streets.cell[near]])
    home = np.concatenate([streets.home, streets.home[near]])
    return replace(streets, xy=xy, cell=cell, home=home, **changes)


def add_bends(rng: np.random.Generator, streets: Streets) -> Streets:
    """Let streets of the hillsides wind."""
    row = streets.cell[streets.start, 1]
    hillside = (row < HILL_ROWS[0]) | (row >= HILL_ROWS[1])
    winding = hillside & ~np.isin(streets.kind, ["steps", "escalator"])
    winding = np.flatnonzero(winding & (rng.random(len(row)) < 0.6))
    one, other = streets.xy[streets.start[winding]], streets.xy[streets.end[winding]]
    sideways = (other - one)[:, ::-1] * [-1, 1] / np.hypot(*(other - one).T)[:, None]
    xy = (one + other) / 2 + sideways * rng.normal(0, 10, (len(one), 1)).clip(-16, 16)
    bend = streets.bend.copy()
    bend[winding] = len(streets.xy) + np.arange(len(winding))
    return add_nodes(streets, streets.start[winding], xy, bend=bend)


def add_stubs(rng: np.random.Generator, streets: Streets) -> Streets:
    """Add short service ways, a third of them private, where they make no new intersection."""
    crowded = np.flatnonzero((streets.degree >= 3) & (streets.home >= 0))
    near = np.sort(rng.choice(crowded, 140, replace=False))
    order = np.arange(len(near))
    added = {
        "start": near,
        "end": len(streets.xy) + order,
        "bend": np.full(len(near), -1),
        "line": streets.line.max() + 1 + order,
        "step": 0 * order,
        "kind": np.where(rng.random(len(near)) < 0.35, "private", "service"),
    }
    joined = {name: np.r_[getattr(streets, name), values] for name, values in added.items()}
    xy = np.array([streets.into_block(node, 0.45) for node in near])
    return add_nodes(streets, near, xy, **joined)


@dataclass
class Way:
    """Edges of one line and kind, drawn and tagged in one go."""

    kind: str
    line: int
    home: int
    nodes: list[int]
    edges: list[int] = field(default_factory=list)
    tags: Tags = field(default_factory=dict)


def make_ways(seed: int, streets: Streets) -> list[Way]:
    """Draw edges as ways of a few nodes each, which meet at shared junctions."""
    rng = stream(seed, "ways")
    ways: list[Way] = []
    end = None
    for edge in np.lexsort((streets.step, streets.line)).tolist():
        line, kind = int(streets.line[edge]), str(streets.kind[edge])
        start = int(streets.start[edge])
        if (line, kind, start) != end or rng.random() < 0.2:
            ways.append(Way(kind, line, int(streets.home[start]), [start]))
        passed = int(streets.bend[edge]), int(streets.end[edge])
        ways[-1].nodes += [node for node in passed if node >= 0]
        ways[-1].edges.append(edge)
        end = line, kind, passed[1]
    return ways


def lengths_inside(ways: list[Way], streets: Streets, ground: Ground) -> Array:
    """Metres of every way in every district [way, district]."""
    lines = np.array([shapely.LineString(streets.xy[way.nodes]) for way in ways])
    tree = shapely.STRtree(lines)
    metre = np.zeros((len(ways), SIZE))
    for d, border in enumerate(ground.border):
        near = tree.query(border, predicate="intersects")
        metre[near, d] = shapely.length(shapely.intersection(lines[near], border))
    return metre


def home_points(ground: Ground) -> Array:
    """Where the people of each cell set out from."""
    return shapely.point_on_surface(shapely.polygons(rings(ground.census_corner, ground.cells)))


def walk_metres(streets: Streets, ground: Ground) -> Array:
    """Metres on foot from each cell to every node [cell, node]."""
    homes, level = home_points(ground), np.ones((2, len(streets.start)))
    graph, _ = walk_graph(streets, homes, level)
    count = len(streets.xy)
    return np.minimum(dijkstra(graph, indices=count + np.arange(len(homes)))[:, :count], LIMIT_M)


def walks_between(streets: Streets, points: Array, toil: Array, limit: float) -> Array:
    """Metres on foot, times the toil, up to a limit between points [from, to]."""
    graph, direct = walk_graph(streets, points, toil)
    doors = len(streets.xy) + np.arange(len(points))
    far = dijkstra(graph, indices=doors, limit=limit)
    return np.minimum(far[:, len(streets.xy) :], direct)


def walk_graph(streets: Streets, points: Array, toil: Array) -> tuple[csr_array, Array]:
    """
    Join points to the nearest streets that are open to walkers.

    Returns the graph, its nodes being those of the streets and then a door for each point, and
    the way [from, to] between points on one edge without a detour by its ends, else inf. The
    ``toil`` [there or back, edge] is by how much a way is longer than its metres.
    """
    walkable = np.flatnonzero(streets.kind != "private")
    lines = streets.geometry[walkable]
    far, (there, back) = shapely.length(lines), toil[:, walkable]
    near = shapely.STRtree(lines).nearest(points)
    off = shapely.distance(lines[near], points)
    along = shapely.line_locate_point(lines[near], points)
    start, end = streets.start[walkable], streets.end[walkable]
    door = len(streets.xy) + np.arange(len(points))
    rest, ahead, behind = far[near] - along, there[near], back[near]
    arcs = [
        (start, end, far * there),
        (end, start, far * back),
        (door, end[near], off + rest * ahead),
        (end[near], door, off + rest * behind),
        (door, start[near], off + along * behind),
        (start[near], door, off + along * ahead),
    ]
    one, other, cost = (np.concatenate(part) for part in zip(*arcs, strict=True))
    graph = csr_array((cost, (one, other)), shape=(len(streets.xy) + len(points),) * 2)
    ahead_m = along - along[:, None]
    ways = np.where(ahead_m > 0, ahead_m * ahead[:, None], -ahead_m * behind[:, None])
    direct = np.where(near[:, None] == near, off[:, None] + off + ways, np.inf)
    np.fill_diagonal(direct, 0.0)
    return graph, direct
