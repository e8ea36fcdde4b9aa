"""What was planted, and the exact values that the files must give."""

from argparse import Namespace

import numpy as np

from demo_city import DISTRICTS, NOTE, PLANTED, SIZE, Array, gtfs, seen
from demo_city.aims import DRIVER, DRIVER_MOST, DRIVER_TIMES, SIGNS
from demo_city.files import ALIAS, INVALID, cell_ids
from demo_city.osm import Osm
from demo_city.plan import TAG_VALUES, Plan, listed_households
from demo_city.transit import DATE, WINDOW

RULES = {
    "city": "the districts' values weighted by residents, shares of households by households",
    "*_home_share, home_internet_share": "weighted by HOGARES of the manzanas that the table lists",
    "*_per_*": "services inside the district over its residents, the sum of POBLACION by COD",
    "lit_street_share": "metres of highway ways with lit=yes, 24/7 or limited over metres with any "
    "lit tag; in EPSG:32716, clipped to the district; no way closed to walkers carries the tag",
    "sidewalk_share": "the same of sidewalk=both, left, right, yes and separate against no",
    "realtime_stop_share": "bus stops with passenger_information_display=yes over yes and no",
    "waste_points_per_1000": "amenity=recycling and waste_disposal but access=private",
    "cctv_per_1000": "man_made=surveillance but surveillance=indoor",
    "charging_per_1000": "amenity=charging_station but access=private",
    "wifi_per_10000": "rows of wifi.csv with estado=Disponible, and nothing of OpenStreetMap",
    "thinned": "services, streets and buildings are there, but mostly not on the map; type, "
    "scores and indicators are those of the district as it is",
    "kept": "the share that is on a thinned map, by kind; of minor streets by metres",
    "published": "the indicators as the files give them, which is less where the map is thinned",
    "osm_wifi_sites": "elements with internet_access=wlan, whether wifi.csv has the site or not",
    **seen.RULES,
    "transit": "means over the residents of the manzanas by COD, who set out from a point of their "
    "manzana (its point on surface) and walk along streets",
    "transit.departures_per_hour": "in the window, of each route and direction at the stop within "
    "500 m (metro and cable 1,000 m) where there are most, summed; none where a trip ends",
    "transit.walks": "4.8 km/h on the level, and by Tobler's function of the slope every 25 m; "
    "0.5 m/s on escalators; unlike all other walks in the truth, which are as if on the level",
    "transit.jobs_transit_45min_share": "share of EMPLEOS in manzanas whose point is at most 45 "
    "minutes away at the median departure, every full minute of the window; at most 4 rides, 20 "
    "minutes to and from stops and 10 between stops on foot; an hour and a half at most",
    "transit.*_without_cable": "the same if route_type 6 did not run",
    "scores_estimated": "the generator's own estimate of the pillar scores; not exact",
}
HOUSEHOLDS = {
    "home_internet_share": "INTERNET",
    "computer_home_share": "COMPUTADORA",
    "mobile_phone_home_share": "CELULAR",
}
HEADS = {
    "waste_points_per_1000": ("waste_point", 1000),
    "cctv_per_1000": ("cctv", 1000),
    "air_stations_per_100k": ("air_station", 100_000),
    "charging_per_1000": ("charging", 1000),
    "internet_venues_per_10000": ("internet_venue", 10_000),
    "wifi_per_10000": ("wifi", 10_000),
}


def make_truth(
    plan: Plan, osm: Osm, thinned: dict[int, dict], args: Namespace
) -> dict[str, object]:
    """Tell what was planted, by district and for the city."""
    exact = exact_values(plan, {})
    published = exact_values(plan, thinned)
    lost = counts_lost(thinned, "wifi_cafe")
    wifi = plan.count(plan.nodes["wifi_cafe"]) - lost
    groups, rasters, safety = seen.groups(plan), seen.rasters(plan), seen.safety(plan, osm)
    transit = seen.transit(plan)
    tables = {"groups": groups, "rasters": rasters, "safety": safety, "transit": transit}
    parts = {name: seen.by_district(values) for name, values in tables.items()}
    parts["broadband"] = seen.broadband(plan)
    districts = {
        f"{d + 1:02d}": {
            "name": DISTRICTS[d][0],
            "type": None if args.near_equal else str(PLANTED[d]),
            "population": int(plan.population[d]),
            "scores_estimated": {
                name: round(float(ledger.score[d]), 2) for name, ledger in plan.ledgers.items()
            },
            "osm_wifi_sites": int(wifi[d]),
            "thinned": d in thinned,
            "kept": dict(sorted(thinned[d]["kept"].items())) if d in thinned else None,
            "indicators": {name: known(values[d]) for name, values in exact.items()},
            "published": {name: known(values[d]) for name, values in published.items()},
            **{name: rows[d] for name, rows in parts.items()},
        }
        for d in range(SIZE)
    }
    return {
        "note": NOTE,
        "fictitious": True,
        "seed": args.seed,
        "effect": None if args.near_equal else args.effect,
        "near_equal": args.near_equal,
        "driver": None if args.near_equal else driver(plan),
        "rules": RULES,
        "population": int(plan.population.sum()),
        "cells": len(plan.ground.cells),
        "indicators": {name: known(values[SIZE]) for name, values in exact.items()},
        "published": {name: known(values[SIZE]) for name, values in published.items()},
        "groups": {name: int(values.sum()) for name, values in groups.items()},
        "rasters": seen.raster_totals(plan, rasters),
        "safety": {name: int(values.sum()) for name, values in safety.items()},
        "transit": {
            "date": DATE,
            "window": [gtfs.clock(one)[:5] for one in WINDOW],
            "jobs": int(plan.people.jobs.sum()),
            **{name: known(with_mean(one, plan.population)[SIZE]) for name, one in transit.items()},
        },
        "broadband": seen.broadband_of_the_city(plan),
        "survey": seen.survey(plan),
        "districts": districts,
        "faults": faults(plan),
    }


def driver(plan: Plan) -> dict[str, object]:
    """The indicator that was planted to make more of the gap than any other."""
    reached = 100 * plan.reached(DRIVER)
    sign = np.array([SIGNS[one][1] for one in PLANTED[:SIZE]])
    return {
        "indicator": "requests_311_per_1000",
        "pillar": "technologies",
        "plan": f"its score is to lie {DRIVER_TIMES:g} times as far from 50 as the district's goal "
        f"in technologies, at most {DRIVER_MOST:g} points; the other technologies make up for it",
        "mean_score_of_good_technologies": round(float(reached[sign > 0].mean()), 2),
        "mean_score_of_poor_technologies": round(float(reached[sign < 0].mean()), 2),
    }


def counts_lost(thinned: dict[int, dict], category: str) -> Array:
    """Services of a category in each district that are not on the map."""
    lost = np.zeros(SIZE, dtype=int)
    for d, told in thinned.items():
        lost[d] = told["lost"][category]
    return lost


def exact_values(plan: Plan, thinned: dict[int, dict]) -> dict[str, Array]:
    """Values of every district, and then of the city, by a map that is thinned like this."""
    total, people = plan.ground.total, plan.people
    listed = listed_households(plan)
    exact = {
        name: share(total(plan.shares[column] * listed), total(listed))
        for name, column in HOUSEHOLDS.items()
    }
    exact["unmet_needs_share"] = share(total(people.in_need), total(people.households))
    for name, (category, heads) in HEADS.items():
        count = plan.count(plan.nodes[category]) - counts_lost(thinned, category)
        exact[name] = share(heads * count, plan.population)
    gone = [number for told in thinned.values() for number in told["gone"]]
    metre_of = plan.metre.copy()
    metre_of[gone] = 0.0
    exact["requests_311_per_1000"] = share(1000 * np.array(plan.requests), plan.population)
    for name, tag in (("lit_street_share", "lit"), ("sidewalk_share", "sidewalk")):
        values = np.array([way.tags.get(tag, "") for way in plan.ways])
        metre = metre_of[values != ""].sum(axis=0)
        yes = metre_of[np.isin(values, TAG_VALUES[tag][0])].sum(axis=0)
        exact[name] = with_mean(yes / metre, plan.population)
    stops, display = np.array(plan.nodes["stop"]), np.array(plan.displays)
    asked, shown = plan.count(stops[display != ""]), plan.count(stops[display == "yes"])
    displays = shown / np.where(asked, asked, np.nan)
    exact["realtime_stop_share"] = with_mean(displays, plan.population)
    return dict(sorted(exact.items()))


def share(top: Array, bottom: Array) -> Array:
    """Ratio in each district, and in the city."""
    return np.r_[top / bottom, top.sum() / bottom.sum()]


def with_mean(values: Array, weight: Array) -> Array:
    """Values of the districts, and their mean where they are known."""
    there = ~np.isnan(values)
    return np.r_[values, np.average(values[there], weights=weight[there])]


def known(value: float) -> float | None:
    """A number for JSON, where unknown is null."""
    return None if np.isnan(value) else round(float(value), 9)


def faults(plan: Plan) -> dict[str, object]:
    """Oddities of the files that a reader must cope with."""
    codes = cell_ids(plan.ground)
    return {
        "invalid_ring": f"{INVALID + 1:02d}",
        "sliver": "99",
        "cells_straddling": [codes[cell] for cell in plan.ground.straddling],
        "cells_without_residents": [codes[i] for i in np.flatnonzero(plan.people.persons == 0)],
        "cells_not_in_internet_table": [codes[cell] for cell in plan.unlisted],
        "district_under_clouds": seen.clouded(),
        "alias_in_311_table": ALIAS,
        "wifi_out_of_service": len(plan.nodes["wifi_broken"]),
        "wifi_outside_the_city": len(plan.nodes["wifi_abroad"]),
        "stop_without_service": gtfs.UNSERVED,
        "stop_listed_twice": gtfs.stop_rows(plan)[gtfs.TWICE + 1][0],
        "timetable_file_with_bom": gtfs.WITH_BOM,
    }
