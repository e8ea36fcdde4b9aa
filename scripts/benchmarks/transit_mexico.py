#!/usr/bin/env python3
"""
Measure a whole city door to door: Mexico City by its timetable of 2013.

From each of 1,651 colonias to the centre, and to every hospital and school of an
OpenStreetMap extract, by the median departure from 7 to 9. There is no street layer:
walks are in a straight line, times a detour. The aim is 5 minutes on 2 cores and
4 GB. `--data` is the folder of the city's files.
"""

import argparse
import resource
import time
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import Point

from geoequity.errors import DataWarning
from geoequity.sources.osm import read_osm
from geoequity.transit import Rider, Timetable

CRS = "EPSG:32614"
CENTRE = (-99.1332, 19.4326)  # Zócalo
KINDS = ("hospital", "school")


def journeys(data: Path, *, draws: int) -> pd.DataFrame:
    """Travel from every colonia to the centre and to the nearest of each kind [min]."""
    colonias = gpd.read_file(data / "colonias.geojson").to_crs(CRS)
    homes = colonias.representative_point()
    centre = gpd.GeoSeries([Point(CENTRE)], crs="EPSG:4326").to_crs(CRS)
    layers = read_osm([data / f"osm_{kind}s_2025_overpass.json" for kind in KINDS], crs=CRS)
    places = layers.services[layers.services["category"].isin(KINDS)]
    label = np.array(["centre", *places["category"]])
    goals = gpd.GeoSeries([*centre, *places.representative_point()], crs=CRS)
    timetable = Timetable.from_gtfs(
        data / "gtfs_df_2013.zip", date="2013-07-03", modes={"MB": "brt"}
    )
    found = timetable.spread(homes, goals, window=("07:00", "09:00"), rider=Rider(draws=draws))
    rows = [
        {kind: minutes[0][label == kind].min() for kind in ("centre", *KINDS)}
        for minutes, _ in found
    ]
    return pd.DataFrame(rows, index=colonias.index)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=4)
    options = parser.parse_args()
    warnings.simplefilter("ignore", DataWarning)
    begin = time.perf_counter()
    table = journeys(options.data, draws=options.draws)
    took = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(table):,} colonias, {took:.0f} s, {peak:,.0f} MB")
    for kind, minutes in table.items():
        within = [f"{np.mean(minutes <= limit):.1%} in {limit}" for limit in (30, 45, 60, 90)]
        reached = minutes[np.isfinite(minutes)]
        print(f"  {kind:9s} median {reached.median():.1f} min where reached; {', '.join(within)}")


if __name__ == "__main__":
    main()
