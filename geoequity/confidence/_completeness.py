"""
Mapped or missing: what share of the services of a district is on the map.

Either a district is mapped as its city usually is, or its map is thin and a
share c of its services is on it. What else is mapped there tells which: a map
that lacks services lacks buildings and some streets as well, was drawn long
ago, and by few. A district that truly has no services has buildings, streets
and recent edits all the same, so that few services never speak for a thin map;
many speak against it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity import schema
from geoequity.confidence._mapping import check_agreement
from geoequity.errors import DataError
from geoequity.schema import LEVEL

Array = npt.NDArray[np.float64]

PRIOR_THIN = 0.1  # of a district, before anything is known of it
THIN = 0.5  # probability from which a map is called thin
MIN_UNITS = 8  # under it, a city is no measure for its districts
_BETA = (2.0, 3.0)  # prior of c where the map is thin
_GRID = (np.arange(60) + 0.5) / 60
_POWERS = 9  # nodes of each power
_FREEDOM = 4  # of Student's t: no signal alone is sure
_SHARED = 0.5  # correlation of signals of one kind, each of which tells partly the same
_MIN_LISTED, _MIN_MAPPED_SHARE = 10, 0.2  # of a category, for its list to say something


@dataclass(frozen=True)
class _Signal:
    """
    Something that falls short where services do, as a power of their share.

    The logarithm of it, less what people let expect, is power x log(c), give or
    take a spread that is learned from the city and never below the floor.
    """

    column: str
    kind: str
    powers: tuple[float, float]
    floor: float


# What is seen from the air is mapped before what must be known on the spot
_SIGNALS = (
    _Signal("street_m", "density", (0.05, 0.5), 0.25),
    _Signal("buildings", "density", (0.2, 1.0), 0.3),
    _Signal("edits", "history", (0.2, 0.8), 0.35),
    _Signal("contributors", "history", (0.1, 0.6), 0.35),
    _Signal("edit_age_years", "history", (-0.6, 0.0), 0.5),
)
_SERVICES = _Signal("services", "services", (1.0, 1.0), 1.0)
_AGES = frozenset({"edit_age_years"})  # neither grow with the people nor with the land
_MAPPED = ("street_m", "buildings", "services")
_YOUNGEST = 0.25  # years, which an age is told apart from
_LAND = "buildings"


@dataclass(frozen=True, kw_only=True)
class Completeness:
    """
    What share of the services of each district is on the map, and how sure that is.

    Parameters
    ----------
    table
        Districts x ``thin``, the probability that the map is thin;
        ``completeness``, the mean share of services that is on it, with ``low``
        and ``high`` of its 90 % interval; and for each signal what there is of
        what people let expect: ``street_m_ratio``, ``buildings_ratio``,
        ``services_ratio``, ``edits_ratio``, ``contributors_ratio``,
        ``edit_age_years_ratio`` (above 1 is older than usual), and
        ``official_ratio``, places of official lists that are on the map. NaN
        where unknown.
    services
        Draws x districts: the share of services, equally likely values. NaN
        throughout where nothing speaks for a thin map, or nothing is known.
    streets
        The same of streets, in the same draws.
    land
        The same of what is traced from the air: buildings, parks.
    """

    table: pd.DataFrame
    services: pd.DataFrame
    streets: pd.DataFrame
    land: pd.DataFrame


def completeness(
    mapping: pd.DataFrame,
    *,
    population: pd.Series,
    area_m2: pd.Series,
    draws: int,
    rng: np.random.Generator,
    agreement: pd.DataFrame | None = None,
) -> Completeness:
    """
    Estimate what share of the services of each district is on the map.

    Districts are measured by their own city: one that is thin throughout looks
    whole. Nothing is said without population, without both streets and
    buildings, without dates and hands of edits, of fewer than eight districts,
    or of one in which nothing is mapped at all.

    Parameters
    ----------
    mapping
        The table ``mapping`` of districts, as :func:`mapping_of` makes it.
    population
        Residents by district; NaN = unknown.
    area_m2
        Area by district [m2].
    draws
        Number of draws.
    rng
        Source of the draws.
    agreement
        Places of official lists, and those of them that are mapped, as
        :func:`agreement` counts them; None without lists.

    Returns
    -------
    completeness
        Probabilities, shares and draws.

    Raises
    ------
    DataError
        If a table breaks its contract or is about other districts, an area is
        not above 0, or ``draws`` is not.

    Notes
    -----
    A priori one district in ten is thin, with c ~ Beta(2, 3). The density of
    streets and of buildings grows with that of people as a power of it [1]_ [2]_,
    fitted robustly (Theil-Sen). Residuals of logs are Student's t with four
    degrees of freedom round power x log(c); powers are uniform over ranges that
    ``docs/decisions/2026-11-confidence.md`` states. k signals of one kind count
    as k / (1 + (k - 1) / 2). Of n places listed, a binomial number is mapped
    with probability c q, q being the share of the city.

    References
    ----------
    .. [1] Barrington-Leigh, C. and Millard-Ball, A. (2017). The world's
       user-generated road map is more than 80% complete. PLoS ONE 12(8),
       e0180698. doi:10.1371/journal.pone.0180698
    .. [2] Herfort, B. et al. (2023). A spatio-temporal analysis investigating
       completeness and inequalities of global urban building data in
       OpenStreetMap. Nature Communications 14, 3985.
       doi:10.1038/s41467-023-39698-6
    """
    from scipy import stats  # noqa: PLC0415 - takes 30 MB

    schema.check_mapping(mapping)
    for other, name in ((population, "population"), (area_m2, "area_m2")):
        schema.check_same_index(other, mapping["street_m"], names=(name, "mapping"))
        schema.check_non_negative(other, name=name)
    if draws < 1 or not (area_m2 > 0).all():
        msg = "draws must be above 0" if draws < 1 else "area_m2: not above 0"
        raise DataError(msg)
    if agreement is not None:
        check_agreement(agreement)
    people = population.where(population > 0)
    seen = {
        one.column: _shortfall(mapping[one.column], people, area_m2, one)
        for one in (*_SIGNALS, _SERVICES)
    }
    ratio = pd.DataFrame({f"{name}_ratio": np.exp(r) for name, (r, _) in seen.items()})
    evidence, joint = _evidence(seen, mapping.index)
    evidence = evidence + _services_against(seen["services"])
    official, ratio["official_ratio"] = _official(agreement, mapping.index)
    evidence = evidence + official
    known = _known(seen) & (mapping[list(_MAPPED)].sum(axis=1) > 0).to_numpy()
    prior = stats.beta.pdf(_GRID, *_BETA)
    mass = PRIOR_THIN * prior / prior.sum() * np.exp(evidence)  # against 1 - PRIOR_THIN if whole
    thin = mass.sum(axis=1) / (mass.sum(axis=1) + 1 - PRIOR_THIN)
    share = mass / mass.sum(axis=1, keepdims=True)
    table = pd.DataFrame({"thin": thin, **_summary(thin, share)}, index=mapping.index)
    table = table.where(pd.Series(known, index=mapping.index), np.nan).join(ratio)
    spoken_for = known & (thin > PRIOR_THIN)
    drawn = {
        name: pd.DataFrame(
            np.where(spoken_for, values, np.nan),
            columns=mapping.index,
        )
        for name, values in _drawn(thin, share, joint, draws=draws, rng=rng).items()
    }
    return Completeness(table=table, **drawn)


def _shortfall(
    value: pd.Series, people: pd.Series, area_m2: pd.Series, signal: _Signal
) -> tuple[pd.Series, float]:
    """Log of what there is over what people let expect, and how it spreads over the city."""
    from scipy import stats  # noqa: PLC0415 - takes 30 MB

    unknown = pd.Series(np.nan, index=value.index), signal.floor
    crowd = np.log(people / area_m2)
    if signal.column in _AGES:
        y = np.log(value + _YOUNGEST).where(people.notna())
    else:
        y = np.log((value + 0.5) / area_m2)  # half of one stands in for none
    both = y.notna() & crowd.notna()
    if both.sum() < MIN_UNITS:
        return unknown
    slope = 0.0
    if signal.column not in _AGES and np.ptp(crowd[both]) > 0:
        slope = float(stats.theilslopes(y[both], crowd[both]).slope)
    rest = (y - slope * crowd).where(both)
    rest = rest - rest.median()
    spread = float(stats.median_abs_deviation(rest, nan_policy="omit", scale="normal"))
    return rest, max(signal.floor, spread)


def _log_t(z: Array) -> Array:
    """Log density of Student's t, but for a constant."""
    return -(_FREEDOM + 1) / 2 * np.log1p(z**2 / _FREEDOM)


def _against_whole(
    seen: tuple[pd.Series, float], powers: tuple[float, float]
) -> tuple[Array, Array, Array]:
    """Log likelihood of every c over that of a whole map; the same by power, and the powers."""
    rest, spread = seen[0].to_numpy(dtype=float)[:, None, None], seen[1]
    nodes = np.linspace(*powers, _POWERS)
    by_power = _log_t((rest - nodes * np.log(_GRID)[None, :, None]) / spread)
    by_power = np.nan_to_num(by_power - _log_t(rest / spread))
    return np.log(np.exp(by_power).mean(axis=2)), by_power, nodes


def _evidence(
    seen: dict[str, tuple[pd.Series, float]], index: pd.Index
) -> tuple[Array, dict[str, tuple[Array, Array]]]:
    """Add the signals up, those of one kind as if fewer; and the powers of streets and land."""
    total, joint = np.zeros((len(index), len(_GRID))), {}
    for kind in dict.fromkeys(one.kind for one in _SIGNALS):
        mine = [one for one in _SIGNALS if one.kind == kind]
        count = sum(seen[one.column][0].notna().to_numpy(dtype=float) for one in mine)
        weight = 1 / (1 + (np.maximum(count, 1) - 1) * _SHARED)
        for one in mine:
            log, by_power, nodes = _against_whole(seen[one.column], one.powers)
            total += weight[:, None] * log
            joint[one.column] = by_power, nodes
    return total, joint


def _services_against(seen: tuple[pd.Series, float]) -> Array:
    """Let many services speak against a thin map, and few say nothing."""
    return np.minimum(_against_whole(seen, _SERVICES.powers)[0], 0.0)


def _official(table: pd.DataFrame | None, index: pd.Index) -> tuple[Array, pd.Series]:
    """Compare how much of official lists is mapped with the rest of the city."""
    from scipy import stats  # noqa: PLC0415 - takes 30 MB

    log, ratio = np.zeros((len(index), len(_GRID))), pd.Series(np.nan, index=index)
    if table is None or table.empty:
        return log, ratio
    sums = table.groupby("category")[["listed", "mapped"]].sum()
    share = (sums["mapped"] / sums["listed"]).where(sums["listed"] >= _MIN_LISTED)
    q = table["category"].map(share[share >= _MIN_MAPPED_SHARE])
    table = table.assign(expected=table["listed"] * q, q=q).dropna(subset="q")
    table = table[table["unit_id"].isin(index)]
    position = index.get_indexer(table["unit_id"])
    for row, n, k, whole in zip(
        position, table["listed"], table["mapped"], table["q"], strict=True
    ):
        gap = stats.binom.logpmf(k, n, whole * _GRID) - stats.binom.logpmf(k, n, whole)
        log[row] += gap / (1 + _SHARED)
    both = table.groupby("unit_id")[["mapped", "expected"]].sum()
    return log, (both["mapped"] / both["expected"]).reindex(index)


def _known(seen: dict[str, tuple[pd.Series, float]]) -> Array:
    """Tell of which districts both something drawn and its history are known."""
    kinds = {one.kind: np.zeros(0, dtype=bool) for one in _SIGNALS}
    for kind in kinds:
        known = [seen[one.column][0].notna() for one in _SIGNALS if one.kind == kind]
        kinds[kind] = np.logical_or.reduce(known)
    return np.logical_and.reduce(list(kinds.values()))


def _summary(thin: Array, share: Array) -> dict[str, Array]:
    """Mean and interval of c, thin or whole."""
    mean = thin * (share * _GRID).sum(axis=1) + 1 - thin
    below = thin[:, None] * share.cumsum(axis=1)
    grid = np.append(_GRID, 1.0)
    tail = (1 - LEVEL) / 2
    ends = {"low": tail, "high": 1 - tail}
    return {"completeness": mean} | {
        name: grid[(below < at).sum(axis=1)] for name, at in ends.items()
    }


def _drawn(
    thin: Array,
    share: Array,
    joint: dict[str, tuple[Array, Array]],
    *,
    draws: int,
    rng: np.random.Generator,
) -> dict[str, Array]:
    """Draw c of every district, and with it the shares of streets and land."""
    size = (draws, len(thin))
    is_thin = rng.random(size) < thin
    luck, jitter = rng.random(size), rng.random(size) - 0.5
    cell = np.minimum((luck[:, :, None] > share.cumsum(axis=1)).sum(axis=2), len(_GRID) - 1)
    c = _GRID[cell] + jitter / len(_GRID)
    found = {"services": np.where(is_thin, c, 1.0)}
    for name, column in (("streets", "street_m"), ("land", _LAND)):
        found[name] = found["services"] ** _power(joint[column], cell, rng.random(size))
    return found


def _power(joint: tuple[Array, Array], cell: Array, luck: Array) -> Array:
    """Draw the power of a signal given c."""
    by_power, nodes = joint
    weight = np.exp(by_power - by_power.max(axis=2, keepdims=True))
    chance = (weight / weight.sum(axis=2, keepdims=True)).cumsum(axis=2)
    of_draw = chance[np.arange(cell.shape[1]), cell]
    return nodes[np.minimum((luck[:, :, None] > of_draw).sum(axis=2), len(nodes) - 1)]
