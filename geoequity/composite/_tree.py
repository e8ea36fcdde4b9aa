"""The tree of an index: checked, and walked from the leaves up."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from geoequity import schema
from geoequity.composite._aggregate import NAMED
from geoequity.errors import DataError, shown


def checked_tree(tree: pd.DataFrame, data: pd.DataFrame) -> pd.DataFrame:
    """
    Refuse a broken tree; index it by id, weights of siblings summing to one.

    Parameters
    ----------
    tree
        As :func:`geoequity.composite.build` takes it.
    data
        What the leaves must be columns of.

    Returns
    -------
    nodes
        The tree by id, ``min_known`` filled in, and ``aggregate`` there.

    Raises
    ------
    DataError
        If it breaks its contract.
    """
    schema.check_unique(tree.columns, name="tree: columns")
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
    inside = set(nodes.index)
    lost = [one for one, above in parent.dropna().items() if above not in inside]
    leaves = leaves_of(nodes)
    better = nodes["better"].isin(["higher", "lower"]).to_dict()
    needed = nodes.get("min_known", pd.Series(np.nan, index=nodes.index))
    own = nodes.get("aggregate", pd.Series(None, index=nodes.index, dtype=object))
    refuse(
        "tree",
        {
            "more than one root": roots if len(roots) > 1 else [],
            "parent is not in the tree": lost,
            "in a circle": sorted(inside.difference(_downwards(nodes, [*roots, *lost]))),
            "no column": sorted(set(leaves).difference(data.columns)),
            "better is neither higher nor lower": [one for one in leaves if not better[one]],
            "weight negative, infinite or unknown": nodes.index[
                ~((weight >= 0) & (weight < np.inf))
            ],
            "all weights are 0 under": parent[sums == 0].unique(),
            "min_known is no number": nodes.index[
                needed.notna() & pd.to_numeric(needed, errors="coerce").isna()
            ],
            "aggregate is unknown": nodes.index[own.notna() & ~own.isin(list(NAMED))],
        },
    )
    nodes["weight"] = (weight / sums).where(parent.notna(), 1.0)
    return nodes.assign(min_known=pd.to_numeric(needed).fillna(1.0), aggregate=own.astype(object))


def refuse(name: str, faults: Mapping[str, Sequence[str] | pd.Index]) -> None:
    """
    Raise one error that names every fault and whose it is.

    Parameters
    ----------
    name
        What is at fault.
    faults
        Fault -> ids that have it; nothing is raised where none has any.

    Raises
    ------
    DataError
        If any id has a fault.
    """
    found = {fault: list(ids) for fault, ids in faults.items() if len(ids)}
    if found:
        msg = f"{name}: {'; '.join(f'{fault}: {shown(ids)}' for fault, ids in found.items())}"
        raise DataError(msg, ids=dict.fromkeys(one for ids in found.values() for one in ids))


def leaves_of(nodes: pd.DataFrame) -> list[str]:
    """
    List what has no child.

    Parameters
    ----------
    nodes
        From :func:`checked_tree`.

    Returns
    -------
    leaves
        In the order of the tree.
    """
    parents = set(nodes["parent"])
    return [one for one in nodes.index if one not in parents]


def leaves_under(nodes: pd.DataFrame) -> dict[str, list[str]]:
    """
    List the leaves below every parent.

    Parameters
    ----------
    nodes
        From :func:`checked_tree`.

    Returns
    -------
    leaves
        Parent -> leaves in the order of the tree; the root last.
    """
    leaves = set(leaves_of(nodes))
    ways = {one: way for one, way in ways_up(nodes).items() if one in leaves}
    return {
        parent: [one for one, way in ways.items() if parent in way]
        for parent in parents_upwards(nodes)
    }


def ways_up(nodes: pd.DataFrame) -> dict[str, list[str]]:
    """
    List every node with what it hangs under.

    Parameters
    ----------
    nodes
        From :func:`checked_tree`.

    Returns
    -------
    ways
        Node -> the nodes from it to the root.
    """
    parent = {one: above for one, above in nodes["parent"].items() if pd.notna(above)}
    ways = {}
    for one in nodes.index:
        ways[one] = [one]
        while ways[one][-1] in parent:
            ways[one].append(parent[ways[one][-1]])
    return ways


def parents_upwards(nodes: pd.DataFrame) -> list[str]:
    """
    List parents so that each comes after the parents below it.

    Parameters
    ----------
    nodes
        From :func:`checked_tree`.

    Returns
    -------
    parents
        The root last.
    """
    parents = set(nodes["parent"].dropna())
    down = _downwards(nodes, nodes.index[nodes["parent"].isna()])
    return [one for one in reversed(down) if one in parents]


def _downwards(nodes: pd.DataFrame, level: Iterable[str]) -> list[str]:
    """List what hangs under some nodes, level by level; a circle hangs under nothing."""
    pairs = list(nodes["parent"].items())
    down, level = [], list(level)
    while level:
        down += level
        above = set(level)
        level = [one for one, parent in pairs if parent in above]
    return down
