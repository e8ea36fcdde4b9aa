"""Reading cells of the mobile network: with and without header, compressed or not, and faults."""

import gzip
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pydantic import TypeAdapter, ValidationError
from pyproj import CRS

from geoequity import schema
from geoequity.errors import DataError, DataWarning, SourceError
from geoequity.sources import towers
from geoequity.sources.files import Record
from geoequity.sources.spec import Connectivity, Origin, TilesSpec, TowersSpec

METRES = CRS("EPSG:32619")
HEADER = (
    "radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,averageSignal"
)
ROWS = [
    "LTE,330,110,30001,1,-1,-66.05,18.40,1000,5,1,1459692342,1488347104,0",
    "GSM,330,110,30001,2,-1,-66.06,18.41,1000,5,1,1459692342,1488347104,0",
    "LTE,330,120,30001,1,-1,-66.30,18.40,1000,5,1,1459692342,1488347104,0",
    "UMTS,716,6,1,1,-1,-77.0,-12.0,1000,5,1,1459692342,1488347104,0",
]


def districts():
    """One district of some five kilometres round the first two cells."""
    shape = gpd.GeoSeries([shapely.box(-66.055, 18.38, -66.02, 18.42)], crs="EPSG:4326")
    layer = gpd.GeoDataFrame({"name": ["Centro"]}, geometry=shape.to_crs(METRES).to_numpy())
    return layer.set_crs(METRES).set_axis(pd.Index(["d1"]))


def read(path, **options):
    spec = TowersSpec(kind="towers", path=path, **options)
    record = Record(name="connectivity.towers", path=Path(path), origin=Origin())
    area = districts().union_all().buffer(2000)
    places = {"districts": districts(), "study_area": area}
    return towers.read_towers(spec, crs=METRES, record=record, **places), record


def write(folder, rows, *, name="cells.csv", header=True):
    text = "\n".join([HEADER, *rows] if header else rows) + "\n"
    if name.endswith(".gz"):
        (folder / name).write_bytes(gzip.compress(text.encode()))
    else:
        (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("name", ["cells.csv", "330.csv.gz"])
def test_cells_near_the_districts_become_services(tmp_path, name, header):
    services, record = read(write(tmp_path, ROWS, name=name, header=header))
    schema.check_services(services)
    assert services.index.tolist() == [
        "connectivity.towers/LTE-330-110-30001-1",
        "connectivity.towers/GSM-330-110-30001-2",
    ]
    assert services["name"].tolist() == ["LTE", "GSM"]
    assert set(services["category"]) == {"tower"}
    assert services["capacity"].isna().all()
    place = services.to_crs("EPSG:4326").geometry.iloc[0]
    assert (place.x, place.y) == pytest.approx((-66.05, 18.40), abs=1e-7)
    assert (record.rows_read, record.rows_kept) == (4, 2)
    assert record.counts == {"rows_outside": 2, "inside_districts": 1}


def test_a_technology_may_be_chosen(tmp_path):
    services, _ = read(write(tmp_path, ROWS), where={"radio": ["LTE", "NR"]})
    assert services["name"].tolist() == ["LTE"]
    with pytest.raises(DataError, match="no column tech"):
        read(write(tmp_path, ROWS), where={"tech": "LTE"})


def test_a_list_is_read_piece_by_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(towers, "_CHUNK_ROWS", 1)
    services, record = read(write(tmp_path, ROWS))
    assert (len(services), record.rows_read) == (2, 4)
    with pytest.raises(DataError, match="longitude or latitude in rows 5"):
        read(write(tmp_path, [*ROWS, ROWS[0].replace("-66.05", "x")]))


def test_repeated_cells_are_dropped_if_identical_and_refused_if_not(tmp_path):
    with pytest.warns(DataWarning, match="identical duplicate rows dropped: LTE-330-110-30001-1"):
        services, _ = read(write(tmp_path, [*ROWS, ROWS[0]]))
    assert len(services) == 2
    moved = ROWS[0].replace("18.40", "18.41")
    with pytest.raises(DataError, match="share an id: LTE-330-110-30001-1"):
        read(write(tmp_path, [*ROWS, moved]))
    assert len(read(write(tmp_path, [*ROWS, moved]), duplicates="first")[0]) == 2


@pytest.mark.parametrize("wrong", ["x", "", "181", "-66,05"])
def test_coordinates_that_are_nowhere_are_refused(tmp_path, wrong):
    row = ROWS[1].split(",")
    row[6] = f'"{wrong}"'
    with pytest.raises(DataError, match=r"longitude or latitude in rows 2$") as caught:
        read(write(tmp_path, [ROWS[0], ",".join(row)]))
    assert caught.value.ids == (2,)


def test_a_city_without_any_cell_is_told(tmp_path):
    with pytest.warns(DataWarning, match="no row lies near the districts"):
        services, _ = read(write(tmp_path, ROWS[3:]))
    assert services.empty
    schema.check_services(services)


def test_what_is_no_list_of_cells_is_refused(tmp_path):
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    with pytest.raises(SourceError, match="table is empty"):
        read(empty)
    with pytest.raises(SourceError, match="table is empty"):
        read(write(tmp_path, []))
    short = tmp_path / "short.csv"
    short.write_text("radio,mcc\nLTE,330\n")
    with pytest.raises(DataError, match="no column net, area, cell, lon, lat; it has radio, mcc"):
        read(short)
    broken = write(tmp_path, ROWS * 99, name="broken.csv.gz")
    broken.write_bytes(broken.read_bytes()[:-40])
    with pytest.raises(SourceError, match="cannot be read as a list of cells"):
        read(broken)


def test_the_kind_of_connectivity_decides_how_a_block_is_read():
    block = TypeAdapter(Connectivity)
    assert isinstance(block.validate_python({"kind": "towers", "path": "a.csv"}), TowersSpec)
    tiles = block.validate_python({"kind": "ookla_fixed", "path": "a.csv", "min_tests": 50})
    assert isinstance(tiles, TilesSpec)
    assert tiles.min_tests == 50
    with pytest.raises(ValidationError, match="towers"):
        block.validate_python({"kind": "satellite", "path": "a.csv"})
