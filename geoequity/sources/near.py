"""
Download of what covers a country or the world only what lies near a city.

===================  ====================================================
Speed tests          Ookla's Parquet of a quarter, by ranges of bytes: the
                     row groups that may hold tiles near the city
Rasters              a GeoTIFF such as WorldPop's, by ranges of bytes where
                     the server has them
Anything packed      the one file of the wanted format in a .zip, as GHS-POP's,
                     or a .gz, as Kontur's
OpenStreetMap        a regional PBF, downloaded and cut; or Overpass, asked
                     for a box at a time; boundaries by a query of one's own
Timetables           an entry of the Mobility Database, by its id behind #
===================  ====================================================
"""

import contextlib
import csv
import errno
import json
import math
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import osmium
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import rasterio
import shapely
from rasterio import Affine
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from geoequity.errors import SourceError, shown
from geoequity.sources import _content, broadband, portals
from geoequity.sources._addresses import told
from geoequity.sources._remote import Client, Patience, RangeFile
from geoequity.sources.osm_writer import osm_writer

_LONLAT = "EPSG:4326"
_OVERPASS = re.compile(r"/api/interpreter/?$")
_LARGEST_BOX_DEG2 = 0.06  # some 25 km by 25 km, which servers answer in a minute or so
_SPLITS = 3
_AFAR = "afar.tif"
_AREAS = ("multipolygon", "boundary")  # relations that are nothing without all of their sides
_POLITE = Patience(read_s=240, head_s=300, gap_s=2.0, backoff_s=5.0, longest_wait_s=300)
_SERVER_S = 180
_MOBILITY = ("mdb_source_id", "id")  # of the catalogue until 2025, and since
_TILES_LEFT_OUT = ("tile", "tile_x", "tile_y")  # what the quadkey says too
_WHAT = (  # what this package reads of OpenStreetMap
    'way["highway"]',
    'nwr["amenity"]',
    'nwr["shop"]',
    'nwr["leisure"]',
    'nwr["office"]',
    'nwr["healthcare"]',
    'nwr["emergency"]',
    'nwr["tourism"]',
    'nwr["man_made"]',
    'nwr["social_facility"]',
    'nwr["landuse"]',
    'nwr["natural"]',
    'nwr["building"]',
    'nwr["public_transport"]',
    'nwr["railway"]',
    'nwr["aerialway"]',
    'relation["route"]',
    'node["highway"]',
)


@dataclass(frozen=True)
class Box:
    """
    A box in degrees.

    Parameters
    ----------
    west, south, east, north
        Its edges, in EPSG:4326.
    """

    west: float
    south: float
    east: float
    north: float

    @property
    def size(self) -> float:
        """
        Tell its size.

        Returns
        -------
        size
            In square degrees.
        """
        return (self.east - self.west) * (self.north - self.south)

    def quarters(self) -> list["Box"]:
        """
        Part it.

        Returns
        -------
        quarters
            Four boxes.
        """
        x, y = (self.west + self.east) / 2, (self.south + self.north) / 2
        return [
            replace(self, east=x, north=y),
            replace(self, west=x, north=y),
            replace(self, east=x, south=y),
            replace(self, west=x, south=y),
        ]

    def holds(self, lon: float, lat: float) -> bool:
        """
        Tell whether a point lies in it.

        Parameters
        ----------
        lon, lat
            The point.

        Returns
        -------
        holds
            Edges count.
        """
        return self.west <= lon <= self.east and self.south <= lat <= self.north


def needs_box(url: str, *, cut: bool) -> bool:
    """
    Tell whether the place of the city must be known to download something.

    Parameters
    ----------
    url
        Its address.
    cut
        Whether the city file asks to cut it.

    Returns
    -------
    needs_box
        True where it is cut, and for Overpass without a query of its own.
    """
    parts = urlsplit(url)
    asks = any(key == "data" for key, _ in parse_qsl(parts.query))
    return cut or (bool(_OVERPASS.search(parts.path)) and not asks)


@contextlib.contextmanager
def obtain(
    client: Client, url: str, *, name: str, source: str, box: Box | None
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """
    Download what lies near a city.

    Parameters
    ----------
    client
        The door to the network.
    url
        The address.
    name
        File name whose suffix says what is wanted.
    source
        What to call it in messages.
    box
        The city and its surroundings; None where everything is wanted.

    Yields
    ------
    file
        Path of the file, to be copied before it is gone, and where it came
        from.

    Raises
    ------
    SourceError
        If it cannot be had, cannot be cut, or nothing lies near.
    """
    parts = urlsplit(url)
    if parts.fragment:
        with portals.as_documented(f"{source}: {told(url)}"):
            address, door = _feed(client, url, source=source)
        with portals.obtain(door, address, name=name, source=source) as (path, entry):
            yield path, {**entry, "catalogue": told(url)}
        return
    with tempfile.TemporaryDirectory(prefix="geoequity-") as folder:
        target = Path(folder) / name
        if _is_packed(parts.path, name):
            whole, entry = _unpacked(client, url, Path(folder), name=name, source=source)
            if box is not None:
                _cut_whole(whole, box, target, where=f"{source}: {told(url)}")
            yield (whole if box is None else target), _made(entry, url, whole, target, box)
        elif _OVERPASS.search(parts.path) and name.lower().endswith(".geojson"):
            with portals.as_documented(f"{source}: {told(url)}"):
                rows = _ask_areas(client, url, target, source=source)
            yield target, portals.entry(url, target, rows=rows)
        elif box is None:
            with portals.obtain(client, url, name=name, source=source) as found:
                yield found
        elif _OVERPASS.search(parts.path):
            with portals.as_documented(f"{source}: {told(url)}"):
                _ask_overpass(client, url, box, target, source=source)
            yield target, portals.entry(url, target, box=_edges(box))
        else:
            entry = _cut(client, url, box, target, source=source)
            yield target, _made(entry, url, target, target, box)


def look(client: Client, url: str, *, name: str, source: str) -> dict[str, Any]:
    """
    See whether a source answers, without downloading it.

    Parameters
    ----------
    client
        The door to the network.
    url
        The address.
    name
        File name whose suffix says what is wanted.
    source
        What to call it in messages.

    Returns
    -------
    said
        As `portals.look` says it.

    Raises
    ------
    SourceError
        If it does not answer, or with a fault.
    """
    parts = urlsplit(url)
    if parts.fragment:
        address, client = _feed(client, url, source=source)
        return portals.look(client, address, name=name, source=source)
    if needs_box(url, cut=False):
        query = urlencode({"data": "[out:json];out;"})
        url = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
    packed = _is_packed(parts.path, name)
    return portals.look(client, url, name=parts.path if packed else name, source=source)


def _made(
    entry: dict[str, Any], url: str, whole: Path, target: Path, box: Box | None
) -> dict[str, Any]:
    """Say where a file came from that is a part of another."""
    path = whole if box is None else target
    made = portals.entry(url, path)
    made |= {} if box is None else {"box": _edges(box)}
    made |= {key: entry[key] for key in ("final_url", "redirects", "etag") if key in entry}
    return made | ({"of_sha256": entry["sha256"]} if "sha256" in entry else {})


def _edges(box: Box) -> list[float]:
    """List the edges of a box."""
    return [round(one, 6) for one in (box.west, box.south, box.east, box.north)]


def _cut(client: Client, url: str, box: Box, target: Path, *, source: str) -> dict[str, Any]:
    """Download a part of a file, as its format allows."""
    suffix = target.suffix.lower()
    where = f"{source}: {told(url)}"
    if suffix == ".parquet":
        with client.open_ranges(url, source=source) as file:
            _cut_tiles(file, box, target, where=where)
        return {}
    if suffix in {".tif", ".tiff"}:
        try:
            with client.open_ranges(url, source=source) as file:
                _cut_raster(_AFAR, box, target, where=where, file=file)
        except SourceError as fault:
            if "does not answer by ranges" not in str(fault):
                raise
        else:
            return {}
    elif not target.name.lower().endswith(".osm.pbf"):
        _refuse_to_cut(target.name, where)
    download = client.download(url, name=target.name, source=source)
    _cut_whole(download.path, box, target, where=where)
    return download.as_dict()


def _cut_whole(path: Path, box: Box, target: Path, *, where: str) -> None:
    """Keep a part of a file that is here."""
    if target.suffix.lower() in {".tif", ".tiff"}:
        _cut_raster(path, box, target, where=where)
    elif target.name.lower().endswith(".osm.pbf"):
        _cut_map(path, box, target, where=where)
    else:
        _refuse_to_cut(target.name, where)


def _refuse_to_cut(name: str, where: str) -> None:
    """Say what can be cut."""
    msg = f"{where}: cut is for .parquet, .tif and .osm.pbf, not for {name}"
    raise SourceError(msg, source=where)


def _is_packed(path: str, name: str) -> bool:
    """Tell whether an address gives a file packed that is wanted unpacked."""
    given, wanted = (PurePosixPath(one.lower()).suffix for one in (path, name))
    return given in {".zip", ".gz"} and wanted not in {".zip", ".gz", ".xlsx", ".xlsm"}


def _unpacked(
    client: Client, url: str, folder: Path, *, name: str, source: str
) -> tuple[Path, dict[str, Any]]:
    """Download a packed file and take out the one in it that is of the wanted format."""
    where = f"{source}: {told(url)}"
    suffix = PurePosixPath(urlsplit(url).path.lower()).suffix
    download = client.download(url, name=f"a{suffix}", source=source)
    whole = folder / f"whole{Path(name).suffix.lower()}"
    try:
        with contextlib.ExitStack() as stack:
            if suffix == ".gz":
                pieces = _content.unpacked(download.path)
            else:
                archive = stack.enter_context(zipfile.ZipFile(download.path))
                packed = stack.enter_context(archive.open(_wanted_in(archive, name, where)))
                pieces = iter(lambda: packed.read(1 << 20), b"")
            stream = stack.enter_context(whole.open("wb"))
            for piece in pieces:
                stream.write(piece)
                client.check_size(stream.tell(), where)
    except (
        zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError,
    ) as fault:  # fmt: skip
        if isinstance(fault, OSError) and fault.errno != errno.EINVAL:  # of places before the file
            raise
        msg = f"{where}: cannot be unpacked: {fault}"
        raise SourceError(msg, source=where) from fault
    _content.check(whole, name=whole.name, said="", source=where)
    return whole, download.as_dict()


def _wanted_in(archive: zipfile.ZipFile, name: str, where: str) -> zipfile.ZipInfo:
    """Find the file of the wanted name in a zip, or else the one of its format."""
    suffix = Path(name).suffix.lower()
    places = {PurePosixPath(one.filename): one for one in archive.infolist()}
    right = [one for place, one in places.items() if place.suffix.lower() == suffix]
    named = [one for place, one in places.items() if place.name == name]
    if len(named or right) != 1:
        msg = f"{where}: holds {len(right)} files {suffix}, not one: {shown(places)}"
        raise SourceError(msg, source=where)
    return (named or right)[0]


# -- speed tests --------------------------------------------------------------------


def _cut_tiles(file: Any, box: Box, target: Path, *, where: str) -> None:
    """Keep the tiles that touch a box; row groups without any are not read."""
    shape = shapely.box(box.west, box.south, box.east, box.north)
    wanted = broadband.study_quadkeys(shape, crs=_LONLAT)
    try:
        with pq.ParquetFile(pa.PythonFile(file, mode="r")) as reader:
            there = reader.schema_arrow.names
            if "quadkey" not in there:
                msg = f"{where}: no column quadkey; it has {shown(there)}"
                raise SourceError(msg, source=where)
            columns = [one for one in there if one not in _TILES_LEFT_OUT]
            groups = broadband.row_groups(reader, "quadkey", wanted)
            kept = [_only(reader.read_row_group(one, columns=columns), wanted) for one in groups]
    except (pa.ArrowException, OSError) as fault:
        msg = f"{where}: cannot be read as Parquet: {fault}"
        raise SourceError(msg, source=where) from fault
    tiles = pa.concat_tables(kept) if kept else None
    if tiles is None or tiles.num_rows == 0:
        msg = f"{where}: no tile lies near the districts"
        raise SourceError(msg, source=where)
    pq.write_table(tiles, target)


def _only(table: pa.Table, wanted: pd.Index) -> pa.Table:
    """Keep the rows of some tiles."""
    keys = table["quadkey"].cast("string").to_pandas()
    return table.filter(pa.array(keys.isin(wanted).to_numpy()))


# -- rasters --------------------------------------------------------------------------


def _cut_raster(
    path: str | Path, box: Box, target: Path, *, where: str, file: RangeFile | None = None
) -> None:
    """Copy the cells of a raster that touch a box, as they are."""

    def again(name: str, *_: str, **__: str) -> RangeFile:
        if file is None or name != path:  # GDAL looks for files beside it
            raise FileNotFoundError(name)
        return file.again()

    try:
        with rasterio.open(path, opener=again if file is not None else None) as raster:
            if raster.crs is None or not (raster.crs.is_geographic or raster.crs.is_projected):
                what = "no CRS" if raster.crs is None else "a CRS that is of no place on Earth"
                msg = f"{where}: has {what}, so nobody knows what lies near"
                raise SourceError(msg, source=where)
            edges = transform_bounds(_LONLAT, raster.crs, *_edges(box), densify_pts=51)
            window = _whole_cells(edges, raster)
            if window is None:
                msg = f"{where}: covers {_spoken(raster)}, which is not near the districts"
                raise SourceError(msg, source=where)
            profile = {
                "driver": "GTiff",
                "dtype": raster.dtypes[0],
                "count": raster.count,
                "width": window.width,
                "height": window.height,
                "crs": raster.crs,
                "transform": _moved(raster.transform, window),
                "nodata": raster.nodata,
                "compress": "deflate",
            }
            with rasterio.open(target, "w", **profile) as copy:
                values = raster.read(window=window)
                if file is not None and file.fault is not None:
                    raise file.fault
                copy.write(values)
                copy.scales, copy.offsets = raster.scales, raster.offsets
                copy.update_tags(**raster.tags())
    except rasterio.errors.RasterioError as fault:
        if file is not None and file.fault is not None:  # GDAL tells it as another
            raise file.fault from fault
        msg = f"{where}: cannot be read as a raster: {fault}"
        raise SourceError(msg, source=where) from fault


def _whole_cells(edges: tuple[float, float, float, float], raster: Any) -> Window | None:
    """Find the cells of a raster that touch a box in its CRS; None where none does."""
    to = raster.transform
    if to.b or to.d:
        msg = f"{raster.name}: its rows do not run from west to east"
        raise rasterio.errors.RasterioError(msg)
    west, south, east, north = edges
    columns = sorted(((west - to.c) / to.a, (east - to.c) / to.a))
    rows = sorted(((south - to.f) / to.e, (north - to.f) / to.e))
    left, top = max(0, math.floor(columns[0])), max(0, math.floor(rows[0]))
    right, bottom = min(raster.width, math.ceil(columns[1])), min(raster.height, math.ceil(rows[1]))
    return Window(left, top, right - left, bottom - top) if right > left and bottom > top else None


def _moved(to: Affine, window: Window) -> Affine:
    """Place a window as its raster is placed."""
    return Affine(
        to.a, to.b, to.c + to.a * window.col_off, to.d, to.e, to.f + to.e * window.row_off
    )


def _spoken(raster: Any) -> str:
    """Tell the edges of a raster."""
    west, south, east, north = transform_bounds(raster.crs, _LONLAT, *raster.bounds)
    return f"longitudes {west:.3f} to {east:.3f} and latitudes {south:.3f} to {north:.3f}"


# -- OpenStreetMap --------------------------------------------------------------------


def _cut_map(path: Path, box: Box, target: Path, *, where: str) -> None:
    """Keep the nodes in a box, ways and areas that touch it whole, and relations of these."""
    file = osmium.io.File(str(path), "pbf")
    try:
        keep = _touching(file, box)
        header = osmium.FileProcessor(file).header
        with osm_writer(str(target), header=header, overwrite=True) as writer:
            for one in osmium.FileProcessor(file):
                if one.id in keep[one.type_str()]:
                    writer.add(one)
    except (RuntimeError, OSError, osmium.InvalidLocationError) as fault:
        msg = f"{where}: cannot be read as OpenStreetMap: {fault}"
        raise SourceError(msg, source=where) from fault
    if not any(keep.values()):
        msg = f"{where}: nothing lies near the districts"
        raise SourceError(msg, source=where)


def _touching(file: Any, box: Box) -> dict[str, set[int]]:
    """Find the ids, by kind, of what to keep."""
    nodes, ways, relations = set[int](), set[int](), set[int]()
    corners, sides = set[int](), set[int]()  # what the kept are made of, wherever it lies
    known = {"n": nodes, "w": ways, "r": set[int]()}
    for one in osmium.FileProcessor(file):
        if one.is_node():
            if box.holds(one.lon, one.lat):
                nodes.add(one.id)
        elif one.is_way():
            refs = [node.ref for node in one.nodes]
            if not nodes.isdisjoint(refs):
                ways.add(one.id)
                corners.update(refs)
        else:
            parts = [(member.type, member.ref) for member in one.members]
            if any(ref in known[kind] for kind, ref in parts):
                relations.add(one.id)
                is_area = one.tags.get("type") in _AREAS
                sides.update(ref for kind, ref in parts if is_area and kind == "w")
    for one in osmium.FileProcessor(file, osmium.osm.WAY):
        if one.id in sides:
            corners.update(node.ref for node in one.nodes)
    return {"n": nodes | corners, "w": ways | sides, "r": relations}


def _ask_overpass(client: Client, url: str, box: Box, target: Path, *, source: str) -> None:
    """Ask Overpass for one box after the other, and write one answer."""
    door = client.patiently(_POLITE) if client.patience == Patience() else client
    boxes = [(box, 0)]
    elements: dict[tuple[str, int], Any] = {}
    base: dict[str, Any] = {}
    while boxes:
        here, depth = boxes.pop(0)
        if here.size > _LARGEST_BOX_DEG2:
            boxes = [(one, depth) for one in here.quarters()] + boxes
            continue
        try:
            answer = _overpass_answer(door, url, here, source=source)
        except SourceError as fault:
            if depth >= _SPLITS or not _is_too_much(str(fault)):
                raise
            boxes = [(one, depth + 1) for one in here.quarters()] + boxes
            continue
        base = answer.get("osm3s") or base
        for one in answer["elements"]:
            elements[one["type"], one["id"]] = one
    if not elements:
        msg = f"{source}: {told(url)}: nothing lies near the districts"
        raise SourceError(msg, source=told(url))
    whole = {"version": 0.6, "osm3s": base, "elements": list(elements.values())}
    target.write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")


def _overpass_answer(client: Client, url: str, box: Box, *, source: str) -> dict[str, Any]:
    """Ask for one box, and refuse an answer that says it is not whole."""
    edges = f"{box.south:.6f},{box.west:.6f},{box.north:.6f},{box.east:.6f}"
    listed = ";".join(f"{one}({edges})" for one in _WHAT)
    query = f"[out:json][timeout:{_SERVER_S}];({listed};);out meta;>;out meta qt;"
    parts = urlsplit(url)
    address = urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode({"data": query}), ""))
    return _map_of(client.ask(address, source=source), f"{source}: {told(url)}")


def _map_of(body: bytes, where: str) -> dict[str, Any]:
    """Read an answer, and refuse one that says it is not whole."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as fault:
        msg = f"{where}: answered with no JSON"
        raise SourceError(msg, source=where) from fault
    said = _content.json_fault(answer)
    if said or not isinstance(answer, dict) or not isinstance(answer.get("elements"), list):
        msg = f"{where}: got {said or 'other JSON'} where a map was asked for"
        raise SourceError(msg, source=where)
    return answer


def _is_too_much(fault: str) -> bool:
    """Tell whether a smaller box may help."""
    return any(one in fault for one in ("timed out", "out of memory", "answered 504"))


def _ask_areas(client: Client, url: str, target: Path, *, source: str) -> int:
    """Ask Overpass for boundaries, with a query of one's own, and write them as GeoJSON."""
    where = f"{source}: {told(url)}"
    if needs_box(url, cut=False):
        msg = f"{where}: give a query, such as ?data=[out:json];rel[admin_level=9](...);out geom;"
        raise SourceError(msg, source=told(url))
    answer = _map_of(client.ask(url, source=source), where)
    relations = [one for one in answer["elements"] if one.get("type") == "relation"]
    shapes = {one["id"]: _area_of(one) for one in relations}
    broken = [key for key, shape in shapes.items() if shape is None]
    if broken or not relations:
        what = f"boundaries that do not close: {shown(broken)}" if broken else "no relation"
        msg = f"{where}: came with {what}; ask for relations whole, with out geom"
        raise SourceError(msg, source=where)
    features = [
        {
            "type": "Feature",
            "id": one["id"],
            "geometry": json.loads(shapely.to_geojson(shapes[one["id"]])),
            "properties": {"osm_id": str(one["id"]), **(one.get("tags") or {})},
        }
        for one in relations
    ]
    whole = {"type": "FeatureCollection", "features": features}
    target.write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
    return len(features)


def _area_of(relation: dict[str, Any]) -> shapely.Geometry | None:
    """Join the sides of a boundary; None where they do not close."""
    sides: dict[bool, list[shapely.LineString]] = {True: [], False: []}
    for member in relation.get("members") or ():
        if member.get("type") != "way" or member.get("role") not in {"outer", "inner", ""}:
            continue
        corners = member.get("geometry") or [None]
        if None in corners or len(corners) < 2:  # noqa: PLR2004 - no line
            return None
        line = shapely.LineString([(one["lon"], one["lat"]) for one in corners])
        sides[member["role"] == "inner"].append(line)
    if not sides[False]:
        return None
    outer, inner = (_closed(sides[key]) for key in (False, True))
    if outer is None or inner is None:
        return None
    return shapely.difference(outer, inner)


def _closed(lines: list[shapely.LineString]) -> shapely.Geometry | None:
    """Make areas of lines; None where some is left over."""
    areas, cuts, dangles, wrong = shapely.polygonize_full(lines)
    if any(not one.is_empty for one in (cuts, dangles, wrong)):
        return None
    return shapely.union_all(list(areas.geoms))


# -- timetables -------------------------------------------------------------------------


def _feed(client: Client, url: str, *, source: str) -> tuple[str, Client]:
    """Find where the Mobility Database says that a timetable lies, and let its host be asked."""
    # github.com/MobilityData/mobility-database-catalogs; its columns are those of export_to_csv
    parts = urlsplit(url)
    catalogue = urlunsplit(parts._replace(fragment=""))
    where = f"{source}: {told(url)}"
    download = client.download(catalogue, name="feeds.csv", source=source)
    try:
        with download.path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (UnicodeDecodeError, csv.Error) as fault:
        msg = f"{where}: is no table of UTF-8 text"
        raise SourceError(msg, source=where) from fault
    key = next((one for one in _MOBILITY if rows and one in rows[0]), None)
    if key is None or "urls.latest" not in rows[0]:
        listed = shown(rows[0]) if rows else "no row"
        msg = f"{where}: is no catalogue of the Mobility Database, but has {listed}"
        raise SourceError(msg, source=where)
    found = [
        one for one in rows if one[key] in {parts.fragment, parts.fragment.removeprefix("mdb-")}
    ]
    if not found or found[0].get("data_type") != "gtfs":
        what = f"is {found[0].get('data_type')}, not gtfs" if found else "is not in the catalogue"
        msg = f"{where}: {parts.fragment} {what}"
        raise SourceError(msg, source=where)
    address = found[0]["urls.latest"] or found[0].get("urls.direct_download") or ""
    if not address:
        msg = f"{where}: {parts.fragment} has no address to download from"
        raise SourceError(msg, source=where)
    return address, portals.named_by(client, address, catalogue=catalogue, source=source)
