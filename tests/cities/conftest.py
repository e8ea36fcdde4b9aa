"""A study of a real city: a module names its ``PRESET``, its ``DATA`` and a ``LANGUAGE``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from geoequity.cli import main


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    city = request.module
    out = tmp_path_factory.mktemp(city.PRESET) / "out"
    command = ["run", city.PRESET, "--data", str(city.DATA), "--out", str(out), "--quiet"]
    assert main([*command, "--language", city.LANGUAGE]) == 0
    return out


@pytest.fixture(scope="module")
def indicators(folder: Path) -> pd.DataFrame:
    """Units x indicators: of districts, which the ids of cells follow."""
    table = pd.read_csv(folder / "indicators.csv", dtype={"unit_id": str})
    districts = table[table["level"] == "district"]
    return districts.pivot_table(index="unit_id", columns="indicator", values="value")


@pytest.fixture(scope="module")
def summary(folder: Path) -> Mapping[str, Any]:
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sources(folder: Path) -> Mapping[str, Any]:
    provenance = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    return {one["name"]: one for one in provenance["sources"]}
