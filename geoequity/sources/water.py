"""Read water from OpenStreetMap: a map is recognised by it, and nothing is computed from it."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import shapely
from pyproj import CRS

from geoequity.errors import SourceError
from geoequity.sources import overpass

_LONLAT = "EPSG:4326"
_AREAS = (("natural", "water"), ("waterway", "riverbank"), ("landuse", "reservoir"))
_LINES = (("waterway", "river"), ("waterway", "canal"))


def read_water(paths: Sequence[Path], *, crs: CRS) -> gpd.GeoSeries:
    """
    Read lakes, rivers and canals from OSM extracts.

    Parameters
    ----------
    paths
        Extracts that `osm.read_osm` reads; answers of the Overpass API, which
        hold what was asked for alone, are passed over.
    crs
        Metric CRS of the result.

    Returns
    -------
    water
        Polygons and lines in `crs`, each element once; none where none is
        mapped, and none of those whose nodes are not all in the file.

    Raises
    ------
    SourceError
        If a file is damaged or out of order.
    """
    found: dict[tuple[str, int], shapely.Geometry] = {}
    for path in map(Path, paths):
        if not overpass.is_answer(path):
            found.update(_shapes(path))
    shapes = np.array(list(found.values()), dtype=object)
    return gpd.GeoSeries(shapes, crs=_LONLAT).to_crs(crs)


def _shapes(path: Path) -> Iterator[tuple[tuple[str, int], shapely.Geometry]]:
    """Give the water of one file by element."""
    wanted = osmium.filter.TagFilter(*_AREAS, *_LINES)
    stream = osmium.FileProcessor(path).with_areas(osmium.filter.TagFilter(*_AREAS))
    factory = osmium.geom.WKBFactory()
    for one in _in_turn(stream.with_filter(wanted), path):
        is_line = one.is_way() and one.tags.get("waterway") in {"river", "canal"}
        if not (one.is_area() or is_line):
            continue
        try:
            made = factory.create_multipolygon(one) if one.is_area() else None
            made = made or factory.create_linestring(one)
        except (RuntimeError, osmium.InvalidLocationError):
            continue  # its nodes lie outside the file
        kind = "line" if is_line else "area"
        yield (kind, one.id), shapely.from_wkb(made)


def _in_turn(stream: Iterable[Any], path: Path) -> Iterator[Any]:
    """Go through elements; areas can be made only of those that are in order."""
    try:
        yield from stream
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as fault:
        msg = f"{path.name}: not a whole OpenStreetMap file, or out of order: {fault}"
        raise SourceError(msg, source=path) from fault
