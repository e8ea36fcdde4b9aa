"""The compiled core of Copeland's rule."""

import numpy as np
from numba import njit

_BLOCK = 512  # of units compared with all before them, so that their scores stay in the cache
_ROUND = 1e12  # differences of weights beyond twelve decimals are rounding


@njit(nogil=True, cache=True, error_model="numpy")
def net_wins(children: np.ndarray, weights: np.ndarray, out: np.ndarray) -> None:
    """
    Count for each unit those it beats, less those that beat it.

    Parameters
    ----------
    children
        Children x units; NaN = unknown, in which no unit beats another.
    weights
        Weight of each child.
    out
        The count by unit, zeros before.
    """
    number, units = children.shape
    ahead = np.empty(_BLOCK)
    for begin in range(0, units, _BLOCK):
        end = min(begin + _BLOCK, units)
        for one in range(end):
            first = max(begin, one + 1)
            ahead[:] = 0.0
            for child in range(number):
                mine, weight = children[child, one], weights[child]
                others = children[child, first:end]
                for at in range(len(others)):
                    ahead[at] += (weight if mine > others[at] else 0.0) - (
                        weight if mine < others[at] else 0.0
                    )
            for at in range(end - first):
                rounded = np.rint(ahead[at] * _ROUND)
                won = (1.0 if rounded > 0 else 0.0) - (1.0 if rounded < 0 else 0.0)
                out[one] += won
                out[first + at] -= won
