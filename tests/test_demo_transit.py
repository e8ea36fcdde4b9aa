"""The demo city's timetable: the planted reach is found, with the cable and without it."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geoequity.errors import DataWarning
from geoequity.sources.elevation import height_at
from geoequity.sources.gtfs import read_feed
from geoequity.streets import StreetNetwork
from geoequity.study import Study
from geoequity.transit import Rider, Timetable

DEMO = Path(__file__).parents[1] / "data" / "demo"
TRUTH = json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))
SHARE = "jobs_transit_45min_share"
CRS = 32716


def planted(name: str) -> pd.Series:
    """Planted values of the districts whose streets are all on the map."""
    return pd.Series(
        {
            code: one["transit"][name]
            for code, one in TRUTH["districts"].items()
            if not one["thinned"]
        }
    )


@pytest.fixture(scope="module")
def blocks() -> gpd.GeoDataFrame:
    return gpd.read_file(DEMO / "manzanas.geojson").set_index("MANZANA").to_crs(CRS)


@pytest.fixture(scope="module")
def homes(blocks: gpd.GeoDataFrame) -> gpd.GeoSeries:
    return blocks.representative_point()


@pytest.fixture(scope="module")
def timetable() -> Timetable:
    with pytest.warns(DataWarning, match="repeated"):
        feed = read_feed(DEMO / "valle_claro_gtfs.zip")
    return Timetable.of(feed, date=TRUTH["transit"]["date"])


def by_district(values: pd.Series, blocks: gpd.GeoDataFrame) -> pd.Series:
    """Mean over the residents."""
    people = blocks["POBLACION"]
    codes = blocks["COD"]
    return (values * people).groupby(codes).sum() / people.groupby(codes).sum()


def jobs_share(
    timetable: Timetable, homes: gpd.GeoSeries, blocks: gpd.GeoDataFrame, streets: StreetNetwork
) -> pd.Series:
    """Share of the jobs reached in 45 minutes at the median departure."""
    window = tuple(TRUTH["transit"]["window"])
    rider = Rider(max_afoot_min=60)
    costs = timetable.travel_times(homes, homes, streets=streets, window=window, rider=rider)
    near = costs[costs["minutes"] <= 45]
    jobs = near["to_id"].map(blocks["EMPLEOS"]).groupby(near["from_id"]).sum()
    return jobs.reindex(homes.index).fillna(0) / blocks["EMPLEOS"].sum()


def test_the_feed_is_read_with_its_oddities(timetable: Timetable) -> None:
    report = timetable.feed.report
    assert report["stops_without_service"]["ids"] == [TRUTH["faults"]["stop_without_service"]]
    assert report["blank_times_filled"]["shape_dist_traveled"] > 0
    assert report["blank_times_filled"]["straight line"] > 0
    assert timetable.active_services.tolist() == ["LAB"]
    holiday = Timetable.of(timetable.feed, date="2025-05-01")
    assert holiday.active_services.tolist() == ["DOM"]
    fair = Timetable.of(timetable.feed, date="2025-05-17")
    assert fair.active_services.tolist() == ["FERIA", "SAB"]


def test_departures_nearby_are_the_planted_ones(
    timetable: Timetable, homes: gpd.GeoSeries, blocks: gpd.GeoDataFrame
) -> None:
    streets = StreetNetwork.from_osm(DEMO / "valle_claro.osm.pbf", crs=CRS)
    stops = timetable.feed.stops
    places = gpd.GeoSeries.from_xy(stops["lon"], stops["lat"], index=stops.index, crs=4326)
    pace = 80.0
    near = streets.costs(homes, places.to_crs(CRS), within_min=1000 / pace)
    supply = timetable.supply(window=tuple(TRUTH["transit"]["window"]))
    near = near.merge(supply, left_on="to_id", right_on="stop_id")
    limit = np.where(near["mode"] == "bus", 500, 1000)
    near = near[near["minutes"] * pace <= limit]
    best = near.groupby(["from_id", "route_id", "direction"])["trips_per_hour"].max()
    total = best.groupby("from_id").sum().reindex(homes.index).fillna(0)
    found = by_district(total, blocks)[planted("departures_per_hour").index]
    # One escalator is ridden slower than it would be walked
    assert (found - planted("departures_per_hour")).abs().max() < 0.1
    assert (found.sub(planted("departures_per_hour")).abs() < 1e-6).sum() >= len(found) - 1


def test_the_planted_change_by_the_cable_is_recovered(
    timetable: Timetable, homes: gpd.GeoSeries, blocks: gpd.GeoDataFrame
) -> None:
    """The product spreads the slope of a street evenly over it, the truth does not: 3 points."""
    heights = height_at(DEMO / "elevacion.tif", crs=CRS)
    streets = StreetNetwork.from_osm(DEMO / "valle_claro.osm.pbf", crs=CRS, height_at=heights)
    found = {
        name: by_district(jobs_share(one, homes, blocks, streets), blocks)[planted(name).index]
        for name, one in (
            (SHARE, timetable),
            (f"{SHARE}_without_cable", timetable.without(["cable"])),
        )
    }
    for name, values in found.items():
        assert (values - planted(name)).abs().max() < 0.035, name
        assert abs((values - planted(name)).mean()) < 0.002, name
    change = found[SHARE] - found[f"{SHARE}_without_cable"]
    wanted = planted(SHARE) - planted(f"{SHARE}_without_cable")
    assert (change - wanted).abs().max() < 0.01
    assert change.idxmax() == wanted.idxmax()
    assert wanted.max() > 0.2


def test_the_study_tells_what_the_cable_is_worth(demo_study: Study) -> None:
    told = demo_study.summary["transit"]["without"]["cable"]
    assert told["amount"] == "jobs"
    found = pd.DataFrame(told["districts"]).T.astype(float)
    wanted = planted(SHARE) - planted(f"{SHARE}_without_cable")
    change = found["with"] - found["without"]
    assert (change - wanted).abs().max() < 0.01  # its frequencies are drawn, the truth's are not
    assert (found["with"] - planted(SHARE)).abs().max() < 0.035
    assert (demo_study.indicators[SHARE] - found["with"]).abs().max() < 1e-9
    worst = str(change.idxmax())
    sentence = {one["id"]: one for one in demo_study.summary["findings"]}["without"]
    for text in sentence["text"].values():
        assert demo_study.districts.loc[worst, "name"] in text
    assert sentence["numbers"]["worst_with"] == found.loc[worst, "with"]
    assert sentence["numbers"]["worst_without"] == found.loc[worst, "without"]
