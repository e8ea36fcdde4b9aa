"""
What goes wrong with a city's timetables, end to end.

A fault raises one error that names the file, the field and the ids, through the
command line exit 1 and no output; what is odd but possible gives a study.
"""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, Point

import geoequity as ge
from geoequity import cli
from geoequity.errors import ConfigError, DataError, DataWarning, GeoEquityError
from geoequity.streets import StreetNetwork
from geoequity.study import Study
from geoequity.transit import Timetable

CityMaker = Callable[..., Path]
Files = dict[str, str]
Spoil = Callable[[Files], Any]
UTM = "EPSG:32718"
EAST, NORTH = 500_000.0, 8_000_000.0  # the south-west corner of the town of make_city
FEED = {
    "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\nA,A,https://x.org,Etc/GMT\n",
    "routes.txt": "route_id,agency_id,route_short_name,route_type\nB,A,1,3\nK,A,K,6\n",
    "trips.txt": "route_id,service_id,trip_id\nB,W,b\nK,W,k\n",
    "calendar.txt": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "W,1,1,1,1,1,0,0,20250101,20251231\n"
    ),
    "stop_times.txt": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "b,7:00:00,7:00:00,sw,1\nb,7:05:00,7:05:00,ne,2\n"
        "k,7:00:00,7:00:00,nw,1\nk,7:05:00,7:05:00,se,2\n"
    ),
    "frequencies.txt": (
        "trip_id,start_time,end_time,headway_secs\nb,6:00:00,22:00:00,600\nk,6:00:00,22:00:00,120\n"
    ),
}


def stops(**moved: tuple[float, float]) -> str:
    """Write the stops, in the middle of the four outer cells but for those that moved."""
    near, far = 250, 1750
    places = {"sw": (near, near), "ne": (far, far), "nw": (near, far), "se": (far, near)}
    points = [Point(EAST + x, NORTH + y) for x, y in places.values()]
    degrees = gpd.GeoSeries(points, index=list(places), crs=UTM).to_crs(4326)
    lines = [f"{one},{one},{lon:.6f},{lat:.6f}" for one, lon, lat in zip(
        places, degrees.x, degrees.y, strict=True)]  # fmt: skip
    for n, one in enumerate(places):
        if one in moved:
            lines[n] = f"{one},{one},{moved[one][0]},{moved[one][1]}"
    return "\n".join(["stop_id,stop_name,stop_lon,stop_lat", *lines, ""])


@pytest.fixture
def make_timed(make_city: CityMaker) -> CityMaker:
    """Write the town with a timetable for its only transit; ``spoil`` changes the feed."""

    def make(
        *, spoil: Spoil | None = None, transit: dict[str, Any] | None = None, **changes: Any
    ) -> Path:
        usual = {"stops": None, "gtfs": ["g.zip"], "date": "2025-05-14", "draws": 0}
        usual["window"] = ["07:00", "07:10"]
        file = make_city(transit={**usual, **(transit or {})}, **changes)
        files = {**FEED, "stops.txt": stops()}
        if spoil is not None:
            spoil(files)
        with zipfile.ZipFile(file.parent / "g.zip", "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return file

    return make


def assess(file: Path) -> Study:
    return ge.assess(ge.City.from_toml(file))


def retyped(name: str, old: str, new: str) -> Spoil:
    """Make what changes a text of a feed."""

    def retype(files: Files) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)

    return retype


def moved(**places: tuple[float, float]) -> Spoil:
    """Make what moves stops to other degrees."""
    return lambda files: files.update({"stops.txt": stops(**places)})


NOWHERE = dict.fromkeys(("sw", "ne", "nw", "se"), (0.0, 0.0))
EUROPE = dict.fromkeys(("sw", "ne", "nw", "se"), (2.35, 48.85))
SWAPPED = dict.fromkeys(("sw", "ne", "nw", "se"), (-18.08, -75.0))
OPPOSITE = dict.fromkeys(("sw", "ne", "nw", "se"), (15.0, 0.0))  # a quarter round the Earth

# ------------------------------------------------------------------ faults
FEEDS: dict[str, tuple[Spoil, str]] = {
    "a file that is absent": (
        lambda files: files.pop("trips.txt"), r"g\.zip: feed: required files are missing: trips"
    ),
    "a member that leads out": (
        lambda files: files.update({"../evil.txt": "x"}), r"g\.zip: refused: .*\.\./evil\.txt"
    ),
    "a column that is absent": (
        retyped("stops.txt", "stop_lat", "latitude"), r"g\.zip: stops\.txt: .*missing: stop_lat"
    ),
    "a stop that is none": (
        retyped("stop_times.txt", "ne", "zz"), r"stop_times\.txt: stop_id names no stop: zz"
    ),
    "no service at all": (
        retyped("calendar.txt", "1,1,1,1,1", "0,0,0,0,0"), r"no service runs on any day"
    ),
    "dates without a number": (
        retyped("calendar.txt", "20250101", "19691231"),
        r"calendar\.txt: start_date is before 1970 or after 2199 \('19691231'\) for services: W",
    ),
    "a service without an end": (
        retyped("calendar.txt", "20251231", "99991231"),
        r"calendar\.txt: end_date is before 1970 or after 2199 \('99991231'\) for services: W",
    ),
    "differing trips of one id": (
        retyped("trips.txt", "K,W,k", "K,W,k\nK,W,b"), r"trips\.txt: rows that differ .*trip_id: b"
    ),
    "a headway below 0": (
        retyped("frequencies.txt", "600", "-600"), r"headway_secs is no whole number .*: b"
    ),
    "times that fall": (
        retyped("stop_times.txt", "7:05:00,7:05:00", "6:05:00,6:05:00"), r"fall along trips: b"
    ),
    "stops at null island": (moved(**NOWHERE), r"stops\.txt: .*\(0, 0\).*: sw, ne, nw, se"),
    "stops of another city": (
        moved(**EUROPE),
        r"g\.zip: stops\.txt: no stop lies near the districts; stop_lon runs from 2\.3500",
    ),
    "longitude for latitude": (moved(**SWAPPED), r"no stop lies near .*stop_lat from -75\.0000"),
    "stops without coordinates in the CRS": (moved(**OPPOSITE), r"no stop lies near"),
}  # fmt: skip
BLOCKS: dict[str, tuple[dict[str, Any], str]] = {
    "a day without service": (
        {"date": "2025-05-18"}, r"city\.toml: transit\.date: .*no service on 2025-05-18.*05-19"
    ),
    "a budget without fares": (
        {"fare_budget": 3}, r"city\.toml: transit\.fare_budget: .*none for routes B, K"
    ),
    "a mode of nothing": ({"modes": {"Z": "brt"}}, r"g\.zip: modes: no route .*called Z"),
    "a centre with its latitude first": (
        {"centre": [-18.07, -74.99]}, r"city\.toml: transit\.centre: over 50 km .*longitude .*first"
    ),
    "a centre off the Earth": ({"centre": [500, 500]}, r"transit\.centre: over 50 km"),
}  # fmt: skip
KEYS: dict[str, tuple[dict[str, Any], str]] = {
    "a timetable that is absent": ({"gtfs": ["h.zip"]}, r"transit\.gtfs: no file .*h\.zip"),
    "an unknown key": ({"colour": "red"}, r"transit\.colour: unknown key"),
    "a window that ends first": ({"window": ["8:00", "7:00"]}, r"transit\.window: .*is empty"),
    "a mode that nobody knows": ({"without": ["plane"]}, r"transit\.without\.0: must be one of"),
    "draws below 0": ({"draws": -1}, r"transit\.draws: .*equal to 0"),
    "a headway of 0": ({"headway_min": {"bus": 0}}, r"transit\.headway_min\.bus: .*than 0"),
    "a date in words": ({"date": "14 May"}, r"transit\.date: must be a day such as 2025-05-14"),
    "a date in seconds": ({"date": 1747180800}, r"transit\.date: must be a day such as"),
    "options without a timetable": (
        {"gtfs": None, "date": None, "draws": None, "without": ["cable"]},
        r"transit\.without: there is no transit\.gtfs to use it on",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FEEDS)
def test_a_fault_of_the_feed_is_named(fault: str, make_timed: CityMaker) -> None:
    spoil, said = FEEDS[fault]
    with pytest.raises(GeoEquityError, match=said) as told:
        assess(make_timed(spoil=spoil))
    assert "faults" not in str(told.value)  # the one fault, and nothing that only follows from it


@pytest.mark.parametrize("fault", BLOCKS)
@pytest.mark.parametrize("changes", [{}, {"streets": None}], ids=["streets", "straight"])
def test_a_block_that_does_not_fit_is_named(
    fault: str, changes: dict[str, Any], make_timed: CityMaker
) -> None:
    transit, said = BLOCKS[fault]
    with pytest.raises((ConfigError, DataError), match=said):
        assess(make_timed(transit=transit, **changes))


@pytest.mark.parametrize("fault", KEYS)
def test_a_wrong_key_is_named(fault: str, make_timed: CityMaker) -> None:
    transit, said = KEYS[fault]
    with pytest.raises(ConfigError, match=rf"city\.toml: 1 fault\n  - {said}"):
        assess(make_timed(transit=transit))


def test_faults_of_date_centre_and_stops_are_named_at_once(
    make_timed: CityMaker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    transit = {"centre": [0, 0], "date": "2030-01-01"}
    file = make_timed(spoil=moved(**EUROPE), transit=transit)
    out = tmp_path / "out"
    out.mkdir()
    (out / "summary.json").write_text("{}", encoding="utf-8")
    for words in (["check", str(file)], ["run", str(file), "--out", str(out), "--quiet"]):
        assert cli.main(words) == 1
        said = capsys.readouterr().err
        assert said.startswith("geoequity: 3 faults in the data\n")
        assert all(one in said for one in ("transit.centre", "transit.date", "no stop lies near"))
    assert [one.name for one in out.iterdir()] == ["summary.json"]  # what was there before stays
    assert (out / "summary.json").read_text(encoding="utf-8") == "{}"


# ---------------------------------------------------------- odd but possible
def change_cells(file: Path, **columns: Any) -> None:
    cells = file.parent / "cells.geojson"
    layer = gpd.read_file(cells).assign(**columns)
    cells.unlink()
    layer.to_file(cells)


@pytest.mark.parametrize("changes", [{}, {"streets": None}], ids=["streets", "straight"])
@pytest.mark.parametrize("far", [(2.35, 48.85), (15.0, 0.0), (0.0, 90.0)])
def test_lines_may_lead_far_beyond_the_map(
    far: tuple[float, float], changes: dict[str, Any], make_timed: CityMaker
) -> None:
    """The bus goes on to another city, whose stops share a station."""
    lon, lat = far
    head, *rows = stops().splitlines()
    rows = [f"{one},," for one in rows]
    rows += [f"f{n},far,{lon},{lat},,S" for n in (1, 2)] + [f"S,far,{lon},{lat},1,"]
    longer = {
        "stops.txt": "\n".join([f"{head},location_type,parent_station", *rows, ""]),
        "stop_times.txt": FEED["stop_times.txt"]
        + "b,8:00:00,8:00:00,f1,3\nk,8:00:00,8:00:00,f2,3\n",
    }
    file = make_timed(spoil=lambda files: files.update(longer), **changes)
    study = assess(file)
    usual = assess(make_timed(**changes))
    for one in ("people_transit_45min_share", "hospital_transit_min"):
        np.testing.assert_array_equal(study.cell_indicators[one], usual.cell_indicators[one])
    # Now one may board at what were the last stops
    departures = study.cell_indicators["departures_per_hour"]
    assert departures["k33"] == usual.cell_indicators.loc["k00", "departures_per_hour"] > 0
    assert len(study.stops) == 4


SHORT_WALKS = {"max_afoot_min": 20}  # the town is crossed in less than 45 minutes on foot


def test_a_mode_that_does_not_run_is_told(make_timed: CityMaker) -> None:
    with pytest.warns(DataWarning, match=r"g\.zip: transit\.without .*no route has: metro$"):
        study = assess(make_timed(transit={"without": ["metro", "cable"], **SHORT_WALKS}))
    without = study.summary["transit"]["without"]
    assert without["metro"]["without"] == without["metro"]["with"]
    assert without["cable"]["without"] < without["cable"]["with"]


def test_without_any_vehicle_people_walk(make_timed: CityMaker) -> None:
    file = make_timed(transit={"modes": {"B": "cable"}, "without": ["cable"], **SHORT_WALKS})
    told = assess(file).summary["transit"]["without"]["cable"]
    assert 0 < told["without"] < told["with"]


@pytest.mark.parametrize("people", [0, None])
def test_where_nobody_is_counted_nobody_travels(people: int | None, make_timed: CityMaker) -> None:
    file = make_timed(transit={"centre": [-75, -18.0792], "without": ["cable"]})
    change_cells(file, pop=people)
    study = assess(file)
    absent = study.summary["absent"]
    assert absent["people_transit_45min_share"]["id"] == "no_population"
    assert absent["hospital_transit_min"]["id"] == "no_population"
    assert study.summary["transit"]["without"] == {}


def test_without_cells_nobody_travels(make_timed: CityMaker) -> None:
    study = assess(make_timed(cells=None, transit={"without": ["cable"]}))
    assert study.summary["absent"]["hospital_transit_min"]["id"] == "no_cells"
    assert len(study.stops) == 4


@pytest.mark.parametrize("window", [["24:10", "24:20"], ["99:00", "99:10"]])
def test_in_a_window_in_which_nothing_runs_people_walk(
    window: list[str], make_timed: CityMaker
) -> None:
    study = assess(make_timed(transit={"window": window}))
    assert (study.indicators["departures_per_hour"] == 0).all()
    assert study.cell_indicators["school_transit_min"].notna().any()


def test_a_service_may_start_on_the_first_day_there_is(make_timed: CityMaker) -> None:
    file = make_timed(spoil=retyped("calendar.txt", "20250101", "19700101"))
    assert (assess(file).indicators["departures_per_hour"] > 0).any()


def test_a_feed_in_a_folder_of_latin_1_is_read(make_timed: CityMaker) -> None:
    file = make_timed(spoil=retyped("stops.txt", ",sw,", ",Ñuñoa,"))
    packed = file.parent / "g.zip"
    with zipfile.ZipFile(packed) as archive:
        texts = {one: archive.read(one).decode() for one in archive.namelist()}
    packed.unlink()
    packed.mkdir()
    for name, text in texts.items():
        (packed / name).write_bytes(text.encode("latin-1"))
    with pytest.warns(DataWarning, match=r"stops\.txt: is not UTF-8 text; read as latin-1"):
        study = assess(file)
    assert "Ñuñoa" in set(study.stops["name"])


# ------------------------------------------------------------------ library
def test_a_day_that_is_none_is_refused(make_timed: CityMaker) -> None:
    feed = Timetable.from_gtfs(make_timed().parent / "g.zip").feed
    for date in ("", "now", "2025-02-30"):
        with pytest.raises(DataError, match=rf"date: {re.escape(repr(date))} is no day such as"):
            Timetable.of(feed, date=date)


def test_points_without_coordinates_are_refused(make_timed: CityMaker) -> None:
    timetable = Timetable.from_gtfs(make_timed().parent / "g.zip")
    here, lost = Point(EAST, NORTH), Point(np.inf, 0)
    places = gpd.GeoSeries([here, lost], index=["here", "lost"], crs=UTM)
    with pytest.raises(DataError, match="origins: missing or no point: lost"):
        timetable.travel_times(places, places[:1])


def test_what_is_on_the_map() -> None:
    line = LineString([(0, 0), (1000, 0)])
    ends = {"from_node": ["a"], "to_node": ["b"], "length_m": [1000.0]}
    network = StreetNetwork.from_edges(gpd.GeoDataFrame(ends, geometry=[line], crs=UTM))
    places = gpd.GeoSeries([Point(0, 0), Point(51_000, 0), Point(51_001, 0), Point(0, -50_001),
                            Point(np.inf, 0)], crs=UTM)  # fmt: skip
    assert network.on_map(places).tolist() == [True, True, False, False, False]
