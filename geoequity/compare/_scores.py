"""Scores of two studies on the indicators that both have, and what error does to them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from geoequity import composite, typology
from geoequity.compare._error import Z, shared_error
from geoequity.compare._pair import Pair
from geoequity.compare._sources import Sources
from geoequity.indicators import Definition
from geoequity.judgement import AGGREGATES, ROOT, make_tree, with_areas
from geoequity.schema import AREAS, PILLARS
from geoequity.study import Study

NODES = (ROOT, *PILLARS, *AREAS)
_STEP = 1.0  # point, of a score, to find what it moves


@dataclass(frozen=True, kw_only=True)
class Scored:
    """
    Two studies on the same indicators.

    Parameters
    ----------
    old
        Districts x nodes (index, pillars, areas), 0-100.
    new
        The same later.
    leaves_old
        Districts x indicators, 0-100, of those that count at both dates.
    leaves_new
        The same later.
    pull
        By node: districts x indicators, points that it moves for a point of
        the indicator.
    error_old
        Districts x nodes: standard error of what was measured anew since.
    error_new
        The same later, the map's included.
    set_effect
        By district: change of the index that the changed set of indicators makes.
    types
        Type of each district at the two dates; None where none is stated.
    set_changed
        Whether an indicator counts at one date alone, in any district.
    """

    old: pd.DataFrame
    new: pd.DataFrame
    leaves_old: pd.DataFrame
    leaves_new: pd.DataFrame
    pull: dict[str, pd.DataFrame]
    error_old: pd.DataFrame
    error_new: pd.DataFrame
    set_effect: pd.Series
    types: tuple[pd.Series, pd.Series]
    set_changed: bool

    def error(self, node: str) -> pd.Series:
        """
        Add up the errors of both dates.

        Parameters
        ----------
        node
            Index, pillar or area.

        Returns
        -------
        error
            Standard error of its change, in points.
        """
        return np.hypot(self.error_old[node], self.error_new[node])

    def draws(self, node: str, *, rng: np.random.Generator, draws: int) -> list[np.ndarray]:
        """
        Draw a node's scores as error spreads them.

        Parameters
        ----------
        node
            Index, pillar or area.
        rng
            Source of randomness.
        draws
            How often.

        Returns
        -------
        drawn
            Draws x districts, at the two dates.
        """
        return [
            table[node].to_numpy()
            + error[node].to_numpy() * rng.standard_normal((draws, len(table)))
            for table, error in ((self.old, self.error_old), (self.new, self.error_new))
        ]


def scored(old: Study, new: Study, both: Pair, sources: Sources) -> Scored:
    """
    Score two studies on what both know, and carry error over to the scores.

    Error is carried by the slopes of the index on each indicator (delta
    method). Errors of one source are taken to go together, those of different
    sources to be independent.

    Parameters
    ----------
    old
        The earlier study.
    new
        The later one.
    both
        What they have in common.
    sources
        What changed in the data.

    Returns
    -------
    scored
        Scores, slopes and errors by district.
    """
    full = [one.scores.reindex(both.districts) for one in (old, new)]
    used = full[0].columns.intersection(full[1].columns, sort=False)
    known = full[0][used].notna() & full[1][used].notna()
    leaves = [one[used].where(known) for one in full]
    same = all(one.shape[1] == len(used) and one.notna().equals(known[one.columns]) for one in full)
    tree = make_tree(
        definitions_of(new.catalogue, used), present=used, weights=new.summary["method"]["weights"]
    )
    aggregate = aggregate_of(new)
    own = [one.districts.reindex(both.districts) for one in (old, new)]
    nodes = [one[list(NODES)].astype(float) for one in own]
    types = [one["type"].astype(object) for one in own]
    if not same:
        nodes = [nodes_of(one, tree, aggregate) for one in leaves]
        types = [_types(one, tree, study) for one, study in zip(leaves, (old, new), strict=True)]
    pull = _pull(leaves[1], tree, aggregate)
    errors = [_leaf_error(one, used, both, sources) for one in (old, new)]
    on_map = [one for one in used if sources.mapped[one]]
    moved = (leaves[1] - leaves[0])[on_map]
    map_error = shared_error(moved)
    whole = [one[ROOT].astype(float) for one in own]
    return Scored(
        old=nodes[0],
        new=nodes[1],
        leaves_old=leaves[0],
        leaves_new=leaves[1],
        pull=pull,
        error_old=_node_error(pull, errors[0], sources.group, None),
        error_new=_node_error(pull, errors[1], sources.group, map_error),
        set_effect=(whole[1] - whole[0]) - (nodes[1][ROOT] - nodes[0][ROOT]),
        types=(types[0], types[1]),
        set_changed=not same,
    )


def definitions_of(catalogue: pd.DataFrame, used: pd.Index) -> list[Definition]:
    """
    Read the definitions that a study was judged by back from its dictionary.

    Parameters
    ----------
    catalogue
        The dictionary of a study.
    used
        Indicators to read.

    Returns
    -------
    definitions
        What the tree of the index needs of them.
    """
    return [
        Definition(
            id=str(key),
            label={},
            unit=str(row["unit"]),
            better=row["better"],
            pillar=row["pillar"],
            area=row["area"],
            role=row["role"],
            family=row["family"],
            base=row["base"],
            scale=row["scale"],
            goalposts=None if pd.isna(row["worst"]) else (row["worst"], row["best"]),
        )
        for key, row in catalogue.loc[used].iterrows()
    ]


def as_they_are(scores: pd.DataFrame, better: pd.Series) -> pd.DataFrame:
    """
    Take scores for scores.

    Parameters
    ----------
    scores
        Units x indicators, 0-100.
    better
        By indicator in the tree.

    Returns
    -------
    scores
        The same, of those in the tree.
    """
    return scores[better.index]


def aggregate_of(study: Study) -> composite.Aggregate:
    """
    Choose the mean that a study made its index with.

    Parameters
    ----------
    study
        Any study.

    Returns
    -------
    aggregate
        As :func:`geoequity.composite.build` takes it.
    """
    return AGGREGATES[aggregation_of(study)]


def aggregation_of(study: Study) -> str:
    """
    Name the mean that a study made its index with.

    Parameters
    ----------
    study
        Any study.

    Returns
    -------
    aggregation
        A key of ``geoequity.judgement.AGGREGATES``.
    """
    said = study.summary["method"]["aggregation"].split()
    return next(key for key in AGGREGATES if key in said)


def nodes_of(
    leaves: pd.DataFrame, tree: pd.DataFrame, aggregate: composite.Aggregate
) -> pd.DataFrame:
    """
    Score index, pillars and areas from the scores of indicators.

    Parameters
    ----------
    leaves
        Units x indicators, 0-100.
    tree
        As :func:`geoequity.judgement.make_tree` gives it; may be empty.
    aggregate
        The mean.

    Returns
    -------
    nodes
        Units x nodes, 0-100; NaN = unknown.
    """
    if tree.empty:
        return pd.DataFrame(np.nan, index=leaves.index, columns=list(NODES))
    made = composite.build(leaves, tree, normalise=as_they_are, aggregate=aggregate).scores
    return with_areas(made, aggregate)[list(NODES)]


def _types(leaves: pd.DataFrame, tree: pd.DataFrame, study: Study) -> pd.Series:
    """Name the types again, where the indicators are no longer those of the study."""
    method = study.summary["method"]
    none = pd.Series([None] * len(leaves), index=leaves.index, dtype=object)
    if method["basis"] != "absolute" or not set(PILLARS) <= set(tree["id"]):
        return none
    drawn = composite.robustness(
        leaves,
        tree,
        pool=composite.Pool(
            normalise=[as_they_are],
            weights=tuple(method["weights_range"]),
            aggregate={aggregation_of(study): aggregate_of(study)} | AGGREGATES,
        ),
        draws=method["draws"],
        rng=np.random.default_rng(method["seed"]),
        sobol=0,
    ).draws
    probability = typology.probabilities(
        *(drawn[one] for one in PILLARS), threshold=method["threshold"], index=leaves.index
    )
    return typology.types(probability, min_probability=method["min_probability"])


def _pull(
    leaves: pd.DataFrame, tree: pd.DataFrame, aggregate: composite.Aggregate
) -> dict[str, pd.DataFrame]:
    """Find how many points each node moves for a point of each indicator."""
    if leaves.columns.empty:
        return dict.fromkeys(NODES, leaves)
    bumped = [leaves.assign(**{one: leaves[one] + _STEP}) for one in leaves.columns]
    moved = nodes_of(pd.concat(bumped, ignore_index=True), tree, aggregate)
    base = nodes_of(leaves, tree, aggregate)
    shape = (len(leaves.columns), len(leaves))
    return {
        node: pd.DataFrame(
            moved[node].to_numpy().reshape(shape).T, index=leaves.index, columns=leaves.columns
        )
        .sub(base[node], axis=0)
        .div(_STEP)
        .fillna(0.0)
        for node in NODES
    }


def _leaf_error(study: Study, used: pd.Index, both: Pair, sources: Sources) -> pd.DataFrame:
    """Turn the intervals of what was measured anew into standard errors of scores."""
    errors = pd.DataFrame(0.0, index=both.districts, columns=used)
    known = study.intervals.dropna(subset=["low", "high"])
    for key, mine in known.groupby("indicator"):
        if key not in used or sources.unchanged[str(key)]:
            continue
        worst, best = study.catalogue.loc[key, ["worst", "best"]]
        ends = mine.set_index("unit_id")[["low", "high"]].astype(float)
        points = (100 * (ends - worst) / (best - worst)).clip(0.0, 100.0)
        half = (points["high"] - points["low"]).abs() / 2
        errors[key] = (half / Z).reindex(both.districts).fillna(0.0)
    return errors


def _node_error(
    pull: Mapping[str, pd.DataFrame],
    errors: pd.DataFrame,
    group: Mapping[str, str],
    map_error: pd.Series | None,
) -> pd.DataFrame:
    """Add the errors of indicators up: in step within a source, by squares over sources."""
    of = pd.Series({one: group[one] for one in errors.columns}, dtype=object)
    found = {}
    for node, slopes in pull.items():
        parts = (slopes.abs() * errors).T.groupby(of).sum().T
        squares = (parts**2).sum(axis=1)
        if map_error is not None and len(map_error):
            squares += (slopes[map_error.index].abs() @ map_error) ** 2
        found[node] = np.sqrt(squares)
    return pd.DataFrame(found, index=errors.index)
