"""
What the tags of OpenStreetMap mean here, after the table ``osm_tags.toml``.

An element's tags are a plain mapping; nothing here knows of files or geometry.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

Tags = Mapping[str, str]
Shape = Literal["any", "point", "area"]
Clause = Mapping[str, frozenset[str]]

STOP_FEATURES = ("realtime", "shelter", "bench", "tactile")  # what stops have, or not

_YES_SIDES = {"both", "left", "right", "yes", "separate"}
_WALK_KEYS = frozenset({"access", "foot", "highway", "motorroad", "route"})
_SIDEWALK_KEYS = ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right")
_MINUTES = re.compile(r"(?<=\d)\s*min(ute)?s?\.?\s*$", re.IGNORECASE)
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")
_FORWARD, _BACKWARD = {"yes", "true", "1"}, {"-1", "reverse"}
_ON_TYRES = ("bus", "trolleybus")  # what a BRT stop is, too
_BUS_KEYS = frozenset({"bus", "minibus", "share_taxi"})  # that name buses, not just a stop of some
_CYCLE_LANES = {"lane", "track", "opposite_lane", "opposite_track"}


@dataclass(frozen=True)
class Rule:
    """
    One entry of a section of the table.

    Parameters
    ----------
    name
        Category, kind or mode.
    match
        The rule fits if any of these does.
    unless
        And none of these.
    shape
        Which elements count.
    """

    name: str
    match: tuple[Clause, ...]
    unless: tuple[Clause, ...] = ()
    shape: Shape = "any"


class Section:
    """
    Some rules in order, found by the tags they ask for.

    Parameters
    ----------
    rules
        The rules.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._called: dict[str, dict[str, list[tuple[int, Clause]]]] = {}
        for position, rule in enumerate(self.rules):
            for clause in rule.match:
                (key, values), *others = clause.items()
                by_value = self._called.setdefault(key, {})
                for value in values:
                    by_value.setdefault(value, []).append((position, dict(others)))

    def fitting(self, tags: Tags, *, shape: Shape = "any") -> list[str]:
        """
        List the rules that an element fits.

        Parameters
        ----------
        tags
            Tags of the element.
        shape
            Whether it is a point or an area; any rule may fit any.

        Returns
        -------
        names
            In the order of the section.
        """
        found = set()
        for key, tag in tags.items():
            by_value = self._called.get(key)
            if by_value is None:
                continue
            for value in (tag,) if tag in by_value or ";" not in tag else _values(tag):
                for position, others in by_value.get(value, ()):
                    rule = self.rules[position]
                    if (
                        (shape == "any" or rule.shape in ("any", shape))
                        and _fits(others, tags)
                        and not any(_fits(clause, tags) for clause in rule.unless)
                    ):
                        found.add(position)
        return [self.rules[position].name for position in sorted(found)]

    def keys(self, *, shape: Shape = "any") -> set[str]:
        """
        List the keys of which an element needs one to fit any rule.

        Parameters
        ----------
        shape
            Whether it is a point or an area; any counts all rules.

        Returns
        -------
        keys
            The first key of every clause.
        """
        return {
            next(iter(clause))
            for rule in self.rules
            if shape == "any" or rule.shape in ("any", shape)
            for clause in rule.match
        }


@dataclass(frozen=True)
class Rules:
    """
    The whole table; `rules` reads it.

    Parameters
    ----------
    services
        Categories of service.
    stop_kinds
        Kinds of stop, the most telling first.
    stop_modes
        Modes of a stop, by tags that name them.
    stop_modes_by_default
        Modes of a stop where no tag names one.
    route_modes
        Modes of a route, the most telling first.
    realtime
        ``yes`` and ``no``: whether live departures are shown.
    shelter
        The same: whether people wait under a roof.
    bench
        The same: whether they may sit.
    tactile
        The same: whether the paving leads people who do not see.
    lifecycle
        ``gone``: what is not, not yet or no longer there.
    streets
        Sets of tag values that decide who may walk.
    """

    services: Section
    stop_kinds: Section
    stop_modes: Section
    stop_modes_by_default: Section
    route_modes: Section
    realtime: Section
    shelter: Section
    bench: Section
    tactile: Section
    lifecycle: Section
    streets: Mapping[str, frozenset[str]]

    @cached_property
    def keys(self) -> frozenset[str]:
        """
        List the keys of tags that any rule asks for.

        Returns
        -------
        keys
            Every key of every clause, and those that decide who may walk.
        """
        sections = (getattr(self, one.name) for one in fields(self) if one.name != "streets")
        return _WALK_KEYS.union(
            key
            for section in sections
            for rule in section.rules
            for clause in (*rule.match, *rule.unless)
            for key in clause
        )

    def categories(self, tags: Tags, *, shape: Shape) -> list[str]:
        """
        List the categories of service that an element is.

        Parameters
        ----------
        tags
            Tags of the element.
        shape
            Whether it is a point or an area.

        Returns
        -------
        categories
            In the order of the table; none for what is not in use.
        """
        categories = self.services.fitting(tags, shape=shape)
        return [] if categories and self.is_gone(tags) else categories

    def is_gone(self, tags: Tags) -> bool:
        """
        Tell whether an element is not, not yet or no longer there.

        Parameters
        ----------
        tags
            Tags of the element.

        Returns
        -------
        is_gone
            Whether it is.
        """
        return bool(self.lifecycle.fitting(tags))

    def stop(self, tags: Tags) -> tuple[str | None, list[str]]:
        """
        Tell what kind of stop an element is and what serves it.

        Parameters
        ----------
        tags
            Tags of the element.

        Returns
        -------
        kind
            None where it is no stop, or not in use.
        modes
            None at all where the tags of a stop name none.
        """
        kinds = self.stop_kinds.fitting(tags)
        if not kinds or self.is_gone(tags):
            return None, []
        modes = self.stop_modes.fitting(tags) or self.stop_modes_by_default.fitting(tags)[:1]
        if "brt" in modes:
            modes = [one for one in modes if one not in _ON_TYRES]
        elif "trolleybus" in modes and _BUS_KEYS.isdisjoint(_said_yes(tags)):
            modes = [one for one in modes if one != "bus"]
        return kinds[0], modes

    def route_mode(self, tags: Tags) -> str | None:
        """
        Tell the mode of a route.

        Parameters
        ----------
        tags
            Tags of a relation or way.

        Returns
        -------
        mode
            None where it is no route of public transport, or not in use.
        """
        modes = self.route_modes.fitting(tags)
        return None if not modes or self.is_gone(tags) else modes[0]

    def stop_features(self, tags: Tags) -> list[bool | None]:
        """
        Tell what a stop has.

        Parameters
        ----------
        tags
            Tags of the stop.

        Returns
        -------
        has
            For each of ``STOP_FEATURES``; None where nobody said.
        """
        said = [getattr(self, feature).fitting(tags) for feature in STOP_FEATURES]
        return [one[0] == "yes" if one else None for one in said]

    def is_street(self, tags: Tags) -> bool:
        """
        Tell whether a way is a street, path or stair that exists.

        Parameters
        ----------
        tags
            Tags of the way.

        Returns
        -------
        is_street
            Whether it is.
        """
        highway, table = tags.get("highway"), self.streets
        if highway is None or highway in table["left_out"]:
            return False
        return tags.get("route") not in table["routes_left_out"] and not self.is_gone(tags)

    def is_walkable(self, tags: Tags) -> bool:
        """
        Decide whether people may walk along a street.

        Parameters
        ----------
        tags
            Tags of the street.

        Returns
        -------
        is_walkable
            Whether they may.
        """
        table = self.streets
        foot, access = (set(_values(tags.get(key, ""))) for key in ("foot", "access"))
        if foot & table["foot_yes"]:
            return True
        if foot & table["foot_no"] or access & table["closed"]:
            return False
        if any(tags.get(key) in table["own_sidewalk"] for key in _SIDEWALK_KEYS):
            return True
        return tags["highway"] not in table["only_if_foot"] and tags.get("motorroad") != "yes"


@cache
def rules() -> Rules:
    """
    Read the tag table.

    Returns
    -------
    rules
        The same object at each call.
    """
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    streets = {key: frozenset(values) for key, values in raw.pop("streets").items()}
    sections = {
        section: Section(_rule(name, entry) for name, entry in entries.items())
        for section, entries in raw.items()
    }
    return Rules(**sections, streets=streets)


def sidewalk(tags: Tags) -> str | None:
    """
    Merge the several ways of tagging sidewalks.

    Parameters
    ----------
    tags
        Tags of a street.

    Returns
    -------
    sidewalk
        ``yes`` if there is one on some side, ``no`` if both sides are told to
        have none, None where nobody said.
    """
    whole, both, left, right = map(tags.get, _SIDEWALK_KEYS)
    if not _YES_SIDES.isdisjoint((whole, both, left, right)):
        return "yes"
    is_none = whole in ("no", "none") or both == "no" or left == right == "no"
    return "no" if is_none else None


def has_cycleway(tags: Tags) -> bool:
    """
    Tell whether bicycles have a way of their own on a street.

    Parameters
    ----------
    tags
        Tags of a street.

    Returns
    -------
    has_cycleway
        Whether it is a cycleway, is meant for bicycles, or has a lane or track
        on some side.
    """
    if tags["highway"] == "cycleway" or tags.get("bicycle") == "designated":
        return True
    return any(key.startswith("cycleway") and tags[key] in _CYCLE_LANES for key in tags)


def oneway_foot(tags: Tags) -> str | None:
    """
    Tell whether people on foot may use a street one way only.

    Parameters
    ----------
    tags
        Tags of a street.

    Returns
    -------
    oneway_foot
        ``yes`` along the way as drawn, ``-1`` against it, None where both ways
        are open.

    Notes
    -----
    A plain ``oneway`` is for vehicles. On ways for people on foot alone mappers
    mean either by it [1]_, so that it binds nobody there either; an escalator
    tells its direction by ``conveying``.

    References
    ----------
    .. [1] https://wiki.openstreetmap.org/wiki/Key:oneway:foot
    """
    said = tags.get("oneway:foot")
    if said in _BACKWARD or (said is None and tags.get("foot:forward") == "no"):
        return "-1"
    is_forward = said in _FORWARD or (said is None and tags.get("foot:backward") == "no")
    return "yes" if is_forward else None


def interval_min(text: str | None) -> float:
    """
    Read the tag ``interval`` of a route, or ``headway``, its other name.

    Parameters
    ----------
    text
        ``10``, ``7.5``, ``10 min``, ``00:10`` or ``00:10:00``.

    Returns
    -------
    minutes
        Between departures in one direction; NaN where it is absent or says
        something else, such as ``10-15``, which is two things.

    Notes
    -----
    The formats are those of the wiki [1]_, decimal minutes and the unit, which
    mappers write as well. The interval is the main one; what holds at some hours
    only (``interval:conditional``) is not read. ``frequency`` is the hertz of
    power lines.

    References
    ----------
    .. [1] https://wiki.openstreetmap.org/wiki/Key:interval
    """
    parts = _MINUTES.sub("", text or "").strip().split(":")
    if len(parts) == 1 and _DECIMAL.fullmatch(parts[0]):
        return float(parts[0]) or np.nan
    if len(parts) > 3 or not all(part.isdecimal() for part in parts):  # noqa: PLR2004 - h:m:s
        return np.nan
    numbers = [float(part) for part in parts]
    minutes = sum(number * weight for number, weight in zip(numbers, (60, 1, 1 / 60), strict=False))
    return minutes if minutes > 0 else np.nan


def capacity(text: str | None) -> float:
    """
    Read the tag ``capacity``.

    Parameters
    ----------
    text
        A plain number.

    Returns
    -------
    capacity
        NaN where it is absent, no number, or negative.
    """
    try:
        number = float(text or "nan")
    except ValueError:
        return np.nan
    return number if 0 <= number < np.inf else np.nan


def _rule(name: str, entry: dict[str, Any]) -> Rule:
    """Read one entry of the table."""
    match, unless = (
        tuple({key: frozenset(values) for key, values in clause.items()} for clause in clauses)
        for clauses in (entry["match"], entry.get("unless", ()))
    )
    return Rule(name, match, unless, entry.get("shape", "any"))


def _fits(clause: Clause, tags: Tags) -> bool:
    """Tell whether every key of a clause has one of its values."""
    return all(
        key in tags and not values.isdisjoint(_values(tags[key])) for key, values in clause.items()
    )


def _said_yes(tags: Tags) -> set[str]:
    """List the keys that are told to be so."""
    return {key for key, tag in tags.items() if "yes" in _values(tag)}


def _values(tag: str) -> list[str]:
    """Take the values of a tag apart: ``library;cafe`` is two."""
    return [part.strip() for part in tag.split(";")]
