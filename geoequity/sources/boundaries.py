"""Read districts and cells: the polygons in which findings are stated and people live."""

import re
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Geod
from pyproj.exceptions import ProjError

from geoequity import schema
from geoequity.errors import CRSError, DataError, shown
from geoequity.sources.files import (
    Record,
    all_of,
    column_of,
    drop_repeated,
    keys,
    numbers,
    plain_name,
    text_ids,
)
from geoequity.sources.layers import projected, read_layer, repaired
from geoequity.sources.spec import BorderSpec, CellsSpec, DistrictsSpec
from geoequity.units import overlapping_pairs

MAX_STRETCH = 0.01  # by which a metre of the study's CRS may differ from one on the ground
_HALF_KM = 500.0
_PARTICLES = {"de", "del", "la", "las", "los", "y", "da", "do", "das", "dos", "e"}
_NUMERAL = re.compile("[IVX]{2,}")
MAX_OVERLAP_SHARE = 0.001  # of the smaller district's area


def read_districts(spec: DistrictsSpec, *, crs: str, record: Record) -> gpd.GeoDataFrame:
    """
    Read the districts, repair what is declared repairable, and project them.

    Parameters
    ----------
    spec
        The file and its columns.
    crs
        Metric CRS of the study, or ``auto`` for the local UTM zone.
    record
        Gets the rows read, dropped and mended.

    Returns
    -------
    districts
        Index ``unit_id``, in the order of the ids: geometry in the study's
        CRS, ``name``, ``area_m2``.

    Raises
    ------
    SourceError
        If the file cannot be read or is empty.
    DataError
        If ids repeat, geometry is absent or no polygon, or districts overlap.
    CRSError
        If no CRS is known, or the study's is not metric or stretches distances.
    """
    layer = read_layer(spec, record=record)
    layer = _one_row_each(layer, spec, columns=[spec.name] if spec.name else [], record=record)
    names = layer[spec.name] if spec.name else layer.index.to_series()
    districts = gpd.GeoDataFrame(
        {"name": text_ids(names)}, geometry=layer.geometry, index=layer.index
    )
    districts["name"] = districts["name"].fillna(districts.index.to_series())
    if spec.name_case == "title":
        districts["name"] = districts["name"].map(titled)
    lost = sorted(set(spec.names) - set(districts.index))
    if lost:
        msg = f"{spec.path}: names: no district is {shown(lost)}"
        raise DataError(msg, ids=lost)
    for unit, name in spec.names.items():
        districts.loc[unit, "name"] = name
    districts = projected(districts, _study_crs(districts, crs, spec=spec), spec=spec)
    _check_polygons(districts, districts.index.to_series(), path=spec.path)
    _check_ground(districts)
    districts["area_m2"] = districts.area
    sliver = districts["area_m2"] < spec.min_area_m2
    if sliver.any():
        record.drop(f"smaller than {spec.min_area_m2:g} m2", districts.index[sliver])
        record.warn(f"slivers under {spec.min_area_m2:g} m2 dropped", districts.index[sliver])
        if sliver.all():
            msg = f"{spec.path}: every district is under {spec.min_area_m2:g} m2; is its CRS right?"
            raise DataError(msg, ids=districts.index)
        districts = districts[~sliver]
    if spec.overlaps == "error":
        _check_overlaps(districts, path=record.path)
    record.rows_kept = len(districts)
    schema.check_units(districts, name=str(spec.path))
    return districts


def read_border(spec: BorderSpec, *, crs: CRS, record: Record) -> shapely.Geometry:
    """
    Read the land on this side of a closed border.

    Parameters
    ----------
    spec
        The file.
    crs
        Metric CRS of the study.
    record
        Gets the rows read.

    Returns
    -------
    land
        One shape of all polygons of the file.

    Raises
    ------
    SourceError
        If the file cannot be read or is empty.
    DataError
        If a geometry is absent or no polygon.
    CRSError
        If no CRS is known.
    """
    layer = projected(read_layer(spec, record=record), crs, spec=spec)
    _check_polygons(layer, layer.index.to_series().astype(str), path=spec.path)
    record.rows_kept = len(layer)
    return layer.union_all()


def read_cells(
    spec: CellsSpec, *, crs: CRS, districts: gpd.GeoDataFrame | None, record: Record
) -> gpd.GeoDataFrame:
    """
    Read the cells with their counts of people, and project them.

    Parameters
    ----------
    spec
        The file and its columns.
    crs
        Metric CRS of the study.
    districts
        To see that the cells lie there; None where they could not be read.
    record
        Gets the rows read, dropped and mended.

    Returns
    -------
    cells
        Index ``unit_id``: geometry, ``name``, ``area_m2``, ``parent`` (the
        declared district, None where there is none), and one column for
        ``population``, each base and each group that the city file declares.

    Raises
    ------
    SourceError
        If the file cannot be read or is empty.
    DataError
        If ids repeat, geometry is absent, a count is text or negative, or no
        cell meets a district.
    CRSError
        If no CRS is known.
    """
    layer = read_layer(spec, record=record)
    declared = {**spec.bases, **spec.groups}
    if isinstance(spec.population, str):
        declared["population"] = spec.population
    used = [*declared.values(), *([spec.district] if spec.district else [])]
    for column in used:
        column_of(layer, column, path=spec.path)
    layer = _one_row_each(layer, spec, columns=used, record=record)
    ids = layer.index.to_series()
    cells = gpd.GeoDataFrame({"name": ids}, geometry=layer.geometry, index=layer.index)
    cells["parent"] = None
    if spec.district:
        parents = text_ids(layer[spec.district])
        cells["parent"] = _parents(parents, districts, spec=spec, record=record)

    def counts(column: str) -> pd.Series:
        known = numbers(layer[column], spec=spec, ids=ids)
        schema.check_non_negative(known, name=f"{spec.path}: column {column!r}")
        return known

    cells = cells.assign(**all_of({name: partial(counts, one) for name, one in declared.items()}))
    cells = projected(cells, crs, spec=spec)
    _check_polygons(cells, ids, path=spec.path)
    cells["area_m2"] = cells.area
    record.rows_kept = len(cells)
    schema.check_units(cells, name=str(spec.path))
    if districts is not None and not _meet(cells, districts):
        msg = f"{spec.path}: cells and districts do not overlap: no cell meets any district"
        raise DataError(msg, ids=cells.index)
    return cells


def _meet(cells: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> bool:
    """Tell whether any cell meets a district."""
    land = districts.union_all()
    shapely.prepare(land)
    return bool(shapely.intersects(land, cells.geometry.to_numpy()).any())


def titled(name: str) -> str:
    """
    Write a name in capitals as one reads it: VILLA DEL PARQUE, Villa del Parque.

    Parameters
    ----------
    name
        A name in Spanish or Portuguese.

    Returns
    -------
    name
        Words with a capital, numerals as they are, and particles without
        capital unless they come first.
    """

    def word(found: re.Match[str]) -> str:
        one = found[0]
        if found.start() > 0 and one.casefold() in _PARTICLES:
            return one.casefold()
        return one if _NUMERAL.fullmatch(one) else one.capitalize()

    return re.sub(r"\w+", word, name)


def _parents(
    declared: pd.Series, districts: gpd.GeoDataFrame | None, *, spec: CellsSpec, record: Record
) -> pd.Series:
    """Resolve declared districts, ids or names; what names none is told and left to geometry."""
    if districts is None:
        return declared
    names = districts["name"].map(plain_name)
    names = names[~names.duplicated(keep=False)]
    id_of = pd.Series(names.index, index=names)
    by_id = declared.where(declared.isin(districts.index))
    found = by_id.where(by_id.notna(), declared.map(plain_name).map(id_of))
    found = found.astype(object).where(found.notna(), None)
    lost = declared[declared.notna() & found.isna()].unique()
    if len(lost):
        record.warn(f"{spec.district!r} names no district, so cells are placed by area", lost)
    return found


def _one_row_each(
    layer: gpd.GeoDataFrame,
    spec: DistrictsSpec | CellsSpec,
    *,
    columns: list[str],
    record: Record,
) -> gpd.GeoDataFrame:
    """Index a layer by its ids, one valid polygon an id."""
    ids = keys(layer, spec, spec.id or ())
    for column in columns:
        column_of(layer, column, path=spec.path)
    missing = ids.isna()
    if missing.any():
        msg = f"{spec.path}: no id in rows {shown(layer.index[missing])}"
        raise DataError(msg, ids=layer.index[missing])
    layer = repaired(layer, ids, record=record)
    _check_polygons(layer, ids, path=spec.path)
    if spec.duplicates == "dissolve":
        layer = _dissolved(layer, ids, path=spec.path, columns=columns, record=record)
    else:
        compared = [*columns, layer.geometry.name]
        layer = drop_repeated(layer, ids, policy=spec.duplicates, columns=compared, record=record)
    return layer.set_index(pd.Index(ids[layer.index].astype(str), name="unit_id")).sort_index()


def _dissolved(
    layer: gpd.GeoDataFrame, ids: pd.Series, *, path: object, columns: list[str], record: Record
) -> gpd.GeoDataFrame:
    """Join the polygons of an id in its first row; all else of its rows must agree."""
    for column in columns:
        said = pd.DataFrame({"id": ids, "text": text_ids(layer[column])}).drop_duplicates()
        odd = said["id"][said["id"].duplicated()].unique()
        if len(odd):
            msg = f"{path}: rows of one id differ in {column!r}, cannot be dissolved: {shown(odd)}"
            raise DataError(msg, ids=odd)
    again = ids.duplicated()
    if not again.any():
        return layer
    record.drop("dissolved into the first row of the id", ids[again])
    record.warn("rows of one id dissolved", ids[again].unique())
    joined = layer.geometry.groupby(ids).agg(lambda one: shapely.union_all(one.to_numpy()))
    first = layer[~again]
    shapes = joined.loc[ids[~again]].to_numpy()
    return first.set_geometry(gpd.GeoSeries(shapes, index=first.index, crs=layer.crs))


def _study_crs(districts: gpd.GeoDataFrame, crs: str, *, spec: DistrictsSpec) -> CRS:
    """Choose the CRS of the study; refuse one in which a metre is not a metre here."""
    try:
        target = districts.estimate_utm_crs() if crs == "auto" else CRS.from_user_input(crs)
    except (ProjError, RuntimeError) as error:
        what = f"no UTM zone fits {spec.path}" if crs == "auto" else f"{crs!r} is no CRS"
        msg = f"city.crs: {what}"
        raise CRSError(msg) from error
    schema.check_metric_crs(gpd.GeoSeries([], crs=target), name="city.crs")
    return target


def _check_ground(districts: gpd.GeoDataFrame) -> None:
    """Refuse a CRS in which a metre is not a metre here, such as the web's Mercator."""
    west, south, east, north = districts.total_bounds
    x, y = (west + east) / 2, (south + north) / 2
    cross = [
        shapely.LineString([(x - _HALF_KM, y), (x + _HALF_KM, y)]),
        shapely.LineString([(x, y - _HALF_KM), (x, y + _HALF_KM)]),
    ]
    degrees = gpd.GeoSeries(cross, crs=districts.crs).to_crs("EPSG:4326")
    ground = [Geod(ellps="WGS84").geometry_length(one) / (2 * _HALF_KM) for one in degrees]
    if not np.allclose(ground, 1, rtol=0, atol=MAX_STRETCH):
        lengths = " and ".join(f"{one:.2f}" for one in ground)
        msg = (
            f"city.crs: a metre of {districts.crs.name} is {lengths} m on the ground here;"
            ' take a local metric CRS, or "auto"'
        )
        raise CRSError(msg)


def _check_polygons(layer: gpd.GeoDataFrame, ids: pd.Series, *, path: object) -> None:
    """Refuse rows without a polygon."""
    shapeless = layer.geometry.isna() | layer.geometry.is_empty
    if shapeless.any():
        msg = f"{path}: no geometry, or none that can be, for {shown(ids[shapeless])}"
        raise DataError(msg, ids=ids[shapeless])
    odd = ~layer.geom_type.isin(["Polygon", "MultiPolygon"])
    if odd.any():
        kinds = shown(layer.geom_type[odd].unique())
        msg = f"{path}: no polygons but {kinds}: {shown(ids[odd])}"
        raise DataError(msg, ids=ids[odd])


def _check_overlaps(districts: gpd.GeoDataFrame, *, path: object) -> None:
    """Refuse districts that share more than a digitising error."""
    pairs = overlapping_pairs(districts)
    much = pairs[pairs["share"] > MAX_OVERLAP_SHARE]
    if len(much):
        named = [f"{a} and {b} ({share:.1%})" for a, b, share in much.itertuples(index=False)]
        msg = (
            f"{path}: districts overlap: {shown(named)};"
            ' correct the file, or declare overlaps = "largest" or "split" in the city file'
        )
        raise DataError(msg, ids=named)
