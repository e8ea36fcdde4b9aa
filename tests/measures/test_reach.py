"""What is reached: sums by hand."""

import numpy as np
import pandas as pd
import pytest

from geoequity.measures.reach import Goals, direct_share, reach_of

INF = float("inf")


def goals(jobs, people, **kinds):
    return Goals(
        amounts=pd.DataFrame({"jobs": jobs, "people": people}),
        kinds=pd.DataFrame({name: np.array(one, dtype=bool) for name, one in kinds.items()}),
        weighed_by="jobs",
    )


def journey(*columns, change):
    """Minutes at p05, p50, p95 for each destination, and minutes of changing."""
    return np.array(columns, dtype=float).T, np.array(change, dtype=float)


def test_shares_counts_and_means():
    found = reach_of(
        [
            journey((0, 0, 0), (20, 30, 40), (40, 45.1, 50), (50, 60, INF), change=[0, 4, 8, 2]),
            journey(*[(INF, INF, INF)] * 4, change=[np.nan] * 4),
        ],
        goals([10, 20, 30, 40], [1, 1, 0, 0], clinic=[0, 1, 0, 1], school=[0, 0, 1, 0]),
        origins=pd.Index(["home", "island"]),
    )
    home = found.loc["home"]
    shares = [home[f"jobs_{limit}min_share"] for limit in (30, 45, 60)]
    assert shares == [0.3, 0.3, 1]
    assert home["people_30min_share"] == 1
    assert [home[f"clinic_{limit}min_count"] for limit in (30, 45, 60)] == [1, 1, 2]
    assert home[["clinic_min", "school_min"]].tolist() == [30, 45.1]
    # The last is not reached at its worst: nobody knows how much worse that is
    assert home["spread_min"] == pytest.approx((10 * 0 + 20 * 20 + 30 * 10) / 60)
    assert home["change_min"] == pytest.approx((20 * 4 + 30 * 8 + 40 * 2) / 100)
    island = found.loc["island"]
    assert island[["jobs_60min_share", "clinic_60min_count"]].tolist() == [0, 0]
    assert island[["clinic_min", "spread_min", "change_min"]].isna().all()


def test_of_nothing_there_is_no_share():
    found = reach_of([journey((0, 0, 0), change=[0])], goals([5], [0]), origins=pd.Index(["home"]))
    assert np.isnan(found.loc["home", "people_30min_share"])
    assert found.loc["home", "jobs_30min_share"] == 1


def test_nowhere_to_go_from_nowhere():
    assert reach_of([], goals([1], [1], clinic=[0]), origins=pd.Index([])).empty


def test_what_needs_no_second_boarding():
    every = pd.DataFrame({"people_60min_share": [0.5, 0.0]}, index=["a", "b"])
    direct = pd.DataFrame({"people_60min_share": [0.2, 0.0]}, index=["a", "b"])
    found = direct_share(every, direct, amount="people", limit=60)
    assert found["a"] == pytest.approx(0.4)
    assert np.isnan(found["b"])
