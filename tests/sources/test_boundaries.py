"""Districts and cells: one valid polygon an id, every resident read or refused."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS

from geoequity.errors import CRSError, DataError, DataWarning
from geoequity.sources.boundaries import read_cells, read_districts
from geoequity.sources.files import Record
from geoequity.sources.spec import CellsSpec, DistrictsSpec, Origin

UTM = "EPSG:32718"
EAST, NORTH = 500_000, 8_000_000


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(EAST + west, NORTH + south, EAST + east, NORTH + north)


ONE, TWO = box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000)


def frame(geometry: list[Any], crs: str | None = UTM, **columns: list[Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=crs)


def read_as_districts(
    folder: Path, layer: gpd.GeoDataFrame, *, crs: str = UTM, **options: Any
) -> tuple[gpd.GeoDataFrame, Record]:
    path = folder / "d.gpkg"
    layer.to_file(path)
    spec = DistrictsSpec(**{"path": path, "id": "id", **options})
    record = Record(name="districts", path=path, origin=Origin())
    return read_districts(spec, crs=crs, record=record), record


def read_as_cells(
    folder: Path,
    layer: gpd.GeoDataFrame,
    *,
    districts: gpd.GeoDataFrame | None = None,
    **options: Any,
) -> tuple[gpd.GeoDataFrame, Record]:
    path = folder / "c.gpkg"
    layer.to_file(path)
    spec = CellsSpec(**{"path": path, "id": "id", **options})
    record = Record(name="cells", path=path, origin=Origin())
    return read_cells(spec, crs=CRS(UTM), districts=districts, record=record), record


def make_districts(*names: str) -> gpd.GeoDataFrame:
    ids = [f"{n + 1:02}" for n in range(len(names))]
    index = pd.Index(ids, name="unit_id")
    return gpd.GeoDataFrame({"name": list(names)}, geometry=[ONE, TWO], crs=UTM, index=index)


# ----------------------------------------------------------------- districts
def test_districts_stand_by_id_with_name_and_area(tmp_path: Path) -> None:
    layer = frame([TWO, ONE], id=["02", "01"], label=["Peñón", None])
    districts, record = read_as_districts(tmp_path, layer, name="label")
    assert districts.index.tolist() == ["01", "02"]
    assert districts.index.name == "unit_id"
    assert districts["name"].tolist() == ["01", "Peñón"]  # a district without name goes by its id
    assert districts["area_m2"].tolist() == [1e6, 1e6]
    assert (record.rows_read, record.rows_kept) == (2, 2)


def test_numbers_that_are_ids_become_text(tmp_path: Path) -> None:
    districts, _ = read_as_districts(tmp_path, frame([ONE, TWO], id=[15.0, 7.0], n=[1, 2]))
    assert districts.index.tolist() == ["15", "7"]
    assert districts["name"].tolist() == ["15", "7"]


def test_names_in_capitals_may_be_shown_as_one_reads_them(tmp_path: Path) -> None:
    names = ["VILLA DEL PARQUE", "JUAN XXIII Y LA PEÑA"]
    layer = frame([ONE, TWO], id=["a", "b"], label=names)
    as_is, _ = read_as_districts(tmp_path, layer, name="label")
    assert as_is["name"].tolist() == names
    shown, _ = read_as_districts(tmp_path, layer, name="label", name_case="title")
    assert shown["name"].tolist() == ["Villa del Parque", "Juan XXIII y la Peña"]


def test_districts_may_have_ids_of_several_columns(tmp_path: Path) -> None:
    layer = frame([ONE, TWO], a=[1.0, 2.0], b=["x", "y"])
    districts, _ = read_as_districts(tmp_path, layer, id=("a", "b"), template="{:02d}{}")
    assert districts.index.tolist() == ["01x", "02y"]


def test_degrees_are_projected_to_the_local_zone(tmp_path: Path) -> None:
    layer = frame([ONE, TWO], id=["a", "b"]).to_crs("EPSG:4326")
    districts, _ = read_as_districts(tmp_path, layer, crs="auto")
    assert districts.crs == UTM
    assert districts.area.tolist() == pytest.approx([1e6, 1e6], rel=1e-6)


@pytest.mark.parametrize(
    ("crs", "fault"),
    [
        ("EPSG:4326", "coordinates are in degrees"),
        ("EPSG:2263", "coordinates are in US survey foot"),
        ("EPSG:5773", "no coordinates in the plane"),
        ("EPSG:4978", "no coordinates in the plane"),
        ("EPSG:3857", r"a metre of WGS 84 / Pseudo-Mercator is 0\.95 and 0\.95 m on the ground"),
        ("EPSG:6933", r"a metre of .* is \d\.\d+ and \d\.\d+ m on the ground"),
        ("hello", "'hello' is no CRS"),
    ],
)
def test_a_crs_without_true_metres_is_refused(tmp_path: Path, crs: str, fault: str) -> None:
    with pytest.raises(CRSError, match=rf"city\.crs: .*{fault}"):
        read_as_districts(tmp_path, frame([ONE], id=["a"]), crs=crs)


def test_a_district_far_from_the_crs_is_refused(tmp_path: Path) -> None:
    layer = frame([shapely.box(-75, -12, -74, -11)], crs="EPSG:4326", id=["a"])
    with pytest.raises((CRSError, DataError), match=r"on the ground here|none that can be, for a"):
        read_as_districts(tmp_path, layer, crs="EPSG:32630")


def test_a_crossed_ring_is_repaired_with_a_warning(tmp_path: Path) -> None:
    crossed = shapely.Polygon([*ONE.exterior.coords[:2], *ONE.exterior.coords[3:1:-1]])
    with pytest.warns(DataWarning, match=r"d\.gpkg: invalid rings repaired: a$"):
        districts, record = read_as_districts(tmp_path, frame([crossed, TWO], id=["a", "b"]))
    assert districts.is_valid.all()
    assert districts.loc["a", "area_m2"] == pytest.approx(0.5e6)  # two triangles of a quarter each
    assert record.counts["repaired"] == ["a"]


def test_a_sliver_is_dropped_with_a_warning(tmp_path: Path) -> None:
    layer = frame([ONE, TWO, box(2000, 0, 2001, 99)], id=["a", "b", "s"])
    with pytest.warns(DataWarning, match=r"d\.gpkg: slivers under 100 m2 dropped: s$"):
        districts, record = read_as_districts(tmp_path, layer)
    assert districts.index.tolist() == ["a", "b"]
    assert record.dropped == [{"reason": "smaller than 100 m2", "count": 1, "ids": ["s"]}]
    districts, _ = read_as_districts(tmp_path, layer, min_area_m2=99)
    assert len(districts) == 3


def test_districts_that_all_are_slivers_are_refused(tmp_path: Path) -> None:
    with (
        pytest.warns(DataWarning, match="slivers"),
        pytest.raises(DataError, match=r"d\.gpkg: every district is under 1e\+09 m2"),
    ):
        read_as_districts(tmp_path, frame([ONE], id=["a"]), min_area_m2=1e9)


@pytest.mark.parametrize(
    ("layer", "options", "fault"),
    [
        (frame([ONE], id=["a"]), {"id": "code"}, "no column 'code'; it has id, geometry"),
        (frame([ONE], id=["a"]), {"name": "label"}, "no column 'label'; it has id, geometry"),
        (frame([ONE, TWO], id=["a", None]), {}, "no id in rows 2"),
        (frame([ONE, TWO], id=["a", " "]), {}, "no id in rows 2"),
        (frame([ONE, None], id=["a", "b"]), {}, "no geometry, or none that can be, for b"),
        (frame([ONE, shapely.Polygon()], id=["a", "b"]), {}, "no geometry, .* for b"),
        (frame([ONE, TWO.centroid], id=["a", "b"]), {}, "no polygons but Point: b"),
        (frame([ONE, TWO], id=["a", "a"]), {}, "rows that differ share an id: a; .*duplicates"),
        (frame([ONE, ONE.buffer(1)], id=["a", "b"]), {}, "districts overlap: a and b .*overlaps ="),
    ],
)
def test_districts_that_break_the_contract_are_refused(
    tmp_path: Path, layer: gpd.GeoDataFrame, options: dict[str, str], fault: str
) -> None:
    with pytest.raises(DataError, match=rf"d\.gpkg: {fault}"):
        read_as_districts(tmp_path, layer, **options)


def test_a_ring_that_encloses_nothing_is_refused(tmp_path: Path) -> None:
    flat = shapely.Polygon([(EAST, NORTH), (EAST + 9, NORTH), (EAST, NORTH)])
    with (
        pytest.warns(DataWarning, match="repaired: b"),
        pytest.raises(DataError, match=r"none that can be, for b"),
    ):
        read_as_districts(tmp_path, frame([ONE, flat], id=["a", "b"]))


def test_identical_duplicates_are_dropped_with_a_warning(tmp_path: Path) -> None:
    with pytest.warns(DataWarning, match=r"d\.gpkg: identical duplicate rows dropped: a$"):
        districts, _ = read_as_districts(tmp_path, frame([ONE, TWO, ONE], id=["a", "b", "a"]))
    assert districts.index.tolist() == ["a", "b"]


def test_the_first_of_differing_rows_may_be_kept(tmp_path: Path) -> None:
    layer = frame([ONE, TWO, TWO], id=["a", "a", "b"])
    districts, record = read_as_districts(tmp_path, layer, duplicates="first")
    assert districts.area.tolist() == [1e6, 1e6]
    assert record.dropped == [{"reason": "later row of the same id", "count": 1, "ids": ["a"]}]


def test_rows_of_one_id_may_be_dissolved(tmp_path: Path) -> None:
    far, crossed = (
        box(5000, 0, 6000, 1000),
        shapely.Polygon([*TWO.exterior.coords[:2], *TWO.exterior.coords[3:1:-1]]),
    )
    layer = frame([ONE, far, crossed], id=["a", "b", "a"], label=["A", "B", "A"])
    with pytest.warns(DataWarning, match=r"repaired|d\.gpkg: rows of one id dissolved: a"):
        districts, _ = read_as_districts(tmp_path, layer, duplicates="dissolve", name="label")
    assert districts["name"].to_dict() == {"a": "A", "b": "B"}
    assert districts["area_m2"].tolist() == pytest.approx([1.5e6, 1e6])
    assert districts.index.name == "unit_id"


def test_rows_that_disagree_are_not_dissolved(tmp_path: Path) -> None:
    layer = frame([ONE, TWO], id=["a", "a"], label=["A", "B"])
    with pytest.raises(DataError, match=r"d\.gpkg: rows of one id differ in 'label', .*: a"):
        read_as_districts(tmp_path, layer, duplicates="dissolve", name="label")


@pytest.mark.parametrize("overlaps", ["largest", "split"])
def test_overlaps_may_be_declared(tmp_path: Path, overlaps: str) -> None:
    layer = frame([ONE, box(900, 0, 2000, 1000)], id=["a", "b"])
    districts, _ = read_as_districts(tmp_path, layer, overlaps=overlaps)
    assert len(districts) == 2


def test_an_overlap_of_a_digitising_error_passes(tmp_path: Path) -> None:
    layer = frame([ONE, box(999.5, 0, 2000, 1000)], id=["a", "b"])  # 0.05 % of the area
    assert len(read_as_districts(tmp_path, layer)[0]) == 2


# --------------------------------------------------------------------- cells
def make_cells(**columns: list[Any]) -> gpd.GeoDataFrame:
    return frame([ONE, TWO], **{"id": ["01", "02"], **columns})


def test_cells_carry_their_counts(tmp_path: Path) -> None:
    layer = make_cells(pop=["1200", ""], homes=[400, 7], kids=[0, 3])
    cells, _ = read_as_cells(
        tmp_path,
        layer,
        population="pop",
        bases={"households": "homes"},
        groups={"children": "kids"},
    )
    assert cells.index.tolist() == ["01", "02"]
    assert cells.loc["01", "population"] == 1200
    assert np.isnan(cells.loc["02", "population"])  # unknown, not zero
    assert cells["households"].tolist() == [400, 7]
    assert cells["children"].tolist() == [0, 3]
    assert cells["parent"].isna().all()


def test_cells_may_have_ids_of_several_columns(tmp_path: Path) -> None:
    layer = make_cells(a=[1.0, 12.0], b=["x", "y"])
    cells, _ = read_as_cells(tmp_path, layer, id=("a", "b"), template="{:03.0f}-{}")
    assert cells.index.tolist() == ["001-x", "012-y"]


def test_parents_are_ids_or_names_in_any_case(tmp_path: Path) -> None:
    districts = make_districts("Peñón", "São Vicente")
    cells, _ = read_as_cells(
        tmp_path, make_cells(of=["01", "SAO  VICENTE"]), district="of", districts=districts
    )
    assert cells["parent"].tolist() == ["01", "02"]


def test_a_parent_that_is_no_district_is_told(tmp_path: Path) -> None:
    layer = make_cells(of=["01", "Atlantis"])
    with pytest.warns(DataWarning, match=r"c\.gpkg: 'of' names no district.*: Atlantis"):
        cells, _ = read_as_cells(
            tmp_path, layer, district="of", districts=make_districts("Peñón", "Alto")
        )
    assert cells["parent"].tolist() == ["01", None]


def test_a_name_that_two_districts_share_names_neither(tmp_path: Path) -> None:
    layer = make_cells(of=["01", "Centro"])
    with pytest.warns(DataWarning, match="names no district.*: Centro"):
        cells, _ = read_as_cells(
            tmp_path, layer, district="of", districts=make_districts("Centro", "CENTRO")
        )
    assert cells["parent"].tolist() == ["01", None]


def test_all_faults_of_counts_are_named_at_once(tmp_path: Path) -> None:
    layer = make_cells(pop=[-1, 5], homes=["many", "7"])
    with pytest.raises(DataError, match=r"'homes' holds text that is no number \(many\)") as told:
        read_as_cells(tmp_path, layer, population="pop", bases={"households": "homes"})
    assert "column 'pop': negative or infinite: 01" in str(told.value)
    assert set(told.value.ids) == {"01"}


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"population": "people"}, "no column 'people'; it has id, geometry"),
        ({"district": "of"}, "no column 'of'"),
        ({"bases": {"jobs": "work"}}, "no column 'work'"),
    ],
)
def test_columns_of_cells_that_are_absent_are_named(
    tmp_path: Path, options: dict[str, Any], fault: str
) -> None:
    with pytest.raises(DataError, match=rf"c\.gpkg: {fault}"):
        read_as_cells(tmp_path, make_cells(), **options)


def test_cells_that_lie_elsewhere_are_refused_whatever_they_name(tmp_path: Path) -> None:
    layer = frame([box(9e4, 0, 9.1e4, 1000)], id=["x"], of=["01"])
    with pytest.raises(DataError, match=r"c\.gpkg: cells and districts do not overlap"):
        read_as_cells(tmp_path, layer, district="of", districts=make_districts("a", "b"))


def test_cells_are_dissolved_if_their_counts_agree(tmp_path: Path) -> None:
    layer = frame([ONE, TWO], id=["x", "x"], pop=[7, 7], homes=[1, 2])
    with pytest.warns(DataWarning, match="dissolved: x"):
        cells, _ = read_as_cells(tmp_path, layer, population="pop", duplicates="dissolve")
    assert cells["population"].tolist() == [7]  # counted once
    assert cells["area_m2"].tolist() == [2e6]
    with pytest.raises(
        DataError, match=r"rows of one id differ in 'homes', cannot be dissolved: x"
    ):
        read_as_cells(tmp_path, layer, population="homes", duplicates="dissolve")


def test_cells_without_districts_are_still_checked(tmp_path: Path) -> None:
    cells, _ = read_as_cells(tmp_path, make_cells(of=["7", "8"]), district="of", districts=None)
    assert cells["parent"].tolist() == ["7", "8"]
