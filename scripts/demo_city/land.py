"""The land as satellites see it: heights, floods, people, plants and light."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.ndimage import map_coordinates

from demo_city import NEIGHBOUR, SIZE, Array, stream
from demo_city.grids import Grid, make_grid, zonal
from demo_city.ground import Ground, People, degrees, metres, rings, valley

if TYPE_CHECKING:
    from demo_city.plan import Plan
    from demo_city.streets import Streets

STEPS = {"flood": 1, "elevation": 1, "ndvi": 2, "population": 3, "lights": 15}  # arc-seconds
NODATA = {"flood": 255, "elevation": -32768, "ndvi": -32768, "population": -99999, "lights": -999}
FILES = {
    "population": "poblacion_100m.tif",
    "elevation": "elevacion.tif",
    "lights": "luces_nocturnas.tif",
    "ndvi": "ndvi.tif",
    "flood": "amenaza_inundacion.tif",
}
IN_ZONE = 2  # lowest class of a flood that is a danger
RIVER_REACH_KM = (0.28, 0.19, 0.1)  # of classes 1, 2 and 3 to either side
RAVINE_REACH_KM = (0.16, 0.1, 0.05)
RAVINES_KM = (4.6, 6.9, 8.7)  # along the valley; up the hillside on either side of it
RAVINE_FROM_KM, MAPPED_KM = 0.9, 3.3  # across the valley
NDVI_SCALE, NDVI_OFFSET = 0.0001, -0.2
CLOUDED, CLOUDED_SHARE = 3, 0.8  # the district that hides, and how much of it
CLOUDS, CLOUD_M = 9, 220.0  # small ones, anywhere
SLOPE_M = 25.0  # of street, over which it is measured
LEVEL_PACE_M, ESCALATOR_M = 80, 30  # metres a minute
NEIGHBOURS = 150  # people in a block of the next municipality


def river(u_km: Array) -> Array:
    """Where the river flows across the valley, by the place along it."""
    return 0.07 * np.sin(2 * u_km) - 0.4


@dataclass(frozen=True)
class Land:
    """What is known before the city is planned."""

    grids: dict[str, Grid]
    flood: Array  # class 0-3, 255 where not mapped
    population: Array  # residents of a cell, NaN where nobody settled
    heights: Array  # metres above the sea

    def flooded(self, xy: Array) -> Array:
        """Class of the flood at places in metres."""
        return self.flood[self.grids["flood"].at(degrees(xy))]

    @property
    def exposed(self) -> Array:
        """Residents in the flood zone by cell of the population, as if spread evenly in it."""
        nested = STEPS["population"] // STEPS["flood"]
        rows, columns = self.population.shape
        blocks = in_zone(self.flood).reshape(rows, nested, columns, nested)
        return self.population * blocks.mean(axis=(1, 3))

    def exposed_share(self, outlines: list[shapely.Geometry]) -> Array:
        """Share of the raster's residents who live in the flood zone."""
        grid = self.grids["population"]
        exposed = zonal(grid, self.exposed, outlines)["sum"]
        return exposed / zonal(grid, self.population, outlines)["sum"]


def in_zone(flood: Array) -> Array:
    """Say which cells are in the flood zone."""
    return (flood >= IN_ZONE) & (flood != NODATA["flood"])


def make_land(seed: int, ground: Ground, people: People, *, hills: bool) -> Land:
    """Lay out where it floods, where it is steep, and where satellites think that people live."""
    grids = {name: make_grid(ground.outline, step) for name, step in STEPS.items()}
    flood = make_flood(*along_across(grids["flood"]))
    population = make_population(seed, ground, people, grids["population"])
    return Land(grids, flood, population, make_elevation(seed, grids["elevation"], hills=hills))


def along_across(grid: Grid) -> tuple[Array, Array]:
    """Kilometres along and across the valley of the cells of a grid."""
    place = valley(metres(grid.centres))
    return place[..., 0], place[..., 1]


def ravine_km(u: Array, v: Array) -> Array:
    """Distance to the nearest ravine."""
    far = [np.abs(u - one - 0.08 * np.sin(3 * v)) for one in RAVINES_KM]
    return np.where(np.abs(v) > RAVINE_FROM_KM, np.min(far, axis=0), np.inf)


def make_flood(u: Array, v: Array) -> Array:
    """Class of the flood: the plain along the river, and the ravines."""
    to_river, to_ravine = np.abs(v - river(u)), ravine_km(u, v)
    swell = 1 + 0.2 * np.sin(1.7 * u) + 0.1 * np.sin(9 * u + 4 * v)
    reaches = zip(RIVER_REACH_KM, RAVINE_REACH_KM, strict=True)
    classes = [(to_river < a * swell) | (to_ravine < b * swell) for a, b in reaches]
    mapped = np.abs(v) < MAPPED_KM
    return np.where(mapped, np.sum(classes, axis=0), NODATA["flood"]).astype(np.uint8)


def make_population(seed: int, ground: Ground, people: People, grid: Grid) -> Array:
    """Residents of each cell of a grid: near the census, and never the same."""
    rng = stream(seed, "population raster")
    error = 1.015 * np.exp(rng.normal(0, 0.03, SIZE))[ground.district]
    squares = shapely.polygons(degrees(rings(ground.corner, ground.cells)))
    abroad = np.argwhere(ground.place == NEIGHBOUR)
    others = shapely.polygons(degrees(rings(ground.corner, abroad)))
    whole = shapely.box(*(shapely.total_bounds(ground.outline) + np.array([-1, -1, 1, 1]) * 0.005))
    others = others[shapely.within(others, whole)]
    counts = np.r_[people.persons * error, np.full(len(others), NEIGHBOURS)]
    count = grid.spread([*squares, *others], counts)
    count = count * rng.lognormal(0, 0.15, count.shape)
    return np.where(count > 0.01, count, np.nan).round(4).astype(np.float32).astype(float)


def make_elevation(seed: int, grid: Grid, *, hills: bool) -> Array:
    """Whole metres above the sea: a floor that falls to the east, between two hillsides if any."""
    u, v = along_across(grid)
    rise = 20 * np.abs(v - river(u)) + 230 * np.maximum(np.abs(v) - 1.2, 0) ** 1.2
    dug = 14 * np.exp(-((ravine_km(u, v) / 0.07) ** 2))
    rolling = 5 * np.sin(4 * u) * np.cos(3 * v)
    height = 1500 - 8 * u + (rise - dug + rolling) * hills
    return np.rint(height + stream(seed, "elevation").normal(0, 0.6, u.shape)).astype(np.int16)


def make_toil(streets: "Streets", grid: Grid, heights: Array) -> Array:
    """
    By how much walks there and back [way, edge] take longer than on the level.

    Tobler's function of the slope, taken every 25 m; on the escalator people stand.
    """
    lines = streets.geometry
    pieces = np.maximum(np.ceil(shapely.length(lines) / SLOPE_M), 1).astype(int)
    number = np.repeat(np.arange(len(lines)), pieces)
    step = np.arange(len(number)) - (np.cumsum(pieces) - pieces)[number]
    ends = (
        shapely.line_interpolate_point(
            lines[number], (step + one) / pieces[number], normalized=True
        )
        for one in (0, 1)
    )
    low, high = (heights_at(grid, heights, shapely.get_coordinates(one)) for one in ends)
    rise = np.nan_to_num((high - low) / (shapely.length(lines) / pieces)[number]).clip(-1, 1)
    toil = [
        np.bincount(number, np.exp(3.5 * (np.abs(sign * rise + 0.05) - 0.05))) / pieces
        for sign in (1, -1)
    ]
    return np.where(streets.kind == "escalator", LEVEL_PACE_M / ESCALATOR_M, toil)


def heights_at(grid: Grid, heights: Array, xy: Array) -> Array:
    """Heights at places in metres, drawn between the middles of cells; NaN beyond the grid."""
    lon, lat = degrees(xy).T
    column = (lon * 3600 - grid.west) / grid.step - 0.5
    row = (grid.north - lat * 3600) / grid.step - 0.5
    return map_coordinates(heights.astype(float), [row, column], order=1, cval=np.nan)


def make_lights(plan: "Plan") -> Array:
    """Radiance [nW/cm2/sr] at night: more where more streets are lit."""
    grid, outlines = plan.land.grids["lights"], plan.ground.outline
    bright = 4 + 26 * plan.reached("lit")
    light = np.full((grid.rows, grid.columns), 0.4)
    for (row, column, share), radiance in zip(grid.cover(outlines), bright, strict=True):
        light[row, column] += share * radiance
    noise = stream(plan.seed, "lights").lognormal(0, 0.1, light.shape)
    return (light * noise).round(2).astype(np.float32)


def make_ndvi(plan: "Plan") -> Array:
    """Vegetation index as stored; clouds hide most of one district, and bits of others."""
    rng, grid = stream(plan.seed, "ndvi"), plan.land.grids["ndvi"]
    xy = metres(grid.centres)
    u, v = along_across(grid)
    index = 0.18 + 0.14 * np.maximum(np.abs(v) - 1.4, 0) + rng.normal(0, 0.03, u.shape)
    parks = [plan.streets.block(plan.ground.cells[one], s) for one, (_, s) in plan.parks.items()]
    park = shapely.union_all(shapely.buffer([shapely.Polygon(one) for one in parks], 25))
    shapely.prepare(park)
    index = index + 0.35 * shapely.contains_xy(park, xy[..., 0], xy[..., 1])
    index = np.where(np.abs(v - river(u)) < 0.03, -0.05, index.clip(-0.1, 0.85))
    hidden = np.zeros(u.shape, dtype=bool)
    row, column, _ = grid.cover([plan.ground.outline[CLOUDED]])[0]
    order = np.argsort(u[row, column], kind="stable")[: round(CLOUDED_SHARE * len(row))]
    hidden[row[order], column[order]] = True
    for spot in xy.reshape(-1, 2)[rng.choice(u.size, CLOUDS, replace=False)]:
        hidden |= np.hypot(*np.moveaxis(xy - spot, -1, 0)) < CLOUD_M
    stored = np.rint((index - NDVI_OFFSET) / NDVI_SCALE)
    return np.where(hidden, NODATA["ndvi"], stored).astype(np.int16)


def make_rasters(plan: "Plan") -> dict[str, Array]:
    """All rasters as they are stored."""
    population = plan.land.population
    settled = np.where(np.isnan(population), NODATA["population"], population)
    return {
        "population": settled.astype(np.float32),
        "elevation": plan.land.heights,
        "lights": make_lights(plan),
        "ndvi": make_ndvi(plan),
        "flood": plan.land.flood,
    }


def decoded(kind: str, stored: Array) -> Array:
    """What stored values mean; NaN where they are unknown."""
    values = stored.astype(float)
    known = values != NODATA[kind]
    if kind == "ndvi":
        values = values * NDVI_SCALE + NDVI_OFFSET
    return np.where(known, values, np.nan)
