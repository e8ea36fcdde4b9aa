"""
Words and numbers in the reader's language.

Every sentence on screen stands in gettext catalogues beside this file, one
folder per language and one ``.po`` file per part of the project. A new
language is a new folder; no code changes. The ``msgid`` is the dotted key of a
message; ``{names}`` in it are filled in by `text`. The header of a file names
the locale of the CLDR whose marks, dates and lists the language writes, and
how it counts (``Plural-Forms``). What a language does not say yet, or marks as
fuzzy, is said in English.
"""

import datetime as dt
import gettext
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from geoequity.errors import GeoEquityError

if TYPE_CHECKING:  # Babel is loaded with the first message
    from importlib.resources.abc import Traversable

    from babel import Locale
    from babel.messages.catalog import Catalog
    from babel.numbers import NumberPattern

NEAR_ALL = 0.99  # shares beyond it, and under FEW, are worth a decimal
FEW = 0.1
TRACE = 0.0005  # a share that one decimal would round to 0.0 % or 100.0 %, though it is neither
MOST_LISTED = 5
CODES = {  # and where their names stand
    "base": "base.",
    "categories": "map.category.",
    "feature": "feature.",
    "groups": "group.",
}
WHOLE_FROM = 100.0
ONE_DECIMAL_FROM = 1.0
TWO_DECIMALS_FROM = 0.1
HOLE = re.compile(r"\{(\w+)\}")
TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # they turn the direction of all that follows
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
SOUND_OF_I = re.compile(r"(?i)h?[ií](?![aeouáéóú])")
STAND_IN = "en"  # says what another language does not say yet
COUNTED = 200  # counts that bring out every form of a plural


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
    """List the languages that have a folder of catalogues."""
    folders = (entry for entry in files(__name__).iterdir() if entry.is_dir())
    return tuple(sorted(one.name for one in folders if any(_parts(one))))


def _parts(folder: "Traversable") -> "list[Traversable]":
    """List the catalogues of a language."""
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".po"))
    return sorted(found, key=lambda entry: entry.name)


LANGUAGES = _languages()


@dataclass(frozen=True, kw_only=True)
class _Catalogue:
    """What a language says, how it writes, and which form of a plural a count takes."""

    said: Mapping[str, str]
    locale: "Locale"
    form: Callable[[int], str]


@cache
def _catalogue(language: str) -> _Catalogue:
    """Read the catalogues of a language."""
    from babel import Locale  # noqa: PLC0415  with the first message

    if language not in LANGUAGES:
        msg = f"no catalogue for language {language!r}; there are {', '.join(LANGUAGES)}"
        raise MessageError(msg)
    said: dict[str, str] = {}
    locale, names = Locale(STAND_IN), ["other"]
    index: Callable[[int], int] = int
    for entry in _parts(files(__name__) / language):
        catalog = _read(entry, where=f"locale/{language}/{entry.name}")
        locale, index = catalog.locale or locale, gettext.c2py(catalog.plural_expr)
        names = _forms(locale, index)
        for key, message in _messages(catalog, names):
            if key in said:
                msg = f"locale/{language}/{entry.name}: {key} stands in another file already"
                raise MessageError(msg)
            said[key] = message
    unsaid = {} if language == STAND_IN else messages(STAND_IN)
    return _Catalogue(
        said={**unsaid, **said, **_marks(locale)},
        locale=locale,
        form=lambda count: names[min(index(count), len(names) - 1)],
    )


def _read(entry: "Traversable", *, where: str) -> "Catalog":
    """Read one file of a language."""
    from babel.messages.pofile import PoFileError, read_po  # noqa: PLC0415  with the first message

    try:
        with entry.open("rb") as file:
            return read_po(file, abort_invalid=True)
    except (PoFileError, ValueError) as error:  # ValueError: a language that is none
        msg = f"{where}: {error}"
        raise MessageError(msg) from error


def _forms(locale: "Locale", index: Callable[[int], int]) -> list[str]:
    """Name the forms of a plural by the words of the CLDR; the last is ``other``."""
    words = {index(count): locale.plural_form(count) for count in range(COUNTED)}
    return [*(words[one] for one in sorted(words)[:-1]), "other"]


def _messages(catalog: "Catalog", forms: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Walk what a file says, a plural form by form."""
    for message in catalog:
        key, said = message.id, message.string
        if not key or message.fuzzy:
            continue
        if isinstance(key, str):
            named = {key: said}
        else:
            named = {f"{key[0]}.{form}": one for form, one in zip(forms, said or (), strict=False)}
        if all(named.values()):
            yield from ((key, str(one)) for key, one in named.items())


def _marks(locale: "Locale") -> dict[str, str]:
    """Take the marks of numbers from the CLDR."""
    symbols = locale.number_symbols["latn"]
    return {
        "format.decimal": symbols["decimal"],
        "format.thousands": symbols["group"],
        "format.percent": re.sub("[#0,.]+", "{number}", locale.percent_formats[None].pattern),
    }


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
        Message per dotted key; the forms of a plural by ``<key>.one``,
        ``<key>.other`` and whatever else the language counts by. The marks of
        its numbers are ``format.decimal``, ``format.thousands`` and
        ``format.percent``.

    Raises
    ------
    MessageError
        If there is no catalogue of that language, one cannot be read, or two
        files of it give one key.
    """
    return _catalogue(language).said


def text(key: str, *, language: str, **values: object) -> str:
    """
    Say a message in a language.

    A message may be a plural; then the value named ``count`` decides which form
    of it is said.

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
        ``categories``, of a ``feature`` or of ``groups`` by their names; a year
        is passed as text.

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
        key = _plural(key, values["count"], language)
    if key not in known:
        msg = f"no message {key!r} in language {language!r}"
        raise MessageError(msg)
    message = known[key]
    absent = set(HOLE.findall(message)) - values.keys()
    if absent:
        msg = f"message {key!r} in language {language!r} wants {', '.join(sorted(absent))}"
        raise MessageError(msg)

    return HOLE.sub(lambda hole: _filled(hole[1], values[hole[1]], language), message)


def _plural(key: str, count: object, language: str) -> str:
    """Choose the form of a plural."""
    whole = isinstance(count, int | float) and math.isfinite(count) and count == int(count)
    form = f"{key}.{_catalogue(language).form(int(count))}" if whole else ""  # type: ignore[call-overload]
    return form if form in messages(language) else f"{key}.other"


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
    rounded = Decimal(f"{abs(value):.{decimals}f}")
    minus = "\N{MINUS SIGN}" if value < 0 and rounded else ""
    written: str = _pattern(language, decimals).apply(rounded, _catalogue(language).locale)
    return minus + written


@cache
def _pattern(language: str, decimals: int) -> "NumberPattern":
    """Take the pattern of the language's numbers from the CLDR, with so many decimals."""
    from babel.numbers import parse_pattern  # noqa: PLC0415  with the first number

    whole, _, _ = _catalogue(language).locale.decimal_formats[None].pattern.partition(".")
    return parse_pattern(f"{whole}.{'0' * decimals}" if decimals else whole)


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
    from babel.lists import format_list  # noqa: PLC0415  with the first list

    shown = list(words)
    if most is not None and len(shown) > most + 1:
        rest = len(shown) - most
        shown = [*shown[:most], text("list.more", language=language, count=rest)]
    locale = _catalogue(language).locale
    joined: str = format_list(shown, locale=locale)
    # Spanish "y" gives way to "e" before the sound of "i", which the CLDR leaves to its users
    if locale.language == "es" and len(shown) > 1 and SOUND_OF_I.match(shown[-1]):
        return f"{joined.removesuffix(f' y {shown[-1]}')} e {shown[-1]}"
    return joined


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
    from babel.dates import format_date  # noqa: PLC0415  with the first date

    locale = _catalogue(language).locale
    try:
        given = dt.date.fromisoformat(day if ISO_DATE.fullmatch(day) else "")
    except ValueError:
        return day
    written: str = format_date(given, "long", locale=locale)
    return written
