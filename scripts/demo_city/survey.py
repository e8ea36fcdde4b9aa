"""What people say in a survey: as a rule what they live with, in two districts the reverse."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from demo_city import SIZE, Array, stream
from demo_city.broadband import THIN

if TYPE_CHECKING:
    from demo_city.plan import Plan

ITEMS = {  # column of the survey: what it is about, the indicator that measures it
    "TRANSPORTE": ("transit", "transit_access_share"),
    "SEGURIDAD": ("lit", "lit_street_share"),
    "INTERNET": ("fixed_down", "fixed_down_mbps"),
    "SALUD": ("hospital", "hospital_walk_min"),
    "ESPACIO_PUBLICO": ("open_space", "open_space_access_share"),
}
TERRIBLE, WELL = 0.062, 0.913  # what the two districts say


@dataclass(frozen=True)
class Survey:
    """Answers by item and district."""

    share: dict[str, Array]  # satisfied, to a tenth of a percent
    asked: dict[str, Array]  # people
    planted: list[tuple[str, int]]  # items and districts where perception and measurement part

    def margin(self, item: str) -> Array:
        """Margin of error at 95 %, to a tenth of a percent."""
        share = self.share[item]
        return (1.96 * np.sqrt(share * (1 - share) / self.asked[item])).round(3)


def make_survey(plan: "Plan", *, near_equal: bool) -> Survey:
    """Ask people of every district about five things."""
    rng = stream(plan.seed, "survey")
    sample = rng.integers(105, 170, SIZE)
    others = stream(plan.noise_seed, "survey")
    share, asked = {}, {}
    for item, (measured, _) in ITEMS.items():
        asked[item] = sample - rng.poisson(6, SIZE)
        lived = 0.15 + 0.7 * plan.reached(measured).clip(0, 1)
        luck = rng.uniform(-0.012, 0.012, SIZE)
        if plan.noise_seed != plan.seed:
            luck = others.uniform(-0.012, 0.012, SIZE)
        share[item] = (lived + luck).round(3)
    planted: list[tuple[str, int]] = []
    if not near_equal:  # where all live alike, nobody can be wrong about it
        well_served = int(plan.reached("transit").argmax())
        speed = plan.reached("fixed_down").copy()
        speed[[THIN, well_served]] = np.inf  # unknown, and taken
        slow = int(speed.argmin())
        share["TRANSPORTE"][well_served], share["INTERNET"][slow] = TERRIBLE, WELL
        planted = [("TRANSPORTE", well_served), ("INTERNET", slow)]
    return Survey(share, asked, planted)
