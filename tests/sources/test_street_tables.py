"""Streets from a table of edges."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from pyproj import CRS

from geoequity.errors import DataError
from geoequity.sources.files import Record
from geoequity.sources.spec import Origin, StreetsSpec
from geoequity.sources.streets import read_streets
from geoequity.streets import StreetNetwork

UTM = CRS("EPSG:32718")
EAST, NORTH = 500_000, 8_000_000
AREA = shapely.box(EAST, NORTH, EAST + 1000, NORTH + 1000)


def line(*points: tuple[float, float]) -> str:
    return shapely.LineString([(EAST + x, NORTH + y) for x, y in points]).wkt


ROWS = [
    ("a", "b", line((0, 0), (100, 0)), 100),
    ("b", "c", line((100, 0), (100, 100)), 100),
    ("c", "d", line((100, 100), (100, 5000)), 4900),
]


def read(
    path: Path, rows: list[tuple[str, str, str, Any]], **options: Any
) -> tuple[gpd.GeoDataFrame, Record]:
    lines = ["u|v|wkt|m", *("|".join(str(one) for one in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    spec = StreetsSpec(path=path, separator="|", geometry="wkt", crs="EPSG:32718", **options)
    record = Record(name="streets", path=path, origin=Origin())
    return read_streets(spec, crs=UTM, study_area=AREA, record=record), record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.csv"


def test_edges_have_nodes_and_measured_lengths(path: Path) -> None:
    streets, record = read(path, ROWS)
    assert streets.index.tolist() == ["edge/1", "edge/2", "edge/3"]
    assert streets.index.name == "edge_id"
    assert streets["length_m"].tolist() == pytest.approx([100, 100, 4900])
    assert streets["to_node"].tolist()[:2] == streets["from_node"].tolist()[1:]
    assert (record.rows_read, record.rows_kept) == (3, 3)
    StreetNetwork.from_edges(streets)


def test_declared_lengths_are_taken(path: Path) -> None:
    rows = [(*row[:3], 1.1 * row[3]) for row in ROWS]
    streets, _ = read(path, rows, length="m")
    assert streets["length_m"].tolist() == pytest.approx([110, 110, 5390])


def test_edges_far_away_are_left_out(path: Path) -> None:
    rows = [*ROWS, ("x", "y", line((9000, 0), (9100, 0)), 100)]
    streets, record = read(path, rows)
    assert len(streets) == 3
    assert record.dropped == [
        {"reason": "outside the study area and its buffer", "count": 1, "ids": ["edge/4"]}
    ]
    with pytest.raises(DataError, match=r"s\.csv: no street lies in the study area"):
        read(path, rows[3:])


def test_lines_in_parts_are_joined(path: Path) -> None:
    parts = shapely.MultiLineString([shapely.from_wkt(ROWS[0][2]), shapely.from_wkt(ROWS[1][2])])
    streets, _ = read(path, [("a", "c", parts.wkt, 200)])
    assert streets["length_m"].tolist() == [200]


@pytest.mark.parametrize(
    ("row", "options", "fault"),
    [
        (("a", "b", "POINT (500000 8000000)", 1), {}, "no line in rows 1"),
        (("a", "b", "", 1), {}, "no line in rows 1"),
        (("a", "", ROWS[0][2], 100), {}, "no node at an end in rows 1"),
        (("a", "b", ROWS[0][2], 0), {"length": "m"}, "length is not positive in rows 1"),
        (("a", "b", ROWS[0][2], ""), {"length": "m"}, "length is not positive in rows 1"),
        (("a", "b", ROWS[0][2], "x"), {"length": "m"}, r"'m' holds text .*\(x\)"),
        (("a", "b", ROWS[0][2], 0.1), {"length": "m"}, "column 'm' is not in metres"),
        (("a", "b", ROWS[0][2], 100), {"u": "from"}, "no column 'from'; it has u, v, m"),
        (("a", "b", ROWS[0][2], 100), {"length": "metres"}, "no column 'metres'"),
        (("a", "a", ROWS[0][2], 100), {}, "a node of u, v stands elsewhere too in rows 1"),
    ],
)
def test_tables_that_are_no_streets_are_refused(
    path: Path, row: tuple[str, str, str, Any], options: dict[str, str], fault: str
) -> None:
    with pytest.raises(DataError, match=rf"s\.csv: .*{fault}"):
        read(path, [row], **options)


def test_all_faults_of_the_streets_are_named_at_once(path: Path) -> None:
    rows = [(*ROWS[0][:3], -1), ("b", "", *ROWS[1][2:]), ("c", "d", "POINT (1 1)", 1)]
    with pytest.raises(DataError, match=r"no line in rows 3; no node .* 2; .*positive in rows 1"):
        read(path, rows, length="m")


def test_a_line_that_runs_against_its_nodes_is_refused(path: Path) -> None:
    rows = [*ROWS, ("b", "a", ROWS[0][2], 100)]
    with pytest.raises(DataError, match=r"s\.csv: a node of u, v stands elsewhere too in rows 4"):
        read(path, rows)


def test_without_districts_all_streets_are_read(path: Path) -> None:
    read(path, ROWS)
    spec = StreetsSpec(path=path, separator="|", geometry="wkt", crs="EPSG:32718")
    record = Record(name="streets", path=path, origin=Origin())
    assert len(read_streets(spec, crs=UTM, study_area=None, record=record)) == 3
