"""
What a scenario changes: inequality before and after, errors common to both.

Both studies are drawn from the same states of the world, row by row: what nobody
knows of the city is the same before and after, and cancels. An interval is of the
change alone.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from geoequity import inequality
from geoequity.assessment import Made
from geoequity.errors import DataError
from geoequity.indicators import Definition, Evaluation
from geoequity.judgement import EPSILON, MATERIAL, ROOT, base_of
from geoequity.schema import LEVEL, PILLARS
from geoequity.study import Study
from geoequity.summary import people_of, plain

Measure = Callable[..., float]
Pair = tuple[pd.Series, pd.Series]
_ROUNDING = 1e-9
_EVERYBODY = ""  # the group of all


def effect(before: Study, after: Study) -> dict[str, Any]:
    """
    Compare the study of a city with that of the edited city.

    Parameters
    ----------
    before
        The study that the scenario started from.
    after
        The study of the edited city.

    Returns
    -------
    effect
        ``index``: of the index over people ``mean``, ``gap`` (90th less 10th
        percentile), ``absolute_gini`` (half the mean difference between two
        people), ``gini`` and ``kolm_pollak_ede`` at the baseline's aversion,
        each with ``old``, ``new``, ``change``, ``low`` and
        ``high``, its 90 % interval (null where nothing errs); ``kappa`` of the
        index; ``districts``: the same of the index of each, its pillars, and
        ``type`` with ``old`` and ``new``; ``indicators``: the same of those that
        changed, by group of people, ``""`` for everybody.
    """
    old, new = before.made_of, after.made_of
    people = people_of(after.districts)
    index: Pair = (before.districts[ROOT], after.districts[ROOT])
    known = index[0].notna() & index[1].notna() & (people > 0)
    draws = _paired(old.sampling, new.sampling)
    told: dict[str, Any] = {"index": {}, "kappa": None}
    if known.any():
        here = (index[0][known], index[1][known])
        measures, kappa = _measures_of(here[0], people[known], better="higher", ratio=True)
        told["index"] = _changes(
            measures,
            here,
            people[known],
            draws=None if draws is None else (draws[0].loc[:, known], draws[1].loc[:, known]),
        )
        told["kappa"] = plain(kappa)
    told["districts"] = {
        str(unit): _district(before, after, unit, draws) for unit in after.districts.index
    }
    return told | {"indicators": dict(_indicators(old, new))}


def _paired(old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Take draws that belong together row by row."""
    return (old, new) if len(old) and len(old) == len(new) else None


def _measures_of(
    value: pd.Series, people: pd.Series, *, better: inequality.Better, ratio: bool
) -> tuple[dict[str, Measure], float]:
    """List the measures that make sense, and the aversion of the baseline."""
    measures: dict[str, Measure] = {
        "mean": inequality.mean,
        "gap": partial(inequality.percentile_gap, low=0.1, high=0.9),
    }
    if (value >= 0).all():
        measures["absolute_gini"] = inequality.absolute_gini
        if ratio and value.sum() > 0:
            measures["gini"] = inequality.gini
    kappa = float("nan")
    try:
        kappa = inequality.kolm_pollak_kappa(
            value, population=people, epsilon=EPSILON, better=better
        )
    except DataError:  # the mean is not above 0
        return measures, kappa
    measures["kolm_pollak_ede"] = partial(
        inequality.kolm_pollak_ede, epsilon=EPSILON, better=better, kappa=kappa
    )
    return measures, kappa


def _changes(
    measures: Mapping[str, Measure],
    values: Pair,
    people: pd.Series,
    *,
    draws: tuple[pd.DataFrame, pd.DataFrame] | None,
) -> dict[str, Any]:
    """Measure before and after."""
    told = {}
    for key, measure in measures.items():
        try:
            old, new = (measure(one, population=people) for one in values)
        except DataError:  # such as a Gini of nothing that is left
            continue
        row: dict[str, Any] = _change(old, new)
        if draws is not None:
            found = inequality.posterior_change(
                measure,
                draws[0],
                after=draws[1],
                population=people,
                value=values[0],
                value_after=values[1],
                level=LEVEL,
            )
            row |= _ends(found.low, found.high, new - old)
        told[key] = row
    return told


def _change(old: float, new: float) -> dict[str, Any]:
    """Write what was, what is and the difference."""
    row = {"old": plain(old), "new": plain(new), "change": plain(new - old)}
    return row | {"low": None, "high": None}


def _ends(low: float, high: float, change: float) -> dict[str, Any]:
    """Write an interval; none where it is as wide as rounding."""
    if not high - low > _ROUNDING * max(1.0, abs(change)):
        return {"low": None, "high": None}
    return {"low": plain(low), "high": plain(high)}


def _district(
    before: Study,
    after: Study,
    unit: object,
    draws: tuple[pd.DataFrame, pd.DataFrame] | None,
) -> dict[str, Any]:
    """Tell what becomes of a district."""
    rows = [one.districts.loc[unit] for one in (before, after)]
    told: dict[str, Any] = {
        node: _change(float(rows[0][node]), float(rows[1][node])) for node in (ROOT, *PILLARS)
    }
    if draws is not None and told[ROOT]["change"] is not None:
        moved = (draws[1][unit] - draws[0][unit]).to_numpy(dtype=float)
        if np.isfinite(moved).all():
            low, high = np.quantile(moved, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="weibull")
            told[ROOT] |= _ends(low, high, float(told[ROOT]["change"]))
    basis = [one.summary["types"]["basis"] == MATERIAL for one in (before, after)]
    types = [row["type"] if stated else None for row, stated in zip(rows, basis, strict=True)]
    return told | {"type": dict(zip(("old", "new"), types, strict=True))}


def _indicators(old: Made, new: Made) -> Iterator[tuple[str, Any]]:
    """Tell what becomes of each indicator that changed, for everybody and for groups."""
    groups = old.city.cells.groups if old.city.cells else ()
    for one in new.definitions:
        both = [made.evaluation for made in (old, new)]
        if any(one.id not in made.districts for made in both) or not _differs(one.id, *both):
            continue
        told = {}
        for group in (_EVERYBODY, *groups):
            found = _of_group(one, old, new, group)
            if found:
                told[group] = found
        if told:
            yield one.id, told


def _differs(key: str, old: Evaluation, new: Evaluation) -> bool:
    """Tell whether an indicator is another anywhere."""
    if not old.districts[key].equals(new.districts[key]):
        return True
    return key in old.cells and key in new.cells and not old.cells[key].equals(new.cells[key])


def _of_group(one: Definition, old: Made, new: Made, group: str) -> dict[str, Any]:
    """Measure an indicator before and after, for a group of people."""
    evaluations = [made.evaluation for made in (old, new)]
    at_cells = all(made.levels[one.id] == "cell" for made in evaluations)
    units = new.cells if at_cells and new.cells is not None else new.districts
    of = "cells" if units is new.cells else "districts"
    values = [getattr(made, of)[one.id] for made in evaluations]
    weight = base_of(one, units, group=group or None)
    if of == "cells":
        weight = weight.where(units["district_id"].notna())
    known = values[0].notna() & values[1].notna() & (weight > 0)
    if not known.any():
        return {}
    least = new.city.city.min_coverage
    if float(weight[known].sum()) < least * float(weight[weight > 0].sum()):
        return {}
    people = weight[known]
    measures, _ = _measures_of(
        values[0][known], people, better=one.better, ratio=one.scale == "ratio"
    )
    drawn = None
    if of == "districts" and all(one.id in made.draws for made in evaluations):
        drawn = _paired(*(made.draws[one.id].loc[:, known] for made in evaluations))
    return _changes(measures, (values[0][known], values[1][known]), people, draws=drawn)
