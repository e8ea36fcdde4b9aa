"""
Good sites, fast: greedy with lazy evaluation, then swaps.

All of it works on a `Problem` whose pairs hold burdens. Ties go to the
candidate that stands first, so that the same problem gives the same sites.
"""

import heapq
from collections.abc import Iterable

import numpy as np

from geoequity.siting import _kernels
from geoequity.siting._kernels import Served
from geoequity.siting._objectives import Floats
from geoequity.siting._problem import ROUNDING, Places, Problem

_MOST_SWAPS = 1000
_LEAST_SWAPS = 10
_WORK = 2.5e9  # pairs to look at in search of a smaller gap
_SHORTLIST = 12  # choices whose gap is measured outright, those that a bound puts first


def spared_most(problem: Problem, *, starts: Iterable[Places] = ()) -> Places:
    """
    Choose sites that lower the sum of burdens most.

    Parameters
    ----------
    problem
        In burdens.
    starts
        Choices to better by swaps, too, where sites have room for all.

    Returns
    -------
    chosen
        Candidates, in the order in which they were chosen.
    """
    if not problem.has_room:
        return _filled(problem)
    every = [_greedy(problem, by_price=False)]
    if np.isfinite(problem.budget):
        every.append(_greedy(problem, by_price=True))
    every += [one for one in starts if problem.can_pay(one)]
    found = [_swapped(problem, one) for one in every]
    return min(found, key=lambda one: burden_of(problem, one))


def served_by(problem: Problem, chosen: Places) -> Served:
    """
    Send everybody to the best of the chosen sites.

    Parameters
    ----------
    problem
        In burdens, without capacities.
    chosen
        Candidates.

    Returns
    -------
    served
        Who bears what.
    """
    cells = len(problem.base)
    served = Served(np.empty(cells), np.empty(cells), np.empty(cells, dtype=np.int64))
    _kernels.serve(problem.pairs, problem.base, chosen, served)
    return served


def burden_of(problem: Problem, chosen: Places) -> float:
    """
    Add up what people bear with the chosen sites.

    Parameters
    ----------
    problem
        In burdens, without capacities.
    chosen
        Candidates.

    Returns
    -------
    burden
        Over people.
    """
    return float(problem.people @ served_by(problem, chosen).best)


def _greedy(problem: Problem, *, by_price: bool) -> Places:
    """Open one site after another, each sparing people most; savings never rise, so be lazy."""
    best = problem.base.copy()
    gain = np.empty(len(problem.sites))
    _kernels.savings(problem.pairs, problem.people, best, gain)
    worth = 1 / np.maximum(problem.price, ROUNDING) if by_price else np.ones(len(gain))
    heap = [(-gain[one] * worth[one], one, 0) for one in range(len(gain)) if gain[one] > 0]
    heapq.heapify(heap)
    chosen: list[int] = []
    spent = 0.0
    while heap and len(chosen) < problem.count:
        _, one, known = heapq.heappop(heap)
        if spent + problem.price[one] > problem.budget * (1 + ROUNDING):
            continue
        if known < len(chosen):
            now = _kernels.saving(problem.pairs, problem.people, best, one)
            if now > 0:
                heapq.heappush(heap, (-now * worth[one], one, len(chosen)))
            continue
        chosen.append(one)
        spent += problem.price[one]
        start, end = problem.pairs.first[one], problem.pairs.first[one + 1]
        cell = problem.pairs.cell[start:end]
        best[cell] = np.minimum(best[cell], problem.pairs.burden[start:end])
    return np.array(chosen, dtype=np.int64)


def _swapped(problem: Problem, chosen: Places) -> Places:
    """Exchange sites while that spares people more, and spend what is left."""
    chosen = chosen.copy()
    still = ROUNDING * max(float(problem.people @ problem.base), ROUNDING)
    is_open = np.zeros(len(problem.sites), dtype=bool)
    is_open[chosen] = True
    for _ in range(_MOST_SWAPS):
        served = served_by(problem, chosen)
        spent = float(problem.price[chosen].sum())
        if len(chosen) < problem.count:
            gain = np.empty(len(is_open))
            _kernels.savings(problem.pairs, problem.people, served.best, gain)
            gain[is_open | ~problem.affordable(spent)] = 0.0
            one = int(gain.argmax())
            if gain[one] > still:
                chosen, is_open[one] = np.append(chosen, one), True
                continue
        if not len(chosen):
            break
        rest = spent - problem.price[chosen]
        may = rest[None, :] + problem.price[:, None] <= problem.budget * (1 + ROUNDING)
        place, one, spared = _kernels.best_swap(
            problem.pairs, problem.people, served, may, is_open, np.empty(len(chosen))
        )
        if spared <= still:
            break
        is_open[chosen[place]], is_open[one] = False, True
        chosen[place] = one
    return chosen


# ------------------------------------------------------------------ with little room
def _filled(problem: Problem) -> Places:
    """Open sites that have little room, each taking those it spares most of who are left."""
    chosen = _with_more(problem, np.empty(0, dtype=np.int64))
    saved = _saved(problem, chosen)
    for _ in range(_MOST_SWAPS):
        better = False
        for place in range(len(chosen)):
            tried = _with_more(problem, np.delete(chosen, place))
            now = _saved(problem, tried)
            if now > saved * (1 + ROUNDING) + ROUNDING:
                chosen, saved, better = tried, now, True
                break
        if not better:
            break
    return chosen


def _with_more(problem: Problem, chosen: Places) -> Places:
    """Spend what is left on the candidates that take most off people."""
    left = problem.people.copy()
    for one in chosen:
        _take(problem, int(one), left)
    gain = np.empty(len(problem.sites))
    while len(chosen) < problem.count:
        _kernels.fill(problem.pairs, problem.base, left, problem.capacity, gain)
        gain[chosen] = 0.0
        gain[~problem.affordable(float(problem.price[chosen].sum()))] = 0.0
        one = int(gain.argmax())
        if gain[one] <= 0:
            break
        chosen = np.append(chosen, one)
        _take(problem, one, left)
    return chosen


def _take(problem: Problem, one: int, left: Floats) -> float:
    """Send those who are left to a site, who is spared most first; say what that saves."""
    start, end = problem.pairs.first[one], problem.pairs.first[one + 1]
    cell = problem.pairs.cell[start:end]
    gain = problem.base[cell] - problem.pairs.burden[start:end]
    order = np.argsort(-gain, kind="stable")
    upto = np.minimum(np.cumsum(left[cell[order]]), problem.capacity[one])
    went = np.diff(upto, prepend=0.0)
    left[cell[order]] -= went
    return float(went @ gain[order])


def _saved(problem: Problem, chosen: Places) -> float:
    """Add up what sites save if each in its turn takes who is left."""
    left = problem.people.copy()
    return sum(_take(problem, int(one), left) for one in chosen)


# ------------------------------------------------------------------ the gap
class Gap:
    """
    The gap between the best- and the worst-served tenth of people, over groups of cells.

    Parameters
    ----------
    problem
        In burdens, without capacities.
    group
        Group of each cell, from 0.
    """

    def __init__(self, problem: Problem, group: Places) -> None:
        self.problem = problem
        self.group = group
        self.size = np.bincount(group, weights=problem.people)

    def means(self, best: Floats) -> Floats:
        """
        Average burdens over the people of each group.

        Parameters
        ----------
        best
            By cell.

        Returns
        -------
        means
            By group.
        """
        return np.bincount(self.group, weights=self.problem.people * best) / self.size

    def of(self, chosen: Places) -> float:
        """
        Measure the gap.

        Parameters
        ----------
        chosen
            Candidates.

        Returns
        -------
        gap
            Burden of the worst-served tenth less that of the best-served.
        """
        best = served_by(self.problem, chosen).best
        return float(_kernels.tenths_gap(self.means(best), self.size)[0])

    def improved(self, chosen: Places) -> Places:
        """
        Open, close and exchange sites while the gap shrinks.

        Parameters
        ----------
        chosen
            Candidates to start from.

        Returns
        -------
        chosen
            Candidates.
        """
        now = self.of(chosen)
        work = (len(self.problem.pairs.cell) + len(self.problem.base)) * (self.problem.count + 1)
        for _ in range(int(np.clip(_WORK / work, _LEAST_SWAPS, _MOST_SWAPS))):
            better = None
            if len(chosen) < self.problem.count:
                better = self._best([chosen], now)
            if better is None:
                better = self._best([np.delete(chosen, at) for at in range(len(chosen))], now)
            if better is None:
                break
            chosen, now = better, self.of(better)
        return chosen

    def _best(self, kept: list[Places], now: float) -> Places | None:
        """Find the best way to leave sites as they are or to add one to them."""
        options: list[tuple[float, int, Places]] = []
        for one in kept:
            for gap, sites in self._added(one):
                options.append((gap, len(options), sites))
        gaps = [(self.of(sites), place) for _, place, sites in sorted(options)[:_SHORTLIST]]
        least, place = min(gaps, default=(np.inf, 0))
        return options[place][2] if least < now - ROUNDING * max(1.0, now) else None

    def _added(self, kept: Places) -> list[tuple[float, Places]]:
        """List the sites to add that a bound of the gap puts first, and the bound."""
        problem = self.problem
        best = served_by(problem, kept).best
        means = self.means(best)
        gap, worst, nearest = _kernels.tenths_gap(means, self.size)
        change = np.empty(len(problem.sites))
        _kernels.closer(
            problem.pairs,
            problem.people,
            best,
            self.group,
            self.size,
            means,
            np.array([worst, nearest]),
            np.zeros(len(means)),
            change,
        )
        change *= 10 / float(self.size.sum())
        change[kept] = np.inf
        change[~problem.affordable(float(problem.price[kept].sum()))] = np.inf
        order = np.argsort(change, kind="stable")[:_SHORTLIST]
        added = [(gap + change[one], np.append(kept, one)) for one in order]
        return [(gap, kept), *((at, sites) for at, sites in added if np.isfinite(at))]
