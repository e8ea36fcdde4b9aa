"""Simplified borders and packed coordinates."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geoequity.maps.shapes import label_spots, pack_lines, pack_points, pack_polygons, simplify

BARRIOS = Path(__file__).parents[3] / "shared/cities/buenos_aires/barrios.geojson"


def unpack(steps):
    """Undo the packing, slowly and plainly."""
    lat = lon = 0
    places = []
    for place in range(0, len(steps), 2):
        lat += steps[place]
        lon += steps[place + 1]
        places.append((lon / 1e6, lat / 1e6))
    return places


def series(*shapes, crs="EPSG:32718"):
    return gpd.GeoSeries(list(shapes), crs=crs, index=[f"u{i}" for i in range(len(shapes))])


def test_simplified_neighbours_still_share_their_borders(town):
    before = town.make_districts().geometry
    after = simplify(before)
    assert shapely.coverage_is_valid(before.to_numpy())
    assert shapely.coverage_is_valid(after.to_numpy())
    assert after.area.sum() == pytest.approx(shapely.union_all(after.to_numpy()).area, rel=1e-12)


def test_simplifying_drops_vertices_and_keeps_index_and_crs(town):
    before = town.make_districts().geometry
    after = simplify(before)
    assert len(shapely.get_coordinates(after)) < 0.7 * len(shapely.get_coordinates(before))
    assert after.index.equals(before.index)
    assert after.crs == before.crs


@pytest.mark.parametrize("within_m", [1.0, 5.0])
def test_no_border_moves_farther_than_promised(within_m, town):
    before = town.make_districts().geometry
    after = simplify(before, within_m=within_m)
    moved = [
        shapely.hausdorff_distance(a.boundary, b.boundary)
        for a, b in zip(before, after, strict=True)
    ]
    assert max(moved) <= within_m


def test_a_promise_that_cannot_be_kept_leaves_borders_as_they_are(town):
    before = town.make_districts().geometry
    assert simplify(before, within_m=-1.0).equals(before)


def test_a_long_spike_is_kept_though_its_area_is_small():
    spike = shapely.Polygon(
        [(0, 0), (100, 0), (100, 49.9), (160, 50), (100, 50.1), (100, 100), (0, 100)]
    )
    after = simplify(series(spike))
    assert shapely.hausdorff_distance(spike, after.iloc[0]) <= 5.0  # its tip lies 60 m out


@pytest.mark.skipif(not BARRIOS.exists(), reason="the barrios of Buenos Aires are not here")
def test_real_borders_lose_most_vertices_and_move_five_metres_at_most():
    before = gpd.read_file(BARRIOS).to_crs("EPSG:32721").geometry
    after = simplify(before)
    assert len(shapely.get_coordinates(after)) < 0.35 * len(shapely.get_coordinates(before))
    moved = [
        shapely.hausdorff_distance(a.boundary, b.boundary)
        for a, b in zip(before, after, strict=True)
    ]
    assert max(moved) <= 5.0
    assert shapely.union_all(after.to_numpy()).area == pytest.approx(
        before.union_all().area, rel=1e-4
    )


def test_simplifying_does_not_change_its_input(town):
    before = town.make_districts().geometry
    kept = before.copy()
    simplify(before)
    assert before.equals(kept)


def test_packed_polygons_unpack_to_their_vertices():
    square = shapely.Polygon(
        [(-74, 4), (-73.9, 4), (-73.9, 4.1), (-74, 4.1)],
        [[(-73.98, 4.02), (-73.97, 4.02), (-73.97, 4.03)]],
    )
    island = shapely.box(-73.8, 4, -73.7, 4.1)
    packed = pack_polygons(series(shapely.MultiPolygon([square, island]), crs="EPSG:4326"))
    assert [len(polygon) for polygon in packed[0]] == [2, 1]  # a shell and a hole; a shell
    shell = unpack(packed[0][0][0])
    assert shell == [(-74.0, 4.0), (-73.9, 4.0), (-73.9, 4.1), (-74.0, 4.1)]


def test_neighbours_still_share_vertices_once_packed(town):
    shapes = simplify(town.make_districts().geometry).to_crs("EPSG:4326")
    packed = pack_polygons(shapes)
    corners = [
        {corner for ring in polygon for corner in unpack(ring)}
        for shape in packed
        for polygon in shape
    ]
    touching = shapely.touches(shapes.iloc[0], shapes.to_numpy())
    for other in np.flatnonzero(touching):
        assert len(corners[0] & corners[other]) >= 1
    assert touching.sum() >= 3


@pytest.mark.parametrize("count", [24, 400])
def test_no_gap_opens_between_neighbours_on_the_way_to_the_page(town, count):
    before = town.make_districts(count=count).geometry
    packed = pack_polygons(simplify(before).to_crs("EPSG:4326"))
    drawn = np.array(
        [
            shapely.multipolygons(
                [
                    shapely.Polygon(unpack(polygon[0]), [unpack(ring) for ring in polygon[1:]])
                    for polygon in shape
                ]
            )
            for shape in packed
        ]
    )
    assert shapely.is_valid(drawn).all()
    assert shapely.coverage_is_valid(drawn)  # every border is its neighbour's, to the vertex
    rings = [
        shapely.get_num_interior_rings(shapely.get_parts(shapely.coverage_union_all(one))).sum()
        for one in (before.to_numpy(), drawn)
    ]
    assert rings[0] == rings[1]


def test_packed_lines_split_into_simple_ones_and_skip_missing():
    lines = gpd.GeoSeries(
        [shapely.MultiLineString([[(0, 0), (1, 1)], [(2, 2), (3, 3)]]), None, shapely.LineString()],
        crs="EPSG:4326",
    )
    assert [unpack(line) for line in pack_lines(lines)] == [[(0, 0), (1, 1)], [(2, 2), (3, 3)]]


def test_an_area_is_packed_as_a_point_inside_it():
    ring = shapely.Point(0, 0).buffer(1).difference(shapely.Point(0, 0).buffer(0.9))
    point, inside = unpack(pack_points(series(shapely.Point(5, 6), ring, crs="EPSG:4326")))
    assert point == (5, 6)
    assert shapely.Point(inside).distance(ring) < 1e-6


def test_nothing_packs_to_nothing():
    assert pack_points(gpd.GeoSeries([], crs="EPSG:4326")) == []
    assert pack_lines(gpd.GeoSeries([], crs="EPSG:4326")) == []


def test_a_name_is_put_in_the_middle_of_a_rectangle():
    spots = label_spots(series(shapely.box(0, 0, 400, 100)))
    assert spots["y"].iloc[0] == pytest.approx(50, abs=5)
    nearer_side = min(spots["x"].iloc[0], 400 - spots["x"].iloc[0])
    assert spots["width_m"].iloc[0] == pytest.approx(2 * nearer_side)


def test_the_room_for_a_name_ends_at_the_first_border():
    comb = shapely.union_all(
        [shapely.box(0, 0, 100, 400), shapely.box(0, 0, 400, 20), shapely.box(300, 0, 400, 400)]
    )
    spots = label_spots(series(comb))
    assert spots["width_m"].iloc[0] <= 110  # one tooth, not both
