"""The pages and the schema of tables and files say what the models say."""

import json
import runpy
import tomllib
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "tables"
FILES = sorted([*(ROOT / "data").glob("*/*.toml")])


@pytest.fixture(scope="module")
def valid() -> jsonschema.Draft202012Validator:
    rules = json.loads((FOLDER / "city.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(rules)
    return jsonschema.Draft202012Validator(rules)


def test_the_pages_are_up_to_date_and_name_every_key() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "make_schema_pages"))["pages"]()
    for name, text in made.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, name
    rules = json.loads(made["city.schema.json"])
    models = [rules, *rules["$defs"].values()]
    for model in models[1:]:
        for key in model["properties"]:
            assert f"| `{key}` |" in made["city_file.md"]
    for key in rules["properties"]:
        assert f"[{key}" in made["city_file.md"]


@pytest.mark.parametrize("path", FILES, ids=lambda one: one.stem)
def test_the_schema_takes_the_city_files_that_are_here(
    path: Path, valid: jsonschema.Draft202012Validator
) -> None:
    with path.open("rb") as file:
        raw = json.loads(json.dumps(tomllib.load(file), default=str))
    assert [error.message for error in valid.iter_errors(raw)] == []


def test_the_schema_refuses_what_the_reader_refuses(
    valid: jsonschema.Draft202012Validator,
) -> None:
    raw = {"city": {"id": "a", "name": "A", "country": "CO", "colour": 1}}
    assert sorted(error.message for error in valid.iter_errors(raw)) == [
        "'districts' is a required property",
        "Additional properties are not allowed ('colour' was unexpected)",
    ]
