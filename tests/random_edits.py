"""Random edits to a city, those near the borders of districts among them."""

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geoequity.scenario import Edits
from geoequity.study import Study

CATEGORIES = ("clinic", "school", "hospital", "pharmacy", "wifi", "library", "green", "waste_point")
KINDS = (
    *("open", "close", "move", "capacity", "stop", "line"),
    *("headway", "without", "street", "wifi", "fibre", "light"),
)
MODES = ("cable", "bus", "tram")
_NEAR_M = 60.0  # of a border, on either side


class Dice:
    """Edits drawn for one city."""

    def __init__(
        self, study: Study, rng: np.random.Generator, categories: tuple[str, ...] = CATEGORIES
    ) -> None:
        self.study = study
        self.categories = categories
        self.made = study.made_of
        self.rng = rng
        borders = study.districts.boundary
        self.land = study.districts.union_all()
        self.borders = shapely.intersection(
            borders.union_all(), self.land.buffer(-2 * _NEAR_M)
        )  # between districts, not round the city

    def edits(self) -> Edits:
        """Draw one to three edits of different kinds."""
        chosen = self.rng.choice(KINDS, size=self.rng.integers(1, 4), replace=False)
        if {"without", "stop"} <= set(chosen) or {"without", "headway"} <= set(chosen):
            chosen = [one for one in chosen if one != "without"]
        return self.edits_of(*map(str, chosen))

    def edits_of(self, *kinds: str) -> Edits:
        """Draw one edit of each of some kinds."""
        return Edits.of({one: [getattr(self, one)()] for one in kinds})

    def spot(self) -> shapely.Point:
        """Draw a place on a street, every other time beside a border of districts."""
        network = self.made.network
        edges = network.edges[network.edges["component"] == 0]
        edges = edges[edges.intersects(self.land)]
        if self.rng.random() < 0.5:
            near = edges[edges.distance(self.borders) < _NEAR_M]
            edges = near if len(near) else edges
        line = edges.geometry.iloc[self.rng.integers(len(edges))]
        point = line.interpolate(self.rng.random(), normalized=True)
        return shapely.Point(point.x + self.rng.uniform(-9, 9), point.y + self.rng.uniform(-9, 9))

    def place(self) -> dict[str, float]:
        """Draw a site."""
        lon, lat = self.degrees([self.spot()])[0]
        return {"lon": lon, "lat": lat}

    def degrees(self, points: list[shapely.Point]) -> list[list[float]]:
        """Put points in degrees."""
        placed = gpd.GeoSeries(points, crs=self.study.districts.crs).to_crs("EPSG:4326")
        return [[float(one.x), float(one.y)] for one in placed]

    def pick(self, of: Any) -> Any:
        """Draw one of several."""
        return of[int(self.rng.integers(len(of)))]

    def open(self) -> dict[str, Any]:
        """Open a service."""
        more = {"capacity": 100.0} if self.rng.random() < 0.5 else {}
        return {"category": self.pick(self.categories), **self.place(), **more}

    def service(self) -> str:
        """Draw a service, of a category first; of a few, another than is moved."""
        if self.categories != CATEGORIES:
            return self.other("x")
        services = self.made.sources.services
        category = self.pick(sorted(services["category"].unique()))
        return str(self.pick(services.index[services["category"] == category]))

    def close(self) -> dict[str, Any]:
        """Close a service."""
        return {"service": self.service()}

    def move(self) -> dict[str, Any]:
        """Move a service, another than is closed."""
        return {"service": self.other("m"), **self.place()}

    def capacity(self) -> dict[str, Any]:
        """Give a service another capacity."""
        return {"service": self.other("c"), "capacity": float(self.rng.integers(10, 900))}

    def other(self, kind: str) -> str:
        """Draw a service of a third of them that belongs to one kind of edit."""
        services = self.made.sources.services
        if self.categories != CATEGORIES:
            services = services[services["category"].isin(self.categories)]
        index = services.index
        return str(self.pick([one for at, one in enumerate(index) if "mcx"[at % 3] == kind]))

    def stop(self) -> dict[str, Any]:
        """Add a stop half-way between two of a route."""
        feed = self.made.sources.feed
        route = self.pick(feed.routes.index)
        trip = feed.trips.index[feed.trips["route_id"] == route][0]
        calls = feed.stop_times.loc[feed.stop_times["trip_id"] == trip, "stop_id"].to_numpy()
        at = int(self.rng.integers(len(calls) - 1))
        two = feed.stops.loc[calls[at : at + 2], ["lon", "lat"]].mean()
        mode = feed.routes.loc[route, "mode"]
        return {"mode": mode, "lon": two["lon"], "lat": two["lat"], "routes": [route]}

    def line(self) -> dict[str, Any]:
        """Build a line, from a stop that is there."""
        stop = self.pick(self.made.sources.stops.index)
        places = self.degrees([self.spot() for _ in range(int(self.rng.integers(2, 5)))])
        return {
            "mode": self.pick(MODES),
            "stops": [*places, stop],
            "headway_min": float(self.rng.integers(2, 15)),
            "speed_kmh": float(self.rng.integers(12, 40)),
            "both_ways": bool(self.rng.random() < 0.8),
        }

    def headway(self) -> dict[str, Any]:
        """Let a route run otherwise."""
        routes = self.made.sources.feed.routes.index
        return {"route": self.pick(routes), "headway_min": float(self.rng.integers(2, 30))}

    def without(self) -> dict[str, Any]:
        """Take a mode out."""
        return {"mode": self.pick(["cable", "metro"])}

    def street(self) -> dict[str, Any]:
        """Build a way between two streets."""
        start = self.spot()
        end = shapely.Point(start.x + 150, start.y + 90)
        kind = self.pick(["street", "stairs", "escalator"])
        return {"kind": kind, "line": self.degrees([start, end]), "lit": True}

    def districts(self) -> list[str]:
        """Draw one or two districts."""
        ids = self.study.districts.index
        return sorted({str(self.pick(ids)) for _ in range(2)})

    def wifi(self) -> dict[str, Any]:
        """Switch Wi-Fi on at places that every district has."""
        return {"districts": self.districts(), "at": ["waste_point", "open_space", "cctv"]}

    def fibre(self) -> dict[str, Any]:
        """Lay fibre."""
        return {
            "districts": self.districts(),
            "down_mbps": 300.0,
            "up_mbps": 300.0,
            "latency_ms": 8.0,
            "home_share": 0.9,
        }

    def light(self) -> dict[str, Any]:
        """Light the streets of districts."""
        return {"districts": self.districts()}
