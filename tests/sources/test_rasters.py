"""Reading rasters onto units: worlds of a few cells, real rasters, and files that are broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning

from geoequity.errors import CRSError, DataError, DataWarning, GeoEquityError, SourceError
from geoequity.sources import _coverage, _grids, _tiles, rasters
from geoequity.sources.files import Record, sha256
from geoequity.sources.population import count_people, move_counts, rake, raster_total
from geoequity.sources.rasters import Tiles, exposed_share, read_raster, values_at, zonal
from geoequity.sources.spec import Origin, RasterSpec

RANDOM = settings(  # files are written over; the machine may be busy
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
MEDELLIN = Path(__file__).parents[3] / "shared" / "cities" / "medellin"
UTM = "EPSG:32618"
EAST, NORTH = 500_000.0, 1_000_000.0  # the north-west corner of most worlds


def write(path, values, *, west=EAST, north=NORTH, cell=100.0, crs=UTM, nodata=-1, **profile):
    """Write one band as GeoTIFF; scale and offset go to its tags."""
    tags = {key: profile.pop(key) for key in ("scales", "offsets") if key in profile}
    array = np.asarray(values)
    bands = array[None] if array.ndim == 2 else array
    profile = {"transform": Affine(cell, 0, west, 0, -cell, north)} | profile
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(bands),
        height=bands.shape[1],
        width=bands.shape[2],
        dtype=bands.dtype,
        crs=crs,
        nodata=nodata,
        **profile,
    ) as data:
        data.write(bands)
        for key, value in tags.items():
            setattr(data, key, (value,))
    return path


def units(*shapes, crs=UTM, ids=None):
    """Make a table of units u0, u1 ..."""
    names = ids or [f"u{n}" for n in range(len(shapes))]
    table = {"name": names, "area_m2": shapely.area(list(shapes))}
    return gpd.GeoDataFrame(table, geometry=list(shapes), crs=crs, index=pd.Index(names))


def part(west, south, east, north):
    """Draw a rectangle in cells from the south-west corner of a world three cells high."""
    x, y = EAST, NORTH - 300
    return shapely.box(x + 100 * west, y + 100 * south, x + 100 * east, y + 100 * north)


def book(path, name="rasters.0"):
    return Record(name=name, path=path, origin=Origin())


@pytest.fixture
def nine(tmp_path):
    """The world of exactextract's own tests: 1 to 9, in cells of 100 m."""
    return write(tmp_path / "nine.tif", np.arange(1.0, 10).reshape(3, 3))


MIDDLE = units(part(0.5, 0.5, 2.5, 2.5))
COVER = np.array([[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]])


# ------------------------------------------------------------------ statistics
def test_a_square_over_nine_cells_takes_the_share_of_each_that_it_covers(nine):
    found = zonal(nine, MIDDLE, stats=rasters.STATISTICS).loc["u0"]
    values = np.arange(1, 10).reshape(3, 3)
    assert found["count"] == COVER.sum() == 4
    assert found["sum"] == (COVER * values).sum() == 20
    assert found["mean"] == 20 / 4
    assert (found["min"], found["max"], found["median"]) == (1, 9, 5)
    # .25 (16 + 4 + 4 + 16) + .5 (9 + 1 + 1 + 9) over 4 cells
    assert found["variance"] == pytest.approx((0.25 * 40 + 0.5 * 20) / 4)
    assert found["stdev"] == pytest.approx(5**0.5)
    assert found["known_share"] == 1


def test_the_mean_is_taken_where_nothing_is_asked_for(nine):
    assert zonal(nine, MIDDLE).columns.tolist() == ["mean", "known_share"]
    assert zonal(nine, MIDDLE, classes={"low": [1]}).columns.tolist() == [
        "low_share",
        "known_share",
    ]


def test_results_stand_on_the_index_of_the_units_and_leave_them_alone(nine):
    table = units(part(2, 0, 3, 1), part(0, 2, 1, 3), part(1, 1, 2, 2), ids=["z", "a", "m"])
    before = table.copy(deep=True)
    found = zonal(nine, table)
    assert found.index.tolist() == ["z", "a", "m"]
    assert found["mean"].tolist() == [9, 1, 5]
    pd.testing.assert_frame_equal(table, before)


def test_a_unit_far_smaller_than_a_cell_takes_its_share(nine):
    found = zonal(nine, units(part(1.2, 1.3, 1.201, 1.302)), stats=["count", "mean"]).loc["u0"]
    assert found["count"] == pytest.approx(0.001 * 0.002, rel=1e-5)
    assert found["mean"] == 5


def test_both_ways_of_reading_agree(tmp_path):
    rng = np.random.default_rng(3)
    file = write(tmp_path / "a.tif", rng.random((60, 70)), cell=10.0)
    whole = shapely.box(EAST, NORTH - 600, EAST + 700, NORTH)
    points = shapely.multipoints(rng.random((80, 2)) * (700, 600) + (EAST, NORTH - 600))
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=whole))
    table = units(*shapely.intersection(cells, whole))
    together = zonal(file, table, stats=["sum", "min"])  # boxes of Voronoi cells overlap
    alone = pd.concat([zonal(file, table.iloc[[n]], stats=["sum", "min"]) for n in range(80)])
    pd.testing.assert_frame_equal(together, alone, rtol=1e-12)


def test_reading_in_small_pieces_changes_nothing(tmp_path):
    rng = np.random.default_rng(4)
    file = write(tmp_path / "a.tif", rng.random((40, 50)), cell=10.0)
    shapes = np.array([shapely.Point(EAST + 250, NORTH - 200).buffer(190), part(0, 0, 1, 1)])
    with _grids.opened(file) as grid:
        wanted = [_coverage.Wanted("sum", "sum", grid.read)]
        one, many = (_coverage.extract(shapes, wanted, grid=grid, cells=n) for n in (10**6, 30))
    pd.testing.assert_frame_equal(one, many, rtol=1e-12)


def test_the_median_averages_where_half_is_met_exactly(tmp_path):
    file = write(tmp_path / "four.tif", [[1.0, 2, 5, 9]])
    found = zonal(file, units(part(0, 2, 4, 3)), stats=["median"])
    assert found.loc["u0", "median"] == (2 + 5) / 2


def test_a_median_of_too_many_cells_is_refused(nine, monkeypatch):
    monkeypatch.setattr(rasters, "_MEDIAN_CELLS", 3)
    with pytest.raises(DataError, match=r"over 3 cells in units u0.*take the mean"):
        zonal(nine, MIDDLE, stats=["median"])


def test_an_unknown_statistic_is_refused(nine):
    with pytest.raises(DataError, match=r"stats: there is no mode; there are count, sum"):
        zonal(nine, MIDDLE, stats=["mean", "mode"])
    with pytest.raises(DataError, match="classes: known_share is the share of the area with data"):
        zonal(nine, MIDDLE, classes={"known": [1]})


@RANDOM
@given(seed=st.integers(0, 10**6), corners=st.integers(3, 9), size=st.integers(1, 12))
def test_every_statistic_is_that_of_cells_cut_one_by_one(tmp_path, seed, corners, size):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 50, (size, size)).astype(float)
    values[rng.random(values.shape) < 0.2] = -1
    file = write(tmp_path / "r.tif", values, cell=10.0)
    ring = rng.random((corners, 2)) * 14 * size + (EAST - 2 * size, NORTH - 12 * size)
    shape = shapely.convex_hull(shapely.multipoints(ring))
    hole = shapely.buffer(shapely.centroid(shape), 2)
    shape = shapely.difference(shape, hole)
    boxes = [
        shapely.box(EAST + 10 * c, NORTH - 10 * r - 10, EAST + 10 * c + 10, NORTH - 10 * r)
        for r in range(size)
        for c in range(size)
    ]
    share = shapely.area(shapely.intersection(boxes, shape)) / 100
    flat = values.ravel()
    cells, weight = flat[(flat >= 0) & (share > 0)], share[(flat >= 0) & (share > 0)]
    if weight.sum() < 0.01:
        return
    found = zonal(file, units(shape), stats=rasters.STATISTICS, min_known_share=0).loc["u0"]
    mean = (cells * weight).sum() / weight.sum()
    variance = (weight * (cells - mean) ** 2).sum() / weight.sum()
    assert found[["count", "sum", "mean"]].tolist() == pytest.approx(
        [weight.sum(), (cells * weight).sum(), mean], rel=1e-5, abs=1e-5
    )
    assert found["variance"] == pytest.approx(variance, rel=1e-4, abs=1e-3)
    much = cells[weight > 1e-4]  # a cell that is only touched may count, or not
    assert found["min"] in {cells.min(), much.min()}
    assert found["max"] in {cells.max(), much.max()}
    assert found["known_share"] == pytest.approx(weight.sum() * 100 / shape.area, abs=1e-6)
    below, upto = (weight[op(cells, found["median"])].sum() for op in (np.less, np.less_equal))
    assert below - 1e-5 <= weight.sum() / 2 <= upto + 1e-5


# ------------------------------------------------------------------ what is unknown
def test_nodata_is_unknown_and_never_counts(tmp_path):
    file = write(tmp_path / "gap.tif", [[1.0, -1, 4], [-1, -1, 7], [3, 2, 5]])
    found = zonal(file, units(part(0, 2, 3, 3), part(0, 1, 2, 2)), stats=["mean", "sum", "count"])
    assert found.loc["u0"].tolist() == pytest.approx([2.5, 5, 2, 2 / 3])
    assert found.loc["u1", ["mean", "sum"]].isna().all()
    assert found.loc["u1", ["count", "known_share"]].tolist() == [0, 0]


@pytest.mark.parametrize("least", [0.0, 0.5, 2 / 3])
def test_a_unit_known_in_just_the_least_share_is_known(tmp_path, least):
    file = write(tmp_path / "gap.tif", [[1.0, -1, 4]])
    unit = units(part(0, 2, 3, 3))
    assert zonal(file, unit, min_known_share=least).loc["u0", "mean"] == 2.5
    assert zonal(file, unit, min_known_share=0.67)["mean"].isna().all()


def test_what_lies_beyond_the_raster_is_unknown(nine):
    found = zonal(nine, units(part(2, 0, 5, 1)), min_known_share=0.3)  # one cell of three
    assert found.loc["u0"].tolist() == pytest.approx([9, 1 / 3])


def test_nan_is_unknown_whatever_the_nodata(tmp_path):
    file = write(tmp_path / "nan.tif", np.array([[np.nan, 2, -9999]], "float32"), nodata=-9999)
    found = zonal(file, units(part(0, 2, 3, 3)), stats=["sum"], min_known_share=0)
    assert found.loc["u0"].tolist() == pytest.approx([2, 1 / 3])


def test_a_nodata_that_the_cells_cannot_hold_marks_nothing(tmp_path):
    file = write(tmp_path / "byte.tif", np.array([[241, 2, 3]], "uint8"), nodata=None)
    tiles = Tiles(paths=(file,), nodata=-15.0)  # 241 in eight bits
    assert zonal(tiles, units(part(0, 2, 3, 3)), stats=["sum"]).loc["u0", "sum"] == 246


def test_a_mask_in_the_file_is_honoured(tmp_path):
    file = tmp_path / "mask.tif"
    write(file, np.array([[5, 6, 7]], "uint8"), nodata=None)
    with rasterio.open(file, "r+") as data:
        data.write_mask(np.array([[True, False, True]]))
    assert zonal(file, units(part(0, 2, 3, 3)), stats=["sum"]).loc["u0", "sum"] == 5 + 7


def test_an_alpha_band_is_honoured(tmp_path):
    bands = np.array([[[5, 6, 7]], [[255, 255, 0]]], "uint8")
    file = write(tmp_path / "alpha.tif", bands, nodata=None)
    with rasterio.open(file, "r+") as data:
        data.colorinterp = [ColorInterp.gray, ColorInterp.alpha]
    found = zonal(Tiles(paths=(file,), band=1), units(part(0, 2, 3, 3)), stats=["sum"])
    assert found.loc["u0", "sum"] == 5 + 6


def test_a_raster_without_nodata_is_data_throughout_and_says_so(tmp_path):
    file = write(tmp_path / "bare.tif", np.array([[1, 2, 255]], "uint8"), nodata=None)
    unit = units(part(0, 2, 3, 3))
    record = book(file)
    with pytest.warns(DataWarning, match="no nodata declared, every value is taken as data: bare"):
        assert zonal(file, unit, stats=["sum"], record=record).loc["u0", "sum"] == 258
    assert len(record.warnings) == 1
    with pytest.warns(DataWarning, match="no nodata declared"):
        zonal(file, unit)
    for nodata, total in (("none", 258), (255, 3)):
        tiles = Tiles(paths=(file,), nodata=nodata)
        found = zonal(tiles, unit, stats=["sum"])
        assert found.loc["u0", "sum"] == total


def test_the_book_tells_which_units_are_unknown(tmp_path):
    file = write(tmp_path / "gap.tif", [[1.0, -1, 4]])
    record = book(file)
    zonal(file, units(part(0, 2, 1, 3), part(1, 2, 2, 3)), record=record)
    assert (record.rows_read, record.rows_kept) == (2, 1)
    reason = "data on less than 0.5 of the area, or none"
    assert record.dropped == [{"reason": reason, "count": 1, "ids": ["u1"]}]


# ------------------------------------------------------------------ scale, orientation, bands
def test_scale_and_offset_are_honoured_and_nodata_is_as_stored(tmp_path):
    stored = np.array([[100, 200, -32768]], "int16")
    file = write(tmp_path / "s.tif", stored, nodata=-32768, scales=0.1, offsets=-5.0)
    found = zonal(file, units(part(0, 2, 3, 3)), stats=["mean", "max"])
    assert found.loc["u0"].tolist() == pytest.approx([150 * 0.1 - 5, 15, 2 / 3])
    tiles = Tiles(paths=(file,), scale=1.0)
    assert zonal(tiles, units(part(0, 2, 3, 3))).loc["u0", "mean"] == pytest.approx(145)


@RANDOM
@given(
    scale=st.floats(-10, 10).filter(lambda x: abs(x) > 0.01),
    offset=st.floats(-100, 100),
    seed=st.integers(0, 9),
)
def test_a_mean_is_linear_in_scale_and_offset(tmp_path, scale, offset, seed):
    stored = np.random.default_rng(seed).integers(-50, 50, (3, 3)).astype("int16")
    stored[0, seed % 3] = -99
    plain = write(tmp_path / "p.tif", stored, nodata=-99)
    tagged = write(tmp_path / "t.tif", stored, nodata=-99, scales=scale, offsets=offset)
    unit = units(part(0.2, 0.3, 2.9, 2.6))
    before, after = (zonal(one, unit, stats=["mean", "stdev"]).loc["u0"] for one in (plain, tagged))
    assert after["mean"] == pytest.approx(before["mean"] * scale + offset, abs=1e-9)
    assert after["stdev"] == pytest.approx(before["stdev"] * abs(scale), abs=1e-6)
    assert after["known_share"] == before["known_share"]


def test_a_raster_that_starts_in_the_south_is_read_upside_down(tmp_path, nine):
    with rasterio.open(nine) as data:
        values = data.read(1)
    turned = Affine(100, 0, EAST, 0, 100, NORTH - 300)
    file = write(tmp_path / "south.tif", values[::-1], transform=turned)
    table = units(part(0, 0, 1.5, 1.2), part(2, 2, 3, 3))
    pd.testing.assert_frame_equal(zonal(file, table), zonal(nine, table))


def test_a_band_of_several_must_be_named(tmp_path):
    file = write(tmp_path / "two.tif", np.array([[[1.0, 2, 3]], [[4.0, 5, 6]]]))
    with pytest.raises(SourceError, match=r"two\.tif: holds 2 bands; declare band"):
        zonal(file, MIDDLE)
    with pytest.raises(SourceError, match="holds 2 bands; there is no band 3"):
        zonal(Tiles(paths=(file,), band=3), MIDDLE)
    found = zonal(Tiles(paths=(file,), band=2), units(part(0, 2, 3, 3)))
    assert found.loc["u0", "mean"] == 5


# ------------------------------------------------------------------ mosaics
def split(tmp_path, values):
    """Write a world of 4 x 6 cells as four tiles and as one."""
    whole = write(tmp_path / "whole.tif", values)
    tiles = [
        write(
            tmp_path / f"t{row}{column}.tif",
            values[row : row + 2, column : column + 3],
            west=EAST + 100 * column,
            north=NORTH - 100 * row,
        )
        for row in (0, 2)
        for column in (0, 3)
    ]
    return whole, tiles


def test_tiles_are_read_as_one_raster(tmp_path):
    values = np.random.default_rng(1).random((4, 6))
    values[1, 2] = values[3, 3] = -1
    whole, tiles = split(tmp_path, values)
    table = units(
        shapely.Point(EAST + 290, NORTH - 210).buffer(150), part(0, 0, 6, 3), part(4, 1, 5, 2)
    )
    stats = ["sum", "mean", "max"]
    pd.testing.assert_frame_equal(
        zonal(tiles[::-1], table, stats=stats), zonal(whole, table, stats=stats), rtol=1e-12
    )
    assert raster_total(tiles) == pytest.approx(raster_total(whole))


def test_a_missing_tile_is_unknown(tmp_path):
    _, tiles = split(tmp_path, np.ones((4, 6)))
    cover = units(shapely.box(EAST, NORTH - 400, EAST + 600, NORTH))
    record = book(tiles[0])
    found = zonal(tiles[:3], cover, stats=["sum"], record=record)
    assert found.loc["u0"].tolist() == [18, 0.75]
    assert record.counts["tiles"] == {one.name: sha256(one) for one in tiles[:3]}


def test_tiles_keep_their_own_nodata_and_scale(tmp_path):
    a = write(tmp_path / "a.tif", np.array([[1, 9]], "uint8"), nodata=9)
    b = write(
        tmp_path / "b.tif", np.array([[9, 5]], "int16"), nodata=5, west=EAST + 200, scales=2.0
    )
    found = zonal([a, b], units(part(0, 2, 4, 3)), stats=["sum", "count"])
    assert found.loc["u0", ["sum", "count"]].tolist() == [1 + 18, 2]


def test_where_tiles_overlap_the_first_that_knows_wins(tmp_path):
    a = write(tmp_path / "a.tif", [[1.0, 2, -1]])
    b = write(tmp_path / "b.tif", [[7.0, 8, 9]], west=EAST + 100)
    unit = units(part(0, 2, 4, 3))
    assert zonal([a, b], unit, stats=["sum"]).loc["u0", "sum"] == 1 + 2 + 8 + 9
    assert zonal([b, a], unit, stats=["sum"]).loc["u0", "sum"] == 1 + 7 + 8 + 9
    with pytest.raises(DataError, match=r"cover the same cells: a\.tif and b\.tif"):
        count_people([a, b], unit)


def test_tiles_that_do_not_fit_together_are_refused_by_name(tmp_path, nine):
    copy = tmp_path / "copy.tif"
    shutil.copy(nine, copy)
    with pytest.raises(DataError, match=r"cover the same cells: nine\.tif and copy\.tif"):
        zonal([nine, copy], MIDDLE)
    with pytest.raises(DataError, match=r"files are named more than once: .*nine\.tif"):
        zonal([nine, nine], MIDDLE)
    beside = {"west": EAST + 300}
    fine = write(tmp_path / "fine.tif", np.ones((6, 6)), cell=50.0, **beside)
    shifted = write(tmp_path / "shifted.tif", np.ones((3, 3)), west=EAST + 350)
    abroad = write(tmp_path / "abroad.tif", np.ones((3, 3)), crs="EPSG:32619", **beside)
    with pytest.raises(DataError, match=r"not on its grid: fine\.tif.*shifted\.tif.*abroad\.tif"):
        zonal([nine, fine, shifted, abroad], MIDDLE)
    with pytest.raises(DataError, match="no file is named"):
        zonal([], MIDDLE)


def test_a_vrt_is_read_like_any_raster(tmp_path, nine):
    vrt = tmp_path / "nine.vrt"
    vrt.write_text(
        f"""<VRTDataset rasterXSize="3" rasterYSize="3"><SRS>{UTM}</SRS>
        <GeoTransform>{EAST}, 100, 0, {NORTH}, 0, -100</GeoTransform>
        <VRTRasterBand dataType="Float64" band="1"><NoDataValue>-1</NoDataValue>
        <SimpleSource><SourceFilename relativeToVRT="1">nine.tif</SourceFilename>
        <SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"""
    )
    assert zonal(vrt, MIDDLE).loc["u0", "mean"] == 5
    nine.unlink()
    with pytest.raises(SourceError, match=r"nine\.vrt: cannot be read"):
        zonal(vrt, MIDDLE)


# ------------------------------------------------------------------ people
def test_people_are_counted_by_the_area_of_cells_and_kept(nine):
    halves = units(part(0, 0, 1.5, 3), part(1.5, 0, 3, 3))
    people = count_people(nine, halves)
    assert people.name == "population"
    assert people.tolist() == pytest.approx([1 + 4 + 7 + (2 + 5 + 8) / 2, 3 + 6 + 9 + 7.5])
    assert people.attrs == pytest.approx({"total": 45, "kept": 45, "lost": 0})


def test_the_book_tells_what_was_kept_and_lost(nine):
    record = book(nine)
    twice = units(part(0, 0, 2, 3), part(1, 0, 3, 3))  # 15 people live in both
    count_people(nine, twice, record=record)
    told = {key: record.counts[key] for key in ("total", "kept", "lost")}
    assert told == pytest.approx({"total": 45, "kept": 60, "lost": -15})


def test_a_count_is_that_of_the_known_part_unless_more_is_asked_for(tmp_path):
    file = write(tmp_path / "sea.tif", [[10.0, -1, -1, -1]])
    table = units(part(0, 2, 4, 3), part(2, 2, 4, 3))
    people = count_people(file, table)
    assert people["u0"] == 10
    assert np.isnan(people["u1"])
    strict = count_people(file, table, min_known_share=0.5)
    assert strict.isna().all()
    assert strict.attrs == {"total": 10, "kept": 0, "lost": 10}


def partition(rng, bounds, pieces, crs):
    """Cut a rectangle into random polygons."""
    west, south, east, north = bounds
    points = rng.random((pieces, 2)) * (east - west, north - south) + (west, south)
    whole = shapely.box(*bounds)
    cells = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=whole)
    return units(*shapely.intersection(shapely.get_parts(cells), whole), crs=crs)


@RANDOM
@given(
    seed=st.integers(0, 10**6),
    pieces=st.integers(1, 40),
    shape=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    crs=st.sampled_from([UTM, "ESRI:54009", "EPSG:4326", "EPSG:3857"]),
)
def test_the_total_is_conserved_over_any_partition_and_through_any_crs(
    tmp_path, seed, pieces, shape, crs
):
    rng = np.random.default_rng(seed)
    values = rng.gamma(0.5, 100, shape)
    values[rng.random(shape) < 0.2] = -1
    cell = 0.001 if crs == "EPSG:4326" else 100.0
    to_raster = Transformer.from_crs(UTM, crs, always_xy=True)
    west, north = to_raster.transform(EAST, NORTH)
    file = write(tmp_path / "p.tif", values, crs=crs, cell=cell, west=west, north=north)
    with rasterio.open(file) as data:
        corners = shapely.segmentize(shapely.box(*data.bounds), cell)
    around = gpd.GeoSeries([corners], crs=crs).to_crs(UTM).total_bounds
    table = partition(rng, np.add(around, [-50, -50, 50, 50]), pieces, UTM)
    total = values[values >= 0].sum()
    assert raster_total(file) == pytest.approx(total, rel=1e-12)
    people = count_people(file, table)
    assert people.sum() == pytest.approx(total, rel=1e-6)
    assert people.attrs["kept"] + people.attrs["lost"] == pytest.approx(total, rel=1e-6)
    assert raster_total(file, boundary=table) == pytest.approx(total, rel=1e-6)


def test_a_border_stays_shared_where_only_one_side_has_a_corner_on_it(tmp_path):
    # 20 km: as a single chord in degrees it would leave its place by metres
    values = np.full((200, 200), 7.0)
    file = write(tmp_path / "p.tif", values, crs="EPSG:4326", cell=0.001, west=-75.1, north=60.1)
    to_utm = Transformer.from_crs("EPSG:4326", UTM, always_xy=True)
    x, y = to_utm.transform(-75.0, 60.0)
    west, south, east, north = x - 4000, y - 10_000, x + 4000, y + 10_000
    left = shapely.box(west, south, x, north)
    right = [shapely.box(x, south + 2500 * n, east, south + 2500 * (n + 1)) for n in range(8)]
    people = count_people(file, units(left, *right))
    assert people.attrs["lost"] == pytest.approx(0, abs=1e-7 * people.attrs["total"])
    assert people.sum() == pytest.approx(raster_total(file, boundary=units(left, *right)), rel=1e-7)


@pytest.mark.parametrize("crs", ["EPSG:4326", UTM, "EPSG:3857"])
@pytest.mark.parametrize(("per", "area_m2"), [("m2", 1.0), ("ha", 1e4), ("km2", 1e6)])
def test_a_density_is_multiplied_by_the_area_on_the_ellipsoid(tmp_path, crs, per, area_m2):
    place = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    west, north = place.transform(-74.0, -33.0)  # where Web Mercator stretches areas by 1.4
    cell = 0.01 if crs == "EPSG:4326" else 1000.0
    file = write(
        tmp_path / "d.tif", np.full((4, 5), 3.0), crs=crs, cell=cell, west=west, north=north
    )
    with rasterio.open(file) as data:
        ring = shapely.segmentize(shapely.box(*data.bounds), cell / 20)
    degrees = gpd.GeoSeries([ring], crs=crs).to_crs("EPSG:4326").iloc[0]
    area = abs(Geod(ellps="WGS84").geometry_area_perimeter(degrees)[0])
    found = raster_total(file, quantity="density", per=per)
    assert found == pytest.approx(3 * area / area_m2, rel=1e-5)


def test_a_density_by_unit_adds_up_to_its_total(tmp_path):
    values = np.random.default_rng(5).random((20, 20))
    file = write(tmp_path / "d.tif", values, crs="EPSG:4326", cell=0.001, west=-75.01, north=6.01)
    x, y = Transformer.from_crs("EPSG:4326", UTM, always_xy=True).transform(-75.0, 6.0)
    table = partition(np.random.default_rng(6), (x - 2e3, y - 2e3, x + 2e3, y + 2e3), 9, UTM)
    people = count_people(file, table, quantity="density", per="ha")
    assert people.sum() == pytest.approx(raster_total(file, quantity="density", per="ha"), rel=1e-6)


def test_a_boundary_at_fault_is_refused(nine):
    with pytest.raises(CRSError, match="boundary: coordinates are in degrees"):
        raster_total(nine, boundary=MIDDLE.to_crs("EPSG:4326"))
    with pytest.raises(DataError, match="boundary: geometry missing"):
        raster_total(nine, boundary=units(None))
    assert raster_total(nine, boundary=MIDDLE.geometry) == pytest.approx(20)
    with pytest.raises(SourceError, match="does not touch the units"):
        raster_total(nine, boundary=units(part(9, 9, 10, 10)))


def test_an_unknown_quantity_is_refused(nine):
    with pytest.raises(DataError, match="count, or density per m2, ha, km2; not count per acre"):
        raster_total(nine, per="acre")


def test_negative_counts_are_refused(tmp_path):
    file = write(tmp_path / "worldpop.tif", [[5.0, -99999, 3]], nodata=None)
    with (
        pytest.warns(DataWarning, match="no nodata"),
        pytest.raises(DataError, match=r"worldpop\.tif: holds negative counts, the lowest -99999"),
    ):
        count_people(file, units(part(0, 2, 3, 3)))
    known = Tiles(paths=(file,), nodata=-99999)
    assert count_people(known, units(part(0, 2, 3, 3)))["u0"] == 8


# ------------------------------------------------------------------ another grid
def test_counts_move_to_another_grid_and_keep_their_total(tmp_path):
    # The published case in which resampling by the nearest cell lost 45 % of the people
    values = np.arange(1.0, 401).reshape(20, 20)
    mollweide = {"crs": "ESRI:54009", "west": -1_500_000.0, "north": 3_300_000.0}
    file = write(tmp_path / "c.tif", values, **mollweide)
    box = shapely.segmentize(shapely.box(-1_500_000, 3_298_000, -1_498_000, 3_300_000), 100)
    target = gpd.GeoSeries([box], crs="ESRI:54009").to_crs("EPSG:4083").total_bounds
    grid = Affine(100, 0, target[0] - 260, 0, -100, target[3] + 260)
    moved = move_counts(file, to_crs="EPSG:4083", to_transform=grid, to_shape=(40, 40))
    assert np.nansum(moved.counts) == pytest.approx(80_200, abs=1e-6)  # 400 * 401 / 2
    assert (moved.kept, moved.lost) == pytest.approx((80_200, 0), abs=1e-6)
    assert np.isnan(moved.counts[0, 0])


def test_moved_counts_are_those_of_the_new_cells_as_units(tmp_path):
    values = np.random.default_rng(8).random((6, 7)) * 50
    file = write(tmp_path / "c.tif", values, crs="EPSG:4326", cell=0.001, west=-75.0, north=6.0)
    x, y = Transformer.from_crs("EPSG:4326", UTM, always_xy=True).transform(-75.0, 6.0)
    grid = Affine(150, 0, x - 50, 0, -150, y + 40)
    moved = move_counts(file, to_crs=UTM, to_transform=grid, to_shape=(6, 7))
    boxes = [
        shapely.box(x - 50 + 150 * c, y + 40 - 150 * (r + 1), x + 100 + 150 * c, y + 40 - 150 * r)
        for r in range(6)
        for c in range(7)
    ]
    people = count_people(file, units(*boxes, crs=UTM))
    # A cell is even in degrees here, in metres there: its sides differ by a millionth
    assert moved.counts.ravel() == pytest.approx(people.to_numpy(), rel=1e-4, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("size", [25.0, 100.0, 130.0, 1000.0])
def test_counts_move_to_coarser_and_finer_grids(nine, size):
    n = int(np.ceil(300 / size))
    grid = Affine(size, 0, EAST, 0, -size, NORTH)
    moved = move_counts(nine, to_crs=UTM, to_transform=grid, to_shape=(n, n))
    assert (moved.kept, moved.lost) == pytest.approx((45, 0))
    if size == 25:
        assert moved.counts[:4, :4] == pytest.approx(np.full((4, 4), 1 / 16))
    if size == 100:
        assert moved.counts == pytest.approx(np.arange(1, 10).reshape(3, 3))


def test_counts_beyond_the_new_grid_are_lost_and_told(nine):
    grid = Affine(100, 0, EAST + 50, 0, -100, NORTH)
    moved = move_counts(nine, to_crs=UTM, to_transform=grid, to_shape=(2, 1))
    assert moved.counts.tolist() == [[(1 + 2) / 2], [(4 + 5) / 2]]
    assert (moved.kept, moved.lost) == pytest.approx((6, 39))


def test_unknown_counts_stay_unknown_when_moved_and_zero_stays_zero(tmp_path, monkeypatch):
    monkeypatch.setattr(_coverage, "_PAIRS", 2)
    file = write(tmp_path / "c.tif", [[0.0, -1, 4]])
    grid = Affine(100, 0, EAST, 0, -100, NORTH)
    moved = move_counts(file, to_crs=UTM, to_transform=grid, to_shape=(1, 3))
    np.testing.assert_array_equal(moved.counts, [[0, np.nan, 4]])


def test_cells_off_the_globe_are_lost_and_told(tmp_path):
    # Mollweide ends 18,040 km from its middle: the first cell has corners beyond
    world = {"crs": "ESRI:54009", "west": -2e7, "north": 2.5e6, "cell": 5e6}
    file = write(tmp_path / "w.tif", [[1.0, 1, 1, 8]], **world)
    grid = Affine(10, 0, -180, 0, -10, 90)
    moved = move_counts(file, to_crs="EPSG:4326", to_transform=grid, to_shape=(18, 36))
    assert (moved.kept, moved.lost) == pytest.approx((10, 1))
    with pytest.raises(CRSError, match="to_crs: 'EPSG:99' is no CRS"):
        move_counts(file, to_crs="EPSG:99", to_transform=grid, to_shape=(18, 36))


def test_a_density_moves_as_people(tmp_path):
    file = write(tmp_path / "d.tif", np.full((3, 3), 1000.0))
    grid = Affine(300, 0, EAST, 0, -300, NORTH)
    how = {"to_crs": UTM, "to_transform": grid, "to_shape": (1, 1), "quantity": "density"}
    moved = move_counts(file, **how)
    assert moved.kept == pytest.approx(raster_total(file, quantity="density"))
    assert moved.kept == pytest.approx(1000 * 0.09, rel=2e-3)  # UTM's scale is 0.9996 here


# ------------------------------------------------------------------ shares and exposure
def test_classes_share_the_known_area(tmp_path):
    file = write(tmp_path / "cover.tif", np.array([[1, 2, 3], [1, 1, 9]], "uint8"), nodata=9)
    classes = {"green": [1, 2], "trees": [2], "water": [80]}
    found = zonal(file, units(part(0, 1, 3, 3)), classes=classes).loc["u0"]
    # 5 of 6 cells are known; 4 of them green, 1 trees; classes may overlap, and be absent
    assert found.tolist() == pytest.approx([4 / 5, 1 / 5, 0, 5 / 6])


@pytest.fixture
def flood(tmp_path):
    """Depths of 2 m in the west, 0 in the middle, unknown in the east."""
    return write(tmp_path / "flood.tif", np.array([[2.0, 0, -1]] * 3))


def test_land_above_a_depth_or_of_a_class_is_exposed(flood):
    table = units(part(0, 0, 2, 3), part(0.5, 0, 1.5, 1), part(2, 0, 3, 3))
    found = exposed_share(flood, table, above=1.0)
    assert found["area_share"].tolist() == pytest.approx([0.5, 0.5, np.nan], nan_ok=True)
    pd.testing.assert_frame_equal(found, exposed_share(flood, table, classes=[2]))
    assert exposed_share(flood, table, above=2.0)["area_share"].tolist()[:2] == [0, 0]  # not above


@pytest.mark.parametrize("how", [{}, {"above": 1.0, "classes": [2]}])
def test_the_zone_is_told_by_depth_or_by_class(flood, how):
    with pytest.raises(DataError, match="hazard: give above, or classes"):
        exposed_share(flood, MIDDLE, **how)


def test_people_are_exposed_by_the_share_of_their_cell(tmp_path, flood):
    # Cells of 150 m: 100 people each in the north-west, of whom a third live on dry land
    people = write(tmp_path / "pop.tif", [[90.0, 60], [0, 30]], cell=150.0)
    table = units(part(0, 0, 3, 3), part(0, 1.5, 1.5, 3), part(0, 0, 1.5, 1.5))
    found = exposed_share(flood, table, above=0, people=people)
    # Column 1: 2/3 flooded, 1/3 dry. Column 2: 1/3 dry, 2/3 unknown, 60 + 30 people.
    assert found["population"].tolist() == pytest.approx([180, 90, 0])
    assert found["exposed"].tolist() == pytest.approx([60, 60, 0])
    assert found["people_known_share"].tolist() == pytest.approx(
        [(90 + 30) / 180, 1, np.nan], nan_ok=True
    )
    assert found["exposed_share"].tolist() == pytest.approx([60 / 120, 2 / 3, np.nan], nan_ok=True)


def test_people_of_unknown_hazard_are_neither_exposed_nor_safe(tmp_path, flood):
    people = write(tmp_path / "pop.tif", [[10.0, 10, 80]] * 3)
    found = exposed_share(flood, units(part(0, 0, 3, 3)), above=0, people=people).loc["u0"]
    assert found["people_known_share"] == pytest.approx(0.2)
    assert found[["exposed", "exposed_share"]].isna().all()
    assert found["area_share"] == pytest.approx(0.5)


def test_people_of_another_crs_and_beyond_the_hazard(tmp_path, flood):
    to_degrees = Transformer.from_crs(UTM, "EPSG:4326", always_xy=True)
    west, north = to_degrees.transform(EAST - 1000, NORTH + 1000)
    people = write(
        tmp_path / "pop.tif",
        np.ones((60, 60)),
        crs="EPSG:4326",
        cell=0.0004,
        west=west,
        north=north,
    )
    table = units(part(0, 0, 2, 3), part(4, 0, 5, 3), part(0, 0, 1, 3))
    with pytest.raises(SourceError, match=r"flood\.tif: spans .* does not touch the units"):
        exposed_share(flood, table.iloc[[1]], above=0, people=people)
    found = exposed_share(flood, table, above=0, people=people)
    assert found["population"].tolist() == pytest.approx(count_people(people, table).tolist())
    # Cells of 44 m lie across the border of flood and dry land, and of the raster
    assert found["people_known_share"].tolist() == pytest.approx([0.85, 0, 0.85], abs=0.1)
    assert found.loc["u0", "exposed_share"] == pytest.approx(1 / 2, abs=0.02)
    assert found.loc["u2", "exposed_share"] == pytest.approx(1, abs=0.1)
    assert np.isnan(found.loc["u1", "exposed_share"])


def test_people_in_pieces_are_as_exposed_as_together(tmp_path, monkeypatch):
    rng = np.random.default_rng(9)
    depth = write(tmp_path / "depth.tif", rng.random((30, 30)), cell=10.0)
    people = write(tmp_path / "pop.tif", rng.random((8, 8)) * 9, cell=37.5)
    table = units(part(0, 0, 3, 3), part(0.3, 0.2, 1.7, 2.1))
    whole = exposed_share(depth, table, above=0.7, people=people)
    monkeypatch.setattr(rasters, "CORNER_CELLS", 5)
    pd.testing.assert_frame_equal(
        exposed_share(depth, table, above=0.7, people=people), whole, rtol=1e-6
    )


@pytest.fixture
def zone(tmp_path):
    """A zone in cells of 10 m: two thirds dry, a third flooded, in it a part unknown."""
    depth = np.zeros((30, 30))
    depth[:, 20:] = 1.0
    depth[12:15, 22:27] = -1.0
    return write(tmp_path / "zone.tif", depth, cell=10.0), depth


@pytest.mark.parametrize("crs", [UTM, "EPSG:4326"])
def test_every_cell_is_as_exposed_as_if_cut_one_by_one(tmp_path, zone, crs):
    file, depth = zone
    places = gpd.GeoSeries(
        shapely.points([(EAST - 61, NORTH + 47), (EAST + 313, NORTH - 333)]), crs=UTM
    ).to_crs(crs)
    cell = (places.x.iloc[1] - places.x.iloc[0]) / 11
    shape = (int((places.y.iloc[0] - places.y.iloc[1]) / cell) + 1, 11)
    counts = np.random.default_rng(5).integers(0, 9, shape).astype(float)
    people = write(
        tmp_path / "pop.tif", counts, crs=crs, cell=cell, west=places.x[0], north=places.y[0]
    )
    unit = units(part(-2, -2, 5, 5))
    found = exposed_share(file, unit, above=0, people=people).loc["u0"]
    rows, columns = np.indices(shape)
    west, north = places.x[0] + columns * cell, places.y[0] - rows * cell
    drawn = shapely.box(west, north - cell, west + cell, north).ravel()
    cells = gpd.GeoSeries(drawn, crs=crs).to_crs(UTM).to_numpy()
    flooded, dry = (
        shapely.union_all(
            [
                shapely.box(EAST + 10 * x, NORTH - 10 * y - 10, EAST + 10 * x + 10, NORTH - 10 * y)
                for y, x in zip(*np.nonzero(depth == wanted), strict=True)
            ]
        )
        for wanted in (1.0, 0.0)
    )
    wet, clear = (
        (
            counts.ravel() * shapely.area(shapely.intersection(cells, one)) / shapely.area(cells)
        ).sum()
        for one in (flooded, shapely.union(flooded, dry))
    )
    assert found["population"] == pytest.approx(counts.sum())
    assert found["exposed"] == pytest.approx(wet, rel=1e-6)
    assert found["people_known_share"] == pytest.approx(clear / counts.sum(), rel=1e-6)
    assert found["exposed_share"] == pytest.approx(wet / clear, rel=1e-6)


def test_only_cells_over_which_the_hazard_differs_are_cut(tmp_path, zone, monkeypatch):
    cut, extract = [], rasters.extract
    people = write(tmp_path / "pop.tif", np.ones((20, 20)), cell=15.0)

    def counted(shapes, wanted, **more):
        cut.append(len(shapes))
        return extract(shapes, wanted, **more)

    monkeypatch.setattr(rasters, "extract", counted)
    exposed_share(zone[0], units(part(0, 0, 3, 3)), above=0, people=people)
    # Of 20 x 20 cells: the column across the border, and two half over the unknown part
    assert sum(cut) == 20 + 2


def test_a_cell_of_people_over_a_great_many_of_hazard_is_exact(tmp_path, zone, monkeypatch):
    people = write(tmp_path / "pop.tif", np.array([[6.0, 3], [8, 5]]), cell=150.0)
    table = units(part(0, 0, 3, 3))
    whole = exposed_share(zone[0], table, above=0, people=people)
    monkeypatch.setattr(rasters, "CHUNK_CELLS", 20)
    pd.testing.assert_frame_equal(
        exposed_share(zone[0], table, above=0, people=people), whole, rtol=1e-6
    )


def points(*places, people):
    spots = [shapely.Point(EAST + 100 * x, NORTH - 300 + 100 * y) for x, y in places]
    return gpd.GeoDataFrame({"population": people}, geometry=spots, crs=UTM)


def test_people_at_points_are_exposed_where_they_stand(flood):
    homes = points((0.5, 0.5), (1.5, 0.5), (2.5, 0.5), (9, 9), people=[30, 50, 20, 7])
    found = exposed_share(flood, units(part(0, 0, 3, 3)), above=0, people=homes).loc["u0"]
    assert found["population"] == 100
    assert found["exposed"] == 30
    assert found["people_known_share"] == 0.8
    assert found["exposed_share"] == 30 / 80


def test_points_must_be_in_the_crs_of_the_units_and_hold_people(flood):
    homes = points((0.5, 0.5), people=[3])
    with pytest.raises(CRSError, match=r"people .* and units .* are not in one CRS"):
        exposed_share(flood, MIDDLE, above=0, people=homes.to_crs("EPSG:3857"))
    with pytest.raises(DataError, match="people: no column population"):
        exposed_share(flood, MIDDLE, above=0, people=homes[["geometry"]])
    with pytest.raises(DataError, match="people: geometry missing, empty, invalid or no point"):
        exposed_share(flood, MIDDLE, above=0, people=MIDDLE.assign(population=1))
    with pytest.raises(DataError, match="people: population: negative"):
        exposed_share(flood, MIDDLE, above=0, people=homes.assign(population=-1))


def test_a_point_takes_the_value_of_its_cell(nine, monkeypatch):
    monkeypatch.setattr(rasters, "CHUNK_CELLS", 2)
    spots = points((0.1, 0.1), (2.9, 2.9), (1.5, 1.5), (7, 7), people=[0] * 4)
    spots.index = list("abcd")
    found = values_at(nine, spots)
    assert (found.name, found.index.tolist()) == ("value", list("abcd"))
    np.testing.assert_array_equal(found, [7, 3, 5, np.nan])
    with pytest.raises(DataError, match="points: geometry missing, empty, invalid or no point: u0"):
        values_at(nine, MIDDLE)


# ------------------------------------------------------------------ raking
def test_cells_are_scaled_to_the_totals_of_their_districts():
    cells = pd.Series([1.0, 3, 5, 0, 7], index=list("abcde"))
    districts = pd.Series(["n", "n", "s", "s", None], index=list("abcde"))
    totals = pd.Series({"s": 50.0, "n": 10.0})
    found = rake(cells, districts=districts, totals=totals)
    np.testing.assert_array_equal(found, [10 / 4, 30 / 4, 50, 0, np.nan])
    assert (found.name, found.index.tolist()) == ("population", list("abcde"))


@settings(deadline=None)
@given(
    people=st.lists(st.floats(0.001, 1e6), min_size=1, max_size=60),
    totals=st.lists(st.floats(0, 1e7), min_size=3, max_size=3),
)
def test_raked_cells_add_up_to_the_census(people, totals):
    cells = pd.Series(people)
    districts = pd.Series([n % 3 for n in range(len(people))])
    census = pd.Series(totals)[sorted(districts.unique())]
    found = rake(cells, districts=districts, totals=census)
    sums = found.groupby(districts).sum()
    assert sums.to_numpy() == pytest.approx(census.to_numpy(), rel=1e-9, abs=1e-12)
    pattern = cells[districts == 0] / cells[districts == 0].sum()
    assert found[districts == 0].to_numpy() == pytest.approx((pattern * census[0]).to_numpy())


def test_raking_leaves_the_unknown_unknown():
    cells = pd.Series([1.0, np.nan, 4, 0])
    districts = pd.Series(["a", "a", "b", "c"])
    totals = pd.Series({"a": 10.0, "b": np.nan, "c": 0.0})
    np.testing.assert_array_equal(
        rake(cells, districts=districts, totals=totals), [10, np.nan, np.nan, 0]
    )


def test_raking_refuses_what_cannot_be_scaled():
    cells, districts = pd.Series([1.0, 0]), pd.Series(["a", "b"])
    with pytest.raises(DataError, match="no cell with people in districts that have some: b, c"):
        rake(cells, districts=districts, totals=pd.Series({"a": 1.0, "b": 5.0, "c": 2.0}))
    with pytest.raises(DataError, match="totals: none for districts b"):
        rake(cells, districts=districts, totals=pd.Series({"a": 1.0}))
    with pytest.raises(DataError, match="totals: ids stand more than once: a"):
        rake(cells, districts=districts, totals=pd.Series([1.0, 2, 3], index=["a", "a", "b"]))
    with pytest.raises(DataError, match="population: negative or infinite: 1"):
        rake(pd.Series([1.0, -1]), districts=districts, totals=pd.Series({"a": 1.0, "b": 1}))
    with pytest.raises(DataError, match="population and districts are about different units: 1"):
        rake(cells, districts=districts.iloc[:1], totals=pd.Series({"a": 1.0}))


# ------------------------------------------------------------------ broken files
def test_a_raster_without_crs_is_refused_unless_one_is_declared(tmp_path):
    file = write(tmp_path / "bare.tif", np.ones((3, 3)), crs=None)
    with pytest.raises(CRSError, match=r"bare\.tif: the raster has no CRS; declare crs"):
        zonal(file, MIDDLE)
    assert zonal(Tiles(paths=(file,), crs=UTM), MIDDLE).loc["u0", "mean"] == 1
    with pytest.raises(CRSError, match=r"bare\.tif: EPSG:99 is no CRS"):
        zonal(Tiles(paths=(file,), crs="EPSG:99"), MIDDLE)
    with pytest.raises(CRSError, match=r"bare\.tif: WGS 84 has no place on the earth"):
        zonal(Tiles(paths=(file,), crs="EPSG:4978"), MIDDLE)


def test_heights_of_a_crs_are_left_out(tmp_path):
    file = write(tmp_path / "h.tif", np.ones((3, 3)), crs="EPSG:32618+5773")
    assert zonal(file, MIDDLE).loc["u0", "mean"] == 1


@pytest.mark.parametrize(
    "turned", [Affine(100, 5, EAST, 5, -100, NORTH), Affine(-100, 0, EAST, 0, -100, NORTH)]
)
def test_a_rotated_raster_is_refused_by_name(tmp_path, turned):
    file = write(tmp_path / "rotated.tif", np.ones((3, 3)), transform=turned)
    with pytest.raises(SourceError, match=r"rotated\.tif: has a rotated geotransform"):
        zonal(file, MIDDLE)


def test_all_faults_of_all_tiles_are_told_at_once(tmp_path):
    turned = Affine(100, 5, EAST, 5, -100, NORTH)
    a = write(tmp_path / "a.tif", np.ones((3, 3)), crs=None, transform=turned)
    b = write(tmp_path / "b.tif", np.ones((3, 3), "complex64"), nodata=None)
    with pytest.raises(DataError, match=r"(?s)4 faults.*a\.tif.*no CRS.*a\.tif.*rotated") as caught:
        zonal([a, b, tmp_path / "c.tif"], MIDDLE)
    assert "b.tif: holds complex64 values" in str(caught.value)
    assert "c.tif: no such file" in str(caught.value)


def test_a_picture_is_not_georeferenced(tmp_path):
    file = tmp_path / "picture.png"
    with (
        pytest.warns(NotGeoreferencedWarning),
        rasterio.open(file, "w", driver="PNG", width=3, height=3, count=1, dtype="uint8") as data,
    ):
        data.write(np.ones((1, 3, 3), "uint8"))
    with pytest.raises(GeoEquityError, match=r"picture\.png: not georeferenced"):
        zonal(Tiles(paths=(file,), crs=UTM), MIDDLE)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("text.tif", b"municipio;valor\n1;2\n", "cannot be read as a raster"),
        ("empty.tif", b"", "cannot be read as a raster"),
        ("pop.zip", b"PK\x03\x04", "cannot be read as a raster; unpack it first"),
    ],
)
def test_a_file_that_is_no_raster_is_refused(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=f"{name}: {said}"):
        zonal(tmp_path / name, MIDDLE)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"gone\.tif: no such file"):
        zonal(tmp_path / "gone.tif", MIDDLE)


def test_a_file_cut_short_is_refused_and_never_half_read(tmp_path):
    values = np.random.default_rng(0).random((600, 600))
    file = write(tmp_path / "cut.tif", values, cell=1.0, compress="deflate")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    cover = units(shapely.box(EAST, NORTH - 600, EAST + 600, NORTH))
    for task in (zonal, count_people):
        with pytest.raises(SourceError, match=r"cut\.tif: cannot be read"):
            task(file, cover)
    with pytest.raises(SourceError, match=r"cut\.tif: cannot be read"):
        raster_total(file)


@pytest.mark.parametrize("odd", [np.inf, -np.inf, -3.4028234663852886e38])
def test_values_beyond_any_measurement_are_refused(tmp_path, odd):
    file = write(tmp_path / "odd.tif", np.array([[1, odd, 2]], "float32"))
    unit = units(part(0, 2, 3, 3))
    with pytest.raises(DataError, match=r"odd\.tif: holds values from .* declare nodata"):
        zonal(file, unit)
    known = Tiles(paths=(file,), nodata=odd)
    assert zonal(known, unit).loc["u0", "mean"] == 1.5


def test_a_raster_elsewhere_is_refused(nine):
    far = units(shapely.box(EAST + 5000, NORTH, EAST + 6000, NORTH + 1000))
    with pytest.raises(SourceError, match=r"nine\.tif: spans .* does not touch the units"):
        zonal(nine, far)
    beside = units(part(3, 0, 4, 3))
    with pytest.raises(SourceError, match="does not touch the units"):
        count_people(nine, beside)


def test_units_where_the_crs_of_the_raster_ends_are_refused(tmp_path):
    file = write(
        tmp_path / "g.tif", np.ones((3, 3)), crs="+proj=gnom +lat_0=0 +lon_0=100 +type=crs"
    )
    with pytest.raises(CRSError, match=r"units: not where .* is defined: u0"):
        zonal(file, MIDDLE)


def test_a_raster_stored_in_one_block_too_large_is_refused(nine, monkeypatch):
    monkeypatch.setattr(_tiles, "_MAX_BLOCK_BYTES", 10)
    with pytest.raises(SourceError, match=r"nine\.tif: stored in blocks of 3 x 3 cells, too large"):
        zonal(nine, MIDDLE)


def test_more_cells_than_anyone_can_read_are_a_mistake(tmp_path):
    with rasterio.open(
        tmp_path / "sparse.tif",
        "w",
        driver="GTiff",
        width=2_000_000,
        height=2_000_000,
        count=1,
        dtype="uint8",
        crs=UTM,
        nodata=0,
        tiled=True,
        blockxsize=8192,
        blockysize=8192,
        sparse_ok=True,
        transform=Affine(1e-3, 0, EAST, 0, -1e-3, NORTH),
    ):
        pass
    with pytest.raises(SourceError, match=r"sparse\.tif: 4e\+12 cells within the units"):
        zonal(tmp_path / "sparse.tif", units(part(-20, -20, 30, 30)))


@pytest.mark.parametrize(
    ("table", "error", "said"),
    [
        (MIDDLE.to_crs("EPSG:4326"), CRSError, "units: coordinates are in degrees"),
        (MIDDLE.set_crs(None, allow_override=True), CRSError, "units: no CRS"),
        (MIDDLE.iloc[:0], DataError, "units: no rows"),
        (pd.concat([MIDDLE, MIDDLE]), DataError, "units: ids stand more than once: u0"),
        (units(shapely.Point(EAST, NORTH)), DataError, "invalid or no polygon: u0"),
        (units(None), DataError, "geometry missing"),
        (
            units(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])),
            DataError,
            "geometry missing, empty, invalid",
        ),
    ],
)
def test_units_at_fault_are_refused(nine, table, error, said):
    for task in (zonal, count_people):
        with pytest.raises(error, match=said):
            task(nine, table)


# ------------------------------------------------------------------ nearly invalid units
def spiked(width_m, *, west=EAST, north=NORTH):
    """A square kilometre with a spike to the north, valid as it is."""
    x, tip = west + 333, (west + 341.1, north + 423.9)
    corners = [(west, north - 1000), (west + 1000, north - 1003.7), (west + 1000, north)]
    return shapely.Polygon([*corners, (x + width_m, north), tip, (x, north), (west, north)])


@pytest.fixture(params=[UTM, "EPSG:4326"])
def ones(tmp_path, request):
    """A raster of ones in either CRS, 100 m or about that a cell, around the spiked square."""
    frame = gpd.GeoSeries([shapely.box(EAST, NORTH, EAST + 1, NORTH + 1)], crs=UTM)
    x, y = frame.to_crs(request.param).total_bounds[:2]
    cell = 100.0 if request.param == UTM else 0.001
    place = {"west": x - 7.3 * cell, "north": y + 9.1 * cell, "cell": cell}
    return write(tmp_path / "ones.tif", np.ones((40, 40), "f8"), crs=request.param, **place)


@pytest.mark.parametrize("width_m", [1e-6, 1e-9, 2.4e-10, 1.2e-10])
def test_a_spike_of_no_width_changes_nothing(ones, width_m):
    spike, plain = spiked(width_m), spiked(0).buffer(0)
    assert spike.is_valid
    assert shapely.get_num_coordinates(plain) == 6  # without the spike
    cells = zonal(ones, units(plain), stats=["count"]).loc["u0", "count"]
    found = zonal(ones, units(spike), stats=["count"]).loc["u0"]
    assert found.to_list() == pytest.approx([cells, 1], rel=1e-6)
    people = count_people(ones, units(spike))
    assert people.to_list() == pytest.approx([cells], rel=1e-6)
    assert people.attrs["total"] == pytest.approx(cells, rel=1e-6)


@pytest.mark.parametrize("apart_m", [1e-10, 1e-9, 1e-8, 1e-7])
def test_units_that_nearly_touch_lose_nobody(ones, apart_m):
    rng = np.random.default_rng(1)
    spots = shapely.multipoints(part(0, 0, 20, -20).bounds[:2] + rng.random((60, 2)) * 2000)
    parts = shapely.get_parts(shapely.voronoi_polygons(spots))
    whole = shapely.intersection(parts, shapely.envelope(spots))
    corners = [np.array(one.exterior.coords[:-1]) for one in whole]
    moved = [shapely.Polygon(one + rng.normal(size=one.shape) * apart_m) for one in corners]
    assert shapely.is_valid(moved).all()
    people, exact = count_people(ones, units(*moved)), count_people(ones, units(*whole))
    assert people.attrs["total"] == pytest.approx(exact.attrs["total"], rel=1e-6)
    assert people.attrs["lost"] == pytest.approx(0, abs=1e-6 * people.attrs["total"])


def test_a_unit_of_no_width_is_refused_by_name(ones):
    x, y = EAST + 300.2, NORTH - 400.1
    hair = shapely.Polygon([(x, y), (x + 700, y + 1e-7), (x + 700, y + 3e-7)])
    assert hair.is_valid
    for task in (zonal, count_people):
        with pytest.raises(DataError, match=r"units: narrower than 0\.01 mm, in all or most: u1$"):
            task(ones, units(MIDDLE.geometry.iloc[0], hair))


@pytest.mark.parametrize("ones", ["EPSG:4326"], indirect=True)
def test_a_unit_that_is_invalid_in_the_crs_of_the_raster_is_named(ones, monkeypatch):
    monkeypatch.setattr(_coverage, "ROUNDING_M", 0.0)
    table = units(MIDDLE.geometry.iloc[0], spiked(1.2e-10))
    for task in (zonal, count_people):
        with pytest.raises(DataError, match=r"units: invalid once in WGS 84, the CRS of .*: u1"):
            task(ones, table)


# ------------------------------------------------------------------ blocks of a city file
def test_each_kind_has_its_columns(tmp_path, nine):
    ndvi = write(tmp_path / "ndvi.tif", np.array([[-2000, 0, 8000]], "int16"), scales=1e-4)
    unit = units(part(0, 2, 3, 3))

    def read(path, kind, **more):
        spec = RasterSpec(path=path, kind=kind, **more)
        return read_raster(spec, unit, record=book(path)).loc["u0"].to_dict()

    assert read(nine, "population") == {"population": 6}
    assert read(nine, "elevation") == {
        "elevation_m": 2,
        "elevation_min_m": 1,
        "elevation_max_m": 3,
        "known_share": 1,
    }
    assert read(nine, "night_lights") == {
        "night_lights_mean": 2,
        "night_lights_sum": 6,
        "known_share": 1,
    }
    assert read(ndvi, "ndvi") == pytest.approx({"ndvi": 0.2, "known_share": 1})
    assert read(nine, "landcover", classes={"green": [1, 3]}) == pytest.approx(
        {"green_share": 2 / 3, "known_share": 1}
    )
    hazard = {"hazard_share": 1 / 3, "known_share": 1}
    assert read(nine, "hazard", above=2) == pytest.approx(hazard)
    assert read(nine, "hazard", classes={"high": [3], "very high": [4]}) == pytest.approx(hazard)
    with pytest.raises(DataError, match=r"ndvi\.tif: NDVI beyond -1 to 1 in u0; declare scale"):
        read(ndvi, "ndvi", scale=1.0)


def test_a_block_says_how_to_read(tmp_path):
    bands = np.array([[[0.0, 0, 0]], [[250.0, 7, 7]]])
    file = write(tmp_path / "d.tif", bands, crs=None, nodata=None)
    spec = RasterSpec(
        path=file, kind="population", quantity="density", per="ha", band=2, crs=UTM, nodata=7
    )
    unit = units(part(0, 2, 3, 3))
    found = read_raster(spec, unit, record=book(file))
    assert found.loc["u0", "population"] == pytest.approx(250, rel=2e-3)
    strict = spec.model_copy(update={"min_known_share": 0.9})
    assert read_raster(strict, unit, record=book(file))["population"].isna().all()


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"kind": "landcover"}, "land cover needs classes"),
        ({"kind": "hazard"}, "a hazard needs above, or classes"),
        ({"kind": "hazard", "above": 1, "classes": {"x": [1]}}, "a hazard needs above, or classes"),
        ({"kind": "ndvi", "classes": {"x": [1]}}, "classes are of land cover and hazards"),
        ({"kind": "elevation", "above": 3}, "above is of hazards"),
        ({"kind": "elevation", "quantity": "density"}, "quantity is of a population"),
        ({"kind": "population", "band": 0}, "greater than or equal to 1"),
        ({"kind": "population", "path": []}, "at least 1 item"),
        ({"kind": "heat"}, "Input should be"),
        ({"kind": "ndvi", "colour": 1}, "Extra inputs"),
    ],
)
def test_a_block_with_keys_that_do_not_fit_is_refused(block, said):
    with pytest.raises(ValueError, match=said):
        RasterSpec(**({"path": "a.tif"} | block))


# ------------------------------------------------------------------ a real city
@pytest.fixture(scope="module")
def comunas():
    file = MEDELLIN / "comunas_medellin.geojson"
    if not file.exists():
        pytest.skip("the rasters of Medellín are not at hand")
    layer = gpd.read_file(file).to_crs("EPSG:3116").set_index("NOMBRE")
    return layer.assign(geometry=layer.make_valid())


def test_the_comunas_of_medellin_lie_as_high_as_they_do(comunas):
    found = zonal(MEDELLIN / "dem_srtm_1arcsec_medellin.tif", comunas, stats=["mean", "min"])
    assert found.loc["LAURELES", "mean"] == pytest.approx(1496, abs=1)
    assert found.loc["POPULAR", "mean"] == pytest.approx(1787, abs=1)
    # The raster ends at 75.5 W: the east of Santa Elena is beyond it
    assert found.loc["SANTA ELENA", "known_share"] == pytest.approx(0.78, abs=0.01)
    assert found.drop("SANTA ELENA")["known_share"].min() == pytest.approx(1)


def test_land_that_the_raster_of_medellin_does_not_know_is_not_bare(comunas):
    file = MEDELLIN / "vegetation_svm_after.tif"
    classes = {"vegetation": [1], "bare": [0]}
    found = zonal(file, comunas, classes=classes)
    assert found.loc["DOCE DE OCTUBRE", "known_share"] == pytest.approx(0.2, abs=0.02)
    unknown = found["vegetation_share"].isna()
    assert found.index[unknown].tolist() == ["SANTA ELENA", "DOCE DE OCTUBRE"]
    known = found[~unknown]
    assert (known["vegetation_share"] + known["bare_share"]).to_numpy() == pytest.approx(1)
    assert known.loc["PALMITAS", "vegetation_share"] > 0.9 > known["vegetation_share"].median()


def test_memory_stays_bounded_while_a_large_raster_is_read(tmp_path):
    script = f"""
import resource, geopandas as gpd, numpy as np, rasterio, shapely
from affine import Affine
from geoequity.sources.rasters import zonal
grid = Affine(10, 0, 0, 0, -10, 0)
with rasterio.open("{tmp_path}/large.tif", "w", driver="GTiff", width=12_000, height=12_000,
                   count=1, dtype="uint8", crs="{UTM}", nodata=0, tiled=True, blockxsize=512,
                   blockysize=512, compress="deflate", transform=grid) as data:
    for row in range(0, 12_000, 500):
        data.write(np.full((500, 12_000), 1 + row // 500, "uint8"), 1,
                   window=((row, row + 500), (0, 12_000)))
units = gpd.GeoDataFrame(geometry=[shapely.box(0, -120_000, 120_000, 0)], index=["a"], crs="{UTM}")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = zonal("{tmp_path}/large.tif", units, stats=["mean", "sum"])
assert found.loc["a", "mean"] == np.arange(1, 25).mean(), found
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
assert grown < 300, grown  # the raster has 144 million cells: 1.2 GB as numbers
"""
    subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", script], check=True)
