"""A study shown in a notebook."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from made_up import NAMES, make_study

from geoequity.locale import LANGUAGES, messages, number


class Cells(HTMLParser):
    """The cells of the tables of a page, and all its tags."""

    def __init__(self, source):
        super().__init__()
        self.cells, self.tags, self.words = [], [], ""
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        assert not attrs
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_data(self, data):
        self.words += data
        if self.cells:
            self.cells[-1] += data


def test_the_ends_of_the_index_are_shown_and_that_the_city_is_made_up(study):
    shown = Cells(study._repr_html_())
    best = study.districts.sort_values("index", ascending=False)
    rows = [shown.cells[at : at + 5] for at in range(5, len(shown.cells), 5)]
    assert [row[0] for row in rows] == [*best["name"][:5], *best["name"][-5:]]
    assert rows[0][1] == number(best["index"].iloc[0], language="es", decimals=1)
    assert rows[0][4] == messages("es")[f"type.{best['type'].iloc[0]}"]
    assert messages("es")["fictitious"] in shown.words
    assert f"{len(NAMES)} distritos" in shown.words


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_speaks_the_first_language_of_the_city(study, language):
    city = {**study.summary["city"], "languages": [language]}
    shown = Cells(replace(study, summary={**study.summary, "city": city})._repr_html_())
    assert shown.cells[0] == messages(language)["report.column.district"]


def test_names_stay_names():
    hostile = ("<script>alert(1)</script>", "a & b", "\u202ec", '"d"')
    shown = Cells(make_study(hostile)._repr_html_())
    assert "script" not in shown.tags
    assert set(shown.cells) >= {hostile[0], "a & b", "c", '"d"'}


def test_a_study_without_an_index_is_shown_as_well(bare_study):
    shown = Cells(bare_study._repr_html_())
    assert messages("es")["unknown"] in shown.cells
    assert messages("es")["type.unknown"] in shown.cells
