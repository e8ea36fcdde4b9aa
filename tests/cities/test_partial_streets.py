"""Real street files that are not all of a city's streets, and how they are told apart."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geoequity.sources.osm import read_osm
from geoequity.walking import make_network

CITIES = Path(__file__).parents[3] / "shared" / "cities"
pytestmark = pytest.mark.skipif(not CITIES.is_dir(), reason="../shared/cities is absent")


def edges(file: str, crs: str, **options: str) -> gpd.GeoDataFrame:
    """Read edges as osmnx writes them, u and v."""
    columns = ["u", "v", "highway"]
    table = gpd.read_file(CITIES / file, columns=columns, **options).to_crs(crs)
    table = table[table.geom_type == "LineString"]
    table = table.rename(columns={"u": "from_node", "v": "to_node"})
    table["length_m"] = table.length
    return table[["from_node", "to_node", "length_m", "highway", "geometry"]]


def test_main_roads_alone_are_not_walked_along() -> None:
    bogota, report = make_network(edges("bogota/vias_principales_osm_2025.geojson", "EPSG:3116"))
    assert (bogota, report["kind"]) == (None, "main_roads")
    assert report["length_km"] == pytest.approx(713, abs=1)  # as its provenance says
    file = "santiago/calles_principales_osm_2021.gpkg"
    santiago, report = make_network(edges(file, "EPSG:32719", layer="edges"))
    assert (santiago, report["kind"]) == (None, "main_roads")
    arterials = read_osm(CITIES / "medellin/osm_arterials_2026_overpass.json").streets
    assert make_network(arterials)[1]["kind"] == "main_roads"


@pytest.mark.parametrize(
    "file",
    [
        "medellin/osm_streets_south_valley_2024_overpass.json",
        "brasilia/osm_streets_plano_piloto_2025_overpass.json",
        "bogota/osm_streets_chapinero_drive_2025_overpass.json",
        "santiago/osm_calles_centro_2021_overpass.json",
    ],
)
def test_the_streets_of_a_part_of_a_city_are_walked_along(file: str) -> None:
    network, report = make_network(read_osm(CITIES / file).streets)
    assert network is not None
    assert report["kind"] == "whole"


def test_the_fragment_of_medellin_is_not_walked_along() -> None:
    table = pd.read_csv(CITIES / "medellin/calles_medellin_acoso_4000.csv", sep=";")
    lines = gpd.GeoSeries(shapely.from_wkt(table["geometry"].fillna("")), crs=4326)
    streets = gpd.GeoDataFrame(
        {"from_node": table["origin"], "to_node": table["destination"]}, geometry=lines
    )
    streets = streets[lines.notna() & ~lines.is_empty].to_crs("EPSG:32618")
    spots = streets.geometry
    streets["from_node"], streets["to_node"] = (
        shapely.to_wkt(shapely.get_point(spots.array, end), rounding_precision=1) for end in (0, -1)
    )
    streets["length_m"] = streets.length
    network, report = make_network(streets)
    assert (network, report["kind"]) == (None, "fragments")
    assert report["components"] > 100
