"""
The contracts of the tables that flow through the core, and their checks.

Every public function of the core checks its tables here, once, at the door;
helpers behind the door trust them. A check gathers all faults of a table and
raises one error; it returns None and never mends anything.
"""

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geoequity.errors import SHOWN_COLUMNS, CRSError, DataError, shown

BASES = ("persons", "households", "dwellings", "jobs")
MODES = ("metro", "rail", "brt", "tram", "bus", "trolleybus", "cable", "funicular", "ferry")
HIGH_CAPACITY_MODES = ("metro", "rail", "brt", "cable", "funicular", "ferry")
PILLARS = ("structures", "technologies")
AREAS = ("health_safety", "mobility", "activities", "opportunities", "governance")
TYPES = ("integrated", "showcase", "analogue", "neglected")
MAPPING_COLUMNS = (
    "street_m", "buildings", "services", "edits", "contributors", "edit_age_years",
)  # fmt: skip
MINUTES_COLUMN = "minutes"
LEVEL = 0.9  # of every interval of a study
MAP = "osm"  # the source that volunteers draw


def check_metric_crs(frame: gpd.GeoDataFrame | gpd.GeoSeries, *, name: str) -> None:
    """
    Refuse a table whose coordinates are not in metres.

    Parameters
    ----------
    frame
        Any table with geometry.
    name
        What to call the table in the message.

    Raises
    ------
    CRSError
        If the CRS is missing, geographic, not of the plane, or projected in
        another unit than the metre.
    """
    if frame.crs is None:
        msg = f"{name}: no CRS; set it where the table is read"
        raise CRSError(msg)
    crs = CRS.from_user_input(frame.crs)
    if crs.is_geocentric or crs.is_vertical:
        msg = f"{name}: {crs.name} has no coordinates in the plane"
        raise CRSError(msg)
    if crs.is_geographic:
        msg = f"{name}: coordinates are in degrees ({crs.to_string()}); project to metres first"
        raise CRSError(msg)
    units = {axis.unit_name for axis in crs.axis_info[:2]}
    if units != {"metre"}:
        msg = f"{name}: coordinates are in {', '.join(sorted(units))}, not metres"
        raise CRSError(msg)


def check_same_crs(
    left: gpd.GeoDataFrame | gpd.GeoSeries,
    right: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    names: tuple[str, str],
) -> None:
    """
    Refuse two tables in different coordinate reference systems.

    Parameters
    ----------
    left
        A table with geometry.
    right
        Another one.
    names
        What to call the two in the message.

    Raises
    ------
    CRSError
        If either CRS is missing or the two differ.
    """
    one, other = left.crs, right.crs
    if one is None or other is None or (one is not other and CRS(one) != CRS(other)):
        msg = f"{names[0]} ({left.crs}) and {names[1]} ({right.crs}) are not in one CRS"
        raise CRSError(msg)


def check_unique(index: pd.Index, *, name: str) -> None:
    """
    Refuse an index with repeated or missing ids, or with several in a row.

    Parameters
    ----------
    index
        The ids.
    name
        What to call the table in the message.

    Raises
    ------
    DataError
        If an id is missing or stands twice, or is one of several columns.
    """
    if isinstance(index, pd.MultiIndex):
        msg = f"{name}: ids of {index.nlevels} columns, and one is wanted"
        raise DataError(msg)
    if index.hasnans:
        msg = f"{name}: {int(index.isna().sum())} rows have no id"
        raise DataError(msg)
    if not pd.Series(index).is_unique:  # an index would keep the table that it looks them up in
        repeated = index[index.duplicated()].unique()
        msg = f"{name}: ids stand more than once: {shown(repeated)}"
        raise DataError(msg, ids=repeated)


def check_columns(frame: pd.DataFrame, columns: Iterable[str], *, name: str) -> None:
    """
    Refuse a table that lacks columns.

    Parameters
    ----------
    frame
        The table.
    columns
        Names it must have.
    name
        What to call the table in the message.

    Raises
    ------
    DataError
        If a column is absent; names all that are, and those there are.
    """
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        msg = (
            f"{name}: no column {shown(absent)}; it has {shown(frame.columns, most=SHOWN_COLUMNS)}"
        )
        raise DataError(msg, ids=absent)


def check_polygons(layer: gpd.GeoDataFrame | gpd.GeoSeries, *, name: str) -> None:
    """
    Refuse a layer in which a geometry is no valid polygon.

    Parameters
    ----------
    layer
        Any table with geometry.
    name
        What to call the layer in the message.

    Raises
    ------
    DataError
        If a geometry is missing, empty, invalid or no polygon.
    """
    shapes = layer.geometry.to_numpy()
    kinds = [shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON]
    bad = ~np.isin(shapely.get_type_id(shapes), kinds)
    bad |= shapely.is_empty(shapes) | ~shapely.is_valid(shapes)
    if bad.any():
        ids = layer.index[bad]
        msg = f"{name}: geometry missing, empty, invalid or no polygon: {shown(ids)}"
        raise DataError(msg, ids=ids)


def check_units(units: gpd.GeoDataFrame, *, name: str = "units") -> None:
    """
    Check a table of districts or cells.

    Parameters
    ----------
    units
        Index ``unit_id`` (unique str), polygons in a metric CRS, ``name``,
        ``area_m2``, and for cells ``district_id``; ``population`` and other
        bases are non-negative, NaN where unknown.
    name
        What to call the table in the message.

    Raises
    ------
    DataError
        If an id repeats, a column is absent, a geometry is missing, empty,
        invalid or no polygon, or a population is negative.
    CRSError
        If the CRS is not metric.
    """
    check_metric_crs(units, name=name)
    check_unique(units.index, name=name)
    check_columns(units, ["name", "area_m2"], name=name)
    check_polygons(units, name=name)
    if "population" in units.columns:
        check_non_negative(units["population"], name=f"{name}: population")


def check_services(services: gpd.GeoDataFrame, *, name: str = "services") -> None:
    """
    Check a table of services.

    Parameters
    ----------
    services
        Index ``service_id`` (unique), geometry in a metric CRS, ``category``,
        ``capacity`` (NaN = unknown) and ``source``.
    name
        What to call the table in the message.

    Raises
    ------
    DataError
        If an id repeats, a column or a geometry is absent, or a category is.
    CRSError
        If the CRS is not metric.
    """
    check_metric_crs(services, name=name)
    check_unique(services.index, name=name)
    check_columns(services, ["category", "capacity", "source"], name=name)
    bad = services.geometry.isna() | services.geometry.is_empty | services["category"].isna()
    if bad.any():
        ids = services.index[bad]
        msg = f"{name}: no geometry or no category: {shown(ids)}"
        raise DataError(msg, ids=ids)


def check_costs(costs: pd.DataFrame, *, name: str = "costs") -> None:
    """
    Check a travel cost table.

    Parameters
    ----------
    costs
        Columns ``from_id``, ``to_id``, ``minutes`` (>= 0); a pair that is
        absent was not reached within ``attrs["limit_min"]``.
    name
        What to call the table in the message.

    Raises
    ------
    DataError
        If a column is absent, minutes are negative or unknown, or a pair
        stands twice.
    """
    check_columns(costs, ["from_id", "to_id", MINUTES_COLUMN], name=name)
    minutes = costs[MINUTES_COLUMN]
    bad = ~(minutes >= 0)
    if bad.any():
        msg = f"{name}: minutes negative or unknown in rows {shown(costs.index[bad])}"
        raise DataError(msg, ids=costs.index[bad])
    twice = costs.duplicated(["from_id", "to_id"])
    if twice.any():
        pairs = costs.loc[twice, ["from_id", "to_id"]].astype(str).agg(" to ".join, axis=1)
        msg = f"{name}: pairs stand more than once: {shown(pairs)}"
        raise DataError(msg, ids=pairs)


def check_mapping(mapping: pd.DataFrame, *, name: str = "mapping") -> None:
    """
    Check a table of what is mapped.

    Parameters
    ----------
    mapping
        Index ``unit_id`` (unique); ``street_m`` [m], ``buildings``,
        ``services``, ``edits``, ``contributors`` and ``edit_age_years``, none
        below 0, NaN where unknown; ``last_edit`` and ``middle_edit``, NaT where
        unknown.
    name
        What to call the table in the message.

    Raises
    ------
    DataError
        If an id repeats, a column is absent, or a number is negative or
        infinite.
    """
    check_unique(mapping.index, name=name)
    check_columns(mapping, [*MAPPING_COLUMNS, "last_edit", "middle_edit"], name=name)
    for column in MAPPING_COLUMNS:
        check_non_negative(mapping[column], name=f"{name}: {column}")


def check_same_index(left: pd.Series, right: pd.Series, *, names: tuple[str, str]) -> None:
    """
    Refuse two columns that are not about the same units in the same order.

    Parameters
    ----------
    left
        A column.
    right
        Another one.
    names
        What to call the two in the message.

    Raises
    ------
    DataError
        If the indexes differ; names the ids that stand in one only.
    """
    if left.index.equals(right.index):
        return
    odd = left.index.symmetric_difference(right.index)
    if len(odd):
        msg = f"{names[0]} and {names[1]} are about different units: {shown(odd)}"
    else:
        msg = f"{names[0]} and {names[1]} list the same units in another order or number"
    raise DataError(msg, ids=odd)


def check_non_negative(values: pd.Series, *, name: str) -> None:
    """
    Refuse a column with text, infinite or negative numbers.

    Parameters
    ----------
    values
        The column; NaN is allowed and means unknown.
    name
        What to call the column in the message.

    Raises
    ------
    DataError
        If the column is not numeric, or a value is negative or infinite.
    """
    if not pd.api.types.is_numeric_dtype(values):
        msg = f"{name}: not numbers but {values.dtype}"
        raise DataError(msg)
    array = values.to_numpy(dtype=float, na_value=np.nan)
    bad = (array < 0) | np.isinf(array)
    if bad.any():
        ids = values.index[bad]
        msg = f"{name}: negative or infinite: {shown(ids)}"
        raise DataError(msg, ids=ids)


def floats_of(table: pd.DataFrame, *, name: str) -> pd.DataFrame:
    """
    Read the columns of a table as floats, or refuse those that are not numbers.

    Parameters
    ----------
    table
        Columns of any numeric type; NaN or NA where unknown.
    name
        What to call the table in the message.

    Returns
    -------
    floats
        The same units and columns, NaN where unknown.

    Raises
    ------
    DataError
        If a column stands twice, is not numeric, or has an infinite number; names
        all that do.
    """
    check_unique(table.columns, name=f"{name}: columns")
    kinds = table.dtypes
    text = [one for one, kind in kinds.items() if not pd.api.types.is_numeric_dtype(kind)]
    numbers = table.drop(columns=text) if text else table
    floats = pd.DataFrame(
        numbers.to_numpy(dtype=float, na_value=np.nan), index=table.index, columns=numbers.columns
    )
    endless = list(floats.columns[np.isinf(floats.to_numpy()).any(axis=0)])
    found = {"not numbers": text, "infinite": endless}
    faults = [f"{fault}: {shown(ids)}" for fault, ids in found.items() if ids]
    if faults:
        raise DataError(f"{name}: {'; '.join(faults)}", ids=text + endless)
    return floats


def check_above_0(value: float, *, name: str) -> None:
    """
    Refuse a number that is not above 0 and finite.

    Parameters
    ----------
    value
        The number.
    name
        What to call it in the message.

    Raises
    ------
    DataError
        If it is 0, negative, infinite or NaN.
    """
    if not 0 < value < np.inf:
        msg = f"{name}: must be above 0, is {value}"
        raise DataError(msg)
