"""The report as a file: what stands in it, and what must not."""

import math
import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from made_up import NAMES, make_study
from shapely.geometry import MultiPolygon, Polygon

from geoequity.indicators import imd_items, seen
from geoequity.locale import LANGUAGES, MessageError, number, text
from geoequity.report import _content, _tables, write_report
from geoequity.report._words import Words

VOID = {"meta", "link", "br", "hr", "img", "input"}
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "</style><script>alert(3)</script>",
    "{{ 7 * 7 }}{% raise %}",
    "A" * 300,
    "\u202etros",
    "O'Higgins & Co 🏙️",
)


class Page(HTMLParser):
    """The parts of a page that tests ask about."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.words, self.open, self.faults = [], [], [], []
        self.feed(source)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def check_on_its_own(self):
        """Fail unless every tag is closed in its turn, and nothing is fetched or run."""
        assert self.faults == []
        assert self.open == []
        assert not self.all("script")
        assert not [one for one in self.all("link") if not one["href"].startswith("data:")]
        assert all(one["href"].startswith("#") for one in self.all("a"))


def written(study, tmp_path, language="es"):
    """Write the report and read it back."""
    path = write_report(study, tmp_path / "report.html", language=language)
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pages(study, tmp_path_factory):
    """The same study in every language."""
    return {one: written(study, tmp_path_factory.mktemp(one), one) for one in LANGUAGES}


@pytest.fixture(params=LANGUAGES)
def page(pages, request):
    """One page, in each language in turn."""
    return pages[request.param]


def test_every_tag_is_closed_in_its_turn(page):
    assert page.faults == []
    assert page.open == []


def test_every_district_is_named(page):
    assert all(name in page.text for name in NAMES)


def test_every_finding_is_told_in_the_language(study, pages):
    for language, page in pages.items():
        for finding in study.summary["findings"]:
            said = re.sub(r"\s+", " ", finding["text"][language])
            assert said in page.text
            assert text(f"finding.{finding['id']}.title", language=language) in page.text


def test_every_indicator_is_named_those_that_are_missing_too(study, pages):
    for language, page in pages.items():
        assert all(label in page.text for label in study.catalogue[f"label_{language}"])
    assert "Solicitudes y reclamos a la ciudad (311)" in pages["es"].text
    assert "ninguna tabla de esta ciudad lo ofrece" in pages["es"].text


def test_every_source_is_credited_with_its_licence(page):
    for said in ("City of Villa Inventada", "CC BY 4.0", "OpenStreetMap contributors", "ODbL 1.0"):
        assert said in page.text
    assert "sliver under 1 % of the median" in page.text


def test_sources_are_named_in_the_reader_s_words(pages):
    assert "Escuelas escuelas.csv" in pages["es"].text
    assert "Escolas escuelas.csv" in pages["pt"].text
    assert "Districts districts.geojson sha256 abababababab" in pages["en"].text


def test_the_country_is_named_and_a_made_up_one_is_not(study, tmp_path):
    assert "Perú · 12 distritos" in written(study, tmp_path).text
    for country, said in {"XX": "", "Atlantis": "Atlantis · "}.items():
        city = {**study.summary["city"], "country": country}
        page = written(replace(study, summary={**study.summary, "city": city}), tmp_path)
        assert f"Villa Inventada {said}12 distritos" in page.text


def test_numbers_carry_the_marks_of_the_language(pages):
    assert "1.200.345" in pages["es"].text
    assert "1.200.345" in pages["pt"].text
    assert "1,200,345" in pages["en"].text
    for language in ("es", "pt"):
        start, end = (
            text(f"report.{key}", language=language)
            for key in ("indicators.lead", "method.references")
        )
        own = re.sub(r"0\.1\.0|BY 4\.0|ODbL 1\.0", "", pages[language].text)
        table = own.split(start)[1].split(end)[0]
        assert "," in table
        assert not re.search(r"\d\.\d{1,2}(?!\d)", table)


def test_nothing_unknown_shows_as_a_program_would_write_it(page):
    assert not re.search(r"\b(nan|None|undefined|null|NaT|inf)\b", page.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_map_that_cannot_be_judged_says_why(study, tmp_path, language):
    why = {one: f"because {one}" for one in LANGUAGES}
    mapping = {"known": False, "reasons": [{"id": "no_map", "text": why}], "thin": []}
    page = written(
        replace(study, summary={**study.summary, "mapping": mapping}), tmp_path, language
    )
    assert f"because {language}" in page.text
    assert "{" not in page.text


def test_no_message_id_stands_on_the_page(page):
    assert not re.search(r"\b(report|finding|type|unit|reason)\.[a-z_]+\b", page.text)


def test_the_scores_of_the_table_are_those_of_the_study(study, pages):
    for district in study.summary["districts"].values():
        score = district["score"]
        ends = [number(score["method"][end], language="es", decimals=1) for end in ("low", "high")]
        assert number(score["value"], language="es", decimals=1) in pages["es"].text
        assert "\N{EN DASH}".join(ends) in pages["es"].text


def test_the_page_says_its_language_and_has_one_first_heading(pages):
    for language, page in pages.items():
        assert page.all("html") == [{"lang": language}]
        assert len(page.all("h1")) == 1


def test_headings_never_skip_a_level(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_link_inside_leads_somewhere(page):
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [a["href"][1:] for tag, a in page.tags if a.get("href", "").startswith("#")]
    assert set(targets) <= set(ids)
    labels = [a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a]
    assert set(labels) <= set(ids)


def test_pictures_are_described_or_hidden_from_those_who_cannot_see_them(page):
    for picture in page.all("svg"):
        assert picture.get("aria-hidden") == "true" or (
            picture["role"] == "img" and picture["aria-labelledby"]
        )


def test_tables_have_a_caption_and_headers_with_a_scope(page):
    assert len(page.all("caption")) == len(page.all("table"))
    assert all("scope" in header for header in page.all("th"))


def test_the_page_fetches_nothing_and_runs_nothing(page):
    assert not page.all("script") + page.all("img") + page.all("iframe") + page.all("object")
    assert [link["href"] for link in page.all("link")] == ["data:,"]
    assert not [name for _, a in page.tags for name in a if name.startswith("on")]
    policies = [m["content"] for m in page.all("meta") if "http-equiv" in m]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_a_fictitious_city_says_so_on_top_on_every_map_and_at_the_foot(pages):
    for language, page in pages.items():
        assert page.text.count(text("fictitious", language=language)) == 2
        maps = 4  # types, index and the two pillars
        assert page.text.count(text("report.fictitious_short", language=language)) >= maps


def test_a_real_city_is_not_called_fictitious(tmp_path):
    page = written(make_study(fictitious=False), tmp_path)
    assert "ficticia" not in page.text


def test_the_same_study_gives_the_same_bytes(study, tmp_path):
    once = write_report(study, tmp_path / "once.html").read_bytes()
    assert write_report(study, tmp_path / "again.html").read_bytes() == once
    assert b"\r" not in once


def test_the_report_is_spanish_unless_asked_otherwise(study, tmp_path):
    path = write_report(study, tmp_path / "report.html")
    assert '<html lang="es">' in path.read_text(encoding="utf-8")


def test_the_path_is_given_back_and_its_folder_made(study, tmp_path):
    path = write_report(study, str(tmp_path / "new" / "folder" / "report.html"))
    assert path == tmp_path / "new" / "folder" / "report.html"
    assert path.exists()


def test_an_unknown_language_is_refused_and_leaves_the_old_report(study, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(MessageError, match="'tlh'; there are en, es, pt"):
        write_report(study, path, language="tlh")
    assert path.read_text(encoding="utf-8") == "old"


def test_a_failed_write_leaves_the_old_report_and_no_litter(study, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")

    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_report(study, path)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_names_are_shown_and_do_nothing(tmp_path, language):
    page = written(make_study(HOSTILE), tmp_path, language)
    assert page.faults == []
    assert not page.all("script")
    assert not page.all("img")
    for name in HOSTILE:
        assert re.sub(r"\s+", " ", name.replace("\u202e", "")) in page.text
    assert "\u202e" not in page.text


def test_the_address_of_a_file_is_that_of_the_file_and_not_of_its_provider(study, tmp_path):
    source = study.provenance["sources"][0]
    page = written(replace(study, provenance={"sources": [source]}), tmp_path)
    found = [link for link in page.all("a") if link["href"] == source["url"]]
    assert len(found) == 1
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f">{source['path']}</a>" in html
    assert f">{source['provider']}</a>" not in html


def test_hostile_texts_of_the_city_file_and_the_sources_do_nothing(study, tmp_path):
    evil = "</title></style><script>alert(1)</script>"
    source = {**study.provenance["sources"][0], "provider": evil, "url": "javascript:alert(1)"}
    summary = {
        **study.summary,
        "city": {**study.summary["city"], "name": evil, "country": evil, "question": {"es": evil}},
        "warnings": [evil],
        "absent": {evil: evil},
    }
    page = written(replace(study, summary=summary, provenance={"sources": [source]}), tmp_path)
    assert page.faults == []
    assert not page.all("script")
    assert page.text.count(evil) >= 5
    assert not [a for a in page.all("a") if a["href"].startswith("javascript")]


def test_without_people_the_report_says_so_and_shows_the_facts(bare_study, tmp_path):
    for language in LANGUAGES:
        page = written(bare_study, tmp_path, language)
        assert page.faults == []
        assert text("finding.unseen.no_population", language=language) in page.text
        assert text("report.where.no_types", language=language) in page.text
        assert text("report.who.nothing", language=language) in page.text
        assert all(name in page.text for name in NAMES)
        assert not re.search(r"\b(nan|None|undefined)\b", page.text)


def test_a_near_equal_city_is_given_no_types(even_study, tmp_path):
    page = written(even_study, tmp_path)
    assert text("report.where.even", language="es") in page.text
    assert text("report.where.types", language="es") + "." not in page.text
    assert "están relegados" not in page.text


def test_without_a_pillar_its_map_is_missing_and_that_is_said(tmp_path):
    page = written(make_study(technologies=False), tmp_path, "en")
    assert "Technologies: too little is known to draw a map." in page.text
    assert "The index: too little is known to draw a map." in page.text


def test_one_district_makes_a_report(tmp_path):
    page = written(make_study(("Único",)), tmp_path)
    assert page.faults == []
    assert "El único distrito, Único, está relegado" in page.text


def test_a_district_whose_scores_are_unknown_is_hatched_and_called_so(study, tmp_path):
    told = study.summary["districts"]
    odd = dict.fromkeys(told["d03"])
    odd |= {"name": "Dos Puentes", "score": {"value": None, "sampling": None, "method": None}}
    odd["reasons"] = [
        {"id": "pillar_unknown", "text": {"es": "pilar desconocido", "en": "unknown"}}
    ]
    summary = {**study.summary, "districts": {**told, "d03": odd}}
    path = write_report(replace(study, summary=summary), tmp_path / "report.html")
    source = path.read_text(encoding="utf-8")
    page = Page(source)
    assert "url(#hatch)" in source
    assert "Dos Puentes: sin dato" in page.text
    assert "pilar desconocido" in page.text
    assert text("type.unknown", language="es") in page.text


def test_both_pillars_are_drawn_with_the_same_classes(study):
    content = _content.content(study, language="es")
    index, structures, technologies = content["maps"]["scores"]
    assert structures["classes"] == technologies["classes"]
    assert {one["key"] for one in (index, structures, technologies)} == {
        "index",
        "structures",
        "technologies",
    }


def test_ranks_read_as_whole_where_they_are(study, tmp_path):
    told = study.summary["districts"]
    rank = {"value": 2.5, "sampling": None, "method": {"low": 1.0, "high": 3.96}}
    summary = {**study.summary, "districts": {**told, "d03": {**told["d03"], "rank": rank}}}
    page = written(replace(study, summary=summary), tmp_path)
    assert "2,5 1\N{EN DASH}4 " in page.text


def test_reasons_in_another_language_are_marked_as_such(study, tmp_path):
    path = write_report(study, tmp_path / "report.html", language="pt")
    assert '<span lang="en">mapped thinly</span>' in path.read_text(encoding="utf-8")


def test_ninety_six_districts_stay_light_and_quick(tmp_path):
    corners = 400
    jagged = []
    for place in range(96):
        x, y = 3000 * (place % 10), 3000 * (place // 10)
        ring = [
            (
                x + (1200 + 150 * (k % 2)) * math.cos(2 * math.pi * k / corners),
                y + (1200 + 150 * (k % 2)) * math.sin(2 * math.pi * k / corners),
            )
            for k in range(corners)
        ]
        islet = Polygon([(x + 2000, y), (x + 2001, y), (x + 2000, y + 1)])
        jagged.append(MultiPolygon([Polygon(ring), islet]))
    names = tuple(f"Distrito {place} de la Zona Sur" for place in range(96))
    study = make_study(names, geometry=jagged)
    start = time.process_time()  # of this process: tests may run side by side
    path = write_report(study, tmp_path / "report.html")
    assert time.process_time() - start < 3
    assert path.stat().st_size < 1_500_000


def test_the_study_is_left_as_it_was(study, tmp_path):
    before = study.districts.copy(), study.indicators.copy(), repr(study.summary)
    write_report(study, tmp_path / "report.html")
    assert study.districts.equals(before[0])
    assert study.indicators.equals(before[1])
    assert repr(study.summary) == before[2]


def test_what_imd_asks_and_is_seen_is_told_by_area(study, tmp_path):
    told = seen(
        imd_items(), present=["culture_walk_min", "wifi_access_share"], asked=["feels_safe"]
    )
    whole = replace(study, summary={**study.summary, "seen": told})
    for language in LANGUAGES:
        page = written(whole, tmp_path, language)
        assert text("report.seen.title", language=language) in page.text
        assert page.faults == []
    found = _tables.seen(whole, Words("en"))
    assert found["said"].startswith("IMD asks residents of each city what they think of 39 things")
    assert "for 3 of them" in found["said"]
    health, _, activities, _, _ = found["rows"]
    assert health["cells"][0] == {"value": "1 of 6", "how": "by survey: 1; no data: 5"}
    assert health["cells"][1]["how"] == "by indicators: 1; not observable: 1; no data: 4"
    assert activities["cells"][0]["value"] == "1 of 2"
    assert _tables.seen(study, Words("en")) is None
