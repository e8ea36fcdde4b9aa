"""What was found ranked beside what others measured, in words."""

from typing import Any

from geoequity.findings import WEAK
from geoequity.locale import label
from geoequity.report._words import Words, figure
from geoequity.study import Study


def truths(study: Study, words: Words) -> dict[str, Any] | None:
    """
    Set what was found beside what others measured.

    Parameters
    ----------
    study
        The study.
    words
        The reader's language.

    Returns
    -------
    truths
        ``heads``, and ``rows`` each with a ``name``, ``cells`` of text and
        ``figures``; None where nobody measured anything to hold it against.
    """
    rows = [_row(study, one, words) for one in study.summary.get("validity") or ()]
    if not rows:
        return None
    heads = [words.text(f"report.truth.{one}") for one in ("n", "rho", "people")]
    return {"heads": heads, "rows": rows}


def _row(study: Study, told: dict[str, Any], words: Words) -> dict[str, Any]:
    """Write one pair."""
    if told["kind"] == "indicator":
        against = label(study.catalogue.loc[told["measure"]], language=words.language)
    else:
        against = words.text(
            {
                "index": "report.where.index",
                "pillar": f"pillar.{told['measure']}",
                "area": f"area.{told['measure']}",
            }[told["kind"]]
        )
        against = against[:1].upper() + against[1:]
    rho = figure(told["rank_correlation"])
    way = "none" if rho is None else "yes" if rho * told["expected"] > 0 else "no"
    if rho is not None and abs(rho) < WEAK:
        way = "weak"
    return {
        "name": label(study.catalogue.loc[told["truth"]], language=words.language) or told["truth"],
        "against": against or told["measure"],
        "figures": [
            words.number(told["n"], 0),
            words.number(told["rank_correlation"], 2),
            words.number(told["over_people"], 2),
        ],
        "way": words.text(f"report.truth.{way}"),
    }
