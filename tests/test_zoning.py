"""The same study in other zones: worked out by hand."""

import warnings
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from small_city import definition, one_of_each, units

from geoequity import inequality
from geoequity.city import City
from geoequity.errors import ConfigError, CRSError, DataError
from geoequity.indicators import Layers, TableValues, evaluate
from geoequity.locale import LANGUAGES
from geoequity.study import Study
from geoequity.summary import plain
from geoequity.zoning import (
    CELLS,
    PUBLISHED,
    Borders,
    compare,
    hexagon_sizes,
    labels_of,
    make_zones,
    zoned,
    zoning_report,
)

UTM = "EPSG:32721"
PEOPLE = (40.0, 10.0, 30.0, 20.0)  # of four cells in a row, two a district
VALUES = (20.0, 60.0, 80.0, 100.0)


def layers_of(values=VALUES, people=PEOPLE, **changes) -> Layers:
    """Two districts of two square cells each; every indicator is a table of the cells."""
    number = len(values)
    districts = units(["a", "b"])
    districts = districts.set_geometry(
        gpd.GeoSeries(
            [shapely.box(0, 0, 2000, 1000), shapely.box(2000, 0, 4000, 1000)],
            index=districts.index,
            crs=UTM,
        )
    )
    home = pd.Series(["a", "a", "b", "b"][:number], dtype=object)
    cells = units([f"c{at}" for at in range(number)], population=list(people))
    cells = cells.assign(district_id=home.to_numpy(), cell_id=cells.index, share=1.0)
    table = pd.Series(values, index=cells.index)
    keys = [one.id for one in one_of_each()]
    empty = gpd.GeoDataFrame({"category": []}, geometry=[], crs=UTM)
    counted = cells.groupby("district_id")["population"].sum().reindex(districts.index)
    made = Layers(
        districts=districts.assign(area_m2=districts.area, population=counted),
        min_covered_share=0.5,
        cells=cells,
        services=empty,
        stops=empty.rename(columns={"category": "mode"}),
        streets=None,
        tagged=False,
        network=None,
        minutes=None,
        metres=None,
        counts=None,
        homes=None,
        tables={key: TableValues(value=table, level="cell", is_count=False) for key in keys},
    )
    return replace(made, **changes)


def columns_of(*pieces) -> gpd.GeoDataFrame:
    """Zones from west to east, by their borders in cells."""
    shapes = [shapely.box(1000 * west, 0, 1000 * east, 1000) for west, east in pieces]
    ids = [f"z{at}" for at in range(len(shapes))]
    zones = gpd.GeoDataFrame({"name": ids}, index=pd.Index(ids, name="unit_id"), geometry=shapes)
    return zones.set_crs(UTM).assign(area_m2=zones.area)


def compared(layers: Layers, zones: gpd.GeoDataFrame, definitions=None):
    definitions = one_of_each(level="cell") if definitions is None else definitions
    several = {PUBLISHED: layers, "other": zoned(layers, zones, tables=layers.tables)}
    return compared_under(several, definitions)


def compared_under(several: dict[str, Layers], definitions):
    found = {name: evaluate(definitions, one) for name, one in several.items()}
    return compare(
        {name: Borders.of(one, found[name]) for name, one in several.items()},
        cells=several[PUBLISHED].cells,
        at_cells=found[PUBLISHED].cells,
        definitions=definitions,
        weights={},
        min_coverage=0.8,
    )


def test_the_same_borders_change_nothing() -> None:
    table = compared(layers_of(), columns_of((0, 2), (2, 4))).table
    pd.testing.assert_series_equal(
        table.loc[PUBLISHED], table.loc["other"], check_names=False, rtol=1e-12
    )
    assert table.loc["other", "worst_quarter_kept"] == 1


def test_other_borders_move_the_gap_and_the_worst_quarter() -> None:
    # c0 alone, then the rest: 40 people at 20, 60 people at (600 + 2400 + 2000) / 60
    table = compared(layers_of(), columns_of((0, 1), (1, 4))).table
    published, other = table.loc[PUBLISHED], table.loc["other"]
    a, b = (40 * 20 + 10 * 60) / 50, (30 * 80 + 20 * 100) / 50
    assert published["gap_points"] == pytest.approx(b - a)
    assert other["gap_points"] == pytest.approx(5000 / 60 - 20)
    assert [published["mean"], other["mean"]] == pytest.approx([58, 58])
    assert other["mean_abs_difference"] == pytest.approx(2 * 0.4 * 0.6 * (5000 / 60 - 20))
    # a quarter is 25 people: half of a, 25 in 40 of c0; of the half of a, those of c0 stay
    assert other["worst_quarter_kept"] == pytest.approx(40 * min(0.5, 25 / 40) / 25)
    assert table.loc[PUBLISHED, "units"] == table.loc["other", "units"] == 2


def test_ginis_shrink_as_zones_grow_and_theil_tells_what_they_show() -> None:
    definitions = one_of_each(level="cell", scale="ratio")
    made = compared(layers_of(), columns_of((0, 4)), definitions)
    first = made.ginis[made.ginis["indicator"] == definitions[0].id].set_index("zoning")
    value, population = pd.Series(VALUES), pd.Series(PEOPLE)
    groups = pd.Series(["a", "a", "b", "b"])
    split = inequality.theil(value, population=population, groups=groups)
    assert first.loc[CELLS, "gini"] == inequality.gini(value, population=population)
    assert first.loc[CELLS, "gini"] > first.loc[PUBLISHED, "gini"] > first.loc["other", "gini"]
    assert first.loc["other", "gini"] == 0
    assert first.loc["other", "theil_between_share"] == pytest.approx(0, abs=1e-12)
    assert first.loc[PUBLISHED, "theil_between_share"] == pytest.approx(split.between / split.total)


def test_ginis_weigh_by_the_base_of_the_indicator() -> None:
    homes = pd.Series([1.0, 9.0, 5.0, 5.0])
    plain_layers = layers_of()
    layers = replace(plain_layers, cells=plain_layers.cells.assign(households=homes.to_numpy()))
    definitions = one_of_each(level="cell", scale="ratio", base="households")
    ginis = compared(layers, columns_of((0, 4)), definitions).ginis.set_index("zoning")["gini"]
    expected = inequality.gini(pd.Series(VALUES), population=homes)
    assert ginis[CELLS].tolist() == [expected] * len(definitions)


def test_only_what_is_known_in_every_zoning_is_compared() -> None:
    layers = layers_of()
    by_district = TableValues(
        value=pd.Series([0.0, 100.0], index=layers.districts.index),
        level="district",
        is_count=False,
    )
    own = one_of_each(level="cell")[0].id
    layers = replace(layers, tables={**layers.tables, own: by_district})
    at_cells = {key: one for key, one in layers.tables.items() if one.level == "cell"}
    definitions = one_of_each(level="cell")
    several = {
        PUBLISHED: layers,
        "other": zoned(layers, columns_of((0, 1), (1, 4)), tables=at_cells),
    }
    made = compared_under(several, definitions)
    assert own not in made.indicators
    assert len(made.indicators) == len(definitions) - 1


def test_without_an_index_the_ginis_still_stand() -> None:
    made = compared(
        layers_of(), columns_of((0, 1), (1, 4)), [definition("s_mobility", level="cell")]
    )
    assert made.table["gap_points"].isna().all()
    assert made.table["worst_quarter_kept"].isna().all()
    assert set(made.ginis["zoning"]) == {CELLS, PUBLISHED, "other"}


def test_unknown_values_and_empty_cells_weigh_nothing() -> None:
    values = (20.0, float("nan"), 80.0, 100.0)
    table = compared(layers_of(values, (40.0, 0.0, 30.0, 20.0)), columns_of((0, 1), (1, 4))).table
    assert table.loc["other", "mean"] == pytest.approx((800 + 2400 + 2000) / 90)
    assert table.loc["other", "population"] == 90


def test_a_cell_belongs_to_the_zone_that_holds_most_of_it() -> None:
    made = zoned(layers_of(), columns_of((0, 0.6), (0.6, 4)), tables={})
    assert made.cells is not None
    assert made.cells["district_id"].tolist() == ["z0", "z1", "z1", "z1"]
    assert made.districts["population"].tolist() == [40.0, 60.0]
    assert made.districts["cells_share"].tolist() == [1.0, pytest.approx(3 / 3.4)]


def test_people_outside_every_district_stay_outside() -> None:
    layers = layers_of()
    assert layers.cells is not None
    away = layers.cells.assign(district_id=["a", "a", "b", None])
    made = zoned(replace(layers, cells=away), columns_of((0, 4)), tables={})
    assert made.districts["population"].tolist() == [80.0]


def test_zones_that_hold_nobody_are_left_out_and_none_at_all_is_refused() -> None:
    made = zoned(layers_of(), columns_of((0, 4), (4, 9)), tables={})
    assert made.districts.index.tolist() == ["z0"]
    with pytest.raises(DataError, match="no cell lies in any zone"):
        zoned(layers_of(), columns_of((7, 9)), tables={})
    with pytest.raises(DataError, match="without cells"):
        zoned(replace(layers_of(), cells=None), columns_of((0, 4)), tables={})
    with pytest.raises(CRSError):
        zoned(layers_of(), columns_of((0, 4)).to_crs("EPSG:32722"), tables={})


@pytest.mark.parametrize(("kind", "size"), [("h3", 8), ("grid", 700)])
def test_zones_of_a_grid_cover_the_city_and_no_more(kind: str, size: int) -> None:
    districts = layers_of().districts
    zones = make_zones(districts, kind=kind, size=size)
    assert zones["area_m2"].sum() == pytest.approx(districts.area.sum(), rel=1e-6)
    assert zones.within(districts.union_all().buffer(1e-6)).all()
    assert (zones["area_m2"] > 0).all()


def test_a_grid_that_is_none_is_refused() -> None:
    with pytest.raises(DataError, match="'s2' is no grid"):
        make_zones(layers_of().districts, kind="s2", size=8)


def test_hexagons_are_about_as_large_as_districts_and_gather_cells() -> None:
    many = pd.DataFrame({"area_m2": np.full(30, 5e6)})
    assert hexagon_sizes(many, cells=pd.DataFrame({"area_m2": [1e4] * 9})) == (7, 8)
    assert hexagon_sizes(many, cells=pd.DataFrame({"area_m2": [5e5] * 9})) == (7,)
    few = pd.DataFrame({"area_m2": [5e6, 5e6]})
    assert hexagon_sizes(few, cells=pd.DataFrame({"area_m2": [1e4] * 9})) == (8,)
    assert hexagon_sizes(few, cells=pd.DataFrame({"area_m2": [1e7] * 9})) == ()


def test_grids_are_named_in_every_language() -> None:
    labels = labels_of({"h3_8": ("h3", 8), "squares": ("grid", 500), "comunas": None})
    assert set(labels) == {PUBLISHED, "h3_8", "squares"}
    for one in labels.values():
        assert set(one) == set(LANGUAGES)
    assert "0,74" in labels["h3_8"]["es"]
    assert "500" in labels["squares"]["pt"]


def test_the_report_of_a_comparison_is_plain() -> None:
    made = compared(layers_of(), columns_of((0, 1), (1, 4)), one_of_each(level="cell"))
    told = zoning_report(made, {"other": {"en": "Others"}})
    assert told is not None
    assert told["zonings"]["other"]["label"] == {"en": "Others"}
    assert told["zonings"]["other"]["gap_points"] == plain(made.table.loc["other", "gap_points"])
    assert zoning_report(None, {}) is None


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """Two districts of one comuna, and a file of it."""
    layers = layers_of()
    assert layers.cells is not None
    south = {"xoff": 500_000, "yoff": 6_200_000}
    districts = layers.districts.set_geometry(layers.districts.translate(**south))
    districts.assign(comuna=1).to_crs(4326).to_file(tmp_path / "d.geojson")
    cells = layers.cells[["population", "geometry"]].rename_axis("cell").reset_index()
    cells = cells.set_geometry(cells.translate(**south))
    cells.to_crs(4326).to_file(tmp_path / "c.geojson")
    return tmp_path


def city_of(folder: Path, text: str) -> City:
    file = folder / "city.toml"
    head = '[city]\nid = "town"\nname = "Town"\ncountry = "XX"\n'
    head += '[districts]\npath = "d.geojson"\nid = "unit_id"\n'
    cells = '[cells]\npath = "c.geojson"\nid = "cell"\npopulation = "population"\n'
    file.write_text(head + ("" if "#bare" in text else cells) + text, encoding="utf-8")
    return City.from_toml(file)


def assessed(folder: Path, text: str) -> Study:
    from geoequity.assessment import assess  # noqa: PLC0415 - heavy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return assess(city_of(folder, text))


def test_a_city_file_names_zones(town: Path) -> None:
    text = '[zonings.comuna]\npath = "d.geojson"\nid = "comuna"\nduplicates = "dissolve"\n'
    text += 'label = { es = "Comuna" }\n[zonings.squares]\npath = "grid:1000"\n'
    told = assessed(town, text).summary["zoning"]
    assert list(told["zonings"]) == [PUBLISHED, "comuna", "squares"]
    assert told["zonings"]["comuna"]["units"] == 1
    assert told["zonings"]["comuna"]["label"] == {"es": "Comuna"}
    assert told["zonings"]["squares"]["units"] > 2
    assert assessed(town, "[zonings]\n").summary["zoning"] is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[zonings.c]\npath = "d.geojson"\n', "zonings.c: a file of zones needs id"),
        ('[zonings.c]\npath = "gone.geojson"\nid = "x"\n', "zonings.c.path: no file"),
        ('[zonings.c]\npath = "grid:500"\nlabel = { fr = "C" }\n', "zonings.c.label.fr"),
        ('[zonings.c]\npath = "grid:500"\n#bare', r"zonings.c: there are no \[cells\]"),
        ('[zonings.c]\npath = "grid:500"\nsource = "x"\n', "zonings.c.source: no block"),
        (
            '[zonings.districts]\npath = "grid:500"\n',
            "zonings.districts: the study's own districts",
        ),
        ('[zonings.cells]\npath = "grid:500"\n', "zonings.cells: the study's own cells"),
    ],
)
def test_zones_that_cannot_be_are_refused_by_name(town: Path, text: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        city_of(town, text)


def test_faults_in_a_file_of_zones_name_it(town: Path) -> None:
    with pytest.raises(DataError, match=r"d\.geojson: rows that differ share an id"):
        assessed(town, '[zonings.c]\npath = "d.geojson"\nid = "comuna"\n')
    with pytest.raises(DataError, match="H3 has no resolution 99"):
        assessed(town, '[zonings.c]\npath = "h3:99"\n')
