"""What a mode of transport is worth."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from geoequity.findings._facts import Facts, Finding, Teller, figure, finding, plain
from geoequity.locale import name, percent, text

NOTABLE_LOSS = 0.005  # of what there is to reach: half a point

_SIDES = ("with", "without")


def _without(facts: Facts) -> Finding | None:
    """Tell what is worth most of the modes that the city asks about."""
    modes = facts.at("transit", "without") or {}
    known = {
        mode: (figure(one["with"]) or 0.0) - (figure(one["without"]) or 0.0)
        for mode, one in modes.items()
        if figure(one["with"]) is not None
    }
    if not known:
        return None
    mode = max(known, key=lambda one: known[one])
    told = modes[mode]
    lost = losses(told)
    numbers = {side: figure(told[side]) for side in _SIDES}
    if lost:
        worst = told["districts"][lost[0]]
        numbers |= {f"worst_{side}": figure(worst[side]) for side in _SIDES}

    def say(language: str) -> str:
        names = facts.districts["name"]
        return say_without(told, mode=mode, names=names, language=language)

    return finding("without", plain(numbers), say)


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
        before, after = (figure(one[side]) for side in _SIDES)
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
        **{key: percent(figure(value), language=language) for key, value in numbers.items()},
    )


TELLERS: dict[str, Teller] = {"without": _without}
