"""The report on paper: all of the page's words and pictures, set by Typst."""

import re
import sys
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from made_up import NAMES, make_study

from geoequity import outputs
from geoequity.cli import main
from geoequity.errors import ConfigError, SourceError
from geoequity.locale import LANGUAGES, MessageError
from geoequity.report import _page, _print, write_pdf, write_report, write_reports

pytest.importorskip("typst")
HOSTILE = (
    "#panic()",
    "$x$ *b* _i_ `c` \\ <label> @ref",
    "</svg><script>",
    "A" * 300,
    "\u202etros",
    "O'Higgins & Co 🏙️",
)


class Words(HTMLParser):
    """What a page says outside pictures and what is of the screen alone."""

    def __init__(self, source):
        super().__init__()
        self.said, self.shut = [], []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        classes = (dict(attrs).get("class") or "").split()
        hidden = tag in {"head", "nav", "svg"} or {"skip", "banner"} & set(classes)
        if self.shut and tag not in {"meta", "link", "br"}:
            self.shut.append(tag)
        elif hidden:
            self.shut = [tag]

    def handle_endtag(self, _):
        if self.shut:
            self.shut.pop()

    def handle_data(self, data):
        if not self.shut:
            self.said += data.split()


def words_of(node):
    if isinstance(node, str):
        return node.split()
    return [word for one in node["kids"] for word in words_of(one)]


def tree(page):
    return _print._body(_print._Page(page).root)


@pytest.fixture(scope="module")
def page():
    return _page(make_study(readings=True), language="es")


def test_nothing_that_the_page_says_is_lost(page):
    said = words_of(tree(page))
    assert said == Words(page).said
    assert len(said) > 2000
    assert not any(word.startswith("report.") for word in said)


def test_every_picture_is_a_whole_file_of_its_own(page):
    read = _print._Page(page)
    drawn = list(read.drawn())
    assert len(drawn) == page.count("<svg") - 1  # the outlines are none
    for picture in drawn:
        root = ET.fromstring(picture)
        known = {one.get("id") for one in root.iter() if one.get("id")}
        wanted = set(re.findall(r'href="#(\w+)"|url\(#(\w+)\)', picture))
        assert {one or other for one, other in wanted} <= known


def test_bars_keep_where_they_lie():
    told = _print._percents("margin-left:12.5%;width:40%;background:#0072B2")
    assert told == {"margin-left": 12.5, "width": 40.0, "colour": "#0072B2"}
    assert _print._percents("") == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_has_language_bookmarks_and_fonts(study, tmp_path, language):
    made = write_pdf(study, tmp_path / "new" / "r.pdf", language=language).read_bytes()
    assert made.startswith(b"%PDF-")
    assert f"/Lang({language})".encode() in made.replace(b" ", b"")
    assert b"/Outlines" in made
    assert b"/FontFile" in made
    assert b"/Subtype/Image" not in made.replace(b" ", b"")  # all pictures are vectors
    assert [one.name for one in (tmp_path / "new").iterdir()] == ["r.pdf"]


def test_the_same_study_gives_the_same_bytes(study, tmp_path):
    one, other = (write_pdf(study, tmp_path / f"{n}.pdf").read_bytes() for n in range(2))
    assert one == other


def test_all_languages_at_once_give_the_files_of_each_alone(study, tmp_path):
    said = []
    paths = write_reports(
        study, tmp_path / "all", languages=["pt", "en"], pdf=True, tell=said.append
    )
    assert said == ["report pt", "report en"]
    names = ["report.pt.html", "report.pt.pdf", "report.en.html", "report.en.pdf"]
    assert [one.name for one in paths] == names
    assert sorted(one.name for one in (tmp_path / "all").iterdir()) == sorted(names)
    for path in paths:
        language, write = path.name.split(".")[1], write_report
        if path.suffix == ".pdf":
            write = write_pdf
        alone = write(study, tmp_path / path.name, language=language)
        assert path.read_bytes() == alone.read_bytes()


def test_a_language_named_twice_is_written_once_and_an_unknown_one_leaves_nothing(study, tmp_path):
    paths = write_reports(study, tmp_path / "twice", languages=["es", "es"], pdf=True)
    assert [one.name for one in paths] == ["report.es.html", "report.es.pdf"]
    with pytest.raises(MessageError, match="tlh"):
        write_reports(study, tmp_path / "none", languages=["es", "tlh"])
    assert not (tmp_path / "none").exists()


def test_pdfs_of_a_template_are_refused(study, tmp_path):
    with pytest.raises(ConfigError, match="template"):
        write_reports(study, tmp_path, languages=["es"], pdf=True, template=tmp_path / "own.html")
    assert not list(tmp_path.iterdir())


def test_names_are_never_markup(tmp_path):
    study = make_study((*HOSTILE, *NAMES[len(HOSTILE) :]))
    made = write_pdf(study, tmp_path / "r.pdf", language="en").read_bytes()
    assert made.startswith(b"%PDF-")
    said = " ".join(words_of(tree(_page(study, language="en"))))
    assert HOSTILE[1] in said
    assert HOSTILE[2] in said


def test_thin_studies_are_printed_too(bare_study, even_study, tmp_path):
    for study in (bare_study, even_study, make_study(NAMES[:1])):
        assert write_pdf(study, tmp_path / "r.pdf").stat().st_size > 10_000


def test_the_command_line_writes_it_on_request(study, tmp_path, capsys, monkeypatch):
    folder = outputs.save(study, tmp_path / "out")
    assert main(["report", str(folder), "--language", "pt", "--pdf"]) == 0
    assert str(folder / "report.pt.pdf") in capsys.readouterr().out
    before = (folder / "report.pt.pdf").read_bytes()
    monkeypatch.setitem(sys.modules, "typst", None)
    assert main(["report", str(folder), "--language", "pt", "--pdf"]) == 1
    assert "PDF and figures want Typst, which is not installed" in capsys.readouterr().err
    assert (folder / "report.pt.pdf").read_bytes() == before
    assert main(["report", str(folder), "--language", "pt"]) == 0


def test_what_typst_refuses_is_told(page, tmp_path, monkeypatch):
    @contextmanager
    def desk():
        (tmp_path / "report.typ").write_text("#panic([too narrow])", encoding="utf-8")
        yield tmp_path

    monkeypatch.setattr(_print, "_desk", desk)
    with pytest.raises(SourceError, match=r"Typst cannot set the report: .*too narrow"):
        _print.pdf(page, title="x", language="es", banner="")


@pytest.mark.parametrize(("newest", "said"), [(2025, "2010\N{EN DASH}2025"), (2010, "2010")])
def test_the_years_of_the_data_are_a_setting_in_words(study, newest, said):
    years = {"oldest": 2010, "newest": newest, "flagged": True}
    method = {**study.summary["method"], "reference_years": years}
    page = _page(replace(study, summary={**study.summary, "method": method}), language="en")
    assert f'<th scope="row">Reference years of the data</th><td>{said}</td>' in page


def test_the_marks_of_the_city_stand_on_the_bars_of_profiles(page):
    def ticks(node):
        if isinstance(node, str):
            return []
        own = [node["style"]["left"]] if "tick" in node["classes"] else []
        return own + [one for kid in node["kids"] for one in ticks(kid)]

    drawn = [float(one) for one in re.findall(r'class="tick" style="left:([\d.]+)%"', page)]
    assert ticks(tree(page)) == drawn
    assert len(drawn) == 48
