"""
The order of work: from a city file to a study.

The only package that knows it. Each stage calls one part of the core with plain
tables; what the city file says is spelled out here and nowhere below. What is measured
of a city is made of its files alone, and is known again whatever its index is made of.
"""

from dataclasses import dataclass, replace

import geopandas as gpd
import pandas as pd

from geoequity import indicators
from geoequity.assessment._judged import Judged, judge_all, rules_of
from geoequity.assessment._measured import (
    Measured,
    join,
    measure,
    rider_of,
    walks_of,
    with_people,
)
from geoequity.assessment._published import city_block, publish
from geoequity.assessment._reading import Inputs, read, warn_again
from geoequity.assessment._stages import STAGES, Progress, Stages, uncollected
from geoequity.city import City
from geoequity.collect import Collected
from geoequity.errors import ConfigError, shown
from geoequity.indicators import Definition, Evaluation
from geoequity.judgement import Rules, check_weights
from geoequity.keeping import FORGETFUL, Kept, Shelf
from geoequity.placing import Ground, known_categories
from geoequity.sources import osm_tags
from geoequity.streets import ADULT, StreetNetwork, Walker
from geoequity.study import Study
from geoequity.transit import Timetable

__all__ = ["STAGES", "Made", "Progress", "assess", "assess_edited", "ground"]

_MEASURED = STAGES[1 : STAGES.index("index")]


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
    stages = Stages(progress)
    try:
        definitions = indicators.read_catalogue(city.catalogue_changes())
        check_weights(rules_of(city).weights, definitions)
    except ConfigError as error:
        msg = f"{city.file}: does not fit the catalogue"
        raise ConfigError(msg, faults=error.faults) from error
    if keep:
        kept = Kept(shelf=cache)
        with stages.stage("read"):
            sources = read(Inputs.of(city, definitions, kept), kept)
            _check_parts(city, sources.districts.index)
        return _assessed(city, sources, definitions, stages=stages, kept=kept)
    kept = FORGETFUL if cache is None else Kept(shelf=cache, remembers=False)
    measured = _as_measured(city, definitions, stages=stages, kept=kept)
    _, study = _as_published(city, definitions, measured, stages=stages, kept=kept)
    return replace(study, made_of=city)


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
    stages = Stages(progress, gives_back=False)  # little, and the next edit takes it again
    with uncollected():
        return _assessed(
            before.city, sources, before.definitions, stages=stages, kept=kept, before=before
        )


def _as_measured(
    city: City, definitions: list[Definition], *, stages: Stages, kept: Kept
) -> Measured:
    """Measure a city, unless its files were measured before as they are now."""
    handed_on: list[Collected] = []  # and held here no longer: some is let go of on the way
    with stages.stage("read"):
        inputs = Inputs.of(city, definitions, kept)
        known = kept.known("measured", *inputs.named())
        if known is None:
            handed_on.append(read(inputs, kept))
        _check_parts(city, (handed_on[0] if known is None else known).districts.index)
    if known is not None:
        warn_again(known.records)
        for name in _MEASURED:
            with stages.stage(name):
                pass  # came with the reading
        return known
    return kept.once(
        "measured",
        lambda: measure(inputs.city, handed_on.pop(), definitions, stages=stages, kept=kept)[0],
        *inputs.named(),
        unless=inputs.have_changed,
    )


def _as_published(
    city: City, definitions: list[Definition], measured: Measured, *, stages: Stages, kept: Kept
) -> tuple[Judged, Study]:
    """Take what was measured through the stages that the rules touch."""
    with stages.stage("index"):
        judged = judge_all(city, definitions, measured, kept=kept)
    with stages.stage("findings"):
        study = publish(city, definitions, measured, judged, kept=kept)
    return judged, replace(study, summary={**study.summary, "stages": stages.done})


def _assessed(
    city: City,
    sources: Collected,
    definitions: list[Definition],
    *,
    stages: Stages,
    kept: Kept,
    before: Made | None = None,
) -> Study:
    """Take sources through all stages but the reading, and keep what was made on the way."""
    measured, network = measure(
        *(city, sources, definitions),
        stages=stages,
        kept=kept,
        read=None if before is None else before.read,
        unedited=None if before is None else before.unedited,
    )
    judged, study = _as_published(city, definitions, measured, stages=stages, kept=kept)
    made = Made(
        city=city,
        sources=sources,
        definitions=definitions,
        kept=kept,
        unedited=measured.plain if before is None else before.unedited,
        read=measured.services if before is None else before.read,
        evaluation=measured.evaluation,
        sampling=judged.judgement.sampling,
        rules=judged.rules,
        network=network,
        districts=measured.districts,
        cells=measured.cells,
    )
    return replace(study, made_of=made)


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
    sources = read(Inputs.of(city, definitions, kept), kept)
    membership = join(city, sources)
    if membership is None or "population" not in membership.cells:
        msg = f"{city.file}: no cells with people, so that nobody can be served"
        raise ConfigError(msg)
    block = city.transit
    feed = sources.feed
    return Ground(
        city=city_block(city, crs=sources.districts.crs, licences=sources.licences),
        districts=with_people(sources, membership),
        cells=membership.cells,
        services=sources.services,
        walks=walks_of(city, sources, membership, [one], kept),
        walker=Walker(name=ADULT.name, speed_kmh=city.walking.speed_kmh),
        detour_factor=city.walking.detour_factor,
        groups=tuple(city.cells.groups) if city.cells else (),
        category=category,
        indicator=one if measured else None,
        timetable=None if feed is None else Timetable.of(feed, date=block.date),
        rider=rider_of(city),
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
