"""
The words of the report, bound to the reader's language.

Numbers may come as None, NaN or numpy numbers; whatever is no number is
unknown and is written as the language's word for it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from geoequity.locale import label, listing, messages, name, number, percent, quantity, text
from geoequity.study import Study

HIGH, MEDIUM = 0.75, 0.5  # confidence from which it is called high, medium
NO_DOUBT = frozenset({"share_scale", "zero_scale", "no_material_gap"})  # facts said elsewhere


def figure(value: Any) -> float | None:
    """
    Take a number.

    Parameters
    ----------
    value
        Anything that a summary holds.

    Returns
    -------
    number
        None where the value is no number or unknown.
    """
    if value is None or isinstance(value, str | bool | Mapping):
        return None
    return None if math.isnan(value) else float(value)


def at(table: Any, *path: str) -> Any:
    """
    Look a value of nested tables up.

    Parameters
    ----------
    table
        Nested mappings.
    *path
        Keys, from the outermost in.

    Returns
    -------
    value
        None where any step is absent.
    """
    for step in path:
        table = table.get(step) if isinstance(table, Mapping) else None
    return table


def interval(block: Any) -> tuple[float | None, float | None, float | None]:
    """
    Take a number and its range over choices of method apart.

    Parameters
    ----------
    block
        ``value`` and ``method`` with ``low`` and ``high``, or a plain number.

    Returns
    -------
    interval
        Value, low and high; each None where unknown.
    """
    if not isinstance(block, Mapping):
        return figure(block), None, None
    low, high = (figure(at(block, "method", end)) for end in ("low", "high"))
    return figure(block.get("value")), low, high


def limits(table: Any, *path: str) -> tuple[float, float] | None:
    """
    Take the ends of an interval.

    Parameters
    ----------
    table
        Nested mappings.
    *path
        Keys of the interval, from the outermost in.

    Returns
    -------
    limits
        Low and high; None where either is unknown.
    """
    low, high = (figure(at(table, *path, end)) for end in ("low", "high"))
    return None if low is None or high is None else (low, high)


class Words:
    """
    The catalogue of messages, bound to one language.

    Parameters
    ----------
    language
        One of ``geoequity.locale.LANGUAGES``.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self.unknown = messages(language)["unknown"]

    def has(self, key: str) -> bool:
        """
        Tell whether there is such a message.

        Parameters
        ----------
        key
            Dotted key.

        Returns
        -------
        has
            Whether it is in the catalogue.
        """
        return key in messages(self.language)

    def text(self, key: str, **values: object) -> str:
        """
        Say a message.

        Parameters
        ----------
        key
            Dotted key.
        **values
            What fills its ``{names}``.

        Returns
        -------
        text
            The message.
        """
        return text(key, language=self.language, **values)

    def number(self, value: Any, decimals: int | None = None) -> str:
        """
        Write a number.

        Parameters
        ----------
        value
            The number.
        decimals
            Digits after the decimal mark; by default by its size.

        Returns
        -------
        number
            The number or the word for unknown.
        """
        return number(figure(value), language=self.language, decimals=decimals)

    def score(self, value: Any) -> str:
        """
        Write a score to a tenth of a point.

        Parameters
        ----------
        value
            Score, 0-100.

        Returns
        -------
        score
            The score or the word for unknown.
        """
        return self.number(value, 1)

    def percent(self, share: Any, decimals: int | None = None) -> str:
        """
        Write a share as a percentage.

        Parameters
        ----------
        share
            From 0 to 1.
        decimals
            Digits after the decimal mark; by default by its size.

        Returns
        -------
        percent
            The percentage or the word for unknown.
        """
        return percent(figure(share), language=self.language, decimals=decimals)

    def quantity(self, value: Any, unit: str) -> str:
        """
        Write a value with its unit.

        Parameters
        ----------
        value
            The value.
        unit
            Its unit, as the catalogue of indicators names it.

        Returns
        -------
        quantity
            The value and its unit, or the word for unknown.
        """
        return quantity(figure(value), unit=unit, language=self.language)

    def range(self, low: Any, high: Any, decimals: int | None = None) -> str:
        """
        Write a range.

        Parameters
        ----------
        low
            Lower end.
        high
            Upper end.
        decimals
            Digits after the decimal mark; by default by size.

        Returns
        -------
        range
            Both ends, one where they are alike; empty where either is unknown.
        """
        if figure(low) is None or figure(high) is None:
            return ""
        ends = {"low": self.number(low, decimals), "high": self.number(high, decimals)}
        return ends["low"] if low == high else self.text("format.range", **ends)

    def years(self, years: Iterable[Any]) -> str:
        """
        Write the first and the last of some years.

        Parameters
        ----------
        years
            Years, as numbers or texts.

        Returns
        -------
        years
            One where they are alike; empty where there are none.
        """
        known = sorted({str(one) for one in years})
        if len(known) < 2:  # noqa: PLR2004 - one year has no end
            return "".join(known)
        return self.text("format.range", low=known[0], high=known[-1])

    def distance(self, km: float) -> str:
        """
        Write a distance in kilometres, or in metres under one.

        Parameters
        ----------
        km
            The distance [km].

        Returns
        -------
        distance
            The number with its unit.
        """
        return self.quantity(km, "km") if km >= 1 else self.quantity(1000 * km, "m")

    def category(self, key: str) -> str:
        """
        Name a category of services.

        Parameters
        ----------
        key
            The category.

        Returns
        -------
        category
            Its name; the key itself where a city file made it up.
        """
        named = f"map.category.{key}"
        return self.text(named) if self.has(named) else key

    def label(self, entry: Any, field: str = "label") -> str:
        """
        Read a text that a table gives per language.

        Parameters
        ----------
        entry
            A row with ``<field>_<language>``.
        field
            What to read.

        Returns
        -------
        label
            The text; empty where there is none.
        """
        return label(entry, language=self.language, field=field)

    def listing(self, words: Sequence[str], most: int | None = None) -> str:
        """
        Write words as one list.

        Parameters
        ----------
        words
            What to list.
        most
            How many to name.

        Returns
        -------
        listing
            "a, b and c", or "a, b and 7 more".
        """
        return listing(words, language=self.language, most=most)

    def own(self, texts: Any) -> str:
        """
        Take a text that a city file gives per language.

        Parameters
        ----------
        texts
            Text per language, or None.

        Returns
        -------
        text
            English where the language is missing; empty where both are.
        """
        texts = texts or {}
        return str(texts.get(self.language) or texts.get("en") or "")

    def confidence(self, value: Any) -> str:
        """
        Say how far a number can be trusted.

        Parameters
        ----------
        value
            Confidence, 0-1.

        Returns
        -------
        confidence
            High, medium or low with the number, or the word for unknown.
        """
        trust = figure(value)
        if trust is None:
            return self.unknown
        grade = "high" if trust >= HIGH else "medium" if trust >= MEDIUM else "low"
        return f"{self.text(f'confidence.{grade}')} ({self.number(trust, 2)})"

    def reasons(self, told: Any) -> list[dict[str, str]]:
        """
        Say reasons in the reader's language.

        Parameters
        ----------
        told
            A reason or several: with ``id`` and ``text`` per language, or
            plain English.

        Returns
        -------
        reasons
            Each with its ``text`` and the ``language`` that it is in. What is
            no ground for doubt is left out.
        """
        if told is None:
            return []
        if isinstance(told, str):
            return [{"text": told, "language": "en"}]
        if isinstance(told, Mapping):
            if told.get("id") in NO_DOUBT:
                return []
            said = told.get("text", told)
            best = next((one for one in (self.language, "en") if one in said), None)
            return [] if best is None else [{"text": str(said[best]), "language": best}]
        return [reason for one in told for reason in self.reasons(one)]


def district_names(study: Study) -> dict[str, str]:
    """
    Name the districts.

    Parameters
    ----------
    study
        What was found in a city.

    Returns
    -------
    names
        Name by id.
    """
    return {str(unit): name(said) for unit, said in study.districts["name"].items()}


def indicator_names(study: Study, words: Words) -> dict[str, str]:
    """
    Name the indicators.

    Parameters
    ----------
    study
        What was found in a city.
    words
        The reader's language.

    Returns
    -------
    names
        Label by id; the id itself where it has none.
    """
    entries = study.catalogue.to_dict("index")
    return {str(one): words.label(entry) or str(one) for one, entry in entries.items()}


def indicator_name(study: Study, indicator: str, words: Words) -> str:
    """
    Name an indicator.

    Parameters
    ----------
    study
        What was found in a city.
    indicator
        Its id.
    words
        The reader's language.

    Returns
    -------
    name
        Its label; the id itself where it has none.
    """
    return words.label(study.catalogue.loc[indicator]) or indicator


def amount(study: Study, indicator: str, value: Any, words: Words) -> str:
    """
    Write a value of an indicator with its unit.

    Parameters
    ----------
    study
        What was found in a city.
    indicator
        Its id.
    value
        The value.
    words
        The reader's language.

    Returns
    -------
    amount
        The value and its unit, or the word for unknown.
    """
    return words.quantity(value, str(study.catalogue.loc[indicator, "unit"]))
