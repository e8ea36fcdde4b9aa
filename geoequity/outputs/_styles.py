"""What QGIS needs to open the layers of a study styled, with columns that speak."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd

from geoequity.locale import messages, number
from geoequity.outputs._metadata import STANDARD, metadata
from geoequity.outputs._workbook import column_label, language_of
from geoequity.palette import PAPER, TYPE_COLOURS, UNKNOWN_HATCH
from geoequity.study import Study

_LEAST_STEP = 5.0  # points: nearly equal districts are drawn so
_LABELLED = ("districts", "cells", "services", "stops", "routes")
_LINE_MM = "0.3"
_ROUTE_MM = "0.8"
_MARK_MM = "2"
_EXTENSIONS = (
    ("gpkg_data_columns", "gpkg_schema"),
    ("gpkg_data_column_constraints", "gpkg_schema"),
    ("gpkg_metadata", "gpkg_metadata"),
    ("gpkg_metadata_reference", "gpkg_metadata"),
)
_SPECIFIED = "http://www.geopackage.org/spec121/#extension_"
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
CREATE TABLE gpkg_metadata (
  id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL, md_scope TEXT NOT NULL DEFAULT 'dataset',
  md_standard_uri TEXT NOT NULL, mime_type TEXT NOT NULL DEFAULT 'text/xml',
  metadata TEXT NOT NULL DEFAULT ''
);
CREATE TABLE gpkg_metadata_reference (
  reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
  timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
  CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
  CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id)
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
        A GeoPackage with the layers of a study. It gets the table ``layer_styles``
        of QGIS, with the districts by type and by index, services by category,
        stops and routes by mode, in the city's first language; the names of
        columns in ``gpkg_data_columns`` (the extension *schema* of GeoPackage
        1.2), which GDAL takes for aliases; and what the data are, by ISO 19115,
        in ``gpkg_metadata``.
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
        ("districts", known["report.where.types"], _by_type(known), typed),
        ("districts", known["report.where.index"], _by_index(study, language), not typed),
        ("cells", known["gis.cells"], [_outline(known["gis.cells"])], True),
        ("services", known["gis.services"], _by_category(study, known), True),
        ("stops", known["gis.stops"], _by_mode(study.stops, known), True),
        ("routes", known["gis.routes"], _by_mode(study.routes, known), True),
    ]
    shapes = {layer: _SHAPES.get(layer, "fill") for layer in _LABELLED}
    with closing(sqlite3.connect(path)) as package, package:
        package.executescript(_TABLES)
        package.executemany(
            "INSERT INTO gpkg_extensions VALUES (?, NULL, ?, ?, 'read-write')",
            [(table, one, _SPECIFIED + one.removeprefix("gpkg_")) for table, one in _EXTENSIONS],
        )
        package.executemany(
            "INSERT INTO gpkg_data_columns (table_name, column_name, name, title)"
            " VALUES (?, ?, ?, ?)",
            [(layer, one, said, said) for layer, told in aliases.items() for one, said in told],
        )
        package.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name,"
            " f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner)"
            " VALUES ('', '', ?, 'geom', ?, ?, '', ?, ?, '')",
            [
                (
                    layer,
                    title[:30],
                    _qml(rules, aliases[layer], shape=shapes[layer]),
                    bool(default),
                    title,
                )
                for layer, title, rules, default in styles
            ],
        )
        package.execute(
            "INSERT INTO gpkg_metadata VALUES (1, 'dataset', ?, 'text/xml', ?)",
            (STANDARD, metadata(study, language=language)),
        )
        package.execute(
            "INSERT INTO gpkg_metadata_reference (reference_scope, md_file_id)"
            " VALUES ('geopackage', 1)"
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


def _by_category(study: Study, known: Mapping[str, str]) -> list[_Rule]:
    """Colour services by the area of life that their category belongs to, as the map does."""
    from geoequity.maps.content import SERVICE_AREAS, SERVICE_COLOURS  # noqa: PLC0415  brings folium

    area_of = {one: area for area, inside in SERVICE_AREAS.items() for one in inside}
    rules = []
    for category in sorted(study.services["category"].dropna().unique()):
        area = area_of.get(category, "other")
        said = known.get(f"map.category.{category}", str(category))
        colour = SERVICE_COLOURS.get(area, UNKNOWN_HATCH)
        rules.append(_Rule(filter=_equals("category", category), label=said, colour=colour))
    return rules


def _by_mode(places: pd.DataFrame, known: Mapping[str, str]) -> list[_Rule]:
    """Colour stops and routes by mode, as the map does."""
    from geoequity.maps.content import MODE_COLOURS  # noqa: PLC0415  brings folium

    return [
        _Rule(
            filter=_equals("mode", mode),
            label=known.get(f"map.mode.{mode}", str(mode)),
            colour=MODE_COLOURS.get(mode, UNKNOWN_HATCH),
        )
        for mode in sorted(places["mode"].dropna().unique())
    ]


def _equals(column: str, value: str) -> str:
    """Write a filter in SQL."""
    quoted = str(value).replace("'", "''")
    return f"\"{column}\" = '{quoted}'"


def _outline(label: str) -> _Rule:
    """Draw borders alone."""
    return _Rule(filter="", label=label, colour=UNKNOWN_HATCH)


def _rest(label: str) -> _Rule:
    """Hatch what is unknown."""
    return _Rule(filter="ELSE", label=label, colour=UNKNOWN_HATCH, hatched=True)


def _qml(rules: Sequence[_Rule], aliases: Iterable[tuple[str, str]], *, shape: str) -> str:
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
        _symbol(symbols, symbol, rule, shape=shape)
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(
        root, encoding="unicode"
    )


def _symbol(symbols: ET.Element, key: str, rule: _Rule, *, shape: str) -> None:
    """Write how a place is drawn, for QGIS before and after 3.26."""
    symbol = ET.SubElement(symbols, "symbol", name=key, type=shape, alpha="1")
    drawn, settings = _DRAWN[shape](rule)
    layer = ET.SubElement(symbol, "layer", {"class": drawn, "enabled": "1"})
    options = ET.SubElement(layer, "Option", type="Map")
    for name, value in settings.items():
        ET.SubElement(options, "Option", name=name, type="QString", value=value)
        ET.SubElement(layer, "prop", k=name, v=value)


def _fill(rule: _Rule) -> tuple[str, dict[str, str]]:
    """Fill a polygon; without a filter, draw its border alone."""
    style = "b_diagonal" if rule.hatched else "solid" if rule.filter else "no"
    return "SimpleFill", {
        "color": _rgba(rule.colour),
        "style": style,
        "outline_color": _rgba(PAPER if style == "solid" else UNKNOWN_HATCH),
        "outline_style": "solid",
        "outline_width": _LINE_MM,
        "outline_width_unit": "MM",
    }


def _marker(rule: _Rule) -> tuple[str, dict[str, str]]:
    """Draw a point."""
    return "SimpleMarker", {
        "name": "circle",
        "color": _rgba(rule.colour),
        "size": _MARK_MM,
        "size_unit": "MM",
        "outline_color": _rgba(PAPER),
        "outline_style": "solid",
        "outline_width": _LINE_MM,
        "outline_width_unit": "MM",
    }


def _line(rule: _Rule) -> tuple[str, dict[str, str]]:
    """Draw a line."""
    return "SimpleLine", {
        "line_color": _rgba(rule.colour),
        "line_style": "solid",
        "line_width": _ROUTE_MM,
        "line_width_unit": "MM",
    }


_SHAPES = {"services": "marker", "stops": "marker", "routes": "line"}
_DRAWN = {"fill": _fill, "marker": _marker, "line": _line}


def _rgba(colour: str) -> str:
    """Write ``#RRGGBB`` as QGIS does."""
    return ",".join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5)) + ",255"
