"""Walks put in words: along which streets, up which slopes, and by whom."""

from typing import Any

from geoequity.report._words import Words, at, figure
from geoequity.study import Study

_NOTABLE_SHARE = 0.005  # of residents; fewer are not told


def walks(study: Study, words: Words) -> dict[str, Any] | None:
    """
    Tell how walks were measured, and what others than adults walk.

    Parameters
    ----------
    study
        The study.
    words
        The reader's language.

    Returns
    -------
    walks
        A ``lead``, where anybody walked along streets; sentences under ``said``;
        ``heads`` and ``rows`` of the table of walkers, empty where only adults walk.
        None where there is no street layer.
    """
    told = study.summary.get("walking") or {}
    said = _said(told, words)
    groups = {name: one for name, one in (told.get("groups") or {}).items() if one}
    if not said and not groups:
        return None
    rows = []
    for key in dict.fromkeys(key for one in groups.values() for key in one):
        means = [figure(at(one, key, "mean")) for one in groups.values()]
        adult = figure(next(iter(groups.values()))[key]["adult"])
        cells = [_minutes(adult, words), *(_minutes(one, words) for one in means)]
        rows.append({"name": words.label(study.catalogue.loc[key]), "cells": cells})
    heads = [words.text("walker.adult"), *(words.text(f"walker.{one}") for one in groups)]
    walked = bool(rows) or (told.get("kind") == "whole" and told.get("homes") is not None)
    return {
        "lead": words.text("report.foot.lead") if walked else "",
        "said": [*said, *_unreached(groups, study, words)],
        "heads": heads,
        "rows": rows,
    }


def _said(told: dict[str, Any], words: Words) -> list[str]:
    """Say along what people were taken to walk."""
    kind = told.get("kind")
    if kind in {"main_roads", "fragments"}:
        return [words.text(f"report.foot.{kind}")]
    if kind is None:
        return []
    if told.get("homes") is None:
        kilometres = words.number(told["length_km"], 0)
        return [words.text("report.foot.nobody", kilometres=kilometres)]
    key = "report.foot.slope" if told.get("slope") else "report.foot.level"
    said = [words.text(key, kilometres=words.number(told["length_km"], 0))]
    for name in ("straight_share", "far_share", "island_share"):
        share = figure(told.get(name))
        if share is not None and share >= _NOTABLE_SHARE:
            said.append(words.text(f"report.foot.{name}", share=words.percent(share)))
    return said


def _unreached(groups: dict[str, Any], study: Study, words: Words) -> list[str]:
    """Say who reaches what by no way at all."""
    said = []
    for name, one in groups.items():
        shares = {key: figure(at(one, key, "unreached_share")) or 0.0 for key in one}
        worst = max(shares, key=lambda key: shares[key])
        if shares[worst] >= _NOTABLE_SHARE:
            said.append(
                words.text(
                    "report.foot.unreached",
                    walker=words.text(f"walker.{name}"),
                    share=words.percent(shares[worst]),
                    indicator=words.label(study.catalogue.loc[worst]),
                )
            )
    return said


def _minutes(value: float | None, words: Words) -> str:
    """Write minutes, or the word for unknown."""
    return words.number(value, 1)
