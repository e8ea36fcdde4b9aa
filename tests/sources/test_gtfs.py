"""Timetables from GTFS: what they say, what is mended, and what is refused."""

import datetime as dt
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoequity.errors import DataError, DataWarning, GeoEquityError, SourceError
from geoequity.schema import MODES
from geoequity.sources import _gtfs_archive
from geoequity.sources._gtfs_times import seconds
from geoequity.sources.files import Record
from geoequity.sources.gtfs import read_feed
from geoequity.sources.spec import Origin
from geoequity.transit import FALLBACK, Feed, mode_of

# A line of three stops 0.01 degrees apart on the equator, one trip each way, and a train
FILES = {
    "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\nA,Ônibus,http://x,UTC\n",
    "stops.txt": (
        "stop_id,stop_name,stop_lat,stop_lon\n"
        "s1,Um,0,10.00\ns2,Dois,0,10.01\ns3,Três,0,10.03\n"
    ),
    "routes.txt": (
        "route_id,agency_id,route_short_name,route_long_name,route_type\n"
        "r1,A,1,Linha um,3\nr2,A,,Trem,2\n"
    ),
    "trips.txt": (
        "route_id,service_id,trip_id,direction_id\n"
        "r1,week,t1,0\nr1,week,t2,1\nr2,sunday,t3,\n"
    ),
    "stop_times.txt": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "t1,7:00:00,7:00:00,s1,1\nt1,7:05:00,7:06:00,s2,2\nt1,7:20:00,7:20:00,s3,5\n"
        "t2,23:50:00,23:50:00,s3,1\nt2,24:10:00,24:10:00,s1,2\n"
        "t3,08:00:00,08:00:00,s1,1\nt3,08:02:30,08:02:30,s2,2\n"
    ),
    "calendar.txt": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "week,1,1,1,1,1,0,0,20250303,20250316\nsunday,0,0,0,0,0,0,1,20250303,20250316\n"
    ),
}  # fmt: skip
MONDAY = dt.date(2025, 3, 3)
FeedMaker = Callable[..., Path]


def write_zip(path: Path, files: Mapping[str, str | bytes], *, folder: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(folder + name, text)
    return path


def changed(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change files of the line: None leaves one out, a pair replaces text in it."""
    files: dict[str, Any] = dict(FILES)
    for stem, change in changes.items():
        name = f"{stem}.txt"
        if change is None:
            del files[name]
        elif isinstance(change, tuple):
            old, new = change
            assert old in files[name]
            files[name] = files[name].replace(old, new)
        else:
            files[name] = change
    return files


@pytest.fixture
def make(tmp_path: Path) -> FeedMaker:
    def maker(name: str = "feed.zip", **changes: Any) -> Path:
        return write_zip(tmp_path / name, changed(changes))

    return maker


def refused(path: Path | list[Path], **options: Any) -> str:
    """Read a bad feed, and give the message."""
    with pytest.raises(GeoEquityError) as caught:
        read_feed(path, **options)
    return str(caught.value)


def warned(path: Path | list[Path], match: str, **options: Any) -> Feed:
    """Read a feed that needs one mend."""
    with pytest.warns(DataWarning, match=match) as caught:
        feed = read_feed(path, **options)
    assert [one.category for one in caught].count(DataWarning) == 1  # old libraries warn as well
    return feed


def times(feed: Feed, trip: str) -> list[tuple[str, int, int]]:
    rows = feed.stop_times[feed.stop_times["trip_id"] == trip]
    return list(zip(rows["stop_id"], rows["arrival_s"], rows["departure_s"], strict=True))


def clock(hours: int, minutes: int = 0, secs: int = 0) -> int:
    return hours * 3600 + minutes * 60 + secs


# What a good feed says


def test_a_feed_is_read_whole(make: FeedMaker) -> None:
    feed = read_feed(make())
    assert feed.stops.loc["s3", ["name", "lon", "lat"]].tolist() == ["Três", 10.03, 0.0]
    assert feed.routes["mode"].tolist() == ["bus", "rail"]
    assert feed.routes["name"].tolist() == ["1", "Trem"]
    assert feed.trips["direction"].tolist() == [0, 1, -1]
    assert feed.trips["shape_id"].isna().all()
    assert times(feed, "t1") == [
        ("s1", clock(7), clock(7)),
        ("s2", clock(7, 5), clock(7, 6)),
        ("s3", clock(7, 20), clock(7, 20)),
    ]
    assert feed.stop_times["pickup"].all()
    assert feed.stop_times["drop_off"].all()
    for table in (feed.frequencies, feed.transfers, feed.fares, feed.shapes):
        assert table.empty
    assert [feed.stops.index.name, feed.routes.index.name, feed.trips.index.name] == [
        "stop_id",
        "route_id",
        "trip_id",
    ]
    assert feed.shapes.crs == "EPSG:4326"


def test_times_go_past_midnight(make: FeedMaker) -> None:
    assert times(read_feed(make()), "t2")[1] == ("s1", clock(24, 10), clock(24, 10))


def test_zip_folder_and_sub_folder_say_the_same(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    nested = tmp_path / "nested" / "gtfs"
    for folder in (plain, nested):
        folder.mkdir(parents=True)
        for name, text in FILES.items():
            (folder / name).write_text(text, encoding="utf-8")
    rooted = write_zip(tmp_path / "root.zip", FILES)
    deep = write_zip(tmp_path / "deep.zip", {**FILES, "notes.pdf": b"x"}, folder="city/")
    expected = read_feed(rooted)
    for path in (plain, nested.parent, deep, str(rooted)):
        feed = read_feed(path)
        for table in ("stops", "routes", "trips", "stop_times", "days"):
            pd.testing.assert_frame_equal(getattr(feed, table), getattr(expected, table))


def test_a_folder_has_a_fingerprint_too(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    record = Record(name="transit.gtfs", path=tmp_path, origin=Origin())
    read_feed(tmp_path, record=[record])
    first = record.as_dict()["sha256"]
    assert first == record.as_dict()["sha256"]
    (tmp_path / "stops.txt").write_text(FILES["stops.txt"] + "\n", encoding="utf-8")
    assert record.as_dict()["sha256"] != first


def test_text_may_be_written_as_people_do(make: FeedMaker) -> None:
    stops = (
        '\ufeff zone_id , stop_lon,"stop_name",stop_id,stop_desc, stop_lat\r\n'
        ' 5 ,10.00,"Um, ""velho""\r\nnovo", s1 ,"a\nb,c",0\r\n\r\n'
        ',10.01, "Dois",s2,, 0 \r\n,1.003e1,Três,s3,,+0.0\r\n'
    )
    feed = read_feed(make(stops=stops))
    assert feed.stops["name"].tolist() == ['Um, "velho"\r\nnovo', "Dois", "Três"]
    assert feed.stops["lon"].tolist() == [10.0, 10.01, 10.03]
    assert feed.stops["zone"].iloc[0] == "5"
    assert pd.isna(feed.stops["zone"].iloc[1])


def test_latin_1_is_read_with_a_warning(make: FeedMaker) -> None:
    path = make(stops=FILES["stops.txt"].encode("latin-1"))
    feed = warned(path, r"stops\.txt: is not UTF-8 text; read as latin-1")
    assert feed.stops["name"].tolist() == ["Um", "Dois", "Três"]


def test_latin_1_in_a_broken_row_is_no_crash(make: FeedMaker) -> None:
    text = FILES["stops.txt"].encode() + "s4,Açaí\n".encode("latin-1")
    with pytest.warns(DataWarning) as caught:
        feed = read_feed(make(stops=text))
    told = [str(one.message) for one in caught]
    assert len(told) == 3
    assert "read as latin-1" in told[0]
    assert "without a place, dropped: s4" in told[2]
    assert feed.stops["name"].tolist()[2] == "TrÃªs"  # which is why it is warned of


def test_rows_short_of_blanks_are_mended_with_a_warning(make: FeedMaker) -> None:
    feed = warned(
        make(trips=("r2,sunday,t3,", "r2,sunday,t3")), r"trips\.txt.*all of them blank: 3"
    )
    assert feed.trips["direction"].tolist() == [0, 1, -1]
    feed = warned(make(trips=("t1,0", "t1,0,,")), r"trips\.txt.*all of them blank: 1")
    assert feed.trips.index.tolist() == ["t1", "t2", "t3"]


def test_rows_of_too_many_fields_are_refused(make: FeedMaker) -> None:
    assert "trips.txt: more or fewer fields than the header, in rows: 1" in refused(
        make(trips=("t1,0", "t1,0,9"))
    )


def test_an_open_quote_swallows_nothing(make: FeedMaker) -> None:
    assert "stops.txt" in refused(make(stops=("s2,Dois", 's2,"Dois')))


# Calendars


def test_every_day_of_service_is_spelled_out(make: FeedMaker) -> None:
    feed = read_feed(make())
    week = feed.days.loc[feed.days["service_id"] == "week", "date"]
    assert len(week) == 10
    assert week.dt.day_of_week.max() == 4
    assert week.is_monotonic_increasing
    sundays = feed.days.loc[feed.days["service_id"] == "sunday", "date"]
    assert sundays.dt.strftime("%m%d").tolist() == ["0309", "0316"]
    assert feed.services_on(MONDAY).tolist() == ["week"]


def test_exceptions_add_and_take_away(make: FeedMaker) -> None:
    dates = (
        "service_id,date,exception_type\nweek,20250303,2\nsunday,20250303,1\nweek,20250401,1\n"
        "week,20250402,2\nsunday,20250309,1\n"
    )
    feed = read_feed(make(calendar_dates=dates))
    assert feed.services_on(MONDAY).tolist() == ["sunday"]
    assert feed.services_on(dt.date(2025, 4, 1)).tolist() == ["week"]
    assert feed.services_on(dt.date(2025, 4, 2)).tolist() == []
    assert len(feed.days) == 10 - 1 + 1 + 2 + 1
    assert not feed.days.duplicated().any()


def test_exceptions_alone_make_a_calendar(make: FeedMaker) -> None:
    dates = "date,service_id,exception_type\n20250303,week,1\n20250304,sunday,1\n"
    feed = read_feed(make(calendar=None, calendar_dates=dates))
    assert len(feed.days) == 2
    assert feed.report["days_without_service"] == 0
    with pytest.raises(DataError, match="2 days from 2025-03-03 to 2025-03-04"):
        feed.check_date(dt.date(2025, 3, 5))


@settings(max_examples=40, deadline=None)
@given(
    start=st.dates(dt.date(1999, 1, 1), dt.date(2030, 1, 1)),
    length=st.integers(0, 60),
    week=st.lists(st.booleans(), min_size=7, max_size=7),
    exceptions=st.dictionaries(st.integers(-5, 70), st.booleans(), max_size=8),
)
def test_calendars_agree_with_counting_day_by_day(
    tmp_path_factory: pytest.TempPathFactory,
    start: dt.date,
    length: int,
    week: list[bool],
    exceptions: dict[int, bool],
) -> None:
    days = [start + dt.timedelta(days=one) for one in range(length + 1)]
    expected = {day for day in days if week[day.weekday()]}
    for place, added in exceptions.items():
        day = start + dt.timedelta(days=place)
        expected = expected | {day} if added else expected - {day}
    line = ",".join(str(int(one)) for one in week)
    files = changed({"calendar": ("week,1,1,1,1,1,0,0,20250303,20250316",
                                  f"week,{line},{days[0]:%Y%m%d},{days[-1]:%Y%m%d}"),
                     "calendar_dates": "service_id,date,exception_type\n" + "".join(
        f"week,{start + dt.timedelta(days=place):%Y%m%d},{1 if added else 2}\n"
        for place, added in exceptions.items())})  # fmt: skip
    path = write_zip(tmp_path_factory.mktemp("days") / "f.zip", files)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Record, "warn", lambda *_: None)  # that a service runs on no day
        feed = read_feed(path)
    told = feed.days.loc[feed.days["service_id"] == "week", "date"].dt.date
    assert set(told) == expected
    assert len(told) == len(expected)


def test_services_that_never_run_are_warned_of(make: FeedMaker) -> None:
    path = make(calendar=("sunday,0,0,0,0,0,0,1", "sunday,0,0,0,0,0,0,0"))
    feed = warned(path, r"trips\.txt: trips of services that run on no day: t3")
    assert "t3" in feed.trips.index


# Blank times


def with_blanks(**more: Any) -> dict[str, Any]:
    """Make t1 call at s1, s2, s3 with s2 blank, and leave the other trips alone."""
    table = FILES["stop_times.txt"].replace("t1,7:05:00,7:06:00,s2", "t1,,,s2")
    return {"stop_times": table, **more}


def test_blank_times_follow_the_straight_line(make: FeedMaker) -> None:
    feed = read_feed(make(**with_blanks()))
    third = clock(7) + 20 * 60 * 1 // 3  # s2 lies a third of the way
    assert times(feed, "t1")[1] == ("s2", third, third)
    assert feed.report["blank_times_filled"] == {
        "shape_dist_traveled": 0, "shape": 0, "straight line": 1, "number of stops": 0,
    }  # fmt: skip


def shape(points: list[tuple[float, float]]) -> str:
    rows = [f"h,{lat},{lon},{place}" for place, (lon, lat) in enumerate(points)]
    return "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n" + "\n".join(rows) + "\n"


SHAPED = (
    "route_id,service_id,trip_id,shape_id\nr1,week,t1,h\nr1,week,t2,\nr2,sunday,t3,\n"
)  # fmt: skip


def test_blank_times_follow_the_shape(make: FeedMaker) -> None:
    # Up, over and down on the way to s2, which is thus 0.03 of 0.05 degrees along
    line = shape([(10, 0), (10, 0.01), (10.01, 0.01), (10.01, 0), (10.03, 0)])
    feed = read_feed(make(**with_blanks(shapes=line, trips=SHAPED)))
    at = clock(7) + 20 * 60 * 3 // 5
    assert times(feed, "t1")[1] == ("s2", at, at)
    assert feed.report["blank_times_filled"]["shape"] == 1
    assert feed.shapes.index.tolist() == ["h"]


def test_a_shape_that_runs_backwards_gives_way_to_the_straight_line(make: FeedMaker) -> None:
    line = shape([(10.03, 0), (10, 0)])
    feed = read_feed(make(**with_blanks(shapes=line, trips=SHAPED)))
    assert feed.report["blank_times_filled"]["straight line"] == 1


def test_blank_times_follow_the_distances_of_the_feed_first(make: FeedMaker) -> None:
    table = (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence,shape_dist_traveled\n"
        "t1,7:00:00,7:00:00,s1,1,100\nt1,,,s2,2,175\nt1,7:20:00,7:20:00,s3,3,200\n"
        "t2,9:00:00,9:00:00,s3,1,5\nt2,,,s2,2,\nt2,9:30:00,9:30:00,s1,3,9\n"
        "t3,8:00:00,8:00:00,s1,1,\nt3,8:02:30,8:02:30,s2,2,\n"
    )
    line = shape([(10, 0), (10.03, 0)])
    feed = read_feed(make(stop_times=table, shapes=line, trips=SHAPED))
    assert times(feed, "t1")[1][1] == clock(7) + 20 * 60 * 3 // 4
    assert times(feed, "t2")[1][1] == clock(9) + 30 * 60 * 2 // 3  # one distance is unknown
    assert [*feed.report["blank_times_filled"].values()] == [1, 0, 1, 0]


def test_stops_at_one_place_share_the_time_evenly(make: FeedMaker) -> None:
    stops = FILES["stops.txt"].replace("10.01", "10.00").replace("10.03", "10.00")
    feed = read_feed(make(**with_blanks(stops=stops)))
    assert times(feed, "t1")[1][1] == clock(7, 10)
    assert feed.report["blank_times_filled"]["number of stops"] == 1


def test_blanks_run_from_departure_to_arrival(make: FeedMaker) -> None:
    table = FILES["stop_times.txt"].replace("t1,7:00:00,7:00:00", "t1,6:50:00,7:00:00")
    table = table.replace("t1,7:05:00,7:06:00", "t1,,").replace(
        "7:20:00,7:20:00", "7:30:00,7:50:00"
    )
    feed = read_feed(make(stop_times=table))
    assert times(feed, "t1")[1][1:] == (clock(7, 10), clock(7, 10))


def test_one_time_stands_for_both(make: FeedMaker) -> None:
    table = FILES["stop_times.txt"].replace("t1,7:05:00,7:06:00", "t1,,7:06:00")
    feed = read_feed(make(stop_times=table.replace("t2,23:50:00,23:50:00", "t2,23:50:00,")))
    assert times(feed, "t1")[1][1:] == (clock(7, 6), clock(7, 6))
    assert times(feed, "t2")[0][1:] == (clock(23, 50), clock(23, 50))
    assert sum(feed.report["blank_times_filled"].values()) == 0


def test_a_feed_may_lack_one_of_the_two_columns(make: FeedMaker) -> None:
    table = "trip_id,departure_time,stop_id,stop_sequence\n" + "".join(
        f"{one},{hour}:00:00,s1,1\n{one},{hour}:09:00,s2,2\n"
        for one, hour in (("t1", 7), ("t2", 8), ("t3", 9))
    )
    assert times(read_feed(make(stop_times=table)), "t3")[1] == ("s2", clock(9, 9), clock(9, 9))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 600), st.integers(0, 60), st.booleans()),
        min_size=2,
        max_size=12,
    ),
    st.booleans(),
)
def test_filled_times_never_fall_and_leave_the_others_alone(
    tmp_path_factory: pytest.TempPathFactory,
    calls: list[tuple[int, int, int, bool]],
    backwards: bool,
) -> None:
    now, rows, told = 0, [], []
    for place, (stop, ride, dwell, blank) in enumerate(calls):
        arrive, now = now + ride, now + ride + dwell
        open_ = blank and 0 < place < len(calls) - 1
        told.append(None if open_ else (arrive, now))
        said = [f"{one // 3600}:{one // 60 % 60:02}:{one % 60:02}" for one in (arrive, now)]
        text = "," if open_ else ",".join(said)
        rows.append(f"t,{text},s{stop},{place}")
    stops = "".join(f"s{one},S,{one * one / 1000},{one / 100}\n" for one in range(1, 7))
    files = changed({
        "stops": "stop_id,stop_name,stop_lat,stop_lon\ns0,S,0.001,0.5\n" + stops,
        "trips": "route_id,service_id,trip_id\nr1,week,t\n",
        "stop_times": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        + "\n".join(reversed(rows) if backwards else rows) + "\n",
    })  # fmt: skip
    feed = read_feed(write_zip(tmp_path_factory.mktemp("blanks") / "f.zip", files))
    read = feed.stop_times[["arrival_s", "departure_s"]].to_numpy()
    assert (np.diff(read.ravel()) >= 0).all()
    for row, expected in zip(read.tolist(), told, strict=True):
        assert expected is None or tuple(row) == expected
    assert sum(feed.report["blank_times_filled"].values()) == told.count(None)


@given(st.integers(0, 999), st.integers(0, 59), st.integers(0, 59), st.booleans())
def test_times_are_seconds_after_midnight(
    hours: int, minutes: int, secs: int, padded: bool
) -> None:
    text = f"{hours:02}" if padded else f"{hours}"
    values = pd.Series(pd.Categorical([f"{text}:{minutes:02}:{secs:02}", None, "7h", "7:60:00"]))
    read, wrong = seconds(values)
    assert read[0] == clock(hours, minutes, secs)
    assert np.isnan(read[1:]).all()
    assert wrong.tolist() == [False, False, True, True]


# Stops, routes and changes


def test_stops_know_their_station(make: FeedMaker) -> None:
    stops = (
        "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
        "S,Estação,0,10,1,\ns1,A,0,10.00,0,S\ns2,B,0,10.01,,S\ns3,C,0,10.03,0,\ne,Porta,0,10,2,S\n"
    )
    feed = read_feed(make(stops=stops))
    assert feed.stops.index.tolist() == ["s1", "s2", "s3"]
    assert feed.stops["station"].fillna("-").tolist() == ["S", "S", "-"]


STATIONS = (
    "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
    "S,Estação,0,10,1,\ns1,A,0,10.00,0,S\ns2,B,0,10.01,0,S\ns3,C,0,10.03,0,\n"
)


def test_changes_of_stations_hold_for_their_stops(make: FeedMaker) -> None:
    table = (
        "from_stop_id,to_stop_id,transfer_type,min_transfer_time\n"
        "S,S,2,90\ns1,s2,3,\nS,s3,,\ns3,s3,2,30\n"
    )
    feed = read_feed(make(stops=STATIONS, transfers=table))
    told = feed.transfers.set_index(["from_stop", "to_stop"]).sort_index()
    kinds = {("s1", "s1"): 2, ("s1", "s2"): 3, ("s2", "s1"): 2, ("s2", "s2"): 2,
             ("s1", "s3"): 0, ("s2", "s3"): 0, ("s3", "s3"): 2}  # fmt: skip
    assert told["kind"].to_dict() == kinds
    assert told.loc[("s2", "s1"), "min_s"] == 90
    assert np.isnan(told.loc[("s1", "s2"), "min_s"])


def test_changes_bound_to_routes_or_trips_are_dropped(make: FeedMaker) -> None:
    table = (
        "from_stop_id,to_stop_id,transfer_type,from_route_id,to_trip_id\n"
        "s1,s2,1,,\ns1,s3,0,r1,\ns2,s3,0,,t1\n,,4,,\ns3,s1,5,,\n"
    )
    feed = warned(make(transfers=table), "changes bound to routes or trips, dropped: s1, s2")
    assert feed.transfers["to_stop"].tolist() == ["s2"]


def test_pickup_and_drop_off_say_who_may_board(make: FeedMaker) -> None:
    lines = FILES["stop_times.txt"].splitlines()
    more = ["pickup_type,drop_off_type", "0,1", "1,", ",2", "3,0", "0,1", "0,0", "1,1"]
    table = "\n".join(f"{one},{two}" for one, two in zip(lines, more, strict=False)) + "\n"
    feed = read_feed(make(stop_times=table))
    assert feed.stop_times["pickup"].tolist() == [True, False, True, True, True, True, False]
    assert feed.stop_times["drop_off"].tolist() == [False, True, True, True, False, True, False]


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        (0, "tram"), (1, "metro"), (2, "rail"), (3, "bus"), (4, "ferry"), (5, "cable"),
        (6, "cable"), (12, "metro"), (100, "rail"), (109, "rail"), (200, "bus"), (401, "metro"),
        (405, "metro"), (702, "bus"), (717, "bus"), (900, "tram"), (1000, "ferry"),
        (1200, "ferry"), (1300, "cable"), (1302, "cable"), (1501, "bus"), (1502, "ferry"),
        (1701, "cable"), (1700, None), (1702, None), (1100, None), (1500, None), (1601, None),
        (8, None), (99, None), (-1, None),
    ],
)  # fmt: skip
def test_route_types_stand_for_modes(kind: int, mode: str | None) -> None:
    assert mode_of(kind) == mode
    assert mode is None or mode in MODES


def test_unknown_route_types_are_taken_for_buses(make: FeedMaker) -> None:
    path = make(routes=("Trem,2", "Trem,99"))
    feed = warned(path, r"routes\.txt: unknown route_type 99, taken for bus: r2")
    assert feed.routes.loc["r2", ["mode", "route_type"]].tolist() == [FALLBACK, 99]


def test_taxis_and_aeroplanes_are_dropped_with_their_trips(make: FeedMaker) -> None:
    path = make(
        routes=("Trem,2", "Voo,1100"),
        frequencies="trip_id,start_time,end_time,headway_secs\nt3,5:00:00,6:00:00,600\n",
    )
    with pytest.warns(DataWarning, match="taxis, aeroplanes and hired cars, dropped") as caught:
        feed = read_feed(path)
    assert len(caught) == 2
    assert feed.routes.index.tolist() == ["r1"]
    assert feed.trips.index.tolist() == ["t1", "t2"]
    assert set(feed.stop_times["trip_id"]) == {"t1", "t2"}
    assert feed.frequencies.empty
    assert read_feed(path, modes={"r2": "rail"}).trips.index.tolist() == ["t1", "t2", "t3"]


def test_whoever_asks_may_say_the_mode(make: FeedMaker) -> None:
    path = make()
    assert read_feed(path, modes={"A": "brt"}).routes["mode"].tolist() == ["brt", "brt"]
    both = read_feed(path, modes={"A": "brt", "r2": "cable"})
    assert both.routes["mode"].tolist() == ["brt", "cable"]
    assert "no route and no agency is called B, 2:A" in refused(
        path, modes={"B": "brt", "2:A": "brt"}
    )
    with pytest.raises(DataError, match="modes: zeppelin is none of metro"):
        read_feed(path, modes={"A": "zeppelin"})


def test_an_only_agency_needs_no_id(make: FeedMaker) -> None:
    feed = read_feed(make(agency="agency_name\nÔnibus\n"))
    assert feed.routes["agency"].tolist() == ["A", "A"]
    feed = read_feed(make(routes=("r1,A", "r1,")))
    assert feed.routes["agency"].tolist() == ["A", "A"]


def test_frequencies_say_how_often(make: FeedMaker) -> None:
    table = (
        "trip_id,start_time,end_time,headway_secs,exact_times\n"
        "t1,6:00:00,7:30:00,1200,1\nt1,7:30:00,8:00:00,600,\nt3,5:00:00,5:00:00,60,0\n"
    )
    feed = warned(make(frequencies=table), "periods that end as they start, dropped: t3")
    assert feed.frequencies.to_dict("list") == {
        "trip_id": ["t1", "t1"],
        "start_s": [clock(6), clock(7, 30)],
        "end_s": [clock(7, 30), clock(8)],
        "headway_s": [1200, 600],
        "exact": [True, False],
    }
    # t1 leaves at 6:00 6:20 6:40 7:00 7:20, then 7:30 7:40 7:50; t2 at 23:50
    assert feed.report["trips_by_hour"] == {"6": 3, "7": 5, "23": 1}
    assert feed.report["frequency_share"] == pytest.approx(1 / 3)
    assert feed.report["busiest_day"] == "2025-03-11"


def test_periods_that_overlap_are_warned_of(make: FeedMaker) -> None:
    table = (
        "trip_id,start_time,end_time,headway_secs\nt1,6:00:00,7:30:00,600\nt1,7:00:00,8:00:00,600\n"
    )
    warned(make(frequencies=table), "periods overlap, and both run: t1")


# Fares

PRICES = "fare_id,price,currency_type,payment_method,transfers\nlow,2.50,BRL,0,\nhigh,4,BRL,0,1\n"


def test_prices_of_routes(make: FeedMaker) -> None:
    rules = "fare_id,route_id\nlow,r1\nhigh,r2\nhigh,r1\n"
    feed = read_feed(make(fare_attributes=PRICES, fare_rules=rules))
    assert feed.fares["price"].to_dict() == {"r1": 2.5, "r2": 4.0}
    assert feed.fares["currency"].tolist() == ["BRL", "BRL"]
    assert np.isnan(feed.fares.loc["r1", "transfers"])
    assert feed.fares.loc["r2", "transfers"] == 1
    assert feed.report["fares"] == {"told": "by route", "routes": 2}


def test_a_price_without_rules_holds_everywhere(make: FeedMaker) -> None:
    feed = read_feed(make(fare_attributes=PRICES))
    assert feed.fares["price"].to_dict() == {"r1": 2.5, "r2": 2.5}
    rules = "fare_id,route_id\nlow,r1\n"
    feed = read_feed(make(fare_attributes=PRICES, fare_rules=rules))
    assert feed.fares["price"].to_dict() == {"r1": 2.5, "r2": 4.0}


def test_a_price_of_an_agency_holds_for_its_routes(make: FeedMaker) -> None:
    prices = "fare_id,price,currency_type,transfers,agency_id\na,1,BRL,0,B\nb,3,BRL,0,A\n"
    agencies = FILES["agency.txt"] + "B,Metrô,http://y,UTC\n"
    routes = FILES["routes.txt"].replace("r2,A", "r2,B")
    feed = read_feed(make(agency=agencies, routes=routes, fare_attributes=prices))
    assert feed.fares["price"].to_dict() == {"r1": 3.0, "r2": 1.0}


def test_prices_that_depend_on_zones_are_left_out(make: FeedMaker) -> None:
    rules = "fare_id,route_id,origin_id\nlow,r1,\nhigh,r2,z1\n"
    feed = read_feed(make(fare_attributes=PRICES, fare_rules=rules))
    assert feed.fares.empty
    assert feed.report["fares"] == {"told": "left out: they depend on zones", "routes": 0}
    several = PRICES.replace("4,BRL", "4,USD")
    assert "several currencies" in read_feed(make(fare_attributes=several)).report["fares"]["told"]
    second = read_feed(make(fare_products="fare_product_id\nx\n")).report["fares"]["told"]
    assert second == "left out: fare_products.txt is not read"


# Mends


def test_identical_repeated_rows_are_dropped_with_a_warning(make: FeedMaker) -> None:
    again = "t1,7:05:00,7:06:00,s2,2\n"
    record = Record(name="transit.gtfs", path=Path("feed.zip"), origin=Origin())
    path = make(stop_times=FILES["stop_times.txt"] + again)
    feed = warned(path, "stop_times.txt: identical repeated rows, dropped: t1", record=[record])
    assert len(feed.stop_times) == 7
    assert record.rows_read == 1 + 3 + 2 + 3 + 8 + 2
    assert record.rows_kept == record.rows_read - 1
    assert record.counts["rows"]["stop_times.txt"] == 8
    assert feed.report["dropped"] == {"stop_times.txt: identical repeated rows": 1}


def test_stops_that_nobody_calls_at(make: FeedMaker) -> None:
    path = make(stops=FILES["stops.txt"] + "s4,Ninguém,0,0\ns5,Só,1,1\ns6,Vazio,,\n")
    feed = warned(path, "stops without service and without a place, dropped: s4, s6")
    assert feed.stops.index.tolist() == ["s1", "s2", "s3", "s5"]
    assert feed.report["stops_without_service"] == {"count": 1, "ids": ["s5"]}


def test_trips_that_lead_nowhere_are_dropped(make: FeedMaker) -> None:
    trips = FILES["trips.txt"] + "r1,week,t4,0\nr1,week,t5,0\n"
    path = make(trips=trips, stop_times=FILES["stop_times.txt"] + "t4,,,s1,1\n")
    feed = warned(path, "trips with fewer than two stop times, dropped: t4, t5")
    assert feed.trips.index.tolist() == ["t1", "t2", "t3"]
    assert len(feed.stop_times) == 7


def test_shapes_that_are_not_there_are_warned_of(make: FeedMaker) -> None:
    feed = warned(make(trips=SHAPED), "trips.txt: shape_id names no shape, taken for unknown: h")
    assert feed.trips["shape_id"].isna().all()


def test_strange_directions_are_unknown(make: FeedMaker) -> None:
    feed = warned(make(trips=("t1,0", "t1,7")), "direction_id is neither 0 nor 1")
    assert feed.trips.loc["t1", "direction"] == -1


def test_an_optional_file_that_is_empty_is_as_good_as_none(make: FeedMaker) -> None:
    feed = warned(make(shapes=""), "shapes.txt: is empty, taken as absent")
    assert feed.shapes.empty


def test_the_report_is_plain(make: FeedMaker) -> None:
    report = read_feed(make()).report
    assert json.loads(json.dumps(report)) == report
    assert report["agencies"] == ["Ônibus"]
    assert report["routes_by_mode"] == {"bus": 1, "rail": 1}
    assert report["trips_by_mode"] == {"bus": 2, "rail": 1}
    assert report["trips_by_hour"] == {"7": 1, "23": 1}
    assert (report["first_day"], report["last_day"]) == ("2025-03-03", "2025-03-16")
    assert report["days_without_service"] == 2  # both Saturdays, and no more
    assert (report["stops"], report["services"], report["frequency_share"]) == (3, 2, 0.0)


# What is refused

WEEKLY = FILES["calendar.txt"].splitlines()[0] + "\n"
OFTEN = "trip_id,start_time,end_time,headway_secs\n"
CHANGES = "from_stop_id,to_stop_id,transfer_type\n"
BAD = [
    ({"stops": None, "trips": None}, "required files are missing: stops.txt, trips.txt"),
    ({"calendar": None}, "required files are missing: calendar.txt or calendar_dates.txt"),
    ({"routes": ("route_type", "kind")}, "routes.txt: required columns are missing: route_type"),
    ({"stops": ""}, "stops.txt: is empty"),
    ({"stops": "stop_id,stop_lat,stop_lon\n"}, "stops.txt: holds no rows"),
    ({"stops": ("stop_name", "stop_id")}, "stops.txt: has more than one column called: stop_id"),
    ({"trips": ("r1,week,t2", "r9,week,t2")}, "trips.txt: route_id names no route: r9"),
    ({"trips": ("r1,week,t2", "r1,never,t2")}, "trips.txt: service_id names no service: never"),
    ({"trips": ("r1,week,t2", "r1,,t2")}, "trips.txt: service_id is blank in rows: 2"),
    ({"routes": ("um,3", "um,3.5")}, "route_type is no whole number of 0 or more for: r1"),
    ({"routes": ("r1,A", "r1,Z")}, "routes.txt: agency_id names no agency: Z"),
    ({"stop_times": ("s2,2\nt1", "s9,2\nt1")}, "stop_times.txt: stop_id names no stop: s9"),
    ({"trips": ("r1,week,t2,1\n", "")}, "stop_times.txt: trip_id names no trip: t2"),
    ({"stop_times": ("t1,7:05:00,7:06:00", "t1,7:05:00,7:04:00")}, "fall along trips: t1"),
    ({"stop_times": ("t2,24:10:00,24:10:00", "t2,0:10:00,0:10:00")}, "fall along trips: t2"),
    ({"stop_times": ("t1,7:05:00", "t1,705")}, "no time such as 7:05:00 ('705') in trips: t1"),
    (
        {"stop_times": ("t1,7:00:00,7:00:00", "t1,,")},
        "no time at the first or last stop of trips: t1",
    ),
    (
        {"stop_times": ("t2,24:10:00,24:10:00", "t2,,")},
        "no time at the first or last stop of trips: t2",
    ),
    (
        {"stop_times": ("s2,2\nt1", "s2,1\nt1")},
        "rows that differ share their trip_id and stop_sequence: t1",
    ),
    (
        {"stop_times": ("s3,5", "s3,5.5")},
        "stop_sequence is no whole number of 0 or more, in rows: 3",
    ),
    ({"stop_times": ("s3,5", "s3,five")}, "stop_sequence holds text that is no number, in rows: 3"),
    ({"stop_times": ("s3,5", "s3,")}, "stop_times.txt: stop_sequence is blank in rows: 3"),
    (
        {"calendar": ("sunday,0,0,0,0,0,0,1", "sunday,0,0,0,0,0,0,2")},
        "sunday is none of 0, 1 for: sunday",
    ),
    (
        {"calendar": ("0,0,20250303,", "0,0,2025-03-03,")},
        "no date such as 20250131 ('2025-03-03') for services: week",
    ),
    (
        {"calendar": ("0,0,20250303,", "0,0,20250332,")},
        "no date such as 20250131 ('20250332') for services: week",
    ),
    (
        {"calendar": ("0,0,20250303,", "0,0,20250403,")},
        "end_date is before start_date for services: week",
    ),
    (
        {
            "calendar": WEEKLY + "week,0,0,0,0,0,0,0,20250303,20250316\n",
            "trips": ("r2,sunday", "r2,week"),
        },
        "no service runs on any day",
    ),
    (
        {"calendar": FILES["calendar.txt"] + "week,0,1,1,1,1,0,0,20250303,20250316\n"},
        "calendar.txt: rows that differ share their service_id: week",
    ),
    (
        {"calendar_dates": "service_id,date,exception_type\nweek,20250303,3\n"},
        "exception_type is none of 1, 2 for: week",
    ),
    ({"stops": ("0,10.01", "0,0")}, "at (0, 0), missing or impossible for stops with service: s2"),
    ({"stops": ("0,10.01", ",")}, "at (0, 0), missing or impossible for stops with service: s2"),
    (
        {"stops": ("0,10.01", "91,10")},
        "at (0, 0), missing or impossible for stops with service: s2",
    ),
    (
        {"stops": ("0,10.01", "0,200")},
        "at (0, 0), missing or impossible for stops with service: s2",
    ),
    (
        {"stops": ("0,10.01", "zero,10")},
        "stops.txt: stop_lat holds text that is no number, in rows: 2",
    ),
    (
        {"stops": ("s3,Três", "s2,Outro,0,10.02\ns3,Três")},
        "stops.txt: rows that differ share their stop_id: s2",
    ),
    ({"stops": STATIONS.replace("0,S", "0,Q")}, "stops.txt: parent_station names no station: Q"),
    (
        {"stops": STATIONS.replace("10.03,0,", "10.03,1,")},
        "stop_id names stations or entrances, where nothing stops: s3",
    ),
    (
        {"frequencies": OFTEN + "t1,6:00:00,7:00:00,0\n"},
        "headway_secs is no whole number above 0 in trips: t1",
    ),
    (
        {"frequencies": OFTEN + "t1,6:00:00,5:00:00,60\n"},
        "end_time is before start_time in trips: t1",
    ),
    (
        {"frequencies": OFTEN + "t9,6:00:00,7:00:00,60\n"},
        "frequencies.txt: trip_id names no trip: t9",
    ),
    (
        {"frequencies": OFTEN + "t1,6am,7:00:00,60\n"},
        "start_time is no time such as 7:05:00 in trips: t1",
    ),
    ({"transfers": CHANGES + "s1,s9,0\n"}, "transfers.txt: to_stop_id names no stop: s9"),
    (
        {"transfers": CHANGES + "s1,s2,2\n"},
        "min_transfer_time is missing or negative from stops: s1",
    ),
    ({"transfers": CHANGES + "s1,,0\n"}, "from_stop_id or to_stop_id is blank in rows: 1"),
    (
        {"transfers": CHANGES + "s1,s2,0\ns1,s2,3\n"},
        "rows that differ share their from_stop_id and to_stop_id: s1",
    ),
    ({"fare_attributes": PRICES.replace("4,", "-4,")}, "price is negative for fares: high"),
    (
        {"fare_attributes": PRICES, "fare_rules": "fare_id,route_id\nmid,r1\n"},
        "fare_rules.txt: fare_id names no fare: mid",
    ),
    ({"shapes": shape([(10, 0), (10, 95)])}, "shape_pt_lat, shape_pt_lon are impossible for: h"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_bad_feeds_are_refused_in_one_clear_sentence(
    make: FeedMaker, changes: dict[str, Any], message: str
) -> None:
    path = make(**changes)
    told = refused(path)
    assert message in told
    assert "feed.zip" in told
    assert len(told.splitlines()) == 1
    assert list(path.parent.iterdir()) == [path]


def test_all_faults_of_all_feeds_are_told_at_once(make: FeedMaker) -> None:
    one = make("one.zip", stops=("0,10.01", "0,0"), trips=("r1,week,t2", "r9,week,t2"))
    two = make("two.zip", routes=None)
    told = refused([one, two])
    assert told.startswith("3 faults")
    for part in ("one.zip: stops.txt", "one.zip: trips.txt", "two.zip: feed: required files"):
        assert part in told


def test_a_request_must_make_sense(make: FeedMaker) -> None:
    assert "at least one feed" in refused([])
    assert "a record for each of 1 paths, not 0" in refused(make(), record=[])


# Zips that mean harm


def test_what_is_no_feed_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "none.zip")
    text = tmp_path / "stops.txt"
    text.write_text(FILES["stops.txt"], encoding="utf-8")
    assert "is no zip and no folder" in refused(text)
    assert "required files are missing" in refused(write_zip(tmp_path / "e.zip", {}))
    both = {f"{folder}/{name}": text for folder in "ab" for name, text in FILES.items()}
    assert "in several folders: a, b" in refused(write_zip(tmp_path / "two.zip", both))


@pytest.mark.parametrize(
    "name", ["../stops.txt", "a/../../x.txt", "/etc/x.txt", "..\\x.txt", "C:\\x.txt", "\\x.txt"]
)
def test_names_that_lead_out_of_the_zip_are_refused(tmp_path: Path, name: str) -> None:
    path = write_zip(tmp_path / "feed.zip", {**FILES, name: "x"})
    with pytest.raises(SourceError, match="names that lead out of the zip"):
        read_feed(path)
    assert [one.name for one in tmp_path.rglob("*")] == ["feed.zip"]


def test_bombs_are_refused_before_they_are_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("stops.txt", b"0" * 3 * 1024**2)
    large = write_zip(tmp_path / "large.zip", FILES)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_, **__: pytest.fail("was unpacked"))
    with pytest.raises(SourceError, match=r"packed more than 200 times.*stops\.txt"):
        read_feed(tmp_path / "bomb.zip")
    monkeypatch.setattr(_gtfs_archive, "MAX_BYTES", 100)
    with pytest.raises(SourceError, match="GiB unpacked, over"):
        read_feed(large)


def test_large_folders_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stops.txt").write_text("0" * 200, encoding="utf-8")
    monkeypatch.setattr(_gtfs_archive, "MAX_BYTES", 100)
    with pytest.raises(SourceError, match="GiB unpacked, over"):
        read_feed(tmp_path)


def patched(path: Path, *, name: bytes, change: Callable[[bytearray, int], None]) -> None:
    """Change the entry of a member in the directory at the end of a zip."""
    raw = bytearray(path.read_bytes())
    place = raw.rindex(b"PK\x01\x02", 0, raw.rindex(name))
    change(raw, place)
    path.write_bytes(raw)


def test_locked_members_are_refused(make: FeedMaker) -> None:
    def lock(raw: bytearray, place: int) -> None:
        raw[place + 8] |= 1

    path = make()
    patched(path, name=b"trips.txt", change=lock)
    with pytest.raises(SourceError, match=r"encrypted: trips\.txt"):
        read_feed(path)


def test_members_larger_than_they_say_are_refused(make: FeedMaker) -> None:
    def shrink(raw: bytearray, place: int) -> None:
        raw[place + 24 : place + 28] = (60).to_bytes(4, "little")

    path = make()
    patched(path, name=b"trips.txt", change=shrink)
    told = refused(path)
    assert "trips.txt: cannot be read: Bad CRC-32" in told


def test_damaged_members_are_refused(make: FeedMaker) -> None:
    path = make()
    raw = bytearray(path.read_bytes())
    middle = raw.index(b"stop_times.txt") + 60
    raw[middle : middle + 20] = b"\xff" * 20
    path.write_bytes(raw)
    assert "stop_times.txt: cannot be read" in refused(path)


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "feed.zip", FILES)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("stops.txt", FILES["stops.txt"])
    assert "more than one file of one name: stops.txt" in refused(path)


def test_leftovers_of_other_systems_are_passed_over(tmp_path: Path) -> None:
    extra = {"__MACOSX/stops.txt": b"\x00\x05", "__MACOSX/._trips.txt": b"\x00"}
    feed = read_feed(write_zip(tmp_path / "feed.zip", {**FILES, **extra}))
    assert len(feed.stops) == 3


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_no_noise_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes
) -> None:
    folder = tmp_path_factory.mktemp("noise")
    (folder / "raw.zip").write_bytes(noise)
    spoilt = {
        **FILES,
        "stops.txt": noise,
        "stop_times.txt": FILES["stop_times.txt"].encode() + noise,
    }
    write_zip(folder / "spoilt.zip", spoilt)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Record, "warn", lambda *_: None)
        for name in ("raw.zip", "spoilt.zip"):
            with pytest.raises(GeoEquityError):
                read_feed(folder / name)


# Several feeds


def test_a_feed_twice_is_the_feed_once(make: FeedMaker) -> None:
    table = "trip_id,start_time,end_time,headway_secs\nt1,6:00:00,7:30:00,600\n"
    path = make(
        frequencies=table, fare_attributes=PRICES, shapes=shape([(10, 0), (10.03, 0)]),
        trips=SHAPED, transfers="from_stop_id,to_stop_id,transfer_type\ns1,s2,0\n",
    )  # fmt: skip
    once, twice = read_feed(path), read_feed([path, path])
    for name in ("stops", "routes", "trips", "stop_times", "days", "frequencies", "transfers",
                 "fares", "shapes"):  # fmt: skip
        pd.testing.assert_frame_equal(getattr(once, name), getattr(twice, name))
    assert twice.report["merged_stops"] == 3


def test_ids_of_two_meanings_are_told_apart(make: FeedMaker) -> None:
    other = {
        "agency": ("Ônibus", "Metrô"),
        "stops": "stop_id,stop_name,stop_lat,stop_lon\n"
        "s1,Longe,0,20\ns2,dois,0,10.0101\nx3,Tres,0,10.03\n",
        "routes": ("Linha um,3", "Linha um,1"),
        "calendar": ("week,1,1,1,1,1,0,0", "week,1,1,1,1,1,1,0"),
        "stop_times": FILES["stop_times.txt"].replace("s3", "x3"),
        "frequencies": "trip_id,start_time,end_time,headway_secs\nt1,6:00:00,7:30:00,600\n",
        "transfers": "from_stop_id,to_stop_id,transfer_type\ns1,s2,0\n",
        "fare_attributes": PRICES,
    }  # fmt: skip
    feed = read_feed([make("one.zip"), make("two.zip", **other)])
    assert feed.stops.index.tolist() == ["s1", "s2", "s3", "2:s1"]
    assert feed.report["merged_stops"] == 2
    assert feed.routes.index.tolist() == ["r1", "r2", "2:r1", "2:r2"]
    assert feed.routes["agency"].tolist() == ["A", "A", "2:A", "2:A"]
    assert feed.trips.index.tolist() == ["t1", "t2", "t3", "2:t1", "2:t2", "2:t3"]
    assert feed.trips.loc["2:t1", ["route_id", "service_id"]].tolist() == ["2:r1", "2:week"]
    assert feed.trips.loc["2:t3", "service_id"] == "sunday"
    assert [stop for stop, *_ in times(feed, "2:t1")] == ["2:s1", "s2", "s3"]
    assert feed.frequencies["trip_id"].tolist() == ["2:t1"]
    assert feed.transfers[["from_stop", "to_stop"]].to_numpy().tolist() == [["2:s1", "s2"]]
    assert feed.fares.index.tolist() == ["2:r1", "2:r2"]
    saturday = dt.date(2025, 3, 8)
    assert feed.services_on(saturday).tolist() == ["2:week"]
    assert feed.report["agencies"] == ["Ônibus", "Metrô"]
    assert len(feed.stop_times) == 14


def test_trips_that_differ_in_their_times_alone_are_told_apart(make: FeedMaker) -> None:
    other = make("two.zip", stop_times=("t2,24:10:00,24:10:00", "t2,24:11:00,24:11:00"))
    feed = read_feed([make("one.zip"), other])
    assert feed.trips.index.tolist() == ["t1", "t2", "t3", "2:t2"]
    assert feed.trips.loc["2:t2", "service_id"] == "week"
    assert times(feed, "2:t2")[1][1] == clock(24, 11)


def test_stops_merge_within_20_metres_and_not_beyond(make: FeedMaker) -> None:
    metre = 360 / 40_075_017  # degrees of the equator
    for away, number in ((19.5, 4), (20.5, 5)):
        stops = FILES["stops.txt"].replace("s1,Um,0,10.00", f"z1, um!,0,{10 + away * metre:.9f}")
        stops = stops.replace("10.01", "10.5")
        table = FILES["stop_times.txt"].replace(",s1,", ",z1,")
        feed = read_feed([make("one.zip"), make("two.zip", stops=stops, stop_times=table)])
        assert len(feed.stops) == number
        assert ("z1" in feed.stops.index) == (number == 5)


def test_modes_may_speak_of_one_feed_alone(make: FeedMaker) -> None:
    other = make("two.zip", agency=("Ônibus", "Metrô"))
    feed = read_feed([make("one.zip"), other], modes={"2:A": "brt"})
    assert feed.routes["mode"].to_dict() == {
        "r1": "bus",
        "r2": "rail",
        "2:r1": "brt",
        "2:r2": "brt",
    }


def test_inputs_are_left_as_they_are(make: FeedMaker) -> None:
    path, modes = make(), {"A": "brt"}
    before = path.read_bytes()
    first, second = read_feed([path], modes=modes), read_feed([path], modes=modes)
    pd.testing.assert_frame_equal(first.stop_times, second.stop_times)
    assert first.report == second.report
    assert path.read_bytes() == before
    assert modes == {"A": "brt"}


def test_members_may_be_stored_or_packed_otherwise(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_BZIP2) as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
    (tmp_path / "feed.zip").write_bytes(buffer.getvalue())
    assert len(read_feed(tmp_path / "feed.zip").trips) == 3
