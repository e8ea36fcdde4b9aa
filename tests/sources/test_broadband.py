"""Reading speed tests: tiles of a written quarter in every format, its faults, and real files."""

import itertools
import json
import math
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pyproj import CRS

from geoequity.errors import DataError, DataWarning, SourceError
from geoequity.sources.broadband import make_squares, read_tiles, study_quadkeys
from geoequity.sources.files import Record
from geoequity.sources.spec import Origin, TilesSpec

SAN_JUAN = Path(__file__).parents[3] / "shared" / "cities" / "san_juan"
METRES = CRS("EPSG:32619")
DEGREES = CRS("EPSG:4326")
ZOOM = 16
HOME = (20722, 29336)  # a tile of San Juan
COLUMNS = ["quadkey", "avg_d_kbps", "avg_u_kbps", "avg_lat_ms", "tests", "devices"]


def quadkey(column, row):
    """Name a tile digit by digit."""
    zooms = range(ZOOM - 1, -1, -1)
    return "".join(str((column >> zoom & 1) + 2 * (row >> zoom & 1)) for zoom in zooms)


def corner(column, row):
    """Longitude and latitude of the north-west corner of a tile."""
    lon = column / 2**ZOOM * 360 - 180
    return lon, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / 2**ZOOM))))


def rectangle(column, row):
    (west, north), (east, south) = corner(column, row), corner(column + 1, row + 1)
    return shapely.box(west, south, east, north)


def area_of(columns=2, rows=2):
    """Most of some tiles south-east of home, in metres; it touches no other."""
    squares = [
        rectangle(HOME[0] + x, HOME[1] + y)
        for x, y in itertools.product(range(columns), range(rows))
    ]
    return gpd.GeoSeries(squares, crs=DEGREES).to_crs(METRES).union_all().buffer(-50)


def quarter(columns=6, rows=6, **changes):
    """A block of tiles round the study area: 1,000 kbps a column and row, two tests a device."""
    places = list(itertools.product(range(-2, columns - 2), range(-2, rows - 2)))
    table = pd.DataFrame(
        {
            "quadkey": [quadkey(HOME[0] + x, HOME[1] + y) for x, y in places],
            "avg_d_kbps": [50_000 + 1000 * (10 * x + y) for x, y in places],
            "avg_u_kbps": [5_000 + 100 * (10 * x + y) for x, y in places],
            "avg_lat_ms": 20,
            "tests": [2 * (n + 1) for n in range(len(places))],
            "devices": [n + 1 for n in range(len(places))],
        }
    )
    table = table.sort_values("quadkey", ignore_index=True)
    return table.assign(**changes)


def study_rows(table):
    wanted = study_quadkeys(area_of(), crs=METRES)
    return table.index[table["quadkey"].isin(wanted)]


def read(*paths, kind="ookla_fixed", area=None, **options):
    spec = TilesSpec(kind=kind, path=tuple(paths), **options)
    records = [Record(name="connectivity", path=one, origin=Origin()) for one in paths]
    area = area_of() if area is None else area
    return read_tiles(spec, study_area=area, crs=METRES, records=records), records


def write_csv(folder, table, name="tiles.csv"):
    table.to_csv(folder / name, index=False)
    return folder / name


def write_geojson(folder, table, name="tiles.geojson", *, shapes=True):
    geometry = [rectangle_of(one) if shapes else None for one in table["quadkey"]]
    layer = gpd.GeoDataFrame(table, geometry=geometry, crs=DEGREES)
    (folder / name).write_text(layer.to_json(drop_id=True), encoding="utf-8")
    return folder / name


def rectangle_of(name):
    return make_squares(pd.Index([name]), crs=DEGREES).iloc[0]


def write_parquet(folder, table, name="tiles.parquet", **options):
    wkt = [rectangle_of(one).wkt for one in table["quadkey"]]
    more = table.assign(tile=wkt, tile_x=-66.0, tile_y=18.0, avg_lat_down_ms=None)
    pq.write_table(pa.Table.from_pandas(more, preserve_index=False), folder / name, **options)
    return folder / name


def write_zip(folder, table, name="2023-07-01_performance_fixed_tiles.zip"):
    inner = folder / "shapes" / Path(name).stem
    inner.mkdir(parents=True)
    geometry = [rectangle_of(one) for one in table["quadkey"]]
    layer = gpd.GeoDataFrame(table, geometry=geometry, crs=DEGREES)
    layer.to_file(inner / "tiles.shp")
    with zipfile.ZipFile(folder / name, "w") as archive:
        for one in inner.iterdir():
            archive.write(one, f"{inner.name}/{one.name}")
    return folder / name


# Quadkeys and squares


def test_a_published_polygon_is_rebuilt_from_its_quadkey():
    published = shapely.box(
        -66.1102294921875, 18.3493117442965, -66.104736328125, 18.354525529126601
    )
    drawn = rectangle_of("0323002031333101")
    assert drawn.symmetric_difference(published).area < 1e-9 * published.area


@given(column=st.integers(0, 2**ZOOM - 1), row=st.integers(0, 2**ZOOM - 1))
def test_squares_are_where_the_web_map_has_them(column, row):
    drawn = rectangle_of(quadkey(column, row))
    np.testing.assert_allclose(drawn.bounds, rectangle(column, row).bounds, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(x=st.floats(-3, 3), y=st.floats(-3, 3), radius=st.floats(10, 2000))
def test_the_tiles_of_a_study_are_those_that_touch_it(x, y, radius):
    home = make_squares(pd.Index([quadkey(*HOME)]), crs=METRES).iloc[0].centroid
    area = shapely.Point(home.x + 600 * x, home.y + 600 * y).buffer(radius)
    near = itertools.product(range(-9, 10), range(-9, 10))
    names = pd.Index([quadkey(HOME[0] + dx, HOME[1] + dy) for dx, dy in near])
    touching = names[make_squares(names, crs=METRES).intersects(area)]
    assert sorted(touching) == study_quadkeys(area, crs=METRES).tolist()


def test_quadkeys_of_another_zoom_have_no_square():
    with pytest.raises(DataError, match="not of zoom 16: 0323, 4444444444444444"):
        make_squares(pd.Index(["0323", "4" * 16]), crs=DEGREES)


# Formats


@pytest.mark.parametrize(
    "write",
    [
        write_csv,
        write_parquet,
        write_geojson,
        lambda *one: write_geojson(*one, shapes=False),
        write_zip,
    ],
    ids=["text", "parquet", "geojson", "geojson without geometry", "zip"],
)
def test_every_format_gives_the_tiles_of_the_study(tmp_path, write):
    tiles, (record,) = read(write(tmp_path, quarter()), period="2023Q3")
    expected = quarter().loc[study_rows(quarter())]
    assert tiles["quadkey"].tolist() == expected["quadkey"].tolist()
    assert tiles.index.tolist() == [f"{one}_2023Q3" for one in expected["quadkey"]]
    assert tiles["down_mbps"].tolist() == (expected["avg_d_kbps"] / 1000).tolist()
    assert tiles["up_mbps"].tolist() == (expected["avg_u_kbps"] / 1000).tolist()
    assert tiles["tests"].tolist() == expected["tests"].tolist()
    assert set(tiles["kind"]) == {"fixed"}
    assert tiles.crs == METRES
    squares = make_squares(pd.Index(expected["quadkey"]), crs=METRES)
    assert tiles.geometry.geom_equals(squares, align=False).all()
    assert (record.rows_kept, record.counts["rows_in_file"]) == (4, 36)


def test_of_a_parquet_file_only_row_groups_of_the_study_are_opened(tmp_path):
    far = quarter().assign(quadkey=["3" + one[1:] for one in quarter()["quadkey"]])
    table = pd.concat([quarter(), far])
    path = write_parquet(tmp_path, table, row_group_size=36)
    whole = path.read_bytes()
    start = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    path.write_bytes(whole[:start] + b"\xff" * 2000 + whole[start + 2000 :])  # none may look
    tiles, (record,) = read(path, period="2023Q3")
    assert len(tiles) == 4
    assert record.rows_read < 36
    assert record.counts["rows_in_file"] == 72


def test_an_unsorted_parquet_file_gives_the_same(tmp_path):
    shuffled = quarter().sample(frac=1, random_state=3)
    path = write_parquet(tmp_path, shuffled, row_group_size=7)
    expected, _ = read(write_csv(tmp_path, quarter()), period="2023Q3")
    pd.testing.assert_frame_equal(read(path, period="2023Q3")[0], expected)


def test_columns_may_be_called_otherwise(tmp_path):
    table = quarter().rename(columns={"avg_d_kbps": "bajada", "quadkey": "qk"})
    path = write_csv(tmp_path, table)
    tiles, _ = read(path, columns={"down_kbps": "bajada", "quadkey": "qk"})
    assert len(tiles) == 4


def test_a_city_without_any_test_is_told(tmp_path):
    elsewhere = area_of().envelope.buffer(10).centroid.buffer(100)
    far = gpd.GeoSeries([elsewhere], crs=METRES).translate(20_000).iloc[0]
    with pytest.warns(DataWarning, match="no tile with a test lies in the study area"):
        tiles, _ = read(write_csv(tmp_path, quarter()), area=far)
    assert tiles.empty
    assert {"quadkey", "kind", "period", "down_mbps"} <= set(tiles.columns)


@pytest.mark.parametrize("name", ["tiles.parquet", "tiles.geojson", "tiles.zip", "tiles.csv"])
def test_what_is_no_such_file_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x00 nothing of the kind \xff")
    with pytest.raises(SourceError, match=name):
        read(tmp_path / name)


def test_a_zip_holds_one_shapefile(tmp_path):
    with zipfile.ZipFile(tmp_path / "tiles.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(SourceError, match="holds 0 shapefiles, not one"):
        read(tmp_path / "tiles.zip")


def test_a_parquet_file_without_rows_is_refused(tmp_path):
    with pytest.raises(SourceError, match="table is empty"):
        read(write_parquet(tmp_path, quarter().iloc[:0]))


# Quarters and kinds


def test_several_quarters_are_stacked(tmp_path):
    old = write_csv(tmp_path, quarter(), "fixed_2022Q4.csv")
    new = write_parquet(tmp_path, quarter(avg_d_kbps=90_000), "2023-07-01_fixed.parquet")
    tiles, records = read(old, new)
    assert tiles.groupby("period").size().to_dict() == {"2022Q4": 4, "2023Q3": 4}
    assert (tiles["down_mbps"][tiles["period"] == "2023Q3"] == 90).all()
    assert tiles.index.is_unique
    assert [one.rows_kept for one in records] == [4, 4]


@pytest.mark.parametrize(
    ("name", "columns", "expected"),
    [
        ("tiles.csv", {}, None),
        ("tiles_2021q2.csv", {}, "2021Q2"),
        ("2020-10-01_performance_fixed_tiles.csv", {}, "2020Q4"),
        ("year=2022/quarter=3/tiles.csv", {}, "2022Q3"),
        ("tiles_2021Q2.csv", {"quarter": "2019-Q4"}, "2019Q4"),
        ("tiles.csv", {"period": "2019-04-01"}, "2019Q2"),
        ("tiles.csv", {"year": 2024, "quarter": 1}, "2024Q1"),
    ],
)
def test_the_quarter_is_found_in_a_column_or_in_the_name(tmp_path, name, columns, expected):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    tiles, _ = read(write_csv(tmp_path, quarter(**columns), name))
    assert tiles["period"].isna().all() if expected is None else set(tiles["period"]) == {expected}
    if expected is None:
        assert tiles.index.tolist() == tiles["quadkey"].tolist()


def test_a_declared_quarter_wins(tmp_path):
    tiles, _ = read(write_csv(tmp_path, quarter(), "tiles_2021Q2.csv"), period="2021Q3")
    assert set(tiles["period"]) == {"2021Q3"}


def test_of_several_files_each_needs_its_quarter(tmp_path):
    paths = [write_csv(tmp_path, quarter(), name) for name in ("a.csv", "b.csv")]
    with pytest.raises(DataError, match=r"a\.csv: of which quarter.*\n.*b\.csv: of which quarter"):
        read(*paths)
    with pytest.raises(ValidationError, match="1 given for 2 files"):
        read(*paths, period="2021Q3")
    with pytest.raises(ValidationError, match="should match pattern"):
        read(paths[0], period="autumn")


def test_what_is_no_quarter_is_refused(tmp_path):
    with pytest.raises(DataError, match="no quarters such as 2023Q3: spring"):
        read(write_csv(tmp_path, quarter(period="spring")))


def test_a_column_of_kinds_chooses_rows(tmp_path):
    table = pd.concat([quarter(type="fixed"), quarter(type="mobile", avg_d_kbps=7000)])
    path = write_csv(tmp_path, table)
    fixed, (record,) = read(path)
    mobile, _ = read(path, kind="ookla_mobile")
    assert (set(mobile["kind"]), set(mobile["down_mbps"])) == ({"mobile"}, {7})
    assert len(fixed) == 4
    dropped = record.dropped[-1]
    assert (dropped["reason"], dropped["count"]) == ("not fixed", 4)


def test_mixed_or_wrong_kinds_are_refused(tmp_path):
    path = write_csv(tmp_path, pd.concat([quarter(), quarter(avg_d_kbps=7000)]))
    with pytest.raises(DataError, match=r"differ share a tile and a period: .* kinds or quarters"):
        read(path)
    with pytest.raises(DataError, match="neither fixed nor mobile: satellite"):
        read(write_csv(tmp_path, quarter(kind="satellite")))
    with pytest.raises(DataError, match="has no fixed tests, only mobile"):
        read(write_csv(tmp_path, quarter(kind="mobile")))
    with pytest.raises(DataError, match="holds mobile tests by its name, not fixed ones"):
        read(write_csv(tmp_path, quarter(), "2023-07-01_performance_mobile_tiles.csv"))
    (tmp_path / "type=mobile").mkdir()
    with pytest.raises(DataError, match="holds mobile tests by its name"):
        read(write_csv(tmp_path, quarter(), "type=mobile/tiles.csv"))


# Faults


def faulty(**changes):
    """A quarter whose first row of the study has other numbers."""
    table = quarter().astype(dict.fromkeys(COLUMNS[1:], float))
    for column, value in changes.items():
        table.loc[study_rows(table)[0], column] = value
    return table


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"avg_d_kbps": -1}, "speed zero, negative or unknown"),
        ({"avg_u_kbps": 0}, "speed zero, negative or unknown"),
        ({"avg_d_kbps": np.nan}, "speed zero, negative or unknown"),
        ({"avg_d_kbps": 100_000_001}, "speed above 100,000 Mbps"),
        ({"avg_lat_ms": 0}, "latency zero, negative or unknown"),
        ({"tests": -3, "devices": 1}, "tests are no whole number of 0 or more"),
        ({"tests": 2.5}, "tests are no whole number of 0 or more"),
        ({"tests": np.nan}, "tests are no whole number of 0 or more"),
        ({"devices": 0}, "devices are no whole number of 1 or more"),
        ({"devices": 1000}, "more devices than tests"),
    ],
)
def test_numbers_that_cannot_be_are_refused_or_dropped_as_declared(tmp_path, changes, message):
    table = faulty(**changes)
    name = table["quadkey"][study_rows(table)[0]]
    path = write_csv(tmp_path, table)
    with pytest.raises(DataError, match=f'{message}: {name}.*faulty = "drop"') as caught:
        read(path)
    assert caught.value.ids == (name,)
    with pytest.warns(DataWarning, match=f"tiles dropped: {message}: {name}"):
        tiles, (record,) = read(path, faulty="drop")
    assert len(tiles) == 3
    assert record.dropped[-1]["reason"] in {message, "more devices than tests"}


def test_a_tile_without_a_test_is_left_out_and_told_if_it_states_a_speed(tmp_path):
    silent = faulty(tests=0, devices=0, avg_d_kbps=0, avg_u_kbps=0, avg_lat_ms=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tiles, (record,) = read(write_csv(tmp_path, silent))
    assert len(tiles) == 3
    assert record.dropped[-1]["reason"] == "no test"
    with pytest.warns(DataWarning, match="without a test dropped, though they state a speed"):
        tiles, _ = read(write_csv(tmp_path, faulty(tests=0, devices=0)))
    assert len(tiles) == 3


def test_faults_outside_the_study_trouble_nobody(tmp_path):
    table = quarter()
    table.loc[table.index.difference(study_rows(table)), "avg_d_kbps"] = -1
    assert len(read(write_csv(tmp_path, table))[0]) == 4


def test_every_fault_of_every_file_is_told_at_once(tmp_path):
    one = write_csv(tmp_path, faulty(avg_d_kbps=-1, devices=0), "2022Q1.csv")
    two = write_csv(tmp_path, quarter().drop(columns=["tests", "avg_lat_ms"]), "2022Q2.csv")
    with pytest.raises(DataError) as caught:
        read(one, two)
    told = str(caught.value)
    assert "speed zero, negative or unknown" in told
    assert "devices are no whole number" in told
    assert "no column avg_lat_ms, tests; it has quadkey" in told


def test_text_for_numbers_is_refused_by_column_and_tile(tmp_path):
    table = quarter().astype({"avg_d_kbps": object})
    table.loc[study_rows(table)[0], "avg_d_kbps"] = "fast"
    with pytest.raises(DataError, match=r"'avg_d_kbps' holds text .*\(fast\) in rows 03230020"):
        read(write_csv(tmp_path, table))


@pytest.mark.parametrize("write", [write_csv, write_parquet, write_geojson])
@pytest.mark.parametrize(
    ("cut", "hint"), [(slice(0, 15), "leading zeros"), (slice(1, 16), "leading zeros")]
)
def test_quadkeys_of_another_zoom_are_refused(tmp_path, monkeypatch, write, cut, hint):
    monkeypatch.setitem(globals(), "rectangle_of", lambda _: shapely.box(0, 0, 1, 1))
    table = quarter().assign(quadkey=lambda one: one["quadkey"].str[cut])
    with pytest.raises(DataError, match=f"not of zoom 16 .*{hint}"):
        read(write(tmp_path, table))


def test_a_finer_zoom_is_refused_without_the_hint(tmp_path):
    table = quarter().assign(quadkey=lambda one: one["quadkey"] + "2")
    with pytest.raises(DataError, match=r"not of zoom 16 .*: \d{17}(, \d{17})* and 31 more$"):
        read(write_csv(tmp_path, table))


def test_quadkeys_stored_as_numbers_are_refused(tmp_path):
    table = quarter().assign(quadkey=lambda one: one["quadkey"].astype(np.int64))
    pq.write_table(pa.Table.from_pandas(table), tmp_path / "tiles.parquet")
    with pytest.raises(DataError, match="stored as int64, which loses zeros"):
        read(tmp_path / "tiles.parquet")
    rows = [
        {"type": "Feature", "geometry": None, "properties": one} for one in table.to_dict("records")
    ]
    layer = json.dumps({"type": "FeatureCollection", "features": rows})
    (tmp_path / "tiles.geojson").write_text(layer, encoding="utf-8")
    with pytest.raises(DataError, match="stored as int64, which loses zeros"):
        read(tmp_path / "tiles.geojson")


def test_identical_rows_are_dropped_and_differing_ones_refused(tmp_path):
    twice = pd.concat([quarter(), quarter()])
    with pytest.warns(DataWarning, match="identical duplicate rows dropped"):
        tiles, (record,) = read(write_csv(tmp_path, twice, "2022Q1.csv"))
    assert len(tiles) == 4
    assert record.dropped[-1]["count"] == 4
    other = write_csv(tmp_path, quarter(tests=500), "later_2022Q1.csv")
    with pytest.raises(DataError, match=r"2022Q1\.csv, later_2022Q1\.csv: rows that differ"):
        read(write_csv(tmp_path, quarter(), "2022Q1.csv"), other)


def test_the_city_file_takes_one_path_or_several():
    assert TilesSpec(kind="ookla_mobile", path="a.csv").path == (Path("a.csv"),)
    assert len(TilesSpec(kind="ookla_mobile", path=["a.csv", "b.csv"]).path) == 2
    with pytest.raises(ValidationError, match="path"):
        TilesSpec(kind="ookla_mobile", path=[])
    with pytest.raises(ValidationError, match="speed"):
        TilesSpec(kind="ookla_mobile", path="a.csv", columns={"speed": "x"})


# Real files


@pytest.mark.skipif(not SAN_JUAN.is_dir(), reason="the open data of San Juan are absent")
@pytest.mark.parametrize(
    "name", ["ookla_pr_fixed_2019Q4.geojson", "ookla_pr_mobile_2023Q4.geojson"]
)
def test_every_published_polygon_equals_its_square(name):
    published = gpd.read_file(SAN_JUAN / name)
    drawn = make_squares(pd.Index(published["quadkey"]), crs=DEGREES).to_numpy()
    apart = shapely.area(shapely.symmetric_difference(drawn, published.geometry.to_numpy()))
    assert (apart < 1e-9 * shapely.area(drawn)).all()


@pytest.mark.skipif(not SAN_JUAN.is_dir(), reason="the open data of San Juan are absent")
def test_published_quarters_agree_with_the_table_made_of_them():
    barrios = gpd.read_file(SAN_JUAN / "barrios_san_juan.geojson").to_crs(METRES)
    area = barrios.union_all()
    stacked, _ = read(SAN_JUAN / "ookla_san_juan_2019_2023.csv", area=area)
    names = ["ookla_pr_fixed_2019Q4.geojson", "ookla_pr_fixed_2023Q3_nullgeom.geojson"]
    original, records = read(*(SAN_JUAN / one for one in names), area=area)
    same = stacked[stacked["period"].isin(["2019Q4", "2023Q3"])]
    pd.testing.assert_frame_equal(original, same)
    assert [one.counts["rows_in_file"] for one in records] == [7049, 11734]
    assert all(one.rows_read < 1000 for one in records)
