"""What the streets of a district are like."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geoequity.errors import CRSError, DataError
from geoequity.measures.streetscape import (
    dead_end_share,
    intersections_per_km2,
    length_per_km2,
    share_of_length,
    street_lengths,
    tagged_share,
)

UTM = "EPSG:32718"
DISTRICTS = gpd.GeoDataFrame(
    {"name": ["A", "B"], "area_m2": [1e6, 1e6]},
    geometry=[shapely.box(0, 0, 1000, 1000), shapely.box(1000, 0, 2000, 1000)],
    crs=UTM,
    index=pd.Index(["a", "b"], name="unit_id"),
)
TAGS = {"yes": ("yes", "limited"), "no": ("no",)}


def make_streets(**lines: list[tuple[float, float]]) -> gpd.GeoDataFrame:
    geometry = [shapely.LineString(one) for one in lines.values()]
    return gpd.GeoDataFrame(geometry=geometry, crs=UTM, index=pd.Index(list(lines)))


STREETS = make_streets(
    inside=[(10, 10), (110, 10)],
    across=[(900, 500), (1200, 500)],
    beyond=[(1900, 10), (2500, 10)],
    away=[(5000, 0), (6000, 0)],
    border=[(1000, 100), (1000, 200)],
)


def test_streets_are_cut_at_borders() -> None:
    found = street_lengths(STREETS, DISTRICTS)
    lengths = found.set_index(["edge_id", "district_id"])["length_m"].to_dict()
    assert lengths == {
        ("inside", "a"): 100,
        ("across", "a"): 100,
        ("across", "b"): 200,
        ("beyond", "b"): 100,
        ("border", "a"): 100,  # on both sides
        ("border", "b"): 100,
    }
    with pytest.raises(CRSError, match=r"streets .* and districts .* are not in one CRS"):
        street_lengths(STREETS.to_crs("EPSG:32719"), DISTRICTS)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.floats(0.5, 1999.5), st.floats(0.5, 999.5)), min_size=2, max_size=4),
        min_size=1,
        max_size=5,
    )
)
def test_no_street_is_lost_within_the_districts(lines: list[list[tuple[float, float]]]) -> None:
    streets = gpd.GeoDataFrame(geometry=[shapely.LineString(one) for one in lines], crs=UTM)
    assume(streets.is_simple.all())  # a border that cuts a street back over itself merges the two
    border = shapely.LineString([(1000, 0), (1000, 1000)])
    doubled = shapely.length(shapely.intersection(streets.geometry.to_numpy(), border)).sum()
    found = street_lengths(streets, DISTRICTS)
    assert found["length_m"].sum() == pytest.approx(streets.length.sum() + doubled)


def shares(tags: dict[str, str | None], *, limit: float = 0.2) -> pd.DataFrame:
    lengths = street_lengths(STREETS.drop("border"), DISTRICTS)
    series = pd.Series(tags, dtype=object)
    return tagged_share(
        lengths, series, **TAGS, index=pd.Index(["a", "b", "c"]), min_known_share=limit
    )


def test_a_share_is_by_length_of_what_is_on_record() -> None:
    found = shares({"inside": "yes", "across": "no", "beyond": None, "away": "yes"})
    assert found["share"].fillna(-1).to_dict() == {"a": 100 / 200, "b": 0, "c": -1}
    assert found["known_share"].fillna(-1).to_dict() == {"a": 1, "b": 200 / 300, "c": -1}


def test_a_value_that_means_neither_is_not_on_record() -> None:
    found = shares({"inside": "limited", "across": "maybe"}, limit=0.5)
    assert found["share"].fillna(-1).to_dict() == {"a": 1, "b": -1, "c": -1}
    assert found["known_share"].fillna(-1).to_dict() == {"a": 0.5, "b": 0, "c": -1}


def test_the_density_of_a_kind_of_street_is_over_land() -> None:
    lengths = street_lengths(STREETS, DISTRICTS)
    chosen = pd.Series({"across": True, "inside": False})
    found = length_per_km2(lengths, chosen, area_m2=DISTRICTS["area_m2"])
    assert found.to_dict() == {"a": 0.1, "b": 0.2}


def test_intersections_are_counted_over_land() -> None:
    points = gpd.GeoSeries.from_xy([5, 1000, 5000], [5, 5, 5], crs=UTM)
    found = intersections_per_km2(points, DISTRICTS.assign(area_m2=[1e6, 5e5]))
    assert found.to_dict() == {"a": 2, "b": 0}  # one lies on the border: to the lowest id


def test_dead_ends_are_a_share_of_all_nodes_of_a_district() -> None:
    districts = pd.concat(
        [DISTRICTS, DISTRICTS[:1].set_axis(["c"]).translate(0, 5000).to_frame("geometry")]
    )
    ends = gpd.GeoSeries.from_xy([5, 6, 7], [5, 5, 5], crs=UTM)
    crossings = gpd.GeoSeries.from_xy([8, 1500, 1600], [5, 5, 5], crs=UTM)
    found = dead_end_share(ends, districts, intersections=crossings)
    assert found.fillna(-1).to_dict() == {"a": 3 / 4, "b": 0, "c": -1}


def test_a_value_of_streets_is_averaged_over_their_length() -> None:
    lengths = street_lengths(STREETS.drop("border"), DISTRICTS)
    value = pd.Series({"inside": 2.0, "across": 5.0, "beyond": float("nan")})
    found = share_of_length(lengths, value, index=pd.Index(["b", "a", "c"]))
    assert found.index.tolist() == ["b", "a", "c"]
    assert found.fillna(-1).tolist() == [5, (2 * 100 + 5 * 100) / 200, -1]
    unknown = share_of_length(lengths, value[["beyond"]], index=pd.Index(["a", "b"]))
    assert unknown.isna().all()


def test_values_find_their_streets_in_any_order_and_by_plain_ids() -> None:
    lengths = street_lengths(STREETS, DISTRICTS)
    plain = lengths.assign(edge_id=lengths["edge_id"].astype(object))
    value = pd.Series(np.arange(1.0, len(STREETS)), index=STREETS.index[:0:-1])  # one is unknown
    chosen, area, ids = value > 2, DISTRICTS["area_m2"], DISTRICTS.index
    for some in (lengths, lengths.iloc[::-1], lengths.set_axis(range(7, 7 + len(lengths)))):
        averages = share_of_length(some, value, index=ids)
        pd.testing.assert_series_equal(averages, share_of_length(plain, value, index=ids))
        assert averages.notna().any()
        pd.testing.assert_series_equal(
            length_per_km2(some, chosen, area_m2=area), length_per_km2(plain, chosen, area_m2=area)
        )


def test_streets_may_have_ids_of_several_columns() -> None:
    places = [(place, place + 1, 0) for place in range(len(STREETS))]
    ids = pd.MultiIndex.from_tuples(places, names=["u", "v", "key"])  # as osmnx has them
    value = pd.Series(np.arange(1.0, 1 + len(STREETS)), index=ids)
    plain = value.set_axis(STREETS.index)
    lengths, usual = (
        street_lengths(STREETS.set_axis(ids), DISTRICTS),
        street_lengths(STREETS, DISTRICTS),
    )
    assert lengths["edge_id"].tolist()[0] == (0, 1, 0)
    index = DISTRICTS.index
    pd.testing.assert_series_equal(
        share_of_length(lengths, value, index=index), share_of_length(usual, plain, index=index)
    )
    area = DISTRICTS["area_m2"]
    pd.testing.assert_series_equal(
        length_per_km2(lengths, value > 2, area_m2=area),
        length_per_km2(usual, plain > 2, area_m2=area),
    )


def test_the_caller_s_districts_are_not_made_ready_for_one_thread() -> None:
    streets, districts = STREETS.copy(), DISTRICTS.copy()
    street_lengths(streets, districts)
    assert not shapely.is_prepared(districts.geometry.to_numpy()).any()


def test_streets_with_the_same_id_are_refused() -> None:
    twice = STREETS.set_axis(["inside", *STREETS.index[1:-1], "inside"])
    with pytest.raises(DataError, match=r"streets.*inside"):
        street_lengths(twice, DISTRICTS)
