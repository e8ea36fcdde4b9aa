"""The report of what changed, as a file: what stands in it, and what must not."""

import re
from dataclasses import replace

import pytest
from small_city import same_in_pillar
from test_report import HOSTILE, Page
from two_dates import book, study

from geoequity.compare import change
from geoequity.locale import LANGUAGES, MessageError, text
from geoequity.report import write_change_report

VALUES = same_in_pillar(
    [80.0, 20.0, 70.0, 30.0, 60.0, 40.0, 50.0], [80.0, 70.0, 20.0, 30.0, 40.0, 60.0, 50.0]
)


def made(*, names=None, error=None, later=None, **options):
    """A change of seven districts: b gains a service and people online, and d loses much."""
    new = {key: [*one[:3], one[3] - 25.0, *one[4:]] for key, one in VALUES.items()}
    new["s_mobility"][1], new["t_opportunities"][1] = 90.0, 20.0
    old = study(VALUES, error=error)
    new = study(new if later is None else later, error=error, books=[book(sha256="bb")], **options)
    if names:
        new = replace(new, districts=new.districts.assign(name=list(names)))
    return change(old, new)


def written(found, folder, language="en"):
    path = write_change_report(found, folder / f"{language}.html", language=language)
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def found():
    return made(error={"t_opportunities": 3.0})


@pytest.fixture(params=LANGUAGES)
def page(found, request, tmp_path):
    return written(found, tmp_path, request.param)


def test_it_is_whole_and_fetches_or_runs_nothing(page):
    page.check_on_its_own()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_is_told_under_its_title(found, tmp_path, language):
    page = written(found, tmp_path, language)
    for one in found.summary["findings"]:
        assert re.sub(r"\s+", " ", one["text"][language]) in page.text
        assert text(f"change.finding.{one['id']}.title", language=language) in page.text


def test_what_is_named_stands_with_its_numbers(found, tmp_path):
    page = written(found, tmp_path)
    assert "District b 20 90 +70 +70.0 better the city" in page.text
    assert "District b 70 20 \N{MINUS SIGN}50" in page.text
    assert "new edition" in page.text
    assert "neglected" in page.text


def test_the_map_colours_what_moved_and_says_how_far(found, tmp_path):
    source = write_change_report(found, tmp_path / "a.html", language="en").read_text("utf-8")
    fills = re.findall(r'<use href="#d(\d)" fill="(#\w+)" class="outline"><title>([^<]+)', source)
    assert [one[0] for one in fills] == list("1234567")
    assert {place for place, colour, _ in fills if colour != "#F2F2F2"} == {"2", "4"}
    half = 1.645 * 0.1 * 3 * 2**0.5  # a tenth of the index errs, by 3 points at both dates
    ends = [f"\N{MINUS SIGN}{25 + one:.1f}" for one in (half, -half)]
    assert fills[3][1:] == ("#B2182B", f"District d: \N{MINUS SIGN}25.0 {' to '.join(ends)}")


def test_the_same_study_twice_has_a_page_too(tmp_path):
    old = study(VALUES)
    page = written(change(old, old), tmp_path)
    assert "no number differs between them" in page.text
    assert text("change.districts.nothing", language="en") in page.text
    assert page.faults == []


def test_a_city_without_people_and_one_without_index_have_a_page(tmp_path):
    nobody = study(VALUES, people=float("nan"))
    assert text("unknown", language="en") in written(change(nobody, nobody), tmp_path).text
    few = {key: one for key, one in VALUES.items() if key.startswith("s_")}
    bare = study(few)
    page = written(change(bare, study(few, books=[book(sha256="bb")])), tmp_path)
    assert page.faults == []
    assert "url(#hatch)" in (tmp_path / "en.html").read_text(encoding="utf-8")


def test_hostile_names_stay_text(tmp_path):
    page = written(made(names=HOSTILE[:7]), tmp_path)
    assert not page.all("script")
    assert not page.all("img")
    assert page.faults == []
    assert "49" not in page.text.replace("49.", "")


def test_the_same_change_gives_the_same_bytes_and_an_unknown_language_none(found, tmp_path):
    first, second = (write_change_report(found, tmp_path / name) for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    with pytest.raises(MessageError, match="no catalogue for language 'la'"):
        write_change_report(found, tmp_path / "c", language="la")
    assert not (tmp_path / "c").exists()
