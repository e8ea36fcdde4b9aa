"""
The rides of a study: what runs near every home, and what each cell reaches by it.

How often vehicles come is measured from the homes of the walks, as the distance
to a stop is; journeys set out from one point of each cell.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import Point

from geoequity.keeping import FORGETFUL, Kept
from geoequity.measures import proximity, reach, supply
from geoequity.measures.sampled import Sample
from geoequity.schema import HIGH_CAPACITY_MODES, MODES
from geoequity.streets import StreetNetwork, straight_line_costs
from geoequity.summary import plain
from geoequity.transit import Rider, Timetable, hourly_of
from geoequity.units import means_of

LOW_M, HIGH_M = 500.0, 1000.0  # to a stop of low and of high capacity, after SDG 11.2.1
FREQUENT_PER_HOUR = 3.0  # one every 20 minutes
USUAL, NIGHT, WEEKEND = "usual", "night", "weekend"
NIGHT_HOURS = ("23:00", "29:00")
PEOPLE, JOBS = "people", "jobs"
CENTRE = "centre"
TRAVELLED_TO = ("hospital", "school", "university")


@dataclass(frozen=True, kw_only=True)
class Plans:
    """
    How rides are taken.

    Parameters
    ----------
    window
        Departures from home.
    rider
        Who rides.
    kinds
        Categories of services that are travelled to.
    without
        Modes to take out, one after the other.
    centre
        Where the centre of the city is, in the CRS of the study; None where
        nobody says.
    within_min
        Longest journey [minutes].
    boardings
        How often one may board on a budget; None where nobody asks.
    sample
        The cells that journeys set out from; None for all.
    """

    window: tuple[str, str]
    rider: Rider
    kinds: tuple[str, ...]
    without: tuple[str, ...] = ()
    centre: Point | None = None
    within_min: float = 90.0
    boardings: int | None = None
    sample: Sample | None = None


@dataclass(frozen=True, kw_only=True)
class Rides:
    """
    What public transport there is, and what it leads to.

    Parameters
    ----------
    stops
        By stop: ``trips_per_hour`` in the usual window (NaN unknown) and
        ``headway_min`` (NaN where that is unknown or 0).
    near
        Homes by ``departures_per_hour``, the same of each mode
        (``bus_per_hour`` ...), ``night_per_hour``, ``weekend_per_hour``,
        ``frequent_share`` (1 near a stop with a departure every 20 minutes),
        ``service_hours``, and of the routes within reach ``known_share``, of
        which it is known how often they run, with ``night_known_share`` and
        ``weekend_known_share``; None where nobody knows how often anything runs.
    reach
        Cells by what `measures.reach` adds up, ``direct_share``,
        ``<amount>_45min_share_direct``,
        ``<amount>_45min_share_without_<mode>`` and ``budget_share``, what is
        reached in 45 minutes on a budget; None without a timetable. NaN at cells
        that are not in the sample.
    report
        Facts for the summary.
    sample
        The cells that journeys set out from; None for all.
    """

    stops: pd.DataFrame | None = None
    near: pd.DataFrame | None = None
    reach: pd.DataFrame | None = None
    report: dict[str, Any] = field(default_factory=dict)
    sample: Sample | None = None


def supply_of(timetable: Timetable, *, window: tuple[str, str]) -> dict[str, pd.DataFrame]:
    """
    Count the departures at the stops by band of time.

    Parameters
    ----------
    timetable
        On the day of the study.
    window
        The usual window.

    Returns
    -------
    bands
        ``usual`` and ``night`` on the day, ``weekend`` in the usual window of
        the nearest Sunday; without that where the timetable knows no Sunday. As
        `transit.Timetable.supply`, but that all list the same routes at the
        same stops: 0 where one runs in another band only.

    Raises
    ------
    DataError
        If the window is none.
    """
    bands = {
        USUAL: timetable.supply(window=window),
        NIGHT: timetable.supply(window=NIGHT_HOURS),
    }
    days = pd.DatetimeIndex(timetable.feed.days["date"])
    sundays = pd.date_range(days.min(), days.max(), freq="W-SUN")
    served = sundays[sundays.isin(days)]
    sundays = served if len(served) else sundays
    if len(sundays):
        gap = abs(sundays - pd.Timestamp(timetable.date))
        sunday = Timetable(timetable.feed, sundays[gap.argmin()].date())
        bands[WEEKEND] = sunday.supply(window=window)
    keys = ["stop_id", "route_id", "direction", "mode"]
    every = pd.concat([one[keys] for one in bands.values()]).drop_duplicates()
    filled = {name: every.merge(one, on=keys, how="left") for name, one in bands.items()}
    nothing = {"departures": 0, "trips_per_hour": 0.0}
    return {name: one.fillna(nothing).astype({"departures": int}) for name, one in filled.items()}


def untimed_supply(
    stops: gpd.GeoDataFrame, *, routes: gpd.GeoDataFrame, stop_routes: pd.DataFrame
) -> pd.DataFrame:
    """
    Tell how often routes run at stops that no timetable knows.

    Parameters
    ----------
    stops
        Those stops, with ``mode``.
    routes
        Routes with ``mode`` and ``headway_min``.
    stop_routes
        ``stop_id`` and ``route_id`` of the routes that list their stops.

    Returns
    -------
    supply
        As `transit.Timetable.supply`, and ``first_s`` and ``last_s``. A stop at
        which no route is known has one of its own, which runs nobody knows how
        often (NaN).

    Raises
    ------
    DataError
        If a headway is not above 0.
    CRSError
        If CRSs differ.
    """
    hourly = hourly_of(stops, routes, stop_routes=stop_routes).assign(direction=-1)
    bare = stops.index.difference(hourly["stop_id"], sort=False)
    unknown = pd.DataFrame(
        {
            "stop_id": bare,
            "route_id": bare,
            "direction": -1,
            "mode": stops["mode"].reindex(bare).to_numpy(),
            **dict.fromkeys(("trips_per_hour", "first_s", "last_s"), np.nan),
        }
    )
    parts = [one for one in (hourly, unknown) if len(one)] or [unknown]
    return pd.concat(parts, ignore_index=True)


def timetable_report(timetable: Timetable) -> dict[str, Any]:
    """
    Tell what a timetable is, for the summary.

    Parameters
    ----------
    timetable
        On the day of the study.

    Returns
    -------
    report
        ``date``, ``services`` and ``trips`` of that day, also by mode,
        ``frequency_share``, of these trips, of which it is told how often they
        run and not when, and ``feed``, what reading it found.
    """
    table = timetable.feed.frequencies
    loose = timetable.trips["trip_id"].isin(table.loc[~table["exact"].astype(bool), "trip_id"])
    return {
        "date": timetable.date.isoformat(),
        "services": len(timetable.active_services),
        "trips": len(timetable.trips),
        "trips_by_mode": {
            str(mode): int(number)
            for mode, number in timetable.trips["mode"].value_counts().items()
        },
        "frequency_share": float(loose.mean()) if len(loose) else 0.0,
        "feed": timetable.feed.report,
    }


def routes_report(routes: pd.DataFrame) -> dict[str, Any]:
    """
    Tell how often the routes of each mode run, wherever they do.

    Parameters
    ----------
    routes
        Routes with ``mode`` and ``headway_min`` (NaN unknown, infinite where
        nothing leaves in the window).

    Returns
    -------
    report
        By mode: ``routes``; ``known``, of how many it is told how often they
        run; ``running``, of how many of these anything leaves; and of these the
        median ``headway_min`` in one direction (None without any).
    """
    found = {}
    for mode, headway in routes["headway_min"].astype(float).groupby(routes["mode"]):
        running = headway[np.isfinite(headway)]
        found[str(mode)] = {
            "routes": len(headway),
            "known": int(headway.notna().sum()),
            "running": len(running),
            "headway_min": plain(running.median()) if len(running) else None,
        }
    return found


def supply_near(
    bands: Mapping[str, pd.DataFrame],
    hours: pd.DataFrame,
    *,
    homes: gpd.GeoDataFrame,
    stops: gpd.GeoDataFrame,
    network: StreetNetwork | None,
    detour_factor: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Measure what runs near every home.

    Parameters
    ----------
    bands
        Supply at the stops in the usual window and, where a timetable tells, at
        night and at the weekend: ``stop_id``, ``route_id``, ``direction``,
        ``mode``, ``trips_per_hour``.
    hours
        Index ``stop_id``: ``first_s`` and ``last_s`` of the day, NaN where it is
        unknown or nothing runs; every stop of a timetable. May be empty.
    homes
        Where people set out, with ``straight``.
    stops
        Stops with ``mode``, on the ids that `bands` uses.
    network
        The streets; None for the straight line.
    detour_factor
        How much longer than a straight line a walk is, off the network.

    Returns
    -------
    near
        As in `Rides`.
    by_stop
        As ``stops`` in `Rides`.

    Raises
    ------
    CRSError
        If CRSs differ.
    """
    pairs = _stops_near(homes, stops, network=network, detour_factor=detour_factor)
    usual = supply.departures_near(pairs, bands[USUAL], origins=homes.index)
    table = pd.DataFrame({"departures_per_hour": usual["every"]})
    for mode in usual.columns.drop(["every", "known_share"]):
        table[f"{mode}_per_hour"] = usual[mode]
    for band in (NIGHT, WEEKEND):
        if band in bands:
            found = supply.departures_near(pairs, bands[band], origins=homes.index)
            table[f"{band}_per_hour"] = found["every"]
            table[f"{band}_known_share"] = found["known_share"]
    per_hour = bands[USUAL].groupby("stop_id")["trips_per_hour"].sum(min_count=1)
    often = per_hour.reindex(stops.index)
    is_idle = often.index.isin(hours.index) & ~often.index.isin(per_hour.index)
    often = often.mask(is_idle, 0.0)  # whose timetable has nothing in the window
    frequent = often.reindex(pairs["to_id"]).to_numpy() >= FREQUENT_PER_HOUR
    table["frequent_share"] = (
        pd.Series(frequent, index=pairs["from_id"]).groupby(level=0).any().astype(float)
    ).reindex(homes.index, fill_value=0.0)
    table.loc[usual["every"].isna(), "frequent_share"] = np.nan
    table["known_share"] = usual["known_share"]
    if len(hours):
        served = hours.reindex(pairs["to_id"]).set_axis(pairs["from_id"])
        span = served["last_s"].groupby(level=0).max() - served["first_s"].groupby(level=0).min()
        table["service_hours"] = (span / 3600).reindex(homes.index)
        is_idle = usual["known_share"].isna() & table["service_hours"].isna()
        table.loc[is_idle, "service_hours"] = 0.0  # no stop at all, or none that is served
    with np.errstate(divide="ignore"):
        headway = 60 / often.to_numpy(dtype=float)
    by_stop = pd.DataFrame({"trips_per_hour": often, "headway_min": headway})
    return table, by_stop.replace(np.inf, np.nan)


def _stops_near(
    homes: gpd.GeoDataFrame,
    stops: gpd.GeoDataFrame,
    *,
    network: StreetNetwork | None,
    detour_factor: float,
) -> pd.DataFrame:
    """List the stops within reach of each home, on the level, as SDG 11.2.1 asks."""
    stops = stops.set_geometry(stops.representative_point())  # of stations drawn as areas
    is_high = stops["mode"].isin(HIGH_CAPACITY_MODES)
    straight = homes["straight"].to_numpy(dtype=bool) | (network is None)
    level = None if network is None else network.levelled()
    found = []
    for some, limit_m in ((stops[~is_high], LOW_M), (stops[is_high], HIGH_M)):
        if some.empty:
            continue
        if level is not None and not straight.all():
            within = limit_m / level.walker.m_per_min
            found.append(level.costs(homes[~straight].geometry, some.geometry, within_min=within))
        if straight.any():
            guess = {"detour_factor": detour_factor, "speed_kmh": 6.0}  # 100 m a minute
            walks = straight_line_costs(
                homes[straight].geometry, some.geometry, within_min=limit_m / 100, **guess
            )
            found.append(walks)
    columns = ["from_id", "to_id"]
    if not found:
        return pd.DataFrame({one: pd.Series(dtype=object) for one in columns})
    return pd.concat(found, ignore_index=True)[columns]


def ride(
    timetable: Timetable,
    *,
    cells: gpd.GeoDataFrame,
    services: gpd.GeoDataFrame,
    network: StreetNetwork | None,
    plans: Plans,
    kept: Kept = FORGETFUL,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """
    Travel from every cell to all others and to all services.

    Parameters
    ----------
    timetable
        What runs.
    cells
        Cells with ``district_id``, ``population`` and, where they are counted,
        ``jobs``. Those outside all districts set out as well, but neither
        their people nor their jobs are the city's.
    services
        Services with ``category``.
    network
        The streets; None for the straight line.
    plans
        How rides are taken.
    kept
        What was ridden before: where nothing but services changed, none but new
        places are travelled to. For this the seconds to every place stay in memory,
        four bytes for each and each cell that people set out from.

    Returns
    -------
    reach
        As in `Rides`; no columns where neither people nor jobs are counted.
    report
        ``weighed_by``, ``journeys``, how many pairs were looked at, ``sampled``,
        from how many cells people set out (absent if from all), and ``draws`` of
        departures that nobody tells, ``max_walk_min``, the longest walk at either
        end, and ``max_afoot_min``, all the way [minutes].

    Raises
    ------
    CRSError
        If CRSs differ.
    """
    points = cells.representative_point()
    amounts = pd.DataFrame(
        {
            name: _of_the_city(cells, column)
            for name, column in ((JOBS, "jobs"), (PEOPLE, "population"))
            if column in cells
        }
    )
    amounts = amounts.loc[:, amounts.sum() > 0]
    if amounts.columns.empty:
        return pd.DataFrame(index=cells.index), {}
    by = str(amounts.columns[0])
    origins = points if plans.sample is None else points[plans.sample.stands_for.index]
    held = kept.in_memory()
    kinds = _kinds(services, plans)
    places = pd.concat([gpd.GeoSeries(crs=cells.crs), *kinds.values()])
    places = places[~places.index.duplicated()]

    def journeys(
        some: Timetable, rider: Rider, to: Iterable[Point], **how: Any
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return some.spread(
            origins,
            gpd.GeoSeries(list(to), crs=cells.crs),
            streets=network,
            window=plans.window,
            within_min=plans.within_min,
            percentiles=reach.PERCENTILES,
            rider=rider,
            **how,
        )

    def added_up(found: Iterable[tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:
        return reach.reach_of(found, amounts, weighed_by=by, origins=origins.index)

    def reached(some: Timetable, rider: Rider) -> pd.DataFrame:
        return added_up(journeys(some, rider, points))

    def seconds_to(some: Iterable[str]) -> dict[str, np.ndarray]:
        goals = places[list(some)]
        seconds = _room(goals, origins)
        deque(_noted(journeys(timetable, plans.rider, goals, kept=held), seconds), maxlen=0)
        return dict(zip(goals.index, seconds.T, strict=True))

    # To cells and to places at once, or to those places alone that are new
    def ridden(which: list[str]) -> dict[str, pd.DataFrame]:
        found, known = {}, {}
        if "cells" in which:
            seconds = _room(places, origins)
            to_all = [*points, *places]
            every = journeys(timetable, plans.rider, to_all, changing=True, kept=held)
            table = added_up(_noted(every, seconds))
            found["cells"] = _without_parts(table, timetable, plans, reached)
            known = dict(zip(places.index, seconds.T, strict=True))
        asked = [one for one in which if one != "cells"]
        to = held.each(
            "seconds",
            {place: of for one in asked for place in kinds[one].index},
            lambda some: known or seconds_to(some),
        )
        for one in asked:
            minutes = (to[place].astype(float) / 60 for place in kinds[one].index)
            found[one] = reach.count_of(minutes, kind=one, origins=origins.index)
        return found

    of = (timetable, cells, network, plans)
    wanted = {one: (*of, some.index) for one, some in kinds.items()}
    parts = kept.each("reach", {"cells": of, **wanted}, ridden)
    table = pd.concat(parts.values(), axis=1)
    first = reach.columns_of(amounts.columns, kinds=kinds)
    table = table[list(dict.fromkeys([*first, *table.columns]))].reindex(cells.index)
    return table, {
        "weighed_by": by,
        "journeys": len(origins) * (len(cells) + sum(map(len, kinds.values()))),
        **({} if plans.sample is None else {"sampled": len(origins)}),
        "draws": plans.rider.draws,
        "max_walk_min": plans.rider.max_walk_min,
        "max_afoot_min": plans.rider.afoot_min,
    }


def _kinds(services: gpd.GeoDataFrame, plans: Plans) -> dict[str, gpd.GeoSeries]:
    """Sort the places that journeys lead to by kind; they are known by where they are."""
    found = {
        kind: services.loc[services["category"] == kind].representative_point()
        for kind in plans.kinds
    }
    if plans.centre is not None:
        found[CENTRE] = gpd.GeoSeries([plans.centre], crs=services.crs)
    return {
        kind: some.set_axis(shapely.to_wkb(some.to_numpy(), hex=True))
        for kind, some in sorted(found.items())
        if len(some)
    }


def _room(goals: gpd.GeoSeries, origins: gpd.GeoSeries) -> np.ndarray:
    """Make room for seconds at the median departure; there are halves, and none is rounded."""
    return np.empty((len(origins), len(goals)), dtype="float32")


def _noted(
    journeys: Iterable[tuple[np.ndarray, np.ndarray]], seconds: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Note how far the last destinations are from each origin, and pass the others on."""
    for at, (minutes, change_min) in enumerate(journeys):
        before = minutes.shape[1] - seconds.shape[1]
        seconds[at] = minutes[reach.MIDDLE, before:] * 60
        yield minutes[:, :before], change_min[:before]


def _without_parts(
    every: pd.DataFrame,
    timetable: Timetable,
    plans: Plans,
    reached: Callable[[Timetable, Rider], pd.DataFrame],
) -> pd.DataFrame:
    """Set what is reached beside what is without changing, without a mode, and on a budget."""
    direct = reached(timetable, replace(plans.rider, max_transfers=0))
    by = PEOPLE if f"{JOBS}_{reach.USUAL_MIN}min_share" not in every else JOBS
    usual = f"{by}_{reach.USUAL_MIN}min_share"
    table = every.assign(direct_share=reach.direct_share(every, direct, amount=by))
    table[f"{usual}_direct"] = direct[usual]
    for mode in plans.without:
        left = reached(timetable.without([mode]), plans.rider)
        for name in (JOBS, PEOPLE):
            column = f"{name}_{reach.USUAL_MIN}min_share"
            if column in every:
                table[f"{column}_without_{mode}"] = left[column]
    if plans.boardings is not None:
        # Who cannot pay for one ride walks
        afoot = plans.boardings == 0
        some = timetable.without(MODES) if afoot else timetable
        most = min(plans.rider.max_transfers, max(plans.boardings - 1, 0))
        paid = reached(some, replace(plans.rider, max_transfers=most))
        table["budget_share"] = paid[usual]
    return table


def _of_the_city(cells: gpd.GeoDataFrame, column: str) -> pd.Series:
    """Count what cells hold: nothing where it is unknown, or outside all districts."""
    return cells[column].where(cells["district_id"].notna(), 0.0).fillna(0.0)


def by_district(
    rides: Rides,
    *,
    homes: gpd.GeoDataFrame | None,
    cells: pd.DataFrame | None,
    districts: pd.Index,
    kept: Kept = FORGETFUL,
) -> pd.DataFrame:
    """
    Average all that was measured of public transport over the people of districts.

    Parameters
    ----------
    rides
        The rides.
    homes
        The homes of the walks; None without cells.
    cells
        Cells with ``district_id`` and ``population``; None without cells.
    districts
        Ids of the districts.
    kept
        What stands near homes, where that is as it was.

    Returns
    -------
    table
        Districts by the columns of ``near`` and of ``reach``, NaN where nothing
        is known; no columns where nobody was counted.
    """
    if homes is None or cells is None or "population" not in cells:
        return pd.DataFrame(index=districts)
    people = cells["population"].fillna(0.0)
    over = _numbered(cells, districts)
    frames = []
    if rides.near is not None:
        near = rides.near

        def near_by_district() -> pd.DataFrame:
            at_cells = proximity.over_homes(near, homes=homes, cells=cells.index)
            return means_of(at_cells, weight=people, **over)[1]

        of = (near, homes, cells.index, people, over)
        frames.append(kept.once("near by district", near_by_district, *of))
    if rides.reach is not None:
        frames.append(means_of(rides.reach, weight=_stood_for(rides, people), **over)[1])
    table = pd.concat(frames, axis=1) if frames else pd.DataFrame(index=over["districts"])
    return table.set_axis(districts)


def _numbered(cells: pd.DataFrame, districts: pd.Index) -> dict[str, Any]:
    """Give districts numbers, which many means are quicker sorted by than by names."""
    at = districts.get_indexer(cells["district_id"])  # -1 outside all of them
    return {
        "district": pd.Series(at, index=cells.index),
        "districts": pd.RangeIndex(len(districts)),
    }


def _stood_for(rides: Rides, people: pd.Series) -> pd.Series:
    """Count the people whom each cell of a sample stands for, or those of every cell."""
    if rides.sample is None:
        return people
    return rides.sample.stands_for.reindex(people.index, fill_value=0.0)


def transit_report(
    rides: Rides, *, cells: gpd.GeoDataFrame | None, districts: pd.Index
) -> dict[str, Any]:
    """
    Tell the rides of a study for its summary.

    Parameters
    ----------
    rides
        The rides.
    cells
        Cells with ``district_id`` and ``population``; None without cells.
    districts
        Ids of the districts.

    Returns
    -------
    told
        ``timetable``: what `timetable_report` tells, None without one;
        ``mean``: by column of ``reach`` the mean over the residents of whose
        cell it is known; ``without``: by mode ``amount`` (jobs or people), the mean
        share reached within 45 minutes ``with`` it and ``without``, and
        ``districts``, the same by district. Empty where nobody was counted.
    """
    told: dict[str, Any] = {"timetable": rides.report or None, "mean": {}, "without": {}}
    if rides.reach is None or cells is None or "population" not in cells:
        return told
    people = _of_the_city(cells, "population")
    if not people.sum() > 0:
        return told
    over = _numbered(cells, districts)
    city, each = means_of(rides.reach, weight=_stood_for(rides, people), **over)
    told["mean"] = {key: plain(one) for key, one in city.items()}
    amount = rides.report.get("weighed_by")
    whole = f"{amount}_{reach.USUAL_MIN}min_share"
    for column in rides.reach.columns:
        stem, _, mode = column.partition("_without_")
        if not mode or stem != whole:
            continue
        both = zip(districts, each[whole], each[column], strict=True)
        told["without"][mode] = {
            "amount": amount,
            "with": plain(city[whole]),
            "without": plain(city[column]),
            "districts": {
                str(one): {"with": plain(full), "without": plain(less)} for one, full, less in both
            },
        }
    return told
