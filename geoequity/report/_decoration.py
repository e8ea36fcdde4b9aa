"""Decoration put in words: how far technologies run ahead of structures, and why."""

from collections.abc import Mapping, Sequence
from typing import Any

from geoequity.palette import TYPE_COLOURS
from geoequity.report._charts import along
from geoequity.report._words import Words, at, figure
from geoequity.schema import PILLARS
from geoequity.study import Study

_MOST = 14  # districts told; of more, as many as fit from either end
_LEAST_REACH = 10.0  # points to either side of the bars, however small they are


def decoration(
    study: Study, rows: Sequence[Mapping[str, Any]], words: Words
) -> dict[str, Any] | None:
    """
    Line the districts up by technologies minus structures.

    Parameters
    ----------
    study
        What was found in a city.
    rows
        The districts in words.
    words
        The reader's language.

    Returns
    -------
    decoration
        Sentences under ``said``; ``caption``; whether relative types are
        ``stated``; ``rows`` with the difference, its bar as shares of the
        cell's width, and why; ``rest``, what of a large city is not told, or
        nothing. None where no district has both pillars.
    """
    told = study.summary["districts"]
    known = [
        (gap, row)
        for row in rows
        if (gap := figure(at(told, row["id"], "decoration_gap"))) is not None
    ]
    # Scores that place districts by one another put both pillars about the same middle
    if not known or at(study.summary, "types", "basis") == "relative_scores":
        return None
    known.sort(key=lambda one: -one[0])
    cut = len(known) > _MOST
    listed = [*known[: _MOST // 2], *known[-(_MOST // 2) :]] if cut else known
    reach = max(_LEAST_REACH, *(abs(gap) for gap, _ in known))
    relative = at(study.summary, "types", "relative") or {}
    stated = relative.get("basis") == "relative"
    middle = {one: words.score(at(relative, "threshold", one)) for one in PILLARS}
    return {
        "said": _said(study.summary.get("decoration") or {}, words),
        "caption": words.text("report.decoration.caption", **middle)
        if stated
        else words.text("report.decoration.caption_plain"),
        "stated": stated,
        "rows": [
            {
                "name": row["name"],
                "gap": f"+{words.score(gap)}" if gap > 0 else words.score(gap),
                "bar": _bar(gap, reach),
                "relative": words.text(f"type.{at(told, row['id'], 'type_relative') or 'unknown'}"),
                "why": _why(gap, at(told, row["id"], "decoration") or {}, study, words),
            }
            for gap, row in listed
        ],
        "rest": words.text("report.decoration.rest", count=len(known) - len(listed)) if cut else "",
    }


def _said(told: Mapping[str, Any], words: Words) -> list[str]:
    """Say how it stands with the whole city."""
    said = []
    mean, people = figure(told.get("mean")), figure(told.get("showcase_population"))
    if mean is not None:
        ahead = PILLARS[mean > 0]
        said.append(words.text(f"report.decoration.mean_{ahead}", points=words.score(abs(mean))))
    if people:
        said.append(words.text("report.decoration.showcase", count=round(people)))
    return said


def _bar(gap: float, reach: float) -> dict[str, Any]:
    """Place a bar to the left or to the right of the middle, in per cent of the cell."""
    kind = "showcase" if gap >= 0 else "analogue"
    return {"colour": TYPE_COLOURS[kind], **along(gap, -reach, reach)}


def _why(gap: float, told: Mapping[str, Any], study: Study, words: Words) -> list[str]:
    """Name the indicators that lead and those that lack."""
    ahead, behind = PILLARS[::-1] if gap > 0 else PILLARS
    said = []
    for pillar, side in ((ahead, "ahead"), (behind, "behind")):
        names = [
            words.label(study.catalogue.loc[one]) or one
            for one in told.get(side) or ()
            if one in study.catalogue.index
        ]
        if names:
            items = words.listing(names)
            said.append(words.text(f"report.decoration.{pillar}_{side}", items=items))
    return said
