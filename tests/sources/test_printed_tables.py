"""Files made to be read by people: titles, merged cells, capitals, coordinates back to front."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import geoequity as ge
from geoequity.errors import ConfigError, DataError, SourceError
from geoequity.sources.boundaries import read_districts, titled
from geoequity.sources.files import Record, read_table
from geoequity.sources.layers import read_layer
from geoequity.sources.spec import DistrictsSpec, FileSpec, Origin, TableSpec

UTM = "EPSG:32718"


def spec_of(path: Path, **options: Any) -> tuple[FileSpec, Record]:
    return FileSpec(path=path, **options), Record(name="t", path=path, origin=Origin())


def read(path: Path, **options: Any) -> pd.DataFrame:
    spec, record = spec_of(path, **options)
    return read_table(spec, record=record)


# ------------------------------------------------------------ header and fill
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_titles_above_the_header_are_cut_off(tmp_path: Path, line_end: str) -> None:
    path = tmp_path / "t.csv"
    lines = ["Population; in one cell", "", "id,n", "01,5", "02,7"]
    path.write_bytes(line_end.join(lines).encode())
    table = read(path, header=3)
    assert table.columns.tolist() == ["id", "n"]
    assert table["n"].tolist() == ["5", "7"]
    assert table.index.tolist() == [1, 2]  # the first row under the header is 1


def test_a_header_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,n\n01,5\n")
    with pytest.raises(SourceError, match=r"t\.csv: has no row 3 for its header"):
        read(path, header=3)
    assert len(read(path, header=1)) == 1


def printed_book(path: Path) -> Path:
    rows = [
        ["Population by age", None, None, None],
        [None, None, None, None],
        ["District", "Sex", "Age", 2025],
        ["Alto", "Both", "0-14", 1],
        [None, None, "15+", 2],
        [None, "Men", "0-14", 4],
        ["Bajo", "Both", "0-14", 8],
        [" ", None, "15+", 16],
    ]
    pd.DataFrame(rows).to_excel(path, header=False, index=False)
    return path


def test_merged_cells_of_a_workbook_speak_for_the_rows_below(tmp_path: Path) -> None:
    path = printed_book(tmp_path / "t.xlsx")
    table = read(path, header=3, fill=["District", "Sex"], where={"Sex": "Both"})
    assert table["District"].tolist() == ["Alto", "Alto", "Bajo", "Bajo"]
    assert table["2025"].tolist() == [1, 2, 8, 16]  # a year is a number there, a name here


def test_blanks_stay_blank_unless_declared(tmp_path: Path) -> None:
    table = read(printed_book(tmp_path / "t.xlsx"), header=3)
    assert table["District"].isna().sum() == 2  # a cell with a blank in it is no gap


def test_blanks_above_the_first_value_stay_unknown(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,n\n,1\nA,2\n,3\n")
    assert read(path, fill=["id"])["id"].fillna("-").tolist() == ["-", "A", "A"]


def test_a_column_to_fill_has_to_be_there(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,n\nA,2\n")
    with pytest.raises(DataError, match="no column 'name'"):
        read(path, fill=["name"])


# ----------------------------------------------------------------- coordinates
@pytest.mark.parametrize(
    ("text", "order"), [("(-75.5, 6.25)", "xy"), ("(6.25, -75.5)", "yx"), ("6.25 -75.5", "yx")]
)
def test_a_pair_may_put_the_latitude_first(tmp_path: Path, text: str, order: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f'id,place\n1,"{text}"\n2,\n')
    spec, record = spec_of(path, geometry="place", pair=order)
    layer = read_layer(spec, record=record)
    assert layer.geometry.iloc[0] == shapely.Point(-75.5, 6.25)
    assert layer.geometry.iloc[1] is None


# ----------------------------------------------------------------------- names
@pytest.mark.parametrize(
    ("capitals", "name"),
    [
        ("VILLA GRAL. MITRE", "Villa Gral. Mitre"),
        ("VILLA DEL PARQUE", "Villa del Parque"),
        ("LA BOCA", "La Boca"),
        ("SAN JOSÉ DE MAIPO", "San José de Maipo"),
        ("ÑUÑOA", "Ñuñoa"),
        ("LO BARNECHEA Y LA REINA", "Lo Barnechea y la Reina"),
        (
            "SANTANA DO PARNAÍBA E SÃO PAULO DAS FLORES",
            "Santana do Parnaíba e São Paulo das Flores",
        ),
        ("BERNARDO O'HIGGINS", "Bernardo O'Higgins"),
        ("LAURELES-ESTADIO", "Laureles-Estadio"),
        ("PARQUE XII", "Parque XII"),
        ("1RA AMPLIACIÓN", "1ra Ampliación"),
        ("Palermo", "Palermo"),
        ("", ""),
    ],
)
def test_names_in_capitals_are_written_as_one_reads_them(capitals: str, name: str) -> None:
    assert titled(capitals) == name


@given(st.text(alphabet="ABCÇDEÑOÃÉ .-'", max_size=30))
def test_titles_keep_every_letter_and_settle(capitals: str) -> None:
    once = titled(capitals)
    assert once.casefold() == capitals.casefold()
    assert titled(once) == once


def write_districts(folder: Path, **columns: list[str]) -> Path:
    squares = [shapely.box(500_000 + x, 8e6, 501_000 + x, 8e6 + 1000) for x in (0, 1000)]
    gpd.GeoDataFrame(columns, geometry=squares, crs=UTM).to_file(folder / "d.gpkg")
    return folder / "d.gpkg"


@pytest.mark.parametrize(
    ("option", "names"),
    [({}, ["LA BOCA", "LAS CAÑAS"]), ({"name_case": "title"}, ["La Boca", "Las Cañas"])],
)
def test_ids_stay_when_names_change(
    tmp_path: Path, option: dict[str, str], names: list[str]
) -> None:
    path = write_districts(tmp_path, barrio=["LA BOCA", "LAS CAÑAS"])
    spec = DistrictsSpec(path=path, id="barrio", **option)
    districts = read_districts(spec, crs=UTM, record=spec_of(path)[1])
    assert districts["name"].tolist() == names
    assert districts.index.tolist() == ["LA BOCA", "LAS CAÑAS"]


def test_several_columns_make_the_id_of_a_district(tmp_path: Path) -> None:
    path = write_districts(tmp_path, town=["A", "B"], barrio=["Centro", "Centro"])
    spec = DistrictsSpec(path=path, id=["town", "barrio"], template="{} · {}", name="barrio")
    districts = read_districts(spec, crs=UTM, record=spec_of(path)[1])
    assert districts.index.tolist() == ["A · Centro", "B · Centro"]
    assert districts["name"].tolist() == ["Centro", "Centro"]


# ------------------------------------------------------- people out of a table
def test_a_table_may_count_the_people_of_districts(make_city: Callable[..., Path]) -> None:
    people = {"path": "people.csv", "key": "id", "duplicates": "sum"}
    people["columns"] = {"population": {"column": "n", "unit": "count"}}
    file = make_city(cells=None, tables=[people])
    # 01 in two age groups, 04 without a row
    (file.parent / "people.csv").write_text("id,n\n01,100\n01,50\n02,200\n03,0\n")
    with pytest.warns(ge.errors.DataWarning, match="no row for units: 04"):
        study = ge.assess(ge.City.from_toml(file))
    assert study.districts["population"].fillna(-1).tolist() == [150, 200, 0, -1]
    assert study.summary["population"]["total"] == 350
    assert "population" not in study.indicators.columns
    reasons = study.summary["districts"]["04"]["reasons"]
    assert "district_no_population" in {one["id"] for one in reasons}


def test_people_counted_by_the_cells_are_not_counted_again(make_city: Callable[..., Path]) -> None:
    people = {"path": "people.csv", "key": "id"}
    people["columns"] = {"population": {"column": "n", "unit": "count"}}
    file = make_city(tables=[people])
    (file.parent / "people.csv").write_text("id,n\n01,100\n")
    with pytest.raises(ConfigError, match=r"columns\.population: the cells count it already"):
        ge.City.from_toml(file)


@pytest.mark.parametrize("unit", ["value", "share", "percent"])
def test_people_are_a_count(unit: str) -> None:
    columns = {"population": {"column": "n", "unit": unit}}
    with pytest.raises(ValidationError, match=r'population: what .* needs unit = "count"'):
        TableSpec(path=Path("t.csv"), key="id", columns=columns)
