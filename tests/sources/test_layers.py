"""Where coordinates stand in a file, in which CRS, and what is mended."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS

from geoequity.errors import CRSError, DataError, DataWarning, SourceError
from geoequity.sources.files import Record
from geoequity.sources.layers import projected, read_layer, repaired
from geoequity.sources.spec import FileSpec, Origin

UTM = CRS("EPSG:32718")
SPEC = FileSpec(path=Path("file.csv"))
BOWTIE = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])


def make_record(path: Path = SPEC.path) -> Record:
    return Record(name="layer", path=path, origin=Origin())


def read(path: Path, text: str | None = None, **options: Any) -> gpd.GeoDataFrame:
    if text is not None:
        path.write_text(text, encoding="utf-8")
    return read_layer(FileSpec(path=path, **options), record=make_record(path))


def coordinates(layer: gpd.GeoDataFrame) -> list[tuple[float, float] | None]:
    return [None if one is None else (one.x, one.y) for one in layer.geometry]


# -------------------------------------------------------------- plain tables
def test_columns_of_coordinates_are_degrees_by_default(tmp_path: Path) -> None:
    layer = read(tmp_path / "t.csv", "x,y\n-58.5,-34.5\n,\n", lon="x", lat="y")
    assert layer.crs == "EPSG:4326"
    assert coordinates(layer) == [(-58.5, -34.5), None]
    assert layer.index.tolist() == [1, 2]


def test_columns_of_coordinates_have_the_declared_marks_and_crs(tmp_path: Path) -> None:
    text = 'x;y\n"500.000,5";8000000\n'
    marks = {"separator": ";", "decimal": ",", "thousands": "."}
    layer = read(tmp_path / "t.csv", text, lon="x", lat="y", crs="EPSG:32718", **marks)
    assert layer.crs == UTM
    assert coordinates(layer) == [(500000.5, 8000000.0)]


@pytest.mark.parametrize(
    "text",
    [
        "POINT (-58.5 -34.5)", "POINT Z (-58.5 -34.5 7)", "SRID=4326;POINT(-58.5 -34.5)",
        "-58.5, -34.5", "(-58.5, -34.5)", "-58.5 -34.5", "c(-58.5, -34.5)", "c(-5.85e1, -34.5)",
    ],
)  # fmt: skip
def test_a_column_of_geometry_is_wkt_or_a_pair(tmp_path: Path, text: str) -> None:
    layer = read(tmp_path / "t.csv", f"where|n\n{text}|1\n|2\n", separator="|", geometry="where")
    assert coordinates(layer) == [(-58.5, -34.5), None]
    assert not layer.has_z.any()


def test_a_pair_may_have_its_latitude_first(tmp_path: Path) -> None:
    text = 'where,n\n"-34.5, -58.5",1\nPOINT (-58.5 -34.5),2\n'
    layer = read(tmp_path / "t.csv", text, geometry="where", pair="yx")
    assert coordinates(layer) == [(-58.5, -34.5)] * 2  # WKT has an order of its own


@pytest.mark.parametrize("text", ["POINT (1", "here", "c(1)", "1, 2, 3", "-58,5 -34,5"])
def test_a_geometry_that_is_none_is_refused_by_row(tmp_path: Path, text: str) -> None:
    said = r"t\.csv: column 'where' is no WKT, GeoJSON, KML or pair in rows 2"
    with pytest.raises(DataError, match=said):
        read(tmp_path / "t.csv", f"where|n\n1, 2|1\n{text}|2\n", separator="|", geometry="where")


def test_a_column_called_geometry_does_not_get_in_the_way(tmp_path: Path) -> None:
    text = "geometry,x,y\nnone,1,2\n"
    assert coordinates(read(tmp_path / "t.csv", text, lon="x", lat="y")) == [(1, 2)]


def test_declared_coordinates_win_over_the_geometry_of_the_file(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"x": [1.0], "y": [2.0]}, geometry=[shapely.Point(7, 7)], crs=UTM)
    frame.to_file(tmp_path / "t.geojson")
    layer = read(tmp_path / "t.geojson", lon="x", lat="y")
    assert layer.crs == "EPSG:4326"
    assert coordinates(layer) == [(1, 2)]


def test_one_of_several_geometries_is_chosen(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.Point(1, 1)], crs=UTM)
    frame["centre"] = gpd.GeoSeries([shapely.Point(2, 2)], crs=UTM)
    frame.to_parquet(tmp_path / "t.parquet")
    assert coordinates(read(tmp_path / "t.parquet")) == [(1, 1)]
    assert coordinates(read(tmp_path / "t.parquet", geometry="centre")) == [(2, 2)]


@pytest.mark.parametrize(
    ("options", "error", "fault"),
    [
        ({}, SourceError, "no geometry; name lon and lat, or geometry"),
        ({"lon": "x", "lat": "z"}, DataError, "no column 'z'; it has x, y"),
        ({"geometry": "z"}, DataError, "no column 'z'; it has x, y"),
        ({"lon": "x", "lat": "y", "crs": "nonsense"}, CRSError, "'nonsense' is no CRS"),
    ],
)
def test_what_is_missing_is_named(
    tmp_path: Path, options: dict[str, str], error: type[Exception], fault: str
) -> None:
    with pytest.raises(error, match=rf"t\.csv: {fault}"):
        read(tmp_path / "t.csv", "x,y\n1,2\n", **options)


# ----------------------------------------------------------------------- CRS
def test_a_layer_without_crs_is_refused_or_declared(tmp_path: Path) -> None:
    gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.Point(5e5, 8e6)], crs=UTM).to_file(
        tmp_path / "t.shp"
    )
    (tmp_path / "t.prj").unlink()
    with pytest.raises(CRSError, match=r"t\.shp: the layer has no CRS; declare crs"):
        read(tmp_path / "t.shp")
    assert read(tmp_path / "t.shp", crs="EPSG:32718").crs == UTM


def test_metres_that_pass_for_degrees_are_refused(tmp_path: Path) -> None:
    text = "x,y\n-58.5,-34.5\n500000,8000000\n"
    with pytest.raises(CRSError, match=r"t\.csv: the layer has no CRS, or .* in rows 2; declare"):
        read(tmp_path / "t.csv", text, lon="x", lat="y")


def test_a_declared_crs_wins_over_a_wrong_one(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.Point(5e5, 8e6)], crs="EPSG:32719")
    frame.to_file(tmp_path / "t.gpkg")
    assert read(tmp_path / "t.gpkg", crs="EPSG:32718").crs == UTM


def test_projecting_needs_a_way_there() -> None:
    layer = gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.Point(1, 2)], crs="EPSG:4326")
    assert projected(layer, UTM, spec=SPEC).crs == UTM
    local = layer.set_crs('LOCAL_CS["here",UNIT["metre",1]]', allow_override=True)
    with pytest.raises(CRSError, match=r"file\.csv: cannot be projected from here"):
        projected(local, UTM, spec=SPEC)


def test_places_beyond_the_crs_are_empty_not_infinite() -> None:
    far = gpd.GeoDataFrame(geometry=[shapely.box(-75, 89, -74, 91), None], crs="EPSG:4326")
    far = far.set_geometry([shapely.Polygon([(np.inf, 0), (1, 1), (1, 0)]), None], crs=UTM)
    assert projected(far, UTM, spec=SPEC).geometry[0].is_empty


# -------------------------------------------------------------------- mended
def test_a_ring_that_crosses_itself_keeps_its_land() -> None:
    layer = gpd.GeoDataFrame(geometry=[BOWTIE, shapely.box(0, 0, 1, 1), None], crs=UTM)
    ids, record = pd.Series(["a", "b", "c"]), make_record()
    with pytest.warns(DataWarning, match=r"file\.csv: invalid rings repaired: a$"):
        mended = repaired(layer, ids, record=record)
    assert mended.is_valid[:2].all()
    assert mended.area[0] == pytest.approx(2 * 0.5 * 1 * 0.5)  # two triangles
    assert mended.geometry[2] is None
    assert record.counts["repaired"] == ["a"]
    assert not layer.is_valid[0]


def test_parts_that_overlap_are_joined_and_nothing_is_cut_out() -> None:
    both = shapely.MultiPolygon([shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3)])
    layer = gpd.GeoDataFrame(geometry=[both], crs=UTM)
    with pytest.warns(DataWarning, match="repaired: a"):
        mended = repaired(layer, pd.Series(["a"]), record=make_record())
    assert mended.area[0] == 4 + 4 - 1


def test_what_cannot_be_mended_is_empty() -> None:
    flat = shapely.Polygon([(0, 0), (1, 1), (0, 0)])
    with pytest.warns(DataWarning, match="repaired"):
        mended = repaired(
            gpd.GeoDataFrame(geometry=[flat], crs=UTM), pd.Series(["a"]), record=make_record()
        )
    assert mended.geometry[0].is_empty


def test_valid_geometry_passes_as_it_is() -> None:
    layer = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=UTM)
    assert repaired(layer, pd.Series(["a"]), record=make_record()) is layer


# ------------------------------------------------------------- GeoJSON and KML
PLACE = "<coordinates>-70,-33</coordinates>"
LINE = "<LineString><coordinates>-70,-33 -71,-33</coordinates></LineString>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{""type"": ""Point"", ""coordinates"": [-70, -33]}', "POINT (-70 -33)"),
        ("<Point><coordinates> -70,-33,500 </coordinates></Point>", "POINT (-70 -33)"),
        (f"<Placemark><Point><extrude>1</extrude>{PLACE}</Point>{LINE}</Placemark>",
         "GEOMETRYCOLLECTION (POINT (-70 -33), LINESTRING (-70 -33, -71 -33))"),
    ],
)  # fmt: skip
def test_a_column_may_hold_geojson_or_kml(tmp_path: Path, text: str, expected: str) -> None:
    layer = read(tmp_path / "t.csv", f'g\n"{text}"\n', geometry="g")
    assert layer.geometry.tolist() == [shapely.from_wkt(expected)]


@pytest.mark.parametrize(
    "text",
    [
        '{""type"": ""Point""}',
        "<Point><coordinates>-70</coordinates></Point>",
        "<Point><coordinates></coordinates></Point>",
        "<Point><coordinates>west,south</coordinates></Point>",
        "<LineString><coordinates>-70,-33</coordinates></LineString>",
        "<Polygon><LinearRing><coordinates>0,0 1,1 1,0 0,0</coordinates></LinearRing></Polygon>",
    ],
)
def test_geojson_and_kml_that_cannot_be_read_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match="column 'g' is no WKT"):
        read(tmp_path / "t.csv", f'g\nPOINT (1 1)\n"{text}"\n', geometry="g")
