"""Places and stops from lists: each once, near the districts, none lost in silence."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS

from geoequity.errors import CRSError, DataError, DataWarning
from geoequity.sources.files import Record
from geoequity.sources.services import merge_services, read_services, read_stops
from geoequity.sources.spec import ConnectivitySpec, Origin, ServicesSpec, StopsSpec

UTM = CRS("EPSG:32718")
EAST, NORTH = 500_000, 8_000_000
DISTRICTS = gpd.GeoDataFrame(
    {"name": ["A"]}, geometry=[shapely.box(EAST, NORTH, EAST + 1000, NORTH + 1000)], crs=UTM
).set_axis(pd.Index(["a"], name="unit_id"), axis=0)
AREA = DISTRICTS.geometry.iloc[0].buffer(500)


def place() -> dict[str, Any]:
    return {"crs": UTM, "districts": DISTRICTS, "study_area": AREA}


def make_record(path: Path, name: str = "services.school") -> Record:
    return Record(name=name, path=path, origin=Origin())


def read(path: Path, rows: list[str], **options: Any) -> tuple[gpd.GeoDataFrame, Record]:
    """Read rows of ``id,name,places,x,y``, metres east and north of the corner."""
    lines = ["id,name,places,x,y"]
    for row in rows:
        *first, x, y = row.split(",")
        shifted = [str(EAST + float(x)), str(NORTH + float(y))] if x else ["", ""]
        lines.append(",".join([*first, *shifted]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    given = {"path": path, "category": "school", "lon": "x", "lat": "y", "crs": "EPSG:32718"}
    record = make_record(path)
    return read_services(ServicesSpec(**{**given, **options}), record=record, **place()), record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.csv"


def test_services_stand_under_their_list_and_id(path: Path) -> None:
    services, record = read(
        path, ["01,Uno,30,100,100", "02,,,200,200"], id="id", name="name", capacity="places"
    )
    assert services.index.tolist() == ["services.school/01", "services.school/02"]
    assert services.index.name == "service_id"
    assert services["category"].tolist() == ["school"] * 2
    assert services["name"].fillna("?").tolist() == ["Uno", "?"]
    assert services["capacity"].tolist()[0] == 30
    assert np.isnan(services["capacity"].tolist()[1])
    assert services["source"].unique().tolist() == ["services.school"]
    assert services.crs == UTM
    assert (record.rows_read, record.rows_kept) == (2, 2)


def test_services_without_id_go_by_their_row(path: Path) -> None:
    services, _ = read(path, [",,,100,100", ",,,100,100"])
    assert services.index.tolist() == ["services.school/row 1", "services.school/row 2"]


def test_rows_are_counted_inside_the_districts_and_in_the_buffer(path: Path) -> None:
    rows = ["a,,,100,100", "a,,,100,100", "b,,,-100,100", "c,,,5000,100"]
    with pytest.warns(DataWarning, match=r"s\.csv: identical duplicate rows dropped: a$"):
        services, record = read(path, rows, id="id")
    assert services.index.tolist() == ["services.school/a", "services.school/b"]
    assert record.counts == {"distinct": 3, "rows_inside_districts": 2, "inside_districts": 1}
    assert record.dropped[-1] == {
        "reason": "outside the study area and its buffer", "count": 1, "ids": ["c"],
    }  # fmt: skip


def test_a_list_that_lies_elsewhere_warns(path: Path) -> None:
    with pytest.warns(DataWarning, match=r"s\.csv: no row lies near the districts; .*: a, b$"):
        services, record = read(path, ["a,,,9e5,1", "b,,,9e6,1"], id="id")
    assert services.empty
    assert record.rows_kept == 0


def test_rows_without_place_are_dropped_with_a_warning(path: Path) -> None:
    with pytest.warns(DataWarning, match=r"s\.csv: rows without geometry dropped: b$"):
        services, record = read(path, ["a,,,1,1", "b,,,,"], id="id")
    assert len(services) == 1
    assert record.dropped == [{"reason": "no geometry", "count": 1, "ids": ["b"]}]


@pytest.mark.parametrize(
    ("rows", "options", "fault"),
    [
        (["a,,,1,1", "a,,,2,2"], {"id": "id"}, "rows that differ share an id: a"),
        (["a,,,1,1", ",,,2,2"], {"id": "id"}, "no id in rows 2"),
        (["a,,many,1,1"], {"id": "id", "capacity": "places"}, r"'places' .*\(many\) in rows a"),
        (["a,,-3,1,1"], {"id": "id", "capacity": "places"}, "'places' is negative: .*/a"),
        (["a,,,1,1"], {"name": "title"}, "no column 'title'; it has id, name, places, x, y"),
        (["a,,,1,1"], {"id": "code"}, "no column 'code'"),
        (["a,,,1,1"], {"capacity": "beds"}, "no column 'beds'"),
    ],
)
def test_lists_that_break_the_contract_are_refused(
    path: Path, rows: list[str], options: dict[str, str], fault: str
) -> None:
    with pytest.raises(DataError, match=rf"s\.csv: .*{fault}"):
        read(path, rows, **options)


def test_one_id_may_stand_several_times_where_declared(path: Path) -> None:
    rows = ["a,Mañana,1,1,1", "a,Tarde,2,1,1", "b,,,2,2"]
    services, record = read(path, rows, id="id", name="name", duplicates="first")
    assert services["name"].fillna("?").tolist() == ["Mañana", "?"]
    assert record.dropped == [{"reason": "later row of the same id", "count": 1, "ids": ["a"]}]


def test_areas_are_kept_and_mended(tmp_path: Path) -> None:
    crossed = shapely.Polygon(
        [(EAST, NORTH), (EAST + 9, NORTH + 9), (EAST + 9, NORTH), (EAST, NORTH + 9)]
    )
    whole, flat = crossed.convex_hull, shapely.Polygon([(EAST, NORTH), (EAST, NORTH + 9)] * 2)
    path = tmp_path / "parks.gpkg"
    gpd.GeoDataFrame({"id": list("abc")}, geometry=[crossed, whole, flat], crs=UTM).to_file(path)
    spec = ServicesSpec(path=path, category="green", id="id")
    with pytest.warns(DataWarning, match=r"repaired: a, c|without geometry dropped: c"):
        parks = read_services(spec, record=make_record(path), **place())
    assert parks.is_valid.all()
    assert parks.area.tolist() == pytest.approx([81 / 2, 81])


def test_wifi_sites_are_services_of_their_kind(path: Path) -> None:
    path.write_text(f"id,where\n7,POINT ({EAST + 1} {NORTH + 1})\n", encoding="utf-8")
    spec = ConnectivitySpec(path=path, kind="wifi", id="id", geometry="where", crs="EPSG:32718")
    sites = read_services(spec, record=make_record(path, "connectivity.wifi"), **place())
    assert sites["category"].tolist() == ["wifi"]
    assert np.isnan(sites["capacity"]).all()


def test_stops_carry_the_mode_of_their_list(path: Path) -> None:
    path.write_text(f"id,n,x,y\n7,Central,{EAST},{NORTH}\n", encoding="utf-8")
    given = {"lon": "x", "lat": "y", "crs": "EPSG:32718", "id": "id", "name": "n"}
    spec = StopsSpec(path=path, mode="tram", **given)
    stops = read_stops(spec, record=make_record(path, "transit.tram"), **place())
    assert stops.index.tolist() == ["transit.tram/7"]
    assert stops.index.name == "stop_id"
    assert stops[["mode", "name"]].to_numpy().tolist() == [["tram", "Central"]]
    assert stops[["realtime", "shelter", "bench", "tactile"]].isna().all(axis=None)


def test_lists_tell_what_stops_have_in_plain_words(path: Path) -> None:
    words = ["Sí", "não", "1", "0", "TRUE", "", "s/d"]
    rows = [f"{n},{word},{EAST},{NORTH}" for n, word in enumerate(words)]
    path.write_text("\n".join(["id,roof,x,y", *rows, ""]), encoding="utf-8")
    given = {"path": path, "mode": "bus", "lon": "x", "lat": "y", "crs": "EPSG:32718", "id": "id"}
    spec = StopsSpec(**given, shelter="roof", missing=("s/d",))
    stops = read_stops(spec, record=make_record(path, "transit.bus"), **place())
    told = stops["shelter"]
    assert told.dtype == "boolean"
    expected = [True, False, True, False, True, None, None]
    assert told.astype(object).where(told.notna(), None).tolist() == expected
    assert stops["bench"].isna().all()
    with pytest.raises(DataError, match=r"'roof' says neither yes nor no \(s/d\) in rows 6"):
        read_stops(spec.model_copy(update={"missing": ()}), record=make_record(path), **place())
    with pytest.raises(DataError, match="no column 'seats'"):
        read_stops(StopsSpec(**given, bench="seats"), record=make_record(path), **place())


def test_without_districts_lists_are_still_checked(path: Path) -> None:
    path.write_text("id,x,y\n7,500000,8000000\n", encoding="utf-8")
    nowhere = {"crs": UTM, "districts": None, "study_area": None}
    spec = ServicesSpec(path=path, category="school", id="id", lon="x", lat="y", crs="EPSG:32718")
    assert len(read_services(spec, record=make_record(path), **nowhere)) == 1
    wrong = spec.model_copy(update={"crs": None})
    with pytest.raises(CRSError, match=r"s\.csv: the layer has no CRS"):
        read_services(wrong, record=make_record(path), **nowhere)


# --------------------------------------------------------------------- merge
def listed(source: str, *places: tuple[str, float]) -> gpd.GeoDataFrame:
    """Make services of a category at metres along a line."""
    table = pd.DataFrame(places, columns=["category", "x"])
    points = gpd.points_from_xy(table["x"], [0] * len(table), crs=UTM)
    columns = {"category": table["category"], "name": None, "capacity": np.nan, "source": source}
    index = pd.Index([f"{source}/{n}" for n in range(len(table))], name="service_id")
    return gpd.GeoDataFrame(columns, geometry=points).set_axis(index, axis=0)


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        ("dedupe", ["osm/1", "osm/2", "list/0"]),
        ("replace", ["osm/2", "list/0"]),
        ("add", ["osm/0", "osm/1", "osm/2", "list/0"]),
    ],
)
def test_a_place_of_two_lists_counts_once(rule: str, left: list[str]) -> None:
    osm = listed("osm", ("school", 0), ("school", 50.1), ("bank", 0))
    records = {"osm": make_record(Path("a.pbf"), "osm")}
    merged = merge_services(
        [("add", osm), (rule, listed("list", ("school", 0)))], record_of=records
    )
    assert merged.index.tolist() == left
    assert merged.crs == UTM
    dropped = sum(one["count"] for one in records["osm"].dropped)
    assert dropped == 4 - len(left)


def test_fifty_metres_are_still_the_same_place() -> None:
    lists = [("add", listed("osm", ("school", 50))), ("dedupe", listed("list", ("school", 0)))]
    records = {"osm": make_record(Path("a.pbf"))}
    assert merge_services(lists, record_of=records).index.tolist() == ["list/0"]


def test_services_of_one_list_do_not_push_each_other_out() -> None:
    lists = [("dedupe", listed("list", ("school", 0), ("school", 1)))]
    assert len(merge_services(lists, record_of={})) == 2


def test_merging_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="merge_services needs at least one list"):
        merge_services([], record_of={})
