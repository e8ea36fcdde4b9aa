"""
Interactive maps of a study: one HTML file each, which opens with no network.

`draw_map` gives a folium map to look at or to build on, `save_map` writes it to
a file that the browser is told to seal against every request.
"""

import os
from pathlib import Path

import folium

from geoequity.maps.content import OSM_TILES, content
from geoequity.maps.page import StudyMap
from geoequity.study import Study

__all__ = ["OSM_TILES", "draw_map", "save_map"]


def draw_map(study: Study, *, language: str = "es", basemap: str | None = None) -> folium.Map:
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
    basemap
        Address of the tiles of an online basemap, such as `OSM_TILES`, drawn
        under districts that let it shine through; the page then says whom it
        asks. None: the page asks for nothing.

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
    ConfigError
        If the basemap is no address of tiles.
    """
    return StudyMap(content(study, language=language, basemap=basemap))


def save_map(
    study: Study,
    path: str | os.PathLike[str],
    *,
    language: str = "es",
    basemap: str | None = None,
) -> Path:
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
    basemap
        As in `draw_map`: None for a file that asks for nothing.

    Returns
    -------
    path
        Where the map is. The same study gives the same bytes.

    Raises
    ------
    MessageError
        If there is no catalogue of that language.
    ConfigError
        If the basemap is no address of tiles.
    OSError
        If the file cannot be written.
    """
    made = StudyMap(content(study, language=language, basemap=basemap), sealed=True)
    target = Path(path)
    beside = target.with_name(f".{target.name}.part")
    try:
        beside.write_text(made.get_root().render(), encoding="utf-8", newline="\n")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target
