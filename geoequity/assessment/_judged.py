"""What is judged by the rules of a city file: index, inequality, parts and other borders."""

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from geoequity.assessment._measured import Measured
from geoequity.city import City
from geoequity.drivers import divide, drivers
from geoequity.indicators import Definition, Evaluation
from geoequity.judgement import (
    Judgement,
    Rules,
    base_of,
    groups_of,
    inequality_of,
    judge,
    sampling_of,
)
from geoequity.keeping import Kept
from geoequity.summary import people_of
from geoequity.zoning import Zonings, compare


@dataclass(frozen=True, kw_only=True)
class Judged:
    """
    What was judged of what was measured.

    Parameters
    ----------
    rules
        The choices of the city file.
    judgement
        The index and the types.
    drivers
        What the gap is made of.
    divide
        The parts of the city that its file names; None without.
    measures
        The inequality of every indicator.
    groups
        The same of groups.
    zonings
        What hangs on the borders; None where there are no others.
    """

    rules: Rules
    judgement: Judgement
    drivers: pd.DataFrame
    divide: dict[str, Any] | None
    measures: pd.DataFrame
    groups: pd.DataFrame
    zonings: Zonings | None


def rules_of(city: City) -> Rules:
    """
    Take the choices of a city file.

    Parameters
    ----------
    city
        A checked city file.

    Returns
    -------
    rules
        Of the index and the types.
    """
    return Rules(**dict(city.index), min_covered_share=city.city.min_covered_share)


def judge_all(
    city: City, definitions: list[Definition], measured: Measured, *, kept: Kept
) -> Judged:
    """
    Judge a city by the rules of its file.

    Parameters
    ----------
    city
        A checked city file.
    definitions
        The catalogue, with the city's changes.
    measured
        What was measured of the city.
    kept
        Results that are known, to which those made anew are added.

    Returns
    -------
    judged
        Index, inequality, parts and other borders.
    """
    rules, evaluation, districts = rules_of(city), measured.evaluation, measured.districts
    measures, by_group = _inequality(city, definitions, measured, kept=kept)
    population = people_of(districts)
    judgement = judge(
        evaluation,
        definitions,
        population=population,
        present=measures.index[~(measures["coverage"] < city.city.min_coverage)],
        rules=rules,
        kept=kept.in_memory(),
    )
    zonings = None
    if measured.borders and measured.cells is not None:
        zonings = compare(
            measured.borders,
            cells=measured.cells,
            at_cells=measured.plain.cells,
            definitions=definitions,
            weights=city.index.weights,
            min_coverage=city.city.min_coverage,
            kept=kept,
        )
    return Judged(
        rules=rules,
        judgement=judgement,
        drivers=drivers(judgement, population, rules=rules),
        divide=_divide(city, definitions, measured, judgement, rules),
        measures=measures,
        groups=by_group,
        zonings=zonings,
    )


def _inequality(
    city: City, definitions: list[Definition], measured: Measured, *, kept: Kept
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure the inequality of every indicator, of everybody and of groups."""
    evaluation, cells, districts = measured.evaluation, measured.cells, measured.districts
    units = {"cells": cells, "districts": districts}
    block, of = city.index, {one.id: one for one in definitions}
    least = city.city.min_coverage
    groups = (*city.cells.groups, *city.cells.group_areas) if city.cells else ()
    ranked = [key for key in evaluation.districts if of[key].role == "stratifier"][:1]
    rank = evaluation.districts[ranked[0]] if ranked else None
    sample = city.cells is not None and city.cells.sample

    def those(which: list[str]) -> Evaluation:
        """Leave a few indicators, and the one by which districts are ranked."""
        some = evaluation.districts[list(dict.fromkeys([*ranked, *which]))]
        return replace(evaluation, districts=some)

    values = {
        key: (
            of[key],
            rank,
            evaluation.districts[key],
            evaluation.cells[key] if evaluation.levels[key] == "cell" else None,
            cells,
            districts,
            least,
        )
        for key in evaluation.districts
    }
    rows = kept.each(
        "inequality",
        values,
        lambda which: dict(
            inequality_of(those(which), definitions, min_coverage=least, **units)
            .loc[which]
            .iterrows()
        ),
    )
    blank = inequality_of(those([]), definitions, min_coverage=least, **units)
    measures = pd.DataFrame.from_dict(rows, orient="index", columns=blank.columns)
    drawn = {
        key: (*one, measures.loc[key], evaluation.draws.get(key), sample, block.draws, block.seed)
        for key, one in values.items()
    }
    rows = kept.each(
        "sampling",
        drawn,
        lambda which: dict(
            sampling_of(
                those(which),
                definitions,
                measures=measures.loc[which],
                sample=sample,
                draws=block.draws,
                seed=block.seed,
                **units,
            ).iterrows()
        ),
    )
    ends = sampling_of(
        those([]),
        definitions,
        measures=measures.iloc[:0],
        sample=sample,
        draws=block.draws,
        seed=block.seed,
        **units,
    )
    measures = measures.join(pd.DataFrame.from_dict(rows, orient="index", columns=ends.columns))

    def of_groups(which: list[str]) -> dict[str, pd.DataFrame]:
        """Measure for the groups, indicator by indicator."""
        table = groups_of(those(which), definitions, groups=groups, min_coverage=least, **units)
        return {key: table[table["indicator"] == key] for key in which}

    if not groups or not values:
        none = groups_of(those([]), definitions, groups=(), min_coverage=least, **units)
        return measures, none
    listed = kept.each("groups", {key: (*one, groups) for key, one in values.items()}, of_groups)
    by_group = pd.concat(listed.values(), ignore_index=True)
    order = by_group["group"].map({one: at for at, one in enumerate(groups)})
    by_group = by_group.iloc[order.argsort(kind="stable")].reset_index(drop=True)
    return measures, by_group


def _divide(
    city: City,
    definitions: list[Definition],
    measured: Measured,
    judgement: Judgement,
    rules: Rules,
) -> dict[str, Any] | None:
    """Compare the parts of the city that its file names."""
    parts = city.question.parts if city.question else {}
    of = {one.id: one for one in definitions}
    values, districts = measured.evaluation.districts, measured.districts
    made = divide(
        judgement,
        people_of(districts),
        rules=rules,
        parts={key: one.districts for key, one in parts.items()},
        values=values,
        bases=pd.DataFrame({one: base_of(of[one], districts) for one in values.columns}),
    )
    if made is not None:
        for key, one in made["parts"].items():
            one["label"] = dict(parts[key].label)
    return made
