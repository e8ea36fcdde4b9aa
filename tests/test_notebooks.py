"""The notebooks run from top to bottom, hold no results, and show what their words say."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

import geoequity as ge
from geoequity.study import Study

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

pytestmark = pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning")  # planted faults


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    before = mpl.get_backend()
    mpl.use("agg")
    yield
    plt.close("all")
    mpl.use(before)


def cells_of(name: str) -> list[dict[str, Any]]:
    return json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]


def ran(name: str) -> dict[str, Any]:
    """Run the cells of a notebook, each last value shown as a notebook would."""
    space: dict[str, Any] = {}
    for cell in cells_of(name):
        if cell["cell_type"] != "code":
            continue
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), space)
        if isinstance(last, ast.Expr):
            shown = eval(compile(ast.Expression(last.value), name, "eval"), space)
            assert getattr(shown, "_repr_html_", shown.__repr__)() or True
    return space


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_holds_no_results(path: Path) -> None:
    for cell in cells_of(path.stem):
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


def test_the_first_hour(demo_study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOEQUITY_STUDY", str(ge.outputs.save(demo_study, tmp_path / "demo")))
    found = ran("first_hour")
    assert found["gini"] == pytest.approx(
        demo_study.inequality.loc["hospital_walk_min", "gini"], abs=0.001
    )  # over the cells by hand is what the study has


def test_a_table_of_your_own(capsys: pytest.CaptureFixture) -> None:
    found = ran("own_table")
    assert found["told"]["mean"] is not None
    said = capsys.readouterr().out
    assert "mean None, known for 50% of residents" in said
    assert "./potholes.csv: no column 'repaired'; it has district, mended" in said


def test_siting_and_scenario(capsys: pytest.CaptureFixture) -> None:
    found = ran("siting")
    assert found["sited"].value < found["sited"].value_before
    assert (found["moved"].dropna(subset="change")["change"] < 0).all()
    assert "clinic" in capsys.readouterr().out


def test_change() -> None:
    found = ran("change")
    assert found["moved"]["named"].tolist() == [True, False, False, False]
