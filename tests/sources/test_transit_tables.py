"""Routes from lists, and how often they run from trips that tell no stop."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pyproj import CRS

from geoequity.errors import DataError, DataWarning, SourceError
from geoequity.sources.files import Record
from geoequity.sources.spec import Origin, RoutesSpec, TripListSpec, TripsSpec
from geoequity.sources.transit_tables import (
    ROUTE_COLUMNS,
    join_trips,
    merge_routes,
    read_routes,
    read_trips,
    with_assumed,
)

UTM = CRS("EPSG:32718")
HOUR = 3600


def make_record(path: Path, name: str = "transit.routes.bus") -> Record:
    return Record(name=name, path=path, origin=Origin())


def routes_of(
    path: Path, text: str, *, area: shapely.Geometry | None = None, **options: Any
) -> tuple[gpd.GeoDataFrame, Record]:
    path.write_text(text, encoding="utf-8")
    record = make_record(path)
    given = {"path": path, "id": "id", "mode": "bus", "crs": "EPSG:32718", **options}
    spec = RoutesSpec(**{key: value for key, value in given.items() if value is not None})
    return read_routes(spec, crs=UTM, study_area=area, record=record), record


def trips_of(path: Path, text: str, trips: str | None = None, **options: Any) -> pd.DataFrame:
    path.write_text(text, encoding="utf-8")
    if trips is not None:
        listed = path.with_name("trips.csv")
        listed.write_text(trips, encoding="utf-8")
        options |= {"trip": "trip", "trips": TripListSpec(path=listed, id="trip", route="route")}
        if "way" in trips:
            options["trips"] = options["trips"].model_copy(update={"direction": "way"})
    window = {"window_s": options.pop("window_s")} if "window_s" in options else {}
    spec = TripsSpec(path=path, **{"start": "start", **options})
    return read_trips(spec, record=make_record(path, "transit.trips"), **window)


RUNS = {"route": "route", "end": "end", "headway": "every"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


# ------------------------------------------------------------------- routes
def test_routes_are_lines_with_mode_and_headway(path: Path) -> None:
    text = 'id,n,h,line\n7,Sur,12,"LINESTRING (0 0, 1 0)"\n8,,,"LINESTRING (0 0, 0 5)"\n'
    routes, record = routes_of(path, text, name="n", headway="h", geometry="line")
    assert routes.columns.tolist() == [*ROUTE_COLUMNS, "geometry"]
    assert routes.index.tolist() == ["transit.routes.bus/7", "transit.routes.bus/8"]
    assert (routes.index.name, routes.crs) == ("route_id", UTM)
    assert routes["mode"].tolist() == ["bus"] * 2
    assert routes["name"].fillna("?").tolist() == ["Sur", "?"]
    assert routes["headway_min"].fillna(-1).tolist() == [12, -1]
    assert routes["headway_from"].tolist() == ["table", None]
    assert routes.length.tolist() == [1, 5]
    assert (record.rows_read, record.rows_kept) == (2, 2)


def test_plain_tables_are_routes_without_lines(path: Path) -> None:
    routes, _ = routes_of(path, "id,n\n7,Sur\n8,Norte\n", name="n")
    assert routes.geometry.isna().all()
    assert routes.crs == UTM
    numbered, _ = routes_of(path, "id,n\n7,Sur\n", id=None)
    assert numbered.index.tolist() == ["transit.routes.bus/row 1"]


def test_lines_may_be_written_as_geojson_or_kml(path: Path) -> None:
    kml = "<LineString><coordinates>{} {}</coordinates></LineString>"
    one, two = kml.format("0,0", "3,4,2600"), kml.format("0,0", "0,7")
    rows = [
        '7,"{""type"": ""LineString"", ""coordinates"": [[0, 0], [0, 2]]}"',
        f'8,"{one}"',
        f'9,"<MultiGeometry>{one}{two}</MultiGeometry>"',
        "10,",
    ]
    routes, _ = routes_of(path, "\n".join(["id,g", *rows, ""]), geometry="g")
    assert routes.length.tolist()[:3] == [2, 5, 12]
    assert routes.geom_type.tolist()[:3] == ["LineString", "LineString", "MultiLineString"]
    assert routes.geometry.isna().tolist() == [False, False, False, True]


def test_gis_files_are_read_in_their_own_crs(tmp_path: Path) -> None:
    path = tmp_path / "r.gpkg"
    line = gpd.GeoSeries([shapely.LineString([(5e5, 8e6), (5e5, 8.001e6)])], crs=UTM)
    gpd.GeoDataFrame({"id": ["7"]}, geometry=line.to_crs(4326)).to_file(path)
    spec = RoutesSpec(path=path, mode="tram", id="id")
    routes = read_routes(spec, crs=UTM, study_area=None, record=make_record(path))
    assert routes.length.iloc[0] == pytest.approx(1000, abs=0.01)


def test_route_types_tell_the_mode(path: Path) -> None:
    text = "id,t\na,3\nb,1\nc,5\nd,11\ne,7\nf,702\n"
    routes, _ = routes_of(path, text, mode=None, route_type="t")
    assert routes["mode"].tolist() == ["bus", "metro", "cable", "trolleybus", "funicular", "bus"]
    with pytest.warns(DataWarning, match=r"types that are unknown are taken for bus: b, c, d$"):
        routes, _ = routes_of(path, "id,t\na,1\nb,99\nc,\nd,1.5\n", mode=None, route_type="t")
    assert routes["mode"].tolist() == ["metro", "bus", "bus", "bus"]


def test_lines_far_from_the_city_are_left_out(path: Path) -> None:
    area = shapely.box(0, 0, 10, 10)
    text = 'id,g\n7,"LINESTRING (-5 5, 5 5)"\n8,"LINESTRING (11 0, 12 0)"\n9,\n'
    routes, record = routes_of(path, text, geometry="g", area=area)
    assert [one[-1] for one in routes.index] == ["7", "9"]
    (dropped,) = record.dropped
    assert dropped["ids"] == ["8"]
    with pytest.warns(DataWarning, match="no row lies near the districts"):
        routes, _ = routes_of(path, 'id,g\n8,"LINESTRING (11 0, 12 0)"\n', geometry="g", area=area)
    assert routes.empty


def test_identical_rows_count_once_and_others_as_declared(path: Path) -> None:
    with pytest.warns(DataWarning, match="identical duplicate rows dropped: 7"):
        routes, _ = routes_of(path, "id,h\n7,5\n7,5\n8,6\n", headway="h")
    assert routes["headway_min"].tolist() == [5, 6]
    first, _ = routes_of(path, "id,h\n7,5\n7,6\n", headway="h", duplicates="first")
    assert first["headway_min"].tolist() == [5]


@pytest.mark.parametrize(
    ("text", "options", "fault"),
    [
        ("id,h\n7,5\n7,6\n", {"headway": "h"}, "rows that differ share an id: 7"),
        ("id,h\n7,0\n8,-2\n", {"headway": "h"}, "'h' is not above 0 in rows 7, 8"),
        ("id,h\n7,often\n", {"headway": "h"}, r"'h' holds text that is no number \(often\)"),
        ("id,h\n7,5\n", {"headway": "x"}, "no column 'x'; it has id, h"),
        ("id,h\n,5\n", {}, "no id in rows 1"),
        ("id,t\n7,bus\n", {"mode": None, "route_type": "t"}, "'t' holds text that is no number"),
        ("id,g\n7,POINT (1 1)\n8,", {"geometry": "g"}, "routes are lines; these are not: 7"),
        ('id,g\n7,"{""type"": 3}"\n', {"geometry": "g"}, "column 'g' is no WKT"),
        ("id,g\n7,<LineString>\n", {"geometry": "g"}, "column 'g' is no WKT"),
    ],
)
def test_lists_that_break_the_contract_are_refused(
    path: Path, text: str, options: dict[str, Any], fault: str
) -> None:
    with pytest.raises(DataError, match=rf"t\.csv: .*{fault}"):
        routes_of(path, text, **options)


# -------------------------------------------------------------------- trips
def test_runs_are_counted_by_the_trips_that_start_in_the_window(path: Path) -> None:
    # 7: 20, 40 past six, seven and on: 7:00, 7:20 ... 8:40 are six; 8: from 6:50, 7:20, 7:50
    text = "route,start,end,every\n7,6:00,9:00,1200\n8,06:50:00,08:00:00,1800\n9,10:00,11:00,600\n"
    trips = trips_of(path, text, **RUNS)
    assert trips["trips_per_hour"].to_dict() == {"7": 3, "8": 1, "9": 0}
    assert trips["headway_min"].to_dict() == {"7": 20, "8": 60, "9": np.inf}
    assert trips["first_s"].to_dict() == {"7": 6 * HOUR, "8": 6 * HOUR + 3000, "9": 10 * HOUR}
    last = {"7": 8 * HOUR + 2400, "8": 7 * HOUR + 3000, "9": 10 * HOUR + 3000}
    assert trips["last_s"].to_dict() == last


def test_headways_may_be_minutes_and_hours_go_past_midnight(path: Path) -> None:
    text = "route,start,end,every\n7,24:30,26:00,30\n"
    window_s = (24 * HOUR, 26 * HOUR)
    (row,) = trips_of(path, text, **RUNS, headway_unit="min", window_s=window_s).to_dict("records")
    assert row["trips_per_hour"] == 3 / 2
    assert (row["first_s"], row["last_s"]) == (24.5 * HOUR, 25.5 * HOUR)


def test_single_trips_are_counted_too(path: Path) -> None:
    text = "route,start\n7,6:59:59\n7,7:00\n7,7:00\n7,8:59:59\n7,9:00\n"
    trips = trips_of(path, text, route="route")
    assert trips.loc["7", ["trips_per_hour", "first_s", "last_s"]].tolist() == [
        3 / 2, 7 * HOUR - 1, 9 * HOUR,
    ]  # fmt: skip


def test_both_directions_are_one_headway(path: Path) -> None:
    runs = "route,way,start,end,every\n7,0,7:00,9:00,600\n7,1,7:00,9:00,1200\n"
    trips = trips_of(path, runs, **RUNS, direction="way")
    assert trips["trips_per_hour"].to_dict() == {"7": (6 + 3) / 2}
    assert trips_of(path, runs, **RUNS)["trips_per_hour"].to_dict() == {"7": 6 + 3}  # untold


def test_another_table_may_tell_the_route_of_a_trip(path: Path) -> None:
    text = "trip,start,end,every\n1,7:00,9:00,600\n2,7:00,9:00,1200\n3,7:00,9:00,60\n"
    listed = "trip,route,way,day\n1,7,0,week\n2,7,1,week\n4,8,0,week\n"
    trips = trips_of(path, text, listed, end="end", headway="every")
    assert trips["trips_per_hour"].to_dict() == {"7": 4.5}
    path.write_text(text.replace("3,7:00", "1,9:00").replace("9:00,60\n", "9:30,60\n"))
    spec = TripsSpec(
        path=path, trip="trip", start="start", end="end", headway="every",
        trips=TripListSpec(path=path.with_name("trips.csv"), id="trip", route="route"),
    )  # fmt: skip
    record, other = make_record(path), make_record(path.with_name("trips.csv"))
    trips = read_trips(spec, record=record, trips_record=other)
    assert trips["trips_per_hour"].to_dict() == {"7": 9}
    assert (record.rows_kept, other.rows_read, other.rows_kept) == (3, 3, 3)


def test_rows_of_trips_that_are_not_listed_are_dropped_with_their_ids(path: Path) -> None:
    path.write_text("trip,start\n1,7:00\n2,8:00\n")
    listed = path.with_name("trips.csv")
    listed.write_text("trip_id,route_id,service_id\n1,7,week\n2,7,sunday\n")
    trips = TripListSpec(path=listed, where={"service_id": "week"})
    record = make_record(path)
    told = read_trips(TripsSpec(path=path, trip="trip", start="start", trips=trips), record=record)
    assert told["trips_per_hour"].to_dict() == {"7": 1 / 2}
    assert record.dropped == [{"reason": "trip is none of trips.csv", "count": 1, "ids": ["2"]}]


def test_identical_runs_count_once(path: Path) -> None:
    text = "route,start,end,every\n7,7:00,9:00,600\n7,7:00,9:00,600\n"
    with pytest.warns(DataWarning, match=r"t\.csv: identical duplicate rows dropped: 2$"):
        trips = trips_of(path, text, **RUNS)
    assert trips["trips_per_hour"].tolist() == [6]


@given(
    runs=st.lists(
        st.tuples(st.integers(0, 1700), st.integers(1, 300), st.integers(1, 90)),
        min_size=1, max_size=5, unique=True,
    ),
    window=st.tuples(st.integers(0, 1500), st.integers(1, 300)),
)  # fmt: skip
def test_counts_are_those_of_the_trips_written_out(
    tmp_path_factory: pytest.TempPathFactory,
    runs: list[tuple[int, int, int]],
    window: tuple[int, int],
) -> None:
    rows = [
        f"7,{start // 60}:{start % 60:02},{(start + long) // 60}:{(start + long) % 60:02},{every}"
        for start, long, every in runs
    ]
    starts = [one for start, long, every in runs for one in range(start, start + long, every)]
    lower, upper = window[0], sum(window)
    expected = sum(lower <= one < upper for one in starts) / (window[1] / 60)
    (row,) = trips_of(
        tmp_path_factory.mktemp("runs") / "t.csv",
        "\n".join(["route,start,end,every", *rows, ""]),
        **RUNS, headway_unit="min", window_s=(60 * lower, 60 * upper),
    ).to_dict("records")  # fmt: skip
    assert row["trips_per_hour"] == pytest.approx(expected)
    assert (row["first_s"], row["last_s"]) == (60 * min(starts), 60 * max(starts))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("7,7:00,6:00,60\n8,7:00,7:00,60", "a run ends before it starts in rows 1, 2"),
        ("7,7:00,9:00,\n8,9:00,7:00,60", "starts in rows 2 and column 'every' is empty in rows 1"),
        ("7,7:00,9:00,0", "'every' is not above 0 in rows 1"),
        ("7,7:60,9:00,60", r"'start' holds no hour \(H:MM:SS\) in rows 1"),
        ("7,7:00,nine,60", "'end' holds no hour"),
        (",7:00,9:00,60", "column 'route' is empty in rows 1"),
    ],
)
def test_runs_that_cannot_be_are_refused(path: Path, text: str, fault: str) -> None:
    with pytest.raises(DataError, match=rf"t\.csv: .*{fault}"):
        trips_of(path, f"route,start,end,every\n{text}\n", **RUNS)


@pytest.mark.parametrize(
    ("listed", "fault"),
    [
        ("trip,route\n1,7\n1,8\n", r"trips\.csv: rows that differ share an id: 1"),
        ("trip,route\n1,\n", r"trips\.csv: column 'route' is empty in rows 1"),
        ("trip,route\n,7\n", r"trips\.csv: column 'trip' is empty in rows 1"),
        ("trip,route\n5,7\n", r"t\.csv: no trip of column 'trip' is in trips\.csv"),
        ("trip,line\n1,7\n", r"trips\.csv: no column 'route'"),
    ],
)
def test_lists_of_trips_that_do_not_fit_are_refused(path: Path, listed: str, fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        trips_of(path, "trip,start\n1,7:00\n", listed)


@pytest.mark.parametrize(
    ("model", "options", "fault"),
    [
        (RoutesSpec, {}, "give mode or route_type"),
        (RoutesSpec, {"mode": "bus", "route_type": "t"}, "give mode or route_type"),
        (RoutesSpec, {"mode": "boat"}, "mode is one of metro, .*, not boat"),
        (RoutesSpec, {"mode": "bus", "lon": "x", "lat": "y"}, "lon and lat make points"),
        (TripsSpec, {"start": "s"}, "give route, or trip and trips"),
        (TripsSpec, {"start": "s", "route": "r", "trip": "t"}, "trip and trips go together"),
        (TripsSpec, {"start": "s", "route": "r", "end": "e"}, "end and headway go together"),
        (TripsSpec, {"start": "s", "route": "r", "geometry": "g"}, "trips have no geometry"),
        (TripsSpec, {"start": "s", "route": "r", "mode": "boat"}, "not boat"),
        (TripsSpec, {"start": "s", "trip": "t", "direction": "d", "trips": {"path": "x"}},
         "direction stands in trips"),
    ],
)  # fmt: skip
def test_blocks_that_say_too_little_or_too_much_are_refused(
    model: type[RoutesSpec | TripsSpec], options: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ValidationError, match=fault):
        model(path=Path("t.csv"), **options)


# --------------------------------------------------------------------- join
def told(**trips_per_hour: float) -> pd.DataFrame:
    hourly = pd.Series(trips_per_hour, dtype=float)
    hours = {"first_s": 5.0 * HOUR, "last_s": 23.0 * HOUR}
    return pd.DataFrame({"trips_per_hour": hourly, "headway_min": 60 / hourly, **hours})


def test_trips_tell_routes_of_lists_their_headway(path: Path) -> None:
    routes, record = routes_of(path, "id,n\na,Sur\nb,Norte\n", name="n")
    joined = join_trips(routes, told(a=4), mode=None, record=record)
    assert joined.index.equals(routes.index)
    assert joined["headway_min"].fillna(-1).tolist() == [15, -1]
    assert joined["headway_from"].tolist() == ["table", None]
    assert joined["first_s"].fillna(-1).tolist() == [5 * HOUR, -1]
    assert record.counts["routes_joined"] == 1
    assert routes["headway_min"].isna().all()  # as they were


def test_routes_of_no_list_need_a_mode(path: Path) -> None:
    routes, record = routes_of(path, "id\na\n")
    fault = r"t\.csv: no \[\[transit\.routes\]\] lists these routes: c, d; name their mode"
    with pytest.raises(DataError, match=fault):
        join_trips(routes, told(a=4, c=2, d=1), mode=None, record=record)
    record.name = "transit.trips"
    joined = join_trips(routes, told(a=4, c=2), mode="bus", record=record)
    assert joined.index.tolist() == ["transit.routes.bus/a", "transit.trips/c"]
    assert joined["headway_min"].tolist() == [15, 30]
    assert joined["mode"].tolist() == ["bus", "bus"]
    assert joined.geometry.isna().all()
    alone = join_trips(routes.iloc[:0], told(c=2), mode="tram", record=record)
    assert alone["mode"].tolist() == ["tram"]
    assert alone.crs == UTM


def test_routes_of_one_id_are_told_apart_by_their_mode(path: Path) -> None:
    routes, record = routes_of(path, "id,t\na,3\nb,3\n", mode=None, route_type="t")
    trains = routes.assign(mode="rail", source="x").set_axis(["x/a", "x/b"])
    both = pd.concat([routes, trains])
    with pytest.raises(DataError, match="routes stand in several lists: a; name the mode"):
        join_trips(both, told(a=4), mode=None, record=record)
    joined = join_trips(both, told(a=4), mode="rail", record=record)
    assert joined.index[joined["headway_min"].notna()].tolist() == ["x/a"]


def test_what_a_list_tells_of_its_routes_stands(path: Path) -> None:
    routes, record = routes_of(path, "id,h\na,10\nb,15\n", headway="h")
    with pytest.warns(DataWarning, match="though trips tell others: transit.routes.bus/a$"):
        joined = join_trips(routes, told(a=4, b=4), mode=None, record=record)
    assert joined["headway_min"].tolist() == [10, 15]


def test_lines_of_a_list_replace_those_of_the_map_of_their_mode(path: Path) -> None:
    line = 'id,g\n7,"LINESTRING (0 0, 1 0)"\n'
    first, _ = routes_of(path, line, geometry="g")
    trams = first.assign(mode="tram").set_axis(["relation/1"])
    buses = first.set_axis(["relation/2"])
    of_map = pd.concat([trams, buses])
    assert merge_routes([of_map, first]).index.tolist() == ["relation/1", first.index[0]]
    plain, _ = routes_of(path, "id\n7\n")
    assert merge_routes([of_map, plain]).index.tolist() == [*of_map.index, plain.index[0]]
    assert merge_routes([of_map, first.iloc[:0]]).equals(of_map)
    assert merge_routes([of_map.iloc[:0], first]).equals(first)


def test_headways_of_the_city_file_stand_in_for_unknown_ones_alone(path: Path) -> None:
    routes, _ = routes_of(path, "id,h\na,10\nb,\n", headway="h")
    trams = routes.assign(mode="tram", headway_min=np.nan, headway_from=None)
    both = pd.concat([routes, trams.set_axis(["c", "d"])])
    made = with_assumed(both, {"bus": 12, "metro": 3})
    assert made["headway_min"].fillna(-1).tolist() == [10, 12, -1, -1]
    assert made["headway_from"].tolist() == ["table", "assumed", None, None]
    assert with_assumed(both, {})["headway_min"].equals(both["headway_min"])


def test_a_plain_table_is_no_gis_file(tmp_path: Path) -> None:
    path = tmp_path / "r.geojson"
    path.write_text("no json")
    spec = RoutesSpec(path=path, mode="bus")
    with pytest.raises(SourceError, match=r"r\.geojson: cannot be read"):
        read_routes(spec, crs=UTM, study_area=None, record=make_record(path))
