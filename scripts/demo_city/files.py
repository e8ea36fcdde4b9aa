"""The tables and boundaries as providers publish them, faults included."""

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import shapely

from demo_city import DISTRICTS, NOTE, Array, place_name
from demo_city.broadband import Tiles
from demo_city.grids import write_raster
from demo_city.ground import Ground, degrees, rings
from demo_city.land import FILES, NDVI_OFFSET, NDVI_SCALE, NODATA
from demo_city.plan import Plan

ALIAS = {"Santa Lucía": "STA. LUCIA"}  # how the 311 table spells one district
INVALID, BESIDE_SLIVER, RURAL = 18, 21, (12, 17)  # districts of odd geometry, and of odd kind
FICTITIOUS = "ficticio"


def cell_ids(ground: Ground) -> list[str]:
    """Ids of the cells: the code of the district and a number in it."""
    number = np.arange(len(ground.cells)) - ground.first[ground.district] + 1
    return [f"{d + 1:02d}{n:04d}" for d, n in zip(ground.district, number, strict=True)]


def write_csv(path: Path, rows: Iterable[Sequence[object]], *, encoding: str, comma: str) -> None:
    """Write rows in one encoding, with one separator."""
    text = io.StringIO()
    csv.writer(text, delimiter=comma, lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def write_internet(path: Path, plan: Plan) -> None:
    """Write the connected households: Latin-1, semicolons, decimal commas, two rows twice."""
    rows = []
    for cell, code in enumerate(cell_ids(plan.ground)):
        households = int(plan.people.households[cell])
        shares = [f"{100 * one[cell]:.1f}".replace(".", ",") for one in plan.shares.values()]
        rows.append([code, households, *(shares if households else [""] * 3), "año ficticio 2024"])
    rows = [row for cell, row in enumerate(rows) if cell not in plan.unlisted]
    rows = [*rows[:700], rows[120], *rows[700:], rows[333]]
    columns = ["MANZANA", "HOGARES", *(f"{name}_%" for name in plan.shares), "NOTA"]
    write_csv(path, [columns, *rows], encoding="latin-1", comma=";")


def write_wifi(path: Path, plan: Plan) -> None:
    """Write the Wi-Fi sites, working or not, a few beyond the city limit."""
    working = plan.nodes["wifi"] + plan.nodes["wifi_abroad"]
    sites = [(node, "Disponible") for node in working]
    sites += [(node, "Fuera de servicio") for node in plan.nodes["wifi_broken"]]
    rows = [["id", "nombre", "estado", "WKT", "nota"]]
    for number, (node, state) in enumerate(sites, 1):
        lon, lat = degrees(plan.streets.into_block(node, 0.1))
        name = f"WiFi {place_name(plan.streets.home[node])} {number}"
        rows.append([f"WF-{number:04d}", name, state, f"POINT ({lon:.7f} {lat:.7f})", FICTITIOUS])
    write_csv(path, rows, encoding="utf-8", comma=",")


def write_requests(path: Path, plan: Plan) -> None:
    """Write the requests by the name of the district, as a city hall spells it."""
    rows = []
    for (name, *_), count in zip(DISTRICTS, plan.requests, strict=True):
        plain = unicodedata.normalize("NFD", name.upper()).encode("ascii", "ignore").decode()
        rows.append([ALIAS.get(name, plain), count, FICTITIOUS])
    columns = ["barrio", "solicitudes", "nota"]
    write_csv(path, [columns, *sorted(rows)], encoding="utf-8-sig", comma=",")


def write_tests(path: Path, tiles: Tiles, tests: Array) -> None:
    """Write the speed tests as Ookla does, a row for each tile with any."""
    columns = ["quadkey", "tile", "tile_x", "tile_y", "avg_d_kbps", "avg_u_kbps"]
    rows = []
    for quadkey, square, values in zip(tiles.quadkey, tiles.squares, tests.tolist(), strict=True):
        if values[-1]:
            ring = [f"{x:.13g} {y:.13g}" for x, y in square.exterior.coords]
            x, y = (f"{one:.4f}" for one in square.centroid.coords[0])
            rows.append([quadkey, f"POLYGON(({', '.join(ring)}))", x, y, *values, FICTITIOUS])
    columns += ["avg_lat_ms", "tests", "devices", "note"]
    write_csv(path, [columns, *sorted(rows)], encoding="utf-8", comma=",")


def write_survey(path: Path, plan: Plan) -> None:
    """Write the survey: three columns an item, percent with decimal commas, Latin-1."""
    survey = plan.survey
    names = [f"{item}_{what}" for item in survey.share for what in ("%", "ME", "N")]
    rows = [["CODIGO", "COMUNA", *names, "NOTA"]]
    for d, (name, *_) in enumerate(DISTRICTS):
        answers: list[object] = []
        for item, share in survey.share.items():
            numbers = (share[d], survey.margin(item)[d])
            answers += [f"{100 * one:.1f}".replace(".", ",") for one in numbers]
            answers.append(survey.asked[item][d])
        rows.append([f"{d + 1:02d}", name, *answers, "año ficticio 2025"])
    write_csv(path, rows, encoding="latin-1", comma=";")


def write_rasters(folder: Path, plan: Plan) -> None:
    """Write what satellites see."""
    for kind, name in FILES.items():
        coded = {"scale": NDVI_SCALE, "offset": NDVI_OFFSET} if kind == "ndvi" else {}
        grid, values = plan.land.grids[kind], plan.rasters[kind]
        write_raster(folder / name, grid, values, nodata=NODATA[kind], **coded)


def write_districts(path: Path, ground: Ground) -> None:
    """Write the districts, one with a ring that crosses itself, and a sliver."""
    columns, rows = ("COD", "NOMBRE", "TIPO", "NOTA"), []
    for d, ((name, *_), ring) in enumerate(zip(DISTRICTS, published_rings(ground), strict=True)):
        kind = "corregimiento" if d in RURAL else "comuna"
        values = (f"{d + 1:02d}", name, kind, FICTITIOUS)
        rows.append((dict(zip(columns, values, strict=True)), ring))
    _, middle, axes = outer_edge(ground, BESIDE_SLIVER)
    sliver = degrees(middle + np.array([(-3, 0.5), (3, 0.5), (0, 7.5), (-3, 0.5)]) @ axes)
    values = ("99", "Sin nombre", "remanente", FICTITIOUS)
    write_geojson(path, [*rows, (dict(zip(columns, values, strict=True)), sliver)])


def published_rings(ground: Ground) -> list[Array]:
    """Rings of the districts as written, in degrees."""
    published = [np.array(one.exterior.coords) for one in ground.outline]
    first, middle, axes = outer_edge(ground, INVALID)
    knot = middle + np.array([(-6, 0), (6, 4), (-6, 4), (6, 0)]) @ axes
    published[INVALID] = np.insert(published[INVALID], first + 1, degrees(knot), axis=0)
    return published


def outer_edge(ground: Ground, district: int) -> tuple[int, Array, Array]:
    """Longest edge of a district on the city limit: its place, middle, and axes on and out."""
    ring = np.array(ground.border[district].exterior.coords)
    middles = (ring[:-1] + ring[1:]) / 2
    limit = shapely.union_all(ground.border).exterior
    length = np.hypot(*(ring[1:] - ring[:-1]).T)
    on_limit = shapely.distance(limit, shapely.points(middles)) < 0.01
    first = int(np.where(on_limit, length, 0).argmax())
    along = (ring[first + 1] - ring[first]) / length[first]
    outward = along[::-1] * (
        [1, -1] if shapely.is_ccw(ground.border[district].exterior) else [-1, 1]
    )
    return first, middles[first], np.stack([along, outward])


def write_cells(path: Path, plan: Plan) -> None:
    """Write the census blocks; a few straddle the border of their district."""
    people, ground = plan.people, plan.ground
    squares = degrees(rings(ground.census_corner, ground.cells)[:, [0, 1, 2, 3, 0]])
    columns = ("POBLACION", "HOGARES", "VIVIENDAS", "HOGARES_NBI")
    columns += ("POB_0_5", "POB_6_17", "POB_65_MAS", "POB_INFORMAL")
    columns += (*(f"POB_INGRESO_{one}" for one in ("BAJO", "MEDIO", "ALTO")), "EMPLEOS")
    counts = [people.persons, people.households, people.dwellings, people.in_need]
    values = np.column_stack(
        [*counts, people.ages, people.informal, people.incomes, people.jobs]
    ).tolist()
    rows = []
    for code, square, counted in zip(cell_ids(ground), squares, values, strict=True):
        tags = {"MANZANA": code, "COD": code[:2], **dict(zip(columns, counted, strict=True))}
        rows.append((tags, square))
    write_geojson(path, rows)


def write_geojson(path: Path, rows: Iterable[tuple[dict, Array]]) -> None:
    """Write polygons, a feature a line."""
    features = [
        {
            "type": "Feature",
            "properties": tags,
            "geometry": {"type": "Polygon", "coordinates": [ring.tolist()]},
        }
        for tags, ring in rows
    ]
    lines = [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in features]
    head = f'{{"type":"FeatureCollection","name":"{path.stem}","description":"{NOTE}","features":['
    text = head + "\n" + ",\n".join(lines) + "\n]}\n"
    path.write_text(text, encoding="utf-8", newline="\n")
