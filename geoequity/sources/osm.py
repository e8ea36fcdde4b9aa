"""
Read OpenStreetMap extracts into streets, services, stops, routes and mapping.

libosmium goes through a file once and writes what may matter as text; of that
the relations, which are few, are read first, since they tell what routes and
areas are made of, and then nodes and ways, for all tables together. A file that
does not say that it is in order is gone through once more before, to find out.
What the tags mean stands in ``osm_tags.toml``; here is only the shape of the data.
"""

import errno
import logging
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from geoequity import schema
from geoequity._cores import by_blocks
from geoequity.errors import CRSError, DataError, SourceError, shown
from geoequity.sources import osm_text, overpass
from geoequity.sources.osm_elements import (
    BROKEN,
    GAPS,
    KINDS,
    ROUTE_TAGS,
    SERVICE_COLUMNS,
    STREET_COLUMNS,
    TYPES,
    Found,
)
from geoequity.sources.osm_tags import STOP_FEATURES, interval_min, rules
from geoequity.sources.osm_ways import (
    PER_DEGREE,
    Gathered,
    drawn,
    joined,
    metres,
    parted,
    without_points,
)
from geoequity.sources.osm_writer import osm_writer

SAME_STOP_M = 60.0

_LONLAT = "EPSG:4326"
_DTYPES = {"walkable": bool, "cycleway": bool}
_LONGEST_HEADER = 65_536  # of a PBF block [bytes]
_DATA_SIZE, _BYTES = 0x18, 2  # in it: the key of the size of the block, the type of bytes
_EDIT_COLUMNS = ("number", "edited", "uid")
_NO_ROOM = tuple(os.strerror(one) for one in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT))
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OsmLayers:
    """
    What an OpenStreetMap extract says of a city, in one metric CRS.

    Parameters
    ----------
    streets
        Index ``edge_id`` (``way/1:0``, the way and the place in it of the first
        node): stretches of street between junctions and lifts, with
        ``from_node`` and ``to_node`` (OSM node ids), ``length_m`` in the metric
        CRS, ``highway``, ``walkable``, ``sidewalk`` (yes, no), ``cycleway``
        (true or false), ``oneway_foot`` (yes or -1 where people on foot may
        only go along or only against it) and tags as they are; text is
        categorical, and absent where untagged. None without any street.
    services
        Index ``service_id`` (``node/1``, and ``node/1#wifi`` for the second
        and later categories of one element): points and polygons with
        ``category``, ``name``, ``capacity`` (NaN unknown), ``source`` and tags
        as they are, None where untagged.
    stops
        Index ``stop_id``: points with ``mode``, ``kind`` (station, stop,
        platform, stop_position, entrance), ``name``, ``realtime``, ``shelter``,
        ``bench`` and ``tactile`` (true, false, NA where nobody said) and
        ``wheelchair``.
    routes
        Index ``route_id``: lines with ``mode``, ``ref``, ``name`` and
        ``headway_min`` [minutes], NaN unknown.
    stop_routes
        ``stop_id`` and ``route_id``: where each route lets people board, as its
        relation lists its stops and platforms; none where it lists none.
    elevators
        OSM ids of the nodes that are lifts, where streets of several levels
        meet. A lift that is drawn as a way is a street.
    counts
        ``read``, ``made``, ``dropped`` (ids by reason) and ``dates`` (by path, when each file
        was cut, where it says), for the provenance.
    date
        When the oldest file was cut, else the newest edit; None where neither is told.
    street_edits
        What `mapping` tells of streets, in their order: ``number`` (OSM id),
        ``edited`` (second, 0 unknown) and ``uid`` (0 unknown).
    place_edits
        The same of buildings and services, with ``kind`` and ``of`` (positions
        in the kinds and types of `osm_elements`) and ``x`` and ``y``.
    """

    streets: gpd.GeoDataFrame | None
    services: gpd.GeoDataFrame
    stops: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    stop_routes: pd.DataFrame
    elevators: pd.Index
    counts: Mapping[str, Any]
    date: pd.Timestamp | None
    street_edits: pd.DataFrame
    place_edits: pd.DataFrame

    @cached_property
    def mapping(self) -> gpd.GeoDataFrame:
        """
        Tell what is mapped, by whom and when.

        Made when it is first asked for, since it has more rows than all the
        other tables together.

        Returns
        -------
        mapping
            A row for each mapped stretch of street, building and service: a
            point of it, ``kind``, ``element`` (``way/1``), ``length_m`` of
            streets (NaN for the others), ``edited`` (UTC) and ``uid`` of the
            last editor; NaT and NaN where the file leaves them out.
        """
        places, lines, length_m = self.place_edits, np.empty(0, dtype=object), np.empty(0)
        if self.streets is not None:
            lines, length_m = self.streets.geometry.to_numpy(), self.streets["length_m"].to_numpy()
        half_way = partial(shapely.line_interpolate_point, distance=0.5, normalized=True)
        middle = by_blocks(half_way, lines)
        ways = self.street_edits.assign(kind=KINDS.index("street"), of=TYPES.index("way"))
        edits = pd.concat([ways, places.drop(columns=["x", "y"])], ignore_index=True)
        names = zip(edits["of"].tolist(), edits["number"].tolist(), strict=True)
        edited = edits["edited"].astype("datetime64[s]").astype("datetime64[ms]")
        return gpd.GeoDataFrame(
            {
                "kind": pd.Series(np.array(KINDS, dtype=object)[edits["kind"]], dtype=object),
                "element": pd.Series([f"{TYPES[of]}/{id_}" for of, id_ in names], dtype=object),
                "length_m": np.append(length_m, np.full(len(places), np.nan)),
                "edited": edited.where(edits["edited"] != 0).dt.tz_localize("UTC"),
                "uid": edits["uid"].where(edits["uid"] > 0).astype(float),
            },
            geometry=np.append(middle, shapely.points(places[["x", "y"]].to_numpy())),
            crs=self.services.crs,
        )


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
    Streets are parted where two of them, or one with itself, share a node, and
    at lifts.

    Two stops of one mode within 60 m are taken for one if they have the same
    name or the lesser of them has none. A station comes before a stop beside
    the road, that before a platform, that before the position on road or rail.
    Two of one kind, as on either side of a street, stay two; so do entrances.

    Meanwhile some five times the size of a PBF file is taken up in the folder
    for temporary files.

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
    _check_found(
        found,
        streets=len(found.streets.number),
        places=sum(map(len, found.services)) + len(found.stops),
        files=files,
        extent=extent,
    )
    crs = crs or _utm(found)
    area = None if extent is None else extent.to_crs(crs).union_all()
    services = _service_table(found, crs=crs, area=area)
    stops, keeper = _stop_table(found, crs=crs, area=area)
    routes = _route_table(found, crs=crs, area=area)
    stop_routes = _stop_routes(found, stops=stops, keeper=keeper, routes=routes)
    place_edits = _place_edits(found, crs=crs, area=area)
    streets, street_edits = _street_table(found, crs=crs, area=area)
    places = len(services) + len(stops)
    _check_found(found, streets=len(streets), places=places, files=files, extent=extent)
    made = {
        "streets": len(streets), "services": len(services), "stops": len(stops),
        "routes": len(routes), "mapping": len(streets) + len(place_edits),
    }  # fmt: skip
    dropped = {reason: ids for reason, ids in found.dropped.items() if ids}
    for reason, ids in dropped.items():
        _log.info("%s: %s: %s", name, reason, shown(ids))
    known = {str(file): date for file, date in dates.items() if date is not None}
    edits = [one["edited"].max() for one in (street_edits, place_edits) if len(one)]
    newest = pd.Timestamp(max(edits), unit="s", tz="UTC") if any(edits) else None
    layers = OsmLayers(
        streets=streets if len(streets) else None,
        services=services,
        stops=stops,
        routes=routes,
        stop_routes=stop_routes,
        elevators=pd.Index(found.elevators, dtype="int64", name="node"),
        counts={"read": dict(found.read), "made": made, "dropped": dropped, "dates": known},
        date=min(known.values(), default=newest),
        street_edits=street_edits,
        place_edits=place_edits,
    )
    return overpass.renamed(layers) if answers else layers


# -------------------------------------------------------------------- files
def _fault(file: Path, what: object) -> SourceError:
    """Say what is wrong with a file, or with the room that reading it takes."""
    if any(one in str(what) for one in _NO_ROOM):
        folder = tempfile.gettempdir()
        msg = f"{file.name}: no room in {folder} for the temporary files of its reading: {what}"
        return SourceError(msg, source=file)
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
    except BROKEN as fault:
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
    with tempfile.TemporaryDirectory(prefix="geoequity-osm-") as folder:
        try:
            return osm_text.is_in_order(file, target=Path(folder) / "ids")
        except BROKEN as fault:
            raise _fault(file, fault) from fault


def _merge(files: Iterable[Path], *, target: Path) -> None:
    """Write the newest version of every element of some files into one, in order."""
    reader = osmium.MergeInputReader()
    for file in files:
        try:
            reader.add_file(str(file))
        except BROKEN as fault:
            raise _fault(file, fault) from fault
    header = osmium.io.Header()
    header.set("sorting", "Type_then_ID")
    sink = osmium.io.File(str(target), "pbf,pbf_compression=none")
    with osm_writer(sink, header=header) as writer:
        reader.apply(writer)


def _take(found: Found, file: Path, *, source: Path) -> None:
    """Take what is needed from a file, by way of text that is gone after."""
    keys = found.rules.stop_kinds.keys() | found.rules.services.keys(shape="point")
    with tempfile.TemporaryDirectory(prefix="geoequity-osm-") as folder:
        text = {one: Path(folder) / one for one in ("elements", "relations", "places")}
        try:
            osm_text.write_text(file, **text, keys=keys)
            found.take_relations(text["relations"])
            found.take_elements(text["elements"], places=osm_text.read_places(text["places"]))
        except BROKEN as fault:
            raise _fault(source, fault) from fault


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
    lines = found.streets
    placed = ~lines.lost
    if placed.any():
        spots = np.column_stack([lines.x[placed], lines.y[placed]]) / PER_DEGREE
    else:
        spots = np.concatenate(
            [
                np.array([row[1:3] for row in found.stops], dtype=float).reshape(-1, 2),
                *(one[["lon", "lat"]].to_numpy(dtype=float) for one in found.mapped),
            ]
        )
    middle = shapely.Point(np.median(spots, axis=0))
    return gpd.GeoSeries([middle], crs=_LONLAT).estimate_utm_crs()


def _inside(shapes: Any, area: Any) -> np.ndarray | slice:
    """Choose the shapes that touch the extent."""
    if area is None:
        return slice(None)
    shapely.prepare(area)
    return shapely.intersects(area, np.asarray(shapes, dtype=object))


def _projected(shapes: Sequence[Any], crs: Any) -> Any:
    """Bring shapes from degrees into the metric CRS."""
    return gpd.GeoSeries(np.asarray(shapes, dtype=object), crs=_LONLAT).to_crs(crs).array


def _street_table(found: Found, *, crs: Any, area: Any) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Make the streets, and who edited each and when."""
    if not len(found.streets.number):
        none = pd.DataFrame({one: np.empty(0, dtype="int64") for one in _EDIT_COLUMNS})
        return gpd.GeoDataFrame({"length_m": np.empty(0)}, geometry=[], crs=crs), none
    pieces, corners = parted(found.streets, lifts=found.elevators)
    ways, found.streets = found.streets.without_nodes(), Gathered().whole()  # to spare memory
    ends = pieces.pop("start").to_numpy(), pieces.pop("end").to_numpy()
    pieces["geometry"] = drawn(corners, *ends, crs=crs)
    del corners, ends
    pieces = without_points(pieces)
    pieces = pieces[_inside(pieces["geometry"], area)]
    way = pieces.pop("way").to_numpy()
    edits = {"number": ways.number[way], "edited": ways.edited[way], "uid": ways.uid[way]}
    told = zip(STREET_COLUMNS, zip(*found.street_rows, strict=True), strict=True)
    tags = {
        column: pd.array(values, dtype=_DTYPES.get(column, "category"))[ways.said[way]]
        for column, values in told
    }
    tags["name"] = ways.name[way]
    del ways
    places = zip(edits["number"].data, pieces.pop("position").to_numpy().data, strict=True)
    ids = [f"way/{number}:{position}" for number, position in places]
    streets = gpd.GeoDataFrame(
        {
            "from_node": pieces["from"].to_numpy(),
            "to_node": pieces["to"].to_numpy(),
            "length_m": pieces["length_m"].to_numpy(),
            **tags,
        },
        index=pd.Index(ids, name="edge_id", dtype=object),
        geometry=pieces["geometry"].to_numpy(),
        crs=crs,
        copy=False,
    )
    return streets, pd.DataFrame(edits, copy=False)


def _service_table(found: Found, *, crs: Any, area: Any) -> gpd.GeoDataFrame:
    """Make the services."""
    columns = ["service_id", "geometry", "category", "name", *SERVICE_COLUMNS]
    table = pd.concat([pd.DataFrame(columns=columns, dtype=object), *found.services])
    found.services.clear()
    table = table.astype({"capacity": float}).set_index("service_id")
    shapes = np.asarray(_projected(table["geometry"], crs), dtype=object)
    bad = ~shapely.is_valid(shapes)  # rounding may make a sliver cross itself
    shapes[bad] = shapely.buffer(shapes[bad], 0)
    table.insert(4, "source", pd.Series("osm", index=table.index, dtype=object))
    services = gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=shapes, crs=crs)
    return services[_inside(shapes, area)]


def _stop_table(found: Found, *, crs: Any, area: Any) -> tuple[gpd.GeoDataFrame, pd.Series]:
    """Make the stops, each of them once, and tell which stands for each that was found."""
    columns = ["stop_id", "lon", "lat", "mode", "kind", "name", *STOP_FEATURES, "wheelchair"]
    table = pd.DataFrame(found.stops, columns=columns, dtype=object).set_index("stop_id")
    shapes = _projected(shapely.points(table[["lon", "lat"]].to_numpy(dtype=float)), crs)
    stops = gpd.GeoDataFrame(
        table.drop(columns=["lon", "lat"]).astype(dict.fromkeys(STOP_FEATURES, "boolean")),
        geometry=shapes,
        crs=crs,
    )
    stops = stops[_inside(stops.geometry, area)]
    keeper = _keepers(stops, order=[rule.name for rule in found.rules.stop_kinds.rules])
    merged = keeper != stops.index
    found.dropped["stop that is another's double"] += stops.index[merged].tolist()
    ranked = stops.iloc[np.argsort(merged, kind="stable")]  # what the keeper says itself first
    told = ranked[["name", *STOP_FEATURES, "wheelchair"]].groupby(keeper, sort=False).first()
    stops = stops[~merged].copy()
    for column in told:
        stops[column] = told[column].reindex(stops.index)
    return stops, keeper


def _keepers(stops: gpd.GeoDataFrame, *, order: Sequence[str]) -> pd.Series:
    """Tell for each stop which one stands for it: itself, or a better one close by."""
    keeper = pd.Series(stops.index, index=stops.index, dtype=object)
    place = np.column_stack([stops.geometry.x, stops.geometry.y])
    if len(place) < 2:  # noqa: PLR2004 - a pair
        return keeper
    rank = stops["kind"].map(order.index).to_numpy(dtype=int)
    mode, name = stops["mode"].to_numpy(), stops["name"].to_numpy(dtype=object)
    points = stops.geometry.to_numpy()
    near = shapely.STRtree(points).query(points, predicate="dwithin", distance=SAME_STOP_M).T
    pairs = near[near[:, 0] < near[:, 1]]
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
    lines = joined(found.lines, list(found.members.values()), crs=crs)
    is_empty = shapely.is_empty(lines)
    lost = [one for one, empty in zip(found.members, is_empty, strict=True) if empty]
    found.dropped["route of which no way is in the file or extent"] += lost
    kept = [one for one, empty in zip(found.members, is_empty, strict=True) if not empty]
    found.members.clear()
    found.lines = found.lines.without_nodes()
    rows = [found.routes[route_id] for route_id in kept]
    table = pd.DataFrame(rows, columns=["mode", *ROUTE_TAGS], dtype=object)
    table.index = pd.Index(kept, name="route_id", dtype=object)
    said = table.pop("interval").fillna(table.pop("headway"))
    table["headway_min"] = [interval_min(text) for text in said]
    table = table.astype({"headway_min": float})
    routes = gpd.GeoDataFrame(table, geometry=lines[~is_empty], crs=crs)
    return routes[_inside(routes.geometry, area)]


def _stop_routes(
    found: Found, *, stops: gpd.GeoDataFrame, keeper: pd.Series, routes: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Tell which stops each route lists, of its own mode where an element has several."""
    there: dict[str, list[str]] = defaultdict(list)
    for stop_id, kept in keeper.items():
        there[overpass.own_name(str(stop_id)).partition("#")[0]].append(kept)
    mode, rows = stops["mode"].to_dict(), []
    for route_id, of in routes["mode"].items():
        for element in found.calls.get(str(route_id), ()):
            listed = there.get(element, [])
            own = [one for one in listed if mode[one] == of]
            rows += [(one, route_id) for one in own or listed[:1]]
    table = pd.DataFrame(rows, columns=["stop_id", "route_id"], dtype=object)
    return table.drop_duplicates(ignore_index=True)


def _place_edits(found: Found, *, crs: Any, area: Any) -> pd.DataFrame:
    """Tell who edited buildings and services and when."""
    edits = pd.concat(found.mapped, ignore_index=True)
    found.mapped.clear()
    edits["x"], edits["y"] = metres(edits.pop("lon"), edits.pop("lat"), crs=crs).T
    if area is None:
        return edits
    shapely.prepare(area)
    return edits[shapely.intersects_xy(area, edits["x"], edits["y"])]
