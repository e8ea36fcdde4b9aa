"""The measures of access against published numbers and slow, obvious twins."""

from math import inf, isnan, nan

import numpy as np
import pandas as pd
import pytest
from access_worlds import DECAYS, worlds
from hypothesis import given, settings
from hypothesis import strategies as st

from geoequity.measures import accessibility as access
from geoequity.measures import decay

fast = settings(deadline=None, max_examples=60)
every_decay = st.sampled_from(sorted(DECAYS))
limits = st.integers(0, 40).map(float)


def table(ids, minutes):
    """Make costs from a matrix of minutes, or None, with a row for each origin."""
    rows = [
        (start, goal, float(one))
        for start, line in zip(ids[0], minutes, strict=True)
        for goal, one in zip(ids[1], line, strict=True)
        if one is not None
    ]
    return pd.DataFrame(rows, columns=["from_id", "to_id", "minutes"])


# ---- published ----------------------------------------------------------------------------

HOSPITALS = pd.Index([1, 2, 3])
PEOPLE = pd.Series([100, 50, 10], index=HOSPITALS)
DOCTORS = pd.Series([15, 20, 100], index=HOSPITALS)


def hospitals(*, inbound, outbound=40, across=80, measure, **options):
    """Measure the three places of the Python package access, of which 3 is the centre."""
    minutes = [[1, across, inbound], [across, 1, inbound], [outbound, outbound, 1]]
    how = {"population": PEOPLE, "decay": lambda t: 1 / t, "within_min": 60, "origins": HOSPITALS}
    costs = table((HOSPITALS, HOSPITALS), minutes)
    return measure(costs, DOCTORS, **{**how, **options}).to_numpy()


def printed(*numbers):
    """Published numbers, equal to all their digits."""
    return pytest.approx(numbers, abs=0.5000001e-8)


@pytest.mark.parametrize("name", ["two_step", "enhanced"])
def test_hospitals_by_two_steps(name):
    measure = getattr(access, name)
    congested = hospitals(inbound=40, measure=measure)
    assert congested == printed(0.33144412, 0.57982813, 7.28641817)
    assert hospitals(inbound=20, measure=measure) == printed(0.43534022, 0.68372424, 5.72797661)


def test_hospitals_by_three_steps_choosing_among_all():
    congested = hospitals(inbound=40, measure=access.three_step)
    assert congested == printed(0.15625659, 0.40621645, 9.90635185)
    quicker = hospitals(inbound=20, measure=access.three_step)
    assert quicker == printed(0.17381354, 0.42377244, 9.64300237)


def test_hospitals_by_three_steps_choosing_inside_the_catchment():
    how = {"measure": access.three_step, "selection_within_min": 60}
    assert hospitals(inbound=40, **how) == printed(0.15633239, 0.40629273, 9.90521247)
    assert hospitals(inbound=20, **how) == printed(0.17408701, 0.42404639, 9.63889793)


def test_a_limit_just_under_the_next_pair_is_the_same_limit():
    how = {"inbound": 40, "measure": access.two_step}
    assert (hospitals(**how, within_min=79.9) == hospitals(**how, within_min=40)).all()


def test_choosing_is_the_same_where_all_lies_in_the_catchment():
    how = {"inbound": 20, "outbound": 20, "across": 40, "measure": access.three_step}
    assert (hospitals(**how) == hospitals(**how, selection_within_min=60)).all()


LUO_WANG_FIGURE_3 = [
    *((tract, "a", 20) for tract in (1, 2, 3, 4, 6, 7, 9, 10)),
    *((tract, "a", 40) for tract in (5, 8, 11)),
    *((tract, "b", 20) for tract in (4, 5, 8, 11)),
    *((tract, "b", 40) for tract in (1, 2, 3, 6, 7, 9, 10)),
]


def test_two_step_gives_the_ratios_of_luo_and_wang_2003_figure_3():
    costs = pd.DataFrame(LUO_WANG_FIGURE_3, columns=["from_id", "to_id", "minutes"])
    people = pd.Series(1.0, index=range(1, 12))
    doctors = pd.Series(1.0, index=["a", "b"])
    found = access.two_step(costs, doctors, population=people, within_min=30, origins=people.index)
    expected = dict.fromkeys(range(1, 12), 1 / 8) | {5: 1 / 4, 8: 1 / 4, 11: 1 / 4, 4: 3 / 8}
    assert found.to_dict() == expected


@pytest.mark.parametrize(
    ("exponent", "expected"), [(1, [11 / 15, 11 / 15, 8 / 15]), (2, [7 / 9, 7 / 9, 4 / 9])]
)
def test_two_step_with_a_power_is_the_gravity_model_with_competition(exponent, expected):
    # the worked case of the R package twostepr: .7333 .7333 .5333 and .7778 .7778 .4444
    costs = table(([1, 2, 3], ["A", "B"]), [[1, 1], [1, 1], [1, 2]])
    ones = pd.Series(1.0, index=[1, 2, 3])
    found = access.two_step(
        costs,
        pd.Series(1.0, index=["A", "B"]),
        population=ones,
        decay=decay.power(exponent=exponent),
        within_min=2,
        origins=ones.index,
    )
    assert found.tolist() == pytest.approx(expected)


def test_spatial_availability_of_soukhov_2023():
    places = pd.Index(["A", "B", "C"])
    jobs = pd.Series([100_000, 100_000, 10_000], index=["1", "2", "3"])
    found = access.spatial_availability(
        table((places, jobs.index), [[15, 30, 100], [30, 15, 100], [100, 100, 15]]),
        jobs,
        population=pd.Series([50_000, 150_000, 10_000], index=places),
        decay=decay.exponential(rate=0.1),
        origins=places,
    )
    assert found.round().tolist() == [66_833, 133_203, 9_963]


def test_spatial_availability_of_the_exercise_of_paez():
    people = pd.Series([80, 120], index=["a", "b"])
    found = access.spatial_availability(
        table((["a", "b"], ["A", "B"]), [[15, None], [20, 15]]),
        pd.Series([100, 50], index=["A", "B"]),
        population=people,
        decay=decay.power(exponent=1),
        within_min=45,
        origins=people.index,
    )
    assert found.round(1).tolist() == [47.1, 102.9]


# ---- slow, obvious twins ------------------------------------------------------------------


def same(found, expected):
    assert found.to_dict() == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)


def weights_of(world, weigh, within_min=inf):
    """Weigh every pair that counts."""
    return {
        pair: weigh(minutes)
        for pair, minutes in world.minutes.items()
        if minutes <= within_min and weigh(minutes) > 0
    }


def total(values):
    """Add up, from nothing."""
    result = 0.0
    for one in values:
        result += one
    return result


def of_start(pairs, start):
    return {pair: one for pair, one in pairs.items() if pair[0] == start}


def of_goal(pairs, goal):
    return {pair: one for pair, one in pairs.items() if pair[1] == goal}


def level_at(world, asking, goal, nobody_asks=nan):
    """Find the supply for each of those who ask at one service."""
    demand = total(world.people[start] * one for (start, _), one in of_goal(asking, goal).items())
    supply = world.supply[goal]
    if isnan(supply) or supply == 0:
        return supply
    return supply / demand if demand > 0 else nobody_asks


def add_up(world, asking, offered, nobody_asks=nan):
    """Add up the levels of service that each origin is offered."""
    return {
        start: total(
            level_at(world, asking, goal, nobody_asks) * one
            for (_, goal), one in of_start(offered, start).items()
        )
        for start in world.people
    }


def compete(world, measure, name, within_min, **options):
    how = {"population": world.population, "origins": world.origins, "decay": DECAYS[name][0]}
    return measure(world.costs, world.opportunities, within_min=within_min, **how, **options)


@given(world=worlds(), within_min=limits)
@fast
def test_cumulative_is_a_plain_count(world, within_min):
    expected = {
        start: total(
            world.supply[goal]
            for (one, goal), minutes in world.minutes.items()
            if one == start and minutes <= within_min
        )
        for start in world.people
    }
    how = {"within_min": within_min, "origins": world.origins}
    same(access.cumulative(world.costs, world.opportunities, **how), expected)


@given(world=worlds(), name=every_decay)
@fast
def test_gravity_is_a_plain_sum_of_weights(world, name):
    vector, scalar = DECAYS[name]
    pairs = weights_of(world, scalar)
    expected = {
        start: total(world.supply[goal] * one for (_, goal), one in of_start(pairs, start).items())
        for start in world.people
    }
    how = {"decay": vector, "origins": world.origins}
    same(access.gravity(world.costs, world.opportunities, **how), expected)


def wait_for(world, start, k):
    """Walk outwards until k services are met; what is unknown may be none or many."""
    least, most = 0.0, 0.0
    for minutes in sorted({one for (at, _), one in world.minutes.items() if at == start}):
        here = [
            world.supply[goal]
            for (at, goal), one in world.minutes.items()
            if at == start and one == minutes
        ]
        least += total(one for one in here if not isnan(one))
        if least >= k:
            return minutes if most < k else nan
        most = inf if any(isnan(one) for one in here) else most
    return nan if most >= k else inf


@given(world=worlds(), k=st.integers(1, 12))
@fast
def test_nearest_is_a_plain_walk_outwards(world, k):
    expected = {start: wait_for(world, start, k) for start in world.people}
    how = {"origins": world.origins, "k": k, "unreached": inf}
    same(access.nearest(world.costs, world.opportunities, **how), expected)


@given(world=worlds(), k=st.integers(1, 4), data=st.data())
@fast
def test_nearest_of_listed_services_passes_over_the_others(world, k, data):
    listed = [one for one in world.supply if data.draw(st.booleans())]
    expected = {}
    for start in world.people:
        walks = sorted(
            minutes for (at, to), minutes in world.minutes.items() if at == start and to in listed
        )
        expected[start] = walks[k - 1] if len(walks) >= k else nan
    services = pd.Index(listed, dtype=str)
    same(access.nearest(world.costs, services, origins=world.origins, k=k), expected)


@given(world=worlds(), name=every_decay, within_min=limits)
@fast
def test_two_step_is_two_plain_loops(world, name, within_min):
    pairs = weights_of(world, DECAYS[name][1], within_min)
    same(compete(world, access.two_step, name, within_min), add_up(world, pairs, pairs))


@given(world=worlds(), within_min=limits.filter(lambda one: one > 0))
@fast
def test_enhanced_has_three_zones_by_itself(world, within_min):
    def zone(minutes):
        return 1 if minutes <= within_min / 3 else 0.68 if minutes <= within_min * 2 / 3 else 0.22

    pairs = weights_of(world, zone, within_min)
    how = {"population": world.population, "within_min": within_min, "origins": world.origins}
    found = access.enhanced(world.costs, world.opportunities, **how)
    same(found, add_up(world, pairs, pairs))


@given(world=worlds(), name=every_decay, within_min=limits, choice_min=st.none() | limits)
@fast
def test_three_step_is_three_plain_loops(world, name, within_min, choice_min):
    scalar = DECAYS[name][1]
    choices = weights_of(world, scalar, inf if choice_min is None else choice_min)
    pairs = {
        (start, goal): one * one / total(of_start(choices, start).values())
        for (start, goal), one in choices.items()
        if world.minutes[start, goal] <= within_min
    }
    found = compete(world, access.three_step, name, within_min, selection_within_min=choice_min)
    same(found, add_up(world, pairs, pairs))


@given(world=worlds(), name=every_decay, within_min=limits)
@fast
def test_balanced_shares_out_people_then_services(world, name, within_min):
    pairs = weights_of(world, DECAYS[name][1], within_min)
    asking = {
        (start, goal): one / total(of_start(pairs, start).values())
        for (start, goal), one in pairs.items()
    }
    offered = {
        (start, goal): one / total(of_goal(pairs, goal).values())
        for (start, goal), one in pairs.items()
    }
    found = compete(world, access.balanced, name, within_min)
    same(found, add_up(world, asking, offered))


@given(world=worlds(), name=every_decay, within_min=limits, alpha=st.sampled_from([0.5, 1, 2]))
@fast
def test_spatial_availability_is_a_product_of_plain_shares(world, name, within_min, alpha):
    pairs = weights_of(world, DECAYS[name][1], within_min)
    expected = {}
    for start in world.people:
        parts = []
        for (_, goal), one in of_start(pairs, start).items():
            rivals = of_goal(pairs, goal)
            masses = total(world.people[at] ** alpha for at, _ in rivals)
            frictions = total(rivals.values())
            if masses == 0:
                parts.append(0.0 * world.supply[goal])
                continue
            # the factors of the paper: by population, by friction, and both together
            both = {
                at: (world.people[at] ** alpha / masses) * (weight / frictions)
                for (at, _), weight in rivals.items()
            }
            parts.append(world.supply[goal] * both[start] / total(both.values()))
            assert one == rivals[start, goal]
        expected[start] = total(parts)
    found = compete(world, access.spatial_availability, name, within_min, alpha=alpha)
    same(found, expected)


def test_a_large_table_adds_up_as_a_matrix_does():
    rng = np.random.default_rng(5)
    starts, goals = 300, 80
    minutes = rng.uniform(0, 60, (starts, goals))
    people, supply = rng.integers(1, 99, starts), rng.integers(0, 9, goals)
    ids = pd.Index([f"o{n}" for n in range(starts)]), pd.Index([f"s{n}" for n in range(goals)])
    weight = np.where(minutes <= 45, np.exp(-minutes / 20), 0)
    weight_of = decay.exponential(rate=1 / 20)
    how = {
        "population": pd.Series(people, index=ids[0]),
        "decay": weight_of,
        "within_min": 45,
        "origins": ids[0],
    }
    jobs = pd.Series(supply, index=ids[1])
    costs = table(ids, minutes).sample(frac=1, random_state=1)
    two = weight @ (supply / (people @ weight))
    asking, offered = weight / weight.sum(axis=1, keepdims=True), weight / weight.sum(axis=0)
    assert access.two_step(costs, jobs, **how).to_numpy() == pytest.approx(two)
    assert access.spatial_availability(costs, jobs, **how).to_numpy() == pytest.approx(people * two)
    balanced = offered @ (supply / (people @ asking))
    assert access.balanced(costs, jobs, **how).to_numpy() == pytest.approx(balanced)
