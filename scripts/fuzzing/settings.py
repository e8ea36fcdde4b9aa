"""City files, scenario edits and lists of cities: what people write by hand."""

import datetime as dt
import json
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tiny_city import as_toml, tiny_city

from fuzzing import mutations
from fuzzing.mutations import Chance
from geoequity.batch import read_batch
from geoequity.city import City, presets
from geoequity.scenario import read_edits

EDITS: dict[str, Any] = {
    "scenario": {"title": {"es": "Una escuela más", "en": "One more school"}},
    "open": [{"id": "e1", "category": "school", "lon": -75.5, "lat": 6.2, "capacity": 300}],
    "close": [{"service": "node/1"}],
    "move": [{"service": "node/2", "lon": -75.51, "lat": 6.21}],
    "capacity": [{"service": "node/3", "capacity": 40}],
    "stop": [{"id": "s1", "mode": "bus", "lon": -75.5, "lat": 6.2}],
    "line": [
        {
            "id": "l1",
            "mode": "cable",
            "stops": [[-75.5, 6.2], [-75.51, 6.21]],
            "headway_min": 5,
            "hours": ["05:00", "23:00"],
            "speed_kmh": 18,
        }
    ],
    "headway": [{"route": "r1", "headway_min": 10}],
    "without": [{"mode": "tram"}],
    "street": [{"line": [[-75.5, 6.2], [-75.51, 6.2]]}],
    "wifi": [{"lon": -75.5, "lat": 6.2}],
    "fibre": [{"districts": ["d00"], "down_mbps": 300}],
    "light": [{"line": [[-75.5, 6.2], [-75.51, 6.2]]}],
}


@cache
def cities() -> tuple[dict[str, Any], ...]:
    """Read the city files that come with the package, and the small town."""
    files = [tomllib.loads(one.read_text(encoding="utf-8")) for one in presets().values()]
    return (tiny_city(), *files)


def toml(chance: Chance, root: Any) -> bytes:
    """Write a tree as TOML; what TOML cannot hold becomes text that is no TOML."""
    if not isinstance(root, dict):
        return json.dumps(root, default=str).encode()
    lines = [f"{_key(key)} = {_told(one)}" for key, one in root.items()]
    return mutations.encoded(chance, "\n".join(lines) + "\n")


def _key(key: object) -> str:
    """Quote a key."""
    return json.dumps(str(key))


def _told(one: Any) -> str:
    """Write a value; the deepest by hand, for no writer goes there."""
    try:
        return as_toml(_plain(one)).replace("NaN", "nan").replace("Infinity", "inf")
    except RecursionError:
        return "[" * 3000 + "]" * 3000


def _plain(one: Any) -> Any:
    """Write days as text, and leave out what TOML has no word for."""
    if isinstance(one, dict):
        return {str(key): _plain(value) for key, value in one.items() if value is not None}
    if isinstance(one, list | tuple):
        return [_plain(value) for value in one if value is not None]
    return one.isoformat() if isinstance(one, dt.date | dt.time) else one


def city_file(chance: Chance, folder: Path) -> Callable[[], object]:
    """Change a city file; files it names are there or are not."""
    root = mutations.tree(chance, chance.choice(cities()))
    file = folder / "city.toml"
    file.write_bytes(toml(chance, root))
    if chance.one_in(3):
        for name in ("districts.geojson", "cells.geojson", "places.csv", "internet.csv"):
            (folder / name).write_text("{}", encoding="utf-8")
    must = chance.one_in(2)

    def read() -> object:
        city = City.from_toml(file, must_exist=must)
        made = [city.wanted(), city.files(), city.by_hand(), city.catalogue_changes()]
        return [*made, [city.origin(one) for _, one in city._blocks()]]

    return read


def edits(chance: Chance, folder: Path) -> Callable[[], object]:
    """Change an edits file, TOML or GeoJSON."""
    kinds = chance.sample(list(EDITS), chance.randint(1, 4))
    some = {kind: EDITS[kind] for kind in kinds}
    suffix = chance.choice((".toml", ".geojson", ".json", ".txt" if chance.one_in(9) else ".toml"))
    file = folder / f"edits{suffix}"
    calm = chance.one_in(6)
    if suffix in {".geojson", ".json"}:
        root: Any = _as_features(some)
        root = root if calm else mutations.tree(chance, root)
        file.write_bytes(mutations.encoded(chance, _json(root)))
    else:
        file.write_bytes(toml(chance, some if calm else mutations.tree(chance, some)))
    return lambda: list(read_edits(file).each())


def _as_features(kinds: dict[str, Any]) -> dict[str, Any]:
    """Write edits as features of a map."""
    features = []
    for kind, rows in kinds.items():
        if kind == "scenario":
            continue
        for row in rows:
            said = dict(row)
            shape: dict[str, Any] | None = None
            if "lon" in said:
                shape = {"type": "Point", "coordinates": [said.pop("lon"), said.pop("lat")]}
            line = said.pop("line", None) or said.pop("stops", None)
            if line:
                shape = {"type": "LineString", "coordinates": line}
            features.append(
                {"type": "Feature", "geometry": shape, "properties": {"edit": kind, **said}}
            )
    title = {"title": kinds["scenario"]["title"]} if "scenario" in kinds else {}
    return {"type": "FeatureCollection", **title, "features": features}


def _json(root: Any) -> str:
    """Write JSON, as deep as need be."""
    try:
        return json.dumps(root, ensure_ascii=False)
    except RecursionError:
        return '{"features": ' + "[" * 90_000 + "]" * 90_000 + "}"


def batch(chance: Chance, folder: Path) -> Callable[[], object]:
    """Change a list of cities."""
    (folder / "one.toml").write_text("", encoding="utf-8")
    (folder / "data").mkdir()
    root = {
        "cities": [
            {"city": "one.toml", "data": "data", "name": "one"},
            {"city": "demo"},
            {"city": "medellin", "name": "m"},
        ],
        "languages": ["es", "en"],
        "retries": 2,
    }
    file = folder / "batch.toml"
    file.write_bytes(toml(chance, root if chance.one_in(6) else mutations.tree(chance, root)))
    return lambda: read_batch(file)
