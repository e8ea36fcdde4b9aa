"""Cities side by side as one tidy table: a row a number, the unknown ones too."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from geoequity.compare._matched import DISTRICTS
from geoequity.judgement import NO_MATERIAL_GAP, ROOT

_COLUMNS = ["city", "name", "kind", "what", "measure", "unit", "value"]
_COLUMNS += ["sampling_low", "sampling_high", "method_low", "method_high"]
_COLUMNS += ["resolution", "units", "coverage", "reason"]


def table_of(summary: Mapping[str, Any]) -> pd.DataFrame:
    """
    Put every number in a row.

    Parameters
    ----------
    summary
        The content of ``compare.json``, findings still absent.

    Returns
    -------
    table
        As ``Cities.table``.
    """
    rows = [*_city_rows(summary), *_node_rows(summary), *_indicator_rows(summary)]
    named = {city: one["name"] for city, one in summary["cities"].items()}
    table = pd.DataFrame(rows)
    table["name"] = table["city"].map(named).fillna("")
    return table.reindex(columns=_COLUMNS)


def _row(told: Any, **about: Any) -> dict[str, Any]:
    """Put a number, with its intervals where it has some, in a row."""
    value = told["value"] if isinstance(told, Mapping) else told
    row = {**about, "value": np.nan if value is None else float(value)}
    if isinstance(told, Mapping):
        for kind in ("sampling", "method"):
            for end in ("low", "high"):
                row[f"{kind}_{end}"] = (told[kind] or {}).get(end, np.nan)
    return row


def _city_rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List what a city is, and what its own study says, which is not for comparing."""
    units = {
        "imd_2025_rank": "rank",
        "population": "persons",
        "districts": "count",
        "residents_per_district": "persons",
        "area_km2": "km2",
    }
    own = {"mean": "points", "gap_points": "points", "neglected_share": "share"}
    rows = []
    for city, one in summary["cities"].items():
        about = {"city": city, "kind": "city", "what": "city"}
        rows += [_row(one[key], measure=key, unit=unit, **about) for key, unit in units.items()]
        about["what"] = "own_study"
        rows += [
            _row(
                one["own"][key],
                measure=key,
                unit=unit,
                resolution=DISTRICTS,
                units=one["districts"],
                **about,
            )
            for key, unit in own.items()
        ]
    return rows


def _node_rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the index, pillars and areas of every city, those that lack it too."""
    rows = []
    for node, told in summary["nodes"].items():
        for city in summary["cities"]:
            one = told["cities"].get(city)
            about = {
                "city": city,
                "kind": told["kind"],
                "what": node,
                "resolution": DISTRICTS,
                "units": one["districts"] if one else 0,
                "coverage": one["coverage"] if one else None,
                "reason": told["left_out"].get(city, "") if one is None else _first(one),
            }
            rows += [
                _row(one and one[key], measure=key, unit="points", **about)
                for key in ("mean", "gap_points", "mean_abs_difference")
            ]
            if node == ROOT:
                share = one["types"]["neglected_share"] if one else None
                basis = one["types"]["basis"] if one else None
                if one and basis == NO_MATERIAL_GAP:
                    about["reason"] = NO_MATERIAL_GAP
                rows.append(_row(share, measure="neglected_share", unit="share", **about))
    return rows


def _first(one: Mapping[str, Any]) -> str:
    """Take the id of the first reason."""
    return str(one["reasons"][0]["id"]) if one["reasons"] else ""


def _indicator_rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List every shared indicator of every city that has it, and Theil's index of all."""
    rows = []
    for key, told in summary["indicators"].items():
        units = {"mean": told["unit"], "gap_points": "points", "gini": "", "absolute_gini": ""}
        units["absolute_gini"] = told["unit"]
        common = {"kind": "indicator", "what": key, "resolution": told["resolution"]}
        for city, one in told["cities"].items():
            about = common | {
                "city": city,
                "units": one["units"],
                "coverage": one["coverage"],
                "reason": _first(one),
            }
            for measure, unit in units.items():
                if measure != "gini" or told["scale"] == "ratio":
                    rows.append(_row(one[measure], measure=measure, unit=unit, **about))
            if told["theil"] is not None and city in told["theil"]["by_city"]:
                value = told["theil"]["by_city"][city]
                rows.append(_row(value, measure="theil", unit="", **about))
        if told["theil"] is not None:
            about = common | {"city": "", "units": told["theil"]["units"], "reason": ""}
            for part in ("total", "between", "within", "between_share"):
                measure = f"theil_{part}"
                unit = "share" if part == "between_share" else ""
                rows.append(_row(told["theil"][part], measure=measure, unit=unit, **about))
    return rows
