"""Times of GTFS: parse them, put them in order, and fill in those left blank."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyproj
import shapely

from geoequity.sources._gtfs_files import Book, table_of

RULES = ("shape_dist_traveled", "shape", "straight line", "number of stops")
_TIME = r"^(\d{1,3}):([0-5]\d):([0-5]\d)$"
_LIVES = ("pickup_type", "drop_off_type")  # 0 always, 1 never, 2 and 3 when asked for


def seconds(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """
    Parse times of the day, H:MM:SS, also over 24 hours.

    Parameters
    ----------
    values
        Categories; each is parsed once.

    Returns
    -------
    seconds, wrong
        Seconds after midnight, NaN where blank or wrong, and which are wrong.
    """
    codes = values.cat.codes.to_numpy()
    words = pd.Series(list(values.cat.categories), dtype=object).astype(str)
    parts = words.str.extract(_TIME).astype(float)
    parsed = (parts[0] * 3600 + parts[1] * 60 + parts[2]).to_numpy()
    result = np.append(parsed, np.nan)[codes]
    return result, np.isnan(result) & (codes >= 0)


def order_stop_times(
    table: pd.DataFrame,
    *,
    trips: pd.DataFrame,
    stops: pd.DataFrame,
    shapes: pd.DataFrame,
    book: Book,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """
    Put the stop times in order, check them, and fill in the blanks.

    Parameters
    ----------
    table
        ``stop_times.txt`` as it was read, its ids known to be good.
    trips, stops, shapes
        Tables of a feed.
    book
        Gets the faults, and the trips that are dropped.

    Returns
    -------
    stop_times, filled
        As in `Feed`, in the order of ``trips``, and how many times were filled
        in by each rule.
    """
    name = "stop_times.txt"
    trip = _positions(table["trip_id"], trips.index)
    stop = _positions(table["stop_id"], stops.index)
    sequence = table["stop_sequence"].to_numpy()
    if (bad := ~np.isnan(sequence) & ~((sequence >= 0) & (sequence % 1 == 0))).any():
        book.fault(name, "stop_sequence is no whole number of 0 or more, in rows", table.index[bad])
    arrival, late = seconds(table["arrival_time"])
    departure, later = seconds(table["departure_time"])
    for field, wrong in (("arrival_time", late), ("departure_time", later)):
        if wrong.any():
            words = table[field].astype(object)[wrong].unique()
            trip_ids = table["trip_id"].astype(object)[wrong].unique()
            listed = ", ".join(map(repr, words[:3]))
            book.fault(name, f"{field} is no time such as 7:05:00 ({listed}) in trips", trip_ids)
    lives = {field: _live(table[field], name, field, book=book) for field in _LIVES}
    keep = (trip >= 0) & (stop >= 0)
    unclear = np.unique(trip[late | later | (stop < 0)])
    order = np.flatnonzero(keep)
    order = order[np.lexsort((sequence[order], trip[order]))]
    trip, stop, arrival, departure = trip[order], stop[order], arrival[order], departure[order]
    arrival = np.where(np.isnan(arrival), departure, arrival)
    departure = np.where(np.isnan(departure), arrival, departure)
    _check_ends(trip, arrival, unclear, trips=trips, book=book)
    _check_rising(trip, arrival, departure, trips=trips, book=book)
    filled = dict.fromkeys(RULES, 0)
    if np.isnan(arrival).any() and not book.faults:
        rows = np.flatnonzero(np.isin(trip, np.unique(trip[np.isnan(arrival)])))
        along = {
            "shape_dist_traveled": table["shape_dist_traveled"].to_numpy()[order[rows]],
            "shape": _along_shape(trip[rows], stop[rows], trips, stops, shapes),
            "straight line": _along_stops(stop[rows], stops),
            "number of stops": np.arange(len(rows), dtype=float),
        }
        times, filled = _filled(trip[rows], arrival[rows], departure[rows], along=along)
        arrival[rows] = np.where(np.isnan(arrival[rows]), times, arrival[rows])
        departure[rows] = np.where(np.isnan(departure[rows]), times, departure[rows])
    if book.faults:
        arrival, departure = np.nan_to_num(arrival), np.nan_to_num(departure)
    ordered = table_of(
        {
            "trip_id": trips.index.to_numpy(dtype=object)[trip],
            "stop_id": stops.index.to_numpy(dtype=object)[stop],
            "arrival_s": arrival.astype(np.int32),
            "departure_s": departure.astype(np.int32),
            "pickup": lives["pickup_type"][order],
            "drop_off": lives["drop_off_type"][order],
        },
        index=pd.RangeIndex(len(order)),
    )
    return ordered, filled


def _positions(values: pd.Series, index: pd.Index) -> np.ndarray:
    """Find where each id stands in an index; -1 where it does not."""
    places = index.get_indexer(pd.Index(list(values.cat.categories), dtype=object))
    return np.append(places, -1)[values.cat.codes.to_numpy()]


def _live(values: pd.Series, file: str, field: str, *, book: Book) -> np.ndarray:
    """Tell whether one may board or alight, as a matter of course or by arrangement."""
    kinds = values.to_numpy()
    wrong = ~np.isnan(kinds) & ~np.isin(kinds, [0, 1, 2, 3])
    if wrong.any():
        book.fault(file, f"{field} is none of 0, 1, 2, 3 in rows", values.index[wrong])
    return kinds != 1


def _check_ends(
    trip: np.ndarray, time: np.ndarray, unclear: np.ndarray, *, trips: pd.DataFrame, book: Book
) -> None:
    """Refuse trips whose first or last stop has no time."""
    change = np.flatnonzero(np.diff(trip)) + 1
    ends = np.concatenate([[0], change, change - 1, [len(trip) - 1]])
    ends = ends[(ends >= 0) & (ends < len(trip))]
    bad = np.setdiff1d(trip[ends][np.isnan(time[ends])], unclear)
    if len(bad):
        book.fault("stop_times.txt", "no time at the first or last stop of trips", trips.index[bad])


def _check_rising(
    trip: np.ndarray,
    arrival: np.ndarray,
    departure: np.ndarray,
    *,
    trips: pd.DataFrame,
    book: Book,
) -> None:
    """Refuse trips whose times fall from stop to stop, or within one."""
    known = ~np.isnan(arrival)
    whose, reach, leave = trip[known], arrival[known], departure[known]
    falls = leave < reach
    falls[1:] |= (whose[1:] == whose[:-1]) & (reach[1:] < leave[:-1])
    if falls.any():
        bad = trips.index[np.unique(whose[falls])]
        book.fault("stop_times.txt", "arrival_time, departure_time fall along trips", bad)


def _filled(
    trip: np.ndarray,
    arrival: np.ndarray,
    departure: np.ndarray,
    *,
    along: Mapping[str, np.ndarray],
) -> tuple[np.ndarray, dict[str, int]]:
    """Time the blanks at an even speed between timed stops, by the first rule that serves."""
    timed, number = ~np.isnan(arrival), np.arange(len(trip))
    before = np.maximum.accumulate(np.where(timed, number, -1))
    after = np.minimum.accumulate(np.where(timed, number, len(trip))[::-1])[::-1]
    blank = np.flatnonzero(~timed)
    first, last = before[blank], after[blank]
    within = trip[1:] == trip[:-1]
    share = np.full(len(blank), np.nan)
    filled = {}
    for rule, position in along.items():
        backwards = within & ~(np.diff(position) >= 0)  # or unknown
        broken = np.bincount(before[:-1][backwards], minlength=len(trip)) > 0
        length = position[last] - position[first]
        use = np.isnan(share) & ~broken[first] & (length > 0)
        share[use] = (position[blank] - position[first])[use] / length[use]
        filled[rule] = int(use.sum())
    times = np.full(len(trip), np.nan)
    times[blank] = np.rint(departure[first] + share * (arrival[last] - departure[first]))
    return times, filled


def _along_stops(stop: np.ndarray, stops: pd.DataFrame) -> np.ndarray:
    """Add up the straight lines from stop to stop, on and on; only differences mean anything."""
    places = stops[["lon", "lat"]].to_numpy(dtype=float)[stop]
    metres = pyproj.Geod(ellps="WGS84").inv(*places[:-1].T, *places[1:].T)[2]
    return np.append(0.0, np.cumsum(metres))


def _along_shape(
    trip: np.ndarray,
    stop: np.ndarray,
    trips: pd.DataFrame,
    stops: pd.DataFrame,
    shapes: pd.DataFrame,
) -> np.ndarray:
    """Project the stops of trips on the lines of their shapes; NaN where there is none."""
    shape = shapes.index.get_indexer(trips["shape_id"].to_numpy(dtype=object))[trip]
    position = np.full(len(trip), np.nan)
    there = np.flatnonzero(shape >= 0)
    if len(there) == 0:
        return position
    pairs, which = np.unique(
        shape[there].astype(np.int64) * len(stops) + stop[there], return_inverse=True
    )
    line, place = np.divmod(pairs, len(stops))
    # Degrees of longitude as long as those of latitude: a distance to compare, not to tell
    squeeze = np.cos(np.radians(stops["lat"].to_numpy(dtype=float)[place].mean()))
    scaled = shapely.transform(np.asarray(shapes.geometry), lambda xy: xy * [squeeze, 1.0])
    points = shapely.points(stops[["lon", "lat"]].to_numpy(dtype=float) * [squeeze, 1.0])
    position[there] = shapely.line_locate_point(scaled[line], points[place])[which]
    return position
