"""Look into an index: what repeats what, what holds together, what really counts."""

import warnings
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from geoequity import schema
from geoequity.composite._aggregate import Array
from geoequity.composite._components import Components, components
from geoequity.composite._tree import (
    checked_tree,
    leaves_of,
    leaves_under,
    refuse,
    ways_up,
)
from geoequity.errors import DataError

METHODS = ("pearson", "spearman", "kendall")
REDUNDANT = 0.9
_FEWEST = 3  # units under which a correlation says nothing
_BENT = 5  # different values under which no curve is drawn through them


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """
    How far indicators measure one thing.

    Parameters
    ----------
    alpha
        Cronbach's alpha: 1 where all say the same, 0 where they have nothing to
        do with each other, below where they contradict each other; NaN under two
        indicators that vary.
    without
        Alpha of the others, by indicator left out: where it is higher, the
        indicator does not belong.
    """

    alpha: float
    without: pd.Series


@dataclass(frozen=True, kw_only=True)
class Audit:
    """
    What holds an index together.

    Parameters
    ----------
    pairs
        As :func:`related_pairs`.
    reliability
        Parent id -> Cronbach's alpha of the leaves under it.
    components
        Principal components of the leaves that vary; None where fewer than 3
        units are known in all of them.
    weights
        As :func:`effective_weights`.
    """

    pairs: pd.DataFrame
    reliability: dict[str, Reliability]
    components: Components | None
    weights: pd.DataFrame


def audit(
    scores: pd.DataFrame,
    tree: pd.DataFrame,
    *,
    method: str = "pearson",
    redundant: float = REDUNDANT,
) -> Audit:
    """
    Look into an index with all that is here.

    Parameters
    ----------
    scores
        Units x nodes as :func:`build` gives them.
    tree
        The tree of :func:`build`, with the weights that were used.
    method
        ``pearson``, ``spearman`` or ``kendall``.
    redundant
        Correlation from which two leaves are redundant.

    Returns
    -------
    audit
        Correlations, reliability, components and effective weights.

    Raises
    ------
    DataError
        As :func:`related_pairs` and :func:`effective_weights`.

    Examples
    --------
    >>> tree = pd.DataFrame(
    ...     {"id": ["a", "b", "r"], "parent": ["r", "r", None], "weight": 1.0, "better": "higher"}
    ... )
    >>> scores = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [2.0, 4.0, 6.0], "r": [1.5, 3.0, 4.5]})
    >>> found = audit(scores, tree)
    >>> found.pairs["redundant"].tolist(), round(found.reliability["r"].alpha, 3)
    ([True], 0.889)
    """
    nodes = checked_tree(tree, scores)
    leaves = schema.floats_of(scores[leaves_of(nodes)], name="scores")
    # The units must be known in what varies only, not in what was never measured
    varied = leaves.loc[:, leaves.min() < leaves.max()]
    known = varied.dropna()
    told = len(known) >= _FEWEST and bool((known.min() < known.max()).all())
    return Audit(
        pairs=_related(scores, nodes, method=method, redundant=redundant),
        reliability={
            parent: _reliability(leaves[under]) for parent, under in leaves_under(nodes).items()
        },
        components=components(varied) if told and varied.shape[1] else None,
        weights=_effective(scores, nodes),
    )


def correlations(scores: pd.DataFrame, *, method: str = "pearson") -> pd.DataFrame:
    """
    Correlate indicators two by two.

    Parameters
    ----------
    scores
        Units x indicators; NaN = unknown: each two are compared over the units
        known in both.
    method
        ``pearson``, ``spearman`` or ``kendall`` (tau-b).

    Returns
    -------
    correlations
        Indicators x indicators, -1 to 1; NaN where fewer than 3 units are known
        in both, or all are alike in one.

    Raises
    ------
    DataError
        If there is no such method, or an indicator is no number or infinite.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [9.0, 4.0, 1.0]})
    >>> correlations(scores, method="spearman").loc["a", "b"].round(9)
    np.float64(-1.0)
    """
    if method not in METHODS:
        msg = f"method: {', '.join(METHODS)}, not {method!r}"
        raise DataError(msg)
    known = schema.floats_of(scores, name="scores")
    with np.errstate(invalid="ignore", divide="ignore"):
        return known.corr(method=method, min_periods=_FEWEST)


def related_pairs(
    scores: pd.DataFrame,
    tree: pd.DataFrame,
    *,
    method: str = "pearson",
    redundant: float = REDUNDANT,
) -> pd.DataFrame:
    """
    Tell of every two leaves of a tree how they go together, and whether they should.

    Parameters
    ----------
    scores
        Units x nodes as :func:`build` gives them, of which the leaves are used.
    tree
        The tree of :func:`build`.
    method
        ``pearson``, ``spearman`` or ``kendall``.
    redundant
        Correlation from which two leaves say the same.

    Returns
    -------
    pairs
        Columns ``one``, ``other``, ``shared`` (the nearest node above both),
        ``siblings``, ``units`` (known in both), ``correlation`` (NaN as in
        :func:`correlations`), ``redundant``, and ``conflicting``: siblings of
        which one gets worse as the other gets better, so that their parent
        hides both. The closest first.

    Raises
    ------
    DataError
        If the tree breaks its contract, as in :func:`build`, there is no such
        method, or `redundant` is not within 0-1.

    Examples
    --------
    >>> tree = pd.DataFrame(
    ...     {"id": ["a", "b", "r"], "parent": ["r", "r", None], "weight": 1.0, "better": "higher"}
    ... )
    >>> scores = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [9.0, 4.0, 1.0]})
    >>> related_pairs(scores, tree)["conflicting"].tolist()
    [True]
    """
    nodes = checked_tree(tree, scores)
    return _related(scores, nodes, method=method, redundant=redundant)


def _related(
    scores: pd.DataFrame, nodes: pd.DataFrame, *, method: str, redundant: float
) -> pd.DataFrame:
    """Do what :func:`related_pairs` does, on a tree that is checked."""
    if not 0 <= redundant <= 1:
        msg = f"redundant: a correlation from 0 to 1, not {redundant}"
        raise DataError(msg)
    leaves = leaves_of(nodes)
    table = correlations(scores[leaves], method=method).to_numpy()
    known = scores[leaves].notna().to_numpy().astype(int)
    ways = ways_up(nodes)
    both = np.array(list(combinations(range(len(leaves)), 2)), dtype=int).reshape(-1, 2)
    at, to = both.T
    parent = nodes.loc[leaves, "parent"].to_numpy(dtype=object)
    pairs = pd.DataFrame(
        {
            "one": np.array(leaves, dtype=object)[at],
            "other": np.array(leaves, dtype=object)[to],
            "shared": [
                next(node for node in ways[leaves[one]] if node in ways[leaves[other]])
                for one, other in both
            ],
            "siblings": (parent[at] == parent[to]).astype(bool),
            "units": (known.T @ known)[at, to],
            "correlation": table[at, to],
        }
    )
    pairs = pairs.assign(
        redundant=pairs["correlation"] >= redundant,
        conflicting=pairs["siblings"] & (pairs["correlation"] < 0),
    )
    return pairs.sort_values("correlation", ascending=False, kind="stable", ignore_index=True)


def cronbach_alpha(scores: pd.DataFrame) -> Reliability:
    """
    Measure how far indicators measure one thing.

    A high alpha is no proof that they do: many indicators make it high, too.

    Parameters
    ----------
    scores
        Units x indicators, on one scale; NaN = unknown: variances and covariances
        are those of the units known. Indicators in which all are alike count
        nothing.

    Returns
    -------
    reliability
        Cronbach's alpha [1]_, and that of the others for each left out.

    Raises
    ------
    DataError
        If an indicator is no number or infinite.

    References
    ----------
    .. [1] Cronbach, L. J. (1951). Coefficient alpha and the internal structure of
       tests. Psychometrika 16, 297-334. DOI 10.1007/BF02310555.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0]})
    >>> cronbach_alpha(scores).alpha
    1.0
    """
    return _reliability(schema.floats_of(scores, name="scores"))


def _reliability(known: pd.DataFrame) -> Reliability:
    """Compute alpha, and that of the others for each left out."""
    varied = known.loc[:, known.min() < known.max()]
    table = varied.cov(min_periods=_FEWEST).to_numpy()
    without = {
        one: _alpha(np.delete(np.delete(table, at, axis=0), at, axis=1))
        for at, one in enumerate(varied.columns)
    }
    return Reliability(
        alpha=_alpha(table),
        without=pd.Series(without, index=known.columns, dtype=float, name="alpha"),
    )


def global_weights(tree: pd.DataFrame) -> pd.Series:
    """
    Multiply weights up the tree: what each node counts for in the index.

    Parameters
    ----------
    tree
        The tree of :func:`build`.

    Returns
    -------
    weights
        By node; 1 at the root, those of the leaves summing to 1.

    Raises
    ------
    DataError
        If the tree breaks its contract, as in :func:`build`.

    Examples
    --------
    >>> tree = pd.DataFrame(
    ...     {"id": ["a", "b", "r"], "parent": ["r", "r", None], "weight": [3, 1, 1]}
    ... ).assign(better="higher")
    >>> global_weights(tree).tolist()
    [0.75, 0.25, 1.0]
    """
    schema.check_columns(tree, ["id"], name="tree")
    return _multiplied(checked_tree(tree, pd.DataFrame(columns=pd.Index(tree["id"]))))


def _multiplied(nodes: pd.DataFrame) -> pd.Series:
    """Do what :func:`global_weights` does, on a tree that is checked."""
    weight = nodes["weight"].to_dict()
    return pd.Series(
        [float(np.prod([weight[node] for node in way])) for way in ways_up(nodes).values()],
        index=nodes.index,
        name="weight",
    )


def effective_weights(
    scores: pd.DataFrame, tree: pd.DataFrame, *, curved: bool = False
) -> pd.DataFrame:
    """
    Measure what each leaf really counts for, against the weight it was given.

    Weights are exchange rates between scores, not importance: what varies little,
    or goes its own way, moves the index little whatever its weight [1]_.

    Parameters
    ----------
    scores
        Units x nodes as :func:`build` gives them; each leaf is set against the
        root over the units known in both.
    tree
        The tree of :func:`build`, with the weights that were used.
    curved
        Whether the index may depend on a leaf by a curve, drawn by smoothing
        splines [2]_, rather than by a straight line.

    Returns
    -------
    weights
        By leaf: ``nominal`` (weights multiplied up the tree), ``importance``
        (share of the variance of the index that goes with the leaf, 0-1:
        correlation ratio, or squared correlation), ``effective`` (the same, made
        to sum to 1 over the leaves), ``correlation`` with the index, which is
        negative where a leaf pulls the other way. NaN where all units are alike,
        or fewer than 3 are known; 5 different values where curved.

    Raises
    ------
    DataError
        If the tree breaks its contract, as in :func:`build`, or its root is no
        column of the scores.

    References
    ----------
    .. [1] Paruolo, P., Saisana, M. and Saltelli, A. (2013). Ratings and rankings:
       voodoo or science? J. R. Stat. Soc. A 176(3), 609-634.
       DOI 10.1111/j.1467-985X.2012.01059.x.
    .. [2] Becker, W., Saisana, M., Paruolo, P. and Vandecasteele, I. (2017). Weights
       and importance in composite indicators: closing the gap. Ecological
       Indicators 80, 12-22. DOI 10.1016/j.ecolind.2017.03.056.

    Examples
    --------
    >>> tree = pd.DataFrame(
    ...     {"id": ["a", "b", "r"], "parent": ["r", "r", None], "weight": 1.0, "better": "higher"}
    ... )
    >>> scores = pd.DataFrame({"a": [0.0, 0.0, 2.0, 2.0], "b": [0.0, 4.0, 0.0, 4.0]})
    >>> effective_weights(scores.assign(r=[0.0, 2.0, 1.0, 3.0]), tree)["effective"].tolist()
    [0.2, 0.8]
    """
    return _effective(scores, checked_tree(tree, scores), curved=curved)


def _effective(scores: pd.DataFrame, nodes: pd.DataFrame, *, curved: bool = False) -> pd.DataFrame:
    """Do what :func:`effective_weights` does, on a tree that is checked."""
    leaves = leaves_of(nodes)
    root = nodes.index[nodes["parent"].isna()]
    refuse("scores", {"no column": root.difference(scores.columns)})
    scores = schema.floats_of(scores[list(dict.fromkeys([*leaves, *root]))], name="scores")
    index = scores[root[0]]
    correlation = correlations(pd.concat([scores[leaves], index.rename("")], axis=1))
    correlation = correlation.iloc[:-1, -1].astype(float)
    importance = correlation**2
    if curved:
        importance = pd.Series({one: _correlation_ratio(scores[one], index) for one in leaves})
    return pd.DataFrame(
        {
            "nominal": _multiplied(nodes)[leaves],
            "importance": importance,
            "effective": importance / importance.sum(),
            "correlation": correlation,
        },
        index=pd.Index(leaves, name="id"),
    )


def profile(
    scores: pd.DataFrame, tree: pd.DataFrame, *, unit: str, reference: pd.Series | None = None
) -> pd.DataFrame:
    """
    List the strengths and weaknesses of a unit.

    Parameters
    ----------
    scores
        Units x nodes as :func:`build` gives them, of which the leaves are used.
    tree
        The tree of :func:`build`, with the weights that were used.
    unit
        The unit.
    reference
        Score of each leaf to compare with; by default the mean of the known units.

    Returns
    -------
    profile
        By leaf: ``score``, ``reference``, ``distance`` (score less reference, in
        points), ``weight`` (global), ``contribution`` (distance times weight: what
        the leaf adds to the index, or takes from it, where it is a weighted mean
        of leaves all known). The greatest strength first, the greatest weakness
        last before what is unknown.

    Raises
    ------
    DataError
        If the tree breaks its contract, as in :func:`build`, there is no such
        unit, or the reference lacks a leaf.

    Examples
    --------
    >>> tree = pd.DataFrame(
    ...     {"id": ["a", "b", "r"], "parent": ["r", "r", None], "weight": 1.0, "better": "higher"}
    ... )
    >>> scores = pd.DataFrame({"a": [0.0, 10.0], "b": [40.0, 0.0]}, index=["here", "there"])
    >>> profile(scores, tree, unit="here")["contribution"].tolist()
    [10.0, -2.5]
    """
    nodes = checked_tree(tree, scores)
    leaves = leaves_of(nodes)
    schema.check_unique(scores.index, name="scores")
    refuse("scores", {"no such unit": [] if unit in scores.index else [unit]})
    scores = schema.floats_of(scores[leaves], name="scores")
    usual = scores[leaves].mean() if reference is None else reference
    refuse("reference", {"lacks": pd.Index(leaves).difference(usual.index)})
    usual = schema.floats_of(usual[leaves].to_frame("reference"), name="reference")["reference"]
    table = pd.DataFrame(
        {
            "score": scores.loc[unit, leaves].astype(float),
            "reference": usual,
            "weight": _multiplied(nodes)[leaves],
        }
    )
    distance = table["score"] - table["reference"]
    table = table.assign(distance=distance, contribution=distance * table["weight"])
    ordered = table.sort_values("contribution", ascending=False, kind="stable")
    return ordered[["score", "reference", "distance", "weight", "contribution"]]


def _alpha(covariance: Array) -> float:
    """Compute Cronbach's alpha of a table of covariances."""
    number, total = len(covariance), float(covariance.sum())
    if number < 2 or not total > 0:  # noqa: PLR2004 - one alone agrees with nothing
        return float("nan")
    return number / (number - 1) * (1 - float(np.trace(covariance)) / total)


def _correlation_ratio(leaf: pd.Series, index: pd.Series) -> float:
    """Share of the variance of the index along a smooth curve over a leaf."""
    known = leaf.notna() & index.notna()
    groups = index[known].groupby(leaf[known])
    means, counts = groups.mean(), groups.size()
    variance = float(index[known].var(ddof=0))
    if len(means) < _BENT or not variance > 0:
        return float("nan")
    from scipy import interpolate  # noqa: PLC0415 - takes 10 MB

    place = means.index.to_numpy(float)
    # Over 0-1, lest the smoothing depend on the scale of scores
    place = (place - place[0]) / (place[-1] - place[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        curve = interpolate.make_smoothing_spline(place, means.to_numpy(), w=counts.to_numpy(float))
    drawn = curve(place)
    centre = np.average(drawn, weights=counts)
    return float(min(np.average((drawn - centre) ** 2, weights=counts) / variance, 1.0))
