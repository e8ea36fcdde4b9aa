"""
Read OpenStreetMap extracts into streets, services, stops, routes and mapping.

One quick pass over the relations finds what routes are made of; one pass over
the whole file, filtered by key before Python sees an element, finds all the
rest and builds areas on the way. What the tags mean stands in
``osm_tags.toml``; here is only the shape of the data.
"""

import logging
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from pyproj import Transformer
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from geoequity import schema
from geoequity.errors import CRSError, DataError, SourceError, shown
from geoequity.sources import overpass
from geoequity.sources.osm_elements import (
    GAPS,
    ROUTE_TAGS,
    SERVICE_TAGS,
    STREET_COLUMNS,
    Found,
    Ways,
)
from geoequity.sources.osm_tags import Rules, interval_min, rules

SAME_STOP_M = 60.0

_LONLAT = "EPSG:4326"
_LINE_KEYS = {"highway", "railway", "aerialway", "busway", "route"}  # ways that routes are made of
_ORDER = "nwr"  # nodes, ways, relations
_LONGEST_HEADER = 65_536  # of a PBF block [bytes]
_DATA_SIZE, _BYTES = 0x18, 2  # in it: the key of the size of the block, the type of bytes
_OSMIUM_FAULTS = (
    RuntimeError, ValueError, IndexError, KeyError, OverflowError, osmium.InvalidLocationError,
)  # fmt: skip
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OsmLayers:
    """
    What an OpenStreetMap extract says of a city, in one metric CRS.

    Parameters
    ----------
    streets
        Index ``edge_id`` (``way/1:0``, the way and the place in it of the first
        node): stretches of street between junctions, with ``from_node`` and
        ``to_node`` (OSM node ids), ``length_m`` in the metric CRS, ``highway``,
        ``walkable``, ``sidewalk`` (yes, no), ``cycleway`` (true or false) and
        tags as they are, None where untagged; None without any street.
    services
        Index ``service_id`` (``node/1``, and ``node/1#wifi`` for the second
        and later categories of one element): points and polygons with
        ``category``, ``name``, ``capacity`` (NaN unknown), ``source`` and tags
        as they are, None where untagged.
    stops
        Index ``stop_id``: points with ``mode``, ``kind`` (station, stop,
        platform, stop_position, entrance), ``name``, ``realtime`` (true,
        false, NA where nobody said) and ``wheelchair``.
    routes
        Index ``route_id``: lines with ``mode``, ``ref``, ``name`` and
        ``headway_min`` [minutes], NaN unknown.
    mapping
        A row for each mapped stretch of street, building and service: a point
        of it, ``kind``, ``element`` (``way/1``), ``length_m`` of streets (NaN
        for the others), ``edited`` (UTC) and ``uid`` of the last editor; NaT
        and NaN where the file leaves them out.
    counts
        ``read``, ``made``, ``dropped`` (ids by reason) and ``dates`` (by path, when each file
        was cut, where it says), for the provenance.
    date
        When the oldest file was cut, else the newest edit; None where neither is told.
    """

    streets: gpd.GeoDataFrame | None
    services: gpd.GeoDataFrame
    stops: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    mapping: gpd.GeoDataFrame
    counts: Mapping[str, Any]
    date: pd.Timestamp | None


def read_osm(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    crs: Any = None,
    extent: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
) -> OsmLayers:
    """
    Read streets, services, stops, routes and mapping from local OSM extracts.

    What nobody mapped is absent, which is not the same as not being there;
    ``mapping`` is what there is to judge by.

    Parameters
    ----------
    paths
        One or several extracts: ``.osm.pbf``, ``.osm`` or ``.osm.xml``, plain
        or compressed, and answers of the Overpass API, ``.json``. Several are
        merged, keeping the newest version of each element; a single one that
        is out of order is put in order.
    crs
        Metric CRS of the result. By default the UTM zone of the middle of the
        streets, else of the places.
    extent
        Area to keep, in any CRS: what lies in it or touches it. By default
        everything.

    Returns
    -------
    layers
        Tables in `crs`.

    Raises
    ------
    SourceError
        If a file is missing, cut short, damaged, not of OSM or a history of
        edits, or if there is no street, service or stop (in `extent`).
    CRSError
        If `crs` is not in metres, or `extent` has none.
    DataError
        If `extent` is empty.

    Notes
    -----
    Who may walk is decided by the table ``[streets]`` of ``osm_tags.toml``.
    Streets are parted where two of them, or one with itself, share a node.

    Two stops of one mode within 60 m are taken for one if they have the same
    name or the lesser of them has none. A station comes before a stop beside
    the road, that before a platform, that before the position on road or rail.
    Two of one kind, as on either side of a street, stay two; so do entrances.

    A PBF file cut short exactly between two of its blocks is a valid file, and
    cannot be told from a whole one unless its ways are gone: one of points only
    is refused. How answers are merged stands at `overpass.write_extract`.
    """
    files = [Path(one) for one in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    name = shown(file.name for file in files)
    if crs is not None:
        schema.check_metric_crs(gpd.GeoSeries([], crs=crs), name=f"{name}: crs")
    found = Found(rules=rules(), bounds=_bounds(extent, name=f"{name}: extent"))
    extracts = [file for file in files if not overpass.is_answer(file)]
    answers = [file for file in files if overpass.is_answer(file)]
    dates = {file: _header_date(file) for file in extracts}
    with tempfile.TemporaryDirectory(prefix="geoequity-osm-") as folder:
        if answers:
            target = Path(folder) / "answers.osm.pbf"
            written = overpass.write_extract(answers, target=target, beside=dates)
            dates |= written.dates
            found.dropped.update(written.dropped)
            extracts.append(target)
        file = extracts[0]
        if len(extracts) > 1 or not _is_sorted(file):
            file = Path(folder) / "merged.osm.pbf"
            _merge(extracts, target=file)
        _take(found, file, source=files[0])
    places = len(found.services) + len(found.stops)
    _check_found(found, streets=len(found.streets.size), places=places, files=files, extent=extent)
    crs = crs or _utm(found)
    area = None if extent is None else extent.to_crs(crs).union_all()
    streets, edit = _street_table(found, crs=crs, area=area)
    services = _service_table(found, crs=crs, area=area)
    stops = _stop_table(found, crs=crs, area=area)
    places = len(services) + len(stops)
    _check_found(found, streets=len(streets), places=places, files=files, extent=extent)
    routes = _route_table(found, crs=crs, area=area)
    mapping = _mapping_table(found, streets=streets, edit=edit, crs=crs, area=area)
    made = {
        "streets": len(streets), "services": len(services), "stops": len(stops),
        "routes": len(routes), "mapping": len(mapping),
    }  # fmt: skip
    dropped = {reason: ids for reason, ids in found.dropped.items() if ids}
    for reason, ids in dropped.items():
        _log.info("%s: %s: %s", name, reason, shown(ids))
    known = {str(file): date for file, date in dates.items() if date is not None}
    date = min(known.values()) if known else mapping["edited"].max()
    layers = OsmLayers(
        streets=streets if len(streets) else None,
        services=services,
        stops=stops,
        routes=routes,
        mapping=mapping,
        counts={"read": dict(found.read), "made": made, "dropped": dropped, "dates": known},
        date=None if pd.isna(date) else date,
    )
    return overpass.renamed(layers) if answers else layers


# -------------------------------------------------------------------- files
def _fault(file: Path, what: object) -> SourceError:
    """Say what is wrong with a file."""
    return SourceError(f"{file.name}: not a whole OpenStreetMap file: {what}", source=file)


def _header_date(file: Path) -> pd.Timestamp | None:
    """Check that a file can be read, and tell when it was cut, if it says."""
    if not file.is_file():
        msg = f"{file.name}: no such file ({file})"
        raise SourceError(msg, source=file)
    if file.suffix == ".pbf" and _is_cut(file):
        raise _fault(file, "it is cut short")
    try:
        header = osmium.FileProcessor(file).header
    except _OSMIUM_FAULTS as fault:
        raise _fault(file, fault) from fault
    if header.has_multiple_object_versions:
        msg = f"{file.name}: a history or a list of changes, not an extract"
        raise SourceError(msg, source=file)
    told = header.get("osmosis_replication_timestamp") or header.get("timestamp")
    date = pd.to_datetime(told or None, utc=True, errors="coerce")
    return None if pd.isna(date) else date


def _is_cut(file: Path) -> bool:
    """Tell whether a PBF file ends within a block; libosmium overlooks a few stray bytes."""
    size, at = file.stat().st_size, 0
    with file.open("rb") as stream:
        while at < size:
            stream.seek(at)
            length = int.from_bytes(stream.read(4), "big")
            if length > _LONGEST_HEADER:
                return False  # no PBF at all, as libosmium will say
            at += 4 + length + _data_size(stream.read(length))
    return at > size


def _data_size(header: bytes) -> int:
    """Read from the header of a PBF block how many bytes follow it."""
    at = 0
    while at < len(header):
        key = header[at]
        number, at = _varint(header, at + 1)
        if key == _DATA_SIZE:
            return number
        at += number if key & 7 == _BYTES else 0
    return 0


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, and tell where it ends."""
    number = shift = 0
    for byte in raw[at:]:
        number, shift, at = number | (byte & 0x7F) << shift, shift + 7, at + 1
        if not byte & 0x80:
            break
    return number, at


def _is_sorted(file: Path) -> bool:
    """Tell whether nodes come before ways before relations, each by id, each once."""
    if osmium.FileProcessor(file).header.get("sorting") == "Type_then_ID":
        return True
    last = (0, 0)
    for element in _guarded(file, osmium.FileProcessor(file)):
        here = (_ORDER.index(element.type_str()), element.id)
        if here <= last:
            return False
        last = here
    return True


def _merge(files: Iterable[Path], *, target: Path) -> None:
    """Write the newest version of every element of some files into one, in order."""
    reader = osmium.MergeInputReader()
    for file in files:
        try:
            reader.add_file(str(file))
        except _OSMIUM_FAULTS as fault:
            raise _fault(file, fault) from fault
    header = osmium.io.Header()
    header.set("sorting", "Type_then_ID")
    sink = osmium.io.File(str(target), "pbf,pbf_compression=none")
    with osmium.SimpleWriter(sink, header=header) as writer:
        reader.apply(writer)


def _guarded(file: Path, elements: Iterable[Any]) -> Iterator[Any]:
    """Pass elements on, and turn what libosmium throws into our error."""
    try:
        yield from elements
    except _OSMIUM_FAULTS as fault:
        raise _fault(file, fault) from fault


def _take(found: Found, file: Path, *, source: Path) -> None:
    """Take what is needed from a file, whose tags are decoded only as they are looked at."""
    try:
        found.take_relations(_relation_stream(file))
        found.take_elements(_element_stream(file, rules=found.rules))
    except UnicodeDecodeError as fault:
        raise _fault(source, fault) from fault


def _relation_stream(file: Path) -> Iterator[Any]:
    """Read the relations that may be routes or areas."""
    stream = osmium.FileProcessor(file, osmium.osm.RELATION)
    return _guarded(file, stream.with_filter(osmium.filter.KeyFilter("type")))


def _element_stream(file: Path, *, rules: Rules) -> Iterator[Any]:
    """Read the nodes, ways and areas that carry a key that may matter."""
    stops, areas = rules.stop_kinds.keys(), rules.services.keys(shape="area")
    keys = {
        osmium.osm.NODE: stops | rules.services.keys(shape="point"),
        osmium.osm.WAY: stops | areas | rules.route_modes.keys() | _LINE_KEYS,
        osmium.osm.AREA: stops | areas | {"building"},
    }
    stream = osmium.FileProcessor(file).with_areas(osmium.filter.KeyFilter(*keys[osmium.osm.AREA]))
    kinds = osmium.osm.NODE | osmium.osm.WAY | osmium.osm.AREA
    stream = stream.with_filter(osmium.filter.EntityFilter(kinds))
    for kind, some in keys.items():
        wanted = osmium.filter.KeyFilter(*some)
        wanted.enable_for(kind)
        stream = stream.with_filter(wanted)
    return _guarded(file, stream)


# ------------------------------------------------------------------- tables
def _check_found(
    found: Found, *, streets: int, places: int, files: Sequence[Path], extent: Any
) -> None:
    """Refuse files that hold nothing, or whose streets are gone by a fault."""
    gaps = len(found.dropped[GAPS])
    points_only = not found.read["ways"] and all(file.suffix == ".pbf" for file in files)
    if streets or (places and not gaps and not points_only):
        return
    name = shown(file.name for file in files)
    what = "no street" if places or gaps else "no street, service or stop"
    where = "" if extent is None else " in the extent"
    why = "; points only: is it cut short?" if places and points_only else ""
    why = f"; the nodes of {gaps} ways are not in the file" if gaps else why
    msg = f"{name}: {what}{where}{why}"
    raise SourceError(msg, source=name)


def _bounds(
    extent: gpd.GeoDataFrame | gpd.GeoSeries | None, *, name: str
) -> tuple[float, ...] | None:
    """Bounds of the extent in degrees."""
    if extent is None:
        return None
    if extent.crs is None:
        msg = f"{name}: no CRS"
        raise CRSError(msg)
    bounds = tuple(extent.to_crs(_LONLAT).total_bounds)
    if not np.isfinite(bounds).all():
        msg = f"{name}: empty"
        raise DataError(msg)
    return bounds


def _utm(found: Found) -> Any:
    """Choose the UTM zone of the middle of the streets, or else of the places."""
    spots = found.streets.coordinates()
    if not len(spots):
        spots = np.array([row[1:3] for row in found.stops] + [row[2:4] for row in found.mapped])
    lon, lat = np.median(spots, axis=0)
    return gpd.GeoSeries([shapely.Point(lon, lat)], crs=_LONLAT).estimate_utm_crs()


def _inside(shapes: Any, area: Any) -> np.ndarray:
    """Tell which shapes touch the extent."""
    if area is None:
        return np.ones(len(shapes), dtype=bool)
    shapely.prepare(area)
    return shapely.intersects(area, np.asarray(shapes, dtype=object))


def _projected(shapes: Sequence[Any], crs: Any) -> Any:
    """Bring shapes from degrees into the metric CRS."""
    return gpd.GeoSeries(np.asarray(shapes, dtype=object), crs=_LONLAT).to_crs(crs).array


def _parted(lines: Ways, crs: Any) -> pd.DataFrame:
    """Part lines at the nodes that they share; columns way, position, from, to, geometry."""
    ref = np.frombuffer(lines.ref, dtype="int64")
    part = np.repeat(np.arange(len(lines.size)), lines.size)
    size, first = np.asarray(lines.size), np.asarray(lines.first)
    position = np.arange(len(ref)) + np.repeat(first - (np.cumsum(size) - size), size)
    fresh = np.ones(len(ref), dtype=bool)  # not the same node twice running
    fresh[1:] = (ref[1:] != ref[:-1]) | (part[1:] != part[:-1])
    ref, part, position = ref[fresh], part[fresh], position[fresh]
    to_metres = Transformer.from_crs(_LONLAT, crs, always_xy=True)
    coordinates = np.column_stack(to_metres.transform(*lines.coordinates()[fresh].T))
    _, node, uses = np.unique(ref, return_inverse=True, return_counts=True)
    breaks = uses[node] > 1
    breaks[np.flatnonzero(part[1:] != part[:-1])] = True
    breaks[np.flatnonzero(part[1:] != part[:-1]) + 1] = True
    breaks[[0, -1]] = True
    at = np.flatnonzero(breaks)
    start, end = at[:-1], at[1:]
    whole = part[start] == part[end]
    start, end = start[whole], end[whole]
    size = end - start + 1
    taken = np.repeat(start - (np.cumsum(size) - size), size) + np.arange(size.sum())
    shapes = shapely.linestrings(coordinates[taken], indices=np.repeat(np.arange(len(start)), size))
    return pd.DataFrame(
        {
            "way": np.asarray(lines.way)[part[start]],
            "position": position[start],
            "from": ref[start],
            "to": ref[end],
            "geometry": shapes,
        }
    )


def _without_points(pieces: pd.DataFrame) -> pd.DataFrame:
    """Drop pieces of no length, making one node of their two."""
    length = shapely.length(pieces["geometry"].to_numpy())
    is_point = length == 0
    pieces = pieces.assign(length_m=length)
    if not is_point.any():
        return pieces
    ends = pieces.loc[is_point, ["from", "to"]].to_numpy()
    nodes, position = np.unique(ends, return_inverse=True)
    position = position.reshape(ends.shape)
    links = coo_array((np.ones(len(ends)), position.T), shape=(len(nodes), len(nodes)))
    _, label = connected_components(links, directed=False)
    _, first = np.unique(label, return_index=True)
    one = pd.Series(nodes[first][label], index=nodes)
    pieces = pieces[~is_point].copy()
    for column in ("from", "to"):
        pieces[column] = pieces[column].map(one).fillna(pieces[column]).astype("int64")
    return pieces


def _street_table(found: Found, *, crs: Any, area: Any) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Make the streets, and who edited each and when."""
    if not found.streets.size:
        none = pd.DataFrame(columns=["length_m", "second", "uid", "element"], dtype=object)
        return gpd.GeoDataFrame(none, geometry=[], crs=crs), none
    pieces = _parted(found.streets, crs)
    ways = pd.Series(found.streets.ids).map("way/{}".format)
    pieces["element"] = ways.to_numpy(dtype=object)[pieces["way"]]
    pieces.index = pd.Index(
        pieces["element"] + ":" + pieces["position"].astype(str), name="edge_id", dtype=object
    )
    pieces = _without_points(pieces)
    pieces = pieces[_inside(pieces["geometry"], area)]
    columns = list(STREET_COLUMNS)
    rows = pd.DataFrame(found.street_rows, columns=[*columns, "second", "uid"], dtype=object)
    rows = rows.iloc[pieces["way"]].set_axis(pieces.index)
    streets = gpd.GeoDataFrame(
        {
            "geometry": pieces["geometry"],
            "from_node": pieces["from"],
            "to_node": pieces["to"],
            "length_m": pieces["length_m"],
            **rows[columns].astype({"walkable": bool, "cycleway": bool}),
        },
        crs=crs,
    )
    return streets, rows[["second", "uid"]].assign(element=pieces["element"])


def _service_table(found: Found, *, crs: Any, area: Any) -> gpd.GeoDataFrame:
    """Make the services."""
    columns = ["service_id", "geometry", "category", "name", "capacity", *SERVICE_TAGS]
    table = pd.DataFrame(found.services, columns=columns, dtype=object)
    table = table.astype({"capacity": float}).set_index("service_id")
    shapes = np.asarray(_projected(table["geometry"], crs), dtype=object)
    bad = ~shapely.is_valid(shapes)  # rounding may make a sliver cross itself
    shapes[bad] = shapely.buffer(shapes[bad], 0)
    table.insert(4, "source", pd.Series("osm", index=table.index, dtype=object))
    services = gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=shapes, crs=crs)
    return services[_inside(shapes, area)]


def _stop_table(found: Found, *, crs: Any, area: Any) -> gpd.GeoDataFrame:
    """Make the stops, each of them once."""
    columns = ["stop_id", "lon", "lat", "mode", "kind", "name", "realtime", "wheelchair"]
    table = pd.DataFrame(found.stops, columns=columns, dtype=object).set_index("stop_id")
    shapes = _projected(shapely.points(table[["lon", "lat"]].to_numpy(dtype=float)), crs)
    stops = gpd.GeoDataFrame(
        table.drop(columns=["lon", "lat"]).astype({"realtime": "boolean"}), geometry=shapes, crs=crs
    )
    stops = stops[_inside(stops.geometry, area)]
    keeper = _keepers(stops, order=[rule.name for rule in found.rules.stop_kinds.rules])
    merged = keeper != stops.index
    found.dropped["stop that is another's double"] += stops.index[merged].tolist()
    ranked = stops.iloc[np.argsort(merged, kind="stable")]  # what the keeper says itself first
    told = ranked[["name", "realtime", "wheelchair"]].groupby(keeper, sort=False).first()
    stops = stops[~merged].copy()
    for column in told:
        stops[column] = told[column].reindex(stops.index)
    return stops


def _keepers(stops: gpd.GeoDataFrame, *, order: Sequence[str]) -> pd.Series:
    """Tell for each stop which one stands for it: itself, or a better one close by."""
    keeper = pd.Series(stops.index, index=stops.index, dtype=object)
    place = np.column_stack([stops.geometry.x, stops.geometry.y])
    if len(place) < 2:  # noqa: PLR2004 - a pair
        return keeper
    rank = stops["kind"].map(order.index).to_numpy(dtype=int)
    mode, name = stops["mode"].to_numpy(), stops["name"].to_numpy(dtype=object)
    pairs = KDTree(place).query_pairs(SAME_STOP_M, output_type="ndarray")
    better, lesser = np.where(
        (rank[pairs[:, 0]] <= rank[pairs[:, 1]])[:, None], pairs, pairs[:, ::-1]
    ).T
    unnamed = np.array([text is None for text in name], dtype=bool)
    is_double = (
        (rank[better] < rank[lesser])
        & (np.minimum(rank[better], rank[lesser]) > order.index("entrance"))
        & (mode[better] == mode[lesser])
        & ((name[better] == name[lesser]) | unnamed[lesser])
    )
    better, lesser = better[is_double], lesser[is_double]
    gap = np.hypot(*(place[better] - place[lesser]).T)
    done = np.zeros(len(stops), dtype=bool)
    for pair in np.lexsort((better, gap, rank[better], rank[lesser])):
        first, second = better[pair], lesser[pair]
        if not (done[first] or done[second]):
            keeper.iloc[second] = stops.index[first]
            done[second] = True
    return keeper


def _route_table(found: Found, *, crs: Any, area: Any) -> gpd.GeoDataFrame:
    """Make the routes that have a line."""
    lines = found.lines
    part = np.repeat(np.arange(len(lines.size)), lines.size)
    shapes = shapely.linestrings(lines.coordinates(), indices=part) if len(part) else []
    of_way = defaultdict(list)
    for position, way in enumerate(lines.way):
        of_way[lines.ids[way]].append(shapes[position])
    kept, drawn = [], []
    for route_id, ways in found.members.items():
        mine = [shape for way in dict.fromkeys(ways) for shape in of_way.get(way, ())]
        if mine:
            kept.append(route_id)
            drawn.append(shapely.line_merge(shapely.multilinestrings(mine)))
        else:
            found.dropped["route of which no way is in the file or extent"].append(route_id)
    rows = [found.routes[route_id] for route_id in kept]
    table = pd.DataFrame(rows, columns=["mode", *ROUTE_TAGS], dtype=object)
    table.index = pd.Index(kept, name="route_id", dtype=object)
    table["headway_min"] = [interval_min(text) for text in table.pop("interval")]
    table = table.astype({"headway_min": float})
    routes = gpd.GeoDataFrame(table, geometry=_projected(drawn, crs), crs=crs)
    return routes[_inside(routes.geometry, area)]


def _mapping_table(
    found: Found, *, streets: gpd.GeoDataFrame, edit: pd.DataFrame, crs: Any, area: Any
) -> gpd.GeoDataFrame:
    """Make one table of all that is mapped."""
    columns = ["kind", "element", "lon", "lat", "second", "uid"]
    others = pd.DataFrame(found.mapped, columns=columns)
    points = _projected(shapely.points(others[["lon", "lat"]].to_numpy(dtype=float)), crs)
    others = others.assign(geometry=points)[_inside(points, area)]
    middle = shapely.line_interpolate_point(streets.geometry.array, 0.5, normalized=True)
    rows = edit.assign(kind="street", geometry=middle, length_m=streets["length_m"])
    table = pd.concat([rows, others], ignore_index=True)
    second = table["second"].to_numpy(dtype="int64")
    uid = table["uid"].to_numpy(dtype=float)
    edited = pd.Series(second.astype("datetime64[s]").astype("datetime64[ms]"))
    return gpd.GeoDataFrame(
        {
            "kind": table["kind"].astype(object),
            "element": table["element"].astype(object),
            "length_m": table["length_m"].astype(float),
            "edited": edited.where(second != 0).dt.tz_localize("UTC"),
            "uid": np.where(uid > 0, uid, np.nan),
        },
        geometry=gpd.GeoSeries(table["geometry"].to_numpy(), crs=crs),
        crs=crs,
    )
