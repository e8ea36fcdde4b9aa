"""How much of a service there is for the people of a district."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoequity import schema
from geoequity._sums import sums_by
from geoequity.units import district_of, overlap


def services_per(
    services: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, *, base: pd.Series, per: float
) -> pd.Series:
    """
    Count the services of a district against its people.

    Services across a border do not count, however near.

    Parameters
    ----------
    services
        Services, as points or areas; an area counts where its inner point lies.
    districts
        Districts in the same CRS.
    base
        People (or households ...) of each district.
    per
        For how many of them the result is stated.

    Returns
    -------
    services_per
        Services for every ``per`` people, on the districts' index; 0 where
        there is none, NaN where nobody lives or their number is unknown.

    Raises
    ------
    CRSError
        If a CRS is missing or the two differ.
    DataError
        If ``base`` is about other districts.
    """
    schema.check_same_index(base, districts["name"], names=("base", "districts"))
    where = district_of(services.geometry.representative_point(), districts)
    counts = where.value_counts().reindex(districts.index, fill_value=0)
    return per * counts / base.where(base > 0)


def places_per(
    services: gpd.GeoDataFrame,
    districts: gpd.GeoDataFrame,
    *,
    people: pd.Series,
    min_known_share: float,
) -> pd.DataFrame:
    """
    Count the places that the services of a district have against who may take them.

    A service whose capacity is not known is taken to be as large as the known
    ones of its district, on average; a district with too few known is unknown.

    Parameters
    ----------
    services
        Services with ``capacity`` in places; NaN = unknown.
    districts
        Districts in the same CRS.
    people
        Whom the places are for, by district.
    min_known_share
        Share of services with a known capacity [0-1] under which a district is
        unknown.

    Returns
    -------
    places
        Columns ``value``, places a person, and ``known_share`` [0-1], on the
        districts' index; a district without services has 0 places. ``value`` is
        NaN where nobody is, their number is unknown, or too little of the
        capacity is known.

    Raises
    ------
    CRSError
        If a CRS is missing or the two differ.
    DataError
        If ``people`` is about other districts.
    """
    schema.check_same_index(people, districts["name"], names=("people", "districts"))
    where = district_of(services.geometry.representative_point(), districts)
    capacity = services["capacity"].groupby(where)
    counts = capacity.size().reindex(districts.index, fill_value=0)
    known_share = (capacity.count().reindex(districts.index) / counts).fillna(1.0)
    places = (capacity.mean().reindex(districts.index) * counts).where(counts > 0, 0.0)
    value = places.where(known_share >= min_known_share) / people.where(people > 0)
    return pd.DataFrame({"value": value, "known_share": known_share})


def area_per_person(
    services: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, *, population: pd.Series
) -> pd.Series:
    """
    Measure the open or green land of a district against its people.

    Land that is mapped twice counts once; land across a border does not count.

    Parameters
    ----------
    services
        Areas; points among them have no area and are left out.
    districts
        Districts in the same CRS.
    population
        Residents of each district.

    Returns
    -------
    area_per_person
        Square metres a resident, on the districts' index; NaN where nobody
        lives or their number is unknown.

    Raises
    ------
    CRSError
        If a CRS is missing, not metric, or the two differ.
    DataError
        If ``population`` is about other districts.
    """
    schema.check_same_index(population, districts["name"], names=("population", "districts"))
    areas = services[services.geom_type.isin(["Polygon", "MultiPolygon"])]
    pieces = overlap(districts, areas)
    merged = pieces.groupby("left")["geometry"].agg(
        lambda one: shapely.area(shapely.union_all(one.to_numpy()))
    )
    area = merged.reindex(range(len(districts)), fill_value=0.0).astype(float)
    return pd.Series(area.to_numpy(), index=districts.index) / population.where(population > 0)


def known_share(
    values: pd.Series, groups: pd.Series, *, index: pd.Index, min_known_share: float
) -> pd.DataFrame:
    """
    Measure the share of things that have a feature, where that is recorded.

    What is not recorded is left out, as if it were like what is; a group with
    too little on record is unknown.

    Parameters
    ----------
    values
        True or 1, False or 0; missing where not recorded.
    groups
        District of each thing; None outside every district.
    index
        Districts of the result.
    min_known_share
        Share on record [0-1] under which the result is unknown.

    Returns
    -------
    share
        Columns ``share`` and ``known_share`` (both 0-1), on ``index``; NaN
        where there is nothing, or too little on record.
    """
    known = values.notna()
    number = pd.to_numeric(values.astype(object).where(known), errors="coerce").to_numpy(float)
    at = index.get_indexer(groups)  # -1 outside all of them
    columns = [np.ones(len(at)), known.to_numpy(dtype=float), ~np.isnan(number) + 0.0, number]
    there, told, counted, yes = sums_by(at, columns, count=len(index))
    with np.errstate(invalid="ignore"):
        known_share, share = told / there, yes / counted
    share = np.where(known_share >= min_known_share, share, np.nan)
    return pd.DataFrame({"share": share, "known_share": known_share}, index=index)
