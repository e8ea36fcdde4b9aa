"""
What can be reached from where, measured on a costs table.

A costs table has one row for each pair that is reached: ``from_id``,
``to_id``, ``minutes``; a pair that is absent is not reached within
``attrs["limit_min"]``, if it names a limit.
`geoequity.streets.StreetNetwork.costs` makes one, on foot, and
`geoequity.transit.Timetable.travel_times`, by public transport. Every measure gives one
number for each of the ``origins``, in their order, and leaves its inputs alone.

One rule for gaps holds throughout. What is not in the table is out of reach: an
origin that reaches nothing has 0 (and no nearest service). What stands in the
table must be known: a service that the opportunities do not list is refused,
and so are people that are unknown. Opportunities that are listed as NaN are
unknown, and so is whatever reaches them. A limit is included, and one beyond
that of the table is refused, for what lies there was never looked for. A decay
that never ends is cut off where the table ends.

`cumulative`, `nearest` and `gravity` let all people share what they reach as if
nobody else did. `two_step`, `enhanced`, `three_step` and `balanced` give the
supply that is left for each person, `spatial_availability` that for each
origin; everybody in the table competes, be they among the ``origins`` or not.

Turned round with `passive`, a table tells from how far a service is reached:
``cumulative(passive(costs), population, within_min=15, origins=clinics)``.
"""

from dataclasses import replace
from math import inf, nan

import numpy as np
import pandas as pd

from geoequity import schema
from geoequity.errors import DataError
from geoequity.measures._pairs import (
    Decaying,
    Floats,
    check_reach,
    known_amounts,
    read_catchments,
    read_pairs,
    weights,
)
from geoequity.measures.decay import stepped

_LISTED = {"to_id": "opportunities"}
_OUTER_ZONES = (0.68, 0.22, 0.0)  # of Luo and Qi (2009); the inner one has 1


def passive(costs: pd.DataFrame) -> pd.DataFrame:
    """
    Look at a costs table from the other end.

    The way back is not walked: the minutes remain those towards the services.

    Parameters
    ----------
    costs
        Columns ``from_id``, ``to_id``, ``minutes`` and ``attrs["limit_min"]``.

    Returns
    -------
    costs
        The same table with ``from_id`` and ``to_id`` in each other's place, so
        that every measure tells by whom a service is reached.

    Raises
    ------
    DataError
        If a column is absent.

    Examples
    --------
    >>> costs = pd.DataFrame({"from_id": ["a", "b"], "to_id": ["x", "x"], "minutes": [5.0, 9.0]})
    >>> people = pd.Series([10.0, 20.0], index=["a", "b"])
    >>> cumulative(passive(costs), people, within_min=9, origins=pd.Index(["x"])).tolist()
    [30.0]
    """
    schema.check_columns(costs, ["from_id", "to_id"], name="costs")
    return costs.rename(columns={"from_id": "to_id", "to_id": "from_id"})


def cumulative(
    costs: pd.DataFrame, opportunities: pd.Series, *, within_min: float, origins: pd.Index
) -> pd.Series:
    """
    Count the opportunities within a limit.

    Each counts in full up to the limit, however far, and not at all beyond it.

    Parameters
    ----------
    costs
        Columns ``from_id``, ``to_id``, ``minutes`` and ``attrs["limit_min"]``.
    opportunities
        How much there is at each ``to_id``, in any unit, 0 or more; NaN is unknown.
    within_min
        The limit [min], included.
    origins
        The ``from_id`` to tell about.

    Returns
    -------
    cumulative
        Opportunities in their own unit, on ``origins``; 0 where none is
        reached, NaN where an unknown one is.

    Raises
    ------
    DataError
        If the costs break their contract or go less far than the limit, or the
        opportunities repeat, are negative, or lack a ``to_id``.

    Examples
    --------
    >>> costs = pd.DataFrame({"from_id": ["a", "a"], "to_id": ["x", "y"], "minutes": [5.0, 9.0]})
    >>> jobs = pd.Series([10.0, 20.0], index=["x", "y"])
    >>> cumulative(costs, jobs, within_min=8, origins=pd.Index(["a", "b"])).tolist()
    [10.0, 0.0]
    """
    check_reach(costs, within_min)
    schema.check_unique(origins, name="origins")
    amount = known_amounts(opportunities, name="opportunities")
    pairs = read_pairs(costs, origins, opportunities.index, complete=_LISTED)
    pairs = pairs.where(pairs.minutes <= within_min)
    return pd.Series(pairs.at_starts(amount[pairs.goal]), index=origins, name="cumulative")


def nearest(
    costs: pd.DataFrame,
    services: pd.Index | pd.DataFrame | pd.Series,
    *,
    origins: pd.Index,
    k: int = 1,
    unreached: float = nan,
) -> pd.Series:
    """
    Measure the time to the nearest service, or until several are reached.

    Everybody is taken to go to the nearest ones, whatever their quality.

    Parameters
    ----------
    costs
        Columns ``from_id``, ``to_id``, ``minutes`` and ``attrs["limit_min"]``.
    services
        The services that serve the purpose, as ids or as a table by ids; any
        other ``to_id`` is passed over. Or how many there are at each ``to_id``,
        NaN being unknown.
    origins
        The ``from_id`` to tell about.
    k
        How many services are to be reached.
    unreached
        What to give where they are not. With infinity, what is known to be out
        of reach and what is unknown are told apart.

    Returns
    -------
    nearest
        Minutes, on ``origins``; ``unreached`` where fewer than ``k`` services are
        reached, NaN where services of unknown number lie nearer than the answer.

    Raises
    ------
    DataError
        If the costs break their contract, the services repeat or are negative,
        counts lack a ``to_id``, or ``k`` is below 1.

    Notes
    -----
    As ``cost_to_closest(n=)`` of the R package accessibility, which gives
    infinity where the services are not reached.

    Examples
    --------
    >>> costs = pd.DataFrame({"from_id": ["a", "a"], "to_id": ["x", "y"], "minutes": [5.0, 9.0]})
    >>> nearest(costs, pd.Index(["x", "y"]), origins=pd.Index(["a", "b"])).tolist()
    [5.0, nan]
    >>> nearest(costs, pd.Series({"x": 1, "y": 3}), origins=pd.Index(["a"]), k=3).tolist()
    [9.0]
    """
    if not k >= 1:
        msg = f"k: must be 1 or more, not {k}"
        raise DataError(msg)
    schema.check_unique(origins, name="origins")
    is_counted = isinstance(services, pd.Series)
    ids = services.index if isinstance(services, pd.DataFrame) else services
    counts = services if is_counted else pd.Series(1.0, index=ids)
    amount = known_amounts(counts, name="services")
    pairs = read_pairs(
        costs, origins, counts.index, complete={"to_id": "services"} if is_counted else {}
    )
    pairs = pairs.where(amount[pairs.goal] != 0)
    reached = amount[pairs.goal]
    if (reached < k).any():
        pairs = pairs.where(np.lexsort((pairs.minutes, pairs.start)))
        reached = pd.Series(amount[pairs.goal]).groupby(pairs.start).cumsum().to_numpy()
    minutes = pairs.where(reached >= k).least_minutes()
    unknown = pairs.where(np.isnan(reached)).least_minutes()
    found = np.where(minutes < inf, minutes, unreached)
    found[unknown < minutes] = nan
    return pd.Series(found, index=origins, name="nearest")


def gravity(
    costs: pd.DataFrame, opportunities: pd.Series, *, decay: Decaying, origins: pd.Index
) -> pd.Series:
    """
    Add up the opportunities, each the less the farther it is.

    The decay is taken to be the same for everybody and every purpose.

    Parameters
    ----------
    costs
        Columns ``from_id``, ``to_id``, ``minutes`` and ``attrs["limit_min"]``.
    opportunities
        How much there is at each ``to_id``, in any unit, 0 or more; NaN is unknown.
    decay
        Weight of the minutes, such as `geoequity.measures.decay.exponential`.
    origins
        The ``from_id`` to tell about.

    Returns
    -------
    gravity
        Weighted opportunities, on ``origins``; 0 where none is reached, NaN where
        an unknown one has weight.

    Raises
    ------
    DataError
        If the costs break their contract or end before the decay does, the
        opportunities repeat, are negative, or lack a ``to_id``, or a weight is
        negative, infinite or unknown.

    Notes
    -----
    The potential of Hansen [1]_. With `geoequity.measures.decay.binary` it is
    `cumulative`.

    References
    ----------
    .. [1] Hansen, W. G. (1959). How accessibility shapes land use. Journal of
       the American Institute of Planners 25(2), 73-76.

    Examples
    --------
    >>> costs = pd.DataFrame({"from_id": ["a", "a"], "to_id": ["x", "y"], "minutes": [2.0, 4.0]})
    >>> jobs = pd.Series([10.0, 20.0], index=["x", "y"])
    >>> gravity(costs, jobs, decay=lambda minutes: 1 / minutes, origins=pd.Index(["a"])).tolist()
    [10.0]
    """
    check_reach(costs, decay=decay)
    schema.check_unique(origins, name="origins")
    amount = known_amounts(opportunities, name="opportunities")
    pairs = read_pairs(costs, origins, opportunities.index, complete=_LISTED)
    weight = weights(decay, pairs.minutes)
    pairs, weight = pairs.where(weight > 0), weight[weight > 0]
    return pd.Series(pairs.at_starts(amount[pairs.goal] * weight), index=origins, name="gravity")


def two_step(
    costs: pd.DataFrame,
    opportunities: pd.Series,
    *,
    population: pd.Series,
    decay: Decaying | None = None,
    within_min: float,
    origins: pd.Index,
) -> pd.Series:
    """
    Share supply among all within its catchment, and add up the shares (2SFCA).

    Everybody is taken to ask for all that they reach at once, so people who
    reach more services count as demand more often.

    Parameters
    ----------
    costs
        Columns ``from_id``, ``to_id``, ``minutes`` and ``attrs["limit_min"]``.
    opportunities
        Supply at each ``to_id`` (beds, doctors, places), 0 or more; NaN is unknown.
    population
        People of each ``from_id`` of the table, who all compete; 0 or more.
    decay
        Weight of the minutes within the catchment, in both steps; without one
        all count alike, as in the paper.
    within_min
        The catchment [min], included.
    origins
        The ``from_id`` to tell about.

    Returns
    -------
    two_step
        Supply for each person, on ``origins``; 0 where none is reached, NaN where
        an unknown one is, or one that is reached by nobody.

    Raises
    ------
    DataError
        If the costs break their contract or go less far than the catchment, the
        opportunities or the population repeat, are negative or lack an id, a
        population is unknown, or a weight is negative, infinite or unknown.

    Notes
    -----
    ``A_i = sum_j R_j w_ij`` with ``R_j = S_j / sum_i P_i w_ij`` [1]_. Summed over
    all people it is the supply that is reached.

    References
    ----------
    .. [1] Luo, W. and Wang, F. (2003). Measures of spatial accessibility to
       health care in a GIS environment. Environment and Planning B 30(6),
       865-884. doi:10.1068/b29120

    Examples
    --------
    >>> costs = pd.DataFrame({"from_id": ["a", "b"], "to_id": ["x", "x"], "minutes": [5.0, 9.0]})
    >>> people = pd.Series([10.0, 30.0], index=["a", "b"])
    >>> doctors = pd.Series([4.0], index=["x"])
    >>> two_step(
    ...     costs, doctors, population=people, within_min=10, origins=people.index
    ... ).tolist()
    [0.1, 0.1]
    """
    check_reach(costs, within_min)
    area = read_catchments(costs, opportunities, population, decay=decay, within_min=within_min)
    access = area.level_of_service(asking=area.weight, offered=area.weight)
    return _told(access, population.index, origins=origins, name="two_step")


def enhanced(
    costs: pd.DataFrame,
    opportunities: pd.Series,
    *,
    population: pd.Series,
    decay: Decaying | None = None,
    within_min: float,
    origins: pd.Index,
) -> pd.Series:
    """
    Share supply within catchments of three zones, the farther the less (E2SFCA).

    It is `two_step` with weights, which the paper gives to zones of travel
    time; everybody is still taken to ask for all that they reach at once.

    Parameters
    ----------
    costs
        As for `two_step`.
    opportunities
        As for `two_step`.
    population
        As for `two_step`.
    decay
        Weight of the minutes within the catchment; without one the paper's:
        1, 0.68 and 0.22 in three zones of equal width, outer edges included.
    within_min
        The catchment [min], included; 30 in the paper.
    origins
        The ``from_id`` to tell about.

    Returns
    -------
    enhanced
        Supply for each person, on ``origins``, as for `two_step`.

    Raises
    ------
    DataError
        As for `two_step`.

    References
    ----------
    .. [1] Luo, W. and Qi, Y. (2009). An enhanced two-step floating catchment
       area (E2SFCA) method for measuring spatial accessibility to primary care
       physicians. Health & Place 15(4), 1100-1107.
       doi:10.1016/j.healthplace.2009.06.002

    Examples
    --------
    >>> costs = pd.DataFrame({"from_id": ["a", "b"], "to_id": ["x", "x"], "minutes": [9.0, 15.0]})
    >>> people = pd.Series([32.0, 100.0], index=["a", "b"])
    >>> beds = pd.Series([20.0], index=["x"])
    >>> enhanced(
    ...     costs, beds, population=people, within_min=30, origins=people.index
    ... ).round(9).tolist()
    [0.2, 0.136]
    """
    check_reach(costs, within_min)
    if decay is None:
        edges = [within_min / 3, within_min * 2 / 3, within_min]
        decay = stepped(steps=edges, weights=_OUTER_ZONES, closed="right")
    access = two_step(
        costs,
        opportunities,
        population=population,
        decay=decay,
        within_min=within_min,
        origins=origins,
    )
    return access.rename("enhanced")


def three_step(
    costs: pd.DataFrame,
    opportunities: pd.Series,
    *,
    population: pd.Series,
    decay: Decaying,
    within_min: float,
    origins: pd.Index,
    selection_within_min: float | None = None,
) -> pd.Series:
    """
    Share supply among those who would choose it, and add up the shares (3SFCA).

    People are taken to choose among services by their distance alone, and to
    ask the less of each the more there are to choose from.

    Parameters
    ----------
    costs
        As for `two_step`.
    opportunities
        As for `two_step`. A service without supply is still chosen by some:
        leave it out of the costs if people know better.
    population
        As for `two_step`.
    decay
        Weight of the minutes, by which services are chosen and demand is weighed.
    within_min
        The catchment [min], included.
    origins
        The ``from_id`` to tell about.
    selection_within_min
        How far away the services lie that people choose among [min], included.
        Without it all in the table, as in the Python package access, however far
        it goes; give it as ``within_min`` for the choice inside the catchment of
        the paper.

    Returns
    -------
    three_step
        Supply for each person, on ``origins``, as for `two_step`.

    Raises
    ------
    DataError
        As for `two_step`, and if the costs go less far than the selection.

    Notes
    -----
    `two_step` with the weights ``G_ij w_ij``, where ``G_ij = w_ij / sum_k w_ik``
    is the share of the people of ``i`` who choose ``j`` [1]_.

    References
    ----------
    .. [1] Wan, N., Zou, B. and Sternberg, T. (2012). A three-step floating
       catchment area method for analyzing spatial access to health services.
       International Journal of Geographical Information Science 26(6),
       1073-1089. doi:10.1080/13658816.2011.624987

    Examples
    --------
    >>> costs = pd.DataFrame(
    ...     {"from_id": ["a", "a", "b"], "to_id": ["x", "y", "y"], "minutes": [5.0, 5.0, 5.0]}
    ... )
    >>> people = pd.Series([10.0, 5.0], index=["a", "b"])
    >>> doctors = pd.Series([5.0, 10.0], index=["x", "y"])
    >>> three_step(
    ...     costs,
    ...     doctors,
    ...     population=people,
    ...     decay=lambda minutes: 1.0 + 0 * minutes,
    ...     within_min=10,
    ...     origins=people.index,
    ... ).tolist()
    [1.0, 1.0]
    """
    check_reach(costs, within_min)
    if selection_within_min is not None:
        check_reach(costs, selection_within_min, name="selection_within_min")
    area = read_catchments(
        costs, opportunities, population, decay=decay, within_min=selection_within_min
    )
    near = area.pairs.minutes <= within_min
    weight = (area.weight * area.share_of_start)[near]
    area = replace(area, pairs=area.pairs.where(near), weight=weight)
    access = area.level_of_service(asking=weight, offered=weight)
    return _told(access, population.index, origins=origins, name="three_step")


def balanced(
    costs: pd.DataFrame,
    opportunities: pd.Series,
    *,
    population: pd.Series,
    decay: Decaying,
    within_min: float | None = None,
    origins: pd.Index,
) -> pd.Series:
    """
    Share people among services, and services among places, each once (BFCA).

    Nobody asks twice and no service is handed out twice, so neither demand nor
    the level of service is inflated. A place gets its part of a service for
    being near, whatever the number of its people.

    Parameters
    ----------
    costs
        As for `two_step`.
    opportunities
        As for `two_step`. A service without supply still draws its share of
        people: leave it out of the costs if people know better.
    population
        As for `two_step`.
    decay
        Weight of the minutes.
    within_min
        The catchment [min], included; without one all that has weight.
    origins
        The ``from_id`` to tell about.

    Returns
    -------
    balanced
        Level of service (supply for each person who asks for it), on
        ``origins``; 0 where none is reached, NaN as for `two_step`.

    Raises
    ------
    DataError
        As for `two_step`.

    Notes
    -----
    ``A_i = sum_j L_j w_ij / sum_i w_ij`` with
    ``L_j = S_j / sum_i (P_i w_ij / sum_j w_ij)`` [1]_. The demand of all services
    is the people who reach any, and ``A_i`` adds up to the level of service.

    References
    ----------
    .. [1] Paez, A., Higgins, C. D. and Vivona, S. F. (2019). Demand and level of
       service inflation in Floating Catchment Area (FCA) methods. PLOS ONE
       14(6), e0218773. doi:10.1371/journal.pone.0218773

    Examples
    --------
    >>> costs = pd.DataFrame(
    ...     {"from_id": ["a", "a", "b"], "to_id": ["x", "y", "y"], "minutes": [5.0, 5.0, 5.0]}
    ... )
    >>> people = pd.Series([10.0, 5.0], index=["a", "b"])
    >>> doctors = pd.Series([5.0, 10.0], index=["x", "y"])
    >>> from geoequity.measures.decay import binary
    >>> alike = binary(within_min=10)
    >>> balanced(costs, doctors, population=people, decay=alike, origins=people.index).tolist()
    [1.5, 0.5]
    """
    check_reach(costs, within_min, decay=decay)
    area = read_catchments(costs, opportunities, population, decay=decay, within_min=within_min)
    access = area.level_of_service(asking=area.share_of_start, offered=area.share_of_goal)
    return _told(access, population.index, origins=origins, name="balanced")


def spatial_availability(
    costs: pd.DataFrame,
    opportunities: pd.Series,
    *,
    population: pd.Series,
    decay: Decaying,
    within_min: float | None = None,
    origins: pd.Index,
    alpha: float = 1.0,
) -> pd.Series:
    """
    Share opportunities among places by their people and their distance.

    Each opportunity is handed out once, to all who reach it, as if nobody could
    do without.

    Parameters
    ----------
    costs
        As for `two_step`.
    opportunities
        As for `two_step`.
    population
        As for `two_step`.
    decay
        Weight of the minutes.
    within_min
        How far opportunities are sought [min], included; without one all that
        has weight.
    origins
        The ``from_id`` to tell about.
    alpha
        Power of the population, 0 or more: above 1 larger places draw more than
        their share of people, below it less.

    Returns
    -------
    spatial_availability
        Opportunities left for the people of a place together, on ``origins``; 0
        where none is reached or nobody lives, NaN where an unknown one is reached.

    Raises
    ------
    DataError
        As for `two_step`, and if ``alpha`` is not a number of 0 or more.

    Notes
    -----
    ``V_i = sum_j O_j P_i w_ij / sum_k P_k w_kj`` [1]_, which is the people times
    `two_step`; added up it is the opportunities that anybody reaches. Divide by
    the population for opportunities per person.

    References
    ----------
    .. [1] Soukhov, A., Paez, A., Higgins, C. D. and Mohamed, M. (2023).
       Introducing spatial availability, a singly-constrained measure of
       competitive accessibility. PLOS ONE 18(1), e0278468.
       doi:10.1371/journal.pone.0278468

    Examples
    --------
    >>> costs = pd.DataFrame({"from_id": ["a", "b"], "to_id": ["x", "x"], "minutes": [2.0, 4.0]})
    >>> people = pd.Series([10.0, 20.0], index=["a", "b"])
    >>> jobs = pd.Series([8.0], index=["x"])
    >>> spatial_availability(
    ...     costs, jobs, population=people, decay=lambda minutes: 1 / minutes, origins=people.index
    ... ).tolist()
    [4.0, 4.0]
    """
    if not 0 <= alpha < inf:
        msg = f"alpha: must be a number of 0 or more, not {alpha}"
        raise DataError(msg)
    check_reach(costs, within_min, decay=decay)
    area = read_catchments(costs, opportunities, population, decay=decay, within_min=within_min)
    area = replace(area, people=area.people**alpha)
    access = area.level_of_service(asking=area.weight, offered=area.weight, nobody_asks=0.0)
    available = area.people * access
    return _told(available, population.index, origins=origins, name="spatial_availability")


def _told(access: Floats, ids: pd.Index, *, origins: pd.Index, name: str) -> pd.Series:
    """Give the origins their numbers; those who are not in the table reach nothing."""
    schema.check_unique(origins, name="origins")
    return pd.Series(access, index=ids).reindex(origins, fill_value=0.0).rename(name)
