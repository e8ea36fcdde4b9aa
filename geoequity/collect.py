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
from geoequity.errors import DataError, GeoEquityError
from geoequity.indicators import Definition, TableValues
from geoequity.sources import boundaries, osm, services, tables
from geoequity.sources import streets as street_tables
from geoequity.sources.files import Record, gather
from geoequity.sources.spec import FileSpec


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
    readable = districts is not None
    if districts is None:  # go on to find the other files' faults; nothing of it is used
        districts = gpd.GeoDataFrame({"name": []}, geometry=[], crs="EPSG:3857")
    crs = CRS(districts.crs)
    area = districts.union_all().buffer(city.city.buffer_m)
    place = {"crs": crs, "districts": districts, "study_area": area}
    cells = attempt(boundaries.read_cells, city.cells, "cells", crs=crs) if city.cells else None
    lists = [
        (getattr(spec, "merge", "dedupe"), attempt(services.read_services, spec, name, **place))
        for name, spec in _service_specs(city)
    ]
    stops = [
        attempt(services.read_stops, spec, f"transit.{spec.mode}", **place)
        for spec in city.transit.stops
    ]
    streets = (
        attempt(street_tables.read_streets, city.streets, "streets", crs=crs, study_area=area)
        if city.streets
        else None
    )
    values: dict[str, TableValues] = {}
    if readable and (cells is not None or city.cells is None):
        known = {one.id for one in definitions}
        for number, spec in enumerate(city.tables):
            units = cells if spec.level == "cell" else districts
            frame = attempt(tables.read_values, spec, f"tables.{number}", units=units)
            faults += [
                DataError(f"{city.file}: tables.{number}.columns.{one}: no such indicator")
                for one in spec.columns
                if one not in known
            ]
            if frame is not None:
                values |= _table_values(frame, spec)
    layers: osm.OsmLayers | None = None
    if city.osm is not None and readable:
        try:
            frame = gpd.GeoDataFrame(geometry=[area], crs=crs)
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


def _service_specs(city: City) -> list[tuple[str, Any]]:
    """Name every list of services; a category that stands twice gets a number."""
    named: list[tuple[str, Any]] = []
    seen: dict[str, int] = {}
    blocks: list[tuple[str, Any]] = [(f"services.{one.category}", one) for one in city.services]
    blocks += [(f"connectivity.{one.kind}", one) for one in city.connectivity]
    for name, spec in blocks:
        seen[name] = seen.get(name, 0) + 1
        named.append((name if seen[name] == 1 else f"{name}.{seen[name]}", spec))
    return named


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
