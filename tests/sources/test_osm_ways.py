"""Ways in flat arrays, and the lines that are drawn of them."""

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoequity.sources.osm_ways import (
    NOWHERE,
    Gathered,
    Ways,
    drawn,
    joined,
    metres,
    parted,
    without_points,
)

CRS = "EPSG:32631"  # the middle of the zone lies at 3 degrees east
LOST = {9, 8}  # nodes that are in no file


def some(*nodes, first=1):
    """Ways by the ids of their nodes, each at its id east of 3 degrees, in 0.001 degrees."""
    ref = np.array([node for way in nodes for node in way], dtype="int64")
    lost = np.isin(ref, list(LOST))
    number = np.arange(first, first + len(nodes))
    return Ways(
        number=number,
        edited=10 * number,
        uid=100 * number,
        name=np.array([f"n{one}" for one in number], dtype=object),
        said=number,
        size=np.array([len(way) for way in nodes], dtype="int64"),
        ref=ref,
        x=np.where(lost, NOWHERE, 30_000_000 + 10_000 * ref),
        y=np.where(lost, NOWHERE, 0),
    )


def test_ways_are_taken_with_their_nodes():
    ways = some([1, 2], [3, 4, 5], [6, 7]).taken(np.array([False, True, True]))
    assert ways.number.tolist() == [2, 3]
    assert ways.ref.tolist() == [3, 4, 5, 6, 7]
    assert ways.first.tolist() == [0, 3]
    assert ways.name.tolist() == ["n2", "n3"]


def test_ways_that_come_in_parts_are_all_there_in_order():
    gathered = Gathered()
    assert len(gathered.whole().number) == 0
    gathered = Gathered()
    for part in (some([1, 2]), some(first=2), some([3, 9, 4], [5, 6], first=2)):
        gathered.add(part)
    ways = gathered.whole()
    assert ways.number.tolist() == [1, 2, 3]
    assert ways.uid.tolist() == [100, 200, 300]
    assert ways.name.tolist() == ["n1", "n2", "n3"]
    assert ways.ref.tolist() == [1, 2, 3, 9, 4, 5, 6]
    assert ways.lost.tolist() == [False, False, False, True, False, False, False]
    assert ways.degrees([1])[0].tolist() == [3.002]


def test_a_box_leaves_out_what_is_not_there():
    west, south, east, north = some([3, 9, 1], [2, 2]).box()
    assert west.tolist() == [3.001, 3.002]
    assert east.tolist() == [3.003, 3.002]
    assert south.tolist() == north.tolist() == [0, 0]


def test_groups_of_ways_are_one_line_as_far_as_they_hang_together():
    ways = some([1, 2, 3], [4, 3], [5, 9, 6, 7], [7, 7], [1, 9])
    lines = joined(ways, [[1, 2, 1], [3, 77], [2, 3], [4, 5, 77], []], crs=CRS)
    assert [line.geom_type for line in lines[:3]] == ["LineString", "LineString", "MultiLineString"]
    assert [shapely.get_num_coordinates(line) for line in lines] == [4, 2, 4, 0, 0]
    assert lines[2].length == pytest.approx(2 * lines[1].length, rel=1e-6)
    assert len(joined(some(), [], crs=CRS)) == 0


def test_pieces_of_no_length_make_one_node_of_many():
    ends = [(1, 5), (5, 3), (3, 9), (7, 8), (9, 4), (8, 2)]
    lengths = [1, 0, 0, 0, 1, 1]
    table = pd.DataFrame(ends, columns=["from", "to"])
    lines = some(*([1, 2] if length else [1, 1] for length in lengths))
    xy = lines.degrees(slice(None))[0].reshape(-1, 2)
    table["geometry"] = shapely.linestrings(np.stack([xy, np.zeros_like(xy)], axis=-1))
    kept = without_points(table)
    assert kept[["from", "to"]].to_numpy().tolist() == [[1, 3], [3, 4], [7, 2]]
    assert kept["length_m"].tolist() == pytest.approx([0.001] * 3)


ids = st.integers(1, 9)
networks = st.lists(st.lists(ids, min_size=1, max_size=6), max_size=5)


@settings(max_examples=100, deadline=None)
@given(networks, st.lists(ids, max_size=2))
def test_pieces_are_those_of_a_slow_parting(nodes, lifts):
    pieces, corners = parted(some(*nodes), lifts=lifts)
    found = pieces[["way", "position", "from", "to"]].to_numpy().tolist()
    assert found == slow_parting(nodes, lifts)
    lines = drawn(corners, pieces["start"].to_numpy(), pieces["end"].to_numpy(), crs=CRS)
    ends = [[line.coords[0], line.coords[-1]] for line in lines]
    expected = metres(
        3 + pieces[["from", "to"]].to_numpy().ravel() / 1000, [0] * 2 * len(lines), crs=CRS
    )
    assert np.array(ends).reshape(-1, 2) == pytest.approx(expected)


def slow_parting(nodes, lifts):
    """Part ways one node at a time."""
    runs = []
    for way, refs in enumerate(nodes):
        run = []
        for position, ref in [*enumerate(refs), (len(refs), 9)]:
            if ref in LOST:
                runs += [(way, run)] if len(run) > 1 else []
                run = []
            elif not run or run[-1][1] != ref:
                run.append((position, ref))
    ends = [ref for _, run in runs for _, ref in run]
    pieces = []
    for way, run in runs:
        start = run[0]
        for at, (position, ref) in enumerate(run[1:], start=1):
            if ends.count(ref) > 1 or ref in lifts or at == len(run) - 1:
                pieces.append([way, start[0], start[1], ref])
                start = (position, ref)
    return pieces
