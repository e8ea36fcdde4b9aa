"""Stops and routes of a timetable among those of the map."""

from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, box

from geoequity.sources import services
from geoequity.sources.transit_tables import ROUTE_COLUMNS
from geoequity.transit import Timetable
from tests.transit.small_timetables import CRS, DATE, EAST, NORTH, open_calls, stop_row, write_gtfs


@pytest.fixture
def feed(tmp_path):
    """Make a bus and a cable that meet at B; nothing stops at D."""
    path = tmp_path / "feed.zip"
    stops = [stop_row(one, x, 0) for one, x in (("A", 0), ("B", 1000), ("C", 2000), ("D", 3000))]
    write_gtfs(
        path,
        stops=stops,
        calls={
            "one": open_calls("A 7:00 | B 7:10"),
            "up": open_calls("B 7:00 | C 7:05"),
            "short": open_calls("B 7:00 | A 7:05"),
        },
        trips={"one": "daily", "up": "daily", "short": "daily"},
        routes={"up": "rope"},
    )
    return Timetable.from_gtfs(path, date=DATE, modes={"rope": "cable"}).feed


def stops(*rows):
    """Lay out stops of the map: id, mode, metres east, shelter."""
    none = pd.array([pd.NA] * len(rows), dtype="boolean")
    return gpd.GeoDataFrame(
        {
            "mode": [one[1] for one in rows],
            "name": None,
            "source": "osm",
            "shelter": pd.array([one[3] for one in rows], dtype="boolean"),
            **dict.fromkeys(("realtime", "bench", "tactile"), none),
        },
        geometry=[Point(EAST + one[2], NORTH) for one in rows],
        index=pd.Index([one[0] for one in rows], name="stop_id"),
        crs=CRS,
    )


def test_a_stop_has_its_mode_of_highest_capacity(feed):
    timed = services.timed_stops(feed, crs=CRS, study_area=None)
    assert timed["mode"].to_dict() == {
        "timetable/A": "bus", "timetable/B": "cable", "timetable/C": "cable",
    }  # fmt: skip
    assert timed["feed_id"].tolist() == ["A", "B", "C"]
    assert timed.geometry.x.round(3).tolist() == [EAST, EAST + 1000, EAST + 2000]


def test_stops_outside_the_study_area_are_left_out(feed):
    near = box(EAST - 10, NORTH - 10, EAST + 1100, NORTH + 10)
    assert services.timed_stops(feed, crs=CRS, study_area=near)["feed_id"].tolist() == ["A", "B"]


@pytest.mark.parametrize(("rule", "left"), [("replace", ["tram"]), ("dedupe", ["far bus", "tram"])])
def test_stops_of_the_map_give_way_and_tell_what_they_know(feed, rule, left):
    timed = services.timed_stops(feed, crs=CRS, study_area=None)
    mapped = stops(
        ("near bus", "bus", 30, True),
        ("far bus", "bus", 300, True),
        ("tram", "tram", 10, False),
        ("gondola", "cable", 1040, False),
    )
    joined = services.join_timed_stops(mapped, timed, rule=rule)
    assert joined.index.tolist() == [*left, "timetable/A", "timetable/B", "timetable/C"]
    assert joined.loc["timetable/A", "shelter"]
    assert not joined.loc["timetable/B", "shelter"]
    assert pd.isna(joined.loc["timetable/C", "shelter"])
    assert "feed_id" not in joined


def test_without_timed_stops_nothing_changes(feed):
    none = services.timed_stops(feed, crs=CRS, study_area=box(0, 0, 1, 1))
    mapped = stops(("one", "bus", 0, None))
    assert services.join_timed_stops(mapped, none, rule="replace") is mapped


def test_routes_are_drawn_along_their_longest_trip(feed):
    drawn = services.timed_routes(feed, crs=CRS, study_area=None)
    assert drawn["mode"].to_dict() == {"timetable/bus": "bus", "timetable/rope": "cable"}
    assert drawn.loc["timetable/rope"].geometry.length == pytest.approx(1000, abs=0.1)
    # Where there are no others, they stand alone in the table of routes
    assert {*ROUTE_COLUMNS, "geometry"} == {*drawn.columns}
    away = services.timed_routes(feed, crs=CRS, study_area=box(0, 0, 1, 1))
    assert away.empty


def test_routes_follow_their_shape(feed):
    bend = gpd.GeoSeries([LineString([(EAST, NORTH), (EAST, NORTH + 700)])], crs=CRS)
    shapes = gpd.GeoDataFrame(geometry=bend.to_crs(4326).array, index=["bend"], crs=4326)
    trips = feed.trips.assign(shape_id=feed.trips["route_id"].map({"rope": "bend"}))
    drawn = services.timed_routes(
        replace(feed, shapes=shapes, trips=trips), crs=CRS, study_area=None
    )
    assert drawn.loc["timetable/rope"].geometry.length == pytest.approx(700, abs=0.1)
    assert drawn.loc["timetable/bus"].geometry.length == pytest.approx(1000, abs=0.1)
