"""How a value changes from the centre to the periphery."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geoequity import inequality
from geoequity.errors import DataError
from geoequity.patterns._links import Floats, all_alike, name_of
from geoequity.schema import check_metric_crs, check_non_negative, check_polygons, check_same_index


@dataclass(frozen=True, kw_only=True, eq=False)
class Gradient:
    """
    How a value changes from the centre outwards.

    Parameters
    ----------
    slope_per_km
        Change of the value with a kilometre of distance, over people.
    explained
        Share of the variance between people that distance accounts for, 0-1; NaN
        where the value is the same everywhere.
    rank_correlation
        Spearman's, over people, of value and distance; NaN likewise.
    rings
        Index ``ring`` from 1 at the centre: ``from_km``, ``to_km``, ``units``,
        ``population`` of those with a known value, and ``mean`` over them (NaN in
        a ring without).
    """

    slope_per_km: float
    explained: float
    rank_correlation: float
    rings: pd.DataFrame


def gradient(
    value: pd.Series,
    *,
    units: gpd.GeoDataFrame,
    centre: shapely.Point,
    population: pd.Series,
    rings: int = 5,
) -> Gradient:
    """
    Measure how a value changes from the centre to the periphery.

    Parameters
    ----------
    value
        Any number per unit; NaN where unknown.
    units
        Polygons in a metric CRS, on the same index.
    centre
        The centre of the city, in that CRS.
    population
        Residents per unit [persons], on the same index.
    rings
        Number of rings, equally wide, from the centre to the farthest unit.

    Returns
    -------
    gradient
        Slope, share explained, rank correlation, rings.

    Raises
    ------
    DataError
        If the indexes differ, a known value has no known population, the centre is
        no point, there is no ring, or fewer than three units with people and a
        known value lie at different distances.
    CRSError
        If the CRS is not metric.

    Notes
    -----
    Least squares of the value on the distance of the unit's centroid, weighted by
    residents: a line, so a centre that is worse off than the ring around it shows
    in the rings, not in the slope.

    Examples
    --------
    >>> row = [shapely.box(at * 1000, 0, at * 1000 + 1000, 1000) for at in range(3)]
    >>> units = gpd.GeoDataFrame(geometry=row, crs="EPSG:32721")
    >>> value, people = pd.Series([30.0, 20, 10]), pd.Series([5.0, 5, 5])
    >>> centre = shapely.Point(500, 500)
    >>> found = gradient(value, units=units, centre=centre, population=people)
    >>> round(found.slope_per_km, 6), round(found.explained, 6)
    (-10.0, 1.0)
    """
    check_metric_crs(units, name="units")
    check_polygons(units, name="units")
    check_same_index(value, units.geometry, names=(name_of(value), "units"))
    inequality.coverage(value, population=population)  # refuses what cannot be weighed
    if not isinstance(centre, shapely.Point) or centre.is_empty:
        msg = f"centre: must be a point with coordinates, not {centre}"
        raise DataError(msg)
    if rings < 1:
        msg = f"rings: must be 1 or more, is {rings}"
        raise DataError(msg)
    table = pd.DataFrame(
        {
            "value": value.astype(float),
            "km": units.centroid.distance(centre) / 1000,
            "people": population.astype(float),
        }
    )
    known = table[table["value"].notna() & (table["people"] > 0)]
    if known["km"].nunique() < 3:  # noqa: PLR2004  two points always lie on a line
        msg = (
            f"{name_of(value)}: known, with people, at {known['km'].nunique()} distances; 3 needed"
        )
        raise DataError(msg)
    off = known[["value", "km"]] - [
        np.average(known[one], weights=known["people"]) for one in ("value", "km")
    ]
    cross, spread, own = (
        float(known["people"] @ (off[left] * off[right]))
        for left, right in (("value", "km"), ("km", "km"), ("value", "value"))
    )
    alike = all_alike(known["value"].to_numpy())
    return Gradient(
        slope_per_km=0.0 if alike else cross / spread,
        explained=float("nan") if alike else cross**2 / (spread * own),
        rank_correlation=rank_correlation(known["value"], known["km"], population=known["people"]),
        rings=_rings(table, known, rings),
    )


def rank_correlation(left: pd.Series, right: pd.Series, *, population: pd.Series) -> float:
    """
    Correlate the ranks of two values over people (Spearman's rho of the residents).

    Parameters
    ----------
    left
        A value per unit; NaN where unknown.
    right
        Another one, on the same index.
    population
        Residents per unit [persons], on the same index; units without, or of which
        nobody knows, are left out.

    Returns
    -------
    rank_correlation
        From -1 to 1; ties share the middle of their people. NaN where nobody is
        left or a value is the same for all.

    Raises
    ------
    DataError
        If the indexes differ, or a population is text, negative or infinite.

    Examples
    --------
    >>> left, right = pd.Series([1.0, 2.0, 4.0]), pd.Series([9.0, 3.0, 1.0])
    >>> rank_correlation(left, right, population=pd.Series([10.0, 10.0, 10.0]))
    -1.0
    """
    for other, name in ((right, "right"), (population, "population")):
        check_same_index(left, other, names=("left", name))
    check_non_negative(population, name="population")
    both = pd.DataFrame({"left": left, "right": right, "people": population}).dropna()
    both = both[both["people"] > 0]
    if both.empty:
        return float("nan")
    weight = both["people"].to_numpy()

    ranks = [_mid_rank(both[side], both["people"]) for side in ("left", "right")]
    centred = [rank - np.average(rank, weights=weight) for rank in ranks]
    sides = [np.average(one**2, weights=weight) for one in centred]
    if not min(sides) > 0:
        return float("nan")
    return float(np.average(centred[0] * centred[1], weights=weight) / np.sqrt(sides[0] * sides[1]))


def _rings(table: pd.DataFrame, known: pd.DataFrame, rings: int) -> pd.DataFrame:
    """Average over the people of each ring."""
    edges = np.linspace(0, table["km"].max(), rings + 1)

    def ring_of(km: pd.Series) -> npt.NDArray[np.intp]:
        return np.clip(np.searchsorted(edges, km.to_numpy(), side="right"), 1, rings)

    numbers = pd.RangeIndex(1, rings + 1, name="ring")
    inside = known["people"].groupby(ring_of(known["km"]))
    people = inside.sum().reindex(numbers, fill_value=0.0)
    sums = (known["people"] * known["value"]).groupby(ring_of(known["km"])).sum()
    return pd.DataFrame(
        {
            "from_km": edges[:-1],
            "to_km": edges[1:],
            "units": inside.size().reindex(numbers, fill_value=0),
            "population": people,
            "mean": sums.reindex(numbers) / people.where(people > 0),
        },
        index=numbers,
    )


def _mid_rank(value: pd.Series, people: pd.Series) -> Floats:
    """Place each unit at the middle of its people in the line of all."""
    tied = people.groupby(value).sum()
    return value.map(tied.cumsum() - tied / 2).to_numpy()
