"""What timetables are made of: the tables of GTFS, cleaned and complete."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from geoequity.errors import DataError

DAY_S = 86_400


@dataclass(frozen=True, kw_only=True, eq=False)
class Feed:
    """
    One or several timetables as they were published, cleaned and complete.

    `sources.gtfs.read_feed` makes one. Ids are text and unique over all feeds.

    Parameters
    ----------
    stops
        Index ``stop_id``: ``name``, ``lon``, ``lat`` (degrees, WGS 84),
        ``station`` (id of the parent station, or None), ``zone`` (or None).
        Only places where vehicles stop: no stations, entrances or nodes.
    routes
        Index ``route_id``: ``mode`` (of ``schema.MODES``), ``name`` (short
        name, or else the long one), ``agency`` (id, or None), ``route_type``.
    trips
        Index ``trip_id``: ``route_id``, ``service_id``, ``direction`` (0, 1 or
        -1 for unknown), ``shape_id`` (or None).
    stop_times
        ``trip_id``, ``stop_id``, ``arrival_s``, ``departure_s`` (whole seconds
        after midnight of the service day, over 86,400 on the next day),
        ``pickup``, ``drop_off`` (whether one may board, alight). Ordered as
        the trips run, at least two rows each, times never falling; blanks are
        filled in.
    days
        ``service_id``, ``date`` (datetime64): every day that every service
        runs, exceptions applied.
    frequencies
        ``trip_id``, ``start_s``, ``end_s``, ``headway_s``, ``exact`` (whether
        the trips leave on the second, or about as often). A trip named here
        runs only as told here.
    transfers
        ``from_stop``, ``to_stop``, ``kind`` (0-3 as in GTFS), ``min_s`` (NaN
        where not told); stations are spelled out as their stops.
    fares
        Index ``route_id``: ``price``, ``currency``, ``transfers`` (how many are
        included; NaN for any number); empty where the feed has no fares, or
        such as depend on zones.
    shapes
        Index ``shape_id``: geometry, lines in WGS 84; empty where there are
        none.
    report
        Facts about the feed for people: see `sources.gtfs.read_feed`.
    """

    stops: pd.DataFrame
    routes: pd.DataFrame
    trips: pd.DataFrame
    stop_times: pd.DataFrame
    days: pd.DataFrame
    frequencies: pd.DataFrame
    transfers: pd.DataFrame
    fares: pd.DataFrame
    shapes: pd.DataFrame
    report: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Count what there is: the tables are long."""
        counts = f"{len(self.routes)} routes, {len(self.trips)} trips, {len(self.stops)} stops"
        return f"Feed({counts})"

    def services_on(self, date: dt.date) -> pd.Index:
        """
        List the services that run on a day.

        Parameters
        ----------
        date
            A day.

        Returns
        -------
        services
            Ids, sorted; none where nothing runs.
        """
        runs = self.days["date"] == pd.Timestamp(date)
        return pd.Index(sorted(self.days.loc[runs, "service_id"].unique()), name="service_id")

    def check_date(self, date: dt.date) -> None:
        """
        Refuse a day on which nothing runs.

        Parameters
        ----------
        date
            A day.

        Raises
        ------
        DataError
            If no service runs then; the message tells the span of the feed and
            the nearest days that have service.
        """
        if len(self.services_on(date)):
            return
        served = pd.DatetimeIndex(self.days["date"].unique()).sort_values()
        if served.empty:
            msg = f"the timetable has no service on {date}, nor on any other day"
            raise DataError(msg)
        first, last = served[0].date(), served[-1].date()
        gap = abs(served - pd.Timestamp(date))
        near = sorted(served[gap.argsort()[:5]])
        listed = ", ".join(f"{one.date()}" for one in near)
        msg = (
            f"the timetable has no service on {date}: it runs on {len(served)} days"
            f" from {first} to {last}; the nearest with service: {listed}"
        )
        raise DataError(msg)

    def busiest_day(self) -> dt.date:
        """
        Choose a working day for a study: the one of most trips.

        Returns
        -------
        date
            In the last year of the timetable, among Tuesdays to Thursdays if
            any has service, the middle one of those with the most trips.

        Raises
        ------
        DataError
            If no service runs on any day.
        """
        if self.days.empty:
            msg = "the timetable has no service on any day"
            raise DataError(msg)
        runs = pd.Series(1.0, index=self.trips.index)
        if len(self.frequencies):
            table = self.frequencies
            number = (table["end_s"] - table["start_s"]) / table["headway_s"]
            often = number.groupby(table["trip_id"]).sum()
            runs.update(often)
        by_service = runs.groupby(self.trips["service_id"]).sum()
        trips = self.days["service_id"].map(by_service).fillna(0.0)
        by_day = trips.groupby(self.days["date"]).sum().sort_index()
        by_day = by_day[by_day.index > by_day.index[-1] - pd.Timedelta(days=365)]
        midweek = by_day[by_day.index.day_of_week.isin([1, 2, 3])]
        some = midweek if len(midweek) and midweek.max() > 0 else by_day
        most = some.index[some == some.max()]
        return most[len(most) // 2].date()
