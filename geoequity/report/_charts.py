"""
The charts of the report, as plain numbers that a template draws.

Nothing here is markup: names stay data, so that the template escapes them in
one place.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from geoequity.palette import TYPE_COLOURS, UNKNOWN, ink_on
from geoequity.report._shapes import text_width

LINE = 1.15  # height of a line, as a share of the font size
NAME_SIZE = 9.0


def along(value: float, low: float, high: float) -> dict[str, float]:
    """
    Lay a bar that begins at zero out in a cell of a table.

    Parameters
    ----------
    value
        What the bar stands for.
    low
        Where the cell begins, 0 or less, in the unit of the value.
    high
        Where it ends, 0 or more.

    Returns
    -------
    bar
        ``left`` and ``width``, in per cent of the cell.
    """
    whole = (high - low) or 1.0
    left = round(100 * (min(value, 0.0) - low) / whole, 1)
    return {"left": left, "width": round(100 * abs(value) / whole, 1)}


SKY_WIDTH, SKY_HEIGHT = 720.0, 300.0
SKY_LEFT, SKY_RIGHT, SKY_TOP, SKY_BOTTOM = 46.0, 8.0, 36.0, 48.0
NAME_WIDTH = 10.0  # narrowest column that a name is written in


def skyline(columns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """
    Stand the districts side by side, as wide as their people and as high as their score.

    Parameters
    ----------
    columns
        Districts from the worst served to the best: ``name``, ``type`` (None
        where none is stated), ``score`` 0-100, ``share`` of residents.

    Returns
    -------
    picture
        ``bars`` with ``x``, ``y``, ``width``, ``height``, ``colour`` and, where
        the name fits, ``ink``, ``name_x`` and ``name_y``; ``ticks`` of scores;
        ``tenths``, where the worst- and the best-served tenth of people end.
    """
    wide = SKY_WIDTH - SKY_LEFT - SKY_RIGHT
    high = SKY_HEIGHT - SKY_TOP - SKY_BOTTOM
    floor = SKY_HEIGHT - SKY_BOTTOM
    bars, share = [], 0.0
    for one in columns:
        colour = TYPE_COLOURS.get(one["type"] or "", UNKNOWN)
        height, width = high * one["score"] / 100, wide * one["share"]
        fits = width >= NAME_WIDTH and text_width(one["name"], size=NAME_SIZE) + 8 <= height
        bars.append(
            {
                **one,
                "x": round(SKY_LEFT + wide * share, 1),
                "y": round(floor - height, 1),
                "width": round(width, 1),
                "height": round(height, 1),
                "colour": colour,
                "ink": ink_on(colour),
                "fits": fits,
                "name_x": round(SKY_LEFT + wide * share + width / 2, 1),
            }
        )
        share += one["share"]
    ticks = [(score, round(floor - high * score / 100, 1)) for score in range(0, 101, 25)]
    tenths = [round(SKY_LEFT + wide * tenth, 1) for tenth in (0.1, 0.9)]
    return {
        "width": SKY_WIDTH,
        "height": SKY_HEIGHT,
        "left": SKY_LEFT,
        "right": SKY_WIDTH - SKY_RIGHT,
        "top": SKY_TOP,
        "floor": floor,
        "bars": bars,
        "ticks": ticks,
        "tenths": tenths,
    }


CLOUD_WIDTH, CLOUD_HEIGHT = 720.0, 520.0
CLOUD_LEFT, CLOUD_RIGHT, CLOUD_TOP, CLOUD_BOTTOM = 50.0, 20.0, 34.0, 50.0
CLOUD_CAPTIONS = 20.0  # room at the top and at the floor for what each corner means
DOT_LEAST, DOT_MOST = 4.0, 15.0


def cloud(dots: Sequence[Mapping[str, Any]], *, threshold: float) -> dict[str, Any]:
    """
    Place each district by its two pillars.

    Parameters
    ----------
    dots
        Districts: ``name``, ``type``, ``structures`` and ``technologies``
        0-100, ``population`` (NaN where unknown), the ones to name first.
    threshold
        Score that parts high from low.

    Returns
    -------
    picture
        ``dots`` with ``x``, ``y``, ``radius``, ``colour`` and, where there is
        room, ``name_x``, ``name_y`` and ``anchor``; ``ticks`` and where the
        thresholds lie. The axes reach from round numbers below the lowest
        score or the threshold to above the highest.
    """
    values = [threshold, *(one[side] for one in dots for side in ("structures", "technologies"))]
    low = max(0.0, 10 * math.floor((min(values) - 3) / 10))
    high = min(100.0, 10 * math.ceil((max(values) + 3) / 10))
    wide = CLOUD_WIDTH - CLOUD_LEFT - CLOUD_RIGHT
    tall = CLOUD_HEIGHT - CLOUD_TOP - CLOUD_BOTTOM

    def across(score: float) -> float:
        return round(CLOUD_LEFT + wide * (score - low) / (high - low), 1)

    def up(score: float) -> float:
        return round(CLOUD_HEIGHT - CLOUD_BOTTOM - tall * (score - low) / (high - low), 1)

    most = max((one["population"] for one in dots if one["population"] > 0), default=math.nan)
    placed = []
    for one in dots:
        colour = TYPE_COLOURS.get(one["type"] or "", UNKNOWN)
        size = math.sqrt(one["population"] / most) if one["population"] > 0 else 0.0
        placed.append(
            {
                **one,
                "x": across(one["structures"]),
                "y": up(one["technologies"]),
                "radius": round(max(DOT_LEAST, DOT_MOST * size), 1),
                "colour": colour,
                "ink": ink_on(colour),
                "anchor": None,
            }
        )
    _name_dots(placed)
    ticks = range(int(low), int(high) + 1, 10)
    return {
        "width": CLOUD_WIDTH,
        "height": CLOUD_HEIGHT,
        "left": CLOUD_LEFT,
        "right": CLOUD_WIDTH - CLOUD_RIGHT,
        "top": CLOUD_TOP,
        "floor": CLOUD_HEIGHT - CLOUD_BOTTOM,
        "dots": placed,
        "ticks": [(tick, across(tick), up(tick)) for tick in ticks],
        "threshold_x": across(threshold),
        "threshold_y": up(threshold),
    }


def _name_dots(dots: Sequence[dict[str, Any]]) -> None:
    """Write names beside dots where they cover no dot and no other name."""
    top = CLOUD_TOP + CLOUD_CAPTIONS
    floor = CLOUD_HEIGHT - CLOUD_BOTTOM - CLOUD_CAPTIONS
    taken = [
        (
            one["x"] - one["radius"],
            one["y"] - one["radius"],
            one["x"] + one["radius"],
            one["y"] + one["radius"],
        )
        for one in dots
    ]
    for one in dots:
        width, height = text_width(one["name"], size=NAME_SIZE) + 2, LINE * NAME_SIZE
        right, left = one["x"] + one["radius"] + 3, one["x"] - one["radius"] - 3
        middle = one["y"]
        sides = (
            (right, middle, "start", right),
            (left, middle, "end", left - width),
            (one["x"], middle - one["radius"] - 7, "middle", one["x"] - width / 2),
            (one["x"], middle + one["radius"] + 7, "middle", one["x"] - width / 2),
        )
        for x, y, anchor, start in sides:
            box = (start, y - height / 2, start + width, y + height / 2)
            inside = box[0] > CLOUD_LEFT and box[2] < CLOUD_WIDTH - CLOUD_RIGHT
            inside = inside and box[1] > top and box[3] < floor
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                one |= {"name_x": round(x, 1), "name_y": round(y, 1), "anchor": anchor}
                break


def _overlap(box: Sequence[float], other: Sequence[float]) -> bool:
    """Tell whether two boxes (left, top, right, bottom) share an area."""
    return box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]


DOTS_WIDTH, DOTS_HEIGHT = 480.0, 250.0
DOTS_LEFT, DOTS_RIGHT, DOTS_TOP, DOTS_BOTTOM = 72.0, 10.0, 14.0, 14.0
MOST_TICKS = 5


def dots(rows: Sequence[Mapping[str, Any]], *, mean: float | None) -> dict[str, Any]:
    """
    Line the districts up from the lowest value to the highest, each with its interval.

    Parameters
    ----------
    rows
        Districts: ``value``, ``low`` and ``high`` (None where there is no
        interval), in any order.
    mean
        The city's value; None where unknown.

    Returns
    -------
    picture
        ``dots`` with ``x``, ``y``, ``y_low`` and ``y_high``; ``ticks`` of the
        axis, which holds zero; ``mean_y``.
    """
    told = sorted(rows, key=lambda one: one["value"])
    ends = [one[end] for one in told for end in ("value", "low", "high") if one[end] is not None]
    marks = _ticks(min(0.0, *ends), max(0.0, *ends))
    low, high = marks[0], marks[-1]
    tall = DOTS_HEIGHT - DOTS_TOP - DOTS_BOTTOM
    step = (DOTS_WIDTH - DOTS_LEFT - DOTS_RIGHT) / len(told)

    def up(value: float | None) -> float | None:
        if value is None:
            return None
        return round(DOTS_HEIGHT - DOTS_BOTTOM - tall * (value - low) / (high - low), 1)

    return {
        "width": DOTS_WIDTH,
        "height": DOTS_HEIGHT,
        "left": DOTS_LEFT,
        "right": DOTS_WIDTH - DOTS_RIGHT,
        "dots": [
            {
                **one,
                "x": round(DOTS_LEFT + step * (place + 0.5), 1),
                "y": up(one["value"]),
                "y_low": up(one["low"]),
                "y_high": up(one["high"]),
            }
            for place, one in enumerate(told)
        ],
        "ticks": [(mark, up(mark)) for mark in marks],
        "mean_y": up(mean),
    }


def _ticks(low: float, high: float) -> list[float]:
    """Choose round numbers that hold both ends between them."""
    wide = (high - low) or 1.0
    tenth = 10.0 ** math.floor(math.log10(wide))
    rounds = (factor * tenth for factor in (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 2.5))
    step = next((one for one in rounds if wide / one <= MOST_TICKS - 1), 5 * tenth)
    first, last = math.floor(low / step), math.ceil(high / step)
    last = max(last, first + 1)
    return [round(step * place, 12) for place in range(first, last + 1)]


RANK_WIDTH, RANK_LEFT, RANK_RIGHT, RANK_TOP, RANK_BOTTOM = 720.0, 176.0, 14.0, 20.0, 22.0
RANK_ROWS = ((60, 16.0), (math.inf, 12.0))  # up to so many districts, rows are so high
RANK_MOST = 100  # districts drawn; of more, as many from either end
RANK_BREAK = 20.0  # room for those between
NAME_ROOM = RANK_LEFT - 26.0  # letters of some fonts are wider than was estimated
CUT = "\N{HORIZONTAL ELLIPSIS}"


def ranking(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """
    Line the districts up from the best served to the worst, each with its range.

    Parameters
    ----------
    rows
        Districts from the best served to the worst: ``name``, ``type`` (None
        where none is stated), ``score`` 0-100, ``low`` and ``high`` (None where
        there is no range).

    Returns
    -------
    picture
        ``bars`` with ``y``, ``height``, ``x_end``, ``x_low`` and ``x_high``,
        ``colour``, ``ink`` and ``short``, the name as far as there is room;
        ``ticks`` of scores; ``left_out``, how many are between the ends, and
        ``break_y`` where they are.
    """
    left_out = max(0, len(rows) - RANK_MOST)
    half = RANK_MOST // 2
    shown = [*rows[:half], *rows[-half:]] if left_out else rows
    step = next(high for most, high in RANK_ROWS if len(shown) <= most)
    wide = RANK_WIDTH - RANK_LEFT - RANK_RIGHT

    def across(score: float | None) -> float | None:
        return None if score is None else round(RANK_LEFT + wide * score / 100, 1)

    bars = []
    for place, one in enumerate(shown):
        colour = TYPE_COLOURS.get(one["type"] or "", UNKNOWN)
        below = RANK_BREAK if left_out and place >= half else 0.0
        bars.append(
            {
                **one,
                "short": _short(one["name"], size=NAME_SIZE + 1, room=NAME_ROOM),
                "y": round(RANK_TOP + step * place + below + 0.14 * step, 1),
                "height": round(0.72 * step, 1),
                "middle": round(RANK_TOP + step * (place + 0.5) + below, 1),
                "x_end": across(one["score"]),
                "x_low": across(one["low"]),
                "x_high": across(one["high"]),
                "colour": colour,
                "ink": ink_on(colour),
            }
        )
    floor = RANK_TOP + step * len(shown) + (RANK_BREAK if left_out else 0.0)
    return {
        "width": RANK_WIDTH,
        "height": floor + RANK_BOTTOM,
        "left": RANK_LEFT,
        "top": RANK_TOP,
        "floor": floor,
        "bars": bars,
        "ticks": [(score, across(score)) for score in range(0, 101, 25)],
        "left_out": left_out,
        "break_y": RANK_TOP + step * half + RANK_BREAK / 2,
    }


def _short(name: str, *, size: float, room: float) -> str:
    """Cut a name to the room there is."""
    if text_width(name, size=size) <= room:
        return name
    while name and text_width(name + CUT, size=size) > room:
        name = name[:-1]
    return name.rstrip() + CUT


LORENZ_SIDE, LORENZ_LEFT, LORENZ_RIGHT, LORENZ_TOP, LORENZ_BOTTOM = 260.0, 44.0, 8.0, 28.0, 44.0
LORENZ_STEPS = 100
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


def lorenz(people: Sequence[float], held: Sequence[float]) -> dict[str, Any]:
    """
    Draw a Lorenz curve beside the line of equal shares.

    Parameters
    ----------
    people
        Shares of people from 0 to 1, those with least first.
    held
        Shares of the total that they hold.

    Returns
    -------
    picture
        ``line``, the points of the curve at every hundredth of people; ``ticks``
        of both axes, at the quarters.
    """
    right, floor = LORENZ_SIDE + LORENZ_LEFT, LORENZ_SIDE + LORENZ_TOP

    def across(share: float) -> float:
        return round(LORENZ_LEFT + LORENZ_SIDE * share, 1)

    def up(share: float) -> float:
        return round(floor - LORENZ_SIDE * share, 1)

    steps = np.linspace(0.0, 1.0, LORENZ_STEPS + 1)
    heights = np.interp(steps, people, held)
    return {
        "width": right + LORENZ_RIGHT,
        "height": floor + LORENZ_BOTTOM,
        "left": LORENZ_LEFT,
        "right": right,
        "top": LORENZ_TOP,
        "floor": floor,
        "line": [(across(x), up(y)) for x, y in zip(steps, heights, strict=True)],
        "ticks": [(across(tick), up(tick)) for tick in QUARTERS],
    }
