"""Other engines that can serve instead of our router, to check one against the other."""

import datetime as dt
import os
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd

from geoequity import schema
from geoequity.errors import DataError, DataWarning, SourceError, shown
from geoequity.streets import WALKING_KMH
from geoequity.transit._rider import (
    check_percentiles,
    departures_of,
    percentiles_of,
    window_of,
)

_DEGREES = "EPSG:4326"
_DAY_S = 86_400
_MEDIAN = 50
_MOST_PERCENTILES = 5  # that R5 takes
_ALL_STOPS = 1_000_000  # more than any walk has
_FERROBUS_READS = frozenset(
    f"{one}.txt"
    for one in (
        "agency", "calendar", "calendar_dates", "feed_info", "routes", "stop_times", "stops",
        "transfers", "trips",
    )
)  # fmt: skip

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


class Engine(Protocol):
    """What finds travel times from door to door."""

    def travel_times(
        self,
        origins: gpd.GeoSeries | gpd.GeoDataFrame,
        destinations: gpd.GeoSeries | gpd.GeoDataFrame,
        *,
        window: tuple[str, str],
        within_min: float,
        percentiles: Iterable[float],
    ) -> pd.DataFrame:
        """
        Measure the travel times between all origins and destinations.

        Parameters
        ----------
        origins
            Points in a metric CRS with a unique index.
        destinations
            Points in the same CRS with a unique index.
        window
            First minute of departure, and the minute after the last.
        within_min
            Longest journey to look for [minutes].
        percentiles
            0 to 100, of the departures of the window.

        Returns
        -------
        costs
            As `Timetable.travel_times` gives them, without ``change_min``.
        """


@dataclass(frozen=True, eq=False)
class Ferrobus:
    """
    Let ferrobus find the travel times.

    ferrobus is a package of its own (``pip install ferrobus``). Everybody
    walks at 1.4 m/s and from the junction next to them; it knows no
    frequencies, no stations and no vehicles of the night before, and takes all
    trips of a route that have as many stops to call at the same ones. Where a
    feed has none of that it should agree with ours.

    Parameters
    ----------
    pbf
        Streets, ``.osm.pbf``.
    gtfs
        Timetables, zips or folders; no time may be blank.
    date
        The day, or ``YYYY-MM-DD``. A day without service is not noticed:
        everybody walks.
    max_transfers
        How often riders change at most.
    max_walk_min
        Longest walk to the first stop, from the last, or all the way [minutes].
    max_change_min
        Longest walk from one vehicle to another [minutes].

    Examples
    --------
    >>> Ferrobus("city.osm.pbf", "feed.zip", date="2025-05-14").max_transfers
    3
    """

    pbf: str | os.PathLike[str]
    gtfs: Paths
    _: KW_ONLY
    date: dt.date | str
    max_transfers: int = 3
    max_walk_min: float = 20.0
    max_change_min: float = 10.0

    def travel_times(
        self,
        origins: gpd.GeoSeries | gpd.GeoDataFrame,
        destinations: gpd.GeoSeries | gpd.GeoDataFrame,
        *,
        window: tuple[str, str] = ("07:00", "09:00"),
        within_min: float = 90.0,
        percentiles: Iterable[float] = (_MEDIAN,),
    ) -> pd.DataFrame:
        """
        Measure the travel times between all origins and destinations.

        A matrix of all places with each other is made for every minute, so
        this is for samples of up to some thousands.

        Parameters
        ----------
        origins
            Points in a metric CRS with a unique index. One that is too far
            from any street reaches nothing, with a warning.
        destinations
            Points in the same CRS with a unique index; as the origins.
        window
            First minute of departure, and the minute after the last.
        within_min
            Longest journey to look for [minutes].
        percentiles
            0 to 100, of the departures of the window.

        Returns
        -------
        costs
            As `Timetable.travel_times` gives them.

        Raises
        ------
        SourceError
            If ferrobus is not installed, or cannot read a file.
        DataError
            If an id repeats, a geometry is missing or no point, a percentile or
            the limit is out of range, or the window is none.
        CRSError
            If the CRS is not in metres, or differs.
        """
        asked = check_percentiles(percentiles)
        departures = departures_of(window)
        start, goal = _places(origins, destinations, within_min=within_min)
        ferrobus, model = self._engine
        known = self._known(start, goal)
        points = list(known.values())
        rank = {place: number for number, place in enumerate(known)}
        rows, columns = (
            np.array([rank.get(one, len(points)) for one in _pairs(places)])
            for places in (start, goal)
        )
        seconds = np.full((len(departures), len(start), len(goal)), np.inf)
        for step, departure in enumerate(departures.tolist()):
            matrix = ferrobus.travel_time_matrix(model, points, departure, self.max_transfers)
            table = np.full((len(points) + 1, len(points) + 1), np.nan)  # the last is nowhere
            table[:-1, :-1] = np.array(matrix, dtype=float).reshape(len(points), len(points))
            seconds[step] = table[np.ix_(rows, columns)]
        seconds[~(seconds <= within_min * 60)] = np.inf
        minutes = percentiles_of(seconds, asked) / 60
        return _costs(origins.index, destinations.index, minutes, asked, within_min=within_min)

    def _known(self, start: gpd.GeoSeries, goal: gpd.GeoSeries) -> dict[tuple[float, float], Any]:
        """Tie every place to the streets, each once; leave out what is off them."""
        ferrobus, model = self._engine
        known: dict[tuple[float, float], Any] = {}
        walk_s = round(self.max_walk_min * 60)
        lost: dict[Any, None] = {}
        names = [*start.index, *goal.index]
        for place, name in zip(_pairs(start) + _pairs(goal), names, strict=True):
            if place in known:
                continue
            lon, lat = place
            try:
                known[place] = ferrobus.create_transit_point(lat, lon, model, walk_s, _ALL_STOPS)
            except ValueError:  # what it says then is that there is no street
                lost[name] = None
        if lost:
            msg = f"ferrobus: too far from any street, and reached by nobody: {shown(lost)}"
            warnings.warn(DataWarning(msg, ids=lost), stacklevel=3)
        return known

    @cached_property
    def _engine(self) -> tuple[Any, Any]:
        """Load ferrobus and let it read the files."""
        ferrobus = _loaded("ferrobus", "pip install ferrobus")
        change_s = round(self.max_change_min * 60)
        with _folders(_listed(self.gtfs)) as folders:
            try:
                model = ferrobus.create_transit_model(
                    os.fspath(self.pbf), folders, _day(self.date), change_s
                )
            except RuntimeError as error:
                msg = f"{self.pbf}, {shown(_listed(self.gtfs))}: ferrobus cannot read: {error}"
                raise SourceError(msg, source=self.pbf) from error
        return ferrobus, model


@dataclass(frozen=True, eq=False)
class R5py:
    """
    Let R5 find the travel times, by r5py.

    r5py is a package of its own (``pip install r5py``). It needs a Java
    development kit, 21 or newer, and downloads R5 when it is first used. R5
    tells whole minutes, draws departures at random where a timetable tells only
    how often vehicles come, takes at most five percentiles, and has a limit of
    its own to the walk from one vehicle to another.

    Parameters
    ----------
    pbf
        Streets, ``.osm.pbf``.
    gtfs
        Timetables, zips.
    date
        The day, or ``YYYY-MM-DD``.
    max_transfers
        How often riders change at most.
    max_walk_min
        Longest walk at either end, or all the way [minutes].
    speed_kmh
        How fast they walk [km/h].

    Examples
    --------
    >>> R5py("city.osm.pbf", "feed.zip", date="2025-05-14").speed_kmh
    4.8
    """

    pbf: str | os.PathLike[str]
    gtfs: Paths
    _: KW_ONLY
    date: dt.date | str
    max_transfers: int = 3
    max_walk_min: float = 20.0
    speed_kmh: float = WALKING_KMH

    def travel_times(
        self,
        origins: gpd.GeoSeries | gpd.GeoDataFrame,
        destinations: gpd.GeoSeries | gpd.GeoDataFrame,
        *,
        window: tuple[str, str] = ("07:00", "09:00"),
        within_min: float = 90.0,
        percentiles: Iterable[float] = (_MEDIAN,),
    ) -> pd.DataFrame:
        """
        Measure the travel times between all origins and destinations.

        Parameters
        ----------
        origins
            Points in a metric CRS with a unique index.
        destinations
            Points in the same CRS with a unique index.
        window
            First minute of departure, before midnight, and the minute after the
            last.
        within_min
            Longest journey to look for [minutes], whole ones.
        percentiles
            0 to 100, of the departures of the window; at most five.

        Returns
        -------
        costs
            As `Timetable.travel_times` gives them.

        Raises
        ------
        SourceError
            If r5py is not installed, or R5 cannot start.
        DataError
            If an id repeats, a geometry is missing or no point, a percentile or
            the limit is out of range, the percentiles are too many, or the
            window is none.
        CRSError
            If the CRS is not in metres, or differs.
        """
        asked = check_percentiles(percentiles)
        begin, end = window_of(window)
        if len(asked) > _MOST_PERCENTILES or begin >= _DAY_S:
            msg = (
                f"R5 takes {_MOST_PERCENTILES} percentiles and departures before 24:00;"
                f" asked for are {len(asked)} from {window[0]}"
            )
            raise DataError(msg)
        start, goal = _places(origins, destinations, within_min=within_min)
        r5py, network = self._engine
        midnight = dt.datetime.combine(_day(self.date), dt.time())
        told = r5py.TravelTimeMatrix(
            network,
            origins=_numbered(start),
            destinations=_numbered(goal),
            departure=midnight + dt.timedelta(seconds=begin),
            departure_time_window=dt.timedelta(seconds=end - begin),
            percentiles=list(asked),
            transport_modes=[r5py.TransportMode.TRANSIT, r5py.TransportMode.WALK],
            max_time=dt.timedelta(minutes=int(within_min)),
            max_time_walking=dt.timedelta(minutes=self.max_walk_min),
            speed_walking=self.speed_kmh,
            max_public_transport_rides=self.max_transfers + 1,
        )
        minutes = np.full((len(asked), len(start), len(goal)), np.inf)
        rows, columns = told["from_id"].astype(int), told["to_id"].astype(int)
        for layer, percentile in zip(minutes, asked, strict=True):
            layer[rows, columns] = told[_column(told.columns, percentile)].astype(float)
        minutes[~(minutes <= within_min)] = np.inf
        return _costs(origins.index, destinations.index, minutes, asked, within_min=within_min)

    @cached_property
    def _engine(self) -> tuple[Any, Any]:
        """Load r5py and let R5 read the files."""
        how = "pip install r5py; it needs Java 21 or newer and downloads R5 when first used"
        r5py = _loaded("r5py", how)
        return r5py, r5py.TransportNetwork(os.fspath(self.pbf), _listed(self.gtfs))


# ------------------------------------------------------- shared by the engines
def _loaded(name: str, how: str) -> Any:
    """Import an engine, which is no dependency of ours."""
    try:
        return import_module(name)
    except ImportError as error:
        msg = f"{name} is not installed: {how}"
        raise SourceError(msg, source=name) from error
    except (OSError, ValueError) as error:  # r5py without Java, or without the network
        msg = f"{name} cannot start ({error}): {how}"
        raise SourceError(msg, source=name) from error


def _listed(paths: Paths) -> list[str]:
    """List one path or several."""
    some = [paths] if isinstance(paths, str | os.PathLike) else paths
    return [os.fspath(one) for one in some]


def _day(date: dt.date | str) -> dt.date:
    """Read a day."""
    try:
        return pd.Timestamp(date).date()
    except ValueError as error:
        msg = f"date: {date!r} is no day such as 2025-05-14"
        raise DataError(msg) from error


@contextmanager
def _folders(paths: list[str]) -> Iterator[list[str]]:
    """Unpack zips for as long as they are read, no more of each than ferrobus reads."""
    with tempfile.TemporaryDirectory() as parent:
        folders = []
        for number, path in enumerate(paths):
            if Path(path).is_dir():
                folders.append(path)
                continue
            folder = Path(parent) / str(number)
            folder.mkdir()
            try:
                with zipfile.ZipFile(path) as archive:
                    for name in _FERROBUS_READS.intersection(archive.namelist()):
                        with archive.open(name) as packed, (folder / name).open("wb") as file:
                            shutil.copyfileobj(packed, file)
            except (OSError, zipfile.BadZipFile) as error:
                msg = f"{path}: no zip or folder that can be read ({error})"
                raise SourceError(msg, source=path) from error
            folders.append(str(folder))
        yield folders


def _places(
    origins: gpd.GeoSeries | gpd.GeoDataFrame,
    destinations: gpd.GeoSeries | gpd.GeoDataFrame,
    *,
    within_min: float,
) -> tuple[gpd.GeoSeries, gpd.GeoSeries]:
    """Check points and the limit, and give the points in degrees."""
    schema.check_above_0(within_min, name="within_min")
    schema.check_metric_crs(origins, name="origins")
    schema.check_same_crs(origins, destinations, names=("origins", "destinations"))
    for places, name in ((origins, "origins"), (destinations, "destinations")):
        schema.check_unique(places.index, name=name)
        shapes = places.geometry
        bad = shapes.isna() | shapes.is_empty | (shapes.geom_type != "Point")
        if bad.any():
            msg = f"{name}: missing or no point: {shown(places.index[bad])}"
            raise DataError(msg, ids=places.index[bad])
    return origins.geometry.to_crs(_DEGREES), destinations.geometry.to_crs(_DEGREES)


def _pairs(places: gpd.GeoSeries) -> list[tuple[float, float]]:
    """Give longitude and latitude of each."""
    return list(zip(places.x.tolist(), places.y.tolist(), strict=True))


def _numbered(places: gpd.GeoSeries) -> gpd.GeoDataFrame:
    """Name places by their numbers, whatever they are called."""
    return gpd.GeoDataFrame(
        {"id": np.arange(len(places))}, geometry=places.to_numpy(), crs=places.crs
    )


def _column(columns: pd.Index, percentile: float) -> str:
    """Find the column of a percentile: how it is called differs with versions of r5py."""
    lone = {"travel_time"} if percentile == _MEDIAN else set()
    names = {f"travel_time_p{percentile:.0f}", f"travel_time_p{percentile:02.0f}"} | lone
    found = [one for one in columns if one in names]
    if not found:
        msg = f"r5py: no column for percentile {percentile} among {shown(columns)}"
        raise DataError(msg)
    return found[0]


def _costs(
    origins: pd.Index,
    destinations: pd.Index,
    minutes: np.ndarray,
    percentiles: tuple[float, ...],
    *,
    within_min: float,
) -> pd.DataFrame:
    """List the pairs that are reached at some percentile."""
    start, goal = np.nonzero(np.isfinite(minutes).any(axis=0))
    table = pd.DataFrame({"from_id": origins[start], "to_id": destinations[goal]})
    for layer, one in zip(minutes, percentiles, strict=True):
        table[f"minutes_p{one:02d}"] = layer[start, goal]
    if _MEDIAN in percentiles:
        table["minutes"] = table[f"minutes_p{_MEDIAN}"]
    table.attrs["limit_min"] = float(within_min)
    return table
