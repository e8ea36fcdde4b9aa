"""What cannot be seen, and where the map may be at fault."""

from geoequity.findings._facts import NAMED, Facts, Finding, Teller, finding, inside, plain
from geoequity.locale import listing, percent, text


def _unseen(facts: Facts) -> Finding | None:
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
                    [inside(facts.label(one, language)) for one in absent],
                    language=language,
                    most=NAMED,
                ),
            )
        )
        if outside:
            count = round(outside)
            said.append(text("finding.unseen.outside", language=language, count=count))
        return " ".join(said)

    return finding("unseen", plain(numbers), say)


def _thin(facts: Facts) -> Finding | None:
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

    return finding("thin", plain({"count": len(units), "population_share": share}), say)


TELLERS: dict[str, Teller] = {"unseen": _unseen, "thin": _thin}
