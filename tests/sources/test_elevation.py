"""Heights between the middles of raster cells."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from geoequity.errors import SourceError
from geoequity.sources.elevation import height_at

CRS = "EPSG:32618"


@pytest.fixture
def plane(tmp_path: Path) -> Path:
    """A plane that rises 1 m for each cell of 10 m to the east and 2 m for each to the south."""
    path = tmp_path / "plane.tif"
    rows, columns = np.mgrid[0:6, 0:8]
    values = (100 + columns + 2 * rows).astype("float32")
    values[5, 7] = -9999
    with rasterio.open(
        path, "w", driver="GTiff", height=6, width=8, count=1, dtype="float32", crs=CRS,
        transform=Affine(10, 0, 1000, 0, -10, 5000), nodata=-9999,
    ) as file:  # fmt: skip
        file.write(values, 1)
    return path


def test_a_plane_is_level_between_its_cells(plane: Path) -> None:
    heights = height_at(plane, crs=CRS)
    xy = np.array([(1005, 4995), (1010, 4995), (1012.5, 4990), (1060, 4950)])
    east, south = (xy[:, 0] - 1005) / 10, (4995 - xy[:, 1]) / 10
    np.testing.assert_allclose(heights(xy), 100 + east + 2 * south)


def test_heights_are_unknown_beside_what_is_unknown_and_outside(plane: Path) -> None:
    found = height_at(plane, crs=CRS)(np.array([(1070, 4950), (1003, 4997), (2000, 4000)]))
    assert np.isnan(found).tolist() == [True, True, True]
    # Just on the middle of a cell, its neighbours do not matter
    assert height_at(plane, crs=CRS)(np.array([(1065, 4945)])).tolist() == [116.0]


def test_a_raster_elsewhere_is_refused(plane: Path) -> None:
    with pytest.raises(SourceError, match="does not touch"):
        height_at(plane, crs=CRS)(np.array([(90_000, 4000), (90_100, 4000)]))
