"""Reports by a template and with a logo of somebody's own."""

import base64
import re

import pytest
from made_up import make_study

from geoequity import outputs
from geoequity.cli import main
from geoequity.errors import ConfigError
from geoequity.report import _page, _print, write_report

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
OWN = """{% extends "geoequity/report.html.j2" %}
{% block opening %}
<p id="own">{{ title.city }}: {{ summary.index.gap.points | round(1) }}</p>
{% endblock %}
{% block footer %}<footer>Oficina</footer>{% endblock %}
"""


@pytest.fixture
def write(tmp_path):
    """Write a template beside nothing else."""

    def made(text, name="own.html"):
        path = tmp_path / "own" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return made


@pytest.fixture
def logo(tmp_path):
    path = tmp_path / "logo.png"
    path.write_bytes(PIXEL)
    return path


def said(study, tmp_path, **how):
    return write_report(study, tmp_path / "report.html", language="es", **how).read_text("utf-8")


def test_a_template_that_extends_ours_changes_its_blocks_alone(study, tmp_path, write):
    page, plain = said(study, tmp_path, template=write(OWN)), said(study, tmp_path)
    gap = round(study.summary["index"]["gap"]["points"], 1)
    assert f'<p id="own">{study.summary["city"]["name"]}: {gap}</p>' in page
    assert "<footer>Oficina</footer>" in page
    assert page.count("<section") == plain.count("<section")
    assert "<style>" in page


def test_a_template_may_stand_alone_and_include_what_lies_beside_it(study, tmp_path, write):
    write("<b>{{ title.city }}</b>", "part.html")
    page = said(study, tmp_path, template=write('<html>{% include "part.html" %}</html>'))
    assert page == f"<html><b>{study.summary['city']['name']}</b></html>"


def test_what_a_template_is_given_is_escaped(tmp_path, write):
    study = make_study(("<script>x</script>", '"><img src=x>', "C", "D"))
    own = write(
        "{% for row in districts %}<p title='{{ row.name }}'>{{ row.name }}</p>{% endfor %}"
    )
    page = said(study, tmp_path, template=own)
    assert "<script>" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<p>\n{% if %}", r"own\.html:2: "),
        ("<p>\n\n{{ nothing }}", r"own\.html:3: 'nothing' is undefined"),
        ("<p>\n{{ title.city.__class__ }}", r"own\.html:2: .*'__class__'.*unsafe"),
        ("<p>\n{{ 1 // 0 }}", r"own\.html:2: "),
        ("{% do districts.clear() %}", r"own\.html:1: "),
        ("\n{{ districts.clear() }}", r"own\.html:2: .*unsafe"),
        ("{% include 'absent.html' %}", r"own\.html: asks for 'absent\.html'"),
        ("\n{{ t('no.such') }}", r"own\.html:2: no message 'no\.such'"),
        ("{% extends '../../secret.html' %}", r"own\.html: asks for"),
    ],
)
def test_a_template_that_does_not_work_is_named_with_its_line(study, tmp_path, write, text, told):
    kept = tmp_path / "report.html"
    kept.write_text("kept")
    with pytest.raises(ConfigError, match=told):
        write_report(study, kept, template=write(text))
    assert kept.read_text() == "kept"


def test_a_template_that_is_not_there_is_named(study, tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.html: no such file"):
        write_report(study, tmp_path / "r.html", template=tmp_path / "absent.html")


def test_a_template_in_another_encoding_is_named(study, tmp_path, write):
    own = write("")
    own.write_bytes("Información".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"own\.html: cannot be read"):
        write_report(study, tmp_path / "r.html", template=own)


def test_a_logo_stands_in_the_page_and_on_paper(study, tmp_path, logo):
    page = said(study, tmp_path, logo=logo)
    assert re.findall(r'<img class="logo" src="data:image/png;base64,([^"]+)"', page) == [
        base64.b64encode(PIXEL).decode()
    ]
    assert "<img" not in said(study, tmp_path)
    assert _print._Page(page).images == {"image-0.png": PIXEL}


def test_paper_with_a_logo_is_set(study, logo):
    pytest.importorskip("typst")
    page = _page(study, language="pt", logo=logo)
    made = _print.pdf(page, title="t", language="pt", banner="")
    assert made.startswith(b"%PDF")
    assert b"/Subtype /Image" in made or b"/Subtype/Image" in made


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("logo.bmp", b"BM", "a logo is one of .png"),
        ("logo.png", b"<html>", "is no PNG picture"),
        ("logo.svg", b"<html>", "is no SVG picture"),
        ("logo.png", PIXEL + bytes(2_000_000), "at most 2,000,000"),
    ],
)
def test_a_logo_that_is_none_is_refused(study, tmp_path, name, content, told):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=told):
        write_report(study, tmp_path / "r.html", logo=path)
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        write_report(study, tmp_path / "r.html", logo=tmp_path / "absent.png")


def test_the_command_takes_a_template_and_a_logo(study, tmp_path, write, logo, capsys):
    folder = outputs.save(study, tmp_path / "out")
    own = write(OWN)
    words = ["report", str(folder), "--language", "es"]
    assert main([*words, "--template", str(own), "--logo", str(logo)]) == 0
    page = (folder / "report.es.html").read_text(encoding="utf-8")
    assert '<p id="own">' in page
    assert 'class="logo"' in page
    assert main([*words, "--template", str(own), "--pdf"]) == 1
    assert "with --template" in capsys.readouterr().err
    assert main([*words, "--template", str(write("{{ x }}"))]) == 1
    assert "own.html:1: 'x' is undefined" in capsys.readouterr().err
