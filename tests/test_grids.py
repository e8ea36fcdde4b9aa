"""Grids: whole cells that cover a place, the same whatever the place."""

import geopandas as gpd
import h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon, box

from geoequity import schema
from geoequity.errors import CRSError, DataError
from geoequity.grids import make_h3_grid, make_square_grid

CRS = "EPSG:32719"
SANTIAGO = (334_000.0, 6_298_000.0)


def place(shape: shapely.Geometry, crs: str = CRS) -> gpd.GeoSeries:
    return gpd.GeoSeries([shape], crs=crs)


def jagged(seed: int, *, radius_m: float, with_hole: bool = True) -> Polygon:
    """Draw a jagged place with a lake."""
    rng = np.random.default_rng(seed)
    turn = np.linspace(0, 2 * np.pi, 17, endpoint=False)
    way = np.column_stack([np.cos(turn), np.sin(turn)]) * rng.uniform(0.4, 1, (17, 1)) * radius_m
    middle = np.array(SANTIAGO) + rng.uniform(-1e4, 1e4, 2)
    return Polygon(middle + way, [middle + way * 0.6] if with_hole else None)


def assert_tiles(cells: gpd.GeoDataFrame, shape: shapely.Geometry) -> None:
    """Check that cells cover a place, each with land in it, without overlap."""
    schema.check_units(cells)
    shapes = cells.geometry.to_numpy()
    cover = shapely.union_all(shapes)
    assert shape.difference(cover).area <= 1e-9 * shape.area
    assert cells.intersection(shape).area.min() > 0
    assert shapely.area(shapes).sum() == pytest.approx(cover.area, rel=1e-9)
    assert cells["area_m2"].to_numpy() == pytest.approx(shapely.area(shapes))


def assert_corners_shared(cells: gpd.GeoDataFrame) -> None:
    """Check that cells which touch have corners in common to the last bit."""
    shapes = cells.geometry.to_numpy()
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=1.0)
    corners = [set(map(tuple, shapely.get_coordinates(shape))) for shape in shapes]
    assert all(corners[i] & corners[j] for i, j in zip(one, other, strict=True))


class TestSquares:
    def test_squares_lie_on_multiples_of_the_side(self):
        cells = make_square_grid(place(box(10, 10, 140, 90)), cell_m=100)
        assert list(cells.index) == ["100m_0_0", "100m_1_0"]
        assert cells.geometry.iloc[1].equals(box(100, 0, 200, 100))
        assert list(cells["name"]) == list(cells.index)
        assert cells.crs == CRS

    def test_a_border_along_a_line_of_the_grid_brings_no_cell_beyond(self):
        cells = make_square_grid(place(box(0, -100, 200, 100)), cell_m=100)
        assert list(cells.index) == ["100m_0_-1", "100m_1_-1", "100m_0_0", "100m_1_0"]

    def test_a_cell_in_a_hole_is_left_out(self):
        ring = box(0, 0, 300, 300).difference(box(100, 100, 200, 200))
        cells = make_square_grid(place(ring), cell_m=100)
        assert len(cells) == 8
        assert "100m_1_1" not in cells.index

    def test_a_place_smaller_than_a_cell_gets_one(self):
        assert len(make_square_grid(place(Point(*SANTIAGO).buffer(1)), cell_m=300)) == 1

    @settings(max_examples=15, deadline=None)
    @given(seed=st.integers(0, 2**32), cell_m=st.sampled_from([250, 333.3, 0.7e3, 2500]))
    def test_squares_cover_the_place_without_overlap(self, seed, cell_m):
        shape = jagged(seed, radius_m=4000)
        cells = make_square_grid(place(shape), cell_m=cell_m)
        assert_tiles(cells, shape)
        assert_corners_shared(cells)

    @settings(max_examples=15, deadline=None)
    @given(seed=st.integers(0, 2**32))
    def test_a_square_is_the_same_whatever_the_boundary(self, seed):
        shape = jagged(seed, radius_m=3000)
        near, wide = (
            make_square_grid(place(one), cell_m=400) for one in (shape, shape.buffer(2000))
        )
        assert near.index.isin(wide.index).all()
        assert near.geometry.geom_equals_exact(wide.geometry.loc[near.index], 0).all()

    def test_several_polygons_are_covered_once(self):
        two = gpd.GeoSeries([box(0, 0, 150, 50), box(120, 0, 250, 50)], crs=CRS)
        assert make_square_grid(two, cell_m=100).index.is_unique

    @pytest.mark.parametrize("cell_m", [0, -5, float("nan"), float("inf")])
    def test_a_side_that_is_none_is_refused(self, cell_m):
        with pytest.raises(DataError, match=r"grid: a cell of .* m; the side must be above 0"):
            make_square_grid(place(box(0, 0, 1, 1)), cell_m=cell_m)

    def test_millions_of_cells_are_refused_before_they_are_made(self):
        with pytest.raises(DataError, match=r"cells of 1 m would be about 1e\+10"):
            make_square_grid(place(box(0, 0, 1e5, 1e5)), cell_m=1)


class TestHexagons:
    @settings(max_examples=12, deadline=None)
    @given(seed=st.integers(0, 2**32), resolution=st.sampled_from([6, 7, 8, 9]))
    def test_hexagons_cover_the_place_without_overlap(self, seed, resolution):
        shape = jagged(seed, radius_m=1500)
        cells = make_h3_grid(place(shape), resolution=resolution)
        assert_tiles(cells, shape)
        assert_corners_shared(cells)

    def test_every_point_of_the_place_lies_in_the_cell_h3_names_or_beside_it(self):
        # Sides are straight in the projection and arcs on the globe: metres apart at most
        shape = jagged(3, radius_m=3000, with_hole=False)
        cells = make_h3_grid(place(shape), resolution=8)
        rng, middle = np.random.default_rng(0), shapely.get_coordinates(shape.centroid)
        spots = gpd.GeoSeries.from_xy(*(rng.uniform(-2500, 2500, (300, 2)) + middle).T, crs=CRS)
        spots = spots[spots.within(shape)]
        degrees = spots.to_crs("EPSG:4326")
        named = [h3.latlng_to_cell(y, x, 8) for x, y in zip(degrees.x, degrees.y, strict=True)]
        away = shapely.distance(cells.geometry.loc[named].to_numpy(), spots.to_numpy())
        assert len(away) > 100
        assert away.max() < 1

    def test_a_strip_thinner_than_any_cell_is_covered_all_along(self):
        x, y = SANTIAGO
        strip = Polygon([(x, y), (x + 40_000, y + 9_000), (x + 40_000, y + 9_010), (x, y + 10)])
        assert_tiles(make_h3_grid(place(strip), resolution=8), strip)

    def test_hexagons_are_h3s_own(self):
        shape = Point(*SANTIAGO).buffer(800)
        cells = make_h3_grid(place(shape), resolution=9)
        assert all(h3.is_valid_cell(one) and h3.get_resolution(one) == 9 for one in cells.index)
        outlines = [Polygon([(x, y) for y, x in h3.cell_to_boundary(one)]) for one in cells.index]
        theirs = gpd.GeoSeries(outlines, index=cells.index, crs="EPSG:4326").to_crs(CRS)
        assert (cells.symmetric_difference(theirs).area < 1e-3).all()

    @pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:32719", "EPSG:5361", "ESRI:54009"])
    def test_any_metric_crs_is_covered(self, crs):
        shape = place(jagged(9, radius_m=2000)).to_crs(crs)
        cells = make_h3_grid(shape, resolution=8)
        assert cells.crs == crs
        assert_tiles(cells, shape.iloc[0])

    def test_a_place_inside_one_cell_gets_that_cell(self):
        lat, lng = h3.cell_to_latlng(h3.latlng_to_cell(-33.45, -70.66, 6))
        spot = gpd.GeoSeries.from_xy([lng], [lat], crs="EPSG:4326").to_crs(CRS).buffer(5)
        assert list(make_h3_grid(spot, resolution=6).index) == [h3.latlng_to_cell(lat, lng, 6)]

    def test_a_cell_is_the_same_whatever_the_boundary(self):
        shape = jagged(4, radius_m=2000)
        near, wide = (make_h3_grid(place(one), resolution=8) for one in (shape, shape.buffer(900)))
        assert near.index.isin(wide.index).all()
        assert near.geometry.geom_equals_exact(wide.geometry.loc[near.index], 0).all()

    @pytest.mark.parametrize("resolution", [-1, 16])
    def test_a_resolution_h3_has_not_is_refused(self, resolution):
        with pytest.raises(DataError, match=f"H3 has no resolution {resolution}; it has 0 to 15"):
            make_h3_grid(place(box(0, 0, 1, 1)), resolution=resolution)

    def test_millions_of_cells_are_refused_before_they_are_made(self):
        with pytest.raises(DataError, match="cells of H3 15 would be about"):
            make_h3_grid(place(Point(*SANTIAGO).buffer(5e4)), resolution=15)


@pytest.mark.parametrize("grid", ["square", "h3"])
class TestBoundary:
    def made(self, grid: str, boundary: gpd.GeoSeries) -> gpd.GeoDataFrame:
        if grid == "square":
            return make_square_grid(boundary, cell_m=100)
        return make_h3_grid(boundary, resolution=8)

    def test_degrees_and_no_crs_are_refused(self, grid):
        with pytest.raises(CRSError, match="boundary: coordinates are in degrees"):
            self.made(grid, place(box(0, 0, 1, 1), crs="EPSG:4326"))
        with pytest.raises(CRSError, match="boundary: no CRS"):
            self.made(grid, gpd.GeoSeries([box(0, 0, 1, 1)]))

    @pytest.mark.parametrize(
        "bad", [None, Point(1, 1), Polygon(), Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])]
    )
    def test_a_shape_that_is_no_valid_polygon_is_named(self, grid, bad):
        boundary = gpd.GeoSeries([box(0, 0, 1, 1), bad], index=["good", "bad"], crs=CRS)
        with pytest.raises(DataError, match=r"boundary: geometry missing, .*: bad$"):
            self.made(grid, boundary)

    def test_a_boundary_without_rows_is_refused(self, grid):
        with pytest.raises(DataError, match="boundary: no rows"):
            self.made(grid, gpd.GeoSeries([], crs=CRS))

    def test_the_boundary_is_not_changed(self, grid):
        boundary = place(jagged(1, radius_m=500))
        before = boundary.copy(deep=True)
        self.made(grid, boundary)
        assert boundary.geom_equals_exact(before, 0).all()
