"""
The order of work: from a city file to a study.

The only module that knows it. Each stage calls one part of the core with plain
tables; what the city file says is spelled out here and nowhere below.
"""

import copy
import ctypes
import gc
import resource
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from shapely import Point

from geoequity import indicators
from geoequity.city import City, IndexBlock, ReportBlock
from geoequity.collect import Collected, collect
from geoequity.confidence import Completeness, Reason, completeness, reason, year_spread
from geoequity.drivers import divide, drivers
from geoequity.errors import ConfigError, shown
from geoequity.fibre import with_fibre
from geoequity.findings import findings
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
from geoequity.judgement import (
    Judgement,
    Rules,
    base_of,
    check_weights,
    groups_of,
    inequality_of,
    judge,
    sampling_of,
)
from geoequity.keeping import FORGETFUL, Kept, Shelf
from geoequity.measures.sampled import Sample, draw_sample
from geoequity.perception import inclusion, perceived
from geoequity.placing import Ground, known_categories
from geoequity.riding import (
    TRAVELLED_TO,
    USUAL,
    Plans,
    Rides,
    by_district,
    ride,
    routes_report,
    supply_near,
    supply_of,
    timetable_report,
    transit_report,
    untimed_supply,
)
from geoequity.schema import AREAS, PILLARS
from geoequity.sources import osm_tags
from geoequity.sources.elevation import height_at
from geoequity.sources.files import Record, companions, sha256
from geoequity.sources.rasters import Tiles
from geoequity.sources.services import TIMETABLE
from geoequity.streets import ADULT, WALKERS, HeightAt, StreetNetwork, Walker
from geoequity.study import Study
from geoequity.summary import district_confidence, make_summary, people_of, plain, with_readings
from geoequity.transit import Rider, Timetable
from geoequity.typology import decoration_gap
from geoequity.units import Membership, join_cells, people_within, totals
from geoequity.validity import validity
from geoequity.vicinity import vicinity
from geoequity.walking import Manner, Walks, land_share, make_network, report_of, walk
from geoequity.zoning import PUBLISHED, Zonings, compare, labels_of, zoned, zoning_report

T = TypeVar("T")
Progress = Callable[[str], None]
STAGES = ("read", "join", "grids", "walk", "ride", "indicators", "index", "zoning", "findings")
_UNMAPPED, _SAMPLED = 1, 2  # their own streams of random numbers
_MOSTLY = 0.5  # of the people of a cell
_OF_UNITS = frozenset(("districts", "cells", "rasters"))  # books open after all is read
_ROUNDING_M = 1e-5  # of coordinates: far above floats', far below the pieces that cutting keeps


@dataclass
class _Stages:
    """Time and memory of each stage, told as they go."""

    progress: Progress | None
    gives_back: bool = True
    done: dict[str, dict[str, float]] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        if self.progress is not None:
            self.progress(name)
        start = time.perf_counter()
        yield
        if self.gives_back:
            _give_back()
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.done[name] = {
            "seconds": round(time.perf_counter() - start, 3),
            "peak_mb": round(peak_mb, 1),
        }


def _give_back() -> None:
    """Give freed memory back to the system, where the next stage finds it in larger pieces."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # not every C library can
            ctypes.CDLL(None).malloc_trim(0)


@dataclass(frozen=True, kw_only=True)
class Made:
    """
    What a study was made of, and what was made on the way.

    Parameters
    ----------
    city
        The city file.
    sources
        What was read, edits of a scenario included.
    definitions
        The catalogue, with the city's changes.
    kept
        Results of the stages by what they were made of.
    unedited
        Indicators of the city before any scenario, and before what the map
        lacks was drawn.
    read
        All services before any scenario.
    evaluation
        Indicators of the study.
    sampling
        Draws x districts: the index over the posteriors.
    rules
        The choices by which scores become an index and types.
    network
        The streets people walk along; None where there are none.
    districts
        Districts with their bases.
    cells
        Cells with ``district_id`` and their bases; None without cells.
    """

    city: City
    sources: Collected
    definitions: list[Definition]
    kept: Kept
    unedited: Evaluation
    read: gpd.GeoDataFrame
    evaluation: Evaluation
    sampling: pd.DataFrame
    rules: Rules
    network: StreetNetwork | None
    districts: gpd.GeoDataFrame
    cells: gpd.GeoDataFrame | None


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What the stages have made by the time the result is frozen."""

    city: City
    sources: Collected
    membership: Membership | None
    districts: gpd.GeoDataFrame
    definitions: list[Definition]
    evaluation: Evaluation
    mapped: Completeness | None
    judgement: Judgement
    drivers: pd.DataFrame
    divide: dict[str, Any] | None
    measures: pd.DataFrame
    groups: pd.DataFrame
    gridded: Gridded
    walks: Walks
    rides: Rides
    zonings: Zonings | None
    rules: Rules
    kept: Kept


def assess(
    city: City,
    *,
    progress: Progress | None = None,
    keep: bool = False,
    cache: Shelf | None = None,
) -> Study:
    """
    Assess a city: read its sources, compute what residents reach, judge the gap.

    Parameters
    ----------
    city
        A checked city file.
    progress
        Called with the name of each stage of ``STAGES`` as it begins.
    keep
        Whether to keep in memory what was made on the way, so that a scenario
        computes again only what it touches. Without, the first scenario
        assesses the city once more.
    cache
        Where results of earlier runs are looked for, and those of this one put:
        a :class:`geoequity.cache.Cache`. By default everything is made anew,
        which comes to the same, to the bit.

    Returns
    -------
    study
        The frozen result.

    Raises
    ------
    SourceError
        If a file cannot be read.
    DataError
        If a table breaks its contract; all faults of all files at once.
    CRSError
        If a layer has no CRS or the study's is not metric.
    ConfigError
        If the city file contradicts the catalogue.

    Warns
    -----
    DataWarning
        For each fault that was mended as declared; they are in the summary too.
    """
    stages = _Stages(progress)
    try:
        definitions = indicators.read_catalogue(city.catalogue_changes())
        check_weights(_rules(city).weights, definitions)
    except ConfigError as error:
        msg = f"{city.file}: does not fit the catalogue"
        raise ConfigError(msg, faults=error.faults) from error
    kept = Kept(shelf=cache, remembers=keep) if keep or cache is not None else FORGETFUL
    with stages.stage("read"):
        sources = _read(city, definitions, kept)
        _check_parts(city, sources.districts.index)
    return _assessed(city, sources, definitions, stages=stages, kept=kept)


def assess_edited(
    before: Made, sources: Collected, *, kept: Kept, progress: Progress | None = None
) -> Study:
    """
    Assess a city whose sources a scenario edited.

    Parameters
    ----------
    before
        What the study of the city was made of.
    sources
        The edited sources.
    kept
        Results of stages that are known, to which those made anew are added.
    progress
        Called with the name of each stage of ``STAGES`` but the reading.

    Returns
    -------
    study
        As :func:`assess` makes it.

    Raises
    ------
    DataError
        If a table breaks its contract.
    """
    stages = _Stages(progress, gives_back=False)  # little, and the next edit takes it again
    with _uncollected():
        return _assessed(
            before.city, sources, before.definitions, stages=stages, kept=kept, before=before
        )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Put off looking for garbage: every search goes through all that is kept, to find little."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read(city: City, definitions: list[Definition], kept: Kept) -> Collected:
    """Read all files, unless they were read before as they are now."""
    if kept is FORGETFUL:
        return collect(city, definitions)
    of_draws = {"draws": city.index.draws, "seed": city.index.seed}
    bare = city.model_copy(update={"index": IndexBlock(**of_draws), "report": ReportBlock()})
    blocks = {key: getattr(bare, key) for key in City.model_fields if key != "file"}
    found, is_new = _marks(city), []

    def reading() -> Collected:
        is_new.append(True)
        return collect(bare, definitions)

    sources = kept.once(
        "read", reading, blocks, definitions, found, unless=lambda: _marks(city) != found
    )
    if not is_new:
        for book in sources.records:
            book.warn_again()
    return replace(sources, marks=found)


def _marks(city: City) -> dict[str, str]:
    """Fingerprint all files that a city file names; never alike where that cannot be done."""
    found: dict[str, str] = {}
    for path in city.files():
        parts = companions(path)
        unknown = {str(path): secrets.token_hex()}
        found |= unknown if parts is None else {str(one): sha256(one) for one in parts}
    return found


def _noted(
    kept: Kept, name: str, make: Callable[[Collected], T], *of: object, sources: Collected
) -> T:
    """
    Make a result once, and note in the books of the sources what its making notes.

    What is known from before was noted in books of another run. Only those of units
    and rasters are open here: others of that run need not be there in this one.
    """
    books = [one for one in sources.records if one.name.split(".")[0] in _OF_UNITS]

    def noting() -> tuple[T, list[Record]]:
        blank = [one.blank() for one in books]
        return make(_with_books(sources, dict(zip(map(id, books), blank, strict=True)))), blank

    made, noted = kept.once(name, noting, *of, [(one.name, one.path) for one in books])
    for book, found in zip(books, noted, strict=True):
        book.add(found)
    return made


def _with_books(sources: Collected, books: dict[int, Record]) -> Collected:
    """Give sources other books, by the id of those that they take the place of."""
    records = [books.get(id(one), one) for one in sources.records]
    rasters = [(spec, books.get(id(one), one)) for spec, one in sources.rasters]
    return replace(sources, records=records, rasters=rasters)


def _rules(city: City) -> Rules:
    """Take the choices of a city file."""
    return Rules(**dict(city.index), min_covered_share=city.city.min_covered_share)


def _assessed(
    city: City,
    sources: Collected,
    definitions: list[Definition],
    *,
    stages: _Stages,
    kept: Kept,
    before: Made | None = None,
) -> Study:
    """Take sources through all stages but the reading."""
    rules, given = _rules(city), sources
    sources = _with_books(sources, {id(one): copy.deepcopy(one) for one in sources.records})
    with stages.stage("join"):
        membership, districts = _noted(
            kept,
            "join",
            partial(_joined, city),
            *(sources.districts, sources.cells, city.cells, city.districts.overlaps),
            *(sources.group_areas, _rasters(sources)),
            sources=sources,
        )
    with stages.stage("grids"):
        gridded = _gridded(city, sources, districts, membership, kept)
        in_hazard = _noted(
            kept,
            "in_hazard",
            lambda some: in_zone(some.rasters, some.services),
            *(sources.services.geometry, _rasters(sources)),
            sources=sources,
        )
        if in_hazard is not None:
            sources = replace(sources, services=sources.services.assign(in_hazard=in_hazard))
    with stages.stage("walk"):
        walks = _walks(city, sources, membership, definitions, kept)
        counted = None if city.cells is None or city.cells.spread else membership
        districts = _with_cover(districts, counted, walks)
    with stages.stage("ride"):
        rides = _rides(city, sources, membership, walks, kept)
        if rides.stops is not None:
            sources = replace(sources, stops=sources.stops.join(rides.stops))
    with stages.stage("indicators"):
        layers = Layers(
            districts=districts,
            min_covered_share=city.city.min_covered_share,
            cells=membership.cells if membership else None,
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
                cells=membership.cells if membership else None,
            ),
            routes=sources.routes,
            centre=_centre(city, sources),
            heights_m=_heights(city, sources, walks, definitions, kept),
            is_spread=city.cells is not None and city.cells.spread,
        )
        parts: dict[str, Layers] | None = indicators.narrowed(definitions, layers)
        plain_values = indicators.evaluate(definitions, layers, parts=parts, kept=kept)
        evaluation, mapped = plain_values, _mapped(city, sources, districts, kept)
        read = sources.services if before is None else before.read
        if mapped is not None:
            evaluation = indicators.with_unmapped(
                evaluation,
                definitions,
                completeness=mapped,
                services=read,
                own_streets=city.streets is not None,
                rng=np.random.default_rng([city.index.seed, _UNMAPPED, _UNMAPPED]),
                unedited=None if before is None else before.unedited,
                kept=kept,
            )
    with stages.stage("index"):
        measures, by_group = _measures(city, evaluation, definitions, layers, kept)
        population = people_of(districts)
        judgement = judge(
            evaluation,
            definitions,
            population=population,
            present=measures.index[~(measures["coverage"] < city.city.min_coverage)],
            rules=rules,
            kept=kept.in_memory(),
        )
        driven = drivers(judgement, population, rules=rules)
        between = _divide(city, judgement, evaluation, definitions, districts, rules)
    with stages.stage("zoning"):
        if not kept.remembers:
            parts = None  # of a metropolis half a gigabyte, and soon made again
        zonings = _zonings(city, sources, definitions, layers, parts, plain_values, kept)
    with stages.stage("findings"):
        study = _study(
            _Work(
                city=city,
                sources=sources,
                membership=membership,
                districts=districts,
                definitions=definitions,
                evaluation=evaluation,
                mapped=mapped,
                judgement=judgement,
                drivers=driven,
                divide=between,
                measures=measures,
                groups=by_group,
                gridded=gridded,
                walks=walks,
                rides=rides,
                zonings=zonings,
                rules=rules,
                kept=kept,
            )
        )
    if not kept.remembers:  # let go of what was made on the way
        return replace(_timed(study, stages.done), made_of=city)
    made = Made(
        city=city,
        sources=given,
        definitions=definitions,
        kept=kept,
        unedited=plain_values if before is None else before.unedited,
        read=read,
        evaluation=evaluation,
        sampling=judgement.sampling,
        rules=rules,
        network=walks.network,
        districts=districts,
        cells=layers.cells,
    )
    return replace(_timed(study, stages.done), made_of=made)


def _measures(
    city: City,
    evaluation: Evaluation,
    definitions: list[Definition],
    layers: Layers,
    kept: Kept,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure the inequality of every indicator, of everybody and of groups."""
    cells, districts = layers.cells, layers.districts
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


def ground(city: City, *, category: str, cache: Shelf | None = None) -> Ground:
    """
    Read a city and let its people walk to one kind of service, for a siting.

    Parameters
    ----------
    city
        A checked city file.
    category
        What is to be sited.
    cache
        As of :func:`assess`.

    Returns
    -------
    ground
        Who lives where, how far it is today, and what lies between.

    Raises
    ------
    ConfigError
        If nothing is called `category`, the city has no cells, or the city file
        contradicts the catalogue.
    SourceError
        If a file cannot be read.
    DataError
        If a table breaks its contract, or nobody was counted.
    """
    definitions = indicators.read_catalogue(city.catalogue_changes())
    known = known_categories(definitions, (one.name for one in osm_tags.rules().services.rules))
    if category not in known:
        msg = f"category: nothing is called {category!r}; there are {', '.join(known)}"
        raise ConfigError(msg)
    walked = [one for one in definitions if one.measure in {"walk_min", "services_share"}]
    measured = [one for one in walked if category in one.parameters["categories"]]
    one = measured[0] if measured else replace(walked[0], parameters={"categories": [category]})
    kept = FORGETFUL if cache is None else Kept(shelf=cache, remembers=False)
    sources = _read(city, definitions, kept)
    membership = _join(city, sources)
    if membership is None or "population" not in membership.cells:
        msg = f"{city.file}: no cells with people, so that nobody can be served"
        raise ConfigError(msg)
    block = city.transit
    feed = sources.feed
    return Ground(
        city=_city_block(city, sources),
        districts=_with_people(sources, membership),
        cells=membership.cells,
        services=sources.services,
        walks=_walks(city, sources, membership, [one], kept),
        walker=Walker(name=ADULT.name, speed_kmh=city.walking.speed_kmh),
        detour_factor=city.walking.detour_factor,
        groups=tuple(city.cells.groups) if city.cells else (),
        category=category,
        indicator=one if measured else None,
        timetable=None if feed is None else Timetable.of(feed, date=block.date),
        rider=_rider(city),
        window=block.window,
    )


def _check_parts(city: City, districts: pd.Index) -> None:
    """Refuse parts of the city whose districts are not there."""
    parts = city.question.parts if city.question else {}
    faults = []
    for key, part in parts.items():
        lost = [one for one in part.districts if one not in districts]
        if lost:
            faults.append(f"question.parts.{key}.districts: no such district: {shown(lost)}")
    if faults:
        msg = f"{city.file}: names districts that are not there"
        raise ConfigError(msg, faults=faults)


def _divide(
    city: City,
    judgement: Judgement,
    evaluation: Evaluation,
    definitions: list[Definition],
    districts: gpd.GeoDataFrame,
    rules: Rules,
) -> dict[str, Any] | None:
    """Compare the parts of the city that its file names."""
    parts = city.question.parts if city.question else {}
    of = {one.id: one for one in definitions}
    values = evaluation.districts
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


def _joined(city: City, sources: Collected) -> tuple[Membership | None, gpd.GeoDataFrame]:
    """Give every cell its district, and count people there."""
    membership = _join(city, sources)
    return membership, _with_people(sources, membership)


def _join(city: City, sources: Collected) -> Membership | None:
    """Give every cell its district."""
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
    rasters = _noted(
        kept,
        "rasters",
        lambda some: values_of_rasters(some.rasters, **units),
        *(_rasters(sources), units),
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


def _rasters(sources: Collected) -> list[tuple[object, ...]]:
    """Say what is in the rasters, which are read when units are final."""
    listed: list[tuple[object, ...]] = []
    for spec, _ in sources.rasters:
        parts = [one for path in spec.path for one in companions(path) or (path,)]
        listed.append((spec, [sources.marks.get(str(one)) for one in parts]))
    return listed


def _counts(cells: pd.DataFrame) -> tuple[str, ...]:
    """List the columns of the cells that count people or things."""
    return tuple(
        one
        for one in cells.columns
        if one not in {"name", "parent", "geometry", "area_m2", "district_id", "cell_id", "share"}
    )


def _with_people(sources: Collected, membership: Membership | None) -> gpd.GeoDataFrame:
    """Add the counts of the cells up by district, or count people there if there are no cells."""
    districts = sources.districts
    if membership is None:
        people = people_of_raster(sources.rasters, districts)
        return districts if people is None else districts.assign(population=people)
    columns = tuple(one for one in _counts(membership.cells) if one not in districts.columns)
    if not columns:
        return districts
    return districts.join(totals(membership.cells, districts.index, columns=columns))


def _walks(
    city: City,
    sources: Collected,
    membership: Membership | None,
    definitions: list[Definition],
    kept: Kept,
) -> Walks:
    """Build the walking network, and walk on it from every cell."""
    walking = city.walking
    walker = Walker(name=ADULT.name, speed_kmh=walking.speed_kmh)
    network: StreetNetwork | None = None
    report: dict[str, Any] = {}
    if sources.streets is not None:
        # Light is no matter to where people walk: streets that are lit are walked as before
        streets = sources.streets.drop(columns="lit", errors="ignore")
        lifts = sources.lifts
        network, report = _noted(
            kept,
            "streets",
            lambda some: make_network(
                streets, walker=walker, height_at=_height_at(city, some), lifts=lifts
            ),
            *(streets, lifts, walker, city.walking.slope, _rasters(sources)),
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
        timetable = Timetable.of(sources.feed, date=city.transit.date)
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
    rider = _rider(city)
    plans = Plans(
        window=block.window,
        rider=rider,
        kinds=TRAVELLED_TO,
        without=block.without,
        centre=_centre(city, sources),
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
    if walks.network is not None:
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


def _rider(city: City) -> Rider:
    """Say who rides."""
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


def _centre(city: City, sources: Collected) -> Point | None:
    """Place the centre that the city file names."""
    if city.transit.centre is None:
        return None
    points = gpd.GeoSeries([Point(city.transit.centre)], crs="EPSG:4326")
    return points.to_crs(sources.districts.crs).iloc[0]


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
    area_m2, draws = districts["area_m2"], city.index.draws
    return kept.once(
        "completeness",
        lambda: completeness(
            sources.mapping,
            population=people,
            area_m2=area_m2,
            agreement=sources.agreement,
            draws=draws,
            rng=np.random.default_rng([city.index.seed, _UNMAPPED]),
        ),
        *(sources.mapping, people, area_m2, sources.agreement, draws),
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

    return _noted(kept, "heights", heights, points, _rasters(sources), sources=sources)


def _zonings(
    city: City,
    sources: Collected,
    definitions: list[Definition],
    layers: Layers,
    parts: Mapping[str, Layers] | None,
    evaluation: Evaluation,
    kept: Kept,
) -> Zonings | None:
    """Compute the same study in other zones, where people can be counted in them."""
    if layers.cells is None or "population" not in layers.cells or not sources.zonings:
        return None
    if "population" not in layers.districts:
        return None
    at_cells = {key: one for key, one in layers.tables.items() if one.level == "cell"}
    several, found = {PUBLISHED: layers}, {PUBLISHED: evaluation}
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
        several[key] = replace(layers, **units, tables=at_cells | at_zones, dice=dice)
        found[key] = indicators.evaluate(definitions, several[key], parts=parts, kept=kept)
    return compare(
        found,
        several,
        definitions=definitions,
        weights=city.index.weights,
        min_coverage=city.city.min_coverage,
        kept=kept,
    )


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


def _zoning_labels(city: City, zonings: Zonings | None) -> dict[str, dict[str, str]]:
    """Name the zonings as the city file does, or by what their grids are."""
    if zonings is None:
        return {}
    others = [str(one) for one in zonings.table.index if one != PUBLISHED]
    blocks = city.zonings
    if blocks is None:  # hexagons that nobody named
        return labels_of({one: ("h3", int(one.removeprefix("h3_"))) for one in others})
    named = {
        key: {str(one): said for one, said in blocks[key].label.items()}
        for key in others
        if blocks[key].label
    }
    return labels_of({key: blocks[key].grid for key in others}) | named


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


def _study(work: _Work) -> Study:
    """Freeze the result."""
    evaluation, judgement = work.evaluation, work.judgement
    cells = work.membership.cells if work.membership else None
    outside = work.membership.outside if work.membership else float("nan")
    catalogue = indicators.catalogue_table(
        one for one in work.definitions if one.id in evaluation.districts.columns
    )
    table = work.districts.assign(
        **{one: judgement.scores[one] for one in ("index", *PILLARS, *AREAS)},
        **{one: judgement.ranges[one] for one in judgement.ranges.columns},
        decoration_gap=decoration_gap(*(judgement.scores[one] for one in PILLARS)),
        type=judgement.types,
        type_relative=judgement.relative,
        confidence=district_confidence(evaluation, judgement),
    )
    leaves = [one for one in judgement.tree["id"] if one in evaluation.districts.columns]
    scores = judgement.scores[leaves]
    made = make_summary(
        city=_city_block(work.city, work.sources),
        method=_method(work.city, work.sources, work.walks, work.membership),
        rules=work.rules,
        districts=work.districts,
        cells=cells,
        outside=outside,
        evaluation=evaluation,
        definitions=work.definitions,
        judgement=judgement,
        measures=work.measures,
    )
    mapping = pd.DataFrame(index=table.index)
    if work.sources.mapping is not None and work.mapped is not None:
        mapping = work.sources.mapping.join(work.mapped.table)
    made = with_readings(
        made,
        mapping=mapping,
        groups=work.groups,
        perception=perceived(
            {
                key: (one.spec.model_dump(), one.answers)
                for key, one in work.sources.surveys.items()
            },
            evaluation,
            definitions=work.definitions,
            population=people_of(work.districts),
            kept=work.kept.in_memory(),
        ),
        online=inclusion(scores),
        walking=report_of(work.walks, cells=cells),
        transit={
            **work.kept.once(
                "transit",
                lambda: transit_report(work.rides, cells=cells, districts=work.districts.index),
                *(work.rides, cells, work.districts.index),
            ),
            "routes": routes_report(work.sources.routes),
        },
        population=people_of(work.districts),
        drivers=work.drivers,
        divide=work.divide,
    )
    around = vicinity(
        work.districts,
        scores=judgement.scores,
        ranges=judgement.ranges,
        indicators=evaluation.districts,
        stratifiers=[one for one in catalogue.index if catalogue.loc[one, "role"] == "stratifier"],
        asked=[one for one in _asked(work.city, evaluation) if one not in _distances(work)],
        centre=_centre(work.city, work.sources),
        seed=work.rules.seed,
        kept=work.kept,
    )
    made["validity"] = validity(
        _truths(work),
        asked=_asked(work.city, evaluation),
        against={one.id: one.against for one in work.definitions if one.against is not None},
        indicators=evaluation.districts,
        scores=judgement.scores,
        better=dict(catalogue["better"]),
        population=people_of(work.districts),
    )
    made["patterns"] = around.report
    made["zoning"] = zoning_report(work.zonings, _zoning_labels(work.city, work.zonings))
    made["warnings"] = [one for book in work.sources.records for one in book.warnings]
    made["findings"] = findings(
        summary=made,
        districts=table,
        indicators=evaluation.districts,
        scores=scores,
        catalogue=catalogue,
    )
    file = work.city.file
    return Study(
        districts=table,
        cells=cells if cells is not None else _no_cells(work.districts),
        services=work.sources.services,
        stops=work.sources.stops,
        routes=work.sources.routes,
        background=work.sources.background,
        indicators=evaluation.districts,
        cell_indicators=evaluation.cells,
        scores=scores,
        confidence=evaluation.confidence,
        intervals=_intervals(evaluation),
        mapping=mapping,
        broadband=_figures(work.gridded.broadband, table.index),
        trends=work.gridded.trends if work.gridded.trends is not None else pd.DataFrame(),
        transit=work.kept.once(
            "transit by district",
            lambda: by_district(
                work.rides,
                homes=work.walks.homes,
                cells=cells,
                districts=table.index,
                kept=work.kept.in_memory(),
            ),
            *(work.rides, work.walks.homes, cells, table.index),
        ),
        groups=work.groups,
        patterns=around.table,
        drivers=work.drivers,
        inequality=work.measures,
        types=judgement.probability.assign(type=judgement.types),
        catalogue=catalogue,
        summary=made,
        provenance={
            "sources": [book.as_dict() for book in work.sources.records],
            "city_file": {"path": file.name, "sha256": sha256(file)},
            "software": made["versions"],
        },
    )


def _truths(work: _Work) -> list[str]:
    """List what others measured, and what is computed of that alone."""
    given = work.sources.tables
    return [
        one.id
        for one in work.definitions
        if one.role != "indicator"
        and one.id in work.evaluation.districts.columns
        and (one.id in given or all(side in given for side in _sides(one)))
    ]


def _distances(work: _Work) -> set[str]:
    """List the indicators that are distances to the centre, which grow outwards by themselves."""
    return {one.id for one in work.definitions if one.measure == "centre_km"}


def _sides(one: Definition) -> list[str]:
    """Name the tables that a change lies between; something that is none for all else."""
    return [str(one.parameters.get(side, "")) for side in ("of", "since")]


def _asked(city: City, evaluation: Evaluation) -> list[str]:
    """List the indicators that the city's question is about and that could be computed."""
    named = city.question.indicators if city.question else ()
    return [one for one in named if one in evaluation.districts.columns]


def _intervals(evaluation: Evaluation) -> pd.DataFrame:
    """Lay the sampling intervals out in one long table."""
    there = evaluation.districts.columns
    tables = {key: one for key, one in evaluation.intervals.items() if key in there}
    if not tables:
        return pd.DataFrame(columns=["unit_id", "indicator", "low", "high"])
    ends = pd.concat([one[["low", "high"]] for one in tables.values()]).rename_axis("unit_id")
    keys = np.repeat(list(tables), [len(one) for one in tables.values()])
    ends.insert(0, "indicator", pd.Series(keys, index=ends.index, dtype="str"))
    return ends.reset_index()


def _figures(broadband: dict[str, pd.DataFrame], index: pd.Index) -> pd.DataFrame:
    """Put the figures of all kinds of speed tests side by side."""
    frames = [table.add_prefix(f"{kind}_") for kind, table in broadband.items()]
    return pd.concat(frames, axis=1) if frames else pd.DataFrame(index=index)


def _timed(study: Study, stages: dict[str, dict[str, float]]) -> Study:
    """Add the time and memory of the stages."""
    return replace(study, summary={**study.summary, "stages": stages})


def _no_cells(districts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Make the table of cells of a city that has none."""
    columns = {one: pd.Series(dtype=object) for one in ("name", "district_id", "cell_id")}
    empty = gpd.GeoDataFrame(columns, geometry=[], crs=districts.crs)
    return empty.assign(share=0.0, area_m2=0.0).rename_axis("unit_id")


def _city_block(city: City, sources: Collected) -> dict[str, Any]:
    """Describe the city in the summary."""
    block = city.city
    return {
        "id": block.id,
        "name": block.name,
        "country": block.country,
        "crs": CRS(sources.districts.crs).to_string(),
        "imd_2025_rank": block.imd_2025_rank,
        "fictitious": block.fictitious,
        "languages": list(block.languages),
        "licences": sources.licences,
        "question": dict(city.question.text) if city.question else None,
        "question_indicators": list(city.question.indicators) if city.question else [],
        "title": dict(city.report.title),
    }


def _people_from(city: City) -> str | None:
    """Tell how it is known where people live: counted by cell, spread over it, or by district."""
    if city.cells is None:
        return None
    return "spread" if city.cells.spread else "raked" if city.cells.rake else "counted"


def _method(
    city: City, sources: Collected, walks: Walks, membership: Membership | None
) -> dict[str, Any]:
    """State the facts of the method that the rules do not."""
    network = walks.network is not None
    return {
        "walking_speed_kmh": city.walking.speed_kmh,
        "streets": "network" if network else "straight_line",
        "detour_factor": None if network else city.walking.detour_factor,
        "buffer_m": city.city.buffer_m,
        "min_coverage": city.city.min_coverage,
        "reference_years": year_spread(
            one.origin.reference_year
            for one in sources.records
            if one.origin.reference_year is not None
        ),
        "people": _people_from(city),
        "parent": "declared" if city.cells and city.cells.district else "overlap",
        "disputed_cells": len(membership.disputed) if membership else None,
        "disputed_population": plain(membership.disputed_population) if membership else None,
    }
