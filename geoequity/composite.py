"""
From indicators to scores: normalise, weigh, aggregate, and shake the weights.

Each step is a function of tables, chosen by the caller; :func:`build` walks a
tree of any depth with them. The published number is "the index".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity import schema
from geoequity.errors import DataError, shown

Normalise = Callable[[pd.DataFrame, pd.Series], pd.DataFrame]
Array = npt.NDArray[np.float64]
Aggregate = Callable[[Array, Array], Array]
_TOP = 100.0


@dataclass(frozen=True, kw_only=True)
class Scores:
    """
    Scores of every node of a tree.

    Parameters
    ----------
    scores
        Units x nodes of the tree, leaves included, 0-100; NaN = unknown.
    ranks
        Units x nodes: 1 is best, ties share the middle rank, NaN = unknown.
    weights
        Weight of each node within its parent, summing to 1 over siblings.
    """

    scores: pd.DataFrame
    ranks: pd.DataFrame
    weights: pd.Series


def goalposts(posts: Mapping[str, tuple[float, float]]) -> Normalise:
    """
    Normalise by fixed values, the same for every city and date.

    What lies beyond a goalpost scores as the goalpost: more than enough is
    taken to be no better than enough.

    Parameters
    ----------
    posts
        Indicator id -> the values that score 0 and 100.

    Returns
    -------
    normalise
        Function of data and directions; direction is already in the posts.

    Examples
    --------
    >>> normalise = goalposts({"walk_min": (30.0, 5.0)})
    >>> data = pd.DataFrame({"walk_min": [5.0, 17.5, 60.0]})
    >>> normalise(data, pd.Series({"walk_min": "lower"}))["walk_min"].tolist()
    [100.0, 50.0, 0.0]
    """

    def normalise(data: pd.DataFrame, better: pd.Series) -> pd.DataFrame:
        absent = [one for one in better.index if one not in posts]
        if absent:
            msg = f"no goalposts for {shown(absent)}"
            raise DataError(msg, ids=absent)
        worst = pd.Series({one: posts[one][0] for one in better.index}, dtype=float)
        best = pd.Series({one: posts[one][1] for one in better.index}, dtype=float)
        scaled = (data[better.index] - worst) / (best - worst)
        return (_TOP * scaled).clip(0.0, _TOP)

    return normalise


def min_max(data: pd.DataFrame, better: pd.Series) -> pd.DataFrame:
    """
    Normalise by the worst and the best unit at hand.

    Scores then compare units with each other only, never with another city.

    Parameters
    ----------
    data
        Units x indicators.
    better
        ``higher`` or ``lower`` by indicator.

    Returns
    -------
    scores
        0-100; NaN throughout where all units are alike.

    Examples
    --------
    >>> data = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
    >>> min_max(data, pd.Series({"a": "lower"}))["a"].tolist()
    [100.0, 50.0, 0.0]
    """
    chosen = data[better.index]
    low, high = chosen.min(), chosen.max()
    scaled = _TOP * (chosen - low) / (high - low).where(high > low)
    return scaled.where((better == "higher").reindex(scaled.columns), _TOP - scaled)


def arithmetic(values: Array, weights: Array) -> Array:
    """
    Average scores; strength in one makes up for weakness in another.

    Parameters
    ----------
    values
        Units x children; NaN = unknown, left out with its weight.
    weights
        Weight of each child.

    Returns
    -------
    mean
        One value a unit; NaN where no child is known.
    """
    known = ~np.isnan(values)
    total = known @ weights
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, np.where(known, values, 0.0) @ weights / total, np.nan)


def geometric(values: Array, weights: Array) -> Array:
    """
    Average scores so that a weakness is only partly made up for.

    Parameters
    ----------
    values
        Units x children, not negative; NaN = unknown, left out with its weight.
    weights
        Weight of each child.

    Returns
    -------
    mean
        One value a unit; 0 where a child is 0, NaN where no child is known.
    """
    with np.errstate(divide="ignore"):
        logs = np.log(values)
    known = ~np.isnan(values)
    total = known @ weights
    zero = ((values == 0) & (weights > 0)).any(axis=1)
    finite = np.where(np.isfinite(logs), logs, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(total > 0, np.exp(finite @ weights / total), np.nan)
    return np.where(zero & (total > 0), 0.0, mean)


def build(
    data: pd.DataFrame,
    tree: pd.DataFrame,
    *,
    normalise: Normalise,
    aggregate: Aggregate = arithmetic,
    treat: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
    impute: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
) -> Scores:
    """
    Score units on every node of a tree of indicators.

    A parent's score is made of its known children, with their weights made to
    sum to one again: what is unknown is taken to be like what is known.

    Parameters
    ----------
    data
        Units x indicators, in each indicator's own unit; NaN = unknown.
    tree
        Columns ``id``, ``parent`` (missing at the root), ``weight`` (within the
        parent), ``better`` (leaves only) and, if a parent needs more than one
        known child, ``min_known``. Leaves are columns of ``data``.
    normalise
        Brings indicators to 0-100, 100 best: :func:`goalposts`, :func:`min_max`.
    aggregate
        Makes one score of several: :func:`arithmetic`, :func:`geometric`.
    treat
        Changes the data before they are normalised, such as outliers.
    impute
        Fills unknown values; nothing is filled by default.

    Returns
    -------
    scores
        Scores, ranks and weights of every node.

    Raises
    ------
    DataError
        If the tree has repeated ids, no single root, a parent that is not
        there, a circle, a leaf that is no column, a negative weight, or
        siblings whose weights are all 0.
    """
    nodes = _checked_tree(tree, data)
    values = data
    for step in (impute, treat):
        values = step(values) if step is not None else values
    leaves = [one for one in nodes.index if one not in set(nodes["parent"])]
    scores = normalise(values, nodes.loc[leaves, "better"])
    columns = {one: scores[one].to_numpy(dtype=float) for one in leaves}
    for parent in _parents_upwards(nodes):
        children = nodes.index[nodes["parent"] == parent]
        stack = np.column_stack([columns[one] for one in children])
        mean = aggregate(stack, nodes.loc[children, "weight"].to_numpy(dtype=float))
        columns[parent] = np.where(_enough(stack, nodes.loc[parent]), mean, np.nan)
    table = pd.DataFrame({one: columns[one] for one in nodes.index}, index=data.index)
    return Scores(
        scores=table,
        ranks=table.rank(ascending=False, method="average"),
        weights=nodes["weight"],
    )


def weight_draws(
    scores: pd.DataFrame,
    tree: pd.DataFrame,
    *,
    low: float,
    high: float,
    draws: int,
    rng: np.random.Generator,
) -> dict[str, Array]:
    """
    Score the parents of a tree again under other weights.

    Every weight is drawn evenly between ``low`` and ``high`` times itself,
    apart from the others: how much would change if priorities did?

    Parameters
    ----------
    scores
        Units x nodes as :func:`build` gives them, of which the leaves are used.
    tree
        The tree of :func:`build`.
    low
        Smallest multiple of a weight.
    high
        Largest multiple.
    draws
        How often.
    rng
        Source of randomness.

    Returns
    -------
    drawn
        Parent id -> draws x units, aggregated by weighted mean; NaN = unknown.

    Raises
    ------
    DataError
        If the tree breaks its contract, as in :func:`build`.
    """
    nodes = _checked_tree(tree, scores)
    drawn: dict[str, Array] = {}
    for parent in _parents_upwards(nodes):
        children = list(nodes.index[nodes["parent"] == parent])
        weights = nodes.loc[children, "weight"].to_numpy(dtype=float)
        multiples = rng.uniform(low, high, size=(draws, len(children))) * weights
        total = np.zeros((draws, len(scores)))
        known_weight = np.zeros((draws, len(scores)))
        stack = []
        for position, child in enumerate(children):
            value = drawn.get(child, scores[child].to_numpy(dtype=float)[None, :])
            known = ~np.isnan(value)
            weight = multiples[:, [position]]
            total += np.where(known, value, 0.0) * weight
            known_weight += known * weight
            stack.append(scores[child].to_numpy(dtype=float))
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(known_weight > 0, total / known_weight, np.nan)
        enough = _enough(np.column_stack(stack), nodes.loc[parent])
        drawn[parent] = np.where(enough[None, :], mean, np.nan)
    return drawn


def _enough(stack: Array, parent: pd.Series) -> npt.NDArray[np.bool_]:
    """Tell which units know enough children of a parent."""
    needed = parent["min_known"]
    return (~np.isnan(stack)).sum(axis=1) >= (1 if pd.isna(needed) else needed)


def _checked_tree(tree: pd.DataFrame, data: pd.DataFrame) -> pd.DataFrame:
    """Refuse a broken tree; index it by id, weights of siblings summing to one."""
    schema.check_columns(tree, ["id", "parent", "weight", "better"], name="tree")
    schema.check_unique(pd.Index(tree["id"]), name="tree")
    nodes = tree.set_index("id")
    nodes["min_known"] = nodes.get("min_known", np.nan)
    faults = []
    roots = nodes.index[nodes["parent"].isna()]
    if len(roots) != 1:
        faults.append(f"one root is needed, there are {len(roots)}: {shown(roots)}")
    lost = nodes.index[~nodes["parent"].isin(nodes.index) & nodes["parent"].notna()]
    if len(lost):
        faults.append(f"parent is not in the tree for {shown(lost)}")
    leaves = nodes.index.difference(nodes["parent"].dropna())
    lacking = leaves.difference(data.columns)
    if len(lacking):
        faults.append(f"no column for {shown(lacking)}")
    odd = leaves[~nodes.loc[leaves, "better"].isin(["higher", "lower"])]
    if len(odd):
        faults.append(f"better is neither higher nor lower for {shown(odd)}")
    weight = nodes["weight"].astype(float)
    if not (weight >= 0).all():
        faults.append(f"weight negative or unknown for {shown(weight.index[~(weight >= 0)])}")
    sums = weight.groupby(nodes["parent"]).transform("sum")
    if (sums == 0).any():
        faults.append(f"all weights are 0 under {shown(nodes['parent'][sums == 0].unique())}")
    if not faults and len(_parents_upwards(nodes)) < nodes["parent"].nunique():
        faults.append("the tree runs in a circle")
    if faults:
        msg = f"tree: {'; '.join(faults)}"
        raise DataError(msg)
    nodes["weight"] = (weight / sums).where(nodes["parent"].notna(), 1.0)
    return nodes


def _parents_upwards(nodes: pd.DataFrame) -> list[str]:
    """List parents so that each comes after the parents below it."""
    order: list[str] = []
    level = list(nodes.index[nodes["parent"].isna()])
    parents = set(nodes["parent"].dropna())
    while level:
        order += [one for one in level if one in parents]
        level = list(nodes.index[nodes["parent"].isin(level)])
        if len(order) > len(parents):
            break
    return order[::-1]
