"""The walks of a study: along streets where they are, in a straight line where they are not."""

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, box

from geoequity.streets import ADULT, OLDER, WHEELCHAIR, StreetNetwork
from geoequity.walking import Manner, Walks, land_share, make_network, report_of, walk

CRS = "EPSG:32618"
PACE = 80.0  # metres a minute
MANNER = Manner(detour_factor=1.3, spacing_m=50.0, min_covered_share=0.5)


def streets(*lines: list[tuple[float, float]], **columns: list[Any]) -> gpd.GeoDataFrame:
    """Make streets between places, which are nodes of their own name."""
    ends = [(str(line[0]), str(line[-1])) for line in lines]
    shapes = [LineString(line) for line in lines]
    return gpd.GeoDataFrame(
        {
            "from_node": [one for one, _ in ends],
            "to_node": [other for _, other in ends],
            "length_m": [line.length for line in shapes],
            **columns,
        },
        index=pd.Index([f"e{n}" for n in range(len(lines))], name="edge_id"),
        geometry=shapes,
        crs=CRS,
    )


# A street through two of three cells of 400 m; the third lies 1 km off.
STREET = streets([(0, 200), (400, 200)], [(400, 200), (800, 200)])
CELLS = gpd.GeoDataFrame(
    {"district_id": ["a", "a", "b"], "population": [100.0, 300.0, 200.0]},
    geometry=[box(0, 0, 400, 400), box(400, 0, 800, 400), box(1800, 0, 2200, 400)],
    index=pd.Index(["c0", "c1", "c2"], name="unit_id"),
    crs=CRS,
)
SERVICES = gpd.GeoDataFrame(
    {"category": ["school", "clinic", "zoo"], "in_hazard": [True, False, pd.NA]},
    geometry=[Point(0, 200), Point(800, 200), Point(0, 0)],
    index=pd.Index(["s0", "s1", "s2"], name="service_id"),
    crs=CRS,
)
STOPS = gpd.GeoDataFrame({"mode": ["bus"]}, geometry=[Point(400, 200)], index=["t0"], crs=CRS)
PLACES = {"school", "clinic", "clinic@safe", "school@safe", "stop:bus"}


def walked(network: StreetNetwork | None, **changes: Any) -> Walks:
    how: dict[str, Any] = {
        "cells": CELLS, "services": SERVICES, "stops": STOPS, "places": PLACES, "manner": MANNER,
    }  # fmt: skip
    return walk(network, **how | changes)


def by_cell(table: pd.DataFrame, walks: Walks, place: str) -> list[float]:
    assert walks.homes is not None
    return table[place].groupby(walks.homes["cell_id"]).mean().tolist()


# ------------------------------------------------------------------ networks
def test_a_network_of_main_roads_is_not_walked_along() -> None:
    roads = STREET.assign(highway=["primary", "trunk_link"])
    network, report = make_network(roads)
    assert network is None
    assert report["kind"] == "main_roads"
    assert report["length_km"] == 0.8
    network, report = make_network(STREET.assign(highway=["primary", "residential"]))
    assert (network is not None, report["kind"]) == (True, "whole")
    assert make_network(STREET)[1]["kind"] == "whole"  # without tags nobody can tell


def test_fragments_are_not_walked_along() -> None:
    pieces = [[(1000 * n, 0), (1000 * n + 400, 0)] for n in range(3)]
    network, report = make_network(streets(*pieces))
    assert network is None
    assert (report["kind"], report["components"]) == ("fragments", 3)
    assert report["outside_share"] == pytest.approx(2 / 3)


# --------------------------------------------------------------------- walks
def test_people_walk_along_streets_where_most_live_on_them() -> None:
    walks = walked(make_network(STREET)[0])
    assert walks.homes is not None
    assert walks.minutes is not None
    assert set(walks.minutes.columns) == {"school", "clinic", "clinic@safe", "stop:bus"}
    # On the street of c0 and 20 m more, the school stands at its beginning
    assert by_cell(walks.minutes, walks, "school")[0] == pytest.approx(210 / PACE, abs=1e-3)
    assert by_cell(walks.minutes, walks, "clinic")[0] == pytest.approx(590 / PACE, abs=1e-3)
    assert walks.minutes["clinic@safe"].equals(walks.minutes["clinic"].rename("clinic@safe"))
    # District b has no street: 1.3 times the straight line from the middle of its cell
    assert walks.homes["straight"].groupby(walks.homes["cell_id"]).all().tolist() == [0, 0, 1]
    assert by_cell(walks.minutes, walks, "school")[2] == pytest.approx(1.3 * 2000 / PACE)
    assert walks.streets_share is not None
    assert walks.streets_share.to_dict() == {"a": 1.0, "b": 0.0}
    assert walks.report["straight_districts"] == ["b"]
    assert walks.report["straight_share"] == walks.report["off_street_share"] == 200 / 600
    assert walks.report["far_share"] == 200 / 600
    assert walks.report["island_share"] == 0


def test_what_is_counted_off_the_network_is_unknown() -> None:
    walks = walked(make_network(STREET)[0])
    assert walks.counts is not None
    assert by_cell(walks.counts, walks, "school")[:2] == [1, 1]
    assert np.isnan(by_cell(walks.counts, walks, "school")[2])


def test_a_home_far_from_streets_is_measured_straight_even_in_a_covered_district() -> None:
    cells = CELLS.assign(district_id="a")
    walks = walked(make_network(STREET)[0], cells=cells)
    assert walks.report["straight_districts"] == []
    assert walks.report["straight_share"] == 200 / 600
    assert by_cell(walks.minutes, walks, "school")[2] == pytest.approx(1.3 * 2000 / PACE)


def test_without_streets_every_walk_is_straight() -> None:
    walks = walked(None, by_distance=["stop:bus"])
    assert walks.homes is not None
    assert walks.homes["straight"].all()
    assert walks.streets_share is None
    assert walks.minutes["school"].tolist()[0] == pytest.approx(1.3 * 200 / PACE)
    assert walks.metres["stop:bus"].tolist()[0] == pytest.approx(1.3 * 200)


def test_a_city_without_services_has_no_walks() -> None:
    walks = walked(make_network(STREET)[0], places=set())
    assert walks.homes is not None
    assert walks.minutes is not None
    assert walks.minutes.shape == (len(walks.homes), 0)


def test_hills_take_minutes_and_no_metres() -> None:
    hill, _ = make_network(STREET, height_at=lambda xy: xy[:, 0] / 10)  # 10 % to the east
    up, flat = (walked(one, by_distance=["clinic"]) for one in (hill, make_network(STREET)[0]))
    ratio = up.minutes["clinic"] / flat.minutes["clinic"]
    served = ~flat.homes["straight"]
    assert ratio[served].tolist() == pytest.approx([np.exp(0.35)] * served.sum())
    pd.testing.assert_frame_equal(up.metres, flat.metres)


# -------------------------------------------------------------------- others
def test_others_walk_slower_and_not_over_steps() -> None:
    stairs = streets(
        [(0, 200), (400, 200)], [(400, 200), (800, 200)],
        [(0, 200), (0, 600), (900, 600), (900, 200), (800, 200)],
        highway=["residential", "steps", "residential"],
    )  # fmt: skip
    network, _ = make_network(stairs)
    assert network is not None
    to_clinics = {"clinic_walk_min": ["clinic", "hospital"], "zoo_walk_min": ["hospital"]}
    walks = walked(network, walkers=[ADULT, OLDER, WHEELCHAIR], purposes=to_clinics)
    assert list(walks.by_walker) == ["adult", "older", "wheelchair"]
    adult, older, wheels = (one["clinic_walk_min"] for one in walks.by_walker.values())
    assert adult.tolist() == pytest.approx([mean_of(walks, cell) for cell in CELLS.index])
    slower = ADULT.speed_kmh / OLDER.speed_kmh
    assert older.tolist() == pytest.approx((adult * slower).tolist())
    assert wheels.isna().tolist() == [False, True, False]  # of c1, nearly all live on steps
    assert wheels["c0"] > older["c0"] + 1
    told = report_of(walks, cells=CELLS)
    assert set(told["groups"]) == {"older", "wheelchair"}
    assert set(told["groups"]["older"]) == {"clinic_walk_min"}  # there is no hospital
    clinic = told["groups"]["older"]["clinic_walk_min"]
    expected = np.average(
        [one for cell in ("c0", "c1", "c2") for one in [mean_of(walks, cell)]],
        weights=CELLS["population"],
    )
    assert clinic["adult"] == pytest.approx(expected)
    assert clinic["unreached_share"] == 0
    # The 300 people of c1 live on steps
    assert told["groups"]["wheelchair"]["clinic_walk_min"]["unreached_share"] == 300 / 600
    assert told["homes"] == len(walks.homes)
    assert told["slope"] is False


def mean_of(walks: Walks, cell: str) -> float:
    return float(walks.minutes.loc[walks.homes["cell_id"] == cell, "clinic"].mean())


def test_people_behind_steps_are_told_as_not_reaching() -> None:
    stairs = streets(
        [(0, 200), (400, 200)], [(400, 200), (800, 200)],
        highway=["steps", "residential"],
    )  # fmt: skip
    network, _ = make_network(stairs)
    to_clinics = {"clinic_walk_min": ["clinic"]}
    walks = walked(network, walkers=[ADULT, WHEELCHAIR], cells=CELLS.iloc[:2], purposes=to_clinics)
    none = walks.by_walker["wheelchair"] * np.nan
    cut = replace(walks, by_walker=walks.by_walker | {"wheelchair": none})
    told = report_of(cut, cells=CELLS.iloc[:2])["groups"]["wheelchair"]
    assert told["clinic_walk_min"]["unreached_share"] == 1
    assert told["clinic_walk_min"]["mean"] is None
    nobody = CELLS.iloc[:2].drop(columns="population")
    assert report_of(walks, cells=nobody)["groups"] == {"wheelchair": {}}


# ---------------------------------------------------------------------- land
def test_land_is_near_a_street_or_not() -> None:
    districts = gpd.GeoDataFrame(
        {"name": ["near", "far", "half"]},
        geometry=[box(0, 0, 800, 400), box(5000, 0, 5800, 400), box(0, 400, 800, 800)],
        index=["near", "far", "half"],
        crs=CRS,
    )
    network, _ = make_network(STREET)
    assert network is not None
    share = land_share(districts, network)
    assert share["near"] == 1
    assert share["far"] == 0
    assert share["half"] == 0  # 200 m from the street and more
