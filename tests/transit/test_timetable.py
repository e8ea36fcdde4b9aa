"""What runs on a day, and how often: against sums done by hand."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point

from geoequity.errors import CRSError, DataError
from geoequity.transit import Rider, Timetable
from geoequity.transit._rider import check_percentiles, departures_of, percentiles_of, seconds_of
from tests.transit.small_timetables import (
    CRS,
    DATE,
    DAYS,
    EAST,
    NORTH,
    open_calls,
    stop_row,
    write_gtfs,
)

STOPS = [stop_row("A", 0, 0), stop_row("B", 3000, 0), stop_row("C", 6000, 0)]
WORKDAYS = {
    "service_id": "work", **dict.fromkeys(DAYS[:5], 1), **dict.fromkeys(DAYS[5:], 0),
    "start_date": 20240101, "end_date": 20241231,
}  # fmt: skip
NOWHERE = gpd.GeoSeries([], crs=CRS)


def places(**spots):
    """Points by id, metres from the corner."""
    points = [Point(EAST + x, NORTH + y) for x, y in spots.values()]
    return gpd.GeoSeries(points, index=list(spots), crs=CRS)


@pytest.fixture
def city(tmp_path):
    """Make a bus, timed and on workdays, and a cable every six minutes, every day."""
    path = tmp_path / "feed.zip"
    write_gtfs(
        path,
        stops=STOPS,
        calls={
            "early": open_calls("A 6:50 | B 7:00 7:01 | C 7:10"),
            "late": open_calls("A 7:50 | B 8:00 | C 8:10"),
            "back": open_calls("C 23:50 | B 24:30 | A 24:40"),
            "cabin": open_calls("B 0:00 | C 0:10"),
        },
        trips={"early": "work", "late": "work", "back": "work", "cabin": "daily"},
        routes={"cabin": "rope"},
        calendar=[
            WORKDAYS,
            {**WORKDAYS, "service_id": "daily", **dict.fromkeys(DAYS, 1)},
        ],
        frequencies=[
            {
                "trip_id": "cabin", "start_time": "06:00:00", "end_time": "22:00:00",
                "headway_secs": 360, "exact_times": 1,
            }
        ],
    )  # fmt: skip
    return path


def test_services_of_the_day(city):
    assert list(Timetable.from_gtfs(city, date=DATE).active_services) == ["daily", "work"]
    sunday = Timetable.from_gtfs(str(city), date=dt.date(2024, 5, 19))
    assert list(sunday.active_services) == ["daily"]


def test_trips_are_runs(city):
    trips = Timetable.from_gtfs(city, date=DATE).trips
    assert trips["trip_id"].value_counts().to_dict() == {
        "cabin": 16 * 10, "early": 1, "late": 1, "back": 1,
    }  # fmt: skip
    assert trips["leaves_s"].is_monotonic_increasing
    assert trips["ends_s"].max() == 24 * 3600 + 40 * 60


def test_supply_counts_where_one_may_board(city):
    supply = Timetable.from_gtfs(city, date=DATE).supply(window=("07:00", "09:00"))
    found = supply.set_index(["stop_id", "route_id"])["departures"].to_dict()
    # "early" left A before the window; C is the last stop of all that call there
    assert found == {("A", "bus"): 1, ("B", "bus"): 2, ("B", "rope"): 20}
    assert supply["trips_per_hour"].tolist() == (supply["departures"] / 2).tolist()


def test_the_night_before_runs_on(city):
    supply = Timetable.from_gtfs(city, date=DATE).supply(window=("00:00", "01:00"))
    assert supply[["stop_id", "departures"]].to_numpy().tolist() == [["B", 1]]
    monday = Timetable.from_gtfs(city, date="2024-05-13")
    assert monday.supply(window=("00:00", "01:00")).empty  # no workday's night before


def test_hours_of_the_day(city):
    hours = Timetable.from_gtfs(city, date=DATE).hours()
    assert hours.loc["A"].tolist() == [6 * 3600 + 50 * 60, 7 * 3600 + 50 * 60]
    assert hours.loc["B"].tolist() == [6 * 3600, 24 * 3600 + 30 * 60]
    assert hours.loc["C"].tolist() == [23 * 3600 + 50 * 60] * 2
    sunday = Timetable.from_gtfs(city, date="2024-05-19").hours()
    assert np.isnan(sunday.loc["A"]).all()


def test_headways(city):
    timetable = Timetable.from_gtfs(city, date=DATE)
    by_route = timetable.headways(window=("06:00", "08:00"))
    assert by_route.loc[("rope", -1), "headway_min"] == 6
    assert by_route.loc[("bus", -1), ["trips", "headway_min"]].tolist() == [2, 60]
    by_stop = timetable.headways(window=("06:00", "08:00"), by="stop")
    assert by_stop.loc["B", ["routes", "trips"]].tolist() == [2, 21]
    assert by_stop.loc["C", "headway_min"] == np.inf
    with pytest.raises(DataError, match="by: route or stop"):
        timetable.headways(by="mode")


def test_without_a_mode(city):
    timetable = Timetable.from_gtfs(city, date=DATE, modes={"rope": "cable"})
    left = timetable.without("cable")
    assert set(left.trips["trip_id"]) == {"early", "late", "back"}
    assert timetable.without([]).trips.equals(timetable.trips)
    with pytest.raises(DataError, match="no mode rope"):
        timetable.without(["rope"])
    nothing = left.without(["bus"])
    assert nothing.trips.empty
    assert nothing.supply().empty
    home, near, far = places(home=(0, 0)), places(near=(300, 0)), places(far=(6000, 0))
    assert len(nothing.travel_times(home, near)) == 1
    assert nothing.travel_times(home, far).empty


def test_a_day_without_service_is_refused_with_the_days_that_have_it(tmp_path):
    path = tmp_path / "feed.zip"
    calls = {"one": open_calls("A 7:00 | B 7:10")}
    days = [
        {"service_id": "fair", "date": 20240510, "exception_type": 1},
        {"service_id": "fair", "date": 20240512, "exception_type": 1},
    ]
    write_gtfs(
        path, stops=STOPS, calls=calls, trips={"one": "fair"}, calendar=[], calendar_dates=days
    )
    with pytest.raises(DataError) as caught:
        Timetable.from_gtfs(path, date="2024-06-01")
    assert "on 2 days from 2024-05-10 to 2024-05-12" in str(caught.value)
    assert "2024-05-12" in str(caught.value).split("nearest")[1]
    with pytest.raises(DataError, match="no day such as"):
        Timetable.from_gtfs(path, date="some day")
    assert Timetable.from_gtfs(path).date == dt.date(2024, 5, 12)  # no midweek has service


def test_the_day_chosen_is_a_full_one_of_midweek(city):
    date = Timetable.from_gtfs(city).date
    assert date.weekday() in {1, 2, 3}
    assert date.year == 2024


def test_changing_is_told(tmp_path):
    path = tmp_path / "feed.zip"
    write_gtfs(
        path,
        stops=STOPS,
        calls={
            "one": open_calls("A 7:05 | B 7:15"),
            "two": open_calls("B 7:22 | C 7:30"),
        },
        trips={"one": "daily", "two": "daily"},
    )
    goals = places(A=(0, 0), B=(3000, 0), C=(6000, 0))
    costs = Timetable.from_gtfs(path, date=DATE).travel_times(
        places(home=(0, 0)),
        goals,
        window=("07:00", "07:02"),
        percentiles=[0, 50, 100],
        changing=True,
    )
    costs = costs.set_index("to_id")
    assert costs.columns.tolist() == [
        "from_id", "minutes_p00", "minutes_p50", "minutes_p100", "minutes", "change_min",
    ]  # fmt: skip
    assert costs["change_min"].to_dict() == {"A": 0, "B": 0, "C": 7}
    assert costs.loc["C", ["minutes_p00", "minutes", "minutes_p100"]].tolist() == [29, 29.5, 30]
    assert costs.attrs["limit_min"] == 90


def test_one_walks_where_that_is_faster(city):
    timetable = Timetable.from_gtfs(city, date=DATE)
    home, work = places(home=(0, 0)), places(work=(1000, 0))
    costs = timetable.travel_times(home, work, rider=Rider(detour_factor=1.2))
    assert costs["minutes"].tolist() == [15]  # 1.2 km at 80 m a minute
    near = timetable.travel_times(home, work, rider=Rider(max_walk_min=14))
    assert near.empty
    afoot = Rider(max_walk_min=14, max_afoot_min=17)
    assert timetable.travel_times(home, work, rider=afoot)["minutes"].tolist() == [16.25]


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"window": ("09:00", "07:00")}, DataError, "window: 09:00 to 07:00 is empty"),
        ({"window": ("seven", "nine")}, DataError, "'seven' is no time of the day"),
        ({"within_min": 0}, DataError, "within_min"),
        ({"percentiles": ()}, DataError, "percentiles"),
        ({"percentiles": (50, 50)}, DataError, "percentiles"),
        ({"percentiles": (101,)}, DataError, "percentiles"),
        ({"percentiles": (2.5,)}, DataError, "percentiles"),
        ({"origins": places(a=(0, 0)).to_crs(4326)}, CRSError, "degrees"),
        ({"destinations": places(a=(0, 0)).to_crs(32724)}, CRSError, "not in one CRS"),
        (
            {"origins": gpd.GeoSeries([LineString([(0, 0), (1, 1)])], index=["a"], crs=CRS)},
            DataError,
            "origins: missing or no point: a",
        ),
        (
            {"destinations": gpd.GeoSeries([Point(0, 0)] * 2, index=["a", "a"], crs=CRS)},
            DataError,
            "destinations",
        ),
    ],
)
def test_bad_questions_are_refused(city, change, error, said):
    asked = {"origins": places(a=(0, 0)), "destinations": places(b=(10, 0)), **change}
    with pytest.raises(error, match=said):
        Timetable.from_gtfs(city, date=DATE).travel_times(**asked)


def test_nobody_goes_nowhere(city):
    timetable = Timetable.from_gtfs(city, date=DATE)
    assert timetable.travel_times(NOWHERE, places(a=(0, 0))).empty
    costs = timetable.travel_times(places(a=(0, 0)), NOWHERE, percentiles=(5, 95))
    assert costs.empty
    assert costs.columns.tolist() == [
        "from_id", "to_id", "minutes_p05", "minutes_p95",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "odd",
    [
        {"max_transfers": -1},
        {"max_transfers": 8},
        {"max_walk_min": 0},
        {"max_afoot_min": 0},
        {"max_change_min": float("inf")},
        {"detour_factor": 0.9},
        {"draws": -1},
    ],
)
def test_odd_riders_are_refused(odd):
    with pytest.raises(DataError, match=next(iter(odd))):
        Rider(**odd)


def test_all_faults_of_a_rider_are_told():
    with pytest.raises(DataError, match=r"max_walk_min.*detour_factor"):
        Rider(max_walk_min=0, detour_factor=0)


@pytest.mark.parametrize("odd", ["7", "07:60", "7:00:61", "", "-1:00", None])
def test_odd_times_are_refused(odd):
    with pytest.raises(DataError, match="no time of the day"):
        seconds_of(odd)


@pytest.mark.parametrize("odd", [7, None, "07:00-09:00", ["07:00"], ("07:00", "08:00", "09:00")])
def test_a_window_is_two_times(odd):
    with pytest.raises(DataError, match="window: two times such as"):
        departures_of(odd)


@pytest.mark.parametrize("odd", [50, None, [], "95", ["95"], [2.5], [101], [5, 5], [float("nan")]])
def test_percentiles_are_a_list_of_whole_numbers(odd):
    with pytest.raises(DataError, match="percentiles: a list of whole numbers from 0 to 100"):
        check_percentiles(odd)


def test_percentiles_may_be_of_any_kind_of_number():
    assert check_percentiles(iter([0, np.int64(5), 50.0, 100])) == (0, 5, 50, 100)


def test_a_timetable_shows_itself_in_one_line(city):
    timetable = Timetable.from_gtfs(city, date=DATE)
    feed = timetable.feed
    counts = f"{len(feed.routes)} routes, {len(feed.trips)} trips, {len(feed.stops)} stops"
    assert repr(timetable) == f"Timetable({timetable.date}, Feed({counts}))"


def test_the_window_ends_before_its_end():
    assert departures_of(("07:00", "07:03")).tolist() == [25200, 25260, 25320]
    assert departures_of(("24:59:30", "25:00")).tolist() == [89970]


@given(
    st.lists(st.integers(0, 50) | st.just(float("inf")), min_size=1, max_size=30),
    st.integers(0, 100),
)
def test_percentiles_are_those_of_the_definition(values, one):
    """At least that share is not above it, and at least the rest not below."""
    found = percentiles_of(np.array(values, dtype=float)[:, None], [one])[0, 0]
    ordered = sorted(values)
    below = sum(value <= found for value in values)
    above = sum(value >= found for value in values)
    assert below * 100 >= one * len(values) or found == ordered[0]
    assert above * 100 >= (100 - one) * len(values) or found == ordered[-1]


def priced(tmp_path, fares, rules=()):
    """Read two routes with fares."""
    path = tmp_path / "feed.zip"
    write_gtfs(
        path,
        stops=STOPS,
        calls={"one": open_calls("A 7:00 | B 7:10"), "two": open_calls("B 7:20 | C 7:30")},
        trips={"one": "daily", "two": "daily"},
        routes={"one": "r1", "two": "r2"},
        fare_attributes=[
            {
                "fare_id": fare, "price": price, "currency_type": "BRL", "payment_method": 0,
                "transfers": transfers,
            }
            for fare, price, transfers in fares
        ],
        fare_rules=[{"fare_id": fare, "route_id": route} for fare, route in rules],
    )  # fmt: skip
    return Timetable.from_gtfs(path, date=DATE)


@pytest.mark.parametrize(
    ("transfers", "boardings"),
    [
        (0, {0: 0, 4.39: 0, 4.4: 1, 8.8: 2, 13.2: 3, 1000: 8}),
        (2, {4.39: 0, 4.4: 3, 8.8: 6, 13.2: 8}),
        ("", {4.39: 0, 4.4: 8}),
    ],
)
def test_money_pays_for_boardings(tmp_path, transfers, boardings):
    timetable = priced(tmp_path, [("flat", 4.4, transfers)])
    assert {one: timetable.boardings_for(one) for one in boardings} == boardings


def test_what_is_free_is_free(tmp_path):
    assert priced(tmp_path, [("flat", 0, 0)]).boardings_for(0) == 8


def test_fares_that_nobody_tells_are_refused(city):
    with pytest.raises(DataError, match="at least 0"):
        Timetable.from_gtfs(city, date=DATE).boardings_for(-1)
    with pytest.raises(DataError, match="tells none for routes bus, rope"):
        Timetable.from_gtfs(city, date=DATE).boardings_for(1)


def test_fares_that_are_not_alike_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"differ in price or included transfers \(3, 4\)"):
        priced(tmp_path, [("a", 3, 0), ("b", 4, 0)], [("a", "r1"), ("b", "r2")]).boardings_for(9)
    with pytest.raises(DataError, match="tells none for routes r2"):
        priced(tmp_path, [("a", 3, 0)], [("a", "r1")]).boardings_for(9)
