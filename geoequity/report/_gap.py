"""The gap put in words: what makes it, what lies between parts of the city, who has more."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from geoequity.findings import DRIVING_POINTS, LEANING
from geoequity.report._charts import along
from geoequity.report._words import (
    Words,
    amount,
    at,
    district_names,
    figure,
    indicator_names,
)
from geoequity.schema import PILLARS
from geoequity.study import Study

_ROWS = 10
_ENDS = ("worse", "better")


def gap(study: Study, words: Words) -> dict[str, Any] | None:
    """
    Tell what the gap of the index is made of.

    Parameters
    ----------
    study
        What was found in a city.
    words
        The reader's language.

    Returns
    -------
    gap
        Sentences under ``said``, and ``tables`` of bars by indicator and by
        district; None where the index has no gap, or none that is told.
    """
    index = study.summary.get("index") or {}
    total = figure(at(index, "gap", "points"))
    if not index.get("drivers") or total is None:
        return None
    said = [words.text("report.gap.total", gap=words.score(total))]
    pillars = {one["id"]: one["points"] for one in index.get("pillar_drivers") or ()}
    if set(pillars) == set(PILLARS):
        both = {pillar: words.score(points) for pillar, points in pillars.items()}
        said.append(words.text("finding.drivers.pillars", **both))
    said += _unknown("gap", index, words)
    labels = indicator_names(study, words)
    tables = [
        _bars("indicator", index["drivers"], labels, words),
        _bars("district", index.get("district_drivers") or (), district_names(study), words),
    ]
    return {"said": said, "tables": [one for one in tables if one["rows"]]}


def divide(study: Study, words: Words) -> dict[str, Any] | None:
    """
    Set the parts of the city that its file names beside each other.

    Parameters
    ----------
    study
        What was found in a city.
    words
        The reader's language.

    Returns
    -------
    divide
        ``parts`` with their districts and means, ``heads`` and ``rows`` of the
        indicators that set the best- and the worst-served apart, ``notes`` on
        these; None where the city names no parts.
    """
    told = study.summary.get("divide")
    if not told:
        return None
    labels = indicator_names(study, words)
    called = district_names(study)
    names = {key: _title(words.own(one["label"]) or key) for key, one in told["parts"].items()}
    parts = [
        {
            "name": names[key],
            "districts": words.listing([called[str(unit)] for unit in one["districts"]]),
            "cells": [
                words.number(one["population"], 0),
                *(words.score(one[node]) for node in ("index", *PILLARS)),
            ],
        }
        for key, one in told["parts"].items()
    ]
    rows = []
    if told["better"]:
        sides = [told["parts"][told[end]]["indicators"] for end in _ENDS]
        rows = [
            {
                "name": labels.get(one["id"], one["id"]),
                "cells": [amount(study, one["id"], side.get(one["id"]), words) for side in sides],
                **_bar(one, _widest(told["drivers"]), words),
            }
            for one in told["drivers"]
        ]
    heads = [names[told[end]] for end in _ENDS] if told["better"] else []
    notes = _unknown("divide", told, words)
    if any(one["error"] for one in told["drivers"]):
        notes.append(words.text("report.gap.sampled"))
    return {"parts": parts, "heads": heads, "rows": rows, "notes": notes}


def leaning(study: Study, words: Words) -> dict[str, Any] | None:
    """
    Tell which indicators lean to the better off and which to the worse off.

    Parameters
    ----------
    study
        What was found in a city.
    words
        The reader's language.

    Returns
    -------
    leaning
        ``stratifier`` that districts are ranked by, and ``rows`` of the
        indicators with their concentration index, in figures and in words, the
        strongest first; None where nothing ranks the districts.
    """
    told = study.summary.get("indicators") or {}
    ranks = study.catalogue.index[study.catalogue["role"] == "stratifier"]
    leans = {
        str(key): lean
        for key, entry in study.catalogue.iterrows()
        if entry["role"] == "indicator"
        and (lean := figure(at(told, str(key), "concentration"))) is not None
    }
    if not len(ranks) or not leans:
        return None
    rows = [
        {
            "name": words.label(study.catalogue.loc[key]),
            "index": words.number(leans[key], 2),
            "said": words.text(f"report.leaning.{verdict(study, key, leans[key])}"),
        }
        for key in sorted(leans, key=lambda one: (-abs(leans[one]), one))[:_ROWS]
    ]
    stratifier = words.label(study.catalogue.loc[ranks[0]])
    return {"stratifier": stratifier, "rows": rows, "of": len(leans)}


def verdict(study: Study, indicator: str, lean: float) -> str:
    """
    Tell to whom an indicator leans.

    Parameters
    ----------
    study
        What was found in a city.
    indicator
        Its id.
    lean
        Its concentration index, positive where the better off have more.

    Returns
    -------
    verdict
        Key of a message under ``report.leaning``.
    """
    if abs(lean) < LEANING:
        return "even"
    burden = study.catalogue.loc[indicator, "better"] == "lower"
    return f"{'well' if lean > 0 else 'badly'}_{'burden' if burden else 'good'}"


def _bars(
    by: str, told: Sequence[Mapping[str, Any]], names: Mapping[str, str], words: Words
) -> dict[str, Any]:
    """Put the largest points in words, and what the others come to."""
    known = [one for one in told if figure(one["points"]) is not None]
    shown = known[:_ROWS] if len(known) > _ROWS + 1 else known
    widest = _widest(shown)
    rows = [{"name": names.get(one["id"], one["id"]), **_bar(one, widest, words)} for one in shown]
    others = known[len(shown) :]
    if others:
        rest = {key: sum(one[key] or 0.0 for one in others) for key in ("points", "share")}
        title = words.text("report.gap.others", count=len(others))
        # Many together are no rival to one: they get no bar
        no_bar = {"left": None, "width": None}
        rows.append({"name": title, **_bar({**rest, "error": None}, widest, words), **no_bar})
    return {"by": by, "sampled": any(one["error"] for one in known), "rows": rows}


def _widest(rows: Iterable[Mapping[str, Any]]) -> tuple[float, float]:
    """Tell how far bars reach to the left and to the right."""
    points = [figure(one["points"]) or 0.0 for one in rows]
    return min(0.0, *points), max(0.0, *points)


def _bar(one: Mapping[str, Any], widest: tuple[float, float], words: Words) -> dict[str, Any]:
    """Write points and share, and lay the bar out in percent of the widest."""
    points, error = figure(one["points"]) or 0.0, figure(one["error"])
    return {
        "points": words.score(points),
        "error": f"± {words.number(math.ceil(100 * error) / 100, 2)}" if error else "",
        "share": words.percent(one["share"], 0),
        "against": points < 0,
        **along(points, *widest),
    }


def _unknown(table: str, told: Mapping[str, Any], words: Words) -> list[str]:
    """Say how many points come from what is unknown, if that is worth a sentence."""
    points = figure(told.get("unknown_points"))
    if points is None or abs(points) < DRIVING_POINTS / 10:
        return []
    return [words.text(f"report.{table}.unknown", points=words.score(points))]


def _title(said: str) -> str:
    """Begin with a capital."""
    return said[:1].upper() + said[1:]
