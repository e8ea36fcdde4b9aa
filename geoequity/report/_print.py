"""The report on paper: the page's own words, tables and pictures, set by Typst as a PDF."""

import base64
import html
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html.parser import HTMLParser
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from geoequity.errors import SourceError

_VOID = frozenset({"meta", "link", "br", "img"})
_SKIPPED = frozenset({"nav", "style", "title"})  # of the screen alone
_PICTURE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_DESCRIBED = re.compile(r'aria-labelledby="([\w-]+)"')
_PPI = 300.0
_STYLE = """<style>
text { font-family: "Libertinus Serif"; }
.outline { stroke: #fff; stroke-width: .9; stroke-linejoin: round; }
.edge { fill: none; stroke: #6b727b; stroke-width: .5; stroke-linejoin: round; }
.cliff { fill: none; stroke: #1b1f24; stroke-width: 4; stroke-linecap: round; }
</style>"""
# Typst keeps some 100 MB of each report that it has set for as long as its process lives
_SETTER = """
import sys, typst
from pathlib import Path
desk, ppi, *formats = sys.argv[1:]
for one in formats:
    try:
        made = typst.compile(f"{desk}/report.typ", root=desk, format=one, ppi=float(ppi))
    except typst.TypstError as error:
        sys.exit(str(error))
    pages = made if isinstance(made, list) else [made]
    for page, content in enumerate(pages):
        Path(desk, f"page-{one}-{page}").write_bytes(content)
    print(len(pages))
"""
_HOW = 'pip install "geoequity-toolkit[pdf]"'


class _Page(HTMLParser):
    """
    A page as a tree of tags, with its pictures apart.

    Parameters
    ----------
    source
        The report as HTML.
    """

    def __init__(self, source: str) -> None:
        super().__init__()
        self.root: dict[str, Any] = {"tag": "root", "classes": [], "kids": []}
        self.pictures: list[str] = []
        self.images: dict[str, bytes] = {}
        self.outlines = ""
        self._open, self._svg, self._depth = [self.root], "", 0
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a tag, or go on with a picture."""
        if tag == "svg" or self._depth:
            self._depth += 1
            self._svg += self.get_starttag_text() or ""
            return
        told = dict(attrs)
        node = {
            "tag": tag,
            "classes": (told.get("class") or "").split(),
            "span": int(told.get("colspan") or 1),
            "style": _percents(told.get("style") or ""),
            "kids": [],
        }
        if tag == "img":
            node["file"] = self._image(told.get("src") or "")
        self._open[-1]["kids"].append(node)
        if tag not in _VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Go on with a picture."""
        if self._depth:
            self._svg += self.get_starttag_text() or ""
        else:
            super().handle_startendtag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Close a tag, or a picture."""
        if not self._depth:
            self._open.pop()
            return
        self._svg += f"</{tag}>"
        self._depth -= 1
        if not self._depth:
            self._picture()

    def handle_data(self, data: str) -> None:
        """Take text, its white space as one blank."""
        if self._depth:
            self._svg += html.escape(data, quote=False)
        elif said := re.sub(r"[ \t\r\n]+", " ", data):
            self._open[-1]["kids"].append(said)

    def _picture(self) -> None:
        """Put a picture by; the outlines that all maps share are none."""
        picture, self._svg = self._svg, ""
        found = _PICTURE.search(picture)
        if found is None:
            self.outlines = picture[picture.index("<defs>") : picture.index("</defs>") + 7]
            return
        wide, high = (float(one) for one in found.groups())
        number = len(self.pictures)
        self.pictures.append(picture)
        kids: list[Any] = []
        node = {"tag": "svg", "classes": [], "number": number, "wide": wide, "high": high}
        self._open[-1]["kids"].append(node | {"span": 1, "style": {}, "kids": kids})

    def _image(self, address: str) -> str:
        """Put an image by; give the name of its file."""
        kind, _, content = address.removeprefix("data:image/").partition(";base64,")
        name = f"image-{len(self.images)}.{kind.partition('+')[0]}"
        self.images[name] = base64.b64decode(content)
        return name

    def drawn(self) -> Iterator[str]:
        """Give every picture as a file of its own."""
        for picture in self.pictures:
            shared = self.outlines if "#d" in picture or "#hatch" in picture else ""
            head, _, rest = picture.partition(">")
            head = head.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
            yield f"{head}>{_STYLE}{shared}{rest}"


def pdf(page: str, *, title: str, language: str, banner: str) -> bytes:
    """
    Print the report.

    Parameters
    ----------
    page
        The report as HTML, as ``write_report`` makes it.
    title
        Of the document.
    language
        Its language, for hyphens and readers.
    banner
        What stands on the head of every page; empty for nothing.

    Returns
    -------
    pdf
        A tagged PDF with bookmarks, page numbers, embedded fonts and pictures as
        vectors; the same page gives the same bytes.

    Raises
    ------
    SourceError
        If Typst is not installed, or cannot set the page.
    """
    read = _Page(page)
    told = {"title": title, "language": language, "banner": banner, "page": _body(read.root)}
    (made,) = _set(read, told, "pdf")
    return made[0]


def figures(page: str, *, title: str, language: str, banner: str) -> dict[str, dict[str, bytes]]:
    """
    Take the figures of the report apart, each with its caption and legend.

    Parameters
    ----------
    page
        The report as HTML, as ``write_report`` makes it.
    title
        What stands under each figure: the question, the city, the licences.
    language
        Its language.
    banner
        What stands over each figure; empty for nothing.

    Returns
    -------
    figures
        By name (that of the description of its picture), ``svg`` with letters as
        outlines and ``png`` at 300 dots an inch, 170 mm wide.

    Raises
    ------
    SourceError
        If Typst is not installed, or cannot set the page.
    """
    read = _Page(page)
    body = _body(read.root)
    found = {name: one for one in _figures(body) if (name := _named(one, read.pictures))}
    told = {"title": title, "language": language, "banner": banner, "figures": [*found.values()]}
    vectors, pixels = _set(read, told, "svg", "png")
    return {
        name: {"svg": vector, "png": pixel}
        for name, vector, pixel in zip(found, vectors, pixels, strict=True)
    }


def _set(
    read: _Page, told: Mapping[str, Any], *formats: Literal["pdf", "svg", "png"]
) -> list[list[bytes]]:
    """Set a page in some formats; of those that have no pages, one file a page."""
    if find_spec("typst") is None:
        msg = f"PDF and figures want Typst, which is not installed: {_HOW}"
        raise SourceError(msg, source="typst")
    with _desk() as desk:
        for number, picture in enumerate(read.drawn()):
            (desk / f"{number}.svg").write_text(picture, encoding="utf-8")
        for name, image in read.images.items():
            (desk / name).write_bytes(image)
        (desk / "report.json").write_text(json.dumps(told), encoding="utf-8")
        setting = [sys.executable, "-P", "-c", _SETTER, str(desk), str(_PPI), *formats]
        done = subprocess.run(  # noqa: S603  our own words alone
            setting, capture_output=True, text=True, encoding="utf-8", check=False
        )
        if done.returncode:
            msg = f"Typst cannot set the report: {done.stderr.strip()}"
            raise SourceError(msg, source="typst")
        return [
            [(desk / f"page-{one}-{page}").read_bytes() for page in range(int(pages))]
            for one, pages in zip(formats, done.stdout.split(), strict=True)
        ]


def _figures(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Walk the figures of a page."""
    for one in node["kids"]:
        if isinstance(one, str):
            continue
        if one["tag"] == "figure":
            yield one
        else:
            yield from _figures(one)


def _named(figure: dict[str, Any], pictures: Sequence[str]) -> str:
    """Name a figure by the description of its picture; empty where it has none."""
    for one in figure["kids"]:
        if isinstance(one, str):
            continue
        if one["tag"] == "svg":
            if described := _DESCRIBED.search(pictures[one["number"]]):
                return described[1]
        elif name := _named(one, pictures):
            return name
    return ""


@contextmanager
def _desk() -> Iterator[Path]:
    """Make a folder with the layout in it."""
    with TemporaryDirectory(prefix="geoequity-") as name:
        desk = Path(name)
        layout = resources.files("geoequity.report").joinpath("report.typ").read_text("utf-8")
        (desk / "report.typ").write_text(layout, encoding="utf-8")
        yield desk


def _body(node: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is of the screen alone."""
    kids = [
        one if isinstance(one, str) else _body(one)
        for one in node["kids"]
        if isinstance(one, str)
        or not (one["tag"] in _SKIPPED | {"head"} or {"skip", "banner"} & set(one["classes"]))
    ]
    return node | {"kids": kids}


def _percents(style: str) -> dict[str, Any]:
    """Read where a bar or a tick lies, in per cent, and its colour."""
    found = dict(re.findall(r"(margin-left|width|left):(-?[\d.]+)%", style))
    colour = re.search(r"background:(#[0-9a-fA-F]{6})", style)
    told: dict[str, Any] = {key: float(value) for key, value in found.items()}
    return told | ({"colour": colour[1]} if colour else {})
