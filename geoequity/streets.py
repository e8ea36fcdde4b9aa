"""
Walking along streets: the network, and the minutes between places on it.

A place meets the network on stretches of edges (see ``_snapping``). All walks
are then of one kind: from a stretch to an end of its edge, along the network,
and from an end of another edge to a stretch of that; or straight along the
edge, where both are on one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from geoequity import schema
from geoequity._snapping import NO_LINE, Lines, Stretches, nearest_m, shapes_of, stacked
from geoequity._walks import ROUNDING_M, Graph
from geoequity.errors import DataError, SourceError, shown

if TYPE_CHECKING:
    import os

    import networkx as nx

WALKING_KMH = 4.8

_END_SLACK_M = 1.0  # how far an edge may end from its node


@dataclass(frozen=True, eq=False)
class StreetNetwork:
    """
    A network of streets that people walk both ways at one speed.

    Make one with `from_edges` or `from_osm`.

    Parameters
    ----------
    edges
        Walkable edges as given, and ``component``: 0 for edges of the largest
        connected part of the network, by length.
    nodes
        Index ``node``: points, and ``component``.
    speed_kmh
        Walking speed [km/h].

    Examples
    --------
    >>> from shapely import LineString, Point
    >>> edges = gpd.GeoDataFrame(
    ...     {"from_node": [1, 2], "to_node": [2, 3], "length_m": [400.0, 400.0]},
    ...     geometry=[LineString([(0, 0), (400, 0)]), LineString([(400, 0), (400, 400)])],
    ...     crs=32618,
    ... )
    >>> network = StreetNetwork.from_edges(edges)
    >>> home = gpd.GeoSeries([Point(0, 0)], index=["home"], crs=32618)
    >>> school = gpd.GeoSeries([Point(400, 240)], crs=32618)
    >>> network.nearest_min({"school": school}, origins=home)
          school
    home     8.0
    """

    edges: gpd.GeoDataFrame
    nodes: gpd.GeoDataFrame
    speed_kmh: float

    @classmethod
    def from_edges(cls, edges: gpd.GeoDataFrame, *, speed_kmh: float = WALKING_KMH) -> Self:
        """
        Make a network of a table of edges.

        One-way rules do not bind people on foot. Of parallel edges the shortest
        is walked along, while places may lie on any of them.

        Parameters
        ----------
        edges
            Unique index, ``from_node``, ``to_node``, ``length_m`` [m], lines
            in a metric CRS that run from the one to the other, and where not
            all are open to people on foot ``walkable``.
        speed_kmh
            Walking speed [km/h].

        Returns
        -------
        network
            In the CRS of `edges`.

        Raises
        ------
        DataError
            If a column is absent, an id repeats, a node, length or geometry is
            missing or cannot be, an edge does not end at its nodes, or none is
            walkable; or if the speed is not above 0.
        CRSError
            If the CRS is not in metres.
        """
        _check_above_0(speed_kmh, name="speed_kmh")
        schema.check_metric_crs(edges, name="edges")
        schema.check_unique(edges.index, name="edges")
        schema.check_columns(edges, ["from_node", "to_node", "length_m"], name="edges")
        _check_edges(edges)
        if "walkable" in edges.columns:
            edges = edges[edges["walkable"].astype(bool)]
        if edges.empty:
            msg = "edges: none is walkable"
            raise DataError(msg)
        ends, ids = pd.factorize(pd.concat([edges["from_node"], edges["to_node"]]))
        start, end = ends[: len(edges)], ends[len(edges) :]
        length = edges["length_m"].to_numpy(dtype=float)
        graph = csr_array((np.ones(len(edges)), (start, end)), shape=(len(ids), len(ids)))
        _, part = connected_components(graph, directed=False)
        by_length = np.argsort(-np.bincount(part[start], weights=length), kind="stable")
        component = np.argsort(by_length)[part]
        lines = edges.geometry.array
        spots = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
        _, first = np.unique(ends, return_index=True)
        nodes = gpd.GeoDataFrame(
            {"component": component},
            index=pd.Index(ids, name="node"),
            geometry=spots[first],
            crs=edges.crs,
        )
        return cls(edges.assign(component=component[start]), nodes, float(speed_kmh))

    @classmethod
    def from_osm(
        cls,
        path: "str | os.PathLike[str]",
        *,
        boundary: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
        crs: Any = None,
        speed_kmh: float = WALKING_KMH,
    ) -> Self:
        """
        Make a network of the streets of a local OpenStreetMap extract.

        The one place where the core calls a reader: a convenience for those
        who want a network and nothing else.

        Parameters
        ----------
        path
            ``.osm.pbf``, ``.osm``, ``.osm.xml`` or an Overpass answer, ``.json``.
        boundary
            Area whose streets to take, in any CRS. By default all.
        crs
            Metric CRS of the network. By default the UTM zone of its middle.
        speed_kmh
            Walking speed [km/h].

        Returns
        -------
        network
            Of the walkable streets.

        Raises
        ------
        SourceError
            If the file cannot be read or holds no street there.
        DataError
            If none of the streets is walkable, the speed is not above 0, or
            `boundary` is empty.
        CRSError
            If `crs` is not in metres, or `boundary` has none.
        """
        from geoequity.sources.osm import read_osm  # noqa: PLC0415 - see the docstring

        streets = read_osm(path, crs=crs, extent=boundary).streets
        if streets is None:
            msg = f"{path}: no street, only places"
            raise SourceError(msg, source=path)
        return cls.from_edges(streets, speed_kmh=speed_kmh)

    @property
    def components(self) -> pd.Series:
        """
        Component of each node.

        Returns
        -------
        components
            Indexed by node; 0 is the largest by length of street.
        """
        return self.nodes["component"]

    def islands(self) -> dict[str, float]:
        """
        Report how far the network hangs together.

        Returns
        -------
        report
            ``components``, their number; ``outside_m`` and ``outside_share``,
            length of street outside the largest [m, 0-1].
        """
        length, component = self.edges["length_m"], self.edges["component"]
        outside_m = float(length[component > 0].sum())
        return {
            "components": int(component.max()) + 1,
            "outside_m": outside_m,
            "outside_share": outside_m / float(length.sum()),
        }

    def intersections(self) -> gpd.GeoSeries:
        """
        List the nodes where three or more street ends meet.

        Returns
        -------
        intersections
            Points indexed by node. Parallel edges count each; a loop counts twice.
        """
        ends = np.bincount(self._ends.ravel(), minlength=len(self.nodes))
        return self.nodes.geometry[ends >= 3]  # noqa: PLR2004 - fewer is a bend or a dead end

    def to_networkx(self) -> "nx.MultiGraph":
        """
        Hand the network to networkx.

        Returns
        -------
        graph
            Nodes with ``x`` and ``y`` [m], edges keyed by their id with
            ``length_m`` and ``minutes``; the CRS is a property of the graph.
        """
        import networkx as nx  # noqa: PLC0415 - slow to import, seldom needed

        graph = nx.MultiGraph(crs=self.edges.crs)
        places = zip(self.nodes.index, self.nodes.geometry.x, self.nodes.geometry.y, strict=True)
        graph.add_nodes_from((node, {"x": x, "y": y}) for node, x, y in places)
        columns = ("from_node", "to_node", "length_m")
        rows = zip(self.edges.index, *(self.edges[column] for column in columns), strict=True)
        for key, start, end, length_m in rows:
            minutes = length_m / self._m_per_min
            graph.add_edge(start, end, key=key, length_m=length_m, minutes=minutes)
        return graph

    def snap(
        self,
        points: gpd.GeoDataFrame | gpd.GeoSeries,
        *,
        largest_only: bool = True,
        max_m: float | None = None,
    ) -> pd.DataFrame:
        """
        Find where points meet the network.

        Parameters
        ----------
        points
            Points in the CRS of the network.
        largest_only
            Whether to pass over edges outside the largest component, from
            which one gets nowhere.
        max_m
            Points farther than this from any edge do not meet the network [m].

        Returns
        -------
        snapped
            On the index of `points`: ``edge``, position in ``edges`` of the
            nearest (the first of several); ``offset_m``, way along it from its
            ``from_node`` [m]; ``snap_m``, straight distance to it [m];
            ``component``. For points that do not meet the network -1, NaN, NaN, -1.

        Raises
        ------
        DataError
            If a geometry is missing or no point, or `max_m` is not above 0.
        CRSError
            If the CRS differs.
        """
        schema.check_same_crs(points, self.edges, names=("points", "edges"))
        shapes = shapes_of(points, name="points", points_only=True)
        lines = self._lines(largest_only=largest_only, max_m=max_m)
        edge, offset_m, snap_m = lines.nearest(shapes, max_m=max_m)
        component = np.append(self.edges["component"].to_numpy(), NO_LINE)[edge]
        return pd.DataFrame(
            {"edge": edge, "offset_m": offset_m, "snap_m": snap_m, "component": component},
            index=points.index,
        )

    def nearest_min(
        self,
        services_by_category: Mapping[str, gpd.GeoDataFrame | gpd.GeoSeries],
        *,
        origins: gpd.GeoDataFrame | gpd.GeoSeries,
        within_min: float | None = None,
        largest_only: bool = True,
        max_snap_m: float | None = None,
    ) -> pd.DataFrame:
        """
        Measure the walk to the nearest service of each category.

        The walk to the street and from it, straight and at the same speed, is
        part of it.

        Parameters
        ----------
        services_by_category
            Points or areas in the CRS of the network. An area is reached on
            any street within 20 m of it, or else as near as streets come, and
            is charged the least distance between it and that street.
        origins
            Points with a unique index. One inside an area is there already.
        within_min
            Longest walk to look for [minutes]. By default any.
        largest_only
            Whether to pass over edges outside the largest component.
        max_snap_m
            Places farther than this from any edge do not meet it [m].

        Returns
        -------
        minutes
            Origins by category. NaN where the origin does not meet the
            network, or no service is reached (within ``attrs["limit_min"]``).

        Raises
        ------
        DataError
            If an origin's id repeats, a geometry is missing or an origin is no
            point, or a limit is not above 0.
        CRSError
            If a CRS differs.
        """
        limit_m = self._limit_m(within_min)
        how: dict[str, Any] = {"largest_only": largest_only, "max_m": max_snap_m}
        starts = self._starts(origins, **how)
        goals, category = self._goals(services_by_category, **how)
        metres = np.full((len(services_by_category), len(origins)), np.inf)
        for first, some in self._graph.walks(
            goals, category, len(metres), to=starts, limit_m=limit_m
        ):
            metres[first : first + len(some)] = some
        minutes = pd.DataFrame(
            self._minutes(metres.T, limit_m),
            index=origins.index,
            columns=list(services_by_category),
        )
        return _limited(minutes, within_min)

    def count_within(
        self,
        services_by_category: Mapping[str, gpd.GeoDataFrame | gpd.GeoSeries],
        *,
        origins: gpd.GeoDataFrame | gpd.GeoSeries,
        within_min: float,
        largest_only: bool = True,
        max_snap_m: float | None = None,
    ) -> pd.DataFrame:
        """
        Count the services of each category within a walk.

        Parameters
        ----------
        services_by_category
            As for `nearest_min`.
        origins
            As for `nearest_min`.
        within_min
            Longest walk [minutes].
        largest_only
            Whether to pass over edges outside the largest component.
        max_snap_m
            Places farther than this from any edge do not meet it [m].

        Returns
        -------
        counts
            Origins by category; 0 is measured, NaN where the origin does not
            meet the network. ``attrs["limit_min"]`` is `within_min`.

        Raises
        ------
        DataError
            As `nearest_min`.
        CRSError
            If a CRS differs.
        """
        limit_m = self._limit_m(within_min)
        how: dict[str, Any] = {"largest_only": largest_only, "max_m": max_snap_m}
        starts = self._starts(origins, **how)
        goals, category = self._goals(services_by_category, **how)
        is_of = category[:, None] == np.arange(len(services_by_category))
        counts = np.zeros((len(origins), len(services_by_category)))
        for first, metres, is_flipped in self._graph.pairs(starts, goals, limit_m=limit_m):
            reached = (metres <= limit_m + ROUNDING_M).astype(float)
            if is_flipped:
                counts += reached.T @ is_of[first : first + len(metres)]
            else:
                counts[first : first + len(metres)] = reached @ is_of
        counts[~starts.meets] = np.nan
        frame = pd.DataFrame(
            counts,
            index=origins.index,
            columns=list(services_by_category),
        )
        return _limited(frame, within_min)

    def costs(
        self,
        origins: gpd.GeoDataFrame | gpd.GeoSeries,
        destinations: gpd.GeoDataFrame | gpd.GeoSeries,
        *,
        within_min: float,
        largest_only: bool = True,
        max_snap_m: float | None = None,
    ) -> pd.DataFrame:
        """
        Measure the walks between all origins and destinations within a limit.

        Parameters
        ----------
        origins
            As for `nearest_min`.
        destinations
            Points or areas with a unique index, in the CRS of the network.
        within_min
            Longest walk [minutes].
        largest_only
            Whether to pass over edges outside the largest component.
        max_snap_m
            Places farther than this from any edge do not meet it [m].

        Returns
        -------
        costs
            ``from_id``, ``to_id``, ``minutes``, ordered as the origins and
            then the destinations; a pair that is absent is not reached within
            ``attrs["limit_min"]``.

        Raises
        ------
        DataError
            As `nearest_min`, and if a destination's id repeats.
        CRSError
            If a CRS differs.
        """
        limit_m = self._limit_m(within_min)
        how: dict[str, Any] = {"largest_only": largest_only, "max_m": max_snap_m}
        starts = self._starts(origins, **how)
        schema.check_unique(destinations.index, name="destinations")
        goals, _ = self._goals({"destinations": destinations}, **how)
        found = []
        for first, metres, is_flipped in self._graph.pairs(starts, goals, limit_m=limit_m):
            row, column = np.nonzero(metres <= limit_m + ROUNDING_M)
            pair = (column, row + first) if is_flipped else (row + first, column)
            found.append((*pair, metres[row, column]))
        start, goal, metres = (
            np.concatenate([some[part] for some in found] or [np.empty(0)]) for part in range(3)
        )
        order = np.lexsort((goal, start))
        start, goal = start[order].astype(int), goal[order].astype(int)
        table = pd.DataFrame(
            {
                "from_id": origins.index[start],
                "to_id": destinations.index[goal],
                "minutes": self._minutes(metres[order], limit_m),
            }
        )
        return _limited(table, within_min)

    # ------------------------------------------------------------ the graph
    @property
    def _m_per_min(self) -> float:
        """Metres walked in a minute."""
        return self.speed_kmh * 1000 / 60

    @cached_property
    def _length_m(self) -> np.ndarray:
        """Length of every edge."""
        return self.edges["length_m"].to_numpy(dtype=float)

    @cached_property
    def _ends(self) -> np.ndarray:
        """Positions of the two nodes of every edge."""
        columns = [self.nodes.index.get_indexer(self.edges[c]) for c in ("from_node", "to_node")]
        return np.column_stack(columns)

    @cached_property
    def _graph(self) -> Graph:
        """The network to walk on."""
        return Graph(self._ends, self._length_m, nodes=len(self.nodes))

    @cached_property
    def _all_lines(self) -> Lines:
        """All edges, to meet places."""
        shapes = np.asarray(self.edges.geometry.array, dtype=object)
        return Lines(shapes, self._length_m, np.arange(len(shapes)))

    @cached_property
    def _largest_lines(self) -> Lines:
        """The edges of the largest component, to meet places."""
        some = np.flatnonzero(self.edges["component"].to_numpy() == 0)
        every = self._all_lines
        return every if len(some) == len(every.some) else Lines(every.shapes, self._length_m, some)

    def _lines(self, *, largest_only: bool, max_m: float | None) -> Lines:
        """Edges that places may meet."""
        if max_m is not None:
            _check_above_0(max_m, name="the distance to look for an edge")
        return self._largest_lines if largest_only else self._all_lines

    def _limit_m(self, within_min: float | None) -> float:
        """Turn the limit into metres."""
        if within_min is None:
            return np.inf
        _check_above_0(within_min, name="within_min")
        return within_min * self._m_per_min

    def _minutes(self, metres: np.ndarray, limit_m: float) -> np.ndarray:
        """Turn metres into minutes, NaN beyond the limit."""
        within = np.minimum(metres, limit_m) / self._m_per_min
        return np.where((metres <= limit_m + ROUNDING_M) & np.isfinite(metres), within, np.nan)

    # ---------------------------------------------------------------- walks
    def _starts(
        self,
        origins: gpd.GeoDataFrame | gpd.GeoSeries,
        *,
        largest_only: bool,
        max_m: float | None,
    ) -> Stretches:
        """Check origins and find where they meet the network."""
        schema.check_same_crs(origins, self.edges, names=("origins", "edges"))
        schema.check_unique(origins.index, name="origins")
        shapes = shapes_of(origins, name="origins", points_only=True)
        return self._lines(largest_only=largest_only, max_m=max_m).meet(shapes, max_m=max_m)

    def _goals(
        self,
        by_category: Mapping[str, gpd.GeoDataFrame | gpd.GeoSeries],
        *,
        largest_only: bool,
        max_m: float | None,
    ) -> tuple[Stretches, np.ndarray]:
        """Check services, number their categories and find where they meet the network."""
        shapes, category = stacked(by_category, same_crs=self.edges, name="edges")
        lines = self._lines(largest_only=largest_only, max_m=max_m)
        return lines.meet(shapes, max_m=max_m), category


def straight_line_min(
    services_by_category: Mapping[str, gpd.GeoDataFrame | gpd.GeoSeries],
    *,
    origins: gpd.GeoDataFrame | gpd.GeoSeries,
    detour_factor: float,
    speed_kmh: float = WALKING_KMH,
    within_min: float | None = None,
) -> pd.DataFrame:
    """
    Guess the walk to the nearest service of each category, without streets.

    For cities whose streets are not mapped; hills, rivers and walls are no
    matter to it.

    Parameters
    ----------
    services_by_category
        Points or areas in the CRS of `origins`.
    origins
        Points in a metric CRS with a unique index.
    detour_factor
        How much longer than the straight line a walk is, at least 1.
    speed_kmh
        Walking speed [km/h].
    within_min
        Longest walk to look for [minutes]. By default any.

    Returns
    -------
    minutes
        Origins by category; NaN where there is no service (within
        ``attrs["limit_min"]``), 0 inside an area.

    Raises
    ------
    DataError
        If an origin's id repeats, a geometry is missing or an origin is no
        point, the detour is below 1, or another number is not above 0.
    CRSError
        If the CRS is not in metres or differs.

    Examples
    --------
    >>> from shapely import Point
    >>> home = gpd.GeoSeries([Point(0, 0)], index=["home"], crs=32618)
    >>> school = gpd.GeoSeries([Point(300, 400)], crs=32618)
    >>> straight_line_min({"school": school}, origins=home, detour_factor=1.28)
          school
    home     8.0
    """
    _check_above_0(speed_kmh, name="speed_kmh")
    if not 1 <= detour_factor < np.inf:
        msg = f"detour_factor: must be at least 1, is {detour_factor}"
        raise DataError(msg)
    if within_min is not None:
        _check_above_0(within_min, name="within_min")
    schema.check_metric_crs(origins, name="origins")
    schema.check_unique(origins.index, name="origins")
    points = shapes_of(origins, name="origins", points_only=True)
    shapes, category = stacked(services_by_category, same_crs=origins, name="origins")
    metres = np.full((len(points), len(services_by_category)), np.nan)
    for column in np.unique(category):
        metres[:, column] = nearest_m(points, shapes[category == column])
    minutes = metres * detour_factor / (speed_kmh * 1000 / 60)
    if within_min is not None:
        minutes = np.where(minutes <= within_min, minutes, np.nan)
    frame = pd.DataFrame(minutes, index=origins.index, columns=list(services_by_category))
    return _limited(frame, within_min)


def _limited(frame: pd.DataFrame, within_min: float | None) -> pd.DataFrame:
    """Note the limit on a table."""
    if within_min is not None:
        frame.attrs["limit_min"] = float(within_min)
    return frame


def _check_above_0(value: float, *, name: str) -> None:
    """Refuse a number that is not above 0 and finite."""
    if not 0 < value < np.inf:
        msg = f"{name}: must be above 0, is {value}"
        raise DataError(msg)


def _check_edges(edges: gpd.GeoDataFrame) -> None:
    """Refuse edges that cannot be, all faults at once."""
    lines = np.asarray(edges.geometry.array, dtype=object)
    is_line = (shapely.get_type_id(lines) == shapely.GeometryType.LINESTRING) & ~shapely.is_empty(
        lines
    )
    length = pd.to_numeric(edges["length_m"], errors="coerce").to_numpy(dtype=float)
    no_node = (edges["from_node"].isna() | edges["to_node"].isna()).to_numpy()
    faults = {
        "a node is missing": no_node,
        "length_m is not above 0": ~((length > 0) & (length < np.inf)),
        "the geometry is no line": ~is_line,
    }
    if "walkable" in edges.columns:
        faults["walkable is unknown"] = edges["walkable"].isna().to_numpy()
    if not any(bad.any() for bad in faults.values()) and len(edges):
        ends, _ = pd.factorize(pd.concat([edges["from_node"], edges["to_node"]]))
        spots = shapely.get_coordinates(
            np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
        )
        _, first = np.unique(ends, return_index=True)
        is_off = np.hypot(*(spots - spots[first][ends]).T) > _END_SLACK_M
        faults["the line does not run from from_node to to_node"] = is_off.reshape(2, -1).any(
            axis=0
        )
    said = [f"{what}: {shown(edges.index[bad])}" for what, bad in faults.items() if bad.any()]
    if said:
        ids = edges.index[np.logical_or.reduce(list(faults.values()))]
        msg = "edges: " + "; ".join(said)
        raise DataError(msg, ids=ids)
