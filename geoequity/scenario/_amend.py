"""Carry edits into what was read of a city, every fault at once."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoequity.assessment import Made
from geoequity.collect import Collected
from geoequity.errors import ConfigError, shown
from geoequity.scenario._edits import Edits, Light, Place, Street
from geoequity.scenario._transit import with_transit
from geoequity.sources import osm_tags
from geoequity.sources.services import SAME_PLACE_M
from geoequity.streets import FAR_M, StreetNetwork
from geoequity.units import district_of

SOURCE = "scenario"  # of what is built, and the beginning of its id
JOIN_M = 30.0  # from an end of a new street, an old one is joined
_NODE_M = 5.0  # from a junction, a new street begins there and not beside it
_HIGHWAY = {"street": "residential", "stairs": "steps", "escalator": "steps"}
_CARRIES = {"both": "yes", "forward": "forward", "backward": "backward"}
_FIBRE = ["down_mbps", "up_mbps", "latency_ms", "home_share"]
_WIFI = "wifi"


@dataclass
class Site:
    """
    Where things may be built, and what was found wrong so far.

    Parameters
    ----------
    crs
        CRS of the study.
    area
        The districts and the buffer round them.
    network
        The streets people walk along; None where there are none.
    faults
        Every fault, with the key of its edit.
    """

    crs: Any
    area: shapely.Geometry
    network: StreetNetwork | None
    faults: list[str] = field(default_factory=list)
    streets: list[shapely.Geometry] = field(default_factory=list)

    def place(self, key: str, at: Place) -> shapely.Point:
        """
        Place a site in the CRS of the study, noting what is wrong with it.

        Parameters
        ----------
        key
            Key of the edit.
        at
            Longitude and latitude.

        Returns
        -------
        point
            In metres; may be empty where the projection knows no such place.
        """
        point = gpd.GeoSeries([shapely.Point(at)], crs="EPSG:4326").to_crs(self.crs).iloc[0]
        where = f"{at[0]:g}, {at[1]:g}"
        if not (np.isfinite([point.x, point.y]).all() and self.area.covers(point)):
            self.faults.append(
                f"{key}: {where} lies outside the city and the buffer round it;"
                " the longitude goes first"
            )
        elif self.network is not None:
            far = self.network.snap(gpd.GeoSeries([point], crs=self.crs))["is_far"].iloc[0]
            if far and not any(one.distance(point) <= FAR_M for one in self.streets):
                self.faults.append(
                    f"{key}: {where} lies off the network, over {FAR_M:g} m from any street"
                )
        return point


def edited(made: Made, edits: Edits, *, name: str) -> Collected:
    """
    Carry edits into the sources of a city.

    Parameters
    ----------
    made
        What the study was made of.
    edits
        What is changed; all of it speaks of the sources as they are.
    name
        What to call the edits in a message.

    Returns
    -------
    sources
        A copy, with what the edits touch in their place.

    Raises
    ------
    ConfigError
        If an edit makes no sense in this city; every fault of all of them.
    """
    sources = made.sources
    site = Site(sources.districts.crs, sources.area, made.network)
    streets = _streets(sources, edits, site)
    site.streets = [_line(sources, one.line) for one in edits.street]
    known = _categories(made)
    changed = replace(
        sources,
        services=_services(sources, edits, site, known),
        streets=streets,
        fibre=_fibre(sources, edits, site),
    )
    changed = with_transit(changed, edits, site)
    if site.faults:
        msg = f"{name}: does not fit {made.city.city.name}"
        raise ConfigError(msg, faults=site.faults)
    return changed


def _categories(made: Made) -> set[str]:
    """List the categories of services that the city knows."""
    known = {rule.name for rule in osm_tags.rules().services.rules}
    known |= set(made.sources.services["category"])
    for one in made.definitions:
        known |= set(one.parameters.get("categories", ()))
    return known


# ------------------------------------------------------------------- services
def _services(sources: Collected, edits: Edits, site: Site, known: set[str]) -> gpd.GeoDataFrame:
    """Open, close, move and resize services, and put up Wi-Fi."""
    services = sources.services
    for key, one in edits.each():
        if hasattr(one, "service") and one.service not in services.index:
            site.faults.append(f"{key}.service: no service {one.service!r}")
    table = services.copy()
    for number, one in enumerate(edits.move):
        point = site.place(f"move.{number}", (one.lon, one.lat))
        if one.service in table.index:
            # An area moves as a whole
            shape = table.geometry[one.service]
            table.loc[[one.service], table.geometry.name] = gpd.GeoSeries(
                [_moved(shape, point)], index=[one.service], crs=table.crs
            )
    for one in edits.capacity:
        if one.service in table.index:
            table.loc[one.service, "capacity"] = one.capacity
    table = table.drop([one.service for one in edits.close if one.service in table.index])
    rows = []
    taken = set(services.index)
    for number, one in enumerate(edits.open):
        key = f"open.{number}"
        if one.category not in known:
            site.faults.append(
                f"{key}.category: nothing is called {one.category!r}; there are"
                f" {', '.join(sorted(known))}"
            )
        point = site.place(key, (one.lon, one.lat))
        rows.append(
            (_new_id(one.id, taken, key, site), one.category, one.name, one.capacity, point)
        )
    rows += _wifi(sources, edits, site, taken)
    if not rows:
        return table
    ids, category, names, capacity, points = zip(*rows, strict=True)
    opened = gpd.GeoDataFrame(
        {
            "category": list(category),
            "name": pd.Series(names, dtype=object).to_numpy(),
            "capacity": np.array(capacity, dtype=float),
            "source": SOURCE,
        },
        geometry=list(points),
        crs=table.crs,
        index=pd.Index(ids, name=table.index.name),
    )
    return pd.concat([table, opened])


def _moved(shape: shapely.Geometry, to: shapely.Point) -> shapely.Geometry:
    """Carry a point or an area to another place."""
    at = shape.representative_point()
    by = np.array([to.x - at.x, to.y - at.y])
    return shapely.transform(shape, lambda xy: xy + by)


def _new_id(wanted: str | None, taken: set[str], key: str, site: Site, kind: str = "") -> str:
    """Give what is built an id of its own."""
    stem = f"{SOURCE}/{kind}"
    if wanted is not None:
        made = f"{stem}{wanted}"
        if made in taken:
            site.faults.append(f"{key}.id: there is a {made} already")
    else:
        number = 1
        while (made := f"{stem}{number}") in taken:
            number += 1
    taken.add(made)
    return made


def _districts(sources: Collected, named: Iterable[str], key: str, site: Site) -> list[str]:
    """Take the districts that an edit names, noting those that are not there."""
    lost = [one for one in named if one not in sources.districts.index]
    if lost:
        site.faults.append(f"{key}.districts: no such district: {shown(lost)}")
    return [one for one in named if one in sources.districts.index]


def _wifi(sources: Collected, edits: Edits, site: Site, taken: set[str]) -> list[tuple]:
    """Put up a site at each place of some kinds, where there is none."""
    if not edits.wifi:
        return []
    services = sources.services
    points = gpd.GeoSeries(services.geometry.representative_point(), crs=services.crs)
    district = district_of(points, sources.districts)
    there = points[services["category"] == _WIFI].to_list()
    rows = []
    for number, one in enumerate(edits.wifi):
        key = f"wifi.{number}"
        where = _districts(sources, one.districts, key, site)
        absent = [kind for kind in one.at if not (services["category"] == kind).any()]
        if absent:
            site.faults.append(f"{key}.at: the city has no {shown(absent)}")
        at = services.index[services["category"].isin(one.at) & district.isin(where)]
        if len(where) and not absent and at.empty:
            site.faults.append(f"{key}: there is no {shown(one.at)} in {shown(where)}")
        for place in at:
            point = points[place]
            if there and shapely.distance(point, np.array(there)).min() <= SAME_PLACE_M:
                continue
            there.append(point)
            made = _new_id(place, taken, key, site, f"{_WIFI}/")
            rows.append((made, _WIFI, services.loc[place, "name"], None, point))
    return rows


def _fibre(sources: Collected, edits: Edits, site: Site) -> pd.DataFrame:
    """Lay fibre; what an earlier scenario laid stays where it is better."""
    rows = {
        district: {one: getattr(edit, one) for one in _FIBRE}
        for number, edit in enumerate(edits.fibre)
        for district in _districts(sources, edit.districts, f"fibre.{number}", site)
    }
    laid = pd.DataFrame.from_dict(rows, orient="index", columns=_FIBRE).astype(float)
    if sources.fibre.empty:
        return laid
    both = laid.index.union(sources.fibre.index, sort=False)
    old, new = (one.reindex(both) for one in (sources.fibre, laid))
    better = pd.DataFrame({one: np.fmax(old[one], new[one]) for one in _FIBRE})
    return better.assign(latency_ms=np.fmin(old["latency_ms"], new["latency_ms"]))


# -------------------------------------------------------------------- streets
def _line(sources: Collected, course: Iterable[Place]) -> shapely.LineString:
    """Draw a line in the CRS of the study."""
    drawn = gpd.GeoSeries([shapely.LineString(list(course))], crs="EPSG:4326")
    return drawn.to_crs(sources.districts.crs).iloc[0]


def _streets(sources: Collected, edits: Edits, site: Site) -> gpd.GeoDataFrame | None:
    """Light streets, then build new ones."""
    streets = sources.streets
    if not (edits.street or edits.light):
        return streets
    if streets is None:
        keys = [key for key, _ in edits.each() if key.partition(".")[0] in {"street", "light"}]
        site.faults += [f"{key}: the city has no streets" for key in keys]
        return None
    if edits.light:
        lit = np.zeros(len(streets), dtype=bool)
        for number, one in enumerate(edits.light):
            lit |= _lit(sources, streets, one, f"light.{number}", site)
        if "lit" in streets:
            streets = _tagged(streets, "lit", lit, "yes")
    for number, street in enumerate(edits.street):
        streets = _built(sources, streets, street, f"street.{number}", site)
    return streets


def _lit(
    sources: Collected, streets: gpd.GeoDataFrame, one: Light, key: str, site: Site
) -> np.ndarray:
    """Tell which edges are to be lit."""
    none = np.zeros(len(streets), dtype=bool)
    if "lit" not in streets:
        site.faults.append(f"{key}: the streets carry no tags, so nothing tells which are lit")
        return none
    if one.streets:
        ids = streets.index.astype(str)
        ways = ids.str.replace(r":[^:]*$", "", regex=True)
        lost = [name for name in one.streets if not ((ids == name) | (ways == name)).any()]
        if lost:
            site.faults.append(f"{key}.streets: no such street: {shown(lost)}")
        return np.asarray(ids.isin(one.streets) | ways.isin(one.streets))
    middle = gpd.GeoSeries(
        streets.geometry.interpolate(0.5, normalized=True), crs=streets.crs, index=streets.index
    )
    if one.districts:
        where = _districts(sources, one.districts, key, site)
        return np.asarray(district_of(middle, sources.districts).isin(where))
    assert one.line is not None  # noqa: S101 - as the model has it
    near = np.asarray(middle.distance(_line(sources, one.line)) <= one.within_m)
    if not near.any():
        site.faults.append(f"{key}.line: no street lies within {one.within_m:g} m of it")
    return near


def _tagged(streets: gpd.GeoDataFrame, tag: str, rows: np.ndarray, value: str) -> gpd.GeoDataFrame:
    """Give some edges a tag."""
    column = streets[tag]
    if isinstance(column.dtype, pd.CategoricalDtype) and value not in column.cat.categories:
        column = column.cat.add_categories([value])
    return streets.assign(**{tag: column.mask(rows, value)})


def _built(
    sources: Collected, streets: gpd.GeoDataFrame, one: Street, key: str, site: Site
) -> gpd.GeoDataFrame:
    """Build one street, joined to the old ones at its ends."""
    tagged = "highway" in streets
    if not tagged and (one.kind != "street" or one.lit is not None):
        site.faults.append(f"{key}: the streets carry no tags, so that all are alike")
        return streets
    drawn = _line(sources, one.line)
    if not drawn.within(sources.area):
        site.faults.append(f"{key}.line: leaves the city and the buffer round it")
        return streets
    if not drawn.length > 0:
        site.faults.append(f"{key}.line: has no length")
        return streets
    joints = [_joint(streets, shapely.get_point(drawn, end)) for end in (0, -1)]
    if joints == [None, None]:
        site.faults.append(
            f"{key}.line: lies off the network, its ends over {JOIN_M:g} m from any street"
        )
        return streets
    fresh = 1 + int(max(streets["from_node"].max(), streets["to_node"].max()))
    course = shapely.get_coordinates(drawn)
    nodes = []
    for end, joint in enumerate(joints):
        spot = course[-end]
        if joint is None:
            node, fresh = fresh, fresh + 1
        else:
            # The first end may have cut the very edge that the second one joins
            again = _joint(streets, shapely.Point(spot)) or joint
            streets, node, at, fresh = _joined(streets, again, fresh)
            course = np.vstack([at, course] if end == 0 else [course, at])
        nodes.append(node)
    line = shapely.remove_repeated_points(shapely.LineString(course))
    row: dict[str, Any] = {"from_node": nodes[0], "to_node": nodes[1], "length_m": line.length}
    row |= {name: True for name in ("walkable",) if name in streets}
    if tagged:
        row |= {"highway": _HIGHWAY[one.kind]}
        row |= {"conveying": _CARRIES[one.direction]} if one.kind == "escalator" else {}
        row |= {"lit": "yes" if one.lit else "no"} if one.lit is not None else {}
        row |= {"name": one.name} if one.name is not None else {}
    taken = set(streets.index)
    return _with_rows(streets, [(_new_id(None, taken, key, site, "street/"), row, line)])


def _joint(streets: gpd.GeoDataFrame, spot: shapely.Point) -> tuple[str, float] | None:
    """Find the edge that a street joins, and how far along it; None where none is near."""
    open_ = streets
    if "walkable" in streets:
        open_ = streets[streets["walkable"].astype(bool)]
    found = open_.sindex.nearest(spot, max_distance=JOIN_M, return_all=False)[1]
    if not len(found):
        return None
    edge = open_.index[found[0]]
    return edge, float(open_.geometry.iloc[found[0]].project(spot))


def _joined(
    streets: gpd.GeoDataFrame, joint: tuple[str, float], fresh: int
) -> tuple[gpd.GeoDataFrame, Any, np.ndarray, int]:
    """Give the node at which a street joins an edge, cutting that where it has none there."""
    edge, along = joint
    old = streets.loc[edge]
    line = streets.geometry[edge]
    ends = shapely.get_coordinates(line)[[0, -1]]
    for node, at, far in (
        (old["from_node"], ends[0], along),
        (old["to_node"], ends[1], line.length - along),
    ):
        if far <= _NODE_M:
            return streets, node, at, fresh
    at = line.interpolate(along)
    pieces = _cut(line, along)
    share = along / line.length
    rows = []
    for part, (piece, size, nodes) in enumerate(
        zip(
            pieces,
            (share, 1 - share),
            ((old["from_node"], fresh), (fresh, old["to_node"])),
            strict=True,
        )
    ):
        row = old.drop(streets.geometry.name).to_dict()
        row |= {"from_node": nodes[0], "to_node": nodes[1], "length_m": old["length_m"] * size}
        rows.append((f"{edge}/{'ab'[part]}", row, piece))
    streets = _with_rows(streets.drop(edge), rows)
    return streets, fresh, shapely.get_coordinates(at)[0], fresh + 1


def _cut(line: shapely.LineString, along: float) -> tuple[shapely.LineString, shapely.LineString]:
    """Cut a line in two."""
    course = shapely.get_coordinates(line)
    steps = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(course, axis=0).T))])
    at = shapely.get_coordinates(line.interpolate(along))
    before = np.vstack([course[steps < along], at])
    after = np.vstack([at, course[steps > along]])
    return shapely.LineString(before), shapely.LineString(after)


def _with_rows(
    streets: gpd.GeoDataFrame, rows: list[tuple[str, dict[str, Any], shapely.LineString]]
) -> gpd.GeoDataFrame:
    """Add edges, on the columns that there are."""
    columns: dict[str, Any] = {}
    for name, kind in streets.drop(columns=streets.geometry.name).dtypes.items():
        values = [row.get(name) for _, row, _ in rows]
        if isinstance(kind, pd.CategoricalDtype):
            more = [one for one in dict.fromkeys(values) if isinstance(one, str)]
            kinds = kind.categories.union(more, sort=False)
            streets = streets.assign(**{str(name): streets[name].cat.set_categories(kinds)})
            columns[str(name)] = pd.Categorical(
                [one if isinstance(one, str) else None for one in values], categories=kinds
            )
        elif pd.api.types.is_bool_dtype(kind):
            columns[str(name)] = np.array([bool(one) for one in values])
        else:
            columns[str(name)] = pd.Series(values, dtype=kind).to_numpy()
    new = gpd.GeoDataFrame(
        columns,
        geometry=[line for _, _, line in rows],
        crs=streets.crs,
        index=pd.Index([key for key, _, _ in rows], name=streets.index.name),
    )
    return pd.concat([streets, new])
