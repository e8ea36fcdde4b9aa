"""Who counts, and with what weight: the one rule for gaps."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity.errors import DataError, shown
from geoequity.schema import check_same_index

Better = Literal["higher", "lower"]
Floats = npt.NDArray[np.float64]
Measure = TypeVar("Measure", bound=Callable[..., float])


@dataclass(frozen=True, eq=False)
class People:
    """
    The units that count: those with people and a known value.

    Parameters
    ----------
    value
        Value of each.
    population
        Residents of each [persons], above 0.
    places
        Places in the input.
    name
        What to call the value in a message.
    index
        Index of the input.
    """

    value: Floats
    population: Floats
    places: npt.NDArray[np.intp]
    name: str
    index: pd.Index

    @property
    def mean(self) -> float:
        """
        Mean value over people.

        Returns
        -------
        mean
            In the unit of the value.
        """
        return mean_of(self.value, self.population)

    @cached_property
    def line(self) -> tuple[Floats, Floats]:
        """
        Line people up by value.

        Returns
        -------
        line
            Values ascending, and the shares of people between them, from 0 to 1: one
            more than values.
        """
        value, population = self.value, self.population
        if (value[1:] < value[:-1]).any():
            order = np.argsort(value)
            value, population = value.take(order), population.take(order)
        return value, cumulated(population)

    def over(self, amount: Floats) -> float:
        """
        Average an amount per unit over people.

        Parameters
        ----------
        amount
            One number a unit.

        Returns
        -------
        mean
            Over people, in the unit of the amount.
        """
        return total(amount * self.population) / float(self.population.sum())

    def ids(self, which: npt.NDArray[np.bool_]) -> pd.Index:
        """
        Tell the ids of some of the units.

        Parameters
        ----------
        which
            A mask of units.

        Returns
        -------
        ids
            As in the input.
        """
        return self.index[self.places[which]]

    def taken(self, at: npt.NDArray[np.intp], times: npt.NDArray[np.intp] | int = 1) -> "People":
        """
        Take some of the units, each so many times.

        Parameters
        ----------
        at
            Places among these units.
        times
            How often each is taken, at least once.

        Returns
        -------
        people
            As many units as places, in that order.
        """
        value, population = self.value.take(at), self.population.take(at)
        population *= times
        return People(value, population, self.places.take(at), self.name, self.index)


FORMS: dict[Callable[..., float], Callable[..., float]] = {}


def on_people(form: Callable[..., float]) -> Callable[[Measure], Measure]:
    """
    Tie a measure to its form on people already checked, which takes the same options.

    Parameters
    ----------
    form
        Function of `People` and of the options of the measure, by the same names.

    Returns
    -------
    tie
        Decorator that leaves the measure as it is.
    """

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


def _mean(people: People) -> float:
    """Average over people."""
    return people.mean


@on_people(_mean)
def mean(value: pd.Series, *, population: pd.Series) -> float:
    """
    Average a value over people.

    Parameters
    ----------
    value
        Value per unit, negative allowed; NaN where unknown.
    population
        Residents per unit [persons], on the same index.

    Returns
    -------
    mean
        In the unit of the value, exact where all are alike.

    Raises
    ------
    DataError
        As in `coverage`, or if no value is known where people live.

    Examples
    --------
    >>> mean(pd.Series([10.0, 20.0]), population=pd.Series([30.0, 10.0]))
    12.5
    """
    return _mean(people_of(value, population, signed=True))


def called(column: pd.Series, otherwise: str = "value") -> str:
    """
    Name a column in a message.

    Parameters
    ----------
    column
        Series of the caller.
    otherwise
        Name where it has none.

    Returns
    -------
    name
        For a message.
    """
    return otherwise if column.name is None else str(column.name)


def numbers(**columns: pd.Series) -> list[Floats]:
    """
    Read columns as floats, or refuse those that are not numbers.

    Parameters
    ----------
    **columns
        Series of the caller, by their role.

    Returns
    -------
    numbers
        One array a column, NaN where unknown.

    Raises
    ------
    DataError
        If a column is text.
    """
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
    """
    Check the columns of a measure at the door, all faults at once.

    Parameters
    ----------
    value
        Value per unit.
    population
        Residents per unit.
    signed
        Whether values may be negative.
    **beside
        What else must be known of units that count, by its role; None is passed over.

    Returns
    -------
    checked
        Values and residents.

    Raises
    ------
    DataError
        If the indexes differ, a column is text, or a number cannot be.
    """
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
    """
    Check the columns of a measure and keep the units that count.

    Parameters
    ----------
    value
        Value per unit.
    population
        Residents per unit.
    signed
        Whether values may be negative.
    **beside
        What else must be known of units that count, by its role; None is passed over.

    Returns
    -------
    people
        In the order of the input.

    Raises
    ------
    DataError
        If nobody counts, or as in `checked`.
    """
    values, residents = checked(value, population, signed=signed, **beside)
    places = np.flatnonzero(~np.isnan(values) & (residents > 0))
    if not len(places):
        msg = f"population: nobody lives where {called(value)} is known"
        raise DataError(msg)
    return People(values[places], residents[places], places, called(value), value.index)


def positive_mean(people: People) -> float:
    """
    Give the mean over people, or refuse to compare people who all have nothing.

    Parameters
    ----------
    people
        None of their values negative.

    Returns
    -------
    mean
        Above 0.

    Raises
    ------
    DataError
        If all values are 0.
    """
    if not people.value.any():
        msg = "no people hold a positive value"
        raise DataError(msg)
    return people.mean


def check_positive(number: float, *, name: str) -> None:
    """
    Refuse an option that is not a positive finite number.

    Parameters
    ----------
    number
        The option.
    name
        What to call it.

    Raises
    ------
    DataError
        If it is not above 0 and finite.
    """
    if not 0 < number < np.inf:
        msg = f"{name}: must be a number above 0, not {number}"
        raise DataError(msg)


def check_share(number: float, *, name: str) -> None:
    """
    Refuse an option that is no share of people.

    Parameters
    ----------
    number
        The option.
    name
        What to call it.

    Raises
    ------
    DataError
        If it is not within 0-1.
    """
    if not 0 <= number <= 1:
        msg = f"{name}: must be within 0 and 1, not {number}"
        raise DataError(msg)


def check_better(better: str) -> None:
    """
    Refuse a direction that is neither of the two words.

    Parameters
    ----------
    better
        The option.

    Raises
    ------
    DataError
        If it is neither ``higher`` nor ``lower``.
    """
    if better not in {"higher", "lower"}:
        msg = f"better: must be higher or lower, not {better!r}"
        raise DataError(msg)


def total(amount: Floats) -> float:
    """
    Sum, in pairs: a product by BLAS is less exact and waits for threads on a busy machine.

    Parameters
    ----------
    amount
        Numbers to add up.

    Returns
    -------
    total
        Their sum.
    """
    return float(amount.sum())


def cumulated(amount: npt.NDArray[Any]) -> Floats:
    """
    Cumulative shares of an amount, from 0 to exactly 1.

    Parameters
    ----------
    amount
        One number a unit, not negative, some above 0.

    Returns
    -------
    shares
        One more than units.
    """
    upto = np.empty(len(amount) + 1)
    upto[0] = 0
    np.cumsum(amount, out=upto[1:])
    upto /= upto[-1]
    return upto


def mean_of(values: Floats, weights: Floats) -> float:
    """
    Weighted mean, exact where all that weigh are alike.

    Parameters
    ----------
    values
        One number a unit.
    weights
        Weight of each, not negative.

    Returns
    -------
    mean
        In the unit of the values.
    """
    base = values[np.argmax(weights)]
    above = values - base
    above *= weights
    return float(base) + total(above) / total(weights)


def grouped(people: People, groups: pd.Series | None) -> tuple[npt.NDArray[np.intp], pd.Index]:
    """
    Give each unit that counts the number of its group, in order of their labels.

    Parameters
    ----------
    people
        In any order.
    groups
        Group per unit of the input; None for one group of all.

    Returns
    -------
    groups
        Number of the group of each unit, and the labels of the groups.
    """
    if groups is None:
        return np.zeros(len(people.places), dtype=np.intp), pd.Index([])
    return pd.factorize(groups.iloc[people.places], sort=True)
