"""Rides put in words: what runs, what it leads to, and what a mode is worth."""

from typing import Any

import pandas as pd

from geoequity.findings import losses, say_without
from geoequity.locale import date
from geoequity.report._words import Words, at, figure
from geoequity.study import Study

_NOTABLE_SHARE = 0.005  # of trips
_ROWS = 10
_SIDES = ("with", "without")


def rides(study: Study, words: Words) -> dict[str, Any] | None:
    """
    Tell what public transport was measured, and what it leads to.

    Parameters
    ----------
    study
        The study.
    words
        The reader's language.

    Returns
    -------
    rides
        A ``lead``; sentences under ``said``; under ``tables``, one for each mode
        that was taken out, ``caption``, ``heads`` and ``rows`` of the districts that
        lose most. Without a timetable, how often routes run; None where there are
        none either.
    """
    told = study.summary.get("transit") or {}
    timetable = told.get("timetable")
    if not timetable:
        return _routes(told.get("routes") or {}, words)
    said = [*_timetable(timetable, words), *_reach(told, words)]
    tables = []
    for mode, one in (told.get("without") or {}).items():
        names = study.districts["name"]
        said.append(say_without(one, mode=mode, names=names, language=words.language))
        tables.append(_table(one, mode=mode, names=names, words=words))
    lead = words.text("report.wheels.lead")
    return {"lead": lead, "said": said, "tables": [one for one in tables if one["rows"]]}


def _routes(told: dict[str, Any], words: Words) -> dict[str, Any] | None:
    """Say how often routes run where no timetable tells what leaves from which stop."""
    if not told:
        return None
    said = [
        words.text(
            "report.wheels.routes" if one["running"] else "report.wheels.routes_none",
            mode=words.text(f"map.mode.{mode}").capitalize(),
            **{key: words.number(one[key], 0) for key in ("routes", "known", "running")},
            headway=words.number(one["headway_min"]),
        )
        for mode, one in told.items()
    ]
    return {"lead": words.text("report.wheels.routes_lead"), "said": said, "tables": []}


def _timetable(told: dict[str, Any], words: Words) -> list[str]:
    """Say what the timetable is."""
    by_mode = [
        words.text("report.wheels.mode", mode=words.text(f"map.mode.{one}"), number=number)
        for one, number in (told.get("trips_by_mode") or {}).items()
    ]
    said = [
        words.text(
            "report.wheels.timetable",
            date=date(told["date"], language=words.language),
            number=words.number(told["trips"], 0),
            modes=words.listing(by_mode),
        )
    ]
    share, draws = figure(told.get("frequency_share")), told.get("draws")
    if draws is not None and share is not None and share >= _NOTABLE_SHARE:
        key = "frequency" if draws else "regular"
        said.append(words.text(f"report.wheels.{key}", share=words.percent(share)))
    longest = figure(told.get("max_walk_min"))
    if longest is not None:
        afoot = words.number(figure(told.get("max_afoot_min")), 0)
        said.append(words.text("report.wheels.walk", number=words.number(longest, 0), afoot=afoot))
    return said


def _reach(told: dict[str, Any], words: Words) -> list[str]:
    """Say what is reached, and with how much changing."""
    mean = told.get("mean") or {}
    amount = at(told, "timetable", "weighed_by")
    reached = figure(mean.get(f"{amount}_45min_share"))
    if reached is None:
        return []
    direct = figure(mean.get(f"{amount}_45min_share_direct"))
    said = [
        words.text(
            "report.wheels.reach",
            share=words.percent(reached),
            amount=words.text(f"reach.{amount}"),
            direct=words.percent(None if direct is None or not reached else direct / reached),
        )
    ]
    changing, spread = figure(mean.get("change_min")), figure(mean.get("spread_min"))
    if changing is not None and spread is not None:
        said.append(
            words.text(
                "report.wheels.changing",
                changing=words.number(changing, 1),
                spread=words.number(spread, 1),
            )
        )
    return said


def _table(told: dict[str, Any], *, mode: str, names: pd.Series, words: Words) -> dict[str, Any]:
    """Lay out the districts that lose most."""
    rows = []
    for one in losses(told)[:_ROWS]:
        before, after = (figure(told["districts"][one][side]) for side in _SIDES)
        points = None if before is None or after is None else 100 * (after - before)
        cells = [words.percent(before, 1), words.percent(after, 1), words.number(points, 1)]
        rows.append({"name": str(names[one]), "cells": cells})
    named = {"mode": words.text(f"reach.mode.{mode}")}
    heads = [words.text(f"report.wheels.{one}", **named) for one in (*_SIDES, "points")]
    caption = words.text(
        "report.wheels.caption", amount=words.text(f"reach.{told['amount']}"), **named
    )
    return {"mode": mode, "caption": caption, "heads": heads, "rows": rows}
