"""Cells on a bent grid, the districts they form, and the people in them."""

from dataclasses import dataclass

import numpy as np
import shapely
from pyproj import Transformer
from scipy.ndimage import label

from demo_city import DISTRICTS, NEIGHBOUR, OPEN, SIZE, Array, stream

EPSG = 32716
CENTRE = (-87.0, -12.0)  # the open Pacific
POPULATION = 400_000
JOBS = 180_000
COLUMNS_KM = np.r_[np.full(5, 0.24), np.full(18, 0.222), np.full(25, 0.212), np.full(17, 0.265)]
ROWS_KM = np.r_[np.full(6, 0.26), np.full(12, 0.233), np.full(6, 0.26)]
NEIGHBOUR_COLUMNS = 5  # the first ones
HILL_ROWS = (6, 18)  # hillsides lie below the first and from the second on

TO_METRES = Transformer.from_crs(4326, EPSG, always_xy=True)
TO_DEGREES = Transformer.from_crs(EPSG, 4326, always_xy=True)
ORIGIN = np.array(TO_METRES.transform(*CENTRE))


def degrees(xy: Array) -> Array:
    """Longitude and latitude as OpenStreetMap keeps them, to seven decimals."""
    return np.round(np.stack(TO_DEGREES.transform(xy[..., 0], xy[..., 1]), axis=-1), 7)


def metres(lonlat: Array) -> Array:
    """Coordinates in the plane of places given in degrees."""
    return np.stack(TO_METRES.transform(lonlat[..., 0], lonlat[..., 1]), axis=-1)


def plane(u_km: Array | float, v_km: Array | float) -> Array:
    """Coordinates of places given along and across the valley, which bends."""
    u, v = (np.asarray(u_km) - 6.8) * 1000, np.asarray(v_km) * 1000
    v = v + 700 * np.sin(u / 2600) + 150 * np.sin(u / 900)
    turn = np.radians(24)
    x = u * np.cos(turn) - v * np.sin(turn)
    y = u * np.sin(turn) + v * np.cos(turn)
    return ORIGIN + np.stack([x, y], axis=-1)


def valley(xy: Array) -> Array:
    """Kilometres along and across the valley of places in the plane."""
    x, y = np.moveaxis(xy - ORIGIN, -1, 0)
    turn = np.radians(24)
    u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    v = v - 700 * np.sin(u / 2600) - 150 * np.sin(u / 900)
    return np.stack([u / 1000 + 6.8, v / 1000], axis=-1)


@dataclass(frozen=True)
class Ground:
    """Cells, sorted by district, and districts."""

    corner: Array  # [column, row, xy] where cells meet
    place: Array  # [column, row] district, OPEN or NEIGHBOUR
    cells: Array  # [cell] its column and row
    district: Array  # [cell]
    outline: list[shapely.Polygon]  # [district] in degrees
    border: list[shapely.Polygon]  # [district] in metres
    census_corner: Array  # as corner, but a few lie off the border of their districts

    @property
    def first(self) -> Array:
        """First cell of each district."""
        return np.searchsorted(self.district, np.arange(SIZE))

    @property
    def area_km2(self) -> Array:
        """Area of each district."""
        return shapely.area(self.border) / 1e6

    def total(self, value: Array) -> Array:
        """Sum of a cell's values in each district."""
        return np.add.reduceat(value, self.first)

    def share(self, weight: Array) -> Array:
        """Part that each cell has in its district."""
        return weight / self.total(weight)[self.district]

    @property
    def straddling(self) -> Array:
        """Cells that the census drew across the border of their district."""
        there, here = (rings(one, self.cells) for one in (self.census_corner, self.corner))
        return np.flatnonzero((there != here).any(axis=(1, 2)))


def rings(corner: Array, cells: Array) -> Array:
    """Four corners [cell, corner, xy] of cells."""
    i, j = cells.T
    return np.stack([corner[i, j], corner[i + 1, j], corner[i + 1, j + 1], corner[i, j + 1]], 1)


def make_ground(seed: int) -> Ground:
    """Lay out cells and districts."""
    rng = stream(seed, "ground")
    u = np.r_[0, np.cumsum(COLUMNS_KM)] - COLUMNS_KM[:NEIGHBOUR_COLUMNS].sum()
    v = np.r_[0, np.cumsum(ROWS_KM)] - ROWS_KM.sum() / 2
    at = np.stack(np.meshgrid(u, v, indexing="ij"), axis=-1)
    at = at + rng.normal(0, 0.022, at.shape).clip(-0.045, 0.045)
    corner = metres(degrees(plane(at[..., 0], at[..., 1])))
    middle = (at[1:, 1:] + at[:-1, :-1] + at[1:, :-1] + at[:-1, 1:]) / 4
    place = assign_districts(rng, middle[..., 0], middle[..., 1])
    cells = np.concatenate([np.argwhere(place == d) for d in range(SIZE)])
    district = place[tuple(cells.T)]
    squares = shapely.polygons(degrees(rings(corner, cells)))
    outline = [shapely.coverage_union_all(squares[district == d]) for d in range(SIZE)]
    border = [shapely.transform(one, metres) for one in outline]
    return Ground(corner, place, cells, district, outline, border, shift(rng, corner, place))


def assign_districts(rng: np.random.Generator, u: Array, v: Array) -> Array:
    """Give every cell of the grid to the nearest centre, each district in one piece."""
    centre = np.array([one[2:] for one in DISTRICTS]) + rng.normal(0, 0.07, (SIZE, 2))
    far = np.hypot(u[..., None] - centre[:, 0], v[..., None] - centre[:, 1])
    width = 2.75 - 0.9 * np.abs((u - 6.8) / 6.8) ** 3
    width += 0.12 * np.sin(3 * u + rng.uniform(0, 6)) + 0.1 * np.sin(5 * u * np.sign(v))
    ends = 0.25 + 0.1 * v**2 * np.sin(2 * v + rng.uniform(0, 6)) ** 2
    inside = (u > ends * (np.abs(v) > 0.6)) & (u < 13.8 - ends) & (np.abs(v) < width)
    outside = np.where((u < 0) & (np.abs(v) < 1.1), NEIGHBOUR, OPEN)
    while True:
        place = np.where(inside, far.argmin(axis=-1), outside)
        stray = np.zeros_like(inside)
        for d in range(SIZE):
            piece, _ = label(place == d)
            stray |= (piece > 0) & (piece != np.bincount(piece[piece > 0]).argmax())
        if not stray.any():
            return place
        far[stray, place[stray]] = np.inf


def shift(rng: np.random.Generator, corner: Array, place: Array) -> Array:
    """Move a few corners of cells off the border of districts."""
    around = np.stack([place[:-1, :-1], place[1:, :-1], place[1:, 1:], place[:-1, 1:]], axis=-1)
    on_border = (around.min(axis=-1) >= 0) & (around.min(axis=-1) < around.max(axis=-1))
    spots = rng.choice(np.argwhere(on_border) + 1, 4, replace=False)
    turn = rng.uniform(0, 2 * np.pi, len(spots))
    moved = corner.copy()
    moved[tuple(spots.T)] += 28 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return moved


@dataclass(frozen=True)
class People:
    """Counts of each cell."""

    persons: Array
    households: Array
    dwellings: Array
    in_need: Array  # households with an unmet basic need
    ages: Array  # [cell, group] persons of 0-5, 6-17, 65 years and more
    incomes: Array  # [cell, tercile] persons in the lowest, middle and highest of the country
    informal: Array  # persons in informal settlements
    jobs: Array  # at the places of work in the cell


def make_people(seed: int, ground: Ground, goals: dict[str, Array], *, near_equal: bool) -> People:
    """Settle the cells; need follows the planted scores, not the other way round."""
    rng = stream(seed, "people")
    size = len(ground.cells)
    share = ground.share(rng.lognormal(0, 0.35, size))
    crowd = rng.uniform(0.8, 1.25, SIZE)
    persons = np.rint(share * (crowd / crowd.sum() * POPULATION)[ground.district]).astype(int)
    for d in rng.choice(SIZE, 6, replace=False):  # a cemetery, a barracks, a reservoir
        persons[rng.choice(np.flatnonzero(ground.district == d))] = 0
    wealth = (goals["structures"] + goals["technologies"])[ground.district] / 200
    households = np.ceil(persons / (4.3 - 2 * wealth + rng.normal(0, 0.1, size))).astype(int)
    need = (0.55 - 0.8 * wealth + rng.normal(0, 0.03, size)).clip(0.01, 0.9)
    dwellings = np.rint(households * rng.uniform(1.0, 1.12, size)).astype(int)
    young = np.stack([0.11 - 0.08 * wealth, 0.24 - 0.14 * wealth, 0.05 + 0.12 * wealth], axis=1)
    ages = rng.binomial(persons[:, None], young)
    in_need = rng.binomial(households, need)
    incomes, informal = make_groups(seed, persons, wealth)
    jobs = make_jobs(seed, ground, persons, near_equal=near_equal)
    return People(persons, households, dwellings, in_need, ages, incomes, informal, jobs)


def make_groups(seed: int, persons: Array, wealth: Array) -> tuple[Array, Array]:
    """Say who earns how much, and who lives in an informal settlement."""
    rng = stream(seed, "groups")
    lean = 1.6 * (wealth - 0.5) + rng.normal(0, 0.03, len(persons))
    low, high = (1 / 3 - lean).clip(0.03, 0.8), (1 / 3 + lean).clip(0.03, 0.8)
    parts = np.stack([low, np.maximum(1 - low - high, 0.1), high], axis=1)
    incomes = rng.multinomial(persons, parts / parts.sum(axis=1, keepdims=True))
    settled = rng.random(len(persons)) < (1.1 - 1.9 * wealth).clip(0.02, 0.7)
    share = rng.uniform(0.25, 0.9, len(persons))
    return incomes, rng.binomial(persons, share) * settled


def make_jobs(seed: int, ground: Ground, persons: Array, *, near_equal: bool) -> Array:
    """Put jobs on the valley floor and round the airport, or where people live if all are alike."""
    middle = ground.corner[tuple(ground.cells.T)]
    u, v = valley(middle).T
    centre = 3.0 * np.exp(-(((u - 5.4) / 2.2) ** 2) - (v / 0.7) ** 2)
    floor = 1.2 * np.exp(-((v / 0.6) ** 2))
    airport = 2.2 * np.exp(-(((u - 12.0) / 1.5) ** 2) - (v / 0.8) ** 2)
    pull = persons if near_equal else 0.1 + centre + floor + airport
    share = pull * stream(seed, "jobs").lognormal(0, 0.3, len(persons))
    return np.rint(share / share.sum() * JOBS).astype(int)
