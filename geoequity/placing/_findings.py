"""What new sites would change, in a handful of sentences of every language."""

from collections.abc import Mapping
from typing import Any

from geoequity.findings import Finding, finding
from geoequity.locale import listing, messages, name, number, percent, quantity, text

Summary = Mapping[str, Any]
_LISTED = 5
_SAME = 1e-6  # minutes
_UNSEEN = 0.005  # minutes that no hundredth shows
_FINEST = 4  # decimals of a minute: what differs by less is alike
_LOOSE = 0.1  # of what was found: a bound that is farther off says little


def findings(summary: Summary) -> list[Finding]:
    """
    Say what the sites would change, what they cost, and how sure that is.

    Parameters
    ----------
    summary
        The content of ``siting.json``, findings still absent.

    Returns
    -------
    findings
        Each with ``id``, ``text`` by language, and the ``numbers`` it states.
    """
    made = [_gain(summary), _trade(summary), _where(summary), _groups(summary)]
    made += [_proof(summary), _doubt(summary)]
    return [one for one in made if one is not None]


def _say(key: str, language: str, **values: object) -> str:
    """Say a message about a siting."""
    return text(f"site.finding.{key}", language=language, **values)


def _min(value: float | None, language: str) -> str:
    """Write minutes to a tenth, or to a hundredth where little differs."""
    return quantity(value, unit="min", language=language, decimals=1)


def _fine(value: float | None, language: str, decimals: int = 2) -> str:
    """Write minutes to a hundredth, for choices that are near one another."""
    return quantity(value, unit="min", language=language, decimals=decimals)


def _decimals(one: float, other: float) -> int:
    """Tell how many decimals it takes, 2 at least, to write two minutes as two."""
    apart = (digits for digits in (2, 3) if round(one, digits) != round(other, digits))
    return next(apart, _FINEST)


def limit(summary: Summary, language: str) -> str:
    """
    Write the limit within which people are served.

    Parameters
    ----------
    summary
        The content of ``siting.json``.
    language
        One of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    limit
        In metres where the indicator counts them, else in minutes.
    """
    asked = summary["asked"]
    if asked["by_distance"]:
        return quantity(asked["within_m"], unit="m", language=language)
    return quantity(asked["within_min"], unit="min", language=language)


def _value(summary: Summary, value: float, language: str) -> str:
    """Write what an objective reaches."""
    asked = summary["asked"]
    if asked["objective"] == "coverage" or _is_between(summary):
        return percent(value, language=language, decimals=1)
    return _min(value, language)


def _is_between(summary: Summary) -> bool:
    """Tell whether the objective is the gap of shares between districts."""
    asked = summary["asked"]
    return bool(asked["objective"] == "gap" and asked["between"] == "districts")


def _gain(summary: Summary) -> Finding:
    """Say what the objective gains."""
    result = summary["result"]
    before, after = result["value_before"], result["value"]
    numbers = {"before": before, "after": after, "sites": result["sites"]}
    objective = summary["asked"]["objective"]
    told = summary["objectives"]

    def say(language: str) -> str:
        known = {"limit": limit(summary, language)}
        if not result["sites"] or abs(before - after) <= _SAME:
            return _say("gain.none", language, before=_value(summary, before, language))
        known["sites"] = _say("sites", language, count=result["sites"])
        known |= {
            "before": _value(summary, before, language),
            "after": _value(summary, after, language),
        }
        if _is_between(summary):
            points = {"before": before, "after": after}
            known |= {
                key: number(100 * one, language=language, decimals=1) for key, one in points.items()
            }
            for end in ("best", "worst"):
                for when, key in (("before", "before"), ("after", objective)):
                    share = 1 - told[key][f"group_{end}"]
                    known[f"{end}_{when}"] = percent(share, language=language)
            return _say("gain.between", language, **known)
        return _say(f"gain.{objective}", language, **known)

    return finding("gain", numbers, say)


def _trade(summary: Summary) -> Finding | None:
    """Say what the equivalent costs the mean."""
    told = summary["objectives"]
    numbers = {
        f"{one}_{key}": told[one][key]
        for one in ("ede", "mean", "coverage")
        for key in ("mean", "ede")
    }
    if not summary["result"]["sites"]:
        return None
    alike = numbers["mean_ede"] - numbers["ede_ede"] < _UNSEEN
    means = numbers["ede_mean"], numbers["mean_mean"]
    digits = dict.fromkeys(numbers, 2) | dict.fromkeys(["ede_mean", "mean_mean"], _decimals(*means))
    free = round(means[0] - means[1], _FINEST) == 0

    def say(language: str) -> str:
        said = {key: _fine(one, language, digits[key]) for key, one in numbers.items()}
        return _say(f"trade.{'alike' if alike else 'free' if free else 'ede'}", language, **said)

    return finding("trade", numbers, say)


def _where(summary: Summary) -> Finding | None:
    """Say where the sites stand, and who gains most."""
    if not summary["sites"]:
        return None
    names = list(dict.fromkeys(name(one["district"]) for one in summary["sites"]))
    known = [one for one in summary["districts"].values() if one["change_min"] is not None]
    most = min(known, key=lambda one: one["change_min"])
    ends = {"before": most["minutes_before"], "after": most["minutes_after"]}

    def say(language: str) -> str:
        return _say(
            "where.text",
            language,
            districts=listing(names, language=language, most=_LISTED),
            most=name(most["name"]),
            **{key: _min(one, language) for key, one in ends.items()},
        )

    return finding("where", ends, say)


def _groups(summary: Summary) -> Finding | None:
    """Say which groups of people gain most and least."""
    known = {key: one for key, one in summary["groups"].items() if one["change_min"] is not None}
    if len(known) < 2:  # noqa: PLR2004 - to compare
        return None
    most = min(known, key=lambda key: known[key]["change_min"])
    least = max(known, key=lambda key: known[key]["change_min"])
    numbers = {"most_saved": -known[most]["change_min"], "least_saved": -known[least]["change_min"]}
    if numbers["most_saved"] - numbers["least_saved"] <= _SAME:
        return None

    def label(key: str, language: str) -> str:
        said = messages(language).get(f"group.{key}")
        return key if said is None else said[:1].lower() + said[1:]

    def say(language: str) -> str:
        return _say(
            "groups.text",
            language,
            most=label(most, language),
            least=label(least, language),
            **{key: _min(one, language) for key, one in numbers.items()},
        )

    return finding("groups", numbers, say)


def _proof(summary: Summary) -> Finding:
    """Say how far from the best the sites can be."""
    result, candidates = summary["result"], summary["asked"]["candidates"]
    numbers = {"candidates": candidates, **{k: result[k] for k in ("value", "bound", "off_share")}}

    def say(language: str) -> str:
        written = number(candidates, language=language, decimals=0)
        if result["exact"]:
            return _say("proof.exact", language, candidates=written)
        bound = _value(summary, result["bound"], language)
        if summary["asked"]["objective"] == "gap" and result["off_share"] > _LOOSE:
            return _say("proof.loose", language, candidates=written, bound=bound)
        return _say(
            "proof.bound",
            language,
            candidates=written,
            bound=bound,
            value=_value(summary, result["value"], language),
            off=percent(result["off_share"], language=language),
        )

    return finding("proof", numbers, say)


def _doubt(summary: Summary) -> Finding | None:
    """Say who is counted with a lower bound, or not at all."""
    people = summary["people"]
    keys = [key for key in ("unreached", "limited") if people[key] >= 1]
    if not keys:
        return None

    def say(language: str) -> str:
        at = _min(people["limit_min"], language)
        return " ".join(
            _say(
                f"doubt.{key}",
                language,
                people=number(people[key], language=language, decimals=0),
                **({"limit": at} if key == "limited" else {}),
            )
            for key in keys
        )

    return finding("doubt", {key: people[key] for key in keys}, say)
