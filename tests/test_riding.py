"""Rides of a study: a town on a line, whose every number can be worked out."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

from geoequity import riding
from geoequity.keeping import FORGETFUL, Kept
from geoequity.measures.sampled import Sample
from geoequity.transit import Feed, Rider, Timetable

CRS = "EPSG:32618"
LONGEST = {"max_walk_min": 20.0, "max_afoot_min": 20.0}
NO_STREETS = {"network": None, "detour_factor": 1.0}


def table(**columns):
    return pd.DataFrame(columns)


@pytest.fixture
def timetable():
    """Make a metro every 10 minutes along 6 km, a cable up from its end, and no Sunday."""
    stop = gpd.GeoSeries.from_xy([0, 6000, 6000], [0, 0, 3000], crs=CRS).to_crs(4326)
    return Timetable(
        Feed(
            stops=pd.DataFrame(
                {"name": list("ABC"), "lon": stop.x.array, "lat": stop.y.array, "station": None,
                 "zone": None}, index=pd.Index(list("ABC"), name="stop_id"),
            ),
            routes=pd.DataFrame(
                {"mode": ["metro", "cable"], "name": ["M", "K"], "agency": None,
                 "route_type": [1, 6]}, index=pd.Index(["M", "K"], name="route_id"),
            ),
            trips=pd.DataFrame(
                {"route_id": ["M", "K"], "service_id": "work", "direction": 0, "shape_id": None},
                index=pd.Index(["m", "k"], name="trip_id"),
            ),
            stop_times=table(
                trip_id=["m", "m", "k", "k"], stop_id=["A", "B", "B", "C"],
                arrival_s=[0, 600, 0, 300], departure_s=[0, 600, 0, 300], pickup=True,
                drop_off=True,
            ),
            days=table(service_id="work", date=pd.date_range("2025-05-12", "2025-05-16")),
            frequencies=table(
                trip_id=["m", "k"], start_s=5 * 3600, end_s=23 * 3600, headway_s=[600, 60],
                exact=True,
            ),
            transfers=table(
                from_stop=pd.Series(dtype=object), to_stop=pd.Series(dtype=object),
                kind=pd.Series(dtype=int), min_s=pd.Series(dtype=float),
            ),
            fares=pd.DataFrame(), shapes=pd.DataFrame(), report={"stops": 3},
        ),
        dt.date(2025, 5, 14),
    )  # fmt: skip


@pytest.fixture
def cells():
    """Make three cells round the stops; jobs lie at the far ends."""
    return gpd.GeoDataFrame(
        {"population": [60.0, 30.0, 10.0], "jobs": [0.0, 20.0, 80.0], "district_id": list("xyy")},
        geometry=[
            box(x - 50, y - 50, x + 50, y + 50) for x, y in ((0, 0), (6000, 0), (6000, 3000))
        ],
        index=pd.Index(["c1", "c2", "c3"], name="unit_id"),
        crs=CRS,
    )


@pytest.fixture
def services():
    return gpd.GeoDataFrame(
        {"category": ["hospital", "bank"]}, geometry=[Point(6000, 0), Point(0, 0)], crs=CRS
    )


def plans(**changes):
    usual = {
        "window": ("07:00", "08:00"),
        "rider": Rider(detour_factor=1.0),
        "kinds": riding.TRAVELLED_TO,
    }
    return riding.Plans(**{**usual, **changes})


def test_reach_and_what_it_would_be_without_the_cable(timetable, cells, services):
    found, report = riding.ride(
        timetable, cells=cells, services=services, network=None,
        plans=plans(without=("cable",), centre=Point(0, 0)),
    )  # fmt: skip
    assert report == {"weighed_by": "jobs", "journeys": 3 * 5, "draws": 0, **LONGEST}
    one = found.loc["c1"]
    assert one["jobs_30min_share"] == 1
    assert one["jobs_45min_share_without_cable"] == 0.2
    # Up to ten minutes for the metro and ten on it; the cable leaves as the metro comes
    assert one["hospital_min"] == pytest.approx(10 + 4.5)
    assert one["direct_share"] == pytest.approx(0.2)
    assert one["change_min"] == 0
    assert one["spread_min"] == pytest.approx(9)
    assert "bank_min" not in found
    assert found["centre_min"].tolist()[0] == 0
    assert np.isnan(found.loc["c3", "centre_min"])  # nothing runs down
    told = riding.transit_report(
        riding.Rides(reach=found, report=report), cells=cells, districts=pd.Index(["x", "y"])
    )
    cable = told["without"]["cable"]
    assert cable["amount"] == "jobs"
    assert cable["districts"]["x"] == {"with": 1.0, "without": pytest.approx(0.2)}
    assert cable["with"] == pytest.approx(0.6 * 1 + 0.3 * 1 + 0.1 * 0.8)
    assert told["mean"]["jobs_45min_share"] == cable["with"]


@pytest.mark.parametrize(("boardings", "share"), [(0, 0.0), (1, 0.2), (2, 1.0), (8, 1.0)])
def test_reach_on_a_budget(timetable, cells, services, boardings, share):
    found, _ = riding.ride(
        timetable, cells=cells, services=services, network=None, plans=plans(boardings=boardings)
    )
    assert found.loc["c1", "budget_share"] == pytest.approx(share)


def test_people_stand_in_for_jobs_that_nobody_counts(timetable, cells, services):
    found, report = riding.ride(
        timetable, cells=cells.drop(columns="jobs"), services=services, network=None, plans=plans()
    )
    assert report["weighed_by"] == "people"
    assert found.loc["c1", "people_45min_share"] == 1
    assert not [one for one in found if one.startswith("jobs")]


def test_without_people_and_jobs_nothing_is_reached(timetable, cells, services):
    bare = cells.drop(columns=["population", "jobs"])
    found, report = riding.ride(
        timetable, cells=bare, services=services, network=None, plans=plans()
    )
    assert (len(found), len(found.columns), report) == (3, 0, {})


def test_supply_by_band(timetable):
    bands = riding.supply_of(timetable, window=("07:00", "09:00"))
    usual = bands["usual"].set_index(["stop_id", "route_id"])["trips_per_hour"]
    assert usual.to_dict() == {("A", "M"): 6, ("B", "K"): 60}
    assert bands["night"][["departures", "trips_per_hour"]].to_numpy().tolist() == [[0, 0]] * 2
    assert "weekend" not in bands  # five days of a week: nobody knows of Sunday


def test_a_sunday_without_service_is_known(timetable):
    days = timetable.feed.days
    later = days.assign(date=days["date"] + pd.Timedelta(days=7))
    feed = riding.replace(timetable.feed, days=pd.concat([days, later]))
    bands = riding.supply_of(Timetable(feed, timetable.date), window=("07:00", "09:00"))
    assert bands["weekend"]["trips_per_hour"].tolist() == [0, 0]


def test_what_runs_near_homes(timetable):
    homes = gpd.GeoDataFrame(
        {"straight": True}, geometry=[Point(900, 0), Point(6000, 400), Point(0, 9000)],
        index=["by the metro", "below the cable", "nowhere"], crs=CRS,
    )  # fmt: skip
    stops = gpd.GeoDataFrame(
        {"mode": ["metro", "cable", "cable", "bus"]},
        geometry=[Point(0, 0), Point(6000, 0), Point(6000, 3000), Point(6000, 500)],
        index=list("ABCD"), crs=CRS,
    )  # fmt: skip
    bands = riding.supply_of(timetable, window=("07:00", "08:00"))
    routes = gpd.GeoDataFrame({"mode": [], "headway_min": []}, geometry=[], crs=CRS)
    none = pd.DataFrame({"stop_id": [], "route_id": []})
    unknown = riding.untimed_supply(stops.loc[["D"]], routes=routes, stop_routes=none)
    bands = {key: pd.concat([one, unknown]) for key, one in bands.items()}
    near, by_stop = riding.supply_near(
        bands, timetable.hours(), homes=homes, stops=stops, **NO_STREETS
    )
    assert near["departures_per_hour"].tolist() == [6, 60, 0]
    assert near["metro_per_hour"].tolist() == [6, 0, 0]
    assert near["frequent_share"].tolist() == [1, 1, 0]
    assert near["known_share"].fillna(-1).tolist() == [1, 0.5, -1]
    assert near["service_hours"].tolist() == pytest.approx([17 + 50 / 60, 17 + 59 / 60, 0])
    assert near["night_per_hour"].tolist() == [0, 0, 0]
    assert near["night_known_share"].fillna(-1).tolist() == [1, 0.5, -1]
    assert by_stop["trips_per_hour"].fillna(-1).tolist() == [6, 60, 0, -1]  # none leaves C
    assert by_stop["headway_min"].fillna(-1).tolist() == [10, 1, -1, -1]


def test_figures_by_district_are_means_over_people(cells):
    homes = pd.DataFrame(
        {"cell_id": ["c1", "c1", "c2", "c3"], "share": [0.5, 0.5, 1.0, 1.0]}, index=list("pqrs")
    )
    near = pd.DataFrame({"departures_per_hour": [2.0, 4.0, 8.0, np.nan]}, index=homes.index)
    reached = pd.DataFrame({"hospital_min": [10.0, 20.0, 40.0]}, index=cells.index)
    rides = riding.Rides(near=near, reach=reached)
    found = riding.by_district(rides, homes=homes, cells=cells, districts=pd.Index(["x", "y", "z"]))
    assert found["departures_per_hour"].fillna(-1).tolist() == [3, 8, -1]
    assert found["hospital_min"].fillna(-1).tolist() == [10, (20 * 30 + 40 * 10) / 40, -1]
    bare = cells.drop(columns="population")
    assert riding.by_district(rides, homes=homes, cells=bare, districts=pd.Index(["x"])).shape == (
        1, 0,
    )  # fmt: skip


def test_stations_drawn_as_areas_are_reached_too():
    homes = gpd.GeoDataFrame({"straight": True}, geometry=[Point(0, 0)], index=["h"], crs=CRS)
    stops = gpd.GeoDataFrame(
        {"mode": ["metro"]}, geometry=[box(600, 0, 800, 100)], index=["s"], crs=CRS
    )
    often = table(stop_id=["s"], route_id="r", direction=0, mode="metro", trips_per_hour=4.0)
    hours = table(first_s=[18_000.0], last_s=[86_400.0]).set_axis(["s"])
    near, _ = riding.supply_near({"usual": often}, hours, homes=homes, stops=stops, **NO_STREETS)
    assert near.loc["h", ["departures_per_hour", "service_hours"]].tolist() == [4, 19]


def test_a_stop_that_is_served_at_other_hours_has_its_hours_of_service():
    homes = gpd.GeoDataFrame(
        {"straight": True}, geometry=[Point(0, 0), Point(0, 2000)], index=list("hi"), crs=CRS
    )
    stops = gpd.GeoDataFrame(
        {"mode": "bus"}, geometry=[Point(9, 0), Point(9, 2000)], index=list("st"), crs=CRS
    )
    none = table(stop_id=[], route_id=[], direction=[], mode=[], trips_per_hour=[])
    hours = table(first_s=[43_200.0, np.nan], last_s=[72_000.0, np.nan]).set_axis(list("st"))
    near, by_stop = riding.supply_near(
        {"usual": none}, hours, homes=homes, stops=stops, **NO_STREETS
    )
    assert near["departures_per_hour"].tolist() == [0, 0]
    assert near["service_hours"].tolist() == [8, 0]
    assert by_stop["trips_per_hour"].tolist() == [0, 0]


def test_what_lies_outside_all_districts_is_not_the_citys(timetable, cells, services):
    outside = cells.assign(district_id=["x", None, "y"])
    found, report = riding.ride(
        timetable, cells=outside, services=services, network=None, plans=plans()
    )
    alone = riding.ride(
        timetable, cells=outside.drop("c2"), services=services, network=None, plans=plans()
    )[0]  # fmt: skip
    pd.testing.assert_frame_equal(found.loc[["c1", "c3"]], alone)
    assert found.loc["c2", ["jobs_45min_share", "hospital_min"]].tolist() == [1, 0]
    told = riding.transit_report(
        riding.Rides(reach=found, report=report), cells=outside, districts=pd.Index(["x", "y"])
    )
    assert told["mean"]["hospital_min"] == pytest.approx(14.5)  # nobody comes down from c3


def test_where_nobody_was_counted_no_mean_is_told(timetable, cells, services):
    found, report = riding.ride(
        timetable, cells=cells, services=services, network=None, plans=plans(without=("cable",))
    )
    told = riding.transit_report(
        riding.Rides(reach=found, report=report),
        cells=cells.assign(population=np.nan),
        districts=pd.Index(["x", "y"]),
    )
    assert told == {"timetable": report, "mean": {}, "without": {}}


def test_trips_whose_hour_nobody_tells_are_counted_as_they_run(timetable):
    assert riding.timetable_report(timetable)["frequency_share"] == 0  # on the second
    table = timetable.feed.frequencies.assign(exact=[False, True])
    loose = Timetable(riding.replace(timetable.feed, frequencies=table), timetable.date)
    # The metro leaves 6 times an hour, the cable 60 times
    assert riding.timetable_report(loose)["frequency_share"] == pytest.approx(6 / 66)


def test_none_but_new_places_are_travelled_to_again(timetable, cells, services, monkeypatch):
    looked: list[int] = []
    laid_out: list[Timetable] = []
    spread, router = Timetable.spread, Timetable._router

    def counting(self, origins, destinations, **how):
        looked.append(len(destinations))
        return spread(self, origins, destinations, **how)

    def laying(self, *of, **how):
        laid_out.append(self)
        return router(self, *of, **how)

    def ridden(places, at=timetable, kept=FORGETFUL):
        return riding.ride(
            at, cells=cells, services=places, network=None, plans=plans(centre=Point(0, 0)),
            kept=kept,
        )[0]  # fmt: skip

    monkeypatch.setattr(Timetable, "spread", counting)
    monkeypatch.setattr(Timetable, "_router", laying)
    base = Kept()
    ridden(services, kept=base)
    assert looked == [5, 3]  # cells and places, and cells without changing
    assert len(laid_out) == 2
    opened = gpd.GeoDataFrame(
        {"category": ["school", "hospital"]}, geometry=[Point(6000, 3000), Point(0, 50)],
        index=["s", "h"], crs=CRS,
    )  # fmt: skip
    closed = services.assign(category="bank")
    moved = services.set_geometry([Point(6000, 3000), Point(0, 0)], crs=CRS)
    larger = services.assign(capacity=9.0)
    # Two places, one of them beside the old; none; one; none
    for places, goals in (
        (pd.concat([services, opened]), [2]), (closed, []), (moved, [1]), (larger, []),
    ):  # fmt: skip
        looked.clear()
        laid_out.clear()
        found = ridden(places, kept=base.above())
        assert looked == goals
        assert not laid_out
        pd.testing.assert_frame_equal(found, ridden(places), check_exact=True)
    looked.clear()
    slower = timetable.feed.frequencies.assign(headway_s=[900, 60])
    other = Timetable(riding.replace(timetable.feed, frequencies=slower), timetable.date)
    found = ridden(services, at=other, kept=base.above())
    assert looked == [5, 3]  # by another timetable nothing that is known holds
    pd.testing.assert_frame_equal(found, ridden(services, at=other), check_exact=True)


def test_from_a_sample_of_cells_their_reach_is_what_it_is_from_all(timetable, cells, services):
    every, _ = riding.ride(
        timetable, cells=cells, services=services, network=None, plans=plans(without=("cable",))
    )
    sample = Sample(
        stands_for=pd.Series({"c1": 60.0, "c3": 40.0}),
        district=pd.Series({"c1": "x", "c3": "y"}),
        times=pd.Series({"c1": 1, "c3": 1}),
        cells=3,
    )
    some = plans(without=("cable",), sample=sample)
    found, report = riding.ride(timetable, cells=cells, services=services, network=None, plans=some)
    pd.testing.assert_frame_equal(found.loc[["c1", "c3"]], every.loc[["c1", "c3"]])
    assert found.loc["c2"].isna().all()
    assert report["sampled"] == 2
    assert report["journeys"] == 2 * 4
    rides = riding.Rides(reach=found, report=report, sample=sample)
    told = riding.transit_report(rides, cells=cells, districts=pd.Index(["x", "y"]))
    share = found["jobs_45min_share"]
    assert told["mean"]["jobs_45min_share"] == pytest.approx(0.6 * share["c1"] + 0.4 * share["c3"])
