"""What indicators are computed from, and what a measure makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pandas as pd
from shapely import Point

from geoequity.confidence import Reason, reason
from geoequity.indicators._catalogue import Definition
from geoequity.measures.sampled import Sample
from geoequity.streets import StreetNetwork

BASE_COLUMN = {"persons": "population"}  # the other bases are columns of their own name
STOP_PREFIX = "stop:"  # of the stops of a mode among the places people walk to
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
    shared
        What several indicators ask for, once it was made: how much of each street
        lies in each district, and which share of each cell's homes walks straight.
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
    shared: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


class Absent(Exception):  # noqa: N818 - control flow within this module, not a fault
    """
    A layer an indicator needs is not there.

    Parameters
    ----------
    why
        What a reader is told.
    """

    def __init__(self, why: Reason) -> None:
        self.why = why
        super().__init__(why["id"])


@dataclass(frozen=True, kw_only=True)
class Value:
    """
    What a measure found, and how sure it is.

    Parameters
    ----------
    value
        At cells or districts, in the unit of the indicator; NaN = unknown.
    level
        ``cell`` or ``district``.
    amount
        Of a rate at cells: what is divided by the base.
    on_record
        By district: share of what it speaks of that was measured at all [0-1].
    interval
        As of `TableValues`.
    draws
        As of `TableValues`.
    straight
        By cell: share of its homes that walk in a straight line [0-1].
    straight_line
        Share of everybody who does [0-1].
    reasons
        What a reader should know of it.
    """

    value: pd.Series
    level: str
    amount: pd.Series | None = None
    on_record: pd.Series | None = None
    interval: pd.DataFrame | None = None
    draws: pd.DataFrame | None = None
    straight: pd.Series | None = None
    straight_line: float = 0.0
    reasons: tuple[Reason, ...] = ()


def base_of(
    one: Definition, layers: Layers, level: str
) -> tuple[pd.Series | None, tuple[Reason, ...]]:
    """
    Take the base an indicator weighs by; persons where the city does not count it.

    Parameters
    ----------
    one
        The indicator.
    layers
        What there is.
    level
        ``cell`` or ``district``.

    Returns
    -------
    base
        On the index of the units, NaN where unknown; None without such units.
    reasons
        That persons stand in for another base.
    """
    units = layers.cells if level == "cell" else layers.districts
    if units is None:
        return None, ()
    column = BASE_COLUMN.get(one.base, one.base)
    if column in units.columns and units[column].notna().any():
        return units[column], ()
    if "population" in units.columns and units["population"].notna().any():
        return units["population"], (reason("base_persons", base=one.base),)
    return pd.Series(float("nan"), index=units.index), ()


def is_whole(layers: Layers, column: str) -> pd.Series:
    """
    Tell which districts a layer covers enough of.

    Parameters
    ----------
    layers
        What there is.
    column
        Of the districts: ``cells_share`` or ``streets_share``.

    Returns
    -------
    is_whole
        By district; everywhere where nobody measured it.
    """
    share = layers.districts.get(column)
    if share is None:
        return pd.Series(True, index=layers.districts.index)  # noqa: FBT003 - a column of yes
    return share >= layers.min_covered_share
