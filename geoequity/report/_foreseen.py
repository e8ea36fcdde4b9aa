"""What a scenario changes and for whom, put in words before any markup."""

from collections.abc import Mapping, Sequence
from typing import Any

from geoequity.locale import unit_name
from geoequity.report._words import Words

MOST_SHOWN = 8  # indicators; the rest stands in change.json
_SHOWN = ("mean", "gap", "kolm_pollak_ede", "gini")


def scenario_of(
    scenario: Mapping[str, Any], summary: Mapping[str, Any], words: Words
) -> dict[str, Any]:
    """
    Put a scenario in words.

    Parameters
    ----------
    scenario
        The block ``scenario`` of ``change.json``.
    summary
        All of it.
    words
        Of the reader's language.

    Returns
    -------
    scenario
        ``edits``, a sentence each, and ``people``, the rows of the table of who
        gains, by indicator.
    """
    names = {key: one["name"] for key, one in summary["districts"].items()}
    effect = scenario["effect"] or {"index": {}, "indicators": {}}
    people = []
    if effect["index"]:
        label = words.text("report.column.index")
        everybody = _row("", effect["index"], words, "")
        people.append({"name": label, "unit": "", "rows": [everybody]})
    shown = sorted(effect["indicators"], key=lambda one: -_moved(effect["indicators"][one]))
    for key in (one for one in effect["indicators"] if one in shown[:MOST_SHOWN]):
        groups = effect["indicators"][key]
        label = words.own(summary["labels"].get(key)) or key
        unit = scenario["units"][key]
        people.append(
            {
                "name": label,
                "unit": "" if unit == "share" else unit_name(unit, language=words.language),
                "rows": [_row(group, one, words, unit) for group, one in groups.items()],
            }
        )
    return {
        "edits": [_edit(one, names, words) for one in scenario["edits"]],
        "people": people,
        "more": max(len(shown) - MOST_SHOWN, 0),
    }


def _moved(groups: Mapping[str, Any]) -> float:
    """Weigh how far the mean of an indicator moves, against what it was."""
    told = groups.get("", {}).get("mean")
    if told is None or told["change"] is None:
        return 0.0
    return abs(told["change"]) / (abs(told["old"]) or 1.0)


def tiles_of(scenario: Mapping[str, Any], words: Words) -> dict[str, str]:
    """
    Choose the figures of a scenario that stand at the top.

    Parameters
    ----------
    scenario
        The block ``scenario`` of ``change.json``.
    words
        Of the reader's language.

    Returns
    -------
    tiles
        By the key of their name; empty where the index is unknown.
    """
    told = (scenario["effect"] or {}).get("index", {})
    of = {"index": "mean", "gap": "gap", "ede": "kolm_pollak_ede"}
    return {
        tile: f"{words.number(told[key]['old'], 2)} → {words.number(told[key]['new'], 2)}"
        for tile, key in of.items()
        if key in told
    }


def _row(
    group: str,
    told: Mapping[str, Mapping[str, Any]],
    words: Words,
    unit: str,
) -> dict[str, Any]:
    """Write what becomes of a group of people."""
    key = f"group.{group}"
    name = group or words.text("scenario.people.everybody")
    if group and words.has(key):
        name = words.text(key)
    return {"name": name, "cells": [_cell(told.get(one), one, words, unit) for one in _SHOWN]}


def _cell(one: Mapping[str, Any] | None, measure: str, words: Words, unit: str) -> dict[str, str]:
    """Write a measure before and after, and its change with the interval."""
    if one is None or one["old"] is None or one["new"] is None:
        return {"step": "\N{EN DASH}", "change": ""}
    is_share = unit == "share" and measure != "gini"
    decimals = {"gini": 4}.get(measure, 2 if not unit else 1 if is_share else None)
    ends = [
        words.percent(one[end], 1) if is_share else words.number(one[end], decimals)
        for end in ("old", "new")
    ]
    scale = 100.0 if is_share else 1.0  # of percentage points

    def signed(value: float) -> str:
        """Write a change with its sign, but none that rounds to none."""
        written = words.number(scale * value, decimals)
        is_zero = not any(sign in written for sign in "123456789")
        return f"+{written}" if value > 0 and not is_zero else written

    said = signed(one["change"])
    if one["low"] is not None:
        between = {end: signed(one[end]) for end in ("low", "high")}
        said = f"{said} ({words.text('change.between', **between)})"
    return {"step": " → ".join(ends), "change": said}


def _edit(one: Mapping[str, Any], names: Mapping[str, str], words: Words) -> str:
    """Say what an edit does."""
    kind = one["edit"]
    if kind in {"open", "close", "move", "capacity"}:
        return _service(one, words)
    if kind in {"stop", "line", "headway", "without"}:
        return _transit(one, words)
    listed = words.listing([names.get(key, key) for key in one.get("districts", ())])
    if kind == "street":
        built = one.get("kind", "street")
        return words.text(f"scenario.edit.{built}", place=_at(one["line"][0], words))
    if kind == "wifi":
        what = words.listing([words.category(name) for name in one["at"]])
        return words.text("scenario.edit.wifi", listed=listed, what=what)
    if kind == "fibre":
        speed = words.quantity(one["down_mbps"], "mbps")
        return words.text("scenario.edit.fibre", listed=listed, speed=speed)
    return words.text("scenario.edit.light_in" if listed else "scenario.edit.light", listed=listed)


def _service(one: Mapping[str, Any], words: Words) -> str:
    """Say what an edit does to a service."""
    kind = one["edit"]
    if kind == "open":
        what = words.category(one["category"])
        if one.get("name"):
            what = f"{what}, {one['name']}"
        values = {"what": what, "place": _at((one["lon"], one["lat"]), words)}
        if one.get("capacity") is None:
            return words.text("scenario.edit.open", **values)
        return words.text("scenario.edit.open_with", count=round(one["capacity"]), **values)
    if kind == "move":
        place = _at((one["lon"], one["lat"]), words)
        return words.text("scenario.edit.move", service=one["service"], place=place)
    if kind == "close":
        return words.text("scenario.edit.close", service=one["service"])
    return words.text(
        "scenario.edit.capacity", service=one["service"], count=round(one["capacity"])
    )


def _transit(one: Mapping[str, Any], words: Words) -> str:
    """Say what an edit does to public transport."""
    kind = one["edit"]
    if kind == "headway":
        every = words.quantity(one["headway_min"], "min")
        return words.text("scenario.edit.headway", route=one["route"], headway=every)
    mode = words.text(f"map.mode.{one['mode']}")
    if kind == "without":
        return words.text("scenario.edit.without", mode=mode)
    if kind == "stop":
        listed = words.listing(one.get("routes", ())) or words.unknown
        place = _at((one["lon"], one["lat"]), words)
        return words.text("scenario.edit.stop", mode=mode, place=place, listed=listed)
    return words.text(
        "scenario.edit.line",
        mode=mode,
        name=one.get("name") or one.get("id") or "\N{EN DASH}",
        stops=len(one["stops"]),
        headway=words.quantity(one["headway_min"], "min"),
    )


def _at(place: Sequence[float], words: Words) -> str:
    """Write a place in degrees."""
    lon, lat = (words.number(one, 4) for one in place)
    return f"{lat}, {lon}"
