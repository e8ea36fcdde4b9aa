"""Small networks that several tests of streets share."""

import geopandas as gpd
import numpy as np
import pandas as pd
from hypothesis import strategies as st
from shapely import LineString, Point

CRS = "EPSG:32618"
PACE = 80.0  # metres a minute at 4.8 km/h


def table(*rows, **columns):
    """Edges from (from_node, to_node, coordinates), as long as they are drawn."""
    lines = [LineString(coordinates) for *_, coordinates in rows]
    return gpd.GeoDataFrame(
        {
            "from_node": [row[0] for row in rows],
            "to_node": [row[1] for row in rows],
            "length_m": [line.length for line in lines],
            **columns,
        },
        index=pd.Index([f"e{number}" for number in range(len(rows))], name="edge_id"),
        geometry=lines,
        crs=CRS,
    )


def places(*shapes, ids=None):
    shapes = [Point(shape) if isinstance(shape, tuple) else shape for shape in shapes]
    ids = ids or [f"p{number}" for number in range(len(shapes))]
    return gpd.GeoSeries(shapes, index=pd.Index(ids, dtype=object), crs=CRS)


def walk_min(network, start, end):
    """Minutes from one point to another; infinite where there is no way."""
    costs = network.costs(places(start), places(end), within_min=1e6, largest_only=False)
    return costs["minutes"].item() if len(costs) else np.inf


def all_walks(network, points):
    """Minutes between all pairs of points, in order; NaN where there is no way."""
    costs = network.costs(points, points, within_min=1e6, largest_only=False)
    square = np.full((len(points), len(points)), np.nan)
    start, end = (points.index.get_indexer(costs[column]) for column in ("from_id", "to_id"))
    square[start, end] = costs["minutes"]
    return square


@st.composite
def webs(draw, *, tagged=False):
    """
    Streets of several pieces between crossings, some of which are missing or doubled.

    Also a street back to where it began, one in parallel, an island and a ring that nothing
    meets; in any order and direction. If tagged, some are steps, escalators or one-way.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.integers(2, 4))
    xy = {(i, j): (100.0 * i + rng.uniform(-20, 20), 100.0 * j + rng.uniform(-20, 20))
          for i in range(size) for j in range(size)}  # fmt: skip
    ways = [[(i, j), (i + di, j + dj)] for i, j in xy for di, dj in ((1, 0), (0, 1))
            if (i + di, j + dj) in xy]  # fmt: skip
    ways = [way for way in ways for _ in range(rng.choice([0, 1, 2], p=[0.15, 0.7, 0.15]))]
    ways += [[(0, 0), (0, 0)], [("tail", 0), (1, 0)], [("x", 0), ("x", 1)], [("ring", 0)] * 2]
    xy |= {("tail", 0): (50.0, -90.0), ("x", 0): (-150.0, 0.0), ("x", 1): (-150.0, 90.0),
           ("ring", 0): (-300.0, 0.0)}  # fmt: skip
    rows, columns = [], {"length_m": [], "highway": [], "conveying": [], "oneway_foot": []}
    for number, (one, other) in enumerate(ways):
        pieces = int(rng.integers(3 if one == other else 1, 6))
        middle = (np.array(xy[one]) + xy[other]) / 2
        bends = [tuple(middle + rng.uniform(-45, 45, 2)) for _ in range(2 * pieces - 1)]
        path = [xy[one], *bends, xy[other]]
        names = [one, *(f"{number}-{step}" for step in range(1, pieces)), other]
        stretch = rng.choice([1.0, 1.3])
        for step in range(pieces):
            ends = [str(names[step]), str(names[step + 1])]
            line = path[2 * step : 2 * step + 3]
            is_turned = rng.random() < 0.5
            rows.append((*ends[::-1], line[::-1]) if is_turned else (*ends, line))
            other_stretch = stretch if rng.random() < 0.9 else 1.7
            columns["length_m"].append(LineString(line).length * other_stretch)
            is_steps = tagged and rng.random() < 0.3
            columns["highway"].append("steps" if is_steps else "footway")
            conveying = rng.choice(["forward", "backward", "yes", "no"])
            columns["conveying"].append(conveying if is_steps and rng.random() < 0.3 else None)
            oneway = rng.choice(["yes", "-1", "no"]) if tagged and rng.random() < 0.1 else None
            columns["oneway_foot"].append(oneway)
    columns = columns if tagged else {"length_m": columns["length_m"]}
    edges = table(*rows, **columns)
    edges = edges.iloc[rng.permutation(len(edges))]
    return edges, places(*map(tuple, rng.uniform(-60, 100 * size, (8, 2))))
