"""The walking network, and the minutes between places on it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geoequity import schema
from geoequity.errors import DataError, SourceError, shown
from geoequity.streets import _edges, _exchange
from geoequity.streets._edges import MINUTES, HeightAt
from geoequity.streets._snapping import NO_LINE, Lines, Places, Stretches, shapes_of, stacked
from geoequity.streets._walkers import ADULT, Walker

if TYPE_CHECKING:
    import os

    import networkx as nx

    from geoequity.streets._walks import Graph, Pairs

FAR_M = 200.0  # from any street, a place is far
OFF_MAP_M = 50_000.0  # beyond the bounds of the network, it is no place of this city
_OF_PLACE = (  # what is known of where streets run, whoever walks there
    "_all_lines",
    "lines_of_largest",
    "_lines_of_islands",
    "_bounds",
    "_ends",
    "_degree",
    "_rank",
)


@dataclass(frozen=True, eq=False)
class StreetNetwork:
    """
    A network of streets, and what one kind of walker needs for each both ways.

    Make one with `from_edges`, `from_arrays`, `from_osm`, `from_networkx`,
    `from_graphml` or `from_parquet`.

    Parameters
    ----------
    edges
        Edges as given, with ``minutes_there`` and ``minutes_back`` (infinite
        where barred), and ``component``: 0 for edges of the largest connected
        part of the network, by length; -1 where nobody may walk.
    places
        Index ``node``: ``x`` and ``y`` of every node [m], and ``component``;
        `nodes` has them as points.
    walker
        Who walks.
    is_sloped
        Whether slopes are in the minutes.

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
    places: pd.DataFrame
    walker: Walker
    is_sloped: bool = False

    # ------------------------------------------------------------- the doors
    @classmethod
    def from_edges(
        cls,
        edges: gpd.GeoDataFrame,
        *,
        walker: Walker = ADULT,
        height_at: HeightAt | None = None,
        lifts: Iterable[object] = (),
        merge: bool = False,
    ) -> Self:
        """
        Make a network of a table of edges.

        One-way rules for vehicles do not bind people on foot.

        Parameters
        ----------
        edges
            Unique index, ``from_node``, ``to_node``, ``length_m`` [m, 0
            allowed], lines in a metric CRS that run from the one to the other,
            and where not all are open to people on foot ``walkable``. Of the
            tags of OpenStreetMap ``highway``, ``conveying``, ``oneway_foot``
            (yes, -1), ``bridge`` and ``tunnel`` are heeded where they are
            there. Columns ``minutes_there`` and ``minutes_back``, infinite
            where one may not go, are the minutes of `walker` and take the place
            of all that is worked out of the others; `for_walker` lets somebody
            else walk.
        walker
            Who walks.
        height_at
            Height [m] by an array of x and y in the CRS of the edges, evened
            between pixels; NaN where unknown, and level there. By default the
            city is flat.
        lifts
            Nodes that are lifts between the streets that meet there.
        merge
            Whether to make one edge of those that follow one another without a
            junction and are alike to walk on. Its geometry and length are
            theirs, its id that of the first in the table; tags on which they
            differ are missing. On the level no walk changes.

        Returns
        -------
        network
            In the CRS of `edges`.

        Raises
        ------
        DataError
            If a column is absent, an id repeats, a node, length or geometry is
            missing or cannot be, minutes are negative or unknown, an edge does
            not end at its nodes, or none is walkable.
        CRSError
            If the CRS is not in metres.

        Notes
        -----
        On slopes a walk takes longer by Tobler's function [1]_, worked out
        every 25 m and spread evenly over the edge; between the ends of bridges
        and tunnels the way is taken as straight, and nothing as steeper than 45
        degrees. Escalators run at 0.5 m/s and a lift takes a minute, wherever
        one enters and leaves it.

        References
        ----------
        .. [1] Tobler, W. (1993). Three presentations on geographical analysis
           and modeling. NCGIA Technical Report 93-1.
        """
        _edges.check_edges(edges)
        if "walkable" in edges.columns:
            edges = edges[edges["walkable"].astype(bool)]
        if edges.empty:
            msg = "edges: none is walkable"
            raise DataError(msg)
        edges = _edges.with_lifts(edges, lifts)
        if merge:
            edges = _edges.merged(edges)
        is_given = set(MINUTES) <= set(edges.columns)
        ablest = walker if is_given else replace(walker, takes_steps=True)
        timed = _edges.timed(edges, walker=ablest, height_at=height_at)
        network = cls._of(timed, ablest, is_sloped=height_at is not None)
        return network if ablest == walker else network.for_walker(walker)

    @classmethod
    def from_arrays(
        cls,
        x: np.ndarray,
        y: np.ndarray,
        from_node: np.ndarray,
        to_node: np.ndarray,
        length_m: np.ndarray,
        *,
        crs: Any,
        walker: Walker = ADULT,
    ) -> Self:
        """
        Make a network of plain arrays.

        Parameters
        ----------
        x
            Easting of the nodes [m].
        y
            Northing of the nodes [m].
        from_node
            Position of the node that each edge starts from.
        to_node
            Position of the node that it ends at.
        length_m
            Length of each edge [m], which is drawn as a straight line.
        crs
            Metric CRS.
        walker
            Who walks, both ways on every edge.

        Returns
        -------
        network
            Nodes without an edge are left out.

        Raises
        ------
        DataError
            If arrays differ in length, an edge names a node that is not there,
            or as `from_edges`.
        CRSError
            If the CRS is not in metres.
        """
        said = []
        if len(x) != len(y):
            said.append(f"x has {len(x)} nodes and y {len(y)}")
        sizes = len(from_node), len(to_node), len(length_m)
        if len(set(sizes)) > 1:
            said.append("from_node has {} edges, to_node {} and length_m {}".format(*sizes))
        if said:
            msg = "; ".join(said)
            raise DataError(msg)
        ends = np.column_stack([from_node, to_node]).astype("int64")
        xy = np.column_stack([x, y]).astype(float)
        bad = np.flatnonzero(((ends < 0) | (ends >= len(xy))).any(axis=1))
        if len(bad):
            msg = f"edges: no such node: {shown(bad)}"
            raise DataError(msg, ids=pd.Index(bad))
        with np.errstate(invalid="ignore"):  # a place that is unknown is refused below
            lines = shapely.linestrings(xy[ends])
        edges = gpd.GeoDataFrame(
            {
                "from_node": ends[:, 0],
                "to_node": ends[:, 1],
                "length_m": np.asarray(length_m, dtype=float),
            },
            geometry=lines,
            crs=crs,
        )
        return cls.from_edges(edges.rename_axis("edge_id"), walker=walker)

    @classmethod
    def from_osm(
        cls,
        path: "str | os.PathLike[str]",
        *,
        boundary: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
        crs: Any = None,
        walker: Walker = ADULT,
        height_at: HeightAt | None = None,
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
        walker
            Who walks.
        height_at
            As for `from_edges`.

        Returns
        -------
        network
            Of the walkable streets, merged between junctions.

        Raises
        ------
        SourceError
            If the file cannot be read or holds no street there.
        DataError
            If none of the streets is walkable, or `boundary` is empty.
        CRSError
            If `crs` is not in metres, or `boundary` has none.
        """
        from geoequity.sources.osm import read_osm  # noqa: PLC0415 - see the docstring

        layers = read_osm(path, crs=crs, extent=boundary)
        if layers.streets is None:
            msg = f"{path}: no street, only places"
            raise SourceError(msg, source=path)
        return cls.from_edges(
            layers.streets, walker=walker, height_at=height_at, lifts=layers.elevators, merge=True
        )

    @classmethod
    def from_networkx(
        cls,
        graph: "nx.Graph",
        *,
        crs: Any = None,
        walker: Walker = ADULT,
        height_at: HeightAt | None = None,
    ) -> Self:
        """
        Make a network of a graph of networkx, osmnx's among them.

        Without minutes, an edge may be walked against its direction: most
        graphs know the one-way rules for vehicles only.

        Parameters
        ----------
        graph
            Nodes with ``x`` and ``y`` [m]. Edges with ``length_m`` or
            ``length`` [m], and where they are not straight a ``geometry``. If
            they carry ``minutes``, all must, and in a directed graph each
            counts the way it runs. The tags that `from_edges` heeds are heeded.
        crs
            Metric CRS, by default what the graph says of itself; to say
            another is refused, as a graph is not projected here.
        walker
            Who walks; `minutes` are theirs.
        height_at
            As for `from_edges`.

        Returns
        -------
        network
            An edge and its reverse are one, under the ``edge_id`` that
            `to_networkx` wrote or else a number; of other attributes only those
            tags are kept.

        Raises
        ------
        DataError
            If there is no edge, a node has no place or an edge no length, some
            have minutes and others none, a geometry cannot be read, or as
            `from_edges`.
        CRSError
            If no CRS is known, the graph says another, or it is not in metres.
        """
        edges = _exchange.edges_of(graph, crs=crs)
        return cls.from_edges(edges, walker=walker, height_at=height_at)

    @classmethod
    def from_graphml(cls, path: "str | os.PathLike[str]", *, walker: Walker = ADULT) -> Self:
        """
        Read a network from GraphML, as `to_graphml` or osmnx write it.

        Parameters
        ----------
        path
            The file.
        walker
            Who walks; minutes in the file are theirs.

        Returns
        -------
        network
            Nodes are numbers if all of them are; the rest as `from_networkx`.

        Raises
        ------
        SourceError
            If the file is missing or is no GraphML.
        DataError
            As `from_networkx`.
        CRSError
            As `from_networkx`.
        """
        return cls.from_networkx(_exchange.read_graphml(path), walker=walker)

    @classmethod
    def from_parquet(cls, path: "str | os.PathLike[str]", *, walker: Walker = ADULT) -> Self:
        """
        Read a network from GeoParquet, as `to_parquet` writes it.

        Parameters
        ----------
        path
            The file.
        walker
            Who walks; minutes in the file are theirs.

        Returns
        -------
        network
            Of the edges in the file.

        Raises
        ------
        SourceError
            If the file is missing or is no GeoParquet.
        DataError
            As `from_edges`.
        CRSError
            As `from_edges`.
        """
        return cls.from_edges(_exchange.read_parquet(path), walker=walker)

    @classmethod
    def _of(cls, edges: gpd.GeoDataFrame, walker: Walker, *, is_sloped: bool) -> Self:
        """Label the components of timed edges, for the ablest walker, and list their nodes."""
        ends, ids = pd.factorize(
            pd.concat([edges["from_node"], edges["to_node"]], ignore_index=True)
        )
        start, end = ends[: len(edges)], ends[len(edges) :]
        is_open = np.isfinite(edges[MINUTES].to_numpy(dtype=float)).any(axis=1)
        if not is_open.any():
            msg = f"edges: none is walkable for {walker.name}"
            raise DataError(msg)
        is_open |= _edges.kinds(edges)[0]  # steps that this walker does not take are streets, too
        links = coo_array((np.ones(is_open.sum()), (start[is_open], end[is_open])), (len(ids),) * 2)
        _, part = connected_components(links, directed=False)
        length = np.where(is_open, edges["length_m"].to_numpy(dtype=float), 0.0)
        of_part = np.bincount(part[start], weights=length, minlength=part.max() + 1)
        used = np.zeros(len(of_part), dtype=bool)
        used[part[start[is_open]]] = True
        component = np.argsort(np.argsort(np.where(used, -of_part, np.inf), kind="stable"))
        component = np.where(used, component, -1)[part]
        spots = _edges.end_points(np.asarray(edges.geometry.array, dtype=object))
        _, first = np.unique(ends, return_index=True)
        x, y = spots[first].T.copy()
        places = pd.DataFrame(
            {"x": x, "y": y, "component": component}, index=pd.Index(ids, name="node")
        )
        labelled = edges.assign(component=np.where(is_open, component[start], -1))
        return cls(labelled, places, walker, is_sloped)

    def for_walker(self, walker: Walker) -> Self:
        """
        Let somebody else walk.

        Parameters
        ----------
        walker
            Who.

        Returns
        -------
        network
            The same edges and nodes with that walker's minutes. Steps and
            escalators are barred to who does not take them, but once barred
            they stay so: begin with the ablest. Places meet the same edges for
            everybody, so that nobody gains by a bar: from a home on steps a
            wheelchair user gets nowhere.

        Raises
        ------
        DataError
            If no edge is left to walk on.
        """
        edges = _edges.retimed(self.edges, old=self.walker, new=walker)
        if not np.isfinite(edges[MINUTES]).to_numpy().any():
            msg = f"edges: none is walkable for {walker.name}"
            raise DataError(msg)
        return self._with(edges, walker=walker, is_sloped=self.is_sloped)

    def levelled(self) -> Self:
        """
        Take all ground as level and nobody as carried, to measure distances.

        Returns
        -------
        network
            The same edges and nodes; open ways take as long as their length
            does at the walker's speed, lifts nothing.
        """
        level = self.edges["length_m"].to_numpy(dtype=float) / self.walker.m_per_min
        columns = {one: np.where(np.isfinite(self.edges[one]), level, np.inf) for one in MINUTES}
        return self._with(self.edges.assign(**columns), walker=self.walker, is_sloped=False)

    def _with(self, edges: gpd.GeoDataFrame, *, walker: Walker, is_sloped: bool) -> Self:
        """Put other minutes on the same streets, keeping what is known of where they run."""
        other = replace(self, edges=edges, walker=walker, is_sloped=is_sloped)
        for name in _OF_PLACE:
            other.__dict__[name] = getattr(self, name)
        return other

    def to_networkx(self) -> "nx.MultiDiGraph":
        """
        Hand the network to networkx.

        Returns
        -------
        graph
            Nodes with ``x`` and ``y`` [m]; for each way that an edge may be
            walked an edge keyed by its id (a loop has "back" after it on the
            way back), with ``edge_id``, ``length_m``, ``minutes``,
            ``geometry`` the way it runs, whether it is ``reversed``, and the
            tags that `from_edges` heeds. The CRS is a property of the graph.
            An edge that is barred both ways stands once, in infinite minutes.
        """
        return _exchange.graph_of(self.edges, self.nodes)

    def to_graphml(self, path: "str | os.PathLike[str]") -> None:
        """
        Write the network as GraphML.

        Parameters
        ----------
        path
            File to write.
        """
        _exchange.write_graphml(self.to_networkx(), path)

    def to_parquet(self, path: "str | os.PathLike[str]") -> None:
        """
        Write the edges as GeoParquet.

        Parameters
        ----------
        path
            File to write; GIS programs open it. Ids of several kinds become
            texts.
        """
        _exchange.write_parquet(self.edges.drop(columns="component"), path)

    # ------------------------------------------------------------ the network
    @property
    def nodes(self) -> gpd.GeoDataFrame:
        """
        Give the nodes as points.

        Returns
        -------
        nodes
            Index ``node``: points in the CRS of the edges, and ``component``.
            Made anew whenever asked for: a search needs none, and there are many.
        """
        every = np.ones(len(self.places), dtype=bool)
        return gpd.GeoDataFrame(self.places[["component"]], geometry=self._points(every))

    @property
    def components(self) -> pd.Series:
        """
        Component of each node.

        Returns
        -------
        components
            Indexed by node; 0 is the largest by length of street.
        """
        return self.places["component"]

    def islands(self) -> dict[str, float]:
        """
        Report how far the network hangs together.

        Returns
        -------
        report
            ``components``, their number; ``outside_m`` and ``outside_share``,
            length of street outside the largest [m, 0-1].
        """
        component = self.edges["component"].to_numpy()
        length = self.edges["length_m"]  # its own sum: that of an array differs in the last digits
        outside_m = float(length[component > 0].sum())
        total_m = float(length[component >= 0].sum())
        return {
            "components": int(component.max()) + 1,
            "outside_m": outside_m,
            "outside_share": outside_m / total_m if total_m else 0.0,
        }

    def intersections(self) -> gpd.GeoSeries:
        """
        List the nodes where three or more street ends meet.

        Returns
        -------
        intersections
            Points indexed by node. Parallel edges count each; a loop counts twice.
        """
        return self._points(self._degree >= 3)  # noqa: PLR2004 - fewer is a bend or a dead end

    def dead_ends(self) -> gpd.GeoSeries:
        """
        List the nodes where one street ends and nothing else meets.

        Returns
        -------
        dead_ends
            Points indexed by node.
        """
        return self._points(self._degree == 1)

    def slope_penalty(self) -> pd.Series | None:
        """
        Measure the time that slopes add to a walk there and back.

        Returns
        -------
        added
            By edge: minutes added, over minutes on the level; NaN for steps
            that carry, lifts and what is barred. None where the city is flat.
        """
        edges, m_per_min = self.edges, self.walker.m_per_min
        both = edges["minutes_there"] + edges["minutes_back"]
        added = both / (2 * edges["length_m"] / m_per_min).where(edges["length_m"] > 0) - 1
        is_walked = ~_edges.is_carried(edges) & np.isfinite(both)
        return added.where(is_walked) if self.is_sloped else None

    def snap(
        self,
        points: Places,
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
            nearest (the first of several); ``offset_m`` and ``rest_m``, way
            along it from its ``from_node`` and on to its ``to_node`` [m];
            ``snap_m``, straight distance to it [m]; ``component``; ``is_far``,
            over 200 m from it; ``is_moved``, whether a nearer edge on an island
            was passed over. Points that do not meet the network have -1, NaN,
            NaN, NaN, -1 and are far.

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
        met = lines.meet(shapes, max_m=max_m)
        edge = np.full(len(shapes), NO_LINE)
        share, snap_m = np.full((2, len(shapes)), np.nan)
        edge[met.place], share[met.place], snap_m[met.place] = met.line, met.start, met.gap
        length_m = np.append(self.edges["length_m"].to_numpy(dtype=float), np.nan)[edge]
        is_moved = np.zeros(len(shapes), dtype=bool)
        if lines is not self._all_lines:
            _, _, island_m = self._lines_of_islands.nearest(shapes, max_m=max_m)
            is_moved = island_m < np.nan_to_num(snap_m, nan=np.inf)
        return pd.DataFrame(
            {
                "edge": edge,
                "offset_m": share * length_m,
                "rest_m": (1 - share) * length_m,
                "snap_m": snap_m,
                "component": np.append(self.edges["component"].to_numpy(), NO_LINE)[edge],
                "is_far": ~(snap_m <= FAR_M),
                "is_moved": is_moved,
            },
            index=points.index,
        )

    # ---------------------------------------------------------------- walks
    def nearest_min(
        self,
        services_by_category: Mapping[str, Places],
        *,
        origins: Places | None = None,
        within_min: float | None = None,
        k: int = 1,
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
            Points with a unique index. One inside an area is there already. By
            default all nodes of the network.
        within_min
            Longest walk to look for [minutes]. By default any.
        k
            Which service counts: 1 for the nearest, 2 for the second nearest.
        largest_only
            Whether to pass over edges outside the largest component.
        max_snap_m
            Places farther than this from any edge do not meet it [m].

        Returns
        -------
        minutes
            Origins by category. NaN where the origin does not meet the
            network, or fewer than `k` services are reached (within
            ``attrs["limit_min"]``).

        Raises
        ------
        DataError
            If an origin's id repeats, a geometry is missing or an origin is no
            point, a place is over 50 km off the map, `k` is below 1, or a
            limit is not above 0.
        CRSError
            If a CRS differs.
        """
        if k < 1:
            msg = f"k: must be at least 1, is {k}"
            raise DataError(msg)
        limit_min = _limit(within_min)
        how: dict[str, Any] = {"largest_only": largest_only, "max_m": max_snap_m}
        goals, category = self._goals(services_by_category, **how)
        starts, index = self._starts(origins, beside=goals, **how)
        minutes = self._graph.nearest(
            starts,
            goals,
            group=category,
            groups=len(services_by_category),
            k=int(k),
            limit_min=limit_min,
        )
        # In place: with all nodes and many categories this is the largest table there is
        minutes[np.isinf(minutes)] = np.nan
        np.minimum(minutes, limit_min, out=minutes)
        frame = pd.DataFrame(minutes, index=index, columns=list(services_by_category), copy=False)
        return _limited(frame, within_min)

    def count_within(
        self,
        services_by_category: Mapping[str, Places],
        *,
        within_min: float,
        origins: Places | None = None,
        largest_only: bool = True,
        max_snap_m: float | None = None,
    ) -> pd.DataFrame:
        """
        Count the services of each category within a walk.

        Parameters
        ----------
        services_by_category
            As for `nearest_min`.
        within_min
            Longest walk [minutes].
        origins
            As for `nearest_min`.
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
        return self.sum_within(
            services_by_category,
            within_min=within_min,
            origins=origins,
            largest_only=largest_only,
            max_snap_m=max_snap_m,
        )

    def sum_within(
        self,
        services_by_category: Mapping[str, Places],
        *,
        within_min: float,
        weight: str | None = None,
        decay: Callable[[np.ndarray], np.ndarray] | None = None,
        origins: Places | None = None,
        largest_only: bool = True,
        max_snap_m: float | None = None,
    ) -> pd.DataFrame:
        """
        Add up what services within a walk offer, the nearer the more if wished.

        Parameters
        ----------
        services_by_category
            As for `nearest_min`.
        within_min
            Longest walk [minutes].
        weight
            Column of the services to add up, such as ``capacity``; NaN is
            unknown. By default each counts 1.
        decay
            Weight of a walk by an array of minutes, as `measures.decay` makes
            them. By default every walk within the limit counts in full.
        origins
            As for `nearest_min`.
        largest_only
            Whether to pass over edges outside the largest component.
        max_snap_m
            Places farther than this from any edge do not meet it [m].

        Returns
        -------
        sums
            Origins by category; 0 where nothing is reached, NaN where the
            origin does not meet the network or reaches what is unknown.
            ``attrs["limit_min"]`` is `within_min`.

        Raises
        ------
        DataError
            As `nearest_min`, and if services have no column `weight`.
        CRSError
            If a CRS differs.
        """
        limit_min = _limit(within_min)
        how: dict[str, Any] = {"largest_only": largest_only, "max_m": max_snap_m}
        goals, category = self._goals(services_by_category, **how)
        starts, index = self._starts(origins, beside=goals, **how)
        amount = None if weight is None else _amounts(services_by_category, weight)
        categories = len(services_by_category)
        sums = np.zeros(len(starts.shapes) * categories)
        for pairs in self._graph.pairs(starts, goals, limit_min=limit_min):
            place = pairs.origin.astype("int64") * categories + category[pairs.goal]
            share = None if amount is None else amount[pairs.goal]
            if decay is not None:
                near = decay(np.minimum(pairs.minutes, limit_min))
                share = near if share is None else share * near
            np.add.at(sums, place, 1.0 if share is None else share)
        table = sums.reshape(len(starts.shapes), categories)
        table[~starts.meets] = np.nan
        frame = pd.DataFrame(table, index=index, columns=list(services_by_category), copy=False)
        return _limited(frame, within_min)

    def costs(
        self,
        origins: Places,
        destinations: Places,
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
        found = self.pairs(
            origins,
            destinations,
            within_min=within_min,
            largest_only=largest_only,
            max_snap_m=max_snap_m,
        )
        table = pd.DataFrame(
            {
                "from_id": origins.index.take(found.origin),
                "to_id": destinations.index.take(found.goal),
                "minutes": found.minutes,
            },
            copy=False,
        )
        return _limited(table, within_min)

    def pairs(
        self,
        origins: Places,
        destinations: Places,
        *,
        within_min: float,
        largest_only: bool = True,
        max_snap_m: float | None = None,
    ) -> "Pairs":
        """
        Measure the same walks as `costs`, told by position, in two thirds of its memory.

        Parameters
        ----------
        origins
            As for `nearest_min`.
        destinations
            As for `costs`.
        within_min
            Longest walk [minutes].
        largest_only
            Whether to pass over edges outside the largest component.
        max_snap_m
            Places farther than this from any edge do not meet it [m].

        Returns
        -------
        pairs
            Positions of ``origin`` and ``goal``, and ``minutes``, ordered as
            the origins and then the destinations; a pair that is absent is not
            reached within the limit, and no number is NaN.

        Raises
        ------
        DataError
            As `costs`.
        CRSError
            If a CRS differs.
        """
        limit_min = _limit(within_min)
        how: dict[str, Any] = {"largest_only": largest_only, "max_m": max_snap_m}
        starts, _ = self._starts(origins, **how)
        schema.check_unique(destinations.index, name="destinations")
        goals, _ = self._goals({"destinations": destinations}, **how)
        found = self._graph.every_pair(starts, goals, limit_min=limit_min)
        np.minimum(found.minutes, limit_min, out=found.minutes)
        return found

    def spread(
        self, origins: Places, *, within_min: float, largest_only: bool = True
    ) -> Iterator[tuple[Any, pd.Series]]:
        """
        Measure the walk from each origin to every node.

        Parameters
        ----------
        origins
            As for `nearest_min`.
        within_min
            Longest walk [minutes].
        largest_only
            Whether to pass over edges outside the largest component.

        Yields
        ------
        origin
            Id of an origin.
        minutes
            Its walk to the nodes that it reaches, by node.

        Raises
        ------
        DataError
            As `nearest_min`.
        CRSError
            If a CRS differs.
        """
        starts, index = self._starts(origins, largest_only=largest_only, max_m=None)
        walks = self._graph.spread(starts, limit_min=_limit(within_min))
        for origin, minutes in zip(index, walks, strict=True):
            by_node = pd.Series(minutes[self._rank], index=self.places.index, name="minutes")
            yield origin, by_node[np.isfinite(by_node)]

    def on_map(self, places: Places) -> np.ndarray:
        """
        Tell which places are near enough for a walk to be looked for.

        Parameters
        ----------
        places
            In the CRS of the network, each with a geometry.

        Returns
        -------
        on_map
            Whether each lies within 50 km of the bounds of the network; the
            others are refused by whatever measures walks.
        """
        is_off = self._off_map(places.geometry.to_numpy())
        return np.asarray(~is_off.any(axis=1))

    def _off_map(self, shapes: np.ndarray) -> np.ndarray:
        """Tell which shapes are off the map, by shape and axis."""
        low, high = self._bounds
        bounds = shapely.bounds(shapes).reshape(-1, 2, 2)
        return (bounds[:, 1] < low - OFF_MAP_M) | (bounds[:, 0] > high + OFF_MAP_M)

    def _check_on_map(self, shapes: np.ndarray, ids: Mapping[str, pd.Index]) -> None:
        """Refuse places so far off that their coordinates must be wrong."""
        is_off = self._off_map(shapes)
        if not is_off.any():
            return
        names = np.repeat(list(ids), [len(one) for one in ids.values()])
        every = np.concatenate([one.to_numpy(dtype=object) for one in ids.values()])
        off = is_off.any(axis=1)
        said = [f"{name}: {shown(every[off & (names == name)])}" for name in set(names[off])]
        msg = f"over {OFF_MAP_M / 1000:g} km off the map: {'; '.join(sorted(said))}"
        raise DataError(msg, ids=pd.Index(every[off]))

    def _points(self, which: np.ndarray) -> gpd.GeoSeries:
        """Give some of the nodes as points."""
        some = self.places[which]
        points = shapely.points(some["x"], some["y"])
        return gpd.GeoSeries(points, index=some.index, crs=self.edges.crs, name="geometry")

    # ------------------------------------------------------------ the graph
    @cached_property
    def _bounds(self) -> np.ndarray:
        """Lowest and highest coordinates of the edges."""
        return self.edges.total_bounds.reshape(2, 2)

    @cached_property
    def _ends(self) -> np.ndarray:
        """Positions of the two nodes of every edge."""
        columns = [self.places.index.get_indexer(self.edges[c]) for c in ("from_node", "to_node")]
        return np.column_stack(columns).astype("int32")

    @cached_property
    def _degree(self) -> np.ndarray:
        """How many ends of open edges meet at every node."""
        is_open = self.edges["component"].to_numpy() >= 0
        return np.bincount(self._ends[is_open].ravel(), minlength=len(self.places))

    @cached_property
    def _graph(self) -> "Graph":
        """The network to walk on."""
        from geoequity.streets._walks import Graph  # noqa: PLC0415 - numba is slow to import

        there, back = self.edges[MINUTES].to_numpy(dtype=float).T
        ends = self._rank[self._ends]
        return Graph(ends, there, back, nodes=len(self.places), m_per_min=self.walker.m_per_min)

    @cached_property
    def _rank(self) -> np.ndarray:
        """Number nodes along a curve that keeps neighbours together, to keep memory near."""
        xy = self.places[["x", "y"]].to_numpy()
        low, size = xy.min(axis=0), np.ptp(xy, axis=0).max()
        step = ((xy - low) / (size or 1.0) * (2**16 - 1)).astype("uint64")
        for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
            step = (step | (step << np.uint64(shift))) & np.uint64(mask)
        order = np.argsort(step[:, 0] | (step[:, 1] << np.uint64(1)), kind="stable")
        return np.argsort(order).astype("int32")

    @cached_property
    def _all_lines(self) -> Lines:
        """All edges that may be walked and have a length, to meet places."""
        shapes = np.asarray(self.edges.geometry.array, dtype=object)
        is_met = (self.edges["component"] >= 0).to_numpy() & (shapely.length(shapes) > 0)
        return Lines(shapes, np.flatnonzero(is_met))

    @cached_property
    def lines_of_largest(self) -> Lines:
        """
        Index the edges of the largest component by where they run.

        Returns
        -------
        lines
            Those that may be walked and have a length.
        """
        every = self._all_lines
        some = every.some[self.edges["component"].to_numpy()[every.some] == 0]
        return every if len(some) == len(every.some) else replace(every, some=some)

    @cached_property
    def _lines_of_islands(self) -> Lines:
        """The other edges that places may meet: few, and an index of all is large."""
        every = self._all_lines
        return replace(every, some=every.some[self.edges["component"].to_numpy()[every.some] != 0])

    def _lines(self, *, largest_only: bool, max_m: float | None) -> Lines:
        """Edges that places may meet."""
        if max_m is not None:
            schema.check_above_0(max_m, name="the distance to look for an edge")
        return self.lines_of_largest if largest_only else self._all_lines

    def _starts(
        self,
        origins: Places | None,
        *,
        largest_only: bool,
        max_m: float | None,
        beside: Stretches | None = None,
    ) -> tuple[Stretches, pd.Index]:
        """Check origins and find where they meet the network; nodes are where they are."""
        if origins is None:
            _, first = np.unique(self._ends.ravel(), return_index=True)
            share = (first % 2).astype(float)
            # Points are asked for only where one may lie in an area
            shapes = np.full(len(first), None, dtype=object)
            if beside is not None and (shapely.get_dimensions(beside.shapes) > 0).any():
                shapes = np.asarray(self.nodes.geometry.array, dtype=object)
            place, gap = np.arange(len(first)), np.zeros(len(first))
            return Stretches(place, first // 2, share, share, gap, shapes), self.places.index
        schema.check_same_crs(origins, self.edges, names=("origins", "edges"))
        schema.check_unique(origins.index, name="origins")
        shapes = shapes_of(origins, name="origins", points_only=True)
        self._check_on_map(shapes, {"origins": origins.index})
        lines = self._lines(largest_only=largest_only, max_m=max_m)
        return lines.meet(shapes, max_m=max_m), origins.index

    def _goals(
        self,
        by_category: Mapping[str, Places],
        *,
        largest_only: bool,
        max_m: float | None,
    ) -> tuple[Stretches, np.ndarray]:
        """Check services, number their categories and find where they meet the network."""
        shapes, category = stacked(by_category, same_crs=self.edges, name="edges")
        self._check_on_map(
            shapes, {f"services: {key}": one.index for key, one in by_category.items()}
        )
        lines = self._lines(largest_only=largest_only, max_m=max_m)
        return lines.meet(shapes, max_m=max_m), category


def _limit(within_min: float | None) -> float:
    """Check a limit; infinite where there is none."""
    if within_min is None:
        return float("inf")
    schema.check_above_0(within_min, name="within_min")
    return float(within_min)


def _limited(frame: pd.DataFrame, within_min: float | None) -> pd.DataFrame:
    """Note the limit on a table."""
    if within_min is not None:
        frame.attrs["limit_min"] = float(within_min)
    return frame


def _amounts(services_by_category: Mapping[str, Places], column: str) -> np.ndarray:
    """Take what the services of all categories offer."""
    lacking = [key for key, one in services_by_category.items() if column not in one]
    if lacking:
        msg = f"services: no column {column}: {shown(lacking)}"
        raise DataError(msg)
    parts = [one[column].to_numpy(dtype=float) for one in services_by_category.values()]
    return np.concatenate([np.empty(0), *parts])
