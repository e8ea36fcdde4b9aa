"""
What people say beside what is measured, and what it takes to be online.

Two readings of a study that stand beside the index and never enter it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from geoequity.indicators import Definition, Evaluation
from geoequity.keeping import FORGETFUL, Kept
from geoequity.measures import digital
from geoequity.measures.perception import disagreement

APART = 0.5  # standings that far apart are worth naming
# Part of being online -> indicators that speak of it, the first that is there counts
_PARTS = {
    "measured_speed": ("fixed_down_mbps", "mobile_down_mbps"),
    "household_access": ("home_internet_share", "fixed_connections_per_100"),
    "device": ("computer_home_share", "mobile_phone_home_share"),
    "public_access": ("wifi_access_share", "wifi_per_10000"),
}


def perceived(
    items: Mapping[str, tuple[Mapping[str, Any], pd.DataFrame]],
    evaluation: Evaluation,
    *,
    definitions: Sequence[Definition],
    population: pd.Series,
    kept: Kept = FORGETFUL,
) -> dict[str, Any]:
    """
    Set what people say against what is measured.

    Parameters
    ----------
    items
        Item id -> what it is (``label``, ``unit``, ``better``, ``indicator``), and
        districts x ``value``, ``low``, ``high``, ``n``.
    evaluation
        The indicators that could be computed.
    definitions
        The catalogue, with the city's changes.
    population
        Residents of the districts; NaN where unknown.
    kept
        What was told before of items and indicators that are as they were.

    Returns
    -------
    perceived
        By item: ``label``, ``indicator``, ``unit`` (share or value), ``mean``
        over people, ``n`` asked in all, ``districts`` with ``value``, its
        ``sampling`` interval and ``n``,
        and ``disagree``: the districts where standing in opinion and standing
        in measurement differ by over a half, sampling error left aside.
    """
    better = {one.id: one.better for one in definitions}
    measured = evaluation.districts
    of = {
        key: (what, values, measured.get(what["indicator"]), better.get(what["indicator"]))
        for key, (what, values) in items.items()
    }
    return kept.each(
        "perceived",
        {key: (*one, population) for key, one in of.items()},
        lambda which: {key: _item(*of[key], population=population) for key in which},
    )


def _item(
    what: Mapping[str, Any],
    values: pd.DataFrame,
    measured: pd.Series | None,
    better: str | None,
    *,
    population: pd.Series,
) -> dict[str, Any]:
    """Set what people say of one thing against what is measured."""
    known = values["value"].notna() & (population > 0)
    people = population[known]
    disagree: list[dict[str, Any]] = []
    if measured is not None and better is not None and known.any():
        table = disagreement(
            values, measured, population=population, better=(what["better"], better)
        )
        apart = table[table["sure"] & (table["difference"].abs() > APART)]
        disagree = [
            {
                "district": str(unit),
                "said": float(row["said"]),
                "measured": float(row["measured"]),
            }
            for unit, row in apart.iterrows()
        ]
    mean = (values["value"][known] * people).sum() / people.sum() if known.any() else None
    return {
        "label": dict(what["label"]),
        "indicator": what["indicator"],
        "unit": "value" if what.get("unit") == "value" else "share",
        "mean": None if mean is None else float(mean),
        "n": None if values["n"].isna().all() else int(values["n"].sum()),
        "districts": {str(unit): _answer(row) for unit, row in values.iterrows()},
        "disagree": disagree,
    }


def inclusion(scores: pd.DataFrame) -> pd.DataFrame:
    """
    Join what it takes to be online into one score by district.

    Parameters
    ----------
    scores
        Districts x indicators, 0-100.

    Returns
    -------
    inclusion
        As :func:`geoequity.measures.digital.inclusion` gives it: ``score``,
        ``parts`` and ``over``; ``score`` is NaN under two parts.
    """
    parts = {
        part: scores[there[0]]
        for part, names in _PARTS.items()
        if (there := [one for one in names if one in scores.columns])
    }
    return digital.inclusion(pd.DataFrame(parts, index=scores.index))


def _answer(row: pd.Series) -> dict[str, Any]:
    """Put the answer of a district with its interval; None where nobody was asked."""
    known = {one: None if pd.isna(row[one]) else float(row[one]) for one in row.index}
    both = known["low"] is not None and known["high"] is not None
    return {
        "value": known["value"],
        "sampling": {"low": known["low"], "high": known["high"]} if both else None,
        "n": known["n"],
    }
