"""Door-to-door times on the real timetables of two cities are those of a brute force."""

import datetime as dt
import itertools
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree
from timetable_oracle import (
    NEVER,
    Calls,
    Question,
    changes_between,
    departures,
    minutes_taken,
    read_tables,
    rules_of,
    services_on,
    stops_of,
    straight_min,
    vehicles_on,
    within,
)

from geoequity.transit import Rider, Timetable

CITIES = Path(__file__).parents[3] / "shared" / "cities"
pytestmark = [
    pytest.mark.skipif(not CITIES.is_dir(), reason="the open data of the cities are absent"),
    # One agency that stands twice; nothing that is mended in the feeds touches a ride
    pytest.mark.filterwarnings("ignore::geoequity.errors.DataWarning"),
]

START_S = 7 * 3600
FEEDS = {
    "sao_paulo": ("sao_paulo/spo_gtfs.zip", "EPSG:32723", dt.date(2019, 5, 15)),
    "mexico_city": ("mexico_city/gtfs_df_2013.zip", "EPSG:32614", dt.date(2013, 7, 10)),
}


def near_walks(stops, rules, question):
    """Walk between stops that are near, of one station or in a rule, by pair [minutes]."""
    ids = list(stops)
    tree = cKDTree([(one.x, one.y) for one in stops.values()])
    far_m = question.max_change_min * 80 / question.detour_factor + 1
    pairs = {(ids[one], ids[other]) for one, other in tree.query_pairs(far_m)}
    pairs |= {(other, one) for one, other in pairs} | {(one, one) for one in ids} | set(rules)
    assert not any(stop.station for stop in stops.values())
    return {
        (one, other): straight_min(stops[one], stops[other], question.detour_factor)
        for one, other in pairs
    }


def walks_from(place, others, question):
    """Walk from a place to those that are near [s]."""
    minutes = {
        one: straight_min(place, other, question.detour_factor) for one, other in others.items()
    }
    return within(minutes, question.max_walk_min)


def brute_force(tables, crs, question, *, origins, destinations):
    """Measure travel between all pairs, as `timetable_oracle.door_to_door` does for few stops."""
    stops, latest_s = stops_of(tables, crs), question.window_s[1] + 60 * question.within_min
    rules = rules_of(tables, stops)
    vehicles = [
        vehicle
        for vehicle in vehicles_on(tables, question.date)
        if vehicle[0].departure <= latest_s and vehicle[-1].arrival >= question.window_s[0]
    ]
    changes = changes_between(
        near_walks(stops, rules, question), stops=stops, rules=rules,
        detour_factor=question.detour_factor, max_change_min=question.max_change_min,
    )  # fmt: skip
    calls = Calls(vehicles, stops, changes)
    egress = {to: walks_from(place, stops, question) for to, place in destinations.items()}
    leaves, found = departures(*question.window_s), {}
    for start, place in origins.items():
        how = {
            "access": walks_from(place, stops, question), "egress": egress,
            "direct": walks_from(place, destinations, question),
            "max_rides": question.max_transfers + 1,
        }  # fmt: skip
        arrivals = [calls.earliest_arrivals(start_s=left, **how) for left in leaves]
        for to in destinations:
            minutes = minutes_taken(
                [one[to] for one in arrivals], leaves,
                within_min=question.within_min, percentiles=question.percentiles,
            )  # fmt: skip
            if min(minutes.values()) < NEVER:
                found[start, to] = minutes
    return found


def some_places(stops, *, number, prefix, seed):
    """Take places up to 800 m from some stops."""
    rng = np.random.default_rng(seed)
    xy = np.array([(one.x, one.y) for one in stops.values()])
    xy = xy[rng.choice(len(xy), number, replace=False)] + rng.uniform(-800, 800, (number, 2))
    return {f"{prefix}{position}": tuple(one) for position, one in enumerate(xy)}


def points(places, crs):
    x, y = np.array(list(places.values())).T
    return gpd.GeoSeries(gpd.points_from_xy(x, y), index=pd.Index(list(places)), crs=crs)


def assert_routed_by_brute_force(city, *, origins, minutes, seed, **how):
    """Compare all pairs of some places, and that travel by transit is among them."""
    path, crs, date = FEEDS[city]
    tables = read_tables(CITIES / path)
    stops = stops_of(tables, crs)
    places = {
        "origins": some_places(stops, number=origins, prefix="o", seed=seed),
        "destinations": some_places(stops, number=20, prefix="d", seed=seed + 1),
    }
    question = Question(
        date=date, window_s=(START_S, START_S + 60 * minutes),
        percentiles=(5, 25, 50, 75, 95), **{"within_min": 90.0, **how},
    )  # fmt: skip
    expected = brute_force(tables, crs, question, **places)
    timetable = Timetable.from_gtfs(CITIES / path, date=date)
    assert set(timetable.active_services) == services_on(tables, date)
    costs = timetable.travel_times(
        *(points(one, crs) for one in places.values()),
        window=("07:00", f"07:{minutes:02d}"),
        within_min=question.within_min,
        percentiles=question.percentiles,
        rider=Rider(max_transfers=question.max_transfers),
    )
    found = costs.set_index(["from_id", "to_id"]).sort_index()
    assert found.index.is_unique
    assert set(found.index) == set(expected)
    for p in question.percentiles:
        slow = [60 * expected[pair][p] for pair in found.index]
        np.testing.assert_allclose(found[f"minutes_p{p:02d}"] * 60, slow, rtol=0, atol=1e-6)
    on_foot = {
        pair
        for pair in itertools.product(places["origins"], places["destinations"])
        if straight_min(places["origins"][pair[0]], places["destinations"][pair[1]], 1.3) <= 20
    }
    assert len(set(expected) - on_foot) > origins  # some of them ride


@pytest.mark.parametrize("max_transfers", [0, 3])
def test_sao_paulo_is_routed_by_brute_force(max_transfers):
    assert_routed_by_brute_force(
        "sao_paulo", origins=12, minutes=10, seed=1, max_transfers=max_transfers
    )


def test_mexico_city_is_routed_by_brute_force():
    assert_routed_by_brute_force("mexico_city", origins=6, minutes=5, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("city", FEEDS)
@pytest.mark.parametrize("seed", [11, 13, 17])
def test_more_of_a_city_is_routed_by_brute_force(city, seed):
    assert_routed_by_brute_force(city, origins=40, minutes=20, seed=seed)
