"""Which findings are told, and in what order."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from geoequity.findings import _doubt, _modes, _people, _places, _types
from geoequity.findings._facts import CLEAR, Facts, Finding, entries

MOST = 6  # findings about people; more are not read
NEARLY_ALL = 0.8  # of the catalogue computed: then what is unseen can give way
ORDER = (
    *("gap", "divide", "neglected", "thin", "showcase", "decoration", "drivers", "without"),
    *("stratifier", "neighbours", "perception", "leaning", "unseen", "walking", "facts"),
)

_TOLD_BY = {"facts": "gap", "decoration": "showcase"}  # the other tells of it, where it is told
_TELLERS = {
    **_people.TELLERS,
    **_types.TELLERS,
    **_places.TELLERS,
    **_modes.TELLERS,
    **_doubt.TELLERS,
}


def findings(
    *,
    summary: Mapping[str, Any],
    districts: pd.DataFrame,
    indicators: pd.DataFrame,
    scores: pd.DataFrame,
    catalogue: pd.DataFrame,
) -> list[Finding]:
    """
    Say what a study found, in four to six findings, and one more where neighbours tell a tale.

    Where there are more, the least telling are left out: a weak link with
    deprivation, what is unseen where that is little, and what people say.
    Districts are compared with the people they hold; nothing is said of people
    where their number is unknown.

    Parameters
    ----------
    summary
        The summary so far, as ``summary.json`` has it: ``index``, ``pillars``,
        ``types``, ``decoration``, ``districts``, ``population``, ``indicators``,
        ``perception``, ``absent`` and ``method`` are read; any may be absent or
        None, which means unknown.
    districts
        Index ``unit_id``: ``name``, ``population`` and other bases (NaN where
        there is no count), the scores ``index``, ``structures`` and
        ``technologies`` (0-100, NaN where unknown). Columns may be absent.
    indicators
        Districts x indicator ids in each indicator's unit; NaN is unknown.
    scores
        Districts x indicator ids, 0-100; NaN is unknown.
    catalogue
        Index indicator id: ``label_<language>``, ``unit``, ``base``,
        ``better``, ``role``.

    Returns
    -------
    findings
        Each with ``id``, ``text`` per language, and ``numbers``: every number
        that the text states, shares 0-1. Fewer than four where nearly
        everything is unknown.
    """
    facts = Facts(summary, districts, indicators, scores, entries(catalogue))
    found: dict[str, Finding] = {}
    for kind in ORDER:
        if _TOLD_BY.get(kind) not in found:
            told = _TELLERS[kind](facts)
            found |= {} if told is None else {told["id"]: told}
    kept = _most_telling(facts, found)
    # What cannot be seen qualifies all the rest, so it is told last.
    return sorted(kept, key=lambda finding: finding["id"] == "unseen")


def _most_telling(facts: Facts, found: Mapping[str, Finding]) -> list[Finding]:
    """Keep as many findings as are read, giving up first those that say least."""
    most = MOST + ("neighbours" in found)  # which is about places, and crowds out nothing on people
    least = ["facts", "walking", "leaning", "decoration"]
    if abs(found.get("stratifier", {}).get("numbers", {}).get("rank_correlation", 1.0)) < CLEAR:
        least.append("stratifier")
    if _nearly_all_is_seen(facts):
        least.append("unseen")
    least.append("perception")
    given_up = [one for one in least if one in found][: max(len(found) - most, 0)]
    return [finding for one, finding in found.items() if one not in given_up][:most]


def _nearly_all_is_seen(facts: Facts) -> bool:
    """Tell whether little is missing, and nobody is left out of the count."""
    absent, computed = len(facts.at("absent") or {}), len(facts.indicators.columns)
    whole = facts.people() is not None and facts.measure() == "index"
    return (
        whole
        and not facts.figure("population", "outside")
        and (computed >= NEARLY_ALL * (computed + absent))
    )
