"""Where new services would do most, and how far that is from the best there is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from geoequity import inequality, schema
from geoequity.errors import DataError, shown
from geoequity.siting import _bounds, _exact, _kernels, _objectives
from geoequity.siting._objectives import EPSILON, Objective
from geoequity.siting._problem import (
    ROUNDING,
    Burden,
    Places,
    Problem,
    kappa_of,
    make_problem,
)
from geoequity.siting._search import Gap, burden_of, served_by, spared_most

Method = Literal["auto", "exact", "fast"]
Farthest = Callable[[Places], float]
_TRIES = 40  # of radii between a longest walk that is found and the least that may be
WEIGHTS = (0.0, 0.125, 0.25, 0.5, 0.75, 0.875, 1.0)
_MANY_PAIRS = 500_000  # with more, the gap is searched from one start
_PROVEN = 1e-7  # of the value: what floats and the solver's tolerances leave


@dataclass(frozen=True, kw_only=True, eq=False)
class Siting:
    """
    Sites, whom they serve, and how good they are.

    Parameters
    ----------
    sites
        Index candidate id, in the order of the candidates: ``people`` who go
        there, ``minutes`` that they walk on average (NaN where nobody comes),
        and ``capacity`` and ``price`` where they were given.
    assigned
        Columns ``from_id``, ``to_id`` (None keeps what there is today),
        ``people``, ``minutes``: who goes where. A cell stands more than once
        where a site has room for some of its people only.
    before
        What people bear today: ``mean``, ``ede``, ``best_tenth``,
        ``worst_tenth``, ``gap`` and ``farthest`` [minutes], ``within``, the share
        of people within the limit (NaN without one), and ``group_best``,
        ``group_worst`` and ``group_gap`` between groups (NaN without any).
    after
        The same with the sites.
    objective
        What the siting was to be good at.
    kappa
        Aversion per minute, of today's minutes unless given; of both columns.
    value
        What the sites reach by the objective: minutes, or a share of people.
    value_before
        The same today.
    bound
        No choice of sites reaches better, proven; NaN where no proof was asked for.
    exact
        Whether the sites are proven to be the best.
    unreached
        People whom nothing serves today and no candidate would: they are in no
        number here.
    limited
        People counted at the limit of the costs before, who walk farther.
    """

    sites: pd.DataFrame
    assigned: pd.DataFrame
    before: pd.Series
    after: pd.Series
    objective: Objective
    kappa: float
    value: float
    value_before: float
    bound: float
    exact: bool
    unreached: float
    limited: float

    @property
    def minutes(self) -> pd.Series:
        """
        Give the walk of each cell.

        Returns
        -------
        minutes
            By ``from_id``, mean over its people [minutes].
        """
        walked = self.assigned["people"] * self.assigned["minutes"]
        sums = pd.DataFrame({"walked": walked, "people": self.assigned["people"]})
        sums = sums.groupby(self.assigned["from_id"], sort=False).sum()
        return (sums["walked"] / sums["people"]).rename("minutes")


def site(
    costs: pd.DataFrame,
    population: pd.Series,
    *,
    objective: Objective | None = None,
    count: int | None = None,
    budget: float | None = None,
    current: pd.Series | None = None,
    candidates: pd.DataFrame | None = None,
    method: Method = "auto",
) -> Siting:
    """
    Choose where new services would do most.

    Everybody goes to the nearest of the new sites, or stays with what they have
    where that is nearer; with capacities, people are shared out so that the
    objective is best served, and who finds no room keeps what they have.

    Parameters
    ----------
    costs
        ``from_id``, ``to_id``, ``minutes`` from cells (or homes) to candidates,
        as `streets.StreetNetwork.costs` and `transit.Timetable.travel_times` give
        them; a pair that is absent is farther than ``attrs["limit_min"]``, and
        spares nobody anything.
    population
        People by ``from_id`` [persons]; a unique index.
    objective
        What to be good at: `ede` (the default), `gap`, `coverage`, `mean` or
        `p_center`.
    count
        How many sites to open at most; fewer are where more would not help.
    budget
        What they may cost together, in the unit of ``candidates["price"]``.
    current
        Minutes to the nearest service there is, on the index of `population`;
        NaN where none is reached: counted at the limit of the costs. By default
        there is none.
    candidates
        By ``to_id``: ``capacity`` [persons] and ``price``, each optional. By
        default every ``to_id`` of the costs.
    method
        ``fast`` searches, greedily and then by swaps, and proves nothing. ``auto``
        bounds what it found, too, and solves a mixed-integer program where the
        bound leaves doubt and the problem is small; ``exact`` does so always.

    Returns
    -------
    siting
        Sites, who goes where, before and after, and a proven bound.

    Raises
    ------
    DataError
        If a table breaks its contract, ids are not in the population or the
        candidates, population is unknown, nobody is served by anything, `count`
        or `budget` cannot be, prices or capacities are unknown, the gap or the
        p-center are asked for with capacities, or groups leave cells out.

    Notes
    -----
    The mean, the equivalent and coverage are p-medians of minutes as they are,
    of their exponentials and of whether they are beyond the limit. They are
    bounded by Lagrangian relaxation; the p-center by cells no two of which one
    site can serve. The gap's bound is weaker: what the worst-served tenth bears
    at least, less what the best-served bears today.

    Examples
    --------
    >>> costs = pd.DataFrame(
    ...     {"from_id": list("aabbcc"), "to_id": list("xyxyxy"), "minutes": [1.0, 9, 5, 4, 9, 2]}
    ... )
    >>> costs.attrs["limit_min"] = 60.0
    >>> people = pd.Series([60.0, 30.0, 10.0], index=list("abc"))
    >>> found = site(costs, people, count=1, objective=_objectives.mean())
    >>> found.sites.index.tolist(), found.value, found.exact
    (['x'], 3.0, True)
    """
    objective = _objectives.ede() if objective is None else objective
    minutes = make_problem(
        costs,
        population,
        candidates=candidates,
        current=current,
        count=count,
        budget=budget,
    )
    if not minutes.has_room and not objective.is_sum:
        msg = f"{objective.name}: cannot be sited with capacities; take ede, coverage or mean"
        raise DataError(msg)
    group = _groups(objective, minutes)
    burden = Burden(
        objective=objective,
        kappa=kappa_of(minutes, objective),
        longest=float(minutes.base.max()),
    )
    if objective.is_sum:
        chosen, bound, exact = _least_sum(minutes, burden, method=method)
    elif objective.name == "p-center":
        chosen, bound, exact = _shortest(minutes, method=method)
    else:
        chosen, bound, exact = _closest(minutes, burden, group, method=method)
    return _told(
        minutes,
        np.sort(chosen),
        burden=burden,
        group=group,
        proof=(bound, exact),
        population=population,
        tables=(candidates, current),
    )


def frontier(
    costs: pd.DataFrame,
    population: pd.Series,
    *,
    kappa: float | None = None,
    weights: Sequence[float] = WEIGHTS,
    count: int | None = None,
    budget: float | None = None,
    current: pd.Series | None = None,
    candidates: pd.DataFrame | None = None,
    method: Method = "auto",
) -> pd.DataFrame:
    """
    Trade the mean against the equivalent: what fairness costs the average person.

    Only choices that are best for some blend of the two are found; between them
    there may be others.

    Parameters
    ----------
    costs
        As for `site`.
    population
        As for `site`.
    kappa
        Aversion per minute, by default that of what people bear today.
    weights
        Of the equivalent, from 0 (the mean alone) to 1.
    count
        As for `site`.
    budget
        As for `site`.
    current
        As for `site`.
    candidates
        As for `site`.
    method
        As for `site`.

    Returns
    -------
    frontier
        From the lowest mean to the lowest equivalent: ``weight``, ``mean`` and
        ``ede`` [minutes], ``sites`` (tuple of ids) and ``exact``, whether proven
        best for its weight. Choices that another beats at both are left out.

    Raises
    ------
    DataError
        As `site`, and if a weight is not within 0-1.

    Examples
    --------
    >>> costs = pd.DataFrame(
    ...     {"from_id": list("aabbcc"), "to_id": list("xyxyxy"), "minutes": [1.0, 9, 5, 4, 9, 2]}
    ... )
    >>> costs.attrs["limit_min"] = 60.0
    >>> people = pd.Series([60.0, 30.0, 10.0], index=list("abc"))
    >>> frontier(costs, people, count=1, kappa=0.1)["sites"].tolist()
    [('x',)]
    """
    same: dict[str, Any] = {
        "count": count,
        "budget": budget,
        "current": current,
        "candidates": candidates,
    }
    if kappa is None:
        kappa = kappa_of(make_problem(costs, population, **same), Objective(name="ede"))
    rows = []
    if method == "auto" and len(costs) > _exact.MOST_PAIRS:
        method = "fast"  # nothing would be proven of so many pairs
    for weight in weights:
        objective = _objectives.blend(weight, kappa=kappa)
        found = site(costs, population, objective=objective, method=method, **same)
        rows.append(
            {
                "weight": float(weight),
                "mean": found.after["mean"],
                "ede": found.after["ede"],
                "sites": tuple(found.sites.index),
                "exact": found.exact,
            }
        )
    table = pd.DataFrame(rows).drop_duplicates("sites").sort_values(["mean", "ede"])
    beaten = table["ede"] >= table["ede"].cummin().shift(fill_value=np.inf) - ROUNDING
    return table[~beaten].reset_index(drop=True)


def measures(
    minutes: pd.Series,
    *,
    population: pd.Series,
    kappa: float,
    within_min: float | None = None,
    groups: pd.Series | None = None,
) -> pd.Series:
    """
    Measure how people stand, by every objective at once.

    Parameters
    ----------
    minutes
        What each bears [minutes].
    population
        People, on the same index [persons].
    kappa
        Aversion per minute.
    within_min
        Minutes within which people are served, included.
    groups
        Group of each, on the same index.

    Returns
    -------
    measures
        As `Siting.before` has them. Between groups the share beyond the limit is
        compared where there is one, else the minutes.

    Raises
    ------
    DataError
        If indexes differ, or minutes or people are negative or unknown.

    Examples
    --------
    >>> minutes, people = pd.Series([5.0, 15.0]), pd.Series([50.0, 50.0])
    >>> float(measures(minutes, population=people, kappa=0.01)["gap"])
    10.0
    """
    tenths = inequality.tenths(minutes, population=population, better="lower")
    total = float(population.sum())
    lived = minutes[population > 0]
    told = {
        "mean": float((minutes * population).sum() / total),
        "ede": inequality.kolm_pollak_ede(
            minutes, population=population, epsilon=EPSILON, better="lower", kappa=kappa
        ),
        "best_tenth": tenths.best,
        "worst_tenth": tenths.worst,
        "gap": tenths.gap,
        "farthest": float(lived.max()),
        "within": np.nan,
        "group_best": np.nan,
        "group_worst": np.nan,
        "group_gap": np.nan,
    }
    value = minutes
    if within_min is not None:
        value = (minutes > within_min).astype(float)
        told["within"] = 1 - float((value * population).sum() / total)
    if groups is not None:
        schema.check_same_index(groups, population, names=("groups", "population"))
        size = population.groupby(groups).sum()
        of_group = (value * population).groupby(groups).sum()[size > 0] / size[size > 0]
        between = inequality.tenths(of_group, population=size[size > 0], better="lower")
        told |= {
            "group_best": between.best,
            "group_worst": between.worst,
            "group_gap": between.gap,
        }
    return pd.Series(told)


# ------------------------------------------------------------------ by kind of objective
def _least_sum(minutes: Problem, burden: Burden, *, method: Method) -> tuple[Places, float, bool]:
    """Site what is a p-median of burdens."""
    problem = minutes.with_burden(burden)
    everybody = float(problem.people.sum())

    def bears(one: Places) -> float:
        return _burden(problem, minutes, one, burden)

    others = []
    if minutes.has_room:  # what is best for one sum is a good start for another
        steep = replace(burden, objective=_objectives.ede())
        others = [spared_most(one) for one in (minutes, minutes.with_burden(steep))]
    chosen = spared_most(problem, starts=others)
    if method == "fast":
        return chosen, np.nan, False
    found = bears(chosen)
    bound, pointed = _bounds.least_burden(problem, found=found, start=chosen)
    if minutes.has_room:
        chosen = spared_most(problem, starts=[chosen, pointed])
        found = bears(chosen)
        bound = min(bound, found)
    if _wants_program(problem, found - bound, found, method):
        solved = _exact.least_burden(problem)
        if solved.chosen is not None and bears(solved.chosen) < found:
            chosen, found = solved.chosen, bears(solved.chosen)
        bound = min(max(bound, solved.bound), found)
    exact = found - bound <= _PROVEN * max(found, ROUNDING)
    return chosen, burden.told((found if exact else bound) / everybody), exact


def _burden(problem: Problem, minutes: Problem, chosen: Places, burden: Burden) -> float:
    """Add up what people bear, shared out where room is little."""
    if problem.has_room:
        return burden_of(problem, chosen)
    cell, site_of, went = _exact.shared_out(minutes, chosen, weigh=burden.of)
    walk = burden.of(_walks(minutes, cell, site_of))
    spared = float(went @ (problem.base[cell] - walk))
    return float(problem.people @ problem.base) - spared


def _walks(minutes: Problem, cell: Places, site_of: Places) -> np.ndarray:
    """Look walks up."""
    own = np.repeat(np.arange(len(minutes.sites)), np.diff(minutes.pairs.first))
    key = own * len(minutes.base) + minutes.pairs.cell
    order = np.argsort(key, kind="stable")
    at = np.searchsorted(key[order], site_of * len(minutes.base) + cell)
    return minutes.pairs.burden[order[at]]


def _wants_program(problem: Problem, doubt: float, found: float, method: Method) -> bool:
    """Tell whether to solve a program."""
    if method == "fast" or (method == "auto" and doubt <= _PROVEN * max(abs(found), ROUNDING)):
        return False
    return method == "exact" or len(problem.pairs.cell) <= _exact.MOST_PAIRS


def _shortest(minutes: Problem, *, method: Method) -> tuple[Places, float, bool]:
    """Site so that the longest walk is short."""

    def farthest(one: Places) -> float:
        return float(served_by(minutes, one).best.max())

    nobody = np.empty(0, dtype=np.int64)
    chosen = min((spared_most(minutes), nobody), key=farthest)
    found = farthest(chosen)
    radii = np.unique(np.concatenate([minutes.pairs.burden, minutes.base]))
    bound = np.nan if method == "fast" else _bounds.farthest_at_least(minutes, found=found)
    low = 0 if method == "fast" else int(np.searchsorted(radii, bound))
    for _ in range(_TRIES):
        high = int(np.searchsorted(radii, found))
        if low >= high:
            break
        middle = (low + high) // 2
        tried = _covering(minutes, float(radii[middle]))
        if farthest(tried) <= radii[middle]:
            chosen, found = tried, farthest(tried)
        else:
            low = middle + 1
    if _wants_program(minutes, found - bound, found, method):
        chosen, found, bound = _proven_shortest(minutes, radii, (chosen, found, bound), farthest)
    exact = found - bound <= _PROVEN * max(found, ROUNDING)
    return _filled_up(minutes, chosen, found), bound, exact


def _covering(minutes: Problem, radius: float) -> Places:
    """Bring as many cells as may be within a walk."""
    limit = Burden(objective=_limited(radius), kappa=1.0, longest=radius)
    cells = replace(minutes, people=np.ones(len(minutes.base)))
    return spared_most(cells.with_burden(limit))


def _limited(radius: float) -> Objective:
    """Ask for coverage within any walk, 0 minutes among them."""
    return Objective(name="coverage", within_min=radius)


def _proven_shortest(
    minutes: Problem, radii: np.ndarray, known: tuple[Places, float, float], farthest: Farthest
) -> tuple[Places, float, float]:
    """Close in on the shortest longest walk by programs that cover everybody or cannot."""
    chosen, found, bound = known
    low = int(np.searchsorted(radii, bound))
    while low < (high := int(np.searchsorted(radii, found))):
        middle = (low + high) // 2
        solved = _exact.covers(minutes, radius=float(radii[middle]))
        if solved is None:
            low = middle + 1
        elif solved.chosen is None or farthest(solved.chosen) >= found:
            break  # the solver did not tell
        else:
            chosen, found = solved.chosen, farthest(solved.chosen)
    return chosen, found, float(radii[low])


def _filled_up(minutes: Problem, chosen: Places, found: float) -> Places:
    """Spend what is left on the mean: nobody walks farther for it."""
    pick = chosen
    while len(pick) < minutes.count:
        best = served_by(minutes, pick).best
        gain = np.empty(len(minutes.sites))
        _kernels.savings(minutes.pairs, minutes.people, best, gain)
        gain[pick] = 0.0
        gain[~minutes.affordable(float(minutes.price[pick].sum()))] = 0.0
        if gain.max() <= ROUNDING * max(found, 1.0):
            break
        pick = np.append(pick, int(gain.argmax()))
    return pick


def _closest(
    minutes: Problem, burden: Burden, group: Places, *, method: Method
) -> tuple[Places, float, bool]:
    """Site so that the gap between tenths of people is small."""
    problem = minutes.with_burden(burden)
    gap = Gap(problem, group)
    steep = replace(burden, objective=_objectives.ede())
    starts = [np.empty(0, dtype=np.int64), spared_most(problem)]
    if burden.objective.within_min is None:
        starts.append(spared_most(minutes.with_burden(steep)))
    if len(problem.pairs.cell) > _MANY_PAIRS:
        starts = [min(starts, key=gap.of)]
    tried = [gap.improved(one) for one in starts]
    chosen = min(tried, key=gap.of)
    found = gap.of(chosen)
    if method == "fast":
        return chosen, np.nan, False
    bound = max(0.0, _gap_at_least(problem, gap, chosen))
    if _wants_program(problem, found - bound, found, method):
        solved = _exact.least_gap(problem, group=group)
        if solved.chosen is not None and gap.of(solved.chosen) < found:
            chosen, found = solved.chosen, gap.of(solved.chosen)
        bound = max(bound, solved.bound)
    bound = min(bound, found)
    exact = found - bound <= _PROVEN * max(found, float(problem.base.max(initial=0.0)))
    return chosen, found if exact else bound, exact


def _gap_at_least(problem: Problem, gap: Gap, chosen: Places) -> float:
    """
    Bound the gap from below.

    Whoever the worst-served tenth are, they bear at least what any tenth of
    people does, and the sum of what a tenth bears is bounded like any sum; the
    best-served tenth bear at most what they bear today.
    """
    nobody = np.empty(0, dtype=np.int64)
    best = gap.means(served_by(problem, nobody).best)
    tenth = float(gap.size.sum()) / 10
    line = np.argsort(best, kind="stable")
    low = float(_lowest(gap.size[line], tenth) @ best[line]) / tenth
    bounds = []
    for one in (nobody, chosen):
        value = gap.means(served_by(problem, one).best)
        order = np.argsort(-value, kind="stable")
        weight = np.zeros(len(value))
        weight[order] = _lowest(gap.size[order], tenth) / gap.size[order]
        worst = replace(problem, people=problem.people * weight[gap.group])
        start = spared_most(worst)
        bears = burden_of(worst, start)
        bounds.append(_bounds.least_burden(worst, found=bears, start=start)[0] / tenth)
    return max(bounds) - low


def _lowest(size: np.ndarray, room: float) -> np.ndarray:
    """Take people from the front until there are enough."""
    return np.diff(np.minimum(np.cumsum(size), room), prepend=0.0)


# ------------------------------------------------------------------ the result
def _groups(objective: Objective, minutes: Problem) -> Places:
    """Give a number to each group between which the gap is measured."""
    if objective.groups is None:
        return np.arange(len(minutes.base))
    schema.check_unique(objective.groups.index, name="groups")
    groups = objective.groups.reindex(minutes.cells)
    if groups.isna().any():
        ids = groups.index[groups.isna()]
        msg = f"groups: unknown of {shown(ids)}"
        raise DataError(msg, ids=ids)
    return pd.factorize(groups)[0].astype(np.int64)


def _told(
    minutes: Problem,
    chosen: Places,
    *,
    burden: Burden,
    group: Places,
    proof: tuple[float, bool],
    population: pd.Series,
    tables: tuple[pd.DataFrame | None, pd.Series | None],
) -> Siting:
    """Put a choice of sites into tables."""
    candidates, current = tables
    if minutes.has_room:
        served = served_by(minutes, chosen)
        cell, went = np.arange(len(minutes.base)), minutes.people
        place = np.append(chosen, -1)[served.site]
        walk = served.best
    else:
        moved, to, some = _exact.shared_out(minutes, chosen, weigh=burden.of)
        left = minutes.people - np.bincount(moved, weights=some, minlength=len(minutes.base))
        stay = np.flatnonzero(left > ROUNDING * minutes.people)
        cell, went = np.concatenate([moved, stay]), np.concatenate([some, left[stay]])
        place = np.concatenate([to, np.full(len(stay), -1)])
        walk = np.concatenate([_walks(minutes, moved, to), minutes.base[stay]])
        order = np.argsort(cell, kind="stable")
        cell, went, place, walk = cell[order], went[order], place[order], walk[order]
    names = np.array([*minutes.sites, None], dtype=object)
    assigned = pd.DataFrame(
        {
            "from_id": minutes.cells[cell],
            "to_id": pd.Series(names[place], dtype=object),
            "people": went,
            "minutes": walk,
        }
    )
    objective = burden.objective
    how: dict[str, Any] = {"kappa": burden.kappa, "within_min": objective.within_min}
    rows = pd.RangeIndex(len(assigned))
    after = measures(
        pd.Series(walk, index=rows),
        population=pd.Series(went, index=rows),
        groups=None if objective.groups is None else pd.Series(group[cell], index=rows),
        **how,
    )
    before = measures(
        pd.Series(minutes.base, index=minutes.cells),
        population=pd.Series(minutes.people, index=minutes.cells),
        groups=None if objective.groups is None else pd.Series(group, index=minutes.cells),
        **how,
    )
    bound, exact = proof
    people = population.to_numpy(dtype=float)
    limited = 0.0
    if current is None:
        limited = float(minutes.people.sum())
    elif current.isna().any():
        lost = current.index[current.isna()]
        limited = float(minutes.people[minutes.cells.isin(lost)].sum())
    return Siting(
        sites=_sites(minutes, chosen, assigned, candidates),
        assigned=assigned,
        before=before,
        after=after,
        objective=objective,
        kappa=burden.kappa,
        value=_value(burden, after, walk, went),
        value_before=_value(burden, before, minutes.base, minutes.people),
        bound=bound,
        exact=exact,
        unreached=float(people.sum() - minutes.people.sum()),
        limited=limited,
    )


def _value(burden: Burden, told: pd.Series, walk: np.ndarray, people: np.ndarray) -> float:
    """Read what an objective reaches."""
    name = burden.objective.name
    if name == "blend":
        return float(people @ burden.of(walk) / people.sum())
    if name == "gap" and burden.objective.groups is not None:
        return float(told["group_gap"])
    return float(told[{"coverage": "within", "p-center": "farthest"}.get(name, name)])


def _sites(
    minutes: Problem, chosen: Places, assigned: pd.DataFrame, candidates: pd.DataFrame | None
) -> pd.DataFrame:
    """List the sites and who goes there."""
    ids = minutes.sites[chosen]
    come = assigned[assigned["to_id"].notna()]
    walked = (come["people"] * come["minutes"]).groupby(come["to_id"]).sum().reindex(ids)
    people = come.groupby("to_id")["people"].sum().reindex(ids)
    told = pd.DataFrame(
        {"people": people.fillna(0.0).astype(float), "minutes": (walked / people).astype(float)},
        index=ids.rename("to_id"),
    )
    kept = [] if candidates is None else [c for c in ("capacity", "price") if c in candidates]
    return told.join(candidates.loc[ids, kept]) if candidates is not None and kept else told
