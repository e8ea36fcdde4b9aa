"""The districts at either end of the index, close up."""

from collections.abc import Mapping, Sequence
from typing import Any

from geoequity.report._charts import along
from geoequity.report._words import Words, amount, at, figure, indicator_names
from geoequity.schema import AREAS, PILLARS
from geoequity.study import Study

ENDS = 3  # districts of either end; fewer where there are few
FULL = 100.0  # points


def profiles(study: Study, rows: Sequence[Mapping[str, Any]], words: Words) -> list[dict[str, Any]]:
    """
    Look at the worst- and the best-served districts close up.

    Parameters
    ----------
    study
        What was found in a city.
    rows
        The districts in words, the best served first.
    words
        The reader's language.

    Returns
    -------
    profiles
        The ``worst`` end, then the ``best``: under ``key``, with its
        ``districts``, each with ``facts``, scores beside the city's, and the
        indicators in which it is furthest from the city. Empty without an index.
    """
    known = [row for row in rows if row["value"] is not None]
    most = min(ENDS, len(known) // 2)
    if not most:
        return []
    ends = {"worst": known[: -most - 1 : -1], "best": known[:most]}
    return [
        {"key": key, "districts": [_profile(study, row, len(known), words) for row in chosen]}
        for key, chosen in ends.items()
    ]


def _profile(study: Study, row: Mapping[str, Any], count: int, words: Words) -> dict[str, Any]:
    """Put one district in words."""
    told = study.summary["districts"][row["id"]]
    scores = [
        ("report.column.index", row["value"], at(study.summary, "index", "mean")),
        *(
            (f"pillar.{one}", told.get(one), at(study.summary, "pillars", one, "mean"))
            for one in PILLARS
        ),
        *(
            (f"area.{one}", at(told, "areas", one), at(study.summary, "areas", one, "mean"))
            for one in AREAS
        ),
    ]
    facts = [
        _ranged("rank", words, value=row["rank"], ends=row["rank_range"], all=count),
        _ranged("index", words, value=row["score"], ends=row["score_range"]),
        "" if row["people"] is None else words.text("report.facts.residents", count=row["people"]),
        "" if row["type"] is None else row["type_said"],
    ]
    return {
        "name": row["name"],
        "facts": " · ".join(one for one in facts if one),
        "rows": [
            {
                "name": (said := words.text(key))[:1].upper() + said[1:],
                "score": words.score(own),
                "city": words.score(city),
                "bar": None if figure(own) is None else along(float(own), 0.0, FULL),
                "tick": figure(city),
            }
            for key, own, city in scores
        ],
        **{side: _apart(study, row["id"], told.get(side) or (), words) for side in _SIDES},
    }


_SIDES = ("gaps", "strengths")


def _ranged(key: str, words: Words, *, ends: str, **values: Any) -> str:
    """Say a number with its range over choices of method, where it has one."""
    if ends:
        return words.text(f"report.profiles.{key}_range", range=ends, **values)
    return words.text(f"report.profiles.{key}", **values)


def _apart(study: Study, unit: str, indicators: Sequence[str], words: Words) -> list[str]:
    """Set what a district has beside what the city has."""
    names = indicator_names(study, words)
    return [
        words.text(
            "report.profiles.item",
            label=names[one],
            value=amount(study, one, study.indicators.loc[unit, one], words),
            city=amount(study, one, at(study.summary, "indicators", one, "mean"), words),
        )
        for one in indicators
        if one in names
    ]
