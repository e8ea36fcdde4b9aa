"""The demo city with edits planted in it: what a year of decisions would have changed."""

import shutil
from pathlib import Path

import geopandas as gpd
import osmium
import osmium.osm.mutable
import pandas as pd
import shapely

CLINICS, WIFI, ONLINE = "13", "08", "03"  # codes of the districts
NEW_CLINICS = 3
MORE_ONLINE = 25.0  # percentage points
DEMO = Path(__file__).parents[1] / "data" / "demo"


def plant(folder: Path) -> Path:
    """Copy the demo; open clinics in a district, take the Wi-Fi of one, bring one online."""
    shutil.copytree(DEMO, folder, dirs_exist_ok=True)
    cells = gpd.read_file(DEMO / "manzanas.geojson")
    _open_clinics(folder, cells[cells["COD"] == CLINICS])
    _remove_wifi(folder / "wifi.csv", cells[cells["COD"] == WIFI].union_all())
    _bring_online(folder / "internet_hogares.csv", cells.loc[cells["COD"] == ONLINE, "MANZANA"])
    return folder


def _open_clinics(folder: Path, cells: gpd.GeoDataFrame) -> None:
    """Add clinics to the map, as far from each other as the district allows."""
    name = "valle_claro.osm.pbf"
    places = sorted(cells.geometry.representative_point(), key=lambda one: one.x + 2 * one.y)
    step = len(places) // NEW_CLINICS
    chosen = places[step // 2 :: step][:NEW_CLINICS]
    first = 1 + max(one.id for one in osmium.FileProcessor(str(DEMO / name)) if one.is_node())
    new = [
        osmium.osm.mutable.Node(
            id=first + at, version=1, location=(point.x, point.y), tags={"amenity": "clinic"}
        )
        for at, point in enumerate(chosen)
    ]
    with osmium.SimpleWriter(str(folder / name), overwrite=True) as writer:
        for one in osmium.FileProcessor(str(DEMO / name)):
            if not one.is_node() and new:
                for node in new:
                    writer.add_node(node)
                new = []
            writer.add(one)


def _remove_wifi(path: Path, land: shapely.Geometry) -> None:
    """Take the sites of a district off the list."""
    sites = pd.read_csv(path)
    there = shapely.within(shapely.from_wkt(sites["WKT"]), land.buffer(0.001))
    sites[~there].to_csv(path, index=False)


def _bring_online(path: Path, cells: pd.Series) -> None:
    """Give more households of some cells internet."""
    lines = path.read_bytes().decode("latin-1").splitlines(keepends=True)
    told = []
    for line in lines:
        row = line.split(";")
        if row[0] in set(cells) and row[2]:
            share = min(float(row[2].replace(",", ".")) + MORE_ONLINE, 100.0)
            row[2] = f"{share:.1f}".replace(".", ",")
        told.append(";".join(row))
    path.write_bytes("".join(told).encode("latin-1"))
