"""A town of two by two districts, written as files; see ``make_city`` in conftest."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

CRS = "EPSG:32718"
EAST, NORTH = 500_000.0, 8_000_000.0
NAMES = {"01": "Alto Norte", "02": "São Vicente", "03": "Peñón", "04": "Río Bajo"}

CityMaker = Callable[..., Path]


def square(column: float, row: float, side_m: float) -> shapely.Polygon:
    """Draw the square of a grid that starts in the south-west."""
    west, south = EAST + column * side_m, NORTH + row * side_m
    return shapely.box(west, south, west + side_m, south + side_m)


def middle(column: float, row: float) -> shapely.Point:
    """Find the middle of a cell, where streets cross."""
    return square(column, row, 500).centroid


def write_districts(folder: Path) -> None:
    """Write districts 01 and 02 in the south, 03 and 04 in the north."""
    geometry = [square(n % 2, n // 2, 1000) for n in range(4)]
    table = {"code": list(NAMES), "label": list(NAMES.values())}
    gpd.GeoDataFrame(table, geometry=geometry, crs=CRS).to_file(folder / "districts.geojson")


def write_cells(folder: Path) -> None:
    """Write cells k00 ... k33 (column, row) with 100, 110 ... 250 residents, two a home."""
    places = [(column, row) for row in range(4) for column in range(4)]
    pop = [100 + 10 * n for n in range(16)]
    table = {
        "code": [f"k{column}{row}" for column, row in places],
        "zone": [column for column, _ in places],
        "sector": [row for _, row in places],
        "parent": [f"0{1 + column // 2 + 2 * (row // 2)}" for column, row in places],
        "pop": pop,
        "homes": [one // 2 for one in pop],
    }
    geometry = [square(column, row, 500) for column, row in places]
    gpd.GeoDataFrame(table, geometry=geometry, crs=CRS).to_file(folder / "cells.geojson")


def write_streets(folder: Path) -> None:
    """Write a table of street edges between the middles of neighbouring cells."""
    rows = []
    for column in range(4):
        for row in range(4):
            for next_column, next_row in ((column + 1, row), (column, row + 1)):
                if max(next_column, next_row) < 4:
                    line = shapely.LineString([middle(column, row), middle(next_column, next_row)])
                    rows.append((f"n{column}{row}", f"n{next_column}{next_row}", line.wkt))
    frame = pd.DataFrame(rows, columns=["u", "v", "wkt"])
    frame.to_csv(folder / "streets.csv", index=False)


def write_places(folder: Path) -> None:
    """Write services and bus stops, each in the middle of a cell."""
    places = [
        ("s1", "school", "Escuela 1", 300, 0, 0),
        ("s2", "school", "Escuela 2", 500, 3, 3),
        ("h1", "hospital", "Hospital", 80, 0, 0),
        ("l1", "library", "Biblioteca", None, 2, 2),
        ("w1", "wifi", "Plaza", None, 0, 0),
        ("w2", "wifi", "Feria", None, 1, 1),
        ("b1", "bus", "Parada 1", None, 0, 1),
        ("b2", "bus", "Parada 2", None, 2, 3),
    ]
    table = pd.DataFrame(places, columns=["id", "kind", "name", "places", "column", "row"])
    points = [middle(*one) for one in table[["column", "row"]].itertuples(index=False)]
    table["x"], table["y"] = [one.x for one in points], [one.y for one in points]
    table["places"] = table["places"].astype("Int64")
    table.drop(columns=["column", "row"]).to_csv(folder / "places.csv", index=False)


def write_internet(folder: Path) -> None:
    """Write a table as statistics offices do: latin-1, semicolons, decimal commas, capitals."""
    lines = [
        "Distrito;Internet %;Computadora;Reclamos",
        "ALTO NORTE;91,5;0,8;1.200",
        "SAO VICENTE;80;0,6;300",
        "PEÑÓN;45,25;0,25;40",
        "Rio  Bajo;30;0,1;20",
    ]
    (folder / "internet.csv").write_text("\n".join(lines) + "\n", encoding="latin-1")


def tiny_city() -> dict[str, Any]:
    """Describe the town as its city file does."""
    listed = {"path": "places.csv", "id": "id", "name": "name", "lon": "x", "lat": "y", "crs": CRS}

    def places(wanted: str, **more: object) -> dict[str, Any]:
        return {**listed, "where": {"kind": wanted}, **more}

    return {
        "city": {"id": "tiny", "name": "Tiny", "country": "PE", "crs": CRS, "fictitious": True},
        "districts": {"path": "districts.geojson", "id": "code", "name": "label"},
        "cells": {
            "path": "cells.geojson",
            "id": "code",
            "district": "parent",
            "population": "pop",
            "bases": {"households": "homes"},
        },
        "streets": {"path": "streets.csv", "geometry": "wkt", "crs": CRS},
        "services": [
            places("school", category="school", capacity="places"),
            places("hospital", category="hospital"),
            places("library", category="library"),
        ],
        "transit": {"stops": [places("bus", mode="bus")]},
        "connectivity": [places("wifi", kind="wifi")],
        "tables": [
            {
                "path": "internet.csv",
                "encoding": "latin-1",
                "separator": ";",
                "decimal": ",",
                "thousands": ".",
                "key": "Distrito",
                "join": "name",
                "columns": {
                    "home_internet_share": {"column": "Internet %", "unit": "percent"},
                    "computer_home_share": {"column": "Computadora", "unit": "share"},
                    "requests_311_per_1000": {"column": "Reclamos", "unit": "count"},
                },
            }
        ],
    }


def as_toml(value: Any) -> str:
    """Write a value as TOML does, tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {as_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(as_toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def merged(block: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Change some keys of a block, deep down; None takes a key out."""
    result = dict(block)
    for key, value in changes.items():
        known = result.get(key)
        both = isinstance(known, dict) and isinstance(value, dict)
        result[key] = merged(known, value) if both else value
    return {key: value for key, value in result.items() if value is not None}


def write_city(folder: Path, **changes: Any) -> Path:
    """Write the town and its city file, some keys of it changed; give the city file's path."""
    for write in (write_districts, write_cells, write_streets, write_places, write_internet):
        write(folder)
    city = merged(tiny_city(), changes)
    file = folder / "city.toml"
    lines = [f"{key} = {as_toml(value)}" for key, value in city.items()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
