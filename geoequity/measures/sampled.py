"""Means of districts from a sample of cells, and how far another sample could have moved them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from geoequity.errors import DataError

LEAST = 10  # cells drawn in a district, or all of them
LEVEL = 0.9  # of the interval


@dataclass(frozen=True, kw_only=True)
class Sample:
    """
    Cells that were drawn, sooner where more people live.

    Parameters
    ----------
    stands_for
        Residents that each of them stands for, by cell; those of a district add
        up to its residents.
    district
        District of each, on the same index.
    times
        How often each was drawn: more than once where very many people live. 0
        in districts all of whose cells were taken, which leaves no error.
    cells
        How many cells there are in all.
    """

    stands_for: pd.Series
    district: pd.Series
    times: pd.Series
    cells: int


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """
    Means of districts over a sample.

    Parameters
    ----------
    value
        By district; NaN where no cell of known value was drawn.
    known_share
        Share of the residents that the sample stands for whose value is known
        [0-1]; NaN where no cell was drawn.
    draws
        Draws x districts: means that are equally likely, given the sample. A
        district is NaN throughout where all its cells were taken or fewer than
        two were drawn.
    interval
        ``low`` and ``high`` of the middle 90 % of the draws.
    """

    value: pd.Series
    known_share: pd.Series
    draws: pd.DataFrame
    interval: pd.DataFrame


def draw_sample(
    population: pd.Series, *, district: pd.Series, size: int, rng: np.random.Generator
) -> Sample:
    """
    Draw cells within each district, by the people who live in them.

    Every resident of a district has the same chance that his cell is drawn. Cells
    are gone through in their order, so that where neighbours follow one another
    the sample is spread over the district.

    Parameters
    ----------
    population
        Residents by cell; NaN where unknown, which is not drawn.
    district
        District of each cell, on the same index; None outside all of them,
        which is not drawn.
    size
        How many cells to draw, shared out by residents; at least 10 in a
        district, or all where it has no more.
    rng
        Source of randomness.

    Returns
    -------
    sample
        The cells drawn, in the order of `population`.

    Raises
    ------
    DataError
        If `size` is not above 0, the indexes differ, or nobody lives anywhere.

    Notes
    -----
    Systematic sampling with probability proportional to size within strata [1]_.

    References
    ----------
    .. [1] Madow, W. G. (1949). Annals of Mathematical Statistics 20(3), 333-354.
       doi:10.1214/aoms/1177729988

    Examples
    --------
    >>> population = pd.Series([100.0, 0.0, 300.0], index=["a", "b", "c"])
    >>> home = pd.Series("x", index=population.index)
    >>> drawn = draw_sample(population, district=home, size=1, rng=np.random.default_rng(1))
    >>> drawn.stands_for.to_dict()
    {'a': 100.0, 'c': 300.0}
    """
    if size < 1 or not population.index.equals(district.index):
        msg = f"sample: size must be above 0, not {size}, and district on the index of population"
        raise DataError(msg)
    people = population.where(district.notna(), 0.0).fillna(0.0).to_numpy(dtype=float)
    if not people.sum() > 0:
        msg = "sample: nobody lives in any cell"
        raise DataError(msg)
    times, stands_for = np.zeros(len(people), dtype=int), np.zeros(len(people))
    for _, at in sorted(district.groupby(district).indices.items()):
        here = at[people[at] > 0]
        if not len(here):
            continue
        total = people[here].sum()
        wanted = max(round(size * total / people.sum()), LEAST)
        if len(here) <= wanted:
            stands_for[here] = people[here]
            continue
        points = (rng.random() + np.arange(wanted)) * total / wanted
        ends = np.cumsum(people[here])
        hits = np.searchsorted(ends, np.minimum(points, np.nextafter(ends[-1], 0)), side="right")
        times[here] = np.bincount(hits, minlength=len(here))
        stands_for[here] = times[here] * total / wanted
    drawn = stands_for > 0
    return Sample(
        stands_for=pd.Series(stands_for, index=population.index)[drawn],
        district=district[drawn],
        times=pd.Series(times, index=population.index)[drawn],
        cells=int((people > 0).sum()),
    )


def mean_of_sample(
    value: pd.Series,
    *,
    sample: Sample,
    districts: pd.Index,
    draws: int,
    rng: np.random.Generator,
) -> Estimate:
    """
    Average a value over the people of districts, known at a sample of their cells.

    Parameters
    ----------
    value
        By cell, any unit; NaN where unknown. Only the cells drawn are looked at.
    sample
        From :func:`draw_sample`.
    districts
        Ids of the districts.
    draws
        How many draws.
    rng
        Source of randomness. In the same state it draws the same cells again for
        every value, so that row by row the draws of several are one state of
        the world.

    Returns
    -------
    estimate
        Means, in the unit of the value.

    Raises
    ------
    DataError
        If a cell of the sample has no row in `value`.

    Notes
    -----
    Cells are drawn again within districts, one fewer than there were, which makes
    the variance that of sampling with replacement without bias [1]_. As cells were
    drawn systematically and without replacement, the interval is rather too wide.

    References
    ----------
    .. [1] Rao, J. N. K. and Wu, C. F. J. (1988). J. American Statistical Association
       83(401), 231-241. doi:10.1080/01621459.1988.10478591

    Examples
    --------
    >>> population = pd.Series([100.0, 300.0], index=["a", "b"])
    >>> home = pd.Series("x", index=population.index)
    >>> drawn = draw_sample(population, district=home, size=2, rng=np.random.default_rng(1))
    >>> value = pd.Series([1.0, 5.0], index=["a", "b"])
    >>> options = {"districts": pd.Index(["x"]), "draws": 9, "rng": np.random.default_rng(1)}
    >>> mean_of_sample(value, sample=drawn, **options).value.tolist()
    [4.0]
    """
    lost = sample.stands_for.index.difference(value.index)
    if len(lost):
        msg = f"sample: {len(lost)} of its cells have no value"
        raise DataError(msg, ids=lost)
    seen = value.reindex(sample.stands_for.index).to_numpy(dtype=float)
    known = ~np.isnan(seen)
    seen = np.where(known, seen, 0.0)
    stands_for, times = sample.stands_for.to_numpy(), sample.times.to_numpy()
    rows = {one: np.full(len(districts), np.nan) for one in ("value", "known_share")}
    drawn = np.full((draws, len(districts)), np.nan)
    of = sample.district.groupby(sample.district).indices
    for place, district in enumerate(districts):
        at = of.get(district, np.empty(0, dtype=int))
        if not len(at):
            continue
        weight = stands_for[at] * known[at]
        rows["known_share"][place] = weight.sum() / stands_for[at].sum()
        again = int(times[at].sum()) - 1
        counts = None
        if again > 0:  # drawn whether or not it is needed, so that other districts' stay the same
            chance = times[at] / times[at].sum()
            counts = rng.multinomial(again, chance, size=draws).astype(float)
        if not weight.sum() > 0:
            continue
        rows["value"][place] = (weight * seen[at]).sum() / weight.sum()
        if counts is not None:
            with np.errstate(invalid="ignore"):
                drawn[:, place] = (counts @ (seen[at] * known[at])) / (counts @ known[at])
    # Drawn again without a cell of known value, a district is as it was
    is_open = ~np.isnan(drawn).all(axis=0)
    drawn = np.where(np.isnan(drawn) & is_open, rows["value"], drawn)
    table = pd.DataFrame(drawn, columns=districts)
    ends = table.quantile([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(
        **{name: pd.Series(one, index=districts) for name, one in rows.items()},
        draws=table,
        interval=pd.DataFrame({"low": ends.iloc[0], "high": ends.iloc[1]}, index=districts),
    )
