"""
What the page of a siting says, put in words before any markup.

As in the report of a study, every number is written here, once, in the
reader's language; the template only lays it out.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np

from geoequity.locale import name
from geoequity.palette import RISES, UNKNOWN
from geoequity.placing import Placing
from geoequity.report import _shapes
from geoequity.report._words import Words, figure

OBJECTIVES = ("ede", "gap", "coverage", "mean", "p-center")
MOST_DISTRICTS = 40  # rows; the rest stands in the table of files
_STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 15.0, 20.0, 30.0, 50.0)
_STILL = 0.05  # minutes, or points, that would read as none
_COLUMNS = ("mean", "ede", "best_tenth", "worst_tenth", "gap", "farthest")
_HEADS = ("mean", "ede", "best", "worst", "gap", "farthest")


def content(placing: Placing, *, language: str) -> dict[str, Any]:
    """
    Put a siting in words.

    Parameters
    ----------
    placing
        Where new services would do most.
    language
        One of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    content
        What the template shows: text in the language, and plain numbers for
        the pictures.

    Raises
    ------
    MessageError
        If there is no catalogue of that language.
    """
    words, summary = Words(language), placing.summary
    limit = _limit(summary, words)
    groups = _groups(summary, words)
    return {
        "language": language,
        "t": words.text,
        "limit": limit,
        "title": _title(summary, words),
        "tiles": _tiles(summary, words, limit),
        "findings": [
            {
                "title": words.text(f"site.finding.{one['id']}.title"),
                "text": words.own(one["text"]),
            }
            for one in summary["findings"]
        ],
        "maps": _map(placing, words, limit),
        "sites": _sites(summary, words),
        "objectives": _objectives(summary, words),
        "frontier": _frontier(summary, words),
        "districts": _people(summary["districts"], words),
        "groups": groups,
        "method": _method(summary, words),
    }


def _limit(summary: Mapping[str, Any], words: Words) -> str:
    """Write the limit within which people are served."""
    asked = summary["asked"]
    own = asked["within_m"]
    if own is not None and asked["by_distance"]:
        return words.quantity(own, "m")
    return words.quantity(asked["within_min"], "min")


def _title(summary: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Tell which city this is and what was asked."""
    city = name(summary["city"]["name"])
    asked = summary["asked"]
    facts = [
        words.category(summary["asked"]["category"]),
        words.text("site.facts.count", count=summary["result"]["sites"]),
        words.text(
            "site.facts.objective", objective=words.text(f"site.objective.{asked['objective']}")
        ),
        words.text("site.facts.candidates", count=asked["candidates"]),
    ]
    return {
        "city": city,
        "page": words.text("site.page", city=city),
        "facts": " · ".join(facts),
        "fictitious": bool(summary["city"]["fictitious"]),
        "version": str(summary["versions"]["geoequity"] or ""),
    }


def _tiles(summary: Mapping[str, Any], words: Words, limit: str) -> list[dict[str, str]]:
    """Choose the figures that stand at the top."""
    old = summary["objectives"]["before"]
    new = summary["objectives"][summary["asked"]["objective"]]

    def step(key: str, unit: str = "min") -> str:
        ends = [
            words.percent(one[key], 1) if unit == "share" else words.number(one[key], 1)
            for one in (old, new)
        ]
        return " → ".join(ends) + ("" if unit == "share" else f"\N{NO-BREAK SPACE}{unit}")

    within = {"name": words.text("site.tile.within", limit=limit), "value": step("within", "share")}
    if summary["asked"]["between"] == "districts" and summary["asked"]["objective"] == "gap":
        ends = [words.percent(1 - one["group_worst"], 1) for one in (old, new)]
        return [
            {"name": words.text("site.tile.between"), "value": step("group_gap", "share")},
            {"name": words.text("site.tile.worst_share", limit=limit), "value": " → ".join(ends)},
            within,
            {"name": words.text("site.tile.mean"), "value": step("mean")},
        ]
    return [
        {"name": words.text("site.tile.ede"), "value": step("ede")},
        {"name": words.text("site.tile.mean"), "value": step("mean")},
        {"name": words.text("site.tile.worst"), "value": step("worst_tenth")},
        within,
    ]


def _map(placing: Placing, words: Words, limit: str) -> dict[str, Any]:
    """Colour the districts by what they gain, and mark the sites."""
    asked = placing.summary["asked"]
    by_share = asked["between"] == "districts"
    rows = placing.districts
    gained = (
        100 * (rows["within_after"] - rows["within_before"])
        if by_share
        else rows["minutes_before"] - rows["minutes_after"]
    )
    gain = {str(unit): figure(value) for unit, value in gained.items()}
    step = _shapes.step_of(gain.values(), _STEPS)
    drawn = _shapes.frame(rows)
    unit = "" if by_share else "min"
    return {
        "frame": drawn,
        "names": {str(key): name(one) for key, one in rows["name"].items()},
        "fills": {key: (_fill(one, step), _said(one, words, unit)) for key, one in gain.items()},
        "unknown": any(one is None for one in gain.values()),
        "classes": _classes(step, words, unit),
        "existing": _spots(placing.existing, rows, drawn),
        "marks": _marks(placing.sites, rows, drawn),
        "caption": words.text("site.where.caption_share", limit=limit)
        if by_share
        else words.text("site.where.caption"),
        "described": words.text(
            "site.where.alt", count=len(placing.sites), existing=len(placing.existing)
        ),
        "bar": words.distance(drawn.bar_km),
    }


def _fill(gain: float | None, step: float) -> str | None:
    """Choose a district's colour; None is hatched."""
    if gain is None:
        return None
    if abs(gain) < _STILL:
        return UNKNOWN
    return _shapes.shade(gain, step)


def _said(gain: float | None, words: Words, unit: str) -> str:
    """Write a gain."""
    if gain is None:
        return words.unknown
    if abs(gain) < _STILL:
        return words.text("site.where.nothing")
    return f"{words.number(gain, 1)} {unit}".strip()


def _classes(step: float, words: Words, unit: str) -> list[dict[str, str]]:
    """Explain the colours."""
    told = [{"colour": UNKNOWN, "said": words.text("site.where.nothing")}]
    decimals = 0 if step >= 1 else 1
    for place, colour in enumerate(RISES):
        low, high = (words.number(step * (place + one), decimals) for one in (0, 1))
        key = "site.where.beyond" if place == len(RISES) - 1 else "site.where.from"
        said = words.text(key, low=low, **({} if key.endswith("beyond") else {"high": high}))
        told.append({"colour": colour, "said": f"{said} {unit}".strip()})
    return told


def _place(
    shapes: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, drawn: _shapes.Frame
) -> list[tuple[float, float]]:
    """Put points where they lie on the page."""
    west, south, east, north = districts.total_bounds
    inner = _shapes.WIDTH - 2 * _shapes.MARGIN
    tall = _shapes.MOST_HEIGHT - _shapes.FOOT - 2 * _shapes.MARGIN
    scale = min(inner / (east - west), tall / (north - south))
    left = (drawn.width - (east - west) * scale) / 2
    points = shapes.geometry.representative_point()
    return [
        (
            round(float(left + (x - west) * scale), 1),
            round(float(_shapes.MARGIN + (north - y) * scale), 1),
        )
        for x, y in zip(points.x, points.y, strict=True)
    ]


def _spots(
    existing: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, drawn: _shapes.Frame
) -> list[tuple[float, float]]:
    """Place what there is today, as far as it lies on the page."""
    spots = _place(existing, districts, drawn)
    foot = drawn.height - _shapes.FOOT
    return [(x, y) for x, y in spots if 0 <= x <= drawn.width and 0 <= y <= foot]


def _marks(
    sites: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, drawn: _shapes.Frame
) -> list[dict[str, Any]]:
    """Place the new sites, numbered as in their table; those that would cover one another part."""
    spots = np.array(_place(sites, districts, drawn)).reshape(-1, 2)
    return [
        {"number": number, "x": float(x), "y": float(y)}
        for number, (x, y) in enumerate(spots, start=1)
    ]


def _sites(summary: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """List the new sites."""
    rows = summary["sites"]
    return {
        "capacity": any(row["capacity"] is not None for row in rows),
        "price": any(row["price"] is not None for row in rows),
        "rows": [
            {
                "number": number,
                "name": name(row["name"] or row["id"]),
                "district": name(row["district"] or ""),
                "id": name(row["id"]) if row["name"] else "",
                "lonlat": f"{row['lon']:.5f}, {row['lat']:.5f}",
                "people": words.number(row["people"], 0),
                "minutes": words.number(row["minutes"], 1),
                "capacity": words.number(row["capacity"], 0),
                "price": words.number(row["price"], 0),
            }
            for number, row in enumerate(rows, start=1)
        ],
    }


def _objectives(summary: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Set the choices of every objective side by side."""
    told = summary["objectives"]
    names = ["before", *(one for one in OBJECTIVES if one in told)]
    best = {
        key: min(told[one][key] for one in names if told[one][key] is not None) for key in _COLUMNS
    }
    most = max(told[one]["within"] for one in names)
    between = summary["asked"]["between"] == "districts"
    least = min(told[one]["group_gap"] for one in names)
    rows = []
    for one in names:
        cells = [
            {"said": words.number(told[one][key], 1), "best": _alike(told[one][key], best[key])}
            for key in _COLUMNS
        ]
        share = told[one]["within"]
        cells.append({"said": words.percent(share, 1), "best": _alike(share, most)})
        if between:
            gap = told[one]["group_gap"]
            cells.append({"said": words.percent(gap, 1), "best": _alike(gap, least)})
        rows.append(
            {
                "name": words.text(f"site.objective.{one}"),
                "chosen": one == summary["asked"]["objective"],
                "cells": cells,
            }
        )
    return {"heads": _HEADS, "between": between, "rows": rows}


def _alike(value: float, best: float) -> bool:
    """Tell whether two numbers read the same."""
    return abs(value - best) < 1e-4  # noqa: PLR2004 - far below what is written


FRONT_WIDTH, FRONT_HEIGHT = 720.0, 380.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 110.0, 34.0, 52.0


def _frontier(summary: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Draw the mean of each choice against its equivalent."""
    told = summary["objectives"]
    line = [(one["mean"], one["ede"]) for one in summary["frontier"]]
    # The p-center may lie so far off that nothing else could be told apart
    near = {one: told[one] for one in OBJECTIVES if one in told and one != "p-center"}
    off = "p-center" in told and told["p-center"]["ede"] > max(one["ede"] for one in near.values())
    named = [*near, *([] if off else ["p-center"] if "p-center" in told else [])]
    dots = [(told[one]["mean"], told[one]["ede"]) for one in named]
    xs, ys = ([point[axis] for point in line + dots] for axis in (0, 1))
    x_ticks, y_ticks = _ticks(min(xs), max(xs)), _ticks(min(ys), max(ys))
    wide, tall = FRONT_WIDTH - _LEFT - _RIGHT, FRONT_HEIGHT - _TOP - _BOTTOM

    def across(value: float) -> float:
        span = x_ticks[-1] - x_ticks[0]
        return round(_LEFT + wide * (value - x_ticks[0]) / span, 1)

    def up(value: float) -> float:
        span = y_ticks[-1] - y_ticks[0]
        return round(FRONT_HEIGHT - _BOTTOM - tall * (value - y_ticks[0]) / span, 1)

    spots: dict[tuple[float, float], list[str]] = {}
    for one, (x, y) in zip(named, dots, strict=True):
        spots.setdefault((across(x), up(y)), []).append(words.text(f"site.short.{one}"))
    marks = [{"x": x, "y": y, "name": " · ".join(labels)} for (x, y), labels in spots.items()]
    _part(marks)
    said = [
        [words.number(one, _decimals(ticks[1] - ticks[0])) for one in ticks]
        for ticks in (x_ticks, y_ticks)
    ]
    return {
        "width": FRONT_WIDTH,
        "height": FRONT_HEIGHT,
        "left": _LEFT,
        "right": FRONT_WIDTH - _RIGHT,
        "top": _TOP,
        "floor": FRONT_HEIGHT - _BOTTOM,
        "x_ticks": [(text, across(one)) for text, one in zip(said[0], x_ticks, strict=True)],
        "y_ticks": [(text, up(one)) for text, one in zip(said[1], y_ticks, strict=True)],
        "line": [(across(x), up(y)) for x, y in line],
        "marks": marks,
        "off": words.text("site.trade.off") if off else "",
        "described": words.text("site.trade.alt", count=len(line) + len(dots)),
    }


def _ticks(low: float, high: float) -> list[float]:
    """Choose round numbers that hold both ends between them, with air around."""
    span = max(high - low, 0.2)
    tenth = 10.0 ** math.floor(math.log10(span))
    step = next(one * tenth for one in (0.2, 0.5, 1.0, 2.0, 5.0) if span / (one * tenth) <= 5)  # noqa: PLR2004 - ticks
    first = math.floor((low - 0.1 * span) / step)
    last = math.ceil((high + 0.1 * span) / step)
    return [round(step * place, 9) for place in range(first, last + 1)]


def _decimals(step: float) -> int:
    """Choose how many decimals tell ticks apart."""
    return max(0, -math.floor(math.log10(step) + 1e-9))


def _part(marks: list[dict[str, Any]]) -> None:
    """Keep the names of marks from covering one another: lower ones move down."""
    taken: list[tuple[float, float, float, float]] = []
    for one in sorted(marks, key=lambda mark: mark["y"]):
        width = _shapes.text_width(one["name"], size=12)
        y = one["y"] + 4
        while any(
            one["x"] + 10 < right and left < one["x"] + 10 + width and abs(y - at) < 14  # noqa: PLR2004 - a line of text
            for left, right, at, _ in taken
        ):
            y += 7
        one["name_y"] = round(y, 1)
        taken.append((one["x"] + 10, one["x"] + 10 + width, y, 0.0))


def _people(units: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Set before against after by district."""
    rows = [_row(name(one["name"]), one, words) for one in units.values()]
    rows.sort(key=lambda row: (row["gain"] is None, -(row["gain"] or 0), row["name"]))
    shown = [row for row in rows if row["gain"] is None or row["moved"]][:MOST_DISTRICTS]
    return {"rows": shown, "still": len(rows) - len(shown)}


def _row(label: str, one: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Write a row of before and after."""
    change = figure(one["change_min"])
    inside = [one["within_before"], one["within_after"]]
    return {
        "name": label,
        "gain": None if change is None else -change,
        "moved": change is not None
        and (abs(change) >= _STILL or abs(inside[1] - inside[0]) >= _STILL / 100),
        "population": words.number(one["population"], 0),
        "before": words.number(one["minutes_before"], 1),
        "after": words.number(one["minutes_after"], 1),
        "change": words.number(one["change_min"], 1),
        "within_before": words.percent(one["within_before"]),
        "within_after": words.percent(one["within_after"]),
    }


def _groups(summary: Mapping[str, Any], words: Words) -> list[dict[str, Any]]:
    """Set before against after by group of people."""
    return [_row(group_name(key, words), one, words) for key, one in summary["groups"].items()]


def group_name(key: str, words: Words) -> str:
    """
    Name a group of people.

    Parameters
    ----------
    key
        As the city file calls it.
    words
        The reader's language.

    Returns
    -------
    name
        The key itself where the language has none.
    """
    return words.text(f"group.{key}") if words.has(f"group.{key}") else name(key)


def _method(summary: Mapping[str, Any], words: Words) -> Sequence[str]:
    """Say how the sites were found."""
    asked, method = summary["asked"], summary["method"]
    told = [
        words.text(f"site.method.{asked['by']}"),
        words.text("site.method.own" if asked["own_candidates"] else "site.method.candidates"),
        words.text(
            "site.method.ede",
            epsilon=words.number(method["epsilon"]),
            kappa=words.number(method["kappa"], 4),
        ),
        words.text("site.method.search"),
    ]
    if asked["capacity"] is not None or any(s["capacity"] is not None for s in summary["sites"]):
        told.append(words.text("site.method.capacity"))
    told.append(words.text("site.method.scenario", city=summary["city"]["id"]))
    return told
