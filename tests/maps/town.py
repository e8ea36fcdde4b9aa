"""A made-up town as a finished study: everything that a map shows, nothing computed."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoequity.indicators import catalogue_table, read_catalogue
from geoequity.schema import AREAS, PILLARS, TYPES
from geoequity.study import Study

CRS = "EPSG:32718"
ORIGIN = np.array([480_000.0, 9_330_000.0])
NAMES = (
    *("La Ladera", "Puerto Viejo", "Santa Rosa Alta", "El Mirador"),
    *("San Ignacio", "Centro Histórico", "Las Flores", "Ñuñorco"),
    *("Villa Esperanza", "Barrio Obrero", "Los Álamos", "Río Abajo"),
    *("La Cantera", "Nueva Aurora", "Parque Industrial", "Quebrada Honda"),
    *("San Telmo del Valle", "Universitario", "El Palmar", "Loma Verde"),
    *("Tres Esquinas", "La Estación", "Altos del Sur", "Campo Grande"),
)
CATEGORIES = (
    "hospital",
    "clinic",
    "school",
    "wifi",
    "library",
    "green",
    "public_office",
    "skate_park",
)


def make_districts(*, count: int = 24, seed: int = 7) -> gpd.GeoDataFrame:
    """Cut a round town into districts with wavy borders that neighbours share vertex by vertex."""
    rng = np.random.default_rng(seed)
    seeds = shapely.multipoints(rng.uniform(-4000, 4000, (count, 2)))
    town = shapely.Point(0, 0).buffer(5000, quad_segs=32)
    pieces = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=town))
    pieces = shapely.intersection(pieces, town)
    noded = shapely.get_parts(shapely.polygonize([shapely.union_all(shapely.boundary(pieces))]))
    fine = shapely.segmentize(noded, 25)

    def bend(points: np.ndarray) -> np.ndarray:
        x, y = points.T
        dx = 350 * np.sin(y / 900) + 45 * np.sin(y / 110 + x / 300)
        dy = 300 * np.sin(x / 1100) + 40 * np.cos(x / 130)
        return np.round(points * [1.0, 1.3] + np.stack([dx, dy], axis=1) + ORIGIN, 2)

    shapes = shapely.transform(fine, bend)[:count]
    names = [
        NAMES[i % len(NAMES)] + ("" if i < len(NAMES) else f" {i}") for i in range(len(shapes))
    ]
    table = gpd.GeoDataFrame({"name": names}, geometry=shapes, crs=CRS)
    table.index = pd.Index([f"d{i:02d}" for i in range(len(table))], name="unit_id")
    table["population"] = rng.integers(4000, 31000, len(table)).astype(float)
    table["area_m2"] = table.area
    return table


def make_study(
    *,
    count: int = 24,
    services: int = 300,
    seed: int = 7,
    fictitious: bool = True,
    indicators: int | None = None,
) -> Study:
    """
    Make up a study with every kind of thing a map shows, unknown values included.

    With a number of ``indicators`` it has so many of those that enter the index, and no others.
    """
    rng = np.random.default_rng(seed)
    districts = make_districts(count=count, seed=seed)
    ids = districts.index
    near = 1 - np.hypot(*(shapely.get_coordinates(districts.centroid) - ORIGIN).T) / 9000
    catalogue = catalogue_table(read_catalogue())
    catalogue = catalogue[catalogue["unit"] != "money per person and month"]
    if indicators is not None:
        catalogue = catalogue[catalogue["worst"].notna()]
        catalogue = catalogue.iloc[np.linspace(0, len(catalogue) - 1, indicators).astype(int)]
    values, scores = _indicators(catalogue, near, ids, rng=rng)
    columns = _scores(catalogue, scores)
    districts = districts.assign(**columns)
    districts.loc[ids[-1], ["index", "structures"]] = np.nan
    districts["rank"] = districts["index"].rank(ascending=False)
    spread = rng.uniform(1.5, 6, len(ids))
    districts["index_low"], districts["index_high"] = (
        districts["index"] - spread,
        districts["index"] + spread,
    )
    districts["rank_low"] = (districts["rank"] - 3).clip(lower=1)
    districts["rank_high"] = (districts["rank"] + 3).clip(upper=len(ids))
    districts["type"] = _types(districts)
    districts["confidence"] = rng.uniform(0.35, 0.98, len(ids)).round(2)
    chance = pd.DataFrame(rng.dirichlet([1, 1, 1, 1], len(ids)), index=ids, columns=list(TYPES))
    chance = chance.mask(districts["type"].isna())
    places = _places(districts, services, rng=rng)
    stops, routes = _transport(rng=rng)
    return Study(
        districts=districts,
        cells=_cells(districts),
        services=places,
        stops=stops,
        routes=routes,
        indicators=values,
        cell_indicators=pd.DataFrame(),
        scores=scores,
        confidence=values.notna() * 0.9,
        inequality=pd.DataFrame(),
        types=chance.assign(type=districts["type"]),
        catalogue=catalogue,
        summary=_summary(districts, values, scores, chance, fictitious=fictitious),
        provenance=_provenance(),
    )


def _indicators(
    catalogue: pd.DataFrame, near: np.ndarray, ids: pd.Index, *, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make indicators that are better in the centre, and their goalpost scores."""
    values, scores = {}, {}
    for name, entry in catalogue.iterrows():
        level = np.clip(near * 0.8 + rng.normal(0, 0.16, len(ids)), 0.02, 0.98)
        if np.isnan(entry["worst"]):
            top = 100.0 if entry["unit"] == "score" else 0.5
            values[name] = level * top if entry["better"] == "higher" else (1 - level) * top
            continue
        values[name] = entry["worst"] + level * (entry["best"] - entry["worst"])
        scores[name] = 100 * level
    table = pd.DataFrame(values, index=ids).astype(float)
    scored = pd.DataFrame(scores, index=ids).astype(float)
    table.iloc[3, :6] = np.nan
    scored.iloc[3, :6] = np.nan
    return table, scored


def _scores(catalogue: pd.DataFrame, scores: pd.DataFrame) -> dict[str, pd.Series]:
    """Average scores by pillar and area."""
    held = catalogue.loc[scores.columns]
    columns = {one: scores.loc[:, held["pillar"] == one].mean(axis=1) for one in PILLARS}
    columns["technologies"] = (columns["technologies"] * 1.4 - 22).clip(1, 99)
    columns |= {one: scores.loc[:, held["area"] == one].mean(axis=1) for one in AREAS}
    columns["index"] = (columns["structures"] + columns["technologies"]) / 2
    return columns


def _types(districts: gpd.GeoDataFrame) -> list[str | None]:
    """Name types by the halves of the two pillars, one of them uncertain."""
    found: list[str | None] = []
    for solid, digital in zip(districts["structures"], districts["technologies"], strict=True):
        if np.isnan(solid):
            found.append(None)
        elif abs(solid - 50) < 2:
            found.append("uncertain")
        else:
            names = {
                (1, 1): "integrated",
                (0, 1): "showcase",
                (1, 0): "analogue",
                (0, 0): "neglected",
            }
            found.append(names[int(solid >= 50), int(digital >= 50)])
    return found


def _cells(districts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Cut districts into square cells."""
    xmin, ymin, xmax, ymax = districts.total_bounds
    boxes = [
        shapely.box(x, y, x + 900, y + 900)
        for x in np.arange(xmin, xmax, 900)
        for y in np.arange(ymin, ymax, 900)
    ]
    cells = gpd.GeoDataFrame(geometry=boxes, crs=CRS)
    cut = districts.reset_index()[["unit_id", "geometry"]]
    return cells.overlay(cut, keep_geom_type=True).rename(columns={"unit_id": "district_id"})


def _places(
    districts: gpd.GeoDataFrame, count: int, *, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Scatter services, a few of them as parks with an area and some without a name."""
    spread = rng.normal(0, 2600, (count, 2)) + ORIGIN
    shapes = shapely.points(spread)
    category = np.array(CATEGORIES)[rng.integers(0, len(CATEGORIES), count)]
    shapes = np.where(category == "green", shapely.buffer(shapes, 120), shapes)
    named = [f"{one.replace('_', ' ')} {i}" if i % 3 else None for i, one in enumerate(category)]
    return gpd.GeoDataFrame(
        {"category": category, "name": named, "capacity": np.nan, "source": "osm"},
        geometry=shapes,
        index=pd.Index([f"s{i}" for i in range(count)], name="service_id"),
        crs=districts.crs,
    )


def _transport(*, rng: np.random.Generator) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Draw a metro, a cable and buses, with their stops."""
    along = np.linspace(-4500, 4500, 10)
    lines = {
        "metro": [np.stack([along, 500 * np.sin(along / 2000)], axis=1)],
        "cable": [np.array([[800.0, 200.0], [2200, 2600], [2500, 4800]])],
        "bus": [rng.uniform(-3500, 3500, (6, 2)) for _ in range(6)],
    }
    rows = [
        (mode, shapely.linestrings(one + ORIGIN)) for mode, ones in lines.items() for one in ones
    ]
    routes = gpd.GeoDataFrame(
        {
            "mode": [mode for mode, _ in rows],
            "name": [f"{mode} {i}" for i, (mode, _) in enumerate(rows)],
        },
        geometry=[line for _, line in rows],
        index=pd.Index([f"r{i}" for i in range(len(rows))], name="route_id"),
        crs=CRS,
    ).assign(source="osm")
    points = [
        (mode, point)
        for mode, line in rows
        for point in shapely.points(shapely.get_coordinates(line))
    ]
    stops = gpd.GeoDataFrame(
        {"mode": [mode for mode, _ in points], "name": [f"Parada {i}" for i in range(len(points))]},
        geometry=[point for _, point in points],
        index=pd.Index([f"p{i}" for i in range(len(points))], name="stop_id"),
        crs=CRS,
    ).assign(source="osm")
    return stops, routes


def _interval(value: float, low: float, high: float) -> dict[str, Any]:
    """Write a value with its range over weights, unknown as None."""
    if np.isnan(value):
        return {"value": None, "sampling": None, "method": None}
    return {
        "value": float(value),
        "sampling": None,
        "method": {"low": float(low), "high": float(high)},
    }


def _or_none(value: float) -> float | None:
    """Write NaN as None."""
    return None if np.isnan(value) else float(value)


def _summary(
    districts: gpd.GeoDataFrame,
    indicators: pd.DataFrame,
    scores: pd.DataFrame,
    chance: pd.DataFrame,
    *,
    fictitious: bool,
) -> dict[str, Any]:
    """Write the summary that belongs to the made-up tables."""
    people = districts["population"]
    reason = {
        "id": "straight_line",
        "text": {
            "en": "walks measured in a straight line",
            "es": "caminatas medidas en línea recta",
            "pt": "caminhadas medidas em linha reta",
        },
    }
    told = {}
    for unit_id, row in districts.iterrows():
        best = scores.loc[unit_id].dropna().sort_values(ascending=False)
        told[unit_id] = {
            "name": row["name"],
            "population": row["population"],
            "score": _interval(row["index"], row["index_low"], row["index_high"]),
            "structures": _or_none(row["structures"]),
            "technologies": _or_none(row["technologies"]),
            "areas": {one: _or_none(row[one]) for one in AREAS},
            "rank": _interval(row["rank"], row["rank_low"], row["rank_high"]),
            "type": row["type"],
            "type_probability": {one: _or_none(chance.loc[unit_id, one]) for one in TYPES},
            "worst_quarter_probability": None,
            "confidence": row["confidence"],
            "strengths": list(best.index[:3]),
            "gaps": list(best.index[-3:]),
            "reasons": [reason] if row["confidence"] < 0.6 else [],
        }
    types = {
        one: {
            "districts": list(districts.index[districts["type"] == one]),
            "population_share": float(people[districts["type"] == one].sum() / people.sum()),
        }
        for one in (*TYPES, "uncertain")
    }

    def mean(column: pd.Series) -> float:
        known = column.notna()
        return float((column[known] * people[known]).sum() / people[known].sum())

    return {
        "city": {
            "id": "pueblo",
            "name": "Pueblo Inventado",
            "country": "Ninguno",
            "fictitious": fictitious,
            "languages": ["es", "pt", "en"],
            "licence": "ODbL 1.0",
            "question": {
                "en": "Who is reached by the cable?",
                "es": "¿A quién llega el cable?",
                "pt": "A quem chega o teleférico?",
            },
        },
        "population": {"total": float(people.sum()), "covered_share": 1.0, "outside": 0.0},
        "units": {"districts": len(districts), "cells": 200},
        "indicators": {one: {"mean": mean(indicators[one])} for one in indicators.columns},
        "pillars": {one: {"mean": mean(districts[one]), "gap": 20.0} for one in PILLARS},
        "areas": {one: {"mean": mean(districts[one]), "gap": 20.0} for one in AREAS},
        "index": {"mean": mean(districts["index"]), "gap": {"points": 31.2, "p90_p10": 1.8}},
        "districts": told,
        "types": {"basis": "absolute", **types},
        "findings": [
            {
                "id": "gap",
                "text": {
                    "en": "The best-served tenth has 31 points more than the worst-served.",
                    "es": "El décimo mejor servido tiene 31 puntos más que el peor servido.",
                    "pt": "O décimo mais bem servido tem 31 pontos a mais que o pior servido.",
                },
                "numbers": {"points": 31.2},
            }
        ],
        "method": {"threshold": 50},
    }


def _provenance() -> dict[str, Any]:
    """Name two sources, one of them OpenStreetMap."""
    return {
        "sources": [
            {
                "name": "streets and services",
                "provider": "OpenStreetMap contributors",
                "licence": "ODbL 1.0",
                "url": "https://www.openstreetmap.org",
                "reference_year": 2025,
                "citation": "OpenStreetMap contributors (2025)",
            },
            {
                "name": "censo",
                "provider": "Instituto de Estadística",
                "licence": "CC BY 4.0",
                "url": "javascript:alert(1)",
                "reference_year": 2022,
                "citation": None,
            },
        ]
    }
