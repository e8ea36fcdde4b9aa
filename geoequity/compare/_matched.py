"""
Cities at one resolution: who gets what, in units of one size.

The finer the units, the more inequality they show. So cells are gathered into
the same hexagons in every city, or, where a city has none, only what lies
between districts is compared.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import shapely

from geoequity.compare._scores import definitions_of
from geoequity.judgement import base_of
from geoequity.study import Study

DISTRICTS = "districts"
_COARSEST, _FINEST = 5, 9  # resolutions of H3 that a city may be cut into
_MIN_CELLS = 4  # a hexagon should gather about that many cells, or it is little but one
_SQUARE = re.compile(r"^(\d+(?:\.\d+)?)m_-?\d+_-?\d+$")  # ids that grids give


@dataclass(frozen=True, kw_only=True)
class Units:
    """
    The units of one city that an indicator is compared in.

    Parameters
    ----------
    value
        By unit, in the indicator's own unit; NaN = unknown.
    people
        Whom the indicator is for, on the same index; NaN = unknown.
    resolution
        ``districts``, or the grid: ``h3:8``, ``grid:250``.
    """

    value: pd.Series
    people: pd.Series
    resolution: str


def resolution_of(studies: Iterable[Study]) -> str | None:
    """
    Choose a grid that the cells of all cities can be gathered into.

    Parameters
    ----------
    studies
        Studies of cities.

    Returns
    -------
    resolution
        The grid of their own, where all have the same; else the finest hexagons
        (``h3:5`` to ``h3:9``) that gather about four cells of each city; None
        where a city has no cells with residents, or too coarse ones.
    """
    own, sizes = set(), []
    for study in studies:
        cells = study.cells
        if not _peopled(cells):
            return None
        own.add(_grid(cells))
        sizes.append(float(cells["area_m2"].median()))
    if len(own) == 1 and None not in own:
        return own.pop()
    fitting = [
        size
        for size in range(_COARSEST, _FINEST + 1)
        if sizes and h3.average_hexagon_area(size, unit="m^2") >= _MIN_CELLS * max(sizes)
    ]
    return f"h3:{max(fitting)}" if fitting else None


def _peopled(cells: gpd.GeoDataFrame) -> bool:
    """Tell whether residents of cells are counted."""
    return "population" in cells.columns and bool((cells["population"] > 0).any())


def _grid(cells: gpd.GeoDataFrame) -> str | None:
    """Read the grid that cells are of off their ids."""
    ids = cells["cell_id"].astype(str).unique()
    if all(map(h3.is_valid_cell, ids)):
        sizes = {h3.get_resolution(one) for one in ids}
        return f"h3:{sizes.pop()}" if len(sizes) == 1 else None
    found = {match[1] if (match := _SQUARE.match(one)) else None for one in ids}
    return f"grid:{found.pop()}" if len(found) == 1 and None not in found else None


def places(study: Study, resolution: str) -> pd.Series:
    """
    Tell which unit of a grid each cell belongs to.

    Parameters
    ----------
    study
        A study with cells.
    resolution
        As :func:`resolution_of` gives it.

    Returns
    -------
    places
        Unit by cell, by where the middle of the cell lies; None for cells outside
        every district.
    """
    cells = study.cells
    inside = cells["district_id"].notna()
    if _grid(cells) == resolution:
        return cells["cell_id"].astype(object).where(inside, None)
    size = int(resolution.removeprefix("h3:"))
    middle = gpd.GeoSeries(cells.geometry.representative_point(), crs=cells.crs).to_crs("EPSG:4326")
    lon, lat = shapely.get_x(middle.array), shapely.get_y(middle.array)
    found = [h3.latlng_to_cell(y, x, size) for x, y in zip(lon, lat, strict=True)]
    return pd.Series(found, index=cells.index, dtype=object).where(inside, None)


def units_of(study: Study, key: str, *, resolution: str | None, placed: pd.Series | None) -> Units:
    """
    Take an indicator of a city in the units it is compared in.

    Parameters
    ----------
    study
        A study that has it.
    key
        The indicator.
    resolution
        Of a grid, for an indicator that is measured at cells; None: districts.
    placed
        As :func:`places` gives it; None: districts.

    Returns
    -------
    units
        Means of cells over their people; a hexagon speaks of its cells in which
        the indicator and its people are known.
    """
    (one,) = definitions_of(study.catalogue, pd.Index([key]))
    if resolution is None or placed is None:
        return Units(
            value=study.indicators[key].astype(float),
            people=base_of(one, study.districts).astype(float),
            resolution=DISTRICTS,
        )
    value = study.cell_indicators[key].reindex(study.cells.index)
    people = base_of(one, study.cells).astype(float)
    counted = people.where(people > 0)
    known = placed.notna() & counted.notna()
    table = pd.DataFrame(
        {
            "unit": placed[known],
            "people": counted[known],
            "told": counted[known].where(value[known].notna(), 0.0),
            "sum": (value * counted)[known].fillna(0.0),
        }
    )
    sums = table.groupby("unit", sort=True).sum()
    told = sums["told"].to_numpy()
    means = np.divide(sums["sum"].to_numpy(), told, out=np.full(len(told), np.nan), where=told > 0)
    # Where only some cells are known, their people alone are spoken of
    people_of_unit = sums["told"].where(sums["told"] > 0, sums["people"])
    return Units(
        value=pd.Series(means, index=sums.index), people=people_of_unit, resolution=resolution
    )
