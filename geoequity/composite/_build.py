"""Walk a tree of indicators with the steps that a caller chose, and shake its weights."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from geoequity import schema
from geoequity.composite._aggregate import Aggregate, Array, among, arithmetic
from geoequity.composite._normalise import Normalise
from geoequity.errors import DataError, shown


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
        Brings indicators to 0-100, 100 best: :func:`goalposts`, :func:`min_max`,
        :func:`rank`, :func:`percentile`, :func:`to_targets`; :func:`z_score` may
        go beyond.
    aggregate
        Makes one score of several: :func:`arithmetic`, :func:`geometric`,
        :func:`harmonic`, :func:`copeland`.
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
        there, a circle, a leaf that is no column, a weight that is negative,
        infinite or unknown, or siblings whose weights are all 0; if an
        indicator is no number or infinite, or a unit stands twice.
    """
    nodes = _checked_tree(tree, data)
    leaves = _leaves(nodes)
    _check_data(data, leaves)
    values = data
    for step in (impute, treat):
        values = step(values) if step is not None else values
    scores = normalise(values, nodes.loc[leaves, "better"])
    columns = {one: scores[one].to_numpy(dtype=float) for one in leaves}
    for parent in _parents_upwards(nodes):
        children = nodes.index[nodes["parent"] == parent]
        stack = np.column_stack([columns[one] for one in children])
        enough = (~np.isnan(stack)).sum(axis=1) >= nodes.loc[parent, "min_known"]
        mean = aggregate(stack, nodes.loc[children, "weight"].to_numpy(dtype=float))
        columns[parent] = np.where(enough, mean, np.nan)
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
        If the tree breaks its contract, as in :func:`build`, the multiples do
        not rise from 0 or more, or ``draws`` is not 1 or more.
    """
    if not (0 <= low <= high < np.inf and high > 0 and draws >= 1):
        msg = f"weights are drawn at least once, from 0 or more up, not {draws} x {low} to {high}"
        raise DataError(msg)
    nodes = _checked_tree(tree, scores)
    drawn: dict[str, Array] = {
        one: scores[one].to_numpy(dtype=float)[None, :] for one in _leaves(nodes)
    }
    parents = _parents_upwards(nodes)
    for parent in parents:
        children = nodes.index[nodes["parent"] == parent]
        weights = nodes.loc[children, "weight"].to_numpy(dtype=float)
        multiples = rng.uniform(low, high, size=(draws, len(children))) * weights
        total, amount, known = (np.zeros((draws, len(scores))) for _ in range(3))
        # One child after another: all draws of all children at once would not fit in memory
        for child, multiple in zip(children, multiples.T, strict=True):
            value, weight = drawn[child], multiple[:, None]
            total += ~np.isnan(value) * weight
            amount += np.where(np.isnan(value), 0.0, value * weight)
            known += ~np.isnan(value)
        mean = np.divide(amount, total, out=np.full(total.shape, np.nan), where=total > 0)
        mean = among(mean, [drawn[one] for one in children])
        drawn[parent] = np.where(known >= nodes.loc[parent, "min_known"], mean, np.nan)
    return {one: drawn[one] for one in parents}


def _check_data(data: pd.DataFrame, leaves: list[str]) -> None:
    """Refuse indicators that are no numbers or infinite, and units that stand twice."""
    schema.check_unique(data.index, name="data")
    text = [one for one in leaves if not pd.api.types.is_numeric_dtype(data[one])]
    numbers = [one for one in leaves if one not in text]
    endless = [one for one in numbers if np.isinf(data[one].to_numpy(float, na_value=np.nan)).any()]
    _refuse("data", {"not numbers": text, "infinite": endless})


def _checked_tree(tree: pd.DataFrame, data: pd.DataFrame) -> pd.DataFrame:
    """Refuse a broken tree; index it by id, weights of siblings summing to one."""
    schema.check_columns(tree, ["id", "parent", "weight", "better"], name="tree")
    schema.check_unique(pd.Index(tree["id"]), name="tree")
    if tree.empty:
        msg = "tree: no nodes"
        raise DataError(msg)
    nodes = tree.set_index("id")
    parent = nodes["parent"]
    weight = pd.to_numeric(nodes["weight"], errors="coerce").astype(float)
    sums = weight.groupby(parent).transform("sum")
    roots = nodes.index[parent.isna()]
    lost = nodes.index[~parent.isin(nodes.index) & parent.notna()]
    leaves = pd.Index(_leaves(nodes))
    _refuse(
        "tree",
        {
            "more than one root": roots if len(roots) > 1 else [],
            "parent is not in the tree": lost,
            "in a circle": nodes.index.difference(_downwards(nodes, [*roots, *lost])),
            "no column": leaves.difference(data.columns),
            "better is neither higher nor lower": leaves[
                ~nodes.loc[leaves, "better"].isin(["higher", "lower"])
            ],
            "weight negative, infinite or unknown": nodes.index[
                ~((weight >= 0) & (weight < np.inf))
            ],
            "all weights are 0 under": parent[sums == 0].unique(),
        },
    )
    nodes["weight"] = (weight / sums).where(parent.notna(), 1.0)
    needed = nodes.get("min_known", pd.Series(np.nan, index=nodes.index))
    return nodes.assign(min_known=pd.to_numeric(needed).fillna(1.0))


def _refuse(name: str, faults: Mapping[str, Sequence[str] | pd.Index]) -> None:
    """Raise one error that names every fault and whose it is."""
    found = {fault: list(ids) for fault, ids in faults.items() if len(ids)}
    if found:
        msg = f"{name}: {'; '.join(f'{fault}: {shown(ids)}' for fault, ids in found.items())}"
        raise DataError(msg, ids=dict.fromkeys(one for ids in found.values() for one in ids))


def _leaves(nodes: pd.DataFrame) -> list[str]:
    """List what has no child, in the order of the tree."""
    return list(nodes.index[~nodes.index.isin(nodes["parent"])])


def _parents_upwards(nodes: pd.DataFrame) -> list[str]:
    """List parents so that each comes after the parents below it."""
    parents = set(nodes["parent"].dropna())
    down = _downwards(nodes, nodes.index[nodes["parent"].isna()])
    return [one for one in reversed(down) if one in parents]


def _downwards(nodes: pd.DataFrame, level: Iterable[str]) -> list[str]:
    """List what hangs under some nodes, level by level; a circle hangs under nothing."""
    down, level = [], list(level)
    while level:
        down += level
        level = list(nodes.index[nodes["parent"].isin(level)])
    return down
