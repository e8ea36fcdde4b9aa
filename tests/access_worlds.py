"""Small worlds of people, services and the minutes between them, for tests of access."""

from dataclasses import dataclass
from math import nan

import pandas as pd
from hypothesis import strategies as st

from geoequity.measures import decay


@dataclass(frozen=True)
class World:
    """People by origin, supply by service, minutes by pair."""

    people: dict[str, float]
    supply: dict[str, float]
    minutes: dict[tuple[str, str], float]

    @property
    def costs(self):
        rows = [(start, goal, minutes) for (start, goal), minutes in self.minutes.items()]
        return pd.DataFrame(rows, columns=["from_id", "to_id", "minutes"])

    @property
    def opportunities(self):
        return pd.Series(self.supply, name="supply", dtype=float)

    @property
    def population(self):
        return pd.Series(self.people, name="population", dtype=float)

    @property
    def origins(self):
        return pd.Index(self.people, name="unit_id")


@st.composite
def worlds(draw, *, least_people=0, unknown=True, least_supply=0):
    """Draw up to four origins and services, with ties, absent pairs, nobody and nothing."""
    origins = [f"o{n}" for n in range(draw(st.integers(1, 4)))]
    services = [f"s{n}" for n in range(draw(st.integers(1, 4)))]
    some = st.integers(least_supply, 9).map(float)
    supplies = st.one_of(some, some, st.just(nan)) if unknown else some
    quarters = st.integers(0, 160).map(lambda n: n / 4)
    pairs = draw(st.permutations([(start, goal) for start in origins for goal in services]))
    minutes = {pair: draw(st.none() | quarters | st.sampled_from([10.0, 20.0])) for pair in pairs}
    return World(
        people={one: float(draw(st.integers(least_people, 50))) for one in origins},
        supply={one: draw(supplies) for one in services},
        minutes={pair: one for pair, one in minutes.items() if one is not None},
    )


# Each decay and how a child would compute it
DECAYS = {
    "binary": (decay.binary(within_min=20), lambda t: 1.0 if t <= 20 else 0.0),
    "linear": (decay.linear(within_min=32), lambda t: 1 - t / 32 if t < 32 else 0.0),
    "exponential": (decay.exponential(half_min=12), lambda t: 0.5 ** (t / 12)),
    "power": (decay.power(exponent=2), lambda t: 1.0 if t < 1 else 1 / t**2),
    "stepped": (
        decay.stepped(steps=[10, 20], weights=[0.5, 0.1]),
        lambda t: 1.0 if t < 10 else 0.5 if t < 20 else 0.1,
    ),
}
