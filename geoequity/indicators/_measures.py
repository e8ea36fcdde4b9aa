"""
The measures of the catalogue, one by one.

Each is a function of a definition and the layers; what it needs, which parameters it
knows and where it walks to stands above it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd

from geoequity.confidence import reason
from geoequity.errors import DataError, shown
from geoequity.indicators._catalogue import Definition
from geoequity.indicators._layers import (
    SAFE_SUFFIX,
    STOP_PREFIX,
    Absent,
    Layers,
    Value,
    base_of,
    is_whole,
)
from geoequity.measures import provision, proximity, streetscape
from geoequity.measures.sampled import Sample, mean_of_sample
from geoequity.schema import HIGH_CAPACITY_MODES, MODES
from geoequity.streets import StreetNetwork
from geoequity.units import district_of, means

OF_COLUMNS = ("table", "table_per_km2")  # measures that take a column of a table
_OF_SAMPLE = 3  # a stream of random numbers


def _nowhere(_: Definition) -> set[str]:
    """Walk to no place."""
    return set()


def _categories(one: Definition) -> set[str]:
    """Walk to services."""
    return set(one.parameters["categories"])


def _outside_the_zone(one: Definition) -> set[str]:
    """Walk to services outside the hazard zone."""
    return {f"{category}{SAFE_SUFFIX}" for category in one.parameters["categories"]}


def _modes(one: Definition) -> set[str]:
    """Walk to the stops of some modes."""
    modes = (*one.parameters["modes"], *one.parameters.get("besides", ()))
    return {f"{STOP_PREFIX}{mode}" for mode in modes}


def _every_mode(_: Definition) -> set[str]:
    """Walk to all stops."""
    return {f"{STOP_PREFIX}{mode}" for mode in MODES}


Compute: TypeAlias = Callable[[Definition, Layers], Value]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """
    One way to compute an indicator.

    Parameters
    ----------
    compute
        Gives the value, or raises `Absent`.
    parameters
        What a definition has to tell.
    optional
        What it may tell.
    needs
        The layers it speaks of, besides districts and cells.
    places
        The places it walks to.
    zoned
        Whether homes tell it of the zones they lie in, too.
    """

    compute: Compute
    parameters: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    places: Callable[[Definition], set[str]] = _nowhere
    zoned: bool = False


MEASURES: dict[str, Measure] = {}


def _measure(**told: Any) -> Callable[[Compute], Compute]:
    """Enter a function among the measures under its name, with what is told of it."""

    def enter(compute: Compute) -> Compute:
        MEASURES[compute.__name__.removeprefix("_")] = Measure(compute=compute, **told)
        return compute

    return enter


def _walked(
    one: Definition, layers: Layers, places: list[str], *, by_distance: bool = False
) -> pd.Series:
    """Take the minutes, or metres, to the nearest of some places."""
    table = layers.metres if by_distance else layers.minutes
    if table is None:
        raise Absent(reason("no_cells"))
    there = [place for place in places if place in table.columns]
    if not there:
        categories = one.parameters.get("categories")
        key = "no_stops" if categories is None else "no_services"
        raise Absent(reason(key, categories=shown(categories or [])))
    return proximity.nearest(table, categories=there)


def _at_cells(values: pd.Series, layers: Layers) -> Value:
    """Average homes over cells, and note which walks were measured straight."""
    homes, cells = layers.homes, layers.cells
    if homes is None or cells is None:
        raise Absent(reason("no_cells"))
    value = proximity.over_homes(values, homes=homes, cells=cells.index)
    if "straight" not in layers.shared:
        straight, over = homes["straight"], {"homes": homes, "cells": cells.index}
        layers.shared["straight"] = (
            proximity.over_homes(straight.astype(float), **over) if straight.any() else None
        )
    return Value(value=value, level="cell", straight=layers.shared["straight"])


@_measure(parameters=("categories",), needs=("minutes", "homes"), places=_categories)
def _walk_min(one: Definition, layers: Layers) -> Value:
    """Minutes to the nearest service."""
    return _at_cells(_walked(one, layers, list(one.parameters["categories"])), layers)


@_measure(
    parameters=("categories",), needs=("minutes", "homes", "services"), places=_outside_the_zone
)
def _safe_walk_min(one: Definition, layers: Layers) -> Value:
    """Minutes to the nearest service outside the hazard zone."""
    _of_categories(one, layers)  # without any of the kind, a hazard is not what is missing first
    if "in_hazard" not in layers.services.columns:
        raise Absent(reason("no_hazard"))
    places = [f"{category}{SAFE_SUFFIX}" for category in one.parameters["categories"]]
    return _at_cells(_walked(one, layers, places), layers)


@_measure(parameters=("categories", "min_known_share"), needs=("services",))
def _services_exposed_share(one: Definition, layers: Layers) -> Value:
    """Share of the services of a district that lie in the hazard zone."""
    if "in_hazard" not in layers.services.columns:
        raise Absent(reason("no_hazard"))
    services = _of_categories(one, layers)
    where = district_of(services.geometry.representative_point(), layers.districts)
    table = provision.known_share(
        services["in_hazard"],
        where,
        index=layers.districts.index,
        min_known_share=one.parameters["min_known_share"],
    )
    return _recorded(table)


@_measure(parameters=("modes",), needs=("minutes", "homes"), places=_modes)
def _stop_walk_min(one: Definition, layers: Layers) -> Value:
    """Minutes to the nearest stop of some modes."""
    places = [f"{STOP_PREFIX}{mode}" for mode in one.parameters["modes"]]
    return _at_cells(_walked(one, layers, places), layers)


@_measure(parameters=("categories", "within_m"), needs=("metres", "homes"), places=_categories)
def _services_share(one: Definition, layers: Layers) -> Value:
    """Share of people with a service within a distance."""
    metres = _walked(one, layers, list(one.parameters["categories"]), by_distance=True)
    return _at_cells(proximity.within(metres, limit=one.parameters["within_m"]), layers)


@_measure(parameters=("low_m", "high_m"), needs=("metres", "minutes", "homes"), places=_every_mode)
def _transit_share(one: Definition, layers: Layers) -> Value:
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


@_measure(
    parameters=("modes", "within_m"),
    optional=("besides",),
    needs=("metres", "homes"),
    places=_modes,
)
def _stops_within_share(one: Definition, layers: Layers) -> Value:
    """Share of people with a stop of some modes within a distance, and none of others."""
    limit = one.parameters["within_m"]
    places = [f"{STOP_PREFIX}{mode}" for mode in one.parameters["modes"]]
    near = proximity.within(_walked(one, layers, places, by_distance=True), limit=limit)
    others = [f"{STOP_PREFIX}{mode}" for mode in one.parameters.get("besides", ())]
    if layers.metres is not None and any(place in layers.metres for place in others):
        metres = _walked(one, layers, others, by_distance=True)
        near = near * (1.0 - proximity.within(metres, limit=limit))
    return _at_cells(near, layers)


@_measure(parameters=("modes",), needs=("homes", "stops", "heights_m"))
def _stop_slope_share(one: Definition, layers: Layers) -> Value:
    """Rise between home and the nearest stop, over the way between them."""
    if layers.homes is None:
        raise Absent(reason("no_cells"))
    if layers.heights_m is None:
        raise Absent(reason("no_elevation"))
    stops = layers.stops[layers.stops["mode"].isin(one.parameters["modes"])]
    if stops.empty:
        raise Absent(reason("no_stops", categories=""))
    rise = proximity.rise(
        layers.homes.geometry,
        stops.geometry,
        from_m=layers.heights_m["homes"],
        to_m=layers.heights_m["stops"].reindex(stops.index),
    )
    return _at_cells(rise, layers)


@_measure(parameters=("modes", "within_m"), needs=("homes", "routes"))
def _routes_within_share(one: Definition, layers: Layers) -> Value:
    """Share of people within a distance of the line of a route."""
    if layers.homes is None:
        raise Absent(reason("no_cells"))
    routes = layers.routes
    lines = None if routes is None else routes[routes["mode"].isin(one.parameters["modes"])]
    if lines is None or lines.empty or not lines.geometry.notna().any():
        raise Absent(reason("no_lines"))
    limit = one.parameters["within_m"]
    near = proximity.near_lines(layers.homes.geometry, lines.geometry.dropna(), within_m=limit)
    made = _at_cells(near, layers)
    return replace(made, reasons=(*made.reasons, reason("lines_passed")))


@_measure(needs=("centre",))
def _centre_km(_: Definition, layers: Layers) -> Value:
    """Distance to the centre, from where people live or, where nobody knows, from the districts."""
    if layers.centre is None:
        raise Absent(reason("no_centre"))
    cells = layers.cells
    lived_in = cells is not None and "population" in cells and cells["population"].sum() > 0
    units = cells if cells is not None and lived_in else layers.districts
    km = units.representative_point().distance(layers.centre) / 1000
    return Value(value=km, level="cell" if lived_in else "district")


@_measure(optional=("modes",), needs=("stops",))
def _stops_per_km2(one: Definition, layers: Layers) -> Value:
    """Count stops, or those of some modes, against the land of a district."""
    modes = one.parameters.get("modes", MODES)
    stops = layers.stops[layers.stops["mode"].isin(modes)]
    if stops.empty:
        raise Absent(reason("no_stops", categories=""))
    return Value(value=_per_km2(stops, layers), level="district")


@_measure(parameters=("categories",), needs=("services",))
def _services_per_km2(one: Definition, layers: Layers) -> Value:
    """Services of a district against its land."""
    return Value(value=_per_km2(_of_categories(one, layers), layers), level="district")


def _per_km2(places: gpd.GeoDataFrame, layers: Layers) -> pd.Series:
    """Count places by square kilometre."""
    where = district_of(places.geometry.representative_point(), layers.districts)
    count = where.value_counts().reindex(layers.districts.index, fill_value=0)
    return count / (layers.districts["area_m2"] / 1e6)


@_measure(parameters=("of", "since"), optional=("per",))
def _table_change(one: Definition, layers: Layers) -> Value:
    """How much the column of one table is above that of another."""
    both = [layers.tables.get(one.parameters[side]) for side in ("of", "since")]
    if any(side is None for side in both):
        raise Absent(reason("no_table"))
    later, earlier = (side for side in both if side is not None)
    if later.level != earlier.level:
        msg = f"indicators.{one.id}: {later.level}s cannot be set against {earlier.level}s"
        raise DataError(msg)
    per = one.parameters.get("per", 1)
    return Value(value=per * (later.value - earlier.value), level=later.level)


@_measure()
def _table_per_km2(one: Definition, layers: Layers) -> Value:
    """Take a column of counts by district against its land, where nobody counted residents."""
    if one.id not in layers.tables:
        raise Absent(reason("no_table"))
    given = layers.tables[one.id]
    if given.level != "district" or not given.value.index.equals(layers.districts.index):
        raise Absent(reason("no_table"))  # of other borders
    return Value(value=given.value / (layers.districts["area_m2"] / 1e6), level="district")


@_measure(parameters=("column", "min_known_share"), needs=("supply", "homes"), zoned=True)
def _supply_near(one: Definition, layers: Layers) -> Value:
    """Public transport near home."""
    column = one.parameters["column"]
    if layers.cells is None:
        raise Absent(reason("no_cells"))
    if layers.supply is None or column not in layers.supply:
        raise Absent(reason("no_timetable"))
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


@_measure(parameters=("column",), needs=("reach", "network", "sample"))
def _transit_reach(one: Definition, layers: Layers) -> Value:
    """Reach by public transport."""
    column = one.parameters["column"]
    if layers.cells is None:
        raise Absent(reason("no_cells"))
    if layers.reach is None:
        raise Absent(reason("no_timetable"))
    if layers.reach.columns.empty:
        raise Absent(reason("no_population"))
    if column not in layers.reach:
        raise Absent(reason("no_goals"))
    straight = layers.network is None
    why = (reason("straight_line"),) if straight else ()
    if layers.sample is not None:
        made = _of_sample(layers.reach[column], layers.sample, layers)
        return replace(made, straight_line=float(straight), reasons=(*made.reasons, *why))
    value = layers.reach[column]
    return Value(value=value, level="cell", straight_line=float(straight), reasons=why)


def _of_sample(value: pd.Series, sample: Sample, layers: Layers) -> Value:
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
    return Value(
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
        raise Absent(reason("no_cells"))
    people = cells["population"] if "population" in cells else pd.Series(1.0, index=cells.index)
    districts = layers.districts.index
    return means(values, weight=people, district=cells["district_id"], districts=districts)


def _of_categories(one: Definition, layers: Layers) -> gpd.GeoDataFrame:
    """Take the services of an indicator's categories."""
    wanted = list(one.parameters["categories"])
    services = layers.services[layers.services["category"].isin(wanted)]
    if services.empty:
        raise Absent(reason("no_services", categories=shown(wanted)))
    return services


def _people(one: Definition, layers: Layers) -> pd.Series:
    """Take the base of an indicator in each district."""
    base, _ = base_of(one, layers, "district")
    if base is None or base.isna().all():
        raise Absent(reason("no_population"))
    return base.where(is_whole(layers, "cells_share"))


@_measure(parameters=("categories", "per"), needs=("services",))
def _services_per(one: Definition, layers: Layers) -> Value:
    """Services of a district against its people."""
    services, people = _of_categories(one, layers), _people(one, layers)
    per = one.parameters["per"]
    values = provision.services_per(services, layers.districts, base=people, per=per)
    return Value(value=values, level="district")


@_measure(parameters=("categories", "group", "min_known_share"), needs=("services",))
def _places_per(one: Definition, layers: Layers) -> Value:
    """Places of services against the group of people they are for."""
    services, group = _of_categories(one, layers), one.parameters["group"]
    people = layers.districts.get(group)
    if people is None or people.isna().all():
        raise Absent(reason("no_group", groups=group))
    if services["capacity"].isna().all():
        raise Absent(reason("none_mapped", feature="capacity"))
    table = provision.places_per(
        services,
        layers.districts,
        people=people.where(is_whole(layers, "cells_share")),
        min_known_share=one.parameters["min_known_share"],
    )
    known = table["known_share"]
    why = (reason("capacity_known", share=float(known.mean())),) if (known < 1).any() else ()
    return Value(value=table["value"], level="district", on_record=known, reasons=why)


@_measure(parameters=("categories",), needs=("services",))
def _area_per_person(one: Definition, layers: Layers) -> Value:
    """Land of a kind against people."""
    services, people = _of_categories(one, layers), _people(one, layers)
    if not services.geom_type.isin(["Polygon", "MultiPolygon"]).any():
        raise Absent(reason("none_mapped", feature="area"))
    values = provision.area_per_person(services, layers.districts, population=people)
    return Value(value=values, level="district")


def _tagged_streets(layers: Layers) -> gpd.GeoDataFrame:
    """Take the streets, if they carry tags."""
    if layers.streets is None:
        raise Absent(layers.no_streets or reason("no_streets"))
    if not layers.tagged:
        raise Absent(reason("no_street_tags"))
    return layers.streets


def _lengths(streets: gpd.GeoDataFrame, layers: Layers, *, of: str) -> pd.DataFrame:
    """Measure how much of each street lies in each district, once for all that ask."""
    if of not in layers.shared:
        layers.shared[of] = streetscape.street_lengths(streets, layers.districts)
    lengths: pd.DataFrame = layers.shared[of]
    return lengths


@_measure(parameters=("tag", "yes", "no", "min_known_share"), needs=("streets",))
def _street_share(one: Definition, layers: Layers) -> Value:
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


def _recorded(table: pd.DataFrame) -> Value:
    """Note how much is on record."""
    low = table["known_share"].fillna(0).mean()
    why = (reason("on_record", share=float(low)),)
    return Value(
        value=table["share"], level="district", on_record=table["known_share"], reasons=why
    )


@_measure(parameters=("tag",), needs=("streets",))
def _street_length_per_km2(one: Definition, layers: Layers) -> Value:
    """Kilometres of a kind of street per square kilometre."""
    streets = _tagged_streets(layers)
    chosen = streets[one.parameters["tag"]].fillna(value=False).astype(bool)
    if not chosen.any():
        raise Absent(reason("none_mapped", feature=one.parameters["tag"]))
    lengths = _lengths(streets, layers, of="streets")
    area = layers.districts["area_m2"]
    values = streetscape.length_per_km2(lengths, chosen, area_m2=area)
    return _of_streets(values, layers)


def _streets(layers: Layers) -> StreetNetwork:
    """Take the walking network."""
    if layers.network is None:
        raise Absent(layers.no_streets or reason("no_streets"))
    return layers.network


def _of_streets(values: pd.Series, layers: Layers) -> Value:
    """State what streets say of the districts that they cover."""
    whole = is_whole(layers, "streets_share")
    why = () if whole.all() else (reason("streets_cover_partly", count=int((~whole).sum())),)
    return Value(value=values.where(whole), level="district", reasons=why)


@_measure(needs=("network",))
def _intersections_per_km2(_: Definition, layers: Layers) -> Value:
    """Mesh of the walking network."""
    values = streetscape.intersections_per_km2(_streets(layers).intersections(), layers.districts)
    return _of_streets(values, layers)


@_measure(needs=("network",))
def _dead_end_share(_: Definition, layers: Layers) -> Value:
    """Share of the nodes of the network at which one can but turn round."""
    network = _streets(layers)
    values = streetscape.dead_end_share(
        network.dead_ends(), layers.districts, intersections=network.intersections()
    )
    return _of_streets(values, layers)


@_measure(needs=("network",))
def _street_km_per_km2(_: Definition, layers: Layers) -> Value:
    """Length of walkable street against area."""
    lengths = _lengths(_streets(layers).edges, layers, of="network")
    every = pd.Series(True, index=_streets(layers).edges.index)  # noqa: FBT003 - a column of yes
    values = streetscape.length_per_km2(lengths, every, area_m2=layers.districts["area_m2"])
    return _of_streets(values, layers)


@_measure(needs=("network",))
def _steps_share(_: Definition, layers: Layers) -> Value:
    """Share of the length of the network that is steps."""
    edges = _streets(layers).edges
    if not layers.tagged:
        raise Absent(reason("no_street_tags"))
    values = streetscape.share_of_length(
        _lengths(edges, layers, of="network"),
        edges["highway"].eq("steps").astype(float),
        index=layers.districts.index,
    )
    return _of_streets(values, layers)


@_measure(needs=("network",))
def _slope_penalty_share(_: Definition, layers: Layers) -> Value:
    """Time that slopes add to a walk there and back."""
    network = _streets(layers)
    added = network.slope_penalty()
    if added is None:
        raise Absent(reason("no_elevation"))
    values = streetscape.share_of_length(
        _lengths(network.edges, layers, of="network"),
        added,
        index=layers.districts.index,
    )
    return _of_streets(values, layers)


@_measure(parameters=("categories",), needs=("counts", "homes"), places=_categories)
def _services_15min_count(one: Definition, layers: Layers) -> Value:
    """Services of some kinds within 15 minutes."""
    if layers.counts is None:
        raise Absent(reason("no_cells"))
    wanted = one.parameters["categories"]
    there = [place for place in wanted if place in layers.counts.columns]
    if not there:
        raise Absent(reason("no_services", categories=shown(wanted)))
    return _at_cells(layers.counts[there].sum(axis=1, min_count=1), layers)


@_measure(
    parameters=("categories", "within_min", "min_kinds"),
    needs=("minutes", "homes"),
    places=_categories,
)
def _reached_15min_share(one: Definition, layers: Layers) -> Value:
    """Share of the kinds of service within 15 minutes, among those the city has."""
    if layers.minutes is None:
        raise Absent(reason("no_cells"))
    wanted = one.parameters["categories"]
    there = [place for place in wanted if place in layers.minutes.columns]
    if len(there) < one.parameters["min_kinds"]:
        raise Absent(reason("few_kinds", found=len(there), needed=one.parameters["min_kinds"]))
    limit = one.parameters["within_min"]
    within = [proximity.within(layers.minutes[place], limit=limit) for place in there]
    made = _at_cells(pd.concat(within, axis=1).mean(axis=1), layers)
    absent = [place for place in wanted if place not in there]
    if not absent:
        return made
    return replace(made, reasons=(*made.reasons, reason("kinds_absent", categories=shown(absent))))


@_measure(parameters=("column", "min_known_share"), needs=("stops",))
def _stop_share(one: Definition, layers: Layers) -> Value:
    """Share of stops with a feature."""
    column = one.parameters["column"]
    if layers.stops.empty:
        raise Absent(reason("no_stops", categories=""))
    if column not in layers.stops.columns or layers.stops[column].isna().all():
        raise Absent(reason("none_mapped", feature=column))
    where = district_of(layers.stops.geometry, layers.districts)
    table = provision.known_share(
        layers.stops[column],
        where,
        index=layers.districts.index,
        min_known_share=one.parameters["min_known_share"],
    )
    return _recorded(table)


@_measure(optional=("per",))
def _table(one: Definition, layers: Layers) -> Value:
    """Take a column of a table."""
    if one.id not in layers.tables:
        raise Absent(reason("no_hazard" if "hazard" in one.needs else "no_table"))
    given = layers.tables[one.id]
    units = layers.cells if given.level == "cell" else layers.districts
    if units is None or not given.value.index.equals(units.index):
        msg = f"{given.source}: {one.id}: it speaks of other units than the {given.level}s"
        raise DataError(msg)
    if not given.is_count:
        return Value(
            value=given.value,
            level=given.level,
            on_record=given.on_record,
            interval=given.interval,
            draws=given.draws,
            reasons=given.reasons,
        )
    base, _ = base_of(one, layers, given.level)
    if base is None or base.isna().all():
        raise Absent(reason("no_population"))
    amount = one.parameters.get("per", 1) * given.value
    over = (one.scale == "share") & (amount > base)
    if over.any():
        ids = over.index[over]
        msg = f"{given.source}: the count for {one.id} is over its base for {shown(ids)}"
        raise DataError(msg, ids=ids)
    return Value(value=amount / base.where(base > 0), level=given.level, amount=amount)
