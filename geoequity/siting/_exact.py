"""The best sites there are, by mixed-integer programs, for problems of few pairs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, vstack

from geoequity.siting._objectives import Floats
from geoequity.siting._problem import Places, Problem

MOST_PAIRS = 20_000  # of a program that is tried at all
_NODES = 2_000  # of its tree; what is not settled by then is bounded
_INFEASIBLE, _FAILED = 2, 4  # in scipy's words
_NOBODY = 1e-9  # of a cell's people
_TIE = 1e-7  # of a burden, for a minute: of two ways that weigh the same the shorter is taken


@dataclass(frozen=True, kw_only=True, eq=False)
class Solved:
    """
    What a program found.

    Parameters
    ----------
    chosen
        Candidates; None where none was found in time.
    bound
        No choice is better.
    """

    chosen: Places | None
    bound: float


def _shape(problem: Problem) -> tuple[Places, Places, int, int]:
    """Name the sizes of a program: cell and site of each pair, pairs, sites."""
    pairs = problem.pairs
    site = np.repeat(np.arange(len(problem.sites)), np.diff(pairs.first))
    return pairs.cell.astype(np.int64), site, len(site), len(problem.sites)


def _sparse(value: Any, row: Any, column: Any, shape: tuple[int, int]) -> csr_array:
    """Make a sparse matrix."""
    value = np.broadcast_to(np.asarray(value, dtype=float), np.shape(row))
    return coo_array((value, (row, column)), shape=shape).tocsr()


def _means(problem: Problem, wide: int, at: int) -> list[LinearConstraint]:
    """Say how many sites may open and what they may cost; their columns begin at `at`."""
    sites = np.arange(len(problem.sites)) + at
    rows = [LinearConstraint(_sparse(1, 0 * sites, sites, (1, wide)), -np.inf, problem.count)]
    if np.isfinite(problem.budget):
        priced = _sparse(problem.price, 0 * sites, sites, (1, wide))
        rows.append(LinearConstraint(priced, -np.inf, problem.budget))
    return rows


def _served(problem: Problem, wide: int) -> list[LinearConstraint]:
    """Say that people go to open sites only, and once, and no more than there is room for."""
    cell, site, pairs, sites = _shape(problem)
    places = np.arange(pairs)
    once = _sparse(1, cell, places, (len(problem.base), wide))
    go = _sparse(1, places, places, (pairs, wide)) - _sparse(1, places, site + pairs, (pairs, wide))
    rows = [LinearConstraint(once, -np.inf, 1), LinearConstraint(go, -np.inf, 0)]
    full = np.flatnonzero(np.isfinite(problem.capacity))
    if len(full):
        come = _sparse(problem.people[cell], site, places, (sites, wide))
        room = _sparse(problem.capacity[full], full, full + pairs, (sites, wide))
        rows.append(LinearConstraint((come - room)[full], -np.inf, 0))
    return rows


def _solve(
    cost: Floats, rows: list[LinearConstraint], *, whole: npt.NDArray[Any], bounds: Bounds
) -> Any:
    """Run the solver."""
    options = {"node_limit": _NODES, "mip_rel_gap": 0.0}
    asked: dict[str, Any] = {"constraints": rows, "integrality": whole, "bounds": bounds}
    result = milp(cost, options=options, **asked)
    if result.status == _FAILED:  # presolve trips over a few programs that are quite in order
        result = milp(cost, options={**options, "presolve": False}, **asked)
    return result


def least_burden(problem: Problem) -> Solved:
    """
    Find the sites that leave people with the least sum of burdens.

    Parameters
    ----------
    problem
        In burdens.

    Returns
    -------
    solved
        The bound is of the sum over people.
    """
    cell, _, pairs, sites = _shape(problem)
    wide = pairs + sites
    cost = np.zeros(wide)
    cost[:pairs] = problem.people[cell] * (problem.pairs.burden - problem.base[cell])
    whole = np.repeat([0, 1], [pairs, sites])
    rows = [*_served(problem, wide), *_means(problem, wide, pairs)]
    # Numbers near one are what the solver's tolerances are made for
    scale = max(float(np.abs(cost).max(initial=0)), 1e-300)
    result = _solve(cost / scale, rows, whole=whole, bounds=Bounds(0, 1))
    today = float(problem.people @ problem.base)
    bound = -np.inf if result.mip_dual_bound is None else today + scale * result.mip_dual_bound
    return Solved(chosen=_opened(result, pairs, sites), bound=bound)


def _opened(result: Any, first: int, sites: int) -> Places | None:
    """Read which sites open."""
    return None if result.x is None else np.flatnonzero(result.x[first : first + sites] > 1 / 2)


def covers(problem: Problem, *, radius: float) -> Solved | None:
    """
    Find sites that bring everybody within a walk.

    Parameters
    ----------
    problem
        In minutes.
    radius
        The walk [minutes].

    Returns
    -------
    solved
        None where it is proven that there are none; without `chosen` where the
        solver did not tell.
    """
    cell, site, _, sites = _shape(problem)
    near = problem.pairs.burden <= radius
    far = problem.base > radius
    cover = _sparse(1, cell[near], site[near], (len(far), sites))[np.flatnonzero(far)]
    rows = _means(problem, sites, 0)
    if cover.shape[0]:
        rows.append(LinearConstraint(cover, 1, np.inf))
    result = _solve(np.ones(sites), rows, whole=np.ones(sites), bounds=Bounds(0, 1))
    if result.status == _INFEASIBLE:
        return None
    return Solved(chosen=_opened(result, 0, sites), bound=radius)


def least_gap(problem: Problem, *, group: Places) -> Solved:
    """
    Find the sites with the smallest gap between tenths of people.

    Parameters
    ----------
    problem
        In burdens, without capacities.
    group
        Group of each cell, from 0.

    Returns
    -------
    solved
        The bound is of the gap.

    Notes
    -----
    The mean of the worst tenth is the least, over an edge, of the edge and ten
    times what exceeds it; the mean of the best tenth, turned round, likewise [1]_.
    That everybody goes to the best open site has to be said: sending some
    farther would shrink the gap.

    References
    ----------
    .. [1] Rockafellar, R. T. and Uryasev, S. (2000). Journal of Risk 2(3), 21-41.
    """
    cell, site, pairs, sites = _shape(problem)
    size = np.bincount(group, weights=problem.people)
    groups, tenth = len(size), float(size.sum()) / 10
    # Columns: pairs, sites, what exceeds the worst edge, what falls short of the best, two edges
    above, below, edge = pairs + sites, pairs + sites + groups, pairs + sites + 2 * groups
    wide = edge + 2
    cost = np.zeros(wide)
    cost[above:below] = cost[below:edge] = size / tenth
    cost[edge], cost[edge + 1] = 1, -1
    share = problem.people / size[group]
    today = np.bincount(group, weights=share * problem.base)
    lowered = _sparse(
        share[cell] * (problem.pairs.burden - problem.base[cell]),
        group[cell],
        np.arange(pairs),
        (groups, wide),
    )
    every = np.arange(groups)
    over = lowered - _sparse(1, every, above + every, (groups, wide))
    over = over - _sparse(1, every, 0 * every + edge, (groups, wide))
    under = _sparse(1, every, 0 * every + edge + 1, (groups, wide)) - lowered
    under = under - _sparse(1, every, below + every, (groups, wide))
    rows = [
        *_served(problem, wide),
        *_means(problem, wide, pairs),
        LinearConstraint(over, -np.inf, -today),
        LinearConstraint(under, -np.inf, today),
        LinearConstraint(_nearest(problem, cell, site, wide), 0, np.inf),
    ]
    most = float(problem.base.max(initial=0.0))
    lower, upper = np.zeros(wide), np.ones(wide)
    upper[above:] = most
    whole = np.zeros(wide)
    whole[pairs:above] = 1
    result = _solve(cost, rows, whole=whole, bounds=Bounds(lower, upper))
    bound = -np.inf if result.mip_dual_bound is None else float(result.mip_dual_bound)
    return Solved(chosen=_opened(result, pairs, sites), bound=bound)


def _nearest(problem: Problem, cell: Places, site: Places, wide: int) -> csr_array:
    """Say of every pair that if its site is open its people go there or to a better one."""
    pairs = len(cell)
    order = np.lexsort((problem.pairs.burden, cell))
    burden = problem.pairs.burden[order]
    start = np.searchsorted(cell[order], np.arange(len(problem.base)))
    row, column = [], []
    for place in range(pairs):
        of_cell = start[cell[order[place]]]
        end = place + 1
        while (
            end < pairs
            and cell[order[end]] == cell[order[place]]
            and (burden[end] == burden[place])
        ):
            end += 1
        row.append(np.full(end - of_cell, place))
        column.append(order[of_cell:end])
    shape = (pairs, wide)
    places = np.arange(pairs)
    if not pairs:
        return _sparse([], [], [], (0, wide))
    go = _sparse(1, np.concatenate(row), np.concatenate(column), shape)
    return go - _sparse(1, places, site[order] + pairs, shape)


def shared_out(
    minutes: Problem, chosen: Places, *, weigh: Callable[[Floats], Floats]
) -> tuple[Places, Places, Floats]:
    """
    Send people to sites with little room so that the sum of burdens is least.

    Parameters
    ----------
    minutes
        In minutes.
    chosen
        Candidates that are open.
    weigh
        Burden of walks; of ways that weigh the same the shorter is taken.

    Returns
    -------
    cell
        Who goes.
    site
        Where, a candidate.
    people
        How many of them.
    """
    spans = [np.arange(minutes.pairs.first[c], minutes.pairs.first[c + 1]) for c in chosen]
    at = np.concatenate([np.empty(0, dtype=np.int64), *spans])
    of = np.repeat(np.arange(len(chosen)), [len(one) for one in spans])
    cell, walk = minutes.pairs.cell[at].astype(np.int64), minutes.pairs.burden[at]
    if not len(at):
        return cell, of, np.empty(0)
    base = minutes.base[cell]
    cost = weigh(walk) - weigh(base)
    cost = cost / max(float(np.abs(cost).max()), _TIE)
    cost = cost + _TIE * (walk - base)
    places = np.arange(len(at))
    once = _sparse(1, cell, places, (len(minutes.base), len(at)))
    come = _sparse(1, of, places, (len(chosen), len(at)))
    limit = np.concatenate([minutes.people, minutes.capacity[chosen]])
    rows = LinearConstraint(vstack([once, come]), -np.inf, limit)
    result = milp(cost, constraints=rows, bounds=Bounds(0, np.inf))
    went = np.where(result.x > _NOBODY * minutes.people[cell], result.x, 0.0)
    some = np.flatnonzero(went)
    return cell[some], chosen[of[some]], went[some]
