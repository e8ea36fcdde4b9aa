"""Read districts and cells: the polygons in which findings are stated and people live."""

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError as ProjError

from geoequity import schema
from geoequity.errors import CRSError, DataError, shown
from geoequity.sources.files import (
    Record,
    column_of,
    drop_repeated,
    keys,
    numbers,
    read_layer,
    text_ids,
)
from geoequity.sources.spec import CellsSpec, DistrictsSpec
from geoequity.units import overlapping_pairs

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
        If no CRS is known or the study's is not metric.
    """
    layer = read_layer(spec, record=record)
    layer = _one_row_each(layer, spec, columns=[spec.name] if spec.name else [], record=record)
    names = column_of(layer, spec.name, path=spec.path) if spec.name else layer.index.to_series()
    districts = gpd.GeoDataFrame(
        {"name": text_ids(names)}, geometry=layer.geometry, index=layer.index
    )
    districts["name"] = districts["name"].fillna(districts.index.to_series())
    districts = _repaired(districts, record=record)
    districts = _projected(districts, crs, record=record)
    districts["area_m2"] = districts.area
    sliver = districts["area_m2"] < spec.min_area_m2
    if sliver.any():
        record.drop(f"smaller than {spec.min_area_m2:g} m2", districts.index[sliver])
        record.warn(f"slivers under {spec.min_area_m2:g} m2 dropped", districts.index[sliver])
        districts = districts[~sliver]
    if spec.overlaps == "error":
        _check_overlaps(districts, path=record.path)
    record.rows_kept = len(districts)
    schema.check_units(districts, name=str(spec.path))
    return districts


def read_cells(spec: CellsSpec, *, crs: CRS, record: Record) -> gpd.GeoDataFrame:
    """
    Read the cells with their counts of people, and project them.

    Parameters
    ----------
    spec
        The file and its columns.
    crs
        Metric CRS of the study.
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
        If ids repeat, geometry is absent, or a count is text or negative.
    CRSError
        If no CRS is known.
    """
    layer = read_layer(spec, record=record)
    declared = {**spec.bases, **spec.groups}
    if spec.population:
        declared["population"] = spec.population
    used = [*declared.values(), *([spec.district] if spec.district else [])]
    for column in used:
        column_of(layer, column, path=spec.path)
    layer = _one_row_each(layer, spec, columns=used, record=record)
    ids = layer.index.to_series()
    cells = gpd.GeoDataFrame({"name": ids}, geometry=layer.geometry, index=layer.index)
    cells["parent"] = text_ids(layer[spec.district]) if spec.district else None
    for name, column in declared.items():
        counts = numbers(layer[column], spec=spec, ids=ids)
        schema.check_non_negative(counts, name=f"{spec.path}: column {column!r}")
        cells[name] = counts
    cells = _repaired(cells, record=record)
    cells = _projected(cells, crs, record=record)
    cells["area_m2"] = cells.area
    record.rows_kept = len(cells)
    schema.check_units(cells, name=str(spec.path))
    return cells


def _one_row_each(
    layer: gpd.GeoDataFrame,
    spec: DistrictsSpec | CellsSpec,
    *,
    columns: list[str],
    record: Record,
) -> gpd.GeoDataFrame:
    """Index a layer by its ids, one polygon an id."""
    ids = keys(layer, spec, spec.id)
    missing = ids.isna()
    if missing.any():
        msg = f"{spec.path}: no id in rows {shown(layer.index[missing])}"
        raise DataError(msg, ids=layer.index[missing])
    shapeless = layer.geometry.isna() | layer.geometry.is_empty
    if shapeless.any():
        msg = f"{spec.path}: no geometry for {shown(ids[shapeless])}"
        raise DataError(msg, ids=ids[shapeless])
    odd = ~layer.geom_type.isin(["Polygon", "MultiPolygon", "GeometryCollection"])
    if odd.any():
        kinds = shown(layer.geom_type[odd].unique())
        msg = f"{spec.path}: no polygons but {kinds}: {shown(ids[odd])}"
        raise DataError(msg, ids=ids[odd])
    compared = [*columns, layer.geometry.name]
    if spec.duplicates == "dissolve":
        parts = layer.assign(_id=ids).groupby("_id", sort=True)
        first = parts[columns].first() if columns else pd.DataFrame(index=sorted(set(ids)))
        merged = parts[layer.geometry.name].agg(lambda one: shapely.union_all(one.to_numpy()))
        again = ids[ids.duplicated()]
        if len(again):
            record.drop("dissolved into the first row of the id", again)
            record.warn("rows of one id dissolved", again.unique())
        return gpd.GeoDataFrame(first, geometry=merged, crs=layer.crs)
    layer = drop_repeated(layer, ids, policy=spec.duplicates, columns=compared, record=record)
    return layer.set_index(pd.Index(ids[layer.index].astype(str), name="unit_id")).sort_index()


def _repaired(units: gpd.GeoDataFrame, *, record: Record) -> gpd.GeoDataFrame:
    """Make invalid rings valid, and say so; the area hardly changes or it is refused."""
    invalid = ~units.is_valid
    if not invalid.any():
        return units
    mended = shapely.make_valid(units.geometry[invalid].to_numpy())
    polygons = [_polygonal(one) for one in mended]
    units = units.copy()
    units.loc[invalid, "geometry"] = gpd.GeoSeries(
        polygons, index=units.index[invalid], crs=units.crs
    )
    record.warn("invalid rings repaired", units.index[invalid])
    record.counts["repaired"] = [str(one) for one in units.index[invalid]]
    return units


def _polygonal(geometry: shapely.Geometry) -> shapely.Geometry:
    """Keep the polygons of a repaired geometry."""
    parts = [one for one in shapely.get_parts(geometry, return_index=False) if one.area > 0]
    return shapely.union_all(parts)


def _projected(units: gpd.GeoDataFrame, crs: CRS | str, *, record: Record) -> gpd.GeoDataFrame:
    """Project to the study's CRS; refuse one that is not metric."""
    try:
        target = units.estimate_utm_crs() if crs == "auto" else CRS.from_user_input(crs)
    except ProjError as error:
        msg = f"city.crs: {crs!r} is no CRS"
        raise CRSError(msg) from error
    projected = units.to_crs(target)
    schema.check_metric_crs(projected, name=f"city.crs for {record.path.name}")
    return _repaired_quietly(projected)


def _repaired_quietly(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Mend rings that only projecting made touch themselves, by less than a rounding step."""
    invalid = ~units.is_valid
    if invalid.any():
        units = units.copy()
        mended = [_polygonal(one) for one in shapely.make_valid(units.geometry[invalid].to_numpy())]
        units.loc[invalid, "geometry"] = gpd.GeoSeries(
            mended, index=units.index[invalid], crs=units.crs
        )
    return units


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
