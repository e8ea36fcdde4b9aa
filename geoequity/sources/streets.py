"""Read streets from a table of edges, where a city offers no OpenStreetMap."""

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS

from geoequity.errors import DataError, shown
from geoequity.sources.files import Record, column_of, numbers, read_layer, text_ids
from geoequity.sources.spec import StreetsSpec


def read_streets(
    spec: StreetsSpec, *, crs: CRS, study_area: shapely.Geometry, record: Record
) -> gpd.GeoDataFrame:
    """
    Read street edges.

    Parameters
    ----------
    spec
        The file and its columns.
    crs
        Metric CRS of the study.
    study_area
        The districts and the buffer round them; edges outside are left out.
    record
        Gets the rows read, kept and dropped.

    Returns
    -------
    streets
        Index ``edge_id``: geometry, ``from_node``, ``to_node``, ``length_m``;
        every edge may be walked in both directions.

    Raises
    ------
    SourceError
        If the file cannot be read or is empty.
    DataError
        If a column is absent, a node is missing, a geometry is no line, a
        length is not positive, or no edge lies in the study area.
    CRSError
        If no CRS is known.
    """
    layer = read_layer(spec, record=record).to_crs(crs)
    nodes = {name: text_ids(column_of(layer, name, path=spec.path)) for name in (spec.u, spec.v)}
    lines = layer.geom_type == "LineString"
    bad = ~lines | nodes[spec.u].isna() | nodes[spec.v].isna()
    if bad.any():
        msg = f"{spec.path}: no line, or no node at an end, in rows {shown(layer.index[bad])}"
        raise DataError(msg, ids=layer.index[bad])
    length = (
        numbers(column_of(layer, spec.length, path=spec.path), spec=spec)
        if spec.length
        else layer.length
    )
    if not (length > 0).all():
        rows = layer.index[~(length > 0)]
        msg = f"{spec.path}: length is not positive in rows {shown(rows)}"
        raise DataError(msg, ids=rows)
    near = layer.geometry.intersects(study_area)
    if not near.any():
        msg = f"{spec.path}: no street lies in the study area"
        raise DataError(msg, ids=layer.index)
    record.drop("outside the study area and its buffer", layer.index[~near])
    streets = gpd.GeoDataFrame(
        {
            "from_node": pd.factorize(pd.concat([nodes[spec.u], nodes[spec.v]]))[0][: len(layer)],
            "to_node": pd.factorize(pd.concat([nodes[spec.u], nodes[spec.v]]))[0][len(layer) :],
            "length_m": length,
        },
        geometry=layer.geometry,
        index=layer.index,
    )[near]
    streets.index = pd.Index([f"edge/{one}" for one in streets.index], name="edge_id")
    record.rows_kept = len(streets)
    return streets
