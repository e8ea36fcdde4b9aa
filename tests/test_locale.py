"""Words and numbers in three languages."""

import math
import re
import string
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

import geoequity.locale
from geoequity.errors import GeoEquityError
from geoequity.indicators import catalogue_table, read_catalogue
from geoequity.locale import (
    HOLE,
    LANGUAGES,
    MessageError,
    date,
    label,
    listing,
    messages,
    name,
    number,
    percent,
    quantity,
    text,
    unit_name,
)
from geoequity.schema import AREAS, BASES, PILLARS, TYPES

NBSP = "\N{NO-BREAK SPACE}"
DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def test_there_are_the_three_languages_of_the_cities():
    assert LANGUAGES == ("en", "es", "pt")


def catalogues(language):
    """Read the files of a language, without what another language would say in its place."""
    found = {}
    for path in sorted((Path(geoequity.locale.__file__).parent / language).glob("*.po")):
        with path.open("rb") as file:
            found[path.name] = read_po(file, abort_invalid=True)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_messages_in_the_same_files(language):
    own, english = (
        {part: {one.id for one in catalogue} for part, catalogue in catalogues(each).items()}
        for each in (language, "en")
    )
    assert own == english


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_is_left_to_english_or_said_twice(language):
    for part, catalogue in catalogues(language).items():
        for one in catalogue:
            forms = one.string if one.pluralizable else (one.string,)
            assert all(forms), (part, one.id)
            assert len(forms) == (catalogue.num_plurals if one.pluralizable else 1), (part, one.id)
            assert not (one.id and one.fuzzy), (part, one.id)
        path = Path(geoequity.locale.__file__).parent / language / part
        keys = re.findall(r'^msgid "(.+)"$', path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert len(keys) == len(set(keys)), part


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_files_of_a_language_agree_on_how_it_is_written(language):
    heads = {(one.locale, one.plural_expr) for one in catalogues(language).values()}
    assert len(heads) == 1
    assert {locale.language for locale, _ in heads} == {language}


def test_every_message_is_asked_for():
    """By its whole key, or by the words before a last part that is filled in."""
    package = Path(geoequity.locale.__file__).parents[1]
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in sorted(package.rglob("*"))
        if path.suffix in {".py", ".j2", ".js", ".html"}
    )
    heads = set(re.findall(r"""["'`]([a-z]\w*(?:\.\w+)*[._])(?:\$?\{|["'`])""", source))
    heads |= {"change.finding.", "scenario.finding."}  # whose findings they are is filled in
    heads |= {"column."}  # the workbook's, by kind
    words = {*re.findall(r"\w+", source), "p-center"}

    def is_asked(key):
        key = re.sub(r"\.(one|few|many|other)$", "", key)
        for head in (match.end() for match in re.finditer(r"[._]", key)):
            filled = re.split(r"[._]", key[head:])
            if key[:head] in heads and (key[head:] in words or set(filled) <= words):
                return True
        return key in source

    # Looked up by what a city file says, or listed whole
    listed = re.compile(
        r"(unit|unit_name|country|map\.category|report\.setting|report\.glossary)\."
    )
    for key in messages("en"):
        plain = key.replace("scenario.", "change.", 1)  # what scenarios say in another way
        assert listed.match(key) or is_asked(key) or is_asked(plain), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_holes_in_each_message(language):
    for key, message in messages("en").items():
        assert set(HOLE.findall(messages(language)[key])) == set(HOLE.findall(message)), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_braces_only_ever_hold_plain_names(language):
    for key, message in messages(language).items():
        assert not re.search(r"[{}]", HOLE.sub("", message)), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_is_empty_or_padded(language):
    for key, message in messages(language).items():
        assert message.strip(" \n\t") == message != "", key  # French parts thousands by a space


@pytest.mark.parametrize("language", ["es", "pt"])
def test_sentences_are_translated_and_not_copied(language):
    alike = {
        key
        for key, message in messages("en").items()
        if len(HOLE.sub("", message).split()) > 3 and messages(language)[key] == message
    }
    assert not alike


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_the_schema_has_a_name(language):
    for kind, words in {
        "type": (*TYPES, "uncertain", "unknown"),
        "type_means": (*TYPES, "uncertain", "unknown"),
        "pillar": PILLARS,
        "area": AREAS,
        "base": BASES,
        "share_of": BASES,
    }.items():
        assert all(text(f"{kind}.{word}", language=language) for word in words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_unit_of_the_catalogue_has_words(language):
    for unit in catalogue_table(read_catalogue())["unit"].unique():
        assert unit_name(unit, language=language) != ""
        if unit != "share":
            key = "unit." + re.sub(r"\W+", "_", unit.lower())
            assert key in messages(language), unit
            assert key.replace("unit.", "unit_name.") in messages(language), unit


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_category_and_feature_of_the_catalogue_has_a_name(language):
    known = messages(language)
    for one in read_catalogue():
        for category in one.parameters.get("categories", ()):
            assert f"map.category.{category}" in known, category
        column = one.parameters.get("column") if one.measure == "stop_share" else None
        for feature in {one.parameters.get("tag"), column} - {None}:
            assert f"feature.{feature}" in known, feature


@pytest.mark.parametrize("field", ["label", "description"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_indicator_is_named_and_described(language, field):
    for identifier, entry in catalogue_table(read_catalogue()).iterrows():
        assert entry[f"{field}_{language}"] != identifier, identifier


def test_a_missing_message_is_refused_by_its_key():
    with pytest.raises(MessageError, match=r"no message 'no\.such' in language 'es'") as caught:
        text("no.such", language="es")
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, GeoEquityError)


def test_a_missing_language_is_refused_naming_those_there_are():
    with pytest.raises(MessageError, match="'fr'; there are en, es, pt"):
        text("unknown", language="fr")
    with pytest.raises(MessageError, match="'fr'"):
        number(1, language="fr")


def test_a_hole_that_nothing_fills_is_refused():
    with pytest.raises(MessageError, match=r"'format\.range' in language 'en' wants high, low"):
        text("format.range", language="en")


def test_values_are_put_in_as_they_are():
    said = text("format.range", language="en", low="{high}", high="<b>{0.__class__}</b>")
    assert said == f"{{high}}{DASH}<b>{{0.__class__}}</b>"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Let the catalogues be the files of a folder, there to be spoilt."""

    def write(**parts):
        (tmp_path / "en").mkdir()
        for part, said in parts.items():
            (tmp_path / "en" / f"{part}.po").write_text(said, encoding="utf-8")
        monkeypatch.setattr(geoequity.locale, "files", lambda _: tmp_path)
        geoequity.locale._catalogue.cache_clear()

    yield write
    monkeypatch.undo()
    geoequity.locale._catalogue.cache_clear()


HEAD = 'msgid ""\nmsgstr ""\n"Language: en\\n"\n'


def test_one_key_in_two_files_is_refused_naming_the_second(files):
    files(map=f'{HEAD}\nmsgid "a.b"\nmsgstr "1"\n', words=f'{HEAD}\nmsgid "a.b"\nmsgstr "2"\n')
    with pytest.raises(MessageError, match=r"locale/en/words\.po: a\.b stands in another file"):
        messages("en")


@pytest.mark.parametrize(
    "said", [f'{HEAD}\nmsgid "a"\nmsgstr[1] "x"\nrubbish\n', HEAD.replace(": en", ": q q")]
)
def test_a_file_that_cannot_be_read_is_named(files, said):
    files(map=said)
    with pytest.raises(MessageError, match=r"locale/en/map\.po: "):
        messages("en")


def test_count_chooses_between_one_and_other():
    assert text("report.facts.districts", language="es", count=1) == "1 distrito"
    assert text("report.facts.districts", language="es", count=1000) == "1.000 distritos"
    assert text("report.facts.districts", language="en", count=0) == "0 districts"


def test_text_writes_numbers_shares_lists_bases_and_unknowns_itself():
    assert text("format.range", language="pt", low=1.5, high=None) == f"1,5{DASH}sem dado"
    assert (
        text("format.range", language="es", low=["a", "b"], high=float("nan"))
        == f"a y b{DASH}sin dato"
    )
    said = text("reason.low_coverage", language="en", share=0.62)
    assert "62%" in said


def test_text_says_codes_by_their_names_and_unknown_codes_as_they_are():
    assert "no cuenta hogares" in text("reason.base_persons", language="es", base="households")
    said = text("reason.no_services", language="es", categories="school, hospital, moon_base")
    assert said.endswith("(escuelas, hospitales, moon_base)")
    assert "(alumbrado)" in text("reason.none_mapped", language="es", feature="lit")


@pytest.mark.parametrize(
    ("value", "decimals", "en", "es"),
    [
        (2890151.0, 0, "2,890,151", "2.890.151"),
        (1234.5, 1, "1,234.5", "1.234,5"),
        (0.0, None, "0", "0"),
        (7.0, None, "7", "7"),
        (12.34, None, "12.3", "12,3"),
        (123.4, None, "123", "123"),
        (0.1234, None, "0.12", "0,12"),
        (0.01234, None, "0.012", "0,012"),
        (-2.5, None, f"{MINUS}2.5", f"{MINUS}2,5"),
        (-0.04, 1, "0.0", "0,0"),
        (math.inf, None, "∞", "∞"),
        (-math.inf, None, f"{MINUS}∞", f"{MINUS}∞"),
        (None, None, "unknown", "sin dato"),
        (math.nan, 2, "unknown", "sin dato"),
    ],
)
def test_numbers_are_written_with_the_marks_of_the_language(value, decimals, en, es):
    assert number(value, language="en", decimals=decimals) == en
    assert number(value, language="es", decimals=decimals) == es


@given(st.floats(-1e9, 1e9), st.integers(0, 4), st.sampled_from(LANGUAGES))
def test_a_written_number_reads_back_as_itself(value, decimals, language):
    written = number(value, language=language, decimals=decimals)
    marks = messages(language)
    plain = written.replace(marks["format.thousands"], "").replace(marks["format.decimal"], ".")
    assert float(plain.replace(MINUS, "-")) == pytest.approx(
        round(value, decimals), abs=10**-decimals
    )


@pytest.mark.parametrize(
    ("share", "es"),
    [
        (0.362, "36 %"),
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.024, "2,4 %"),
        (0.996, "99,6 %"),
        (0.0001, "< 0,1 %"),
        (0.9999, "> 99,9 %"),
        (None, "sin dato"),
        (math.nan, "sin dato"),
    ],
)
def test_a_share_is_said_in_percent_and_never_rounded_to_all_or_nothing(share, es):
    assert percent(share, language="es") == es.replace(" %", f"{NBSP}%").replace(
        "< ", f"<{NBSP}"
    ).replace("> ", f">{NBSP}")


def test_the_percent_sign_follows_the_habit_of_the_language():
    assert percent(0.362, language="es", decimals=1) == f"36,2{NBSP}%"
    assert percent(0.362, language="pt", decimals=1) == "36,2%"
    assert percent(0.362, language="en", decimals=1) == "36.2%"


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("min", f"12,3{NBSP}min"),
        ("share", f"1.234{NBSP}%"),
        ("per 1000 persons", f"12,3{NBSP}por cada 1.000 habitantes"),
        ("m2 per person", f"12,3{NBSP}m² por habitante"),
        ("parsecs", f"12,3{NBSP}parsecs"),
    ],
)
def test_quantities_carry_their_unit(unit, said):
    assert quantity(12.34, unit=unit, language="es") == said


def test_an_unknown_quantity_is_unknown_in_any_unit():
    assert quantity(None, unit="min", language="pt") == "sem dado"
    assert quantity(math.nan, unit="share", language="en") == "unknown"


def test_a_unit_of_shares_names_its_base_where_it_is_asked():
    assert unit_name("share", language="es", base="households") == "% de los hogares"
    assert unit_name("share", language="es") == "%"
    assert unit_name("parsecs", language="es") == "parsecs"


@pytest.mark.parametrize(
    ("words", "language", "said"),
    [
        ([], "es", ""),
        (["a"], "es", "a"),
        (["a", "b"], "es", "a y b"),
        (["a", "b", "c"], "en", "a, b and c"),
        (["Flores", "Iguazú"], "es", "Flores e Iguazú"),
        (["Flores", "Hierro"], "es", "Flores y Hierro"),
        (["Flores", "Hidalgo"], "es", "Flores e Hidalgo"),
        (["Sé", "Itaim"], "pt", "Sé e Itaim"),
    ],
)
def test_lists_are_joined_as_the_language_does(words, language, said):
    assert listing(words, language=language) == said


def test_a_long_list_counts_its_rest_and_hides_no_single_word():
    letters = list(string.ascii_lowercase[:8])
    assert listing(letters, language="es", most=5) == "a, b, c, d, e y 3 más"
    assert listing(letters[:6], language="es", most=5) == "a, b, c, d, e y f"
    assert letters == list("abcdefgh")


@pytest.mark.parametrize(
    ("language", "said"),
    [("es", "3 de noviembre de 2025"), ("pt", "3 de novembro de 2025"), ("en", "3 November 2025")],
)
def test_dates_are_said_in_words(language, said):
    assert date("2025-11-03", language=language) == said


@pytest.mark.parametrize("given_as", ["", "2025", "2025-13-01", "mid 2025"])
def test_what_is_no_date_stays_as_it_was_given(given_as):
    assert date(given_as, language="es") == given_as


def test_a_label_falls_back_on_english_and_then_on_any_language():
    assert label({"label_es": "uno", "label_en": "one"}, language="es") == "uno"
    assert label({"label_es": math.nan, "label_en": "one"}, language="es") == "one"
    assert label({"label_pt": "um"}, language="es") == "um"
    assert label({}, language="es") == ""


def test_names_lose_only_the_marks_that_turn_a_sentence_round():
    assert name("\u202eVilla\u2066 Ñ") == "Villa Ñ"
    assert name("مدينة") == "مدينة"


def test_people_that_nobody_counts_are_named_in_words() -> None:
    said = {one: text("reason.no_group", language=one, groups="children") for one in LANGUAGES}
    assert said["es"].endswith("(niñas, niños y adolescentes)")
    assert not any("(children)" in one for one in said.values())
