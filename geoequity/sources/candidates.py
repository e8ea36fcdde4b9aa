"""Read the places where somebody could open a service."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from pyproj import CRS

from geoequity.errors import DataError, SourceError, shown
from geoequity.sources.files import Record
from geoequity.sources.layers import projected, read_layer
from geoequity.sources.spec import FileSpec

_TEXTS = (".csv", ".tsv", ".txt")
_IDS = ("id", "site_id")


def read_candidates(path: str | Path, *, crs: Any) -> gpd.GeoDataFrame:
    """
    Read candidates for new services.

    Parameters
    ----------
    path
        A GIS file with a CRS, or a text table with ``lon`` and ``lat`` in degrees.
    crs
        Metric CRS of the study.

    Returns
    -------
    candidates
        Points in ``crs``; index ``site_id`` from ``id`` or ``site_id``, else the
        number of the row; ``name``, and ``capacity`` and ``price`` where there are
        such columns, as numbers.

    Raises
    ------
    SourceError
        If the file is missing, cannot be read, or holds no candidate.
    DataError
        If an id repeats, a column is no number or negative, or coordinates
        cannot be read.
    CRSError
        If the file does not say its CRS, or coordinates do not fit it.
    """
    file = Path(path)
    if not file.is_file():
        msg = f"{file}: no such file"
        raise SourceError(msg, source=file)
    is_text = file.suffix.lower() in _TEXTS
    spec = FileSpec(path=file, **({"lon": "lon", "lat": "lat"} if is_text else {}))
    layer = read_layer(spec, record=Record(name="candidates", path=file, origin=spec))
    if layer.empty:
        msg = f"{file}: holds no candidate"
        raise SourceError(msg, source=file)
    key = next((one for one in _IDS if one in layer.columns), None)
    ids = pd.Series(range(1, len(layer) + 1)) if key is None else layer[key]
    said = []
    twice = ids[ids.duplicated() | ids.isna()]
    if len(twice):
        said.append(f"{key}: missing or more than once: {shown(twice.unique())}")
    index = pd.Index(ids.astype(str), name="site_id")
    columns: dict[str, Any] = {}
    if "name" in layer.columns:
        columns["name"] = layer["name"].astype(object).where(layer["name"].notna(), None).to_numpy()
    for one in ("capacity", "price"):
        if one in layer.columns:
            numbers = pd.to_numeric(layer[one].replace("", None), errors="coerce")
            bad = (numbers.isna() & layer[one].replace("", None).notna()) | (numbers < 0)
            if bad.any():
                said.append(f"{one}: no number, or below 0: {shown(index[bad.to_numpy()])}")
            columns[one] = numbers.astype(float).to_numpy()
    nowhere = index[(layer.geometry.isna() | layer.geometry.is_empty).to_numpy()]
    if len(nowhere):
        said.append(f"geometry: none of {shown(nowhere)}")
    if said:
        msg = f"{file}: {'; '.join(said)}"
        raise DataError(msg)
    moved = projected(layer[["geometry"]], CRS.from_user_input(crs), spec=spec)
    return gpd.GeoDataFrame(columns, geometry=moved.geometry.to_numpy(), index=index, crs=moved.crs)
