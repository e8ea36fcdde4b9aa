"""The study as it is published: tables, summary and findings of what was measured and judged."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS

from geoequity import indicators
from geoequity.assessment._judged import Judged
from geoequity.assessment._measured import Measured, centre_of
from geoequity.city import City
from geoequity.confidence import year_spread
from geoequity.findings import findings
from geoequity.indicators import Definition, Evaluation
from geoequity.keeping import Kept
from geoequity.perception import inclusion, perceived
from geoequity.riding import routes_report
from geoequity.schema import AREAS, PILLARS
from geoequity.sources.files import sha256
from geoequity.study import Study
from geoequity.summary import district_confidence, make_summary, people_of, plain, with_readings
from geoequity.typology import decoration_gap
from geoequity.validity import validity
from geoequity.vicinity import vicinity
from geoequity.zoning import PUBLISHED, Zonings, labels_of, zoning_report


def publish(
    city: City, definitions: list[Definition], measured: Measured, judged: Judged, *, kept: Kept
) -> Study:
    """
    Freeze the result.

    Parameters
    ----------
    city
        A checked city file.
    definitions
        The catalogue, with the city's changes.
    measured
        What was measured of the city.
    judged
        What was judged of it.
    kept
        Results that are known, to which those made anew are added.

    Returns
    -------
    study
        The frozen result, without what it was made of.
    """
    evaluation, judgement, cells = measured.evaluation, judged.judgement, measured.cells
    people = people_of(measured.districts)
    outside = measured.membership.outside if measured.membership else float("nan")
    catalogue = indicators.catalogue_table(
        one for one in definitions if one.id in evaluation.districts.columns
    )
    table = measured.districts.assign(
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
        city=city_block(city, crs=measured.districts.crs, licences=measured.licences),
        method=_method(city, measured),
        rules=judged.rules,
        districts=measured.districts,
        cells=cells,
        outside=outside,
        evaluation=evaluation,
        definitions=definitions,
        judgement=judgement,
        measures=judged.measures,
    )
    mapping = pd.DataFrame(index=table.index)
    if measured.mapping is not None and measured.mapped is not None:
        mapping = measured.mapping.join(measured.mapped.table)
    made = with_readings(
        made,
        mapping=mapping,
        groups=judged.groups,
        perception=perceived(
            {key: (one.spec.model_dump(), one.answers) for key, one in measured.surveys.items()},
            evaluation,
            definitions=definitions,
            population=people,
            kept=kept.in_memory(),
        ),
        online=inclusion(scores),
        walking=measured.walking,
        transit={**measured.transit, "routes": routes_report(measured.routes)},
        population=people,
        drivers=judged.drivers,
        divide=judged.divide,
    )
    around = vicinity(
        measured.districts,
        scores=judgement.scores,
        ranges=judgement.ranges,
        indicators=evaluation.districts,
        stratifiers=[one for one in catalogue.index if catalogue.loc[one, "role"] == "stratifier"],
        asked=[one for one in _asked(city, evaluation) if one not in _distances(definitions)],
        centre=centre_of(city, crs=measured.districts.crs),
        seed=judged.rules.seed,
        kept=kept,
    )
    made["validity"] = validity(
        _truths(definitions, measured),
        asked=_asked(city, evaluation),
        against={one.id: one.against for one in definitions if one.against is not None},
        indicators=evaluation.districts,
        scores=judgement.scores,
        better=dict(catalogue["better"]),
        population=people,
    )
    made["patterns"] = around.report
    made["zoning"] = zoning_report(judged.zonings, _zoning_labels(city, judged.zonings))
    made["warnings"] = [one for book in measured.records for one in book.warnings]
    made["findings"] = findings(
        summary=made,
        districts=table,
        indicators=evaluation.districts,
        scores=scores,
        catalogue=catalogue,
    )
    file = city.file
    return Study(
        districts=table,
        cells=cells if cells is not None else _no_cells(measured.districts),
        services=measured.services,
        stops=measured.stops,
        routes=measured.routes,
        background=measured.background,
        indicators=evaluation.districts,
        cell_indicators=evaluation.cells,
        scores=scores,
        confidence=evaluation.confidence,
        intervals=_intervals(evaluation),
        mapping=mapping,
        broadband=measured.broadband,
        trends=measured.trends if measured.trends is not None else pd.DataFrame(),
        transit=measured.transit_by_district,
        groups=judged.groups,
        patterns=around.table,
        drivers=judged.drivers,
        inequality=judged.measures,
        types=judgement.probability.assign(type=judgement.types),
        catalogue=catalogue,
        summary=made,
        provenance={
            "sources": [book.as_dict() for book in measured.records],
            "city_file": {"path": file.name, "sha256": sha256(file)},
            "software": made["versions"],
        },
    )


def _truths(definitions: list[Definition], measured: Measured) -> list[str]:
    """List what others measured, and what is computed of that alone."""
    given = measured.given
    return [
        one.id
        for one in definitions
        if one.role != "indicator"
        and one.id in measured.evaluation.districts.columns
        and (one.id in given or all(side in given for side in _sides(one)))
    ]


def _distances(definitions: list[Definition]) -> set[str]:
    """List the indicators that are distances to the centre, which grow outwards by themselves."""
    return {one.id for one in definitions if one.measure == "centre_km"}


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


def _no_cells(districts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Make the table of cells of a city that has none."""
    columns = {one: pd.Series(dtype=object) for one in ("name", "district_id", "cell_id")}
    empty = gpd.GeoDataFrame(columns, geometry=[], crs=districts.crs)
    return empty.assign(share=0.0, area_m2=0.0).rename_axis("unit_id")


def city_block(city: City, *, crs: object, licences: list[str]) -> dict[str, Any]:
    """
    Describe the city in the summary.

    Parameters
    ----------
    city
        A checked city file.
    crs
        CRS of the study.
    licences
        Licences whose terms the outputs inherit.

    Returns
    -------
    block
        Plain values; stands under ``city``.
    """
    block = city.city
    return {
        "id": block.id,
        "name": block.name,
        "country": block.country,
        "crs": CRS(crs).to_string(),
        "imd_2025_rank": block.imd_2025_rank,
        "fictitious": block.fictitious,
        "languages": list(block.languages),
        "licences": licences,
        "question": dict(city.question.text) if city.question else None,
        "question_indicators": list(city.question.indicators) if city.question else [],
        "title": dict(city.report.title),
    }


def _people_from(city: City) -> str | None:
    """Tell how it is known where people live: counted by cell, spread over it, or by district."""
    if city.cells is None:
        return None
    return "spread" if city.cells.spread else "raked" if city.cells.rake else "counted"


def _method(city: City, measured: Measured) -> dict[str, Any]:
    """State the facts of the method that the rules do not."""
    network, membership = measured.on_streets, measured.membership
    return {
        "walking_speed_kmh": city.walking.speed_kmh,
        "streets": "network" if network else "straight_line",
        "detour_factor": None if network else city.walking.detour_factor,
        "buffer_m": city.city.buffer_m,
        "min_coverage": city.city.min_coverage,
        "reference_years": year_spread(
            one.origin.reference_year
            for one in measured.records
            if one.origin.reference_year is not None
        ),
        "people": _people_from(city),
        "parent": "declared" if city.cells and city.cells.district else "overlap",
        "disputed_cells": len(membership.disputed) if membership else None,
        "disputed_population": plain(membership.disputed_population) if membership else None,
    }


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
