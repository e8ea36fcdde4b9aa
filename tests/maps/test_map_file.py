"""The folium map and the file it is saved to."""

import copy
import dataclasses
import json
import re

import folium
import pytest

from geoequity.locale import MessageError
from geoequity.maps import draw_map, save_map

HOSTILE = "</script><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}{# \"'&"


def renamed(study, name):
    """Give the first district and the city a hostile name."""
    districts = study.districts.copy()
    districts.loc[districts.index[0], "name"] = name
    summary = copy.deepcopy(dict(study.summary))
    summary["city"]["name"] = name
    return dataclasses.replace(study, districts=districts, summary=summary)


def embedded(html):
    """Read back the data that stand in a page."""
    return json.loads(
        re.search(r'<script type="application/json" id="ge-data">(.*?)</script>', html)[1]
    )


def test_the_map_is_a_folium_map_that_shows_itself_in_a_notebook(study):
    drawn = draw_map(study)
    assert isinstance(drawn, folium.Map)
    assert "srcdoc=" in drawn._repr_html_()


def test_the_same_study_gives_the_same_bytes(study, tmp_path, town):
    first = save_map(study, tmp_path / "a.html").read_bytes()
    assert save_map(town.make_study(), tmp_path / "b.html").read_bytes() == first


def test_rendering_twice_changes_nothing(study):
    drawn = draw_map(study)
    assert drawn.get_root().render() == drawn.get_root().render()


def test_the_file_names_no_address_that_a_browser_would_fetch(study, tmp_path):
    html = save_map(study, tmp_path / "map.html").read_text(encoding="utf-8")
    assert not re.search(r"<(script|img|iframe|link)[^>]+(src|href)=(?![\"']?data:)", html)
    assert not re.search(r"@import|url\((?![\"']?(data:|#))", html)
    assert "cdn." not in html
    assert "sourceMappingURL" not in html


def test_the_file_tells_the_browser_to_refuse_every_request(study, tmp_path):
    html = save_map(study, tmp_path / "map.html").read_text(encoding="utf-8")
    policy = html.index("Content-Security-Policy")
    assert policy < html.index("<style>")
    assert policy < html.index("<script>")
    assert "default-src 'none'" in html


def test_a_drawn_map_is_open_to_other_layers(study):
    drawn = draw_map(study)
    folium.CircleMarker([-6.06, -75.18], radius=9).add_to(drawn)
    html = drawn.get_root().render()
    assert "Content-Security-Policy" not in html
    assert (
        html.index("var map_study") < html.index("L.circleMarker(") < html.index("geoequity.page =")
    )


def test_hostile_names_stay_text(study):
    html = draw_map(renamed(study, HOSTILE)).get_root().render()
    assert "<img src=x" not in html
    assert "{{ 7*7 }}" in html  # not computed by any template
    found = embedded(html)
    assert found["districts"][0]["name"] == HOSTILE
    assert found["city"]["name"] == HOSTILE
    assert "<title>&lt;/script&gt;" in html


def test_a_page_has_as_many_scripts_as_it_writes(study):
    for name in ("Plain", HOSTILE):
        html = draw_map(renamed(study, name)).get_root().render()
        assert html.count("<script") == html.count("</script>")


def test_the_file_is_small(study, tmp_path):
    assert save_map(study, tmp_path / "map.html").stat().st_size < 600_000


def test_the_language_asked_for_is_the_one_it_opens_in(study):
    assert embedded(draw_map(study).get_root().render())["language"] == "es"
    assert embedded(draw_map(study, language="pt").get_root().render())["language"] == "pt"


def test_an_unknown_language_leaves_an_earlier_file_untouched(study, tmp_path):
    path = save_map(study, tmp_path / "map.html")
    before = path.read_bytes()
    with pytest.raises(MessageError, match="'tlh'"):
        save_map(study, path, language="tlh")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_does_not_exist_is_an_error_of_the_system(study, tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        save_map(study, tmp_path / "absent" / "map.html")


def test_a_map_outside_a_figure_is_refused(study):
    drawn = draw_map(study)
    drawn._parent = None
    with pytest.raises(TypeError, match="inside a figure"):
        drawn.render()
