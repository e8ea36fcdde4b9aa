"""Clusters, cliffs, gradients and regions: against esda, by hand, and by what must hold."""

from itertools import combinations
from math import nan
from pathlib import Path

import esda
import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from libpysal.graph import Graph
from scipy.sparse.csgraph import connected_components

from geoequity import patterns
from geoequity.errors import CRSError, DataError

CRS = "EPSG:32721"
SIDE = 1000.0


def rng(seed=1):
    return np.random.default_rng(seed)


def board(rows, columns, *, gap_m=0.0):
    """Square districts named by row and column; those of odd columns may keep a gap."""
    made = {
        f"{row}{column}": shapely.box(
            column * SIDE + gap_m * (column % 2),
            row * SIDE,
            (column + 1) * SIDE - gap_m * (column % 2),
            (row + 1) * SIDE,
        )
        for row in range(rows)
        for column in range(columns)
    }
    return gpd.GeoDataFrame(
        index=pd.Index(made, name="unit_id"), geometry=list(made.values()), crs=CRS
    )


def rook(rows, columns):
    return patterns.neighbours(board(rows, columns), contiguity="rook")


def on(units, *values, name="score"):
    return pd.Series([float(one) for one in values], index=units.index, name=name)


def drawn(units, seed=3, name="score"):
    return pd.Series(rng(seed).gamma(2.0, 10.0, len(units)), index=units.index, name=name)


def linked(graph):
    return set(map(frozenset, graph.adjacency[graph.adjacency > 0].index))


def published(name):
    """A map that PySAL ships and the neighbours printed with it: id, count, neighbours."""
    folder = Path(libpysal.__file__).parent / "examples" / name
    lines = (folder / f"{name}.gal").read_text().split("\n")[1:]
    heads = [line.split()[0] for line in lines[::2] if line.strip()]
    links = dict(zip(heads, (line.split() for line in lines[1::2]), strict=False))
    units = gpd.read_file(next(folder.glob("*.shp")))
    return units, Graph.from_dicts(links)


# ---- neighbours ---------------------------------------------------------------------------


@pytest.mark.parametrize(("contiguity", "links"), [("queen", 40), ("rook", 24)])
def test_squares_on_a_board_touch_as_kings_and_as_rooks_move(contiguity, links):
    graph = patterns.neighbours(board(3, 3), contiguity=contiguity)
    assert graph.n_edges == links
    assert graph.unique_ids.tolist() == board(3, 3).index.tolist()
    assert set(graph.adjacency) == {1}


def test_corners_need_not_be_drawn_on_both_sides():
    halves = [shapely.box(0, 0, 1000, 500), shapely.box(0, 500, 1000, 1000)]
    shapes = [*halves, shapely.box(1000, 0, 2000, 1000)]
    units = gpd.GeoDataFrame(index=list("abc"), geometry=shapes, crs=CRS)
    assert patterns.neighbours(units, contiguity="rook").cardinalities.tolist() == [2, 2, 2]


@pytest.mark.parametrize("contiguity", ["queen", "rook"])
def test_slivers_part_neighbours_unless_they_are_tolerated(contiguity):
    whole = patterns.neighbours(board(3, 4), contiguity=contiguity)
    sliced = board(3, 4, gap_m=8.0)
    apart = patterns.neighbours(sliced, contiguity=contiguity)
    assert linked(apart) == {pair for pair in linked(whole) if len({one[1] for one in pair}) == 1}
    same = patterns.neighbours(sliced, contiguity=contiguity, tolerance_m=10.0)
    assert linked(same) == linked(whole)
    narrow = patterns.neighbours(sliced, contiguity=contiguity, tolerance_m=7.0)
    assert linked(narrow) == linked(apart)


@pytest.mark.parametrize("contiguity", ["queen", "rook"])
def test_islands_have_no_neighbours_and_are_named(contiguity):
    units = board(2, 2)
    far = gpd.GeoDataFrame(index=["isle"], geometry=[shapely.box(9e3, 9e3, 1e4, 1e4)], crs=CRS)
    graph = patterns.neighbours(pd.concat([units, far]), contiguity=contiguity)
    assert graph.isolates.tolist() == ["isle"]
    assert "isle" not in graph["00"].index


def test_the_nearest_are_neighbours_even_over_water():
    row = board(1, 5)
    graph = patterns.neighbours(row, contiguity="knn", k=1)
    assert graph.cardinalities.tolist() == [1] * 5
    assert graph["00"].index.tolist() == ["01"]


def test_a_published_map_has_its_published_neighbours():
    """Columbus, Ohio: its contiguity by queen as it has been printed since 1988."""
    units, graph = published("columbus")
    units = units.set_crs(CRS)
    ours = patterns.neighbours(units)
    theirs = graph.adjacency.rename(lambda one: int(one) - 1)
    assert linked(ours) == set(map(frozenset, theirs.index))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"contiguity": "bishop"}, "contiguity: must be queen, rook or knn, not 'bishop'"),
        ({"tolerance_m": -1.0}, "tolerance_m: must be 0 or more, is -1.0"),
        ({"tolerance_m": nan}, "tolerance_m"),
        ({"k": 2}, "k: knn alone asks for one"),
        ({"contiguity": "knn"}, "from 1 to 3; it is None"),
        ({"contiguity": "knn", "k": 4}, "from 1 to 3; it is 4"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        patterns.neighbours(board(2, 2), **options)


def test_units_must_be_polygons_in_metres_named_once():
    units = board(2, 2)
    with pytest.raises(CRSError, match="degrees"):
        patterns.neighbours(units.to_crs(4326))
    with pytest.raises(DataError, match="more than once: 00"):
        patterns.neighbours(units.rename({"01": "00"}))
    with pytest.raises(DataError, match="no polygon: 00"):
        patterns.neighbours(units.set_geometry([shapely.Point(0, 0), *units.geometry[1:]]))


# ---- Moran --------------------------------------------------------------------------------


def test_a_chessboard_is_as_unlike_its_neighbours_as_can_be():
    units = board(4, 4)
    value = on(units, *([1, 9, 1, 9, 9, 1, 9, 1] * 2))
    found = patterns.moran(value, neighbours=rook(4, 4), permutations=999, rng=rng())
    assert found.value == pytest.approx(-1.0, abs=1e-12)
    assert found.expected == pytest.approx(-1 / 15)
    assert found.p == pytest.approx(0.002)
    assert found.z < -4


def test_two_halves_are_alike_as_counted_by_hand():
    """Deviations are all 1 or -1, so I is the mean over units of like less unlike neighbours."""
    units = board(2, 4)
    value = on(units, 5, 5, 7, 7, 5, 5, 7, 7)
    by_hand = (4 * 1 + 4 * (2 - 1) / 3) / 8  # ends have like neighbours, the middle one of three
    found = patterns.moran(value, neighbours=rook(2, 4), rng=rng())
    assert found.value == pytest.approx(by_hand, abs=1e-12)
    assert found.units == 8


@pytest.mark.parametrize(
    ("name", "column", "value", "digits"),
    [
        ("stl", "HR8893", 0.244, 3),
        ("sids2", "SIDR74", 0.248, 3),
        ("columbus", "CRIME", 0.500188557, 9),
    ],
)
def test_published_indices_come_out(name, column, value, digits):
    units, graph = published(name)
    score = pd.Series(units[column].to_numpy(), index=graph.unique_ids)
    found = patterns.moran(score, neighbours=graph, permutations=99, rng=rng())
    assert round(found.value, digits) == value


def test_everything_global_is_what_esda_finds():
    units = board(5, 6)
    graph = patterns.neighbours(units)
    x, y = drawn(units), drawn(units, 4, "other")
    options = {"neighbours": graph, "permutations": 199}
    seed = int(rng(7).integers(2**32))
    np.random.seed(seed)  # noqa: NPY002  what esda draws from
    theirs = esda.Moran(x, graph, permutations=199)
    ours = patterns.moran(x, **options, rng=rng(7))
    assert (ours.value, ours.expected) == pytest.approx((theirs.I, theirs.EI), abs=1e-12)
    assert (ours.z, ours.p) == pytest.approx((theirs.z_sim, min(1, 2 * theirs.p_sim)), abs=1e-12)
    np.random.seed(seed)  # noqa: NPY002  what esda draws from
    theirs = esda.Moran_BV(x, y, graph, permutations=199)
    ours = patterns.bivariate_moran(x, around=y, **options, rng=rng(7))
    assert (ours.value, ours.z) == pytest.approx((theirs.I, theirs.z_sim), abs=1e-12)
    assert ours.expected == pytest.approx(theirs.EI_sim)
    theirs = esda.Spatial_Pearson(graph.transform("r").sparse, permutations=0)
    theirs.fit(x.to_numpy()[:, None], y.to_numpy()[:, None])
    ours = patterns.lee(x, other=y, **options, rng=rng(7))
    assert ours.value == pytest.approx(theirs.association_[0, 1], abs=1e-12)


def test_two_values_go_together_whichever_comes_first_only_by_lee():
    units = board(5, 6)
    graph = patterns.neighbours(units, contiguity="knn", k=3)
    x, y = drawn(units), drawn(units, 4)
    options = {"neighbours": graph, "permutations": 9}
    there = patterns.lee(x, other=y, **options, rng=rng()).value
    assert patterns.lee(y, other=x, **options, rng=rng()).value == pytest.approx(there)
    there = patterns.bivariate_moran(x, around=y, **options, rng=rng()).value
    back = patterns.bivariate_moran(y, around=x, **options, rng=rng()).value
    assert abs(there - back) > 0.01


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(st.integers(0, 50), min_size=12, max_size=12).filter(lambda v: len(set(v)) > 1),
    scale=st.sampled_from([-3.0, 0.25, 1000.0]),
    shift=st.sampled_from([-7.0, 0.0, 1e4]),
)
def test_neither_unit_nor_zero_of_the_scale_moves_moran(values, scale, shift):
    units = board(3, 4)
    value = on(units, *values)
    options = {"neighbours": rook(3, 4), "permutations": 99}
    plain = patterns.moran(value, **options, rng=rng())
    moved = patterns.moran(scale * value + shift, **options, rng=rng())
    assert moved.value == pytest.approx(plain.value, abs=1e-6)
    assert moved.p == plain.p


def test_names_and_order_of_the_units_change_nothing():
    units = board(4, 5)
    value = drawn(units)
    graph = patterns.neighbours(units)
    plain = patterns.moran(value, neighbours=graph, rng=rng())
    mixed = patterns.moran(value.sample(frac=1, random_state=2), neighbours=graph, rng=rng())
    assert mixed == plain
    named = {one: f"{99 - int(one):02d}" for one in units.index}
    other = patterns.neighbours(units.rename(named).sample(frac=1, random_state=3))
    renamed = patterns.moran(value.rename(named), neighbours=other, rng=rng())
    assert renamed.value == pytest.approx(plain.value, abs=1e-12)
    local = patterns.getis_ord(value, neighbours=graph, rng=rng())["gi_star"]
    again = patterns.getis_ord(value.rename(named), neighbours=other, rng=rng())["gi_star"]
    np.testing.assert_allclose(again, local, atol=1e-12)


def test_unknown_units_are_left_out_with_their_links_and_named():
    units = board(3, 4)
    value = drawn(units)
    value[["03", "12", "13"]] = [5.0, nan, nan]
    value["02"] = nan  # so that 03 has no known neighbour left
    graph = rook(3, 4)
    found = patterns.moran(value, neighbours=graph, rng=rng())
    assert found.unknown == ("02", "12", "13")
    assert found.islands == ("03",)
    rest = units.drop(["02", "03", "12", "13"])
    alone = patterns.moran(
        value[rest.index], neighbours=patterns.neighbours(rest, contiguity="rook"), rng=rng()
    )
    assert (found.value, found.p, found.units) == (alone.value, alone.p, 8)
    table = patterns.local_moran(value, neighbours=graph, rng=rng())
    assert table.index.equals(value.index)
    left_out = table.loc[["02", "03", "12", "13"]]
    assert left_out[["value", "p", "p_adjusted"]].isna().all(axis=None)
    assert left_out["quadrant"].tolist() == [None] * 4


def test_who_is_a_neighbour_of_unknown_units_alone_is_an_island_too():
    """One-way links: e has only x nearest, which is unknown, and f only e."""
    links = {"a": ["b"], "b": ["a"], "c": ["d"], "d": ["c"], "e": ["x"], "f": ["e"], "x": ["a"]}
    graph = Graph.from_dicts(links)
    value = pd.Series([1.0, 2, 3, 4, 5, 6, nan], index=list("abcdefx"))
    found = patterns.moran(value, neighbours=graph, permutations=9, rng=rng())
    assert (found.units, found.unknown, found.islands) == (4, ("x",), ("e", "f"))


@pytest.mark.parametrize("state", [1, 99])
def test_the_dice_of_others_stay_where_they_were(state):
    units = board(3, 4)
    graph = rook(3, 4)
    np.random.seed(state)  # noqa: NPY002
    expected = np.random.random(3)  # noqa: NPY002
    np.random.seed(state)  # noqa: NPY002
    found = patterns.moran(drawn(units), neighbours=graph, rng=rng())
    assert np.array_equal(np.random.random(3), expected)  # noqa: NPY002
    assert found == patterns.moran(drawn(units), neighbours=graph, rng=rng())
    assert found.p != patterns.moran(drawn(units), neighbours=graph, rng=rng(2)).p


STATISTICS = {
    "moran": patterns.moran,
    "local_moran": patterns.local_moran,
    "getis_ord": patterns.getis_ord,
    "bivariate_moran": lambda value, **options: patterns.bivariate_moran(
        value, around=value[::-1].set_axis(value.index), **options
    ),
    "lee": lambda value, **options: patterns.lee(value, other=value, **options),
}


@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda value: value * nan, "score: known in 0 units that have neighbours; 4 are needed"),
        (lambda value: value.where(value.index == "00"), "score: known in 0 units"),
        (lambda value: value * 0 + 0.3, "score: the same in all units"),
        (lambda value: value.mask(value.index == "11", np.inf), "score: infinite in 11"),
        (lambda value: value.drop("11"), "score and neighbours are about different units: 11"),
        (lambda value: value.astype(str), "score: not numbers but"),
        (lambda value: value.rename({"11": "00"}), "score: ids stand more than once: 00"),
    ],
)
def test_what_cannot_be_judged_is_refused_by_name(name, change, message):
    value = drawn(board(2, 3))
    with pytest.raises(DataError, match=message):
        STATISTICS[name](change(value), neighbours=rook(2, 3), rng=rng())


@pytest.mark.parametrize("name", STATISTICS)
def test_islands_alone_have_no_pattern(name):
    apart = board(2, 3).scale(0.5, 0.5)
    graph = patterns.neighbours(gpd.GeoDataFrame(geometry=apart))
    with pytest.raises(DataError, match="known in 0 units that have neighbours"):
        STATISTICS[name](drawn(board(2, 3)), neighbours=graph, rng=rng())


@pytest.mark.parametrize("name", STATISTICS)
def test_no_permutation_is_no_inference(name):
    with pytest.raises(DataError, match="permutations: must be 1 or more, is 0"):
        STATISTICS[name](drawn(board(2, 3)), neighbours=rook(2, 3), permutations=0, rng=rng())


# ---- unit by unit -------------------------------------------------------------------------


def test_local_indices_and_quadrants_are_those_of_esda_and_add_up():
    units = board(6, 6)
    graph = patterns.neighbours(units)
    value = drawn(units)
    found = patterns.local_moran(value, neighbours=graph, rng=rng())
    theirs = esda.Moran_Local(value, graph, permutations=0)
    np.testing.assert_allclose(found["value"], theirs.Is, atol=1e-12)
    assert found["quadrant"].map(patterns.QUADRANTS.index).add(1).tolist() == theirs.q.tolist()
    whole = patterns.moran(value, neighbours=graph, permutations=9, rng=rng()).value
    assert found["value"].sum() / 35 == pytest.approx(whole)  # n - 1, as esda scales them


def test_hot_spots_are_those_of_ord_and_getis():
    """Their formula (1995, eq. 14), and the case that PySAL prints."""
    points = np.array([(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)])
    near = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) <= 15
    names = list("abcdef")
    links = {one: [b for b, is_near in zip(names, row, strict=True) if is_near and b != one]
             for one, row in zip(names, near, strict=True)}  # fmt: skip
    value = pd.Series([2, 3, 3.2, 5, 8, 7], index=names)
    found = patterns.getis_ord(value, neighbours=Graph.from_dicts(links), permutations=9, rng=rng())
    printed = [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331]
    assert found["gi_star"].tolist() == pytest.approx(printed, abs=5e-9)
    for one in names:
        inside = [one, *links[one]]
        spread = value.std(ddof=0) * np.sqrt((6 * len(inside) - len(inside) ** 2) / 5)
        by_hand = (value[inside].sum() - len(inside) * value.mean()) / spread
        assert found.loc[one, "gi_star"] == pytest.approx(by_hand)


def test_hot_spots_are_those_of_esda():
    units = board(6, 6)
    graph = patterns.neighbours(units)
    found = patterns.getis_ord(drawn(units), neighbours=graph, rng=rng())
    theirs = esda.G_Local(drawn(units), graph, transform="B", star=True, permutations=0)
    np.testing.assert_allclose(found["gi_star"], theirs.Zs, atol=1e-10)
    same = patterns.local_moran(drawn(units), neighbours=graph, rng=rng())
    assert found["p"].equals(same["p"])


@pytest.mark.slow
def test_local_inference_is_that_of_esda_but_for_the_draws():
    units = board(6, 6)
    graph = patterns.neighbours(units)
    found = patterns.local_moran(drawn(units), neighbours=graph, rng=rng())
    with pytest.warns(DeprecationWarning, match="alternative"):
        theirs = esda.Moran_Local(drawn(units), graph, permutations=9999, seed=5, n_jobs=1)
    doubled = np.minimum(2 * theirs.p_sim, 1)
    error = np.sqrt(2 * 2 * doubled * 1 / 9999) + 2e-4  # of the difference of two estimates
    assert (np.abs(found["p"] - doubled) < 5 * error).all()


def test_chance_is_counted_as_all_deals_would_count_it():
    """All ways to deal five values to two neighbours: ten, of which none is drawn twice."""
    units = board(1, 6)
    value = on(units, 3, 8, 1, 13, 4, 20)
    found = patterns.local_moran(value, neighbours=rook(1, 6), permutations=40_000, rng=rng())
    for place, one in enumerate(units.index[1:-1], start=1):
        around = value.iloc[place - 1] + value.iloc[place + 1]
        dealt = [sum(pair) for pair in combinations(value.drop(one), 2)]
        tails = np.mean([s >= around for s in dealt]), np.mean([s <= around for s in dealt])
        exact = min(1.0, 2 * min(tails))
        assert found.loc[one, "p"] == pytest.approx(exact, abs=5 * np.sqrt(0.25 / 40_000) * 2)


def test_chance_alone_is_called_a_cluster_as_rarely_as_it_says():
    units = board(6, 6)
    graph = patterns.neighbours(units)
    draw = rng(11)
    p, discovered = [], 0
    for _ in range(60):
        value = pd.Series(draw.normal(50, 10, len(units)), index=units.index)
        found = patterns.local_moran(value, neighbours=graph, permutations=999, rng=draw)
        p.extend(found["p"])
        discovered += (found["p_adjusted"] <= 0.05).any()
    assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.1, abs=0.025)
    assert discovered <= 8  # 3 are expected of 60; more than 8 is chance once in 300


def test_planted_clusters_are_found_and_nothing_else():
    units = board(8, 8)
    row, column = (units.index.str[at].astype(int) for at in (0, 1))
    hot, cold = (row < 3) & (column < 3), (row > 4) & (column > 4)
    value = pd.Series(50 + 30.0 * hot - 30.0 * cold + rng(5).normal(0, 3, 64), index=units.index)
    graph = patterns.neighbours(units)
    found = patterns.getis_ord(value, neighbours=graph, rng=rng())
    sure = found["p_adjusted"] <= 0.05
    assert sure["11"]
    assert sure["66"]
    assert found.loc["11", "gi_star"] > 3
    assert found.loc["66", "gi_star"] < -3
    assert not sure[(abs(row - 1) > 2) & (abs(row - 6) > 2)].any()
    local = patterns.local_moran(value, neighbours=graph, rng=rng())
    assert local.loc["11", "quadrant"] == "high_high"
    assert local.loc["66", "quadrant"] == "low_low"


def test_hot_spots_need_values_of_0_or_more():
    with pytest.raises(DataError, match=r"score: negative in 00; Gi\* needs values of 0 or more"):
        patterns.getis_ord(on(board(2, 2), -1, 2, 3, 4), neighbours=rook(2, 2), rng=rng())


def test_the_false_discovery_rate_is_stepped_up_by_hand():
    p = pd.Series([0.9, 0.01, nan, 0.03, 0.02], index=list("abcde"), name="p")
    found = patterns.adjusted(p)
    assert found["b"] == pytest.approx(min(0.01 * 4 / 1, 0.02 * 4 / 2, 0.03 * 4 / 3))
    assert found[["e", "d", "a"]].tolist() == pytest.approx([0.04, 0.04, 0.9])
    assert np.isnan(found["c"])
    assert patterns.adjusted(p * nan).isna().all()
    assert (patterns.adjusted(pd.Series([0.0, 0.0, 0.05])) <= 0.05).all()  # at the level itself
    with pytest.raises(DataError, match="p: not within 0 and 1 in b"):
        patterns.adjusted(p.replace(0.01, 1.5))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_the_false_discovery_rate_keeps_order_and_counts_as_the_rule_says(values):
    p = pd.Series(values)
    found = patterns.adjusted(p)
    assert (found >= p).all()
    assert (found[p.sort_values().index].diff().dropna() >= 0).all()
    ranked = [(one, one * len(values) / rank) for rank, one in enumerate(sorted(values), 1)]
    assume(all(abs(least - 0.05) > 1e-12 for _, least in ranked))  # there rounding decides
    sure = [one for one, least in ranked if least <= 0.05]
    assert (found <= 0.05).sum() == (p <= max(sure, default=-1.0)).sum()


# ---- gradient -----------------------------------------------------------------------------


def test_a_straight_slope_is_found_and_explains_all():
    units = board(1, 8)
    centre = shapely.Point(SIDE / 2, SIDE / 2)
    value = on(units, *(80 - 7 * np.arange(8)))
    people = on(units, *range(1, 9))
    found = patterns.gradient(value, units=units, centre=centre, population=people, rings=4)
    assert found.slope_per_km == pytest.approx(-7)
    assert found.explained == pytest.approx(1)
    assert found.rank_correlation == pytest.approx(-1)
    assert found.rings["to_km"].tolist() == [1.75, 3.5, 5.25, 7.0]
    assert found.rings["units"].tolist() == [2, 2, 2, 2]
    assert found.rings["population"].tolist() == [3, 7, 11, 15]
    assert found.rings.loc[1, "mean"] == pytest.approx((80 * 1 + 73 * 2) / 3)


def test_people_bend_the_slope_not_areas():
    """A unit of many people is as many units of few at its place."""
    units = board(1, 4)
    value = on(units, 10, 30, 20, 60)
    people = on(units, 1, 2, 1, 3)
    km = np.repeat(np.arange(4) + 0.5, [1, 2, 1, 3])
    slope, _ = np.polyfit(km, np.repeat(value.to_numpy(), [1, 2, 1, 3]), 1)
    explained = np.corrcoef(km, np.repeat(value.to_numpy(), [1, 2, 1, 3]))[0, 1] ** 2
    options = {"units": units, "centre": shapely.Point(0, SIDE / 2), "population": people}
    found = patterns.gradient(value, **options)
    assert (found.slope_per_km, found.explained) == pytest.approx((slope, explained))
    scaled = patterns.gradient(3 * value + 5, **options)
    assert scaled.slope_per_km == pytest.approx(3 * slope)
    assert scaled.explained == pytest.approx(explained)


def test_rings_without_people_or_values_are_empty_not_zero():
    units = board(1, 6)
    value = on(units, 1, nan, 3, 4, 5, 6)
    people = on(units, 10, 10, 0, 10, 10, 10)
    options = {"centre": shapely.Point(500, 500), "population": people, "rings": 5}
    rings = patterns.gradient(value, units=units, **options).rings
    assert rings["units"].tolist() == [1, 0, 0, 1, 2] or rings["units"].sum() == 4
    assert rings["mean"].isna().tolist() == (rings["population"] == 0).tolist()


def test_a_level_city_has_no_slope():
    units = board(1, 4)
    found = patterns.gradient(
        on(units, 0.3, 0.3, 0.3, 0.3),
        units=units,
        centre=shapely.Point(0, 0),
        population=on(units, 1, 1, 1, 1),
    )
    assert found.slope_per_km == 0
    assert np.isnan([found.explained, found.rank_correlation]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": (1, nan, nan, 2)}, "value: known, with people, at 2 distances; 3 needed"),
        ({"population": (0, 0, 0, 1)}, "at 1 distances"),
        ({"population": (nan, 1, 1, 1)}, "population: unknown"),
        ({"centre": None}, "centre: must be a point"),
        ({"centre": shapely.Point()}, "centre: must be a point"),
        ({"rings": 0}, "rings: must be 1 or more, is 0"),
    ],
)
def test_a_gradient_needs_a_centre_people_and_places(changes, message):
    units = board(1, 4)
    given_ = {"value": (1, 2, 3, 4), "population": (1, 1, 1, 1), "centre": shapely.Point(0, 0)}
    given_ |= changes
    for one in ("value", "population"):
        given_[one] = on(units, *given_[one], name=one)
    with pytest.raises(DataError, match=message):
        patterns.gradient(given_.pop("value"), units=units, **given_)


def test_ranks_share_the_middle_of_their_people():
    left, right = pd.Series([1.0, 2.0, 2.0, 4.0]), pd.Series([1.0, 5.0, 3.0, 9.0])
    people = pd.Series([2.0, 1.0, 1.0, 3.0])
    each = [pd.Series(np.repeat(one.to_numpy(), people.astype(int))) for one in (left, right)]
    expected = each[0].corr(each[1], method="spearman")
    assert patterns.rank_correlation(left, right, population=people) == pytest.approx(expected)
    assert np.isnan(patterns.rank_correlation(left, left * 0, population=people))
    assert np.isnan(patterns.rank_correlation(left, right, population=people * 0))


# ---- cliffs -------------------------------------------------------------------------------


def test_cliffs_are_listed_highest_first_with_their_borders():
    units = board(2, 2)
    value = on(units, 10, 50, 12, nan)
    found = patterns.cliffs(value, neighbours=patterns.neighbours(units), units=units)
    assert found[["higher", "lower"]].to_numpy().tolist() == [
        ["01", "00"],
        ["01", "10"],
        ["10", "00"],
    ]
    assert found["difference"].tolist() == [40, 38, 2]
    assert found["border_m"].tolist() == [SIDE, 0, SIDE]  # a corner has no length


def test_borders_over_slivers_are_measured_within_the_tolerance():
    units = board(2, 2, gap_m=6.0)
    options = {"contiguity": "rook", "tolerance_m": 10.0}
    found = patterns.cliffs(
        on(units, 1, 2, 4, 8),
        neighbours=patterns.neighbours(units, **options),
        units=units,
        tolerance_m=10.0,
    )
    assert len(found) == 4
    assert found["border_m"].to_numpy() == pytest.approx(SIDE, abs=20)  # twice the tolerance


def test_cliffs_do_not_depend_on_order_or_direction():
    units = board(3, 3)
    value = drawn(units)
    graph = patterns.neighbours(units, contiguity="knn", k=3)
    plain = patterns.cliffs(value, neighbours=graph, units=units)
    mixed = units.sample(frac=1, random_state=1)
    again = patterns.cliffs(value[mixed.index], neighbours=graph, units=mixed)
    pd.testing.assert_frame_equal(plain, again)
    assert not plain[["higher", "lower"]].apply(frozenset, axis=1).duplicated().any()
    assert (value[plain["higher"]].to_numpy() >= value[plain["lower"]].to_numpy()).all()
    assert patterns.cliffs(value * nan, neighbours=graph, units=units).empty


# ---- regions ------------------------------------------------------------------------------


def connected(graph, members):
    at = graph.unique_ids.get_indexer(members)
    links = graph.sparse[at][:, at]
    return connected_components(links, directed=False)[0] == 1


def test_planted_regions_come_out_whole():
    units = board(4, 6)
    west = units.index.str[1].astype(int) < 3
    values = pd.DataFrame({"a": np.where(west, 20.0, 60.0), "b": 1.0}, index=units.index)
    values["a"] += rng(2).normal(0, 2, len(values))
    people = pd.Series(np.where(west, 10.0, 20.0), index=units.index)
    found = patterns.regions(values, neighbours=rook(4, 6), population=people, n_regions=2)
    assert found.tolist() == np.where(west, 2, 1).tolist()
    assert found.index.equals(units.index)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 12))
def test_regions_hang_together_and_are_as_many_as_asked(seed, count):
    units = board(3, 4)
    graph = rook(3, 4)
    values = pd.DataFrame({"a": drawn(units, seed), "b": drawn(units, seed + 1)})
    people = drawn(units, seed + 2)
    found = patterns.regions(values, neighbours=graph, population=people, n_regions=count)
    assert sorted(found.unique()) == list(range(1, count + 1))
    assert all(connected(graph, found.index[found == one]) for one in found.unique())
    assert people.groupby(found).sum().is_monotonic_decreasing
    stretched = values * [100.0, 0.01] + 5
    again = patterns.regions(stretched, neighbours=graph, population=people, n_regions=count)
    assert again.equals(found)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), least=st.sampled_from([1.0, 30.0, 60.0]))
def test_regions_have_people_enough_and_could_not_be_split(seed, least):
    units = board(3, 4)
    graph = rook(3, 4)
    values, people = drawn(units, seed).to_frame(), drawn(units, seed + 2) + 1
    found = patterns.regions(values, neighbours=graph, population=people, min_population=least)
    assert (people.groupby(found).sum() >= least).all()
    assert all(connected(graph, found.index[found == one]) for one in found.unique())
    if least == 1:
        assert found.nunique() == 12


def test_unknown_units_belong_to_no_region_and_may_part_the_map():
    units = board(1, 5)
    values = on(units, 1, 2, nan, 2, 1).to_frame()
    options = {"neighbours": rook(1, 5), "population": on(units, 5, 5, nan, 2, 2)}
    found = patterns.regions(values, **options, n_regions=2)
    assert found.isna().tolist() == [False, False, True, False, False]
    assert found.dropna().tolist() == [1, 1, 2, 2]
    with pytest.raises(DataError, match="4 units in 2 separate pieces cannot make 1 regions"):
        patterns.regions(values, **options, n_regions=1)
    with pytest.raises(DataError, match="hold fewer people: 03, 04"):
        patterns.regions(values, **options, min_population=6.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give either n_regions or min_population"),
        ({"n_regions": 2, "min_population": 3.0}, "give either"),
        ({"n_regions": 0}, "cannot make 0 regions"),
        ({"n_regions": 5}, "4 units in 1 separate pieces cannot make 5 regions"),
        ({"n_regions": 2, "population": (1, nan, 1, 1)}, "population: unknown in 01"),
        ({"n_regions": 2, "population": (1, -2, 1, 1)}, "population: negative or infinite: 01"),
    ],
)
def test_regions_that_cannot_be_are_refused(options, message):
    units = board(2, 2)
    people = on(units, *options.pop("population", (1, 1, 1, 1)))
    with pytest.raises(DataError, match=message):
        patterns.regions(
            drawn(units).to_frame(), neighbours=rook(2, 2), population=people, **options
        )


def test_where_all_neighbour_all_a_map_is_no_other_than_its_permutations():
    units, value = board(2, 2), pd.Series([93.6, 86.9, 87.4, 89.2], index=board(2, 2).index)
    every = patterns.neighbours(units)
    found = patterns.moran(value, neighbours=every, rng=np.random.default_rng(1))
    assert found.value == pytest.approx(-1 / 3)
    assert np.isnan(found.z)
    assert found.p == 1


def test_p_values_are_numbers_once_a_unit():
    with pytest.raises(DataError, match="more than once: a"):
        patterns.adjusted(pd.Series([0.1, 0.2], index=["a", "a"]))
    with pytest.raises(DataError, match="not numbers"):
        patterns.adjusted(pd.Series(["0.1"], index=["a"]))
    assert patterns.adjusted(pd.Series([0, 1], index=["a", "b"])).tolist() == [0, 1]


def test_regions_need_something_to_compare_by():
    units = board(2, 2)
    people = on(units, 1, 1, 1, 1)
    with pytest.raises(DataError, match="values: there are no columns"):
        patterns.regions(
            pd.DataFrame(index=units.index), neighbours=rook(2, 2), population=people, n_regions=2
        )
