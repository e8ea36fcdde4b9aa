"""A bent grid on the plane, and fields over it: density, wealth, height."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from pyproj import Transformer

from metropolis import Array, Size, stream

EPSG = 32726
CENTRE = (-28.5, -23.55)  # open sea
SPACING_M = 70.0  # between junctions, on average
TIGHT = 0.55  # of the spacing, in the very centre
OUTLINE = 0.08  # how far the city's edge strays, of its radius
RIVER_BENDS_KM = (9.0, 31.0)
AT_ONCE = 200_000

TO_METRES = Transformer.from_crs(4326, EPSG, always_xy=True)
TO_DEGREES = Transformer.from_crs(EPSG, 4326, always_xy=True)
ORIGIN = np.array(TO_METRES.transform(*CENTRE))


@dataclass(frozen=True)
class Waves:
    """A field that rises and falls over some kilometres, with mean 0 and variance 1."""

    turns: Array  # a metre, by wave and axis
    phase: Array

    @classmethod
    def drawn(
        cls, rng: np.random.Generator, *, km: tuple[float, float], waves: int = 14
    ) -> "Waves":
        """Draw a field whose waves are so many kilometres long."""
        length_m = 1000 * np.exp(rng.uniform(*np.log(km), waves))
        angle = rng.uniform(0, 2 * np.pi, waves)
        turns = 2 * np.pi / length_m * np.stack([np.cos(angle), np.sin(angle)])
        return cls(turns.T, rng.uniform(0, 2 * np.pi, waves))

    def at(self, xy: Array) -> Array:
        """Value at places given from the centre."""
        value = np.zeros(xy.shape[:-1])
        for (along, across), phase in zip(self.turns, self.phase, strict=True):
            value += np.sin(along * xy[..., 0] + across * xy[..., 1] + phase)
        return value / np.sqrt(len(self.phase) / 2)


@dataclass(frozen=True)
class Plane:
    """The land of a city of some size."""

    size: Size
    seed: int

    @property
    def radius_m(self) -> float:
        """How far the city reaches."""
        return SPACING_M * np.sqrt(self.size.nodes / np.pi)

    @cached_property
    def _bends(self) -> tuple[Waves, Waves]:
        rng = stream(self.seed, "bends")
        return Waves.drawn(rng, km=(9, 22), waves=6), Waves.drawn(rng, km=(9, 22), waves=6)

    @cached_property
    def fields(self) -> dict[str, Waves]:
        """Fields that the rest is made by."""
        lengths = {
            "people": (2.5, 9.0),
            "wealth": (5.0, 18.0),
            "height": (4.0, 20.0),
            "works": (1.2, 4.0),
            "mappers": (4.0, 12.0),
        }
        return {name: Waves.drawn(stream(self.seed, name), km=km) for name, km in lengths.items()}

    def reach(self, uv: Array) -> Array:
        """How far out a place on the grid is, of the way to the city's edge in that direction."""
        angle = np.arctan2(uv[..., 1], uv[..., 0])
        rng = stream(self.seed, "outline")
        edge = np.ones(angle.shape)
        for lobes, phase in zip((2, 3, 5, 7), rng.uniform(0, 2 * np.pi, 4), strict=True):
            edge += OUTLINE / np.sqrt(lobes) * np.sin(lobes * angle + phase)
        return np.hypot(uv[..., 0], uv[..., 1]) / edge

    def xy(self, uv: Array) -> Array:
        """Metres from the centre of places on the grid, whose radius is 1."""
        out = np.hypot(uv[..., 0], uv[..., 1])[..., None]
        even = self.radius_m * uv * (TIGHT + (1 - TIGHT) * out)
        bent = even.copy()
        for axis, field in enumerate(self._bends):
            bent[..., axis] += 260.0 * field.at(even)
        return bent

    def out(self, xy: Array) -> Array:
        """Distance from the centre, of the radius."""
        return np.hypot(xy[..., 0], xy[..., 1]) / self.radius_m

    def density(self, xy: Array) -> Array:
        """How densely people live: densest in the centre, none in works and warehouses."""
        lumps = np.exp(0.7 * self.fields["people"].at(xy))
        works = self.fields["works"].at(xy) > 1.45
        return np.exp(-2.6 * self.out(xy)) * lumps * ~works

    def wealth(self, xy: Array) -> Array:
        """How well off people are, 0-1: a quarter to the south-west best, the edge worst."""
        toward = (-xy[..., 0] - 0.8 * xy[..., 1]) / (1.3 * self.radius_m)
        score = 0.9 * toward - 2.4 * self.out(xy) + 0.7 * self.fields["wealth"].at(xy) + 0.8
        return 1 / (1 + np.exp(-1.6 * score))

    def height_m(self, xy: Array) -> Array:
        """Height of the ground: hills between the rivers."""
        low = np.minimum(np.abs(self.rivers(xy)).min(axis=0) / 4000, 1)
        return 720 + 60 * low + 28 * self.fields["height"].at(xy) * (0.3 + 0.7 * low)

    def rivers(self, xy: Array) -> Array:
        """Metres from each river, negative on its far side."""
        short, long = (2 * np.pi / (1000 * km) for km in RIVER_BENDS_KM)
        x, y = xy[..., 0], xy[..., 1]
        wide = self.radius_m
        first = y - 0.12 * wide - 450 * np.sin(short * x) - 0.04 * wide * np.sin(long * x)
        second = x + 0.3 * wide - 380 * np.sin(short * y + 1) - 0.03 * wide * np.sin(long * y)
        return np.stack([first, second])


def degrees(xy: Array) -> Array:
    """Longitude and latitude of places given from the centre, as OpenStreetMap keeps them."""
    lonlat = np.empty(xy.shape)
    flat, found = xy.reshape(-1, 2), lonlat.reshape(-1, 2)
    for at in range(0, len(flat), AT_ONCE):
        some = flat[at : at + AT_ONCE] + ORIGIN
        found[at : at + AT_ONCE] = np.round(np.stack(TO_DEGREES.transform(*some.T), axis=-1), 7)
    return lonlat


def metres(lonlat: Array) -> Array:
    """Metres from the centre of places in degrees."""
    x, y = TO_METRES.transform(lonlat[..., 0], lonlat[..., 1])
    return np.stack([x, y], axis=-1) - ORIGIN


def first_of_disc(plane: Plane, number: int, *, centred: bool) -> tuple[Array, float]:
    """Take so many places of a square grid nearest to the centre; whole numbers, and their step."""
    step = np.sqrt(np.pi / number)
    most = int(np.ceil((1 + 4 * OUTLINE) / step))
    line = np.arange(-most, most + 1)
    grid = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    reach = plane.reach(step * (grid + (0.5 if centred else 0.0)))
    taken = np.sort(np.argsort(reach, kind="stable")[:number])
    return grid[taken].astype("int32"), float(step)
