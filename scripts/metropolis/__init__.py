"""
A metropolis that nobody lives in, of the size of São Paulo and in the files of its providers.

It is there to measure time and memory by, not to find anything out: no place, person or number in
it is real, and every file says so. Nothing of it is copied from the demo city or from itself. A
bent grid (``plane``) carries streets with arterials, diagonals and rivers (``streets``) and census
sectors with neighbourhoods and districts (``people``); services go where people are (``places``),
lines run along the arterials (``lines``) by a timetable (``gtfs``), and speed tests and rasters
follow wealth and distance (``seen``). All of it is drawn in whole arrays and written as it is drawn
(``osm``).

A scale makes the city smaller at the same density: a tenth has a tenth of the nodes, residents,
cells, services, stops and stop times, on a tenth of the land. Inside, coordinates are metres of UTM
zone 26S, far out on the South Atlantic.
"""

import zlib
from dataclasses import dataclass

import numpy as np

Array = np.ndarray

NAME = "Metrópole Sintética (cidade fictícia)"
NOTE = "cidade sintética e fictícia / a synthetic, fictitious city"
NOTA = "ficticio"  # in every row of a table that has room for it


@dataclass(frozen=True)
class Size:
    """How much there is of everything."""

    scale: float

    def of(self, whole: int, *, least: int = 1) -> int:
        """Scale a number, down to the least that still makes a city."""
        return max(round(whole * self.scale), least)

    @property
    def nodes(self) -> int:
        """Corners, ends and crossings of streets."""
        return self.of(1_600_000)

    @property
    def residents(self) -> int:
        """People."""
        return self.of(22_000_000)

    @property
    def cells(self) -> int:
        """Census sectors in which they live."""
        return self.of(150_000)

    @property
    def districts(self) -> int:
        """Districts in which findings are stated."""
        return self.of(96, least=4)

    @property
    def neighbourhoods(self) -> int:
        """Smaller zones, which districts are made of."""
        return self.of(1_500, least=8)

    @property
    def services(self) -> int:
        """Services on the map."""
        return self.of(100_000)

    @property
    def stops(self) -> int:
        """Stops and stations of the timetable."""
        return self.of(20_000)

    @property
    def stop_times(self) -> int:
        """Calls at stops that the timetable lists."""
        return self.of(4_000_000)


def stream(seed: int, stage: str) -> np.random.Generator:
    """Give a stage its own random numbers, so that a new stage leaves the others alone."""
    return np.random.default_rng([seed, zlib.crc32(stage.encode())])
