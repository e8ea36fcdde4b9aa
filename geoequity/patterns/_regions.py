"""Neighbouring units that are alike, joined into regions."""

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity.errors import DataError, shown
from geoequity.patterns._links import Floats, numbers_of, pairs_of
from geoequity.schema import check_non_negative, check_same_index

if TYPE_CHECKING:
    from libpysal.graph import Graph


def regions(
    values: pd.DataFrame,
    *,
    neighbours: "Graph",
    population: pd.Series,
    n_regions: int | None = None,
    min_population: float | None = None,
) -> pd.Series:
    """
    Join neighbouring units that are alike into regions, each in one piece.

    Parameters
    ----------
    values
        Units x what they are compared by; NaN where unknown, and the unit then
        belongs to no region. Columns count alike, whatever their unit.
    neighbours
        Who neighbours whom, on the same ids; one direction is enough.
    population
        Residents per unit [persons], on the same index.
    n_regions
        How many regions; None where `min_population` decides.
    min_population
        Least people of a region: then as many regions as can be.

    Returns
    -------
    region
        Number of the region, 1 having most people; <NA> for units left out.

    Raises
    ------
    DataError
        If the tables are about different units, there are no values or one is no number
        or infinite; if a population is negative, infinite, or unknown of a known unit;
        if not exactly one of `n_regions` and `min_population` is given; if the units
        lie in more separate pieces, or are fewer, than the regions asked for; or a
        piece has too few people.

    Notes
    -----
    Ward's method, which joins what adds least to the variance inside regions, on
    neighbours alone, by `sklearn.cluster.ward_tree` [1]_, each separate piece of the
    map by itself. Regions are cut from its tree from the top: the join that added
    most is undone first, or every join whose two sides both have people enough.
    Nothing is drawn at random.

    References
    ----------
    .. [1] Ward, J. H. (1963). J. American Statistical Association 58(301), 236-244.
       doi:10.1080/01621459.1963.10500845

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from geoequity.patterns import neighbours
    >>> row = [box(at, 0, at + 1, 1) for at in range(4)]
    >>> units = gpd.GeoDataFrame(index=list("abcd"), geometry=row, crs="EPSG:32721")
    >>> values = pd.DataFrame({"score": [1.0, 2.0, 9.0, 8.0]}, index=units.index)
    >>> people = pd.Series([10.0, 10, 20, 20], index=units.index)
    >>> options = {"neighbours": neighbours(units), "population": people}
    >>> regions(values, **options, n_regions=2).tolist()
    [2, 2, 1, 1]
    """
    if (n_regions is None) == (min_population is None):
        msg = "regions: give either n_regions or min_population"
        raise DataError(msg)
    if not len(values.columns):
        msg = "values: there are no columns to compare units by"
        raise DataError(msg)
    table = values.apply(lambda one: numbers_of(one, neighbours)).sort_index()
    check_same_index(values, population, names=("values", "population"))
    check_non_negative(population, name="population")
    table = table.dropna()
    people = population.astype(float).loc[table.index]
    if people.isna().any():
        ids = people.index[people.isna()]
        msg = f"population: unknown in {shown(ids)}"
        raise DataError(msg, ids=ids)
    forest = _forest(table, neighbours)
    weigh = people.to_numpy()
    if n_regions is not None:
        groups = _cut_to(forest, n_regions)
    else:
        groups = _cut_above(forest, weigh, float(min_population or 0), table.index)
    groups.sort(key=lambda one: (-weigh[one].sum(), one.min()))
    region = pd.Series(pd.NA, index=values.index, dtype="Int64", name="region")
    for number, members in enumerate(groups, start=1):
        region[table.index[members]] = number
    return region


@dataclass(frozen=True)
class _Join:
    """Two neighbouring groups joined, or a unit by itself."""

    members: npt.NDArray[np.intp]
    sides: "tuple[_Join, _Join] | None"
    cost: float


def _forest(table: pd.DataFrame, neighbours: "Graph") -> list[_Join]:
    """Join the units of each separate piece of the map until it is one."""
    from scipy.sparse import csr_array  # noqa: PLC0415  as scikit-learn
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415  the same
    from sklearn.cluster import ward_tree  # noqa: PLC0415  takes a second

    pairs = pairs_of(neighbours)
    pairs = pairs[pairs.isin(table.index).all(axis=1)]
    at = [table.index.get_indexer(pairs[side]) for side in ("left", "right")]
    ends = np.concatenate(at), np.concatenate(at[::-1])
    links = csr_array((np.ones(len(ends[0])), ends), shape=(len(table),) * 2)
    spread = table.std(ddof=0)
    features = ((table - table.mean()) / spread.where(spread > 0, 1.0)).to_numpy()
    pieces, piece = connected_components(links, directed=False)
    roots = []
    for number in range(pieces):
        members = np.flatnonzero(piece == number)
        joined = [_Join(np.array([one]), None, 0.0) for one in members]
        if len(members) > 1:
            own = links[members][:, members]
            children, *_, costs = ward_tree(
                features[members], connectivity=own, return_distance=True
            )
            for (left, right), cost in zip(children, costs, strict=True):
                sides = joined[left], joined[right]
                joined.append(
                    _Join(np.concatenate([one.members for one in sides]), sides, float(cost))
                )
        roots.append(joined[-1])
    return roots


def _cut_to(forest: list[_Join], count: int) -> list[npt.NDArray[np.intp]]:
    """Undo the costliest joins until there are so many groups."""
    units = sum(len(one.members) for one in forest)
    if not len(forest) <= count <= units:
        msg = (
            f"n_regions: {units} units in {len(forest)} separate pieces cannot make {count} regions"
        )
        raise DataError(msg)
    heap: list[tuple[float, int, Any]] = [(-one.cost, one.members.min(), one) for one in forest]
    heapq.heapify(heap)
    done: list[_Join] = []
    while len(heap) + len(done) < count:
        *_, top = heapq.heappop(heap)
        if top.sides is None:
            done.append(top)
            continue
        for one in top.sides:
            heapq.heappush(heap, (-one.cost, one.members.min(), one))
    return [one.members for one in done] + [one.members for *_, one in heap]


def _cut_above(
    forest: list[_Join], people: Floats, least: float, ids: pd.Index
) -> list[npt.NDArray[np.intp]]:
    """Undo every join whose two sides both hold people enough."""
    small = [one.members for one in forest if people[one.members].sum() < least]
    if small:
        listed = ids[np.concatenate(small)]
        msg = f"min_population: separate pieces of the map hold fewer people: {shown(listed)}"
        raise DataError(msg, ids=listed)
    waiting, groups = list(forest), []
    while waiting:
        one = waiting.pop()
        if one.sides and all(people[side.members].sum() >= least for side in one.sides):
            waiting.extend(one.sides)
        else:
            groups.append(one.members)
    return groups
