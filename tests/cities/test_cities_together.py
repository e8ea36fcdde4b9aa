"""The real cities side by side: the table computed again from their folders."""

import json
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from test_compare_cities import check_again

import geoequity as ge
from geoequity.city import presets
from geoequity.cli import main

SHARED = Path(__file__).parents[3] / "shared" / "cities"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not SHARED.is_dir(), reason="the open data of the cities are absent"),
]
AT_HAND = {  # the folder of data of each preset: its own, or that of the city it is a part of
    preset: folder
    for preset in presets()
    for folder in sorted(SHARED.iterdir() if SHARED.is_dir() else ())
    if folder.is_dir() and preset.startswith(folder.name) and not preset.endswith("_live")
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Assess every preset whose data are at hand."""
    place = tmp_path_factory.mktemp("cities")
    for preset, data in AT_HAND.items():
        command = ["run", preset, "--data", str(data), "--out", str(place / preset), "--quiet"]
        assert main([*command, "--language", "en"]) == 0
    return {preset: place / preset for preset in AT_HAND}


def test_the_real_cities_are_set_side_by_side(folders: dict[str, Path], tmp_path: Path) -> None:
    assert len(folders) >= 7
    out = tmp_path / "out"
    assert main(["compare", *map(str, folders.values()), "--out", str(out), "--quiet"]) == 0
    told = json.loads((out / "compare.json").read_text(encoding="utf-8"))
    jsonschema.validate(told, ge.outputs.summary_schema("compare"))
    assert set(told["cities"]) == set(folders)
    for language in ("es", "pt", "en"):
        page = (out / f"compare.{language}.html").read_text(encoding="utf-8")
        assert "<script" not in page
        assert all(one["name"] in page for one in told["cities"].values())
    table = pd.read_csv(out / "compare.csv", keep_default_na=False, na_values=[""])
    assert not table.duplicated(["city", "kind", "what", "measure"]).any()
    unknown = table[table["value"].isna() & table["kind"].isin(["index", "pillar", "area"])]
    assert unknown["reason"].notna().all()


def test_the_table_of_the_real_cities_can_be_computed_again(folders: dict[str, Path]) -> None:
    found = ge.compare.cities([ge.outputs.load(one) for one in folders.values()], draws=100)
    check_again(found, folders)
