"""City files: what they say is checked all at once, and no key is ignored."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from geoequity.assessment import assess
from geoequity.city import City, data_folder, presets
from geoequity.errors import ConfigError
from geoequity.sources.spec import ColumnSpec, Origin

CityMaker = Callable[..., Path]
GOOD = """
[city]
id = "x"
name = "X"
country = "PE"
[districts]
path = "d.geojson"
id = "code"
"""
ROUTES = "[[transit.routes]]\npath = 'd.geojson'\nmode = 'bus'\n"
TRIPS = "[[transit.trips]]\npath = 'd.geojson'\nstart = 's'\ntrip = 't'\ntrips = { "


@pytest.fixture
def check(tmp_path: Path) -> Callable[[str], City]:
    """Give a function that reads a city file of good blocks and more."""
    (tmp_path / "d.geojson").touch()

    def read(more: str, good: str = GOOD) -> City:
        file = tmp_path / "city.toml"
        file.write_text(good + more, encoding="utf-8")
        return City.from_toml(file)

    return read


def faults_of(check: Callable[[str], City], more: str, good: str = GOOD) -> list[str]:
    with pytest.raises(ConfigError, match=r"city\.toml: \d+ fault") as told:
        check(more, good)
    return list(told.value.faults)


# --------------------------------------------------------------------- parts of the city
PARTS = "[question]\ntext.en = 'Who?'\n[question.parts.south]\ndistricts = ['a', 'b']\n"


def test_parts_of_the_city_are_read_with_their_names(check: Callable[[str], City]) -> None:
    north = "[question.parts.north]\nlabel.en = 'the north'\ndistricts = ['c']\n"
    question = check(PARTS + north).question
    assert question is not None
    assert {key: one.districts for key, one in question.parts.items()} == {
        "south": ("a", "b"),
        "north": ("c",),
    }
    assert question.parts["north"].label == {"en": "the north"}


def test_parts_that_cannot_be_compared_are_refused(check: Callable[[str], City]) -> None:
    assert faults_of(check, PARTS) == ["question.parts: one part alone cannot be compared"]
    twice = "[question.parts.north]\ndistricts = ['b']\n"
    assert faults_of(check, PARTS + twice) == ["question.parts: district b stands 2 times"]
    nothing = "[question.parts.north]\ndistricts = []\n"
    (fault,) = faults_of(check, PARTS + nothing)
    assert fault.startswith("question.parts.north.districts: ")


def test_districts_of_a_part_that_are_not_there_are_named(make_city: CityMaker) -> None:
    parts = {"south": {"districts": ["01", "9"]}, "north": {"districts": ["03", "8"]}}
    file = make_city(question={"text": {"en": "Who?"}, "parts": parts})
    with pytest.raises(ConfigError, match="names districts that are not there") as told:
        assess(City.from_toml(file))
    assert list(told.value.faults) == [
        "question.parts.south.districts: no such district: 9",
        "question.parts.north.districts: no such district: 8",
    ]


# --------------------------------------------------------------------- paths
def test_paths_start_from_the_city_file_or_from_the_data(make_city: CityMaker) -> None:
    file = make_city()
    city = City.from_toml(file)
    assert city.districts.path == file.parent / "districts.geojson"
    assert city.file == file
    other = file.parent / "elsewhere" / "city.toml"
    other.parent.mkdir()
    other.write_bytes(file.read_bytes())
    assert City.from_toml(other, data=file.parent).districts.path == city.districts.path
    assert City.from_toml(str(other), data=str(file.parent)).districts.path == city.districts.path


def test_files_that_are_not_there_are_all_named(make_city: CityMaker) -> None:
    file = make_city(cells={"path": "gone.geojson"}, osm={"path": ["a.pbf", "b.pbf"]}, streets=None)
    with pytest.raises(ConfigError, match=r"city\.toml: 3 faults") as told:
        City.from_toml(file)
    folder = file.parent
    assert told.value.faults == (
        f"cells.path: no file {folder / 'gone.geojson'}",
        f"osm.path: no file {folder / 'a.pbf'}",
        f"osm.path: no file {folder / 'b.pbf'}",
    )


def test_a_folder_is_no_file(make_city: CityMaker) -> None:
    file = make_city(cells={"path": "x.gdb"})
    (file.parent / "x.gdb").mkdir()
    with pytest.raises(ConfigError, match=r"cells\.path: .*x\.gdb is a folder; name a file"):
        City.from_toml(file)


def test_a_data_folder_that_is_not_there_is_named(make_city: CityMaker, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"no folder {tmp_path / 'gone'}"):
        City.from_toml(make_city(), data=tmp_path / "gone")


# ---------------------------------------------------------------------- file
def test_a_city_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml: no such city file"):
        City.from_toml(tmp_path / "gone.toml")
    with pytest.raises(ConfigError, match="Is a directory"):
        City.from_toml(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file/city\.toml: no such city file"):
        City.from_toml(tmp_path / "file" / "city.toml")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"[city", r"c\.toml: not valid TOML: Expected ']'"),
        (b"a = 1\na = 2", r"c\.toml: not valid TOML: Cannot overwrite"),
        ("a = 'ñ'".encode("latin-1"), r"c\.toml: not UTF-8 text"),
        (b"", r"c\.toml: 2 faults\n  - city: missing\n  - districts: missing"),
    ],
)
def test_toml_that_is_none_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    (tmp_path / "c.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=fault):
        City.from_toml(tmp_path / "c.toml")


def test_a_byte_order_mark_does_no_harm(make_city: CityMaker) -> None:
    file = make_city()
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert City.from_toml(file).city.id == "tiny"


# ---------------------------------------------------------------------- keys
def test_every_fault_is_told_at_once(check: Callable[[str], City]) -> None:
    good = GOOD.replace('"PE"', '"peru"').replace("d.geojson", "e.geojson")
    faults = faults_of(check, "colour = 'red'\n[index]\ndraws = 1\n[stuff]\n", good)
    assert [one.split(": ")[0] for one in faults] == [
        "districts.path",
        "city.country",
        "districts.colour",
        "index.draws",
        "stuff",
    ]


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("colour = 'red'", "districts.colour: unknown key"),
        ("[[services]]\npath = 'd.geojson'", "services.0.category: missing"),
        ("[osm]\npath = []", "osm.path: must not be empty"),
        ("[osm]\ndate = 2024-01-01", "osm.path: missing"),
        ("[cells]\npath = 'd.geojson'\nid = []", "cells.id: input should be a valid string or"),
        ("[cells]\npath = 'd.geojson'\nid = [1]", "cells.id: "),
        ("[cells]\npath = 3\nid = 'a'", "cells.path: input is not a valid path"),
        ("[walking]\nspeed_kmh = nan", "walking.speed_kmh: input should be a finite number"),
        ("[walking]\nspeed_kmh = 0", "walking.speed_kmh: input should be greater than 0"),
        ("[index.weights]\nx = -1", "index.weights.x: input should be greater than or"),
        ("[index]\nnormalisation = 'robust'", "index.normalisation: "),
        ("[index]\naggregation = 'copeland'", "index.aggregation: "),
        ("[index]\nweights_range = [2, 1]", "index.weights_range: must rise from a positive"),
        ("[report.title]\nfr = 'x'", "report.title.fr: input should be 'en', 'es' or"),
        ("[indicators.'Bad Id']\ndrop = true", "indicators.Bad Id: string should match pattern"),
        ("[indicators.x]\ngoalposts = [nan, 1]", "indicators.x.goalposts.0: input should be a fin"),
        ("[[transit.stops]]\npath = 'd.geojson'\nmode = 'boat'", "transit.stops.0: mode is one of"),
        ("[[transit.routes]]\npath = 'd.geojson'", "transit.routes.0: give mode or route_type"),
        (f"{ROUTES}source = 'x'", "transit.routes.0.source: no block [sources.x]"),
        (f"{TRIPS}path = 'd.geojson', source = 'x' }}", "transit.trips.0.trips.source: no block"),
        (f"{TRIPS}path = 'none.csv' }}", "transit.trips.0.trips.path: no file"),
        ("[transit.headway_min]\nbus = 0", "transit.headway_min.bus: input should be greater"),
        ("[transit.headway_min]\nboat = 9", "transit.headway_min.boat: must be one of"),
        ("[[connectivity]]\nkind = 'x'\npath = 'd.geojson'", "connectivity.0: input tag 'x' found"),
        ("lon = 'x'", "districts: lon and lat go together"),
        ("lat = 'y'", "districts: lon and lat go together"),
        ("lon = 'x'\nlat = 'y'\ngeometry = 'z'", "districts: give lon and lat, or geometry"),
        ("separator = '||'", "districts.separator: string should match pattern"),
        ("separator = ''", "districts.separator: string should match pattern"),
        ("thousands = '.'", "districts: thousands and decimal are both '.'"),
        ("thousands = '5'", "districts.thousands: string should match pattern"),
        ("decimal = ';'", "districts.decimal: input should be '.' or ','"),
        ("duplicates = 'sum'", "districts.duplicates: input should be 'error', 'first' or 'dissol"),
        ("source = 'office'", "districts.source: no block [sources.office]"),
        ("where = { a = { b = 1 } }", "districts.where.a"),
        ("[sources.a]\nlicense = 'x'", "sources.a.license: unknown key"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_by_its_key(
    check: Callable[[str], City], more: str, fault: str
) -> None:
    faults = faults_of(check, more)
    assert len(faults) == 1
    assert faults[0].startswith(fault)


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ("osm = 3", "osm"), ("walking = 'fast'", "walking"), ("index = []", "index"),
        ("services = [3]", "services.0"), ("indicators = { x = 3 }", "indicators.x"),
    ],
)  # fmt: skip
def test_a_value_in_place_of_a_table_is_told(
    check: Callable[[str], City], more: str, key: str
) -> None:
    assert faults_of(check, GOOD, more + "\n") == [f"{key}: must be a table"]


def test_a_table_in_place_of_a_list_is_told(check: Callable[[str], City]) -> None:
    assert faults_of(check, "[tables]\n") == ["tables: must be a list"]


def test_the_file_itself_is_no_key(check: Callable[[str], City]) -> None:
    assert faults_of(check, GOOD, "file = 'x'\n") == ["file: unknown key"]


TABLE = "[[tables]]\npath = 'd.geojson'\nkey = 'k'\n"
CELLS = "[cells]\npath = 'd.geojson'\nid = 'c'\n"


@pytest.mark.parametrize(
    ("more", "faults"),
    [
        (TABLE + "columns = {}\n", ["tables.0.columns: must not be empty"]),
        (
            TABLE + "columns.a = { numerator = 'x' }\n",
            ["tables.0.columns.a: give column, or numerator and denominator"],
        ),
        (
            TABLE + "duplicates = 'sum'\ncolumns.a = { column = 'x', unit = 'share' }\n",
            ['tables.0: duplicates = "sum" adds up shares of a; sum what they divide'],
        ),
        (
            TABLE + "columns.a = 'x'\n" + TABLE + "columns.a = 'y'\n",
            ["tables.1.columns.a: tables.0 gives it too"],
        ),
        (
            TABLE + "level = 'cell'\ncolumns.a = 'x'\n",
            ["tables.0.level: there are no [cells]"],
        ),
        (CELLS + "groups = { name = 'x' }\n", ["cells: groups cannot be called name"]),
        (CELLS + "bases = { cats = 'x' }\n", ["cells.bases.cats: string should match pattern"]),
    ],
)
def test_blocks_that_contradict_themselves_or_each_other_are_told(
    check: Callable[[str], City], more: str, faults: list[str]
) -> None:
    told = faults_of(check, more)
    assert len(told) == len(faults)
    assert all(one.startswith(start) for one, start in zip(told, faults, strict=True))


# -------------------------------------------------------------------- values
def test_days_may_be_written_without_quotes(check: Callable[[str], City]) -> None:
    city = check("retrieved = 2024-05-01\n[osm]\npath = 'd.geojson'\ndate = '2024-05-02'\n")
    assert city.districts.retrieved == "2024-05-01"
    assert city.osm is not None
    assert city.osm.date == "2024-05-02"


def test_a_column_may_be_named_plainly(check: Callable[[str], City]) -> None:
    city = check(TABLE + "columns.a = 'x'\n")
    assert city.tables[0].columns["a"] == ColumnSpec(column="x")


def test_terms_are_shared_and_may_be_overridden(check: Callable[[str], City]) -> None:
    shared = "[sources.office]\nprovider = 'Office'\nlicence = 'CC0-1.0'\nreference_year = 2010\n"
    city = check("source = 'office'\nreference_year = 2020\n" + shared)
    assert city.origin(city.districts) == Origin(
        provider="Office", licence="CC0-1.0", reference_year=2020
    )


def test_a_city_cannot_be_changed(check: Callable[[str], City]) -> None:
    city = check("")
    with pytest.raises(ValueError, match="frozen"):
        city.city.name = "Y"


# ------------------------------------------------------------------- presets
def test_presets_name_files_that_are_there() -> None:
    known = presets()
    assert next(iter(known)) == "demo"
    assert all(one.is_file() and one.is_relative_to(data_folder()) for one in known.values())


def test_the_demo_needs_no_data_folder() -> None:
    assert City.preset("demo").city.fictitious


def test_an_unknown_preset_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no preset atlantis; there are demo, "):
        City.preset("atlantis")


def test_every_preset_is_valid_but_for_its_files(tmp_path: Path) -> None:
    for name in presets():
        if name == "demo":
            continue
        with pytest.raises(ConfigError, match="no file") as told:
            City.preset(name, data=tmp_path)
        assert all(": no file " in one for one in told.value.faults)


def test_the_schema_describes_every_key() -> None:
    def undescribed(block: dict[str, Any], name: str) -> list[str]:
        return [
            f"{name}.{key}"
            for key, value in block.get("properties", {}).items()
            if not value.get("description") and "$ref" not in str(value)
        ]

    whole = City.model_json_schema()
    lacking = [one for name, block in whole["$defs"].items() for one in undescribed(block, name)]
    assert lacking == []
