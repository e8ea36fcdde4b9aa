"""Timetables, OpenStreetMap, and answers of the Overpass API."""

import json
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import geopandas as gpd
import osmium
import shapely
from pyproj import CRS as Crs

from fuzzing import mutations
from fuzzing.mutations import Chance
from fuzzing.tables import record
from geoequity.sources import gtfs, osm, water
from geoequity.sources.osm_writer import osm_writer

STOPS = [
    "s1,Um,-12.00,-77.00,,1,0", "s2,Dois,-12.00,-77.01,,1,", "s3,Três,-12.00,-77.03,st,2,0",
    "st,Estação,-12.00,-77.03,,2,1",
]  # fmt: skip
FEED = {
    "agency.txt": ["agency_id,agency_name,agency_url,agency_timezone", "A,Ônibus,http://x,UTC"],
    "stops.txt": ["stop_id,stop_name,stop_lat,stop_lon,parent_station,zone_id,location_type", *STOPS],
    "routes.txt": [
        "route_id,agency_id,route_short_name,route_long_name,route_type",
        "r1,A,1,Linha um,3", "r2,A,,Trem,2", "r3,A,T,Taxi,1500",
    ],
    "trips.txt": [
        "route_id,service_id,trip_id,direction_id,shape_id",
        "r1,week,t1,0,h1", "r1,week,t2,1,", "r2,sunday,t3,,", "r3,week,t4,0,",
    ],
    "stop_times.txt": [
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,shape_dist_traveled",
        "t1,7:00:00,7:00:00,s1,1,0,0", "t1,,,s2,2,0,1", "t1,7:20:00,7:20:00,s3,5,1,3",
        "t2,23:50:00,23:50:00,s3,1,,", "t2,24:10:00,24:10:00,s1,2,,",
        "t3,08:00:00,08:00:00,s1,1,,", "t3,08:02:30,,s2,2,,", "t4,9:00:00,9:00:00,s1,1,,",
        "t4,9:30:00,9:30:00,s2,2,,",
    ],
    "calendar.txt": [
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date",
        "week,1,1,1,1,1,0,0,20250303,20250316", "sunday,0,0,0,0,0,0,1,20250303,20250316",
    ],
    "calendar_dates.txt": ["service_id,date,exception_type", "week,20250304,2", "sunday,20250305,1"],
    "frequencies.txt": [
        "trip_id,start_time,end_time,headway_secs,exact_times", "t2,6:00:00,9:00:00,600,0",
        "t2,9:00:00,10:00:00,900,1",
    ],
    "transfers.txt": [
        "from_stop_id,to_stop_id,transfer_type,min_transfer_time,from_route_id",
        "s1,s2,2,180,", "s2,s3,0,,", "s3,s1,3,,r1",
    ],
    "shapes.txt": [
        "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence,shape_dist_traveled",
        "h1,-12,-77.00,1,0", "h1,-12,-77.01,2,1", "h1,-12,-77.03,3,3",
    ],
    "fare_attributes.txt": ["fare_id,price,currency_type,payment_method,transfers,agency_id", "f1,2.5,PEN,0,,A", "f2,1,PEN,0,1,"],
    "fare_rules.txt": ["fare_id,route_id,origin_id,destination_id,contains_id", "f1,r1,,,", "f2,r2,,,"],
    "fare_products.txt": ["fare_product_id,amount,currency", "p,1,PEN"],
}  # fmt: skip
_NEEDED = {"agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt", "calendar.txt"}


def timetable(chance: Chance, folder: Path) -> Callable[[], object]:
    """One feed or two, zips or folders."""
    paths = [_feed(chance, folder, f"feed{n}") for n in range(1 + chance.one_in(4))]
    modes = chance.choice(
        (None, None, None, {"r1": "brt"}, {"A": "metro"}, {"2:A": "bus"}, {"A": "bus", "r3": "bus"})
    )
    books = [record(one) for one in paths]
    return lambda: gtfs.read_feed(paths, record=books, modes=modes)


def _feed(chance: Chance, folder: Path, stem: str) -> Path:
    """Write a feed, a few of its files changed."""
    names = {one for one in FEED if one in _NEEDED or chance.one_in(2)}
    if chance.one_in(6):
        names -= {chance.choice(sorted(names))}
    if chance.one_in(8):
        names |= {"calendar_dates.txt"}
        names -= {"calendar.txt"}
    spoilt = set(chance.sample(sorted(names), chance.randrange(3)))
    files: dict[str, bytes] = {}
    for name in sorted(names):
        rows: list[list[Any]] = [one.split(",") for one in FEED[name]]
        if name not in spoilt:
            files[name] = "\n".join(map(",".join, rows)).encode() + b"\n"
            continue
        rows = mutations.table(chance, rows)
        files[name] = mutations.encoded(chance, mutations.delimited(chance, rows))
        if chance.one_in(30):
            files[name] = chance.choice(
                (b"", b"\n\n", b"\xff\xfe", b"a" * 70_000, b'"', b'"\n' * 99)
            )
    if chance.one_in(5):
        place = folder / stem
        inner = place / "gtfs" if chance.one_in(3) else place
        inner.mkdir(parents=True)
        for name, body in files.items():
            (inner / name).write_bytes(body)
        if chance.one_in(6):
            (place / "other").mkdir()
            (place / "other" / "stops.txt").write_bytes(b"stop_id\n")
        return place
    path = folder / f"{stem}.zip"
    path.write_bytes(mutations.packed(chance, files))
    return path


# -- OpenStreetMap ----------------------------------------------------------------

NODES = {n: (-77.0 + 0.001 * (n % 6), -12.0 + 0.001 * (n // 6)) for n in range(1, 37)}
NODE_TAGS: dict[int, dict[str, str]] = {
    1: {"amenity": "school", "name": "Escuela", "capacity": "300"},
    2: {"highway": "bus_stop", "name": "Parada", "bus": "yes", "shelter": "yes", "bench": "no"},
    3: {"railway": "station", "name": "Centro", "station": "subway", "wheelchair": "yes"},
    4: {"amenity": "clinic", "opening_hours": "24/7"},
    5: {"public_transport": "platform", "bus": "yes", "name": "Parada"},
    6: {"highway": "elevator"},
    7: {"amenity": "library", "internet_access": "wlan", "name": "B"},
    8: {"public_transport": "stop_position", "tram": "yes"},
    9: {"railway": "subway_entrance"},
    10: {"aerialway": "station", "name": "Cable"},
}
WAYS: dict[int, tuple[list[int], dict[str, str]]] = {
    1: (
        [1, 2, 3, 4],
        {"highway": "residential", "lit": "yes", "sidewalk": "both", "name": "Calle"},
    ),
    2: ([2, 8, 14], {"highway": "footway", "surface": "paved", "oneway:foot": "yes"}),
    3: ([3, 9, 15, 21], {"highway": "primary", "cycleway:left": "lane", "oneway": "yes"}),
    4: ([20, 21, 27, 26, 20], {"leisure": "park", "name": "Parque"}),
    5: ([28, 29, 35, 34, 28], {"building": "school", "amenity": "school"}),
    6: ([1, 7, 13], {"highway": "steps", "incline": "up", "conveying": "yes"}),
    7: ([10, 16, 22], {"aerialway": "gondola"}),
    8: ([30, 31, 36, 30], {"natural": "water"}),
    9: ([5, 11, 17], {"waterway": "river"}),
    10: ([13, 14, 15, 16], {"highway": "motorway"}),
    11: ([22, 23, 29, 28, 22], {"type": "x"}),
}
RELATIONS: dict[int, tuple[list[tuple[str, int, str]], dict[str, str]]] = {
    1: (
        [
            ("node", 2, "platform"),
            ("way", 1, ""),
            ("way", 3, "forward"),
            ("node", 5, "stop_exit_only"),
        ],
        {"type": "route", "route": "bus", "ref": "1", "interval": "00:10:00"},
    ),
    2: ([("way", 4, "outer"), ("way", 11, "inner")], {"type": "multipolygon", "landuse": "forest"}),
    3: ([("way", 5, "outer")], {"type": "multipolygon", "building": "yes", "amenity": "hospital"}),
    4: ([("relation", 1, "")], {"type": "route_master"}),
    5: ([("way", 8, "outer")], {"type": "multipolygon", "natural": "water"}),
}
KEYS = (
    "highway", "amenity", "building", "lit", "foot", "access", "oneway", "sidewalk", "cycleway",
    "capacity", "interval", "headway", "wheelchair", "name", "route", "railway", "bus", "tram",
    "type", "layer", "width", "leisure", "shop", "sidewalk:left", "area", "landuse",
)  # fmt: skip
VALUES = (
    "yes", "no", "both", "left", "none", "designated", "private", "-1", "separate", "lane", "track",
    "crossing", "bus_stop", "pedestrian", "path", "platform", "12", "1e9", "00:05", "5;10", "-3",
    "PT10M", "20 min", "a" * 255, "ñ", "%20%", "@ , = %", "", "\u202e", "x y", "multipolygon",
)  # fmt: skip
EXTENT = gpd.GeoDataFrame(geometry=[shapely.box(-77.001, -12.001, -76.990, -11.990)], crs=4326)
UTM = Crs("EPSG:32718")


def _elements(chance: Chance) -> tuple[dict, dict, dict]:
    """Take the small map, some of it changed."""
    tags = {key: dict(one) for key, one in NODE_TAGS.items()}
    nodes = {key: (*place, tags.get(key, {})) for key, place in NODES.items()}
    ways = {key: (list(refs), dict(told)) for key, (refs, told) in WAYS.items()}
    relations = {key: (list(parts), dict(told)) for key, (parts, told) in RELATIONS.items()}
    for _ in range(chance.randrange(6)):
        how = chance.randrange(10)
        some = chance.choice((nodes, ways, relations))
        if not some:
            continue
        key = chance.choice(list(some))
        if how < 4:
            some[key][-1][chance.choice(KEYS)] = chance.choice(VALUES)
        elif how == 4:
            del some[key]
        elif how == 5:
            number = chance.choice((0, -1, 2**31, 2**40, 2**63 - 1, -(2**40), key + 1))
            some[number] = some.pop(key)
        elif how == 6 and ways:
            refs = chance.choice(list(ways.values()))[0]
            refs.insert(chance.randrange(len(refs) + 1), chance.choice((0, 99, -5, 2**40, *NODES)))
        elif how == 7 and ways:
            refs = chance.choice(list(ways.values()))[0]
            del refs[chance.randrange(len(refs)) if refs and chance.one_in(2) else 0 :]
        elif how == 8 and relations:
            parts = chance.choice(list(relations.values()))[0]
            parts.append(
                (chance.choice(("node", "way", "relation")), chance.choice((1, 4, 99)), "outer")
            )
        elif nodes:
            number = chance.choice(list(nodes))
            place = chance.choice(
                ((0.0, 0.0), (180.0, 90.0), (-180.0, -90.0), (-77.0, -12.0), (179.99, 0.0))
            )
            nodes[number] = (*place, nodes[number][2])
    return nodes, ways, relations


def _xml(chance: Chance | None, elements: tuple[dict, dict, dict]) -> str:
    """Write a map as XML; as it should be where there is no chance."""
    nodes, ways, relations = elements

    def meta() -> str:
        if chance is None:
            return 'version="2" timestamp="2020-02-03T04:05:06Z" uid="7"'
        told = {0: "", 1: 'version="2" timestamp="2020-02-03T04:05:06Z" uid="7"', 2: 'version="1"'}
        told |= {3: 'timestamp="nonsense"', 4: 'uid="-5" version="0"', 5: 'visible="false"'}
        return told[chance.randrange(6) if chance.one_in(30) else chance.randrange(2)]

    def tagged(tags: dict[str, str]) -> str:
        return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())

    parts = [
        f'<node id="{key}" {meta()} lon="{lon:.7f}" lat="{lat:.7f}">{tagged(tags)}</node>'
        for key, (lon, lat, tags) in nodes.items()
    ]
    for key, (refs, tags) in ways.items():
        inner = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        parts.append(f'<way id="{key}" {meta()}>{inner}{tagged(tags)}</way>')
    for key, (members, tags) in relations.items():
        inner = "".join(f'<member type="{t}" ref="{r}" role="{role}"/>' for t, r, role in members)
        parts.append(f'<relation id="{key}" {meta()}>{inner}{tagged(tags)}</relation>')
    head = '<osm version="0.6">'
    if chance is not None:
        head = chance.choice((head,) * 8 + ('<osmChange version="0.6">', "<osm>"))
        if chance.one_in(8):
            chance.shuffle(parts)
    return f'<?xml version="1.0"?>{head}{"".join(parts)}</{head[1:].split()[0].rstrip(">")}>'


@cache
def _small_pbf() -> bytes:
    """Write the small map as PBF, once."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.osm", Path(folder) / "a.osm.pbf"
        tags = {key: (*place, NODE_TAGS.get(key, {})) for key, place in NODES.items()}
        source.write_text(_xml(None, (tags, WAYS, RELATIONS)), encoding="utf-8")
        _convert(source, target)
        return target.read_bytes()


def _convert(source: Path, target: Path) -> None:
    """Write a map in another format."""
    with osm_writer(str(target)) as writer:
        for one in osmium.FileProcessor(source):
            writer.add(one)


def _map(chance: Chance, folder: Path, stem: str) -> Path:
    """Write a map in one of its formats, well or badly."""
    how = chance.choice(("osm", "osm", "osm", "pbf", "blocks", "blocks", "raw", "bytes"))
    if how == "blocks":
        path = folder / f"{stem}.osm.pbf"
        path.write_bytes(mutations.blocks(chance, _small_pbf()))
        return path
    if how == "raw":
        path = folder / f"{stem}.osm.pbf"
        path.write_bytes(mutations.raw(chance, _small_pbf()))
        return path
    told = _xml(chance, _elements(chance)).encode()
    path = folder / f"{stem}.osm"
    path.write_bytes(mutations.raw(chance, told) if how == "bytes" else told)
    if how == "pbf":
        target = folder / f"{stem}.osm.pbf"
        try:
            _convert(path, target)
        except (RuntimeError, ValueError, OSError):
            return path
        path.unlink()
        return target
    return path


def openstreetmap(chance: Chance, folder: Path) -> Callable[[], object]:
    """One extract or two, and an answer of Overpass beside."""
    paths = [_map(chance, folder, "map")]
    if chance.one_in(6):
        paths.append(_map(chance, folder, "more"))
    if chance.one_in(10):
        paths.append(_answer(chance, folder, "answer"))
    return lambda: _layers(paths, chance.one_in(2), chance.one_in(3))


def overpass(chance: Chance, folder: Path) -> Callable[[], object]:
    """Answers of the Overpass API, one or several, and an extract beside."""
    paths = [_answer(chance, folder, f"answer{n}") for n in range(1 + chance.one_in(3))]
    if chance.one_in(5):
        path = folder / "map.osm.pbf"
        path.write_bytes(_small_pbf())
        paths.append(path)
    return lambda: _layers(paths, chance.one_in(3), chance.one_in(2))


def _layers(paths: list[Path], cut: bool, fixed: bool) -> object:
    """Read all that is read of a map."""
    layers = osm.read_osm(paths, crs=UTM if fixed else None, extent=EXTENT if cut else None)
    return layers.mapping, water.read_water(paths, crs=UTM)


def _answer(chance: Chance, folder: Path, stem: str) -> Path:
    """Write an answer of the Overpass API."""
    nodes, ways, relations = _elements(chance)
    shape = chance.choice(("body", "geom", "center", "skel", "mixed"))
    meta = {"version": 2, "timestamp": "2020-02-03T04:05:06Z", "uid": 7} if chance.one_in(2) else {}

    def place(ref: int) -> dict[str, float] | None:
        return {"lon": nodes[ref][0], "lat": nodes[ref][1]} if ref in nodes else None

    def drawn(refs: list[int]) -> dict[str, Any]:
        kind = shape if shape != "mixed" else chance.choice(("body", "geom", "center"))
        if kind == "geom":
            return {"geometry": [place(ref) for ref in refs]}
        if kind == "center":
            return {"center": place(refs[0]) if refs else None}
        return {"nodes": refs}

    rows: list[dict[str, Any]] = []
    for key, (lon, lat, tags) in nodes.items():
        rows.append({"type": "node", "id": key, "lon": lon, "lat": lat, "tags": tags, **meta})
    for key, (refs, tags) in ways.items():
        rows.append({"type": "way", "id": key, "tags": tags, **drawn(refs), **meta})
    for key, (parts, tags) in relations.items():
        members = [
            {"type": kind, "ref": ref, "role": role}
            | (
                {"geometry": [place(one) for one in ways[ref][0]]}
                if kind == "way" and ref in ways and shape == "geom"
                else {}
            )
            for kind, ref, role in parts
        ]
        middle = {"center": place(4)} if shape == "center" else {}
        rows.append(
            {"type": "relation", "id": key, "members": members, "tags": tags, **middle, **meta}
        )
    day = chance.choice(("2025-08-13T01:57:00Z", "2019-01-01T00:00:00Z", "nonsense", "", None))
    root: Any = {"version": 0.6, "osm3s": {"timestamp_osm_base": day}, "elements": rows}
    if chance.one_in(12):
        root["remark"] = chance.choice(("runtime error: timed out", "hello", 5))
    if not chance.one_in(3):
        root = mutations.tree(chance, root)
    try:
        told = json.dumps(root, ensure_ascii=False)
    except RecursionError:
        told = '{"elements": ' + "[" * 50_000
    path = folder / f"{stem}.json"
    path.write_bytes(mutations.encoded(chance, told))
    return path
