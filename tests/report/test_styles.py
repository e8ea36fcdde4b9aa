"""The GeoPackage of a study: styles for QGIS and columns in words, as OGR and SQLite see them."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pyogrio
import pytest

from geoequity.locale import LANGUAGES, messages
from geoequity.maps.content import SERVICE_AREAS, SERVICE_COLOURS
from geoequity.outputs import write_tables
from geoequity.palette import TYPE_COLOURS

SPACES = {"gmd": "http://www.isotc211.org/2005/gmd", "gco": "http://www.isotc211.org/2005/gco"}


@pytest.fixture(scope="module")
def package(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("styled")
    write_tables(study, folder)
    return folder / "study.gpkg"


def asked(path, query, *values):
    with closing(sqlite3.connect(path)) as package:
        return package.execute(query, values).fetchall()


def rules(qml):
    root = ET.fromstring(qml.partition("\n")[2])
    fills = {
        symbol.get("name"): {prop.get("k"): prop.get("v") for prop in symbol.iter("prop")}
        for symbol in root.iter("symbol")
    }
    return [
        (rule.get("filter"), rule.get("label"), fills[rule.get("symbol")])
        for rule in root.iter("rule")
    ]


def caught(path, filters):
    """Count the districts that each filter of a style catches."""
    return [
        asked(path, f"SELECT count(*) FROM districts WHERE {one}")[0][0]
        for one in filters
        if one != "ELSE"
    ]


def test_ogr_sees_the_layers_and_the_styles(package, study):
    layers = dict(pyogrio.list_layers(package))
    assert {"districts", "cells", "services", "stops", "routes", "layer_styles"} == set(layers)
    assert layers["layer_styles"] is None  # a table without geometry
    styles = pyogrio.read_dataframe(package, layer="layer_styles")
    assert styles["styleName"].tolist() == [
        *("Tipos de distrito", "El índice", "Límites de las celdas"),
        *("Servicios por categoría", "Paradas por modo", "Líneas por modo"),
    ]
    assert styles["useAsDefault"].tolist() == [True, False, True, True, True, True]
    assert styles["f_table_name"].tolist() == [
        *("districts", "districts", "cells", "services", "stops", "routes")
    ]
    geometry = asked(package, "SELECT column_name FROM gpkg_geometry_columns")[0][0]
    assert set(styles["f_geometry_column"]) == {geometry}
    assert len(pyogrio.read_dataframe(package, layer="districts")) == len(study.districts)


def test_every_type_has_its_colour_and_its_districts(package, study):
    told = rules(asked(package, "SELECT styleQML FROM layer_styles ORDER BY id")[0][0])
    known = messages("es")
    assert [label for _, label, _ in told] == [
        *(known[f"type.{kind}"] for kind in TYPE_COLOURS),
        known["type.unknown"],
    ]
    counts = study.districts["type"].value_counts()
    filters = [one for one, _, _ in told]
    assert caught(package, filters) == [counts.get(kind, 0) for kind in TYPE_COLOURS]
    assert told[0][2]["color"] == "0,114,178,255"
    assert told[-1][0] == "ELSE"
    assert told[-1][2]["style"] == "b_diagonal"  # never told apart by colour alone


def test_every_known_index_is_in_one_class(package, study):
    told = rules(asked(package, "SELECT styleQML FROM layer_styles ORDER BY id")[1][0])
    counts = caught(package, [one for one, _, _ in told])
    assert sum(counts) == study.districts["index"].notna().sum() == len(study.districts)
    ends = [label.split("\N{EN DASH}") for _, label, _ in told[:-1]]
    edges = [float(low) for low, _ in ends] + [float(ends[-1][1])]
    assert [float(high) for _, high in ends] == edges[1:]
    assert counts == np.histogram(study.districts["index"], bins=edges)[0].tolist()
    assert len({fill["color"] for _, _, fill in told}) == len(told)


@pytest.mark.parametrize("language", LANGUAGES)
def test_columns_have_names_in_words_each_its_own(study, tmp_path, language):
    city = {**study.summary["city"], "languages": [language]}
    write_tables(replace(study, summary={**study.summary, "city": city}), tmp_path)
    path = tmp_path / "study.gpkg"
    for layer in ("cells", "services", "stops", "routes"):
        query = "SELECT column_name, name FROM gpkg_data_columns WHERE table_name = ?"
        told = dict(asked(path, query, layer))
        columns = {row[1] for row in asked(path, f"PRAGMA table_info({layer})")}
        assert set(told) == columns - {"fid", "geom"}
        assert len(set(told.values())) == len(told)
    query = "SELECT column_name, name FROM gpkg_data_columns WHERE table_name = 'districts'"
    told = dict(asked(path, query))
    columns = {row[1] for row in asked(path, "PRAGMA table_info(districts)")}
    assert set(told) == columns - {"fid", "geom"}
    assert len(set(told.values())) == len(told)
    known = messages(language)["column.population"]
    assert told["population"] == known[:1].upper() + known[1:]
    qml = asked(path, "SELECT styleQML FROM layer_styles")[0][0]
    aliases = ET.fromstring(qml.partition("\n")[2]).iter("alias")
    assert {one.get("field"): one.get("name") for one in aliases} == told


def test_the_tables_are_declared(package):
    extensions = asked(
        package, "SELECT table_name FROM gpkg_extensions WHERE extension_name = ?", "gpkg_schema"
    )
    assert {name for (name,) in extensions} == {"gpkg_data_columns", "gpkg_data_column_constraints"}
    extensions = asked(
        package, "SELECT table_name FROM gpkg_extensions WHERE extension_name = ?", "gpkg_metadata"
    )
    assert {name for (name,) in extensions} == {"gpkg_metadata", "gpkg_metadata_reference"}
    kinds = dict(asked(package, "SELECT table_name, data_type FROM gpkg_contents"))
    assert kinds["layer_styles"] == "attributes"
    assert asked(package, "PRAGMA integrity_check") == [("ok",)]
    assert asked(package, "PRAGMA foreign_key_check") == []


@pytest.mark.parametrize("layer", ["services", "stops", "routes"])
def test_places_are_coloured_by_what_they_are_and_each_is_in_the_legend(package, study, layer):
    query = "SELECT styleQML FROM layer_styles WHERE f_table_name = ?"
    told = rules(asked(package, query, layer)[0][0])
    column = "category" if layer == "services" else "mode"
    kinds = sorted(getattr(study, layer)[column].unique())
    known = messages("es")
    prefix = "category" if layer == "services" else "mode"
    assert [label for _, label, _ in told] == [known[f"map.{prefix}.{one}"] for one in kinds]
    assert [filter_ for filter_, _, _ in told] == [f"\"{column}\" = '{one}'" for one in kinds]
    colour = "line_color" if layer == "routes" else "color"
    assert all(drawn[colour].endswith(",255") for _, _, drawn in told)


def test_services_of_one_area_share_its_colour(package, study):
    query = "SELECT styleQML FROM layer_styles WHERE f_table_name = 'services'"
    told = {one: drawn["color"] for one, _, drawn in rules(asked(package, query)[0][0])}
    area = {one: key for key, inside in SERVICE_AREAS.items() for one in inside}
    for category in study.services["category"].unique():
        red, green, blue, _ = told[f"\"category\" = '{category}'"].split(",")
        drawn = f"#{int(red):02X}{int(green):02X}{int(blue):02X}"
        assert drawn == SERVICE_COLOURS[area.get(category, "other")]


def described(package):
    """What OGR says of the package, read as ISO 19139."""
    told = pyogrio.read_info(package, layer="districts")["dataset_metadata"]
    root = ET.fromstring(told["GPKG_METADATA_ITEM_1"].partition("?>")[2])

    def texts(path):
        return ["".join(one.itertext()).strip() for one in root.iterfind(path, SPACES)]

    return root, texts


def test_ogr_reads_what_the_data_are(package, study):
    root, texts = described(package)
    assert root.tag == "{http://www.isotc211.org/2005/gmd}MD_Metadata"
    assert texts(".//gmd:MD_DataIdentification//gmd:title")[0].startswith(
        study.summary["city"]["name"]
    )
    assert "ficticia" in texts(".//gmd:abstract")[0]
    assert texts(".//gmd:RS_Identifier/gmd:code") == [study.summary["city"]["crs"]]
    assert texts(".//gmd:useLimitation") == study.summary["city"]["licences"]
    sources = texts(".//gmd:LI_Source/gmd:description")
    assert len(sources) == len(study.provenance["sources"]) > 0
    for said, one in zip(sources, study.provenance["sources"], strict=True):
        assert said.startswith(one["name"])
        assert not one["licence"] or one["licence"] in said
    west, south, east, north = study.districts.to_crs(4326).total_bounds
    box = texts(".//gmd:EX_GeographicBoundingBox/*")
    assert [float(one) for one in box] == pytest.approx([west, east, south, north], abs=1e-6)


def test_hostile_names_stay_text_in_styles_and_metadata(study, tmp_path):
    hostile = "</gco:CharacterString><x/>\x01'\"& \u202e🙂"
    city = {**study.summary["city"], "name": hostile, "licences": [hostile]}
    services = study.services.assign(category=["it's <b>", *study.services["category"][1:]])
    made = replace(study, services=services, summary={**study.summary, "city": city})
    write_tables(made, tmp_path)
    path = tmp_path / "study.gpkg"
    _, texts = described(path)
    assert texts(".//gmd:useLimitation") == [hostile.replace("\x01", "")]
    query = "SELECT styleQML FROM layer_styles WHERE f_table_name = 'services'"
    filters = [one for one, _, _ in rules(asked(path, query)[0][0])]
    counts = [asked(path, f"SELECT count(*) FROM services WHERE {one}")[0][0] for one in filters]
    assert sum(counts) == len(services)
    assert "\"category\" = 'it''s <b>'" in filters


def test_without_types_the_index_opens_and_without_an_index_all_is_hatched(bare_study, tmp_path):
    write_tables(bare_study, tmp_path)
    path = tmp_path / "study.gpkg"
    query = "SELECT useAsDefault, styleQML FROM layer_styles WHERE f_table_name = ? ORDER BY id"
    styles = asked(path, query, "districts")
    assert [default for default, _ in styles] == [0, 1]
    assert [one for one, _, _ in rules(styles[1][1])] == ["ELSE"]
