"""Networks to and from the formats of others: networkx and osmnx, GraphML, GeoParquet."""

import ast
import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import ProjError

from geoequity.errors import CRSError, DataError, SourceError, shown
from geoequity.streets._edges import MINUTES, end_points

if TYPE_CHECKING:
    import networkx as nx

_TAGS = ("highway", "conveying", "oneway_foot", "bridge", "tunnel")  # what a walk heeds
_TURNED = {
    "conveying": {"forward": "backward", "backward": "forward"},
    "oneway_foot": {"yes": "-1", "-1": "yes"},
}
_SAME_M = 1e-3  # to which the lines of an edge and its reverse are the same


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
    for edge_id, start, end, length_m, there, back, line, said in rows:
        known: dict[str, Any] = {"edge_id": edge_id, "length_m": length_m}
        known |= {name: value for name, value in said.items() if isinstance(value, str)}
        # Places meet edges that nobody may walk, too, so those are handed on as barred
        if np.isfinite(there) or not np.isfinite(back):
            way = {"minutes": there, "geometry": line, "reversed": False}
            graph.add_edge(start, end, key=edge_id, **known, **way)
        if np.isfinite(back):
            way = {"minutes": back, "geometry": line.reverse(), "reversed": True}
            key = f"{edge_id} back" if start == end else edge_id
            graph.add_edge(end, start, key=key, **known, **way)
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
        If there is no edge, a node has no place, an edge no length, or no
        minutes though others have, or a geometry cannot be read; all of them
        are named.
    CRSError
        If no CRS is known, or the graph says another.
    """
    crs = _crs_of(graph, given=crs)
    if not graph.number_of_edges():
        msg = "graph: no edges"
        raise DataError(msg)
    starts, stops, said = zip(*graph.edges(data=True), strict=True)
    table = pd.DataFrame(
        {
            "from_node": pd.Series(list(starts)),
            "to_node": pd.Series(list(stops)),
            "length_m": _numbers(one.get("length_m", one.get("length")) for one in said),
            **{tag: pd.Series([_tag(one, tag) for one in said], dtype=object) for tag in _TAGS},
            "minutes": _numbers(one.get("minutes") for one in said),
            "edge_id": pd.Series([one.get("edge_id") for one in said], dtype=object),
            "reversed": [_is_reversed(one) for one in said],
        }
    )
    is_timed = any(one.get("minutes") is not None for one in said)
    is_drawn = np.array([bool(one.get("geometry")) for one in said])
    lines = np.array([_shape(one.get("geometry")) for one in said], dtype=object)
    xy = np.column_stack([_numbers(graph.nodes[node].get(c) for node in graph) for c in "xy"])
    lost = [node for node, spot in zip(graph, xy, strict=True) if not np.isfinite(spot).all()]
    bad = {
        "edges without length_m or length": table["length_m"].isna(),
        "edges without the minutes that others have": table["minutes"].isna() & is_timed,
        "edges with a geometry that cannot be read": is_drawn & pd.isna(lines),
    }
    pairs = np.array([*zip(starts, stops, strict=True), None], dtype=object)[:-1]
    faults = {"nodes without x and y": lost} | {what: list(pairs[one]) for what, one in bad.items()}
    told = [f"{what}: {shown(ids)}" for what, ids in faults.items() if ids]
    if told:
        msg = "graph: " + "; ".join(told)
        raise DataError(msg, ids=[one for ids in faults.values() for one in ids])
    at = {node: position for position, node in enumerate(graph)}
    ends = xy[[[at[one] for one in starts], [at[one] for one in stops]]]
    lines[~is_drawn] = shapely.linestrings(ends[:, ~is_drawn].swapaxes(0, 1))
    lines = _turned(lines, ends)
    if graph.is_directed():
        table = _paired(table, lines)
    else:
        table = table.assign(**dict.fromkeys(MINUTES, table["minutes"]))
    ids, shapes = table["edge_id"], lines[table.index]
    is_named = ids.notna().all() and ids.is_unique
    table.index = pd.Index(ids.tolist() if is_named else np.arange(len(table)), name="edge_id")
    unused = ["minutes", "edge_id", "reversed", *([] if is_timed else MINUTES)]
    return gpd.GeoDataFrame(table.drop(columns=unused), geometry=shapes, crs=crs)


def _crs_of(graph: "nx.Graph", *, given: Any) -> CRS:
    """Find the CRS of a graph, and refuse what contradicts it."""
    said = [one for one in (given, graph.graph.get("crs")) if one is not None]
    if not said:
        msg = "graph: no CRS; give it as crs="
        raise CRSError(msg)
    try:
        known = [CRS.from_user_input(one) for one in said]
    except ProjError as fault:
        msg = f"graph: no CRS can be made of {shown(said)}"
        raise CRSError(msg) from fault
    if known[0] != known[-1]:
        msg = f"graph: is in {known[-1].to_string()}, not {known[0].to_string()}; project it first"
        raise CRSError(msg)
    return known[0]


def _numbers(values: Iterable[object]) -> np.ndarray:
    """Read numbers, some of them texts; NaN where there is none."""
    column = pd.Series(list(values), dtype=object)
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)


def _tag(said: dict[str, Any], name: str) -> object:
    """Take a tag the way the edge runs; of several, which osmnx joins in a list, steps or one."""
    value = said.get(name)
    if isinstance(value, str) and value.startswith("["):  # so osmnx writes lists in files
        with contextlib.suppress(SyntaxError, ValueError):
            value = ast.literal_eval(value)
    if isinstance(value, list):
        value = "steps" if "steps" in value else next(iter(value), None)
    return _TURNED.get(name, {}).get(str(value), value) if _is_reversed(said) else value


def _is_reversed(said: dict[str, Any]) -> bool:
    """Tell whether an edge runs against the street that it is part of."""
    return str(said.get("reversed")).lower() == "true"


def _shape(value: object) -> object:
    """Take or read a geometry; None where there is none or it cannot be read."""
    if isinstance(value, str):
        return shapely.from_wkt(value, on_invalid="ignore")
    return value if isinstance(value, shapely.Geometry) else None


def _turned(lines: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Turn the lines that run from the second to the first of the ends of their edges."""
    spots = end_points(lines).reshape(2, -1, 2)
    off, off_turned = (np.hypot(*(spots - one).T).sum(axis=1) for one in (ends, ends[::-1]))
    return np.where(off_turned < off, shapely.reverse(lines), lines)


def _paired(table: pd.DataFrame, lines: np.ndarray) -> pd.DataFrame:
    """Keep one of each edge and its reverse, the way the street runs, with the minutes of both."""
    nodes = pd.factorize(pd.concat([table["from_node"], table["to_node"]]))[0].reshape(2, -1)
    is_back = np.where(nodes[0] == nodes[1], shapely.is_ccw(lines), nodes[0] > nodes[1])
    shape = shapely.to_wkb(shapely.normalize(shapely.set_precision(lines, _SAME_M)))
    what = table["edge_id"].where(table["edge_id"].notna(), shape)
    key = pd.DataFrame({"low": nodes.min(axis=0), "high": nodes.max(axis=0), "what": what})
    # What runs twice the same way is two edges: the shorter goes with the shorter way back
    order = np.argsort(table["length_m"].to_numpy(), kind="stable")
    same = key.assign(is_back=is_back).iloc[order]
    key["number"] = same.groupby([*same], sort=False).cumcount()
    edge = key.groupby([*key], sort=False).ngroup().to_numpy()
    order = np.lexsort((table["reversed"], edge))
    kept = order[np.flatnonzero(np.diff(edge[order], prepend=-1))]
    is_same_way = is_back == is_back[kept][edge]
    minutes = table["minutes"].to_numpy()
    there, back = np.full((2, len(kept)), np.inf)
    there[edge[is_same_way]] = minutes[is_same_way]
    back[edge[~is_same_way]] = minutes[~is_same_way]
    return table.iloc[kept].assign(minutes_there=there, minutes_back=back)


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
        plain.add_edge(start, end, key=str(key), **data | {"geometry": line})
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
        Nodes are numbers if all of them are.

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
    if all(_is_number(node) for node in graph):
        graph = nx.relabel_nodes(graph, int)
    return graph


def _is_number(text: str) -> bool:
    """Tell whether a text is just how a number is written."""
    try:
        return str(int(text)) == text
    except ValueError:
        return False


def write_parquet(edges: gpd.GeoDataFrame, path: str | os.PathLike[str]) -> None:
    """
    Write edges as GeoParquet.

    Parameters
    ----------
    edges
        Timed edges; ids of several kinds become texts.
    path
        File to write.
    """
    names = [one for one in ("from_node", "to_node") if edges[one].dtype == object]
    plain = edges.assign(**{one: edges[one].astype(str) for one in names})
    if plain.index.dtype == object:
        plain.index = plain.index.astype(str)
    plain.to_parquet(path)


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
        msg = f"{file.name}: no GeoParquet: {str(fault).splitlines()[0]}"
        raise SourceError(msg, source=file) from fault
