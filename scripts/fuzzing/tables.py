"""Tables and layers: text, workbooks, Parquet, and what GDAL reads."""

import io
import json
import math
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pydantic import ValidationError
from pyproj import CRS as Crs
from tiny_city import CRS, NAMES, middle, square

from fuzzing import mutations
from fuzzing.mutations import Chance
from geoequity.sources import (
    boundaries,
    candidates,
    services,
    spec,
    streets,
    surveys,
    tables,
    transit_tables,
)
from geoequity.sources.files import Record

UTM = Crs(CRS)
DISTRICTS = [["code", "label"], *([key, name] for key, name in NAMES.items())]
SHAPES = [square(n % 2, n // 2, 1000) for n in range(4)]
AREA = shapely.box(*shapely.GeometryCollection(SHAPES).bounds).buffer(500)
UNITS = gpd.GeoDataFrame(
    {"name": list(NAMES.values()), "area_m2": 1e6},
    geometry=SHAPES,
    crs=CRS,
    index=pd.Index(list(NAMES), name="unit_id", dtype=object),
)
_LONLAT = [
    gpd.GeoSeries([middle(n % 4, n // 4)], crs=CRS).to_crs("EPSG:4326").iloc[0] for n in range(8)
]
INTERNET = [
    ["Distrito", "Code", "Internet %", "Computadora", "Reclamos", "n", "low", "high", "clase"],
    ["ALTO NORTE", "01", "91,5", "0,8", "1.200", "400", "90", "93", "alto"],
    ["SAO VICENTE", "02", "80", "0,6", "300", "350", "75", "85", "medio"],
    ["PEÑÓN", "03", "45,25", "0,25", "40", "120", "40", "50", "bajo"],
    ["Rio  Bajo", "04", "30", "0,1", "20", "90", "20", "40", "bajo"],
]
PLACES = [
    ["id", "kind", "name", "places", "x", "y", "wkt", "shelter"],
    *(
        [f"s{n}", ("school", "bus")[n % 2], f"Escuela {n}", str(100 * n), f"{p.x:.6f}",
         f"{p.y:.6f}", p.wkt, ("sí", "no", "x", "")[n % 4]]
        for n, p in enumerate(_LONLAT)
    ),
]  # fmt: skip
STREETS = [
    ["u", "v", "length", "wkt"],
    *(
        [f"n{n}", f"n{n + 1}", "500", shapely.LineString([middle(n, 0), middle(n + 1, 0)]).wkt]
        for n in range(3)
    ),
]
ROUTES = [
    ["id", "name", "headway", "type", "line"],
    *(
        [f"r{n}", f"Ruta {n}", str(5 + n), str((3, 700, 1, 6)[n]),
         shapely.LineString([middle(0, n), middle(3, n)]).wkt]
        for n in range(4)
    ),
]  # fmt: skip
TRIPS = [
    ["route", "dir", "trip", "start", "end", "every"],
    ["r0", "0", "t0", "5:00:00", "22:00:00", "600"],
    ["r0", "1", "t1", "5:10", "9:00", "300"],
    ["r1", "0", "t2", "24:10:00", "25:00:00", "900"],
]
TRIP_LIST = [
    ["trip_id", "route_id", "way"],
    ["t0", "r0", "0"],
    ["t1", "r0", "1"],
    ["t2", "r1", "0"],
]


def record(path: Path, name: str = "fuzz") -> Record:
    """Open a book."""
    return Record(name=name, path=path, origin=spec.Origin())


def options(chance: Chance, *, likely: bool = False) -> dict[str, Any]:
    """Choose ways of reading a file, those that fit it or others."""
    if not chance.one_in(6 if likely else 3):
        return {}
    made: dict[str, Any] = {
        "encoding": chance.choice(("latin-1", "utf-8", "utf-16", "cp1252", "nonsense", "idna")),
        "separator": chance.choice((";", "\t", ",", "|", " ", ".", "\\", "a")),
        "header": chance.choice((1, 2, 3, 9, 10**9)),
        "decimal": chance.choice(",."),
        "thousands": chance.choice((".", ",", " ", "'")),
        "missing": ("-", "s/d"),
        "fill": (chance.choice(("code", "kind", "Distrito", "id", "route")),),
        "layer": chance.choice(("a", "districts", "Hoja1", "", "Sheet", "layer")),
        "crs": chance.choice(
            (CRS, "EPSG:4326", "EPSG:0", "nonsense", "+proj=geocent", "EPSG:5773")
        ),
        "where": chance.choice(
            ({"kind": "school"}, {"code": ["01", 2, 3.0]}, {"x": 10**30}, {"Code": 1, "n": "400"})
        ),
        "pair": chance.choice(("xy", "yx")),
        "geometry": chance.choice(("wkt", "geometry", "line", "name")),
        "template": chance.choice(
            ("{:.0f}_{}", "{}", "{0:>9999999999}", "{0.a}", "{:x}", "{{", "{!r}")
        ),
    }
    keys = chance.sample(sorted(made), chance.randint(1, 3))
    return {key: made[key] for key in keys}


def block(kind: Any, chance: Chance, own: dict[str, Any], *, likely: bool = True) -> Any:
    """Make a block of a city file, with options that fit together or without."""
    known = set(kind.model_fields)
    more = {key: one for key, one in options(chance, likely=likely).items() if key in known}
    for given in ({**own, **more}, own):
        try:
            return kind(**given)
        except ValidationError:
            continue
    msg = f"{kind.__name__}: a target's own options are at fault: {own}"
    raise TypeError(msg)


def write(chance: Chance, folder: Path, rows: list[list[Any]], *, stem: str = "table") -> Path:
    """Write a table in one of the formats that tables come in, well or badly."""
    how = chance.choice(("csv", "csv", "csv", "tsv", "txt", "xlsx", "parquet", "zip", "zip"))
    rows = rows if chance.one_in(7) else mutations.table(chance, rows)
    file = folder / f"{stem}.{how}"
    if how == "xlsx":
        data = _book(chance, rows)
    elif how == "parquet":
        data = _parquet(chance, rows)
    else:
        separator = "\t" if how == "tsv" else ";" if chance.one_in(8) else ","
        told = mutations.delimited(chance, rows, separator=separator)
        if chance.one_in(15):
            told = "Cuadro 1\n\n" + told
        data = mutations.encoded(chance, told)
        if how == "zip":
            data = mutations.packed(chance, {f"{stem}.csv": data})
    file.write_bytes(data)
    return file


def _book(chance: Chance, rows: list[list[Any]]) -> bytes:
    """Write a workbook; its XML may be spoilt inside of the zip."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(chance.choice(("Sheet", "Hoja1", "a")))
    for row in rows:
        sheet.append([_cell(one) for one in row])
    stream = io.BytesIO()
    book.save(stream)
    data = stream.getvalue()
    if not chance.one_in(2):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(sorted(parts))
    if chance.one_in(6):
        del parts[name]
    elif chance.one_in(6):
        bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
        for one, before in zip("bcdefghij", "abcdefghi", strict=True):
            bomb += f'<!ENTITY {one} "{f"&{before};" * 10}">'.encode()
        parts[name] = bomb + b"]><a>&j;</a>"
    else:
        parts[name] = mutations.raw(chance, parts[name])
    return mutations.packed(chance, parts) if chance.one_in(4) else _zipped(parts)


def _zipped(parts: dict[str, bytes]) -> bytes:
    """Write a zip."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return stream.getvalue()


def _cell(one: Any) -> Any:
    """Give what a workbook can hold."""
    if isinstance(one, str):
        return "".join(letter for letter in one[:32_000] if letter.isprintable()) or None
    if isinstance(one, bool) or one is None:
        return one
    return (
        one
        if isinstance(one, int | float) and abs(one) < 1e300 and not math.isnan(one)
        else mutations.written(one)[:99]
    )


def _parquet(chance: Chance, rows: list[list[Any]]) -> bytes:
    """Write Parquet, of text or of other types, whole or spoilt."""
    header, body = (rows or [[]])[0], rows[1:]
    columns: dict[str, pa.Array] = {}
    for at, name in enumerate(header):
        cells = [row[at] if at < len(row) else None for row in body]
        texts = pa.array(
            [
                None
                if one is None
                else mutations.written(one)[:999].encode("utf-8", "replace").decode()
                for one in cells
            ],
            pa.string(),
        )
        kind = chance.choice(
            ("text",) * 6 + ("float", "list", "dictionary", "binary", "date", "null")
        )
        count = len(cells)
        made = {
            "float": lambda n=count: pa.array(np.linspace(0, 1e9, n)),
            "list": lambda n=count: pa.array([[1, 2]] * n),
            "dictionary": lambda t=texts: t.dictionary_encode(),
            "binary": lambda t=texts: t.cast(pa.binary()),
            "date": lambda n=count: pa.array([2**40] * n, pa.timestamp("us")),
            "null": lambda n=count: pa.nulls(n),
        }.get(kind, lambda t=texts: t)()
        columns[str(name)[:99].encode("utf-8", "replace").decode()] = made
    table = pa.table(columns)
    if chance.one_in(10):
        geo = chance.choice((b"{}", b"[]", b"{", b'{"primary_column":"x","columns":{}}', b"1"))
        table = table.replace_schema_metadata({b"geo": geo})
    if chance.one_in(10):
        table = table.replace_schema_metadata({b"pandas": chance.choice((b"{}", b"{", b"[1]"))})
    stream = io.BytesIO()
    groups = max(1, chance.choice((1, 2, len(body))))
    pq.write_table(
        table, stream, row_group_size=groups, compression=chance.choice(("snappy", "none", "zstd"))
    )
    data = stream.getvalue()
    return mutations.raw(chance, data) if chance.one_in(3) else data


def table(chance: Chance, folder: Path) -> Callable[[], object]:
    """Values and surveys by district."""
    columns = {
        "home_internet_share": {"column": "Internet %", "unit": "percent"},
        "computer_home_share": {"column": "Computadora", "unit": "share"},
        "requests": {"column": "Reclamos", "unit": "count"},
        "ratio": {"numerator": "low", "denominator": "high", "unit": "share"},
        "class": {"column": "clase", "classes": {"alto": 3, "medio": 2, "bajo": 1}},
    }
    asked = chance.sample(sorted(columns), chance.randint(1, 3))
    file = write(chance, folder, INTERNET)
    by_name = chance.one_in(2)
    own: dict[str, Any] = {
        "path": file,
        "key": "Distrito" if by_name else "Code",
        "join": "name" if by_name else "id",
        "decimal": ",",
        "thousands": ".",
    }
    if chance.one_in(6):
        own |= {"key": ("Code", "n")}
    if chance.one_in(6):
        own |= {"aliases": {"Rio Bajo": "Río Bajo", "x": "y"}}
    units = None if chance.one_in(5) else UNITS
    if chance.one_in(3):
        items = {
            "safe": {
                "column": "Internet %",
                "unit": "percent",
                "n": "n",
                "margin": "low",
                "label": {"en": "x"},
            },
            "happy": {"column": "Computadora", "n": "n", "label": {"es": "y"}},
        }
        survey = block(spec.SurveySpec, chance, {**own, "items": items})
        return lambda: surveys.read_survey(survey, units=units, record=record(file))
    own |= {"columns": {one: columns[one] for one in asked}}
    if chance.one_in(4):
        own |= {"duplicates": chance.choice(("first", "sum"))}
    if chance.one_in(4):
        own["columns"] = {
            "home_internet_share": {**columns["home_internet_share"], "low": "low", "high": "high"},
            "computer_home_share": {**columns["computer_home_share"], "n": "n"},
        }
        own.pop("duplicates", None)
    try:
        values = block(spec.TableSpec, chance, own)
    except TypeError:
        values = block(
            spec.TableSpec, chance, {key: one for key, one in own.items() if key != "duplicates"}
        )
    scales = {"home_internet_share": "share", "requests": "ratio"}
    return lambda: tables.read_values(values, units=units, scales=scales, record=record(file))


# -- layers -----------------------------------------------------------------------


def _collection(rows: list[list[Any]], shapes: list[Any], crs: str | None) -> dict[str, Any]:
    """Write features of a map as a tree."""
    header = rows[0]
    features = [
        {
            "type": "Feature",
            "properties": dict(zip(header, row, strict=True)),
            "geometry": json.loads(shapely.to_geojson(shape)),
        }
        for row, shape in zip(rows[1:], shapes, strict=True)
    ]
    named = {} if crs is None else {"crs": {"type": "name", "properties": {"name": crs}}}
    return {"type": "FeatureCollection", **named, "features": features}


@cache
def _layers(suffix: str, kind: str) -> bytes:
    """Write good districts or cells in a format, once."""
    import tempfile

    frame = UNITS.reset_index()[["unit_id", "name", "geometry"]]
    frame.columns = ["code", "label", "geometry"]
    if kind == "cells":
        frame = _cells()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        if suffix == ".parquet":
            frame.to_parquet(path)
        elif suffix == ".zip":
            (Path(folder) / "a").mkdir()
            frame.to_file(Path(folder) / "a" / "a.shp")
            parts = {one.name: one.read_bytes() for one in (Path(folder) / "a").iterdir()}
            return _zipped(parts)
        else:
            driver = {".kml": "KML", ".fgb": "FlatGeobuf", ".gpkg": "GPKG", ".gml": "GML"}[suffix]
            frame.to_crs("EPSG:4326").to_file(path, driver=driver)
        return path.read_bytes()


@cache
def _cells() -> gpd.GeoDataFrame:
    """Sixteen cells with their counts."""
    places = [(column, row) for row in range(4) for column in range(4)]
    return gpd.GeoDataFrame(
        {
            "code": [f"k{column}{row}" for column, row in places],
            "zone": [column for column, _ in places],
            "sector": [row for _, row in places],
            "parent": [f"0{1 + column // 2 + 2 * (row // 2)}" for column, row in places],
            "pop": [100 + 10 * n for n in range(16)],
            "homes": [50 + 5 * n for n in range(16)],
        },
        geometry=[square(column, row, 500) for column, row in places],
        crs=CRS,
    )


def _layer(chance: Chance, folder: Path, kind: str) -> Path:
    """Write districts or cells in one of the formats of layers, well or badly."""
    if chance.one_in(3):
        suffix = chance.choice((".gpkg", ".zip", ".kml", ".fgb", ".gml", ".parquet"))
        file = folder / f"layer{suffix}"
        data = _layers(suffix, kind)
        if not chance.one_in(4):
            if suffix == ".zip":
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    parts = {one: archive.read(one) for one in archive.namelist()}
                name = chance.choice(sorted(parts))
                parts[name] = mutations.raw(chance, parts[name])
                data = mutations.packed(chance, parts)
            else:
                data = mutations.raw(chance, data)
        file.write_bytes(data)
        return file
    if kind == "cells":
        cells = _cells()
        body = cells.drop(columns="geometry").astype(object).to_numpy().tolist()
        root = _collection([list(cells.columns[:-1]), *body], list(cells.geometry), CRS)
    else:
        root = _collection(DISTRICTS, SHAPES, CRS)
    if not chance.one_in(6):
        root = mutations.tree(chance, root)
    file = folder / f"layer.{chance.choice(('geojson', 'geojson', 'json'))}"
    try:
        told = json.dumps(root, ensure_ascii=False)
    except RecursionError:
        told = '{"type": "FeatureCollection", "features": ' + "[" * 50_000
    file.write_bytes(mutations.encoded(chance, told))
    return file


def layer(chance: Chance, folder: Path) -> Callable[[], object]:
    """Districts, cells and borders."""
    kind = chance.choice(("districts", "districts", "cells", "border"))
    file = _layer(chance, folder, kind)
    if kind == "border":
        land = block(spec.BorderSpec, chance, {"path": file})
        return lambda: boundaries.read_border(land, crs=UTM, record=record(file))
    own: dict[str, Any] = {"path": file, "id": "code"}
    if chance.one_in(4):
        own["duplicates"] = chance.choice(("first", "dissolve"))
    if kind == "districts":
        own |= {"name": "label"} if not chance.one_in(4) else {}
        own |= {"name_case": "title"} if chance.one_in(5) else {}
        own |= {"names": {"01": "Otro", "99": "Nadie"}} if chance.one_in(8) else {}
        own |= {"overlaps": chance.choice(("largest", "split"))} if chance.one_in(3) else {}
        crs = chance.choice(("auto", CRS, CRS, "EPSG:4326", "EPSG:3857", "nonsense"))
        found = block(spec.DistrictsSpec, chance, own)
        return lambda: boundaries.read_districts(found, crs=crs, record=record(file))
    own |= {"population": "pop", "bases": {"households": "homes"}}
    own |= {"district": "parent"} if chance.one_in(2) else {}
    if chance.one_in(5):
        own |= {"id": ("zone", "sector"), "template": "{:.0f}_{:.0f}"}
    if chance.one_in(6):
        own["groups"] = {"older": "homes"}
    districts = None if chance.one_in(6) else UNITS
    cells = block(spec.CellsSpec, chance, own)
    return lambda: boundaries.read_cells(cells, crs=UTM, districts=districts, record=record(file))


def places(chance: Chance, folder: Path) -> Callable[[], object]:
    """Services, stops, Wi-Fi and candidates."""
    file = write(chance, folder, PLACES, stem="places")
    how = {"lon": "x", "lat": "y"} if chance.one_in(2) else {"geometry": "wkt"}
    own: dict[str, Any] = {"path": file, "id": "id", "name": "name", **how}
    if chance.one_in(3):
        own.pop("id")
    if chance.one_in(2):
        own["where"] = {"kind": chance.choice(("school", "bus", ["school", "bus"]))}
    near = {
        "crs": UTM,
        "districts": None if chance.one_in(5) else UNITS,
        "study_area": None if chance.one_in(5) else AREA,
    }
    kind = chance.choice(("services", "services", "stops", "stops", "wifi", "candidates"))
    if chance.one_in(4) and kind in {"services", "stops"}:
        own["duplicates"] = "first"
    if kind == "candidates":
        rows = mutations.table(
            chance,
            [
                ["id", "name", "lon", "lat", "capacity", "price"],
                *(
                    [f"c{n}", f"Lote {n}", f"{p.x}", f"{p.y}", str(n * 10), "99.5"]
                    for n, p in enumerate(_LONLAT)
                ),
            ],
        )
        file.unlink()
        file = folder / "sites.csv"
        file.write_bytes(mutations.encoded(chance, mutations.delimited(chance, rows)))
        return lambda: candidates.read_candidates(file, crs=UTM)
    if kind == "stops":
        more = {"mode": "bus", "shelter": "shelter"} if chance.one_in(2) else {"mode": "metro"}
        stops = block(spec.StopsSpec, chance, {**own, **more})
        return lambda: services.read_stops(stops, **near, record=record(file))
    if kind == "wifi":
        own.pop("duplicates", None)
        wifi = block(spec.ConnectivitySpec, chance, {**own, "kind": "wifi"})
        return lambda: services.read_services(wifi, **near, record=record(file))
    more = {"category": "school"} | ({"capacity": "places"} if chance.one_in(2) else {})
    found = block(spec.ServicesSpec, chance, {**own, **more})

    def read() -> object:
        lists = services.read_services(found, **near, record=record(file))
        return services.merge_services(lists, lists, rule="dedupe") if len(lists) > 99 else lists

    return read


def lines(chance: Chance, folder: Path) -> Callable[[], object]:
    """Streets, routes and trips that tell no stop."""
    kind = chance.choice(("streets", "routes", "routes", "trips", "trips"))
    area = None if chance.one_in(5) else AREA
    if kind == "streets":
        file = write(chance, folder, STREETS, stem="streets")
        own = {"path": file, "geometry": "wkt", "crs": CRS}
        own |= {"length": "length"} if chance.one_in(2) else {}
        edges = block(spec.StreetsSpec, chance, own)
        return lambda: streets.read_streets(edges, crs=UTM, study_area=area, record=record(file))
    if kind == "routes":
        file = write(chance, folder, ROUTES, stem="routes")
        own = {"path": file, "id": "id", "name": "name", "crs": CRS}
        own |= {"mode": "bus"} if chance.one_in(2) else {"route_type": "type"}
        own |= {"headway": "headway"} if chance.one_in(2) else {}
        own |= {} if chance.one_in(4) else {"geometry": "line"}
        own |= {"duplicates": "first"} if chance.one_in(4) else {}
        if chance.one_in(5):
            own.pop("id")
        found = block(spec.RoutesSpec, chance, own)

        def read() -> object:
            book = record(file, "transit.routes.bus")
            return transit_tables.read_routes(found, crs=UTM, study_area=area, record=book)

        return read
    file = write(chance, folder, TRIPS, stem="trips")
    own = {"path": file, "start": "start"}
    own |= {"end": "end", "headway": "every"} if not chance.one_in(3) else {}
    own |= {"headway_unit": "min"} if chance.one_in(6) else {}
    if chance.one_in(2):
        listed = write(chance, folder, TRIP_LIST, stem="list")
        own |= {
            "trip": "trip",
            "trips": block(spec.TripListSpec, chance, {"path": listed, "direction": "way"}),
        }
    else:
        own |= {"route": "route"} | ({"direction": "dir"} if chance.one_in(2) else {})
    runs = block(spec.TripsSpec, chance, own)
    mode = chance.choice((None, "bus"))
    routes = gpd.GeoDataFrame(
        {
            "mode": ["bus", "bus"], "name": ["a", "b"], "source": "transit.routes.bus",
            "headway_min": [np.nan, 10.0], "headway_from": [None, "table"],
            "first_s": np.nan, "last_s": np.nan,
        },
        geometry=[shapely.LineString([middle(0, n), middle(3, n)]) for n in (0, 1)],
        crs=CRS,
        index=pd.Index(["transit.routes.bus/r0", "transit.routes.bus/r1"], name="route_id"),
    )  # fmt: skip

    def read() -> object:
        books = {} if runs.trips is None else {"trips_record": record(runs.trips.path)}
        book = record(file, "transit.trips")
        found = transit_tables.read_trips(runs, record=book, **books)
        return transit_tables.join_trips(routes, found, mode=mode, record=book)

    return read
