"""
Cells and districts: who lives where, with totals conserved.

People live in cells; policy is made in districts. A cell belongs to the
district its own column names; where no column does, it is shared out by area,
and every resident stays counted: inside a district, or outside all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoequity import schema
from geoequity._cores import by_blocks, by_parts
from geoequity._sums import sums_by
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
        Cells whose declared district is not the one their area lies in most,
        or that lie in none.
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
    pieces = by_blocks(shapely.intersection, a[first], b[second])
    mixed = shapely.get_type_id(pieces) == shapely.GeometryType.GEOMETRYCOLLECTION
    pieces[mixed] = [_polygons(one) for one in pieces[mixed]]
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
        Where districts overlap, share the common land of a cell between them
        alike; otherwise it goes to the one that holds most of the cell.

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
    declared = _named_districts(cells["parent"], districts)
    named = declared.notna().to_numpy()
    whole, open_ = cells[named], cells[~named]
    disputed = whole.index[(declared[named] != largest_part(whole, districts)).to_numpy()]
    frames = [
        whole.assign(district_id=declared[named].astype(object), cell_id=whole.index, share=1.0),
        _cut(open_, districts, counts=counts, split=split),
    ]
    frames = [one.drop(columns="parent") for one in frames if len(one)]
    joined = frames[0] if len(frames) == 1 else pd.concat(frames).sort_index()
    if joined["district_id"].isna().all():
        odd = cells["parent"].dropna().unique()
        said = f"; the cells name {shown(odd)}" if len(odd) else ""
        msg = f"cells and districts do not overlap: no cell lies in any district{said}"
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
    ids = districts.index.sort_values()
    areas, tree = districts.geometry.loc[ids].to_numpy(), shapely.STRtree(points.to_numpy())

    def within(some: np.ndarray) -> tuple[np.ndarray, ...]:
        at, hit = tree.query(areas[some], predicate="intersects")
        return some[at], hit

    area, hit = by_parts(within, len(areas))
    lowest = np.full(len(points), len(ids))
    np.minimum.at(lowest, hit, area)
    result = np.array([*ids, None], dtype=object)[lowest]
    return pd.Series(result, index=points.index, name="district_id", dtype=object)


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


def people_within(
    cells: gpd.GeoDataFrame, areas: Mapping[str, shapely.Geometry]
) -> dict[str, pd.Series]:
    """
    Count the people of cells who live on some land, such as informal settlements.

    People are taken to be spread evenly within a cell, so that the share of its
    land that lies in an area is that of its people.

    Parameters
    ----------
    cells
        Polygons in a metric CRS, with ``population`` where it is known.
    areas
        Name -> its land, in the same CRS.

    Returns
    -------
    people
        Name -> people by cell; NaN where the population is unknown, throughout
        where nobody counts it.

    Examples
    --------
    >>> cells = gpd.GeoDataFrame(
    ...     {"population": [80.0]}, geometry=[shapely.box(0, 0, 100, 100)], crs="EPSG:32718"
    ... )
    >>> people_within(cells, {"informal": shapely.box(0, 0, 25, 100)})["informal"].tolist()
    [20.0]
    """
    shapes = np.asarray(cells.geometry)
    people = cells.get("population", pd.Series(np.nan, index=cells.index))
    found = {}
    for name, area in areas.items():
        shapely.prepare(area)
        share = np.zeros(len(cells))
        touched = shapely.intersects(area, shapes)
        share[touched] = shapely.area(shapely.intersection(shapes[touched], area))
        share /= shapely.area(shapes)
        found[name] = people * np.clip(share, 0.0, 1.0)
    return found


def means(
    values: pd.Series, *, weight: pd.Series, district: pd.Series, districts: pd.Index
) -> tuple[float, pd.Series]:
    """
    Average the values of cells over people.

    Parameters
    ----------
    values
        By cell; NaN = unknown.
    weight
        People of each cell, or what else it weighs; NaN weighs nothing.
    district
        District of each cell; None outside all of them.
    districts
        Ids of the districts.

    Returns
    -------
    whole
        Mean over the people of all districts whose value is known; NaN where
        there are none.
    each
        The same by district.

    Examples
    --------
    >>> people, home = pd.Series([1.0, 3.0, 5.0]), pd.Series(["x", "x", None])
    >>> values = pd.Series([2.0, 6.0, 100.0])
    >>> whole, each = means(values, weight=people, district=home, districts=pd.Index(["x", "y"]))
    >>> whole, each.tolist()
    (5.0, [5.0, nan])
    """
    whole, each = means_of(
        values.to_frame("mean"), weight=weight, district=district, districts=districts
    )
    return float(whole["mean"]), each["mean"].rename(None)


def means_of(
    table: pd.DataFrame, *, weight: pd.Series, district: pd.Series, districts: pd.Index
) -> tuple[pd.Series, pd.DataFrame]:
    """
    Average many values of cells over people, as `means` does each of them.

    Parameters
    ----------
    table
        Cells x values; NaN = unknown.
    weight
        As of `means`.
    district
        As of `means`.
    districts
        As of `means`.

    Returns
    -------
    whole
        By column of the table.
    each
        Districts x columns.
    """
    known = table.notna().mul(weight.fillna(0.0), axis=0)
    at = districts.get_indexer(district.reindex(table.index))
    held, people = (
        pd.DataFrame(
            sums_by(at, list(one.to_numpy(dtype=float, na_value=np.nan).T), count=len(districts)).T,
            index=districts,
            columns=table.columns,
        )
        for one in ((table * known).fillna(0.0), known)
    )
    total = people.sum()
    return held.sum() / total.where(total > 0), held / people.where(people > 0)


def largest_part(cells: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> pd.Series:
    """
    Find the district that most of each cell lies in.

    Parameters
    ----------
    cells
        Polygons in a metric CRS.
    districts
        Polygons in the same CRS.

    Returns
    -------
    district
        Ids on the cells' index; None outside all.

    Raises
    ------
    CRSError
        If a CRS is missing, not metric, or the two differ.
    """
    pieces = overlap(cells, districts).sort_values("area_m2", kind="stable")
    most = pieces.drop_duplicates("left", keep="last")
    found = np.full(len(cells), None, dtype=object)
    found[most["left"]] = districts.index.to_numpy(dtype=object)[most["right"]]
    return pd.Series(found, index=cells.index, dtype=object)


def _named_districts(parents: pd.Series, districts: gpd.GeoDataFrame) -> pd.Series:
    """Resolve declared parents, which are ids or, failing that, unique names."""
    ids = pd.Series(districts.index, index=districts.index)
    by_id = parents.map(ids)
    unique = districts["name"][~districts["name"].duplicated(keep=False)]
    by_name = parents.map(pd.Series(unique.index, index=unique.to_numpy()))
    return by_id.where(by_id.notna(), by_name)


def _cut(
    cells: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, *, counts: tuple[str, ...], split: bool
) -> gpd.GeoDataFrame:
    """Cut cells at district borders and share their counts by area."""
    area = cells.area.to_numpy()
    pieces = overlap(cells, districts)
    pieces = _apart(pieces[pieces["area_m2"] > _TINY_SHARE * area[pieces["left"]]], split=split)
    held = np.bincount(pieces["left"], weights=pieces["land_m2"], minlength=len(cells))
    left_over = np.where(area - held > _TINY_SHARE * area, area - held, 0.0)
    rest = np.flatnonzero(left_over)
    inside, outside = cells.iloc[pieces["left"]].copy(), cells.iloc[rest].copy()
    inside["district_id"] = districts.index.to_numpy(dtype=object)[pieces["right"]]
    outside["district_id"] = None
    unions = pieces.groupby("left")["geometry"].agg(lambda one: shapely.union_all(one.to_numpy()))
    unions = unions.reindex(rest, fill_value=shapely.Polygon())
    shapes = [
        pieces["geometry"].to_numpy(),
        shapely.difference(outside.geometry.to_numpy(), unions.to_numpy()),
    ]
    shares = [pieces["land_m2"].to_numpy(), left_over[rest]]
    whole = (held + left_over)[np.concatenate([pieces["left"], rest])]
    parts = pd.concat([one for one in (inside, outside) if len(one)] or [inside])
    parts = parts.set_geometry(
        gpd.GeoSeries(np.concatenate(shapes), index=parts.index, crs=cells.crs)
    )
    parts["cell_id"], parts["share"] = parts.index, np.concatenate(shares) / whole
    for column in counts:
        parts[column] = parts[column] * parts["share"]
    parts["area_m2"] = parts.area
    place = parts["district_id"].where(parts["district_id"].notna(), "outside").astype(str)
    ids = parts.index.to_series().astype(str)
    ids = ids.where(~parts.index.duplicated(keep=False), ids + "|" + place)
    return parts.set_index(pd.Index(ids, name="unit_id")).sort_index()


def _apart(pieces: pd.DataFrame, *, split: bool) -> pd.DataFrame:
    """Give land of several districts to the one with most of the cell, or to each alike."""
    pieces = pieces.assign(land_m2=pieces["area_m2"])
    for _, some in pieces[pieces["left"].duplicated(keep=False)].groupby("left"):
        shapes = some["geometry"].to_numpy()
        covered = shapely.area(shapely.union_all(shapes))
        if some["area_m2"].sum() - covered <= _TINY_SHARE * covered:
            continue
        if split:
            pieces.loc[some.index, "land_m2"] = _even_land(shapes)
            continue
        taken = shapely.Polygon()
        for row in some.sort_values(["area_m2", "right"], ascending=[False, True]).index:
            own = shapely.difference(pieces.loc[row, "geometry"], taken)
            pieces.loc[row, ["geometry", "land_m2"]] = [own, own.area]
            taken = shapely.union(taken, own)
    return pieces[pieces["land_m2"] > _TINY_SHARE * pieces["area_m2"]]


def _even_land(shapes: np.ndarray) -> np.ndarray:
    """Measure the land of each of some polygons, what several cover shared alike."""
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all(shapely.boundary(shapes))]))
    inside = shapely.intersects(shapes[:, None], shapely.point_on_surface(faces)[None, :])
    return (inside * shapely.area(faces) / np.maximum(inside.sum(axis=0), 1)).sum(axis=1)


def _polygons(geometry: shapely.Geometry) -> shapely.Geometry:
    """Keep the polygons of a mixed geometry."""
    return shapely.union_all([one for one in shapely.get_parts(geometry) if one.area > 0])


def _people(cells: pd.DataFrame, rows: np.ndarray) -> float:
    """Add up the residents of some cells; NaN without any count."""
    if "population" not in cells.columns or cells["population"].isna().all():
        return float("nan")
    return float(cells.loc[rows, "population"].sum())
