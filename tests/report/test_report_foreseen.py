"""What a scenario changes, each edit a sentence."""

from typing import Any

import pytest

from geoequity.locale import LANGUAGES
from geoequity.report._foreseen import scenario_of
from geoequity.report._words import Words

NAMES = {"districts": {"a": {"name": "El Alto"}, "b": {"name": "Centro"}}, "labels": {}}
PLACE = {"lon": -70.65, "lat": -33.45}
EDITS = [
    (
        {"edit": "open", "category": "clinic", **PLACE},
        "Opens: Clinics and health centres (-33.4500, -70.6500)",
    ),
    (
        {"edit": "open", "category": "own_kind", "name": "Sur", "capacity": 20.0, **PLACE},
        "Opens: own_kind, Sur, 20 places (-33.4500, -70.6500)",
    ),
    ({"edit": "close", "service": "Norte"}, "Closes: Norte"),
    ({"edit": "move", "service": "Norte", **PLACE}, "Moves: Norte, to -33.4500, -70.6500"),
    ({"edit": "capacity", "service": "Norte", "capacity": 30.0}, "Norte: 30 places from now on"),
    (
        {"edit": "stop", "mode": "bus", "routes": ["1", "2"], **PLACE},
        "A new stop (Bus) at -33.4500, -70.6500, for 1 and 2",
    ),
    (
        {"edit": "line", "mode": "cable", "name": "K", "stops": [1, 2, 3], "headway_min": 5.0},
        "A new line (Aerial cable): K, 3 stops, every 5 min",
    ),
    (
        {"edit": "line", "mode": "bus", "id": "7", "stops": [1, 2], "headway_min": 10.0},
        "A new line (Bus): 7, 2 stops, every 10 min",
    ),
    ({"edit": "headway", "route": "7", "headway_min": 4.0}, "Route 7 runs every 4 min"),
    ({"edit": "without", "mode": "bus"}, "Taken out: Bus"),
    (
        {"edit": "street", "line": [(-70.65, -33.45), (-70.66, -33.45)]},
        "A new street, from -33.4500, -70.6500",
    ),
    (
        {"edit": "street", "kind": "escalator", "line": [(-70.65, -33.45), (-70.66, -33.45)]},
        "A new escalator, from -33.4500, -70.6500",
    ),
    (
        {"edit": "wifi", "districts": ["a", "z"], "at": ["school"]},
        "Public Wi-Fi in El Alto and z, at: Schools",
    ),
    (
        {"edit": "fibre", "districts": ["b"], "down_mbps": 100.0},
        "Fibre to all homes in Centro: 100 Mbps or more",
    ),
    ({"edit": "light"}, "Street lighting"),
    ({"edit": "light", "districts": ["a"]}, "Street lighting in El Alto"),
]


def said(edit: dict[str, Any], language: str) -> str:
    scenario = {"edits": [edit], "effect": None, "units": {}}
    [sentence] = scenario_of(scenario, NAMES, Words(language))["edits"]
    return sentence


@pytest.mark.parametrize(("edit", "sentence"), EDITS)
def test_every_edit_is_a_sentence(edit: dict[str, Any], sentence: str) -> None:
    plain = said(edit, "en").replace("\N{MINUS SIGN}", "-").replace("\N{NO-BREAK SPACE}", " ")
    assert plain == sentence
    for language in LANGUAGES:
        assert "{" not in said(edit, language)
        assert "scenario." not in said(edit, language)
