"""What changed, in a handful of sentences of every language."""

from collections.abc import Mapping
from typing import Any

from geoequity.findings import Finding, finding
from geoequity.locale import listing, number, quantity, text

_LISTED = 5  # districts in a list
_TOLD = 4  # indicators in the sentence of what moved

Summary = Mapping[str, Any]


def findings(summary: Summary) -> list[Finding]:
    """
    Say what changed.

    Parameters
    ----------
    summary
        The content of ``change.json``, findings still absent.

    Returns
    -------
    findings
        Each with ``id``, ``text`` by language, and the ``numbers`` it states.
    """
    if summary["identical"]:
        return [finding("identical", {}, lambda language: _say("identical.text", language))]
    if summary["scenario"] is not None:
        made = [_index(summary), _indicators(summary), _fairness(summary), _types(summary)]
        return [one for one in made if one is not None]
    made = [_index(summary), _indicators(summary), _mean(summary), _convergence(summary)]
    made += [_types(summary), _data(summary)]
    return [one for one in made if one is not None]


def indicator_label(summary: Summary, key: str, language: str) -> str:
    """
    Name an indicator or an item of a survey.

    Parameters
    ----------
    summary
        The content of ``change.json``.
    key
        Its id.
    language
        One of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    label
        English, or the id, where the language has none.
    """
    known = summary["labels"].get(key, {})
    return str(known.get(language) or known.get("en") or key)


def _say(key: str, language: str, *, of: str = "change", **values: object) -> str:
    """Say a message about change, or about what a scenario would change."""
    return text(f"{of}.finding.{key}", language=language, **values)


def _of(summary: Summary) -> str:
    """Tell whose findings these are."""
    return "change" if summary["scenario"] is None else "scenario"


def _points(value: float | None, language: str) -> str:
    """Write points to a tenth, or to a hundredth where that would be none."""
    small = value is not None and 0 < abs(value) < 0.05  # noqa: PLR2004 - rounds to none
    return number(value, language=language, decimals=2 if small else 1)


def _index(summary: Summary) -> Finding | None:
    """Say which districts moved."""
    known = {
        key: one for key, one in summary["districts"].items() if one["index"]["change"] is not None
    }
    if not known:
        return None
    moved = {key: one for key, one in known.items() if one["index"]["named"]}
    better = sum(one["index"]["change"] > 0 for one in moved.values())
    numbers = {"total": len(known), "better": better, "worse": len(moved) - better}
    of = _of(summary)
    if not moved:
        return finding("index", numbers, lambda language: _say("index.none", language, of=of))
    most = max(moved, key=lambda key: abs(moved[key]["index"]["change"]))
    ends = {one: moved[most]["index"][one] for one in ("old", "new", "low", "high")}

    def say(language: str) -> str:
        points = {one: _points(value, language) for one, value in ends.items()}
        between = _say("index.range", language, of=of, low=points["low"], high=points["high"])
        return _say(
            "index.moved",
            language,
            of=of,
            count=len(moved),
            **numbers,
            most=moved[most]["name"],
            old=points["old"],
            new=points["new"],
            range=f" {between}" if ends["low"] != ends["high"] else "",
        )

    return finding("index", numbers | {"district": most} | ends, say)


def _indicators(summary: Summary) -> Finding:
    """Say which indicators moved where, those that moved most first."""
    named = [one for one in summary["named"] if one["kind"] in {"indicator", "said"}]
    total = sum(summary["tests"].get(kind, {"count": 0})["count"] for kind in ("indicator", "said"))
    by_what: dict[str, list[Mapping[str, Any]]] = {}
    for one in sorted(named, key=lambda one: -abs(one["points"])):
        by_what.setdefault(one["what"], []).append(one)
    numbers = {"count": len(named), "total": total}

    def say(language: str) -> str:
        if not named:
            return _say("indicators.none", language, of=_of(summary), total=total)
        told = [_indicator(summary, rows, language) for rows in list(by_what.values())[:_TOLD]]
        listed = "; ".join(told)
        return _say("indicators.some", language, of=_of(summary), **numbers, listed=listed)

    return finding("indicators", numbers, say)


def _indicator(summary: Summary, rows: list[Mapping[str, Any]], language: str) -> str:
    """Say where an indicator moved most, and in how many more districts."""
    first, more = rows[0], len(rows) - 1
    return _say(
        "indicators.more" if more else "indicators.alone",
        language,
        label=indicator_label(summary, first["what"], language),
        name=first["name"],
        count=more,
        **{
            end: quantity(first[end], unit=first["unit"], language=language)
            for end in ("old", "new")
        },
    )


def _mean(summary: Summary) -> Finding | None:
    """Tell the change of the mean apart: of the city, of its data, and the rest."""
    index = summary["index"]
    if index["change"] is None:
        return None
    told = ("old", "new", "change", "from_city", "from_data", "unnamed")
    numbers = {one: index[one] for one in (*told, "low", "high", "set_effect")}

    def say(language: str) -> str:
        points = {one: number(index[one], language=language, decimals=2) for one in told}
        said = _say("mean.text", language, **points)
        if not summary["compared"]["set_changed"] or index["set_effect"] is None:
            return said
        effect = _points(index["set_effect"], language)
        return f"{said} {_say('mean.set', language, effect=effect)}"

    return finding("mean", numbers, say)


def _fairness(summary: Summary) -> Finding | None:
    """Tell the mean, the gap and the inequality of the index with a scenario."""
    effect = summary["scenario"]["effect"]
    told = {} if effect is None else effect["index"]
    of = {"mean": "mean", "gap": "gap", "gini": "gini", "ede": "kolm_pollak_ede"}
    if not set(of.values()) <= set(told):
        return None
    numbers = {
        f"{short}_{end}": told[key][end] for short, key in of.items() for end in ("old", "new")
    }

    def say(language: str) -> str:
        written = {
            key: number(value, language=language, decimals=4 if key[:4] == "gini" else 2)
            for key, value in numbers.items()
        }
        return _say("fairness.text", language, of="scenario", **written)

    return finding("fairness", numbers, say)


def _convergence(summary: Summary) -> Finding | None:
    """Say whether districts came closer."""
    one = summary["convergence"]["index"]
    if one["spread_change"] is None:
        return None
    ends = {"old": one["spread_old"], "new": one["spread_new"]}

    def say(language: str) -> str:
        points = {end: number(value, language=language, decimals=2) for end, value in ends.items()}
        said = _say(f"convergence.{one['spread_says']}", language, **points)
        return f"{said} {_say('convergence.slope_' + one['slope_says'], language)}"

    return finding("convergence", ends | {"slope": one["slope"]}, say)


def _types(summary: Summary) -> Finding | None:
    """Say which districts are of another type."""
    types = {key: one for key, one in summary["districts"].items() if any(one["type"].values())}
    if not types:
        return None
    moved = [one for one in types.values() if one["type"]["old"] != one["type"]["new"]]

    def say(language: str) -> str:
        if not moved:
            return _say("types.none", language)
        steps = [
            _say(
                "types.step",
                language,
                name=one["name"],
                **{
                    end: text(f"type.{kind or 'unknown'}", language=language)
                    for end, kind in one["type"].items()
                },
            )
            for one in moved
        ]
        listed = listing(steps, language=language, most=_LISTED)
        return _say("types.moved", language, count=len(moved), listed=listed)

    return finding("types", {"moved": len(moved), "total": len(types)}, say)


def _data(summary: Summary) -> Finding:
    """Say what changed in the data."""
    data, compared = summary["data"], summary["compared"]
    names = {key: one["name"] for key, one in summary["districts"].items()}
    aside = [*compared["gone"].values(), *compared["new"].values()]
    alone = len(compared["only_old"]) + len(compared["only_new"])

    def say(language: str) -> str:
        said = [_say("data.sources", language, **data["sources"])]
        for how in ("richer", "thinner"):
            which = [names[key] for key in data["mapping"][how]]
            if which:
                listed = listing(which, language=language, most=_LISTED)
                said.append(_say(f"data.{how}", language, count=len(which), names=listed))
        if alone:
            said.append(_say("data.set", language, count=alone))
        if aside:
            listed = listing(aside, language=language, most=_LISTED)
            said.append(_say("data.gone", language, names=listed))
        return " ".join(said)

    return finding("data", data["sources"] | {"indicators_in_one": alone}, say)
