"""
Cells cut by rule where a city has none of its own: squares and H3 hexagons.

A grid covers its boundary whole: every cell that shares land with it is there,
and none is clipped, so that a cell is the same cell whatever the boundary.
"""

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import shapely

from geoequity import schema
from geoequity._overlap import Layer
from geoequity.errors import DataError
from geoequity.schema import check_polygons

_MOST_CELLS = 5_000_000
_FINEST = 15  # resolution of H3
_DEGREES = "EPSG:4326"


def make_square_grid(boundary: Layer, *, cell_m: float) -> gpd.GeoDataFrame:
    """
    Cover a place with square cells.

    Squares are squares of the boundary's projection: on the ground they differ
    from it by the projection's scale.

    Parameters
    ----------
    boundary
        One or more polygons in a metric CRS.
    cell_m
        Side of a cell, above 0 [m].

    Returns
    -------
    cells
        Units in the boundary's CRS, from west to east and south to north: index
        ``unit_id``, ``name`` (the same), ``area_m2`` and whole squares. Corners
        lie at multiples of the side, and the id ``250m_1300_-41`` counts sides
        from the origin of the CRS, so neither depends on the boundary.

    Raises
    ------
    DataError
        If the side is not a number above 0, or so small that millions of cells
        would be needed, or the boundary is empty, invalid or not of polygons.
    CRSError
        If the CRS is missing or not metric.

    Examples
    --------
    >>> boundary = gpd.GeoSeries([shapely.box(10, 10, 140, 90)], crs=32718)
    >>> make_square_grid(boundary, cell_m=100)["area_m2"].to_dict()
    {'100m_0_0': 10000.0, '100m_1_0': 10000.0}
    """
    place = _joined(boundary)
    if not (np.isfinite(cell_m) and cell_m > 0):
        msg = f"grid: a cell of {cell_m} m; the side must be above 0"
        raise DataError(msg)
    # One more on each side, lest a rounded quotient leave the edge out
    west, south, east, north = np.floor(np.divide(place.bounds, cell_m))
    _check_number((east - west + 3) * (north - south + 3), size=f"{cell_m:g} m")
    column, row = np.arange(west - 1, east + 2), np.arange(south - 1, north + 2)
    x, y = np.tile(column, len(row)), np.repeat(row, len(column))
    squares = shapely.box(x * cell_m, y * cell_m, (x + 1) * cell_m, (y + 1) * cell_m)
    inside = _shares_land(place, squares)
    places = zip(x[inside].astype(int), y[inside].astype(int), strict=True)
    ids = [f"{cell_m:g}m_{one}_{other}" for one, other in places]
    return _units(squares[inside], ids, crs=boundary.crs)


def make_h3_grid(boundary: Layer, *, resolution: int) -> gpd.GeoDataFrame:
    """
    Cover a place with H3 hexagons.

    The sides of a cell, which on the globe are arcs, are drawn straight between
    its corners in the boundary's projection; neighbours share corners exactly,
    so that cells neither overlap nor leave gaps.

    Parameters
    ----------
    boundary
        One or more polygons in a metric CRS.
    resolution
        Of H3, from 0 to 15; a cell has about 0.74 km2 at 8, 0.11 at 9 and 0.015
        at 10.

    Returns
    -------
    cells
        Units in the boundary's CRS, sorted by id: index ``unit_id`` (the H3
        index), ``name`` (the same), ``area_m2`` in the projection, and whole
        hexagons.

    Raises
    ------
    DataError
        If the resolution is none of H3's or so fine that millions of cells
        would be needed, or the boundary is empty, invalid or not of polygons.
    CRSError
        If the CRS is missing or not metric.

    Notes
    -----
    H3 knows the globe only, so the boundary goes to degrees and the corners
    come back; nothing else is reprojected. A corner that H3 adds where a side
    crosses an edge of its icosahedron is left out, in both neighbours alike.

    Examples
    --------
    >>> boundary = gpd.GeoSeries([shapely.Point(334000, 6298000).buffer(50)], crs=32719)
    >>> make_h3_grid(boundary, resolution=7).index.to_list()
    ['87b2c5425ffffff']
    """
    place = _joined(boundary)
    if resolution not in range(_FINEST + 1):
        msg = f"grid: H3 has no resolution {resolution}; it has 0 to {_FINEST}"
        raise DataError(msg)
    _check_number(
        place.area / h3.average_hexagon_area(resolution, unit="m^2"), size=f"H3 {resolution}"
    )
    # So fine that whatever cell a border passes, it or a neighbour holds a corner
    step = h3.average_hexagon_edge_length(resolution, unit="m") / 2
    globe = gpd.GeoSeries([shapely.segmentize(place, step)], crs=boundary.crs).to_crs(_DEGREES)
    found = set(h3.geo_to_cells(globe.iloc[0], resolution))
    found |= {h3.latlng_to_cell(y, x, resolution) for x, y in shapely.get_coordinates(globe)}
    ids = sorted({near for cell in found for near in h3.grid_disk(cell, 1)})
    corners = pd.Series({cell: h3.cell_to_vertexes(cell) for cell in ids}).explode()
    # Each corner is placed once: cells that share it must not differ by a rounding
    codes, unique = pd.factorize(corners)
    lat, lng = np.array([h3.vertex_to_latlng(vertex) for vertex in unique]).T
    spots = gpd.GeoSeries.from_xy(lng, lat, crs=_DEGREES).to_crs(boundary.crs)
    xy = shapely.get_coordinates(spots)[codes]
    rings = shapely.linearrings(xy, indices=pd.factorize(corners.index)[0])
    hexagons = shapely.polygons(rings)
    inside = _shares_land(place, hexagons)
    return _units(hexagons[inside], np.array(ids)[inside].tolist(), crs=boundary.crs)


def _joined(boundary: Layer) -> shapely.Geometry:
    """Check a boundary and make one shape of it."""
    schema.check_metric_crs(boundary, name="boundary")
    check_polygons(boundary, name="boundary")
    if not len(boundary):
        msg = "boundary: no rows"
        raise DataError(msg)
    return shapely.union_all(boundary.geometry.to_numpy())


def _check_number(cells: float, *, size: str) -> None:
    """Refuse a grid that would fill the memory."""
    if cells > _MOST_CELLS:
        msg = f"grid: cells of {size} would be about {cells:.2g}; at most {_MOST_CELLS:,} are made"
        raise DataError(msg)


def _shares_land(place: shapely.Geometry, cells: np.ndarray) -> np.ndarray:
    """Tell the cells that share land with a place, not only its border."""
    shapely.prepare(place)
    return shapely.intersects(place, cells) & ~shapely.touches(place, cells)


def _units(shapes: np.ndarray, ids: list[str], *, crs: object) -> gpd.GeoDataFrame:
    """Make a table of units."""
    index = pd.Index(ids, name="unit_id", dtype="str")
    columns = {"name": ids, "area_m2": shapely.area(shapes)}
    return gpd.GeoDataFrame(columns, index=index, geometry=shapes, crs=crs)
