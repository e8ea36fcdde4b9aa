"""Cities side by side, in a handful of sentences of every language."""

from collections.abc import Mapping
from typing import Any

from geoequity.compare._apart import CARE, LEFT_OUT
from geoequity.findings import Finding, finding
from geoequity.judgement import ROOT
from geoequity.locale import listing, name, number, percent, text

FIRM = 0.9  # share of the draws in which an order must hold to be told as one
_LISTED = 6  # cities in a list

Summary = Mapping[str, Any]


def findings(summary: Summary) -> list[Finding]:
    """
    Say how cities compare.

    Parameters
    ----------
    summary
        The content of ``compare.json``, findings still absent.

    Returns
    -------
    findings
        Each with ``id``, ``text`` by language, and the ``numbers`` it states.
    """
    made = [_ground(summary), _gap(summary), _rank(summary), _neglected(summary)]
    made += [_theil(summary), _apart(summary)]
    return [one for one in made if one is not None]


def what_of(summary: Summary, language: str) -> str:
    """
    Name what cities are first compared on, inside a sentence.

    Parameters
    ----------
    summary
        The content of ``compare.json``; its ``headline`` is not None.
    language
        One of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    what
        The index, a pillar, an area or an indicator.
    """
    head = summary["headline"]
    if head["kind"] == "indicator":
        return str(summary["labels"][head["what"]][language])
    return text(f"compare.node.{head['what']}", language=language)


def headline_values(summary: Summary) -> Mapping[str, Any]:
    """
    Take the numbers that cities are first compared on.

    Parameters
    ----------
    summary
        The content of ``compare.json``, or as much of it as there is yet.

    Returns
    -------
    values
        City -> ``mean``, ``gap_points`` and more; empty where nothing is shared.
    """
    head = summary["headline"]
    if head is None:
        return {}
    block = summary["indicators" if head["kind"] == "indicator" else "nodes"]
    values: Mapping[str, Any] = block[head["what"]]["cities"]
    return values


def _say(key: str, language: str, **values: object) -> str:
    """Say a message about cities side by side."""
    return text(f"compare.finding.{key}", language=language, **values)


def _called(summary: Summary, city: str) -> str:
    """Name a city."""
    return name(summary["cities"][city]["name"])


def _ground(summary: Summary) -> Finding:
    """Say what there is to compare the cities on."""
    head, values = summary["headline"], headline_values(summary)
    total = len(summary["cities"])
    numbers = {"cities": total, "inside": len(values)}
    if head is None:
        return finding("ground", numbers, lambda language: _say("ground.none", language))
    if head["kind"] == "indicator":
        return finding(
            "ground",
            numbers | {"indicators": 1},
            lambda language: _say(
                "ground.indicator",
                language,
                label=what_of(summary, language),
                inside=len(values),
                total=total,
            ),
        )
    shared = len(summary["nodes"][head["what"]]["indicators"])

    def say(language: str) -> str:
        said = _say(
            "ground.node" if head["what"] == ROOT else "ground.lower",
            language,
            what=what_of(summary, language),
            inside=len(values),
            total=total,
            count=shared,
        )
        names = [_called(summary, one) for one in values]
        inside = listing(names, language=language, most=_LISTED)
        return f"{said} {_say('ground.which', language, names=inside)}"

    return finding("ground", numbers | {"indicators": shared}, say)


def _gap(summary: Summary) -> Finding | None:
    """Say where the gap is widest and where narrowest, and whether that holds."""
    head, values = summary["headline"], headline_values(summary)
    gaps = {
        city: one["gap_points"]
        for city, one in values.items()
        if one["gap_points"]["value"] is not None
    }
    if head is None:
        return None
    if len(gaps) < 2:  # noqa: PLR2004 - a pair
        return finding("gap", {}, lambda language: _say("gap.none", language))
    most = max(gaps, key=lambda one: gaps[one]["value"])
    least = min(gaps, key=lambda one: gaps[one]["value"])
    holds = None
    if head["kind"] != "indicator":
        holds = summary["nodes"][head["what"]]["widest"]["holds"]

    def say(language: str) -> str:
        said = _say(
            "gap.text",
            language,
            what=what_of(summary, language),
            widest=_called(summary, most),
            wide=_points(gaps[most], language),
            narrowest=_called(summary, least),
            narrow=_points(gaps[least], language),
        )
        if holds is None:
            return said
        verdict = "gap.firm" if holds >= FIRM else "gap.loose"
        return f"{said} {_say(verdict, language, share=holds)}"

    numbers = {"widest": most, "narrowest": least, "holds": holds}
    return finding("gap", numbers, say)


def _points(told: Mapping[str, Any], language: str) -> str:
    """Write points, with the range over choices or of error where there is one."""
    said = number(told["value"], language=language, decimals=1)
    ends = told["method"] or told["sampling"]
    if ends is None:
        return said
    low, high = (number(ends[end], language=language, decimals=1) for end in ("low", "high"))
    return _say("range", language, value=said, low=low, high=high)


def _rank(summary: Summary) -> Finding | None:
    """Say whether cities that rank better have a narrower gap."""
    told = summary["imd"]
    if told["rank_correlation"] is None:
        return None
    return finding(
        "rank",
        told,
        lambda language: _say(
            "rank.text",
            language,
            n=told["n"],
            rho=number(told["rank_correlation"], language=language, decimals=2),
        ),
    )


def _neglected(summary: Summary) -> Finding:
    """Say what share of residents lives in neglected districts."""
    told = {
        city: one["types"]["neglected_share"]
        for city, one in summary["nodes"][ROOT]["cities"].items()
        if one["types"]["neglected_share"]["value"] is not None
    }
    own = {
        city: one["own"]["neglected_share"]
        for city, one in summary["cities"].items()
        if one["own"]["neglected_share"] is not None
    }

    def shares(of: Mapping[str, Any], language: str) -> str:
        said = []
        for city in sorted(of, key=lambda one: -_plain(of[one])):
            share = percent(_plain(of[city]), language=language)
            ends = None if isinstance(of[city], float) else of[city]["method"]
            if ends is not None:
                low, high = (percent(ends[end], language=language) for end in ("low", "high"))
                share = _say("range", language, value=share, low=low, high=high)
            said.append(f"{_called(summary, city)} {share}")
        return listing(said, language=language, most=_LISTED)

    def say(language: str) -> str:
        if told:
            return _say("neglected.text", language, listed=shares(told, language))
        said = _say("neglected.none", language)
        if own:
            said += " " + _say("neglected.own", language, listed=shares(own, language))
        return said

    return finding("neglected", {city: _plain(one) for city, one in told.items()}, say)


def _plain(told: Any) -> float:
    """Take a share, with or without intervals."""
    return float(told["value"] if isinstance(told, Mapping) else told)


def _theil(summary: Summary) -> Finding | None:
    """Say how much of the inequality lies inside cities."""
    within = {
        key: 1 - one["theil"]["between_share"]["value"]
        for key, one in summary["indicators"].items()
        if one["theil"] is not None and one["theil"]["between_share"]["value"] is not None
    }
    if not within:
        return None
    most, least = max(within, key=within.__getitem__), min(within, key=within.__getitem__)

    def say(language: str) -> str:
        labels = {one: summary["labels"][one][language] for one in (most, least)}
        return _say(
            "theil.text",
            language,
            count=len(within),
            low=percent(within[least], language=language),
            least=labels[least],
            high=percent(within[most], language=language),
            most=labels[most],
        )

    return finding("theil", {"count": len(within), "low": within[least], "high": within[most]}, say)


def _apart(summary: Summary) -> Finding:
    """Say how much cannot be compared."""
    kinds = [one["kind"] for one in summary["apart"]]
    numbers = {
        "total": len(summary["labels"]),
        "shared": len(summary["indicators"]),
        "out": kinds.count(LEFT_OUT),
        "care": kinds.count(CARE),
    }
    return finding("apart", numbers, lambda language: _say("apart.text", language, **numbers))
