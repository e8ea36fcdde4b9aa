"""Exact values of tiles, rasters, timetable, survey and groups, for the truth."""

import numpy as np
import shapely

from demo_city import SIZE, Array
from demo_city.broadband import (
    DEVICE_SPREAD,
    FILES,
    FLOOR,
    THIN,
    TILE_SPREAD,
    counts_by_district,
)
from demo_city.files import published_rings
from demo_city.grids import zonal
from demo_city.land import CLOUDED, IN_ZONE, decoded, in_zone
from demo_city.osm import Osm
from demo_city.plan import SHELTER_SHARE, Plan
from demo_city.survey import ITEMS

KNOWN_SHARE = 0.5  # of an area, for a mean of the whole
RULES = {
    "groups": "sums of the columns POB_* of the manzanas by COD",
    "broadband.true": "exp(mu) of the district, the geometric mean over its tiles; a tile belongs "
    "to the district of its middle; log of its true mean ~ N(mu, tile spread); log of what is "
    "published ~ N(that, device spread / sqrt(devices)); the same in every quarter",
    "broadband.<file>": "tiles with tests, tests and devices of the tiles whose middle is in the "
    "district",
    "rasters": "cells by the share of their area in degrees that the district, as published and "
    "made valid, covers",
    "rasters.flood_share": "of the area, in classes 2 and 3",
    "rasters.exposed": "residents of the population raster in classes 2 and 3; of each of its "
    "cells the share that 9 cells of the flood raster nested in it give",
    "rasters.ndvi": "null where less than half of the area is known",
    "shelters, hospitals": "emergency=assembly_point, amenity=hospital in the district; in_zone: "
    "in classes 2 and 3 at the point, or at the middle of the (outer) ring",
    "survey": "perception and measurement part where the standing among residents of what is said "
    "and that of the true value differ by over a half",
}


def published_outlines(plan: Plan) -> list[shapely.Geometry]:
    """Districts as a careful reader has them, in degrees."""
    return [shapely.make_valid(shapely.Polygon(one)) for one in published_rings(plan.ground)]


def by_district(values: dict[str, Array]) -> list[dict[str, float | int | None]]:
    """Name the values of each district; null is unknown."""
    return [
        {name: plain(column[d]) for name, column in values.items()}
        for d in range(len(next(iter(values.values()))))
    ]


def plain(value: float) -> float | int | None:
    """A number for JSON."""
    if isinstance(value, int | np.integer):
        return int(value)
    return None if np.isnan(value) else round(float(value), 9)


def groups(plan: Plan) -> dict[str, Array]:
    """Residents of each group."""
    people = plan.people
    columns = [*people.ages.T, people.informal, *people.incomes.T]
    names = ["POB_0_5", "POB_6_17", "POB_65_MAS", "POB_INFORMAL"]
    names += [f"POB_INGRESO_{one}" for one in ("BAJO", "MEDIO", "ALTO")]
    return {name: plan.ground.total(column) for name, column in zip(names, columns, strict=True)}


def rasters(plan: Plan) -> dict[str, Array]:
    """What the rasters say of each district."""
    outlines, grids = published_outlines(plan), plan.land.grids
    values = {kind: decoded(kind, stored) for kind, stored in plan.rasters.items()}
    found = {kind: zonal(grids[kind], values[kind], outlines) for kind in values}
    zone = np.where(np.isnan(values["flood"]), np.nan, in_zone(plan.land.flood))
    enough = found["ndvi"]["known_share"] >= KNOWN_SHARE
    return {
        "population": found["population"]["sum"],
        "exposed": zonal(grids["population"], plan.land.exposed, outlines)["sum"],
        "flood_share": zonal(grids["flood"], zone, outlines)["mean"],
        "elevation_m": found["elevation"]["mean"],
        "night_lights_mean": found["lights"]["mean"],
        "night_lights_sum": found["lights"]["sum"],
        "ndvi": np.where(enough, found["ndvi"]["mean"], np.nan),
        "ndvi_known_share": found["ndvi"]["known_share"],
    }


def raster_totals(plan: Plan, found: dict[str, Array]) -> dict[str, float | int | None]:
    """What the rasters say of the city, and the whole of the file that counts people."""
    totals = {name: plain(found[name].sum()) for name in ("population", "exposed")}
    everywhere = float(np.nansum(plan.land.population))
    return totals | {"population_of_the_file": plain(everywhere)}


def safety(plan: Plan, osm: Osm) -> dict[str, Array]:
    """Shelters and hospitals of each district, and those of them in the flood zone."""
    shelters = [plan.streets.into_block(node, SHELTER_SHARE) for node in plan.shelters]
    places = {"shelters": np.array(shelters), "hospitals": osm.middles("amenity", "hospital")}
    tree, found = shapely.STRtree(plan.ground.border), {}
    for name, xy in places.items():
        inside, home = tree.query(shapely.points(xy), "within")
        wet = plan.land.flooded(xy[inside]) >= IN_ZONE
        found[name] = np.bincount(home, minlength=SIZE)
        found[f"{name}_in_zone"] = np.bincount(home[wet], minlength=SIZE)
    return found


def broadband(plan: Plan) -> list[dict[str, object]]:
    """True speeds and counts of tests of each district."""
    true = by_district(
        {
            f"{net}_{column}": values
            for (net, column), values in plan.speeds.items()
            if (net, column) != ("mobile", "latency_ms")
        }
    )
    counts = {name: by_district(counts_by_district(plan.tiles, plan.tests[name])) for name in FILES}
    return [
        {"true": true[d], **{name: one[d] for name, one in counts.items()}} for d in range(SIZE)
    ]


def broadband_of_the_city(plan: Plan) -> dict[str, object]:
    """The process behind the tests, and what its files hold, surroundings included."""
    files = {
        name: {"rows": int((rows[:, 4] > 0).sum()), "tests": int(rows[:, 3].sum())}
        | {"devices": int(rows[:, 4].sum())}
        for name, rows in plan.tests.items()
    }
    return {
        "tile_spread": TILE_SPREAD,
        "device_spread": DEVICE_SPREAD,
        "floor_of_tests": FLOOR,
        "below_the_floor_on_fixed_lines": f"{THIN + 1:02d}",
        "files": files,
    }


def survey(plan: Plan) -> dict[str, object]:
    """Which item goes with which indicator, and where the two part."""
    parted = [{"item": item, "district": f"{d + 1:02d}"} for item, d in plan.survey.planted]
    return {"items": {item: one for item, (_, one) in ITEMS.items()}, "disagreements": parted}


def transit(plan: Plan) -> dict[str, Array]:
    """What vehicles bring within reach of the residents."""
    people = plan.ground.share(plan.people.persons)
    return {name: plan.ground.total(people * values) for name, values in plan.reach.items()}


def clouded() -> str:
    """Code of the district that clouds hide."""
    return f"{CLOUDED + 1:02d}"
