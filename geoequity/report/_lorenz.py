"""How what people have is shared out among them: Lorenz curves in words and as a picture."""

from typing import Any

import numpy as np
import pandas as pd

from geoequity import inequality
from geoequity.report import _charts
from geoequity.report._people import measured
from geoequity.report._readings import between
from geoequity.report._words import Words, at, figure, indicator_name, limits
from geoequity.study import Study

CURVES = 4  # indicators drawn, the most unequal first
SHARES = (0.1, 0.5, 0.9)  # of people, from those with least


def curves(study: Study, words: Words) -> dict[str, Any] | None:
    """
    Draw how the most unequal indicators of the index are shared out.

    Parameters
    ----------
    study
        What was found in a city.
    words
        The reader's language.

    Returns
    -------
    curves
        ``rows`` of the table, each with its ``picture``; ``of``, how many
        indicators could be drawn. None where no indicator on a ratio scale has
        a Gini.
    """
    ginis = {
        str(key): gini
        for key, entry in study.catalogue.iterrows()
        if entry["role"] == "indicator"
        and entry["scale"] == "ratio"
        and (gini := figure(at(study.summary, "indicators", str(key), "gini", "value"))) is not None
    }
    chosen = sorted(ginis, key=lambda one: (-ginis[one], one))[:CURVES]
    if not chosen:
        return None
    return {"rows": [_row(study, one, ginis[one], words) for one in chosen], "of": len(ginis)}


def _row(study: Study, indicator: str, gini: float, words: Words) -> dict[str, Any]:
    """Put one curve in words."""
    value, people = measured(study, indicator)
    curve = inequality.lorenz(value, population=people)
    least, half, rest = (_held(curve, share) for share in SHARES)

    def write(one: float) -> str:
        """Write a Gini."""
        return words.number(one, 2)

    told = {
        "name": indicator_name(study, indicator, words),
        "least": words.percent(least),
        "half": words.percent(half),
        "most": words.percent(1 - rest),
        "gini": write(gini),
        "between": between(
            limits(study.summary, "indicators", indicator, "gini", "sampling"), write, words
        ),
    }
    return {
        **told,
        "described": words.text("report.lorenz.alt", **told),
        "picture": _charts.lorenz(curve["population_share"], curve["value_share"])
        | {"ticks_said": [words.percent(tick) for tick in _charts.QUARTERS]},
    }


def _held(curve: pd.DataFrame, share: float) -> float:
    """Read off the curve what the people with least hold."""
    return float(np.interp(share, curve["population_share"], curve["value_share"]))
