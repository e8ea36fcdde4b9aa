"""What IMD asks residents, and what of it a study can see."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from geoequity.errors import ConfigError
from geoequity.indicators._catalogue import read_catalogue
from geoequity.schema import AREAS, PILLARS

_LANGUAGES = {"en", "es", "pt"}
_KEYS = {"pillar", "area", "text", "indicators", "survey", "not_observable", "reason"}
WAYS = (  # how an item is seen, or why it is not
    "indicators",
    "survey",
    "not_observable",
    "no_data",
)


@dataclass(frozen=True, kw_only=True)
class ImdItem:
    """
    One thing that IMD asks residents.

    Parameters
    ----------
    id
        Name of the item.
    pillar
        ``structures`` or ``technologies``.
    area
        One of the five areas.
    text
        What residents are asked to agree with, paraphrased, by language.
    indicators
        Indicators of the catalogue that speak of the same thing.
    survey
        Id that an item of a city's survey has if it asks about it; None where
        the item is not observable.
    reason
        Why no open data shows it by district, by language; empty where some may.
    """

    id: str
    pillar: str
    area: str
    text: Mapping[str, str]
    indicators: tuple[str, ...] = ()
    survey: str | None = None
    reason: Mapping[str, str] = field(default_factory=dict)


@cache
def imd_items() -> tuple[ImdItem, ...]:
    """
    Read what IMD asks residents.

    Returns
    -------
    items
        In the order of pillars and areas.

    Raises
    ------
    ConfigError
        If an item is incomplete, contradicts itself, or names an indicator
        that the catalogue does not have; all faults at once.

    Notes
    -----
    The items of the city profiles of the IMD Smart City Index up to 2021 [1]_,
    paraphrased; their wording has changed since.

    References
    ----------
    .. [1] IMD World Competitiveness Center (2021). Smart City Index 2021.

    Examples
    --------
    >>> {item.id: item.indicators for item in imd_items()}["cultural_activities"]
    ('culture_walk_min',)
    """
    text = resources.files("geoequity.indicators").joinpath("imd_items.toml").read_text("utf-8")
    return _items(tomllib.loads(text)["items"], known={one.id for one in read_catalogue()})


def seen(
    items: Iterable[ImdItem], *, present: Iterable[str], asked: Iterable[str]
) -> dict[str, dict[str, dict[str, int]]]:
    """
    Count how many items a study can see, in each pillar and area.

    Parameters
    ----------
    items
        From :func:`imd_items`.
    present
        Indicators that could be computed.
    asked
        Ids of the survey items that the study has.

    Returns
    -------
    seen
        Pillar -> area -> ``items``, and of them those seen by ``indicators``,
        by a ``survey`` alone, ``not_observable``, and with ``no_data`` here;
        the four add up to the first.

    Examples
    --------
    >>> seen(imd_items(), present=["culture_walk_min"], asked=[])["structures"]["activities"]
    {'items': 2, 'indicators': 1, 'survey': 0, 'not_observable': 0, 'no_data': 1}
    """
    there, said = set(present), set(asked)
    counts = Counter((one.pillar, one.area, _way(one, there, said)) for one in items)
    told: dict[str, dict[str, dict[str, int]]] = {}
    for pillar in PILLARS:
        told[pillar] = {}
        for area in AREAS:
            ways = {way: counts[pillar, area, way] for way in WAYS}
            told[pillar][area] = {"items": sum(ways.values()), **ways}
    return told


def _way(item: ImdItem, present: set[str], asked: set[str]) -> str:
    """Tell how an item is seen, the measured way first."""
    if present & set(item.indicators):
        return "indicators"
    if item.survey in asked:
        return "survey"
    return "not_observable" if item.reason else "no_data"


def _items(raw: Mapping[str, Mapping[str, Any]], *, known: set[str]) -> tuple[ImdItem, ...]:
    """Make items of raw entries, or name every fault."""
    faults = [fault for key, one in raw.items() for fault in _faults(key, one, known)]
    if faults:
        msg = "the items of IMD cannot be read"
        raise ConfigError(msg, faults=faults)
    return tuple(
        ImdItem(
            id=key,
            pillar=one["pillar"],
            area=one["area"],
            text=one["text"],
            indicators=tuple(one.get("indicators", ())),
            survey=one.get("survey"),
            reason=one.get("reason", {}),
        )
        for key, one in raw.items()
    )


def _faults(key: str, one: Mapping[str, Any], known: set[str]) -> list[str]:
    """Find what is wrong with a raw entry."""
    where = f"items.{key}"
    found = [f"{where}: unknown key {name}" for name in one if name not in _KEYS]
    if one.get("pillar") not in PILLARS or one.get("area") not in AREAS:
        found.append(f"{where}: needs a pillar and an area")
    named = one.get("indicators", ())
    found += [f"{where}.indicators: no indicator {name!r}" for name in named if name not in known]
    hidden = bool(one.get("not_observable"))
    if hidden == bool(named or one.get("survey")):
        found.append(f"{where}: is seen by indicators, by a survey or by both, or not_observable")
    texts = ("text", "reason") if hidden else ("text",)
    found += [
        f"{where}.{name}: needs {', '.join(sorted(_LANGUAGES))}"
        for name in texts
        if not set(one.get(name, ())) >= _LANGUAGES
    ]
    if not hidden and "reason" in one:
        found.append(f"{where}.reason: only for what is not observable")
    return found
