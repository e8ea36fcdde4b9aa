"""Where people set out from: points along the streets of their cell."""

from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoequity import schema
from geoequity._cores import by_blocks
from geoequity.streets._network import StreetNetwork
from geoequity.streets._snapping import BESIDE_M, Lines, Stretches, shapes_of

_MOST = 200  # points of one cell


def make_homes(
    cells: gpd.GeoDataFrame, network: StreetNetwork, *, spacing_m: float = 50.0
) -> gpd.GeoDataFrame:
    """
    Spread the people of every cell over points along its streets.

    Every metre of walkable street in a cell or beside it is taken to house as
    many people, parks and bridges included.

    Parameters
    ----------
    cells
        Polygons in the CRS of the network, with a unique index.
    network
        Whose streets; those of its largest component.
    spacing_m
        Street for each point [m]; longer where a cell would have over 200.

    Returns
    -------
    homes
        Index ``home_id``: points; ``cell_id``; ``share`` of the cell's people,
        adding up to 1 in every cell; ``on_street``. A cell without a street in
        it or within 20 m of it has one home inside, which is not on a street.

    Raises
    ------
    DataError
        If an id repeats, a cell has no geometry, or `spacing_m` is not above 0.
    CRSError
        If the CRS differs.

    Examples
    --------
    >>> from shapely import LineString, box
    >>> street = gpd.GeoDataFrame(
    ...     {"from_node": [1], "to_node": [2], "length_m": [200.0]},
    ...     geometry=[LineString([(0, 0), (200, 0)])],
    ...     crs=32618,
    ... )
    >>> block = gpd.GeoDataFrame(geometry=[box(0, 5, 100, 95)], index=["block"], crs=32618)
    >>> make_homes(block, StreetNetwork.from_edges(street))["share"].to_dict()
    {'block/0': 0.5, 'block/1': 0.5}
    """
    schema.check_same_crs(cells, network.edges, names=("cells", "edges"))
    schema.check_unique(cells.index, name="cells")
    schema.check_above_0(spacing_m, name="spacing_m")
    shapes = shapes_of(cells, name="cells")
    lines = network.lines_of_largest
    stretches = lines.meet(shapes, max_m=BESIDE_M)
    cell, points = _along(lines, stretches, spacing_m=spacing_m)
    rest = np.flatnonzero(~np.isin(np.arange(len(shapes)), cell))
    cell = np.concatenate([cell, rest])
    points = np.concatenate([points, shapely.point_on_surface(shapes[rest])])
    order = np.argsort(cell, kind="stable")
    cell, points = cell[order], points[order]
    number = np.bincount(cell, minlength=len(shapes))
    within = np.arange(len(cell)) - np.repeat(np.cumsum(number) - number, number)
    cell_id = cells.index[cell]
    places = zip(cell_id.tolist(), within.tolist(), strict=True)
    names = [f"{one}/{position}" for one, position in places]
    return gpd.GeoDataFrame(
        {"cell_id": cell_id, "share": 1 / number[cell], "on_street": ~np.isin(cell, rest)},
        index=pd.Index(names, name="home_id", dtype=object),
        geometry=points,
        crs=cells.crs,
    )


def _along(
    lines: Lines, stretches: Stretches, *, spacing_m: float
) -> tuple[np.ndarray, np.ndarray]:
    """Place points evenly along the stretches of each cell, laid end to end."""
    drawn = shapely.length(lines.shapes[stretches.line])
    length = drawn * (stretches.end - stretches.start)
    some = np.flatnonzero(length > 0)
    cell, line = stretches.place[some], stretches.line[some]
    length, start = length[some], stretches.start[some]
    total = np.bincount(cell, weights=length, minlength=len(stretches.shapes))
    number = np.clip(np.round(total / spacing_m), 1, _MOST).astype(int)
    number[total == 0] = 0
    of_cell = np.repeat(np.arange(len(total)), number)
    within = np.arange(len(of_cell)) - np.repeat(np.cumsum(number) - number, number)
    at = (within + 0.5) * (total / np.maximum(number, 1))[of_cell]
    # All stretches end to end, cell after cell: a point lies on the one that it falls into
    after = np.cumsum(length)
    before_cell = (np.cumsum(total) - total)[of_cell]
    stretch = np.searchsorted(after, before_cell + at, side="left")
    share = start[stretch] + (before_cell + at - (after - length)[stretch]) / drawn[some][stretch]
    along = partial(shapely.line_interpolate_point, normalized=True)
    points = by_blocks(along, lines.shapes[line[stretch]], np.clip(share, 0, 1))
    return of_cell, points
