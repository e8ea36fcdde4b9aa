"""A timetable on one day: what runs, how often, and how long it takes from door to door."""

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd

from geoequity import schema
from geoequity.errors import DataError, shown
from geoequity.keeping import FORGETFUL, Kept
from geoequity.streets import StreetNetwork
from geoequity.transit._feed import Feed
from geoequity.transit._rider import (
    MOST_RIDES,
    RIDER,
    Rider,
    check_percentiles,
    departures_of,
    window_of,
)

if TYPE_CHECKING:
    from geoequity.transit._lines import Patterns
    from geoequity.transit._router import Journeys, Router

MORNING = ("07:00", "09:00")
_MEDIAN = 50
_DEGREES = "EPSG:4326"
_HOUR_S = 3600
_CENT = 0.01  # sums of money are not finer


@dataclass(frozen=True, eq=False)
class Timetable:
    """
    What runs on one day.

    Make one with `from_gtfs` or `of`.

    Parameters
    ----------
    feed
        The tables.
    date
        The day, on which some service runs.
    """

    feed: Feed
    date: dt.date

    def __repr__(self) -> str:
        """Name the day, and count what may run."""
        return f"Timetable({self.date}, {self.feed!r})"

    # ------------------------------------------------------------- the doors
    @classmethod
    def from_gtfs(
        cls,
        paths: "str | os.PathLike[str] | Iterable[str | os.PathLike[str]]",
        *,
        date: dt.date | str | None = None,
        modes: Mapping[str, str] | None = None,
    ) -> Self:
        """
        Read timetables in GTFS.

        With `streets.StreetNetwork.from_osm` the one place where the core calls
        a reader: a convenience for those who want a timetable and nothing else.

        Parameters
        ----------
        paths
            One or several zips or folders; stops that several feeds share are
            merged.
        date
            The day, or ``YYYY-MM-DD``. By default the Tuesday, Wednesday or
            Thursday of most trips.
        modes
            Mode, of ``schema.MODES``, of some routes or agencies, by id, where
            their route type does not tell, such as bus rapid transit.

        Returns
        -------
        timetable
            On that day.

        Raises
        ------
        SourceError
            If a file cannot be read.
        DataError
            If a table breaks its contract, all faults at once; or if nothing
            runs on that day: the message tells when anything does.
        """
        from geoequity.sources.gtfs import read_feed  # noqa: PLC0415 - see the docstring

        listed = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
        return cls.of(read_feed([Path(one) for one in listed], modes=modes), date=date)

    @classmethod
    def of(cls, feed: Feed, *, date: dt.date | str | None = None) -> Self:
        """
        Take a feed on one day.

        Parameters
        ----------
        feed
            The tables.
        date
            As for `from_gtfs`.

        Returns
        -------
        timetable
            On that day.

        Raises
        ------
        DataError
            If nothing runs on that day, or it is no day.
        """
        if date is None:
            return cls(feed, feed.busiest_day())
        try:
            day = dt.date.fromisoformat(date) if isinstance(date, str) else date
            day = day.date() if isinstance(day, dt.datetime) else day
        except (TypeError, ValueError) as error:
            msg = f"date: {date!r} is no day such as 2025-05-14"
            raise DataError(msg) from error
        feed.check_date(day)
        return cls(feed, day)

    def without(self, modes: Iterable[str]) -> Self:
        """
        Take modes out.

        Parameters
        ----------
        modes
            Of ``schema.MODES``; a mode that does not run changes nothing.

        Returns
        -------
        timetable
            Of what is left, which may be nothing.

        Raises
        ------
        DataError
            If there is no such mode.
        """
        taken = [modes] if isinstance(modes, str) else list(modes)
        odd = [one for one in taken if one not in schema.MODES]
        if odd:
            msg = f"no mode {shown(odd)}; there are {', '.join(schema.MODES)}"
            raise DataError(msg)
        routes = self.feed.routes[~self.feed.routes["mode"].isin(taken)]
        trips = self.feed.trips[self.feed.trips["route_id"].isin(routes.index)]
        return replace(self, feed=replace(self.feed, routes=routes, trips=trips))

    # ------------------------------------------------------------ what runs
    @cached_property
    def active_services(self) -> pd.Index:
        """
        List the services that run on the day.

        Returns
        -------
        services
            Ids, sorted.
        """
        return self.feed.services_on(self.date)

    @cached_property
    def trips(self) -> pd.DataFrame:
        """
        List every run of every trip of the day.

        Returns
        -------
        trips
            A row for each run, in the order they leave: ``trip_id``,
            ``route_id``, ``direction``, ``mode``, ``leaves_s`` from its first
            stop and ``ends_s`` at its last [seconds after midnight].
        """
        runs = self._runs(draw=None)
        runs = runs[runs["day"] == 0]
        calls, first = self._patterns.calls, self._patterns.first
        trip, shift = runs["trip"].to_numpy(), runs["shift_s"].to_numpy()
        about = self.feed.trips.iloc[trip]
        table = pd.DataFrame(
            {
                "trip_id": about.index,
                "route_id": about["route_id"].to_numpy(),
                "direction": about["direction"].to_numpy(),
                "mode": about["route_id"].map(self.feed.routes["mode"]).to_numpy(),
                "leaves_s": calls["departure"][first[trip]] + shift,
                "ends_s": calls["arrival"][first[trip + 1] - 1] + shift,
            }
        )
        return table.sort_values(["leaves_s", "trip_id"], ignore_index=True)

    def supply(self, *, window: tuple[str, str] = MORNING) -> pd.DataFrame:
        """
        Count the departures at every stop.

        Parameters
        ----------
        window
            Begin and end; trips of the night before count as well.

        Returns
        -------
        supply
            ``stop_id``, ``route_id``, ``direction``, ``mode``, ``departures``
            in the window at which one may board, ``trips_per_hour``. A stop
            without any is absent.

        Raises
        ------
        DataError
            If the window is none.
        """
        begin, end = window_of(window)
        calls, first = self._patterns.calls, self._patterns.first
        runs = self._runs(draw=None)
        trip, shift = runs["trip"].to_numpy(), runs["shift_s"].to_numpy()
        some = (calls["departure"][first[trip]] + shift < end) & (
            calls["arrival"][first[trip + 1] - 1] + shift >= begin
        )
        trip, shift = trip[some], shift[some]
        # All calls but the last, where nobody boards
        number = first[trip + 1] - 1 - first[trip]
        at = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number - first[trip], number)
        leaves = calls["departure"][at] + np.repeat(shift, number)
        counts = calls["pickup"][at] & (leaves >= begin) & (leaves < end)
        about = self.feed.trips[["route_id", "direction"]].iloc[np.repeat(trip, number)[counts]]
        table = about.assign(stop_id=self.feed.stops.index[calls["stop"][at[counts]]])
        keys = ["stop_id", "route_id", "direction"]
        sums = table.groupby(keys).size().rename("departures").reset_index()
        sums.insert(3, "mode", sums["route_id"].map(self.feed.routes["mode"]))
        return sums.assign(trips_per_hour=sums["departures"] * _HOUR_S / (end - begin))

    def hours(self) -> pd.DataFrame:
        """
        Tell when the first and the last vehicle of the day leaves every stop.

        Returns
        -------
        hours
            Index ``stop_id``: ``first_s`` and ``last_s`` [seconds after
            midnight, over 86,400 on the day after]; NaN where none does.
        """
        calls, first = self._patterns.calls, self._patterns.first
        runs = self._runs(draw=None)
        shift = runs[runs["day"] == 0].groupby("trip")["shift_s"].agg(["min", "max"])
        trip = shift.index.to_numpy()
        number = first[trip + 1] - 1 - first[trip]
        at = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number - first[trip], number)
        table = pd.DataFrame(
            {
                "stop_id": self.feed.stops.index[calls["stop"][at]],
                "first_s": calls["departure"][at] + np.repeat(shift["min"].to_numpy(), number),
                "last_s": calls["departure"][at] + np.repeat(shift["max"].to_numpy(), number),
            }
        )[calls["pickup"][at]]
        found = table.groupby("stop_id").agg({"first_s": "min", "last_s": "max"})
        return found.reindex(self.feed.stops.index).astype(float)

    def headways(
        self,
        *,
        window: tuple[str, str] = MORNING,
        by: str = "route",
    ) -> pd.DataFrame:
        """
        Tell how often vehicles run.

        Parameters
        ----------
        window
            Begin and end.
        by
            ``route``: each route and direction, by the trips that leave their
            first stop in the window. ``stop``: each stop, by all departures at
            which one may board.

        Returns
        -------
        headways
            Index ``route_id``, ``direction`` (0, 1, -1 for unknown) or
            ``stop_id``: ``trips`` in the window, ``trips_per_hour``,
            ``headway_min``, the length of the window over the trips (infinite
            where there is none); by route ``mode``, by stop ``routes``, how
            many call there.

        Raises
        ------
        DataError
            If the window is none, or `by` is neither.
        """
        begin, end = window_of(window)
        if by == "route":
            # Who runs at all on the day is listed, with 0 where not in the window
            keys = ["route_id", "direction"]
            leaves = self.trips["leaves_s"]
            table = self.trips.assign(trips=(leaves >= begin) & (leaves < end))
            found = table.groupby(keys).agg({"mode": "first", "trips": "sum"})
        elif by == "stop":
            supply = self.supply(window=window)
            found = supply.groupby("stop_id").agg(
                routes=("route_id", "nunique"), trips=("departures", "sum")
            )
            found = found.reindex(self.feed.stops.index, fill_value=0)
        else:
            msg = f"by: route or stop, not {by!r}"
            raise DataError(msg)
        hours = (end - begin) / _HOUR_S
        per_hour = found["trips"] / hours
        with np.errstate(divide="ignore"):
            headway = 60 / per_hour.to_numpy(dtype=float)
        return found.assign(trips_per_hour=per_hour, headway_min=headway)

    def boardings_for(self, budget: float) -> int:
        """
        Tell how often one may board for a sum of money.

        Parameters
        ----------
        budget
            In the currency of the timetable, at least 0.

        Returns
        -------
        boardings
            Each fare pays for one boarding and the transfers that it includes,
            however long they take.

        Raises
        ------
        DataError
            If the budget is below 0, or the timetable tells no fare for a route
            that runs, or fares that differ: what a journey costs then depends
            on more than how often one boards.
        """
        if not 0 <= budget < np.inf:
            msg = f"fare budget: must be at least 0, is {budget}"
            raise DataError(msg)
        running = pd.Index(self.trips["route_id"].unique())
        unpriced = sorted(set(running) - set(self.feed.fares.index))
        if unpriced or running.empty:
            msg = f"fares: the timetable tells none for routes {shown(unpriced) or 'at all'}"
            raise DataError(msg, ids=unpriced)
        each = self.feed.fares.loc[running, ["price", "transfers"]].drop_duplicates()
        if len(each) > 1:
            listed = ", ".join(f"{one:g}" for one in sorted(each["price"].unique()))
            msg = f"fares: routes differ in price or included transfers ({listed})"
            raise DataError(msg)
        price, included = each.iloc[0]
        if price == 0 or (budget >= price and np.isnan(included)):
            return MOST_RIDES
        paid = int((budget + _CENT / 2) // price)
        return 0 if paid == 0 else min(paid * (1 + int(included)), MOST_RIDES)

    # ---------------------------------------------------------- door to door
    def travel_times(
        self,
        origins: gpd.GeoSeries | gpd.GeoDataFrame,
        destinations: gpd.GeoSeries | gpd.GeoDataFrame,
        *,
        streets: StreetNetwork | None = None,
        window: tuple[str, str] = MORNING,
        within_min: float = 90.0,
        percentiles: Iterable[float] = (_MEDIAN,),
        rider: Rider = RIDER,
        changing: bool = False,
    ) -> pd.DataFrame:
        """
        Measure the travel times between all origins and destinations.

        From door to door: the walk to a stop, waiting, rides, changes, and the
        walk from the last stop; or the walk all the way where that is shorter.
        One value for every minute of the window, exact to the second; of these
        the percentiles [1]_.

        Parameters
        ----------
        origins
            Points in a metric CRS with a unique index.
        destinations
            Points in the same CRS with a unique index.
        streets
            Network to walk on, in the same CRS. By default walks are in a
            straight line, times the detour of the rider. Either way the rider says
            how long one may be, to a stop and all the way.
        window
            First minute of departure, and the minute after the last.
        within_min
            Longest journey to look for [minutes].
        percentiles
            Whole numbers from 0 to 100; 50 is the median departure, 95 a bad one.
        rider
            Who rides.
        changing
            Whether to tell how much of a journey goes into changing.

        Returns
        -------
        costs
            ``from_id``, ``to_id``, ``minutes_p05`` and so on, ``minutes``, the
            median, where that is asked for, and if wished ``change_min``,
            minutes between getting off one vehicle and leaving on the next, mean
            over the departures that arrive; ordered as the origins and then the
            destinations. A percentile that is not reached is infinite; a pair
            that is absent is not reached within ``attrs["limit_min"]`` at any of
            them.

        Raises
        ------
        DataError
            If an id repeats, a geometry is missing or no point, a percentile or
            the limit is out of range, or the window is none.
        CRSError
            If the CRS is not in metres, or differs.

        Notes
        -----
        The measures of `measures.accessibility` read the column ``minutes``. To
        measure with another percentile:
        ``costs.assign(minutes=costs["minutes_p95"])``.

        References
        ----------
        .. [1] Conway, M. W., Byrd, A., van der Linden, M. (2017).
           Evidence-Based Transit and Land Use Sketch Planning Using Interactive
           Accessibility Methods on Combined Schedule and Headway-Based Networks.
           Transportation Research Record 2653(1), 45-53. doi:10.3141/2653-06
        """
        asked = check_percentiles(percentiles)
        pairs: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for minutes, change_min in self.spread(
            origins,
            destinations,
            streets=streets,
            window=window,
            within_min=within_min,
            percentiles=asked,
            rider=rider,
            changing=changing,
        ):
            reached = np.flatnonzero(np.isfinite(minutes).any(axis=0))
            spent = change_min[reached] if changing else change_min
            pairs.append((reached, minutes[:, reached], spent))
        number = [len(one) for one, _, _ in pairs]
        goal = np.concatenate([np.empty(0, dtype=int), *(one for one, _, _ in pairs)])
        values = np.concatenate([np.empty((len(asked), 0)), *(one for _, one, _ in pairs)], axis=1)
        table = pd.DataFrame(
            {
                "from_id": origins.index[np.repeat(np.arange(len(number)), number)],
                "to_id": destinations.index[goal],
                **{f"minutes_p{one:02d}": row for one, row in zip(asked, values, strict=True)},
            }
        )
        if _MEDIAN in asked:
            table["minutes"] = table[f"minutes_p{_MEDIAN}"]
        if changing:
            table["change_min"] = np.concatenate([np.empty(0), *(one for _, _, one in pairs)])
        table.attrs["limit_min"] = float(within_min)
        return table

    def spread(
        self,
        origins: gpd.GeoSeries | gpd.GeoDataFrame,
        destinations: gpd.GeoSeries | gpd.GeoDataFrame,
        *,
        streets: StreetNetwork | None = None,
        window: tuple[str, str] = MORNING,
        within_min: float = 90.0,
        percentiles: Iterable[float] = (_MEDIAN,),
        rider: Rider = RIDER,
        changing: bool = False,
        kept: Kept = FORGETFUL,
    ) -> "Iterator[Journeys]":
        """
        Measure the travel times from one origin after the other.

        For more pairs than a table can hold.

        Parameters
        ----------
        origins
            As for `travel_times`.
        destinations
            As for `travel_times`.
        streets
            As for `travel_times`.
        window
            As for `travel_times`.
        within_min
            As for `travel_times`.
        percentiles
            As for `travel_times`.
        rider
            As for `travel_times`.
        changing
            As for `travel_times`.
        kept
            Vehicles that were laid out before, to go elsewhere by them.

        Yields
        ------
        journeys
            Of each origin in its order: ``minutes``, percentiles by
            destinations in their order, infinite where not reached within the
            limit, and ``change_min`` by destination, as for `travel_times`, NaN
            where never reached and of no length where nobody asks.

        Raises
        ------
        DataError
            As `travel_times`.
        CRSError
            As `travel_times`.
        """
        asked = check_percentiles(percentiles)
        schema.check_above_0(within_min, name="within_min")
        schema.check_metric_crs(origins, name="origins")
        schema.check_same_crs(origins, destinations, names=("origins", "destinations"))
        if streets is not None:
            schema.check_same_crs(origins, streets.edges, names=("origins", "streets"))
        starts = _points(origins, name="origins")
        goals = _points(destinations, name="destinations")
        router = kept.once(
            "router",
            lambda: self._router(
                departures_of(window), within_min, crs=starts.crs, streets=streets, rider=rider
            ),
            *(self, window, within_min, starts.crs, streets, rider),
        )
        yield from router.spread(starts, goals, percentiles=asked, changing=changing)

    def _router(
        self,
        departures: np.ndarray,
        within_min: float,
        *,
        crs: Any,
        streets: StreetNetwork | None,
        rider: Rider,
    ) -> "Router":
        """Lay out the vehicles of a window, on the stops where they call."""
        from geoequity.transit._lines import lines_of  # noqa: PLC0415 - numba is slow to import
        from geoequity.transit._router import Router  # noqa: PLC0415 - the same

        limit_s = int(np.floor(within_min * 60))
        begin, end = int(departures[0]), int(departures[-1]) + limit_s
        is_drawn = rider.draws > 0 and not self.feed.frequencies["exact"].all()
        draws = range(rider.draws) if is_drawn else [None]
        lines = [
            lines_of(self._patterns, self._runs(draw=one, seed=rider.seed), begin=begin, end=end)
            for one in draws
        ]
        used = np.unique(np.concatenate([one.stop for one in lines]))
        rank = np.full(len(self.feed.stops), -1)
        rank[used] = np.arange(len(used))
        stops = self.feed.stops.iloc[used]
        places = gpd.GeoSeries.from_xy(stops["lon"], stops["lat"], crs=_DEGREES).to_crs(crs)
        rules = self.feed.transfers
        known = {
            one: np.append(rank, -1)[self.feed.stops.index.get_indexer(rules[one])]
            for one in ("from_stop", "to_stop")
        }
        rules = rules.assign(**known)
        return Router(
            lines=[one._replace(stop=rank[one.stop].astype("uint32")) for one in lines],
            stops=places.reset_index(drop=True),
            station=stops["station"].reset_index(drop=True),
            transfers=rules[(rules["from_stop"] >= 0) & (rules["to_stop"] >= 0)],
            streets=streets,
            rider=rider,
            departures=departures,
            limit_s=limit_s,
        )

    @cached_property
    def _patterns(self) -> "Patterns":
        """Trips by the stops they call at."""
        from geoequity.transit._lines import Patterns  # noqa: PLC0415 - numba is slow to import

        return Patterns(self.feed)

    def _runs(self, *, draw: int | None, seed: int = 0) -> pd.DataFrame:
        """List the runs of the day, and of the nights round it."""
        from geoequity.transit._lines import runs_of  # noqa: PLC0415 - numba is slow to import

        table = self.feed.frequencies
        phase = np.zeros(len(table), dtype="int64")
        if draw is not None:
            drawn = np.random.default_rng([seed, draw]).integers(0, table["headway_s"].to_numpy())
            phase = np.where(table["exact"], 0, drawn)
        return runs_of(self.feed, self._patterns, self._running, phase)

    @cached_property
    def _running(self) -> dict[int, np.ndarray]:
        """Tell which trips run on the day before, the day itself and the day after."""
        running = {}
        for day in (-1, 0, 1):
            services = self.feed.services_on(self.date + dt.timedelta(days=day))
            running[day] = self.feed.trips["service_id"].isin(services).to_numpy()
        return running


def _points(places: gpd.GeoSeries | gpd.GeoDataFrame, *, name: str) -> gpd.GeoSeries:
    """Check points, and number them."""
    schema.check_unique(places.index, name=name)
    shapes = places.geometry
    bad = shapes.isna() | shapes.is_empty | (shapes.geom_type != "Point")
    bad |= ~np.isfinite(shapes.bounds).all(axis=1)
    if bad.any():
        ids = places.index[bad]
        msg = f"{name}: missing or no point: {shown(ids)}"
        raise DataError(msg, ids=ids)
    return gpd.GeoSeries(shapes.to_numpy(), crs=places.crs)
