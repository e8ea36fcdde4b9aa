"""
How far apart groups of people live, by the PySAL library `segregation`.

Groups are counts of people per unit. The rule for gaps is that of
`geoequity.inequality`: a unit whose count of a group is NaN (unknown) is left out
with its people; a known count on an unknown population is refused; a unit without
people contributes nothing. The indices see who shares a unit, not how near units are
to one another, and finer units always show more segregation: compare cities only at
one size of unit.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity.errors import DataError, shown
from geoequity.schema import check_non_negative, check_same_index


def dissimilarity(group: pd.Series, *, population: pd.Series) -> float:
    """
    Tell the share of a group that would have to move to be spread as everyone else is.

    Moves between units that all have more, or all less, than the mean share leave it.

    Parameters
    ----------
    group
        People of the group per unit [persons], indexed by ``unit_id``; NaN where
        unknown.
    population
        Residents per unit [persons], the group among them, on the same index.

    Returns
    -------
    dissimilarity
        Share, from 0 (the same share of the group everywhere, as in a single unit) to 1
        (nobody shares a unit with the group).

    Raises
    ------
    DataError
        If the indexes differ, a column is text, a number is negative or infinite, the
        group outnumbers the population, a population is unknown where the group is
        known, or the group is nobody or everybody.

    Notes
    -----
    Half the sum over units of the difference between the unit's share of the group and
    its share of everyone else [1]_, computed by `segregation.singlegroup.Dissim` [2]_.

    References
    ----------
    .. [1] Massey, D. S. and Denton, N. A. (1988). Social Forces 67(2), 281-315.
       doi:10.1093/sf/67.2.281
    .. [2] Cortes, R. X. et al. (2020). J. Computational Social Science 3, 135-166.
       doi:10.1007/s42001-019-00059-3

    Examples
    --------
    >>> group, population = pd.Series([30.0, 10.0]), pd.Series([50.0, 50.0])
    >>> round(dissimilarity(group, population=population), 6)
    0.416667
    """
    table = _group_and_all(group, population)
    if (table["group"] == table["all"]).all():
        msg = f"{_called(group)}: everybody belongs to the group, so there is nobody to be unlike"
        raise DataError(msg)
    return _by_library("Dissim", table)


def isolation(group: pd.Series, *, population: pd.Series) -> float:
    """
    Tell how likely whom a member of a group meets at home is a member, too.

    It grows with the group: set it beside the group's share of all people.

    Parameters
    ----------
    group
        People of the group per unit [persons], indexed by ``unit_id``; NaN where
        unknown.
    population
        Residents per unit [persons], the group among them, on the same index.

    Returns
    -------
    isolation
        Share of members among the people of the average member's unit, 0-1; the share
        of members among all people where it is the same everywhere, as in a single
        unit.

    Raises
    ------
    DataError
        If the group is nobody, or as in `dissimilarity`, but the group may be everybody.

    Notes
    -----
    The mean over members of the group's share in their unit, xPx of [1]_, computed by
    `segregation.singlegroup.Isolation`.

    References
    ----------
    .. [1] Massey, D. S. and Denton, N. A. (1988). Social Forces 67(2), 281-315.
       doi:10.1093/sf/67.2.281

    Examples
    --------
    >>> group, population = pd.Series([30.0, 10.0]), pd.Series([50.0, 50.0])
    >>> round(isolation(group, population=population), 6)
    0.5
    """
    return _by_library("Isolation", _group_and_all(group, population))


def interaction(group: pd.Series, *, population: pd.Series) -> float:
    """
    Tell how likely whom a member of a group meets at home is not a member.

    It shrinks as the group grows: set it beside everyone else's share of all people.

    Parameters
    ----------
    group
        People of the group per unit [persons], indexed by ``unit_id``; NaN where
        unknown.
    population
        Residents per unit [persons], the group among them, on the same index.

    Returns
    -------
    interaction
        Share of others among the people of the average member's unit, 0-1; one minus
        `isolation`.

    Raises
    ------
    DataError
        As in `isolation`.

    Notes
    -----
    xPy of [1]_, computed by `segregation.singlegroup.Interaction`.

    References
    ----------
    .. [1] Massey, D. S. and Denton, N. A. (1988). Social Forces 67(2), 281-315.
       doi:10.1093/sf/67.2.281

    Examples
    --------
    >>> group, population = pd.Series([30.0, 10.0]), pd.Series([50.0, 50.0])
    >>> round(interaction(group, population=population), 6)
    0.5
    """
    return _by_library("Interaction", _group_and_all(group, population))


def information_theory(groups: pd.DataFrame) -> float:
    """
    Tell how much less mixed units are than the city, over all groups at once.

    The groups are taken to be everybody: who is in none of them is not seen.

    Parameters
    ----------
    groups
        People of each group [persons], a column a group, indexed by ``unit_id``; NaN
        where unknown, and the unit is left out with all its people.

    Returns
    -------
    information_theory
        Theil's H, from 0 (the same mix everywhere, as in a single unit) to 1 (no two
        groups share a unit).

    Raises
    ------
    DataError
        If a column is text, a number is negative or infinite, or fewer than two groups
        have people where all are known.

    Notes
    -----
    The mean over people of how much the entropy of the groups in their unit is below
    that of the city, over the latter [1]_, with 0 log 0 = 0, computed by
    `segregation.multigroup.MultiInfoTheory`. A group without people changes nothing.

    References
    ----------
    .. [1] Reardon, S. F. and Firebaugh, G. (2002). Sociological Methodology 32(1), 33-67.
       doi:10.1111/1467-9531.00110

    Examples
    --------
    >>> groups = pd.DataFrame({"a": [4.0, 0.0, 2.0], "b": [0.0, 4.0, 2.0]})
    >>> round(information_theory(groups), 6)
    0.666667
    """
    for at, name in enumerate(groups.columns):
        check_non_negative(groups.iloc[:, at], name=str(name))
    counts = groups.to_numpy(dtype=float, na_value=np.nan)
    counts = counts[~np.isnan(counts).any(axis=1)]
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if counts.shape[1] < 2:  # noqa: PLR2004 - it takes two
        msg = "groups: fewer than two of them have people where all are known"
        raise DataError(msg)
    return _by_library(
        "MultiInfoTheory", pd.DataFrame(counts, columns=map(str, range(counts.shape[1])))
    )


def _called(group: pd.Series) -> str:
    """Name a group in a message."""
    return "group" if group.name is None else str(group.name)


def _group_and_all(group: pd.Series, population: pd.Series) -> pd.DataFrame:
    """Check the counts at the door and keep the units that count."""
    name = _called(group)
    check_same_index(group, population, names=(name, "population"))
    check_non_negative(group, name=name)
    check_non_negative(population, name="population")
    members, residents = (one.to_numpy(dtype=float, na_value=np.nan) for one in (group, population))
    faults: dict[str, npt.NDArray[np.bool_]] = {
        f"population: unknown where {name} is known": np.isnan(residents) & ~np.isnan(members),
        f"{name}: more than the population": members > residents,
    }
    faults = {fault: bad for fault, bad in faults.items() if bad.any()}
    if faults:
        msg = "; ".join(f"{fault} in {shown(group.index[bad])}" for fault, bad in faults.items())
        raise DataError(msg, ids=group.index[np.logical_or.reduce(list(faults.values()))])
    counts = ~np.isnan(members) & (residents > 0)
    if not members[counts].any():
        msg = f"{name}: nobody belongs to the group where it is known"
        raise DataError(msg)
    return pd.DataFrame({"group": members[counts], "all": residents[counts]})


def _by_library(index: str, table: pd.DataFrame) -> float:
    """Let the library compute an index of tables without gaps."""
    # it switches off numpy's warnings for the whole process when imported, which is undone here,
    # and needs them off, for it drops what 0 log 0 gives from its sums
    with np.errstate(divide="ignore", invalid="ignore"):
        from segregation import multigroup, singlegroup  # noqa: PLC0415 - it takes seconds

        if index == "MultiInfoTheory":
            found = multigroup.MultiInfoTheory(table, groups=list(table))
        else:
            found = getattr(singlegroup, index)(table, group_pop_var="group", total_pop_var="all")
    return float(np.clip(found.statistic, 0, 1))  # rounding alone leads beyond
