"""Networks to and from the formats of others: networkx and osmnx, GraphML, GeoParquet."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoequity.errors import CRSError, DataError, SourceError, shown
from geoequity.streets._edges import MINUTES

if TYPE_CHECKING:
    import networkx as nx

_TAGS = ("highway", "conveying", "oneway_foot", "bridge", "tunnel")  # what a walk heeds
_SAME_M = 3  # decimals in which the lengths of an edge and its reverse are one


def graph_of(edges: gpd.GeoDataFrame, nodes: gpd.GeoDataFrame) -> "nx.MultiDiGraph":
    """
    Make a graph of a network.

    Parameters
    ----------
    edges
        Timed edges.
    nodes
        Their nodes.

    Returns
    -------
    graph
        As `StreetNetwork.to_networkx` says.
    """
    import networkx as nx  # noqa: PLC0415 - slow to import, seldom needed

    graph = nx.MultiDiGraph(crs=edges.crs)
    places = zip(nodes.index, nodes.geometry.x, nodes.geometry.y, strict=True)
    graph.add_nodes_from((node, {"x": x, "y": y}) for node, x, y in places)
    tags = [one for one in _TAGS if one in edges.columns]
    told = edges[tags].to_dict("records") if tags else [{}] * len(edges)
    columns = [edges[one] for one in ("from_node", "to_node", "length_m", *MINUTES)]
    rows = zip(edges.index, *columns, edges.geometry, told, strict=True)
    for key, start, end, length_m, there, back, line, said in rows:
        known = {name: value for name, value in said.items() if isinstance(value, str)}
        if np.isfinite(there):
            graph.add_edge(
                start, end, key=key, length_m=length_m, minutes=there, geometry=line, **known
            )
        if np.isfinite(back) and start != end:
            turned = line.reverse()
            graph.add_edge(
                end, start, key=key, length_m=length_m, minutes=back, geometry=turned, **known
            )
    return graph


def edges_of(graph: "nx.Graph", *, crs: Any) -> gpd.GeoDataFrame:
    """
    Make edges of a graph.

    Parameters
    ----------
    graph
        As `StreetNetwork.from_networkx` takes it.
    crs
        Metric CRS; None takes what the graph says.

    Returns
    -------
    edges
        One for an edge and its reverse; with minutes if the graph has them.

    Raises
    ------
    DataError
        If a node has no place or an edge no length; all of them are named.
    CRSError
        If no CRS is known.
    """
    crs = crs or graph.graph.get("crs")
    if crs is None:
        msg = "graph: no CRS; give it as crs="
        raise CRSError(msg)
    place = {node: (data.get("x"), data.get("y")) for node, data in graph.nodes(data=True)}
    lost = [node for node, xy in place.items() if None in xy]
    rows = [
        {"from_node": start, "to_node": end, **data} for start, end, data in graph.edges(data=True)
    ]
    lengths = [row.get("length_m", row.get("length")) for row in rows]
    vague = [
        (row["from_node"], row["to_node"])
        for row, length in zip(rows, lengths, strict=True)
        if length is None
    ]
    faults = {"nodes without x and y": lost, "edges without length_m or length": vague}
    said = [f"{what}: {shown(ids)}" for what, ids in faults.items() if ids]
    if said:
        msg = "graph: " + "; ".join(said)
        raise DataError(msg, ids=pd.Index([*lost, *vague], dtype=object))
    if not rows:
        msg = "graph: no edges"
        raise DataError(msg)
    ends = [(place[row["from_node"]], place[row["to_node"]]) for row in rows]
    drawn = [
        row.get("geometry") or shapely.LineString(pair)
        for row, pair in zip(rows, ends, strict=True)
    ]
    lines = np.array([shapely.from_wkt(one) if isinstance(one, str) else one for one in drawn])
    table = pd.DataFrame(
        {
            "from_node": [row["from_node"] for row in rows],
            "to_node": [row["to_node"] for row in rows],
            "length_m": np.asarray(lengths, dtype=float),
            **{tag: [_first(row.get(tag)) for row in rows] for tag in _TAGS},
            "minutes": [float(row.get("minutes", np.nan)) for row in rows],
        }
    )
    paired = _paired(table, lines)
    edges = gpd.GeoDataFrame(paired, geometry=lines[paired.index], crs=crs)
    if edges[MINUTES].isna().any(axis=None):
        edges = edges.drop(columns=MINUTES)
    return edges.drop(columns="minutes").rename_axis("edge_id")


def _paired(table: pd.DataFrame, lines: np.ndarray) -> pd.DataFrame:
    """Keep one of each edge and its reverse, with the minutes of both."""
    shape = shapely.to_wkb(shapely.normalize(shapely.set_precision(lines, 10**-_SAME_M)))
    nodes = pd.factorize(pd.concat([table["from_node"], table["to_node"]]))[0].reshape(2, -1)
    key = pd.DataFrame({"low": nodes.min(axis=0), "high": nodes.max(axis=0), "shape": shape})
    side = pd.Series(nodes[0] > nodes[1])
    # The same line twice the same way is two edges: number them
    number = key.assign(side=side).groupby([*key, "side"], sort=False).cumcount()
    group = key.assign(number=number).groupby([*key, "number"], sort=False).ngroup().to_numpy()
    _, first, inverse = np.unique(group, return_index=True, return_inverse=True)
    same_way = nodes[0] == nodes[0][first][inverse]
    is_loop = nodes[0] == nodes[1]
    minutes = table["minutes"].to_numpy()
    there, back = np.full((2, len(first)), np.inf)
    np.minimum.at(there, inverse[same_way], minutes[same_way])
    turned = ~same_way | is_loop
    np.minimum.at(back, inverse[turned], minutes[turned])
    order = np.argsort(first)
    kept = table.iloc[first[order]]
    return kept.assign(minutes_there=there[order], minutes_back=back[order])


def _first(value: object) -> object:
    """Take the first of several tags that osmnx joined."""
    return value[0] if isinstance(value, list) and value else value


def write_graphml(graph: "nx.MultiDiGraph", path: str | os.PathLike[str]) -> None:
    """
    Write a graph as GraphML.

    Parameters
    ----------
    graph
        As `graph_of` makes it.
    path
        File to write.
    """
    import networkx as nx  # noqa: PLC0415 - slow to import, seldom needed

    plain = nx.MultiDiGraph(crs=graph.graph["crs"].to_string())
    plain.add_nodes_from(graph.nodes(data=True))
    for start, end, key, data in graph.edges(keys=True, data=True):
        line = shapely.to_wkt(data["geometry"], rounding_precision=-1)
        plain.add_edge(start, end, key=str(key), **{**data, "geometry": line})
    nx.write_graphml(plain, path)


def read_graphml(path: str | os.PathLike[str]) -> "nx.Graph":
    """
    Read a graph from GraphML.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    graph
        Nodes are numbers if all of them are; numbers that osmnx wrote as text
        are numbers again.

    Raises
    ------
    SourceError
        If the file is missing or is no GraphML.
    """
    import networkx as nx  # noqa: PLC0415 - slow to import, seldom needed

    file = Path(path)
    if not file.is_file():
        msg = f"{file.name}: no such file ({file})"
        raise SourceError(msg, source=file)
    try:
        graph = nx.read_graphml(file, force_multigraph=True)
    except (ParseError, nx.NetworkXError, KeyError, ValueError) as fault:
        msg = f"{file.name}: no GraphML of a network: {fault}"
        raise SourceError(msg, source=file) from fault
    if all(str(node).lstrip("-").isdecimal() for node in graph):
        graph = nx.relabel_nodes(graph, int)
    for _, data in graph.nodes(data=True):
        data |= {one: float(data[one]) for one in ("x", "y") if one in data}
    for _, _, data in graph.edges(data=True):
        numbers = ("length", "length_m", "minutes")
        data |= {one: float(data[one]) for one in numbers if one in data}
    return graph


def write_parquet(edges: gpd.GeoDataFrame, path: str | os.PathLike[str]) -> None:
    """
    Write edges as GeoParquet.

    Parameters
    ----------
    edges
        Timed edges; node ids of several kinds become texts.
    path
        File to write.
    """
    names = [one for one in ("from_node", "to_node") if edges[one].dtype == object]
    edges.assign(**{one: edges[one].astype(str) for one in names}).to_parquet(path)


def read_parquet(path: str | os.PathLike[str]) -> gpd.GeoDataFrame:
    """
    Read edges from GeoParquet.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    edges
        As they were written.

    Raises
    ------
    SourceError
        If the file is missing or is no GeoParquet.
    """
    file = Path(path)
    if not file.is_file():
        msg = f"{file.name}: no such file ({file})"
        raise SourceError(msg, source=file)
    try:
        return gpd.read_parquet(file)
    except (ValueError, OSError) as fault:
        msg = f"{file.name}: no GeoParquet: {fault}"
        raise SourceError(msg, source=file) from fault
