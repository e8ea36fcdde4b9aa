"""The script that an office copies runs as it stands."""

from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pandas as pd
import pytest

import geoequity as ge
from geoequity.study import Study

SCRIPT = Path(__file__).parents[1] / "scripts" / "city_report.py"


@pytest.fixture(scope="module")
def script():
    spec = spec_from_file_location("city_report", SCRIPT)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_study_is_published_with_the_templates_words(
    script, demo_study: Study, tmp_path: Path
) -> None:
    city = {**demo_study.summary["city"], "languages": ["pt"]}
    study = replace(demo_study, summary={**demo_study.summary, "city": city})
    before = ge.outputs.save(study, tmp_path / "before")
    out = tmp_path / "out"
    assert script.main([str(before), "--out", str(out), "--before", str(before)]) == 0
    page = (out / "report.pt.html").read_text(encoding="utf-8")
    assert "Relatório trimestral" in page
    assert "#0b6b57" in page
    for name in ("map.html", "change.html", "priorities.csv", "figures/map-types.png"):
        assert (out / name).is_file(), name
    told = pd.read_csv(out / "priorities.csv", dtype={"unit_id": str}).set_index("unit_id")
    assert told["probability"].is_monotonic_decreasing
    assert (told["probability"] > 0).all()
    for unit, lacks in told["lacks"].items():
        gaps = study.summary["districts"][unit]["gaps"]
        assert lacks == "; ".join(study.catalogue.loc[one, "label_pt"] for one in gaps)


def test_what_fails_the_check_is_not_published(
    script, demo_study: Study, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    first, *others = demo_study.provenance["sources"]
    provenance = {**demo_study.provenance, "sources": [{**first, "licence": None}, *others]}
    folder = ge.outputs.save(replace(demo_study, provenance=provenance), tmp_path / "study")
    assert script.main([str(folder), "--out", str(tmp_path / "out")]) == 1
    assert f"{first['name']}: licence not stated" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_faulty_logo_is_told_without_a_traceback(
    script, demo_study: Study, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = ge.outputs.save(demo_study, tmp_path / "study")
    logo = tmp_path / "logo.bmp"
    words = [str(folder), "--out", str(tmp_path / "out"), "--logo", str(logo)]
    assert script.main(words) == 1
    assert "a logo is one of" in capsys.readouterr().err
