"""Broadband by district: sums worked out by hand, what must not leak, and San Juan as published."""

import dataclasses
import itertools
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from geoequity.errors import CRSError, DataError
from geoequity.measures import digital
from geoequity.sources.broadband import read_tiles
from geoequity.sources.files import Record
from geoequity.sources.spec import Origin, TilesSpec

METRES = "EPSG:32618"
SAN_JUAN = Path(__file__).parents[3] / "shared" / "cities" / "san_juan"
on_san_juan = pytest.mark.skipif(
    not SAN_JUAN.is_dir(), reason="the open data of San Juan are absent"
)
EXACT = 10**12  # devices that leave no error


def districts_of(*widths, height=100):
    """Districts a, b ... side by side, of these widths [m]."""
    edges = np.concatenate([[0], np.cumsum(widths)])
    shapes = [shapely.box(x, 0, y, height) for x, y in itertools.pairwise(edges)]
    names = list("abcdefgh")[: len(widths)]
    table = {"name": names, "area_m2": [one.area for one in shapes]}
    return gpd.GeoDataFrame(table, geometry=shapes, crs=METRES, index=pd.Index(names))


def tiles_of(rows, *, period="2023Q3", kind="fixed"):
    """Tiles of 100 m from rows of (place [m], down, tests, devices); up is a tenth of down."""
    table = pd.DataFrame(rows, columns=["x", "down_mbps", "tests", "devices"])
    shapes = [shapely.box(x, 0, x + 100, 100) for x in table["x"]]
    quadkeys = [f"q{n}" for n in range(len(table))]
    table = table.drop(columns="x").assign(
        quadkey=quadkeys,
        kind=kind,
        period=period,
        up_mbps=table["down_mbps"] / 10,
        latency_ms=20.0,
    )
    index = pd.Index(quadkeys, name="tile_id")
    return gpd.GeoDataFrame(table.set_axis(index), geometry=shapes, crs=METRES)


def measure(tiles, districts, *, column="down_mbps", min_tests=1, seed=1, draws=300):
    rng = np.random.default_rng(seed)
    return digital.broadband(
        tiles, districts, column=column, rng=rng, min_tests=min_tests, draws=draws
    )


def cells_of(districts, **columns):
    """The districts as cells of their own."""
    return districts.assign(district_id=districts.index, **columns)


def test_a_tile_is_shared_out_by_area_and_what_is_outside_is_left_out():
    tiles = tiles_of([(-50, 10, 10, 5), (70, 20, 10, 5)])
    parts = digital.tile_parts(tiles, districts_of(100, 60)).set_index(["tile_id", "district_id"])
    expected = {("q0", "a"): 50 / 100, ("q1", "a"): 30 / 100, ("q1", "b"): 60 / 100}
    assert parts["share"].to_dict() == pytest.approx(expected)


def test_means_are_weighted_by_tests_and_by_devices_and_the_median_is_of_tiles():
    tiles = tiles_of([(0, 10, 100, 4), (100, 30, 300, 2), (150, 80, 40, 20)])
    table = measure(tiles, districts_of(200, 100)).table
    row = table.loc["a"]  # the third tile lies half in each district
    assert row["test_mean"] == pytest.approx((100 * 10 + 300 * 30 + 20 * 80) / (100 + 300 + 20))
    assert row["device_mean"] == pytest.approx((4 * 10 + 2 * 30 + 10 * 80) / (4 + 2 + 10))
    assert row["tile_median"] == 30  # shares of 1, 1 and 1/2: the middle 1.25 is of the second
    assert row[["tiles", "tests", "devices"]].tolist() == [3, 420, 16]
    assert table.loc["b", "tests"] == 20


def test_a_median_on_an_exact_step_is_averaged():
    tiles = tiles_of([(0, 10, 50, 4), (100, 30, 50, 2)])
    assert measure(tiles, districts_of(200)).table.loc["a", "tile_median"] == (10 + 30) / 2


def test_the_total_is_of_all_districts_together():
    tiles = tiles_of([(0, 10, 100, 4), (100, 40, 300, 2)])
    total = measure(tiles, districts_of(100, 100)).total
    assert total["test_mean"] == pytest.approx((100 * 10 + 300 * 40) / 400)
    assert total[["tiles", "tests", "devices"]].tolist() == [2, 400, 6]


def test_without_error_all_figures_are_those_published():
    tiles = tiles_of([(0, 10, 100, EXACT), (100, 30, 300, EXACT), (200, 80, 40, EXACT)])
    table = measure(tiles.assign(tests=10 * tiles["devices"]), districts_of(150, 150)).table
    for name in ("test_mean", "device_mean", "tile_median"):
        for end in ("estimate", "low", "high"):
            np.testing.assert_allclose(table[f"{name}_{end}"], table[name], rtol=1e-4)


def test_few_devices_make_every_interval_wide():
    rng = np.random.default_rng(2)
    rows = [(100 * n, 50 * np.exp(rng.normal(0, 0.6)), 20, 4) for n in range(60)]
    row = measure(tiles_of(rows), districts_of(5000, 1000)).table.loc["b"]
    for name in ("value", "test_mean", "device_mean", "tile_median"):
        assert row[f"{name}_low"] * 1.05 < row[f"{name}_high"]


def secret_town(value=25.0):
    """District c has one tile of 12 tests that must not be told; a tile lies across b and c."""
    rng = np.random.default_rng(4)
    rows = [(100 * n, 50 * np.exp(rng.normal(0, 0.3)), 60, 12) for n in range(8)]
    rows += [(795, 60, 60, 12), (900, value, 12, 3)]
    return tiles_of(rows), districts_of(400, 400, 250)


def test_suppression_leaks_nothing_through_any_output():
    found = []
    for value in (25.0, 900.0):
        tiles, districts = secret_town(value)
        people = digital.people_by_tile(cells_of(districts, population=100.0), tiles)
        down = measure(tiles, districts, min_tests=100)
        up = measure(tiles, districts, column="up_mbps", min_tests=100)
        share = digital.failing_share(people, [down, up], at_least=digital.BASIC)
        growth = digital.trend([down])
        tiled = down.estimates.tile_draws
        found.append([down.table, down.total, tiled, down.tile_values, share, growth])
        assert down.table["suppressed"].tolist() == [False, False, True]
        assert down.table.drop(columns="suppressed").loc["c"].isna().all()
        assert share.loc["c"].isna().all()
        assert "q9" not in tiled
        assert "q9" not in down.tile_values
        shown = down.table.loc[["a", "b"]]
        assert down.total["tests"] == pytest.approx(shown["tests"].sum())
        assert down.total["test_mean"] == pytest.approx(
            (shown["test_mean"] * shown["tests"]).sum() / shown["tests"].sum()
        )
    for one, other in zip(*found, strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other))


def test_with_all_suppressed_the_total_is_unknown_too():
    tiles, districts = secret_town()
    found = measure(tiles, districts, min_tests=1e6)
    assert found.table.drop(columns="suppressed").isna().all(axis=None)
    assert found.total.drop(["tiles", "tests", "devices"]).isna().all()
    people = digital.people_by_tile(cells_of(districts, population=100.0), tiles)
    assert digital.failing_share(people, [found], at_least={"down_mbps": 25}).isna().all(axis=None)


@pytest.mark.parametrize("pool", [False, True])
def test_without_a_single_tile_everything_is_unknown_and_everybody_untested(pool):
    tiles, districts = tiles_of([(0, 10, 9, 3)]).iloc[:0], districts_of(100, 100)
    tiles = digital.pooled(tiles) if pool else tiles
    found = measure(tiles, districts)
    assert found.table.drop(columns="suppressed").isna().all(axis=None)
    assert found.period is None
    people = digital.people_by_tile(cells_of(districts, population=10.0), tiles)
    assert digital.untested_share(people, districts=districts.index).tolist() == [1, 1]
    assert digital.failing_share(people, [found], at_least={"down_mbps": 25}).isna().all(axis=None)


def test_tiles_beyond_all_districts_say_nothing_of_them():
    found = measure(tiles_of([(5000, 10, 90, 30)]), districts_of(100))
    assert found.table["suppressed"].tolist() == [True]
    assert found.total["tests"] == 0


def test_tiles_of_several_kinds_or_periods_are_refused():
    tiles, districts = secret_town()
    mixed = tiles.assign(period=["2023Q2"] + ["2023Q3"] * (len(tiles) - 1))
    with pytest.raises(DataError, match=r"several periods \(2023Q2, 2023Q3\).*pool them"):
        measure(mixed, districts)
    mixed = tiles.assign(kind=["mobile"] + ["fixed"] * (len(tiles) - 1))
    with pytest.raises(DataError, match=r"several kinds \(mobile, fixed\)"):
        measure(mixed, districts)
    with pytest.raises(DataError, match="several kinds"):
        digital.pooled(mixed)
    with pytest.raises(DataError, match="ids stand more than once: q0"):
        measure(pd.concat([tiles, tiles.iloc[:1]]), districts)
    with pytest.raises(CRSError, match="not in one CRS"):
        measure(tiles, districts.to_crs("EPSG:32619"))
    with pytest.raises(DataError, match="no column speed"):
        measure(tiles, districts, column="speed")
    with pytest.raises(DataError, match=r"^tiles: no column period"):
        measure(tiles.drop(columns="period"), districts)


def test_there_are_as_many_draws_as_asked():
    found = measure(*secret_town(), draws=17)
    assert len(found.estimates.tile_draws) == 17


def test_inputs_stay_as_they_are():
    tiles, districts = secret_town()
    copies = tiles.copy(), districts.copy()
    people = digital.people_by_tile(cells_of(districts, population=100.0), tiles)
    digital.failing_share(people, [measure(tiles, districts)], at_least={"down_mbps": 25})
    pd.testing.assert_frame_equal(tiles, copies[0])
    pd.testing.assert_frame_equal(districts, copies[1])


def test_pooled_quarters_weigh_tests_and_never_count_a_device_twice():
    old = tiles_of([(0, 10, 100, 40), (100, 20, 10, 5)], period="2023Q2")
    new = tiles_of([(0, 40, 300, 30)], period="2023Q3")
    tiles = pd.concat([old.set_index("o" + old.index), new.set_index("n" + new.index)])
    pooled = digital.pooled(tiles)
    assert pooled["down_mbps"].tolist() == [(100 * 10 + 300 * 40) / 400, 20]
    assert pooled["tests"].tolist() == [400, 10]
    assert pooled["devices"].tolist() == [40, 5]
    assert pooled["period"].unique().tolist() == ["2023Q2 to 2023Q3"]
    assert pooled.index.tolist() == ["q0", "q1"]
    assert measure(pooled, districts_of(200)).period == "2023Q2 to 2023Q3"


def test_people_are_counted_by_the_tile_they_live_in():
    districts = districts_of(200, 100)
    tiles = tiles_of([(0, 10, 9, 3), (150, 20, 9, 3)])
    people = digital.people_by_tile(cells_of(districts, population=[80.0, 30.0]), tiles)
    counts = people.set_index(["district_id", people["tile_id"].fillna("none")])["people"]
    expected = {
        ("a", "q0"): 80 / 2,
        ("a", "q1"): 80 / 4,
        ("a", "none"): 80 / 4,
        ("b", "q1"): 30 / 2,
        ("b", "none"): 30 / 2,
    }
    assert counts.to_dict() == pytest.approx(expected)
    share = digital.untested_share(people, districts=districts.index)
    assert share.to_dict() == pytest.approx({"a": 0.25, "b": 0.5})
    one = digital.people_by_tile(cells_of(districts, population=[1.0, 1.0]), tiles)
    assert one.loc[one["tile_id"].isna(), "people"].tolist() == pytest.approx([0.25, 0.5])


def test_people_unknown_or_of_no_district_are_left_out():
    districts = districts_of(100, 100, 100)
    cells = cells_of(districts, population=[50.0, np.nan, 20.0])
    cells.loc["c", "district_id"] = None
    people = digital.people_by_tile(cells, tiles_of([(0, 10, 9, 3)]))
    assert people["district_id"].unique().tolist() == ["a"]
    share = digital.untested_share(people, districts=districts.index)
    assert share["a"] == 0
    assert share[["b", "c"]].isna().all()


@settings(max_examples=25, deadline=None)
@given(
    widths=st.lists(st.integers(5, 400), min_size=1, max_size=6),
    places=st.lists(st.integers(0, 12), min_size=0, max_size=6, unique=True),
)
def test_everybody_is_counted_once_whatever_the_borders(widths, places):
    districts = districts_of(*widths)
    population = pd.Series(range(10, 10 + len(widths)), index=districts.index, dtype=float)
    tiles = tiles_of([(100 * one, 10, 9, 3) for one in places])
    people = digital.people_by_tile(cells_of(districts, population=population), tiles)
    sums = people.groupby("district_id")["people"].sum()
    np.testing.assert_allclose(sums, population, rtol=1e-9)
    assert digital.untested_share(people, districts=districts.index).between(0, 1).all()


def failing(rows, districts, **limits):
    tiles = tiles_of(rows)
    people = digital.people_by_tile(cells_of(districts, population=100.0), tiles)
    measured = [measure(tiles, districts, column=one) for one in digital.TILE_VALUES]
    return digital.failing_share(people, measured, **limits)


def test_people_fail_who_lack_either_speed():
    rows = [(0, 24, EXACT, EXACT), (100, 29, EXACT, EXACT), (200, 31, EXACT, EXACT)]
    districts = districts_of(300, 100)
    found = failing(rows, districts, at_least=digital.BASIC)  # up is 2.4, 2.9, 3.1
    assert found.loc["a"].tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2 / 3, 1])
    assert found.loc["b"].isna().all()
    late = failing(rows, districts, at_most=digital.INTERACTIVE)
    assert late.loc["a", "value"] == 0
    assert failing(rows, districts, at_most={"latency_ms": 19.9}).loc["a", "value"] == 1


def test_a_thinly_tested_tile_fails_with_a_probability():
    rng = np.random.default_rng(7)
    rows = [(100 * n, 60 * np.exp(rng.normal(0, 0.5)), 9, 3) for n in range(50)]
    rows += [(5000, 24, 3, 1), (5100, 26, 3, 1)]
    found = failing(rows, districts_of(5000, 200), at_least={"down_mbps": 25.0}).loc["b"]
    assert found["observed"] == 0.5
    assert 0.05 < found["value"] < 0.45  # the city is far above the limit
    assert found["low"] < found["high"]


def test_draws_of_the_share_that_fails_are_what_its_interval_is_of():
    rng = np.random.default_rng(7)
    rows = [(100 * n, 60 * np.exp(rng.normal(0, 0.5)), 9, 3) for n in range(52)]
    tiles, districts = tiles_of(rows), districts_of(5000, 200)
    people = digital.people_by_tile(cells_of(districts, population=100.0), tiles)
    measured = [measure(tiles, districts)]
    draws = digital.failing_draws(people, measured, at_least={"down_mbps": 25.0})
    share = digital.failing_share(people, measured, at_least={"down_mbps": 25.0})
    assert draws.columns.tolist() == share.index.tolist()
    assert len(draws) == len(measured[0].estimates.draws)
    pd.testing.assert_series_equal(draws.mean(), share["value"], check_names=False)
    assert (draws["b"] >= share.loc["b", "low"]).mean() >= 0.95


def test_what_is_measured_one_after_the_other_falls_short_as_all_at_once():
    tiles = tiles_of([(0, 24, 9, 3), (100, 29, 9, 3), (200, 31, 9, 3)])
    districts = districts_of(200, 100)
    people = digital.people_by_tile(cells_of(districts, population=100.0), tiles)
    down, up = (
        measure(tiles, districts, column=one, seed=seed)
        for seed, one in enumerate(("down_mbps", "up_mbps"))
    )
    at_once = digital.short_tiles([down, up], at_least=digital.BASIC)
    alone = {"down_mbps": down, "up_mbps": up}
    each = [
        digital.short_tiles([alone[key]], at_least={key: limit})
        for key, limit in digital.BASIC.items()
    ]
    turned = dataclasses.replace(
        each[1],
        tiles=each[1].tiles[::-1],
        draws=each[1].draws[:, ::-1],
        observed=each[1].observed[::-1],
    )
    for other in (each[1], turned):
        both = each[0] | other
        assert both.tiles.equals(at_once.tiles)
        assert (both.draws == at_once.draws).all()
        assert (both.observed == at_once.observed).all()
    assert (at_once.draws != each[0].draws).any()
    assert (at_once.draws != each[1].draws).any()
    found = digital.failing(people, both)
    share = digital.failing_share(people, [down, up], at_least=digital.BASIC)
    pd.testing.assert_frame_equal(found.table, share)
    assert found.table["value"].between(0.01, 0.99).all()
    assert at_once.draws.nbytes * 8 == down.estimates.tile_draws.to_numpy().nbytes


def test_the_known_share_is_of_the_people_whose_tile_was_tested():
    found = failing([(0, 24, EXACT, EXACT)], districts_of(400), at_least={"down_mbps": 25.0})
    assert found.loc["a", ["value", "known_share"]].tolist() == pytest.approx([1, 0.25])


def test_limits_without_their_quantity_are_refused():
    tiles, districts = secret_town()
    people = digital.people_by_tile(cells_of(districts, population=100.0), tiles)
    down = measure(tiles, districts)
    with pytest.raises(DataError, match="limits on down_mbps, up_mbps of quantities down_mbps"):
        digital.failing_share(people, [down], at_least=digital.BASIC)
    with pytest.raises(DataError, match="limits on nothing of quantities down_mbps"):
        digital.failing_share(people, [down])
    with pytest.raises(DataError, match="of quantities down_mbps, down_mbps"):
        digital.failing_share(people, [down, down], at_least={"down_mbps": 25})


def quarters(rates, **options):
    """Ten equal tiles a district, each district growing at its own rate from 50 Mbps."""
    districts = districts_of(*[1000] * len(rates))
    for n, period in enumerate(("2022Q1", "2022Q3", "2023Q1", "2023Q2")):
        years = [0, 0.5, 1, 1.25][n]
        rows = [
            (100 * place, 50 * (1 + rates[place // 10]) ** years, EXACT, EXACT)
            for place in range(10 * len(rates))
        ]
        yield measure(tiles_of(rows, period=period), districts, **options)


def test_a_steady_trend_is_its_rate():
    found = digital.trend(quarters([0.1, -0.2]))
    np.testing.assert_allclose(found["growth"], [0.1, -0.2], atol=1e-3)
    assert (found["high"] - found["low"] < 0.01).all()
    assert found["periods"].tolist() == [4, 4]
    assert found.index.tolist() == ["a", "b"]


def test_a_trend_skips_suppressed_quarters_and_needs_two():
    steady = list(quarters([0.1, 0.1]))
    tiles = tiles_of([(100 * n, 70, 5, 5) for n in range(20)], period="2024Q1")
    silent = measure(tiles, districts_of(1000, 1000), min_tests=1e6)
    found = digital.trend([*steady, silent])
    np.testing.assert_allclose(found["growth"], 0.1, atol=1e-3)
    assert found["periods"].tolist() == [4, 4]
    alone = digital.trend([steady[0], silent])
    assert alone[["growth", "low", "high"]].isna().all(axis=None)
    assert digital.trend([silent])["periods"].tolist() == [0, 0]


def test_what_is_no_series_of_quarters_is_refused():
    first, second, *_ = quarters([0.1])
    with pytest.raises(DataError, match="one quantity by quarter"):
        digital.trend([first, first])
    with pytest.raises(DataError, match="one quantity by quarter"):
        digital.trend([])
    tiles = tiles_of([(0, 70, 5, 5)], period=None)
    with pytest.raises(DataError, match="in 2022Q1, None"):
        digital.trend([first, measure(tiles, districts_of(1000))])
    up = measure(tiles_of([(0, 70, 5, 5)]), districts_of(1000), column="up_mbps")
    with pytest.raises(DataError, match=r"not .*_mbps, .*_mbps in"):
        digital.trend([second, up])


def scores(**columns):
    return pd.DataFrame(columns, index=["a", "b"])


def test_inclusion_says_over_what_it_was_computed():
    parts = scores(public_access=[10.0, 20.0], measured_speed=[80.0, np.nan], device=[30.0, np.nan])
    found = digital.inclusion(parts)
    assert found["score"].tolist() == pytest.approx([(80 + 30 + 10) / 3, np.nan], nan_ok=True)
    assert found["parts"].tolist() == [3, 1]
    assert found["over"].tolist() == ["measured_speed device public_access", "public_access"]
    assert digital.inclusion(parts, min_parts=1)["score"].tolist()[1] == 20


def test_weights_count_among_the_parts_that_are_known():
    parts = scores(measured_speed=[80.0, 80.0], device=[20.0, np.nan], public_access=[0.0, 50.0])
    found = digital.inclusion(parts, weights={"measured_speed": 3, "public_access": 0}, min_parts=1)
    assert found["score"].tolist() == [(3 * 80 + 20) / 4, 80]
    assert found["over"].tolist() == ["measured_speed device", "measured_speed"]


@given(
    values=st.lists(st.none() | st.floats(0, 100), min_size=4, max_size=4),
    weights=st.lists(st.floats(0.1, 5), min_size=4, max_size=4),
)
def test_inclusion_lies_between_its_parts(values, weights):
    parts = pd.DataFrame([values], columns=list(digital.PARTS), dtype=float)
    weighed = dict(zip(digital.PARTS, weights, strict=True))
    score = digital.inclusion(parts, weights=weighed)["score"].iloc[0]
    known = parts.iloc[0].dropna()
    if len(known) < 2:
        assert np.isnan(score)
    else:
        assert known.min() - 1e-9 <= score <= known.max() + 1e-9


def test_scores_and_options_that_cannot_be_are_refused_together():
    parts = scores(measured_speed=[101.0, 50.0], wifi=[1.0, 1.0])
    with pytest.raises(
        DataError, match=r"called wifi; scores are not .*: a; weights are .*; min_parts is not"
    ):
        digital.inclusion(parts, weights={"device": -1}, min_parts=0)
    with pytest.raises(DataError, match="no parts are called tablets"):
        digital.inclusion(parts[["measured_speed"]], weights={"tablets": 1})


def test_every_part_is_set_against_the_u4ssc_indicators():
    assert tuple(digital.U4SSC) == digital.PARTS
    codes = [one.code for kpis in digital.U4SSC.values() for one in kpis]
    assert codes == ["EC: ICT: ICT: 1C", "EC: ICT: ICT: 2C", "EC: ICT: ICT: 5C"]


# San Juan


@pytest.fixture(scope="module")
def barrios():
    layer = gpd.read_file(SAN_JUAN / "barrios_san_juan.geojson").set_index("geo_id")
    layer = layer.to_crs("EPSG:32619").rename(columns={"NAME": "name"})
    return layer.assign(area_m2=layer.area)


@pytest.fixture(scope="module")
def fixed(barrios):
    return san_juan_tiles("ookla_fixed", barrios)


@pytest.fixture(scope="module")
def mobile(barrios):
    return san_juan_tiles("ookla_mobile", barrios)


def san_juan_tiles(kind, barrios):
    path = SAN_JUAN / "ookla_san_juan_2019_2023.csv"
    spec = TilesSpec(kind=kind, path=(path,))
    record = Record(name="connectivity", path=path, origin=Origin())
    area = barrios.union_all()
    return read_tiles(spec, study_area=area, crs=CRS(barrios.crs), records=[record])


@on_san_juan
def test_san_juan_has_its_tiles(fixed, mobile):
    both = pd.concat([fixed, mobile])
    assert (len(both), both["quadkey"].nunique()) == (10_320, 465)
    assert sorted(fixed["period"].unique()) == [
        "2019Q4", "2020Q4", "2021Q4", "2022Q1", "2022Q3", "2023Q3",
    ]  # fmt: skip
    assert mobile["period"].nunique() == 20


@on_san_juan
def test_san_juan_by_centroid_and_by_area_is_as_published(fixed, barrios):
    tiles = fixed[fixed["period"] == "2023Q3"]
    table = measure(tiles, barrios).table
    assert table["test_mean"].min() == pytest.approx(129.7, abs=0.05)
    assert table["test_mean"].max() == pytest.approx(194.7, abs=0.05)
    middles = tiles.set_geometry(tiles.centroid).sjoin(barrios[["geometry"]])
    weighted = middles["down_mbps"] * middles["tests"]
    means = weighted.groupby(middles["geo_id"]).sum() / middles.groupby("geo_id")["tests"].sum()
    assert len(means) == 18
    assert means.min() == pytest.approx(131.8, abs=0.05)
    assert means.max() == pytest.approx(193.5, abs=0.05)


@on_san_juan
def test_every_barrio_receives_tiles_and_an_interval(fixed, barrios):
    table = measure(fixed[fixed["period"] == "2023Q3"], barrios, min_tests=30).table
    assert (table["tiles"] > 0).all()
    assert not table["suppressed"].any()
    relative = np.log(table["value_high"] / table["value_low"])
    assert relative.between(0.05, 0.6).all()
    assert relative.corr(np.log(table["devices"])) < -0.7  # thin barrios are the less sure


@on_san_juan
def test_thin_mobile_quarters_are_suppressed(mobile, barrios):
    table = measure(mobile[mobile["period"] == "2023Q3"], barrios, min_tests=30).table
    names = barrios["name"][table["suppressed"]]
    assert sorted(names) == ["Quebrada Arenas", "Tortugo"]


@on_san_juan
def test_fixed_broadband_of_san_juan_grew_in_every_barrio(fixed, barrios):
    periods = fixed.groupby("period")
    found = digital.trend(measure(one, barrios, draws=200) for _, one in periods)
    assert (found["periods"] == 6).all()
    assert found["growth"].between(0.1, 0.5).all()
    assert (found["low"] > 0).all()
    assert (found["low"] < found["growth"]).all()
    assert (found["growth"] < found["high"]).all()


@on_san_juan
def test_hardly_anybody_in_san_juan_lives_in_an_untested_tile(fixed, barrios):
    tiles = fixed[fixed["period"] == "2023Q3"]
    hexagons = gpd.read_file(SAN_JUAN / "kontur_population_PR_20231101.gpkg").to_crs(barrios.crs)
    middles = hexagons.set_geometry(hexagons.centroid).sjoin(barrios[["geometry"]], how="left")
    cells = hexagons.assign(district_id=middles["geo_id"])
    people = digital.people_by_tile(cells, tiles)
    assert people["people"].sum() == pytest.approx(316_882)
    share = digital.untested_share(people, districts=barrios.index)
    assert barrios["name"][share.idxmax()] == "Universidad"
    assert share.max() == pytest.approx(0.103, abs=0.001)
    nowhere = people["people"][people["tile_id"].isna()].sum()
    assert nowhere / people["people"].sum() == pytest.approx(0.022, abs=0.01)
    down, up = (measure(tiles, barrios, column=one) for one in ("down_mbps", "up_mbps"))
    basic = digital.failing_share(people, [down, up], at_least=digital.BASIC)
    better = digital.failing_share(people, [down, up], at_least=digital.ADVANCED)
    assert (basic["value"] <= better["value"]).all()
    np.testing.assert_allclose(basic["known_share"], 1 - share, atol=1e-9)


@on_san_juan
def test_the_published_file_without_geometry_gives_the_same_figures(fixed, barrios):
    path = SAN_JUAN / "ookla_pr_fixed_2023Q3_nullgeom.geojson"
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    assert not any(one["geometry"] for one in features)
    record = Record(name="connectivity", path=path, origin=Origin())
    spec = TilesSpec(kind="ookla_fixed", path=(path,))
    area = barrios.union_all()
    tiles = read_tiles(spec, study_area=area, crs=CRS(barrios.crs), records=[record])
    pd.testing.assert_frame_equal(tiles, fixed[fixed["period"] == "2023Q3"], check_like=True)


def test_people_of_many_districts_fall_short_as_those_of_few_do(monkeypatch):
    rng = np.random.default_rng(8)
    rows = [(100 * n, 40 * np.exp(rng.normal(0, 0.5)), 9, 3) for n in range(20)]
    tiles, districts = tiles_of(rows), districts_of(700, 650, 900)
    people = digital.people_by_tile(cells_of(districts, population=100.0), tiles)
    measured, limit = [measure(tiles, districts)], {"at_least": {"down_mbps": 40.0}}
    few = digital.failing_draws(people, measured, **limit)
    monkeypatch.setattr(digital, "_WEIGHTS", 1)
    monkeypatch.setattr(digital, "_FAILING", 700)  # a few draws at a time
    many = digital.failing_draws(people, measured, **limit)
    assert few.std().gt(0).all()
    pd.testing.assert_frame_equal(many, few, rtol=1e-12)


def test_many_groups_are_averaged_as_few_are(monkeypatch):
    rng = np.random.default_rng(4)
    values, weights = rng.normal(50, 9, (30, 200)), pd.Series(rng.uniform(1, 9, 200))
    groups = pd.Series(rng.integers(0, 12, 200)).map("g{}".format)
    few = digital._weighted(values, weights, groups)
    monkeypatch.setattr(digital, "_WEIGHTS", 100)
    many = digital._weighted(values, weights, groups)
    pd.testing.assert_frame_equal(many, few, rtol=1e-12)
    one = groups == few.columns[3]
    expected = (values[:, one] * weights[one].to_numpy()).sum(axis=1) / weights[one].sum()
    assert few.iloc[:, 3].to_numpy() == pytest.approx(expected)
