"""
What the report of a change says, put in words before any markup.

As in the report of a study, every number is written here, once, in the
reader's language; the template only lays it out.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from geoequity.compare import Change
from geoequity.locale import name, unit_name
from geoequity.palette import FALLS, INK, RISES, UNKNOWN, ink_on
from geoequity.report import _shapes
from geoequity.report._foreseen import scenario_of, tiles_of
from geoequity.report._tables import source_name
from geoequity.report._words import Words, figure
from geoequity.schema import PILLARS

MOST_MOVES = 60  # rows; the rest stands in the table of files
STILL = 0.05  # points of the index, under which a change would read as none
HASH_DIGITS = 12
_STEPS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)  # points to a colour
_ORDER = {"removed": 0, "new": 1, "edition": 2, "same": 3}
_PLUS = "+"


def content(change: Change, *, language: str) -> dict[str, Any]:
    """
    Put a change in words.

    Parameters
    ----------
    change
        What changed in a city.
    language
        One of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    content
        What the template shows: text in the language, and plain numbers for
        the map.

    Raises
    ------
    MessageError
        If there is no catalogue of that language.
    """
    summary = change.summary
    scenario = summary["scenario"]
    words = Words(language) if scenario is None else _Foreseen(language)
    rows = _rows(change, words)
    shown = [row for row in rows if row["shown"]]
    return {
        "language": language,
        "t": words.text,
        "title": _title(summary, words),
        "scenario": None if scenario is None else scenario_of(scenario, summary, words),
        "tiles": _tiles(summary, words),
        "findings": [
            {
                "title": words.text(f"change.finding.{one['id']}.title"),
                "text": words.own(one["text"]),
            }
            for one in summary["findings"]
        ],
        "maps": _map(change, rows, words),
        "districts": shown,
        "still": len(rows) - len(shown),
        "moves": _moves(summary, words),
        "types": _types(summary, words),
        "closer": [_closer(key, one, words) for key, one in summary["convergence"].items()],
        "data": _data(summary, words),
        "method": _method(summary, words),
    }


class _Foreseen(Words):
    """Says of a scenario what would be, where that reads otherwise than what was."""

    def text(self, key: str, **values: object) -> str:
        """
        Say a message.

        Parameters
        ----------
        key
            Dotted key; of a change that of a scenario is taken, where there is one.
        **values
            What its holes are filled with.

        Returns
        -------
        text
            The message.
        """
        own = key.replace("change.", "scenario.", 1) if key.startswith("change.") else key
        is_there = self.has(own) or self.has(f"{own}.other")  # or counts
        return super().text(own if is_there else key, **values)


def _title(summary: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Tell which city and which two dates these are."""
    scenario = summary["scenario"]
    if scenario is not None:
        facts = [
            words.own(scenario["title"]) if scenario["title"] else "",
            words.text("scenario.facts", count=len(scenario["edits"])),
        ]
    else:
        spans = [words.years(summary[end]["years"] or ()) for end in ("old", "new")]
        facts = [
            words.text("change.facts.span", old=spans[0], new=spans[1]) if all(spans) else "",
            words.text("change.facts.compared", count=summary["compared"]["districts"]),
        ]
    city = name(summary["city"]["name"])
    return {
        "city": city,
        "page": words.text("change.page", city=city),
        "facts": " · ".join(one for one in facts if one),
        "fictitious": bool(summary["city"]["fictitious"]),
        "version": str(summary["new"]["version"] or ""),
    }


def _step(old: str, new: str) -> str:
    """Write what was and what is."""
    return f"{old} → {new}"


def _tiles(summary: Mapping[str, Any], words: Words) -> list[dict[str, str]]:
    """Choose the figures that stand at the top."""
    index, districts = summary["index"], summary["districts"].values()
    known = [one for one in districts if one["index"]["change"] is not None]
    moved = sum(one["index"]["named"] for one in known)
    named = sum(one["kind"] in {"indicator", "said"} for one in summary["named"])
    types = sum(one["type"]["old"] != one["type"]["new"] for one in districts)
    values = {
        "index": _step(words.score(index["old"]), words.score(index["new"])),
        "moved": words.text("report.tile.of", some=moved, all=len(known)),
        "named": words.number(named, 0),
        "types": words.number(types, 0),
    }
    if summary["scenario"] is not None:
        values = tiles_of(summary["scenario"], words) | {"moved": values["moved"]}
    return [{"name": words.text(f"change.tile.{k}"), "value": v} for k, v in values.items()]


def _signed(value: Any, words: Words, decimals: int | None = 1) -> str:
    """Write a change with its sign; none where it rounds to none."""
    number = figure(value)
    written = words.number(number, decimals)
    is_zero = not any(sign in written for sign in "123456789")
    return f"{_PLUS}{written}" if number is not None and number > 0 and not is_zero else written


def _between(low: Any, high: Any, words: Words, decimals: int | None = 1) -> str:
    """Write an interval of a change; empty where nothing errs."""
    ends = [figure(low), figure(high)]
    if None in ends or ends[0] == ends[1]:
        return ""
    said = [_signed(one, words, decimals) for one in ends]
    return words.text("change.between", low=said[0], high=said[1])


def _rows(change: Change, words: Words) -> list[dict[str, Any]]:
    """Put every district in words, those that moved most first."""
    rows = []
    for unit, one in change.summary["districts"].items():
        index, rank, types = one["index"], one["rank"], one["type"]
        moved = figure(index["change"])
        rows.append(
            {
                "id": unit,
                "name": one["name"],
                "moved": moved,
                "named": index["named"],
                "old": words.score(index["old"]),
                "new": words.score(index["new"]),
                "change": _signed(moved, words),
                "between": _between(index["low"], index["high"], words),
                "verdict": _verdict(moved if index["named"] else 0),
                "parts": [_signed(index[p], words) for p in ("from_city", "from_data", "unnamed")],
                "rank": _step(words.number(rank["old"]), words.number(rank["new"])),
                "rank_between": _between(rank["low"], rank["high"], words, None),
                "types": " → ".join(
                    words.text(f"type.{kind or 'unknown'}")
                    for kind in dict.fromkeys([types["old"], types["new"]])
                ),
                "shown": index["named"]
                or types["old"] != types["new"]
                or (moved is not None and abs(moved) >= STILL),
            }
        )
    rows.sort(key=lambda row: (row["moved"] is None, -abs(row["moved"] or 0), row["name"]))
    return [{**row, "number": place} for place, row in enumerate(rows, start=1)]


def _verdict(points: float | None) -> str:
    """Tell better from worse."""
    return "" if not points else "better" if points > 0 else "worse"


def _map(change: Change, rows: Sequence[Mapping[str, Any]], words: Words) -> dict[str, Any]:
    """Colour the districts that moved, by how far."""
    drawn = _shapes.frame(change.districts)
    names = {row["id"]: row["name"] for row in rows}
    placed = _shapes.labels(drawn, names, {row["id"]: row["number"] for row in rows})
    moved = {row["id"]: row["moved"] for row in rows if row["named"]}
    step = _shapes.step_of(moved.values(), _STEPS)
    fills = {row["id"]: _fill(row, moved.get(row["id"]), step) for row in rows}
    better = sum(one is not None and one > 0 for one in moved.values())
    return {
        "frame": drawn,
        "labels": placed,
        "names": names,
        "fills": {
            row["id"]: (
                fills[row["id"]],
                f"{row['change']}{row['between'] and ' '}{row['between']}",
            )
            for row in rows
        },
        "inks": {unit: ink_on(colour) if colour else INK for unit, colour in fills.items()},
        "changes": {row["id"]: row["change"] if row["moved"] is not None else "" for row in rows},
        "unknown": any(row["moved"] is None for row in rows),
        "key": [row for row in rows if placed[row["id"]].numbered],
        "classes": _classes(step, words) if moved else [],
        "described": words.text(
            "change.where.alt", better=better, worse=len(moved) - better, total=len(rows)
        ),
        "bar": words.distance(drawn.bar_km),
    }


def _fill(row: Mapping[str, Any], moved: float | None, step: float) -> str | None:
    """Choose a district's colour; None is hatched."""
    if row["moved"] is None:
        return None
    if moved is None:
        return UNKNOWN
    return _shapes.shade(moved, step)


def _classes(step: float, words: Words) -> list[dict[str, str]]:
    """Explain the colours, from the deepest fall to the highest rise."""
    edges = [step * place for place in range(len(RISES))]
    told = []
    for colours, sign in ((FALLS[::-1], -1), (RISES, 1)):
        starts = edges[::-1] if sign < 0 else edges
        for colour, start in zip(colours, starts, strict=True):
            last = start == edges[-1]
            low, high = (_signed(sign * one, words, 0) for one in (start, start + step))
            said = words.text("change.where.beyond", edge=low) if last else ""
            told.append(
                {
                    "colour": colour,
                    "said": said or words.text("change.where.to", low=low, high=high),
                }
            )
    middle = {"colour": UNKNOWN, "said": words.text("change.where.within")}
    return [*told[: len(FALLS)], middle, *told[len(FALLS) :]]


def _moves(summary: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """List the named changes of indicators and answers, the largest first."""
    named = [one for one in summary["named"] if one["kind"] in {"indicator", "said"}]
    named.sort(key=lambda one: -abs(one["points"]))
    groups: dict[tuple[str, str], list[dict[str, str]]] = {}
    for one in named[:MOST_MOVES]:
        label = words.own(summary["labels"].get(one["what"])) or one["what"]
        unit = one["unit"]
        said = "" if unit in {"share", ""} else unit_name(unit, language=words.language)
        write = words.percent if unit == "share" else words.number
        scale, decimals = (100.0, 1) if unit == "share" else (1.0, None)
        ends = [None if one[e] is None else scale * one[e] for e in ("low", "high")]
        groups.setdefault((label, said), []).append(
            {
                "name": one["name"],
                "old": write(one["old"]),
                "new": write(one["new"]),
                "between": _between(ends[0], ends[1], words, decimals),
                "change": _signed(scale * one["change"], words, decimals),
                "points": _signed(one["points"], words),
                "verdict": _verdict(one["points"]),
                "verdict_said": words.text(f"change.moves.{one['verdict']}"),
                "cause": words.text(f"change.cause.{one['cause']}")
                if one["cause"]
                else "\N{EN DASH}",
            }
        )
    return {
        "groups": [
            {"name": label, "unit": unit, "rows": rows} for (label, unit), rows in groups.items()
        ],
        "more": max(len(named) - MOST_MOVES, 0),
    }


def _types(summary: Mapping[str, Any], words: Words) -> dict[str, Any] | None:
    """Lay the transitions out as a matrix of the types that occur."""
    cells = {(one["old"], one["new"]): one for one in summary["transitions"]}
    stated = {kind for pair in cells for kind in pair} - {"unknown"}
    if not stated:
        return None
    order = ["integrated", "showcase", "analogue", "neglected", "uncertain", "unknown"]
    kinds = [one for one in order if any(one in pair for pair in cells)]
    return {
        "heads": [words.text(f"type.{one}") for one in kinds],
        "rows": [
            {
                "name": words.text(f"type.{before}"),
                "cells": [
                    _cell(cells.get((before, after)), words, stays=before == after)
                    for after in kinds
                ],
            }
            for before in kinds
        ],
    }


def _cell(one: Mapping[str, Any] | None, words: Words, *, stays: bool) -> dict[str, Any]:
    """Write how many districts and people took a step, or stayed."""
    if one is None:
        return {"count": "\N{EN DASH}", "range": "", "people": "", "moved": False}
    low, high = (round(one[end]) for end in ("low", "high"))
    people = figure(one["people"])
    said = "" if people is None else words.text("change.types.people", count=round(people))
    return {
        "count": words.number(one["districts"], 0),
        "range": f"({words.range(low, high, 0)})" if low != high else "",
        "people": said if one["districts"] else "",
        "moved": bool(one["districts"]) and not stays,
    }


def _closer(key: str, one: Mapping[str, Any], words: Words) -> dict[str, str]:
    """Say how far apart districts were and are on a score."""
    told = {
        "name": words.text("report.column.index" if key not in PILLARS else f"report.column.{key}")
    }
    for part in ("spread", "gap"):
        ends = one[f"{part}_interval"]
        told[part] = _step(words.score(one[f"{part}_old"]), words.score(one[f"{part}_new"]))
        told[f"{part}_change"] = _signed(one[f"{part}_change"], words, 2)
        told[f"{part}_between"] = _between(ends["low"], ends["high"], words, 2)
    ends = one["slope_interval"]
    told["slope"] = _signed(one["slope"], words, 3)
    told["slope_between"] = _between(ends["low"], ends["high"], words, 3)
    verdicts = {"closer": "catching", "apart": "falling"}
    told["spread_says"] = words.text(f"change.closer.{one['spread_says']}")
    slope_says = verdicts.get(one["slope_says"], one["slope_says"])
    told["slope_says"] = words.text(f"change.closer.{slope_says}")
    return told


def _data(summary: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Say what changed in the data."""
    data, compared = summary["data"], summary["compared"]

    def labelled(keys: Sequence[str]) -> list[str]:
        return [words.own(summary["labels"].get(key)) or key for key in keys]

    said = [
        words.text(f"change.data.{which}", listed=words.listing(labels))
        for which, labels in (
            ("only_old", labelled(compared["only_old"])),
            ("only_new", labelled(compared["only_new"])),
            ("gone", list(compared["gone"].values())),
            ("added", list(compared["new"].values())),
            ("redrawn", list(compared["redrawn"].values())),
        )
        if labels
    ]
    for one in data["trust"]:
        ends = {end: words.percent(one[end]) for end in ("old", "new")}
        if one["fact"] == "confidence":
            ends = {end: words.number(one[end], 2) for end in ("old", "new")}
        label = labelled([one["indicator"]])[0]
        said.append(words.text(f"change.data.trust.{one['fact']}", label=label, **ends))
    for key, (old, new) in data["manner"].items():
        what = (
            words.text("report.parameter." + key) if words.has("report.parameter." + key) else key
        )
        said.append(words.text("change.data.manner", what=what, old=str(old), new=str(new)))
    files = sorted(data["files"], key=lambda one: (_ORDER[one["status"]], one["source"]))
    return {"said": said, "files": [_file(one, words) for one in files]}


def _file(one: Mapping[str, Any], words: Words) -> dict[str, str]:
    """Say what became of a file."""

    def step(fact: str) -> str:
        old, new = one[f"{fact}_old"], one[f"{fact}_new"]
        if fact == "rows":
            old, new = (None if end is None else words.number(end, 0) for end in (old, new))
        ends = [str(end) for end in dict.fromkeys([old, new]) if end is not None]
        return " → ".join(ends) or words.unknown

    paths = {PurePath(str(one[end])).name for end in ("path_old", "path_new") if one[end]}
    marks = [
        str(one[f"sha256_{end}"])[:HASH_DIGITS] for end in ("old", "new") if one[f"sha256_{end}"]
    ]
    return {
        "name": source_name(str(one["source"]), words),
        "file": " → ".join(sorted(paths)),
        "status": words.text(f"change.data.{one['status']}"),
        "changed": one["status"] != "same",
        "year": step("year"),
        "rows": step("rows"),
        "marks": " → ".join(dict.fromkeys(marks)),
    }


def _method(summary: Mapping[str, Any], words: Words) -> list[str]:
    """Say how changes were judged."""
    method = summary["method"]
    if summary["scenario"] is not None:
        return [words.text(f"scenario.method.{one}") for one in ("common", "ede", "map")]
    return [
        words.text("change.method.compared"),
        words.text("change.method.error"),
        words.text(
            "change.method.rate",
            fdr=words.percent(method["fdr"]),
            points=words.number(method["min_points"]),
            index_points=words.number(method["min_index_points"]),
        ),
        words.text("change.method.cause"),
    ]
