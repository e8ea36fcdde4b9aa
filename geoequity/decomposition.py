"""
What makes a gap: the part that every indicator and every district has in it.

A measure of inequality is no sum over indicators or districts, so their parts are
shared out by the Shapley value: the change that one of them makes when it is let in
after the others, averaged over all orders of letting them in [1]_ [2]_. An
indicator that is kept out is made equal: everybody gets the city's mean of it. So is
a district: its residents get the city's mean.

The parts always add up to the measure, less what is left when all are kept out.
With few players every order is counted and the parts are exact; with many, orders
are drawn, and each part has a standard error. The sum is exact all the same.

The parts of a group (a pillar, an area, a part of the city) that is let in as one
are not the sum of the parts of its members: pass ``groups`` for the former, add up
for the latter.

References
----------
.. [1] Shapley, L. S. (1953). A value for n-person games. In: Contributions to the
   Theory of Games II, 307-317.
.. [2] Shorrocks, A. F. (2013). J. Economic Inequality 11(1), 99-126.
   doi:10.1007/s10888-011-9214-z
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import comb

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity import inequality
from geoequity.errors import DataError, shown
from geoequity.schema import check_non_negative, check_same_index, check_unique, floats_of

Measure = Callable[..., float]
Combine = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
Worth = Callable[[npt.NDArray[np.bool_]], npt.NDArray[np.float64]]
_Floats = npt.NDArray[np.float64]
_Masks = npt.NDArray[np.bool_]

EXACT_UP_TO = 12  # players: 4,096 coalitions
DRAWS = 1000  # orders of the players
_MOST_EXACT, _LEAST_DRAWS = 20, 4
_ROWS = 4096  # coalitions weighed at a time, lest they fill the memory
_NUMBERS = 4_000_000  # combined at a time, for the same reason
_ALONE = 200_000  # multiplications that linear algebra does on one core
_FEW = 32  # coalitions at a time that are too few to be worth it


@dataclass(frozen=True, eq=False, kw_only=True)
class Shares:
    """
    A number shared out among those who make it.

    Parameters
    ----------
    table
        Index player: ``points``, in the unit of the number and negative for who
        lowers it; ``share`` of the whole number, NaN where that is 0; ``error``,
        the standard error of the points, 0 where they are exact.
    total
        The whole number.
    rest
        What is left of it when all players are kept out; ``points`` and ``rest``
        add up to ``total``.
    draws
        Orders of the players that were drawn; 0 where all were counted.
    """

    table: pd.DataFrame
    total: float
    rest: float
    draws: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Contributions:
    """
    What every indicator adds to the score of every unit.

    Parameters
    ----------
    parts
        Units x indicators: score times weight, adding up to the unit's score.
    levelled
        The same if everybody had the city's mean of the indicator. It varies only
        where something is unknown, and the weight goes to what is known.
    """

    parts: pd.DataFrame
    levelled: pd.DataFrame


def shapley(
    worth: Worth,
    players: Iterable[str],
    *,
    exact_up_to: int = EXACT_UP_TO,
    draws: int = DRAWS,
    rng: np.random.Generator | None = None,
) -> Shares:
    """
    Share a number out among those who make it together.

    Parameters
    ----------
    worth
        Takes coalitions x players, True for who takes part, and gives the number
        that each coalition makes.
    players
        Who takes part, each once.
    exact_up_to
        Number of players up to which all coalitions are weighed, at most 20.
    draws
        Orders that are drawn where there are more, 4 or more; they come in pairs,
        an order and its reverse, for opposite orders err in opposite ways.
    rng
        Source of randomness; needed where orders are drawn.

    Returns
    -------
    shapley
        Points, shares and standard errors by player.

    Raises
    ------
    DataError
        If there are no players or one stands twice, an option is out of range, ``rng``
        is missing, or the worth of a coalition is not a finite number.

    Notes
    -----
    Sampling of orders after [1]_, in antithetic pairs after [2]_. The standard error
    is that of the mean over pairs.

    References
    ----------
    .. [1] Castro, J., Gómez, D. and Tejada, J. (2009). Computers & Operations
       Research 36(5), 1726-1730. doi:10.1016/j.cor.2008.04.004
    .. [2] Mitchell, R., Cooper, J., Frank, E. and Holmes, G. (2022). J. Machine
       Learning Research 23(43), 1-46.

    Examples
    --------
    >>> gloves = lambda masks: (masks[:, 0] & masks[:, 1:].any(axis=1)).astype(float)
    >>> shapley(gloves, ["left", "right", "another right"]).table["points"].round(3)
    left             0.667
    right            0.167
    another right    0.167
    Name: points, dtype: float64
    """
    names = pd.Index(players)
    check_unique(names, name="players")
    return _shared_out(
        lambda masks: np.ravel(worth(masks))[:, None],
        names,
        exact_up_to=exact_up_to,
        draws=draws,
        rng=rng,
    )[0]


def _shared_out(
    worth: Worth,
    names: pd.Index,
    *,
    exact_up_to: int,
    draws: int,
    rng: np.random.Generator | None,
) -> list[Shares]:
    """Do what `shapley` does for several numbers that each coalition makes, in the same orders."""
    faults = {
        "players: there are none": not len(names),
        f"exact_up_to: must be 0 to {_MOST_EXACT}, not {exact_up_to}": not (
            0 <= exact_up_to <= _MOST_EXACT
        ),
        f"draws: must be {_LEAST_DRAWS} or more, not {draws}": draws < _LEAST_DRAWS,
        "rng: needed where orders are drawn": rng is None and len(names) > max(exact_up_to, 1),
    }
    if any(faults.values()):
        raise DataError("; ".join(fault for fault, there in faults.items() if there))
    nobody, everybody = _worths(worth, np.array([[False], [True]]).repeat(len(names), axis=1))
    if rng is None or len(names) <= max(exact_up_to, 1):
        found, drawn = _exact(worth, len(names)), 0
    else:
        drawn = draws + draws % 2
        ends = nobody, everybody
        found = _sampled(worth, len(names), ends=ends, pairs=drawn // 2, rng=rng)
    made = []
    for (points, error), rest, total in zip(found, nobody, everybody, strict=True):
        share = points / total if total != 0 else np.full(len(names), np.nan)
        table = pd.DataFrame({"points": points, "share": share, "error": error}, index=names)
        made.append(Shares(table=table, total=float(total), rest=float(rest), draws=drawn))
    return made


def contributions(
    scores: pd.DataFrame, weights: pd.DataFrame, *, population: pd.Series
) -> Contributions:
    """
    Split the score of every unit into what each indicator adds to it.

    Parameters
    ----------
    scores
        Units x indicators; NaN = unknown.
    weights
        Units x indicators, as `composite.unit_weights` gives them: 0 where the
        indicator is unknown, NaN where the unit's score is.
    population
        Residents per unit [persons]; NaN = unknown, left out of the city's means.

    Returns
    -------
    contributions
        What each indicator adds, and what it would add at the city's mean; NaN where
        the unit's score is unknown.

    Raises
    ------
    DataError
        If the tables differ in units or indicators, a number is text or infinite, a
        population is negative, or an indicator weighs where it is unknown.

    Examples
    --------
    >>> scores = pd.DataFrame({"walk": [20.0, 60.0], "wifi": [10.0, None]})
    >>> weights = pd.DataFrame({"walk": [0.5, 1.0], "wifi": [0.5, 0.0]})
    >>> made = contributions(scores, weights, population=pd.Series([100, 300]))
    >>> made.parts.sum(axis=1).tolist(), made.levelled.sum(axis=1).tolist()
    ([15.0, 60.0], [30.0, 50.0])
    """
    check_same_index(scores, weights, names=("scores", "weights"))
    check_same_index(scores, population, names=("scores", "population"))
    if list(scores.columns) != list(weights.columns):
        msg = f"weights: not of {shown(scores.columns.symmetric_difference(weights.columns))}"
        raise DataError(msg)
    check_non_negative(population, name="population")
    scores, weights = floats_of(scores, name="scores"), floats_of(weights, name="weights")
    astray = scores.columns[((weights > 0) & scores.isna()).any()]
    if len(astray):
        msg = f"weights: above 0 where the score is unknown, of {shown(astray)}"
        raise DataError(msg, ids=astray)
    people = scores.notna().mul(population.astype(float).fillna(0.0), axis=0)
    counted = people.sum()
    mean = (scores.fillna(0.0) * people).sum() / counted.where(counted > 0)
    return Contributions(
        parts=weights * scores.fillna(0.0),
        levelled=weights * mean.fillna(0.0),
    )


def by_indicator(
    parts: pd.DataFrame,
    *,
    population: pd.Series,
    measure: Measure,
    combine: Combine | None = None,
    levelled: pd.DataFrame | None = None,
    groups: pd.Series | None = None,
    exact_up_to: int = EXACT_UP_TO,
    draws: int = DRAWS,
    rng: np.random.Generator | None = None,
) -> Shares:
    """
    Tell how much of an inequality comes from every indicator.

    Parameters
    ----------
    parts
        Units x indicators: what each adds to the unit's value, such as its score
        times its weight. A unit of which a part is unknown (NaN) is left out with
        its people. With `combine`, what that takes, such as scores.
    population
        Residents per unit [persons], on the same index.
    measure
        Of (value, population), such as `inequality.gini`, `inequality.absolute_gini`
        or `inequality.percentile_gap`; these three are fast, any other is called
        once for each coalition.
    combine
        Makes the values of units, NaN where unknown, from units x parts, where the
        value is no sum: a geometric mean, say. It may take parts that are unknown.
    levelled
        What each indicator adds where it is kept out; by default, for everybody of
        whom the part is known, the mean of it over people.
    groups
        The group of each indicator, let in and kept out as one; each indicator by
        itself if None.
    exact_up_to
        As in `shapley`.
    draws
        As in `shapley`.
    rng
        As in `shapley`.

    Returns
    -------
    by_indicator
        Shares by indicator, or by group. ``rest`` is 0 unless what is `levelled`
        still differs, as where something is unknown.

    Raises
    ------
    DataError
        If the indexes differ, a part is text or infinite, an indicator has no group,
        a known value stands on an unknown population, nobody is left, as the measure
        does, or as in `shapley`.

    Examples
    --------
    >>> parts = pd.DataFrame({"walk": [5.0, 5.0], "wifi": [0.0, 10.0]})
    >>> people = pd.Series([50.0, 50.0])
    >>> by_indicator(parts, population=people, measure=inequality.gini).table["points"].round(9)
    walk    0.00
    wifi    0.25
    Name: points, dtype: float64
    """
    return measures_by_indicator(
        parts,
        population=population,
        measures={"": measure},
        combine=combine,
        levelled=levelled,
        groups=groups,
        exact_up_to=exact_up_to,
        draws=draws,
        rng=rng,
    )[""]


def measures_by_indicator(
    parts: pd.DataFrame,
    *,
    population: pd.Series,
    measures: Mapping[str, Measure],
    combine: Combine | None = None,
    levelled: pd.DataFrame | None = None,
    groups: pd.Series | None = None,
    exact_up_to: int = EXACT_UP_TO,
    draws: int = DRAWS,
    rng: np.random.Generator | None = None,
) -> dict[str, Shares]:
    """
    Do what `by_indicator` does for several measures, in the same orders.

    Parameters
    ----------
    parts
        As in `by_indicator`.
    population
        As there.
    measures
        By name, each as `measure` there.
    combine
        As there.
    levelled
        As there.
    groups
        As there.
    exact_up_to
        As in `shapley`.
    draws
        As in `shapley`.
    rng
        As in `shapley`.

    Returns
    -------
    measures_by_indicator
        By name, each as of `by_indicator` with that measure alone.

    Raises
    ------
    DataError
        As in `by_indicator`.

    Examples
    --------
    >>> parts = pd.DataFrame({"walk": [5.0, 5.0], "wifi": [0.0, 10.0]})
    >>> measures = {"relative": inequality.gini, "points": inequality.absolute_gini}
    >>> made = measures_by_indicator(parts, population=pd.Series([1.0, 1.0]), measures=measures)
    >>> {name: float(one.table["points"].sum()) for name, one in made.items()}
    {'relative': 0.25, 'points': 2.5}
    """
    parts = floats_of(parts, name="parts")
    make = _summed if combine is None else combine
    value = pd.Series(make(parts.to_numpy(dtype=float)), index=parts.index, name="parts")
    if levelled is not None:
        check_same_index(parts, levelled, names=("parts", "levelled"))
        levelled = levelled.reindex(columns=parts.columns)
        levelled = floats_of(levelled, name="levelled")
        value = value.mask((levelled.isna() & parts.notna()).any(axis=1))
    counted, people = _counted(value, population)
    present = parts.loc[counted].to_numpy(dtype=float)
    if levelled is None:
        known = ~np.isnan(present)
        total = people @ known
        mean = people @ np.where(known, present, 0.0) / np.where(total > 0, total, 1.0)
        absent = np.where(known, mean, np.nan)
    else:
        absent = levelled.loc[counted].to_numpy(dtype=float)
    names, member = _players(parts.columns, groups)
    of = _of_many(list(measures.values()), people)
    if combine is None:
        present, absent = present @ member, absent @ member

    def worth(masks: _Masks) -> _Floats:
        if combine is None:
            return of(_totals(masks, present.T) + _totals(~masks, absent.T))
        return of(_combined(masks @ member.T > 0, present, absent, combine))

    found = _shared_out(worth, names, exact_up_to=exact_up_to, draws=draws, rng=rng)
    return dict(zip(measures, found, strict=True))


def by_district(
    value: pd.Series,
    *,
    population: pd.Series,
    measure: Measure,
    groups: pd.Series | None = None,
    exact_up_to: int = EXACT_UP_TO,
    draws: int = DRAWS,
    rng: np.random.Generator | None = None,
) -> Shares:
    """
    Tell how much of an inequality comes from every district.

    Parameters
    ----------
    value
        Value per unit; NaN where unknown, left out with its people.
    population
        Residents per unit [persons], on the same index.
    measure
        As in `by_indicator`.
    groups
        The district of each unit, where units are cells, or the part of the city;
        each unit by itself if None.
    exact_up_to
        As in `shapley`.
    draws
        As in `shapley`.
    rng
        As in `shapley`.

    Returns
    -------
    by_district
        Shares by district; 0 where nobody lives, NaN where no value is known.

    Raises
    ------
    DataError
        As in `by_indicator`.

    Examples
    --------
    >>> value, people = pd.Series([0.0, 6.0, 12.0]), pd.Series([50.0, 50.0, 50.0])
    >>> made = by_district(value, population=people, measure=inequality.absolute_gini)
    >>> made.table["share"].round(9).tolist()
    [0.5, 0.0, 0.5]
    """
    return measures_by_district(
        value,
        population=population,
        measures={"": measure},
        groups=groups,
        exact_up_to=exact_up_to,
        draws=draws,
        rng=rng,
    )[""]


def measures_by_district(
    value: pd.Series,
    *,
    population: pd.Series,
    measures: Mapping[str, Measure],
    groups: pd.Series | None = None,
    exact_up_to: int = EXACT_UP_TO,
    draws: int = DRAWS,
    rng: np.random.Generator | None = None,
) -> dict[str, Shares]:
    """
    Do what `by_district` does for several measures, in the same orders.

    Parameters
    ----------
    value
        As in `by_district`.
    population
        As there.
    measures
        By name, each as `measure` there.
    groups
        As there.
    exact_up_to
        As in `shapley`.
    draws
        As in `shapley`.
    rng
        As in `shapley`.

    Returns
    -------
    measures_by_district
        By name, each as of `by_district` with that measure alone.

    Raises
    ------
    DataError
        As in `by_indicator`.

    Examples
    --------
    >>> value, people = pd.Series([0.0, 6.0, 12.0]), pd.Series([50.0, 50.0, 50.0])
    >>> measures = {"points": inequality.absolute_gini}
    >>> made = measures_by_district(value, population=people, measures=measures)
    >>> made["points"].table["share"].round(9).tolist()
    [0.5, 0.0, 0.5]
    """
    counted, people = _counted(value, population)
    names, member = _players(value.index, groups)
    known = names[member[value.notna().to_numpy()].any(axis=0)]
    home = names.get_indexer(known)
    belongs = member[value.index.get_indexer(counted)][:, home].T
    values = value[counted].to_numpy(dtype=float)
    mean = people @ values / people.sum()
    of = _of_many(list(measures.values()), people)

    def worth(masks: _Masks) -> _Floats:
        return of(mean + _totals(masks, belongs * (values - mean)))

    found = _shared_out(worth, known, exact_up_to=exact_up_to, draws=draws, rng=rng)
    every = [replace(one, table=one.table.reindex(names)) for one in found]
    return dict(zip(measures, every, strict=True))


def between(
    parts: pd.DataFrame,
    *,
    population: pd.Series,
    better: Iterable[str],
    worse: Iterable[str],
    levelled: pd.DataFrame | None = None,
) -> Shares:
    """
    Tell how much of the distance between two parts of a city comes from every indicator.

    A difference of means is a sum over indicators, so the parts are exact and those
    of a group are the sum of its members'.

    Parameters
    ----------
    parts
        As in `by_indicator`.
    population
        Residents per unit [persons], on the same index.
    better
        Units of one part.
    worse
        Units of the other, whose mean is taken off.
    levelled
        As in `by_indicator`.

    Returns
    -------
    between
        Shares by indicator of the mean of `better` less the mean of `worse`.

    Raises
    ------
    DataError
        If a unit is not there, stands in both parts, or in neither part anybody lives
        where the value is known, or as in `by_indicator`.

    Examples
    --------
    >>> parts = pd.DataFrame({"walk": [5.0, 4.0, 9.0], "wifi": [0.0, 9.0, 2.0]}, index=list("abc"))
    >>> people = pd.Series([10.0, 30.0, 30.0], index=list("abc"))
    >>> made = between(parts, population=people, better=["b", "c"], worse=["a"])
    >>> made.total, made.table["points"].tolist()
    (7.0, [1.5, 5.5])
    """
    floats_of(parts, name="parts")
    value = parts.sum(axis=1, skipna=False).rename("parts")
    counted, people = _counted(value, population)
    sides = {"better": pd.Index(better), "worse": pd.Index(worse)}
    lost = sides["better"].append(sides["worse"]).difference(parts.index)
    both = sides["better"].intersection(sides["worse"])
    empty = [one for one, units in sides.items() if not counted.isin(units).any()]
    faults = [f"no such unit: {shown(lost)}"] if len(lost) else []
    faults += [f"in both parts: {shown(both)}"] if len(both) else []
    faults += [f"{one}: nobody lives where the value is known" for one in empty]
    if faults:
        raise DataError("; ".join(faults), ids=lost.append(both))
    weight = {one: people * counted.isin(units) for one, units in sides.items()}
    contrast = weight["better"] / weight["better"].sum() - weight["worse"] / weight["worse"].sum()
    total = float(contrast @ value[counted])
    points = contrast @ parts.loc[counted].to_numpy(dtype=float)
    if levelled is not None:
        points -= contrast @ levelled.loc[counted, parts.columns].to_numpy(dtype=float)
    share = points / total if total else np.full(len(points), np.nan)
    table = pd.DataFrame({"points": points, "share": share, "error": 0.0}, index=parts.columns)
    return Shares(table=table, total=total, rest=total - float(points.sum()), draws=0)


def _summed(parts: _Floats) -> _Floats:
    """Make values of parts that add up."""
    return parts.sum(axis=1)


def _totals(masks: _Masks, parts: _Floats) -> _Floats:
    """
    Add up the parts of each coalition, few coalitions at a time.

    A larger product would wake threads that wait for one another longer than they work,
    unless the parts themselves are many.
    """
    at_once = _ALONE // max(parts.size, 1)
    if at_once < _FEW:
        return masks @ parts
    starts = range(0, len(masks), at_once)
    return np.concatenate([masks[at : at + at_once] @ parts for at in starts])


def _combined(masks: _Masks, present: _Floats, absent: _Floats, combine: Combine) -> _Floats:
    """Make the values of units [coalition, unit] where parts do not add up, some at a time."""
    at_once = max(_NUMBERS // present.size, 1)
    values = []
    for at in range(0, len(masks), at_once):
        table = np.where(masks[at : at + at_once, None, :], present, absent)
        values.append(combine(table.reshape(-1, table.shape[-1])).reshape(table.shape[:2]))
    return np.concatenate(values)


def _worths(worth: Worth, masks: _Masks) -> _Floats:
    """Weigh coalitions [coalition, number], some at a time, and refuse what is no number."""
    chunks = [masks[at : at + _ROWS] for at in range(0, len(masks), _ROWS)]
    worths = np.concatenate([worth(one) for one in chunks]).astype(float)
    if len(worths) != len(masks) or not np.isfinite(worths).all():
        msg = "worth: must be one finite number for each coalition"
        raise DataError(msg)
    return worths


def _exact(worth: Worth, count: int) -> list[tuple[_Floats, _Floats]]:
    """Weigh every coalition with and without every player."""
    codes = np.arange(2**count)
    masks = (codes[:, None] >> np.arange(count) & 1).astype(bool)
    worths, size = _worths(worth, masks), masks.sum(axis=1)
    weight = np.array([1 / (count * comb(count - 1, one)) for one in range(count)])
    found = []
    for made in np.ascontiguousarray(worths.T):
        points = np.empty(count)
        for player in range(count):
            without = codes[~masks[:, player]]
            gained = made[without | 1 << player] - made[without]
            points[player] = weight[size[without]] @ gained
        found.append((points, np.zeros(count)))
    return found


def _sampled(
    worth: Worth,
    count: int,
    *,
    ends: tuple[_Floats, _Floats],
    pairs: int,
    rng: np.random.Generator,
) -> list[tuple[_Floats, _Floats]]:
    """Let the players in one after another in drawn orders and in their reverse."""
    gains = np.concatenate(list(_gains(worth, count, ends=ends, pairs=pairs, rng=rng)), axis=1)
    return [(one.mean(axis=0), one.std(axis=0, ddof=1) / np.sqrt(pairs)) for one in gains]


def _gains(
    worth: Worth,
    count: int,
    *,
    ends: tuple[_Floats, _Floats],
    pairs: int,
    rng: np.random.Generator,
) -> Iterator[_Floats]:
    """
    Give what each player adds [number, pair, player], some pairs at a time.

    It is the mean over an order and its reverse.
    """
    steps = np.arange(1, count)
    at_once = max(_ROWS // (2 * count), 1)
    for start in range(0, pairs, at_once):
        turns = np.array([rng.permutation(count) for _ in range(min(at_once, pairs - start))])
        turn = np.stack([turns, count - 1 - turns])  # [way round, pair, player]
        masks = turn[..., None, :] < steps[:, None]
        worths = _worths(worth, masks.reshape(-1, count))
        inner = worths.T.reshape(-1, *turn.shape[:2], count - 1)
        first, last = (
            np.broadcast_to(one[:, None, None, None], (*inner.shape[:3], 1)) for one in ends
        )
        gained = np.diff(np.concatenate([first, inner, last], axis=-1), axis=-1)
        yield np.take_along_axis(gained, turn[None], axis=-1).mean(axis=1)


def _counted(value: pd.Series, population: pd.Series) -> tuple[pd.Index, _Floats]:
    """Keep the units that count, those with people and a known value, and check them all."""
    check_unique(value.index, name="value")
    if inequality.coverage(value, population=population) == 0:
        msg = "population: nobody lives where the value is known"
        raise DataError(msg)
    counted = value.index[(value.notna() & (population > 0)).to_numpy()]
    return counted, population[counted].to_numpy(dtype=float)


def _players(members: pd.Index, groups: pd.Series | None) -> tuple[pd.Index, _Floats]:
    """List the players, and which member (row) belongs to which of them (column)."""
    if groups is None:
        return members, np.eye(len(members))
    home = groups.reindex(members)
    lost = members[home.isna().to_numpy()]
    if len(lost):
        msg = f"groups: none of {shown(lost)}"
        raise DataError(msg, ids=lost)
    codes, names = pd.factorize(home)
    return pd.Index(names), (codes[:, None] == np.arange(len(names))).astype(float)


def _of_many(measures: Sequence[Measure], people: _Floats) -> Callable[[_Floats], _Floats]:
    """Turn measures of one city into those of many [city, measure], people the same in all."""
    residents = pd.Series(people)

    def of(values: _Floats) -> _Floats:
        draws, found = inequality.Draws(values, people), np.empty((len(values), len(measures)))
        for at, measure in enumerate(measures):
            together = _TOGETHER.get(measure)
            found[:, at] = (
                [measure(pd.Series(one), population=residents) for one in values]
                if together is None
                else together(draws)
            )
        return found

    return of


def _ginis(draws: inequality.Draws) -> _Floats:
    """Refuse what `inequality.gini` refuses."""
    if not (draws.means() > 0).all():
        msg = "no people hold a positive value"
        raise DataError(msg)
    return draws.ginis()


_TOGETHER: dict[Measure, Callable[[inequality.Draws], _Floats]] = {
    inequality.absolute_gini: inequality.Draws.absolute_ginis,
    inequality.gini: _ginis,
    inequality.percentile_gap: inequality.Draws.percentile_gaps,
}
