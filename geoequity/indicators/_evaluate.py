"""Compute the indicators whose layers are there, and say why the others are not."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity import confidence
from geoequity._sums import sums_by
from geoequity.confidence import Reason, reason
from geoequity.errors import ConfigError
from geoequity.indicators._catalogue import Definition
from geoequity.indicators._layers import Absent, Layers, TableValues, Value, base_of, is_whole
from geoequity.indicators._measures import MEASURES, OF_COLUMNS
from geoequity.keeping import FORGETFUL, Kept
from geoequity.schema import MODES

_AT_ONCE = 8  # indicators
_OPTIONAL_LAYERS = (
    "streets",
    "network",
    "minutes",
    "metres",
    "counts",
    "homes",
    "supply",
    "reach",
    "sample",
    "routes",
    "centre",
    "heights_m",
)
_OF_SERVICES = ("category", "capacity", "in_hazard")  # beside where they are
_LISTS = ("categories", "modes", "besides", "yes", "no")
_TEXTS = ("tag", "column", "group", "of", "since")


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """
    The indicators that could be computed, and why the others could not.

    Parameters
    ----------
    cells
        Cells x indicators, for those computed at cells.
    districts
        Districts x indicators.
    confidence
        Districts x indicators, 0-1.
    coverage
        Districts x indicators: share of the base that the value speaks of.
    weights
        Districts x indicators: the base each value weighs by; NaN = unknown.
    levels
        Indicator -> ``cell`` or ``district``.
    reasons
        Indicator -> what a reader should know of it.
    absent
        Indicator -> why it could not be computed.
    intervals
        Indicator -> districts x ``low``, ``high``: 90 % sampling interval, for
        those whose source is no complete count.
    draws
        Indicator -> draws x districts: equally likely true values, in the unit
        of the indicator. Row by row they are one state of the world, the same
        for all indicators, which therefore have as many rows each. A district
        is NaN throughout where its value stands as it is.
    """

    cells: pd.DataFrame
    districts: pd.DataFrame
    confidence: pd.DataFrame
    coverage: pd.DataFrame
    weights: pd.DataFrame
    levels: dict[str, str]
    reasons: dict[str, list[Reason]]
    absent: dict[str, Reason]
    intervals: dict[str, pd.DataFrame] = field(default_factory=dict)
    draws: dict[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Computed:
    """What became of one indicator; `absent` says why nothing did."""

    absent: Reason | None = None
    cells: pd.Series | None = None
    districts: pd.Series | None = None
    confidence: pd.Series | None = None
    coverage: pd.Series | None = None
    weights: pd.Series | None = None
    level: str = ""
    reasons: tuple[Reason, ...] = ()
    interval: pd.DataFrame | None = None
    draws: pd.DataFrame | None = None


def needed_places(definitions: Iterable[Definition]) -> set[str]:
    """
    List the places that some indicator walks to.

    Parameters
    ----------
    definitions
        The catalogue.

    Returns
    -------
    places
        Categories of services, and ``stop:<mode>`` for stops.
    """
    return {
        place
        for one in definitions
        if one.measure in MEASURES
        for place in MEASURES[one.measure].places(one)
    }


def needed_distances(definitions: Iterable[Definition]) -> set[str]:
    """
    List the places that some indicator wants within a distance.

    Parameters
    ----------
    definitions
        The catalogue.

    Returns
    -------
    places
        As `needed_places`.
    """
    return needed_places(
        one
        for one in definitions
        if one.measure in MEASURES and "metres" in MEASURES[one.measure].needs
    )


def evaluate(
    definitions: Iterable[Definition],
    layers: Layers,
    *,
    parts: Mapping[str, Layers] | None = None,
    at_homes: dict[str, Value] | None = None,
    kept: Kept = FORGETFUL,
) -> Evaluation:
    """
    Compute every indicator that the layers allow.

    A district's value is the mean over its cells, weighed by the indicator's
    base; cells whose value or base is unknown are left out and lower coverage.

    Parameters
    ----------
    definitions
        The catalogue, with the city's changes.
    layers
        What there is.
    parts
        From :func:`narrowed`, of layers that differ in tables, dice, districts and what
        district each cell lies in at most.
    at_homes
        What was measured at homes, by indicator, of layers that differ likewise: taken
        from there, and put there. Homes are where they were, whatever zone they lie in.
    kept
        What was computed before: indicators of which all is as it was are not
        computed again.

    Returns
    -------
    evaluation
        Values at cells and districts, confidence and reasons.

    Raises
    ------
    ConfigError
        If a definition names no known measure, or lacks one of its parameters.
    DataError
        If a table offers values for units that do not exist, or counts more of
        a kind than there are.
    """
    of = {one.id: one for one in definitions}
    check_measures(of.values())
    units = {"districts": layers.districts, "cells": layers.cells, "dice": layers.dice}
    shared: dict[str, Any] = {}
    found = {} if at_homes is None else at_homes
    index = layers.districts.index
    cell_index = layers.cells.index if layers.cells is not None else pd.Index([], name="unit_id")
    home = pd.Series(dtype=object) if layers.cells is None else layers.cells["district_id"]
    at = index.get_indexer(home)  # -1 outside all of them

    def computed(some: list[str]) -> dict[str, _Computed]:
        narrow = narrowed([of[key] for key in some], layers) if parts is None else parts
        there = {
            key: replace(narrow[key], **units, tables=_tables_of(of[key], layers), shared=shared)
            for key in some
        }

        def measured(key: str) -> Value:
            one = of[key]
            measure = MEASURES[one.measure]
            if "homes" not in measure.needs or measure.zoned:
                return measure.compute(one, there[key])
            if key not in found:
                make = partial(measure.compute, one, narrow[key])
                found[key] = kept.in_memory().once("at homes", make, one, narrow[key])
            return found[key]

        return kept.each(
            "indicators",
            {key: (of[key], there[key]) for key in some},
            lambda which: {
                key: _computed(of[key], there[key], at, partial(measured, key)) for key in which
            },
        )

    # What is narrowed here is narrowed a few at a time: of a metropolis all is half a gigabyte
    keys, step = list(of), _AT_ONCE if parts is None else max(len(of), 1)
    every: dict[str, _Computed] = {}
    for start in range(0, len(keys), step):
        every |= computed(keys[start : start + step])
    made = {key: one for key, one in every.items() if one.absent is None}
    at_cells = {key: one.cells for key, one in made.items() if one.cells is not None}
    tables = {
        name: pd.DataFrame({key: getattr(one, name) for key, one in made.items()}, index=index)
        for name in ("districts", "confidence", "coverage", "weights")
    }
    return Evaluation(
        cells=pd.DataFrame(at_cells, index=cell_index),
        levels={key: one.level for key, one in made.items()},
        reasons={key: list(one.reasons) for key, one in made.items()},
        absent={key: one.absent for key, one in every.items() if one.absent is not None},
        intervals={key: one.interval for key, one in made.items() if one.interval is not None},
        draws={key: one.draws for key, one in made.items() if one.draws is not None},
        **tables,
    )


def _computed(
    one: Definition,
    layers: Layers,
    at: npt.NDArray[np.intp],
    measured: Callable[[], Value],
) -> _Computed:
    """Compute one indicator, or say why it cannot be."""
    cells = None
    walked: tuple[Reason, ...] = ()
    try:
        made = measured()
        weights, swapped = base_of(one, layers, made.level)
        spread = layers.is_spread and made.level == "cell"
        if made.level == "cell":
            cells = made.value
            district, coverage = _aggregate(made, weights, layers, at)
        else:
            district = made.value
            coverage = district.notna().astype(float)
    except Absent as missing:
        return _Computed(absent=missing.why)
    if district.isna().all():
        partly = [why for why in made.reasons if why["id"] == "streets_cover_partly"]
        return _Computed(absent=partly[0] if partly else reason("all_unknown"))
    straight_line: pd.Series | float = made.straight_line
    if made.straight is not None:
        straight_line, why = _off_streets(made.straight, layers)
        walked = (why,)
    return _Computed(
        cells=cells,
        districts=district,
        confidence=confidence.of_districts(
            coverage,
            on_record=made.on_record,
            straight_line=straight_line,
            precise=_precise(one, made.interval),
            spread=spread,
        ),
        coverage=coverage,
        weights=base_of(one, layers, "district")[0],
        level=made.level,
        reasons=(*walked, *made.reasons, *swapped, *((reason("people_spread"),) * spread)),
        interval=made.interval,
        draws=made.draws,
    )


def narrowed(definitions: Iterable[Definition], layers: Layers) -> dict[str, Layers]:
    """
    Leave every indicator nothing but what its measure speaks of.

    Parameters
    ----------
    definitions
        The catalogue, with the city's changes.
    layers
        What there is.

    Returns
    -------
    parts
        By indicator.

    Raises
    ------
    ConfigError
        If a definition names no known measure, or lacks one of its parameters.
    """
    definitions = list(definitions)
    check_measures(definitions)
    none, shared = layers.services.iloc[:0], dict[str, Any]()  # shared by all of these alone
    bare = replace(layers, services=none, stops=layers.stops.iloc[:0], shared=shared)
    asked = layers.services.columns.isin([*_OF_SERVICES, layers.services.geometry.name])
    layers = replace(layers, services=layers.services.loc[:, asked])
    return {one.id: _narrowed(one, layers, bare) for one in definitions}


def _narrowed(one: Definition, layers: Layers, bare: Layers) -> Layers:
    """Leave a measure nothing but what it speaks of."""
    needs = MEASURES[one.measure].needs
    taken: dict[str, object] = {name: None for name in _OPTIONAL_LAYERS if name not in needs}
    taken["tables"] = _tables_of(one, layers)
    places = needed_places([one])
    for name in ("minutes", "metres", "counts"):
        table = getattr(layers, name)
        if name in needs and table is not None:
            # By position, as there are many of them and names are slow to look up
            at = [number for number, place in enumerate(table.columns) if place in places]
            taken[name] = table.iloc[:, at]
    column = one.parameters.get("column")
    if "reach" in needs and layers.reach is not None and column in layers.reach:
        taken["reach"] = layers.reach[[column]]
    if "services" in needs:
        services = layers.services
        taken["services"] = services[services["category"].isin(one.parameters["categories"])]
    if "stops" in needs:
        taken["stops"] = layers.stops
    if not set(needs) & {"streets", "network"}:
        taken |= {"no_streets": None, "tagged": False}
    return replace(bare, **taken)  # type: ignore[arg-type]


def _tables_of(one: Definition, layers: Layers) -> dict[str, TableValues]:
    """Leave a measure the tables that it speaks of."""
    if one.measure not in (*OF_COLUMNS, "table_change"):
        return {}
    asked = {one.id, one.parameters.get("of"), one.parameters.get("since")}
    return {key: it for key, it in layers.tables.items() if key in asked}


def _precise(one: Definition, interval: pd.DataFrame | None) -> pd.Series | None:
    """Rate the sampling interval of an indicator on its own scale."""
    if interval is None or one.goalposts is None:
        return None
    return confidence.precision(interval, goalposts=one.goalposts)


def check_measures(definitions: Iterable[Definition]) -> None:
    """
    Refuse definitions that no measure can compute.

    Parameters
    ----------
    definitions
        The catalogue, with the city's changes.

    Raises
    ------
    ConfigError
        If a definition names no known measure, lacks one of its parameters,
        has one that the measure does not know, or one of the wrong kind.
    """
    faults: list[str] = []
    for one in definitions:
        if one.measure in MEASURES:
            faults += _parameter_faults(one)
        else:
            there = ", ".join(MEASURES)
            faults.append(f"indicators.{one.id}: no measure {one.measure!r}; there are {there}")
    if faults:
        msg = "the catalogue cannot be evaluated"
        raise ConfigError(msg, faults=faults)


def _parameter_faults(one: Definition) -> list[str]:
    """Find what is wrong with the parameters of a definition."""
    needed, optional = MEASURES[one.measure].parameters, MEASURES[one.measure].optional
    where = f"indicators.{one.id}.parameters"
    faults = [f"{where}: lacks {name}" for name in needed if name not in one.parameters]
    for name, value in one.parameters.items():
        if name not in {*needed, *optional}:
            known = ", ".join((*needed, *optional)) or "none"
            faults.append(f"{where}: {one.measure} knows no {name!r}, but {known}")
        elif name in _LISTS:
            parts = value if isinstance(value, list | tuple) else [value, None]
            if not all(isinstance(part, str) for part in parts):
                faults.append(f"{where}.{name}: must be a list of texts")
            elif name in {"modes", "besides"} and not set(value) <= set(MODES):
                faults.append(f"{where}.{name}: modes are {', '.join(MODES)}")
        elif name in _TEXTS:
            if not isinstance(value, str):
                faults.append(f"{where}.{name}: must be a text")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            faults.append(f"{where}.{name}: must be a number above 0")
    return faults


def _aggregate(
    made: Value, weights: pd.Series | None, layers: Layers, at: npt.NDArray[np.intp]
) -> tuple[pd.Series, pd.Series]:
    """Average cells over the people of the district each lies in; tell how many are covered."""
    if weights is None or layers.cells is None or weights.isna().all():
        raise Absent(reason("no_population"))
    # What was counted where nobody lives still belongs to its district
    amount = made.value * weights if made.amount is None else made.amount
    total, people = (
        one.reindex(layers.cells.index).to_numpy(dtype=float, na_value=np.nan)
        for one in (amount, weights)
    )
    known = np.where(np.isnan(total), np.nan, people)
    districts, whole = layers.districts.index, is_whole(layers, "cells_share").to_numpy(dtype=bool)
    total = np.where(np.isnan(people), np.nan, total)
    total, known, people = sums_by(at, [total, known, people], count=len(districts))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(whole & (known > 0), total / known, np.nan)
        coverage = np.where(people > 0, np.where(whole, known / people, 0.0), np.nan)
    return pd.Series(mean, index=districts), pd.Series(coverage, index=districts)


def _off_streets(straight: pd.Series, layers: Layers) -> tuple[pd.Series, Reason]:
    """Average over the people of each district who walks straight, and say so."""
    homes, cells = layers.homes, layers.cells
    assert homes is not None and cells is not None  # noqa: S101, PT018 - they were averaged
    people = cells["population"] if "population" in cells else pd.Series(1.0, index=cells.index)
    share = pd.DataFrame({"straight": straight * people, "all": people})
    share = share.groupby(cells["district_id"]).sum().reindex(layers.districts.index)
    by_district = (share["straight"] / share["all"].where(share["all"] > 0)).fillna(1.0)
    if homes["straight"].all():
        why = reason("straight_line")
    else:
        why = reason(
            "straight_line_partly", share=float(share["straight"].sum() / share["all"].sum())
        )
    return by_district, why
