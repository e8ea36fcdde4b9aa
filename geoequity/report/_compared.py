"""
What the page of cities side by side says, put in words before any markup.

As in the report of a study, every number is written here, once, in the
reader's language; the template only lays it out.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import geopandas as gpd

from geoequity.compare import Cities, headline_values
from geoequity.locale import name, unit_name
from geoequity.palette import UNKNOWN
from geoequity.report import _shapes
from geoequity.report._words import Words, at, figure
from geoequity.schema import AREAS, PILLARS

MAP_WIDTH, MAP_HEIGHT = 320.0, 330.0
MOST_MAPS = 3  # rows of small maps of index, pillars and areas
MOST_INDICATOR_MAPS = 2  # and of indicators besides
_FEW = 3  # cities, from which an indicator is worth a row of maps
_INDEX = "index"
_DASH = "\N{EN DASH}"

Summary = Mapping[str, Any]
Told = Mapping[str, Any]


def content(found: Cities, *, language: str) -> dict[str, Any]:
    """
    Put cities side by side in words.

    Parameters
    ----------
    found
        Cities side by side.
    language
        One of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    content
        What the template shows: text in the language, and plain numbers for
        the maps.

    Raises
    ------
    MessageError
        If there is no catalogue of that language.
    """
    words, summary = Words(language), found.summary
    order = _order(summary)
    frames = {
        city: _shapes.frame(found.districts[city], width=MAP_WIDTH, most_height=MAP_HEIGHT)
        for city in order
    }
    return {
        "language": language,
        "t": words.text,
        "title": _title(summary, order, words),
        "tiles": _tiles(summary, words),
        "findings": [
            {
                "title": words.text(f"compare.finding.{one['id']}.title"),
                "text": words.own(one["text"]),
            }
            for one in summary["findings"]
        ],
        "side": _side(summary, order, words),
        "pieces": _pieces(summary, order, words),
        "frames": [{"place": place, "frame": frames[city]} for place, city in enumerate(order, 1)],
        "maps": _maps(found, order, frames, words),
        "indicators": _indicators(summary, order, words),
        "theil": _theil(summary, order, words),
        "apart": _apart(summary, order, words),
        "method": _method(summary, words),
    }


def _order(summary: Summary) -> list[str]:
    """Order the cities as IMD ranks them, those without a rank last, then by name."""

    def place(city: str) -> tuple[bool, int, str]:
        rank = summary["cities"][city]["imd_2025_rank"]
        return rank is None, rank or 0, name(summary["cities"][city]["name"])

    return sorted(summary["cities"], key=place)


def _called(summary: Summary, city: str) -> str:
    """Name a city."""
    return name(summary["cities"][city]["name"])


def _title(summary: Summary, order: Sequence[str], words: Words) -> dict[str, Any]:
    """Tell which cities these are."""
    names = [_called(summary, one) for one in order]
    years = [year for one in summary["cities"].values() for year in one["years"] or ()]
    facts = [
        words.text("compare.facts.cities", count=len(order)),
        words.text("compare.facts.indicators", count=len(summary["indicators"])),
        words.text("compare.facts.years", years=words.years(years)) if years else "",
    ]
    made_up = [one for one in order if summary["cities"][one]["fictitious"]]
    return {
        "page": words.text("compare.page", cities=words.listing(names)),
        "cities": words.listing(names),
        "facts": " · ".join(one for one in facts if one),
        "fictitious": words.text(
            "compare.made_up", cities=words.listing([_called(summary, one) for one in made_up])
        )
        if made_up
        else "",
        "version": str(summary["method"]["version"] or ""),
    }


def _tiles(summary: Summary, words: Words) -> list[dict[str, str]]:
    """Choose the figures that stand at the top."""
    head = summary["headline"]
    inside = len(headline_values(summary))
    total = len(summary["cities"])
    tiles: list[tuple[str, str, dict[str, str]]] = [("cities", words.number(total, 0), {})]
    if head is not None:
        of = words.text("report.tile.of", some=inside, all=total)
        tiles.append(("common", of, {"what": _what(summary, head, words)}))
    shared = words.text(
        "report.tile.of", some=len(summary["indicators"]), all=len(summary["labels"])
    )
    tiles += [("shared", shared, {}), ("apart", words.number(len(summary["apart"]), 0), {})]
    return [
        {"name": words.text(f"compare.tile.{key}", **values), "value": value}
        for key, value, values in tiles
    ]


def _what(summary: Summary, head: Mapping[str, str], words: Words) -> str:
    """Name an index, a pillar, an area or an indicator."""
    if head["kind"] == "indicator":
        return words.own(summary["labels"][head["what"]])
    return words.text(f"compare.node.{head['what']}")


def _titled(said: str) -> str:
    """Begin with a capital."""
    return said[:1].upper() + said[1:]


def _ranged(told: Any, write: Callable[[Any], str], words: Words) -> dict[str, Any]:
    """Write a number with its ranges: over choices plainly, of error by name."""
    if told is None or told["value"] is None:
        return {"value": words.unknown, "known": False, "ranges": []}
    ranges = []
    for kind, key in (("method", "compare.side.range"), ("sampling", "compare.side.error")):
        if told[kind] is not None:
            low, high = (write(told[kind][end]) for end in ("low", "high"))
            ranges.append(words.text(key, low=low, high=high))
    return {"value": write(told["value"]), "known": True, "ranges": ranges}


def _side(summary: Summary, order: Sequence[str], words: Words) -> dict[str, Any] | None:
    """Lay the cities side by side: rank, gap, and who lives in neglected districts."""
    head = summary["headline"]
    values = headline_values(summary)
    index = summary["nodes"][_INDEX]["cities"]
    rows = []
    for city in order:
        about = summary["cities"][city]
        one = values.get(city)
        types = at(index, city, "types")
        basis = at(types, "basis")
        rows.append(
            {
                "name": _called(summary, city),
                "rank": _or_dash(about["imd_2025_rank"], words.number),
                "residents": words.number(about["population"], 0),
                "districts": words.number(about["districts"], 0),
                "each": _each(about["residents_per_district"], words),
                "in": one is not None,
                "bar": _bar(one),
                "mean": _mean(one, head, words),
                "gap": _ranged(at(one, "gap_points"), words.score, words),
                "neglected": _ranged(at(types, "neglected_share"), words.percent, words),
                "no_gap": basis == "no_material_gap",
                "why": _why(summary, city, head, words) if one is None else _reasons(one, words),
                "instead": _instead(summary, city, words) if one is None else "",
                "own_gap": _or_dash(about["own"]["gap_points"], words.score),
                "own_neglected": ""
                if about["own"]["neglected_share"] is None
                else words.text(
                    "compare.column.own_neglected", share=about["own"]["neglected_share"]
                ),
            }
        )
    return {
        "caption": ""
        if head is None
        else words.text("compare.side.caption", what=_titled(_what(summary, head, words))),
        "typed": bool(index),
        "own": any(one["own"]["basis"] is not None for one in summary["cities"].values()),
        "rows": rows,
    }


def _or_dash(value: Any, write: Callable[[Any], str]) -> str:
    """Write a value, or a dash where there is none."""
    return _DASH if value is None else write(value)


def _instead(summary: Summary, city: str, words: Words) -> str:
    """Say on what else a city is compared."""
    nodes = [
        words.text(f"compare.node.{node}")
        for node, told in summary["nodes"].items()
        if city in told["cities"]
    ]
    count = sum(city in told["cities"] for told in summary["indicators"].values())
    if count:
        nodes.append(words.text("compare.side.indicators", count=count))
    if not nodes:
        return words.text("compare.side.nowhere")
    return words.text("compare.side.instead", listed=words.listing(nodes))


def _pieces(summary: Summary, order: Sequence[str], words: Words) -> list[dict[str, Any]]:
    """Lay out the pillars and areas that are compared besides the headline."""
    head = summary["headline"]
    found = []
    for node, told in summary["nodes"].items():
        if not told["cities"] or (head is not None and head["what"] == node):
            continue
        rows = []
        for city in order:
            one = told["cities"].get(city)
            if one is None:
                continue
            rows.append(
                {
                    "name": _called(summary, city),
                    "districts": words.number(one["districts"], 0),
                    "bar": _bar(one),
                    "mean": _ranged(one["mean"], words.score, words),
                    "gap": _ranged(one["gap_points"], words.score, words),
                    "why": _reasons(one, words),
                    **{end: one[end]["name"] for end in ("lowest", "highest")},
                }
            )
        labels = [words.own(summary["labels"][key]) for key in told["indicators"]]
        found.append(
            {
                "name": _titled(words.text(f"compare.node.{node}")),
                "indicators": words.listing(labels),
                "rows": rows,
            }
        )
    return found


def _each(people: float | None, words: Words) -> str:
    """Say how many residents a district has on average."""
    if people is None:
        return ""
    rounded = round(people, -2) if people >= 1000 else round(people)  # noqa: PLR2004 - four digits
    return words.text("compare.column.each", count=words.number(rounded, 0))


def _bar(one: Told | None) -> dict[str, float] | None:
    """Place the worst- and the best-served tenth, and the mean, on a line from 0 to 100."""
    if one is None:
        return None
    told = one.get("score") or {
        "mean": one["mean"]["value"],
        "p10": one["p10"],
        "p90": one["p90"],
    }
    if told["mean"] is None:
        return None
    return {"value": told["mean"], "low": told["p10"], "high": told["p90"]}


def _mean(one: Told | None, head: Mapping[str, str] | None, words: Words) -> dict[str, Any]:
    """Write the mean score; of an indicator it is the score, as the gap is."""
    if one is not None and head is not None and head["kind"] == "indicator":
        told = {"value": one["score"]["mean"], "sampling": None, "method": None}
        return _ranged(told, words.score, words)
    return _ranged(at(one, "mean"), words.score, words)


def _why(summary: Summary, city: str, head: Mapping[str, str] | None, words: Words) -> str:
    """Say why a city is not compared."""
    if head is None:
        return ""
    if head["kind"] == "indicator":
        return _absence(summary, head["what"], city, words)
    why = summary["nodes"][head["what"]]["left_out"][city]
    return words.text(f"compare.left_out.{why}")


def _absence(summary: Summary, key: str, city: str, words: Words) -> str:
    """Say why a city does not know an indicator."""
    told = at(summary["absent"], key, city)
    return words.own(told["text"]) if told else words.text("compare.indicators.absent")


def _reasons(one: Told, words: Words) -> str:
    """Say why numbers are unknown."""
    return "; ".join(told["text"] for told in words.reasons(one["reasons"]))


def _maps(
    found: Cities, order: Sequence[str], frames: Mapping[str, _shapes.Frame], words: Words
) -> list[dict[str, Any]]:
    """Draw all cities in the same colours, once for each thing they share."""
    summary = found.summary
    nodes = summary["nodes"]
    shown = [one for one in (_INDEX, *PILLARS) if nodes[one]["cities"]]
    if _INDEX not in shown:
        areas = [one for one in AREAS if nodes[one]["cities"]]
        shown += sorted(areas, key=lambda one: -len(nodes[one]["cities"]))
    told = [
        {
            "key": one,
            "cities": list(nodes[one]["cities"]),
            "what": _titled(words.text(f"compare.node.{one}")),
            "count": len(nodes[one]["indicators"]),
        }
        for one in shown[:MOST_MAPS]
    ]
    few = 2 if not told else _FEW
    keys = sorted(
        (key for key, one in summary["indicators"].items() if len(one["cities"]) >= few),
        key=lambda key: -len(summary["indicators"][key]["cities"]),
    )
    told += [
        {
            "key": key,
            "cities": list(summary["indicators"][key]["cities"]),
            "what": words.own(summary["labels"][key]),
            "count": None,
        }
        for key in keys[:MOST_INDICATOR_MAPS]
    ]
    return [_row_of_maps(one, found, order, frames, words) for one in told]


def _row_of_maps(
    told: Told,
    found: Cities,
    order: Sequence[str],
    frames: Mapping[str, _shapes.Frame],
    words: Words,
) -> dict[str, Any]:
    """Colour every city that has it by one score."""
    key = told["key"]
    cities = [one for one in order if one in told["cities"]]
    values = {city: _scores(found.districts[city], key) for city in cities}
    among = _shapes.classes(
        [one for mine in values.values() for one in mine.values() if one is not None]
    )
    what = told["what"]
    caption = words.text("compare.where.indicator", what=what)
    if told["count"] is not None:
        caption = words.text("compare.where.caption", what=what, count=told["count"])
    return {
        "key": key,
        "caption": caption,
        "classes": [
            {"colour": one.colour, "said": words.range(one.low, one.high)} for one in among
        ],
        "unknown": any(one is None for mine in values.values() for one in mine.values()),
        "cities": [
            _small_map(
                city,
                key,
                values[city],
                place=order.index(city) + 1,
                frame=frames[city],
                among=among,
                summary=found.summary,
                districts=found.districts[city],
                words=words,
                what=what,
            )
            for city in cities
        ],
    }


def _scores(districts: gpd.GeoDataFrame, key: str) -> dict[str, float | None]:
    """Take the scores of districts."""
    return {str(unit): figure(value) for unit, value in districts[key].items()}


def _small_map(
    city: str,
    key: str,
    values: Mapping[str, float | None],
    *,
    place: int,
    frame: _shapes.Frame,
    among: Sequence[_shapes.Class],
    summary: Summary,
    districts: gpd.GeoDataFrame,
    words: Words,
    what: str,
) -> dict[str, Any]:
    """Colour one city."""
    names = {str(unit): name(one) for unit, one in districts["name"].items()}
    known = {unit: value for unit, value in values.items() if value is not None}
    called = _called(summary, city)
    described = words.text("compare.where.none", city=called)
    if known:
        worst, best = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
        described = words.text(
            "compare.where.alt",
            city=called,
            what=what,
            worst=names[worst],
            low=words.score(known[worst]),
            best=names[best],
            high=words.score(known[best]),
        )
    rank = summary["cities"][city]["imd_2025_rank"]
    block = summary["nodes"].get(key) or summary["indicators"][key]
    points = figure(block["cities"][city]["gap_points"]["value"])
    facts = [
        "" if rank is None else words.text("compare.where.rank", rank=rank),
        "" if points is None else words.text("compare.where.gap", points=words.score(points)),
    ]
    return {
        "place": place,
        "id": f"{key}-{place}",
        "name": called,
        "facts": " · ".join(one for one in facts if one),
        "described": described,
        "fictitious": summary["cities"][city]["fictitious"],
        "frame": frame,
        "bar": words.distance(frame.bar_km),
        "shapes": [
            {
                "fill": _shapes.fill(known[unit], among)[0] if unit in known else None,
                "said": f"{names[unit]}: {words.score(values[unit])}",
            }
            for unit in frame.paths
        ],
        "ground": UNKNOWN,
    }


def _indicators(summary: Summary, order: Sequence[str], words: Words) -> dict[str, Any]:
    """Lay the shared indicators out: a row each, a column for every city."""
    numbers = {id(one): place for place, one in enumerate(_care(summary), start=1)}
    held = {city for told in summary["indicators"].values() for city in told["cities"]}
    order = [city for city in order if city in held]
    groups: dict[str, list[dict[str, Any]]] = {}
    for key, told in summary["indicators"].items():
        pillar = words.text(f"report.column.{told['pillar']}")
        title = f"{pillar} · {words.text('area.' + told['area'])}"
        marks = [numbers[id(one)] for one in _care(summary) if key in one["indicators"]]
        unit = told["unit"]
        groups.setdefault(title, []).append(
            {
                "name": words.own(summary["labels"][key]),
                "unit": "" if unit in {"share", ""} else unit_name(unit, language=words.language),
                "resolution": _resolution(told["resolution"], words),
                "marks": words.text("compare.indicators.care", numbers=", ".join(map(str, marks)))
                if marks
                else "",
                "cells": [_cell(summary, key, city, words) for city in order],
            }
        )
    return {
        "heads": [_called(summary, city) for city in order],
        "groups": [{"name": title, "rows": rows} for title, rows in groups.items()],
        "caption": words.text(
            "compare.indicators.caption",
            resolution=_resolution(summary["method"]["resolution"] or "districts", words),
        ),
    }


def _resolution(resolution: str, words: Words) -> str:
    """Name the units that an indicator is compared in."""
    kind, _, size = resolution.partition(":")
    return words.text(f"compare.resolution.{kind}", size=size)


def _cell(summary: Summary, key: str, city: str, words: Words) -> dict[str, Any]:
    """Write what an indicator is in a city."""
    told = summary["indicators"][key]
    one = told["cities"].get(city)
    if one is None:
        return {"value": _DASH, "lines": [], "why": _absence(summary, key, city, words)}
    write = words.percent if told["unit"] == "share" else words.number
    mean = _ranged(one["mean"], write, words)
    lines = list(mean["ranges"]) if mean["known"] else [_reasons(one, words)]
    if mean["known"]:
        lines.append(
            words.text("compare.indicators.gap", points=words.score(one["gap_points"]["value"]))
        )
        if one["gini"]["value"] is not None:
            gini = words.number(one["gini"]["value"], 2)
            lines.append(words.text("compare.indicators.gini", value=gini))
        lines.append(words.text("compare.indicators.units", count=one["units"]))
    return {"value": mean["value"], "lines": lines, "why": ""}


def _care(summary: Summary) -> list[Told]:
    """List what is to be read with care, in the order of the page."""
    return [one for one in summary["apart"] if one["kind"] == "care"]


def _theil(summary: Summary, order: Sequence[str], words: Words) -> list[dict[str, Any]]:
    """Split each indicator on a ratio scale, the most between cities first."""
    rows = []
    for key, told in summary["indicators"].items():
        theil = told["theil"]
        if theil is None or theil["between_share"]["value"] is None:
            continue
        share = theil["between_share"]
        within = {
            "value": 1 - share["value"],
            "sampling": share["sampling"]
            and {"low": 1 - share["sampling"]["high"], "high": 1 - share["sampling"]["low"]},
            "method": None,
        }
        rows.append(
            {
                "name": words.own(summary["labels"][key]),
                "cities": words.listing(
                    [_called(summary, one) for one in order if one in theil["by_city"]]
                ),
                "units": words.number(theil["units"], 0),
                "resolution": _resolution(told["resolution"], words),
                "total": words.number(theil["total"], 3),
                "between": _ranged(share, words.percent, words),
                "within": _ranged(within, words.percent, words),
                "width": round(100 * share["value"], 1),
                "share": share["value"],
            }
        )
    return sorted(rows, key=lambda row: -row["share"])


def _apart(summary: Summary, order: Sequence[str], words: Words) -> dict[str, Any]:
    """Say what is left out, what calls for care, and which node has which cities."""
    nodes = []
    for node, told in summary["nodes"].items():
        why: dict[str, list[str]] = {}
        for city in order:
            if city in told["left_out"]:
                why.setdefault(told["left_out"][city], []).append(_called(summary, city))
        nodes.append(
            {
                "name": _titled(words.text(f"compare.node.{node}")),
                "cities": words.listing(
                    [_called(summary, one) for one in order if one in told["cities"]]
                )
                or _DASH,
                "indicators": words.number(len(told["indicators"]), 0),
                "why": [
                    f"{words.listing(names)}: {words.text('compare.left_out.' + key)}"
                    for key, names in why.items()
                ],
            }
        )
    return {
        "left_out": [words.own(one["text"]) for one in summary["apart"] if one["kind"] != "care"],
        "care": [words.own(one["text"]) for one in _care(summary)],
        "nodes": nodes,
    }


def _method(summary: Summary, words: Words) -> list[str]:
    """Say how the cities were compared."""
    method = summary["method"]
    resolution = method["resolution"]
    said = [words.text("compare.method.goalposts")]
    if resolution is None:
        said.append(words.text("compare.method.no_resolution"))
    else:
        said.append(
            words.text("compare.method.resolution", resolution=_resolution(resolution, words))
        )
    said += [
        words.text(
            "compare.method.choices", level=words.percent(method["level"]), draws=method["draws"]
        ),
        words.text("compare.method.gini"),
    ]
    if summary["licences"]:
        licences = words.listing(list(summary["licences"]))
        said.append(words.text("compare.method.licences", licences=licences))
    return said
