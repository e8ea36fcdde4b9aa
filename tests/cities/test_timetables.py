"""The timetables of São Paulo and Mexico City, against what their files say line by line."""

import csv
import datetime as dt
import io
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from geoequity.errors import DataError, DataWarning
from geoequity.sources.gtfs import read_feed
from geoequity.transit import Feed

CITIES = Path(__file__).parents[3] / "shared" / "cities"
SAO_PAULO = CITIES / "sao_paulo" / "spo_gtfs.zip"
MEXICO_CITY = CITIES / "mexico_city" / "gtfs_df_2013.zip"
WEDNESDAY, SATURDAY = dt.date(2019, 10, 9), dt.date(2019, 10, 12)
needs_sao_paulo = pytest.mark.skipif(not SAO_PAULO.is_file(), reason="the timetable is absent")
needs_mexico_city = pytest.mark.skipif(not MEXICO_CITY.is_file(), reason="the timetable is absent")


def rows(path: Path, name: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(path) as archive, archive.open(name) as stream:
        return list(csv.DictReader(io.TextIOWrapper(stream, "utf-8-sig")))


def since_midnight(text: str) -> int:
    hours, minutes, seconds = map(int, text.split(":"))
    return hours * 3600 + minutes * 60 + seconds


def starts_from_7_to_8(path: Path, trips: set[str]) -> int:
    """Count the departures of trips that run every so many minutes, one by one."""
    return sum(
        7 * 3600 <= start < 8 * 3600
        for row in rows(path, "frequencies.txt")
        if row["trip_id"] in trips
        for start in range(
            since_midnight(row["start_time"]),
            since_midnight(row["end_time"]),
            int(row["headway_secs"]),
        )
    )


@pytest.fixture(scope="module")
def sao_paulo() -> Feed:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # of its repeated rows, tested below
        return read_feed(SAO_PAULO)


@pytest.fixture(scope="module")
def mexico_city() -> Feed:
    return read_feed(MEXICO_CITY, modes={"MB": "brt"})


@needs_sao_paulo
def test_sao_paulo_repeats_rows_that_are_dropped_with_a_warning() -> None:
    with pytest.warns(DataWarning) as caught:
        feed = read_feed(SAO_PAULO)
    told = sorted(str(one.message) for one in caught)
    assert len(told) == 2
    assert told[0] == "spo_gtfs.zip: agency.txt: identical repeated rows, dropped: 1"
    assert told[1].startswith("spo_gtfs.zip: calendar.txt: identical repeated rows, dropped: USD")
    assert feed.report["dropped"] == {
        "agency.txt: identical repeated rows": 1,
        "calendar.txt: identical repeated rows": 6,
    }
    assert feed.report["agencies"] == ["SPTRANS"]


@needs_sao_paulo
def test_one_trip_of_sao_paulo_does_not_run_daily(sao_paulo: Feed) -> None:
    assert sao_paulo.services_on(WEDNESDAY).tolist() == [
        "USD", "US_", "U__"]  # fmt: skip
    runs = sao_paulo.trips["service_id"].isin(sao_paulo.services_on(SATURDAY))
    assert (len(runs), runs.sum()) == (36, 35)
    assert sao_paulo.trips["service_id"].isin(sao_paulo.services_on(WEDNESDAY)).all()
    (odd,) = [one["trip_id"] for one in rows(SAO_PAULO, "trips.txt") if one["service_id"] == "U__"]
    assert runs.index[~runs].tolist() == [odd] == ["6450-51-0"]
    days = sao_paulo.days.loc[sao_paulo.days["service_id"] == "U__", "date"]
    assert days.dt.day_of_week.max() == 4


@needs_sao_paulo
def test_the_files_of_sao_paulo_are_read_whole(sao_paulo: Feed) -> None:
    report = sao_paulo.report
    assert (report["routes"], report["trips"], report["stops"]) == (19, 36, 654)
    assert report["routes_by_mode"] == {"rail": 7, "metro": 6, "bus": 6}
    assert len(sao_paulo.stop_times) == 860 == len(rows(SAO_PAULO, "stop_times.txt"))
    assert len(sao_paulo.frequencies) == 704
    assert len(sao_paulo.shapes) == 36
    assert report["frequency_share"] == 1.0
    everything = set(sao_paulo.trips.index)
    assert report["trips_by_hour"]["7"] == starts_from_7_to_8(SAO_PAULO, everything) == 562


@needs_sao_paulo
def test_a_day_outside_the_calendar_of_sao_paulo_tells_the_span(sao_paulo: Feed) -> None:
    with pytest.raises(DataError, match=r"no service on 2020-05-02: .*2008-01-01 to 2020-05-01"):
        sao_paulo.check_date(dt.date(2020, 5, 2))
    sao_paulo.check_date(dt.date(2020, 5, 1))


@needs_mexico_city
def test_the_files_of_mexico_city_are_read_whole(mexico_city: Feed) -> None:
    report = mexico_city.report
    assert (report["routes"], report["trips"], report["stops"]) == (129, 1542, 5215)
    assert len(mexico_city.stop_times) == 64027
    assert len(mexico_city.frequencies) == 1542
    assert len(mexico_city.transfers) == 48
    assert (mexico_city.transfers["kind"] == 0).all()
    assert report["stops_without_service"]["count"] == 0
    assert (report["first_day"], report["last_day"]) == ("2013-06-18", "2013-08-31")
    agencies = Counter(one["agency_id"] for one in rows(MEXICO_CITY, "routes.txt"))
    assert report["routes_by_mode"]["brt"] == agencies["MB"] == 4
    assert report["routes_by_mode"]["metro"] == agencies["METRO"] == 12


@needs_mexico_city
@pytest.mark.parametrize(
    ("day", "column"),
    [
        (dt.date(2013, 6, 18), "tuesday"),
        (dt.date(2013, 6, 22), "saturday"),
        (dt.date(2013, 6, 23), "sunday"),
    ],
)
def test_the_services_of_mexico_city_change_with_the_day(
    mexico_city: Feed, day: dt.date, column: str
) -> None:
    calendar = rows(MEXICO_CITY, "calendar.txt")
    services = sorted(one["service_id"] for one in calendar if one[column] == "1")
    assert mexico_city.services_on(day).tolist() == services
    trips = {
        one["trip_id"] for one in rows(MEXICO_CITY, "trips.txt") if one["service_id"] in services
    }
    runs = mexico_city.trips["service_id"].isin(services)
    assert set(mexico_city.trips.index[runs]) == trips
    if day.isoformat() == mexico_city.report["busiest_day"]:
        counted = starts_from_7_to_8(MEXICO_CITY, trips)
        assert mexico_city.report["trips_by_hour"]["7"] == counted == 1775


@needs_mexico_city
def test_stop_times_of_mexico_city_stand_as_they_are_written(mexico_city: Feed) -> None:
    written = {
        (one["trip_id"], one["stop_id"], since_midnight(one["arrival_time"]),
         since_midnight(one["departure_time"]))
        for one in rows(MEXICO_CITY, "stop_times.txt")
    }  # fmt: skip
    table = mexico_city.stop_times[["trip_id", "stop_id", "arrival_s", "departure_s"]]
    assert set(table.itertuples(index=False, name=None)) == written


@needs_sao_paulo
@needs_mexico_city
def test_two_cities_make_one_timetable(sao_paulo: Feed, mexico_city: Feed) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        both = read_feed([SAO_PAULO, MEXICO_CITY])
    for name in ("stops", "routes", "trips", "stop_times", "frequencies", "days"):
        single = [len(getattr(one, name)) for one in (sao_paulo, mexico_city)]
        assert len(getattr(both, name)) == sum(single)
    assert both.report["merged_stops"] == 0
