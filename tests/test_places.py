"""City files of places that the map knows by name."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from web_server import Request, Web

import geoequity as ge
from geoequity.cli import main
from geoequity.errors import SourceError
from geoequity.fetching import fetch
from geoequity.places import describe, id_of
from geoequity.sources._remote import Client, Patience

QUICK = Patience(connect_s=2, read_s=2, total_s=30, tries=2, backoff_s=0.01, longest_wait_s=1)
PLACE = {
    "osm_type": "relation",
    "osm_id": 77,
    "category": "boundary",
    "name": 'Villa "Nueva"\n',
    "display_name": "Villa Nueva, Chile",
    "address": {"country_code": "cl"},
}


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()


def district(n: int) -> dict[str, Any]:
    """A square of some 1 km, as ``out geom`` draws it."""
    west = -70.60 + n / 100
    corners = [(west, -33.4), (west + 0.01, -33.4), (west + 0.01, -33.39), (west, -33.39)]
    line = [{"lon": lon, "lat": lat} for lon, lat in [*corners, corners[0]]]
    members = [{"type": "way", "ref": n, "role": "outer", "geometry": line}]
    tags = {"boundary": "administrative", "admin_level": "9", "name": f"Barrio {n}"}
    return {"type": "relation", "id": n, "tags": tags, "members": members}


def services(web: Web, *, found: list[Any], levels: dict[int, str]) -> dict[str, str]:
    """Nominatim and Overpass of a small world."""

    def overpass(request: Request) -> None:
        query = request.query["data"]
        elements: list[Any] = [
            {"type": "relation", "id": key, "tags": {"admin_level": level}}
            for key, level in levels.items()
        ]
        if "out geom" in query:
            assert "rel(77);map_to_area" in query
            assert '["admin_level"="9"]' in query
            elements = [district(n) for n in range(3)]
        elif "out meta" in query:
            node = {"type": "node", "id": 5, "lon": -70.595, "lat": -33.395, "version": 1}
            elements = [{**node, "tags": {"amenity": "school"}}]
        base = {"timestamp_osm_base": "2025-11-20T00:00:00Z"}
        request.answer(200, json.dumps({"osm3s": base, "elements": elements}).encode())

    return {
        "nominatim": web.serve("/search", json.dumps(found).encode()),
        "overpass": web.on("/api/interpreter", overpass),
    }


def asked(tmp_path: Path) -> Client:
    return Client(["127.0.0.1"], cache=tmp_path / "cache", patience=QUICK)


def test_a_place_becomes_a_city_file_that_fetches_its_data(web: Web, tmp_path: Path) -> None:
    street = {**PLACE, "osm_type": "way", "category": "highway"}
    levels = {77: "8", 1: "9", 2: "9", 3: "9", 4: "10", 5: "4", 6: "x"}
    where = services(web, found=[street, PLACE], levels=levels)
    file = describe("Villa Nueva, Chile", folder=tmp_path, client=asked(tmp_path), **where)
    city = ge.City.from_toml(file, must_exist=False)
    assert (city.city.id, city.city.name, city.city.country) == (
        "villa_nueva",
        'Villa "Nueva"',
        "CL",
    )
    fetch(city, data=tmp_path, client=asked(tmp_path))
    study = ge.assess(ge.City.from_toml(file))
    assert study.districts["name"].tolist() == ["Barrio 0", "Barrio 1", "Barrio 2"]
    assert "ODbL-1.0" in study.provenance["sources"][0]["licence"]
    text = file.read_text()
    file.write_text("mine")
    assert describe("Villa Nueva", folder=tmp_path, client=asked(tmp_path), **where) == file
    assert file.read_text() == "mine" != text


@pytest.mark.parametrize(
    ("found", "levels", "said"),
    [
        ([], {}, "there is none"),
        ([{**PLACE, "osm_type": "node"}], {}, "there is Villa Nueva, Chile"),
        ([PLACE], {77: "8", 1: "9", 2: "7"}, "but 1 of level 9"),
        ([PLACE], {}, "but none"),
        ([{"odd": 1}], {}, "in another form than documented"),
    ],
)
def test_a_place_without_borders_or_districts_is_told(
    web: Web, tmp_path: Path, found: list[Any], levels: dict[int, str], said: str
) -> None:
    where = services(web, found=found, levels=levels)
    with pytest.raises(SourceError, match=said):
        describe("Villa Nueva", folder=tmp_path / "x", client=asked(tmp_path), **where)
    assert not (tmp_path / "x").exists()


def test_only_the_two_services_are_asked(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="names no host 127"):
        describe(
            "Villa",
            folder=tmp_path,
            client=Client([], patience=QUICK),
            nominatim="http://127.0.0.1:1/search",
        )


@pytest.mark.parametrize(
    ("place", "key"),
    [("São Paulo, Brasil", "sao_paulo"), ("6 de Octubre", "place_6_de_octubre"), ("東京", "place")],
)
def test_ids_are_plain(place: str, key: str) -> None:
    assert id_of(place) == key


def test_offline_looks_no_place_up(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["fetch", "Villa Nueva", "--offline", "--data", str(tmp_path)]) == 1
    assert "neither a city file nor a preset" in capsys.readouterr().err
