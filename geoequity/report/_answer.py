"""The question of the city answered with its own numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from geoequity import inequality
from geoequity.indicators import catalogue_table, read_catalogue
from geoequity.report._gap import verdict
from geoequity.report._people import by_district, served
from geoequity.report._readings import Ends, between, sampling
from geoequity.report._words import (
    Words,
    amount,
    at,
    district_names,
    figure,
    indicator_name,
    indicator_names,
)
from geoequity.schema import PILLARS, TYPES
from geoequity.study import Study

WORST = 0.25  # of people: who is called behind on an indicator
NEXT_TO_NOTHING = 0.05  # of the city's mean, under which no multiple of a tenth is told
_NAMED = 8
_DRIVERS = 3


def answer(study: Study, words: Words) -> dict[str, Any] | None:
    """
    Answer the question that the city asks.

    Parameters
    ----------
    study
        What was found in a city.
    words
        The reader's language.

    Returns
    -------
    answer
        The ``question``; sentences under ``said``; ``rows``, each with a ``name``,
        what is ``said`` of it and the ``reasons`` for which it is unknown, if it
        is: the indicators that the question names or, where it names none, the
        types of district. None where the city asks nothing.
    """
    city = study.summary["city"]
    question = words.own(city.get("question"))
    if not question:
        return None
    asked = [str(one) for one in city.get("question_indicators") or ()]
    if asked:
        said = _behind(study, [one for one in asked if one in study.indicators.columns], words)
        rows = [_indicator(study, one, words) for one in asked]
    else:
        said, rows = _whole(study, words), _types(study, words)
    return {"question": question, "said": said, "rows": rows}


def _behind(study: Study, asked: Sequence[str], words: Words) -> list[str]:
    """Name the districts that are behind on most of what the question is about."""
    worst = {one: tail for one in asked if (tail := _tail(study, one)) is not None}
    if len(worst) < 2:  # noqa: PLR2004  one indicator says it alone
        return []
    count = pd.DataFrame(worst).sum(axis=1)
    least = len(worst) // 2 + 1
    count = count[count >= least].sort_index().sort_values(ascending=False, kind="stable")
    if count.empty:
        return [words.text("report.answer.spread", all=len(worst))]
    told = [
        words.text(
            "report.answer.of",
            district=district_names(study)[unit],
            some=int(times),
            all=len(worst),
        )
        for unit, times in count.items()
    ]
    people = study.districts["population"]
    return [
        words.text(
            "report.answer.behind",
            least=least,
            all=len(worst),
            districts=words.listing(told, most=_NAMED),
            people=words.percent(people[count.index].sum() / people.sum()),
        )
    ]


def _tail(study: Study, indicator: str) -> pd.Series | None:
    """Tell which districts are in the worst quarter of people, and worse than the middle."""
    value, people = by_district(study, indicator)
    if value.empty:
        return None
    sign = -1.0 if study.catalogue.loc[indicator, "better"] == "lower" else 1.0
    edge, middle = (inequality.quantile(sign * value, population=people, q=q) for q in (WORST, 0.5))
    tail = (sign * value <= edge) & (sign * value < middle)
    return tail.reindex(study.districts.index, fill_value=False)


def _indicator(study: Study, indicator: str, words: Words) -> dict[str, Any]:
    """Tell of an indicator: the city, its ends, how unequal, for whom and where."""
    told = at(study.summary, "indicators", indicator)
    if told is None:
        known = catalogue_table(read_catalogue())
        return {
            "name": (words.label(known.loc[indicator]) if indicator in known.index else "")
            or indicator,
            "said": [],
            "reasons": words.reasons(at(study.summary, "absent", indicator)),
            "unknown": words.text("report.answer.unknown"),
        }
    lost = figure(told.get("mean")) is None
    said = [
        _ends(study, indicator, told, words),
        "" if lost else _tenths(study, indicator, told, words),
        "" if lost else _unequal(study, indicator, told, words),
        _lean(study, indicator, told, words),
        _parts(study, indicator, words),
    ]
    return {
        "name": indicator_name(study, indicator, words),
        "said": [one for one in said if one],
        "reasons": words.reasons(told.get("reasons")) if lost else [],
        "unknown": words.text("report.answer.no_mean") if lost else "",
    }


def _ends(study: Study, indicator: str, told: Mapping[str, Any], words: Words) -> str:
    """Tell the mean of the city, and its worst and its best district."""
    values, ends_of = study.indicators[indicator], sampling(study)
    ends = [told.get("max_district"), told.get("min_district")]
    if study.catalogue.loc[indicator, "better"] == "higher":
        ends.reverse()
    lost, mean = figure(told.get("mean")) is None, amount(study, indicator, told.get("mean"), words)
    if None in ends or values[ends[0]] == values[ends[1]]:
        return "" if lost else words.text("report.answer.mean", mean=mean)

    def district(unit: str) -> tuple[str, str]:
        """Name a district, and write what it has with its sampling interval."""
        value = amount(study, indicator, values[unit], words)
        sampled: Ends | None = ends_of.get((unit, indicator))
        doubt = between(sampled, lambda end: amount(study, indicator, end, words), words)
        return district_names(study)[unit], f"{value} ({doubt})" if doubt else value

    (worst_in, worst), (best_in, best) = (district(str(unit)) for unit in ends)
    return words.text(
        "report.answer.ends" if lost else "report.answer.mean_ends",
        mean=mean,
        worst=worst,
        worst_district=worst_in,
        best=best,
        best_district=best_in,
    )


def _tenths(study: Study, indicator: str, told: Mapping[str, Any], words: Words) -> str:
    """Tell what the worst- and the best-served tenth have."""
    tenths = served(study, indicator)
    if tenths.best == tenths.worst:
        return ""
    said = {
        "base": words.text(f"base.{study.catalogue.loc[indicator, 'base']}"),
        "worst": amount(study, indicator, tenths.worst, words),
        "best": amount(study, indicator, tenths.best, words),
    }
    ratio, mean = (figure(told.get(one)) for one in ("ratio", "mean"))
    # Of next to nothing anything is many times as much
    if not ratio or min(tenths.worst, tenths.best) < NEXT_TO_NOTHING * (mean or 0.0):
        return words.text("report.answer.tenths", **said)
    times = words.number(max(ratio, 1 / ratio))
    return words.text("report.answer.tenths_ratio", **said, ratio=times)


def _unequal(study: Study, indicator: str, told: Mapping[str, Any], words: Words) -> str:
    """Tell the Gini coefficient or, of a share, the absolute one."""
    gini, absolute = told.get("gini"), figure(told.get("absolute_gini"))
    if gini is not None and figure(gini["value"]) is not None:
        ends = at(gini, "sampling")
        doubt = between(
            (ends["low"], ends["high"]) if ends else None, lambda end: words.number(end, 2), words
        )
        value = words.number(gini["value"], 2)
        return words.text("report.answer.gini", gini=f"{value} ({doubt})" if doubt else value)
    entry = study.catalogue.loc[indicator]
    if absolute is None or entry["unit"] != "share":
        return ""
    points = words.text("report.indicators.percentage_points", number=words.score(100 * absolute))
    return words.text(
        "report.answer.absolute", absolute=points, base=words.text(f"base.{entry['base']}")
    )


def _lean(study: Study, indicator: str, told: Mapping[str, Any], words: Words) -> str:
    """Tell who has more of it, going by the first stratifier."""
    ranks = study.catalogue.index[study.catalogue["role"] == "stratifier"]
    lean = figure(told.get("concentration"))
    if not len(ranks) or lean is None or ranks[0] == indicator:
        return ""
    return words.text(
        "report.answer.lean",
        stratifier=words.label(study.catalogue.loc[ranks[0]]),
        verdict=words.text(f"report.leaning.{verdict(study, indicator, lean)}"),
        index=words.number(lean, 2),
    )


def _parts(study: Study, indicator: str, words: Words) -> str:
    """Set the parts of the city beside each other."""
    told = at(study.summary, "divide", "parts") or {}
    said = [
        words.text(
            "report.answer.part",
            part=words.own(one["label"]) or key,
            value=amount(study, indicator, one["indicators"].get(indicator), words),
        )
        for key, one in told.items()
    ]
    return words.text("report.answer.parts", parts="; ".join(said)) if said else ""


def _whole(study: Study, words: Words) -> list[str]:
    """Answer by the index: its gap and what makes it."""
    summary = study.summary
    gap, basis = figure(at(summary, "index", "gap", "points")), at(summary, "types", "basis")
    if gap is None:
        return [words.text("report.answer.nothing")]
    if basis == "no_material_gap":
        measure, points = words.text("finding.index"), words.score(gap)
        return [words.text("finding.gap.even_plain", measure=measure, gap_points=points)]
    said = [words.text("report.gap.total", gap=words.score(gap))]
    pillars = {one["id"]: one["points"] for one in at(summary, "index", "pillar_drivers") or ()}
    if set(pillars) == set(PILLARS):
        both = {one: words.score(points) for one, points in pillars.items()}
        said.append(words.text("finding.drivers.pillars", **both))
    labels = indicator_names(study, words)
    drivers = [
        words.text(
            "finding.driver",
            label=labels[one["id"]],
            points=words.score(one["points"]),
        )
        for one in (at(summary, "index", "drivers") or ())[:_DRIVERS]
        if one["id"] in labels
    ]
    if drivers:
        said.append(words.text("report.answer.drivers", drivers="; ".join(drivers)))
    return said


def _types(study: Study, words: Words) -> list[dict[str, Any]]:
    """Answer by the types of district: for whom, and for whom not."""
    items = []
    for kind in (*TYPES, "uncertain"):
        told = at(study.summary, "types", kind) or {}
        share = figure(told.get("population_share"))
        if not told.get("districts") or share is None:
            continue
        names = sorted(district_names(study)[unit] for unit in told["districts"])
        said = words.text(
            "report.answer.type",
            means=words.text(f"type_means.{kind}").capitalize(),
            people=words.percent(share),
            districts=words.listing(names, most=_NAMED),
        )
        title = words.text(f"type.{kind}").capitalize()
        items.append({"name": title, "said": [said], "reasons": [], "unknown": ""})
    return items
