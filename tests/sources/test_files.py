"""Tables of any kind: read whole, or refused by name."""

import json
import re
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoequity.errors import ConfigError, DataError, DataWarning, SourceError
from geoequity.sources import files
from geoequity.sources.files import (
    Record,
    all_of,
    column_of,
    drop_repeated,
    gather,
    keys,
    numbers,
    plain_name,
    read_table,
    sha256,
    text_ids,
)
from geoequity.sources.spec import CellsSpec, FileSpec, Origin

SPEC = FileSpec(path=Path("file.csv"))


def make_record(path: Path = SPEC.path) -> Record:
    return Record(name="tables.0", path=path, origin=Origin())


def read(path: Path, **options: Any) -> pd.DataFrame:
    return read_table(FileSpec(path=path, **options), record=make_record(path))


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def layer(**columns: list[Any]) -> gpd.GeoDataFrame:
    length = len(next(iter(columns.values())))
    squares = [shapely.box(n, 0, n + 1, 1) for n in range(length)]
    return gpd.GeoDataFrame(columns, geometry=squares, crs="EPSG:4326")


# --------------------------------------------------------------------- text
def test_ids_in_text_keep_their_zeros(tmp_path: Path) -> None:
    table = read(write(tmp_path / "t.csv", "id,n\n01,5\n02,6\n"))
    assert table["id"].tolist() == ["01", "02"]
    assert table.index.tolist() == [1, 2]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "id,n\n1,2\n", "utf-8-sig")
    assert read(path).columns.tolist() == ["id", "n"]
    assert read(path, encoding="UTF-8").columns.tolist() == ["id", "n"]


def test_quotes_hold_separators_line_breaks_and_quotes(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'id,name\n1,"Bar, ""X"" y\nCía"\n2,12" tubo\n')
    assert read(path)["name"].tolist() == ['Bar, "X" y\nCía', '12" tubo']


@pytest.mark.parametrize(
    ("name", "text", "options"),
    [
        ("t.csv", "id;n\na;1\n", {"separator": ";"}),
        ("t.tsv", "id\tn\na\t1\n", {}),
        ("t.txt", "id|n\r\na|1\r\n", {"separator": "|"}),
        ("T.CSV", "id,n\n\na,1\n\n", {}),
    ],
)
def test_separators_line_ends_and_blank_lines_are_read(
    tmp_path: Path, name: str, text: str, options: dict[str, str]
) -> None:
    assert read(write(tmp_path / name, text), **options).to_numpy().tolist() == [["a", "1"]]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16"])
def test_a_declared_encoding_is_used(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "t.csv", "name\nPeñón\n", encoding)
    assert read(path, encoding=encoding)["name"].tolist() == ["Peñón"]


def test_latin_1_read_as_utf_8_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "name\nPeñón\n", "latin-1")
    with pytest.raises(SourceError, match=r't\.csv: not utf-8 text .*encoding = "latin-1"'):
        read(path)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_utf_8_declared_as_another_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "t.csv", "name\nPeñón\n")
    with pytest.raises(SourceError, match=r"t\.csv: is UTF-8 text, but the city file declares"):
        read(path, encoding=encoding)


def test_plain_ascii_may_be_declared_as_anything(tmp_path: Path) -> None:
    assert read(write(tmp_path / "t.csv", "name\nx\n"), encoding="latin-1").shape == (1, 1)


def test_an_encoding_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no encoding is called 'klingon'"):
        read(write(tmp_path / "t.csv", "a\n1\n"), encoding="klingon")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "No columns to parse"),
        ("id,n\n", "the layer or table is empty"),
        ("id,n\na,1\nb\n", "rows 2 have more or fewer fields, separated by ',', than"),
        ('id,name,n\n1,"x, y",2\n3,"u\n, v"\n', "rows 2 have more or fewer fields"),
        ("id,n\na,1\n\nb,2,3\n", "rows 2 have more or fewer fields"),
        ("id,n\na,1,2\nb,2,3\n", "rows 1, 2 have more or fewer fields"),
        ('id,n\na,"1\nb,2\n', "EOF inside string"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(SourceError, match=rf"t\.csv: .*({fault})"):
        read(write(tmp_path / "t.csv", text))


def test_titles_above_the_header_are_passed_over(tmp_path: Path) -> None:
    text = "Cuadro 1;;\r\n;\r\nid;2020\r\na;1\r\n"
    path = write(tmp_path / "t.csv", text)
    table = read(path, separator=";", header=3)
    assert table.columns.tolist() == ["id", "2020"]
    assert table.index.tolist() == [1]
    with pytest.raises(SourceError, match=r"t\.csv: has no row 9 for its header"):
        read(path, separator=";", header=9)
    rows = [["Cuadro 1", None], ["id", 2020], ["a", 1]]
    pd.DataFrame(rows).to_excel(tmp_path / "t.xlsx", index=False, header=False)
    table = read(tmp_path / "t.xlsx", header=2)
    assert table.columns.tolist() == ["id", "2020"]  # a year that stands as a number
    assert table.index.tolist() == [1]


def test_blanks_of_merged_cells_repeat_the_value_above(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "id,n\na,1\n,2\n b ,3\n ,4\n")
    table = read(path, fill=["id"])
    assert text_ids(table["id"]).tolist() == ["a", "a", "b", "b"]
    with pytest.raises(DataError, match=r"t\.csv: no column 'x'; it has id, n"):
        read(path, fill=["x"])


def test_a_column_that_stands_twice_is_not_guessed(tmp_path: Path) -> None:
    table = read(write(tmp_path / "t.csv", "id,n,n\na,1,2\n"))
    with pytest.raises(DataError, match=r"no column 'n'; it has id, n \(1\), n \(2\)"):
        column_of(table, "n", path=Path("t.csv"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.csv: No such file"):
        read(tmp_path / "gone.csv")


# ----------------------------------------------------------------- workbooks
def test_cells_of_a_workbook_are_as_typed(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    rows = {"id": ["01", "02"], "n": [1.5, None], "text": ["NA", " x "], "m": [7, "s/d"]}
    pd.DataFrame(rows).to_excel(path, index=False)
    table = read(path)
    assert table["id"].tolist() == ["01", "02"]
    assert text_ids(table["text"]).tolist() == ["NA", "x"]
    assert numbers(table["n"], spec=SPEC).fillna(-1).tolist() == [1.5, -1]
    marks = FileSpec(path=path, decimal=",", thousands=".", missing=("s/d",))
    assert numbers(table["m"], spec=marks).fillna(-1).tolist() == [7, -1]


def test_numbers_of_a_workbook_are_not_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    pd.DataFrame({"n": [12.5, "1.250,5"]}).to_excel(path, index=False)
    marks = FileSpec(path=path, decimal=",", thousands=".")
    assert numbers(read(path)["n"], spec=marks).tolist() == [12.5, 1250.5]


def test_a_sheet_is_chosen_by_name(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"a": [1]}).to_excel(book, sheet_name="notes", index=False)
        pd.DataFrame({"b": [2]}).to_excel(book, sheet_name="data", index=False)
    assert read(path, layer="data").columns.tolist() == ["b"]
    with pytest.raises(SourceError, match=r"t\.xlsx: .*'other' not found"):
        read(path, layer="other")


def spoilt_book(path: Path, member: str, change: Callable[[bytes], bytes]) -> None:
    """Write a workbook one of whose parts is damaged."""
    pd.DataFrame({"a": [1]}).to_excel(path)
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, change(content) if member in name else content)


@pytest.mark.parametrize(
    ("member", "change"),
    [
        ("sheet1.xml", lambda content: content[: len(content) // 2]),
        ("workbook.xml", lambda _: b"<workbook/>"),
        ("workbook.xml", lambda _: b""),
        ("styles.xml", lambda content: content[:100]),
        ("Content_Types", lambda _: b"<Types/>"),
    ],
)
def test_a_damaged_workbook_is_refused(
    tmp_path: Path, member: str, change: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "t.xlsx"
    spoilt_book(path, member, change)
    with pytest.raises(SourceError, match=r"t\.xlsx: cannot be read as a workbook"):
        read(path)


def test_a_workbook_with_a_bad_byte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    pd.DataFrame({"a": range(99)}).to_excel(path)
    with zipfile.ZipFile(path) as book:
        start = book.getinfo("xl/worksheets/sheet1.xml").header_offset
    content = bytearray(path.read_bytes())
    content[start + 60 : start + 90] = b"\xff" * 30
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"t\.xlsx: cannot be read as a workbook"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04nonsense"])
def test_bytes_that_are_no_workbook_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.xlsx").write_bytes(content)
    with pytest.raises(SourceError, match=r"t\.xlsx: cannot be read as a workbook"):
        read(tmp_path / "t.xlsx")


# ------------------------------------------------------------------- parquet
def test_parquet_is_read_with_and_without_geometry(tmp_path: Path) -> None:
    frame = layer(id=["01", "02"])
    frame.to_parquet(tmp_path / "geo.parquet")
    pd.DataFrame({"id": ["01"]}).to_parquet(tmp_path / "plain.parquet")
    assert isinstance(read(tmp_path / "geo.parquet"), gpd.GeoDataFrame)
    assert read(tmp_path / "plain.parquet")["id"].tolist() == ["01"]


def test_the_index_of_parquet_is_a_column_like_others(tmp_path: Path) -> None:
    frame = layer(name=["x", "y"]).set_index(pd.Index(["b", "a"], name="unit_id"))
    frame.to_parquet(tmp_path / "t.parquet")
    table = read(tmp_path / "t.parquet")
    assert table["unit_id"].tolist() == ["b", "a"]
    assert table.index.tolist() == [1, 2]


def test_parquet_that_is_none_is_refused(tmp_path: Path) -> None:
    frame = layer(id=["01", "02"])
    frame.to_parquet(tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    for content in (b"", b"hello", b"PAR1xxxxPAR1", whole[: len(whole) // 2]):
        (tmp_path / "t.parquet").write_bytes(content)
        with pytest.raises(SourceError, match=r"t\.parquet: cannot be read as Parquet"):
            read(tmp_path / "t.parquet")


# ----------------------------------------------------------------- GIS files
@pytest.mark.parametrize("name", ["t.geojson", "t.gpkg", "t.shp", "t.fgb"])
def test_gis_files_are_read(tmp_path: Path, name: str) -> None:
    layer(id=["01", "02"]).to_file(tmp_path / name)
    assert sorted(read(tmp_path / name)["id"]) == ["01", "02"]


def test_one_of_several_layers_has_to_be_named(tmp_path: Path) -> None:
    path = tmp_path / "t.gpkg"
    layer(a=[1]).to_file(path, layer="one")
    layer(b=[2]).to_file(path, layer="two")
    with pytest.raises(SourceError, match=r"t\.gpkg: holds layers one, two; name one"):
        read(path)
    assert "b" in read(path, layer="two").columns
    with pytest.raises(SourceError, match=r"t\.gpkg: cannot be read: .*'three'"):
        read(path, layer="three")


def zipped(folder: Path, name: str, inner: str, *stems: str) -> Path:
    """Write a zip with shapefiles in a folder of it."""
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        for stem in stems:
            layer(**{stem: ["01"]}).to_file(folder / f"{stem}.shp")
            for part in folder.glob(f"{stem}.*"):
                archive.write(part, f"{inner}{part.name}")
        archive.writestr("__MACOSX/._x.shp", "")
        archive.writestr("readme.txt", "terms")
    return path


@pytest.mark.parametrize("inner", ["", "deep/er/"])
def test_a_shapefile_is_found_anywhere_in_a_zip(tmp_path: Path, inner: str) -> None:
    path = zipped(tmp_path, "t.zip", inner, "only")
    assert read(path)["only"].tolist() == ["01"]
    assert read(path, layer="only")["only"].tolist() == ["01"]


@pytest.mark.parametrize("inner", ["", "deep/"])
def test_one_of_several_shapefiles_in_a_zip_has_to_be_named(tmp_path: Path, inner: str) -> None:
    path = zipped(tmp_path, "t.zip", inner, "one", "two")
    with pytest.raises(SourceError, match=r"t\.zip: holds layers one, two; name one"):
        read(path)
    assert "two" in read(path, layer="two").columns


def packed(path: Path, **texts: str) -> Path:
    """Write a zip of texts, dots in whose names are written as two underscores."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(f"deep/{name.replace('__', '.')}", text)
        archive.writestr("__MACOSX/deep/._routes.csv", "")
    return path


def test_a_text_table_is_found_in_a_zip(tmp_path: Path) -> None:
    text = "id\n007\n"
    one = packed(tmp_path / "one.zip", routes__csv=text, readme__txt="terms")
    assert read(one)["id"].tolist() == ["007"]
    several = packed(tmp_path / "t.zip", routes__txt=text, trips__csv="a\n1\n", x__json="{}")
    assert read(several, layer="routes")["id"].tolist() == ["007"]
    latin = packed(tmp_path / "l.zip", routes__csv="id;é\n1;2\n")
    assert read(latin, separator=";").columns.tolist() == ["id", "é"]


def test_a_text_table_in_a_zip_must_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_LARGEST_TEXT", 1000)
    path = packed(tmp_path / "t.zip", routes__csv="id\n" + 499 * "7\n")
    with pytest.raises(SourceError, match=r"t\.zip: .*routes\.csv is 1,001 bytes when unpacked"):
        read(path)
    assert len(read(packed(tmp_path / "t.zip", routes__csv="id\n" + 498 * "7\n"))) == 498


def test_a_damaged_text_table_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "t.zip", routes__csv="id\n" + "7\n" * 99)
    raw = bytearray(path.read_bytes())
    at = raw.index(b"routes.csv") + 12
    raw[at : at + 8] = b"\xff" * 8
    path.write_bytes(raw)
    with pytest.raises(SourceError, match=r"t\.zip: deep/routes\.csv cannot be unpacked"):
        read(path)


@pytest.mark.parametrize("names", [[], ["readme.txt"], ["a/b.csvx", "image.png"]])
def test_a_zip_without_layer_is_refused(tmp_path: Path, names: list[str]) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    with pytest.raises(SourceError, match=r"t\.zip: holds no layer"):
        read(tmp_path / "t.zip")


def test_a_zip_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.zip").write_bytes(b"PK garbage")
    with pytest.raises(SourceError, match=r"t\.zip: cannot be read"):
        read(tmp_path / "t.zip")


@pytest.mark.parametrize("name", ["t.gpkg", "t.fgb", "t.geojson"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_gis_file_cut_short_is_refused(tmp_path: Path, name: str, share: float) -> None:
    path = tmp_path / name
    layer(id=[str(n) for n in range(50)]).to_file(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(SourceError, match=rf"{name}: .*(cannot be read|no layer|is empty)"):
        read(path)


def test_a_shapefile_that_lacks_a_part_is_refused(tmp_path: Path) -> None:
    layer(id=["01", "02"]).to_file(tmp_path / "t.shp")
    (tmp_path / "t.shx").unlink()
    with pytest.raises(SourceError, match=r"t\.shp: cannot be read"):
        read(tmp_path / "t.shp")


def test_a_number_that_gdal_cuts_off_is_refused(tmp_path: Path) -> None:
    layer(n=[110, 120]).astype({"n": "int32"}).to_file(tmp_path / "t.shp")
    path = tmp_path / "t.dbf"
    path.write_bytes(path.read_bytes().replace(b"   110", b"110 k1"))
    with pytest.raises(SourceError, match=r"t\.shp: cannot be read whole: .*k1' of field t\.n "):
        read(tmp_path / "t.shp")


def test_what_gdal_murmurs_is_passed_on(tmp_path: Path) -> None:
    ring = [[0, 0], [1, 0], [1, 1], [0, 1]]
    feature = {
        "type": "Feature",
        "properties": {"id": "a"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path = write(tmp_path / "t.geojson", json.dumps(feature))
    with pytest.warns(DataWarning, match=r"t\.geojson: read, but Non closed ring detected"):
        assert read(path).geometry.tolist() == [None]  # refused by its id where it is needed


def test_a_shapefile_says_its_encoding_or_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.shp"
    layer(name=["Peñón"]).to_file(path, encoding="ISO-8859-1")
    assert read(path)["name"].tolist() == ["Peñón"]
    (tmp_path / "t.cpg").unlink()
    assert read(path, encoding="latin-1")["name"].tolist() == ["Peñón"]
    with pytest.raises(SourceError, match=r"t\.shp: not utf-8 text"):
        read(path, encoding="utf-8")
    with pytest.raises(SourceError, match="no encoding is called 'klingon'"):
        read(path, encoding="klingon")


def test_a_shapefile_in_utf_8_that_does_not_say_so_is_not_garbled(tmp_path: Path) -> None:
    path = tmp_path / "t.shp"
    layer(name=["Peñón", "Alto"]).to_file(path, encoding="UTF-8")
    (tmp_path / "t.cpg").unlink()
    for encoding in (None, "latin-1"):
        with pytest.raises(SourceError, match=r't\.shp: is UTF-8 .*declare encoding = "utf-8"'):
            read(path, encoding=encoding)
    assert read(path, encoding="utf-8")["name"].tolist() == ["Peñón", "Alto"]


def test_geojson_in_another_encoding_is_refused_or_declared(tmp_path: Path) -> None:
    path = tmp_path / "t.geojson"
    layer(name=["Peñón"]).to_file(path)
    path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1"))
    with pytest.raises(SourceError, match=r"t\.geojson: not utf-8 text"):
        read(path)
    assert read(path, encoding="latin-1")["name"].tolist() == ["Peñón"]


def test_an_empty_layer_is_refused(tmp_path: Path) -> None:
    layer(id=["01"]).iloc[:0].to_file(tmp_path / "t.geojson")
    with pytest.raises(SourceError, match=r"t\.geojson: the layer or table is empty"):
        read(tmp_path / "t.geojson")


# --------------------------------------------------------------------- where
def test_where_takes_numbers_texts_and_lists(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "id,year,kind\na,2010,x\nb,2020,y\nc,2020,z\n")
    for where, kept in [
        ({"year": 2020}, "bc"),
        ({"year": "2020"}, "bc"),
        ({"kind": ["x", "z"]}, "ac"),
        ({"kind": ["x", "z"], "year": [2020.0]}, "c"),
    ]:
        record = make_record(path)
        table = read_table(FileSpec(path=path, where=where), record=record)
        assert "".join(table["id"]) == kept
        assert record.rows_read == 3
        assert sum(one["count"] for one in record.dropped) == 3 - len(kept)


def test_where_sees_typed_columns_as_their_text(tmp_path: Path) -> None:
    layer(year=[2010, None], open=[True, False]).to_parquet(tmp_path / "t.parquet")
    assert len(read(tmp_path / "t.parquet", where={"year": 2010, "open": True})) == 1


def test_where_that_leaves_nothing_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "id,kind\na,x\n")
    with pytest.raises(SourceError, match=r"t\.csv: no row has kind = y"):
        read(path, where={"kind": "y"})
    with pytest.raises(DataError, match=r"t\.csv: no column 'sort'; it has id, kind"):
        read(path, where={"sort": "y"})


# ---------------------------------------------------------------------- keys
def make_keys(columns: dict[str, list[Any]], template: str | None = None) -> list[str | None]:
    spec = CellsSpec(path=Path("cells.csv"), id=tuple(columns), template=template)
    return keys(pd.DataFrame(columns), spec, spec.id).tolist()


@pytest.mark.parametrize(
    ("columns", "template", "expected"),
    [
        ({"a": ["01", "2"]}, None, ["01", "2"]),
        ({"a": ["01", "2"], "b": ["x", "y"]}, None, ["01_x", "2_y"]),
        ({"a": [1.0, None], "b": ["x", "y"]}, None, ["1_x", None]),
        ({"a": ["01", "2"], "b": ["x", "y"]}, "{}-{}", ["01-x", "2-y"]),
        ({"a": ["01", "2.0"], "b": ["3", "4"]}, "{:.0f}_{:.0f}", ["1_3", "2_4"]),
        ({"a": [1.0, 12.0], "b": ["x", "y"]}, "{:02d}{}", ["01x", "12y"]),
        ({"a": ["1", "2"], "b": ["x", "y"]}, "{1}/{0}", ["x/1", "y/2"]),
        ({"a": ["15.0", ""]}, "{:.0f}", ["15", None]),
        ({"a": [1.0, None], "b": [2.0, 3.0]}, "{:.0f}_{:.0f}", ["1_2", None]),
    ],
)
def test_ids_are_made_of_columns(
    columns: dict[str, list[Any]], template: str | None, expected: list[str | None]
) -> None:
    assert make_keys(columns, template) == expected


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{}", "fields for 1 of 2 columns"),
        ("{}{}{}", "fields for 3 of 2 columns"),
        ("{", "Single '{'"),
        ("{0.real}{1}", "invalid literal"),
        ("{0[1]}{1}", "invalid literal"),
        ("{a}{b}", "invalid literal"),
        ("{:d}{}", "Unknown format code 'd'"),
        ("{:y}{}", "Invalid format specifier|Unknown format code"),
    ],
)
def test_a_template_that_does_not_fit_is_refused(template: str, fault: str) -> None:
    with pytest.raises(DataError, match=rf"cells\.csv: template .* columns a, b: .*({fault})"):
        make_keys({"a": [1.5, 2.5], "b": ["x", "y"]}, template)


def test_a_template_of_numbers_names_the_rows_that_hold_text() -> None:
    with pytest.raises(DataError, match=r"cells\.csv: column 'a' .* \(x\) in rows 1"):
        make_keys({"a": ["1", "x"]}, "{:.0f}")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (15.0, "15"), (15, "15"), (np.float32(15), "15"), (np.int64(15), "15"), (1.5, "1.5"),
        ("15.0", "15.0"), ("01", "01"), (" a  b ", "a  b"), ("", None), ("  ", None), (None, None),
        (np.nan, None), (pd.NA, None), (pd.NaT, None), (True, "True"), (Decimal(7), "7"),
        (["a", "b"], "['a', 'b']"), (np.array(["a", "b"]), "['a' 'b']"),
    ],
)  # fmt: skip
def test_ids_become_text(value: object, expected: str | None) -> None:
    assert text_ids(pd.Series([value, "x"], dtype=object)).tolist() == [expected, "x"]


@given(st.lists(st.integers(-(2**53), 2**53), min_size=1, max_size=20))
def test_whole_ids_are_the_same_in_any_type(ids: list[int]) -> None:
    expected = [str(one) for one in ids]
    for kind in ("int64", "float64", "Int64", "str", "object"):
        assert text_ids(pd.Series(ids).astype(kind)).tolist() == expected


# ------------------------------------------------------------------- numbers
def parse(*values: object, **marks: Any) -> list[float]:
    spec = FileSpec(path=Path("t.csv"), **marks)
    return numbers(pd.Series(list(values), name="n"), spec=spec).tolist()


SPANISH = {"decimal": ",", "thousands": "."}


@pytest.mark.parametrize(
    ("text", "marks", "expected"),
    [
        ("12", {}, 12.0), (" 12.5 ", {}, 12.5), ("-.5", {}, -0.5), ("+5.", {}, 5.0),
        ("1e3", {}, 1000.0),
        ("1,234,567.8", {"thousands": ","}, 1234567.8), ("1'234", {"thousands": "'"}, 1234.0),
        ("1 234,5", {"thousands": " ", "decimal": ","}, 1234.5),
        ("1.234.567,8", SPANISH, 1234567.8), ("1234567,8", SPANISH, 1234567.8),
        ("0,5", SPANISH, 0.5), ("-1.234", SPANISH, -1234.0), ("12,", SPANISH, 12.0),
    ],
)  # fmt: skip
def test_numbers_are_read_with_the_declared_marks(
    text: str, marks: dict[str, str], expected: float
) -> None:
    assert parse(text, **marks) == [expected]


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("abc", {}), ("12 %", {}), ("1,5", {}), ("1_000", {}), ("0x10", {}), ("True", {}),
        ("1e999", {}), ("inf", {}), ("--1", {}), ("1.2.3", {}), ("2020-01-01", {}), ("\u0661", {}),
        (".", {}), ("e5", {}),
        ("1.5", SPANISH), ("1.23", SPANISH), ("1.2345", SPANISH), ("12.34.567", SPANISH),
        ("1,5,5", SPANISH), ("1,234.567", SPANISH), ("1.5", {"decimal": ","}),
    ],
)  # fmt: skip
def test_text_that_is_no_number_is_refused(text: str, marks: dict[str, str]) -> None:
    said = re.escape(f"t.csv: column 'n' holds text that is no number ({text}) in rows 1")
    with pytest.raises(DataError, match=said):
        parse("1", text, **marks)


def test_unknown_is_nan_and_never_zero() -> None:
    values = parse("0", "", " NA", "null", "#N/A", None, np.nan, "s/d", missing=("s/d",))
    assert values[0] == 0
    assert np.isnan(values[1:]).all()


def test_rows_at_fault_are_named_by_their_ids() -> None:
    values, ids = pd.Series(["1", "x", "y"], name="n"), pd.Series(["a", "b", "c"])
    with pytest.raises(DataError, match=r"\(x, y\) in rows b, c") as caught:
        numbers(values, spec=SPEC, ids=ids)
    assert caught.value.ids == ("b", "c")


@pytest.mark.parametrize("kind", ["int64", "float32", "Int64", "Float64", "bool", "boolean"])
def test_typed_columns_are_numbers_already(kind: str) -> None:
    parsed = numbers(pd.Series([0, 1]).astype(kind), spec=SPEC)
    assert parsed.dtype == float
    assert parsed.tolist() == [0.0, 1.0]


def test_typed_gaps_stay_unknown_and_infinity_is_refused() -> None:
    assert np.isnan(numbers(pd.Series([None, 1], dtype="Int64"), spec=SPEC)[0])
    assert parse(Decimal("1.5"), 2, 0.5) == [1.5, 2.0, 0.5]
    with pytest.raises(DataError, match=r"'n' .*\(inf\) in rows 1"):
        numbers(pd.Series([1, np.inf], name="n"), spec=SPEC)


@pytest.mark.parametrize(
    "value", [pd.Timestamp("2020-01-01"), ["a"], {"a": 1}, shapely.Point(0, 0)]
)
def test_things_that_are_no_numbers_are_refused(value: object) -> None:
    with pytest.raises(DataError, match="holds text that is no number"):
        parse(1, value)


@given(
    values=st.lists(st.decimals(-(10**9), 10**9, places=3), min_size=1, max_size=10),
    marks=st.sampled_from([(",", "."), (".", ","), (",", " "), (".", "'"), (",", None)]),
)
def test_written_numbers_read_back_as_they_were(
    values: list[Decimal], marks: tuple[str, str | None]
) -> None:
    decimal, thousands = marks
    written = [
        f"{one:,.3f}".replace(",", "T").replace(".", decimal).replace("T", thousands or "")
        for one in values
    ]
    assert parse(*written, decimal=decimal, thousands=thousands) == [float(one) for one in values]


# ---------------------------------------------------------------- duplicates
def make_table() -> tuple[pd.DataFrame, pd.Series]:
    table = pd.DataFrame({"n": ["1", "1", "2", None, None], "note": list("uvwxy")})
    return table, pd.Series(["a", "a", "a", "b", "b"])


def test_identical_rows_are_dropped_with_a_warning() -> None:
    table, ids = make_table()
    record = make_record()
    with pytest.warns(DataWarning, match=r"file\.csv: identical duplicate rows dropped: b") as told:
        left = drop_repeated(table[2:], ids[2:], policy="error", columns=["n"], record=record)
    assert left.index.tolist() == [2, 3]
    assert told[0].message.ids == ("b",)
    assert record.dropped == [{"reason": "identical duplicate", "count": 1, "ids": ["b"]}]


def test_rows_that_differ_are_refused_unless_the_first_is_declared() -> None:
    table, ids = make_table()
    with (
        pytest.warns(DataWarning, match="identical"),
        pytest.raises(DataError, match=r"rows that differ share an id: a; .*duplicates"),
    ):
        drop_repeated(table, ids, policy="error", columns=["n"], record=make_record())
    record = make_record()
    with pytest.warns(DataWarning, match="identical"):
        left = drop_repeated(table, ids, policy="first", columns=["n"], record=record)
    assert left.index.tolist() == [0, 3]
    assert [one["reason"] for one in record.dropped] == [
        "identical duplicate",
        "later row of the same id",
    ]


def test_rows_differ_by_geometry_too() -> None:
    frame = layer(n=[1, 1])
    ids = pd.Series(["a", "a"])
    with pytest.raises(DataError, match="differ share an id: a"):
        drop_repeated(frame, ids, policy="error", columns=["n", "geometry"], record=make_record())


def test_columns_of_any_name_or_kind_are_compared() -> None:
    table = pd.DataFrame({"_id": ["u", "u"], "list": [["x"], ["x"]]})
    ids = pd.Series(["a", "b"])
    left = drop_repeated(table, ids, policy="error", columns=["_id", "list"], record=make_record())
    assert len(left) == 2


# --------------------------------------------------------------------- names
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("PEÑÓN", "Penon"), ("São  Vicente", "SAO VICENTE"), ("Sta. Lucía", "sta lucia"),
        ("Nº 5", "No 5"), ("Straße", "STRASSE"), ("Peñón", "Pen\u0303o\u0301n"),
    ],
)  # fmt: skip
def test_names_are_alike_without_case_accents_and_dots(one: str, other: str) -> None:
    assert plain_name(one) == plain_name(other)


def test_names_of_other_scripts_stay_apart() -> None:
    assert len({plain_name(one) for one in ("北京", "上海", "Москва", "Nørrebro", "Nrrebro")}) == 5


# -------------------------------------------------------------------- faults
def test_faults_are_raised_together_and_each_once() -> None:
    gather([])
    one, other = DataError("a: bad", ids=["x"]), SourceError("b: worse")
    with pytest.raises(SourceError, match=r"^b: worse$"):
        gather([other, other])
    with pytest.raises(
        DataError, match=r"^2 faults in the data\n  - a: bad\n  - b: worse$"
    ) as told:
        gather([one, other, DataError("a: bad")])
    assert told.value.ids == ("x",)
    with pytest.raises(DataError, match=r"^3 faults in the data\n  - a: bad\n  - b: worse\n  - c$"):
        gather([told.value, ConfigError("c")])


def test_tasks_give_all_results_or_all_faults() -> None:
    def fail(text: str) -> Callable[[], None]:
        def task() -> None:
            raise DataError(text)

        return task

    assert all_of({"a": lambda: 1, "b": lambda: 2}) == {"a": 1, "b": 2}
    with pytest.raises(DataError, match=r"one\n.*two"):
        all_of({"a": fail("one"), "b": lambda: 2, "c": fail("two")})


# -------------------------------------------------------------------- record
def test_a_record_keeps_the_book_of_its_source(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "abc")
    record = Record(name="tables.0", path=path, origin=Origin(provider="Office", licence="CC0-1.0"))
    record.drop("nothing", [])
    record.drop("too small", range(30))
    with pytest.warns(DataWarning, match=r"^t\.csv: mended: 0, 1, 2, 3, 4 and 25 more$") as told:
        record.warn("mended", range(30))
    assert len(told[0].message.ids) == 30
    book = record.as_dict()
    json.dumps(book)
    assert book["provider"] == "Office"
    assert book["path"] == "t.csv"
    assert book["dropped"] == [
        {"reason": "too small", "count": 30, "ids": [str(n) for n in range(20)]}
    ]
    # FIPS 180-2, appendix B.1
    assert book["sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(path) == book["sha256"]
