"""The ground of a map: main streets, water, and not more than a page can carry."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geoequity import background
from geoequity.background import make_background
from geoequity.sources.water import read_water

CRS = "EPSG:32721"


def grid(*, size=4, step=100.0, diagonal=False):
    """Edges of a grid of streets, cut at each crossing, with a bend at no junction."""
    rows = []
    for line in range(size):
        for at in range(size - 1):
            for a, b in (((at, line), (at + 1, line)), ((line, at), (line, at + 1))):
                rows.append((a[0] * size + a[1], b[0] * size + b[1], a, b))
    if diagonal:
        rows += [
            (i * size + i, (i + 1) * (size + 1), (i, i), (i + 1, i + 1)) for i in range(size - 1)
        ]
    lines = [shapely.LineString(np.array([a, b]) * step) for *_, a, b in rows]
    ends = {"from_node": [one[0] for one in rows], "to_node": [one[1] for one in rows]}
    return gpd.GeoDataFrame(ends, geometry=lines, crs=CRS)


@pytest.fixture
def districts():
    return gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1000, 1000)], crs=CRS)


def test_streets_that_run_on_straight_are_one_line_each(districts):
    ground = make_background(grid(), None, districts=districts)
    assert list(ground["kind"]) == ["street"] * len(ground)
    parts = shapely.get_parts(ground.geometry.to_numpy())
    assert len(parts) == 8  # four along and four across: none ends at a crossing
    assert shapely.get_num_coordinates(parts).tolist() == [2] * 8
    assert ground.length.sum() == pytest.approx(8 * 300)


def test_the_longest_streets_come_first_where_no_class_is_known(districts):
    long = grid(size=3, diagonal=True)
    ground = make_background(long, None, districts=districts)
    first = ground[ground["rank"] == ground["rank"].min()].geometry.iloc[0]
    assert first.length == pytest.approx(np.hypot(200, 200))  # the diagonal
    assert ground["rank"].is_monotonic_increasing


@pytest.mark.parametrize("kind", [object, "category"])
def test_edges_without_a_class_or_of_several_are_not_drawn(districts, kind):
    streets = grid()
    classes = pd.Series("primary", index=streets.index, dtype=object)
    classes.iloc[0], classes.iloc[1] = None, np.nan
    if kind is object:  # as osmnx tells of edges that it made one of several
        classes.iloc[2] = ["primary", "residential"]
    ground = make_background(
        streets.assign(highway=classes.astype(kind)), None, districts=districts
    )
    assert ground.length.sum() == pytest.approx((2400 - 200) - 100 * (kind is object))


def test_classes_of_streets_decide_where_they_are_known(districts):
    streets = grid().assign(highway="residential")
    streets.loc[streets.index[:3], "highway"] = "primary_link"
    streets.loc[streets.index[3:5], "highway"] = "footway"  # no street of a map
    ground = make_background(streets, None, districts=districts).set_index("rank")
    assert set(ground.index) == {1, 4}
    assert ground.length[1] == pytest.approx(streets.length[:3].sum())
    assert ground.length.sum() == pytest.approx(streets.length.sum() - streets.length[3:5].sum())


def test_an_edge_that_stands_in_both_directions_is_drawn_once(districts):
    one = grid()
    back = one.rename(columns={"from_node": "to_node", "to_node": "from_node"})
    both = pd.concat([one, back.set_geometry(back.reverse())], ignore_index=True)
    twice = make_background(both, None, districts=districts)
    assert twice.length.sum() == pytest.approx(one.length.sum())


def test_the_least_streets_go_where_there_are_too_many(districts, monkeypatch):
    streets = grid().assign(highway="residential")
    streets.loc[streets.index[:3], "highway"] = "primary"
    monkeypatch.setattr(background, "_MOST_VERTICES", 10)
    assert set(make_background(streets, None, districts=districts)["rank"]) == {1}


def test_water_is_cut_at_the_frame_thinned_and_drawn_first(districts):
    lake = shapely.Point(900, 500).buffer(400, quad_segs=64)
    pond = shapely.box(10, 10, 30, 30)  # 400 m2
    river = shapely.LineString([(0, 200), (500, 201), (1000, 200)])
    water = gpd.GeoSeries([lake, pond, river], crs=CRS)
    ground = make_background(grid(), water, districts=districts)
    assert list(ground["kind"][:2]) == ["water", "water"]
    area, line = ground.geometry.iloc[:2]
    assert area.bounds[2] == pytest.approx(1050)  # a twentieth around the districts
    assert area.intersection(shapely.box(0, 0, 40, 40)).is_empty
    assert shapely.hausdorff_distance(area, lake.intersection(shapely.box(0, 0, 1050, 1050))) <= 6
    assert shapely.get_num_coordinates(line) == 2


def test_a_city_without_streets_or_water_has_no_ground(districts):
    for streets in (None, grid().iloc[:0]):
        ground = make_background(streets, None, districts=districts)
        assert ground.empty
        assert ground.crs == districts.crs
        assert list(ground.columns) == ["kind", "rank", "geometry"]


def test_rivers_lakes_and_canals_are_read_from_a_map(tmp_path):
    nodes = {1: (0, 0), 2: (0.01, 0), 3: (0.01, 0.01), 4: (0, 0.01), 5: (0.02, 0), 6: (0.03, 0.01)}
    ways = {
        10: ("natural=water", [1, 2, 3, 4, 1]),
        11: ("waterway=river", [5, 6]),
        12: ("waterway=ditch", [5, 6]),
        13: ("waterway=canal", [5, 99]),  # a node of it is not in the file
    }
    lines = [f'<node id="{n}" version="1" lat="{y}" lon="{x}"/>' for n, (x, y) in nodes.items()]
    for number, (tag, refs) in ways.items():
        key, value = tag.split("=")
        listed = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        lines.append(f'<way id="{number}" version="1">{listed}<tag k="{key}" v="{value}"/></way>')
    path = tmp_path / "town.osm"
    path.write_text(f'<osm version="0.6">{"".join(lines)}</osm>')
    water = read_water([path], crs="EPSG:32631")
    assert sorted(water.geom_type) == ["LineString", "MultiPolygon"]
    assert water.crs == "EPSG:32631"
    assert read_water([], crs="EPSG:32631").empty


def test_ranks_by_length_never_put_a_shorter_street_before_a_longer_one():
    length = np.random.default_rng(3).exponential(300, 200)
    ranks = background._by_length(length)
    order = np.argsort(-length)
    assert all(a <= b for a, b in pairwise(ranks[order]))
    assert set(ranks) == {1, 2, 3, 4}
