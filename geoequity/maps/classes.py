"""
How values become the few colours of a choropleth.

One rule for every map: the darker, the better. Edges are round numbers that a
reader can remember, and districts that are nearly equal are drawn so.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from geoequity.palette import ramp

_MOST = 6
_CROWDED = 0.6  # a class that holds more of the units than this hides what it should show
_FEW_UNITS = 8
_ROUND = (1.0, 2.0, 2.5, 5.0)


def breaks(values: Sequence[float], *, min_step: float = 0.0, through: float = 0.0) -> list[float]:
    """
    Choose class edges that a reader can remember.

    Parameters
    ----------
    values
        What is mapped, in any unit; NaN is unknown and left out.
    min_step
        Narrowest class, in the unit of the values: keeps a map of nearly equal
        districts from looking unequal.
    through
        A threshold that should be an edge wherever it lies among the values,
        in their unit.

    Returns
    -------
    edges
        One more than there are classes, rising; empty where nothing is known,
        twice the same where all values are alike. A value belongs to the
        highest class whose lower edge it reaches; the last class holds its
        upper edge too.

    Notes
    -----
    Equal steps of 1, 2, 2.5 or 5 times a power of ten, six classes at most.
    Where one class would hold over 60 % of the units (skewed counts), the
    edges are instead the quintiles of the distinct values, to two digits,
    and ``through`` may then lie inside a class.

    Examples
    --------
    >>> breaks([41.0, 48.5, 63.0], min_step=5.0)
    [40.0, 45.0, 50.0, 55.0, 60.0, 65.0]
    """
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    if not len(known):
        return []
    if known.min() == known.max():
        return [float(known[0])] * 2
    edges = _even(float(known.min()), float(known.max()), min_step=min_step, through=through)
    counts, _ = np.histogram(known, bins=edges)
    if len(known) < _FEW_UNITS or counts.max() <= _CROWDED * len(known):
        return edges
    fifths = np.quantile(np.unique(known), [0.2, 0.4, 0.6, 0.8])
    low, high = _two_digits(known.min(), math.floor), _two_digits(known.max(), math.ceil)
    inner = {one for one in (_two_digits(fifth, round) for fifth in fifths) if low < one < high}
    skewed = [low, *sorted(inner), high]
    return skewed if np.diff(skewed).min() >= min_step else edges


def shades(count: int, *, better: str) -> list[str]:
    """
    Choose the colour of each class.

    Parameters
    ----------
    count
        How many classes there are.
    better
        ``higher`` or ``lower``: which end of the values is the good one.

    Returns
    -------
    colours
        ``#RRGGBB`` from the lowest class to the highest; the best one is the
        darkest.

    Examples
    --------
    >>> shades(2, better="lower")
    ['#0C2C84', '#FFFFCC']
    """
    if count == 1:
        return [ramp(0.5)]
    colours = [ramp(place / (count - 1)) for place in range(count)]
    return colours[::-1] if better == "lower" else colours


def _even(low: float, high: float, *, min_step: float, through: float) -> list[float]:
    """Cut [low, high] at multiples of the smallest round step that gives few classes."""
    least = max((high - low) / _MOST, min_step)
    power = math.floor(math.log10(least))
    steps = (digits * 10.0**exponent for exponent in (power, power + 1) for digits in _ROUND)
    for step in steps:
        first = math.floor(low / step + 1e-9)
        last = max(math.ceil(high / step - 1e-9), first + 1)
        on_edge = math.isclose(through / step, round(through / step), abs_tol=1e-9)
        if step >= least * (1 - 1e-9) and last - first <= _MOST and on_edge:
            break
    return [float(f"{place * step:.12g}") for place in range(first, last + 1)]


def _two_digits(value: float, rounded: Callable[[float], int]) -> float:
    """Round to two significant digits, in the way that is asked."""
    if value == 0:
        return 0.0
    last = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    return float(f"{rounded(float(f'{value / last:.9g}')) * last:.12g}")
