"""
Fetch walking networks live from OpenStreetMap.

The same network as from an extract, by another door, for a first look at a
city: what the servers answer changes by the hour, so studies that must be
repeated read an extract. No command calls it: ``geoequity run`` and ``fetch``
have a door of their own, and what holds of that, such as ``--offline``, does
not hold of osmnx.
"""

from typing import Any

import geopandas as gpd
import numpy as np

from geoequity import schema
from geoequity.errors import CRSError, DataError, SourceError, shown
from geoequity.streets import ADULT, StreetNetwork, Walker

_LONLAT = "EPSG:4326"
_HOW = {"network_type": "walk", "simplify": False, "retain_all": True, "truncate_by_edge": True}


def fetch_network(
    place_or_area: str | gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    crs: Any = None,
    walker: Walker = ADULT,
) -> StreetNetwork:
    """
    Download the walking network of a place or an area through osmnx.

    What nobody mapped is absent, which is not the same as not being there.

    Parameters
    ----------
    place_or_area
        Name of a place that OpenStreetMap knows the borders of, such as
        ``"Providencia, Chile"``; or polygons in any CRS. Streets that cross the
        border are kept to the next node outside.
    crs
        Metric CRS of the network. By default the UTM zone of its middle.
    walker
        Who walks.

    Returns
    -------
    network
        Merged between junctions, islands included; nodes are those of
        OpenStreetMap, edges are numbered.

    Raises
    ------
    SourceError
        If the place is not known by a polygon, a server cannot be reached or
        refuses, or there is no street.
    DataError
        If there is no area, or it is no valid polygon, or the walker can take
        none of the streets.
    CRSError
        If `crs` is not in metres, or the area has none.

    Notes
    -----
    The data are © OpenStreetMap contributors, under the Open Database License
    1.0 (ODbL): name them wherever results are shown, and share databases made
    of them under the same licence. Names are looked up at
    ``osmnx.settings.nominatim_url`` (nominatim.openstreetmap.org) and streets
    downloaded from ``osmnx.settings.overpass_url`` (overpass-api.de), the only
    hosts that are asked; volunteers run them for all, their usage policies
    bind, and whole regions are better read from an extract with
    `StreetNetwork.from_osm`.

    Here osmnx decides who may walk where: without cycleways, though they may be
    shared, and without streets whose sidewalks are mapped apart. Of the tags
    that a walk heeds it keeps ``highway``, ``bridge`` and ``tunnel``; escalators
    are plain steps unless ``conveying`` is among ``osmnx.settings.useful_tags_way``.
    Answers are kept in the folder that ``osmnx.settings.cache_folder`` names.
    """
    if crs is not None:
        schema.check_metric_crs(gpd.GeoSeries([], crs=crs), name="crs")
    is_place = isinstance(place_or_area, str)
    where = place_or_area if is_place else _polygon(place_or_area)
    name = f"{place_or_area!r}" if is_place else "the area"
    import osmnx  # noqa: PLC0415 - slow to import, and only needed here

    try:
        ask = osmnx.graph_from_place if is_place else osmnx.graph_from_polygon
        graph = osmnx.project_graph(ask(where, **_HOW), to_crs=crs)
    except (OSError, TypeError, ValueError) as fault:
        msg = f"{name}: no walking network from OpenStreetMap: {fault}"
        raise SourceError(msg, source=name) from fault
    for start, end, street in graph.edges(data=True):
        one, other = graph.nodes[start], graph.nodes[end]
        street["length_m"] = np.hypot(one["x"] - other["x"], one["y"] - other["y"])
    edges = StreetNetwork.from_networkx(graph).edges
    edges = edges.drop(columns=["minutes_there", "minutes_back", "component"])
    return StreetNetwork.from_edges(edges, walker=walker, merge=True)


def _polygon(area: gpd.GeoDataFrame | gpd.GeoSeries) -> Any:
    """Check an area and make one shape of it, in degrees."""
    if area.crs is None:
        msg = "area: no CRS"
        raise CRSError(msg)
    shapes = area.geometry
    bad = ~shapes.geom_type.isin(["Polygon", "MultiPolygon"]) | shapes.is_empty | ~shapes.is_valid
    if area.empty or bad.any():
        ids = area.index[bad]
        msg = f"area: no valid polygon: {shown(ids)}" if len(ids) else "area: empty"
        raise DataError(msg, ids=ids)
    return gpd.GeoSeries([shapes.union_all()], crs=area.crs).to_crs(_LONLAT).iloc[0]
