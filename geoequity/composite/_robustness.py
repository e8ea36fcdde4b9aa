"""How far scores and ranks hold where the choices behind them could have been others."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity import schema
from geoequity.composite._aggregate import (
    NAMED,
    Aggregate,
    Array,
    Floored,
    among,
    arithmetic,
    geometric,
    harmonic,
)
from geoequity.composite._build import Scores, built, check_data
from geoequity.composite._normalise import (
    Normalise,
    by_row,
    marked,
    min_max,
    percentile,
    worse_than,
)
from geoequity.composite._tree import checked_tree, leaves_of, parents_upwards
from geoequity.errors import DataError, DataWarning, shown
from geoequity.keeping import FORGETFUL, Kept

_Ints = npt.NDArray[np.intp]
_BLOCK = 50_000  # draws x units at a time: small enough for the caches
_WIDE = 2_000_000  # worlds x units normalised at a time, which bounds memory
_QUARTER = 0.25
_LEAST, _BASE = 2, 1000  # draws that can differ, and from which sensitivities are estimated
_INDICES = ["first", "first_error", "total", "total_error"]
_FACTORS = ("normalise", "weights", "aggregate", "drop", "data")
_MEANS = (arithmetic, geometric, harmonic)


@dataclass(frozen=True, kw_only=True)
class Pool:
    """
    The choices that could be defended, each as likely as the others.

    The first normalisation and the first aggregation are the published ones.

    Parameters
    ----------
    normalise
        Name -> function as :func:`build` takes it, or just the functions.
    weights
        Multiples between which every weight of the tree is drawn, apart from
        the others; or sets of weights: name -> id -> weight within the parent,
        those of the tree for ids that are not in a set.
    aggregate
        Name -> function, or just the functions.
    drop_one
        Whether an indicator may be left out: each as likely as none at all.
    """

    normalise: Mapping[str, Normalise] | Sequence[Normalise] = (min_max, percentile)
    weights: tuple[float, float] | Mapping[str, Mapping[str, float]] = (0.5, 1.5)
    aggregate: Mapping[str, Aggregate] | Sequence[Aggregate] = (arithmetic, geometric)
    drop_one: bool = True


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """
    Scores and ranks over many draws of the choices behind them.

    Parameters
    ----------
    scores
        Units x ``value`` (as published), ``low``, ``high`` and ``median`` over
        the draws, at the root of the tree. Scores of several normalisations are
        on several scales: compare their ranks.
    ranks
        Units x ``value``, ``low``, ``high`` and ``mean``: 1 is best, ties share
        the middle rank.
    worst_quarter
        Share of the draws in which fewer than a quarter of the people live in
        units that score worse, half of those in units that score alike counted
        with them; of the units where people are not counted.
    sensitivity
        What moves the ranks: index ``normalise``, ``weights``, ``aggregate``,
        ``drop``, ``data``, as far as there is a choice; columns as
        :func:`sobol_indices` gives them. Empty if it was not asked for.
    choices
        Draws x ``normalise``, ``weights``, ``aggregate``, ``drop`` (names; None
        where nothing is dropped; of drawn weights their number) and ``data``,
        the row of the posteriors (0 without).
    draws
        The root, and its children that are no leaves -> draws x units; NaN where
        the published score is unknown.
    left_out
        Normalisations and indicators to drop that were left out of the pool,
        because a unit that is published could not be scored with, or without,
        them.
    level
        Share of the draws between ``low`` and ``high``.
    published
        Every node as published, as :func:`build` gives it: with the first
        normalisation and aggregation, and the weights of the tree.
    """

    scores: pd.DataFrame
    ranks: pd.DataFrame
    worst_quarter: pd.Series
    sensitivity: pd.DataFrame
    choices: pd.DataFrame
    draws: Mapping[str, Array]
    left_out: tuple[str, ...]
    level: float
    published: Scores


def robustness(
    data: pd.DataFrame,
    tree: pd.DataFrame,
    *,
    pool: Pool | Mapping[str, Any],
    draws: int,
    rng: np.random.Generator,
    posteriors: Mapping[str, pd.DataFrame | Array] | None = None,
    population: pd.Series | None = None,
    level: float = 0.9,
    sobol: int | bool = 1000,
    kept: Kept = FORGETFUL,
) -> Robustness:
    """
    Score units again and again under other choices that could be defended.

    Every draw takes one normalisation, one vector of weights, one aggregation,
    drops one indicator or none, and takes one state of the world from the
    posteriors; its scores are those of :func:`build` with these choices, and
    with the tree without the indicator that is dropped. Choices are drawn
    apart from one another, all of a kind equally often.

    Parameters
    ----------
    data
        Units x indicators, as for :func:`build`.
    tree
        The tree of :func:`build`.
    pool
        The choices; a mapping of the fields of :class:`Pool` does as well.
    draws
        How often; 2 or more.
    rng
        Source of randomness.
    posteriors
        Indicator -> draws x units (a table on the ids of the data, or an array
        in their order): equally likely true values. One draw takes the same row
        of all indicators, so they have equally many rows, and what is drawn
        together stays together. A unit that is NaN throughout has its value of
        ``data`` in every draw.
    population
        People by unit, for ``worst_quarter``; by default units count alike.
    level
        Share of the draws between ``low`` and ``high``, 0-1.
    sobol
        Draws from which sensitivities are estimated, at most ``draws``; each
        costs as many scorings more as there are kinds of choices, and one. 0 or
        False leaves them out, True takes 1000.
    kept
        What was checked and scored before: an indicator whose values and posteriors
        are as they were is not scored again. Not those of more than 2 million
        numbers, and not where somebody else's functions are in the pool.

    Returns
    -------
    robustness
        Ranges of scores and ranks, what moves the ranks, and the draws.

    Raises
    ------
    DataError
        If the tree or the data break their contract, as in :func:`build`, there are
        no units, or the tree is one indicator alone; if
        the pool has no normalisation or no aggregation, names that repeat, or
        weights that make no sense; if a normalisation gives negative scores
        where an aggregation has no mean of them; if posteriors are about other
        units or unknown indicators, or differ in length; if ``draws``,
        ``level`` or ``sobol`` make no sense, or people are unknown.

    Notes
    -----
    Sensitivities are of the mean absolute shift of the ranks from the published
    ones, as in [1]_. ``first`` is the part of its variance that a choice
    explains alone, ``total`` with all that it takes part in [2]_; where totals
    add up to far more than 1, choices act through one another. Weights are one
    choice: which vector of them.

    :func:`z_score` may give negative scores, of which there is no geometric or
    harmonic mean; and one score of 0 makes such a mean 0, whatever the others
    are: see :func:`floored`.

    Where there are posteriors, normalisations that are not of this package are
    called once for each of their rows, which takes time.

    References
    ----------
    .. [1] Saisana, M., Saltelli, A. and Tarantola, S. (2005). Uncertainty and
       sensitivity analysis techniques as tools for the quality assessment of
       composite indicators. J. Royal Statistical Society A 168(2), 307-323.
       doi:10.1111/j.1467-985X.2005.00350.x
    .. [2] Saltelli, A. et al. (2010). Variance based sensitivity analysis of
       model output. Computer Physics Communications 181(2), 259-270.
       doi:10.1016/j.cpc.2009.09.018

    Examples
    --------
    >>> data = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [2.0, 1.0, 3.0]}, index=list("xyz"))
    >>> tree = pd.DataFrame(
    ...     {"id": ["a", "b", "r"], "parent": ["r", "r", None], "weight": 1.0, "better": "higher"}
    ... )
    >>> found = robustness(data, tree, pool={}, draws=100, rng=np.random.default_rng(1))
    >>> found.ranks.loc["z"].tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    pool = pool if isinstance(pool, Pool) else _pool(pool)
    people = pd.Series(1.0, index=data.index) if population is None else population
    schema.check_same_index(data, people, names=("data", "population"))
    schema.check_non_negative(people, name="population")
    if people.isna().any():
        ids = people.index[people.isna()]
        msg = f"population: unknown in {shown(ids)}"
        raise DataError(msg, ids=ids)
    if not len(data):
        msg = "data: there are no units"
        raise DataError(msg)
    base = _BASE if sobol is True else int(sobol)
    if draws < _LEAST or not 0 < level < 1 or base < 0 or base == 1:
        msg = (
            "robustness: takes 2 draws or more, a level within 0-1, and for sensitivities 2 draws"
            f" or more, or 0, not {draws}, {level} and {sobol}"
        )
        raise DataError(msg)
    model = _model(
        data, tree, pool=pool, posteriors=posteriors or {}, draws=draws, rng=rng, kept=kept
    )
    root = model.shape.root
    score, place = (
        getattr(model.published, one)[root].rename("value") for one in ("scores", "ranks")
    )
    known = score.notna().to_numpy()
    moving = [at for at, count in enumerate(model.levels) if count > 1] if known.any() else []
    base = min(base, draws) if moving else 0
    first, second = _design(draws, model.levels, rng), _design(base, model.levels, rng)
    mixed = [np.where(np.arange(len(_FACTORS)) == at, second, first[:base]) for at in moving]
    held = {node: np.empty((draws, len(data))) for node in model.shape.told}
    ranks, worst = np.empty((draws, len(data))), np.zeros(len(data))
    shift = np.empty(draws + base * (1 + len(mixed)))
    for rows, found in model.scored(np.concatenate([first, second, *mixed])):
        places, in_worst = _places(found[root], people.to_numpy(dtype=float))
        shift[rows] = _mean_shift(places, place.to_numpy())
        mine = rows < draws
        ranks[rows[mine]] = places[mine]
        worst += in_worst[mine].sum(axis=0)
        for node, values in held.items():
            values[rows[mine]] = found[node][mine]
    tails = [(1 - level) / 2, 0.5, (1 + level) / 2]
    low, median, high = _quantiles(held[root], tails, known)
    rank_low, _, rank_high = _quantiles(ranks, tails, known)
    sensitivity = pd.DataFrame(columns=_INDICES, dtype=float)
    if base:
        y_b, *others = np.split(shift[draws:], 1 + len(mixed))
        named = {_FACTORS[at]: y for at, y in zip(moving, others, strict=True)}
        sensitivity = sobol_indices(shift[:base], y_b, mixed=named)
    return Robustness(
        scores=pd.DataFrame({"value": score, "low": low, "high": high, "median": median}),
        ranks=pd.DataFrame(
            {"value": place, "low": rank_low, "high": rank_high, "mean": ranks.mean(axis=0)}
        ),
        worst_quarter=pd.Series(np.where(known, worst / draws, np.nan), index=data.index),
        sensitivity=sensitivity,
        choices=model.named(first),
        draws=held,
        left_out=model.left_out,
        level=level,
        published=model.published,
    )


def sobol_indices(y_a: Array, y_b: Array, *, mixed: Mapping[str, Array]) -> pd.DataFrame:
    """
    Estimate how much of the variance of an output each factor makes.

    Parameters
    ----------
    y_a
        Output on a sample of all factors.
    y_b
        Output on another, drawn apart from the first.
    mixed
        Factor -> output on the first sample, that factor taken from the second.

    Returns
    -------
    indices
        Factors x ``first`` (alone), ``total`` (with all it takes part in), and
        their standard errors ``first_error`` and ``total_error``. Estimates may
        fall below 0 or rise above 1 by their error. NaN where nothing varies.

    Raises
    ------
    DataError
        If the samples are not alike in length, have fewer than 2 rows, or an
        output is unknown or infinite.

    Notes
    -----
    First order by the estimator of Saltelli et al. [1]_ on centred outputs, total
    by Jansen's [2]_. Errors by the delta method, rows taken to be independent.

    References
    ----------
    .. [1] Saltelli, A. et al. (2010). Variance based sensitivity analysis of
       model output. Computer Physics Communications 181(2), 259-270.
       doi:10.1016/j.cpc.2009.09.018
    .. [2] Jansen, M. J. W. (1999). Analysis of variance designs for model
       output. Computer Physics Communications 117(1-2), 35-43.
       doi:10.1016/S0010-4655(98)00154-4

    Examples
    --------
    >>> a, b = np.random.default_rng(1).random((2, 50_000, 2))
    >>> x = sobol_indices(
    ...     a @ [1, 2],
    ...     b @ [1, 2],
    ...     mixed={"x": b[:, 0] + 2 * a[:, 1], "y": a[:, 0] + 2 * b[:, 1]},
    ... )
    >>> x["first"].round(1).tolist()
    [0.2, 0.8]
    """
    outputs = [y_a, y_b, *mixed.values()]
    if (
        len({len(one) for one in outputs}) > 1
        or len(y_a) < _LEAST
        or not np.isfinite(outputs).all()
    ):
        msg = "sobol_indices: needs known, finite outputs of 2 rows or more, of all samples alike"
        raise DataError(msg)
    centre = np.concatenate([y_a, y_b]).mean()
    a, b = y_a - centre, y_b - centre
    squares = (a**2 + b**2) / 2
    variance = squares.mean()
    rows: dict[str, dict[str, float]] = {}
    for name, y in mixed.items():
        terms = {"first": b * (y - y_a), "total": (y_a - y) ** 2 / 2}
        rows[name] = {}
        for order, term in terms.items():
            share = term.mean() / variance if variance > 0 else np.nan
            error = np.std(term - share * squares, ddof=1) / np.sqrt(len(a))
            rows[name] |= {
                order: share,
                f"{order}_error": error / variance if variance > 0 else np.nan,
            }
    return pd.DataFrame.from_dict(rows, orient="index", columns=_INDICES)


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """A checked tree, walked once."""

    parents: Mapping[str, list[str]]  # children of each parent, the root last
    better: pd.Series  # directions of the leaves
    least: Mapping[str, float]  # known children that each node needs
    own: Mapping[str, object]  # how it is always made
    at: Mapping[str, int]  # places of the nodes

    @property
    def root(self) -> str:
        """Name the node at the top."""
        return list(self.parents)[-1]

    @property
    def told(self) -> list[str]:
        """Name the nodes whose draws are kept."""
        return [self.root, *(one for one in self.parents[self.root] if one in self.parents)]


def _shape(nodes: pd.DataFrame) -> _Shape:
    """Walk a tree."""
    children: dict[str, list[str]] = {one: [] for one in parents_upwards(nodes)}
    for one, parent in nodes["parent"].items():
        if parent in children:
            children[parent].append(str(one))
    return _Shape(
        parents=children,
        better=nodes["better"][leaves_of(nodes)],
        least=nodes["min_known"].to_dict(),
        own=nodes["aggregate"].to_dict(),
        at={one: at for at, one in enumerate(nodes.index)},
    )


@dataclass(frozen=True, kw_only=True)
class _Model:
    """A tree with its data, and every choice that may be made on it."""

    data: pd.DataFrame
    shape: _Shape
    published: Scores
    schemes: Mapping[str, Normalise]
    means: Mapping[str, Aggregate]
    weights: Array  # vectors x nodes
    sets: Sequence[object]  # names of the vectors
    drops: Sequence[str | None]
    worlds: Mapping[str, Array]  # leaf -> worlds x units
    left_out: tuple[str, ...] = ()
    keep: Kept = FORGETFUL

    @cached_property
    def known(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Tell of which units the nodes are published whose draws are kept."""
        return {one: self.published.scores[one].notna().to_numpy() for one in self.shape.told}

    @property
    def levels(self) -> list[int]:
        """Count how many choices there are of each kind."""
        choices = (self.schemes, self.weights, self.means, self.drops)
        worlds = max((len(one) for one in self.worlds.values()), default=1)
        return [*(len(one) for one in choices), worlds]

    def named(self, choices: _Ints) -> pd.DataFrame:
        """Name the choices of each draw."""
        of = [list(self.schemes), self.sets, list(self.means), self.drops]
        columns: dict[str, Any] = {
            kind: pd.Series([values[at] for at in choices[:, column]], dtype=object)
            for column, (kind, values) in enumerate(zip(_FACTORS[:-1], of, strict=True))
        }
        return pd.DataFrame({**columns, _FACTORS[-1]: choices[:, -1]})

    def scored(self, choices: _Ints) -> Iterator[tuple[_Ints, dict[str, Array]]]:
        """Score the units under some choices, a block of like draws at a time."""
        step = max(1, _BLOCK // max(len(self.data), 1))
        for at, scheme in enumerate(self.schemes):
            mine = np.flatnonzero(choices[:, 0] == at)
            if not len(mine):
                continue
            fixed, drawn = self.leaf_scores(scheme)
            # Draws of one mean next to one another: what is made alike of all is made at once
            mine = mine[choices[mine, 2].argsort(kind="stable")]
            for begin in range(0, len(mine), step):
                some = mine[begin : begin + step]
                worlds = choices[some, 4]
                values = fixed | {one: table[worlds] for one, table in drawn.items()}
                yield some, self._aggregated(values, choices[some])

    def leaf_scores(self, scheme: str) -> tuple[dict[str, Array], dict[str, Array]]:
        """Normalise the leaves: as they are (1 x units), and as they may be (worlds x units)."""
        better = self.shape.better
        normalise = self.schemes[scheme]
        marks = {one: marked(normalise, name=one) for one in better.index}
        kept = FORGETFUL if None in marks.values() else self.keep

        def scored() -> dict[str, Array]:
            made = normalise(self.data, better)
            return {one: made[one].to_numpy(dtype=float)[None, :] for one in better.index}

        def scored_worlds(which: list[str]) -> dict[str, Array]:
            some = {one: self.worlds[one] for one in which}
            return _scored_worlds(normalise, self.data, better, some)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # of indicators in which all are alike
            fixed = kept.once("leaf scores", scored, repr(marks), better, self.data)
            if any(table.size > _WIDE for table in self.worlds.values()):
                return fixed, scored_worlds(list(self.worlds))
            worlds = {
                one: (repr(marks[one]), better[one], table) for one, table in self.worlds.items()
            }
            return fixed, kept.each("leaf draws", worlds, scored_worlds)

    def _aggregated(self, values: Mapping[str, Array], choices: _Ints) -> dict[str, Array]:
        """Aggregate a block of draws upwards, those of one mean in a row; give the nodes kept."""
        columns = dict(values)
        weights = self.weights[choices[:, 1]]
        least, own, place = self.shape.least, self.shape.own, self.shape.at
        dropped = np.array([place[one] if one else -1 for one in self.drops])[choices[:, 3]]
        ends = choices[:, 2].searchsorted(np.arange(len(self.means) + 1))
        each = [
            (mean, slice(*rows))
            for mean, *rows in zip(self.means.values(), ends[:-1], ends[1:], strict=True)
            if rows[0] < rows[1]
        ]
        for parent, children in self.shape.parents.items():
            at = [place[one] for one in children]
            here, weight = dropped[:, None] != at, weights[:, at]
            blocks = [(NAMED[own[parent]], slice(None))] if own[parent] in NAMED else each
            made = []
            for mean, rows in blocks:
                combine = _any_mean if _parts(mean) is None else _power_mean
                parts = [
                    columns[one][rows] if len(columns[one]) > 1 else columns[one]
                    for one in children
                ]
                found, known = combine(mean, parts, weight[rows], here[rows])
                enough = known >= least[parent]
                made.append(found if enough.all() else np.where(enough, found, np.nan))
            columns[parent] = made[0] if len(made) == 1 else np.concatenate(made)
        return {one: np.where(known, columns[one], np.nan) for one, known in self.known.items()}


def _model(
    data: pd.DataFrame,
    tree: pd.DataFrame,
    *,
    pool: Pool,
    posteriors: Mapping[str, pd.DataFrame | Array],
    draws: int,
    rng: np.random.Generator,
    kept: Kept,
) -> _Model:
    """Check what was asked for, and leave out what would leave a published unit without score."""
    schemes, means = (_by_name(getattr(pool, one), one) for one in ("normalise", "aggregate"))
    first, mean = next(iter(schemes.values())), next(iter(means.values()))
    nodes = kept.once("nodes", lambda: checked_tree(tree, data), tree, list(data.columns))
    shape = kept.once("shape", lambda: _shape(nodes), nodes)
    leaves = list(shape.better.index)
    check_data(data, leaves)
    marks = [[marked(scheme, name=one) for one in leaves] for scheme in schemes.values()]
    parts = _parts(mean)
    known_by = kept if parts is not None and not any(None in one for one in marks) else FORGETFUL
    published = known_by.once(
        "published",
        lambda: built(data, nodes, normalise=first, aggregate=mean),
        *(data, nodes, repr(marks[0]), parts and (parts[0].__name__, parts[1])),
    )
    if len(leaves) == len(nodes):
        msg = f"robustness: {shown(leaves)} alone is no index: there is nothing to choose"
        raise DataError(msg, ids=leaves)
    sets, weights = _weights(pool.weights, tree, nodes, data, draws=draws, rng=rng)
    model = _Model(
        data=data,
        shape=shape,
        published=published,
        schemes=schemes,
        means=means,
        weights=weights,
        sets=sets,
        drops=[None, *leaves] if pool.drop_one else [None],
        worlds=kept.once(
            "worlds", lambda: _worlds(posteriors, data, leaves), posteriors, data, leaves
        ),
        keep=kept,
    )
    known = published.scores[shape.root].notna().to_numpy()
    plain = replace(model, means={"": arithmetic}, worlds={})
    sets_to_try = len(weights) if isinstance(pool.weights, Mapping) else 1  # else all are above 0
    size = (len(schemes), sets_to_try, len(model.drops))
    every = np.zeros((np.prod(size), len(_FACTORS)), dtype=np.intp)
    every[:, [0, 1, 3]] = np.array(list(np.ndindex(size)))

    def whole() -> npt.NDArray[np.bool_]:
        fine = np.zeros(len(every), dtype=bool)
        for rows, found in plain.scored(every):
            fine[rows] = ~np.isnan(found[shape.root][:, known]).any(axis=1)
        return fine

    # What is known of a unit hangs on what is known of its leaves, whatever the scores are
    gaps = [np.isnan(np.concatenate(list(plain.leaf_scores(one)[0].values()))) for one in schemes]
    tried = weights[:sets_to_try]
    fine = kept.once("whole", whole, gaps, nodes, model.drops, tried, known)
    good = np.logical_and.reduce(fine.reshape(size), axis=1)
    stay = [one for one, fit in zip(schemes, good[:, 0], strict=True) if fit]
    always = np.logical_and.reduce(good[good[:, 0]], axis=0)
    drops = [one for one, fit in zip(model.drops, always, strict=True) if fit]
    out = [*(one for one in schemes if one not in stay), *(set(model.drops) - set(drops))]
    return replace(
        model,
        schemes={one: schemes[one] for one in stay},
        drops=drops,
        left_out=tuple(sorted(str(one) for one in out)),
    )


def _pool(fields: Mapping[str, Any]) -> Pool:
    """Make a pool of a mapping."""
    known = list(Pool.__dataclass_fields__)
    odd = [one for one in fields if one not in known]
    if odd:
        msg = f"pool: takes {', '.join(known)}, not {shown(odd)}"
        raise DataError(msg, ids=odd)
    return Pool(**fields)


def _by_name(given: Mapping[str, Any] | Sequence[Any], field: str) -> dict[str, Any]:
    """Name functions, by their own name where nobody did."""
    if isinstance(given, Mapping):
        named = [(str(key), one) for key, one in given.items()]
    else:
        named = [(getattr(one, "__name__", type(one).__name__), one) for one in given]
    odd = [key for key, one in named if not callable(one)]
    names = [key for key, _ in named]
    if not named or odd or len(set(names)) < len(names):
        msg = f"pool: {field} takes one function or more under names of their own, not {given!r}"
        raise DataError(msg)
    return dict(named)


def _weights(
    asked: tuple[float, float] | Mapping[str, Mapping[str, float]],
    tree: pd.DataFrame,
    nodes: pd.DataFrame,
    data: pd.DataFrame,
    *,
    draws: int,
    rng: np.random.Generator,
) -> tuple[list[object], Array]:
    """Name the vectors of weights, and lay them out by node."""
    if isinstance(asked, Mapping):
        own = tree.set_index("id")["weight"]
        lost = [one for chosen in asked.values() for one in chosen if one not in nodes.index]
        if lost or not asked:
            msg = f"pool: weights of nothing in the tree: {shown(lost) or 'no sets'}"
            raise DataError(msg, ids=lost)
        vectors = []
        for chosen in asked.values():
            weight = own.astype(float).copy()
            given = pd.Series(dict(chosen), dtype=None if chosen else float)
            schema.check_non_negative(given, name="pool: weights")
            weight.update(given.astype(float))
            vectors.append(checked_tree(tree.assign(weight=weight.to_numpy()), data)["weight"])
        return list(asked), np.array(vectors)
    low, high = asked
    if not (0 <= low <= high < np.inf and high > 0):
        msg = f"pool: weights are drawn between multiples from 0 up, not {low} and {high}"
        raise DataError(msg)
    count = draws if low < high else 1
    multiples = rng.uniform(low, high, size=(count, len(nodes))) if low < high else np.ones((1, 1))
    return list(range(count)), multiples * nodes["weight"].to_numpy(dtype=float)


def _worlds(
    posteriors: Mapping[str, pd.DataFrame | Array], data: pd.DataFrame, leaves: Sequence[str]
) -> dict[str, Array]:
    """Check posteriors, and fill in the values of units that have none."""
    faults: list[str] = []
    found: dict[str, Array] = {}
    for key, table in posteriors.items():
        if key not in leaves:
            faults.append(f"{key} is no leaf of the tree")
            continue
        if isinstance(table, pd.DataFrame):
            if set(table.columns) != set(data.index) or len(table.columns) != len(data):
                faults.append(f"{key} is about other units")
                continue
            table = table[data.index].to_numpy()  # noqa: PLW2901 - in our order
        if table.ndim != 2 or table.shape[1] != len(data) or not len(table):  # noqa: PLR2004 - rows and columns
            faults.append(f"{key} has the shape {table.shape}, not draws x {len(data)} units")
            continue
        if not np.issubdtype(table.dtype, np.number):
            faults.append(f"{key} is not numbers but {table.dtype}")
            continue
        value, nothing = data[key].to_numpy(dtype=float), np.isnan(table)
        without = nothing.all(axis=0)
        if np.isinf(table).any() or (nothing.any(axis=0) & ~without).any():
            faults.append(f"{key} is infinite or unknown in some draws")
        if (np.isnan(value) & ~without).any():
            faults.append(f"{key} is drawn where it is unknown")
        found[key] = np.where(without, value, table)
    if len({len(one) for one in found.values()}) > 1:
        faults.append("they have unequal numbers of draws")
    if faults:
        msg = f"posteriors: {'; '.join(faults)}"
        raise DataError(msg, ids=list(posteriors))
    return found


def _scored_worlds(
    normalise: Normalise, data: pd.DataFrame, better: pd.Series, worlds: Mapping[str, Array]
) -> dict[str, Array]:
    """Normalise every draw of the data."""
    if not worlds:
        return {}
    scores = {one: np.empty(table.shape) for one, table in worlds.items()}
    kernels = {one: by_row(normalise, name=one, better=better[one]) for one in worlds}
    step = max(1, _WIDE // max(len(data), 1))
    for one, kernel in kernels.items():
        if kernel is None:
            continue
        for begin in range(0, len(worlds[one]), step):
            some = slice(begin, begin + step)
            scores[one][some] = kernel(worlds[one][some])
    if None not in kernels.values():
        return scores
    for at in range(len(next(iter(worlds.values())))):
        row = pd.DataFrame({one: table[at] for one, table in worlds.items()}, index=data.index)
        made = normalise(row, better[list(worlds)])
        for one in worlds:
            scores[one][at] = made[one]
    return scores


def _parts(mean: Aggregate) -> tuple[Aggregate, float] | None:
    """Take apart a mean that can be made of many draws at once: its kind and its floor."""
    kind, floor = (mean.mean, mean.at) if isinstance(mean, Floored) else (mean, 0.0)
    return (kind, floor) if kind in _MEANS else None


def _power_mean(
    mean: Aggregate, values: Sequence[Array], weights: Array, here: npt.NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Average children over a block of draws; count the known ones."""
    kind, floor = _parts(mean) or (arithmetic, 0.0)
    size = (len(weights), values[0].shape[1])
    amount, total, known = np.zeros(size), np.zeros((size[0], 1)), np.zeros((size[0], 1))
    nil = np.zeros((1, 1), dtype=bool)
    if floor > 0:
        values = [np.maximum(one, floor) for one in values]
    # Child by child: a matrix product may round units that are alike to different scores
    for value, weight, there in zip(values, weights.T[:, :, None], here.T[:, :, None], strict=True):
        least = value.min()  # NaN where one is
        gaps = bool(np.isnan(least))
        if kind is not arithmetic and ((value < 0).any() if gaps else least < 0):
            msg = f"pool: negative scores have no {kind.__name__} mean: leave one of the two out"
            raise DataError(msg)
        weight = weight * there  # noqa: PLW2901 - nothing if dropped
        zero = kind is not arithmetic and bool((value == 0).any() if gaps else least == 0)
        if gaps or zero:
            unknown = np.isnan(value)
            empty = unknown | (value == 0) if zero else unknown
            bent = _BENT[kind](np.where(empty, 1.0, value))
            amount += weight * np.where(empty, 0.0, bent)
        else:
            amount += weight * _BENT[kind](value)
        total = total + (weight * ~unknown if gaps else weight)
        known = known + (there & ~unknown if gaps else there)
        if zero:
            nil = nil | ((value == 0) & (weight > 0))
    weighed = total > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        made = _STRAIGHT[kind](np.divide(amount, total, out=amount))
    made = among(made if weighed.all() else np.where(weighed, made, np.nan), values)
    return (np.where(nil & weighed, 0.0, made) if nil.any() else made), known


def _any_mean(
    mean: Aggregate, values: Sequence[Array], weights: Array, here: npt.NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Aggregate children draw by draw; count the known ones."""
    size = (len(weights), values[0].shape[1])
    made, known = np.full(size, np.nan), np.zeros(size)
    for at, (weight, there) in enumerate(zip(weights, here, strict=True)):
        stack = np.column_stack([one[at if len(one) > 1 else 0] for one in values])[:, there]
        known[at] = (~np.isnan(stack)).sum(axis=1)
        if weight[there].sum() > 0:
            made[at] = mean(stack, weight[there] / weight[there].sum())
    return made, known


def _design(draws: int, levels: Sequence[int], rng: np.random.Generator) -> _Ints:
    """Draw choices, every choice of a kind equally often as far as it goes."""
    order = rng.permuted(np.tile(np.arange(draws), (len(levels), 1)), axis=1)
    within = (order + rng.random(order.shape)) / draws
    chosen = (within * np.array(levels)[:, None]).astype(np.intp)
    return np.minimum(chosen, np.array(levels)[:, None] - 1).T


def _places(scores: Array, people: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Rank units from 1, the best, and tell which are in the worst quarter of people."""
    known = ~np.isnan(scores)
    worse = worse_than(scores)
    ranks = known.sum(axis=1, keepdims=True) - worse
    if not (people == people[:1]).all():
        worse = worse_than(scores, people / people.sum())
        known = known * people / people.sum()
    return ranks, worse < _QUARTER * known.sum(axis=1, keepdims=True)


def _mean_shift(ranks: Array, published: Array) -> Array:
    """Measure how far ranks are from the published ones, on average over units."""
    known = ~np.isnan(published)
    shift = np.abs(ranks[:, known] - published[known]).sum(axis=1)
    return shift / max(known.sum(), 1)


def _quantiles(draws: Array, tails: Sequence[float], known: npt.NDArray[np.bool_]) -> Array:
    """Find quantiles of every unit over the draws; NaN where it is unknown."""
    found = np.full((len(tails), draws.shape[1]), np.nan)
    if known.any():
        by_unit = np.ascontiguousarray(draws[:, known].T)
        found[:, known] = np.quantile(by_unit, tails, axis=1)
    return found


def _plain(values: Array) -> Array:
    """Leave values as they are."""
    return values


_BENT: dict[Aggregate, Callable[[Array], Array]] = {
    arithmetic: _plain,
    geometric: np.log,
    harmonic: np.reciprocal,
}
_STRAIGHT: dict[Aggregate, Callable[[Array], Array]] = {
    arithmetic: _plain,
    geometric: np.exp,
    harmonic: np.reciprocal,
}
