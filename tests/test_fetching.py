"""Cities whose files are fetched: the same study as from disk, or a clear fault."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from tiny_city import CityMaker
from web_server import Request, Web, cut_short, whole

import geoequity as ge
from geoequity import fetching
from geoequity.city import default_folder
from geoequity.cli import main
from geoequity.errors import ConfigError, SourceError
from geoequity.fetching import check, fetch
from geoequity.sources import broadband
from geoequity.sources._addresses import parse
from geoequity.sources._remote import Client, Patience
from geoequity.sources.files import Record
from geoequity.sources.spec import Origin

QUICK = Patience(connect_s=2, read_s=2, total_s=30, tries=2, backoff_s=0.01, longest_wait_s=1)
FILES = ("districts.geojson", "cells.geojson", "streets.csv", "places.csv", "internet.csv")


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOEQUITY_CACHE", str(tmp_path / "cache"))


def with_urls(block: Any, base: str) -> Any:
    """Give every block with a path an address."""
    if isinstance(block, list):
        return [with_urls(one, base) for one in block]
    if not isinstance(block, dict):
        return block
    listed = {key: with_urls(value, base) for key, value in block.items()}
    return {**listed, "url": f"{base}/{block['path']}"} if "path" in block else listed


@pytest.fixture
def far(make_city: CityMaker, web: Web) -> Path:
    """The city file of a town whose files lie on the server only."""
    from tiny_city import tiny_city  # noqa: PLC0415 - a plain dictionary

    blocks = with_urls({k: v for k, v in tiny_city().items() if k != "city"}, web.url(""))
    file = make_city(**blocks)
    for name in FILES:
        path = file.parent / name
        web.serve(f"/{name}", path.read_bytes())
        path.unlink()
    return file


def client(file: Path, **more: Any) -> Client:
    return Client(["127.0.0.1"], cache=file.parent / "cache", patience=QUICK, **more)


def unread(file: Path) -> ge.City:
    return ge.City.from_toml(file, must_exist=False)


def same_study(one: ge.Study, other: ge.Study) -> None:
    """Everything but when it was made, how long it took and where files came from."""
    pd.testing.assert_frame_equal(one.districts, other.districts)
    pd.testing.assert_frame_equal(one.indicators, other.indicators)
    assert (one.cells is None) == (other.cells is None)
    if one.cells is not None:
        pd.testing.assert_frame_equal(one.cells, other.cells)
    drop = {"stages", "versions"}
    told = [{k: v for k, v in study.summary.items() if k not in drop} for study in (one, other)]
    assert json.dumps(told[0], sort_keys=True) == json.dumps(told[1], sort_keys=True)
    rows = [
        [
            {k: v for k, v in row.items() if k not in {"download", "retrieved", "url"}}
            for row in study.provenance["sources"]
        ]
        for study in (one, other)
    ]
    assert rows[0] == rows[1]


def test_a_fetched_city_gives_the_study_that_the_disk_gives(
    far: Path, web: Web, make_city: CityMaker
) -> None:
    fetched = fetch(unread(far), data=far.parent, client=client(far))
    assert {one.status for one in fetched} == {"fetched"}
    assert sorted(one.path.name for one in fetched) == sorted(FILES)
    of_net = ge.assess(ge.City.from_toml(far))
    same_study(of_net, ge.assess(ge.City.from_toml(make_city())))
    row = next(one for one in of_net.provenance["sources"] if one["name"] == "districts")
    assert row["url"] == row["download"]["url"] == web.url("/districts.geojson")
    assert row["retrieved"] == row["download"]["retrieved"]
    assert row["download"]["sha256"] == row["sha256"]


def test_run_fetches_what_is_absent_and_nothing_else(
    far: Path, web: Web, capsys: pytest.CaptureFixture
) -> None:
    command = ["run", str(far), "--out", str(far.parent / "out"), "--language", "es"]
    assert main(command) == 0
    assert "districts.geojson: fetched" in capsys.readouterr().err
    before = len(web.asked)
    assert main(["fetch", str(far)]) == 0
    assert len(web.asked) == before
    provenance = json.loads((far.parent / "out" / "provenance.json").read_text())
    assert provenance["sources"][0]["download"]["final_url"].startswith("http://127.0.0.1")


def test_what_must_be_brought_by_hand_is_told_before_anything_is_asked(
    far: Path, web: Web, capsys: pytest.CaptureFixture
) -> None:
    text = far.read_text().replace(f', "url" = "{web.url("/internet.csv")}"', "")
    assert text != far.read_text()
    far.write_text(text)
    for command in (["run", str(far)], ["run", str(far), "--offline"]):
        assert main([*command, "--out", str(far.parent / "out")]) == 1
        told = capsys.readouterr().err.splitlines()
        faults = [one for one in told if "no file" in one]
        assert "internet.csv; nobody is known to offer it, so bring it by hand" in faults[0]
        assert len(faults) == len(FILES)
        assert all("geoequity fetch downloads it" in one for one in faults[1:])
    assert not web.asked
    assert not (far.parent / "out").exists()
    for command in (["fetch", str(far)], ["fetch", str(far), "--check"]):
        assert main(command) == 0
        said = capsys.readouterr().out
        assert "internet.csv: absent, and nobody is known to offer it; bring it by hand" in said
    (far.parent / "internet.csv").write_text("mine")
    assert unread(far).by_hand() == {far.parent / "internet.csv": "tables.0"}


def test_a_file_that_several_blocks_read_is_told_once(make_city: CityMaker, web: Web) -> None:
    table = {"path": "t.csv", "key": "k"}
    offered = {**table, "url": web.url("/t.csv")}
    file = make_city(
        tables=[{**table, "columns": {"imcv": "v"}}, {**offered, "columns": {"income": "v"}}]
    )
    with pytest.raises(ConfigError) as caught:
        ge.City.from_toml(file)
    absent = f"tables.0.path and 1 more: no file {file.parent / 't.csv'}"
    assert list(caught.value.faults) == [f"{absent}; geoequity fetch downloads it"]
    city = unread(file)
    assert [one.key for one in city.wanted()] == ["tables.1"]
    assert file.parent / "t.csv" not in city.by_hand()


def test_the_day_an_address_was_read_is_kept(
    make_city: CityMaker, web: Web, capsys: pytest.CaptureFixture
) -> None:
    table = {"path": "t.csv", "url": web.serve("/t.csv", b"k,v\na,1\n"), "url_read": "2026-11-26"}
    shared = {"office": {"url": "https://example.org", "url_read": "2020-01-01"}}
    columns = {"key": "k", "source": "office", "columns": {"imcv": "v"}}
    file = make_city(sources=shared, tables=[{**table, **columns}])
    assert unread(file).origin(unread(file).tables[0]).url_read == "2026-11-26"
    assert main(["fetch", str(file), "--check"]) == 0
    assert "t.csv: answers: size 8" in (said := capsys.readouterr().out)
    assert "(address read 2026-11-26)" in said
    fetch(unread(file), data=file.parent, client=client(file))
    book = Record(name="t", path=file.parent / "t.csv", origin=Origin(url_read="2026-11-26"))
    assert book.as_dict()["url_read"] == book.as_dict()["download"]["url_read"] == "2026-11-26"
    bare = {**columns, "path": "t.csv", "url": table["url"]}
    other = unread(make_city(sources=shared, tables=[bare]))
    assert other.origin(other.tables[0]).url_read is None  # that of the shared address says nothing
    with pytest.raises(ConfigError, match=r"tables\.0\.url_read: there is no url that was read"):
        unread(make_city(tables=[{"path": "t.csv", "url_read": "2026-11-26", **columns}]))


def test_offline_names_what_is_absent_and_opens_no_socket(far: Path, web: Web) -> None:
    code = """
import sys
def forbid(event, arguments):
    if event.startswith("socket.") and event != "socket.gethostname":
        sys.stderr.write(f"SOCKET {event} {arguments}\\n")
sys.addaudithook(forbid)
from geoequity.cli import main
sys.exit(main(sys.argv[1:]))
"""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code, *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    out = ["--offline", "--quiet", "--out", str(far.parent / "out"), "--language", "es"]
    absent = run("run", str(far), *out)
    assert absent.returncode == 1
    assert "SOCKET" not in absent.stderr
    assert "districts.path: no file" in absent.stderr
    assert "geoequity fetch downloads it" in absent.stderr
    asked = run("fetch", str(far), "--offline")
    assert asked.returncode == 1
    assert "not in the cache, and --offline asks nobody" in asked.stderr
    assert "SOCKET" not in asked.stderr
    assert not web.asked
    fetch(unread(far), data=far.parent, client=client(far))
    there = run("run", str(far), *out)
    assert (there.returncode, there.stderr) == (0, "")


def test_offline_takes_what_an_earlier_download_left(far: Path, web: Web) -> None:
    fetch(unread(far), data=far.parent, client=client(far))
    for name in FILES:
        (far.parent / name).unlink()
    before = len(web.asked)
    fetch(unread(far), data=far.parent, client=client(far, offline=True))
    assert len(web.asked) == before
    assert all((far.parent / name).is_file() for name in FILES)


def test_all_that_cannot_be_had_is_named_and_the_rest_kept(far: Path, web: Web) -> None:
    web.on("/cells.geojson", lambda request: request.answer(404))
    web.serve("/places.csv", b"<!doctype html><title>Login</title>")
    with pytest.raises(SourceError) as caught:
        fetch(unread(far), data=far.parent, client=client(far))
    message = str(caught.value)
    assert "2 of 5 files cannot be had" in message
    assert f"cells: {web.url('/cells.geojson')}: answered 404 Not Found" in message
    assert "got a web page titled 'Login'" in message
    there = {one.name for one in far.parent.iterdir()}
    assert {"districts.geojson", "streets.csv", "internet.csv"} <= there
    assert not there & {"cells.geojson", "places.csv"}


def test_a_file_of_ones_own_is_left_alone(far: Path) -> None:
    mine = far.parent / "internet.csv"
    mine.write_text("mine")
    results = fetch(unread(far), data=far.parent, refresh=True, client=client(far))
    assert mine.read_text() == "mine"
    assert {one.path.name: one.status for one in results}["internet.csv"] == "there"


def test_refreshing_takes_newer_versions_of_what_was_fetched(far: Path, web: Web) -> None:
    fetch(unread(far), data=far.parent, client=client(far))
    changed = far.parent / "streets.csv"
    changed.write_text(changed.read_text() + "\n")
    newer = (far.parent / "internet.csv").read_bytes() + b"\n"
    web.serve("/internet.csv", newer)
    web.serve("/streets.csv", b"other")
    fetch(unread(far), data=far.parent, refresh=True, client=client(far))
    assert (far.parent / "internet.csv").read_bytes() == newer
    assert changed.read_bytes() != b"other"


def test_a_file_changed_since_is_no_longer_from_there(far: Path) -> None:
    fetch(unread(far), data=far.parent, client=client(far))
    table = far.parent / "internet.csv"
    assert "download" in Record(name="t", path=table, origin=Origin()).as_dict()
    table.write_bytes(table.read_bytes() + b"\n")
    assert "download" not in Record(name="t", path=table, origin=Origin()).as_dict()


@pytest.mark.parametrize("path", ["../out.csv", "/tmp/out.csv", "city.toml", "fetched.json", "."])
def test_nothing_is_written_outside_or_over_the_city_file(
    make_city: CityMaker, web: Web, path: str
) -> None:
    tables = [{"path": path, "url": web.url("/t.csv"), "key": "k", "columns": {"imcv": "v"}}]
    file = make_city(tables=tables)
    text = file.read_text()
    with pytest.raises(ConfigError, match=r"leads out of|is not a file of data"):
        fetch(unread(file), data=file.parent, client=client(file))
    assert not web.asked
    assert file.read_text() == text


def test_a_link_does_not_lead_out(make_city: CityMaker, web: Web, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (tmp_path / "link").symlink_to(outside)
    tables = [{"path": "link/t.csv", "url": web.url("/t.csv"), "key": "k", "columns": {"i": "v"}}]
    file = make_city(tables=tables)
    with pytest.raises(ConfigError, match="leads out of"):
        fetch(unread(file), data=file.parent, client=client(file))


def test_one_file_has_one_address(far: Path) -> None:
    text = far.read_text().replace("/places.csv", "/elsewhere.csv", 1)
    far.write_text(text)
    with pytest.raises(ConfigError, match=r"downloads places\.csv from elsewhere"):
        fetch(unread(far), data=far.parent, client=client(far))


def test_as_many_addresses_as_files(make_city: CityMaker) -> None:
    paths = ["a.csv", "b.csv"]
    file = make_city(connectivity=[{"kind": "ookla_fixed", "path": paths, "url": ["http://h/a"]}])
    with pytest.raises(ConfigError, match=r"connectivity.0.url: 1 given for 2 files"):
        unread(file)


def test_files_of_one_block_keep_their_own_address(make_city: CityMaker) -> None:
    urls = ["https://h.org/a.csv", "https://h.org/b.csv"]
    tiles = {"kind": "ookla_fixed", "path": ["a.csv", "b.csv"], "url": urls}
    city = unread(make_city(connectivity=[tiles]))
    block = city.connectivity[0]
    assert [city.origin(block, path=one).url for one in block.path] == urls
    assert [one.url for one in city.wanted()] == urls


def test_check_says_which_sources_answer(
    far: Path, web: Web, capsys: pytest.CaptureFixture
) -> None:
    web.on("/cells.geojson", lambda request: request.answer(500, b"down"))
    web.serve("/places.csv", b"<html><title>Login</title>")
    assert main(["fetch", str(far), "--check", "--json"]) == 0
    answers = {one["file"]: one for one in json.loads(capsys.readouterr().out)}
    assert {name: one["answers"] for name, one in answers.items()} == {
        "districts.geojson": True,
        "cells.geojson": False,
        "streets.csv": True,
        "places.csv": False,
        "internet.csv": True,
    }
    assert answers["districts.geojson"]["size"] > 1000
    assert "answered 500 Internal Server Error: 'down'" in answers["cells.geojson"]["fault"]
    assert "got a web page titled 'Login'" in answers["places.csv"]["fault"]
    assert not (far.parent / "districts.geojson").exists()
    assert main(["fetch", str(far), "--check"]) == 0
    said = capsys.readouterr().out
    assert "streets.csv: answers: size" in said
    assert "places.csv: places.csv" not in said
    assert main(["fetch", str(far), "--check", "--offline"]) == 1


def test_a_city_without_addresses_has_nothing_to_fetch(
    make_city: CityMaker, capsys: pytest.CaptureFixture
) -> None:
    assert main(["fetch", str(make_city())]) == 1
    assert "gives no url beside a path" in capsys.readouterr().err


def test_only_hosts_that_the_city_file_names_are_asked(far: Path) -> None:
    city = unread(far)
    assert check(city, client=Client(["example.org"], patience=QUICK))[0]["fault"].endswith(
        "the city file names no host 127.0.0.1"
    )


def test_what_a_broken_line_left_is_taken_up(far: Path, web: Web) -> None:
    body = (web.server.routes["/cells.geojson"], far)[0]
    sent: dict[str, bytes] = {}

    def keep(request: Request) -> None:
        request.server.routes["/copy"] = body
        body(request)

    web.on("/cells.geojson", keep)
    fetch(unread(far), data=far.parent, client=client(far))
    sent["cells"] = (far.parent / "cells.geojson").read_bytes()
    (far.parent / "cells.geojson").unlink()
    other = Client(["127.0.0.1"], cache=far.parent / "other", patience=QUICK)
    web.on("/cells.geojson", cut_short(sent["cells"], at=500, times=web.asked.__len__() + 1))
    with pytest.raises(SourceError, match="broke off"):
        fetch(unread(far), data=far.parent, client=other)
    assert not (far.parent / "cells.geojson").exists()
    web.on("/cells.geojson", lambda request: whole(request, sent["cells"]))
    fetch(unread(far), data=far.parent, client=other)
    assert web.asked[-1][1]["Range"] == "bytes=1000-"
    assert (far.parent / "cells.geojson").read_bytes() == sent["cells"]


def tiles_of_the_country() -> bytes:
    """Speed tests in the town and far around it, in rising order."""
    around = shapely.box(-77.0, -20.0, -73.0, -16.0)
    keys = broadband.study_quadkeys(around, crs="EPSG:4326")[::7]
    stream = io.BytesIO()
    columns = dict.fromkeys(("avg_d_kbps", "avg_u_kbps", "avg_lat_ms", "tests", "devices"), 50)
    table = pd.DataFrame({"quadkey": keys, **columns})
    pq.write_table(pa.Table.from_pandas(table), stream, row_group_size=5000)
    return stream.getvalue()


def test_what_covers_the_country_is_cut_to_the_town(make_city: CityMaker, web: Web) -> None:
    whole = tiles_of_the_country()
    url = web.serve("/2023-07-01_performance_fixed_tiles.parquet", whole)
    path = "2023-07-01_performance_fixed_tiles.parquet"
    tiles = {"kind": "ookla_fixed", "path": path, "url": url, "cut": True}
    file = make_city(connectivity=[tiles])
    districts = file.parent / "districts.geojson"
    hidden = districts.rename(file.parent / "hidden")
    with pytest.raises(SourceError, match="cut to the districts, which are not there"):
        fetch(unread(file), data=file.parent, client=client(file))
    hidden.rename(districts)
    fetch(unread(file), data=file.parent, client=client(file))
    cut = file.parent / path
    assert 0 < len(pd.read_parquet(cut)) < 50
    entry = Record(name="t", path=cut, origin=Origin()).as_dict()["download"]
    west, south, east, north = entry["box"]
    assert -75.1 < west < -75.0 < east < -74.9
    assert -18.2 < south < north < -18.0
    assert check(unread(file), client=client(file))[0]["size"] == len(whole)


def test_the_table_of_providers_is_whole() -> None:
    table = fetching.providers()
    hosts = [host for one in table.values() for host in one["hosts"]]
    assert len(set(hosts)) == len(hosts)
    for key, one in table.items():
        assert parse(one["address"], source=key).host in one["hosts"]
        assert parse(one["documentation"], source=key).scheme == "https"
        assert one["read"].year >= 2026
        assert one["provider"]


def test_terms_that_the_city_file_leaves_open_are_those_of_the_provider() -> None:
    url = fetching.providers()["ookla"]["address"]
    assert fetching._provider_of(url)["licence"] == "CC-BY-NC-SA-4.0"
    assert fetching._provider_of("https://example.org/a.csv") == {}


def test_presets_are_fetched_into_the_cache(tmp_path: Path) -> None:
    assert default_folder("medellin") == tmp_path / "cache" / "cities" / "medellin"


@pytest.mark.parametrize("suffix", ["geojson", "gml"])
def test_no_file_makes_gdal_ask_a_server(make_city: CityMaker, web: Web, suffix: str) -> None:
    """Files that lie on the disk may name servers, for their CRS or as what they stand for."""
    file = make_city(districts={"path": f"districts.{suffix}"})
    if suffix == "geojson":
        path = file.parent / "districts.geojson"
        table = json.loads(path.read_text())
        link = {"href": web.url("/crs"), "type": "proj4"}
        path.write_text(json.dumps({**table, "crs": {"type": "link", "properties": link}}))
    else:
        text = f"<OGRWFSDataSource><URL>{web.url('/wfs')}</URL></OGRWFSDataSource>"
        (file.parent / "districts.gml").write_text(text)
        file.write_text(file.read_text())
    code = "import sys; from geoequity.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "check", str(file)]
    subprocess.run(command, capture_output=True, check=False)
    assert not web.asked


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_demo_city_fetched_is_the_demo_city(web: Web, tmp_path: Path, demo_study) -> None:
    demo = ge.City.preset("demo")
    text = demo.file.read_text(encoding="utf-8")
    lines = []
    for line in text.splitlines():
        lines.append(line)
        key, _, value = line.partition(" = ")
        if key in {"path", "gtfs"}:
            names = json.loads(value)
            urls = [web.url(f"/{one}") for one in ([names] if isinstance(names, str) else names)]
            lines.append(f"url = {json.dumps(urls[0] if isinstance(names, str) else urls)}")
            for name in [names] if isinstance(names, str) else names:
                web.serve(f"/{name}", (demo.file.parent / name).read_bytes())
    file = tmp_path / "city.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    fetch(unread(file), data=tmp_path, client=client(file))
    with pytest.warns():
        same_study(ge.assess(ge.City.from_toml(file)), demo_study)
