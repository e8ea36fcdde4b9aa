"""Census sectors, the people in them, and the neighbourhoods and districts they make up."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from scipy.spatial import KDTree

from metropolis import NOTA, Array, stream
from metropolis.plane import Plane, degrees, first_of_disc

CELLS, DISTRICTS = "setores.gpkg", "distritos.geojson"
NEIGHBOURHOODS, INTERNET = "bairros.geojson", "internet_domicilios.csv"
REQUESTS, WIFI = "solicitacoes_156.csv", "wifi_livre.csv"
WRITTEN = "2025-06-30T00:00:00.000Z"  # in place of the clock's time
JOBS_EACH = 0.45  # resident
ROUNDS = 4  # of evening out how large zones are


@dataclass(frozen=True)
class People:
    """Cells in their order, and zones by number."""

    squares: Array  # polygons in degrees
    xy: Array  # middles
    neighbourhood: Array
    district: Array  # of each cell
    district_of: Array  # of each neighbourhood
    counts: pd.DataFrame

    @property
    def ids(self) -> list[str]:
        """Code of each cell: district, neighbourhood, and a running number."""
        number = np.arange(len(self.xy))
        return [
            f"{d + 1:03d}{n + 1:05d}{at:06d}"
            for d, n, at in zip(
                self.district.tolist(), self.neighbourhood.tolist(), number.tolist(), strict=True
            )
        ]


def make_people(plane: Plane) -> People:
    """Draw the sectors and count people in them."""
    rng = stream(plane.seed, "people")
    grid, step = first_of_disc(plane, plane.size.cells, centred=True)
    corners, of_cell = np.unique(
        (grid[:, None] + np.array([(0, 0), (1, 0), (1, 1), (0, 1)])).reshape(-1, 2),
        axis=0,
        return_inverse=True,
    )
    of_cell = of_cell.reshape(-1, 4)
    at = plane.xy(step * corners)
    middle = at[of_cell].mean(axis=1)
    rings = degrees(at)[of_cell[:, [0, 1, 2, 3, 0]]]
    neighbourhood = _nearest(_seeds(rng, middle, plane.size.neighbourhoods), middle)
    centres = _centres(middle, neighbourhood)
    district_of = _nearest(_seeds(rng, centres, plane.size.districts), centres)
    return People(
        squares=shapely.polygons(rings),
        xy=middle,
        neighbourhood=neighbourhood,
        district=district_of[neighbourhood],
        district_of=district_of,
        counts=_counts(plane, middle, _areas(at[of_cell]), rng),
    )


def _areas(rings: Array) -> Array:
    """Area of quadrilaterals."""
    x, y = rings[..., 0], rings[..., 1]
    return np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2


def _seeds(rng: np.random.Generator, places: Array, number: int) -> Array:
    """Choose places that share the others out about evenly."""
    seeds = places[np.sort(rng.choice(len(places), number, replace=False))]
    for _ in range(ROUNDS):
        seeds = _centres(places, _nearest(seeds, places))
    return seeds


def _nearest(seeds: Array, places: Array) -> Array:
    """Tell the nearest seed of each place, numbered without gaps."""
    return np.unique(KDTree(seeds).query(places)[1], return_inverse=True)[1]


def _centres(places: Array, group: Array) -> Array:
    """Middle of each group of places."""
    sizes = np.bincount(group)
    return np.stack([np.bincount(group, places[:, axis]) / sizes for axis in (0, 1)], axis=-1)


def _counts(plane: Plane, middle: Array, area_m2: Array, rng: np.random.Generator) -> pd.DataFrame:
    """Count residents, households, groups and jobs."""
    weight = plane.density(middle) * area_m2**0.6  # sectors are drawn smaller where more live
    weight[(np.abs(plane.rivers(middle)) < 120).any(axis=0)] = 0
    people = rng.multinomial(plane.size.residents, weight / weight.sum())
    wealth = plane.wealth(middle)
    households = np.ceil(people / (3.4 - 1.1 * wealth)).astype(int)
    work = np.exp(-7 * plane.out(middle)) + 0.05 * weight / weight.max()
    work += 0.6 * (plane.fields["works"].at(middle) > 1.2) * np.exp(-3 * plane.out(middle))
    work *= area_m2
    jobs = rng.multinomial(int(JOBS_EACH * plane.size.residents), work / work.sum())
    shares = {
        "POP_6_17": 0.24 - 0.1 * wealth,
        "POP_65_MAIS": 0.06 + 0.1 * wealth,
        "POP_FAVELA": np.clip(0.5 - 0.9 * wealth, 0, 1),
        "POP_BAIXA_RENDA": np.clip(0.95 - wealth, 0, 1),
        "POP_ALTA_RENDA": np.clip(wealth - 0.35, 0, 1) ** 1.5,
    }
    return pd.DataFrame(
        {
            "POPULACAO": people,
            "DOMICILIOS": households,
            "EMPREGOS": jobs,
            **{name: rng.binomial(people, share) for name, share in shares.items()},
            "DOM_CARENTES": rng.binomial(households, np.clip(0.7 - 0.9 * wealth, 0.01, 1)),
        }
    )


def write_people(folder: Path, plane: Plane, people: People) -> None:
    """Write sectors, neighbourhoods, districts and the tables about them."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": WRITTEN})
    ids = people.ids
    codes = [f"{one + 1:03d}" for one in range(int(people.district_of.max()) + 1)]
    of_cell = {
        "CD_SETOR": ids,
        "CD_BAIRRO": [f"{one + 1:05d}" for one in people.neighbourhood.tolist()],
        "CD_DIST": [codes[one] for one in people.district.tolist()],
    }
    table = people.counts.assign(**of_cell, NOTA=NOTA)
    cells = gpd.GeoDataFrame(table, geometry=people.squares, crs=4326)
    (folder / CELLS).unlink(missing_ok=True)
    cells.to_file(folder / CELLS, layer="setores", driver="GPKG")
    zones = {
        DISTRICTS: (people.district, "CD_DIST", "NM_DIST", "Distrito", 3),
        NEIGHBOURHOODS: (people.neighbourhood, "CD_BAIRRO", "NM_BAIRRO", "Bairro", 5),
    }
    for file, (group, code, name, noun, wide) in zones.items():
        shapes = [
            shapely.coverage_union_all(people.squares[which])
            for which in np.split(
                np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1]
            )
        ]
        columns = {
            code: [f"{one + 1:0{wide}d}" for one in range(len(shapes))],
            name: [f"{noun} {one + 1} (fictício)" for one in range(len(shapes))],
            "NOTA": NOTA,
        }
        if group is people.neighbourhood:
            columns["CD_DIST"] = [codes[one] for one in people.district_of.tolist()]
        zone = gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)
        (folder / file).unlink(missing_ok=True)
        zone.to_file(folder / file, driver="GeoJSON", COORDINATE_PRECISION=7)
    _write_tables(folder, plane, people, ids, codes)


def _write_tables(
    folder: Path, plane: Plane, people: People, ids: list[str], codes: list[str]
) -> None:
    """Write homes online by sector, requests by district, and Wi-Fi sites."""
    rng = stream(plane.seed, "tables")
    wealth, homes = plane.wealth(people.xy), people.counts["DOMICILIOS"].to_numpy()
    online = {
        "INTERNET": rng.binomial(homes, np.clip(0.35 + 0.65 * wealth, 0, 1)),
        "COMPUTADOR": rng.binomial(homes, np.clip(0.05 + 0.9 * wealth, 0, 1)),
        "CELULAR": rng.binomial(homes, np.clip(0.8 + 0.2 * wealth, 0, 1)),
    }
    table = pd.DataFrame({"CD_SETOR": ids, "DOMICILIOS": homes, **online, "NOTA": NOTA})
    table.to_csv(folder / INTERNET, index=False, sep=";", lineterminator="\r\n")
    residents = np.bincount(people.district, people.counts["POPULACAO"], len(codes))
    means = np.bincount(people.district, wealth) / np.bincount(people.district)
    asked = rng.poisson(residents * (0.01 + 0.05 * means))
    requests = pd.DataFrame({"CD_DIST": codes, "SOLICITACOES": asked, "NOTA": NOTA})
    requests.to_csv(folder / REQUESTS, index=False, lineterminator="\r\n")
    weight = people.counts["POPULACAO"].to_numpy() * wealth
    sites = plane.size.of(3_000, least=4)
    cell = rng.choice(len(weight), sites, p=weight / weight.sum())
    lon, lat = degrees(people.xy[cell] + rng.uniform(-60, 60, (sites, 2))).T
    number = [f"WF{one:05d}" for one in range(sites)]
    wifi = pd.DataFrame({"ID": number, "LON": lon, "LAT": lat, "NOTA": NOTA})
    wifi.to_csv(folder / WIFI, index=False, lineterminator="\r\n")
