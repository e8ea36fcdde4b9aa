"""Inequality by parts: Theil's indices, split by groups, and Atkinson's."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from geoequity.errors import DataError, shown
from geoequity.inequality._people import (
    Floats,
    People,
    check_positive,
    grouped,
    on_people,
    people_of,
    positive_mean,
)


@dataclass(frozen=True, eq=False)
class Theil:
    """
    A Theil index, split by groups of units.

    Parameters
    ----------
    total
        The index over all people.
    between
        The part left if everyone had the mean of their group, the finest where groups
        are nested; 0 without groups.
    within
        The rest: inequality inside the groups.
    by_group
        The index among the people of each group alone, the finest where groups are
        nested, indexed by group; 0 for a group of one unit, NaN where nobody in the group
        holds a positive value; empty without groups.
    by_level
        What `between` is made of, indexed by the column of the groups: the part between
        the coarsest, then between finer groups inside each coarser one; empty without
        groups.
    """

    total: float
    between: float
    within: float
    by_group: pd.Series
    by_level: pd.Series


def theil(
    value: pd.Series, *, population: pd.Series, groups: pd.Series | pd.DataFrame | None = None
) -> Theil:
    """
    Measure inequality and split it into between and within groups (Theil T).

    Most sensitive to differences among those who have most. The split depends on
    how the groups are drawn: finer groups move inequality from within to between.

    Parameters
    ----------
    value
        Value per unit, 0 or more, on a ratio scale; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    groups
        The group of each unit, such as its district, on the same index. Nested groups
        as columns from coarse to fine, such as zone and district.

    Returns
    -------
    theil
        Dimensionless, 0 when all are alike; ``between`` and ``within`` add up to
        ``total``.

    Raises
    ------
    DataError
        If a unit that counts has no group, a finer group lies in several coarser ones,
        or as in `gini`.

    Notes
    -----
    The mean of y log y over people, y being value over mean and 0 log 0 = 0; groups
    weigh by their share of the total value [1]_.

    References
    ----------
    .. [1] Shorrocks, A. F. (1980). Econometrica 48(3), 613-625. doi:10.2307/1913126

    Examples
    --------
    >>> value, population = pd.Series([5.0, 5.0, 5.0]), pd.Series([50.0, 30.0, 20.0])
    >>> theil(value, population=population).total
    0.0
    >>> value = pd.Series([1.0, 3.0, 3.0, 1.0])
    >>> groups = pd.DataFrame({"zone": ["a", "a", "b", "b"], "district": [1, 2, 3, 4]})
    >>> theil(value, population=value * 0 + 1, groups=groups).by_level.round(4).to_dict()
    {'zone': 0.0, 'district': 0.1308}
    """
    people = people_of(value, population, **_columns(groups))
    return _theil(people, groups, _divergence_t, by_value=True)


def theil_l(
    value: pd.Series, *, population: pd.Series, groups: pd.Series | pd.DataFrame | None = None
) -> Theil:
    """
    Measure inequality and split it, minding those who have least (Theil L).

    Also known as the mean log deviation. The split depends on how the groups are
    drawn.

    Parameters
    ----------
    value
        Value per unit, above 0, on a ratio scale; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    groups
        The group of each unit, such as its district, on the same index. Nested groups
        as columns from coarse to fine, such as zone and district.

    Returns
    -------
    theil_l
        Dimensionless, 0 when all are alike; ``between`` and ``within`` add up to
        ``total``.

    Raises
    ------
    DataError
        If a unit that counts has the value 0 or no group, a finer group lies in several
        coarser ones, or as in `gini`.

    Notes
    -----
    The mean of -log y over people, y being value over mean; groups weigh by their
    share of people [1]_. A single zero would make it infinite, so zeros are refused.

    References
    ----------
    .. [1] Shorrocks, A. F. (1980). Econometrica 48(3), 613-625. doi:10.2307/1913126

    Examples
    --------
    >>> value, population = pd.Series([5.0, 5.0, 5.0]), pd.Series([50.0, 30.0, 20.0])
    >>> theil_l(value, population=population).total
    0.0
    """
    people = people_of(value, population, **_columns(groups))
    zero = people.ids(people.value == 0)
    if len(zero):
        msg = f"{people.name}: 0 in {shown(zero)}; Theil L needs values above 0"
        raise DataError(msg, ids=zero)
    return _theil(people, groups, _divergence_l, by_value=False)


def _atkinson(people: People, *, epsilon: float) -> float:
    """Compare the power mean of order 1 - epsilon with the mean."""
    mean = positive_mean(people)
    least = people.value.min()
    if epsilon >= 1 and least == 0:
        return 1.0
    # relative to a value that keeps every power at or near 1; exact as epsilon nears 1
    scale = mean if epsilon <= 1 else least
    above = people.value > 0
    log = np.log(np.where(above, people.value, 1)) - np.log(scale)
    power = 1 - epsilon
    if power == 0:
        log_equivalent = people.over(log)
    else:
        log_equivalent = np.log1p(people.over(np.where(above, np.expm1(power * log), -1))) / power
    return max(0.0, 1 - float(np.exp(log_equivalent)) * scale / mean)


@on_people(_atkinson)
def atkinson(value: pd.Series, *, population: pd.Series, epsilon: float) -> float:
    """
    Tell the share of the total a city would give up to have the rest shared alike.

    The aversion `epsilon` is a value judgement, to be stated beside the number. For
    what people want more of alone: burdens take `kolm_pollak_ede`.

    Parameters
    ----------
    value
        Value per unit, 0 or more, on a ratio scale; NaN where unknown.
    population
        Residents per unit [persons], on the same index.
    epsilon
        Aversion to inequality, above 0.

    Returns
    -------
    atkinson
        Share, from 0 (all alike) to 1; 1 if `epsilon` is 1 or more and anyone has
        nothing.

    Raises
    ------
    DataError
        If `epsilon` is not a positive number, or as in `gini`.

    Notes
    -----
    One minus the equally-distributed equivalent over the mean, the equivalent being
    the power mean of order 1 - epsilon, the geometric mean for 1 [1]_.

    References
    ----------
    .. [1] Atkinson, A. B. (1970). J. Economic Theory 2(3), 244-263.

    Examples
    --------
    >>> value, population = pd.Series([1.0, 4.0]), pd.Series([50.0, 50.0])
    >>> round(atkinson(value, population=population, epsilon=1), 6)
    0.2
    """
    check_positive(epsilon, name="epsilon")
    return _atkinson(people_of(value, population), epsilon=epsilon)


def _columns(groups: pd.Series | pd.DataFrame | None) -> dict[str, pd.Series]:
    """Take groups apart, coarse to fine, each under the name that messages use."""
    if groups is None:
        return {}
    if isinstance(groups, pd.Series):
        return {"groups": groups}
    if groups.columns.empty or not groups.columns.is_unique:
        twice = shown(groups.columns[groups.columns.duplicated()])
        msg = f"groups: column {twice} stands twice" if twice else "groups: a table without columns"
        raise DataError(msg)
    return {f"groups {name}": column for name, column in groups.items()}


def _check_nested(people: People, levels: list[pd.Series]) -> None:
    """Refuse a finer group of which parts lie in several coarser ones."""
    for coarse, fine in pairwise(levels):
        pairs = pd.DataFrame({"coarse": coarse, "fine": fine}).iloc[people.places]
        odd = pairs.groupby("fine", observed=True)["coarse"].nunique().loc[lambda n: n > 1].index
        if len(odd):
            msg = f"groups: {shown(odd)} of {fine.name} lie in more than one of {coarse.name}"
            raise DataError(msg, ids=people.ids(pairs["fine"].isin(odd).to_numpy()))


def _theil(
    people: People,
    groups: pd.Series | pd.DataFrame | None,
    divergence: Callable[[Floats], Floats],
    *,
    by_value: bool,
) -> Theil:
    """Sum a divergence from the mean over people, and split it from level to level."""
    relative = people.value / positive_mean(people)
    levels = list(_columns(groups).values())
    _check_nested(people, levels)
    # what each person would have if everyone had the mean of their group, city first
    means = [np.ones(len(relative))]
    by_group = pd.Series(dtype=float)
    for level in levels:
        group, labels = grouped(people, level)
        residents = np.bincount(group, people.population)
        mean = np.bincount(group, people.population * relative) / residents
        means.append(mean[group])
        own = np.bincount(group, people.population * _apart(divergence, means[-1], relative))
        own_of = np.where(mean > 0, own / residents, np.nan)
        by_group = pd.Series(own_of, index=labels, name=level.name)
    *between, within = [
        people.over(_apart(divergence, upper, lower) * (upper if by_value else 1))
        for upper, lower in pairwise([*means, relative])
    ]
    by_level = pd.Series(between, index=[level.name for level in levels], dtype=float)
    total = people.over(divergence(relative))
    return Theil(total, float(by_level.sum()), within, by_group, by_level)


def _apart(divergence: Callable[[Floats], Floats], upper: Floats, lower: Floats) -> Floats:
    """Tell how far each person is from a mean above them; not at all where it is 0."""
    held = upper > 0
    return np.where(held, divergence(lower / np.where(held, upper, 1)), 0)


def _divergence_t(relative: Floats) -> Floats:
    """Theil T of each person, written so that none is negative."""
    log = np.log(np.where(relative > 0, relative, 1))
    return np.maximum(relative * log - relative + 1, 0)


def _divergence_l(relative: Floats) -> Floats:
    """Theil L of each person, written so that none is negative."""
    return np.maximum(relative - 1 - np.log(relative), 0)
