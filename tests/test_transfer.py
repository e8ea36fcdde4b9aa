"""Areal transfer: totals kept where they are, not rescaled to what they should be."""

import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon, box

from geoequity.errors import CRSError, DataError, DataWarning
from geoequity.transfer import Transfer, compose, make_transfer

CRS = "EPSG:32718"
SIDE = 10_000.0
CITIES = Path(__file__).parents[2] / "shared" / "cities"
NAN = float("nan")


def layer(**polygons: shapely.Geometry) -> gpd.GeoSeries:
    return gpd.GeoSeries(list(polygons.values()), index=list(polygons), crs=CRS)


def weights(*rows: tuple[shapely.Geometry, float]) -> gpd.GeoDataFrame:
    shapes, weight = zip(*rows, strict=True)
    return gpd.GeoDataFrame({"weight": weight}, geometry=list(shapes), crs=CRS)


def partition(seed: int, *, count: int, name: str, frame: Polygon | None = None) -> gpd.GeoSeries:
    """Cut a square, or a part of it, into what lies nearest to each of random points."""
    rng = np.random.default_rng(seed)
    square = box(0, 0, SIDE, SIDE)
    points = shapely.multipoints(rng.uniform(0, SIDE, (count, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=square))
    cells = shapely.intersection(cells, frame or square)
    cells = cells[shapely.area(cells) > 0]
    return gpd.GeoSeries(cells, index=[f"{name}{k:03}" for k in range(len(cells))], crs=CRS)


def counts(sources: gpd.GeoSeries, *, seed: int, columns: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = rng.gamma(1.0, 100.0, (len(sources), columns))
    return pd.DataFrame(table, index=sources.index, columns=[f"v{k}" for k in range(columns)])


def tobler_table(
    sources: gpd.GeoSeries, targets: gpd.GeoSeries, values: pd.DataFrame, *, kind: str
) -> pd.DataFrame:
    from tobler.area_weighted import area_interpolate  # noqa: PLC0415 - slow to load

    frame = gpd.GeoDataFrame(values, geometry=sources)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tobler's own, of numpy's and pandas' changes
        result = area_interpolate(
            frame,
            gpd.GeoDataFrame(geometry=targets),
            allocate_total=False,
            **{f"{kind}_variables": list(values)},
        )
    return pd.DataFrame(result[list(values)])


seeds = st.integers(0, 2**32)
sizes = st.integers(2, 25)

QUARTERS = layer(
    sw=box(0, 0, 10, 10), se=box(10, 0, 20, 10), nw=box(0, 10, 10, 20), ne=box(10, 10, 20, 20)
)
BAND = layer(band=box(5, 0, 20, 10))


class TestClosedForms:
    def test_a_count_is_shared_by_the_sources_own_area(self):
        people = pd.Series({"sw": 100.0, "se": 40.0, "nw": 7.0, "ne": 9.0})
        assert make_transfer(QUARTERS, BAND).extensive(people)["band"] == 100 / 2 + 40

    def test_a_rate_is_averaged_by_the_land_it_covers(self):
        rate = pd.Series({"sw": 0.2, "se": 0.8, "nw": 1.0, "ne": 1.0})
        mean = make_transfer(QUARTERS, BAND).intensive(rate)["band"]
        assert mean == pytest.approx((0.2 * 50 + 0.8 * 100) / 150)

    def test_rescaling_is_no_transfer(self):
        # A tenth of the source lies in one target, a fifth in the other, the rest in none
        source = layer(s=box(0, 0, 100, 10))
        targets = layer(a=box(0, 0, 10, 10), b=box(50, -5, 70, 15))
        transfer, people = make_transfer(source, targets), pd.Series({"s": 1000.0})
        assert transfer.extensive(people).to_dict() == {"a": 100, "b": 200}
        assert transfer.kept(people) == pytest.approx(0.3)
        assert transfer.lost(people) == pytest.approx(0.7)

    def test_totals_land_where_the_people_are_not_only_in_sum(self):
        # Both sources straddle the border; moving a third of each at random keeps the sum too
        sources = layer(s=box(0, 0, 30, 10), t=box(0, 10, 30, 20))
        targets = layer(west=box(0, 0, 10, 20), east=box(10, 0, 30, 20))
        people = pd.Series({"s": 30.0, "t": 300.0})
        result = make_transfer(sources, targets).extensive(people)
        assert result.to_dict() == pytest.approx({"west": 110, "east": 220})

    def test_land_in_a_hole_brings_nothing(self):
        lake = layer(ring=box(0, 0, 10, 10).difference(box(2, 2, 8, 8)))
        targets = layer(lake=box(2, 2, 8, 8), south=box(0, 0, 10, 5))
        result = make_transfer(lake, targets).extensive(pd.Series({"ring": 64.0}))
        assert result["south"] == pytest.approx(32)
        assert np.isnan(result["lake"])

    def test_borders_that_only_touch_bring_nothing(self):
        transfer = make_transfer(QUARTERS, layer(next_door=box(20, 0, 30, 20)))
        assert transfer.overlap.nnz == 0
        assert transfer.extensive(pd.Series(1.0, index=QUARTERS.index)).isna().all()

    def test_overlapping_sources_each_bring_their_own(self):
        sources = layer(s=box(0, 0, 10, 10), t=box(5, 0, 15, 10))
        transfer = make_transfer(sources, layer(d=box(0, 0, 10, 10)))
        values = pd.Series({"s": 10.0, "t": 40.0})
        assert transfer.extensive(values)["d"] == 10 + 20
        assert transfer.intensive(values)["d"] == pytest.approx((10 * 100 + 40 * 50) / 150)
        assert transfer.coverage["d"] == 1.5

    def test_overlapping_targets_are_each_told_and_kept_says_so(self):
        targets = layer(a=box(0, 0, 10, 10), b=box(5, 0, 15, 10))
        transfer, people = make_transfer(layer(s=box(0, 0, 10, 10)), targets), pd.Series({"s": 8.0})
        assert transfer.extensive(people).to_dict() == {"a": 8, "b": 4}
        assert transfer.kept(people) == 1.5
        assert transfer.lost(people) == 0

    def test_coverage_is_the_share_of_the_target_in_sources(self):
        targets = layer(half=box(-10, 0, 10, 10), all=box(1, 1, 9, 9), none=box(50, 50, 60, 60))
        assert make_transfer(QUARTERS, targets).coverage.to_dict() == {
            "half": 0.5,
            "all": 1,
            "none": 0,
        }

    def test_a_layer_told_for_itself_is_unchanged(self):
        cells = partition(3, count=30, name="c")
        values = counts(cells, seed=4)
        transfer = make_transfer(cells, cells)
        pd.testing.assert_frame_equal(transfer.extensive(values), values, rtol=1e-14)
        pd.testing.assert_frame_equal(transfer.intensive(values), values, rtol=1e-14)

    def test_kept_and_lost_come_by_variable(self):
        table = pd.DataFrame({"a": [100.0, 0.0, 0.0, 0.0], "b": 25.0}, index=QUARTERS.index)
        transfer = make_transfer(QUARTERS, BAND)
        assert transfer.kept(table).to_dict() == {"a": 0.5, "b": 1.5 / 4}
        assert transfer.lost(table).to_dict() == {"a": 0.5, "b": 2.5 / 4}

    def test_nothing_of_nothing_is_kept_in_no_known_share(self):
        transfer = make_transfer(QUARTERS, BAND)
        for nothing in (0.0, NAN):
            values = pd.Series(nothing, index=QUARTERS.index)
            assert np.isnan(transfer.kept(values))
            assert np.isnan(transfer.lost(values))


class TestPartitions:
    @settings(max_examples=40, deadline=None)
    @given(seed=seeds, sources=sizes, targets=sizes)
    def test_totals_are_conserved(self, seed, sources, targets):
        cells = partition(seed, count=sources, name="c")
        districts = partition(seed + 1, count=targets, name="d")
        values = counts(cells, seed=seed)
        transfer = make_transfer(cells, districts)
        assert transfer.extensive(values).sum().to_numpy() == pytest.approx(values.sum(), rel=1e-9)
        assert transfer.kept(values).to_numpy() == pytest.approx(1, rel=1e-9)
        assert transfer.lost(values).to_numpy() == pytest.approx(0, abs=1e-9)
        assert transfer.coverage.to_numpy() == pytest.approx(1, rel=1e-9)

    @settings(max_examples=15, deadline=None)
    @given(seed=seeds, sources=sizes, targets=sizes)
    @pytest.mark.parametrize("kind", ["extensive", "intensive"])
    def test_every_district_agrees_with_tobler(self, kind, seed, sources, targets):
        cells = partition(seed, count=sources, name="c")
        park = box(0, 0, 0.6 * SIDE, 0.8 * SIDE)  # leaves land of the cells in no district
        districts = partition(seed + 1, count=targets, name="d", frame=park)
        values = counts(cells, seed=seed)
        ours = getattr(make_transfer(cells, districts), kind)(values)
        theirs = tobler_table(cells, districts, values, kind=kind)
        # tobler keeps areas in single precision; a sliver's share is rounded with its source
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6 * values.to_numpy().max())

    @settings(max_examples=15, deadline=None)
    @given(seed=seeds, sources=sizes, targets=sizes)
    def test_every_district_agrees_with_drawn_intersections(self, seed, sources, targets):
        cells = partition(seed, count=sources, name="c")
        districts = partition(seed + 1, count=targets, name="d")
        values = counts(cells, seed=seed)
        pieces = gpd.overlay(
            gpd.GeoDataFrame({"cell": cells.index}, geometry=cells.to_numpy(), crs=CRS),
            gpd.GeoDataFrame({"district": districts.index}, geometry=districts.to_numpy(), crs=CRS),
        )
        share = (pieces.area / cells.area.reindex(pieces["cell"]).to_numpy()).to_numpy()
        parts = values.loc[pieces["cell"]].mul(share, axis=0)
        theirs = parts.groupby(pieces["district"].to_numpy()).sum()
        ours = make_transfer(cells, districts).extensive(values)
        np.testing.assert_allclose(ours.loc[theirs.index], theirs, rtol=1e-9)

    @settings(max_examples=20, deadline=None)
    @given(seed=seeds, sources=sizes, targets=sizes)
    def test_an_even_rate_stays_even_and_means_stay_between(self, seed, sources, targets):
        cells = partition(seed, count=sources, name="c")
        transfer = make_transfer(cells, partition(seed + 1, count=targets, name="d"))
        assert transfer.intensive(pd.Series(0.3, index=cells.index)).to_numpy() == pytest.approx(
            0.3
        )
        rate = counts(cells, seed=seed, columns=1)["v0"]
        means = transfer.intensive(rate)
        assert means.min() >= rate.min() * (1 - 1e-12)
        assert means.max() <= rate.max() * (1 + 1e-12)

    @settings(max_examples=15, deadline=None)
    @given(seed=seeds)
    def test_the_order_of_rows_does_not_matter(self, seed):
        cells = partition(seed, count=12, name="c")
        districts = partition(seed + 1, count=5, name="d")
        values = counts(cells, seed=seed)
        rng = np.random.default_rng(seed)
        mixed = make_transfer(
            cells.iloc[rng.permutation(len(cells))],
            districts.iloc[rng.permutation(len(districts))],
        )
        usual = make_transfer(cells, districts)
        shuffled = values.iloc[rng.permutation(len(values))]
        for kind in ("extensive", "intensive"):
            one, other = getattr(usual, kind)(values), getattr(mixed, kind)(shuffled)
            pd.testing.assert_frame_equal(one, other.loc[one.index], rtol=1e-12)


class TestUnknown:
    VALUES = pd.Series({"sw": NAN, "se": 40.0, "nw": 7.0, "ne": 9.0}, name="people")

    def test_a_target_that_an_unknown_count_reaches_is_unknown(self):
        targets = layer(west=box(5, 0, 15, 20), east=box(12, 0, 18, 20))
        result = make_transfer(QUARTERS, targets).extensive(self.VALUES)
        assert np.isnan(result["west"])
        assert result["east"] == pytest.approx(0.6 * 40 + 0.6 * 9)

    def test_an_unknown_count_is_never_zero_even_where_it_covers_all(self):
        tiny = layer(inside=box(4, 4, 4.001, 4.001))  # a hundred-millionth of its source
        assert np.isnan(make_transfer(QUARTERS, tiny).extensive(self.VALUES)["inside"])

    def test_a_sliver_of_unknown_is_rounding(self):
        targets = layer(east=box(10 - 1e-7, 0, 20, 10))
        result = make_transfer(QUARTERS, targets).extensive(self.VALUES)
        assert result["east"] == pytest.approx(40)

    @pytest.mark.parametrize(("share", "expected"), [(0.74, 100), (0.76, NAN), (1.0, NAN)])
    def test_totals_over_the_known_stand_from_the_share_asked_for(self, share, expected):
        values = pd.Series({"sw": NAN, "se": 40.0, "nw": 25.0, "ne": 35.0})
        city = layer(city=box(0, 0, 20, 20))
        result = make_transfer(QUARTERS, city).extensive(values, min_known_share=share)
        assert result["city"] == pytest.approx(expected, nan_ok=True)

    def test_unknown_rates_are_left_out_and_coverage_says_so(self):
        targets = layer(south=box(0, 0, 20, 10), sw=box(1, 1, 9, 9), out=box(-40, 0, 10, 10))
        transfer = make_transfer(QUARTERS, targets)
        assert transfer.intensive(self.VALUES).to_list() == pytest.approx(
            [40, NAN, NAN], nan_ok=True
        )
        assert transfer.known_coverage(self.VALUES).to_dict() == {"south": 0.5, "sw": 0, "out": 0}
        assert transfer.coverage.to_dict() == {"south": 1, "sw": 1, "out": 0.2}

    @pytest.mark.parametrize(("share", "expected"), [(0.0, 40), (0.5, 40), (0.51, NAN)])
    def test_means_stand_from_the_known_share_asked_for(self, share, expected):
        transfer = make_transfer(QUARTERS, layer(south=box(0, 0, 20, 10)))
        result = transfer.intensive(self.VALUES, min_known_share=share)
        assert result["south"] == pytest.approx(expected, nan_ok=True)

    def test_a_sliver_of_unknown_does_not_spoil_a_mean_over_all(self):
        transfer = make_transfer(QUARTERS, layer(east=box(10 - 1e-7, 0, 20, 10)))
        assert transfer.intensive(self.VALUES, min_known_share=1.0)["east"] == 40

    def test_a_sliver_tells_no_mean(self):
        transfer = make_transfer(QUARTERS, layer(beside=box(20 - 1e-7, 0, 40, 20)))
        assert transfer.intensive(self.VALUES).isna().all()

    def test_a_target_that_no_source_reaches_is_unknown_not_zero(self):
        transfer = make_transfer(QUARTERS, layer(far=box(90, 90, 99, 99)))
        everything = pd.Series(1.0, index=QUARTERS.index)
        assert transfer.extensive(everything).isna().all()
        assert transfer.extensive(everything, min_known_share=0.0).isna().all()
        assert transfer.intensive(everything).isna().all()
        assert (transfer.kept(everything), transfer.lost(everything)) == (0, 1)

    def test_a_measured_zero_stays_zero(self):
        zero = pd.Series(0.0, index=QUARTERS.index)
        transfer = make_transfer(QUARTERS, BAND)
        assert transfer.extensive(zero)["band"] == 0
        assert transfer.intensive(zero)["band"] == 0

    def test_each_variable_is_unknown_for_itself(self):
        table = pd.DataFrame({"a": self.VALUES, "b": 4.0})
        result = make_transfer(QUARTERS, BAND).extensive(table)
        assert result["a"].isna().all()
        assert result["b"].to_list() == [6]

    def test_kept_is_of_the_known_total(self):
        assert make_transfer(QUARTERS, BAND).kept(self.VALUES) == pytest.approx(40 / 56)


class TestWeights:
    CELL = layer(c=box(0, 0, 100, 100))
    HALVES = layer(west=box(0, 0, 50, 100), east=box(50, 0, 100, 100))
    PEOPLE = pd.Series({"c": 200.0})

    def test_counts_follow_the_points(self):
        homes = weights((Point(20, 50), 3.0), (Point(80, 50), 1.0), (Point(500, 500), 9.0))
        result = make_transfer(self.CELL, self.HALVES, weights=homes).extensive(self.PEOPLE)
        assert result.to_dict() == {"west": 150, "east": 50}

    def test_counts_follow_built_up_polygons_cut_by_the_border(self):
        # 600 of 800 m2 west of the border: 100 + half of the second block
        blocks = weights((box(0, 0, 10, 10), 100.0), (box(40, 0, 60, 10), 300.0))
        result = make_transfer(self.CELL, self.HALVES, weights=blocks).extensive(self.PEOPLE)
        assert result.to_dict() == pytest.approx({"west": 200 * 250 / 400, "east": 200 * 150 / 400})

    def test_weight_is_measured_where_three_layers_meet(self):
        # The block lies across source and target; only a quarter of it is in both
        sources = layer(s=box(0, 0, 10, 20), t=box(10, 0, 20, 20))
        targets = layer(a=box(0, 0, 20, 10), b=box(0, 10, 20, 20))
        blocks = weights((box(5, 5, 15, 15), 80.0), (box(0, 0, 1, 1), 20.0))
        transfer = make_transfer(sources, targets, weights=blocks)
        assert transfer.overlap.toarray() == pytest.approx(np.array([[40, 20], [20, 20]]))
        assert transfer.source_size.to_dict() == pytest.approx({"s": 60, "t": 40})

    def test_shared_lines_and_points_weigh_nothing(self):
        # The comb shares a square with the target and touches it along a line too
        comb = layer(
            s=Polygon([(0, 0), (30, 0), (30, 5), (20, 5), (20, 2), (10, 2), (10, 9), (0, 9)])
        )
        target = layer(t=box(5, 5, 25, 9))
        transfer = make_transfer(comb, target, weights=weights((box(0, 0, 30, 9), 270.0)))
        assert transfer.overlap.toarray() == pytest.approx(np.array([[5 * 4]]))

    def test_a_finer_layer_that_nests_is_shared_exactly(self):
        fine = partition(1, count=60, name="f")
        rng = np.random.default_rng(0)
        groups = rng.integers(0, 6, len(fine))
        source = gpd.GeoDataFrame(geometry=fine).dissolve(groups).geometry
        target = gpd.GeoDataFrame(geometry=fine).dissolve(groups % 2 + 10).geometry
        known = gpd.GeoDataFrame(geometry=fine).assign(weight=rng.uniform(1, 9, len(fine)))
        totals = known["weight"].groupby(groups).sum()
        result = make_transfer(source, target, weights=known).extensive(totals)
        assert result.to_numpy() == pytest.approx(known["weight"].groupby(groups % 2 + 10).sum())

    def test_lost_is_measured_in_weight(self):
        homes = weights((Point(20, 50), 3.0), (Point(80, 50), 1.0))
        transfer = make_transfer(self.CELL, self.HALVES.loc[["west"]], weights=homes)
        assert transfer.lost(self.PEOPLE) == 0.25
        assert transfer.extensive(self.PEOPLE)["west"] == 150

    def test_rates_are_averaged_over_people(self):
        homes = weights((Point(20, 50), 3.0), (Point(80, 50), 1.0))
        transfer = make_transfer(self.HALVES, self.CELL, weights=homes)
        assert transfer.intensive(pd.Series({"west": 10.0, "east": 50.0}))["c"] == (30 + 50) / 4

    def test_even_weights_are_the_same_as_area(self):
        cells, districts = partition(1, count=20, name="c"), partition(2, count=7, name="d")
        even = weights((box(0, 0, SIDE, SIDE), 1000.0))
        values = counts(cells, seed=3)
        by_area, by_weight = (
            make_transfer(cells, districts, weights=layer).extensive(values)
            for layer in (None, even)
        )
        pd.testing.assert_frame_equal(by_area, by_weight, rtol=1e-10)

    @settings(max_examples=15, deadline=None)
    @given(seed=seeds)
    @pytest.mark.parametrize("kind", ["points", "polygons"])
    def test_totals_are_conserved_with_weights(self, kind, seed):
        cells, districts = (partition(seed + k, count=6, name="cd"[k]) for k in (0, 1))
        rng = np.random.default_rng(seed)
        spots = gpd.GeoSeries(gpd.points_from_xy(*rng.uniform(0, SIDE, (2, 300))), crs=CRS)
        shapes = spots if kind == "points" else partition(seed + 2, count=50, name="w")
        known = gpd.GeoDataFrame(geometry=shapes).assign(weight=rng.uniform(1, 9, len(shapes)))
        transfer = make_transfer(cells, districts, weights=known)
        values = counts(cells, seed=seed)
        assert transfer.extensive(values).sum().to_numpy() == pytest.approx(values.sum(), rel=1e-9)
        assert transfer.target_size.sum() == pytest.approx(known["weight"].sum(), rel=1e-9)

    def test_a_point_on_a_border_counts_once_for_the_lowest_id(self):
        # In the very middle of four sources and on the border of two targets
        targets = layer(b=box(10, 0, 20, 20), a=box(0, 0, 10, 20))
        others = [(square.centroid, 1.0) for square in QUARTERS]
        homes = weights((Point(10, 10), 6.0), *others)
        transfer = make_transfer(QUARTERS, targets, weights=homes)
        assert transfer.source_size.to_dict() == {"sw": 1, "se": 1, "nw": 1, "ne": 7}
        assert transfer.target_size.to_dict() == {"b": 2, "a": 8}
        # The source it belongs to shares no land with the lowest target, so the next one has it
        assert transfer.overlap.toarray().tolist() == [[0, 1], [1, 0], [0, 1], [7, 0]]

    def test_a_point_inside_two_overlapping_sources_counts_in_both(self):
        sources = layer(s=box(0, 0, 60, 100), t=box(10, 0, 100, 100))
        homes = weights((Point(30, 50), 4.0), (Point(80, 50), 1.0))
        assert make_transfer(sources, self.CELL, weights=homes).source_size.to_list() == [4, 5]

    def test_sources_without_weight_fall_back_to_area_and_are_named(self):
        sources = layer(s=box(0, 0, 100, 50), empty=box(0, 50, 100, 100))
        homes = weights((Point(20, 20), 3.0), (Point(80, 20), 1.0))
        with pytest.warns(DataWarning, match="without any weight, shared by area instead: empty"):
            transfer = make_transfer(sources, self.HALVES, weights=homes)
        assert transfer.by_area.to_list() == ["empty"]
        people = pd.Series({"s": 40.0, "empty": 10.0})
        assert transfer.extensive(people).to_dict() == {"west": 30 + 5, "east": 10 + 5}
        # Nobody lives in the empty one: it has no say in what people have
        rate = pd.Series({"s": 0.5, "empty": 0.9})
        assert transfer.intensive(rate).to_dict() == {"west": 0.5, "east": 0.5}

    def test_a_sliver_of_the_neighbours_weight_shares_nothing_out(self):
        # By the sliver alone all of the count would go west
        block = weights((box(-50, 0, 1e-5, 100), 80.0))
        with pytest.warns(DataWarning, match="by area instead: c"):
            transfer = make_transfer(self.CELL, self.HALVES, weights=block)
        assert transfer.extensive(self.PEOPLE).to_dict() == {"west": 100, "east": 100}

    def test_an_unknown_count_without_weight_is_still_unknown(self):
        sources = layer(s=box(0, 0, 100, 50), empty=box(0, 50, 100, 100))
        with pytest.warns(DataWarning, match="empty"):
            transfer = make_transfer(sources, self.CELL, weights=weights((Point(1, 1), 1.0)))
        unknown = pd.Series({"s": 40.0, "empty": NAN})
        assert np.isnan(transfer.extensive(unknown)["c"])
        assert transfer.extensive(unknown, min_known_share=0.9)["c"] == 40

    def test_a_target_where_nobody_lives_gets_none_and_has_no_mean(self):
        homes = weights((Point(20, 50), 3.0))
        transfer = make_transfer(self.CELL, self.HALVES, weights=homes)
        assert transfer.extensive(self.PEOPLE).to_dict() == {"west": 200, "east": 0}
        assert np.isnan(transfer.intensive(self.PEOPLE)["east"])
        assert np.isnan(transfer.coverage["east"])

    def test_weightless_sources_out_of_reach_are_not_worth_a_warning(self):
        sources = layer(c=box(0, 0, 100, 100), far=box(900, 0, 990, 100))
        transfer = make_transfer(sources, self.HALVES, weights=weights((Point(9, 9), 1.0)))
        assert transfer.lost(pd.Series({"c": 0.0, "far": 5.0})) == 1


class TestChains:
    def hierarchy(self, seed: int) -> tuple[gpd.GeoSeries, gpd.GeoSeries, gpd.GeoSeries]:
        """Radios dissolved to barrios and these to comunas."""
        radios = partition(seed, count=80, name="r")
        spot = radios.representative_point()
        barrio = (spot.x // (SIDE / 4)).astype(int) * 10 + (spot.y // (SIDE / 4)).astype(int)
        barrios = gpd.GeoDataFrame(geometry=radios).dissolve(barrio.to_numpy()).geometry
        comuna = barrios.index.to_numpy() // 20
        return radios, barrios, gpd.GeoDataFrame(geometry=barrios).dissolve(comuna).geometry

    @settings(max_examples=10, deadline=None)
    @given(seed=seeds)
    def test_the_chain_is_the_direct_transfer_where_layers_nest(self, seed):
        radios, barrios, comunas = self.hierarchy(seed)
        up, on = make_transfer(radios, barrios), make_transfer(barrios, comunas)
        chain, direct = compose(up, on), make_transfer(radios, comunas)
        values = counts(radios, seed=seed)
        values.iloc[0, 0] = NAN
        for kind in ("extensive", "intensive", "known_coverage"):
            one, other = getattr(chain, kind)(values), getattr(direct, kind)(values)
            pd.testing.assert_frame_equal(one, other, rtol=1e-12, check_exact=False)
        steps = on.extensive(up.extensive(values))
        pd.testing.assert_frame_equal(chain.extensive(values), steps, rtol=1e-12)
        assert chain.overlap.nnz == direct.overlap.nnz == len(radios)

    @settings(max_examples=10, deadline=None)
    @given(seed=seeds)
    def test_nested_units_add_up_whole(self, seed):
        radios, barrios, comunas = self.hierarchy(seed)
        ones = pd.Series(1.0, index=radios.index)
        for parents in (barrios, comunas):
            transfer = make_transfer(radios, parents)
            assert transfer.overlap.nnz == len(radios)  # no sliver in a neighbour
            totals = transfer.extensive(ones).to_numpy()
            assert totals == pytest.approx(totals.round(), rel=1e-12)

    @settings(max_examples=10, deadline=None)
    @given(seed=seeds)
    def test_a_chain_over_layers_that_do_not_nest_is_its_two_steps(self, seed):
        cells, tiles, districts = (partition(seed + k, count=9, name="cde"[k]) for k in range(3))
        up, on = make_transfer(cells, tiles), make_transfer(tiles, districts)
        values = counts(cells, seed=seed)
        one, other = compose(up, on).extensive(values), on.extensive(up.extensive(values))
        pd.testing.assert_frame_equal(one, other, rtol=1e-12)

    def test_the_order_of_the_middle_does_not_matter(self):
        radios, barrios, comunas = self.hierarchy(5)
        values = counts(radios, seed=5)
        up, down = make_transfer(radios, barrios), make_transfer(barrios.iloc[::-1], comunas)
        direct = make_transfer(radios, comunas).extensive(values)
        pd.testing.assert_frame_equal(compose(up, down).extensive(values), direct, rtol=1e-12)

    def test_a_target_without_weight_stays_at_zero_through_a_chain(self):
        cell = layer(c=box(0, 0, 100, 100))
        halves = layer(west=box(0, 0, 50, 100), east=box(50, 0, 100, 100))
        homes = weights((Point(20, 50), 3.0))
        first = make_transfer(cell, halves, weights=homes)
        chain = compose(first, make_transfer(halves, halves))
        assert chain.extensive(pd.Series({"c": 200.0})).to_dict() == {"west": 200, "east": 0}

    def test_coverage_is_unknown_where_area_and_weight_are_mixed(self):
        halves = layer(west=box(0, 0, 50, 100), east=box(50, 0, 100, 100))
        cell = layer(c=box(0, 0, 100, 100))
        homes = weights((Point(20, 50), 3.0), (Point(80, 50), 3.0))
        chain = compose(make_transfer(cell, cell), make_transfer(cell, halves, weights=homes))
        assert chain.coverage.isna().all()
        assert chain.intensive(pd.Series({"c": 0.4})).to_dict() == {"west": 0.4, "east": 0.4}

    def test_layers_that_do_not_meet_in_the_middle_are_refused(self):
        transfer = make_transfer(QUARTERS, BAND)
        with pytest.raises(DataError, match="targets are not the second's sources: band"):
            compose(transfer, make_transfer(layer(other=box(0, 0, 1, 1)), BAND))


class TestContract:
    def test_results_keep_names_columns_and_the_order_of_targets(self):
        targets = layer(z=box(0, 0, 5, 5), a=box(0, 0, 20, 20))
        targets.index.name = "unit_id"
        transfer = make_transfer(QUARTERS, targets)
        one = transfer.extensive(pd.Series(1, index=QUARTERS.index, name="people"))
        assert (one.name, one.index.name, list(one.index)) == ("people", "unit_id", ["z", "a"])
        table = pd.DataFrame({"b": 1, "a": 2.0}, index=QUARTERS.index)
        assert list(transfer.intensive(table).columns) == ["b", "a"]

    def test_whole_numbers_with_missing_ones_are_read(self):
        values = pd.Series([1, 2, 3, None], index=QUARTERS.index, dtype="Int64")
        result = make_transfer(QUARTERS, layer(se=box(10, 0, 20, 10), ne=box(11, 11, 19, 19)))
        assert result.extensive(values).to_list() == pytest.approx([2, NAN], nan_ok=True)

    def test_inputs_are_not_changed(self):
        cells, districts = partition(1, count=9, name="c"), partition(2, count=4, name="d")
        values = counts(cells, seed=1)
        values.iloc[0, 0] = NAN
        copies = cells.copy(deep=True), districts.copy(deep=True), values.copy(deep=True)
        transfer = make_transfer(cells, districts)
        transfer.extensive(values)
        transfer.intensive(values, min_known_share=0.5)
        assert (cells.geom_equals_exact(copies[0], 0)).all()
        assert (districts.geom_equals_exact(copies[1], 0)).all()
        pd.testing.assert_frame_equal(values, copies[2])

    @pytest.mark.parametrize("empty", ["source", "target"])
    def test_layers_without_rows_give_results_without_values(self, empty):
        layers = {"source": QUARTERS, "target": BAND} | {empty: QUARTERS.iloc[:0]}
        transfer = make_transfer(**layers)
        values = pd.DataFrame({"v": 1.0}, index=layers["source"].index)
        result = transfer.extensive(values)
        assert list(result.index) == list(layers["target"].index)
        assert result["v"].isna().all()

    def test_tables_and_columns_of_shapes_both_serve(self):
        frames = [
            gpd.GeoDataFrame({"name": "x"}, index=one.index, geometry=one)
            for one in (QUARTERS, BAND)
        ]
        people = pd.Series(1.0, index=QUARTERS.index)
        assert make_transfer(*frames).extensive(people)["band"] == 1.5


class TestRefusals:
    PEOPLE = pd.Series(1.0, index=QUARTERS.index, name="people")

    def transfer(self) -> Transfer:
        return make_transfer(QUARTERS, BAND)

    def test_another_crs_is_refused(self):
        with pytest.raises(CRSError, match=r"source .* and target .* are not in one CRS"):
            make_transfer(QUARTERS, BAND.to_crs("EPSG:32719"))
        homes = weights((Point(1, 1), 1.0)).to_crs("EPSG:32719")
        with pytest.raises(CRSError, match=r"source .* and weights .* are not in one CRS"):
            make_transfer(QUARTERS, BAND, weights=homes)

    def test_degrees_and_no_crs_are_refused(self):
        with pytest.raises(CRSError, match="source: coordinates are in degrees"):
            make_transfer(QUARTERS.to_crs("EPSG:4326"), BAND)
        with pytest.raises(CRSError, match="target: no CRS"):
            make_transfer(QUARTERS, BAND.set_crs(None, allow_override=True))

    @pytest.mark.parametrize(
        "bad", [None, Point(1, 1), Polygon(), Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])]
    )
    def test_shapes_that_are_no_valid_polygon_are_named(self, bad):
        sources = gpd.GeoSeries([box(0, 0, 1, 1), bad], index=["good", "bad"], crs=CRS)
        with pytest.raises(DataError, match=r"source: geometry missing, empty, .*: bad$") as caught:
            make_transfer(sources, BAND)
        assert caught.value.ids == ("bad",)

    def test_repeated_ids_are_refused(self):
        twice = gpd.GeoSeries([box(0, 0, 1, 1)] * 2, index=["a", "a"], crs=CRS)
        with pytest.raises(DataError, match="target: ids stand more than once: a"):
            make_transfer(QUARTERS, twice)

    def test_values_of_other_units_are_named(self):
        with pytest.raises(DataError, match="about different units: other, ne"):
            self.transfer().extensive(self.PEOPLE.rename({"ne": "other"}))
        with pytest.raises(DataError, match="values: ids stand more than once: sw"):
            self.transfer().extensive(pd.concat([self.PEOPLE, self.PEOPLE.iloc[:1]]))

    def test_text_and_infinity_are_refused(self):
        with pytest.raises(DataError, match="values: not numbers: name"):
            self.transfer().kept(pd.DataFrame({"name": "x", "people": 1}, index=QUARTERS.index))
        with pytest.raises(DataError, match="values: infinite in people: se"):
            self.transfer().intensive(
                self.PEOPLE.replace(1.0, 2.0).where(self.PEOPLE.index != "se", np.inf)
            )

    @pytest.mark.parametrize("share", [-0.1, 1.1, NAN])
    def test_a_share_outside_0_to_1_is_refused(self, share):
        for method in (self.transfer().extensive, self.transfer().intensive):
            with pytest.raises(DataError, match=r"min_known_share: .* is no share between 0 and 1"):
                method(self.PEOPLE, min_known_share=share)

    @pytest.mark.parametrize(
        ("weight", "message"),
        [
            (NAN, "weight unknown; leave these out: 0"),
            (-1.0, "negative or infinite: 0"),
            (np.inf, "negative or infinite: 0"),
            ("three", "not numbers"),
        ],
    )
    def test_weights_that_weigh_nothing_sensible_are_refused(self, weight, message):
        with pytest.raises(DataError, match=message):
            make_transfer(QUARTERS, BAND, weights=weights((Point(1, 1), weight)))

    def test_weights_without_their_column_or_of_lines_are_refused(self):
        lines = weights((shapely.LineString([(0, 0), (1, 1)]), 1.0), (Point(1, 1), 1.0))
        with pytest.raises(DataError, match=r"weights: geometry missing.*: 0, 1"):
            make_transfer(QUARTERS, BAND, weights=lines)
        with pytest.raises(DataError, match="weights: no column weight"):
            make_transfer(QUARTERS, BAND, weights=lines.rename(columns={"weight": "people"}))


@pytest.mark.skipif(not CITIES.is_dir(), reason="needs the city data")
class TestCities:
    def test_san_juans_people_by_overlap_of_hexagons(self):
        folder = CITIES / "san_juan"
        hexagons = gpd.read_file(folder / "kontur_population_PR_20231101.gpkg")
        barrios = gpd.read_file(folder / "barrios_san_juan.geojson").set_index("NAME")
        transfer = make_transfer(hexagons, barrios.to_crs(hexagons.crs))
        people = transfer.extensive(hexagons["population"])
        assert round(people.sum()) == 315_983
        assert round(people["Santurce"]) == 61_730
        assert transfer.kept(hexagons["population"]) == pytest.approx(315_983 / 3_260_315, rel=1e-5)

    def test_buenos_aires_radios_go_up_whole_but_for_their_own_overlaps(self):
        # Some radios overlap as drawn, and with them the barrios that are made of them
        radios = gpd.read_file(CITIES / "buenos_aires" / "radios_censales_2010.geojson")
        radios = radios.to_crs("EPSG:5347")
        barrios, comunas = (radios.dissolve(name)[["geometry"]] for name in ("BARRIO", "COMUNA"))
        up, direct = make_transfer(radios, barrios), make_transfer(radios, comunas)
        chain = compose(up, make_transfer(barrios, comunas))
        people = radios["POBLACION"]
        totals = people.groupby(radios["COMUNA"]).sum()
        assert direct.extensive(people).to_numpy() == pytest.approx(totals, rel=1e-5)
        assert chain.extensive(people).to_numpy() == pytest.approx(totals, rel=1e-4)
        share = radios["HOGARES_NBI"] / radios["HOGARES"]
        assert chain.intensive(share).to_numpy() == pytest.approx(direct.intensive(share), rel=1e-4)
