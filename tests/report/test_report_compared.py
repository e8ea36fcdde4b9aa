"""The page of cities side by side, as a file: what stands in it, and what must not."""

import re
from dataclasses import replace

import numpy as np
import pytest
from side_by_side import city
from small_city import same_in_pillar
from test_report import HOSTILE, Page
from two_dates import book

from geoequity.compare import cities
from geoequity.locale import LANGUAGES, MessageError, text
from geoequity.report import write_cities_report

FOUR = same_in_pillar([80.0, 20.0, 70.0, 30.0], [80.0, 20.0, 20.0, 30.0])
FLAT = same_in_pillar([60.0, 62.0, 61.0, 60.0], [60.0, 61.0, 60.0, 62.0])
ONE = {"s_mobility": [80.0, 20.0, 70.0, 30.0]}


def written(found, folder, language="en"):
    path = write_cities_report(found, folder / f"{language}.html", language=language)
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def found():
    made = [
        city("alta", FOUR, rank=119, error={"s_mobility": 5.0}),
        city("baja", FLAT, rank=118, books=[book("osm", reference_year=2010)]),
        city("cima", ONE),
        city("dura", ONE, people=float("nan")),
    ]
    return cities(made, draws=50)


@pytest.fixture(params=LANGUAGES)
def page(found, request, tmp_path):
    return written(found, tmp_path, request.param)


def test_it_is_whole_and_fetches_or_runs_nothing(page):
    page.check_on_its_own()


@pytest.mark.parametrize("language", LANGUAGES)
def test_findings_and_what_cannot_be_compared_are_told(found, tmp_path, language):
    page = written(found, tmp_path, language)
    for one in (*found.summary["findings"], *found.summary["apart"]):
        assert re.sub(r"\s+", " ", one["text"][language]) in page.text
    for one in found.summary["findings"]:
        assert text(f"compare.finding.{one['id']}.title", language=language) in page.text


def test_cities_stand_in_the_order_of_their_rank_with_their_numbers(found, tmp_path):
    source = write_cities_report(found, tmp_path / "a.html", language="en").read_text("utf-8")
    side = source[source.index('id="side"') : source.index('id="where"')]
    names = re.findall(r'scope="row" class="name"><bdi>(\w+)<', side)[:4]
    assert names == ["Baja", "Alta", "Cima", "Dura"]
    page = Page(source)
    told = found.summary["nodes"]["index"]["cities"]["alta"]
    ends = told["mean"]["method"]
    assert (
        f"{told['mean']['value']:.1f} {ends['low']:.1f} to {ends['high']:.1f} error: " in page.text
    )
    assert "no material gap" in page.text
    assert "Compared on 1 indicator." in page.text
    assert "no count of residents to weigh by" in page.text


def test_one_colour_is_one_score_in_every_city(found, tmp_path):
    source = write_cities_report(found, tmp_path / "a.html", language="en").read_text("utf-8")
    where = source[source.index('id="where"') : source.index('id="indicators"')]
    maps = where.split("<figure")[-1]  # of the indicator that all four have
    fills = re.findall(r'fill="(#\w+)" class="outline"><title>District (\w): ([\d.]+)<', maps)
    assert len(fills) == 16
    of = {}
    for colour, _, score in fills:
        of.setdefault(score, set()).add(colour)
    assert all(len(colours) == 1 for colours in of.values())


def test_cities_that_share_nothing_and_cities_of_no_districts_known_have_a_page(tmp_path):
    nothing = cities([city("alta", ONE), city("baja", {"t_mobility": [1.0, 2.0, 3.0, 4.0]})])
    page = written(nothing, tmp_path)
    assert page.faults == []
    assert "There is nothing that two cities share." in page.text
    half = city("cima", {"s_mobility": [80.0, np.nan, np.nan, np.nan]})
    page = written(cities([city("alta", ONE), half]), tmp_path)
    assert page.faults == []
    assert "url(#hatch)" in (tmp_path / "en.html").read_text(encoding="utf-8")
    assert "known for only 25%" in page.text


def test_a_made_up_city_says_so_on_its_face(tmp_path):
    made = city("baja", ONE, about={"fictitious": True})
    page = written(cities([city("alta", ONE), made]), tmp_path, "es")
    assert page.text.count("Baja: ficticia, inventada para mostrar cómo funciona.") == 2
    assert "Alta: ficticia" not in page.text


def test_hostile_names_stay_text(tmp_path):
    made = city("alta", ONE)
    made = replace(made, districts=made.districts.assign(name=list(HOSTILE[:4])))
    other = city("baja", ONE, about={"name": HOSTILE[0]})
    page = written(cities([made, other]), tmp_path)
    assert not page.all("script")
    assert not page.all("img")
    assert page.faults == []


def test_the_same_cities_give_the_same_bytes_and_an_unknown_language_none(found, tmp_path):
    first, second = (write_cities_report(found, tmp_path / name) for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    with pytest.raises(MessageError, match="no catalogue for language 'la'"):
        write_cities_report(found, tmp_path / "c", language="la")
    assert not (tmp_path / "c").exists()
