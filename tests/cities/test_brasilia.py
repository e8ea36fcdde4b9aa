"""Brasília on its real files: regiões drawn apart, streets of the middle, and nobody counted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from geoequity.errors import DataError
from geoequity.sources.boundaries import read_districts
from geoequity.sources.files import Record
from geoequity.sources.spec import DistrictsSpec, Origin

DATA = Path(__file__).parents[3] / "shared" / "cities" / "brasilia"
PRESET, LANGUAGE = "brasilia", "pt"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the open data of Brasília are absent")


def test_35_regioes_and_nobody_counted(summary: Mapping[str, Any]) -> None:
    assert summary["units"] == {"districts": 35, "cells": 0}
    assert summary["population"] == {"total": None, "covered_share": None, "outside": None}
    assert summary["index"]["mean"] is None
    assert summary["city"]["crs"] == "EPSG:31983"


def test_regioes_that_overlap_are_refused_unless_declared() -> None:
    path = DATA / "regioes_administrativas.geojson"
    record = Record(name="districts", path=path, origin=Origin())
    spec = DistrictsSpec(path=path, id="ra_codigo")
    with pytest.raises(DataError, match=r"districts overlap: RA-XI and RA-XXIX \(1.1%\)"):
        read_districts(spec, crs="auto", record=record)


def test_distance_to_the_plano_piloto_needs_nobody_to_be_counted(
    folder: Path, summary: Mapping[str, Any]
) -> None:
    table = pd.read_csv(folder / "indicators.csv").set_index(["indicator", "unit_id"])["value"]
    km = table["centre_km"]
    place = gpd.GeoSeries.from_xy([-47.8829], [-15.7939], crs=4326).to_crs(31983).iloc[0]
    regioes = gpd.read_file(DATA / "regioes_administrativas.geojson").set_index("ra_codigo")
    middle = regioes.to_crs(31983).representative_point()
    assert km.to_dict() == pytest.approx((middle.distance(place) / 1000).to_dict(), abs=1e-3)
    assert summary["indicators"]["centre_km"]["mean"] is None
    reasons = [one["id"] for one in summary["indicators"]["centre_km"]["reasons"]]
    assert reasons == ["no_population"]


def test_what_the_question_lacks_is_said(folder: Path, summary: Mapping[str, Any]) -> None:
    lacking = {
        one: summary["absent"][one]["id"]
        for one in summary["city"]["question_indicators"]
        if one not in summary["indicators"]
    }
    assert lacking == {
        "intersections_per_km2": "streets_cover_partly",
        "transit_access_share": "no_cells",
        "jobs_transit_45min_share": "no_cells",
        "home_internet_share": "no_table",
    }
    assert summary["walking"]["length_km"] > 250  # of streets in the middle of the Plano Piloto
    page = (folder / "report.pt.html").read_text(encoding="utf-8")
    assert "nenhuma caminhada tinha de onde partir" in page
