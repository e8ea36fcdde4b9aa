"""How far residents are apart, what makes it, and what goes with it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from geoequity import inequality
from geoequity.findings._facts import (
    CLEAR,
    ITEMS,
    Facts,
    Finding,
    Teller,
    figure,
    finding,
    in_points,
    inside,
    joined,
    plain,
)
from geoequity.locale import number, percent, text
from geoequity.patterns import rank_correlation
from geoequity.schema import PILLARS

DRIVING_POINTS = 0.5  # of the index between two parts of a city
LEANING = 0.05  # concentration under which nothing leans to rich or poor
WEAK, STRONG = 0.2, 0.7  # sizes of a rank correlation in words, to either side of CLEAR
ENOUGH_DISTRICTS = 5  # under it a correlation says nothing
FIFTH = 0.2

_ENDS = ("worse", "better")
_PLAINLY = {"points", *(f"{one}_{at}" for one in PILLARS for at in _ENDS)}


def _gap(facts: Facts) -> Finding | None:
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
            **{key: in_points(value, language) for key, value in numbers.items()},
        )

    return finding("gap", plain(numbers), say=say)


def _even(facts: Facts, measure: str, gap: float) -> Finding:
    """Tell that no gap worth the word was found."""
    numbers = {"gap_points": gap, "threshold": facts.figure("method", "min_gap_points")}
    form = "even" if numbers["threshold"] is not None else "even_plain"

    def say(language: str) -> str:
        return text(
            f"finding.gap.{form}",
            language=language,
            measure=text(f"finding.{measure}", language=language),
            gap_points=in_points(gap, language),
            threshold=numbers["threshold"],
        )

    return finding("gap", plain(numbers), say=say)


def _drivers(facts: Facts) -> Finding | None:
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
    named = facts.known(facts.scores)
    pairs: dict[str, tuple[float, float, float]] = {}
    for indicator in [one for one in named if one in list(made)[:ITEMS]] if made else named:
        lower = facts.catalogue[indicator]["better"] == "lower"
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
        return text(key, language=language, items=joined(items, language))

    return finding("drivers", plain(numbers), say=say)


def _made(
    facts: Facts,
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
            gap_points=in_points(numbers["gap_points"], language),
            items="; ".join(items),
            sides=text(
                f"finding.drivers.{'of_types' if by_type else 'of_tenths'}", language=language
            ),
        )
        if set(pillars) != set(PILLARS):
            return said
        both = {pillar: in_points(points, language) for pillar, points in pillars.items()}
        return f"{said} {text('finding.drivers.pillars', language=language, **both)}"

    return finding("drivers", plain(numbers), say=say)


def _divide(facts: Facts) -> Finding | None:
    """Tell what lies between the best- and the worst-served of the parts that the city names."""
    told = facts.at("divide") or {}
    if not told.get("better"):
        return None
    sides = [told["parts"][told[one]] for one in ("worse", "better")]
    drivers = {one["id"]: one["points"] for one in told["drivers"]}
    ahead = [one for one, points in drivers.items() if points >= DRIVING_POINTS][:ITEMS]
    against = [one for one, points in drivers.items() if points <= -DRIVING_POINTS][::-1][:ITEMS]
    numbers = {"points": told["points"], "worse": sides[0]["index"], "better": sides[1]["index"]}
    for pillar in PILLARS:
        numbers |= {f"{pillar}_{at}": one[pillar] for at, one in zip(_ENDS, sides, strict=True)}
    values: dict[str, list[float | None]] = {}
    stratifiers = [
        one for one in facts.known(facts.indicators) if facts.catalogue[one]["role"] == "stratifier"
    ][:1]
    for one in [*ahead, *against, *stratifiers]:
        both = [figure(side["indicators"].get(one)) for side in sides]
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
        plainly = {key: in_points(numbers[key], language) for key in numbers if key in _PLAINLY}
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

    return finding("divide", plain(numbers), say=say)


def _leaning(facts: Facts) -> Finding | None:
    """Tell which indicator leans most to the well-off or to the badly off."""
    ranks = [
        one for one in facts.known(facts.indicators) if facts.catalogue[one]["role"] == "stratifier"
    ]
    leans = {
        one: lean
        for one in facts.known(facts.scores)
        if (lean := facts.figure("indicators", one, "concentration")) is not None
    }
    if not ranks or not leans:
        return None
    chosen = max(sorted(leans), key=lambda one: abs(leans[one]))
    lean, rank = leans[chosen], facts.indicators[ranks[0]]
    if facts.catalogue[ranks[0]]["better"] == "lower":
        rank = -rank
    fifths = _fifths(facts.indicators[chosen], facts.people(chosen), rank)
    if fifths is None or abs(lean) < LEANING:
        return None
    burden = facts.catalogue[chosen]["better"] == "lower"
    form = f"{'well' if lean > 0 else 'badly'}_{'burden' if burden else 'good'}"
    numbers = {"concentration": lean, "poorest_fifth": fifths[0], "richest_fifth": fifths[1]}

    def say(language: str) -> str:
        return text(
            f"finding.leaning.{form}",
            language=language,
            stratifier=facts.label(ranks[0], language),
            label=inside(facts.label(chosen, language)),
            poorest=facts.say_value(chosen, fifths[0], language),
            richest=facts.say_value(chosen, fifths[1], language),
            concentration=number(lean, language=language, decimals=2),
        )

    return finding("leaning", plain(numbers), say=say)


def _stratifier(facts: Facts) -> Finding | None:
    """Tell whether those who are worse off are also worse served."""
    measure, people = facts.measure(), facts.people()
    if measure is None or people is None:
        return None
    links: dict[str, float] = {}
    for indicator in facts.known(facts.indicators):
        if facts.catalogue[indicator]["role"] == "stratifier":
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
    worse_off_high = facts.catalogue[chosen]["better"] == "lower"
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

    return finding("stratifier", plain({"rank_correlation": link}), say=say)


def _perception(facts: Facts) -> Finding | None:
    """Tell where what people say and what is measured disagree most."""
    apart = [
        (one["measured"] - one["said"], item, str(one["district"]))
        for item, told in (facts.at("perception") or {}).items()
        if told.get("indicator") in facts.known(facts.indicators)
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
        "measured": figure(facts.indicators.loc[unit, indicator]),
        "measured_mean": facts.figure("indicators", indicator, "mean"),
    }
    answers = [figure(one.get("value")) for one in told["districts"].values()]
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

    return finding("perception", plain({**said, **measured, "disagreements": len(apart)}), say=say)


def _own(texts: Mapping[str, str], language: str) -> str:
    """Take a text that a city file gives per language, in any where that one is missing."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


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


TELLERS: dict[str, Teller] = {
    "gap": _gap,
    "divide": _divide,
    "drivers": _drivers,
    "stratifier": _stratifier,
    "perception": _perception,
    "leaning": _leaning,
}
