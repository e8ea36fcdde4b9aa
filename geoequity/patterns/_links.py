"""Who neighbours whom, and how far apart neighbours are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geoequity.errors import DataError, shown
from geoequity.keeping import FORGETFUL, Kept
from geoequity.schema import check_metric_crs, check_polygons, check_same_index, check_unique

if TYPE_CHECKING:
    from libpysal.graph import Graph

Contiguity = Literal["queen", "rook", "knn"]
MIN_UNITS = 4  # under it the moments of Moran's index are undefined
_CORNER = 2.0  # tolerances; two borders that meet in a corner run side by side for less
ROUNDING = 1e-9  # of the largest value: sums that differ by less are ties

Floats = npt.NDArray[np.float64]


def neighbours(
    units: gpd.GeoDataFrame,
    *,
    contiguity: Contiguity = "queen",
    tolerance_m: float = 0.0,
    k: int | None = None,
) -> "Graph":
    """
    Tell which units are neighbours.

    Parameters
    ----------
    units
        Polygons in a metric CRS, index ``unit_id``.
    contiguity
        ``queen``: who touches, in a corner too; ``rook``: who shares a border of
        some length; ``knn``: the `k` nearest, by a point inside each, whether they
        touch or not.
    tolerance_m
        Widest gap between two units, or overlap, that is still a common border:
        districts are often drawn with slivers between them, or end at a street or
        a river. At a tolerance, rook asks for a border longer than two of it.
    k
        How many are nearest; for ``knn`` alone.

    Returns
    -------
    neighbours
        A `libpysal.graph.Graph` with weights of 1. Islands, units that have no
        neighbour, are its ``isolates``.

    Raises
    ------
    DataError
        If ids repeat, a unit is no valid polygon, the tolerance is negative, or `k`
        is missing, given beside a contiguity, or not below the number of units.
    CRSError
        If the CRS is not metric.

    Examples
    --------
    >>> row = [shapely.box(at, 0, at + 1, 1) for at in range(3)]
    >>> units = gpd.GeoDataFrame(index=list("abc"), geometry=row, crs="EPSG:32721")
    >>> neighbours(units)["b"].index.tolist()
    ['a', 'c']
    """
    from libpysal.graph import Graph  # noqa: PLC0415  takes a second

    check_metric_crs(units, name="units")
    check_unique(units.index, name="units")
    check_polygons(units, name="units")
    if contiguity not in {"queen", "rook", "knn"}:
        msg = f"contiguity: must be queen, rook or knn, not {contiguity!r}"
        raise DataError(msg)
    if not 0 <= tolerance_m < np.inf:
        msg = f"tolerance_m: must be 0 or more, is {tolerance_m}"
        raise DataError(msg)
    if (contiguity == "knn") != (k is not None) or (k is not None and not 0 < k < len(units)):
        msg = f"k: knn alone asks for one, from 1 to {len(units) - 1}; it is {k}"
        raise DataError(msg)
    geometry = units.geometry
    if k is not None:
        return Graph.build_knn(geometry.representative_point(), k=k)
    touching = Graph.build_fuzzy_contiguity(geometry, buffer=tolerance_m / 2 or None)
    if contiguity == "queen":
        return touching
    pairs = pairs_of(touching)
    long = _borders_m(geometry, pairs, tolerance_m=tolerance_m) > _CORNER * tolerance_m
    both = pd.concat([pairs[long], pairs[long].set_axis(["right", "left"], axis=1)])
    return Graph.from_arrays(
        *(np.concatenate([both[side], touching.unique_ids]) for side in ("left", "right")),
        np.repeat([1, 0], [len(both), len(units)]),
    ).eliminate_zeros()


def cliffs(
    value: pd.Series,
    *,
    neighbours: "Graph",
    units: gpd.GeoDataFrame,
    tolerance_m: float = 0.0,
    kept: Kept = FORGETFUL,
) -> pd.DataFrame:
    """
    List neighbours by how far apart they are.

    Parameters
    ----------
    value
        Any number per unit; NaN where unknown.
    neighbours
        Who neighbours whom, on the same ids.
    units
        Polygons in a metric CRS, on the same index as `value`.
    tolerance_m
        As neighbours were told with: what lies closer is a common border.
    kept
        Who shares which border, where units are as they were.

    Returns
    -------
    cliffs
        One row a pair of neighbours with known values, the highest cliff first:
        ``higher`` and ``lower``, ids; ``difference`` of the values, 0 or more;
        ``border_m``, length of their common border [m], to twice the tolerance; 0 in
        a corner.

    Raises
    ------
    DataError
        If `value`, `neighbours` and `units` are about different units, or a value
        is no number or infinite.
    CRSError
        If the CRS is not metric.

    Examples
    --------
    >>> row = [shapely.box(at, 0, at + 1, 1) for at in range(3)]
    >>> units = gpd.GeoDataFrame(index=list("abc"), geometry=row, crs="EPSG:32721")
    >>> value = pd.Series([1.0, 9.0, 7.0], index=units.index)
    >>> cliffs(value, neighbours=neighbours(units), units=units)
      higher lower  difference  border_m
    0      b     a         8.0       1.0
    1      b     c         2.0       1.0
    """
    check_metric_crs(units, name="units")
    check_polygons(units, name="units")
    check_same_index(value, units.geometry, names=(name_of(value), "units"))
    numbers = numbers_of(value, neighbours)
    shapes = units.geometry

    def measured() -> pd.DataFrame:
        pairs = pairs_of(neighbours)
        return pairs.assign(border_m=_borders_m(shapes, pairs, tolerance_m=tolerance_m))

    pairs = kept.once("borders", measured, shapes, neighbours.adjacency, tolerance_m)
    ends = [numbers.loc[pairs[side]].to_numpy() for side in ("left", "right")]
    up = ends[0] >= ends[1]
    table = pd.DataFrame(
        {
            "higher": pairs["left"].where(up, pairs["right"]),
            "lower": pairs["right"].where(up, pairs["left"]),
            "difference": np.abs(ends[0] - ends[1]),
            "border_m": pairs["border_m"],
        }
    )[~np.isnan(ends[0] - ends[1])]
    order = ["difference", "higher", "lower"]
    return table.sort_values(order, ascending=[False, True, True], ignore_index=True)


@dataclass(frozen=True)
class Linked:
    """The units that count, in order of their ids, and those left out."""

    ids: pd.Index
    graph: "Graph"
    standard: "Graph"  # the same, row-standardised
    columns: list[Floats]
    unknown: tuple[str, ...]
    islands: tuple[str, ...]


def link(values: Sequence[pd.Series], neighbours: "Graph", *, kept: Kept = FORGETFUL) -> Linked:
    """
    Keep the units of which every value is known and that have such neighbours.

    Parameters
    ----------
    values
        Columns on one index; NaN where unknown.
    neighbours
        Who neighbours whom, on the same ids.
    kept
        Who is linked, where the same units are known.

    Returns
    -------
    linked
        Those units, in order of their ids, and the ids left out.

    Raises
    ------
    DataError
        If the columns and the graph are about different units, a value is no
        number or infinite, fewer than four units are left, or these are all alike.
    """
    for other in values[1:]:
        check_same_index(values[0], other, names=(name_of(values[0]), name_of(other)))
    table = pd.concat([numbers_of(one, neighbours) for one in values], axis=1).sort_index()
    known = table.index[table.notna().all(axis=1)]
    ids, graph, standard = kept.once(
        "linked",
        lambda: _linked(known, neighbours, name=name_of(values[0])),
        known,
        neighbours.adjacency,
    )
    columns = [table.loc[ids].iloc[:, at].to_numpy() for at in range(len(values))]
    for one, column in zip(values, columns, strict=True):
        if all_alike(column):
            msg = f"{name_of(one)}: the same in all units, so that nothing can cluster"
            raise DataError(msg, ids=ids)
    return Linked(
        ids=ids,
        graph=graph,
        standard=standard,
        columns=columns,
        unknown=tuple(str(one) for one in table.index.difference(known)),
        islands=tuple(str(one) for one in known.difference(ids)),
    )


def _linked(
    known: pd.Index, neighbours: "Graph", *, name: str
) -> tuple[pd.Index, "Graph", "Graph"]:
    """Keep the known units that have such neighbours, and their links, row-standardised too."""
    from libpysal.graph import Graph  # noqa: PLC0415  takes a second

    links = neighbours.adjacency
    focal, other = (links.index.get_level_values(at) for at in ("focal", "neighbor"))
    links = links[focal.isin(known) & other.isin(known) & (focal != other)]
    while True:  # who loses its last neighbour is nobody's any more
        focal, other = (links.index.get_level_values(at) for at in ("focal", "neighbor"))
        inside = other.isin(focal)
        if inside.all():
            break
        links = links[inside]
    ids = known[known.isin(focal)]
    if len(ids) < MIN_UNITS:
        msg = f"{name}: known in {len(ids)} units that have neighbours; {MIN_UNITS} are needed"
        raise DataError(msg, ids=ids)
    graph = Graph(links.sort_index())
    return ids, graph, graph.transform("r")


def numbers_of(value: pd.Series, neighbours: "Graph") -> pd.Series:
    """
    Take a column of finite numbers about the units of a graph.

    Parameters
    ----------
    value
        The column; NaN where unknown.
    neighbours
        The graph.

    Returns
    -------
    numbers
        The column as floats.

    Raises
    ------
    DataError
        If an id repeats or stands in one only, or a value is no number or infinite.
    """
    check_unique(value.index, name=name_of(value))
    odd = value.index.symmetric_difference(neighbours.unique_ids)
    if len(odd):
        msg = f"{name_of(value)} and neighbours are about different units: {shown(odd)}"
        raise DataError(msg, ids=odd)
    if not pd.api.types.is_numeric_dtype(value):
        msg = f"{name_of(value)}: not numbers but {value.dtype}"
        raise DataError(msg)
    numbers = value.astype(float)
    infinite = value.index[np.isinf(numbers.to_numpy())]
    if len(infinite):
        msg = f"{name_of(value)}: infinite in {shown(infinite)}"
        raise DataError(msg, ids=infinite)
    return numbers


def name_of(value: pd.Series) -> str:
    """
    Name a column in a message.

    Parameters
    ----------
    value
        The column.

    Returns
    -------
    name
        Its name, or the plain word.
    """
    return str(value.name) if value.name is not None else "value"


def all_alike(column: Floats) -> bool:
    """
    Tell whether numbers differ by no more than rounding.

    Parameters
    ----------
    column
        Known numbers.

    Returns
    -------
    alike
        Whether nothing tells them apart.
    """
    return bool(np.ptp(column) <= ROUNDING * np.abs(column).max())


def pairs_of(neighbours: "Graph") -> pd.DataFrame:
    """
    List who neighbours whom, each pair once.

    Parameters
    ----------
    neighbours
        A graph, of one direction or both.

    Returns
    -------
    pairs
        Columns ``left`` and ``right``, the smaller id first.
    """
    links = neighbours.adjacency.index.to_frame(index=False).set_axis(["left", "right"], axis=1)
    swapped = links["left"] > links["right"]
    left, right = links["left"], links["right"]
    pairs = pd.DataFrame(
        {"left": left.where(~swapped, right), "right": right.where(~swapped, left)}
    )
    pairs = pairs[pairs["left"] != pairs["right"]].drop_duplicates()
    return pairs.sort_values(["left", "right"], ignore_index=True)


def _borders_m(geometry: gpd.GeoSeries, pairs: pd.DataFrame, *, tolerance_m: float) -> Floats:
    """Measure the borders that pairs share: the mean of what each has along the other."""
    left, right = (geometry.loc[pairs[side]].to_numpy() for side in ("left", "right"))
    if not tolerance_m:
        return shapely.length(shapely.intersection(shapely.boundary(left), shapely.boundary(right)))
    along = [
        shapely.length(
            shapely.intersection(shapely.boundary(own), shapely.buffer(other, tolerance_m))
        )
        for own, other in ((left, right), (right, left))
    ]
    # Within the tolerance it also reaches round its two ends, by a tolerance each
    return np.maximum((along[0] + along[1]) / 2 - 2 * tolerance_m, 0.0)
