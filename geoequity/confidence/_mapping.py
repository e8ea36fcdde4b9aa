"""What is mapped in each district, by whom and when, and what official lists say of it."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geoequity import schema
from geoequity.errors import DataError, shown
from geoequity.units import district_of

SAME_PLACE_M = 100.0  # from a place of an official list, the map's is the same
AGREEMENT_COLUMNS = ["unit_id", "category", "listed", "mapped"]
_COUNTED = {"buildings": "building", "services": "service"}
_ELEMENT_COLUMNS = ("kind", "element", "length_m", "edited", "uid")
_DAYS = 365.25


def mapping_of(elements: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> pd.DataFrame:
    """
    Add up what is mapped in each unit.

    An element counts where its point lies: a stretch of street in the unit of
    its middle. What the whole extract has nowhere in the units, such as
    buildings where it was asked for services alone, is unknown and not zero; a
    building that is a service tells of services only.

    Parameters
    ----------
    elements
        Mapped stretches of street, buildings and services as points in the CRS
        of the units: ``kind`` (street, building, service), ``element``, its name,
        ``length_m`` of streets, ``edited`` (UTC; NaT unknown) and ``uid`` (NaN unknown) of the
        last edit.
    units
        Districts or cells.

    Returns
    -------
    mapping
        The table ``mapping``, on the index of the units: ``street_m``,
        ``buildings``, ``services``; ``edits``, the last edits that can be told
        apart (one person on one day, or one day where no hands are known);
        ``contributors``, people who made them; ``last_edit`` and
        ``middle_edit`` (UTC), the newest and the median one; and
        ``edit_age_years``, how much older the median one is than the newest of
        the extract. NaN or NaT where unknown.

    Raises
    ------
    CRSError
        If a CRS is missing or the two differ.
    DataError
        If a column is absent.
    """
    schema.check_columns(elements, _ELEMENT_COLUMNS, name="elements")
    table = pd.DataFrame(elements[list(_ELEMENT_COLUMNS)])
    table["unit"] = units.index.get_indexer(district_of(elements.geometry, units))
    is_building, is_service = (table["kind"].to_numpy() == one for one in _COUNTED.values())
    counts = table["unit"].to_numpy() >= 0
    served = table["element"][is_service]
    counts[is_building] &= ~table["element"][is_building].isin(served).to_numpy()
    inside = table[counts]
    grouped = inside.groupby("unit")
    found = pd.DataFrame(index=units.index)

    def of_units(values: pd.Series, *, nothing: Any = None) -> pd.api.extensions.ExtensionArray:
        return values.reindex(range(len(units)), fill_value=nothing).array

    found["street_m"] = of_units(grouped["length_m"].sum(), nothing=0.0)
    for name, kind in _COUNTED.items():
        of_kind = inside["kind"].eq(kind).groupby(inside["unit"]).sum()
        found[name] = of_units(of_kind, nothing=0).astype(float)
    for name in ("street_m", *_COUNTED):
        if not found[name].any():
            found[name] = np.nan
    dated = inside.dropna(subset="edited")
    dated = dated.assign(day=dated["edited"].dt.floor("D"))
    sessions = dated.drop_duplicates(["unit", "day", "uid"]).groupby("unit").size()
    people = inside.groupby("unit")["uid"].nunique()  # unknown hands are nobody's
    for name, count, known in (
        ("edits", sessions, not dated.empty),
        ("contributors", people, bool(inside["uid"].notna().any())),
    ):
        found[name] = of_units(count, nothing=0).astype(float) if known else np.nan
    edited = dated.groupby("unit")["edited"]
    found["last_edit"] = of_units(edited.max())
    found["middle_edit"] = of_units(edited.median())
    newest = table["edited"].max()
    age = (newest - found["middle_edit"]).dt.total_seconds() / 86_400 / _DAYS
    found["edit_age_years"] = age.astype(float)
    return found


def agreement(
    mapped: gpd.GeoDataFrame, listed: gpd.GeoDataFrame, *, districts: gpd.GeoDataFrame
) -> pd.DataFrame:
    """
    Count how many places of official lists the map has, too.

    Parameters
    ----------
    mapped
        Services of the map, with ``category``.
    listed
        Places of official lists, with ``category``.
    districts
        Districts, all in one CRS.

    Returns
    -------
    agreement
        Columns ``unit_id``, ``category``, ``listed`` and ``mapped``, of those
        listed the ones with a service of their category on the map within
        100 m. A category that the map has nowhere does not stand here.

    Raises
    ------
    CRSError
        If a CRS is missing or two differ.
    DataError
        If a column is absent.
    """
    for frame, name in ((mapped, "mapped"), (listed, "listed")):
        schema.check_columns(frame, ["category"], name=name)
    schema.check_same_crs(mapped, listed, names=("mapped", "listed"))
    rows = []
    for category, places in listed.groupby("category"):
        there = mapped[mapped["category"] == category]
        if there.empty:
            continue
        near = there.sindex.nearest(places.geometry, return_all=False, max_distance=SAME_PLACE_M)[0]
        found = pd.Series(data=False, index=places.index)
        found.iloc[near] = True
        where = district_of(places.geometry.representative_point(), districts)
        counts = pd.DataFrame({"unit_id": where, "mapped": found}).dropna(subset="unit_id")
        one = counts.groupby("unit_id")["mapped"].agg(["size", "sum"]).reset_index()
        rows.append(
            one.rename(columns={"size": "listed", "sum": "mapped"}).assign(category=category)
        )
    columns = ["unit_id", "category", "listed", "mapped"]
    return pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns)


def check_agreement(table: pd.DataFrame) -> None:
    """
    Refuse a table that finds more places than are listed.

    Parameters
    ----------
    table
        As :func:`agreement` makes it.

    Raises
    ------
    DataError
        If a column is absent, or a count is unknown, negative or over its list.
    """
    schema.check_columns(table, AGREEMENT_COLUMNS, name="agreement")
    bad = ~((table["mapped"] >= 0) & (table["mapped"] <= table["listed"]))
    if bad.any():
        ids = table.loc[bad, "unit_id"]
        msg = f"agreement: more places mapped than listed, or unknown: {shown(ids)}"
        raise DataError(msg, ids=ids)
