"""
How far a number can be trusted, 0-1, with reasons.

Confidence here is coverage (the share of people the number speaks of) times
what is known of how it was measured. It says nothing of the choices behind the
index; those are the ``method`` range.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from geoequity.locale import LANGUAGES, quantity, text

STRAIGHT_LINE = 0.6  # distances without streets miss rivers, walls and hills

Reason = dict[str, Any]


def reason(key: str, **values: object) -> Reason:
    """
    Say why something is unknown or little trusted, in every language.

    Parameters
    ----------
    key
        Key of the message under ``reason.`` in the catalogues.
    **values
        What fills the message; a float is a share and reads as percent, a
        mapping gives a value for each language.

    Returns
    -------
    reason
        ``id`` and ``text`` by language.
    """
    said = {}
    for language in LANGUAGES:
        written = {name: _written(value, language) for name, value in values.items()}
        said[language] = text(f"reason.{key}", language=language, **written)
    return {"id": key, "text": said}


def _written(value: object, language: str) -> object:
    """Choose what a value of a reason reads like in a language."""
    if isinstance(value, Mapping):
        return value[language]
    return quantity(value, unit="share", language=language) if isinstance(value, float) else value


def of_districts(
    coverage: pd.Series,
    *,
    on_record: pd.Series | None = None,
    straight_line: pd.Series | float = 0.0,
) -> pd.Series:
    """
    Rate how far an indicator's district values can be trusted.

    Parameters
    ----------
    coverage
        Share of each district's people that the value speaks of [0-1].
    on_record
        Share of streets or stops whose feature is recorded at all [0-1].
    straight_line
        Share of the people whose distances were measured without streets [0-1].

    Returns
    -------
    confidence
        The factors multiplied [0-1], on the index of ``coverage``; NaN where
        coverage is unknown.

    Examples
    --------
    >>> of_districts(pd.Series([1.0, 0.5]), straight_line=1.0).tolist()
    [0.6, 0.3]
    """
    confidence = coverage.astype(float)
    if on_record is not None:
        confidence = confidence * on_record
    return confidence * (1 - (1 - STRAIGHT_LINE) * straight_line)
