"""Services, parks and buildings: where people are, sooner where they are well off."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from demo_city.drawing import SERVICES, rows_of

from metropolis import Array, stream
from metropolis.people import People
from metropolis.plane import Plane
from metropolis.streets import Streets

SHARES = """
school 13 | childcare 7 | clinic 5 | hospital 0.6 | pharmacy 11 | police 1 | culture 3 | sport 6
food_market 13 | university 1 | bank 9 | public_office 1.5 | library 0.8 | community_centre 2
post_office 1.2 | coworking 1.2 | internet_venue 1.5 | ticket_machine 1 | kiosk 0.6
shared_bike 1.2 | defibrillator 0.5 | waste_point 6 | cctv 6 | air_station 0.1 | charging 1.5
wifi_cafe 4
"""
MODERN = {"bank", "coworking", "shared_bike", "charging", "cctv", "wifi_cafe", "culture"}
PARKS = 0.045  # of all services
PER_BUILDING = 250  # residents
SQUARE = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])


@dataclass(frozen=True)
class Places:
    """Points with tags, and areas with four corners."""

    points: Array
    tags: list[dict[str, str]]
    parks: Array  # [park, corner, xy]
    park_tags: list[dict[str, str]]
    buildings: Array  # [building, corner, xy]


def make_places(plane: Plane, streets: Streets, people: People) -> Places:
    """Place services at corners, parks in works and between streets, buildings beside homes."""
    rng = stream(plane.seed, "places")
    parks = int(PARKS * plane.size.services)
    total = plane.size.services - parks
    wanted = _wanted(total)
    density, wealth = plane.density(streets.xy), plane.wealth(streets.xy)
    demand = (density + 0.02) * np.exp(-0.6 * plane.out(streets.xy))
    spots, tags, kinds = [], [], rows_of(SERVICES)
    for category, number in wanted.items():
        pull = demand * (0.15 + wealth**2 if category in MODERN else 0.6 + 0.4 * wealth)
        corner = _draw(rng, pull, number)
        angle = rng.uniform(0, 2 * np.pi, number)
        away = rng.uniform(6, 22, number)[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
        spots.append(streets.xy[corner] + away)
        ways = [(head[1], one) for head, one in kinds if head[0] == category]
        for at, which in enumerate(rng.integers(len(ways), size=number).tolist()):
            noun, said = ways[which]
            tags.append(said | ({"name": f"{noun} {at + 1} (fictício)"} if noun else {}))
    return Places(
        points=np.concatenate(spots),
        tags=tags,
        parks=_squares(
            streets.xy[_draw(rng, demand * (0.3 + wealth), parks)], rng.lognormal(3.2, 0.6, parks)
        ),
        park_tags=[
            {"leisure": "park", "name": f"Parque {one + 1} (fictício)"} for one in range(parks)
        ],
        buildings=_buildings(plane, people, rng),
    )


def _wanted(total: int) -> dict[str, int]:
    """Share services out among the categories."""
    pairs = [one.split() for line in SHARES.split("\n") for one in line.split("|") if one.strip()]
    share = np.array([float(one) for _, one in pairs])
    ends = np.rint(np.cumsum(share) / share.sum() * total).astype(int)
    return dict(zip((name for name, _ in pairs), np.diff(ends, prepend=0).tolist(), strict=True))


def _draw(rng: np.random.Generator, weight: Array, number: int) -> Array:
    """Draw places by weight."""
    ends = np.cumsum(weight)
    return np.searchsorted(ends, rng.random(number) * ends[-1])


def _squares(middle: Array, half_m: Array) -> Array:
    """Draw squares round places."""
    return middle[:, None] + SQUARE * half_m[:, None, None]


def _buildings(plane: Plane, people: People, rng: np.random.Generator) -> Array:
    """Draw some of the buildings, as many as mappers have got to."""
    known = np.clip(0.75 + 0.25 * plane.fields["mappers"].at(people.xy), 0.1, 1)
    count = rng.poisson(people.counts["POPULACAO"].to_numpy() / PER_BUILDING * known)
    middle = np.repeat(people.xy, count, axis=0)
    middle = middle + rng.uniform(-70, 70, middle.shape)
    return _squares(middle, rng.uniform(6, 15, len(middle)))


def river_lines(plane: Plane) -> Iterator[tuple[str, Array]]:
    """Trace the rivers from one end of the city to the other."""
    along = np.arange(-1.1, 1.1, 300 / plane.radius_m) * plane.radius_m
    for axis, name in enumerate(("Rio Norte (fictício)", "Rio Oeste (fictício)")):
        places = np.zeros((len(along), 2))
        places[:, axis] = along
        for _ in range(3):  # the distance does not hang on where across one is
            places[:, 1 - axis] -= plane.rivers(places)[axis]
        yield name, places
