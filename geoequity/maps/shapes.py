"""
Geometry for screens: simplified together, in degrees, packed small.

Neighbours share their border, so they are simplified as one coverage: a border
is moved once, for both, and no gap opens between them.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

DECIMALS = 6  # of a degree: a tenth of a metre
_TOLERANCES_M = (4.0, 2.5, 1.5, 0.8, 0.3)

Line = list[int]


def simplify(units: gpd.GeoSeries, *, within_m: float = 5.0) -> gpd.GeoSeries:
    """
    Thin borders without opening gaps between neighbours.

    Parameters
    ----------
    units
        Polygons in a metric CRS, on any index.
    within_m
        Farthest that a border may move [m].

    Returns
    -------
    simplified
        Polygons on the same index and in the same CRS. Borders that two
        polygons share, vertex by vertex, are shared again; each point of a border lies
        within ``within_m`` of the simplified one.

    Notes
    -----
    Visvalingam-Whyatt on the edges of the coverage (GEOS). Its tolerance is
    an area, not a distance, so coarse ones are tried first and the first whose
    measured displacement keeps the promise is taken; none may do so, and the
    borders are then left as they are.
    """
    shapes = units.geometry.to_numpy()
    for tolerance in _TOLERANCES_M:
        thinned = shapely.coverage_simplify(shapes, tolerance)
        if _displacement_m(shapes, thinned) <= within_m:
            return gpd.GeoSeries(thinned, index=units.index, crs=units.crs)
    return units.copy()


def _displacement_m(before: np.ndarray, after: np.ndarray) -> float:
    """Measure how far the farthest vertex lies from the thinned borders."""
    tree = shapely.STRtree(_segments(after))
    vertices = shapely.points(shapely.get_coordinates(before))
    _, distance = tree.query_nearest(vertices, return_distance=True, all_matches=False)
    return float(distance.max(initial=0.0))


def _segments(shapes: np.ndarray) -> np.ndarray:
    """Cut every ring into straight pieces."""
    rings = shapely.get_rings(shapes)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    follows = ring[1:] == ring[:-1]
    return shapely.linestrings(np.stack([points[:-1][follows], points[1:][follows]], axis=1))


def pack_polygons(units: gpd.GeoSeries) -> list[list[list[Line]]]:
    """
    Write polygons as small whole numbers.

    Parameters
    ----------
    units
        Polygons and multipolygons in EPSG:4326.

    Returns
    -------
    packed
        Per unit its polygons, per polygon its rings (shell first, without the
        closing vertex), per ring ``[lat, lon, dlat, dlon, ...]`` in millionths
        of a degree: the first vertex, then steps from vertex to vertex.
    """
    return [
        [
            [_steps(shapely.get_coordinates(ring)[:-1]) for ring in shapely.get_rings(polygon)]
            for polygon in shapely.get_parts(shape)
        ]
        for shape in units.geometry
    ]


def pack_lines(lines: gpd.GeoSeries) -> list[Line]:
    """
    Write lines as small whole numbers.

    Parameters
    ----------
    lines
        Lines and multilines in EPSG:4326; empty and missing ones are left out.

    Returns
    -------
    packed
        Per simple line ``[lat, lon, dlat, dlon, ...]`` in millionths of a degree.
    """
    shapes = lines.to_numpy()
    parts = shapely.get_parts(shapes[~shapely.is_missing(shapes)])
    return [_steps(shapely.get_coordinates(part)) for part in parts if not part.is_empty]


def pack_points(points: gpd.GeoSeries) -> Line:
    """
    Write points as small whole numbers.

    Parameters
    ----------
    points
        Any geometry in EPSG:4326, none empty; what is no point is put at a point inside it.

    Returns
    -------
    packed
        ``[lat, lon, dlat, dlon, ...]`` in millionths of a degree, from point to point.
    """
    shapes = points.geometry.to_numpy()
    whole = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    return _steps(
        shapely.get_coordinates(np.where(whole, shapes, shapely.point_on_surface(shapes)))
    )


def label_spots(units: gpd.GeoSeries) -> pd.DataFrame:
    """
    Find where a name fits into each polygon.

    Parameters
    ----------
    units
        Polygons and multipolygons in a metric CRS, on any index.

    Returns
    -------
    spots
        On the same index: ``x``, ``y``, the centre of the largest circle that
        fits [m, same CRS], and ``width_m``, how far the polygon reaches left
        and right of it [m], twice the nearer side.
    """
    shapes = units.geometry.to_numpy()
    radii = shapely.maximum_inscribed_circle(shapes, tolerance=5.0)
    centre = shapely.get_coordinates(shapely.get_point(radii, 0))
    x, y = centre[:, 0], centre[:, 1]
    left, _, right, _ = shapely.bounds(shapes).T
    sides = []
    for end in (left, right):
        ray = shapely.linestrings(np.stack([centre, np.stack([end, y], axis=1)], axis=1))
        pieces = shapely.intersection(ray, shapes)
        here = shapely.points(centre)
        parts, owner = shapely.get_parts(pieces, return_index=True)
        touches = shapely.distance(parts, here[owner]) < 1.0
        reach = np.zeros(len(shapes))
        np.maximum.at(reach, owner[touches], shapely.length(parts[touches]))
        sides.append(reach)
    width = 2 * np.minimum(*sides)
    return pd.DataFrame({"x": x, "y": y, "width_m": width}, index=units.index)


def _steps(lon_lat: np.ndarray) -> Line:
    """Turn vertices into a first place and steps, in millionths of a degree."""
    whole = np.rint(lon_lat[:, ::-1] * 10**DECIMALS).astype(np.int64)
    return [int(step) for step in np.diff(whole, axis=0, prepend=0).ravel()]
