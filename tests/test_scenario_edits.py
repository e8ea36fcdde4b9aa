"""What an edits file may say, and what is refused of it."""

import json
import math

import pytest

from geoequity.errors import ConfigError
from geoequity.scenario import Edits, read_edits

CLINIC = {"category": "clinic", "lon": -87.0, "lat": -12.0}
LINE = {"mode": "cable", "stops": [[-87.0, -12.0], "M07"], "headway_min": 2, "speed_kmh": 18}


def faults(edits: dict) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        Edits.of(edits)
    return list(refused.value.faults)


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ({}, "no edit; there are open, close, move"),
        ({"opne": [CLINIC]}, "opne: unknown key"),
        ({"open": [CLINIC | {"floor": 2}]}, "open.0.floor: unknown key"),
        ({"open": [CLINIC | {"lon": 187.0}]}, "open.0.lon: input should be less than or equal"),
        ({"open": [CLINIC | {"lat": math.nan}]}, "open.0.lat: input should be a finite number"),
        ({"open": [CLINIC | {"capacity": 0}]}, "open.0.capacity: input should be greater than 0"),
        ({"open": CLINIC}, "open: must be a list"),
        ({"open": [{"category": "clinic"}]}, "open.0.lon: missing"),
        ({"open": [CLINIC | {"id": "a"}] * 2}, "open.1.id: a stands in open.0.id too"),
        ({"close": [{"service": "a"}] * 2}, "close.1.service: a stands in close.0.service too"),
        (
            {"close": [{"service": "a"}], "move": [{"service": "a", "lon": 0, "lat": 0}]},
            "move.0.service: a stands in close.0.service too",
        ),
        (
            {"close": [{"service": "a"}], "capacity": [{"service": "a", "capacity": 1}]},
            "capacity.0.service: a closes",
        ),
        ({"line": [LINE | {"stops": [[-87.0, -12.0]]}]}, "line.0.stops: needs 2 at least"),
        ({"line": [LINE | {"stops": ["A", "A"]}]}, "line.0: stops: one follows on itself"),
        ({"line": [LINE | {"headway_min": -2}]}, "line.0.headway_min: input should be greater"),
        ({"line": [LINE | {"speed_kmh": 0}]}, "line.0.speed_kmh: input should be greater than 0"),
        ({"line": [LINE | {"minutes": [3]}]}, "line.0: give speed_kmh or minutes"),
        ({"line": [LINE | {"speed_kmh": None}]}, "line.0: give speed_kmh or minutes"),
        (
            {"line": [LINE | {"speed_kmh": None, "minutes": [3, 4]}]},
            "line.0: minutes: 1 rides lie between 2 stops",
        ),
        ({"line": [LINE | {"mode": "zeppelin"}]}, "line.0.mode: must be one of metro"),
        ({"line": [LINE | {"hours": ["23:00", "05:00"]}]}, "line.0.hours: window: 23:00 to 05:00"),
        ({"headway": [{"route": "1", "headway_min": 0}]}, "headway.0.headway_min: input should be"),
        ({"headway": [{"route": "1", "headway_min": 5}] * 2}, "headway.1.route: 1 stands in"),
        ({"without": [{"mode": "bus"}] * 2}, "without.1.mode: bus stands in without.0.mode too"),
        ({"street": [{"line": [[0, 0]]}]}, "street.0.line: needs 2 at least"),
        (
            {"street": [{"line": [[0, 0], [1, 1]], "direction": "forward"}]},
            "street.0: direction: a way that is street is walked both ways",
        ),
        ({"wifi": [{"districts": [], "at": ["library"]}]}, "wifi.0.districts: must not be empty"),
        ({"fibre": [{"districts": ["1"]}]}, "fibre.0.down_mbps: missing"),
        (
            {"fibre": [{"districts": ["1"], "down_mbps": 9}] * 2},
            "fibre.1.districts: 1 stands in fibre.0.districts too",
        ),
        ({"light": [{}]}, "light.0: name streets, or draw a line, or name districts"),
        ({"light": [{"streets": ["a"], "districts": ["1"]}]}, "light.0: name streets, or draw"),
        ({"scenario": {"title": {"xx": "?"}}, "open": [CLINIC]}, "scenario.title"),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(edits, said):
    assert any(one.startswith(said) for one in faults(edits)), faults(edits)


def test_all_faults_are_told_at_once():
    found = faults({"open": [CLINIC | {"lon": 999}], "close": [{}], "headway": [{"route": "1"}]})
    assert len(found) == 3


def test_a_service_may_move_and_change_its_capacity():
    move = {"service": "a", "lon": 0, "lat": 0}
    edits = Edits.of({"move": [move], "capacity": [{"service": "a", "capacity": 5}]})
    assert [key for key, _ in edits.each()] == ["move.0", "capacity.0"]


def test_geojson_says_the_same_as_toml(tmp_path):
    toml = tmp_path / "edits.toml"
    toml.write_text(
        """
[scenario]
title = { en = "A clinic" }
[[open]]
category = "clinic"
lon = -87.0
lat = -12.0
[[line]]
mode = "cable"
stops = [[-87.0, -12.0], [-87.1, -12.1]]
headway_min = 2
speed_kmh = 18
[[street]]
kind = "stairs"
line = [[-87.0, -12.0], [-87.1, -12.1]]
[[close]]
service = "node/1"
""",
        encoding="utf-8",
    )
    ends = [[-87.0, -12.0], [-87.1, -12.1]]

    def feature(edit: str, shape: str | None, at: object = None, **said: object) -> dict:
        geometry = None if shape is None else {"type": shape, "coordinates": at}
        return {"type": "Feature", "geometry": geometry, "properties": {"edit": edit, **said}}

    features = [
        feature("open", "Point", [-87.0, -12.0], category="clinic", name=None),
        feature("line", "LineString", ends, mode="cable", headway_min=2, speed_kmh=18),
        feature("street", "LineString", ends, kind="stairs"),
        feature("close", None, service="node/1"),
    ]
    text = {"type": "FeatureCollection", "title": {"en": "A clinic"}, "features": features}
    geojson = tmp_path / "edits.geojson"
    geojson.write_text(json.dumps(text), encoding="utf-8")
    assert read_edits(geojson) == read_edits(toml)


@pytest.mark.parametrize(
    ("feature", "said"),
    [
        (
            {"properties": {"edit": "open", "category": "x"}, "geometry": None},
            "open.0.lon: missing",
        ),
        (
            {
                "properties": {"edit": "open"},
                "geometry": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]},
            },
            "features.0.geometry: open takes a Point",
        ),
        (
            {
                "properties": {"edit": "street"},
                "geometry": {"type": "Point", "coordinates": [0, 0]},
            },
            "features.0.geometry: street takes a LineString",
        ),
        (
            {
                "properties": {"edit": "close", "service": "a"},
                "geometry": {"type": "Point", "coordinates": [0, 0]},
            },
            "features.0.geometry: close takes none",
        ),
        ({"properties": {"edit": "burn"}, "geometry": None}, "features.0.properties.edit: is one"),
        ({"properties": None, "geometry": None}, "features.0.properties.edit: is one of open"),
    ],
)
def test_a_feature_that_cannot_be_is_refused_by_its_number(tmp_path, feature, said):
    file = tmp_path / "edits.geojson"
    file.write_text(
        json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8"
    )
    with pytest.raises(ConfigError, match=r"edits\.geojson") as refused:
        read_edits(file)
    assert any(one.startswith(said) for one in refused.value.faults), refused.value.faults


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("edits.toml", None, "no such file"),
        ("edits.toml", "[[open", "not valid TOML"),
        ("edits.geojson", "{", "not valid JSON"),
        ("edits.geojson", "[]", "no FeatureCollection"),
        ("edits.csv", "open", "edits are .toml or .geojson"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path, name, text, said):
    file = tmp_path / name
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said) as refused:
        read_edits(file)
    assert name in str(refused.value)
