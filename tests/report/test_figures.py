"""Figures of the report as files of their own."""

import re
import struct
import sys
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from geoequity import outputs
from geoequity.cli import main
from geoequity.errors import SourceError
from geoequity.report import write_figures, write_report

pytest.importorskip("typst")
WIDE_PX = round(170 / 25.4 * 300)


@pytest.fixture(scope="module")
def figures(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    return {path.name: path for path in write_figures(study, folder, language="pt")}


def test_every_figure_of_the_page_is_a_vector_and_a_picture(figures, study, tmp_path):
    page = write_report(study, tmp_path / "r.html", language="pt").read_text(encoding="utf-8")
    shown = re.findall(r'<svg [^>]*role="img" aria-labelledby="([\w-]+)"', page)
    assert set(figures) == {f"{one}.{suffix}" for one in shown for suffix in ("svg", "png")}
    assert {"map-types", "ranking", "cloud", "lorenz-1"} <= set(shown)


def test_pictures_are_wide_enough_for_print(figures):
    for name, path in figures.items():
        if name.endswith(".png"):
            width, height = struct.unpack(">II", path.read_bytes()[16:24])
            assert abs(width - WIDE_PX) <= 1
            assert height > 300


def test_vectors_hold_no_picture_and_need_no_font(figures):
    for name, path in figures.items():
        if name.endswith(".svg"):
            root = ET.parse(path).getroot()
            tags = {one.tag.rpartition("}")[2] for one in root.iter()}
            assert "path" in tags
            assert not tags & {"text", "script", "foreignObject"}, name
            assert float(root.get("width").removesuffix("pt")) == pytest.approx(170 / 25.4 * 72)


def test_the_same_study_gives_the_same_figures(figures, study, tmp_path):
    again = write_figures(study, tmp_path, language="pt")
    assert [one.read_bytes() for one in again] == [one.read_bytes() for one in figures.values()]


def test_the_command_writes_them_beside_the_study(study, tmp_path, monkeypatch, capsys):
    folder = outputs.save(study, tmp_path / "out")
    assert main(["figures", str(folder), "--quiet"]) == 0
    assert (folder / "figures" / "es" / "map-types.png").is_file()
    outputs.save(study, folder)
    assert not (folder / "figures").exists()  # they were of the earlier study
    monkeypatch.setitem(sys.modules, "typst", None)
    assert main(["figures", str(folder)]) == 1
    assert "want Typst" in capsys.readouterr().err


def test_hostile_words_are_set_as_words(study, tmp_path):
    city = {**study.summary["city"], "name": "#panic() </svg> $x$", "licences": ["<b>*_`"]}
    made = replace(study, summary={**study.summary, "city": city})
    assert write_figures(made, tmp_path, language="en")


def test_without_typst_it_is_said_how_to_get_it(study, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(SourceError, match=r"geoequity-toolkit\[pdf\]"):
        write_figures(study, tmp_path)
