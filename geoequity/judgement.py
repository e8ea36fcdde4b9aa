"""
From indicators to a judgement: index, ranges, types, inequality.

Here the catalogue's tree meets the composite, the typology and the inequality
measures; each of them knows nothing of the others.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity import composite, inequality, typology
from geoequity.errors import ConfigError
from geoequity.indicators import Definition, Evaluation
from geoequity.keeping import FORGETFUL, Kept
from geoequity.schema import AREAS, LEVEL, PILLARS, TYPES

ROOT = "index"
MIN_AREAS = 3  # of a pillar's five
EPSILON = 0.5  # inequality aversion of Atkinson and, in absolute value, Kolm-Pollak
SURE = 0.99  # of a material gap, before anybody is named as worst served
_FEWEST = 3  # districts that an audit speaks of
MATERIAL, NO_MATERIAL_GAP, RELATIVE_SCORES = "absolute", "no_material_gap", "relative_scores"
GOALPOSTS, ARITHMETIC = "goalposts", "arithmetic"
_WITHIN_AREAS = ARITHMETIC  # as the HDI within education; what it is elsewhere is a choice
_NORMALISE: dict[str, composite.Normalise] = {
    "min_max": composite.min_max,
    "z_score": lambda data, better: composite.z_score(data, better).clip(0.0, 100.0),
    "rank": composite.rank,
    "percentile": composite.percentile,
}
AGGREGATES: dict[str, composite.Aggregate] = {
    ARITHMETIC: composite.arithmetic,
    "geometric": composite.floored(composite.geometric),
    "harmonic": composite.floored(composite.harmonic),
}
_RELATIVE = ("min_max", "percentile")  # that ranks are drawn over besides goalposts


@dataclass(frozen=True, kw_only=True)
class Rules:
    """
    The choices by which scores become an index and types.

    Parameters
    ----------
    weights
        Weights within a parent that differ from 1, by indicator, area, pillar,
        or pillar and area.
    weights_range
        Each weight is drawn between these multiples of itself.
    draws
        How often the choices, and the posteriors, are drawn.
    seed
        Of the draws.
    threshold
        Pillar score from which a pillar is high.
    min_probability
        Probability under which a type is uncertain.
    min_gap_points
        Gap of the index under which there is no material gap, and no type is stated.
    min_covered_share
        Share of residents with an index under which nothing is said of the city.
    normalisation
        ``goalposts`` of the catalogue; or ``min_max``, ``z_score`` (kept within
        five standard deviations), ``rank`` or ``percentile``, which set the
        districts against each other: the thresholds of types, and of a material
        gap, are thresholds on goalposts, so that no types are stated then.
    aggregation
        ``arithmetic``, ``geometric`` or ``harmonic`` mean, across areas and
        pillars; within an area it is arithmetic. Scores under 1 count as 1 in
        the latter two, so that one area at nil does not make nil of the index.
    """

    weights: Mapping[str, float]
    weights_range: tuple[float, float]
    draws: int
    seed: int
    threshold: float
    min_probability: float
    min_gap_points: float
    min_covered_share: float = 0.5
    normalisation: str = GOALPOSTS
    aggregation: str = ARITHMETIC


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """
    What the indicators amount to.

    Parameters
    ----------
    scores
        Districts x nodes: indicators, pillar areas (``structures.mobility``),
        areas, pillars and ``index``, 0-100.
    ranges
        Districts x ``rank``; the middle 90 % over the choices: ``index_low``,
        ``index_high``, ``rank_low``, ``rank_high``; over the posteriors, at the
        published choices: the same with ``sampling_`` before it, NaN where all
        sources are complete counts; and ``worst_quarter``, the probability over
        both that there is a material gap and a district is in the worst quarter
        of people, NaN unless the published gap is material, and in 99 of 100
        draws of the posteriors (`SURE`).
    sensitivity
        What moves the ranks, as :func:`geoequity.composite.robustness` tells it.
    sampling
        Draws x districts: the index over the posteriors, at the published
        choices; no rows where all sources are complete counts.
    probability
        Districts x types, over choices and posteriors; NaN where scores are
        relative.
    types
        Type of each district; None where none is stated.
    relative
        Type of each district by the city's own medians instead of the fixed
        threshold; None where none is stated.
    basis
        ``absolute``, ``no_material_gap``, ``relative_scores`` where scores are
        not by goalposts, or None without an index.
    gap_points
        The index at the 90th less that at the 10th percentile of people; NaN
        without index or people.
    tree
        The tree of the index.
    audit
        What holds the index together; None where the index is known of fewer than
        3 districts.
    """

    scores: pd.DataFrame
    ranges: pd.DataFrame
    sensitivity: pd.DataFrame
    sampling: pd.DataFrame
    probability: pd.DataFrame
    types: pd.Series
    relative: pd.Series
    basis: str | None
    gap_points: float
    tree: pd.DataFrame
    audit: composite.Audit | None


def check_weights(weights: Mapping[str, float], definitions: Iterable[Definition]) -> None:
    """
    Refuse weights for things that are not in the tree of the index.

    Parameters
    ----------
    weights
        Weight by indicator, area, pillar, or pillar and area.
    definitions
        The catalogue, with the city's changes.

    Raises
    ------
    ConfigError
        If a key names nothing in the tree.
    """
    known = {one.id for one in definitions} | set(PILLARS) | set(AREAS)
    known |= {f"{pillar}.{area}" for pillar in PILLARS for area in AREAS}
    faults = [f"index.weights.{one}: no such indicator, area or pillar" for one in weights]
    faults = [fault for fault, one in zip(faults, weights, strict=True) if one not in known]
    if faults:
        msg = "the index cannot be weighed like this"
        raise ConfigError(msg, faults=faults)


def make_tree(
    definitions: Iterable[Definition], *, present: Iterable[str], weights: Mapping[str, float]
) -> pd.DataFrame:
    """
    Lay out the tree of the index: indicator, family, pillar and area, pillar, index.

    Indicators of one family stand under a node of their own, so that a concept
    measured twice does not count twice, nor half where one measure is unknown.
    Within an area means are arithmetic, whatever they are above: its indicators
    are pieces of evidence of one thing, so that one of them at nil is not nil.

    Parameters
    ----------
    definitions
        The catalogue, with the city's changes.
    present
        Indicators that could be computed.
    weights
        Weights that differ from 1.

    Returns
    -------
    tree
        As :func:`geoequity.composite.build` takes it; empty without indicators.
    """
    there = set(present)
    used = [one for one in definitions if one.role == "indicator" and one.id in there]
    members = Counter(_family(one) for one in used)
    rows: list[dict[str, Any]] = []
    for one in used:
        area = f"{one.pillar}.{one.area}"
        shared = members[_family(one)] > 1
        weight = weights.get(one.id, 1.0)
        parent = _family(one) if shared else area
        rows.append({"id": one.id, "parent": parent, "weight": weight, "better": one.better})
    inside = {"aggregate": _WITHIN_AREAS}
    rows.extend(
        {"id": family, "parent": family.rpartition(".")[0], "weight": 1.0} | inside
        for family, count in members.items()
        if count > 1
    )
    for pillar in PILLARS:
        areas = [
            area for area in AREAS if any((one.pillar, one.area) == (pillar, area) for one in used)
        ]
        for area in areas:
            weight = weights.get(f"{pillar}.{area}", weights.get(area, 1.0))
            rows.append({"id": f"{pillar}.{area}", "parent": pillar, "weight": weight} | inside)
        if areas:
            weight = weights.get(pillar, 1.0)
            rows.append({"id": pillar, "parent": ROOT, "weight": weight, "min_known": MIN_AREAS})
    if rows:
        rows.append({"id": ROOT, "parent": None, "weight": 1.0, "min_known": len(PILLARS)})
    columns = ["id", "parent", "weight", "better", "min_known", "aggregate"]
    return pd.DataFrame(rows, columns=columns)


def _family(one: Definition) -> str:
    """Name the node of an indicator's family."""
    return f"{one.pillar}.{one.area}.{one.family}"


def judge(
    evaluation: Evaluation,
    definitions: Iterable[Definition],
    *,
    population: pd.Series,
    present: Iterable[str],
    rules: Rules,
    kept: Kept = FORGETFUL,
) -> Judgement:
    """
    Score the districts, shake the choices, and name the types.

    Parameters
    ----------
    evaluation
        The indicators that could be computed.
    definitions
        The catalogue, with the city's changes.
    population
        Residents of the districts; NaN where unknown.
    present
        Indicators with enough coverage to enter the index.
    rules
        Weights, draws and thresholds.
    kept
        As of :func:`geoequity.composite.robustness`.

    Returns
    -------
    judgement
        Scores, ranges, types.
    """
    definitions = list(definitions)
    index = evaluation.districts.index
    tree = make_tree(definitions, present=present, weights=rules.weights)
    if tree.empty:
        scores = pd.DataFrame(np.nan, index=index, columns=[*AREAS, *PILLARS, ROOT])
        shaken, audit = None, None
    else:
        shaken = _shaken(
            evaluation, tree, definitions, population=population, rules=rules, kept=kept
        )
        built = shaken.score_choices.published.scores
        scores = with_areas(built, AGGREGATES[rules.aggregation])
        told = scores[ROOT].notna().sum() >= _FEWEST
        audit = composite.audit(built, tree) if told else None
    gap_points = gap(scores[ROOT], population)
    basis: str | None = None
    if covered_share(scores[ROOT], population) >= rules.min_covered_share:
        basis = MATERIAL if gap_points >= rules.min_gap_points else NO_MATERIAL_GAP
        basis = basis if rules.normalisation == GOALPOSTS else RELATIVE_SCORES
    unknown = np.full((rules.draws, len(index)), np.nan)
    drawn = shaken.on_goalposts.draws if shaken else {}
    structures, technologies = (drawn.get(pillar, unknown) for pillar in PILLARS)
    probability = typology.probabilities(
        structures, technologies, threshold=rules.threshold, index=index
    )
    types = typology.types(probability, min_probability=rules.min_probability)
    middle = (
        typology.medians(structures, population=population),
        typology.medians(technologies, population=population),
    )
    relative = typology.types(
        typology.probabilities(structures, technologies, threshold=middle, index=index),
        min_probability=rules.min_probability,
    )
    ranges = _ranges(shaken, index)
    if rules.normalisation != GOALPOSTS:
        probability = probability.where(probability.isna())
    if basis != MATERIAL:
        types = pd.Series([None] * len(index), index=index, dtype=object, name="type")
        ranges["worst_quarter"] = np.nan
        relative = types
    return Judgement(
        scores=scores,
        ranges=ranges,
        sensitivity=shaken.everything.sensitivity if shaken else pd.DataFrame(),
        sampling=pd.DataFrame(
            shaken.sampling.draws[ROOT] if shaken and shaken.sampling else None, columns=index
        ),
        probability=probability[list(TYPES)],
        types=types,
        relative=relative,
        basis=basis,
        gap_points=gap_points,
        tree=tree,
        audit=audit,
    )


@dataclass(frozen=True)
class _Shaken:
    """The index under other choices, under other states of the world, and under both."""

    score_choices: composite.Robustness  # on goalposts: other scores are on other scales
    rank_choices: composite.Robustness
    on_goalposts: composite.Robustness  # what choices and posteriors make of types
    everything: composite.Robustness  # and of ranks
    sampling: composite.Robustness | None
    worst_quarter: pd.Series


def _shaken(
    evaluation: Evaluation,
    tree: pd.DataFrame,
    definitions: Iterable[Definition],
    *,
    population: pd.Series,
    rules: Rules,
    kept: Kept,
) -> _Shaken:
    """Draw the choices and the posteriors, apart and together."""
    posteriors = {key: one for key, one in evaluation.draws.items() if key in set(tree["id"])}
    first = {rules.normalisation: _normalise(rules.normalisation, definitions)}
    mean = {rules.aggregation: AGGREGATES[rules.aggregation]}
    published = composite.Pool(normalise=first, weights=(1.0, 1.0), aggregate=mean, drop_one=False)
    choices = replace(
        published,
        weights=rules.weights_range,
        aggregate=mean | AGGREGATES,  # the published one stays the first
        drop_one=True,
    )
    others = {one: _normalise(one, definitions) for one in (GOALPOSTS, *_RELATIVE)}
    every = replace(choices, normalise=first | others)

    def drawn(pool: composite.Pool, **options: Any) -> composite.Robustness:
        return composite.robustness(
            evaluation.districts,
            tree,
            pool=pool,
            draws=rules.draws,
            rng=np.random.default_rng(rules.seed),
            population=population.fillna(0.0),
            level=LEVEL,
            kept=kept,
            **({"sobol": 0} | options),
        )

    by_score, everything = drawn(choices), drawn(every, posteriors=posteriors, sobol=rules.draws)
    if not posteriors:
        worst = everything.worst_quarter
        return _Shaken(by_score, everything, by_score, everything, None, worst)
    sampling = drawn(published, posteriors=posteriors)
    # A gap that error in the data alone may have made names nobody as worst served
    low, high = inequality.quantiles(
        sampling.draws[ROOT], population=population.fillna(0.0), q=(0.1, 0.9)
    )
    material = high - low >= rules.min_gap_points
    sure, worst = material.mean(), everything.worst_quarter
    if sure < SURE:
        worst = worst.where(worst.isna())
    elif sure < 1:
        rows = np.unique(sampling.choices["data"].to_numpy(dtype=np.intp)[material])
        there = {key: one.iloc[rows] for key, one in posteriors.items()}
        worst = drawn(every, posteriors=there).worst_quarter * sure
    return _Shaken(
        by_score,
        drawn(every),
        drawn(choices, posteriors=posteriors),
        everything,
        sampling,
        worst,
    )


def _normalise(name: str, definitions: Iterable[Definition]) -> composite.Normalise:
    """Choose how values become scores, all of them 0-100."""
    if name == GOALPOSTS:
        posts = {one.id: one.goalposts for one in definitions if one.goalposts is not None}
        return composite.goalposts(posts)
    return _NORMALISE[name]


def mean(value: pd.Series, population: pd.Series) -> float:
    """
    Average a value over people.

    Parameters
    ----------
    value
        By unit; NaN = unknown, left out with its people.
    population
        People of each unit; NaN = unknown, left out.

    Returns
    -------
    mean
        In the unit of the value, exact where all are alike; NaN where nobody
        is covered.
    """
    known = value.notna() & (population > 0)
    if not known.any():
        return float("nan")
    return inequality.mean(value[known], population=population[known])


def covered_share(index: pd.Series, population: pd.Series) -> float:
    """
    Measure the share of residents whose district has an index.

    Parameters
    ----------
    index
        The index by district; NaN = unknown.
    population
        Residents of the districts; NaN = unknown, left out.

    Returns
    -------
    covered_share
        0-1; NaN where nobody is counted.
    """
    total = population.sum()
    return float(population[index.notna()].sum() / total) if total > 0 else float("nan")


def gap(value: pd.Series, population: pd.Series, *, low: float = 0.1, high: float = 0.9) -> float:
    """
    Measure the distance between the 10th and the 90th percentile of people.

    Parameters
    ----------
    value
        By unit; NaN = unknown, left out with its people.
    population
        People of each unit; NaN = unknown, left out.
    low
        Lower share of people.
    high
        Upper share of people.

    Returns
    -------
    gap
        In the unit of the value; NaN where nobody is covered.
    """
    known = value.notna() & (population > 0)
    if not known.any():
        return float("nan")
    return inequality.percentile_gap(value[known], population=population[known], low=low, high=high)


def inequality_of(
    evaluation: Evaluation,
    definitions: Iterable[Definition],
    *,
    cells: gpd.GeoDataFrame | None,
    districts: gpd.GeoDataFrame,
    min_coverage: float,
    group: str | None = None,
) -> pd.DataFrame:
    """
    Measure how unequally people share each indicator.

    Measured between cells where the indicator is, between districts otherwise;
    only on the scale that a measure makes sense on.

    Parameters
    ----------
    evaluation
        The indicators that could be computed.
    definitions
        The catalogue, with the city's changes.
    cells
        Cells with ``district_id`` and their bases.
    districts
        Districts with their bases.
    min_coverage
        Share of the base under which no statistic of people is stated.
    group
        Column that counts a group of people, who then stand for everybody;
        they are taken to be spread over a cell as its residents are.

    Returns
    -------
    inequality
        Index indicator id: ``mean``, ``coverage``, ``ratio``, ``gini``,
        ``absolute_gini``, ``palma``, ``theil_total``, ``theil_between``,
        ``theil_within``, ``atkinson``, ``kolm_pollak_ede``, ``concentration``;
        NaN where it makes no sense or too few people are covered.
    """
    found = _by_group(
        evaluation,
        definitions,
        groups=[group],
        cells=cells,
        districts=districts,
        min_coverage=min_coverage,
    )
    return found[group]


def _by_group(
    evaluation: Evaluation,
    definitions: Iterable[Definition],
    *,
    groups: Iterable[str | None],
    cells: gpd.GeoDataFrame | None,
    districts: gpd.GeoDataFrame,
    min_coverage: float,
) -> dict[str | None, pd.DataFrame]:
    """Measure as `inequality_of` does for several groups; None is everybody."""
    of = {one.id: one for one in definitions}
    rank = _poverty_rank(evaluation, of)
    rows: dict[str | None, dict[str, dict[str, float]]] = {one: {} for one in groups}
    inside, homes = _homes(cells)
    ranked = rank.reindex(districts.index).to_numpy()
    ranked_at_home = rank.reindex(homes.cat.categories).to_numpy().take(homes.cat.codes)
    for key in evaluation.districts.columns:
        one = of[key]
        on_cells = _on_cells(one, evaluation, cells)
        units = inside if on_cells else districts
        value = _values(one, evaluation, units, on_cells=on_cells)
        for group, table in rows.items():
            table[key] = _measures(
                one,
                value,
                base_of(one, units, group=group),
                groups=homes if on_cells else None,
                rank=ranked_at_home if on_cells else ranked,
                min_coverage=min_coverage,
            )
    return {
        group: pd.DataFrame.from_dict(table, orient="index", columns=_MEASURES)
        for group, table in rows.items()
    }


def sampling_of(
    evaluation: Evaluation,
    definitions: Iterable[Definition],
    *,
    measures: pd.DataFrame,
    cells: gpd.GeoDataFrame | None,
    districts: gpd.GeoDataFrame,
    sample: bool,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """
    Tell how far error in the data could have moved the inequality of each indicator.

    Between districts it is measured on draws of their true values. Between
    cells that are a sample, cells are drawn again within each district.

    Parameters
    ----------
    evaluation
        The indicators that could be computed.
    definitions
        The catalogue, with the city's changes.
    measures
        As :func:`inequality_of` gives them.
    cells
        Cells with ``district_id`` and their bases.
    districts
        Districts with their bases.
    sample
        Whether the cells are a sample of all there are.
    draws
        How often cells are drawn.
    seed
        Of these draws.

    Returns
    -------
    sampling
        Index indicator id: ``mean_low``, ``mean_high``, ``gini_low``,
        ``gini_high``, ``absolute_gini_low``, ``absolute_gini_high``: 90 %
        intervals; NaN where the source is a complete count, or the measure is
        not stated.
    """
    rows = {}
    inside, homes = _homes(cells)
    for one in definitions:
        if one.id not in measures.index:
            continue
        on_cells = _on_cells(one, evaluation, cells)
        units = inside if on_cells else districts
        value = _values(one, evaluation, units, on_cells=on_cells)
        weight = base_of(one, units)
        counted = weight.replace(0.0, np.nan).dropna()
        drawn = evaluation.draws.get(one.id)
        told = {name: f for name, f in _SAMPLED.items() if pd.notna(measures.loc[one.id, name])}
        row: dict[str, float] = {}
        for name, measure in told.items():
            if on_cells and sample:
                found = inequality.bootstrap(
                    measure,
                    value[counted.index],
                    population=counted,
                    strata=homes[counted.index],
                    draws=draws,
                    rng=np.random.default_rng(seed),
                    level=LEVEL,
                )
            elif not on_cells and drawn is not None:
                found = inequality.posterior(
                    measure,
                    drawn[counted.index],
                    population=counted,
                    value=value[counted.index],
                    level=LEVEL,
                )
            else:
                continue
            row |= {f"{name}_low": found.low, f"{name}_high": found.high}
        rows[one.id] = row
    columns = [f"{name}_{end}" for name in _SAMPLED for end in ("low", "high")]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.astype(float).reindex(measures.index)


def groups_of(
    evaluation: Evaluation,
    definitions: Iterable[Definition],
    *,
    groups: Iterable[str],
    cells: gpd.GeoDataFrame | None,
    districts: gpd.GeoDataFrame,
    min_coverage: float,
) -> pd.DataFrame:
    """
    Tell every indicator and its inequality for groups of people.

    Parameters
    ----------
    evaluation
        The indicators that could be computed.
    definitions
        The catalogue, with the city's changes.
    groups
        Columns of cells and districts that count a group.
    cells
        Cells with ``district_id`` and the groups.
    districts
        Districts with the groups.
    min_coverage
        Share of the group under which no statistic is stated.

    Returns
    -------
    groups
        Columns ``indicator``, ``group`` and those of :func:`inequality_of`.
    """
    found = _by_group(
        evaluation,
        definitions,
        groups=list(groups),
        cells=cells,
        districts=districts,
        min_coverage=min_coverage,
    )
    frames = [
        table.rename_axis("indicator").reset_index().assign(group=group)
        for group, table in found.items()
    ]
    columns = ["indicator", "group", *_MEASURES]
    return (
        pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)
    )


_SAMPLED: dict[str, Callable[..., float]] = {
    "mean": inequality.mean,
    "gini": inequality.gini,
    "absolute_gini": inequality.absolute_gini,
}
_MEASURES = ["mean", "coverage", *(one for one in inequality.MEASURES if one != "mean")]


def _measures(
    one: Definition,
    value: pd.Series,
    weight: pd.Series,
    *,
    groups: pd.Series | None,
    rank: npt.NDArray[Any],
    min_coverage: float,
) -> dict[str, float]:
    """Compute the measures that make sense for one indicator; all stand in one order."""
    row = dict.fromkeys(_MEASURES, float("nan"))
    values, people = (column.to_numpy(dtype=float) for column in (value, weight))
    lived_in = ~np.isnan(people) & (people != 0)
    if not lived_in.any():
        return row
    known = lived_in & ~np.isnan(values)

    def those(some: npt.NDArray[np.bool_], **columns: Any) -> dict[str, pd.Series]:
        """Cut names once: of a hundred thousand cells they are slow to cut and to look up."""
        index = value.index if some.all() else value.index[some]
        return {name: pd.Series(one[some], index=index) for name, one in columns.items()}

    there = those(lived_in, value=values, population=people)
    row["coverage"] = inequality.coverage(
        there["value"].rename(value.name), population=there["population"]
    )
    if row["coverage"] < min_coverage or not known.any():
        return row
    grouping = {} if groups is None else {"groups": groups.array}
    there = those(known, value=values, population=people, rank=rank, **grouping)
    return row | inequality.measures(
        there.pop("value").rename(value.name),
        **there,
        scale=one.scale,
        epsilon=EPSILON,
        better=one.better,
    )


def _homes(cells: pd.DataFrame | None) -> tuple[pd.DataFrame, pd.Series]:
    """Take the cells that lie in a district, and their districts."""
    if cells is None:
        return pd.DataFrame(), pd.Series(dtype="category")
    inside = cells[cells["district_id"].notna()]
    return inside, inside["district_id"].astype("category")


def _on_cells(one: Definition, evaluation: Evaluation, cells: pd.DataFrame | None) -> bool:
    """Tell whether an indicator is known of cells."""
    return evaluation.levels[one.id] == "cell" and cells is not None


def _values(
    one: Definition, evaluation: Evaluation, units: pd.DataFrame, *, on_cells: bool
) -> pd.Series:
    """Take the values of cells or of districts."""
    table = evaluation.cells if on_cells else evaluation.districts
    return table[one.id].reindex(units.index)


def _poverty_rank(evaluation: Evaluation, of: Mapping[str, Definition]) -> pd.Series:
    """Rank districts by the first stratifier at hand, poorest lowest."""
    for key in evaluation.districts.columns:
        if of[key].role == "stratifier":
            value = evaluation.districts[key]
            return value if of[key].better == "higher" else -value
    return pd.Series(np.nan, index=evaluation.districts.index)


def base_of(one: Definition, units: pd.DataFrame, *, group: str | None = None) -> pd.Series:
    """
    Take the base an indicator weighs by, persons where it is not counted, or nobody.

    Parameters
    ----------
    one
        The indicator.
    units
        Units with their bases.
    group
        Column that counts a group of people, who then stand for everybody.

    Returns
    -------
    base
        On the index of the units; NaN throughout where nothing is counted.
    """
    column = {"persons": "population"}.get(one.base, one.base)
    for name in (column, "population") if group is None else (group,):
        if name in units.columns and units[name].notna().any():
            return units[name]
    return pd.Series(np.nan, index=units.index)


def with_areas(scores: pd.DataFrame, aggregate: composite.Aggregate) -> pd.DataFrame:
    """
    Add the side view by area: the mean of its two pillars.

    Parameters
    ----------
    scores
        Districts x nodes of the tree, 0-100.
    aggregate
        The mean that the index is made with.

    Returns
    -------
    scores
        The same with the five areas; pillars and index NaN where they are not
        in the tree.
    """
    areas = {}
    for area in AREAS:
        columns = [f"{p}.{area}" for p in PILLARS if f"{p}.{area}" in scores.columns]
        pair = scores[columns].to_numpy(dtype=float)
        areas[area] = aggregate(pair, np.ones(len(columns))) if columns else np.nan
    absent = {one: np.nan for one in (*PILLARS, ROOT) if one not in scores.columns}
    return scores.assign(**areas, **absent)


def _ranges(shaken: _Shaken | None, index: pd.Index) -> pd.DataFrame:
    """Put the ends of both intervals side by side."""
    columns = ["rank", *_ENDS, *(f"sampling_{one}" for one in _ENDS), "worst_quarter"]
    table = pd.DataFrame(np.nan, index=index, columns=columns)
    if shaken is None:
        return table
    ends = {"": (shaken.score_choices.scores, shaken.rank_choices.ranks)}
    if shaken.sampling is not None:
        ends["sampling_"] = (shaken.sampling.scores, shaken.sampling.ranks)
    for prefix, (scores, ranks) in ends.items():
        for end in ("low", "high"):
            table[f"{prefix}index_{end}"] = scores[end]
            table[f"{prefix}rank_{end}"] = ranks[end]
    table["rank"] = shaken.rank_choices.ranks["value"]
    table["worst_quarter"] = shaken.worst_quarter
    return table


_ENDS = ("index_low", "index_high", "rank_low", "rank_high")
