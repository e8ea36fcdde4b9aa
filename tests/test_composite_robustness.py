"""How far ranks hold: every draw against `build`, sensitivities against closed forms."""

from math import nan, pi

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoequity import composite
from geoequity.composite import _robustness
from geoequity.errors import DataError, DataWarning
from geoequity.keeping import Kept

fast = settings(deadline=None, max_examples=15)
MEANS = {
    "arithmetic": composite.arithmetic,
    "geometric": composite.geometric,
    "harmonic": composite.harmonic,
}
FOUND = ("scores", "ranks", "worst_quarter", "sensitivity", "choices")


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


def tree():
    """Five indicators under two areas and one pillar, and an indicator beside them."""
    rows = [
        ("a", "x", 1.0, "higher"),
        ("b", "x", 3.0, "lower"),
        ("c", "y", 2.0, "higher"),
        ("d", "y", 1.0, "higher"),
        ("x", "p", 2.0, None),
        ("y", "p", 1.0, None),
        ("e", "r", 1.0, "higher"),
        ("p", "r", 2.0, None),
        ("r", None, 1.0, None),
    ]
    return pd.DataFrame(rows, columns=["id", "parent", "weight", "better"])


def data(units=7, seed=1, gaps=False):
    values = np.random.default_rng(seed).gamma(3.0, 8.0, (units, 5))
    table = pd.DataFrame(values, columns=list("abcde"), index=[f"u{at}" for at in range(units)])
    if gaps:
        table.loc["u1", "a"] = table.loc["u2", "c"] = nan
        table.loc["u3"] = nan
    return table


def posts():
    return composite.goalposts({one: (60.0, 0.0) if one == "b" else (0.0, 60.0) for one in "abcde"})


TWO = {"posts": posts(), "min-max": composite.min_max}
TURNED = {"plain": posts(), "turned": lambda *both: 100 - posts()(*both)}


def shaken(table=None, *, seed=4, draws=60, structure=None, pool=None, **options):
    table = data() if table is None else table
    return composite.robustness(
        table,
        tree() if structure is None else structure,
        pool={"normalise": TWO} if pool is None else pool,
        draws=draws,
        rng=np.random.default_rng(seed),
        **options,
    )


def as_they_are(table, better):
    return table[better.index]


# ---- every draw is a composite ------------------------------------------------------------


@pytest.mark.parametrize("gaps", [False, True])
def test_each_draw_is_what_build_makes_of_its_choices(gaps):
    table, structure = data(gaps=gaps), tree()
    chosen = {"own": {}, "flat": dict.fromkeys(structure["id"], 1.0), "more": {"a": 0.5, "p": 9.0}}
    schemes = {"posts": posts(), "percentile": composite.percentile}
    means = {
        **MEANS,
        "floored": composite.floored(composite.harmonic, at=20.0),
        "copeland": composite.copeland,
    }
    pool = composite.Pool(normalise=schemes, weights=chosen, aggregate=means)
    found = shaken(table, structure=structure, pool=pool, draws=150)
    assert found.choices["drop"].isin([None, *"abcde"]).all()
    assert len(found.choices.drop_duplicates()) > 100
    for draw, one in found.choices.iterrows():
        rest = structure[structure["id"] != one["drop"]]
        own = chosen[one["weights"]]
        weight = rest["id"].map(own).fillna(rest["weight"])
        made = composite.build(
            table,
            rest.assign(weight=weight),
            normalise=schemes[one["normalise"]],
            aggregate=means[one["aggregate"]],
        )
        for node, values in found.draws.items():
            assert values[draw] == close(made.scores[node].to_numpy()), one.to_dict()


def test_drawn_weights_lie_between_their_multiples_and_siblings_are_drawn_apart():
    table = pd.DataFrame({"a": [1.0, 0, 0], "b": [0.0, 1, 0], "c": [0.0, 0, 1]})
    flat = pd.DataFrame(
        {"id": [*"abc", "r"], "parent": [*"rrr", None], "weight": 1.0, "better": "higher"}
    )
    pool = {"normalise": [as_they_are], "weights": (0.5, 1.5), "aggregate": [composite.arithmetic]}
    found = shaken(table, structure=flat, pool=pool | {"drop_one": False}, draws=4000)
    share = found.draws["r"]  # here a score is the share of a weight
    assert share.sum(axis=1) == close(np.ones(4000))
    assert share.mean(axis=0) == pytest.approx([1 / 3] * 3, abs=0.01)
    assert share.min() > 0.5 / 3.5
    assert share.max() < 1.5 / 2.5
    ratio = share[:, 0] / share[:, 1]
    assert 1 / 3 < ratio.min() < 0.4
    assert 2.5 < ratio.max() < 3


def test_choices_of_a_kind_are_drawn_equally_often():
    found = shaken(pool={"aggregate": MEANS}, draws=600)
    assert found.choices["normalise"].value_counts().tolist() == [300, 300]
    assert found.choices["aggregate"].value_counts().tolist() == [200, 200, 200]
    assert found.choices["drop"].isna().sum() == 100
    assert found.choices["weights"].nunique() == 600


def test_functions_bring_their_names():
    means = [composite.arithmetic, composite.floored(composite.geometric)]
    found = shaken(pool={"normalise": [posts(), composite.rank], "aggregate": means})
    assert set(found.choices["normalise"]) == {"goalposts", "rank"}
    assert set(found.choices["aggregate"]) == {"arithmetic", "geometric"}


def test_what_the_tree_fixes_is_no_choice():
    structure = tree().assign(aggregate=None)
    structure.loc[structure["id"].isin(["x", "y"]), "aggregate"] = "arithmetic"
    pool = {"normalise": [posts()], "weights": (1, 1), "aggregate": [composite.harmonic]}
    found = shaken(structure=structure, pool=pool | {"drop_one": False}, draws=2)
    made = composite.build(data(), structure, normalise=posts(), aggregate=composite.harmonic)
    assert found.draws["p"][0] == close(made.scores["p"])
    areas = composite.build(data(), tree(), normalise=posts()).scores[["x", "y"]]
    assert made.scores[["x", "y"]].to_numpy() == close(areas.to_numpy())
    with pytest.raises(DataError, match="aggregate is unknown: p"):
        shaken(structure=structure.assign(aggregate=[*[None] * 7, "mean", None]))


def test_a_single_choice_is_the_published_one():
    pool = {"normalise": [posts()], "weights": (1, 1), "aggregate": [composite.geometric]}
    found = shaken(pool=pool | {"drop_one": False})
    made = composite.build(data(), tree(), normalise=posts(), aggregate=composite.geometric)
    for one in ("value", "low", "high", "median"):
        assert found.scores[one].tolist() == close(made.scores["r"].tolist())
    for one in ("value", "low", "high", "mean"):
        assert found.ranks[one].tolist() == made.ranks["r"].tolist()
    assert found.sensitivity.empty


def test_nil_and_what_is_below_it():
    table = data()
    table.loc["u0", "a"] = 0.0
    pool = {"normalise": [posts()], "weights": (1, 1), "drop_one": False}
    nil = shaken(table, pool=pool | {"aggregate": [composite.geometric]}).scores.loc["u0", "value"]
    lifted = composite.floored(composite.geometric)
    assert nil == 0 < shaken(table, pool=pool | {"aggregate": [lifted]}).scores.loc["u0", "low"]
    centred = {"normalise": [lambda *both: composite.z_score(*both) - 50.0]}
    means = {"aggregate": [composite.arithmetic, composite.geometric]}
    with pytest.raises(DataError, match="no geometric mean"):
        shaken(table, pool=pool | centred | means)
    with pytest.raises(DataError, match="above 0"):
        composite.floored(composite.geometric, at=0.0)


# ---- what cannot be chosen ----------------------------------------------------------------


def test_what_would_leave_a_unit_without_score_is_left_out():
    structure = tree().assign(min_known=1.0)
    structure.loc[structure["id"].isin(["p", "r"]), "min_known"] = 2.0
    table = data().assign(c=5.0)  # min-max cannot score it, nor y without d
    pool = {
        "normalise": {"posts": posts(), "min-max": composite.min_max},
        "aggregate": [composite.arithmetic],
    }
    found = shaken(table, structure=structure, pool=pool)
    assert found.left_out == ("d", "e")
    assert found.choices["drop"].dropna().unique().tolist()
    assert not found.choices["drop"].isin(["d", "e"]).any()
    assert not np.isnan(found.draws["r"]).any()
    sets = {"weights": {"own": {}, "no d": {"d": 0.0}}, "normalise": [posts()]}
    assert shaken(table, structure=structure, pool=pool | sets).left_out == ("c", "e")
    both = table.assign(d=7.0)
    assert shaken(both, structure=structure, pool=pool).left_out == ("e", "min-max")


def test_units_without_score_take_no_rank():
    found = shaken(data(gaps=True))
    assert found.ranks.loc["u3"].isna().all()
    assert found.scores.loc["u3"].isna().all()
    assert np.isnan(found.worst_quarter["u3"])
    assert found.ranks["high"].max() <= 6


def test_nobody_with_a_score_is_no_failure():
    found = shaken(data() * nan)
    assert found.ranks.isna().all(axis=None)
    assert found.sensitivity.empty


# ---- ranges -------------------------------------------------------------------------------


@fast
@given(st.integers(0, 999), st.integers(2, 9))
def test_ranges_hold_the_middle_of_the_draws(seed, units):
    found = shaken(data(units, seed), seed=seed, level=0.8)
    ends = np.quantile(found.draws["r"], [0.1, 0.9, 0.5], axis=0)
    assert close(ends) == found.scores[["low", "high", "median"]].to_numpy().T
    assert (found.scores["low"] <= found.scores["median"]).all()
    assert (found.ranks["low"] <= found.ranks["high"]).all()
    assert found.ranks["mean"].sum() == close(units * (units + 1) / 2)
    assert found.ranks["low"].min() >= 1


@fast
@given(st.integers(0, 999), st.permutations(range(7)))
def test_the_order_of_units_changes_nothing(seed, order):
    plain, mixed = shaken(data(seed=seed)), shaken(data(seed=seed).iloc[list(order)])
    for name in ("scores", "ranks", "worst_quarter"):
        left = getattr(mixed, name).loc[plain.scores.index]
        assert left.to_numpy() == close(getattr(plain, name).to_numpy())
    assert mixed.sensitivity.to_numpy() == close(plain.sensitivity.to_numpy())


def test_the_same_seed_gives_the_same_and_another_seed_nearly():
    first, again, other = (shaken(seed=seed, draws=2000) for seed in (1, 1, 2))
    for name in FOUND:
        assert getattr(first, name).equals(getattr(again, name))
    assert not first.scores.equals(other.scores)
    assert (first.ranks["mean"] - other.ranks["mean"]).abs().max() < 0.15


def test_units_that_are_alike_tie_in_every_draw():
    table = data(33)
    table.loc["u30"] = table.loc["u2"]
    found = shaken(table, pool={"aggregate": MEANS})
    assert np.array_equal(found.draws["r"][:, 2], found.draws["r"][:, 30])
    assert found.ranks.loc["u2"].tolist() == found.ranks.loc["u30"].tolist()


# ---- the worst quarter --------------------------------------------------------------------

CERTAIN = {
    "normalise": [as_they_are],
    "weights": (1, 1),
    "aggregate": [composite.arithmetic],
    "drop_one": False,
}


def in_worst_quarter(scores, people=None):
    table = pd.DataFrame({"a": scores}, dtype=float)
    one = pd.DataFrame({"id": ["a", "r"], "parent": ["r", None], "weight": 1.0, "better": "higher"})
    population = None if people is None else pd.Series(people, dtype=float)
    found = shaken(table, structure=one, pool=CERTAIN, draws=2, population=population)
    return found.worst_quarter.tolist()


def test_the_worst_quarter_is_of_units_or_of_people():
    assert in_worst_quarter([5, 1, 2, 3, 4, 6, 7, 8]) == [0, 1, 1, 0, 0, 0, 0, 0]
    assert in_worst_quarter([1, 2, 3, 4], [10, 10, 10, 70]) == [1, 1, 1, 0]
    assert in_worst_quarter([1, 2, 3, 4], [70, 10, 10, 10]) == [1, 0, 0, 0]
    # whom nobody knows of counts with nobody's people
    assert in_worst_quarter([1, nan, 3, 4, 5], [20, 900, 20, 20, 20])[2:] == [0, 0, 0]


def test_where_all_are_alike_nobody_is_worst():
    assert in_worst_quarter([5] * 8) == [0] * 8
    assert in_worst_quarter([5] * 8, [1, 2, 3, 4, 5, 6, 7, 8]) == [0] * 8
    # two that tie for the last place of eight share it, five do not
    assert in_worst_quarter([1, 1, 3, 4, 5, 6, 7, 8])[:3] == [1, 1, 0]
    assert in_worst_quarter([1, 1, 1, 1, 1, 6, 7, 8]) == [0] * 8


# ---- posteriors ---------------------------------------------------------------------------


def worlds(table, spread, count=40):
    noise = np.random.default_rng(9).normal(1.0, spread, (2, count, len(table)))
    return {
        one: pd.DataFrame(table[one].to_numpy() * at, columns=table.index)
        for one, at in zip("ab", noise, strict=True)
    }


def test_posteriors_that_are_certain_change_nothing():
    table = data()
    one = composite.Pool(normalise=[posts()], weights=(1, 1), aggregate=MEANS, drop_one=False)
    plain = shaken(table, pool=one)
    found = shaken(table, pool=one, posteriors=worlds(table, 0.0))
    for name in ("scores", "ranks"):
        assert getattr(found, name).to_numpy() == close(getattr(plain, name).to_numpy())
    assert found.sensitivity.loc["data", ["first", "total"]].abs().max() < 1e-9


@pytest.mark.parametrize(
    "scheme",
    [
        posts(),
        composite.min_max,
        composite.z_score,
        composite.percentile,
        composite.to_targets({"a": 40.0, "b": 0.0, "c": 40.0, "d": 40.0, "e": 40.0}),
        lambda *both: composite.rank(*both) + 0.0,  # made by somebody else
    ],
)
def test_one_row_of_all_posteriors_makes_one_draw(scheme):
    table = data()
    given = worlds(table, 0.3)
    given["a"]["u2"] = nan  # complete there: the value stands
    arrays = {"a": given["a"].to_numpy(), "b": given["b"][table.index[::-1]]}
    found = shaken(table, pool=CERTAIN | {"normalise": [scheme]}, posteriors=arrays)
    assert found.choices["data"].nunique() == 40
    for draw, row in found.choices["data"].items():
        a = given["a"].loc[row].fillna(table["a"])
        world = table.assign(a=a, b=given["b"].loc[row])
        made = composite.build(world, tree(), normalise=scheme)
        assert found.draws["r"][draw] == close(made.scores["r"].to_numpy())


@pytest.mark.parametrize("at_once", [1, 20])
def test_how_many_worlds_are_scored_at_a_time_changes_nothing(monkeypatch, at_once):
    table = data()
    given = {"pool": {"normalise": TWO}, "posteriors": worlds(table, 0.3)}
    usual = shaken(table, **given)
    monkeypatch.setattr(_robustness, "_WIDE", at_once)
    np.testing.assert_array_equal(shaken(table, **given).draws["r"], usual.draws["r"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: {"p": np.ones((3, 7))}, "p is no leaf"),
        (lambda one: {"a": one["a"].rename(columns={"u0": "z"})}, "a is about other units"),
        (lambda one: {"a": one["a"].to_numpy()[:, :3]}, r"a has the shape \(40, 3\)"),
        (lambda one: {"a": one["a"].to_numpy()[:0]}, r"shape \(0, 7\)"),
        (lambda one: {"a": one["a"], "b": one["b"][:5]}, "unequal numbers of draws"),
        (lambda one: {"a": one["a"].mask(one["a"] > 30)}, "unknown in some draws"),
        (lambda one: {"a": one["a"] / 0}, "infinite"),
        (lambda one: {"a": one["a"].astype(str)}, "a is not numbers"),
    ],
)
def test_posteriors_of_something_else_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        shaken(posteriors=change(worlds(data(), 0.5)))


def test_nothing_is_drawn_where_nothing_is_known():
    with pytest.raises(DataError, match="a is drawn where it is unknown"):
        shaken(data(gaps=True), posteriors={"a": np.ones((3, 7))})


# ---- what moves the ranks -----------------------------------------------------------------


def samples(function, factors, rows=40_000):
    a, b = np.random.default_rng(3).random((2, rows, factors))
    mixed = {}
    for at in range(factors):
        one = a.copy()
        one[:, at] = b[:, at]
        mixed[f"x{at}"] = function(one)
    return composite.sobol_indices(function(a), function(b), mixed=mixed)


def within(found, expected, order):
    return (np.abs(found[order] - expected) < 4 * found[f"{order}_error"] + 1e-12).all()


def test_sensitivities_of_a_sum_are_shares_of_variance():
    found = samples(lambda x: x @ np.array([1.0, 2.0, 4.0]), 3)
    for order in ("first", "total"):
        assert within(found, np.array([1, 4, 16]) / 21, order)
    assert found["total_error"].max() < 0.01


def test_sensitivities_of_a_product_have_a_part_in_common():
    found = samples(lambda x: x[:, 0] * x[:, 1], 2)
    whole, alone = 1 / 9 - 1 / 16, 1 / 48  # E(x)^2 V(x) of uniform numbers
    assert within(found, alone / whole, "first")
    assert within(found, 1 - alone / whole, "total")


def test_sensitivities_of_the_ishigami_function():
    def ishigami(x):
        x = (2 * x - 1) * pi
        return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])

    found = samples(ishigami, 4)  # the fourth does nothing
    one, two = 0.5 * (1 + 0.1 * pi**4 / 5) ** 2, 7**2 / 8
    together = 0.1**2 * pi**8 * (1 / 18 - 1 / 50)
    whole = one + two + together
    assert within(found, np.array([one, two, 0, 0]) / whole, "first")
    assert within(found, np.array([one + together, two, together, 0]) / whole, "total")
    assert found.loc["x3", "total"] == 0


def test_an_output_that_never_moves_has_no_sensitivities():
    assert samples(lambda x: np.ones(len(x)), 2, rows=50).isna().all(axis=None)


def test_outputs_that_do_not_match_are_refused():
    y = np.arange(4.0)
    for a, b, c in [(y, y[1:], y), (y, y, y[1:]), (y[:1], y[:1], y[:1]), (y, y, y * nan)]:
        with pytest.raises(DataError, match="needs known, finite outputs"):
            composite.sobol_indices(a, b, mixed={"x": c})


def test_the_choice_that_was_planted_moves_the_ranks_most():
    table = data(20)
    still = {"normalise": [posts()], "weights": (0.99, 1.01), "aggregate": [composite.arithmetic]}
    for moved, by in (
        ("normalise", {"normalise": TURNED}),
        ("weights", {"weights": (0.05, 2.0), "drop_one": False}),
        ("drop", {}),
        ("aggregate", {"aggregate": MEANS, "drop_one": False}),
    ):
        found = shaken(table, pool=still | by, draws=400).sensitivity
        assert found["total"].idxmax() == moved
        assert found.loc[moved, "total"] > 0.9
    given, certain = worlds(table, 0.5), still | {"drop_one": False}
    noisy = shaken(table, pool=certain, posteriors=given, draws=400)
    assert noisy.sensitivity["total"].idxmax() == "data"


def test_sensitivities_are_of_the_mean_shift_of_ranks():
    """With one choice of two, it makes all of the variance, alone and in all."""
    found = shaken(pool=CERTAIN | {"normalise": TURNED}, draws=1000)
    assert found.sensitivity.index.tolist() == ["normalise"]
    assert found.sensitivity.loc["normalise", ["first", "total"]].tolist() == pytest.approx(
        [1, 1], abs=0.1
    )
    assert shaken(sobol=0).sensitivity.empty
    assert shaken(sobol=False).sensitivity.empty
    assert shaken(sobol=True).sensitivity.equals(shaken().sensitivity)


# ---- what is refused ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        ({"normalise": []}, "normalise takes one function or more"),
        ({"aggregate": {}}, "aggregate takes one function or more"),
        ({"normalise": ["min_max"]}, "normalise takes one function or more"),
        ({"normalise": [posts(), posts()]}, "under names of their own"),
        ({"weights": (2.0, 1.0)}, "multiples from 0 up"),
        ({"weights": (0.0, 0.0)}, "multiples from 0 up"),
        ({"weights": (0.5, np.inf)}, "multiples from 0 up"),
        ({"weights": {}}, "no sets"),
        ({"weights": {"mine": {"q": 1.0}}}, "nothing in the tree: q"),
        ({"weights": {"mine": {"a": -1.0}}}, "pool: weights: negative or infinite: a"),
        ({"weights": {"mine": {"a": 0.0, "b": 0.0}}}, "all weights are 0 under: x"),
        ({"method": 1}, "pool: takes normalise, weights, aggregate, drop_one, not method"),
    ],
)
def test_pools_that_make_no_sense_are_refused(pool, message):
    with pytest.raises(DataError, match=message):
        shaken(pool=pool)


@pytest.mark.parametrize(
    "options",
    [{"draws": 1}, {"level": 0.0}, {"level": 1.0}, {"sobol": -1}, {"sobol": 1}, {"level": nan}],
)
def test_numbers_that_make_no_sense_are_refused(options):
    with pytest.raises(DataError, match="takes 2 draws or more"):
        shaken(**options)


def test_trees_and_people_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="no column: e"):
        shaken(data().drop(columns="e"))
    with pytest.raises(DataError, match="a alone is no index"):
        shaken(structure=tree().iloc[:1].assign(parent=None))
    with pytest.raises(DataError, match="unknown in u3"):
        shaken(population=pd.Series(1.0, index=data().index).where(data().index != "u3"))
    with pytest.raises(DataError, match="population"):
        shaken(population=pd.Series(1.0, index=list("abcdefg")))


def test_what_the_published_choice_cannot_score_is_warned_of_once():
    table = data().assign(a=3.0)
    with pytest.warns(DataWarning, match="min-max cannot score") as warned:
        shaken(table, pool={"normalise": [composite.min_max, composite.rank]})
    assert len(warned) == 1


def test_sets_of_weights_are_numbers_and_a_table_has_units():
    with pytest.raises(DataError, match="pool: weights: not numbers"):
        shaken(pool={"weights": {"mine": {"a": "x"}}})
    with pytest.raises(DataError, match="data: there are no units"):
        shaken(data().iloc[:0])
    with pytest.raises(DataError, match="finite outputs"):
        composite.sobol_indices(np.array([1.0, np.inf]), np.ones(2), mixed={})


# ---- what is kept -------------------------------------------------------------------------


def all_alike(one, other):
    """Compare two results to the bit."""
    for name in FOUND:
        former, latter = getattr(one, name), getattr(other, name)
        assert former.equals(latter), name
    assert one.draws.keys() == other.draws.keys()
    assert all(np.array_equal(one.draws[key], other.draws[key], True) for key in one.draws)
    return one.left_out == other.left_out


SCHEMES = {
    "ours": {
        **TWO,
        "rank": composite.rank,
        "z": composite.z_score,
        "percentile": composite.percentile,
    },
    "somebody else's, too": TWO | {"turned": lambda *both: 100 - posts()(*both)},
}


@pytest.mark.parametrize("schemes", SCHEMES)
@pytest.mark.parametrize("gaps", [False, True])
def test_what_is_kept_changes_nothing_to_the_bit(schemes, gaps):
    kept, pool = Kept(), {"normalise": SCHEMES[schemes], "aggregate": [composite.arithmetic]}
    table = data(gaps=gaps)
    drawn = worlds(table, 3.0)
    changed = table.assign(b=table["b"] * 1.1)
    other = drawn | {"b": drawn["b"] * 1.1}
    mirrored = tree().assign(
        better=tree()["better"].replace({"higher": "lower", "lower": "higher"})
    )
    scales = {one: (60.0, 0.0) if one != "b" else (0.0, 60.0) for one in "abcde"}
    ranked = {"normalise": [composite.min_max, composite.rank]}
    mirror = {"normalise": {"posts": composite.goalposts(scales)}}
    for some, options in (
        (table, {}),
        (table, {"posteriors": drawn}),
        (changed, {"posteriors": other}),
        (changed, {"posteriors": drawn}),
        (changed, {"posteriors": other, "structure": mirrored, "pool": ranked}),
        (table, {"posteriors": drawn, "structure": mirrored, "pool": mirror}),
        (table, {"posteriors": drawn}),
    ):
        options = {"pool": pool} | options  # noqa: PLW2901
        fresh = shaken(some, **options)
        assert all_alike(shaken(some, kept=kept.above(), **options), fresh)
        assert all_alike(shaken(some, kept=kept, **options), fresh)
        assert all_alike(shaken(some, kept=kept, **options), fresh)


def test_only_the_indicator_that_changed_is_scored_again(monkeypatch):
    scored = []
    by_row = _robustness.by_row
    monkeypatch.setattr(
        _robustness,
        "by_row",
        lambda *one, **who: scored.append(who["name"]) or by_row(*one, **who),
    )
    kept, table = Kept(), data()
    drawn = worlds(table, 3.0)
    shaken(table, posteriors=drawn, kept=kept)
    assert set(scored) == set(drawn)
    scored.clear()
    shaken(table, posteriors=drawn, kept=kept)
    assert not scored
    shaken(table, posteriors=drawn | {"b": drawn["b"] * 1.1}, kept=kept)
    assert set(scored) == {"b"}
