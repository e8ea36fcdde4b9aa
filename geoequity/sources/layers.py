"""
Read tables with geometry: where their coordinates stand, and in which CRS.

Each reader of layers ends here in the one metric CRS of the study; nothing
else in the package reprojects.
"""

import re

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import ProjError

from geoequity.errors import CRSError, DataError, SourceError, shown
from geoequity.sources.files import UNKNOWN_TEXTS, Record, column_of, keys, numbers, read_table
from geoequity.sources.spec import FileSpec

_LONLAT = "EPSG:4326"
_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_PAIR = re.compile(rf"c?\(?\s*({_NUMBER})(?:\s*,\s*|\s+)({_NUMBER})\s*\)?")

_KML_PART = re.compile(r"<(LineString|Point)\b[^>]*>.*?<coordinates>(.*?)</coordinates>", re.DOTALL)
_KML_LAND = re.compile(r"<(Polygon|LinearRing|Model|Track)\b")
_SRID = re.compile(r"^SRID=\d+;")  # of PostGIS; the city file declares the CRS


def read_layer(spec: FileSpec, *, record: Record, needs_geometry: bool = True) -> gpd.GeoDataFrame:
    """
    Read a table with geometry, in the CRS of its source.

    Parameters
    ----------
    spec
        The file and how to read it; ``lon`` and ``lat`` or ``geometry`` name
        the columns of a plain table.
    record
        Gets the rows read and the rows left out.
    needs_geometry
        Whether to refuse a plain table, whose rows have no geometry.

    Returns
    -------
    layer
        Flat geometry in the source's own CRS; rows without geometry keep None.

    Raises
    ------
    SourceError
        If the file cannot be read or has no geometry.
    DataError
        If a column is absent, or a coordinate or geometry cannot be parsed.
    CRSError
        If no CRS is known, or coordinates do not fit the one that is claimed.
    """
    table = read_table(spec, record=record)
    if spec.lon is not None and spec.lat is not None:
        x = numbers(column_of(table, spec.lon, path=spec.path), spec=spec)
        y = numbers(column_of(table, spec.lat, path=spec.path), spec=spec)
        points = shapely.points(x.to_numpy(float), y.to_numpy(float))
        points[(x.isna() | y.isna()).to_numpy()] = None
        layer = _with_geometry(table, points, spec)
    elif spec.geometry is not None and not _is_geometry(table, spec.geometry):
        geometry = _parse_geometry(column_of(table, spec.geometry, path=spec.path), spec=spec)
        layer = _with_geometry(table.drop(columns=spec.geometry), geometry, spec)
    elif isinstance(table, gpd.GeoDataFrame):
        layer = _with_crs(table.set_geometry(spec.geometry) if spec.geometry else table, spec)
    elif not needs_geometry:
        layer = _with_geometry(table, np.full(len(table), None, dtype=object), spec)
    else:
        msg = f"{spec.path}: no geometry; name lon and lat, or geometry, in the city file"
        raise SourceError(msg, source=spec.path)
    layer = layer.set_geometry(layer.geometry.force_2d())
    _check_degrees(layer, spec)
    return layer


def repaired(layer: gpd.GeoDataFrame, ids: pd.Series, *, record: Record) -> gpd.GeoDataFrame:
    """
    Make invalid geometry valid, and say so.

    Rings that cross themselves keep all the land they go round, and parts that
    overlap are joined.

    Parameters
    ----------
    layer
        Geometry, None where there is none.
    ids
        What to call its rows.
    record
        Gets the repaired rows.

    Returns
    -------
    layer
        Valid geometry; empty where nothing could be saved.
    """
    invalid = ~(layer.geometry.isna() | layer.is_valid)
    if not invalid.any():
        return layer
    record.warn("invalid rings repaired", ids[invalid].unique())
    record.counts["repaired"] = [str(one) for one in ids[invalid].unique()]
    return _mended(layer)


def projected(layer: gpd.GeoDataFrame, crs: CRS, *, spec: FileSpec) -> gpd.GeoDataFrame:
    """
    Project a layer to the CRS of the study.

    Parameters
    ----------
    layer
        Valid geometry in any CRS.
    crs
        Metric CRS of the study.
    spec
        Its file.

    Returns
    -------
    layer
        Valid geometry in ``crs``.

    Raises
    ------
    CRSError
        If there is no way from the one CRS to the other.
    """
    try:
        moved = layer.to_crs(crs)
    except ProjError as error:
        msg = f"{spec.path}: cannot be projected from {layer.crs.name} to {crs.name}: {error}"
        raise CRSError(msg) from error
    return _mended(moved)  # rings that only projecting made touch themselves


def row_ids(layer: pd.DataFrame, spec: FileSpec, column: str | None) -> pd.Series:
    """
    Name the rows of a list.

    Parameters
    ----------
    layer
        The list.
    spec
        What the city file says of it, for messages.
    column
        Column of the id; without one rows are named by their number.

    Returns
    -------
    ids
        Id by row.

    Raises
    ------
    DataError
        If a row has no id.
    """
    if column is None:
        return pd.Series([f"row {one}" for one in layer.index], index=layer.index, dtype=object)
    ids = keys(layer, spec, column)
    if ids.isna().any():
        msg = f"{spec.path}: no id in rows {shown(layer.index[ids.isna()])}"
        raise DataError(msg, ids=layer.index[ids.isna()])
    return ids


def keep_near(
    layer: gpd.GeoDataFrame, near: pd.Series, *, ids: pd.Series, record: Record
) -> gpd.GeoDataFrame:
    """
    Keep the rows that lie in the study area, and count the others.

    Parameters
    ----------
    layer
        Any list.
    near
        Whether each row of it lies there.
    ids
        Ids by row, also of rows that are gone already.
    record
        Counts what is dropped; warns where nothing is left.

    Returns
    -------
    layer
        The rows that do.
    """
    named = ids[layer.index]
    record.drop("outside the study area and its buffer", named[~near])
    if not near.any():
        record.warn("no row lies near the districts; is its CRS right?", named)
    return layer[near]


def _mended(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Make invalid geometry valid."""
    shapes = layer.geometry.to_numpy().copy()
    invalid = ~(shapely.is_missing(shapes) | shapely.is_valid(shapes))
    if not invalid.any():
        return layer
    places, row = shapely.get_coordinates(shapes, return_index=True)
    nowhere = np.unique(row[~np.isfinite(places).all(axis=1)])  # outside what the CRS can show
    shapes[nowhere], invalid[nowhere] = shapely.Polygon(), False
    # "linework" would cut the land that two parts share out of both
    shapes[invalid] = shapely.make_valid(shapes[invalid], method="structure", keep_collapsed=False)
    return layer.set_geometry(gpd.GeoSeries(shapes, index=layer.index, crs=layer.crs))


def _is_geometry(table: pd.DataFrame, column: str) -> bool:
    """Tell whether a column holds geometry already, as in GeoParquet."""
    return column in table.columns and isinstance(table[column], gpd.GeoSeries)


def _with_geometry(table: pd.DataFrame, geometry: np.ndarray, spec: FileSpec) -> gpd.GeoDataFrame:
    """Give a plain table its geometry, in degrees where nothing else is declared."""
    plain = pd.DataFrame(table)
    crs = _declared_crs(spec) or _LONLAT
    series = gpd.GeoSeries(geometry, index=plain.index, crs=crs)
    return gpd.GeoDataFrame(plain.assign(geometry=series), geometry="geometry")


def _declared_crs(spec: FileSpec) -> CRS | None:
    """Resolve the CRS that the city file declares."""
    if spec.crs is None:
        return None
    try:
        return CRS.from_user_input(spec.crs)
    except ProjError as error:
        msg = f"{spec.path}: {spec.crs!r} is no CRS"
        raise CRSError(msg) from error


def _with_crs(layer: gpd.GeoDataFrame, spec: FileSpec) -> gpd.GeoDataFrame:
    """Give a layer the CRS its file or the city file states."""
    declared = _declared_crs(spec)
    if declared is not None:
        return layer.set_crs(declared, allow_override=True)
    if layer.crs is None:
        msg = f"{spec.path}: the layer has no CRS; declare crs in the city file"
        raise CRSError(msg)
    return layer


def _check_degrees(layer: gpd.GeoDataFrame, spec: FileSpec) -> None:
    """Refuse coordinates that cannot be degrees under a geographic CRS."""
    if not CRS(layer.crs).is_geographic:
        return
    bounds = layer.geometry.bounds
    bad = (bounds[["minx", "maxx"]].abs() > 180).any(axis=1)  # noqa: PLR2004 - degrees
    bad |= (bounds[["miny", "maxy"]].abs() > 90).any(axis=1)  # noqa: PLR2004 - degrees
    if bad.any():
        msg = (
            f"{spec.path}: the layer has no CRS, or a wrong one: coordinates are no degrees"
            f" in rows {shown(layer.index[bad])}; declare crs in the city file"
        )
        raise CRSError(msg, ids=layer.index[bad])


def _parse_geometry(values: pd.Series, *, spec: FileSpec) -> np.ndarray:
    """Parse WKT, GeoJSON, lines and points of KML, or pairs such as ``(x, y)`` and ``c(x, y)``."""
    unknown = {*UNKNOWN_TEXTS, *spec.missing}
    text = values.where(values.notna(), "").map(lambda one: _SRID.sub("", str(one)).strip())
    known = ~text.isin(unknown).to_numpy()
    pairs = [_PAIR.fullmatch(one) for one in text]
    paired = np.array([one is not None for one in pairs], dtype=bool)
    xy = [[float(x) for x in one.groups()] for one in pairs if one is not None]
    xy = [one[::-1] for one in xy] if spec.pair == "yx" else xy
    geometry = np.full(len(text), None, dtype=object)
    geometry[paired] = shapely.points(np.array(xy).reshape(-1, 2))
    rest = known & ~paired
    for start, parse in _PARSERS.items():
        mine = known & ~paired & text.str.startswith(start).to_numpy(dtype=bool)
        geometry[mine] = parse(text.to_numpy(dtype=object)[mine])
        rest &= ~mine
    with np.errstate(over="ignore"):  # an infinite place is refused further on
        geometry[rest] = shapely.from_wkt(text.to_numpy(dtype=object)[rest], on_invalid="ignore")
    rest = known & ~paired
    bad = rest & shapely.is_missing(geometry)
    if bad.any():
        rows = values.index[bad]
        msg = f"{spec.path}: column {values.name!r} is no WKT, GeoJSON, KML or pair"
        raise DataError(f"{msg} in rows {shown(rows)}", ids=rows)
    return geometry


def _from_geojson(texts: np.ndarray) -> np.ndarray:
    """Parse GeoJSON; None where it is damaged."""
    return shapely.from_geojson(texts, on_invalid="ignore")


def _from_kml(texts: np.ndarray) -> np.ndarray:
    """Parse lines and points of KML; None where there is anything else."""
    shapes = np.full(len(texts), None, dtype=object)
    for at, text in enumerate(texts):
        parts = _KML_PART.findall(text)
        if parts and not _KML_LAND.search(text):
            shapes[at] = _kml_shape([(kind, _kml_places(places)) for kind, places in parts])
    return shapes


def _kml_places(text: str) -> list[list[float]] | None:
    """Read coordinates of KML, heights left aside; None where they are damaged."""
    try:
        return [[float(one) for one in place.split(",")[:2]] for place in text.split()]
    except ValueError:
        return None


def _kml_shape(parts: list[tuple[str, list[list[float]] | None]]) -> shapely.Geometry | None:
    """Build a shape of the parts of KML; None where one of them cannot be."""
    shapes = []
    for kind, places in parts:
        least = 2 if kind == "LineString" else 1
        if places is None or len(places) < least or any(len(one) != 2 for one in places):  # noqa: PLR2004 - a pair
            return None
        shapes.append(shapely.LineString(places) if least > 1 else shapely.Point(places[0]))
    if len(shapes) == 1:
        return shapes[0]
    kinds = {kind for kind, _ in parts}
    made = {"LineString": shapely.MultiLineString, "Point": shapely.MultiPoint}
    return made[kinds.pop()](shapes) if len(kinds) == 1 else shapely.GeometryCollection(shapes)


_PARSERS = {"{": _from_geojson, "<": _from_kml}  # by the first letter of the text
