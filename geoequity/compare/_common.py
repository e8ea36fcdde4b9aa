"""What several cities have in common: indicators of one meaning, and what stands on them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from geoequity.compare._pair import MEANING, RULES
from geoequity.compare._scores import aggregate_of, definitions_of, nodes_of
from geoequity.judgement import GOALPOSTS, ROOT, make_tree
from geoequity.schema import AREAS, PILLARS
from geoequity.study import Study
from geoequity.summary import people_of

_MEANING = (*MEANING, "base", "parameters")  # parameters: 500 m are not 400 m
FEWEST = 2  # cities that can be set side by side
UNSTATED = "unstated"  # why a city is not in: its own study does not state it
TOO_FEW = "too_few_shared"  # or what it shares with the others does not carry it
ALONE = "alone"  # or no second city has it
ONE_INDICATOR = "one_indicator"  # or one indicator is all there is of it


@dataclass(frozen=True, kw_only=True)
class Ground:
    """
    What cities stand on together, for the index, a pillar or an area.

    Parameters
    ----------
    node
        ``index``, a pillar or an area.
    cities
        Those that it is known of on the same indicators; none where fewer than two.
    indicators
        Those that all of them have, in the order of the catalogue.
    left_out
        City -> why it is not in.
    """

    node: str
    cities: tuple[str, ...]
    indicators: tuple[str, ...]
    left_out: Mapping[str, str]


def city_faults(studies: Iterable[Study], *, names: Sequence[str] | None = None) -> list[str]:
    """
    Find why studies cannot be set side by side.

    Parameters
    ----------
    studies
        Studies of cities.
    names
        What to call each, such as its folder; by default its city.

    Returns
    -------
    faults
        Every one, naming the studies: too few, twice the same city, made by
        several versions, judged by several rules, scores that are no goalposts'.
    """
    told = list(studies)
    called = list(names) if names is not None else [str(_id(one)) for one in told]
    faults = []
    if len(told) < FEWEST:
        faults.append(f"{len(told)} of them can be read, and it takes two cities to compare")
    for city, count in Counter(_id(one) for one in told).items():
        if count > 1:
            twice = [name for name, one in zip(called, told, strict=True) if _id(one) == city]
            faults.append(f"city: {city} stands in {', '.join(twice)}")
    versions = [str(one.summary["versions"].get("geoequity")) for one in told]
    faults += _differing("versions.geoequity", versions, called)
    for key in RULES:
        values = [str(one.summary["method"].get(key)) for one in told]
        faults += _differing(f"method.{key}", values, called)
    for name, one in zip(called, told, strict=True):
        said = str(one.summary["method"]["normalisation"])
        if GOALPOSTS not in said:
            faults.append(f"method.normalisation: {said} in {name}; cities need goalposts")
    return faults


def _id(study: Study) -> str:
    """Take the id of a city."""
    return str(study.summary["city"]["id"])


def _differing(key: str, values: Sequence[str], names: Sequence[str]) -> list[str]:
    """Name who differs from whom, the value of most first."""
    if len(set(values)) <= 1:
        return []
    said = []
    for value, _ in Counter(values).most_common():
        mine = [name for name, own in zip(names, values, strict=True) if own == value]
        said.append(f"{value} in {', '.join(mine)}")
    return [f"{key}: {'; '.join(said)}"]


def meanings(studies: Mapping[str, Study]) -> dict[str, dict[str, list[str]]]:
    """
    Sort the cities that have an indicator by whether they mean the same by it.

    Parameters
    ----------
    studies
        City -> study.

    Returns
    -------
    meanings
        Indicator -> ``same``: the cities that mean what most of them do (of
        equally many, what the first does), and ``other``: those that measure or
        judge it otherwise. Those with the role of an indicator, in the order of
        the catalogue as far as it goes.
    """
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for city, study in studies.items():
        for key in study.indicators.columns:
            row = study.catalogue.loc[key]
            if row["role"] == "indicator" and study.indicators[key].notna().any():
                found.setdefault(str(key), {})[city] = tuple(str(row.get(one)) for one in _MEANING)
    told = {}
    for key, of in found.items():
        most = Counter(of.values()).most_common(1)[0][0]
        told[key] = {
            "same": [city for city, one in of.items() if one == most],
            "other": [city for city, one in of.items() if one != most],
        }
    return told


def grounds_of(
    nodes: Sequence[str],
    studies: Mapping[str, Study],
    *,
    of_one_meaning: Mapping[str, Mapping[str, Sequence[str]]],
    min_covered_share: float,
) -> tuple[dict[str, Ground], dict[str, dict[str, pd.Series]]]:
    """
    Find the cities and indicators on which each node can be compared.

    Cities whose own study does not state the node are left out first. If it does
    not stand on what the rest share, the city goes without which they share
    most, until it stands or one is left.

    Parameters
    ----------
    nodes
        ``index``, pillars and areas.
    studies
        City -> study.
    of_one_meaning
        As :func:`meanings` gives it.
    min_covered_share
        Share of residents (of districts, where none are counted) of whom a node
        must be known for it to stand.

    Returns
    -------
    grounds
        Node -> what cities stand on together.
    scores
        Node that is compared -> city -> its score by district, on the shared
        indicators.
    """
    known = _Known(studies, min_covered_share)
    grounds = {one: _ground(one, known, of_one_meaning) for one in nodes}
    scores = {
        node: {city: known.score(node, city, one.indicators) for city in one.cities}
        for node, one in grounds.items()
        if one.cities
    }
    return grounds, scores


class _Known:
    """Scores of cities on some of their indicators, each computed once."""

    def __init__(self, studies: Mapping[str, Study], min_covered_share: float) -> None:
        self.studies, self.min_covered_share = studies, min_covered_share
        self._scores: dict[str, dict[tuple[str, ...], pd.DataFrame]] = {}

    def score(self, node: str, city: str, keys: Iterable[str]) -> pd.Series:
        """Score a node of a city on some indicators, all of which are under it."""
        wanted = tuple(keys)
        for known, scores in self._scores.get(city, {}).items():
            if tuple(one for one in known if self._under(node, city, one)) == wanted:
                return scores[node]  # what else there is makes no difference to it
        scores = node_scores(self.studies[city], wanted)
        self._scores.setdefault(city, {})[wanted] = scores
        return scores[node]

    def _under(self, node: str, city: str, key: str) -> bool:
        """Tell whether an indicator is part of a node."""
        row = self.studies[city].catalogue.loc[key]
        return node == ROOT or node in {row["pillar"], row["area"]}

    def stands(self, node: str, city: str, keys: Iterable[str]) -> bool:
        """Tell whether a node is known of enough people on some indicators alone."""
        known = self.score(node, city, keys).notna()
        people = people_of(self.studies[city].districts).fillna(0.0)
        weight = people if people.sum() > 0 else people + 1.0
        enough = weight[known].sum() >= self.min_covered_share * weight.sum()
        return bool(enough and known.any())


def _ground(
    node: str, known: _Known, of_one_meaning: Mapping[str, Mapping[str, Sequence[str]]]
) -> Ground:
    """Find the cities and indicators on which one node can be compared."""
    studies = known.studies
    own = {city: _under(node, city, study, of_one_meaning) for city, study in studies.items()}
    left_out: dict[str, str] = {}
    for city in studies:
        if not known.stands(node, city, own[city]):
            left_out[city] = UNSTATED
    inside = [one for one in studies if one not in left_out]
    while len(inside) >= FEWEST:
        shared = _shared(own, inside)
        if node in AREAS and len(shared) == 1:
            return Ground(
                node=node,
                cities=(),
                indicators=(),
                left_out=left_out | dict.fromkeys(inside, ONE_INDICATOR),
            )
        if all(known.stands(node, city, shared) for city in inside):
            return Ground(
                node=node, cities=tuple(inside), indicators=tuple(shared), left_out=left_out
            )
        without = {
            city: (len(_shared(own, [one for one in inside if one != city])), -len(own[city]))
            for city in inside
        }
        gone = max(inside, key=lambda city: without[city])
        inside.remove(gone)
        left_out[gone] = TOO_FEW
    alone = dict.fromkeys(inside, ALONE if len(left_out) == len(studies) - 1 else TOO_FEW)
    return Ground(node=node, cities=(), indicators=(), left_out=left_out | alone)


def _under(
    node: str,
    city: str,
    study: Study,
    of_one_meaning: Mapping[str, Mapping[str, Sequence[str]]],
) -> list[str]:
    """List the indicators of a city that make up a node and mean what others mean."""
    table = study.catalogue
    return [
        str(key)
        for key in study.scores.columns
        if city in of_one_meaning.get(str(key), {}).get("same", ())
        and (node == ROOT or node in {table.loc[key, "pillar"], table.loc[key, "area"]})
    ]


def _shared(own: Mapping[str, list[str]], cities: Sequence[str]) -> list[str]:
    """List the indicators that all of some cities have."""
    first, *others = (own[one] for one in cities)
    return [key for key in first if all(key in one for one in others)]


def node_scores(study: Study, keys: Sequence[str]) -> pd.DataFrame:
    """
    Score index, pillars and areas of one city on some of its indicators.

    Parameters
    ----------
    study
        Any study.
    keys
        Indicators that it has.

    Returns
    -------
    scores
        Districts x nodes, 0-100; NaN = unknown.
    """
    leaves = study.scores[list(keys)]
    tree = make_tree(
        definitions_of(study.catalogue, leaves.columns),
        present=leaves.columns,
        weights=study.summary["method"]["weights"],
    )
    return nodes_of(leaves, tree, aggregate_of(study))


def subtree(tree: pd.DataFrame, node: str) -> pd.DataFrame:
    """
    Take the part of a tree that is under a node, which becomes its root.

    Parameters
    ----------
    tree
        As :func:`geoequity.judgement.make_tree` gives it.
    node
        ``index``, a pillar or an area; an area is the mean of what its two
        pillars have of it.

    Returns
    -------
    tree
        With the node as its root.
    """
    if node == ROOT:
        return tree
    if node in PILLARS:
        kept = tree[tree["id"] != ROOT]
        return kept.assign(parent=kept["parent"].where(kept["id"] != node, None))
    tops = [f"{pillar}.{node}" for pillar in PILLARS]
    kept = tree[~tree["id"].isin([ROOT, *PILLARS])]
    is_top = kept["id"].isin(tops)
    kept = kept.assign(
        parent=kept["parent"].where(~is_top, node), weight=kept["weight"].where(~is_top, 1.0)
    )
    root = pd.DataFrame([{"id": node, "parent": None, "weight": 1.0}])
    return pd.concat([kept, root], ignore_index=True)
