"""
Where places meet lines.

A place meets lines on one or more stretches of them. A point has one stretch
of no length, the nearest spot of the nearest line; a park or campus has every
stretch that runs through it or close by.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoequity import schema
from geoequity._cores import in_order
from geoequity.errors import DataError, shown

Places: TypeAlias = gpd.GeoDataFrame | gpd.GeoSeries

BESIDE_M = 20.0
NO_LINE = -1

_REMEMBERED = 8
_PLACES, _AREAS = 50_000, 2_000  # looked at at a time, to spare memory
_SAME_LENGTH_M = 1e-3
_ROUND = 16  # corners of a quarter of a circle


@dataclass(frozen=True, eq=False)
class Stretches:
    """
    Stretches on which places meet lines, in the order of the places.

    Parameters
    ----------
    place
        Position of the place in `shapes`.
    line
        Position of the line.
    start
        Where the stretch begins, as a share of the line [0-1].
    end
        Where it ends; the same for a spot [0-1].
    gap
        Straight distance between the place and the line [m].
    shapes
        All the places, those that meet no line too.
    """

    place: np.ndarray
    line: np.ndarray
    start: np.ndarray
    end: np.ndarray
    gap: np.ndarray
    shapes: np.ndarray

    def take(self, which: np.ndarray) -> "Stretches":
        """
        Take some of the stretches.

        Parameters
        ----------
        which
            Mask or positions, in order.

        Returns
        -------
        some
            Of the same places.
        """
        return Stretches(
            place=self.place[which],
            line=self.line[which],
            start=self.start[which],
            end=self.end[which],
            gap=self.gap[which],
            shapes=self.shapes,
        )

    @cached_property
    def meets(self) -> np.ndarray:
        """
        Tell which places meet a line.

        Returns
        -------
        meets
            A mask of the places.
        """
        meets = np.zeros(len(self.shapes), dtype=bool)
        meets[self.place] = True
        return meets


@dataclass(frozen=True, eq=False)
class Lines:
    """
    Some of the lines of a network, indexed by where they run.

    Parameters
    ----------
    shapes
        Geometry of all lines.
    some
        Positions of the lines that places may meet.
    """

    shapes: np.ndarray
    some: np.ndarray
    _met: dict[bytes, Stretches] = field(default_factory=dict, init=False, repr=False)

    def nearest(
        self, places: np.ndarray, *, max_m: float | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """
        Find the nearest spot of the nearest line.

        Parameters
        ----------
        places
            Shapes of any kind.
        max_m
            How far to look [m]. By default any distance.

        Returns
        -------
        line
            Position of the line, the first of several as near; -1 where there
            is none.
        share
            Where along it, from its start [0-1]; NaN without line.
        gap_m
            Straight distance to it; NaN without line.
        """
        _ = self._tree  # made once, before several ask for it
        tasks = (
            partial(self._nearest, places[at : at + _PLACES], max_m=max_m)
            for at in range(0, max(len(places), 1), _PLACES)
        )
        line, share, gap_m = (np.concatenate(one) for one in zip(*in_order(tasks), strict=True))
        return line, share, gap_m

    def _nearest(
        self, places: np.ndarray, *, max_m: float | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find the nearest spots of some places."""
        line = np.full(len(places), NO_LINE)
        share, gap_m = np.full((2, len(places)), np.nan)
        (row, hit), gap = self._tree.query_nearest(places, max_distance=max_m, return_distance=True)
        order = np.lexsort((hit, row))
        row, first = np.unique(row[order], return_index=True)
        hit, gap_m[row] = hit[order][first], gap[order][first]
        line[row] = self.some[hit]
        spots = shapely.get_point(shapely.shortest_line(self.shapes[line[row]], places[row]), 0)
        share[row] = self._along(line[row], spots)
        return line, share, gap_m

    def meet(self, places: np.ndarray, *, max_m: float | None = None) -> Stretches:
        """
        Find the stretches on which places meet the lines.

        Parameters
        ----------
        places
            Points, and areas or lines. The latter are met on every stretch
            within 20 m of them; where there is none, on every stretch that is
            at most 20 m farther than the nearest.
        max_m
            How far to look for the nearest line [m]. By default any distance.

        Returns
        -------
        stretches
            With the least distance between place and line as gap. The last few
            answers are remembered, since a study asks of the same homes and
            services again and again.
        """
        asked = hashlib.sha256(str(max_m).encode())
        if (shapely.get_type_id(places) == shapely.GeometryType.POINT).all():
            asked.update(b"points" + shapely.get_coordinates(places).tobytes())
        else:
            for one in shapely.to_wkb(places):
                asked.update(one)
        key = asked.digest()
        met = self._met.pop(key, None) or self._meet(places, max_m=max_m)
        if len(self._met) >= _REMEMBERED:
            self._met.pop(next(iter(self._met)))
        self._met[key] = met  # last, as what was asked of least lately goes first
        return replace(met, shapes=places)

    def _meet(self, places: np.ndarray, *, max_m: float | None) -> Stretches:
        """Find the stretches anew."""
        is_wide = shapely.get_dimensions(places) > 0
        wide, narrow = np.flatnonzero(is_wide), np.flatnonzero(~is_wide)
        _ = self._tree  # made once, before several ask for it
        blocks = [wide[at : at + _AREAS] for at in range(0, max(len(wide), 1), _AREAS)]
        tasks = (partial(self._beside, places[some], max_m=max_m) for some in blocks)
        found_beside = list(in_order(tasks))
        for some, one in zip(blocks, found_beside, strict=True):
            one["place"] = some[one["place"]]
        beside = {
            key: np.concatenate([one[key] for one in found_beside]) for key in found_beside[0]
        }
        line, share, gap_m = self.nearest(places[narrow], max_m=max_m)
        nearest = {"place": narrow, "line": line, "start": share, "end": share, "gap": gap_m}
        found = line != NO_LINE
        both = {key: np.concatenate([nearest[key][found], beside[key]]) for key in nearest}
        both |= {key: both[key].astype("int32") for key in ("place", "line")}  # kept for long
        return Stretches(**both | {"shapes": places}).take(np.argsort(both["place"], kind="stable"))

    @cached_property
    def _tree(self) -> shapely.STRtree:
        """Index of the lines by place."""
        return shapely.STRtree(self.shapes[self.some])

    def _along(self, line: np.ndarray, spots: np.ndarray) -> np.ndarray:
        """Share of a line before a spot on it; a line of no length begins and ends there."""
        share = shapely.line_locate_point(self.shapes[line], spots, normalized=True)
        return np.nan_to_num(share, nan=0.0)

    def _beside(self, areas: np.ndarray, *, max_m: float | None) -> dict[str, np.ndarray]:
        """Find the stretches close to areas."""
        (area, _), gap = self._tree.query_nearest(
            areas, max_distance=max_m, all_matches=False, return_distance=True
        )
        reach = np.where(gap <= BESIDE_M, BESIDE_M, gap + BESIDE_M)
        row, hit = self._tree.query(areas[area], predicate="dwithin", distance=reach)
        place, line = area[row], self.some[hit]
        # A buffer has corners; so much wider, it holds all that is within reach.
        wider = 1 / np.cos(np.pi / 4 / _ROUND)
        near = np.full(len(areas), None)
        near[area] = shapely.buffer(areas[area], reach * wider, quad_segs=_ROUND)
        shapely.prepare(near)
        is_whole = shapely.covers(near[place], self.shapes[line])
        whole, cut = np.flatnonzero(is_whole), np.flatnonzero(~is_whole)
        pieces, of_cut = shapely.get_parts(
            shapely.intersection(self.shapes[line[cut]], near[place[cut]]), return_index=True
        )
        of_pair = cut[of_cut]
        is_spot = shapely.get_dimensions(pieces) == 0
        first, last = (
            self._along(line[of_pair], np.where(is_spot, pieces, shapely.get_point(pieces, end)))
            for end in (0, -1)
        )
        start, end = np.minimum(first, last), np.maximum(first, last)
        length, piece = shapely.length(self.shapes[line[of_pair]]), shapely.length(pieces)
        # A piece that ends where a loop closes is found to end where the loop begins.
        closes = (start == 0) & (np.abs((1 - end) * length - piece) < _SAME_LENGTH_M)
        closes &= np.abs(end * length - piece) > _SAME_LENGTH_M
        start, end = np.where(closes, end, start), np.where(closes, 1.0, end)
        # A piece that meets itself is entered at its two ends instead.
        seam = np.abs((end - start) * length - piece) > _SAME_LENGTH_M
        pair = np.concatenate([whole, of_pair[~seam], of_pair[seam], of_pair[seam]])
        starts = [np.zeros(len(whole)), start[~seam], start[seam], end[seam]]
        ends = [np.ones(len(whole)), end[~seam], start[seam], end[seam]]
        return {
            "place": place[pair],
            "line": line[pair],
            "start": np.concatenate(starts),
            "end": np.concatenate(ends),
            "gap": shapely.distance(self.shapes[line[pair]], areas[place[pair]]),
        }


def held(one: Stretches, other: Stretches) -> tuple[np.ndarray, np.ndarray]:
    """
    Pair the places of two sides of which one lies in the other.

    Parameters
    ----------
    one
        Points, or areas if the others are points.
    other
        Areas or points.

    Returns
    -------
    one_place
        Position on the one side.
    other_place
        Position on the other; only places that meet a line are paired.
    """
    wide, narrow = one, other
    areas = np.flatnonzero(shapely.get_dimensions(one.shapes) > 0)
    is_flipped = not len(areas)
    if is_flipped:
        wide, narrow = other, one
        areas = np.flatnonzero(shapely.get_dimensions(other.shapes) > 0)
    if not len(areas):
        nothing = np.empty(0, dtype=int)
        return nothing, nothing
    # Homes are many, and areas few: these are sooner laid out, and prepared to be looked into
    point, area = shapely.STRtree(wide.shapes[areas]).query(narrow.shapes)
    area = areas[area]
    shapely.prepare(wide.shapes[areas])
    both = shapely.intersects(wide.shapes[area], narrow.shapes[point])
    both &= wide.meets[area] & narrow.meets[point]
    order = np.lexsort((point[both], area[both]))
    area, point = area[both][order], point[both][order]
    return (point, area) if is_flipped else (area, point)


def shapes_of(frame: Places, *, name: str, points_only: bool = False) -> np.ndarray:
    """
    Check and take the geometry of places.

    Parameters
    ----------
    frame
        The places.
    name
        What to call them in the message.
    points_only
        Whether other shapes than points are refused.

    Returns
    -------
    shapes
        One shape a row.

    Raises
    ------
    DataError
        If a geometry is missing or empty, or no point where it must be.
    """
    shapes = np.asarray(frame.geometry.array, dtype=object)
    bad = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if points_only:
        bad |= shapely.get_type_id(shapes) != shapely.GeometryType.POINT
    if bad.any():
        ids = frame.index[bad]
        msg = f"{name}: {'no point' if points_only else 'no geometry'}: {shown(ids)}"
        raise DataError(msg, ids=ids)
    return shapes


def stacked(
    by_category: Mapping[str, Places],
    *,
    same_crs: Places,
    name: str,
) -> tuple[np.ndarray, np.ndarray]:
    """
    Put the services of all categories into one array.

    Parameters
    ----------
    by_category
        Services; a category may have none.
    same_crs
        A table in whose CRS they must be.
    name
        What to call it in the message.

    Returns
    -------
    shapes
        One shape a service.
    category
        Position of its category.

    Raises
    ------
    DataError
        If a geometry is missing or empty; names all categories at fault.
    CRSError
        If a CRS differs.
    """
    shapes: list[np.ndarray] = [np.empty(0, dtype=object)]
    faults: list[DataError] = []
    for category, services in by_category.items():
        label = f"services: {category}"
        if len(services):
            schema.check_same_crs(services, same_crs, names=(label, name))
        try:
            shapes.append(shapes_of(services, name=label))
        except DataError as fault:
            faults.append(fault)
    if faults:
        ids = [one for fault in faults for one in fault.ids]
        msg = "; ".join(map(str, faults))
        raise DataError(msg, ids=ids)
    sizes = [len(some) for some in shapes[1:]]
    return np.concatenate(shapes), np.repeat(np.arange(len(sizes)), sizes)


def nearest_m(points: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """
    Measure from points to the nearest of some shapes.

    Parameters
    ----------
    points
        Points, in metres.
    shapes
        Shapes of any kind, at least one.

    Returns
    -------
    metres
        A distance for each point; 0 inside an area.
    """
    from scipy.spatial import KDTree  # noqa: PLC0415 - only for cities without streets

    if (shapely.get_dimensions(shapes) == 0).all():
        spots = pd.DataFrame(shapely.get_coordinates(shapes)).drop_duplicates().to_numpy()
        return KDTree(spots).query(shapely.get_coordinates(points))[0]
    (row, _), metres = shapely.STRtree(shapes).query_nearest(
        points, all_matches=False, return_distance=True
    )
    return metres[np.argsort(row)]
