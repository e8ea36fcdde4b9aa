"""
The folium map that carries its own page: everything inside, nothing fetched.

Leaflet comes from the installed ``xstatic-leaflet`` and is written into the
page; folium's other parts (jQuery, Bootstrap, icon fonts) are not used.
"""

import base64
import json
import re
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import folium
from branca.element import Element, Figure

_SCRIPTS = (
    "words.js",
    "data.js",
    "shapes.js",
    "units.js",
    "view.js",
    "tip.js",
    "ground.js",
    "cells.js",
    "overlays.js",
    "weights.js",
    "address.js",
    "legend.js",
    "list.js",
    "card.js",
    "versus.js",
    "story.js",
    "print.js",
    "map.js",
)
_IMAGE = re.compile(r"url\((images/[\w.-]+)\)")
_SEALED = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline';"
    " img-src data: blob:{tiles}"
)


class Verbatim(Element):
    """
    A piece of the page that is written as it stands.

    Other elements are templates, and a district named ``{{ x }}`` would be run.

    Parameters
    ----------
    text
        The piece, in HTML.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self, **kwargs: Any) -> str:  # noqa: ARG002  folium passes options on
        """
        Give the piece back.

        Parameters
        ----------
        **kwargs
            Not used.

        Returns
        -------
        text
            The piece, unchanged.
        """
        return self.text


class StudyMap(folium.Map):
    """
    A folium map of a study, with legend, controls and cards around it.

    It fills its page: the layout belongs to the map's own style sheet. More
    folium layers can be added; those that fetch scripts will do so.

    Parameters
    ----------
    content
        What ``geoequity.maps.content.content`` gathered.
    sealed
        Whether the browser is told to refuse every request but those for the
        pictures of a basemap, if there is one.
    """

    default_js = ()
    default_css = ()

    def __init__(self, content: Mapping[str, Any], *, sealed: bool = False) -> None:
        super().__init__(tiles=None, zoom_control=False, attributionControl=False)
        self._id = "study"  # folium draws lots; the same study must give the same page
        self.content = content
        self.sealed = sealed
        self.get_root().title = escape(str(content["city"]["name"]))

    def render(self, **kwargs: Any) -> None:
        """
        Write the page's parts into the figure.

        Parameters
        ----------
        **kwargs
            Handed on to the layers that were added.

        Raises
        ------
        TypeError
            If the map was taken out of its figure.
        """
        figure = self.get_root()
        if not isinstance(figure, Figure):
            msg = "a map is rendered inside a figure"
            raise TypeError(msg)
        name = self.get_name()
        figure.header.add_child(
            Verbatim(_head(_policy(self.content) if self.sealed else "")), name="geoequity_head"
        )
        shell = _own("map.html").replace('id="MAP"', f'id="{name}"')
        data = f'<script type="application/json" id="ge-data">{_json(self.content)}</script>'
        figure.html.add_child(Verbatim(f"{shell}{data}"), name="geoequity_page")
        figure.script.add_child(Verbatim(_make_map(name)), name=name)
        for child in self._children.values():
            child.render(**kwargs)
        start = f"geoequity.page = geoequity.start({name}, geoequity.read());"
        figure.script.add_child(Verbatim(start), name="geoequity_start")


def _policy(content: Mapping[str, Any]) -> str:
    """Tell the browser what it may ask for: nothing, or the pictures of a basemap."""
    tiles = f" https://{content['basemap']['host']}" if content["basemap"] else ""
    policy = _SEALED.format(tiles=tiles)
    return f'<meta http-equiv="Content-Security-Policy" content="{policy}">'


def _head(policy: str) -> str:
    """Write styles and scripts, Leaflet's first."""
    leaflet = _leaflet()
    scripts = "".join(f"<script>{_own(script)}</script>" for script in _SCRIPTS)
    return (
        f"{policy}"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<style>{leaflet['css']}</style><style>{_own('map.css')}</style>"
        f"<script>{leaflet['js']}</script>{scripts}"
    )


def _make_map(name: str) -> str:
    """Make the Leaflet map under the name that folium's layers know it by."""
    return (
        f'var {name} = L.map("{name}", {{center: [0, 0], zoom: 2, zoomControl: false,'
        " attributionControl: false, zoomSnap: 0.25, zoomDelta: 0.5, ...geoequity.motion()});\n"
        f"L.control.scale({{imperial: false}}).addTo({name});"
    )


def _json(content: Mapping[str, Any]) -> str:
    """Write data so that no text in it can end its script."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


@cache
def _own(name: str) -> str:
    """Read a file of the page from beside this module."""
    return files("geoequity.maps").joinpath(name).read_text(encoding="utf-8")


@cache
def _leaflet() -> dict[str, str]:
    """Read Leaflet's script and style from the installed package, its pictures written in."""
    from xstatic.pkg import leaflet  # noqa: PLC0415  wanted only where a page is written

    base = Path(leaflet.BASE_DIR)
    script = (base / "leaflet.js").read_text(encoding="utf-8")
    script = re.sub(r"\n//# sourceMappingURL=.*", "", script)  # else the browser looks for the map

    def inlined(found: re.Match[str]) -> str:
        picture = base64.b64encode((base / found[1]).read_bytes()).decode("ascii")
        return f"url(data:image/png;base64,{picture})"

    style = _IMAGE.sub(inlined, (base / "leaflet.css").read_text(encoding="utf-8"))
    return {"js": script.replace("</", "<\\/"), "css": style}
