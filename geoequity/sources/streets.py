"""Read streets from a table of edges, where a city offers no OpenStreetMap."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geoequity.errors import DataError, shown
from geoequity.sources.files import Record, column_of, numbers, text_ids
from geoequity.sources.layers import projected, read_layer
from geoequity.sources.spec import StreetsSpec

_SAME_PLACE_M = 1.0  # how far the ends of two edges may be apart at one node
_METRES = (0.5, 2.0)  # range of the typical declared length over the measured one


def read_streets(
    spec: StreetsSpec, *, crs: CRS, study_area: shapely.Geometry | None, record: Record
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
        None keeps all.
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
        If a column is absent, a geometry is no line, a node is missing or
        stands in two places, a length is not positive or not in metres, or no
        edge lies in the study area.
    CRSError
        If no CRS is known.
    """
    layer = projected(read_layer(spec, record=record), crs, spec=spec)
    layer = layer.set_geometry(layer.geometry.line_merge())  # several parts in one line
    start, end = (text_ids(column_of(layer, name, path=spec.path)) for name in (spec.u, spec.v))
    length = layer.length
    if spec.length:
        length = numbers(column_of(layer, spec.length, path=spec.path), spec=spec)
    no_line = layer.geom_type != "LineString"
    faults = {
        "no line": no_line,
        "no node at an end": start.isna() | end.isna(),
        "length is not positive": ~(length > 0) & ~no_line,
    }
    if not no_line.any():
        faults[f"a node of {spec.u}, {spec.v} stands elsewhere too"] = _astray(layer, start, end)
    said = [
        f"{what} in rows {shown(layer.index[bad])}" for what, bad in faults.items() if bad.any()
    ]
    if not said and not _METRES[0] < (length / layer.length).median() < _METRES[1]:
        said = [f"column {spec.length!r} is not in metres"]
    if said:
        bad = np.logical_or.reduce([one.to_numpy() for one in faults.values()])
        msg = f"{spec.path}: {'; '.join(said)}"
        raise DataError(msg, ids=layer.index[bad])
    node, _ = pd.factorize(pd.concat([start, end]))
    streets = gpd.GeoDataFrame(
        {"from_node": node[: len(layer)], "to_node": node[len(layer) :], "length_m": length},
        geometry=layer.geometry,
        index=layer.index,
    )
    streets.index = pd.Index([f"edge/{one}" for one in layer.index], name="edge_id")
    if study_area is not None:
        near = streets.intersects(study_area)
        if not near.any():
            msg = f"{spec.path}: no street lies in the study area"
            raise DataError(msg, ids=layer.index)
        record.drop("outside the study area and its buffer", streets.index[~near])
        streets = streets[near]
    record.rows_kept = len(streets)
    return streets


def _astray(layer: gpd.GeoDataFrame, start: pd.Series, end: pd.Series) -> pd.Series:
    """Tell which lines do not run from their one node to the other."""
    lines = layer.geometry.to_numpy()
    spots = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    ends = pd.DataFrame(shapely.get_coordinates(spots), columns=["x", "y"])
    ends = ends - ends.groupby(pd.concat([start, end]).to_numpy()).transform("first")
    off = np.hypot(ends["x"], ends["y"]).to_numpy() > _SAME_PLACE_M
    return pd.Series(off.reshape(2, -1).any(axis=0), index=layer.index)
