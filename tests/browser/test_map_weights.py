"""The reader's own weights: what the page computes is what the library computes."""

import copy
import dataclasses
import random

import numpy as np
import pandas as pd
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from geoequity import composite
from geoequity.errors import DataError
from geoequity.indicators import read_catalogue
from geoequity.judgement import AGGREGATES, make_tree, mean, with_areas
from geoequity.locale import LANGUAGES, number
from geoequity.maps import save_map
from geoequity.schema import AREAS, PILLARS

pytestmark = pytest.mark.browser

DESKTOP, PHONE = (1440, 900), (390, 844)
READY = "document.body.classList.contains('ready')"
WEIGHED = """
const { weights } = geoequity.page;
weights.reset();
for (const [id, weight] of Object.entries(arguments[0])) weights.set(id, weight);
const layers = geoequity.read().layers.filter((layer) => layer.kind === "score");
return {
  scores: Object.fromEntries(layers.map((one) => [one.id, weights.layerOf(one).values])),
  means: Object.fromEntries(layers.map((one) => [one.id, weights.layerOf(one).mean])),
  ranks: geoequity.read().districts.map((_, place) => weights.rankOf(place)),
};
"""
MOVE = """
const slider = document.querySelector(`[data-weight="${arguments[0]}"]`);
slider.value = arguments[1];
slider.dispatchEvent(new Event("input", { bubbles: true }));
"""
CLIPPED = """
return [...document.querySelectorAll("#ge-weights *, #ge-own *, #ge-card *")]
  .filter((one) => one.checkVisibility())
  .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
  .filter(([, box]) => box.width > 2 && (box.right > innerWidth + 1 || box.left < -1))
  .map(([said]) => said);
"""
FILLS = """
const paths = [...document.querySelectorAll("path[data-district]")];
return paths.map((one) => one.getAttribute("fill"));
"""
DRAWN = "return ['ge-list', 'ge-legend'].map((one) => document.getElementById(one).innerText)"


def judged(study, weights, aggregation):
    """Score the town by its tree as an assessment does, its unknown indicators included."""
    tree = make_tree(read_catalogue(), present=study.scores.columns, weights=weights)
    aggregate = AGGREGATES[aggregation]
    built = composite.build(study.scores, tree, normalise=lambda data, _: data, aggregate=aggregate)
    return with_areas(built.scores, aggregate)


def published(town, weights, aggregation, count=24):
    """Make the town publish what its tree gives with these weights and this mean."""
    study = town.make_study(count=count)
    rng = np.random.default_rng(11)
    # As short as the page keeps them; a third unknown, one district nearly wholly, and one at nil
    scores = study.scores.round(3).mask(rng.random(study.scores.shape) < 1 / 3)
    scores.iloc[5] = np.where(np.arange(scores.shape[1]) < 4, 40.0, np.nan)
    scores.iloc[6, :10] = 0.0
    study = dataclasses.replace(study, scores=scores)
    found = judged(study, weights, aggregation)
    columns = ["index", *PILLARS, *AREAS]
    districts = study.districts.assign(**{one: found[one] for one in columns})
    summary = copy.deepcopy(dict(study.summary))
    summary["method"] |= {"weights": weights, "aggregation": f"weighted {aggregation} mean"}
    summary["index"]["mean"] = mean(found["index"], districts["population"])
    return dataclasses.replace(study, districts=districts, summary=summary)


@pytest.fixture(scope="module")
def study(town):
    return published(town, {}, "arithmetic")


@pytest.fixture(scope="module")
def path(study, tmp_path_factory):
    return save_map(study, tmp_path_factory.mktemp("weights") / "map.html")


@pytest.fixture
def page(open_page, path):
    opened = open_page(path, size=DESKTOP)
    opened.wait(READY)
    return opened


@pytest.fixture
def phone(open_page, path):
    opened = open_page(path, size=PHONE, phone=True)
    opened.wait(READY)
    return opened


def move(page, weight, to):
    page.run(MOVE, weight, to)


def said(page, selector):
    find = "return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText)"
    return page.run(find, selector)


def seen(page, selector):
    return page.run("return document.querySelector(arguments[0]).checkVisibility()", selector)


def as_numbers(values):
    return np.array([np.nan if one is None else one for one in values], dtype=float)


@pytest.mark.parametrize("aggregation", sorted(AGGREGATES))
@pytest.mark.parametrize("of_city", [{}, {"mobility": 2.0, "technologies.activities": 0.5}])
def test_the_page_computes_what_the_library_computes(
    open_page, town, tmp_path, aggregation, of_city
):
    study = published(town, of_city, aggregation)
    page = open_page(save_map(study, tmp_path / "map.html"))
    page.wait(READY)
    draw = random.Random(5)
    handles = page.run("return [...geoequity.page.weights.handles.keys()]")
    assert set(handles) >= {*PILLARS, *study.scores.columns, "mobility"}
    compared = 0
    while compared < 20:
        weights = {one: draw.choice([0.0, 0.25, 1.0, 1.75, 3.0]) for one in handles}
        found = page.run(WEIGHED, weights)
        try:
            expected = judged(study, of_city | weights, aggregation)
        except DataError:  # a group that weighs nothing at all
            assert page.run("return geoequity.page.weights.empty()")
            continue
        compared += 1
        for name in ("index", *PILLARS, *AREAS):
            scores = as_numbers(found["scores"][name])
            np.testing.assert_allclose(scores, expected[name], rtol=0, atol=1e-9)
            average = mean(expected[name], study.districts["population"])
            assert found["means"][name] == pytest.approx(average, abs=1e-9)
        ranks = expected["index"].rank(ascending=False)
        np.testing.assert_array_equal(as_numbers(found["ranks"]), ranks)
    assert page.errors() == []


def test_the_published_weights_give_the_published_index(page, study):
    found = page.run(WEIGHED, {"structures": 2.0, "technologies": 2.0})  # the same shares
    index = study.districts["index"]
    np.testing.assert_allclose(as_numbers(found["scores"]["index"]), index, atol=1e-4)
    assert found["means"]["index"] == pytest.approx(study.summary["index"]["mean"], abs=1e-6)


def test_equal_scores_share_the_middle_rank(page):
    values = [3.0, None, 5.0, 3.0, 1.0]
    expected = pd.Series(values, dtype=float).rank(ascending=False)
    found = as_numbers(page.run("return geoequity.ranks(arguments[0])", values))
    np.testing.assert_array_equal(found, expected)


def test_a_slider_moves_colours_list_legend_and_card_at_once(page, study):
    page.run("geoequity.page.openCard(0, null)")
    before = said(page, "#ge-list .name")
    colours = page.run(FILLS)
    assert not seen(page, "#ge-own")
    move(page, "technologies", 3)
    move(page, "structures", 0)
    assert said(page, "#ge-own-said") == ["Sus pesos, no el índice publicado"]
    assert page.run(FILLS) != colours
    assert said(page, "#ge-list .name") != before
    assert "Dibujado con sus pesos, en las clases publicadas." in said(page, "#ge-legend .note")
    digital = study.districts["technologies"].iloc[0]
    card = said(page, "#ge-card .own-verdict")[0]
    assert number(digital, language="es", decimals=0) in card
    held = study.summary["districts"]["d00"]["score"]["method"]
    inside = held["low"] <= digital <= held["high"]
    assert ("Dentro" if inside else "Fuera") in card
    shown = number(study.districts["index"].iloc[0], language="es", decimals=0)
    assert said(page, "#ge-card .verdict .big")[0].startswith(shown)  # published, beside it


def test_unknown_stays_unknown_under_any_weights(page, study):
    unknown = np.flatnonzero(study.districts["index"].isna())
    assert len(unknown)
    move(page, "structures", 0)
    fill = page.run(
        "return document.querySelector(`[data-district=${arguments[0]}]`).getAttribute('fill')",
        study.districts.index[unknown[0]],
    )
    assert fill == "url(#ge-unknown)"


def test_every_class_of_the_legend_holds_what_it_says(page):
    move(page, "technologies", 3)
    move(page, "structures", 0)
    layer = page.run(
        "const page = geoequity.page;"
        "return page.weights.layerOf(geoequity.read().layers.find((one) => one.id === 'index'))"
    )
    known = [one for one in layer["values"] if one is not None]
    assert layer["breaks"][0] <= min(known) <= max(known) <= layer["breaks"][-1]
    assert len(layer["breaks"]) == len(layer["colours"]) + 1


def test_what_does_not_follow_the_weights_says_so(page):
    move(page, "mobility", 3)
    for layer in ("type", "confidence", "school_walk_min"):
        page.run("geoequity.page.showLayer(arguments[0])", layer)
        assert "Esto no sigue sus pesos: es lo publicado." in said(page, "#ge-legend .note")


@pytest.mark.parametrize("button", ["#ge-own-reset", "#ge-weights-reset"])
def test_either_button_brings_the_published_index_back(page, button):
    before = page.run(DRAWN)
    move(page, "technologies", 2.5)
    assert page.run(DRAWN) != before
    page.run("document.querySelector(arguments[0]).click()", button)
    assert page.run(DRAWN) == before
    assert not seen(page, "#ge-own")
    sliders = "return document.querySelector('[data-weight=technologies]').value"
    assert page.run(sliders) == "1"


def test_the_keyboard_alone_moves_a_weight(page):
    page.run("document.querySelector('#ge-weights summary').focus()")
    page.press(Keys.ENTER)
    page.tab()
    assert page.run("return document.activeElement.dataset.weight") == "structures"
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.run("return geoequity.page.weights.weightOf('structures')") == pytest.approx(1.1)
    spoken = page.run("return document.activeElement.getAttribute('aria-valuetext')")
    assert spoken == "1,1 (publicado: 1)"
    page.press(Keys.HOME)
    assert page.run("return geoequity.page.weights.weightOf('structures')") == 0


def test_a_group_that_weighs_nothing_says_so(page):
    for pillar in PILLARS:
        move(page, pillar, 0)
    assert "no se puede decir nada" in said(page, "#ge-own-said")[0]
    assert set(said(page, "#ge-list .value")) == {"sin dato"}
    assert page.errors() == []


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_sliders_speak_every_language_and_fit(open_page, path, language, size):
    page = open_page(path, size=size, phone=size == PHONE)
    page.wait(READY)
    page.run("document.querySelector(`#ge-languages [lang=${arguments[0]}]`).click()", language)
    page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.run("document.body.classList.add('with-more')")
    move(page, "technologies", 2)
    page.run("geoequity.page.openCard(2, null)")
    own = {"en": "Your weights", "es": "Sus pesos", "pt": "Seus pesos"}
    assert said(page, "#ge-own-said")[0].startswith(own[language])
    assert "map." not in page.run("return document.body.innerText")
    assert page.run(CLIPPED) == []
    assert page.run("return document.documentElement.scrollWidth") <= size[0]


def test_the_switch_of_language_keeps_the_weights(page):
    move(page, "mobility", 2.5)
    page.run("document.querySelector('#ge-languages [lang=pt]').click()")
    assert page.run("return document.querySelector('[data-weight=mobility]').value") == "2.5"
    assert seen(page, "#ge-own")


def test_on_a_phone_a_finger_moves_a_weight(phone):
    phone.driver.find_element(By.ID, "ge-more-toggle").click()
    phone.driver.find_element(By.CSS_SELECTOR, "#ge-weights summary").click()
    slider = phone.driver.find_element(By.CSS_SELECTOR, "[data-weight=structures]")
    assert slider.size["height"] >= 44
    slider.click()
    assert phone.run("return geoequity.page.weights.changed()")


def test_without_an_index_there_is_nothing_to_weigh(open_page, town, tmp_path):
    study = town.make_study()
    bare = dataclasses.replace(study, scores=study.scores.iloc[:, :0])
    page = open_page(save_map(bare, tmp_path / "map.html"))
    page.wait(READY)
    assert not seen(page, "#ge-weights")
    assert page.errors() == []
