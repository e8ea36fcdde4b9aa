"""
Carry edits of public transport into timetables, and into tables of stops and routes.

Departures of which only the frequency is told are drawn row by row of the table of
frequencies. Rows of trips that are gone therefore stay in it, where they tell of
nothing, and new ones come last: all other vehicles leave when they left before.
"""

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoequity.collect import Collected
from geoequity.errors import shown
from geoequity.scenario._edits import Edits, Headway, Line, Stop
from geoequity.sources.osm_tags import STOP_FEATURES
from geoequity.sources.services import TIMETABLE, timed_stops
from geoequity.transit import Feed, window_of

if TYPE_CHECKING:
    from geoequity.scenario._amend import Site

SCENARIO = "scenario"
_OF_FEED = f"{TIMETABLE}/"
_OFF_M = 500.0  # from the way of a route, a stop is no stop of it
_BESIDE_M = 30.0  # from its line, where no timetable tells
_MIN_S = 60.0
_AGAIN = "again:"  # before the id of a trip that runs otherwise
_KM_H = 3.6  # km/h to a metre a second


def with_transit(sources: Collected, edits: Edits, site: "Site") -> Collected:
    """
    Carry edits of public transport into the sources.

    Parameters
    ----------
    sources
        What was read.
    edits
        What is changed.
    site
        Where things may be built; gets every fault.

    Returns
    -------
    sources
        With the edits in them, as far as they have no fault.
    """
    if not (edits.stop or edits.line or edits.headway or edits.without):
        return sources
    made = _Transit(sources, edits, site)
    made.without()
    for number, headway in enumerate(edits.headway):
        made.headway(headway, f"headway.{number}")
    for number, stop in enumerate(edits.stop):
        made.stop(stop, f"stop.{number}")
    for number, line in enumerate(edits.line):
        made.line(line, f"line.{number}")
    return made.sources()


class _Transit:
    """The tables of public transport, on their way through the edits."""

    def __init__(self, sources: Collected, edits: Edits, site: "Site") -> None:
        self._as_was = sources
        self._edits = edits
        self._site = site
        self._feed = sources.feed
        self._stops = sources.stops
        self._routes = sources.routes
        self._pairs = sources.stop_routes
        self._timed: set[str] = set()
        if sources.feed is not None:
            self._timed = set(sources.feed.routes["mode"])

    def sources(self) -> Collected:
        """Put the tables back; stops of the timetable follow from what calls there."""
        sources, feed = self._as_was, self._feed
        if feed is None:
            return replace(sources, stops=self._stops, routes=self._routes, stop_routes=self._pairs)
        timed = timed_stops(feed, crs=sources.districts.crs, study_area=sources.area)
        old = self._stops.index.isin(sources.timed_stops.index)
        known = self._stops[old].reindex(timed.index)
        told = timed.drop(columns="feed_id")
        for one in STOP_FEATURES:
            told[one] = known[one].astype("boolean")
        return replace(
            sources,
            feed=feed,
            stops=pd.concat([self._stops[~old], told]),
            timed_stops=timed["feed_id"],
            routes=self._routes,
            stop_routes=self._pairs,
        )

    def _fault(self, key: str, what: str) -> None:
        self._site.faults.append(f"{key}: {what}")

    # ------------------------------------------------------------------ modes
    def without(self) -> None:
        """Take modes out."""
        for number, one in enumerate(self._edits.without):
            mode = one.mode
            there = (self._stops["mode"] == mode).any() or (self._routes["mode"] == mode).any()
            if not there and mode not in self._timed:
                self._fault(f"without.{number}.mode", f"nothing runs as {mode}")
        gone = {one.mode for one in self._edits.without}
        if not gone:
            return
        self._stops = self._stops[~self._stops["mode"].isin(gone)]
        self._routes = self._routes[~self._routes["mode"].isin(gone)]
        if len(self._pairs):
            kept = self._pairs["stop_id"].isin(self._stops.index)
            kept &= self._pairs["route_id"].isin(self._routes.index)
            self._pairs = self._pairs[kept].reset_index(drop=True)
        feed = self._feed
        if feed is not None:
            routes = feed.routes[~feed.routes["mode"].isin(gone)]
            trips = feed.trips[feed.trips["route_id"].isin(routes.index)]
            self._feed = replace(
                feed,
                routes=routes,
                trips=trips,
                stop_times=_of_trips(feed.stop_times, trips),
            )

    # --------------------------------------------------------------- headways
    def headway(self, one: Headway, key: str) -> None:
        """Let a route run as often as it is told."""
        where = f"{key}.route"
        timed = self._timed_id(one.route)
        if timed is not None:
            if self._runs(timed, where):
                self._feed = _with_headway(self._feed, timed, one.headway_min)  # type: ignore[arg-type]
            return
        if self._untimed(one.route, where):
            rows = self._routes.index == one.route
            self._routes = self._routes.assign(
                headway_min=self._routes["headway_min"].mask(rows, one.headway_min),
                headway_from=self._routes["headway_from"].mask(rows, SCENARIO),
            )

    def _timed_id(self, name: str) -> str | None:
        """Take a route of the timetable by its id there, or by that of the table."""
        if self._as_was.feed is None:
            return None
        known = self._as_was.feed.routes.index
        for one in (name, name.removeprefix(_OF_FEED)):
            if one in known:
                return one
        return None

    def _runs(self, route: str, key: str) -> bool:
        """Note a route that the same edits take out."""
        if self._feed is not None and route in self._feed.routes.index:
            return True
        self._fault(key, f"{route} is of a mode that is taken out")
        return False

    def _untimed(self, name: str, key: str) -> bool:
        """Note a route that is not there, or whose timetable has to be edited."""
        routes = self._as_was.routes
        if name not in routes.index:
            self._fault(key, f"no route {name!r}")
            return False
        mode = routes.loc[name, "mode"]
        if mode in self._timed:
            feed = self._as_was.feed
            assert feed is not None  # noqa: S101 - it has routes
            ids = feed.routes.index[feed.routes["mode"] == mode]
            self._fault(key, f"of {mode} the timetable tells; its routes are {shown(ids)}")
            return False
        if name not in self._routes.index:
            self._fault(key, f"{name} is of a mode that is taken out")
            return False
        return True

    # ------------------------------------------------------------------ stops
    def stop(self, one: Stop, key: str) -> None:
        """Let routes call at one more stop."""
        known = len(self._site.faults)
        point = self._site.place(key, (one.lon, one.lat))
        on_time, others = self._callers(one, f"{key}.routes")
        if len(self._site.faults) > known:
            return
        made = self._made_id(one.id, key)
        if on_time and self._feed is not None:
            feed = _with_stop(self._feed, made, one.name, (one.lon, one.lat))
            for route in on_time:
                feed, off_m = _calling(feed, route, made)
                if off_m > _OFF_M:
                    self._fault(f"{key}.routes", f"{route} passes {off_m:.0f} m away")
            self._feed = feed
        else:
            self._add_stop(made, one.mode, one.name, point)
        for name in others:
            listed = len(self._pairs) and (self._pairs["route_id"] == name).any()
            off_m = self._routes.geometry[name].distance(point)
            if listed:
                self._pair(made, name)
            elif not off_m <= _BESIDE_M:
                self._fault(f"{key}.routes", f"the line of {name} passes {off_m:.0f} m away")

    def _callers(self, one: Stop, key: str) -> tuple[list[str], list[str]]:
        """Find the routes that are to call, those of the timetable and the others."""
        has = (self._as_was.routes["mode"] == one.mode).any() or one.mode in self._timed
        if has and not one.routes:
            self._fault(key, f"name the routes of {one.mode} that call there")
        timed = {name: self._timed_id(name) for name in one.routes}
        on_time = [route for route in timed.values() if route is not None]
        on_time = [route for route in on_time if self._runs(route, key)]
        others = [name for name, route in timed.items() if route is None]
        others = [name for name in others if self._untimed(name, key)]
        modes = {name: self._routes.loc[name, "mode"] for name in others}
        if self._feed is not None:
            modes |= {name: self._feed.routes.loc[name, "mode"] for name in on_time}
        for name, mode in modes.items():
            if mode != one.mode:
                self._fault(key, f"{name} is {mode}, no {one.mode}")
        return on_time, others

    def _made_id(self, wanted: str | None, key: str) -> str:
        """Give a stop an id of its own."""
        taken = set(self._stops.index)
        if self._feed is not None:
            taken |= set(self._feed.stops.index)
        return _free(wanted, taken, key, self._site)

    def _add_stop(self, made: str, mode: str, name: str | None, point: shapely.Point) -> None:
        """Add a stop of which no timetable tells."""
        blank = {one: pd.array([pd.NA], dtype="boolean") for one in STOP_FEATURES}
        row = gpd.GeoDataFrame(
            {"mode": [mode], "name": [name], "source": [SCENARIO], **blank},
            geometry=[point],
            crs=self._stops.crs,
            index=pd.Index([made], name=self._stops.index.name),
        )
        self._stops = pd.concat([one for one in (self._stops, row) if len(one)])

    def _pair(self, stop: str, route: str) -> None:
        """Let a route that lists its stops call at one more."""
        row = pd.DataFrame({"stop_id": [stop], "route_id": [route]}, dtype=object)
        self._pairs = pd.concat([one for one in (self._pairs, row) if len(one)], ignore_index=True)

    # ------------------------------------------------------------------ lines
    def line(self, one: Line, key: str) -> None:
        """Build a line."""
        faults = len(self._site.faults)
        places: list[tuple[str | None, shapely.Point]] = []
        for number, stop in enumerate(one.stops):
            where = f"{key}.stops.{number}"
            if isinstance(stop, str):
                known = self._known_stop(stop)
                if known is None:
                    self._fault(where, f"no stop {stop!r}")
                    continue
                places.append(known)
            else:
                places.append((None, self._site.place(where, stop)))
        if len(self._site.faults) > faults:
            return
        points = [point for _, point in places]
        hops = [a.distance(b) for a, b in pairwise(points)]
        if not all(hop > 0 for hop in hops):
            self._fault(f"{key}.stops", "two that follow one another are at one place")
            return
        if one.minutes is not None:
            seconds = [_MIN_S * minutes for minutes in one.minutes]
        else:
            assert one.speed_kmh is not None  # noqa: S101 - as the model has it
            seconds = [hop * _KM_H / one.speed_kmh for hop in hops]
        taken = set(self._routes.index)
        if self._feed is not None:
            taken |= set(self._feed.routes.index)
        route = _free(one.id, taken, key, self._site)
        if len(self._site.faults) > faults:
            return
        drawn = shapely.LineString(points)
        if self._feed is None:
            self._untimed_line(one, route, places, drawn, key)
        else:
            self._timed_line(one, route, places, seconds, key)
            self._add_route(one, f"{_OF_FEED}{route}", drawn, timed=True)

    def _known_stop(self, name: str) -> tuple[str | None, shapely.Point] | None:
        """Find a stop by its id in the timetable, or in the table of stops."""
        sources = self._as_was
        if sources.feed is not None:
            stops = sources.feed.stops
            for one in (name, name.removeprefix(_OF_FEED)):
                if one in stops.index:
                    at = gpd.GeoSeries.from_xy(
                        [stops.loc[one, "lon"]], [stops.loc[one, "lat"]], crs="EPSG:4326"
                    )
                    return one, at.to_crs(sources.districts.crs).iloc[0]
        if name in sources.stops.index:
            point = sources.stops.geometry[name].representative_point()
            return (None if sources.feed is not None else name), point
        return None

    def _untimed_line(
        self,
        one: Line,
        route: str,
        places: list[tuple[str | None, shapely.Point]],
        drawn: shapely.LineString,
        key: str,
    ) -> None:
        """Build a line in a city without timetables."""
        self._add_route(one, route, drawn, timed=False)
        for stop, point in places:
            made = stop
            if made is None:
                made = self._made_id(None, key)
                self._add_stop(made, one.mode, None, point)
            self._pair(made, route)

    def _add_route(self, one: Line, route: str, drawn: shapely.LineString, *, timed: bool) -> None:
        """Add a line to the table of routes."""
        first, last = window_of(one.hours)
        row: dict[str, Any] = dict.fromkeys(self._routes.columns)
        row |= {"mode": one.mode, "name": one.name, "source": TIMETABLE if timed else SCENARIO}
        row |= {"headway_min": np.nan, "first_s": np.nan, "last_s": np.nan}
        if not timed:
            row |= {"headway_min": one.headway_min, "headway_from": SCENARIO}
            row |= {"first_s": float(first), "last_s": float(last)}
        row.pop(self._routes.geometry.name, None)
        added = gpd.GeoDataFrame(
            {name: pd.Series([value]) for name, value in row.items()},
            geometry=[drawn],
            crs=self._routes.crs,
        ).set_axis(pd.Index([route], name=self._routes.index.name), axis=0)
        added = added.astype({k: v for k, v in self._routes.dtypes.items() if k in row})
        self._routes = pd.concat([self._routes, added]) if len(self._routes) else added

    def _timed_line(
        self,
        one: Line,
        route: str,
        places: list[tuple[str | None, shapely.Point]],
        seconds: list[float],
        key: str,
    ) -> None:
        """Build a line whose timetable tells how often it runs."""
        feed = self._feed
        assert feed is not None  # noqa: S101 - as called
        degrees = gpd.GeoSeries(
            [point for _, point in places], crs=self._as_was.districts.crs
        ).to_crs("EPSG:4326")
        calls = []
        for (stop, _), at in zip(places, degrees, strict=True):
            made = stop
            if made is None:
                taken = set(self._stops.index) | set(feed.stops.index)
                made = _free(None, taken, key, self._site)
                feed = _with_stop(feed, made, None, (at.x, at.y))
            calls.append(made)
        first, last = window_of(one.hours)
        ways = [calls, calls[::-1]] if one.both_ways else [calls]
        legs = [seconds, seconds[::-1]]
        trips = pd.DataFrame(
            {
                "route_id": route,
                "service_id": route,
                "direction": list(range(len(ways))),
                "shape_id": None,
            },
            index=pd.Index([f"{route}:{at}" for at in range(len(ways))], name="trip_id"),
        )
        times = []
        for trip, stops, hops in zip(trips.index, ways, legs, strict=False):
            at = np.round(first + np.concatenate([[0.0], np.cumsum(hops)])).astype("int32")
            times.append(_calls(trip, stops, at))
        frequencies = pd.DataFrame(
            {
                "trip_id": trips.index,
                "start_s": first,
                "end_s": last,
                "headway_s": _headway_s(one.headway_min),
                "exact": False,
            }
        )
        days = pd.DataFrame({"service_id": route, "date": feed.days["date"].unique()})
        about = {"mode": one.mode, "name": one.name, "agency": None, "route_type": -1}
        self._feed = replace(
            feed,
            routes=_added(
                feed.routes, pd.DataFrame([about], index=pd.Index([route], name="route_id"))
            ),
            trips=_added(feed.trips, trips),
            stop_times=_added(feed.stop_times, pd.concat(times, ignore_index=True)),
            days=_added(feed.days, days),
            frequencies=_added(feed.frequencies, frequencies),
        )


def _free(wanted: str | None, taken: set[str], key: str, site: "Site") -> str:
    """Choose an id that nothing has."""
    if wanted is not None:
        if wanted in taken:
            site.faults.append(f"{key}.id: there is a {wanted} already")
        return wanted
    number = 1
    while f"{SCENARIO}/{number}" in taken:
        number += 1
    return f"{SCENARIO}/{number}"


def _of_trips(table: pd.DataFrame, trips: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of some trips."""
    return table[table["trip_id"].isin(trips.index)].reset_index(drop=True)


def _added(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Add rows, on the columns and types that there are."""
    rows = rows[list(table.columns)].astype(table.dtypes.to_dict())
    same = isinstance(table.index, pd.RangeIndex)
    return pd.concat([table, rows], ignore_index=same)


def _headway_s(minutes: float) -> int:
    """Write a headway in whole seconds."""
    return max(round(minutes * _MIN_S), 1)


def _with_headway(feed: Feed, route: str, headway_min: float) -> Feed:
    """
    Let a route run as often as told, from its first departure of a day to its last.

    Of each pattern the middle trip of the day stands for all; patterns of one
    direction share the departures as they did.
    """
    trips = feed.trips[feed.trips["route_id"] == route]
    starts = feed.stop_times.groupby("trip_id")["departure_s"].first()
    told = feed.frequencies[feed.frequencies["trip_id"].isin(trips.index)]
    begin, end = starts.reindex(trips.index), starts.reindex(trips.index)
    count = pd.Series(1.0, index=trips.index)
    if len(told):
        spans = told.groupby("trip_id")
        begin = begin.mask(begin.index.isin(told["trip_id"]), spans["start_s"].min())
        end = end.mask(end.index.isin(told["trip_id"]), spans["end_s"].max())
        runs = (told["end_s"] - told["start_s"]) / told["headway_s"]
        count = count.mask(count.index.isin(told["trip_id"]), runs.groupby(told["trip_id"]).sum())
    pattern = feed.stop_times.groupby("trip_id")["stop_id"].agg("\x1f".join).reindex(trips.index)
    table = trips.assign(begin=begin, end=end, count=count, pattern=pattern)
    kept, rows = {}, []
    for _, group in table.groupby(["service_id", "direction"], sort=False):
        total = group["count"].sum()
        last = max(group["end"].max(), group["begin"].min() + 1)
        for _, one in group.groupby("pattern", sort=False):
            trip = one.sort_values("begin", kind="stable").index[len(one) // 2]
            kept[trip] = f"{_AGAIN}{trip}"
            seconds = _headway_s(headway_min * total / one["count"].sum())
            rows.append((kept[trip], int(group["begin"].min()), int(last), seconds, False))
    others = feed.trips[feed.trips["route_id"] != route]
    again = trips.loc[list(kept)].rename(index=kept)
    calls = feed.stop_times[feed.stop_times["trip_id"].isin(list(kept))]
    made = pd.DataFrame(rows, columns=["trip_id", "start_s", "end_s", "headway_s", "exact"])
    return replace(
        feed,
        trips=_added(others, again),
        stop_times=_added(
            _of_trips(feed.stop_times, others),
            calls.assign(trip_id=calls["trip_id"].map(kept)),
        ),
        frequencies=_added(feed.frequencies.reset_index(drop=True), made),
    )


def _with_stop(feed: Feed, stop: str, name: str | None, at: tuple[float, float]) -> Feed:
    """Add a stop to a timetable."""
    row = pd.DataFrame(
        [{"name": name, "lon": at[0], "lat": at[1], "station": None, "zone": None}],
        index=pd.Index([stop], name="stop_id"),
    )
    return replace(feed, stops=_added(feed.stops, row))


def _calling(feed: Feed, route: str, stop: str) -> tuple[Feed, float]:
    """
    Let all trips of a route call at one more stop, where it is least out of their way.

    The ride takes as long as before: the new call is timed by how far along it lies.
    Told beside it is how far off the way of the nearest trip the stop lies [m].
    """
    stops = feed.stops
    flat = gpd.GeoSeries.from_xy(stops["lon"], stops["lat"], crs="EPSG:4326")
    flat = flat.to_crs(flat.estimate_utm_crs())
    xy = pd.DataFrame({"x": flat.x.to_numpy(), "y": flat.y.to_numpy()}, index=stops.index)
    trips = feed.trips.index[feed.trips["route_id"] == route]
    mine = feed.stop_times["trip_id"].isin(trips)
    rows, off_m = [], np.inf
    for trip, calls in feed.stop_times[mine].groupby("trip_id", sort=False):
        at = xy.loc[calls["stop_id"]].to_numpy()
        new = xy.loc[stop].to_numpy(dtype=float)
        reach = np.hypot(*(at - new).T)
        hop = np.hypot(*np.diff(at, axis=0).T)
        best = int(np.argmin(reach[:-1] + reach[1:] - hop))
        way = shapely.LineString(at[best : best + 2])
        off_m = min(off_m, way.distance(shapely.Point(new)))
        share = reach[best] / max(reach[best] + reach[best + 1], 1e-9)
        leaves, comes = calls["departure_s"].iloc[best], calls["arrival_s"].iloc[best + 1]
        time = round(leaves + share * (comes - leaves))
        rows += [
            calls.iloc[: best + 1],
            _calls(str(trip), [stop], np.array([time])),
            calls.iloc[best + 1 :],
        ]
    times = pd.concat([feed.stop_times[~mine], *rows], ignore_index=True)
    return replace(feed, stop_times=times.astype(feed.stop_times.dtypes.to_dict())), off_m


def _calls(trip: str, stops: list[str], at_s: np.ndarray) -> pd.DataFrame:
    """Write the calls of a trip."""
    return pd.DataFrame(
        {
            "trip_id": trip,
            "stop_id": stops,
            "arrival_s": at_s,
            "departure_s": at_s,
            "pickup": True,
            "drop_off": True,
        }
    )
