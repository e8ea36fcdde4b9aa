"""A siting laid out as arrays: who could go where, and what that would spare them."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity import inequality, schema
from geoequity.errors import DataError, shown
from geoequity.siting._kernels import Pairs
from geoequity.siting._objectives import Floats, Objective

Places = npt.NDArray[np.int64]
ROUNDING = 1e-9  # of money and of sums, far above floats'


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """
    Who could go where.

    Parameters
    ----------
    cells
        Ids of the cells that can be served by something.
    people
        Their people.
    base
        Their burden today.
    sites
        Ids of the candidates.
    pairs
        What candidates would lower it to.
    capacity
        Room of each candidate [people]; infinite where there is no limit.
    price
        Of each candidate; 0 where nothing is charged.
    count
        Most sites to open.
    budget
        Most to spend; infinite where nothing is charged.
    """

    cells: pd.Index
    people: Floats
    base: Floats
    sites: pd.Index
    pairs: Pairs
    capacity: Floats
    price: Floats
    count: int
    budget: float

    @property
    def has_room(self) -> bool:
        """
        Tell whether sites have room for all who come.

        Returns
        -------
        has_room
            Whether no capacity is given.
        """
        return bool(np.isinf(self.capacity).all())

    def can_pay(self, chosen: Places) -> bool:
        """
        Tell whether a choice is allowed.

        Parameters
        ----------
        chosen
            Candidates.

        Returns
        -------
        can_pay
            Whether they are not too many, nor too dear.
        """
        spent = float(self.price[chosen].sum())
        return len(chosen) <= self.count and spent <= self.budget * (1 + ROUNDING)

    def affordable(self, spent: float) -> npt.NDArray[np.bool_]:
        """
        Tell which candidates the rest of the budget pays for.

        Parameters
        ----------
        spent
            What is spent already.

        Returns
        -------
        affordable
            By candidate.
        """
        return spent + self.price <= self.budget * (1 + ROUNDING)

    def with_burden(self, burden: "Burden") -> "Problem":
        """
        Put burdens in the place of minutes, and drop the pairs that spare nobody any.

        Parameters
        ----------
        burden
            Burden of a walk.

        Returns
        -------
        problem
            The same candidates and cells.
        """
        base, of_pairs = burden.of(self.base), burden.of(self.pairs.burden)
        keep = of_pairs < base[self.pairs.cell]
        upto = np.concatenate([[0], np.cumsum(keep)])
        pairs = Pairs(
            upto[self.pairs.first].astype(np.int64), self.pairs.cell[keep], of_pairs[keep]
        )
        return replace(self, base=base, pairs=pairs)


@dataclass(frozen=True, kw_only=True)
class Burden:
    """
    How a walk weighs on people, for objectives that add burdens up.

    Parameters
    ----------
    objective
        What the siting is to be good at.
    kappa
        Aversion per minute.
    longest
        Longest walk of all [minutes]; keeps exponentials from overflowing.
    low
        Shortest walk of all [minutes].
    """

    objective: Objective
    kappa: float
    longest: float
    low: float = 0.0

    def of(self, minutes: Floats) -> Floats:
        """
        Weigh walks.

        Parameters
        ----------
        minutes
            Walks [minutes].

        Returns
        -------
        burden
            Never falling with the minutes.
        """
        one = self.objective
        if one.name in {"mean", "p-center"} or (one.name == "gap" and one.within_min is None):
            return minutes
        if one.within_min is not None:
            return (minutes > one.within_min).astype(float)
        steep = np.exp(self.kappa * (minutes - self.longest))
        if one.name == "ede":
            return steep
        return one.weight * steep + (1 - one.weight) * minutes / max(self.longest, 1.0)

    def told(self, mean: float) -> float:
        """
        Say what a mean burden means.

        Parameters
        ----------
        mean
            Mean burden over people.

        Returns
        -------
        value
            Minutes of the mean or the equivalent, or the share of people within
            the limit.
        """
        if self.objective.name == "ede":
            # What everybody bears if nobody walks is the least there can be
            least = np.exp(self.kappa * (self.low - self.longest))
            return self.longest + float(np.log(max(mean, least))) / self.kappa
        return 1 - mean if self.objective.name == "coverage" else mean


def make_problem(
    costs: pd.DataFrame,
    population: pd.Series,
    *,
    candidates: pd.DataFrame | None,
    current: pd.Series | None,
    count: int | None,
    budget: float | None,
) -> Problem:
    """
    Check the tables and lay them out.

    Parameters
    ----------
    costs
        As for `site`.
    population
        As for `site`.
    candidates
        As for `site`.
    current
        As for `site`.
    count
        As for `site`.
    budget
        As for `site`.

    Returns
    -------
    problem
        In minutes.

    Raises
    ------
    DataError
        As `site` says.
    """
    schema.check_costs(costs)
    schema.check_unique(population.index, name="population")
    schema.check_non_negative(population, name="population")
    if population.isna().any():
        ids = population.index[population.isna()]
        msg = f"population: unknown of {shown(ids)}"
        raise DataError(msg, ids=ids)
    if candidates is None:
        candidates = pd.DataFrame(index=pd.Index(costs["to_id"].unique()))
    schema.check_unique(candidates.index, name="candidates")
    cell = _places(costs["from_id"], population.index, name="population")
    one = _places(costs["to_id"], candidates.index, name="candidates")
    number, budget, price = _means(candidates, count=count, budget=budget)
    base, reached = _today(costs, population, current=current, cell=cell)
    minutes = costs[schema.MINUTES_COLUMN].to_numpy(dtype=float)
    keep = (minutes < base[cell]) & (population.to_numpy(dtype=float)[cell] > 0)
    cell, one, minutes = cell[keep], one[keep], minutes[keep]
    kept = np.flatnonzero(reached & (population.to_numpy(dtype=float) > 0))
    place = np.full(len(population), -1, dtype=np.int32)
    place[kept] = np.arange(len(kept), dtype=np.int32)
    order = np.argsort(one, kind="stable")
    first = np.concatenate([[0], np.cumsum(np.bincount(one, minlength=len(candidates)))])
    return Problem(
        cells=population.index[kept],
        people=population.to_numpy(dtype=float)[kept],
        base=base[kept],
        sites=candidates.index,
        pairs=Pairs(first.astype(np.int64), place[cell][order], minutes[order]),
        capacity=_capacity(candidates),
        price=price,
        count=number,
        budget=budget,
    )


def _places(ids: pd.Series, index: pd.Index, *, name: str) -> npt.NDArray[np.int32]:
    """Find ids in an index; refuse those that are not there."""
    if isinstance(ids.dtype, pd.CategoricalDtype):  # a name for each pair is many names
        known = index.get_indexer(ids.cat.categories)
        place = np.append(known, -1)[ids.cat.codes.to_numpy()]
    else:
        place = index.get_indexer(pd.Index(ids))
    if (place < 0).any():
        lost = ids[place < 0].unique()
        msg = f"costs: not in {name}: {shown(lost)}"
        raise DataError(msg, ids=lost)
    return place.astype(np.int32)


def _today(
    costs: pd.DataFrame,
    population: pd.Series,
    *,
    current: pd.Series | None,
    cell: npt.NDArray[np.int32],
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Tell what people bear today, and who can be served by anything."""
    base = np.full(len(population), np.nan)
    if current is not None:
        schema.check_same_index(current, population, names=("current", "population"))
        schema.check_non_negative(current, name="current")
        base = current.to_numpy(dtype=float, copy=True)
    lost = np.isnan(base)
    reached = ~lost
    reached[cell] = True
    if (lost & reached).any():
        if "limit_min" not in costs.attrs:
            msg = "costs: without limit_min in attrs it is unknown how far it is to what is absent"
            raise DataError(msg)
        base[lost] = float(costs.attrs["limit_min"])
    if not (reached & (population.to_numpy(dtype=float) > 0)).any():
        msg = "costs: nobody is reached by a candidate or served today"
        raise DataError(msg)
    return base, reached


def _means(
    candidates: pd.DataFrame, *, count: int | None, budget: float | None
) -> tuple[int, float, Floats]:
    """Check how many sites may open and what they may cost."""
    said = []
    if count is None and budget is None:
        said.append("count or budget: say how many sites to open, or what they may cost")
    if count is not None and not 1 <= count <= len(candidates):
        said.append(f"count: must be within 1-{len(candidates)}, the candidates, is {count}")
    price = np.zeros(len(candidates))
    if budget is not None:
        if not 0 < budget < np.inf:
            said.append(f"budget: must be above 0, is {budget}")
        if "price" not in candidates.columns:
            said.append("candidates: a budget wants a column price")
        else:
            price = candidates["price"].to_numpy(dtype=float)
            bad = ~((price >= 0) & (price < np.inf))
            if bad.any():
                said.append(f"price: negative or unknown of {shown(candidates.index[bad])}")
            elif not (price <= budget).any():
                said.append(f"budget: {budget} pays for none; the cheapest costs {price.min()}")
    if said:
        raise DataError("; ".join(said))
    number = len(candidates) if count is None else count
    return number, np.inf if budget is None else float(budget), price


def _capacity(candidates: pd.DataFrame) -> Floats:
    """Check how many people sites have room for."""
    if "capacity" not in candidates.columns:
        return np.full(len(candidates), np.inf)
    room = candidates["capacity"].to_numpy(dtype=float)
    bad = ~(room > 0)
    if bad.any():
        ids = candidates.index[bad]
        msg = f"capacity: unknown or not above 0 of {shown(ids)}"
        raise DataError(msg, ids=ids)
    return room


def kappa_of(problem: Problem, objective: Objective) -> float:
    """
    Derive the aversion per minute.

    Parameters
    ----------
    problem
        In minutes.
    objective
        What the siting is to be good at.

    Returns
    -------
    kappa
        That given, or that of what people bear today.

    Raises
    ------
    DataError
        If nobody bears anything today.
    """
    if objective.kappa is not None:
        return abs(objective.kappa)
    people = pd.Series(problem.people, index=problem.cells)
    return abs(
        inequality.kolm_pollak_kappa(
            pd.Series(problem.base, index=problem.cells),
            population=people,
            epsilon=objective.epsilon,
            better="lower",
        )
    )
