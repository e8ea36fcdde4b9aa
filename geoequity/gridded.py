"""
Tiles and rasters as values of a study's own cells and districts.

What was never cut along the same lines is carried over here, once cells and
districts are known: rasters by exact coverage, tiles of speed tests through the
small-sample model, each value with what it rests on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd

from geoequity.confidence import reason
from geoequity.indicators import TableValues
from geoequity.measures import digital
from geoequity.sources.files import Record
from geoequity.sources.rasters import Tiles, read_raster, values_at
from geoequity.sources.spec import RasterSpec


@dataclass(frozen=True, kw_only=True)
class SpeedTests:
    """
    Speed tests of one kind.

    Parameters
    ----------
    squares
        Tiles of one or several quarters.
    min_tests
        Tests under which a district is suppressed.
    """

    squares: gpd.GeoDataFrame
    min_tests: float


_PEOPLE = "population"
# Column that a reader makes of a raster -> indicator; classes of land cover keep their names
_OF_RASTERS = {
    "elevation_m": "elevation_m",
    "night_lights_sum": "night_lights_per_1000",
    "ndvi": "ndvi",
    "hazard_share": "hazard_exposed_share",
}
_OF_TILES = {
    "fixed": {"down_mbps": "fixed_down_mbps", "latency_ms": "fixed_latency_ms"},
    "mobile": {"down_mbps": "mobile_down_mbps"},
}


@dataclass(frozen=True, kw_only=True)
class Gridded:
    """
    What tiles and rasters say of the units of a study.

    Parameters
    ----------
    tables
        Values by indicator id.
    in_hazard
        Whether each service lies in a hazard zone, on the services' index;
        missing where unknown. None where there is no hazard raster.
    broadband
        Districts x figures of each kind of tiles, for the outputs.
    """

    tables: dict[str, TableValues] = field(default_factory=dict)
    in_hazard: pd.Series | None = None
    broadband: dict[str, pd.DataFrame] = field(default_factory=dict)


def values_of_rasters(
    specs: Sequence[tuple[RasterSpec, Record]],
    *,
    districts: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame | None,
    services: gpd.GeoDataFrame,
) -> Gridded:
    """
    Read rasters onto cells, or onto districts where there are none.

    People are taken to be spread evenly within a cell, so that the share of its
    land in a hazard zone is that of its people.

    Parameters
    ----------
    specs
        The rasters and the records of their reading.
    districts
        Districts in a metric CRS.
    cells
        Cells with ``district_id``; None without cells.
    services
        Services, to tell which lie in a hazard zone.

    Returns
    -------
    gridded
        Values by indicator id, NaN where the raster is unknown.

    Raises
    ------
    SourceError
        If a raster cannot be read or does not touch the study.
    DataError
        If its values are impossible.
    CRSError
        If its CRS is missing.
    """
    tables: dict[str, TableValues] = {}
    in_hazard: pd.Series | None = None
    level = "district" if cells is None else "cell"
    units = districts if cells is None else cells
    for spec, record in specs:
        if spec.kind == _PEOPLE:
            continue  # a count of people is read where the cells are
        values = read_raster(spec, units, record=record)
        for column in values.columns.drop("known_share", errors="ignore"):
            key = _OF_RASTERS.get(str(column), str(column))
            if spec.kind == "landcover" or str(column) in _OF_RASTERS:
                is_count = column == "night_lights_sum"
                tables[key] = TableValues(value=values[column], level=level, is_count=is_count)
        if spec.kind == "hazard":
            in_hazard = _in_zone(spec, services, record)
    return Gridded(tables=tables, in_hazard=in_hazard)


def values_of_tiles(
    tiles: Mapping[str, SpeedTests],
    *,
    districts: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame | None,
    draws: int,
    seed: int,
) -> Gridded:
    """
    Measure broadband by district, from all quarters of a kind together.

    Parameters
    ----------
    tiles
        Kind (``fixed``, ``mobile``) -> its tests.
    districts
        Districts in the same CRS.
    cells
        Cells with ``population`` and ``district_id``, to count the people that
        are not tested or fall short; None without cells.
    draws
        Draws of the posterior.
    seed
        Of the draws.

    Returns
    -------
    gridded
        Values by indicator id with their 90 % sampling interval; NaN where a
        district has too few tests.
    """
    tables: dict[str, TableValues] = {}
    figures: dict[str, pd.DataFrame] = {}
    for kind, tests in tiles.items():
        rng = np.random.default_rng([seed, sorted(_OF_TILES).index(kind)])
        merged = digital.pooled(tests.squares)
        measured = {
            column: digital.broadband(
                merged,
                districts,
                column=column,
                rng=rng,
                min_tests=tests.min_tests,
                draws=draws,
            )
            for column in digital.TILE_VALUES
        }
        for column, key in _OF_TILES[kind].items():
            table = measured[column].table
            suppressed = int(table["suppressed"].sum())
            why = (reason("suppressed", count=suppressed, least=int(tests.min_tests)),)
            tables[key] = TableValues(
                value=table["value"],
                level="district",
                is_count=False,
                interval=table[["value_low", "value_high"]].set_axis(["low", "high"], axis=1),
                reasons=why if suppressed else (),
            )
        figures[kind] = pd.concat({one: found.table for one, found in measured.items()}, axis=1)
        figures[kind].columns = [f"{one}_{figure}" for one, figure in figures[kind].columns]
        if kind == "fixed" and cells is not None and _PEOPLE in cells.columns:
            tables |= _people_short(cells, merged, measured, districts)
    return Gridded(tables=tables, broadband=figures)


def _people_short(
    cells: gpd.GeoDataFrame,
    tiles: gpd.GeoDataFrame,
    measured: Mapping[str, digital.Broadband],
    districts: gpd.GeoDataFrame,
) -> dict[str, TableValues]:
    """Count the people whose tile nobody tested, or falls short of a benchmark."""
    people = digital.people_by_tile(cells, tiles)
    untested = digital.untested_share(people, districts=districts.index)
    found = {"fixed_untested_share": TableValues(value=untested, level="district", is_count=False)}
    floors = {"fixed_under_25_3_share": digital.BASIC, "fixed_under_100_20_share": digital.ADVANCED}
    for key, limits in floors.items():
        share = digital.failing_share(people, [measured[one] for one in limits], at_least=limits)
        found[key] = _share_values(share)
    slow = digital.failing_share(
        people, [measured[one] for one in digital.INTERACTIVE], at_most=digital.INTERACTIVE
    )
    return found | {"fixed_over_100_ms_share": _share_values(slow)}


def _share_values(share: pd.DataFrame) -> TableValues:
    """Give a share of people with its interval."""
    return TableValues(
        value=share["value"],
        level="district",
        is_count=False,
        interval=share[["low", "high"]],
        on_record=share["known_share"],
    )


def _in_zone(spec: RasterSpec, services: gpd.GeoDataFrame, record: Record) -> pd.Series:
    """Tell which services lie in a hazard zone; missing where the raster is unknown."""
    raster = Tiles(
        paths=spec.path, band=spec.band, crs=spec.crs, nodata=spec.nodata, scale=spec.scale
    )
    points = gpd.GeoSeries(services.geometry.representative_point(), crs=services.crs)
    value = values_at(raster, points, record=record)
    listed = [one for values in spec.classes.values() for one in values]
    inside = value > spec.above if spec.above is not None else value.isin(listed)
    return inside.astype("boolean").mask(value.isna())


def people_of_raster(
    specs: Sequence[tuple[RasterSpec, Record]], cells: gpd.GeoDataFrame
) -> pd.Series | None:
    """
    Count people by cell from the population raster, if there is one.

    Parameters
    ----------
    specs
        The rasters and the records of their reading.
    cells
        Cells as the borders of districts cut them, so that every district gets
        its own people and the total is kept.

    Returns
    -------
    population
        People by cell, NaN where unknown; None without a population raster.

    Raises
    ------
    SourceError
        If the raster cannot be read or does not touch the cells.
    DataError
        If it counts negative people.
    CRSError
        If its CRS is missing.
    """
    for spec, record in specs:
        if spec.kind == _PEOPLE:
            return read_raster(spec, cells, record=record)[_PEOPLE]
    return None
