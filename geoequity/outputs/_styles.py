"""What QGIS needs to open the layers of a study styled, with columns that speak."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from geoequity.locale import messages, number
from geoequity.outputs._workbook import column_label, language_of
from geoequity.palette import PAPER, TYPE_COLOURS, UNKNOWN_HATCH
from geoequity.study import Study

_LEAST_STEP = 5.0  # points: nearly equal districts are drawn so
_LABELLED = ("districts", "cells")
_LINE_MM = "0.3"
_SCHEMA = "http://www.geopackage.org/spec121/#extension_schema"
_TABLES = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
  f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
  styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
  owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
INSERT INTO gpkg_contents (table_name, data_type, identifier)
  VALUES ('layer_styles', 'attributes', 'layer_styles');
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
  mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name)
);
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC,
  min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value)
);
"""


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """What to draw alike: a filter in SQL (``ELSE`` for the rest), its legend and its colour."""

    filter: str
    label: str
    colour: str
    hatched: bool = False


def add_styles(study: Study, path: Path) -> None:
    """
    Add styles and column names to a GeoPackage.

    Parameters
    ----------
    study
        Any study.
    path
        A GeoPackage with its layers ``districts`` and ``cells``. It gets the table
        ``layer_styles`` of QGIS, with the districts by type and by index in the
        city's first language, and the names of columns in ``gpkg_data_columns``
        (the extension *schema* of GeoPackage 1.2), which GDAL takes for aliases.
    """
    language = language_of(study)
    known = messages(language)
    typed = study.districts["type"].notna().any()
    aliases = {
        layer: [
            (one, column_label(one, language=language))
            for one in getattr(study, layer).reset_index().columns
            if one != "geometry"
        ]
        for layer in _LABELLED
    }
    styles = [
        (known["report.where.types"], _by_type(known), typed),
        (known["report.where.index"], _by_index(study, language), not typed),
    ]
    with closing(sqlite3.connect(path)) as package, package:
        package.executescript(_TABLES)
        package.executemany(
            "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_schema', ?, 'read-write')",
            [(one, _SCHEMA) for one in ("gpkg_data_columns", "gpkg_data_column_constraints")],
        )
        package.executemany(
            "INSERT INTO gpkg_data_columns (table_name, column_name, name, title)"
            " VALUES (?, ?, ?, ?)",
            [(layer, one, said, said) for layer, told in aliases.items() for one, said in told],
        )
        package.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name,"
            " f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner)"
            " VALUES ('', '', 'districts', 'geom', ?, ?, '', ?, ?, '')",
            [
                (title[:30], _qml(rules, aliases["districts"]), bool(default), title)
                for title, rules, default in styles
            ],
        )


def _by_type(known: Any) -> list[_Rule]:
    """Colour the districts by type."""
    rules = [
        _Rule(filter=f"\"type\" = '{kind}'", label=known[f"type.{kind}"], colour=colour)
        for kind, colour in TYPE_COLOURS.items()
    ]
    return [*rules, _rest(known["type.unknown"])]


def _by_index(study: Study, language: str) -> list[_Rule]:
    """Colour the districts by the index, the darker the better, as maps and report do."""
    from geoequity.maps.classes import breaks, shades  # noqa: PLC0415  brings folium

    known, edges = messages(language), breaks(study.districts["index"], min_step=_LEAST_STEP)
    rules = []
    ends = list(pairwise(edges))
    colours = shades(len(ends), better="higher") if ends else []
    for (low, high), colour in zip(ends, colours, strict=True):
        last = (low, high) == ends[-1]
        said = (number(one, language=language) for one in (low, high))
        rules.append(
            _Rule(
                filter=f'"index" >= {low!r} AND "index" {"<=" if last else "<"} {high!r}',
                label=known["format.range"].format(**dict(zip(("low", "high"), said, strict=True))),
                colour=colour,
            )
        )
    return [*rules, _rest(known["unknown"])]


def _rest(label: str) -> _Rule:
    """Hatch what is unknown."""
    return _Rule(filter="ELSE", label=label, colour=UNKNOWN_HATCH, hatched=True)


def _qml(rules: Sequence[_Rule], aliases: Iterable[tuple[str, str]]) -> str:
    """Write a style as QGIS keeps it."""
    root = ET.Element("qgis", version="3.22", styleCategories="Symbology|Fields")
    named = ET.SubElement(root, "aliases")
    for at, (column, said) in enumerate(aliases, start=1):
        ET.SubElement(named, "alias", index=str(at), field=column, name=said)
    renderer = ET.SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0")
    listed = ET.SubElement(renderer, "rules", key="all")
    symbols = ET.SubElement(renderer, "symbols")
    for at, rule in enumerate(rules):
        symbol = str(at)
        ET.SubElement(
            listed, "rule", key=symbol, symbol=symbol, filter=rule.filter, label=rule.label
        )
        _symbol(symbols, symbol, rule)
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(
        root, encoding="unicode"
    )


def _symbol(symbols: ET.Element, key: str, rule: _Rule) -> None:
    """Write how a polygon is filled, for QGIS before and after 3.26."""
    symbol = ET.SubElement(symbols, "symbol", name=key, type="fill", alpha="1")
    layer = ET.SubElement(symbol, "layer", {"class": "SimpleFill", "enabled": "1"})
    settings = {
        "color": _rgba(rule.colour),
        "style": "b_diagonal" if rule.hatched else "solid",
        "outline_color": _rgba(UNKNOWN_HATCH if rule.hatched else PAPER),
        "outline_style": "solid",
        "outline_width": _LINE_MM,
        "outline_width_unit": "MM",
    }
    options = ET.SubElement(layer, "Option", type="Map")
    for name, value in settings.items():
        ET.SubElement(options, "Option", name=name, type="QString", value=value)
        ET.SubElement(layer, "prop", k=name, v=value)


def _rgba(colour: str) -> str:
    """Write ``#RRGGBB`` as QGIS does."""
    return ",".join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5)) + ",255"
