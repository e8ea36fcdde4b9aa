"""
Download from whatever an address names: a file, or a service that answers in pages.

Services are known by the form of their addresses, as their documentation has
it; the address in a city file is the one that the portal shows:

================  =========================================================
ArcGIS REST       ``…/FeatureServer/0`` or ``…/MapServer/0``
Socrata           ``…/resource/abcd-1234.geojson`` or ``.csv``
CKAN, a file      ``…/api/3/action/resource_show?id=…``
CKAN, a table     ``…/api/3/action/datastore_search?resource_id=…``
WFS               ``…?service=WFS&typeNames=…``
CARTO             ``…/api/v2/sql?q=SELECT …&format=GeoJSON``, which needs no pages
================  =========================================================

What comes in pages is counted: the service says first how many rows there are,
and anything but just these, each once and all with the same columns, is an error.
"""

import contextlib
import csv
import datetime as dt
import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from geoequity.errors import SourceError, shown
from geoequity.sources import _content
from geoequity.sources._addresses import is_loopback, parse, plain, told
from geoequity.sources._remote import Client
from geoequity.sources.files import sha256

_ARCGIS = re.compile(r"/(?:Feature|Map)Server/\d+(/query)?/?$", re.IGNORECASE)
_SOCRATA = re.compile(r"/resource/([a-z0-9]{4}-[a-z0-9]{4})\.(geojson|csv)$")
_CKAN = re.compile(r"/api/(?:3/)?action/(resource_show|datastore_search)$")
_MATCHED = re.compile(rb'numberMatched="(\d+)"')
_ARCGIS_ROWS, _CKAN_ROWS, _SOCRATA_ROWS, _WFS_ROWS = 2000, 32_000, 50_000, 5000
_MOST_PAGES = 10_000
_MOST_ROWS = 20_000_000

_OTHER_FORM = (
    LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError,
)  # fmt: skip

Rows = list[dict[str, Any]]
_Page = Callable[[int], Rows]


@contextlib.contextmanager
def obtain(
    client: Client, url: str, *, name: str, source: str
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """
    Download a file, or gather it from pages.

    Parameters
    ----------
    client
        The door to the network.
    url
        The address.
    name
        File name whose suffix says what is wanted.
    source
        What to call it in messages.

    Yields
    ------
    file
        Path of the whole file, to be copied before it is gone, and where it
        came from: address, day, sha256 and so on.

    Raises
    ------
    SourceError
        If it cannot be had whole.
    """
    service = _service_of(url)
    if service is None:
        download = client.download(url, name=name, source=source)
        yield download.path, download.as_dict()
    elif service is _ckan_file:
        with as_documented(f"{source}: {told(url)}"):
            address, there = _ckan_file(client, url, source=source)
        download = there.download(address, name=name, source=source)
        yield download.path, {**download.as_dict(), "catalogue": told(url)}
    else:
        with tempfile.TemporaryDirectory(prefix="geoequity-") as folder:
            path = Path(folder) / name
            with as_documented(f"{source}: {told(url)}"):
                rows = service(client, url, source=source, path=path)
            _content.check(path, name=name, said="", source=f"{source}: {told(url)}")
            yield path, entry(url, path, rows=rows)


def entry(url: str, path: Path, **more: Any) -> dict[str, Any]:
    """
    Say where a file that was made of several answers came from.

    Parameters
    ----------
    url
        The address.
    path
        The file.
    **more
        What else to keep.

    Returns
    -------
    entry
        Plain values.
    """
    return {
        "url": told(url),
        "final_url": told(url),
        "redirects": [],
        "retrieved": dt.datetime.now(dt.UTC).date().isoformat(),
        "sha256": sha256(path),
        "size": path.stat().st_size,
        **more,
    }


def named_by(client: Client, address: str, *, catalogue: str, source: str) -> Client:
    """
    Let the host be asked that an entry of a catalogue names.

    Parameters
    ----------
    client
        The door to the network.
    address
        What the entry gives.
    catalogue
        Address of the catalogue.
    source
        What to call it in messages.

    Returns
    -------
    client
        That may ask this host too.

    Raises
    ------
    SourceError
        If a catalogue elsewhere names this machine, or the address is none.
    """
    host = parse(address, source=source).host
    if is_loopback(host) and not is_loopback(parse(catalogue, source=source).host):
        msg = f"{source}: {told(catalogue)}: names {told(address)}, which is not public"
        raise SourceError(msg, source=told(catalogue))
    return client.naming(host or "")


def look(client: Client, url: str, *, name: str, source: str) -> dict[str, Any]:
    """
    See whether a source answers, without downloading it.

    Parameters
    ----------
    client
        The door to the network.
    url
        The address.
    name
        File name whose suffix says what is wanted.
    source
        What to call it in messages.

    Returns
    -------
    said
        Its size or rows, and when it was changed, as far as the source says.

    Raises
    ------
    SourceError
        If it does not answer, or with a fault.
    """
    with as_documented(f"{source}: {told(url)}"):
        return _looked(client, url, name=name, source=source)


@contextlib.contextmanager
def as_documented(where: str) -> Iterator[None]:
    """
    Tell of answers that have another form than documented.

    Parameters
    ----------
    where
        Source and address, for the message.

    Yields
    ------
    nothing
        While answers are read.

    Raises
    ------
    SourceError
        In place of what reading something else than expected raises.
    """
    try:
        yield
    except _OTHER_FORM as fault:
        what = f"{type(fault).__name__}: {plain(str(fault))}"
        msg = f"{where}: answered in another form than documented ({what})"
        raise SourceError(msg, source=where) from fault


def _looked(client: Client, url: str, *, name: str, source: str) -> dict[str, Any]:
    """See whether a source answers."""
    service = _service_of(url)
    if service is _arcgis:
        return {"rows": _arcgis_count(client, url, source=source)}
    if service is _socrata:
        return {"rows": _socrata_count(client, url, source=source)}
    if service is _ckan_table:
        return {"rows": int(_ckan(client, url, source=source, limit="0")["total"])}
    if service is _wfs:
        return {"rows": _wfs_count(client, url, source=source)}
    if service is _ckan_file:
        url, client = _ckan_file(client, url, source=source)
    found = client.look(url, source=source)
    fault = _content.start_fault(found.start, name=name)
    if fault:
        msg = f"{source}: {told(url)}: got {fault}"
        raise SourceError(msg, source=told(url))
    said = {
        "size": found.size,
        "last_modified": found.last_modified or None,
        "kind": found.kind or None,
        "final_url": found.final_url,
    }
    return {key: value for key, value in said.items() if value is not None}


def _service_of(url: str) -> Any:
    """Tell by its form what answers at an address; None where it is a plain file."""
    parts = urlsplit(url)
    query = {key.lower(): value.lower() for key, value in parse_qsl(parts.query)}
    if _ARCGIS.search(parts.path):
        return _arcgis
    if _SOCRATA.search(parts.path) and not {"$limit", "$query", "$offset"} & set(query):
        return _socrata
    if found := _CKAN.search(parts.path):
        return _ckan_file if found[1] == "resource_show" else _ckan_table
    return _wfs if query.get("service") == "wfs" else None


# -- the services -----------------------------------------------------------------


def _arcgis(client: Client, url: str, *, source: str, path: Path) -> int:
    """Query a layer page by page."""
    # developers.arcgis.com/rest/services-reference/enterprise/query-feature-service-layer
    layer = _json(client, _with(_arcgis_layer(url), f="json"), source=source)
    total = _arcgis_count(client, url, source=source)
    most = min(int(layer.get("maxRecordCount") or _ARCGIS_ROWS), _ARCGIS_ROWS)
    pages = layer.get("advancedQueryCapabilities") or {}
    if total > most and not pages.get("supportsPagination", layer.get("supportsPagination")):
        msg = f"{source}: {told(url)}: {total} rows, but it gives {most} at most and no pages"
        raise SourceError(msg, source=told(url))
    key = _arcgis_key(layer)
    asked = {"outFields": "*", "outSR": "4326", "returnGeometry": "true", "f": "geojson"}
    asked |= {"orderByFields": key} if key else {}

    def page(at: int) -> Rows:
        span = {"resultOffset": str(at), "resultRecordCount": str(most)} if total > most else {}
        return _features(
            _json(client, _arcgis_query(url, **asked, **span), source=source), url, source=source
        )

    features = _gather(page, total, key=_feature_id, source=f"{source}: {told(url)}")
    return _write_features(features, path)


def _arcgis_count(client: Client, url: str, *, source: str) -> int:
    """Ask how many rows a layer holds."""
    answer = _json(client, _arcgis_query(url, returnCountOnly="true", f="json"), source=source)
    return _count(answer.get("count"), url, source=source)


def _arcgis_layer(url: str) -> str:
    """Cut an address down to the layer."""
    parts = urlsplit(url)
    path = re.sub(r"(/query)?/?$", "", parts.path, flags=re.IGNORECASE)
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _arcgis_query(url: str, **asked: str) -> str:
    """Make the address of a query, with the conditions that the given one has."""
    own = dict(parse_qsl(urlsplit(url).query))
    return _with(f"{_arcgis_layer(url)}/query", **{"where": "1=1", **own, **asked})


def _arcgis_key(layer: dict[str, Any]) -> str | None:
    """Find the column that numbers the rows."""
    fields = layer.get("fields") or []
    listed = [one.get("name") for one in fields if one.get("type") == "esriFieldTypeOID"]
    return layer.get("objectIdField") or next(iter(listed), None)


def _socrata(client: Client, url: str, *, source: str, path: Path) -> int:
    """Ask for a table page by page, in the order of its rows."""
    # dev.socrata.com/docs/paging.html
    total = _socrata_count(client, url, source=source)
    own = dict(parse_qsl(urlsplit(url).query))
    order = own.get("$order", ":id")
    where = f"{source}: {told(url)}"

    def ask(at: int) -> bytes:
        span = {"$limit": str(_SOCRATA_ROWS), "$offset": str(at), "$order": order}
        return client.ask(_with(url, **{**own, **span}), source=source)

    if urlsplit(url).path.endswith(".csv"):
        rows = _gather(lambda at: _csv_rows(ask(at), where), total, key=None, source=where)
        return _write_rows(rows, path)

    def page(at: int) -> Rows:
        return _features(_parsed(ask(at), url, source=source), url, source=source)

    return _write_features(_gather(page, total, key=None, source=where), path)


def _socrata_count(client: Client, url: str, *, source: str) -> int:
    """Ask how many rows a table holds."""
    own = dict(parse_qsl(urlsplit(url).query))
    asked = {"$select": "count(*) as rows"} | {k: v for k, v in own.items() if k == "$where"}
    parts = urlsplit(url)
    path = re.sub(r"\.(geojson|csv)$", ".json", parts.path)
    address = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    answer = _parsed(
        client.ask(_with(address, **asked), source=source), url, source=source, kind=list
    )
    first = answer[0] if answer and isinstance(answer[0], dict) else {}
    return _count(first.get("rows"), url, source=source)


def _ckan_table(client: Client, url: str, *, source: str, path: Path) -> int:
    """Ask for a table page by page."""
    # docs.ckan.org/en/latest/maintaining/datastore.html, datastore_search
    first = _ckan(client, url, source=source, limit="0")
    total = _count(first.get("total"), url, source=source)

    def page(at: int) -> Rows:
        found = _ckan(client, url, source=source, limit=str(_CKAN_ROWS), offset=str(at), sort="_id")
        return list(found.get("records") or [])

    rows = _gather(page, total, key=lambda row: row.get("_id"), source=f"{source}: {told(url)}")
    return _write_rows(rows, path)


def _ckan_file(client: Client, url: str, *, source: str) -> tuple[str, Client]:
    """Look up where a file of the catalogue lies, and let its host be asked."""
    # docs.ckan.org/en/latest/api, resource_show
    found = _ckan(client, url, source=source)
    address = found.get("url")
    if not isinstance(address, str):
        msg = f"{source}: {told(url)}: the catalogue gives no url"
        raise SourceError(msg, source=told(url))
    return address, named_by(client, address, catalogue=url, source=source)


def _ckan(client: Client, url: str, *, source: str, **asked: str) -> dict[str, Any]:
    """Ask an action of CKAN."""
    own = dict(parse_qsl(urlsplit(url).query))
    result = _json(client, _with(url, **{**own, **asked}), source=source).get("result")
    if not isinstance(result, dict):
        msg = f"{source}: {told(url)}: its answer has no result"
        raise SourceError(msg, source=told(url))
    return result


def _wfs(client: Client, url: str, *, source: str, path: Path) -> int:
    """Ask for features page by page."""
    # OGC 09-025r2, Web Feature Service 2.0; GeoJSON as GeoServer offers it
    total = _wfs_count(client, url, source=source)
    asked = {"outputFormat": "application/json", "srsName": "EPSG:4326"}
    own = _wfs_asked(url)
    crs: list[Any] = []

    def page(at: int) -> Rows:
        span = {"count": str(_WFS_ROWS), "startIndex": str(at)}
        answer = _json(client, _with(url, **{**asked, **own, **span}), source=source)
        crs[:] = [answer.get("crs")]
        return _features(answer, url, source=source)

    where = f"{source}: {told(url)}"
    features = _gather(page, total, key=_feature_id, source=where)
    return _write_features(features, path, crs=crs[0] if crs else None)


def _wfs_count(client: Client, url: str, *, source: str) -> int:
    """Ask how many features there are."""
    body = client.ask(_with(url, **{**_wfs_asked(url), "resultType": "hits"}), source=source)
    found = _MATCHED.search(body[:8192])
    if not found:
        text = re.sub(rb"<[^>]*>", b" ", body[:2000]).decode("utf-8", "replace")
        msg = f"{source}: {told(url)}: does not count its features: {plain(text)!r}"
        raise SourceError(msg, source=told(url))
    return int(found[1])


def _wfs_asked(url: str) -> dict[str, str]:
    """Read what an address asks of a WFS, and add what every request needs."""
    given = dict(parse_qsl(urlsplit(url).query))
    known = {key.lower(): key for key in given}
    default = {"service": "WFS", "version": "2.0.0", "request": "GetFeature"}
    return {**{k: v for k, v in default.items() if k not in known}, **given}


# -- pages --------------------------------------------------------------------------


def _gather(
    page: _Page, total: int, *, key: Callable[[dict[str, Any]], Any] | None, source: str
) -> Rows:
    """Ask for pages until all rows are there, and see that they are all and alike."""
    rows: Rows = []
    columns: list[str] | None = None
    if total > _MOST_ROWS:
        msg = f"{source}: {total} rows, over the limit of {_MOST_ROWS}"
        raise SourceError(msg, source=source)
    for _ in range(_MOST_PAGES):
        if len(rows) >= total:
            break
        more = page(len(rows))
        if not more:
            msg = f"{source}: {len(rows)} of {total} rows came, and no more"
            raise SourceError(msg, source=source)
        there = _columns(more)
        if columns is not None and there != columns:
            odd = sorted(set(there) ^ set(columns))
            msg = f"{source}: its columns changed from one page to the next: {shown(odd)}"
            raise SourceError(msg, source=source)
        columns = there
        rows += more
    if len(rows) != total:
        msg = f"{source}: {len(rows)} rows came where it counts {total}"
        raise SourceError(msg, source=source)
    ids = [key(one) for one in rows] if key else []
    known = [one for one in ids if one is not None]
    if len(set(known)) != len(known):
        twice = sorted(str(one) for one, count in Counter(known).items() if count > 1)
        msg = f"{source}: its pages overlap, for some rows came twice: {shown(twice)}"
        raise SourceError(msg, source=source)
    if not rows:
        msg = f"{source}: holds no row"
        raise SourceError(msg, source=source)
    return rows


def _columns(rows: Rows) -> list[str]:
    """List the columns of rows or features."""
    listed = (one["properties"] if one.get("type") == "Feature" else one for one in rows)
    return sorted({key for one in listed for key in one or ()})


def _features(answer: Any, url: str, *, source: str) -> Rows:
    """Take the features of an answer."""
    features = answer.get("features") if isinstance(answer, dict) else None
    if not isinstance(features, list) or not all(
        isinstance(one, dict) and "geometry" in one and isinstance(one.get("properties"), dict)
        for one in features
    ):
        keys = ", ".join(list(answer)[:5]) if isinstance(answer, dict) else "a list"
        msg = f"{source}: {told(url)}: answered with no GeoJSON, but {plain(keys)}"
        raise SourceError(msg, source=told(url))
    return features


def _feature_id(feature: dict[str, Any]) -> Any:
    """Take the id of a feature; None where it has none."""
    return feature.get("id")


def _csv_rows(body: bytes, where: str) -> Rows:
    """Read a page of text."""
    try:
        return list(csv.DictReader(body.decode("utf-8-sig").splitlines(keepends=True)))
    except (UnicodeDecodeError, csv.Error) as error:
        msg = f"{where}: answered with no table of UTF-8 text"
        raise SourceError(msg, source=where) from error


def _write_features(features: Rows, path: Path, *, crs: Any = None) -> int:
    """Write GeoJSON."""
    whole = {"type": "FeatureCollection", "features": features}
    whole |= {} if crs is None else {"crs": crs}
    path.write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
    return len(features)


def _write_rows(rows: Rows, path: Path) -> int:
    """Write text, with the columns in the order they came."""
    columns = list(dict.fromkeys(key for one in rows for key in one))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def _json(client: Client, url: str, *, source: str) -> dict[str, Any]:
    """Ask for an object in JSON."""
    return _parsed(client.ask(url, source=source), url, source=source)


def _parsed(body: bytes, url: str, *, source: str, kind: type = dict) -> Any:
    """Read JSON, and tell what is no JSON or the message of a fault."""
    where = f"{source}: {told(url)}"
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        came = _content.start_fault(body[: _content.HEAD], name="a.json") or "broken JSON"
        msg = f"{where}: got {came} where JSON was asked for"
        raise SourceError(msg, source=told(url)) from error
    fault = _content.json_fault(value)
    if fault or not isinstance(value, kind):
        msg = f"{where}: got {fault or 'other JSON'} where rows were asked for"
        raise SourceError(msg, source=told(url))
    return value


def _count(value: Any, url: str, *, source: str) -> int:
    """Read a number of rows."""
    try:
        return max(0, int(value))
    except (TypeError, ValueError, OverflowError) as error:
        msg = f"{source}: {told(url)}: does not count its rows"
        raise SourceError(msg, source=told(url)) from error


def _with(url: str, **query: str) -> str:
    """Set the query of an address."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query), ""))
