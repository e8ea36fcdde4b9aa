"""Where people set out from: points along the streets of their cell."""

import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box
from small_streets import CRS, table, webs

from geoequity.errors import CRSError, DataError
from geoequity.streets import StreetNetwork, make_homes

STREET = StreetNetwork.from_edges(table(("a", "b", [(0, 0), (1000, 0)])))


def cells(*shapes, ids=None):
    ids = ids or [f"c{number}" for number in range(len(shapes))]
    return GeoDataFrame(geometry=list(shapes), index=pd.Index(ids, name="unit_id"), crs=CRS)


def spots(homes):
    return [(point.x, point.y) for point in homes.geometry]


# -------------------------------------------------------------- closed form
def test_homes_stand_in_the_middle_of_equal_parts_of_the_street():
    homes = make_homes(cells(box(0, -50, 1000, 50)), STREET, spacing_m=250)
    assert spots(homes) == [(125, 0), (375, 0), (625, 0), (875, 0)]
    assert homes["share"].tolist() == [0.25] * 4
    assert homes["cell_id"].tolist() == ["c0"] * 4
    assert homes["on_street"].all()
    assert homes.index.tolist() == ["c0/0", "c0/1", "c0/2", "c0/3"]
    assert homes.index.name == "home_id"
    assert homes.crs == CRS


def test_a_cell_has_the_number_of_homes_that_is_nearest_to_the_spacing():
    cell = cells(box(0, -50, 1000, 50))
    for spacing, number in ((1000, 1), (5000, 1), (700, 1), (650, 2), (334, 3), (300, 3), (50, 20)):
        homes = make_homes(cell, STREET, spacing_m=spacing)
        assert len(homes) == number
        gaps = np.diff([x for x, _ in spots(homes)])
        assert gaps == pytest.approx([1000 / number] * (number - 1))


def test_a_cell_has_at_most_200_homes():
    assert len(make_homes(cells(box(0, -50, 1000, 50)), STREET, spacing_m=1)) == 200


def test_a_street_on_the_border_is_of_both_its_cells():
    block = [(0, 0), (200, 0), (200, 200), (0, 200), (0, 0)]
    rows = [(str(n), str(n + 1), [block[n], block[n + 1]]) for n in range(3)]
    network = StreetNetwork.from_edges(
        table(*rows, ("3", "0", [(0, 200), (0, 0)]), ("1", "9", [(200, 0), (400, 0)]),
              ("2", "8", [(200, 200), (400, 200)]))
    )  # fmt: skip
    homes = make_homes(cells(box(0, 0, 200, 200), box(200, 0, 400, 200)), network, spacing_m=50)
    west = homes[homes["cell_id"] == "c0"].geometry
    # all four sides, and 20 m of each of the two streets that go on to the east
    assert len(west) == round((4 * 200 + 2 * 20) / 50)
    assert (west.x == 0).sum() == pytest.approx(200 / 50, abs=1)
    east = homes[homes["cell_id"] == "c1"].geometry
    assert len(east) == round((200 + 2 * 200 + 2 * 20) / 50)
    assert (east.x == 200).sum() == pytest.approx(200 / 50, abs=1)


def test_streets_within_20_m_are_of_the_cell_and_others_are_not():
    near = make_homes(cells(box(100, 15, 200, 95)), STREET, spacing_m=50)
    assert near["on_street"].all()
    assert (near.geometry.y == 0).all()
    far = make_homes(cells(box(100, 25, 200, 95)), STREET, spacing_m=50)
    assert far["on_street"].tolist() == [False]
    assert far["share"].tolist() == [1.0]
    assert box(100, 25, 200, 95).covers(far.geometry.iloc[0])


def test_a_home_off_the_streets_lies_inside_a_cell_of_any_shape():
    bent = shapely.Polygon([(0, 900), (300, 900), (300, 910), (10, 910), (10, 1200), (0, 1200)])
    homes = make_homes(cells(bent), STREET)
    assert bent.covers(homes.geometry.iloc[0])


def test_islands_house_nobody():
    network = StreetNetwork.from_edges(
        table(("a", "b", [(0, 0), (1000, 0)]), ("x", "y", [(0, 300), (100, 300)]))
    )
    homes = make_homes(cells(box(0, 250, 100, 350)), network)
    assert homes["on_street"].tolist() == [False]


def test_barred_streets_and_streets_of_no_length_house_nobody():
    edges = table(("a", "l", [(0, 0), (100, 0)]), ("l", "b", [(100, 0), (300, 0)]),
                  ("b", "c", [(300, 0), (400, 0)]))  # fmt: skip
    edges = edges.assign(minutes_there=[1, 1, np.inf], minutes_back=[1, 1, np.inf])
    network = StreetNetwork.from_edges(edges, lifts=["l"])
    homes = make_homes(cells(box(-50, -50, 500, 50)), network, spacing_m=100)
    assert spots(homes) == [(50, 0), (150, 0), (250, 0)]


def test_a_street_back_to_its_junction_houses_people_to_its_very_end():
    ring = [(0, 0), (400, 0), (400, 400), (0, 400), (0, 0)]
    network = StreetNetwork.from_edges(table(("a", "a", ring), ("a", "b", [(0, 0), (-1000, 0)])))
    homes = make_homes(cells(box(-1, 50, 1, 120)), network, spacing_m=10)
    # the closing side only, from 30 to 140 m off the junction, where nothing else is near
    assert len(homes) == 11
    assert homes.geometry.y.between(30 - 1, 140 + 1).all()
    corner = make_homes(cells(box(5, 5, 60, 60)), network, spacing_m=10)
    # 80 m of either side, and as much of the other street as 20 m off the corner allow
    assert len(corner) == round((80 + 80 + np.sqrt(20**2 - 5**2) - 5) / 10)
    assert corner.geometry.x.between(1, 80).sum() == pytest.approx(8, abs=1)
    assert corner.geometry.y.between(1, 80).sum() == pytest.approx(8, abs=1)


def test_every_kind_of_cell_id_is_kept():
    shapes = [box(0, -50, 500, 50), box(500, -50, 1000, 50)]
    homes = make_homes(cells(*shapes, ids=[7, 3]), STREET, spacing_m=250)
    assert homes["cell_id"].unique().tolist() == [7, 3]
    assert homes["cell_id"].dtype == int
    assert homes.index[0] == "7/0"
    assert homes.index.is_unique


def test_no_cells_have_no_homes():
    homes = make_homes(cells(), STREET)
    assert homes.shape == (0, 4)
    assert homes.crs == CRS


# ---------------------------------------------------------------- bad input
def test_cells_that_cannot_be_are_refused():
    with pytest.raises(DataError, match=r"^cells: no geometry: c0, c2$") as told:
        make_homes(cells(None, box(0, 0, 1, 1), shapely.Polygon()), STREET)
    assert told.value.ids == ("c0", "c2")
    with pytest.raises(DataError, match=r"^cells: ids stand more than once: c$"):
        make_homes(cells(box(0, 0, 1, 1), box(1, 0, 2, 1), ids=["c", "c"]), STREET)
    with pytest.raises(CRSError, match=r"^cells .* and edges .* are not in one CRS$"):
        make_homes(cells(box(0, 0, 1, 1)).to_crs(4326), STREET)
    for spacing in (0, -1, np.nan, np.inf):
        with pytest.raises(DataError, match=r"^spacing_m: must be above 0"):
            make_homes(cells(box(0, 0, 1, 1)), STREET, spacing_m=spacing)


# --------------------------------------------------------------- properties
def town(seed, number):
    """Cells of all sizes about a web of streets: squares, slivers, parts in two places."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-200, 350, (number, 2))
    sizes = 10 ** rng.uniform(-3, 2.3, (number, 2))
    shapes = [box(*corner, *(corner + size)) for corner, size in zip(corners, sizes, strict=True)]
    shapes[0] = shapely.union(shapes[0], shapely.box(400, 400, 410, 410))
    return cells(*shapes)


@settings(max_examples=12, deadline=None)
@given(webs(), st.integers(0, 2**32 - 1), st.floats(5, 200))
def test_shares_add_up_and_homes_are_near_their_cell(web, seed, spacing_m):
    network = StreetNetwork.from_edges(web[0])
    some = town(seed, 12)
    homes = make_homes(some, network, spacing_m=spacing_m)
    assert homes.groupby("cell_id")["share"].sum().to_dict() == pytest.approx(
        dict.fromkeys(some.index, 1.0)
    )
    assert (homes["share"] > 0).all()
    assert homes["cell_id"].tolist() == sorted(homes["cell_id"], key=some.index.get_loc)
    gap = homes.geometry.distance(some.geometry.loc[homes["cell_id"]].set_axis(homes.index))
    assert gap.max() < 20 / np.cos(np.pi / 64) + 1e-6  # a buffer has corners
    assert (gap[~homes["on_street"]] == 0).all()
    main = network.edges[network.edges["component"] == 0].union_all()
    assert (homes.geometry[homes["on_street"]].distance(main) < 1e-6).all()
    off = some.geometry.loc[homes.loc[~homes["on_street"], "cell_id"]]
    assert (off.distance(main) > 20 - 1e-6).all()


@settings(max_examples=12, deadline=None)
@given(webs(), st.integers(0, 2**32 - 1))
def test_the_order_of_cells_and_what_other_cells_there_are_is_irrelevant(web, seed):
    network = StreetNetwork.from_edges(web[0])
    some = town(seed, 10)
    homes = make_homes(some, network)
    again = make_homes(some.iloc[::-1], network).loc[homes.index]
    assert homes.geometry.distance(again.geometry).max() < 1e-6
    pd.testing.assert_frame_equal(
        pd.DataFrame(homes.drop(columns="geometry")), pd.DataFrame(again.drop(columns="geometry"))
    )
    alone = make_homes(some.iloc[[4]], network)
    mine = homes[homes["cell_id"] == some.index[4]]
    assert alone.index.tolist() == mine.index.tolist()
    assert alone.geometry.distance(mine.geometry).max() < 1e-6


@settings(max_examples=12, deadline=None)
@given(webs(), st.integers(0, 2**32 - 1))
def test_there_are_as_many_homes_as_metres_of_street(web, seed):
    network = StreetNetwork.from_edges(web[0])
    x, y, width = np.random.default_rng(seed).uniform((-50, -50, 40), (200, 200, 250))
    cell = box(x, y, x + width, y + width)
    main = network.edges.geometry[network.edges["component"] == 0]
    ground = shapely.buffer(cell, 20 / np.cos(np.pi / 64), quad_segs=16)
    of_cell = main[main.dwithin(cell, 20)].intersection(ground).length.sum()
    homes = make_homes(cells(cell), network, spacing_m=20)
    if not homes["on_street"].all():
        assert of_cell < 1e-6
        return
    assert abs(len(homes) - min(of_cell / 20, 200)) <= 1 + of_cell * 1e-3


def test_many_tiny_cells_each_have_their_home():
    rng = np.random.default_rng(3)
    x = np.sort(rng.uniform(0, 1000, 5000))
    tiny = cells(*shapely.box(x, 19, x + 1e-4, 19 + 1e-4))
    homes = make_homes(tiny, STREET)
    assert len(homes) == 5000
    assert (homes["share"] == 1).all()
    assert homes["cell_id"].tolist() == tiny.index.tolist()
    assert homes.distance(tiny.geometry.set_axis(homes.index)).max() < 20.1
    assert abs(homes.geometry.x.to_numpy() - x).max() < 10
    assert (homes.geometry.y == 0).all()
    assert isinstance(homes.geometry.iloc[0], Point)


def test_inputs_are_left_as_they_were():
    some = cells(box(0, -50, 500, 50), box(0, 900, 10, 910))
    kept = some.copy()
    make_homes(some, STREET)
    pd.testing.assert_frame_equal(some, kept)
