"""
Districts learned from means of tiles.

Providers of broadband data publish one mean per tile and how many devices
measured it, but not how much the devices of a tile differ. Here that spread is
learned from the whole city, thin districts lean on the rest in proportion, and
every interval owns what was learned along the way:

    log(tile mean) ~ N(m - k s2 / (2 devices),  t2 + s2 / devices)
    m of a district ~ N(m of the city, o2)

t2 is how tiles of a district differ, s2 how devices of a tile differ, o2 how
districts differ. The term with k is there because the log of a mean of few
falls short of the log of the mean of many: by nothing where the error is
symmetric in logs (k = 0), by half its variance where devices are log-normal
(k = 1). The same tiles of San Juan, measured quarter after quarter, show about
0.5 for fixed and 0.7 for mobile download speed; k stops at 3/4, for tiles with
few tests may well be slow as well as badly measured.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from geoequity import schema
from geoequity._cores import ahead
from geoequity.errors import DataError, shown
from geoequity.smallsample._estimates import interval

_Floats = npt.NDArray[np.float64]

PRIOR_SCALES = {"tiles": 1.0, "devices": 2.0, "districts": 1.0}  # half-normal, of log values
_SHORTFALLS = np.linspace(0.0, 0.75, 4)  # k; as likely nil as anything else
_SHORTFALL_PRIOR = np.array([3, 1, 1, 1]) / 6
_SMALLEST, _LARGEST = 1e-5, 10.0  # a spread of 0.001 %, and one of a factor of 20,000
_COARSE, _FINE = 11, 15  # nodes for each spread while looking for the mass, and on it
_FREEDOM, _SWEEPS = 4, 3  # of tiles round their district; Gibbs steps to draw them
_BLOCK = 2_000_000  # draws x parts at a time, which bounds memory
_MAX_REFINEMENTS = 40
_SETTLED = 0.15  # of a stretch: its ends moved by no more
_NEGLIGIBLE = 1e-3  # share of the mass, a node
_PART_COLUMNS = ["tile_id", "district_id", "share", "value", "tests", "devices"]


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """
    Districts as the measurements show them, and how sure that is.

    A suppressed district is NaN throughout, and its tiles took no part in what
    is said of the others.

    Parameters
    ----------
    table
        Districts x ``value``, ``low``, ``high`` (in the unit of the
        measurement), ``tiles`` that touch it, ``tests`` and ``devices`` (of a
        tile that is cut, by area), and ``suppressed``.
    draws
        Draws x districts: equally likely values of every district, together.
    tile_draws
        Draws x tiles: the same of the true mean of every tile that lies, at
        least in part, in a district that is shown; no rows where they were not
        wanted.
    spread
        Posterior median of the city: ``typical`` value, spreads of log values
        between ``districts``, ``tiles`` of a district and ``devices`` of a
        tile, and ``shortfall`` (k). NaN where every district is suppressed.
    level
        Level of the intervals, 0-1.
    """

    table: pd.DataFrame
    draws: pd.DataFrame
    tile_draws: pd.DataFrame
    spread: pd.Series
    level: float


@dataclass(frozen=True)
class _Data:
    """Parts of tiles, sorted by district."""

    log: _Floats
    share: _Floats
    devices: _Floats
    starts: npt.NDArray[np.intp]  # of each district
    first: npt.NDArray[np.intp]  # part of each tile
    mix: sparse.csr_array  # districts x tiles: shares, of each tile one in all


@dataclass(frozen=True)
class _Grid:
    """Nodes of the spreads (tiles, devices, districts), and the mass of each with each k."""

    nodes: tuple[_Floats, _Floats, _Floats]
    mass: _Floats  # tiles x devices x districts x k


@dataclass(frozen=True)
class _Sums:
    """Weighted sums by node and district, in powers of the log value y and of its shortfall x."""

    w: _Floats
    wy: _Floats
    wx: _Floats
    wyy: _Floats
    wxy: _Floats
    wxx: _Floats
    log_variance: _Floats  # by node


def district_values(
    parts: pd.DataFrame,
    *,
    districts: pd.Index,
    min_tests: float,
    rng: np.random.Generator,
    draws: int = 1000,
    level: float = 0.9,
    tile_draws: bool = True,
) -> Estimates:
    """
    Estimate the typical value of every district from means of tiles.

    Tiles of a district are taken to scatter round it in logs, all districts
    alike, and devices of a tile likewise; so the value is what a tile of the
    district typically shows once measured by many devices: the geometric mean
    over its tiles. Spread in speed between devices and districts need not be
    normal for that to be met, only finite.

    Parameters
    ----------
    parts
        One row for each tile and district that share land: ``tile_id``,
        ``district_id``, ``share`` of the tile's area in the district (0-1],
        and of the tile its ``value`` (> 0; Mbps, ms ...), ``tests`` (>= 1) and
        ``devices`` (>= 1). The order of the rows is irrelevant.
    districts
        Ids of the districts of the result.
    min_tests
        Tests under which a district is suppressed.
    rng
        Source of the draws.
    draws
        Number of draws.
    level
        Level of the intervals, 0-1.
    tile_draws
        Whether true means of tiles are wanted, too, which take most of the
        memory; all else is the same, to the bit, and the source is left as it
        would be.

    Returns
    -------
    estimates
        Values, intervals and draws; NaN where suppressed.

    Raises
    ------
    DataError
        If a column is absent, a tile stands twice in a district or with
        different values, a number is out of its range, a district is not
        among ``districts``, or ``min_tests``, ``draws`` or ``level`` make no
        sense.

    Notes
    -----
    A part weighs its share in the likelihood, so a tile counts once however
    many borders cut it. The mean of the city has a flat prior, the three
    spreads half-normal ones with scales 1, 2 and 1 in logs [1]_; k is nil with
    probability 1/2, else 1/4, 1/2 or 3/4. Means are integrated out exactly; the spreads are summed
    over a grid that is laid where their mass is, and drawn from it together
    with the means, so that intervals include not knowing the spreads. The
    true mean of a tile is then drawn given all these, tiles spread like
    Student's t with 4 degrees of freedom, so that one unlike its neighbours
    is not taken for them.

    References
    ----------
    .. [1] Gelman, A. (2006). Prior distributions for variance parameters in
       hierarchical models. Bayesian Analysis 1(3), 515-534.

    Examples
    --------
    >>> parts = pd.DataFrame(
    ...     {
    ...         "tile_id": ["t1", "t2"],
    ...         "district_id": ["a", "b"],
    ...         "share": 1.0,
    ...         "value": [100.0, 20.0],
    ...         "tests": [400, 3],
    ...         "devices": [90, 2],
    ...     }
    ... )
    >>> ids = pd.Index(["a", "b"])
    >>> rng = np.random.default_rng(0)
    >>> known = district_values(parts, districts=ids, min_tests=30, rng=rng)
    >>> known.table["suppressed"].tolist()
    [False, True]
    """
    _check(parts, districts=districts, min_tests=min_tests, draws=draws, level=level)
    parts = parts.sort_values(["district_id", "tile_id"], ignore_index=True)
    counted = parts.assign(
        tiles=1.0,
        tests=parts["tests"] * parts["share"],
        devices=parts["devices"] * parts["share"],
    )
    counts = counted.groupby("district_id")[["tiles", "tests", "devices"]].sum().reindex(districts)
    suppressed = ~(counts["tests"] >= min_tests)
    known = parts[parts["district_id"].isin(districts[~suppressed])].reset_index(drop=True)
    ids = pd.Index(known["district_id"].unique())
    means, true, spread = _posterior(known, rng=rng, draws=draws, tile_draws=tile_draws)
    values = pd.DataFrame(np.exp(means), columns=ids).reindex(columns=districts)
    low, middle, high = interval(values.to_numpy(), level=level)
    table = pd.DataFrame({"value": middle, "low": low, "high": high}, index=districts)
    table = table.join(counts.mask(suppressed)).assign(suppressed=suppressed)
    return Estimates(table=table, draws=values, tile_draws=true, spread=spread, level=level)


def _check(
    parts: pd.DataFrame, *, districts: pd.Index, min_tests: float, draws: int, level: float
) -> None:
    """Refuse parts and options out of their range, all faults in one message."""
    schema.check_columns(parts, _PART_COLUMNS, name="parts")
    schema.check_unique(districts, name="districts")
    tile = parts["tile_id"]
    bad = {
        "a tile stands twice in a district": parts.duplicated(["tile_id", "district_id"]),
        "a district that is not asked for": ~parts["district_id"].isin(districts),
        "share is not within 0-1": ~parts["share"].between(0, 1 + 1e-9, inclusive="right"),
        "value is not positive and finite": ~(parts["value"] > 0) | np.isinf(parts["value"]),
        "tests are not 1 or more": ~(parts["tests"] >= 1),
        "devices are not 1 or more": ~(parts["devices"] >= 1),
    }
    versions = parts[["tile_id", "value", "tests", "devices"]].drop_duplicates()["tile_id"]
    bad["parts of a tile disagree"] = tile.isin(versions[versions.duplicated()])
    faults = [f"{why}: {shown(tile[rows].unique())}" for why, rows in bad.items() if rows.any()]
    if not min_tests >= 1:
        faults.append(f"min_tests must be 1 or more, not {min_tests}")
    if draws < 1 or not 0 < level < 1:
        faults.append(f"draws must be positive and level within 0-1, not {draws} and {level}")
    if faults:
        ids = tile[np.logical_or.reduce([rows.to_numpy() for rows in bad.values()])].unique()
        msg = f"parts: {'; '.join(faults)}"
        raise DataError(msg, ids=ids)


def _posterior(
    known: pd.DataFrame, *, rng: np.random.Generator, draws: int, tile_draws: bool
) -> tuple[_Floats, pd.DataFrame, pd.Series]:
    """Draw log values of districts and, if wanted, values of tiles; the spreads' medians, too."""
    names = ["typical", "districts", "tiles", "devices", "shortfall"]
    if known.empty:
        kept = range(draws if tile_draws else 0)
        nothing = pd.DataFrame(index=kept, columns=pd.Index([], name="tile_id"))
        return np.empty((draws, 0)), nothing.astype(float), pd.Series(np.nan, index=names)
    codes, ids = pd.factorize(known["tile_id"], sort=True)
    districts = pd.factorize(known["district_id"])[0]  # sorted: in rising order
    logs = np.log(known["value"].to_numpy(dtype=float))
    centre = logs.mean()  # keeps the sums of squares small
    share = known["share"].to_numpy(dtype=float)
    data = _Data(
        log=logs - centre,
        share=share,
        devices=known["devices"].to_numpy(dtype=float),
        starts=np.unique(districts, return_index=True)[1],
        first=np.unique(codes, return_index=True)[1],
        mix=sparse.csr_array((share / np.bincount(codes, share)[codes], (districts, codes))),
    )
    grid = _refined(data)
    chosen = rng.choice(grid.mass.size, size=draws, p=grid.mass.ravel())
    *at, shortfall = np.unravel_index(chosen, grid.mass.shape)
    spreads = [nodes[one] for nodes, one in zip(grid.nodes, at, strict=True)]
    spreads.append(_SHORTFALLS[shortfall])
    # Into one place each, block by block: of a metropolis a second copy would be half a gigabyte
    city, means = np.empty(draws), np.empty((draws, len(data.starts)))
    true = np.empty((draws if tile_draws else 0, len(ids)))
    blocks = np.array_split(np.arange(draws), -(-draws * len(known) // _BLOCK))
    sizes = (len(data.starts), len(ids))
    chance = ahead(one for rows in blocks for one in _chances(rng, len(rows), *sizes))
    for rows in blocks:
        some = slice(rows[0], rows[-1] + 1)
        city[some], means[some], drawn = _drawn(
            data, *(one[some] for one in spreads), chance=chance, tiles=tile_draws
        )
        if drawn is not None:
            true[some] = drawn
    tau, sigma, omega, k = (np.median(one) for one in spreads)
    middle = [np.exp(np.median(city) + centre), omega, tau, sigma, k]
    true += centre
    np.exp(true, out=true)
    return (
        means + centre,
        pd.DataFrame(true, columns=pd.Index(ids, name="tile_id"), copy=False),
        pd.Series(middle, index=names),
    )


def _chances(
    rng: np.random.Generator, draws: int, districts: int, tiles: int
) -> Iterator[Callable[[], Any]]:
    """List what `_drawn` takes from chance, in its order; it takes as long as all the rest."""
    yield partial(rng.standard_normal, (draws, 1))
    yield partial(rng.standard_normal, (draws, districts))
    for _ in range(_SWEEPS):
        yield partial(rng.standard_gamma, (_FREEDOM + 1) / 2, (draws, tiles))
        yield partial(rng.standard_normal, (draws, tiles))


def _drawn(
    data: _Data,
    tau: _Floats,
    sigma: _Floats,
    omega: _Floats,
    k: _Floats,
    *,
    chance: Iterator[_Floats],
    tiles: bool,
) -> tuple[_Floats, _Floats, _Floats | None]:
    """Draw the mean of the city, those of districts and the true ones of tiles, given the rest."""
    sums = _sums(data, tau, sigma)
    tau, sigma, omega, k = (one[:, None] for one in (tau, sigma, omega, k))
    weight, score = sums.w, sums.wy + k * sums.wx
    trust = weight / (1 + omega**2 * weight)  # of each district's own mean
    total = trust.sum(axis=1, keepdims=True)
    city = (trust * score / weight).sum(axis=1, keepdims=True) / total
    city += next(chance) / np.sqrt(total)
    precision = weight + 1 / omega**2
    means = (score + city / omega**2) / precision
    means += next(chance) / np.sqrt(precision)
    if not tiles:
        for _ in range(2 * _SWEEPS):
            next(chance)  # so that what is drawn later is the same
        return city[:, 0], means, None
    noise = sigma**2 / data.devices[data.first]
    told = data.log[data.first] + k * noise / 2
    centre = means @ data.mix
    scale = tau**2 * (_FREEDOM - 2) / _FREEDOM  # of a Student t with variance tau**2
    # Large and many are these tables: each step is taken where the last one stood
    off = told - centre
    off **= 2
    off /= scale + noise
    told /= noise
    measured = np.divide(1, noise, out=noise)  # its precision
    for _ in range(_SWEEPS):
        off += _FREEDOM
        pull = next(chance)
        pull *= np.divide(2, off, out=off)
        pull /= scale
        true = np.multiply(centre, pull, out=off)
        true += told
        pull += measured  # precision of both, from here on
        true /= pull
        error = next(chance)
        error /= np.sqrt(pull, out=pull)
        true += error
        del error
        off = np.subtract(true, centre, out=pull)
        off **= 2
        off /= scale
    return city[:, 0], means, true


def _refined(data: _Data) -> _Grid:
    """Lay an even grid over the spreads where their mass is, narrower or wider until it fits."""
    scales = np.geomspace(_SMALLEST, _LARGEST, _COARSE)
    grid = _grid(data, [scales] * 3)
    ends = [(0.0, _occupied(grid, axis, (0.0, _LARGEST))[1]) for axis in range(3)]
    for _ in range(_MAX_REFINEMENTS):
        grid = _grid(data, [_even(one, _COARSE) for one in ends])
        found = [_occupied(grid, axis, one) for axis, one in enumerate(ends)]
        moved = [np.abs(np.subtract(*pair)).max() for pair in zip(found, ends, strict=True)]
        ends = found
        if all(by <= _SETTLED * (high - low) for by, (low, high) in zip(moved, ends, strict=True)):
            break
    return _grid(data, [_even(one, _FINE) for one in ends])


def _even(ends: tuple[float, float], count: int) -> _Floats:
    """Space nodes evenly; a spread is never quite nil."""
    low = max(ends[0], _SMALLEST)
    return np.linspace(low, max(ends[1], low + _SMALLEST), count)


def _occupied(grid: _Grid, axis: int, ends: tuple[float, float]) -> tuple[float, float]:
    """Find the stretch of a spread that holds its mass, and a node to either side."""
    others = tuple(one for one in range(4) if one != axis)
    there = np.flatnonzero(grid.mass.sum(axis=others) > _NEGLIGIBLE)
    nodes, (low, high) = grid.nodes[axis], ends
    beyond = (high - low) / 2
    first, last = there[0] - 1, there[-1] + 1
    return (
        nodes[first] if first >= 0 else max(low - beyond, 0.0),
        nodes[last] if last < len(nodes) else min(high + beyond, _LARGEST),
    )


def _grid(data: _Data, nodes: list[_Floats]) -> _Grid:
    """Weigh every node by its posterior and the stretch it stands for."""
    tau, sigma, omega = nodes
    mass = np.empty((len(tau), len(sigma), len(omega), len(_SHORTFALLS)))
    for at, one in enumerate(tau):
        mass[at] = _log_likelihood(_sums(data, np.full(len(sigma), one), sigma), omega)
    for axis, (values, scale) in enumerate(zip(nodes, PRIOR_SCALES.values(), strict=True)):
        weight = np.log(np.gradient(values)) - (values / scale) ** 2 / 2
        mass += np.expand_dims(weight, tuple(one for one in range(4) if one != axis))
    mass = np.exp(mass - mass.max()) * _SHORTFALL_PRIOR
    return _Grid((tau, sigma, omega), mass / mass.sum())


def _sums(data: _Data, tau: _Floats, sigma: _Floats) -> _Sums:
    """Sum the parts of every district under pairs of spreads."""

    def by_district(terms: _Floats) -> _Floats:
        return np.add.reduceat(terms, data.starts, axis=1)

    # Three tables and no more, each step taken in one that is done with
    x = (sigma**2 / 2)[:, None] / data.devices
    w = 2 * x
    w += (tau**2)[:, None]  # the variance
    other = np.log(w)
    other *= data.share
    sums = {"log_variance": other.sum(axis=1)}
    np.divide(data.share, w, out=w)
    sums["w"] = by_district(w)
    np.multiply(w, x, out=other)
    sums["wx"] = by_district(other)
    other *= x
    sums["wxx"] = by_district(other)
    w *= data.log
    sums["wy"] = by_district(w)
    np.multiply(w, data.log, out=other)
    sums["wyy"] = by_district(other)
    w *= x
    sums["wxy"] = by_district(w)
    return _Sums(**sums)


def _log_likelihood(sums: _Sums, omega: _Floats) -> _Floats:
    """Give the log likelihood of nodes x omega x k, all means integrated out."""
    k = _SHORTFALLS[:, None]
    weight = sums.w[:, None, :]
    mean = (sums.wy[:, None, :] + k * sums.wx[:, None, :]) / weight
    square = sums.wyy[:, None, :] + 2 * k * sums.wxy[:, None, :] + k**2 * sums.wxx[:, None, :]
    within = (square - mean**2 * weight).sum(axis=2) + sums.log_variance[:, None]
    shrink = 1 + sums.w[:, :, None] * omega**2  # nodes x districts x omega
    trust = sums.w[:, :, None] / shrink
    total = trust.sum(axis=1, keepdims=True)
    between = mean**2 @ trust - (mean @ trust) ** 2 / total
    constant = np.log(shrink).sum(axis=1, keepdims=True) + np.log(total)
    return -(within[:, :, None] + between + constant).swapaxes(1, 2) / 2
