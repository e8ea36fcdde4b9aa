"""Which districts are neglected, and where technology is decoration."""

from geoequity import typology
from geoequity.findings._facts import (
    Facts,
    Finding,
    Teller,
    figure,
    finding,
    in_points,
    joined,
    plain,
)
from geoequity.locale import text
from geoequity.schema import PILLARS

SIDE_ITEMS = 2  # indicators named in each half of a sentence that has two


def _neglected(facts: Facts) -> Finding | None:
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

    return finding("neglected", plain(numbers), say)


def _showcase(facts: Facts) -> Finding | None:
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

    return finding(kinds[0], plain(numbers), say)


def _decoration(facts: Facts) -> Finding | None:
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
        numbers[one] = figure(facts.indicators.loc[unit, one])
        numbers[f"{one}_mean"] = facts.figure("indicators", one, "mean")
    form = "_".join(side for side in ("ahead", "behind") if sides[side]) or "plain"

    def say(language: str) -> str:
        items = {
            side: joined(
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
            points=in_points(gap, language),
            **{one: in_points(numbers[one], language) for one in PILLARS},
            **items,
        )

    return finding("decoration", plain(numbers), say)


TELLERS: dict[str, Teller] = {
    "neglected": _neglected,
    "showcase": _showcase,
    "decoration": _decoration,
}
