"""Whether neighbours are alike, in the whole city and unit by unit."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity.errors import DataError, shown
from geoequity.keeping import FORGETFUL, Kept
from geoequity.patterns._links import ROUNDING, Floats, Linked, link, name_of
from geoequity.schema import check_non_negative, check_unique

if TYPE_CHECKING:
    from libpysal.graph import Graph

PERMUTATIONS = 9999  # few enough to take no time, enough for a small false discovery rate
QUADRANTS = ("high_high", "low_high", "low_low", "high_low")  # own value first; as esda counts
_BLOCK = 500  # permutations drawn at a time, for the memory


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """
    How far a map is from one dealt out at random.

    Parameters
    ----------
    value
        The statistic.
    expected
        Its mean where nothing clusters.
    z
        Standard deviations of the permutations between the two.
    p
        Share of the permutations at least as extreme, both tails.
    units
        How many units are compared.
    unknown
        Ids left out because a value is unknown.
    islands
        Ids left out because no unit with a known value is their neighbour.
    """

    value: float
    expected: float
    z: float
    p: float
    units: int
    unknown: tuple[str, ...]
    islands: tuple[str, ...]


def moran(
    value: pd.Series,
    *,
    neighbours: "Graph",
    permutations: int = PERMUTATIONS,
    rng: np.random.Generator,
    kept: Kept = FORGETFUL,
) -> Pattern:
    """
    Measure whether neighbours are alike (Moran's I).

    Parameters
    ----------
    value
        Any number per unit, indexed by ``unit_id``; NaN where unknown.
    neighbours
        Who neighbours whom, on the same ids.
    permutations
        How often values are dealt out anew.
    rng
        Source of the permutations.
    kept
        Who is linked, and how values are dealt, where the same units are known.

    Returns
    -------
    moran
        Near 1 where neighbours are alike, ``expected`` (slightly below 0) where
        they are as any two, below it where they are unlike.

    Raises
    ------
    DataError
        If `value` and `neighbours` are about different units, a value is no
        number or infinite, fewer than four units with neighbours are known, or
        these are all alike.

    Notes
    -----
    By `esda.Moran`, weights row-standardised [1]_. Units count alike, however many
    people they have. The permutations are drawn here, many at a time.

    References
    ----------
    .. [1] Moran, P. A. P. (1950). Biometrika 37(1/2), 17-23. doi:10.2307/2332142

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from geoequity.patterns import neighbours
    >>> row = [box(at, 0, at + 1, 1) for at in range(6)]
    >>> units = gpd.GeoDataFrame(index=list("abcdef"), geometry=row, crs="EPSG:32721")
    >>> value = pd.Series([1.0, 1, 1, 9, 9, 9], index=units.index)
    >>> round(moran(value, neighbours=neighbours(units), rng=np.random.default_rng(1)).value, 3)
    0.667
    """
    from esda import Moran  # noqa: PLC0415  takes two seconds

    linked = link([value], neighbours, kept=kept)
    y = linked.columns[0]
    with np.errstate(divide="ignore", invalid="ignore"):  # of moments that are not used
        found = Moran(y, linked.standard, permutations=0)
    sums = _dealt(y - y.mean(), linked, permutations=permutations, rng=rng, kept=kept)
    scale = len(y) / found.summary.s0
    return _pattern(linked, found.I, scale * sums / found.z2ss, expected=found.EI)


def bivariate_moran(
    value: pd.Series,
    *,
    around: pd.Series,
    neighbours: "Graph",
    permutations: int = PERMUTATIONS,
    rng: np.random.Generator,
    kept: Kept = FORGETFUL,
) -> Pattern:
    """
    Measure whether one value goes with another in the neighbourhood.

    Parameters
    ----------
    value
        Value of the unit itself; NaN where unknown.
    around
        Another value, taken in the unit's neighbours, on the same index.
    neighbours
        Who neighbours whom, on the same ids.
    permutations
        How often `around` is dealt out anew.
    rng
        Source of the permutations.
    kept
        Who is linked, and how values are dealt, where the same units are known.

    Returns
    -------
    bivariate_moran
        Above 0 where units high in one have neighbours high in the other.

    Raises
    ------
    DataError
        If the indexes differ, or as in `moran`.

    Notes
    -----
    By `esda.Moran_BV`, weights row-standardised [1]_. It is not symmetric, and where
    the two go together inside units, as they often do, it is seldom 0: `lee` takes
    that apart better.

    References
    ----------
    .. [1] Anselin, L., Syabri, I. and Smirnov, O. (2002). Visualizing multivariate
       spatial correlation with dynamically linked windows. CSISS Workshop.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from geoequity.patterns import neighbours
    >>> row = [box(at, 0, at + 1, 1) for at in range(6)]
    >>> units = gpd.GeoDataFrame(index=list("abcdef"), geometry=row, crs="EPSG:32721")
    >>> value = pd.Series([1.0, 1, 1, 9, 9, 9], index=units.index)
    >>> options = {"neighbours": neighbours(units), "rng": np.random.default_rng(1)}
    >>> bivariate_moran(value, around=-value, **options).value < 0
    True
    """
    from esda import Moran_BV  # noqa: PLC0415  takes two seconds

    linked = link([value, around], neighbours, kept=kept)
    found = Moran_BV(*linked.columns, linked.standard, permutations=0)
    sums = _dealt(found.zy, linked, own=found.zx, permutations=permutations, rng=rng, kept=kept)
    return _pattern(linked, found.I, sums / found.den)


def lee(
    value: pd.Series,
    *,
    other: pd.Series,
    neighbours: "Graph",
    permutations: int = PERMUTATIONS,
    rng: np.random.Generator,
) -> Pattern:
    """
    Correlate two values as smoothed over the neighbourhood (Lee's L).

    Parameters
    ----------
    value
        A value per unit; NaN where unknown.
    other
        Another one, on the same index.
    neighbours
        Who neighbours whom, on the same ids.
    permutations
        How often the units, both values together, are dealt out anew.
    rng
        Source of the permutations.

    Returns
    -------
    lee
        From -1 to 1, symmetric; high where both go together *and* both cluster.

    Raises
    ------
    DataError
        If the indexes differ, or as in `moran`.

    Notes
    -----
    By `esda.Spatial_Pearson` on row-standardised weights without the unit itself
    [1]_. As both values of a unit move together, the permutations keep their
    correlation: `p` speaks of the map alone.

    References
    ----------
    .. [1] Lee, S.-I. (2001). J. Geographical Systems 3(4), 369-385.
       doi:10.1007/s101090100064

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from geoequity.patterns import neighbours
    >>> row = [box(at, 0, at + 1, 1) for at in range(6)]
    >>> units = gpd.GeoDataFrame(index=list("abcdef"), geometry=row, crs="EPSG:32721")
    >>> value = pd.Series([1.0, 1, 1, 9, 9, 9], index=units.index)
    >>> options = {"neighbours": neighbours(units), "rng": np.random.default_rng(1)}
    >>> round(lee(value, other=-value, **options).value, 3)
    -0.667
    """
    from esda import Spatial_Pearson  # noqa: PLC0415  takes two seconds

    linked = link([value, other], neighbours)
    weights = linked.standard.sparse
    with _seeded(rng):
        found = Spatial_Pearson(weights, permutations=_draws(permutations))
        found.fit(*(column[:, np.newaxis] for column in linked.columns))
    simulated = found.reference_distribution_[:, 0, 1]
    return _pattern(linked, found.association_[0, 1], simulated)


def local_moran(
    value: pd.Series,
    *,
    neighbours: "Graph",
    permutations: int = PERMUTATIONS,
    rng: np.random.Generator,
    kept: Kept = FORGETFUL,
) -> pd.DataFrame:
    """
    Measure, unit by unit, whether it is like its neighbours (LISA).

    Parameters
    ----------
    value
        Any number per unit; NaN where unknown.
    neighbours
        Who neighbours whom, on the same ids.
    permutations
        How often the other units' values are dealt out anew around each.
    rng
        Source of the permutations.
    kept
        Who is linked, where the same units are known.

    Returns
    -------
    local_moran
        On the index of `value`: ``value``, the local index; ``quadrant``, one of
        ``high_high``, ``low_low`` (clusters), ``high_low``, ``low_high`` (outliers;
        the unit first, then its neighbours, above or below the mean of units);
        ``p``, and ``p_adjusted`` for all units at once. NaN, and None, for units
        left out.

    Raises
    ------
    DataError
        As in `moran`.

    Notes
    -----
    The index is that of `esda.Moran_Local`, weights row-standardised [1]_. The
    permutations, of the others' values with the unit's own held, are drawn here:
    `esda` compiles its own anew in every process, and counts one tail.

    References
    ----------
    .. [1] Anselin, L. (1995). Geographical Analysis 27(2), 93-115.
       doi:10.1111/j.1538-4632.1995.tb00338.x

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from geoequity.patterns import neighbours
    >>> row = [box(at, 0, at + 1, 1) for at in range(6)]
    >>> units = gpd.GeoDataFrame(index=list("abcdef"), geometry=row, crs="EPSG:32721")
    >>> value = pd.Series([1.0, 1, 1, 9, 9, 9], index=units.index)
    >>> found = local_moran(value, neighbours=neighbours(units), rng=np.random.default_rng(1))
    >>> found["quadrant"].iloc[[0, -1]].tolist()
    ['low_low', 'high_high']
    """
    from esda import Moran_Local  # noqa: PLC0415  takes two seconds

    linked = link([value], neighbours, kept=kept)
    y, standard = linked.columns[0], linked.standard
    found = Moran_Local(y, standard, permutations=0)
    p = _conditional(y, standard, permutations=permutations, rng=rng)
    table = pd.DataFrame({"value": found.Is, "p": p}, index=linked.ids)
    table["quadrant"] = [QUADRANTS[place - 1] for place in found.q]
    table["p_adjusted"] = adjusted(table["p"])
    table = table.reindex(value.index)
    table["quadrant"] = table["quadrant"].astype(object).where(table["quadrant"].notna(), None)
    return table[["value", "quadrant", "p", "p_adjusted"]]


def getis_ord(
    value: pd.Series,
    *,
    neighbours: "Graph",
    permutations: int = PERMUTATIONS,
    rng: np.random.Generator,
    kept: Kept = FORGETFUL,
) -> pd.DataFrame:
    """
    Find hot and cold spots: units that are high, or low, with their neighbours (Gi*).

    Parameters
    ----------
    value
        Number of 0 or more per unit; NaN where unknown.
    neighbours
        Who neighbours whom, on the same ids; only whether, not how much.
    permutations
        How often the other units' values are dealt out anew around each.
    rng
        Source of the permutations.
    kept
        Who is linked, where the same units are known.

    Returns
    -------
    getis_ord
        On the index of `value`: ``gi_star``, standard deviations above (hot) or
        below (cold) what the mean of units makes expect; ``p`` and ``p_adjusted``
        as in `local_moran`. NaN for units left out.

    Raises
    ------
    DataError
        If a value is negative, or as in `moran`.

    Notes
    -----
    The ``Zs`` of `esda.G_Local`, weights binary, the unit among its neighbours [1]_.
    Given the unit's own value both local statistics hang on the sum over its
    neighbours alone, so that with equal weights their permutations tell the same.

    References
    ----------
    .. [1] Ord, J. K. and Getis, A. (1995). Geographical Analysis 27(4), 286-306.
       doi:10.1111/j.1538-4632.1995.tb00912.x

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from geoequity.patterns import neighbours
    >>> row = [box(at, 0, at + 1, 1) for at in range(6)]
    >>> units = gpd.GeoDataFrame(index=list("abcdef"), geometry=row, crs="EPSG:32721")
    >>> value = pd.Series([1.0, 1, 1, 9, 9, 9], index=units.index)
    >>> found = getis_ord(value, neighbours=neighbours(units), rng=np.random.default_rng(1))
    >>> found["gi_star"].round(2).tolist()
    [-1.58, -2.24, -0.75, 0.75, 2.24, 1.58]
    """
    from esda import G_Local  # noqa: PLC0415  takes two seconds

    linked = link([value], neighbours, kept=kept)
    negative = value.index[value < 0]
    if len(negative):
        msg = f"{name_of(value)}: negative in {shown(negative)}; Gi* needs values of 0 or more"
        raise DataError(msg, ids=negative)
    y, binary = linked.columns[0], linked.graph.transform("b")
    found = G_Local(y, binary, transform="B", star=True, permutations=0)
    p = _conditional(y, binary.transform("r"), permutations=permutations, rng=rng)
    table = pd.DataFrame({"gi_star": found.Zs, "p": p}, index=linked.ids)
    table["p_adjusted"] = adjusted(table["p"])
    return table.reindex(value.index)


def adjusted(p: pd.Series) -> pd.Series:
    """
    Adjust many p-values for being looked at together.

    Of the units whose adjusted value stays under 0.05, one in twenty is expected to
    be there by chance.

    Parameters
    ----------
    p
        A p-value each; NaN where nothing was tested.

    Returns
    -------
    p_adjusted
        False discovery rate at which each would just count, on the same index.

    Raises
    ------
    DataError
        If a value is no number or not within 0 and 1, or an id repeats.

    Notes
    -----
    By `scipy.stats.false_discovery_control` [1]_.

    References
    ----------
    .. [1] Benjamini, Y. and Hochberg, Y. (1995). J. Royal Statistical Society B
       57(1), 289-300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> adjusted(pd.Series([0.01, 0.04, 0.5, 0.02])).round(3).tolist()
    [0.04, 0.053, 0.5, 0.04]
    """
    from scipy.stats import false_discovery_control  # noqa: PLC0415  takes half a second

    check_unique(p.index, name=name_of(p))
    check_non_negative(p, name=name_of(p))
    known = p.dropna().astype(float)
    outside = known.index[known > 1]
    if len(outside):
        msg = f"{name_of(p)}: not within 0 and 1 in {shown(outside)}"
        raise DataError(msg, ids=outside)
    found = false_discovery_control(known.to_numpy()) if len(known) else known.to_numpy()
    return pd.Series(found, index=known.index, dtype=float).reindex(p.index)


@contextmanager
def _seeded(rng: np.random.Generator) -> Iterator[None]:
    """Draw from a generator where a library knows only numpy's global one, left as it was."""
    before = np.random.get_state()  # noqa: NPY002  the library draws from it
    np.random.seed(int(rng.integers(2**32)))  # noqa: NPY002  the same
    try:
        # Where all neighbour all, permutations change nothing; the library divides by their spread
        with np.errstate(divide="ignore", invalid="ignore"):
            yield
    finally:
        np.random.set_state(before)  # noqa: NPY002  the same


def _dealt(
    values: Floats,
    linked: Linked,
    *,
    own: Floats | None = None,
    permutations: int,
    rng: np.random.Generator,
    kept: Kept,
) -> Floats:
    """Deal values out anew, and sum each unit's own times the mean around it; as esda draws."""
    weights = linked.standard.sparse
    drawn = (len(values), _draws(permutations), int(rng.integers(2**32)))
    orders = kept.once("orders", lambda: _orders(*drawn), *drawn)
    sums = np.empty(permutations)
    for start in range(0, permutations, _BLOCK):
        rows = slice(start, start + _BLOCK)
        dealt = values[orders[rows]]
        around = np.ascontiguousarray((weights @ dealt.T).T)
        sums[rows] = ((dealt if own is None else own) * around).sum(axis=1)
    return sums


def _orders(count: int, permutations: int, seed: int) -> npt.NDArray[np.unsignedinteger]:
    """Shuffle places, again and again."""
    dice = np.random.RandomState(seed)
    orders = np.tile(np.arange(count, dtype=np.min_scalar_type(count)), (permutations, 1))
    for row in orders:
        dice.shuffle(row)
    return orders


def _draws(permutations: int) -> int:
    """Refuse to judge by no permutation."""
    if permutations < 1:
        msg = f"permutations: must be 1 or more, is {permutations}"
        raise DataError(msg)
    return permutations


def _pattern(
    linked: Linked, value: float, simulated: Floats, *, expected: float | None = None
) -> Pattern:
    """Set a statistic against its permutations."""
    mean, spread = float(simulated.mean()), float(simulated.std())
    slack = ROUNDING * max(abs(value), float(np.abs(simulated).max()))
    tails = [int((simulated >= value - slack).sum()), int((simulated <= value + slack).sum())]
    return Pattern(
        value=float(value),
        expected=mean if expected is None else float(expected),
        z=(float(value) - mean) / spread if spread > slack else float("nan"),
        p=_two_sided(min(tails), len(simulated)),
        units=len(linked.ids),
        unknown=linked.unknown,
        islands=linked.islands,
    )


def _two_sided(tail: int, permutations: int) -> float:
    """Count the smaller tail twice, the observed map among the permutations."""
    return min(2 * (tail + 1) / (permutations + 1), 1.0)


def _conditional(
    y: Floats, standard: "Graph", *, permutations: int, rng: np.random.Generator
) -> Floats:
    """Deal out the other units' values around each unit; the sum over neighbours is what moves."""
    weights = standard.sparse
    count, most = len(y), int(np.diff(weights.indptr).max())
    slack = ROUNDING * np.abs(y).max()
    around = weights @ y
    tails = np.zeros((2, count), dtype=int)
    for start in range(0, _draws(permutations), _BLOCK):
        rows = min(_BLOCK, permutations - start)
        dealt = rng.permuted(np.tile(np.arange(count - 1), (rows, 1)), axis=1)[:, :most]
        for unit in range(count):
            weight = weights.data[weights.indptr[unit] : weights.indptr[unit + 1]]
            found = np.delete(y, unit)[dealt[:, : len(weight)]] @ weight
            tails[0, unit] += (found >= around[unit] - slack).sum()
            tails[1, unit] += (found <= around[unit] + slack).sum()
    return np.array([_two_sided(int(tail), permutations) for tail in tails.min(axis=0)])
