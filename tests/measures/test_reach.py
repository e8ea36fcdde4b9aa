"""What is reached: sums by hand."""

import numpy as np
import pandas as pd
import pytest

from geoequity.measures.reach import count_of, direct_share, reach_of

INF = float("inf")


def amounts(jobs, people):
    return pd.DataFrame({"jobs": jobs, "people": people})


def journey(*columns, change):
    """Minutes at p05, p50, p95 for each destination, and minutes of changing."""
    return np.array(columns, dtype=float).T, np.array(change, dtype=float)


def test_shares_and_means():
    found = reach_of(
        [
            journey((0, 0, 0), (20, 30, 40), (40, 45.1, 50), (50, 60, INF), change=[0, 4, 8, 2]),
            journey(*[(INF, INF, INF)] * 4, change=[np.nan] * 4),
        ],
        amounts([10, 20, 30, 40], [1, 1, 0, 0]),
        weighed_by="jobs",
        origins=pd.Index(["home", "island"]),
    )
    home = found.loc["home"]
    shares = [home[f"jobs_{limit}min_share"] for limit in (30, 45, 60)]
    assert shares == [0.3, 0.3, 1]
    assert home["people_30min_share"] == 1
    # The last is not reached at its worst: nobody knows how much worse that is
    assert home["spread_min"] == pytest.approx((10 * 0 + 20 * 20 + 30 * 10) / 60)
    assert home["change_min"] == pytest.approx((20 * 4 + 30 * 8 + 40 * 2) / 100)
    island = found.loc["island"]
    assert island["jobs_60min_share"] == 0
    assert island[["spread_min", "change_min"]].isna().all()


def test_places_are_counted_and_the_nearest_is_told():
    minutes = np.array([[30.0, INF, 60.1], [60.0, INF, 45.0]])
    homes = pd.Index(["home", "island", "edge"])
    found = count_of(minutes, kind="clinic", origins=homes)
    counts = [found[f"clinic_{limit}min_count"].tolist() for limit in (30, 45, 60)]
    assert counts == [[1, 0, 0], [1, 0, 1], [2, 0, 1]]
    assert found["clinic_min"].fillna(-1).tolist() == [30, -1, 45]
    none = count_of([], kind="clinic", origins=homes)
    assert none["clinic_60min_count"].tolist() == [0, 0, 0]
    assert none["clinic_min"].isna().all()


def test_of_nothing_there_is_no_share():
    found = reach_of(
        [journey((0, 0, 0), change=[0])],
        amounts([5], [0]),
        weighed_by="jobs",
        origins=pd.Index(["home"]),
    )
    assert np.isnan(found.loc["home", "people_30min_share"])
    assert found.loc["home", "jobs_30min_share"] == 1


def test_nowhere_to_go_from_nowhere():
    assert reach_of([], amounts([1], [1]), weighed_by="jobs", origins=pd.Index([])).empty


def test_what_needs_no_second_boarding():
    every = pd.DataFrame({"people_60min_share": [0.5, 0.0]}, index=["a", "b"])
    direct = pd.DataFrame({"people_60min_share": [0.2, 0.0]}, index=["a", "b"])
    found = direct_share(every, direct, amount="people", limit=60)
    assert found["a"] == pytest.approx(0.4)
    assert np.isnan(found["b"])
