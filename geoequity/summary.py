"""
The summary: what a study found, as one nested table with stable keys.

``summary.json`` is this, validated against the JSON Schema that ships with the
package. Unknown is None with the key present, and ``reasons`` say why.
"""

import math
import platform
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geoequity import __version__, inequality, typology
from geoequity.composite import Audit
from geoequity.confidence import PRIOR_THIN, THIN, Reason, reason
from geoequity.drivers import AREA, COLUMNS, DISTRICT, GAP, INDICATOR, PILLAR, UNKNOWN
from geoequity.errors import SHOWN_IDS
from geoequity.indicators import Definition, Evaluation, imd_items, seen
from geoequity.judgement import (
    ARITHMETIC,
    EPSILON,
    GOALPOSTS,
    MATERIAL,
    NO_MATERIAL_GAP,
    RELATIVE_SCORES,
    ROOT,
    Judgement,
    Rules,
    covered_share,
    gap,
    mean,
)
from geoequity.locale import LANGUAGES, listing, number, quantity, text
from geoequity.schema import AREAS, LEVEL, MAPPING_COLUMNS, PILLARS, TYPES
from geoequity.typology import NOTABLE_POINTS, UNCERTAIN

LISTED = 3
_NORMALISATIONS = {
    GOALPOSTS: "goalposts of the catalogue",
    "min_max": "worst and best district",
    "z_score": "mean and standard deviation of the districts",
    "rank": "order of the districts",
    "percentile": "share of the districts that score worse",
}
_PACKAGES = ("geopandas", "numpy", "osmium", "pandas", "pyproj", "scipy", "shapely")


def plain(value: object) -> float | None:
    """
    Turn a number of any kind into one JSON can hold.

    Parameters
    ----------
    value
        A number; NaN, NA, None or infinite is unknown.

    Returns
    -------
    value
        A float, or None where unknown.
    """
    number = float("nan") if pd.isna(value) else float(value)  # type: ignore[arg-type]
    return number if math.isfinite(number) else None


def scenario_banner(summary: Mapping[str, Any]) -> dict[str, str] | None:
    """
    Say that a study is of a scenario.

    Parameters
    ----------
    summary
        Of any study.

    Returns
    -------
    banner
        By language; None of a city as it is.
    """
    scenario = summary.get("scenario")
    if scenario is None:
        return None
    title = scenario["title"]
    if not title:
        return {one: text("scenario.banner_plain", language=one) for one in LANGUAGES}
    return {
        one: text(
            "scenario.banner",
            language=one,
            title=title.get(one) or title.get("en") or next(iter(title.values())),
        )
        for one in LANGUAGES
    }


def make_summary(
    *,
    city: Mapping[str, Any],
    method: Mapping[str, Any],
    rules: Rules,
    districts: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame | None,
    outside: float,
    evaluation: Evaluation,
    definitions: Iterable[Definition],
    judgement: Judgement,
    measures: pd.DataFrame,
) -> dict[str, Any]:
    """
    Build the summary of a study, readings, findings and stages still empty.

    Parameters
    ----------
    city
        The block ``city`` of the summary.
    method
        Facts of the method besides the rules, such as the walking speed.
    rules
        Weights, draws and thresholds.
    districts
        Districts with their bases.
    cells
        Cells with ``district_id`` and their bases; None without cells.
    outside
        Residents outside every district; NaN where none are counted.
    evaluation
        The indicators that could be computed.
    definitions
        The catalogue, with the city's changes.
    judgement
        Scores, ranges and types.
    measures
        Inequality measures by indicator, with their sampling intervals.

    Returns
    -------
    summary
        Plain values under the keys of ``summary.schema.json``.
    """
    of = {one.id: one for one in definitions}
    population = people_of(districts)
    return {
        "city": dict(city),
        "population": _population(population, outside, judgement.scores[ROOT]),
        "units": {
            "districts": len(districts),
            "cells": int(cells["cell_id"].nunique()) if cells is not None else 0,
        },
        "indicators": _indicators(of, evaluation, measures, population),
        "absent": dict(evaluation.absent),
        "seen": seen(imd_items(), present=evaluation.districts.columns, asked=()),
        "pillars": {one: _node(judgement.scores[one], population) for one in PILLARS},
        "areas": {one: _node(judgement.scores[one], population) for one in AREAS},
        "index": {
            **_index(judgement, population, rules),
            "audit": _audit(judgement.audit) if judgement.audit is not None else None,
            **_drivers(pd.DataFrame(columns=COLUMNS)),
        },
        "divide": None,
        "scenario": None,
        "digital_inclusion": {"mean": None, "gap": None, "districts": {}},
        "perception": {},
        "districts": _districts(
            districts,
            cells,
            population,
            evaluation,
            judgement,
            of,
            min_covered_share=rules.min_covered_share,
            threshold=rules.threshold,
        ),
        "types": _types(judgement, population),
        "decoration": _decoration(judgement, population),
        "findings": [],
        "method": {
            "basis": judgement.basis,
            "epsilon": EPSILON,
            "quantile_rule": "weighted inverse CDF, averaged at exact steps",
            "normalisation": _NORMALISATIONS[rules.normalisation],
            "aggregation": f"weighted {rules.aggregation} mean",
            "draws": rules.draws,
            "seed": rules.seed,
            "level": LEVEL,
            "weights_range": list(rules.weights_range),
            "weights": dict(rules.weights),
            "threshold": rules.threshold,
            "min_probability": rules.min_probability,
            "min_gap_points": rules.min_gap_points,
            **method,
        },
        "mapping": mapping_block(pd.DataFrame(index=districts.index), population=population),
        "walking": {"slope": False, "homes": None, "groups": {}},
        "transit": {"timetable": None, "mean": {}, "without": {}, "routes": {}},
        "patterns": None,
        "validity": [],
        "zoning": None,
        "stages": {},
        "warnings": [],
        "versions": {
            "geoequity": __version__,
            "python": platform.python_version(),
            **{one: version(one) for one in _PACKAGES},
        },
    }


def with_readings(
    summary: Mapping[str, Any],
    *,
    groups: pd.DataFrame,
    perception: Mapping[str, Any],
    online: pd.DataFrame,
    walking: Mapping[str, Any],
    transit: Mapping[str, Any],
    mapping: pd.DataFrame,
    population: pd.Series,
    drivers: pd.DataFrame,
    divide: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """
    Add what stands beside the index: its drivers, groups, perception, walkers, the map.

    Parameters
    ----------
    summary
        From :func:`make_summary`; left as it is.
    groups
        Inequality measures by ``indicator`` and ``group``.
    perception
        What people say, by item.
    online
        Digital inclusion by district: ``score``, ``parts``, ``over``.
    walking
        What the walks were, and those of others than the adult.
    transit
        What public transport there is, and what it leads to.
    mapping
        What is mapped in each district and what may be missing, as
        ``Study.mapping``; no columns without a map.
    population
        Residents of the districts; NaN where unknown.
    drivers
        What makes the gap, as :func:`geoequity.drivers.drivers` gives it.
    divide
        What lies between the parts of the city, as :func:`geoequity.drivers.divide`
        gives it.

    Returns
    -------
    summary
        A summary with those keys filled.
    """
    described = {key: one | {"groups": {}} for key, one in summary["indicators"].items()}
    for row in groups.to_dict("records"):
        told = {one: plain(row[one]) for one in _OF_GROUPS}
        described[row["indicator"]]["groups"][str(row["group"])] = told
    districts = {
        str(key): {
            "score": plain(row["score"]),
            "parts": int(row["parts"]),
            "over": str(row["over"]),
        }
        for key, row in online.to_dict("index").items()
    }
    inclusion = {**_node(online["score"], population), "districts": districts}
    return {
        **summary,
        "indicators": described,
        "index": {**summary["index"], **_drivers(drivers)},
        "divide": None if divide is None else _plainly(divide),
        "districts": _with_thin(summary["districts"], mapping),
        "digital_inclusion": inclusion,
        "mapping": mapping_block(mapping, population=population),
        "perception": dict(perception),
        "seen": seen(imd_items(), present=summary["indicators"], asked=perception),
        "walking": dict(walking),
        "transit": dict(transit),
    }


def mapping_block(mapping: pd.DataFrame, *, population: pd.Series) -> dict[str, Any]:
    """
    Tell where the map is thin.

    Parameters
    ----------
    mapping
        As ``Study.mapping``; no columns without a map.
    population
        Residents of the districts; NaN where unknown.

    Returns
    -------
    block
        ``known``, whether thin and whole maps can be told apart at all, with
        ``reasons`` where not; ``thin`` districts and their ``population_share``
        (None where nothing is known); and by district what is mapped and what
        may be missing.
    """
    columns = (*MAPPING_COLUMNS, *_MAPPED_SHARES, *(f"{one}_ratio" for one in _RATIOS))
    table = mapping.reindex(columns=list(columns))
    thin = table["thin"]
    known = bool(thin.notna().any())
    ids = [str(one) for one in thin.index[thin >= THIN]]
    total = population.sum()
    share = plain(population[thin >= THIN].sum() / total) if known and total > 0 else None
    why = [] if known else [reason("no_map" if mapping.columns.empty else "mapping_unknown")]
    return {
        "known": known,
        "prior": PRIOR_THIN,
        "thin": ids,
        "population_share": share,
        "reasons": why,
        "districts": {
            str(key): {name: plain(value) for name, value in row.items()}
            for key, row in (table.to_dict("index") if len(mapping.columns) else {}).items()
        },
    }


_MAPPED_SHARES = ("thin", "completeness", "low", "high")
_RATIOS = (*MAPPING_COLUMNS, "official")
_SHORT = 0.8  # of what people let expect, under which it is told
_OLD = 1.25  # times what is usual in the city, over which it is told


def _with_thin(districts: Mapping[str, Any], mapping: pd.DataFrame) -> dict[str, Any]:
    """Add to the reasons of thinly mapped districts what shows it."""
    thin = mapping.index[mapping["thin"] >= THIN] if "thin" in mapping else mapping.index[:0]
    told = {str(key): thinly_mapped(mapping.loc[key]) for key in thin}
    return {
        key: one | {"reasons": [*one["reasons"], told[key]]} if key in told else one
        for key, one in districts.items()
    }


def thinly_mapped(row: pd.Series) -> Reason:
    """
    Say that a district is thinly mapped, and what shows it.

    Parameters
    ----------
    row
        Its row of ``Study.mapping``.

    Returns
    -------
    reason
        With the numbers, in every language.
    """
    parts: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    for name in _RATIOS:
        ratio, is_age = row[f"{name}_ratio"], name == "edit_age_years"
        if not (ratio > _OLD if is_age else ratio < _SHORT):
            continue
        for language in LANGUAGES:
            amount = (
                number(row[name], language=language)
                if is_age
                else quantity(float(ratio), unit="share", language=language)
            )
            parts[language].append(text(f"mapped.{name}", language=language, amount=amount))
    shown = {language: listing(mine, language=language) for language, mine in parts.items()}
    return reason(
        "thinly_mapped",
        listed=shown,
        share=float(row["completeness"]),
        low=float(row["low"]),
        high=float(row["high"]),
    )


def people_of(districts: pd.DataFrame) -> pd.Series:
    """
    Take the residents of districts.

    Parameters
    ----------
    districts
        Districts, with or without ``population``.

    Returns
    -------
    population
        On their index; NaN throughout without a count.
    """
    if "population" in districts.columns:
        return districts["population"]
    return pd.Series(np.nan, index=districts.index, name="population")


def district_confidence(evaluation: Evaluation, judgement: Judgement) -> pd.Series:
    """
    Rate each district over the indicators of the index.

    Parameters
    ----------
    evaluation
        The indicators that could be computed.
    judgement
        Scores, for which of them enter the index.

    Returns
    -------
    confidence
        Mean confidence 0-1, an unknown indicator counting 0; NaN without index.
    """
    used = [one for one in judgement.tree["id"] if one in evaluation.confidence.columns]
    if not used:
        return pd.Series(np.nan, index=evaluation.districts.index)
    known = evaluation.confidence[used].where(evaluation.districts[used].notna(), 0.0)
    return known.fillna(0.0).mean(axis=1)


def _interval(
    value: object,
    *,
    method: tuple[object, object] = (None, None),
    sampling: tuple[object, object] = (None, None),
) -> dict[str, Any]:
    """Put a number with its range over the method and that over the data, apart."""
    return {"value": plain(value), "sampling": _range(*sampling), "method": _range(*method)}


def _range(low: object, high: object) -> dict[str, Any] | None:
    """Put the ends of an interval; None where it has none."""
    ends = {"low": plain(low), "high": plain(high)}
    return None if None in ends.values() else ends


def _ends(row: Mapping[str, object], name: str) -> tuple[object, object]:
    """Take the ends of the sampling interval of a measure."""
    return row.get(f"{name}_low"), row.get(f"{name}_high")


def _both(value: object, ranges: Mapping[str, object], name: str) -> dict[str, Any]:
    """Put a district's score or rank with both its intervals."""
    return _interval(
        value,
        method=(ranges[f"{name}_low"], ranges[f"{name}_high"]),
        sampling=(ranges[f"sampling_{name}_low"], ranges[f"sampling_{name}_high"]),
    )


def _population(population: pd.Series, outside: float, index: pd.Series) -> dict[str, Any]:
    """Count the residents of the districts, those with an index, and those outside."""
    if not population.notna().any():
        return {"total": None, "covered_share": None, "outside": plain(outside)}
    return {
        "total": float(population.sum()),
        "covered_share": plain(covered_share(index, population)),
        "outside": plain(outside),
    }


def _indicators(
    of: Mapping[str, Definition],
    evaluation: Evaluation,
    measures: pd.DataFrame,
    population: pd.Series,
) -> dict[str, Any]:
    """Describe every indicator over the whole city."""
    weight = population.fillna(0.0).to_numpy(dtype=float)
    rows = measures.to_dict("index")
    described = {}
    for key, value in evaluation.districts.items():
        ends = {"min_district": str(value.idxmin()), "max_district": str(value.idxmax())}
        confidence = None
        if weight.sum() > 0:
            rated = evaluation.confidence[key].fillna(0.0).to_numpy(dtype=float)
            confidence = plain(np.average(rated, weights=weight))
        described[str(key)] = _indicator(of[key], evaluation, rows[key], ends, confidence)
    return described


def _indicator(
    one: Definition,
    evaluation: Evaluation,
    row: Mapping[str, Any],
    ends: Mapping[str, str],
    confidence: float | None,
) -> dict[str, Any]:
    """Describe one indicator over the whole city."""
    reasons = list(evaluation.reasons[one.id])
    if plain(row["coverage"]) is None:
        reasons.append(reason("no_population"))
    elif plain(row["mean"]) is None:
        reasons.append(reason("low_coverage", share=float(row["coverage"])))
    elif plain(row["ratio"]) is None:
        reasons.append(reason("zero_scale"))
    if one.scale == "share":
        reasons.append(reason("share_scale"))
    gini = plain(row["gini"])
    theil = {part: plain(row[f"theil_{part}"]) for part in ("total", "between", "within")}
    return {
        "unit": one.unit,
        "base": one.base,
        "scale": one.scale,
        "level": evaluation.levels[one.id],
        "pillar": one.pillar,
        "area": one.area,
        "role": one.role,
        "mean": plain(row["mean"]),
        "coverage": plain(row["coverage"]),
        **ends,
        "ratio": plain(row["ratio"]),
        "confidence": confidence,
        "reasons": reasons,
        "gini": None if gini is None else _interval(gini, sampling=_ends(row, "gini")),
        "sampling": {name: _range(*_ends(row, name)) for name in ("mean", "absolute_gini")},
        "absolute_gini": plain(row["absolute_gini"]),
        "palma": plain(row["palma"]),
        "theil": theil if theil["total"] is not None else None,
        "atkinson": plain(row["atkinson"]),
        "kolm_pollak_ede": plain(row["kolm_pollak_ede"]),
        "concentration": plain(row["concentration"]),
        "groups": {},
    }


_OF_GROUPS = ("mean", "coverage", "ratio", "gini", "absolute_gini", "kolm_pollak_ede")


def _node(score: pd.Series, population: pd.Series) -> dict[str, Any]:
    """Describe a pillar or an area over people."""
    return {"mean": plain(mean(score, population)), "gap": plain(gap(score, population))}


def _index(judgement: Judgement, population: pd.Series, rules: Rules) -> dict[str, Any]:
    """Describe the index over people, if it covers enough of them."""
    score = judgement.scores[ROOT]
    known = score.notna() & (population > 0) & (judgement.basis is not None)
    empty = {"p90_p10": None, "points": None}
    method = "mean of the two pillars"
    if rules.aggregation != ARITHMETIC:
        method = f"{rules.aggregation} {method}"
    if rules.normalisation != GOALPOSTS:
        method += f", scores by {_NORMALISATIONS[rules.normalisation]}"
    moves = {
        str(choice): {one: plain(share) for one, share in row.items()}
        for choice, row in judgement.sensitivity.to_dict("index").items()
    }
    if not known.any():
        return {
            "mean": None,
            "gap": empty,
            "mean_abs_difference": None,
            "gini": None,
            "sampling": dict.fromkeys(_OF_INDEX),
            "method": method,
            "sensitivity": moves,
        }
    value, people = score[known], population[known]
    measures = {key: one for key, one in _OF_INDEX.items() if key != "gini" or value.sum() > 0}
    told = dict.fromkeys(_OF_INDEX) | {
        key: plain(_TIMES[key] * one(value, population=people)) for key, one in measures.items()
    }
    sampling = dict.fromkeys(_OF_INDEX)
    if len(judgement.sampling):
        drawn = judgement.sampling.loc[:, known]
        certain = value[drawn.columns[drawn.isna().all()]]  # as published in every draw
        drawn = drawn.assign(**certain)
        for key, one in measures.items():
            found = inequality.posterior(one, drawn, population=people, level=LEVEL)
            sampling[key] = _range(_TIMES[key] * found.low, _TIMES[key] * found.high)
    low, high = (inequality.quantile(value, population=people, q=q) for q in (0.1, 0.9))
    return {
        "mean": told["mean"],
        "gap": {"p90_p10": plain(high / low) if low > 0 else None, "points": told["gap_points"]},
        "mean_abs_difference": told["mean_abs_difference"],
        "gini": told["gini"],
        "sampling": sampling,
        "method": method,
        "sensitivity": moves,
    }


_OF_INDEX: dict[str, Callable[..., float]] = {
    "mean": inequality.mean,
    "gap_points": inequality.percentile_gap,
    "mean_abs_difference": inequality.absolute_gini,  # of which it is twice
    "gini": inequality.gini,
}
_TIMES = dict.fromkeys(_OF_INDEX, 1) | {"mean_abs_difference": 2}


def _drivers(table: pd.DataFrame) -> dict[str, Any]:
    """List what makes the gap in points, the largest first."""
    rows = table[table["measure"] == GAP].to_dict("records")

    def listed(by: str) -> list[dict[str, Any]]:
        """List those of one kind."""
        keys = ("id", "points", "share", "error")
        return [_plainly({key: row[key] for key in keys}) for row in rows if row["by"] == by]

    return {
        "drivers": listed(INDICATOR),
        "area_drivers": listed(AREA),
        "pillar_drivers": listed(PILLAR),
        "district_drivers": listed(DISTRICT),
        "unknown_points": next(
            (plain(one["points"]) for one in rows if one["by"] == UNKNOWN), None
        ),
    }


def _plainly(value: Any) -> Any:
    """Turn numbers into those of JSON, however deep they stand."""
    if isinstance(value, Mapping):
        return {str(key): _plainly(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plainly(one) for one in value]
    return value if value is None or isinstance(value, str) else plain(value)


def _audit(audit: Audit) -> dict[str, Any]:
    """Tell what repeats what in the index, what contradicts what, and what really counts."""
    areas = {f"{pillar}.{area}" for pillar in PILLARS for area in AREAS}
    # Those of one family share one weight, for the very reason that they say the same
    apart = audit.pairs["shared"].isin({*areas, *PILLARS, ROOT})
    pairs = audit.pairs[apart]

    def listed(which: str) -> list[dict[str, Any]]:
        """List the pairs that are so, the strongest first."""
        found = pairs[pairs[which]].sort_values(
            "correlation", key=abs, ascending=False, kind="stable"
        )
        return [
            {"one": str(one), "other": str(other), "correlation": float(r)}
            for one, other, r in found[["one", "other", "correlation"]].itertuples(index=False)
        ]

    return {
        "alpha": {
            one: plain(audit.reliability[one].alpha) if one in audit.reliability else None
            for one in (*PILLARS, ROOT)
        },
        "redundant": listed("redundant"),
        "conflicting": listed("conflicting"),
        "weights": {
            str(one): {key: plain(row[key]) for key in ("nominal", "effective", "correlation")}
            for one, row in audit.weights.to_dict("index").items()
        },
    }


def _types(judgement: Judgement, population: pd.Series) -> dict[str, Any]:
    """List the districts of each type, by the fixed threshold and by the city's medians."""
    material = judgement.basis == MATERIAL
    middle = {
        one: typology.medians(judgement.scores[[one]].T.to_numpy(), population=population)[0]
        for one in PILLARS
    }
    relative = {
        "basis": "relative" if material else judgement.basis,
        "threshold": {one: plain(score) for one, score in middle.items()},
        **_members(judgement.relative, population, stated=material),
    }
    absolute = _members(judgement.types, population, stated=material)
    return {"basis": judgement.basis, **absolute, "relative": relative}


def _members(types: pd.Series, population: pd.Series, *, stated: bool) -> dict[str, Any]:
    """List the districts of each type and the share of people in them."""
    result = {}
    total = population.sum()
    for name in (*TYPES, UNCERTAIN):
        ids = types.index[types == name]
        share = plain(population[ids].sum() / total) if total > 0 else None
        result[name] = {
            "districts": [str(one) for one in ids],
            "population_share": share if stated else None,
        }
    return result


def _decoration(judgement: Judgement, population: pd.Series) -> dict[str, Any]:
    """Tell how far technologies run ahead of structures, and for how many people."""
    gaps = typology.decoration_gap(*(judgement.scores[one] for one in PILLARS))
    showcase = judgement.types == "showcase"
    stated = judgement.basis == MATERIAL
    known = judgement.basis not in {None, RELATIVE_SCORES}
    comparable = gaps.notna().any() and judgement.basis != RELATIVE_SCORES
    return {
        "mean": plain(mean(gaps, population)) if known else None,
        "showcase_population": plain(population[showcase].sum()) if stated else None,
        "most_decorated": str(gaps.idxmax()) if comparable else None,
    }


def _districts(
    districts: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame | None,
    population: pd.Series,
    evaluation: Evaluation,
    judgement: Judgement,
    of: Mapping[str, Definition],
    *,
    min_covered_share: float,
    threshold: float,
) -> dict[str, Any]:
    """Describe every district."""
    leaves = [one for one in judgement.tree["id"] if one in evaluation.districts.columns]
    scores = judgement.scores[leaves]
    means = _means(scores, population)
    ahead = scores - means
    decoration = typology.decoration_gap(*(judgement.scores[one] for one in PILLARS))
    why = typology.decoration_reasons(
        scores,
        decoration,
        pillars={one: str(of[one].pillar) for one in leaves},
        means=means,
        threshold=threshold,
    )
    scored, ranges, reasons, likely = (
        one.to_dict("index")
        for one in (judgement.scores, judgement.ranges, why, judgement.probability)
    )
    names, people, gaps, sure, types, others = (
        one.to_dict()
        for one in (
            *(districts["name"], population, decoration),
            *(district_confidence(evaluation, judgement), judgement.types, judgement.relative),
        )
    )
    untold = _district_reasons(
        districts,
        cells,
        population,
        evaluation.districts[leaves],
        judgement,
        of,
        min_share=min_covered_share,
    )
    described = {}
    for key, distances in zip(districts.index, ahead.to_numpy(dtype=float), strict=True):
        order = np.argsort(distances, kind="stable")
        best = [leaves[at] for at in order[::-1] if distances[at] >= NOTABLE_POINTS][:LISTED]
        worst = [leaves[at] for at in order if distances[at] <= -NOTABLE_POINTS][:LISTED]
        score, ends = scored[key], ranges[key]
        named, relative = types[key], others[key]
        described[str(key)] = {
            "name": str(names[key]),
            "population": plain(people[key]),
            "score": _both(score[ROOT], ends, "index"),
            **{pillar: plain(score[pillar]) for pillar in PILLARS},
            "areas": {area: plain(score[area]) for area in AREAS},
            "rank": _both(ends["rank"], ends, "rank"),
            "decoration_gap": plain(gaps[key]),
            "decoration": {one: list(reasons[key][one]) for one in ("ahead", "behind")},
            "type": None if named is None else str(named),
            "type_relative": None if relative is None else str(relative),
            "type_probability": {one: plain(likely[key][one]) for one in TYPES},
            "worst_quarter_probability": plain(ends["worst_quarter"]),
            "confidence": plain(sure[key]),
            "strengths": [str(one) for one in best],
            "gaps": [str(one) for one in worst],
            "reasons": untold[key],
        }
    return described


def _means(scores: pd.DataFrame, population: pd.Series) -> pd.Series:
    """Average scores over people; NaN where nobody is covered."""
    here = population > 0
    known, people = scores[here].dropna(axis=1, how="all"), population[here]
    means = {one: inequality.mean(known[one], population=people) for one in known}
    return pd.Series(means, dtype=float).reindex(scores.columns)


def _district_reasons(
    districts: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame | None,
    population: pd.Series,
    values: pd.DataFrame,
    judgement: Judgement,
    of: Mapping[str, Definition],
    *,
    min_share: float,
) -> dict[str, list[Reason]]:
    """Say what is not known of each district, and why no type is stated."""
    shares = {
        key: districts[column].to_dict()
        for column, key in (("cells_share", "cells_cover"), ("streets_share", "streets_cover"))
        if column in districts.columns
    }
    uncounted: Mapping[str, pd.Index] = {}  # cells of whose people nobody knows, by district
    if cells is not None and "population" in cells.columns:
        district = cells.loc[cells["population"].isna(), "district_id"]
        uncounted = district.groupby(district).groups
    untyped = None
    if judgement.basis in {NO_MATERIAL_GAP, RELATIVE_SCORES}:
        untyped = judgement.basis
    elif judgement.basis is not None and judgement.ranges["worst_quarter"].isna().all():
        untyped = "gap_in_doubt"
    counted = population.notna().to_dict()
    halved = judgement.scores[list(PILLARS)].isna().any(axis=1).to_dict()
    told: dict[str, list[Reason]] = {}
    for key, gone in zip(values.index, values.isna().to_numpy(dtype=bool), strict=True):
        reasons = [
            reason(name, share=float(share[key]))
            for name, share in shares.items()
            if share[key] < min_share
        ]
        if not counted[key]:
            reasons.append(reason("district_no_population"))
        mine = uncounted.get(key, ())
        if len(mine):
            listed = [str(one) for one in mine[:SHOWN_IDS]]
            reasons.append(reason("cells_no_population", count=len(mine), listed=listed))
        missing = values.columns[gone]
        if len(missing):
            named = {
                language: [of[one].label.get(language, one) for one in missing]
                for language in LANGUAGES
            }
            reasons.append(reason("missing_here", listed=named))
        if halved[key]:
            reasons.append(reason("pillar_unknown"))
        elif untyped is not None:
            reasons.append(reason(untyped))
        told[key] = reasons
    return told
