"""Studies as files: whole or not at all, and the same when read back."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import geopandas as gpd
import jsonschema
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import geoequity as ge
from geoequity.errors import SourceError
from geoequity.outputs._tables import _written
from geoequity.study import Study


def test_every_file_of_a_study_is_written(demo_study: Study, tmp_path: Path) -> None:
    folder = ge.outputs.save(demo_study, tmp_path / "out")
    names = {one.name for one in folder.iterdir()}
    assert names >= {
        "summary.json",
        "indicators.csv",
        "districts.parquet",
        "cells.parquet",
        "study.gpkg",
        "provenance.json",
        "dictionary.csv",
    }


def test_a_study_reads_back_as_it_was(demo_study: Study, tmp_path: Path) -> None:
    again = ge.outputs.load(ge.outputs.save(demo_study, tmp_path / "out"))
    assert again.summary == json.loads(json.dumps(demo_study.summary))
    for field in fields(Study):
        before, after = getattr(demo_study, field.name), getattr(again, field.name)
        if isinstance(before, gpd.GeoDataFrame):
            assert after.crs == before.crs
            assert after.geometry.geom_equals_exact(before.geometry, 1e-6, align=False).all()
            before = pd.DataFrame(before.drop(columns="geometry"))
            after = pd.DataFrame(after.drop(columns="geometry"))
        if isinstance(before, pd.DataFrame):
            for one in before.columns[before.dtypes.map(pd.api.types.is_string_dtype)]:
                assert all(value is None or isinstance(value, str) for value in after[one])
                assert after[one].isna().equals(before[one].isna())
            pd.testing.assert_frame_equal(
                after, before, check_dtype=False, check_names=False, check_index_type=False
            )


def test_layers_are_geoparquet_1_1_that_can_be_read_by_place(
    demo_study: Study, tmp_path: Path
) -> None:
    folder = ge.outputs.save(demo_study, tmp_path / "out")
    for layer in ("districts.parquet", "cells.parquet", "tables/stops.parquet"):
        told = json.loads(pq.read_schema(folder / layer).metadata[b"geo"])
        assert told["version"] == "1.1.0"
        column = told["columns"][told["primary_column"]]
        assert column["crs"]["id"]["code"] == demo_study.districts.crs.to_epsg()
        assert "covering" in column
    first = demo_study.cells.iloc[[0]]
    near = gpd.read_parquet(folder / "cells.parquet", bbox=tuple(first.total_bounds))
    assert first.index[0] in near.index
    assert 0 < len(near) < len(demo_study.cells)


def test_the_summary_obeys_its_schema(demo_study: Study) -> None:
    jsonschema.validate(json.loads(json.dumps(demo_study.summary)), ge.outputs.summary_schema())


def test_the_summary_holds_no_nan(demo_study: Study) -> None:
    json.dumps(demo_study.summary, allow_nan=False)


def test_the_tidy_table_has_one_row_a_unit_and_indicator(demo_study: Study) -> None:
    table = ge.outputs.tidy_indicators(demo_study)
    assert list(table.columns) == [
        "level",
        "unit_id",
        "indicator",
        "value",
        "unit",
        "score",
        "confidence",
        "population",
        "low",
        "high",
    ]
    assert not table.duplicated(["level", "unit_id", "indicator"]).any()
    districts = table[table["level"] == "district"]
    assert len(districts) == demo_study.indicators.size
    assert len(table) - len(districts) == demo_study.cell_indicators.size
    one = districts.set_index(["unit_id", "indicator"]).loc[("07", "home_internet_share")]
    assert one["value"] == demo_study.indicators.loc["07", "home_internet_share"]
    assert one["score"] == demo_study.scores.loc["07", "home_internet_share"]
    assert one["population"] == demo_study.districts.loc["07", "population"]


@given(hnp.arrays(float, st.integers(0, 40), elements=st.floats() | st.integers(-99, 99)))
@example(np.array([0.0, -0.0, 1e-4, 9.9e-5, 1e9, 999_999_999.5, 1e15, 1e16, np.inf, np.nan]))
def test_numbers_of_cells_are_written_as_python_does(values: np.ndarray) -> None:
    expected = ["" if np.isnan(one) else repr(one) for one in values.tolist()]
    assert _written(values).to_pylist() == expected


def test_unknown_values_are_empty_in_the_tidy_table(demo_study: Study, tmp_path: Path) -> None:
    ge.outputs.save(demo_study, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "indicators.csv", dtype={"unit_id": str})
    cells = table[(table["level"] == "cell") & (table["indicator"] == "home_internet_share")]
    expected = demo_study.cell_indicators["home_internet_share"]
    assert cells["value"].isna().sum() == expected.isna().sum() > 0
    assert np.allclose(
        cells.set_index("unit_id")["value"], expected.loc[cells["unit_id"]], equal_nan=True
    )


def test_a_new_study_replaces_an_old_one_and_keeps_what_others_put_there(
    demo_study: Study, tmp_path: Path
) -> None:
    folder = ge.outputs.save(demo_study, tmp_path / "out")
    (folder / "notes.txt").write_text("mine")
    (folder / "photos").mkdir()
    (folder / "photos" / "one.txt").write_text("mine too")
    (folder / "map.html").write_text("of an earlier study")
    ge.outputs.save(demo_study, folder)
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "photos" / "one.txt").read_text() == "mine too"
    assert not (folder / "map.html").exists()
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_is_no_study_is_not_replaced(demo_study: Study, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(SourceError, match=r"holds files that are no study.*another folder"):
        ge.outputs.save(demo_study, tmp_path)
    assert (tmp_path / "thesis.doc").read_text() == "years of work"


def test_a_file_is_not_replaced_by_a_folder(demo_study: Study, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(SourceError, match="is a file, not a folder"):
        ge.outputs.save(demo_study, tmp_path / "out")


def test_a_failing_writer_leaves_the_old_study(demo_study: Study, tmp_path: Path) -> None:
    folder = ge.outputs.save(demo_study, tmp_path / "out")
    before = (folder / "summary.json").read_bytes()

    def fail_half_way() -> None:
        with ge.outputs.swap_in(folder) as draft:
            (draft / "summary.json").write_text("half")
            msg = "disk full"
            raise OSError(msg)

    with pytest.raises(SourceError, match=r"left as it was: disk full"):
        fail_half_way()
    assert (folder / "summary.json").read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_loading_what_is_no_study_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no study here"):
        ge.outputs.load(tmp_path)


def test_loading_a_damaged_study_says_so(demo_study: Study, tmp_path: Path) -> None:
    folder = ge.outputs.save(demo_study, tmp_path / "out")
    (folder / "districts.parquet").write_bytes(b"not parquet")
    with pytest.raises(SourceError, match="incomplete or damaged"):
        ge.outputs.load(folder)


@pytest.mark.slow
def test_killed_runs_leave_the_old_study_or_the_new_one(tmp_path: Path) -> None:
    """Kill a run at twenty moments spread over its length; the folder is whole each time."""
    command = [
        sys.executable,
        "-m",
        "geoequity.cli",
        "demo",
        "--quiet",
        "--out",
        str(tmp_path / "out"),
    ]
    start = time.perf_counter()
    subprocess.run(command, check=True)
    length = time.perf_counter() - start
    for moment in np.linspace(0.05, 1.0, 20):
        process = subprocess.Popen(command)
        time.sleep(length * moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
        study = ge.outputs.load(tmp_path / "out")
        assert len(study.districts) == study.summary["units"]["districts"]
        assert (tmp_path / "out" / "map.html").stat().st_size > 0
    assert Path(tmp_path / "out").is_dir()
