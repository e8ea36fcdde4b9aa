"""Set cities side by side: on what they share, at one resolution, and on nothing else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity import inequality, typology
from geoequity.compare._apart import apart, facts_of
from geoequity.compare._cities_findings import findings, headline_values
from geoequity.compare._common import (
    FEWEST,
    Ground,
    city_faults,
    grounds_of,
    meanings,
)
from geoequity.compare._error import TAILS
from geoequity.compare._matched import DISTRICTS, Units, places, resolution_of, units_of
from geoequity.compare._pair import RULES
from geoequity.compare._rows import table_of
from geoequity.compare._shaken import Draws, Shaken, drawn_between, ends_of_city, shaken
from geoequity.confidence import Reason, reason
from geoequity.errors import ConfigError
from geoequity.judgement import (
    MATERIAL,
    NO_MATERIAL_GAP,
    ROOT,
    covered_share,
    gap,
    mean,
)
from geoequity.locale import LANGUAGES, label, name
from geoequity.schema import AREAS, LEVEL, PILLARS, TYPES
from geoequity.study import Study
from geoequity.summary import people_of, plain

NODES = (ROOT, *PILLARS, *AREAS)
NEGLECTED = "neglected"
_FEWEST_RANKS = 4  # cities, from which ranks are correlated
_INTERVAL_DRAWS = 400  # of a Theil index, each of which costs

_Floats = npt.NDArray[np.float64]
Measure = Callable[..., float]


@dataclass(frozen=True, kw_only=True)
class Cities:
    """
    Cities side by side.

    Parameters
    ----------
    table
        One row a number, those that are unknown included: ``city`` (empty: all of
        them together), ``name``, ``kind`` (city, index, pillar, area, indicator),
        ``what``, ``measure``, ``unit``, ``value``, its 90 % ranges ``sampling_low``,
        ``sampling_high`` (error of the data) and ``method_low``, ``method_high``
        (choices), NaN where there is none, ``resolution`` (``districts`` or a grid)
        and ``units``, how many; ``coverage`` (of people, 0-1) and ``reason``, why
        it is unknown.
    districts
        City -> its districts: geometry, ``name``, ``population``, the nodes that are
        compared (0-100, on the shared indicators) and ``type`` by them.
    summary
        The content of ``compare.json``.
    """

    table: pd.DataFrame
    districts: Mapping[str, gpd.GeoDataFrame]
    summary: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class _Rules:
    """How cities are compared."""

    draws: int
    seed: int
    min_covered_share: float
    min_coverage: float


def cities(
    studies: Sequence[Study],
    *,
    draws: int = 1000,
    seed: int = 2025,
    min_covered_share: float = 0.5,
    min_coverage: float = 0.8,
) -> Cities:
    """
    Set cities side by side, on the indicators that they share.

    Parameters
    ----------
    studies
        Two or more studies of different cities by the same rules.
    draws
        How often choices and error in the data are drawn.
    seed
        Of the draws.
    min_covered_share
        Share of residents of whom the index, a pillar or an area must be known
        for a city to be compared on it.
    min_coverage
        Share of its people of whom an indicator must be known for a statistic of
        people to be stated.

    Returns
    -------
    cities
        Tables, and the summary.

    Raises
    ------
    ConfigError
        If there are fewer than two cities, one of them stands twice, or they were
        made by several versions or rules, every fault at once; or if an option is
        out of its range.

    Notes
    -----
    The index, its pillars and areas are made anew of the indicators that all
    compared cities have, with one meaning and the same goalposts. They are known
    by district, so that their gap is the one between districts; how many there
    are is stated, as more and smaller ones show more of it. Indicators measured
    at cells are gathered into the same grid everywhere. Theil's index is taken on
    ratio scales alone, and its part between cities is that of their means,
    weighed by people [1]_. The Gini of an index depends on where its scale
    begins, and is not compared.

    References
    ----------
    .. [1] Shorrocks, A. F. (1980). Econometrica 48(3), 613-625. doi:10.2307/1913126
    """
    if not (draws >= FEWEST and 0 < min_covered_share <= 1 and 0 < min_coverage <= 1):
        msg = "draws is 2 or more; min_covered_share and min_coverage are within 0-1, above 0"
        raise ConfigError(msg)
    faults = city_faults(studies)
    if faults:
        msg = "these studies cannot be set side by side"
        raise ConfigError(msg, faults=faults)
    rules = _Rules(
        draws=draws, seed=seed, min_covered_share=min_covered_share, min_coverage=min_coverage
    )
    of = {str(one.summary["city"]["id"]): one for one in studies}
    meant = meanings(of)
    grounds, scores = grounds_of(
        NODES, of, of_one_meaning=meant, min_covered_share=rules.min_covered_share
    )
    spread = {
        node: shaken(grounds[node], of, draws=rules.draws, seed=rules.seed) for node in scores
    }
    types = _types(grounds[ROOT], of, scores.get(ROOT, {}), spread.get(ROOT), rules)
    indicators, resolution = _indicators(of, meant, rules)
    facts = facts_of(of)
    told_apart = apart(
        of,
        facts=facts,
        meant=meant,
        indicators=indicators,
        grounds=grounds,
    )
    summary: dict[str, Any] = {
        "cities": {city: _city(study, facts[city]) for city, study in of.items()},
        "method": _method(studies[0], rules, resolution),
        "nodes": {
            node: _node(grounds[node], of, scores.get(node, {}), spread.get(node), types, rules)
            for node in NODES
        },
        "indicators": indicators,
        "labels": _labels(of, meant),
        "absent": _absent(of, meant),
        "apart": told_apart,
    }
    summary["headline"] = _headline(summary)
    summary["imd"] = _imd(summary)
    summary["licences"] = sorted({one for s in studies for one in s.summary["city"]["licences"]})
    return Cities(
        table=table_of(summary),
        districts={city: _drawn(study, city, scores, types) for city, study in of.items()},
        summary=summary | {"findings": findings(summary)},
    )


def _city(study: Study, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Tell what a city is, and what its own study says of it."""
    told = study.summary
    block, types = told["city"], told["types"]
    counted = told["population"]["total"]
    return {
        **{key: block.get(key) for key in ("name", "country", "imd_2025_rank", "fictitious")},
        "languages": list(block["languages"]),
        "licences": list(block["licences"]),
        "population": counted,
        "districts": len(study.districts),
        "cells": told["units"]["cells"],
        "residents_per_district": None if counted is None else counted / len(study.districts),
        "area_km2": float(study.districts["area_m2"].sum() / 1e6),
        "years": facts["years"],
        "streets": facts["streets"],
        "straight_share": facts["straight_share"],
        "own": {
            "indicators": int((study.catalogue["role"] == "indicator").sum()),
            "mean": told["index"]["mean"],
            "gap_points": told["index"]["gap"]["points"],
            "neglected_share": types[NEGLECTED]["population_share"],
            "basis": types["basis"],
        },
    }


def _method(study: Study, rules: _Rules, resolution: str | None) -> dict[str, Any]:
    """State the rules that all of the studies go by, and those of comparing."""
    method = study.summary["method"]
    return {
        **asdict(rules),
        "level": LEVEL,
        "resolution": resolution,
        "version": study.summary["versions"].get("geoequity"),
        **{key: method[key] for key in RULES},
    }


def _people(study: Study) -> pd.Series:
    """Take the residents of districts, as numbers."""
    return people_of(study.districts).astype(float)


def _types(
    common: Ground,
    of: Mapping[str, Study],
    index: Mapping[str, pd.Series],
    spread: Shaken | None,
    rules: _Rules,
) -> dict[str, dict[str, Any]]:
    """Name the types of districts on the shared indicators, as a study does."""
    found: dict[str, dict[str, Any]] = {}
    for city in common.cities:
        study, people = of[city], _people(of[city])
        method = study.summary["method"]
        basis: str | None = None
        if covered_share(index[city], people) >= rules.min_covered_share:
            wide = gap(index[city], people) >= method["min_gap_points"]
            basis = MATERIAL if wide else NO_MATERIAL_GAP
        none = pd.Series(None, index=study.districts.index, dtype=object)
        told: dict[str, Any] = {"basis": basis, "type": none}
        if basis == MATERIAL and spread is not None and spread.both:
            structures, technologies = (spread.both[one][city] for one in PILLARS)
            probability = typology.probabilities(
                structures, technologies, threshold=method["threshold"], index=none.index
            )
            told["type"] = typology.types(probability, min_probability=method["min_probability"])
            told["method"], told["sampling"] = (
                _low_shares(draws, city, people, threshold=method["threshold"])
                for draws in (spread.method, spread.sampling)
            )
        found[city] = told
    return found


def _low_shares(draws: Draws, city: str, people: pd.Series, *, threshold: float) -> _Floats | None:
    """Count the residents of districts with both pillars low, draw by draw."""
    if any(city not in draws.get(one, {}) for one in PILLARS):
        return None
    low = np.logical_and.reduce([draws[one][city] < threshold for one in PILLARS])
    return np.asarray(low @ people.fillna(0.0).to_numpy() / people.sum(), dtype=float)


def _node(
    common: Ground,
    of: Mapping[str, Study],
    scores: Mapping[str, pd.Series],
    spread: Shaken | None,
    types: Mapping[str, Mapping[str, Any]],
    rules: _Rules,
) -> dict[str, Any]:
    """Tell a node of all cities that have it, and why the others do not."""
    values = {
        city: _values(common.node, city, of[city], scores[city], spread, rules)
        for city in common.cities
    }
    if common.node == ROOT:
        for city, told in values.items():
            told["types"] = _shares(types[city], of[city])
    return {
        "kind": _kind(common.node),
        "indicators": list(common.indicators),
        "cities": values,
        "left_out": dict(common.left_out),
        "widest": _widest(common.node, values, spread, of),
    }


def _kind(node: str) -> str:
    """Tell the index from pillars and areas."""
    return "index" if node == ROOT else "pillar" if node in PILLARS else "area"


def _values(
    node: str,
    city: str,
    study: Study,
    score: pd.Series,
    spread: Shaken | None,
    rules: _Rules,
) -> dict[str, Any]:
    """Measure a node over the residents of a city."""
    people = _people(study)
    covered = covered_share(score, people)
    reasons: list[Reason] = []
    if not people.sum() > 0:
        reasons.append(reason("no_population"))
    elif covered < rules.min_covered_share:
        reasons.append(reason("low_coverage", share=covered))
    known = people.where(score.notna()) if not reasons else people * np.nan

    def told(measure: Measure, times: float = 1.0) -> dict[str, Any]:
        ends = {
            kind: _ends(draws.get(node, {}).get(city), score, measure, known, times)
            for kind, draws in _kinds(spread)
        }
        held = score.notna() & (known > 0)
        value = times * measure(score[held], population=known[held]) if held.any() else np.nan
        return {"value": plain(value), **ends}

    return {
        "districts": int(score.notna().sum()),
        "coverage": plain(covered),
        "mean": told(_mean),
        "gap_points": told(inequality.percentile_gap),
        "mean_abs_difference": told(inequality.absolute_gini, times=2.0),
        "p10": _quantile(score, known, 0.1),
        "p90": _quantile(score, known, 0.9),
        "lowest": _named(study, score.idxmin()),
        "highest": _named(study, score.idxmax()),
        "reasons": reasons,
    }


def _kinds(spread: Shaken | None) -> list[tuple[str, Draws]]:
    """List the kinds of intervals."""
    if spread is None:
        return [("sampling", {}), ("method", {})]
    return [("sampling", spread.sampling), ("method", spread.method)]


def _mean(value: pd.Series, *, population: pd.Series) -> float:
    """Average over people."""
    return mean(value, population)


def _ends(
    drawn: _Floats | None, score: pd.Series, measure: Measure, people: pd.Series, times: float
) -> dict[str, float] | None:
    """Measure every draw and take the middle 90 % of what comes out."""
    held = (score.notna() & (people > 0)).to_numpy()
    if drawn is None or not held.any():
        return None
    rows, known = drawn[:, held], people[held]
    if measure is _mean:
        return _middle(rows @ known.to_numpy() / known.sum())
    found = inequality.posterior(
        measure, pd.DataFrame(rows, columns=known.index), population=known, level=LEVEL
    )
    return {"low": times * found.low, "high": times * found.high}


def _middle(values: Sequence[float] | _Floats | None) -> dict[str, float] | None:
    """Take the middle 90 % of some draws."""
    if values is None or not len(values) or not np.isfinite(values).all():
        return None
    low, high = np.quantile(values, TAILS, method="weibull")
    return {"low": float(low), "high": float(high)}


def _quantile(score: pd.Series, people: pd.Series, q: float) -> float | None:
    """Take a quantile over people."""
    known = score.notna() & (people > 0)
    if not known.any():
        return None
    return plain(inequality.quantile(score[known], population=people[known], q=q))


def _named(study: Study, unit: Any) -> dict[str, str]:
    """Name a district."""
    return {"id": str(unit), "name": name(study.districts.loc[unit, "name"])}


def _shares(told: Mapping[str, Any], study: Study) -> dict[str, Any]:
    """Count the districts and residents of each type."""
    types, people = told["type"], _people(study)
    stated = told["basis"] == MATERIAL
    shares: dict[str, Any] = {}
    for one in (*TYPES, typology.UNCERTAIN):
        mine = types == one
        share = float(people[mine].sum() / people.sum()) if stated else None
        shares[one] = {"districts": [str(key) for key in types.index[mine]], "share": share}
    value = shares[NEGLECTED]["share"]
    ends = {one: _middle(told.get(one)) for one in ("sampling", "method")}
    if value is not None:  # a district is named at a probability; the draws count each of theirs
        ends = {
            kind: end and {"low": min(end["low"], value), "high": max(end["high"], value)}
            for kind, end in ends.items()
        }
    return {"basis": told["basis"], **shares, "neglected_share": {"value": value, **ends}}


def _widest(
    node: str,
    values: Mapping[str, Mapping[str, Any]],
    spread: Shaken | None,
    of: Mapping[str, Study],
) -> dict[str, Any] | None:
    """Find the cities with the widest and the narrowest gap, and how often it is so."""
    gaps = {
        city: one["gap_points"]["value"]
        for city, one in values.items()
        if one["gap_points"]["value"] is not None
    }
    if len(gaps) < FEWEST:
        return None
    most, least = max(gaps, key=gaps.__getitem__), min(gaps, key=gaps.__getitem__)
    told: dict[str, Any] = {"widest": most, "narrowest": least, "holds": None}
    if spread is not None and spread.both:
        wide, narrow = (_gaps(spread.both[node][city], _people(of[city])) for city in (most, least))
        told["holds"] = float((wide > narrow).mean())
    return told


def _gaps(drawn: _Floats, people: pd.Series) -> _Floats:
    """Measure the gap in every draw."""
    held = (people > 0).to_numpy() & ~np.isnan(drawn).any(axis=0)
    share = people[held].to_numpy() / people[held].sum()
    low, high = inequality.quantiles(drawn[:, held], population=share, q=(0.1, 0.9))
    return np.asarray(high - low, dtype=float)


def _indicators(
    of: Mapping[str, Study],
    meant: Mapping[str, Mapping[str, Sequence[str]]],
    rules: _Rules,
) -> tuple[dict[str, Any], str | None]:
    """Measure every indicator that two cities have, in units of one size."""
    shared = {key: one["same"] for key, one in meant.items() if len(one["same"]) >= FEWEST}
    fine = {key for key, told in shared.items() if _at_cells(of, key, told)}
    inside = [one for one in of if any(one in shared[key] for key in fine)]
    resolution = resolution_of([of[one] for one in inside]) if inside else None
    placed = {
        one: places(of[one], resolution) if resolution is not None else None for one in inside
    }
    found = {}
    for key, told in shared.items():
        grid = resolution if key in fine else None
        units = {
            city: units_of(of[city], key, resolution=grid, placed=placed.get(city)) for city in told
        }
        found[key] = _indicator(key, of, units, rules)
    return found, resolution


def _at_cells(of: Mapping[str, Study], key: str, among: Sequence[str]) -> bool:
    """Tell whether all of some cities know an indicator at their cells."""
    return all(
        key in of[one].cell_indicators.columns and of[one].cell_indicators[key].notna().any()
        for one in among
    )


def _indicator(
    key: str, of: Mapping[str, Study], units: Mapping[str, Units], rules: _Rules
) -> dict[str, Any]:
    """Measure one indicator in every city that has it, and in all of them together."""
    row = of[next(iter(units))].catalogue.loc[key]
    values = {city: _in_city(key, of[city], one, row, rules) for city, one in units.items()}
    counted = {
        city: one for city, one in units.items() if values[city]["mean"]["value"] is not None
    }
    return {
        **{one: row[one] for one in ("unit", "scale", "base", "pillar", "area", "better")},
        "resolution": next(iter(units.values())).resolution,
        "cities": values,
        "theil": _theil(key, of, counted, rules) if row["scale"] == "ratio" else None,
    }


def _in_city(key: str, study: Study, units: Units, row: pd.Series, rules: _Rules) -> dict[str, Any]:
    """Measure one indicator over the people of one city."""
    told = study.summary["indicators"][key]
    counted = units.people.where(units.people > 0).dropna()
    value = units.value[counted.index]
    covered = inequality.coverage(value, population=counted) if len(counted) else float("nan")
    reasons: list[Reason] = []
    if counted.empty:
        reasons.append(reason("no_population"))
    elif covered < rules.min_coverage:
        reasons.append(reason("low_coverage", share=float(covered)))
    value = value.dropna() if not reasons else value.iloc[:0]
    people, score = counted[value.index], _scored(value, row)
    own = units.resolution == DISTRICTS and told["level"] == "district"  # as the study measured it
    result: dict[str, Any] = {
        "units": int(value.size),
        "coverage": plain(covered),
        "confidence": told["confidence"],
        "mean": {
            "value": plain(mean(value, people)),
            "sampling": told["sampling"]["mean"],
            "method": None,
        },
        "gap_points": _bare(gap(score, people)),
        "score": {
            "mean": plain(mean(score, people)),
            "p10": _quantile(score, people, 0.1),
            "p90": _quantile(score, people, 0.9),
        },
        "gini": _bare(np.nan),
        "absolute_gini": _bare(np.nan),
        "reasons": reasons,
    }
    if len(value) and (value >= 0).all():
        ends = told["sampling"]["absolute_gini"] if own else None
        result["absolute_gini"] |= {
            "value": plain(inequality.absolute_gini(value, population=people)),
            "sampling": ends,
        }
        if row["scale"] == "ratio" and value.sum() > 0:
            ends = told["gini"]["sampling"] if own and told["gini"] else None
            result["gini"] |= {
                "value": plain(inequality.gini(value, population=people)),
                "sampling": ends,
            }
    return result


def _bare(value: float) -> dict[str, Any]:
    """Put a number without intervals."""
    return {"value": plain(value), "sampling": None, "method": None}


def _scored(value: pd.Series, row: pd.Series) -> pd.Series:
    """Score values by the goalposts of an indicator."""
    return (100 * (value - row["worst"]) / (row["best"] - row["worst"])).clip(0.0, 100.0)


def _theil(
    key: str, of: Mapping[str, Study], units: Mapping[str, Units], rules: _Rules
) -> dict[str, Any] | None:
    """Split the inequality among the people of all cities into between and within them."""
    if len(units) < FEWEST:
        return None
    frames = {
        city: pd.DataFrame({"value": one.value, "people": one.people.where(one.people > 0)})
        .dropna()
        .reset_index(names="unit")
        for city, one in units.items()
    }
    table = pd.concat(frames, names=["city", None]).reset_index("city").reset_index(drop=True)
    if (table["value"] < 0).any() or not table["value"].sum() > 0:
        return None

    def split(value: pd.Series) -> inequality.Theil:
        return inequality.theil(value, population=table["people"], groups=table["city"])

    found = split(table["value"])
    share = found.between / found.total if found.total > 0 else float("nan")
    by_city = found.by_group.reindex(list(units))
    return {
        "total": plain(found.total),
        "between": plain(found.between),
        "within": plain(found.within),
        "between_share": {
            "value": plain(share),
            "sampling": _theil_ends(key, of, table, split, units, rules),
            "method": None,
        },
        "units": len(table),
        "by_city": {str(city): plain(value) for city, value in by_city.items()},
    }


def _theil_ends(
    key: str,
    of: Mapping[str, Study],
    table: pd.DataFrame,
    split: Any,
    units: Mapping[str, Units],
    rules: _Rules,
) -> dict[str, float] | None:
    """Draw the values that have intervals again, and take the middle of what comes out."""
    if any(one.resolution != DISTRICTS for one in units.values()):
        return None
    ends = pd.DataFrame(np.nan, index=table.index, columns=["low", "high"])
    for city in units:
        rows = table.index[table["city"] == city]
        mine = ends_of_city(of[city], key)
        ends.loc[rows] = mine.reindex(table.loc[rows, "unit"]).to_numpy()
    if ends.isna().any(axis=1).all():
        return None
    rng = np.random.default_rng(rules.seed)
    steps = rng.standard_normal((min(rules.draws, _INTERVAL_DRAWS), len(table)))
    drawn = drawn_between(ends, scale="ratio", steps=steps)
    rows = np.where(np.isnan(drawn), table["value"].to_numpy(), drawn)
    shares = []
    for row in rows:
        found = split(pd.Series(row, index=table.index))
        shares.append(found.between / found.total)
    return _middle(shares)


def _labels(of: Mapping[str, Study], meant: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Name every indicator in every language."""
    labels = {}
    for key, told in meant.items():
        row = of[(*told["same"], *told["other"])[0]].catalogue.loc[key]
        labels[key] = {one: label(row, language=one) for one in LANGUAGES}
    return labels


def _absent(of: Mapping[str, Study], meant: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Say why a city lacks an indicator that another has; None where its study does not say."""
    found: dict[str, dict[str, Any]] = {}
    for key, told in meant.items():
        for city, study in of.items():
            if city not in told["same"] and city not in told["other"]:
                found.setdefault(key, {})[city] = study.summary["absent"].get(key)
    return found


def _headline(summary: Mapping[str, Any]) -> dict[str, str] | None:
    """Choose what cities are first compared on: the highest that two of them share."""
    for among in ((ROOT,), PILLARS, AREAS):
        counts = {one: len(summary["nodes"][one]["cities"]) for one in among}
        best = max(counts, key=lambda one: counts[one])
        if counts[best] >= FEWEST:
            return {"kind": _kind(best), "what": best}
    counts = {key: len(one["cities"]) for key, one in summary["indicators"].items()}
    if not counts:
        return None
    return {"kind": "indicator", "what": max(counts, key=lambda one: counts[one])}


def _imd(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Set the ranks of IMD against the gaps inside the cities."""
    pairs = [
        (summary["cities"][city]["imd_2025_rank"], one["gap_points"]["value"])
        for city, one in headline_values(summary).items()
    ]
    known = [pair for pair in pairs if None not in pair]
    told: dict[str, Any] = {"n": len(known), "rank_correlation": None}
    if len(known) >= _FEWEST_RANKS:
        ranks, gaps = zip(*known, strict=True)
        if len(set(ranks)) > 1 and len(set(gaps)) > 1:
            from scipy import stats  # noqa: PLC0415 - takes 30 MB

            told["rank_correlation"] = plain(stats.spearmanr(ranks, gaps).statistic)
    return told


def _drawn(
    study: Study,
    city: str,
    scores: Mapping[str, Mapping[str, pd.Series]],
    types: Mapping[str, Mapping[str, Any]],
) -> gpd.GeoDataFrame:
    """Lay out what there is to draw of a city: the nodes, and the indicators that have scores."""
    table = study.districts[["name", "geometry"]].assign(population=_people(study))
    for node, of in scores.items():
        if city in of:
            table[node] = of[city]
    table["type"] = types[city]["type"] if city in types else None
    values = study.indicators
    known = study.catalogue.loc[values.columns, "role"] == "indicator"
    scored = {
        key: _scored(values[key].astype(float), study.catalogue.loc[key])
        for key in values.columns[known.to_numpy()]
    }
    return table.join(pd.DataFrame(scored, index=table.index))
