"""
Cells and districts: who lives where, with totals conserved.

People live in cells; policy is made in districts. A cell belongs to the
district its own column names; where no column does, it is shared out by area,
and every resident stays counted: inside a district, or outside all of them.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoequity import schema
from geoequity.errors import DataError, shown

_TINY_SHARE = 1e-6  # of a cell's area: rounding, not land


@dataclass(frozen=True, kw_only=True)
class Membership:
    """
    Cells with the district each belongs to, and what the joining showed.

    Parameters
    ----------
    cells
        Cells with ``district_id`` (None outside every district), ``cell_id``
        (the cell as it was read) and ``share`` of it [0-1]. A cell that a
        border cuts stands once a district, under ``cell|district``.
    outside
        Residents outside every district; NaN where no cell has a count.
    disputed
        Cells whose declared district is not the one their area lies in most.
    disputed_population
        Residents of those cells; NaN where no cell has a count.
    """

    cells: gpd.GeoDataFrame
    outside: float
    disputed: pd.Index
    disputed_population: float


def overlapping_pairs(units: gpd.GeoDataFrame) -> pd.DataFrame:
    """
    Find units that share land.

    Parameters
    ----------
    units
        Polygons in a metric CRS.

    Returns
    -------
    pairs
        Columns ``left``, ``right`` (ids, each pair once) and ``share``, the
        common area over the smaller unit's [0-1].

    Raises
    ------
    CRSError
        If the CRS is not metric.
    """
    schema.check_metric_crs(units, name="units")
    geometry = units.geometry.to_numpy()
    left, right = shapely.STRtree(geometry).query(geometry, predicate="intersects")
    once = left < right
    left, right = left[once], right[once]
    common = shapely.area(shapely.intersection(geometry[left], geometry[right]))
    area = shapely.area(geometry)
    share = common / np.minimum(area[left], area[right])
    pairs = pd.DataFrame({"left": units.index[left], "right": units.index[right], "share": share})
    return pairs[pairs["share"] > 0].sort_values("share", ascending=False, ignore_index=True)


def overlap(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> pd.DataFrame:
    """
    Measure how two layers of polygons cut each other.

    Parameters
    ----------
    left
        Polygons in a metric CRS.
    right
        Polygons in the same CRS.

    Returns
    -------
    overlap
        Columns ``left``, ``right`` (positions in the two tables), ``area_m2``
        and ``geometry`` of every pair that shares land.

    Raises
    ------
    CRSError
        If a CRS is missing, not metric, or the two differ.
    """
    schema.check_metric_crs(left, name="left")
    schema.check_same_crs(left, right, names=("left", "right"))
    a, b = left.geometry.to_numpy(), right.geometry.to_numpy()
    first, second = shapely.STRtree(b).query(a, predicate="intersects")
    pieces = shapely.intersection(a[first], b[second])
    area = shapely.area(pieces)
    land = area > 0
    return pd.DataFrame(
        {
            "left": first[land],
            "right": second[land],
            "area_m2": area[land],
            "geometry": pieces[land],
        }
    )


def join_cells(
    cells: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, *, counts: tuple[str, ...], split: bool
) -> Membership:
    """
    Give every cell its district, every resident counted once.

    A declared parent wins over geometry; where the two disagree, the cell is
    listed as disputed. Cells without a declared parent are cut at the borders
    and their counts shared by area, as if people were spread evenly in a cell.

    Parameters
    ----------
    cells
        Cells with ``parent`` (id or name of a district; None where undeclared).
    districts
        Districts in the same CRS.
    counts
        Columns of the cells that are counts, shared by area where a cell is cut.
    split
        Where districts overlap, share the common land between them; otherwise
        it goes to the district that holds most of the cell.

    Returns
    -------
    membership
        The cells with ``district_id``, and what the joining showed.

    Raises
    ------
    DataError
        If no cell lies in, or names, any district.
    CRSError
        If a CRS is missing, not metric, or the two differ.
    """
    by_geometry = overlap(cells, districts)
    largest = by_geometry.sort_values("area_m2").drop_duplicates("left", keep="last")
    located = pd.Series(
        districts.index[largest["right"]], index=cells.index[largest["left"]]
    ).reindex(cells.index)
    declared = _named_districts(cells["parent"], districts)
    if declared.notna().any():
        joined = cells.assign(
            district_id=declared.astype(object).where(declared.notna(), None),
            cell_id=cells.index,
            share=1.0,
        )
        disputed = cells.index[declared.notna() & located.notna() & (declared != located)]
    else:
        joined = _cut(cells, districts, by_geometry, counts=counts, split=split)
        disputed = cells.index[:0]
    joined = joined.drop(columns="parent")
    if joined["district_id"].isna().all():
        odd = cells["parent"].dropna().unique()
        named = f"; the cells name {shown(odd)}" if len(odd) else ""
        msg = f"cells and districts do not overlap: no cell lies in any district{named}"
        raise DataError(msg, ids=cells.index)
    return Membership(
        cells=joined,
        outside=_people(joined, joined["district_id"].isna().to_numpy()),
        disputed=disputed,
        disputed_population=_people(cells, cells.index.isin(disputed)),
    )


def district_of(points: gpd.GeoSeries, districts: gpd.GeoDataFrame) -> pd.Series:
    """
    Find the district each point lies in.

    Parameters
    ----------
    points
        Points in the CRS of the districts.
    districts
        Districts; a point on a common border belongs to the lowest id.

    Returns
    -------
    district
        Ids on the points' index; None outside every district.

    Raises
    ------
    CRSError
        If a CRS is missing or the two differ.
    """
    schema.check_same_crs(points, districts, names=("points", "districts"))
    tree = shapely.STRtree(points.to_numpy())
    ids = districts.index.sort_values()
    area, hit = tree.query(districts.geometry.loc[ids].to_numpy(), predicate="intersects")
    found = pd.Series(area, index=hit).groupby(level=0).min()
    result = np.full(len(points), None, dtype=object)
    result[found.index.to_numpy(dtype=int)] = ids.to_numpy(dtype=object)[found.to_numpy(dtype=int)]
    return pd.Series(result, index=points.index, name="district_id")


def totals(cells: pd.DataFrame, districts: pd.Index, *, columns: tuple[str, ...]) -> pd.DataFrame:
    """
    Add up counts of cells by district.

    Parameters
    ----------
    cells
        Cells with ``district_id`` and the counts.
    districts
        Ids of the districts.
    columns
        Counts to add up.

    Returns
    -------
    totals
        Districts x columns, over the cells whose count is known; NaN where a
        district has none.
    """
    return cells.groupby("district_id")[list(columns)].sum(min_count=1).reindex(districts)


def _named_districts(parents: pd.Series, districts: gpd.GeoDataFrame) -> pd.Series:
    """Resolve declared parents, which are ids or, failing that, unique names."""
    ids = pd.Series(districts.index, index=districts.index)
    by_id = parents.map(ids)
    unique = districts["name"][~districts["name"].duplicated(keep=False)]
    by_name = parents.map(pd.Series(unique.index, index=unique.to_numpy()))
    return by_id.where(by_id.notna(), by_name)


def _cut(
    cells: gpd.GeoDataFrame,
    districts: gpd.GeoDataFrame,
    pieces: pd.DataFrame,
    *,
    counts: tuple[str, ...],
    split: bool,
) -> gpd.GeoDataFrame:
    """Cut cells at district borders and share their counts by area."""
    area = cells.area.to_numpy()
    pieces = pieces[pieces["area_m2"] > _TINY_SHARE * area[pieces["left"]]].copy()
    covered = pieces.groupby("left")["area_m2"].sum().reindex(range(len(cells)), fill_value=0.0)
    doubled = covered.to_numpy() > area * (1 + _TINY_SHARE)
    if not split:  # land of two districts: all of the cell goes where most of it lies
        twice = pieces["left"].isin(np.flatnonzero(doubled))
        largest = pieces.sort_values("area_m2").drop_duplicates("left", keep="last").index
        pieces = pieces[~twice | pieces.index.isin(largest)]
        covered = pieces.groupby("left")["area_m2"].sum().reindex(range(len(cells)), fill_value=0.0)
        area = np.where(doubled, covered.to_numpy(), area)
    pieces["share"] = pieces["area_m2"] / np.maximum(area, covered.to_numpy())[pieces["left"]]
    kept = pieces.groupby("left")["share"].sum().reindex(range(len(cells)), fill_value=0.0)
    rest = np.flatnonzero(1 - kept.to_numpy() > _TINY_SHARE)
    inside = cells.iloc[pieces["left"]].copy()
    inside.geometry = gpd.GeoSeries(
        pieces["geometry"].to_numpy(), index=inside.index, crs=cells.crs
    )
    inside["district_id"] = districts.index.to_numpy(dtype=object)[pieces["right"]]
    outside = cells.iloc[rest].copy()
    cover = districts.union_all()
    outside.geometry = outside.geometry.difference(cover)
    outside["district_id"] = None
    share = np.concatenate([pieces["share"].to_numpy(), 1 - kept.to_numpy()[rest]])
    parts = pd.concat([inside, outside])
    parts["cell_id"], parts["share"] = parts.index, share
    for column in counts:
        parts[column] = parts[column] * share
    parts["area_m2"] = parts.area
    repeated = parts.index.duplicated(keep=False)
    suffix = "|" + parts["district_id"].fillna("outside").astype(str)
    ids = parts.index.to_series().where(~repeated, parts.index.to_series() + suffix.to_numpy())
    parts.index = pd.Index(ids.astype(str), name="unit_id")
    return parts[~parts.geometry.is_empty].sort_index()


def _people(cells: pd.DataFrame, rows: np.ndarray) -> float:
    """Add up the residents of some cells; NaN without any count."""
    if "population" not in cells.columns:
        return float("nan")
    return float(cells.loc[rows, "population"].sum())
