"""Confidence of a value of a district, and reasons in every language."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from geoequity import schema
from geoequity.errors import DataError, shown
from geoequity.locale import LANGUAGES, quantity, text

MAX_SPREAD_YEARS = 5
STRAIGHT_LINE = 0.6  # distances without streets miss rivers, walls and hills
SPREAD = 0.8  # people spread over the land of their district do not live where they are put

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
    precise: pd.Series | None = None,
    spread: bool = False,
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
    precise
        What :func:`precision` makes of the sampling interval [0-1]; None where
        the source is a complete count. Unknown in a district, it counts as 1.
    spread
        Whether nobody counted where in a district people live.

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
    if precise is not None:
        confidence = confidence * precise.reindex(confidence.index).fillna(1.0)
    confidence = confidence * (1 - (1 - STRAIGHT_LINE) * straight_line)
    return confidence * SPREAD if spread else confidence


def precision(interval: pd.DataFrame, *, goalposts: tuple[float, float]) -> pd.Series:
    """
    Rate how narrow sampling intervals are.

    Parameters
    ----------
    interval
        ``low`` and ``high`` by district; NaN = unknown.
    goalposts
        Values that score 0 and 100.

    Returns
    -------
    precision
        1 where the interval has no width, 0 where it is as wide as the scale
        or wider; NaN where it is unknown.

    Raises
    ------
    DataError
        If a column is absent, an end is out of order, or the goalposts are one.

    Examples
    --------
    >>> interval = pd.DataFrame({"low": [10.0, 0.0], "high": [30.0, 200.0]})
    >>> precision(interval, goalposts=(0, 100)).tolist()
    [0.8, 0.0]
    """
    schema.check_columns(interval, ["low", "high"], name="interval")
    width = interval["high"] - interval["low"]
    ids = width.index[width < 0]
    if len(ids) or goalposts[0] == goalposts[1]:
        msg = f"interval: ends out of order: {shown(ids)}" if len(ids) else "goalposts are one"
        raise DataError(msg, ids=ids)
    scale = abs(goalposts[1] - goalposts[0])
    return (1 - width / scale).clip(0.0, 1.0).rename("precision")


def year_spread(years: Iterable[int]) -> dict[str, Any]:
    """
    Tell how far apart the years are that sources speak of.

    Parameters
    ----------
    years
        Reference year of each source; may be empty.

    Returns
    -------
    spread
        ``oldest``, ``newest`` (None without years) and ``flagged``: whether
        over five years lie between them.

    Examples
    --------
    >>> year_spread([2016, 2024])
    {'oldest': 2016, 'newest': 2024, 'flagged': True}
    """
    known = sorted(years)
    if not known:
        return {"oldest": None, "newest": None, "flagged": False}
    flagged = known[-1] - known[0] > MAX_SPREAD_YEARS
    return {"oldest": known[0], "newest": known[-1], "flagged": flagged}
