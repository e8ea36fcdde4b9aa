"""What the streets of a district are like."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoequity import schema
from geoequity._cores import by_blocks, by_parts
from geoequity.units import district_of

_M2_PER_KM2 = 1e6
_M_PER_KM = 1e3


def street_lengths(streets: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> pd.DataFrame:
    """
    Measure how much of each street lies in each district.

    Parameters
    ----------
    streets
        Street edges in a metric CRS.
    districts
        Districts in the same CRS.

    Returns
    -------
    lengths
        Columns ``edge_id`` (categorical), ``district_id``, ``length_m``; one row for
        every pair that meets. A street on a border counts on both sides; one that
        runs back over itself counts once where a border cuts it.

    Raises
    ------
    DataError
        If an id stands twice among the streets.
    CRSError
        If a CRS is missing, not metric, or the two differ.
    """
    schema.check_metric_crs(streets, name="streets")
    schema.check_same_crs(streets, districts, names=("streets", "districts"))
    ids = streets.index.to_flat_index()  # those of osmnx are of several columns
    if ids.hasnans or not ids.is_unique:  # looked up once: the categories below ask again
        schema.check_unique(ids, name="streets")
    lines, polygons = streets.geometry.to_numpy(), districts.geometry.to_numpy()
    tree = shapely.STRtree(lines)

    def met(some: np.ndarray) -> tuple[np.ndarray, ...]:
        own = shapely.from_wkb(shapely.to_wkb(polygons[some]))
        shapely.prepare(own)  # never the caller's: two threads may ask of those later
        at, line = tree.query(own, predicate="intersects")
        return some[at], line, shapely.contains_properly(own[at], lines[line])

    polygon, line, whole = by_parts(met, len(polygons))
    length = np.where(whole, shapely.length(lines[line]), 0.0)
    cut = ~whole
    pieces = by_blocks(shapely.intersection, lines[line[cut]], polygons[polygon[cut]])
    length[cut] = shapely.length(pieces)
    return pd.DataFrame(
        {
            # By position: ids of a million streets take long to look up
            "edge_id": pd.Categorical.from_codes(line, categories=ids),
            "district_id": districts.index[polygon],
            "length_m": length,
        }
    )


def tagged_share(
    lengths: pd.DataFrame,
    tags: pd.Series,
    *,
    yes: tuple[str, ...],
    no: tuple[str, ...],
    index: pd.Index,
    min_known_share: float,
) -> pd.DataFrame:
    """
    Measure the share of street length that has a feature, where that is mapped.

    Streets on which the map says nothing are left out, as if they were like the
    rest; a district with too little on record is unknown.

    Parameters
    ----------
    lengths
        From :func:`street_lengths`.
    tags
        Value of the tag by ``edge_id``; None where not mapped.
    yes
        Values that mean the street has the feature.
    no
        Values that mean it has not.
    index
        Districts of the result.
    min_known_share
        Share of length on record [0-1] under which the result is unknown.

    Returns
    -------
    share
        Columns ``share`` and ``known_share`` (both 0-1), on ``index``; NaN
        where there is no street, or too little on record.
    """
    value = _of_edges(lengths, tags)
    length = lengths["length_m"]
    sums = pd.DataFrame(
        {
            "district_id": lengths["district_id"],
            "all": length,
            "yes": length.where(value.isin(yes), 0.0),
            "known": length.where(value.isin([*yes, *no]), 0.0),
        }
    )
    total = sums.groupby("district_id").sum().reindex(index)
    known_share = total["known"] / total["all"].where(total["all"] > 0)
    share = total["yes"] / total["known"].where(total["known"] > 0)
    return pd.DataFrame(
        {"share": share.where(known_share >= min_known_share), "known_share": known_share}
    )


def length_per_km2(lengths: pd.DataFrame, selected: pd.Series, *, area_m2: pd.Series) -> pd.Series:
    """
    Measure the density of a kind of street.

    Parameters
    ----------
    lengths
        From :func:`street_lengths`.
    selected
        True for the streets that count, by ``edge_id``.
    area_m2
        Area of each district [m2].

    Returns
    -------
    length_per_km2
        Kilometres per square kilometre, on the index of ``area_m2``; 0 where
        there is none.
    """
    counts = _of_edges(lengths, selected).fillna(value=False).astype(bool)
    length = lengths[counts].groupby("district_id")["length_m"].sum()
    length = length.reindex(area_m2.index, fill_value=0.0)
    return (length / _M_PER_KM) / (area_m2 / _M2_PER_KM2)


def intersections_per_km2(intersections: gpd.GeoSeries, districts: gpd.GeoDataFrame) -> pd.Series:
    """
    Measure how finely the walking network is meshed.

    Parameters
    ----------
    intersections
        Points where three or more walkable street ends meet.
    districts
        Districts in the same CRS, with ``area_m2``.

    Returns
    -------
    intersections_per_km2
        On the districts' index; 0 where there is none.

    Raises
    ------
    CRSError
        If a CRS is missing or the two differ.
    """
    counts = district_of(intersections, districts).value_counts()
    return counts.reindex(districts.index, fill_value=0) / (districts["area_m2"] / _M2_PER_KM2)


def dead_end_share(
    dead_ends: gpd.GeoSeries, districts: gpd.GeoDataFrame, *, intersections: gpd.GeoSeries
) -> pd.Series:
    """
    Measure how many of the nodes of a network lead no further.

    Parameters
    ----------
    dead_ends
        Points where one street ends and nothing else meets.
    districts
        Districts in the same CRS.
    intersections
        Points where three or more walkable street ends meet.

    Returns
    -------
    dead_end_share
        Dead ends over dead ends and intersections [0-1], on the districts'
        index; NaN where there is neither.

    Raises
    ------
    CRSError
        If a CRS is missing or the two differ.
    """
    blind, crossing = (
        district_of(points, districts).value_counts().reindex(districts.index, fill_value=0)
        for points in (dead_ends, intersections)
    )
    total = blind + crossing
    return blind / total.where(total > 0)


def share_of_length(lengths: pd.DataFrame, value: pd.Series, *, index: pd.Index) -> pd.Series:
    """
    Average a value of streets over their length in each district.

    Parameters
    ----------
    lengths
        From :func:`street_lengths`.
    value
        By ``edge_id``, every metre of an edge alike; NaN = unknown, left out.
    index
        Districts of the result.

    Returns
    -------
    mean
        On ``index``; NaN where there is no street whose value is known.
    """
    of_edge = _of_edges(lengths, value)
    length = lengths["length_m"].where(of_edge.notna(), 0.0)
    table = pd.DataFrame({"sum": (of_edge * length).fillna(0.0), "length": length})
    sums = table.groupby(lengths["district_id"]).sum().reindex(index)
    return sums["sum"] / sums["length"].where(sums["length"] > 0)


def _of_edges(lengths: pd.DataFrame, values: pd.Series) -> pd.Series:
    """Give each length the value of its edge, NaN without one."""
    edge = lengths["edge_id"]
    if not isinstance(edge.dtype, pd.CategoricalDtype):
        return edge.map(values)
    found = values.reindex(edge.cat.categories).take(edge.cat.codes)
    return found.set_axis(lengths.index)
