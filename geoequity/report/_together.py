"""The audit of the index put in words: what repeats what, and what really counts."""

from collections.abc import Mapping, Sequence
from typing import Any

from geoequity.composite import REDUNDANT
from geoequity.report._words import Words, at, figure, indicator_names
from geoequity.study import Study

_AGAINST = -0.3  # what is nearer 0 may well be chance among few districts
_PAIRS = 3  # named in one sentence
_ROWS = 8  # indicators whose weight and effect differ most


def together(study: Study, words: Words) -> dict[str, Any] | None:
    """
    Tell how the index holds together.

    Parameters
    ----------
    study
        The study.
    words
        The reader's language.

    Returns
    -------
    together
        Sentences under ``said``; ``rows`` of the table of indicators whose effect
        on the index differs most from their weight. None without an audit.
    """
    audit = at(study.summary, "index", "audit")
    if not audit:
        return None
    alpha = {key: words.number(value, 2) for key, value in audit["alpha"].items()}
    said = [words.text("report.together.alpha", **alpha)]
    above = words.number(REDUNDANT, 1)
    against = [one for one in audit["conflicting"] if one["correlation"] <= _AGAINST]
    if audit["redundant"]:
        pairs = _pairs(audit["redundant"], study, words)
        said.append(words.text("report.together.redundant", above=above, pairs=pairs))
    else:
        said.append(words.text("report.together.none", above=above))
    if against:
        pairs = _pairs(against, study, words)
        said.append(words.text("report.together.conflicting", pairs=pairs))
    known = {
        one: row
        for one, row in audit["weights"].items()
        if None not in (figure(row["nominal"]), figure(row["effective"]))
    }
    furthest = sorted(
        known, key=lambda one: abs(known[one]["effective"] - known[one]["nominal"]), reverse=True
    )
    names = indicator_names(study, words)
    rows = [
        {
            "name": names.get(one, one),
            "nominal": words.percent(known[one]["nominal"]),
            "effective": words.percent(known[one]["effective"]),
            "correlation": words.number(known[one]["correlation"], 2),
        }
        for one in furthest[:_ROWS]
    ]
    return {"said": said, "rows": rows}


def _pairs(pairs: Sequence[Mapping[str, Any]], study: Study, words: Words) -> str:
    """Name the first few pairs, and count the others."""
    names = indicator_names(study, words)
    said = [
        words.text(
            "report.together.pair",
            one=names.get(one["one"], one["one"]),
            other=names.get(one["other"], one["other"]),
            correlation=words.number(one["correlation"], 2),
        )
        for one in pairs[:_PAIRS]
    ]
    if len(pairs) > _PAIRS:
        said.append(words.text("report.together.more", count=len(pairs) - _PAIRS))
    return "; ".join(said)
