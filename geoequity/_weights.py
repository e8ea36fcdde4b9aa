"""
Weight in the land that polygons of two layers share.

Weight is people or built-up land, told at points or spread evenly over polygons.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoequity import schema
from geoequity._overlap import Layer, SharedLand, shared_land
from geoequity.errors import DataError, shown
from geoequity.schema import check_polygons

_WEIGHT = "weight"
_TINY_SHARE = 1e-6  # of a polygon: rounding, not land


@dataclass(frozen=True, kw_only=True, eq=False)
class Weight:
    """
    How much weight two layers hold, and the land they share.

    Parameters
    ----------
    in_pairs
        Weight in the land of each pair that shares any.
    in_sources
        Weight in each polygon of the first layer.
    in_targets
        Weight in each polygon of the second.
    is_weightless
        Whether each polygon of the first layer holds none, or that of slivers
        alone, by which nothing can be shared out.
    """

    in_pairs: np.ndarray
    in_sources: np.ndarray
    in_targets: np.ndarray
    is_weightless: np.ndarray


def held_weight(
    source: Layer, target: Layer, *, land: SharedLand, weights: gpd.GeoDataFrame
) -> Weight:
    """
    Measure the weight that two layers hold, and the land they share.

    Parameters
    ----------
    source
        Polygons in a metric CRS.
    target
        Polygons in the same CRS.
    land
        What the two share.
    weights
        Points or polygons in the same CRS, with a column ``weight``.

    Returns
    -------
    weight
        The weight, by pair and by polygon. A point inside overlapping polygons
        counts in each; a point on borders alone in that of the lowest id.

    Raises
    ------
    DataError
        If a weight is absent, unknown, negative or infinite, or the layer is
        neither of points alone nor of valid polygons alone.
    """
    schema.check_columns(weights, [_WEIGHT], name="weights")
    schema.check_non_negative(weights[_WEIGHT], name="weights: weight")
    unknown = weights.index[weights[_WEIGHT].isna()]
    if len(unknown):
        msg = f"weights: weight unknown; leave these out: {shown(unknown)}"
        raise DataError(msg, ids=unknown)
    if (weights.geom_type == "Point").all():
        return _of_points(source, target, land, weights)
    check_polygons(weights, name="weights")
    return _of_polygons(source, target, land, weights)


def _of_polygons(
    source: Layer, target: Layer, land: SharedLand, weights: gpd.GeoDataFrame
) -> Weight:
    """Weight spread over polygons, cut by borders."""
    spread, weight = weights.geometry.to_numpy(), weights[_WEIGHT].to_numpy(dtype=float)
    size = shapely.area(spread)

    def inside(shapes: np.ndarray, *, with_slivers: bool = True) -> np.ndarray:
        """Add up the weight in each shape."""
        held = shared_land(shapes, spread)
        smaller = np.minimum(shapely.area(shapes)[held.first], size[held.second])
        counts = held.area_m2 > (0 if with_slivers else _TINY_SHARE) * smaller
        share = held.area_m2 / size[held.second] * counts
        return np.bincount(held.first, share * weight[held.second], minlength=len(shapes))

    a, b = source.geometry.to_numpy(), target.geometry.to_numpy()
    first, second = a[land.first], b[land.second]
    is_first_held = land.area_m2 == shapely.area(first)
    is_cut = ~is_first_held & (land.area_m2 != shapely.area(second))
    common = np.where(is_first_held, first, second)
    common[is_cut] = shapely.intersection(first[is_cut], second[is_cut])
    # What two polygons share may come with lines and points where they also touch
    parts, owner = shapely.get_parts(common, return_index=True)
    is_land = shapely.area(parts) > 0
    in_pairs = np.bincount(owner[is_land], inside(parts[is_land]), minlength=len(common))
    return Weight(
        in_pairs=in_pairs,
        in_sources=inside(a),
        in_targets=inside(b),
        is_weightless=inside(a, with_slivers=False) == 0,
    )


def _of_points(source: Layer, target: Layer, land: SharedLand, weights: gpd.GeoDataFrame) -> Weight:
    """Weight at points, each in one pair unless polygons of a layer overlap."""
    points = weights.geometry.to_numpy()
    weight = weights[_WEIGHT].to_numpy(dtype=float)
    in_source = _lowest(_touched(points, source, name="source"), each=["point"])
    in_target = _touched(points, target, name="target")
    # A point on a border belongs to the lowest target of those that share land with its source
    pairs = pd.DataFrame({"source": land.first, "target": land.second})
    pairs["pair"] = np.arange(len(pairs))
    in_pair = in_source[["point", "source"]].merge(in_target, on="point")
    in_pair = _lowest(in_pair.merge(pairs), each=["point", "source"])
    in_target = _lowest(in_target, each=["point"])
    sums = (
        np.bincount(table[column], weight[table["point"]], minlength=size)
        for table, column, size in (
            (in_pair, "pair", len(pairs)),
            (in_source, "source", len(source)),
            (in_target, "target", len(target)),
        )
    )
    in_pairs, in_sources, in_targets = sums
    return Weight(
        in_pairs=in_pairs,
        in_sources=in_sources,
        in_targets=in_targets,
        is_weightless=in_sources == 0,
    )


def _touched(points: np.ndarray, layer: Layer, *, name: str) -> pd.DataFrame:
    """Points that polygons touch, with whether they lie inside and the rank of the id."""
    shapes = layer.geometry.to_numpy()
    polygon, point = shapely.STRtree(points).query(shapes, predicate="intersects")
    is_inside = shapely.contains_properly(shapes[polygon], points[point])
    rank = layer.index.argsort().argsort()[polygon]
    return pd.DataFrame({"point": point, name: polygon, "is_inside": is_inside, "rank": rank})


def _lowest(touched: pd.DataFrame, *, each: list[str]) -> pd.DataFrame:
    """Keep every polygon a point lies inside of; for a point on borders alone, the lowest id."""
    on_border = touched[~touched.groupby(each)["is_inside"].transform("any")]
    lowest = on_border.sort_values("rank").drop_duplicates(each)
    return pd.concat([touched[touched["is_inside"]], lowest])
