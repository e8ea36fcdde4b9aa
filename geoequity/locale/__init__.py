"""
Words and numbers in the reader's language.

Every sentence on screen stands in message catalogues beside this file: one
``<language>.toml`` per language, joined by every ``<part>_<language>.toml``. A
new language is a new set of files; no code changes. Keys are the dotted path
of a message; ``{names}`` in it are filled in by `text`.
"""

import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from geoequity.errors import GeoEquityError

NEAR_ALL = 0.99  # shares beyond it, and under FEW, are worth a decimal
FEW = 0.1
TRACE = 0.0005  # a share that one decimal would round to 0.0 % or 100.0 %, though it is neither
MOST_LISTED = 5
CODES = {"base": "base.", "categories": "map.category.", "feature": "feature."}  # and their names
WHOLE_FROM = 100.0
ONE_DECIMAL_FROM = 1.0
TWO_DECIMALS_FROM = 0.1
HOLE = re.compile(r"\{(\w+)\}")
TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # they turn the direction of all that follows
ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


class MessageError(GeoEquityError, KeyError):
    """
    A language or a message is not in the catalogues.

    Parameters
    ----------
    message
        What is absent, naming the key and the language.
    """

    def __str__(self) -> str:
        """Show the message itself; KeyError would show it in quotes."""
        return str(self.args[0])


def _languages() -> tuple[str, ...]:
    """List the languages that have a catalogue of their own."""
    names = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(n[:-5] for n in names if n.endswith(".toml") and "_" not in n))


LANGUAGES = _languages()


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Walk a nested table as dotted keys and messages."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)


@cache
def messages(language: str) -> Mapping[str, str]:
    """
    Read all messages of a language.

    Parameters
    ----------
    language
        One of ``LANGUAGES``.

    Returns
    -------
    messages
        Message per dotted key.

    Raises
    ------
    MessageError
        If there is no catalogue of that language, or two files of it give one
        key.
    """
    if language not in LANGUAGES:
        msg = f"no catalogue for language {language!r}; there are {', '.join(LANGUAGES)}"
        raise MessageError(msg)
    found: dict[str, str] = {}
    for entry in sorted(files(__name__).iterdir(), key=lambda entry: entry.name):
        if entry.name == f"{language}.toml" or entry.name.endswith(f"_{language}.toml"):
            for key, message in _flat(tomllib.loads(entry.read_text(encoding="utf-8"))):
                if key in found:
                    msg = f"locale/{entry.name}: {key} stands in another file already"
                    raise MessageError(msg)
                found[key] = message
    return found


def text(key: str, *, language: str, **values: object) -> str:
    """
    Say a message in a language.

    A message may have the forms ``one`` and ``other``; then the value named
    ``count`` decides between them.

    Parameters
    ----------
    key
        Dotted key of the message.
    language
        One of ``LANGUAGES``.
    **values
        What fills the ``{names}`` of the message. A number is written by
        `number`, one named ``share`` by `percent`, None and NaN as the word
        for unknown, a list by `listing`, and the codes of a ``base``, of
        ``categories`` or of a ``feature`` by their names; a year is passed as
        text.

    Returns
    -------
    text
        The message. Values are put in as they are: escape for HTML afterwards.

    Raises
    ------
    MessageError
        If the language or the key is unknown, or the message has a name that
        no value fills.

    Examples
    --------
    >>> text("type.neglected", language="es")
    'relegado'
    """
    known = messages(language)
    if key not in known and "count" in values:
        key = f"{key}.one" if values["count"] == 1 else f"{key}.other"
    if key not in known:
        msg = f"no message {key!r} in language {language!r}"
        raise MessageError(msg)
    message = known[key]
    absent = set(HOLE.findall(message)) - values.keys()
    if absent:
        msg = f"message {key!r} in language {language!r} wants {', '.join(sorted(absent))}"
        raise MessageError(msg)

    return HOLE.sub(lambda hole: _filled(hole[1], values[hole[1]], language), message)


def _filled(name: str, value: object, language: str) -> str:
    """Write what fills a hole of a message."""
    if value is None or isinstance(value, int | float):
        return (percent if name == "share" else number)(value, language=language)
    if isinstance(value, list | tuple):
        return listing([str(one) for one in value], language=language, most=MOST_LISTED)
    if name in CODES:
        known = messages(language)
        pieces = [known.get(CODES[name] + piece, piece) for piece in str(value).split(", ")]
        return ", ".join(piece[:1].lower() + piece[1:] for piece in pieces)
    return str(value)


def number(value: float | None, *, language: str, decimals: int | None = None) -> str:
    """
    Write a number as readers of a language expect it.

    Parameters
    ----------
    value
        The number; None and NaN are unknown.
    language
        One of ``LANGUAGES``.
    decimals
        Digits after the decimal mark; by default none for whole numbers and
        from 100 on, one from 1 on, two from 0.1 on, three below.

    Returns
    -------
    number
        With the language's decimal and thousands marks, or its word for
        unknown.

    Raises
    ------
    MessageError
        If the language is unknown.

    Examples
    --------
    >>> number(2890151.0, language="es", decimals=0)
    '2.890.151'
    >>> number(None, language="pt")
    'sem dado'
    """
    known = messages(language)
    if value is None or math.isnan(value):
        return known["unknown"]
    if math.isinf(value):
        return "\N{MINUS SIGN}\N{INFINITY}" if value < 0 else "\N{INFINITY}"
    if decimals is None:
        decimals = _decimals(value)
    written = f"{abs(value):,.{decimals}f}"
    minus = "\N{MINUS SIGN}" if value < 0 and written.strip("0.,") else ""
    marks = {",": known["format.thousands"], ".": known["format.decimal"]}
    return minus + "".join(marks.get(mark, mark) for mark in written)


def _decimals(value: float) -> int:
    """Choose how many decimals a number deserves by its size."""
    size = abs(value)
    if size >= WHOLE_FROM or float(value).is_integer():
        return 0
    if size >= ONE_DECIMAL_FROM:
        return 1
    return 2 if size >= TWO_DECIMALS_FROM else 3


def percent(share: float | None, *, language: str, decimals: int | None = None) -> str:
    r"""
    Write a share as a percentage.

    Parameters
    ----------
    share
        From 0 to 1; None and NaN are unknown.
    language
        One of ``LANGUAGES``.
    decimals
        Digits after the decimal mark; by default one under 10 % and over 99 %,
        none between, at exactly 0 and at exactly 1. What would then read as
        0.0 % or 100.0 % and is not, is said to be under 0.1 % or over 99.9 %.

    Returns
    -------
    percent
        The percentage with its sign, or the word for unknown.

    Raises
    ------
    MessageError
        If the language is unknown.

    Examples
    --------
    >>> percent(0.362, language="es", decimals=1)
    '36,2\xa0%'
    """
    if share is None or math.isnan(share):
        return messages(language)["unknown"]
    if decimals is None:
        size = abs(share)
        if 0 < size < TRACE or 1 - TRACE < size < 1:
            sign, edge = ("<", 2 * TRACE) if size < TRACE else (">", 1 - 2 * TRACE)
            return f"{sign}\N{NO-BREAK SPACE}{percent(edge, language=language, decimals=1)}"
        decimals = int(0 < size < FEW or NEAR_ALL < size < 1)
    written = number(100 * share, language=language, decimals=decimals)
    return _beside(messages(language)["format.percent"], written)


def quantity(value: float | None, *, unit: str, language: str, decimals: int | None = None) -> str:
    r"""
    Write a value with its unit.

    Parameters
    ----------
    value
        The value in ``unit``; None and NaN are unknown.
    unit
        Unit as the catalogue of indicators names it, such as ``min``,
        ``share`` (written as a percentage) or ``per 1000 persons``. A unit
        that the catalogues of messages do not know is written as it is.
    language
        One of ``LANGUAGES``.
    decimals
        Digits after the decimal mark; by default as `number` or `percent`.

    Returns
    -------
    quantity
        The value and its unit, or the word for unknown alone.

    Raises
    ------
    MessageError
        If the language is unknown.

    Examples
    --------
    >>> quantity(12.34, unit="min", language="en")
    '12.3\xa0min'
    """
    known = messages(language)
    if value is None or math.isnan(value):
        return known["unknown"]
    if unit == "share":
        return percent(value, language=language, decimals=decimals)
    written = number(value, language=language, decimals=decimals)
    return _beside(known.get(f"unit.{_slug(unit)}", f"{{number}} {unit}"), written)


def _beside(pattern: str, written: str) -> str:
    """Put a number into the pattern of its unit, so that no line breaks between the two."""
    return pattern.replace("{number} ", f"{written}\N{NO-BREAK SPACE}").replace("{number}", written)


def unit_name(unit: str, *, language: str, base: str | None = None) -> str:
    """
    Name a unit for a heading or a legend.

    Parameters
    ----------
    unit
        Unit as the catalogue of indicators names it.
    language
        One of ``LANGUAGES``.
    base
        Whose share it is (``persons``, ``households``, ...), named with shares.

    Returns
    -------
    name
        The unit's name; a unit that the catalogues do not know, as it is.

    Raises
    ------
    MessageError
        If the language is unknown.
    """
    known = messages(language)
    if unit == "share" and f"share_of.{base}" in known:
        return known[f"share_of.{base}"]
    return known.get(f"unit_name.{_slug(unit)}", unit)


def _slug(unit: str) -> str:
    """Turn a unit into the key of its message."""
    return re.sub(r"\W+", "_", unit.lower()).strip("_")


def label(entry: Mapping[str, Any] | Any, *, language: str, field: str = "label") -> str:
    """
    Read a text that a table gives per language.

    Parameters
    ----------
    entry
        A mapping or a row with ``<field>_<language>``.
    language
        The language wanted; where it is missing English stands in, then any
        other language there is.
    field
        What to read: ``label`` or ``description``.

    Returns
    -------
    label
        The text; empty where no language has one.
    """
    for one in dict.fromkeys((language, "en", *LANGUAGES)):
        found = entry.get(f"{field}_{one}")
        if isinstance(found, str) and found.strip():
            return found
    return ""


def name(given: object) -> str:
    """
    Write a name that stands in somebody's data.

    Parameters
    ----------
    given
        The name, from a file.

    Returns
    -------
    name
        The name without the marks that would turn the writing direction of
        the sentence around it. It is not escaped for HTML.

    Examples
    --------
    >>> name("La Boca")
    'La Boca'
    """
    return TURNS.sub("", str(given))


def listing(words: Sequence[str], *, language: str, most: int | None = None) -> str:
    """
    Write words as one list.

    Parameters
    ----------
    words
        What to list.
    language
        One of ``LANGUAGES``.
    most
        How many to name; the rest is counted. One word is never hidden alone.

    Returns
    -------
    listing
        "a, b and c", or "a, b and 7 more".

    Raises
    ------
    MessageError
        If the language is unknown.

    Examples
    --------
    >>> listing(["Flores", "Iguazú"], language="es")
    'Flores e Iguazú'
    """
    shown = list(words)
    if most is not None and len(shown) > most + 1:
        rest = len(shown) - most
        shown = [*shown[:most], text("list.more", language=language, count=rest)]
    if len(shown) < 2:  # noqa: PLR2004  a list of two is where "and" begins
        return "".join(shown)
    # Spanish "y" gives way to "e" before the sound of "i"; the other languages keep one word.
    vowel = re.match(r"(?i)h?[ií](?![aeouáéóú])", shown[-1])
    joint = text("list.and_i" if vowel else "list.and", language=language)
    return f"{', '.join(shown[:-1])} {joint} {shown[-1]}"


def date(day: str, *, language: str) -> str:
    """
    Write a date in words.

    Parameters
    ----------
    day
        ISO date, ``YYYY-MM-DD``; anything else is returned as it is.
    language
        One of ``LANGUAGES``.

    Returns
    -------
    date
        The date in the language's own order.

    Raises
    ------
    MessageError
        If the language is unknown.

    Examples
    --------
    >>> date("2025-11-03", language="es")
    '3 de noviembre de 2025'
    """
    parts = ISO_DATE.fullmatch(day)
    month = messages(language).get(f"date.month_{parts[2]}") if parts else None
    if parts is None or month is None:
        return day
    return text("date.day", language=language, day=int(parts[3]), month=month, year=parts[1])
