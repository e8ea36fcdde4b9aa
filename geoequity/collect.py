"""
Read everything a city file names, in one metric CRS, all faults at once.

The bridge between what a city file says and the readers, which get plain
options each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd
from pyproj import CRS

from geoequity.city import City
from geoequity.errors import ConfigError, GeoEquityError
from geoequity.indicators import Definition, TableValues, check_measures, read_catalogue
from geoequity.sources import boundaries, osm, services, tables
from geoequity.sources import streets as street_tables
from geoequity.sources.files import Record, gather
from geoequity.sources.spec import FileSpec

_ANY_CRS = "EPSG:3857"  # for reading on after the districts failed; nothing of it is used


@dataclass(frozen=True, kw_only=True)
class Collected:
    """
    Everything that was read, in the CRS of the study.

    Parameters
    ----------
    districts
        Districts with ``name`` and ``area_m2``.
    cells
        Cells with ``parent`` and their counts; None without cells.
    services
        All services, each place once.
    stops
        All stops.
    routes
        All routes.
    streets
        Street edges; None where the city has none.
    tables
        Columns of tables by indicator id.
    provenance
        What ``provenance.json`` says of each source.
    warnings
        What was mended, in words.
    licences
        Licences whose terms the outputs inherit.
    """

    districts: gpd.GeoDataFrame
    cells: gpd.GeoDataFrame | None
    services: gpd.GeoDataFrame
    stops: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame | None
    tables: dict[str, TableValues]
    provenance: list[dict[str, Any]]
    warnings: list[str]
    licences: list[str]


def _record(city: City, name: str, spec: FileSpec) -> Record:
    """Open the book of a source."""
    return Record(name=name, path=spec.path, origin=city.origin(spec))


def collect(city: City, definitions: list[Definition]) -> Collected:
    """
    Read every source of a city file; raise the faults of all of them at once.

    Parameters
    ----------
    city
        A checked city file.
    definitions
        The catalogue, with the city's changes.

    Returns
    -------
    collected
        Tables in the one metric CRS of the study, and their provenance.

    Raises
    ------
    SourceError
        If a file cannot be read.
    DataError
        If a table breaks its contract; all faults of all files in one.
    CRSError
        If a layer has no CRS or the study's is not metric.
    """
    faults: list[GeoEquityError] = []
    records: list[Record] = []

    def attempt(reader: Callable[..., Any], spec: FileSpec, name: str, **options: Any) -> Any:
        record = _record(city, name, spec)
        records.append(record)
        try:
            return reader(spec, record=record, **options)
        except GeoEquityError as error:
            faults.append(error)
            return None

    districts = attempt(boundaries.read_districts, city.districts, "districts", crs=city.city.crs)
    crs, area = CRS(_ANY_CRS), None  # without districts, go on to find the other files' faults
    if districts is not None:
        crs, area = CRS(districts.crs), districts.union_all().buffer(city.city.buffer_m)
    place = {"crs": crs, "districts": districts, "study_area": area}
    cells = (
        attempt(boundaries.read_cells, city.cells, "cells", crs=crs, districts=districts)
        if city.cells
        else None
    )
    lists = [
        (spec.merge, attempt(services.read_services, spec, name, **place))
        for name, spec in _numbered(
            [(f"services.{one.category}", one) for one in city.services]
            + [(f"connectivity.{one.kind}", one) for one in city.connectivity]
        )
    ]
    stops = [
        attempt(services.read_stops, spec, name, **place)
        for name, spec in _numbered([(f"transit.{one.mode}", one) for one in city.transit.stops])
    ]
    streets = (
        attempt(street_tables.read_streets, city.streets, "streets", crs=crs, study_area=area)
        if city.streets
        else None
    )
    values: dict[str, TableValues] = {}
    for number, spec in enumerate(city.tables):
        units = cells if spec.level == "cell" else districts
        frame = attempt(tables.read_values, spec, f"tables.{number}", units=units)
        if frame is not None:
            values |= _table_values(frame, spec)
    faults += _catalogue_faults(city, definitions)
    layers: osm.OsmLayers | None = None
    if city.osm is not None:
        try:
            frame = None if area is None else gpd.GeoDataFrame(geometry=[area], crs=crs)
            layers = osm.read_osm([str(one) for one in city.osm.path], crs=crs, extent=frame)
        except GeoEquityError as error:
            faults.append(error)
    gather(faults)
    records += _map_records(city, layers)
    by_name = {record.name: record for record in records}
    return Collected(
        districts=districts,
        cells=cells,
        services=_all_services(layers, lists, crs, by_name),
        stops=_all_stops(layers, stops, crs),
        routes=layers.routes.assign(source=services.MAP)
        if layers
        else _empty(crs, ["mode", "name", "source"]),
        streets=layers.streets if layers else streets,
        tables=values,
        provenance=[record.as_dict() for record in records],
        warnings=[one for record in records for one in record.warnings],
        licences=_licences(city, records),
    )


def _numbered(blocks: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Tell apart blocks of one name: from the second on, each gets a number."""
    named: list[tuple[str, Any]] = []
    seen: dict[str, int] = {}
    for name, spec in blocks:
        seen[name] = seen.get(name, 0) + 1
        named.append((name if seen[name] == 1 else f"{name}.{seen[name]}", spec))
    return named


def _catalogue_faults(city: City, definitions: list[Definition]) -> list[GeoEquityError]:
    """Find where the city file and the catalogue do not fit."""
    known = {one.id: one for one in definitions}
    named = [
        (f"tables.{n}.columns.{one}", one)
        for n, spec in enumerate(city.tables)
        for one in spec.columns
    ]
    said = [
        f"{key}: {known[one].measure} computes it; to take the column, declare"
        f' indicators.{one}.measure = "table"'
        for key, one in named
        if one in known and known[one].measure != "table"
    ]
    if city.question is not None:
        named += [("question.indicators", one) for one in city.question.indicators]
    said += [f"{key}: no indicator {one!r}" for key, one in named if one not in known]
    categories = {
        category
        for one in (*read_catalogue(), *definitions)
        for category in one.parameters.get("categories", ())
    }
    said += [
        f"services.{n}.category: no indicator uses {spec.category!r};"
        f" they use {', '.join(sorted(categories))}"
        for n, spec in enumerate(city.services)
        if spec.category not in categories
    ]
    try:
        check_measures(definitions)
    except ConfigError as error:
        said += error.faults
    return [ConfigError(f"{city.file}: {one}") for one in said]


def _table_values(frame: pd.DataFrame, spec: Any) -> dict[str, TableValues]:
    """Turn the columns of a table into what the evaluation takes."""
    return {
        one: TableValues(
            value=frame[one], level=spec.level, is_count=spec.columns[one].unit == "count"
        )
        for one in frame.columns
    }


def _empty(crs: CRS, columns: list[str]) -> gpd.GeoDataFrame:
    """Make a table without rows."""
    return gpd.GeoDataFrame({one: pd.Series(dtype=object) for one in columns}, geometry=[], crs=crs)


def _all_services(
    layers: Any, lists: list[tuple[str, gpd.GeoDataFrame]], crs: CRS, records: dict[str, Record]
) -> gpd.GeoDataFrame:
    """Join the services of the map with the lists, official lists last."""
    every = [("add", _empty(crs, services.SERVICE_COLUMNS))]
    if layers is not None:
        found = layers.services[[*services.SERVICE_COLUMNS, "geometry"]]
        every = [("add", found)]
    return services.merge_services([*every, *lists], record_of=records)


def _all_stops(layers: Any, lists: list[gpd.GeoDataFrame], crs: CRS) -> gpd.GeoDataFrame:
    """Join the stops of the map with the lists; a list replaces the map's stops of its mode."""
    columns = [*services.STOP_COLUMNS, "geometry"]
    found = _empty(crs, services.STOP_COLUMNS)
    if layers is not None:
        found = layers.stops.assign(source=services.MAP)[columns]
    listed = {mode for one in lists for mode in one["mode"].unique()}
    frames = [found[~found["mode"].isin(listed)], *lists]
    frames = [one for one in frames if len(one)] or [found]
    return pd.concat(frames)


def _map_records(city: City, layers: osm.OsmLayers | None) -> list[Record]:
    """Keep the book of the map, one record a file; what is dropped stands in the first."""
    if city.osm is None or layers is None:
        return []
    date = city.osm.date or (str(layers.date.date()) if layers.date is not None else None)
    origin = city.origin(city.osm)
    records = [Record(name=services.MAP, path=path, origin=origin) for path in city.osm.path]
    records[0].rows_read = sum(layers.counts["read"].values())
    records[0].rows_kept = sum(layers.counts["made"].values())
    records[0].counts = {"date": date, **{one: layers.counts[one] for one in ("read", "made")}}
    for why, ids in layers.counts["dropped"].items():
        records[0].drop(why, ids)
    return records


def _licences(city: City, records: list[Record]) -> list[str]:
    """List the licences whose terms the outputs inherit."""
    origins = [record.origin for record in records]
    if city.osm is not None:
        origins.append(city.origin(city.osm))
    return sorted({one.licence for one in origins if one.licence})
