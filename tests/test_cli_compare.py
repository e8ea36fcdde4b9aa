"""``geoequity compare``: what it prints, writes and refuses."""

import json
import shutil
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from side_by_side import city
from small_city import same_in_pillar

import geoequity as ge
from geoequity.cli import main

FOUR = same_in_pillar([80.0, 20.0, 70.0, 30.0], [80.0, 70.0, 20.0, 30.0])
ONE = {"s_mobility": [80.0, 20.0, 70.0, 30.0]}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of three cities: two whole ones, and one that has a single indicator."""
    place = tmp_path_factory.mktemp("cities")
    made = {"alta": FOUR, "baja": FOUR, "cima": ONE}
    return {
        name: ge.outputs.save(city(name, values, rank=118 + at), place / name)
        for at, (name, values) in enumerate(made.items())
    }


def run(*words: object) -> int:
    return main(["compare", *map(str, words)])


def test_compare_writes_tables_and_pages(
    saved: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    assert run(*saved.values(), "--out", out, "--language", "en,es") == 0
    names = {one.name for one in out.iterdir()}
    assert names == {"compare.json", "compare.csv", "compare.es.html", "compare.en.html"}
    said = capsys.readouterr().out
    assert "2 of 3 cities can be compared on the index" in said
    assert str(out / "compare.en.html") in said
    told = json.loads((out / "compare.json").read_text(encoding="utf-8"))
    jsonschema.validate(told, ge.outputs.summary_schema("compare"))
    table = pd.read_csv(out / "compare.csv").set_index(["city", "what", "measure"])
    assert table.loc[("alta", "city", "imd_2025_rank"), "value"] == 118
    assert table.loc[("cima", "index", "mean"), "reason"] == "unstated"
    gap = table.loc[("baja", "index", "gap_points")]
    assert (gap["resolution"], gap["units"]) == ("districts", 4)
    assert gap["method_low"] <= gap["value"] <= gap["method_high"]


def test_json_prints_one_document_and_quiet_nothing(
    saved: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    (out / "mine").mkdir(parents=True)
    shutil.rmtree(out)
    assert run(saved["alta"], saved["cima"], "--json", "--language", "pt", "--out", out) == 0
    told = json.loads(capfd.readouterr().out)
    assert Path(told["reports"]["pt"]).is_file()
    assert told["headline"] == {"kind": "indicator", "what": "s_mobility"}
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    assert run(saved["alta"], saved["cima"], "--quiet", "--language", "es", "--out", out) == 0
    assert capfd.readouterr() == ("", "")
    names = {one.name for one in out.iterdir()}
    assert names == {"compare.json", "compare.csv", "compare.es.html", "notes.txt"}


def test_every_faulty_folder_is_named_at_once(
    saved: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    copy = shutil.copytree(saved["alta"], tmp_path / "copy")
    newer = shutil.copytree(saved["baja"], tmp_path / "newer")
    summary = json.loads((newer / "summary.json").read_text(encoding="utf-8"))
    summary["versions"]["geoequity"] = "9.9.9"
    (newer / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    half = shutil.copytree(saved["cima"], tmp_path / "half")
    (half / "tables" / "scores.parquet").unlink()
    folders = [saved["alta"], copy, newer, half, tmp_path / "nowhere", tmp_path]
    assert run(*folders, saved["alta"], "--out", tmp_path / "out", "--json") == 1
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert len(faults) == 6
    for said in (
        "half: the study is incomplete or damaged",
        "nowhere: no study here",
        f"{tmp_path}: no study here",
        f"{saved['alta']}: stands twice",
        f"city: alta stands in {saved['alta']}, {copy}",
        f"9.9.9 in {newer}",
    ):
        assert any(said in one for one in faults), said
    assert not (tmp_path / "out").exists()


def test_one_city_is_too_few(
    saved: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert run(saved["alta"]) == 1
    assert "it takes two cities" in capsys.readouterr().err
    assert run(saved["alta"], tmp_path) == 1
    said = capsys.readouterr().err
    assert "no study here" in said
    assert "it takes two cities" not in said


def test_a_folder_that_holds_something_else_is_left_alone(
    saved: dict[str, Path], capsys: pytest.CaptureFixture
) -> None:
    before = sorted(one.name for one in saved["cima"].iterdir())
    assert run(saved["alta"], saved["cima"], "--out", saved["cima"]) == 1
    assert "holds files that are no comparison (no compare.json)" in capsys.readouterr().err
    assert sorted(one.name for one in saved["cima"].iterdir()) == before


def test_the_schema_is_printed(capsys: pytest.CaptureFixture) -> None:
    assert main(["schema", "compare"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "geoequity compare"
