"""What hangs on the borders, put in words: the same study in other zones."""

from collections.abc import Mapping
from typing import Any

from geoequity.report._words import Words, figure
from geoequity.study import Study
from geoequity.zoning import CELLS, PUBLISHED

_ROWS = 8  # indicators, the most unequal first


def borders(study: Study, words: Words) -> dict[str, Any] | None:
    """
    Tell how the gap and the worst quarter move with the borders.

    Parameters
    ----------
    study
        The study.
    words
        The reader's language.

    Returns
    -------
    borders
        Sentences under ``said``; ``rows`` of the zonings; ``heads`` and ``ginis``
        of the indicators. None where the city was not cut into other zones.
    """
    told = study.summary.get("zoning")
    if not told:
        return None
    zonings = told["zonings"]
    names = {key: words.own(one["label"]) or key for key, one in zonings.items()}
    rows = [
        {
            "name": names[key],
            "cells": [
                words.number(one["units"], 0),
                words.score(one["mean"]),
                words.score(one["gap_points"]),
                words.number(one["gini"], 2),
                words.percent(one["worst_quarter_kept"], 0),
            ],
        }
        for key, one in zonings.items()
    ]
    known = figure(zonings[PUBLISHED]["gap_points"]) is not None
    ginis = _ginis(study, told["ginis"], [CELLS, *zonings], words)
    if not known and not ginis:
        return None
    return {
        "said": _said(zonings, words) if known else [],
        "rows": rows if known else [],
        "number": len(told["indicators"]),
        "heads": [words.text("zoning.cells"), *names.values()] if ginis else [],
        "ginis": ginis,
    }


def _said(zonings: Mapping[str, Mapping[str, Any]], words: Words) -> list[str]:
    """Say how far the gap moves, and how many people stay in the worst quarter."""
    gaps = {key: figure(one["gap_points"]) for key, one in zonings.items()}
    known = [one for key, one in gaps.items() if one is not None and key != PUBLISHED]
    kept = [
        share
        for key, one in zonings.items()
        if key != PUBLISHED and (share := figure(one["worst_quarter_kept"])) is not None
    ]
    said = [
        words.text(
            "report.borders.gap",
            points=words.range(min(known), max(known), 1),
            published=words.score(gaps[PUBLISHED]),
        )
    ]
    if kept:
        percents = words.range(100 * min(kept), 100 * max(kept), 0)
        said.append(
            words.text("report.borders.kept", shares=words.text("format.percent", number=percents))
        )
    return said


def _ginis(
    study: Study, ginis: Mapping[str, Mapping[str, Any]], zonings: list[str], words: Words
) -> list[dict[str, Any]]:
    """Lay out the Gini of the indicators of the index that are most unequal between cells."""
    listed = {key: one for key, one in ginis.items() if key in study.scores.columns}
    order = sorted(listed, key=lambda key: -(figure(listed[key][CELLS]["gini"]) or 0.0))
    return [
        {
            "name": words.label(study.catalogue.loc[key]),
            "cells": [
                words.number(listed[key].get(zoning, {}).get("gini"), 2) for zoning in zonings
            ],
        }
        for key in order[:_ROWS]
    ]
