"""Choose sites in a city, and say what they would change."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geoequity import __version__, inequality, schema, siting
from geoequity.errors import ConfigError, DataError, shown
from geoequity.indicators import Definition
from geoequity.judgement import EPSILON
from geoequity.measures import proximity
from geoequity.placing._findings import findings
from geoequity.streets import StreetNetwork, Walker, straight_line_costs
from geoequity.summary import plain
from geoequity.transit import Rider, Timetable
from geoequity.units import district_of
from geoequity.walking import COUNT_MIN, Walks

MOST_CANDIDATES = 2_000  # of those that nobody names
BY = ("walk", "transit")
_RIDE_MIN = 90.0
_LEAST_LIMIT_MIN = 60.0
_BANDS = (0.5, 0.8, 0.95, 0.99, 1.0)  # of homes by how far they walk today
_CHUNK = 200  # candidates at a time
_GROWTH = 1.1
_LONLAT = "EPSG:4326"


@dataclass(frozen=True, kw_only=True)
class Ground:
    """
    A city before anything is sited.

    Parameters
    ----------
    city
        What a summary says of the city.
    districts
        Districts with ``name`` and, where known, ``population``.
    cells
        Cells with ``district_id`` and ``population``.
    services
        All services.
    walks
        Homes, and the walks to the services of the category.
    walker
        Who walks.
    detour_factor
        How much longer than a straight line a walk is, off the network.
    groups
        Columns of the cells that count groups of people.
    category
        What is to be sited.
    indicator
        The indicator that measures it; None where only minutes can be told.
    timetable
        Public transport; None where the city has no timetable.
    rider
        Who rides it.
    window
        When they leave home.
    """

    city: Mapping[str, Any]
    districts: gpd.GeoDataFrame
    cells: gpd.GeoDataFrame
    services: gpd.GeoDataFrame
    walks: Walks
    walker: Walker
    detour_factor: float
    groups: tuple[str, ...]
    category: str
    indicator: Definition | None
    timetable: Timetable | None
    rider: Rider
    window: tuple[str, str]

    @property
    def categories(self) -> tuple[str, ...]:
        """
        List what serves the same purpose.

        Returns
        -------
        categories
            Those of the indicator, or the category alone.
        """
        return (
            (self.category,)
            if self.indicator is None
            else tuple(self.indicator.parameters["categories"])
        )

    @property
    def within_m(self) -> float | None:
        """
        Tell within which distance people are served.

        Returns
        -------
        within_m
            That of the indicator [m]; None where it counts minutes.
        """
        return None if self.indicator is None else self.indicator.parameters.get("within_m")


@dataclass(frozen=True, kw_only=True)
class Ask:
    """
    What is asked of a siting.

    Parameters
    ----------
    count
        How many sites to open at most; None leaves it to the budget.
    objective
        One of ``siting.OBJECTIVES``.
    within_min
        Minutes within which people are served; None takes the indicator's own
        distance, else 15.
    budget
        What the sites may cost together; None where nothing is charged.
    capacity
        Places of a site that says nothing itself; None without limit.
    by
        ``walk`` or ``transit``.
    """

    count: int | None
    objective: str = "ede"
    within_min: float | None = None
    budget: float | None = None
    capacity: float | None = None
    by: str = "walk"


@dataclass(frozen=True, kw_only=True, eq=False)
class Placing:
    """
    Where new services would do most in a city.

    Parameters
    ----------
    sites
        Index candidate id: points in the CRS of the study, ``name``,
        ``category``, ``district_id``, ``people`` who would go there, their mean
        ``minutes``, ``capacity`` and ``price`` (NaN where none is given).
    existing
        The services there are, in the same CRS.
    districts
        Districts with ``name``, ``population`` and, of those whose walk is known,
        ``minutes_before``, ``minutes_after``, ``within_before``, ``within_after``.
    table
        The same of the city, its districts and its groups of people, one row
        each: ``level``, ``unit_id``, ``name``, ``population`` and those columns.
    summary
        The content of ``siting.json``.
    """

    sites: gpd.GeoDataFrame
    existing: gpd.GeoDataFrame
    districts: gpd.GeoDataFrame
    table: pd.DataFrame
    summary: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Demand:
    """Who sets out from where: points with ``cell_id``, people, minutes today."""

    points: gpd.GeoDataFrame
    people: pd.Series
    current: pd.Series
    straight: np.ndarray
    unknown_people: float
    limit_min: float


def place(ground: Ground, ask: Ask, *, candidates: gpd.GeoDataFrame | None = None) -> Placing:
    """
    Choose where in a city new services would do most.

    Parameters
    ----------
    ground
        The city.
    ask
        What is asked.
    candidates
        Points in the CRS of the study by id, with ``name``, ``capacity`` and
        ``price`` where they are known. By default street nodes, thinned evenly to
        2,000 at most; in a city without streets, a point of each cell.

    Returns
    -------
    placing
        Sites, and what they would change.

    Raises
    ------
    ConfigError
        If transit is asked for in a city without a timetable.
    DataError
        If candidates lie outside the city or off the network, or as
        `siting.site`.
    CRSError
        If the candidates are in another CRS.
    """
    if ask.by == "transit" and ground.timetable is None:
        msg = f"{ground.city['id']}: has no timetable; take --by walk"
        raise ConfigError(msg)
    own = candidates is not None
    if candidates is None:
        candidates = street_candidates(ground)
    else:
        check_candidates(candidates, ground)
    candidates = _with_room(candidates, ask)
    _check_asked(ground, ask, candidates)
    demand = _demand(ground, ask)
    costs = _costs(ground, ask, candidates, demand)
    within = _within_min(ground, ask)
    shared: dict[str, Any] = {
        "costs": costs,
        "population": demand.people,
        "current": demand.current,
        "candidates": pd.DataFrame(
            candidates[[c for c in ("capacity", "price") if c in candidates]]
        ),
        "count": ask.count,
        "budget": ask.budget,
    }
    district = ground.cells["district_id"].reindex(demand.points["cell_id"])
    groups = pd.Series(district.to_numpy(), index=demand.people.index)
    objectives = _objectives(ground, ask, within, groups, _kappa(demand))
    found = siting.site(objective=objectives[ask.objective], **shared)
    others = {
        name: found
        if name == ask.objective
        else siting.site(objective=one, method="auto" if one.is_sum else "fast", **shared)
        for name, one in objectives.items()
        if "capacity" not in candidates or one.is_sum
    }
    frontier = siting.frontier(kappa=found.kappa, **shared)
    table = _table(ground, demand, found, within)
    sites = _sites(ground, candidates, found)
    return Placing(
        sites=sites,
        existing=ground.services[ground.services["category"].isin(ground.categories)],
        districts=_districts(ground, table),
        table=table,
        summary=_summary(
            ground,
            ask,
            {"within_min": within, "groups": groups, "own": own, "candidates": len(candidates)},
            demand=demand,
            found=found,
            others=others,
            frontier=frontier,
            sites=sites,
            table=table,
        ),
    )


# ------------------------------------------------------------------ candidates
def street_candidates(ground: Ground, *, most: int = MOST_CANDIDATES) -> gpd.GeoDataFrame:
    """
    Take street nodes as candidates, thinned evenly over the city.

    Parameters
    ----------
    ground
        The city.
    most
        How many at most.

    Returns
    -------
    candidates
        Points by id, inside the districts; of the nodes that share a square of a
        grid the one nearest its middle. In a city without streets, a point of
        each inhabited cell.
    """
    network = ground.walks.network
    if network is None:
        lived = ground.cells[ground.cells["population"] > 0]
        points = gpd.GeoSeries(lived.representative_point(), index=lived.index)
        points.index = [f"cell/{one}" for one in lived["cell_id"].astype(str)]
        points = points[~points.index.duplicated()]
    else:
        nodes = network.nodes
        points = nodes.geometry[nodes["component"] == 0]
        points.index = [f"node/{one}" for one in points.index]
    points = points[district_of(points, ground.districts).notna()]
    return gpd.GeoDataFrame(geometry=_thinned(points, most)).rename_axis("site_id")


def _thinned(points: gpd.GeoSeries, most: int) -> gpd.GeoSeries:
    """Keep one point a square, of squares just large enough."""
    if len(points) <= most:
        return points
    x, y = points.x.to_numpy(), points.y.to_numpy()
    side = float(np.sqrt(np.ptp(x) * np.ptp(y) / len(points)))
    while True:
        side *= _GROWTH
        column, row = np.floor(x / side), np.floor(y / side)
        off = np.hypot(x - (column + 0.5) * side, y - (row + 0.5) * side)
        table = pd.DataFrame({"column": column, "row": row, "off": off})
        kept = table.sort_values("off", kind="stable").drop_duplicates(["column", "row"]).index
        if len(kept) <= most:
            return points.iloc[np.sort(kept)]


def check_candidates(candidates: gpd.GeoDataFrame, ground: Ground) -> None:
    """
    Refuse candidates where nothing can be opened, all faults at once.

    Parameters
    ----------
    candidates
        Points by id.
    ground
        The city.

    Raises
    ------
    DataError
        If there is none, an id repeats, one is no point, outside every district
        or farther than 200 m from any street.
    CRSError
        If they are in another CRS than the study.
    """
    schema.check_same_crs(candidates, ground.districts, names=("candidates", "districts"))
    schema.check_unique(candidates.index, name="candidates")
    if candidates.empty:
        msg = "candidates: there is none"
        raise DataError(msg)
    shapes = candidates.geometry
    no_point = shapes.isna() | shapes.is_empty | (shapes.geom_type != "Point")
    said = [f"no points: {shown(candidates.index[no_point])}"] if no_point.any() else []
    ids = list(candidates.index[no_point])
    points = candidates[~no_point].geometry
    outside = points.index[district_of(points, ground.districts).isna()]
    if len(outside):
        said.append(f"outside every district: {shown(outside)}")
    inside = points.drop(outside)
    if ground.walks.network is not None and len(inside):
        far = inside.index[ground.walks.network.snap(inside)["is_far"]]
        if len(far):
            said.append(f"off the network, over 200 m from any street: {shown(far)}")
        ids += list(far)
    if said:
        msg = f"candidates: {'; '.join(said)}"
        raise DataError(msg, ids=[*ids, *outside])


def _with_room(candidates: gpd.GeoDataFrame, ask: Ask) -> gpd.GeoDataFrame:
    """Give candidates that say nothing of places those that are asked for."""
    if ask.capacity is None:
        if "capacity" in candidates and candidates["capacity"].isna().any():
            lost = candidates.index[candidates["capacity"].isna()]
            msg = f"candidates: capacity unknown of {shown(lost)}; say --capacity for those"
            raise DataError(msg, ids=lost)
        return candidates
    given = candidates.get("capacity", pd.Series(np.nan, index=candidates.index))
    return candidates.assign(capacity=given.where(given.notna(), ask.capacity))


def _check_asked(ground: Ground, ask: Ask, candidates: gpd.GeoDataFrame) -> None:
    """Refuse what no siting can be, before anything is walked."""
    if ask.count is not None and not 1 <= ask.count <= len(candidates):
        msg = f"count: must be within 1-{len(candidates)}, the candidates, is {ask.count}"
        raise DataError(msg)
    if not (ground.cells["population"] > 0).any():
        msg = f"{ground.city['id']}: nobody was counted, so that nobody can be served"
        raise DataError(msg)
    if "capacity" in candidates and ask.objective in {"gap", "p-center"}:
        msg = f"{ask.objective}: cannot be sited with capacities; take ede, coverage or mean"
        raise DataError(msg)


# ------------------------------------------------------------------ who and how far
def _demand(ground: Ground, ask: Ask) -> _Demand:
    """Say who sets out from where, and how far it is for them today."""
    cells = ground.cells
    lived = cells["population"].where(cells["district_id"].notna())
    if ask.by == "transit":
        points = gpd.GeoDataFrame(
            {"cell_id": cells.index}, geometry=cells.representative_point().array, crs=cells.crs
        )
        people, straight = lived.reset_index(drop=True), np.zeros(len(points), dtype=bool)
        there = ground.services[ground.services["category"].isin(ground.categories)]
        near = _rides(ground, points, there)
        current = near.groupby("from_id")["minutes"].min().reindex(points.index)
    else:
        homes = ground.walks.homes
        assert homes is not None  # noqa: S101 - cells were there
        points = homes.reset_index(drop=True)[["cell_id", "geometry"]]
        people = pd.Series(
            homes["share"].to_numpy() * lived.reindex(homes["cell_id"]).to_numpy(),
            index=points.index,
        )
        straight = homes["straight"].to_numpy(dtype=bool)
        current = pd.Series(_walked(ground).to_numpy(), index=points.index)
    known = people.notna()
    return _Demand(
        points=points[known],
        people=people[known],
        current=current[known],
        straight=straight[known.to_numpy()],
        unknown_people=float(cells["population"].fillna(0.0).sum() - people[known].sum()),
        limit_min=_RIDE_MIN if ask.by == "transit" else _farthest(current[known]),
    )


def _farthest(minutes: pd.Series) -> float:
    """Say at how many minutes people count whom nothing serves: an hour, or the longest walk."""
    known = minutes.dropna()
    return max(float(known.max()) if len(known) else 0.0, _LEAST_LIMIT_MIN)


def _walked(ground: Ground) -> pd.Series:
    """Take the minutes of every home to the nearest service there is."""
    walks = ground.walks
    by_distance = ground.within_m is not None
    table = walks.metres if by_distance else walks.minutes
    assert table is not None  # noqa: S101 - cells were there
    there = [one for one in ground.categories if one in table.columns]
    if not there:
        return pd.Series(np.nan, index=table.index)
    nearest = proximity.nearest(table, categories=there)
    return nearest / ground.walker.m_per_min if by_distance else nearest


def _within_min(ground: Ground, ask: Ask) -> float:
    """Choose the limit within which people count as served."""
    if ask.within_min is not None:
        return ask.within_min
    own = ground.within_m
    return COUNT_MIN if own is None else own / ground.walker.m_per_min


def _costs(ground: Ground, ask: Ask, candidates: gpd.GeoDataFrame, demand: _Demand) -> pd.DataFrame:
    """Measure the ways that are shorter than today's."""
    if ask.by == "transit":
        found = _rides(ground, demand.points, candidates)
    else:
        found = pd.concat(_walking(ground, candidates.geometry, demand), ignore_index=True)
    found.attrs["limit_min"] = demand.limit_min
    return found


def _walking(ground: Ground, candidates: gpd.GeoSeries, demand: _Demand) -> Iterator[pd.DataFrame]:
    """Walk from homes to candidates, no farther than to what there is, some homes at a time."""
    network = ground.walks.network
    if network is not None and ground.within_m is not None:
        network = network.levelled()
    today = demand.current.fillna(demand.limit_min)
    edges = np.unique([0.0, *today.quantile(_BANDS), demand.limit_min])
    band = np.searchsorted(edges, today, side="left")
    ids = pd.CategoricalDtype(candidates.index)
    places = gpd.GeoSeries(candidates.to_numpy(), crs=candidates.crs)
    for number in np.unique(band):
        reach = float(edges[number])
        if reach <= 0:
            continue
        for on_street in (True, False):
            some = (band == number) & (demand.straight != on_street)
            homes = demand.points.geometry[some]
            for at in range(0, len(places) if len(homes) else 0, _CHUNK):
                near = _measured(
                    network if on_street else None, ground, homes, places[at : at + _CHUNK], reach
                )
                near = near[near["minutes"] < today.reindex(near["from_id"]).to_numpy()]
                codes = pd.Categorical.from_codes(near["to_id"].to_numpy(dtype=int), dtype=ids)
                yield near.assign(to_id=codes)
    yield pd.DataFrame(
        {
            "from_id": pd.Series(dtype="int64"),
            "to_id": pd.Categorical([], dtype=ids),
            "minutes": pd.Series(dtype=float),
        }
    )


def _measured(
    network: StreetNetwork | None,
    ground: Ground,
    homes: gpd.GeoSeries,
    places: gpd.GeoSeries,
    reach: float,
) -> pd.DataFrame:
    """Measure walks along the network, or in a straight line."""
    if network is not None:
        return network.costs(homes, places, within_min=reach)
    return straight_line_costs(
        homes,
        places,
        within_min=reach,
        detour_factor=ground.detour_factor,
        speed_kmh=ground.walker.speed_kmh,
    )


def _rides(ground: Ground, points: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> pd.DataFrame:
    """Ride from cells to places."""
    assert ground.timetable is not None  # noqa: S101 - checked at the door
    if places.empty:
        return pd.DataFrame({"from_id": [], "to_id": [], "minutes": []})
    found = ground.timetable.travel_times(
        points.geometry,
        gpd.GeoSeries(places.representative_point(), index=places.index),
        streets=ground.walks.network,
        window=ground.window,
        within_min=_RIDE_MIN,
        rider=ground.rider,
    )
    found = found[np.isfinite(found["minutes"])]
    return found[["from_id", "to_id", "minutes"]]


def _kappa(demand: _Demand) -> float | None:
    """Take the aversion of what people bear today; None where nothing serves them."""
    if demand.current.isna().all():
        return None
    return inequality.kolm_pollak_kappa(
        demand.current, population=demand.people, epsilon=EPSILON, better="lower"
    )


def _objectives(
    ground: Ground, ask: Ask, within: float, groups: pd.Series, kappa: float | None
) -> dict[str, siting.Objective]:
    """Make every objective; the gap is one between districts where people are in or out."""
    in_or_out = ground.within_m is not None or ask.within_min is not None
    return {
        "ede": siting.ede(kappa=kappa, epsilon=EPSILON),
        "gap": siting.gap(groups=groups, within_min=within) if in_or_out else siting.gap(),
        "coverage": siting.coverage(within_min=within),
        "mean": siting.mean(),
        "p-center": siting.p_center(),
    }


# ------------------------------------------------------------------ what is told
def _sites(ground: Ground, candidates: gpd.GeoDataFrame, found: siting.Siting) -> gpd.GeoDataFrame:
    """Say of each site where it is and whom it serves."""
    ids = found.sites.index
    points = candidates.geometry.loc[ids]
    district = district_of(points, ground.districts)
    order = found.sites["people"].argsort(kind="stable")[::-1]
    nothing = pd.Series(np.nan, index=ids)
    sites = gpd.GeoDataFrame(
        {
            "name": candidates["name"].loc[ids] if "name" in candidates else None,
            "category": ground.category,
            "district_id": district,
            "district": ground.districts["name"].reindex(district).to_numpy(),
            "people": found.sites["people"],
            "minutes": found.sites["minutes"],
            "capacity": candidates["capacity"].loc[ids] if "capacity" in candidates else nothing,
            "price": candidates["price"].loc[ids] if "price" in candidates else nothing,
        },
        index=ids.rename("site_id"),
        geometry=points.to_numpy(),
        crs=candidates.crs,
    )
    return sites.iloc[order]


def _table(ground: Ground, demand: _Demand, found: siting.Siting, within: float) -> pd.DataFrame:
    """Set before against after: the city, its districts, its groups of people."""
    known = found.minutes.index  # whom something serves, now or then
    limit_before = demand.current.reindex(known)
    parts = found.assigned.assign(inside=found.assigned["minutes"] <= within)
    people = parts["people"]
    sums = pd.DataFrame(
        {"walked": parts["minutes"] * people, "inside": parts["inside"] * people, "people": people}
    )
    sums = sums.groupby(parts["from_id"]).sum().reindex(known)
    homes = pd.DataFrame(
        {
            "minutes_before": limit_before,
            "minutes_after": sums["walked"] / sums["people"],
            "within_before": (limit_before <= within).astype(float),
            "within_after": sums["inside"] / sums["people"],
        }
    )
    cell = demand.points["cell_id"].reindex(known)
    lived = demand.people.reindex(known)
    columns = list(homes)

    def means(weight: pd.Series, by: pd.Series) -> pd.DataFrame:
        """Average over people, group by group; unknown where nobody's walk is."""
        told = {"population": weight.groupby(by.to_numpy()).sum()}
        for one in columns:
            there = weight.where(homes[one].notna(), 0.0)
            total = there.groupby(by.to_numpy()).sum()
            amount = (homes[one].fillna(0.0) * there).groupby(by.to_numpy()).sum()
            told[one] = amount / total.where(total > 0)
        return pd.DataFrame(told)

    whole = means(lived, pd.Series("city", index=known)).assign(level="city")
    whole["name"] = ground.city["name"]
    district = ground.cells["district_id"].reindex(cell)
    by_district = means(lived, pd.Series(district.to_numpy(), index=known))
    by_district = by_district.reindex(ground.districts.index).assign(level="district")
    by_district["name"] = ground.districts["name"]
    rows = [whole, by_district]
    for group in ground.groups:
        counted = ground.cells[group] / ground.cells["population"].where(
            ground.cells["population"] > 0
        )
        weight = (lived * counted.reindex(cell).to_numpy()).fillna(0.0)
        rows.append(means(weight, pd.Series(group, index=known)).assign(level="group", name=group))
    table = pd.concat(rows).rename_axis("unit_id").reset_index()
    table["change_min"] = table["minutes_after"] - table["minutes_before"]
    order = ["level", "unit_id", "name", "population", *columns[:2], "change_min", *columns[2:]]
    return table[order]


def _districts(ground: Ground, table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Put before and after onto the map."""
    rows = table[table["level"] == "district"].set_index("unit_id")
    kept = ground.districts[["name", "geometry"]]
    return kept.join(rows.drop(columns=["level", "name"]))


def _as_in_study(ground: Ground, demand: _Demand, found: siting.Siting) -> dict[str, Any]:
    """Measure cells, whose homes are averaged first, as the study does."""
    if "minutes" not in demand.points and len(demand.points) == len(ground.cells):
        return {}
    homes = ground.walks.homes
    assert homes is not None  # noqa: S101 - cells were there
    cells = ground.cells
    people = cells["population"].where(cells["district_id"].notna())
    after = found.minutes.reindex(demand.current.index)
    told: dict[str, Any] = {}
    kappa: float | None = None
    for when, minutes in (("before", demand.current), ("after", after)):
        at_home = pd.Series(np.nan, index=homes.index)
        at_home.iloc[minutes.index] = minutes.to_numpy()
        value = proximity.over_homes(at_home, homes=homes, cells=cells.index)
        value = value.where(people.notna())
        if not ((people > 0) & value.notna()).any():
            return {}
        if kappa is None:
            kappa = inequality.kolm_pollak_kappa(
                value, population=people, epsilon=EPSILON, better="lower"
            )
        tenths = inequality.tenths(value, population=people, better="lower")
        told[when] = {
            "mean": float((value * people).sum() / people.where(value.notna()).sum()),
            "ede": inequality.kolm_pollak_ede(
                value, population=people, epsilon=EPSILON, better="lower", kappa=kappa
            ),
            "gap": tenths.gap,
        }
    return {"kappa": kappa, **told}


def _rounded(values: Mapping[Any, Any] | pd.Series, digits: int = 6) -> dict[str, Any]:
    """Make numbers plain: unknown is None."""
    told: dict[str, Any] = {}
    for key, value in dict(values).items():
        if value is None or isinstance(value, str | bool | np.bool_):
            told[str(key)] = bool(value) if isinstance(value, np.bool_) else value
        else:
            told[str(key)] = plain(round(float(value), digits))
    return told


def _summary(
    ground: Ground,
    ask: Ask,
    how: Mapping[str, Any],
    *,
    demand: _Demand,
    found: siting.Siting,
    others: Mapping[str, siting.Siting],
    frontier: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    table: pd.DataFrame,
) -> dict[str, Any]:
    """Say everything in plain values."""
    lonlat = sites.to_crs(_LONLAT).geometry
    weigh: dict[str, Any] = {"kappa": found.kappa, "within_min": how["within_min"]}
    today = demand.current.fillna(demand.limit_min)
    standing = {"before": today, **{name: one.minutes for name, one in others.items()}}
    rows = {}
    for name, minutes in standing.items():
        people = demand.people.reindex(found.minutes.index)
        rows[name] = siting.measures(
            minutes.reindex(people.index),
            population=people,
            groups=how["groups"].reindex(people.index),
            **weigh,
        )
    off = abs(found.value - found.bound)
    scale = abs(found.value) if found.value else 1.0
    block = {
        "city": dict(ground.city),
        "asked": {
            "category": ground.category,
            "count": ask.count,
            "objective": ask.objective,
            "between": "districts" if found.objective.groups is not None else "people",
            "within_min": plain(float(how["within_min"])),
            "within_m": plain(ground.within_m),
            "by_distance": ground.within_m is not None and ask.within_min is None,
            "budget": ask.budget,
            "capacity": ask.capacity,
            "by": ask.by,
            "candidates": how["candidates"],
            "own_candidates": bool(how["own"]),
            "indicator": None if ground.indicator is None else ground.indicator.id,
        },
        "result": {
            "sites": len(sites),
            "existing": int(ground.services["category"].isin(ground.categories).sum()),
            "value_before": plain(found.value_before),
            "value": plain(found.value),
            "bound": plain(found.bound),
            "off_share": plain(off / scale),
            "exact": found.exact,
            "spent": plain(float(sites["price"].sum())) if sites["price"].notna().any() else None,
        },
        "people": {
            "counted": plain(float(demand.people.sum() - found.unreached)),
            "unreached": plain(found.unreached),
            "limited": plain(found.limited),
            "limit_min": plain(demand.limit_min),
            "unknown": plain(demand.unknown_people),
        },
        "objectives": {
            name: {**_rounded(one), **({} if name == "before" else _proof(others[name]))}
            for name, one in rows.items()
        },
        "frontier": [
            {
                **_rounded(row.drop("sites")),
                "exact": bool(row["exact"]),
                "sites": list(map(str, row["sites"])),
            }
            for _, row in frontier.iterrows()
        ],
        "as_in_study": _nested(_as_in_study(ground, demand, found)) if ask.by == "walk" else {},
        "sites": [
            {
                "id": str(key),
                "name": row["name"] if isinstance(row["name"], str) else None,
                "lon": round(float(point.x), 7),
                "lat": round(float(point.y), 7),
                **_rounded(
                    row[["district_id", "district", "people", "minutes", "capacity", "price"]]
                ),
            }
            for (key, row), point in zip(sites.iterrows(), lonlat, strict=True)
        ],
        "districts": _by_unit(table[table["level"] == "district"]),
        "groups": _by_unit(table[table["level"] == "group"]),
        "method": {"kappa": found.kappa, "epsilon": EPSILON},
        "versions": {"geoequity": __version__},
    }
    return {**block, "findings": findings(block)}


def _nested(told: Mapping[str, Any]) -> dict[str, Any]:
    """Round one level down."""
    return {k: _rounded(v) if isinstance(v, Mapping) else plain(v) for k, v in told.items()}


def _proof(found: siting.Siting) -> dict[str, Any]:
    """Say how good another siting is proven to be."""
    return {
        "bound": plain(found.bound),
        "exact": found.exact,
        "sites": list(map(str, found.sites.index)),
    }


def _by_unit(rows: pd.DataFrame) -> dict[str, Any]:
    """Say the rows of a table by unit."""
    return {
        str(row["unit_id"]): _rounded(row.drop(["level", "unit_id"])) for _, row in rows.iterrows()
    }


def known_categories(definitions: Iterable[Definition], listed: Iterable[str]) -> list[str]:
    """
    List what can be sited.

    Parameters
    ----------
    definitions
        The catalogue, with the city's changes.
    listed
        Categories that the map knows.

    Returns
    -------
    categories
        In alphabetical order.
    """
    known = set(listed)
    for one in definitions:
        known |= set(one.parameters.get("categories", ()))
    return sorted(known)
