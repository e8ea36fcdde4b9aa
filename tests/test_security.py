"""Promises of SECURITY.md that no other test holds."""

import ast
import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import geoequity
from geoequity.batch import read_batch
from geoequity.city import City
from geoequity.errors import ConfigError, DataError, SourceError
from geoequity.outputs._tables import _quoted, harmless, restored, write_csv
from geoequity.scenario import read_edits
from geoequity.sources import _settings, _zips, broadband, files
from geoequity.sources._addresses import told
from geoequity.sources.files import Record, read_table
from geoequity.sources.portals import entry
from geoequity.sources.spec import DistrictsSpec, FileSpec, Origin

SOURCES = sorted(Path(geoequity.__file__).parent.rglob("*.py"))
UNSAFE_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "code", "pty"}
UNSAFE_CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "system",
    "popen",
    "getoutput",
    "read_pickle",
}


def table(path: Path, **options: object) -> pd.DataFrame:
    spec = FileSpec(path=path, **options)
    return read_table(spec, record=Record(name="t", path=path, origin=Origin()))


def packed(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name.replace("__", "/"), body)
    return path


# -- code ---------------------------------------------------------------------------


def calls(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    """The calls of a module, by the last part of what is called."""
    found = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
    return [(getattr(one.func, "id", getattr(one.func, "attr", "")), one) for one in found]


@pytest.mark.parametrize("what", ["import pickle", "os.system('x')", "run('x', shell=True)"])
def test_what_is_unsafe_is_found(what: str) -> None:
    assert unsafe(ast.parse(what))


def unsafe(tree: ast.AST) -> list[str]:
    """What of a module could run what a file says."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [one.name for one in node.names if one.name.split(".")[0] in UNSAFE_MODULES]
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in UNSAFE_MODULES:
            found.append(node.module or "")
    for name, call in calls(tree):
        owner = getattr(getattr(call.func, "value", None), "id", "")
        harmless_ = f"{owner}.{name}" in {"re.compile", "platform.system"}
        if name in UNSAFE_CALLS and not harmless_:
            found.append(name)
        for one in call.keywords:
            true = isinstance(one.value, ast.Constant) and one.value.value is True
            if one.arg in {"shell", "allow_pickle"} and true:
                found.append(one.arg)
    return found


def test_nothing_runs_what_a_file_says() -> None:
    found = {
        path.name: bad
        for path in SOURCES
        if (bad := unsafe(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert len(SOURCES) > 100
    assert found == {}


# -- settings -----------------------------------------------------------------------


@pytest.mark.parametrize("read", [City.from_toml, read_batch, read_edits])
@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 3000 + "]" * 3000,
        "a = " + "[" * 40 + "]" * 40,
        "a = " + "9" * 5000,
    ],
)
def test_settings_too_deep_or_too_long_are_refused(tmp_path: Path, read, text: str) -> None:
    file = tmp_path / "x.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"x\.toml: .*(in one another|4300 digits)"):
        read(file)


@pytest.mark.parametrize("read", [City.from_toml, read_batch, read_edits])
def test_settings_too_large_are_refused(tmp_path, monkeypatch, read) -> None:
    monkeypatch.setattr(_settings, "MAX_BYTES", 1 << 20)
    file = tmp_path / "x.toml"
    file.write_bytes(b"#" * (2 << 20))
    with pytest.raises(ConfigError, match=r"x\.toml: .*over 1 MiB"):
        read(file)


def test_keys_with_dots_are_keys(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text('"a.b" = {path = "none.csv"}', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"a\.b\.path: no file"):
        City.from_toml(file)


@pytest.mark.parametrize("properties", [5, [1], "ab", None])
def test_edits_without_properties_are_refused(tmp_path: Path, properties: object) -> None:
    file = tmp_path / "x.geojson"
    feature = {"type": "Feature", "geometry": None, "properties": properties}
    file.write_text(json.dumps({"features": [feature]}), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"features\.0\.properties\.edit"):
        read_edits(file)


# -- tables -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "options", "said"),
    [
        (b"a\n\xff\n", {"encoding": "punycode"}, "not punycode text"),
        (b"a\n1\n", {"encoding": "base64"}, "no encoding is called 'base64'"),
        (b"a\n1\n", {"encoding": "a\0b"}, "no encoding is called"),
        (b"a\n1\n", {"header": 10**12}, "has no row 1000000000000"),
    ],
)
def test_odd_ways_of_reading_text_are_refused(tmp_path, body, options, said) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(body)
    with pytest.raises(SourceError, match=rf"t\.csv: {said}"):
        table(path, **options)


@pytest.mark.parametrize(
    "template", ["{:>9999999999}", "{:>1000000}", "{0.a}", "{0[a]}", "{:.99999}", "{!z}"]
)
def test_templates_that_would_swell_or_reach_into_values_are_refused(tmp_path, template) -> None:
    path = tmp_path / "t.csv"
    spec = DistrictsSpec(path=path, id="a", template=template)
    with pytest.raises(DataError, match=r"t\.csv: template .* does not fit columns a"):
        files.keys(pd.DataFrame({"a": ["1"]}), spec, "a")


def test_parquet_with_a_column_twice_or_damaged_notes_is_refused(tmp_path: Path) -> None:
    path, column = tmp_path / "t.parquet", pa.array(["1"])
    pq.write_table(pa.Table.from_arrays([column, column], names=["a", "a"]), path)
    with pytest.raises(SourceError, match=r"t\.parquet: "):
        table(path)
    for notes in ({b"geo": b"[]"}, {b"geo": b"1"}, {b"geo": b"{}"}, {b"geo": b"{"}):
        pq.write_table(pa.table({"a": column}).replace_schema_metadata(notes), path)
        with pytest.raises(SourceError, match=r"t\.parquet: cannot be read as Parquet"):
            table(path)


# -- zips ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["t.zip", "t.xlsx"])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch, name) -> None:
    path = packed(tmp_path / name, **{"a.csv": bytes(3 << 20)})
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_, **__: pytest.fail("was unpacked"))
    with pytest.raises(SourceError, match=rf"{name}: refused: packed more than 200 times.*a\.csv"):
        table(path)


@pytest.mark.parametrize("name", ["..__a.csv", "__a.csv", "x__..__..__a.csv"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path / "t.zip", **{name: b"a\n1\n"})
    with pytest.raises(SourceError, match=r"t\.zip: refused: names that lead out"):
        table(path)
    assert [one.name for one in tmp_path.iterdir()] == ["t.zip"]


def test_all_faults_of_a_zip_are_named_at_once(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(_zips, "MAX_MEMBERS", 1)
    path = packed(tmp_path / "t.zip", **{"a.csv": bytes(3 << 20), "..__b.csv": b"b"})
    with pytest.raises(SourceError, match=r"lead out.*packed more.*2 files, over 1"):
        _zips.check_zip(path)


def test_a_zip_or_workbook_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    monkeypatch.setattr(files, "_LARGEST_BOOK", 10)
    for name in ("t.zip", "t.xlsx"):
        with pytest.raises(SourceError, match=f"{name}: refused: .* GiB unpacked"):
            table(packed(tmp_path / name, **{"a.csv": b"a,b\n" * 9}))


def test_shapefiles_of_speed_tests_are_looked_at_too(tmp_path: Path) -> None:
    path = packed(tmp_path / "t.zip", **{"a.shp": bytes(3 << 20)})
    with pytest.raises(SourceError, match="packed more than 200 times"):
        broadband._in_zip(path)


# -- formulas -----------------------------------------------------------------------

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]


def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path) -> None:
    names = [*FORMULAS, "-1", "+5.5", "Peñón", "-1e3", None]
    given = pd.DataFrame(
        {"name": names, "value": range(len(names))}, index=pd.Index([*names[:-1], "x"], name="id")
    )
    write_csv(given, tmp_path / "t.csv", index=True)
    read = pd.read_csv(tmp_path / "t.csv", dtype=str, keep_default_na=False)
    dangerous = tuple("=+-@\t\r")
    for column in ("id", "name"):
        bad = [one for one in read[column] if one.startswith(dangerous)]
        assert bad == ["-1", "+5.5", "-1e3"]  # numbers, which are no formulas
    assert read["name"].tolist()[0] == "'=1+1"
    back = restored(harmless(given))
    assert back["name"].tolist()[:5] == names[:5]
    assert back["name"].tolist()[6:-1] == names[6:-1]
    assert given["name"].tolist()[0] == "=1+1"  # the caller's own is left alone


def test_ids_in_the_long_table_of_indicators_are_no_formulas() -> None:
    assert _quoted(["=1+1", "-7", 'a"b']) == ["'=1+1", "-7", '"a""b"']


# -- secrets ------------------------------------------------------------------------

SECRET = "s3cr3t-v4lue"


@pytest.mark.parametrize(
    "url",
    [
        f"https://user:{SECRET}@example.org/a.csv",
        f"https://example.org/a.csv?api_key={SECRET}",
        f"https://example.org/a.csv?$$app_token={SECRET}&x=1",
        f"https://example.org/a.csv?access_token={SECRET}",
    ],
)
def test_keys_in_addresses_stay_out_of_provenance(tmp_path, monkeypatch, url) -> None:
    monkeypatch.setenv("GEOEQUITY_TEST_TOKEN", SECRET)
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    record = Record(name="t", path=file, origin=Origin(url=url))
    kept = json.dumps([told(url), entry(url, file), record.as_dict()])
    assert SECRET not in kept
    assert "***" in kept


def test_a_workbook_is_no_way_to_other_files(tmp_path: Path) -> None:
    """A document type that names a file, or entities in entities, gives nothing and no hang."""
    stream = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["a"])
    book.active.append([1])
    book.save(stream)
    entities = '<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {one} "{f"&{before};" * 10}">'
        for one, before in zip("bcdefghij", "abcdefghi", strict=True)
    )
    for part in (f"{entities}]><a>&j;</a>", '<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'):
        path = tmp_path / "t.xlsx"
        with zipfile.ZipFile(stream) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                body = old.read(name)
                if name.endswith("workbook.xml"):
                    body = f'<?xml version="1.0"?><!DOCTYPE a [{part}'.encode()
                new.writestr(name, body)
        with pytest.raises(SourceError, match="cannot be read as a workbook"):
            table(path)
