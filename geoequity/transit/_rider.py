"""Who rides: how far they walk, how often they change, and when they set out."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from geoequity.errors import DataError
from geoequity.streets import ADULT, Walker

_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?")
MOST_RIDES = 8


@dataclass(frozen=True, kw_only=True)
class Rider:
    """
    A person, as far as riding goes.

    Parameters
    ----------
    walker
        How they walk where there are no streets to walk along; along streets
        the walker of the network counts.
    max_transfers
        How often they change at most, 0 to 7.
    max_walk_min
        Longest walk to the first stop and from the last [minutes].
    max_afoot_min
        Longest walk all the way [minutes]; None for `max_walk_min`.
    max_change_min
        Longest walk from one vehicle to another [minutes].
    detour_factor
        How much longer than the straight line a walk is, where there are no
        streets.
    draws
        Where a timetable tells only how often vehicles come, and not when: how
        many times their first departures are drawn at random. 0 takes them to
        leave when their frequency begins, and then at regular intervals.
    seed
        Of the draws.

    Raises
    ------
    DataError
        If a number is out of range.

    Examples
    --------
    >>> Rider(max_transfers=1).rides
    2
    """

    walker: Walker = ADULT
    max_transfers: int = 3
    max_walk_min: float = 20.0
    max_afoot_min: float | None = None
    max_change_min: float = 10.0
    detour_factor: float = 1.3
    draws: int = 0
    seed: int = 2025

    def __post_init__(self) -> None:
        said = []
        if not 0 <= self.max_transfers < MOST_RIDES:
            said.append(f"max_transfers: 0 to {MOST_RIDES - 1}, is {self.max_transfers}")
        walks = {
            "max_walk_min": self.max_walk_min,
            "max_afoot_min": self.afoot_min,
            "max_change_min": self.max_change_min,
        }
        said += [
            f"{name}: must be above 0, is {value}"
            for name, value in walks.items()
            if not 0 < value < np.inf
        ]
        if not 1 <= self.detour_factor < np.inf:
            said.append(f"detour_factor: must be at least 1, is {self.detour_factor}")
        if self.draws < 0:
            said.append(f"draws: must be at least 0, is {self.draws}")
        if said:
            msg = "; ".join(said)
            raise DataError(msg)

    @property
    def afoot_min(self) -> float:
        """
        Tell how long they walk at most where they do not ride.

        Returns
        -------
        minutes
            All the way.
        """
        return self.max_walk_min if self.max_afoot_min is None else self.max_afoot_min

    @property
    def rides(self) -> int:
        """
        Tell how often they board at most.

        Returns
        -------
        rides
            One more than they change.
        """
        return self.max_transfers + 1


RIDER = Rider()


def seconds_of(clock: str) -> int:
    """
    Read a time of the day.

    Parameters
    ----------
    clock
        ``HH:MM`` or ``HH:MM:SS``; over 24 hours is the day after.

    Returns
    -------
    seconds
        After midnight.

    Raises
    ------
    DataError
        If it is no time.

    Examples
    --------
    >>> seconds_of("07:30"), seconds_of("25:00:10")
    (27000, 90010)
    """
    found = _CLOCK.fullmatch(str(clock).strip())
    if found is None:
        msg = f"{clock!r} is no time of the day such as 07:30"
        raise DataError(msg)
    hours, minutes, seconds = (int(one or 0) for one in found.groups())
    return 3600 * hours + 60 * minutes + seconds


def departures_of(window: tuple[str, str]) -> np.ndarray:
    """
    List the minutes of a window of departures.

    Parameters
    ----------
    window
        Its first minute and the minute after its last.

    Returns
    -------
    departures
        Seconds after midnight.

    Raises
    ------
    DataError
        If either is no time, or the window is empty.
    """
    begin, end = window_of(window)
    return np.arange(begin, end, 60, dtype="int64")


def window_of(window: tuple[str, str]) -> tuple[int, int]:
    """
    Read a window of time.

    Parameters
    ----------
    window
        Its begin and end.

    Returns
    -------
    begin
        Seconds after midnight.
    end
        Seconds after midnight, later than the begin.

    Raises
    ------
    DataError
        If there are not two, either is no time, or the window is empty.
    """
    given: Any = window
    if not isinstance(given, list | tuple) or len(given) != 2:  # noqa: PLR2004 - from and to
        msg = f"window: two times such as ('07:00', '09:00'), not {given!r}"
        raise DataError(msg)
    begin, end = (seconds_of(one) for one in window)
    if begin >= end:
        msg = f"window: {window[0]} to {window[1]} is empty"
        raise DataError(msg)
    return begin, end


def check_percentiles(percentiles: Iterable[float]) -> tuple[float, ...]:
    """
    Check which percentiles are asked for.

    Parameters
    ----------
    percentiles
        0 to 100, whole numbers.

    Returns
    -------
    percentiles
        Each once, as asked for.

    Raises
    ------
    DataError
        If there is none, or one is out of range, no whole number or repeated.
    """
    asked: Any = percentiles
    listed = tuple(asked) if isinstance(asked, Iterable) else ()
    # Text is in no range of numbers, and a single number is no list
    if not listed or len(set(listed)) < len(listed) or any(one not in range(101) for one in listed):
        msg = f"percentiles: a list of whole numbers from 0 to 100, each once; not {asked!r}"
        raise DataError(msg)
    return tuple(int(one) for one in listed)


def percentiles_of(values: np.ndarray, percentiles: Iterable[float]) -> np.ndarray:
    """
    Take percentiles by the inverse of the distribution, averaging at exact steps.

    Parameters
    ----------
    values
        Times by whatever; not reached is the largest there is, infinite among
        floats.
    percentiles
        0 to 100.

    Returns
    -------
    table
        Percentiles by whatever; the largest there is where the later side of a
        step is.

    Examples
    --------
    >>> percentiles_of(np.array([[4.0], [1.0], [2.0], [3.0]]), [0, 50, 60]).ravel().tolist()
    [1.0, 2.5, 3.0]
    """
    # Side by side in memory, the times of one thing are sorted much faster
    values = np.ascontiguousarray(np.moveaxis(values, 0, -1))
    values.sort(axis=-1)
    number = values.shape[-1]
    largest = np.iinfo(values.dtype).max if values.dtype.kind == "i" else np.inf
    rows = []
    for one in percentiles:
        step, rest = divmod(number * int(one), 100)
        if rest:
            rows.append(values[..., step].astype(float))
        else:
            low, high = values[..., max(step - 1, 0)], values[..., min(step, number - 1)]
            rows.append(np.where(high == largest, largest, (low.astype(float) + high) / 2))
    return np.stack(rows)
