"""Fibre raises what is measured where it is laid, and nothing else."""

import numpy as np
import pandas as pd
import pytest

from geoequity.fibre import with_fibre
from geoequity.indicators import TableValues

UNITS = ["a", "b", "c"]
WHOLE = pd.DataFrame({"a": [1.0, 0.0, 0.0]}, index=UNITS)
HALF = pd.DataFrame({"a": [0.5, 0.0, 0.0]}, index=UNITS)


def laid(**more: float) -> pd.DataFrame:
    blank = dict.fromkeys(["down_mbps", "up_mbps", "latency_ms", "home_share"], np.nan)
    return pd.DataFrame([{**blank, **more}], index=["a"])


def values(*numbers: float, **more: object) -> TableValues:
    told = pd.Series(numbers, index=UNITS)
    return TableValues(value=told, level="district", is_count=False, **more)


def after(key: str, one: TableValues, fibre: pd.DataFrame, reach: pd.DataFrame = WHOLE):
    return with_fibre({key: one}, fibre, reach=reach, cells=None)[key]


@pytest.mark.parametrize(
    ("key", "before", "fibre", "wanted"),
    [
        ("fixed_down_mbps", 40.0, {"down_mbps": 300.0}, 300.0),
        ("fixed_down_mbps", 400.0, {"down_mbps": 300.0}, 400.0),
        ("fixed_down_mbps", np.nan, {"down_mbps": 300.0}, 300.0),
        ("fixed_latency_ms", 30.0, {"down_mbps": 300.0, "latency_ms": 8.0}, 8.0),
        ("fixed_latency_ms", 30.0, {"down_mbps": 300.0}, 30.0),
        ("fixed_under_25_3_share", 0.4, {"down_mbps": 300.0, "up_mbps": 3.0}, 0.0),
        ("fixed_under_25_3_share", 0.4, {"down_mbps": 300.0, "up_mbps": 2.0}, 0.4),
        ("fixed_under_25_3_share", 0.4, {"down_mbps": 300.0}, 0.4),
        ("fixed_under_100_20_share", 0.4, {"down_mbps": 99.0, "up_mbps": 20.0}, 0.4),
        ("fixed_over_100_ms_share", 0.4, {"down_mbps": 99.0, "latency_ms": 100.0}, 0.0),
        ("home_internet_share", 0.4, {"down_mbps": 99.0, "home_share": 0.9}, 0.9),
        ("mobile_down_mbps", 4.0, {"down_mbps": 99.0}, 4.0),
    ],
)
def test_what_homes_get(key, before, fibre, wanted):
    found = after(key, values(before, 7.0, np.nan), laid(**fibre)).value
    np.testing.assert_array_equal(found, [wanted, 7.0, np.nan])


def test_a_unit_that_lies_in_it_by_half_gets_half():
    found = after("fixed_down_mbps", values(40.0, 7.0, 8.0), laid(down_mbps=300.0), HALF).value
    assert found.tolist() == [170.0, 7.0, 8.0]
    unknown = values(np.nan, 7.0, 8.0)
    assert np.isnan(after("fixed_down_mbps", unknown, laid(down_mbps=300.0), HALF).value["a"])


def test_draws_and_intervals_move_one_by_one_and_no_others():
    draws = pd.DataFrame([[30.0, 5.0, 6.0], [350.0, 5.5, 6.5]], columns=UNITS)
    interval = pd.DataFrame({"low": [20.0, 4.0, 5.0], "high": [400.0, 6.0, 7.0]}, index=UNITS)
    one = values(40.0, 5.0, 6.0, interval=interval, draws=draws)
    found = after("fixed_down_mbps", one, laid(down_mbps=300.0))
    assert found.draws["a"].tolist() == [300.0, 350.0]
    assert found.interval.loc["a"].tolist() == [300.0, 400.0]
    pd.testing.assert_frame_equal(found.draws[["b", "c"]], draws[["b", "c"]])
    pd.testing.assert_frame_equal(found.interval.loc[["b", "c"]], interval.loc[["b", "c"]])
    assert one.value["a"] == 40.0


def test_homes_of_cells_are_raised_where_their_district_is():
    cells = pd.DataFrame(
        {"district_id": ["a", "a", "b", None], "households": [10.0, 20.0, 30.0, 40.0]},
        index=list("wxyz"),
    )
    share = TableValues(
        value=pd.Series([0.2, 0.95, 0.1, 0.1], index=cells.index), level="cell", is_count=False
    )
    fibre = laid(down_mbps=99.0, home_share=0.9)
    key = "home_internet_share"
    found = with_fibre({key: share}, fibre, reach=WHOLE, cells=cells)[key].value
    assert found.tolist() == [0.9, 0.95, 0.1, 0.1]
    count = TableValues(
        value=pd.Series([2.0, 19.0, 3.0, 4.0], index=cells.index), level="cell", is_count=True
    )
    found = with_fibre({key: count}, fibre, reach=WHOLE, cells=cells)[key].value
    assert found.tolist() == [9.0, 19.0, 3.0, 4.0]
