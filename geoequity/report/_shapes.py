"""
The city fitted to a page: outlines, labels and colour classes of the report's maps.

Nothing here is markup: names stay data, so that the template escapes them in
one place.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geoequity.maps.classes import breaks, shades
from geoequity.palette import FALLS, RISES, UNKNOWN, ink_on

WIDTH = 720.0  # of a map, in units of its view box; about one CSS pixel on a desk
MOST_HEIGHT = 760.0
FOOT = 34.0  # room below the districts for the scale bar
MARGIN = 8.0
THIN = 0.4  # units that a border may lose to simplification
SPECK = 0.6  # area in square units under which an islet is not drawn
FONTS = (11.0, 10.0, 9.0, 8.0)
SMALL, CAPITAL = 0.56, 0.72  # mean width of a letter, as a share of the font size
LINE = 1.15  # height of a line, as a share of the font size
MARK = 9.0  # room for a type's mark
MOST_LINES = 3
LEAST_STEP = 5.0  # points; keeps a map of nearly equal districts from looking unequal
ROUND_KM = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Frame:
    """
    Where the city lies on the page.

    Parameters
    ----------
    width
        Of the view box.
    height
        Of the view box, scale bar included.
    paths
        SVG path of each district, in the order of the districts.
    shapes
        The same as geometry in units of the view box.
    bar_km
        Length that the scale bar stands for.
    bar
        Length of the scale bar on the page.
    """

    width: float
    height: float
    paths: Mapping[str, str]
    shapes: Mapping[str, Any]
    bar_km: float
    bar: float


@dataclass(frozen=True)
class Label:
    """
    What is written on a district.

    Parameters
    ----------
    x
        Centre of the text.
    y
        Base line of the first line.
    size
        Font size.
    lines
        The text, one line each; a number where the name does not fit.
    numbered
        Whether the text is a number that a key explains.
    mark_y
        Height of the centre of the type's mark.
    centre
        Height of the centre of the district's largest circle.
    """

    x: float
    y: float
    size: float
    lines: tuple[str, ...]
    numbered: bool
    mark_y: float
    centre: float


def frame(
    districts: gpd.GeoDataFrame, *, width: float = WIDTH, most_height: float = MOST_HEIGHT
) -> Frame:
    """
    Fit the districts to the page.

    Parameters
    ----------
    districts
        Polygons in a metric CRS, index ``unit_id``.
    width
        Of the picture, in units of its view box.
    most_height
        That it may have; it is as high as the districts need.

    Returns
    -------
    frame
        Borders that neighbours share are thinned once for both, so that no
        gap opens; islets too small to see are left out.
    """
    west, south, east, north = districts.total_bounds
    inner = width - 2 * MARGIN
    scale = min(inner / (east - west), (most_height - FOOT - 2 * MARGIN) / (north - south))
    height = (north - south) * scale + 2 * MARGIN + FOOT
    left = (width - (east - west) * scale) / 2
    thin = shapely.coverage_simplify(districts.geometry.to_numpy(), THIN / scale)
    placed = shapely.transform(
        thin,
        lambda xy: np.column_stack(
            [left + (xy[:, 0] - west) * scale, MARGIN + (north - xy[:, 1]) * scale]
        ),
    )
    ids = [str(unit) for unit in districts.index]
    bar_km = max((km for km in ROUND_KM if km * 1000 * scale <= inner / 4), default=ROUND_KM[0])
    return Frame(
        width=width,
        height=round(height, 1),
        paths={unit: _path(shape) for unit, shape in zip(ids, placed, strict=True)},
        shapes=dict(zip(ids, placed, strict=True)),
        bar_km=bar_km,
        bar=round(bar_km * 1000 * scale, 1),
    )


def step_of(changes: Iterable[float | None], steps: Sequence[float]) -> float:
    """
    Choose how much of a change each shade of a map stands for.

    Parameters
    ----------
    changes
        What districts gain or lose; None = unknown.
    steps
        Round numbers to choose from, rising.

    Returns
    -------
    step
        The first with which the shades reach the largest change; else the last.
    """
    most = max((abs(one) for one in changes if one is not None), default=0.0)
    return next((one for one in steps if one * len(RISES) >= most), steps[-1])


def shade(change: float, step: float) -> str:
    """
    Choose the colour of a change.

    Parameters
    ----------
    change
        For the better above 0.
    step
        What each shade stands for.

    Returns
    -------
    colour
        ``#RRGGBB``; the last shade also stands for all beyond it.
    """
    place = min(int(abs(change) // step), len(RISES) - 1)
    return (RISES if change > 0 else FALLS)[place]


def _path(shape: Any) -> str:
    """Write a polygon as an SVG path, to a tenth of a unit."""
    parts = sorted(shapely.get_parts(shape), key=lambda part: -part.area)
    rings = [
        ring
        for place, part in enumerate(parts)
        if place == 0 or part.area >= SPECK
        for ring in (part.exterior, *part.interiors)
    ]
    return "".join(_ring(ring) for ring in rings)


def _ring(ring: Any) -> str:
    """Write one ring, leaving out points that fall on their predecessor."""
    points: list[str] = []
    for x, y in shapely.get_coordinates(ring)[:-1]:
        point = f"{x:.1f} {y:.1f}".replace(".0", "")
        if not points or points[-1] != point:
            points.append(point)
    return f"M{'L'.join(points)}Z"


def labels(drawn: Frame, names: Mapping[str, str], numbers: Mapping[str, int]) -> dict[str, Label]:
    """
    Place a name on each district that has room for it, else its number.

    Parameters
    ----------
    drawn
        The districts on the page.
    names
        Name per district.
    numbers
        Number per district, as the key of the map lists them.

    Returns
    -------
    labels
        Label per district. Each leaves room above it for the mark of a type.
    """
    return {unit: _label(shape, names[unit], numbers[unit]) for unit, shape in drawn.shapes.items()}


def _label(shape: Any, name: str, number: int) -> Label:
    """Find the largest way to write a name inside a district."""
    inner = shapely.get_point(shapely.maximum_inscribed_circle(shape, tolerance=1.0), 0)
    spots = shapely.get_coordinates([inner, shapely.centroid(shape)])
    ways = _broken(name)
    for size in FONTS:
        for lines in ways:
            half = max(text_width(line, size=size) for line in lines) / 2
            rise = (LINE * size * len(lines) + MARK) / 2
            for x, y in spots:
                if shape.contains(shapely.box(x - half, y - rise, x + half, y + rise)):
                    return _placed(x, y, size, lines, numbered=False)
    x, y = spots[0]
    return _placed(x, y, FONTS[-1], (str(number),), numbered=True)


def text_width(text: str, *, size: float) -> float:
    """
    Estimate how much room a text takes.

    Parameters
    ----------
    text
        One line.
    size
        Font size.

    Returns
    -------
    width
        In the unit of the font size, for a common sans-serif.
    """
    capitals = sum(sign.isupper() for sign in text)
    return size * (CAPITAL * capitals + SMALL * (len(text) - capitals))


def _placed(x: float, y: float, size: float, lines: tuple[str, ...], *, numbered: bool) -> Label:
    """Centre a label on a point: the mark above, then the lines."""
    top = y - (LINE * size * len(lines) + MARK) / 2
    return Label(
        x=round(float(x), 1),
        y=round(float(top + MARK + 0.85 * size), 1),
        size=size,
        lines=lines,
        numbered=numbered,
        mark_y=round(float(top + MARK / 2), 1),
        centre=round(float(y), 1),
    )


def _broken(name: str) -> list[tuple[str, ...]]:
    """List the narrowest ways to break a name into one line, two and three."""
    words = name.split()
    widths = range(max(map(len, words), default=0), len(name) + 1)
    ways = []
    for count in range(1, min(MOST_LINES, len(words)) + 1):
        wrapped = (_wrapped(words, width) for width in widths)
        ways.append(next(lines for lines in wrapped if len(lines) <= count))
    return ways


def _wrapped(words: Sequence[str], width: int) -> tuple[str, ...]:
    """Fill lines of a width with words, never breaking one."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return tuple(lines)


@dataclass(frozen=True)
class Class:
    """
    One colour of a map and the values it stands for.

    Parameters
    ----------
    low
        Lower edge, in points.
    high
        Upper edge.
    colour
        ``#RRGGBB``.
    """

    low: float
    high: float
    colour: str


def classes(scores: Sequence[float]) -> list[Class]:
    """
    Choose the colours of a map of scores.

    Parameters
    ----------
    scores
        Scores 0-100 of the districts; NaN is unknown.

    Returns
    -------
    classes
        From the worst to the best, in steps of five points or more; empty
        where nothing is known.
    """
    edges = breaks(scores, min_step=LEAST_STEP)
    colours = shades(max(len(edges) - 1, 0), better="higher") if edges else []
    return [
        Class(low, high, colour)
        for low, high, colour in zip(edges[:-1], edges[1:], colours, strict=True)
    ]


def fill(score: float, among: Sequence[Class]) -> tuple[str, str]:
    """
    Choose the colour of a score and of the text upon it.

    Parameters
    ----------
    score
        The score; NaN is unknown.
    among
        The classes of the map.

    Returns
    -------
    colours
        Of the district and of the text upon it; unknown has the ground of the
        hatching.
    """
    if math.isnan(score) or not among:
        return UNKNOWN, ink_on(UNKNOWN)
    colour = next((one.colour for one in reversed(among) if score >= one.low), among[0].colour)
    return colour, ink_on(colour)
