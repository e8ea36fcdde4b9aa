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

import pytest
from web_server import Web

import geoequity as ge
from geoequity.city import presets
from geoequity.fetching import fetch, providers
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
