"""Siting: against brute force, proven bounds, capacities, budgets, refusals."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoequity import inequality, siting
from geoequity.errors import DataError
from geoequity.siting import _exact, _kernels, _site

LIMIT_MIN = 60.0


def world(rng, *, cells=9, sites=6, today=True, limit=LIMIT_MIN):
    """Make up costs, people and what there is today, with ties and absent pairs."""
    minutes = rng.integers(0, 40, (cells, sites)).astype(float)
    ids, names = [f"c{i}" for i in range(cells)], [f"s{j}" for j in range(sites)]
    costs = pd.DataFrame(
        {
            "from_id": np.repeat(ids, sites),
            "to_id": np.tile(names, cells),
            "minutes": minutes.ravel(),
        }
    )
    costs = costs[costs["minutes"] <= limit].reset_index(drop=True)
    costs.attrs["limit_min"] = limit
    people = pd.Series(rng.integers(0, 50, cells).astype(float), index=ids)
    people.iloc[0] = 7.0
    candidates = pd.DataFrame(index=names)
    current = pd.Series(rng.integers(5, 45, cells).astype(float), index=ids) if today else None
    return costs, people, current, candidates


def standing(costs, people, current, chosen):
    """Say what everybody walks: the slow and obvious way."""
    wide = costs.pivot_table(index="from_id", columns="to_id", values="minutes", observed=False)
    wide = wide.reindex(people.index)
    base = pd.Series(np.nan, index=people.index) if current is None else current
    there = (base.notna() | wide.notna().any(axis=1)) & (people > 0)
    base = base.fillna(costs.attrs["limit_min"])
    wide = wide.reindex(columns=list(chosen))
    return pd.concat([base, wide], axis=1).min(axis=1)[there]


def best_of_all(costs, people, current, candidates, objective, *, kappa, count, budget=None):
    """Try every choice."""
    reached = []
    for size in range(count + 1):
        for chosen in itertools.combinations(candidates.index, size):
            if budget is not None and candidates.loc[list(chosen), "price"].sum() > budget:
                continue
            walk = standing(costs, people, current, chosen)
            told = siting.measures(
                walk,
                population=people[walk.index],
                kappa=kappa,
                within_min=objective.within_min,
                groups=None if objective.groups is None else objective.groups[walk.index],
            )
            reached.append(told[KEYS.get(objective.name, objective.name)])
            if objective.groups is not None:
                reached[-1] = told["group_gap"]
    return max(reached) if objective.name == "coverage" else min(reached)


KEYS = {"coverage": "within", "p-center": "farthest"}
KINDS = ("ede", "mean", "coverage", "p-center", "gap", "gap of groups", "gap of shares")


def objective_of(kind, people, rng):
    groups = pd.Series(rng.integers(0, 4, len(people)), index=people.index)
    return {
        "ede": siting.ede(),
        "mean": siting.mean(),
        "coverage": siting.coverage(within_min=12),
        "p-center": siting.p_center(),
        "gap": siting.gap(),
        "gap of groups": siting.gap(groups=groups),
        "gap of shares": siting.gap(groups=groups, within_min=12),
    }[kind]


@pytest.mark.parametrize("method", ["auto", "exact"])
@pytest.mark.parametrize("kind", KINDS)
def test_siting_equals_brute_force(kind, method):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        how = {"today": seed != 1, "limit": 25.0 if seed > 1 else LIMIT_MIN}
        given_ = world(rng, cells=int(rng.integers(5, 12)), **how)
        costs, people, current, candidates = given_
        objective = objective_of(kind, people, rng)
        found = siting.site(
            costs, people, current=current, candidates=candidates,
            objective=objective, count=2, method=method,
        )  # fmt: skip
        best = best_of_all(*given_, objective, kappa=found.kappa, count=2)
        assert found.value == pytest.approx(best, abs=1e-7)
        assert found.exact
        assert found.bound == pytest.approx(best, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(KINDS), count=st.integers(1, 3))
def test_a_bound_is_never_violated(seed, kind, count):
    rng = np.random.default_rng(seed)
    given_ = world(
        rng, cells=int(rng.integers(2, 12)), sites=int(rng.integers(3, 7)),
        today=bool(seed % 3), limit=float(rng.choice([15.0, 25.0, LIMIT_MIN])),
    )  # fmt: skip
    costs, people, current, candidates = given_
    objective = objective_of(kind, people, rng)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_exact, "MOST_PAIRS", -1)  # search and bound, no program
        try:
            found = siting.site(
                costs, people, current=current, candidates=candidates,
                objective=objective, count=count,
            )  # fmt: skip
        except DataError as error:  # nobody is reached, or all are there already
            assert "nobody is reached" in str(error) or "kappa" in str(error)  # noqa: PT017
            return
    best = best_of_all(*given_, objective, kappa=found.kappa, count=count)
    sign = -1 if objective.name == "coverage" else 1
    assert sign * found.bound <= sign * best + 1e-6
    assert sign * found.value >= sign * best - 1e-6
    assert not found.exact or found.value == pytest.approx(best, abs=1e-6)


def test_the_best_set_under_a_budget_equals_brute_force():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        costs, people, current, candidates = world(rng)
        candidates = candidates.assign(price=rng.integers(1, 9, len(candidates)).astype(float))
        for objective in (siting.ede(), siting.coverage(within_min=12), siting.p_center()):
            found = siting.site(
                costs, people, current=current, candidates=candidates,
                objective=objective, budget=9, count=4,
            )  # fmt: skip
            best = best_of_all(
                costs, people, current, candidates, objective,
                kappa=found.kappa, count=4, budget=9,
            )  # fmt: skip
            assert found.value == pytest.approx(best, abs=1e-7)
            assert found.sites["price"].sum() <= 9


def shared_out_slowly(costs, people, current, candidates, chosen):
    """Fill sites person by person where a matching of persons to places is cheapest."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - here only

    cell = np.repeat(people.index, people.astype(int))
    walk = costs.set_index(["from_id", "to_id"])["minutes"]
    columns = [np.array([walk.get((one, to), np.inf) for one in cell]) for to in chosen
               for _ in range(int(candidates.loc[to, "capacity"]))]  # fmt: skip
    stay = current[cell].to_numpy()
    table = np.column_stack([*[np.minimum(one, stay) for one in columns], *[stay] * len(cell)])
    row, column = linear_sum_assignment(table)
    return table[row, column].mean()


def test_sites_with_little_room_share_people_out_as_well_as_can_be():
    for seed in range(3):
        rng = np.random.default_rng(seed)
        costs, people, current, candidates = world(rng, cells=5, sites=5)
        people = (people % 9).round() + 1
        candidates = candidates.assign(capacity=rng.integers(3, 9, len(candidates)).astype(float))
        found = siting.site(
            costs, people, current=current, candidates=candidates,
            objective=siting.mean(), count=2,
        )  # fmt: skip
        best = min(
            shared_out_slowly(costs, people, current, candidates, chosen)
            for chosen in itertools.combinations(candidates.index, 2)
        )
        assert found.value == pytest.approx(best, abs=1e-6)
        assert (found.sites["people"] <= found.sites["capacity"] + 1e-6).all()
        by_cell = found.assigned.groupby("from_id")["people"].sum()
        pd.testing.assert_series_equal(by_cell, people.sort_index(), check_names=False)


def test_room_for_all_is_as_good_as_no_limit_and_less_room_is_no_better():
    rng = np.random.default_rng(4)
    costs, people, current, candidates = world(rng)
    values = []
    for room in (None, 10_000.0, 30.0, 10.0):
        given_ = candidates if room is None else candidates.assign(capacity=room)
        found = siting.site(costs, people, current=current, candidates=given_, count=2)
        values.append(found.value)
    assert values[1] == pytest.approx(values[0])
    assert values[0] <= values[2] + 1e-9 <= values[3] + 2e-9


def test_the_equivalent_is_that_of_the_measure_itself():
    rng = np.random.default_rng(7)
    costs, people, current, candidates = world(rng)
    found = siting.site(costs, people, current=current, candidates=candidates, count=2)
    kappa = inequality.kolm_pollak_kappa(
        current, population=people, epsilon=siting.ede().epsilon, better="lower"
    )
    assert found.kappa == pytest.approx(abs(kappa))
    ends = {"before": current, "after": standing(costs, people, current, found.sites.index)}
    for when, walk in ends.items():
        there = people[people > 0].index
        value = inequality.kolm_pollak_ede(
            walk.reindex(there), population=people[there], epsilon=1, better="lower", kappa=kappa
        )
        assert getattr(found, when)["ede"] == pytest.approx(value)
    assert found.value == found.after["ede"] <= found.before["ede"]


def test_the_gap_of_the_kernel_is_that_of_the_measure():
    rng = np.random.default_rng(2)
    for size in (1, 2, 7, 40):
        value, people = rng.integers(0, 9, size).astype(float), rng.uniform(0.1, 9, size)
        gap, worst, best = _kernels.tenths_gap(value, people)
        tenths = inequality.tenths(pd.Series(value), population=pd.Series(people), better="lower")
        assert gap == pytest.approx(tenths.gap)
        assert worst >= tenths.best - 1e-9
        assert best <= tenths.worst + 1e-9


def test_the_frontier_runs_from_the_best_mean_to_the_best_equivalent():
    rng = np.random.default_rng(11)
    costs, people, current, candidates = world(rng, cells=14, sites=8)
    given_ = {"current": current, "candidates": candidates, "count": 3}
    kappa = siting.site(costs, people, **given_).kappa
    line = siting.frontier(costs, people, kappa=kappa, **given_)
    mean = siting.site(costs, people, objective=siting.mean(), **given_)
    ede = siting.site(costs, people, objective=siting.ede(kappa=kappa), **given_)
    assert line["mean"].iloc[0] == pytest.approx(mean.value)
    assert line["ede"].iloc[-1] == pytest.approx(ede.value)
    assert line["mean"].is_monotonic_increasing
    assert line["ede"].is_monotonic_decreasing
    assert line["exact"].all()


def test_more_sites_never_make_it_worse_and_the_order_of_rows_is_no_matter():
    rng = np.random.default_rng(5)
    costs, people, current, candidates = world(rng, cells=20, sites=8)
    given_ = {"current": current, "candidates": candidates}
    values = [siting.site(costs, people, count=n, **given_).value for n in (1, 2, 3, 8)]
    assert values == sorted(values, reverse=True)
    mixed = costs.sample(frac=1, random_state=1)
    mixed.attrs = costs.attrs
    again = siting.site(mixed, people, count=2, **given_)
    assert again.value == pytest.approx(values[1])
    before = costs.copy()
    assert siting.site(costs, people, count=2, **given_).sites.equals(
        siting.site(costs, people, count=2, **given_).sites
    )
    pd.testing.assert_frame_equal(costs, before)


def test_categorical_ids_are_as_good_as_texts():
    rng = np.random.default_rng(6)
    costs, people, current, candidates = world(rng)
    same = costs.astype({"from_id": "category", "to_id": "category"})
    same.attrs = costs.attrs
    given_ = {"current": current, "candidates": candidates, "count": 2}
    plain, coded = (siting.site(one, people, **given_) for one in (costs, same))
    pd.testing.assert_frame_equal(plain.assigned, coded.assigned)


def test_people_beyond_the_limit_are_counted_there_and_those_nothing_reaches_are_left_out():
    costs = pd.DataFrame({"from_id": ["a", "b"], "to_id": ["x", "y"], "minutes": [5.0, 9.0]})
    costs.attrs["limit_min"] = 30.0
    people = pd.Series([10.0, 10.0, 4.0], index=["a", "b", "far"])
    found = siting.site(costs, people, objective=siting.mean(), count=1)
    assert found.sites.index.tolist() == ["x"]
    assert (found.value, found.unreached, found.limited) == ((5 + 30) / 2, 4.0, 20.0)
    assert found.assigned["to_id"].tolist() == ["x", None]


GOOD = {"count": 1, "objective": siting.mean()}


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ({"count": 7}, r"count: must be within 1-6, the candidates, is 7"),
        ({"count": 0}, r"count: must be within"),
        ({"count": None}, r"count or budget"),
        ({"budget": 3.0}, r"a budget wants a column price"),
        ({"budget": -1.0}, r"budget: must be above 0"),
        ({"people": [-1.0]}, r"population: negative or infinite: c0"),
        ({"people": [np.nan]}, r"population: unknown of c0"),
        ({"current": [-3.0]}, r"current: negative or infinite: c0"),
        ({"capacity": np.nan}, r"capacity: unknown or not above 0 of s0"),
        ({"capacity": 5.0, "objective": siting.gap()}, r"gap: cannot be sited with capacities"),
        ({"to": "nowhere"}, r"costs: not in candidates: nowhere"),
        ({"from": "nobody"}, r"costs: not in population: nobody"),
        ({"minutes": -1.0}, r"minutes negative or unknown"),
        ({"no_limit": True, "current": None}, r"without limit_min in attrs"),
        ({"groups": True}, r"groups: unknown of c1"),
    ],
)
def test_what_no_siting_can_be_is_refused_by_name(spoilt, said):
    costs, people, current, candidates = world(np.random.default_rng(1))
    options = dict(GOOD)
    for key in ("count", "budget", "objective"):
        if key in spoilt:
            options[key] = spoilt[key]
    if "people" in spoilt:
        people.iloc[0] = spoilt["people"][0]
    if "capacity" in spoilt:
        candidates = candidates.assign(capacity=5.0)
        candidates.iloc[0, 0] = spoilt["capacity"]
    if "current" in spoilt:
        if spoilt["current"] is None:
            current = None
        else:
            current.iloc[0] = spoilt["current"][0]
    for key, column in (("to", "to_id"), ("from", "from_id"), ("minutes", "minutes")):
        if key in spoilt:
            costs.loc[0, column] = spoilt[key]
    if "no_limit" in spoilt:
        costs.attrs = {}
    if "groups" in spoilt:
        groups = pd.Series("g", index=people.index).drop("c1")
        people.loc["c1"] = 3.0
        options["objective"] = siting.gap(groups=groups)
    with pytest.raises(DataError, match=said):
        siting.site(costs, people, current=current, candidates=candidates, **options)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: siting.ede(kappa=0), "kappa"),
        (lambda: siting.ede(epsilon=0), "epsilon"),
        (lambda: siting.coverage(within_min=0), "within_min"),
        (lambda: siting.gap(within_min=5), "wants groups"),
        (lambda: siting.blend(2, kappa=1), "weight"),
    ],
)
def test_objectives_that_are_none_are_refused(make, said):
    with pytest.raises(DataError, match=said):
        make()


def test_fast_proves_nothing_and_says_so():
    costs, people, current, candidates = world(np.random.default_rng(1))
    found = siting.site(
        costs, people, current=current, candidates=candidates, count=2, method="fast"
    )
    assert np.isnan(found.bound)
    assert not found.exact


def city_of(seed, *, cells, sites):
    """Spread people and candidates over a plane."""
    rng = np.random.default_rng(seed)
    home, place = rng.uniform(0, 60, (cells, 2)), rng.uniform(0, 60, (sites, 2))
    minutes = np.hypot(*(home[:, None] - place[None]).transpose(2, 0, 1))
    costs = pd.DataFrame(
        {
            "from_id": np.repeat(np.arange(cells), sites),
            "to_id": np.tile(np.arange(sites), cells),
            "minutes": minutes.ravel(),
        }
    )
    costs.attrs["limit_min"] = 100.0
    people = pd.Series(rng.integers(1, 60, cells).astype(float))
    return costs, people, minutes


@pytest.mark.parametrize("objective", [siting.ede(kappa=0.05), siting.mean()])
def test_at_larger_size_the_search_is_within_its_bound_and_near_it(objective, monkeypatch):
    costs, people, _ = city_of(3, cells=600, sites=80)
    monkeypatch.setattr(_exact, "MOST_PAIRS", -1)
    found = siting.site(costs, people, count=6, objective=objective)
    assert found.bound <= found.value + 1e-9
    assert found.value - found.bound <= 0.03 * found.value
    assert siting.ede().epsilon == _site.EPSILON
