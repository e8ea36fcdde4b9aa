"""What the page is given to draw."""

import copy
import dataclasses
import json
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geoequity.errors import ConfigError
from geoequity.indicators import read_catalogue
from geoequity.judgement import make_tree
from geoequity.locale import LANGUAGES, MessageError, messages
from geoequity.maps.content import MODE_COLOURS, SERVICE_AREAS, SERVICE_COLOURS, content
from geoequity.palette import contrast
from geoequity.schema import AREAS, MODES, PILLARS


@pytest.fixture(scope="module")
def told(study):
    return content(study, language="es")


def layer(told, name):
    return next(one for one in told["layers"] if one["id"] == name)


def changed(study, **tables):
    return dataclasses.replace(study, **tables)


def test_every_number_is_finite_or_none(told):
    json.dumps(told, allow_nan=False)


def test_layers_are_index_types_pillars_confidence_areas_and_every_indicator(told, study):
    names = [one["id"] for one in told["layers"]]
    expected = ["index", "type", "pillars", *PILLARS, *AREAS, "confidence", *study.catalogue.index]
    assert sorted(names) == sorted(expected)


def without_scores(study, *, asked=(), **columns):
    """Take index, types, pillars and areas away, and ask about some indicators."""
    gone = dict.fromkeys(["index", "type", *PILLARS, *AREAS], np.nan)
    summary = copy.deepcopy(study.summary)
    summary["city"]["question_indicators"] = list(asked)
    districts = study.districts.assign(**gone | columns)
    return changed(study, districts=districts, summary=summary)


def opened(study):
    return content(study, language="es")["opens"]


def test_the_page_opens_on_the_index(told, study):
    assert told["opens"] == "index"
    level = study.districts.assign(index=50.0)  # all alike, which is what it has to say
    assert opened(changed(study, districts=level)) == "index"


def test_without_scores_the_page_opens_on_what_the_city_asks_about(study):
    asked = ["school_walk_min", "clinic_walk_min"]
    assert opened(without_scores(study, asked=asked)) == asked[0]
    values = study.indicators.assign(school_walk_min=12.0)
    alike = changed(without_scores(study, asked=asked), indicators=values)
    assert opened(alike) == asked[1]
    few = values.assign(clinic_walk_min=values["clinic_walk_min"].where(values.index == "d05"))
    found = opened(changed(alike, indicators=few))
    assert found in few.columns
    assert found not in asked


def test_an_area_in_which_all_are_alike_is_no_map_to_begin_with(study):
    one = AREAS[0]
    assert opened(without_scores(study, **{one: study.districts["index"]})) == one
    assert opened(without_scores(study, **{one: 98.0})) in study.indicators.columns


def test_of_a_city_of_which_nothing_else_is_known_confidence_is_shown(study):
    none = changed(without_scores(study), indicators=study.indicators * np.nan)
    assert opened(none) == "confidence"


def test_unknown_is_none_and_never_zero(told, study):
    first = study.catalogue.index[0]
    assert np.isnan(study.indicators.loc["d03", first])
    assert layer(told, first)["values"][3] is None
    assert layer(told, "index")["values"][-1] is None
    assert layer(told, "type")["values"][-1] is None


def test_indicators_keep_their_own_unit_and_value(told, study):
    found = layer(told, "school_walk_min")
    assert found["unit"] == "min"
    assert found["better"] == "lower"
    assert found["values"][0] == pytest.approx(
        study.indicators["school_walk_min"].iloc[0], rel=1e-5
    )
    assert found["mean"] == pytest.approx(
        study.summary["indicators"]["school_walk_min"]["mean"], rel=1e-5
    )


def test_the_mean_score_follows_the_goalposts(told, study):
    found = layer(told, "school_walk_min")
    entry = study.catalogue.loc["school_walk_min"]
    expected = 100 * (found["mean"] - entry["worst"]) / (entry["best"] - entry["worst"])
    assert found["mean_score"] == pytest.approx(expected, rel=1e-4)


def test_stratifiers_are_context_and_have_no_score(told):
    found = layer(told, "unmet_needs_share")
    assert found["group"] == "context"
    assert "scores" not in found


def test_a_share_of_streets_is_not_called_a_share_of_residents(told):
    assert layer(told, "lit_street_share")["base"] is None  # its length is shared, not people
    assert layer(told, "home_internet_share")["base"] == "households"


def test_every_layer_speaks_every_language(told):
    for one in told["layers"]:
        assert set(one["label"]) == set(one["about"]) == set(LANGUAGES)
        assert all(one["label"].values())
        assert all(one["about"].values())


def test_the_map_says_the_same_things_in_every_language():
    keys = [{key for key in messages(one) if key.startswith("map.")} for one in LANGUAGES]
    assert all(found == keys[0] for found in keys)


def test_holes_of_messages_are_the_same_in_every_language():
    for key, english in messages("en").items():
        if key.startswith("map."):
            holes = {
                frozenset(part.split("}")[0] for part in messages(one)[key].split("{")[1:])
                for one in LANGUAGES
            }
            assert len(holes) == 1, (key, english)


def test_every_category_and_mode_that_is_drawn_has_a_name():
    for area in SERVICE_AREAS.values():
        for category in area:
            assert f"map.category.{category}" in messages("es")
    assert set(MODE_COLOURS) == set(MODES)
    assert all(f"map.mode.{mode}" in messages("es") for mode in MODES)


def test_colours_of_places_stand_out_from_their_white_rim():
    for colour in (*SERVICE_COLOURS.values(), *MODE_COLOURS.values()):
        assert contrast(colour, "#FFFFFF") >= 3


def test_services_come_by_category_with_counts(told, study):
    counts = {one["id"]: one["count"] for one in told["services"]}
    assert counts == study.services["category"].value_counts().to_dict()
    assert [one["area"] for one in told["services"]][-1] == "other"


def test_a_category_that_no_catalogue_names_is_called_by_its_id(told):
    found = next(one for one in told["services"] if one["id"] == "skate_park")
    assert found["label"]["es"] == "Skate park"


def test_reasons_come_in_every_language_and_plain_ones_in_english(town):
    study = town.make_study()
    summary = copy.deepcopy(dict(study.summary))
    summary["districts"]["d00"]["reasons"] = [
        "thin data",
        {"id": "x", "text": {"en": "a", "es": "b", "pt": "c"}},
    ]
    told = content(changed(study, summary=summary), language="es")
    reasons = [told["reasons"][place] for place in told["districts"][0]["reasons"]]
    assert reasons == [{"en": "thin data"}, {"en": "a", "es": "b", "pt": "c"}]
    assert len(told["reasons"]) == len({json.dumps(one) for one in told["reasons"]})


def test_sources_of_one_provider_are_thanked_once_with_all_their_years(town):
    study = town.make_study()
    census = {"provider": "INE", "licence": "CC BY 4.0", "citation": None, "url": None}
    sources = [
        {**census, "name": "cells", "reference_year": 2020},
        {**census, "name": "tables.0", "reference_year": 2010},
        {**census, "name": "tables.1", "reference_year": 2020},
    ]
    told = content(changed(study, provenance={"sources": sources}), language="es")
    assert told["sources"] == [
        {**census, "names": ["cells", "tables.0", "tables.1"], "years": ["2010", "2020"]}
    ]


def test_files_of_one_source_with_addresses_of_their_own_stand_together(town):
    terms = {"provider": "INE", "licence": "CC BY 4.0", "citation": None}
    urls = ["https://a.example/1", "https://a.example/2"]
    sources = [{**terms, "url": url, "name": url[-1]} for url in urls]
    told = content(changed(town.make_study(), provenance={"sources": sources}), language="es")
    assert told["sources"] == [{**terms, "url": None, "names": ["1", "2"], "years": []}]
    told = content(changed(town.make_study(), provenance={"sources": sources[:1]}), language="es")
    assert told["sources"][0]["url"] == urls[0]


def test_a_study_without_people_or_places_is_still_told(town):
    study = town.make_study()
    districts = study.districts.drop(columns=["population"])
    columns = ["index", "index_low", "index_high", "rank", "rank_low", "rank_high"]
    districts[columns] = math.nan
    districts["type"] = None
    summary = copy.deepcopy(dict(study.summary))
    summary |= {"index": None, "types": {"basis": None}, "findings": []}
    summary["population"] = {"total": None, "covered_share": None, "outside": None}
    summary["pillars"] = dict.fromkeys(PILLARS)
    summary["areas"] = dict.fromkeys(AREAS)
    for found in summary["districts"].values():
        found |= {"score": None, "rank": None, "type_probability": None, "reasons": None}
    empty = {name: getattr(study, name).iloc[:0] for name in ("services", "stops", "routes")}
    told = content(changed(study, districts=districts, summary=summary, **empty), language="pt")
    json.dumps(told, allow_nan=False)
    assert told["city"]["population"] is None
    assert layer(told, "index")["breaks"] == []
    assert layer(told, "index")["mean"] is None
    assert told["services"] == told["stops"] == told["routes"] == []


def test_all_licences_are_named_where_there_are_several(town):
    study = town.make_study()
    summary = copy.deepcopy(dict(study.summary))
    del summary["city"]["licence"]
    summary["city"]["licences"] = ["ODbL-1.0", "CC-BY-4.0"]
    told = content(changed(study, summary=summary), language="es")
    assert told["city"]["licence"] == "ODbL-1.0, CC-BY-4.0"


def test_nearly_equal_districts_share_a_class(town):
    study = town.make_study()
    districts = study.districts.assign(index=np.linspace(50.2, 53.9, len(study.districts)))
    told = content(changed(study, districts=districts), language="es")
    assert layer(told, "index")["breaks"] == [50.0, 55.0]


def test_the_study_is_left_unchanged(study):
    before = copy.deepcopy(study)
    content(study, language="es")
    pd.testing.assert_frame_equal(before.indicators, study.indicators)
    assert isinstance(study.districts, gpd.GeoDataFrame)
    pd.testing.assert_frame_equal(pd.DataFrame(before.districts), pd.DataFrame(study.districts))
    assert before.summary == study.summary


def test_an_unknown_language_is_refused(study):
    with pytest.raises(MessageError, match="no catalogue for language 'tlh'"):
        content(study, language="tlh")


@pytest.mark.parametrize(
    "wrong",
    ["", "http://x.org/{z}/{x}/{y}.png", "https://x.org/{z}/{x}.png", "https://x.org'>{z}{x}{y}"],
)
def test_a_basemap_that_is_no_address_of_tiles_is_refused(study, wrong):
    with pytest.raises(ConfigError, match=r"basemap: .*give an address such as https://"):
        content(study, language="es", basemap=wrong)


def with_cells(study, **columns):
    cells = study.cells
    values = pd.DataFrame({name: np.linspace(*ends, len(cells)) for name, ends in columns.items()})
    values.index = cells.index
    return changed(study, cell_indicators=values)


def test_cells_come_with_their_district_and_what_was_computed_at_them(study):
    values = with_cells(study, school_walk_min=(0, 60), nobody_knows=(0, 1))
    told = content(values, language="es")["cells"]
    assert list(told["values"]) == ["school_walk_min"]  # the map has no other layer
    assert len(told["shapes"]) == len(told["of"]) == len(study.cells)
    assert told["values"]["school_walk_min"][-1] == 60
    places = {unit_id: place for place, unit_id in enumerate(study.districts.index)}
    assert told["of"] == [places[one] for one in study.cells["district_id"]]


def test_a_cell_without_a_value_is_none_and_one_outside_every_district_is_nobodys(study):
    values = with_cells(changed(study, cells=study.cells.copy()), school_walk_min=(0, 60))
    values.cell_indicators.iloc[2] = np.nan
    values.cells.loc[values.cells.index[1], "district_id"] = None
    told = content(values, language="es")["cells"]
    assert told["values"]["school_walk_min"][2] is None
    assert told["of"][1] == -1


def test_too_many_cells_are_left_out(study, monkeypatch):
    monkeypatch.setitem(content.__globals__, "_MOST_CELLS", 10)
    told = content(with_cells(study, school_walk_min=(0, 60)), language="es")
    assert told["cells"] is None
    left_out = told["cells_left_out"]
    assert left_out == {"count": len(study.cells), "most": 10, "layers": ["school_walk_min"]}
    assert {"{count}", "{most}"} <= set(told["words"]["es"]["map.cells_left_out"].split(" "))


def test_without_values_at_cells_there_are_none(told):
    assert told["cells"] is None
    assert told["background"] == []


def sampled(study):
    """The same town with 90 % intervals of one speed, withheld in its third district."""
    ids = study.districts.index
    indicators = study.indicators.copy()
    indicators.loc[ids[2], "fixed_down_mbps"] = math.nan
    speed = indicators["fixed_down_mbps"]
    rows = {"unit_id": ids, "indicator": "fixed_down_mbps", "low": speed - 5, "high": speed + 5}
    withheld = pd.DataFrame({"fixed_down_mbps_suppressed": speed.index == ids[2]}, index=ids)
    return changed(study, indicators=indicators, intervals=pd.DataFrame(rows), broadband=withheld)


def test_sampling_intervals_stand_in_the_order_of_the_districts(study):
    found = layer(content(sampled(study), language="es"), "fixed_down_mbps")
    assert found["values"][0] - found["sampling"]["low"][0] == pytest.approx(5, rel=1e-4)
    assert found["sampling"]["high"][0] - found["values"][0] == pytest.approx(5, rel=1e-4)
    assert found["sampling"]["low"][2] is found["sampling"]["high"][2] is None


def test_complete_counts_have_no_sampling_interval(told):
    assert not [one["id"] for one in told["layers"] if "sampling" in one or "suppressed" in one]


def test_what_is_withheld_is_told_apart_from_what_is_unknown(study):
    told = content(sampled(study), language="es")
    assert layer(told, "fixed_down_mbps")["suppressed"] == [2]
    assert layer(told, "fixed_down_mbps")["values"][2] is None
    others = [one for one in told["layers"] if one["id"] != "fixed_down_mbps"]
    assert not any("suppressed" in one for one in others)


def test_validators_and_stratifiers_are_read_beside_the_index_and_nothing_else_is(told, study):
    beside = {one["id"] for one in told["layers"] if one["group"] == "context"}
    assert beside == set(study.catalogue.index[study.catalogue["role"] != "indicator"])
    assert {"unmet_needs_share", "ndvi", "night_lights_per_1000"} <= beside
    assert "hazard_exposed_share" not in beside


def in_tree(told, name):
    return next(one for one in told["tree"]["nodes"] if one["id"] == name)


def test_the_tree_is_the_one_that_the_index_was_made_with(study):
    summary = copy.deepcopy(dict(study.summary))
    summary["method"] |= {
        "weights": {"mobility": 2.0, "technologies.activities": 0.5, "structures": 3.0},
        "aggregation": "weighted geometric mean",
    }
    told = content(changed(study, summary=summary), language="es")
    nodes = told["tree"]["nodes"]
    expected = make_tree(
        read_catalogue(), present=study.scores.columns, weights=summary["method"]["weights"]
    )
    assert [one["id"] for one in nodes] == list(expected["id"])
    assert [one["weight"] for one in nodes] == list(expected["weight"])
    above = [None if one["parent"] is None else nodes[one["parent"]]["id"] for one in nodes]
    assert above == [None if pd.isna(one) else one for one in expected["parent"]]
    assert told["tree"]["floor"] == 1  # as the published geometric mean is floored
    assert in_tree(told, "index") | {"parent": None} == {
        "id": "index",
        "parent": None,
        "weight": 1,
        "min_known": 2,
        "mean": "geometric",
        "area": None,
    }
    assert in_tree(told, "structures")["min_known"] == 3
    assert in_tree(told, "structures.mobility")["mean"] == "arithmetic"


def test_an_area_has_one_weight_where_the_city_weighs_it_alike_in_both_pillars(study):
    summary = copy.deepcopy(dict(study.summary))
    summary["method"]["weights"] = {"mobility": 2.0, "technologies.activities": 0.5}
    told = content(changed(study, summary=summary), language="en")
    handles = {one["id"]: one for one in told["tree"]["handles"]}
    assert len(handles["mobility"]["nodes"]) == 2
    assert "activities" not in handles
    split = handles["technologies.activities"]
    assert split["label"]["en"] == "Activities · technologies"
    assert [told["tree"]["nodes"][one]["id"] for one in split["nodes"]] == [split["id"]]


def test_every_indicator_of_the_index_has_a_weight_and_no_other_has(told, study):
    moved = {one["id"] for one in told["tree"]["handles"]}
    assert moved == {*PILLARS, *AREAS, *study.scores.columns}
    assert all(set(one["label"]) == set(LANGUAGES) for one in told["tree"]["handles"])


def test_without_an_index_there_is_no_tree(study):
    told = content(changed(study, scores=study.scores.iloc[:, :0]), language="es")
    assert told["tree"] is None


def test_pillars_cross_around_the_threshold_of_the_types(told, study):
    found = layer(told, "pillars")
    assert found["edges"] == [40, 60]
    assert len(found["colours"]) == len(found["inks"]) == 9
    pairs = zip(found["inks"], found["colours"], strict=True)
    assert all(contrast(ink, ground) >= 4.5 for ink, ground in pairs)
    summary = copy.deepcopy(dict(study.summary))
    summary["method"]["threshold"] = 55.0
    moved = content(changed(study, summary=summary), language="es")
    assert layer(moved, "pillars")["edges"] == [45, 65]


def test_doubts_are_low_confidence_thin_maps_and_uncertain_types(study):
    summary = copy.deepcopy(dict(study.summary)) | {"mapping": {"thin": ["d02", "d04"]}}
    told = content(changed(study, summary=summary), language="es")
    for place, (unit_id, row) in enumerate(study.districts.iterrows()):
        expected = {
            "confidence": row["confidence"] < 0.5,
            "thin": unit_id in ("d02", "d04"),
            "type": row["type"] == "uncertain",
        }
        kinds = [kind for kind, held in expected.items() if held]
        assert told["districts"][place]["doubts"] == kinds
    assert {kind for one in told["districts"] for kind in one["doubts"]} == set(expected)


def test_an_indicator_is_doubted_by_its_own_confidence(study):
    trusted = study.confidence.astype(float)
    trusted.loc["d02", "school_walk_min"] = 0.49
    trusted.loc["d04", "school_walk_min"] = math.nan  # unknown is not low
    told = content(changed(study, confidence=trusted), language="es")
    expected = [*np.flatnonzero(trusted["school_walk_min"] < 0.5)]
    assert layer(told, "school_walk_min")["doubtful"] == expected
    assert 2 in expected
    assert 4 not in expected
