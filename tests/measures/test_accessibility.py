"""What is reached from where: worked cases, rules and relations."""

import copy
import inspect
from math import inf, isnan, nan

import numpy as np
import pandas as pd
import pytest
from access_worlds import DECAYS, World, worlds
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import geoequity as ge
from geoequity.errors import DataError
from geoequity.measures import accessibility as access
from geoequity.measures import decay

fast = settings(deadline=None, max_examples=40)
limits = st.integers(0, 40).map(float)
alike = decay.binary(within_min=20)

MINUTES = {
    ("a", "x"): 5.0,
    ("a", "y"): 10.0,
    ("a", "z"): 20.0,
    ("b", "x"): 10.0,
    ("b", "y"): 5.0,
    ("b", "z"): 25.0,
    ("c", "z"): 5.0,
}
TOWN = World(
    people={"a": 10.0, "b": 20.0, "c": 30.0, "d": 5.0},  # d walks nowhere
    supply={"x": 1.0, "y": 2.0, "z": 4.0},
    minutes=MINUTES,
)


def limited(limit_min, world=TOWN):
    costs = world.costs
    costs.attrs["limit_min"] = limit_min
    return costs


def call(name, world=TOWN, **changes):
    """Call a measure by name, the town being what is not said otherwise."""
    how = {
        "costs": world.costs,
        "opportunities": world.opportunities,
        "population": world.population,
        "decay": alike,
        "within_min": 20.0,
        "origins": world.origins,
        **changes,
    }
    if name == "nearest":
        how["services"] = how["opportunities"]
    measure = getattr(access, name)
    taken = inspect.signature(measure).parameters
    return measure(**{key: one for key, one in how.items() if key in taken})


EVERY = (
    "cumulative",
    "nearest",
    "gravity",
    "two_step",
    "enhanced",
    "three_step",
    "balanced",
    "spatial_availability",
)
COMPETING = EVERY[3:]
LIMITED = ("cumulative", *COMPETING)
every = pytest.mark.parametrize("name", EVERY)
competing = pytest.mark.parametrize("name", COMPETING)


def numbers(*values):
    return pytest.approx(values, nan_ok=True)


# ---- worked by hand -----------------------------------------------------------------------


def test_the_measures_are_where_users_look_for_them():
    assert ge.measures.accessibility is access
    assert ge.measures.decay is decay


def test_cumulative_counts_up_to_the_limit_included():
    assert call("cumulative", within_min=10).tolist() == [1 + 2, 1 + 2, 4, 0]
    assert call("cumulative", within_min=9.99).tolist() == [1, 2, 4, 0]
    assert call("cumulative", within_min=0).tolist() == [0, 0, 0, 0]


def test_gravity_weighs_by_minutes():
    found = call("gravity", decay=lambda minutes: 1 / minutes)
    expected = [1 / 5 + 2 / 10 + 4 / 20, 1 / 10 + 2 / 5 + 4 / 25, 4 / 5, 0]
    assert found.tolist() == numbers(*expected)


def test_nearest_walks_until_enough_is_reached():
    listed = pd.Index(["x", "y", "z"])
    assert call("nearest", opportunities=listed).tolist() == numbers(5, 5, 5, nan)
    assert call("nearest", opportunities=listed, k=2).tolist() == numbers(10, 10, nan, nan)
    assert call("nearest", k=3).tolist() == numbers(10, 10, 5, nan)
    assert call("nearest", k=4).tolist() == numbers(20, 25, 5, nan)
    assert call("nearest", k=8).tolist() == numbers(nan, nan, nan, nan)


def test_nearest_of_some_services_passes_over_the_others():
    assert call("nearest", opportunities=pd.Index(["z"])).tolist() == numbers(20, 25, 5, nan)
    hospitals = pd.DataFrame({"category": ["hospital"]}, index=["z"])
    assert call("nearest", opportunities=hospitals).tolist() == numbers(20, 25, 5, nan)
    none = pd.Series({"x": 0, "y": 0, "z": 1})
    assert call("nearest", opportunities=none).tolist() == numbers(20, 25, 5, nan)


def test_two_step_divides_supply_by_all_who_reach_it():
    found = call("two_step", within_min=10, decay=None)
    assert found.tolist() == numbers(1 / 30 + 2 / 30, 1 / 30 + 2 / 30, 4 / 30, 0)


def test_two_step_weighs_both_steps():
    found = call("two_step", within_min=10, decay=lambda minutes: 1 / minutes)
    x, y, z = 1 / (10 / 5 + 20 / 10), 2 / (10 / 10 + 20 / 5), 4 / (30 / 5)
    assert found.tolist() == numbers(x / 5 + y / 10, x / 10 + y / 5, z / 5, 0)


def test_enhanced_has_the_zones_of_its_paper():
    found = call("enhanced", within_min=30, decay=None)
    x, y, z = 1 / 30, 2 / 30, 4 / (0.68 * 10 + 0.22 * 20 + 30)
    assert found.tolist() == numbers(x + y + 0.68 * z, x + y + 0.22 * z, z, 0)


def test_enhanced_takes_other_zones():
    zones = decay.stepped(steps=[10, 15], weights=[0.5, 0], closed="right")
    found = call("enhanced", within_min=25, decay=zones)
    assert found.tolist() == call("two_step", within_min=25, decay=zones).tolist()


def test_three_step_lets_people_choose():
    # within 20 a chooses among three and b among two
    found = call("three_step", within_min=10)
    demand = 10 / 3 + 20 / 2
    assert found.tolist() == numbers(3 / demand / 3, 3 / demand / 2, 4 / 30, 0)
    found = call("three_step", within_min=10, selection_within_min=10)
    assert found.tolist() == numbers(3 / 15 / 2, 3 / 15 / 2, 4 / 30, 0)


def test_balanced_hands_out_people_and_service_once():
    x, y, z = 1 / (10 / 3 + 20 / 2), 2 / (10 / 3 + 20 / 2), 4 / (10 / 3 + 30)
    expected = [(x + y + z) / 2, (x + y) / 2, z / 2, 0]
    assert call("balanced").tolist() == numbers(*expected)
    assert call("balanced", within_min=None).tolist() == numbers(*expected)


def test_spatial_availability_hands_out_opportunities_once():
    found = call("spatial_availability")
    expected = [1 * 10 / 30 + 2 * 10 / 30 + 4 * 10 / 40, 1 * 20 / 30 + 2 * 20 / 30, 4 * 30 / 40, 0]
    assert found.tolist() == numbers(*expected)
    squared = call("spatial_availability", alpha=2)
    assert squared["c"] == pytest.approx(4 * 900 / (900 + 100))


def test_passive_tells_who_reaches_a_service():
    services = pd.Index(["z", "y", "x"])
    how = {"costs": access.passive(limited(30)), "opportunities": TOWN.population}
    assert call("cumulative", origins=services, **how).tolist() == [10 + 30, 30, 30]
    weighed = call("gravity", origins=services, decay=lambda minutes: 1 / minutes, **how)
    assert weighed.tolist() == numbers(10 / 20 + 20 / 25 + 30 / 5, 10 / 10 + 20 / 5, 10 / 5 + 2)
    assert how["costs"].attrs == {"limit_min": 30}


# ---- unreached and unknown ----------------------------------------------------------------


def test_only_who_reaches_an_unknown_opportunity_is_unknown():
    unknown = TOWN.opportunities.replace(4.0, nan)
    assert call("cumulative", opportunities=unknown).tolist() == numbers(nan, 3, nan, 0)
    assert call("gravity", opportunities=unknown).tolist() == numbers(nan, 3, nan, 0)
    for name in COMPETING:
        found = call(name, opportunities=unknown)
        assert found.isna().tolist() == [True, False, True, False], name
        assert (found[["b", "d"]] == call(name)[["b", "d"]]).all(), name


def test_nearest_is_unknown_only_where_the_unknown_is_nearer():
    supply = pd.Series({"x": nan, "y": 1.0, "z": 1.0})
    found = call("nearest", opportunities=supply, unreached=inf)
    assert found.tolist() == numbers(nan, 5, 5, inf)
    found = call("nearest", opportunities=supply, k=2, unreached=inf)
    assert found.tolist() == numbers(nan, nan, inf, inf)


def test_nearest_is_known_where_the_unknown_is_just_as_near():
    costs = TOWN.costs.assign(minutes=7.0)
    supply = pd.Series({"x": nan, "y": 1.0, "z": 1.0})
    assert call("nearest", costs=costs, opportunities=supply).tolist() == numbers(7, 7, 7, nan)


@competing
def test_supply_that_nobody_asks_for_has_no_level_of_service(name):
    nobody = TOWN.population.replace(30.0, 0.0)
    found = call(name, population=nobody, within_min=10, decay=decay.binary(within_min=10))
    assert found["c"] == pytest.approx(0 if name == "spatial_availability" else nan, nan_ok=True)
    assert (found[["a", "b"]] > 0).all()
    nothing = TOWN.opportunities.replace(4.0, 0.0)
    found = call(name, population=nobody, opportunities=nothing, within_min=10)
    assert found["c"] == 0


@competing
def test_people_compete_whether_they_are_asked_about_or_not(name):
    everybody = call(name)
    assert call(name, origins=pd.Index(["b"])).tolist() == [everybody["b"]]


@every
def test_opportunities_that_nobody_reaches_change_nothing(name):
    more = pd.concat([TOWN.opportunities, pd.Series({"far": 99.0})])
    pd.testing.assert_series_equal(call(name, opportunities=more), call(name))


@every
def test_an_origin_that_is_nowhere_reaches_nothing(name):
    found = call(name, origins=pd.Index(["c", "elsewhere", "d"]))
    assert found["c"] > 0
    nothing = nan if name == "nearest" else 0
    assert found[["elsewhere", "d"]].tolist() == numbers(nothing, nothing)


@every
def test_a_pair_at_infinite_minutes_is_not_reached(name):
    costs = TOWN.costs
    costs.loc[costs["to_id"] == "z", "minutes"] = inf
    gone = TOWN.costs[TOWN.costs["to_id"] != "z"]
    how = {"decay": np.ones_like, "within_min": inf}  # even where all that is reached counts
    pd.testing.assert_series_equal(call(name, costs=costs, **how), call(name, costs=gone, **how))


@every
@pytest.mark.parametrize("columns", [None, ["from_id", "to_id", "minutes"]])
def test_an_empty_table_reaches_nothing(name, columns):
    empty = TOWN.costs.iloc[:0] if columns is None else pd.DataFrame(columns=columns)
    found = call(name, costs=empty)
    assert found.dtype == float
    assert found.tolist() == numbers(*[nan if name == "nearest" else 0] * 4)
    assert call(name, origins=TOWN.origins[:0]).tolist() == []


# ---- the caller's tables ------------------------------------------------------------------


@every
def test_the_result_is_on_the_origins_as_they_come_and_is_called_as_the_measure(name):
    origins = pd.Index(["c", "d", "a"], name="unit_id")
    found = call(name, origins=origins)
    pd.testing.assert_index_equal(found.index, origins)
    assert found.name == name
    assert found.tolist() == numbers(*call(name)[["c", "d", "a"]])


@every
def test_the_tables_are_left_as_they_were(name):
    given_tables = {
        "costs": limited(30),
        "opportunities": TOWN.opportunities,
        "population": TOWN.population,
    }
    before = copy.deepcopy(given_tables)
    call(name, **given_tables)
    pd.testing.assert_frame_equal(given_tables["costs"], before["costs"])
    assert given_tables["costs"].attrs == {"limit_min": 30}
    for one in ("opportunities", "population"):
        pd.testing.assert_series_equal(given_tables[one], before[one])


@every
@pytest.mark.parametrize("dtype", ["object", "category", "int"])
def test_ids_may_be_of_any_kind(name, dtype):
    number = {one: at for at, one in enumerate("abcdxyz")}
    costs, supply, people = TOWN.costs, TOWN.opportunities, TOWN.population
    for column in ("from_id", "to_id"):
        ids = costs[column].map(number) if dtype == "int" else costs[column]
        costs[column] = ids.astype(dtype)
    if dtype == "int":
        supply, people = supply.rename(index=number), people.rename(index=number)
    elif dtype == "object":
        supply.index, people.index = supply.index.astype(object), people.index.astype(object)
    how = {"costs": costs, "opportunities": supply, "population": people, "origins": people.index}
    assert call(name, **how).tolist() == numbers(*call(name))


@every
def test_whole_numbers_that_may_be_missing_are_read_as_such(name):
    supply = TOWN.opportunities.replace(4.0, nan).astype("Int64")
    found = call(name, opportunities=supply, population=TOWN.population.astype("Int64"))
    assert found.tolist() == numbers(*call(name, opportunities=supply.astype(float)))


# ---- what is refused ----------------------------------------------------------------------


@pytest.mark.parametrize("name", LIMITED)
def test_asking_beyond_the_table_is_refused(name):
    with pytest.raises(DataError, match=r"go as far as 30 min, but within_min as far as 31 min"):
        call(name, costs=limited(30), within_min=31)
    assert call(name, costs=limited(30), within_min=30)["c"] > 0


def test_choosing_beyond_the_table_is_refused():
    with pytest.raises(DataError, match="30 min, but selection_within_min as far as 31 min"):
        call("three_step", costs=limited(30), selection_within_min=31)


@pytest.mark.parametrize("name", ["gravity", "balanced", "spatial_availability"])
def test_a_decay_that_ends_beyond_the_table_is_refused(name):
    how = {"costs": limited(30), "within_min": None}
    with pytest.raises(DataError, match="30 min, but the decay as far as 31 min"):
        call(name, decay=decay.linear(within_min=31), **how)
    assert call(name, decay=decay.linear(within_min=30), **how)["c"] > 0
    assert call(name, decay=decay.exponential(half_min=9), **how)["c"] > 0
    assert call(name, decay=lambda minutes: 1 / minutes, **how)["c"] > 0


@pytest.mark.parametrize("within_min", [-1, nan])
@pytest.mark.parametrize("name", LIMITED)
def test_a_limit_that_cannot_be_is_refused(name, within_min):
    with pytest.raises(DataError, match=f"within_min: must be 0 or more, not {within_min}"):
        call(name, within_min=within_min)


@every
def test_pairs_that_stand_twice_are_refused_by_name(name):
    costs = pd.concat([TOWN.costs, TOWN.costs.iloc[[4, 0]]], ignore_index=True)
    with pytest.raises(DataError, match="costs: pairs stand more than once: b to y, a to x"):
        call(name, costs=costs)


@every
@pytest.mark.parametrize("wrong", [-1.0, nan])
def test_minutes_that_cannot_be_are_refused(name, wrong):
    costs = TOWN.costs.replace({"minutes": {25.0: wrong}})
    with pytest.raises(DataError, match="costs: minutes negative or unknown in rows 5"):
        call(name, costs=costs)


@every
def test_minutes_as_text_and_absent_columns_are_refused(name):
    with pytest.raises(DataError, match="costs: minutes are not numbers but"):
        call(name, costs=TOWN.costs.astype({"minutes": str}))
    with pytest.raises(DataError, match="costs: no column to_id, minutes; it has from_id"):
        call(name, costs=TOWN.costs[["from_id"]])


def test_a_table_without_ids_has_no_other_end():
    with pytest.raises(DataError, match="costs: no column to_id"):
        access.passive(pd.DataFrame({"from_id": [], "minutes": []}))


@every
def test_services_that_the_opportunities_do_not_list_are_refused(name):
    called = "services" if name == "nearest" else "opportunities"
    with pytest.raises(DataError, match=f"costs: .*{called} lack to_id y") as caught:
        call(name, opportunities=TOWN.opportunities.drop("y"))
    assert caught.value.ids == ("y",)


@every
def test_a_service_without_id_is_refused(name):
    costs = TOWN.costs
    costs["to_id"] = costs["to_id"].where(costs["to_id"] != "y")
    with pytest.raises(DataError, match="lack to_id nan"):
        call(name, costs=costs)


@competing
def test_all_that_the_tables_lack_is_told_at_once(name):
    message = "costs: population lack from_id a, b; opportunities lack to_id z"
    with pytest.raises(DataError, match=message) as caught:
        call(
            name,
            opportunities=TOWN.opportunities.drop("z"),
            population=TOWN.population.drop(["a", "b"]),
        )
    assert caught.value.ids == ("a", "b", "z")


@competing
def test_people_that_are_unknown_or_negative_are_refused(name):
    with pytest.raises(DataError, match="population: unknown in c") as caught:
        call(name, population=TOWN.population.replace(30.0, nan))
    assert caught.value.ids == ("c",)
    with pytest.raises(DataError, match="population: negative or infinite: c"):
        call(name, population=TOWN.population.replace(30.0, -1.0))


@every
def test_opportunities_that_cannot_be_are_refused(name):
    called = "services" if name == "nearest" else "opportunities"
    for wrong in (-1.0, inf):
        with pytest.raises(DataError, match=f"{called}: negative or infinite: z"):
            call(name, opportunities=TOWN.opportunities.replace(4.0, wrong))
    with pytest.raises(DataError, match=f"{called}: ids stand more than once: x"):
        call(name, opportunities=TOWN.opportunities.rename(index={"y": "x"}))


@every
def test_origins_that_repeat_are_refused(name):
    with pytest.raises(DataError, match="origins: ids stand more than once: a"):
        call(name, origins=pd.Index(["a", "b", "a"]))


@pytest.mark.parametrize("name", EVERY[:3])
def test_origins_of_another_kind_than_the_table_are_refused(name):
    with pytest.raises(DataError, match=r"costs: from_id is .*, but the ids asked for are int64"):
        call(name, origins=pd.Index([1, 2]))


@pytest.mark.parametrize("name", EVERY[2:])
def test_weights_that_cannot_be_are_refused(name):
    costs = TOWN.costs.replace({"minutes": {25.0: 0.0}})
    with pytest.raises(DataError, match=r"decay: negative, infinite or unknown at 0\.0 min"):
        call(name, costs=costs, decay=lambda minutes: np.where(minutes == 0, inf, 1))
    with pytest.raises(DataError, match=r"decay: negative, infinite or unknown at 10\.0, 20\.0"):
        call(name, costs=costs, decay=lambda minutes: 9 - minutes)
    with pytest.raises(DataError, match=r"decay: gives weights of shape \(\) for minutes of"):
        call(name, decay=lambda _: 1.0)


def test_parameters_that_cannot_be_are_refused():
    with pytest.raises(DataError, match="k: must be 1 or more, not 0"):
        call("nearest", k=0)
    for wrong in (-1, inf, nan):
        with pytest.raises(DataError, match=f"alpha: must be a number of 0 or more, not {wrong}"):
            call("spatial_availability", alpha=wrong)


# ---- relations ----------------------------------------------------------------------------


def assert_close(left, right):
    pd.testing.assert_series_equal(left, right, rtol=1e-9, atol=1e-12, check_names=False)


@given(world=worlds(), within_min=limits, more=limits)
@fast
def test_cumulative_never_falls_as_the_limit_rises(world, within_min, more):
    near = call("cumulative", world, within_min=within_min)
    far = call("cumulative", world, within_min=within_min + more)
    assert ((far >= near) | far.isna()).all()
    assert (far.isna() | near.notna()).all()


@given(world=worlds(), within_min=limits)
@fast
def test_gravity_with_a_binary_decay_is_cumulative(world, within_min):
    binary = decay.binary(within_min=within_min)
    assert_close(
        call("gravity", world, decay=binary), call("cumulative", world, within_min=within_min)
    )


@given(world=worlds(), k=st.integers(1, 9))
@fast
def test_nearest_is_the_limit_at_which_cumulative_has_enough(world, k):
    how = {"k": k, "unreached": inf}
    for origin, minutes in call("nearest", world, **how).items():
        just = {"origins": pd.Index([origin])}
        if isnan(minutes):
            continue
        if minutes == inf:
            assert call("cumulative", world, within_min=1e6, **just).item() < k
            continue
        reached = {
            goal
            for (start, goal), one in world.minutes.items()
            if start == origin and one <= minutes
        }
        assert sum(world.supply[one] for one in reached if not isnan(world.supply[one])) >= k
        before = np.nextafter(minutes, -1)
        if before >= 0:
            assert call("cumulative", world, within_min=before, **just).item() < k


@given(world=worlds(), name=st.sampled_from(EVERY), by=st.sampled_from(sorted(DECAYS)))
@fast
def test_order_of_rows_is_irrelevant(world, name, by):
    mixed = {
        "costs": world.costs.iloc[::-1],
        "opportunities": world.opportunities.iloc[::-1],
        "population": world.population.iloc[::-1],
        "origins": world.origins[::-1],
    }
    plain = call(name, world, decay=DECAYS[by][0])
    assert_close(call(name, world, decay=DECAYS[by][0], **mixed), plain.iloc[::-1])


@given(world=worlds(), name=st.sampled_from(EVERY), times=st.sampled_from([0.5, 4.0]))
@fast
def test_minutes_may_be_told_in_another_unit(world, name, times):
    costs = world.costs
    costs["minutes"] *= times
    plain = call(name, world, decay=decay.exponential(half_min=8))
    how = {"decay": decay.exponential(half_min=8 * times), "within_min": 20 * times}
    expected = plain * times if name == "nearest" else plain
    assert_close(call(name, world, costs=costs, **how), expected)


@given(world=worlds(), name=st.sampled_from(COMPETING), times=st.sampled_from([0.1, 7.0]))
@fast
def test_twice_the_supply_is_twice_the_access_and_twice_the_people_half(world, name, times):
    plain = call(name, world)
    assert_close(call(name, world, opportunities=world.opportunities * times), plain * times)
    crowded = call(name, world, population=world.population * times)
    assert_close(crowded, plain if name == "spatial_availability" else plain / times)


@given(
    world=worlds(least_people=1, unknown=False),
    name=st.sampled_from(["two_step", "enhanced", "three_step"]),
    by=st.sampled_from(sorted(DECAYS)),
    within_min=limits,
)
@fast
def test_access_of_all_people_is_the_supply_that_is_reached(world, name, by, within_min):
    vector, scalar = DECAYS[by]
    reached = {
        goal for (_, goal), one in world.minutes.items() if one <= within_min and scalar(one) > 0
    }
    found = call(name, world, decay=vector, within_min=within_min)
    expected = sum(world.supply[one] for one in reached)
    assert (found * world.population.to_numpy()).sum() == pytest.approx(expected)


@given(world=worlds(least_people=1, unknown=False), by=st.sampled_from(sorted(DECAYS)))
@fast
def test_spatial_availability_adds_up_to_the_opportunities_that_are_reached(world, by):
    vector, scalar = DECAYS[by]
    how = {"decay": vector, "within_min": None}
    reached = {goal for (_, goal), one in world.minutes.items() if scalar(one) > 0}
    found = call("spatial_availability", world, **how)
    assert found.sum() == pytest.approx(sum(world.supply[one] for one in reached))
    each = call("two_step", world, decay=vector, within_min=1e6) * world.population.to_numpy()
    assert_close(found, each)


@given(world=worlds(least_people=1, unknown=False), by=st.sampled_from(sorted(DECAYS)))
@fast
def test_balanced_asks_for_each_person_once(world, by):
    vector, scalar = DECAYS[by]
    reaching = {start for (start, _), one in world.minutes.items() if scalar(one) > 0}
    assume(reaching)
    demand = 0.0
    for service in world.supply:  # with one unit at one service, access adds up to 1 / its demand
        unit = pd.Series({one: float(one == service) for one in world.supply})
        level = call("balanced", world, opportunities=unit, decay=vector, within_min=None).sum()
        demand += 1 / level if level > 0 else 0
    assert demand == pytest.approx(sum(world.people[one] for one in reaching))


@given(world=worlds(least_people=1, unknown=False), by=st.sampled_from(sorted(DECAYS)))
@fast
def test_balanced_hands_out_each_level_of_service_once(world, by):
    vector, scalar = DECAYS[by]
    weight = {pair: scalar(one) for pair, one in world.minutes.items() if scalar(one) > 0}
    demand = dict.fromkeys(world.supply, 0.0)
    for (start, goal), one in weight.items():
        choice = sum(other for (at, _), other in weight.items() if at == start)
        demand[goal] += world.people[start] * one / choice
    levels = [world.supply[one] / asked for one, asked in demand.items() if asked > 0]
    found = call("balanced", world, decay=vector, within_min=None)
    assert found.sum() == pytest.approx(sum(levels))


@given(world=worlds(unknown=False), within_min=limits)
@fast
def test_passive_counts_the_same_pairs(world, within_min):
    ones = world.opportunities * 0 + 1
    active = call("cumulative", world, opportunities=ones, within_min=within_min)
    people = world.population
    found = call(
        "cumulative",
        world,
        costs=access.passive(world.costs),
        opportunities=people,
        origins=ones.index,
        within_min=within_min,
    )
    assert found.sum() == pytest.approx((active * people.to_numpy()).sum())
