"""
What a map shows, as plain data that any page can draw.

A ``Study`` goes in; a dictionary of strings, numbers, lists and None comes out,
the same for the same study. Unknown is None, never a number.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoequity.errors import ConfigError
from geoequity.judgement import AGGREGATES, ARITHMETIC, ROOT, make_tree
from geoequity.locale import LANGUAGES, messages, text
from geoequity.maps.classes import breaks, shades
from geoequity.maps.shapes import label_spots, pack_lines, pack_points, pack_polygons, simplify
from geoequity.maps.story import make_steps
from geoequity.palette import CROSSED, TYPE_COLOURS, TYPE_MARKS, UNKNOWN, UNKNOWN_HATCH, ink_on
from geoequity.schema import AREAS, HIGH_CAPACITY_MODES, PILLARS
from geoequity.study import Study
from geoequity.summary import scenario_banner

GEOGRAPHIC = "EPSG:4326"
OSM_TILES = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
SERVICE_AREAS = {
    "health_safety": (
        *("hospital", "clinic", "pharmacy", "defibrillator", "police", "fire_station"),
        *("emergency_phone", "cctv", "street_lamp", "air_station", "waste_point"),
        "assembly_point",
    ),
    "mobility": ("shared_bike", "shared_car", "charging", "ticket_machine", "tactile_crossing"),
    "activities": ("culture", "sport", "open_space", "green", "food_market", "wifi"),
    "opportunities": (
        *("school", "childcare", "university", "bank", "employment_office"),
        *("coworking", "internet_venue"),
    ),
    "governance": (
        *("public_office", "community_centre", "library", "post_office", "court", "kiosk"),
    ),
}
SERVICE_COLOURS = {
    "health_safety": "#D1495B",
    "mobility": "#5B3A8C",
    "activities": "#2E7D4F",
    "opportunities": "#C77800",
    "governance": "#8A4B2A",
    "other": "#4A4F57",
}
MODE_COLOURS = {
    "metro": "#B3123C",
    "rail": "#3B3B3B",
    "brt": "#C8501E",
    "cable": "#111111",
    "funicular": "#6B4226",
    "ferry": "#1C5D8C",
    "tram": "#A23B82",
    "trolleybus": "#3F6B3A",
    "bus": "#5A6069",
}
_THRESHOLD = 50.0  # the score that parts the types
_AROUND = 10.0  # points either side of it that are neither low nor high
_GLYPHS = {"square": "■", "triangle": "▲", "circle": "●", "cross": "✕", "ring": "○"}
_TILES = re.compile(r"https://(?P<host>[a-z0-9.-]+)/[\w./{}?=&@:-]+")
_MOST_CELLS = 15_000  # past them a page of cells would be no page
_LOW_CONFIDENCE = 0.5  # under which the card calls it low
_MIN_STEP = {"score": 5.0, "share": 0.01, "confidence": 0.05}
_SAID_IN_PAGE = re.compile(
    r"(map|type|type_means|pillar|area|role|confidence|format|unit|unit_name|share_of)\."
    r"|(language|unknown|fictitious|question)$"
)


def content(study: Study, *, language: str, basemap: str | None = None) -> dict[str, Any]:
    """
    Gather all that the map's page shows.

    Parameters
    ----------
    study
        What was found in a city.
    language
        Language the page opens in, one of ``geoequity.locale.LANGUAGES``.

    basemap
        Address of the tiles of an online basemap, with ``{z}``, ``{x}`` and
        ``{y}``; None for a page that asks for nothing.

    Returns
    -------
    content
        Ready for JSON: ``city``, ``steps`` of its story, ``words`` per language,
        ``layers`` (values in the order of ``districts``), which of them it ``opens``
        on, ``tree`` of the index
        (None without one), ``districts`` with their shapes in millionths of a
        degree, ``cells`` with what was computed at them (None without, and where
        they are too many: ``cells_left_out`` then tells how many and of which layers),
        ``background`` of streets and water, ``services``, ``stops``, ``routes``,
        ``sources``. What thousands of districts would repeat is named by its
        place: ``strengths`` and ``gaps`` among the layers, ``reasons`` among the
        reasons; ``score`` and ``rank`` are ``[value, method low, high, sampling
        low, high]``, and ``type_probability`` stands in the order of the types.

    Raises
    ------
    MessageError
        If there is no catalogue of that language.
    ConfigError
        If the basemap is no such address.
    """
    messages(language)  # refuses an unknown language before any work is done
    layers = [*_score_layers(study), *_indicator_layers(study)]
    reasons: dict[str, int] = {}
    return {
        "language": language,
        "words": {one: _words(one) for one in LANGUAGES},
        "city": _city(study),
        "steps": make_steps(study, layers=[layer["id"] for layer in layers]),
        "types": _types(study),
        "layers": layers,
        "opens": _opens(study, layers),
        "tree": _tree(study),
        "districts": _districts(study, [layer["id"] for layer in layers], reasons),
        "reasons": [json.loads(one) for one in reasons],
        "cells": _cells(study, [layer["id"] for layer in layers]),
        "cells_left_out": _cells_left_out(study),
        "background": _background(study.background),
        "basemap": None if basemap is None else _basemap(basemap),
        "unknown": {"paper": UNKNOWN, "line": UNKNOWN_HATCH},
        "mode_colours": MODE_COLOURS,
        "rapid_modes": list(HIGH_CAPACITY_MODES),
        "services": _services(study.services),
        "routes": _transport(study.routes, pack=pack_lines),
        "stops": _transport(study.stops, pack=pack_points),
        "sources": _sources(study.provenance),
    }


def _words(language: str) -> dict[str, str]:
    """Pick the messages that the page itself says."""
    return {key: said for key, said in messages(language).items() if _SAID_IN_PAGE.match(key)}


def _said(key: str) -> dict[str, str]:
    """Say one message in every language."""
    return {language: text(key, language=language) for language in LANGUAGES}


def _number(value: Any) -> float | int | None:
    """Write a number short enough for a page; unknown becomes None."""
    if value is None or not math.isfinite(value):
        return None
    short = float(f"{value:.6g}") if abs(value) < 1e6 else round(float(value))  # noqa: PLR2004  people are whole
    return int(short) if float(short).is_integer() else short


def _numbers(values: Iterable[Any]) -> list[float | int | None]:
    """Write numbers short enough for a page."""
    return [_number(value) for value in values]


def _plain(value: Any) -> Any:
    """Copy nested summary values with numbers short and unknown as None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, Sequence):
        return [_plain(one) for one in value]
    return _number(value)


def _string(value: Any) -> str | None:
    """Keep text, and drop the missing values that stand for no text."""
    return str(value) if value is not None and not pd.isna(value) and str(value) else None


def _city(study: Study) -> dict[str, Any]:
    """Tell what stands above the map."""
    summary = study.summary
    city = summary["city"]
    return {
        **{key: _string(city.get(key)) for key in ("id", "name", "country")},
        "licence": ", ".join(city.get("licences") or ()) or _string(city.get("licence")),
        "fictitious": bool(city.get("fictitious")),
        "scenario": scenario_banner(summary),
        "question": _plain(city.get("question")),
        "population": _number(summary["population"]["total"]),
        "index": _plain(summary.get("index")),
    }


def _types(study: Study) -> dict[str, Any]:
    """Tell how the types are drawn and how many people live in each."""
    types = study.summary["types"]
    shares = {name: (types.get(name) or {}).get("population_share") for name in TYPE_COLOURS}
    return {
        "basis": types.get("basis"),
        "colours": TYPE_COLOURS,
        "marks": {name: _GLYPHS[mark] for name, mark in TYPE_MARKS.items()},
        "inks": {name: ink_on(colour) for name, colour in TYPE_COLOURS.items()},
        "shares": {name: _number(share) for name, share in shares.items()},
    }


def _layer(values: pd.Series, *, unit: str, better: str, **told: Any) -> dict[str, Any]:
    """Describe one choropleth: its values, their classes and colours."""
    array = values.to_numpy(dtype=float, na_value=np.nan)
    through = _THRESHOLD if unit == "score" else 0.0
    edges = breaks(array, min_step=_MIN_STEP.get(unit, 0.0), through=through)
    return {
        **told,
        "unit": unit,
        "better": better,
        "values": _numbers(values),
        "breaks": edges,
        "colours": shades(max(len(edges) - 1, 1), better=better),
    }


def _score_layers(study: Study) -> Iterator[dict[str, Any]]:
    """Describe index, types, pillars, confidence and areas."""
    summary, districts = study.summary, study.districts

    def scored(name: str, *, group: str, label: dict[str, str], mean: Any) -> dict[str, Any]:
        described = _said(f"map.about.{name if name in ('index', *PILLARS) else 'area'}")
        told = {"id": name, "kind": "score", "group": group, "label": label, "about": described}
        return _layer(districts[name], unit="score", better="higher", mean=_number(mean), **told)

    index = summary.get("index") or {}
    yield scored("index", group="overview", label=_said("map.index"), mean=index.get("mean"))
    yield {
        "id": "type",
        "kind": "type",
        "group": "overview",
        "label": _said("map.types"),
        "about": _said("map.about.types"),
        "values": [_string(one) for one in districts["type"]],
    }
    yield _crossed(study)
    for part, names in (("pillar", PILLARS), ("area", AREAS)):
        group = {"pillar": "overview", "area": "areas"}[part]
        for name in names:
            mean = (summary[f"{part}s"].get(name) or {}).get("mean")
            label = _capital(_said(f"{part}.{name}"))
            yield scored(name, group=group, label=label, mean=mean)
    yield _layer(
        districts["confidence"],
        unit="confidence",
        better="higher",
        id="confidence",
        kind="confidence",
        group="overview",
        mean=None,
        label=_said("map.confidence"),
        about=_said("map.about.confidence"),
    )


def _crossed(study: Study) -> dict[str, Any]:
    """Describe how the two pillars cross: nine colours, which the page lays on their scores."""
    threshold = float(study.summary["method"].get("threshold", _THRESHOLD))
    colours = [colour for row in CROSSED for colour in row]
    return {
        "id": "pillars",
        "kind": "crossed",
        "group": "overview",
        "label": _said("map.crossed"),
        "about": _said("map.about.crossed"),
        "edges": _numbers([threshold - _AROUND, threshold + _AROUND]),
        "colours": colours,
        "inks": [ink_on(colour) for colour in colours],
    }


def _indicator_layers(study: Study) -> Iterator[dict[str, Any]]:
    """Describe every indicator in its own unit."""
    for name, entry in study.catalogue.iterrows():
        found = study.summary["indicators"].get(name) or {}
        pillar, area = _string(entry.get("pillar")), _string(entry.get("area"))
        beside = entry["role"] != "indicator"
        layer = _layer(
            study.indicators[name].reindex(study.districts.index),
            unit=str(entry["unit"]),
            better=str(entry["better"]),
            id=str(name),
            kind="indicator",
            group=f"{pillar}.{area}" if pillar and area and not beside else "context",
            label=_in_languages(entry, "label"),
            about=_in_languages(entry, "description"),
            base=_string(entry.get("base")) if entry.get("level") == "cell" else None,
            mean=_number(found.get("mean")),
        )
        if name in study.scores.columns:
            layer["scores"] = _numbers(study.scores[name].reindex(study.districts.index))
            layer["mean_score"] = _score(found.get("mean"), entry)
        if name in study.confidence.columns:
            trusted = study.confidence[name].reindex(study.districts.index)
            layer["doubtful"] = [
                place for place, one in enumerate(trusted < _LOW_CONFIDENCE) if one
            ]
        yield layer | _sampling(study, str(name)) | _suppressed(study, str(name))


def _opens(study: Study, layers: Sequence[Mapping[str, Any]]) -> str:
    """
    Choose what the page opens on.

    The index, the types or a pillar; without them what the city asks about, an area or
    any indicator that tells districts apart, known of half of them: one colour all over,
    or one district alone, is no map to begin with.
    """
    by_id = {str(layer["id"]): layer for layer in layers if "values" in layer}
    known = {one: sum(v is not None for v in layer["values"]) for one, layer in by_id.items()}
    half = [one for one in by_id if known[one] and 2 * known[one] >= len(by_id[one]["values"])]
    whole = [one for one in ("index", "type", *PILLARS) if one in half]
    asked = study.summary["city"].get("question_indicators") or ()
    turn = [one for one in dict.fromkeys([*asked, *AREAS, *half]) if one in half]
    apart = [one for one in turn if len(by_id[one].get("breaks", ())) > 2]  # noqa: PLR2004  edges
    # Confidence is of the data, not of the city
    apart.sort(key="confidence".__eq__)
    return next(iter([*whole, *apart, *half, *(one for one in by_id if known[one]), *by_id]))


def _tree(study: Study) -> dict[str, Any] | None:
    """Lay out how scores become the index, and the weights that a reader may move."""
    method = study.summary["method"]
    used = study.catalogue.loc[study.catalogue.index.isin(study.scores.columns)]
    definitions: list[Any] = [SimpleNamespace(id=one, **entry) for one, entry in used.iterrows()]
    tree = make_tree(definitions, present=used.index, weights=method.get("weights") or {})
    if ROOT not in set(tree["id"]):
        return None
    said = str(method.get("aggregation"))
    mean = next((one for one in AGGREGATES if one in said), ARITHMETIC)
    places = {one: place for place, one in enumerate(tree["id"])}
    nodes: list[dict[str, Any]] = []
    for row in tree.to_dict("records"):
        pillar, _, area = row["id"].partition(".")
        nodes.append(
            {
                "id": row["id"],
                "parent": places.get(row["parent"]),
                "weight": _number(row["weight"]),
                "min_known": 1 if pd.isna(row["min_known"]) else int(row["min_known"]),
                "mean": _string(row["aggregate"]) or mean,
                "area": area if pillar in PILLARS and area in AREAS else None,
            }
        )
    floor = getattr(AGGREGATES[mean], "at", 0.0)
    return {"mean": mean, "floor": floor, "nodes": nodes, "handles": _handles(study, nodes)}


def _handles(study: Study, nodes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """List the weights that a reader may move: pillars, areas, indicators."""

    def handle(name: str, group: str, label: dict[str, str], places: list[int]) -> dict[str, Any]:
        return {"id": name, "group": group, "label": label, "nodes": places}

    at = {node["id"]: place for place, node in enumerate(nodes)}
    made = [
        handle(one, "pillars", _capital(_said(f"pillar.{one}")), [at[one]])
        for one in PILLARS
        if one in at
    ]
    for area in AREAS:
        places = [place for place, node in enumerate(nodes) if node["area"] == area]
        label = _said(f"area.{area}")
        if len({nodes[place]["weight"] for place in places}) == 1:
            made.append(handle(area, "areas", label, places))
            continue
        for place in places:  # the city weighs this area otherwise in each pillar
            name = nodes[place]["id"]
            pillar = _said(f"pillar.{name.partition('.')[0]}")
            both = {one: f"{label[one]} · {pillar[one]}" for one in LANGUAGES}
            made.append(handle(name, "areas", both, [place]))
    for name, entry in study.catalogue.iterrows():
        if name in at:
            group = f"{entry['pillar']}.{entry['area']}"
            made.append(handle(str(name), group, _in_languages(entry, "label"), [at[str(name)]]))
    return made


def _capital(label: Mapping[str, str]) -> dict[str, str]:
    """Begin a name with a capital letter in every language."""
    return {one: said[:1].upper() + said[1:] for one, said in label.items()}


def _sampling(study: Study, name: str) -> dict[str, Any]:
    """Give the ends of an indicator's sampling intervals, if its source is a sample."""
    known = study.intervals[study.intervals["indicator"] == name].dropna(subset=["low", "high"])
    if known.empty:
        return {}
    ends = known.set_index("unit_id")[["low", "high"]].reindex(study.districts.index)
    return {"sampling": {end: _numbers(ends[end]) for end in ("low", "high")}}


def _suppressed(study: Study, name: str) -> dict[str, Any]:
    """List the places of districts whose value is withheld, not merely unknown."""
    kind = name.partition("_")[0]
    flags = study.broadband.get(f"{kind}_down_mbps_suppressed")
    if flags is None or not (study.intervals["indicator"] == name).any():
        return {}
    withheld = flags.reindex(study.districts.index).fillna(value=False).astype(bool)
    withheld &= study.indicators[name].reindex(study.districts.index).isna()
    places = [place for place, one in enumerate(withheld) if one]
    return {"suppressed": places} if places else {}


def _in_languages(entry: pd.Series, field: str) -> dict[str, str]:
    """Take a catalogue entry's words in every language, English where one is missing."""
    english = str(entry[f"{field}_en"])
    return {one: _string(entry.get(f"{field}_{one}")) or english for one in LANGUAGES}


def _score(value: float | None, entry: pd.Series) -> float | int | None:
    """Rescale a city mean by the indicator's goalposts, as its districts are."""
    worst, best = entry.get("worst"), entry.get("best")
    if value is None or pd.isna(worst) or pd.isna(best):
        return None
    return _number(min(max(100 * (value - worst) / (best - worst), 0.0), 100.0))


def _districts(
    study: Study, layers: Sequence[str], reasons: dict[str, int]
) -> list[dict[str, Any]]:
    """Tell shape, name and findings of each district; new reasons are added to those known."""
    shapes = simplify(study.districts.geometry)
    spots = label_spots(shapes)
    labels = gpd.GeoSeries.from_xy(spots["x"], spots["y"], crs=shapes.crs).to_crs(GEOGRAPHIC)
    spot = list(zip(labels.y.round(5), labels.x.round(5), spots["width_m"].round(), strict=True))
    packed = pack_polygons(shapes.to_crs(GEOGRAPHIC))
    doubts = _doubts(study)
    place_of = {name: place for place, name in enumerate(layers)}

    def places(names: Iterable[str] | None) -> list[int]:
        return [place_of[name] for name in names or () if name in place_of]

    told = []
    for place, (unit_id, row) in enumerate(study.districts.iterrows()):
        found = study.summary["districts"].get(unit_id) or {}
        said = [json.dumps(_reason(one)) for one in found.get("reasons") or ()]
        told.append(
            {
                "id": str(unit_id),
                "name": str(row["name"]),
                "population": _number(row.get("population")),
                "shape": packed[place],
                "label": [*spot[place][:2], int(spot[place][2])],
                **{key: _interval(found.get(key)) for key in ("score", "rank")},
                "type_probability": _chances(found.get("type_probability")),
                **{key: places(found.get(key)) for key in ("strengths", "gaps")},
                "doubts": [kind for kind, held in doubts.items() if held[place]],
                "reasons": [reasons.setdefault(one, len(reasons)) for one in said],
            }
        )
    return told


def _interval(found: Mapping[str, Any] | None) -> list[float | int | None] | None:
    """Write a value and its intervals in a row, as short as they end."""
    if found is None:
        return None
    row = [found.get("value")]
    for kind in ("method", "sampling"):
        ends = found.get(kind) or {}
        row += [ends.get("low"), ends.get("high")]
    short = _numbers(row)
    while len(short) > 1 and short[-1] is None:
        short.pop()
    return short


def _chances(found: Mapping[str, Any] | None) -> list[float | int | None]:
    """Write the probability of each type, to the tenth of a per cent, in the order of the types."""
    chances = [(found or {}).get(name) for name in TYPE_COLOURS]
    return [None if one is None else _number(round(one, 3)) for one in chances]


def _cells(study: Study, layers: Sequence[str]) -> dict[str, Any] | None:
    """Tell shape and values of cells; None where nothing is known at them or they are too many."""
    tables = [study.cell_indicators, pd.DataFrame(study.cells.drop(columns="geometry"))]
    values = {
        name: table[name].reindex(study.cells.index)
        for table in tables
        for name in layers
        if name in table.columns and pd.api.types.is_numeric_dtype(table[name])
    }
    if not values or not 0 < len(study.cells) <= _MOST_CELLS:
        return None
    places = {unit_id: place for place, unit_id in enumerate(study.districts.index)}
    shapes = simplify(study.cells.geometry)
    return {
        "shapes": pack_polygons(shapes.to_crs(GEOGRAPHIC)),
        "of": [places.get(one, -1) for one in study.cells["district_id"]],
        "values": {
            name: [None if one is None else float(f"{one:.4g}") for one in _numbers(column)]
            for name, column in values.items()
        },
    }


def _cells_left_out(study: Study) -> dict[str, Any] | None:
    """Tell how many cells are not on the page, and at which layers they are missed."""
    if len(study.cells) <= _MOST_CELLS or study.cell_indicators.empty:
        return None
    layers = [str(one) for one in study.cell_indicators.columns]
    return {"count": len(study.cells), "most": _MOST_CELLS, "layers": layers}


def _basemap(tiles: str) -> dict[str, str]:
    """Check the address of tiles, and name who is asked for them."""
    found = _TILES.fullmatch(tiles)
    if not found or not all(hole in tiles for hole in ("{z}", "{x}", "{y}")):
        msg = f"basemap: {tiles!r}: give an address such as {OSM_TILES}"
        raise ConfigError(msg)
    return {"tiles": tiles, "host": found["host"]}


def _background(background: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Pack streets by rank and water, areas before lines, in the order in which they are drawn."""
    if background.empty:
        return []
    ground = background.to_crs(GEOGRAPHIC)
    packed = []
    for kind, rank, shape in zip(ground["kind"], ground["rank"], ground.geometry, strict=True):
        one = gpd.GeoSeries([shape], crs=GEOGRAPHIC)
        is_area = shapely.get_dimensions(shape) == 2  # noqa: PLR2004  areas
        told = {"areas": pack_polygons(one)[0]} if is_area else {"lines": pack_lines(one)}
        packed.append({"kind": str(kind), "rank": int(rank), **told})
    return packed


def _doubts(study: Study) -> dict[str, list[bool]]:
    """Tell by kind of doubt which districts are to be taken with care."""
    districts = study.districts
    thin = (study.summary.get("mapping") or {}).get("thin") or ()
    return {
        "confidence": list(districts["confidence"] < _LOW_CONFIDENCE),
        "thin": list(districts.index.isin(list(thin))),
        "type": list(districts["type"] == "uncertain"),
    }


def _reason(reason: Any) -> dict[str, str]:
    """Give a reason in every language; one that is plain text is English."""
    return dict(reason["text"]) if isinstance(reason, Mapping) else {"en": str(reason)}


def _services(services: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Pack services by category, in the order of the areas they belong to."""
    known = {name: area for area, names in SERVICE_AREAS.items() for name in names}
    order = {name: place for place, name in enumerate(known)}
    places = services.to_crs(GEOGRAPHIC)
    found = []
    for category in sorted(places["category"].unique(), key=lambda one: (order.get(one, 999), one)):
        here = places[places["category"] == category]
        area = known.get(category, "other")
        words = messages("en").get(f"map.category.{category}")
        plain = {one: str(category).replace("_", " ").capitalize() for one in LANGUAGES}
        found.append(
            {
                "id": str(category),
                "area": area,
                "colour": SERVICE_COLOURS[area],
                "label": _said(f"map.category.{category}") if words else plain,
                "count": len(here),
                "points": pack_points(here.geometry),
                "names": _names(here),
            }
        )
    return found


def _transport(table: gpd.GeoDataFrame, *, pack: Any) -> list[dict[str, Any]]:
    """Pack stops or routes by mode, in the order of the legend."""
    places = table[table.geometry.notna()].to_crs(GEOGRAPHIC)
    groups = ((mode, places[places["mode"] == mode]) for mode in MODE_COLOURS)
    return [
        {"mode": mode, "count": len(here), "shapes": pack(here.geometry), "names": _names(here)}
        for mode, here in groups
        if len(here)
    ]


def _names(table: gpd.GeoDataFrame) -> list[str | None]:
    """List the names of places; empty where none has one."""
    names = [_string(one) for one in table["name"]] if "name" in table.columns else []
    return names if any(names) else []


def _sources(provenance: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List whom to thank and on what terms: sources of one kind together."""
    grouped: dict[tuple[str | None, ...], dict[str, Any]] = {}
    for source in provenance.get("sources", ()):
        key = tuple(_string(source.get(one)) for one in ("provider", "licence", "citation"))
        told = dict(zip(("provider", "licence", "citation"), key, strict=True))
        url = _string(source.get("url"))
        found = grouped.setdefault(key, {**told, "url": url, "names": [], "years": []})
        if found["url"] != url:  # files of one source, each from its own address
            found["url"] = None
        for field, one in (("names", source.get("name")), ("years", source.get("reference_year"))):
            text_of = _string(one)
            if text_of is not None and text_of not in found[field]:
                found[field] = sorted([*found[field], text_of])
    return list(grouped.values())
