"""
The walks of a study: from the homes of every cell to every kind of place.

Where streets are not all there, walks are not taken along them as if they
were: a district whose people mostly live off the network, or a home far from
it, is measured in a straight line instead, and says so.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geoequity.indicators import SAFE_SUFFIX, STOP_PREFIX
from geoequity.keeping import FORGETFUL, Kept
from geoequity.measures import proximity
from geoequity.streets import ADULT, HeightAt, StreetNetwork, Walker, make_homes, straight_line_min
from geoequity.summary import plain
from geoequity.units import district_of

COUNT_MIN = 15.0  # services within it are counted, after the 15-minute city

_MAIN_ROADS = frozenset(
    kind + link for kind in ("motorway", "trunk", "primary", "secondary") for link in ("", "_link")
)
_KINDS = 8  # of place, walked to at a time
_NET_M = 150.0
_MIN_LOCAL_SHARE = 0.25  # of the length of a network on which people can live
_MIN_WHOLE_SHARE = 0.5  # of it that must hang together


@dataclass(frozen=True, kw_only=True)
class Manner:
    """
    How walks are taken.

    Parameters
    ----------
    detour_factor
        How much longer than a straight line a walk is, off the network.
    spacing_m
        Street for each home [m].
    min_covered_share
        Share of a district's people [0-1] that must live on the network for
        its walks to be taken along it.
    """

    detour_factor: float
    spacing_m: float
    min_covered_share: float


@dataclass(frozen=True, kw_only=True)
class Walks:
    """
    What people reach on foot.

    Parameters
    ----------
    network
        The streets; None where there are none that can be walked along.
    homes
        Where people set out: points with ``cell_id``, ``share`` of the cell's
        people and ``straight``, whether measured in a straight line; None
        without cells.
    minutes
        Homes x places; NaN where none is reached.
    metres
        Homes x places: the way to the nearest [m], for those that distances
        are asked of; hills and escalators are no matter to it.
    counts
        Homes x places: how many are within 15 minutes; NaN where walks are
        measured in a straight line.
    by_walker
        Walker -> cells x purposes: minutes to the nearest place that serves it,
        the mean of the homes of each cell. Whose walks are told first is first.
    streets_share
        By district: share of its people who live on the network, or of its land
        that lies near it where no cells tell where they live [0-1]; None
        without a network.
    report
        Facts for the summary: what the network is, and who is off it.
    """

    network: StreetNetwork | None
    homes: gpd.GeoDataFrame | None
    minutes: pd.DataFrame | None
    metres: pd.DataFrame | None = None
    counts: pd.DataFrame | None = None
    by_walker: dict[str, pd.DataFrame] = field(default_factory=dict)
    streets_share: pd.Series | None = None
    report: dict[str, Any] = field(default_factory=dict)


def make_network(
    streets: gpd.GeoDataFrame,
    *,
    walker: Walker = ADULT,
    height_at: HeightAt | None = None,
    lifts: Iterable[object] = (),
) -> tuple[StreetNetwork | None, dict[str, Any]]:
    """
    Build the network, unless it is none that people could walk along.

    Parameters
    ----------
    streets
        Edges as `StreetNetwork.from_edges` takes them.
    walker
        Who walks.
    height_at
        Height of the ground; None takes it as level.
    lifts
        Nodes that are lifts.

    Returns
    -------
    network
        None where the table holds main roads only, or falls apart.
    report
        ``kind`` (whole, main_roads, fragments), ``components``,
        ``outside_share`` of length outside the largest of them, ``length_km``.

    Raises
    ------
    DataError
        If an edge cannot be, or none is walkable.
    CRSError
        If the CRS is not in metres.
    """
    network = StreetNetwork.from_edges(
        streets, walker=walker, height_at=height_at, lifts=lifts, merge=True
    )
    islands = network.islands()
    kind = "whole"
    if islands["outside_share"] > 1 - _MIN_WHOLE_SHARE:
        kind = "fragments"
    if "highway" in streets.columns:
        is_local = ~streets["highway"].isin(_MAIN_ROADS)
        if "walkable" in streets.columns:
            is_local &= streets["walkable"]
        if streets["length_m"][is_local].sum() < _MIN_LOCAL_SHARE * streets["length_m"].sum():
            kind = "main_roads"
    report = {
        "kind": kind,
        "components": islands["components"],
        "outside_share": islands["outside_share"],
        "length_km": float(network.edges["length_m"].sum()) / 1000,
    }
    return (network if kind == "whole" else None), report


def walk(
    network: StreetNetwork | None,
    *,
    cells: gpd.GeoDataFrame,
    services: gpd.GeoDataFrame,
    stops: gpd.GeoDataFrame,
    places: Iterable[str],
    by_distance: Iterable[str] = (),
    purposes: Mapping[str, Sequence[str]] | None = None,
    walkers: Sequence[Walker] = (ADULT,),
    manner: Manner,
    kept: Kept = FORGETFUL,
) -> Walks:
    """
    Measure the walks from every cell's homes to the nearest place of each kind.

    Parameters
    ----------
    network
        The streets; None measures every walk in a straight line.
    cells
        Cells with ``district_id`` and, where known, ``population``.
    services
        Services; where ``in_hazard`` is told, those outside the zone are a kind
        of their own.
    stops
        Stops by ``mode``.
    places
        Kinds to walk to: categories of services, ``stop:<mode>``.
    by_distance
        Those of them that distances are asked of, too.
    purposes
        What people walk for -> the kinds of place that serve it, by which walkers
        are compared; those of which none is there are left out.
    walkers
        Who walks: everybody as the first, whom the others are compared with.
    manner
        How walks are taken.
    kept
        What was walked before: places that are as they were are not walked to
        again.

    Returns
    -------
    walks
        Homes and their walks.

    Raises
    ------
    DataError
        If a table breaks its contract.
    CRSError
        If CRSs differ.
    """
    walker = walkers[0]
    targets = _targets(services, stops, set(places))
    homes, share, report = kept.once(
        "homes", lambda: _homes(network, cells, manner), network, cells, manner
    )
    near = {one: shapes for one, shapes in targets.items() if one in set(by_distance)}

    def streets_of(who: Walker | None) -> StreetNetwork | None:
        # Made of the network alone, and sooner made anew than read from a disk
        if network is None or who is walker:
            return network
        held = kept.in_memory()
        if who is None:
            return held.once("level", network.levelled, network)
        return held.once("network", lambda: network.for_walker(who), network, who)

    def minutes(who: Walker | None, to: Mapping[str, gpd.GeoSeries]) -> pd.DataFrame:
        # As somebody does, or on the level
        columns = kept.each(
            "minutes",
            {one: (shapes, network, homes, who, walker, manner) for one, shapes in to.items()},
            lambda which: _some_at_a_time(
                partial(
                    _minutes,
                    streets_of(who),
                    walker=who or walker,
                    detour_factor=manner.detour_factor,
                ),
                {one: to[one] for one in which},
                homes,
            ),
        )
        return pd.DataFrame(columns, index=homes.index, columns=list(to))

    adult = minutes(walker, targets)
    served = {
        purpose: there
        for purpose, kinds in (purposes or {}).items()
        if (there := [one for one in kinds if one in targets])
    }

    def at_cells(who: Walker) -> pd.DataFrame:
        def means(which: list[str]) -> dict[str, np.ndarray]:
            kinds = {kind: targets[kind] for one in which for kind in served[one]}
            table = adult if who is walker else minutes(who, kinds)
            nearest = {one: proximity.nearest(table, categories=served[one]) for one in which}
            walks = pd.DataFrame(nearest, index=homes.index, copy=False)
            found = proximity.over_homes(walks, homes=homes, cells=cells.index)
            return {one: found[one].to_numpy() for one in which}

        made_of = (network, homes, who, walker, manner, cells.index)
        columns = kept.each(
            "minutes at cells",
            {one: ([targets[kind] for kind in kinds], *made_of) for one, kinds in served.items()},
            means,
        )
        return pd.DataFrame(columns, index=cells.index)

    counts = kept.each(
        "counts",
        {one: (shapes, network, homes) for one, shapes in targets.items()},
        lambda which: _some_at_a_time(
            partial(_counts, network), {one: targets[one] for one in which}, homes
        ),
    )
    return Walks(
        network=network,
        homes=homes,
        minutes=adult,
        metres=minutes(None, near) * walker.m_per_min,
        counts=pd.DataFrame(counts, index=homes.index, columns=list(targets)),
        by_walker={one.name: at_cells(one) for one in walkers},
        streets_share=share,
        report=report,
    )


def _homes(
    network: StreetNetwork | None, cells: gpd.GeoDataFrame, manner: Manner
) -> tuple[gpd.GeoDataFrame, pd.Series | None, dict[str, Any]]:
    """Place the homes, and tell which the network serves."""
    if network is None:
        return _one_a_cell(cells), None, {}
    homes = make_homes(cells, network, spacing_m=manner.spacing_m)
    people = _people_at(homes, cells)
    share = _share_on(homes, people)
    homes["straight"], report = _off_network(
        homes, network, people=people, astray=share.index[share < manner.min_covered_share]
    )
    return homes.drop(columns="district"), share, report


def _one_a_cell(cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put a home inside each cell, for walks in a straight line."""
    return gpd.GeoDataFrame(
        {"cell_id": cells.index, "share": 1.0, "on_street": False, "straight": True},
        index=cells.index.rename("home_id"),
        geometry=cells.representative_point().array,
        crs=cells.crs,
    )


def _targets(
    services: gpd.GeoDataFrame, stops: gpd.GeoDataFrame, places: set[str]
) -> dict[str, gpd.GeoSeries]:
    """Sort what people walk to by kind."""
    found = _apart(services, "category", "{}", among=places)
    if "in_hazard" in services.columns:
        safe = services[services["in_hazard"].eq(other=False).fillna(value=False)]
        found |= _apart(safe, "category", f"{{}}{SAFE_SUFFIX}", among=places)
    return found | _apart(stops, "mode", f"{STOP_PREFIX}{{}}", among=places)


def _apart(
    places: gpd.GeoDataFrame, column: str, name: str, *, among: set[str]
) -> dict[str, gpd.GeoSeries]:
    """Part places by kind, some kinds alone, each under a name with the kind in it."""
    shapes, kinds = places.geometry, places.groupby(column).indices
    rows = {name.format(kind): at for kind, at in kinds.items()}
    return {one: shapes.iloc[at] for one, at in rows.items() if one in among}


def _people_at(homes: gpd.GeoDataFrame, cells: gpd.GeoDataFrame) -> pd.Series:
    """Count who sets out from each home; every cell counts alike where nobody was counted."""
    homes["district"] = cells["district_id"].reindex(homes["cell_id"]).to_numpy()
    people = pd.Series(1.0, index=cells.index)
    if "population" in cells.columns and cells["population"].sum() > 0:
        people = cells["population"].fillna(0.0)
    return homes["share"] * people.reindex(homes["cell_id"]).to_numpy()


def _share_on(homes: gpd.GeoDataFrame, people: pd.Series) -> pd.Series:
    """Share of each district's people who live on the network; 0 where nobody lives."""
    table = pd.DataFrame({"on": people.where(homes["on_street"], 0.0), "all": people})
    sums = table.groupby(homes["district"]).sum()
    return (sums["on"] / sums["all"].where(sums["all"] > 0)).fillna(0.0)


def _off_network(
    homes: gpd.GeoDataFrame, network: StreetNetwork, *, people: pd.Series, astray: pd.Index
) -> tuple[pd.Series, dict[str, Any]]:
    """Tell which homes the network does not serve, and how many people live there."""
    snapped = network.snap(homes)
    straight = homes["district"].isin(astray) | snapped["is_far"]
    rows = {
        "off_street_share": ~homes["on_street"],
        "far_share": snapped["is_far"],
        "island_share": snapped["is_moved"],
        "straight_share": straight,
    }
    total = float(people.sum())
    share = {name: float(people[some].sum()) / total for name, some in rows.items() if total}
    return straight, {**share, "straight_districts": [str(one) for one in astray]}


def land_share(districts: gpd.GeoDataFrame, network: StreetNetwork) -> pd.Series:
    """
    Measure how much of each district lies near a street.

    Where no cells tell where people live, land is all there is to go by: of a
    district that is mostly hills this is little, however well it is mapped.

    Parameters
    ----------
    districts
        Districts in the CRS of the network.
    network
        The streets; those of its largest component.

    Returns
    -------
    share
        Share of a net of points, 150 m apart, that lie within 200 m of a street
        [0-1], by district.

    Raises
    ------
    CRSError
        If the CRS differs.
    """
    west, south, east, north = districts.total_bounds
    x, y = np.meshgrid(np.arange(west, east, _NET_M), np.arange(south, north, _NET_M))
    points = gpd.GeoSeries.from_xy(x.ravel(), y.ravel(), crs=districts.crs)
    inside = district_of(points, districts)
    points, inside = points[inside.notna()], inside.dropna()
    near = ~network.snap(points)["is_far"]
    return near.groupby(inside).mean().reindex(districts.index, fill_value=0.0)


def _minutes(
    network: StreetNetwork | None,
    targets: Mapping[str, gpd.GeoSeries],
    homes: gpd.GeoDataFrame,
    *,
    walker: Walker,
    detour_factor: float,
) -> pd.DataFrame:
    """Walk along the network where it serves, in a straight line elsewhere."""
    minutes = np.full((len(homes), len(targets)), np.nan, order="F")  # each column in one piece
    straight = homes["straight"].to_numpy(dtype=bool) | (network is None)
    if straight.any():
        minutes[straight] = straight_line_min(
            targets,
            origins=homes[straight],
            speed_kmh=walker.speed_kmh,
            detour_factor=detour_factor,
        )
    if network is not None and not straight.all():
        minutes[~straight] = network.nearest_min(targets, origins=homes[~straight])
    return pd.DataFrame(minutes, index=homes.index, columns=list(targets), copy=False)


def _some_at_a_time(
    walked: Callable[[Mapping[str, gpd.GeoSeries], gpd.GeoDataFrame], pd.DataFrame],
    targets: Mapping[str, gpd.GeoSeries],
    homes: gpd.GeoDataFrame,
) -> dict[str, np.ndarray]:
    """Walk to a few kinds of place at a time, as the homes of a metropolis are a million."""
    found: dict[str, np.ndarray] = {}
    names = list(targets)
    for at in range(0, len(names), _KINDS):
        table = walked({one: targets[one] for one in names[at : at + _KINDS]}, homes)
        # Without the names of the homes, which would be kept as often as there are kinds
        found |= {str(one): column.to_numpy() for one, column in table.items()}
    return found


def _counts(
    network: StreetNetwork | None, targets: Mapping[str, gpd.GeoSeries], homes: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Count what is within 15 minutes along the network; unknown where it does not serve."""
    # Whole numbers that four bytes hold as well as eight
    counts = np.full((len(homes), len(targets)), np.nan, dtype="float32", order="F")
    served = ~homes["straight"].to_numpy(dtype=bool)
    if network is not None and served.any():
        counts[served] = network.count_within(targets, origins=homes[served], within_min=COUNT_MIN)
    return pd.DataFrame(counts, index=homes.index, columns=list(targets), copy=False)


def report_of(walks: Walks, *, cells: gpd.GeoDataFrame | None) -> dict[str, Any]:
    """
    Tell the walks of a study for its summary.

    Parameters
    ----------
    walks
        The walks.
    cells
        Cells with ``population``.

    Returns
    -------
    told
        The report of the walks; ``slope``, whether hills are in them;
        ``homes``, how many; and ``groups``: other walker -> purpose ->
        ``mean`` over the people who reach it, the ``adult`` mean, and
        ``unreached_share``, people who do not reach it, such as wheelchair
        users behind steps. Empty where nobody was counted.
    """
    homes = walks.homes
    usual, *others = walks.by_walker or [""]
    told = {
        **walks.report,
        "slope": walks.network is not None and walks.network.is_sloped,
        "homes": None if homes is None else len(homes),
        "groups": {name: {} for name in others},
    }
    if not usual or cells is None or "population" not in cells:
        return told
    people = cells["population"].fillna(0.0).to_numpy()
    over = {name: _over_people(table, people) for name, table in walks.by_walker.items()}
    for name in others:
        for purpose, (mean, unreached) in over[name].items():
            told["groups"][name][purpose] = {
                "mean": plain(mean),
                "adult": plain(over[usual][purpose][0]),
                "unreached_share": plain(unreached),
            }
    return told


def _over_people(table: pd.DataFrame, people: np.ndarray) -> dict[str, tuple[float, float]]:
    """Average cells over the people who reach the nearest; share of those who do not."""
    total, found = float(people.sum()), {}
    for purpose, minutes in table.items():
        is_reached = minutes.notna().to_numpy()
        reached = np.where(is_reached, people, 0.0)
        number = float(reached.sum())
        held = float(np.where(is_reached, minutes.to_numpy() * reached, 0.0).sum())
        mean = held / number if number else float("nan")
        found[str(purpose)] = (mean, 1 - number / total) if total else (float("nan"),) * 2
    return found
