"""How much public transport runs near people, whatever it leads to."""

import numpy as np
import pandas as pd

from geoequity import schema
from geoequity.errors import DataError, shown
from geoequity.schema import MODES

_ROWS = 4_000_000  # of pairs with lines, held at a time
_SUPPLY = ["stop_id", "route_id", "direction", "mode", "trips_per_hour"]


def departures_near(near: pd.DataFrame, supply: pd.DataFrame, *, origins: pd.Index) -> pd.DataFrame:
    """
    Count the departures an hour within reach of people.

    Each route and direction counts once, at the stop within reach where it
    departs most often: two stops of one line are not twice the service.

    Parameters
    ----------
    near
        ``from_id`` and ``to_id``: which stops each origin reaches on foot.
    supply
        ``stop_id``, ``route_id``, ``direction``, ``mode``, ``trips_per_hour``
        (NaN where it is unknown how often the route runs), as
        `transit.Timetable.supply` and `transit.untimed_supply` give it.
    origins
        Origins of the result; one that reaches no stop has 0.

    Returns
    -------
    departures
        Origins by ``every`` and the modes that run: departures an hour, those
        that are unknown left out; and ``known_share``, the share of the routes
        within reach of which it is known how often they run (0-1, NaN where
        there is none). Where it is known of none, departures are NaN.

    Raises
    ------
    DataError
        If a column is absent, or a mode is none of `MODES`.

    Examples
    --------
    >>> near = pd.DataFrame({"from_id": ["a", "a", "b"], "to_id": ["s", "t", "t"]})
    >>> supply = pd.DataFrame(
    ...     {
    ...         "stop_id": ["s", "t", "t"],
    ...         "route_id": ["1", "1", "2"],
    ...         "direction": 0,
    ...         "mode": "bus",
    ...         "trips_per_hour": [6.0, 4.0, 3.0],
    ...     }
    ... )
    >>> departures_near(near, supply, origins=pd.Index(["a", "b", "c"]))["every"].tolist()
    [9.0, 7.0, 0.0]
    """
    schema.check_columns(near, ["from_id", "to_id"], name="near")
    schema.check_columns(supply, _SUPPLY, name="supply")
    is_none = ~supply["mode"].isin(MODES)
    if is_none.any():
        stops = supply.loc[is_none, "stop_id"].unique()
        names = shown(supply.loc[is_none, "mode"].unique())
        msg = f"supply: no mode: {names} at {shown(stops)}; there are {', '.join(MODES)}"
        raise DataError(msg, ids=pd.Index(stops))
    modes = [one for one in MODES if one in set(supply["mode"])]
    line = supply.groupby(["route_id", "direction"], sort=False, dropna=False).ngroup().to_numpy()
    mode_of = np.zeros(line.max(initial=-1) + 1, dtype=int)
    mode_of[line] = pd.Categorical(supply["mode"], categories=modes).codes
    stops = pd.Index(supply["stop_id"].unique())
    stop = stops.get_indexer(supply["stop_id"])
    order = np.argsort(stop, kind="stable")
    # Rates by rank, the highest first; what is unknown comes last, after all that is known
    rates, rank = np.unique(-supply["trips_per_hour"].to_numpy(dtype=float), return_inverse=True)
    line, rank, rates = line[order], rank[order], -rates
    first = np.concatenate([[0], np.cumsum(np.bincount(stop, minlength=len(stops)))])

    start, goal = origins.get_indexer(near["from_id"]), stops.get_indexer(near["to_id"])
    some = (start >= 0) & (goal >= 0)
    start, goal = start[some], goal[some]
    order = np.argsort(start, kind="stable")
    start, goal = start[order], goal[order]
    sums = np.zeros((len(origins), len(modes)))
    lines, known = np.zeros(len(origins)), np.zeros(len(origins))
    for some in _chunks(start, first[goal + 1] - first[goal]):
        number = first[goal[some] + 1] - first[goal[some]]
        at = np.arange(number.sum()) - np.repeat(
            np.cumsum(number) - number - first[goal[some]], number
        )
        # Of each route the best stop: the first of those that are sorted, as one number each
        begin, end = int(start[some][0]), int(start[some][-1]) + 1
        route = np.repeat(start[some] - begin, number) * len(mode_of) + line[at]
        keys = np.sort(route * len(rates) + rank[at])
        route, place = np.divmod(keys, len(rates))
        is_best = np.diff(route, prepend=-1) > 0
        who, what = np.divmod(route[is_best], len(mode_of))
        often = rates[place[is_best]]
        lines[begin:end] = np.bincount(who, minlength=end - begin)
        known[begin:end] = np.bincount(who, weights=np.isfinite(often), minlength=end - begin)
        by_mode = np.bincount(
            who * len(modes) + mode_of[what],
            weights=np.nan_to_num(often),
            minlength=(end - begin) * len(modes),
        )
        sums[begin:end] = by_mode.reshape(-1, len(modes))
    is_unknown = (lines > 0) & (known == 0)
    sums[is_unknown] = np.nan
    table = pd.DataFrame(sums, index=origins, columns=modes)
    table.insert(0, "every", sums.sum(axis=1))
    with np.errstate(invalid="ignore"):
        return table.assign(known_share=known / lines)


def _chunks(start: np.ndarray, rows: np.ndarray) -> list[slice]:
    """Cut pairs, ordered by origin, into pieces that memory can hold, never within an origin."""
    begins = np.flatnonzero(np.diff(start, prepend=-1))
    total = np.concatenate([[0], np.cumsum(rows)])
    pieces: list[slice] = []
    begin = 0
    for one, end in zip(begins, np.append(begins[1:], len(start))[: len(begins)], strict=True):
        if total[end] - total[begin] > _ROWS and one > begin:
            pieces.append(slice(begin, int(one)))
            begin = int(one)
    if begin < len(start):
        pieces.append(slice(begin, len(start)))
    return pieces
