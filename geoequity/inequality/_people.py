"""Who counts, and with what weight: the one rule for gaps, and people lined up."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity.errors import DataError, shown
from geoequity.schema import check_same_index

Better = Literal["higher", "lower"]
Floats = npt.NDArray[np.float64]
Measure = TypeVar("Measure", bound=Callable[..., float])

_EXACT_STEP = 1e-12  # share of people; far below one person, far above rounding


@dataclass(frozen=True, eq=False)
class People:
    """The units that count, those with people and a known value, and their places in the input."""

    value: Floats
    population: Floats
    places: npt.NDArray[np.intp]
    name: str  # of the value, for messages
    index: pd.Index  # of the input

    @property
    def mean(self) -> float:
        return mean_of(self.value, self.population)

    def over(self, amount: Floats) -> float:
        """Average an amount per unit over people."""
        return total(amount * self.population) / float(self.population.sum())

    def ids(self, which: npt.NDArray[np.bool_]) -> pd.Index:
        """Tell the ids of some of the units."""
        return self.index[self.places[which]]

    def taken(self, at: npt.NDArray[np.intp], times: npt.NDArray[np.intp] | int = 1) -> "People":
        """Take some of the units, each so many times."""
        value, population = self.value[at], self.population[at] * times
        return People(value, population, self.places[at], self.name, self.index)


FORMS: dict[Callable[..., float], Callable[..., float]] = {}


def on_people(form: Callable[..., float]) -> Callable[[Measure], Measure]:
    """Tie a measure to its form on people already checked, which takes the same options."""

    def tie(measure: Measure) -> Measure:
        FORMS[measure] = form
        return measure

    return tie


def coverage(value: pd.Series, *, population: pd.Series) -> float:
    """
    Tell the share of people whose value is known.

    Units of which neither value nor population is known cannot be counted.

    Parameters
    ----------
    value
        Value per unit, NaN where unknown.
    population
        Residents per unit [persons], on the same index.

    Returns
    -------
    coverage
        Share of people, 0-1.

    Raises
    ------
    DataError
        If the indexes differ, a column is text, a value is infinite, or a
        population is negative, zero everywhere, or unknown where the value is known.

    Examples
    --------
    >>> value, population = pd.Series([10.0, float("nan")]), pd.Series([30.0, 10.0])
    >>> coverage(value, population=population)
    0.75
    """
    values, residents = checked(value, population, signed=True)
    everyone = np.nansum(residents)
    if everyone == 0:
        msg = "population: zero or unknown everywhere"
        raise DataError(msg)
    return float(residents[~np.isnan(values)].sum() / everyone)


def called(column: pd.Series, otherwise: str = "value") -> str:
    """Name a column in a message."""
    return otherwise if column.name is None else str(column.name)


def numbers(**columns: pd.Series) -> list[Floats]:
    """Read columns as floats, or refuse those that are not numbers."""
    text = [
        f"{called(column, role)}: not numbers but {column.dtype}"
        for role, column in columns.items()
        if not pd.api.types.is_numeric_dtype(column)
    ]
    if text:
        raise DataError("; ".join(text))
    return [column.to_numpy(dtype=float, na_value=np.nan) for column in columns.values()]


def checked(
    value: pd.Series, population: pd.Series, *, signed: bool = False, **beside: pd.Series | None
) -> tuple[Floats, Floats]:
    """Check the columns of a measure at the door, all faults at once."""
    others = {role: column for role, column in beside.items() if column is not None}
    for role, column in {"population": population, **others}.items():
        check_same_index(value, column, names=(called(value), role))
    values, residents = numbers(value=value, population=population)
    counts = ~np.isnan(values) & (residents > 0)
    name = called(value)
    faults = {
        f"{name}: infinite": np.isinf(values),
        f"{name}: negative": (values < 0) & (not signed) & ~np.isinf(values),
        "population: negative or infinite": (residents < 0) | np.isinf(residents),
        f"population: unknown where {name} is known": ~np.isnan(values) & np.isnan(residents),
    }
    for role, column in others.items():
        faults[f"{role}: unknown where {name} is known"] = counts & column.isna().to_numpy()
    faults = {fault: bad for fault, bad in faults.items() if bad.any()}
    if faults:
        lines = [f"{fault} in {shown(value.index[bad])}" for fault, bad in faults.items()]
        bad = np.logical_or.reduce(list(faults.values()))
        raise DataError("; ".join(lines), ids=value.index[bad])
    return values, residents


def people_of(
    value: pd.Series, population: pd.Series, *, signed: bool = False, **beside: pd.Series | None
) -> People:
    """Check the columns of a measure and keep the units that count."""
    values, residents = checked(value, population, signed=signed, **beside)
    places = np.flatnonzero(~np.isnan(values) & (residents > 0))
    if not len(places):
        msg = f"population: nobody lives where {called(value)} is known"
        raise DataError(msg)
    return People(values[places], residents[places], places, called(value), value.index)


def positive_mean(people: People) -> float:
    """Give the mean over people, or refuse to compare people who all have nothing."""
    if not people.value.any():
        msg = "no people hold a positive value"
        raise DataError(msg)
    return people.mean


def check_positive(number: float, *, name: str) -> None:
    """Refuse an option that is not a positive finite number."""
    if not 0 < number < np.inf:
        msg = f"{name}: must be a number above 0, not {number}"
        raise DataError(msg)


def check_share(number: float, *, name: str) -> None:
    """Refuse an option that is no share of people."""
    if not 0 <= number <= 1:
        msg = f"{name}: must be within 0 and 1, not {number}"
        raise DataError(msg)


def check_better(better: str) -> None:
    """Refuse a direction that is neither of the two words."""
    if better not in {"higher", "lower"}:
        msg = f"better: must be higher or lower, not {better!r}"
        raise DataError(msg)


def total(amount: Floats) -> float:
    """Sum, in pairs: a product by BLAS is less exact and waits for threads on a busy machine."""
    return float(amount.sum())


def mean_of(values: Floats, weights: Floats) -> float:
    """Weighted mean, exact where all that weigh are alike."""
    base = values[np.argmax(weights)]
    return float(base) + total((values - base) * weights) / float(weights.sum())


def cumulated(amount: npt.NDArray[Any]) -> Floats:
    """Cumulative shares of an amount, from 0 to exactly 1."""
    upto = np.concatenate([[0.0], np.cumsum(amount)])
    return upto / upto[-1]


def lined_up(people: People) -> tuple[Floats, Floats]:
    """Line people up by value: the values ascending, and the shares of people between them."""
    if (people.value[1:] < people.value[:-1]).any():
        people = people.taken(np.argsort(people.value))
    return people.value, cumulated(people.population)


def ranked(people: People, rank: pd.Series) -> tuple[Floats, Floats]:
    """Line people up by rank, those of equal rank as one with their mean value."""
    (ranks,) = numbers(rank=rank)
    ranks = ranks[people.places]
    if np.isinf(ranks).any():
        ids = people.ids(np.isinf(ranks))
        msg = f"rank: infinite in {shown(ids)}"
        raise DataError(msg, ids=ids)
    _, tied = np.unique(ranks, return_inverse=True)
    residents = np.bincount(tied, people.population)
    base = people.value.min()  # so that people who are alike, or have nothing, stay so exactly
    above = np.bincount(tied, people.population * (people.value - base)) / residents
    return base + above, cumulated(residents)


def grouped(people: People, groups: pd.Series | None) -> tuple[npt.NDArray[np.intp], pd.Index]:
    """Give each unit that counts the number of its group, in order of their labels."""
    if groups is None:
        return np.zeros(len(people.places), dtype=np.intp), pd.Index([])
    return pd.factorize(groups.iloc[people.places], sort=True)


def mean_between(ordered: Floats, edges: Floats, low: float, high: float) -> float:
    """Mean value of the people between two shares, splitting the units that straddle them."""
    return mean_of(ordered, np.diff(np.clip(edges, low, high)))


def quantile_of(ordered: Floats, edges: Floats, q: float) -> float:
    """Invert the distribution of people, averaging where a step is met exactly."""
    upto = edges[1:]
    at = int(np.searchsorted(upto, q - _EXACT_STEP))
    exact = upto[at] <= q + _EXACT_STEP
    return float(ordered[at] + ordered[min(at + exact, len(ordered) - 1)]) / 2


def slack(ordered: Floats, edges: Floats, nu: float = 2) -> float:
    """Area between the line of equality and the (extended) Lorenz curve, times the mean."""
    above = 1 - edges[1:-1]
    # summed over the steps up, not the people: no term cancels another, and 0 is exact
    return total(np.diff(ordered) * (above - above**nu))


def ratio_of(above: float, below: float) -> float:
    """Divide, NaN where nothing or less stands below."""
    return above / below if below > 0 <= above else np.nan
