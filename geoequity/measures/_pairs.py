"""
The pairs of a costs table by position: the arithmetic under the measures of access.

A table may hold ten million pairs, so ids are looked up once, pairs without
weight are dropped, and everything is added up by `numpy.bincount`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity import schema
from geoequity.errors import DataError, shown

Floats = npt.NDArray[np.float64]
Decaying = Callable[[Floats], npt.ArrayLike]
_Places = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Pairs:
    """
    Who reaches what, and how far it is.

    Parameters
    ----------
    start
        Position of who reaches, for each pair.
    goal
        Position of what is reached.
    minutes
        How far it is [min], finite.
    starts
        How many starts there are, with or without pairs.
    goals
        How many goals there are.
    """

    start: _Places
    goal: _Places
    minutes: Floats
    starts: int
    goals: int

    def where(self, kept: npt.NDArray[Any]) -> "Pairs":
        """
        Keep some of the pairs, or put them in another order.

        Parameters
        ----------
        kept
            A mask, or positions.

        Returns
        -------
        pairs
            Those pairs, among as many starts and goals.
        """
        some = (self.start[kept], self.goal[kept], self.minutes[kept])
        return Pairs(*some, self.starts, self.goals)

    def at_starts(self, values: Floats) -> Floats:
        """
        Add up over the pairs of each start.

        Parameters
        ----------
        values
            A number for each pair.

        Returns
        -------
        sums
            A number for each start, 0 where it has no pair.
        """
        return np.asarray(np.bincount(self.start, values, self.starts), dtype=float)

    def at_goals(self, values: Floats) -> Floats:
        """
        Add up over the pairs of each goal.

        Parameters
        ----------
        values
            A number for each pair.

        Returns
        -------
        sums
            A number for each goal, 0 where it has no pair.
        """
        return np.asarray(np.bincount(self.goal, values, self.goals), dtype=float)

    def least_minutes(self) -> Floats:
        """
        Find the nearest goal of each start.

        Returns
        -------
        minutes
            Infinite where a start has no pair.
        """
        least = np.full(self.starts, inf)
        np.minimum.at(least, self.start, self.minutes)
        return least


@dataclass(frozen=True, eq=False)
class Catchments:
    """
    Pairs that have weight, among people and supply.

    Parameters
    ----------
    pairs
        The pairs whose weight is above 0.
    weight
        Weight of each pair.
    people
        People of each start, known.
    supply
        Supply of each goal, NaN where unknown.
    """

    pairs: Pairs
    weight: Floats
    people: Floats
    supply: Floats

    @property
    def share_of_start(self) -> Floats:
        """
        Share of each pair in the weight of its start.

        Returns
        -------
        share
            Numbers that add up to 1 for each start that has pairs.
        """
        return self.weight / self.pairs.at_starts(self.weight)[self.pairs.start]

    @property
    def share_of_goal(self) -> Floats:
        """
        Share of each pair in the weight of its goal.

        Returns
        -------
        share
            Numbers that add up to 1 for each goal that has pairs.
        """
        return self.weight / self.pairs.at_goals(self.weight)[self.pairs.goal]

    def level_of_service(
        self, *, asking: Floats, offered: Floats, nobody_asks: float = nan
    ) -> Floats:
        """
        Divide supply by those who ask for it, and add up what each start is offered.

        Parameters
        ----------
        asking
            Part of a start's people who ask at the goal, for each pair.
        offered
            Part of the goal's level of service that the start is offered.
        nobody_asks
            Level of service where there is supply but nobody to ask for it.

        Returns
        -------
        level
            Supply for each person, for each start.
        """
        pairs = self.pairs
        demand = pairs.at_goals(self.people[pairs.start] * asking)
        level = np.where(self.supply > 0, nobody_asks, self.supply)
        np.divide(self.supply, demand, out=level, where=demand > 0)
        return pairs.at_starts(level[pairs.goal] * offered)


def known_amounts(values: pd.Series, *, name: str) -> Floats:
    """
    Read how much there is at each id.

    Parameters
    ----------
    values
        Numbers of 0 or more by id; NaN is unknown.
    name
        What to call them in a message.

    Returns
    -------
    amounts
        The numbers, in the same order.

    Raises
    ------
    DataError
        If an id repeats, or a number is negative, infinite or none.
    """
    schema.check_unique(values.index, name=name)
    schema.check_non_negative(values, name=name)
    return np.asarray(values.to_numpy(dtype=float, na_value=nan))


def check_reach(
    costs: pd.DataFrame,
    within_min: float | None = None,
    *,
    decay: Decaying | None = None,
    name: str = "within_min",
) -> None:
    """
    Refuse to ask for more than a costs table holds.

    Parameters
    ----------
    costs
        Costs table; ``attrs["limit_min"]`` is how far it goes, if anything.
    within_min
        How far is asked [min].
    decay
        Without a limit, the weight that may end by itself at ``reach_min``.
    name
        What to call the limit in a message.

    Raises
    ------
    DataError
        If the limit is no number of 0 or more, or it or the decay goes beyond the table.
    """
    if within_min is not None and not within_min >= 0:
        msg = f"{name}: must be 0 or more, not {within_min}"
        raise DataError(msg)
    limit_min = costs.attrs.get("limit_min")
    asked_min = within_min
    if within_min is None:
        reach_min = getattr(decay, "reach_min", inf)
        asked_min, name = (reach_min if isfinite(reach_min) else None), "the decay"
    if limit_min is not None and asked_min is not None and asked_min > limit_min:
        msg = f"costs: go as far as {limit_min} min, but {name} as far as {asked_min} min"
        raise DataError(msg)


def read_pairs(
    costs: pd.DataFrame, starts: pd.Index, goals: pd.Index, *, complete: dict[str, str]
) -> Pairs:
    """
    Look up the ids of a costs table.

    Parameters
    ----------
    costs
        Columns ``from_id``, ``to_id`` and ``minutes``.
    starts
        Unique ``from_id`` that count.
    goals
        Unique ``to_id`` that count.
    complete
        Columns of which every id must count, and the table that has to list
        them; pairs with other ids are passed over.

    Returns
    -------
    pairs
        Pairs among the starts and goals, at finite minutes.

    Raises
    ------
    DataError
        If a column is absent, minutes are negative, unknown or no numbers, a pair
        stands twice, or an id is not listed.
    """
    schema.check_columns(costs, ["from_id", "to_id", schema.MINUTES_COLUMN], name="costs")
    if len(costs) and not pd.api.types.is_numeric_dtype(costs[schema.MINUTES_COLUMN]):
        msg = f"costs: minutes are not numbers but {costs[schema.MINUTES_COLUMN].dtype}"
        raise DataError(msg)
    minutes = costs[schema.MINUTES_COLUMN].to_numpy(dtype=float, na_value=nan)
    start = _places(costs["from_id"], starts)
    goal = _places(costs["to_id"], goals)
    _check_complete(costs, {"from_id": start, "to_id": goal}, complete)
    pairs = Pairs(start, goal, minutes, len(starts), len(goals))
    is_asked = (start >= 0) & (goal >= 0)
    if not is_asked.all():
        pairs = pairs.where(is_asked)
    if not (minutes >= 0).all() or _any_twice(pairs.start * len(goals) + pairs.goal):
        schema.check_costs(costs)  # slower, but names the rows at fault
    is_reached = np.isfinite(pairs.minutes)
    return pairs if is_reached.all() else pairs.where(is_reached)


def weights(decay: Decaying, minutes: Floats) -> Floats:
    """
    Weigh travel times.

    Parameters
    ----------
    decay
        Gives one weight for each of an array of minutes.
    minutes
        Travel times [min].

    Returns
    -------
    weights
        Finite numbers of 0 or more.

    Raises
    ------
    DataError
        If the decay gives anything else.
    """
    weight = np.asarray(decay(minutes), dtype=float)
    if weight.shape != minutes.shape:
        msg = f"decay: gives weights of shape {weight.shape} for minutes of {minutes.shape}"
        raise DataError(msg)
    bad = ~((weight >= 0) & (weight < inf))
    if bad.any():
        msg = f"decay: negative, infinite or unknown at {shown(np.unique(minutes[bad]))} min"
        raise DataError(msg)
    return weight


def read_catchments(
    costs: pd.DataFrame,
    opportunities: pd.Series,
    population: pd.Series,
    *,
    decay: Decaying | None,
    within_min: float | None,
) -> Catchments:
    """
    Find the pairs that have weight, among all people and supply of a costs table.

    Parameters
    ----------
    costs
        Columns ``from_id``, ``to_id`` and ``minutes``.
    opportunities
        Supply at each ``to_id``; NaN is unknown.
    population
        People of each ``from_id``.
    decay
        Weight of the minutes; without one all weigh alike.
    within_min
        Catchment [min], included; without one all that has weight.

    Returns
    -------
    catchments
        Starts are the ids of the population, goals those of the opportunities.

    Raises
    ------
    DataError
        As `read_pairs`, `known_amounts` and `weights`, and if a population is unknown.
    """
    supply = known_amounts(opportunities, name="opportunities")
    people = known_amounts(population, name="population")
    if np.isnan(people).any():
        ids = population.index[np.isnan(people)]
        msg = f"population: unknown in {shown(ids)}; leave them out of it and of the costs first"
        raise DataError(msg, ids=ids)
    complete = {"from_id": "population", "to_id": "opportunities"}
    pairs = read_pairs(costs, population.index, opportunities.index, complete=complete)
    if within_min is not None:
        pairs = pairs.where(pairs.minutes <= within_min)
    weight = np.ones(len(pairs.start)) if decay is None else weights(decay, pairs.minutes)
    return Catchments(pairs.where(weight > 0), weight[weight > 0], people, supply)


def _places(column: pd.Series, ids: pd.Index) -> _Places:
    """Find the positions of a column's ids, -1 where there is none."""
    if isinstance(column.dtype, pd.StringDtype):  # each text looked up once: less time and memory
        codes, texts = pd.factorize(column)
        places = np.append(ids.get_indexer(texts), -1)[codes]
    else:
        places = np.asarray(ids.get_indexer(column))
    if (
        len(places)
        and len(ids)
        and (places < 0).all()
        and _are_numbers(column) != _are_numbers(ids)
    ):
        msg = f"costs: {column.name} is {column.dtype}, but the ids asked for are {ids.dtype}"
        raise DataError(msg)
    return places


def _are_numbers(ids: pd.Series | pd.Index) -> bool:
    """Tell ids that are numbers from text."""
    return bool(pd.api.types.is_numeric_dtype(ids.infer_objects()))


def _check_complete(
    costs: pd.DataFrame, places: dict[str, _Places], complete: dict[str, str]
) -> None:
    """Refuse ids of the costs that a table lacks, of all tables at once."""
    absent = {
        column: costs[column][places[column] < 0].unique()
        for column in complete
        if (places[column] < 0).any()
    }
    if absent:
        faults = (f"{complete[one]} lack {one} {shown(ids)}" for one, ids in absent.items())
        msg = f"costs: {'; '.join(faults)}"
        raise DataError(msg, ids=[one for ids in absent.values() for one in ids])


def _any_twice(keys: npt.NDArray[np.intp]) -> bool:
    """Tell whether a key repeats; tables in order need no sorting."""
    if not (keys[1:] > keys[:-1]).all():
        keys = np.sort(keys)
    return bool((keys[1:] == keys[:-1]).any())
