"""Clean what GTFS says besides the timetable: how often trips run, changes, and prices."""

from typing import cast

import numpy as np
import pandas as pd

from geoequity.sources._gtfs_files import Book, Tables, by_id, text_of
from geoequity.sources._gtfs_times import seconds

_LONGEST_S = 1e9  # no headway, whatever the file says
_BOUND = ("from_route_id", "to_route_id", "from_trip_id", "to_trip_id")
_ZONES = ("origin_id", "destination_id", "contains_id")


def frequencies(
    table: pd.DataFrame | None, trips: pd.DataFrame | None, *, book: Book
) -> pd.DataFrame:
    """
    List how often trips run that run every so many minutes.

    Parameters
    ----------
    table
        ``frequencies.txt`` as it was read.
    trips
        All trips; None where they could not be read.
    book
        Gets the faults.

    Returns
    -------
    frequencies
        As in `Feed`.
    """
    file = "frequencies.txt"
    if table is None:
        return pd.DataFrame(
            {
                "trip_id": pd.Series(dtype=object),
                **{one: pd.Series(dtype=int) for one in ("start_s", "end_s", "headway_s")},
                "exact": pd.Series(dtype=bool),
            }
        )
    known = None if trips is None else trips.index
    book.check_names(file, table["trip_id"], known, target="trip")
    ids, headway = text_of(table["trip_id"]), table["headway_secs"]
    book.check_kinds(file, table["exact_times"], (0, 1), ids=ids)
    start, early = seconds(table["start_time"])
    end, late = seconds(table["end_time"])
    for name, wrong in (("start_time", early), ("end_time", late)):
        if wrong.any():
            book.fault(file, f"{name} is no time such as 7:05:00 in trips", ids[wrong])
    whole = (headway > 0) & (headway % 1 == 0) & (headway < _LONGEST_S)
    if (bad := headway.notna() & ~whole).any():
        book.fault(file, "headway_secs is no whole number above 0 in trips", ids[bad])
    if (turned := end < start).any():
        book.fault(file, "end_time is before start_time in trips", ids[turned])
    book.drop(file, "periods that end as they start", ids[end == start])
    rows = pd.DataFrame(
        {
            "trip_id": ids,
            "start_s": start,
            "end_s": end,
            "headway_s": headway,
            "exact": table["exact_times"] == 1,
        }
    )
    numbers = ["start_s", "end_s", "headway_s"]
    rows = rows[(end > start) & rows[numbers].notna().all(axis=1)].astype(
        dict.fromkeys(numbers, int)
    )
    rows = rows.sort_values(["trip_id", "start_s"], kind="stable").reset_index(drop=True)
    overlap = (rows["trip_id"] == rows["trip_id"].shift()) & (
        rows["start_s"] < rows["end_s"].shift()
    )
    if overlap.any():
        book.record.warn(
            f"{file}: periods overlap, and both run", rows["trip_id"][overlap].unique()
        )
    return rows


def transfers(
    table: pd.DataFrame | None,
    places: pd.DataFrame | None,
    stops: pd.DataFrame | None,
    *,
    book: Book,
) -> pd.DataFrame:
    """
    List the rules of changing; those of a station hold for each of its stops.

    Parameters
    ----------
    table
        ``transfers.txt`` as it was read.
    places
        ``stops.txt`` as it was read; None where it could not be.
    stops
        The stops, with their stations.
    book
        Gets the faults, and the rules that are dropped.

    Returns
    -------
    transfers
        As in `Feed`. What is said of a stop goes before what is said of its
        station.
    """
    file = "transfers.txt"
    columns = ["from_stop", "to_stop", "kind", "min_s"]
    nothing = pd.DataFrame({"from_stop": [], "to_stop": []}, dtype=object).assign(
        kind=pd.Series(dtype=int), min_s=pd.Series(dtype=float)
    )
    if table is None or places is None or stops is None:
        return nothing
    names = table["from_stop_id"].astype(object).fillna("(blank)")
    kinds = table["transfer_type"].fillna(0)
    book.check_kinds(file, table["transfer_type"], (0, 1, 2, 3, 4, 5), ids=names)
    known = by_id(places, "stop_id")
    for end in ("from_stop_id", "to_stop_id"):
        book.check_names(file, table[end], known, target="stop")
    bound = table[list(_BOUND)].notna().any(axis=1) | kinds.isin([4, 5])
    book.drop(file, "changes bound to routes or trips", names[bound])
    table, kinds, names = table[~bound], kinds[~bound], names[~bound]
    blank = table[["from_stop_id", "to_stop_id"]].isna().any(axis=1)
    if blank.any():
        book.fault(file, "from_stop_id or to_stop_id is blank in rows", table.index[blank])
    minimum = table["min_transfer_time"]
    if (bad := (minimum < 0) | ((kinds == 2) & minimum.isna())).any():  # noqa: PLR2004 - timed
        book.fault(file, "min_transfer_time is missing or negative from stops", names[bad])
    rows = pd.DataFrame(
        {
            "from_id": text_of(table["from_stop_id"]),
            "to_id": text_of(table["to_stop_id"]),
            "kind": kinds.astype(int),
            "min_s": minimum,
        }
    )
    within = pd.concat(
        [
            pd.DataFrame({"place": stops.index, "stop": stops.index, "whole": 0}),
            pd.DataFrame({"place": stops["station"], "stop": stops.index, "whole": 1}).dropna(),
        ]
    )
    named = rows[["from_id", "to_id"]].isin(known.dropna()).all(axis=1)
    empty = named & ~rows[["from_id", "to_id"]].isin(within["place"].to_numpy()).all(axis=1)
    book.drop(file, "changes where nothing stops", names[empty])
    for end in ("from", "to"):
        names_of = within.rename(columns={one: f"{end}_{one}" for one in ("stop", "whole")})
        rows = rows.merge(names_of, left_on=f"{end}_id", right_on="place").drop(columns="place")
    rows = rows.assign(wide=rows["from_whole"] + rows["to_whole"]).drop_duplicates(columns)
    rows = rows.sort_values("wide", kind="stable")
    exact = rows[rows["wide"] == 0]
    if (twice := exact.duplicated(["from_stop", "to_stop"], keep=False)).any():
        book.fault(file, "rows that differ share their from_stop_id and to_stop_id",
                   exact["from_stop"][twice])  # fmt: skip
    rows = rows.drop_duplicates(["from_stop", "to_stop"])
    return cast("pd.DataFrame", rows[columns].reset_index(drop=True))


def fares(tables: Tables, routes: pd.DataFrame | None, *, book: Book) -> tuple[pd.DataFrame, str]:
    """
    Price the routes, where a price depends on nothing else.

    Parameters
    ----------
    tables
        As they were read.
    routes
        The routes; None where they could not be read.
    book
        Gets the faults.

    Returns
    -------
    fares, told
        As in `Feed`, and a word on what they are or why there are none. A fare
        without rules holds for every route, of its agency where it names one;
        of several for one route, the cheapest stands.
    """
    table, rules = tables["fare_attributes.txt"], tables["fare_rules.txt"]
    nothing = pd.DataFrame(
        {"price": pd.Series(dtype=float), "currency": pd.Series(dtype=object),
         "transfers": pd.Series(dtype=float)},
    ).rename_axis("route_id")  # fmt: skip
    nothing.index = nothing.index.astype(object)
    if table is None or routes is None or table.empty:
        return nothing, "none"
    file = "fare_attributes.txt"
    ids = text_of(table["fare_id"])
    if (bad := table["price"] < 0).any():
        book.fault(file, "price is negative for fares", ids[bad])
    if (bad := table["transfers"].notna() & ~table["transfers"].isin(range(100))).any():
        book.fault(file, "transfers is no whole number for fares", ids[bad])
    fares = pd.DataFrame(
        {
            "price": table["price"].to_numpy(),
            "currency": text_of(table["currency_type"]).to_numpy(),
            "transfers": table["transfers"].to_numpy(),
            "agency": text_of(table["agency_id"]).to_numpy(),
        },
        index=pd.Index(ids.to_numpy(), name="fare_id"),
    )
    ruled = pd.DataFrame({"fare_id": [], "route_id": []}, dtype=object)
    if rules is not None:
        for column, known, target in (
            ("fare_id", fares.index, "fare"), ("route_id", routes.index, "route"),
        ):  # fmt: skip
            book.check_names("fare_rules.txt", rules[column], known, target=target)
        if rules[list(_ZONES)].notna().any(axis=None):
            return nothing, "left out: they depend on zones"
        ruled = pd.DataFrame({one: text_of(rules[one]) for one in ("fare_id", "route_id")})
    if len(fares["currency"].unique()) > 1:
        return nothing, "left out: they are in several currencies"
    open_ = fares.index[~fares.index.isin(ruled["fare_id"].dropna())]
    free = pd.Index(open_).union(pd.Index(ruled.loc[ruled["route_id"].isna(), "fare_id"]))
    bound = ruled.dropna().merge(fares.reset_index(), on="fare_id")
    open_to_all = fares[fares.index.isin(free)].reset_index()
    everywhere = open_to_all.merge(routes.reset_index()[["route_id"]], how="cross")
    priced = pd.concat([bound, everywhere], ignore_index=True)
    priced["transfers_rank"] = -priced["transfers"].fillna(np.inf)
    of_agency = priced["route_id"].map(routes["agency"])
    priced = priced[priced["agency"].isna() | (priced["agency"] == of_agency)]
    best = priced.sort_values(["price", "transfers_rank"], kind="stable").drop_duplicates(
        "route_id"
    )
    best = best.set_index("route_id")[["price", "currency", "transfers"]]
    return best.reindex(routes.index[routes.index.isin(best.index)]), "by route"
