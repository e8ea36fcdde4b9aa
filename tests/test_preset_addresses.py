"""The presets say where their files come from, and since when that is known."""

import hashlib
import re
import runpy
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pytest
import rasterio
import shapely
from osmium.osm import mutable
from web_server import Web

import geoequity as ge
from geoequity.city import presets
from geoequity.cli import main
from geoequity.fetching import fetch, providers
from geoequity.sources import broadband
from geoequity.sources._addresses import parse
from geoequity.sources._remote import Client

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "cities"
CITIES = [name for name in presets() if name != "demo"]
LIVE = [name for name in CITIES if name.endswith("_live")]


def blocks(table: Any) -> Iterator[dict[str, Any]]:
    """Every table of a city file that gives an address."""
    listed = table if isinstance(table, list) else table.values() if isinstance(table, dict) else ()
    if isinstance(table, dict) and {"url", "population_url"} & table.keys():
        yield table
    for one in listed:
        yield from blocks(one)


def preset(name: str, data: Path = Path("/")) -> ge.City:
    return ge.City.preset(name, data=data, must_exist=False)


def test_the_page_is_up_to_date() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "make_address_page"))
    assert (ROOT / "docs" / "preset_addresses.md").read_text(encoding="utf-8") == made["page"]()
    told = {name: set(files) for name, files in made["BY_HAND"].items()}
    named = {name: {one.name for one in preset(name).by_hand()} for name in CITIES}
    assert told == {name: files for name, files in named.items() if files}


@pytest.mark.parametrize("name", CITIES)
def test_every_address_says_when_it_was_last_read(name: str) -> None:
    found = list(blocks(tomllib.loads(presets()[name].read_text(encoding="utf-8"))))
    assert found
    for block in found:
        assert isinstance(block.get("url_read"), date), block
    hosts = {host for one in providers().values() for host in one["hosts"]}
    for one in preset(name).wanted():
        host = parse(one.url, source=one.key).host
        assert one.url.startswith("https://")
        assert host in hosts or one.origin.provider, one.key
        if host == "raw.githubusercontent.com":  # a branch would change under the preset
            assert re.match(r"/[^/]+/[^/]+/[0-9a-f]{40}/", urlsplit(one.url).path), one.url


def test_every_city_is_there_as_providers_answer_today() -> None:
    eight = {one.removesuffix("_live") for one in LIVE}
    assert eight == set(CITIES) - set(LIVE) - {"sao_paulo_centre"}
    for name in LIVE:
        city = preset(name)
        assert not city.by_hand()
        assert city.city.id == name
        assert city.city.name == preset(name.removesuffix("_live")).city.name
        by_key = {one.key: one for one in city.wanted()}
        assert {"districts", "osm", "connectivity.0", "connectivity.1"} <= by_key.keys()
        assert {"cells", "cells.population"} & by_key.keys()
        large = ("download.geofabrik.de", "data.worldpop.org", "ookla-open-data.s3.amazonaws.com")
        assert all(one.cut for one in by_key.values() if urlsplit(one.url).hostname in large)
        assert next(iter(by_key)) == "districts"  # the others are cut to them


@pytest.mark.skipif(not SHARED.is_dir(), reason="the open data of the cities are absent")
@pytest.mark.parametrize("name", [one for one in CITIES if one not in LIVE])
def test_what_the_presets_read_passes_the_door(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each real file, served under its address, comes out as it went in."""
    monkeypatch.setenv("GEOEQUITY_CACHE", str(tmp_path / "cache"))
    data = SHARED / name.removesuffix("_centre")
    text = presets()[name].read_text(encoding="utf-8")
    web = Web()
    try:
        for one in preset(name).wanted():
            address = web.serve(f"/{one.path.name}", (data / one.path.name).read_bytes())
            text = text.replace(f'"{one.url}"', f'"{address}"')
        file = tmp_path / "city.toml"
        file.write_text(text, encoding="utf-8")
        city = ge.City.from_toml(file, must_exist=False)
        fetched = fetch(city, data=tmp_path, client=Client(["127.0.0.1"], cache=tmp_path / "c"))
    finally:
        web.close()
    assert {one.path for one in fetched} == {one.path for one in city.wanted()}
    for one in fetched:
        sums = [hashlib.sha256(x.read_bytes()).digest() for x in (one.path, data / one.path.name)]
        assert sums[0] == sums[1], one.path.name


SIDE = 0.02  # degrees of a district


def write_world(folder: Path, name: str) -> None:
    """Write what providers would answer about a town of four districts in the place of a city."""
    city = preset(name, folder)
    lon, lat = city.transit.centre or (0.0, 0.0)
    places = [(column, row) for row in (-1, 0) for column in (-1, 0)]
    squares = [
        shapely.box(lon + x * SIDE, lat + y * SIDE, lon + (x + 1) * SIDE, lat + (y + 1) * SIDE)
        for x, y in places
    ]
    spec = city.districts
    columns = {spec.id: [f"D{n}" for n in range(4)], spec.name: list("ABCD")}
    gpd.GeoDataFrame(columns, geometry=squares, crs=4326).to_file(spec.path)
    around = shapely.box(lon - 0.1, lat - 0.1, lon + 0.1, lat + 0.1)
    raster = city.cells.raster if city.cells else None
    if raster is not None:
        to = rasterio.Affine(0.001, 0, lon - 0.2, 0, -0.001, lat + 0.2)
        form = {"driver": "GTiff", "width": 400, "height": 400, "count": 1, "dtype": "float32"}
        with rasterio.open(raster, "w", **form, crs="EPSG:4326", transform=to, nodata=-1) as file:
            file.write(np.full((1, 400, 400), 2, dtype="float32"))
    elif city.cells:
        cells = gpd.GeoDataFrame(
            {city.cells.id: ["a", "b", "c", "d"], city.cells.population: 100.0},
            geometry=squares,
            crs=4326,
        )
        cells.to_file(city.cells.path)
    write_map(city.osm.path[0], lon, lat)
    for block in city.connectivity:
        keys = broadband.study_quadkeys(around, crs="EPSG:4326")
        numbers = {"avg_d_kbps": 50_000, "avg_u_kbps": 9000, "avg_lat_ms": 9, "tests": 40}
        pd.DataFrame({"quadkey": keys, **numbers, "devices": 20}).to_parquet(block.path[0])


def write_map(path: Path, lon: float, lat: float) -> None:
    """Write a cross of streets and a clinic in each district."""
    steps = [(n - 20) * SIDE / 20 for n in range(41)]
    corners = [(lon + one, lat) for one in steps] + [(lon, lat + one) for one in steps]
    with osmium.SimpleWriter(str(path)) as writer:
        for n, place in enumerate(corners, start=1):
            writer.add_node(mutable.Node(id=n, version=1, location=place))
        for n, (x, y) in enumerate(((-1, -1), (1, -1), (-1, 1), (1, 1)), start=101):
            place = (lon + x * SIDE / 2, lat + y * SIDE / 2)
            tags = {"amenity": "clinic"}
            writer.add_node(mutable.Node(id=n, version=1, location=place, tags=tags))
        for n, nodes in enumerate((range(1, 42), [*range(42, 62), 21, *range(63, 83)]), start=1):
            street = {"highway": "residential"}
            writer.add_way(mutable.Way(id=n, version=1, nodes=list(nodes), tags=street))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ["brasilia_live", "san_juan_live"])
def test_what_providers_would_answer_becomes_a_study(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A town made up in the providers' formats, through the preset as it is but for the hosts."""
    monkeypatch.setenv("GEOEQUITY_CACHE", str(tmp_path / "cache"))
    answers, data = tmp_path / "answers", tmp_path / "data"
    answers.mkdir()
    data.mkdir()
    write_world(answers, name)
    text = presets()[name].read_text(encoding="utf-8")
    web = Web()
    try:
        for one in preset(name, answers).wanted():
            address = web.serve(f"/{one.path.name}", one.path.read_bytes())
            text = text.replace(f'"{one.url}"', f'"{address}"')
        file = data / "city.toml"
        file.write_text(text, encoding="utf-8")
        out = tmp_path / "out"
        assert main(["run", str(file), "--out", str(out), "--language", "en", "--no-pdf"]) == 0
    finally:
        web.close()
    study = ge.outputs.load(out)
    assert study.summary["city"]["id"] == name
    assert (study.districts["population"] > 0).all()
    told = study.indicators
    assert told["fixed_down_mbps"].to_numpy() == pytest.approx(50)
    assert told["clinic_walk_min"].notna().all()
    kept = {one["path"]: one for one in study.provenance["sources"]}
    assert all("download" in one and one["url_read"] for one in kept.values())
