"""
Interactive maps of a study: one HTML file each, which opens with no network.

`draw_map` gives a folium map to look at or to build on, `save_map` writes it to
a file that the browser is told to seal against every request.
"""

import os
from pathlib import Path

import folium

from geoequity.maps.content import content
from geoequity.maps.page import StudyMap
from geoequity.study import Study

__all__ = ["draw_map", "save_map"]


def draw_map(study: Study, *, language: str = "es") -> folium.Map:
    """
    Draw the interactive map of a study.

    The map shows what was found about districts; it computes nothing itself.

    Parameters
    ----------
    study
        What was found in a city. Unknown values are hatched, never drawn as 0.
    language
        Language the map opens in, one of ``geoequity.locale.LANGUAGES``; the
        reader can change to the others.

    Returns
    -------
    map
        A folium map that fills its page: choropleths of index, types,
        pillars, areas and indicators, services, stops, routes, and a card for
        each district. Shows itself in a notebook.

    Raises
    ------
    MessageError
        If there is no catalogue of that language.
    """
    return StudyMap(content(study, language=language))


def save_map(study: Study, path: str | os.PathLike[str], *, language: str = "es") -> Path:
    """
    Write the interactive map of a study to one file.

    Parameters
    ----------
    study
        What was found in a city.
    path
        File to write, usually ``map.html``. An existing one is replaced whole
        or not at all.
    language
        Language the map opens in, one of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    path
        Where the map is. The same study gives the same bytes.

    Raises
    ------
    MessageError
        If there is no catalogue of that language.
    OSError
        If the file cannot be written.
    """
    made = StudyMap(content(study, language=language), sealed=True)
    target = Path(path)
    beside = target.with_name(f".{target.name}.part")
    try:
        beside.write_text(made.get_root().render(), encoding="utf-8", newline="\n")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target
