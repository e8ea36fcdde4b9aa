"""Join the timetables of several feeds: one stop once, and no id with two meanings."""

from collections.abc import Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from scipy.spatial import cKDTree

from geoequity.sources._gtfs_tables import Part
from geoequity.sources.files import plain_name
from geoequity.transit import Feed

SAME_STOP_M = 20.0
_NEAR_CANDIDATES = 16  # stops of one name so close to one place are never more


def joined(parts: Sequence[Part]) -> tuple[Part, int]:
    """
    Join feeds, one after the other.

    Parameters
    ----------
    parts
        Feeds, cleaned.

    Returns
    -------
    part, merged
        All of them in one, and how many stops were found to be one of an
        earlier feed.
    """
    whole, merged = parts[0], 0
    for number, part in enumerate(parts[1:], start=2):
        whole, more = _two(whole, part, number=number)
        merged += more
    return whole, merged


def _two(whole: Part, part: Part, *, number: int) -> tuple[Part, int]:
    """Join a feed to those before it."""
    old, new = whole.feed, part.feed
    station_of = _same_places(whole.stations, part.stations)
    station_of |= _fresh(whole.stations.index, part.stations.index, station_of, number)
    stations = part.stations.rename(index=station_of)
    same = _same_places(old.stops, new.stops)
    stop_of = same | _fresh(old.stops.index, new.stops.index, same, number)
    stops = new.stops.assign(station=_renamed(new.stops["station"], station_of))
    stops = stops.rename(index=stop_of)

    agency_of = _clashes(_rows(whole.agencies), _rows(part.agencies), number)
    agencies = part.agencies.rename(index=agency_of)
    routes = new.routes.assign(agency=_renamed(new.routes["agency"], agency_of))
    route_of = _clashes(_rows(old.routes), _rows(routes), number)
    routes = routes.rename(index=route_of)
    service_of = _clashes(_groups(old.days, "service_id"), _groups(new.days, "service_id"), number)
    # A service that runs on no day has no rows among the days, and is still not another's
    idle = set(new.trips["service_id"]) - set(new.days["service_id"])
    idle_old = set(old.trips["service_id"]) - set(old.days["service_id"])
    taken = {*old.trips["service_id"], *old.days["service_id"]}
    own = {*new.days["service_id"]}
    odd = [one for one in idle if one in taken - idle_old] + [one for one in own if one in idle_old]
    service_of |= {one: _free(one, number, taken) for one in odd}
    days = new.days.assign(service_id=_renamed(new.days["service_id"], service_of))
    shape_of = _clashes(_lines(old.shapes), _lines(new.shapes), number)
    shapes = new.shapes.rename(index=shape_of)

    trips = new.trips.assign(
        route_id=_renamed(new.trips["route_id"], route_of),
        service_id=_renamed(new.trips["service_id"], service_of),
        shape_id=_renamed(new.trips["shape_id"], shape_of),
    )
    stop_times = new.stop_times.assign(stop_id=_renamed(new.stop_times["stop_id"], stop_of))
    fares = new.fares.rename(index=route_of)
    runs = (trips, stop_times, new.frequencies)
    trip_of = _clashes(
        _runs(old.trips, old.stop_times, old.frequencies, shared=trips.index),
        _runs(*runs, shared=old.trips.index),
        number,
    )
    shared = trips.index.intersection(old.trips.index).difference(list(trip_of))
    trips, stop_times, frequencies = (
        trips.drop(shared).rename(index=trip_of),
        *(
            one[~one["trip_id"].isin(shared)].assign(
                trip_id=lambda table: _renamed(table["trip_id"], trip_of)
            )
            for one in runs[1:]
        ),
    )
    transfers = new.transfers.assign(
        from_stop=_renamed(new.transfers["from_stop"], stop_of),
        to_stop=_renamed(new.transfers["to_stop"], stop_of),
    )
    feed = Feed(
        stops=_once(old.stops, stops),
        routes=_once(old.routes, routes),
        trips=_both(old.trips, trips),
        stop_times=_both(old.stop_times, stop_times, ordered=True),
        days=_both(old.days, days, ordered=True).drop_duplicates(ignore_index=True),
        frequencies=_both(old.frequencies, frequencies, ordered=True),
        transfers=_both(old.transfers, transfers, ordered=True).drop_duplicates(
            ["from_stop", "to_stop"], ignore_index=True
        ),
        fares=_once(old.fares, fares),
        shapes=_once(old.shapes, shapes),
    )
    return replace(
        whole,
        feed=feed,
        agencies=_once(whole.agencies, agencies),
        stations=_once(whole.stations, stations),
        filled={rule: whole.filled[rule] + part.filled[rule] for rule in whole.filled},
        fares="; ".join(dict.fromkeys((whole.fares, part.fares))),
    ), len(same)


def _both(old: pd.DataFrame, new: pd.DataFrame, *, ordered: bool = False) -> pd.DataFrame:
    """Put rows below each other; an empty table has no say in the types of columns."""
    tables = [one for one in (old, new) if len(one)] or [old]
    whole = pd.concat(tables, ignore_index=ordered)
    return whole if ordered else whole.set_axis(whole.index.astype(object).rename(old.index.name))


def _once(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Add the rows whose ids are not there yet."""
    whole = _both(old, new[~new.index.isin(old.index)])
    return whole if not isinstance(old, gpd.GeoDataFrame) else gpd.GeoDataFrame(whole)


def _renamed(values: pd.Series, name_of: dict[str, str]) -> pd.Series:
    """Give ids their new names."""
    if not name_of:
        return values
    names = [name_of.get(one, one) for one in values]
    return pd.Series(names, index=values.index, name=values.name, dtype=object)


def _free(name: str, number: int, taken: set[str]) -> str:
    """Prefix an id with the number of its feed, until nothing else is called so."""
    while name in taken:
        name = f"{number}:{name}"
    return name


def _fresh(old: pd.Index, new: pd.Index, same: dict[str, str], number: int) -> dict[str, str]:
    """Rename places that are not one of an earlier feed's but are called as one."""
    taken = {*old}
    return {
        one: _free(one, number, taken | {*new}) for one in new if one in taken and one not in same
    }


def _clashes(old: pd.Series, new: pd.Series, number: int) -> dict[str, str]:
    """Rename ids that stand for something else in an earlier feed."""
    both = new.index.intersection(old.index)
    differ = both[(new.loc[both] != old.loc[both]).to_numpy()]
    taken = {*old.index, *new.index}
    return {one: _free(one, number, taken) for one in differ}


def _rows(table: pd.DataFrame) -> pd.Series:
    """Fingerprint the rows of a table."""
    return pd.util.hash_pandas_object(table.astype(object).where(table.notna(), None), index=False)


def _groups(table: pd.DataFrame, column: str, *, ordered: bool = False) -> pd.Series:
    """Fingerprint all rows of each id together."""
    if table.empty:
        return pd.Series([], dtype="uint64", index=pd.Index([], dtype=object))
    place = table.groupby(column).cumcount() if ordered else pd.Series(0, index=table.index)
    each = pd.util.hash_pandas_object(table.assign(place=place), index=False)
    return each.groupby(table[column].to_numpy()).sum()


def _lines(shapes: gpd.GeoDataFrame) -> pd.Series:
    """Fingerprint the lines of shapes."""
    return pd.Series(shapely.to_wkb(shapes.geometry.to_numpy()), index=shapes.index, dtype=object)


def _runs(
    trips: pd.DataFrame, stop_times: pd.DataFrame, frequencies: pd.DataFrame, *, shared: pd.Index
) -> pd.Series:
    """Fingerprint trips with all that they do, as far as other feeds know their ids."""
    trips = trips[trips.index.isin(shared)]
    mine = [one[one["trip_id"].isin(trips.index)] for one in (stop_times, frequencies)]
    calls = _groups(mine[0], "trip_id", ordered=True)
    often = _groups(mine[1], "trip_id").reindex(trips.index, fill_value=np.uint64(0))
    rows = _rows(trips)
    return rows + calls.reindex(rows.index).astype("uint64") + often.astype("uint64")


def _same_places(old: pd.DataFrame, new: pd.DataFrame) -> dict[str, str]:
    """Find the places of a feed that are those of an earlier one: near, and of one name or id."""
    old = old[old[["lon", "lat"]].notna().all(axis=1)]
    new = new[new[["lon", "lat"]].notna().all(axis=1)]
    if old.empty or new.empty:
        return {}
    geocentric = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    there, here = (
        np.column_stack(
            geocentric.transform(one["lon"].to_numpy(), one["lat"].to_numpy(), np.zeros(len(one)))
        )
        for one in (old, new)
    )
    tree = cKDTree(there)
    number = min(_NEAR_CANDIDATES, len(old))
    _, near = tree.query(here, k=np.arange(1, number + 1), distance_upper_bound=SAME_STOP_M)
    names, others = ([_plain(one) for one in table["name"]] for table in (old, new))
    same = {}
    for place, candidates in enumerate(near):
        for one in candidates[candidates < len(old)]:
            if new.index[place] == old.index[one] or (
                others[place] is not None and others[place] == names[one]
            ):
                same[new.index[place]] = old.index[one]
                break
    return same


def _plain(name: object) -> str | None:
    """Reduce a name to what people mean by it; None where there is none."""
    return plain_name(name) or None if isinstance(name, str) else None
