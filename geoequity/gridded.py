"""
Tiles and rasters as values of a study's own cells and districts.

What was never cut along the same lines is carried over here, once cells and
districts are known: rasters by exact coverage, tiles of speed tests through the
small-sample model, each value with what it rests on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geoequity._cores import in_order
from geoequity.confidence import reason
from geoequity.errors import DataError, shown
from geoequity.indicators import TableValues
from geoequity.measures import digital
from geoequity.sources.files import Record, all_of
from geoequity.sources.population import rake
from geoequity.sources.rasters import MIN_KNOWN_SHARE, Tiles, read_raster, values_at
from geoequity.sources.spec import RasterSpec, TilesSpec


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


QUARTERS = 4  # pooled for the indicators; the trend takes all there are
TREND_COLUMNS = ("indicator", "unit_id", "growth", "low", "high", "periods")
_PEOPLE = "population"
# By kind: what a reader makes of a source -> indicator; classes of land cover keep their names
_OF_RASTERS = {
    "population": {_PEOPLE: _PEOPLE},
    "elevation": {"elevation_m": "elevation_m"},
    "night_lights": {"night_lights_sum": "night_lights_per_1000"},
    "ndvi": {"ndvi": "ndvi"},
    "hazard": {"hazard_share": "hazard_exposed_share"},
}
_OF_TILES = {
    "fixed": {"down_mbps": "fixed_down_mbps", "latency_ms": "fixed_latency_ms"},
    "mobile": {"down_mbps": "mobile_down_mbps"},
}
_LIMITS: dict[str, dict[str, Mapping[str, float]]] = {
    "fixed_under_25_3_share": {"at_least": digital.BASIC},
    "fixed_under_100_20_share": {"at_least": digital.ADVANCED},
    "fixed_over_100_ms_share": {"at_most": digital.INTERACTIVE},
}
_GROWTH = {"fixed_down_mbps": "fixed_down_growth", "mobile_down_mbps": "mobile_down_growth"}
_MIN_PERIODS = 4  # quarters of which growth is told: fewer are a season
_PERCENT = 100.0


@dataclass(frozen=True, kw_only=True)
class Gridded:
    """
    What tiles and rasters say of the units of a study.

    Parameters
    ----------
    tables
        Values by indicator id.
    broadband
        Districts x figures of each kind of tiles, for the outputs.
    trends
        Growth of broadband by indicator and district; None without tiles.
    """

    tables: dict[str, TableValues] = field(default_factory=dict)
    broadband: dict[str, pd.DataFrame] = field(default_factory=dict)
    trends: pd.DataFrame | None = None


def offered(spec: RasterSpec | TilesSpec) -> dict[str, str]:
    """
    List what a raster or tiles give.

    Parameters
    ----------
    spec
        A block of the city file.

    Returns
    -------
    offered
        Column that the reader makes -> indicator id, or ``population``.
    """
    if isinstance(spec, TilesSpec):
        return _OF_TILES[spec.kind.removeprefix("ookla_")]
    shares = [f"{one}_share" for one in spec.classes]
    return _OF_RASTERS.get(spec.kind) or dict(zip(shares, shares, strict=True))


def values_of_rasters(
    specs: Sequence[tuple[RasterSpec, Record]],
    *,
    districts: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame | None,
) -> dict[str, TableValues]:
    """
    Read rasters onto cells, or onto districts where there are none.

    People are taken to be spread evenly within a cell, so that the share of its
    land in a hazard zone is that of its people. Of a district with too few data
    the cells that have some are unknown, too, lest they speak for all of it.

    Parameters
    ----------
    specs
        The rasters and the records of their reading.
    districts
        Districts in a metric CRS.
    cells
        Cells with ``district_id``; None without cells.

    Returns
    -------
    tables
        Values by indicator id, NaN where the raster is unknown.

    Raises
    ------
    SourceError
        If a raster cannot be read or does not touch the study.
    DataError
        If its values are impossible; the faults of several rasters in one.
    CRSError
        If its CRS is missing.
    """
    tasks = {
        str(number): partial(_of_raster, spec, record, districts=districts, cells=cells)
        for number, (spec, record) in enumerate(specs)
        if spec.kind != _PEOPLE  # a count of people is read when the cells get their districts
    }
    return {key: value for one in all_of(tasks).values() for key, value in one.items()}


def _of_raster(
    spec: RasterSpec,
    record: Record,
    *,
    districts: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame | None,
) -> dict[str, TableValues]:
    """Read one raster."""
    values = read_raster(spec, districts if cells is None else cells, record=record)
    if cells is not None:
        values = _without_unknown_districts(values, cells, spec)
    return {
        key: TableValues(
            value=values[column],
            level="district" if cells is None else "cell",
            is_count=spec.kind == "night_lights",
            source=str(spec.path[0]),
        )
        for column, key in offered(spec).items()
    }


def _without_unknown_districts(
    values: pd.DataFrame, cells: gpd.GeoDataFrame, spec: RasterSpec
) -> pd.DataFrame:
    """Take the values of cells out where the raster knows too little of their district."""
    least = MIN_KNOWN_SHARE if spec.min_known_share is None else spec.min_known_share
    district, land = cells["district_id"], cells.area
    known = (values["known_share"] * land).groupby(district).sum() / land.groupby(district).sum()
    return values.mask(district.map(known) < least)


def values_of_tiles(
    tiles: Mapping[str, SpeedTests],
    *,
    districts: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame | None,
    draws: int,
    seed: int,
    figures: bool = True,
) -> Gridded:
    """
    Measure broadband by district, from the latest four quarters of a kind together.

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
    figures
        Whether to work out the figures for the outputs, too.

    Returns
    -------
    gridded
        Values by indicator id with their 90 % sampling interval; NaN where a
        district has too few tests.
    """
    counts_people = cells is not None and _PEOPLE in cells.columns

    def measured(kind: str) -> Gridded:
        return _of_kind(
            kind,
            tiles[kind],
            districts=districts,
            cells=cells if kind == "fixed" and counts_people else None,
            rng=np.random.default_rng([seed, sorted(_OF_TILES).index(kind)]),
            draws=draws,
            figures=figures,
        )

    # For other zones one by one: by then a city's streets and walks are in memory, too
    found = list(
        in_order(partial(measured, kind) for kind in tiles) if figures else map(measured, tiles)
    )
    return Gridded(
        tables={key: table for one in found for key, table in one.tables.items()},
        broadband={kind: table for one in found for kind, table in one.broadband.items()},
    )


def _of_kind(
    kind: str,
    tests: SpeedTests,
    *,
    districts: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame | None,
    rng: np.random.Generator,
    **how: Any,
) -> Gridded:
    """Measure broadband of a kind; and count the people that it falls short for, given cells."""
    merged = digital.pooled(_latest(tests.squares))
    measured: dict[str, digital.Broadband] = {}
    short: dict[str, digital.ShortTiles] = {}
    for column in digital.TILE_VALUES:
        measured[column], falling = _of_quantity(
            merged,
            districts,
            column=column,
            limits={} if cells is None else _LIMITS,
            rng=rng,
            min_tests=tests.min_tests,
            **how,
        )
        short |= {key: short[key] | one if key in short else one for key, one in falling.items()}
    tables: dict[str, TableValues] = {}
    for column, key in _OF_TILES[kind].items():
        table = measured[column].table
        suppressed = int(table["suppressed"].sum())
        why = (reason("suppressed", count=suppressed, least=int(tests.min_tests)),)
        tables[key] = TableValues(
            value=table["value"],
            level="district",
            is_count=False,
            interval=table[["value_low", "value_high"]].set_axis(["low", "high"], axis=1),
            draws=measured[column].estimates.draws,
            reasons=why if suppressed else (),
        )
    told = pd.concat({one: found.table for one, found in measured.items()}, axis=1)
    told.columns = [f"{one}_{figure}" for one, figure in told.columns]
    if cells is not None:
        tables |= _people_short(cells, merged, short, districts)
    return Gridded(tables=tables, broadband={kind: told})


def _of_quantity(
    tiles: gpd.GeoDataFrame,
    districts: gpd.GeoDataFrame,
    *,
    column: str,
    limits: Mapping[str, Mapping[str, Mapping[str, float]]],
    **how: Any,
) -> tuple[digital.Broadband, dict[str, digital.ShortTiles]]:
    """
    Measure a quantity, and tell which tiles fall short of limits on it.

    The draws of tiles are let go of: of a metropolis each quantity has hundreds of megabytes.
    """
    asked = [
        (key, {bound: {column: of[column]}})
        for key, limit in limits.items()
        for bound, of in limit.items()
        if column in of
    ]
    found = digital.broadband(tiles, districts, column=column, tile_draws=bool(asked), **how)
    short = {key: digital.short_tiles([found], **limit) for key, limit in asked}
    few = found.estimates.tile_draws.iloc[:0].copy()
    return replace(found, estimates=replace(found.estimates, tile_draws=few)), short


def _latest(squares: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Keep the latest quarters: a year is long enough to pool and short enough to be now."""
    quarters = sorted(squares["period"].dropna().unique())[-QUARTERS:]
    return squares[squares["period"].isna() | squares["period"].isin(quarters)]


def _people_short(
    cells: gpd.GeoDataFrame,
    tiles: gpd.GeoDataFrame,
    short: Mapping[str, digital.ShortTiles],
    districts: gpd.GeoDataFrame,
) -> dict[str, TableValues]:
    """Count the people whose tile nobody tested, or falls short of a benchmark."""
    people = digital.people_by_tile(cells, tiles)
    untested = digital.untested_share(people, districts=districts.index)
    found = {"fixed_untested_share": TableValues(value=untested, level="district", is_count=False)}
    for key in _LIMITS:
        failing = digital.failing(people, short[key])
        found[key] = TableValues(
            value=failing.table["value"],
            level="district",
            is_count=False,
            interval=failing.table[["low", "high"]],
            draws=failing.draws,
            on_record=failing.table["known_share"],
        )
    return found


def in_zone(
    specs: Sequence[tuple[RasterSpec, Record]], services: gpd.GeoDataFrame
) -> pd.Series | None:
    """
    Tell which services lie in the hazard zone.

    Parameters
    ----------
    specs
        The rasters and the records of their reading.
    services
        Services in a projected CRS.

    Returns
    -------
    in_zone
        Whether each does, on their index; missing where the raster is unknown.
        None where there is no hazard raster.

    Raises
    ------
    SourceError
        If the raster cannot be read.
    CRSError
        If its CRS is missing.
    """
    found = [spec for spec, _ in specs if spec.kind == "hazard"]
    if not found:
        return None
    spec = found[0]
    raster = Tiles(
        paths=spec.path, band=spec.band, crs=spec.crs, nodata=spec.nodata, scale=spec.scale
    )
    points = gpd.GeoSeries(services.geometry.representative_point(), crs=services.crs)
    value = values_at(raster, points)
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


def raked_people(
    cells: pd.DataFrame, districts: pd.DataFrame, *, records: Sequence[Record]
) -> pd.Series:
    """
    Scale the people of cells to the census counts of their districts.

    Where people live within a district is taken from the cells, how many they
    are from the census. People outside every district stay as the cells count them.

    Parameters
    ----------
    cells
        Cells with ``population`` and ``district_id``.
    districts
        Districts with ``population`` as the census counts it; NaN where unknown.
    records
        The books of all sources; that of the population raster, or else of the
        cells, gets the people in districts before and after, and the lowest and
        highest factor of a district.

    Returns
    -------
    population
        People by cell; NaN where the cell's or the census count is unknown.

    Raises
    ------
    DataError
        If a district with people by the census has no cell with any.

    Warns
    -----
    DataWarning
        If the census does not count a district, whose people are then unknown.
    """
    by_name = {one.name: one for one in records}
    record = by_name.get(f"rasters.{_PEOPLE}") or by_name["cells"]
    counted, district, census = cells[_PEOPLE], cells["district_id"], districts[_PEOPLE]
    unknown = census.index[census.isna()]
    if len(unknown):
        record.warn("no count to rake to, so the people of districts are unknown", unknown)
    try:
        raked = rake(counted, districts=district, totals=census)
    except DataError as error:
        msg = f"{record.path}: {error}"
        raise DataError(msg, ids=error.ids) from error
    before = counted.groupby(district).sum()
    factors = (census / before.where(before > 0)).dropna()
    record.counts["raked"] = {
        "before": float(before.sum()),
        "after": float(raked.sum()),
        "lowest_factor": float(factors.min()) if len(factors) else None,
        "highest_factor": float(factors.max()) if len(factors) else None,
    }
    return raked.where(district.notna(), counted)


def spread_people(
    cells: gpd.GeoDataFrame,
    districts: pd.DataFrame,
    *,
    empty: Sequence[str],
    rasters: Sequence[tuple[RasterSpec, Record]],
    records: Sequence[Record],
) -> pd.Series:
    """
    Spread the residents of districts evenly over the land of their cells.

    Nobody counted where in a district people live, so this is a guess: the best
    that land alone allows, and every number that hangs on it says so.

    Parameters
    ----------
    cells
        Cells with ``district_id``, as the borders of districts cut them.
    districts
        Districts with ``population``; NaN where unknown.
    empty
        Classes of land cover on which nobody is taken to live. Where a raster does
        not know a cell, it counts as the others of its district on average.
    rasters
        The rasters and the records of their reading.
    records
        The books of all sources; that of the cells gets a warning of districts
        all of whose land is empty, over which their people are spread all the same.

    Returns
    -------
    population
        People by cell, adding up to those of each district; NaN outside all of
        them, and where those of the district are unknown.

    Raises
    ------
    SourceError
        If a raster cannot be read or does not touch the cells.
    DataError
        If a district with people has no cell.
    """
    district, area = cells["district_id"], cells.area
    lived_on = pd.Series(1.0, index=cells.index)
    for spec, book in rasters:
        for key in (f"{one}_share" for one in spec.classes if one in empty):
            share = read_raster(spec, cells, record=book)[key]
            known = share.notna()
            sums = pd.DataFrame({"empty": share * area, "all": area})[known]
            sums = sums.groupby(district).sum()
            usual = district.map(sums["empty"] / sums["all"]).astype(float)
            lived_on = lived_on - share.fillna(usual).fillna(0.0)
    land = area * lived_on.clip(lower=0.0)
    bare = land.groupby(district).sum()
    bare = bare.index[~(bare > 0)]
    by_name = {one.name: one for one in records}
    record = by_name.get("cells") or by_name["districts"]  # a grid has no file
    if len(bare):
        record.warn("all land is empty, so that people are spread over all of it", bare)
        land = land.where(~district.isin(bare), area)
    people = districts[_PEOPLE]
    lost = people.index[(people > 0) & ~people.index.isin(district)]
    if len(lost):
        msg = f"{record.path}: no cell lies in districts with people: {shown(lost)}"
        raise DataError(msg, ids=lost)
    total = district.map(land.groupby(district).sum()).astype(float)
    return district.map(people).astype(float) * land / total


def trends_of_tiles(
    tiles: Mapping[str, SpeedTests], *, districts: gpd.GeoDataFrame, draws: int, seed: int
) -> pd.DataFrame:
    """
    Measure how fast broadband grows, where several quarters were measured.

    Parameters
    ----------
    tiles
        Kind (``fixed``, ``mobile``) -> its tests.
    districts
        Districts in the same CRS.
    draws
        Draws of the posterior of each quarter.
    seed
        Of the draws.

    Returns
    -------
    trends
        Columns ``indicator``, ``unit_id``, ``growth`` a year (0.1 is ten per
        cent), ``low``, ``high`` (90 % sampling interval), ``periods``; no rows
        without a second quarter, NaN where a district is suppressed in all but one.
    """
    frames = []
    for kind, tests in tiles.items():
        quarters = sorted(tests.squares["period"].dropna().unique())
        for column, key in _OF_TILES[kind].items() if len(quarters) > 1 else ():
            rng = np.random.default_rng([seed, len(quarters), sorted(_OF_TILES).index(kind)])
            measured = [
                digital.broadband(
                    tests.squares[tests.squares["period"] == quarter],
                    districts,
                    column=column,
                    rng=rng,
                    min_tests=tests.min_tests,
                    draws=draws,
                    figures=False,
                )
                for quarter in quarters
            ]
            table = digital.trend(measured).rename_axis("unit_id").reset_index()
            frames.append(table.assign(indicator=key)[list(TREND_COLUMNS)])
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=TREND_COLUMNS)


def growth_of_tiles(trends: pd.DataFrame, *, districts: pd.Index) -> dict[str, TableValues]:
    """
    Take growth a year as indicators, where quarters enough were measured.

    Parameters
    ----------
    trends
        From :func:`trends_of_tiles`.
    districts
        Ids of the districts.

    Returns
    -------
    tables
        By indicator id: per cent a year with its 90 % sampling interval; NaN in a
        district that was suppressed in all quarters but three or more.
    """
    found = {}
    for key, growth in _GROWTH.items():
        rows = trends[(trends["indicator"] == key) & (trends["periods"] >= _MIN_PERIODS)]
        if rows.empty:
            continue
        told = rows.set_index("unit_id")[["growth", "low", "high"]].reindex(districts) * _PERCENT
        found[growth] = TableValues(
            value=told["growth"], level="district", is_count=False, interval=told[["low", "high"]]
        )
    return found
