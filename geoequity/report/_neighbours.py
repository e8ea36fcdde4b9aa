"""Neighbours put in words and on a map: clusters, cliffs, and the way from the centre."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import shapely

from geoequity.findings import SURE
from geoequity.judgement import ROOT
from geoequity.palette import CLUSTER_COLOURS, CLUSTER_MARKS, ink_on
from geoequity.report._words import Words, amount, at, figure, indicator_names
from geoequity.study import Study

_LEAST_P = 0.001  # smaller ones are told as under it
_DRAWN = 5  # cliffs on the map
_KM = 1000.0


def neighbours(
    study: Study, rows: Sequence[Mapping[str, Any]], maps: Mapping[str, Any], words: Words
) -> dict[str, Any] | None:
    """
    Tell where districts are alike together, and where neighbours are far apart.

    Parameters
    ----------
    study
        The study.
    rows
        The districts in words.
    maps
        The maps of the report, on whose geometry this one is drawn.
    words
        The reader's language.

    Returns
    -------
    neighbours
        ``said`` and ``notes``, sentences; ``map``, in the shape of the map of types,
        with its ``legend`` and ``lines``, None where no index clusters; ``cliffs``
        and ``rings``, tables of ``heads`` and ``rows``, None where there are none.
        None in a study that looked for no pattern, or found nothing to tell.
    """
    told = study.summary.get("patterns")
    if not told or not (told["index"] or told["cliffs"] or told["gradient"]):
        return None
    labels = {**indicator_names(study, words), ROOT: words.text("report.column.index")}
    of = {row["id"]: row for row in rows}
    return {
        "said": _said(told, labels, words),
        "notes": _notes(told, of, words),
        "map": _map(study, told, of, maps, words) if told["index"] else None,
        "cliffs": _cliffs(told["cliffs"], of, words),
        "slopes": _slopes(told["gradient"] or {}, study, labels, words),
        "rings": _rings(told["gradient"] or {}, study, labels, words),
    }


def _p(value: Any, words: Words) -> str:
    """Write a p-value."""
    known = figure(value)
    if known is not None and known < _LEAST_P:
        return words.text("report.neighbours.p_under", number=words.number(_LEAST_P, 3))
    return words.text("report.neighbours.p", number=words.number(known, 3))


def _said(told: Mapping[str, Any], labels: Mapping[str, str], words: Words) -> list[str]:
    """Say what the tests found."""
    said = []
    one = told["index"]
    if one:
        said.append(
            words.text(
                "report.neighbours.tested",
                value=words.number(one["value"], 2),
                expected=words.number(one["expected"], 2),
                count=one["n"],
                p=_p(one["p"], words),
            )
        )
    for key in ("technologies_structures", "index_stratifier"):
        one = told[key]
        if one:
            sure = one["p"] <= SURE
            verdict = ("with" if one["value"] > 0 else "against") if sure else "neither"
            stratifier = one.get("indicator", "")
            said.append(
                words.text(
                    f"report.neighbours.{key}",
                    value=words.number(one["value"], 2),
                    p=_p(one["p"], words),
                    verdict=words.text(f"report.neighbours.{verdict}"),
                    label=labels.get(stratifier, stratifier),
                )
            )
    return said


def _notes(told: Mapping[str, Any], of: Mapping[str, Mapping[str, Any]], words: Words) -> list[str]:
    """Say how it was judged, who is left out, and what could not be told."""
    notes = []
    if told["index"]:
        tolerance = words.number(told["neighbours"]["tolerance_m"], 0)
        permutations = words.number(told["permutations"], 0)
        notes.append(
            words.text("report.neighbours.note", permutations=permutations, tolerance=tolerance)
        )
    islands = [of[one]["name"] for one in told["neighbours"]["islands"] if one in of]
    if islands:
        notes.append(words.text("report.neighbours.islands", names=words.listing(islands)))
    missing: dict[str, list[str]] = {}
    for key, why in told["reasons"].items():
        what = words.text(f"report.neighbours.{key}_name")
        missing.setdefault(words.own(why["text"]), []).append(what)
    notes += [
        words.text("report.neighbours.unknown", what=words.listing(what), why=why)
        for why, what in missing.items()
    ]
    return notes


def _map(
    study: Study,
    told: Mapping[str, Any],
    of: Mapping[str, Mapping[str, Any]],
    maps: Mapping[str, Any],
    words: Words,
) -> dict[str, Any]:
    """Colour the clusters, and draw the highest cliffs upon them."""
    kinds = {
        unit: study.patterns.loc[unit, "cluster"] if of[unit]["value"] is not None else "unknown"
        for unit in maps["frame"].paths
    }
    kinds = {unit: kind or "chance" for unit, kind in kinds.items()}
    counts = Counter(kinds.values())
    names = {kind: words.text(f"cluster.{kind}") for kind in CLUSTER_COLOURS}
    names["unknown"] = words.unknown
    legend = [
        {
            "name": names[kind],
            "colour": colour,
            "mark": CLUSTER_MARKS.get(kind),
            "ink": ink_on(colour),
            "count": counts[kind],
        }
        for kind, colour in CLUSTER_COLOURS.items()
        if counts[kind]
    ]
    items = "; ".join(f"{names[kind]}: {count}" for kind, count in counts.items())
    drawn = told["cliffs"][:_DRAWN]
    return {
        **maps,
        "types": {
            "described": words.text("report.neighbours.map_alt", items=items),
            "fills": {
                unit: (CLUSTER_COLOURS.get(kind), names[kind]) for unit, kind in kinds.items()
            },
        },
        "marks": {unit: CLUSTER_MARKS.get(kind) for unit, kind in kinds.items()},
        "inks": {
            unit: ink_on(CLUSTER_COLOURS.get(kind, CLUSTER_COLOURS["chance"]))
            for unit, kind in kinds.items()
        },
        "legend": legend,
        "unknown": counts["unknown"] > 0,
        "lines": [_line(one, maps["frame"].shapes) for one in drawn],
        "caption": words.text(
            "report.neighbours.map_caption", level=words.percent(told["level"]), count=len(drawn)
        ),
    }


def _line(cliff: Mapping[str, Any], shapes: Mapping[str, Any]) -> str:
    """Trace the border that two districts share on the page."""
    borders = [shapely.boundary(shapes[cliff[side]]) for side in ("higher", "lower")]
    shared = shapely.line_merge(shapely.intersection(*borders))
    lines = [part for part in shapely.get_parts(shared) if part.geom_type == "LineString"]
    return "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in shapely.get_coordinates(line))
        for line in lines
    )


def _cliffs(
    cliffs: Sequence[Mapping[str, Any]], of: Mapping[str, Mapping[str, Any]], words: Words
) -> dict[str, Any] | None:
    """Lay out the neighbours that are farthest apart."""
    if not cliffs:
        return None
    rows = []
    for one in cliffs:
        sides = [of[one[side]] for side in ("higher", "lower")]
        verdict = {True: "ranges_apart", False: "ranges_overlap"}.get(one["apart"])
        rows.append(
            {
                "sides": [
                    {"name": side["name"], "score": side["score"], "range": side["score_range"]}
                    for side in sides
                ],
                "points": words.score(one["points"]),
                "ranges": words.text(f"report.neighbours.{verdict}") if verdict else words.unknown,
                "border": _length(one["border_m"], words),
            }
        )
    keys = ("higher", "lower", "points", "ranges", "border")
    return {"heads": [words.text(f"report.neighbours.{one}") for one in keys], "rows": rows}


def _length(metres: float, words: Words) -> str:
    """Write the length of a border; some neighbours meet in a corner only."""
    if not metres:
        return words.text("report.neighbours.corner")
    long = metres >= _KM
    return words.quantity(metres / _KM if long else round(metres), "km" if long else "m")


def _slopes(
    gradients: Mapping[str, Any], study: Study, labels: Mapping[str, str], words: Words
) -> list[str]:
    """Say how much each value changes with a kilometre."""
    said = []
    for key, one in gradients.items():
        if figure(one["explained"]) is None:
            continue
        said.append(
            words.text(
                "report.neighbours.slope",
                label=labels.get(key, key),
                slope=_slope(one["slope_per_km"], key, study, words),
                explained=words.percent(one["explained"]),
                correlation=words.number(one["rank_correlation"], 2),
            )
        )
    return said


def _slope(value: float, key: str, study: Study, words: Words) -> str:
    """Write a change; that of a share is in percentage points."""
    if key != ROOT and study.catalogue.loc[key, "unit"] == "share":
        return words.text("report.neighbours.share_points", number=words.number(100 * value, 1))
    return _value(value, key, study, words)


def _value(value: Any, key: str, study: Study, words: Words) -> str:
    """Write a value of the index or an indicator."""
    return words.score(value) if key == ROOT else amount(study, key, value, words)


def _rings(
    gradients: Mapping[str, Any], study: Study, labels: Mapping[str, str], words: Words
) -> dict[str, Any] | None:
    """Lay out the means of the rings around the centre."""
    if not gradients:
        return None
    keys = list(gradients)
    rows = []
    for place, ring in enumerate(at(gradients, keys[0], "rings")):
        name = words.text(
            "report.neighbours.ring",
            low=words.number(ring["from_km"], 1),
            high=words.number(ring["to_km"], 1),
        )
        cells = [_value(gradients[key]["rings"][place]["mean"], key, study, words) for key in keys]
        rows.append({"name": name, "cells": cells})
    return {"heads": [labels.get(key, key) for key in keys], "rows": rows}
