"""
What the report says, put in words before any markup.

Every number is written here, once, in the reader's language; the template only
lays it out. Unknown is the language's word for it, never an empty cell.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from geoequity import inequality
from geoequity.locale import name
from geoequity.palette import TYPE_COLOURS, TYPE_MARKS, UNKNOWN, ink_on
from geoequity.report import (
    _answer,
    _borders,
    _charts,
    _decoration,
    _gap,
    _lorenz,
    _neighbours,
    _on_foot,
    _on_wheels,
    _profiles,
    _readings,
    _shapes,
    _tables,
    _together,
    _truths,
)
from geoequity.report._words import Words, at, figure, indicator_names, interval
from geoequity.schema import AREAS, PILLARS, TYPES
from geoequity.study import Study
from geoequity.summary import scenario_banner

MANY_DISTRICTS = 40  # named in one list at most
NOWHERE = "XX"  # the code that ISO 3166 leaves to users
TENTHS = (0.1, 0.9)


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
    groups = _tables.indicator_groups(study, words)
    maps = _maps(study, rows, words)
    return {
        "language": language,
        "words": words,
        "t": words.text,
        "title": _title(study, words),
        "answer": _answer.answer(study, words),
        "tiles": _tiles(study, words),
        "findings": _findings(study, words),
        "maps": maps,
        "neighbours": _neighbours.neighbours(study, rows, maps, words),
        "types": _types(study, words),
        "probability": words.percent(at(study.summary, "method", "min_probability")),
        "skyline": _skyline(study, rows, words),
        "cloud": _cloud(study, rows, words),
        "lorenz": _lorenz.curves(study, words),
        "ranking": _ranking(rows, words),
        "profiles": _profiles.profiles(study, rows, words),
        "gap": _gap.gap(study, words),
        "divide": _gap.divide(study, words),
        "leaning": _gap.leaning(study, words),
        "districts": rows,
        "decoration": _decoration.decoration(study, rows, words),
        "areas": [words.text(f"area.{area}") for area in AREAS],
        "sampled": bool(_readings.sampling(study)),
        "opinions": _readings.opinions(study, rows, words),
        "online": _readings.online(study, rows, words),
        "groups": _readings.groups(study, words),
        "foot": _on_foot.walks(study, words),
        "wheels": _on_wheels.rides(study, words),
        "borders": _borders.borders(study, words),
        "exposed": _readings.exposed(study, words),
        "truths": _truths.truths(study, words),
        "indicators": groups,
        "absent": _tables.absent(study, words),
        "seen": _tables.seen(study, words),
        "sure": _tables.sure(study, rows, groups, words),
        "together": _together.together(study, words),
        "sources": _tables.sources(study.provenance, words),
        "software": _tables.software(study, words),
        "method": _tables.method(study, words),
        "glossary": _tables.glossary(words),
    }


def _title(study: Study, words: Words) -> dict[str, Any]:
    """Tell what city this is, of when and under which licence."""
    city = study.summary["city"]
    years = [
        source["reference_year"]
        for source in study.provenance.get("sources", ())
        if source.get("reference_year")
    ]
    licences = city.get("licences") or [one for one in (city.get("licence"),) if one]
    version = str(at(study.summary, "versions", "geoequity") or "")
    units = study.summary.get("units") or {}
    cells = units.get("cells", len(study.cells))
    people = figure(at(study.summary, "population", "total"))
    facts = [
        _country(city, words),
        words.text("report.facts.districts", count=units.get("districts", len(study.districts))),
        words.text("report.facts.cells", count=cells) if cells else "",
        "" if people is None else words.text("report.facts.residents", count=round(people)),
        words.text("report.facts.data", years=words.years(years)) if years else "",
        words.text("report.facts.version", version=version) if version else "",
    ]
    rank = figure(city.get("imd_2025_rank"))
    if rank is not None:
        facts.append(words.text("report.facts.rank", rank=rank))
    return {
        "city": name(city["name"]),
        "fictitious": bool(city.get("fictitious")),
        "scenario": words.own(scenario_banner(study.summary)),
        "licence": words.listing([str(one) for one in licences]),
        "kicker": words.own(city.get("title")) or words.text("question"),
        "question": words.own(city.get("question")),
        "facts": " · ".join(fact for fact in facts if fact),
        "version": version,
    }


def _country(city: Mapping[str, Any], words: Words) -> str:
    """Name the country; a fictitious city has none."""
    code = str(city.get("country") or "")
    if code == NOWHERE:
        return ""
    return words.text(f"country.{code}") if words.has(f"country.{code}") else code


def _tiles(study: Study, words: Words) -> list[dict[str, str]]:
    """Choose the figures that stand at the top."""
    summary = study.summary
    neglected = at(summary, "types", "neglected") or {}
    absent = summary.get("absent") or {}
    total = len(study.indicators.columns) + len(absent)
    gap = figure(at(summary, "index", "gap", "points"))
    share = neglected.get("population_share")
    if at(summary, "types", "basis") == "no_material_gap":
        share = 0.0  # no district is called neglected, whatever its scores
    tiles = [
        ("residents", words.number(at(summary, "population", "total"), 0)),
        ("gap", words.score(gap)),
        ("neglected", words.percent(share)),
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
                "text": words.own(finding["text"]),
            }
        )
    return told


def _district_rows(study: Study, words: Words) -> list[dict[str, Any]]:
    """Put every district in words, the best served first."""
    told = study.summary["districts"]
    labels = indicator_names(study, words)
    rows = []
    for unit in map(str, study.districts.index):
        one = told.get(unit, {})
        score, low, high = interval(one.get("score"))
        rank, rank_low, rank_high = interval(one.get("rank"))
        kind = one.get("type")
        rows.append(
            {
                "id": unit,
                "name": name(one.get("name") or study.districts.loc[unit, "name"]),
                "people": figure(one.get("population")),
                "population": words.number(one.get("population"), 0),
                "value": score,
                "low": low,
                "high": high,
                "score": words.score(score),
                "score_range": words.range(low, high, 1),
                "rank": words.number(_tenth(rank)),
                "rank_range": words.range(_tenth(rank_low), _tenth(rank_high)),
                "pillars": {pillar: figure(one.get(pillar)) for pillar in PILLARS},
                "pillars_said": [words.score(one.get(pillar)) for pillar in PILLARS],
                "areas_said": [words.score(at(one, "areas", area)) for area in AREAS],
                "type": kind,
                "type_said": _type_said(kind, one.get("type_probability") or {}, words),
                "confidence": words.confidence(one.get("confidence")),
                "strengths": [labels.get(which, which) for which in one.get("strengths") or ()],
                "gaps": [labels.get(which, which) for which in one.get("gaps") or ()],
                "reasons": words.reasons(one.get("reasons")),
            }
        )
    rows.sort(key=lambda row: (row["value"] is None, -(row["value"] or 0), row["name"]))
    return [{**row, "number": place} for place, row in enumerate(rows, start=1)]


def _tenth(rank: float | None) -> float | None:
    """Round a rank to a tenth, so that a whole one reads as whole."""
    return None if rank is None else round(rank, 1)


def _type_said(kind: str | None, probability: Mapping[str, Any], words: Words) -> str:
    """Name a type and how often the draws agree; for a doubtful one, the likeliest."""
    if kind is None:
        return words.text("type.unknown")
    said = words.text(f"type.{kind}")
    known = {one: share for one, share in probability.items() if figure(share) is not None}
    likeliest = max(known, key=lambda one: known[one], default=None)
    if kind in known:
        return f"{said} ({words.percent(known[kind], 0)})"
    if kind == "uncertain" and likeliest is not None:
        share = words.percent(known[likeliest], 0)
        likely = words.text(f"type.{likeliest}")
        return words.text("report.districts.likeliest", type=said, likely=likely, share=share)
    return said


def _maps(study: Study, rows: Sequence[Mapping[str, Any]], words: Words) -> dict[str, Any]:
    """Draw the types, the index and the pillars on one geometry."""
    drawn = _shapes.frame(study.districts)
    names = {row["id"]: row["name"] for row in rows}
    placed = _shapes.labels(drawn, names, {row["id"]: row["number"] for row in rows})
    index = {row["id"]: row["value"] for row in rows}
    pillars = {one: {row["id"]: row["pillars"][one] for row in rows} for one in PILLARS}
    # The pillars stand side by side, so one colour must mean one score on both.
    shared = _classes(value for values in pillars.values() for value in values.values())
    scores = [_score_map("index", index, _classes(index.values()), names, words)]
    scores += [_score_map(one, values, shared, names, words) for one, values in pillars.items()]
    return {
        "frame": drawn,
        "labels": placed,
        "names": names,
        "marks": {row["id"]: TYPE_MARKS.get(row["type"] or "") for row in rows},
        "inks": {row["id"]: ink_on(TYPE_COLOURS.get(row["type"] or "", UNKNOWN)) for row in rows},
        "key": [row for row in rows if placed[row["id"]].numbered],
        "types": _type_map(study, rows, words),
        "scores": scores,
        "bar": words.distance(drawn.bar_km),
    }


def _type_map(study: Study, rows: Sequence[Mapping[str, Any]], words: Words) -> dict[str, Any]:
    """Colour the districts by type."""
    counts = Counter(row["type"] or "unknown" for row in rows)
    said = [f"{words.text(f'type.{kind}')}: {counts[kind]}" for kind in (*TYPE_COLOURS, "unknown")]
    return {
        "stated": at(study.summary, "types", "basis") == "absolute" or any(r["type"] for r in rows),
        "even": at(study.summary, "types", "basis") == "no_material_gap",
        "relative": at(study.summary, "types", "basis") == "relative_scores",
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


def _classes(values: Iterable[float | None]) -> list[_shapes.Class]:
    """Choose the colours for some scores, leaving out the unknown."""
    return _shapes.classes([value for value in values if value is not None])


def _score_map(
    key: str,
    values: Mapping[str, float | None],
    among: Sequence[_shapes.Class],
    names: Mapping[str, str],
    words: Words,
) -> dict[str, Any]:
    """Colour the districts by a score."""
    known = {unit: value for unit, value in values.items() if value is not None}
    title = words.text(f"report.where.{key}")
    described = words.text("report.where.score_none", name=title)
    if known:
        worst, best = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
        described = words.text(
            "report.where.score_alt",
            name=title,
            worst=names[worst],
            low=words.score(known[worst]),
            best=names[best],
            high=words.score(known[best]),
        )
    return {
        "key": key,
        "name": title,
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
        names = sorted(name(study.districts.loc[unit, "name"]) for unit in units)
        found.append(
            {
                "type": kind,
                "name": words.text(f"type.{kind}"),
                "means": words.text(f"type_means.{kind}"),
                "colour": colour,
                "ink": ink_on(colour),
                "mark": TYPE_MARKS[kind],
                "share": figure(block.get("population_share")) if units else 0.0,
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
    gap = figure(at(study.summary, "index", "gap", "points"))
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
        "shares": [(share, words.percent(share / 100)) for share in (0, 25, 50, 75, 100)],
        "described": words.text("report.who.skyline_alt", **said),
        **said,
    }


def _ranking(rows: Sequence[Mapping[str, Any]], words: Words) -> dict[str, Any] | None:
    """Line the districts up by the index, each with its range."""
    known = [row for row in rows if row["value"] is not None]
    if not known:
        return None
    bars = [
        {
            "name": row["name"],
            "type": row["type"],
            "mark": TYPE_MARKS.get(row["type"] or ""),
            "score": row["value"],
            "low": row["low"],
            "high": row["high"],
            "said": words.text(
                f"report.ranks.bar{'_range' if row['score_range'] else ''}",
                district=row["name"],
                score=row["score"],
                range=row["score_range"],
                rank=row["rank"],
            ),
        }
        for row in known
    ]
    drawn = _charts.ranking(bars)
    first, last = known[0], known[-1]
    return {
        **drawn,
        "ranged": any(row["score_range"] for row in known),
        "between": words.text("report.ranks.between", count=drawn["left_out"]),
        "described": words.text(
            "report.ranks.alt",
            count=len(known),
            best=first["name"],
            high=first["score"],
            worst=last["name"],
            low=last["score"],
        ),
    }


def _cloud(study: Study, rows: Sequence[Mapping[str, Any]], words: Words) -> dict[str, Any] | None:
    """Place the districts by their two pillars, the ones to name first coming first."""
    threshold = figure(at(study.summary, "method", "threshold"))
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
