"""What every district is to score, and the ledger that keeps it on its goal."""

import numpy as np

from demo_city import PLANTED, SIZE, Array, stream

EFFECTS = {"small": (7.0, 9.0), "medium": (13.0, 16.0), "large": (20.0, 25.0)}
ALIKE = 55.0  # goal of both pillars in a near-equal city
SIGNS = {"integrated": (1, 1), "showcase": (-1, 1), "analogue": (1, -1), "neglected": (-1, -1)}

# The driver of the gap: the one indicator that is to part districts more than any other
DRIVER, DRIVER_TIMES, DRIVER_MOST = "requests_311", 3.0, 45.0

# The tree of the index: every area weighs the same in its pillar, every concept in its area.
TREE = {
    "structures": {
        "health_safety": (
            "hospital",
            "clinic",
            "pharmacy",
            "police",
            "lit",
            "waste_point",
            "hazard",
        ),
        "mobility": (
            "transit",
            "rapid_transit",
            "departures",
            "jobs_reached",
            "intersections",
            "sidewalk",
            "cycleway",
        ),
        "activities": ("open_space", "green", "culture", "sport", "food_market"),
        "opportunities": ("school", "childcare", "university", "bank"),
        "governance": ("public_office", "library", "community_centre", "post_office"),
    },
    "technologies": {
        "health_safety": ("cctv", "air_station", "defibrillator"),
        "mobility": ("shared_bike", "charging", "realtime", "ticket_machine"),
        "activities": ("wifi", "internet_venue"),
        "opportunities": ("internet", "device", "coworking", "fixed_line", "mobile_line"),
        "governance": ("kiosk", "requests_311"),
    },
}
DISTRICT_WALK = (45, 10)
WALKS = (  # minutes that score 0 and 100; the scarcest first, as the later ones mend their misses
    dict.fromkeys(("hospital", "university", "coworking"), (60, 15))
    | dict.fromkeys(("police", "culture", "library", "public_office"), DISTRICT_WALK)
    | dict.fromkeys(("community_centre", "post_office", "bank"), DISTRICT_WALK)
    | dict.fromkeys(("ticket_machine", "kiosk"), DISTRICT_WALK)
    | dict.fromkeys(("sport", "clinic", "pharmacy", "food_market", "school", "childcare"), (30, 5))
    | dict.fromkeys(("shared_bike", "defibrillator"), (30, 5))
)
BEST_RATE = {  # per 100,000 residents, the count that scores 100
    "waste_point": 200,
    "cctv": 500,
    "charging": 100,
    "air_station": 5,
    "internet_venue": 30,
    "wifi": 100,
    "requests_311": 30_000,
}
WORST_EXPOSED = 0.5  # share of residents in the flood zone that scores 0
BEST_DEPARTURES, BEST_JOBS_SHARE = 60, 0.5  # an hour; of the jobs of the city
BEST_GREEN_M2, BEST_INTERSECTIONS, BEST_CYCLEWAY_KM = 9, 100, 3  # a head; per km2


def make_goals(seed: int, effect: str, *, near_equal: bool) -> dict[str, Array]:
    """Score that every district is to have in each pillar."""
    rng = stream(seed, "goals")
    sign = np.array([SIGNS[one] for one in PLANTED[:SIZE]]).T
    offset = rng.uniform(*EFFECTS[effect], (2, SIZE))
    score = ALIKE + rng.uniform(-1, 1, (2, SIZE)) if near_equal else 50 + sign * offset
    return dict(zip(TREE, score, strict=True))


def driver_aim(seed: int, goal: Array) -> Array:
    """Share of full marks of the driver: thrice as far from the middle as the pillar's goal."""
    apart = (DRIVER_TIMES * (goal - 50)).clip(-DRIVER_MOST, DRIVER_MOST)
    return (50 + apart + stream(seed, "driver").uniform(-3, 3, SIZE)) / 100


class Ledger:
    """Keep each district's pillar on its goal: what one indicator misses, the next make up for."""

    def __init__(self, seed: int, pillar: str, goal: Array) -> None:
        areas = TREE[pillar].values()
        self.weight = {name: 1 / len(areas) / len(names) for names in areas for name in names}
        self.goal, self.rng = goal, stream(seed, f"aims of {pillar}")
        self.debt, self.left = np.zeros(SIZE), 1.0
        self.reached: dict[str, Array] = {}

    def aim(self) -> Array:
        """Share of full marks that the next indicator should reach in each district."""
        score = self.goal + self.rng.normal(0, 4, SIZE) + self.debt / self.left
        return score.clip(3, 97) / 100

    def book(self, name: str, reached: Array) -> None:
        """Enter the share of full marks that an indicator reached."""
        self.debt = self.debt + self.weight[name] * (self.goal - 100 * reached.clip(0, 1))
        self.left -= self.weight.pop(name)
        self.reached[name] = reached

    @property
    def score(self) -> Array:
        """The pillar as it turned out, once every indicator is booked."""
        if self.weight:
            msg = f"not booked: {', '.join(self.weight)}"
            raise RuntimeError(msg)
        return self.goal - self.debt
