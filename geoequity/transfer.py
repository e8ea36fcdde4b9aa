"""
Areal transfer: values of one layer of polygons told for another.

Layers that were never cut along the same lines are joined once, by how much
land (or weight: people, built-up land) each polygon of the one shares with
each of the other. The same sparse matrix then carries every variable.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar
from warnings import warn

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array, csr_array

from geoequity import schema
from geoequity._overlap import Layer, shared_land
from geoequity._weights import held_weight
from geoequity.errors import DataError, DataWarning, shown
from geoequity.schema import check_polygons

_TINY_SHARE = 1e-6  # of a polygon: rounding, not land

Values = TypeVar("Values", pd.Series, pd.DataFrame)


@dataclass(frozen=True, kw_only=True, eq=False)
class Transfer:
    """
    How much of every source polygon lies in every target polygon.

    Sources and targets may each leave gaps or overlap. Where targets overlap,
    what lies in both is told for both.

    Parameters
    ----------
    overlap
        Sources x targets: land shared [m2], or weight in the land shared. An
        entry is stored for every pair that shares land, even at weight 0.
    source_size
        All of each source, in or out of the targets: its own area [m2] or
        weight, above 0; its index names the rows of `overlap`.
    target_size
        The same of each target, from 0; its index names the columns. NaN where
        a chain mixes area and weight.
    by_area
        Sources without any weight but slivers, whose row and size are area [m2]
        instead.
    is_weighted
        Whether the sizes are weights, not area.
    """

    overlap: csr_array
    source_size: pd.Series
    target_size: pd.Series
    by_area: pd.Index
    is_weighted: bool

    @cached_property
    def coverage(self) -> pd.Series:
        """
        Share of each target that sources cover.

        Returns
        -------
        coverage
            Share of the target's own area, or of its weight, that lies in
            sources [0-1], on the targets' index; above 1 where sources overlap.
            NaN where a weighted target holds no weight.
        """
        everything = np.ones((len(self.source_size), 1), dtype=bool)
        share = self._measure(everything) / self._target_column()
        return pd.Series(share[:, 0], index=self.target_size.index, name="coverage")

    def known_coverage(self, values: Values) -> Values:
        """
        Share of each target that sources of known value cover.

        Parameters
        ----------
        values
            One or more variables on the sources' ids, in any order; NaN is
            unknown.

        Returns
        -------
        coverage
            As `coverage`, of each variable.

        Raises
        ------
        DataError
            If the values are not about the sources, are not numbers, or are
            infinite.
        """
        known = ~np.isnan(self._aligned(values))
        return self._told(self._measure(known) / self._target_column(), values)

    def extensive(self, values: Values, *, min_known_share: float = 1.0) -> Values:
        """
        Share counts out among the targets, their total kept.

        A count is taken to be spread evenly over its source, or as the weight
        is. What lies outside every target is left out (see `lost`); nothing is
        scaled up to make good for it.

        Parameters
        ----------
        values
            Counts (people, tests, square metres) on the sources' ids, in any
            order; NaN is unknown.
        min_known_share
            Smallest share of what a target receives, by area or weight, that
            must come from sources of known count [0-1]. Below 1 a target's
            total may be over the known sources alone.

        Returns
        -------
        totals
            On the targets' index. NaN where no source shares land with the
            target, or too much of what it receives is unknown: by default,
            where any source of unknown count reaches in by more than rounding.

        Raises
        ------
        DataError
            If the values are not about the sources, are not numbers, or are
            infinite, or the share is not one.

        Notes
        -----
        ``total_t = sum over s of value_s * overlap_st / size_s`` [1]_. The size
        is the source's own, so that a source half outside brings half its count.

        References
        ----------
        .. [1] Goodchild, M. F., Anselin, L. and Deichmann, U. (1993). A framework
           for the areal interpolation of socioeconomic data. Environment and
           Planning A 25(3), 383-397. doi:10.1068/a250383

        Examples
        --------
        >>> cells = gpd.GeoSeries([shapely.box(0, 0, 100, 100)], index=["c"], crs=32718)
        >>> districts = gpd.GeoSeries(
        ...     [shapely.box(0, 0, 75, 100), shapely.box(75, 0, 90, 100)],
        ...     index=["west", "east"], crs=32718)
        >>> transfer = make_transfer(cells, districts)
        >>> people = pd.Series([200.0], index=["c"])
        >>> transfer.extensive(people).to_dict()
        {'west': 150.0, 'east': 30.0}
        >>> round(transfer.lost(people), 12)
        0.1
        """
        _check_share(min_known_share)
        table = self._aligned(values)
        known = ~np.isnan(table)
        totals = self.overlap.T @ (np.where(known, table, 0.0) / self._source_column())
        totals[~self._is_known(known, min_known_share)] = np.nan
        return self._told(totals, values)

    def intensive(self, values: Values, *, min_known_share: float = 0.0) -> Values:
        """
        Average rates over what is known in each target.

        A rate is taken to be the same all over its source. The mean is by area
        or, with weights, by weight: of people, if the weights are.

        Parameters
        ----------
        values
            Rates (shares, speeds, densities) on the sources' ids, in any order;
            NaN is unknown and left out with its land.
        min_known_share
            Smallest share of what sources cover of a target, by area or weight,
            that must be of known rate [0-1].

        Returns
        -------
        means
            On the targets' index. NaN where sources of known rate cover less
            than a millionth of the target, hold no weight in it, or fall short
            of the share. `known_coverage` says how much each mean is over.

        Raises
        ------
        DataError
            If the values are not about the sources, are not numbers, or are
            infinite, or the share is not one.

        Notes
        -----
        ``mean_t = sum of value_s * overlap_st / sum of overlap_st``, both over
        the sources whose value is known. A source without any weight has no say
        in a weighted mean.

        Examples
        --------
        >>> tiles = gpd.GeoSeries(
        ...     [shapely.box(0, 0, 75, 100), shapely.box(75, 0, 100, 100)],
        ...     index=["slow", "fast"], crs=32718)
        >>> district = gpd.GeoSeries([shapely.box(0, 0, 100, 100)], index=["d"], crs=32718)
        >>> mbps = pd.Series([20.0, 60.0], index=["slow", "fast"])
        >>> make_transfer(tiles, district).intensive(mbps).to_dict()
        {'d': 30.0}
        """
        _check_share(min_known_share)
        table = self._aligned(values)
        known = ~np.isnan(table)
        mass = self._measure(known)
        total = self._measure(np.where(known, table, 0.0))
        is_land = (mass > 0) & ~(mass <= _TINY_SHARE * self._target_column())
        is_enough = mass >= min_known_share * self._measure(np.ones_like(known)) * (1 - _TINY_SHARE)
        means = np.divide(total, mass, out=np.full_like(total, np.nan), where=is_land & is_enough)
        return self._told(means, values)

    def kept(self, values: pd.Series | pd.DataFrame) -> pd.Series | float:
        """
        Share of the total of a count that the targets receive.

        Parameters
        ----------
        values
            Counts on the sources' ids, in any order; unknown ones are left out.

        Returns
        -------
        kept
            Share of the known total [0-1], of each variable; above 1 where
            overlapping targets are told the same people. NaN where the total is
            0 or unknown.

        Raises
        ------
        DataError
            If the values are not about the sources, are not numbers, or are
            infinite.
        """
        return self._share_of_total(values, self._in_targets())

    def lost(self, values: pd.Series | pd.DataFrame) -> pd.Series | float:
        """
        Share of the total of a count that lies outside the targets.

        Parameters
        ----------
        values
            Counts on the sources' ids, in any order; unknown ones are left out.

        Returns
        -------
        lost
            Share of the known total [0-1], of each variable: 1 less `kept`
            unless targets overlap in a source, where what overlaps stands
            against what that source loses elsewhere, down to 0. NaN where the
            total is 0 or unknown.

        Raises
        ------
        DataError
            If the values are not about the sources, are not numbers, or are
            infinite.
        """
        return self._share_of_total(values, np.maximum(1 - self._in_targets(), 0.0))

    def _aligned(self, values: pd.Series | pd.DataFrame) -> np.ndarray:
        """Check values and bring them into the order of the sources, a column each."""
        frame = values.to_frame() if isinstance(values, pd.Series) else values
        sources = self.source_size.index
        if not frame.index.equals(sources):
            schema.check_unique(frame.index, name="values")
            odd = frame.index.symmetric_difference(sources, sort=False)
            if len(odd):
                msg = f"values and the transfer's sources are about different units: {shown(odd)}"
                raise DataError(msg, ids=odd)
            frame = frame.reindex(sources)
        types = zip(frame.columns, frame.dtypes, strict=True)
        text = [name for name, kind in types if not pd.api.types.is_numeric_dtype(kind)]
        if text:
            msg = f"values: not numbers: {shown(text)}"
            raise DataError(msg, ids=text)
        table = frame.to_numpy(dtype=float, na_value=np.nan)
        is_infinite = np.isinf(table)
        if is_infinite.any():
            ids = sources[is_infinite.any(axis=1)]
            msg = (
                f"values: infinite in {shown(frame.columns[is_infinite.any(axis=0)])}: {shown(ids)}"
            )
            raise DataError(msg, ids=ids)
        return table

    def _told(self, table: np.ndarray, like: Values) -> Values:
        """Put results on the targets' index, named as the values were."""
        index = self.target_size.index
        if isinstance(like, pd.Series):
            return pd.Series(table[:, 0], index=index, name=like.name)
        return pd.DataFrame(table, index=index, columns=like.columns)

    def _source_column(self) -> np.ndarray:
        """Sizes of the sources, as a column."""
        return self.source_size.to_numpy()[:, None]

    def _target_column(self) -> np.ndarray:
        """Sizes of the targets, as a column; NaN for none, which a share is not of."""
        return self.target_size.where(self.target_size > 0).to_numpy()[:, None]

    def _measure(self, table: np.ndarray) -> np.ndarray:
        """Add a table of the sources up over each target, by the land or weight shared."""
        has_measure = ~self.source_size.index.isin(self.by_area)
        return self.overlap.T @ (table * has_measure[:, None])

    def _is_known(self, known: np.ndarray, min_known_share: float) -> np.ndarray:
        """Tell the targets whose total is known well enough, by variable."""
        is_reached = np.bincount(self.overlap.indices, minlength=len(self.target_size)) > 0
        if known.all():
            return np.broadcast_to(is_reached[:, None], (len(is_reached), known.shape[1]))
        everything, part = self._measure(np.ones_like(known)), self._measure(known)
        # Unknown by a sliver alone: of every source, and of the target
        of_sources = self.overlap.T @ (~known / self._source_column())
        is_known = (of_sources <= _TINY_SHARE) & (part >= (1 - _TINY_SHARE) * everything)
        if min_known_share < 1:
            is_known |= (everything > 0) & (part >= min_known_share * everything)
        return is_known & is_reached[:, None]

    def _in_targets(self) -> np.ndarray:
        """Share of each source that lies in targets."""
        return self.overlap.sum(axis=1) / self.source_size.to_numpy()

    def _share_of_total(
        self, values: pd.Series | pd.DataFrame, share: np.ndarray
    ) -> pd.Series | float:
        """Share of a total that a share of each source makes up."""
        table = np.nan_to_num(self._aligned(values))
        total = table.sum(axis=0)
        result = np.divide(share @ table, total, out=np.full(len(total), np.nan), where=total != 0)
        if isinstance(values, pd.Series):
            return float(result[0])
        return pd.Series(result, index=values.columns)


def make_transfer(
    source: Layer,
    target: Layer,
    *,
    weights: gpd.GeoDataFrame | None = None,
) -> Transfer:
    """
    Measure how two layers of polygons cut each other, to carry values across.

    Parameters
    ----------
    source
        Polygons that have values, in a metric CRS, with unique ids.
    target
        Polygons to tell the values for, in the same CRS, with unique ids.
    weights
        Where in a source its people are: points or polygons with a column
        ``weight`` (people, built-up square metres; finite, not negative), in
        the same CRS. A polygon's weight is spread evenly over it; a finer layer
        that nests in the sources is so shared out exactly. A point on a border
        belongs to the lowest id. None shares by area.

    Returns
    -------
    transfer
        The overlap, reused for every variable.

    Raises
    ------
    DataError
        If an id repeats, a geometry is missing, empty, invalid or no polygon,
        or a weight is unknown, negative or infinite.
    CRSError
        If a CRS is missing, not metric, or not the same.

    Warns
    -----
    DataWarning
        If sources that share land with a target hold no weight: their counts
        are shared by area.

    Notes
    -----
    With weights this is dasymetric mapping in polygons [1]_.

    References
    ----------
    .. [1] Eicher, C. L. and Brewer, C. A. (2001). Dasymetric mapping and areal
       interpolation: implementation and evaluation. Cartography and Geographic
       Information Science 28(2), 125-138. doi:10.1559/152304001782173727

    Examples
    --------
    >>> cell = gpd.GeoSeries([shapely.box(0, 0, 100, 100)], index=["c"], crs=32718)
    >>> halves = gpd.GeoSeries(
    ...     [shapely.box(0, 0, 50, 100), shapely.box(50, 0, 100, 100)],
    ...     index=["west", "east"], crs=32718)
    >>> homes = gpd.GeoDataFrame(
    ...     {"weight": [3.0, 1.0]}, geometry=gpd.points_from_xy([20, 80], [50, 50]), crs=32718)
    >>> make_transfer(cell, halves, weights=homes).extensive(pd.Series({"c": 200.0})).to_dict()
    {'west': 150.0, 'east': 50.0}
    """
    layers = {"source": source, "target": target}
    for name, layer in layers.items():
        schema.check_metric_crs(layer, name=name)
    schema.check_same_crs(source, target, names=("source", "target"))
    for name, layer in layers.items():
        schema.check_unique(layer.index, name=name)
        check_polygons(layer, name=name)
    from_shapes, to_shapes = (layer.geometry.to_numpy() for layer in layers.values())
    land = shared_land(from_shapes, to_shapes)
    sizes, target_sizes = shapely.area(from_shapes), shapely.area(to_shapes)
    shared, is_weightless = land.area_m2, np.zeros(len(source), dtype=bool)
    if weights is not None:
        schema.check_same_crs(source, weights, names=("source", "weights"))
        weight = held_weight(source, target, land=land, weights=weights)
        is_weightless = weight.is_weightless
        _warn_weightless(source.index[np.unique(land.first[is_weightless[land.first]])])
        shared = np.where(is_weightless[land.first], shared, weight.in_pairs)
        sizes = np.where(is_weightless, sizes, weight.in_sources)
        target_sizes = weight.in_targets
    places = (land.first, land.second)
    return Transfer(
        overlap=coo_array((shared, places), shape=(len(source), len(target))).tocsr(),
        source_size=pd.Series(sizes, index=source.index, name="size"),
        target_size=pd.Series(target_sizes, index=target.index, name="size"),
        by_area=source.index[is_weightless],
        is_weighted=weights is not None,
    )


def compose(first: Transfer, second: Transfer) -> Transfer:
    """
    Chain two transfers: from the first's sources to the second's targets.

    What a source has in a polygon of the middle is taken to be spread in it as
    the second transfer spreads. Where the middle nests in the last (radio,
    barrio, comuna), nothing is assumed and the chain is the direct transfer.

    Parameters
    ----------
    first
        From the sources to the middle.
    second
        From the same middle to the targets.

    Returns
    -------
    transfer
        From the sources to the targets, in the first's area or weight.

    Raises
    ------
    DataError
        If the first's targets are not the second's sources.

    Examples
    --------
    >>> def row_of(count, width):
    ...     boxes = [shapely.box(k * width, 0, (k + 1) * width, 60) for k in range(count)]
    ...     return gpd.GeoSeries(boxes, index=[f"{width}m-{k}" for k in range(count)], crs=32718)
    >>> radios, barrios, comunas = row_of(6, 10), row_of(3, 20), row_of(1, 60)
    >>> chain = compose(make_transfer(radios, barrios), make_transfer(barrios, comunas))
    >>> chain.extensive(pd.Series(5.0, index=radios.index)).to_dict()
    {'60m-0': 30.0}
    """
    middle, sources = first.target_size.index, second.source_size.index
    odd = middle.symmetric_difference(sources, sort=False)
    if len(odd):
        msg = f"the first transfer's targets are not the second's sources: {shown(odd)}"
        raise DataError(msg, ids=odd)
    order = sources.get_indexer(middle)
    onward = second.overlap[order].multiply(1 / second.source_size.to_numpy()[order, None]).tocsr()
    product = (first.overlap @ onward).tocoo()
    # A product drops the zeros that tell which pairs share land without weight
    pattern = (_ones(first.overlap) @ _ones(second.overlap[order])).tocoo()
    entries = np.concatenate([product.data, np.zeros(pattern.nnz)])
    places = tuple(
        np.concatenate(both) for both in zip(product.coords, pattern.coords, strict=True)
    )
    is_mixed = first.is_weighted != second.is_weighted
    return Transfer(
        overlap=coo_array((entries, places), shape=product.shape).tocsr(),
        source_size=first.source_size,
        target_size=second.target_size * np.nan if is_mixed else second.target_size,
        by_area=first.by_area,
        is_weighted=first.is_weighted,
    )


def _ones(matrix: csr_array) -> csr_array:
    """Replace every stored entry by 1."""
    return csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)


def _warn_weightless(ids: pd.Index) -> None:
    """Name the sources whose counts are shared by area for want of weights."""
    if len(ids):
        msg = f"sources without any weight, shared by area instead: {shown(ids)}"
        warn(DataWarning(msg, ids=ids), stacklevel=3)


def _check_share(share: float) -> None:
    """Refuse a share outside 0-1."""
    if not 0 <= share <= 1:
        msg = f"min_known_share: {share} is no share between 0 and 1"
        raise DataError(msg)
