"""Cells and districts: every resident once, inside a district or outside all of them."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoequity.errors import CRSError, DataError
from geoequity.units import (
    Membership,
    district_of,
    join_cells,
    largest_part,
    means,
    overlap,
    overlapping_pairs,
    people_within,
    totals,
)

UTM = "EPSG:32718"
ONE, TWO = shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)


def make_units(**shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    index = pd.Index(list(shapes), name="unit_id")
    names = [one.upper() for one in shapes]
    units = gpd.GeoDataFrame({"name": names}, geometry=list(shapes.values()), crs=UTM, index=index)
    return units.assign(area_m2=units.area)


def make_cells(
    shapes: dict[str, shapely.Geometry],
    people: list[float] | None = None,
    parents: list[str | None] | None = None,
) -> gpd.GeoDataFrame:
    cells = make_units(**shapes)
    cells["parent"] = pd.Series(parents or [None] * len(cells), index=cells.index, dtype=object)
    return cells if people is None else cells.assign(population=people)


def join(
    cells: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, *, split: bool = False
) -> Membership:
    counts = ("population",) if "population" in cells.columns else ()
    return join_cells(cells, districts, counts=counts, split=split)


# ------------------------------------------------------------------- overlap
def test_overlap_measures_every_pair_that_shares_land() -> None:
    left, right = make_units(a=ONE, b=TWO), make_units(x=shapely.box(5, 0, 15, 10))
    table = overlap(left, right)
    assert table[["left", "right", "area_m2"]].to_numpy().tolist() == [[0, 0, 50], [1, 0, 50]]
    assert overlap(left, make_units(x=shapely.box(20, 0, 30, 10))).empty  # a common border


def test_overlap_gives_polygons_even_where_borders_touch_too() -> None:
    comb = shapely.union_all([shapely.box(0, 0, 5, 2), shapely.box(0, 0, 1, 9)])
    other = shapely.union_all([shapely.box(4, 0, 9, 5), shapely.box(1, 7, 9, 9), TWO])
    table = overlap(make_units(a=comb), make_units(x=other))
    assert shapely.get_type_id(table["geometry"].to_numpy()).tolist() == [3]
    assert table["area_m2"].tolist() == [2]


def test_overlap_refuses_mixed_crs() -> None:
    left = make_units(a=ONE)
    with pytest.raises(CRSError, match=r"left .* and right .* are not in one CRS"):
        overlap(left, left.to_crs("EPSG:32719"))
    with pytest.raises(CRSError, match="left: coordinates are in degrees"):
        overlap(left.set_crs("EPSG:4326", allow_override=True), left)


def test_overlapping_pairs_are_listed_once_largest_first() -> None:
    units = make_units(a=ONE, b=TWO, c=shapely.box(9, 0, 14, 10), d=ONE)
    pairs = overlapping_pairs(units)
    assert pairs.index.tolist() == [0, 1, 2, 3]
    assert pairs.to_numpy().tolist() == [
        ["a", "d", 100 / 100],
        ["b", "c", 40 / 50],
        ["a", "c", 10 / 50],
        ["c", "d", 10 / 50],
    ]
    with pytest.raises(CRSError, match="units: no CRS"):
        overlapping_pairs(units.set_crs(None, allow_override=True))


# ----------------------------------------------------------------- join_cells
def test_a_cell_that_a_border_cuts_is_shared_by_area() -> None:
    cells = make_cells({"x": shapely.box(8, 0, 18, 10), "y": shapely.box(0, 0, 8, 10)}, [100, 7])
    member = join(cells, make_units(a=ONE, b=TWO))
    table = member.cells
    assert table.index.tolist() == ["x|a", "x|b", "y"]
    assert table["district_id"].tolist() == ["a", "b", "a"]
    assert table["cell_id"].tolist() == ["x", "x", "y"]
    assert table["share"].tolist() == pytest.approx([0.2, 0.8, 1])
    assert table["population"].tolist() == pytest.approx([100 * 0.2, 100 * 0.8, 7])
    assert table["area_m2"].tolist() == pytest.approx([20, 80, 80])
    assert (member.outside, len(member.disputed)) == (0, 0)


def test_residents_outside_every_district_are_counted() -> None:
    cells = make_cells({"x": shapely.box(-6, 0, 4, 10), "y": shapely.box(50, 0, 60, 10)}, [100, 7])
    member = join(cells, make_units(a=ONE, b=TWO))
    assert member.cells.index.tolist() == ["x|a", "x|outside", "y"]
    assert member.cells["district_id"].isna().tolist() == [False, True, True]
    assert member.outside == pytest.approx(100 * 0.6 + 7)
    assert member.cells.geometry["x|outside"].equals(shapely.box(-6, 0, 0, 10))


def test_a_declared_parent_wins_and_disagreement_is_counted() -> None:
    shapes = {
        "x": shapely.box(11, 0, 15, 4),
        "y": shapely.box(11, 5, 15, 9),
        "z": shapely.box(30, 0, 32, 2),
    }
    cells = make_cells(shapes, [100, 7, 3], ["a", "A", "b"])  # by id, by name, by id
    member = join(cells, make_units(a=ONE, b=TWO))
    assert member.cells["district_id"].tolist() == ["a", "a", "b"]
    assert member.cells["share"].tolist() == [1, 1, 1]
    assert member.cells["cell_id"].tolist() == ["x", "y", "z"]
    assert member.disputed.tolist() == ["x", "y", "z"]  # x and y lie in b, z nowhere
    assert member.disputed_population == 110
    assert member.outside == 0


def test_cells_without_a_parent_are_cut_though_others_declare_one() -> None:
    cells = make_cells(
        {"x": shapely.box(8, 0, 18, 10), "y": shapely.box(8, 0, 18, 10)}, [100, 10], ["a", None]
    )
    member = join(cells, make_units(a=ONE, b=TWO))
    assert member.cells["population"].to_dict() == pytest.approx({"x": 100, "y|a": 2, "y|b": 8})
    assert member.cells["cell_id"].to_dict() == {"x": "x", "y|a": "y", "y|b": "y"}
    assert member.cells.index.name == "unit_id"
    assert member.outside == 0


def test_a_cell_without_count_stays_unknown() -> None:
    cells = make_cells({"x": shapely.box(8, 0, 18, 10), "y": ONE}, [float("nan"), 7])
    member = join(cells, make_units(a=ONE, b=TWO))
    assert member.cells["population"].isna().tolist() == [True, True, False]
    assert member.outside == 0


def test_without_counts_nobody_knows_who_lives_outside() -> None:
    shapes = {"x": shapely.box(-6, 0, 4, 10)}
    districts = make_units(a=ONE)
    assert np.isnan(join(make_cells(shapes), districts).outside)
    assert np.isnan(join(make_cells(shapes, [float("nan")]), districts).outside)


def test_cells_that_miss_every_district_are_refused() -> None:
    cells = make_cells({"x": shapely.box(50, 0, 60, 10)}, [1], ["Atlantis"])
    said = "cells and districts do not overlap: .*; the cells name Atlantis"
    with pytest.raises(DataError, match=said):
        join(cells, make_units(a=ONE))


def test_the_cells_that_were_given_are_not_changed() -> None:
    cells = make_cells({"x": shapely.box(8, 0, 18, 10)}, [100])
    before = cells.copy()
    join(cells, make_units(a=ONE, b=TWO))
    pd.testing.assert_frame_equal(cells, before)


def test_a_rounding_error_at_a_border_makes_no_piece() -> None:
    cells = make_cells({"x": shapely.box(0, 0, 10 + 1e-7, 10)}, [100])
    member = join(cells, make_units(a=ONE, b=TWO))
    assert member.cells.index.tolist() == ["x"]
    assert member.cells["population"].tolist() == [100]


# --------------------------------------------------- land of several districts
def test_common_land_goes_to_the_district_with_most_of_the_cell() -> None:
    a, b = shapely.box(0, 0, 7, 10), shapely.box(4, 0, 8, 10)  # 30 m2 of the cell are both's
    member = join(make_cells({"x": ONE}, [100]), make_units(a=a, b=b))
    assert member.cells["population"].to_dict() == pytest.approx(
        {"x|a": 70, "x|b": 40 - 30, "x|outside": 20}
    )
    assert member.cells.area.sum() == pytest.approx(100)


def test_common_land_is_shared_alike_where_split_is_declared() -> None:
    a, b = shapely.box(0, 0, 7, 10), shapely.box(4, 0, 8, 10)
    member = join(make_cells({"x": ONE}, [100]), make_units(a=a, b=b), split=True)
    assert member.cells["population"].to_dict() == pytest.approx(
        {"x|a": 70 - 30 / 2, "x|b": 40 - 30 / 2, "x|outside": 20}
    )


def test_land_of_three_districts_is_shared_by_three() -> None:
    districts = make_units(a=ONE, b=shapely.box(0, 0, 5, 10), c=shapely.box(0, 0, 2, 10))
    member = join(make_cells({"x": ONE}, [120]), districts, split=True)
    shares = {"x|a": 20 / 3 + 30 / 2 + 50, "x|b": 20 / 3 + 30 / 2, "x|c": 20 / 3}
    assert member.cells["population"].to_dict() == pytest.approx(
        {key: 1.2 * value for key, value in shares.items()}
    )


def test_a_tie_goes_to_the_lowest_id() -> None:
    member = join(make_cells({"x": ONE}, [100]), make_units(a=ONE, b=ONE))
    assert member.cells["district_id"].tolist() == ["a"]
    assert member.cells["population"].tolist() == [100]


# ---------------------------------------------------------------- conservation
cuts = st.lists(st.floats(0.01, 0.99), max_size=4, unique=True)


def partition(west: float, south: float, size: float, xs: list[float], ys: list[float]) -> list:
    """Cut a square into rectangles at shares of its sides."""
    east = [west + size * one for one in [0, *sorted(xs), 1]]
    north = [south + size * one for one in [0, *sorted(ys), 1]]
    return [
        shapely.box(east[i], north[j], east[i + 1], north[j + 1])
        for i in range(len(east) - 1)
        for j in range(len(north) - 1)
        if east[i] < east[i + 1] and north[j] < north[j + 1]
    ]


@settings(max_examples=60, deadline=None)
@given(
    corner=st.tuples(st.floats(-900, 900), st.floats(-900, 900)),
    lines=st.tuples(cuts, cuts, cuts, cuts),
    grow=st.floats(0, 200),
    split=st.booleans(),
    data=st.data(),
)
def test_totals_are_conserved_whatever_the_borders(
    corner: tuple[float, float],
    lines: tuple[list[float], ...],
    grow: float,
    split: bool,
    data: st.DataObject,
) -> None:
    cells = partition(0, 0, 1000, lines[0], lines[1])
    borders = partition(*corner, 1000, lines[2], lines[3])
    borders = [one.buffer(grow, join_style="mitre") for one in borders]  # they may overlap
    people = data.draw(st.lists(st.integers(0, 10**6), min_size=len(cells), max_size=len(cells)))
    table = make_cells({f"c{n}": one for n, one in enumerate(cells)}, [float(n) for n in people])
    districts = make_units(**{f"d{n}": one for n, one in enumerate(borders)})
    if not shapely.union_all(cells).intersection(shapely.union_all(borders)).area > 1:
        return
    member = join(table, districts, split=split)
    inside = totals(member.cells, districts.index, columns=("population",))["population"].sum()
    assert inside + member.outside == pytest.approx(sum(people), rel=1e-9)
    shares = member.cells.groupby("cell_id")["share"].sum()
    assert shares.reindex(table.index).tolist() == pytest.approx([1.0] * len(table), rel=1e-9)
    beyond = shapely.union_all(cells).difference(shapely.union_all(borders)).area
    outside = member.cells.loc[member.cells["district_id"].isna()].area.sum()
    assert outside == pytest.approx(beyond, abs=1e-6 * 1000**2)
    assert member.cells.index.is_unique
    assert set(member.cells.geom_type) <= {"Polygon", "MultiPolygon"}


@given(order=st.permutations(range(4)))
@settings(max_examples=10, deadline=None)
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    shapes = {f"c{n}": shapely.box(3 * n, 0, 3 * n + 5, 9) for n in range(4)}
    cells = make_cells(shapes, [1.0, 2.0, 3.0, 4.0])
    districts = make_units(a=ONE, b=TWO)
    one, other = join(cells, districts), join(cells.iloc[order], districts.iloc[::-1])
    pd.testing.assert_series_equal(one.cells["population"], other.cells["population"])


# ---------------------------------------------------------------- district_of
def test_a_point_on_a_border_belongs_to_the_lowest_id() -> None:
    districts = make_units(b=ONE, a=TWO, c=shapely.box(0, 10, 20, 20))
    points = gpd.GeoSeries.from_xy([10, 5, 10, 5, 99], [5, 5, 10, 10, 99], crs=UTM)
    points = points.set_axis(list("vwxyz"))
    found = district_of(points, districts)
    assert found.to_dict() == {"v": "a", "w": "b", "x": "a", "y": "b", "z": None}
    assert found.name == "district_id"


def test_a_point_beside_a_slanting_border_lies_beyond_it() -> None:
    corner = make_units(a=shapely.Polygon([(0, 0), (10, 0), (0, 10)]))
    points = gpd.GeoSeries.from_xy([4, 6], [4, 6], crs=UTM)
    assert district_of(points, corner).tolist() == ["a", None]


@given(
    xs=st.lists(st.integers(0, 4), min_size=1, max_size=20),
    ys=st.lists(st.integers(0, 4), min_size=1, max_size=20),
    order=st.permutations(range(4)),
)
@settings(max_examples=30, deadline=None)
def test_every_point_has_the_lowest_of_its_districts(
    xs: list[int], ys: list[int], order: list[int]
) -> None:
    squares = {
        f"d{n}": shapely.box(2 * (n % 2), 2 * (n // 2), 2 * (n % 2) + 2, 2 * (n // 2) + 2)
        for n in range(4)
    }
    districts = make_units(**squares).iloc[order]
    pairs = list(zip(xs, ys, strict=False))
    points = gpd.GeoSeries([shapely.Point(*one) for one in pairs], crs=UTM)
    slow = [min(k for k, one in squares.items() if one.intersects(point)) for point in points]
    assert district_of(points, districts).tolist() == slow


def test_places_without_geometry_lie_nowhere() -> None:
    points = gpd.GeoSeries([shapely.Point(), None, shapely.Point(1, 1)], crs=UTM)
    assert district_of(points, make_units(a=ONE)).tolist() == [None, None, "a"]
    assert district_of(points.iloc[:0], make_units(a=ONE)).empty
    with pytest.raises(CRSError, match=r"points .* and districts .* are not in one CRS"):
        district_of(points.to_crs("EPSG:32719"), make_units(a=ONE))


# -------------------------------------------------------------------- totals
def test_totals_are_of_what_is_known_and_unknown_where_nothing_is() -> None:
    cells = pd.DataFrame(
        {"district_id": ["a", "a", "b", None], "population": [1.0, np.nan, np.nan, 9.0]}
    )
    found = totals(cells, pd.Index(["c", "b", "a"]), columns=("population",))["population"]
    assert found.fillna(-1).to_dict() == {"c": -1, "b": -1, "a": 1}


# --------------------------------------------------------------- people_within
def test_people_within_an_area_are_those_of_its_share_of_the_land() -> None:
    cells = make_cells(
        {"a": ONE, "b": TWO, "c": shapely.box(20, 0, 30, 10), "d": shapely.box(90, 0, 99, 9)},
        [80.0, 40.0, float("nan"), 7.0],
    )
    areas = {"slum": shapely.box(5, 0, 12, 10), "all": shapely.box(-1, -1, 31, 11)}
    found = people_within(cells, areas)
    assert list(found) == ["slum", "all"]
    assert found["slum"].fillna(-1).to_dict() == {"a": 80 * 0.5, "b": 40 * 0.2, "c": -1, "d": 0}
    assert found["all"].fillna(-1).to_dict() == {"a": 80, "b": 40, "c": -1, "d": 0}


def test_people_within_are_unknown_where_nobody_counts() -> None:
    found = people_within(make_cells({"a": ONE}), {"slum": ONE})["slum"]
    assert found.isna().tolist() == [True]
    assert found.index.tolist() == ["a"]


# ----------------------------------------------------------------------- means
def test_means_are_over_the_people_whose_value_is_known() -> None:
    index = list("pqrstu")
    values = pd.Series([2.0, 6.0, 100.0, float("nan"), 4.0, 9.0], index=index)
    weight = pd.Series([1.0, 3.0, 5.0, 50.0, 4.0, float("nan")], index=index)
    district = pd.Series(["x", "x", None, "x", "y", "y"], index=index, dtype=object)
    whole, each = means(
        values, weight=weight, district=district, districts=pd.Index(["y", "x", "z"])
    )
    assert whole == (2 * 1 + 6 * 3 + 4 * 4) / 8
    assert each.index.tolist() == ["y", "x", "z"]
    assert each.fillna(-1).tolist() == [4, (2 * 1 + 6 * 3) / 4, -1]


def test_means_without_people_are_unknown() -> None:
    values, weight = pd.Series([2.0, 3.0]), pd.Series([0.0, float("nan")])
    home = pd.Series(["x", "x"])
    whole, each = means(values, weight=weight, district=home, districts=pd.Index(["x"]))
    assert np.isnan(whole)
    assert each.isna().all()


# ---------------------------------------------------------------- largest_part
def test_most_of_a_cell_says_where_it_lies() -> None:
    cells = make_units(
        p=shapely.box(8, 0, 11, 10), q=shapely.box(9, 0, 12, 10), r=shapely.box(50, 0, 60, 9)
    )
    found = largest_part(cells, make_units(a=ONE, b=TWO))
    assert found.to_dict() == {"p": "a", "q": "b", "r": None}
