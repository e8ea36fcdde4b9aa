"""How the city is laid out: who lies beside whom, and where things are far or poor."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from geoequity.findings._facts import (
    CLEAR,
    ITEMS,
    NAMED,
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
from geoequity.locale import listing, number, text

LONGER_MIN = 2.0  # than the city's mean; shorter differences are not worth a sentence
SURE = 0.05  # p up to which neighbours are said to be alike


def _neighbours(facts: Facts) -> Finding | None:
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
                points=in_points(cliff["points"], language),
                **{side: facts.name(cliff[side]) for side in ("higher", "lower")},
            )
        )
    parts.append(_outwards(facts, numbers))
    if not numbers:
        return None

    def say(language: str) -> str:
        return " ".join(filter(None, (part(language) for part in parts)))

    return finding("neighbours", plain(numbers), say=say)


def _cluster(facts: Facts, kind: str, numbers: dict[str, Any]) -> Callable[[str], str]:
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


def _outwards(facts: Facts, numbers: dict[str, Any]) -> Callable[[str], str]:
    """Tell how the value that changes most clearly from the centre outwards does so."""
    clear: dict[str, tuple[float, Mapping[str, Any], Mapping[str, Any]]] = {}
    for key, one in (facts.at("patterns", "gradient") or {}).items():
        link, rings = figure(one["rank_correlation"]), one["rings"]
        near, far = (figure(rings[place]["mean"]) for place in (0, -1))
        if key not in facts.catalogue or link is None or near is None or far is None:
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
            label=inside(facts.label(chosen, language)),
            near=facts.say_value(chosen, inner["mean"], language),
            far=facts.say_value(chosen, outer["mean"], language),
            near_km=number(inner["to_km"], language=language, decimals=1),
            far_km=number(outer["from_km"], language=language, decimals=1),
        )

    return say


def _walking(facts: Facts) -> Finding | None:
    """Tell where walks to services are longest, and to which."""
    walks = [one for one in facts.scores.columns if one.endswith("_walk_min")]
    walks = [one for one in walks if one in facts.catalogue and one in facts.indicators.columns]
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
            items=joined(items, language),
        )

    return finding("walking", plain(numbers), say=say)


def _standing(facts: Facts) -> Finding | None:
    """Tell the facts that need no count of residents: the widest differences between districts."""
    spread = {}
    for indicator in facts.known(facts.scores):
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
                label=inside(facts.label(one, language)),
                best=facts.say_value(one, numbers[f"{one}_best"], language),
                best_district=facts.name(ends[one][0]),
                worst=facts.say_value(one, numbers[f"{one}_worst"], language),
                worst_district=facts.name(ends[one][1]),
            )
            for one in widest
        ]
        return text("finding.facts.text", language=language, items=joined(items, language))

    return finding("facts", plain(numbers), say=say)


def _ends(facts: Facts, indicator: str) -> tuple[str, str]:
    """Name the best and the worst district; by value, as scores are alike beyond the goalposts."""
    value = facts.indicators[indicator].dropna()
    low, high = str(value.idxmin()), str(value.idxmax())
    entry = facts.catalogue[indicator]
    return (high, low) if entry["best"] > entry["worst"] else (low, high)


TELLERS: dict[str, Teller] = {
    "neighbours": _neighbours,
    "walking": _walking,
    "facts": _standing,
}
