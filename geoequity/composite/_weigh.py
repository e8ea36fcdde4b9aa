"""
Schemes of weights.

Three kinds. What the scores themselves suggest is a function of scores, to be
given to `build` as ``weigh``: :func:`equal_weights`, :func:`component_weights`,
:func:`entropy_weights`. What people judge, :func:`analytic_hierarchy` and
:func:`budget_allocation`, is put on the tree by :func:`with_weights`. And
:func:`benefit_of_the_doubt` gives each unit weights of its own, so that it is an
aggregate: :func:`favourable` makes one for `build`.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize

from geoequity import schema
from geoequity.composite._aggregate import Aggregate, Array
from geoequity.composite._components import components
from geoequity.composite._tree import refuse
from geoequity.errors import DataError, DataWarning, shown

CONSISTENT = 0.1  # Saaty's limit of the consistency ratio
# Mean consistency index of random matrices of 1 to 15 things, after Saaty (1980)
_RANDOM = (0, 0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59)
_EXPLAINED = 0.6  # share of the variance that the factors kept must explain together
_OWN_SHARE = 0.1  # and each alone
_TURNS, _STILL = 1000, 1e-12  # of the rotation: at most, and when it has come to rest
_TOP = 100.0


def with_weights(tree: pd.DataFrame, weights: pd.Series) -> pd.DataFrame:
    """
    Put weights on a tree.

    Parameters
    ----------
    tree
        As :func:`build` takes it.
    weights
        By id of a node; only weights of siblings count against each other.

    Returns
    -------
    tree
        The same; nodes that are not named keep their weight.

    Raises
    ------
    DataError
        If weights of the tree are no numbers, or new ones are for nodes that are not in
        the tree, given twice, no numbers,
        negative or infinite.

    Examples
    --------
    >>> tree = pd.DataFrame({"id": ["a", "b"], "parent": ["r", "r"], "weight": [1.0, 1.0]})
    >>> with_weights(tree, pd.Series({"b": 3.0}))["weight"].tolist()
    [1.0, 3.0]
    """
    schema.check_columns(tree, ["id", "weight"], name="tree")
    schema.check_unique(weights.index, name="weights")
    schema.check_non_negative(weights, name="weights")
    refuse("weights", {"not in the tree": weights.index.difference(pd.Index(tree["id"]))})
    given = tree["id"].map(weights.astype(float)).astype(float)
    kept = schema.floats_of(tree[["weight"]], name="tree")["weight"]
    return tree.assign(weight=given.where(tree["id"].isin(weights.index), kept))


def equal_weights(scores: pd.DataFrame) -> pd.Series:
    """
    Weigh all alike.

    Parameters
    ----------
    scores
        Units x children of one parent.

    Returns
    -------
    weights
        One over the number of children.

    Examples
    --------
    >>> equal_weights(pd.DataFrame({"a": [1.0], "b": [2.0]})).tolist()
    [0.5, 0.5]
    """
    number = scores.shape[1]
    return pd.Series(1.0 / number if number else np.nan, index=scores.columns, name="weight")


def component_weights(scores: pd.DataFrame, *, factors: int | None = None) -> pd.Series:
    """
    Weigh by what each indicator makes of the factors that run through all.

    The weights say nothing of importance: what goes its own way weighs little.
    Factors are rotated by varimax; an indicator belongs to the factor of which it
    makes the largest part, and weighs as its squared loading on it [1]_.

    Parameters
    ----------
    scores
        Units x children of one parent; units unknown in any that varies are left
        out.
    factors
        How many factors are kept. By default those with an eigenvalue above 1
        that explain more than a tenth of the variance, and as many more as it
        takes to explain 60 % together.

    Returns
    -------
    weights
        Summing to 1; 0 for children that are unknown or the same everywhere.

    Raises
    ------
    DataError
        If no child varies, fewer than 3 units are known in all that do, or there
        are not as many factors.

    References
    ----------
    .. [1] OECD/JRC (2008). Handbook on Constructing Composite Indicators, step 6
       (weights based on principal components analysis or factor analysis), after
       Nicoletti, Scarpetta and Boylaud (2000). DOI 10.1787/9789264043466-en.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [1.0, 2.0, 3.0, 4.0]})
    >>> component_weights(scores.assign(c=[1.0, -1.0, -1.0, 1.0])).round(9).tolist()
    [0.5, 0.5, 0.0]
    """
    varied = _varied(schema.floats_of(scores, name="scores"), name="component weights")
    found = components(varied)
    kept = _kept(found.eigenvalues.to_numpy()) if factors is None else factors
    if not 1 <= kept <= varied.shape[1]:
        msg = f"component weights: from 1 to {varied.shape[1]} factors, not {kept}"
        raise DataError(msg)
    squared = _varimax(found.loadings.to_numpy()[:, :kept]) ** 2
    part = squared / squared.sum(axis=0)
    weight = squared[np.arange(len(squared)), part.argmax(axis=1)]
    return _shares(pd.Series(weight, index=varied.columns), scores)


def entropy_weights(scores: pd.DataFrame) -> pd.Series:
    """
    Weigh by how unevenly units share an indicator.

    What tells units apart weighs most, whether or not it matters.

    Parameters
    ----------
    scores
        Units x children of one parent, not negative; NaN = unknown, left out.

    Returns
    -------
    weights
        One less Shannon's entropy of the units' shares, over the logarithm of
        their number, summing to 1 [1]_; 0 for children that are unknown or the
        same everywhere.

    Raises
    ------
    DataError
        If a score is no number, infinite or negative, or no child varies.

    References
    ----------
    .. [1] Shannon, C. E. (1948). Bell System Technical Journal 27, 379-423; as a
       scheme of weights, Hwang, C. L. and Yoon, K. (1981). Multiple Attribute
       Decision Making. Springer.

    Examples
    --------
    >>> entropy_weights(pd.DataFrame({"a": [0.0, 100.0], "b": [50.0, 50.0]})).tolist()
    [1.0, 0.0]
    """
    scores = schema.floats_of(scores, name="scores")
    refuse("entropy weights", {"negative scores": scores.columns[(scores < 0).any()]})
    varied = _varied(scores, name="entropy weights")
    part = varied / varied.sum()
    surprise = -(part * np.log(part.where(part > 0, 1.0))).sum()
    return _shares(1 - surprise / np.log(varied.notna().sum()), scores)


@dataclass(frozen=True, kw_only=True)
class BenefitOfTheDoubt:
    """
    Scores under the weights that suit each unit best.

    Parameters
    ----------
    scores
        One a unit, 0-100: 100 where no other unit does better under the unit's
        own weights; NaN where nothing is known.
    weights
        Units x children: the weights, per point of a score, times 100; one of
        the best sets where several are as good. NaN = unknown.
    shares
        Units x children: share of each child in the unit's score, summing to 1;
        NaN where unknown, or where the unit scores 0.
    """

    scores: pd.Series
    weights: pd.DataFrame
    shares: pd.DataFrame


def benefit_of_the_doubt(
    scores: pd.DataFrame,
    *,
    weights: pd.Series | None = None,
    low: float = 0.0,
    high: float = np.inf,
) -> BenefitOfTheDoubt:
    """
    Give each unit the weights under which it does best against the others.

    Nobody can blame the weights for a low score then; without bounds, being best
    in one thing is enough to score 100.

    Parameters
    ----------
    scores
        Units x children, not negative. A unit is compared, over what is known of
        it, with the units of which as much is known.
    weights
        Usual weight of each child, to which the bounds relate; alike by default.
    low
        Least share of a child in a unit's score, in multiples of its weight.
    high
        Largest share.

    Returns
    -------
    found
        Scores, weights and shares of every unit. A unit that scores 0 where a
        share is demanded scores 0.

    Raises
    ------
    DataError
        If a score is no number, infinite or negative, the weights are not about the
        children, negative, unknown or all 0, or the bounds do not hold 1 between them.

    Notes
    -----
    A linear program for each unit [1]_: the largest weighted sum such that no
    peer's exceeds 1; bounds are on the shares of the unit's own sum.

    References
    ----------
    .. [1] Cherchye, L., Moesen, W., Rogge, N. and Van Puyenbroeck, T. (2007). An
       introduction to 'benefit of the doubt' composite indicators. Social
       Indicators Research 82, 111-145. DOI 10.1007/s11205-006-9029-7.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [100.0, 50.0, 50.0], "b": [50.0, 100.0, 50.0]})
    >>> benefit_of_the_doubt(table).scores.round(6).tolist()
    [100.0, 100.0, 66.666667]
    """
    scores = schema.floats_of(scores, name="scores")
    refuse("benefit of the doubt", {"negative scores": scores.columns[(scores < 0).any()]})
    if not 0 <= low <= 1 <= high:
        msg = f"benefit of the doubt: bounds must hold 1 between them, not {low} to {high}"
        raise DataError(msg)
    usual = pd.Series(1.0, index=scores.columns) if weights is None else weights
    schema.check_same_index(scores.T, usual, names=("children", "weights"))
    schema.check_non_negative(usual, name="weights")
    refuse("weights", {"negative, infinite or unknown": usual.index[~usual.between(0, 1e300)]})
    if not usual.sum() > 0:
        msg = "weights: all are 0"
        raise DataError(msg)
    table = scores.to_numpy(float)
    known = ~np.isnan(table)
    best = np.full(len(table), np.nan)
    chosen = np.full(table.shape, np.nan)
    for unit, here in enumerate(known):
        share = usual.to_numpy(float)[here]
        if share.sum() > 0:
            peers = table[known[:, here].all(axis=1)][:, here]
            share = share / share.sum()
            chosen[unit, here] = _best_weights(table[unit, here], peers, low * share, high * share)
            best[unit] = _TOP * min(float(table[unit, here] @ chosen[unit, here]), 1.0)
    amount = chosen * table
    total = amount.sum(axis=1, where=known, keepdims=True)
    shares = np.divide(amount, total, out=np.full(table.shape, np.nan), where=total > 0)
    framed = {"index": scores.index, "columns": scores.columns}
    return BenefitOfTheDoubt(
        scores=pd.Series(best, index=scores.index, name="score"),
        weights=pd.DataFrame(_TOP * chosen, **framed),
        shares=pd.DataFrame(shares, **framed),
    )


def favourable(*, low: float = 0.0, high: float = np.inf) -> Aggregate:
    """
    Make an aggregate for `build` of the benefit of the doubt.

    Parameters
    ----------
    low
        Least share of a child in a unit's score, in multiples of its weight.
    high
        Largest share.

    Returns
    -------
    aggregate
        Function of values and weights, as :func:`benefit_of_the_doubt` with its
        refusals.

    Examples
    --------
    >>> favourable()(np.array([[80.0, 20.0], [40.0, 10.0]]), np.ones(2)).tolist()
    [100.0, 50.0]
    """

    def aggregate(values: Array, weights: Array) -> Array:
        found = benefit_of_the_doubt(
            pd.DataFrame(values), weights=pd.Series(weights), low=low, high=high
        )
        return found.scores.to_numpy()

    return aggregate


@dataclass(frozen=True, kw_only=True)
class Hierarchy:
    """
    Weights from judgements in pairs.

    Parameters
    ----------
    weights
        Weight of each thing, summing to 1.
    eigenvalue
        Principal eigenvalue; the number of things if nothing is contradicted.
    consistency_ratio
        0 where judgements agree with each other, 1 where they might as well be
        drawn by lot; up to 0.1 is taken to be consistent.
    """

    weights: pd.Series
    eigenvalue: float
    consistency_ratio: float


def analytic_hierarchy(pairs: pd.DataFrame) -> Hierarchy:
    """
    Weigh by judgements of which of two things matters more, and how much.

    Parameters
    ----------
    pairs
        Things x the same things: how many times as much the row matters as the
        column, by Saaty's scale from 1/9 to 9.

    Returns
    -------
    hierarchy
        Principal eigenvector and consistency ratio [1]_.

    Raises
    ------
    DataError
        If rows and columns differ, there are more than 15 things, a judgement is no
        number, unknown, infinite or not above 0, or two opposite ones do not multiply to 1.

    Warns
    -----
    DataWarning
        If the consistency ratio exceeds 0.1: the judgements contradict each other.

    References
    ----------
    .. [1] Saaty, T. L. (1980). The Analytic Hierarchy Process. McGraw-Hill.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [1.0, 1 / 3], "b": [3.0, 1.0]}, index=["a", "b"])
    >>> analytic_hierarchy(table).weights.round(9).tolist()
    [0.75, 0.25]
    """
    schema.check_unique(pairs.index, name="pairs")
    if not pairs.index.equals(pairs.columns) or not 1 <= len(pairs) <= len(_RANDOM):
        msg = f"pairs: a square of 1 to {len(_RANDOM)} things, rows and columns alike"
        raise DataError(msg)
    judged = schema.floats_of(pairs, name="pairs").to_numpy()
    positive = judged > 0
    # Written with two digits, 1/3 and 3 need not quite multiply to 1
    odd = positive & positive.T & ~np.isclose(judged * judged.T, 1.0, rtol=0.02)
    refuse(
        "pairs",
        {
            "not above 0": _cells(~positive, pairs.index),
            "not the reciprocal of its opposite": _cells(np.triu(odd), pairs.index),
        },
    )
    values, vectors = np.linalg.eig(judged)
    largest = int(values.real.argmax())
    eigenvalue, number = float(values[largest].real), len(pairs)
    weights = np.abs(vectors[:, largest].real)
    random = _RANDOM[number - 1]
    ratio = max(eigenvalue - number, 0.0) / (number - 1) / random if random else 0.0
    if ratio > CONSISTENT:
        msg = f"pairs contradict each other: consistency ratio {ratio:.2f}, above {CONSISTENT}"
        warnings.warn(DataWarning(msg, ids=pairs.index), stacklevel=2)
    return Hierarchy(
        weights=pd.Series(weights / weights.sum(), index=pairs.index, name="weight"),
        eigenvalue=eigenvalue,
        consistency_ratio=ratio,
    )


@dataclass(frozen=True, kw_only=True)
class Budget:
    """
    Weights from points that a panel gave.

    Parameters
    ----------
    weights
        Mean share of each indicator, summing to 1.
    spread
        Standard deviation of the shares between panellists; NaN with only one.
    least
        Smallest share that a panellist gave.
    most
        Largest share.
    """

    weights: pd.Series
    spread: pd.Series
    least: pd.Series
    most: pd.Series


def budget_allocation(points: pd.DataFrame) -> Budget:
    """
    Weigh by how a panel spends its points.

    Every panellist counts alike, however many points each had.

    Parameters
    ----------
    points
        Panellists x indicators, not negative.

    Returns
    -------
    budget
        Mean shares, and how far the panel agrees [1]_.

    Raises
    ------
    DataError
        If nobody was asked, points are no numbers, negative, infinite or unknown, or
        somebody gave none.

    References
    ----------
    .. [1] OECD/JRC (2008). Handbook on Constructing Composite Indicators, step 6
       (budget allocation process). DOI 10.1787/9789264043466-en.

    Examples
    --------
    >>> points = pd.DataFrame({"a": [60.0, 40.0], "b": [40.0, 60.0]})
    >>> budget_allocation(points).weights.tolist()
    [0.5, 0.5]
    """
    if points.empty:
        msg = "points: no panellists, or no indicators"
        raise DataError(msg)
    points = schema.floats_of(points, name="points")
    given = points >= 0
    refuse(
        "points",
        {
            "negative or unknown from": points.index[~given.all(axis=1)],
            "none from": points.index[given.all(axis=1) & (points.sum(axis=1) == 0)],
        },
    )
    share = points.div(points.sum(axis=1), axis=0)
    return Budget(
        weights=share.mean().rename("weight"),
        spread=share.std(),
        least=share.min(),
        most=share.max(),
    )


def _varied(scores: pd.DataFrame, *, name: str) -> pd.DataFrame:
    """Keep the children in which units differ; refuse where there is none."""
    varied = scores.loc[:, scores.min() < scores.max()]
    if varied.empty:
        msg = f"{name}: units do not differ in {shown(scores.columns)}"
        raise DataError(msg, ids=scores.columns)
    return varied


def _shares(weight: pd.Series, scores: pd.DataFrame) -> pd.Series:
    """Make weights sum to one, nothing for the children that have none."""
    return (weight / weight.sum()).reindex(scores.columns, fill_value=0.0).rename("weight")


def _kept(eigenvalues: Array) -> int:
    """Count the factors that the Handbook keeps."""
    share = eigenvalues / eigenvalues.sum()
    alone = int(((eigenvalues > 1) & (share > _OWN_SHARE)).sum())
    together = int(np.searchsorted(share.cumsum(), _EXPLAINED, side="right")) + 1
    return min(max(alone, together), len(eigenvalues))


def _varimax(loadings: Array) -> Array:
    """Rotate factors so that each indicator loads on few, rows scaled alike after Kaiser."""
    length = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    scaled = np.divide(loadings, length, out=np.zeros_like(loadings), where=length > 0)
    turn, reached = np.eye(loadings.shape[1]), 0.0
    for _ in range(_TURNS):
        turned = scaled @ turn
        pull = scaled.T @ (turned**3 - turned * (turned**2).mean(axis=0))
        left, strength, right = np.linalg.svd(pull)
        turn = left @ right
        if strength.sum() <= reached * (1 + _STILL):
            break
        reached = float(strength.sum())
    return loadings @ turn


def _best_weights(mine: Array, peers: Array, low: Array, high: Array) -> Array:
    """Solve the linear program of one unit."""
    peak = peers.max(axis=0)
    scale = np.where(peak > 0, peak, 1.0)
    own = mine / scale  # of like size, which solvers need
    shares = [np.outer(bound, own) - np.diag(own) for bound in (low, np.minimum(high, 1.0))]
    found = optimize.linprog(
        -own,
        A_ub=np.vstack([peers / scale, shares[0], -shares[1]]),
        b_ub=np.concatenate([np.ones(len(peers)), np.zeros(2 * len(own))]),
        method="highs",
    )
    return np.asarray(found.x) / scale


def _cells(which: Array, names: pd.Index) -> list[str]:
    """Name the cells of a square."""
    return [f"{names[row]} / {names[column]}" for row, column in np.argwhere(which)]
