"""
From what was read to the indicators: all that no rule of the index and no title touches.

Each stage calls one part of the core with plain tables.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import Point

from geoequity import indicators
from geoequity.assessment._reading import noted, rasters_of, with_books
from geoequity.assessment._stages import Stages
from geoequity.city import City
from geoequity.collect import Collected, Item
from geoequity.confidence import Completeness, Reason, completeness, reason
from geoequity.fibre import with_fibre
from geoequity.gridded import (
    Gridded,
    growth_of_tiles,
    in_zone,
    people_of_raster,
    raked_people,
    spread_people,
    trends_of_tiles,
    values_of_rasters,
    values_of_tiles,
)
from geoequity.indicators import Definition, Evaluation, Layers, TableValues
from geoequity.keeping import Kept
from geoequity.measures.sampled import Sample, draw_sample
from geoequity.riding import (
    TRAVELLED_TO,
    USUAL,
    Plans,
    Rides,
    by_district,
    ride,
    supply_near,
    supply_of,
    timetable_report,
    transit_report,
    untimed_supply,
)
from geoequity.sources.elevation import height_at
from geoequity.sources.files import Record
from geoequity.sources.rasters import Tiles
from geoequity.sources.services import TIMETABLE
from geoequity.streets import ADULT, WALKERS, HeightAt, StreetNetwork, Walker
from geoequity.summary import people_of
from geoequity.transit import Rider, Timetable
from geoequity.units import Membership, join_cells, people_within, totals
from geoequity.walking import Manner, Walks, land_share, make_network, report_of, walk
from geoequity.zoning import PUBLISHED, Borders, zoned

_UNMAPPED, _SAMPLED = 1, 2  # their own streams of random numbers
_MOSTLY = 0.5  # of the people of a cell
_ROUNDING_M = 1e-5  # of coordinates: far above floats', far below the pieces that cutting keeps


@dataclass(frozen=True, kw_only=True)
class Measured:
    """
    What was measured of a city.

    Parameters
    ----------
    districts
        Districts with their bases.
    membership
        Cells with ``district_id`` and their bases; None without cells.
    services
        All services.
    stops
        All stops, with what runs there.
    routes
        All routes.
    background
        As of `Collected`, like the next two.
    mapping
        What OpenStreetMap has of each district.
    surveys
        Items of surveys by id.
    given
        Indicators of which a table tells.
    records
        The books of the sources, with what was noted on the way.
    licences
        Licences whose terms the outputs inherit.
    evaluation
        The indicators.
    plain
        The same before what the map lacks was drawn.
    mapped
        What is missing on the map; None without a map.
    broadband
        Speed tests by district, as columns ``<kind>_<figure>``.
    trends
        Speed tests by district and quarter; None without.
    on_streets
        Whether people walk along a network.
    walking
        The walks, as the summary tells them.
    transit
        The rides, as the summary tells them.
    transit_by_district
        The rides by district.
    borders
        The same in other zones, and in the published districts; empty without.
    """

    districts: gpd.GeoDataFrame
    membership: Membership | None
    services: gpd.GeoDataFrame
    stops: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    background: gpd.GeoDataFrame
    mapping: pd.DataFrame | None
    surveys: dict[str, Item]
    given: frozenset[str]
    records: list[Record]
    licences: list[str]
    evaluation: Evaluation
    plain: Evaluation
    mapped: Completeness | None
    broadband: pd.DataFrame
    trends: pd.DataFrame | None
    on_streets: bool
    walking: dict[str, Any]
    transit: dict[str, Any]
    transit_by_district: pd.DataFrame
    borders: dict[str, Borders]

    @property
    def cells(self) -> gpd.GeoDataFrame | None:
        """
        Give the cells, if there are any.

        Returns
        -------
        cells
            With ``district_id`` and their bases; None without.
        """
        return self.membership.cells if self.membership else None


def measure(
    city: City,
    sources: Collected,
    definitions: list[Definition],
    *,
    stages: Stages,
    kept: Kept,
    read: gpd.GeoDataFrame | None = None,
    unedited: Evaluation | None = None,
) -> tuple[Measured, StreetNetwork | None]:
    """
    Take sources through all stages from the reading to the indicators.

    Parameters
    ----------
    city
        The city file.
    sources
        What was read, edits of a scenario included.
    definitions
        The catalogue, with the city's changes.
    stages
        Told of each stage.
    kept
        Results that are known, to which those made anew are added.
    read
        All services before a scenario.
    unedited
        Indicators before a scenario.

    Returns
    -------
    measured
        What was measured.
    network
        The streets people walk along.
    """
    sources = with_books(sources, {id(one): copy.deepcopy(one) for one in sources.records})
    with stages.stage("join"):
        membership, districts = noted(
            kept,
            "join",
            partial(_joined, city),
            *(sources.districts, sources.cells, city.cells, city.districts.overlaps),
            *(sources.group_areas, rasters_of(sources)),
            sources=sources,
        )
    with stages.stage("grids"):
        gridded = _gridded(city, sources, districts, membership, kept)
        in_hazard = noted(
            kept,
            "in_hazard",
            lambda some: in_zone(some.rasters, some.services),
            *(sources.services.geometry, rasters_of(sources)),
            sources=sources,
        )
        if in_hazard is not None:
            sources = replace(sources, services=sources.services.assign(in_hazard=in_hazard))
    with stages.stage("walk"):
        walks = walks_of(city, sources, membership, definitions, kept)
        counted = None if city.cells is None or city.cells.spread else membership
        districts = _with_cover(districts, counted, walks)
    with stages.stage("ride"):
        rides = _rides(city, sources, membership, walks, kept)
        if rides.stops is not None:
            sources = replace(sources, stops=sources.stops.join(rides.stops))
        cells = membership.cells if membership else None
        walking = report_of(walks, cells=cells)
        transit = kept.once(
            "transit",
            lambda: transit_report(rides, cells=cells, districts=districts.index),
            *(rides, cells, districts.index),
        )
        by_districts = kept.once(
            "transit by district",
            lambda: by_district(
                rides,
                homes=walks.homes,
                cells=cells,
                districts=districts.index,
                kept=kept.in_memory(),
            ),
            *(rides, walks.homes, cells, districts.index),
        )
    # Nobody asks for the timetable any more: of a metropolis it is half a gigabyte
    sources = replace(sources, feed=None)
    with stages.stage("indicators"):
        layers = Layers(
            districts=districts,
            min_covered_share=city.city.min_covered_share,
            cells=cells,
            services=sources.services,
            stops=sources.stops,
            streets=sources.streets if walks.network else None,
            no_streets=_no_streets(walks),
            tagged=sources.streets is not None and "highway" in sources.streets,
            network=walks.network,
            minutes=walks.minutes,
            metres=walks.metres,
            counts=walks.counts,
            homes=walks.homes,
            supply=rides.near,
            reach=rides.reach,
            sample=rides.sample,
            dice=(city.index.draws, city.index.seed),
            tables=_with_fibre(
                _on_cells(sources.tables, membership) | gridded.tables,
                sources.fibre,
                cells=cells,
            ),
            routes=sources.routes,
            centre=centre_of(city, crs=districts.crs),
            heights_m=_heights(city, sources, walks, definitions, kept),
            is_spread=city.cells is not None and city.cells.spread,
        )
        parts = indicators.narrowed(definitions, layers) if kept.remembers else None
        at_homes: dict[str, indicators.Value] = {}
        plain = indicators.evaluate(definitions, layers, parts=parts, at_homes=at_homes, kept=kept)
        evaluation, mapped = plain, _mapped(city, sources, districts, kept)
        if mapped is not None:
            evaluation = indicators.with_unmapped(
                evaluation,
                definitions,
                completeness=mapped,
                services=sources.services if read is None else read,
                own_streets=city.streets is not None,
                rng=np.random.default_rng([city.index.seed, _UNMAPPED, _UNMAPPED]),
                unedited=unedited,
                kept=kept,
            )
    with stages.stage("zoning"):
        borders = _borders(city, sources, definitions, layers, parts, at_homes, plain, kept)
    return (
        Measured(
            districts=districts,
            membership=membership,
            services=sources.services,
            stops=sources.stops,
            routes=sources.routes,
            background=sources.background,
            mapping=sources.mapping,
            surveys=sources.surveys,
            given=frozenset(sources.tables),
            records=sources.records,
            licences=sources.licences,
            evaluation=evaluation,
            plain=plain,
            mapped=mapped,
            broadband=_figures(gridded.broadband, districts.index),
            trends=gridded.trends,
            on_streets=walks.network is not None,
            walking=walking,
            transit=transit,
            transit_by_district=by_districts,
            borders=borders,
        ),
        walks.network,
    )


def _joined(city: City, sources: Collected) -> tuple[Membership | None, gpd.GeoDataFrame]:
    """Give every cell its district, and count people there."""
    membership = join(city, sources)
    return membership, with_people(sources, membership)


def join(city: City, sources: Collected) -> Membership | None:
    """
    Give every cell its district.

    Parameters
    ----------
    city
        A checked city file.
    sources
        What was read.

    Returns
    -------
    membership
        Cells with ``district_id`` and people; None where the city has no cells.
    """
    if sources.cells is None:
        return None
    joined = join_cells(
        sources.cells,
        sources.districts,
        counts=_counts(sources.cells),
        split=city.districts.overlaps == "split",
    )
    cells = joined.cells.set_geometry(_without_slivers(joined.cells))
    outside, people = joined.outside, people_of_raster(sources.rasters, cells)
    if people is not None:
        outside = float(people[cells["district_id"].isna()].sum())
        cells = cells.assign(population=people)
    if city.cells is not None and city.cells.rake:
        people = raked_people(cells, sources.districts, records=sources.records)
        cells = cells.assign(population=people)
    if city.cells is not None and city.cells.spread:
        people = spread_people(
            cells,
            sources.districts,
            empty=city.cells.empty,
            rasters=sources.rasters,
            records=sources.records,
        )
        cells = cells.assign(population=people)
        outside = float("nan")  # nobody counted them
    if sources.group_areas:
        cells = cells.assign(**people_within(cells, sources.group_areas))
    return replace(joined, cells=cells, outside=outside)


def _without_slivers(cells: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Drop the strips of no width that cutting leaves, which are invalid once projected."""
    cut = cells["share"] < 1
    return cells.geometry.where(~cut, cells.geometry.set_precision(_ROUNDING_M))


def _gridded(
    city: City,
    sources: Collected,
    districts: gpd.GeoDataFrame,
    membership: Membership | None,
    kept: Kept,
) -> Gridded:
    """Carry rasters and tiles over to the units."""
    cells = membership.cells if membership else None
    units: dict[str, Any] = {"districts": districts, "cells": cells}
    rasters = noted(
        kept,
        "rasters",
        lambda some: values_of_rasters(some.rasters, **units),
        *(rasters_of(sources), units),
        sources=sources,
    )
    tiles = _tiles(city, sources, units, kept)
    dice = {"draws": city.index.draws, "seed": city.index.seed}
    trends = kept.once(
        "trends",
        lambda: trends_of_tiles(sources.tiles, districts=districts, **dice),
        sources.tiles,
        districts,
        dice,
    )
    growth = growth_of_tiles(trends, districts=districts.index)
    return replace(tiles, tables=rasters | tiles.tables | growth, trends=trends)


def _tiles(
    city: City, sources: Collected, units: dict[str, Any], kept: Kept, *, figures: bool = True
) -> Gridded:
    """Carry tiles over to units."""
    how: dict[str, Any] = {
        "draws": city.index.draws, "seed": city.index.seed, "figures": figures,
    }  # fmt: skip
    return kept.once(
        "tiles",
        lambda: values_of_tiles(sources.tiles, **units, **how),
        *(sources.tiles, units, how),
    )


def _counts(cells: pd.DataFrame) -> tuple[str, ...]:
    """List the columns of the cells that count people or things."""
    return tuple(
        one
        for one in cells.columns
        if one not in {"name", "parent", "geometry", "area_m2", "district_id", "cell_id", "share"}
    )


def with_people(sources: Collected, membership: Membership | None) -> gpd.GeoDataFrame:
    """
    Add the counts of the cells up by district, or count people there if there are no cells.

    Parameters
    ----------
    sources
        What was read.
    membership
        Cells with ``district_id`` and their bases; None without cells.

    Returns
    -------
    districts
        With the counts of their cells, or of a raster of people.
    """
    districts = sources.districts
    if membership is None:
        people = people_of_raster(sources.rasters, districts)
        return districts if people is None else districts.assign(population=people)
    columns = tuple(one for one in _counts(membership.cells) if one not in districts.columns)
    if not columns:
        return districts
    return districts.join(totals(membership.cells, districts.index, columns=columns))


def walks_of(
    city: City,
    sources: Collected,
    membership: Membership | None,
    definitions: list[Definition],
    kept: Kept,
) -> Walks:
    """
    Build the walking network, and walk on it from every cell.

    Parameters
    ----------
    city
        A checked city file.
    sources
        What was read.
    membership
        Cells with ``district_id`` and their bases; None without cells.
    definitions
        The catalogue, with the city's changes.
    kept
        Results that are known, to which those made anew are added.

    Returns
    -------
    walks
        Of the first walker and of the others.
    """
    walking = city.walking
    walker = Walker(name=ADULT.name, speed_kmh=walking.speed_kmh)
    network: StreetNetwork | None = None
    report: dict[str, Any] = {}
    if sources.streets is not None:
        # Light is no matter to where people walk: streets that are lit are walked as before
        unlit = partial(sources.streets.drop, columns="lit", errors="ignore")
        streets = kept.in_memory().once("unlit", unlit, sources.streets)
        lifts = sources.lifts
        network, report = noted(
            kept,
            "streets",
            lambda some: make_network(
                streets, walker=walker, height_at=_height_at(city, some), lifts=lifts
            ),
            *(streets, lifts, walker, city.walking.slope, rasters_of(sources)),
            sources=sources,
        )
    if membership is None:
        share = None if network is None else land_share(sources.districts, network)
        return Walks(network=network, homes=None, minutes=None, streets_share=share, report=report)
    walks = walk(
        network,
        cells=membership.cells,
        services=sources.services,
        stops=sources.stops,
        places=indicators.needed_places(definitions),
        by_distance=indicators.needed_distances(definitions),
        purposes={
            one.id: one.parameters["categories"] for one in definitions if one.measure == "walk_min"
        },
        walkers=[walker, *(WALKERS[one] for one in walking.groups)],
        manner=Manner(
            detour_factor=walking.detour_factor,
            spacing_m=walking.homes_m,
            min_covered_share=city.city.min_covered_share,
        ),
        kept=kept,
    )
    return replace(walks, report=report | walks.report)


def _rides(
    city: City, sources: Collected, membership: Membership | None, walks: Walks, kept: Kept
) -> Rides:
    """Measure what public transport runs near home, and what it leads to."""
    timetable = None
    if sources.feed is not None:
        # In memory it holds what was found out about it, such as its trips
        timetable = kept.in_memory().once(
            "timetable",
            partial(Timetable.of, sources.feed, date=city.transit.date),
            *(sources.feed, city.transit.date),
        )
    if membership is None or walks.homes is None:
        return Rides(report={} if timetable is None else timetable_report(timetable))
    near, by_stop = kept.once(
        "supply",
        lambda: _supply(city, sources, walks, timetable),
        *(sources.stops, sources.routes, sources.stop_routes, sources.timed_stops, sources.feed),
        *(walks.homes, walks.network, city.transit, city.walking),
    )
    if timetable is None:
        return Rides(stops=by_stop, near=near)
    block = city.transit
    rider = rider_of(city)
    plans = Plans(
        window=block.window,
        rider=rider,
        kinds=TRAVELLED_TO,
        without=block.without,
        centre=centre_of(city, crs=sources.districts.crs),
        boardings=None if block.fare_budget is None else timetable.boardings_for(block.fare_budget),
        sample=_sample(city, membership.cells),
    )
    reach, report = ride(
        timetable,
        cells=membership.cells,
        services=sources.services,
        network=walks.network,
        plans=plans,
        kept=kept,
    )
    if walks.network is not None and walks.homes["straight"].any():
        straight = walks.homes["straight"].astype(float) * walks.homes["share"]
        astray = straight.groupby(walks.homes["cell_id"]).sum().reindex(reach.index) > _MOSTLY
        reach = reach.mask(astray)
    report = timetable_report(timetable) | report
    return Rides(stops=by_stop, near=near, reach=reach, report=report, sample=plans.sample)


def _sample(city: City, cells: gpd.GeoDataFrame) -> Sample | None:
    """Draw the cells that journeys set out from, if not from all."""
    size = city.transit.sample
    if size is None or "population" not in cells or not cells["population"].sum() > 0:
        return None
    if size >= int((cells["population"] > 0).sum()):
        return None
    return draw_sample(
        cells["population"],
        district=cells["district_id"],
        size=size,
        rng=np.random.default_rng([city.index.seed, _SAMPLED]),
    )


def rider_of(city: City) -> Rider:
    """
    Say who rides.

    Parameters
    ----------
    city
        A checked city file.

    Returns
    -------
    rider
        By the city's rules of transit and walking.
    """
    block = city.transit
    return Rider(
        walker=Walker(name=ADULT.name, speed_kmh=city.walking.speed_kmh),
        max_transfers=block.max_transfers,
        max_walk_min=block.max_walk_min,
        max_afoot_min=block.max_afoot_min,
        max_change_min=block.max_change_min,
        detour_factor=city.walking.detour_factor,
        draws=block.draws,
        seed=city.index.seed,
    )


def _supply(
    city: City, sources: Collected, walks: Walks, timetable: Timetable | None
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Measure what runs near homes, by the timetable and by what else tells of headways."""
    stop_of = pd.Series(sources.timed_stops.index, index=sources.timed_stops)
    untimed = sources.stops[~sources.stops.index.isin(stop_of)]
    routes = sources.routes[sources.routes["source"] != TIMETABLE]
    hourly = untimed_supply(untimed, routes=routes, stop_routes=sources.stop_routes)
    if timetable is None and not hourly["trips_per_hour"].notna().any():
        return None, None
    bands = {USUAL: hourly}
    hours = hourly.groupby("stop_id").agg({"first_s": "min", "last_s": "max"})
    if timetable is not None:
        nobody_tells = hourly.assign(trips_per_hour=float("nan"))
        for name, one in supply_of(timetable, window=city.transit.window).items():
            known = one.assign(stop_id=one["stop_id"].map(stop_of)).dropna(subset="stop_id")
            rest = hourly if name == USUAL else nobody_tells
            bands[name] = pd.concat([known, rest], ignore_index=True)
        timed = timetable.hours()
        timed = timed[timed.index.isin(stop_of.index)].rename(index=stop_of)
        hours = pd.concat([timed, hours])
    return supply_near(
        bands,
        hours,
        homes=walks.homes,
        stops=sources.stops,
        network=walks.network,
        detour_factor=city.walking.detour_factor,
    )


def centre_of(city: City, *, crs: object) -> Point | None:
    """
    Place the centre that the city file names.

    Parameters
    ----------
    city
        A checked city file.
    crs
        CRS of the study.

    Returns
    -------
    centre
        In the CRS; None where nobody names one.
    """
    if city.transit.centre is None:
        return None
    points = gpd.GeoSeries([Point(city.transit.centre)], crs="EPSG:4326")
    return points.to_crs(crs).iloc[0]


def _with_cover(
    districts: gpd.GeoDataFrame, membership: Membership | None, walks: Walks
) -> gpd.GeoDataFrame:
    """Add how much of each district its cells cover, if people were counted there, and streets."""
    if membership is not None:
        cells = membership.cells
        covered_m2 = cells.area.groupby(cells["district_id"]).sum().reindex(districts.index)
        share = (covered_m2.fillna(0.0) / districts["area_m2"]).clip(upper=1.0)
        districts = districts.assign(cells_share=share)
    if walks.streets_share is not None:
        share = walks.streets_share.reindex(districts.index, fill_value=0.0)
        districts = districts.assign(streets_share=share)
    return districts


def _mapped(
    city: City, sources: Collected, districts: gpd.GeoDataFrame, kept: Kept
) -> Completeness | None:
    """Estimate what is missing on the map, where it covers enough of a district to ask."""
    if sources.mapping is None:
        return None
    people = people_of(districts)
    if city.streets is None:  # else the map's own streets are not walked along
        share = districts.get("streets_share", pd.Series(0.0, index=districts.index))
        people = people.where(share >= city.city.min_covered_share)
    area_m2, draws, seed = districts["area_m2"], city.index.draws, city.index.seed
    return kept.once(
        "completeness",
        lambda: completeness(
            sources.mapping,
            population=people,
            area_m2=area_m2,
            agreement=sources.agreement,
            draws=draws,
            rng=np.random.default_rng([seed, _UNMAPPED]),
        ),
        *(sources.mapping, people, area_m2, sources.agreement, draws, seed),
    )


def _no_streets(walks: Walks) -> Reason | None:
    """Say why streets that were read are not walked along."""
    kind = walks.report.get("kind", "whole")
    return None if kind == "whole" else reason(kind)


def _height_at(city: City, sources: Collected) -> HeightAt | None:
    """Tell the height of the ground, where an elevation raster does and slopes are wanted."""
    found = [one for one in sources.rasters if one[0].kind == "elevation"]
    if not found or not city.walking.slope:
        return None
    spec, record = found[0]
    raster = Tiles(
        paths=spec.path, band=spec.band, crs=spec.crs, nodata=spec.nodata, scale=spec.scale
    )
    return height_at(raster, crs=sources.districts.crs, record=record)


def _heights(
    city: City, sources: Collected, walks: Walks, definitions: list[Definition], kept: Kept
) -> dict[str, pd.Series] | None:
    """Tell the height of homes and stops, where an indicator asks for the slope between them."""
    asked = any(one.measure == "stop_slope_share" for one in definitions)
    if _height_at(city, sources) is None or not asked or walks.homes is None:
        return None
    points = {"homes": walks.homes.geometry, "stops": sources.stops.representative_point()}

    def heights(some: Collected) -> dict[str, pd.Series]:
        height_at = _height_at(city, some)
        assert height_at is not None  # noqa: S101 - as above
        return {
            key: pd.Series(height_at(shapely.get_coordinates(one)), index=one.index)
            for key, one in points.items()
        }

    return noted(kept, "heights", heights, points, rasters_of(sources), sources=sources)


def _borders(
    city: City,
    sources: Collected,
    definitions: list[Definition],
    layers: Layers,
    parts: Mapping[str, Layers] | None,
    at_homes: dict[str, indicators.Value],
    evaluation: Evaluation,
    kept: Kept,
) -> dict[str, Borders]:
    """Compute the same indicators in other zones, where people can be counted in them."""
    if layers.cells is None or "population" not in layers.cells or not sources.zonings:
        return {}
    if "population" not in layers.districts:
        return {}
    at_cells = {key: one for key, one in layers.tables.items() if one.level == "cell"}
    found = {PUBLISHED: Borders.of(layers, evaluation)}
    for key, zones in sources.zonings.items():
        units = kept.once(
            "zones",
            partial(_zoned_units, layers, zones),
            *(zones, layers.cells, layers.homes, layers.network is None),
        )
        tiles = _tiles(city, sources, units, kept, figures=False)
        at_zones = _with_fibre(
            tiles.tables, sources.fibre, cells=layers.cells, zone=units["cells"]["district_id"]
        )
        # What a sample leaves open is told of the published districts alone
        dice = (0, city.index.seed)
        there = replace(layers, **units, tables=at_cells | at_zones, dice=dice)
        known = indicators.evaluate(definitions, there, parts=parts, at_homes=at_homes, kept=kept)
        found[key] = Borders.of(there, known)
    return found


def _zoned_units(layers: Layers, zones: gpd.GeoDataFrame) -> dict[str, Any]:
    """Give every cell one of other zones."""
    made = zoned(layers, zones, tables={})
    return {"districts": made.districts, "cells": made.cells}


def _with_fibre(
    tables: dict[str, TableValues],
    fibre: pd.DataFrame,
    *,
    cells: gpd.GeoDataFrame | None,
    zone: pd.Series | None = None,
) -> dict[str, TableValues]:
    """Carry broadband over to the fibre that a scenario lays, in districts or other zones."""
    if fibre.empty:
        return tables
    reach = pd.DataFrame(np.eye(len(fibre)), index=fibre.index, columns=fibre.index)
    if zone is not None and cells is not None:
        people = cells["population"].fillna(0.0)
        living = pd.crosstab(zone, cells["district_id"], values=people, aggfunc="sum").fillna(0.0)
        total = living.sum(axis=1)
        reach = living.reindex(columns=fibre.index, fill_value=0.0)
        reach = reach.div(total.where(total > 0), axis=0).fillna(0.0)
    return with_fibre(tables, fibre, reach=reach, cells=cells)


def _on_cells(
    values: dict[str, TableValues], membership: Membership | None
) -> dict[str, TableValues]:
    """Carry the values of cells over to the pieces that borders cut them into."""
    if membership is None:
        return values
    cells = membership.cells
    moved = dict(values)
    for key, one in values.items():
        if one.level == "cell":
            value = one.value.reindex(cells["cell_id"]).set_axis(cells.index)
            value = value * cells["share"] if one.is_count else value
            moved[key] = replace(one, value=value)
    return moved


def _figures(broadband: dict[str, pd.DataFrame], index: pd.Index) -> pd.DataFrame:
    """Put the figures of all kinds of speed tests side by side."""
    frames = [table.add_prefix(f"{kind}_") for kind, table in broadband.items()]
    return pd.concat(frames, axis=1) if frames else pd.DataFrame(index=index)
