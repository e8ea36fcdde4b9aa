"""Walk a tree of indicators with the steps that a caller chose."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from geoequity import schema
from geoequity.composite._aggregate import NAMED, Aggregate, Array, arithmetic
from geoequity.composite._normalise import Normalise
from geoequity.composite._tree import checked_tree, leaves_of, parents_upwards
from geoequity.errors import DataError

Weigh = Callable[[pd.DataFrame], pd.Series]


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
    weigh: Weigh | None = None,
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
        parent), ``better`` (leaves only); if a parent needs more than one known
        child, ``min_known``; and if it is always made in one way, whatever the
        others are, ``aggregate``: ``arithmetic``, ``geometric``, ``harmonic`` or
        ``copeland``. Leaves are columns of ``data``.
    normalise
        Brings indicators to 0-100, 100 best: :func:`goalposts`, :func:`min_max`,
        :func:`rank`, :func:`percentile`, :func:`to_targets`; :func:`z_score` may
        go beyond.
    weigh
        Weighs the children of each parent by their scores, in place of the
        tree's weights: :func:`equal_weights`, :func:`component_weights`,
        :func:`entropy_weights`. Weights that people chose belong on the tree,
        by :func:`with_weights`.
    aggregate
        Makes one score of several: :func:`arithmetic`, :func:`geometric`,
        :func:`harmonic`, :func:`copeland`, :func:`favourable`.
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
        indicator is no number or infinite, or a unit stands twice; if `weigh`
        returns no weights, or refuses.
    """
    nodes = checked_tree(tree, data)
    check_data(data, leaves_of(nodes))
    values = data
    for step in (impute, treat):
        values = step(values) if step is not None else values
    return built(values, nodes, normalise=normalise, weigh=weigh, aggregate=aggregate)


def built(
    values: pd.DataFrame,
    nodes: pd.DataFrame,
    *,
    normalise: Normalise,
    weigh: Weigh | None = None,
    aggregate: Aggregate = arithmetic,
) -> Scores:
    """
    Do what :func:`build` does, on a tree that is checked.

    Parameters
    ----------
    values
        Units x indicators, treated where they are to be.
    nodes
        From :func:`checked_tree`.
    normalise
        As of :func:`build`.
    weigh
        As of :func:`build`.
    aggregate
        As of :func:`build`.

    Returns
    -------
    scores
        As of :func:`build`.
    """
    leaves = leaves_of(nodes)
    scores = normalise(values, nodes.loc[leaves, "better"])
    columns = {one: scores[one].to_numpy(dtype=float) for one in leaves}
    least, own, above = (nodes[one].to_dict() for one in ("min_known", "aggregate", "parent"))
    weights = nodes["weight"].to_numpy(dtype=float, copy=True)
    for parent in parents_upwards(nodes):
        under = [at for at, one in enumerate(above) if above[one] == parent]
        children = [one for one in above if above[one] == parent]
        stack = np.column_stack([columns[one] for one in children])
        if weigh is not None:
            weights[under] = _weighed(weigh, stack, nodes.index[under], parent)
        enough = (~np.isnan(stack)).sum(axis=1) >= least[parent]
        chosen = NAMED.get(own[parent], aggregate)
        mean = chosen(stack, weights[under])
        columns[parent] = np.where(enough, mean, np.nan)
    table = pd.DataFrame({one: columns[one] for one in nodes.index}, index=values.index)
    return Scores(
        scores=table,
        ranks=table.rank(ascending=False, method="average"),
        weights=pd.Series(weights, index=nodes.index, name="weight"),
    )


def unit_weights(scores: pd.DataFrame, tree: pd.DataFrame) -> pd.DataFrame:
    """
    Tell what every indicator weighs in the score of every unit.

    A unit of which something is unknown hands its weight to the siblings that are
    known, so that the same indicator can weigh more in one unit than in another.

    Parameters
    ----------
    scores
        Units x nodes as :func:`build` gives them.
    tree
        The tree of :func:`build`.

    Returns
    -------
    unit_weights
        Units x leaves, summing to 1 over each unit whose root is known, 0 where the
        leaf is unknown; NaN throughout where the root is unknown. Times the scores
        of the leaves they add up to the root, if :func:`arithmetic` made it.

    Raises
    ------
    DataError
        If the tree breaks its contract, as in :func:`build`.

    Examples
    --------
    >>> rows = [("a", "top", 1, "higher"), ("b", "top", 3, "higher"), ("top", None, 1, None)]
    >>> tree = pd.DataFrame(rows, columns=["id", "parent", "weight", "better"])
    >>> scores = pd.DataFrame({"a": [50.0, 80.0], "b": [10.0, None], "top": [20.0, 80.0]})
    >>> unit_weights(scores, tree)
          a     b
    0  0.25  0.75
    1  1.00  0.00
    """
    nodes = checked_tree(tree, scores)
    schema.check_columns(scores, nodes.index, name="scores")
    schema.check_unique(scores.columns, name="scores: columns")
    root = nodes.index[nodes["parent"].isna()][0]
    known = {one: scores[one].notna().to_numpy() for one in nodes.index}
    weights = {root: known[root].astype(float)}
    above, own = nodes["parent"].to_dict(), nodes["weight"].to_dict()
    for parent in reversed(parents_upwards(nodes)):
        parts = {one: known[one] * own[one] for one in own if above[one] == parent}
        total = np.sum(list(parts.values()), axis=0)
        total = np.where(total > 0, total, 1.0)
        weights |= {one: weights[parent] * (part / total) for one, part in parts.items()}
    told = {one: np.where(known[root], weights[one], np.nan) for one in leaves_of(nodes)}
    return pd.DataFrame(told, index=scores.index)


def _weighed(weigh: Weigh, stack: Array, children: pd.Index, parent: str) -> Array:
    """Weigh siblings by their scores; an only child needs none."""
    if len(children) == 1:
        return np.ones(1)
    weights = weigh(pd.DataFrame(stack, columns=children)).reindex(children).to_numpy(dtype=float)
    if not ((weights >= 0) & (weights < np.inf)).all() or not weights.sum() > 0:
        msg = f"weigh: no weights, or all 0, under {parent}"
        raise DataError(msg, ids=children)
    return weights / weights.sum()


def check_data(data: pd.DataFrame, leaves: list[str]) -> None:
    """
    Refuse indicators that are no numbers or infinite, and units that stand twice.

    Parameters
    ----------
    data
        Units x indicators.
    leaves
        The indicators that count.

    Raises
    ------
    DataError
        If there are any.
    """
    schema.check_unique(data.index, name="data")
    schema.floats_of(data[leaves], name="data")
