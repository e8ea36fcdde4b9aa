"""The command line: what it prints, writes and returns."""

import json
import re
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pytest

import geoequity as ge
from geoequity.cli import main
from geoequity.study import Study


@pytest.mark.usefixtures("_demo_kept")
def test_demo_writes_map_report_and_tables(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["demo", "--out", str(tmp_path / "out"), "--language", "es,en", "--no-pdf"]) == 0
    said = capsys.readouterr()
    assert str(tmp_path / "out" / "map.html") in said.out
    assert str(tmp_path / "out" / "report.es.html") in said.out
    assert "invalid rings repaired" in said.err
    names = {one.name for one in (tmp_path / "out").iterdir()}
    assert names >= {"map.html", "report.es.html", "report.en.html", "summary.json"}
    assert not names & {"report.pt.html", "report.es.pdf"}


def test_quiet_prints_nothing(make_city, tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    command = ["run", str(make_city()), "--quiet", "--no-pdf", "--out", str(tmp_path / "out")]
    assert main([*command, "--language", "es"]) == 0
    assert capfd.readouterr() == ("", "")


def test_json_prints_one_document(make_city, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    file = make_city()
    table = file.parent / "internet.csv"
    rows = table.read_bytes().splitlines(keepends=True)
    table.write_bytes(b"".join([*rows, rows[-1]]))
    command = ["run", str(file), "--json", "--out", str(tmp_path / "out"), "--language", "es"]
    assert main([*command, "--stages"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result["stages"])[-3:] == ["tables", "map", "report es"]
    assert all(one["peak_mb"] > 0 for one in result["stages"].values())
    assert Path(result["map"]).is_file()
    assert Path(result["reports"]["es"]).is_file()
    assert Path(result["pdfs"]["es"]).read_bytes().startswith(b"%PDF")
    assert any("identical duplicate rows" in one for one in result["warnings"])


def test_map_and_report_are_drawn_again_from_a_folder(
    demo_study: Study, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = ge.outputs.save(demo_study, tmp_path / "out")
    assert main(["map", str(folder), "--language", "pt"]) == 0
    assert main(["report", str(folder), "--language", "en"]) == 0
    said = capsys.readouterr().out
    assert str(folder / "map.html") in said
    assert "Valle Claro" in (folder / "report.en.html").read_text(encoding="utf-8")
    sealed = (folder / "map.html").read_text(encoding="utf-8")
    assert "img-src data: blob:;" in sealed or 'img-src data: blob:"' in sealed
    ground = gpd.read_file(folder / "study.gpkg", layer="background")
    assert {"water", "street"} == set(ground["kind"])  # the river of the demo city, and its streets
    assert main(["map", str(folder), "--basemap"]) == 0
    online = (folder / "map.html").read_text(encoding="utf-8")
    assert "img-src data: blob: https://tile.openstreetmap.org" in online
    assert main(["map", str(folder), "--basemap", "http://x.org/tiles"]) == 1
    assert "basemap: 'http://x.org/tiles': give an address such as" in capsys.readouterr().err
    assert (folder / "map.html").read_text(encoding="utf-8") == online  # not touched


def test_a_missing_city_file_exits_1(capsys: pytest.CaptureFixture) -> None:
    assert main(["run", "nowhere.toml"]) == 1
    assert "nowhere.toml: no such city file" in capsys.readouterr().err


def test_an_unknown_preset_names_those_there_are(capsys: pytest.CaptureFixture) -> None:
    assert main(["run", "atlantis"]) == 1
    assert "presets are demo, bogota, brasilia, buenos_aires" in capsys.readouterr().err


def test_faults_are_json_where_json_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    file = tmp_path / "city.toml"
    file.write_text("[city]\nid = 'x'\nname = 'X'\ncountry = 'XX'\ncolour = 'red'\n")
    assert main(["check", str(file), "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert "city.colour: unknown key" in result["faults"]
    assert "districts: missing" in result["faults"]


def test_an_unknown_weight_names_the_city_file(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    demo = ge.City.preset("demo")
    file = tmp_path / "weighty.toml"
    text = demo.file.read_text(encoding="utf-8")
    file.write_text(f"{text}\n[index]\nweights = {{ happiness = 2 }}\n", encoding="utf-8")
    command = ["run", str(file), "--data", str(demo.file.parent), "--out", str(tmp_path / "out")]
    assert main(command) == 1
    said = capsys.readouterr().err
    assert "weighty.toml" in said
    assert "index.weights.happiness: no such indicator, area or pillar" in said


def test_wrong_usage_exits_2() -> None:
    with pytest.raises(SystemExit) as left:
        main(["run"])
    assert left.value.code == 2


def test_an_unknown_language_is_wrong_usage(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as left:
        main(["demo", "--language", "la"])
    assert left.value.code == 2
    assert "languages are en, es, pt" in capsys.readouterr().err


def test_check_lists_the_sources_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", "demo"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"cells: (\d+) of \1 rows, CC0-1.0", said)
    assert re.search(r"osm: \d+ made of \d+ elements, ", said)
    assert list(tmp_path.iterdir()) == []


def test_cities_lists_the_demo_first(capsys: pytest.CaptureFixture) -> None:
    assert main(["cities", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed[0]["preset"] == "demo"
    assert "buenos_aires" in {one["preset"] for one in listed}


def test_indicators_lists_the_catalogue(capsys: pytest.CaptureFixture) -> None:
    assert main(["indicators"]) == 0
    said = capsys.readouterr().out
    first = next(line for line in said.splitlines() if line.startswith("transit_access_share"))
    for part in ("structures/mobility", " share ", " higher ", " 0 to 1 ", "[SDG 11.2.1; ISO"):
        assert part in first
    assert re.search(r"^income +stratifier .* higher - +Income \[none\]$", said, re.MULTILINE)
    assert len(said.splitlines()) >= 40
    assert " nan" not in said


def test_indicators_as_json_have_what_the_list_has(capsys: pytest.CaptureFixture) -> None:
    assert main(["indicators", "--json"]) == 0
    listed = {one["id"]: one for one in json.loads(capsys.readouterr().out)}
    assert listed["hospital_walk_min"]["worst"] == 60
    assert listed["income"]["pillar"] is None
    assert listed["income"]["standards"] == "none"


def test_indicators_lists_what_imd_asks_and_how_it_is_seen(capsys: pytest.CaptureFixture) -> None:
    assert main(["indicators", "--imd"]) == 0
    said = capsys.readouterr().out
    pattern = r"^cultural_activities +structures/activities +culture_walk_min, survey culture_satis"
    assert re.search(pattern, said, re.MULTILINE)
    assert re.search(r"^parking_app .*not observable: Parking apps", said, re.MULTILINE)
    assert main(["indicators", "--imd", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert len(listed) == len(said.splitlines())
    assert set(listed[0]["text"]) == {"en", "es", "pt"}


def test_schema_prints_json(capsys: pytest.CaptureFixture) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == ge.outputs.summary_schema()


def test_a_failing_run_leaves_an_earlier_folder_untouched(
    demo_study: Study, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = ge.outputs.save(demo_study, tmp_path / "out")
    before = {one.name: one.stat().st_mtime_ns for one in folder.iterdir()}
    bad = tmp_path / "bad.toml"
    demo = ge.City.preset("demo")
    text = demo.file.read_text(encoding="utf-8").replace('encoding = "latin-1"', "")
    bad.write_text(text, encoding="utf-8")
    assert main(["run", str(bad), "--data", str(demo.file.parent), "--out", str(folder)]) == 1
    assert "internet_hogares.csv: not utf-8 text" in capsys.readouterr().err
    assert {one.name: one.stat().st_mtime_ns for one in folder.iterdir()} == before
    assert {one.name for one in tmp_path.iterdir()} == {"out", "bad.toml"}


def test_help_and_import_load_nothing_heavy() -> None:
    code = (
        "import sys, geoequity\n"
        "from geoequity.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'pandas', 'geopandas', 'numpy', 'osmnx', 'matplotlib', 'pydantic', 'rich'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_who_reads_only_the_first_lines_sees_no_traceback() -> None:
    command = f"{sys.executable} -m geoequity.cli indicators | head -1"
    done = subprocess.run(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert done.stdout.startswith("hospital_walk_min")
    assert done.returncode in {0, 141}  # 0 if all fitted into the pipe
