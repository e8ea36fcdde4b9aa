"""Other engines behind our door: modules that stand in for them, with times by hand."""

import datetime as dt
import importlib
import sys
import types
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoequity.errors import CRSError, DataError, DataWarning, SourceError
from geoequity.schema import check_costs
from geoequity.transit import Engine, Ferrobus, R5py, Timetable, _engines
from geoequity.transit._feed import Feed

CRS = "EPSG:32723"
SHORT = ("07:00", "07:10")
DAY = dt.date(2025, 5, 14)


def places(*ids, east=0.0):
    """Points 1 km apart, to the north."""
    points = [shapely.Point(330_000 + east, 7_390_000 + 1_000 * n) for n in range(len(ids))]
    return gpd.GeoSeries(points, index=list(ids), crs=CRS)


class FakeFerrobus(types.ModuleType):
    """A vehicle every ten minutes that takes ten minutes to anywhere, one to where one is."""

    def __init__(self, *, south=None, seconds=None):
        super().__init__("ferrobus")
        self.south, self.seconds = south, seconds
        self.models, self.points, self.asked, self.read = [], [], [], {}

    def create_transit_model(self, osm_path, gtfs_dirs, date, max_transfer_time):
        self.models.append((osm_path, tuple(gtfs_dirs), date, max_transfer_time))
        for folder in map(Path, gtfs_dirs):
            self.read |= {one.name: one.read_text() for one in folder.iterdir()}
        return "model"

    def create_transit_point(self, lat, lon, model, max_walking_time, max_nearest_stops):
        assert model == "model"
        if self.south is not None and lat < self.south:
            msg = "Failed to create transit point: no points found"
            raise ValueError(msg)
        self.points.append((lat, lon, max_walking_time, max_nearest_stops))
        return (lat, lon)

    def travel_time_matrix(self, model, points, departure_time, max_transfers):
        assert model == "model"
        self.asked.append((departure_time, max_transfers))
        if self.seconds is not None:
            return self.seconds(points, departure_time)
        wait = -departure_time % 600
        return [[60 if one == other else wait + 600 for other in points] for one in points]


class FakeR5py(types.ModuleType):
    """Tells what it is told, by pairs of numbers of places."""

    TransportMode = types.SimpleNamespace(TRANSIT="transit", WALK="walk")

    def __init__(self, minutes, *, columns="travel_time_p{:d}"):
        super().__init__("r5py")
        self.minutes, self.columns = minutes, columns
        self.networks, self.asked = [], []

    def TransportNetwork(self, osm_pbf, gtfs):  # noqa: N802 - r5py's own name
        self.networks.append((osm_pbf, gtfs))
        return "network"

    def TravelTimeMatrix(self, network, *, origins, destinations, percentiles, **rest):  # noqa: N802
        assert network == "network"
        self.asked.append({"origins": origins, "percentiles": percentiles, **rest})
        pairs = [(one, other) for one in origins["id"] for other in destinations["id"]]
        table = pd.DataFrame(pairs, columns=["from_id", "to_id"]).astype(str)
        for one in percentiles:
            table[self.columns.format(one)] = [self.minutes(*pair, one) for pair in pairs]
        return table


@pytest.fixture
def ferrobus(monkeypatch):
    module = FakeFerrobus()
    monkeypatch.setitem(sys.modules, "ferrobus", module)
    return module


@pytest.fixture
def feed(tmp_path):
    """A zip with a table that is read, one that is not, and one that would climb out."""
    with zipfile.ZipFile(tmp_path / "feed.zip", "w") as archive:
        for name in ("stops.txt", "shapes.txt", "../stops.txt"):
            archive.writestr(name, f"{name} as zipped")
    return tmp_path / "feed.zip"


def use_r5(monkeypatch, minutes, **options):
    module = FakeR5py(minutes, **options)
    monkeypatch.setitem(sys.modules, "r5py", module)
    return module


# --------------------------------------------------------------- ferrobus
def test_ferrobus_answers_for_every_minute(ferrobus, feed):
    engine = Ferrobus("city.osm.pbf", feed, date="2025-05-14", max_transfers=2)
    costs = engine.travel_times(
        places("a", "b"), places("b", "c"), window=SHORT, percentiles=(5, 50, 95, 100)
    )
    # The destination "b" stands where the origin "a" does, "c" where the origin "b" does
    assert costs["from_id"].tolist() == ["a", "a", "b", "b"]
    assert costs["to_id"].tolist() == ["b", "c", "b", "c"]
    assert [one for one, _ in ferrobus.asked] == [7 * 3600 + 60 * n for n in range(10)]
    assert {one for _, one in ferrobus.asked} == {2}
    far = costs.loc[1]  # leaving at 0, 9, 8 ... 1 minutes before: 10, 11 ... 19 in all
    assert far[["minutes_p05", "minutes_p50", "minutes_p95", "minutes_p100"]].tolist() == [
        10.0,
        (14 + 15) / 2,
        19.0,
        19.0,
    ]
    assert costs.loc[0, "minutes"] == 1.0
    assert costs.attrs["limit_min"] == 90.0
    check_costs(costs)


def test_ferrobus_is_given_degrees_and_seconds(ferrobus, feed):
    points = places("a", "b")
    Ferrobus("city.osm.pbf", feed, date=DAY, max_walk_min=12.5, max_change_min=7).travel_times(
        points, points, window=SHORT
    )
    degrees = points.to_crs("EPSG:4326")
    assert [one[:2] for one in ferrobus.points] == list(
        zip(degrees.y.tolist(), degrees.x.tolist(), strict=True)
    )
    assert {one[2] for one in ferrobus.points} == {750}
    [(pbf, _, date, change_s)] = ferrobus.models
    assert (pbf, date, change_s) == ("city.osm.pbf", DAY, 420)


def test_ferrobus_is_given_what_it_reads_of_a_zip(ferrobus, feed):
    Ferrobus("city.osm.pbf", feed, date=DAY).travel_times(places("a"), places("a"), window=SHORT)
    assert ferrobus.read == {"stops.txt": "stops.txt as zipped"}
    assert sorted(one.name for one in feed.parent.iterdir()) == ["feed.zip"]
    [(_, folders, _, _)] = ferrobus.models
    assert not any(Path(one).exists() for one in folders)


def test_ferrobus_reads_folders_as_they_are_and_only_once(ferrobus, feed, tmp_path):
    folder = tmp_path / "open"
    folder.mkdir()
    engine = Ferrobus("city.osm.pbf", [folder, feed], date=DAY)
    for _ in range(2):
        engine.travel_times(places("a"), places("a"), window=SHORT)
    [(_, folders, _, _)] = ferrobus.models
    assert folders[0] == str(folder)
    assert len(folders) == 2


@pytest.mark.usefixtures("ferrobus")
def test_ferrobus_reaches_within_the_limit_only(feed):
    engine = Ferrobus("city.osm.pbf", feed, date=DAY)
    near, far = places("a"), places("b", east=5_000)
    some = engine.travel_times(near, far, window=SHORT, within_min=15, percentiles=(5, 50, 95))
    assert some[["minutes_p05", "minutes_p50", "minutes_p95"]].to_numpy().tolist() == [
        [10.0, 14.5, np.inf]
    ]
    assert engine.travel_times(near, far, window=SHORT, within_min=9).empty


def test_ferrobus_leaves_out_what_is_never_reached(monkeypatch, feed):
    never = FakeFerrobus(seconds=lambda points, _: [[None] * len(points) for _ in points])
    monkeypatch.setitem(sys.modules, "ferrobus", never)
    costs = Ferrobus("city.osm.pbf", feed, date=DAY).travel_times(
        places("a"), places("b"), window=SHORT
    )
    assert costs.empty
    assert costs.columns.tolist() == ["from_id", "to_id", "minutes_p50", "minutes"]


def test_ferrobus_warns_of_places_off_the_streets(monkeypatch, feed):
    points = places("a", "b")
    south = points.to_crs("EPSG:4326").y.mean()
    monkeypatch.setitem(sys.modules, "ferrobus", FakeFerrobus(south=south))
    engine = Ferrobus("city.osm.pbf", feed, date=DAY)
    with pytest.warns(DataWarning, match="too far from any street.*: a$") as told:
        costs = engine.travel_times(points, points, window=SHORT)
    assert told[0].message.ids == ("a",)
    assert costs[["from_id", "to_id"]].to_numpy().tolist() == [["b", "b"]]


def test_ferrobus_off_the_streets_altogether_reaches_nothing(monkeypatch, feed):
    monkeypatch.setitem(sys.modules, "ferrobus", FakeFerrobus(south=90))
    engine = Ferrobus("city.osm.pbf", feed, date=DAY)
    with pytest.warns(DataWarning, match="too far"):
        assert engine.travel_times(places("a"), places("b"), window=SHORT).empty


@given(st.lists(st.one_of(st.none(), st.integers(0, 4_000)), min_size=5, max_size=5))
def test_ferrobus_percentiles_are_of_all_minutes(times):
    """Never reached counts as longest, so that percentiles never fall."""
    module = FakeFerrobus(seconds=lambda points, at: [[times[at // 60 % 5]] * len(points)] * 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "ferrobus", module)
        costs = Ferrobus("city.osm.pbf", [], date=DAY).travel_times(
            places("a"), places("b", east=900), window=("07:00", "07:05"), percentiles=(10, 50, 90)
        )
    order = sorted(np.inf if one is None else one / 60 for one in times)
    expected = [order[0], order[2], order[4]]
    if np.isinf(expected[0]):
        assert costs.empty
    else:
        assert costs.iloc[0, 2:5].tolist() == expected


def test_ferrobus_tells_what_it_cannot_read(ferrobus, feed, monkeypatch):
    def fail(*_):
        msg = "invalid data"
        raise RuntimeError(msg)

    monkeypatch.setattr(ferrobus, "create_transit_model", fail)
    engine = Ferrobus("city.osm.pbf", feed, date=DAY)
    with pytest.raises(SourceError, match=r"city.osm.pbf, .*feed.zip: .*invalid data"):
        engine.travel_times(places("a"), places("a"), window=SHORT)


@pytest.mark.parametrize("content", [None, b"no zip"])
def test_a_feed_that_is_no_zip_is_named(ferrobus, tmp_path, content):
    path = tmp_path / "bad.zip"
    if content:
        path.write_bytes(content)
    engine = Ferrobus("city.osm.pbf", path, date=DAY)
    with pytest.raises(SourceError, match=r"bad\.zip: no zip or folder"):
        engine.travel_times(places("a"), places("a"), window=SHORT)
    assert not ferrobus.models


# -------------------------------------------------------------------- R5
def test_r5_is_asked_as_it_documents(monkeypatch):
    module = use_r5(monkeypatch, lambda start, goal, p: 10 * start + goal + p / 100)
    engine = R5py("city.osm.pbf", ["a.zip", Path("b.zip")], date="2025-05-14", max_transfers=2)
    points = places("a", "b", "c")
    costs = engine.travel_times(
        points.iloc[:2], points, window=("07:00", "08:30"), within_min=60, percentiles=(5, 50, 95)
    )
    [asked] = module.asked
    assert module.networks == [("city.osm.pbf", ["a.zip", "b.zip"])]
    assert asked["departure"] == dt.datetime(2025, 5, 14, 7)  # noqa: DTZ001 - R5 has local time
    assert asked["departure_time_window"] == dt.timedelta(minutes=90)
    assert asked["max_time"] == dt.timedelta(minutes=60)
    assert asked["max_time_walking"] == dt.timedelta(minutes=20)
    assert asked["max_public_transport_rides"] == 3
    assert asked["speed_walking"] == 4.8
    assert asked["percentiles"] == [5, 50, 95]
    assert asked["transport_modes"] == ["transit", "walk"]
    assert asked["origins"].crs == "EPSG:4326"
    degrees = points.iloc[:2].to_crs("EPSG:4326")
    assert asked["origins"].geometry.tolist() == degrees.tolist()
    one = costs[(costs["from_id"] == "b") & (costs["to_id"] == "c")].squeeze()
    assert one[["minutes_p05", "minutes_p50", "minutes_p95", "minutes"]].tolist() == [
        12.05,
        12.5,
        12.95,
        12.5,
    ]
    assert len(costs) == 6
    check_costs(costs)


@pytest.mark.parametrize("columns", ["travel_time_p{:d}", "travel_time_p{:02d}", "travel_time"])
def test_r5_columns_are_found_as_versions_call_them(monkeypatch, columns):
    use_r5(monkeypatch, lambda *_: 7, columns=columns)
    engine = R5py("city.osm.pbf", "feed.zip", date=DAY)
    asked = (50,) if columns == "travel_time" else (5, 50)
    costs = engine.travel_times(places("a"), places("b"), window=SHORT, percentiles=asked)
    assert costs.iloc[0, 2:].tolist() == [7.0] * (len(asked) + 1)


def test_r5_columns_of_no_known_version_are_refused(monkeypatch):
    use_r5(monkeypatch, lambda *_: 7, columns="minutes_{:d}")
    engine = R5py("city.osm.pbf", "feed.zip", date=DAY)
    with pytest.raises(DataError, match="no column for percentile 50 among from_id"):
        engine.travel_times(places("a"), places("b"), window=SHORT)


def test_r5_reaches_within_the_limit_only(monkeypatch):
    use_r5(monkeypatch, lambda start, goal, p: np.nan if goal == 0 else 30 + p + 100 * start)
    costs = R5py("city.osm.pbf", "feed.zip", date=DAY).travel_times(
        places("a", "b"), places("c", "d"), window=SHORT, within_min=90, percentiles=(50, 95)
    )
    assert costs.to_numpy().tolist() == [["a", "d", 80.0, np.inf, 80.0]]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"percentiles": (1, 2, 3, 4, 5, 6)}, "asked for are 6"),
        ({"window": ("24:00", "25:00")}, "from 24:00"),
    ],
)
def test_r5_is_not_asked_what_it_cannot_answer(monkeypatch, options, said):
    module = use_r5(monkeypatch, lambda *_: 7)
    engine = R5py("city.osm.pbf", "feed.zip", date=DAY)
    with pytest.raises(DataError, match=said):
        engine.travel_times(places("a"), places("b"), **options)
    assert not module.asked


# ------------------------------------------------------------------- both
ENGINES = [(Ferrobus, "ferrobus"), (R5py, "r5py")]


@pytest.mark.parametrize(("kind", "name"), ENGINES)
def test_an_engine_that_is_not_installed_is_named(monkeypatch, kind, name):
    monkeypatch.setitem(sys.modules, name, None)
    engine: Engine = kind("city.osm.pbf", "feed.zip", date=DAY)
    with pytest.raises(SourceError, match=f"{name} is not installed: pip install {name}"):
        engine.travel_times(
            places("a"), places("b"), window=SHORT, within_min=90.0, percentiles=(50,)
        )


def test_r5_without_java_is_told_to_need_it(monkeypatch):
    def fail(_):
        msg = "No JVM shared library file (libjvm.so) found."
        raise ValueError(msg)

    monkeypatch.setattr(_engines, "import_module", fail)
    with pytest.raises(SourceError, match=r"r5py cannot start \(No JVM.*Java 21.*downloads R5"):
        R5py("city.osm.pbf", "feed.zip", date=DAY).travel_times(places("a"), places("b"))


@pytest.mark.parametrize(("kind", "name"), ENGINES)
@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"origins": places("a", "a")}, DataError, "origins: ids stand more than once: a"),
        ({"origins": places("a").to_crs("EPSG:4326")}, CRSError, "origins: .* degrees"),
        ({"destinations": places("a").to_crs("EPSG:32722")}, CRSError, "destinations"),
        (
            {"destinations": gpd.GeoSeries([None], index=["x"], crs=CRS)},
            DataError,
            "no point: x",
        ),
        ({"within_min": 0}, DataError, "within_min"),
        ({"percentiles": ()}, DataError, "percentiles"),
        ({"window": ("08:00", "08:00")}, DataError, "window"),
    ],
)
def test_an_engine_refuses_what_ours_does(monkeypatch, kind, name, change, error, said):
    monkeypatch.setitem(sys.modules, name, None)  # it is not even loaded
    asked = {"origins": places("a"), "destinations": places("b"), "window": SHORT, **change}
    with pytest.raises(error, match=said):
        kind("city.osm.pbf", "feed.zip", date=DAY).travel_times(
            asked.pop("origins"), asked.pop("destinations"), **asked
        )


@pytest.mark.parametrize(("kind", "name"), ENGINES)
def test_an_odd_day_is_refused(monkeypatch, kind, name):
    monkeypatch.setitem(sys.modules, name, FakeR5py(None) if name == "r5py" else FakeFerrobus())
    with pytest.raises(DataError, match="'some day' is no day"):
        kind("city.osm.pbf", [], date="some day").travel_times(places("a"), places("b"))


def test_no_engine_is_loaded_with_the_package():
    importlib.import_module("geoequity.transit")
    assert not {"ferrobus", "r5py"} & set(sys.modules)


@pytest.mark.usefixtures("ferrobus")
def test_engines_answer_in_the_shape_of_ours(feed, monkeypatch):
    use_r5(monkeypatch, lambda *_: 7)
    points = places("a", "b")
    asked = {"window": SHORT, "within_min": 45.0, "percentiles": (5, 50)}
    ours = Timetable.of(one_trip(points), date=DAY).travel_times(points, points, **asked)
    assert len(ours) == 4  # a kilometre is walked in 16 minutes
    for engine in (Ferrobus("city.osm.pbf", feed, date=DAY), R5py("c.osm.pbf", "f.zip", date=DAY)):
        theirs = engine.travel_times(points, points, **asked)
        assert theirs.dtypes.to_dict() == ours.dtypes.to_dict()
        assert theirs.attrs == ours.attrs
        pd.testing.assert_frame_equal(theirs[["from_id", "to_id"]], ours[["from_id", "to_id"]])


def one_trip(points):
    """Make a feed of one trip between two points."""
    degrees = points.to_crs("EPSG:4326")
    times = [7 * 3600 + 300, 7 * 3600 + 600]
    return Feed(
        stops=pd.DataFrame(
            {"name": "", "lon": degrees.x, "lat": degrees.y, "station": None, "zone": None}
        ).rename_axis("stop_id"),
        routes=pd.DataFrame(
            {"mode": ["bus"], "name": ["1"], "agency": [None], "route_type": [3]},
            index=pd.Index(["r"], name="route_id"),
        ),
        trips=pd.DataFrame(
            {"route_id": ["r"], "service_id": ["s"], "direction": [0], "shape_id": [None]},
            index=pd.Index(["t"], name="trip_id"),
        ),
        stop_times=pd.DataFrame(
            {
                "trip_id": "t",
                "stop_id": list(points.index),
                "arrival_s": times,
                "departure_s": times,
                "pickup": True,
                "drop_off": True,
            }
        ),
        days=pd.DataFrame({"service_id": ["s"], "date": [pd.Timestamp(DAY)]}),
        frequencies=empty("trip_id", "start_s", "end_s", "headway_s", exact="bool"),
        transfers=empty("from_stop", "to_stop", "kind", min_s="float"),
        fares=empty("price", "currency", "transfers"),
        shapes=gpd.GeoDataFrame(geometry=[], crs="EPSG:4326"),
    )


def empty(*columns, **kinds):
    """Make a table without rows."""
    table = pd.DataFrame({one: pd.Series(dtype="int64") for one in columns})
    return table.assign(**{name: pd.Series(dtype=kind) for name, kind in kinds.items()})
