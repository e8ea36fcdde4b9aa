"""How good any choice of sites could be at most, proven."""

import numpy as np
from scipy.sparse import csr_array

from geoequity.siting import _kernels
from geoequity.siting._objectives import Floats
from geoequity.siting._problem import ROUNDING, Places, Problem
from geoequity.siting._search import served_by

_STEPS, _STEPS_WITHIN = 250, 50
_PATIENCE = 8
_LEAST_STEP = 2e-2


def least_burden(problem: Problem, *, found: float, start: Places) -> tuple[float, Places]:
    """
    Bound the sum of burdens from below.

    Parameters
    ----------
    problem
        In burdens.
    found
        The least sum that is known.
    start
        Candidates to start from.

    Returns
    -------
    bound
        No choice of sites leaves people with less.
    chosen
        The sites that the best prices point to.

    Notes
    -----
    Everybody is to be served once; that rule is lifted and a price put on it,
    which is moved along a subgradient [1]_. At the prices of the first step,
    what each bears with the sites of `start`, this is the bound of submodular
    functions, what is saved plus the largest savings left [2]_; it only rises
    from there. Every price gives a bound, however few the steps.

    References
    ----------
    .. [1] Cornuejols, G., Fisher, M. L. and Nemhauser, G. L. (1977). Management
       Science 23(8), 789-810.
    .. [2] Nemhauser, G. L., Wolsey, L. A. and Fisher, M. L. (1978). Mathematical
       Programming 14, 265-294.
    """
    people, base, pairs = problem.people, problem.base, problem.pairs
    price = served_by(problem, start).best
    gain, times = np.empty(len(problem.sites)), np.empty(len(base), dtype=np.int64)
    bound, step, idle, pointed = -np.inf, 1.0, 0, start
    for _ in range(_STEPS if problem.has_room else _STEPS_WITHIN):
        if problem.has_room:
            _kernels.reduced(pairs, people, price, gain)
        else:
            _kernels.reduced_within(pairs, people, price, problem.capacity, gain)
        saved, chosen = most_saved(problem, -gain)
        now = float(people @ price) - saved
        idle = 0 if now > bound + ROUNDING * abs(bound) else idle + 1
        if now > bound:
            bound, pointed = now, chosen
        if idle > _PATIENCE:
            step, idle = step / 2, 0
        _kernels.served_times(pairs, price, chosen, times)
        direction = 1.0 - times
        direction[(times == 0) & (price >= base)] = 0.0
        steep = float(people @ direction**2)
        if steep == 0 or found - bound <= ROUNDING * max(abs(found), 1.0) or step < _LEAST_STEP:
            break
        price = np.minimum(base, price + step * max(found - now, 0.0) / steep * direction)
    return min(bound, found), pointed


def most_saved(problem: Problem, saving: Floats) -> tuple[float, Places]:
    """
    Bound what sites can save whose savings just add up.

    Parameters
    ----------
    problem
        What is allowed.
    saving
        Of each candidate, 0 or more.

    Returns
    -------
    saved
        At least what any allowed choice saves.
    chosen
        A choice that comes near, allowed or nearly so.
    """
    order = np.argsort(-saving, kind="stable")[: problem.count]
    order = order[saving[order] > 0]
    saved = float(saving[order].sum())
    if not np.isfinite(problem.budget):
        return saved, order
    # A part of a site for a part of its price: the linear relaxation of the budget
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = np.where(saving > 0, saving / problem.price, 0.0)
    line = np.argsort(-worth, kind="stable")
    upto = np.cumsum(problem.price[line])
    share = np.ones(len(line))
    paid = problem.price[line] > 0
    before = upto - problem.price[line]
    share[paid] = np.clip((problem.budget - before[paid]) / problem.price[line][paid], 0, 1)
    within = float(share @ saving[line])
    whole = line[(share >= 1) & (saving[line] > 0)][: problem.count]
    return min(saved, within), whole if within < saved else order


def farthest_at_least(problem: Problem, *, found: float) -> float:
    """
    Bound the longest walk from below.

    Parameters
    ----------
    problem
        In minutes.
    found
        The shortest longest walk that is known.

    Returns
    -------
    bound
        No choice of sites makes the longest walk shorter.

    Notes
    -----
    Cells of which no candidate serves two within a walk each want a site of
    their own; where they are too many, somebody walks farther.
    """
    pairs = problem.pairs
    site = np.repeat(np.arange(len(problem.sites)), np.diff(pairs.first))
    by_cell = csr_array(
        (pairs.burden, (pairs.cell, site)), shape=(len(problem.base), len(problem.sites))
    )
    by_cell.sort_indices()
    radii = np.unique(np.concatenate([pairs.burden, problem.base]))
    low, high = 0, int(np.searchsorted(radii, found))  # every choice reaches radii[high] at best
    while low < high:
        middle = (low + high) // 2
        if _too_many(problem, by_cell, radii[middle]):
            low = middle + 1
        else:
            high = middle
    return float(radii[low])


def _too_many(problem: Problem, by_cell: csr_array, radius: float) -> bool:
    """Tell whether it is proven that not everybody can be served within a walk."""
    near = by_cell.data <= radius
    upto = np.concatenate([[0], np.cumsum(near)])
    first, site = upto[by_cell.indptr], by_cell.indices[near]
    number = np.diff(first)
    far = problem.base > radius
    if (far & (number == 0)).any():
        return True
    cells = np.flatnonzero(far)
    order = cells[np.argsort(number[cells], kind="stable")]
    out = np.empty(len(cells) + 1, dtype=np.int64)
    packed = _kernels.pack(first, site, order, np.zeros(len(problem.sites), dtype=bool), out)
    if packed > problem.count:
        return True
    if not np.isfinite(problem.budget):
        return False
    cheapest = [problem.price[site[first[c] : first[c + 1]]].min() for c in out[:packed]]
    return float(np.sum(cheapest)) > problem.budget * (1 + ROUNDING)
