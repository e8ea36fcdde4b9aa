"""A made-up city, small enough to check by hand and large enough to look like one."""

import math
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import LineString, Polygon

from geoequity.findings import findings
from geoequity.indicators import catalogue_table, read_catalogue
from geoequity.inequality import quantile
from geoequity.schema import AREAS, PILLARS, TYPES
from geoequity.study import Study

CRS = "EPSG:32720"
NAMES = (
    *("Alto Verde", "Barracas del Río", "Cerro Norte", "Dos Puentes", "El Molino", "Flor de Lis"),
    *("Guayabal", "Hacienda Vieja", "Iguazú", "Jardines", "Kilómetro 8", "La Merced"),
)


def hexagon(column: int, row: int, side_m: float = 900.0) -> Polygon:
    """One cell of a honeycomb."""
    x = column * 1.5 * side_m
    y = (row + column % 2 / 2) * math.sqrt(3) * side_m
    corners = [(math.cos(k * math.pi / 3), math.sin(k * math.pi / 3)) for k in range(6)]
    return Polygon([(round(x + side_m * a, 3), round(y + side_m * b, 3)) for a, b in corners])


def make_study(
    names=NAMES,
    *,
    people=True,
    technologies=True,
    material=True,
    index=True,
    geometry=None,
    crs=CRS,
    fictitious=True,
    readings=False,
    seed=7,
):
    """Make a study whose summary agrees with its tables."""
    rng = np.random.default_rng(seed)
    count = len(names)
    ids = [f"d{place:02d}" for place in range(count)]
    wide = math.ceil(math.sqrt(count))
    shapes = geometry or [hexagon(place % wide, place // wide) for place in range(count)]
    catalogue = catalogue_table(read_catalogue())
    scored = [one for one, entry in catalogue.iterrows() if entry["role"] == "indicator"]
    if not technologies:
        scored = [one for one in scored if catalogue.loc[one, "pillar"] != "technologies"]
    scored, left_out = scored[:-4], scored[-4:]
    base = np.linspace(0.25, 0.85, count) if material else np.full(count, 0.6)
    scores = pd.DataFrame(
        {
            one: np.clip(
                100 * base
                + (0 if catalogue.loc[one, "pillar"] == "structures" else 12)
                + rng.normal(0, 14 if material else 0.5, count),
                0,
                100,
            )
            for one in scored
        },
        index=pd.Index(ids, name="unit_id"),
    )
    indicators = pd.DataFrame(
        {
            one: catalogue.loc[one, "worst"]
            + scores[one] / 100 * (catalogue.loc[one, "best"] - catalogue.loc[one, "worst"])
            for one in scored
        }
    )
    indicators["unmet_needs_share"] = np.clip(0.3 - 0.3 * base + rng.normal(0, 0.02, count), 0, 1)
    population = pd.Series(rng.integers(8_000, 90_000, count).astype(float), index=scores.index)
    if not people:
        population[:] = np.nan
    catalogue = catalogue.loc[indicators.columns]
    pillar = {
        one: scores[[c for c in scored if catalogue.loc[c, "pillar"] == one]].mean(axis=1)
        if one == "structures" or technologies
        else pd.Series(np.nan, index=scores.index)
        for one in PILLARS
    }
    areas = {
        area: scores[[c for c in scored if catalogue.loc[c, "area"] == area]].mean(axis=1)
        for area in AREAS
    }
    whole = (pillar["structures"] + pillar["technologies"]) / 2
    whole = whole if people and index else whole * np.nan
    districts = gpd.GeoDataFrame(
        {
            "name": list(names),
            "population": population,
            "households": (population / 3).round(),
            "area_m2": [shape.area for shape in shapes],
            "index": whole,
            **pillar,
            **areas,
        },
        geometry=list(shapes),
        crs=crs,
        index=scores.index,
    )
    stated = people and technologies and material and index
    high = {one: pillar[one] >= 50 for one in PILLARS}
    kinds = [None] * count
    if stated:
        table = {(True, True): 0, (False, True): 1, (True, False): 2, (False, False): 3}
        pairs = zip(high["structures"], high["technologies"], strict=True)
        kinds = [TYPES[table[bool(s), bool(t)]] for s, t in pairs]
        near = (abs(pillar["structures"] - 50) < 2).to_numpy()
        kinds = ["uncertain" if close else kind for kind, close in zip(kinds, near, strict=True)]
    districts["type"] = pd.Series(kinds, index=districts.index, dtype=object)
    everyone = float(population.sum()) if people else None
    known = people and whole.notna().any()
    summary = {
        "city": {
            "id": "made_up",
            "name": "Villa Inventada",
            "country": "PE",
            "crs": crs,
            "imd_2025_rank": None,
            "fictitious": fictitious,
            "languages": ["es", "pt", "en"],
            "licences": ["ODbL 1.0", "CC BY 4.0"],
            "title": {},
            "question": {"es": "¿Para quién?", "en": "For whom?", "pt": "Para quem?"},
        },
        "population": {
            "total": everyone,
            "covered_share": 0.987 if people else None,
            "outside": 1234 if people else None,
        },
        "units": {"districts": count, "cells": 0},
        "indicators": {
            one: _figures(one, indicators[one], population, catalogue.loc[one])
            for one in indicators.columns
        },
        "pillars": {one: _mean_gap(pillar[one], population) for one in PILLARS},
        "areas": {one: _mean_gap(areas[one], population) for one in AREAS},
        "index": {
            **_mean_gap(whole, population),
            "mean_abs_difference": None,
            "method": "x",
            "sensitivity": {
                "normalise": {
                    "first": -0.01,
                    "first_error": 0.02,
                    "total": 0.1,
                    "total_error": 0.01,
                },
                "weights": {"first": 0.7, "first_error": 0.04, "total": 0.9, "total_error": 0.04},
            },
        },
        "districts": {},
        "types": {
            "basis": "absolute" if stated else "no_material_gap" if known else None,
            **{
                kind: {
                    "districts": [u for u, k in zip(ids, kinds, strict=True) if k == kind],
                    "population_share": float(population[[k == kind for k in kinds]].sum())
                    / everyone
                    if stated
                    else None,
                }
                for kind in (*TYPES, "uncertain")
            },
        },
        "absent": {
            one: {
                "id": "no_table",
                "text": {
                    "en": "no table of this city offers it",
                    "es": "ninguna tabla de esta ciudad lo ofrece",
                    "pt": "nenhuma tabela desta cidade o oferece",
                },
            }
            for one in left_out
        },
        "method": {
            "normalisation": "goalposts of the catalogue",
            "threshold": 50.0,
            "min_probability": 0.8,
            "min_gap_points": 10.0,
            "draws": 1000,
            "seed": 2025,
            "weights_range": [0.5, 1.5],
            "level": 0.9,
            "walking_speed_kmh": 4.8,
            "streets": "straight_line",
            "detour_factor": 1.3,
            "basis": "absolute",
            "weights": {},
            "epsilon": 0.5,
        },
        "versions": {"geoequity": "0.1.0", "python": "3.11.2"},
        "warnings": ["districts.geojson: 1 invalid ring repaired: d03"],
    }
    rank = whole.rank(ascending=False)
    for unit in ids:
        order = scores.loc[unit].sort_values()
        value = _number(whole[unit])
        summary["districts"][unit] = {
            "name": districts.loc[unit, "name"],
            "population": _number(population[unit]),
            "score": _interval(value, 3.5),
            "structures": _number(pillar["structures"][unit]),
            "technologies": _number(pillar["technologies"][unit]),
            "areas": {area: _number(areas[area][unit]) for area in AREAS},
            "rank": _interval(_number(rank[unit]), 2.0),
            "type": districts.loc[unit, "type"],
            "type_probability": _probability(districts.loc[unit, "type"]),
            "worst_quarter_probability": 0.2,
            "confidence": 0.71,
            "strengths": list(order.index[-3:][::-1]),
            "gaps": list(order.index[:3]),
            "reasons": [],
        }
    study = Study(
        districts=districts,
        cells=districts.iloc[:0],
        services=places(districts, "service_id", category=("hospital", "school", "street_lamp")),
        stops=places(districts, "stop_id", mode=("bus", "metro")),
        routes=lines(districts),
        indicators=indicators,
        cell_indicators=indicators.iloc[:0],
        scores=scores,
        confidence=scores * 0 + 0.9,
        inequality=pd.DataFrame(),
        types=pd.DataFrame({"type": kinds}, index=scores.index),
        catalogue=catalogue,
        summary=summary,
        provenance=PROVENANCE,
    )
    told = findings(
        summary=summary,
        districts=districts,
        indicators=indicators,
        scores=scores,
        catalogue=catalogue,
    )
    study = replace(study, summary={**summary, "findings": told})
    return with_readings(study) if readings else study


def places(districts, key, **kinds):
    """Put a place of some kind into the middle of each district, in turn."""
    ((column, names),) = kinds.items()
    count = len(districts)
    ids = pd.Index([f"{key[0]}{place}" for place in range(count)], name=key)
    return gpd.GeoDataFrame(
        {
            column: [names[place % len(names)] for place in range(count)],
            "name": list(districts["name"]),
            "capacity": np.nan,
            "source": "osm",
        },
        geometry=list(districts.geometry.centroid),
        crs=districts.crs,
        index=ids,
    )


def lines(districts):
    """Run a bus through the middles of the districts."""
    path = LineString([*districts.geometry.centroid, districts.geometry.iloc[0].centroid])
    return gpd.GeoDataFrame(
        {
            "mode": ["bus"],
            "ref": ["12"],
            "name": ["Ronda"],
            "headway_min": [8.0],
            "source": ["osm"],
        },
        geometry=[LineString(path.coords if path.length else [(0, 0), (1, 1)])],
        crs=districts.crs,
        index=pd.Index(["r0"], name="route_id"),
    )


def with_readings(study):
    """Add a survey, speed tests, groups and a hazard; the third district has too few tests."""
    ids, quiet, count = list(study.indicators.index), 2, len(study.indicators)
    every = catalogue_table(read_catalogue())
    speed = pd.Series(np.linspace(20.0, 80.0, count), index=ids)
    steps = pd.Series(np.linspace(0.0, 0.44, count), index=ids)
    values = {
        "fixed_down_mbps": speed,
        "fixed_under_25_3_share": 0.5 - steps,
        "fixed_under_100_20_share": 1.0 - steps,
        "fixed_untested_share": steps / 4,
        "hazard_exposed_share": steps,
        "services_exposed_share": steps.where(steps > 0),
        "safe_hospital_walk_min": 20 + 100 * steps,
        "safe_shelter_walk_min": 10 + 10 * steps,
    }
    indicators = study.indicators.assign(**values)
    sampled = [one for one in values if one == "fixed_down_mbps" or "under" in one]
    if count > quiet:
        indicators.loc[ids[quiet], sampled] = np.nan
    intervals = pd.DataFrame(
        [
            (unit, one, 0.8 * value, min(1.2 * value, 1.0) if "share" in one else 1.2 * value)
            for one in sampled
            for unit, value in indicators[one].items()
        ],
        columns=["unit_id", "indicator", "low", "high"],
    )
    withheld = indicators["fixed_down_mbps"].isna()
    figures = {"test_mean": speed * 1.1, "tile_median": speed * 0.9, "tests": speed * 10}
    broadband = pd.DataFrame(
        {f"fixed_down_mbps_{one}": figure.mask(withheld) for one, figure in figures.items()}
        | {"fixed_down_mbps_suppressed": withheld}
    )
    population = study.districts["population"]
    catalogue = every.loc[[one for one in every.index if one in indicators.columns]]
    told = {
        one: _figures(one, indicators[one].fillna(0.0), population, catalogue.loc[one])
        for one in catalogue.index
    }
    told = {one: figures | {"groups": _groups_of(figures)} for one, figures in told.items()}
    over = "measured_speed household_access device"
    inclusion = {
        unit: {"score": 40.0 + place, "parts": 3, "over": over} for place, unit in enumerate(ids)
    }
    if count > quiet:
        inclusion[ids[quiet]] |= {"parts": 2, "over": "household_access device"}
    summary = {
        **study.summary,
        "indicators": told,
        "perception": {"satisfied": _opinions(ids), "trust": _means(ids)},
        "digital_inclusion": {"mean": 45.5, "gap": 9.0, "districts": inclusion},
    }
    return replace(
        study,
        indicators=indicators,
        intervals=intervals,
        broadband=broadband,
        catalogue=catalogue,
        summary=summary,
    )


def _groups_of(figures):
    mean = figures["mean"]
    told = {"children": 1.0, "older": 0.5, "skaters": 2.0}
    return {one: {"mean": None if mean is None else mean * by} for one, by in told.items()}


def _opinions(ids):
    """Answers from 10 % up in even steps, with 5 points of error either side; one disagrees."""
    answers = np.linspace(0.1, 0.9, len(ids))
    return {
        "label": {"es": "Satisfechos", "en": "Satisfied", "pt": "Satisfeitos"},
        "indicator": "fixed_down_mbps",
        "mean": 0.5,
        "n": 1200,
        "districts": {
            unit: {"value": one, "sampling": {"low": one - 0.05, "high": one + 0.05}, "n": 100.0}
            for unit, one in zip(ids, answers, strict=True)
        },
        "disagree": [{"district": ids[0], "said": 0.05, "measured": 0.9}],
    }


def _means(ids):
    """Marks from 1 to 10 that no indicator measures, unknown in the first district."""
    answers = {unit: {"value": 3.0 + place % 5, "n": None} for place, unit in enumerate(ids)}
    answers[ids[0]]["value"] = None
    for one in answers.values():
        one["sampling"] = None
    label = {"es": "Confianza en la ciudad", "en": "Trust in the city", "pt": "Confiança"}
    told = {"label": label, "indicator": None, "mean": 5.2, "n": None}
    return {**told, "districts": answers, "disagree": []}


def _number(value):
    return None if value is None or math.isnan(value) else float(value)


def _interval(value, slack):
    method = None if value is None else {"low": max(value - slack, 0), "high": value + slack}
    return {"value": value, "sampling": None, "method": method}


def _probability(kind):
    if kind is None:
        return dict.fromkeys(TYPES)
    likeliest, share = ("neglected", 0.58) if kind == "uncertain" else (kind, 0.91)
    return {one: share if one == likeliest else (1 - share) / 3 for one in TYPES}


def _mean_gap(score, population):
    known = score.notna() & population.notna()
    if not known.any():
        return {"mean": None, "gap": None}
    score, population = score[known], population[known]
    low, high = (quantile(score, population=population, q=q) for q in (0.1, 0.9))
    gap = {"points": high - low, "p90_p10": high / low}
    return {"mean": float(np.average(score, weights=population)), "gap": gap}


def _figures(identifier, values, population, entry):
    known = population.notna().any()
    return {
        "unit": entry["unit"],
        "base": entry["base"],
        "mean": float(np.average(values, weights=population)) if known else None,
        "coverage": 0.94 if known else None,
        "min_district": str(values.idxmin()),
        "max_district": str(values.idxmax()),
        "ratio": 2.0,
        "confidence": 0.45 if identifier == "school_walk_min" else 0.9,
        "reasons": ["mapped thinly"] if identifier == "school_walk_min" else [],
        "gini": {"value": 0.21, "sampling": None, "method": None}
        if known and entry["scale"] == "ratio"
        else None,
        "absolute_gini": 0.08 if known else None,
        "theil": {"total": 0.2, "between": 0.05, "within": 0.15} if known else None,
    }


PROVENANCE = {
    "sources": [
        {
            "name": "districts",
            "path": "districts.geojson",
            "kind": "boundaries",
            "provider": "City of Villa Inventada",
            "url": "https://example.org/districts",
            "licence": "CC BY 4.0",
            "reference_year": 2019,
            "retrieved": "2025-11-03",
            "citation": "City of Villa Inventada, Districts, 2019",
            "sha256": "ab" * 32,
            "rows_read": 13,
            "rows_kept": 12,
            "dropped": [{"reason": "sliver under 1 % of the median", "count": 1, "ids": ["s1"]}],
        },
        {
            "name": "services.school.2",
            "path": "data/escuelas.csv",
            "provider": "Ministry",
            "licence": "CC0",
            "reference_year": 2021,
            "sha256": "cd" * 32,
            "rows_read": 0,
            "rows_kept": 0,
            "dropped": [],
        },
        {
            "name": "osm",
            "path": "city.osm.pbf",
            "kind": "osm",
            "provider": "OpenStreetMap contributors",
            "url": "https://www.openstreetmap.org/copyright",
            "licence": "ODbL 1.0",
            "reference_year": 2024,
            "retrieved": "2025-10-01",
            "citation": None,
            "sha256": None,
            "rows_read": 1200345,
            "rows_kept": 1187,
            "dropped": [],
        },
    ],
    "software": {"geopandas": "1.2.0"},
}
