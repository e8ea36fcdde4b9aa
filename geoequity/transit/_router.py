"""Door to door: walks to stops, rides, changes and walks from stops, over a window."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from geoequity._cores import in_order
from geoequity.streets import StreetNetwork, straight_line_costs
from geoequity.transit._kernels import (
    NEVER,
    Desk,
    Found,
    Lines,
    Service,
    Ways,
    fill,
    ride,
    ride_back,
)
from geoequity.transit._lines import calls_of, mirrored
from geoequity.transit._rider import Rider, percentiles_of

_BATCH, _HELD = 16, 500_000  # origins at a time, and pairs that their answers may hold
_ROWS = 512  # places that are walked from at a time
_AS_LONG = 100  # origins that are searched from while one destination is, at the least
_FORBIDDEN, _TIMED_BY_FEED = 3, 2  # kinds of transfers


class Journeys(NamedTuple):
    """
    What it takes from one origin to every destination.

    Parameters
    ----------
    minutes
        Percentiles by destinations; infinite where it is not reached within the
        limit.
    change_min
        By destination: minutes between getting off one vehicle and leaving on
        the next, mean over the departures that reach it; NaN where none does,
        and of no length where nobody asked.
    """

    minutes: np.ndarray
    change_min: np.ndarray


class Walks(NamedTuple):
    """Walks between positions, in their order: from where, to where, and how many seconds."""

    from_id: np.ndarray
    to_id: np.ndarray
    seconds: np.ndarray


@dataclass(frozen=True, eq=False)
class Router:
    """
    The vehicles of a window, and the walks from, to and between their stops.

    Parameters
    ----------
    lines
        The vehicles, once for each draw of what is not told of them.
    stops
        Stops in the CRS of the study, by position.
    station
        Station of each stop, or None.
    transfers
        Rules for changes, stops as positions: ``from_stop``, ``to_stop``,
        ``kind``, ``min_s``.
    streets
        Where people walk; None for the straight line.
    rider
        Who rides.
    departures
        When they leave home [s].
    limit_s
        Longest journey [s].
    """

    lines: list[Lines]
    stops: gpd.GeoSeries
    station: pd.Series
    transfers: pd.DataFrame
    streets: StreetNetwork | None
    rider: Rider
    departures: np.ndarray
    limit_s: int

    def spread(
        self,
        origins: gpd.GeoSeries,
        destinations: gpd.GeoSeries,
        *,
        percentiles: tuple[float, ...],
        changing: bool,
    ) -> Iterator[Journeys]:
        """
        Travel from every origin to all destinations, searching from where it takes less.

        Parameters
        ----------
        origins
            Points by position.
        destinations
            Points by position.
        percentiles
            0 to 100.
        changing
            Whether to tell how much of a journey goes into changing.

        Yields
        ------
        journeys
            Of one origin after the other.
        """
        rows, columns = len(origins), len(destinations)
        access = self._ways(origins, self._near, rows=rows)
        egress = self._ways(self._near, destinations, rows=len(self.stops))
        on_foot = self._ways(origins, destinations, rows=rows, within=self.rider.afoot_min)
        if not changing and columns <= min(rows // _AS_LONG, _HELD // max(rows, 1)):
            back = partial(
                self._to_one,
                services=self._mirrored,
                egress=_turned(egress, rows=columns),
                access=_turned(access, rows=len(self.stops)),
                on_foot=_turned(on_foot, rows=columns),
                origins=rows,
                percentiles=percentiles,
            )
            found = list(in_order(partial(back, one) for one in range(columns)))
            minutes = np.stack(found, axis=-1) if found else np.empty((len(percentiles), rows, 0))
            for origin in range(rows):
                yield Journeys(minutes[:, origin], np.empty(0))
            return
        task = partial(
            self._from_some,
            services=self._services,
            access=access,
            egress=egress,
            on_foot=on_foot,
            goals=columns,
            percentiles=percentiles,
            changing=changing,
        )
        size = max(1, min(_BATCH, _HELD // max(columns, 1)))
        for some in in_order(
            partial(task, range(one, min(one + size, rows))) for one in range(0, rows, size)
        ):
            yield from some

    @cached_property
    def _services(self) -> list[Service]:
        """Lay vehicles out with where they are boarded and changed."""
        return _served(self.lines, self._changes, stops=len(self.stops))

    @cached_property
    def _mirrored(self) -> list[Service]:
        """Lay them out with time run back."""
        end, stops = int(self.departures[-1]) + self.limit_s, len(self.stops)
        lines = [mirrored(one, end=end) for one in self.lines]
        return _served(lines, _turned(self._changes, rows=stops), stops=stops)

    def _to_one(
        self,
        goal: int,
        *,
        services: list[Service],
        egress: Ways,
        access: Ways,
        on_foot: Ways,
        origins: int,
        percentiles: tuple[float, ...],
    ) -> np.ndarray:
        """Travel to one destination from all origins; minutes by percentile and origin."""
        window = len(self.departures)
        seconds = np.empty((len(services) * window, origins), dtype="int32")
        sizes = {"stops": len(self.stops), "goals": origins, "rides": self.rider.rides}
        for draw, service in enumerate(services):
            ride_back(
                service,
                egress,
                goal,
                access,
                on_foot,
                self.departures,
                self.limit_s,
                _desk(service.lines, **sizes, changing=False),
                seconds[draw * window : (draw + 1) * window],
            )
        return _minutes(seconds, percentiles)

    def _from_some(
        self,
        origins: range,
        *,
        services: list[Service],
        access: Ways,
        egress: Ways,
        on_foot: Ways,
        goals: int,
        percentiles: tuple[float, ...],
        changing: bool,
    ) -> list[Journeys]:
        """Travel from a few origins."""
        sizes = {"stops": len(self.stops), "goals": goals, "rides": self.rider.rides}
        desks = [_desk(one, **sizes, changing=changing) for one in self.lines]
        come_by, is_come_by = desks[0].goals, desks[0].is_goal  # alike in all draws
        desks = [one._replace(goals=come_by, is_goal=is_come_by) for one in desks]
        asked = goals if changing else 0
        window = len(self.departures)
        seconds = np.empty((len(services) * window, goals), dtype="int32")
        upto = np.empty(len(seconds), dtype="int32")
        journeys = []
        for origin in origins:
            afoot = on_foot.goal[on_foot.first[origin] : on_foot.first[origin + 1]]
            known = len(afoot)
            is_come_by[:] = 0
            is_come_by[afoot], come_by[:known] = 1, afoot
            found = Found(
                seconds, upto, np.zeros(asked, dtype="int32"), np.zeros(asked, dtype="int32")
            )
            for draw, service in enumerate(services):
                some = slice(draw * window, (draw + 1) * window)
                known = ride(
                    service,
                    access,
                    origin,
                    egress,
                    on_foot,
                    self.departures,
                    self.limit_s,
                    desks[draw],
                    known,
                    found._replace(seconds=seconds[some], known=upto[some]),
                )
            fill(found, known)
            minutes = np.full((len(percentiles), goals), np.inf)
            minutes[:, come_by[:known]] = _minutes(seconds[:, :known], percentiles)
            change_min = np.full(asked, np.nan)
            if changing:
                number = found.number[:known]
                mean = np.full(known, np.nan)
                np.divide(found.changing[:known], number, out=mean, where=number > 0)
                change_min[come_by[:known]] = mean / 60
            journeys.append(Journeys(minutes, change_min))
        return journeys

    @cached_property
    def _near(self) -> gpd.GeoSeries:
        """Take the stops that anybody may walk to; lines may lead far beyond the map."""
        near = self.stops[self._is_placed]
        return near if self.streets is None else near[self.streets.on_map(near)]

    @cached_property
    def _is_placed(self) -> np.ndarray:
        """Tell which stops have a place: far round the Earth, the CRS of a city has none."""
        return np.isfinite(self.stops.get_coordinates().to_numpy()).all(axis=1)

    def _ways(
        self,
        starts: gpd.GeoSeries,
        goals: gpd.GeoSeries,
        *,
        rows: int,
        within: float | None = None,
    ) -> Ways:
        """Walk from and to stops, or all the way."""
        return _laid_out(self._walks(starts, goals, within or self.rider.max_walk_min), rows=rows)

    def _walks(self, starts: gpd.GeoSeries, goals: gpd.GeoSeries, within: float) -> Walks:
        """Walk between points by position, along streets or straight."""
        if not (len(starts) and len(goals)):
            return Walks(*np.empty((3, 0), dtype="int32"))
        if self.streets is not None:
            # Some at a time, for minutes take twice the room of seconds; from the side with
            # fewer places all at once, as walks are searched from there
            size = _ROWS if len(starts) <= len(goals) else len(starts)
            blocks = (starts.iloc[at : at + size] for at in range(0, len(starts), size))
            found = [_walked(self.streets, some, goals, within) for some in blocks]
            columns = [list(one) for one in zip(*found, strict=True)]
            del found
            # Column by column, each let go of as it is done
            return Walks(*(np.concatenate(columns.pop(0)) for _ in Walks._fields))
        costs = straight_line_costs(
            starts,
            goals,
            within_min=within,
            detour_factor=self.rider.detour_factor,
            speed_kmh=self.rider.walker.speed_kmh,
        )
        from_id, to_id = (costs[one].to_numpy(dtype="int32") for one in ("from_id", "to_id"))
        return Walks(from_id, to_id, _seconds(costs["minutes"].to_numpy(copy=True)))

    @cached_property
    def _changes(self) -> Ways:
        """Walk between stops from one vehicle to another."""
        every = pd.RangeIndex(len(self.stops))
        rules = self.transfers
        told = rules[rules["kind"] != _FORBIDDEN]
        walks = self._walks(self._near, self._near, self.rider.max_change_min)
        # Stops of one station, and pairs that the timetable names, however far apart
        joined = pd.DataFrame({"station": self.station, "stop": every}).dropna()
        mates = joined.merge(joined, on="station", suffixes=("", "_to"))
        pairs = pd.DataFrame(
            {
                "from_id": np.concatenate([mates["stop"], told["from_stop"]]),
                "to_id": np.concatenate([mates["stop_to"], told["to_stop"]]),
            }
        ).astype("int64")
        pairs = pairs[self._is_placed[pairs.to_numpy()].all(axis=1)]
        pairs = pairs.assign(minutes=self._between(pairs))
        own = pd.DataFrame({"from_id": every, "to_id": every, "minutes": 0.0})
        table = pd.concat([pairs, self._far_walks(pairs), own])
        table = table.assign(seconds=_seconds(table["minutes"].to_numpy(dtype=float, copy=True)))
        table = pd.concat([pd.DataFrame(walks._asdict()), table.drop(columns="minutes")])
        best = table.groupby(["from_id", "to_id"])["seconds"].min().astype(float)
        fixed = rules[rules["kind"] == _TIMED_BY_FEED].set_index(["from_stop", "to_stop"])["min_s"]
        fixed = fixed.groupby(level=[0, 1]).max().dropna()
        best = fixed.rename_axis(best.index.names).combine_first(best)
        barred = rules.loc[rules["kind"] == _FORBIDDEN, ["from_stop", "to_stop"]]
        best = best.drop(pd.MultiIndex.from_frame(barred), errors="ignore")
        best = np.rint(best).rename("seconds").sort_index().reset_index()
        walks = Walks(*(best[one].to_numpy(dtype="int32") for one in Walks._fields))
        return _laid_out(walks, rows=len(self.stops))

    def _far_walks(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Walk along streets between named pairs farther than people change by themselves."""
        far = pairs[pairs["minutes"] > self.rider.max_change_min]
        far = far[far[["from_id", "to_id"]].isin(self._near.index).all(axis=1)]
        if self.streets is None or far.empty:
            return far
        starts, goals = (self.stops[far[one].unique()] for one in ("from_id", "to_id"))
        # Streets that are longer than the straight way, detour included, are of no use
        walks = self.streets.costs(starts, goals, within_min=float(far["minutes"].max()))
        return far[["from_id", "to_id"]].merge(walks, on=["from_id", "to_id"])

    def _between(self, pairs: pd.DataFrame) -> np.ndarray:
        """Walk between some pairs of stops, straight: streets need not join their platforms."""
        walker = self.rider.walker if self.streets is None else self.streets.walker
        x, y = self.stops.x.to_numpy(), self.stops.y.to_numpy()
        start, goal = pairs["from_id"].to_numpy(), pairs["to_id"].to_numpy()
        metres = np.hypot(x[start] - x[goal], y[start] - y[goal])
        return metres * self.rider.detour_factor / walker.m_per_min


def _served(lines: Iterable[Lines], changes: Ways, *, stops: int) -> list[Service]:
    """Add where vehicles are boarded and changed."""
    return [Service(one, calls_of(one, stops=stops), changes) for one in lines]


def _minutes(seconds: np.ndarray, percentiles: tuple[float, ...]) -> np.ndarray:
    """Take percentiles of whole seconds by destination, in minutes."""
    # Of a metropolis most lies beyond the limit, and is left out of the sorting
    reached = np.flatnonzero(seconds.min(axis=0, initial=NEVER) < NEVER)
    rows = percentiles_of(seconds[:, reached], percentiles)
    minutes = np.full((len(rows), seconds.shape[1]), np.inf)
    minutes[:, reached] = np.where(rows >= NEVER, np.inf, rows / 60)
    return minutes


def _walked(
    streets: StreetNetwork, starts: gpd.GeoSeries, goals: gpd.GeoSeries, within: float
) -> Walks:
    """Walk along streets."""
    found = streets.pairs(starts, goals, within_min=within)
    from_id, to_id = (one.index.to_numpy(dtype="int32") for one in (starts, goals))
    return Walks(from_id[found.origin], to_id[found.goal], _seconds(found.minutes))


def _seconds(minutes: np.ndarray) -> np.ndarray:
    """Round walks to whole seconds, where they stand: there are millions."""
    minutes *= 60
    return np.rint(minutes, out=minutes).astype("int32")


def _laid_out(walks: Walks, *, rows: int) -> Ways:
    """Lay walks out as the kernels take them; they are in the order of where they start."""
    first = np.concatenate([[0], np.cumsum(np.bincount(walks.from_id, minlength=rows))])
    return Ways(first, walks.to_id.view("uint32"), walks.seconds)  # unsigned: needs no check


def _turned(ways: Ways, *, rows: int) -> Ways:
    """Take walks from where they end."""
    start = np.repeat(np.arange(len(ways.first) - 1, dtype="uint32"), np.diff(ways.first))
    order = np.argsort(ways.goal, kind="stable")
    first = np.concatenate([[0], np.cumsum(np.bincount(ways.goal, minlength=rows))])
    return Ways(first, start[order], ways.seconds[order])


def _desk(lines: Lines, *, stops: int, goals: int, rides: int, changing: bool) -> Desk:
    """Make room for searches."""
    number = len(lines.vehicles)

    def stops_long() -> np.ndarray:
        return np.zeros(stops, dtype="int32")

    def marks() -> np.ndarray:
        return np.zeros(stops, dtype="uint8")

    return Desk(
        arrive=np.empty((rides, stops), dtype="int32"),
        ready=np.empty((rides, stops), dtype="int32"),
        spent=np.empty((rides if changing else 0, stops), dtype="int32"),
        owed=np.empty((rides if changing else 0, stops), dtype="int32"),
        done=np.empty((rides, len(lines.stop)), dtype="int32"),
        is_marked=marks(),
        marked=stops_long(),
        is_improved=marks(),
        improved=stops_long(),
        is_changed=marks(),
        changed=stops_long(),
        walked=stops_long(),
        from_call=np.full(number, -1, dtype="int32"),
        to_call=np.full(number, -1, dtype="int32"),
        queue=np.empty(number, dtype="int32"),
        best=np.empty(goals, dtype="int32"),
        changing=np.zeros(goals, dtype="int32"),
        walk=np.empty(goals, dtype="int32"),
        goals=np.empty(goals, dtype="uint32"),
        is_goal=np.zeros(goals, dtype="uint8"),
    )
