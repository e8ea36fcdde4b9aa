"""Speed tests by tile, from true speeds by district and a known process."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from demo_city import SIZE, Array, stream

if TYPE_CHECKING:
    from demo_city.plan import Plan

ZOOM = 16
FILES = {  # file: network and quarter
    "ookla_fijo_2025T3.csv": ("fixed", 3),
    "ookla_fijo_2025T4.csv": ("fixed", 4),
    "ookla_movil_2025T4.csv": ("mobile", 4),
}
BEST_MBPS, LATENCY_MS = 100.0, (100.0, 10.0)  # speed that scores 100; latencies that score 0, 100
TILE_SPREAD = {"down_mbps": 0.25, "latency_ms": 0.15}  # of the logs of tiles of a district
DEVICE_SPREAD = {"down_mbps": 0.7, "latency_ms": 0.5}  # of the logs of devices of a tile
MOBILE_LATENCY_MS, UP_SHARE = 45.0, 0.4
RURAL = {"down_mbps": 15.0, "latency_ms": 60.0}  # away from the districts
FLOOR, THIN, THIN_ROWS = 30, 17, 3  # tests; district below them on fixed lines; its rows


@dataclass(frozen=True)
class Tiles:
    """Tiles of the web map over the city and its surroundings."""

    column: Array
    row: Array
    squares: Array  # in degrees
    home: Array  # district of the middle, or -1
    near: Array  # that or the district the tile touches, or -1

    @property
    def quadkey(self) -> list[str]:
        """Names of the tiles."""
        shifts = range(ZOOM - 1, -1, -1)
        pairs = zip(self.column.tolist(), self.row.tolist(), strict=True)
        return ["".join(str((x >> s & 1) + 2 * (y >> s & 1)) for s in shifts) for x, y in pairs]


def make_tiles(outlines: list[shapely.Polygon]) -> Tiles:
    """Lay tiles over the districts and two more all round."""
    west, south, east, north = shapely.total_bounds(outlines)
    left, right = (int((lon + 180) / 360 * 2**ZOOM) for lon in (west, east))
    top, bottom = (int(row_of(lat)) for lat in (north, south))
    row, column = np.mgrid[top - 2 : bottom + 3, left - 2 : right + 3].reshape(2, -1)
    lon = (360 * np.stack([column, column + 1]) / 2**ZOOM - 180).round(10)
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * np.stack([row, row + 1]) / 2**ZOOM))))
    squares = shapely.box(lon[0], lat[1].round(10), lon[1], lat[0].round(10))
    tree = shapely.STRtree(outlines)
    home, near = np.full(len(squares), -1), np.full(len(squares), -1)
    tile, district = tree.query(squares, predicate="intersects")
    near[tile[::-1]] = district[::-1]  # the first of several
    tile, district = tree.query(shapely.centroid(squares), predicate="within")
    home[tile] = near[tile] = district
    return Tiles(column, row, squares, home, near)


def row_of(lat: float) -> float:
    """Row of tiles of a latitude, counted from the north."""
    return (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**ZOOM


def make_tests(plan: "Plan") -> dict[str, Array]:
    """
    Test the network, tile by tile.

    The log of a tile's true mean is that of its district's speed plus normal noise; the log of
    its published mean is that plus noise that falls with its devices. Tiles keep their mean from
    quarter to quarter. Gives [down kbps, up kbps, latency ms, tests, devices] of every tile and
    file, all 0 where nobody tested.
    """
    rng, tiles = stream(plan.seed, "broadband"), plan.tiles
    size = len(tiles.near)
    online = np.r_[plan.reached("internet"), 0.2][tiles.near]
    wealth = np.r_[sum(one.goal for one in plan.ledgers.values()) / 200, 0.2][tiles.near]
    busy = np.where(tiles.near >= 0, 5 + 45 * online * wealth, 2)
    effects = {(net, one): rng.normal(0, 1, size) for net in ("fixed", "mobile") for one in RURAL}
    if plan.noise_seed != plan.seed:  # as many tests in each tile, of other lines
        lines = stream(plan.noise_seed, "broadband")
        effects = {one: lines.normal(0, 1, size) for one in effects}
    found = {}
    for name, (net, _) in FILES.items():
        luck = stream(plan.seed, f"broadband of {name}")  # the same however many devices there are
        devices = rng.poisson(busy) * (rng.random(size) > 0.05 + 0.35 * (1 - online) ** 2)
        tests = devices + rng.poisson(1.5 * devices)
        if net == "fixed":
            devices, tests = thinned(plan, devices, tests)
        if plan.noise_seed != plan.seed:
            luck = stream(plan.noise_seed, f"broadband of {name}")
        seen = []
        for one, rural in RURAL.items():
            log = np.log(np.r_[plan.speeds[net, one], rural])[tiles.near]
            log = log + TILE_SPREAD[one] * effects[net, one]
            noise = DEVICE_SPREAD[one] * luck.normal(0, 1, size)
            seen.append(np.exp(log + noise / np.sqrt(np.maximum(devices, 1))))
        down = np.rint(1000 * seen[0])
        up = np.rint(UP_SHARE * down * luck.lognormal(0, 0.2, size))
        rows = np.stack([down, up, np.rint(seen[1]).clip(1), tests, devices], axis=1)
        found[name] = np.where(devices[:, None] > 0, rows, 0).astype(int)
    return found


def thinned(plan: "Plan", devices: Array, tests: Array) -> tuple[Array, Array]:
    """Leave one district, however its tiles are shared out, under the floor of tests."""
    tiles = plan.tiles
    touching = shapely.intersects(plan.ground.outline[THIN], tiles.squares)
    few = np.flatnonzero(tiles.home == THIN)[:THIN_ROWS]
    devices, tests = np.where(touching, 0, devices), np.where(touching, 0, tests)
    devices[few], tests[few] = 2, 4
    return devices, tests


def counts_by_district(tiles: Tiles, rows: Array) -> dict[str, Array]:
    """Tiles with tests, tests and devices of the tiles whose middle is in each district."""
    here = tiles.home >= 0
    values = {"tiles": rows[:, 4] > 0, "tests": rows[:, 3], "devices": rows[:, 4]}
    return {
        name: np.bincount(tiles.home[here], weights=one[here], minlength=SIZE).astype(int)
        for name, one in values.items()
    }
