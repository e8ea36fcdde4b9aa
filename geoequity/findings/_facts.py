"""What findings are drawn from, and how they are put in words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from geoequity.indicators import catalogue_table, read_catalogue
from geoequity.locale import LANGUAGES, label, listing, name, number, percent, quantity, text
from geoequity.schema import PILLARS

NAMED = 5  # districts or indicators named in a list
ITEMS = 3  # indicators named in a sentence
CLEAR = 0.4  # rank correlation from which a link is worth a sentence
BASE_COLUMNS = {"persons": "population"}  # other bases have columns of their own name

Finding = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """
    What the findings are drawn from, and who lives where it is known.

    Parameters
    ----------
    summary
        As `findings` takes it.
    districts
        The same.
    indicators
        The same.
    scores
        The same.
    catalogue
        Its rows by indicator.
    """

    summary: Mapping[str, Any]
    districts: pd.DataFrame
    indicators: pd.DataFrame
    scores: pd.DataFrame
    catalogue: Mapping[str, Mapping[str, Any]]

    def at(self, *path: str) -> Any:
        """
        Look a value of the summary up.

        Parameters
        ----------
        *path
            Keys of the summary, from the outermost in.

        Returns
        -------
        value
            None where any step is absent.
        """
        value: Any = self.summary
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        return value

    def figure(self, *path: str) -> float | None:
        """
        Look a number of the summary up.

        Parameters
        ----------
        *path
            Keys of the summary, from the outermost in.

        Returns
        -------
        figure
            None where it is absent or unknown.
        """
        return figure(self.at(*path))

    def name(self, unit_id: str) -> str:
        """
        Name a district.

        Parameters
        ----------
        unit_id
            Its id.

        Returns
        -------
        name
            As people call it.
        """
        return name(self.districts.loc[unit_id, "name"])

    def people(self, indicator: str | None = None) -> pd.Series | None:
        """
        Count residents, or the base of an indicator, of districts.

        Parameters
        ----------
        indicator
            Its id; residents by default.

        Returns
        -------
        people
            By ``unit_id``, districts without a count left out; None where nobody is counted.
        """
        base = "persons" if indicator is None else self.catalogue[indicator]["base"]
        column = BASE_COLUMNS.get(base, base)
        if column not in self.districts.columns:
            return None
        counted = self.districts[column].astype(float).dropna()
        return counted if counted.sum() > 0 else None

    def known(self, table: pd.DataFrame) -> list[str]:
        """
        List the indicators of a table that the catalogue has.

        Parameters
        ----------
        table
            Districts x indicators.

        Returns
        -------
        known
            Ids, in the order of the table.
        """
        return [str(one) for one in table.columns if one in self.catalogue]

    def measure(self) -> str | None:
        """
        Choose what residents are compared by: the index, else a pillar that stands.

        Returns
        -------
        measure
            None where neither is known.
        """
        told = {"index": self.at("index", "gap")}
        told |= {pillar: self.at("pillars", pillar, "gap") for pillar in PILLARS}
        for measure, gap in told.items():
            points = gap.get("points") if isinstance(gap, Mapping) else gap
            if figure(points) is not None and measure in self.districts.columns:
                return measure
        return None

    def typed(self, kind: str) -> tuple[list[str], float | None]:
        """
        List the districts of a type and the share of residents in them.

        Parameters
        ----------
        kind
            The type.

        Returns
        -------
        typed
            Ids, and the share; None = unknown.
        """
        units = [str(unit) for unit in self.at("types", kind, "districts") or ()]
        return units, self.figure("types", kind, "population_share")

    def say_type(self, kind: str, language: str, **values: object) -> str:
        """
        Say how many districts and residents a type has, and name the districts.

        Parameters
        ----------
        kind
            The type.
        language
            One of ``geoequity.locale.LANGUAGES``.
        **values
            What else fills the message.

        Returns
        -------
        said
            A sentence.
        """
        units, share = self.typed(kind)
        if not units:
            return text(f"finding.{kind}.none", language=language)
        names = sorted(self.name(unit) for unit in units)
        alone = kind == "neglected" and len(self.districts) == 1
        return text(
            f"finding.{kind}.only" if alone else f"finding.{kind}",
            language=language,
            count=len(units),
            share=percent(share, language=language),
            names=listing(names, language=language, most=NAMED),
            **values,
        )

    def say_no_index(self, language: str) -> str:
        """
        Say why there is no index.

        Parameters
        ----------
        language
            One of ``geoequity.locale.LANGUAGES``.

        Returns
        -------
        said
            A sentence.
        """
        lost = [one for one in PILLARS if self.figure("pillars", one, "mean") is None]
        if len(lost) != 1:
            return text("finding.unseen.no_index", language=language)
        pillar = text(f"pillar.{lost[0]}", language=language)
        return text("finding.unseen.no_pillar", language=language, pillar=pillar)

    def say_value(self, indicator: str, value: float | None, language: str) -> str:
        """
        Write a value of an indicator with its unit.

        Parameters
        ----------
        indicator
            Its id.
        value
            In the unit of the indicator.
        language
            One of ``geoequity.locale.LANGUAGES``.

        Returns
        -------
        said
            The number, or the word for unknown.
        """
        unit = str(self.catalogue[indicator]["unit"])
        return quantity(value, unit=unit, language=language)

    def say_sides(self, indicator: str, worse: float, better: float | None, language: str) -> str:
        """
        Set two values of an indicator against each other, its unit said once.

        Parameters
        ----------
        indicator
            Its id.
        worse
            The one value.
        better
            The other; None = unknown.
        language
            One of ``geoequity.locale.LANGUAGES``.

        Returns
        -------
        said
            The one alone where the other is unknown.
        """
        said = inside(self.label(indicator, language))
        if better is None:
            value = self.say_value(indicator, worse, language)
            return text("finding.one_side", language=language, label=said, value=value)
        share = self.catalogue[indicator]["unit"] == "share"
        return text(
            "finding.two_sides",
            language=language,
            label=said,
            worse=percent(worse, language=language) if share else number(worse, language=language),
            better=self.say_value(indicator, better, language),
        )

    def say_points(self, indicator: str, points: float, language: str) -> str:
        """
        Name an indicator with what it makes of a gap.

        Parameters
        ----------
        indicator
            Its id.
        points
            Points of the gap.
        language
            One of ``geoequity.locale.LANGUAGES``.

        Returns
        -------
        said
            Part of a sentence.
        """
        said = inside(self.label(indicator, language))
        points_ = in_points(points, language)
        return text("finding.driver", language=language, label=said, points=points_)

    def say_driver(
        self, indicator: str, points: float, sides: Sequence[float | None], language: str
    ) -> str:
        """
        Name an indicator with what it makes of a gap, and its values on both sides.

        Parameters
        ----------
        indicator
            Its id.
        points
            Points of the gap.
        sides
            The values of the worse and of the better side; None = unknown.
        language
            One of ``geoequity.locale.LANGUAGES``.

        Returns
        -------
        said
            Without the values where either is unknown.
        """
        worse, better = sides
        if worse is None or better is None:
            return self.say_points(indicator, points, language)
        said = self.say_sides(indicator, worse, better, language)
        points_ = in_points(points, language)
        return text("finding.driver_sides", language=language, sides=said, points=points_)

    def label(self, indicator: str, language: str) -> str:
        """
        Name an indicator, also one that could not be computed.

        Parameters
        ----------
        indicator
            Its id.
        language
            One of ``geoequity.locale.LANGUAGES``.

        Returns
        -------
        label
            Its id where no catalogue has it.
        """
        for known in (self.catalogue, _shipped()):
            if indicator in known:
                return label(known[indicator], language=language) or indicator
        return indicator


def entries(catalogue: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """
    Take the rows of a catalogue: each is asked for many times.

    Parameters
    ----------
    catalogue
        As `findings` takes it.

    Returns
    -------
    entries
        By indicator.
    """
    return {str(key): dict(row) for key, row in catalogue.to_dict("index").items()}


@cache
def _shipped() -> dict[str, dict[str, Any]]:
    """Lay out the catalogue of the package, for the names of what could not be computed."""
    return entries(catalogue_table(read_catalogue()))


def finding(key: str, numbers: Mapping[str, Any], *, say: Callable[[str], str]) -> Finding:
    """
    Put a finding together in every language.

    Parameters
    ----------
    key
        Its id.
    numbers
        What it states, as JSON can hold it.
    say
        The sentence in a language.

    Returns
    -------
    finding
        ``id``, ``text`` by language, and ``numbers``.
    """
    return {"id": key, "text": {one: say(one) for one in LANGUAGES}, "numbers": dict(numbers)}


def plain(numbers: Mapping[str, Any]) -> dict[str, float]:
    """
    Take the numbers that are known.

    Parameters
    ----------
    numbers
        Of Python or numpy; None and NaN are unknown.

    Returns
    -------
    plain
        As JSON would hold them; what is unknown is left out.
    """
    known = {key: figure(value) for key, value in numbers.items()}
    return {key: value for key, value in known.items() if value is not None}


def figure(value: Any) -> float | None:
    """
    Take a number as JSON would hold it.

    Parameters
    ----------
    value
        Anything that a summary or a table holds.

    Returns
    -------
    figure
        None for anything that is no number, or unknown.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return None
    if not np.isfinite(value):
        return None
    return int(value) if isinstance(value, int | np.integer) else float(value)


def in_points(value: float | None, language: str) -> str:
    """
    Write a score to a tenth of a point.

    Parameters
    ----------
    value
        Score, or points between two; None is unknown.
    language
        One of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    points
        The number, or the word for unknown.
    """
    return number(value, language=language, decimals=1)


def inside(label: str) -> str:
    """
    Write a label as it stands inside a sentence.

    Parameters
    ----------
    label
        As it stands alone.

    Returns
    -------
    label
        With a small letter first, unless it is a name such as Wi-Fi.
    """
    first = label.split(maxsplit=1)[0] if label.strip() else ""
    return label if any(sign.isupper() for sign in first[1:]) else label[:1].lower() + label[1:]


def joined(items: Sequence[str], language: str) -> str:
    """
    Join long items.

    Parameters
    ----------
    items
        What to list.
    language
        One of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    joined
        By semicolons where an item holds a comma of its own.
    """
    if any("," in item for item in items):
        return "; ".join(items)
    return listing(items, language=language)


Teller = Callable[[Facts], Finding | None]
