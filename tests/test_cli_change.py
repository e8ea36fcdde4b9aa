"""``geoequity change``: what it prints, writes and refuses."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from small_city import same_in_pillar
from two_dates import book, study

import geoequity as ge
from geoequity.cli import main

FOUR = same_in_pillar([80.0, 20.0, 70.0, 30.0], [80.0, 70.0, 20.0, 30.0])


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies of one city: a service came to district b."""
    folder = tmp_path_factory.mktemp("two_dates")
    later = {**FOUR, "s_mobility": [80.0, 60.0, 70.0, 30.0]}
    ge.outputs.save(study(FOUR), folder / "old")
    ge.outputs.save(study(later, books=[book(sha256="bb")]), folder / "new")
    return folder


@pytest.fixture
def folders(saved: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Copies of the two, to be spoilt."""
    shutil.copytree(saved, tmp_path, dirs_exist_ok=True)
    return tmp_path / "old", tmp_path / "new"


def run(*words: object) -> int:
    return main(["change", *map(str, words)])


def test_change_writes_tables_and_reports(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    assert run(*folders, "--out", out) == 0
    names = {one.name for one in out.iterdir()}
    assert names == {"change.json", "change.csv", "change.es.html", "change.en.html"}
    said = capsys.readouterr().out
    assert "1 de 4 distritos" in said
    assert str(out / "change.en.html") in said
    told = json.loads((out / "change.json").read_text(encoding="utf-8"))
    named = [(one["unit_id"], one["what"]) for one in told["named"] if one["kind"] == "indicator"]
    assert named == [("b", "s_mobility")]
    table = pd.read_csv(out / "change.csv")
    row = table.set_index(["unit_id", "what"]).loc[("b", "s_mobility")]
    assert (row["old"], row["new"], row["named"]) == (20, 60, True)
    assert len(table) == 4 * (10 + 8)


def test_json_prints_one_document_and_quiet_nothing(
    folders: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    assert run(*folders, "--json", "--language", "pt", "--out", tmp_path / "out") == 0
    told = json.loads(capfd.readouterr().out)
    assert Path(told["reports"]["pt"]).is_file()
    assert (told["identical"], told["named"]) == (False, 4)
    assert run(*folders, "--quiet", "--language", "pt", "--out", tmp_path / "out") == 0
    assert capfd.readouterr() == ("", "")


def test_the_default_folder_is_named_after_the_city(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*folders, "--quiet") == 0
    assert (tmp_path / "out" / "valle-change" / "change.json").is_file()


def test_the_same_folder_twice_says_that_nothing_changed(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert run(folders[0], folders[0], "--language", "en", "--out", tmp_path / "out") == 0
    assert "no number differs between them" in capsys.readouterr().out


def test_districts_left_out_are_warned_of(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    five = {key: [*one, 50.0] for key, one in FOUR.items()}
    wider = ge.outputs.save(study(five), tmp_path / "wider")
    assert run(folders[0], wider, "--out", tmp_path / "out") == 0
    assert "warning: new districts, left out: District e" in capsys.readouterr().err


def test_an_earlier_change_is_replaced_and_the_files_of_others_stay(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run(*folders, "--quiet", "--language", "es,en", "--out", out) == 0
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    assert run(*folders, "--quiet", "--language", "pt", "--out", out) == 0
    names = {one.name for one in out.iterdir()}
    assert names == {"change.json", "change.csv", "change.pt.html", "notes.txt"}


def fault(capsys: pytest.CaptureFixture) -> str:
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    return said.err


def test_what_is_no_study_is_refused_by_name(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert run(folders[0], tmp_path / "nowhere") == 1
    assert "nowhere: no study here" in fault(capsys)
    assert run(tmp_path, folders[0]) == 1
    assert "no study here (no summary.json)" in fault(capsys)
    city_file = tmp_path / "city.toml"
    city_file.write_text("[city]", encoding="utf-8")
    assert run(city_file, folders[0]) == 1
    assert "city.toml: no study here" in fault(capsys)


def test_a_half_written_study_is_refused(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    half = shutil.copytree(folders[1], tmp_path / "half")
    (half / "tables" / "scores.parquet").unlink()
    assert run(folders[0], half, "--out", tmp_path / "out") == 1
    assert "the study is incomplete or damaged" in fault(capsys)
    (half / "summary.json").write_text('{"city": ', encoding="utf-8")
    assert run(folders[0], half, "--out", tmp_path / "out") == 1
    assert "incomplete or damaged" in fault(capsys)
    assert not (tmp_path / "out").exists()


def test_another_city_and_other_rules_are_refused_with_every_fault(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    other = ge.outputs.save(study(FOUR, city={"id": "monte"}), tmp_path / "other")
    assert run(folders[0], other) == 1
    assert "city: valle and monte are two cities" in fault(capsys)
    ruled = study(FOUR, weights={"mobility": 2.0}, threshold=60.0)
    ruled_folder = ge.outputs.save(ruled, tmp_path / "ruled")
    assert run(folders[0], ruled_folder, "--json", "--out", tmp_path / "out") == 1
    told = json.loads(capsys.readouterr().out)
    assert len(told["faults"]) == 2
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_else_is_left_alone(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture
) -> None:
    before = sorted(one.name for one in folders[1].iterdir())
    assert run(*folders, "--out", folders[1]) == 1
    assert "holds files that are no change (no change.json)" in fault(capsys)
    assert sorted(one.name for one in folders[1].iterdir()) == before


def test_wrong_usage_exits_2() -> None:
    with pytest.raises(SystemExit) as left:
        main(["change", "only-one"])
    assert left.value.code == 2


def test_schema_change_prints_its_schema(capsys: pytest.CaptureFixture) -> None:
    assert main(["schema", "change"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "geoequity change"


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("summary.json", "[]", "summary.json has no city; summary.json has no method"),
        ("summary.json", "null", "summary.json has no city"),
        ("summary.json", '{"city": {"id": "valle"}, "versions": {}}', "has no city.name"),
        ("summary.json", '{"city": "valle"}', "summary.json has no city"),
        ("provenance.json", "[]", "provenance.json lists no sources with name, path, sha256"),
        ("provenance.json", '{"sources": [{"name": "osm"}]}', "provenance.json lists no sources"),
    ],
)
def test_files_that_are_json_but_no_study_are_refused_by_name(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture, file: str, text: str, said: str
) -> None:
    (folders[1] / file).write_text(text, encoding="utf-8")
    assert run(*folders) == 1
    told = fault(capsys)
    assert "new: the study is incomplete or damaged" in told
    assert said in told


def test_tables_that_are_not_of_the_districts_are_refused(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture
) -> None:
    file = folders[0] / "tables" / "scores.parquet"
    pd.read_parquet(file).iloc[1:].to_parquet(file)
    assert run(*folders) == 1
    assert "scores and districts are not about the same: a" in fault(capsys)
