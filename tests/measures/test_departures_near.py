"""Departures within reach: sums by hand, and against a plain count."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoequity.errors import DataError
from geoequity.measures import supply
from geoequity.measures.supply import departures_near


def near(*pairs):
    return pd.DataFrame(pairs, columns=["from_id", "to_id"], dtype=object)


def runs(*rows):
    columns = ["stop_id", "route_id", "direction", "mode", "trips_per_hour"]
    return pd.DataFrame(rows, columns=columns)


def test_a_route_counts_once_at_its_best_stop():
    found = departures_near(
        near(("home", "s"), ("home", "t")),
        runs(
            ("s", "1", 0, "bus", 6.0),
            ("t", "1", 0, "bus", 4.0),
            ("t", "1", 1, "bus", 5.0),
            ("t", "M", 0, "metro", 20.0),
            ("u", "2", 0, "bus", 9.0),
        ),
        origins=pd.Index(["home"]),
    )
    assert found.loc["home"].to_dict() == {"every": 31, "metro": 20, "bus": 11, "known_share": 1}


def test_nobody_knows_is_not_nothing():
    found = departures_near(
        near(("some", "s"), ("some", "t"), ("none", "t")),
        runs(("s", "1", 0, "bus", 6.0), ("t", "2", 0, "bus", np.nan)),
        origins=pd.Index(["some", "none", "far"]),
    )
    assert found["every"].tolist()[::2] == [6, 0]
    assert np.isnan(found.loc["none", "every"])
    assert found["known_share"].fillna(-1).tolist() == [0.5, 0, -1]


def test_a_known_stop_of_a_route_speaks_for_one_that_is_unknown():
    found = departures_near(
        near(("a", "s"), ("a", "t")),
        runs(("s", "1", 0, "bus", np.nan), ("t", "1", 0, "bus", 3.0)),
        origins=pd.Index(["a"]),
    )
    assert found.loc["a", ["every", "known_share"]].tolist() == [3, 1]


def test_nothing_runs():
    found = departures_near(near(("a", "s")), runs(), origins=pd.Index(["a", "b"]))
    assert found["every"].tolist() == [0, 0]
    assert departures_near(near(), runs(), origins=pd.Index([])).empty


def test_columns_are_needed():
    with pytest.raises(DataError, match="supply: no column"):
        departures_near(near(), pd.DataFrame({"stop_id": []}), origins=pd.Index(["a"]))
    with pytest.raises(DataError, match=r"^near: no column to_id"):
        departures_near(near().drop(columns="to_id"), runs(), origins=pd.Index(["a"]))


@pytest.mark.parametrize("mode", ["carriage", None])
def test_modes_are_those_there_are(mode):
    runs_there = runs(("s", "1", 0, "bus", 6.0), ("t", "2", 0, mode, 4.0))
    with pytest.raises(DataError, match=r"^supply: no mode: .* at t; there are ") as caught:
        departures_near(near(("a", "s")), runs_there, origins=pd.Index(["a"]))
    assert list(caught.value.ids) == ["t"]


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6)), max_size=25, unique=True),
    st.lists(
        st.tuples(
            st.integers(0, 6),
            st.sampled_from("xyz"),
            st.sampled_from([0, 1]),
            st.integers(1, 20) | st.none(),
        ),
        max_size=25,
        unique_by=lambda row: row[:3],
    ),
    st.sampled_from([1, 4, 10**6]),
)
def test_sums_are_those_of_a_plain_count(pairs, rows, held):
    mode = {"x": "bus", "y": "metro", "z": "ferry"}
    table = runs(*((s, r, d, mode[r], np.nan if n is None else n) for s, r, d, n in rows))
    before = supply._ROWS
    supply._ROWS = held
    try:
        found = departures_near(
            pd.DataFrame(pairs, columns=["from_id", "to_id"], dtype=int),
            table,
            origins=pd.RangeIndex(6),
        )
    finally:
        supply._ROWS = before
    for origin in range(6):
        best = {}
        for stop, route, direction, number in rows:
            if (origin, stop) in pairs:
                seen = best.get((route, direction))
                known = [one for one in (seen, number) if one is not None]
                best[route, direction] = max(known, default=None)
        known = {key: one for key, one in best.items() if one is not None}
        row = found.loc[origin]
        if best and not known:
            assert np.isnan(row["every"])
        else:
            assert row["every"] == sum(known.values())
            for name in {mode[one] for _, one, _, _ in rows}:
                mine = [one for (route, _), one in known.items() if mode[route] == name]
                assert row[name] == sum(mine)
        assert (
            row["known_share"] == len(known) / len(best) if best else np.isnan(row["known_share"])
        )
