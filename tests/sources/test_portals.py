"""Portals that answer in pages, as documented and otherwise: all rows once, or a clear fault."""

import contextlib
import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_server import Request, Web, packed

from geoequity.errors import SourceError
from geoequity.sources import near, portals
from geoequity.sources._remote import Client, Patience

QUICK = Patience(connect_s=2, read_s=2, total_s=20, tries=2, backoff_s=0.01, longest_wait_s=1)
COUNT = 25


def feature(n: int, **more: Any) -> dict[str, Any]:
    place = {"type": "Point", "coordinates": [-70.0 + n / 1000, -33.0]}
    return {
        "type": "Feature",
        "id": n,
        "geometry": place,
        "properties": {"OBJECTID": n, "nombre": f"Peñón {n}", **more},
    }


FEATURES = [feature(n) for n in range(1, COUNT + 1)]


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(["127.0.0.1"], cache=tmp_path / "cache", patience=QUICK)


def got(client: Client, url: str, name: str, folder: Path) -> Path:
    """Obtain a file and copy it to where it stays."""
    with portals.obtain(client, url, name=name, source="services.0") as (path, entry):
        assert entry["sha256"]
        assert entry["retrieved"].startswith("20")
        kept = folder / name
        kept.write_bytes(path.read_bytes())
    return kept


def fails(client: Client, url: str, name: str = "a.geojson") -> str:
    with (
        pytest.raises(SourceError) as caught,
        portals.obtain(client, url, name=name, source="services.0"),
    ):
        pass
    assert "services.0: http://127.0.0.1" in str(caught.value)
    return str(caught.value)


def as_json(request: Request, value: Any) -> None:
    body = packed(json.dumps(value).encode())
    request.answer(200, body, Content_Type="application/json", Content_Encoding="gzip")


# -- ArcGIS -------------------------------------------------------------------------

LAYER = {
    "name": "Escuelas",
    "maxRecordCount": 10,
    "objectIdField": "OBJECTID",
    "advancedQueryCapabilities": {"supportsPagination": True},
}


def arcgis(
    web: Web,
    name: str,
    *,
    layer: dict[str, Any] | None = None,
    count: int = COUNT,
    page: Callable[[int, list[dict[str, Any]]], list[dict[str, Any]]] = lambda _, rows: rows,
) -> str:
    """Answer as a feature layer does; ``page`` may spoil what each page holds."""

    def query(request: Request) -> None:
        asked = request.query
        assert asked["where"] == "1=1"
        if asked.get("returnCountOnly") == "true":
            as_json(request, {"count": count})
            return
        assert (asked["f"], asked["outSR"], asked["outFields"]) == ("geojson", "4326", "*")
        assert asked["orderByFields"] == "OBJECTID"
        at, most = int(asked.get("resultOffset", 0)), int(asked.get("resultRecordCount", 10))
        rows = page(at, FEATURES[at : at + min(most, 10)])
        more = {"exceededTransferLimit": True} if at + most < COUNT else {}
        as_json(request, {"type": "FeatureCollection", "features": rows, **more})

    path = f"/arcgis/rest/services/{name}/FeatureServer/0"
    web.on(f"{path}/query", query)
    return web.on(path, lambda request: as_json(request, layer or LAYER))


def test_arcgis_is_read_page_by_page(web: Web, client: Client, tmp_path: Path) -> None:
    path = got(client, arcgis(web, "Good"), "a.geojson", tmp_path)
    table = gpd.read_file(path)
    assert table["OBJECTID"].tolist() == list(range(1, COUNT + 1))
    assert table.crs.to_epsg() == 4326
    assert table["nombre"][0] == "Peñón 1"
    pages = [one for one, _ in web.asked if "Good" in one and "resultOffset" in one]
    assert len(pages) == 3


def test_arcgis_takes_the_address_of_a_query_too(web: Web, client: Client, tmp_path: Path) -> None:
    url = arcgis(web, "Query") + "/query?where=1%3D1&outFields=*&f=html"
    assert len(gpd.read_file(got(client, url, "a.geojson", tmp_path))) == COUNT


def test_arcgis_whose_fault_comes_with_200(web: Web, client: Client) -> None:
    fault = {"error": {"code": 499, "message": "Token Required", "details": []}}
    url = arcgis(web, "Fault", layer=fault)
    assert "got a fault, 'Token Required'," in fails(client, url)


def test_arcgis_without_pages_is_told(web: Web, client: Client) -> None:
    old = {"maxRecordCount": 10, "objectIdField": "OBJECTID"}
    message = fails(client, arcgis(web, "Old", layer=old))
    assert "25 rows, but it gives 10 at most and no pages" in message


def test_short_pages_are_made_up_for(web: Web, client: Client, tmp_path: Path) -> None:
    url = arcgis(web, "Short", page=lambda _, rows: rows[:7])
    assert len(gpd.read_file(got(client, url, "a.geojson", tmp_path))) == COUNT


@pytest.mark.parametrize(
    ("name", "page", "said"),
    [
        ("Lost", lambda at, rows: rows if at < 10 else [], "10 of 25 rows came, and no more"),
        ("Twice", lambda at, _: FEATURES[max(0, at - 5) : at + 5], "some rows came twice"),
        (
            "Renamed",
            lambda at, rows: [feature(one["id"], **({"nuevo": 1} if at else {})) for one in rows],
            "its columns changed from one page to the next: nuevo",
        ),
        ("Odd", lambda *_: [{"attributes": {}}], "answered with no GeoJSON, but type, features"),
    ],
)
def test_pages_that_do_not_make_a_whole_are_told(
    web: Web, client: Client, name: str, page: Any, said: str
) -> None:
    assert said in fails(client, arcgis(web, name, page=page))


def test_more_rows_than_counted_are_told(web: Web, client: Client) -> None:
    assert "30 rows came where it counts 25" in fails(
        client,
        arcgis(web, "More", page=lambda at, _: [feature(at + n) for n in range(10)]),
    )


def test_a_page_cut_short_is_no_json(web: Web, client: Client) -> None:
    url = arcgis(web, "Cut")
    web.on(
        "/arcgis/rest/services/Cut/FeatureServer/0/query",
        lambda request: request.answer(200, b'{"count": 2'),
    )
    assert "got broken JSON where JSON was asked for" in fails(client, url)


def test_a_portal_that_is_down_shows_a_page(web: Web, client: Client) -> None:
    url = arcgis(web, "Down")
    web.serve("/arcgis/rest/services/Down/FeatureServer/0", "<html><title>Caído</title>".encode())
    assert "got a web page titled 'Caído' where JSON was asked for" in fails(client, url)


# -- Socrata ------------------------------------------------------------------------


def socrata(web: Web, kind: str, *, count: Any = str(COUNT)) -> str:
    def rows(request: Request) -> None:
        asked = request.query
        assert asked["$order"] == ":id"
        at, most = int(asked["$offset"]), int(asked["$limit"])
        found = FEATURES[at : at + most][:10]  # a portal with a lower limit than asked for
        if kind == "geojson":
            as_json(request, {"type": "FeatureCollection", "features": found})
        else:
            lines = [f'{one["id"]},"{one["properties"]["nombre"]}, etc."' for one in found]
            request.answer(200, "\n".join(['"id","nombre"', *lines]).encode() + b"\n")

    web.on("/resource/abcd-1234.json", lambda request: as_json(request, [{"rows": count}]))
    return web.on(f"/resource/abcd-1234.{kind}", rows)


def test_socrata_is_read_page_by_page(web: Web, client: Client, tmp_path: Path) -> None:
    path = got(client, socrata(web, "geojson"), "a.geojson", tmp_path)
    assert gpd.read_file(path)["OBJECTID"].tolist() == list(range(1, COUNT + 1))
    path = got(client, socrata(web, "csv"), "a.csv", tmp_path)
    with path.open(encoding="utf-8", newline="") as stream:
        listed = list(csv.DictReader(stream))
    assert [one["id"] for one in listed] == [str(n) for n in range(1, COUNT + 1)]
    assert listed[0]["nombre"] == "Peñón 1, etc."


def test_socrata_keeps_conditions(web: Web, client: Client, tmp_path: Path) -> None:
    got(client, socrata(web, "csv") + "?$where=id%3E0", "a.csv", tmp_path)
    asked = [one for one, _ in web.asked if "resource" in one][-4:]
    assert all("%24where=id%3E0" in one for one in asked)


def test_socrata_that_counts_nothing_is_told(web: Web, client: Client) -> None:
    assert "does not count its rows" in fails(client, socrata(web, "csv", count=None), "a.csv")
    web.serve("/resource/abcd-1234.json", b'{"error": true, "message": "Unrecognized"}')
    assert "got a fault" in fails(client, web.url("/resource/abcd-1234.csv"), "a.csv")


# -- CKAN ---------------------------------------------------------------------------


def ckan(web: Web, total: int = COUNT) -> str:
    def search(request: Request) -> None:
        asked = request.query
        at, most = int(asked.get("offset", 0)), int(asked["limit"])
        rows = [{"_id": n, "barrio": f"B{n}", "valor": n / 2} for n in range(1, COUNT + 1)]
        found = rows[at : at + min(most, 10)]
        as_json(request, {"success": True, "result": {"total": total, "records": found}})

    return web.on("/api/3/action/datastore_search", search) + "?resource_id=r1"


def test_a_table_of_ckan_is_read_page_by_page(web: Web, client: Client, tmp_path: Path) -> None:
    path = got(client, ckan(web), "a.csv", tmp_path)
    with path.open(encoding="utf-8", newline="") as stream:
        listed = list(csv.DictReader(stream))
    assert [one["barrio"] for one in listed] == [f"B{n}" for n in range(1, COUNT + 1)]


def test_a_table_of_ckan_with_rows_missing_is_told(web: Web, client: Client) -> None:
    assert "25 of 40 rows came, and no more" in fails(client, ckan(web, total=40), "a.csv")


def test_a_file_of_ckan_is_looked_up_and_its_host_asked(web: Web, client: Client) -> None:
    elsewhere = web.serve("/download/barrios.csv", b"id;nombre\n1;Uno\n")
    elsewhere = elsewhere.replace("127.0.0.1", "localhost")
    found = {"success": True, "result": {"id": "r2", "url": elsewhere}}
    web.on("/api/3/action/resource_show", lambda request: as_json(request, found))
    url = web.url("/api/3/action/resource_show?id=r2")
    with portals.obtain(client, url, name="a.csv", source="tables.0") as (path, entry):
        assert path.read_bytes() == b"id;nombre\n1;Uno\n"
        assert entry["catalogue"] == url
        assert entry["final_url"] == found["result"]["url"]
    assert client.hosts == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"success": False, "error": {"message": "Not found: no r2"}}, "'Not found: no r2'"),
        ({"success": True, "result": {"id": "r2"}}, "the catalogue gives no url"),
        ({"success": True, "result": {"url": "file:///etc/passwd"}}, "only http and https"),
        ({"success": True, "result": {"url": "http://10.0.0.1/a.csv"}}, "which is not public"),
        ({"success": True, "result": {"url": "http://169.254.169.254/"}}, "which is not public"),
        ({"success": True}, "its answer has no result"),
    ],
)
def test_a_catalogue_does_not_lead_anywhere(
    web: Web, client: Client, answer: dict[str, Any], said: str
) -> None:
    web.on("/api/3/action/resource_show", lambda request: as_json(request, answer))
    url = web.url("/api/3/action/resource_show?id=r2")
    with (
        pytest.raises(SourceError, match=said),
        portals.obtain(client, url, name="a.csv", source="tables.0"),
    ):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1:80", "localhost", "[::1]"])
def test_a_catalogue_elsewhere_does_not_lead_to_this_machine(client: Client, host: str) -> None:
    catalogue = "https://data.example.org/api/3/action/resource_show?id=r2"
    with pytest.raises(SourceError, match="which is not public"):
        portals.named_by(client, f"http://{host}/a.csv", catalogue=catalogue, source="tables.0")


# -- WFS and CARTO ------------------------------------------------------------------


def wfs(web: Web, *, crs: Any = None) -> str:
    def answer(request: Request) -> None:
        asked = {key.lower(): value for key, value in request.query.items()}
        assert (asked["service"], asked["request"]) == ("WFS", "GetFeature")
        if asked.get("resulttype") == "hits":
            body = b'<wfs:FeatureCollection numberMatched="25" numberReturned="0"/>'
            request.answer(200, body, Content_Type="text/xml")
            return
        at, most = int(asked["startindex"]), int(asked["count"])
        rows = [{**one, "id": f"x.{one['id']}"} for one in FEATURES[at : at + min(most, 10)]]
        more = {} if crs is None else {"crs": crs}
        as_json(request, {"type": "FeatureCollection", "features": rows, **more})

    return web.on("/geoserver/wfs", answer) + "?SERVICE=WFS&typeNames=ide:barrios"


def test_wfs_is_read_page_by_page(web: Web, client: Client, tmp_path: Path) -> None:
    table = gpd.read_file(got(client, wfs(web), "a.geojson", tmp_path))
    assert table["OBJECTID"].tolist() == list(range(1, COUNT + 1))
    asked = [one for one, _ in web.asked if "wfs" in one]
    assert "resultType=hits" in asked[0]
    assert all("typeNames=ide%3Abarrios" in one and "version=2.0.0" in one for one in asked)


def test_wfs_keeps_the_crs_that_it_says(web: Web, client: Client, tmp_path: Path) -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32719"}}
    table = gpd.read_file(got(client, wfs(web, crs=crs), "a.geojson", tmp_path))
    assert table.crs.to_epsg() == 32719


def test_wfs_that_refuses_is_told_with_its_words(web: Web, client: Client) -> None:
    body = b"<ExceptionReport><ExceptionText>Unknown layer</ExceptionText></ExceptionReport>"
    web.on("/geoserver/wfs", lambda request: request.answer(200, body))
    message = fails(client, web.url("/geoserver/wfs?service=WFS&typeNames=x"))
    assert "does not count its features: 'Unknown layer'" in message


def test_carto_answers_at_once(web: Web, client: Client, tmp_path: Path) -> None:
    whole = {"type": "FeatureCollection", "features": FEATURES}
    url = web.on("/api/v2/sql", lambda request: as_json(request, whole))
    path = got(client, f"{url}?q=SELECT+*+FROM+t&format=GeoJSON", "a.geojson", tmp_path)
    assert len(gpd.read_file(path)) == COUNT
    web.on("/api/v2/sql", lambda one: one.answer(400, b'{"error": ["no table t"]}'))
    assert 'answered 400 Bad Request: \'{"error": ["no table t"]}\'' in fails(client, url)


def test_looking_counts_rows_without_taking_them(web: Web, client: Client) -> None:
    for url in (arcgis(web, "Look"), socrata(web, "geojson"), ckan(web), wfs(web)):
        found = portals.look(client, url, name="a.geojson", source="services.0")
        assert found == {"rows": COUNT}
    assert not any("Look" in one and "resultOffset" in one for one, _ in web.asked)


# -- anything at all ----------------------------------------------------------------

KNOWN = (
    "count total rows result records features properties geometry type Feature url id error"
    " success fields maxRecordCount advancedQueryCapabilities elements relation members tags"
)
WORDS = st.sampled_from(KNOWN.split())
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | WORDS
ANSWERS = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5)
)


class Stub:
    """A door behind which stands someone who answers anything."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers
        self.patience = Patience()

    def ask(self, *_: str, **__: str) -> bytes:
        value = self.answers.pop() if self.answers else {}
        return value if isinstance(value, bytes) else json.dumps(value).encode()

    def naming(self, _: str) -> "Stub":
        return self

    def patiently(self, _: Patience) -> "Stub":
        return self

    def download(self, *_: str, **__: str) -> None:
        raise SourceError("no")


@given(
    answers=st.lists(ANSWERS | st.binary(), max_size=4),
    path=st.sampled_from(
        [
            "/FeatureServer/0",
            "/resource/abcd-1234.geojson",
            "/resource/abcd-1234.csv",
            "/api/3/action/datastore_search?resource_id=1",
            "/api/3/action/resource_show?id=1",
            "/wfs?service=WFS",
            "/api/interpreter?data=x",
            "/api/interpreter",
        ]
    ),
    name=st.sampled_from(["a.geojson", "a.csv", "a.json"]),
)
def test_whatever_is_answered_ends_in_a_file_or_a_fault_of_ours(
    answers: list[Any], path: str, name: str
) -> None:
    box = near.Box(-70.7, -33.5, -70.6, -33.4) if path.endswith("interpreter") else None
    with (
        contextlib.suppress(SourceError),
        near.obtain(Stub(answers), f"http://h.org{path}", name=name, source="x", box=box) as found,
    ):
        assert found[0].stat().st_size > 0
