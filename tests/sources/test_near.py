"""Of what covers a country, only what lies near the city: by ranges, cut, or asked box by box."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely
from rasterio import Affine
from rasterio.windows import Window
from web_server import Request, Web, packed, whole

from geoequity.errors import SourceError
from geoequity.sources import broadband, near, osm
from geoequity.sources._remote import Client, Patience
from geoequity.sources.near import Box
from geoequity.sources.osm_writer import osm_writer

QUICK = Patience(connect_s=2, read_s=2, total_s=20, tries=2, backoff_s=0.01, longest_wait_s=1)
BOX = Box(-70.70, -33.50, -70.60, -33.40)


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(["127.0.0.1"], cache=tmp_path / "cache", patience=QUICK)


def got(
    client: Client, url: str, name: str, folder: Path, *, box: Box | None = BOX
) -> tuple[Path, dict[str, Any]]:
    with near.obtain(client, url, name=name, source="rasters.0", box=box) as (path, entry):
        kept = folder / name
        kept.write_bytes(path.read_bytes())
    return kept, entry


def fails(client: Client, url: str, name: str, *, box: Box | None = BOX) -> str:
    with (
        pytest.raises(SourceError) as caught,
        near.obtain(client, url, name=name, source="rasters.0", box=box),
    ):
        pass
    assert "rasters.0: http://127.0.0.1" in str(caught.value)
    return str(caught.value)


# -- speed tests --------------------------------------------------------------------


@pytest.fixture(scope="module")
def quarter() -> pd.DataFrame:
    """Tiles all over the country, in the order of their quadkeys as Ookla has them."""
    country = shapely.box(-71.7, -34.5, -69.7, -32.5)
    keys = broadband.study_quadkeys(country, crs="EPSG:4326")
    count = len(keys)
    chance = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "quadkey": keys,
            "tile": ["POLYGON((0 0, 1 0, 1 1, 0 0))"] * count,
            "avg_d_kbps": chance.integers(1, 1 << 40, count),
            "avg_u_kbps": chance.integers(1, 1 << 40, count),
            "avg_lat_ms": chance.integers(1, 1 << 40, count),
            "tests": 10,
            "devices": 5,
        }
    )


def as_parquet(table: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), stream, row_group_size=2000)
    return stream.getvalue()


def test_tiles_near_the_city_are_read_by_ranges(
    web: Web, client: Client, tmp_path: Path, quarter: pd.DataFrame
) -> None:
    whole = as_parquet(quarter)
    url = web.serve("/performance/type=fixed/2023-07-01_performance_fixed_tiles.parquet", whole)
    before = len(web.asked)
    path, entry = got(client, url, "a.parquet", tmp_path)
    table = pd.read_parquet(path)
    near_it = broadband.study_quadkeys(
        shapely.box(BOX.west, BOX.south, BOX.east, BOX.north), crs="EPSG:4326"
    )
    expected = quarter[quarter["quadkey"].isin(near_it)].drop(columns="tile")
    pd.testing.assert_frame_equal(
        table.reset_index(drop=True), expected.reset_index(drop=True), check_dtype=False
    )
    ranges = [headers["Range"] for _, headers in web.asked[before:]]
    spans = [one.removeprefix("bytes=").partition("-") for one in ranges[1:]]
    read = sum(int(last) - int(first) + 1 for first, _, last in spans)
    assert read < len(whole) / 4
    assert entry["box"] == [-70.7, -33.5, -70.6, -33.4]


def test_tiles_elsewhere_are_told(web: Web, client: Client, quarter: pd.DataFrame) -> None:
    url = web.serve("/t.parquet", as_parquet(quarter))
    far = Box(10.0, 50.0, 10.1, 50.1)
    assert "no tile lies near the districts" in fails(client, url, "a.parquet", box=far)


def test_tiles_of_another_schema_are_told(web: Web, client: Client, quarter: pd.DataFrame) -> None:
    url = web.serve("/t.parquet", as_parquet(quarter.rename(columns={"quadkey": "qk"})))
    assert "no column quadkey; it has qk, tile" in fails(client, url, "a.parquet")


def test_what_is_no_parquet_is_told(web: Web, client: Client) -> None:
    url = web.serve("/t.parquet", b"<html>" * 1000)
    assert "cannot be read as Parquet" in fails(client, url, "a.parquet")


# -- rasters --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """People of a country, by cells of 0.001 degrees."""
    path = tmp_path_factory.mktemp("raster") / "chl_ppp_2020.tif"
    values = np.random.default_rng(2).random((1000, 1000), dtype=np.float32)
    profile = {
        "driver": "GTiff",
        "dtype": "float32",
        "count": 1,
        "width": 1000,
        "height": 1000,
        "crs": "EPSG:4326",
        "transform": Affine(0.001, 0.0, -71.0, 0.0, -0.001, -33.0),
        "nodata": -99999.0,
        "tiled": True,
        "blockxsize": 128,
        "blockysize": 128,
    }
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(values, 1)
    return path.read_bytes()


def check_cut(path: Path, whole: bytes) -> None:
    """Cells near the city are those of the country, each in its place."""
    with rasterio.MemoryFile(whole) as memory, memory.open() as country, rasterio.open(path) as cut:
        assert (cut.crs, cut.nodata, cut.res) == (country.crs, -99999.0, country.res)
        assert cut.bounds == pytest.approx((-70.7, -33.5, -70.6, -33.4), abs=0.0011)
        top, left = country.index(cut.bounds.left + 0.0005, cut.bounds.top - 0.0005)
        window = Window(left, top, cut.width, cut.height)
        np.testing.assert_array_equal(cut.read(1), country.read(1, window=window))


def test_a_raster_is_read_by_ranges(
    web: Web, client: Client, tmp_path: Path, country: bytes
) -> None:
    before = len(web.asked)
    path, _ = got(client, web.serve("/c.tif", country), "a.tif", tmp_path)
    check_cut(path, country)
    assert all("Range" in headers for _, headers in web.asked[before:])


def test_a_raster_without_ranges_is_downloaded_and_cut(
    web: Web, client: Client, tmp_path: Path, country: bytes
) -> None:
    url = web.on("/n.tif", lambda request: request.answer(200, country))
    path, entry = got(client, url, "a.tif", tmp_path)
    check_cut(path, country)
    assert entry["of_sha256"] != entry["sha256"]


@pytest.mark.parametrize("box", [BOX, None])
def test_the_raster_in_a_zip_is_taken_out(
    web: Web, client: Client, tmp_path: Path, country: bytes, box: Box | None
) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("GHS_POP_R10_C12.tif", country)
        archive.writestr("../../readme.txt", "read me")
    url = web.serve("/GHS_POP_R10_C12.zip", stream.getvalue())
    path, _ = got(client, url, "a.tif", tmp_path, box=box)
    check_cut(path, country) if box else None
    assert box or path.read_bytes() == country


def test_what_is_packed_is_unpacked(web: Web, client: Client, tmp_path: Path) -> None:
    table = b"id;name\n1;Uno\n"
    url = web.serve("/a.csv.gz", packed(table))
    assert got(client, url, "a.csv", tmp_path, box=None)[0].read_bytes() == table
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("deep/b.csv", table)
        archive.writestr("deep/c.csv", b"other")
    url = web.serve("/a.zip", stream.getvalue())
    assert got(client, url, "b.csv", tmp_path, box=None)[0].read_bytes() == table
    assert "holds 2 files .csv, not one" in fails(client, url, "d.csv", box=None)
    url = web.serve("/b.csv.gz", packed(table)[:-4])
    assert "got gzip that is cut short" in fails(client, url, "a.csv", box=None)
    small = Client(["127.0.0.1"], cache=tmp_path / "small", patience=QUICK, max_bytes=1 << 20)
    url = web.serve("/c.csv.gz", packed(b"a" * (2 << 20)))
    assert "unpacks to over the limit of 1048576 bytes" in fails(small, url, "a.csv", box=None)


def test_a_zip_of_other_things_is_told(web: Web, client: Client) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("readme.txt", "read me")
    assert "holds 0 files .tif, not one: readme.txt" in fails(
        client, web.serve("/o.zip", stream.getvalue()), "a.tif"
    )


def test_a_raster_of_elsewhere_is_told(web: Web, client: Client, country: bytes) -> None:
    message = fails(client, web.serve("/e.tif", country), "a.tif", box=Box(10, 50, 10.1, 50.1))
    assert "covers longitudes -71.000 to -70.000 and latitudes -34.000 to -33.000" in message


def test_a_raster_that_changes_while_it_is_read_is_told(
    web: Web, client: Client, country: bytes
) -> None:
    def answer(request: Request) -> None:
        whole(request, country, ETag='"1"' if request.count < 2 else '"2"')

    message = fails(client, web.on("/changing.tif", answer), "a.tif")
    assert "changed while it was read" in message


def test_a_page_is_no_raster(web: Web, client: Client) -> None:
    assert "cannot be read as a raster" in fails(
        client, web.serve("/p.tif", b"<html>" * 99), "a.tif"
    )


def test_other_files_are_not_cut(web: Web, client: Client) -> None:
    assert "cut is for .parquet, .tif and .osm.pbf" in fails(client, web.url("/a.csv"), "a.csv")


# -- OpenStreetMap --------------------------------------------------------------------


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Streets in and across the box, and elsewhere; a lake of which one side lies outside."""
    path = tmp_path_factory.mktemp("osm") / "region.osm.pbf"
    spots = {
        1: (-70.65, -33.45),
        2: (-70.64, -33.45),
        3: (-70.50, -33.45),
        4: (-60.0, -30.0),
        5: (-60.0, -30.1),
        6: (-70.60, -33.60),
        7: (-70.50, -33.60),
    }
    street = {"highway": "residential"}
    header = osmium.io.Header()
    header.set("osmosis_replication_timestamp", "2025-11-01T00:00:00Z")
    with osm_writer(str(path), header=header, overwrite=True) as writer:
        for key, place in spots.items():
            writer.add_node(osmium.osm.mutable.Node(id=key, location=place, version=1))
        ways = {10: [1, 2], 11: [2, 3], 12: [4, 5], 13: [2, 6, 7], 14: [7, 3, 2]}
        for key, nodes in ways.items():
            tags = street if key < 13 else {}
            writer.add_way(osmium.osm.mutable.Way(id=key, nodes=nodes, tags=tags, version=1))
        members = [("w", 13, "outer"), ("w", 14, "outer")]
        water = {"type": "multipolygon", "natural": "water"}
        writer.add_relation(
            osmium.osm.mutable.Relation(id=20, members=members, tags=water, version=1)
        )
    return path.read_bytes()


def test_a_region_is_cut_with_ways_and_areas_whole(
    web: Web, client: Client, tmp_path: Path, region: bytes
) -> None:
    path, _ = got(client, web.serve("/chile-latest.osm.pbf", region), "a.osm.pbf", tmp_path)
    kept: dict[str, list[int]] = {"n": [], "w": [], "r": []}
    for one in osmium.FileProcessor(path):
        kept[one.type_str()].append(one.id)
    assert kept == {"n": [1, 2, 3, 6, 7], "w": [10, 11, 13, 14], "r": [20]}
    assert str(osm.read_osm(path).date.date()) == "2025-11-01"


def test_a_region_of_elsewhere_is_told(web: Web, client: Client, region: bytes) -> None:
    url = web.serve("/r.osm.pbf", region)
    assert "nothing lies near" in fails(client, url, "a.osm.pbf", box=Box(10, 50, 10.1, 50.1))


def overpass(web: Web, *, limit: float = 1e9, status: int = 200) -> str:
    """Answer as Overpass does, with a fault where a box is larger than a limit."""

    def answer(request: Request) -> None:
        query = request.query["data"]
        assert query.startswith("[out:json][timeout:180];")
        south, west, north, east = json.loads(f"[{query.split('(', 2)[2].split(')')[0]}]")
        base = {"timestamp_osm_base": "2025-11-20T00:00:00Z"}
        told: dict[str, Any] = {"version": 0.6, "osm3s": base, "elements": []}
        if (east - west) * (north - south) > limit:
            if status != 200:
                request.answer(status, b"<p>The server is probably too busy</p>")
                return
            told["remark"] = (
                'runtime error: Query timed out in "query" at line 1 after 180 seconds.'
            )
        else:
            for n, (lon, lat) in enumerate([(-70.69, -33.49), (-70.61, -33.41), (-70.65, -33.45)]):
                if west <= lon <= east and south <= lat <= north:
                    node = {"type": "node", "id": n + 1, "lon": lon, "lat": lat, "version": 1}
                    told["elements"].append({**node, "tags": {"amenity": "school"}})
        request.answer(200, json.dumps(told).encode())

    return web.on("/api/interpreter", answer)


@pytest.mark.parametrize("status", [200, 504])
def test_overpass_is_asked_for_smaller_boxes_where_it_gives_up(
    web: Web, client: Client, tmp_path: Path, status: int
) -> None:
    url = overpass(web, limit=0.006, status=status)
    assert near.needs_box(url, cut=False)
    path, _ = got(client, url, "a.json", tmp_path)
    told = json.loads(path.read_text())
    assert sorted(one["id"] for one in told["elements"]) == [1, 2, 3]  # 3 in all four quarters
    assert told["osm3s"]["timestamp_osm_base"] == "2025-11-20T00:00:00Z"
    assert "remark" not in told
    assert len(osm.read_osm(path).services) == 3


def test_overpass_is_not_asked_for_large_boxes_at_once(
    web: Web, client: Client, tmp_path: Path
) -> None:
    before = len(web.asked)
    got(client, overpass(web), "a.json", tmp_path, box=Box(-70.9, -33.7, -70.5, -33.3))
    assert len(web.asked) - before == 4


def test_overpass_that_gives_up_on_any_box_is_told(web: Web, client: Client) -> None:
    message = fails(client, overpass(web, limit=0), "a.json")
    assert "got a fault, 'runtime error: Query timed out" in message


def test_overpass_with_a_query_of_its_own_is_asked_just_that(
    web: Web, client: Client, tmp_path: Path
) -> None:
    url = web.serve("/api/interpreter", b'{"elements": []}') + "?data=node(1);out;"
    assert not near.needs_box(url, cut=False)
    assert got(client, url, "a.json", tmp_path, box=None)[0].read_bytes() == b'{"elements": []}'


def boundary(key: int, *sides: tuple[str, list[tuple[float, float]]]) -> dict[str, Any]:
    """A relation as ``out geom`` draws it."""
    members = [
        {
            "type": "way",
            "ref": key * 10 + n,
            "role": role,
            "geometry": [{"lon": lon, "lat": lat} for lon, lat in line],
        }
        for n, (role, line) in enumerate(sides)
    ]
    tags = {"boundary": "administrative", "admin_level": "9", "name": f"Comuna {key}"}
    return {"type": "relation", "id": key, "members": members, "tags": tags}


def test_boundaries_come_by_a_query(web: Web, client: Client, tmp_path: Path) -> None:
    ring = [(0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6), (0.4, 0.4)]
    relations = [
        boundary(
            1,
            ("outer", [(0, 0), (1, 0), (1, 1)]),
            ("outer", [(0, 0), (0, 1), (1, 1)]),
            ("inner", ring),
        ),
        boundary(2, ("outer", [(1, 0), (2, 0), (2, 1), (1, 1), (1, 0)])),
    ]
    body = json.dumps({"elements": [*relations, {"type": "node", "id": 3}]}).encode()
    url = web.serve("/api/interpreter", body) + "?data=[out:json];rel[admin_level=9];out+geom;"
    path, entry = got(client, url, "districts.geojson", tmp_path, box=None)
    table = gpd.read_file(path)
    assert table["osm_id"].tolist() == ["1", "2"]
    assert table["name"].tolist() == ["Comuna 1", "Comuna 2"]
    np.testing.assert_allclose(shapely.area(table.geometry.to_numpy()), [0.96, 1.0])
    assert entry["rows"] == 2


@pytest.mark.parametrize(
    ("elements", "said"),
    [
        ([boundary(1, ("outer", [(0, 0), (1, 0), (1, 1)]))], "that do not close: 1"),
        ([{"type": "relation", "id": 7, "tags": {}}], "that do not close: 7"),
        ([{"type": "node", "id": 3}], "came with no relation"),
    ],
)
def test_boundaries_that_are_none_are_told(
    web: Web, client: Client, elements: list[Any], said: str
) -> None:
    url = web.serve("/api/interpreter", json.dumps({"elements": elements}).encode())
    assert said in fails(client, f"{url}?data=x", "a.geojson", box=None)
    assert "give a query" in fails(client, url, "a.geojson")


def test_requests_of_one_host_keep_their_distance(web: Web, client: Client) -> None:
    polite = client.patiently(Patience(gap_s=0.2))
    url = web.serve("/polite", b"{}")
    with pytest.MonkeyPatch.context() as patch:
        waits: list[float] = []
        patch.setattr("geoequity.sources._remote._door.time.sleep", waits.append)
        for _ in range(3):
            polite.ask(url, source="osm")
    assert len(waits) == 2
    assert all(0.1 < one <= 0.2 for one in waits)


# -- timetables -------------------------------------------------------------------------


def catalogue(web: Web, *rows: dict[str, str]) -> str:
    stream = io.StringIO()
    columns = ["mdb_source_id", "data_type", "provider", "urls.direct_download", "urls.latest"]
    writer = csv.DictWriter(stream, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return web.serve("/sources.csv", stream.getvalue().encode())


def test_a_timetable_is_found_in_the_catalogue(web: Web, client: Client, tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("agency.txt", "agency_name\nMetro\n")
    latest = web.serve("/latest.zip", stream.getvalue()).replace("127.0.0.1", "localhost")
    url = catalogue(
        web,
        {"mdb_source_id": "7", "data_type": "gtfs", "urls.latest": web.url("/other.zip")},
        {"mdb_source_id": "42", "data_type": "gtfs", "urls.latest": latest},
        {"mdb_source_id": "43", "data_type": "gtfs-rt", "urls.latest": latest},
        {"mdb_source_id": "44", "data_type": "gtfs", "urls.latest": "http://10.0.0.1/f.zip"},
        {"mdb_source_id": "45", "data_type": "gtfs"},
    )
    path, entry = got(client, f"{url}#mdb-42", "a.zip", tmp_path, box=None)
    assert path.read_bytes() == stream.getvalue()
    assert (entry["final_url"], entry["catalogue"]) == (latest, f"{url}#mdb-42")
    for key, said in {
        "43": "43 is gtfs-rt, not gtfs",
        "99": "99 is not in the catalogue",
        "44": "which is not public",
        "45": "45 has no address",
    }.items():
        with (
            pytest.raises(SourceError, match=said),
            near.obtain(client, f"{url}#{key}", name="a.zip", source="transit", box=None),
        ):
            pass


def test_another_table_is_no_catalogue(web: Web, client: Client) -> None:
    url = web.serve("/x.csv", b"a,b\n1,2\n") + "#mdb-1"
    assert "is no catalogue of the Mobility Database" in fails(client, url, "a.zip", box=None)
