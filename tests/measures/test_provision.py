"""How much of a service there is for the people of a district."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geoequity.errors import CRSError, DataError
from geoequity.measures.provision import area_per_person, known_share, places_per, services_per

UTM = "EPSG:32718"
DISTRICTS = gpd.GeoDataFrame(
    {"name": list("ABC")},
    geometry=[shapely.box(10 * n, 0, 10 * n + 10, 10) for n in range(3)],
    crs=UTM,
    index=pd.Index(["a", "b", "c"], name="unit_id"),
)
PEOPLE = pd.Series([200.0, 0.0, np.nan], index=DISTRICTS.index)


def places(*shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes), crs=UTM)


def test_services_are_stated_for_so_many_people() -> None:
    services = places(
        shapely.Point(1, 1),
        shapely.Point(10, 5),  # on the border of a and b
        shapely.box(8, 0, 20, 10),  # its inner point lies in b
        shapely.Point(99, 99),
    )
    found = services_per(services, DISTRICTS, base=PEOPLE, per=1000)
    assert found.fillna(-1).to_dict() == {"a": 2 / 200 * 1000, "b": -1, "c": -1}


def test_districts_without_services_have_none() -> None:
    people = PEOPLE.fillna(1.0) + 1
    assert services_per(places(), DISTRICTS, base=people, per=1).tolist() == [0, 0, 0]


def test_people_must_be_those_of_the_districts() -> None:
    with pytest.raises(DataError, match="base and districts are about different units: b, c"):
        services_per(places(), DISTRICTS, base=PEOPLE[:1], per=1)
    with pytest.raises(DataError, match=r"population and districts list the same .* another order"):
        area_per_person(places(), DISTRICTS, population=PEOPLE[::-1])
    with pytest.raises(CRSError, match="are not in one CRS"):
        services_per(places().to_crs("EPSG:32719"), DISTRICTS, base=PEOPLE, per=1)


def test_land_that_is_mapped_twice_counts_once_and_stops_at_the_border() -> None:
    parks = places(
        shapely.box(5, 0, 15, 2), shapely.box(5, 0, 9, 2), shapely.Point(1, 1),
        shapely.MultiPolygon([shapely.box(0, 8, 1, 9), shapely.box(0, 5, 1, 6)]),
    )  # fmt: skip
    found = area_per_person(parks, DISTRICTS, population=PEOPLE)
    assert found.fillna(-1).to_dict() == {"a": (10 + 1 + 1) / 200, "b": -1, "c": -1}


def test_districts_without_parks_have_no_land() -> None:
    people = PEOPLE.fillna(1.0) + 1
    found = area_per_person(places(shapely.box(0, 0, 1, 1)), DISTRICTS, population=people)
    assert found.tolist() == [1 / 201, 0, 0]


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([True, False, None, True, None]),
        pd.Series(pd.array([True, False, None, True, None], dtype="boolean")),
        pd.Series([1.0, 0.0, np.nan, 1.0, np.nan]),
    ],
)
def test_a_share_is_of_what_is_on_record(values: pd.Series) -> None:
    groups = pd.Series(["a", "a", "a", None, "b"])
    found = known_share(values, groups, index=DISTRICTS.index, min_known_share=0.5)
    assert found["share"].fillna(-1).to_dict() == {"a": 1 / 2, "b": -1, "c": -1}
    assert found["known_share"].fillna(-1).to_dict() == {"a": 2 / 3, "b": 0, "c": -1}


def test_too_little_on_record_is_unknown_from_below_the_limit() -> None:
    values, groups = pd.Series([True, None]), pd.Series(["a", "a"])
    for limit, share in ((0.5, 1), (0.51, -1)):
        found = known_share(values, groups, index=pd.Index(["a"]), min_known_share=limit)
        assert found["share"].fillna(-1).tolist() == [share]


# -------------------------------------------------------------------- places
def schools(*capacity: float, at: tuple[float, ...] = (1, 2, 3, 4)) -> gpd.GeoDataFrame:
    """Schools with places for so many, the first four in a."""
    points = [shapely.Point(x, 5) for x in at[: len(capacity)]]
    return gpd.GeoDataFrame({"capacity": list(capacity)}, geometry=points, crs=UTM)


def test_places_are_stated_for_each_person_they_are_for() -> None:
    found = places_per(
        schools(60.0, 40.0, 30.0, at=(1, 2, 15)),
        DISTRICTS,
        people=pd.Series([200.0, 0.0, 50.0], index=DISTRICTS.index),
        min_known_share=0.5,
    )
    assert found["value"].fillna(-1).to_dict() == {"a": 100 / 200, "b": -1, "c": 0}
    assert found["known_share"].tolist() == [1, 1, 1]
    people = pd.Series([200.0, 60.0, 50.0], index=DISTRICTS.index)
    one = places_per(schools(30.0, at=(15,)), DISTRICTS, people=people, min_known_share=0.5)
    assert one["value"].to_dict() == {"a": 0, "b": 30 / 60, "c": 0}


def test_a_school_whose_places_are_unknown_is_taken_to_be_like_the_others() -> None:
    half = places_per(
        schools(60.0, 40.0, np.nan, np.nan), DISTRICTS, people=PEOPLE, min_known_share=0.5
    )
    assert half.loc["a"].tolist() == [4 * 50 / 200, 0.5]
    few = places_per(
        schools(60.0, 40.0, np.nan, np.nan), DISTRICTS, people=PEOPLE, min_known_share=0.6
    )
    assert np.isnan(few.loc["a", "value"])
    none = places_per(schools(np.nan), DISTRICTS, people=PEOPLE, min_known_share=0.5)
    assert np.isnan(none.loc["a", "value"])
    assert none.loc["a", "known_share"] == 0


def test_places_are_for_the_people_of_the_districts() -> None:
    with pytest.raises(DataError, match="people and districts are about different units: b, c"):
        places_per(schools(1.0), DISTRICTS, people=PEOPLE[:1], min_known_share=0.5)
