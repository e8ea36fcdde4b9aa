"""
What a study found, in a handful of sentences.

Each finding is one or two sentences in every language of the catalogues, with
the numbers they state beside them. Findings read results and judge nothing
anew: where the index, a pillar or the count of residents is missing they say
so, and say what still stands.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from geoequity import inequality, typology
from geoequity.indicators import catalogue_table, read_catalogue
from geoequity.locale import LANGUAGES, label, listing, name, number, percent, quantity, text
from geoequity.patterns import rank_correlation
from geoequity.schema import PILLARS

MOST = 6  # findings about people; more are not read
NAMED = 5  # districts or indicators named in a list
ITEMS = 3  # indicators named in a sentence
SIDE_ITEMS = 2  # named in each half of a sentence that has two
NEARLY_ALL = 0.8  # of the catalogue computed: then what is unseen can give way
ENOUGH_DISTRICTS = 5  # under it a correlation says nothing
NOTABLE_LOSS = 0.005  # of what there is to reach: half a point
LONGER_MIN = 2.0  # than the city's mean; shorter differences are not worth a sentence
NOTABLE_POINTS = 0.5  # of the index between two parts of a city
LEANING = 0.05  # concentration under which nothing leans to rich or poor
FIFTH = 0.2
WEAK, CLEAR, STRONG = 0.2, 0.4, 0.7  # sizes of a rank correlation in words
SURE = 0.05  # p up to which neighbours are said to be alike
BASE_COLUMNS = {"persons": "population"}  # other bases have columns of their own name

_SIDES = ("with", "without")
_ENDS = ("worse", "better")
_PLAINLY = {"points", *(f"{one}_{at}" for one in PILLARS for at in _ENDS)}

Finding = dict[str, Any]


@dataclass(frozen=True)
class _Facts:
    """What the findings are drawn from, and who lives where it is known."""

    summary: Mapping[str, Any]
    districts: pd.DataFrame
    indicators: pd.DataFrame
    scores: pd.DataFrame
    catalogue: pd.DataFrame

    def at(self, *path: str) -> Any:
        """Look a value of the summary up; None where any step is absent."""
        value: Any = self.summary
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        return value

    def figure(self, *path: str) -> float | None:
        """Look a number of the summary up; None where it is absent or unknown."""
        return _figure(self.at(*path))

    def name(self, unit_id: str) -> str:
        """Name a district."""
        return name(self.districts.loc[unit_id, "name"])

    def people(self, indicator: str | None = None) -> pd.Series | None:
        """Residents, or the base of an indicator, of the districts that have a count."""
        base = "persons" if indicator is None else self.catalogue.loc[indicator, "base"]
        column = BASE_COLUMNS.get(base, base)
        if column not in self.districts.columns:
            return None
        counted = self.districts[column].astype(float).dropna()
        return counted if counted.sum() > 0 else None

    def measure(self) -> str | None:
        """Choose what residents are compared by: the index, else a pillar that stands."""
        told = {"index": self.at("index", "gap")}
        told |= {pillar: self.at("pillars", pillar, "gap") for pillar in PILLARS}
        for measure, gap in told.items():
            points = gap.get("points") if isinstance(gap, Mapping) else gap
            if _figure(points) is not None and measure in self.districts.columns:
                return measure
        return None

    def typed(self, kind: str) -> tuple[list[str], float | None]:
        """List the districts of a type and the share of residents in them."""
        units = [str(unit) for unit in self.at("types", kind, "districts") or ()]
        return units, self.figure("types", kind, "population_share")

    def say_type(self, kind: str, language: str, **values: object) -> str:
        """Say how many districts and residents a type has, and name the districts."""
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
        """Say why there is no index."""
        lost = [one for one in PILLARS if self.figure("pillars", one, "mean") is None]
        if len(lost) != 1:
            return text("finding.unseen.no_index", language=language)
        pillar = text(f"pillar.{lost[0]}", language=language)
        return text("finding.unseen.no_pillar", language=language, pillar=pillar)

    def say_value(self, indicator: str, value: float | None, language: str) -> str:
        """Write a value of an indicator with its unit."""
        unit = str(self.catalogue.loc[indicator, "unit"])
        return quantity(value, unit=unit, language=language)

    def say_sides(self, indicator: str, worse: float, better: float | None, language: str) -> str:
        """Set two values of an indicator against each other, its unit said once."""
        said = _inside(self.label(indicator, language))
        if better is None:
            value = self.say_value(indicator, worse, language)
            return text("finding.one_side", language=language, label=said, value=value)
        share = self.catalogue.loc[indicator, "unit"] == "share"
        return text(
            "finding.two_sides",
            language=language,
            label=said,
            worse=percent(worse, language=language) if share else number(worse, language=language),
            better=self.say_value(indicator, better, language),
        )

    def say_points(self, indicator: str, points: float, language: str) -> str:
        """Name an indicator with what it makes of a gap."""
        said = _inside(self.label(indicator, language))
        points_ = _points(points, language)
        return text("finding.driver", language=language, label=said, points=points_)

    def say_driver(
        self, indicator: str, points: float, sides: Sequence[float | None], language: str
    ) -> str:
        """Name an indicator with what it makes of a gap, and its values on both sides."""
        worse, better = sides
        if worse is None or better is None:
            return self.say_points(indicator, points, language)
        said = self.say_sides(indicator, worse, better, language)
        points_ = _points(points, language)
        return text("finding.driver_sides", language=language, sides=said, points=points_)

    def label(self, indicator: str, language: str) -> str:
        """Name an indicator, also one that could not be computed."""
        for known in (self.catalogue, _shipped()):
            if indicator in known.index:
                return label(known.loc[indicator], language=language) or indicator
        return indicator


def findings(
    *,
    summary: Mapping[str, Any],
    districts: pd.DataFrame,
    indicators: pd.DataFrame,
    scores: pd.DataFrame,
    catalogue: pd.DataFrame,
) -> list[Finding]:
    """
    Say what a study found, in four to six findings, and one more where neighbours tell a tale.

    Where there are more, the least telling are left out: a weak link with
    deprivation, what is unseen where that is little, and what people say.
    Districts are compared with the people they hold; nothing is said of people
    where their number is unknown.

    Parameters
    ----------
    summary
        The summary so far, as ``summary.json`` has it: ``index``, ``pillars``,
        ``types``, ``decoration``, ``districts``, ``population``, ``indicators``,
        ``perception``, ``absent`` and ``method`` are read; any may be absent or
        None, which means unknown.
    districts
        Index ``unit_id``: ``name``, ``population`` and other bases (NaN where
        there is no count), the scores ``index``, ``structures`` and
        ``technologies`` (0-100, NaN where unknown). Columns may be absent.
    indicators
        Districts x indicator ids in each indicator's unit; NaN is unknown.
    scores
        Districts x indicator ids, 0-100; NaN is unknown.
    catalogue
        Index indicator id: ``label_<language>``, ``unit``, ``base``,
        ``better``, ``role``.

    Returns
    -------
    findings
        Each with ``id``, ``text`` per language, and ``numbers``: every number
        that the text states, shares 0-1. Fewer than four where nearly
        everything is unknown.
    """
    facts = _Facts(summary, districts, indicators, scores, catalogue)
    told = (
        *(_gap, _divide, _neglected, _thin, _showcase, _decoration, _drivers, _without),
        *(_stratifier, _neighbours, _perception, _leaning, _unseen, _walking, _standing),
    )
    found = {finding["id"]: finding for tell in told if (finding := tell(facts))}
    if "gap" in found:
        found.pop("facts", None)
    if "showcase" in found:
        found.pop("decoration", None)  # it is told there
    kept = _most_telling(facts, found)
    # What cannot be seen qualifies all the rest, so it is told last.
    return sorted(kept, key=lambda finding: finding["id"] == "unseen")


def _most_telling(facts: _Facts, found: Mapping[str, Finding]) -> list[Finding]:
    """Keep as many findings as are read, giving up first those that say least."""
    most = MOST + ("neighbours" in found)  # which is about places, and crowds out nothing on people
    least = ["facts", "walking", "leaning", "decoration"]
    if abs(found.get("stratifier", {}).get("numbers", {}).get("rank_correlation", 1.0)) < CLEAR:
        least.append("stratifier")
    if _nearly_all_is_seen(facts):
        least.append("unseen")
    least.append("perception")
    given_up = [one for one in least if one in found][: max(len(found) - most, 0)]
    return [finding for one, finding in found.items() if one not in given_up][:most]


def _nearly_all_is_seen(facts: _Facts) -> bool:
    """Tell whether little is missing, and nobody is left out of the count."""
    absent, computed = len(facts.at("absent") or {}), len(facts.indicators.columns)
    whole = facts.people() is not None and facts.measure() == "index"
    return (
        whole
        and not facts.figure("population", "outside")
        and (computed >= NEARLY_ALL * (computed + absent))
    )


@cache
def _shipped() -> pd.DataFrame:
    """Lay out the catalogue of the package, for the names of what could not be computed."""
    return catalogue_table(read_catalogue())


def _gap(facts: _Facts) -> Finding | None:
    """Tell how far apart the worst- and the best-served tenth of residents are."""
    measure, people = facts.measure(), facts.people()
    if measure is None or people is None:
        return None
    score = facts.districts[measure].astype(float).dropna()
    known = score.index.intersection(people.index)
    if len(known) < 2:  # noqa: PLR2004  one district has no gap
        return None
    low, high = (
        inequality.quantile(score[known], population=people[known], q=q) for q in (0.1, 0.9)
    )
    if facts.at("types", "basis") == "no_material_gap":
        return _even(facts, measure, high - low)
    worst, best = str(score.idxmin()), str(score.idxmax())
    numbers = {
        "low": low,
        "high": high,
        "gap_points": high - low,
        "worst_score": score[worst],
        "best_score": score[best],
    }

    def say(language: str) -> str:
        return text(
            "finding.gap.text",
            language=language,
            measure=text(f"finding.{measure}", language=language),
            worst=facts.name(worst),
            best=facts.name(best),
            **{key: _points(value, language) for key, value in numbers.items()},
        )

    return _finding("gap", numbers, say)


def _even(facts: _Facts, measure: str, gap: float) -> Finding:
    """Tell that no gap worth the word was found."""
    numbers = {"gap_points": gap, "threshold": facts.figure("method", "min_gap_points")}
    form = "even" if numbers["threshold"] is not None else "even_plain"

    def say(language: str) -> str:
        return text(
            f"finding.gap.{form}",
            language=language,
            measure=text(f"finding.{measure}", language=language),
            gap_points=_points(gap, language),
            threshold=numbers["threshold"],
        )

    return _finding("gap", numbers, say)


def _neglected(facts: _Facts) -> Finding | None:
    """Tell which districts lack both, and how many are in doubt."""
    if facts.at("types", "basis") in {None, "no_material_gap", "relative_scores"}:
        return None
    units, share = facts.typed("neglected")
    numbers: dict[str, float | None] = {}
    if units:
        numbers |= {"districts": len(units), "of": len(facts.districts), "population_share": share}
    # Where nobody is neglected, the reader wants to know what the others are.
    others = ("uncertain",) if units else ("integrated", "uncertain")
    beside = [kind for kind in others if facts.typed(kind)[0]]
    for kind in beside:
        found, share = facts.typed(kind)
        numbers |= {f"{kind}_districts": len(found), f"{kind}_share": share}

    def say(language: str) -> str:
        said = [facts.say_type("neglected", language, total=len(facts.districts))]
        return " ".join([*said, *(facts.say_type(kind, language) for kind in beside)])

    return _finding("neglected", numbers, say)


def _showcase(facts: _Facts) -> Finding | None:
    """Tell where technology is decoration, and where it is the other way round."""
    if facts.at("types", "basis") in {None, "no_material_gap", "relative_scores"}:
        return None
    kinds = [kind for kind in ("showcase", "analogue") if facts.typed(kind)[0]]
    if not kinds:
        return None
    numbers: dict[str, float | None] = {}
    for kind in kinds:
        units, share = facts.typed(kind)
        numbers |= {f"{kind}_districts": len(units), f"{kind}_share": share}
    why = _decoration(facts) if "showcase" in kinds else None
    if why is not None:
        numbers |= why["numbers"]

    def say(language: str) -> str:
        said = [facts.say_type(kind, language) for kind in kinds]
        return " ".join(said if why is None else [said[0], why["text"][language], *said[1:]])

    return _finding(kinds[0], numbers, say)


def _decoration(facts: _Facts) -> Finding | None:
    """Tell where technologies run furthest ahead of structures, and which indicators say so."""
    unit = facts.at("decoration", "most_decorated")
    if facts.at("types", "basis") in {None, "no_material_gap", "relative_scores"} or unit is None:
        return None
    gap = facts.figure("districts", unit, "decoration_gap")
    if gap is None or gap < typology.NOTABLE_POINTS:
        return None
    numbers: dict[str, float | None] = {"decoration_gap": gap}
    numbers |= {one: facts.figure("districts", unit, one) for one in PILLARS}
    sides = {
        side: [one for one in told if one in facts.indicators.columns][:SIDE_ITEMS]
        for side, told in facts.at("districts", unit, "decoration").items()
    }
    for one in (*sides["ahead"], *sides["behind"]):
        numbers[one] = _figure(facts.indicators.loc[unit, one])
        numbers[f"{one}_mean"] = facts.figure("indicators", one, "mean")
    form = "_".join(side for side in ("ahead", "behind") if sides[side]) or "plain"

    def say(language: str) -> str:
        items = {
            side: _series(
                [
                    facts.say_sides(
                        one, facts.indicators.loc[unit, one], numbers[f"{one}_mean"], language
                    )
                    for one in told
                ],
                language,
            )
            for side, told in sides.items()
        }
        return text(
            f"finding.decoration.{form}",
            language=language,
            district=facts.name(unit),
            points=_points(gap, language),
            **{one: _points(numbers[one], language) for one in PILLARS},
            **items,
        )

    return _finding("decoration", numbers, say)


def _drivers(facts: _Facts) -> Finding | None:
    """Tell which indicators most separate the well served from the badly served."""
    people = facts.people()
    if people is None or facts.at("types", "basis") == "no_material_gap":
        return None
    badly, well = facts.typed("neglected")[0], facts.typed("integrated")[0]
    by_type = bool(badly and well)

    def ends(
        value: pd.Series, people: pd.Series | None, better: inequality.Better
    ) -> tuple[float, float] | None:
        """Give a value among the badly and among the well served."""
        return _means(value, people, badly, well) if by_type else _tenths(value, people, better)

    made = {one["id"]: one for one in facts.at("index", "drivers") or () if one["points"] > 0}
    named = facts.scores.columns.intersection(facts.catalogue.index)
    pairs: dict[str, tuple[float, float, float]] = {}
    for indicator in named.intersection(list(made)[:ITEMS]) if made else named:
        lower = facts.catalogue.loc[indicator, "better"] == "lower"
        score = ends(facts.scores[indicator], people, "higher")
        value = ends(
            facts.indicators[indicator], facts.people(indicator), "lower" if lower else "higher"
        )
        if score is not None and value is not None and score[1] > score[0]:
            pairs[indicator] = (score[1] - score[0], *value)
    if made:
        return _made(facts, made, pairs, by_type=by_type)
    widest = sorted(pairs, key=lambda one: (-pairs[one][0], one))[:ITEMS]
    if not widest:
        return None
    numbers = {f"{one}_worse": pairs[one][1] for one in widest}
    numbers |= {f"{one}_better": pairs[one][2] for one in widest}

    def say(language: str) -> str:
        items = [facts.say_sides(one, *pairs[one][1:], language) for one in widest]
        key = "finding.drivers.types" if by_type else "finding.drivers.tenths"
        return text(key, language=language, items=_series(items, language))

    return _finding("drivers", numbers, say)


def _made(
    facts: _Facts,
    made: Mapping[str, Mapping[str, Any]],
    pairs: Mapping[str, tuple[float, float, float]],
    *,
    by_type: bool,
) -> Finding:
    """Tell how much of the gap comes from what makes most of it."""
    largest = list(made)[:ITEMS]
    pillars = {one["id"]: one["points"] for one in facts.at("index", "pillar_drivers") or ()}
    numbers = {
        "gap_points": facts.figure("index", "gap", "points"),
        "share": sum(made[one]["share"] for one in largest),
        **{f"{pillar}_points": points for pillar, points in pillars.items()},
    }
    for one in largest:
        numbers[f"{one}_points"] = made[one]["points"]
        if one in pairs:
            numbers |= {f"{one}_worse": pairs[one][1], f"{one}_better": pairs[one][2]}

    def say(language: str) -> str:
        items = [
            facts.say_driver(one, made[one]["points"], pairs[one][1:], language)
            if one in pairs
            else facts.say_points(one, made[one]["points"], language)
            for one in largest
        ]
        said = text(
            "finding.drivers.made",
            language=language,
            count=len(largest),
            share=numbers["share"],
            gap_points=_points(numbers["gap_points"], language),
            items="; ".join(items),
            sides=text(
                f"finding.drivers.{'of_types' if by_type else 'of_tenths'}", language=language
            ),
        )
        if set(pillars) != set(PILLARS):
            return said
        both = {pillar: _points(points, language) for pillar, points in pillars.items()}
        return f"{said} {text('finding.drivers.pillars', language=language, **both)}"

    return _finding("drivers", numbers, say)


def _divide(facts: _Facts) -> Finding | None:
    """Tell what lies between the best- and the worst-served of the parts that the city names."""
    told = facts.at("divide") or {}
    if not told.get("better"):
        return None
    sides = [told["parts"][told[one]] for one in ("worse", "better")]
    drivers = {one["id"]: one["points"] for one in told["drivers"]}
    ahead = [one for one, points in drivers.items() if points >= NOTABLE_POINTS][:ITEMS]
    against = [one for one, points in drivers.items() if points <= -NOTABLE_POINTS][::-1][:ITEMS]
    numbers = {"points": told["points"], "worse": sides[0]["index"], "better": sides[1]["index"]}
    for pillar in PILLARS:
        numbers |= {f"{pillar}_{at}": one[pillar] for at, one in zip(_ENDS, sides, strict=True)}
    values: dict[str, list[float | None]] = {}
    stratifiers = [
        one
        for one in facts.indicators.columns.intersection(facts.catalogue.index)
        if facts.catalogue.loc[one, "role"] == "stratifier"
    ][:1]
    for one in [*ahead, *against, *stratifiers]:
        both = [_figure(side["indicators"].get(one)) for side in sides]
        values[one] = both
        numbers |= {f"{one}_{at}": value for at, value in zip(_ENDS, both, strict=True)}
        if one in drivers:
            numbers[f"{one}_points"] = drivers[one]

    def items(which: Sequence[str], language: str) -> str:
        """Name indicators with their values on both sides, and their points."""
        return "; ".join(
            facts.say_driver(one, drivers[one], values[one], language) for one in which
        )

    def say(language: str) -> str:
        names = {
            at: _own(one["label"], language) or told[at]
            for at, one in zip(_ENDS, sides, strict=True)
        }
        plainly = {key: _points(numbers[key], language) for key in numbers if key in _PLAINLY}
        said = [text("finding.divide.text", language=language, **names, **plainly)]
        if ahead:
            said.append(
                text("finding.divide.ahead", language=language, items=items(ahead, language))
            )
        if against:
            said.append(
                text("finding.divide.against", language=language, items=items(against, language))
            )
        for one in stratifiers:
            worse, better = values[one]
            if worse is not None and better is not None:
                both = facts.say_sides(one, worse, better, language)
                said.append(text("finding.divide.beside", language=language, sides=both))
        return " ".join(said)

    return _finding("divide", numbers, say)


def _leaning(facts: _Facts) -> Finding | None:
    """Tell which indicator leans most to the well-off or to the badly off."""
    ranks = [
        one
        for one in facts.indicators.columns.intersection(facts.catalogue.index)
        if facts.catalogue.loc[one, "role"] == "stratifier"
    ]
    leans = {
        one: lean
        for one in facts.scores.columns.intersection(facts.catalogue.index)
        if (lean := facts.figure("indicators", one, "concentration")) is not None
    }
    if not ranks or not leans:
        return None
    chosen = max(sorted(leans), key=lambda one: abs(leans[one]))
    lean, rank = leans[chosen], facts.indicators[ranks[0]]
    if facts.catalogue.loc[ranks[0], "better"] == "lower":
        rank = -rank
    fifths = _fifths(facts.indicators[chosen], facts.people(chosen), rank)
    if fifths is None or abs(lean) < LEANING:
        return None
    burden = facts.catalogue.loc[chosen, "better"] == "lower"
    form = f"{'well' if lean > 0 else 'badly'}_{'burden' if burden else 'good'}"
    numbers = {"concentration": lean, "poorest_fifth": fifths[0], "richest_fifth": fifths[1]}

    def say(language: str) -> str:
        return text(
            f"finding.leaning.{form}",
            language=language,
            stratifier=facts.label(ranks[0], language),
            label=_inside(facts.label(chosen, language)),
            poorest=facts.say_value(chosen, fifths[0], language),
            richest=facts.say_value(chosen, fifths[1], language),
            concentration=number(lean, language=language, decimals=2),
        )

    return _finding("leaning", numbers, say)


def _stratifier(facts: _Facts) -> Finding | None:
    """Tell whether those who are worse off are also worse served."""
    measure, people = facts.measure(), facts.people()
    if measure is None or people is None:
        return None
    links: dict[str, float] = {}
    for indicator in facts.indicators.columns.intersection(facts.catalogue.index):
        if facts.catalogue.loc[indicator, "role"] == "stratifier":
            both = pd.DataFrame(
                {
                    "value": facts.indicators[indicator],
                    "score": facts.districts[measure].astype(float),
                    "people": people,
                }
            ).dropna()
            if (both["people"] > 0).sum() < ENOUGH_DISTRICTS:
                continue
            link = rank_correlation(both["value"], both["score"], population=both["people"])
            if not np.isnan(link):
                links[indicator] = link
    if not links:
        return None
    chosen = max(sorted(links), key=lambda one: abs(links[one]))
    link = links[chosen]
    worse_off_high = facts.catalogue.loc[chosen, "better"] == "lower"
    form = "same" if (link < 0) == worse_off_high else "opposite"
    form = "none" if abs(link) < WEAK else f"{form}_weak" if abs(link) < CLEAR else form
    strength = "strong" if abs(link) >= STRONG else "clear"

    def say(language: str) -> str:
        return text(
            f"finding.stratifier.{form}",
            language=language,
            label=facts.label(chosen, language),
            measure=text(f"finding.{measure}", language=language),
            strength=text(f"finding.stratifier.{strength}", language=language),
            correlation=number(link, language=language, decimals=2),
        )

    return _finding("stratifier", {"rank_correlation": link}, say)


def _neighbours(facts: _Facts) -> Finding | None:
    """Tell whether alike districts lie together, the highest cliff, and the way from the centre."""
    numbers: dict[str, Any] = {}
    parts: list[Callable[[str], str]] = []
    moran = facts.at("patterns", "index")
    if moran:
        numbers |= {"moran": moran["value"], "p": moran["p"]}
        alike = "alike" if moran["value"] > moran["expected"] else "unlike"
        form = alike if moran["p"] <= SURE else "chance"
        parts.append(
            lambda language: text(
                f"finding.neighbours.{form}",
                language=language,
                value=number(moran["value"], language=language, decimals=2),
            )
        )
        parts += [_cluster(facts, kind, numbers) for kind in ("hot", "cold")]
    cliff = next(iter(facts.at("patterns", "cliffs") or ()), None)
    if cliff:
        numbers["cliff_points"] = cliff["points"]
        parts.append(
            lambda language: text(
                f"finding.neighbours.{'apart' if cliff['apart'] else 'overlap'}",
                language=language,
                points=_points(cliff["points"], language),
                **{side: facts.name(cliff[side]) for side in ("higher", "lower")},
            )
        )
    parts.append(_outwards(facts, numbers))
    if not numbers:
        return None

    def say(language: str) -> str:
        return " ".join(filter(None, (part(language) for part in parts)))

    return _finding("neighbours", numbers, say)


def _cluster(facts: _Facts, kind: str, numbers: dict[str, Any]) -> Callable[[str], str]:
    """Name the districts of the clusters of a kind, and count them."""
    units = facts.at("patterns", kind) or []
    if units:
        numbers[f"{kind}_districts"] = len(units)

    def say(language: str) -> str:
        if not units:
            return ""
        names = listing(sorted(map(facts.name, units)), language=language, most=NAMED)
        return text(f"finding.neighbours.{kind}", language=language, count=len(units), names=names)

    return say


def _outwards(facts: _Facts, numbers: dict[str, Any]) -> Callable[[str], str]:
    """Tell how the value that changes most clearly from the centre outwards does so."""
    clear: dict[str, tuple[float, Mapping[str, Any], Mapping[str, Any]]] = {}
    for key, one in (facts.at("patterns", "gradient") or {}).items():
        link, rings = _figure(one["rank_correlation"]), one["rings"]
        near, far = (_figure(rings[place]["mean"]) for place in (0, -1))
        if key not in facts.catalogue.index or link is None or near is None or far is None:
            continue
        # Told only where the rings say what the ranks of all residents say
        if abs(link) >= CLEAR and (far - near) * link > 0:
            clear[key] = (link, rings[0], rings[-1])
    if not clear:
        return lambda _: ""
    chosen = max(sorted(clear), key=lambda one: abs(clear[one][0]))
    link, inner, outer = clear[chosen]
    numbers |= {
        "centre_rank_correlation": link,
        "near": inner["mean"],
        "near_km": inner["to_km"],
        "far": outer["mean"],
        "far_km": outer["from_km"],
    }

    def say(language: str) -> str:
        return text(
            f"finding.neighbours.{'rises' if link > 0 else 'falls'}",
            language=language,
            label=_inside(facts.label(chosen, language)),
            near=facts.say_value(chosen, inner["mean"], language),
            far=facts.say_value(chosen, outer["mean"], language),
            near_km=number(inner["to_km"], language=language, decimals=1),
            far_km=number(outer["from_km"], language=language, decimals=1),
        )

    return say


def _perception(facts: _Facts) -> Finding | None:
    """Tell where what people say and what is measured disagree most."""
    apart = [
        (one["measured"] - one["said"], item, str(one["district"]))
        for item, told in (facts.at("perception") or {}).items()
        if told.get("indicator") in facts.indicators.columns.intersection(facts.catalogue.index)
        for one in told.get("disagree") or ()
        if str(one["district"]) in facts.districts.index
    ]
    if not apart:
        return None
    difference, item, unit = min(apart, key=lambda one: (-abs(one[0]), *one[1:]))
    told = facts.at("perception", item)
    indicator = str(told["indicator"])
    said = {
        "said": facts.figure("perception", item, "districts", unit, "value"),
        "said_mean": facts.figure("perception", item, "mean"),
    }
    measured = {
        "measured": _figure(facts.indicators.loc[unit, indicator]),
        "measured_mean": facts.figure("indicators", indicator, "mean"),
    }
    answers = [_figure(one.get("value")) for one in told["districts"].values()]
    shares = max((one for one in answers if one is not None), default=0.0) <= 1
    write = percent if shares else number

    def say(language: str) -> str:
        text_ = text(
            f"finding.perception.{'worse' if difference > 0 else 'better'}",
            language=language,
            district=facts.name(unit),
            item=_own(told["label"], language) or item,
            indicator=facts.label(indicator, language),
            **{key: write(value, language=language) for key, value in said.items()},
            **{key: facts.say_value(indicator, value, language) for key, value in measured.items()},
        )
        if len(apart) == 1:
            return text_
        more = text("finding.perception.more", language=language, count=len(apart) - 1)
        return f"{text_} {more}"

    return _finding("perception", {**said, **measured, "disagreements": len(apart)}, say)


def _unseen(facts: _Facts) -> Finding | None:
    """Tell what could not be computed and who is left out of the count."""
    absent = list(facts.at("absent") or {})
    computed = len(facts.indicators.columns)
    outside = facts.figure("population", "outside")
    numbers: dict[str, float | None] = {"catalogue": len(absent) + computed}
    if absent:
        numbers["absent"] = len(absent)
    if outside:
        numbers["outside"] = outside
    if not computed and not absent:
        return None

    def say(language: str) -> str:
        said = []
        if facts.people() is None:
            said.append(text("finding.unseen.no_population", language=language))
        elif facts.measure() != "index":
            said.append(facts.say_no_index(language))
        form = "absent" if absent else "complete"
        said.append(
            text(
                f"finding.unseen.{form}",
                language=language,
                count=len(absent),
                total=len(absent) + computed,
                names=listing(
                    [_inside(facts.label(one, language)) for one in absent],
                    language=language,
                    most=NAMED,
                ),
            )
        )
        if outside:
            count = round(outside)
            said.append(text("finding.unseen.outside", language=language, count=count))
        return " ".join(said)

    return _finding("unseen", numbers, say)


def _thin(facts: _Facts) -> Finding | None:
    """Tell where services may be missing on the map alone."""
    units = [str(unit) for unit in facts.at("mapping", "thin") or ()]
    share = facts.figure("mapping", "population_share")
    if not units or share is None:
        return None
    names = sorted(facts.name(unit) for unit in units)

    def say(language: str) -> str:
        return text(
            "finding.thin",
            language=language,
            count=len(units),
            share=percent(share, language=language),
            names=listing(names, language=language, most=NAMED),
        )

    return _finding("thin", {"count": len(units), "population_share": share}, say)


def _walking(facts: _Facts) -> Finding | None:
    """Tell where walks to services are longest, and to which."""
    walks = [one for one in facts.scores.columns if one.endswith("_walk_min")]
    walks = [
        one for one in walks if one in facts.catalogue.index and one in facts.indicators.columns
    ]
    score = facts.scores[walks].dropna(how="all").mean(axis=1)
    if not walks or score.empty:
        return None
    worst = str(score.idxmin())
    minutes = facts.indicators.loc[worst, walks].dropna()
    means = {one: facts.figure("indicators", one, "mean") for one in minutes.index}
    against = {one: minutes[one] - mean for one, mean in means.items() if mean is not None}
    against = {one: more for one, more in against.items() if more >= LONGER_MIN}
    if len(score) == 1 or not (against or all(mean is None for mean in means.values())):
        return None
    excess = pd.Series(against or dict(minutes), dtype=float)
    longest = list(excess.sort_values(ascending=False, kind="stable").index[:ITEMS])
    numbers = {one: minutes[one] for one in longest}
    numbers |= {f"{one}_mean": means[one] for one in longest if means[one] is not None}

    def say(language: str) -> str:
        items = [facts.say_sides(one, minutes[one], means[one], language) for one in longest]
        form = "text" if against else "alone"
        return text(
            f"finding.walking.{form}",
            language=language,
            district=facts.name(worst),
            items=_series(items, language),
        )

    return _finding("walking", numbers, say)


def _without(facts: _Facts) -> Finding | None:
    """Tell what is worth most of the modes that the city asks about."""
    modes = facts.at("transit", "without") or {}
    known = {
        mode: (_figure(one["with"]) or 0.0) - (_figure(one["without"]) or 0.0)
        for mode, one in modes.items()
        if _figure(one["with"]) is not None
    }
    if not known:
        return None
    mode = max(known, key=lambda one: known[one])
    told = modes[mode]
    lost = losses(told)
    numbers = {side: _figure(told[side]) for side in _SIDES}
    if lost:
        worst = told["districts"][lost[0]]
        numbers |= {f"worst_{side}": _figure(worst[side]) for side in _SIDES}

    def say(language: str) -> str:
        names = facts.districts["name"]
        return say_without(told, mode=mode, names=names, language=language)

    return _finding("without", numbers, say)


def losses(told: Mapping[str, Any]) -> list[str]:
    """
    List the districts that reach notably less without a mode.

    Parameters
    ----------
    told
        What is reached with it and without, as ``transit.without`` of the
        summary has it.

    Returns
    -------
    districts
        Ids, most loss first; those that lose half a point of what there is, or
        more.
    """
    lost = {}
    for key, one in told["districts"].items():
        before, after = (_figure(one[side]) for side in _SIDES)
        if before is not None and after is not None and before - after >= NOTABLE_LOSS:
            lost[key] = before - after
    return sorted(lost, key=lambda one: (-lost[one], one))


def say_without(told: Mapping[str, Any], *, mode: str, names: pd.Series, language: str) -> str:
    """
    Say in a sentence what a mode is worth.

    Parameters
    ----------
    told
        As for `losses`.
    mode
        The mode.
    names
        Names of the districts by id.
    language
        One of ``locale.LANGUAGES``.

    Returns
    -------
    said
        How much is reached with it and without, in the district that loses most
        and in the whole city.
    """
    lost = losses(told)
    numbers: dict[str, Any] = {f"whole_{side}": told[side] for side in _SIDES}
    if lost:
        numbers |= {f"worst_{side}": told["districts"][lost[0]][side] for side in _SIDES}
    return text(
        "finding.without.loss" if lost else "finding.without.none",
        language=language,
        mode=text(f"reach.mode.{mode}", language=language),
        amount=text(f"reach.{told['amount']}", language=language),
        district=name(names[lost[0]]) if lost else "",
        **{key: percent(_figure(value), language=language) for key, value in numbers.items()},
    )


def _standing(facts: _Facts) -> Finding | None:
    """Tell the facts that need no count of residents: the widest differences between districts."""
    spread = {}
    for indicator in facts.scores.columns.intersection(facts.catalogue.index):
        score = facts.scores[indicator].dropna()
        if len(score) > 1 and score.max() > score.min():
            spread[indicator] = score.max() - score.min()
    widest = sorted(spread, key=lambda one: (-spread[one], one))[:ITEMS]
    if not widest:
        return None
    ends = {one: _ends(facts, one) for one in widest}
    numbers = {f"{one}_best": facts.indicators.loc[ends[one][0], one] for one in widest}
    numbers |= {f"{one}_worst": facts.indicators.loc[ends[one][1], one] for one in widest}

    def say(language: str) -> str:
        items = [
            text(
                "finding.facts.item",
                language=language,
                label=_inside(facts.label(one, language)),
                best=facts.say_value(one, numbers[f"{one}_best"], language),
                best_district=facts.name(ends[one][0]),
                worst=facts.say_value(one, numbers[f"{one}_worst"], language),
                worst_district=facts.name(ends[one][1]),
            )
            for one in widest
        ]
        return text("finding.facts.text", language=language, items=_series(items, language))

    return _finding("facts", numbers, say)


def _ends(facts: _Facts, indicator: str) -> tuple[str, str]:
    """Name the best and the worst district; by value, as scores are alike beyond the goalposts."""
    value = facts.indicators[indicator].dropna()
    low, high = str(value.idxmin()), str(value.idxmax())
    entry = facts.catalogue.loc[indicator]
    return (high, low) if entry["best"] > entry["worst"] else (low, high)


def _finding(
    identifier: str, numbers: Mapping[str, float | None], say: Callable[[str], str]
) -> Finding:
    """Say a finding in every language, with plain numbers that JSON can hold."""
    known = {key: _figure(value) for key, value in numbers.items()}
    return {
        "id": identifier,
        "text": {language: say(language) for language in LANGUAGES},
        "numbers": {key: value for key, value in known.items() if value is not None},
    }


def _figure(value: Any) -> float | None:
    """Take a number as JSON would hold it; None for anything unknown."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return None
    if not np.isfinite(value):
        return None
    return int(value) if isinstance(value, int | np.integer) else float(value)


def _own(texts: Mapping[str, str], language: str) -> str:
    """Take a text that a city file gives per language, in any where that one is missing."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def _points(value: float | None, language: str) -> str:
    """Write a score to a tenth of a point."""
    return number(value, language=language, decimals=1)


def _inside(label: str) -> str:
    """Write a label as it stands inside a sentence; names such as Wi-Fi keep their capital."""
    first = label.split(maxsplit=1)[0] if label.strip() else ""
    return label if any(sign.isupper() for sign in first[1:]) else label[:1].lower() + label[1:]


def _series(items: Sequence[str], language: str) -> str:
    """Join long items: by semicolons, because they hold commas of their own."""
    return (
        "; ".join(items)
        if any("," in item for item in items)
        else listing(items, language=language)
    )


def _means(
    value: pd.Series, people: pd.Series | None, badly: Iterable[str], well: Iterable[str]
) -> tuple[float, float] | None:
    """Average a value over the people of two sets of districts; None where either is unknown."""
    if people is None:
        return None
    both = []
    for units in (badly, well):
        values, weights = (
            np.append(one.to_numpy(dtype=float, na_value=np.nan), np.nan)[
                one.index.get_indexer(list(units))  # what is not there is unknown, the last
            ]
            for one in (value, people)
        )
        known = ~np.isnan(values) & ~np.isnan(weights)
        if not weights[known].sum() > 0:
            return None
        both.append(float(np.average(values[known], weights=weights[known])))
    return both[0], both[1]


def _tenths(
    value: pd.Series, people: pd.Series | None, better: inequality.Better
) -> tuple[float, float] | None:
    """Average a value over its worst- and its best-served tenth of people."""
    if people is None:
        return None
    known = value.astype(float).dropna().index.intersection(people.index)
    if not people[known].sum() > 0:
        return None
    served = inequality.tenths(value[known], population=people[known], better=better)
    return served.worst, served.best


def _fifths(
    value: pd.Series, people: pd.Series | None, rank: pd.Series
) -> tuple[float, float] | None:
    """Average a value over the fifths of people that rank lowest and highest."""
    if people is None:
        return None
    both = pd.DataFrame({"value": value, "people": people, "rank": rank}).dropna()
    both = both[both["people"] > 0]
    if len(both) < ENOUGH_DISTRICTS:
        return None
    both["held"] = both["value"] * both["people"]
    tied = both.groupby("rank")[["held", "people"]].sum()
    upto = np.r_[0.0, tied["people"].cumsum() / tied["people"].sum()]
    means = tied["held"] / tied["people"]
    ends = [np.diff(upto.clip(*span)) for span in ((0, FIFTH), (1 - FIFTH, 1))]
    return float(means @ ends[0] / FIFTH), float(means @ ends[1] / FIFTH)
