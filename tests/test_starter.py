"""``geoequity init``: what it guesses, writes and refuses."""

import json
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from geoequity.city import City
from geoequity.cli import main
from geoequity.starter import Answers, draft

DEMO = Path(__file__).parents[1] / "data" / "demo"


@pytest.fixture
def town(make_city: Callable[..., Path]) -> Path:
    """The folder of a town of four districts and its files."""
    folder = make_city().parent
    (folder / "city.toml").unlink()
    return folder


def run(*words: object) -> int:
    return main(["init", *map(str, words)])


def written(path: Path) -> dict:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def test_a_boundary_alone_makes_a_city_file_that_check_accepts(
    town: Path, capsys: pytest.CaptureFixture
) -> None:
    out = town / "mine.toml"
    assert run(town / "districts.geojson", "--out", out, "--name", "Peñón", "--country", "pe") == 0
    told = written(out)
    assert (told["city"]["id"], told["city"]["name"]) == ("penon", "Peñón")
    assert told["city"]["country"] == "PE"
    assert told["districts"] == {"path": "districts.geojson", "id": "code", "name": "label"}
    said = capsys.readouterr().out
    assert "guessed districts.id: code, which is called so and differs in all 4 rows" in said
    assert "guessed districts.name: label" in said
    assert "no people are counted" in said
    assert "country" not in said
    assert main(["check", str(out), "--quiet"]) == 0


def test_polygons_with_residents_become_cells(town: Path) -> None:
    out = town / "mine.toml"
    assert (
        run(town / "districts.geojson", "--population", town / "cells.geojson", "--out", out) == 0
    )
    assert written(out)["cells"] == {"path": "cells.geojson", "id": "code", "population": "pop"}


@pytest.mark.parametrize(
    ("lines", "key", "join", "more"),
    [
        (["cod,habitantes", "01,10", "02,20", "03,30", "04,40"], "cod", "id", {}),
        (
            ["Zona;Población total", "ALTO NORTE;10", "Sao Vicente;20", "peñon;30", "Rio Bajo;4"],
            "Zona",
            "name",
            {"separator": ";"},
        ),
    ],
)
def test_a_table_of_residents_is_joined_by_what_it_names(
    town: Path, lines: list[str], key: str, join: str, more: dict
) -> None:
    people = town / "people.csv"
    people.write_text("\n".join(lines) + "\n", encoding="utf-8")
    out = town / "mine.toml"
    assert run(town / "districts.geojson", "--population", people, "--out", out, "--quiet") == 0
    table = written(out)["tables"][0]
    column = lines[0].replace(";", ",").split(",")[1]
    counted = {"population": {"column": column, "unit": "count"}}
    assert table == {"path": "people.csv", "key": key, "join": join, "columns": counted} | more


def test_a_raster_and_a_map_are_named_as_they_are(tmp_path: Path) -> None:
    found = draft(
        Answers(
            boundary=DEMO / "districts.geojson",
            osm=DEMO / "valle_claro.osm.pbf",
            population=DEMO / "poblacion_100m.tif",
        ),
        folder=DEMO,
    )
    (tmp_path / "city.toml").write_text(found.text, encoding="utf-8")
    told = City.from_toml(tmp_path / "city.toml", data=DEMO)
    assert told.cells is not None
    assert told.cells.grid == ("h3", 9)
    assert told.cells.raster == DEMO / "poblacion_100m.tif"
    assert told.osm is not None
    assert told.osm.licence == "ODbL-1.0"
    assert "XX" in found.open[0]


def test_columns_that_are_named_are_not_guessed(town: Path) -> None:
    layer = gpd.read_file(town / "districts.geojson")
    layer.assign(id=range(4), nombre=list("abcd")).to_file(town / "both.geojson")
    out = town / "mine.toml"
    words = ["--id-column", "code", "--name-column", "label", "--out", out, "--quiet"]
    assert run(town / "both.geojson", *words) == 0
    told = written(out)["districts"]
    assert (told["id"], told["name"]) == ("code", "label")


def test_the_name_of_the_municipality_is_no_name_of_a_district(town: Path) -> None:
    layer = gpd.read_file(town / "districts.geojson").rename(columns={"label": "barrio_nome"})
    layer.insert(0, "mun_nome", "Peñón")
    layer.to_file(town / "both.geojson")
    assert run(town / "both.geojson", "--out", town / "mine.toml", "--quiet") == 0
    assert written(town / "mine.toml")["districts"]["name"] == "barrio_nome"


def test_names_that_could_break_the_file_stay_text(town: Path) -> None:
    odd = town / 'a "b" \\ñ.geojson'
    shutil.copy(town / "districts.geojson", odd)
    out = town / "mine.toml"
    assert run(odd, "--name", 'Ciudad "de" [prueba]\n= 1', "--out", out, "--quiet") == 0
    assert written(out)["city"]["name"] == 'Ciudad "de" [prueba]\n= 1'
    assert written(out)["districts"]["path"] == odd.name


def test_a_file_that_is_there_is_never_overwritten(
    town: Path, capsys: pytest.CaptureFixture
) -> None:
    out = town / "mine.toml"
    out.write_text("mine", encoding="utf-8")
    assert run(town / "districts.geojson", "--out", out) == 1
    assert "is there already, and is not overwritten" in capsys.readouterr().err
    assert out.read_text(encoding="utf-8") == "mine"


def test_every_file_that_is_not_there_is_named_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    words = ["--osm", tmp_path / "b.pbf", "--population", tmp_path / "c.tif"]
    assert run(tmp_path / "a.geojson", *words, "--out", tmp_path / "city.toml", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert [one.split(":")[0] for one in told["faults"]] == ["boundary", "osm", "population"]
    assert not list(tmp_path.iterdir())


def test_data_that_are_not_in_order_are_told_and_nothing_is_written(
    town: Path, capsys: pytest.CaptureFixture
) -> None:
    layer = gpd.read_file(town / "districts.geojson")
    layer.geometry = layer.geometry.buffer(100)
    layer.to_file(town / "overlap.geojson")
    out = town / "mine.toml"
    assert run(town / "overlap.geojson", "--out", out) == 1
    said = capsys.readouterr().err
    assert "overlap" in said
    assert "--unchecked" in said
    assert "Traceback" not in said
    assert not list(town.glob("*.toml")) + list(town.glob(".*.toml"))
    assert run(town / "overlap.geojson", "--out", out, "--unchecked", "--quiet") == 0
    assert out.is_file()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one.assign(code="01", label="a"), "no column tells every row from the others"),
        (lambda one: one.set_geometry(one.centroid), "polygon"),
    ],
)
def test_a_boundary_that_is_none_is_refused(
    town: Path, capsys: pytest.CaptureFixture, change, said: str
) -> None:
    change(gpd.read_file(town / "districts.geojson")).to_file(town / "odd.geojson")
    assert run(town / "odd.geojson", "--out", town / "mine.toml") == 1
    assert said in capsys.readouterr().err


def test_residents_that_nobody_can_find_are_asked_for(
    town: Path, capsys: pytest.CaptureFixture
) -> None:
    people = town / "people.csv"
    pd.DataFrame({"code": ["01", "02", "03", "04"], "n": [1, 2, 3, 4]}).to_csv(people, index=False)
    words = [town / "districts.geojson", "--population", people, "--out", town / "mine.toml"]
    assert run(*words) == 1
    assert "--population-column" in capsys.readouterr().err
    assert run(*words, "--population-column", "n", "--key-column", "n") == 1
    assert "names 0% of them" in capsys.readouterr().err
    assert run(*words, "--population-column", "gente") == 1
    assert "no column 'gente'" in capsys.readouterr().err
    assert run(*words, "--population-column", "n", "--quiet") == 0


def test_where_somebody_can_answer_it_asks(
    town: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(town)
    answers = iter(["districts.geojson", "", "cells.geojson", "pe"])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert run() == 0
    told = written(town / "city.toml")
    assert (told["city"]["country"], told["cells"]["population"]) == ("PE", "pop")
    capsys.readouterr()


def test_without_a_boundary_and_nobody_to_ask_it_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(SystemExit) as left:
        run()
    assert left.value.code == 2
