"""Read cells of the mobile network, in the form of OpenCelliD."""

import lzma
import zipfile
import zlib
from collections.abc import Generator
from contextlib import closing
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geoequity.errors import DataError, SourceError, shown
from geoequity.schema import check_columns
from geoequity.sources.files import Record, drop_repeated, text_ids
from geoequity.sources.spec import TowersSpec
from geoequity.units import district_of

COLUMNS = [  # of files without a header
    "radio", "mcc", "net", "area", "cell", "unit", "lon", "lat", "range", "samples",
    "changeable", "created", "updated", "averageSignal",
]  # fmt: skip
_KEY = ["radio", "mcc", "net", "area", "cell"]
_LIMITS = {"lon": 180.0, "lat": 90.0}
_LONLAT = "EPSG:4326"
_EDGE_M = 1000.0  # between points at which a border is projected
_CHUNK_ROWS = 200_000
_FAULTS = (  # of text, of its encoding, and of what it is packed in
    *(ValueError, LookupError, EOFError, OSError, RuntimeError, NotImplementedError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile),
)


def read_towers(
    spec: TowersSpec,
    *,
    crs: CRS,
    districts: gpd.GeoDataFrame | None,
    study_area: shapely.Geometry,
    record: Record,
) -> gpd.GeoDataFrame:
    """
    Read cells of the mobile network as services.

    A mast carries several cells, and their positions are estimated from the
    phones that heard them: these are antennas, roughly placed.

    Parameters
    ----------
    spec
        The file, with or without a header, compressed or not; ``where`` may
        choose technologies.
    crs
        Metric CRS of the study.
    districts
        To count how many lie inside; None where they could not be read.
    study_area
        Area whose cells are wanted, in ``crs``.
    record
        Gets the rows read, inside the districts, kept and dropped.

    Returns
    -------
    services
        Index ``service_id``: geometry, ``category`` (``tower``), ``name`` (the
        technology), ``capacity`` (NaN: unknown), ``source``.

    Raises
    ------
    SourceError
        If the file cannot be read or is empty.
    DataError
        If a column is absent, a coordinate is no number or out of range, or
        rows of a cell differ.

    Notes
    -----
    Columns as in the exports of OpenCelliD and the Mozilla Location Service [1]_.

    References
    ----------
    .. [1] https://ichnaea.readthedocs.io/en/latest/import_export.html
    """
    edges = gpd.GeoSeries([study_area], crs=crs).segmentize(_EDGE_M).to_crs(_LONLAT)
    west, south, east, north = edges.total_bounds
    near, total, beyond = [], 0, 0
    with closing(_chunks(spec)) as chunks:  # and the file with it, should a row be at fault
        for chunk in chunks:
            total += len(chunk)
            wanted = _placed(_chosen(chunk, spec), spec)
            there = wanted["lon"].between(west, east) & wanted["lat"].between(south, north)
            beyond += int((~there).sum())
            near.append(wanted[there])
    if total == 0:
        msg = f"{spec.path}: the layer or table is empty"
        raise SourceError(msg, source=spec.path)
    rows = pd.concat(near)
    points = shapely.points(rows["lon"].to_numpy(float), rows["lat"].to_numpy(float))
    cells = gpd.GeoDataFrame(rows, geometry=points, crs=_LONLAT).to_crs(crs)
    inside = cells.intersects(study_area)
    cells = cells[inside]
    ids = cells["radio"].str.cat([cells[one] for one in _KEY[1:]], sep="-")
    compared = ["geometry"]
    each = drop_repeated(cells, ids, policy=spec.duplicates, columns=compared, record=record)
    record.rows_read, record.rows_kept = total, len(each)
    record.counts["rows_outside"] = beyond + int((~inside).sum())
    if districts is not None:
        where = district_of(each.geometry, districts)
        record.counts["inside_districts"] = int(where.notna().sum())
    if each.empty:
        record.warn("no row lies near the districts", [spec.path.name])
    names = [f"{record.name}/{one}" for one in ids[each.index]]
    return gpd.GeoDataFrame(
        {
            "category": "tower",
            "name": each["radio"].to_numpy(dtype=object),
            "capacity": np.nan,
            "source": record.name,
        },
        geometry=each.geometry.to_numpy(),
        crs=crs,
        index=pd.Index(names, name="service_id", dtype=object),
    )


def _chunks(spec: TowersSpec) -> Generator[pd.DataFrame, None, None]:
    """Read the file piece by piece, every column as text."""
    options: dict[str, Any] = {
        "dtype": str,
        "keep_default_na": False,
        "sep": spec.separator or ",",
        "encoding": spec.encoding or "utf-8",
        "index_col": False,
    }
    try:
        first = pd.read_csv(spec.path, header=None, nrows=1, **options)
        headed = str(first.iloc[0, 0]).strip().lower() == COLUMNS[0]
        header = {"header": 0} if headed else {"header": None, "names": COLUMNS[: first.shape[1]]}
        start = 1
        with pd.read_csv(spec.path, chunksize=_CHUNK_ROWS, **header, **options) as reader:
            for chunk in reader:
                check_columns(chunk, [*_KEY, "lon", "lat"], name=str(spec.path))
                yield chunk.set_axis(pd.RangeIndex(start, start + len(chunk)), axis=0)
                start += len(chunk)
    except pd.errors.EmptyDataError:
        return
    except DataError:
        raise
    except _FAULTS as error:
        msg = f"{spec.path}: cannot be read as a list of cells: {error}"
        raise SourceError(msg, source=spec.path) from error


def _chosen(chunk: pd.DataFrame, spec: TowersSpec) -> pd.DataFrame:
    """Keep the rows that the city file asks for."""
    for column, wanted in spec.where.items():
        check_columns(chunk, [column], name=str(spec.path))
        accepted = pd.Series(wanted if isinstance(wanted, list) else [wanted], dtype=object)
        chunk = chunk[chunk[column].str.strip().isin(text_ids(accepted))]
    return chunk


def _placed(rows: pd.DataFrame, spec: TowersSpec) -> pd.DataFrame:
    """Parse coordinates; refuse those that are nowhere."""
    placed = {one: pd.to_numeric(rows[one], errors="coerce") for one in _LIMITS}
    bad = ~(placed["lon"].abs().le(_LIMITS["lon"]) & placed["lat"].abs().le(_LIMITS["lat"]))
    if bad.any():
        msg = f"{spec.path}: no such longitude or latitude in rows {shown(rows.index[bad])}"
        raise DataError(msg, ids=rows.index[bad])
    return rows.assign(**placed)
