"""The tables of the report, put in words: indicators, doubts, sources, settings."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import pandas as pd

from geoequity.indicators import WAYS, catalogue_table, read_catalogue, references
from geoequity.locale import date, messages, name, unit_name
from geoequity.report._readings import Ends, between, sampling
from geoequity.report._words import Words, at, figure, interval, limits
from geoequity.schema import AREAS, PILLARS
from geoequity.study import Study

SEEDS = frozenset({"seed"})  # whole numbers that are names, not amounts
HASH_DIGITS = 12
THREE_DIGITS = 100.0
STEPS = ("walk", "score", "index", "weights", "types", "gap", "inequality", "people")
GOALPOSTS = "goalposts of the catalogue"
WEB = ("https://", "http://")


def indicator_groups(study: Study, words: Words) -> list[dict[str, Any]]:
    """
    Put the indicators in words, pillar by pillar and area by area.

    Parameters
    ----------
    study
        What was found in a city.
    words
        The reader's language.

    Returns
    -------
    groups
        Each with its ``name`` and its ``rows``, in the order of the catalogue;
        stratifiers and validators in groups of their own.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    ends = sampling(study)
    for identifier, entry in study.catalogue.iterrows():
        if entry["role"] == "indicator":
            pillar, area = str(entry["pillar"]), str(entry["area"])
            said = f"{words.text(f'pillar.{pillar}').capitalize()} · {words.text(f'area.{area}')}"
        else:
            said = words.text(f"report.indicators.{entry['role']}")
        groups.setdefault(said, []).append(
            _indicator_row(str(identifier), entry, study, ends, words)
        )
    return [{"name": name, "rows": rows} for name, rows in groups.items()]


def _indicator_row(
    identifier: str,
    entry: pd.Series,
    study: Study,
    ends_of: Mapping[tuple[str, str], Ends],
    words: Words,
) -> dict[str, Any]:
    """Put one indicator in words."""
    told = at(study.summary, "indicators", identifier) or {}
    unit, base = str(entry["unit"]), str(entry["base"])
    values = study.indicators[identifier]
    decimals = None if unit == "share" else _decimals(values)

    def said(value: Any) -> str:
        """Write a value; its unit has a column of its own."""
        written = words.number(value, decimals)
        return words.percent(value) if unit == "share" else written

    def district(unit_id: Any) -> str:
        """Name a district and what it has."""
        if unit_id is None:
            return words.unknown
        value = f"{name(study.districts.loc[unit_id, 'name'])}: {said(values[unit_id])}"
        ends = ends_of.get((str(unit_id), identifier))
        return f"{value} ({between(ends, said, words)})" if ends else value

    ends = (told.get("min_district"), told.get("max_district"))
    best, worst = ends if entry["better"] == "lower" else ends[::-1]
    gini, absolute = interval(told.get("gini"))[0], figure(told.get("absolute_gini"))
    total, apart = (figure(at(told, "theil", part)) for part in ("total", "between"))

    def of_gini(value: float) -> str:
        """Write a Gini."""
        return words.number(value, 2)

    def of_absolute(value: float) -> str:
        """Write an absolute Gini, in the unit of the indicator; points for shares."""
        if unit != "share":
            return words.number(value, decimals)
        return words.text(
            "report.indicators.percentage_points", number=words.number(100 * value, 1)
        )

    return {
        "name": words.label(entry) or identifier,
        "means": words.label(entry, "description"),
        # The base says who is counted, which for shares of streets or stops is not what is shared.
        "unit": unit_name(unit, language=words.language, base=base if base != "persons" else None),
        "mean": said(told.get("mean")),
        "worst": district(worst),
        "best": district(best),
        "gini": "" if gini is None else of_gini(gini),
        "gini_between": between(limits(told, "gini", "sampling"), of_gini, words),
        "absolute": "" if absolute is None else of_absolute(absolute),
        "absolute_between": between(limits(told, "sampling", "absolute_gini"), of_absolute, words),
        "between": words.percent(apart / total) if total and apart is not None else "",
        "coverage": words.percent(told.get("coverage")),
        "confidence": words.confidence(told.get("confidence")),
        "reasons": words.reasons(told.get("reasons")),
    }


def _decimals(values: pd.Series) -> int:
    """Choose one number of decimals for all values of an indicator."""
    size = values.abs().median()
    return 0 if size >= THREE_DIGITS else 1 if size >= 1 else 2


def absent(study: Study, words: Words) -> list[dict[str, Any]]:
    """
    Name what could not be computed, and why.

    Parameters
    ----------
    study
        What was found in a city.
    words
        The reader's language.

    Returns
    -------
    absent
        Each with its ``name`` and its ``reasons``.
    """
    known = catalogue_table(read_catalogue())
    return [
        {
            "name": (words.label(known.loc[one]) if one in known.index else "") or str(one),
            "reasons": words.reasons(reason),
        }
        for one, reason in (study.summary.get("absent") or {}).items()
    ]


def seen(study: Study, words: Words) -> dict[str, Any] | None:
    """
    Say how much could be seen of what IMD asks residents.

    Parameters
    ----------
    study
        What was found in a city.
    words
        The reader's language.

    Returns
    -------
    seen
        ``said``, one sentence; ``rows``, an area each, with a cell for each
        pillar: how many items of how many, and how. None in a study that does
        not count them.
    """
    told = study.summary.get("seen")
    if not told:
        return None
    cells = [told[pillar][area] for pillar in PILLARS for area in AREAS]
    some = sum(_in_sight(cell) for cell in cells)
    every = sum(cell["items"] for cell in cells)
    return {
        "said": words.text("report.seen.said", some=some, all=every),
        "rows": [
            {
                "name": words.text(f"area.{area}"),
                "cells": [_seen_cell(told[pillar][area], words) for pillar in PILLARS],
            }
            for area in AREAS
        ],
    }


def _in_sight(cell: Mapping[str, int]) -> int:
    """Count the items that are seen at all."""
    return cell["indicators"] + cell["survey"]


def _seen_cell(cell: Mapping[str, int], words: Words) -> dict[str, str]:
    """Say how many items of how many, and how; what is nothing is left out."""
    ways = [(way, cell[way]) for way in WAYS if cell[way]]
    return {
        "value": words.text("report.tile.of", some=_in_sight(cell), all=cell["items"]),
        "how": "; ".join(words.text(f"report.seen.{way}", number=count) for way, count in ways),
    }


def sure(
    study: Study,
    rows: Sequence[Mapping[str, Any]],
    groups: Sequence[Mapping[str, Any]],
    words: Words,
) -> dict[str, Any]:
    """
    Say how far the numbers can be trusted.

    Parameters
    ----------
    study
        What was found in a city.
    rows
        The districts in words.
    groups
        The indicators in words.
    words
        The reader's language.

    Returns
    -------
    sure
        Sentences under ``said``; ``indicators`` and ``districts`` to be read with
        care; ``warnings``.
    """
    method = study.summary.get("method") or {}
    widths = [row["high"] - row["low"] for row in rows if None not in (row["high"], row["low"])]
    said = []
    if widths:
        mean = sum(widths) / len(widths)
        said.append(words.text("report.sure.width", points=words.score(mean)))
    if method.get("draws") is not None and method.get("min_probability") is not None:
        doubtful = len(at(study.summary, "types", "uncertain", "districts") or ())
        said.append(
            words.text(
                "report.sure.types",
                draws=int(method["draws"]),
                share=words.percent(method["min_probability"]),
            )
        )
        if doubtful:
            said.append(words.text("report.sure.doubtful", count=doubtful, all=len(rows)))
    if method.get("streets") == "straight_line":
        said.append(words.text("report.sure.straight", factor=figure(method.get("detour_factor"))))
    elif method.get("streets"):
        said.append(words.text("report.sure.network"))
    if method.get("people") == "spread":
        said.append(words.text("report.sure.spread"))
    said += _mapped(study, words)
    years = method.get("reference_years") or {}
    if years.get("flagged"):
        ends = {one: str(years[one]) for one in ("oldest", "newest")}
        said.append(words.text("report.sure.years", **ends))
    population = study.summary.get("population") or {}
    covered, outside = figure(population.get("covered_share")), figure(population.get("outside"))
    if covered is not None:
        said.append(words.text("report.sure.covered", share=words.percent(covered)))
    if outside:
        said.append(words.text("report.sure.outside", count=round(outside)))
    return {
        "said": said,
        "indicators": [row for group in groups for row in group["rows"] if row["reasons"]],
        "districts": [row for row in rows if row["reasons"]],
        "warnings": words.reasons(study.summary.get("warnings")),
    }


def _mapped(study: Study, words: Words) -> list[str]:
    """Say whether the map of any district is thin."""
    mapping = study.summary.get("mapping") or {}
    if not mapping:
        return []
    if not mapping["known"]:
        told = words.reasons(mapping["reasons"])
        return [words.text("report.sure.unmapped", reason=one["text"]) for one in told]
    count, draws = len(mapping["thin"]), at(study.summary, "method", "draws")
    if not count:
        return [words.text("report.sure.mapped")]
    return [words.text("report.sure.thin", count=count, draws=words.number(draws, 0))]


def sources(provenance: Mapping[str, Any], words: Words) -> list[dict[str, Any]]:
    """
    Put every source in words.

    Parameters
    ----------
    provenance
        Where every number came from.
    words
        The reader's language.

    Returns
    -------
    sources
        Each with its provider, licence, year, and rows read, kept and dropped.
        An address that is not of the web is left out.
    """
    told = []
    for source in provenance.get("sources") or ():
        url = str(source.get("url") or "")
        told.append(
            {
                "name": source_name(str(source.get("name") or ""), words),
                "file": PurePath(str(source.get("path") or "")).name,
                "provider": str(source.get("provider") or words.unknown),
                "url": url if url.startswith(WEB) else "",
                "licence": str(source.get("licence") or words.unknown),
                "year": str(source.get("reference_year") or words.unknown),
                "retrieved": date(str(source.get("retrieved") or ""), language=words.language),
                "citation": str(source.get("citation") or ""),
                "hash": str(source.get("sha256") or "")[:HASH_DIGITS],
                "read": words.number(source.get("rows_read"), 0),
                "kept": words.number(source.get("rows_kept"), 0),
                "dropped": _dropped(source.get("dropped") or (), words),
            }
        )
    return told


def source_name(code: str, words: Words) -> str:
    """
    Name a source by what it brings: its category or mode, else its block of the city file.

    Parameters
    ----------
    code
        What it is in the city file, such as ``services.school``.
    words
        The reader's language.

    Returns
    -------
    name
        The code itself where there are no words for it.
    """
    block, _, rest = code.partition(".")
    kind = rest.partition(".")[0]
    keys = (f"map.category.{kind}", f"map.mode.{kind}", f"report.source.{block}")
    return next((words.text(key) for key in keys if words.has(key)), code or words.unknown)


def _dropped(dropped: Iterable[Mapping[str, Any]], words: Words) -> list[dict[str, str]]:
    """Say how many rows were left out, and why."""
    return [
        {"count": words.number(one.get("count"), 0), "reason": str(one.get("reason") or "")}
        for one in dropped
    ]


def software(study: Study, words: Words) -> str:
    """
    List the programs and their versions.

    Parameters
    ----------
    study
        What was found in a city.
    words
        The reader's language.

    Returns
    -------
    software
        One list.
    """
    versions = {**(study.summary.get("versions") or {}), **(study.provenance.get("software") or {})}
    return words.listing([f"{name} {version}" for name, version in sorted(versions.items())])


def method(study: Study, words: Words) -> dict[str, Any]:
    """
    Lay the settings and the goalposts open.

    Parameters
    ----------
    study
        What was found in a city.
    words
        The reader's language.

    Returns
    -------
    method
        ``steps``, ``moves`` (what moves the ranks, most first), ``parameters``,
        ``goalposts`` (none where scores are not by them) and ``references``.
    """
    settings = study.summary.get("method") or {}
    normalisation = str(settings.get("normalisation") or GOALPOSTS)
    parameters = []
    for key, value in settings.items():
        name = f"report.parameter.{key}"
        parameters.append(
            {
                "name": words.text(name) if words.has(name) else key,
                "value": _setting(key, value, words),
            }
        )
    cited = references()
    goalposts = [
        {
            "name": words.label(entry) or str(identifier),
            "worst": words.quantity(entry["worst"], str(entry["unit"])),
            "best": words.quantity(entry["best"], str(entry["unit"])),
        }
        for identifier, entry in study.catalogue.iterrows()
        if entry["role"] == "indicator" and normalisation == GOALPOSTS
    ]
    used = sorted(
        {
            one
            for citation in study.catalogue["citation"].dropna()
            for one in re.split(r"[;,]\s*", str(citation))
            if one in cited
        }
    )
    return {
        "steps": [
            {
                "title": words.text(f"report.method.{step}.title"),
                "text": _step(step, settings, words),
            }
            for step in STEPS
        ],
        "moves": _moves(at(study.summary, "index", "sensitivity") or {}, words),
        "parameters": parameters,
        "goalposts": goalposts,
        "references": [cited[one] for one in used],
    }


def _moves(sensitivity: Mapping[str, Any], words: Words) -> list[dict[str, str]]:
    """Say how much of the variation of ranks each choice makes, most first."""

    def said(one: Mapping[str, Any], order: str) -> str:
        share, error = figure(one.get(order)), figure(one.get(f"{order}_error"))
        if share is None or error is None:
            return words.unknown
        within = min(max(share, 0.0), 1.0)  # estimates may stray beyond what they estimate
        return words.text(
            "report.moves.share", share=words.percent(within), error=words.percent(error)
        )

    most_first = sorted(sensitivity.items(), key=lambda one: -(figure(one[1].get("total")) or 0.0))
    return [
        {
            "name": words.text(f"report.moves.{choice}"),
            "alone": said(one, "first"),
            "with_others": said(one, "total"),
        }
        for choice, one in most_first
    ]


def _step(step: str, settings: Mapping[str, Any], words: Words) -> str:
    """Explain a step of the method as it was taken."""
    normalisation = str(settings.get("normalisation") or GOALPOSTS)
    if step == "score" and normalisation != GOALPOSTS:
        how = _setting("normalisation", normalisation, words)
        return words.text("report.method.score.relative", how=how)
    said = words.text(f"report.method.{step}.text")
    for mean in ("geometric", "harmonic"):
        if step == "index" and mean in str(settings.get("aggregation") or ""):
            said = f"{said} {words.text(f'report.method.index.{mean}')}"
    return said


def _setting(key: str, value: Any, words: Words) -> str:
    """Write a setting of the method."""
    if key == "reference_years" and value:
        return words.years((value["oldest"], value["newest"]))
    if isinstance(value, Mapping):
        value = [f"{one}: {_setting(one, other, words)}" for one, other in value.items()]
    if isinstance(value, list | tuple):
        said = [_setting(key, one, words) for one in value]
        pair = len(said) == 2 and all(isinstance(one, float) for one in value)  # noqa: PLR2004 - low, high
        return words.text("format.range", low=said[0], high=said[1]) if pair else _dash(said)
    if isinstance(value, bool | str):
        known = "report.setting." + re.sub(r"\W+", "_", str(value))
        return words.text(known) if words.has(known) else str(value)
    if value is None or key in SEEDS:
        return _dash([] if value is None else [str(value)])
    return words.number(value, len(f"{value:.12g}".partition(".")[2]))


def _dash(said: Sequence[str]) -> str:
    """Join what there is; a dash where there is nothing."""
    return ", ".join(said) or "\N{EN DASH}"


def glossary(words: Words) -> list[tuple[str, str]]:
    """
    Explain the words that the report uses.

    Parameters
    ----------
    words
        The reader's language.

    Returns
    -------
    glossary
        Term and meaning, in the order of their keys.
    """
    keys = [key for key in messages(words.language) if key.startswith("report.glossary.term.")]
    return [(words.text(key), words.text(key.replace(".term.", ".means."))) for key in sorted(keys)]
