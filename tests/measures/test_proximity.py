"""The walk to the nearest service."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoequity.errors import DataError
from geoequity.measures.proximity import nearest, within

NAN = float("nan")
MINUTES = pd.DataFrame(
    {"clinic": [5.0, NAN, NAN, 0.0], "hospital": [9.0, 12.0, NAN, NAN]}, index=list("abcd")
)


def test_the_nearest_is_the_least_of_what_is_reached() -> None:
    found = nearest(MINUTES, categories=["clinic", "hospital"])
    assert found.fillna(-1).to_dict() == {"a": 5, "b": 12, "c": -1, "d": 0}
    assert nearest(MINUTES, categories=["hospital"]).fillna(-1).tolist() == [9, 12, -1, -1]


def test_a_category_without_column_is_refused() -> None:
    with pytest.raises(DataError, match="minutes: no column school; it has clinic, hospital"):
        nearest(MINUTES, categories=["school"])


def test_the_limit_is_included_and_unknown_stays_unknown() -> None:
    found = within(pd.Series([5.0, 5.000001, 0.0, NAN], index=list("abcd")), limit=5)
    assert found.fillna(-1).to_dict() == {"a": 1, "b": 0, "c": 1, "d": -1}


minutes = st.lists(st.floats(0, 100) | st.just(NAN), min_size=1, max_size=9)


@given(minutes, st.floats(0, 50), st.floats(0, 50))
def test_access_never_falls_as_the_limit_rises(
    values: list[float], limit: float, more: float
) -> None:
    series = pd.Series(values)
    near, far = (within(series, limit=one) for one in (limit, limit + more))
    assert (far >= near)[series.notna()].all()
    assert far.isna().equals(series.isna())


@given(minutes, minutes)
def test_another_category_never_makes_the_walk_longer(one: list[float], other: list[float]) -> None:
    table = pd.DataFrame({"x": pd.Series(one), "y": pd.Series(other)})
    both = nearest(table, categories=["x", "y"])
    alone = nearest(table, categories=["x"])
    assert (both <= alone)[alone.notna()].all()
    assert both.index.equals(table.index)
    assert not np.isinf(both).any()
