"""
What the report says, put in words before any markup.

Every number is written here, once, in the reader's language; the template only
lays it out. Unknown is the language's word for it, never an empty cell.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from geoequity import inequality
from geoequity.indicators import catalogue_table, read_catalogue, references
from geoequity.locale import (
    date,
    label,
    listing,
    messages,
    number,
    percent,
    quantity,
    text,
    unit_name,
)
from geoequity.palette import TYPE_COLOURS, TYPE_MARKS, UNKNOWN, ink_on
from geoequity.report import _charts, _shapes
from geoequity.schema import AREAS, PILLARS, TYPES
from geoequity.study import Study

HIGH, MEDIUM = 0.75, 0.5  # confidence from which it is called high, medium
MANY_DISTRICTS = 40  # named in one list at most
SEEDS = frozenset({"seed"})  # whole numbers that are names, not amounts
HASH_DIGITS = 12
NO_DOUBT = frozenset({"share_scale", "zero_scale", "no_material_gap"})  # facts said elsewhere
TENTHS = (0.1, 0.9)
WEB = ("https://", "http://")


class Words:
    """
    The catalogue of messages, bound to one language.

    Parameters
    ----------
    language
        One of ``geoequity.locale.LANGUAGES``.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self.unknown = messages(language)["unknown"]

    def has(self, key: str) -> bool:
        """Tell whether there is such a message."""
        return key in messages(self.language)

    def text(self, key: str, **values: object) -> str:
        """Say a message."""
        return text(key, language=self.language, **values)

    def number(self, value: Any, decimals: int | None = None) -> str:
        """Write a number."""
        return number(_known(value), language=self.language, decimals=decimals)

    def score(self, value: Any) -> str:
        """Write a score, to a tenth of a point."""
        return self.number(value, 1)

    def percent(self, share: Any, decimals: int | None = None) -> str:
        """Write a share as a percentage."""
        return percent(_known(share), language=self.language, decimals=decimals)

    def quantity(self, value: Any, unit: str) -> str:
        """Write a value with its unit."""
        return quantity(_known(value), unit=unit, language=self.language)

    def range(self, low: Any, high: Any, decimals: int | None = None) -> str:
        """Write a range; empty where either end is unknown."""
        if _known(low) is None or _known(high) is None:
            return ""
        ends = {"low": self.number(low, decimals), "high": self.number(high, decimals)}
        return self.text("format.range", **ends)

    def years(self, years: Sequence[str]) -> str:
        """Write the first and the last of some years."""
        first, last = years[0], years[-1]
        return first if first == last else self.text("format.range", low=first, high=last)

    def count(self, key: str, count: int) -> str:
        """Say how many; nothing where there is none."""
        return self.text(key, count=count) if count else ""

    def label(self, entry: Any, field: str = "label") -> str:
        """Read a text that a table gives per language."""
        return label(entry, language=self.language, field=field)

    def listing(self, words: Sequence[str], most: int | None = None) -> str:
        """Write words as one list."""
        return listing(words, language=self.language, most=most)


def content(study: Study, *, language: str) -> dict[str, Any]:
    """
    Put a study in words.

    Parameters
    ----------
    study
        What was found in a city.
    language
        One of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    content
        What the template shows, section by section: text already written in
        the language, and plain numbers for the pictures.

    Raises
    ------
    MessageError
        If there is no catalogue of that language.
    """
    words = Words(language)
    rows = _district_rows(study, words)
    return {
        "language": language,
        "words": words,
        "t": words.text,
        "title": _title(study, words),
        "tiles": _tiles(study, words),
        "findings": _findings(study, words),
        "maps": _maps(study, rows, words),
        "types": _types(study, words),
        "probability": words.percent(_at(study.summary, "method", "min_probability")),
        "skyline": _skyline(study, rows, words),
        "cloud": _cloud(study, rows, words),
        "districts": rows,
        "areas": [words.text(f"area.{area}") for area in AREAS],
        "indicators": _indicator_groups(study, words),
        "absent": _absent(study, words),
        "sure": _sure(study, rows, words),
        "sources": _sources(study.provenance, words),
        "software": _software(study, words),
        "method": _method(study, words),
        "glossary": _glossary(words),
    }


def _known(value: Any) -> float | None:
    """Take a number; None where it is none, unknown or no number at all."""
    if value is None or isinstance(value, str | bool | Mapping):
        return None
    return None if math.isnan(value) else float(value)


def _at(table: Any, *path: str) -> Any:
    """Look a value of nested tables up; None where any step is absent."""
    for step in path:
        table = table.get(step) if isinstance(table, Mapping) else None
    return table


def _interval(block: Any) -> tuple[float | None, float | None, float | None]:
    """Take a number and its range over choices of method apart."""
    if isinstance(block, Mapping):
        ends = (_known(_at(block, "method", end)) for end in ("low", "high"))
        return (_known(block.get("value")), *ends)  # type: ignore[return-value]  # two ends, always
    return _known(block), None, None


def _title(study: Study, words: Words) -> dict[str, Any]:
    """Tell what city this is, of when and under which licence."""
    city = study.summary["city"]
    years = sorted(
        {
            str(source["reference_year"])
            for source in study.provenance.get("sources", ())
            if source.get("reference_year")
        }
    )
    licences = city.get("licences") or [one for one in (city.get("licence"),) if one]
    version = str(_at(study.summary, "versions", "geoequity") or "")
    units = study.summary.get("units") or {}
    people = _known(_at(study.summary, "population", "total"))
    facts = [
        str(city.get("country") or ""),
        words.count("report.facts.districts", units.get("districts", len(study.districts))),
        words.count("report.facts.cells", units.get("cells", len(study.cells))),
        "" if people is None else words.count("report.facts.residents", round(people)),
        words.text("report.facts.data", years=words.years(years)) if years else "",
        words.text("report.facts.version", version=version) if version else "",
    ]
    rank = _known(city.get("imd_2025_rank"))
    if rank is not None:
        facts.append(words.text("report.facts.rank", rank=rank))
    return {
        "city": str(city["name"]),
        "fictitious": bool(city.get("fictitious")),
        "licence": words.listing([str(one) for one in licences]),
        "kicker": _said(city.get("title"), words) or words.text("question"),
        "question": _said(city.get("question"), words),
        "facts": " · ".join(fact for fact in facts if fact),
        "version": version,
    }


def _said(texts: Any, words: Words) -> str:
    """Take a text that a city file gives per language; English stands in for a missing one."""
    texts = texts or {}
    return str(texts.get(words.language) or texts.get("en") or "")


def _tiles(study: Study, words: Words) -> list[dict[str, str]]:
    """Choose the figures that stand at the top."""
    summary = study.summary
    neglected = _at(summary, "types", "neglected") or {}
    absent = summary.get("absent") or {}
    total = len(study.indicators.columns) + len(absent)
    gap = _known(_at(summary, "index", "gap", "points"))
    typed = _at(summary, "types", "basis") is not None
    tiles = [
        ("residents", words.number(_at(summary, "population", "total"), 0)),
        ("gap", words.score(gap)),
        ("neglected", words.percent(neglected.get("population_share") if typed else None)),
        ("indicators", words.text("report.tile.of", some=len(study.indicators.columns), all=total)),
    ]
    return [{"name": words.text(f"report.tile.{key}"), "value": value} for key, value in tiles]


def _findings(study: Study, words: Words) -> list[dict[str, str]]:
    """Give each finding its heading."""
    told = []
    for finding in study.summary.get("findings") or ():
        key = f"finding.{finding['id']}.title"
        told.append(
            {
                "title": words.text(key) if words.has(key) else "",
                "text": _said(finding["text"], words),
            }
        )
    return told


def _district_rows(study: Study, words: Words) -> list[dict[str, Any]]:
    """Put every district in words, the best served first."""
    told = study.summary["districts"]
    labels = {one: words.label(entry) or one for one, entry in study.catalogue.iterrows()}
    rows = []
    for unit in map(str, study.districts.index):
        one = told.get(unit, {})
        score, low, high = _interval(one.get("score"))
        rank, rank_low, rank_high = _interval(one.get("rank"))
        kind = one.get("type")
        rows.append(
            {
                "id": unit,
                "name": str(one.get("name") or study.districts.loc[unit, "name"]),
                "people": _known(one.get("population")),
                "population": words.number(one.get("population"), 0),
                "value": score,
                "low": low,
                "high": high,
                "score": words.score(score),
                "score_range": words.range(low, high, 1),
                "rank": words.number(rank),
                "rank_range": words.range(rank_low, rank_high),
                "pillars": {pillar: _known(one.get(pillar)) for pillar in PILLARS},
                "pillars_said": [words.score(one.get(pillar)) for pillar in PILLARS],
                "areas_said": [words.score(_at(one, "areas", area)) for area in AREAS],
                "type": kind,
                "type_said": _type_said(kind, one.get("type_probability") or {}, words),
                "confidence": _confidence(one.get("confidence"), words),
                "strengths": [labels.get(which, which) for which in one.get("strengths") or ()],
                "gaps": [labels.get(which, which) for which in one.get("gaps") or ()],
                "reasons": _reasons(one.get("reasons"), words),
            }
        )
    rows.sort(key=lambda row: (row["value"] is None, -(row["value"] or 0), row["name"]))
    return [{**row, "number": place} for place, row in enumerate(rows, start=1)]


def _type_said(kind: str | None, probability: Mapping[str, Any], words: Words) -> str:
    """Name a type and how often the draws agree; for a doubtful one, the likeliest."""
    if kind is None:
        return words.text("type.unknown")
    said = words.text(f"type.{kind}")
    known = {one: share for one, share in probability.items() if _known(share) is not None}
    likeliest = max(known, key=lambda one: known[one], default=None)
    if kind in known:
        return f"{said} ({words.percent(known[kind], 0)})"
    if kind == "uncertain" and likeliest is not None:
        share = words.percent(known[likeliest], 0)
        likely = words.text(f"type.{likeliest}")
        return words.text("report.districts.likeliest", type=said, likely=likely, share=share)
    return said


def _confidence(value: Any, words: Words) -> str:
    """Say how far a number can be trusted."""
    known = _known(value)
    if known is None:
        return words.unknown
    grade = "high" if known >= HIGH else "medium" if known >= MEDIUM else "low"
    return f"{words.text(f'confidence.{grade}')} ({words.number(known, 2)})"


def _maps(study: Study, rows: Sequence[Mapping[str, Any]], words: Words) -> dict[str, Any]:
    """Draw the types, the index and the pillars on one geometry."""
    drawn = _shapes.frame(study.districts)
    names = {row["id"]: row["name"] for row in rows}
    placed = _shapes.labels(drawn, names, {row["id"]: row["number"] for row in rows})
    scores = {"index": {row["id"]: row["value"] for row in rows}}
    scores |= {pillar: {row["id"]: row["pillars"][pillar] for row in rows} for pillar in PILLARS}
    return {
        "frame": drawn,
        "labels": placed,
        "names": names,
        "marks": {row["id"]: TYPE_MARKS.get(row["type"] or "") for row in rows},
        "inks": {row["id"]: ink_on(TYPE_COLOURS.get(row["type"] or "", UNKNOWN)) for row in rows},
        "key": [row for row in rows if placed[row["id"]].numbered],
        "types": _type_map(study, rows, words),
        "scores": [_score_map(key, values, names, words) for key, values in scores.items()],
        "bar": words.quantity(drawn.bar_km, "km"),
    }


def _type_map(study: Study, rows: Sequence[Mapping[str, Any]], words: Words) -> dict[str, Any]:
    """Colour the districts by type."""
    counts = Counter(row["type"] or "unknown" for row in rows)
    said = [f"{words.text(f'type.{kind}')}: {counts[kind]}" for kind in (*TYPE_COLOURS, "unknown")]
    return {
        "stated": _at(study.summary, "types", "basis") == "absolute"
        or any(r["type"] for r in rows),
        "even": _at(study.summary, "types", "basis") == "no_material_gap",
        "described": words.text(
            "report.where.types_alt",
            count=len(rows),
            items="; ".join(s for s in said if s[-2:] != " 0"),
        ),
        "unknown": counts["unknown"] > 0,
        "fills": {
            row["id"]: (TYPE_COLOURS.get(row["type"] or ""), row["type_said"]) for row in rows
        },
    }


def _score_map(
    key: str, values: Mapping[str, float | None], names: Mapping[str, str], words: Words
) -> dict[str, Any]:
    """Colour the districts by a score."""
    known = {unit: value for unit, value in values.items() if value is not None}
    among = _shapes.classes(list(known.values()))
    name = words.text(f"report.where.{key}")
    described = words.text("report.where.score_none", name=name)
    if known:
        worst, best = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
        described = words.text(
            "report.where.score_alt",
            name=name,
            worst=names[worst],
            low=words.score(known[worst]),
            best=names[best],
            high=words.score(known[best]),
        )
    return {
        "key": key,
        "name": name,
        "known": bool(known),
        "described": described,
        "unknown": len(known) < len(values),
        "classes": [
            {"colour": one.colour, "said": words.range(one.low, one.high)} for one in among
        ],
        "fills": {
            unit: (
                _shapes.fill(math.nan if value is None else value, among),
                words.score(value),
                "" if value is None else words.number(value, 0),
            )
            for unit, value in values.items()
        },
    }


def _types(study: Study, words: Words) -> list[dict[str, Any]]:
    """Tell how many districts and residents each type has."""
    told = study.summary.get("types") or {}
    found = []
    for kind, colour in TYPE_COLOURS.items():
        block = told.get(kind) or {}
        units = [str(unit) for unit in block.get("districts") or ()]
        names = sorted(str(study.districts.loc[unit, "name"]) for unit in units)
        found.append(
            {
                "type": kind,
                "name": words.text(f"type.{kind}"),
                "means": words.text(f"type_means.{kind}"),
                "colour": colour,
                "ink": ink_on(colour),
                "mark": TYPE_MARKS[kind],
                "share": _known(block.get("population_share")) if units else 0.0,
                "share_said": words.percent(block.get("population_share") if units else 0.0),
                "count": len(units),
                "names": words.listing(names, MANY_DISTRICTS) if names else "",
            }
        )
    return found


def _skyline(
    study: Study, rows: Sequence[Mapping[str, Any]], words: Words
) -> dict[str, Any] | None:
    """Stand residents side by side by the index of their district."""
    known = [row for row in rows if row["value"] is not None and row["people"]]
    gap = _known(_at(study.summary, "index", "gap", "points"))
    if not known or gap is None:
        return None
    everyone = sum(row["people"] for row in known)
    columns = [
        {
            "name": row["name"],
            "type": row["type"],
            "score": row["value"],
            "share": row["people"] / everyone,
            "said": words.text(
                "report.who.column",
                district=row["name"],
                score=row["score"],
                share=words.percent(row["people"] / everyone),
            ),
        }
        for row in reversed(known)
    ]
    score = pd.Series([row["value"] for row in known])
    people = pd.Series([row["people"] for row in known])
    low, high = (inequality.quantile(score, population=people, q=tenth) for tenth in TENTHS)
    said = {"low": words.score(low), "high": words.score(high), "gap": words.score(gap)}
    return {
        **_charts.skyline(columns),
        "described": words.text("report.who.skyline_alt", **said),
        **said,
    }


def _cloud(study: Study, rows: Sequence[Mapping[str, Any]], words: Words) -> dict[str, Any] | None:
    """Place the districts by their two pillars, the ones to name first coming first."""
    threshold = _known(_at(study.summary, "method", "threshold"))
    known = [row for row in rows if None not in row["pillars"].values()]
    if not known or threshold is None:
        return None
    order = {"neglected": 0, "showcase": 1, "analogue": 2, "integrated": 3}
    dots = [
        {
            "name": row["name"],
            "type": row["type"],
            "mark": TYPE_MARKS.get(row["type"] or ""),
            "population": math.nan if row["people"] is None else row["people"],
            **row["pillars"],
            "said": words.text(
                "report.who.dot",
                district=row["name"],
                structures=words.score(row["pillars"]["structures"]),
                technologies=words.score(row["pillars"]["technologies"]),
            ),
        }
        for row in sorted(known, key=lambda row: (order.get(row["type"], 4), -(row["people"] or 0)))
    ]
    return {
        **_charts.cloud(dots, threshold=threshold),
        "threshold_said": words.number(threshold),
        "corners": {kind: words.text(f"type.{kind}") for kind in TYPES},
        "sized": any(row["people"] for row in known),
        "described": words.text("report.who.cloud_alt", threshold=threshold),
    }


def _indicator_groups(study: Study, words: Words) -> list[dict[str, Any]]:
    """Put the indicators in words, pillar by pillar and area by area."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for identifier, entry in study.catalogue.iterrows():
        if entry["role"] == "indicator":
            pillar, area = str(entry["pillar"]), str(entry["area"])
            said = f"{words.text(f'pillar.{pillar}').capitalize()} · {words.text(f'area.{area}')}"
        else:
            said = words.text(f"report.indicators.{entry['role']}")
        groups.setdefault(said, []).append(_indicator_row(str(identifier), entry, study, words))
    return [{"name": name, "rows": rows} for name, rows in groups.items()]


def _indicator_row(identifier: str, entry: pd.Series, study: Study, words: Words) -> dict[str, Any]:
    """Put one indicator in words."""
    told = _at(study.summary, "indicators", identifier) or {}
    unit, base = str(entry["unit"]), str(entry["base"])
    lower = entry["better"] == "lower"
    ends = {"worst": told.get("max_district"), "best": told.get("min_district")}
    ends = ends if lower else {"worst": ends["best"], "best": ends["worst"]}
    gini = _interval(told.get("gini"))[0]
    total, between = (_known(_at(told, "theil", part)) for part in ("total", "between"))
    absolute = _known(told.get("absolute_gini"))
    return {
        "name": words.label(entry) or identifier,
        "means": words.label(entry, "description"),
        "unit": unit_name(unit, language=words.language, base=base),
        "mean": words.quantity(told.get("mean"), unit),
        **{
            side: _district_value(str(district), identifier, unit, study, words)
            if district is not None
            else words.unknown
            for side, district in ends.items()
        },
        "gini": words.number(gini, 2) if gini is not None else "",
        "absolute": _spread(absolute, unit, words),
        "between": words.percent(between / total) if total and between is not None else "",
        "coverage": words.percent(told.get("coverage")),
        "confidence": _confidence(told.get("confidence"), words),
        "reasons": _reasons(told.get("reasons"), words),
    }


def _district_value(district: str, identifier: str, unit: str, study: Study, words: Words) -> str:
    """Name a district and what it has."""
    value = study.indicators.loc[district, identifier]
    return f"{study.districts.loc[district, 'name']}: {words.quantity(value, unit)}"


def _spread(value: float | None, unit: str, words: Words) -> str:
    """Write a distance in an indicator's own unit; between shares, in percentage points."""
    if value is None:
        return ""
    if unit == "share":
        return words.text(
            "report.indicators.percentage_points", number=words.number(100 * value, 1)
        )
    return words.quantity(value, unit)


def _reasons(told: Any, words: Words) -> list[dict[str, str]]:
    """Say reasons in the reader's language, and in which language each is said."""
    if told is None:
        return []
    if isinstance(told, str):
        return [{"text": told, "language": "en"}]
    if isinstance(told, Mapping):
        if told.get("id") in NO_DOUBT:
            return []
        said = told.get("text", told)
        known = next((one for one in (words.language, "en") if one in said), None)
        return [] if known is None else [{"text": str(said[known]), "language": known}]
    return [reason for one in told for reason in _reasons(one, words)]


def _absent(study: Study, words: Words) -> list[dict[str, Any]]:
    """Name what could not be computed, and why."""
    known = catalogue_table(read_catalogue())
    return [
        {
            "name": (words.label(known.loc[one]) if one in known.index else "") or str(one),
            "reasons": _reasons(reason, words),
        }
        for one, reason in (study.summary.get("absent") or {}).items()
    ]


def _sure(study: Study, rows: Sequence[Mapping[str, Any]], words: Words) -> dict[str, Any]:
    """Say how far the numbers can be trusted."""
    method = study.summary.get("method") or {}
    widths = [row["high"] - row["low"] for row in rows if None not in (row["high"], row["low"])]
    said = []
    if widths:
        mean = sum(widths) / len(widths)
        said.append(words.text("report.sure.width", points=words.score(mean)))
    if method.get("draws") is not None and method.get("min_probability") is not None:
        doubtful = len(_at(study.summary, "types", "uncertain", "districts") or ())
        said.append(
            words.text(
                "report.sure.types",
                draws=int(method["draws"]),
                share=words.percent(method["min_probability"]),
            )
        )
        said.append(words.text("report.sure.doubtful", count=doubtful, all=len(rows)))
    if method.get("streets") == "straight_line":
        said.append(words.text("report.sure.straight", factor=_known(method.get("detour_factor"))))
    elif method.get("streets"):
        said.append(words.text("report.sure.network"))
    population = study.summary.get("population") or {}
    covered, outside = _known(population.get("covered_share")), _known(population.get("outside"))
    if covered is not None:
        said.append(words.text("report.sure.covered", share=words.percent(covered)))
    if outside is not None:
        said.append(words.text("report.sure.outside", count=round(outside)))
    return {
        "said": said,
        "indicators": [
            row
            for group in _indicator_groups(study, words)
            for row in group["rows"]
            if row["reasons"]
        ],
        "districts": [row for row in rows if row["reasons"]],
        "warnings": _reasons(study.summary.get("warnings"), words),
    }


def _sources(provenance: Mapping[str, Any], words: Words) -> list[dict[str, Any]]:
    """Put every source in words."""
    told = []
    for source in provenance.get("sources") or ():
        url = str(source.get("url") or "")
        told.append(
            {
                "name": str(source.get("name") or source.get("path") or words.unknown),
                "kind": str(source.get("kind") or ""),
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


def _dropped(dropped: Iterable[Mapping[str, Any]], words: Words) -> list[dict[str, str]]:
    """Say how many rows were left out, and why."""
    return [
        {"count": words.number(one.get("count"), 0), "reason": str(one.get("reason") or "")}
        for one in dropped
    ]


def _software(study: Study, words: Words) -> str:
    """List the programs and their versions."""
    versions = {**(study.summary.get("versions") or {}), **(study.provenance.get("software") or {})}
    return words.listing([f"{name} {version}" for name, version in sorted(versions.items())])


def _method(study: Study, words: Words) -> dict[str, Any]:
    """Lay the settings and the goalposts open."""
    parameters = []
    for key, value in (study.summary.get("method") or {}).items():
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
        if entry["role"] == "indicator"
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
        "parameters": parameters,
        "goalposts": goalposts,
        "references": [cited[one] for one in used],
    }


def _setting(key: str, value: Any, words: Words) -> str:
    """Write a setting of the method."""
    if value is None or value == {}:
        return "\N{EN DASH}"
    if isinstance(value, str):
        key = "report.setting." + re.sub(r"\W+", "_", value)
        return words.text(key) if words.has(key) else value
    if isinstance(value, Mapping):
        return ", ".join(f"{one}: {_setting(one, other, words)}" for one, other in value.items())
    if isinstance(value, list | tuple):
        ends = [_setting(key, one, words) for one in value]
        pair = len(ends) == 2 and not any(isinstance(one, str) for one in value)  # noqa: PLR2004
        return words.text("format.range", low=ends[0], high=ends[1]) if pair else ", ".join(ends)
    if isinstance(value, bool):
        return words.text(f"report.setting.{'yes' if value else 'no'}")
    return str(value) if key in SEEDS else words.number(value)


def _glossary(words: Words) -> list[tuple[str, str]]:
    """Explain the words that the report uses."""
    keys = [key for key in messages(words.language) if key.startswith("report.glossary.term.")]
    return [(words.text(key), words.text(key.replace(".term.", ".means."))) for key in sorted(keys)]
