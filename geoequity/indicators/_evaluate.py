"""Compute the indicators whose layers are there, and say why the others are not."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from shapely import Point

from geoequity import confidence
from geoequity._sums import sums_by
from geoequity.confidence import Reason, reason
from geoequity.errors import ConfigError, DataError, shown
from geoequity.indicators._catalogue import Definition
from geoequity.keeping import FORGETFUL, Kept
from geoequity.measures import provision, proximity, streetscape
from geoequity.measures.sampled import Sample, mean_of_sample
from geoequity.schema import HIGH_CAPACITY_MODES, MODES
from geoequity.streets import StreetNetwork
from geoequity.units import district_of, means

OF_COLUMNS = ("table", "table_per_km2")  # measures that take a column of a table
BASE_COLUMN = {"persons": "population"}  # the other bases are columns of their own name
STOP_PREFIX = "stop:"  # of the stops of a mode among the places people walk to
_OF_SAMPLE = 3  # a stream of random numbers
SAFE_SUFFIX = "@safe"  # of the services of a category that lie outside the hazard zone


@dataclass(frozen=True, kw_only=True)
class TableValues:
    """
    A column that a table offers for an indicator.

    Parameters
    ----------
    value
        On the index of the units it speaks of; NaN = unknown.
    level
        ``cell`` or ``district``.
    is_count
        Whether it has to be divided by the base.
    source
        File to name where the column is at fault.
    interval
        ``low`` and ``high`` of a 90 % sampling interval, for districts; None
        where the source is a complete count.
    draws
        Draws x districts: equally likely true values, from which the interval
        is; NaN where the value stands as it is. None likewise.
    on_record
        Share of what it speaks of that was measured at all [0-1].
    reasons
        What a reader should know of it.
    """

    value: pd.Series
    level: str
    is_count: bool
    source: str = "table"
    interval: pd.DataFrame | None = None
    draws: pd.DataFrame | None = None
    on_record: pd.Series | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Layers:
    """
    Everything indicators are computed from, in one metric CRS.

    Parameters
    ----------
    districts
        Districts with their bases; where known, ``cells_share`` and
        ``streets_share`` (0-1): how much of a district its cells cover, and
        the streets.
    min_covered_share
        Share of a district under which what speaks of part of it is not told
        as if it spoke of all.
    cells
        Cells with ``district_id`` and their bases; None without cells.
    services
        All services.
    stops
        All stops.
    streets
        Street edges; None where the city has none.
    tagged
        Whether the streets carry the tags of OpenStreetMap.
    network
        The walking network; None without streets.
    minutes
        Homes x places: minutes on foot to the nearest; None without cells.
    metres
        Homes x places: the way to the nearest [m], for those in
        `needed_distances`.
    counts
        Homes x places: how many are within 15 minutes on foot; NaN where
        distances were measured without streets.
    homes
        On the same index: ``cell_id``, ``share`` of the cell's people, and
        ``straight``, whether distances were measured without streets.
    supply
        Homes by what public transport runs near them, and ``known_share`` of
        the routes of which that is known, with one of its own for some bands of
        time (``night_known_share``); None where it is known of none.
    reach
        Cells by what public transport leads to; None without a timetable.
    sample
        The cells at which that is known, if not at all of them; it is then told by
        district.
    dice
        How many draws of what a sample leaves open, and their seed.
    no_streets
        Why there are no streets, if there is more to say than that.
    tables
        Columns of tables by indicator id.
    routes
        Lines of routes with ``mode``; None without any.
    centre
        The centre of the city; None where nobody names it.
    heights_m
        Height of the ground [m] at ``homes`` and at ``stops``, on their indexes;
        None without elevation, or where no indicator asks for it.
    is_spread
        Whether the people of districts were spread over the cells, in which
        nobody counted them.
    lengths
        How much of each street lies in each district, once it was measured:
        filled on the way, since several indicators ask for it.
    """

    districts: gpd.GeoDataFrame
    min_covered_share: float
    cells: gpd.GeoDataFrame | None
    services: gpd.GeoDataFrame
    stops: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame | None
    tagged: bool
    network: StreetNetwork | None
    minutes: pd.DataFrame | None
    metres: pd.DataFrame | None
    counts: pd.DataFrame | None
    homes: pd.DataFrame | None
    supply: pd.DataFrame | None = None
    reach: pd.DataFrame | None = None
    sample: Sample | None = None
    dice: tuple[int, int] = (1000, 0)
    no_streets: Reason | None = None
    tables: Mapping[str, TableValues] = field(default_factory=dict)
    routes: gpd.GeoDataFrame | None = None
    centre: Point | None = None
    heights_m: Mapping[str, pd.Series] | None = None
    is_spread: bool = False
    lengths: dict[str, pd.DataFrame] = field(default_factory=dict, compare=False, repr=False)


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


class _Absent(Exception):  # noqa: N818 - control flow within this module, not a fault
    """A layer an indicator needs is not there."""

    def __init__(self, why: Reason) -> None:
        self.why = why
        super().__init__(why["id"])


@dataclass(frozen=True, kw_only=True)
class _Value:
    """What a measure found: values at cells or districts, and how sure."""

    value: pd.Series
    level: str
    amount: pd.Series | None = None  # of a rate: what is divided by the base
    on_record: pd.Series | None = None
    interval: pd.DataFrame | None = None
    draws: pd.DataFrame | None = None
    straight: pd.Series | None = None  # share of the homes of each cell that walks straight
    straight_line: float = 0.0  # share of everybody who does
    reasons: tuple[Reason, ...] = ()


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
    places: set[str] = set()
    for one in definitions:
        if one.measure in _TO_CATEGORIES:
            places |= set(one.parameters["categories"])
        elif one.measure == "safe_walk_min":
            places |= {f"{category}{SAFE_SUFFIX}" for category in one.parameters["categories"]}
        elif one.measure in {"stop_walk_min", "stops_within_share"}:
            modes = (*one.parameters["modes"], *one.parameters.get("besides", ()))
            places |= {f"{STOP_PREFIX}{mode}" for mode in modes}
        elif one.measure == "transit_share":
            places |= {f"{STOP_PREFIX}{mode}" for mode in MODES}
    return places


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
    return needed_places(one for one in definitions if one.measure in _BY_DISTANCE)


def evaluate(
    definitions: Iterable[Definition],
    layers: Layers,
    *,
    parts: Mapping[str, Layers] | None = None,
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
    lengths: dict[str, pd.DataFrame] = {}
    index = layers.districts.index
    cell_index = layers.cells.index if layers.cells is not None else pd.Index([], name="unit_id")
    home = pd.Series(dtype=object) if layers.cells is None else layers.cells["district_id"]
    at = index.get_indexer(home)  # -1 outside all of them

    def computed(some: list[str]) -> dict[str, _Computed]:
        narrow = narrowed([of[key] for key in some], layers) if parts is None else parts
        there = {
            key: replace(narrow[key], **units, tables=_tables_of(of[key], layers), lengths=lengths)
            for key in some
        }

        def measured(key: str) -> _Value:
            one = of[key]
            measure = partial(_MEASURES[one.measure], one)
            if one.measure not in _OF_HOMES:
                return measure(there[key])
            # In other zones homes are where they were
            at_homes = partial(measure, narrow[key])
            return kept.in_memory().once("at homes", at_homes, one, narrow[key])

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
    measured: Callable[[], _Value],
) -> _Computed:
    """Compute one indicator, or say why it cannot be."""
    cells = None
    walked: tuple[Reason, ...] = ()
    try:
        made = measured()
        weights, swapped = _weights(one, layers, made.level)
        spread = layers.is_spread and made.level == "cell"
        if made.level == "cell":
            cells = made.value
            district, coverage = _aggregate(made, weights, layers, at)
        else:
            district = made.value
            coverage = district.notna().astype(float)
    except _Absent as missing:
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
        weights=_weights(one, layers, "district")[0],
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
    bare = replace(layers, services=layers.services.iloc[:0], stops=layers.stops.iloc[:0])
    asked = layers.services.columns.isin([*_OF_SERVICES, layers.services.geometry.name])
    layers = replace(layers, services=layers.services.loc[:, asked])
    return {one.id: _narrowed(one, layers, bare) for one in definitions}


def _narrowed(one: Definition, layers: Layers, bare: Layers) -> Layers:
    """Leave a measure nothing but what it speaks of."""
    needs = _NEEDS[one.measure]
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
        if one.measure in _MEASURES:
            faults += _parameter_faults(one)
        else:
            there = ", ".join(_MEASURES)
            faults.append(f"indicators.{one.id}: no measure {one.measure!r}; there are {there}")
    if faults:
        msg = "the catalogue cannot be evaluated"
        raise ConfigError(msg, faults=faults)


def _parameter_faults(one: Definition) -> list[str]:
    """Find what is wrong with the parameters of a definition."""
    needed, optional = _PARAMETERS.get(one.measure, ()), _OPTIONAL.get(one.measure, ())
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


def _weights(
    one: Definition, layers: Layers, level: str
) -> tuple[pd.Series | None, tuple[Reason, ...]]:
    """Take the base an indicator weighs by; persons where the city does not count it."""
    units = layers.cells if level == "cell" else layers.districts
    if units is None:
        return None, ()
    column = BASE_COLUMN.get(one.base, one.base)
    if column in units.columns and units[column].notna().any():
        return units[column], ()
    if "population" in units.columns and units["population"].notna().any():
        return units["population"], (reason("base_persons", base=one.base),)
    return pd.Series(float("nan"), index=units.index), ()


def _aggregate(
    made: _Value, weights: pd.Series | None, layers: Layers, at: npt.NDArray[np.intp]
) -> tuple[pd.Series, pd.Series]:
    """Average cells over the people of the district each lies in; tell how many are covered."""
    if weights is None or layers.cells is None or weights.isna().all():
        raise _Absent(reason("no_population"))
    # What was counted where nobody lives still belongs to its district
    amount = made.value * weights if made.amount is None else made.amount
    total, people = (
        one.reindex(layers.cells.index).to_numpy(dtype=float, na_value=np.nan)
        for one in (amount, weights)
    )
    known = np.where(np.isnan(total), np.nan, people)
    districts, whole = layers.districts.index, _is_whole(layers, "cells_share").to_numpy(dtype=bool)
    total = np.where(np.isnan(people), np.nan, total)
    total, known, people = sums_by(at, [total, known, people], count=len(districts))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(whole & (known > 0), total / known, np.nan)
        coverage = np.where(people > 0, np.where(whole, known / people, 0.0), np.nan)
    return pd.Series(mean, index=districts), pd.Series(coverage, index=districts)


def _is_whole(layers: Layers, column: str) -> pd.Series:
    """Tell which districts a layer covers enough of."""
    share = layers.districts.get(column)
    if share is None:
        return pd.Series(True, index=layers.districts.index)  # noqa: FBT003 - a column of yes
    return share >= layers.min_covered_share


def _walked(
    one: Definition, layers: Layers, places: list[str], *, by_distance: bool = False
) -> pd.Series:
    """Take the minutes, or metres, to the nearest of some places."""
    table = layers.metres if by_distance else layers.minutes
    if table is None:
        raise _Absent(reason("no_cells"))
    there = [place for place in places if place in table.columns]
    if not there:
        key = "no_stops" if one.measure in _TO_STOPS else "no_services"
        raise _Absent(reason(key, categories=shown(one.parameters.get("categories", []))))
    return proximity.nearest(table, categories=there)


def _at_cells(values: pd.Series, layers: Layers) -> _Value:
    """Average homes over cells, and note which walks were measured straight."""
    homes, cells = layers.homes, layers.cells
    if homes is None or cells is None:
        raise _Absent(reason("no_cells"))
    value = proximity.over_homes(values, homes=homes, cells=cells.index)
    straight = None
    if homes["straight"].any():
        straight = proximity.over_homes(
            homes["straight"].astype(float), homes=homes, cells=cells.index
        )
    return _Value(value=value, level="cell", straight=straight)


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


def _walk_min(one: Definition, layers: Layers) -> _Value:
    """Minutes to the nearest service."""
    return _at_cells(_walked(one, layers, list(one.parameters["categories"])), layers)


def _safe_walk_min(one: Definition, layers: Layers) -> _Value:
    """Minutes to the nearest service outside the hazard zone."""
    _of_categories(one, layers)  # without any of the kind, a hazard is not what is missing first
    if "in_hazard" not in layers.services.columns:
        raise _Absent(reason("no_hazard"))
    places = [f"{category}{SAFE_SUFFIX}" for category in one.parameters["categories"]]
    return _at_cells(_walked(one, layers, places), layers)


def _services_exposed_share(one: Definition, layers: Layers) -> _Value:
    """Share of the services of a district that lie in the hazard zone."""
    if "in_hazard" not in layers.services.columns:
        raise _Absent(reason("no_hazard"))
    services = _of_categories(one, layers)
    where = district_of(services.geometry.representative_point(), layers.districts)
    table = provision.known_share(
        services["in_hazard"],
        where,
        index=layers.districts.index,
        min_known_share=one.parameters["min_known_share"],
    )
    return _recorded(table)


def _stop_walk_min(one: Definition, layers: Layers) -> _Value:
    """Minutes to the nearest stop of some modes."""
    places = [f"{STOP_PREFIX}{mode}" for mode in one.parameters["modes"]]
    return _at_cells(_walked(one, layers, places), layers)


def _services_share(one: Definition, layers: Layers) -> _Value:
    """Share of people with a service within a distance."""
    metres = _walked(one, layers, list(one.parameters["categories"]), by_distance=True)
    return _at_cells(proximity.within(metres, limit=one.parameters["within_m"]), layers)


def _transit_share(one: Definition, layers: Layers) -> _Value:
    """SDG 11.2.1: near a stop, the limit depending on its capacity."""
    high = [f"{STOP_PREFIX}{mode}" for mode in HIGH_CAPACITY_MODES]
    low = [f"{STOP_PREFIX}{mode}" for mode in MODES if mode not in HIGH_CAPACITY_MODES]
    shares = []
    for places, limit in ((low, one.parameters["low_m"]), (high, one.parameters["high_m"])):
        if layers.metres is not None and any(p in layers.metres.columns for p in places):
            metres = _walked(one, layers, places, by_distance=True)
            shares.append(proximity.within(metres, limit=limit))
    if not shares:
        return _at_cells(_walked(one, layers, [*low, *high]), layers)  # raises the reason
    return _at_cells(pd.concat(shares, axis=1).max(axis=1), layers)


def _stops_within_share(one: Definition, layers: Layers) -> _Value:
    """Share of people with a stop of some modes within a distance, and none of others."""
    limit = one.parameters["within_m"]
    places = [f"{STOP_PREFIX}{mode}" for mode in one.parameters["modes"]]
    near = proximity.within(_walked(one, layers, places, by_distance=True), limit=limit)
    others = [f"{STOP_PREFIX}{mode}" for mode in one.parameters.get("besides", ())]
    if layers.metres is not None and any(place in layers.metres for place in others):
        metres = _walked(one, layers, others, by_distance=True)
        near = near * (1.0 - proximity.within(metres, limit=limit))
    return _at_cells(near, layers)


def _stop_slope_share(one: Definition, layers: Layers) -> _Value:
    """Rise between home and the nearest stop, over the way between them."""
    if layers.homes is None:
        raise _Absent(reason("no_cells"))
    if layers.heights_m is None:
        raise _Absent(reason("no_elevation"))
    stops = layers.stops[layers.stops["mode"].isin(one.parameters["modes"])]
    if stops.empty:
        raise _Absent(reason("no_stops", categories=""))
    rise = proximity.rise(
        layers.homes.geometry,
        stops.geometry,
        from_m=layers.heights_m["homes"],
        to_m=layers.heights_m["stops"].reindex(stops.index),
    )
    return _at_cells(rise, layers)


def _routes_within_share(one: Definition, layers: Layers) -> _Value:
    """Share of people within a distance of the line of a route."""
    if layers.homes is None:
        raise _Absent(reason("no_cells"))
    routes = layers.routes
    lines = None if routes is None else routes[routes["mode"].isin(one.parameters["modes"])]
    if lines is None or lines.empty or not lines.geometry.notna().any():
        raise _Absent(reason("no_lines"))
    limit = one.parameters["within_m"]
    near = proximity.near_lines(layers.homes.geometry, lines.geometry.dropna(), within_m=limit)
    made = _at_cells(near, layers)
    return replace(made, reasons=(*made.reasons, reason("lines_passed")))


def _centre_km(_: Definition, layers: Layers) -> _Value:
    """Distance to the centre, from where people live or, where nobody knows, from the districts."""
    if layers.centre is None:
        raise _Absent(reason("no_centre"))
    cells = layers.cells
    lived_in = cells is not None and "population" in cells and cells["population"].sum() > 0
    units = cells if cells is not None and lived_in else layers.districts
    km = units.representative_point().distance(layers.centre) / 1000
    return _Value(value=km, level="cell" if lived_in else "district")


def _stops_per_km2(one: Definition, layers: Layers) -> _Value:
    """Count stops, or those of some modes, against the land of a district."""
    modes = one.parameters.get("modes", MODES)
    stops = layers.stops[layers.stops["mode"].isin(modes)]
    if stops.empty:
        raise _Absent(reason("no_stops", categories=""))
    return _Value(value=_per_km2(stops, layers), level="district")


def _services_per_km2(one: Definition, layers: Layers) -> _Value:
    """Services of a district against its land."""
    return _Value(value=_per_km2(_of_categories(one, layers), layers), level="district")


def _per_km2(places: gpd.GeoDataFrame, layers: Layers) -> pd.Series:
    """Count places by square kilometre."""
    where = district_of(places.geometry.representative_point(), layers.districts)
    count = where.value_counts().reindex(layers.districts.index, fill_value=0)
    return count / (layers.districts["area_m2"] / 1e6)


def _table_change(one: Definition, layers: Layers) -> _Value:
    """How much the column of one table is above that of another."""
    both = [layers.tables.get(one.parameters[side]) for side in ("of", "since")]
    if any(side is None for side in both):
        raise _Absent(reason("no_table"))
    later, earlier = (side for side in both if side is not None)
    if later.level != earlier.level:
        msg = f"indicators.{one.id}: {later.level}s cannot be set against {earlier.level}s"
        raise DataError(msg)
    per = one.parameters.get("per", 1)
    return _Value(value=per * (later.value - earlier.value), level=later.level)


def _table_per_km2(one: Definition, layers: Layers) -> _Value:
    """Take a column of counts by district against its land, where nobody counted residents."""
    if one.id not in layers.tables:
        raise _Absent(reason("no_table"))
    given = layers.tables[one.id]
    if given.level != "district" or not given.value.index.equals(layers.districts.index):
        raise _Absent(reason("no_table"))  # of other borders
    return _Value(value=given.value / (layers.districts["area_m2"] / 1e6), level="district")


def _supply_near(one: Definition, layers: Layers) -> _Value:
    """Public transport near home."""
    column = one.parameters["column"]
    if layers.cells is None:
        raise _Absent(reason("no_cells"))
    if layers.supply is None or column not in layers.supply:
        raise _Absent(reason("no_timetable"))
    of_band = f"{column.removesuffix('_per_hour')}_known_share"
    known = layers.supply.get(of_band, layers.supply["known_share"])
    known = known.fillna(1.0)  # where there is no stop, nothing is unknown
    enough = known >= one.parameters["min_known_share"]
    made = _at_cells(layers.supply[column].where(enough), layers)
    if not (known < 1).any():
        return made
    whole, told = _over_people(_at_cells(known, layers).value, layers)
    why = reason("headways_known", share=whole)
    return replace(made, on_record=told.fillna(0.0), reasons=(*made.reasons, why))


def _transit_reach(one: Definition, layers: Layers) -> _Value:
    """Reach by public transport."""
    column = one.parameters["column"]
    if layers.cells is None:
        raise _Absent(reason("no_cells"))
    if layers.reach is None:
        raise _Absent(reason("no_timetable"))
    if layers.reach.columns.empty:
        raise _Absent(reason("no_population"))
    if column not in layers.reach:
        raise _Absent(reason("no_goals"))
    straight = layers.network is None
    why = (reason("straight_line"),) if straight else ()
    if layers.sample is not None:
        made = _of_sample(layers.reach[column], layers.sample, layers)
        return replace(made, straight_line=float(straight), reasons=(*made.reasons, *why))
    value = layers.reach[column]
    return _Value(value=value, level="cell", straight_line=float(straight), reasons=why)


def _of_sample(value: pd.Series, sample: Sample, layers: Layers) -> _Value:
    """Estimate the mean of districts from a sample of their cells."""
    assert layers.cells is not None  # noqa: S101 - a sample is drawn of them
    draws, seed = layers.dice
    district = layers.cells["district_id"].reindex(sample.stands_for.index)  # or another zone
    told = mean_of_sample(
        value,
        sample=replace(sample, district=district),
        districts=layers.districts.index,
        draws=draws,
        rng=np.random.default_rng([seed, _OF_SAMPLE]),
    )
    why = reason("cells_sampled", count=len(sample.stands_for), all=sample.cells)
    return _Value(
        value=told.value,
        level="district",
        on_record=told.known_share,
        interval=told.interval,
        draws=told.draws,
        reasons=(why,),
    )


def _over_people(values: pd.Series, layers: Layers) -> tuple[float, pd.Series]:
    """Average cells over the people of all districts, and of each."""
    cells = layers.cells
    if cells is None:
        raise _Absent(reason("no_cells"))
    people = cells["population"] if "population" in cells else pd.Series(1.0, index=cells.index)
    districts = layers.districts.index
    return means(values, weight=people, district=cells["district_id"], districts=districts)


def _of_categories(one: Definition, layers: Layers) -> gpd.GeoDataFrame:
    """Take the services of an indicator's categories."""
    wanted = list(one.parameters["categories"])
    services = layers.services[layers.services["category"].isin(wanted)]
    if services.empty:
        raise _Absent(reason("no_services", categories=shown(wanted)))
    return services


def _people(one: Definition, layers: Layers) -> pd.Series:
    """Take the base of an indicator in each district."""
    base, _ = _weights(one, layers, "district")
    if base is None or base.isna().all():
        raise _Absent(reason("no_population"))
    return base.where(_is_whole(layers, "cells_share"))


def _services_per(one: Definition, layers: Layers) -> _Value:
    """Services of a district against its people."""
    services, people = _of_categories(one, layers), _people(one, layers)
    per = one.parameters["per"]
    values = provision.services_per(services, layers.districts, base=people, per=per)
    return _Value(value=values, level="district")


def _places_per(one: Definition, layers: Layers) -> _Value:
    """Places of services against the group of people they are for."""
    services, group = _of_categories(one, layers), one.parameters["group"]
    people = layers.districts.get(group)
    if people is None or people.isna().all():
        raise _Absent(reason("no_group", groups=group))
    if services["capacity"].isna().all():
        raise _Absent(reason("none_mapped", feature="capacity"))
    table = provision.places_per(
        services,
        layers.districts,
        people=people.where(_is_whole(layers, "cells_share")),
        min_known_share=one.parameters["min_known_share"],
    )
    known = table["known_share"]
    why = (reason("capacity_known", share=float(known.mean())),) if (known < 1).any() else ()
    return _Value(value=table["value"], level="district", on_record=known, reasons=why)


def _area_per_person(one: Definition, layers: Layers) -> _Value:
    """Land of a kind against people."""
    services, people = _of_categories(one, layers), _people(one, layers)
    if not services.geom_type.isin(["Polygon", "MultiPolygon"]).any():
        raise _Absent(reason("none_mapped", feature="area"))
    values = provision.area_per_person(services, layers.districts, population=people)
    return _Value(value=values, level="district")


def _tagged_streets(layers: Layers) -> gpd.GeoDataFrame:
    """Take the streets, if they carry tags."""
    if layers.streets is None:
        raise _Absent(layers.no_streets or reason("no_streets"))
    if not layers.tagged:
        raise _Absent(reason("no_street_tags"))
    return layers.streets


def _lengths(streets: gpd.GeoDataFrame, layers: Layers, *, of: str) -> pd.DataFrame:
    """Measure how much of each street lies in each district, once for all that ask."""
    if of not in layers.lengths:
        layers.lengths[of] = streetscape.street_lengths(streets, layers.districts)
    return layers.lengths[of]


def _street_share(one: Definition, layers: Layers) -> _Value:
    """Share of street length with a feature."""
    streets = _tagged_streets(layers)
    parameters = one.parameters
    table = streetscape.tagged_share(
        _lengths(streets, layers, of="streets"),
        streets[parameters["tag"]],
        yes=tuple(parameters["yes"]),
        no=tuple(parameters["no"]),
        index=layers.districts.index,
        min_known_share=parameters["min_known_share"],
    )
    made, rest = _recorded(table), _of_streets(table["share"], layers)
    return replace(made, value=rest.value, reasons=(*made.reasons, *rest.reasons))


def _recorded(table: pd.DataFrame) -> _Value:
    """Note how much is on record."""
    low = table["known_share"].fillna(0).mean()
    why = (reason("on_record", share=float(low)),)
    return _Value(
        value=table["share"], level="district", on_record=table["known_share"], reasons=why
    )


def _street_length_per_km2(one: Definition, layers: Layers) -> _Value:
    """Kilometres of a kind of street per square kilometre."""
    streets = _tagged_streets(layers)
    chosen = streets[one.parameters["tag"]].fillna(value=False).astype(bool)
    if not chosen.any():
        raise _Absent(reason("none_mapped", feature=one.parameters["tag"]))
    lengths = _lengths(streets, layers, of="streets")
    area = layers.districts["area_m2"]
    values = streetscape.length_per_km2(lengths, chosen, area_m2=area)
    return _of_streets(values, layers)


def _streets(layers: Layers) -> StreetNetwork:
    """Take the walking network."""
    if layers.network is None:
        raise _Absent(layers.no_streets or reason("no_streets"))
    return layers.network


def _of_streets(values: pd.Series, layers: Layers) -> _Value:
    """State what streets say of the districts that they cover."""
    whole = _is_whole(layers, "streets_share")
    why = () if whole.all() else (reason("streets_cover_partly", count=int((~whole).sum())),)
    return _Value(value=values.where(whole), level="district", reasons=why)


def _intersections_per_km2(_: Definition, layers: Layers) -> _Value:
    """Mesh of the walking network."""
    values = streetscape.intersections_per_km2(_streets(layers).intersections(), layers.districts)
    return _of_streets(values, layers)


def _dead_end_share(_: Definition, layers: Layers) -> _Value:
    """Share of the nodes of the network at which one can but turn round."""
    network = _streets(layers)
    values = streetscape.dead_end_share(
        network.dead_ends(), layers.districts, intersections=network.intersections()
    )
    return _of_streets(values, layers)


def _street_km_per_km2(_: Definition, layers: Layers) -> _Value:
    """Length of walkable street against area."""
    lengths = _lengths(_streets(layers).edges, layers, of="network")
    every = pd.Series(True, index=_streets(layers).edges.index)  # noqa: FBT003 - a column of yes
    values = streetscape.length_per_km2(lengths, every, area_m2=layers.districts["area_m2"])
    return _of_streets(values, layers)


def _steps_share(_: Definition, layers: Layers) -> _Value:
    """Share of the length of the network that is steps."""
    edges = _streets(layers).edges
    if not layers.tagged:
        raise _Absent(reason("no_street_tags"))
    values = streetscape.share_of_length(
        _lengths(edges, layers, of="network"),
        edges["highway"].eq("steps").astype(float),
        index=layers.districts.index,
    )
    return _of_streets(values, layers)


def _slope_penalty_share(_: Definition, layers: Layers) -> _Value:
    """Time that slopes add to a walk there and back."""
    network = _streets(layers)
    added = network.slope_penalty()
    if added is None:
        raise _Absent(reason("no_elevation"))
    values = streetscape.share_of_length(
        _lengths(network.edges, layers, of="network"),
        added,
        index=layers.districts.index,
    )
    return _of_streets(values, layers)


def _services_15min_count(one: Definition, layers: Layers) -> _Value:
    """Services of some kinds within 15 minutes."""
    if layers.counts is None:
        raise _Absent(reason("no_cells"))
    wanted = one.parameters["categories"]
    there = [place for place in wanted if place in layers.counts.columns]
    if not there:
        raise _Absent(reason("no_services", categories=shown(wanted)))
    return _at_cells(layers.counts[there].sum(axis=1, min_count=1), layers)


def _reached_15min_share(one: Definition, layers: Layers) -> _Value:
    """Share of the kinds of service within 15 minutes, among those the city has."""
    if layers.minutes is None:
        raise _Absent(reason("no_cells"))
    wanted = one.parameters["categories"]
    there = [place for place in wanted if place in layers.minutes.columns]
    if len(there) < one.parameters["min_kinds"]:
        raise _Absent(reason("few_kinds", found=len(there), needed=one.parameters["min_kinds"]))
    limit = one.parameters["within_min"]
    within = [proximity.within(layers.minutes[place], limit=limit) for place in there]
    made = _at_cells(pd.concat(within, axis=1).mean(axis=1), layers)
    absent = [place for place in wanted if place not in there]
    if not absent:
        return made
    return replace(made, reasons=(*made.reasons, reason("kinds_absent", categories=shown(absent))))


def _stop_share(one: Definition, layers: Layers) -> _Value:
    """Share of stops with a feature."""
    column = one.parameters["column"]
    if layers.stops.empty:
        raise _Absent(reason("no_stops", categories=""))
    if column not in layers.stops.columns or layers.stops[column].isna().all():
        raise _Absent(reason("none_mapped", feature=column))
    where = district_of(layers.stops.geometry, layers.districts)
    table = provision.known_share(
        layers.stops[column],
        where,
        index=layers.districts.index,
        min_known_share=one.parameters["min_known_share"],
    )
    return _recorded(table)


def _table(one: Definition, layers: Layers) -> _Value:
    """Take a column of a table."""
    if one.id not in layers.tables:
        raise _Absent(reason("no_hazard" if "hazard" in one.needs else "no_table"))
    given = layers.tables[one.id]
    units = layers.cells if given.level == "cell" else layers.districts
    if units is None or not given.value.index.equals(units.index):
        msg = f"{given.source}: {one.id}: it speaks of other units than the {given.level}s"
        raise DataError(msg)
    if not given.is_count:
        return _Value(
            value=given.value,
            level=given.level,
            on_record=given.on_record,
            interval=given.interval,
            draws=given.draws,
            reasons=given.reasons,
        )
    base, _ = _weights(one, layers, given.level)
    if base is None or base.isna().all():
        raise _Absent(reason("no_population"))
    amount = one.parameters.get("per", 1) * given.value
    over = (one.scale == "share") & (amount > base)
    if over.any():
        ids = over.index[over]
        msg = f"{given.source}: the count for {one.id} is over its base for {shown(ids)}"
        raise DataError(msg, ids=ids)
    return _Value(value=amount / base.where(base > 0), level=given.level, amount=amount)


_MEASURES: dict[str, Callable[[Definition, Layers], _Value]] = {
    "walk_min": _walk_min,
    "safe_walk_min": _safe_walk_min,
    "services_exposed_share": _services_exposed_share,
    "stop_walk_min": _stop_walk_min,
    "services_share": _services_share,
    "transit_share": _transit_share,
    "supply_near": _supply_near,
    "transit_reach": _transit_reach,
    "services_per": _services_per,
    "places_per": _places_per,
    "area_per_person": _area_per_person,
    "street_share": _street_share,
    "street_length_per_km2": _street_length_per_km2,
    "intersections_per_km2": _intersections_per_km2,
    "dead_end_share": _dead_end_share,
    "street_km_per_km2": _street_km_per_km2,
    "steps_share": _steps_share,
    "slope_penalty_share": _slope_penalty_share,
    "services_15min_count": _services_15min_count,
    "reached_15min_share": _reached_15min_share,
    "stop_share": _stop_share,
    "stops_within_share": _stops_within_share,
    "stop_slope_share": _stop_slope_share,
    "routes_within_share": _routes_within_share,
    "centre_km": _centre_km,
    "stops_per_km2": _stops_per_km2,
    "services_per_km2": _services_per_km2,
    "table": _table,
    "table_change": _table_change,
    "table_per_km2": _table_per_km2,
}
_PARAMETERS = {
    "walk_min": ("categories",),
    "safe_walk_min": ("categories",),
    "services_exposed_share": ("categories", "min_known_share"),
    "stop_walk_min": ("modes",),
    "services_share": ("categories", "within_m"),
    "transit_share": ("low_m", "high_m"),
    "supply_near": ("column", "min_known_share"),
    "transit_reach": ("column",),
    "services_per": ("categories", "per"),
    "places_per": ("categories", "group", "min_known_share"),
    "area_per_person": ("categories",),
    "street_share": ("tag", "yes", "no", "min_known_share"),
    "street_length_per_km2": ("tag",),
    "stop_share": ("column", "min_known_share"),
    "services_15min_count": ("categories",),
    "reached_15min_share": ("categories", "within_min", "min_kinds"),
    "stops_within_share": ("modes", "within_m"),
    "stop_slope_share": ("modes",),
    "routes_within_share": ("modes", "within_m"),
    "services_per_km2": ("categories",),
    "table_change": ("of", "since"),
}
_OPTIONAL = {
    "table": ("per",),
    "table_change": ("per",),
    "stops_within_share": ("besides",),
    "stops_per_km2": ("modes",),
}
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
_NEEDS = {  # of the layers besides districts and cells
    "walk_min": ("minutes", "homes"),
    "safe_walk_min": ("minutes", "homes", "services"),
    "services_exposed_share": ("services",),
    "stop_walk_min": ("minutes", "homes"),
    "services_share": ("metres", "homes"),
    "transit_share": ("metres", "minutes", "homes"),
    "supply_near": ("supply", "homes"),
    "transit_reach": ("reach", "network", "sample"),
    "services_per": ("services",),
    "places_per": ("services",),
    "area_per_person": ("services",),
    "street_share": ("streets",),
    "street_length_per_km2": ("streets",),
    "intersections_per_km2": ("network",),
    "dead_end_share": ("network",),
    "street_km_per_km2": ("network",),
    "steps_share": ("network",),
    "slope_penalty_share": ("network",),
    "services_15min_count": ("counts", "homes"),
    "reached_15min_share": ("minutes", "homes"),
    "stop_share": ("stops",),
    "stops_within_share": ("metres", "homes"),
    "stop_slope_share": ("homes", "stops", "heights_m"),
    "routes_within_share": ("homes", "routes"),
    "centre_km": ("centre",),
    "stops_per_km2": ("stops",),
    "services_per_km2": ("services",),
    "table": (),
    "table_change": (),
    "table_per_km2": (),
}
_OF_HOMES = {one for one, needs in _NEEDS.items() if "homes" in needs} - {"supply_near"}
_TO_CATEGORIES = ("walk_min", "services_share", "services_15min_count", "reached_15min_share")
_TO_STOPS = ("stop_walk_min", "transit_share", "stops_within_share")
_BY_DISTANCE = ("services_share", "transit_share", "stops_within_share")
_LISTS = ("categories", "modes", "besides", "yes", "no")
_TEXTS = ("tag", "column", "group", "of", "since")
